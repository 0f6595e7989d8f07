"""The pages of the field as everybody can use them: seen badly, heard only, tapped with a thumb; light and dark."""

from collections.abc import Iterator
from pathlib import Path

import axe_playwright_python
import pytest

from pages.parts import menu
from tests import browsing, field_work
from tests.field_work import AT_THE_DOOR, Thumb, todo
from tests.serving import PASSWORD, Server

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
FAULTS = """async () => (await axe.run({resultTypes: ['violations']})).violations
    .filter(found => ['serious', 'critical'].includes(found.impact))
    .flatMap(found => found.nodes.map(node => [found.id, node.html.slice(0, 200), node.failureSummary]))"""
# Whatever a thumb is meant to hit, also within our own components.
SMALL = """() => {
    const MEANT = 'a[href], button, select, textarea, summary, input:not([type=hidden], [type=file], [type=checkbox]), [role=button], [role=radio],'
        + '[role=tab], [role=combobox], [role=link], [data-testid=stDateInputField]';
    const all = (root) => [...root.querySelectorAll('*')].flatMap(e => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
    const unseen = (e) => e.closest('[data-testid=hidden-dateinput-container]'); // one pixel, for assistive technology
    return all(document).filter(e => e.matches(MEANT) && !unseen(e) && e.checkVisibility({opacityProperty: true, visibilityProperty: true}))
        .map(e => [e.getAttribute('aria-label') || e.textContent.slice(0, 30) || e.tagName, e.getBoundingClientRect()])
        .filter(([, box]) => box.width && box.right > 0 && box.left < innerWidth && Math.min(box.width, box.height) < 43.5)
        .map(([name, box]) => [name, Math.round(box.width), Math.round(box.height)]);
}"""


@pytest.fixture(scope="module")
def server(administrator, templates, tmp_path_factory) -> Iterator[Server]:
    with field_work.served(administrator, templates, tmp_path_factory) as server:
        yield server


@pytest.fixture(scope="module", params=["light", "dark"])
def window(server, windows, request) -> Iterator[browsing.Window]:
    window = windows.open(server.base, browsing.PHONE, request.param)
    window.context.grant_permissions(["geolocation"])
    window.context.set_geolocation(AT_THE_DOOR)
    yield window
    window.context.close()


def assert_usable(window: browsing.Window, where: str) -> None:
    window.page.evaluate(AXE)
    assert window.page.evaluate(FAULTS) == [], where
    assert window.page.evaluate(SMALL) == [], where
    assert window.sideways() <= 0, where


def of_the_field() -> list[str]:
    return [entry.path for entry in menu.ENTRIES if entry.file.startswith("field/") and entry.listed]


def test_every_page_of_the_field_can_be_seen_heard_and_hit(window):
    window.page.goto(window.base)
    window.page.get_by_label("用户名").wait_for()
    assert_usable(window, "sign-in")
    window.signed_in("zhoumin", PASSWORD)
    for path in of_the_field():
        assert_usable(window.lead(path), path)
    assert window.wrong == []
    assert window.outside == []


@pytest.mark.parametrize(("kind", "mode"), [("regular", "field"), ("overdue", "phone")])
def test_every_step_of_a_check_can_be_seen_heard_and_hit(window, kind, mode):
    if window.page.url == "about:blank":
        window.signed_in("zhoumin", PASSWORD)
    thumb = Thumb(window)
    window.page.goto(f"{window.base}/visit?todo={todo(kind, mode)}")
    steps = window.page.locator(".visit .steps button")
    steps.first.wait_for()
    for n in range(steps.count()):
        steps.nth(n).tap()
        thumb.sees(steps.nth(n).inner_text())
        assert_usable(window, f"{kind} {mode} {n}")
    assert window.wrong == []


def test_the_list_of_the_day_without_a_network_can_be_seen_heard_and_hit(window):
    if window.page.url == "about:blank":
        window.signed_in("zhoumin", PASSWORD)
    window.go("today")
    field_work.along(window)
    window.context.set_offline(True)
    Thumb(window).sees("没有网络")
    assert_usable(window, "today without a network")
    window.context.set_offline(False)
