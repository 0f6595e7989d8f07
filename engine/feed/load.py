"""Loading one night's files: streamed in, checked, published in one transaction or not at all.

Every input row ends in exactly one place: loaded, unchanged, or quarantined with all reasons. A stop condition ends
the load before anything is visible; a second person may override it.
"""

import threading
import time
from collections.abc import Callable, Container, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from db import access, bulk, definitions, feeds, jobs, nouns
from db.access import MACHINE, Connection
from db.loading import pour, publish, staging
from db.loading.spec import TableSpec
from db.vocab import Definition, FeedState
from engine import parameters, products, refusals
from engine.feed import delivery, mapping, reading
from engine.feed.delivery import Delivery, Piece
from engine.feed.known import Known
from engine.feed.mapping import Mapping
from engine.feed.pouring import Index, Pouring
from engine.feed.reading import Reader, ahead

JOB = "load"
# Tables read side by side: a file's bytes are taken apart by one processor. On a bank's first day one more is poured meanwhile.
AT_ONCE, AT_ONCE_AT_FIRST = 2, 1
WORTH_POURING = 128 << 10  # bytes of a file, packed or not; below this a table is not worth undressing
SHOWN = 50  # quarantined rows that a rehearsal tells


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
    begun: float = 0.0  # by the monotonic clock; 0 until its turn comes
    seconds: float = 0.0  # until it was visible
    set_aside: list = field(default_factory=list)  # of a rehearsal, the first rows that would be quarantined


@dataclass
class Sitting:
    """One transaction on the book, with the deliveries that are published in it, each whole or not at all.

    `notes_are_in` dresses the tables of the notes at its end, once for all of them. `let_in` returns when the book may change.
    """

    conn: Connection
    hands: Executor
    notes_are_in: ExitStack
    reports: list[Report]  # of the deliveries it is to publish
    let_in: Callable[[], object]
    poured: threading.Event  # those two processors are free again: what comes behind poured tables may be read


@dataclass
class Turn:
    """A delivery on its way into the book: its tables are being read, unless there are `stops`."""

    arrived: Delivery
    report: Report
    ignore: set[str]  # reasons to stop that a second person has waved through
    numbers: dict
    stops: list[str]
    staged: list[Future[Reader] | None]  # in the order of the book; None: poured into it when its turn comes


class KeyTwice(Exception):
    """Of a table that was poured: which line is the second, only a stage can tell."""


class Rehearsed(Exception):
    """At the end of a rehearsal: undo everything."""


class Stopped(Exception):
    """Inside a load: undo everything, remember why."""

    def __init__(self, stops: list[str]) -> None:
        self.stops = stops
        super().__init__(", ".join(stops))


def at_once() -> None:
    """Nothing is waited for before a delivery goes into the book."""


def load(
    path: Path, source: str | None = None, as_of: date | None = None, *, let_in: Callable[[], object] = at_once
) -> list[Report]:
    """Load every delivery at `path` in date order; stops at the first date that cannot be published.

    `let_in` is called before a delivery goes into the book, while its files are read already, and may take its time.
    """
    reports: list[Report] = []
    found = _find(path, as_of)
    with jobs.held(JOB, wait=True) as held:
        for day, folder, only in found:
            with held.begin() as conn:
                sources = mappings(conn, day, source)
            reports += _load_day(held, sources, day, folder, only, let_in)
            if any(report.stops for report in reports):
                break
    if not reports:
        raise refusals.NothingToLoad(path=path)
    return reports


def new_sources(conn: Connection, day: date, folder: Path) -> list[str]:
    """The sources of which a folder holds a delivery that is not in the book yet, in the order of their loading.

    One that was stopped is not new: it waits for people.
    """
    found = []
    for source, _ in mappings(conn, day):
        last = feeds.last_loaded(conn, source.source)
        if last is not None and last.business_date >= day or FeedState.STOPPED in feeds.tried(conn, source.source, day):
            continue
        if delivery.collect(source, day, folder) is not None:
            found.append(source.source)
    return found


def resume(run_id: int) -> Report:
    """Load a stopped delivery that a second person has allowed, ignoring what stopped it."""
    with access.reading(MACHINE) as conn:
        run = feeds.run(conn, run_id)
        if run is None or run.state != FeedState.STOPPED or run.override_by is None:
            raise refusals.NotFound
        (found,) = mappings(conn, run.business_date, run.source)
    with jobs.held(JOB, wait=True) as held:
        arrived = delivery.collect(found[0], run.business_date, Path(run.folder))
        if arrived is None:
            raise refusals.NothingToLoad(path=run.folder)
        with _sitting(held, [(arrived, found[1])]) as sitting:
            (report,) = sitting.reports
            _load_delivery(sitting, _begin(sitting, arrived, report, ignore=set(run.stops or ())))
        return report


