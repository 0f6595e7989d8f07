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
from datetime import date, datetime, time, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import case, select
from sqlalchemy.dialects import postgresql

from db import settings, vocab
from db.conditions import compiled
from db.copying import copy_rows
from db.face import FIELDS, FROM, loan
from db.own_cycles import holding
from db.tables import own_cycles
from db.tally import Tally
from db.vocab import CUSTOMER_KINDS, HEAVIER, LOAN_KINDS, Anchor, Kind, Mode

EPOCH = date(1970, 1, 1)
# A rule's number and an anchor's day, counted from year 1, packed in one integer, so that min() finds the strictest
# rule and the earliest day. Room for the year 9999, which some sources write for "never".
RANK = 1 << 22
DIALECT = postgresql.dialect(paramstyle="pyformat")
STEPS = (
    "openings",
    "governed",
    "rules",
    "wishes",
    "own",
    "people",
    "occurrences",
    "candidates",
    "picked",
    "wanted",
    "owed",
    "passed",
    "covers",
    "fresh",
    "groups",
)


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
    own: bool = False  # a rule as some loans have it (own_cycles)


@dataclass(frozen=True)
class Since:
    """What the last night saw: its business date, when it began, and who did whose work."""

    day: date
    moment: datetime
    people: str | None = None


@dataclass
class Counts(Tally):
    """Todos created, kept as they were, rescheduled (any change to what is asked), cancelled (ended unchecked)."""

    created: int = 0
    kept: int = 0
    rescheduled: int = 0
    cancelled: int = 0


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


class Basis(StrEnum):
    """What the days are that rules count from: a column of the loans, completed checks, or the calendar."""

    DISBURSED = "disbursed_on"
    MATURES = "matures_on"
    WORSENED = "worsened_on"
    OVERDUE = "overdue_since"
    DONE = "done_on"
    CALENDAR = "calendar"


# Whether a loan counts from such a day.
COUNTED_ON = {
    Basis.DISBURSED: lambda day: loan.disbursed_on == day,
    Basis.MATURES: lambda day: loan.matures_on == day,
    Basis.WORSENED: lambda day: loan.worsened_on == day,
    Basis.OVERDUE: lambda day: loan.overdue_since == day,
    Basis.CALENDAR: lambda _day: sa.true(),
}


def days(conn: sa.Connection, basis: Basis) -> list[date]:
    """The distinct days that a rule can count from, and maybe some more; found along an index, a probe each."""
    if basis is Basis.CALENDAR:
        return [EPOCH]
    if basis is Basis.DONE:  # of whatever check, and of all that was ended
        return sorted({*_distinct(conn, "records", "done_on"), *_distinct(conn, "todos", "closed_on")})
    return _distinct(conn, "loans", basis.value, "live")


def _distinct(conn: sa.Connection, table: str, column: str, where: str = "true") -> list[date]:
    return list(
        conn.exec_driver_sql(f"""
            with recursive found(day) as (
                (select min({column}) from {table} where {where})
                union all select (select min({column}) from {table} where {where} and {column} > found.day)
                from found where found.day is not null
            )
            select day from found where day is not null""").scalars()
    )


def put_rules(conn: sa.Connection, rules: Sequence[RuleRow]) -> None:
    """The rules in force as a table of the night's own, to be joined."""
    conn.exec_driver_sql("""
        create unlogged table staging.night_rules (number int primary key, code text, version int, kind text, mode text,
            anchor text, assign text, grace int, satisfied_days int, merge_days int, own boolean)""")
    rows = (
        (r.number, r.code, r.version, r.kind, r.mode, r.anchor, r.assign, r.grace, r.satisfied_days, r.merge_days, r.own)
        for r in rules
    )
    copy_rows(conn, "staging.night_rules", rows)
    conn.exec_driver_sql("analyze staging.night_rules")


def _step(name: str, *columns: str) -> sa.TableClause:
    return sa.table(f"night_{name}", *map(sa.column, columns), schema="staging")


OWN = _step("own", "customer_id", "loan_id", "number", "own_number")
WISHES = _step("wishes", "number", "kind", "every_n", "every_unit", "mode", "own_number")


def put_own(conn: sa.Connection, today: date, wishes: Iterable[tuple[int, Kind, int | None, str | None, str | None, int]]) -> None:
    """`own`: of the loans that have a cycle or a mode of their own today, which rule takes which rule's place. Rows of (rule,
    kind, every_n, every_unit, mode, the rule as such loans have it)."""
    conn.exec_driver_sql("""
        create unlogged table staging.night_wishes (number int, kind text, every_n int, every_unit text, mode text, own_number int)""")
    copy_rows(conn, "staging.night_wishes", wishes)
    conn.exec_driver_sql("create unlogged table staging.night_own (customer_id bigint, loan_id bigint, number int, own_number int)")
    o, wish = own_cycles.c, WISHES.c
    alike = (o[name].is_not_distinct_from(wish[name]) for name in ("kind", "every_n", "every_unit", "mode"))
    found = select(o.customer_id, o.loan_id, wish.number, wish.own_number).where(holding(today), *alike)
    conn.execute(sa.insert(OWN).from_select(OWN.c.keys(), found))
    conn.exec_driver_sql("analyze staging.night_own")


