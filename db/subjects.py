"""What can be asked about, in the bank's words: each subject with what its figures are split by, counted, and listed.

A query (db/cube.py) names entries of these tables and nothing else. Titles are texts of the catalogue.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import func, select

from db import settings, vocab
from db.loans import once_not_normal
from db.tables import (
    addresses,
    branch_tree,
    branches,
    customer_faces,
    customers,
    job_runs,
    leads,
    loan_history,
    loans,
    products,
    records,
    sign_ins,
    signals,
    staff,
    todos,
)
from db.vocab import Conclusion, Level, LoanClass, Mode, Outcome, SignalState, SignInOutcome, TodoState

Expression = sa.ColumnElement | Callable[[date], sa.ColumnElement]  # some change with the day


class Kind(StrEnum):
    """What a dimension's values are, and so how they are named: by number, from the vocabulary, or as they stand."""

    BRANCH = "branch"
    STAFF = "staff"
    PRODUCT = "product"
    RULE = "rule"
    WORD = "word"
    FLAG = "flag"
    BAND = "band"
    TEXT = "text"


@dataclass(frozen=True)
class Dimension:
    """What figures are split by or narrowed to. `words`: the values there are, for words and bands; `needs`: joins."""

    title: str
    sql: Expression
    kind: Kind
    words: type[StrEnum] | Mapping[str, str] | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measure:
    """A figure. `kind`: number, money (fen), share, decimal. `rows`: which rows it counts, None for all."""

    title: str
    sql: Expression
    kind: str = "number"
    rows: Expression | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Detail:
    """A column of the rows behind a figure; `kind`: text, date, moment, number, money (fen), word."""

    title: str
    sql: sa.ColumnElement
    kind: str = "text"
    words: type[StrEnum] | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Day:
    """A day by which a period is meant and time is counted."""

    title: str
    sql: sa.ColumnElement


@dataclass(frozen=True)
class Subject:
    """`id` makes the order of its rows complete; `usual`: what a new query is narrowed to at first; `opens`: the page of a row
    and the detail that names it there."""

    title: str
    permit: str
    source: sa.FromClause
    id: sa.ColumnElement
    dimensions: Mapping[str, Dimension]
    days: Mapping[str, Day]
    measures: Mapping[str, Measure]
    details: Mapping[str, Detail]
    joins: Mapping[str, tuple[sa.FromClause, sa.ColumnElement]] = field(default_factory=dict)
    usual: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    opens: tuple[str, str] | None = None


def counted(title: str, rows: Expression | None = None, needs: tuple[str, ...] = ()) -> Measure:
    return Measure(title, lambda today: _filtered(func.count(), rows, today), "number", rows, needs)


def summed(title: str, column: sa.ColumnElement, rows: Expression | None = None) -> Measure:
    return Measure(title, lambda today: func.coalesce(_filtered(func.sum(column), rows, today), 0), "money", rows)


def distinct(title: str, column: sa.ColumnElement, rows: Expression | None = None) -> Measure:
    return Measure(title, lambda today: _filtered(func.count(sa.distinct(column)), rows, today), "number", rows)


def share(title: str, part: Measure, whole: Measure) -> Measure:
    """Behind a share are the rows of its whole."""
    return Measure(title, lambda today: _over(part, whole, today), "share", whole.rows, whole.needs)


def mean(title: str, part: Measure, whole: Measure) -> Measure:
    return Measure(title, lambda today: _over(part, whole, today), "decimal", part.rows, part.needs)


def _over(part: Measure, whole: Measure, today: date) -> sa.ColumnElement:
    return sa.cast(at(part.sql, today), sa.Float) / func.nullif(at(whole.sql, today), 0)


def at(expression: Expression, today: date) -> sa.ColumnElement:
    """As it is on that day."""
    return expression if isinstance(expression, sa.ColumnElement) else expression(today)


def _filtered(aggregate: sa.ColumnElement, rows: Expression | None, today: date) -> sa.ColumnElement:
    return aggregate if rows is None else aggregate.filter(at(rows, today))


def _day_of(moment: sa.ColumnElement) -> sa.ColumnElement:
    """In China's time."""
    return sa.cast(func.timezone(str(settings.ZONE), moment), sa.Date)


# --- What several subjects share --------------------------------------------------------------------------------------


