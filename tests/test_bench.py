"""The measurements of docs/performance.md can be repeated: each runs to its end, on a bank a fiftieth of the case study's size."""

import pytest

from engine import bench
from engine.bench import security
from tests.conftest import using

pytestmark = pytest.mark.slow
SMALL = 0.02


@pytest.mark.parametrize("name", ["export", "handover", "lists", "load", "night", "search", "security"])
def test_a_measurement_runs_to_its_end(administrator, monkeypatch, name):
    monkeypatch.setattr(security, "TIMES", 1)
    said: list[str] = []
    with using(administrator, "postgres"):
        figures = bench.MEASURES[name](SMALL, said.append)
    assert said
    assert len({figure.name for figure in figures}) == len(figures) > 0
    assert all(figure.seconds > 0 and figure.floor_seconds > 0 for figure in figures)
