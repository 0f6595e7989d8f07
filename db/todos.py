"""Todos: lists, one todo, and the single-statement writes of people's acts."""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import func, select

from db.listing import Page, begins, contains, page, stream
from db.tables import batch_rows, branches, customer_faces, customers, loans, staff, todos
from db.vocab import CloseReason, TodoState

t = todos.c
assignee = staff.alias("assignee")


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed to; None narrows nothing. `late` and `due_within` are judged on `today`."""

    today: date
    pending: bool | None = None
    kept: bool = False  # not cancelled
    state: str | None = None
    late: bool = False
    due_within: int | None = None
    due_from: date | None = None
    due_to: date | None = None
    closed_from: date | None = None
    closed_to: date | None = None
    kind: str | None = None
    mode: str | None = None
    family: str | None = None
    branch_ids: tuple[int, ...] | None = None
    assignee_id: int | None = None
    unassigned: bool = False
    rule_code: str | None = None
    close_reason: str | None = None
    text: str | None = None  # customer's name or number, loan number
    batch_id: int | None = None
    ids: tuple[int, ...] | None = None


SORTS = {
    "due": t.due_on, "customer": customers.c.name, "branch": branches.c.code, "assignee": assignee.c.name, "kind": t.kind,
    "exposure": customer_faces.c.exposure_fen, "closed": t.closed_on, "created": t.created_on,
}  # fmt: skip


def _query() -> sa.Select:
    """Also of a customer who has gone to another branch since, without his name: a list has as many rows as its figure."""
    return (
        select(
            t.id, t.customer_id, t.kind, t.mode, t.state, t.due_on, t.late_from, t.created_on, t.closed_on, t.close_reason,
            t.rule_code, t.rule_version, t.anchor_on, t.period, t.loan_ids, t.ruled_on, t.reissued_on, t.form_code, t.branch_id, t.assignee_id, t.record_id, t.family,
            customers.c.customer_no, customers.c.name.label("customer"), customers.c.village,
            customer_faces.c.exposure_fen, customer_faces.c.overdue_since, customer_faces.c.worst_class,
            branches.c.name.label("branch"), assignee.c.name.label("assignee"),
        )
        .outerjoin(customers, customers.c.id == t.customer_id)
        .outerjoin(customer_faces, customer_faces.c.customer_id == t.customer_id)
        .join(branches, branches.c.id == t.branch_id)
        .outerjoin(assignee, assignee.c.id == t.assignee_id)
    )  # fmt: skip


def conditions(f: Filter) -> list[sa.ColumnElement[bool]]:
    """The filter as conditions on todos alone, so that figures and lists count the same rows."""
    where = []
    if f.pending is not None:
        where.append(t.closed_on.is_(None) if f.pending else t.closed_on.is_not(None))
    if f.kept:
        where.append(t.state != TodoState.CANCELLED)
    if f.late:
        where += [t.closed_on.is_(None), t.late_from <= f.today]
    if f.due_within is not None:
        where.append(t.due_on.between(f.today, f.today + sa.literal(f.due_within, sa.Integer)))
    if f.unassigned:
        where.append(t.assignee_id.is_(None))
    if f.branch_ids is not None:
        where.append(t.branch_id.in_(f.branch_ids))
    if f.text:
        where.append(_mentions(f.text))
    if f.ids is not None:
        where.append(t.id.in_(f.ids))
    if f.batch_id is not None:
        where.append(t.id.in_(select(batch_rows.c.todo_id).where(batch_rows.c.batch_id == f.batch_id)))
    ranges = ((t.due_on, f.due_from, f.due_to), (t.closed_on, f.closed_from, f.closed_to))
    for column, start, end in ranges:
        where += [column >= start] if start else []
        where += [column <= end] if end else []
    exact = ((t.state, f.state), (t.kind, f.kind), (t.mode, f.mode), (t.family, f.family), (t.assignee_id, f.assignee_id),
             (t.rule_code, f.rule_code), (t.close_reason, f.close_reason))  # fmt: skip
    return where + [column == value for column, value in exact if value is not None]


def _mentions(text: str) -> sa.ColumnElement[bool]:
    customer_ids = select(customers.c.id).where(contains(customers.c.name, text) | begins(customers.c.customer_no, text))
    loan_ids = select(loans.c.customer_id).where(begins(loans.c.loan_no, text))
    return t.customer_id.in_(customer_ids.union_all(loan_ids))


def listing(conn: sa.Connection, f: Filter, sort: str = "due", limit: int = 50, offset: int = 0) -> Page:
    return page(conn, _query().where(*conditions(f)), SORTS, sort, limit, offset)


def export(conn: sa.Connection, f: Filter, sort: str = "due"):
    return stream(conn, _query().where(*conditions(f)), SORTS, sort)


def get(conn: sa.Connection, todo_id: int) -> sa.Row | None:
    return conn.execute(_query().where(t.id == todo_id)).one_or_none()


def of_customer(conn: sa.Connection, customer_id: int, limit: int = 100) -> list[sa.Row]:
    """Pending ones first, then the latest."""
    return conn.execute(
        _query().where(t.customer_id == customer_id).order_by(t.closed_on.is_not(None), t.due_on.desc()).limit(limit)
    ).all()


def of_officer(conn: sa.Connection, staff_id: int, limit: int = 500) -> list[sa.Row]:
    """What somebody still has to do, most urgent first."""
    return conn.execute(
        _query().where(t.assignee_id == staff_id, t.closed_on.is_(None)).order_by(t.due_on, t.customer_id).limit(limit)
    ).all()


def due_days(conn: sa.Connection, staff_id: int, today: date, until: date) -> list[sa.Row]:
    """What somebody still has to do, by day and kind: day, late (all of it on today), kind, n, customers (their numbers)."""
    late = t.late_from <= today
    day = sa.case((late, sa.literal(today)), else_=t.due_on).label("day")
    return conn.execute(
        select(day, late.label("late"), t.kind, func.count().label("n"), func.array_agg(customers.c.customer_no).label("customers"))
        .join(customers, customers.c.id == t.customer_id)
        .where(t.assignee_id == staff_id, t.closed_on.is_(None), t.due_on <= until)
        .group_by(day, late, t.kind)
        .order_by(day, late, t.kind)
    ).all()


def in_pool(conn: sa.Connection) -> list[sa.Row]:
    """What nobody has taken yet, as far as the acting person sees it."""
    return conn.execute(_query().where(t.assignee_id.is_(None), t.closed_on.is_(None)).order_by(t.due_on).limit(100)).all()


def counts_of_officer(conn: sa.Connection, staff_id: int, today: date, week_end: date) -> sa.Row:
    """late, today, week, later: numbers of one officer's pending todos."""
    late = t.late_from <= today
    return conn.execute(
        select(
            func.count().filter(late).label("late"),
            func.count().filter(~late, t.due_on <= today).label("today"),
            func.count().filter(~late, t.due_on > today, t.due_on <= week_end).label("week"),
            func.count().filter(~late, t.due_on > week_end).label("later"),
        ).where(t.assignee_id == staff_id, t.closed_on.is_(None))
    ).one()


