"""What a query came to: a table whose figures open their rows, and a chart of its first figure."""

import json
from unicodedata import east_asian_width

import streamlit as st

from db import access
from db.access import Person
from db.subjects import SUBJECTS
from engine import clock, exports, reports
from engine.reports import TIMES, Answer, Line, plain
from engine.words import _
from pages.parts import charts, exporting, look, tables
from pages.parts.tables import Column

CELL, OF = "cell", "of"  # in the address: whose rows are shown
BARS, COLOURED = 15, 8
COLOURS = (look.TEAL, look.ORANGE, look.BLUE, look.GREEN, look.YELLOW, "#8A4F7D", "#9A7B4F", look.GREY)
WIDE = 60  # columns of a table
LEADS = {"loan": "desk/loan", "customer": "desk/customer", "records": "desk/records"}
KINDS = {"money": "wan", "share": "share", "decimal": "decimal", "number": "number"}
ROWS = {"money": "wan", "date": "day", "moment": "moment", "number": "number"}


def show(answer: Answer) -> None:
    """Table and chart; a click on a figure puts it into the address."""
    if not answer.lines:
        tables.empty("Nothing to count", "No rows match. Choose another period, or narrow it less.")
        return
    chart(answer)
    rows, columns = [*answer.lines, answer.total], columns_of(answer)
    picked = tables.pick(rows, columns[:WIDE], "answer", _("Figures of the report"))
    if answer.left_out:
        st.caption(_("{0:,} more lines are not shown; the total counts them.").format(answer.left_out))
    if len(columns) > WIDE:
        st.caption(_("{0} more columns are in the Excel file.").format(len(columns) - WIDE))
    if picked and "|" in picked[1]:
        _open(answer, picked[0], picked[1])


def columns_of(answer: Answer) -> list[Column]:
    heads = [Column(f"d{n}", title, value=lambda line, n=n: line.labels[n], width=190) for n, title in enumerate(answer.titles)]
    under = [*answer.columns, (None, _("Total"))] if answer.columns else [(None, "")]
    several = len(answer.measures) > 1 or not answer.columns
    return heads + [
        Column(
            f"{n}|{'' if key is None else 'k' + key}", label := " ".join(filter(None, (name, _(m.title) if several else ""))), KINDS[m.kind],
            value=lambda line, key=key, n=n: _value(line, key, n), width=_width(label, m.kind),
        )
        for key, name in under for n, m in enumerate(answer.measures)
    ]  # fmt: skip


def _width(label: str, kind: str) -> int:
    """In which a head can be read, with its unit."""
    shown = _("{0} (¥10k)").format(label) if kind == "money" else label
    return max(125, 24 + sum(13 if east_asian_width(letter) in "WF" else 8 for letter in shown))


def _value(line: Line, key: str | None, n: int) -> object:
    values = line.figures.get(key)
    return None if values is None or values[n] is None else float(values[n]) if isinstance(values[n], float) else int(values[n])


def _open(answer: Answer, line: Line, column: str) -> None:
    n, key = column.split("|", 1)
    keys = [*line.keys, *([key[1:] if key else None] if answer.wish.column else [])]
    st.query_params[CELL] = json.dumps(keys, ensure_ascii=False)
    st.query_params[OF] = answer.wish.measures[int(n)]


# --- The chart --------------------------------------------------------------------------------------------------------


def chart(answer: Answer) -> None:
    """Time runs from left to right; everything else lies one under the other, the most on top."""
    measure = answer.measures[0]
    if not answer.wish.rows or not any(_shown(answer, line, None) for line in answer.lines):
        return
    with st.container(border=True):
        st.markdown(f"**{_('{0} (¥10k)').format(_(measure.title)) if measure.kind == 'money' else _(measure.title)}**")
        if answer.wish.rows[0] in TIMES and len(answer.wish.rows) == 1:
            charts.draw(_in_time(answer), _(measure.title), key="chart", height=260)
            return
        lines = sorted(answer.lines, key=lambda line: -(_shown(answer, line, None) or 0))[:BARS]
        names = [" · ".join(line.labels) for line in lines]
        values = [_shown(answer, line, None) or 0 for line in lines]
        drawing = charts.ranking(names, values, [""] * len(names), unit="%" if measure.kind == "share" else "")
        charts.draw(drawing, _(measure.title), key="chart", height=60 + 22 * len(names))


