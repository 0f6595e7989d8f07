"""Reads that only the planting of the demo bank needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import select

from db import access, feeds, installation, server, settings, store
from db import staff as people
from db.access import Person
from db.tables import customer_faces, customers, definitions, staff, staff_roles, todos
from db.vocab import Role

t = todos.c


def store_is_there() -> bool:
    return settings.database_url() is not None or server.is_there(settings.home())


def remove() -> bool:
    """Away with the embedded store, if it holds the demo bank or nothing."""
    if settings.database_url():
        return False
    if not store_is_there():
        return True
    with access.reading(access.MACHINE) as conn:
        if installation.get(conn, "demo") is None and feeds.business_date(conn) is not None:
            return False
    store.remove()
    return True


@contextmanager
def hurrying() -> Iterator[None]:
    """Commits do not wait for the disk meanwhile: a planting that is cut off is done anew in any case."""
    engine = store.engine()
    sa.event.listen(engine, "connect", _hurry)
    engine.dispose()
    try:
        yield
    finally:
        sa.event.remove(engine, "connect", _hurry)
        engine.dispose()


def _hurry(raw, _record) -> None:
    with raw.cursor() as cursor:
        cursor.execute("set synchronous_commit = off")
    raw.commit()


def before_the_next_file(conn: sa.Connection) -> None:
    """What is done in this transaction comes before the file that is loaded beside it: customers change by that only after."""
    conn.exec_driver_sql("lock table customer_faces in share row exclusive mode")


def pending(conn: sa.Connection, until: date) -> list[sa.Row]:
    """Assigned todos due by a day, with what a visit must know."""
    return list(
        conn.execute(
            select(
                t.id, t.customer_id, t.kind, t.mode, t.due_on, t.created_on, t.assignee_id, t.branch_id, t.loan_ids,
                customers.c.customer_no, customer_faces.c.overdue_since,
            )
            .join(customers, customers.c.id == t.customer_id)
            .join(customer_faces, customer_faces.c.customer_id == t.customer_id)
            .where(t.closed_on.is_(None), t.assignee_id.is_not(None), t.due_on <= until)
            .order_by(t.customer_id, t.kind, t.subject, t.period)  # numbers may be given in another order the next time
        )
    )  # fmt: skip


def customers_of_the_union(conn: sa.Connection) -> list[sa.Row]:
    c = customers.c
    return conn.execute(
        select(c.id, c.customer_no, c.address, customer_faces.c.segment)
        .join(customer_faces, customer_faces.c.customer_id == c.id)
        .where(c.source == "union")
        .order_by(c.id)
    ).all()


def followed(conn: sa.Connection, staff_ids: list[int]) -> list[sa.Row]:
    """Customers with live loans and a mark, those of some people among them: id, name, branch, officers, mark."""
    return list(
        conn.execute(
            sa.text("""
                select c.id, c.customer_no, c.name, c.branch_id, c.manager_id, c.inspector_id, a.id as address_id, a.kind, a.place, a.lat, a.lon
                from customers c
                join customer_faces f on f.customer_id = c.id and f.live_loans > 0
                join addresses a on a.customer_id = c.id and a.replaced_at is null and a.kind in ('business', 'home')
                where c.manager_id is not null and a.lat is not null
                  and (c.manager_id = any(:some) or c.inspector_id = any(:some) or c.id % 331 = 7)
                order by c.id"""),
            {"some": staff_ids},
        )
    )  # fmt: skip


def visited(conn: sa.Connection, n: int, seed: int) -> list[sa.Row]:
    """So many customers with live loans and an inspector who is with the bank, drawn by a seed."""
    return list(
        conn.execute(
            sa.text("""
                select c.id, c.customer_no, c.branch_id, c.inspector_id
                from customers c
                join customer_faces f on f.customer_id = c.id and f.live_loans > 0
                join staff s on s.id = c.inspector_id and s.left_on is null
                order by hashint8extended(c.id, :seed), c.id limit :n"""),
            {"n": n, "seed": seed},
        )
    )


def borrowers(conn: sa.Connection) -> list[sa.Row]:
    """Customers with live loans and the officers who look after them; since when, and of which loan it is the first day."""
    return list(
        conn.exec_driver_sql("""
            select c.id, c.customer_no, c.branch_id, c.manager_id, c.inspector_id, l.disbursed_on as since, array[l.id] as loan_ids
            from (select distinct on (customer_id) customer_id, id, disbursed_on from loans where live
                  order by customer_id, disbursed_on, id) l
            join customers c on c.id = l.customer_id
            where c.manager_id is not null and c.inspector_id is not null
            order by l.disbursed_on, c.id""")
    )


def low_grades(conn: sa.Connection, before: datetime) -> list[sa.Row]:
    """Reviews that have waited since before a moment, with the head of the branch or of the one above."""
    return list(
        conn.execute(
            sa.text("""
                select v.id, v.staff_id, h.staff_id as head_id
                from reviews v
                cross join lateral (
                    select r.staff_id from staff_roles r join branch_tree t on t.ancestor_id = r.branch_id
                    where t.branch_id = v.branch_id and r.role = 'branch_head' and r.valid_to is null and r.staff_id <> v.staff_id
                    order by r.staff_id limit 1) h
                where v.state = 'waiting' and v.opened_at < :before order by v.id"""),
            {"before": before},
        )
    )


def somebody(conn: sa.Connection, role: Role) -> Person:
    """The first who holds a role."""
    r = staff_roles.c
    first = conn.execute(select(sa.func.min(r.staff_id)).where(r.role == role, r.valid_to.is_(None))).scalar_one()
    return people.person(conn, first)


def of_name(conn: sa.Connection, name: str, role: Role) -> int:
    """The member of staff of a name and role."""
    r, s = staff_roles.c, staff.c
    query = select(sa.func.min(s.id)).join(staff_roles, r.staff_id == s.id)
    return conn.execute(query.where(s.name == name, r.role == role, r.valid_to.is_(None))).scalar_one()


def asked_for_at(conn: sa.Connection, definition_id: int, moment: datetime) -> None:
    """A version of the past was asked for in the past: nothing is decided before."""
    conn.execute(definitions.update().where(definitions.c.id == definition_id).values(made_at=moment))


def owner_id(conn: sa.Connection, signal: sa.Row) -> int | None:
    """Who would act on a signal: its owner, or the head of its branch or of the one above."""
    if staff_id := signal.taken_by or signal.owner_id:
        return staff_id
    return conn.execute(
        sa.text("""
            select r.staff_id from staff_roles r join branch_tree t on t.ancestor_id = r.branch_id
            where t.branch_id = :branch and r.role = 'branch_head' and r.valid_to is null order by r.staff_id limit 1"""),
        {"branch": signal.branch_id},
    ).scalar()
