"""The night: load what is new, make and end todos, raise and lift signals, keep a picture of the day.

Each step is one transaction and idempotent, so a night that was killed is simply run again. Missed days are caught
up in order, each with the facts of its own day. What is broken is set aside with its reason and the rest goes on.
"""

import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from db import definitions, feeds, generation, jobs, moments, settings, signals
from db.access import Connection
from db.generation import Since
from db.signals import Counts as SignalCounts
from db.vocab import Definition
from engine import absences, calendar, clock, generate, handover, levels, notices, people, products, refusals, signal_rules
from engine.feed import load

JOB = "night"


@dataclass
class NightReport:
    """What one night did, or several when days were caught up."""

    business_date: date
    todos: generation.Counts = field(default_factory=generation.Counts)
    signals: SignalCounts = field(default_factory=SignalCounts)
    quarantined: int = 0
    seconds: float = 0.0
    days_caught_up: int = 0
    feed_stops: list[str] = field(default_factory=list)

    def add(self, todos: generation.Counts, signals: SignalCounts, quarantined: int) -> None:
        """Of one night more."""
        self.todos += todos
        self.signals += signals
        self.quarantined += quarantined


def night(until: date | None = None, *, wait: bool = True, catch_up: bool = True, again: bool = True) -> NightReport | None:
    """Every night up to `until` (default: the latest feed). None when another process holds the job and wait is False.

    `catch_up` False does that night alone: for a history of which only some days are known. `again` False leaves a
    night that is done alone, and returns None: for schedulers, of which many may wake at once.
    """
    begun = time.monotonic()
    with jobs.held(JOB, wait=wait) as held:
        if held is None or not again and _is_done(held, until):
            return None
        days = _days(held, until)[0 if catch_up else -1 :]
        report = NightReport(days[-1], days_caught_up=len(days) - 1)
        for day in days:
            _one(held, day, report)
    report.seconds = time.monotonic() - begun
    return report


def judged_on(conn) -> date:
    """The business date of the last night, as of which todos and what rules match are told; before the first one, today."""
    last = jobs.last_done(conn, JOB)
    return last.business_date if last else clock.today()


def _is_done(held: jobs.Held, until: date) -> bool:
    """Asked with the job in hand, when nobody else can be doing it any more."""
    with held.begin() as conn:
        last = jobs.last_done(conn, JOB)
    return last is not None and last.business_date >= until


def _days(held: jobs.Held, until: date | None) -> list[date]:
    """The business dates still to be done, oldest first; the last one again when all are done."""
    with held.begin() as conn:
        last = jobs.last_done(conn, JOB)
        target = until or _latest_feed(feeds.business_date(conn))
    if target is None:
        raise refusals.NothingToLoad(path=settings.inbox())
    if last is None or target == last.business_date:
        return [target]
    if target < last.business_date:
        raise refusals.NightIsPast(date=target, last=last.business_date)
    return [last.business_date + timedelta(days=n) for n in range(1, (target - last.business_date).days + 1)]


def _latest_feed(loaded: date | None) -> date | None:
    return max([day for day, _ in _inbox()] + ([loaded] if loaded else []), default=None)


def _inbox() -> list[tuple[date, object]]:
    inbox = settings.inbox()
    try:
        return load.delivery.business_dates(inbox) if inbox.exists() else []
    except refusals.NothingToLoad:
        return []


def _one(held: jobs.Held, day: date, report: NightReport) -> None:
    with held.begin() as conn:
        jobs.claim(conn, JOB, day)
        began = moments.now(conn)
        last = jobs.last_done(conn, JOB)
    try:
        report.feed_stops += _load_what_is_new(held, day)
        detail = _steps(held, day, last, began, report)
    except BaseException as wrong:
        _note_failure(held, day, wrong)
        raise
    with held.begin() as conn:
        jobs.finish(conn, JOB, day, detail)


