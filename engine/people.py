"""People: roles granted and ended. Accounts and passwords are in engine/sign_in.py."""

from collections.abc import Container
from datetime import date

from db import staff
from db.access import Connection, Person
from db.vocab import Role
from engine import permits, refusals

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


def grant(conn: Connection, by: Person, staff_id: int, role: Role, *, today: date) -> None:
    """Give a role from today on; a role held until now ends. One at a time, and nobody changes his own."""
    permits.must(by, "role.grant")
    if staff_id == by.id:
        raise refusals.FourEyes
    held = staff.role_held(conn, staff_id)
    if held is not None and held.valid_from >= today:
        raise refusals.Conflict
    if held is not None:
        staff.end_role(conn, staff_id, today)
    staff.grant(conn, staff_id, role, today, by.id)


# What the staff file may decide by itself, night by night; head office's roles are given by people.
OF_BRANCHES = frozenset({Role.MANAGER, Role.INSPECTOR, Role.BRANCH_HEAD})


def follow_staff_file(conn: Connection, *, today: date) -> int:
    """New staff of branches get their role by post, and who was moved works where he is now. How many changed."""
    granted = grant_by_post(conn, today=today, roles=OF_BRANCHES)
    moved = staff.moved(conn, today)
    for row in moved:
        staff.end_role(conn, row.staff_id, today)
        staff.grant(conn, row.staff_id, Role(row.role), today, None)
    return granted + len(moved)


def grant_by_post(conn: Connection, *, today: date, roles: Container[Role] = frozenset(Role)) -> int:
    """These roles for staff who have none yet, by what the staff file calls their post. How many were granted."""
    due = [(row.id, role) for row in staff.without_role(conn) if (role := ROLE_OF_POST.get(row.post)) in roles]
    for staff_id, role in due:
        staff.grant(conn, staff_id, role, today, None)
    return len(due)
