"""Days that are not what their weekday says."""

import hashlib
from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from db.tables import calendar_days

c = calendar_days.c


def exceptions(conn: sa.Connection) -> dict[date, bool]:
    return dict(conn.execute(sa.select(c.day, c.working)).all())


def fingerprint(conn: sa.Connection) -> str:
    """Changes whenever a day does."""
    days = conn.execute(sa.select(c.day, c.working).order_by(c.day)).all()
    return hashlib.sha256(repr(days).encode()).hexdigest()[:16]


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
