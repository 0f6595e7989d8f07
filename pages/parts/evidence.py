"""What speaks for and against an officer's having been there: drawing of position and mark, reasons, photos beside earlier ones."""

from collections.abc import Sequence
from datetime import timedelta
from math import cos, pi, radians, sin

import plotly.graph_objects as go
import streamlit as st

from engine import words
from engine.photos import screens
from engine.presence import MEANING, SAYS, Verdict
from engine.words import _
from pages.parts import charts, look

GRADES = {"A": (MEANING["A"], "green"), "B": (MEANING["B"], "green"), "C": (MEANING["C"], "orange"), "D": (MEANING["D"], "red")}
MARKS = {
    Verdict.FAIL: (SAYS[Verdict.FAIL], "red", "cancel"), Verdict.DOUBT: (SAYS[Verdict.DOUBT], "orange", "help"),
    Verdict.NOTE: (SAYS[Verdict.NOTE], "blue", "info"), Verdict.PASS: (SAYS[Verdict.PASS], "green", "check_circle"),
    Verdict.UNKNOWN: (SAYS[Verdict.UNKNOWN], "gray", "remove"),
}  # fmt: skip
TELLING = (Verdict.FAIL, Verdict.DOUBT, Verdict.NOTE)
DEGREE_M = 111_195  # of latitude


def grade_badge(grade: str) -> str:
    """The letter and what it means."""
    meaning, colour = GRADES[grade]
    return f":{colour}-badge[{grade} · {_(meaning)}]"


