"""Branches: where they are, for rounds begin and end there."""

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
