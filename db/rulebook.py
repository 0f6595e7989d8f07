"""How many loans each rule in force matches: for the page of rules."""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy import func, select

from db.conditions import compiled
from db.face import FIELDS, FROM, customer, loan
from db.tables import customers, loans, signals, todos
from db.vocab import CloseReason, TodoState


def matching(conn: sa.Connection, rules: Sequence[tuple[str, dict]], today: date) -> dict[str, int]:
    """Live loans that each condition holds for, in one scan; `rules` are (code, condition)."""
    counts = [func.count().filter(compiled(who, FIELDS, today)).label(f"n{i}") for i, (_, who) in enumerate(rules)]
    if not counts:
        return {}
    row = conn.execute(select(*counts).select_from(FROM).where(loan.live)).one()
    return {code: n for (code, _), n in zip(rules, row, strict=True)}


def matching_of_product(conn: sa.Connection, rules: Sequence[tuple[str, dict]], product_id: int, today: date) -> dict[str, int]:
    """The same, of one product's live loans only."""
    counts = [func.count().filter(compiled(who, FIELDS, today)).label(f"n{i}") for i, (_, who) in enumerate(rules)]
    if not counts:
        return {}
    row = conn.execute(select(*counts).select_from(FROM).where(loan.live, loan.product_id == product_id)).one()
    return {code: n for (code, _), n in zip(rules, row, strict=True)}


def work(conn: sa.Connection, today: date, since: date) -> dict[str, sa.Row]:
    """By rule: its todos open and late today, and of those that ended since a day how many were done, done in time, and cancelled
    by hand."""
    t = todos.c
    done, ended = t.state == TodoState.DONE, t.closed_on >= since
    rows = conn.execute(
        select(
            t.rule_code,
            func.count().filter(t.closed_on.is_(None)).label("open"),
            func.count().filter(t.closed_on.is_(None), t.late_from <= today).label("late"),
            func.count().filter(ended, done).label("done"),
            func.count().filter(ended, done, t.closed_on < t.late_from).label("in_time"),
            func.count().filter(ended, ~done, t.close_reason == CloseReason.BY_HAND).label("by_hand"),
        )
        .where(t.rule_code.is_not(None), sa.or_(t.closed_on.is_(None), t.closed_on >= since))
        .group_by(t.rule_code)
    )
    return {row.rule_code: row for row in rows}


def loans_of(conn: sa.Connection, pairs: Sequence[tuple[int, int]]) -> dict[int, sa.Row]:
    """Number and customer of some loans by id; asked with the customer's, so that a key serves."""
    asked = sa.tuple_(loan.customer_id, loan.id).in_(pairs)
    rows = conn.execute(
        select(loan.id, loan.loan_no, customer.customer_no, customer.name.label("customer"))
        .join_from(loans, customers, customer.id == loan.customer_id)
        .where(asked)
    )
    return {row.id: row for row in rows}


def signal_counts(conn: sa.Connection) -> dict[str, sa.Row]:
    """By signal rule: open, all, false alarms."""
    s = signals.c
    rows = conn.execute(
        select(
            s.rule_code, func.count().label("all"), func.count().filter(s.closed_on.is_(None)).label("open"),
            func.count().filter(s.state == "false_alarm").label("false_alarms"),
        ).group_by(s.rule_code)
    ).all()  # fmt: skip
    return {row.rule_code: row for row in rows}
