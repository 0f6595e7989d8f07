"""Letting a stopped delivery through: one person asks, with a reason; another allows."""

from db import feeds
from db.access import Connection, Person
from db.vocab import Approval
from engine import deciders, notices, permits, refusals


def ask(conn: Connection, by: Person, run_id: int, reason: str) -> None:
    permits.must(by, "feed.override.ask")
    reason = permits.must_say_why(reason)
    if not feeds.ask_override(conn, run_id, by.id, reason):
        raise refusals.Conflict
    notices.of_a_decision(conn, by, "feed.override.allow", f"feeds?run={run_id}", "feed", f"override:{run_id}")


def allow(conn: Connection, by: Person, run_id: int) -> None:
    """By somebody else than who asked; the load itself is `load.resume`."""
    permits.must(by, "feed.override.allow")
    found = feeds.run(conn, run_id)
    if found is None:
        raise refusals.NotFound
    deciders.must_be_second(conn, by, found.override_asked_by)
    if not feeds.allow_override(conn, run_id, by.id):
        raise refusals.Conflict
    notices.of_an_answer(
        conn, by, found.override_asked_by, "feed", Approval.APPROVED, f"allowed:{run_id}", about=f"feeds?run={run_id}"
    )
