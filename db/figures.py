"""The figures of the dashboard: one function each, named as on the screen, its docstring the definition shown there.

All take the same scope and count the same rows that a list with the same filter shows. Row security narrows them to
what the acting person may see. What is counted over a time is counted over several windows at once, so that a figure
stands beside what it was before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import SimpleNamespace
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import func, select

from db import settings
from db.tables import (
    audit,
    branch_tree,
    branches,
    customers,
    feed_runs,
    job_runs,
    loans,
    problems,
    products,
    records,
    sign_ins,
    signals,
    staff,
    staff_roles,
    todo_days,
    todos,
)  # fmt: skip
from db.vocab import LIVE_SIGNALS, FeedState, JobState, Mode, Role, SignalState, TodoState

t, d, r, g = todos.c, todo_days.c, records.c, signals.c
LONGEST_LEAD = 366  # days before its due day a todo can be closed at the earliest; lets an index do the work
SNAPSHOT_AGE = 14  # days: how old the last picture of a day may be; nights rest over holidays
OFFICERS = (Role.MANAGER, Role.INSPECTOR)
WHOSE = {"todos": "assignee_id", "records": "staff_id", "signals": "owner_id", "loans": "manager_id", "customers": "manager_id"}


@dataclass(frozen=True)
class Scope:
    """What a dashboard is narrowed to; None narrows nothing."""

    today: date
    branch_ids: tuple[int, ...] | None = None
    kind: str | None = None
    family: str | None = None
    staff_id: int | None = None

    def of(self, table: sa.FromClause) -> list[sa.ColumnElement[bool]]:
        """The scope's conditions on any table with these columns."""
        where = [table.c.branch_id.in_(self.branch_ids)] if self.branch_ids is not None else []
        for name in ("kind", "family"):
            value = getattr(self, name)
            if value is not None and name in table.c:
                where.append(table.c[name] == value)
        if self.staff_id is not None:
            where.append(table.c[WHOSE[table.name]] == self.staff_id)
        return where


class Window(NamedTuple):
    """Days, both ends counted."""

    since: date
    until: date

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1


def compared(today: date, days: int) -> tuple[Window, Window, Window]:
    """The last so many days, as many before them, and the same ones a year ago."""
    now = Window(today - timedelta(days=days - 1), today)
    before = Window(now.since - timedelta(days=days), now.since - timedelta(days=1))
    return now, before, Window(_year_ago(now.until) - timedelta(days=days - 1), _year_ago(now.until))