PEOPLE = """
    select s.id, case when away.id is null then s.id else standin.id end as does_it
    from staff s
    left join absences away on away.staff_id = s.id and :today between away.from_on and away.until_on
    left join staff standin on standin.id = away.delegate_id and (standin.left_on is null or standin.left_on > :today)
    where s.left_on is null or s.left_on > :today"""


def put_people(conn: sa.Connection, today: date) -> None:
    """`people`: who is with the bank, and who does that person's work today; null: nobody, because the delegate has left."""
    conn.execute(sa.text(f"create unlogged table staging.night_people as {PEOPLE}"), {"today": today})
    conn.exec_driver_sql("analyze staging.night_people")


def people(conn: sa.Connection) -> str:
    """Stands for who does whose work today, to be compared with another night's."""
    return conn.exec_driver_sql(
        "select md5(string_agg(id || ':' || coalesce(does_it, 0), ',' order by id)) from staging.night_people"
    ).scalar_one()


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


def put_openings(conn: sa.Connection, rows: Iterable[tuple[Basis, date, int | None]]) -> None:
    """Days from which something opens since the last night, and the rule that asks for it; null: whatever a rule says."""
    conn.exec_driver_sql("create unlogged table staging.night_openings (basis text, day date, number int)")
    copy_rows(conn, "staging.night_openings", ((basis.value, day, number) for basis, day, number in rows))
    conn.exec_driver_sql("analyze staging.night_openings")


def choose_candidates(conn: sa.Connection, rules: Sequence[RuleRow], today: date, since: Since) -> None:
    """Customers about whom tonight can differ from last night.

    Changed since; owed something that opens between the two nights, or so long in arrears that a rule begins or ceases to
    match; checked on a day between them (a check may have been known before its day, when missed nights are caught up);
    newly or no longer exempt; with a loan's own cycle then or now; with a todo that somebody had in hand last night.
    """
    opened = sa.union_all(*(_opened(basis, rules, today) for basis in COUNTED_ON)).compile(
        dialect=DIALECT, compile_kwargs={"render_postcompile": True}
    )
    conn.exec_driver_sql(
        f"""create unlogged table staging.night_candidates as
            select customer_id from customer_faces where touched_at >= %(moment)s - interval '15 minutes'
            union select customer_id from ({opened}) opened
            union select d.customer_id from records d join staging.night_openings o on o.basis = 'done_on' and o.day = d.done_on
            union select t.customer_id from todos t join staging.night_openings o
                on o.basis = 'done_on' and o.day = t.closed_on where t.close_reason = 'by_hand'
            union select customer_id from records where done_on > %(day)s and done_on <= %(night)s
            union select customer_id from todos where close_reason = 'by_hand' and closed_on > %(day)s and closed_on <= %(night)s
            union select customer_id from exemptions where from_on between %(day)s and %(night)s
                or until_on between %(day)s and %(night)s or approved_at >= %(moment)s - interval '15 minutes'
            union select customer_id from own_cycles where from_on <= %(night)s
                and (until_on is null or until_on >= %(day)s) and (ended_on is null or ended_on >= %(day)s)
            union select customer_id from todos where state = 'started' and closed_on is null""",
        {**opened.params, "day": since.day, "moment": since.moment, "night": today},
    )
    conn.exec_driver_sql("create unique index on staging.night_candidates (customer_id)")
    conn.exec_driver_sql("analyze staging.night_candidates")


def _opened(basis: Basis, rules: Sequence[RuleRow], today: date) -> sa.Select:
    """Customers of loans that count from a day from which something opens, by a rule that they match."""
    opening = _step("openings", "basis", "day", "number").c
    matches = (sa.and_(opening.number == r.number, compiled(r.who, FIELDS, today)) for r in rules)
    return (
        select(loan.customer_id)
        .select_from(FROM)
        .join(opening.basis.table, sa.and_(opening.basis == basis.value, COUNTED_ON[basis](opening.day)))
        .where(loan.live, sa.or_(opening.number.is_(None), *matches))
    )


def nothing_changed(conn: sa.Connection, since: Since) -> bool:
    """No customer touched or exempted since the last night began."""
    return not conn.execute(
        sa.text("""
            select exists (select from customer_faces where touched_at >= :moment)
                or exists (select from exemptions where approved_at >= :moment)"""),
        {"moment": since.moment},
    ).scalar_one()


