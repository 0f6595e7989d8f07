"""Charts: 王芳 taps a bar and is where its rows are; what they need is little."""

from collections.abc import Iterator
from datetime import date

import pytest

from db.vocab import Kind
from engine.writing import visible
from pages.parts import charts
from tests import evening
from tests.browsing import PHONE
from tests.test_gate import running

RANKING = "未来到期待办排名"


@pytest.fixture
def the_bank(administrator, templates, monkeypatch) -> Iterator[None]:
    yield from evening.opened(administrator, templates, monkeypatch, {"wangfang": "001"})


@pytest.mark.browser
def test_a_tap_on_a_bar_opens_its_rows_and_no_large_library_is_fetched_for_it(the_bank, windows, tmp_path):
    with running(tmp_path / "log") as server:
        wang = windows.open(server.base, PHONE).signed_in("wangfang", evening.PASSWORD)
        fetched: list[str] = []
        wang.page.on("request", lambda request: fetched.append(request.url))
        wang.go("dashboard?days=30")
        chart = wang.page.get_by_role("img", name=RANKING)
        chart.scroll_into_view_if_needed()
        assert "朝阳支行 1" in chart.evaluate("canvas => canvas.textContent")
        chart.click(position={"x": chart.bounding_box()["width"] / 2, "y": 12})
        wang.page.wait_for_url("**/todos?*branch=229001*due_from=*")
        wang.settled()
        assert not wang.wrong and not wang.outside
        assert not [url for url in fetched if "Plotly" in url or "embed" in url]
        wang.context.close()


def test_what_a_chart_is_given_reads_as_it_is_written(monkeypatch):
    given: list[dict] = []
    monkeypatch.setattr(charts, "_component", lambda **said: given.append(said["data"]) or type("Drawn", (), {"picked": None}))
    charts.draw(charts.ranking(["<b>农安</b>", "\u202e王小二"], [2, 1], ["", ""]), "x", "x")
    (lying,) = given[0]["drawing"]["data"]
    assert lying["y"] == [visible("\u202e王小二"), "<b>农安</b>"] and "\u202e" not in lying["y"][0]


def test_days_of_a_chart_are_days(monkeypatch):
    given: list[dict] = []
    monkeypatch.setattr(charts, "_component", lambda **said: given.append(said["data"]) or type("Drawn", (), {"picked": None}))
    row = type("Row", (), {"day": date(2026, 11, 2), "kind": Kind.REGULAR, "n": 3})
    charts.draw(charts.done_per_day([row], {date(2026, 11, 3): 2}, date(2026, 11, 1), date(2026, 11, 3)), "x", "x")
    bars, due = given[0]["drawing"]["data"]
    assert bars["x"] == due["x"] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert bars["y"] == [0, 3, 0] and due["y"] == [0, 0, 2]
