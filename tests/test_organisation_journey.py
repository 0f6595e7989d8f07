"""A new outlet and a new colleague, by three separated people: 高鑫 adds both, 林霞 asks for the role, 王芳 decides; 韩冬 comes in and sees
his own part and nothing else."""

from collections.abc import Iterator

import pytest

from db import staff
from engine import acts, clock, sign_in
from tests import conftest, evening
from tests.browsing import PHONE, Window
from tests.serving import PASSWORD, open_accounts, running
from tests.test_setup_journey import choose, type_in

pytestmark = pytest.mark.browser

FIRST, OWN = "Welcome-to-the-bank-1", "My-own-way-in-7"


@pytest.fixture
def the_bank(administrator, templates, monkeypatch) -> Iterator[None]:
    monkeypatch.setenv("VIGIL_TODAY", str(evening.TODAY))
    for _url in conftest.cloned(administrator, templates["bank"]):
        open_accounts({"gaoxin": "006", "linxia": "007", "wangfang": "001"})
        yield


def add_both(gao: Window) -> None:
    gao.go("branches").press("新增机构")
    type_in(gao, "代码", "2290082")
    type_in(gao, "机构名称", "哈拉海分理处")
    choose(gao, "上级机构", "农安")
    gao.press("添加").go("branches?code=2290082").sees("哈拉海分理处", "手工新增")
    gao.go("people").press("新增人员")
    type_in(gao, "员工号", "815")
    type_in(gao, "姓名", "韩冬")
    choose(gao, "机构", "哈拉海")
    type_in(gao, "岗位", "客户经理")
    gao.press("添加").go("people?q=815").sees("1 人").click_row("人员").sees("手工新增", "没有角色")


def ask(lin: Window, address: str, why: str) -> None:
    lin.go(address).press("变更角色")
    choose(lin, "角色", "客户经理")
    type_in(lin, "原因", why)
    lin.press("提交审批").sees("无角色 → ")


def open_account(number: str, username: str) -> None:
    """By 林霞, with a password that must be changed; the fields for it are tried in tests/test_people.py."""
    lin = conftest.person("007")
    with acts.act(lin, "account.open") as conn:
        sign_in.open_account(conn, lin, staff.by_number(conn, number).id, username, FIRST, clock.now())


def decide(wang: Window, verdict: str, words: str) -> None:
    wang.go("approvals").sees("韩冬", "客户经理")
    type_in(wang, "原因", words)
    wang.press(verdict).sees("没有待您复核的事项")


def come_in(han: Window) -> Window:
    """With a password that somebody else has set, which must be changed before anything else."""
    han.page.goto(han.base)
    han.page.get_by_label("用户名").fill("handong")
    han.page.get_by_label("密码").first.fill(FIRST)
    han.page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    han.page.get_by_label("当前密码").wait_for()
    for label, text in (("当前密码", FIRST), ("新密码", OWN), ("再次输入新密码", OWN)):
        han.page.get_by_label(label, exact=True).fill(text)
        han.page.keyboard.press("Tab")
    han.settled().press("修改密码").page.wait_for_selector("[data-testid=stSidebar]", state="attached")
    return han.settled()


def test_an_outlet_and_a_colleague_are_made_and_he_sees_his_own_part_alone(the_bank, windows, tmp_path):
    with running(tmp_path / "log") as server:
        gao, lin, wang = (windows.open(server.base).signed_in(who, PASSWORD) for who in ("gaoxin", "linxia", "wangfang"))
        add_both(gao)
        address = gao.page.url.removeprefix(f"{server.base}/")
        ask(lin, address, "新网点到岗")
        decide(wang, "驳回", "请附任命文件")
        lin.go(address).sees("请附任命文件")
        ask(lin, address, "任命文件已归档")
        open_account("815", "handong")
        decide(wang, "批准", "")
        gao.go("customers").sees("您的岗位无此权限")
        han = come_in(windows.open(server.base, PHONE))
        han.go("today").sees("今日")
        for closed in ("branches", "people", "dashboard", "customer?no=K001"):
            han.lead(closed)
            assert han.page.get_by_text("王记粮油").count() == han.page.get_by_text("林霞").count() == 0
        assert han.sideways() == 0
        for window in (gao, lin, wang, han):
            assert window.wrong == [] and window.outside == []
            window.context.close()
