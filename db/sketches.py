"""Definitions that somebody is still writing: one a person and code, seen by nobody else."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from db.tables import sketches
from db.vocab import Definition

s = sketches.c


def of(conn: sa.Connection, staff_id: int, family: Definition, code: str) -> dict | None:
    return conn.execute(sa.select(s.body).where(s.staff_id == staff_id, s.family == family, s.code == code)).scalar_one_or_none()


def mine(conn: sa.Connection, staff_id: int, family: Definition) -> list[sa.Row]:
    """code, body, saved_at of what somebody has begun, latest first."""
    return conn.execute(
        sa.select(s.code, s.body, s.saved_at).where(s.staff_id == staff_id, s.family == family).order_by(s.saved_at.desc())
    ).all()


def put(conn: sa.Connection, staff_id: int, family: Definition, code: str, body: dict, now: datetime) -> None:
    row = insert(sketches).values(staff_id=staff_id, family=family, code=code, body=body, saved_at=now)
    conn.execute(
        row.on_conflict_do_update(
            index_elements=[s.staff_id, s.family, s.code], set_={"body": row.excluded.body, "saved_at": row.excluded.saved_at}
        )
    )


def drop(conn: sa.Connection, staff_id: int, family: Definition, code: str) -> None:
    conn.execute(sa.delete(sketches).where(s.staff_id == staff_id, s.family == family, s.code == code))
