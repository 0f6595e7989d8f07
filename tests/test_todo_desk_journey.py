"""孙丽 at the desk of todos, by screens alone: found, given, moved, cancelled, taken back, exempted; 王芳 is the second person."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from db import access
from db.access import MACHINE
from tests import evening
from tests.browsing import Window
from tests.serving import PASSWORD, running

pytestmark = pytest.mark.browser
FOUND, CHOICES = "todos?q=刘洋", "可选择的待办"


@pytest.fixture
def the_bank(administrator, templates, monkeypatch) -> Iterator[None]:
    yield from evening.opened(administrator, templates, monkeypatch, {"wangfang": "001", "sunli": "801"})


def choose_one(sun: Window, act: str) -> None:
    """Tick the first todo of the list, and say what is to be done to it."""
    sun.click_row(CHOICES, at=16)
    sun.page.get_by_test_id("stButtonGroup").get_by_text(act, exact=True).click()
    sun.settled()


def give_day(sun: Window, label: str, day: str) -> None:
    """Typed digit by digit, as the field has a part for each of year, month and day."""
    sun.page.get_by_role("group", name=label).first.get_by_role("spinbutton").first.click()
    sun.page.keyboard.type(day.replace("-", ""))
    sun.page.keyboard.press("Enter")
    sun.page.keyboard.press("Escape")  # folds the calendar
    sun.settled()


def say_why(sun: Window, reason: str) -> None:
    sun.page.get_by_role("textbox", name="原因", exact=True).first.fill(reason)
    sun.page.keyboard.press("Tab")
    sun.settled()


def the_todo() -> sa.Row:
    """Of 刘洋, with the name of who has it and until when it is exempted."""
    with access.reading(MACHINE) as conn:
        return conn.execute(sa.text("""
            select t.state, t.due_on::text, s.name as holder, e.until_on::text as exempt, e.approved_by is not null as approved
            from todos t join customers c on c.id = t.customer_id left join staff s on s.id = t.assignee_id
            left join exemptions e on e.customer_id = c.id where c.name = '刘洋' order by t.id limit 1""")).one()  # fmt: skip


def test_a_todo_is_found_given_moved_cancelled_taken_back_and_exempted_by_two(the_bank, windows, tmp_path):
    with running(tmp_path / "log") as server:
        sun = windows.open(server.base).signed_in("sunli", PASSWORD, FOUND)
        sun.page.get_by_text("批量选择").click()
        sun.settled()
        choose_one(sun, "分派")
        sun.page.get_by_label("分派给").last.click()
        sun.page.keyboard.type("周敏")
        sun.page.get_by_role("option").first.wait_for()
        sun.page.keyboard.press("Enter")
        sun.page.keyboard.press("Tab")  # folds the list of colleagues
        sun.settled().press("分派 1 项待办").sees("已分派 1 项待办")
        choose_one(sun, "调整到期日")
        give_day(sun, "新到期日", "2026-11-22")
        sun.press("调整 1 项到期日").sees("已调整 1 项待办的到期日")
        choose_one(sun, "取消")
        say_why(sun, "客户已停业")
        sun.press("取消 1 项待办").sees("已取消 1 项待办", "没有符合条件的待办")
        assert (the_todo().state, the_todo().holder, the_todo().due_on) == ("cancelled", "周敏", "2026-11-22")
        sun.go("todos?view=batches").click_row("批量操作").press("撤回").sees("已撤回 1 项待办")
        sun.go(FOUND).page.get_by_text("批量选择").click()
        sun.settled()
        choose_one(sun, "免检")
        give_day(sun, "免检截止日", "2027-03-31")
        say_why(sun, "低风险质押")
        sun.press("申请 1 项待办免检").sees("已提交 1 项待办的免检申请")
        wang = windows.open(server.base).signed_in("wangfang", PASSWORD, "todos?view=waiting")
        wang.sees("低风险质押", "2027-03-31").press("批准").sees("已批准", "没有待审批的变更")
        assert tuple(the_todo()) == ("open", "2026-11-22", "周敏", "2027-03-31", True)
        for window in (sun, wang):
            assert (window.wrong, window.outside) == ([], [])
            window.context.close()