def _top_branches() -> sa.Subquery:
    """For each branch the one right below head office that it belongs to; head office for itself."""
    above, over = branches.alias("above"), branches.alias("over")
    below_head = func.max(above.c.id).filter(above.c.parent_id.is_not(None), over.c.parent_id.is_(None))
    head = func.max(above.c.id).filter(above.c.parent_id.is_(None))
    return (
        select(branch_tree.c.branch_id, func.coalesce(below_head, head).label("top_id"))
        .join(above, above.c.id == branch_tree.c.ancestor_id)
        .outerjoin(over, over.c.id == above.c.parent_id)
        .group_by(branch_tree.c.branch_id)
        .subquery("tops")
    )


TOPS = _top_branches()


def _joins(table: sa.FromClause, staff_id: sa.ColumnElement) -> dict[str, tuple[sa.FromClause, sa.ColumnElement]]:
    """Outward, so that what somebody sees without seeing its customer is counted all the same."""
    c = table.c
    return {
        "tops": (TOPS, TOPS.c.branch_id == c.branch_id),
        "customer": (customers, customers.c.id == c.customer_id),
        "face": (customer_faces, customer_faces.c.customer_id == c.customer_id),
        "branch": (branches, branches.c.id == c.branch_id),
        "staff": (staff, staff.c.id == staff_id),
    }


def _places(branch_id: sa.ColumnElement) -> dict[str, Dimension]:
    return {
        "sub_branch": Dimension("Branch with its outlets", TOPS.c.top_id, Kind.BRANCH, needs=("tops",)),
        "branch": Dimension("Branch or outlet", branch_id, Kind.BRANCH),
    }


_OF_CUSTOMER = {
    "segment": Dimension("Segment", customer_faces.c.segment, Kind.WORD, vocab.Segment, ("face",)),
    "level": Dimension("Customer level", customer_faces.c.level, Kind.TEXT, needs=("face",)),
    "customer_kind": Dimension("Customer kind", customers.c.kind, Kind.WORD, vocab.CustomerKind, ("customer",)),
    "village": Dimension("Village", customers.c.village, Kind.TEXT, needs=("customer",)),
}
_CUSTOMER = {
    "customer_no": Detail("Customer number", customers.c.customer_no, needs=("customer",)),
    "customer": Detail("Customer", customers.c.name, needs=("customer",)),
}
_BRANCH = Detail("Branch", branches.c.name, needs=("branch",))
BANDS = {
    "none": "Not in arrears", "d30": "1 to 30 days", "d60": "31 to 60 days", "d90": "61 to 90 days", "d180": "91 to 180 days",
    "more": "more than 180 days",
}  # fmt: skip

SOURCES = {"union": "Core system", "own": "Own products"}


def _band(since: sa.ColumnElement) -> Callable[[date], sa.ColumnElement]:
    def by_days(today: date) -> sa.ColumnElement:
        days = sa.literal(today, sa.Date) - since
        limits = ((30, "d30"), (60, "d60"), (90, "d90"), (180, "d180"))
        return sa.case((since.is_(None), "none"), *((days <= most, band) for most, band in limits), else_="more")

    return by_days


# --- The subjects -----------------------------------------------------------------------------------------------------


def _of_loans() -> Subject:
    x = loans.c
    return Subject(
        "Loans", "loans.see", loans, x.id,
        {
            **_places(x.branch_id),
            "officer": Dimension("Relationship manager", x.manager_id, Kind.STAFF),
            "product": Dimension("Product", x.product_id, Kind.PRODUCT),
            "family": Dimension("Product family", products.c.family, Kind.WORD, vocab.Family, ("product",)),
            **_OF_CUSTOMER,
            "class": Dimension("Five-tier class", x["class"], Kind.WORD, LoanClass),
            "status": Dimension("Status", x.status, Kind.WORD, vocab.LoanStatus),
            "live": Dimension("Live", x.live, Kind.FLAG),
            "arrears": Dimension("Days past due", _band(x.overdue_since), Kind.BAND, BANDS),
            "guarantee": Dimension("Guarantee", x.guarantee, Kind.WORD, vocab.Guarantee),
            "repayment": Dimension("Repayment", x.repayment, Kind.WORD, vocab.Repayment),
            "agri": Dimension("Agricultural", x.agri, Kind.FLAG),
            "source": Dimension("Source", x.source, Kind.BAND, SOURCES),
        },
        {"disbursed": Day("Paid out", x.disbursed_on), "matures": Day("Matures", x.matures_on)},
        _sums_of_loans(),
        {
            "loan_no": Detail("Loan number", x.loan_no), **_CUSTOMER,
            "product": Detail("Product", products.c.name, needs=("product",)),
            "amount": Detail("Amount", x.amount_fen, "money"), "balance": Detail("Balance", x.balance_fen, "money"),
            "class": Detail("Class", x["class"], "word", LoanClass), "overdue": Detail("Overdue since", x.overdue_since, "date"),
            "disbursed": Detail("Paid out", x.disbursed_on, "date"), "matures": Detail("Matures", x.matures_on, "date"),
            "branch": _BRANCH, "officer": Detail("Relationship manager", staff.c.name, needs=("staff",)),
        },
        _joins(loans, x.manager_id) | {"product": (products, products.c.id == x.product_id)},
        {"live": ("true",)}, ("loan", "loan_no"),
    )  # fmt: skip


