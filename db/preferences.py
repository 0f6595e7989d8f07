"""What each person wishes: language, theme, first page, favourites."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from db.tables import preferences

p = preferences.c


def of(conn: sa.Connection, staff_id: int) -> dict:
    return conn.execute(sa.select(p.wishes).where(p.staff_id == staff_id)).scalar_one_or_none() or {}


def put(conn: sa.Connection, staff_id: int, wishes: dict) -> None:
    """These wishes; others stay."""
    row = insert(preferences).values(staff_id=staff_id, wishes=wishes)
    conn.execute(row.on_conflict_do_update(index_elements=[p.staff_id], set_={"wishes": p.wishes.op("||")(row.excluded.wishes)}))
