"""A person's day on the map, played in time, with its stops and its numbers: the officer's own page and the desk's share it."""

import hashlib
from collections.abc import Sequence
from datetime import date
from functools import cache

import streamlit as st

from db import settings
from db.vocab import FixSource, Kind
from engine import footprints, outline, words
from engine.words import _
from pages.parts import dossier, look, tables
from pages.parts.tables import Column

FOLDER = settings.ROOT / "assets" / "components" / "footprints"
_JS = """
const modules = new Map();
export default function ({ data, parentElement }) {
  if (!parentElement.querySelector("link")) {
    const style = document.createElement("link");
    Object.assign(style, { rel: "stylesheet", href: location.origin + data.place + "/style.css" });
    parentElement.append(style);
  }
  const main = location.origin + data.place + "/main.js";
  if (!modules.has(main)) modules.set(main, import(main));
  modules.get(main).then((m) => m.mount({ data, parentElement }));
  return () => modules.get(main).then((m) => m.unmount(parentElement));
}
"""
_component = st.components.v2.component("vigil_footprints", js=_JS)
TONES = {"A": "good", "B": "good", "C": "doubt", "D": "bad"}
GRADE_COLOURS = {"A": "green", "B": "green", "C": "yellow", "D": "orange"}
AROUND = 0.25  # degrees beyond the day's own places within which districts are drawn
SOURCES = {"check": "The check itself", "photo": "A photo"} | {s.value: words.msgid(s) for s in FixSource}


def show_map(day: date, stops: Sequence, positions: Sequence) -> None:
    """The day on the map, where there is anything to draw."""
    line = footprints.timeline(stops, positions)
    if line:
        _draw(day, line, stops)
    elif stops:
        st.caption(_("No positions were kept of this day."))
    if any(stop.coarse for stop in stops):
        st.caption(_("The positions of this day are rounded to about a kilometre."))


def show_stops(stops: Sequence) -> None:
    """Arrival, stay, whom, grade, distance to the mark."""
    for number, stop in enumerate(stops, 1):
        st.markdown(_stop(number, stop))


def _draw(day: date, line: list[footprints.Spot], stops: Sequence) -> None:
    _component(key=f"track-{day}", data={
        "place": f"/assets/components/{_version()}/footprints", "language": words.language.get(),
        "line": [{"at": spot.at.timestamp() * 1000, "lat": spot.lat, "lon": spot.lon} for spot in line],
        "stops": [_mark(number, stop) for number, stop in enumerate(stops, 1) if stop.lat is not None],
        "rings": _rings(line),
        "words": {"play": _("Play"), "pause": _("Pause"), "time": _("Time of the day"), "speed": _("Speed"), "map": _("Map of the day")},
    })  # fmt: skip


def heat(districts: dict[str, list[int]], cells: Sequence) -> None:
    """Visits by district, as depth of colour and as numbers, and a dot for each square of a kilometre."""
    rings = [
        {"name": name, "middle": _middle(ring), "points": [{"lat": lat, "lon": lon} for lat, lon in ring], "visits": districts.get(name, [0])[0]}
        for name, found in outline.districts().items() for ring in found
    ]  # fmt: skip
    _component(key="heat", data={
        "place": f"/assets/components/{_version()}/footprints", "language": words.language.get(), "rings": rings,
        "heat": [{"lat": float(c.lat), "lon": float(c.lon), "visits": c.visits} for c in cells],
        "words": {"map": _("Visits by district")},
    })  # fmt: skip


def _mark(number: int, stop) -> dict:
    return {"n": number, "at": stop.arrived_at.timestamp() * 1000, "lat": stop.lat, "lon": stop.lon, "name": stop.customer or "",
            "tone": TONES.get(stop.grade or "", "" if stop.on_site is None else "good" if stop.on_site else "bad")}  # fmt: skip


