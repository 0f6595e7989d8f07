"""What only the monthly report counts; the rest of its figures are those of the dashboard (db/figures.py).

All take the same scope as figures do, and row security narrows them.
"""

from datetime import date

import sqlalchemy as sa
from sqlalchemy import func, select

from db.figures import Scope
from db.loans import once_not_normal
from db.tables import branches, customers, loan_history, loans, signals, staff, todo_days
from db.vocab import SignalState


def migration(conn: sa.Connection, scope: Scope, before: date, after: date) -> list[sa.Row]:
    """Loans that stood in another class at the end of one day than of a later one: was, became, n, balance_fen.

    A loan that changed since `before` has its state of then in the history; one that did not has kept its class.
    """
    moves = _moves(scope, before, after).subquery()
    x = moves.c
    return conn.execute(
        select(x.was, x.became, func.count().label("n"), func.sum(x.balance_fen).label("balance_fen"))
        .group_by(x.was, x.became)
        .order_by(x.was, x.became)
    ).all()


def moved(conn: sa.Connection, scope: Scope, before: date, after: date) -> list[sa.Row]:
    """The same loan by loan, with number, customer, branch and manager; the largest first."""
    moves = _moves(scope, before, after).subquery()
    x = moves.c
    return conn.execute(
        select(
            x.was, x.became, x.balance_fen, x.loan_no, customers.c.customer_no, customers.c.name.label("customer"),
            branches.c.name.label("branch"), staff.c.name.label("manager"),
        )
        .outerjoin(customers, customers.c.id == x.customer_id)
        .outerjoin(branches, branches.c.id == x.branch_id)
        .outerjoin(staff, staff.c.id == x.manager_id)
        .order_by(x.balance_fen.desc(), x.loan_no)
    ).all()  # fmt: skip


def _moves(scope: Scope, before: date, after: date) -> sa.Select:
    then, later = loan_history.alias("then"), loan_history.alias("later")
    became = func.coalesce(later.c["class"], loans.c["class"])
    balance = func.coalesce(later.c.balance_fen, loans.c.balance_fen)
    return (
        select(
            then.c["class"].label("was"), became.label("became"), balance.label("balance_fen"), loans.c.loan_no, loans.c.customer_id,
            loans.c.branch_id, loans.c.manager_id,
        )
        .join(loans, sa.and_(loans.c.id == then.c.loan_id, loans.c.customer_id == then.c.customer_id))
        .outerjoin(
            later,
            sa.and_(
                later.c.loan_id == then.c.loan_id, later.c.customer_id == then.c.customer_id, later.c.from_on <= after, later.c.to_on > after
            ),
        )
        .where(then.c.from_on <= before, then.c.to_on > before, then.c.to_on <= after, then.c["class"] != became)
        .where(then.c.loan_id == once_not_normal(), *scope.of(loans))
    )  # fmt: skip


def signals_of(conn: sa.Connection, scope: Scope, since: date, until: date) -> list[sa.Row]:
    """By level: raised in these days, closed in them (false_alarm and lifted: of these), open at their end."""
    s = signals.c
    raised, ended = s.first_on.between(since, until), s.closed_on.between(since, until)
    return conn.execute(
        select(
            s.level, func.count().filter(raised).label("raised"), func.count().filter(ended).label("closed"),
            func.count().filter(ended, s.state == SignalState.FALSE_ALARM).label("false_alarm"),
            func.count().filter(ended, s.state == SignalState.LIFTED).label("lifted"),
            func.count().filter(s.first_on <= until, s.closed_on.is_(None) | (s.closed_on > until)).label("open"),
        )
        .where(s.first_on <= until, s.closed_on.is_(None) | (s.closed_on >= since), *scope.of(signals))
        .group_by(s.level)
        .order_by(s.level.desc())
    ).all()  # fmt: skip


def disbursed(conn: sa.Connection, scope: Scope, since: date, until: date) -> sa.Row:
    """Loans paid out in these days, settled since or not: n, amount_fen."""
    x = loans.c
    where = [x.disbursed_on.between(since, until)] + ([x.branch_id.in_(scope.branch_ids)] if scope.branch_ids is not None else [])
    return conn.execute(
        select(func.count().label("n"), func.coalesce(func.sum(x.amount_fen), 0).label("amount_fen")).where(*where)
    ).one()


def new_customers(conn: sa.Connection, scope: Scope, since: date, until: date) -> int:
    """Customers whose first loan ever was paid out in these days."""
    x, earlier = loans.c, loans.alias("earlier")
    before = select(sa.literal(1)).where(earlier.c.customer_id == x.customer_id, earlier.c.disbursed_on < since)
    where = [customers.c.branch_id.in_(scope.branch_ids)] if scope.branch_ids is not None else []
    return conn.execute(
        select(func.count(sa.distinct(x.customer_id)))
        .join_from(loans, customers, customers.c.id == x.customer_id)
        .where(x.disbursed_on.between(since, until), ~before.exists(), *where)
    ).scalar_one()


def overdue_by_branch(conn: sa.Connection, scope: Scope, day: date) -> list[sa.Row]:
    """Todos that were overdue at the end of a day: branch, late_7, late_30, late_more, total; most first."""
    d = todo_days.c
    columns = [func.sum(d[name]).label(name) for name in ("late_7", "late_30", "late_more")]
    total = func.sum(d.late_7 + d.late_30 + d.late_more).label("total")
    return conn.execute(
        select(branches.c.name.label("branch"), *columns, total)
        .join(branches, branches.c.id == d.branch_id)
        .where(d.day == day, *scope.of(todo_days))
        .group_by(branches.c.id, branches.c.name)
        .having(func.sum(d.late_7 + d.late_30 + d.late_more) > 0)
        .order_by(total.desc(), branches.c.id)
    ).all()


def last_day_kept(conn: sa.Connection, since: date, until: date) -> date | None:
    """The last business date in these days at whose end the open work was counted."""
    return conn.execute(select(func.max(todo_days.c.day)).where(todo_days.c.day.between(since, until))).scalar_one()
