"""Loading one night's files: streamed in, checked, published in one transaction or not at all.

Every input row ends in exactly one place: loaded, unchanged, or quarantined with all reasons. A stop condition ends
the load before anything is visible; a second person may override it.
"""

import io
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from db import access, bulk, definitions, feeds, jobs
from db.access import MACHINE, Connection, Person
from db.loading import CannotCopy, publish, staging, typing
from db.loading.spec import Source, TableSpec
from db.nouns import NOUNS
from db.vocab import Definition, FeedState
from engine import parameters, refusals
from engine.feed import delivery, mapping
from engine.feed.delivery import Counted, Delivery, Piece
from engine.feed.mapping import Mapping

JOB = "load"
SERVER_DECODES = {"gb18030": "GB18030", "gbk": "GBK", "utf-8": "UTF8"}


@dataclass
class FileReport:
    """Where the rows of one table went."""

    rows: int = 0
    loaded: int = 0
    unchanged: int = 0
    quarantined: int = 0


@dataclass
class Report:
    """One delivery's outcome. `stops` are reasons why nothing was published; empty when it was."""

    source: str
    day: date
    run_id: int | None = None
    files: dict[str, FileReport] = field(default_factory=dict)
    stops: list[str] = field(default_factory=list)
    waiting: bool = False
    seconds: float = 0.0


class Stopped(Exception):
    """Inside a load: undo everything, remember why."""

    def __init__(self, stops: list[str]) -> None:
        self.stops = stops
        super().__init__(", ".join(stops))


def load(path: Path, source: str | None = None, as_of: date | None = None) -> list[Report]:
    """Load every delivery at `path` in date order; stops at the first date that cannot be published."""
    reports: list[Report] = []
    with jobs.held(JOB, wait=True) as held:
        for day, folder, only in _find(path, as_of):
            with held.begin() as conn:
                sources = mappings(conn, day, source)
            todays = list(_load_day(held, sources, day, folder, only))
            reports += todays
            if any(report.stops for report in todays):
                break
    if not reports:
        raise refusals.NothingToLoad(path=path)
    return reports


def resume(run_id: int, by: Person) -> Report:
    """Load a stopped delivery that a second person has allowed, ignoring what stopped it."""
    with access.reading(by) as conn:
        run = feeds.run(conn, run_id)
        if run is None or run.state != FeedState.STOPPED or run.override_by is None:
            raise refusals.NotFound
        (found,) = mappings(conn, run.business_date, run.source)
    with jobs.held(JOB, wait=True) as held:
        arrived = delivery.collect(found[0], run.business_date, Path(run.folder))
        if arrived is None:
            raise refusals.NothingToLoad(path=run.folder)
        return _load_delivery(held, arrived, found[1], ignore=set(run.stops or ()))


def mappings(conn: Connection, day: date, only: str | None = None) -> list[tuple[Mapping, int]]:
    """(mapping, version) of every source in force; one that cannot be read is a refusal, not a guess."""
    rows = definitions.in_force(conn, Definition.MAPPING, day)
    known = [(mapping.parse(row.body), row.version) for row in rows if only in (None, row.code)]
    if only is not None and not known:
        raise refusals.UnknownSource(source=only, known=", ".join(row.code for row in rows))
    # Sources that bring branches and staff come before those that refer to them.
    return sorted(known, key=lambda pair: all(t.noun == "loans" for t in pair[0].tables.values()))


def _find(path: Path, as_of: date | None) -> Iterable[tuple[date, Path, Path | None]]:
    if path.is_file():
        day = as_of or delivery.date_in_name(path)
        if day is None:
            raise refusals.BadDate(value=path.name)
        return [(day, path.parent, path)]
    return [(as_of or day, folder, None) for day, folder in delivery.business_dates(path)]


def _load_day(held: jobs.Held, sources, day: date, folder: Path, only: Path | None) -> Iterator[Report]:
    for found, version in sources:
        arrived = delivery.collect(found, day, folder, only)
        if arrived is None:
            continue
        report = _load_delivery(held, arrived, version, ignore=set())
        yield report
        if report.stops or report.waiting:
            return


def _load_delivery(held: jobs.Held, arrived: Delivery, version: int, ignore: set[str]) -> Report:
    begun = time.monotonic()
    report = Report(arrived.mapping.source, arrived.day, waiting=arrived.waiting)
    if arrived.waiting:
        return report
    with held.begin() as conn:
        report.run_id = feeds.begin(conn, arrived.mapping.source, arrived.day, str(arrived.folder), version)
    try:
        _publish_all(held, arrived, report, ignore)
    except Stopped as stopped:
        report.stops = stopped.stops
        with held.begin() as conn:
            feeds.finish(conn, report.run_id, FeedState.STOPPED, report.stops, None)
    except BaseException:
        with access.transaction(MACHINE, JOB) as conn:  # the held connection may be the thing that broke
            feeds.finish(conn, report.run_id, FeedState.FAILED, ["error"], None)
        raise
    report.seconds = time.monotonic() - begun
    return report


