"""The scheduler: which job at which hour, readable in one table, and the loop that runs them.

Any number of processes may run it, the app's own and `python -m engine serve`: the database lets each daily job
happen once a business date, and each recurring one once in its interval.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as clock_time

import structlog

from db import access, calendar, calendar_links, jobs, sessions, settings
from db.access import MACHINE
from engine import (
    book_counts,
    clock,
    counting,
    exports,
    footprints,
    kept_reports,
    night,
    notices,
    outbox,
    quality,
    spelling,
    suspects,
    visits,
)
from engine import calendar as working_days
from engine.feed import load
from engine.photos import finding

log = structlog.get_logger()
TICK = 20.0  # seconds between two looks at the table


@dataclass(frozen=True)
class Job:
    """`at`: once a day from that hour on, in China's time; `every`: again after so long. `what` is told on the screen."""

    name: str
    what: str
    run: Callable[[], object]
    at: clock_time | None = None
    every: timedelta | None = None


def _night() -> object:
    """Yesterday's business date, and every day before it that was missed."""
    return night.night(clock.today() - timedelta(days=1), wait=False, again=False)


def _late_feed() -> object:
    """A delivery of the last night's day that came after it: the night is run again, which changes only what it brings."""
    with access.reading(MACHINE) as conn:
        last = jobs.last_done(conn, night.JOB)
        folder = settings.inbox() / f"{last.business_date:%Y%m%d}" if last else None
        if folder is None or not folder.is_dir() or not load.new_sources(conn, last.business_date, folder):
            return None
    return night.night(last.business_date, wait=False)


def _tidy() -> object:
    with access.transaction(MACHINE, "tidy") as conn:
        calendar_links.end_of_leavers(conn)
        notices.forget_old(conn)
        visits.forget_untouched(conn, now=clock.now())
        counting.forget_old(conn, clock.now())
    with access.gate() as conn:
        return sessions.tidy(conn, clock.now())


def _digest() -> object:
    with access.transaction(MACHINE, "digest") as conn:
        notices.of_the_day(conn, clock.now(), working_days.load(conn))


def _holidays() -> object:
    with access.transaction(MACHINE, "calendar") as conn:
        working_days.plant(conn, clock.today())
        return len(calendar.exceptions(conn))


def _coarsen() -> object:
    with access.transaction(MACHINE, "footprints.coarsen") as conn:
        return footprints.coarsen(conn, clock.today())


def _suspects() -> object:
    with access.transaction(MACHINE, "addresses") as conn:
        return suspects.look(conn, clock.today())


def _photos() -> object:
    """What could not be compared when it came: the server was killed, or an older version kept it without a print."""
    with access.transaction(MACHINE, "photo.compare") as conn:
        finding.forget(conn, clock.now())
    return visits.compare(now=clock.now())


def _counts() -> object:
    """Figures that take long, before head office asks for them."""
    today = clock.today()
    with access.reading(MACHINE) as conn:
        usual = book_counts.usual(conn, today)
    return counting.ahead(usual)


def _quality() -> object:
    return quality.judge_new(clock.now())


JOBS = (
    Job(
        "night",
        "Load what is new, make and end todos, raise and lift signals, keep a picture of the day",
        _night,
        at=clock_time(1, 30),
    ),
    Job("late feed", "Load a delivery that came after the night and run that night again", _late_feed, every=timedelta(minutes=10)),
    Job(
        "addresses",
        "Doubt marks that many customers share or that lie where no customer can be",
        _suspects,
        every=timedelta(hours=12),
    ),
    Job("names", "Spell new names for the search", spelling.catch_up, every=timedelta(minutes=10)),
    Job("photos", "Compare photos that were not compared when they came", _photos, every=timedelta(minutes=1)),
    Job("quality", "Point out what is odd about checks that have just come", _quality, every=timedelta(minutes=1)),
    Job("counts", "Count large figures anew that take long, before anybody waits for them", _counts, every=timedelta(minutes=10)),
    Job("exports", "Make files that wait, delete those that are over", exports.work, every=timedelta(seconds=20)),
    Job("reports", "Ask for the reports that are made by themselves", kept_reports.make_due, every=timedelta(minutes=10)),
    Job("coarsen", "Round old positions of officers to about a kilometre", _coarsen, every=timedelta(days=1)),
    Job("digest", "Tell everybody whose hour has come how the day stands, on working days", _digest, every=timedelta(minutes=10)),
    Job("outbox", "Send what people are told through the channels they have chosen", outbox.run, every=timedelta(minutes=1)),
    Job("tidy", "End sessions that expired, links of leavers, old messages, forms opened in vain", _tidy, every=timedelta(hours=1)),
    Job("holidays", "Take in newly published holidays", _holidays, every=timedelta(days=7)),
)


class Scheduler:
    """Runs due jobs in a thread of its own until stopped."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="scheduler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _loop(self) -> None:
        while not self._stop.wait(TICK):
            run_due(clock.local_now())


def run_due(now: datetime) -> list[str]:
    """Run every job that is due; names of those that this process ran. A job that fails is told and tried again later."""
    ran = []
    for job in JOBS:
        try:
            if _claimed(job, now):
                done = job.run()
                _finished(job, now)
                if job.at is None or done is not None:  # the night: None when another process did it
                    ran.append(job.name)
        except Exception as wrong:
            log.error("job failed", job=job.name, error=f"{type(wrong).__name__}: {wrong}", exc_info=True)
            _failed(job, now, wrong)
    return ran


def _claimed(job: Job, now: datetime) -> bool:
    """This process's turn. The night claims its dates itself, so here it is only asked whether it is due."""
    with access.transaction(MACHINE, "scheduler") as conn:
        if job.at is not None:
            last = jobs.last_done(conn, job.name)
            return now.time() >= job.at and (last is None or last.business_date < now.date() - timedelta(days=1))
        return jobs.claim_again(conn, job.name, now, job.every)


def _finished(job: Job, now: datetime) -> None:
    if job.every is not None:
        with access.transaction(MACHINE, "scheduler") as conn:
            jobs.finish(conn, job.name, now.date(), {})


def _failed(job: Job, now: datetime, wrong: Exception) -> None:
    if job.every is None:
        return
    try:
        with access.transaction(MACHINE, "scheduler") as conn:
            jobs.fail(conn, job.name, now.date(), f"{type(wrong).__name__}: {wrong}"[:2000])
    except Exception:
        log.error("the store is away")


def serve_forever() -> None:
    """`python -m engine serve`: the scheduler without the app."""
    while True:
        run_due(clock.local_now())
        time.sleep(TICK)
