"""The dashboard on a wall: large, without a menu, four views in turn, drawn anew with every change. Made for 1920 by 1080."""

from datetime import date

import streamlit as st

from db import branches
from db.access import Person, reading
from db.figures import Scope
from db.vocab import LIVE_SIGNALS, Level, Role
from engine import clock, words
from engine.words import _
from pages.parts import board, charts, counts, live, look, looking
from pages.parts.board import Asked

TURN = 20  # seconds for each view
TALL, TEXT = 940, 20  # pixels
GAP = 0.02


@st.fragment(run_every=f"{TURN}s")
def show(by: Person, today: date) -> None:
    """The view whose turn it is; all walls of the bank turn together."""
    live.watch(by, *board.SHOWN)
    asked = _asked(by, today)
    counted, turn = asked.counted(), int(clock.now().timestamp()) // TURN % len(TURNS)
    with st.container(horizontal=True, vertical_alignment="center"):
        view, title = list(TURNS.items())[turn]
        st.title(f"{_('Vigil')} · {_(title)}", anchor=False, width="content")
        st.caption("●".join("○" * n for n in (turn, len(TURNS) - 1 - turn)), width="content")
        st.space("stretch")
        st.caption(
            _("Book of {0} · counted at {1}").format(look.day(counted.figures["as_of"]), counts.moment(counted)), width="content"
        )
        if not by.wall:
            looking.hang(by)
            st.page_link("pages/desk/dashboard.py", label=_("Leave the wall"), icon=":material/close:", width="content")
    view(asked, counted.figures)


def _asked(by: Person, today: date) -> Asked:
    with reading(by) as conn:
        root = branches.root(conn)
    return Asked(by, Scope(today), top=by.branch_id if by.role is Role.BRANCH_HEAD else root)


def _large(drawing: charts.Drawing, alt: str, key: str) -> None:
    said = drawing.get("layout", {})
    axes = {axis: {"tickfont": {"size": TEXT}} | said.get(axis, {}) for axis in ("xaxis", "yaxis")}
    layout = said | axes | {"font": {"size": TEXT}, "legend": {"font": {"size": TEXT}}}
    charts.plot({"data": drawing["data"], "layout": layout}, alt, key=f"wall_{key}", height=TALL)


def key_figures(asked: Asked, data: dict) -> None:
    """Six figures, three in a row, each with its change and its trend."""
    drawing: charts.Drawing = {"data": [], "layout": {"annotations": [], "showlegend": False}}
    for n, key in enumerate(board.keys(asked, data)):
        left, bottom = n % 3 / 3 + GAP, 0.5 - n // 3 * 0.5
        _figure(drawing, key, n + 1, left, bottom)
    _large(drawing, _("Key figures"), "figures")


def _figure(drawing: charts.Drawing, key: board.Key, n: int, left: float, bottom: float) -> None:
    colour, ink = look.LATE if key.alarming else None, _ink()
    moved = f"{key.change.text} {_(key.against)} {key.change.word}".strip() if key.change else ""
    for text, size, y, shade in (
        (_(key.label), 32, 0.44, ink),
        (key.value, 104, 0.40, colour or ink),
        (moved, 24, 0.21, look.GREY),
    ):
        drawing["layout"]["annotations"].append({
            "text": text, "x": left, "y": bottom + y, "xref": "paper", "yref": "paper", "showarrow": False, "xanchor": "left", "yanchor": "top",
            "font": {"size": size, "color": shade},
        })  # fmt: skip
    if len(key.series) > 1:
        drawing["data"].append({
            "type": "scatter", "y": key.series, "xaxis": f"x{n}", "yaxis": f"y{n}", "mode": "lines", "line": {"color": colour or look.TEAL, "width": 3},
            "hoverinfo": "skip",
        })  # fmt: skip
        drawing["layout"] |= {
            f"xaxis{n}": {"domain": [left, left + 1 / 3 - 2 * GAP], "anchor": f"y{n}", "visible": False},
            f"yaxis{n}": {"domain": [bottom + 0.02, bottom + 0.12], "anchor": f"x{n}", "visible": False},
        }


def _ink() -> str:
    return look.INK_ON_DARK if st.context.theme.type == "dark" else look.INK


def work(asked: Asked, data: dict) -> None:
    left, right = st.columns(2)
    with left:
        due = {r.day: r.due for r in data["rates"]}
        _large(charts.done_per_day(data["done"], due, *asked.now), _("Todos completed per day by kind"), "done")
    with right:
        _large(charts.overdue_per_day(data["lates"]), _("Open overdue todos per day by age"), "late")


def ahead(_asked: Asked, data: dict) -> None:
    left, right = st.columns(2)
    rows = data["branches_7"][:12]
    with left:
        _large(
            charts.ranking([r.branch for r in rows], [r.n for r in rows], [""] * len(rows)),
            _("Todos coming due, most first"),
            "coming",
        )
    with right:
        _large(charts.shares(data["rates"], data["site"], data["targets"]), _("Shares by week, with their targets"), "shares")


def risk(_asked: Asked, data: dict) -> None:
    left, right = st.columns(2)
    with left:
        _large(_levels(data["signals"]), _("Open signals by level"), "levels")
    late = sorted((r for r in data["branches"] if r.overdue), key=lambda r: -r.overdue)[:12]
    with right:
        drawing = charts.ranking([r.branch for r in late], [r.overdue for r in late], [""] * len(late), look.LATE)
        _large(drawing, _("Overdue todos by branch, most first"), "branches")


def _levels(rows: list) -> charts.Drawing:
    """Bars by level, the worst on the left, stacked by what has become of them."""
    levels, shades = list(reversed(Level)), (1.0, 0.6, 0.35)
    bars = [
        {"type": "bar", "x": [words.name(level) for level in levels], "name": words.name(state), "textposition": "auto",
         "y": [sum(r.n for r in rows if (r.level, r.state) == (level, state)) for level in levels],
         "marker": {"color": [look.LEVEL_COLOURS[level] for level in levels], "opacity": shade}, "texttemplate": "%{y}", "textangle": 0, "textfont": {"color": _ink()}}
        for state, shade in zip(LIVE_SIGNALS, shades, strict=True)
    ]  # fmt: skip
    return {
        "data": bars,
        "layout": {"barmode": "stack", "hovermode": "closest", "uniformtext": {"minsize": TEXT - 4, "mode": "hide"}},
    }


TURNS = {
    key_figures: "Key figures",
    work: "Work and what is overdue",
    ahead: "What comes, and how well",
    risk: "Signals and overdue by branch",
}