def _among(everybody: bool, column: str) -> str:
    return "true" if everybody else f"{column} in (select customer_id from staging.night_candidates)"


# --- Ends ------------------------------------------------------------------------------------------------------------

# Somebody who started a todo is waited for until the day is over; then it may end like any other.
_IDLE = "t.closed_on is null and (t.state = 'open' or t.started_at < :midnight)"


def _midnight(today: date) -> datetime:
    return datetime.combine(today, time.min, settings.ZONE)


def close_ended(conn: sa.Connection, today: date, since: Since | None) -> int:
    """Todos whose loans have all been settled, written off or transferred; overdue checks whose arrears are paid."""
    ended = conn.execute(
        sa.text(f"""
            update todos t set state = 'cancelled', closed_on = :today, close_reason = e.reason
            from (
                select t.id, t.customer_id,
                       case when bool_or(l.status = 'written_off') then 'written_off'
                            when bool_or(l.status = 'transferred') then 'transferred' else 'settled' end as reason
                from todos t join loans l on l.customer_id = t.customer_id and l.id = any(t.loan_ids)
                where {_IDLE} and t.customer_id in (
                    select customer_id from loans where ended_on >= :since
                    union select customer_id from customer_faces where touched_at >= cast(:moment as timestamptz) - interval '15 minutes')
                group by t.id, t.customer_id having not bool_or(l.live)
            ) e
            where e.id = t.id and e.customer_id = t.customer_id"""),
        {
            "today": today, "midnight": _midnight(today),
            # a todo that somebody had started was waited for; one that was asked again long after touched its customer
            "since": since.day - timedelta(days=60) if since else date.min,
            "moment": since.moment if since else None,
        },
    ).rowcount  # fmt: skip
    cured = conn.execute(
        sa.text(f"""
            update todos t set state = 'cancelled', closed_on = :today, close_reason = 'cured'
            from customer_faces f where f.customer_id = t.customer_id and t.kind = 'overdue' and {_IDLE}
              and f.overdue_since is null"""),
        {"today": today, "midnight": _midnight(today)},
    ).rowcount
    return ended + cured


# --- Which rule governs whom -----------------------------------------------------------------------------------------


KINDS = (*CUSTOMER_KINDS, *LOAN_KINDS)
_ANCHOR_DATE = f"date '0001-01-01' + mod(packed, {RANK})::int"


# In place of the rule that governs, the same as this loan has it; the day it counts from stays.
_OWN = f"""(
    select face.customer_id, face.loan_id, coalesce(own.own_number::bigint * {RANK} + mod(face.packed, {RANK}), face.packed) as packed
    from ({{0}}) face left join staging.night_own own
        on own.customer_id = face.customer_id and own.loan_id = face.loan_id and own.number = face.packed / {RANK}
)"""


def pick(conn: sa.Connection, rules: Sequence[RuleRow], today: date, everybody: bool, own: bool = False) -> None:
    """For each live loan and kind the strictest matching rule and the day it counts from, in one scan of the book. `own`: some
    loans have rules of their own."""
    # Which kind it is, the rule's number tells. unnest, because VALUES would set up every expression again for every loan.
    found = sa.func.unnest(sa.func.array_remove(postgresql.array([_packed(rules, kind, today) for kind in KINDS]), sa.null()))
    face = select(loan.customer_id, loan.id.label("loan_id"), found.label("packed"))
    face = face.select_from(FROM).where(loan.live, sa.text(_among(everybody, "loans.customer_id")))
    statement = face.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    # CREATE TABLE AS, unlike INSERT ... SELECT, may read in parallel; the rules' values stay bound.
    conn.exec_driver_sql(
        f"""create unlogged table staging.night_picked as
            select face.*, r.number, {_ANCHOR_DATE} as anchor
            from {_OWN.format(statement) if own else f"({statement})"} face join staging.night_rules r on r.number = packed / {RANK}
            where not exists (
                select from exemptions e where e.customer_id = face.customer_id and e.approved_by is not null
                  and (e.loan_id is null or e.loan_id = face.loan_id) and r.kind = any(e.kinds)
                  and %(exempt_on)s between e.from_on and e.until_on)""",
        {**statement.params, "exempt_on": today},
    )
    conn.exec_driver_sql("analyze staging.night_picked")


def _packed(rules: Sequence[RuleRow], kind: Kind, today: date) -> sa.ColumnElement:
    mine = [r for r in rules if r.kind is kind]
    if not mine:
        return sa.cast(sa.null(), sa.BigInteger)
    return case(
        *((sa.and_(compiled(r.who, FIELDS, today), _has_anchor(r.anchor)), r.number * RANK + _anchor_day(r.anchor)) for r in mine)
    )


