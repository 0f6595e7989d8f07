"""Who may be the second person (复核): by what is asked, never oneself, and nobody below who asked."""

from db import branches, staff
from db.access import Connection, Person
from db.vocab import Request, Role
from engine import refusals

# Which permit decides each kind of request. All are within "request.decide", some are narrower.
PERMITS: dict[Request, str] = {
    Request.ADDRESS_MOVE: "request.decide", Request.EXPORT: "request.decide", Request.LEVEL: "level.decide",
    Request.WORKING_DAYS: "calendar.change",
    Request.DEFERRAL: "request.decide", Request.EXEMPTION: "exemption.approve", Request.CYCLE: "cycle.decide",
    Request.ROLE: "role.decide", Request.BRANCH: "branch.restructure",
}  # fmt: skip

RANKS = {Role.BRANCH_HEAD: 1, Role.HEAD_LOANS: 2, Role.HEAD_RISK: 2}  # everybody else: 0


def must_be_second(conn: Connection, by: Person, asked_by: int | None) -> None:
    """Whoever decides is somebody else than who asked, and not below him."""
    if asked_by == by.id:
        raise refusals.FourEyes
    asker = staff.person(conn, asked_by) if asked_by else None
    if asker is not None and is_below(conn, by.role, by.branch_id, asker.role, asker.branch_id):
        raise refusals.Superior


def is_below(conn: Connection, role: Role, branch_id: int, askers: Role, askers_branch_id: int) -> bool:
    """In rank; between heads of branches the one whose branch belongs to the other's."""
    mine, theirs = RANKS.get(role, 0), RANKS.get(askers, 0)
    if mine != theirs or role is not Role.BRANCH_HEAD:
        return mine < theirs
    return branch_id != askers_branch_id and branch_id in branches.under(conn, askers_branch_id)
