"""Warning signals: the night's detection over all rules at once, and what people do with a signal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql

from db import features
from db.conditions import compiled, leaves
from db.face import Kind
from db.listing import COUNTED, Page, count
from db.tables import branches, customers, loans, signals, staff
from db.tally import Tally
from db.vocab import LIVE_SIGNALS, Level, SignalState, Subject

s = signals.c
DIALECT = postgresql.dialect(paramstyle="pyformat")
Levels = tuple[tuple[Level, dict], ...]  # from the worst, each with its condition


@dataclass(frozen=True)
class RuleRow:
    """A signal rule as SQL needs it: levels from the worst, each with its condition."""

    number: int
    code: str
    version: int
    subject: Subject
    levels: Levels
    evidence: tuple[str, ...]
    cooldown_days: int


@dataclass
class Counts(Tally):
    """Signals newly raised, found still to hold, lifted because their condition went."""

    raised: int = 0
    refreshed: int = 0
    lifted: int = 0


def detect(conn: sa.Connection, rules: Sequence[RuleRow], today: date) -> Counts:
    find(conn, rules, today)
    counts = Counts(*_put(conn, today))
    counts.lifted = _lift(conn, today)
    conn.exec_driver_sql("drop table staging.night_hits")
    return counts


def find(conn: sa.Connection, rules: Sequence[RuleRow], today: date) -> None:
    """`hits`: which rules fire on whom, at which level, with which values."""
    conn.exec_driver_sql("drop table if exists staging.night_hits, staging.night_found")
    conn.exec_driver_sql("""
        create unlogged table staging.night_hits (rule_code text, rule_version int, cooldown_days int, subject_kind text,
            subject_id bigint, customer_id bigint, branch_id int, owner_id int, amount_fen bigint, level signal_level,
            evidence jsonb)""")
    for subject in Subject:
        mine = [r for r in rules if r.subject is subject]
        if mine:
            _find(conn, subject, mine, today)
    conn.exec_driver_sql("analyze staging.night_hits")


def _find(conn: sa.Connection, subject: Subject, rules: list[RuleRow], today: date) -> None:
    """One pass over the subject's rows: which rules fire at which level, with the values they looked at."""
    base = features.SUBJECTS[subject]
    used = {leaf["field"] for r in rules for _, who in r.levels for leaf in leaves(who)} | {f for r in rules for f in r.evidence}
    rows, fields = features.joined(subject, used, today)
    facts = select(
        base.id.label("subject_id"), base.customer_id.label("customer_id"), base.branch_id.label("branch_id"),
        base.owner_id.label("owner_id"), base.amount_fen.label("amount_fen"),
        *(f.sql(today).label(f"x_{name}") for name, f in sorted(fields.items())),
        *(_level(r.levels, fields, today).label(f"rule_{r.number}") for r in rules),
    ).select_from(rows).where(base.where)  # fmt: skip
    statement = facts.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    fired = ", ".join(f"({r.number}, rule_{r.number})" for r in rules)
    any_fired = " or ".join(f"rule_{r.number} is not null" for r in rules)
    evidence = " ".join(f"when {r.number} then {_evidence(r, fields)}" for r in rules)
    parameters = statement.params | {"subject": subject.value}
    about = {r.number: (r.code, r.version, r.cooldown_days) for r in rules}
    listed = ", ".join(f"({n}, '{code}', {version}, {days})" for n, (code, version, days) in about.items())
    # CREATE TABLE AS, unlike INSERT ... SELECT, may read in parallel; the hits are few.
    conn.exec_driver_sql(
        f"""create unlogged table staging.night_found as
            select r.code, r.version, r.days, %(subject)s as subject, f.subject_id, f.customer_id, f.branch_id, f.owner_id, f.amount_fen,
                   v.level::signal_level, case v.number {evidence} end as evidence
            from (select * from ({statement}) x where {any_fired} offset 0) f
            cross join lateral (values {fired}) v(number, level)
            join (values {listed}) r(number, code, version, days) on r.number = v.number
            where v.level is not null""",
        parameters,
    )
    conn.exec_driver_sql("insert into staging.night_hits select * from staging.night_found")
    conn.exec_driver_sql("drop table staging.night_found")


def _level(levels: Levels, fields: dict, today: date) -> sa.ColumnElement:
    """The worst level whose condition holds, as text; null when none does."""
    return sa.case(*((compiled(who, fields, today), sa.literal(level.value)) for level, who in levels))