def _has_anchor(anchor: Anchor) -> sa.ColumnElement:
    return sa.true() if anchor is Anchor.CALENDAR else ANCHOR_COLUMN[anchor].is_not(None)


def _anchor_day(anchor: Anchor) -> sa.ColumnElement:
    """Days since year 1 of what the rule counts from."""
    if anchor is Anchor.CALENDAR:
        return sa.literal((EPOCH - date.min).days, sa.BigInteger)
    return sa.cast(ANCHOR_COLUMN[anchor] - sa.literal_column("date '0001-01-01'"), sa.BigInteger)


def govern(conn: sa.Connection, today: date, everybody: bool) -> None:
    """`governed`: of each customer and kind the strictest rule, the day it counts from, and the loans that it matches."""
    conn.execute(
        sa.text(f"""
            create unlogged table staging.night_governed as
            select g.customer_id, g.kind, r.number, coalesce(d.done_on, {_ANCHOR_DATE}) as anchor,
                   d.done_on is not null as done, g.loan_ids
            from (
                select customer_id, kind, min(packed) as packed, array_agg(loan_id order by loan_id) as loan_ids
                from staging.night_picked join staging.night_rules using (number) where kind = any(:kinds) group by customer_id, kind
            ) g
            join staging.night_rules r on r.number = g.packed / {RANK}
            left join ({completions(everybody=everybody)}) d on d.customer_id = g.customer_id and d.kind = g.kind and r.anchor = 'completion'"""),
        {"kinds": [k.value for k in CUSTOMER_KINDS], "today": today},
    )
    conn.exec_driver_sql("analyze staging.night_governed")


def counted(conn: sa.Connection) -> list[tuple[int, date, bool]]:
    """What the rules found count from, of which there is little: (rule number, day, is it a completed check)."""
    rows = conn.execute(
        sa.text("""
            select distinct number, anchor, done from staging.night_governed
            union select distinct p.number, p.anchor, false from staging.night_picked p
                join staging.night_rules r on r.number = p.number and r.kind = any(:kinds)
            order by 1, 2, 3"""),
        {"kinds": [k.value for k in LOAN_KINDS]},
    )
    return [tuple(row) for row in rows]


# --- Customers' obligations ------------------------------------------------------------------------------------------


def want_for_customers(conn: sa.Connection, today: date) -> None:
    """`wanted`: the todo that each governed customer should have now, one a kind and period."""
    conn.execute(sa.text(f"create unlogged table staging.night_wanted as {_wanted()}"), {"today": today})


def _wanted() -> str:
    """What was missed before anybody asked is due from the night that first asked, and stays so. A completion rule counts
    from the last check, heavier ones included, so no heavier check can cover it once more.
    """
    due = f"coalesce(least({_ruled('asked')}, o.due_on), o.due_on)"
    return f"""
        select g.customer_id, g.kind, o.period, r.mode, f.main_family as family, g.loan_ids, r.code as rule_code,
               r.version as rule_version, o.anchor as anchor_on, c.branch_id, {_ASSIGNED} as assignee_id,
               case when {_ruled("asked")} <= o.due_on then asked.nominal_on else o.nominal_on end as nominal_on,
               {due} as due_on, {due} + r.grace + 1 as late_from, cast(:today as date) as created_on
        from staging.night_governed g
        join staging.night_rules r on r.number = g.number
        join staging.night_occurrences o on o.number = g.number and o.anchor = g.anchor and o.done = g.done
        join customers c on c.id = g.customer_id
        join customer_faces f on f.customer_id = g.customer_id and (g.kind <> 'overdue' or f.overdue_since is not null)
        left join todos asked on o.missed and asked.customer_id = g.customer_id and asked.kind = g.kind
            and asked.subject = 0 and asked.period = o.period and asked.state = 'open'
        {_PRESENT}
        where r.anchor = 'completion' or not {_satisfied("g.customer_id", "g.kind", "r.mode", due, "r.satisfied_days")}"""


def _ruled(todo: str) -> str:
    """The due day by the rule, wherever somebody has moved it to: what a rule ceases to ask is judged by that."""
    return f"coalesce({todo}.ruled_on, {todo}.due_on)"


def completions(kind: Kind | None = None, everybody: bool = True) -> str:
    """The last check by customer and kind: completed, of the kind or a heavier one, or cancelled by hand."""
    pairs = [(k, k) for k in CUSTOMER_KINDS] + [(done, light) for light, heavy in HEAVIER.items() for done in heavy]
    listed = ", ".join(f"('{done}', '{counts}')" for done, counts in pairs if kind in (None, counts))
    cancelled = ", ".join(f"'{k}'" for k in CUSTOMER_KINDS if kind in (None, k))
    return f"""
        select customer_id, kind, max(done_on) as done_on
        from (
            select r.customer_id, p.counts as kind, r.done_on from records r join (values {listed}) p(done, counts)
                on p.done = r.kind where r.outcome = 'completed' and r.done_on <= :today and {_among(everybody, "r.customer_id")}
            union all select customer_id, kind, closed_on from todos
                where close_reason = 'by_hand' and kind in ({cancelled}) and closed_on <= :today
        ) done
        group by customer_id, kind"""


