"""What one person asks and another decides: reads, and the two writes that happen once."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from db.tables import branches, customers, requests, staff
from db.vocab import Approval, Request

r = requests.c
asker, decider = staff.alias("asker"), staff.alias("decider")


def _query() -> sa.Select:
    return (
        select(
            requests, customers.c.name.label("customer"), customers.c.customer_no, branches.c.name.label("branch"),
            asker.c.name.label("asker"), decider.c.name.label("decider"),
        )
        .outerjoin(customers, customers.c.id == r.customer_id)
        .join(branches, branches.c.id == r.branch_id)
        .join(asker, asker.c.id == r.asked_by)
        .outerjoin(decider, decider.c.id == r.decided_by)
    )  # fmt: skip


def get(conn: sa.Connection, request_id: int) -> sa.Row | None:
    return conn.execute(_query().where(r.id == request_id)).one_or_none()


def waiting(conn: sa.Connection, *kinds: Request, branch_ids: tuple[int, ...] | None = None, limit: int = 100) -> list[sa.Row]:
    """What waits for a decision, oldest first; of these kinds, or of all."""
    where = [r.state == Approval.SUBMITTED]
    where += [r.kind.in_(kinds)] if kinds else []
    where += [r.branch_id.in_(branch_ids)] if branch_ids is not None else []
    return conn.execute(_query().where(*where).order_by(r.asked_at, r.id).limit(limit)).all()


def waiting_for(conn: sa.Connection, staff_id: int, *kinds: Request) -> int:
    """How many wait that somebody may decide: all that are seen but his own."""
    where = [r.state == Approval.SUBMITTED, r.asked_by != staff_id, r.kind.in_(kinds)]
    return conn.execute(select(func.count()).select_from(requests).where(*where)).scalar_one()


def of_customer(conn: sa.Connection, customer_id: int, *kinds: Request, limit: int = 20) -> list[sa.Row]:
    """Latest first, decided ones too."""
    return conn.execute(
        _query().where(r.customer_id == customer_id, r.kind.in_(kinds)).order_by(r.asked_at.desc(), r.id.desc()).limit(limit)
    ).all()


def ask(conn: sa.Connection, **values: object) -> int | None:
    """Its id; None when the same thing is asked already."""
    return conn.execute(insert(requests).values(**values).on_conflict_do_nothing().returning(r.id)).scalar()


def decide(conn: sa.Connection, request_id: int, state: Approval, by: int, note: str | None, now: datetime) -> bool:
    """True for the one whose decision it is."""
    return (
        conn.execute(
            sa.update(requests)
            .where(r.id == request_id, r.state == Approval.SUBMITTED)
            .values(state=state, decided_by=by, decided_at=now, note=note)
        ).rowcount
        == 1
    )


def withdraw(conn: sa.Connection, request_id: int, by: int, now: datetime) -> bool:
    return (
        conn.execute(
            sa.update(requests)
            .where(r.id == request_id, r.asked_by == by, r.state == Approval.SUBMITTED)
            .values(state=Approval.WITHDRAWN, decided_at=now)
        ).rowcount
        == 1
    )
