"""Roles by two people: 林霞 asks, 王芳 or a second security administrator decides, nobody about himself, for as long as was said."""

from datetime import date, timedelta

import pytest

from db import access, audit, notices, requests, staff
from db.access import MACHINE, Person
from db.vocab import Request, Role
from engine import acts, approvals, clock, people, refusals, roles
from engine import notices as telling
from tests.bank import TODAY
from tests.conftest import person
from tests.serving import open_accounts
from tests.test_pages import Visit, shown

NOW = clock.now()
WHY = "接替离职人员"


@pytest.fixture(autouse=True)
def _today(small_bank, monkeypatch):
    monkeypatch.setenv("VIGIL_TODAY", str(TODAY))


@pytest.fixture
def second(small_bank) -> Person:
    """高鑫 becomes a second security administrator."""
    with access.transaction(MACHINE, "test") as conn:
        conn.exec_driver_sql(
            "update staff_roles set role = 'security_admin' where staff_id = (select id from staff where staff_no = '006')"
        )
    return person("006")


def day(n: int) -> date:
    return TODAY + timedelta(days=n)


def ask(by: Person, number: str, role: Role | None, begin: int = 0, until: int | None = None, why: str = WHY) -> int:
    with acts.act(by, "role.grant") as conn:
        last = None if until is None else day(until)
        return roles.ask(conn, by, staff_id(number), role, day(begin), last, why, now=NOW, today=TODAY)


def approve(by: Person, request: int) -> None:
    with acts.act(by, "request.decide") as conn:
        approvals.approve(conn, by, request, now=NOW)


def staff_id(number: str) -> int:
    with access.reading(MACHINE) as conn:
        return staff.by_number(conn, number).id


def held(number: str) -> list[tuple]:
    """(role, from, first day without), in days from today."""
    with access.reading(MACHINE) as conn:
        rows = staff.roles_of(conn, staff_id(number))
    known = [(r.role, (r.valid_from - TODAY).days, r.valid_to and (r.valid_to - TODAY).days) for r in rows]
    return [(role, "long ago" if begin < -365 else begin, end) for role, begin, end in reversed(known)]


def role_on(number: str, on: date, monkeypatch) -> Role | None:
    monkeypatch.setenv("VIGIL_TODAY", str(on))
    with access.reading(MACHINE) as conn:
        found = staff.person(conn, staff_id(number))
    monkeypatch.setenv("VIGIL_TODAY", str(TODAY))
    return found and found.role


class TestARole:
    def test_changes_when_a_second_person_approves_and_not_before(self, lin, wang, li):
        request = ask(lin, "802", Role.INSPECTOR)
        assert held("802") == [("manager", "long ago", None)]
        approve(wang, request)
        assert held("802") == [("manager", "long ago", 0), ("inspector", 0, None)]
        assert person("802").role is Role.INSPECTOR  # with the next click

    def test_is_decided_by_a_second_security_administrator_who_sees_no_customer(self, lin, second):
        approve(second, ask(lin, "802", Role.COLLECTIONS))
        assert person("802").role is Role.COLLECTIONS

    def test_that_begins_later_waits_for_its_day(self, lin, wang, monkeypatch):
        approve(wang, ask(lin, "802", Role.BRANCH_HEAD, begin=5))
        assert held("802") == [("manager", "long ago", 5), ("branch_head", 5, None)]
        assert [role_on("802", day(n), monkeypatch) for n in (4, 5)] == [Role.MANAGER, Role.BRANCH_HEAD]

    def test_for_a_while_gives_way_by_itself_to_what_was_held_before(self, lin, wang, monkeypatch):
        approve(wang, ask(lin, "802", Role.BRANCH_HEAD, begin=2, until=8))
        assert held("802") == [("manager", "long ago", 2), ("branch_head", 2, 9), ("manager", 9, None)]
        assert [role_on("802", day(n), monkeypatch) for n in (1, 8, 9)] == [Role.MANAGER, Role.BRANCH_HEAD, Role.MANAGER]

    def test_that_nobody_held_before_ends_in_none(self, gao, lin, wang, monkeypatch):
        with acts.act(gao, "staff.change") as conn:
            people.add(conn, gao, "815", people.Facts("韩冬", "2290081"), today=TODAY)
        approve(wang, ask(lin, "815", Role.MANAGER, until=3))
        assert [role_on("815", day(n), monkeypatch) for n in (0, 3, 4)] == [Role.MANAGER, Role.MANAGER, None]

    def test_is_withdrawn_with_what_was_to_follow(self, lin, wang):
        approve(wang, ask(lin, "802", Role.BRANCH_HEAD, begin=2, until=8))
        approve(wang, ask(lin, "802", None, begin=4))
        assert held("802") == [("manager", "long ago", 2), ("branch_head", 2, 4)]

    def test_that_was_approved_late_begins_with_the_approval(self, lin, wang, monkeypatch):
        request = ask(lin, "802", Role.INSPECTOR)
        monkeypatch.setenv("VIGIL_TODAY", str(day(3)))
        approve(wang, request)
        assert held("802") == [("manager", "long ago", 3), ("inspector", 3, None)]

    def test_goes_along_to_another_branch_until_its_day(self, lin, wang):
        approve(wang, ask(lin, "802", Role.INSPECTOR, until=9))
        with access.transaction(MACHINE, "test") as conn:
            conn.exec_driver_sql(
                "update staff set branch_id = (select id from branches where code = '229001') where staff_no = '802'"
            )
            assert people.follow_staff_file(conn, today=day(1)) == 1
        with access.reading(MACHINE) as conn:
            branches = {(r.role, r.branch): r.valid_to for r in staff.roles_of(conn, staff_id("802"))}
        assert branches["inspector", "朝阳支行"] == day(10) and branches["inspector", "农安支行"] == day(1)


