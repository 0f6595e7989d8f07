"""Absences: who stands in for whom, from when until when. It ends by itself: the night gives the todos back."""

from datetime import date, timedelta

from db import absences, branches
from db.access import Connection, Person
from db.vocab import Role
from engine import notices, permits, refusals
from engine.handover import preview


def arrange(
    conn: Connection, by: Person, staff_id: int, delegate_id: int, from_on: date, until_on: date, reason: str, *, today: date
) -> int:
    """The stand-in sees the customers meanwhile and has the todos: at once when it begins today. The absence's number."""
    permits.must(by, "absence.arrange")
    reason = permits.must_say_why(reason)
    if from_on < today or until_on < from_on:
        raise refusals.BadPeriod
    if staff_id == delegate_id:
        raise refusals.ToHimself
    _must_be_his(conn, by, staff_id, delegate_id)
    clash = absences.is_away(conn, delegate_id, from_on, until_on) or absences.stands_in(conn, staff_id, from_on, until_on)
    row = {
        "staff_id": staff_id,
        "delegate_id": delegate_id,
        "from_on": from_on,
        "until_on": until_on,
        "reason": reason,
        "made_by": by.id,
    }
    absence_id = None if clash else absences.arrange(conn, row)
    if absence_id is None:
        raise refusals.AwayAlready
    if from_on == today:
        absences.lend(conn, staff_id, delegate_id)
    notices.of_an_absence(conn, by, absences.get(conn, absence_id))
    return absence_id


def end(conn: Connection, by: Person, absence_id: int, *, today: date) -> None:
    """Back early, or not going after all."""
    permits.must(by, "absence.arrange")
    found = absences.get(conn, absence_id)
    if found is None:
        raise refusals.NotFound
    _must_be_his(conn, by, found.staff_id, found.delegate_id)
    if not absences.cut(conn, absence_id, today, by.id):
        raise refusals.Conflict
    if found.from_on <= today:
        absences.bring_home(conn, found.staff_id, found.delegate_id)
    notices.of_an_absence(conn, by, found, ended=True)


def follow(conn: Connection, day: date, wall: date) -> None:
    """The night of a day is done on the morning after it: who is away from that morning on has his work with the stand-in by then,
    and who is back has his own."""
    if wall - day != timedelta(days=1):
        return  # caught up, or run by hand: the night that follows does it
    for row in absences.turning(conn, wall):
        move = absences.lend if row.begins else absences.bring_home
        move(conn, row.staff_id, row.delegate_id)


def _must_be_his(conn: Connection, by: Person, staff_id: int, delegate_id: int) -> None:
    """Both are officers with the bank, and of a branch head's own people."""
    officers = preview.receivers(conn)
    if not {staff_id, delegate_id} <= officers.keys():
        raise refusals.NotAnOfficer
    his = set(branches.under(conn, by.branch_id)) if by.role is Role.BRANCH_HEAD else None
    if his is not None and not {officers[staff_id].branch_id, officers[delegate_id].branch_id} <= his:
        raise refusals.OtherBranches
