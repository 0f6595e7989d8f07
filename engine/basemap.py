"""What lies under every map: the outline of the districts, and the bank's own tiles where it has some.

Tiles in China are mostly GCJ-02. Then everything drawn is shifted to where the tiles show it, and what is tapped on them
is shifted back when it is marked.
"""

from functools import cache

from db import settings
from engine import outline
from engine.addresses import from_wgs84

FINE = 0.0005  # degrees: as near to the border as anybody looks
INK = {"light": ("#5C6F7B", "#F4F7F8"), "dark": ("#93A5AF", "#15212A")}  # lines, land


def datum() -> str:
    """The datum in which maps are drawn."""
    tiles = settings.tiles()
    return tiles.datum if tiles else "wgs84"


def drawn_at(lat: float, lon: float) -> tuple[float, float]:
    """Where a WGS-84 point is to be drawn."""
    return from_wgs84(lat, lon, datum())


def says() -> str | None:
    """Whose tiles these are."""
    tiles = settings.tiles()
    return tiles.by if tiles else None


@cache
def style(look: str) -> dict:
    """A MapLibre style that asks no host but ours, and the tiles' when there are some."""
    line, land = INK[look]
    tiles = settings.tiles()
    sources: dict = {"outline": {"type": "geojson", "data": geojson(datum())}}
    layers = [
        {
            "id": "outline",
            "type": "line",
            "source": "outline",
            "paint": {"line-color": line, "line-width": 1.2, "line-opacity": 0.7},
        }
    ]
    if tiles:
        sources["tiles"] = {"type": "raster", "tiles": [tiles.url], "tileSize": 256}
        layers.insert(0, {"id": "tiles", "type": "raster", "source": "tiles"})
    else:
        layers.insert(0, {"id": "land", "type": "fill", "source": "outline", "paint": {"fill-color": land}})
    return {"version": 8, "sources": sources, "layers": layers}


@cache
def geojson(in_datum: str) -> dict:
    """The districts with their names, to the fifth digit: a metre."""
    middles = outline.middles()
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"name": name, "at": _at(*middles[name], in_datum)},
                "geometry": {
                    "type": "MultiPolygon",
                    "coordinates": [[[_at(*point, in_datum) for point in ring]] for ring in rings],
                },
            }
            for name, rings in outline.districts(fine=FINE).items()
        ],
    }


def _at(lat: float, lon: float, in_datum: str) -> list[float]:
    lat, lon = from_wgs84(lat, lon, in_datum)
    return [round(lon, 5), round(lat, 5)]