def _publish_all(held: jobs.Held, arrived: Delivery, report: Report, ignore: set[str]) -> None:
    """The whole delivery in one transaction: readers see the book before it or after it, never between."""
    specs = [_spec(arrived.mapping, piece) for piece in arrived.pieces]
    with held.begin() as conn:
        numbers = parameters.values(conn, arrived.day)
        _stop_if(_date_problems(conn, arrived, numbers) + list(arrived.problems), ignore)
        counted = {}
        for piece, spec in zip(arrived.pieces, specs, strict=True):
            _say(report, f"{spec.name} · {piece.file.name}")
            counted[spec.name] = _stage(conn, arrived.mapping, piece, spec)
            report.files[spec.name] = FileReport(rows=staging.count(conn, spec))
        _stop_if(_file_problems(conn, arrived, counted, report, numbers), ignore)
        _put_into_the_book(conn, arrived, specs, report, numbers, ignore)
        for piece, spec in zip(arrived.pieces, specs, strict=True):
            _note_file(conn, report, piece, spec, counted[spec.name])
        for spec in specs:
            staging.drop(conn, spec)
        feeds.finish(conn, report.run_id, FeedState.LOADED, sorted(ignore), feeds.book_totals(conn))


def _put_into_the_book(
    conn: Connection, arrived: Delivery, specs: list[TableSpec], report: Report, numbers: dict, ignore: set[str]
) -> None:
    before = feeds.balance(conn, arrived.mapping.source)
    cold = [s.noun for s in specs if s.noun in bulk.TABLES and publish.is_cold(conn, s, report.files[s.name].rows)]
    publish.add_products(conn, arrived.mapping.source, [p.model_dump() for p in arrived.mapping.products])
    with bulk.undressed(conn, *cold):
        for spec in specs:
            _say(report, f"{spec.name} → {spec.noun}")
            _publish_table(conn, arrived.mapping, spec, report, numbers)
        if any(spec.noun == "loans" and spec.full for spec in specs):
            loans = next(spec for spec in specs if spec.noun == "loans")
            publish.settle_absent(conn, loans, arrived.day, report.run_id, int(numbers["feed.absent_days"]))
        publish.refresh_customers(conn, arrived.day)
    if cycle := publish.branch_cycle(conn):
        _stop_if([f"branch_cycle:{cycle}"], ignore)
    _stop_if(_balance_problems(before, feeds.balance(conn, arrived.mapping.source), numbers), ignore)


def _publish_table(conn: Connection, found: Mapping, spec: TableSpec, report: Report, numbers: dict) -> None:
    staging.compare(conn, spec)

    def read(text: str) -> tuple[bool, date | None]:
        return mapping.read_date(text, found.date_format, found.no_date)

    typing.create(conn, spec, read, numbers["feed.balance_tolerance"])
    counts = report.files[spec.name]
    counts.loaded = publish.publish(conn, spec, report.day, report.run_id)
    counts.quarantined = publish.quarantine(conn, spec, report.run_id)
    counts.unchanged = counts.rows - counts.loaded - counts.quarantined


def _stage(conn: Connection, found: Mapping, piece: Piece, spec: TableSpec) -> Counted:
    """The file's lines into the stage. The server decodes when it can; one bad byte and we do it line by line."""
    counted = Counted()
    staging.create(conn, spec)
    encoding = SERVER_DECODES.get(found.encoding)
    if found.format == "delimited" and found.columns == "ddl" and encoding:
        try:
            with delivery.open_bytes(piece.file) as raw, conn.begin_nested():
                staging.copy(conn, spec, _Stream(iter(lambda: counted.take(raw.read(delivery.CHUNK)), b"")), encoding)
            return counted
        except (CannotCopy, EOFError, OSError) as wrong:
            if not isinstance(wrong, CannotCopy):  # a truncated archive: what could be read is counted and compared
                counted.last_byte = b"\n"
                return counted
            counted = Counted()
    staging.copy(conn, spec, _Stream(_clean(found, piece, counted)), "UTF8")
    return counted


