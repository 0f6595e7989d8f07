"""`python -m engine load` says what it did, or in a sentence what is wrong and what to do; it never shows a traceback."""

import json
import os
import tempfile
from datetime import date, timedelta
from pathlib import Path

import pytest

from db import access, definitions, feeds
from db.access import MACHINE
from db.vocab import Definition
from engine import opening, refusals
from engine.__main__ import main
from engine.feed import load
from tests.bank import ANNA, TODAY, first_delivery, write_own

TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def in_english(monkeypatch):
    monkeypatch.setenv("VIGIL_LANG", "en")


@pytest.fixture
def said(small_bank, capsys):
    """Runs the command: its exit status, the object on stdout, the sentences on stderr."""

    def run(*arguments: object) -> tuple[int, dict, str]:
        status = main(["load", *map(str, arguments), "--json"])
        out, err = capsys.readouterr()
        return status, json.loads(out), err

    return run


def test_it_says_what_came_in(said, tmp_path):
    status, answer, _ = said(first_delivery().loan("N1").on(TOMORROW).write(tmp_path))
    assert status == 0
    assert answer["business_date"] == TOMORROW.isoformat()
    assert answer["tables"]["dk"] == {"rows": 6, "loaded": 1, "unchanged": 5, "quarantined": 0}
    assert answer["totals"] == {
        "branches": 4, "staff": 14, "products": 6, "customers": 5, "loans": 6, "balance": "5510000.00",
    }  # fmt: skip


def test_people_get_lines_instead_of_json(small_bank, tmp_path, capsys):
    assert main(["load", str(first_delivery().on(TOMORROW).write(tmp_path))]) == 0
    assert "dk: 5 rows = 0 loaded + 5 unchanged + 0 quarantined" in capsys.readouterr().out


def test_one_file_may_be_loaded_alone(said, tmp_path):
    folder = write_own(tmp_path / "post", TOMORROW, ANNA)
    status, answer, _ = said(folder / f"tese_{TOMORROW:%Y%m%d}.csv")
    assert (status, answer["tables"]["tese"]["loaded"]) == (0, 1)


def test_a_stop_is_said_and_the_status_is_1(said, tmp_path):
    status, answer, err = said(first_delivery().on(TODAY - timedelta(days=1)).write(tmp_path))
    assert status == 1
    assert answer["error"] == "Stopped before anything was published: earlier than the last loaded date 2026-11-20"
    assert answer["tables"] == {}
    assert answer["error"] in err


def test_an_unfinished_delivery_is_said(said, tmp_path):
    folder = first_delivery().on(TOMORROW).write(tmp_path)
    next(folder.glob("s_kh_*.ok")).unlink()
    status, answer, _ = said(folder)
    assert (status, answer["error"]) == (1, "Not complete yet, nothing loaded: union")


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 a zip in its place", b"\x1f\x8b broken"])
def test_a_file_that_cannot_be_read_is_named(said, tmp_path, damage):
    folder = first_delivery().on(TOMORROW).write(tmp_path)
    next(folder.glob("s_kh_*.gz")).write_bytes(damage)
    status, answer, err = said(folder)
    assert status == 1
    assert "s_kh_all_20261121_2290000.del.gz" in answer["error"]
    assert "Traceback" not in err


def error_of(outcome: tuple[int, dict, str]) -> str:
    status, answer, err = outcome
    assert status == 1
    assert err == answer["error"] + "\n"
    return answer["error"]


def test_a_folder_that_is_not_there(said, tmp_path):
    assert error_of(said(tmp_path / "nowhere")).startswith(f"Nothing to load at {tmp_path}/nowhere: expected a folder")


def test_a_folder_that_holds_no_deliveries(said, tmp_path):
    (tmp_path / "holiday photos").mkdir()
    assert "expected a folder named like 20261120" in error_of(said(tmp_path))


def test_a_folder_of_a_date_that_holds_nothing_of_ours(said, tmp_path):
    (tmp_path / "20261121").mkdir()
    (tmp_path / "20261121" / "notes.txt").write_text("nothing")
    assert error_of(said(tmp_path)).startswith("Nothing to load at")


def test_a_file_that_no_mapping_knows(said, tmp_path):
    (tmp_path / "other_20261121.csv").write_text("a,b")
    assert error_of(said(tmp_path / "other_20261121.csv")).startswith("Nothing to load at")


def test_a_file_whose_name_says_no_date(said, tmp_path):
    (tmp_path / "tese.csv").write_text("a,b")
    assert "--as-of" in error_of(said(tmp_path / "tese.csv"))


def test_a_name_too_long_for_the_file_system(said, tmp_path):
    assert "cannot be read: File name too long" in error_of(said(tmp_path / ("x" * 300)))


def test_a_source_that_nobody_knows(said, tmp_path):
    folder = first_delivery().on(TOMORROW).write(tmp_path)
    assert error_of(said(folder, "--source", "moon")) == (
        'No mapping is in force for the source "moon". Known sources: own, union.'
    )


def test_a_mapping_that_was_spoilt_in_the_store(said, tmp_path):
    with access.transaction(MACHINE, "test") as conn:
        definitions.plant(conn, Definition.MAPPING, "own", {"source": "own"}, date(2001, 1, 1), "spoilt", version=2)
    folder = first_delivery().on(TOMORROW).write(tmp_path)
    assert error_of(said(folder)) == "The mapping cannot be used. title: this key is missing"
    assert said(folder, "--source", "union")[0] == 0


def test_a_mapping_may_be_rehearsed(small_bank, capsys, tmp_path):
    """Everything is said as the load would say it, and nothing stays."""
    folder = write_own(tmp_path / f"{TOMORROW:%Y%m%d}", TOMORROW, ANNA, ANNA.replace("T1", "T2").replace("正常", "尚可"))
    assert main(["load", str(folder), "--try", str(opening.STARTERS / "mappings" / "own.yaml")]) == 0
    said = capsys.readouterr().out
    assert "tese: 2 rows = 1 loaded + 0 unchanged + 1 quarantined" in said
    assert "tese 3: unknown class" in said
    with access.reading(MACHINE) as conn:
        assert feeds.book_totals(conn)["loans"] == 5
        assert [run.source for run in feeds.runs(conn)] == ["union"]


def test_a_mapping_file_that_is_not_there_or_no_mapping(said, tmp_path):
    folder = write_own(tmp_path / f"{TOMORROW:%Y%m%d}", TOMORROW, ANNA)
    assert "No such file or directory" in error_of(said(folder, "--try", tmp_path / "none.yaml"))
    (tmp_path / "bad.yaml").write_bytes("source: 省联社".encode("gb18030"))
    assert error_of(said(folder, "--try", tmp_path / "bad.yaml")) == (
        "The mapping cannot be used. bad.yaml: the file must be UTF-8"
    )


def test_a_date_that_is_none(small_bank, capsys):
    with pytest.raises(SystemExit) as usage:
        main(["load", "x", "--as-of", "yesterday"])
    assert usage.value.code == 2
    assert "yesterday" in capsys.readouterr().err


def test_a_folder_without_the_right_to_read_it():
    """Whoever is root may read everything: try as somebody else."""
    mine = os.geteuid()
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        inbox = Path(place) / "inbox"
        inbox.mkdir(mode=0o000)
        if mine == 0:
            os.seteuid(65534)
        try:
            with pytest.raises(refusals.CannotRead) as no:
                load.load(inbox)
        finally:
            os.seteuid(mine)
    assert no.value.sentence().startswith(f"{inbox} cannot be read: Permission denied. Whoever runs Vigil needs the right")