def _sums_of_loans() -> dict[str, Measure]:
    x = loans.c
    late, bad = sa.and_(x.live, x.overdue_since.is_not(None)), sa.and_(x.live, x["class"] >= LoanClass.SUBSTANDARD)
    balance, late_balance = summed("Balance", x.balance_fen), summed("Balance in arrears", x.balance_fen, late)
    bad_balance = summed("Balance substandard and worse", x.balance_fen, bad)
    return {
        "count": counted("Loans"), "customers": distinct("Customers", x.customer_id), "balance": balance,
        "amount": summed("Amount paid out", x.amount_fen),
        "late": counted("Loans in arrears", late), "late_balance": late_balance,
        "late_share": share("Share in arrears", late_balance, balance),
        "bad": counted("Loans substandard and worse", bad), "bad_balance": bad_balance,
        "bad_share": share("NPL ratio", bad_balance, balance),
        "owed": summed("Principal and interest in arrears", x.principal_fen + x.interest_fen, late),
    }  # fmt: skip


def _of_customers() -> Subject:
    x, f = customers.c, customer_faces.c
    late = f.overdue_since.is_not(None)
    marked = select(addresses.c.id).where(
        addresses.c.customer_id == x.id, addresses.c.replaced_at.is_(None), addresses.c.lat.is_not(None)
    )
    return Subject(
        "Customers", "customers.see", customers.join(customer_faces, f.customer_id == x.id), x.id,
        {
            **_places(x.branch_id),
            "officer": Dimension("Relationship manager", x.manager_id, Kind.STAFF),
            "inspector": Dimension("Inspector", x.inspector_id, Kind.STAFF),
            "family": Dimension("Main product family", f.main_family, Kind.WORD, vocab.Family),
            "segment": Dimension("Segment", f.segment, Kind.WORD, vocab.Segment),
            "level": Dimension("Customer level", f.level, Kind.TEXT),
            "customer_kind": Dimension("Customer kind", x.kind, Kind.WORD, vocab.CustomerKind),
            "class": Dimension("Worst class", f.worst_class, Kind.WORD, LoanClass),
            "arrears": Dimension("Days past due", _band(f.overdue_since), Kind.BAND, BANDS),
            "live": Dimension("With live loans", f.live_loans > 0, Kind.FLAG),
            "village": Dimension("Village", x.village, Kind.TEXT),
        },
        {"created": Day("New since", x.created_on)},
        {
            "count": counted("Customers"), "exposure": summed("Exposure", f.exposure_fen),
            "loans": Measure("Live loans", func.coalesce(func.sum(f.live_loans), 0)),
            "late": counted("Customers in arrears", late), "late_exposure": summed("Exposure in arrears", f.exposure_fen, late),
            "unmarked": counted("Without a marked address", ~marked.exists()), "nobodys": counted("Without a manager", x.manager_id.is_(None)),
        },
        {
            "customer_no": Detail("Customer number", x.customer_no), "customer": Detail("Customer", x.name),
            "segment": Detail("Segment", f.segment, "word", vocab.Segment), "exposure": Detail("Exposure", f.exposure_fen, "money"),
            "loans": Detail("Live loans", f.live_loans, "number"), "overdue": Detail("Overdue since", f.overdue_since, "date"),
            "created": Detail("New since", x.created_on, "date"), "branch": _BRANCH,
            "officer": Detail("Relationship manager", staff.c.name, needs=("staff",)),
        },
        {"tops": (TOPS, TOPS.c.branch_id == x.branch_id), "branch": (branches, branches.c.id == x.branch_id),
         "staff": (staff, staff.c.id == x.manager_id)},
        {"live": ("true",)}, ("customer", "customer_no"),
    )  # fmt: skip


