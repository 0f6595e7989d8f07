"""The check on a phone in a real browser: 周敏 before the shop of 王记, with one hand and a bad line."""

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from db import access, tables
from db.access import MACHINE
from tests import browsing, field_work
from tests.field_work import AT_THE_DOOR, Thumb, picture, records, todo
from tests.serving import PASSWORD, Server
from tests.test_once import TRIALS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(administrator, templates, tmp_path_factory) -> Iterator[Server]:
    with field_work.served(administrator, templates, tmp_path_factory) as server:
        yield server


@pytest.fixture
def phone(server, windows):
    window = windows.open(server.base, browsing.PHONE)
    window.context.grant_permissions(["geolocation"])
    window.context.set_geolocation(AT_THE_DOOR)
    yield window.signed_in("zhoumin", PASSWORD)
    window.context.close()


def test_an_all_normal_visit_with_three_photos_and_a_lost_line_is_recorded_once(phone, server):
    page, thumb = phone.page, Thumb(phone)
    phone.go("today")
    page.get_by_role("link", name="开始检查").tap()
    thumb.sees(re.compile("已到场")).sees(re.compile("精度 12 米"))
    thumb.tap("下一步").tap("全部正常").tap("下一步")
    thumb.shoot(picture(1))
    phone.context.set_offline(True)
    thumb.shoot(picture(2), picture(3)).sees("没有网络")
    thumb.tap("下一步").tap("下一步").tap("提交检查").sees("已存在手机上")
    assert records() == []
    phone.context.set_offline(False)
    thumb.sees(re.compile("已记录"))
    (record,) = records()
    assert (record.conclusion, record.outcome, record.on_site, record.kind) == ("normal", "completed", True, "regular")
    assert thumb.taps - 2 + 1 <= 12  # two photos more than needed; one tap on today's list


def test_what_was_typed_outlives_the_server_a_reload_and_another_device(phone, server, windows):
    page, thumb = phone.page, Thumb(phone)
    page.goto(f"{server.base}/visit?customer=K002&mode=field")
    thumb.sees(re.compile("刘洋")).tap("下一步")
    page.locator("[data-field=monthly_income] input, [data-field=sales] input").first.fill("8600")
    thumb.sees("已保存")
    server.kill()
    page.locator("[data-field=needs] textarea").fill("想买一台收割机")
    thumb.sees("没有网络")
    page.locator(".visit").get_by_role("button", name="全部正常").tap()
    server.start()
    thumb.sees("已保存")
    page.reload()
    assert page.locator("[data-field=needs] textarea").input_value() == "想买一台收割机"
    other = windows.open(server.base, browsing.PHONE).signed_in("zhoumin", PASSWORD)
    other.page.goto(f"{server.base}/visit?customer=K002&mode=field")
    assert other.page.locator("[data-field=needs] textarea").input_value() == "想买一台收割机"
    assert other.page.locator("[data-field=monthly_income] input, [data-field=sales] input").first.input_value() == "8600"
    other.context.close()


def test_who_is_elsewhere_and_was_signed_out_says_why_and_one_tap_after_the_last_word_sends_the_check(phone, server):
    page, thumb = phone.page, Thumb(phone)
    phone.context.set_geolocation(AT_THE_DOOR | {"latitude": 44.13})
    page.goto(f"{server.base}/visit?customer=K001&mode=field")
    thumb.sees(re.compile("未到场$")).tap("情况").tap("全部正常").tap("照片").shoot(picture(5, (400, 300))).sees(SENT)
    cookies = phone.context.cookies()
    phone.context.clear_cookies()
    again = page.locator(".visit").get_by_role("button", name=re.compile("重新登录"))
    thumb.tap("结论")
    again.wait_for()
    phone.context.add_cookies(cookies)
    again.tap()
    thumb.tap("结论")
    page.locator(".visit summary").tap()
    thumb.tap("+ 记录商机")
    page.get_by_label("姓名").fill("赵记烧烤")
    thumb.tap("提交").sees("未到场原因").sees("商机须填写姓名和需求").tap("结论")
    page.get_by_label("需求").fill("装修")
    thumb.tap("提交")
    page.get_by_label("需要复核人了解的情况").fill("在镇上见面")
    left_open = phone.context.new_page()
    left_open.goto(page.url)
    left_open.locator(".visit .steps button").first.wait_for()
    thumb.tap("提交检查").sees("已记录")
    assert records()[-1].away_because == "在镇上见面"
    left_open.locator(".visit").get_by_role("button", name="情况", exact=True).tap()
    left_open.locator(".visit").get_by_text("已从其他窗口或设备提交").wait_for()


