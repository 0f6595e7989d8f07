"""Checks (贷后检查): submitting what was seen or heard. One verb, one transaction, nothing twice."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from uuid import UUID

from db import customers, definitions, leads, records, settings, signals, staff, todos
from db.access import Connection, Person
from db.conditions import leaves
from db.vocab import (
    CloseReason,
    Conclusion,
    Definition,
    Kind,
    Level,
    LoanClass,
    Mode,
    Outcome,
    SignalState,
    Subject,
    TodoState,
)  # fmt: skip
from engine import notices, permits, refusals, signal_rules

ASKED = "last_conclusion"  # all that a signal rule may ask which fires at once


@dataclass(frozen=True)
class Lead:
    """New business, noted on the way."""

    name: str
    phone: str | None
    wish: str


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
    place: dict | None = None
    on_site: bool | None = None
    fixed_at: datetime | None = None
    grade: str | None = None
    presence: list | None = None
    away_because: str | None = None
    offline: bool = False
    received_at: datetime | None = None
    form: tuple[str, int] | None = None
    calls: list | None = None
    proposed_class: LoanClass | None = None
    proposed_months: int | None = None
    leads: tuple[Lead, ...] = ()
    branch_id: int | None = None  # these two: where the customer stood when the form was opened
    loan_ids: tuple[int, ...] | None = None
    digest_of_sent: bytes | None = None

    def digest(self) -> bytes:
        """What makes two submissions under one key the same: what was sent, else what is said here."""
        if self.digest_of_sent is not None:
            return self.digest_of_sent
        content = {name: value for name, value in vars(self).items() if name != "key"}
        return hashlib.sha256(json.dumps(content, default=str, sort_keys=True).encode()).digest()


def submit(conn: Connection, by: Person, s: Submission) -> dict:
    """The receipt; the first answer again when the same is sent twice.

    A todo that was meanwhile settled, closed or given to somebody else does not lose the visit: the record stands, closes
    what is still open of the todos it names, and says of the others what became of them.
    """
    permits.must(by, "check.submit")
    branch_id, loan_ids = _stood(conn, s)
    records.touch(conn, [s.customer_id])
    held = {todo.id: todo for todo in todos.hold(conn, list(s.todo_ids))}
    counts = s.outcome is Outcome.COMPLETED
    done = sorted(t.id for t in held.values() if counts and t.closed_on is None)
    receipt = {"outcome": s.outcome, "conclusion": s.conclusion, "grade": s.grade, "offline": s.offline, "todos": done,
               "remarks": _remarks(conn, by, s, held) if counts else []}  # fmt: skip
    (record_id,) = records.add(conn, [_row(s, by.id, branch_id, loan_ids) | {"receipt": receipt}])
    if record_id is None:
        return sent_before(conn, s.key, s.digest())
    if todos.discharge(conn, [(todo_id, record_id, by.id, _day(s)) for todo_id in done]) != len(done):
        raise refusals.Conflict  # taken from him between two statements: sent again, it is answered as it is by then
    leads.add(conn, [_lead(lead, s, record_id, branch_id, by) for lead in s.leads])
    _warn(conn, by, s, branch_id)
    return receipt | {"record": record_id}


def _stood(conn: Connection, s: Submission) -> tuple[int, list[int]]:
    """The customer's branch and live loans, today if he may still be seen, else when the form was opened."""
    stands = customers.stands(conn, s.customer_id)
    if stands is not None:
        return stands.branch_id, stands.loan_ids
    if s.branch_id is None:
        raise refusals.NotFound
    return s.branch_id, list(s.loan_ids or ())


def sent_before(conn: Connection, key: UUID, digest: bytes) -> dict:
    """What was answered to the first of several submissions under one key."""
    earlier = records.by_key(conn, key)
    if earlier is None:
        raise refusals.NotFound
    if bytes(earlier.digest) != digest:
        raise refusals.SameKeyOtherContent
    return (earlier.receipt or {}) | {"record": earlier.id}


