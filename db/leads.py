"""商机: new business noted during a check."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy import select

from db.listing import Page, page
from db.tables import branches, customers, leads, staff

x = leads.c
SORTS = {"noted": x.noted_at, "name": x.name, "branch": branches.c.code, "staff": staff.c.name}


def add(conn: sa.Connection, rows: list[dict]) -> None:
    if rows:
        conn.execute(sa.insert(leads), rows)


def listing(conn: sa.Connection, *, since: date | None = None, staff_id: int | None = None, sort: str = "-noted", limit: int = 50,
            offset: int = 0) -> Page:  # fmt: skip
    """With whom each was met, where the customer may still be seen."""
    query = (
        select(
            x.id, x.customer_id, x.record_id, x.name, x.phone, x.wish, x.noted_at, x.staff_id,
            customers.c.name.label("customer"), customers.c.customer_no, branches.c.name.label("branch"), staff.c.name.label("staff"),
        )
        .outerjoin(customers, customers.c.id == x.customer_id)
        .join(branches, branches.c.id == x.branch_id)
        .join(staff, staff.c.id == x.staff_id)
    )  # fmt: skip
    where = [x.noted_at >= since] if since else []
    where += [x.staff_id == staff_id] if staff_id is not None else []
    return page(conn, query.where(*where), SORTS, sort, limit, offset)