def rehearse(found: Mapping, path: Path, as_of: date | None = None) -> list[Report]:
    """What a load by this mapping would do, whoever approved it or not: nothing of it stays."""
    deliveries = _find(path, as_of)
    with jobs.held(JOB, wait=True) as held:
        collected = (delivery.collect(found, day, folder, only) for day, folder, only in deliveries)
        reports = [_rehearse_delivery(held, arrived) for arrived in collected if arrived]
    if not reports:
        raise refusals.NothingToLoad(path=path)
    return reports


def _rehearse_delivery(held: jobs.Held, arrived: Delivery) -> Report:
    report = Report(arrived.mapping.source, arrived.day, waiting=arrived.waiting)
    if arrived.waiting:
        return report
    try:
        with _sitting(held, []) as sitting:
            sitting.reports.append(report)
            report.run_id = feeds.begin(sitting.conn, report.source, arrived.day, str(arrived.folder), None)
            _publish_all(sitting, _begin(sitting, arrived, report, ignore=set(), pours=False), sitting.notes_are_in)
            report.set_aside = feeds.rejected(sitting.conn, report.run_id, limit=SHOWN)
            raise Rehearsed
    except Stopped as stopped:
        report.stops = stopped.stops
    except Rehearsed:
        report.run_id = None
    return report


def load_in_background(path: Path) -> None:
    """From a page: the load goes on when its reader goes away; its progress is in the run."""
    threading.Thread(target=load, args=(path,), daemon=True).start()


def resume_in_background(run_id: int) -> None:
    threading.Thread(target=resume, args=(run_id,), daemon=True).start()


def mappings(conn: Connection, day: date, only: str | None = None) -> list[tuple[Mapping, int]]:
    """(mapping, version) of every source in force; one that cannot be read is a refusal, not a guess."""
    rows = definitions.in_force(conn, Definition.MAPPING, day)
    known = [(mapping.parse(row.body), row.version) for row in rows if only in (None, row.code)]
    if only is not None and not known:
        raise refusals.UnknownSource(source=only, known=", ".join(row.code for row in rows))
    # Sources that bring branches, staff and customers come before those that refer to them.
    return sorted(known, key=lambda pair: min(nouns.ORDER.index(t.noun) for t in pair[0].tables.values()))


def _find(path: Path, as_of: date | None) -> list[tuple[date, Path, Path | None]]:
    """(business date, folder, the one file that was asked for) of every delivery at a path."""
    try:
        if not path.is_file():
            return [(as_of or day, folder, None) for day, folder in delivery.business_dates(path)]
    except OSError as wrong:
        raise refusals.CannotRead(path=path, problem=wrong.strerror) from None
    day = as_of or delivery.date_in_name(path)
    if day is None:
        raise refusals.NoDateInName(name=path.name)
    return [(day, path.parent, path)]


def _load_day(held: jobs.Held, sources, day: date, folder: Path, only: Path | None, let_in: Callable[[], object]) -> list[Report]:
    """One source after the other, each in a sitting of its own; all that fill an empty book in one, for its indexes are built once."""
    arrived = [(found, version) for source, version in sources if (found := delivery.collect(source, day, folder, only))]
    with held.begin() as conn:
        together = feeds.first_date(conn) is None
    reports: list[Report] = []
    for deliveries in [arrived] if together else [[one] for one in arrived]:
        if any(report.stops or report.waiting for report in reports):
            break
        with _sitting(held, deliveries, let_in) as sitting:
            reports += _load_in_turn(sitting, [found for found, _ in deliveries])
    return reports


def _load_in_turn(sitting: Sitting, deliveries: list[Delivery]) -> Iterator[Report]:
    """While the book takes one in, the next is read."""
    turns = [_begin(sitting, arrived, report, ignore=set()) for arrived, report in zip(deliveries, sitting.reports, strict=True)]
    for turn in turns:
        if not turn.report.waiting:
            _load_delivery(sitting, turn)
        yield turn.report
        if turn.report.stops or turn.report.waiting:
            return


