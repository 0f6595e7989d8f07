"""Rounds: what an officer's day is made of, the plan that is kept of it, and a branch's visits shared out."""

from collections.abc import Sequence
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from db.tables import branches, records, rounds, sharings, staff
from db.vocab import Mode, Outcome, SharingState

r, g = rounds.c, sharings.c
ALIVE = (SharingState.RUNNING, SharingState.READY)
SILENT = timedelta(minutes=3)  # after which nobody is at work on a sharing any more: its process died


def candidates(conn: sa.Connection, staff_ids: list[int], pools: Sequence[int] = ()) -> list[sa.Row]:
    """Customers these officers, or the pools of these branches, owe a visit: the open field todos together, where to go,
    the worst live signal.

    staff_id, customer_id, todo_ids, kinds, started, due_on, late_from, village, lat, lon, level.
    """
    return conn.execute(
        sa.text("""
            with work as (
                select assignee_id as staff_id, customer_id, array_agg(id order by due_on, id) as todo_ids, array_agg(kind) as kinds,
                       bool_or(state = 'started') as started, min(due_on) as due_on, min(late_from) as late_from
                from todos
                where (assignee_id = any(:staff_ids) or assignee_id is null and branch_id = any(:pools))
                  and closed_on is null and mode = 'field'
                group by assignee_id, customer_id)
            select w.*, c.village, a.lat, a.lon, s.level
            from work w
            join customers c on c.id = w.customer_id
            left join lateral (
                select lat, lon from addresses
                where customer_id = w.customer_id and replaced_at is null and lat is not null
                order by array_position(array['business', 'home'], kind) nulls last, id limit 1) a on true
            left join lateral (
                select max(level)::text as level from signals where customer_id = w.customer_id and closed_on is null) s on true
            order by w.staff_id, w.due_on, w.customer_id"""),
        {"staff_ids": staff_ids, "pools": list(pools)},
    ).all()


def made(conn: sa.Connection, staff_ids: list[int], day: date) -> list[sa.Row]:
    """Visits of a day in the order in which they were finished: staff_id, customer_id, finished_at."""
    c = records.c
    return conn.execute(
        select(c.staff_id, c.customer_id, func.min(c.finished_at).label("finished_at"))
        .where(c.staff_id.in_(staff_ids), c.done_on == day, c.mode == Mode.FIELD, c.outcome == Outcome.COMPLETED)
        .group_by(c.staff_id, c.customer_id)
        .order_by(sa.text("finished_at"), c.customer_id)
    ).all()


def of(conn: sa.Connection, staff_id: int, day: date) -> sa.Row | None:
    return conn.execute(select(rounds).where(r.staff_id == staff_id, r.day == day)).one_or_none()


def on(conn: sa.Connection, day: date, branch_ids: list[int] | None = None) -> list[sa.Row]:
    """Everybody's of a day, with name and branch."""
    query = (
        select(rounds, staff.c.name.label("staff"), branches.c.name.label("branch"))
        .join(staff, staff.c.id == r.staff_id)
        .join(branches, branches.c.id == r.branch_id)
        .where(r.day == day)
        .order_by(branches.c.code, staff.c.name, r.staff_id)
    )
    return conn.execute(query if branch_ids is None else query.where(r.branch_id.in_(branch_ids))).all()


def base(conn: sa.Connection, staff_id: int) -> sa.Row | None:
    """Where somebody works, or the nearest branch above whose place is known: branch_id, lat, lon (None: of none)."""
    return conn.execute(
        sa.text("""
            with recursive up as (
                select b.id, b.parent_id, b.lat, b.lon, 0 as steps from branches b join staff s on s.branch_id = b.id where s.id = :staff
                union all select b.id, b.parent_id, b.lat, b.lon, steps + 1 from branches b join up on b.id = up.parent_id)
            select (select id from up where steps = 0) as branch_id, lat, lon from up order by lat is null, steps limit 1"""),
        {"staff": staff_id},
    ).one_or_none()


# --- Writes -----------------------------------------------------------------------------------------------------------


def put(conn: sa.Connection, rows: list[dict]) -> None:
    """These rounds, in the place of those kept so far."""
    row = insert(rounds)
    keys = ("staff_id", "day")
    written = {name: row.excluded[name] for name in rows[0] if name not in keys} if rows else {}
    again = {"version": r.version + 1, "made_at": func.now()}
    if rows:
        conn.execute(row.on_conflict_do_update(index_elements=keys, set_=written | again), rows)


def change(conn: sa.Connection, staff_id: int, day: date, version: int, values: dict) -> bool:
    """False when it was changed since somebody saw this version."""
    mine = sa.update(rounds).where(r.staff_id == staff_id, r.day == day, r.version == version)
    return conn.execute(mine.values(**values, version=r.version + 1, made_at=func.now())).rowcount == 1


def place_branch(conn: sa.Connection, branch_id: int, lat: float, lon: float) -> bool:
    return conn.execute(sa.update(branches).where(branches.c.id == branch_id).values(lat=lat, lon=lon)).rowcount == 1


# --- Sharing out a branch's visits ------------------------------------------------------------------------------------


def begin_sharing(conn: sa.Connection, row: dict) -> int | None:
    """Its id; None while another one of the branch waits. One whose process died is put aside first."""
    dead = sa.and_(g.state == SharingState.RUNNING, g.touched_at < func.now() - SILENT)
    aside = sa.update(sharings).where(g.branch_id == row["branch_id"], dead)
    conn.execute(aside.values(state=SharingState.FAILED, error="killed", touched_at=func.now()))
    added = insert(sharings).values(**row, state=SharingState.RUNNING)
    return conn.execute(added.on_conflict_do_nothing().returning(g.id)).scalar_one_or_none()


def tell_sharing(conn: sa.Connection, sharing_id: int, **values: object) -> bool:
    """While it is worked out: how far it is, and in the end the shares. False when it was dropped meanwhile."""
    mine = sa.update(sharings).where(g.id == sharing_id, g.state == SharingState.RUNNING)
    return conn.execute(mine.values(**values, touched_at=func.now())).rowcount == 1


def end_sharing(conn: sa.Connection, sharing_id: int, state: SharingState, *, after: tuple[SharingState, ...] = ALIVE) -> bool:
    """True for the one who ended it."""
    mine = sa.update(sharings).where(g.id == sharing_id, g.state.in_(after))
    return conn.execute(mine.values(state=state, touched_at=func.now())).rowcount == 1


def sharing(conn: sa.Connection, sharing_id: int) -> sa.Row | None:
    return conn.execute(_sharings().where(g.id == sharing_id)).one_or_none()


def last_sharing(conn: sa.Connection, branch_id: int) -> sa.Row | None:
    return conn.execute(_sharings().where(g.branch_id == branch_id).order_by(g.id.desc()).limit(1)).one_or_none()


def _sharings() -> sa.Select:
    silent = sa.and_(g.state == SharingState.RUNNING, g.touched_at < func.now() - SILENT)
    return select(sharings, silent.label("silent"))
