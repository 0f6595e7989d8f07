"""单笔检查频率调整: what one loan's checks of one kind are done by, in place of the cycle or the mode of the rule.

What it makes of the rule that governs, the night reckons (engine/own_cycles.py, db/generation.py).
"""

from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from db.tables import own_cycles, staff

o = own_cycles.c
asker, approver, ender = staff.alias("asker"), staff.alias("approver"), staff.alias("ender")


def holding(day: date) -> sa.ColumnElement[bool]:
    """Whether one holds on a day."""
    return sa.and_(
        o.from_on <= day, sa.or_(o.until_on.is_(None), o.until_on >= day), sa.or_(o.ended_on.is_(None), o.ended_on > day)
    )


def asked_on(conn: sa.Connection, day: date) -> list[sa.Row]:
    """What differs among those that hold on a day: kind, every_n, every_unit, mode; few, however many loans have one."""
    wish = (o.kind, o.every_n, o.every_unit, o.mode)
    return conn.execute(select(*wish).where(holding(day)).distinct().order_by(*wish)).all()


def of_customer_on(conn: sa.Connection, customer_id: int, day: date) -> list[sa.Row]:
    """Of a customer's loans, those that hold on a day: loan_id, kind, every_n, every_unit, mode, until_on, reason."""
    return conn.execute(
        select(o.loan_id, o.kind, o.every_n, o.every_unit, o.mode, o.until_on, o.reason).where(
            o.customer_id == customer_id, holding(day)
        )
    ).all()


def of_loan(conn: sa.Connection, customer_id: int, loan_id: int, limit: int = 20) -> list[sa.Row]:
    """Latest first, ended ones too, with the names of who asked, approved and ended: asker, approver, ender."""
    return conn.execute(
        select(own_cycles, asker.c.name.label("asker"), approver.c.name.label("approver"), ender.c.name.label("ender"))
        .join(asker, asker.c.id == o.asked_by)
        .join(approver, approver.c.id == o.approved_by)
        .outerjoin(ender, ender.c.id == o.ended_by)
        .where(o.customer_id == customer_id, o.loan_id == loan_id)
        .order_by(o.id.desc())
        .limit(limit)
    ).all()


def get(conn: sa.Connection, customer_id: int, cycle_id: int) -> sa.Row | None:
    return conn.execute(select(own_cycles).where(o.id == cycle_id, o.customer_id == customer_id)).one_or_none()


def begin(conn: sa.Connection, **values: object) -> bool:
    """It takes the place of one that is there. False when another one begins the same moment."""
    today = values["from_on"]
    conn.execute(
        sa.update(own_cycles)
        .where(
            o.loan_id == values["loan_id"], o.customer_id == values["customer_id"], o.kind == values["kind"], o.ended_on.is_(None)
        )
        .values(ended_on=func.least(today, o.until_on + timedelta(days=1)), ended_by=values["approved_by"])
    )
    return conn.execute(insert(own_cycles).values(**values).on_conflict_do_nothing().returning(o.id)).scalar() is not None


def end(conn: sa.Connection, customer_id: int, cycle_id: int, today: date, by: int) -> bool:
    """From today on the rule is back. True for the one who ended it."""
    return (
        conn.execute(
            sa.update(own_cycles)
            .where(
                o.id == cycle_id,
                o.customer_id == customer_id,
                o.ended_on.is_(None),
                sa.or_(o.until_on.is_(None), o.until_on >= today),
            )
            .values(ended_on=today, ended_by=by)
        ).rowcount
        == 1
    )
