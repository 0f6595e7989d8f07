"""Lists: columns by what they hold, a click on a row opens it, pages in the address."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd
import streamlit as st

from db.listing import Page
from engine import words
from engine.words import _
from pages.parts import acts, component, look, style
from pages.parts import columns as arranging

PAGE_SIZE = 50
MOST = 300  # rows of a table without pages
PAGE, SIZE = "page", "page_size"
ROW, TALLEST = 32, 20  # pixels of a row; rows of a table before it scrolls in itself
PATTERNS = {"wan": "{:,.2f}", "number": "{:,.0f}", "decimal": "{:,.1f}", "share": "{:.1f}%", "day": "{:%Y-%m-%d}"}
FIGURES = ("wan", "number", "decimal", "share", "figure", "late_number")  # set to the right
_rows = component.declare("vigil_rows")


@dataclass(frozen=True)
class Column:
    """`kind`: text, day, moment, wan (fen shown in 万元), number, decimal, share, badge (a StrEnum in `words`), or late: a pair
    of words and whether they tell of something overdue; late_number when the words are a number, figure: words around a number."""

    name: str
    label: str
    kind: str = "text"
    words: type[StrEnum] | None = None
    width: int | None = None
    value: Callable | None = None  # of the row, when the column is not simply a field of it
    help: str | None = None


def seconds_taken() -> Column:
    """How long a run took, once it is over."""
    return Column("seconds", "Seconds", "number", value=_seconds, width=80)


def _seconds(run) -> float | None:
    return (run.finished_at - run.started_at).total_seconds() if run.finished_at else None


def show(rows: Sequence, columns: Sequence[Column], key: str, alt: str, tallest: int = TALLEST):
    """The table; the row that was clicked in this run, or None."""
    if not rows:
        return None
    event = _draw(rows, columns, key, alt, tallest, on_select="rerun", selection_mode="single-cell")
    cells = event.selection.cells
    return rows[cells[0][0]] if cells else None


def pick(rows: Sequence, columns: Sequence[Column], key: str, alt: str, tallest: int = TALLEST):
    """The table; row and column name of the cell that was clicked in this run, or None."""
    event = _draw(rows, columns, key, alt, tallest, on_select="rerun", selection_mode="single-cell")
    cells = event.selection.cells
    return (rows[cells[0][0]], cells[0][1]) if cells else None


def choose(rows: Sequence, columns: Sequence[Column], key: str, alt: str, tallest: int = TALLEST) -> list:
    """The table with check boxes; the rows chosen."""
    if not rows:
        return []
    event = _draw(rows, columns, key, alt, tallest, on_select="rerun", selection_mode="multi-row")
    return [rows[i] for i in event.selection.rows]


def look_at(rows: Sequence, columns: Sequence[Column], key: str, alt: str, tallest: int = TALLEST) -> None:
    """The table alone: its rows lead nowhere."""
    if rows:
        _draw(rows, columns, key, alt, tallest)


def show_first(rows: Sequence, columns: Sequence[Column], key: str, alt: str, tallest: int = TALLEST):
    """The same of what grows with the bank, a line a branch or an officer: no more than a browser can hold. The page's file has all of it."""
    picked = show(rows[:MOST], columns, key, alt, tallest)
    _say_rest(rows)
    return picked


def _say_rest(rows: Sequence) -> None:
    if len(rows) > MOST:
        st.caption(_("The first {0}; the file has all.").format(MOST))


def read(rows: Sequence, columns: Sequence[Column], key: str) -> None:
    """A short table of words to be read from top to bottom: text, which costs a browser a tenth of what a grid does. The first column
    names the row, the others are set to the right."""
    lines = [[_(c.label) for c in columns], [":--", *["--:"] * (len(columns) - 1)]]
    lines += [[look.plain(_cell(c, row)) or "" for c in columns] for row in rows]
    with st.container(key=f"read_{key}"):
        st.markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))


def lead(rows: Sequence, columns: Sequence[Column], key: str, alt: str, tallest: int = TALLEST):
    """The same as show of what a page has beside much else: text in rows, a tenth of what a grid asks of a browser."""
    picked = _in_rows(rows, columns, key, alt, tallest, "row")
    return picked and picked[0]


