"""People, their roles and accounts, on the page of the security administrator, and what each role may do."""

from datetime import timedelta

import pytest

from db import access, accounts, audit, feeds, sessions, staff, tables
from db.access import MACHINE
from db.vocab import Role
from engine import __main__ as command
from engine import acts, clock, people, permits, refusals
from engine.feed import load
from tests import bank
from tests.bank import TODAY
from tests.serving import PEOPLE, open_accounts
from tests.test_pages import Visit, sentences, shown


@pytest.fixture(autouse=True)
def with_account(small_bank, monkeypatch):
    """李强 has an account, and is signed in on two devices."""
    monkeypatch.setenv("VIGIL_TODAY", str(TODAY))
    open_accounts({"liqiang": "802"})
    with access.transaction(MACHINE, "test") as conn:
        for token in (b"phone", b"desk"):
            sessions.begin(conn, token, of("802"), "10.0.0.1", "browser", clock.now())


def of(number: str) -> int:
    with access.reading(MACHINE) as conn:
        return staff.by_number(conn, number).id


def open_sessions(number: str) -> int:
    with access.reading(MACHINE) as conn:
        return len(sessions.open_of(conn, of(number), clock.now() - timedelta(days=1)))


def account(number: str):
    with access.reading(MACHINE) as conn:
        return conn.execute(tables.accounts.select().where(tables.accounts.c.staff_id == of(number))).one()


@pytest.fixture
def visit(monkeypatch):
    return lambda role: Visit(monkeypatch, role)


class TestTheSecurityAdministrator:
    def test_signs_somebody_out_everywhere(self, visit):
        page = visit("security_admin").at(f"people?id={of('802')}")
        assert not page.exception and open_sessions("802") == 2
        page.button(key="sign_out").click().run()
        assert not page.exception and open_sessions("802") == 0

    def test_resets_a_forgotten_password_which_must_be_changed(self, visit):
        before = account("802").password_hash
        page = visit("security_admin").at(f"people?id={of('802')}")
        page.text_input(key="reset_to").set_value("short")
        page.button(key="reset").click().run()
        assert account("802").password_hash == before and page.error
        page.text_input(key="reset_to").set_value("Another-way-in-9")
        page.button(key="reset").click().run()
        assert account("802").password_hash != before and account("802").must_change and open_sessions("802") == 0

    def test_opens_an_account_with_a_first_password(self, visit):
        page = visit("security_admin").at(f"people?id={of('803')}")
        page.text_input(key="new_username").set_value("zhoumin")
        page.text_input(key="new_password").set_value("Welcome-to-the-bank-1")
        page.button(key="open_account").click().run()
        assert not page.exception and account("803").must_change and "zhoumin" in shown(page)

    def test_disables_an_account_and_it_stands_in_the_trail(self, visit, lin):
        page = visit("security_admin").at(f"people?id={of('802')}")
        page.button(key="disable").click().run()
        assert account("802").disabled_by == lin.id
        with access.reading(MACHINE) as conn:
            assert [r.op for r in audit.listing(conn, limit=5).rows if r.noun == "accounts"][0] == "update"

    def test_sees_which_roles_somebody_held_and_asks_for_another(self, visit):
        page = visit("security_admin").at(f"people?id={of('802')}")
        assert "客户经理" in shown(page) and "2020-01-01" in shown(page)
        page.selectbox(key="new_role").set_value(Role.INSPECTOR)
        page.text_input(key="role_why").set_value("改任贷后人员").run()
        page.button(key="do_ask_role").click().run()
        assert not page.exception and "客户经理 → **贷后人员**" in shown(page)  # waits for a second person
        with access.reading(MACHINE) as conn:
            assert [(r.role, r.granter) for r in staff.roles_of(conn, of("802"))] == [("manager", None)]

    def test_sees_no_customers_of_anybody(self, visit):
        assert "holds" not in shown(visit("security_admin").at(f"people?id={of('802')}"))


