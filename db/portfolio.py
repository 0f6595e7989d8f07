"""管户: the customers an officer looks after, by who needs to hear from the bank most."""

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy import func, select

from db.customers import is_called
from db.listing import Page, page
from db.tables import customer_faces, customer_facts, customers, records, todos
from db.vocab import Outcome

NEVER = date(2000, 1, 1)  # stands for the last contact with somebody who never had one
c, f, k, r, t = customers.c, customer_faces.c, customer_facts.c, records.c, todos.c


@dataclass(frozen=True)
class Filter:
    """What the list is narrowed to; None narrows nothing."""

    today: date
    text: str | None = None
    level: str | None = None
    overdue: bool = False
    silent_days: int | None = None  # nobody spoke with the customer for so long, or never


def listing(conn: sa.Connection, x: Filter, sort: str = "need", limit: int = 20, offset: int = 0) -> Page:
    """Customers with live loans. By need: late money or late work first, the longest foremost; then the longest silence."""
    heard, work = _heard().subquery("heard"), _work(x.today).subquery("work")
    late_money, late_work = _days(x.today, f.overdue_since), _days(x.today, work.c.late_since) + 1
    late = func.coalesce(func.greatest(late_money, late_work), 0)
    query = (
        select(
            c.id, c.customer_no, c.name, c.village, c.address, func.coalesce(k.phone_masked, c.phone_masked).label("phone"), f.level,
            f.exposure_fen, f.overdue_since, f.worst_class, heard.c.last_contact, func.coalesce(work.c.open, 0).label("open_todos"),
            func.coalesce(work.c.late, 0).label("late_todos"), work.c.next_due, k.needs,
        )
        .join(customer_faces, f.customer_id == c.id)
        .outerjoin(customer_facts, k.customer_id == c.id)
        .outerjoin(heard, heard.c.customer_id == c.id)
        .outerjoin(work, work.c.customer_id == c.id)
        .where(f.live_loans > 0, *_conditions(x, heard.c.last_contact))
    )  # fmt: skip
    silence = _days(x.today, func.coalesce(heard.c.last_contact, NEVER))
    sorts = {"need": -(late * 100_000 + silence), "name": c.name, "exposure": f.exposure_fen, "contact": heard.c.last_contact}
    return page(conn, query, sorts, sort, limit, offset)


def _conditions(x: Filter, last_contact: sa.ColumnElement) -> list[sa.ColumnElement[bool]]:
    where = [is_called(x.text)] if x.text else []
    where += [f.level == x.level] if x.level else []
    where += [f.overdue_since.is_not(None)] if x.overdue else []
    if x.silent_days is not None:
        where.append(func.coalesce(last_contact, NEVER) <= x.today - timedelta(days=x.silent_days))
    return where


def _days(today: date, since: sa.ColumnElement) -> sa.ColumnElement[int]:
    return sa.type_coerce(sa.literal(today, sa.Date) - since, sa.Integer)


def _heard() -> sa.Select:
    """When somebody of the bank last spoke with each customer, by whatever way."""
    return (
        select(r.customer_id, func.max(r.done_on).label("last_contact"))
        .where(r.outcome == Outcome.COMPLETED)
        .group_by(r.customer_id)
    )


def _work(today: date) -> sa.Select:
    is_late = t.late_from <= today
    return (
        select(
            t.customer_id, func.count().label("open"), func.count().filter(is_late).label("late"),
            func.min(t.late_from).filter(is_late).label("late_since"), func.min(t.due_on).label("next_due"),
        )
        .where(t.closed_on.is_(None))
        .group_by(t.customer_id)
    )  # fmt: skip