def _year_ago(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def _each(conn: sa.Connection, windows: Sequence[Window], table: sa.Table, day, where: list, **counts) -> list[SimpleNamespace]:
    """The counts for each window, from one look at the rows that are in any."""
    columns = [
        count.filter(day.between(*window)).label(f"{name}_{n}")
        for n, window in enumerate(windows)
        for name, count in counts.items()
    ]
    in_any = sa.or_(*(day.between(*window) for window in windows))
    found = conn.execute(select(*columns).select_from(table).where(in_any, *where)).one()._mapping
    return [SimpleNamespace(**{name: found[f"{name}_{n}"] for name in counts}) for n in range(len(windows))]


def _spread(days: sa.ColumnElement) -> sa.ColumnElement:
    """Median and 90th percentile, as an array; null without any."""
    return func.percentile_cont(sa.literal([0.5, 0.9], sa.ARRAY(sa.Float))).within_group(days)


# --- Todos ------------------------------------------------------------------------------------------------------------


def completed(conn: sa.Connection, scope: Scope, windows: Sequence[Window]) -> list[SimpleNamespace]:
    """Todos completed in each window: done; days from their making to their completion, as [median, 90th percentile]."""
    where = [t.state == TodoState.DONE, *scope.of(todos)]
    return _each(conn, windows, todos, t.closed_on, where, done=func.count(), days=_spread(t.closed_on - t.created_on))


def done_per_day(conn: sa.Connection, scope: Scope, since: date) -> list[sa.Row]:
    """Todos completed each day, by kind: day, kind, n."""
    return conn.execute(
        select(t.closed_on.label("day"), t.kind, func.count().label("n"))
        .where(t.state == TodoState.DONE, t.closed_on.between(since, scope.today), *scope.of(todos))
        .group_by(t.closed_on, t.kind)
        .order_by(t.closed_on)
    ).all()


def completion(conn: sa.Connection, scope: Scope, windows: Sequence[Window]) -> list[SimpleNamespace]:
    """Of the todos due in each window: due, on_time (completed within grace), late (completed later), open.

    The rate is on_time over due. Cancelled todos were not due; the denominator is what fell due, not what was created.
    """
    earliest = min(window.since for window in windows)
    return _each(conn, windows, todos, t.due_on, [*_counted(earliest), *scope.of(todos)], **_completion_counts())


def completion_per_day(conn: sa.Connection, scope: Scope, since: date) -> list[sa.Row]:
    """The same for each due day: day, due, on_time, late, open."""
    return conn.execute(
        select(t.due_on.label("day"), *_labelled(_completion_counts()))
        .where(*_due_between(since, scope.today), *scope.of(todos))
        .group_by(t.due_on)
        .order_by(t.due_on)
    ).all()


def _completion_counts() -> dict[str, sa.ColumnElement]:
    done = t.state == TodoState.DONE
    return {
        "due": func.count(),
        "on_time": func.count().filter(done, t.closed_on < t.late_from),
        "late": func.count().filter(done, t.closed_on >= t.late_from),
        "open": func.count().filter(t.closed_on.is_(None)),
    }


def _labelled(counts: dict[str, sa.ColumnElement]) -> list[sa.ColumnElement]:
    return [count.label(name) for name, count in counts.items()]


def _due_between(since: date, until: date) -> list[sa.ColumnElement[bool]]:
    return [t.due_on.between(since, until), *_counted(since)]


def _counted(since: date) -> list[sa.ColumnElement[bool]]:
    recent = t.closed_on.is_(None) | (t.closed_on >= since - timedelta(days=LONGEST_LEAD))
    return [recent, t.state != TodoState.CANCELLED]


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


def stood(conn: sa.Connection, scope: Scope, days: Sequence[date]) -> list[sa.Row | None]:
    """How the open work stood on each of these days, or at the last business date before: late, due_7. None: not known."""
    found = [_last_picture(conn, scope, day) for day in days]
    return [row if row.late is not None else None for row in found]


def _last_picture(conn: sa.Connection, scope: Scope, day: date) -> sa.Row:
    last = select(func.max(d.day)).where(d.day.between(day - timedelta(days=SNAPSHOT_AGE), day)).correlate(None).scalar_subquery()
    late = func.sum(d.late_7 + d.late_30 + d.late_more)
    known = select(last.label("last")).subquery()
    return conn.execute(
        select(
            sa.case((known.c.last.is_not(None), func.coalesce(late, 0))).label("late"), func.coalesce(func.sum(d.due_7), 0).label("due_7")
        )
        .select_from(known.outerjoin(todo_days, sa.and_(d.day == known.c.last, *scope.of(todo_days))))
        .group_by(known.c.last)
    ).one()  # fmt: skip


def due_soon(conn: sa.Connection, scope: Scope, days: int) -> int:
    """Open todos due within so many days from today."""
    return conn.execute(select(func.count()).where(*_soon(scope, days))).scalar_one()


def _soon(scope: Scope, days: int) -> list[sa.ColumnElement[bool]]:
    until = scope.today + timedelta(days=days)
    return [t.closed_on.is_(None), t.due_on.between(scope.today, until), *scope.of(todos)]


def due_soon_by_branch(
    conn: sa.Connection, scope: Scope, days: int, top: int | None = None, limit: int | None = None
) -> list[sa.Row]:
    """Ranking of what comes due, by the branches right below `top`, each with all below it, and `top` by itself:
    branch_id, code, branch, n, heads (officers there), load (n a head), most first; the first `limit`."""
    parts, heads, n = _parts(top), _heads(top), func.count()
    return conn.execute(
        select(
            parts.c.part_id.label("branch_id"), branches.c.code, branches.c.name.label("branch"), n.label("n"),
            func.coalesce(heads.c.heads, 0).label("heads"), (n / func.nullif(heads.c.heads, 0)).label("load"),
        )
        .select_from(todos.join(parts, parts.c.branch_id == t.branch_id).join(branches, branches.c.id == parts.c.part_id)
                     .outerjoin(heads, heads.c.part_id == parts.c.part_id))
        .where(*_soon(scope, days))
        .group_by(parts.c.part_id, branches.c.code, branches.c.name, heads.c.heads)
        .order_by(n.desc(), branches.c.code)
        .limit(limit)
    ).all()  # fmt: skip


def _parts(top: int | None) -> sa.Subquery:
    """Every branch and the part of the bank below `top` that it belongs to; elsewhere, and `top` itself, are parts alone."""
    child, tree = branches.alias("child"), branch_tree.alias("below")
    below = (
        select(tree.c.branch_id, child.c.id.label("part_id"))
        .join(child, child.c.id == tree.c.ancestor_id)
        .where(child.c.parent_id == top if top is not None else sa.false())
        .subquery("of_part")
    )
    return (
        select(branches.c.id.label("branch_id"), func.coalesce(below.c.part_id, branches.c.id).label("part_id"))
        .select_from(branches.outerjoin(below, below.c.branch_id == branches.c.id))
        .subquery("parts")
    )


def _heads(top: int | None) -> sa.Subquery:
    """Officers present by part."""
    parts, role = _parts(top), staff_roles.c
    return (
        select(parts.c.part_id, func.count().label("heads"))
        .select_from(staff.join(staff_roles, role.staff_id == staff.c.id).join(parts, parts.c.branch_id == staff.c.branch_id))
        .where(staff.c.left_on.is_(None), role.valid_to.is_(None), role.role.in_(OFFICERS))
        .group_by(parts.c.part_id)
        .subquery("heads")
    )


def due_soon_by_officer(conn: sa.Connection, scope: Scope, days: int, limit: int | None = None) -> list[sa.Row]:
    """The same within branches: staff_id, officer (null: nobody yet, a row for each branch), branch, code, n, most first."""
    n, home = func.count(), func.coalesce(staff.c.branch_id, t.branch_id)
    return conn.execute(
        select(
            t.assignee_id.label("staff_id"), staff.c.name.label("officer"), branches.c.name.label("branch"), branches.c.code, n.label("n")
        )
        .select_from(todos.outerjoin(staff, staff.c.id == t.assignee_id).join(branches, branches.c.id == home))
        .where(*_soon(scope, days))
        .group_by(t.assignee_id, staff.c.name, branches.c.name, branches.c.code)
        .order_by(n.desc(), branches.c.code, t.assignee_id)
        .limit(limit)
    ).all()  # fmt: skip


# --- Signals ----------------------------------------------------------------------------------------------------------


def signals_open(conn: sa.Connection, scope: Scope) -> list[sa.Row]:
    """Signals not closed: level, state, n, oldest (first day)."""
    return conn.execute(
        select(g.level, g.state, func.count().label("n"), func.min(g.first_on).label("oldest"))
        .where(g.closed_on.is_(None), *scope.of(signals))
        .group_by(g.level, g.state)
    ).all()


def signals_waiting_per_day(conn: sa.Connection, scope: Scope, since: date) -> list[sa.Row]:
    """Signals that nobody had taken at the end of each day: day, n."""
    return _waiting_since(conn, scope, since, scope.today)


def _waiting_since(conn: sa.Connection, scope: Scope, since: date, until: date) -> list[sa.Row]:
    """Of each signal the first of the days on which it waits, and the first on which it waits no more, added up day by day."""
    first, last = func.greatest(g.first_on, since), func.least(g.closed_on, _taken_on())
    known = [g.first_on <= until, sa.or_(g.closed_on.is_(None), g.closed_on > since), *scope.of(signals)]
    begins = select(first.label("day"), func.count().label("n")).where(func.coalesce(last > first, True), *known)
    ends = select(last.label("day"), (-func.count()).label("n")).where(last <= until, last > first, *known)
    turn = sa.union_all(begins.group_by(first), ends.group_by(last)).subquery("turn")
    day = func.generate_series(since, until, sa.text("interval '1 day'")).table_valued("day").render_derived()
    on = sa.cast(day.c.day, sa.Date)
    standing = func.coalesce(func.sum(func.sum(turn.c.n)).over(order_by=on), 0)
    return conn.execute(
        select(on.label("day"), sa.cast(standing, sa.Integer).label("n"))
        .select_from(day.outerjoin(turn, turn.c.day == on))
        .group_by(on)
        .order_by(on)
    ).all()


def signals_waited(conn: sa.Connection, scope: Scope, days: Sequence[date]) -> list[int]:
    """The same at the end of each of these days."""
    return [row.n for day in days for row in _waiting_since(conn, scope, day, day)]


def _taken_on() -> sa.ColumnElement:
    """The day in China, whatever the server's own zone is."""
    return sa.cast(func.timezone(str(settings.ZONE), g.taken_at), sa.Date)


def signals_raised(conn: sa.Connection, scope: Scope, windows: Sequence[Window]) -> list[SimpleNamespace]:
    """Signals first raised in each window, without those that went away by themselves: raised, taken; days until somebody
    took them, as [median, 90th percentile]."""
    where = [g.state != SignalState.LIFTED, *scope.of(signals)]
    return _each(
        conn,
        windows,
        signals,
        g.first_on,
        where,
        raised=func.count(),
        taken=func.count(g.taken_at),
        days=_spread(_taken_on() - g.first_on),
    )


def signals_closed(conn: sa.Connection, scope: Scope, windows: Sequence[Window]) -> list[SimpleNamespace]:
    """Signals that somebody closed in each window: closed; days from first raised to closed and from taken to closed (days,
    in_hand), each as [median, 90th percentile]."""
    where = [g.state.in_((SignalState.CLOSED, SignalState.FALSE_ALARM)), *scope.of(signals)]
    days, in_hand = _spread(g.closed_on - g.first_on), _spread(g.closed_on - _taken_on())
    return _each(conn, windows, signals, g.closed_on, where, closed=func.count(), days=days, in_hand=in_hand)


def handling_days(conn: sa.Connection, scope: Scope, since: date) -> list[sa.Row]:
    """The same since a day, by level: level, n, days."""
    return conn.execute(
        select(g.level, func.count().label("n"), _spread(_taken_on() - g.first_on).label("days"))
        .where(g.first_on >= since, g.state != SignalState.LIFTED, *scope.of(signals))
        .group_by(g.level)
    ).all()


# --- Visits -----------------------------------------------------------------------------------------------------------


def visited(conn: sa.Connection, scope: Scope, windows: Sequence[Window]) -> list[SimpleNamespace]:
    """Field visits in each window: visits, placed (with a position to compare), on_site (within the fence), outings (days on
    which somebody was out, counted for each person)."""
    outings = (
        select(r.done_on, *_labelled(_on_site_counts()))
        .where(r.mode == Mode.FIELD, *scope.of(records))
        .group_by(r.done_on, r.staff_id)
        .subquery("outings")
    )
    sums = {name: func.sum(outings.c[name]) for name in _on_site_counts()}
    found = _each(conn, windows, outings, outings.c.done_on, [], **sums, outings=func.count())
    return [SimpleNamespace(**{name: int(n or 0) for name, n in vars(one).items()}) for one in found]


def on_site_per_day(conn: sa.Connection, scope: Scope, since: date) -> list[sa.Row]:
    """Field visits each day: day, visits, placed (with a position to compare), on_site (within the fence)."""
    return conn.execute(
        select(r.done_on.label("day"), *_labelled(_on_site_counts()))
        .where(r.mode == Mode.FIELD, r.done_on.between(since, scope.today), *scope.of(records))
        .group_by(r.done_on)
        .order_by(r.done_on)
    ).all()


def _on_site_counts() -> dict[str, sa.ColumnElement]:
    return {"visits": func.count(), "placed": func.count(r.on_site), "on_site": func.count().filter(r.on_site)}


# --- By branch and by officer -----------------------------------------------------------------------------------------


def branch_table(conn: sa.Connection, scope: Scope, since: date, top: int | None = None) -> list[sa.Row]:
    """One row for each branch right below `top`, with all below it, and one for `top` by itself: branch_id, code, branch, heads
    (officers there); due and on_time of the period, open and overdue now, visits, placed, on_site, outings, signals and serious
    ones open."""
    parts, heads, b = _parts(top), _heads(top), branches.c
    work = _added_up(
        scope,
        since,
        lambda table, _whose: (table.join(parts, parts.c.branch_id == table.c.branch_id), [parts.c.part_id.label("of")]),
    )
    return conn.execute(
        select(b.id.label("branch_id"), b.code, b.name.label("branch"), func.coalesce(heads.c.heads, 0).label("heads"), *_sums(work))
        .select_from(work.join(branches, b.id == work.c.of).outerjoin(heads, heads.c.part_id == b.id))
        .group_by(b.id, b.code, b.name, heads.c.heads)
        .order_by(b.code)
    ).all()  # fmt: skip


def officer_table(conn: sa.Connection, scope: Scope, since: date, limit: int | None = None) -> list[sa.Row]:
    """The same by officer: staff_id (null: nobody), officer, branch (where he works), code, by branch and name; of more than
    `limit` those with most overdue."""
    work = _added_up(scope, since, lambda table, whose: (table, [whose.label("of")]))
    sums = (
        select(work.c.of, *_sums(work))
        .group_by(work.c.of)
        .order_by(func.sum(work.c.overdue).desc(), work.c.of)
        .limit(limit)
        .subquery("sums")
    )
    return conn.execute(
        select(staff.c.id.label("staff_id"), staff.c.name.label("officer"), branches.c.name.label("branch"), branches.c.code,
               *(sums.c[name] for name in SUMS))
        .select_from(sums.outerjoin(staff, staff.c.id == sums.c.of).outerjoin(branches, branches.c.id == staff.c.branch_id))
        .order_by(branches.c.code.nulls_last(), staff.c.name, staff.c.id)
    ).all()  # fmt: skip


SUMS = ("due", "on_time", "open", "overdue", "visits", "placed", "on_site", "outings", "signals", "serious")


def _sums(work: sa.Subquery) -> list[sa.ColumnElement]:
    return [sa.cast(func.sum(work.c[name]), sa.Integer).label(name) for name in SUMS]


def _added_up(scope: Scope, since: date, of) -> sa.Subquery:
    """Each table counted once by what `of` says; a zero for what it cannot tell."""
    done = sa.and_(t.state == TodoState.DONE, t.closed_on < t.late_from)
    counted = {
        "due": (todos, t.assignee_id, _due_between(since, scope.today), {"due": func.count(), "on_time": func.count().filter(done)}),
        "now": (todos, t.assignee_id, [t.closed_on.is_(None)],
                {"open": func.count(), "overdue": func.count().filter(t.late_from <= scope.today)}),
        "seen": (records, r.staff_id, [r.mode == Mode.FIELD, r.done_on.between(since, scope.today)],
                 {"visits": func.count(), "placed": func.count(r.on_site), "on_site": func.count().filter(r.on_site),
                  "outings": func.count(sa.distinct(sa.tuple_(r.staff_id, r.done_on)))}),
        "warned": (signals, g.owner_id, [g.state.in_(LIVE_SIGNALS)],
                   {"signals": func.count(), "serious": func.count().filter(g.level >= "orange")}),
    }  # fmt: skip
    return sa.union_all(*(_counted_once(scope, of, *how) for how in counted.values())).subquery("work")


def _counted_once(scope: Scope, of, table: sa.Table, whose, where: list, columns: dict) -> sa.Select:
    rows, keys = of(table, whose)
    counts = [columns.get(name, sa.literal(0, sa.BigInteger)).label(name) for name in SUMS]
    return select(*keys, *counts).select_from(rows).where(*where, *scope.of(table)).group_by(*keys)


# --- The business, and the running of the system ----------------------------------------------------------------------


def won(conn: sa.Connection, scope: Scope, windows: Sequence[Window]) -> list[SimpleNamespace]:
    """Customers first handed down in each window: customers. Those of the very first delivery were customers before."""
    first = select(func.min(feed_runs.c.business_date)).where(feed_runs.c.state == FeedState.LOADED).scalar_subquery()
    where = [customers.c.created_on > first, *scope.of(customers)]
    return _each(conn, windows, customers, customers.c.created_on, where, customers=func.count())


def paid_out(conn: sa.Connection, scope: Scope, windows: Sequence[Window]) -> list[SimpleNamespace]:
    """Loans paid out in each window, also those that have ended since: loans, amount_fen (null without any)."""
    x = loans.c
    where = scope.of(loans)
    if scope.family is not None:
        where.append(x.product_id.in_(select(products.c.id).where(products.c.family == scope.family)))
    return _each(conn, windows, loans, x.disbursed_on, where, loans=func.count(), amount_fen=func.sum(x.amount_fen))


def sign_in_tries(conn: sa.Connection, windows: Sequence[Window]) -> list[SimpleNamespace]:
    """Tries to sign in: tries, succeeded, failed (wrong password), locked (too many tries), disabled."""
    c = sign_ins.c
    outcomes = {name: func.count().filter(c.outcome == name) for name in ("succeeded", "failed", "locked", "disabled")}
    return _each(conn, windows, sign_ins, _day_of(c.at), [], tries=func.count(), **outcomes)


def refused(conn: sa.Connection, windows: Sequence[Window]) -> list[SimpleNamespace]:
    """Acts that were refused: refusals, people (who were refused something)."""
    c = audit.c
    of_these = sa.and_(c.op == "refused", c.at >= min(w.since for w in windows) - timedelta(days=1))
    return _each(
        conn, windows, audit, _day_of(c.at), [of_these], refusals=func.count(), people=func.count(sa.distinct(c.staff_id))
    )  # fmt: skip


def _day_of(moment: sa.ColumnElement) -> sa.ColumnElement:
    return sa.cast(func.timezone(str(settings.ZONE), moment), sa.Date)


def running(conn: sa.Connection, since: date) -> sa.Row:
    """How the system runs, since a day: jobs_done, jobs_failed, seconds (median of a night), feeds_loaded, feeds_failed (stopped or
    failed), set_aside (what nights left out so that the rest could go on)."""
    j, f = job_runs.c, feed_runs.c
    seconds = func.extract("epoch", j.finished_at - j.started_at)
    runs = select(
        func.count().filter(j.state == JobState.DONE).label("jobs_done"), func.count().filter(j.state == JobState.FAILED).label("jobs_failed"),
        func.percentile_cont(0.5).within_group(seconds).filter(j.job == "night", j.state == JobState.DONE).label("seconds"),
    ).where(j.business_date >= since).subquery()  # fmt: skip
    feeds = select(
        func.count().filter(f.state == FeedState.LOADED).label("feeds_loaded"),
        func.count().filter(f.state.in_((FeedState.STOPPED, FeedState.FAILED))).label("feeds_failed"),
    ).where(f.business_date >= since).subquery()  # fmt: skip
    aside = select(func.count().label("set_aside")).where(problems.c.business_date >= since).subquery()
    return conn.execute(select(runs, feeds, aside).select_from(runs.join(feeds, sa.true()).join(aside, sa.true()))).one()
