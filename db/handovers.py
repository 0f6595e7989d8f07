"""Handovers: what somebody holds, moving it row by row, and giving back what is still where it was put."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import func, select

from db import jobs
from db.tables import branches, customers, handover_parts, handover_rows, handovers, staff
from db.vocab import HandoverState, Held

h, p, r = handovers.c, handover_parts.c, handover_rows.c
giver, maker = staff.alias("giver"), staff.alias("maker")

# Open todos that are his: assigned to him; or waiting in the pool or with his stand-in because the customer is his.
_HIS_TODO = """t.closed_on is null and (t.assignee_id = :from_id or not t.pinned and :from_id in (c.manager_id, c.inspector_id)
    and (t.assignee_id is null or t.assignee_id in (
        select delegate_id from absences where staff_id = :from_id and :today between from_on and until_on)))"""
_HIS_SIGNAL = "g.owner_id = :from_id and g.closed_on is null"
_HIS_LOAN = "l.manager_id = :from_id and l.live"
# Leads that he follows: given to him, or noted by him and given to nobody.
_HIS_LEAD = "(e.owner_id = :from_id or e.owner_id is null and e.staff_id = :from_id) and e.state in ('new', 'contacted')"
_MINUTES = "case t.mode when 'field' then :field when 'phone' then :phone else :data end"
_HIS_CUSTOMERS = f"""
    select id as customer_id from customers where manager_id = :from_id
    union select id from customers where inspector_id = :from_id
    union select customer_id from loans where manager_id = :from_id and live
    union select customer_id from todos where assignee_id = :from_id and closed_on is null
    union select customer_id from signals where owner_id = :from_id and closed_on is null and customer_id > 0
    union select e.customer_id from leads e where {_HIS_LEAD} and e.customer_id > 0"""


class Minutes(NamedTuple):
    """What a check takes, by way."""

    field: int
    phone: int
    data: int


def portfolio(conn: sa.Connection, from_id: int, today: date, until: date, takes: Minutes) -> list[sa.Row]:
    """One row a customer of whom this person holds anything, by village: who and where he is, what would move (loan_ids,
    balance_fen, open, overdue, signals, leads), the loans' numbers and product families, and the minutes that its todos due
    until then take.
    """
    return conn.execute(
        sa.text(f"""
            with mine as materialized ({_HIS_CUSTOMERS}),
            lent as (
                select l.customer_id, array_agg(l.id order by l.id) as loan_ids, sum(l.balance_fen)::bigint as balance_fen,
                       array_agg(l.loan_no order by l.id) as loan_nos, array_agg(distinct p.family) as families
                from mine join loans l using (customer_id) join products p on p.id = l.product_id where {_HIS_LOAN} group by 1),
            work as (
                select t.customer_id, count(*) as open, count(*) filter (where t.late_from <= :today) as overdue,
                       coalesce(sum({_MINUTES}) filter (where t.due_on <= :until), 0)::int as minutes
                from mine join customers c on c.id = mine.customer_id join todos t on t.customer_id = c.id
                where {_HIS_TODO} group by 1),
            warned as (
                select g.customer_id, count(*) as n from mine join signals g using (customer_id) where {_HIS_SIGNAL} group by 1),
            wished as (select e.customer_id, count(*) as n from leads e where {_HIS_LEAD} group by 1)
            select c.id as customer_id, c.customer_no, c.name as customer, c.village, c.branch_id, b.name as branch,
                   c.manager_id, c.inspector_id, coalesce(lent.loan_ids, '{{}}') as loan_ids,
                   coalesce(lent.balance_fen, 0) as balance_fen, coalesce(work.open, 0) as open,
                   coalesce(work.overdue, 0) as overdue, coalesce(work.minutes, 0) as minutes, coalesce(warned.n, 0) as signals,
                   coalesce(wished.n, 0) as leads, coalesce(lent.loan_nos, '{{}}') as loan_nos, coalesce(lent.families, '{{}}') as families,
                   a.lat, a.lon
            from mine join customers c on c.id = mine.customer_id join branches b on b.id = c.branch_id
            left join lent on lent.customer_id = c.id left join work on work.customer_id = c.id
            left join warned on warned.customer_id = c.id left join wished on wished.customer_id = c.id
            left join lateral (
                select lat, lon from addresses
                where customer_id = c.id and replaced_at is null and lat is not null
                order by array_position(array['business', 'home'], kind) nulls last, id limit 1) a on true
            order by b.code, c.village nulls last, c.customer_no"""),
        {"from_id": from_id, "today": today, "until": until} | takes._asdict(),
    ).all()


def loads(conn: sa.Connection, staff_ids: list[int], today: date, until: date, takes: Minutes) -> dict[int, sa.Row]:
    """What these people hold now: customers, loans, open, overdue, minutes of the todos due until then."""
    rows = conn.execute(
        sa.text(f"""
            select s.id, s.name, coalesce(c.n, 0) as customers, coalesce(l.n, 0) as loans, coalesce(t.open, 0) as open,
                   coalesce(t.overdue, 0) as overdue, coalesce(t.minutes, 0) as minutes
            from staff s
            left join (select staff_id, count(distinct id) as n from (
                           select manager_id as staff_id, id from customers where manager_id = any(:ids)
                           union all select inspector_id, id from customers where inspector_id = any(:ids)) held
                       group by 1) c on c.staff_id = s.id
            left join (select manager_id, count(*) as n from loans where manager_id = any(:ids) and live group by 1) l
                on l.manager_id = s.id
            left join (select t.assignee_id, count(*) as open, count(*) filter (where t.late_from <= :today) as overdue,
                              coalesce(sum({_MINUTES}) filter (where t.due_on <= :until), 0)::int as minutes
                       from todos t where t.assignee_id = any(:ids) and t.closed_on is null group by 1) t on t.assignee_id = s.id
            where s.id = any(:ids)"""),
        {"ids": staff_ids, "today": today, "until": until} | takes._asdict(),
    )
    return {row.id: row for row in rows}


def loose_leads(conn: sa.Connection, from_id: int) -> int:
    """Leads that this person follows and found at nobody's: no customer takes them along."""
    return conn.execute(
        sa.text(f"select count(*) from leads e where {_HIS_LEAD} and e.customer_id = 0"), {"from_id": from_id}
    ).scalar_one()


