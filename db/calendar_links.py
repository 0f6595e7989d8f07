"""The secret links under which calendars fetch due days: one a person, known by its hash alone."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db.tables import accounts, calendar_links

k = calendar_links.c


def put(conn: sa.Connection, staff_id: int, token_hash: bytes, now: datetime) -> None:
    """The person's link from now on; an earlier one is worth nothing any more."""
    row = {"token_hash": token_hash, "made_at": now, "used_at": None}
    query = insert(calendar_links).values(staff_id=staff_id, **row)
    conn.execute(query.on_conflict_do_update(index_elements=[k.staff_id], set_=row))


def of_person(conn: sa.Connection, staff_id: int) -> sa.Row | None:
    """made_at, used_at."""
    return conn.execute(select(k.made_at, k.used_at).where(k.staff_id == staff_id)).one_or_none()


def end(conn: sa.Connection, staff_id: int) -> bool:
    return conn.execute(sa.delete(calendar_links).where(k.staff_id == staff_id)).rowcount == 1


def by_token(conn: sa.Connection, token_hash: bytes) -> int | None:
    """Whose link it is; nobody's when his account is disabled."""
    return conn.execute(
        select(k.staff_id)
        .join(accounts, accounts.c.staff_id == k.staff_id)
        .where(k.token_hash == token_hash, accounts.c.disabled_at.is_(None))
    ).scalar_one_or_none()


def used(conn: sa.Connection, staff_id: int, now: datetime) -> None:
    conn.execute(sa.update(calendar_links).where(k.staff_id == staff_id).values(used_at=now))


def end_of_leavers(conn: sa.Connection) -> int:
    """Links of people who hold no role any more, or whose account is disabled."""
    return conn.execute(
        sa.text("""
            delete from calendar_links k where exists (select from accounts a where a.staff_id = k.staff_id and a.disabled_at is not null)
              or not exists (select from staff_roles r where r.staff_id = k.staff_id and r.role in ('manager', 'inspector')
                             and r.valid_from <= vigil_today() and (r.valid_to is null or r.valid_to > vigil_today()))""")
    ).rowcount
