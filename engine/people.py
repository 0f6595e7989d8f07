"""People: who is with the bank, by the staff file and beside it. Roles by people are in engine/roles.py, accounts in engine/sign_in.py."""

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import date

from db import staff
from db.access import Connection, Person
from db.vocab import Role
from engine import branches, care, permits, refusals

# What a post is called in the staff file -> the role its holder works in. Posts not listed get their role by hand.
ROLE_OF_POST = {
    "客户经理": Role.MANAGER,
    "贷后人员": Role.INSPECTOR,
    "支行行长": Role.BRANCH_HEAD,
    "网点主任": Role.BRANCH_HEAD,
    "风险部": Role.HEAD_RISK,
    "贷款管理部": Role.HEAD_LOANS,
    "资产保全部": Role.COLLECTIONS,
    "审计部": Role.AUDITOR,
    "信息科技部": Role.IT,
    "系统管理员": Role.SYSTEM_ADMIN,
    "安全管理员": Role.SECURITY_ADMIN,
}


# What the staff file may decide by itself, night by night; head office's roles are given by people.
OF_BRANCHES = frozenset({Role.MANAGER, Role.INSPECTOR, Role.BRANCH_HEAD})


def follow_staff_file(conn: Connection, *, today: date) -> int:
    """New staff of branches get their role by post, and who was moved works where he is now. How many changed."""
    granted = grant_by_post(conn, today=today, roles=OF_BRANCHES)
    moved = staff.moved(conn, today)
    for row in moved:
        staff.end_role(conn, row.staff_id, today)
        staff.grant(conn, row.staff_id, Role(row.role), today, until=row.valid_to)
    return granted + len(moved)


def grant_by_post(conn: Connection, *, today: date, roles: Container[Role] = frozenset(Role)) -> int:
    """These roles for staff who have none yet, by what the staff file calls their post. How many were granted."""
    due = [(row.id, role) for row in staff.without_role(conn) if (role := ROLE_OF_POST.get(row.post)) in roles]
    for staff_id, role in due:
        staff.grant(conn, staff_id, role, today)
    return len(due)


# --- Staff by hand ----------------------------------------------------------------------------------------------------

NUMBER, LONGEST = re.compile(r"[0-9A-Za-z]{2,20}"), branches.LONGEST_NAME


@dataclass(frozen=True)
class Facts:
    """What is known of a member of staff; `branch` is a code."""

    name: str
    branch: str
    post: str = ""
    phone: str = ""


def add(conn: Connection, by: Person, number: str, facts: Facts, *, today: date) -> int:
    """Somebody whom no feed lists yet, with the bank from today; without a role until one is granted. His id."""
    permits.must(by, "staff.change")
    number = number.strip()
    if not NUMBER.fullmatch(number):
        raise refusals.BadStaffNumber
    made = staff.add(conn, staff_no=number, joined_on=today, **_columns(conn, facts))
    if made is None:
        raise refusals.NumberBorne(number=number)
    return made


def correct(conn: Connection, by: Person, staff_id: int, facts: Facts) -> None:
    """Of somebody whom no feed lists; a role goes along to another branch with the next night."""
    permits.must(by, "staff.change")
    if staff.row(conn, staff_id) is None:
        raise refusals.NotFound
    if not staff.correct(conn, staff_id, **_columns(conn, facts)):
        raise refusals.OfTheFeeds


def end(conn: Connection, by: Person, staff_id: int, left_on: date, *, today: date) -> None:
    """Somebody is no longer with the bank from a day on, whatever a feed goes on saying."""
    permits.must(by, "staff.change")
    found = staff.row(conn, staff_id)
    if found is None:
        raise refusals.NotFound
    if staff_id == by.id:
        raise refusals.NotOneself
    if not found.joined_on <= left_on <= today:
        raise refusals.BadLeavingDay
    if not staff.end(conn, staff_id, left_on, by.id):
        raise refusals.AlreadyDone


def bring_back(conn: Connection, by: Person, staff_id: int) -> None:
    """Whoever was ended by hand is with the bank again, in the role he held."""
    permits.must(by, "staff.change")
    if not staff.bring_back(conn, staff_id):
        raise refusals.Conflict


def _columns(conn: Connection, facts: Facts) -> dict[str, object]:
    name = branches.must_be_name(facts.name)
    post, phone = (" ".join(text.split()) for text in (facts.post, facts.phone))
    if len(post) > LONGEST:
        raise refusals.TooLong(most=LONGEST)
    if phone and not care.NUMBER.fullmatch(phone):
        raise refusals.NoPhone(value=phone)
    at = branches.must_be_open(conn, facts.branch)
    return {"name": name, "branch_id": at.id, "post": post or None, "phone": phone or None}
