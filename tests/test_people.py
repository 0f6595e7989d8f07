"""People, their roles and accounts, on the page of the security administrator, and what each role may do."""

from datetime import timedelta

import pytest

from db import access, audit, sessions, staff, tables
from db.access import MACHINE
from db.vocab import Role
from engine import clock, permits
from tests import evening
from tests.bank import TODAY
from tests.test_pages import Visit, shown


@pytest.fixture(autouse=True)
def with_account(small_bank, monkeypatch):
    """李强 has an account, and is signed in on two devices."""
    monkeypatch.setenv("VIGIL_TODAY", str(TODAY))
    evening.open_accounts({"liqiang": "802"})
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
        page.text_input(key="reset_to").set_value("short").run()
        page.button(key="reset").click().run()
        assert account("802").password_hash == before and page.error
        page.text_input(key="reset_to").set_value("Another-way-in-9").run()
        page.button(key="reset").click().run()
        assert account("802").password_hash != before and account("802").must_change and open_sessions("802") == 0

    def test_disables_an_account_and_it_stands_in_the_trail(self, visit, lin):
        page = visit("security_admin").at(f"people?id={of('802')}")
        page.button(key="disable").click().run()
        assert account("802").disabled_by == lin.id
        with access.reading(MACHINE) as conn:
            assert [r.op for r in audit.listing(conn, limit=5).rows if r.noun == "accounts"][0] == "update"

    def test_sees_which_roles_somebody_held_and_grants_another(self, visit):
        page = visit("security_admin").at(f"people?id={of('802')}")
        assert "客户经理" in shown(page) and "2020-01-01" in shown(page)
        page.selectbox(key="new_role").set_value(Role.INSPECTOR).run()
        page.button(key="grant").click().run()
        with access.reading(MACHINE) as conn:
            assert [(r.role, r.granter) for r in staff.roles_of(conn, of("802"))] == [("inspector", "林霞"), ("manager", None)]

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