@contextmanager
def _sitting(held: jobs.Held, deliveries: list[tuple[Delivery, int]], let_in: Callable[[], object] = at_once) -> Iterator[Sitting]:
    """Readers see the book as it was before a sitting or after it, never between."""
    reports = _begin_runs(held, deliveries)
    try:
        with held.begin() as conn:
            bulk.prepare(conn)
            publish.expect_changes(conn)
            with _hands(conn) as (hands, poured), ExitStack() as notes_are_in:
                yield Sitting(conn, hands, notes_are_in, reports, let_in, poured)
                publish.refresh_customers(conn)
            # Once nobody tells how far its reading is, for he would wait for us, and we for him.
            feeds.withdraw(conn, [report.run_id for report in reports if not report.begun])
    except BaseException:
        with access.transaction(MACHINE, JOB) as conn:  # the held connection may be the thing that broke
            for report in reports:
                if not report.stops:
                    feeds.finish(conn, report.run_id, FeedState.FAILED, ["error"], None)
        raise
    finally:
        with access.transaction(MACHINE, JOB) as conn:
            for report in reports:
                staging.clear(conn, report.source)
    for report in reports:
        report.seconds = time.monotonic() - report.begun if report.begun else 0.0


def _begin_runs(held: jobs.Held, deliveries: list[tuple[Delivery, int]]) -> list[Report]:
    """Before the sitting, which may lock what a run refers to."""
    reports = [Report(arrived.mapping.source, arrived.day, waiting=arrived.waiting) for arrived, _ in deliveries]
    with held.begin() as conn:
        for (arrived, version), report in zip(deliveries, reports, strict=True):
            if not report.waiting:
                report.run_id = feeds.begin(conn, report.source, report.day, str(arrived.folder), version)
    return reports


@contextmanager
def _hands(conn: Connection) -> Iterator[tuple[Executor, threading.Event]]:
    """Read what they are asked to in that order, some of it once they are told to. Who leaves waits for what they hold, and no more."""
    hands, poured = ThreadPoolExecutor(AT_ONCE_AT_FIRST if feeds.first_date(conn) is None else AT_ONCE), threading.Event()
    try:
        yield hands, poured
    finally:
        poured.set()
        hands.shutdown(cancel_futures=True)


def _begin(sitting: Sitting, arrived: Delivery, report: Report, ignore: set[str], pours: bool = True) -> Turn:
    """The stages are nobody's view of the book: they are filled ahead of it, on connections of their own."""
    numbers, first = parameters.values(sitting.conn, arrived.day), feeds.first_date(sitting.conn) is None
    problems = _date_problems(sitting.conn, arrived, numbers) + list(arrived.problems)
    stops = [problem for problem in problems if problem not in ignore or _hopeless(problem)]
    to_read = () if stops or arrived.waiting else arrived.pieces
    staged: list[Future[Reader] | None] = []
    for piece in to_read:
        if pours and pour.may(_spec(arrived.mapping, piece, numbers, first)) and delivery.size(piece.file) > WORTH_POURING:
            staged.append(None)
        else:
            behind = sitting.poured if None in staged else None
            staged.append(sitting.hands.submit(_stage, arrived.mapping, piece, report, numbers, behind))
    return Turn(arrived, report, ignore, numbers, stops, staged)


def _load_delivery(sitting: Sitting, turn: Turn) -> None:
    """One that is stopped leaves what was published before it in the sitting as it is."""
    turn.report.begun = time.monotonic()
    try:
        with sitting.conn.begin_nested(), ExitStack() as notes_are_in:
            _publish_all(sitting, turn, notes_are_in)
            sitting.notes_are_in.push(notes_are_in.pop_all())
    except Stopped as stopped:
        turn.report.stops = stopped.stops
        with access.transaction(MACHINE, JOB) as conn:
            feeds.finish(conn, turn.report.run_id, FeedState.STOPPED, stopped.stops, None)
    except KeyTwice:
        sitting.poured.set()
        _load_delivery(sitting, _begin(sitting, turn.arrived, turn.report, turn.ignore, pours=False))


def _publish_all(sitting: Sitting, turn: Turn, notes_are_in: ExitStack) -> None:
    conn, report = sitting.conn, turn.report
    _stop_if(turn.stops)
    sitting.let_in()
    readers, live = _put_into_the_book(sitting, turn, notes_are_in)
    for reader in readers:
        _note_file(conn, report, reader, live)
    feeds.finish(conn, report.run_id, FeedState.LOADED, sorted(turn.ignore), feeds.totals(conn, live))


