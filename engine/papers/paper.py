"""A paper before it is set: a cover, a summary, and blocks one below the other. Plain data in the reader's language."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

Cell = str | dict  # a dict: text and colour
Block = dict

RED, AMBER, GREEN, TEAL, GREY = "#B83227", "#A0620F", "#2E7D4F", "#1F6F78", "#7B8A92"


@dataclass
class Paper:
    """`digest` is of what the paper says, whoever has it printed and whenever: two prints of the same are known as the same."""

    title: str
    subtitle: str
    cover: list[tuple[str, Cell]] = field(default_factory=list)
    summary: list[Block] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def digest(self) -> str:
        said = json.dumps([self.title, self.subtitle, self.cover, self.summary, self.blocks], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


def heading(text: str, level: int = 1) -> Block:
    return {"kind": "heading", "text": text, "level": level}


def words(text: Cell) -> Block:
    return {"kind": "words", "text": text}


def note(text: str) -> Block:
    return {"kind": "note", "text": text}


def facts(rows: Sequence[tuple[str, Cell | None]]) -> Block:
    """Label and value, nothing where nothing is known."""
    return {"kind": "facts", "rows": [list(row) for row in rows if row[1] not in (None, "")]}


def table(head: Sequence[str], widths: Sequence[float], rows: Sequence[Sequence[Cell]], right: Sequence[int] = ()) -> Block:
    """`widths` are shares of the line; `right` the columns of numbers."""
    return {"kind": "table", "head": list(head), "widths": list(widths), "rows": [list(row) for row in rows], "right": list(right)}


def lines(rows: Sequence[Cell]) -> Block:
    return {"kind": "lines", "rows": list(rows)}


def photos(items: Sequence[tuple[str, str]]) -> Block:
    """(key of the store, what stands below) of each."""
    return {"kind": "photos", "items": [{"key": key, "caption": caption} for key, caption in items]}


def bars(rows: Sequence[tuple[str, float, str, str]], before: Sequence[float] | None = None) -> Block:
    """(label, value, what stands at its end, colour) of each; `before`: the values they had, for thinner bars below."""
    longest = float(max([value for _, value, _, _ in rows] + list(before or []), default=0)) or 1
    shares = [None] * len(rows) if before is None else [float(value) / longest for value in before]
    return {
        "kind": "bars", "label": 38, "number": 34,
        "rows": [
            {"label": label, "share": float(value) / longest, "text": text, "colour": colour, "before": was}
            for (label, value, text, colour), was in zip(rows, shares, strict=True)
        ],
    }  # fmt: skip


def columns(series: Sequence[tuple[str, str]], rows: Sequence[tuple[str, Sequence[int]]]) -> Block:
    """(name, colour) of each part; (label, values) of each column."""
    return {
        "kind": "columns",
        "series": [{"name": name, "colour": colour} for name, colour in series],
        "rows": [{"label": label, "values": list(values), "total": f"{sum(values):,}"} for label, values in rows],
    }


def coloured(text: str, colour: str) -> Cell:
    return {"text": text, "colour": colour}


BREAK: Block = {"kind": "break"}
