"""Deciding what somebody else asked for: once, by a second person who is not below the first, on what it was based on.

A new kind of request is a word in db.vocab.Request, a line in KINDS: how it is applied, and what it is refused over; and in
engine.deciders.PERMITS: who decides it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from db import requests
from db.access import Connection, Person
from db.vocab import Approval, Request, Role, Scope
from engine import (
    addresses,
    batches,
    deciders,
    exports,
    levels,
    notices,
    own_cycles,
    permits,
    refusals,
    restructuring,
    roles,
    working_days,
)

# What is done once a request is approved: (conn, request, by, now). It raises Stale when its base has changed.
KINDS: dict[Request, Callable[[Connection, object, int, datetime], None]] = {
    Request.ADDRESS_MOVE: addresses.apply_move,
    Request.EXPORT: exports.approved,
    Request.LEVEL: levels.apply,
    Request.WORKING_DAYS: working_days.apply,
    Request.DEFERRAL: batches.apply,
    Request.EXEMPTION: batches.apply,
    Request.CYCLE: own_cycles.apply,
    Request.ROLE: roles.apply,
    Request.BRANCH: restructuring.apply,
}
# What has to be tidied up when it is refused or taken back.
DROPPED: dict[Request, Callable[[Connection, object, int, datetime], None]] = {
    Request.DEFERRAL: batches.drop,
    Request.EXEMPTION: batches.drop,
}


def approve(conn: Connection, by: Person, request_id: int, note: str | None = None, *, now: datetime) -> None:
    """Decided and applied in one transaction: twice at once is done once, and what cannot be applied stays undecided."""
    found = _to_decide(conn, by, request_id)
    _decide(conn, by, found, Approval.APPROVED, (note or "").strip() or None, now)
    KINDS[Request(found.kind)](conn, found, by.id, now)


def refuse(conn: Connection, by: Person, request_id: int, why: str, *, now: datetime) -> None:
    found = _to_decide(conn, by, request_id)
    _decide(conn, by, found, Approval.REFUSED, permits.must_say_why(why), now)
    _drop(conn, found, by.id, now)


def withdraw(conn: Connection, by: Person, request_id: int, *, now: datetime) -> None:
    """Taken back by who asked."""
    permits.must(by, "request.withdraw")
    if not requests.withdraw(conn, request_id, by.id, now):
        raise refusals.NotFound
    _drop(conn, _get(conn, by, request_id), by.id, now)


def _drop(conn: Connection, found, by: int, now: datetime) -> None:
    if tidy := DROPPED.get(Request(found.kind)):
        tidy(conn, found, by, now)


def waiting(conn: Connection, by: Person) -> list:
    """What waits, for this person to decide or to see."""
    return requests.waiting(conn, book=_sees_book(by))


def decidable(conn: Connection, by: Person, asked: Sequence) -> list:
    """Of requests that wait, those that this person may decide."""
    return [request for request in asked if _may_decide(conn, by, request)]


def _may_decide(conn: Connection, by: Person, request) -> bool:
    if by.id in (request.asked_by, _whom(request)) or not permits.may(by, deciders.PERMITS[Request(request.kind)]):
        return False
    return request.asker_role is None or not deciders.is_below(
        conn, by.role, by.branch_id, Role(request.asker_role), request.asker_branch_id
    )


def _whom(request) -> int | None:
    """Whose own matter it is: nobody decides about himself."""
    return request.subject_id if request.kind == Request.ROLE else None


def _sees_book(by: Person) -> bool:
    return by.scope is not Scope.ADMIN


def _get(conn: Connection, by: Person, request_id: int):
    return requests.get(conn, request_id, book=_sees_book(by))


def _to_decide(conn: Connection, by: Person, request_id: int):
    permits.must(by, "request.decide")
    found = _get(conn, by, request_id)
    if found is None:
        raise refusals.NotFound
    permits.must(by, deciders.PERMITS[Request(found.kind)])
    deciders.must_be_second(conn, by, found.asked_by)
    if _whom(found) == by.id:
        raise refusals.NotOneself
    return found


def _decide(conn: Connection, by: Person, found, verdict: Approval, note: str | None, now: datetime) -> None:
    if not requests.decide(conn, found.id, verdict, by.id, note, now):
        raise refusals.AlreadyDone
    notices.of_an_answer(conn, by, found.asked_by, found.kind, verdict, f"decided:request:{found.id}")