def places(conn: sa.Connection, staff_ids: list[int]) -> list[sa.Row]:
    """Where the customers lie whom these people manage or inspect: staff_id, village, n, lat, lon; those of no named village by
    the kilometre.
    """
    return conn.execute(
        sa.text("""
            with held as (
                select manager_id as staff_id, id, village from customers where manager_id = any(:ids)
                union select inspector_id, id, village from customers where inspector_id = any(:ids)),
            lying as (
                select h.staff_id, h.village, a.lat, a.lon,
                       case when h.village is null then (round(a.lat::numeric, 2), round(a.lon::numeric, 2))::text end as cell
                from held h join lateral (
                select lat, lon from addresses
                where customer_id = h.id and replaced_at is null and lat is not null
                order by array_position(array['business', 'home'], kind) nulls last, id limit 1) a on true)
            select staff_id, village, count(*) as n, avg(lat) as lat, avg(lon) as lon from lying
            group by staff_id, village, cell order by 1, 2 nulls last, cell"""),
        {"ids": staff_ids},
    ).all()


def givers(conn: sa.Connection, branch_ids: Sequence[int] | None = None) -> list[sa.Row]:
    """Everybody of these branches who holds something, leavers first: id, staff_no, name, branch_id, branch, left_on."""
    holds = sa.text("""(exists (select from customers where manager_id = staff.id) or exists (select from customers where inspector_id = staff.id)
        or exists (select from loans where manager_id = staff.id and live)
        or exists (select from todos where assignee_id = staff.id and closed_on is null))""")
    s = staff.c
    return conn.execute(
        select(s.id, s.staff_no, s.name, s.branch_id, branches.c.name.label("branch"), s.left_on)
        .join(branches, branches.c.id == s.branch_id)
        .where(holds, sa.true() if branch_ids is None else s.branch_id.in_(branch_ids))
        .order_by(s.left_on.is_(None), branches.c.code, s.name)
    ).all()