def _remarks(conn: Connection, by: Person, s: Submission, held: dict) -> list[dict]:
    """What became of the todos since the form was opened; nothing to say of those that simply end here."""
    names = cache(lambda: staff.names(conn))  # mostly there is nothing to say
    return [remark for todo_id in s.todo_ids if (remark := _remark(todo_id, held.get(todo_id), by, names))]


def _remark(todo_id: int, todo, by: Person, names: Callable[[], dict[int, str]]) -> dict | None:
    if todo is None:
        return {"todo": todo_id, "what": "given_away"}
    if todo.state == TodoState.CANCELLED:
        return {"todo": todo_id, "what": "ended", "why": CloseReason(todo.close_reason).value}
    if todo.closed_on is not None:
        return {"todo": todo_id, "what": "done_before", "by": names().get(todo.closed_by, "")}
    if todo.assignee_id not in (None, by.id):
        return {"todo": todo_id, "what": "done_for", "by": names().get(todo.assignee_id, "")}
    return None


def _lead(lead: Lead, s: Submission, record_id: int, branch_id: int, by: Person) -> dict:
    about = {"customer_id": s.customer_id, "record_id": record_id, "branch_id": branch_id, "staff_id": by.id}
    return about | {"name": lead.name, "phone": lead.phone, "wish": lead.wish}


def _warn(conn: Connection, by: Person, s: Submission, branch_id: int) -> None:
    """Rules that ask nothing but the conclusion of the last visit need not wait for the night."""
    if s.mode is not Mode.FIELD or s.outcome is not Outcome.COMPLETED:
        return
    fired = _fired(conn, s.conclusion, _day(s))
    customer = customers.get(conn, s.customer_id) if fired else None
    for row, level, rule in fired:
        owner = customer.manager_id if customer else None
        raised = signals.raise_by_check(conn, {
            "customer_id": s.customer_id, "rule_code": rule.code, "rule_version": row.version, "subject_kind": Subject.CUSTOMER,
            "subject_id": s.customer_id, "branch_id": branch_id, "owner_id": owner, "level": level,
            "amount_fen": (customer.exposure_fen or 0) if customer else 0, "evidence": {ASKED: s.conclusion},
            "state": SignalState.RAISED, "first_on": _day(s), "last_on": _day(s),
        }, rule.cooldown_days)  # fmt: skip
        if raised:
            notices.of_a_signal(conn, by, branch_id, owner, level)


def warns(conn: Connection, conclusion: Conclusion, day: date) -> Level | None:
    """The level of the signal that a field visit with this conclusion raises at once."""
    return max((level for _row, level, _rule in _fired(conn, conclusion, day)), key=list(Level).index, default=None)


def _fired(conn: Connection, conclusion: Conclusion, day: date) -> list[tuple]:
    asking = definitions.current(conn, Definition.SIGNAL_RULE, day, naming=ASKED)
    judged = [(row, *_fires(row, conclusion)) for row in asking]
    return [(row, level, rule) for row, level, rule in judged if level is not None]


def _fires(row, conclusion: Conclusion):
    try:
        rule = signal_rules.parse(row.body)
    except refusals.BadRule:
        return None, None
    steps = [(step.level, list(leaves(step.who))) for step in rule.levels]
    if not rule.enabled or rule.subject is not Subject.CUSTOMER:
        return None, None
    if any(len(asked) != 1 or asked[0]["field"] != ASKED or asked[0]["op"] != "in" for _, asked in steps):
        return None, None
    return max((level for level, (asked,) in steps if conclusion in asked["value"]), key=list(Level).index, default=None), rule


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
        "distance_m": s.distance_m, "place": s.place, "on_site": s.on_site, "fixed_at": s.fixed_at, "grade": s.grade, "presence": s.presence,
        "away_because": s.away_because, "offline": s.offline, "received_at": s.received_at or s.finished_at, "calls": s.calls,
        "form_code": s.form[0] if s.form else None, "form_version": s.form[1] if s.form else None,
        "proposed_class": s.proposed_class, "proposed_months": s.proposed_months, "staff_id": staff_id, "branch_id": branch_id, "loan_ids": loan_ids,
    }  # fmt: skip


def _day(s: Submission):
    return s.finished_at.astimezone(settings.ZONE).date()