def lead_by_cell(rows: Sequence, columns: Sequence[Column], key: str, alt: str, tallest: int = TALLEST):
    """The same of pick: row and column name of what was clicked in this run, or None."""
    return _in_rows(rows, columns, key, alt, tallest, "cell")


def lead_first(rows: Sequence, columns: Sequence[Column], key: str, alt: str, tallest: int = TALLEST):
    """The same of show_first."""
    picked = lead(rows[:MOST], columns, key, alt, tallest)
    _say_rest(rows)
    return picked


def stand(rows: Sequence, columns: Sequence[Column], key: str, alt: str, tallest: int = TALLEST) -> None:
    """The same of look_at."""
    _in_rows(rows, columns, key, alt, tallest, "")


def _in_rows(rows: Sequence, columns: Sequence[Column], key: str, alt: str, tallest: int, leads: str):
    if not rows:
        return None
    shown = arranging.arranged(columns, key)
    data = {
        "place": component.place("rows"), "language": words.language.get(), "alt": alt, "row": style.row_height(), "tallest": tallest, "leads": leads,
        "columns": [{"label": _heading(c), "help": _(c.help) if c.help else "", "width": c.width or 0, "right": c.kind in FIGURES} for c in shown],
        "rows": [[_written(c, row) for c in shown] for row in rows],
    }  # fmt: skip
    picked = _rows(key=_key(key), data=data, height="content", on_picked_change=lambda: None).picked
    arranging.arrange(columns, key, len(rows))
    return _at(picked, rows, shown)


def _at(picked: object, rows: Sequence, shown: Sequence[Column]):
    """A place in the table as the browser says it, if there is one."""
    row, column = (picked.get("row"), picked.get("column")) if isinstance(picked, dict) else (None, None)
    within = all(isinstance(n, int) and 0 <= n < len(all_) for n, all_ in ((row, rows), (column, shown)))
    return (rows[row], shown[column].name) if within else None


def _heading(column: Column) -> str:
    return _("{0} (¥10k)").format(_(column.label)) if column.kind == "wan" else _(column.label)


def _written(column: Column, row) -> list:
    """What stands in a cell, by what it is sorted, and its colour: behind a word, or of what is overdue."""
    value = _cell(column, row)
    text = PATTERNS[column.kind].format(value) if column.kind in PATTERNS and value is not None else value
    match column.kind:
        case "badge":
            return [value[0], value[0], look.chip(column.words(_raw(column, row)))] if value else ["—", None, ""]
        case "late" | "late_number":
            return [value or "—", value, look.LATE if column.value(row)[1] else ""]
        case "day":
            return [text, text, ""] if value else ["—", None, ""]
    return ["—" if value is None else text, float(value) if column.kind in PATTERNS and value is not None else value, ""]


def _draw(rows: Sequence, columns: Sequence[Column], key: str, alt: str, tallest: int, **options):
    every, row_height = columns, style.row_height()
    columns = arranging.arranged(every, key)
    frame = pd.DataFrame({c.name: [_cell(c, row) for row in rows] for c in columns})
    height = "content" if len(rows) <= tallest else (tallest + 1) * row_height + 6
    drawn = st.dataframe(
        _late_in_red(frame, rows, columns), hide_index=True, key=_key(key), height=height, row_height=row_height, alt=alt,
        column_config={c.name: _config(c) for c in columns}, placeholder="—", **options,
    )  # fmt: skip
    arranging.arrange(every, key, len(rows))
    return drawn


def _late_in_red(frame: pd.DataFrame, rows: Sequence, columns: Sequence[Column]):
    for c in columns:
        if c.kind in ("late", "late_number"):
            colours = [f"color: {look.LATE}" if c.value(row)[1] else "" for row in rows]
            if any(colours):
                return frame.style.apply(lambda _column, colours=colours: colours, subset=[c.name])
    return frame


def _key(key: str) -> str:
    """A table returned to shows no old selection: the key changes whenever its page is entered anew."""
    return f"{key}_{st.session_state.get('visit', 0)}"


def _raw(column: Column, row):
    return column.value(row) if column.value else getattr(row, column.name)


def _cell(column: Column, row):
    value = _raw(column, row)
    match column.kind:
        case "badge":
            return [] if value is None else [words.name(column.words(value))]
        case "wan":
            return look.ten_thousands(value)
        case "moment":
            return look.moment(value)
        case "share":
            return None if value is None else 100 * value
        case "late" | "late_number":
            return value[0]
        case "text" | "figure":
            return None if value is None else look.visible(value)
    return value


