"""The night's todos, inside the database: few statements over the whole book, none a loan.

Two kinds of obligation. A customer's (regular, overdue, full): of all rules that any live loan matches the strictest
governs, one todo a period lists the loans. A loan's (first, key, maturity): each loan is owed each occurrence once,
recorded in `claims`; what falls due together for one customer shares a todo.

Rules come in as conditions compiled from the vocabulary. Dates come in as occurrences, expanded outside once for each
distinct anchor date, of which there are few. What "the same todo" means is the todos' unique key; running twice,
or again after a crash, changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import case, select
from sqlalchemy.dialects import postgresql

from db import vocab
from db.conditions import compiled
from db.copying import copy_rows
from db.face import FIELDS, FROM, loan
from db.vocab import CUSTOMER_KINDS, HEAVIER, LOAN_KINDS, Anchor, Kind, Mode

EPOCH = date(1970, 1, 1)
RANK = 1 << 20  # a rule's number and an anchor's day packed in one integer, so that min() finds the strictest rule
DIALECT = postgresql.dialect(paramstyle="pyformat")
STEPS = ("rules", "occurrences", "candidates", "picked", "wanted", "owed", "fresh")


@dataclass(frozen=True)
class RuleRow:
    """One rule in force as SQL needs it; numbers follow strictness within a kind."""

    number: int
    code: str
    version: int
    kind: Kind
    mode: Mode
    who: dict
    anchor: Anchor
    assign: str
    grace: int
    satisfied_days: int
    merge_days: int


@dataclass(frozen=True)
class Since:
    """What the last night saw: its business date, and when it began."""

    day: date
    moment: datetime


@dataclass
class Counts:
    """Todos created, kept as they were, rescheduled (any change to what is asked), cancelled (ended unchecked)."""

    created: int = 0
    kept: int = 0
    rescheduled: int = 0
    cancelled: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, f) + getattr(other, f) for f in ("created", "kept", "rescheduled", "cancelled")))


def clean_up(conn: sa.Connection) -> None:
    for step in STEPS:
        conn.exec_driver_sql(f"drop table if exists staging.night_{step}")


# --- What goes in ----------------------------------------------------------------------------------------------------

ANCHOR_COLUMN = {
    Anchor.DISBURSEMENT: loan.disbursed_on,
    Anchor.SCHEDULE: loan.disbursed_on,
    Anchor.COMPLETION: loan.disbursed_on,
    Anchor.MATURITY: loan.matures_on,
    Anchor.CLASS_CHANGE: loan.worsened_on,
    Anchor.OVERDUE: loan.overdue_since,
}


def anchors(conn: sa.Connection, anchor: Anchor, kind: Kind | None) -> list[tuple[date, bool]]:
    """The distinct days that a rule of this kind and anchor can count from, and whether they are completed checks."""
    if anchor is Anchor.CALENDAR:
        return [(EPOCH, False)]
    column = ANCHOR_COLUMN[anchor]
    days = conn.execute(select(column).distinct().where(loan.live, column.is_not(None)).order_by(column)).scalars()
    found = [(day, False) for day in days]
    if anchor is Anchor.COMPLETION:
        done = sa.text(f"select distinct done_on from ({completions(kind)}) d order by 1")
        found += [(day, True) for day in conn.execute(done).scalars()]
    return found


def put_rules(conn: sa.Connection, rules: Sequence[RuleRow]) -> None:
    conn.exec_driver_sql("""
        create unlogged table staging.night_rules (number int primary key, code text, version int, kind text, mode text,
            anchor text, assign text, grace int, satisfied_days int, merge_days int)""")
    rows = [
        {
            "number": r.number, "code": r.code, "version": r.version, "kind": r.kind.value, "mode": r.mode.value,
            "anchor": r.anchor.value, "assign": r.assign, "grace": r.grace, "satisfied_days": r.satisfied_days,
            "merge_days": r.merge_days,
        }
        for r in rules
    ]  # fmt: skip
    if rows:
        conn.execute(
            sa.text("""insert into staging.night_rules values
                (:number, :code, :version, :kind, :mode, :anchor, :assign, :grace, :satisfied_days, :merge_days)"""),
            rows,
        )


def put_occurrences(conn: sa.Connection, rows: Iterable[tuple]) -> None:
    """Rows of (rule number, anchor, is it a completed check, period, nominal, due, opens, missed)."""
    conn.exec_driver_sql("""
        create unlogged table staging.night_occurrences (number int, anchor date, done boolean, period text,
            nominal_on date, due_on date, opens_on date, missed boolean)""")
    copy_rows(conn, "staging.night_occurrences", rows)
    conn.exec_driver_sql("create index on staging.night_occurrences (number, anchor)")
    conn.exec_driver_sql("analyze staging.night_occurrences")


# --- Whom to look at -------------------------------------------------------------------------------------------------


def choose_everybody(conn: sa.Connection) -> None:
    conn.exec_driver_sql("create unlogged table staging.night_candidates (customer_id bigint primary key)")


def choose_candidates(conn: sa.Connection, today: date, since: Since) -> None:
    """Customers about whom tonight can differ from last night.

    Changed since; owed something that opens between the two nights; in arrears (their days move); newly or no
    longer exempt; served by somebody whose absence begins or ends.
    """
    conn.execute(
        sa.text("""
            create unlogged table staging.night_candidates as
            select customer_id from customer_faces where touched_at >= :moment - interval '15 minutes'
            union select customer_id from customer_faces where overdue_since is not null
            union select l.customer_id from loans l join staging.night_occurrences o on o.opens_on > :day
                and o.anchor = l.disbursed_on and not o.done join staging.night_rules r using (number)
                where l.live and r.anchor in ('disbursement', 'schedule', 'completion')
            union select l.customer_id from loans l join staging.night_occurrences o on o.opens_on > :day
                and o.anchor = l.matures_on join staging.night_rules r using (number)
                where l.live and r.anchor = 'maturity'
            union select l.customer_id from loans l join staging.night_occurrences o on o.opens_on > :day
                and o.anchor = l.worsened_on join staging.night_rules r using (number)
                where l.live and r.anchor = 'class_change'
            union select d.customer_id from records d join staging.night_occurrences o on o.opens_on > :day
                and o.anchor = d.done_on and o.done
            union select t.customer_id from todos t join staging.night_occurrences o on o.opens_on > :day
                and o.anchor = t.closed_on and o.done where t.close_reason = 'by_hand'
            union select customer_id from loans where live and exists (
                select from staging.night_occurrences o join staging.night_rules r using (number)
                where r.anchor = 'calendar' and o.opens_on > :day)
            union select customer_id from exemptions where from_on between :day and :today
                or until_on between :day and :today or approved_at >= :moment - interval '15 minutes'
            union select t.customer_id from todos t join absences a on a.staff_id = t.assignee_id
                where t.closed_on is null
                  and (a.from_on between :day and :today or a.until_on between :day and :today)
            union select t.customer_id from todos t join absences a on a.delegate_id = t.assignee_id
                where t.closed_on is null and a.until_on between :day and :today
            union select t.customer_id from todos t join staff s on s.id = t.assignee_id
                where t.closed_on is null and s.left_on between :day and :today"""),
        {"day": since.day, "moment": since.moment, "today": today},
    )
    conn.exec_driver_sql("create unique index on staging.night_candidates (customer_id)")
    conn.exec_driver_sql("analyze staging.night_candidates")


def nothing_changed(conn: sa.Connection, since: Since) -> bool:
    """No customer touched since the last night began."""
    return not conn.execute(
        sa.text("select exists (select from customer_faces where touched_at >= :moment)"), {"moment": since.moment}
    ).scalar_one()


def _among(everybody: bool, column: str) -> str:
    return "true" if everybody else f"{column} in (select customer_id from staging.night_candidates)"


# --- Ends ------------------------------------------------------------------------------------------------------------


def close_ended(conn: sa.Connection, today: date, since: Since | None) -> int:
    """Todos whose loans have all been settled, written off or transferred; overdue checks whose arrears are paid."""
    ended = conn.execute(
        sa.text("""
            update todos t set state = 'cancelled', closed_on = :today, close_reason = e.reason
            from (
                select t.id, t.customer_id,
                       case when bool_or(l.status = 'written_off') then 'written_off'
                            when bool_or(l.status = 'transferred') then 'transferred' else 'settled' end as reason
                from todos t join loans l on l.customer_id = t.customer_id and l.id = any(t.loan_ids)
                where t.closed_on is null and t.customer_id in (
                    select customer_id from loans where not live and changed_on >= :since)
                group by t.id, t.customer_id having not bool_or(l.live)
            ) e
            where e.id = t.id and e.customer_id = t.customer_id and (t.state = 'open' or t.started_at < :stale)"""),
        {
            "today": today, "stale": datetime.combine(today, datetime.min.time()),
            # a todo that somebody had started is waited for
            "since": since.day - timedelta(days=60) if since else date.min,
        },
    ).rowcount
    cured = conn.execute(
        sa.text("""
            update todos t set state = 'cancelled', closed_on = :today, close_reason = 'cured'
            from customer_faces f where f.customer_id = t.customer_id and t.kind = 'overdue' and t.state = 'open'
              and f.overdue_since is null"""),
        {"today": today},
    ).rowcount
    return ended + cured


# --- Which rule governs whom -----------------------------------------------------------------------------------------


def pick(conn: sa.Connection, rules: Sequence[RuleRow], today: date, everybody: bool) -> None:
    """For each live loan and kind the strictest matching rule and the day it counts from, in one scan of the book."""
    packed = {kind: _packed(rules, kind, today) for kind in (*CUSTOMER_KINDS, *LOAN_KINDS)}
    # unnest, because VALUES would set up every expression again for every loan
    pairs = {"kind": postgresql.array(list(packed)), "packed": postgresql.array(list(packed.values()))}
    face = select(loan.id.label("loan_id"), loan.customer_id, *(sa.func.unnest(v).label(k) for k, v in pairs.items()))
    face = face.select_from(FROM).where(loan.live, sa.text(_among(everybody, "loans.customer_id")))
    statement = face.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    # CREATE TABLE AS, unlike INSERT ... SELECT, may read in parallel; the rules' values stay bound.
    conn.exec_driver_sql(
        f"""create unlogged table staging.night_picked as
            select * from ({statement}) face
            where packed is not null and not exists (
                select from exemptions e where e.customer_id = face.customer_id and e.approved_by is not null
                  and (e.loan_id is null or e.loan_id = face.loan_id) and face.kind = any(e.kinds)
                  and %(exempt_on)s between e.from_on and e.until_on)""",
        {**statement.params, "exempt_on": today},
    )


def _packed(rules: Sequence[RuleRow], kind: Kind, today: date) -> sa.ColumnElement:
    mine = [r for r in rules if r.kind is kind]
    if not mine:
        return sa.cast(sa.null(), sa.BigInteger)
    return case(
        *(
            (sa.and_(compiled(r.who, FIELDS, today), _has_anchor(r.anchor)), r.number * RANK + _anchor_day(r.anchor))
            for r in mine
        )
    )


def _has_anchor(anchor: Anchor) -> sa.ColumnElement:
    return sa.true() if anchor is Anchor.CALENDAR else ANCHOR_COLUMN[anchor].is_not(None)


def _anchor_day(anchor: Anchor) -> sa.ColumnElement:
    """Days since 1970 of what the rule counts from."""
    if anchor is Anchor.CALENDAR:
        return sa.literal(0, sa.BigInteger)
    return sa.cast(ANCHOR_COLUMN[anchor] - sa.literal_column("date '1970-01-01'"), sa.BigInteger)


# --- Customers' obligations ------------------------------------------------------------------------------------------


def want_for_customers(conn: sa.Connection, today: date) -> None:
    """`wanted`: the todo that each governed customer should have now, one a kind and period.

    What was missed before anybody asked is due from the night that first asked, and stays so.
    """
    due = "coalesce(asked.due_on, o.due_on)"
    conn.execute(
        sa.text(f"""
            create unlogged table staging.night_wanted as
            select g.customer_id, g.kind, o.period, r.number, r.code, r.version, r.mode, r.grace, g.loan_ids,
                   o.anchor as anchor_on, coalesce(asked.nominal_on, o.nominal_on) as nominal_on,
                   {due} as due_on, c.branch_id,
                   f.main_family as family, {_ASSIGNED} as assignee_id
            from (
                select customer_id, kind, min(packed) as packed, array_agg(loan_id order by loan_id) as loan_ids
                from staging.night_picked where kind = any(:kinds) group by customer_id, kind
            ) g
            join staging.night_rules r on r.number = g.packed / {RANK}
            left join ({completions()}) d on d.customer_id = g.customer_id and d.kind = g.kind and r.anchor = 'completion'
            join staging.night_occurrences o on o.number = r.number
                and o.anchor = coalesce(d.done_on, date '1970-01-01' + (g.packed % {RANK})::int)
                and o.done = (d.done_on is not null)
            join customers c on c.id = g.customer_id
            join customer_faces f on f.customer_id = g.customer_id
            left join todos asked on o.missed and asked.customer_id = g.customer_id and asked.kind = g.kind
                and asked.subject = 0 and asked.period = o.period and asked.state = 'open'
            {_PRESENT}
            where not {_satisfied("g.customer_id", "g.kind", "r.mode", due, "r.satisfied_days")}"""),
        {"kinds": [k.value for k in CUSTOMER_KINDS], "today": today},
    )


def completions(kind: Kind | None = None) -> str:
    """The last completed check by customer and kind; a heavier one, or one that somebody cancelled, counts as done."""
    pairs = [(k, k) for k in CUSTOMER_KINDS] + [(done, light) for light, heavy in HEAVIER.items() for done in heavy]
    listed = ", ".join(f"('{done}', '{counts}')" for done, counts in pairs if kind in (None, counts))
    return f"""
        select r.customer_id, p.counts as kind, max(r.done_on) as done_on
        from (
            select customer_id, kind, done_on from records where outcome = 'completed'
            union all select customer_id, kind, closed_on from todos where close_reason = 'by_hand'
        ) r join (values {listed}) p(done, counts) on p.done = r.kind
        group by r.customer_id, p.counts"""


# By the rule's wish, if that person is still with the bank; the delegate while absent; else null: the branch's pool.
_ASSIGNED = "coalesce(away.delegate_id, present.id)"
_PRESENT = """
    left join staff present on (present.left_on is null or present.left_on > :today)
        and present.id = case r.assign when 'manager' then c.manager_id
                                       when 'inspector' then coalesce(c.inspector_id, c.manager_id) end
    left join absences away on away.staff_id = present.id and :today between away.from_on and away.until_on"""


def _satisfied(customer_id: str, kind: str, mode: str, due: str, days: str) -> str:
    """A heavier check, in a mode at least as heavy, completed not longer than `days` before the due day."""
    heavier = ", ".join(f"('{done}', '{light}')" for light, heavy in HEAVIER.items() for done in heavy)
    modes = ", ".join(
        f"('{done}', '{asked}')"
        for done in Mode
        for asked in Mode
        if vocab.MODE_WEIGHT[done] >= vocab.MODE_WEIGHT[asked]
    )
    return f"""exists (
        select from records h where h.customer_id = {customer_id} and h.outcome = 'completed' and {days} > 0
          and (h.kind, {kind}) in (values {heavier}) and (h.mode, {mode}) in (values {modes})
          and h.done_on >= {due} - {days} and h.done_on <= :today)"""


def put_customer_todos(conn: sa.Connection, today: date, cold: bool) -> Counts:
    """Wanted todos into the book: new ones made, those not yet started brought up to date, revocable ends taken back."""
    columns = """customer_id, kind, period, mode, family, loan_ids, rule_code, rule_version, anchor_on, branch_id,
                 assignee_id, nominal_on, due_on, late_from, created_on"""
    source = """
        select customer_id, kind, period, mode, family, loan_ids, code, version, anchor_on, branch_id, assignee_id,
               nominal_on, due_on, due_on + grace + 1, :today from staging.night_wanted order by customer_id"""
    wanted = conn.exec_driver_sql("select count(*) from staging.night_wanted").scalar_one()
    if cold:  # nothing there to conflict with; the unique index that is built afterwards still checks
        conn.execute(sa.text(f"insert into todos ({columns}) {source}"), {"today": today})
        return Counts(created=wanted)
    row = conn.execute(
        sa.text(f"""
            with put as (
                insert into todos as t ({columns}) {source}
                on conflict (customer_id, kind, subject, period) do update set {_UP_TO_DATE}
                where {_MAY_CHANGE} and {_DIFFERS}
                returning (xmax = 0) as created
            )
            select count(*) filter (where created) as created, count(*) filter (where not created) as changed from put"""),
        {"today": today},
    ).one()
    return Counts(row.created, wanted - row.created - row.changed, row.changed)


_MAY_CHANGE = """(t.state = 'open' or t.state = 'cancelled'
    and t.close_reason in ('cured', 'superseded', 'withdrawn', 'exempted')) and t.rule_code is not null"""
_ASSIGNEE = "case when t.pinned then t.assignee_id else excluded.assignee_id end"
_UP_TO_DATE = f"""state = 'open', closed_on = null, close_reason = null, mode = excluded.mode,
    family = excluded.family, loan_ids = excluded.loan_ids, rule_code = excluded.rule_code,
    rule_version = excluded.rule_version, anchor_on = excluded.anchor_on, branch_id = excluded.branch_id,
    assignee_id = {_ASSIGNEE}, nominal_on = excluded.nominal_on, due_on = excluded.due_on,
    late_from = excluded.late_from"""
_DIFFERS = f"""(t.state, t.mode, t.loan_ids, t.rule_code, t.rule_version, t.branch_id, t.assignee_id, t.due_on, t.late_from)
    is distinct from ('open', excluded.mode, excluded.loan_ids, excluded.rule_code, excluded.rule_version,
                      excluded.branch_id, {_ASSIGNEE}, excluded.due_on, excluded.late_from)"""


def withdraw_from_customers(conn: sa.Connection, today: date, everybody: bool) -> int:
    """Todos not yet started nor due which no rule asks for any more, because another rule governs, or none; and todos,
    due or not, that a heavier check has since covered.
    """
    satisfied = _satisfied("t.customer_id", "t.kind", "t.mode", "t.due_on", "coalesce(r.satisfied_days, 0)")
    return conn.execute(
        sa.text(f"""
            update todos t set state = 'cancelled', closed_on = :today, close_reason = case
                when {satisfied} then 'satisfied'
                when exists (select from exemptions e where e.customer_id = t.customer_id and e.approved_by is not null
                             and e.loan_id is null and t.kind = any(e.kinds) and :today between e.from_on and e.until_on)
                    then 'exempted'
                when exists (select from staging.night_wanted w where w.customer_id = t.customer_id and w.kind = t.kind)
                    then 'superseded'
                else 'withdrawn' end
            from todos me left join staging.night_rules r on r.code = me.rule_code
            where me.id = t.id and me.customer_id = t.customer_id
              and t.state = 'open' and t.rule_code is not null and t.kind = any(:kinds)
              and {_among(everybody, "t.customer_id")}
              and ({satisfied} or t.due_on >= :today and not exists (
                    select from staging.night_wanted w
                    where w.customer_id = t.customer_id and w.kind = t.kind and w.period = t.period))"""),
        {"kinds": [k.value for k in CUSTOMER_KINDS], "today": today},
    ).rowcount


# --- Loans' obligations ----------------------------------------------------------------------------------------------


def owe_for_loans(conn: sa.Connection, today: date) -> None:
    """`owed`: every occurrence that a live loan is owed now; `fresh`: those no todo covers yet."""
    conn.execute(
        sa.text(f"""
            create unlogged table staging.night_owed as
            select p.customer_id, p.loan_id, p.kind, o.period, r.number, r.code, r.version, r.mode, r.grace, r.merge_days,
                   o.anchor as anchor_on, o.nominal_on, o.due_on, l.branch_id, pr.family,
                   {_ASSIGNED} as assignee_id, k.todo_id
            from staging.night_picked p
            join staging.night_rules r on r.number = p.packed / {RANK}
            join staging.night_occurrences o on o.number = r.number
                and o.anchor = date '1970-01-01' + (p.packed % {RANK})::int
            join loans l on l.id = p.loan_id and l.customer_id = p.customer_id
            join products pr on pr.id = l.product_id
            join customers c on c.id = p.customer_id
            {_PRESENT}
            left join claims k on k.customer_id = p.customer_id and k.loan_id = p.loan_id and k.kind = p.kind
                and k.period = o.period
            where p.kind = any(:kinds)"""),
        {"kinds": [k.value for k in LOAN_KINDS], "today": today},
    )
    conn.exec_driver_sql("""
        create unlogged table staging.night_fresh as
        select o.*, near.id as joins_id, (o.due_on - date '1970-01-01') / (o.merge_days + 1) as bucket
        from staging.night_owed o
        left join lateral (
            select t.id from todos t
            where t.customer_id = o.customer_id and t.kind = o.kind and t.state = 'open' and t.rule_code = o.code
              and abs(t.due_on - o.due_on) <= o.merge_days
            order by abs(t.due_on - o.due_on), t.id limit 1
        ) near on true
        where o.todo_id is null""")


def put_loan_todos(conn: sa.Connection, today: date) -> Counts:
    """Fresh obligations join an open todo near in time, or make new ones together; the covered are brought up to date."""
    changed = _update_covered(conn)
    joined = _join_open(conn)
    created = _make_new(conn, today)
    covered = conn.exec_driver_sql(
        "select count(distinct todo_id) from staging.night_owed where todo_id is not null"
    ).scalar_one()
    return Counts(created, covered - changed, changed + joined)


def _make_new(conn: sa.Connection, today: date) -> int:
    return conn.execute(
        sa.text("""
            with groups as (
                select customer_id, kind, min(loan_id) as subject, (array_agg(period order by loan_id, period))[1] as period,
                       min(mode) as mode, (array_agg(family order by loan_id))[1] as family, code, min(version) as version,
                       min(anchor_on) as anchor_on, min(branch_id) as branch_id, min(assignee_id) as assignee_id,
                       min(nominal_on) as nominal_on, min(due_on) as due_on, min(due_on + grace + 1) as late_from,
                       array_agg(loan_id order by loan_id, period) as loans, array_agg(period order by loan_id, period) as periods
                from staging.night_fresh where joins_id is null group by customer_id, kind, code, bucket
            ), made as (
                insert into todos (customer_id, kind, subject, period, mode, family, loan_ids, rule_code, rule_version,
                                   anchor_on, branch_id, assignee_id, nominal_on, due_on, late_from, created_on)
                select customer_id, kind, subject, period, mode, family,
                       array(select distinct unnest(loans) order by 1), code, version, anchor_on, branch_id, assignee_id,
                       nominal_on, due_on, late_from, :today
                from groups order by customer_id
                on conflict do nothing returning id, customer_id, kind, subject, period
            ), claimed as (
                insert into claims (customer_id, loan_id, kind, period, todo_id)
                select m.customer_id, c.loan_id, m.kind, c.period, m.id
                from made m join groups g using (customer_id, kind, subject, period)
                cross join unnest(g.loans, g.periods) as c(loan_id, period)
            )
            select count(*) from made"""),
        {"today": today},
    ).scalar_one()


def _join_open(conn: sa.Connection) -> int:
    conn.exec_driver_sql("""
        insert into claims (customer_id, loan_id, kind, period, todo_id)
        select customer_id, loan_id, kind, period, joins_id from staging.night_fresh where joins_id is not null
        on conflict do nothing""")
    return conn.exec_driver_sql("""
        update todos t set loan_ids = array(select distinct unnest(t.loan_ids || n.loans) order by 1),
               nominal_on = least(t.nominal_on, n.nominal_on), due_on = least(t.due_on, n.due_on),
               late_from = least(t.late_from, n.late_from)
        from (select joins_id, customer_id, array_agg(loan_id) as loans, min(nominal_on) as nominal_on,
                     min(due_on) as due_on, min(due_on + grace + 1) as late_from
              from staging.night_fresh where joins_id is not null group by joins_id, customer_id) n
        where t.id = n.joins_id and t.customer_id = n.customer_id""").rowcount


def _update_covered(conn: sa.Connection) -> int:
    """Rule changes and changed dates reach todos not yet started; an end that may be taken back is."""
    return conn.exec_driver_sql("""
        update todos t set state = 'open', closed_on = null, close_reason = null, mode = n.mode, loan_ids = n.loans,
               rule_code = n.code, rule_version = n.version, branch_id = n.branch_id,
               assignee_id = case when t.pinned then t.assignee_id else n.assignee_id end,
               nominal_on = n.nominal_on, due_on = n.due_on, late_from = n.late_from
        from (select todo_id, customer_id, min(mode) as mode, array_agg(distinct loan_id order by loan_id) as loans,
                     min(code) as code, min(version) as version, min(branch_id) as branch_id,
                     min(assignee_id) as assignee_id, min(nominal_on) as nominal_on, min(due_on) as due_on,
                     min(due_on + grace + 1) as late_from
              from staging.night_owed where todo_id is not null group by todo_id, customer_id) n
        where t.id = n.todo_id and t.customer_id = n.customer_id and t.rule_code is not null
          and (t.state = 'open' or t.state = 'cancelled'
               and t.close_reason in ('cured', 'superseded', 'withdrawn', 'exempted'))
          and (t.state, t.mode, t.loan_ids, t.rule_code, t.rule_version, t.branch_id, t.assignee_id, t.due_on, t.late_from)
              is distinct from ('open', n.mode, n.loans, n.code, n.version, n.branch_id,
                                case when t.pinned then t.assignee_id else n.assignee_id end, n.due_on, n.late_from)
    """).rowcount


def withdraw_from_loans(conn: sa.Connection, today: date, everybody: bool) -> int:
    """Todos not yet started nor due none of whose loans is owed anything by a rule any more."""
    return conn.execute(
        sa.text(f"""
            update todos t set state = 'cancelled', closed_on = :today, close_reason = case
                when exists (select from exemptions e where e.customer_id = t.customer_id and e.approved_by is not null
                             and (e.loan_id is null or e.loan_id = any(t.loan_ids)) and t.kind = any(e.kinds)
                             and :today between e.from_on and e.until_on)
                    then 'exempted' else 'withdrawn' end
            where t.state = 'open' and t.rule_code is not null and t.kind = any(:kinds) and t.due_on >= :today
              and {_among(everybody, "t.customer_id")}
              and not exists (
                  select from claims k join staging.night_owed o using (customer_id, loan_id, kind, period)
                  where k.todo_id = t.id)"""),
        {"kinds": [k.value for k in LOAN_KINDS], "today": today},
    ).rowcount


# --- After -----------------------------------------------------------------------------------------------------------


def is_cold(conn: sa.Connection) -> bool:
    """Nothing was ever asked: the todos may be filled before their indexes are built."""
    return not conn.exec_driver_sql("select exists (select from todos)").scalar_one()


def snapshot(conn: sa.Connection, today: date) -> None:
    """How the open work stands at the end of the day, by branch, kind and family."""
    conn.execute(sa.text("delete from todo_days where day = :today"), {"today": today})
    conn.execute(
        sa.text("""
            insert into todo_days (day, branch_id, kind, family, open, due_7, late_7, late_30, late_more)
            select :today, branch_id, kind, family, count(*), count(*) filter (where due_on > :today and due_on <= :today + 7),
                   count(*) filter (where :today - late_from between 0 and 6),
                   count(*) filter (where :today - late_from between 7 and 29),
                   count(*) filter (where :today - late_from >= 30)
            from todos where created_on <= :today and (closed_on is null or closed_on > :today)
            group by branch_id, kind, family"""),
        {"today": today},
    )
