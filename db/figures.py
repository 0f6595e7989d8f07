"""The figures of the dashboard: one function each, named as on the screen, its docstring the definition shown there.

All take the same scope and count the same rows that a list with the same filter shows. Row security narrows them to
what the acting person may see.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy import func, select

from db import settings
from db.tables import branches, records, signals, staff, todo_days, todos
from db.vocab import LIVE_SIGNALS, Mode, SignalState, TodoState

t, d, r, g = todos.c, todo_days.c, records.c, signals.c
LONGEST_LEAD = 150  # days before its due day a todo can be closed at the earliest; lets an index do the work


@dataclass(frozen=True)
class Scope:
    """What a dashboard is narrowed to; None narrows nothing."""

    today: date
    branch_ids: tuple[int, ...] | None = None
    kind: str | None = None
    family: str | None = None

    def of(self, table: sa.FromClause) -> list[sa.ColumnElement[bool]]:
        """The scope's conditions on any table with these columns."""
        where = [table.c.branch_id.in_(self.branch_ids)] if self.branch_ids is not None else []
        for name in ("kind", "family"):
            value = getattr(self, name)
            if value is not None and name in table.c:
                where.append(table.c[name] == value)
        return where


def done_per_day(conn: sa.Connection, scope: Scope, since: date) -> list[sa.Row]:
    """Todos completed each day, by kind: day, kind, n."""
    return conn.execute(
        select(t.closed_on.label("day"), t.kind, func.count().label("n"))
        .where(t.state == TodoState.DONE, t.closed_on.between(since, scope.today), *scope.of(todos))
        .group_by(t.closed_on, t.kind)
        .order_by(t.closed_on)
    ).all()


def completion(conn: sa.Connection, scope: Scope, since: date, until: date) -> sa.Row:
    """Of the todos due in the period: due, on_time (completed within grace), late (completed later), open.

    The rate is on_time over due. Cancelled todos were not due; the denominator is what fell due, not what was created.
    """
    return conn.execute(select(*_completion_columns()).where(*_due_between(since, until), *scope.of(todos))).one()


def completion_per_day(conn: sa.Connection, scope: Scope, since: date) -> list[sa.Row]:
    """The same for each due day: day, due, on_time, late, open."""
    return conn.execute(
        select(t.due_on.label("day"), *_completion_columns())
        .where(*_due_between(since, scope.today), *scope.of(todos))
        .group_by(t.due_on)
        .order_by(t.due_on)
    ).all()


def _completion_columns() -> list[sa.ColumnElement]:
    done = t.state == TodoState.DONE
    return [
        func.count().label("due"),
        func.count().filter(done, t.closed_on < t.late_from).label("on_time"),
        func.count().filter(done, t.closed_on >= t.late_from).label("late"),
        func.count().filter(t.closed_on.is_(None)).label("open"),
    ]


def _due_between(since: date, until: date) -> list[sa.ColumnElement[bool]]:
    recent = t.closed_on.is_(None) | (t.closed_on >= since - timedelta(days=LONGEST_LEAD))
    return [t.due_on.between(since, until), recent, t.state != TodoState.CANCELLED]


def overdue_now(conn: sa.Connection, scope: Scope) -> sa.Row:
    """Open todos past due and grace: late_7 (1 to 7 days), late_30 (8 to 30), late_more, total."""
    days = sa.literal(scope.today, sa.Date) - t.late_from
    return conn.execute(
        select(
            func.count().filter(days <= 6).label("late_7"),
            func.count().filter(days.between(7, 29)).label("late_30"),
            func.count().filter(days >= 30).label("late_more"),
            func.count().label("total"),
        ).where(t.closed_on.is_(None), t.late_from <= scope.today, *scope.of(todos))
    ).one()


def overdue_per_day(conn: sa.Connection, scope: Scope, since: date) -> list[sa.Row]:
    """How many open todos were overdue at the end of each business date, by age: day, late_7, late_30, late_more, due_7."""
    return conn.execute(
        select(d.day, *(func.sum(d[name]).label(name) for name in ("late_7", "late_30", "late_more", "due_7", "open")))
        .where(d.day.between(since, scope.today), *scope.of(todo_days))
        .group_by(d.day)
        .order_by(d.day)
    ).all()


def due_soon(conn: sa.Connection, scope: Scope, days: int) -> int:
    """Open todos due within so many days from today."""
    return conn.execute(select(func.count()).where(*_soon(scope, days))).scalar_one()


def _soon(scope: Scope, days: int) -> list[sa.ColumnElement[bool]]:
    until = scope.today + timedelta(days=days)
    return [t.closed_on.is_(None), t.due_on.between(scope.today, until), *scope.of(todos)]


def due_soon_by_branch(conn: sa.Connection, scope: Scope, days: int) -> list[sa.Row]:
    """Ranking of what comes due: branch_id, code, branch, n, heads (officers there), load (n a head), most first."""
    heads = _heads()
    n = func.count()
    return conn.execute(
        select(
            t.branch_id, branches.c.code, branches.c.name.label("branch"), n.label("n"),
            func.coalesce(heads.c.heads, 0).label("heads"),
            (n / func.nullif(heads.c.heads, 0)).label("load"),
        )
        .join(branches, branches.c.id == t.branch_id)
        .outerjoin(heads, heads.c.branch_id == t.branch_id)
        .where(*_soon(scope, days))
        .group_by(t.branch_id, branches.c.code, branches.c.name, heads.c.heads)
        .order_by(n.desc(), t.branch_id)
    ).all()  # fmt: skip


