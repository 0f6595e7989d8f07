"""Which night judged what a page tells of rules and todos."""

from datetime import date

from db import jobs
from db.access import Connection
from engine import clock, night


def judged_on(conn: Connection) -> date:
    """The business date of the last night; before the first one, today."""
    last = jobs.last_done(conn, night.JOB)
    return last.business_date if last else clock.today()
