"""商机: new business added by hand, followed from the first call to won or lost."""

from dataclasses import dataclass
from datetime import datetime

from db import customers, leads, staff
from db.access import Connection, Person
from db.vocab import LEAD_STEPS, LeadState, Role
from engine import permits, refusals
from engine.care import NUMBER

LONGEST_NAME, LONGEST_WISH = 60, 500  # characters, as on the form of a check


@dataclass(frozen=True)
class Lead:
    """Whom and what for; `customer_id`: through whom it was found, when that is a customer."""

    name: str
    wish: str
    phone: str = ""
    customer_id: int | None = None


def add(conn: Connection, by: Person, lead: Lead, *, now: datetime) -> None:
    """By hand; who adds it follows it."""
    permits.must(by, "lead.add")
    name, wish, phone = lead.name.strip(), lead.wish.strip(), lead.phone.strip()
    if not name or not wish:
        raise refusals.Missing(field="name and what is wanted")
    if len(name) > LONGEST_NAME or len(wish) > LONGEST_WISH:
        raise refusals.TooLong(most=LONGEST_NAME if len(name) > LONGEST_NAME else LONGEST_WISH)
    if phone and not NUMBER.fullmatch(phone):
        raise refusals.NoPhone(value=phone)
    if lead.customer_id is not None and customers.get(conn, lead.customer_id) is None:
        raise refusals.NotFound
    leads.add(conn, [{
        "customer_id": lead.customer_id or 0, "name": name, "wish": wish, "phone": phone or None, "branch_id": by.branch_id,
        "staff_id": by.id, "noted_at": now,
    }])  # fmt: skip


def move(
    conn: Connection, by: Person, lead_id: int, was: LeadState, to: LeadState, why: str | None = None, *, now: datetime
) -> None:
    """To its next state; lost needs a reason. `was`: as it stood on the screen."""
    permits.must(by, "lead.follow")
    if leads.get(conn, lead_id) is None:
        raise refusals.NotFound
    if to not in LEAD_STEPS[was]:
        raise refusals.AlreadyDone
    because = permits.must_say_why(why) if to is LeadState.LOST else None
    if not leads.move(conn, lead_id, was, {"state": to, "lost_because": because, "changed_by": by.id, "changed_at": now}):
        raise refusals.Conflict


def give(conn: Connection, by: Person, lead_id: int, was: int, to: int, *, now: datetime) -> None:
    """Another officer follows it from now on. `was`: who followed it as it stood on the screen."""
    permits.must(by, "lead.follow")
    if leads.get(conn, lead_id) is None:
        raise refusals.NotFound
    officer = staff.person(conn, to)
    if officer is None or officer.role not in (Role.MANAGER, Role.INSPECTOR):
        raise refusals.NotAnOfficer
    if not leads.give(conn, lead_id, was, to, by.id, now):
        raise refusals.Conflict
