"""Accounts, and every try to use one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from db.access import Person
from db.tables import accounts, sign_ins
from db.vocab import SignInOutcome

Account = sa.Row  # for signatures above this floor

a, t = accounts.c, sign_ins.c

# Machines' clocks differ a little, and a try may have waited for its turn.
CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True)
class WrongTries:
    """How often a password was wrong: for this account from this source, from this source, for this account."""

    pair: int
    source: int
    account: int


def by_username(conn: sa.Connection, username: str) -> Account | None:
    return conn.execute(select(accounts).where(a.username == username)).one_or_none()


def of_staff(conn: sa.Connection, staff_id: int) -> Account | None:
    """What everybody who administers accounts may know of one."""
    return conn.execute(
        select(a.staff_id, a.username, a.password_set_at, a.must_change, a.disabled_at).where(a.staff_id == staff_id)
    ).one_or_none()


def add(conn: sa.Connection, staff_id: int, username: str, password_hash: str, must_change: bool, now: datetime) -> bool:
    """False when the person has an account already, or the name is taken."""
    row = insert(accounts).values(
        staff_id=staff_id, username=username, password_hash=password_hash, password_set_at=now, must_change=must_change
    )
    return conn.execute(row.on_conflict_do_nothing()).rowcount == 1


def set_password(conn: sa.Connection, staff_id: int, password_hash: str, must_change: bool, now: datetime) -> bool:
    values = {"password_hash": password_hash, "password_set_at": now, "must_change": must_change}
    return conn.execute(sa.update(accounts).where(a.staff_id == staff_id).values(values)).rowcount == 1


def say_who(conn: sa.Connection, by: Person, verb: str) -> None:
    """At the gate nobody acts yet; for the trail, somebody whose password was right just now does."""
    said = {"staff": by.id, "role": by.role.value, "session": by.session_id or "", "verb": verb}
    conn.execute(select(*(func.set_config(f"vigil.{name}", str(value), True) for name, value in said.items())))


def disable(conn: sa.Connection, staff_id: int, by: int | None, now: datetime) -> bool:
    """True for the one who disabled it."""
    query = sa.update(accounts).where(a.staff_id == staff_id, a.disabled_at.is_(None))
    return conn.execute(query.values(disabled_at=now, disabled_by=by)).rowcount == 1


def enable(conn: sa.Connection, staff_id: int) -> bool:
    query = sa.update(accounts).where(a.staff_id == staff_id, a.disabled_at.is_not(None))
    return conn.execute(query.values(disabled_at=None, disabled_by=None)).rowcount == 1


def take_turn(conn: sa.Connection, username: str, source: str) -> None:
    """Tries from one source, and for one account, are judged one after the other: none is counted too late.

    Always the source first, so that two tries never wait for each other.
    """
    for what in (f"source {source}", f"account {username}"):
        conn.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(what, 0))))


def wrong_tries(
    conn: sa.Connection, username: str, source: str, now: datetime, *, pair: timedelta, either: timedelta
) -> WrongTries:
    """Within the last `pair` (for both together, since they last succeeded) and the last `either` (for each)."""
    of_pair = sa.and_(t.username == username, t.source == source)
    lately, until = t.at > now - either, now + CLOCKS_DIFFER
    succeeded = (
        select(func.coalesce(func.max(t.at), sa.cast("-infinity", t.at.type)))
        .where(of_pair, t.outcome == SignInOutcome.SUCCEEDED, t.at <= until)
        .scalar_subquery()
    )
    row = conn.execute(
        select(
            func.count().filter(of_pair, t.at > now - pair, t.at > succeeded),
            func.count().filter(t.source == source, lately),
            func.count().filter(t.username == username, lately),
        ).where(
            sa.or_(t.username == username, t.source == source),
            t.outcome == SignInOutcome.FAILED,
            t.at > now - max(pair, either),
            t.at <= until,
        )
    ).one()
    return WrongTries(*row)


def record_try(
    conn: sa.Connection, username: str, source: str, outcome: SignInOutcome, staff_id: int | None, now: datetime
) -> None:
    row = {"at": now, "username": username, "source": source, "outcome": outcome, "staff_id": staff_id}
    conn.execute(sa.insert(sign_ins).values(row))


def tries_of(conn: sa.Connection, staff_id: int) -> list[sa.Row]:
    """at, source, outcome of the latest tries for somebody's account."""
    return conn.execute(
        select(t.at, t.source, t.outcome).where(t.staff_id == staff_id).order_by(t.at.desc(), t.id.desc()).limit(20)
    ).all()


def listing(conn: sa.Connection) -> list[sa.Row]:
    """staff_id, username, disabled_at of every account, by user name."""
    return conn.execute(select(a.staff_id, a.username, a.must_change, a.disabled_at).order_by(a.username)).all()