# By the rule's wish, if that person is still with the bank; the delegate while absent; else null: the branch's pool.
_ASSIGNED = "present.does_it"
_PRESENT = """
    left join staging.night_people present on present.id = case r.assign when 'manager' then c.manager_id
        when 'inspector' then coalesce(c.inspector_id, c.manager_id) end"""


def _satisfied(customer_id: str, kind: str, mode: str, due: str, days: str, after: str = "true") -> str:
    """A heavier check, in a mode at least as heavy, completed not longer than `days` before the due day."""
    heavier = ", ".join(f"('{done}', '{light}')" for light, heavy in HEAVIER.items() for done in heavy)
    modes = ", ".join(
        f"('{done}', '{asked}')" for done in Mode for asked in Mode if vocab.MODE_WEIGHT[done] >= vocab.MODE_WEIGHT[asked]
    )
    return f"""exists (
        select from records h where h.customer_id = {customer_id} and h.outcome = 'completed' and {days} > 0
          and (h.kind, {kind}) in (values {heavier}) and (h.mode, {mode}) in (values {modes})
          and h.done_on >= {due} - {days} and h.done_on <= :today and {after})"""


def _exempt(kind: str, loan: str) -> str:
    """An approved exemption, of the customer or of a loan (a condition on e.loan_id), that holds today."""
    return f"""exists (
        select from exemptions e where e.customer_id = t.customer_id and e.approved_by is not null
          and (e.loan_id is null or {loan}) and {kind} = any(e.kinds) and :today between e.from_on and e.until_on)"""


_WANTED = """
    customer_id, kind, period, mode, family, loan_ids, rule_code, rule_version, anchor_on, branch_id, assignee_id, nominal_on, due_on,
    late_from, created_on"""


def fill_for_customers(conn: sa.Connection, today: date) -> int:
    """Into an empty book: nothing there to conflict with; the unique index that is built afterwards still checks."""
    return conn.execute(sa.text(f"insert into todos ({_WANTED}) {_wanted()}"), {"today": today}).rowcount


def put_customer_todos(conn: sa.Connection, today: date) -> Counts:
    """Wanted todos into the book: new ones made, those not yet started brought up to date, revocable ends taken back."""
    wanted = conn.exec_driver_sql("select count(*) from staging.night_wanted").scalar_one()
    sets, where = _up_to_date("excluded")
    row = conn.execute(
        sa.text(f"""
            with put as (
                insert into todos as t ({_WANTED}) select {_WANTED} from staging.night_wanted order by customer_id, kind, period
                on conflict (customer_id, kind, subject, period) do update set {sets} where {where}
                returning (xmax = 0) as created
            )
            select count(*) filter (where created) as created, count(*) filter (where not created) as changed from put"""),
        {"today": today},
    ).one()
    return Counts(row.created, wanted - row.created - row.changed, row.changed)


_REVOCABLE = ", ".join(f"'{reason}'" for reason in vocab.REVOCABLE)
_MAY_CHANGE = f"""(t.state = 'open' or t.state = 'cancelled' and t.close_reason in ({_REVOCABLE}))
    and t.rule_code is not null and t.reissued_on is null"""
_ASKED = ("mode", "family", "loan_ids", "rule_code", "rule_version", "anchor_on", "branch_id", "nominal_on")


def _up_to_date(new: str) -> tuple[str, str]:
    """SET and WHERE: the same todo asked as it should be now, its end taken back; what is so already stays untouched."""
    assignee = f"case when t.pinned then t.assignee_id else {new}.assignee_id end"
    asked = {column: f"{new}.{column}" for column in _ASKED} | {
        "due_on": f"case when t.ruled_on is null then {new}.due_on else t.due_on end",
        "late_from": f"case when t.ruled_on is null then {new}.late_from else t.late_from end",
        "ruled_on": f"case when t.ruled_on is not null then {new}.due_on end",
    }
    sets = ", ".join(f"{column} = {value}" for column, value in asked.items())
    was, becomes = ", ".join(f"t.{column}" for column in asked), ", ".join(asked.values())
    return (
        f"state = 'open', closed_on = null, close_reason = null, assignee_id = {assignee}, {sets}",
        f"{_MAY_CHANGE} and (t.state, t.assignee_id, {was}) is distinct from ('open', {assignee}, {becomes})",
    )


