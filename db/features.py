"""What warning rules may look at: the fields of `db.face`, and features worked out set-based for each kind of subject.

A feature belongs to a source, a grouped query joined only when a rule in force uses it. Dates are the night's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from sqlalchemy import Date, Integer, Numeric, Text, func

from db import face, vocab
from db.face import Field, Kind, loan, overall
from db.tables import branches, customer_faces, customers, signal_level, staff
from db.vocab import Subject


@dataclass(frozen=True)
class Source:
    """A grouped query with one row a key; `on` joins it to the subject's rows."""

    sql: str
    columns: Mapping[str, type]
    on: Callable[[sa.Subquery], sa.ColumnElement]


@dataclass(frozen=True)
class Feature(Field):
    """A field that comes from a source; `sql` gets the night's date and the joined sources."""

    source: str = ""
    value: Callable[[date, sa.FromClause], sa.ColumnElement] = field(default=None)


SOURCES: dict[str, Source] = {
    # One and two months ago: was the note overdue then, and since when.
    "month_ago": Source(
        """select loan_id, overdue_since from loan_history
           where from_on <= :today - 30 and to_on > :today - 30 and overdue_since is not null""",
        {"loan_id": Integer, "overdue_since": Date}, lambda s: s.c.loan_id == loan.id,
    ),
    "two_months_ago": Source(
        """select loan_id, overdue_since from loan_history
           where from_on <= :today - 60 and to_on > :today - 60 and overdue_since is not null""",
        {"loan_id": Integer, "overdue_since": Date}, lambda s: s.c.loan_id == loan.id,
    ),
    "lateness": Source(
        """select h.loan_id,
                  count(distinct h.overdue_since) filter (where h.to_on > :today - 180) as episodes,
                  max(h.to_on) filter (where l.overdue_since is null or h.overdue_since <> l.overdue_since) as cured_on
           from loan_history h join loans l on l.id = h.loan_id and l.live
           where h.overdue_since is not null group by h.loan_id""",
        {"loan_id": Integer, "episodes": Integer, "cured_on": Date}, lambda s: s.c.loan_id == loan.id,
    ),
    "guarantee": Source(
        """select g.loan_id, max(:today - f.overdue_since) as days from guarantors g
           join customer_faces f on f.customer_id = g.guarantor_id where f.overdue_since is not null group by g.loan_id""",
        {"loan_id": Integer, "days": Integer}, lambda s: s.c.loan_id == loan.id,
    ),
    "maturity_checks": Source(
        """select loan_id, max(done_on) as done_on from records cross join unnest(loan_ids) as loan_id
           where kind = 'maturity' and outcome = 'completed' and done_on > :today - 90 group by loan_id""",
        {"loan_id": Integer, "done_on": Date}, lambda s: s.c.loan_id == loan.id,
    ),
    "calls": Source(
        """select r.customer_id, count(*) as tries, count(distinct r.done_on) as days,
                  count(*) filter (where r.outcome = 'wrong_contact') as wrong
           from records r
           left join (select customer_id, max(done_on) as done_on from records
                      where outcome = 'completed' and done_on > :today - 30 group by customer_id) c using (customer_id)
           where r.mode = 'phone' and r.outcome in ('unreached', 'wrong_contact') and r.done_on > :today - 30
             and r.done_on > coalesce(c.done_on, date '2000-01-01')
           group by r.customer_id""",
        {"customer_id": Integer, "tries": Integer, "days": Integer, "wrong": Integer},
        lambda s: s.c.customer_id == customers.c.id,
    ),
    "late_todos": Source(
        """select customer_id, max(:today - late_from + 1) as days,
                  max(:today - late_from + 1) filter (where kind = 'first') as first_days
           from todos where closed_on is null and late_from <= :today group by customer_id""",
        {"customer_id": Integer, "days": Integer, "first_days": Integer}, lambda s: s.c.customer_id == customers.c.id,
    ),
    "visits": Source(
        """select distinct on (customer_id) customer_id, conclusion, done_on from records
           where mode = 'field' and done_on > :today - 180 order by customer_id, done_on desc, id desc""",
        {"customer_id": Integer, "conclusion": Text, "done_on": Date}, lambda s: s.c.customer_id == customers.c.id,
    ),
    "whole_book": Source(
        """select customer_id, max(extensions) filter (where live) as extensions, (:today - min(disbursed_on)) / 30 as months,
                  sum(balance_fen) filter (where live and guarantee in ('mortgage', 'pledge'))::numeric
                      / nullif(sum(balance_fen) filter (where live), 0) as secured
           from loans group by customer_id""",
        {"customer_id": Integer, "extensions": Integer, "months": Integer, "secured": Numeric},
        lambda s: s.c.customer_id == customers.c.id,
    ),
    "past_arrears": Source(
        """select customer_id, count(distinct (loan_id, overdue_since)) filter (where to_on > :today - 180) as times,
                  max(least(to_on, :today) - overdue_since) as longest
           from loan_history where overdue_since is not null and to_on > :today - 365 group by customer_id""",
        {"customer_id": Integer, "times": Integer, "longest": Integer}, lambda s: s.c.customer_id == customers.c.id,
    ),
    "open_signals": Source(
        "select customer_id, max(level) as level from signals where closed_on is null and customer_id > 0 group by customer_id",
        {"customer_id": Integer, "level": signal_level}, lambda s: s.c.customer_id == customers.c.id,
    ),
    "neighbours": Source(
        """select c.branch_id, c.village, count(*) as late from customers c join customer_faces f on f.customer_id = c.id
           where f.overdue_since >= :today - 30 and c.village is not null group by c.branch_id, c.village""",
        {"branch_id": Integer, "village": Text, "late": Integer},
        lambda s: sa.and_(s.c.branch_id == customers.c.branch_id, s.c.village == customers.c.village),
    ),
    "phones": Source(
        """select phone_hash, count(*) as customers from customers where phone_hash is not null
           group by phone_hash having count(*) > 1""",
        {"phone_hash": sa.LargeBinary, "customers": Integer}, lambda s: s.c.phone_hash == customers.c.phone_hash,
    ),
    "marks": Source(
        "select distinct customer_id from addresses where lat is not null and replaced_at is null and doubt is null",
        {"customer_id": Integer}, lambda s: s.c.customer_id == customers.c.id,
    ),
    "waiting": Source(
        """select customer_id, max(:today - first_on) as days from signals where state = 'raised' and customer_id > 0
             and level >= 'orange' and rule_code <> 'I09' group by customer_id""",
        {"customer_id": Integer, "days": Integer}, lambda s: s.c.customer_id == customers.c.id,
    ),
    "branch_book": Source(
        """select branch_id, sum(balance_fen)::numeric as balance,
                  sum(balance_fen) filter (where matures_on >= date_trunc('month', cast(:today as date)) + interval '1 month'
                      and matures_on < date_trunc('month', cast(:today as date)) + interval '2 months') as maturing,
                  sum(balance_fen) filter (where class >= 'substandard') as bad
           from loans where live group by branch_id""",
        {"branch_id": Integer, "balance": Numeric, "maturing": Numeric, "bad": Numeric},
        lambda s: s.c.branch_id == branches.c.id,
    ),
    "staff_book": Source(
        """select c.manager_id as staff_id, count(*) as customers, count(f.overdue_since) as late
           from customers c join customer_faces f on f.customer_id = c.id where f.live_loans > 0 group by c.manager_id""",
        {"staff_id": Integer, "customers": Integer, "late": Integer}, lambda s: s.c.staff_id == staff.c.id,
    ),
    "staff_todos": Source(
        "select assignee_id as staff_id, count(*) as open from todos where closed_on is null group by assignee_id",
        {"staff_id": Integer, "open": Integer}, lambda s: s.c.staff_id == staff.c.id,
    ),
}  # fmt: skip


