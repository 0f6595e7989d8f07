"""Reviews of presence: opened with a check that its evidence does not settle, decided, appealed against once, settled."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db.listing import Page, page
from db.tables import branches, customers, records, reviews, staff
from db.vocab import PENDING_REVIEWS, Finding, ReviewState

v, r = reviews.c, records.c
# The worst evidence first, and of the same the longest waiting.
SORTS = {"urgency": sa.func.coalesce(r.grade, "C"), "opened": v.opened_at, "staff": staff.c.name}


def begin(conn: sa.Connection, row: dict) -> bool:
    """False when this check is under review already: once is enough, for whatever causes."""
    opened = insert(reviews).values(row).on_conflict_do_nothing(index_elements=[v.record_id, v.customer_id])
    return conn.execute(opened).rowcount == 1


def begin_where_due(conn: sa.Connection, since: date) -> int:
    """Low grades of a day and after it that nobody has laid before a reviewer: how many are now, as of when they came."""
    low = select(r.customer_id, r.id, r.branch_id, r.staff_id, sa.literal(["grade"], v.causes.type), r.received_at).where(
        r.done_on >= since, r.grade.in_(("C", "D"))
    )
    columns = [v.customer_id, v.record_id, v.branch_id, v.staff_id, v.causes, v.opened_at]
    return conn.execute(insert(reviews).from_select(columns, low).on_conflict_do_nothing()).rowcount


def decide(conn: sa.Connection, review_id: int, finding: str, words: str | None, by: int, now: datetime) -> bool:
    """False when somebody else was quicker, or it is one's own."""
    return _counted(
        conn, review_id, ReviewState.WAITING, v.staff_id != by,
        state=ReviewState.DECIDED, finding=finding, words=words, decided_by=by, decided_at=now,
    )  # fmt: skip


def appeal(conn: sa.Connection, review_id: int, words: str, by: int, now: datetime) -> bool:
    """Once, by the officer concerned, against anything but plain acceptance."""
    return _counted(
        conn, review_id, ReviewState.DECIDED, sa.and_(v.staff_id == by, v.finding != Finding.ACCEPTED),
        state=ReviewState.APPEALED, appeal=words, appealed_at=now,
    )  # fmt: skip


def settle(conn: sa.Connection, review_id: int, finding: str, words: str, by: int, now: datetime) -> bool:
    """After an appeal; by nobody who decided before."""
    return _counted(
        conn, review_id, ReviewState.APPEALED, sa.and_(v.staff_id != by, v.decided_by != by),
        state=ReviewState.SETTLED, last_finding=finding, last_words=words, settled_by=by, settled_at=now,
    )  # fmt: skip


def _counted(conn: sa.Connection, review_id: int, before: ReviewState, whose: sa.ColumnElement[bool], **values: object) -> bool:
    return conn.execute(sa.update(reviews).where(v.id == review_id, v.state == before, whose).values(values)).rowcount == 1


def get(conn: sa.Connection, review_id: int) -> sa.Row | None:
    return conn.execute(select(reviews).where(v.id == review_id)).one_or_none()


def of_record(conn: sa.Connection, record_id: int) -> sa.Row | None:
    return conn.execute(select(reviews).where(v.record_id == record_id)).one_or_none()


def of_officer(conn: sa.Connection, staff_id: int, since: datetime) -> list[sa.Row]:
    """What was lately decided about somebody's checks, latest first."""
    decided = sa.func.coalesce(v.settled_at, v.decided_at)
    return conn.execute(
        select(v.id, v.record_id, v.state, v.finding, v.words, v.last_finding, v.last_words, customers.c.name.label("customer"), decided.label("at"))
        .outerjoin(customers, customers.c.id == v.customer_id)
        .where(v.staff_id == staff_id, v.state != ReviewState.WAITING, decided >= since)
        .order_by(decided.desc(), v.id)
    ).all()  # fmt: skip


def listing(
    conn: sa.Connection, *, states: tuple[ReviewState, ...] = PENDING_REVIEWS, not_of: int | None = None,
    branch_ids: tuple[int, ...] | None = None, sort: str = "-urgency", limit: int = 50, offset: int = 0,
) -> Page:  # fmt: skip
    """`not_of`: nobody reviews his own."""
    query = (
        select(
            v.id, v.record_id, v.customer_id, v.causes, v.state, v.opened_at, v.finding, v.staff_id, r.grade, r.finished_at, r.distance_m,
            r.away_because, r.kind, customers.c.name.label("customer"), staff.c.name.label("staff"), branches.c.name.label("branch"),
        )
        .join(records, sa.and_(r.id == v.record_id, r.customer_id == v.customer_id))
        .outerjoin(customers, customers.c.id == v.customer_id)
        .join(staff, staff.c.id == v.staff_id)
        .join(branches, branches.c.id == v.branch_id)
        .where(v.state.in_(states))
    )  # fmt: skip
    query = query.where(v.branch_id.in_(branch_ids)) if branch_ids is not None else query
    query = query.where(v.staff_id != not_of) if not_of is not None else query
    return page(conn, query, SORTS, sort, limit, offset)