class TestWhoLooks:
    def test_head_office_sees_what_hangs_on_somebody_and_hands_it_over(self, visit):
        page = visit("head_risk").at(f"people?id={of('802')}")
        assert [m.value for m in page.metric] == ["2", "0", "0"]
        assert "liqiang" not in shown(page) and "disable" not in [b.key for b in page.button]

    def test_a_leaver_with_customers_is_pointed_out(self, visit):
        with access.transaction(MACHINE, "test") as conn:
            conn.exec_driver_sql(f"update staff set left_on = '{TODAY}' where staff_no = '802'")
            leaver = conn.exec_driver_sql("select id from staff where staff_no = '802'").scalar_one()
        page = visit("head_risk").at(f"people?id={leaver}")
        assert not page.exception and page.warning

    @pytest.mark.parametrize("asked", ["0", "-1", "²", "99999999", "9" * 40, "x"])
    def test_nobody_of_that_number(self, visit, asked):
        page = visit("auditor").at(f"people?id={asked}")
        assert not page.exception and "没有此人" in shown(page)

    def test_the_table_of_rights_says_what_is_asked(self, visit):
        page = visit("auditor").at("people?view=rights&role=auditor")
        assert not page.exception
        assert len(page.dataframe[0].value) == sum("auditor" in roles for roles in permits.PERMITS.values())

    def test_the_auditor_asks_who_may_see_a_customer(self, visit):
        page = visit("auditor").at("customer?no=K001")
        page.toggle(key="see_who").set_value(True).run()
        assert not page.exception
        names = set(page.dataframe[-1].value["name"])
        assert {"孙丽", "李强", "王芳", "陈静"} <= names and not {"马超", "吴磊", "冯涛", "何伟"} & names


class TestStaffByHand:
    """高鑫 keeps who is in no feed, and ends who has left; the nightly files do not undo it."""

    @pytest.fixture
    def hand_down(self, tmp_path):
        days = iter(range(1, 9))

        def load_staff(*changes: tuple, without: str | None = None) -> dict[str, tuple]:
            """A night's files with these lines of staff, and without a number; who is with the bank afterwards, and what was set aside."""
            given = bank.first_delivery().on(TODAY + timedelta(days=next(days)))
            numbers = {change[0] for change in changes} | {without}
            given.staff = [row for row in given.staff if row[0] not in numbers] + list(changes)
            (report,) = load.load(given.write(tmp_path), "union")
            assert report.stops == []
            with access.reading(MACHINE) as conn:
                here = {c.staff_no: (c.id, c.name, c.branch) for c in staff.colleagues(conn)}
                aside = feeds.rejected(conn, report.run_id)
            return here | {"aside": [r.reasons for r in aside]}

        return load_staff

    def added(self, gao, number: str = "815", name: str = "韩冬", branch: str = "229008") -> int:
        with acts.act(gao, "staff.change") as conn:
            return people.add(conn, gao, number, people.Facts(name, branch, "客户经理", "13800000815"), today=TODAY)

    def ended(self, gao, number: str) -> None:
        with acts.act(gao, "staff.change") as conn:
            people.end(conn, gao, of(number), TODAY, today=TODAY)

    def number(self, number: str) -> int:
        with access.reading(MACHINE) as conn:
            return staff.bearer(conn, number).id

    def test_whoever_is_in_no_feed_stays_has_no_role_and_is_found_by_the_first_file_that_lists_him(self, gao, hand_down):
        new = self.added(gao)
        assert hand_down()["815"] == (new, "韩冬", "农安支行")
        with access.transaction(MACHINE, "test") as conn:
            assert people.follow_staff_file(conn, today=TODAY) == 0 and staff.roles_of(conn, new) == []
        listed = ("815", "韩冬", "229001", "客户经理", "13800000815")
        assert hand_down(listed)["815"] == (new, "韩冬", "朝阳支行")
        assert "815" not in hand_down()  # what a feed has taken over, it may end

    def test_a_file_that_gives_his_number_to_another_name_is_set_aside(self, gao, hand_down):
        new = self.added(gao)
        after = hand_down(("815", "韩夏", "229001", "客户经理", ""))
        assert after["815"] == (new, "韩冬", "农安支行") and after["aside"] == [["number_by_hand"]]

    def test_who_was_ended_by_hand_does_not_come_back_while_the_file_lists_him(self, gao, hand_down):
        li = of("802")
        self.ended(gao, "802")
        assert "802" not in hand_down()
        assert "802" not in hand_down(("802", "李强", "229008", "客户经理", "13900000802"))
        with access.reading(MACHINE) as conn:
            (leaver,) = staff.leavers(conn)
        assert (leaver.id, leaver.by, leaver.listed) == (li, "高鑫", True)
        hand_down(without="802")
        with access.reading(MACHINE) as conn:
            assert [leaver.listed for leaver in staff.leavers(conn)] == [False]
        assert hand_down()["802"][0] != li  # taken on again: the source says something new

    def test_his_number_may_go_to_somebody_new(self, gao, hand_down):
        li = of("802")
        self.ended(gao, "802")
        after = hand_down(("802", "孟飞", "229008", "客户经理", ""))
        assert after["802"][1] == "孟飞" and after["802"][0] != li
        assert hand_down(("802", "孟飞", "229001", "客户经理", ""))["802"] == (after["802"][0], "孟飞", "朝阳支行")

    def test_the_page_adds_corrects_ends_and_brings_back(self, visit):
        page = visit("system_admin").at("people")
        page.text_input(key="new_no").set_value("802")
        page.text_input(key="new_name").set_value("韩冬")
        page.selectbox(key="new_branch").set_value("2290081")
        page.button(key="do_add").click().run()
        assert "工号 802 已有在职人员使用" in sentences(page)[0]
        page.text_input(key="new_no").set_value("815")
        page.button(key="do_add").click().run()
        page = visit("system_admin").at(f"people?id={self.number('815')}")
        page.text_input(key="its_name").set_value("韩东")
        page.button(key="do_correct").click().run()
        assert "韩东" in shown(page) and "手工新增" in shown(page)
        page = visit("system_admin").at(f"people?id={of('802')}")
        assert "its_name" not in [field.key for field in page.text_input] and "请在源系统更正" in shown(page)
        page.button(key="do_end").click().run()
        assert not page.exception and let_in("802") is None
        assert "李强" in visit("system_admin").at("people?view=left").dataframe[0].value.to_string()
        page = visit("system_admin").at(f"people?id={self.number('802')}")
        page.button(key="bring_back").click().run()
        with access.reading(MACHINE) as conn:
            assert staff.person(conn, of("802")).role == Role.MANAGER

    def test_what_cannot_be_is_said(self, gao):
        with acts.act(gao, "staff.change") as conn:
            for facts, no in (
                (people.Facts(" ", "229008"), refusals.Missing), (people.Facts("韩冬", "999"), refusals.NotFound),
                (people.Facts("韩冬", "229008", phone="12"), refusals.NoPhone), (people.Facts("长" * 41, "229008"), refusals.TooLong),
            ):  # fmt: skip
                with pytest.raises(no):
                    people.add(conn, gao, "815", facts, today=TODAY)
            with pytest.raises(refusals.BadStaffNumber):
                people.add(conn, gao, "8 15", people.Facts("韩冬", "229008"), today=TODAY)
            with pytest.raises(refusals.OfTheFeeds):
                people.correct(conn, gao, of("802"), people.Facts("李刚", "229008"))
            with pytest.raises(refusals.NotOneself):
                people.end(conn, gao, gao.id, TODAY, today=TODAY)
            with pytest.raises(refusals.BadLeavingDay):
                people.end(conn, gao, of("802"), TODAY + timedelta(days=1), today=TODAY)
            with pytest.raises(refusals.Conflict):
                people.bring_back(conn, gao, of("802"))


