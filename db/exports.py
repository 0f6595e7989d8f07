"""Files that are made of lists and reports: on their way, claimed once, there for their maker until they are deleted."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db.tables import exports, requests
from db.vocab import PENDING_EXPORTS, Approval, ExportState, Request

x, r = exports.c, requests.c
TRIES = 3  # a file whose maker's process dies so often is left


def add(conn: sa.Connection, **values: object) -> int | None:
    """Its id; None when the same is on its way already."""
    return conn.execute(insert(exports).values(**values).on_conflict_do_nothing().returning(x.id)).scalar()


def get(conn: sa.Connection, export_id: int) -> sa.Row | None:
    return conn.execute(select(exports).where(x.id == export_id)).one_or_none()


def latest(conn: sa.Connection, staff_id: int, same: str) -> sa.Row | None:
    """The last file of this very thing that is on its way, there, or failed."""
    return conn.execute(
        select(exports)
        .where(x.staff_id == staff_id, x.same == same, x.state != ExportState.GONE, x.report_id.is_(None))
        .order_by(x.id.desc())
        .limit(1)
    ).one_or_none()


def of_person(conn: sa.Connection, staff_id: int, limit: int = 50) -> list[sa.Row]:
    """Latest first."""
    return conn.execute(select(exports).where(x.staff_id == staff_id).order_by(x.id.desc()).limit(limit)).all()


# --- Who makes it -----------------------------------------------------------------------------------------------------


def _answered(state: Approval) -> sa.Exists:
    asked = select(r.id).where(r.customer_id == 0, r.kind == Request.EXPORT, r.subject_id == x.id, r.state == state)
    return asked.exists()


def _ready_to_make(now: datetime, patience: timedelta) -> sa.ColumnElement[bool]:
    """Waiting; held, and approved since; or in the hands of somebody who has given no sign of life."""
    return sa.or_(
        x.state == ExportState.WAITING,
        sa.and_(x.state == ExportState.HELD, _answered(Approval.APPROVED)),
        sa.and_(x.state == ExportState.RUNNING, x.touched_at < now - patience),
    )


def to_make(conn: sa.Connection, now: datetime, patience: timedelta) -> list[int]:
    """Ids, oldest first."""
    pending = x.state.in_(PENDING_EXPORTS)
    return list(conn.execute(select(x.id).where(pending, _ready_to_make(now, patience)).order_by(x.id)).scalars())


def claim(conn: sa.Connection, export_id: int, now: datetime, patience: timedelta) -> sa.Row | None:
    """For one caller only: what is to be made."""
    return conn.execute(
        sa.update(exports)
        .where(x.id == export_id, _ready_to_make(now, patience))
        .values(state=ExportState.RUNNING, touched_at=now, tries=x.tries + 1, done=0)
        .returning(exports)
    ).one_or_none()


def progress(conn: sa.Connection, export_id: int, done: int, now: datetime) -> None:
    conn.execute(sa.update(exports).where(x.id == export_id).values(done=done, touched_at=now))


def finish(conn: sa.Connection, export_id: int, tries: int, **values: object) -> bool:
    """False when somebody else has taken it over meanwhile."""
    mine = sa.update(exports).where(x.id == export_id, x.state == ExportState.RUNNING, x.tries == tries)
    return conn.execute(mine.values(**values)).rowcount == 1


def refuse_unanswered(conn: sa.Connection, now: datetime) -> int:
    """Held ones whose request was refused or taken back."""
    said_no = sa.or_(_answered(Approval.REFUSED), _answered(Approval.WITHDRAWN))
    held = sa.update(exports).where(x.state == ExportState.HELD, said_no)
    return conn.execute(held.values(state=ExportState.REFUSED, finished_at=now)).rowcount


# --- When it goes -----------------------------------------------------------------------------------------------------


def expire(conn: sa.Connection, now: datetime) -> list[str]:
    """Names of the files that are to be deleted now."""
    old = sa.update(exports).where(x.state == ExportState.READY, x.until_at < now)
    return list(conn.execute(old.values(state=ExportState.GONE).returning(x.file)).scalars())


def files(conn: sa.Connection) -> set[str]:
    """Names of the files that somebody may still fetch."""
    return set(conn.execute(select(x.file).where(x.state == ExportState.READY)).scalars())


def forget(conn: sa.Connection, before: datetime) -> int:
    """Rows of files long gone."""
    over = x.state.not_in(PENDING_EXPORTS) & (x.state != ExportState.READY)
    return conn.execute(sa.delete(exports).where(over, x.asked_at < before)).rowcount