class TestNobody:
    def test_but_the_security_administrator_asks(self, small_bank):
        for number in ("001", "005", "006", "801"):
            with pytest.raises(refusals.NotPermitted):
                ask(person(number), "802", Role.AUDITOR)

    def test_asks_or_decides_about_himself_nor_decides_what_he_asked(self, lin, second, wang):
        with pytest.raises(refusals.NotOneself):
            ask(lin, "007", Role.HEAD_RISK)
        request = ask(lin, "006", Role.HEAD_RISK)
        for by, no in ((second, refusals.NotOneself), (lin, refusals.FourEyes)):
            with pytest.raises(no):
                approve(by, request)
        with access.reading(second) as conn:
            assert approvals.decidable(conn, second, approvals.waiting(conn, second)) == []
        about_wang = ask(lin, "001", None)
        with pytest.raises(refusals.NotOneself):
            approve(wang, about_wang)
        assert person("006").role is Role.SECURITY_ADMIN

    def test_else_decides(self, lin):
        request = ask(lin, "802", Role.INSPECTOR)
        for number in ("002", "006", "801"):
            with pytest.raises(refusals.NotPermitted):
                approve(person(number), request)

    def test_settles_a_role_but_by_approving_it(self, lin, second):
        request = ask(lin, "802", Role.AUDITOR)
        with access.transaction(second, "test") as conn:
            assert conn.exec_driver_sql(f"select vigil_settle_role({request})").scalar_one() is False

    def test_asks_for_what_cannot_be(self, lin):
        for role, begin, until, why, no in (
            (Role.INSPECTOR, -1, None, WHY, refusals.BadPeriod),
            (Role.INSPECTOR, 5, 4, WHY, refusals.BadPeriod),
            (None, 0, 9, WHY, refusals.BadPeriod),
            (Role.MANAGER, 0, None, WHY, refusals.HeldAlready),
            (Role.INSPECTOR, 0, None, " ", refusals.Missing),
        ):
            with pytest.raises(no):
                ask(lin, "802", role, begin, until, why)

    def test_asks_twice_at_once_and_what_was_based_on_another_role_is_refused(self, lin, wang):
        request = ask(lin, "802", Role.INSPECTOR)
        with pytest.raises(refusals.AlreadyWaiting):
            ask(lin, "802", Role.AUDITOR)
        with access.transaction(MACHINE, "test") as conn:
            staff.end_role(conn, staff_id("802"), TODAY)
        with pytest.raises(refusals.Stale):
            approve(wang, request)


class TestWhoIsTold:
    def test_the_deciders_are_told_the_asker_hears_and_the_trail_names_both(self, lin, wang):
        open_accounts({"wang": "001", "lin": "007", "sun": "801"})
        request = ask(lin, "802", Role.INSPECTOR)
        assert self.told("001") == ["有一项变更等待您审批：角色变更"] and self.told("801") == []
        approve(wang, request)
        assert self.told("007") == ["已批准：角色变更"]
        with access.reading(MACHINE) as conn:
            lines = [r for r in audit.listing(conn, limit=9).rows if r.noun == "staff_roles"]
        assert {r.op for r in lines if r.staff_id == wang.id} == {"insert", "update"}

    def told(self, number: str) -> list[str]:
        with access.reading(person(number)) as conn:
            return [telling.sentence(row.why, row.parts) for row in notices.of_person(conn, person(number).id)]

    def test_the_queue_of_a_security_administrator_holds_roles_and_nothing_else(self, lin, second, wang, monkeypatch):
        with access.transaction(MACHINE, "test") as conn:
            conn.exec_driver_sql(f"""insert into requests (customer_id, kind, branch_id, after, reason, asked_by, asked_at)
                select id, 'level', branch_id, '{{}}', 'r', {wang.id}, now() from customers where customer_no = 'K001'""")
        request = ask(lin, "802", Role.INSPECTOR)
        page = Visit(monkeypatch, "system_admin").at("approvals")
        assert not page.exception and "李强" in shown(page) and "王记" not in shown(page)
        page.text_input(key=f"note_{request}").set_value("无任命文件")
        page.button(key=f"refuse_{request}").click().run()
        assert not page.exception and person("802").role is Role.MANAGER
        page = Visit(monkeypatch, "security_admin").at(f"people?id={staff_id('802')}")
        assert "无任命文件" in shown(page)  # on the person's page, with who decided

    def test_its_last_day_is_told_as_it_was_asked_for(self, lin, wang, monkeypatch):
        approve(wang, ask(lin, "802", Role.INSPECTOR, until=9))
        page = shown(Visit(monkeypatch, "security_admin").at(f"people?id={staff_id('802')}"))
        assert page.count(f"{day(0)} 至 {day(9)}") == 2  # as held, and as it was asked for

    def test_the_auditor_sees_it_and_the_system_administrator_does_not(self, lin, chen, gao, monkeypatch):
        ask(lin, "802", Role.INSPECTOR)
        page = Visit(monkeypatch, "auditor").at(f"people?id={staff_id('802')}")
        assert not page.exception and WHY in shown(page) and not [b for b in page.button if (b.key or "").startswith("approve")]
        with access.reading(gao) as conn:
            assert requests.about(conn, Request.ROLE, staff_id("802")) == []
