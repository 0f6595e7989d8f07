"""The bank's own working days: asked for by one, approved by another, with what they do to the todos told before."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from db import calendar as days
from db import todos
from db.access import Connection, Person
from db.vocab import Anchor, Request
from engine import calendar, cycles, generate, permits, refusals, requests
from engine.calendar import Calendar
from engine.cycles import When
from engine.requests import About

LONGEST = 31  # days of one request
AROUND, LATER = timedelta(days=20), timedelta(days=60)  # of a changed day: whose due day it may move


class Move(NamedTuple):
    """How many todos due on a day would be due on another."""

    due_on: date
    to: date
    n: int


def ask(
    conn: Connection,
    by: Person,
    first: date,
    last: date,
    working: bool | None,
    note: str,
    reason: str,
    *,
    now: datetime,
    today: date,
) -> int:
    """Days to be worked or to be off, or (None) as they are published; from tomorrow on. The request's id."""
    permits.must(by, "calendar.change")
    wanted = changed(first, last, working)
    if first <= today:
        raise refusals.TooSoon(date=today)
    if not wanted or last - first >= timedelta(days=LONGEST):
        raise refusals.NoSuchDays(most=LONGEST)
    before = {day.isoformat(): working_ for day, working_ in _as_they_are(conn, wanted).items()}
    moved = sum(move.n for move in effect(conn, first, last, working, today=today))
    after = {"days": [day.isoformat() for day in wanted], "working": working, "note": note.strip()[:40], "moved": moved}
    return requests.ask(conn, by, Request.WORKING_DAYS, About(0, by.branch_id, first.toordinal()), before, after, reason, now=now)


def apply(conn: Connection, request, by: int, now: datetime) -> None:
    """What was asked for, once a second person has agreed; not when a day has been set otherwise meanwhile."""
    wanted = [date.fromisoformat(day) for day in request.after["days"]]
    if {day.isoformat(): working for day, working in _as_they_are(conn, wanted).items()} != request.before:
        raise refusals.Stale
    working, note = request.after["working"], request.after["note"] or None
    days.put(conn, [_row(day, working, note, by) for day in wanted])


def changed(first: date, last: date, working: bool | None) -> list[date]:
    """The days from first to last that would be set: all, or for "off" those that are worked as their weekday says."""
    every = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [day for day in every if working is not False or day.weekday() < 5 or calendar.published(day)[0]]


def _as_they_are(conn: Connection, wanted: Sequence[date]) -> dict[date, bool]:
    known = calendar.load(conn)
    return {day: known.is_working(day) for day in wanted}


def _row(day: date, working: bool | None, note: str | None, by: int) -> dict:
    if working is not None:
        return {"day": day, "working": working, "note": note, "set_by": by}
    as_published, name = calendar.published(day)
    return {"day": day, "working": day.weekday() < 5 if as_published is None else as_published, "note": name, "set_by": None}


def effect(conn: Connection, first: date, last: date, working: bool | None, *, today: date) -> list[Move]:
    """Which open todos the next night would move, and where to, by the rules in force."""
    now = calendar.load(conn)
    then = Calendar(now.exceptions | {day: bool(_row(day, working, None, 0)["working"]) for day in changed(first, last, working)})
    rules = {r.rule.code: r.rule.timing() for r in generate.book(conn, today).rules}
    moves: dict[tuple[date, date], int] = {}
    for row in todos.dues(conn, max(today, first - AROUND), last + LATER):
        to = _due(row, rules.get(row.rule_code), now, then)
        if to != row.due_on:
            moves[row.due_on, to] = moves.get((row.due_on, to), 0) + row.n
    return [Move(due_on, to, n) for (due_on, to), n in sorted(moves.items())]


def _due(row, when: When | None, now: Calendar, then: Calendar) -> date:
    """Where a todo's day would lie; unmoved when it does not follow from its rule as that is now."""
    if when is None or row.anchor_on is None:
        return row.due_on
    floor = date.min if when.anchor is Anchor.MATURITY else row.anchor_on
    nominal = _nominal(row, when, now, then)
    was = cycles.shifted(row.nominal_on, floor, when, now)
    return cycles.shifted(nominal, floor, when, then) if was == row.due_on else row.due_on


def _nominal(row, when: When, now: Calendar, then: Calendar) -> date:
    """Days that are counted in working days move with every one between."""
    if when.working:
        for offset in when.offsets:
            if now.add_working(row.anchor_on, offset) == row.nominal_on:
                return then.add_working(row.anchor_on, offset)
    return row.nominal_on
