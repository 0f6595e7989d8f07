"""The map on a phone in a real browser: 李强 marks the shop of 王记 by a tap, then on the spot, and no request leaves the bank."""

import re

import pytest

from db import access, addresses, customers, requests
from db.access import MACHINE
from db.vocab import Place, Request
from engine.presence.geometry import Point, metres
from tests import browsing, field_work
from tests.bank import TODAY
from tests.field_work import AT_THE_DOOR, SHOP
from tests.serving import PASSWORD, running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def phone(administrator, templates, tmp_path_factory):
    log = tmp_path_factory.mktemp("server") / "log"
    with field_work.bank(administrator, templates), running(log, VIGIL_TODAY=str(TODAY)) as server, browsing.browser() as windows:
        window = windows.open(server.base, browsing.PHONE)
        window.context.grant_permissions(["geolocation"])
        window.context.set_geolocation(AT_THE_DOOR)
        yield window.signed_in("liqiang", PASSWORD)


def present():
    with access.reading(MACHINE) as conn:
        return addresses.of_kind(conn, customers.by_number(conn, "K001").id, Place.BUSINESS)


def tap(phone, dx: int, dy: int) -> None:
    """So far from the middle of the map, which is the present mark."""
    box = phone.page.locator(".pin canvas").bounding_box()
    phone.page.touchscreen.tap(box["x"] + box["width"] / 2 + dx, box["y"] + box["height"] / 2 + dy)
    phone.settled()


def save(phone, why: str) -> None:
    phone.page.get_by_label("更正原因").fill(why)
    phone.page.get_by_label("更正原因").press("Tab")
    phone.settled()
    phone.press("更正标记")


def test_a_tap_marks_and_a_far_one_waits(phone):
    phone.go("map?mark=K001").sees("点按客户所在位置")
    assert phone.sideways() == 0
    tap(phone, 40, 0)
    phone.sees("距现有标记")
    save(phone, "门在东侧")
    phone.page.wait_for_timeout(500)
    moved = present()
    assert (moved.way, moved.why) == ("tap", "门在东侧") and 5 < metres(Point(**SHOP), moved) < 500
    for _ in range(3):
        phone.page.locator(".pin").get_by_role("button", name="缩小").tap()
    tap(phone, -120, 60)
    phone.sees("须经复核")
    save(phone, "店铺已搬迁")
    phone.sees("有地址变更待复核")
    with access.reading(MACHINE) as conn:
        (waiting,) = requests.waiting(conn, Request.ADDRESS_MOVE)
    assert waiting.reason == "店铺已搬迁" and present().id == moved.id


def test_on_the_spot_a_first_home_is_marked(phone):
    phone.go("map").page.get_by_text("户尚未标记地址").tap()
    phone.page.get_by_role("link", name="刘洋").tap()
    phone.sees("标记地址").settled()
    assert phone.page.url.endswith("/map?mark=K002"), "which can be sent, and gone back from"
    phone.page.locator(".pin").get_by_role("button", name="我在这里").tap()
    phone.sees("定位精度 12 米").settled()
    phone.press("保存标记")
    with access.reading(MACHINE) as conn:
        (kept,) = addresses.going_to(conn, [customers.by_number(conn, "K002").id]).values()
    assert (kept.way, kept.accuracy_m) == ("here", 12)
    assert metres(kept, Point(AT_THE_DOOR["latitude"], AT_THE_DOOR["longitude"])) < 1
    phone.page.get_by_role("link", name="地图").first.tap()
    phone.sees("行政区划").page.get_by_role("radio", name="全部", checked=True).wait_for()


def test_who_is_near_is_listed_with_the_distance(phone):
    phone.go("map")
    phone.page.get_by_role("button", name="附近客户").tap()
    phone.sees(re.compile("附近客户 [12] 户"), re.compile("距此 [0-9]+ 米"), "农安王记粮油店")
    assert phone.sideways() == 0


def test_a_dot_opens_its_customer_until_another_place_is_tapped(phone):
    dots = phone.go("map").page.locator(".sheet canvas")
    dots.press("Enter")  # the one nearest to the middle
    name = phone.sees("开始检查").page.locator(".sheet .tip").inner_text().split(" · ")[0]
    phone.sees(name)
    corner = dots.bounding_box()
    phone.page.touchscreen.tap(corner["x"] + 5, corner["y"] + 5)
    phone.page.get_by_text("开始检查").first.wait_for(state="detached")


def test_nothing_has_left_the_bank_and_nothing_went_wrong(phone):
    assert phone.outside == []
    assert phone.wrong == []
