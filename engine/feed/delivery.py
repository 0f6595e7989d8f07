"""One night's delivery: which files of a source lie in a folder, whether they are complete, and their bytes.

A file is streamed, never held: the loader reads it once while its size, lines and md5 are counted, and what the
.ok file promised is compared before anything is published.
"""

import csv
import fnmatch
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path

import numpy as np
from python_calamine import CalamineError, load_workbook
from zlib_ng import gzip_ng, zlib_ng

from engine.feed import charset
from engine.feed.mapping import Mapping, Table
from engine.refusals import CannotRead, NothingToLoad

PIECE = 4 << 20  # bytes of text taken apart at once
# What a damaged, truncated or forbidden file raises while it is read.
UNREADABLE = (OSError, EOFError, ValueError, zlib_ng.error, csv.Error, CalamineError)


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
    digest: object = field(default_factory=hashlib.md5)  # the source's check sum, not a secret's
    last_byte: bytes = b"\n"

    def take(self, piece: bytes) -> bytes:
        if piece:
            self.rows += np.count_nonzero(np.frombuffer(piece, np.uint8) == ord("\n"))  # five times as fast as bytes count
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
        found = sorted((day, child) for child in _entries(path) if child.is_dir() and (day := _date_of(child)))
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
        if len(matches) > 1:
            problems.append(problem("two_files", ", ".join(file.name for file in matches)))
        elif not matches and not table.optional and only is None:
            problems.append(problem("missing_file", _dated(table.file, day)))
        elif matches and mapping.ok_file and not _ok_of(matches[0]).exists():
            waiting = True
        elif matches:
            piece, trouble = _piece(mapping, name, table, matches[0], day)
            problems.extend(trouble)
            pieces.append(piece)
    if not pieces and not waiting:
        return None
    return Delivery(mapping, day, folder, tuple(pieces), tuple(problems), waiting)


def problem(word: str, *details: object) -> str:
    """A coded reason such as `missing_file:x.csv`; engine.words makes a sentence of it."""
    return ":".join([word, *(" ".join(str(detail).replace(":", " ").split()) for detail in details)])


def _dated(pattern: str, day: date) -> str:
    return pattern.replace("{date}", f"{day:%Y%m%d}")


def _matches(folder: Path, pattern: str, day: date) -> list[Path]:
    return sorted(file for file in _entries(folder) if fnmatch.fnmatch(file.name, _dated(pattern, day)))


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as wrong:
        raise CannotRead(path=folder, problem=wrong.strerror) from None


def _piece(mapping: Mapping, name: str, table: Table, file: Path, day: date) -> tuple[Piece, list[str]]:
    """The table as it lies there, with what is wrong with it."""
    columns, promise, trouble = (), Promise(), []
    try:
        promise = _promise(file) if mapping.ok_file else promise
        columns = _columns(mapping, table, file, day)
    except FileNotFoundError as missing:
        trouble.append(problem("missing_file", Path(missing.filename).name))
    except UNREADABLE as wrong:
        trouble.append(problem("unreadable", file.name, wrong))
    else:
        trouble += _trouble_with_columns(mapping, table, file, columns)
    return Piece(name, table, file, columns, promise), trouble


def _ok_of(file: Path) -> Path:
    """The .ok beside `x.del.gz` is `x.del.ok`; without it the file is still arriving."""
    return file.with_name(file.name.removesuffix(".gz") + ".ok")


def _promise(file: Path) -> Promise:
    text = _ok_of(file).read_text("ascii", "replace")
    said = dict(line.strip().split("=", 1) for line in text.splitlines() if "=" in line)
    promise = Promise(_whole(said.get("rows")), _whole(said.get("bytes")), said.get("md5"))
    if promise == Promise():
        raise ValueError(f"{_ok_of(file).name} says neither rows nor bytes nor md5")
    return promise


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.strip().isascii() and text.strip().isdigit() else None


