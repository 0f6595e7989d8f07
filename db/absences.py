"""Absences: who is away from when until when, and who stands in."""

from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db.tables import absences, branches, staff

a = absences.c
away, standin = staff.alias("away"), staff.alias("standin")


def _query() -> sa.Select:
    return (
        select(
            a.id, a.staff_id, a.delegate_id, a.from_on, a.until_on, a.reason, away.c.name.label("away"), away.c.branch_id,
            branches.c.name.label("branch"), standin.c.name.label("standin"),
        )
        .join(away, away.c.id == a.staff_id)
        .join(standin, standin.c.id == a.delegate_id)
        .outerjoin(branches, branches.c.id == away.c.branch_id)
    )  # fmt: skip


def get(conn: sa.Connection, absence_id: int) -> sa.Row | None:
    return conn.execute(_query().where(a.id == absence_id)).one_or_none()


def listing(conn: sa.Connection, since: date, branch_ids: tuple[int, ...] | None = None) -> list[sa.Row]:
    """Those that had not ended by then, soonest first."""
    query = _query().where(a.until_on >= since).order_by(a.from_on, away.c.name)
    return conn.execute(query if branch_ids is None else query.where(away.c.branch_id.in_(branch_ids))).all()


def turning(conn: sa.Connection, day: date) -> list[sa.Row]:
    """Those that begin on this day or ended the day before: staff_id, delegate_id, begins."""
    begins, ended = a.from_on == day, a.until_on == day - timedelta(days=1)
    return conn.execute(select(a.staff_id, a.delegate_id, begins.label("begins")).where(begins | ended).order_by(a.id)).all()


def is_away(conn: sa.Connection, staff_id: int, from_on: date, until_on: date) -> bool:
    """On any of these days."""
    found = select(a.id).where(a.staff_id == staff_id, a.from_on <= until_on, a.until_on >= from_on)
    return conn.execute(select(found.exists())).scalar_one()


def stands_in(conn: sa.Connection, staff_id: int, from_on: date, until_on: date) -> bool:
    """For somebody, on any of these days."""
    found = select(a.id).where(a.delegate_id == staff_id, a.from_on <= until_on, a.until_on >= from_on)
    return conn.execute(select(found.exists())).scalar_one()


def arrange(conn: sa.Connection, row: dict) -> int | None:
    """Its number; None when this person is away on some of these days already."""
    return conn.execute(insert(absences).values(row).on_conflict_do_nothing().returning(a.id)).scalar()


def cut(conn: sa.Connection, absence_id: int, today: date, by: int | None) -> bool:
    """Back today: it ends yesterday, or never was if it had not begun before. True for the one who ended it."""
    begun = sa.and_(a.id == absence_id, a.from_on < today, a.until_on >= today)
    ended = sa.update(absences).where(begun).values(until_on=today - timedelta(days=1), made_by=by)
    if conn.execute(ended).rowcount:
        return True
    return conn.execute(sa.delete(absences).where(a.id == absence_id, a.from_on >= today)).rowcount == 1


# What the rule gave to somebody as the customer's manager or inspector, not what somebody gave him by hand.
_BY_RULE = """c.id = t.customer_id and t.id in (
    select id from todos where assignee_id = :holder and closed_on is null and not pinned order by id for no key update)"""


def lend(conn: sa.Connection, staff_id: int, delegate_id: int) -> int:
    """The open todos of somebody who is away to the stand-in, as the night would. How many."""
    return conn.execute(
        sa.text(f"""
            update todos t set assignee_id = :to from customers c where {_BY_RULE}"""),
        {"holder": staff_id, "to": delegate_id},
    ).rowcount


def bring_home(conn: sa.Connection, staff_id: int, delegate_id: int) -> int:
    """What a stand-in holds of the customers of somebody who is back, unless they are his own too. How many."""
    return conn.execute(
        sa.text(f"""
            update todos t set assignee_id = :to from customers c
            where {_BY_RULE} and :to in (c.manager_id, c.inspector_id)
              and :holder is distinct from c.manager_id and :holder is distinct from c.inspector_id"""),
        {"holder": delegate_id, "to": staff_id},
    ).rowcount