def done_by_day(conn: sa.Connection, staff_id: int, since: date) -> dict[date, int]:
    return dict(
        conn.execute(
            select(t.closed_on, func.count())
            .where(t.closed_by == staff_id, t.state == TodoState.DONE, t.closed_on >= since)
            .group_by(t.closed_on)
        ).all()
    )


# --- Writes -----------------------------------------------------------------------------------------------------------


def assign(conn: sa.Connection, todo_ids: list[int], staff_id: int | None) -> int:
    """By hand: the night leaves them with whom they were given. How many were still pending."""
    _take_in_order(conn, todo_ids)
    return conn.execute(
        sa.update(todos).where(t.id.in_(todo_ids), t.closed_on.is_(None)).values(assignee_id=staff_id, pinned=True)
    ).rowcount


def _take_in_order(conn: sa.Connection, todo_ids: list[int]) -> None:
    """Hold these todos to the end of the transaction, taken in the order of their numbers, as handovers take them, so that
    nobody waits in a circle. What is asked next sees them, and whose they are, as they are once the wait is over.
    """
    conn.execute(select(t.id).where(t.id.in_(todo_ids)).order_by(t.id).with_for_update(key_share=True))


def claim(conn: sa.Connection, todo_id: int, staff_id: int) -> bool:
    """True for the one who took it from the pool."""
    return (
        conn.execute(
            sa.update(todos)
            .where(t.id == todo_id, t.assignee_id.is_(None), t.closed_on.is_(None))
            .values(assignee_id=staff_id, pinned=True)
        ).rowcount
        == 1
    )


def start(conn: sa.Connection, todo_ids: list[int], now: datetime) -> int:
    """How many of them nobody had started before."""
    return conn.execute(
        sa.update(todos).where(t.id.in_(todo_ids), t.state == TodoState.OPEN).values(state=TodoState.STARTED, started_at=now)
    ).rowcount


def dues(conn: sa.Connection, first: date, last: date) -> list[sa.Row]:
    """Of todos that nobody has started, how many count from which day under which rule, due within these days."""
    return conn.execute(
        select(t.rule_code, t.anchor_on, t.nominal_on, t.due_on, func.count().label("n"))
        .where(t.state == TodoState.OPEN, t.closed_on.is_(None), t.due_on.between(first, last), t.rule_code.is_not(None))
        .group_by(t.rule_code, t.anchor_on, t.nominal_on, t.due_on)
    ).all()


def hold(conn: sa.Connection, todo_ids: list[int]) -> list[sa.Row]:
    """As they stand, held until the end of the transaction; those that are not seen any more are missing."""
    _take_in_order(conn, todo_ids)
    return conn.execute(
        sa.update(todos)
        .where(t.id.in_(todo_ids))
        .values(record_id=t.record_id)
        .returning(t.id, t.kind, t.state, t.assignee_id, t.closed_on, t.closed_by, t.close_reason)
    ).all()


def cancel(conn: sa.Connection, todo_id: int, by: int, note: str, today: date) -> bool:
    return (
        conn.execute(
            sa.update(todos)
            .where(t.id == todo_id, t.closed_on.is_(None))
            .values(state=TodoState.CANCELLED, close_reason=CloseReason.BY_HAND, close_note=note, closed_on=today, closed_by=by)
        ).rowcount
        == 1
    )


def discharge(conn: sa.Connection, done: list[tuple[int, int, int, date]]) -> int:
    """(todo, record, by, day) of completed checks; how many were still pending."""
    if not done:
        return 0
    todo_ids, record_ids, by, days = (list(column) for column in zip(*done, strict=True))
    return conn.execute(
        sa.text("""
            update todos t set state = 'done', closed_on = d.day, closed_by = d.by, record_id = d.record_id
            from unnest(cast(:todos as bigint[]), cast(:records as bigint[]), cast(:by as int[]), cast(:days as date[]))
                as d(todo_id, record_id, by, day)
            where t.id = d.todo_id and t.closed_on is null"""),
        {"todos": todo_ids, "records": record_ids, "by": by, "days": days},
    ).rowcount