def _of_todos() -> Subject:
    x = todos.c
    done = x.state == TodoState.DONE
    due = counted("Due", x.state != TodoState.CANCELLED)
    on_time = counted("Done on time", sa.and_(done, x.closed_on < x.late_from))
    return Subject(
        "Todos", "todos.see", todos, x.id,
        {
            **_places(x.branch_id),
            "officer": Dimension("Assignee", x.assignee_id, Kind.STAFF),
            "kind": Dimension("Kind", x.kind, Kind.WORD, vocab.Kind),
            "mode": Dimension("Way", x.mode, Kind.WORD, Mode),
            "family": Dimension("Product family", x.family, Kind.WORD, vocab.Family),
            "state": Dimension("State", x.state, Kind.WORD, TodoState),
            "rule": Dimension("Rule", x.rule_code, Kind.RULE),
            "close_reason": Dimension("Reason", x.close_reason, Kind.WORD, vocab.CloseReason),
            **_OF_CUSTOMER,
        },
        {"due": Day("Due", x.due_on), "created": Day("Made on", x.created_on), "closed": Day("Closed on", x.closed_on)},
        {
            "count": counted("Todos"), "due": due, "done": counted("Done", done), "on_time": on_time,
            "on_time_share": share("Done on time, share", on_time, due),
            "done_late": counted("Done late", sa.and_(done, x.closed_on >= x.late_from)),
            "open": counted("Open todos", x.closed_on.is_(None)),
            "overdue": counted("Overdue todos", lambda today: sa.and_(x.closed_on.is_(None), x.late_from <= today)),
            "cancelled": counted("Cancelled", x.state == TodoState.CANCELLED), "customers": distinct("Customers", x.customer_id),
        },
        {
            **_CUSTOMER, "kind": Detail("Kind", x.kind, "word", vocab.Kind), "mode": Detail("Way", x.mode, "word", Mode),
            "state": Detail("State", x.state, "word", TodoState), "due": Detail("Due", x.due_on, "date"),
            "closed": Detail("Closed on", x.closed_on, "date"), "rule": Detail("Rule", x.rule_code), "branch": _BRANCH,
            "officer": Detail("Assignee", staff.c.name, needs=("staff",)),
        },
        _joins(todos, x.assignee_id), {}, ("customer", "customer_no"),
    )  # fmt: skip


def _of_records() -> Subject:
    x = records.c
    field_visit = x.mode == Mode.FIELD
    visits, placed = counted("Field visits", field_visit), counted("With a position", sa.and_(field_visit, x.on_site.is_not(None)))
    on_site = counted("Visits on site", sa.and_(field_visit, x.on_site))
    days_out = distinct("Officer days with visits", func.concat(x.staff_id, " ", x.done_on), field_visit)
    count = counted("Checks")
    abnormal = counted("Abnormal conclusions", x.conclusion.in_((Conclusion.ATTENTION, Conclusion.RISK)))
    return Subject(
        "Inspection records", "records.see", records, x.id,
        {
            **_places(x.branch_id),
            "officer": Dimension("Officer", x.staff_id, Kind.STAFF),
            "kind": Dimension("Kind", x.kind, Kind.WORD, vocab.Kind),
            "mode": Dimension("Way", x.mode, Kind.WORD, Mode),
            "outcome": Dimension("Outcome", x.outcome, Kind.WORD, Outcome),
            "conclusion": Dimension("Conclusion", x.conclusion, Kind.WORD, Conclusion),
            "grade": Dimension("Presence grade", x.grade, Kind.TEXT),
            "on_site": Dimension("On site", x.on_site, Kind.FLAG),
            **_OF_CUSTOMER,
        },
        {"done": Day("Done on", x.done_on)},
        {
            "count": count, "visits": visits, "calls": counted("Phone checks", x.mode == Mode.PHONE),
            "completed": counted("Completed", x.outcome == Outcome.COMPLETED), "customers": distinct("Customers", x.customer_id),
            "officers": distinct("Officers", x.staff_id), "days_out": days_out,
            "visits_a_day": mean("Field visits an officer and day", visits, days_out),
            "placed": placed, "on_site": on_site, "on_site_share": share("On-site rate", on_site, placed),
            "abnormal": abnormal, "abnormal_share": share("Abnormal, share", abnormal, count),
        },
        {
            "done": Detail("Done on", x.done_on, "date"), **_CUSTOMER, "kind": Detail("Kind", x.kind, "word", vocab.Kind),
            "mode": Detail("Way", x.mode, "word", Mode), "outcome": Detail("Outcome", x.outcome, "word", Outcome),
            "conclusion": Detail("Conclusion", x.conclusion, "word", Conclusion), "grade": Detail("Presence grade", x.grade),
            "branch": _BRANCH, "officer": Detail("Officer", staff.c.name, needs=("staff",)), "note": Detail("Remark", x.note),
            "id": Detail("Check number", x.id, "number"),
        },
        _joins(records, x.staff_id), {}, ("records", "id"),
    )  # fmt: skip