def presence(record) -> None:
    """Grade, drawing, and the reasons, the telling ones open."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(_("Presence"), anchor=False, width="content")
            if record.grade:
                st.markdown(grade_badge(record.grade), width="content")
        if record.lat is None:
            st.caption(_("The phone gave no position."))
        elif record.place:
            charts.plot(_drawing(record), _("Position and marked address"), height=250, key="drawing")
        if record.away_because:
            st.markdown(f":material/format_quote: {_('The officer says: {0}').format(look.plain(record.away_because))}")
        _reasons(record.presence or [])


def _drawing(record) -> go.Figure:
    """Metres around the mark: the fence, the position and how far it may be off."""
    place = record.place
    east = (record.lon - place["lon"]) * DEGREE_M * cos(radians(place["lat"]))
    north = (record.lat - place["lat"]) * DEGREE_M
    known = record.accuracy_m or 0
    figure = go.Figure()
    _circle(figure, 0, 0, place["radius_m"], look.TEAL, _("Fence {0} m").format(place["radius_m"]))
    if known:
        _circle(figure, east, north, known, look.AMBER, _("Accurate to {0} m").format(f"{known:.0f}"))
    figure.add_scatter(
        x=[0, east],
        y=[0, north],
        mode="lines",
        line={"color": look.GREY, "dash": "dot", "width": 1.5},
        showlegend=False,
        hoverinfo="skip",
    )
    _point(figure, 0, 0, look.TEAL, "square", _("Marked address"))
    _point(figure, east, north, look.AMBER, "circle", _("Position, {0} m away").format(f"{record.distance_m or 0:.0f}"))
    reach = 1.15 * max(place["radius_m"], abs(east) + known, abs(north) + known)
    figure.update_layout(
        xaxis={"visible": False, "range": [-reach * 1.7, reach * 1.7]}, hovermode="closest", legend={"y": -0.02, "yanchor": "top"},
        yaxis={"visible": False, "range": [-reach, reach], "scaleanchor": "x", "scaleratio": 1, "showgrid": False}, margin={"b": 40},
    )  # fmt: skip
    return figure


def _circle(figure: go.Figure, x: float, y: float, radius: float, colour: str, name: str) -> None:
    turns = [2 * pi * n / 72 for n in range(73)]
    figure.add_scatter(
        x=[x + radius * cos(t) for t in turns], y=[y + radius * sin(t) for t in turns], mode="lines", name=name, hoverinfo="name",
        line={"color": colour, "width": 1.5}, fill="toself", fillcolor=f"rgba({int(colour[1:3], 16)},{int(colour[3:5], 16)},{int(colour[5:], 16)},.10)",
    )  # fmt: skip


def _point(figure: go.Figure, x: float, y: float, colour: str, symbol: str, name: str) -> None:
    figure.add_scatter(
        x=[x], y=[y], mode="markers", marker={"size": 11, "symbol": symbol, "color": colour}, name=name, hoverinfo="name"
    )


def _reasons(reasons: Sequence[dict]) -> None:
    telling = [r for r in reasons if r["verdict"] in TELLING]
    others = [r for r in reasons if r["verdict"] not in TELLING and r["check"] != "explanation"]
    if telling:
        st.markdown("  \n".join(_reason(r) for r in telling))
    if others:
        with st.expander(_("{0} more checks without a finding").format(len(others))):
            st.markdown("  \n".join(_reason(r) for r in others))


def _reason(reason: dict) -> str:
    word, colour, icon = MARKS[Verdict(reason["verdict"])]
    said = reason["words"]
    return f":{colour}[:material/{icon}: {_(word)}] {look.plain(words.in_language(said) if isinstance(said, dict) else said)}"


# --- Photos -----------------------------------------------------------------------------------------------------------


def photos(taken: Sequence, copies: Sequence, finished_at) -> None:
    """Each in little, the whole one behind it; what was found among earlier photos stands beside its original."""
    with st.container(border=True):
        st.subheader(_("Photos"), anchor=False)
        if not taken:
            st.caption(_("No photos."))
            return
        with st.grid(3, min_column_width=150):
            for n, photo in enumerate(taken, 1):
                with st.container(gap="xsmall"):
                    st.markdown(picture(photo.id, n))
                    st.caption("  \n".join(_facts(photo, finished_at)))
        for copy in copies:
            _pair(copy)


def picture(photo_id: int, n: int | str) -> str:
    """Served to whoever may see it, by our own route: its address is worth nothing to anybody else."""
    here = f"/api/v1/photos/{photo_id}"
    return f"[![{_('Photo {0}').format(n)}]({here}?small)]({here})"


def _facts(photo, finished_at) -> list[str]:
    said = [_("Received {0}").format(look.moment(photo.received_at))]
    if photo.told_at:
        strange = abs(photo.told_at - finished_at) > timedelta(hours=12)
        taken = _("Taken {0}, as the file says").format(look.moment(photo.told_at))
        said.append(f":orange[:material/schedule: {taken}]" if strange else taken)
    if photo.device:
        said.append(look.plain(photo.device))
    if (photo.screen or 0) >= screens.SUSPICIOUS:
        said.append(f":orange[:material/monitor: {_('Perhaps a photo of a screen')}]")
    return said


def _pair(copy) -> None:
    """This photo and the earlier one, side by side."""
    same = _("the same file") if copy.exact else _("{0} of the picture is the same").format(f"{copy.share:.0%}")
    same += _(", mirrored") if copy.mirrored else ""
    with st.container(border=True, key=f"pair_{copy.photo_id}_{copy.earlier_id or 0}"):
        st.markdown(f":orange[:material/content_copy: **{_('Handed in before')}**] · {same}")
        if copy.earlier_id is None:
            st.markdown(picture(copy.photo_id, _("of this check")))
            st.caption(_("The other photo belongs to a customer you do not look after; head office sees both."))
            return
        here, there = st.columns(2)
        here.markdown(picture(copy.photo_id, _("of this check")))
        here.caption(_("This check"))
        there.markdown(picture(copy.earlier_id, _("of another check")))
        there.caption(f"{look.plain(copy.earlier_customer)} · {look.plain(copy.earlier_officer)} · {look.moment(copy.earlier_at)}")
        there.page_link(
            "pages/desk/records.py",
            label=_("To that check"),
            icon=":material/fact_check:",
            query_params={"id": str(copy.earlier_record)},
        )
