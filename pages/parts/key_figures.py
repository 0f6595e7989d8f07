"""Large figures in cards. A row of them is one component of ours: of Streamlit's own elements each card would be five."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine import words
from engine.words import _
from pages.parts import component, look

_component = component.declare("vigil_figures")


@dataclass(frozen=True)
class Figure:
    """One card. `moved` stands in a pill of the `tone` (gray, green, orange, primary), with an arrow where it begins with a sign, and
    `note` beside it; `series` is its line, a number each step of time; `fine` makes a finding of it, well or not; `rows` is the address
    of the list behind it."""

    label: str
    value: str = ""
    moved: str = ""
    note: str = ""
    tone: str = "gray"
    help: str = ""
    series: Sequence[float] = ()
    fine: bool | None = None
    rows: str = ""


def show(figures: Sequence[Figure], key: str, columns: int, least: int = 150) -> None:
    """At most so many in a row, each at least so many pixels wide."""
    data = {
        "place": component.place("figures"), "language": words.language.get(), "columns": columns, "least": least,
        "figures": [_drawn(figure) for figure in figures],
    }  # fmt: skip
    _component(key=key, data=data, height="content")


def _drawn(figure: Figure) -> dict:
    said = {name: look.visible(getattr(figure, name)) for name in ("label", "value", "moved", "note", "help")}
    trend = {"series": list(figure.series), "trend": _("{0}, its trend").format(said["label"])}
    return said | trend | {"tone": figure.tone, "fine": figure.fine, "link": _link(figure) if figure.rows else None}


def _link(figure: Figure) -> dict[str, str]:
    opens = _("Open the rows")
    return {"href": figure.rows, "words": opens, "label": words.pair(opens, look.visible(figure.label))}