def _stage(found: Mapping, piece: Piece, report: Report, numbers: dict, behind: threading.Event | None = None) -> Reader:
    """The lines that the book does not have as they are, typed: read here while the server takes them in."""
    if behind:
        behind.wait()
    _say(report, f"{piece.name} · {piece.file.name}")
    with access.transaction(MACHINE, JOB) as conn:
        reader = _reader(conn, found, piece, numbers, first=feeds.first_date(conn) is None)
        staging.create(conn, reader.spec)
        with _readable(piece):
            staging.copy(conn, reader.spec, ahead(reader.lines()))
        staging.keep_left(conn, reader.spec, reader.known.left)
    return reader


def _reader(conn: Connection, found: Mapping, piece: Piece, numbers: dict, first: bool) -> Reader:
    spec = _spec(found, piece, numbers, first)
    return Reader(found, piece, spec, numbers["feed.balance_tolerance"], Known(staging.remembered(conn, spec)))


@contextmanager
def _readable(piece: Piece) -> Iterator[None]:
    """A truncated or damaged archive stops the load."""
    try:
        yield
    except delivery.UNREADABLE as wrong:
        raise Stopped([delivery.problem("unreadable", piece.file.name, wrong)]) from None


def _spec(found: Mapping, piece: Piece, numbers: dict, first: bool) -> TableSpec:
    return TableSpec(
        source=found.source,
        name=piece.name,
        noun=piece.table.noun,
        file=piece.file.name,
        fields=tuple(piece.table.fields),
        by={name: column.by for name, column in piece.table.fields.items() if column.by},
        full=found.snapshot == "full",
        first=first,
        absent_days=int(numbers["feed.absent_days"]),
        families=tuple((word, rule.family.value) for rule in found.families for word in rule.words),
    )


def _put_into_the_book(sitting: Sitting, turn: Turn, notes_are_in: ExitStack) -> tuple[list[Reader], feeds.Live]:
    """Every table as it is staged; also the notes that live in the book afterwards."""
    conn, found, report = sitting.conn, turn.arrived.mapping, turn.report
    rows_before = _rows_before(conn, found.source)
    before = feeds.balance_of(feeds.live_notes(conn), found.source) if rows_before else 0
    publish.add_products(conn, found.source, [product.model_dump() for product in found.products])
    changed = products.follow(conn, report.day)
    readers, problems = [], []
    for at, (piece, staged) in enumerate(zip(turn.arrived.pieces, turn.staged, strict=True)):
        if staged and None in turn.staged[:at]:
            sitting.poured.set()
        fine = turn.ignore.issuperset(problems)  # else nothing will be published: read on only to say all that is wrong
        if staged is None and fine and (bare := publish.to_undress(conn, piece.table.noun)):
            reader = _pour(conn, turn, piece, bare, notes_are_in)
            problems += _file_problems(reader, rows_before, turn.numbers)
        else:
            reader = staged.result() if staged else _stage(found, piece, report, turn.numbers)
            report.files[piece.name] = FileReport(rows=reader.rows)
            problems += _file_problems(reader, rows_before, turn.numbers)
            if turn.ignore.issuperset(problems):
                _publish_table(conn, reader, report, notes_are_in)
        readers.append(reader)
    _stop_if(problems, turn.ignore)
    publish.remember_products(conn, changed + products.follow(conn, report.day))
    if cycle := publish.branch_cycle(conn):
        _stop_if([f"branch_cycle:{cycle}"], turn.ignore)
    live = feeds.live_notes(conn)
    _stop_if(_balance_problems(before, feeds.balance_of(live, found.source), turn.numbers), turn.ignore)
    return readers, live


def _pour(conn: Connection, turn: Turn, piece: Piece, bare: list[str], notes_are_in: ExitStack) -> Reader:
    """Read here while the book takes it in. What it names was published before it."""
    report = turn.report
    _say(report, f"{piece.name} · {piece.file.name}")
    reader = _reader(conn, turn.arrived.mapping, piece, turn.numbers, first=True)
    named = {name: Index(pour.named(conn, reader.spec, name)) for name in reader.spec.fields if reader.spec.refers_by_id(name)}
    pouring = Pouring(reader, named, report.day)
    with _undressed(conn, reader.spec.noun, bare, notes_are_in), _readable(piece):
        loaded = pour.copy(conn, reader.spec, pouring.columns, ahead(pouring.lines()), pouring.same)
        if not pouring.certain:
            raise KeyTwice
    report.files[piece.name] = FileReport(rows=reader.rows)
    _set_aside(conn, reader, report, loaded, pouring.set_aside)
    return reader


