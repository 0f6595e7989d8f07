"""Of which day things are: the book, and the night that judged it."""

from datetime import date

from db import feeds, jobs
from db.access import Connection, Person
from engine import clock, night, permits


def judged_on(conn: Connection) -> date:
    """The business date of the last night; before the first one, today."""
    last = jobs.last_done(conn, night.JOB)
    return last.business_date if last else clock.today()


def book_date(conn: Connection, person: Person) -> date | None:
    """Of the last feed; who may not see feeds is told the last night's."""
    return feeds.business_date(conn) if permits.may(person, "feeds.see") else judged_on(conn)
