"""Letting a stopped delivery through: one person asks, with a reason; another allows it, or refuses with his."""

from db import feeds
from db.access import Connection, Person
from db.vocab import Approval
from engine import clock, deciders, notices, permits, refusals


def ask(conn: Connection, by: Person, run_id: int, reason: str) -> None:
    permits.must(by, "feed.override.ask")
    reason = permits.must_say_why(reason)
    if not feeds.ask_override(conn, run_id, by.id, reason):
        raise refusals.Conflict
    notices.of_a_decision(conn, by, "feed.override.allow", f"feeds?run={run_id}", "feed", _once(f"override:{run_id}"))


def allow(conn: Connection, by: Person, run_id: int) -> None:
    """By somebody else than who asked; the load itself is `load.resume`."""
    asker = _asker(conn, by, run_id)
    if not feeds.allow_override(conn, run_id, by.id):
        raise refusals.Conflict
    _answer(conn, by, asker, run_id, Approval.APPROVED)


def refuse(conn: Connection, by: Person, run_id: int, why: str) -> None:
    """By somebody else than who asked; it may be asked for again."""
    asker, why = _asker(conn, by, run_id), permits.must_say_why(why)
    if not feeds.refuse_override(conn, run_id, by.id, why):
        raise refusals.Conflict
    _answer(conn, by, asker, run_id, Approval.REFUSED)


def _asker(conn: Connection, by: Person, run_id: int) -> int | None:
    """Whose wish this person may decide."""
    permits.must(by, "feed.override.allow")
    found = feeds.run(conn, run_id)
    if found is None:
        raise refusals.NotFound
    deciders.must_be_second(conn, by, found.override_asked_by)
    return found.override_asked_by


def _answer(conn: Connection, by: Person, asker: int | None, run_id: int, verdict: Approval) -> None:
    notices.of_an_answer(conn, by, asker, "feed", verdict, _once(f"{verdict}:{run_id}"), about=f"feeds?run={run_id}")


def _once(what: str) -> str:
    """What was refused may be asked again, and is told again."""
    return f"{what}:{clock.now().isoformat()}"
