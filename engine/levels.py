"""分层: customers' levels, reckoned each night by the scorecard in force, and adjusted by hand for a while by two people."""

from datetime import date, datetime, timedelta

from db import customers, definitions, levels
from db.access import Connection, Person
from db.vocab import CustomerLevel, Definition, Request
from engine import clock, faults, permits, refusals, scorecard
from engine import requests as asking

CARD = "CUSTOMER"
LONGEST = timedelta(days=366)  # of a level by hand


def follow(conn: Connection, day: date) -> list[tuple[str, str]]:
    """At night: every level by the card in force. [(code, why it was set aside)]."""
    row = definitions.one_in_force(conn, Definition.SCORECARD, CARD, day)
    if row is None:
        return []
    try:
        card = scorecard.parse(row.body)
    except refusals.BadRule:
        return [(row.code, faults.kept(scorecard.parse, row.body))]
    levels.reckon(conn, card.as_card(row.version), day)
    return []


def ask(
    conn: Connection, by: Person, customer_id: int, level: CustomerLevel, until_on: date, reason: str, *, now: datetime, today: date
) -> int:
    """Another level than the reckoned one, until a day; a second person decides. The request's id."""
    permits.must(by, "level.ask")
    customer = customers.get(conn, customer_id)
    if customer is None:
        raise refusals.NotFound
    if not today < until_on <= today + LONGEST:
        raise refusals.BadPeriod
    if customer.level == level:
        raise refusals.SameLevel
    before = {"level": customer.level}
    after = {"level": level.value, "until_on": until_on.isoformat()}
    return asking.ask(conn, by, Request.LEVEL, asking.About(customer_id, customer.branch_id), before, after, reason, now=now)


def apply(conn: Connection, request, by: int, now: datetime) -> None:
    """What was approved: in force at once."""
    customer = customers.get(conn, request.customer_id)
    if customer is None or customer.level != request.before["level"]:
        raise refusals.Stale
    today = clock.today()
    until_on = date.fromisoformat(request.after["until_on"])
    if until_on < today:
        raise refusals.Stale
    levels.adjust(
        conn, customer_id=request.customer_id, level=request.after["level"], from_on=today, until_on=until_on, reason=request.reason,
        made_by=request.asked_by, approved_by=by, approved_at=now,
    )  # fmt: skip


def end(conn: Connection, by: Person, adjustment_id: int, *, today: date) -> None:
    """Back to the reckoned level before its time."""
    permits.must(by, "level.decide")
    if not levels.end(conn, adjustment_id, today, by.id):
        raise refusals.Conflict