def _of_signals() -> Subject:
    x = signals.c
    false = counted("False alarms", x.state == SignalState.FALSE_ALARM)
    judged = counted("Judged", x.state.in_((SignalState.CLOSED, SignalState.FALSE_ALARM)))
    taken_after = _day_of(x.taken_at) - x.first_on
    return Subject(
        "Warning signals", "signals.see", signals, x.id,
        {
            **_places(x.branch_id),
            "officer": Dimension("Owner", x.owner_id, Kind.STAFF),
            "rule": Dimension("Rule", x.rule_code, Kind.RULE),
            "level": Dimension("Level", x.level, Kind.WORD, Level),
            "state": Dimension("State", x.state, Kind.WORD, SignalState),
            "about": Dimension("About", x.subject_kind, Kind.WORD, vocab.Subject),
            **{name: _OF_CUSTOMER[name] for name in ("segment", "customer_kind")},
        },
        {"first": Day("First seen", x.first_on), "closed": Day("Closed on", x.closed_on)},
        {
            "count": counted("Signals"), "open": counted("Open signals", x.closed_on.is_(None)),
            "waiting": counted("Nobody took them yet", x.state == SignalState.RAISED),
            "confirmed": counted("Confirmed", x.state == SignalState.CLOSED), "false": false,
            "false_share": share("Share of false alarms", false, judged), "lifted": counted("Lifted", x.state == SignalState.LIFTED),
            "amount": summed("Balance at risk", x.amount_fen),
            "taken_after": Measure("Median days to take", func.percentile_cont(0.5).within_group(taken_after), "decimal", x.taken_at.is_not(None)),
        },
        {
            "rule": Detail("Rule", x.rule_code), **_CUSTOMER, "level": Detail("Level", x.level, "word", Level),
            "state": Detail("State", x.state, "word", SignalState), "first": Detail("First seen", x.first_on, "date"),
            "closed": Detail("Closed on", x.closed_on, "date"), "amount": Detail("Balance at risk", x.amount_fen, "money"),
            "branch": _BRANCH, "officer": Detail("Owner", staff.c.name, needs=("staff",)),
        },
        _joins(signals, x.owner_id), {}, ("customer", "customer_no"),
    )  # fmt: skip


def _moves() -> sa.Subquery:
    """Each change of a loan's class: what it was until that day, and what it became."""
    h, after = (loan_history.alias(name) for name in ("h", "after"))
    became = func.coalesce(after.c["class"], loans.c["class"])
    return (
        select(
            h.c.loan_id, h.c.customer_id, h.c.branch_id, h.c.manager_id, h.c.to_on.label("day"), h.c["class"].label("was"),
            became.label("became"), func.coalesce(after.c.balance_fen, loans.c.balance_fen).label("balance_fen"), loans.c.loan_no,
            loans.c.product_id, func.concat(h.c.loan_id, " ", h.c.to_on).label("id"),
        )
        .join(loans, sa.and_(loans.c.id == h.c.loan_id, loans.c.customer_id == h.c.customer_id))
        .outerjoin(after, sa.and_(after.c.loan_id == h.c.loan_id, after.c.customer_id == h.c.customer_id, after.c.from_on == h.c.to_on))
        .where(h.c["class"] != became, h.c.loan_id == once_not_normal())
        .subquery("moves")
    )  # fmt: skip


def _of_moves() -> Subject:
    moves = _moves()
    x = moves.c
    return Subject(
        "Changes of class", "loans.see", moves, x.id,
        {
            **_places(x.branch_id),
            "officer": Dimension("Relationship manager", x.manager_id, Kind.STAFF),
            "was": Dimension("Class before", x.was, Kind.WORD, LoanClass),
            "became": Dimension("Class after", x.became, Kind.WORD, LoanClass),
            "product": Dimension("Product", x.product_id, Kind.PRODUCT),
            "family": Dimension("Product family", products.c.family, Kind.WORD, vocab.Family, ("product",)),
            "segment": _OF_CUSTOMER["segment"],
        },
        {"day": Day("Changed on", x.day)},
        {
            "count": counted("Changes"), "balance": summed("Balance", x.balance_fen),
            "worse": counted("For the worse", x.became > x.was), "worse_balance": summed("Balance that got worse", x.balance_fen, x.became > x.was),
            "better": counted("For the better", x.became < x.was),
        },
        {
            "loan_no": Detail("Loan number", x.loan_no), **_CUSTOMER, "day": Detail("Changed on", x.day, "date"),
            "was": Detail("Class before", x.was, "word", LoanClass), "became": Detail("Class after", x.became, "word", LoanClass),
            "balance": Detail("Balance", x.balance_fen, "money"), "branch": _BRANCH,
        },
        _joins(moves, x.manager_id) | {"product": (products, products.c.id == x.product_id)}, {}, ("loan", "loan_no"),
    )  # fmt: skip


