"""Why a loan has the todos it has: every comparison of every rule, asked of the database itself.

The same compiled conditions as the night's, so that an explanation cannot disagree with what the night does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy import select

from db.conditions import compiled, leaves
from db.face import FIELDS, FROM, loan
from db.generation import ANCHOR_COLUMN, completions
from db.tables import claims, exemptions, records, todos
from db.vocab import CUSTOMER_KINDS, HEAVIER, MODE_WEIGHT, Anchor, Kind, Mode


@dataclass(frozen=True)
class LoanFacts:
    """One live loan of the customer: which leaves of which rules hold, what the fields are, what rules count from."""

    loan_id: int
    loan_no: str
    holds: dict[tuple[str, int], bool]  # (rule code, n-th leaf)
    values: dict[str, object]
    matches: frozenset[str]  # codes of the rules whose whole condition holds
    anchors: dict[Anchor, date | None]


def facts(conn: sa.Connection, customer_id: int, rules: Sequence[tuple[str, dict]], today: date) -> list[LoanFacts]:
    """For each live loan of a customer; `rules` are (code, condition)."""
    asked = [(code, n, leaf) for code, who in rules for n, leaf in enumerate(leaves(who))]
    used = sorted({leaf["field"] for _, _, leaf in asked})
    columns = [loan.id, loan.loan_no]
    columns += [compiled(leaf, FIELDS, today).label(f"leaf_{i}") for i, (_, _, leaf) in enumerate(asked)]
    columns += [compiled(who, FIELDS, today).label(f"rule_{i}") for i, (_, who) in enumerate(rules)]
    columns += [FIELDS[name].sql(today).label(f"value_{name}") for name in used]
    columns += [column.label(f"anchor_{anchor}") for anchor, column in ANCHOR_COLUMN.items()]
    query = select(*columns).select_from(FROM).where(loan.customer_id == customer_id, loan.live).order_by(loan.id)
    found = []
    for row in conn.execute(query).mappings():
        found.append(
            LoanFacts(
                row["id"], row["loan_no"],
                {(code, n): bool(row[f"leaf_{i}"]) for i, (code, n, _) in enumerate(asked)},
                {name: row[f"value_{name}"] for name in used},
                frozenset(code for i, (code, _) in enumerate(rules) if row[f"rule_{i}"]),
                {anchor: row[f"anchor_{anchor}"] for anchor in ANCHOR_COLUMN},
            )
        )  # fmt: skip
    return found


def last_check(conn: sa.Connection, customer_id: int, kind: Kind, today: date) -> date | None:
    """The day from which a completion rule of this kind counts for a customer; None if never checked."""
    asked = f"select max(done_on) from ({completions(kind)}) d where customer_id = :customer_id"
    return conn.execute(sa.text(asked), {"customer_id": customer_id, "today": today}).scalar()


def heavier_check(conn: sa.Connection, customer_id: int, kind: Kind, mode: Mode, since: date, until: date) -> sa.Row | None:
    """The latest heavier check completed in a window, in a mode at least as heavy: kind, done_on."""
    r = records.c
    heavy_enough = [m.value for m in Mode if MODE_WEIGHT[m] >= MODE_WEIGHT[mode]]
    return conn.execute(
        select(r.kind, r.done_on)
        .where(
            r.customer_id == customer_id, r.kind.in_(HEAVIER.get(kind, ())), r.outcome == "completed",
            r.mode.in_(heavy_enough), r.done_on.between(since, until),
        )
        .order_by(r.done_on.desc())
        .limit(1)
    ).one_or_none()  # fmt: skip


def exemptions_on(conn: sa.Connection, customer_id: int, today: date) -> list[sa.Row]:
    """Approved ones of a customer that hold on a day: loan_id (none: all loans), kinds, until_on, reason."""
    e = exemptions.c
    return conn.execute(
        select(e.loan_id, e.kinds, e.until_on, e.reason)
        .where(e.customer_id == customer_id, e.approved_by.is_not(None), e.from_on <= today, e.until_on >= today)
        .order_by(e.until_on.desc())
    ).all()


def pending(conn: sa.Connection, customer_id: int, loan_id: int, rule_code: str) -> sa.Row | None:
    """The most urgent pending todo of a rule that lists the loan."""
    t = todos.c
    return conn.execute(
        select(t.id, t.due_on, t.state)
        .where(t.customer_id == customer_id, t.rule_code == rule_code, t.closed_on.is_(None), sa.any_(t.loan_ids) == loan_id)
        .order_by(t.due_on, t.id)
        .limit(1)
    ).one_or_none()


def covering(conn: sa.Connection, customer_id: int, loan_id: int, kind: Kind, period: str) -> sa.Row | None:
    """The todo, whatever became of it, that stands for an occurrence: the customer's, or the one the loan has a claim on."""
    t, c = todos.c, claims.c
    query = select(t.id, t.state, t.due_on, t.closed_on, t.close_reason, t.close_note).where(t.customer_id == customer_id)
    if kind in CUSTOMER_KINDS:
        query = query.where(t.kind == kind, t.subject == 0, t.period == period)
    else:
        query = query.join(claims, sa.and_(c.todo_id == t.id, c.customer_id == t.customer_id)).where(
            c.loan_id == loan_id, c.kind == kind, c.period == period
        )
    return conn.execute(query).one_or_none()