class _Stream(io.RawIOBase):
    """What COPY reads from: chunks of bytes as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def read(self, size: int = -1) -> bytes:
        if not self._rest:
            self._rest = next(self._chunks, b"")
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


_UNWANTED = str.maketrans({"\x00": "\ufffd", "\x1d": "\ufffd", "\x1e": "\ufffd", "\r": " ", "\n": " "})


def _clean(found: Mapping, piece: Piece, counted: Counted) -> Iterator[bytes]:
    """Lines as clean UTF-8; what cannot be decoded becomes U+FFFD, which quarantines its line and no other."""
    lines = _taken_apart(found, piece, counted) if found.columns == "header" else _decoded(found, piece, counted)
    for line in lines:
        yield (line.translate(_UNWANTED) + "\n").encode()


def _decoded(found: Mapping, piece: Piece, counted: Counted) -> Iterator[str]:
    with delivery.open_bytes(piece.file) as raw:
        for line in raw:
            counted.take(line)
            yield line.rstrip(b"\r\n").decode(found.encoding, "replace")
        counted.take(b"")


def _taken_apart(found: Mapping, piece: Piece, counted: Counted) -> Iterator[str]:
    rows = delivery.rows(found, piece.table, piece.file)
    next(rows)
    for row in rows:
        counted.rows += 1
        if any(row):
            yield delivery.SEPARATOR.join(cell.replace(delivery.SEPARATOR, " ") for cell in row)


def _spec(found: Mapping, piece: Piece) -> TableSpec:
    separator = found.delimiter if found.columns == "ddl" else delivery.SEPARATOR
    places = {name: i for i, name in enumerate(piece.columns, 1)}
    fields = {
        name: Source(NOUNS[piece.table.noun][name], places[c.column], c.codes, c.unit, c.by)
        for name, c in piece.table.fields.items()
        if c.column in places
    }
    changes_daily = found.as_of_column is not None and piece.columns[-1:] == (found.as_of_column,)
    return TableSpec(
        source=found.source,
        name=piece.name,
        noun=piece.table.noun,
        file=piece.file.name,
        width=len(piece.columns),
        separator=separator,
        fields=fields,
        first_line=1 if found.columns == "ddl" else piece.table.header_row + 1,
        tail=len(separator) + len("20261120") if changes_daily else 0,
        full=found.snapshot == "full",
        deleted=(places[found.deleted["column"]], found.deleted["text"]) if found.deleted else None,
        families=tuple((word, rule.family.value) for rule in found.families for word in rule.words),
    )


# --- Reasons to stop -------------------------------------------------------------------------------------------------


def _stop_if(problems: list[str], ignore: set[str]) -> None:
    if remaining := [p for p in problems if p not in ignore]:
        raise Stopped(remaining)


def _date_problems(conn: Connection, arrived: Delivery, numbers: dict) -> list[str]:
    last = feeds.last_loaded(conn, arrived.mapping.source)
    if last is None or last.business_date == arrived.day:
        return []
    if arrived.day < last.business_date:
        return [f"earlier_than_loaded:{last.business_date}"]
    if arrived.day - last.business_date > timedelta(days=numbers["feed.max_gap_days"]):
        return [f"gap:{last.business_date + timedelta(days=1)}:{arrived.day - timedelta(days=1)}"]
    return []


def _file_problems(
    conn: Connection, arrived: Delivery, counted: dict[str, Counted], report: Report, numbers: dict
) -> list[str]:
    problems = []
    last = feeds.last_loaded(conn, arrived.mapping.source)
    before = feeds.rows_by_table(conn, last.id) if last else {}
    for piece in arrived.pieces:
        got, said, name = counted[piece.name], piece.promise, piece.file.name
        if said.bytes is not None and said.bytes != got.bytes:
            problems.append(f"bytes:{name}:{said.bytes}:{got.bytes}")
        if said.rows is not None and said.rows != got.rows:
            problems.append(f"rows:{name}:{said.rows}:{got.rows}")
        if said.md5 is not None and said.md5.lower() != got.md5:
            problems.append(f"md5:{name}")
        was, now = before.get(piece.name, 0), report.files[piece.name].rows
        falls = arrived.mapping.snapshot == "full" and piece.table.noun != "arrears"
        if falls and was >= 20 and now < was * (1 - numbers["feed.max_row_drop"]):
            problems.append(f"row_drop:{piece.name}:{was}:{now}")
    return problems


def _balance_problems(before: int, after: int, numbers: dict) -> list[str]:
    if before and after < before * (1 - numbers["feed.max_balance_drop"]):
        return [f"balance_drop:{before // 100}:{after // 100}"]
    return []


# --- Notes along the way ---------------------------------------------------------------------------------------------


def _say(report: Report, words: str) -> None:
    """Progress is told in a transaction of its own, so that others see it while the load goes on."""
    with access.transaction(MACHINE, JOB) as conn:
        feeds.progress(conn, report.run_id, words)


def _note_file(conn: Connection, report: Report, piece: Piece, spec: TableSpec, counted: Counted) -> None:
    counts = report.files[spec.name]
    feeds.add_file(
        conn, report.run_id, name=spec.name, file=piece.file.name, md5=counted.md5, bytes=counted.bytes,
        rows=counts.rows, loaded=counts.loaded, unchanged=counts.unchanged, quarantined=counts.quarantined,
        **(publish.reconcile(conn, spec) if spec.noun == "loans" else {}),
    )  # fmt: skip
