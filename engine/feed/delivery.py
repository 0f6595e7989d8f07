"""One night's delivery: which files of a source lie in a folder, whether they are complete, and their bytes.

A file is streamed, never held: the loader reads it once while its size, lines and md5 are counted, and what the
.ok file promised is compared before anything is published.
"""

import csv
import fnmatch
import gzip
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from python_calamine import CalamineError, load_workbook

from engine.feed.mapping import Mapping, Table
from engine.refusals import NothingToLoad



@dataclass(frozen=True)
class Promise:
    """What the .ok file says of its data file: counts and md5 of the uncompressed bytes."""

    rows: int | None = None
    bytes: int | None = None
    md5: str | None = None


@dataclass
class Counted:
    """What was really read."""

    rows: int = 0
    bytes: int = 0
    digest: object = field(default_factory=hashlib.md5)  # noqa: S324 (the source's check sum, not a secret's)
    last_byte: bytes = b"\n"

    def take(self, piece: bytes) -> bytes:
        if piece:
            self.rows += piece.count(b"\n")
            self.bytes += len(piece)
            self.digest.update(piece)
            self.last_byte = piece[-1:]
        elif self.last_byte != b"\n":  # the last line may lack its line feed
            self.rows += 1
            self.last_byte = b"\n"
        return piece

    @property
    def md5(self) -> str:
        return self.digest.hexdigest()


@dataclass(frozen=True)
class Piece:
    """One table of a delivery."""

    name: str
    table: Table
    file: Path
    columns: tuple[str, ...]
    promise: Promise


@dataclass(frozen=True)
class Delivery:
    """All tables of one source for one business date; `problems` are reasons not to load it."""

    mapping: Mapping
    day: date
    folder: Path
    pieces: tuple[Piece, ...]
    problems: tuple[str, ...] = ()
    waiting: bool = False  # not complete yet: neither good nor bad


def business_dates(path: Path) -> list[tuple[date, Path]]:
    """(date, folder) of every delivery at `path`, oldest first: the folder itself, or the folders in it."""
    own = _date_of(path)
    if path.is_dir() and own:
        return [(own, path)]
    if path.is_dir():
        found = sorted((day, child) for child in path.iterdir() if child.is_dir() and (day := _date_of(child)))
        if found:
            return found
    raise NothingToLoad(path=path)


def _date_of(path: Path) -> date | None:
    try:
        return datetime.strptime(path.name, "%Y%m%d").date() if len(path.name) == 8 else None  # noqa: DTZ007
    except ValueError:
        return None


def date_in_name(file: Path) -> date | None:
    found = re.search(r"(?<!\d)(20\d{6})(?!\d)", file.name)
    return _date_of(Path(found[1])) if found else None


def collect(mapping: Mapping, day: date, folder: Path, only: Path | None = None) -> Delivery | None:
    """The delivery of one source in a folder; None when the folder holds nothing of it."""
    pieces, problems, waiting = [], [], False
    for name, table in mapping.in_order():
        matches = _matches(folder, table.file, day)
        if only is not None:
            matches = [file for file in matches if file == only]
        if not matches:
            if not table.optional and only is None:
                problems.append(f"missing_file:{table.file.replace('{date}', f'{day:%Y%m%d}')}")
            continue
        if len(matches) > 1:
            problems.append(f"two_files:{', '.join(file.name for file in matches)}")
            continue
        file = matches[0]
        promise = _promise(file)
        if mapping.columns == "ddl" and promise is None:
            waiting = True
            continue
        columns, trouble = _columns(mapping, table, file, folder, day)
        problems.extend(trouble)
        pieces.append(Piece(name, table, file, columns, promise or Promise()))
    if not pieces and not waiting:
        return None
    return Delivery(mapping, day, folder, tuple(pieces), tuple(problems), waiting)


def _matches(folder: Path, pattern: str, day: date) -> list[Path]:
    wanted = pattern.replace("{date}", f"{day:%Y%m%d}")
    return sorted(file for file in folder.iterdir() if fnmatch.fnmatch(file.name, wanted))


def _promise(file: Path) -> Promise | None:
    """The .ok beside `x.del.gz` is `x.del.ok`; without one the file is still arriving."""
    ok = file.with_name(file.name.removesuffix(".gz") + ".ok")
    if not ok.exists():
        return None
    said = dict(line.strip().split("=", 1) for line in ok.read_text("ascii", "replace").splitlines() if "=" in line)
    return Promise(_whole(said.get("rows")), _whole(said.get("bytes")), said.get("md5"))


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.strip().isascii() and text.strip().isdigit() else None


def _columns(
    mapping: Mapping, table: Table, file: Path, folder: Path, day: date
) -> tuple[tuple[str, ...], list[str]]:
    columns, trouble = (), []
    if mapping.columns == "ddl":
        ddl = folder / table.ddl.replace("{date}", f"{day:%Y%m%d}")
        if not ddl.exists():
            return (), [f"missing_file:{ddl.name}"]
        lines = ddl.read_bytes().decode(mapping.encoding, "replace").splitlines()
        columns = tuple(line.split("|")[1].strip() for line in lines if line.count("|") >= 2)
    else:
        try:
            columns = tuple(cell.strip() for cell in next(rows(mapping, table, file), ()))
        except (UnicodeDecodeError, CalamineError, csv.Error, OSError, EOFError) as wrong:
            return (), [f"unreadable:{file.name}:{wrong}"]
    if lacking := [c.column for c in table.fields.values() if c.column not in columns]:
        trouble.append(f"missing_column:{file.name}:{', '.join(lacking)}")
    return columns, trouble


def open_bytes(file: Path) -> io.BufferedIOBase:
    return gzip.open(file) if file.suffix == ".gz" else file.open("rb")


def rows(mapping: Mapping, table: Table, file: Path) -> Iterator[list[str]]:
    """Rows of a quoted CSV or an Excel sheet from the header on, as text."""
    if mapping.format == "xlsx":
        yield from _sheet_rows(mapping, table, file)
        return
    with open_bytes(file) as raw, io.TextIOWrapper(raw, mapping.encoding, errors="replace", newline="") as lines:
        yield from csv.reader(lines, delimiter=mapping.delimiter)


def _sheet_rows(mapping: Mapping, table: Table, file: Path) -> Iterator[list[str]]:
    book = load_workbook(str(file))
    name = table.sheet or book.sheet_names[0]
    sheet = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    for row in sheet[table.header_row - 1 :]:
        yield [_cell(value, mapping.date_format) for value in row]


def _cell(value: object, date_format: str) -> str:
    """Excel's own types as people write them; 1E+17 style whole numbers are given back their digits."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.strftime(date_format)
    return "" if value is None else str(value).strip()