def _bucket(day: int, since: sa.ColumnElement) -> Callable[[date], sa.ColumnElement]:
    """M0 .. M5 by days past due at `day` days before the night: 30, 60, 90, 180 and beyond."""

    def sql(today: date) -> sa.ColumnElement:
        days = sa.cast(sa.literal(today, Date), Date) - day - since
        return sa.case(
            (since.is_(None), 0), (days <= 0, 0), (days <= 30, 1), (days <= 60, 2), (days <= 90, 3), (days <= 180, 4), else_=5
        )

    return sql


def _then(days: int) -> Callable[[date, sa.FromClause], sa.ColumnElement]:
    """The bucket so many days ago: from the present row if it looked so then already, else from history."""

    def sql(today: date, source: sa.FromClause) -> sa.ColumnElement:
        unchanged = loan.changed_on <= sa.literal(today, Date) - days
        return sa.case((unchanged, _bucket(days, loan.overdue_since)(today)), else_=_bucket(days, source.c.overdue_since)(today))

    return sql


def _feature(kind: Kind, source: str, value: Callable, words: type | None = None, ordered: bool = False) -> Feature:
    return Feature(kind, lambda today: sa.null(), words, True, ordered, source, value)


def _count(column: str) -> Callable:
    return lambda _today, s: func.coalesce(s.c[column], 0)