def _evidence(rule: RuleRow, fields: dict) -> str:
    """Money in yuan, everything else as it was compared."""
    pairs = ", ".join(
        f"'{name}', {f'round(x_{name} / 100.0, 2)' if fields[name].kind is Kind.MONEY else f'x_{name}'}" for name in rule.evidence
    )
    return f"jsonb_build_object({pairs})"


# Closed lately: the same again only if it is worse than it was.
QUIET = "g.closed_on > :today - h.cooldown_days and g.level >= h.level"


def _put(conn: sa.Connection, today: date) -> tuple[int, int]:
    """Raise what is new, refresh what still holds."""
    refreshed = conn.execute(
        sa.text("""
            update signals g set last_on = :today, evidence = h.evidence, level = greatest(g.level, h.level),
                   amount_fen = h.amount_fen, rule_version = h.rule_version, branch_id = h.branch_id, gone_on = null,
                   level_on = case when h.level > g.level then :today else g.level_on end,
                   owner_id = case when g.state = 'raised' then h.owner_id else g.owner_id end
            from staging.night_hits h
            where g.customer_id = h.customer_id and g.rule_code = h.rule_code and g.subject_kind = h.subject_kind
              and g.subject_id = h.subject_id and g.closed_on is null and g.last_on <= :today"""),
        {"today": today},
    ).rowcount
    raised = conn.execute(
        sa.text(f"""
            insert into signals (customer_id, rule_code, rule_version, subject_kind, subject_id, branch_id, owner_id, level,
                                 amount_fen, evidence, first_on, last_on, level_on)
            select customer_id, rule_code, rule_version, subject_kind, subject_id, branch_id, owner_id, level, amount_fen,
                   evidence, :today, :today, :today
            from staging.night_hits h
            where not exists (
                select from signals g
                where g.customer_id = h.customer_id and g.rule_code = h.rule_code and g.subject_kind = h.subject_kind
                  and g.subject_id = h.subject_id and (g.closed_on is null or {QUIET}))
            order by rule_code, subject_kind, subject_id, customer_id
            on conflict do nothing"""),
        {"today": today},
    ).rowcount
    return raised, refreshed


def _lift(conn: sa.Connection, today: date) -> int:
    """Nobody has taken it up and the condition is gone: lifted. Somebody has: told, and left to him."""
    gone = """not exists (
        select from staging.night_hits h where h.customer_id = g.customer_id and h.rule_code = g.rule_code
          and h.subject_kind = g.subject_kind and h.subject_id = g.subject_id)"""
    conn.execute(
        sa.text(f"""update signals g set gone_on = :today
                    where g.state in ('taken', 'answered') and g.gone_on is null and {gone}"""),
        {"today": today},
    )
    return conn.execute(
        sa.text(f"""update signals g set state = 'lifted', closed_on = :today, gone_on = :today
                    where g.state = 'raised' and {gone}"""),
        {"today": today},
    ).rowcount


# --- What people do ---------------------------------------------------------------------------------------------------


WORST_FIRST = (s.level.desc(), s.first_on, s.id)


def get(conn: sa.Connection, signal_id: int) -> sa.Row | None:
    return conn.execute(select(signals).where(s.id == signal_id)).one_or_none()


def queue(conn: sa.Connection, *, states=LIVE_SIGNALS, level=None, branch_ids=None, rule=None, customer_id=None,
          owner_id=None, signal_id=None, limit: int | None = 200, offset: int = 0) -> list[sa.Row]:  # fmt: skip
    """Signals, worst and oldest first, with the names a reader needs."""
    query = _query(states, level, branch_ids, rule, customer_id, owner_id, signal_id)
    return conn.execute(query.order_by(*WORST_FIRST).limit(limit).offset(offset)).all()


@dataclass(frozen=True)
class Days:
    """On which days signals were raised, ended, or were open at the day's end; both ends counted."""

    raised_from: date | None = None
    raised_to: date | None = None
    closed_from: date | None = None
    closed_to: date | None = None
    open_on: date | None = None

    def where(self) -> list[sa.ColumnElement[bool]]:
        open_then = lambda day: sa.and_(s.first_on <= day, s.closed_on.is_(None) | (s.closed_on > day))  # noqa: E731
        bounds = (
            (self.raised_from, s.first_on.__ge__), (self.raised_to, s.first_on.__le__), (self.closed_from, s.closed_on.__ge__),
            (self.closed_to, s.closed_on.__le__), (self.open_on, open_then),
        )  # fmt: skip
        return [condition(day) for day, condition in bounds if day is not None]