def withdraw_from_customers(conn: sa.Connection, today: date, everybody: bool) -> int:
    """Todos not yet started nor due which no rule asks for any more, because another rule governs, or none; and todos,
    due or not, that a heavier check has since covered (under a completion rule only one later than it counts from).
    """
    satisfied = _satisfied(
        "t.customer_id", "t.kind", "t.mode", _ruled("t"), "coalesce(r.satisfied_days, 0)",
        "(r.anchor <> 'completion' or h.done_on > t.anchor_on)",
    )  # fmt: skip
    return conn.execute(
        sa.text(f"""
            update todos t set state = 'cancelled', closed_on = :today, close_reason = case
                when {satisfied} then 'satisfied'
                when {_exempt("t.kind", "e.loan_id = any(t.loan_ids)")} then 'exempted'
                when exists (select from staging.night_wanted w where w.customer_id = t.customer_id and w.kind = t.kind)
                    then 'superseded'
                else 'withdrawn' end
            from todos me left join staging.night_rules r on r.code = me.rule_code and not r.own
            where me.id = t.id and me.customer_id = t.customer_id
              and {_IDLE} and t.rule_code is not null and t.reissued_on is null and t.kind = any(:kinds)
              and {_among(everybody, "t.customer_id")}
              and ({satisfied} or t.state = 'open' and {_ruled("t")} >= :today and not exists (
                    select from staging.night_wanted w
                    where w.customer_id = t.customer_id and w.kind = t.kind and w.period = t.period))"""),
        {"kinds": [k.value for k in CUSTOMER_KINDS], "today": today, "midnight": _midnight(today)},
    ).rowcount


# --- Loans' obligations ----------------------------------------------------------------------------------------------


def owe_for_loans(conn: sa.Connection, today: date) -> None:
    """`owed`: every occurrence that a live loan is owed now, and the todo that covers it."""
    conn.execute(
        sa.text(f"""
            create unlogged table staging.night_owed as
            select p.customer_id, p.loan_id, p.number, o.period, r.merge_days, o.anchor as anchor_on, o.nominal_on, o.due_on,
                   l.branch_id, pr.family, {_ASSIGNED} as assignee_id, k.todo_id
            from staging.night_picked p
            join staging.night_rules r on r.number = p.number
            join staging.night_occurrences o on o.number = p.number and o.anchor = p.anchor
            join loans l on l.id = p.loan_id and l.customer_id = p.customer_id
            join products pr on pr.id = l.product_id
            join customers c on c.id = p.customer_id
            {_PRESENT}
            left join claims k on k.customer_id = p.customer_id and k.loan_id = p.loan_id and k.kind = r.kind
                and k.period = o.period
            where r.kind = any(:kinds)"""),
        {"kinds": [k.value for k in LOAN_KINDS], "today": today},
    )


# What is owed with what its rule says, which comes in last, where few are left: sorting wide rows costs most.
_OWED = """(
    select o.*, r.kind, r.mode, r.code, r.version, r.grace from staging.night_owed o join staging.night_rules r using (number)
)"""


_NOT_PASSED = "not exists (select from staging.night_passed p where p.todo_id = o.todo_id)"


def fill_for_loans(conn: sa.Connection, today: date) -> int:
    """Into an empty book: nothing is covered yet, and nothing there to conflict with."""
    _group(conn, "staging.night_owed")
    made = conn.execute(sa.text(_PUT_GROUPS), {"today": today}).rowcount
    conn.exec_driver_sql(_PUT_CLAIMS)
    return made


def put_loan_todos(conn: sa.Connection, today: date) -> Counts:
    """Fresh obligations join an open todo near in time, or make new ones together; the covered are brought up to date."""
    _find_passed(conn, today)
    _find_near(conn)
    _join_near(conn)
    changed = _update_covered(conn)
    covered = conn.exec_driver_sql("select count(distinct todo_id) from staging.night_owed where todo_id is not null").scalar_one()
    made = _make(conn, "(select * from staging.night_fresh where joins_id is null)", today)
    return Counts(made, covered - changed, changed)


def _find_passed(conn: sa.Connection, today: date) -> None:
    """`passed`: late todos of which a live loan's day in a cycle has gone by. They stay as they were asked: by what is owed
    for other loans on later days nobody ceases to be late."""
    conn.execute(
        sa.text(f"""
            create unlogged table staging.night_passed as
            select distinct t.id as todo_id
            from todos t
            join claims k on k.todo_id = t.id and k.customer_id = t.customer_id
            join loans l on l.id = k.loan_id and l.customer_id = k.customer_id and l.live
            left join {_OWED} o on o.customer_id = k.customer_id and o.loan_id = k.loan_id and o.kind = k.kind and o.period = k.period
            where t.state = 'open' and t.closed_on is null and {_ruled("t")} < :today and o.customer_id is null
              and t.customer_id in (select customer_id from staging.night_owed)"""),
        {"today": today},
    )


