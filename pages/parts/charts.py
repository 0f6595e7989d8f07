"""Charts: one template for all. No gridline noise, direct labels, the same colour for the same meaning."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from html import escape

import plotly.graph_objects as go
import streamlit as st

from db.vocab import Conclusion, Kind, LoanClass, Mode
from engine import words
from engine.words import _
from pages.parts import component, look

# What a chart shows, as plain data in plotly's words: `data` of bars ("bar", lying with `orientation` "h") and of lines ("scatter", with
# `mode`, `line`, `stackgroup`, `marker`), and the few words of `layout` that are used below. assets/components/chart draws it.
Drawing = dict
CONFIG = {"displayModeBar": False, "scrollZoom": False, "responsive": True}
FONT = (
    "-apple-system, BlinkMacSystemFont, Segoe UI, Roboto, Helvetica Neue, PingFang SC, Microsoft YaHei, Noto Sans CJK SC, "
    "sans-serif"
)
_component = component.declare("vigil_chart")


def draw(drawing: Drawing, alt: str, key: str, height: int = 260, picks: bool = False) -> dict | None:
    """Put a chart on the page. With `picks` the place that was tapped in this run: its `x`, and its `index` in the trace."""
    data = {
        "place": component.place("chart"), "language": words.language.get(), "alt": alt, "height": height, "picks": picks,
        "drawing": readable(drawing),
    }  # fmt: skip
    drawn = _component(key=key, data=data, height=height, on_picked_change=lambda: None)
    return drawn.picked


def readable(drawing: Drawing) -> Drawing:
    """As it is handed out: days written as days, texts without what turns them round."""
    return drawing | {"data": [_in(trace, _shown) for trace in drawing["data"]]}


def plot(figure: Drawing | go.Figure, alt: str, key: str, height: int = 260) -> None:
    """Put a figure on the page that is more than a chart knows: drawn by plotly, whose half a second a page must be worth."""
    said = figure if isinstance(figure, dict) else figure.to_dict()
    drawn = {"data": [_in(trace, _as_text) for trace in said["data"]], "layout": _over(_house(height), said.get("layout", {}))}
    st.plotly_chart(drawn, config=CONFIG, key=key, alt=alt)


def _in(trace: dict, write: Callable[[object], object]) -> dict:
    return trace | {part: _written(trace[part], write) for part in ("x", "y", "name", "text", "customdata") if part in trace}


def _written(value: object, write: Callable[[object], object]) -> object:
    return [_written(one, write) for one in value] if isinstance(value, list | tuple) else write(value)


def _shown(value: object) -> object:
    return look.visible(value) if isinstance(value, str) else value.isoformat() if isinstance(value, date) else value


def _as_text(value: object) -> object:
    """Plotly takes tags in names for links and markup; what comes from the book is neither."""
    return escape(look.visible(value), quote=False) if isinstance(value, str) else value


def _house(height: int) -> dict:
    return {
        "height": height, "separators": ".,", "margin": {"l": 4, "r": 8, "t": 8, "b": 4}, "font": {"family": FONT, "size": 12}, "dragmode": False,
        "hovermode": "x unified", "bargap": 0.28, "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}, "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": {"showgrid": False, "fixedrange": True, "tickformat": "%m-%d", "hoverformat": "%Y-%m-%d"},
        "yaxis": {"gridcolor": "rgba(128,140,145,.18)", "zeroline": False, "fixedrange": True, "nticks": 5},
    }  # fmt: skip


def _over(below: dict, above: dict) -> dict:
    """Both, piece by piece; where they differ, what is above."""
    both = below | above
    for name in below.keys() & above.keys():
        if isinstance(below[name], dict) and isinstance(above[name], dict):
            both[name] = _over(below[name], above[name])
    return both


def done_per_day(rows: Sequence, due: dict[date, int], since: date, until: date) -> Drawing:
    """Stacked bars by kind, and a line for what was to be done by that day."""
    days, bars = _days(since, until), []
    for kind in Kind:
        counts = {row.day: row.n for row in rows if row.kind == kind}
        if counts:
            bars.append({"type": "bar", "x": days, "y": [counts.get(d, 0) for d in days], "name": words.name(kind),
                         "marker": {"color": look.KIND_COLOURS[kind]}})  # fmt: skip
    line = {
        "type": "scatter", "x": days, "y": [due.get(d, 0) for d in days], "name": _("due that day"), "mode": "lines",
        "line": {"color": look.GREY, "width": 1.5, "dash": "dot", "shape": "hvh"},
    }  # fmt: skip
    return {"data": [*bars, line], "layout": {"barmode": "stack"}}


def due_per_day(rows: Sequence) -> Drawing:
    """What fell due on each day, stacked by what became of it."""
    days, parts = [row.day for row in rows], {
        "on_time": (_("Done on time"), look.TEAL), "late": (_("Done late"), look.AMBER), "open": (_("Still open"), look.BEFORE),
    }  # fmt: skip
    bars = [
        {"type": "bar", "x": days, "y": [getattr(row, part) for row in rows], "name": name, "marker": {"color": colour}}
        for part, (name, colour) in parts.items()
    ]
    return {"data": bars, "layout": {"barmode": "stack"}}


def overdue_per_day(rows: Sequence) -> Drawing:
    """Areas by age, the oldest at the bottom."""
    names = {"late_more": _("more than 30 days"), "late_30": _("8 to 30 days"), "late_7": _("1 to 7 days")}
    days = [row.day for row in rows]
    areas = [
        {"type": "scatter", "x": days, "y": [getattr(row, column) for row in rows], "name": name, "stackgroup": "age", "mode": "lines",
         "line": {"width": 0.5, "color": look.AGE_COLOURS[column], "shape": "hv"}, "fillcolor": look.AGE_COLOURS[column]}
        for column, name in names.items()
    ]  # fmt: skip
    return {"data": areas}


def shares(rates: Sequence, site: Sequence, targets: dict[str, float]) -> Drawing:
    """Shares by week, each with its target as a dotted line."""
    lines = []
    for name, rows, parts, target, colour in (
        (_("Completed on time"), rates, ("on_time", "due"), "target.on_time", look.TEAL), (_("On site"), site, ("on_site", "placed"), "target.on_site", look.BLUE),
    ):  # fmt: skip
        weeks = _weekly(rows, *parts)
        if weeks:
            days = list(weeks)
            lines.append({"type": "scatter", "x": days, "y": list(weeks.values()), "name": name, "mode": "lines+markers",
                          "line": {"color": colour, "width": 2}, "yhoverformat": ".1f"})  # fmt: skip
            lines.append({
                "type": "scatter", "x": days, "y": [100 * targets[target]] * len(days), "name": _("{0}, target").format(name), "mode": "lines",
                "line": {"color": colour, "width": 1.2, "dash": "dot"}, "yhoverformat": ".1f",
            })  # fmt: skip
    return {"data": lines, "layout": {"yaxis": {"ticksuffix": "%"}}}


def _weekly(rows: Sequence, part: str, whole: str) -> dict[date, float]:
    """Percent by the Monday of each week in which there was something to count."""
    sums: dict[date, list[int]] = {}
    for row in rows:
        both = sums.setdefault(row.day - timedelta(days=row.day.weekday()), [0, 0])
        both[0] += getattr(row, part)
        both[1] += getattr(row, whole)
    return {day: 100 * some / every for day, (some, every) in sorted(sums.items()) if every}


def ranking(
    names: Sequence[str], values: Sequence[float], notes: Sequence[str], colour: str = look.TEAL, unit: str = ""
) -> Drawing:
    """Horizontal bars, most on top, the number at the end of each."""
    bars = _lying(names, values, [f"{v:,}{unit}" for v in values], colour) | {"customdata": list(notes)[::-1]}
    return {"data": [bars], "layout": LYING}


def before_after(names: Sequence[str], before: Sequence[float], after: Sequence[float]) -> Drawing:
    """For each name a bar of what was and one of what will be, the first name on top."""
    bars = [
        _lying(names, values, [f"{v:,.1f}" for v in values], colour) | {"name": title, "xhoverformat": ",.1f"}
        for title, values, colour in ((_("after"), after, look.TEAL), (_("before"), before, look.BEFORE))
    ]
    return {"data": bars, "layout": LYING | {"barmode": "group", "legend": {"traceorder": "reversed"}}}


def balance_and_class(states: Sequence, checks: Sequence, today: date) -> Drawing:
    """Balances through time in ten thousand yuan, one upon the other by class, the worst on top; a mark where a loan changed its
    class, and one below for each check."""
    days = sorted({s.from_on for s in states} | {s.to_on for s in states if s.to_on} | {today})
    by_class = {of: [_held(states, of, day) for day in days] for of in LoanClass}
    areas = [
        {"type": "scatter", "x": days, "y": held, "name": words.name(of), "stackgroup": "class", "mode": "lines", "fillcolor": look.CLASS_COLOURS[of] + "66",
         "line": {"width": 1, "color": look.CLASS_COLOURS[of], "shape": "hv"}, "yhoverformat": ",.2f"}
        for of, held in by_class.items() if any(held)
    ]  # fmt: skip
    total = dict(zip(days, map(sum, zip(*by_class.values(), strict=True)), strict=True))
    marks = [*_class_changes(states, total), *_checks([c for c in checks if c.done_on >= days[0]])]
    return {"data": [*areas, *marks], "layout": {"yaxis": {"rangemode": "tozero"}}}


def _held(states: Sequence, of: LoanClass, day: date) -> float:
    there = (s for s in states if s.from_on <= day and (s.to_on is None or day < s.to_on) and s._mapping["class"] == of)
    return sum(s.balance_fen for s in there) / 1_000_000


def class_changes(states: Sequence) -> list[tuple[date, str, LoanClass, LoanClass]]:
    """(day, loan, was, became) wherever a loan changed its class, oldest first."""
    last, found = {}, []
    for s in states:
        was, now = last.get(s.loan_id), LoanClass(s._mapping["class"])
        if was is not None and was != now:
            found.append((s.from_on, s.loan_no, was, now))
        last[s.loan_id] = now
    return found


def _class_changes(states: Sequence, total: dict[date, float]) -> list[dict]:
    order, found = list(LoanClass), class_changes(states)
    marks = []
    for title, symbol, colour, worse in (
        (_("class got worse"), "triangle-up", look.RED, True),
        (_("class got better"), "triangle-down", look.GREEN, False),
    ):
        own = [change for change in found if (order.index(change[3]) > order.index(change[2])) is worse]
        texts = [f"{loan}: {words.name(was)} → {words.name(now)}" for _day, loan, was, now in own]
        marks += [_marks([c[0] for c in own], [total[c[0]] for c in own], texts, title, symbol, colour)] if own else []
    return marks


def _checks(checks: Sequence) -> list[dict]:
    texts = [f"{words.name(Kind(c.kind))} · {words.name(Mode(c.mode))} · {words.name(Conclusion(c.conclusion))}" for c in checks]
    return [_marks([c.done_on for c in checks], [0] * len(checks), texts, _("check"), "diamond", look.BLUE)] if checks else []


def _marks(x: list, y: list, texts: list[str], name: str, symbol: str, colour: str) -> dict:
    return {
        "type": "scatter", "x": x, "y": y, "text": texts, "name": name, "mode": "markers", "cliponaxis": False, "hoverinfo": "text",
        "marker": {"symbol": symbol, "size": 9, "color": colour},
    }  # fmt: skip


def weeks(first_days: Sequence[date], before: Sequence[int], after: Sequence[int]) -> Drawing:
    """For each week a bar of what it is and one of what it would be."""
    bars = [
        {"type": "bar", "x": list(first_days), "y": list(values), "name": title, "marker": {"color": colour}}
        for title, values, colour in ((_("as it is"), before, look.BEFORE), (_("with the draft"), after, look.TEAL))
    ]
    return {"data": bars, "layout": {"barmode": "group"}}


LYING = {"hovermode": "closest", "yaxis": {"automargin": True, "dtick": 1, "showgrid": False}, "xaxis": {"visible": False}}


def _lying(names: Sequence[str], values: Sequence[float], texts: Sequence[str], colour: str) -> dict:
    return {
        "type": "bar", "x": list(values)[::-1], "y": list(names)[::-1], "orientation": "h", "marker": {"color": colour},
        "text": texts[::-1], "textposition": "outside", "cliponaxis": False,
    }  # fmt: skip


def _days(since: date, until: date) -> list[date]:
    return [date.fromordinal(n) for n in range(since.toordinal(), until.toordinal() + 1)]
