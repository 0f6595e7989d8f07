"""Branches moved under another, closed, merged and parted again: asked by one of head office, decided by another."""

from datetime import date, datetime

from db import access, branches, organisation, requests
from db.access import Connection, Person
from db.vocab import Approval, BranchAct, Request
from engine import batches, clock, permits, refusals
from engine import requests as asking
from engine.branches import must_be_open

SECONDS = 300  # a merger may take, trail and all


def ask(
    conn: Connection, by: Person, code: str, act: BranchAct, reason: str, *, now: datetime, to: str | None = None, on: date | None = None
) -> int:  # fmt: skip
    """`to`: the code of the branch it goes below or into; `on`: the first day on which it is closed. The request's id."""
    permits.must(by, "branch.restructure")
    found = branches.by_code(conn, code)
    if found is None:
        raise refusals.NotFound
    if found.parent_id is None:
        raise refusals.TopBranch
    after = {"act": act.value, "code": code, "name": found.name} | WISHES[act](conn, found, to, on)
    return asking.ask(conn, by, Request.BRANCH, asking.About(0, found.id, found.id), _as_it_is(found), after, reason, now=now)


def apply(conn: Connection, request, by: int, now: datetime) -> None:
    """What was approved, at once; not when the branch stands otherwise now, or its successor is closed."""
    found, act = branches.by_code(conn, request.after["code"]), BranchAct(request.after["act"])
    if _as_it_is(found) != request.before:
        raise refusals.Stale
    if act is BranchAct.CLOSE:
        _must_be_empty(conn, found)
    else:
        must_be_open(conn, request.after["to"])
        batches.take_turn(conn)
        access.set_patience(conn, SECONDS)
    if not organisation.restructure(conn, request.id):
        raise refusals.Stale


def _as_it_is(found) -> dict:
    return {
        "parent_id": found.parent_id, "closed_on": found.closed_on and found.closed_on.isoformat(), "merged_into": found.merged_into
    }  # fmt: skip


# --- What is asked for ------------------------------------------------------------------------------------------------


def _move(conn: Connection, found, to: str | None, _on: date | None) -> dict:
    must_be_open(conn, found.code)
    target = must_be_open(conn, to or "")
    if target.id == found.parent_id:
        raise refusals.HeldAlready
    if target.id in branches.under(conn, found.id):
        raise refusals.BelowItself
    return _to(target)


def _close(conn: Connection, found, _to: str | None, on: date | None) -> dict:
    must_be_open(conn, found.code)
    today = clock.today()
    if on is None or on < today:
        raise refusals.BadPeriod
    _must_be_empty(conn, found)
    return {"on": on.isoformat()}


def _merge(conn: Connection, found, to: str | None, _on: date | None) -> dict:
    """With what would go along, for whoever decides."""
    must_be_open(conn, found.code)
    target = must_be_open(conn, to or "")
    if target.id == found.id:
        raise refusals.BelowItself
    return _to(target) | {"holds": branches.holdings(conn, found.id)}


def _part(conn: Connection, found, _to_code: str | None, _on: date | None) -> dict:
    """As it was before the merger that was approved last."""
    mergers = [
        r
        for r in requests.about(conn, Request.BRANCH, found.id)
        if r.state == Approval.APPROVED and r.after["act"] == BranchAct.MERGE
    ]
    if found.merged_into is None or not mergers:
        raise refusals.CannotBeUndone
    merger = mergers[0]
    back = {"merger": merger.id, "parent_id": merger.before["parent_id"], "kept": ["parent_id"]}
    return back | {name: merger.after[name] for name in ("to_id", "to", "to_name")}


def _to(target) -> dict:
    return {"to_id": target.id, "to": target.code, "to_name": target.name}


def _must_be_empty(conn: Connection, found) -> None:
    held = branches.holdings(conn, found.id)
    if any(held.values()):
        raise refusals.BranchHolds(name=found.name, **held)


WISHES = {BranchAct.MOVE: _move, BranchAct.CLOSE: _close, BranchAct.MERGE: _merge, BranchAct.PART: _part}