def _publish_table(conn: Connection, reader: Reader, report: Report, notes_are_in: ExitStack) -> None:
    _say(report, f"{reader.spec.name} → {reader.spec.noun}")
    if publish.is_new(conn, reader.spec):
        reader.spec = replace(reader.spec, cold=True, distinct=reader.distinct)
    bare = publish.to_undress(conn, reader.spec.noun) if reader.rows > bulk.WORTH_IT else []
    with _undressed(conn, reader.spec.noun, bare, notes_are_in):
        _publish_lines(conn, reader, report)


@contextmanager
def _undressed(conn: Connection, noun: str, tables: list[str], notes_are_in: ExitStack) -> Iterator[None]:
    """Dressed on leaving, while the next table is read; notes only once all are in and arrears have changed them."""
    with ExitStack() as these_are_in:
        until = notes_are_in if noun == "loans" else these_are_in
        until.enter_context(bulk.undressed(conn, *tables))
        yield


def _publish_lines(conn: Connection, reader: Reader, report: Report) -> None:
    spec = reader.spec
    staging.compare(conn, spec)
    staging.resolve(conn, spec)
    staging.find_gone(conn, spec)
    loaded = publish.publish(conn, spec, report.day, report.run_id)
    # Of a cold table, if every row went in there is nothing to look for.
    _set_aside(conn, reader, report, loaded, staging.faulty(conn, spec) if loaded < reader.rows else [])


def _set_aside(conn: Connection, reader: Reader, report: Report, loaded: int, faulty: list[tuple[int, list[str]]]) -> None:
    """Every line has its place: in the book, there before, or in quarantine with its reasons."""
    if faulty:
        raw = reading.raw_lines(reader.found, reader.piece, {line for line, _ in faulty})
        publish.quarantine(conn, reader.spec, report.run_id, [(line, reasons, raw[line]) for line, reasons in faulty])
    counts = report.files[reader.spec.name]
    counts.loaded, counts.quarantined = loaded, len(faulty)
    counts.unchanged = counts.rows - counts.loaded - counts.quarantined


# --- Reasons to stop -------------------------------------------------------------------------------------------------


def _hopeless(problem: str) -> bool:
    """What nobody can wave through: there is nothing to read, or no way to tell the columns."""
    return problem.split(":")[0] in ("unreadable", "missing_column", "column_twice")


def _stop_if(problems: list[str], ignore: Container[str] = ()) -> None:
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


def _rows_before(conn: Connection, source: str) -> dict[str, int]:
    last = feeds.last_loaded(conn, source)
    return feeds.rows_by_table(conn, last.id) if last else {}


def _file_problems(reader: Reader, rows_before: dict[str, int], numbers: dict) -> list[str]:
    got, said, name = reader.counted, reader.piece.promise, reader.piece.file.name
    problems = []
    if said.bytes is not None and said.bytes != got.bytes:
        problems.append(delivery.problem("bytes", name, said.bytes, got.bytes))
    if said.rows is not None and said.rows != got.rows:
        problems.append(delivery.problem("rows", name, said.rows, got.rows))
    if said.md5 is not None and said.md5.lower() != got.md5:
        problems.append(delivery.problem("md5", name))
    was, falls = rows_before.get(reader.spec.name, 0), reader.spec.full and reader.spec.noun != "arrears"
    if falls and was >= 20 and reader.rows < was * (1 - numbers["feed.max_row_drop"]):
        problems.append(delivery.problem("row_drop", reader.spec.name, was, reader.rows))
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


def _note_file(conn: Connection, report: Report, reader: Reader, live: feeds.Live) -> None:
    counts = report.files[reader.spec.name]
    balances = {}
    if reader.spec.noun == "loans":
        balances = {"balance_fen": reader.balance_fen, "published_fen": feeds.balance_of(live, report.source)}
    feeds.add_file(
        conn, report.run_id, name=reader.spec.name, file=reader.piece.file.name, md5=reader.counted.md5,
        bytes=reader.counted.bytes, rows=counts.rows, loaded=counts.loaded, unchanged=counts.unchanged,
        quarantined=counts.quarantined, **balances,
    )  # fmt: skip
