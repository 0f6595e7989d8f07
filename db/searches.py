"""What each person searched for last: seen by himself alone, the latest few."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db.tables import searches

s = searches.c


def recent(conn: sa.Connection, staff_id: int, limit: int = 8) -> list[str]:
    """Latest first."""
    return list(conn.execute(select(s.words).where(s.staff_id == staff_id).order_by(s.at.desc()).limit(limit)).scalars())


def keep(conn: sa.Connection, staff_id: int, words: str, now: datetime, most: int) -> None:
    """On top of the list; what is older than the latest `most` goes."""
    row = insert(searches).values(staff_id=staff_id, words=words, at=now)
    conn.execute(row.on_conflict_do_update(index_elements=[s.staff_id, s.words], set_={"at": now}))
    latest = select(s.words).where(s.staff_id == staff_id).order_by(s.at.desc()).limit(most)
    conn.execute(sa.delete(searches).where(s.staff_id == staff_id, s.words.not_in(latest)))


def forget(conn: sa.Connection, staff_id: int) -> None:
    conn.execute(sa.delete(searches).where(s.staff_id == staff_id))