SUGGESTED = (("loss", 360), ("doubtful", 270), ("substandard", 90), ("special_mention", 30))


def _class_gap(today: date) -> sa.ColumnElement:
    """Notches by which the source's class is better than the days past due suggest."""
    words = [str(c) for c in vocab.LoanClass]
    days = func.coalesce(sa.literal(today, Date) - loan.overdue_since, 0)
    suggested = sa.case(*((days > limit, words.index(name)) for name, limit in SUGGESTED), else_=0)
    return suggested - sa.case({name: place for place, name in enumerate(words)}, value=sa.cast(loan["class"], Text))


def _interest_missed(today: date) -> sa.ColumnElement:
    """Interest still unpaid the day after the settlement day (20th, paid by the 21st) of this month."""
    settlement = today.replace(day=21)
    if today <= settlement:
        return sa.false()
    return sa.and_(loan.interest_fen > 0, loan.interest_since <= settlement)


def _longest(today: date, s: sa.FromClause) -> sa.ColumnElement:
    """The present arrears too."""
    now = sa.literal(today, Date) - overall.overdue_since
    return func.greatest(func.coalesce(s.c.longest, 0), func.coalesce(now, 0))


def _times(_today: date, s: sa.FromClause) -> sa.ColumnElement:
    now = sa.case((overall.overdue_since.is_not(None), 1), else_=0)
    return func.greatest(func.coalesce(s.c.times, 0), now)