def _columns(mapping: Mapping, table: Table, file: Path, day: date) -> tuple[str, ...]:
    """Names of the columns in the order of the file."""
    match mapping.columns:
        case "listed":
            return table.columns
        case "ddl":
            ddl = file.with_name(_dated(table.ddl, day))
            lines = ddl.read_bytes().decode(mapping.encoding, "replace").splitlines()
            return tuple(line.split("|")[1].strip() for line in lines if line.count("|") >= 2)
    return tuple(cell.strip() for cell in _header(mapping, table, file))


def _header(mapping: Mapping, table: Table, file: Path) -> list[str]:
    if mapping.quoted:
        return next((cells for _, _, cells in rows(mapping, table, file)), [])
    with open_bytes(file) as lines:
        line = next(islice(lines, table.header_row - 1, None), b"")
    return line.decode(mapping.encoding, "replace").rstrip("\r\n").split(mapping.delimiter)


def header_lines(mapping: Mapping, table: Table) -> int:
    """How many lines of the file come before its first row."""
    return table.header_row if mapping.columns == "header" else 0


def _trouble_with_columns(mapping: Mapping, table: Table, file: Path, columns: tuple[str, ...]) -> list[str]:
    wanted = [column.column for column in table.fields.values()]
    wanted += [mapping.deleted["column"]] if mapping.deleted else []
    trouble = []
    if lacking := [name for name in wanted if name not in columns]:
        trouble.append(problem("missing_column", file.name, ", ".join(lacking)))
    if twice := sorted({name for name in wanted if columns.count(name) > 1}):
        trouble.append(problem("column_twice", file.name, ", ".join(twice)))
    return trouble


def size(file: Path) -> int:
    """Bytes as they lie there; none of a file that is gone by now, which says so when it is read."""
    return file.stat().st_size if file.exists() else 0


def open_bytes(file: Path) -> io.BufferedIOBase:
    return gzip_ng.open(file) if file.suffix == ".gz" else file.open("rb")


def texts(mapping: Mapping, file: Path, take: Callable[[bytes], bytes] = bytes) -> Iterator[bytes]:
    """A file's text as UTF-8, in pieces of whole lines; `take` sees its bytes first."""
    utf8, rest = charset.reader(mapping.encoding), b""
    with open_bytes(file) as raw:
        while data := take(raw.read(PIECE)):
            cut = data.rfind(b"\n") + 1
            if cut:
                yield utf8(rest + data[:cut])
            rest = data[cut:] if cut else rest + data
    if rest:
        yield utf8(rest)


def rows(mapping: Mapping, table: Table, file: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Of a quoted CSV or an Excel sheet from the header on: line number, the text as it stands there, the cells."""
    made = _sheet_rows(mapping, table, file) if mapping.format == "xlsx" else _csv_rows(mapping, file)
    skipped = table.header_row - 1 if mapping.columns == "header" else 0
    return islice(made, skipped, None)


def _csv_rows(mapping: Mapping, file: Path) -> Iterator[tuple[int, str, list[str]]]:
    """A quoted field may run over several lines: the row is known by its first."""
    lines = chain.from_iterable(io.StringIO(text.decode(), newline="") for text in texts(mapping, file))
    taken: list[str] = []
    line = 1
    for cells in csv.reader(_noting(lines, taken), delimiter=mapping.delimiter):
        yield line, "".join(taken).rstrip("\r\n"), cells
        line += len(taken)
        taken.clear()


def _noting(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    for line in lines:
        taken.append(line)
        yield line


def _sheet_rows(mapping: Mapping, table: Table, file: Path) -> Iterator[tuple[int, str, list[str]]]:
    book = load_workbook(str(file))
    name = table.sheet or book.sheet_names[0]
    for line, row in enumerate(book.get_sheet_by_name(name).to_python(skip_empty_area=False), 1):
        cells = [_cell(value, mapping.date_format) for value in row]
        yield line, ",".join(cells), cells


def _cell(value: object, date_format: str) -> str:
    """Excel's own types as people write them: no exponents, and none of the digits that binary fractions add."""
    if isinstance(value, float):
        return f"{value:.8f}".rstrip("0").rstrip(".")
    if isinstance(value, datetime | date):
        return value.strftime(date_format)
    return "" if value is None else str(value).strip().replace("\0", charset.UNREADABLE.decode())
