"""The outline of the districts, decoded from the installed package."""

import pytest

from engine import outline
from engine.demo.places import DISTRICTS


@pytest.mark.parametrize("district", DISTRICTS, ids=lambda d: d.name)
def test_the_middle_of_each_district_lies_in_it(district):
    assert outline.district_at(district.lat, district.lon) == district.name


def test_every_ring_is_closed_and_near_changchun():
    rings = [ring for district in outline.districts().values() for ring in district]
    assert len(rings) == 11
    assert all(ring[0] == ring[-1] for ring in rings)
    assert all(43 < lat < 45.4 and 124 < lon < 127.3 for ring in rings for lat, lon in ring)


def test_outside_all_of_them_is_nowhere():
    assert outline.district_at(43.85, 126.55) is None  # Jilin city


def test_a_coarser_outline_has_fewer_points():
    assert sum(map(len, outline.districts(fine=0.02)["农安县"])) < sum(map(len, outline.districts()["农安县"])) / 2
