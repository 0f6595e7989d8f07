"""Roles: asked for by the security administrator, decided by a second person, held for as long as they said."""

from datetime import date, datetime

from db import organisation, staff
from db.access import Connection, Person
from db.vocab import Request, Role
from engine import permits, refusals
from engine import requests as asking


def ask(
    conn: Connection, by: Person, staff_id: int, role: Role | None, from_on: date, until_on: date | None, reason: str, *,
    now: datetime, today: date,
) -> int:  # fmt: skip
    """A role from a day on, until a last day when one is given; None: none any more. The request's id.

    What is held now gives way to it, and goes on after its last day.
    """
    permits.must(by, "role.grant")
    found = staff.row(conn, staff_id)
    if found is None or found.left_on is not None:
        raise refusals.NotFound
    if staff_id == by.id:
        raise refusals.NotOneself
    if from_on < today or until_on is not None and (until_on < from_on or role is None):
        raise refusals.BadPeriod
    before = _held(conn, staff_id, from_on)
    if role is None and not before or role is not None and until_on is None and before == [_line(role, None)]:
        raise refusals.HeldAlready
    after = {"role": role and role.value, "from_on": from_on.isoformat(), "until_on": until_on and until_on.isoformat()}
    about = asking.About(0, found.branch_id, staff_id)
    whom = {"held": before, "name": found.name, "number": found.staff_no}
    return asking.ask(conn, by, Request.ROLE, about, whom, after, reason, now=now)


def apply(conn: Connection, request, by: int, now: datetime) -> None:
    """What was approved, on the next click; not when the roles it was based on are others now."""
    if _held(conn, request.subject_id, date.fromisoformat(request.after["from_on"])) != request.before["held"]:
        raise refusals.Stale
    if not organisation.settle_role(conn, request.id):
        raise refusals.Stale


def _held(conn: Connection, staff_id: int, since: date) -> list[list[str | None]]:
    """What is held on a day or later, as (role, last day)."""
    rows = [r for r in staff.roles_of(conn, staff_id) if r.valid_to is None or r.valid_to > since]
    return [_line(Role(r.role), r.valid_to) for r in sorted(rows, key=lambda r: r.valid_from)]


def _line(role: Role, valid_to: date | None) -> list[str | None]:
    return [role.value, valid_to and valid_to.isoformat()]
