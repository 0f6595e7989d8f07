"""Phone checks: what an attempt counts for, when a debtor may be called, how often."""

from collections.abc import Sequence
from datetime import date, datetime, time

from db import records, settings
from db.access import Connection
from db.vocab import CALL_OUTCOME, CallResult, Kind, Mode, Outcome
from engine import refusals

BEST_FIRST = (Outcome.COMPLETED, Outcome.PARTIAL, Outcome.REFUSED, Outcome.UNREACHED, Outcome.WRONG_CONTACT)
IDENTITY_NEEDED = 2  # questions answered rightly before anything of the loan is said


def outcome(results: Sequence[CallResult]) -> Outcome:
    """Of several attempts, the one that got farthest; only the borrower's own voice completes a check."""
    return min((CALL_OUTCOME[result] for result in results), key=BEST_FIRST.index)


def is_collection(kind: Kind, mode: Mode) -> bool:
    return kind is Kind.OVERDUE and mode is Mode.PHONE


def within_hours(moment: datetime, parameters: dict[str, float]) -> bool:
    at = moment.astimezone(settings.ZONE).time()
    return time(int(parameters["calls.from_hour"])) <= at < time(int(parameters["calls.until_hour"]) % 24)


def must_be_allowed(conn: Connection, customer_id: int, moment: datetime, day: date, parameters: dict[str, float]) -> None:
    """A debtor is left in peace at night, and after so many talks a day."""
    if not within_hours(moment, parameters):
        raise refusals.QuietHours(start=int(parameters["calls.until_hour"]), end=int(parameters["calls.from_hour"]))
    most = int(parameters["calls.a_day"])
    if records.effective_calls(conn, customer_id, Kind.OVERDUE, day) >= most:
        raise refusals.EnoughCalls(most=most)
