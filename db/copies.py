"""Which photos of a check were handed in before: told without saying whose, shown as far as the reader may see."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import func, select

from db.tables import copies, customers, photos, staff

c = copies.c


def of_form(conn: sa.Connection, submit_key: UUID) -> list[sa.Row]:
    """Photos of a form that were handed in earlier with another check, of whomever; asked by its author or the machine."""
    again = func.vigil_found_again(submit_key).table_valued("upload_id", "earlier_id", "share", "same_customer", "same_officer")
    return conn.execute(select(again.c["upload_id", "earlier_id", "share", "same_customer", "same_officer"])).all()


def of_record(conn: sa.Connection, record_id: int) -> list[sa.Row]:
    """Pairs with a photo of this check: the earlier photo, its customer and officer are null where they may not be seen."""
    mine, other = photos.alias("mine"), photos.alias("other")
    pairs = sa.union_all(
        select(c.upload_id.label("mine"), c.earlier_id.label("other"), c.share, c.mirrored, c.exact),
        select(c.earlier_id, c.upload_id, c.share, c.mirrored, c.exact),
    ).subquery()
    return conn.execute(
        select(
            mine.c.id.label("photo_id"), pairs.c.share, pairs.c.mirrored, pairs.c.exact, other.c.id.label("earlier_id"),
            other.c.received_at.label("earlier_at"), other.c.record_id.label("earlier_record"), customers.c.name.label("earlier_customer"),
            staff.c.name.label("earlier_officer"),
        )
        .select_from(mine)
        .join(pairs, pairs.c.mine == mine.c.upload_id)
        .outerjoin(other, other.c.upload_id == pairs.c.other)
        .outerjoin(customers, customers.c.id == other.c.customer_id)
        .outerjoin(staff, staff.c.id == other.c.staff_id)
        .where(mine.c.record_id == record_id, sa.func.coalesce(other.c.record_id, 0) != record_id)
        .order_by(mine.c.id, pairs.c.share.desc())
    ).all()  # fmt: skip