def _find_near(conn: sa.Connection) -> None:
    """`covers`: the open todos, or those to be opened again, that cover some; `fresh`: what no todo covers yet, with
    the one near in time that it joins.
    """
    conn.exec_driver_sql(f"""
        create unlogged table staging.night_covers as
        select o.customer_id, o.todo_id, o.kind, min(o.number) as number, min(o.due_on) as due_on
        from {_OWED} o join todos t on t.id = o.todo_id and t.customer_id = o.customer_id
        where {_MAY_CHANGE} and {_NOT_PASSED} group by o.customer_id, o.todo_id, o.kind""")
    conn.exec_driver_sql("create index on staging.night_covers (customer_id)")
    conn.exec_driver_sql(f"""
        create unlogged table staging.night_fresh as
        select o.*, near.todo_id as joins_id
        from {_OWED} o
        left join lateral (
            select c.todo_id from staging.night_covers c
            where c.customer_id = o.customer_id and c.number = o.number
              and abs(c.due_on - o.due_on) <= o.merge_days
            order by abs(c.due_on - o.due_on), c.due_on, c.todo_id limit 1
        ) near on true
        where o.todo_id is null""")


def _join_near(conn: sa.Connection) -> None:
    conn.exec_driver_sql("""
        insert into claims (customer_id, loan_id, kind, period, todo_id)
        select customer_id, loan_id, kind, period, joins_id from staging.night_fresh where joins_id is not null
        on conflict do nothing""")
    conn.exec_driver_sql("""
        update staging.night_owed o set todo_id = f.joins_id from staging.night_fresh f
        where f.joins_id is not null
          and (f.customer_id, f.loan_id, f.number, f.period) = (o.customer_id, o.loan_id, o.number, o.period)""")


# What several obligations ask of the todo that they share: the strictest rule's check, by the earliest day.
_TOGETHER = """
    (array_agg(mode order by number, loan_id))[1] as mode, (array_agg(family order by loan_id))[1] as family,
    array_agg(distinct loan_id order by loan_id) as loan_ids, (array_agg(code order by number))[1] as rule_code,
    (array_agg(version order by number))[1] as rule_version, min(anchor_on) as anchor_on, min(branch_id) as branch_id,
    (array_agg(assignee_id order by number, loan_id))[1] as assignee_id, min(nominal_on) as nominal_on,
    min(due_on) as due_on, min(due_on + grace + 1) as late_from"""


def _update_covered(conn: sa.Connection) -> int:
    """Rule changes and changed dates reach todos not yet started; an end that may be taken back is."""
    together = f"select todo_id, customer_id, {_TOGETHER} from {_OWED} o where {_NOT_PASSED} group by todo_id, customer_id"
    sets, where = _up_to_date("n")
    return conn.exec_driver_sql(
        f"update todos t set {sets} from ({together}) n where t.id = n.todo_id and t.customer_id = n.customer_id and {where}"
    ).rowcount


def _make(conn: sa.Connection, fresh: str, today: date) -> int:
    """How many; an obligation that somebody else has met this very moment is left to him."""
    _group(conn, fresh)
    made = conn.execute(sa.text(f"{_PUT_GROUPS} on conflict do nothing"), {"today": today}).rowcount
    conn.exec_driver_sql(f"{_PUT_CLAIMS} join todos t on t.id = g.todo_id and t.customer_id = g.customer_id")
    return made


def _group(conn: sa.Connection, fresh: str) -> None:
    """`groups`: each fresh obligation with the number of the todo that it shares. Of one rule and customer, what falls due
    within merge_days of the earliest is asked together, and so on: along one order, in which the numbers drawn grow.
    """
    conn.exec_driver_sql(f"""
        create unlogged table staging.night_groups as
        select customer_id, number, loan_id, period, family, branch_id, assignee_id, anchor_on, nominal_on, due_on,
               first_id is not null and last as alone, max(first_id) over along as todo_id
        from (
            select *, case when bucket is distinct from lag(bucket) over along then nextval('todos_id_seq') end as first_id,
                   bucket is distinct from lead(bucket) over along as last
            from (
                select *, (due_on - first_value(due_on) over along) / (merge_days + 1) as bucket
                from {fresh} fresh
                window along as (partition by customer_id, number order by due_on, loan_id, period)
            ) spread
            window along as (partition by customer_id, number order by due_on, loan_id, period)
        ) numbered
        window along as (partition by customer_id, number order by due_on, loan_id, period)""")


