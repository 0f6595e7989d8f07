"""A person's day on the map, played in time, with its stops and its numbers: the officer's own page and the desk's share it."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from db import footprints as stored_footprints
from db.vocab import FixSource, Kind
from engine import footprints, outline, words
from engine.words import _
from pages.parts import component, dossier, look, tables
from pages.parts.tables import Column

_component = component.declare("vigil_footprints")
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
        "place": component.place("footprints"), "language": words.language.get(),
        "line": [{"at": spot.at.timestamp() * 1000, "lat": spot.lat, "lon": spot.lon} for spot in line],
        "stops": [_mark(number, stop) for number, stop in enumerate(stops, 1) if stop.lat is not None],
        "rings": _rings(line),
        "words": {"play": _("Play"), "pause": _("Pause"), "time": _("Time of the day"), "speed": _("Speed"), "map": _("Map of the day")},
    })  # fmt: skip


def heat(cells: Sequence, step: str, key: str, chosen: str | None = None, near: bool = False) -> str | None:
    """Where visits were made: each part of the map as deep in colour as it has visits; the part that was tapped in this run.

    `near`: as large as the parts allow, else the whole city."""
    by_district = visits_by_district(cells)
    rings = [
        _ring(name, ring) | {"named": n == 0, "visits": by_district.get(name, 0)}
        for name, found in outline.districts().items()
        for n, ring in enumerate(sorted(found, key=len, reverse=True))
    ]
    drawn = _component(key=key, on_cell_change=lambda: None, data={
        "place": component.place("footprints"), "language": words.language.get(), "rings": rings, "near": near, "chosen": chosen,
        "step": [float(degrees) for degrees in stored_footprints.steps(step)],
        "heat": [{"key": key_of(c), "lat": float(c.lat), "lon": float(c.lon), "visits": c.visits, "name": told_of(c)} for c in cells],
        "words": {"map": _("Where visits were made"), "few": _("few visits"), "many": _("many:")},
    })  # fmt: skip
    return drawn.cell


def visits_by_district(cells: Sequence) -> dict[str, int]:
    found: dict[str, int] = {}
    for cell in cells:
        name = district_of(cell)
        found[name] = found.get(name, 0) + cell.visits
    return found


def district_of(cell) -> str:
    return outline.district_at(float(cell.lat), float(cell.lon)) or ""


def key_of(cell) -> str:
    """As it stands in an address: the middle of a part of the map."""
    return f"{cell.lat.normalize():f},{cell.lon.normalize():f}"


def place_of(cell) -> str:
    """Its middle may lie across the border, its village does not."""
    return " ".join(part for part in (district_of(cell), cell.village) if part) or _("Elsewhere")


def told_of(cell) -> str:
    """A part of the map in one line."""
    shares = [_("{0} visits").format(f"{cell.visits:,}"), _("{0} officers").format(cell.officers)]
    on_site = [f"{_('On site')} {look.percent(cell.on_site, cell.placed)}"] if cell.placed else []
    return " · ".join([look.visible(place_of(cell)), *shares, *on_site])


def _mark(number: int, stop) -> dict:
    return {"n": number, "at": stop.arrived_at.timestamp() * 1000, "lat": stop.lat, "lon": stop.lon, "name": stop.customer or "",
            "tone": TONES.get(stop.grade or "", "" if stop.on_site is None else "good" if stop.on_site else "bad")}  # fmt: skip


def _rings(line: list[footprints.Spot]) -> list[dict]:
    """The districts near the day's places."""
    south, north = min(s.lat for s in line) - AROUND, max(s.lat for s in line) + AROUND
    west, east = min(s.lon for s in line) - AROUND, max(s.lon for s in line) + AROUND
    return [
        _ring(name, ring)
        for name, rings in outline.districts().items()
        for ring in rings
        if any(south <= lat <= north and west <= lon <= east for lat, lon in [*ring, _middle(ring)])
    ]


def _ring(name: str, ring: outline.Ring) -> dict:
    """Pairs to some ten metres: the outline is not finer than 300."""
    return {"name": name, "middle": _middle(ring), "points": [(round(lat, 4), round(lon, 4)) for lat, lon in ring]}


def _middle(ring: outline.Ring) -> tuple[float, float]:
    return sum(lat for lat, _lon in ring) / len(ring), sum(lon for _lat, lon in ring) / len(ring)


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