def _heads() -> sa.Subquery:
    """Officers present by branch."""
    from_roles = sa.text("""
        select s.branch_id, count(*) as heads from staff s join staff_roles r on r.staff_id = s.id and r.valid_to is null
        where s.left_on is null and r.role in ('manager', 'inspector') group by s.branch_id""")
    return from_roles.columns(branch_id=sa.Integer, heads=sa.Integer).subquery("heads")


def due_soon_by_officer(conn: sa.Connection, scope: Scope, days: int) -> list[sa.Row]:
    """The same within branches: staff_id, officer (null: nobody yet), branch, n, late (overdue now), most first."""
    n = func.count()
    return conn.execute(
        select(t.assignee_id.label("staff_id"), staff.c.name.label("officer"), branches.c.name.label("branch"), n.label("n"))
        .join(branches, branches.c.id == t.branch_id)
        .outerjoin(staff, staff.c.id == t.assignee_id)
        .where(*_soon(scope, days))
        .group_by(t.assignee_id, staff.c.name, branches.c.name)
        .order_by(n.desc(), t.assignee_id)
    ).all()


def signals_open(conn: sa.Connection, scope: Scope) -> list[sa.Row]:
    """Signals not closed: level, state, n, oldest (first day)."""
    return conn.execute(
        select(g.level, g.state, func.count().label("n"), func.min(g.first_on).label("oldest"))
        .where(g.closed_on.is_(None), *scope.of(signals))
        .group_by(g.level, g.state)
    ).all()


def signals_waiting_per_day(conn: sa.Connection, scope: Scope, since: date) -> list[sa.Row]:
    """Signals that nobody had taken at the end of each day: day, n."""
    day = func.generate_series(since, scope.today, sa.text("interval '1 day'")).table_valued("day").render_derived()
    on = sa.cast(day.c.day, sa.Date)
    waiting = sa.and_(
        g.first_on <= on,
        sa.or_(g.closed_on.is_(None), g.closed_on > on),
        sa.or_(g.taken_at.is_(None), sa.cast(g.taken_at, sa.Date) > on),
    )
    return conn.execute(
        select(on.label("day"), func.count(g.id).label("n"))
        .select_from(day.outerjoin(signals, sa.and_(waiting, *scope.of(signals))))
        .group_by(on)
        .order_by(on)
    ).all()


def handling_days(conn: sa.Connection, scope: Scope, since: date) -> list[sa.Row]:
    """Signals raised since: level, n, median days until somebody took them."""
    taken_after = sa.cast(func.timezone(str(settings.ZONE), g.taken_at), sa.Date) - g.first_on
    return conn.execute(
        select(g.level, func.count().label("n"), func.percentile_cont(0.5).within_group(taken_after).label("days"))
        .where(g.first_on >= since, g.state != SignalState.LIFTED, *scope.of(signals))
        .group_by(g.level)
    ).all()


def on_site_per_day(conn: sa.Connection, scope: Scope, since: date) -> list[sa.Row]:
    """Field visits each day: day, visits, placed (with a position to compare), on_site (within the fence)."""
    return conn.execute(
        select(r.done_on.label("day"), *_on_site_columns())
        .where(r.mode == Mode.FIELD, r.done_on.between(since, scope.today), *scope.of(records))
        .group_by(r.done_on)
        .order_by(r.done_on)
    ).all()


def _on_site_columns() -> list[sa.ColumnElement]:
    return [
        func.count().label("visits"),
        func.count(r.on_site).label("placed"),
        func.count().filter(r.on_site).label("on_site"),
    ]


def branch_table(conn: sa.Connection, scope: Scope, since: date) -> list[sa.Row]:
    """One row a branch: due and on_time of the period, open and overdue now, visits and on_site, signals open."""
    work = (
        select(t.branch_id, *_completion_columns()).where(*_due_between(since, scope.today), *scope.of(todos)).group_by(t.branch_id)
    ).subquery("work")
    now = (
        select(
            t.branch_id, func.count().label("open"), func.count().filter(t.late_from <= scope.today).label("overdue"),
        )
        .where(t.closed_on.is_(None), *scope.of(todos))
        .group_by(t.branch_id)
    ).subquery("now")  # fmt: skip
    seen = (
        select(r.branch_id, *_on_site_columns())
        .where(r.mode == Mode.FIELD, r.done_on.between(since, scope.today), *scope.of(records))
        .group_by(r.branch_id)
    ).subquery("seen")
    warned = (
        select(g.branch_id, func.count().label("signals"), func.count().filter(g.level >= "orange").label("serious"))
        .where(g.state.in_(LIVE_SIGNALS), *scope.of(signals))
        .group_by(g.branch_id)
    ).subquery("warned")
    b = branches.c
    query = (
        select(
            b.id.label("branch_id"), b.code, b.name.label("branch"), b.parent_id,
            *(func.coalesce(work.c[x], 0).label(x) for x in ("due", "on_time")),
            *(func.coalesce(now.c[x], 0).label(x) for x in ("open", "overdue")),
            *(func.coalesce(seen.c[x], 0).label(x) for x in ("visits", "placed", "on_site")),
            *(func.coalesce(warned.c[x], 0).label(x) for x in ("signals", "serious")),
        )
        .select_from(branches.outerjoin(work, work.c.branch_id == b.id).outerjoin(now, now.c.branch_id == b.id)
                     .outerjoin(seen, seen.c.branch_id == b.id).outerjoin(warned, warned.c.branch_id == b.id))
        .where(b.closed_on.is_(None), func.coalesce(work.c.due, now.c.open, seen.c.visits, warned.c.signals).is_not(None))
        .order_by(b.code)
    )  # fmt: skip
    if scope.branch_ids is not None:
        query = query.where(b.id.in_(scope.branch_ids))
    return conn.execute(query).all()
