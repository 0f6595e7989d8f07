"""What the night does of handovers: those whose day has come, and temporary ones that are over. Each once, each by itself."""

from datetime import date

from db import access, handovers, jobs, moments, staff
from db.access import Connection, Person
from db.told import Told
from db.vocab import HandoverState
from engine import permits, refusals
from engine.handover import moving, preview


def follow(held: jobs.Held, today: date) -> int:
    """How many were carried out or given back. One that cannot be done says why and stops none of the others."""
    with held.begin("handover.make") as conn:
        due = handovers.due(conn, today)
    return sum(_one(held, row, today) for row in due)


def _one(held: jobs.Held, row, today: date) -> bool:
    try:
        with held.begin("handover.make") as conn:
            _must_hold(conn, row)
            now = moments.now(conn)
            if row.state == HandoverState.WAITING:
                moving.carry_out(conn, row.id, now=now, today=today)
            else:
                moving.end(conn, row.id, None, now=now)
        return True
    except Told as no:
        with held.begin("handover.make") as conn:
            _fail(conn, row, no)
        return False


def _must_hold(conn: Connection, row) -> None:
    """It is done in the name and with the sight of whoever arranged it; what the command line arranged, by the machine."""
    if row.made_by is None:
        return
    maker = staff.person(conn, row.made_by)
    if row.state == HandoverState.WAITING:
        _must_still_may(maker)
        _must_still_receive(conn, row)
    if maker is not None and permits.may(maker, "handover.make"):
        access.act_as(conn, maker, "handover.make")


def _must_still_may(maker: Person | None) -> None:
    if maker is None or not permits.may(maker, "handover.make"):
        raise refusals.MakerHasGone


def _must_still_receive(conn: Connection, row) -> None:
    if not set(row.to_ids) <= preview.receivers(conn).keys():
        raise refusals.NotAnOfficer


def _fail(conn: Connection, row, no: Told) -> None:
    """Told on the page; a temporary one that cannot end is tried again by the next night."""
    handovers.pass_on(conn, row.id, HandoverState.WAITING, state=HandoverState.FAILED, failure=no.kept())