def let_in(number: str):
    """Who somebody is for the gate."""
    with access.reading(MACHINE) as conn:
        return staff.person(conn, staff.bearer(conn, number).id)


def first_account(number: str, *options: str) -> int:
    return command.main(["account", number, *options])


def test_the_first_account_is_of_somebody_whose_post_the_file_does_not_know(small_bank, capsys):
    assert first_account("A001") == 1 and "行内没有工号 A001 的人员" in capsys.readouterr().err
    assert first_account("A001", "--name", "林霞") == 1 and "的岗位没有对应角色，请指定角色" in capsys.readouterr().err
    with access.reading(MACHINE) as conn:
        assert staff.by_number(conn, "A001") is None  # all of it or nothing
    assert first_account("A001", "--name", "林霞", "--role", "security_admin") == 0
    assert "林霞 · 安全管理员" in capsys.readouterr().out
    assert first_account("A001", "--role", "auditor") == 1 and "由他人审批" in capsys.readouterr().err


def test_a_forgotten_password_is_reset_on_the_machine_where_nobody_else_may(small_bank, capsys):
    number = PEOPLE["liqiang"]
    assert first_account(number, "--reset") == 0 and "须在 72 小时内" in capsys.readouterr().out
    with access.reading(MACHINE) as conn:
        assert accounts.of_staff(conn, staff.by_number(conn, number).id).must_change
    assert first_account("A001", "--reset") == 1
