"""Charts: one template for all. No gridline noise, direct labels, the same colour for the same meaning."""

from collections.abc import Sequence
from datetime import date

import plotly.graph_objects as go
import streamlit as st

from db.vocab import Kind
from engine import words
from engine.words import _
from pages.parts import look

CONFIG = {"displayModeBar": False, "scrollZoom": False, "responsive": True}
FONT = (
    "-apple-system, BlinkMacSystemFont, Segoe UI, Roboto, Helvetica Neue, PingFang SC, Microsoft YaHei, Noto Sans CJK SC, "
    "sans-serif"
)


def draw(figure: go.Figure, alt: str, key: str | None = None, height: int = 260, **options):
    """Put a figure on the page in the house's way; what the figure itself says stays."""
    own = figure.layout.to_plotly_json()
    figure.update_layout(
        height=height, separators=".,", margin={"l": 4, "r": 8, "t": 8, "b": 4}, font={"family": FONT, "size": 12}, dragmode=False,
        hovermode="x unified", bargap=0.28, legend={"orientation": "h", "y": 1.12, "x": 0, "title": None},
        xaxis={"showgrid": False, "fixedrange": True, "title": None, "tickformat": "%m-%d",
            "hoverformat": "%Y-%m-%d"}, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        yaxis={"gridcolor": "rgba(128,140,145,.18)", "zeroline": False, "fixedrange": True, "title": None, "nticks": 5},
    )  # fmt: skip
    figure.update_layout(own)
    return st.plotly_chart(figure, config=CONFIG, key=key, alt=alt, **options)


def done_per_day(rows: Sequence, due: dict[date, int], since: date, until: date) -> go.Figure:
    """Stacked bars by kind, and a line for what was to be done by that day."""
    figure = go.Figure()
    days = _days(since, until)
    for kind in Kind:
        counts = {row.day: row.n for row in rows if row.kind == kind}
        if counts:
            figure.add_bar(x=days, y=[counts.get(d, 0) for d in days], name=words.name(kind), marker_color=look.KIND_COLOURS[kind])
    figure.add_scatter(
        x=days, y=[due.get(d, 0) for d in days], name=_("due that day"), mode="lines",
        line={"color": look.GREY, "width": 1.5, "dash": "dot", "shape": "hvh"},
    )  # fmt: skip
    figure.update_layout(barmode="stack")
    return figure


def overdue_per_day(rows: Sequence) -> go.Figure:
    """Areas by age, the oldest at the bottom."""
    names = {"late_more": _("more than 30 days"), "late_30": _("8 to 30 days"), "late_7": _("1 to 7 days")}
    figure = go.Figure()
    for column, name in names.items():
        figure.add_scatter(
            x=[row.day for row in rows], y=[getattr(row, column) for row in rows], name=name, stackgroup="age", mode="lines",
            line={"width": 0.5, "color": look.AGE_COLOURS[column], "shape": "hv"}, fillcolor=look.AGE_COLOURS[column],
        )  # fmt: skip
    return figure


def ranking(names: Sequence[str], values: Sequence[int], notes: Sequence[str], colour: str = look.TEAL) -> go.Figure:
    """Horizontal bars, most on top, the number at the end of each."""
    figure = go.Figure()
    figure.add_bar(
        x=list(values)[::-1], y=list(names)[::-1], orientation="h", marker_color=colour, text=[f"{v}" for v in values][::-1],
        textposition="outside", cliponaxis=False, customdata=list(notes)[::-1],
        hovertemplate="%{y}: %{x}<br>%{customdata}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(hovermode="closest", yaxis={"automargin": True, "dtick": 1, "showgrid": False}, xaxis={"visible": False})
    return figure


def before_after(names: Sequence[str], before: Sequence[float], after: Sequence[float]) -> go.Figure:
    """For each name a bar of what was and one of what will be, the first name on top."""
    figure = go.Figure()
    for title, values, colour in ((_("after"), after, look.TEAL), (_("before"), before, look.BEFORE)):
        figure.add_bar(
            x=list(values)[::-1], y=list(names)[::-1], name=title, orientation="h", marker_color=colour, text=[f"{v:,.1f}" for v in values][::-1],
            textposition="outside", cliponaxis=False, hovertemplate="%{y}: %{x:,.1f}<extra>" + title + "</extra>",
        )  # fmt: skip
    figure.update_layout(
        barmode="group", hovermode="closest", yaxis={"automargin": True, "dtick": 1, "showgrid": False}, xaxis={"visible": False},
        legend={"orientation": "h", "y": 1.12, "x": 0, "title": None, "traceorder": "reversed"},
    )  # fmt: skip
    return figure


def _days(since: date, until: date) -> list[date]:
    return [date.fromordinal(n) for n in range(since.toordinal(), until.toordinal() + 1)]
