"""Deciding what somebody else asked for: once, by a second person who is not below the first, on what it was based on.

A new kind of request is a word in db.vocab.Request and a line in KINDS: how it is applied, and what it is refused over.
"""

from collections.abc import Callable
from datetime import datetime

from db import branches, requests, staff
from db.access import Connection, Person
from db.vocab import Approval, Request, Role
from engine import addresses, permits, refusals

# What is done once a request is approved: (conn, request, by, now). It raises Stale when its base has changed.
KINDS: dict[Request, Callable[[Connection, object, int, datetime], None]] = {
    Request.ADDRESS_MOVE: addresses.apply_move,
}

RANKS = {Role.MANAGER: 0, Role.INSPECTOR: 0, Role.BRANCH_HEAD: 1, Role.HEAD_LOANS: 2, Role.HEAD_RISK: 2}


def approve(conn: Connection, by: Person, request_id: int, note: str | None = None, *, now: datetime) -> None:
    """Decided and applied in one transaction: twice at once is done once, and what cannot be applied stays undecided."""
    found = _to_decide(conn, by, request_id)
    if not requests.decide(conn, request_id, Approval.APPROVED, by.id, (note or "").strip() or None, now):
        raise refusals.AlreadyDone
    KINDS[Request(found.kind)](conn, found, by.id, now)


def refuse(conn: Connection, by: Person, request_id: int, why: str, *, now: datetime) -> None:
    _to_decide(conn, by, request_id)
    why = permits.must_say_why(why)
    if not requests.decide(conn, request_id, Approval.REFUSED, by.id, why, now):
        raise refusals.AlreadyDone


def withdraw(conn: Connection, by: Person, request_id: int, *, now: datetime) -> None:
    """Taken back by who asked."""
    permits.must(by, "request.withdraw")
    if not requests.withdraw(conn, request_id, by.id, now):
        raise refusals.NotFound


def waiting_for(conn: Connection, by: Person) -> int:
    """How many requests wait for somebody: the number on the bell."""
    return requests.waiting_for(conn, by.id, *Request) if permits.may(by, "request.decide") else 0


def _to_decide(conn: Connection, by: Person, request_id: int):
    permits.must(by, "request.decide")
    found = requests.get(conn, request_id)
    if found is None:
        raise refusals.NotFound
    if found.asked_by == by.id:
        raise refusals.FourEyes
    asker = staff.person(conn, found.asked_by)
    if asker is not None and _is_below(conn, by, asker):
        raise refusals.Superior
    return found


def _is_below(conn: Connection, by: Person, asker: Person) -> bool:
    """In rank; between heads of branches the one whose branch belongs to the other's."""
    mine, theirs = RANKS[by.role], RANKS.get(asker.role, 0)
    if mine != theirs or by.role is not Role.BRANCH_HEAD:
        return mine < theirs
    return by.branch_id != asker.branch_id and by.branch_id in branches.under(conn, asker.branch_id)