# Most obligations have a todo to themselves; for those nothing is gathered.
_PUT_GROUPS = """
    insert into todos (id, customer_id, kind, subject, period, mode, family, loan_ids, rule_code, rule_version, anchor_on,
                       branch_id, assignee_id, nominal_on, due_on, late_from, created_on) overriding system value
    select todo_id, customer_id, r.kind, loan_id, period, r.mode, family, loan_ids, r.code, r.version, anchor_on, branch_id,
           assignee_id, nominal_on, due_on, due_on + r.grace + 1, :today
    from (
        select todo_id, customer_id, number, loan_id, period, family, array[loan_id] as loan_ids, anchor_on, branch_id,
               assignee_id, nominal_on, due_on
        from staging.night_groups where alone
        union all
        select todo_id, customer_id, number, min(loan_id), (array_agg(period order by loan_id, period))[1],
               (array_agg(family order by loan_id, period))[1], array_agg(distinct loan_id order by loan_id), min(anchor_on),
               min(branch_id), assignee_id, min(nominal_on), min(due_on)
        from staging.night_groups where not alone group by todo_id, customer_id, number, assignee_id
    ) g
    join staging.night_rules r using (number)"""
_PUT_CLAIMS = """
    insert into claims (customer_id, loan_id, kind, period, todo_id)
    select g.customer_id, g.loan_id, r.kind, g.period, g.todo_id
    from staging.night_groups g join staging.night_rules r using (number)"""


def withdraw_from_loans(conn: sa.Connection, today: date, everybody: bool) -> int:
    """Todos not yet started nor due none of whose loans is owed anything by a rule any more."""
    return conn.execute(
        sa.text(f"""
            update todos t set state = 'cancelled', closed_on = :today, close_reason = case
                when {_exempt("t.kind", "e.loan_id = any(t.loan_ids)")} then 'exempted' else 'withdrawn' end
            where t.state = 'open' and t.rule_code is not null and t.reissued_on is null and t.kind = any(:kinds)
              and {_ruled("t")} >= :today
              and {_among(everybody, "t.customer_id")}
              and not exists (
                  select from claims k join {_OWED} o using (customer_id, loan_id, kind, period)
                  where k.todo_id = t.id)"""),
        {"kinds": [k.value for k in LOAN_KINDS], "today": today},
    ).rowcount


# --- After -----------------------------------------------------------------------------------------------------------


def hand_over(conn: sa.Connection, today: date, everybody: bool) -> int:
    """Every pending todo to whom it belongs today, late ones too: leavers' to the pool, absent people's to the delegate.

    What was given by hand stays there while that person is with the bank. A todo of a rule no longer in force, or made
    by hand, only ever leaves a leaver.
    """
    return conn.execute(
        sa.text(f"""
            update todos t set assignee_id = n.assignee_id, branch_id = n.branch_id,
                pinned = t.pinned and t.assignee_id is not distinct from n.assignee_id
            from (
                select t.id, t.customer_id,
                       case when t.subject = 0 and t.rule_code is not null then c.branch_id else t.branch_id end as branch_id,
                       case when r.code is null or t.pinned and stays.id is not null then stays.id else {_ASSIGNED} end
                       as assignee_id
                from todos t
                join customers c on c.id = t.customer_id
                left join staging.night_rules r on r.code = t.rule_code and not r.own
                left join staging.night_people stays on stays.id = t.assignee_id
                {_PRESENT}
                where {_IDLE} and {"true" if everybody else _MAY_MOVE}
            ) n
            where n.id = t.id and n.customer_id = t.customer_id
              and (t.assignee_id, t.branch_id) is distinct from (n.assignee_id, n.branch_id)"""),
        {"midnight": _midnight(today), "today": today},
    ).rowcount


# A leaver can come by a todo after the night that emptied his list: taken back, a handover or an assignment gives it to
# whom it was. Two arms, for each has its index.
_MAY_MOVE = f"""
    (t.customer_id, t.id) in (
        select customer_id, id from todos where closed_on is null and {_among(False, "customer_id")}
        union
        select customer_id, id from todos where closed_on is null
            and assignee_id = any (array(select id from staff where left_on <= :today)))"""


def follow_inspector(conn: sa.Connection, customer_ids: list[int], codes: list[str], today: date) -> int:
    """Todos of these customers that rules give to the inspector go to whom is named now, or stands in for him. What is
    started, or was given by hand, stays. How many moved."""
    return conn.execute(
        sa.text(f"""
            update todos t set assignee_id = n.assignee_id
            from (
                select t.id, t.customer_id, {_ASSIGNED} as assignee_id
                from todos t join customers c on c.id = t.customer_id
                left join ({PEOPLE}) present on present.id = coalesce(c.inspector_id, c.manager_id)
                where t.customer_id = any(:customers) and t.state = 'open' and not t.pinned and t.rule_code = any(:codes)
            ) n
            where n.id = t.id and n.customer_id = t.customer_id and t.assignee_id is distinct from n.assignee_id"""),
        {"customers": customer_ids, "codes": codes, "today": today},
    ).rowcount


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
