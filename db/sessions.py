"""Sessions of people who signed in, and the tickets by which their cookies are set. Tokens are kept as hashes."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import func, select

from db.tables import accounts, sessions, tickets

s, k = sessions.c, tickets.c
LONGER_THAN_ANY = timedelta(days=1)  # session lasts


def begin(conn: sa.Connection, token_hash: bytes, staff_id: int, source: str, agent: str, now: datetime) -> int:
    row = {"token_hash": token_hash, "staff_id": staff_id, "created_at": now, "seen_at": now}
    return conn.execute(sa.insert(sessions).values(row | {"source": source, "agent": agent}).returning(s.id)).scalar_one()


def by_token(conn: sa.Connection, token_hash: bytes) -> sa.Row | None:
    """The session with what its account says today."""
    account = accounts.c
    return conn.execute(
        select(
            s.id, s.staff_id, s.created_at, s.seen_at, s.ended_at, s.viewing_id, s.wall_until,
            account.must_change, account.password_set_at, account.disabled_at,
        )
        .join(accounts, account.staff_id == s.staff_id)
        .where(s.token_hash == token_hash)
    ).one_or_none()  # fmt: skip


def seen(conn: sa.Connection, session_id: int, now: datetime) -> None:
    """A human act, just now."""
    conn.execute(sa.update(sessions).where(s.id == session_id, s.ended_at.is_(None)).values(seen_at=now))


def end(conn: sa.Connection, token_hash: bytes, because: str, now: datetime) -> bool:
    query = sa.update(sessions).where(s.token_hash == token_hash, s.ended_at.is_(None))
    return conn.execute(query.values(ended_at=now, ended_because=because)).rowcount == 1


def end_all(conn: sa.Connection, staff_id: int, because: str, now: datetime, keep: int | None = None) -> int:
    """How many sessions of this person ended; `keep` goes on."""
    query = sa.update(sessions).where(s.staff_id == staff_id, s.ended_at.is_(None))
    if keep is not None:
        query = query.where(s.id != keep)
    return conn.execute(query.values(ended_at=now, ended_because=because)).rowcount


def open_of(conn: sa.Connection, staff_id: int, seen_since: datetime) -> list[sa.Row]:
    """Where somebody is signed in now, latest first."""
    return conn.execute(
        select(s.id, s.created_at, s.seen_at, s.source, s.agent, s.wall_until)
        .where(s.staff_id == staff_id, s.ended_at.is_(None), sa.or_(s.seen_at > seen_since, s.wall_until > func.now()))
        .order_by(s.seen_at.desc())
    ).all()


def look_as(conn: sa.Connection, session_id: int, staff_id: int | None) -> None:
    """As whom the owner of this session looks; None: as himself."""
    conn.execute(sa.update(sessions).where(s.id == session_id).values(viewing_id=staff_id))


def hang(conn: sa.Connection, session_id: int, until: datetime) -> None:
    conn.execute(sa.update(sessions).where(s.id == session_id).values(wall_until=until))


def put_ticket(conn: sa.Connection, ticket_hash: bytes, token: str, now: datetime, lasts: timedelta) -> None:
    """Tickets nobody came for go with the next one."""
    conn.execute(sa.delete(tickets).where(k.expires_at < now))
    conn.execute(sa.insert(tickets).values(ticket_hash=ticket_hash, token=token, expires_at=now + lasts))


def take_ticket(conn: sa.Connection, ticket_hash: bytes, now: datetime) -> str | None:
    """The cookie to set, once."""
    query = sa.delete(tickets).where(k.ticket_hash == ticket_hash, k.expires_at >= now)
    return conn.execute(query.returning(k.token)).scalar_one_or_none()


def tidy(conn: sa.Connection, now: datetime) -> int:
    """End sessions that nobody can use any more, forget tickets that nobody came for. How many sessions ended."""
    conn.execute(sa.delete(tickets).where(k.expires_at < now))
    hanging = sa.and_(s.wall_until.is_not(None), s.wall_until > now)
    query = sa.update(sessions).where(s.ended_at.is_(None), s.created_at < now - LONGER_THAN_ANY, sa.not_(hanging))
    return conn.execute(query.values(ended_at=now, ended_because="ran out")).rowcount
