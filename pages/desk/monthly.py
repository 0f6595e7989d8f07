"""贷后月报: the month beside the one before, of the bank or a branch; each figure opens its rows where a list has them."""

from datetime import date

import streamlit as st

from db import access, branches
from db.vocab import Level, LoanClass
from engine import clock, exports, monthly
from engine.lists import OfMonth, OfMoves
from engine.monthly import Figure, Report
from engine.words import _
from pages.parts import acts, charts, counts, exporting, filters, frame, look, papers, tables
from pages.parts.tables import Column

person = frame.person(monthly.PERMIT)
today = clock.today()
LONGEST = 10  # branches of a ranking
GLANCE = [
    Column("what", "Figure", width=195),
    Column("now", "This month", "figure", value=lambda f: f.told[0], width=75),
    Column("then", "Month before", "figure", value=lambda f: f.told[1], width=75),
    Column("change", "Moved by", "figure", value=lambda f: _change(f), width=140),
    Column("rows", "Details", value=lambda f: _("Open the rows") if f.page else None, width=75),
]
WORK = [
    Column("due", "Checks due", "number"),
    Column("on_time", "Done on time", "number"),
    Column("rate", "Completion rate", "share", value=lambda r: r.on_time / r.due if r.due else None),
    Column("visits", "Field visits", "number"),
    Column("site", "On site", "share", value=lambda r: r.on_site / r.placed if r.placed else None),
]
SIGNALS = [
    Column("level", "Level", "badge", Level, width=70),
    *(Column(name, title, "number", width=78) for name, title in monthly.STATES.items()),
]
MOVES = [
    Column("was", "Class at the beginning", "badge", LoanClass, width=95),
    Column("became", "Class at the end", "badge", LoanClass, width=95),
    Column("way", "Which way", value=lambda r: _("worse") if monthly.is_worse(r) else _("better"), width=75),
    Column("n", "Loans", "number", width=60),
    Column("balance_fen", "Balance", "wan"),
]
MOVED = [
    Column("loan_no", "Loan number", width=150),
    Column("customer", "Customer", width=170),
    *MOVES[:2],
    Column("balance_fen", "Balance", "wan"),
    Column("branch", "Branch", width=130),
    Column("manager", "Relationship manager", width=90),
]


def _change(figure: Figure) -> str:
    change = figure.told[2]
    if change == "—" or not figure.good:
        return change
    return f"{change} · {_('worse') if figure.is_worse else _('better')}"


def ask() -> tuple[date, int | None, bool]:
    """First day of the month, the branch, and whether that alone."""
    months = {f"{m:%Y-%m}": f"{m:%Y-%m}" for m in papers.months(today)}
    with access.reading(person) as conn, filters.bar():
        month = filters.always("month", "Month of the report", months, list(months)[1], 130)
        filters.branch(conn)
        code = st.query_params.get("branch", "")
        found = branches.by_code(conn, code.removesuffix(filters.ALONE)) if code else None
    return date.fromisoformat(f"{month}-01"), found and found.id, code.endswith(filters.ALONE)


def rows_behind(query: dict) -> dict:
    """The address of a figure's rows on a list: of the same branch."""
    return query | ({"branch": st.query_params["branch"]} if "branch" in st.query_params else {})


def glance(said: Report) -> None:
    with st.container(border=True):
        st.subheader(_("At a glance"), anchor=False)
        figures = monthly.glance(said)
        picked = tables.lead(figures, GLANCE, "glance", _("Figures of the month beside the month before"), tallest=len(figures))
        if picked and picked.page:
            month = {"month": f"{said.this.first:%Y-%m}"} if picked.page == "monthly" else {}
            tables.open_page(f"desk/{picked.page}", **rows_behind(month | picked.query))
        st.caption(_("Click a figure for its rows. Days: median, and what nine of ten needed at most."))


def completion(said: Report) -> None:
    with st.container(border=True):
        st.subheader(_("Completion"), anchor=False)
        if said.daily:
            charts.draw(
                charts.due_per_day(said.daily), _("What was due on each day, and what became of it."), key="due", height=240
            )
        else:
            st.caption(_("Nothing was due in these days."))


