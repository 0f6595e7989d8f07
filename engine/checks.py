"""Checks (贷后检查): submitting what was seen or heard. One verb, one transaction, nothing twice."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from db import customers, loans, records, settings, todos
from db.access import Connection, Person
from db.vocab import Conclusion, Kind, Mode, Outcome
from engine import permits, refusals


@dataclass(frozen=True)
class Submission:
    """One check as the form sends it. `key` was made when the form was opened."""

    key: UUID
    customer_id: int
    kind: Kind
    mode: Mode
    outcome: Outcome
    conclusion: Conclusion
    finished_at: datetime
    todo_ids: tuple[int, ...] = ()
    started_at: datetime | None = None
    answers: dict = field(default_factory=dict)
    note: str | None = None
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None
    distance_m: float | None = None
    on_site: bool | None = None

    def digest(self) -> bytes:
        """What makes two submissions under one key the same."""
        content = {name: value for name, value in vars(self).items() if name != "key"}
        return hashlib.sha256(json.dumps(content, default=str, sort_keys=True).encode()).digest()


def submit(conn: Connection, by: Person, s: Submission) -> int:
    """The record's id; the first answer again when the same is sent twice.

    A todo that was meanwhile settled, closed or given to somebody else does not lose the visit: the record stands,
    and closes what is still open of the todos it names.
    """
    permits.must(by, "check.submit")
    customer = customers.get(conn, s.customer_id)
    if customer is None:
        raise refusals.NotFound
    live = [loan.id for loan in loans.of_customer(conn, s.customer_id) if loan.live]
    (record_id,) = records.add(conn, [_row(s, by.id, customer.branch_id, live)])
    if record_id is None:
        return _sent_before(conn, s)
    if s.outcome is Outcome.COMPLETED:
        todos.discharge(conn, [(todo_id, record_id, by.id, _day(s)) for todo_id in s.todo_ids])
    records.touch(conn, [s.customer_id])
    return record_id


def _sent_before(conn: Connection, s: Submission) -> int:
    earlier = records.by_key(conn, s.key)
    if earlier is None:
        raise refusals.NotFound
    if bytes(earlier.digest) != s.digest():
        raise refusals.SameKeyOtherContent
    return earlier.id


def import_past(conn: Connection, past: list[tuple[Submission, int, int, list[int]]]) -> int:
    """Checks of the past, from a former system or a paper file: (submission, staff, branch, loans). How many were new."""
    ids = records.add(conn, [_row(s, staff_id, branch_id, loan_ids) for s, staff_id, branch_id, loan_ids in past])
    added = [(entry, record_id) for entry, record_id in zip(past, ids, strict=True) if record_id is not None]
    todos.discharge(
        conn,
        [
            (todo_id, record_id, staff_id, _day(s))
            for (s, staff_id, _, _), record_id in added
            if s.outcome is Outcome.COMPLETED
            for todo_id in s.todo_ids
        ],
    )
    records.touch(conn, [s.customer_id for (s, *_), _ in added])
    return len(added)


def _row(s: Submission, staff_id: int, branch_id: int, loan_ids: list[int]) -> dict:
    return {
        "submit_key": s.key, "digest": s.digest(), "customer_id": s.customer_id, "kind": s.kind, "mode": s.mode,
        "outcome": s.outcome, "conclusion": s.conclusion, "started_at": s.started_at, "finished_at": s.finished_at,
        "done_on": _day(s), "answers": s.answers, "note": s.note, "lat": s.lat, "lon": s.lon, "accuracy_m": s.accuracy_m,
        "distance_m": s.distance_m, "on_site": s.on_site, "staff_id": staff_id, "branch_id": branch_id, "loan_ids": loan_ids,
    }  # fmt: skip


def _day(s: Submission):
    return s.finished_at.astimezone(settings.ZONE).date()
