"""Prints of photos, and which photos show the same. Compared by the machine, over all customers and officers.

Numbers are given out under a lock that is held until the end of the transaction: whoever holds it sees every print
with a smaller number, so of two photos that arrive at once one always meets the other.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from db.tables import copies, photos, prints, records, uploads

p, c, u, f = prints.c, copies.c, uploads.c, photos.c
TURN = 0x5649_0002  # any fixed number; one photo at a time is compared


def take_turn(conn: sa.Connection) -> None:
    """Until the end of the transaction nobody else compares a photo."""
    conn.execute(select(func.pg_advisory_xact_lock(TURN)))


def waiting(conn: sa.Connection, upload_id: UUID | None = None, limit: int = 100) -> list[sa.Row]:
    """Photos that are in the store and have no print yet, on their way or kept; `record_id` of those kept."""
    on_their_way = select(
        u.id.label("upload_id"), u.customer_id, u.submit_key, u.staff_id, u.sha256, sa.cast(None, sa.BigInteger).label("record_id")
    ).where(u.sha256.is_not(None), _without_print(u.id))
    kept = (
        select(f.upload_id, f.customer_id, records.c.submit_key, f.staff_id, f.sha256, f.record_id)
        .join(records, (records.c.id == f.record_id) & (records.c.customer_id == f.customer_id))
        .where(_without_print(f.upload_id))
    )
    if upload_id is not None:
        on_their_way, kept = on_their_way.where(u.id == upload_id), kept.where(f.upload_id == upload_id)
    return conn.execute(sa.union_all(on_their_way, kept).limit(limit)).all()


def _without_print(upload_id: sa.ColumnElement) -> sa.ColumnElement[bool]:
    return ~select(p.no).where(p.upload_id == upload_id).exists()


def since(conn: sa.Connection, no: int) -> list[sa.Row]:
    """Number and hashes of everything after a number."""
    return conn.execute(select(p.no, p.hashes).where(p.no > no).order_by(p.no)).all()


def thumbs(conn: sa.Connection, numbers: Sequence[int]) -> dict[int, bytes]:
    return {no: bytes(thumb) for no, thumb in conn.execute(select(p.no, p.thumb).where(p.no.in_(numbers)))}


def named(conn: sa.Connection, numbers: Sequence[int]) -> dict[int, sa.Row]:
    """Which photo, of which customer, has a number."""
    rows = conn.execute(select(p.no, p.upload_id, p.customer_id, p.submit_key).where(p.no.in_(numbers)))
    return {row.no: row for row in rows}


def same_file(conn: sa.Connection, sha256: bytes) -> list[int]:
    return list(conn.execute(select(p.no).where(p.sha256 == sha256).order_by(p.no)).scalars())


def add(conn: sa.Connection, row: dict) -> bool:
    """False when somebody else was quicker."""
    added = insert(prints).values(row).on_conflict_do_nothing(index_elements=[p.upload_id, p.customer_id])
    return conn.execute(added).rowcount == 1


def add_copies(conn: sa.Connection, rows: list[dict]) -> None:
    if rows:
        conn.execute(insert(copies).on_conflict_do_nothing(), rows)


def forget_dropped(conn: sa.Connection, before: datetime) -> int:
    """Prints of photos that were taken back before they were sent."""
    on_its_way = select(u.id).where(u.id == p.upload_id).exists()
    kept = select(f.id).where(f.upload_id == p.upload_id).exists()
    return conn.execute(sa.delete(prints).where(p.made_at < before, ~on_its_way, ~kept)).rowcount