ANY_DAY = Days()


def listing(conn: sa.Connection, *, states=LIVE_SIGNALS, level=None, branch_ids=None, owner_id=None, days: Days = ANY_DAY,
            limit: int = 50, offset: int = 0) -> Page:  # fmt: skip
    """One page of the same."""
    query = _query(states, level, branch_ids, None, None, owner_id, None).where(*days.where()).order_by(*WORST_FIRST)
    total = count(conn, query)
    last = max(0, total - 1) // limit * limit
    return Page(conn.execute(query.limit(limit).offset(min(offset, last))).all(), min(total, COUNTED), total > COUNTED)


def _query(states, level, branch_ids, rule, customer_id, owner_id, signal_id) -> sa.Select:
    owner = staff.alias("owner")
    query = (
        select(
            signals, customers.c.name.label("customer"), customers.c.customer_no, branches.c.name.label("branch"), owner.c.name.label("owner"),
            loans.c.loan_no,
        )
        .outerjoin(customers, customers.c.id == s.customer_id)
        .join(branches, branches.c.id == s.branch_id)
        .outerjoin(owner, owner.c.id == s.owner_id)
        .outerjoin(
            loans, sa.and_(s.subject_kind == Subject.LOAN, loans.c.id == s.subject_id, loans.c.customer_id == s.customer_id)
        )
        .where(s.state.in_(states))
    )  # fmt: skip
    for column, value in (
        (s.level, level),
        (s.rule_code, rule),
        (s.customer_id, customer_id),
        (s.owner_id, owner_id),
        (s.id, signal_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if set(states) <= set(LIVE_SIGNALS):  # as the index has it
        query = query.where(s.closed_on.is_(None))
    return query if branch_ids is None else query.where(s.branch_id.in_(branch_ids))


def counts_by_level(conn: sa.Connection) -> list[sa.Row]:
    """level, state, n, oldest first_on of the live ones."""
    return conn.execute(
        select(s.level, s.state, func.count().label("n"), func.min(s.first_on).label("oldest"))
        .where(s.closed_on.is_(None))
        .group_by(s.level, s.state)
    ).all()


def _move(conn: sa.Connection, signal_id: int, from_states: tuple[SignalState, ...], **values: object) -> bool:
    """True for the one who moved it on, False if it was in another state already."""
    return conn.execute(sa.update(signals).where(s.id == signal_id, s.state.in_(from_states)).values(**values)).rowcount == 1


def take(conn: sa.Connection, signal_id: int, by: int, now: datetime) -> bool:
    return _move(conn, signal_id, (SignalState.RAISED,), state=SignalState.TAKEN, taken_by=by, taken_at=now, owner_id=by)


def raise_by_check(conn: sa.Connection, row: dict, cooldown_days: int) -> bool:
    """At once, what the night would raise; nothing when it is alive already or was closed lately at no lower level."""
    known = select(s.id).where(
        s.customer_id == row["customer_id"], s.rule_code == row["rule_code"], s.subject_kind == row["subject_kind"],
        s.subject_id == row["subject_id"],
        s.closed_on.is_(None) | ((s.closed_on > row["first_on"] - timedelta(days=cooldown_days)) & (s.level >= row["level"])),
    )  # fmt: skip
    if conn.execute(select(known.exists())).scalar_one():
        return False
    return conn.execute(postgresql.insert(signals).values(row).on_conflict_do_nothing()).rowcount == 1


def answer(conn: sa.Connection, signal_id: int, by: int, measures: list[str], words: str, now: datetime) -> bool:
    return _move(
        conn, signal_id, (SignalState.TAKEN, SignalState.ANSWERED), state=SignalState.ANSWERED, answered_by=by,
        answered_at=now, measures=measures, answer=words,
    )  # fmt: skip


def close(conn: sa.Connection, signal_id: int, by: int, state: SignalState, note: str, today: date) -> bool:
    return _move(conn, signal_id, LIVE_SIGNALS, state=state, closed_on=today, closed_by=by, close_note=note)
