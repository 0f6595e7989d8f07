"""Which job runs where: claimed once a business date, however many schedulers are awake.

A job is held by a session lock on the connection that does its work. Whoever dies loses the connection and with it
the lock, so nobody waits for a lease to run out, and a process that was asleep wakes up without the right to commit.
"""

import os
import platform
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from db import store
from db.access import MACHINE, act_as
from db.tables import job_runs, problems
from db.vocab import JobState

j = job_runs.c


class Held:
    """A job in hand: `begin()` opens one transaction of it on the connection that holds the lock."""

    def __init__(self, conn: sa.Connection, job: str) -> None:
        self.conn, self.job = conn, job

    @contextmanager
    def begin(self, verb: str = "") -> Iterator[sa.Connection]:
        with self.conn.begin():
            act_as(self.conn, MACHINE, verb or self.job)
            yield self.conn


@contextmanager
def held(job: str, *, wait: bool) -> Iterator[Held | None]:
    """The job's lock, or None when another process has it and we do not wait."""
    with store.engine().connect() as conn:
        got = _lock(conn, job, wait)
        try:
            yield Held(conn, job) if got else None
        finally:
            if got and not conn.closed:
                conn.rollback()
                conn.exec_driver_sql(f"select pg_advisory_unlock({number_of(job)})")
                conn.commit()


def _lock(conn: sa.Connection, job: str, wait: bool) -> bool:
    if wait:
        conn.exec_driver_sql(f"select pg_advisory_lock({number_of(job)})")
        got = True
    else:
        got = conn.exec_driver_sql(f"select pg_try_advisory_lock({number_of(job)})").scalar_one()
    # A process that hangs for good outside a transaction must let go one day.
    conn.exec_driver_sql("set idle_session_timeout = '10min'")
    conn.commit()
    return got


def number_of(job: str) -> int:
    """Of a job's lock."""
    return 0x56494749_00000000 + zlib.crc32(job.encode())


def claim(conn: sa.Connection, job: str, day: date) -> bool:
    """True when this job has not been done for this date; a run that failed or was killed is taken up again."""
    row = insert(job_runs).values(job=job, business_date=day, state=JobState.RUNNING, worker=_worker())
    again = row.on_conflict_do_update(
        index_elements=[j.job, j.business_date],
        set_={
            "state": JobState.RUNNING,
            "attempt": j.attempt + 1,
            "started_at": func.now(),
            "finished_at": None,
            "error": None,
            "worker": row.excluded.worker,
        },
        where=j.state != JobState.DONE,
    )
    return conn.execute(again.returning(j.id)).scalar_one_or_none() is not None


def claim_again(conn: sa.Connection, job: str, now: datetime, every: timedelta) -> bool:
    """A recurring job: true when it has not run within its interval, for one caller only."""
    row = insert(job_runs).values(job=job, business_date=now.date(), state=JobState.RUNNING, worker=_worker())
    again = row.on_conflict_do_update(
        index_elements=[j.job, j.business_date],
        set_={"state": JobState.RUNNING, "attempt": j.attempt + 1, "started_at": func.now(), "error": None, "worker": _worker()},
        where=j.started_at < func.now() - every,
    )
    recent = select(j.id).where(j.job == job, j.started_at > func.now() - every)
    if conn.execute(select(recent.exists())).scalar_one():
        return False
    return conn.execute(again.returning(j.id)).scalar_one_or_none() is not None


def _worker() -> str:
    return f"{platform.node()}:{os.getpid()}"


def finish(conn: sa.Connection, job: str, day: date, detail: dict) -> None:
    _end(conn, job, day, state=JobState.DONE, detail=detail)


def fail(conn: sa.Connection, job: str, day: date, error: str) -> None:
    _end(conn, job, day, state=JobState.FAILED, error=error)


def _end(conn: sa.Connection, job: str, day: date, **values: object) -> None:
    conn.execute(sa.update(job_runs).where(j.job == job, j.business_date == day).values(finished_at=func.now(), **values))


def last_done(conn: sa.Connection, job: str) -> sa.Row | None:
    return conn.execute(
        select(job_runs).where(j.job == job, j.state == JobState.DONE).order_by(j.business_date.desc()).limit(1)
    ).one_or_none()


def runs(conn: sa.Connection, limit: int = 100) -> list[sa.Row]:
    return conn.execute(select(job_runs).order_by(j.id.desc()).limit(limit)).all()


def set_aside(conn: sa.Connection, job: str, day: date, what: str, ref: str, reason: str) -> None:
    """Note what a run left out so that the rest could go on."""
    conn.execute(insert(problems).values(job=job, business_date=day, what=what, ref=ref, reason=reason).on_conflict_do_nothing())


def recent_problems(conn: sa.Connection) -> list[sa.Row]:
    return conn.execute(select(problems).order_by(problems.c.id.desc()).limit(100)).all()