def _in_time(answer: Answer) -> dict:
    """A bar for each stretch of time, split by the columns when there are few enough."""
    split = (
        answer.columns if 0 < len(answer.columns) <= COLOURED and answer.measures[0].kind in ("number", "money") else ((None, ""),)
    )
    labels = [line.labels[0] for line in answer.lines]
    bars = [
        {"type": "bar", "x": labels, "y": [_shown(answer, line, key) for line in answer.lines], "name": name, "marker": {"color": colour}}
        for (key, name), colour in zip(split, COLOURS, strict=False)
    ]  # fmt: skip
    return {"data": bars, "layout": {"barmode": "stack", "showlegend": len(bars) > 1, "xaxis": {"type": "category"}}}


def _shown(answer: Answer, line: Line, key: str | None) -> float | None:
    values = line.figures.get(key)
    value = None if values is None else plain(answer.measures[0], values[0])
    if value is None:
        return None
    return (
        round(value / 10_000, 2)
        if answer.measures[0].kind == "money"
        else round(100 * value, 1)
        if answer.measures[0].kind == "share"
        else value
    )


# --- The rows behind a figure -----------------------------------------------------------------------------------------


def rows_behind(person: Person, answer: Answer) -> None:
    """Of the figure in the address; a click on a row opens it."""
    cell = _cell(answer)
    if cell is None:
        return
    keys, measure = cell
    subject, wish, today = SUBJECTS[answer.wish.subject], answer.wish, clock.today()
    with access.reading(person) as conn:
        found = reports.behind(
            conn, person, wish, keys, measure, today=today, limit=tables.PAGE_SIZE, offset=tables.offset(keys, measure)
        )
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(_title(answer, keys, measure), anchor=False, width="content")
            tables.count(found, "rows", "click a row to open it" if subject.opens else "")
            st.space("stretch")
            exporting.button(person, exports.of_rows(wish, keys, measure, _(subject.title)))
            st.button(_("Close"), icon=":material/close:", on_click=_close, key="close_rows")
        columns = [
            Column(name, d.title, "badge" if d.kind == "word" else ROWS.get(d.kind, "text"), d.words)
            for name, d in subject.details.items()
        ]
        if picked := tables.show(found.rows, columns, "behind", _("Rows behind the figure")):
            _lead(subject, picked)
        tables.pager(found.total)


def _cell(answer: Answer) -> tuple[list[str | None], str] | None:
    """As the address has it, when it fits the query."""
    measure = st.query_params.get(OF)
    try:
        keys = json.loads(st.query_params.get(CELL, ""))
    except ValueError:
        return None
    fits = isinstance(keys, list) and len(keys) == len(answer.wish.split) and all(k is None or isinstance(k, str) for k in keys)
    return (keys, measure) if fits and measure in answer.wish.measures else None


def _title(answer: Answer, keys: list[str | None], measure: str) -> str:
    across = len(answer.wish.rows)
    line = next((one for one in answer.lines if list(one.keys) == keys[:across]), None)
    column = next((name for key, name in answer.columns if [key] == keys[across:]), "")
    names = [*(line.labels if line else ()), column, _(SUBJECTS[answer.wish.subject].measures[measure].title)]
    return look.plain(" · ".join(filter(None, names)))


def _close() -> None:
    st.query_params.pop(CELL, None)
    st.query_params.pop(OF, None)
    st.session_state["visit"] = st.session_state.get("visit", 0) + 1


def _lead(subject, picked) -> None:
    if subject.opens and (value := getattr(picked, subject.opens[1])) is not None:
        page, detail = subject.opens
        tables.open_page(LEADS[page], **{"id" if detail == "id" else "no": value})
