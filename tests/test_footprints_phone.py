"""Footprints, my customers and the way of a visit on a phone in a real browser."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from db import access, care, tables
from db.access import MACHINE
from tests import browsing, field_work
from tests.bank import TODAY
from tests.conftest import person
from tests.field_work import AT_THE_DOOR
from tests.serving import PASSWORD
from tests.test_field_pages import assert_usable
from tests.test_footprints import plant_visits

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def phone(administrator, templates, tmp_path_factory) -> Iterator[browsing.Window]:
    with field_work.served(administrator, templates, tmp_path_factory) as server, browsing.browser() as windows:
        plant_visits(person("803"), TODAY, [(44.43, 125.17, "A"), (44.40, 125.25, "C"), (44.35, 125.20, "D")])
        window = windows.open(server.base, browsing.PHONE)
        window.context.grant_permissions(["geolocation"])
        window.context.set_geolocation(AT_THE_DOOR)
        yield window.signed_in("zhoumin", PASSWORD)


def test_a_day_is_played_from_stop_to_stop_and_every_view_fits_the_thumb(phone):
    page = phone.go("my-footprints").page
    track = page.locator(".track")
    track.get_by_role("img", name="当天足迹地图").wait_for()
    assert track.locator("output").inner_text() == "09:35"  # the end of the day, as it is found
    track.get_by_role("button", name="播放").tap()
    track.locator("output", has_text="08:40").wait_for()
    assert track.locator(".stop.reached").count() == 2
    track.locator("output", has_text="09:35").wait_for()
    assert track.get_by_role("button", name="播放").is_visible()
    track.locator("input").fill("0")
    assert (track.locator("output").inner_text(), track.locator(".stop.reached").count()) == ("08:00", 1)
    for view in ("day", "numbers", "history", "kept"):
        assert_usable(phone.go(f"my-footprints?view={view}"), view)
    assert phone.wrong == [] and phone.outside == []


def test_a_customer_is_found_and_noted_about(phone):
    page = phone.go("my-customers").page
    phone.sees("刘洋", "农安王记粮油店")
    assert_usable(phone, "my customers")
    page.get_by_placeholder("姓名、客户号、电话").fill("刘洋")
    page.keyboard.press("Enter")
    page.get_by_text("农安王记粮油店").wait_for(state="detached")
    phone.press("备注")
    page.get_by_placeholder("沟通内容、下一步安排").fill("下周送材料")
    page.get_by_role("dialog").get_by_role("button", name="保存").tap()
    page.get_by_role("dialog").wait_for(state="detached")
    with access.reading(MACHINE) as conn:
        customer = conn.execute(sa.select(tables.customers.c.id).where(tables.customers.c.customer_no == "K002")).scalar_one()
        assert [(n.note, n.staff) for n in care.notes_of(conn, customer)] == [("下周送材料", "周敏")]


WALK = """async ({ script, steps }) => {
    const { Track } = await import(script);
    const visit = { opened: { mode: "field" }, content: {}, ended: false, change(values) { Object.assign(this.content, values); } };
    const track = new Track(visit, 1e9);
    track.found(steps[0]);                      // before the check-in: nothing
    const before = visit.content.track;
    visit.content.fix = steps[0];
    steps.slice(1).forEach((step) => track.found(step));
    const whole = track.whole();
    visit.ended = true;
    track.found({ ...steps[1], lat: 45, at: "2026-11-20T09:00:00Z" });
    track.stop();
    return { before: before ?? null, kept: visit.content.track, whole };
}"""


def test_the_form_takes_the_way_only_while_the_visit_is_open_and_only_after_a_move(phone):
    page = phone.go("visit?customer=K002&mode=field").page
    page.locator(".visit").wait_for()
    script = page.evaluate(
        "performance.getEntriesByType('resource').map((e) => e.name).find((name) => name.endsWith('/visit/track.js'))"
    )
    at = [f"2026-11-20T02:{minute:02}:00Z" for minute in range(5)]
    steps = [
        {"lat": 44.1 + metres / 111_195, "lon": 125.2, "accuracy_m": 9, "at": moment}
        for metres, moment in zip((0, 10, 200, 210, 220), at, strict=True)
    ]
    answer = page.evaluate(WALK, {"script": script, "steps": steps})
    assert answer["before"] is None
    assert answer["kept"] == [steps[2]]
    assert answer["whole"] == [steps[2], steps[4] | {"source": "submit"}]
    page.get_by_text("检查进行期间约每分钟保存一次位置").first.wait_for()
