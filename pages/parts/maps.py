"""Maps that need no other host: pydeck's layers over our own style, the outline of the districts with their names.

Whatever is drawn is plain points in WGS-84; here they are shifted to where the bank's tiles would show them. pydeck's own
styles, and st.map, ask a server abroad for each map. On a phone, and beside something else, a map is our own component's.
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
WIDE = 360  # pixels of the narrowest map, so that what is framed fits a phone
NEAREST, WORLD = 15, 512  # the zoom nobody goes nearer than by himself; pixels of the world at zoom 0
TALLER = 1.4  # by so much a degree of latitude is longer here
AROUND = 0.15  # degrees beside a place, so that its district is in sight
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


@dataclass(frozen=True)
class Way:
    """A way through (lat, lon) points, in their order. `colour` as #RRGGBB."""

    points: Sequence[tuple[float, float]]
    colour: str


def show(dots: Sequence[Dot], framed: Sequence, key: str, ways: Sequence[Way] = (), height: int = 420) -> str | None:
    """Dots and ways with all of `framed` (things with lat and lon) in sight; the id of the dot that is tapped.

    For a desk: any number of dots, drawn by pydeck."""
    view = _view(framed, height)
    deck = pdk.Deck(
        [*map(_path, ways), *_dots(dots)], initial_view_state=view,
        map_provider="carto",  # no request of Carto's
        map_style=f"/api/v1/map/{_look()}.json", tooltip={"text": "{tip}"},
    )  # fmt: skip
    event = st.pydeck_chart(deck, height=height, key=key, on_select="rerun", selection_mode="single-object")
    _say_whose()
    chosen = [thing for things in event.selection.objects.values() for thing in things]
    return chosen[0].get("id") if chosen else None


def tap(dots: Sequence[Dot], framed: Sequence, key: str, ways: Sequence[Way] = (), height: int = 420) -> str | None:
    """The same for a phone, up to a thousand dots: our own component's, a tenth of what pydeck's engine asks of one."""
    drawing = {
        "entry": "tap",
        "dots": [asdict(dot) | _at(dot.lat, dot.lon) for dot in dots],
        "ways": [{"colour": way.colour, "points": [_at(*point) for point in way.points]} for way in ways],
    }
    result = _sheet(
        key=key, data=_framed(framed, height) | drawing, default={"tapped": None}, on_tapped_change=lambda: None, height=height + 4
    )
    _say_whose()
    return result.tapped if isinstance(result.tapped, str) else None


def look_at(marks: Sequence, key: str, height: int = 220) -> None:
    """Places that are marked, with their fences (rows with kind, lat, lon, radius_m, doubt), beside something else that a page is about."""
    framed = [Dot(m.lat + side, m.lon + side, "") for m in marks for side in (-AROUND, AROUND)]
    places = [_at(m.lat, m.lon) | _told(m) for m in marks]
    _sheet(key=key, data=_framed(framed, height) | {"entry": "look", "places": places}, height=height + 4)
    _say_whose()


def _told(mark) -> dict:
    return {"radius_m": mark.radius_m, "name": words.name(Place(mark.kind)), "doubted": bool(mark.doubt)}


def _say_whose() -> None:
    st.caption(basemap.says() or _("District outlines for orientation only"))


def _framed(framed: Sequence, height: int) -> dict:
    view = _view(framed, height)
    start = {"lat": view.latitude, "lon": view.longitude, "zoom": view.zoom + 1}  # its tiles are half as large
    return sheet(height) | {"start": start}


def _at(lat: float, lon: float) -> dict[str, float]:
    return dict(zip(("lat", "lon"), drawn(lat, lon), strict=True))


def sheet(height: int, label: str = "Map") -> dict:
    """What each of our own maps is given. `label` is a msgid."""
    tiles = basemap.settings.tiles()
    said = {name: _(text) for name, text in (WORDS | {"map": label}).items()}
    return {"place": component.place("map"), "height": height, "tiles": tiles.url if tiles else None, "words": said}


def _dots(places: Iterable[Dot]) -> list[pdk.Layer]:
    """Dots that can be tapped, with what is written on them."""
    rows = [_row(place) for place in places]
    return [
        pdk.Layer(
            "ScatterplotLayer", rows, id="dots", get_position="at", get_fill_color="rgb", get_radius="size", radius_units="'pixels'",
            stroked=True, get_line_color=[255, 255, 255, 220], line_width_units="'pixels'", get_line_width=1.5, pickable=True,
        ),
        pdk.Layer(
            "TextLayer", [row for row in rows if row["text"]], id="texts", get_position="at", get_text="text", get_size=12,
            get_color=[255, 255, 255], character_set=pdk.types.String("auto"), font_family=pdk.types.String(FONT),
        ),
    ]  # fmt: skip


def _path(way: Way) -> pdk.Layer:
    row = {"way": [_position(lat, lon) for lat, lon in way.points], "rgb": _rgb(way.colour)}
    return pdk.Layer(
        "PathLayer", [row], get_path="way", get_color="rgb", width_units="'pixels'", get_width=3, cap_rounded=True,
        joint_rounded=True,
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
