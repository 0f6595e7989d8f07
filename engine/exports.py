"""Lists and reports as Excel files: asked for, made beside the page by whoever is free, fetched by their maker, deleted.

What is to be made is data in a row of `exports`, so that any process can make it and nobody need wait for it. It is made
in its maker's name, with the rights held then. A list above the limit needs a second person first.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import structlog

from db import access, audit, exports, settings, staff
from db.access import MACHINE, Connection, Person
from db.vocab import ExportState, Request
from engine import clock, filter_words, notices, parameters, permits, preferences, refusals, reports, requests, words
from engine.lists import LISTS
from engine.words import _
from engine.workbook import Cover, Field, write

log = structlog.get_logger()
REPORT, ROWS = "report", "rows"  # besides the lists
SECONDS = 900  # for one statement of a file
SILENT = timedelta(minutes=2)  # without a sign of life a file's maker is taken for dead
LONG = timedelta(minutes=1)
A_WHILE = 0.5  # seconds between two notes of how far it is
REMEMBERED = timedelta(days=90)
PROBLEMS = {
    "no_role": "You held no role any more when it was to be made.",
    "refused": "You were not permitted to see this any more when it was to be made.",
    "too_slow": "The store took too long over it. Narrow it and try again.",
    "died": "The server stopped while making it, several times. Narrow it and try again.",
    "error": "Something unexpected went wrong. It is in the log; try again later.",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What is to be in the file: a list with its filter, a report with its wish, or the rows behind one of its figures."""

    what: str
    data: dict
    title: str

    @property
    def same(self) -> str:
        """The same for the same thing."""
        text = json.dumps([self.what, self.data], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def of_list(name: str, wanted: object, sort: str | None = None) -> Asked:
    return Asked(name, {"filter": LISTS[name].data(wanted), "sort": sort}, LISTS[name].title)


def of_report(wish: reports.Wish, title: str) -> Asked:
    return Asked(REPORT, {"wish": wish.model_dump(mode="json", exclude_defaults=True)}, title)


def of_rows(wish: reports.Wish, keys: Sequence[str | None], measure: str, title: str) -> Asked:
    return Asked(ROWS, {"wish": wish.model_dump(mode="json", exclude_defaults=True), "keys": list(keys), "measure": measure}, title)


# --- Asking -----------------------------------------------------------------------------------------------------------


def ask(conn: Connection, by: Person, asked: Asked, why: str | None = None, *, now: datetime, today: date) -> int:
    """The file's id. Above the limit it waits for a second person, and needs a reason."""
    permits.must(by, _permit(asked.what))
    access.set_patience(conn, reports.SECONDS)
    total = len_of(_source(conn, by, asked.what, asked.data, today).rows)
    limit = int(parameters.values(conn, today)["exports.rows"])
    held = total > limit and _limited(asked.what)
    if held and not why:
        raise refusals.TooManyRows(rows=f"{total:,}", limit=f"{limit:,}")
    export_id = exports.add(
        conn, staff_id=by.id, what=asked.what, asked=asked.data, same=asked.same, title=asked.title, language=words.language.get(),
        state=ExportState.HELD if held else ExportState.WAITING, total=total, asked_at=now,
    )  # fmt: skip
    if export_id is None:
        raise refusals.AlreadyWaiting
    if held:
        after = {
            "what": asked.what,
            "title": asked.title,
            "rows": total,
            "narrowed": _narrowed(conn, asked.what, asked.data, today),
        }
        requests.ask(conn, by, Request.EXPORT, requests.About(0, by.branch_id, export_id), None, after, why, now=now)
    return export_id


def approved(conn: Connection, request: object, by: int, now: datetime) -> None:
    """Nothing is left to do here: whoever makes files next finds that this one may be made."""


def _permit(what: str) -> str:
    return LISTS[what].permit if what in LISTS else "reports.see"


def _limited(what: str) -> bool:
    return LISTS[what].limited if what in LISTS else what == ROWS


# --- Making -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """The rows of a file and its columns."""

    rows: Iterable
    fields: Sequence[Field]
    narrowed: Mapping[str, str] = field(default_factory=dict)


def len_of(rows: Iterable) -> int:
    return len(rows) if isinstance(rows, Sequence) else rows.count()


def start(export_id: int) -> None:
    """Beside the page, at once."""
    _makers().submit(make, export_id)


@cache
def _makers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, "exports")


def make(export_id: int) -> bool:
    """True for whoever made it, or found out why it cannot be made."""
    with access.transaction(MACHINE, "export") as conn:
        claimed = exports.claim(conn, export_id, clock.now(), SILENT)
    if claimed is None:
        return False
    try:
        ended = _made(claimed) if claimed.tries <= exports.TRIES else _failed("died")
    except (refusals.TookTooLong, refusals.TooManyCells):
        ended = _failed("too_slow")
    except refusals.Refusal:
        ended = _failed("refused")
    except Exception as wrong:
        log.error("export failed", export=export_id, error=f"{type(wrong).__name__}: {wrong}", exc_info=True)
        ended = _failed("error")
    with access.transaction(MACHINE, "export") as conn:
        if exports.finish(conn, export_id, claimed.tries, **ended) and _alone(claimed):
            _tell(conn, claimed, ended)
    return True


def _alone(claimed) -> bool:
    """Made by itself, or so late that its maker has long looked away."""
    return claimed.report_id is not None or clock.now() - claimed.asked_at > LONG


def _failed(problem: str) -> dict:
    return {"state": ExportState.FAILED, "problem": problem, "finished_at": clock.now()}


