"""Looking without touching: head office sees what a colleague sees, or leaves the dashboard on a wall.

Both belong to the session, so that the gate, the pages and the API know them alike (engine/sign_in.py), and both end with it.
Whoever only looks can write nothing: no verb is permitted (engine/permits.py), and his transactions cannot write (db/access.py).
"""

from datetime import datetime, timedelta

from db import audit, sessions, staff
from db.access import Connection, Person
from db.vocab import Role
from engine import permits, refusals

LOOKED_AS = frozenset({Role.BRANCH_HEAD, Role.MANAGER, Role.INSPECTOR})
WALL_LASTS = timedelta(days=30)


def begin(conn: Connection, by: Person, staff_id: int) -> None:
    """From now on this session sees what that colleague sees, until it is ended; the trail knows who looked as whom."""
    permits.must(by, "view.as")
    colleague = staff.person(conn, staff_id)
    if colleague is None or colleague.role not in LOOKED_AS:
        raise refusals.NotToBeLookedAs
    sessions.look_as(conn, by.session_id, staff_id)
    audit.note(conn, "view.as", "staff", None, {"staff_id": staff_id})


def end(conn: Connection, by: Person) -> None:
    """Back to oneself; `by` is whoever looks."""
    permits.must(by, "view.as")
    sessions.look_as(conn, by.session_id, None)


def hang(conn: Connection, by: Person, *, now: datetime) -> datetime:
    """This session becomes a wall's: it shows the dashboard and nothing else, and does not end for want of a human. Until when."""
    permits.must(by, "wall.hang")
    until = now + WALL_LASTS
    sessions.hang(conn, by.session_id, until)
    audit.note(conn, "wall.hang", "sessions", None, {"until": until.date().isoformat()})
    return until
