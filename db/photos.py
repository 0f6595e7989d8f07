"""Photos of submitted checks: where they lie, of whom. The pictures themselves are in the content-addressed store."""

import sqlalchemy as sa
from sqlalchemy import select

from db.tables import customers, photos, staff

p = photos.c


def add(conn: sa.Connection, rows: list[dict]) -> None:
    if rows:
        conn.execute(sa.insert(photos), rows)


def get(conn: sa.Connection, photo_id: int) -> sa.Row | None:
    """With who took it, at whose place, as far as these may be seen."""
    return conn.execute(
        select(photos, staff.c.name.label("staff"), customers.c.name.label("customer"), customers.c.address.label("place"))
        .outerjoin(staff, staff.c.id == p.staff_id)
        .outerjoin(customers, customers.c.id == p.customer_id)
        .where(p.id == photo_id)
    ).one_or_none()


def of_record(conn: sa.Connection, record_id: int) -> list[sa.Row]:
    return conn.execute(select(photos).where(p.record_id == record_id).order_by(p.id)).all()
