"""A working day in a real browser, over the real server: from signing in to signing out."""

import re
from collections.abc import Iterator

import pytest
from python_calamine import CalamineWorkbook

from tests import conftest, evening
from tests.browsing import DESK, PHONE, Window
from tests.serving import PASSWORD, open_accounts, running

pytestmark = pytest.mark.browser

PEOPLE = {
    "wangfang": "001", "zhaogang": "002", "fengtao": "003", "chenjing": "004", "hewei": "005", "sunli": "801", "liqiang": "802",
}  # fmt: skip


@pytest.fixture(scope="module")
def base(administrator, templates, tmp_path_factory) -> Iterator[str]:
    """The server over the small bank after its night."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIGIL_TODAY", str(evening.TODAY))
        for _url in conftest.cloned(administrator, evening.template(administrator, templates)):
            open_accounts(PEOPLE)
            with running(tmp_path_factory.mktemp("server") / "log") as server:
                yield server.base


@pytest.fixture
def at(base, windows) -> Iterator:
    """Somebody signed in; at the end nothing may have gone wrong, and no request may have left the bank."""
    opened: list[Window] = []

    def of(username: str, path: str = "", size: tuple[int, int] = DESK) -> Window:
        window = windows.open(base, size)
        opened.append(window)
        return window.signed_in(username, PASSWORD, path)

    yield of
    for window in opened:
        assert window.wrong == []
        assert window.outside == []
        window.context.close()


def test_an_officer_finds_his_day_on_the_phone(at):
    li = at("liqiang", size=PHONE)
    li.sees("11月21日 周六", "农安王记粮油店")
    assert li.page.url.endswith("/today")
    assert li.sideways() == 0
    li.page.get_by_role("button", name="⋯").first.click()
    li.settled().sees("为什么在这里", "规则")
    li.page.keyboard.press("Escape")
    for path, words in (
        ("customers", "位客户"),
        ("customer?no=K001", "基本信息"),
        ("loan?no=L1", "余额与分类变化"),
        ("signals", "条信号"),
        ("me", "修改密码"),
    ):
        li.lead(path).sees(words)
        assert li.sideways() == 0, path


def test_the_head_of_a_branch_filters_and_sends_the_link(at):
    sun = at("sunli", "todos").sees("项待办")
    sun.page.get_by_role("combobox", name="状态").click()
    sun.page.get_by_role("option", name="全部", exact=True).click()
    sun.settled()
    assert "state=all" in sun.page.url
    sun.page.get_by_role("combobox", name="类型").click()
    sun.page.get_by_role("option", name="首次检查").click()
    sun.settled()
    assert "kind=first" in sun.page.url
    sent = at("wangfang", sun.page.url.removeprefix(sun.base + "/"))
    sent.sees("首次检查", "项待办")


def test_a_tap_on_a_bar_opens_its_rows_and_no_large_library_is_fetched_for_it(at):
    wang = at("wangfang", size=PHONE)
    fetched: list[str] = []
    wang.page.on("request", lambda request: fetched.append(request.url))
    wang.go("dashboard?days=30")
    chart = wang.page.get_by_role("img", name="未来到期待办排名")
    chart.scroll_into_view_if_needed()
    assert "朝阳支行 1" in chart.evaluate("canvas => canvas.textContent")
    chart.click(position={"x": chart.bounding_box()["width"] / 2, "y": 12})
    wang.page.wait_for_url("**/todos?*branch=229001*due_from=*")
    wang.settled()
    assert not [url for url in fetched if "Plotly" in url or "embed" in url]


def test_a_figure_opens_its_rows_down_to_the_sentence_in_the_trail(at):
    wang = at("wangfang")
    wang.sees("未受理预警", "每日完成数量")
    wang.page.get_by_role("link", name="查看明细：未受理预警").click()
    wang.settled().sees("条信号")
    assert wang.page.url.endswith("/signals?state=raised")
    wang.page.go_back()
    wang.settled().sees("每日完成数量")
    parts = wang.page.get_by_role("table", name="各机构指标")
    counts = lambda: [int(cell.replace(",", "")) for cell in parts.locator("tbody td:nth-child(2)").all_inner_texts()]  # noqa: E731
    before = counts()
    parts.get_by_role("button", name="人员", exact=True).click(click_count=2)
    assert counts() == sorted(before, reverse=True) and before != counts()
    parts.get_by_role("button", name="农安支行", exact=True).click()
    wang.page.wait_for_url("**/dashboard?branch=229008")
    wang.settled().page.go_back()
    wang.settled()
    wang.page.get_by_role("link", name="贷款", exact=True).click()  # of the menu
    wang.settled().sees("笔贷款")
    assert wang.page.url.endswith("/loans")
    wang.go("loans?sort=-balance").click_row("贷款")
    assert "/loan?no=" in wang.page.url
    wang.page.go_back()
    wang.settled().sees("笔贷款")
    assert wang.page.url.endswith("/loans?sort=-balance")
    wang.go("loan?no=L1").page.get_by_role("link", name="农安王记粮油店").click()
    wang.settled().press("查看完整号码")
    wang.page.get_by_label("原因").fill("核对还款承诺")
    wang.page.keyboard.press("Tab")
    wang.settled().press("手机")
    wang.sees("13900000001")
    wang.go("loan?no=L1").sees("操作留痕", "核对还款承诺")
    assert wang.page.get_by_text("13900000001").count() == 0


def test_a_change_of_a_rule_is_approved_by_a_second_person(at):
    wang = at("wangfang", "rules?rule=FIRST-FIRM&tab=edit").press("开始起草")
    grace = wang.page.get_by_label("宽限（天）")
    grace.fill("4")
    grace.press("Enter")
    wang.settled().sees("变更后适用")
    wang.page.get_by_label("原因", exact=True).fill("雨季乡村道路难行")
    wang.page.keyboard.press("Tab")
    wang.settled().press("提交审批")
    wang.go("rules?view=waiting").sees("雨季乡村道路难行", "须由他人审批")
    zhao = at("zhaogang", "rules?view=waiting")
    zhao.press("批准").sees("没有待审批的变更")


def test_a_signal_is_taken_answered_and_closed_by_another(at):
    feng = at("fengtao", "signals").click_row("预警信号")
    feng.sees("处置预警信号")
    asked = feng.page.url.partition("id=")[2]
    feng.press("我来处理").sees("条信号")
    feng.go(f"signals?id={asked}")
    feng.page.get_by_text("资产保全", exact=True).first.click()
    feng.page.get_by_label("核实情况与处置说明").fill("已电话联系，承诺本周内还款。")
    feng.page.keyboard.press("Tab")
    feng.settled().press("提交处置意见")
    wang = at("wangfang", f"signals?id={asked}").sees("承诺本周内还款")
    wang.page.get_by_label("关闭原因").fill("欠款已结清")
    wang.page.keyboard.press("Tab")
    wang.settled().press("关闭：已处置")
    wang.go(f"signals?id={asked}").sees("欠款已结清")


def test_the_auditor_follows_a_look_at_a_number_back_to_who_looked(at):
    wang = at("wangfang", "customer?no=K002").press("查看完整号码")
    wang.page.get_by_label("原因").fill("联系借款人还款")
    wang.page.keyboard.press("Tab")
    wang.settled().press("手机").sees("13900000002")
    chen = at("chenjing", "audit?op=customer.reveal").sees("王芳", "联系借款人还款")
    chen.go("audit?view=sign_ins&user=wangfang").sees("wangfang", "王芳")
    chen.go("customer?no=K002").sees("刘洋", "操作留痕")
    assert chen.page.get_by_role("button", name="查看完整号码").count() == 0


def test_it_loads_a_folder_again_and_every_row_is_in_the_book_already(at):
    he = at("hewei")
    assert he.page.url.endswith("/feeds")
    he.sees("批次 1：核心系统").press("重新装载该文件夹")
    again = he.page.get_by_text("批次 2：").or_(he.page.get_by_text("批次 3："))
    assert any(he.go("feeds") and again.count() for _look in range(20))  # it is loaded beside the page
    he.go("operations").sees("任务")
    he.go("customers").sees("您的岗位无此权限")
    assert "刘洋" not in he.page.content()


def test_a_list_leaves_as_excel_and_a_signed_out_browser_shows_nothing(at, tmp_path):
    wang = at("wangfang", "customers")
    wang.page.get_by_text("导出 Excel").click()
    ready = wang.page.get_by_role("link", name="下载")
    ready.wait_for()
    ready.evaluate("link => link.removeAttribute('target')")  # a tab that only downloads closes before it can be asked
    with wang.page.expect_download() as coming:
        ready.click()
    assert coming.value.suggested_filename.startswith("客户 2026")
    file = tmp_path / "customers.xlsx"
    coming.value.save_as(file)
    rows = CalamineWorkbook.from_path(file).get_sheet_by_index(1).to_python()
    assert evening.FORMULA in [row[1] for row in rows]
    wang.press("退出")
    wang.page.get_by_label("用户名").wait_for()
    wang.page.goto(f"{wang.base}/customers")
    wang.page.get_by_label("用户名").wait_for()
    assert "农安王记" not in wang.page.content()


def test_a_branch_head_hands_a_portfolio_over_and_takes_it_back(at):
    """Last, for meanwhile 李强 holds nothing; taken back, everything is his again."""
    sun = at("sunli", "handover")
    _choose(sun, "移交人", "李强")
    sun.sees("未完成待办", "请选择接收人")
    _choose(sun, "接收人", "周敏")
    sun.page.keyboard.press("Escape")
    sun.sees("移交前后对比", "未来30天工作量")
    sun.page.get_by_label("原因").fill("调往德惠支行工作")
    sun.page.get_by_label("原因").press("Enter")
    sun.settled()
    sun.page.get_by_role("button", name=re.compile(r"^移交 \d+ 户$")).click()
    sun.sees("办理完成").settled()
    assert "view=list" in sun.page.url
    sun.click_row("移交记录")
    sun.page.get_by_role("dialog").get_by_text("调往德惠支行工作").wait_for()
    sun.press("撤销移交")
    sun.sees("已交还").settled()
    _choose(sun.go("handover"), "移交人", "李强")
    sun.sees("未完成待办")
    assert sun.sideways() == 0


def _choose(window: Window, label: str, name: str) -> None:
    window.page.get_by_label(label).first.click()
    window.page.keyboard.type(name)
    window.page.get_by_role("option").first.wait_for()
    window.page.keyboard.press("Enter")
    window.settled()


def test_head_office_builds_a_report_opens_its_rows_and_keeps_it(at):
    wang = at("wangfang", "reports?report=classes").sees("五级分类与产品类别余额", "合计")
    wang.page.get_by_label("列分组").click()
    wang.page.get_by_role("option", name="机构", exact=False).first.click()
    wang.settled()
    assert "column=" in wang.page.url
    wang.go('reports?subject=loans&measures=count&rows=class&cell=["normal"]&of=count').sees("正常 · 贷款")
    wang.press("保存")
    wang.page.get_by_label("报表名称").fill("正常类贷款")
    wang.page.keyboard.press("Tab")
    wang.settled().press("另存为")
    wang.go("reports").sees("报表只统计您可见的数据")
    at("liqiang", "reports?report=overdue", PHONE).sees("执行人超期待办排名")
