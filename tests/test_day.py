"""周敏's day, from signing in to head office seeing it: one thumb, a phone of 390 pixels, a line that comes and goes."""

import re
from collections.abc import Iterator

import pytest

from tests import browsing, field_work
from tests.field_work import AT_THE_DOOR, Thumb, picture, records
from tests.serving import PASSWORD, Server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(administrator, templates, tmp_path_factory) -> Iterator[Server]:
    with field_work.served(administrator, templates, tmp_path_factory) as server:
        yield server


def test_the_whole_day_of_an_inspector(server):
    with browsing.browser() as windows:
        phone = windows.open(server.base, browsing.PHONE)
        phone.context.grant_permissions(["geolocation"])
        phone.context.set_geolocation(AT_THE_DOOR)
        phone.sign_in("zhoumin", PASSWORD)
        phone.sees("今日完成 0", "农安王记粮油店")
        phone.page.get_by_role("button", name="从当前位置规划路线").tap()
        phone.sees("从当前位置重新规划")
        there = phone.page.get_by_role("link", name="导航").first.get_attribute("href")
        assert there.startswith("https://uri.amap.com/")
        field_work.along(phone)

        thumb = Thumb(phone)
        phone.page.get_by_role("link", name="开始检查").first.tap()
        thumb.sees(re.compile("已到场")).tap("下一步").tap("全部正常").tap("下一步")
        thumb.shoot(picture(1, (800, 600)))
        phone.context.set_offline(True)
        thumb.shoot(picture(2, (800, 600)), picture(3, (800, 600))).sees("没有网络")
        thumb.tap("下一步").tap("下一步").tap("提交检查").sees("已存在手机上")

        # Still without a network: the list of the day, and the call of the same customer taken along.
        phone.page.locator(".visit .to-day").tap()
        card = phone.page.locator(".visit .card", has_text="农安王记粮油店")
        card.get_by_text("等待网络").first.wait_for()
        card.get_by_role("button", name="开始检查").first.tap()
        thumb.sees(re.compile("话术")).tap("拨打 139****0001").sees("没有网络，无法取得号码")
        phone.page.locator(".visit .to-day").tap()
        assert records() == []

        phone.context.set_offline(False)
        phone.page.wait_for_url(re.compile("/today$"))
        thumb.sees("已记录")
        phone.go("today").sees("今日完成 2")  # the visit has done the call of the same kind too
        assert [(r.conclusion, r.outcome, r.on_site) for r in records()] == [("normal", "completed", True)]

        office = windows.open(server.base).sign_in("wangfang", PASSWORD)
        assert "2" in office.page.get_by_role("group", name="今日完成").inner_text().split()
        office.go("records").sees("1 条检查记录")
        office.go("customer?no=K001").sees(re.compile("定期检查.*周敏"))
        assert office.wrong == [] and office.outside == [] and phone.outside == []
