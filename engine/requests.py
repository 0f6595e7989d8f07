"""Asking for what needs a second person (复核). How it is decided and applied: engine/approvals.py."""

from datetime import datetime
from typing import NamedTuple

from db import requests
from db.access import Connection, Person
from db.vocab import Request
from engine import notices, permits, refusals


class About(NamedTuple):
    """`customer_id` 0: about no customer; `subject_id` the row it is about, 0 for one that is not there yet."""

    customer_id: int
    branch_id: int
    subject_id: int = 0


def ask(
    conn: Connection, by: Person, kind: Request, about: About, before: dict | None, after: dict, reason: str, *, now: datetime
) -> int:
    """What a verb asks for whose own permit was asked already. The request's id."""
    made = requests.ask(
        conn, kind=kind, customer_id=about.customer_id, branch_id=about.branch_id, subject_id=about.subject_id, before=before, after=after,
        reason=permits.must_say_why(reason), asked_by=by.id, asked_at=now,
    )  # fmt: skip
    if made is None:
        raise refusals.AlreadyWaiting
    notices.of_a_request(conn, by, kind, about.branch_id, made)
    return made


def is_waiting(conn: Connection, customer_id: int, kind: Request, subject_id: int) -> bool:
    asked = requests.of_customer(conn, customer_id, kind)
    return any(r.subject_id == subject_id and r.state == "submitted" for r in asked)