def _of_leads() -> Subject:
    x = leads.c
    won, count = counted("Won", x.state == vocab.LeadState.WON), counted("Leads")
    follower = func.coalesce(x.owner_id, x.staff_id)
    return Subject(
        "Leads", "customers.see", leads, x.id,
        {
            **_places(x.branch_id),
            "officer": Dimension("Followed by", follower, Kind.STAFF),
            "noted_by": Dimension("Noted by", x.staff_id, Kind.STAFF),
            "state": Dimension("State", x.state, Kind.WORD, vocab.LeadState),
            "at_check": Dimension("Noted at a check", x.record_id.is_not(None), Kind.FLAG),
        },
        {"noted": Day("Noted on", _day_of(x.noted_at))},
        {"count": count, "won": won, "won_share": share("Share won", won, count), "lost": counted("Lost", x.state == vocab.LeadState.LOST)},
        {
            "name": Detail("Name", x.name), "wish": Detail("What is wanted", x.wish), "state": Detail("State", x.state, "word", vocab.LeadState),
            "noted": Detail("Noted on", _day_of(x.noted_at), "date"), "branch": _BRANCH,
            "officer": Detail("Followed by", staff.c.name, needs=("staff",)),
        },
        _joins(leads, follower),
    )  # fmt: skip


def _of_sign_ins() -> Subject:
    x = sign_ins.c
    failed, count = counted("Failed", x.outcome != SignInOutcome.SUCCEEDED), counted("Sign-ins tried")
    return Subject(
        "Sign-ins", "audit.see", sign_ins, x.id,
        {
            "outcome": Dimension("Outcome", x.outcome, Kind.WORD, SignInOutcome),
            "officer": Dimension("Person", x.staff_id, Kind.STAFF),
            "source": Dimension("From where", x.source, Kind.TEXT),
        },
        {"at": Day("Day", _day_of(x.at))},
        {"count": count, "failed": failed, "failed_share": share("Share failed", failed, count), "people": distinct("People", x.staff_id)},
        {
            "at": Detail("When", x.at, "moment"), "username": Detail("User name", x.username),
            "outcome": Detail("Outcome", x.outcome, "word", SignInOutcome), "source": Detail("From where", x.source),
        },
    )  # fmt: skip


def _of_jobs() -> Subject:
    x = job_runs.c
    seconds = sa.extract("epoch", x.finished_at - x.started_at)
    return Subject(
        "Jobs", "operations.see", job_runs, x.id,
        {
            "job": Dimension("Job", x.job, Kind.BAND, {}),
            "state": Dimension("State", x.state, Kind.WORD, vocab.JobState),
        },
        {"day": Day("Day", x.business_date)},
        {
            "count": counted("Days with a run"), "attempts": Measure("Runs", func.coalesce(func.sum(x.attempt), 0)),
            "failed": counted("Failed", x.state == vocab.JobState.FAILED),
            "seconds": Measure("Mean seconds", func.avg(seconds), "decimal"), "longest": Measure("Longest, seconds", func.max(seconds), "decimal"),
        },
        {
            "job": Detail("Job", x.job), "day": Detail("Day", x.business_date, "date"), "state": Detail("State", x.state, "word", vocab.JobState),
            "started": Detail("Started", x.started_at, "moment"), "finished": Detail("Finished", x.finished_at, "moment"),
            "attempts": Detail("Runs", x.attempt, "number"),
        },
    )  # fmt: skip


SUBJECTS: dict[str, Subject] = {
    "loans": _of_loans(), "customers": _of_customers(), "todos": _of_todos(), "records": _of_records(), "signals": _of_signals(),
    "moves": _of_moves(), "leads": _of_leads(), "sign_ins": _of_sign_ins(), "jobs": _of_jobs(),
}  # fmt: skip