# --- One at a time ----------------------------------------------------------------------------------------------------


def take_turn(conn: sa.Connection, *others: str) -> bool:
    """From here to the end of the transaction no other handover runs, nor any of these jobs, which write the same rows in
    an order of their own. False when one of them is running now.
    """
    conn.exec_driver_sql(f"select pg_advisory_xact_lock({jobs.number_of('handover')})")
    free = [f"pg_try_advisory_xact_lock_shared({jobs.number_of(job)})" for job in others]
    return all(conn.exec_driver_sql(f"select {', '.join(free)}").one()) if free else True


# --- Moving -----------------------------------------------------------------------------------------------------------


def begin(conn: sa.Connection, row: dict, parts: Mapping[int, int]) -> int:
    """The handover, with which customer goes to whom. Its number."""
    handover_id = conn.execute(sa.insert(handovers).values(row).returning(h.id)).scalar_one()
    conn.execute(
        sa.text("""
            insert into handover_parts (handover_id, customer_id, to_id)
            select :id, n.customer_id, n.to_id from unnest(cast(:customers as bigint[]), cast(:to as int[])) as n(customer_id, to_id)"""),
        {"id": handover_id, "customers": list(parts), "to": list(parts.values())},
    )
    return handover_id


class _Way(NamedTuple):
    """How one kind of row is moved: which table, which rows are his, who holds them, and what of it must be as it was put
    for it to be given back."""

    table: str
    key: str  # joins the row x to its line r
    his: str
    holder: str
    still: str
    prior: str = "null::int"
    begun: str = "null::timestamptz"
    overdue: str = "false"
    signed: str = ""  # what else is written into a row that changes hands
    reached: str = "handover_parts p"  # (handover_id, customer_id, to_id): whose rows go to whom


_OWN_KEY, _CUSTOMER_KEY = "x.id = r.row_id and x.customer_id = r.customer_id", "x.id = r.customer_id"
_WAYS = {
    Held.TODO: _Way(
        "todos", _OWN_KEY, _HIS_TODO.replace("t.", "x."), "assignee_id",
        "x.closed_on is null and x.assignee_id = r.to_id and x.started_at is not distinct from r.begun_at",
        begun="x.started_at", overdue="x.late_from <= :today",
    ),
    Held.LOAN: _Way("loans", _OWN_KEY, _HIS_LOAN.replace("l.", "x."), "manager_id", "x.handover_id = r.handover_id", "x.handover_id"),
    Held.MANAGER: _Way("customers", _CUSTOMER_KEY, "x.manager_id = :from_id", "manager_id", "x.handover_id = r.handover_id", "x.handover_id"),
    Held.INSPECTOR: _Way("customers", _CUSTOMER_KEY, "x.inspector_id = :from_id", "inspector_id", "x.inspector_id = r.to_id"),
    Held.SIGNAL: _Way(
        "signals", _OWN_KEY, _HIS_SIGNAL.replace("g.", "x."), "owner_id",
        "x.closed_on is null and x.owner_id = r.to_id and x.taken_at is not distinct from r.begun_at", begun="x.taken_at",
    ),
    Held.LEAD: _Way(
        "leads", _OWN_KEY, _HIS_LEAD.replace("e.", "x."), "owner_id",
        "x.owner_id = r.to_id and x.changed_at = (select h.done_at from handovers h where h.id = r.handover_id)",
        signed="changed_by = vigil_me(), changed_at = :now",
        reached="""(select handover_id, customer_id, to_id from handover_parts
                    union all select id, 0, leads_to from handovers where leads_to is not null) p""",
    ),
}  # fmt: skip
_BY_HANDOVER = (Held.LOAN, Held.MANAGER)  # what says itself by which handover it is held


