"""The way in for the first people: accounts opened on the machine, while nobody is there yet who opens them on a page."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime

from db import branches, staff
from db.access import MACHINE, Connection, Person
from db.vocab import Role
from engine import people, refusals, sign_in


@dataclass(frozen=True)
class Opened:
    """Whose account it is, and the password for one sign-in."""

    holder: Person
    password: str


def open_account(conn: Connection, number: str, role: Role | None, name: str | None, *, now: datetime, today: date) -> Opened:
    """Of a member of staff, or of somebody of this `name` whom no feed lists, at the head office. Who holds no role gets this one, or
    the one that his post means; so does everybody else without a role, by post."""
    holder = _holder(conn, number, name, today)
    if role and staff.person(conn, holder) is None:
        staff.grant(conn, holder, role, today)
    people.grant_by_post(conn, today=today)
    person = staff.person(conn, holder)
    if person is None:
        raise refusals.NoRoleByPost(number=number)
    if role not in (None, person.role):
        raise refusals.OtherRole(number=number)
    password = _password()
    sign_in.open_account(conn, MACHINE, holder, number, password, now)
    return Opened(person, password)


def reset_password(conn: Connection, number: str, *, now: datetime) -> Opened:
    """Of the only security administrator, who can ask nobody."""
    holder = _holder(conn, number, None, now.date())
    person = staff.person(conn, holder)
    if person is None:
        raise refusals.NoRole(number=number)
    password = _password()
    sign_in.reset_password(conn, MACHINE, holder, password, now)
    return Opened(person, password)


def _holder(conn: Connection, number: str, name: str | None, today: date) -> int:
    found = staff.by_number(conn, number)
    if found is not None:
        return found.id
    if not name:
        raise refusals.UnknownNumber(number=number)
    head_office = next((branch.code for branch in branches.all_open(conn) if branch.parent_id is None), "")
    return people.add(conn, MACHINE, number, people.Facts(name, head_office, "", ""), today=today)


def _password() -> str:
    return f"First-{secrets.token_hex(6)}"