def _note_failure(held: jobs.Held, day: date, wrong: BaseException) -> None:
    try:
        held.conn.rollback()
        with held.begin() as conn:
            jobs.fail(conn, JOB, day, f"{type(wrong).__name__}: {wrong}"[:2000])
    except Exception:
        return


def _load_what_is_new(held: jobs.Held, day: date) -> list[str]:
    """What has arrived of the day and is not in the book yet, source by source."""
    folder = settings.inbox() / f"{day:%Y%m%d}"
    if not folder.is_dir():
        return []
    stops: list[str] = []
    with held.begin() as conn:
        new = load.new_sources(conn, day, folder)
    for source in new:
        stops += [stop for report in load.load(folder, source) for stop in report.stops]
        if stops:  # what comes after refers to it
            break
    with held.begin() as conn:
        for stop in stops:
            jobs.set_aside(conn, JOB, day, "feed", folder.name, stop)
    return stops


def _steps(held: jobs.Held, day: date, last, began: datetime, report: NightReport) -> dict:
    with held.begin("night.people") as conn:
        people.follow_staff_file(conn, today=day)
    # The night of a day is done on the morning after, and what is to hold from that morning on must be done by then.
    handover.follow(held, max(day, clock.today()))
    with held.begin("night.products") as conn:
        products.follow_at_night(conn, day)
    with held.begin("night.levels") as conn:
        if not _looked_at(conn, last, day):
            _set_aside(conn, day, [("scorecard", code, why) for code, why in levels.follow(conn, day)])
    with held.begin("night.todos") as conn:
        fingerprint, todos = _ask(conn, day, last)
    with held.begin("night.signals") as conn:
        raised, bad = _warn(conn, day)
    with held.begin("night.snapshot") as conn:
        generation.snapshot(conn, day)
        calendar.plant_when_due(conn, day)
    report.add(todos.counts, raised, len(todos.set_aside) + bad)
    standing = todos.counts.created + todos.counts.kept + todos.counts.rescheduled
    return {
        "began": began.isoformat(),
        "fingerprint": fingerprint,
        "people": todos.people,
        "todos": vars(todos.counts) | {"kept": standing},
        "signals": vars(raised),
    }


def _ask(conn: Connection, day: date, last) -> tuple[str, generate.Outcome]:
    """The todos of the night, and by which rules."""
    found = generate.book(conn, day)
    since = _since(last, found.fingerprint)
    if since and since.day == day and generation.nothing_changed(conn, since):
        todos = generate.Outcome(generation.Counts(kept=last.detail["todos"]["kept"]), [], since.people)
    else:
        todos = generate.generate(conn, day, found, since)
    _set_aside(conn, day, todos.set_aside)
    absences.follow(conn, day, clock.today())
    notices.of_todos(conn, day)
    return found.fingerprint, todos


def _warn(conn: Connection, day: date) -> tuple[SignalCounts, int]:
    """The signals of the night, and how many rules could not be understood."""
    rules, bad = signal_rules.in_force(definitions.in_force(conn, Definition.SIGNAL_RULE, day))
    raised = signals.detect(conn, rules, day)
    _set_aside(conn, day, [("signal rule", code, why) for code, why in bad])
    notices.of_signals(conn, day)
    return raised, len(bad)


def _looked_at(conn, last, day: date) -> bool:
    """This very night was done, and nobody was touched since."""
    return (
        last is not None
        and last.business_date == day
        and generation.nothing_changed(conn, Since(day, datetime.fromisoformat(last.detail["began"]), last.detail.get("people")))
    )


def _since(last, fingerprint: str) -> Since | None:
    """What the last night saw; None makes this one look at everybody, because the rules or the calendar changed."""
    if last is None or last.detail.get("fingerprint") != fingerprint:
        return None
    return Since(last.business_date, datetime.fromisoformat(last.detail["began"]), last.detail.get("people"))


def _set_aside(conn, day: date, things: list[tuple[str, str, str]]) -> None:
    for what, which, why in things:
        jobs.set_aside(conn, JOB, day, what, which, why)
