"""客户贷后信息: what officers keep up themselves - phone, business, remarks, needs - and what they note down.

The feed never touches it: the source's number stays where it is, ours is shown first and dialled first.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from db import care, customers
from db.access import Connection, Person
from engine import permits, refusals

LONGEST, LONGEST_NOTE = 500, 1000  # characters
NUMBER = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}")


@dataclass(frozen=True)
class Facts:
    """What is known now. `phone` None: as it was; empty: ours is wrong, go back to the source's."""

    phone: str | None = None
    business: str = ""
    remarks: str = ""
    needs: str = ""


def update(conn: Connection, by: Person, customer_id: int, facts: Facts, seen_at: datetime | None, *, now: datetime) -> None:
    """`seen_at`: when the facts on the screen were written; who wrote in between is not written over."""
    permits.must(by, "customer.update")
    if customers.get(conn, customer_id) is None:
        raise refusals.NotFound
    words = {name: getattr(facts, name).strip() or None for name in ("business", "remarks", "needs")}
    if any(len(word or "") > LONGEST for word in words.values()):
        raise refusals.TooLong(most=LONGEST)
    values = words | _phone(by, facts.phone, now) | {"updated_by": by.id, "updated_at": now}
    if not care.put(conn, customer_id, values, seen_at):
        raise refusals.Conflict


def _phone(by: Person, given: str | None, now: datetime) -> dict:
    if given is None:
        return {}
    number = re.sub(r"\s", "", given)
    if not number:
        return {"phone": None, "phone_by": None, "phone_at": None}
    if not NUMBER.fullmatch(number):
        raise refusals.NoPhone(value=number)
    return {"phone": number, "phone_by": by.id, "phone_at": now}


def note(conn: Connection, by: Person, customer_id: int, text: str, *, now: datetime) -> None:
    """Written down for everybody who looks after the customer; added, never changed."""
    permits.must(by, "customer.note")
    text = text.strip()
    if not text:
        raise refusals.Missing(field="note")
    if len(text) > LONGEST_NOTE:
        raise refusals.TooLong(most=LONGEST_NOTE)
    if customers.get(conn, customer_id) is None:
        raise refusals.NotFound
    care.add_note(conn, customer_id, by.id, text, now)