def test_a_call_is_made_judged_and_recorded(phone, server):
    page, thumb = phone.page, Thumb(phone)
    page.add_init_script("HTMLAnchorElement.prototype.click = function () { window.dialled = this.href }")  # no phone here to ring
    page.goto(f"{server.base}/visit?todo={todo('regular', 'phone')}")
    thumb.tap("拨打 139****0001").sees(re.compile("通话结果")).tap("本人接通")
    assert page.evaluate("window.dialled") == "tel:13900000001"
    for n in range(2):
        page.locator("[data-field=identity] input").nth(n).tap()
    thumb.tap("下一步").tap("全部正常").tap("下一步").tap("下一步").tap("提交检查").sees("已记录")
    assert [(r.mode, r.outcome) for r in records() if r.kind == "regular" and r.mode == "phone"] == [("phone", "completed")]


def test_a_form_that_gets_no_answer_says_so_and_opens_by_itself(phone, server):
    page, thumb = phone.page, Thumb(phone)
    page.route("**/api/v1/visits", lambda route: route.fulfill(status=500))
    page.goto(f"{server.base}/visit?customer=K002&mode=field")
    thumb.sees("暂未收到银行的应答")
    page.unroute("**/api/v1/visits")
    thumb.sees(re.compile("刘洋"))


def test_a_second_tap_another_widget_a_lost_line_or_a_reload_while_submitting_leaves_one_record(phone, server):
    """In the browser itself, each so much later after the tap on submit."""
    page, thumb = phone.page, Thumb(phone)
    for n in range(OFFSETS):
        page.goto(f"{server.base}/visit?customer=K003&mode=field")
        thumb.sees("下一步").tap("情况").tap("全部正常").tap("照片").shoot(picture(n, (400, 300)))
        thumb.sees("已上传").tap("提交").sees("提交检查")
        before = len(records())
        HAPPENINGS[n % len(HAPPENINGS)](page, LATEST * n // OFFSETS)
        thumb.sees(re.compile("已记录|下一步"))
        page.wait_for_function(NOTHING_WAITS)
        assert len(records()) == before + 1, n


SENT = re.compile("已上传")
OFFSETS = max(4, int(4 * TRIALS))
LATEST = 400  # ms
SUBMIT = "[...document.querySelectorAll('*')].find(e => e.shadowRoot?.querySelector('.submit')).shadowRoot.querySelector('.submit')"


def tap_twice(page, after: int) -> None:
    page.evaluate(f"after => {{ const submit = {SUBMIT}; submit.click(); setTimeout(() => submit.click(), after); }}", after)


def go_elsewhere(page, after: int) -> None:
    page.evaluate(
        f"after => {{ const submit = {SUBMIT}, steps = submit.getRootNode().querySelectorAll('.steps button'); submit.click(); setTimeout(() => steps[1].click(), after); }}",
        after,
    )


def lose_the_line(page, after: int) -> None:
    page.evaluate(f"{SUBMIT}.click()")
    page.wait_for_timeout(after)
    page.context.set_offline(True)
    page.wait_for_timeout(200)
    page.context.set_offline(False)


def reload(page, after: int) -> None:
    page.evaluate(f"{SUBMIT}.click()")
    page.wait_for_timeout(after)
    page.reload()


HAPPENINGS = (tap_twice, go_elsewhere, lose_the_line, reload)
NOTHING_WAITS = """() => new Promise(done => {
    const asked = indexedDB.open('vigil-visits');
    asked.onsuccess = () => {
        const found = asked.result.transaction('forms').objectStore('forms').getAll();
        found.onsuccess = () => { asked.result.close(); done(!found.result.some(row => row.content.sent)); };
    };
})"""


def test_a_draw_is_told_in_words_above_its_fields(phone, server):
    t = tables.todos
    with access.transaction(MACHINE, "test") as conn:
        like = conn.execute(sa.select(t).where(t.c.id == todo("regular", "field"))).one()._asdict()
        del like["id"]
        first = conn.execute(sa.insert(t).values(like | {"kind": "first", "period": "first"})).inserted_primary_key.id
    phone.page.goto(f"{server.base}/visit?todo={first}")
    Thumb(phone).sees(re.compile("已到场")).tap("情况").sees("1. 2026-08-12 · 1,000,000")