def _config(c: Column):
    label, width, help_ = _heading(c), c.width, _(c.help) if c.help else None
    match c.kind:
        case "day":
            return st.column_config.DateColumn(label, format="YYYY-MM-DD", width=width or 105, help=help_)
        case "wan":
            return st.column_config.NumberColumn(label, format="%,.2f", width=width or 110, help=help_)
        case "number":
            return st.column_config.NumberColumn(label, format="%,d", width=width or 80, help=help_)
        case "decimal":
            return st.column_config.NumberColumn(label, format="%,.1f", width=width or 90, help=help_)
        case "share":
            return st.column_config.NumberColumn(label, format="%.1f%%", width=width or 90, help=help_)
        case "badge":
            options = list(c.words)
            return st.column_config.MultiselectColumn(
                label, options=[words.name(w) for w in options], color=[look.chip(w) for w in options],
                width=width or 110, help=help_,
            )  # fmt: skip
        case "late_number" | "figure":
            return st.column_config.TextColumn(label, width=width, help=help_, alignment="right")
    return st.column_config.TextColumn(label, width=width, help=help_)


def pager(total: int, size: int | None = None) -> None:
    """Page buttons under a list; the page stands in the address. `size` None: as the list above was asked for."""
    size = size or st.session_state.get(SIZE, PAGE_SIZE)
    pages = max(1, -(-total // size))
    st.session_state[PAGE] = min(st.session_state.get(PAGE) or 1, pages)
    if pages > 1:
        st.pagination(pages, key=PAGE, max_visible_pages=7, on_change=_turn)


def _turn() -> None:
    st.query_params[PAGE] = st.session_state[PAGE]


def span(*wanted: object) -> tuple[int, int]:
    """How many rows a page of this person's has, and where the page asked for begins."""
    size = style.page_size(PAGE_SIZE)
    return size, offset(*wanted, size=size)


def offset(*wanted: object, size: int = PAGE_SIZE) -> int:
    """Where the page asked for begins, read before the list is; the first one again once `wanted` has changed."""
    now, before = (st.session_state.get("visit"), wanted), st.session_state.get("listed")
    st.session_state["listed"] = now
    if before is not None and before[0] == now[0] and before != now:
        st.query_params.pop(PAGE, None)
    st.session_state[SIZE] = size
    asked = st.query_params.get(PAGE, "1")
    st.session_state[PAGE] = max(1, int(asked)) if is_number(asked) else 1
    return (st.session_state[PAGE] - 1) * size


def part(rows: Sequence) -> Page:
    """One page of a list that is at hand as a whole."""
    size, asked = span(len(rows))
    begin = min(asked, max(0, len(rows) - 1) // size * size)
    return Page(list(rows[begin : begin + size]), len(rows))


def is_number(text: str) -> bool:
    """Fit to ask the store for a row by its number."""
    return text.isdecimal() and text.isascii() and len(text) < 16


def heading(title: str):
    """The line on top of a page: its title, a msgid or a name; the rest of the line is filled in once it is known."""
    line = st.container(key="heading", horizontal=True, vertical_alignment="center")
    line.title(look.plain(_(title)), anchor=False, width="content")
    return line


def count(page: Page, one: str, hint: str = "") -> None:
    """ "1,284 todos", or "more than 10,000"; `hint` says what a click on a row does."""
    number = _("more than {0:,}").format(page.total) if page.more else f"{page.total:,}"
    st.caption(f"{number} {_(one)}" + (f" · {_(hint)}" if hint and page.rows else ""), width="content")


def empty(title: str, what_to_do: str) -> None:
    """An empty state says what it means and what to do."""
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(f"**{_(title)}**", text_alignment="center")
        st.caption(_(what_to_do), text_alignment="center")


def open_customer(row) -> None:
    """Of a row about a customer, who may have gone to another branch since."""
    if row.customer_no:
        open_page("desk/customer", no=row.customer_no)
    st.info(_("This customer has moved to another branch, whose affair he is now."), icon=":material/info:")


def open_page(page: str, **parameters: object) -> None:
    """Go to another page with its query, or to the same with another; the row that led there is not chosen any more."""
    acts.leave()
    st.switch_page(f"pages/{page}.py", query_params={name: str(value) for name, value in parameters.items()})