def overdue(said: Report) -> None:
    with st.container(border=True):
        st.subheader(_("Overdue todos"), anchor=False)
        rows = said.this.overdue[:LONGEST]
        if not rows:
            st.caption(_("Nothing was overdue at the end of these days."))
            return
        notes = [_("over 30 days: {0:,}").format(r.late_more) for r in rows]
        drawn = charts.ranking([r.branch for r in rows], [int(r.total) for r in rows], notes, look.AMBER)
        charts.draw(
            drawn, _("Open past due and grace at the end of these days, by branch."), key="late", height=60 + 24 * len(rows)
        )


def warned(said: Report) -> None:
    with st.container(border=True):
        st.subheader(_("Warning signals"), anchor=False)
        if not said.this.signals:
            st.caption(_("No signals in these days."))
            return
        picked = tables.lead_by_cell(said.this.signals, SIGNALS, "signals_of_month", _("Warning signals"))
        if picked and picked[1] in monthly.STATES:
            row, what = picked
            tables.open_page("desk/signals", **rows_behind({"level": row.level} | monthly.signals_behind(said.this, what)))
        st.caption(_("Click a number for its signals."))


def moved(said: Report) -> None:
    with st.container(border=True):
        st.subheader(_("Class migration"), anchor=False)
        if not said.this.migration:
            st.caption(_("No loan changed its class."))
            return
        if picked := tables.lead(said.this.migration, MOVES, "moves_of_month", _("Class migration")):
            st.query_params["moved"] = f"{picked.was}-{picked.became}"
        st.caption(_("Click a change for its loans."))


def _close_moves() -> None:
    acts.leave("moved")


@st.dialog(_("Class migration"), width="large", on_dismiss=_close_moves)
def moved_ones(said: Report, which: str) -> None:
    acts.in_dialog("moved")
    with access.reading(person) as conn:
        rows = monthly.moved_ones(conn, person, said.this, part, which)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("{0:,} loans, the largest first").format(len(rows)), width="content")
        st.space("stretch")
        exporting.button(person, exports.of_list("moves", OfMoves(said.this.first, said.this.last, which, part.ids)))
    if not rows:
        tables.empty("No such loans", "In these days no loan changed its class in this way, or its branch is not yours to see.")
    if picked := tables.show_first(rows, MOVED, "moved_ones", _("Class migration"), 14):
        tables.open_page("desk/loan", no=picked.loan_no)


def by_branch(said: Report) -> None:
    with st.container(border=True):
        st.subheader(_("By branch, the lowest completion rate first"), anchor=False)
        if not said.branches:
            st.caption(_("Nothing was due in these days."))
        elif picked := tables.lead_first(
            said.branches, [Column("branch", "Branch", width=170), *WORK], "month_branches", _("Figures by branch"), 12
        ):
            tables.open_page("desk/monthly", month=f"{said.this.first:%Y-%m}", branch=picked.code)


def by_officer(said: Report) -> None:
    columns = [
        Column("officer", "Officer", width=90, value=lambda r: r.officer or _("nobody yet")),
        Column("branch", "Branch", width=140),
        *WORK,
    ]
    with st.container(border=True):
        st.subheader(_("By officer, the lowest completion rate first"), anchor=False)
        if not said.officers:
            st.caption(_("Nothing was due in these days."))
        elif picked := tables.lead_first(said.officers, columns, "month_officers", _("Figures by officer"), 12):
            whose = {"assignee": picked.staff_id} if picked.staff_id else {"pool": "true"}
            due = {"state": "kept", "due_from": said.this.first, "due_to": said.this.last}
            tables.open_page("desk/todos", **rows_behind(due | whose))


head = tables.heading("Monthly post-loan report")
first, branch_id, alone = ask()
with access.reading(person) as conn:
    part = monthly.part_of(conn, branch_id, alone, person)
counted = counts.of(person, monthly.whole(person, first, part, today))
said = Report.of(part, today, counted.figures)
with head:
    so_far = "" if said.this.last < today else f" · {_('so far')}"
    st.caption(f"{look.plain(part.name)} · {look.day(said.this.first)} – {look.day(said.this.last)}{so_far}", width="content")
    counts.told(counted)
    st.space("stretch")
    papers.of_month(person, first, branch_id, alone)
    asked = exports.of_list("monthly", OfMonth(today, f"{first:%Y-%m}", part.ids))
    exporting.button(person, asked, permit=monthly.PERMIT)
left, right = st.columns([6, 5])
with left:
    glance(said)
with right:
    completion(said)
    warned(said)
    moved(said)
    overdue(said)
by_branch(said)
by_officer(said)
if which := look.typed(st.query_params.get("moved", "")):
    moved_ones(said, which)
