"""Changing rules and parameters: a new version from a day, decided by a second person."""

from datetime import date, datetime

from db import definitions, sketches
from db.access import Connection, Person
from db.vocab import Approval, Definition
from engine import deciders, forms, notices, permits, refusals, rules, scorecard, signal_rules
from engine.feed import mapping
from engine.parameters import PARAMETERS

VERB = {
    Definition.TODO_RULE: "rule.change",
    Definition.SIGNAL_RULE: "rule.change",
    Definition.PARAMETER: "parameter.change",
    Definition.MAPPING: "mapping.change",
    Definition.FORM: "form.change",
    Definition.SCORECARD: "scorecard.change",
}


def propose(
    conn: Connection, by: Person, family: Definition, code: str, body: dict, valid_from: date, why: str, *, today: date
) -> int:
    """A new version, checked now, in force from a day to come once a second person approves. Its id."""
    permits.must(by, VERB[family])
    why = permits.must_say_why(why)
    if valid_from <= today:
        raise refusals.TooSoon(date=today)
    check(family, code, body)
    made = definitions.submit(conn, family, code, body, valid_from, why, by.id)
    if made is None:
        raise refusals.AlreadyWaiting
    sketches.drop(conn, by.id, family, code)
    notices.of_a_decision(conn, by, "rule.decide", "approvals", family.value, f"decision:{made}")
    return made


def sketch(conn: Connection, by: Person, family: Definition, code: str, body: dict, *, now: datetime) -> None:
    """Kept as it is, finished or not, until it is proposed or dropped."""
    permits.must(by, VERB[family])
    sketches.put(conn, by.id, family, code, body, now)


def drop_sketch(conn: Connection, by: Person, family: Definition, code: str) -> None:
    permits.must(by, VERB[family])
    sketches.drop(conn, by.id, family, code)


def check(family: Definition, code: str, body: dict) -> None:
    """What is wrong is said when it is saved, not in the night."""
    if family is Definition.TODO_RULE:
        named = rules.parse(body).code
    elif family is Definition.SIGNAL_RULE:
        named = signal_rules.parse(body).code
    elif family is Definition.SCORECARD:
        named = scorecard.parse(body).code
    elif family is Definition.FORM:
        named = forms.parse(body).code
    elif family is Definition.MAPPING:
        named = mapping.parse(body).source
    else:
        _check_parameter(code, body)
        named = code
    if named != code:
        raise refusals.BadRule(where="code", problem=f"{named} is not {code}")


def _check_parameter(code: str, body: dict) -> None:
    value = body.get("value")
    if code not in PARAMETERS or isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10_000:
        raise refusals.BadRule(where=code, problem="a parameter is a number from 0 to 10000")


def approve(conn: Connection, by: Person, definition_id: int, *, now: datetime, today: date) -> None:
    """By somebody else than the maker; too late once its day has come."""
    found = _waiting(conn, by, definition_id)
    if found.valid_from <= today:
        raise refusals.TooSoon(date=today)
    if not definitions.decide(conn, definition_id, Approval.APPROVED, by.id, None, now):
        raise refusals.Conflict
    notices.of_an_answer(conn, by, found.made_by, found.family, Approval.APPROVED, f"decided:{definition_id}")


def refuse(conn: Connection, by: Person, definition_id: int, why: str, *, now: datetime) -> None:
    found = _waiting(conn, by, definition_id)
    why = permits.must_say_why(why)
    if not definitions.decide(conn, definition_id, Approval.REFUSED, by.id, why, now):
        raise refusals.Conflict
    notices.of_an_answer(conn, by, found.made_by, found.family, Approval.REFUSED, f"decided:{definition_id}")


def _waiting(conn: Connection, by: Person, definition_id: int):
    permits.must(by, "rule.decide")
    found = definitions.get(conn, definition_id)
    if found is None:
        raise refusals.NotFound
    deciders.must_be_second(conn, by, found.made_by)
    return found


def differences(before: dict, after: dict, at: str = "") -> list[tuple[str, object, object]]:
    """(where, was, is) for each value that two versions differ in."""
    if isinstance(before, dict) and isinstance(after, dict):
        found = []
        for key in {**before, **after}:
            found += differences(before.get(key), after.get(key), f"{at}.{key}" if at else key)
        return found
    return [] if before == after else [(at, before, after)]
