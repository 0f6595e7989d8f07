"""What a draft of a signal rule would find tonight beside the rule in force, by the night's own search, and what it would have
said of the signals there were. To be asked in a transaction that is undone (db/rehearsal.py)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import func, select

from db import features
from db.conditions import compiled, leaves
from db.face import Field, Kind
from db.signals import QUIET, Levels, RuleRow, find
from db.tables import signals
from db.vocab import Fate, Subject

s = signals.c
AS_IT_IS, DRAFT = 1, 2  # the versions under which the hits are found


class Differing(NamedTuple):
    """A subject on which the draft fires otherwise than the rule in force; a level is None where one does not fire.

    `fate`: what the night does by the draft; `state`, `since`: of the signal that is open.
    """

    customer_id: int
    subject_kind: str
    subject_id: int
    branch_id: int
    customer: str | None
    customer_no: str | None
    loan_no: str | None
    about: str
    branch: str
    owner: str | None
    was: str | None
    becomes: str | None
    fate: str
    state: str | None
    since: date | None
    amount_fen: int
    evidence: dict


class Count(NamedTuple):
    """How many subjects of a branch stand at which level as it is and by the draft, and what the night does with them."""

    branch_id: int
    was: str | None
    becomes: str | None
    fate: str
    n: int


class Judged(NamedTuple):
    """Signals that ended so, or have not ended, by what the draft says of the evidence that was kept: fires, silent, unknown."""

    state: str
    verdict: str
    n: int


def search(conn: sa.Connection, code: str, now: RuleRow | None, draft: RuleRow | None, today: date) -> None:
    """Both in one pass over the book; `beside` holds each subject on which one of them fires."""
    rules = [
        replace(rule, number=version, version=version) for rule, version in ((now, AS_IT_IS), (draft, DRAFT)) if rule is not None
    ]
    find(conn, rules, today)
    conn.execute(sa.text(_BESIDE), {"code": code, "today": today, "now": AS_IT_IS, "draft": DRAFT})


_SAME = "g.customer_id = h.customer_id and g.rule_code = :code and g.subject_kind = h.subject_kind and g.subject_id = h.subject_id"
_BESIDE = f"""
    create temporary table beside on commit drop as
    select h.customer_id, h.subject_kind, h.subject_id, h.branch_id, h.owner_id, h.amount_fen, h.evidence, h.was, h.level as becomes,
           g.state, g.first_on as since,
           case when h.level is null and g.id is null then '{Fate.NOTHING}'
                when h.level is null then case when g.state = 'raised' then '{Fate.LIFTED}' else '{Fate.LEFT}' end
                when g.id is not null then case when h.level > g.level then '{Fate.WORSE}' else '{Fate.STAYS}' end
                when lately.quiet then '{Fate.QUIET}' else '{Fate.RAISED}' end as fate
    from (
        select customer_id, subject_kind, subject_id, coalesce(d.branch_id, n.branch_id) as branch_id,
               coalesce(d.owner_id, n.owner_id) as owner_id, coalesce(d.amount_fen, n.amount_fen) as amount_fen,
               coalesce(d.evidence, n.evidence) as evidence, n.level as was, d.level, d.cooldown_days
        from (select * from staging.night_hits where rule_version = :now) n
        full join (select * from staging.night_hits where rule_version = :draft) d using (customer_id, subject_kind, subject_id)
    ) h
    left join signals g on {_SAME} and g.closed_on is null
    left join lateral (select true as quiet from signals g where {_SAME} and {QUIET} limit 1) lately on true"""


def counts(conn: sa.Connection) -> list[Count]:
    rows = conn.exec_driver_sql(
        "select branch_id, was, becomes, fate, count(*) from beside group by 1, 2, 3, 4 order by 1, 2, 3, 4"
    )
    return [Count(*row) for row in rows]


def differing(conn: sa.Connection, limit: int | None = None) -> list[Differing]:
    """Worst first: those that fire anew, then those at another level, then those that fire no more."""
    rows = conn.execute(
        sa.text("""
            select h.customer_id, h.subject_kind, h.subject_id, h.branch_id, c.name as customer, c.customer_no, l.loan_no,
                   coalesce(c.name, p.name, b.name) as about, b.name as branch, o.name as owner, h.was, h.becomes, h.fate, h.state, h.since,
                   h.amount_fen, h.evidence
            from beside h
            join branches b on b.id = h.branch_id
            left join customers c on c.id = h.customer_id
            left join loans l on h.subject_kind = 'loan' and l.customer_id = h.customer_id and l.id = h.subject_id
            left join staff p on h.subject_kind = 'staff' and p.id = h.subject_id
            left join staff o on o.id = h.owner_id
            where h.was is distinct from h.becomes
            order by (h.becomes is null)::int, (h.was is not null)::int, coalesce(h.becomes, h.was) desc, h.amount_fen desc,
                     h.customer_id, h.subject_id
            limit :limit"""),
        {"limit": limit},
    )
    return [Differing(*row) for row in rows]


def judged(conn: sa.Connection, code: str, subject: Subject, levels: Levels, since: date) -> list[Judged]:
    """Signals of a rule raised since a day, by what the levels of a draft say of the evidence kept with each as it was last seen."""
    used = {leaf["field"] for _level, who in levels for leaf in leaves(who)}
    fields = {name: _kept(name, features.SUBJECTS[subject].fields[name]) for name in used}
    fires = sa.or_(sa.false(), *(compiled(who, fields, since) for _level, who in levels))
    known = sa.and_(sa.true(), *(s.evidence.has_key(name) for name in sorted(used)))
    verdict = sa.case((sa.and_(known, fires), "fires"), (known, "silent"), *_in_part(levels, fires), else_="unknown")
    rows = conn.execute(
        select(s.state, verdict.label("verdict"), func.count())
        .where(s.rule_code == code, s.subject_kind == subject, s.first_on >= since)
        .group_by(s.state, sa.text("verdict"))
    )
    return [Judged(*row) for row in rows]


def _in_part(levels: Levels, fires: sa.ColumnElement) -> list[tuple]:
    """What can be told although something is missing: a missing value is null, and so is what hangs on it; only `not` and `is` make
    an answer of it."""
    settled = any("not" in tree or tree.get("op") == "is" for _level, who in levels for tree in _trees(who))
    return [] if settled else [(fires.is_(True), "fires"), (fires.is_(False), "silent")]


def _trees(tree: dict) -> Iterator[dict]:
    yield tree
    for part in (*tree.get("all", ()), *tree.get("any", ()), *([tree["not"]] if "not" in tree else [])):
        yield from _trees(part)


_AS = {Kind.MONEY: sa.Numeric, Kind.NUMBER: sa.Numeric, Kind.FLAG: sa.Boolean}


def _kept(name: str, field: Field) -> Field:
    """A field as the evidence has it: money in yuan, everything else as it was compared."""
    text = s.evidence[name].astext
    value = sa.cast(text, _AS[field.kind]) if field.kind in _AS else text
    return Field(field.kind, lambda _today: value * 100 if field.kind is Kind.MONEY else value, field.words, ordered=field.ordered)
