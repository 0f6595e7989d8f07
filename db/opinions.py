"""Head office's word on checks: passed, or returned with what is missing; a returned one may be passed later."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db.tables import customers, opinions, records
from db.vocab import Opinion

o, r = opinions.c, records.c


def give(conn: sa.Connection, record, opinion: Opinion, words: str | None, by: int, now: datetime) -> bool:
    """False when it has been passed already, or returned and is returned again."""
    said = {"state": opinion, "words": words, "made_by": by, "made_at": now}
    about = {"record_id": record.id, "customer_id": record.customer_id, "branch_id": record.branch_id, "staff_id": record.staff_id}
    may_follow = sa.and_(o.state == Opinion.RETURNED, sa.literal(str(opinion)) == Opinion.PASSED)
    given = insert(opinions).values(about | said)
    given = given.on_conflict_do_update(index_elements=[o.record_id, o.customer_id], set_=said, where=may_follow)
    return conn.execute(given).rowcount == 1


def of_record(conn: sa.Connection, record_id: int) -> sa.Row | None:
    return conn.execute(select(opinions).where(o.record_id == record_id)).one_or_none()


def returned_to(conn: sa.Connection, staff_id: int) -> list[sa.Row]:
    """Checks that came back to somebody and that he has not followed up with another check of the same customer."""
    later = select(r.id).where(r.customer_id == o.customer_id, r.staff_id == o.staff_id, r.received_at > o.made_at)
    return conn.execute(
        select(o.record_id, o.words, o.made_at, customers.c.name.label("customer"), customers.c.customer_no)
        .outerjoin(customers, customers.c.id == o.customer_id)
        .where(o.staff_id == staff_id, o.state == Opinion.RETURNED, ~later.exists())
        .order_by(o.made_at.desc())
    ).all()
