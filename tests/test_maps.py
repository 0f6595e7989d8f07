"""Maps stand on their own: no host but ours, unless the bank has tiles; and datums are told apart."""

import json

import pytest

from api import headers
from db import settings
from engine import basemap
from engine.addresses import from_wgs84, to_wgs84
from engine.presence.geometry import Point, metres

CHANGCHUN = Point(43.8868, 125.3245)  # 人民广场
TILES = "https://tiles.example.cn/{z}/{x}/{y}.png"


@pytest.fixture(autouse=True)
def _anew():
    yield
    basemap.style.cache_clear()


@pytest.fixture
def tiles(monkeypatch):
    monkeypatch.setenv("VIGIL_TILES", TILES)
    monkeypatch.setenv("VIGIL_TILES_BY", "© 某图 GS(2026)0000号")
    basemap.style.cache_clear()


class TestDatums:
    # Published vectors of eviltransform: WGS-84 beside GCJ-02 (Shanghai).
    def test_agree_with_published_vectors(self):
        lat, lon = from_wgs84(31.1774276, 121.5272106, "gcj02")
        assert (lat, lon) == (pytest.approx(31.17530398364597, abs=1e-6), pytest.approx(121.531541859215, abs=1e-6))

    @pytest.mark.parametrize(("datum", "apart"), [("gcj02", 588), ("bd09", 1382)])
    def test_lie_so_far_apart_in_changchun_and_come_back(self, datum, apart):
        given = Point(*from_wgs84(*CHANGCHUN, datum))
        assert metres(CHANGCHUN, given) == pytest.approx(apart, abs=15)
        assert metres(CHANGCHUN, Point(*to_wgs84(*given, datum))) < 0.5


class TestWithoutTiles:
    def test_the_style_names_no_host(self):
        assert "http" not in json.dumps(basemap.style("light"))

    def test_every_district_is_drawn_with_its_name(self):
        outline, names = (
            [f["properties"]["name"] for f in basemap.style("light")["sources"][of]["data"]["features"]]
            for of in ("outline", "names")
        )
        assert len(names) == 11 and {"农安县", "公主岭市"} < set(names) == set(outline)

    def test_the_browser_may_ask_nobody_else(self):
        assert "connect-src 'self';" in headers.security_headers()["content-security-policy"]


class TestWithTilesOfTheBank:
    def test_their_host_and_no_other_is_allowed(self, tiles):
        policy = headers.security_headers()["content-security-policy"]
        assert "connect-src 'self' https://tiles.example.cn;" in policy
        assert "img-src 'self' data: blob: https://tiles.example.cn;" in policy

    def test_what_we_draw_is_shifted_onto_them(self, tiles):
        assert metres(CHANGCHUN, Point(*basemap.drawn_at(*CHANGCHUN))) == pytest.approx(588, abs=15)
        assert basemap.style("dark")["sources"]["tiles"]["tiles"] == [TILES]

    def test_whose_they_are_must_be_said(self, tiles, monkeypatch):
        monkeypatch.delenv("VIGIL_TILES_BY")
        with pytest.raises(settings.BadSetting, match="VIGIL_TILES_BY"):
            settings.tiles()

    @pytest.mark.parametrize(
        "url", ["ftp://x/{z}/{x}/{y}", "https://x/{z}/{x}", "https://x/{z}/{x}/{y} 'unsafe-inline'", "/tiles/{z}/{x}/{y}"]
    )
    def test_an_address_that_cannot_be_used_is_refused_at_the_start(self, tiles, monkeypatch, url):
        monkeypatch.setenv("VIGIL_TILES", url)
        with pytest.raises(settings.BadSetting, match="VIGIL_TILES"):
            settings.tiles()
