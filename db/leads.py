"""商机: new business, noted during a check or by hand, and what has become of it."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import func, select

from db.listing import Page, contains, page, stream
from db.tables import branches, customers, leads, staff
from db.vocab import LeadState

x = leads.c
owner = staff.alias("owner")
FOLLOWED_BY = func.coalesce(x.owner_id, x.staff_id)
SORTS = {
    "noted": x.noted_at, "name": x.name, "branch": branches.c.code, "staff": staff.c.name, "changed": x.changed_at,
}  # fmt: skip


def add(conn: sa.Connection, rows: list[dict]) -> None:
    if rows:
        conn.execute(sa.insert(leads), rows)


def of_record(conn: sa.Connection, record_id: int) -> list[sa.Row]:
    return conn.execute(select(x.id, x.name, x.phone, x.wish, x.noted_at).where(x.record_id == record_id).order_by(x.id)).all()


def _query() -> sa.Select:
    """With whom each was met, where the customer may still be seen."""
    return (
        select(
            x.id, x.customer_id, x.record_id, x.name, x.phone, x.wish, x.noted_at, x.staff_id, x.state, x.owner_id, x.lost_because,
            x.changed_at, FOLLOWED_BY.label("followed_by"), customers.c.name.label("customer"), customers.c.customer_no,
            branches.c.name.label("branch"), staff.c.name.label("staff"), func.coalesce(owner.c.name, staff.c.name).label("follower"),
        )
        .outerjoin(customers, customers.c.id == x.customer_id)
        .join(branches, branches.c.id == x.branch_id)
        .join(staff, staff.c.id == x.staff_id)
        .outerjoin(owner, owner.c.id == x.owner_id)
    )  # fmt: skip


def _conditions(since: date | None, staff_id: int | None, follower_id: int | None, state: str | None, text: str | None) -> list:
    where = [x.noted_at >= since] if since else []
    where += [contains(x.name, text) | contains(x.wish, text)] if text else []
    exact = ((x.staff_id, staff_id), (FOLLOWED_BY, follower_id), (x.state, state))
    return where + [column == value for column, value in exact if value is not None]


def listing(
    conn: sa.Connection, *, since: date | None = None, staff_id: int | None = None, follower_id: int | None = None,
    state: str | None = None, text: str | None = None, sort: str = "-noted", limit: int = 50, offset: int = 0,
) -> Page:  # fmt: skip
    return page(conn, _query().where(*_conditions(since, staff_id, follower_id, state, text)), SORTS, sort, limit, offset)


def export(conn: sa.Connection, state: str | None = None, text: str | None = None, sort: str = "-noted"):
    return stream(conn, _query().where(*_conditions(None, None, None, state, text)), SORTS, sort)


def get(conn: sa.Connection, lead_id: int) -> sa.Row | None:
    return conn.execute(_query().where(x.id == lead_id)).one_or_none()


def counts(conn: sa.Connection, follower_id: int | None = None) -> dict[str, int]:
    """How many leads are in which state."""
    where = [] if follower_id is None else [follower_id == FOLLOWED_BY]
    return dict(conn.execute(select(x.state, func.count()).where(*where).group_by(x.state)).all())


def move(conn: sa.Connection, lead_id: int, was: LeadState, values: dict) -> bool:
    """False when somebody else moved it first."""
    return conn.execute(sa.update(leads).where(x.id == lead_id, x.state == was).values(values)).rowcount == 1


def give(conn: sa.Connection, lead_id: int, was: int, to: int, by: int, now: datetime) -> bool:
    """False when it is followed by somebody else than `was` by now."""
    mine = sa.update(leads).where(x.id == lead_id, was == FOLLOWED_BY)
    return conn.execute(mine.values(owner_id=to, changed_by=by, changed_at=now)).rowcount == 1