def _made(claimed) -> dict:
    """The file, in the name and language of who asked; what is to be kept of it."""
    words.language.set(claimed.language)
    with access.reading(MACHINE) as conn:
        by = staff.person(conn, claimed.staff_id)
        limits = parameters.values(conn, clock.today())
    if by is None:
        return _failed("no_role")
    name = f"{secrets.token_hex(16)}.xlsx"
    file = folder() / name
    n = _write(claimed, by, file.with_suffix(".part"))
    file.with_suffix(".part").rename(file)
    now = clock.now()
    kept = (
        timedelta(hours=limits["exports.kept_hours"]) if claimed.report_id is None else timedelta(days=limits["reports.kept_days"])
    )
    return {
        "state": ExportState.READY, "file": name, "bytes": file.stat().st_size, "done": n, "total": n, "finished_at": now, "until_at": now + kept,
    }  # fmt: skip


def _write(claimed, by: Person, file: Path) -> int:
    """What was exported, by whom and how much, is in the trail before anybody can fetch it."""
    permits.must(by, _permit(claimed.what))
    today = claimed.day or clock.today()
    with access.transaction(by, "export.make") as conn:
        access.set_patience(conn, SECONDS)
        source = _source(conn, by, claimed.what, claimed.asked, today)
        cover = Cover(_title(claimed), f"{by.name} {by.staff_no} {by.branch_name}", clock.now(), source.narrowed)
        n = write(file, cover, source.fields, source.rows, _telling(claimed.id))
        audit.note(conn, "export", claimed.what, None, {"rows": n, "title": claimed.title, "narrowed": dict(source.narrowed)})
    return n


def write_report(file: Path, conn: Connection, by: Person, answer: reports.Answer, name: str, *, now: datetime) -> None:
    """What was asked, as a file at once: the command line's."""
    narrowed = reports.in_words(conn, answer.wish, answer.today)
    lines = [*answer.lines, answer.total]
    n = write(
        file, Cover(name, f"{by.name} {by.staff_no} {by.branch_name}".strip(), now, narrowed), reports.fields_of(answer), lines
    )
    audit.note(conn, "export", REPORT, None, {"rows": n, "title": name, "narrowed": narrowed})


def _title(claimed) -> str:
    """A list's is ours, a report's is its owner's."""
    return _(claimed.title) if claimed.what in LISTS else claimed.title


def _telling(export_id: int) -> Callable[[int], None]:
    last = time.monotonic()

    def say(n: int) -> None:
        nonlocal last
        if time.monotonic() - last > A_WHILE:
            last = time.monotonic()
            with access.transaction(MACHINE, "export") as conn:
                exports.progress(conn, export_id, n, clock.now())

    return say


def _tell(conn: Connection, claimed, ended: dict) -> None:
    """Under the bell, when it was not made while its maker looked on."""
    parts = {"made": int(ended["state"] == ExportState.READY)}
    about = f"reports?file={claimed.id}"
    notices.tell_of_a_file(conn, claimed.staff_id, about, parts, f"export:{claimed.id}")


def _source(conn: Connection, by: Person, what: str, data: dict, today: date) -> Source:
    if what in LISTS:
        listing = LISTS[what]
        wanted = listing.read(data["filter"])
        rows = listing.rows(conn, wanted, data.get("sort"))
        fields = preferences.arranged(listing.fields(getattr(wanted, "today", today)), data.get("columns"), lambda one: one.title)
        return Source(rows, fields, _narrowed(conn, what, data, today))
    wish = reports.wish(data["wish"])
    narrowed = _narrowed(conn, what, data, today)
    if what == ROWS:
        rows = reports.rows_behind(conn, by, wish, data["keys"], data["measure"], today=today)
        return Source(rows, reports.fields_of_rows(wish), narrowed)
    answer = reports.ask(conn, by, wish, today=today)
    return Source([*answer.lines, answer.total], reports.fields_of(answer), narrowed)


def _narrowed(conn: Connection, what: str, data: dict, today: date) -> dict[str, str]:
    """In words, for the file's first sheet, the trail and whoever decides."""
    if what in LISTS:
        return filter_words.of_filter(conn, data["filter"])
    return reports.in_words(conn, reports.wish(data["wish"]), today)


# --- Fetching and deleting --------------------------------------------------------------------------------------------


def folder() -> Path:
    """Where the files lie until they are fetched; nobody else on the machine reads it."""
    place = settings.home() / "exports"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def latest(conn: Connection, by: Person, asked: Asked):
    """My last file of this very thing, or None."""
    return exports.latest(conn, by.id, asked.same)


def to_fetch(conn: Connection, export_id: int) -> tuple[Path, str]:
    """The file and what it is called, for its maker."""
    found = exports.get(conn, export_id)
    if found is None or found.state != ExportState.READY or not (folder() / found.file).exists():
        raise refusals.FileGone
    day = found.finished_at.astimezone(settings.ZONE)
    return folder() / found.file, f"{_title(found)} {day:%Y%m%d-%H%M}.xlsx"


def work() -> int:
    """The scheduler's: make what waits and nobody makes, delete what is over. How many were made."""
    with access.transaction(MACHINE, "export") as conn:
        exports.refuse_unanswered(conn, clock.now())
        waiting = exports.to_make(conn, clock.now(), SILENT)
    made = sum(make(export_id) for export_id in waiting)
    with access.transaction(MACHINE, "export") as conn:
        exports.forget(conn, clock.now() - REMEMBERED)
        gone, there = exports.expire(conn, clock.now()), exports.files(conn)
    _delete({*gone}, there)
    return made


def _delete(gone: set[str], there: set[str]) -> None:
    """What is over, and what a process that died has left."""
    yesterday = clock.now().timestamp() - 86400
    for file in folder().iterdir():
        if file.name in gone or file.name not in there and file.stat().st_mtime < yesterday:
            file.unlink(missing_ok=True)
