"""Samples of checks for a second look (抽查): drawn at random by a kept seed, looked at again by somebody else."""

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from db.listing import Page, page
from db.records import Filter, conditions
from db.tables import branches, customers, draws, opinions, qualities, records, reviews, second_looks, staff
from db.vocab import Outcome, SecondLook

d, s, r = draws.c, second_looks.c, records.c
maker, looker = staff.alias("maker"), staff.alias("looker")
SORTS = {"turn": s.turn, "done": r.done_on, "staff": staff.c.name, "branch": branches.c.code, "state": s.state}


def population(conn: sa.Connection, f: Filter) -> int:
    """How many completed checks there are to draw from."""
    return conn.execute(_candidates(f).with_only_columns(func.count())).scalar_one()


def begin(conn: sa.Connection, row: dict) -> int | None:
    """The draw's id; None when there is one with this seed already."""
    begun = insert(draws).values(row).on_conflict_do_nothing(index_elements=[d.seed]).returning(d.id)
    return conn.execute(begun).scalar_one_or_none()


def fill(conn: sa.Connection, draw_id: int, f: Filter, seed: str, n: int, flagged_first: bool) -> int:
    """Draw: in the order of a digest of the seed and the check's number, which anybody can reckon again."""
    lot = func.md5(sa.literal(f"{seed}:") + sa.cast(r.id, sa.Text))
    order = [func.coalesce(func.cardinality(qualities.c.flags), 0) == 0, lot] if flagged_first else [lot]
    turn = func.row_number().over(order_by=order)
    chosen = _candidates(f).with_only_columns(
        sa.literal(draw_id).label("draw_id"), r.id, r.customer_id, r.branch_id, r.staff_id, turn
    )
    names = [s.draw_id, s.record_id, s.customer_id, s.branch_id, s.staff_id, s.turn]
    return conn.execute(sa.insert(second_looks).from_select(names, chosen.order_by(*order).limit(n))).rowcount


def _candidates(f: Filter) -> sa.Select:
    return (
        select(r.id)
        .outerjoin(customers, customers.c.id == r.customer_id)
        .outerjoin(qualities, sa.and_(qualities.c.record_id == r.id, qualities.c.customer_id == r.customer_id))
        .where(r.outcome == Outcome.COMPLETED, *conditions(f))
    )


def settle(conn: sa.Connection, look: sa.Row, **said: object) -> bool:
    """False when somebody else was quicker, made the check, or was the first to judge it."""
    changed = sa.update(second_looks).where(
        s.draw_id == look.draw_id, s.record_id == look.record_id, s.customer_id == look.customer_id, s.state == SecondLook.WAITING
    )
    return conn.execute(changed.values(said)).rowcount == 1


def get(conn: sa.Connection, draw_id: int) -> sa.Row | None:
    return conn.execute(_drawn().where(d.id == draw_id)).one_or_none()


def listing(conn: sa.Connection, limit: int = 100) -> list[sa.Row]:
    """With how far each is, the latest first."""
    return conn.execute(_drawn().order_by(d.id.desc()).limit(limit)).all()


def _drawn() -> sa.Select:
    return (
        select(
            d.id, d.wish, d.seed, d.population, d.n, d.made_at, d.made_by, maker.c.name.label("maker"), branches.c.name.label("branch"), *_counts(),
        )
        .join(maker, maker.c.id == d.made_by)
        .outerjoin(branches, branches.c.id == d.branch_id)
        .outerjoin(second_looks, s.draw_id == d.id)
        .group_by(d.id, maker.c.name, branches.c.name)
    )  # fmt: skip


def _counts() -> list[sa.Label]:
    return [
        *(func.count().filter(s.state == state).label(state.value) for state in SecondLook),
        func.count(s.call).label("called"),
    ]


def looks(conn: sa.Connection, draw_id: int, limit: int = 50, offset: int = 0) -> Page:
    """The checks of a draw, as they were drawn, with what came of each."""
    query = (
        select(
            s.record_id, s.customer_id, s.turn, s.state, s.words, s.call, s.done_at, s.staff_id, r.finished_at, r.kind, r.mode, r.conclusion,
            qualities.c.flags, customers.c.name.label("customer"), staff.c.name.label("staff"), branches.c.name.label("branch"),
            looker.c.name.label("looker"),
        )
        .join(records, sa.and_(r.id == s.record_id, r.customer_id == s.customer_id))
        .join(staff, staff.c.id == s.staff_id)
        .join(branches, branches.c.id == s.branch_id)
        .outerjoin(looker, looker.c.id == s.done_by)
        .outerjoin(customers, customers.c.id == s.customer_id)
        .outerjoin(qualities, sa.and_(qualities.c.record_id == s.record_id, qualities.c.customer_id == s.customer_id))
        .where(s.draw_id == draw_id)
    )  # fmt: skip
    return page(conn, query, SORTS, "turn", limit, offset)


def results(conn: sa.Connection, draw_id: int) -> list[sa.Row]:
    """By branch and officer, most doubts first."""
    return conn.execute(
        select(branches.c.name.label("branch"), staff.c.name.label("staff"), func.count().label("n"), *_counts())
        .select_from(second_looks)
        .join(staff, staff.c.id == s.staff_id)
        .join(branches, branches.c.id == s.branch_id)
        .where(s.draw_id == draw_id)
        .group_by(branches.c.name, branches.c.code, staff.c.name, staff.c.id)
        .order_by(func.count().filter(s.state == SecondLook.DOUBTED).desc(), branches.c.code, staff.c.id)
    ).all()


def of_record(conn: sa.Connection, record_id: int) -> list[sa.Row]:
    """The latest draw first."""
    return conn.execute(select(second_looks).where(s.record_id == record_id).order_by(s.draw_id.desc())).all()


def next_waiting(conn: sa.Connection, draw_id: int, by: int) -> int | None:
    """The check that this person may look at next."""
    free = (s.draw_id == draw_id, s.state == SecondLook.WAITING, s.staff_id != by, ~_judged_by(by))
    return conn.execute(select(s.record_id).where(*free).order_by(s.turn).limit(1)).scalar_one_or_none()


def judged_by(conn: sa.Connection, look: sa.Row, by: int) -> bool:
    """Whether this person was one of those who judged the check at first."""
    mine = select(_judged_by(by)).where(s.draw_id == look.draw_id, s.record_id == look.record_id, s.customer_id == look.customer_id)
    return conn.execute(mine).scalar_one()


def _judged_by(by: int) -> sa.ColumnElement[bool]:
    said, seen = opinions.c, reviews.c
    opinion = select(said.record_id).where(said.record_id == s.record_id, said.customer_id == s.customer_id, said.made_by == by)
    review = select(seen.id).where(
        seen.record_id == s.record_id, seen.customer_id == s.customer_id, sa.or_(seen.decided_by == by, seen.settled_by == by)
    )
    return sa.or_(opinion.exists(), review.exists())
