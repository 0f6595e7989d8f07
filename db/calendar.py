"""Days that are not what their weekday says."""

import hashlib
from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from db.tables import calendar_days, staff

c = calendar_days.c


def exceptions(conn: sa.Connection) -> dict[date, bool]:
    return dict(conn.execute(sa.select(c.day, c.working)).all())


def fingerprint(conn: sa.Connection) -> str:
    """Changes whenever a day does."""
    days = conn.execute(sa.select(c.day, c.working).order_by(c.day)).all()
    return hashlib.sha256(repr(days).encode()).hexdigest()[:16]


def between(conn: sa.Connection, first: date, last: date) -> list[sa.Row]:
    """day, working, note, set_by and by whom, of the days that are not what their weekday says or were set by the bank."""
    return conn.execute(
        sa.select(c.day, c.working, c.note, c.set_by, staff.c.name.label("setter"))
        .outerjoin(staff, staff.c.id == c.set_by)
        .where(c.day.between(first, last))
        .order_by(c.day)
    ).all()


def put(conn: sa.Connection, rows: list[dict]) -> None:
    """Days as the bank sets them; one without `set_by` is as it is published again."""
    row = insert(calendar_days)
    values = {name: row.excluded[name] for name in ("working", "note", "set_by")}
    conn.execute(row.on_conflict_do_update(index_elements=[c.day], set_=values), rows)


def plant(conn: sa.Connection, rows: list[dict]) -> None:
    """Published days; a day the bank has set itself stays as it set it."""
    if not rows:
        return
    row = insert(calendar_days)
    conn.execute(
        row.on_conflict_do_update(
            index_elements=[c.day],
            set_={name: row.excluded[name] for name in ("working", "provisional", "note")},
            where=c.set_by.is_(None),
        ),
        rows,
    )
