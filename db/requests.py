"""What one person asks and another decides: reads, and the two writes that happen once."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db.staff import held_today
from db.tables import branches, customers, requests, staff, staff_roles
from db.vocab import Approval, Request

r = requests.c
asker, decider, role = staff.alias("asker"), staff.alias("decider"), staff_roles.c


def _query(book: bool = True) -> sa.Select:
    """`book` False: for who sees no customer, and so only what is asked about none."""
    whose = (customers.c.name, customers.c.customer_no) if book else (sa.null(), sa.null())
    query = (
        select(
            requests, whose[0].label("customer"), whose[1].label("customer_no"), branches.c.name.label("branch"),
            asker.c.name.label("asker"), decider.c.name.label("decider"), role.role.label("asker_role"),
            role.branch_id.label("asker_branch_id"),
        )
        .join(branches, branches.c.id == r.branch_id)
        .join(asker, asker.c.id == r.asked_by)
        .outerjoin(decider, decider.c.id == r.decided_by)
        .outerjoin(staff_roles, sa.and_(role.staff_id == r.asked_by, held_today()))  # None: holds no role any more
    )  # fmt: skip
    return query.outerjoin(customers, customers.c.id == r.customer_id) if book else query


def get(conn: sa.Connection, request_id: int, *, book: bool = True) -> sa.Row | None:
    return conn.execute(_query(book).where(r.id == request_id)).one_or_none()


def waiting(
    conn: sa.Connection, *kinds: Request, branch_ids: tuple[int, ...] | None = None, limit: int = 100, book: bool = True
) -> list[sa.Row]:
    """What waits for a decision, oldest first; of these kinds, or of all."""
    where = [r.state == Approval.SUBMITTED]
    where += [r.kind.in_(kinds)] if kinds else []
    where += [r.branch_id.in_(branch_ids)] if branch_ids is not None else []
    return conn.execute(_query(book).where(*where).order_by(r.asked_at, r.id).limit(limit)).all()


def of_asker(conn: sa.Connection, staff_id: int, limit: int = 50, *, book: bool = True) -> list[sa.Row]:
    """What somebody asked for, latest first, and what became of it."""
    return conn.execute(_query(book).where(r.asked_by == staff_id).order_by(r.asked_at.desc(), r.id.desc()).limit(limit)).all()


def decided(conn: sa.Connection, limit: int = 50, *, book: bool = True) -> list[sa.Row]:
    """Approved and refused, latest first."""
    answered = r.state.in_((Approval.APPROVED, Approval.REFUSED))
    return conn.execute(_query(book).where(answered).order_by(r.decided_at.desc(), r.id.desc()).limit(limit)).all()


def of_customer(conn: sa.Connection, customer_id: int, *kinds: Request, limit: int = 20) -> list[sa.Row]:
    """Latest first, decided ones too."""
    return conn.execute(
        _query().where(r.customer_id == customer_id, r.kind.in_(kinds)).order_by(r.asked_at.desc(), r.id.desc()).limit(limit)
    ).all()


def about(conn: sa.Connection, kind: Request, subject_id: int) -> list[sa.Row]:
    """What was asked about one person or branch, latest first, and what became of it."""
    query = _query(book=False).where(r.customer_id == 0, r.kind == kind, r.subject_id == subject_id)
    return conn.execute(query.order_by(r.asked_at.desc(), r.id.desc()).limit(20)).all()


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
