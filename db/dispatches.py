"""Notices on their way out: taken one at a time by whoever sends, and never twice.

`take` says "sending" and is committed before anything leaves the bank. Whoever dies after that leaves the row so, and
`abandon` calls it unknown: it may have been sent, and nobody sends it again by himself.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import func, select

from db.tables import dispatches, staff
from db.vocab import DispatchState

d = dispatches.c
TROUBLED = (DispatchState.FAILED, DispatchState.UNKNOWN)


def take(conn: sa.Connection, channel: str, now: datetime) -> sa.Row | None:
    """The one that has waited longest, with what it says and to whom; other senders pass it by. None when none is due."""
    return conn.execute(
        sa.text("""
            with taken as (
                update dispatches set state = 'sending', claimed_at = :now, tries = tries + 1 where id = (
                    select id from dispatches where state = 'waiting' and channel = :channel and not_before <= :now
                    order by not_before, id limit 1 for update skip locked)
                returning *
            )
            select t.id, t.staff_id, t.channel, t.tries, n.why, n.about, n.parts, n.urgent, n.until_at, s.staff_no, s.phone,
                   coalesce(p.wishes, '{}') as wishes,
                   s.left_on is null and exists (select from accounts a where a.staff_id = s.id and a.disabled_at is null)
                       and exists (select from staff_roles r where r.staff_id = s.id and r.valid_from <= vigil_today()
                                   and (r.valid_to is null or r.valid_to > vigil_today())) as present
            from taken t join notices n on n.id = t.notice_id join staff s on s.id = t.staff_id
            left join preferences p on p.staff_id = t.staff_id"""),
        {"channel": channel, "now": now},
    ).one_or_none()


def hold(conn: sa.Connection, dispatch_id: int, until: datetime) -> None:
    """Not now; in the transaction that took it, so that it counts as no try."""
    conn.execute(_held(dispatch_id).values(state=DispatchState.WAITING, not_before=until, tries=d.tries - 1, claimed_at=None))


def try_again(conn: sa.Connection, dispatch_id: int, at: datetime, problem: str) -> bool:
    """It surely did not arrive."""
    return conn.execute(_held(dispatch_id).values(state=DispatchState.WAITING, not_before=at, problem=problem)).rowcount == 1


def end(conn: sa.Connection, dispatch_id: int, state: DispatchState, now: datetime, problem: str | None = None) -> bool:
    """False when somebody else has given it up meanwhile."""
    return conn.execute(_held(dispatch_id).values(state=state, ended_at=now, problem=problem)).rowcount == 1


def _held(dispatch_id: int) -> sa.Update:
    return sa.update(dispatches).where(d.id == dispatch_id, d.state == DispatchState.SENDING)


def abandon(conn: sa.Connection, before: datetime, now: datetime) -> int:
    """Taken before that moment and never ended: whoever sent them is gone, and with him the answer."""
    query = sa.update(dispatches).where(d.state == DispatchState.SENDING, d.claimed_at < before)
    return conn.execute(query.values(state=DispatchState.UNKNOWN, ended_at=now, problem="killed")).rowcount


def send_again(conn: sa.Connection, dispatch_id: int, now: datetime) -> bool:
    """By hand: one that failed, or of which nobody knows."""
    query = sa.update(dispatches).where(d.id == dispatch_id, d.state.in_(TROUBLED))
    return conn.execute(query.values(state=DispatchState.WAITING, not_before=now, tries=0, ended_at=None)).rowcount == 1


# --- How the queue stands ---------------------------------------------------------------------------------------------


def channels_due(conn: sa.Connection, now: datetime) -> list[str]:
    """Through which something waits that may go now."""
    query = select(d.channel).distinct().where(d.state == DispatchState.WAITING, d.not_before <= now)
    return list(conn.execute(query.order_by(d.channel)).scalars())


def by_state(conn: sa.Connection) -> list[sa.Row]:
    """channel, state, n, since (the oldest's moment)."""
    return conn.execute(
        select(d.channel, d.state, func.count().label("n"), func.min(d.not_before).label("since"))
        .group_by(d.channel, d.state)
        .order_by(d.channel, d.state)
    ).all()


def troubled(conn: sa.Connection) -> list[sa.Row]:
    """Failed ones and those nobody knows of, latest first, with whom they were for."""
    return conn.execute(
        select(d.id, d.channel, d.state, d.tries, d.problem, d.ended_at, staff.c.name.label("person"))
        .join(staff, staff.c.id == d.staff_id)
        .where(d.state.in_(TROUBLED))
        .order_by(d.ended_at.desc(), d.id.desc())
        .limit(50)
    ).all()


def overdue_since(conn: sa.Connection) -> datetime | None:
    """Since when the one that may go longest has waited, or is in somebody's hand."""
    waiting = select(func.min(d.not_before)).where(d.state == DispatchState.WAITING, d.tries == 0).scalar_subquery()
    held = select(func.min(d.claimed_at)).where(d.state == DispatchState.SENDING).scalar_subquery()
    return conn.execute(select(func.least(waiting, held))).scalar_one()
