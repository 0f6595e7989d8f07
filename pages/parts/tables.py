"""Lists: columns by what they hold, a click on a row opens it, pages in the address."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd
import streamlit as st

from db.listing import Page
from engine import words
from engine.words import _
from pages.parts import look

PAGE_SIZE = 50


@dataclass(frozen=True)
class Column:
    """`kind`: text, day, moment, wan (fen shown in 万元), number, share, badge (a StrEnum in `words`)."""

    name: str
    label: str
    kind: str = "text"
    words: type[StrEnum] | None = None
    width: int | None = None
    value: Callable | None = None  # of the row, when the column is not simply a field of it
    help: str | None = None


def show(rows: Sequence, columns: Sequence[Column], key: str, alt: str, height: int | str = "auto"):
    """The table; the row that was clicked in this run, or None."""
    if not rows:
        return None
    frame = pd.DataFrame({c.name: [_cell(c, row) for row in rows] for c in columns})
    event = st.dataframe(
        frame, hide_index=True, key=_key(key), on_select="rerun", selection_mode="single-cell", height=height,
        column_config={c.name: _config(c) for c in columns}, alt=alt, placeholder="—",
    )  # fmt: skip
    cells = event.selection.cells
    return rows[cells[0][0]] if cells else None


def choose(rows: Sequence, columns: Sequence[Column], key: str, alt: str, height: int | str = "auto") -> list:
    """The table with check boxes; the rows chosen."""
    if not rows:
        return []
    frame = pd.DataFrame({c.name: [_cell(c, row) for row in rows] for c in columns})
    event = st.dataframe(
        frame, hide_index=True, key=_key(key), on_select="rerun", selection_mode="multi-row", height=height,
        column_config={c.name: _config(c) for c in columns}, alt=alt, placeholder="—",
    )  # fmt: skip
    return [rows[i] for i in event.selection.rows]


def _key(key: str) -> str:
    """A table returned to shows no old selection: the key changes whenever its page is entered anew."""
    return f"{key}_{st.session_state.get('visit', 0)}"


def _cell(column: Column, row):
    value = column.value(row) if column.value else getattr(row, column.name)
    if column.kind == "badge":
        return [] if value is None else [words.name(column.words(value))]
    if column.kind == "wan":
        return look.ten_thousands(value)
    if column.kind == "moment":
        return look.moment(value)
    return value


def _config(c: Column):
    label, width, help_ = _(c.label), c.width, _(c.help) if c.help else None
    match c.kind:
        case "day":
            return st.column_config.DateColumn(label, format="YYYY-MM-DD", width=width or 105, help=help_)
        case "wan":
            return st.column_config.NumberColumn(_("{0} (¥10k)").format(label), format="%,.2f", width=width or 110, help=help_)
        case "number":
            return st.column_config.NumberColumn(label, format="%d", width=width or 80, help=help_)
        case "share":
            return st.column_config.NumberColumn(label, format="percent", width=width or 90, help=help_)
        case "badge":
            options = list(c.words)
            return st.column_config.MultiselectColumn(
                label, options=[words.name(w) for w in options], color=[look.HEX[look.badge_colour(w)] for w in options],
                width=width or 110, help=help_,
            )  # fmt: skip
    return st.column_config.TextColumn(label, width=width, help=help_)


def pager(total: int, key: str = "page", size: int = PAGE_SIZE) -> None:
    """Page buttons under a list; the page stands in the address."""
    pages = max(1, -(-total // size))
    if pages > 1:
        st.pagination(pages, key=key, bind="query-params", max_visible_pages=7)


def offset(key: str = "page", size: int = PAGE_SIZE) -> int:
    """Where the page asked for begins, read before the list is."""
    asked = st.session_state.get(key) or st.query_params.get(key, "1")
    return (max(1, int(asked)) - 1) * size if str(asked).isdigit() else 0


def count(page: Page, one: str) -> None:
    """"1,284 todos", or "more than 10,000"."""
    number = _("more than {0:,}").format(page.total) if page.more else f"{page.total:,}"
    st.caption(f"{number} {_(one)}")


def empty(title: str, what_to_do: str) -> None:
    """An empty state says what it means and what to do."""
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(f"**{_(title)}**", text_alignment="center")
        st.caption(_(what_to_do), text_alignment="center")


def open_page(page: str, **parameters: object) -> None:
    """Go to another page with its query."""
    st.switch_page(f"pages/{page}.py", query_params={name: str(value) for name, value in parameters.items()})