_loan_fields: dict[str, Field] = {
    "bucket": Field(Kind.NUMBER, _bucket(0, loan.overdue_since), moving=True),
    "bucket_month_ago": _feature(Kind.NUMBER, "month_ago", _then(30)),
    "bucket_two_months_ago": _feature(Kind.NUMBER, "two_months_ago", _then(60)),
    "principal_arrears": Field(Kind.MONEY, lambda _: loan.principal_fen),
    "interest_arrears": Field(Kind.MONEY, lambda _: loan.interest_fen),
    "interest_missed": Field(Kind.FLAG, _interest_missed, moving=True),
    "days_to_first_arrears": Field(Kind.NUMBER, lambda _: loan.overdue_since - loan.disbursed_on),
    "late_episodes": _feature(Kind.NUMBER, "lateness", _count("episodes")),
    "days_since_cure": _feature(Kind.NUMBER, "lateness", lambda _t, s: loan.overdue_since - s.c.cured_on),
    "guarantor_overdue_days": _feature(Kind.NUMBER, "guarantee", _count("days")),
    "maturity_checked": _feature(Kind.FLAG, "maturity_checks", lambda _t, s: s.c.loan_id.is_not(None)),
    "class_gap": Field(Kind.NUMBER, _class_gap, moving=True),
}
_customer_fields: dict[str, Field] = {
    "segment": face.FIELDS["segment"],
    "level": face.FIELDS["level"],
    "exposure": face.FIELDS["exposure"],
    "live_loans": Field(Kind.NUMBER, lambda _: overall.live_loans),
    "overdue_days": Field(
        Kind.NUMBER, lambda today: func.coalesce(sa.literal(today, Date) - overall.overdue_since, 0), moving=True
    ),
    "worst_class": Field(Kind.WORD, lambda _: overall.worst_class, vocab.LoanClass, ordered=True),
    "longest_arrears": _feature(Kind.NUMBER, "past_arrears", _longest),
    "times_late": _feature(Kind.NUMBER, "past_arrears", _times),
    "most_extensions": _feature(Kind.NUMBER, "whole_book", _count("extensions")),
    "secured_share": _feature(Kind.NUMBER, "whole_book", _count("secured")),
    "months_with_bank": _feature(Kind.NUMBER, "whole_book", _count("months")),
    "worst_signal": _feature(Kind.WORD, "open_signals", lambda _t, s: s.c.level, vocab.Level, ordered=True),
    "failed_calls": _feature(Kind.NUMBER, "calls", _count("tries")),
    "failed_call_days": _feature(Kind.NUMBER, "calls", _count("days")),
    "wrong_contacts": _feature(Kind.NUMBER, "calls", _count("wrong")),
    "todo_days_late": _feature(Kind.NUMBER, "late_todos", _count("days")),
    "first_check_days_late": _feature(Kind.NUMBER, "late_todos", _count("first_days")),
    "last_conclusion": _feature(Kind.WORD, "visits", lambda _t, s: s.c.conclusion, vocab.Conclusion),
    "late_neighbours": _feature(Kind.NUMBER, "neighbours", _count("late")),
    "customers_on_phone": _feature(Kind.NUMBER, "phones", _count("customers")),
    "has_phone": Field(Kind.FLAG, lambda _: customers.c.phone_masked.is_not(None)),
    "has_manager": Field(Kind.FLAG, lambda _: customers.c.manager_id.is_not(None)),
    "has_marked_address": _feature(Kind.FLAG, "marks", lambda _t, s: s.c.customer_id.is_not(None)),
    "signal_days_waiting": _feature(Kind.NUMBER, "waiting", _count("days")),
}
_branch_fields: dict[str, Field] = {
    "branch_balance": _feature(Kind.MONEY, "branch_book", _count("balance")),
    "maturing_share": _feature(
        Kind.NUMBER, "branch_book", lambda _t, s: func.coalesce(s.c.maturing, 0) / func.nullif(s.c.balance, 0)
    ),
    "npl_share": _feature(Kind.NUMBER, "branch_book", lambda _t, s: func.coalesce(s.c.bad, 0) / func.nullif(s.c.balance, 0)),
}
_staff_fields: dict[str, Field] = {
    "gone": Field(Kind.FLAG, lambda today: func.coalesce(staff.c.left_on <= sa.literal(today, Date), False)),
    "open_todos": _feature(Kind.NUMBER, "staff_todos", _count("open")),
    "managed_customers": _feature(Kind.NUMBER, "staff_book", _count("customers")),
    "late_share": _feature(
        Kind.NUMBER, "staff_book",
        lambda _t, s: func.coalesce(s.c.late, 0) * sa.literal(1.0, Numeric) / func.nullif(s.c.customers, 0),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class SubjectRows:
    """Where the rows of a subject come from, and what a signal on one of them says."""

    rows: sa.FromClause
    where: sa.ColumnElement
    id: sa.ColumnElement
    customer_id: sa.ColumnElement
    branch_id: sa.ColumnElement
    owner_id: sa.ColumnElement
    amount_fen: sa.ColumnElement
    fields: Mapping[str, Field]


_zero = sa.literal(0, sa.BigInteger)
_nobody = sa.cast(sa.null(), Integer)
SUBJECTS: dict[Subject, SubjectRows] = {
    Subject.LOAN: SubjectRows(
        face.FROM, loan.live, loan.id, loan.customer_id, loan.branch_id,
        func.coalesce(loan.manager_id, customers.c.manager_id), loan.balance_fen, face.FIELDS | _loan_fields,
    ),
    Subject.CUSTOMER: SubjectRows(
        customers.join(customer_faces, overall.customer_id == customers.c.id), overall.live_loans > 0, customers.c.id,
        customers.c.id, customers.c.branch_id, customers.c.manager_id, overall.exposure_fen, _customer_fields,
    ),
    Subject.BRANCH: SubjectRows(
        branches, branches.c.closed_on.is_(None), branches.c.id, _zero, branches.c.id, _nobody, _zero, _branch_fields,
    ),
    Subject.STAFF: SubjectRows(
        staff, staff.c.branch_id.is_not(None), staff.c.id, _zero, staff.c.branch_id, _nobody, _zero, _staff_fields,
    ),
}  # fmt: skip


def joined(subject: Subject, used: set[str], today: date) -> tuple[sa.FromClause, dict[str, Field]]:
    """The subject's rows with the sources that `used` fields need, and all fields bound to them."""
    base = SUBJECTS[subject]
    rows, sources = base.rows, {}
    for name in sorted({f.source for n, f in base.fields.items() if n in used and isinstance(f, Feature)}):
        source = SOURCES[name]
        query = (
            sa.text(source.sql).bindparams(sa.bindparam("today", today, Date)) if ":today" in source.sql else sa.text(source.sql)
        )
        sources[name] = query.columns(**source.columns).subquery(name)
        rows = rows.outerjoin(sources[name], source.on(sources[name]))
    return rows, {n: _bound(f, sources) for n, f in base.fields.items() if n in used}


def _bound(found: Field, sources: dict[str, sa.Subquery]) -> Field:
    if not isinstance(found, Feature):
        return found
    source = sources[found.source]
    return Field(found.kind, lambda today: found.value(today, source), found.words)