def move(conn: sa.Connection, handover_id: int, what: Held, from_id: int, today: date, now: datetime) -> sa.Row:
    """Give all of one kind that is his to whom its customer goes: n, overdue.

    The rows are taken in hand in the order of their numbers, as everybody takes them, so that nobody waits in a circle; those
    that changed while we waited are looked at anew.
    """
    way, about = _WAYS[what], {"id": handover_id, "what": what, "from_id": from_id, "today": today, "now": now}
    customer = "x.id" if way.table == "customers" else "x.customer_id"
    conn.execute(
        sa.text(f"""
            insert into handover_rows (handover_id, customer_id, what, row_id, from_id, to_id, prior_id, begun_at, overdue)
            select :id, customer_id, :what, row_id, from_id, to_id, prior_id, begun_at, overdue from (
                select p.customer_id, x.id as row_id, x.{way.holder} as from_id, p.to_id, {way.prior} as prior_id,
                       {way.begun} as begun_at, {way.overdue} as overdue
                from {way.reached} left join customers c on c.id = p.customer_id join {way.table} x on {customer} = p.customer_id
                where p.handover_id = :id and {way.his} and x.{way.holder} is distinct from p.to_id
                order by x.id for no key update of x) held"""),
        about,
    )
    conn.execute(
        sa.text(f"""
            update {way.table} x set {_put(what, "r.to_id", "r.handover_id")} from handover_rows r
            where r.handover_id = :id and r.what = :what and {way.key}"""),
        about,
    )
    return conn.execute(
        select(func.count().label("n"), func.count().filter(r.overdue).label("overdue")).where(
            r.handover_id == handover_id, r.what == what
        )
    ).one()


def _put(what: Held, holder: str, handover: str) -> str:
    """What is written into a row that changes hands."""
    sets = [f"{_WAYS[what].holder} = {holder}", f"handover_id = {handover}" if what in _BY_HANDOVER else "", _WAYS[what].signed]
    return ", ".join(filter(None, sets))


def give_back(conn: sa.Connection, handover_id: int, what: Held, now: datetime) -> int:
    """Put back all of one kind that is still where this handover put it. How many."""
    way, about = _WAYS[what], {"id": handover_id, "what": what, "now": now}
    mine = f"r.handover_id = :id and r.what = :what and {way.key}"
    conn.execute(
        sa.text(
            f"select from handover_rows r join {way.table} x on {way.key} where {mine} and {way.still} order by x.id for no key update of x"
        ),
        about,
    )
    conn.execute(sa.text(f"update handover_rows r set returned = true from {way.table} x where {mine} and {way.still}"), about)
    return conn.execute(
        sa.text(
            f"update {way.table} x set {_put(what, 'r.from_id', 'r.prior_id')} from handover_rows r where {mine} and r.returned"
        ),
        about,
    ).rowcount


def pass_on(conn: sa.Connection, handover_id: int, from_state: HandoverState, **values: object) -> bool:
    """True for the one who moved it on, False if it was in another state already."""
    return conn.execute(sa.update(handovers).where(h.id == handover_id, h.state == from_state).values(**values)).rowcount == 1


# --- Reading ----------------------------------------------------------------------------------------------------------


def _query() -> sa.Select:
    return (
        select(handovers, giver.c.name.label("giver"), maker.c.name.label("maker"), branches.c.name.label("branch"))
        .join(giver, giver.c.id == h.from_id)
        .join(branches, branches.c.id == h.branch_id)
        .outerjoin(maker, maker.c.id == h.made_by)
    )


def get(conn: sa.Connection, handover_id: int) -> sa.Row | None:
    return conn.execute(_query().where(h.id == handover_id)).one_or_none()


def listing(conn: sa.Connection, limit: int = 100) -> list[sa.Row]:
    """Latest first; `by_source`: of how many customers the source has named another manager since."""
    named = select(func.count()).where(
        r.handover_id == h.id, r.what == Held.MANAGER, h.state == HandoverState.DONE, customers.c.id == r.customer_id,
        customers.c.handover_id.is_(None),
    )  # fmt: skip
    query = _query().add_columns(named.correlate(handovers).scalar_subquery().label("by_source"))
    return conn.execute(query.order_by(h.id.desc()).limit(limit)).all()