def _rings(line: list[footprints.Spot]) -> list[dict]:
    """The districts near the day's places."""
    south, north = min(s.lat for s in line) - AROUND, max(s.lat for s in line) + AROUND
    west, east = min(s.lon for s in line) - AROUND, max(s.lon for s in line) + AROUND
    return [
        {"name": name, "middle": _middle(ring), "points": [{"lat": lat, "lon": lon} for lat, lon in ring]}
        for name, rings in outline.districts().items() for ring in rings
        if any(south <= lat <= north and west <= lon <= east for lat, lon in ring)
        or south <= _middle(ring)["lat"] <= north and west <= _middle(ring)["lon"] <= east
    ]  # fmt: skip


def _middle(ring: outline.Ring) -> dict:
    return {"lat": sum(lat for lat, _lon in ring) / len(ring), "lon": sum(lon for _lat, lon in ring) / len(ring)}


def _stop(number: int, stop) -> str:
    stayed = max(0, round((stop.finished_at - stop.arrived_at).total_seconds() / 60))
    parts = [
        f"**{number}** {look.moment(stop.arrived_at)[-5:]}–{look.moment(stop.finished_at)[-5:]} · {_('{0} min').format(stayed)}",
        f"**{look.plain(stop.customer) if stop.customer else _('a customer of others')}**", words.name(Kind(stop.kind)), grade(stop.grade),
    ]  # fmt: skip
    if stop.distance_m is not None:
        parts.append(_("{0:,} m from the mark").format(round(stop.distance_m)))
    if stop.lat is None:
        parts.append(_("no position"))
    if stop.away_because:
        parts.append(f":gray[{look.plain(stop.away_because)}]")
    return " · ".join(part for part in parts if part)


def grade(value: str | None) -> str:
    return f":{GRADE_COLOURS[value]}-badge[{_('Grade {0}').format(value)}]" if value else ""


def numbers(days: Sequence) -> None:
    """What some days come to, and what the words mean."""
    total = footprints.total(days)
    dossier.facts({
        "Visits": _("{0} on {1} days").format(total.visits, len(days)) if len(days) > 1 else f"{total.visits:,}",
        "Distance": _("{0} km").format(f"{total.km:,.1f}"), "First to last": _span(days),
        "At customers": _("{0} h").format(f"{total.visit_hours:,.1f}"), "On site": look.percent(total.on_site, total.placed),
    })  # fmt: skip
    counted = [f"{grade(g)} {total.grades[g]}" for g in "ABCD" if total.grades[g]]
    if counted:
        st.markdown("&ensp;".join(counted))
    st.caption(
        _(
            "Distance: straight lines between the positions, in the order of time. On site: of the visits with a position and a mark."
        )
    )


def _span(days: Sequence) -> str:
    if len(days) == 1:
        return f"{look.moment(days[0].first_at)[-5:]}–{look.moment(days[0].last_at)[-5:]}"
    return _("{0} h a day").format(f"{footprints.total(days).out_hours / len(days):.1f}") if days else "—"


STORED = [
    Column("at", "Time", "moment", width=130),
    Column("source", "Occasion", value=lambda r: _(SOURCES[r.source]), width=110),
    Column("lat", "Latitude", value=lambda r: f"{r.lat:.6f}" if not r.coarse else f"{r.lat:.2f}", width=95),
    Column("lon", "Longitude", value=lambda r: f"{r.lon:.6f}" if not r.coarse else f"{r.lon:.2f}", width=95),
    Column("accuracy_m", "Accuracy (m)", "number", value=lambda r: None if r.accuracy_m is None else round(r.accuracy_m), width=90),
    Column("coarse", "Rounded", value=lambda r: _("yes") if r.coarse else _("no"), width=70),
]


def stored(positions: Sequence, key: str) -> None:
    """Every position that is kept of the day, as it is kept."""
    tables.look_at(positions, STORED, key, _("Positions kept of this day"), tallest=12)


@cache
def _version() -> str:
    """Of all its files: a new one is fetched anew, an old one never."""
    digest = hashlib.sha256()
    for file in sorted(FOLDER.iterdir()):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:10]
