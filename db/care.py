"""贷后信息与备注: what the bank itself knows of a customer, beside what the feed hands down, and what was noted."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db.tables import customer_facts, notes, staff

k, n = customer_facts.c, notes.c


def of_customer(conn: sa.Connection, customer_id: int) -> sa.Row | None:
    """The facts with their authors; the full phone is for `customers.reveal`."""
    phoned, updated = staff.alias("phoned"), staff.alias("updated")
    return conn.execute(
        select(k.customer_id, k.phone_masked, k.phone_at, k.business, k.remarks, k.needs, k.updated_at, k.phone_by,
               phoned.c.name.label("phone_author"), updated.c.name.label("author"))
        .outerjoin(phoned, phoned.c.id == k.phone_by)
        .join(updated, updated.c.id == k.updated_by)
        .where(k.customer_id == customer_id)
    ).one_or_none()  # fmt: skip


def put(conn: sa.Connection, customer_id: int, values: dict, seen_at: datetime | None) -> bool:
    """False when somebody else wrote since these facts were seen; `seen_at` None: there were none."""
    if seen_at is None:
        new = (
            insert(customer_facts).values(customer_id=customer_id, **values).on_conflict_do_nothing(index_elements=[k.customer_id])
        )
        return conn.execute(new).rowcount == 1
    return (
        conn.execute(
            sa.update(customer_facts).where(k.customer_id == customer_id, k.updated_at == seen_at).values(values)
        ).rowcount
        == 1
    )  # fmt: skip


def add_note(conn: sa.Connection, customer_id: int, staff_id: int, note: str, now: datetime) -> None:
    conn.execute(sa.insert(notes).values(customer_id=customer_id, staff_id=staff_id, note=note, noted_at=now))


def notes_of(conn: sa.Connection, customer_id: int) -> list[sa.Row]:
    """Latest first."""
    return conn.execute(
        select(n.id, n.note, n.noted_at, n.staff_id, staff.c.name.label("staff"))
        .join(staff, staff.c.id == n.staff_id)
        .where(n.customer_id == customer_id)
        .order_by(n.noted_at.desc(), n.id.desc())
        .limit(50)
    ).all()