def customers_moved(conn: sa.Connection, handover_id: int, returned: bool | None = None) -> int:
    """Of how many customers something was moved, or has been given back."""
    count = select(func.count(r.customer_id.distinct())).where(r.handover_id == handover_id, r.customer_id > 0)
    return conn.execute(count if returned is None else count.where(r.returned == returned)).scalar_one()


def count_kept(conn: sa.Connection, handover_id: int) -> int:
    """Rows that were moved and not given back."""
    return conn.execute(select(func.count()).where(r.handover_id == handover_id, ~r.returned)).scalar_one()


def shares(conn: sa.Connection, handover_id: int) -> list[sa.Row]:
    """To whom how much went: to_id, name, customers, loans, todos, overdue, leads."""
    kinds = ((Held.LOAN, "loans"), (Held.TODO, "todos"), (Held.LEAD, "leads"))
    moved = [func.count().filter(r.what == what).label(label) for what, label in kinds]
    rows = (
        select(r.to_id, *moved, func.count().filter(r.overdue).label("overdue"))
        .where(r.handover_id == handover_id).group_by(r.to_id).subquery()
    )  # fmt: skip
    asked = select(p.to_id, func.count().label("customers")).where(p.handover_id == handover_id).group_by(p.to_id).subquery()
    return conn.execute(
        select(
            asked.c.to_id,
            staff.c.name,
            asked.c.customers,
            *(func.coalesce(rows.c[n], 0).label(n) for n in ("loans", "todos", "overdue", "leads")),
        )
        .join(staff, staff.c.id == asked.c.to_id)
        .outerjoin(rows, rows.c.to_id == asked.c.to_id)
        .order_by(staff.c.name)
    ).all()


def elsewhere(conn: sa.Connection, handover_id: int, limit: int = 200) -> list[sa.Row]:
    """Of what a handover moved, that which is no longer where it was put: what, customer_no, customer, holder (its name
    now), and why: closed, begun, by_source, by_hand. For todos checked since, that is as it should be.
    """
    return conn.execute(
        sa.text(f"""
            select e.what, c.customer_no, c.name as customer, s.name as holder, e.why
            from ({" union all ".join(_gone(what) for what in Held)}) e
            left join customers c on c.id = e.customer_id left join staff s on s.id = e.holder_id
            where not exists (select from handovers h where h.id = :id and h.state <> 'done')
            order by e.why, c.customer_no, e.what limit :limit"""),
        {"id": handover_id, "limit": limit},
    ).all()


def _gone(what: Held) -> str:
    way = _WAYS[what]
    why = "'by_hand'"
    if what in (Held.TODO, Held.SIGNAL):
        why = f"case when x.closed_on is not null then 'closed' when x.{way.holder} = r.to_id then 'begun' else 'by_hand' end"
    if what is Held.LEAD:
        why = "case when x.owner_id = r.to_id then 'begun' else 'by_hand' end"
    if what in _BY_HANDOVER:
        why = "case when x.handover_id is null then 'by_source' else 'by_hand' end"
    return f"""
        select r.what, r.customer_id, x.{way.holder} as holder_id, {why} as why from handover_rows r join {way.table} x on {way.key}
        where r.handover_id = :id and r.what = '{what}' and ({way.still}) is not true"""


def due(conn: sa.Connection, today: date) -> list[sa.Row]:
    """What has to happen by this day: handovers whose day has come, and temporary ones that are over. id, state, made_by, to_ids."""
    waiting = sa.and_(h.state == HandoverState.WAITING, h.from_on <= today)
    over = sa.and_(h.state == HandoverState.DONE, h.until_on < today)
    return conn.execute(select(h.id, h.state, h.made_by, h.to_ids).where(sa.or_(waiting, over)).order_by(h.id)).all()


def stamp(conn: sa.Connection, handover_id: int, at: datetime, **counts: int) -> None:
    """What was moved, and when."""
    conn.execute(sa.update(handovers).where(h.id == handover_id).values(done_at=at, **counts))


def note_kept(conn: sa.Connection, handover_id: int, rows: int) -> None:
    conn.execute(sa.update(handovers).where(h.id == handover_id).values(rows_kept=rows))
