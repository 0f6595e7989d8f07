"""Maps that need no other host: pydeck's layers over our own style, the outline of the districts with their names.

A layer is made of plain points in WGS-84; here they are shifted to where the bank's tiles would show them. pydeck's own
styles, and st.map, ask a server abroad for each map.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import log2

import pydeck as pdk
import streamlit as st

from db.vocab import Place
from engine import basemap, outline, words
from engine.words import _
from pages.parts import component

FONT = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, sans-serif"
WIDE, NEAREST, WORLD = (
    360,
    15,
    512,
)  # pixels of the narrowest map, so that what is framed fits a phone; pixels of the world at zoom 0
LETTER = 13  # pixels of a district's name
AROUND = 0.15  # degrees beside a place, so that its district is in sight
TALLER = 1.4  # by so much a degree of latitude is longer here
WORDS = {"nearer": "Nearer", "farther": "Farther", "metres": "{0} m", "kilometres": "{0} km"}
_sheet = component.declare("vigil_places")


@dataclass(frozen=True)
class Dot:
    """A place on a map. `colour` as #RRGGBB, `size` in pixels, `text` written on it, `tip` told beside it; `id`: what it stands for."""

    lat: float
    lon: float
    colour: str
    id: str = ""
    tip: str = ""
    size: float = 7
    text: str = ""


def dots(places: Iterable[Dot], layer: str = "dots") -> list[pdk.Layer]:
    """Dots that can be tapped, with what is written on them."""
    rows = [_row(place) for place in places]
    written = [row for row in rows if row["text"]]
    return [
        pdk.Layer(
            "ScatterplotLayer", rows, id=layer, get_position="at", get_fill_color="rgb", get_radius="size", radius_units="'pixels'",
            stroked=True, get_line_color=[255, 255, 255, 220], line_width_units="'pixels'", get_line_width=1.5, pickable=True,
        ),
        _writing(written, f"{layer}-text", 12, [255, 255, 255]),
    ]  # fmt: skip


def path(points: Iterable[tuple[float, float]], colour: str, layer: str = "path") -> list[pdk.Layer]:
    """A way through (lat, lon) points, in their order."""
    row = {"way": [_position(lat, lon) for lat, lon in points], "rgb": _rgb(colour)}
    return [
        pdk.Layer(
            "PathLayer", [row], id=layer, get_path="way", get_color="rgb", width_units="'pixels'", get_width=3,
            cap_rounded=True, joint_rounded=True,
        )
    ]  # fmt: skip


def show(layers: Sequence[pdk.Layer], framed: Sequence, key: str, height: int = 420) -> str | None:
    """Draw it with all of `framed` (things with lat and lon) in sight; the id of the dot that is tapped."""
    view = _view(framed, height)
    deck = pdk.Deck(
        [_district_names(view.zoom), *layers], initial_view_state=view, map_provider="carto",  # no request of Carto's
        map_style=f"/api/v1/map/{_look()}.json", tooltip={"text": "{tip}"},
    )  # fmt: skip
    event = st.pydeck_chart(deck, height=height, key=key, on_select="rerun", selection_mode="single-object")
    st.caption(basemap.says() or _("District outlines for orientation only"))
    chosen = [thing for things in event.selection.objects.values() for thing in things]
    return chosen[0].get("id") if chosen else None


def look_at(marks: Sequence, key: str, height: int = 220) -> None:
    """Places that are marked, with their fences (rows with kind, lat, lon, radius_m, doubt): drawn by our own component, for a map of pydeck's is a
    megabyte and half a second, more than a page about something else can spend."""
    view = _view([Dot(m.lat + side, m.lon + side, "") for m in marks for side in (-AROUND, AROUND)], height)
    places = [dict(zip(("lat", "lon"), drawn(m.lat, m.lon), strict=True)) | _told(m) for m in marks]
    start = {"lat": view.latitude, "lon": view.longitude, "zoom": view.zoom + 1}  # its tiles are half as large
    _sheet(key=key, data=sheet(height) | {"entry": "look", "start": start, "places": places}, height=height + 4)
    st.caption(basemap.says() or _("District outlines for orientation only"))


def _told(mark) -> dict:
    return {"radius_m": mark.radius_m, "name": words.name(Place(mark.kind)), "doubted": bool(mark.doubt)}


def sheet(height: int, label: str = "Map") -> dict:
    """What each of our own maps is given. `label` is a msgid."""
    tiles = basemap.settings.tiles()
    said = {name: _(text) for name, text in (WORDS | {"map": label}).items()}
    return {"place": component.place("map"), "height": height, "tiles": tiles.url if tiles else None, "words": said}


def _district_names(zoom: float) -> pdk.Layer:
    """Those that have room where the map opens: in the city they would lie on each other from afar."""
    names: list[dict] = []
    for feature in basemap.geojson(basemap.datum())["features"]:
        name = {"at": feature["properties"]["at"], "text": feature["properties"]["name"]}
        if not any(_collide(name["at"], other["at"], WORLD * 2**zoom / 360) for other in names):
            names.append(name)
    ink = basemap.INK[_look()][0]
    return _writing(names, "districts", LETTER, _rgb(ink))


def _collide(one: list[float], other: list[float], per_degree: float) -> bool:
    """Whether names of four letters would touch; `per_degree`: pixels of a degree of longitude."""
    return abs(one[0] - other[0]) * per_degree < 4 * LETTER and abs(one[1] - other[1]) * TALLER * per_degree < 1.3 * LETTER


def _writing(rows: list[dict], layer: str, size: int, colour: list[int]) -> pdk.Layer:
    return pdk.Layer(
        "TextLayer", rows, id=layer, get_position="at", get_text="text", get_size=size, get_color=colour,
        character_set=pdk.types.String("auto"), font_family=pdk.types.String(FONT),
    )  # fmt: skip


def _look() -> str:
    return "dark" if st.context.theme.type == "dark" else "light"


def _row(place: Dot) -> dict:
    return asdict(place) | {"at": _position(place.lat, place.lon), "rgb": _rgb(place.colour)}


def drawn(lat: float, lon: float) -> tuple[float, float]:
    """Where a WGS-84 point stands on the map: lat, lon."""
    lat, lon = basemap.drawn_at(lat, lon)
    return round(lat, 6), round(lon, 6)


def _position(lat: float, lon: float) -> list[float]:
    return list(reversed(drawn(lat, lon)))


def _rgb(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def _view(framed: Sequence, height: int) -> pdk.ViewState:
    south, west, north, east = outline.bounds()
    if framed:
        south, north = min(p.lat for p in framed), max(p.lat for p in framed)
        west, east = min(p.lon for p in framed), max(p.lon for p in framed)
    lat, lon = drawn((south + north) / 2, (west + east) / 2)
    across, along = max(east - west, 1e-3), max(north - south, 1e-3) * TALLER
    zoom = min(log2(360 * WIDE / (WORLD * across)), log2(360 * height / (WORLD * along))) - 0.2
    return pdk.ViewState(latitude=lat, longitude=lon, zoom=max(5, min(NEAREST, zoom)))
