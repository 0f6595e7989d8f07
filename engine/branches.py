"""Branches: where they are, for rounds begin and end there; and the tree, as people decide it beside the feeds."""

import re

from db import branches, rounds
from db.access import Connection, Person
from db.vocab import Role
from engine import permits, refusals
from engine.addresses import to_wgs84


def place(conn: Connection, by: Person, branch_id: int, lat: float, lon: float, datum: str = "wgs84") -> None:
    """Where a branch's people set out from, in the datum of the map it was read from."""
    permits.must(by, "branch.place")
    if not (3 <= lat <= 54 and 73 <= lon <= 136):
        raise refusals.NotInChina(value=f"{lat:g}, {lon:g}")
    if by.role is Role.BRANCH_HEAD and branch_id not in _mine(conn, by):
        raise refusals.NotFound
    if not rounds.place_branch(conn, branch_id, *to_wgs84(lat, lon, datum)):
        raise refusals.NotFound


def _mine(conn: Connection, by: Person) -> list[int]:
    return branches.under(conn, by.branch_id)


# --- The tree by hand -------------------------------------------------------------------------------------------------

CODE, LONGEST_NAME = re.compile(r"[0-9A-Za-z]{2,20}"), 40


def add(conn: Connection, by: Person, code: str, name: str, parent: str | None) -> int:
    """A branch that no feed hands down yet, under the one with the code `parent`. Its id."""
    permits.must(by, "branch.change")
    code, above = code.strip(), must_be_open(conn, parent)
    if not CODE.fullmatch(code):
        raise refusals.BadBranchCode
    made = branches.add(conn, code, must_be_name(name), above.id)
    if made is None:
        raise refusals.BranchCodeTaken(code=code)
    return made


def rename(conn: Connection, by: Person, code: str, name: str) -> None:
    """From now on; no feed gives it another name until it is let do so again."""
    permits.must(by, "branch.change")
    if not branches.rename(conn, must_be_open(conn, code).id, must_be_name(name)):
        raise refusals.Conflict


def follow_feed(conn: Connection, by: Person, code: str) -> None:
    """Name and place come from the feed again, with the next one that is loaded."""
    permits.must(by, "branch.change")
    if not branches.follow_feed(conn, must_be_open(conn, code).id):
        raise refusals.Conflict


def must_be_open(conn: Connection, code: str | None):
    """The branch of a code."""
    if not code:
        raise refusals.Missing(field="branch")
    found = branches.by_code(conn, code)
    if found is None:
        raise refusals.NotFound
    if not found.is_open:
        raise refusals.BranchIsClosed(name=found.name)
    return found


def must_be_name(typed: str) -> str:
    """A name as it is kept, of a branch or of somebody who works there."""
    name = " ".join(typed.split())
    if not name:
        raise refusals.Missing(field="name")
    if len(name) > LONGEST_NAME:
        raise refusals.TooLong(most=LONGEST_NAME)
    return name
