"""What lies under every map: the outline of the districts, and the bank's own tiles where it has some.

Tiles in China are mostly GCJ-02. Then everything drawn is shifted to where the tiles show it, and what is tapped on them
is shifted back when it is marked.
"""

from collections.abc import Iterable
from functools import cache

from db import settings
from engine import outline
from engine.addresses import from_wgs84

FINE = 0.0005  # degrees: as near to the border as anybody looks
# Asked for by nothing: Chinese letters are drawn by the browser's own font. A style with names must have it.
NO_GLYPHS = "/api/v1/map/glyphs/{fontstack}/{range}.pbf"
NAMED = {"text-field": ["get", "name"], "text-size": 13}
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
    ground = (
        {"source": "tiles", "type": "raster"} if tiles else {"source": "outline", "type": "fill", "paint": {"fill-color": land}}
    )
    border = {"line-color": line, "line-width": 1.2, "line-opacity": 0.7}
    written = {"text-color": line, "text-halo-color": land, "text-halo-width": 1.5}
    sources = {"outline": _outline(datum()), "names": _names(datum())}
    if tiles:
        sources["tiles"] = {"type": "raster", "tiles": [tiles.url], "tileSize": 256}
    layers = [
        {"id": "ground"} | ground,
        {"id": "borders", "source": "outline", "type": "line", "paint": border},
        {"id": "names", "source": "names", "type": "symbol", "layout": NAMED, "paint": written},
    ]
    return {"version": 8, "glyphs": NO_GLYPHS, "sources": sources, "layers": layers}


@cache
def _outline(in_datum: str) -> dict:
    """The districts, to the fifth digit: a metre."""
    return _source(
        (name, "MultiPolygon", [[[_at(*point, in_datum) for point in ring]] for ring in rings])
        for name, rings in outline.districts(fine=FINE).items()
    )


def _names(in_datum: str) -> dict:
    """Each district's name where it is written; a map leaves out what has no room."""
    return _source((name, "Point", _at(*middle, in_datum)) for name, middle in outline.middles().items())


def _source(named: Iterable[tuple[str, str, list]]) -> dict:
    """GeoJSON of (name, type, coordinates)."""
    features = [
        {"type": "Feature", "properties": {"name": name}, "geometry": {"type": kind, "coordinates": coordinates}}
        for name, kind, coordinates in named
    ]
    return {"type": "geojson", "data": {"type": "FeatureCollection", "features": features}}


def _at(lat: float, lon: float, in_datum: str) -> list[float]:
    lat, lon = from_wgs84(lat, lon, in_datum)
    return [round(lon, 5), round(lat, 5)]
