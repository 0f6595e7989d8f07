"""A new product from nothing to its first todo and its own form, by screens alone: 王芳 makes it, 赵刚 lets it in, 李强 goes there."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from db import access, customers, todos
from db.access import MACHINE
from engine import night
from engine.feed import load
from tests import evening
from tests.browsing import PHONE, Window
from tests.serving import PASSWORD, running

pytestmark = pytest.mark.browser

NEXT = evening.TODAY + timedelta(days=1)


@pytest.fixture
def the_bank(administrator, templates, monkeypatch) -> Iterator[None]:
    yield from evening.opened(administrator, templates, monkeypatch, {"wangfang": "001", "zhaogang": "002", "liqiang": "802"})


def type_in(window: Window, label: str, text: str) -> None:
    window.page.get_by_role("textbox", name=label, exact=True).first.fill(text)
    window.page.keyboard.press("Tab")
    window.settled()


def choose(window: Window, label: str, option: str) -> None:
    window.page.get_by_label(label).last.click()  # a list has filters of the same name above
    window.page.keyboard.type(option)
    window.page.get_by_role("option").first.wait_for()
    window.page.keyboard.press("Enter")
    window.settled()


def make(wang: Window) -> None:
    """The product, its plan, and its form with one question more."""
    wang.go("products").press("新建产品")
    type_in(wang, "代码", "230")
    type_in(wang, "名称", "大棚贷")
    choose(wang, "类别", "涉农")
    choose(wang, "数据来源", "省联社")
    wang.press("开始编写").sees("首次检查：放款后天数")
    choose(wang, "复制此表单的问题", "农户首次贷后检查")
    wang.press("复制").page.get_by_role("link", name="编辑问题").click()
    wang.settled().press("添加问题")
    type_in(wang, "问题", "大棚是否完好")
    wang.press("添加").page.locator(".visit").get_by_text("大棚是否完好").wait_for()  # the phone beside it asks it at once
    wang.page.get_by_role("link", name="返回大棚贷").click()
    wang.settled().sees("配置结果")
    type_in(wang, "原因", "设施农业新产品")
    wang.press("提交审批").sees("须由他人审批")


def hand_down(inbox) -> int:
    """Two nights' files, the second with a loan of the product; the todo of its first check."""
    given = evening.delivery()
    load.load(given.on(evening.TODAY).write(inbox))
    given.products.append(("230", "大棚贷", "10"))
    given.loan("L230", "K002", product="230", amount="90000.00", balance="90000.00", disbursed=evening.TODAY)
    load.load(given.on(NEXT).write(inbox))
    night.night(NEXT)
    with access.reading(MACHINE) as conn:
        customer = customers.by_number(conn, "K002")
        return next(t.id for t in todos.of_customer(conn, customer.id) if t.rule_code == "FIRST-230")


def test_a_new_product_by_screens_alone_until_an_officer_is_asked_its_own_question(the_bank, windows, tmp_path, monkeypatch):
    with running(tmp_path / "log") as server:
        wang = windows.open(server.base).signed_in("wangfang", PASSWORD)
        make(wang)
        zhao = windows.open(server.base).signed_in("zhaogang", PASSWORD, "products?view=waiting")
        zhao.sees("大棚贷首次检查", "“大棚贷 · 农户首次贷后检查”的全部问题").press("批准").sees("没有待审批的变更")
        zhao.go("rules?view=waiting").sees("没有待审批的变更")  # its rule and its form came in with it
        for window in (wang, zhao):
            assert window.wrong == [] and window.outside == []
            window.context.close()
    todo = hand_down(tmp_path / "inbox")
    monkeypatch.setenv("VIGIL_TODAY", str(NEXT))
    with running(tmp_path / "log") as server:
        li = windows.open(server.base, PHONE).signed_in("liqiang", PASSWORD, f"visit?todo={todo}")
        li.page.locator(".visit").get_by_role("button", name="情况").tap()
        li.page.locator(".visit").get_by_text("大棚是否完好").wait_for()
        assert (li.sideways(), li.wrong, li.outside) == (0, [], [])
        li.context.close()
