"""How a file's bytes become lines and cells: the quick ways say what the careful ones say."""

import gzip
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.feed import charset, delivery, mapping, reading
from engine.feed.delivery import Counted, Piece, Promise

STARTERS = Path(mapping.__file__).parents[1] / "starters" / "mappings"
DAY = date(2026, 11, 21)
GRAIN = st.sampled_from(
    ["a", "1", "安", "𠮷", ",", ",,", '"', '""', '"x,\ny"', "\n", "\n\n", "\r\n", "\r", " ", "　", "\t", "\x00", "\ufeff", "|$|"]
)
TEXTS = st.lists(GRAIN, max_size=60).map("".join)


def csv(**changes) -> mapping.Mapping:
    return mapping.from_yaml((STARTERS / "own.yaml").read_text("utf-8")).model_copy(update=changes)


def piece(found: mapping.Mapping, file: Path, columns: int) -> Piece:
    (table,) = found.tables.values()
    return Piece("loans", table, file, tuple(f"column {n}" for n in range(columns)), Promise())


def taken_apart(found: mapping.Mapping, file: Path, columns: int = 3) -> tuple[list[tuple], int, int, str]:
    """Every line with its cells as a mapping sees them; rows, bytes and check sum of the file."""
    counted = Counted()
    frames = list(reading._split(found, piece(found, file, columns), counted))
    cells = [frame.select("line", reading._text(r"^c\d+$")).rows() for frame in frames]
    return [row for rows in cells for row in rows], counted.rows, counted.bytes, counted.md5


@pytest.fixture
def in_small_pieces(monkeypatch):
    monkeypatch.setattr(delivery, "PIECE", 16)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS, header=st.booleans())
def test_a_csv_means_the_same_wherever_its_first_quote_stands(text, header, tmp_path, in_small_pieces):
    found, file = csv(columns="header" if header else "listed", encoding="utf-8"), tmp_path / "own.csv"
    file.write_bytes(f"eins,zwei,drei\n{text}".encode())
    quickly = taken_apart(found, file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_plain", lambda _text: False)
        assert quickly == taken_apart(found, file)


def test_a_csv_whose_columns_are_listed_loses_no_line(tmp_path):
    for text in ("TS1,安娜\nTS2,刘\n", 'TS1,"安娜"\nTS2,刘\n'):
        (tmp_path / "own.csv").write_text(text, "utf-8")
        lines, *_ = taken_apart(csv(columns="listed", encoding="utf-8"), tmp_path / "own.csv", columns=2)
        assert lines == [(1, "TS1", "安娜", None), (2, "TS2", "刘", None)]


def test_what_stands_after_a_sources_last_column_is_told(tmp_path, in_small_pieces):
    union = mapping.from_yaml((STARTERS / "union.yaml").read_text("utf-8"))
    file = tmp_path / "s_dk.del.gz"
    file.write_bytes(gzip.compress("甲|$|1\n乙\n\r\n丙|$|3|$|x|$|y\r\n丁|$|\n戊|$|5".encode("gb18030")))
    counted = Counted()
    one = Piece("dk", union.tables["dk"], file, ("name", "number"), Promise())
    lines = pl.concat(reading._split(union, one, counted)).select("line", reading._text(r"^c\d+$")).rows()
    assert lines == [(1, "甲", "1", None), (2, "乙", None, None), (4, "丙", "3", "x"), (5, "丁", None, None), (6, "戊", "5", None)]
    assert counted.rows == 6


# --- Characters ------------------------------------------------------------------------------------------------------


def all_of_gb18030() -> list[bytes]:
    """Of one byte, of two, of four: those of the plane of everyday characters, and every 31st beyond."""
    four = [
        bytes([a, b, c, d])
        for a in range(0x81, 0xFF)
        for b in range(0x30, 0x3A)
        for c in range(0x81, 0xFF)
        for d in range(0x30, 0x3A)
    ]
    two = [bytes([a, b]) for a in range(0x81, 0xFF) for b in range(0x40, 0xFF)]
    return [bytes([a]) for a in range(1, 0x80)] + two + four[:50_400] + four[50_400::31]


def by_python(data: bytes) -> bytes:
    return data.decode("gb18030", "replace").translate(charset.AS_TODAY).encode()


def test_every_character_of_gb18030_is_the_one_that_python_reads():
    utf8 = charset.reader("gb18030")
    assert [sign for sign in all_of_gb18030() if utf8(sign) != by_python(sign)] == []


@settings(max_examples=2000, deadline=None)
@given(
    st.lists(
        st.one_of(st.binary(max_size=4), st.sampled_from(["安", "𠮷", "é", "a\n"]).map(lambda s: s.encode("gb18030"))), max_size=12
    )
)
def test_what_is_no_character_becomes_the_sign_for_it_and_nothing_else_changes(parts):
    data = b"".join(parts).replace(b"\0", b"")
    assert charset.reader("gb18030")(data) == by_python(data)


def test_where_the_c_library_knows_no_way_python_does(monkeypatch):
    monkeypatch.setattr(charset, "Iconv", lambda encoding: (_ for _ in ()).throw(LookupError(encoding)))
    utf8 = charset.reader("gb18030")
    assert [sign for sign in all_of_gb18030() if utf8(sign) != by_python(sign)] == []


def test_a_way_that_nobody_knows_is_a_lookup_error():
    with pytest.raises(LookupError):
        charset.Iconv("klingon")


@pytest.mark.parametrize(
    ("as_handed_down", "character"),
    [(b"\xfe\x51", "\U00020087"), (b"\xa6\xd9", "︐"), (b"\xa8\xbc", "ḿ"), (b"\x81\x35\xf4\x37", "ḿ")],
)
def test_a_character_that_got_its_code_point_later_is_read_as_it_is_today(as_handed_down, character):
    assert charset.reader("gb18030")("安".encode("gb18030") + as_handed_down).decode() == "安" + character


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "gb2312", "big5"])
def test_a_nul_and_a_broken_character_can_be_seen_in_every_encoding(encoding):
    assert charset.reader(encoding)("安".encode(encoding) + b"\0\xff\n").decode() == "安��\n"
