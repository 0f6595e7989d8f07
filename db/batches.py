"""Acts on many todos at once (批量操作): who can and who cannot, the rows as they stood, doing it, taking it back.

A batch is chosen by the filter of the list, in the database: however many match, no number of a todo leaves it. Its rows
keep the columns that the act changes, before and after, so that taking back returns exactly what nobody has changed since.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import case, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from db.customers import Filter as CustomerFilter
from db.customers import matching as matching_customers
from db.generation import PEOPLE
from db.loans import Filter as LoanFilter
from db.loans import matching
from db.tables import (
    batch_rows,
    batches,
    branches,
    customer_faces,
    customers,
    definitions,
    exemptions,
    loans,
    opinions,
    staff,
    todos,
)  # fmt: skip
from db.todos import Filter, conditions
from db.vocab import LOAN_KINDS, Assign, BatchAct, BatchState, CloseReason, Definition, Kind, Mode, Opinion, TodoState

t, b, r = todos.c, batches.c, batch_rows.c
holder, maker, ender = staff.alias("holder"), staff.alias("maker"), staff.alias("ender")

# --- Who can ----------------------------------------------------------------------------------------------------------


class Wish(NamedTuple):
    """What an act is to bring about. `hand_days`: how far a todo that no rule made may be moved without a second person."""

    act: BatchAct
    today: date
    to: tuple[int, ...] = ()
    due_on: date | None = None
    hand_days: int = 0
    note: str | None = None
    by: int | None = None


def _grace() -> sa.ColumnElement:
    """Days of grace of the version of the rule that made a todo; none for what no rule made."""
    d = definitions.c
    said = select(sa.cast(d.body["when"]["grace"].astext, sa.Integer)).where(
        d.family == Definition.TODO_RULE, d.code == t.rule_code, d.version == t.rule_version
    )
    return func.coalesce(said.correlate(todos).scalar_subquery(), 0)


RULED = func.coalesce(t.ruled_on, t.due_on)
CLOSED = t.closed_on.is_not(None)


def _waiting() -> sa.ColumnElement[bool]:
    """Something about it waits for a decision already."""
    asked = select(r.todo_id).join(batches, b.id == r.batch_id).where(r.todo_id == t.id, b.state == BatchState.WAITING)
    return asked.correlate(todos).exists()


def _last_day(wish: Wish) -> sa.ColumnElement:
    """To which a todo may be moved without a second person: the last day that is not late by its rule."""
    return RULED + case((t.rule_code.is_(None), wish.hand_days), else_=_grace())


def _nothing_left() -> sa.ColumnElement[bool]:
    live = select(loans.c.id).where(loans.c.customer_id == t.customer_id, loans.c.live, loans.c.id == sa.any_(t.loan_ids))
    return sa.and_(func.cardinality(t.loan_ids) > 0, ~live.correlate(todos).exists())


def _cured() -> sa.ColumnElement[bool]:
    face = select(customer_faces.c.overdue_since).where(customer_faces.c.customer_id == t.customer_id)
    return sa.and_(t.kind == Kind.OVERDUE, face.correlate(todos).scalar_subquery().is_(None))


def _returned() -> sa.ColumnElement[bool]:
    o = opinions.c
    said = select(o.record_id).where(o.record_id == t.record_id, o.customer_id == t.customer_id, o.state == Opinion.RETURNED)
    return said.correlate(todos).exists()


def why_not(wish: Wish) -> sa.ColumnElement:
    """Of a todo, why this act cannot be done to it, as a word; null when it can."""
    closed, due = (CLOSED, "closed"), literal(wish.due_on, sa.Date)
    cases = {
        BatchAct.ASSIGN: [closed] + ([(t.assignee_id == wish.to[0], "same")] if len(wish.to) == 1 else []),
        BatchAct.DUE: [closed, (t.due_on == due, "same"), (_last_day(wish) < due, "beyond")],
        BatchAct.DEFER: [closed, (_waiting(), "waiting"), (t.due_on >= due, "not_later")],
        BatchAct.CANCEL: [closed],
        BatchAct.REMIND: [closed, (t.assignee_id.is_(None), "nobody")],
        BatchAct.EXEMPT: [
            closed, (t.rule_code.is_(None), "by_hand"), (t.late_from <= wish.today, "late"),
            (t.state == TodoState.STARTED, "started"), (_waiting(), "waiting"),
        ],
        BatchAct.REISSUE: [
            (~CLOSED, "pending"), (_nothing_left(), "settled"), (_cured(), "cured"),
            (sa.and_(t.state == TodoState.DONE, ~_returned()), "done"),
            (sa.and_(t.state == TodoState.CANCELLED, t.close_reason != CloseReason.BY_HAND), "ended"),
        ],
    }  # fmt: skip
    return case(*((condition, literal(word)) for condition, word in cases[wish.act]), else_=sa.null())


# --- Looking before ---------------------------------------------------------------------------------------------------


def look(conn: sa.Connection, f: Filter, wish: Wish) -> list[sa.Row]:
    """Of what is chosen, by whose it is and why it cannot be done (none: it can): assignee_id, name, why, n, late."""
    why = why_not(wish).label("why")
    late = func.count().filter(~CLOSED, t.late_from <= wish.today).label("late")
    found = select(t.assignee_id, why, func.count().label("n"), late).where(*conditions(f)).group_by(t.assignee_id, why).subquery()
    return conn.execute(
        select(found, holder.c.name).outerjoin(holder, holder.c.id == found.c.assignee_id).order_by(holder.c.name, found.c.why)
    ).all()


def version(conn: sa.Connection, f: Filter) -> str:
    """Stands for the chosen todos, whose they are, when they are due and how far they are."""
    line = func.concat_ws(":", t.id, t.assignee_id, t.due_on, t.state)
    every = func.string_agg(line, aggregate_order_by(literal(","), t.id))
    return conn.execute(select(func.coalesce(func.md5(every), "")).where(*conditions(f))).scalar_one()


def refused(conn: sa.Connection, f: Filter, wish: Wish, limit: int = 100) -> list[sa.Row]:
    """Those that cannot: customer, customer_no, kind, due_on, last_on (to which its rule allows it), why."""
    why = why_not(wish)
    return conn.execute(
        select(customers.c.customer_no, customers.c.name.label("customer"), t.kind, t.due_on, _last_day(wish).label("last_on"), why.label("why"))
        .join(customers, customers.c.id == t.customer_id)
        .where(*conditions(f), why.is_not(None))
        .order_by(t.due_on, t.id)
        .limit(limit)
    ).all()  # fmt: skip


def open_counts(conn: sa.Connection, staff_ids: list[int]) -> dict[int, int]:
    """Pending todos of each of these people."""
    rows = conn.execute(select(t.assignee_id, func.count()).where(t.assignee_id.in_(staff_ids), ~CLOSED).group_by(t.assignee_id))
    return dict(rows.all())


# --- Doing ------------------------------------------------------------------------------------------------------------

# What each act changes of a todo, and by what of it one tells that nobody has changed it since.
CHANGES = {
    BatchAct.ASSIGN: ("assignee_id", "pinned"),
    BatchAct.DUE: ("due_on", "late_from", "ruled_on"),
    BatchAct.DEFER: ("due_on", "late_from", "ruled_on"),
    BatchAct.CANCEL: ("state", "closed_on", "closed_by", "close_reason", "close_note"),
    BatchAct.REISSUE: (
        "state", "started_at", "closed_on", "closed_by", "close_reason", "close_note", "record_id", "due_on", "late_from",
        "ruled_on", "reissued_on",
    ),
}  # fmt: skip
STILL = {
    BatchAct.ASSIGN: ("assignee_id",),
    BatchAct.DUE: ("due_on",),
    BatchAct.DEFER: ("due_on",),
    BatchAct.CANCEL: ("state", "closed_on", "close_reason"),
    BatchAct.REISSUE: ("state", "due_on", "reissued_on"),
}
WAKES = (BatchAct.CANCEL, BatchAct.REISSUE)  # what the night must look at again
_OWN_ROW = "r.batch_id = :id and t.id = r.todo_id and t.customer_id = r.customer_id"


def begin(conn: sa.Connection, **values: object) -> int | None:
    """Its number; None when this very batch was begun before."""
    return conn.execute(insert(batches).values(**values).on_conflict_do_nothing(index_elements=["key"]).returning(b.id)).scalar()


def by_key(conn: sa.Connection, key: object) -> sa.Row | None:
    return conn.execute(_query().where(b.key == key)).one_or_none()


def take(conn: sa.Connection, batch_id: int, f: Filter, wish: Wish) -> int:
    """Into the batch with all that can, held to the end of the transaction in the order of their numbers, as handovers take
    them. How many."""
    if wish.act in WAKES:
        _wake(conn, select(t.customer_id).where(*conditions(f), why_not(wish).is_(None)))
    face = func.jsonb_build_object(*(part for name in _kept(wish.act) for part in (name, t[name])))
    held = (
        select(sa.literal(batch_id).label("batch_id"), t.customer_id, t.id, face.label("before"))
        .where(*conditions(f), why_not(wish).is_(None))
        .order_by(t.id)
        .with_for_update(of=todos, key_share=True)
        .cte("held")
    )
    return conn.execute(sa.insert(batch_rows).from_select(["batch_id", "customer_id", "todo_id", "before"], select(held))).rowcount


def _kept(act: BatchAct) -> tuple[str, ...]:
    """Of a todo given away one keeps since when it was in hand: once begun, it is not taken from whoever began."""
    return (*CHANGES.get(act, ("due_on",)), *(("started_at",) if act is BatchAct.ASSIGN else ()))


def _wake(conn: sa.Connection, customer_ids: sa.Select) -> None:
    faces = customer_faces
    conn.execute(sa.update(faces).where(faces.c.customer_id.in_(customer_ids)).values(touched_at=func.now()))


def _hold(conn: sa.Connection, batch_id: int) -> None:
    """The todos of a batch that was asked for earlier, held to the end of the transaction in the order of their numbers."""
    conn.execute(
        sa.text(f"select from batch_rows r join todos t on {_OWN_ROW} order by t.id for no key update of t"), {"id": batch_id}
    )


def settle(conn: sa.Connection, batch_id: int, wish: Wish) -> None:
    """Say of each row of a batch what becomes of it; of nothing that has been closed or moved since it was taken."""
    if wish.act is BatchAct.ASSIGN:
        _share_out(conn, batch_id, wish.to)
        return
    if wish.act is BatchAct.DEFER:
        _hold(conn, batch_id)
    values = func.jsonb_build_object(*(part for name, value in _after(wish).items() for part in (name, value)))
    same = [func.to_jsonb(t.due_on) == r.before["due_on"], ~CLOSED] if wish.act is BatchAct.DEFER else []
    mine = [r.batch_id == batch_id, t.id == r.todo_id, t.customer_id == r.customer_id, *same]
    conn.execute(sa.update(batch_rows).where(*mine).values(after=values))


def _after(wish: Wish) -> dict[str, object]:
    """What lies within the grace moves no day from which a todo is late; what a second person allows moves it."""
    due = sa.literal(wish.due_on, sa.Date)
    moved = {"due_on": due, "late_from": due + _grace() + 1, "ruled_on": RULED}
    within = case((t.rule_code.is_(None), due + 1), else_=func.least(due, RULED) + _grace() + 1)
    reopened = dict.fromkeys(CHANGES[BatchAct.REISSUE], sa.null()) | moved | {"state": TodoState.OPEN.value}
    cancelled = {
        "state": TodoState.CANCELLED.value, "closed_on": sa.literal(wish.today, sa.Date), "closed_by": sa.literal(wish.by, sa.Integer),
        "close_reason": CloseReason.BY_HAND.value, "close_note": wish.note,
    }  # fmt: skip
    return {
        BatchAct.DUE: moved | {"late_from": within, "ruled_on": func.nullif(RULED, due)},
        BatchAct.DEFER: moved,
        BatchAct.CANCEL: cancelled,
        BatchAct.REISSUE: reopened | {"reissued_on": sa.literal(wish.today, sa.Date)},
    }[wish.act]


def _share_out(conn: sa.Connection, batch_id: int, to: tuple[int, ...]) -> None:
    """About the same number to each; all of a customer to one person, and neighbours together."""
    conn.execute(
        sa.text("""
            with piles as (
                select r.customer_id, c.village, count(*) as n from batch_rows r join customers c on c.id = r.customer_id
                where r.batch_id = :id group by r.customer_id, c.village
            ), shares as (
                select customer_id, floor(:people * (sum(n) over (order by village, customer_id) - n) / sum(n) over ())::int as share from piles
            )
            update batch_rows r set after = jsonb_build_object('assignee_id', (cast(:to as int[]))[1 + s.share], 'pinned', true)
            from shares s where r.batch_id = :id and s.customer_id = r.customer_id"""),
        {"id": batch_id, "to": list(to), "people": len(to)},
    )


def put(conn: sa.Connection, batch_id: int, act: BatchAct) -> int:
    """Do it to the rows of a batch, as settled. How many."""
    return _write(conn, batch_id, act, "r.after", "r.after is not null")


def _write(conn: sa.Connection, batch_id: int, act: BatchAct, source: str, also: str) -> int:
    sets = ", ".join(f"{name} = x.{name}" for name in CHANGES[act])
    return conn.execute(
        sa.text(f"""
            update todos t set {sets} from batch_rows r, jsonb_populate_record(null::todos, {source}) x
            where {_OWN_ROW} and {also}"""),
        {"id": batch_id},
    ).rowcount


def gone_to(conn: sa.Connection, batch_id: int) -> dict[int | None, int]:
    """With whom the todos of a batch are now, and how many."""
    rows = conn.execute(
        select(t.assignee_id, func.count())
        .join(batch_rows, sa.and_(r.todo_id == t.id, r.customer_id == t.customer_id))
        .where(r.batch_id == batch_id)
        .group_by(t.assignee_id)
    )
    return dict(rows.all())


# --- Taking back ------------------------------------------------------------------------------------------------------


def give_back(conn: sa.Connection, batch_id: int, act: BatchAct) -> int:
    """Every row that is still as the batch has put it, as it was before. How many."""
    if act in WAKES:
        _wake(conn, select(r.customer_id).where(r.batch_id == batch_id))
    still = _still(act)
    rows = f"batch_rows r join todos t on {_OWN_ROW} cross join lateral jsonb_populate_record(null::todos, r.after) x"
    conn.execute(sa.text(f"select from {rows} where {still} order by t.id for no key update of t"), {"id": batch_id})
    conn.execute(
        sa.text(f"""
            update batch_rows r set returned = true from todos t, batch_rows s, jsonb_populate_record(null::todos, s.after) x
            where {_OWN_ROW} and s.batch_id = r.batch_id and s.todo_id = r.todo_id and s.customer_id = r.customer_id and {still}"""),
        {"id": batch_id},
    )
    return _write(conn, batch_id, act, "r.before", "r.returned")


def _still(act: BatchAct) -> str:
    same = " and ".join(f"t.{name} is not distinct from x.{name}" for name in STILL[act])
    begun = "to_jsonb(t.started_at) is not distinct from nullif(r.before->'started_at', cast('null' as jsonb))"
    return {
        BatchAct.ASSIGN: f"{same} and t.closed_on is null and {begun}",
        BatchAct.DUE: f"{same} and t.closed_on is null",
        BatchAct.DEFER: f"{same} and t.closed_on is null",
    }.get(act, same)


def pass_on(conn: sa.Connection, batch_id: int, from_state: BatchState, **values: object) -> bool:
    """True for the one who moved it on, False if it was in another state already."""
    return conn.execute(sa.update(batches).where(b.id == batch_id, b.state == from_state).values(**values)).rowcount == 1


def note(conn: sa.Connection, batch_id: int, **values: object) -> None:
    conn.execute(sa.update(batches).where(b.id == batch_id).values(**values))


# --- Exemptions -------------------------------------------------------------------------------------------------------


def ask_exemptions(conn: sa.Connection, batch_id: int, from_on: date, until_on: date, reason: str, by: int) -> int:
    """One a customer and kind, or a loan and kind, of the todos of a batch; they hold once approved."""
    return conn.execute(
        sa.text("""
            insert into exemptions (customer_id, loan_id, kinds, from_on, until_on, reason, asked_by, batch_id)
            select distinct t.customer_id, l.id, array[t.kind], cast(:from_on as date), cast(:until_on as date), :reason, cast(:by as int), r.batch_id
            from batch_rows r join todos t on t.id = r.todo_id and t.customer_id = r.customer_id
            left join lateral (select unnest(t.loan_ids) as id) l on t.kind = any(:of_loans)
            where r.batch_id = :id"""),
        {"id": batch_id, "from_on": from_on, "until_on": until_on, "reason": reason, "by": by, "of_loans": [k.value for k in LOAN_KINDS]},
    ).rowcount  # fmt: skip


def ask_exemption(
    conn: sa.Connection,
    batch_id: int,
    customer_id: int,
    loan_id: int,
    kinds: list[str],
    from_on: date,
    until_on: date,
    reason: str,
    by: int,
) -> None:
    """Of one loan; it holds once approved."""
    conn.execute(
        sa.insert(exemptions).values(
            customer_id=customer_id, loan_id=loan_id, kinds=kinds, from_on=from_on, until_on=until_on, reason=reason, asked_by=by,
            batch_id=batch_id,
        )
    )  # fmt: skip


def end_exemption(conn: sa.Connection, exemption_id: int, by: int, today: date, now: datetime) -> bool:
    """From today on it holds no more, though it began today; true for the one who ended it, who is not the one that had asked for it."""
    yesterday = today - timedelta(days=1)
    e = exemptions.c
    ended = sa.update(exemptions).where(
        e.id == exemption_id, e.approved_by.is_not(None), e.until_on > yesterday, e.from_on <= today, e.asked_by != by
    )
    return conn.execute(ended.values(until_on=yesterday, approved_by=by, approved_at=now)).rowcount == 1


def exemptions_of(conn: sa.Connection, customer_id: int, loan_id: int) -> list[sa.Row]:
    """What a loan is or was exempted from, itself or with its customer, latest first: id, loan_id, kinds, from_on, until_on,
    reason, asker, approver (none: not approved), asked_by, batch_id."""
    e = exemptions.c
    return conn.execute(
        select(
            e.id, e.loan_id, e.kinds, e.from_on, e.until_on, e.reason, maker.c.name.label("asker"), ender.c.name.label("approver"),
            e.asked_by, e.batch_id,
        )
        .join(maker, maker.c.id == e.asked_by)
        .outerjoin(ender, ender.c.id == e.approved_by)
        .where(e.customer_id == customer_id, sa.or_(e.loan_id.is_(None), e.loan_id == loan_id))
        .order_by(e.id.desc())
        .limit(20)
    ).all()  # fmt: skip


def states(conn: sa.Connection, batch_ids: list[int]) -> dict[int, BatchState]:
    """How far batches are, of those that one sees."""
    return {row.id: BatchState(row.state) for row in conn.execute(select(b.id, b.state).where(b.id.in_(batch_ids)))}


def approve_exemptions(conn: sa.Connection, batch_id: int, by: int, now: datetime) -> int:
    e = exemptions.c
    return conn.execute(
        sa.update(exemptions).where(e.batch_id == batch_id, e.approved_by.is_(None)).values(approved_by=by, approved_at=now)
    ).rowcount


# --- Asked by hand ----------------------------------------------------------------------------------------------------


class Whom(NamedTuple):
    """Customers by what their live loans are like (`loans`), or they themselves (`customers`), or by name (`customer_ids`, of these
    loans alone: `loan_ids`), and in any case only of these branches."""

    loans: LoanFilter | None = None
    customers: CustomerFilter | None = None
    customer_ids: tuple[int, ...] = ()
    loan_ids: tuple[int, ...] = ()
    branch_ids: tuple[int, ...] | None = None


class ByHand(NamedTuple):
    """A check that somebody asks for. `to_id`: one officer for all, else by `assign`; `form_code` None: the form made for it."""

    kind: Kind
    mode: Mode
    due_on: date
    assign: Assign
    to_id: int | None = None
    form_code: str | None = None


def numbered(conn: sa.Connection, numbers: list[str]) -> list[sa.Row]:
    """What these numbers of customers or loans stand for: number, customer_id, loan_id (none: the customer), live."""
    return conn.execute(
        sa.text("""
            select n.number, c.id as customer_id, null::bigint as loan_id, f.live_loans > 0 as live
            from unnest(cast(:numbers as text[])) n(number) join customers c on c.customer_no = n.number
            join customer_faces f on f.customer_id = c.id
            union all
            select distinct on (n.number) n.number, l.customer_id, l.id, l.live
            from unnest(cast(:numbers as text[])) n(number) join loans l on l.loan_no = n.number
            where not exists (select from customers c where c.customer_no = n.number)"""),
        {"numbers": numbers},
    ).all()


def _aim(whom: Whom) -> sa.Select:
    """Each customer once, with the live loans that are meant: customer_id, loan_ids."""
    x = loans.c
    if whom.loans:
        chosen = matching(whom.loans)
    else:
        who = matching_customers(whom.customers) if whom.customers else whom.customer_ids
        chosen = select(x.customer_id, x.id).where(x.live, x.customer_id.in_(who))
    if whom.loan_ids:
        named = select(x.customer_id).where(x.id.in_(whom.loan_ids))
        chosen = chosen.where(sa.or_(x.id.in_(whom.loan_ids), x.customer_id.not_in(named)))
    meant = chosen.subquery()
    ids = func.array_agg(aggregate_order_by(meant.c.id, meant.c.id)).label("loan_ids")
    return select(meant.c.customer_id, ids).group_by(meant.c.customer_id)


def _asked_of(whom: Whom, assign: Assign, to_id: int | None, today: date) -> sa.Select:
    """With branch, family and who is to go: the wished person if he is with the bank, his stand-in while he is away."""
    aim, people = _aim(whom).subquery("aim"), sa.text(PEOPLE).bindparams(today=today).columns(id=sa.Integer, does_it=sa.Integer)
    present, c, f = people.subquery("present"), customers.c, customer_faces.c
    wish = {
        Assign.MANAGER: c.manager_id, Assign.INSPECTOR: func.coalesce(c.inspector_id, c.manager_id), Assign.POOL: sa.null(),
    }[assign] if to_id is None else literal(to_id)  # fmt: skip
    query = (
        select(c.id.label("customer_id"), c.branch_id, f.main_family.label("family"), aim.c.loan_ids, present.c.does_it.label("assignee_id"))
        .join(aim, aim.c.customer_id == c.id)
        .join(customer_faces, f.customer_id == c.id)
        .outerjoin(present, present.c.id == wish)
    )  # fmt: skip
    return query if whom.branch_ids is None else query.where(c.branch_id.in_(whom.branch_ids))


def aimed_at(conn: sa.Connection, whom: Whom, assign: Assign, to_id: int | None, today: date) -> list[sa.Row]:
    """By branch and officer: branch, assignee_id, officer, n."""
    asked = _asked_of(whom, assign, to_id, today).subquery()
    return conn.execute(
        select(branches.c.name.label("branch"), asked.c.assignee_id, holder.c.name.label("officer"), func.count().label("n"))
        .join(branches, branches.c.id == asked.c.branch_id)
        .outerjoin(holder, holder.c.id == asked.c.assignee_id)
        .group_by(branches.c.code, branches.c.name, asked.c.assignee_id, holder.c.name)
        .order_by(branches.c.code, holder.c.name)
    ).all()


def ask(conn: sa.Connection, batch_id: int, whom: Whom, check: ByHand, today: date) -> int:
    """A todo for each customer, kept in the batch. How many."""
    asked = _asked_of(whom, check.assign, check.to_id, today).subquery()
    due = literal(check.due_on, sa.Date)
    values = {
        "customer_id": asked.c.customer_id, "kind": literal(check.kind.value), "period": literal(f"batch {batch_id}"), "mode": literal(check.mode.value),
        "family": asked.c.family, "loan_ids": asked.c.loan_ids, "branch_id": asked.c.branch_id, "assignee_id": asked.c.assignee_id,
        "pinned": sa.true(), "nominal_on": due, "due_on": due, "late_from": due + 1, "created_on": literal(today, sa.Date),
        "form_code": literal(check.form_code, sa.Text),
    }  # fmt: skip
    made = sa.insert(todos).from_select(list(values), select(*values.values())).returning(t.customer_id, t.id).cte("made")
    row = select(literal(batch_id), made.c.customer_id, made.c.id, literal({}, batch_rows.c.before.type))
    return conn.execute(sa.insert(batch_rows).from_select(["batch_id", "customer_id", "todo_id", "before"], row)).rowcount


def progress(conn: sa.Connection, batch_id: int, today: date) -> list[sa.Row]:
    """How far a campaign is in each branch: branch, asked, done, open, late, cancelled."""
    late = sa.and_(~CLOSED, t.late_from <= today)
    return conn.execute(
        select(
            branches.c.name.label("branch"), func.count().label("asked"), func.count().filter(t.state == TodoState.DONE).label("done"),
            func.count().filter(~CLOSED).label("open"), func.count().filter(late).label("late"),
            func.count().filter(t.state == TodoState.CANCELLED).label("cancelled"),
        )
        .select_from(batch_rows)
        .join(todos, sa.and_(t.id == r.todo_id, t.customer_id == r.customer_id))
        .join(branches, branches.c.id == t.branch_id)
        .where(r.batch_id == batch_id)
        .group_by(branches.c.code, branches.c.name)
        .order_by(branches.c.code)
    ).all()  # fmt: skip


def cancel_rest(conn: sa.Connection, batch_id: int, by: int, why: str, today: date) -> int:
    """What of a campaign is still pending ends. How many."""
    _hold(conn, batch_id)
    return conn.execute(
        sa.update(todos)
        .where(r.batch_id == batch_id, t.id == r.todo_id, t.customer_id == r.customer_id, ~CLOSED)
        .values(state=TodoState.CANCELLED, close_reason=CloseReason.BY_HAND, close_note=why, closed_on=today, closed_by=by)
    ).rowcount


# --- Reading ----------------------------------------------------------------------------------------------------------


def _query() -> sa.Select:
    return (
        select(batches, branches.c.name.label("branch"), maker.c.name.label("maker"), ender.c.name.label("ender"))
        .join(branches, branches.c.id == b.branch_id)
        .join(maker, maker.c.id == b.made_by)
        .outerjoin(ender, ender.c.id == b.ended_by)
    )


def get(conn: sa.Connection, batch_id: int) -> sa.Row | None:
    return conn.execute(_query().where(b.id == batch_id)).one_or_none()


def listing(conn: sa.Connection, *acts: BatchAct, limit: int = 200) -> list[sa.Row]:
    """Latest first; of these acts, or of all."""
    query = _query().where(b.act.in_(acts)) if acts else _query()
    return conn.execute(query.order_by(b.id.desc()).limit(limit)).all()


def elsewhere(conn: sa.Connection, batch_id: int, act: BatchAct, limit: int = 200) -> list[sa.Row]:
    """Of what a batch changed, that which is no longer as it was put: customer_no, customer, kind, due_on, state, holder."""
    rows = f"batch_rows r join todos t on {_OWN_ROW} cross join lateral jsonb_populate_record(null::todos, r.after) x"
    return conn.execute(
        sa.text(f"""
            select c.customer_no, c.name as customer, t.kind, t.due_on, t.state, s.name as holder
            from {rows} join customers c on c.id = t.customer_id left join staff s on s.id = t.assignee_id
            where r.after is not null and not r.returned and ({_still(act)}) is not true order by c.customer_no, t.id limit :limit"""),
        {"id": batch_id, "limit": limit},
    ).all()


def customers_of(conn: sa.Connection, batch_id: int) -> int:
    return conn.execute(select(func.count(r.customer_id.distinct())).where(r.batch_id == batch_id)).scalar_one()
