"""Queries that people keep under a name, share, and have made by themselves."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db.tables import reports, staff

r = reports.c


def _query() -> sa.Select:
    return select(reports, staff.c.name.label("owner")).join(staff, staff.c.id == r.owner_id)


def listing(conn: sa.Connection) -> list[sa.Row]:
    """My own and those shared with me, by name."""
    return conn.execute(_query().order_by(r.name, r.id)).all()


def get(conn: sa.Connection, report_id: int) -> sa.Row | None:
    return conn.execute(_query().where(r.id == report_id)).one_or_none()


def due(conn: sa.Connection, today: date) -> list[sa.Row]:
    """Those whose day has come."""
    return conn.execute(_query().where(r.rhythm.is_not(None), r.next_on <= today).order_by(r.id)).all()


def add(conn: sa.Connection, owner_id: int, name: str, wish: dict) -> int | None:
    """Its id; None when the owner has one of that name."""
    return conn.execute(
        insert(reports).values(owner_id=owner_id, name=name, wish=wish).on_conflict_do_nothing().returning(r.id)
    ).scalar()


def change(conn: sa.Connection, report_id: int, owner_id: int, **values: object) -> bool:
    """False when it is not his."""
    return conn.execute(sa.update(reports).where(r.id == report_id, r.owner_id == owner_id).values(**values)).rowcount == 1


def move_on(conn: sa.Connection, report_id: int, was: date, to: date) -> bool:
    """True for whoever moved it on from that day."""
    return conn.execute(sa.update(reports).where(r.id == report_id, r.next_on == was).values(next_on=to)).rowcount == 1


def remove(conn: sa.Connection, report_id: int, owner_id: int) -> bool:
    return conn.execute(sa.delete(reports).where(r.id == report_id, r.owner_id == owner_id)).rowcount == 1
