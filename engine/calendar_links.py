"""A calendar of one's own: a secret link under which a phone's calendar fetches the days on which todos fall due.

Whoever has the link needs no password, so it tells numbers and kinds only; customer numbers when the bank allows it.
It ends with the account, the role, or a newer link.
"""

import secrets
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import groupby

from icalendar import Calendar, Event

from db import access, calendar_links, settings, staff, todos
from db.access import Connection, Person
from db.vocab import Kind
from engine import parameters, permits, preferences, sign_in, words
from engine.words import _

AHEAD = timedelta(days=92)
FRESH = timedelta(hours=1)  # after which a calendar may come again


def renew(conn: Connection, by: Person, *, now: datetime) -> str:
    """The secret of my new link, told this once; the old link is worth nothing any more."""
    permits.must(by, "calendar.link")
    token = secrets.token_urlsafe(32)
    calendar_links.put(conn, by.id, sign_in.token_hash(token), now)
    return token


def end(conn: Connection, by: Person) -> None:
    permits.must(by, "calendar.link")
    calendar_links.end(conn, by.id)


def whose(conn: Connection, token: str, now: datetime) -> Person | None:
    """At the gate: whose link it is, if he may still have one."""
    staff_id = calendar_links.by_token(conn, sign_in.token_hash(token))
    person = staff.person(conn, staff_id) if staff_id is not None else None
    if person is None or not permits.may(person, "calendar.link"):
        return None
    calendar_links.used(conn, person.id, now)
    return person


def calendar_of(person: Person, *, today: date, now: datetime) -> bytes:
    """The person's own todos as all-day events, in his language; what is overdue stands on today."""
    with access.reading(person) as conn:
        words.language.set(preferences.of(conn, person).get("language") or words.LANGUAGES[0])
        numbers = bool(parameters.values(conn, today)["calendar.customer_numbers"])
        rows = todos.due_days(conn, person.id, today, today + AHEAD)
    made = Calendar()
    for name, value in (
        ("prodid", "-//Vigil//Todos//"),
        ("version", "2.0"),
        ("method", "PUBLISH"),
        ("x-wr-calname", _("Vigil todos")),
    ):
        made.add(name, value)
    made.add("refresh-interval", FRESH, parameters={"value": "DURATION"})
    made.add("x-published-ttl", "PT1H")
    for event in _events(person, rows, today, now, numbers):
        made.add_component(event)
    return made.to_ical()


def _events(person: Person, rows: list, today: date, now: datetime, numbers: bool) -> Iterator[Event]:
    for (day, late), group in groupby(rows, key=lambda row: (row.day, row.late)):
        same = list(group)
        event = Event()
        event.add("uid", f"{'late' if late else day.isoformat()}-{person.id}@vigil")
        event.add("dtstamp", now)
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        event.add("summary", _summary(sum(row.n for row in same), late))
        event.add("description", "\n".join(_line(row, numbers) for row in same))
        if settings.address():
            event.add("url", f"{settings.address()}/today")
        yield event


def _summary(n: int, late: bool) -> str:
    return _("{0} todos overdue").format(n) if late else _("{0} todos due").format(n)


def _line(row, numbers: bool) -> str:
    line = _("{kind}: {n}", kind=words.name(Kind(row.kind)), n=row.n)
    return _("{0} ({1})").format(line, ", ".join(row.customers)) if numbers else line
