"""Charts are given what they draw as people read it."""

from datetime import date

from db.vocab import Kind
from engine.writing import visible
from pages.parts import charts


def test_names_read_as_they_are_written():
    (lying,) = charts.readable(charts.ranking(["<b>农安</b>", "\u202e王小二"], [2, 1], ["", ""]))["data"]
    assert lying["y"] == [visible("\u202e王小二"), "<b>农安</b>"] and "\u202e" not in lying["y"][0]


def test_a_share_bears_its_sign():
    (lying,) = charts.ranking(["农安"], [92.6], [""], unit="%")["data"]
    assert lying["text"] == ["92.6%"]


def test_days_are_written_as_days():
    row = type("Row", (), {"day": date(2026, 11, 2), "kind": Kind.REGULAR, "n": 3})
    drawing = charts.done_per_day([row], {date(2026, 11, 3): 2}, date(2026, 11, 1), date(2026, 11, 3))
    bars, due = charts.readable(drawing)["data"]
    assert bars["x"] == due["x"] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert bars["y"] == [0, 3, 0] and due["y"] == [0, 0, 2]
