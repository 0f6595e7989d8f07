"""报表: what ships and what people keep; a query of one's own, its table, its rows; the files that were made."""

import streamlit as st

from db import access, exports
from db import reports as kept
from db.subjects import SUBJECTS
from db.vocab import ExportState, Rhythm
from engine import clock, permits, refusals, reports, words
from engine import exports as files
from engine.words import _
from pages.parts import exporting, filters, frame, look, papers, report_answer, report_keeping, report_query, tables
from pages.parts.tables import Column

person = frame.person("reports.see")
VIEWS = {"all": "Reports", "files": "Files"}
COLUMNS = [
    Column("name", "Report", width=300),
    Column("about", "About", value=lambda r: _(SUBJECTS[r.wish.subject].title), width=110),
    Column(
        "figures",
        "Figures",
        value=lambda r: _(", ").join(_(SUBJECTS[r.wish.subject].measures[m].title) for m in r.wish.measures),
        width=330,
    ),
    Column("period", "Period", value=lambda r: _(reports.PERIODS[r.wish.period]), width=110),
    Column("owner", "Kept by", value=lambda r: r.owner or _("ships with Vigil"), width=110),
    Column("rhythm", "Made by itself", value=lambda r: words.name(Rhythm(r.rhythm)) if r.rhythm else None, width=100),
]


class Listed:
    """A line of the list: a starter, or a report that somebody keeps."""

    def __init__(self, name: str, wish: reports.Wish, owner: str = "", rhythm: str | None = None, **opens: str) -> None:
        self.name, self.wish, self.owner, self.rhythm, self.opens = name, wish, owner, rhythm, opens


def everything() -> None:
    """What there is to open, one's own first."""
    with tables.heading("Reports"):
        view = filters.one_of("view", "View", VIEWS, "all")
        st.space("stretch")
        papers.to_month(person)
        st.button(_("New query"), icon=":material/add:", type="primary", key="new_query", on_click=_begin)
    if view == "files":
        my_files()
        return
    with access.reading(person) as conn:
        theirs = kept.listing(conn)
    rows = [*_kept(theirs, True), *_kept(theirs, False)]
    rows += [Listed(s.name, s.wish, report=s.code) for s in reports.starters_for(person)]
    if picked := tables.show(rows, COLUMNS, "reports", _("Reports")):
        open_one(picked)
    st.caption(_("A report shows your own part of the bank. Click one to open it; change it, and keep it under a name."))


def _kept(rows, mine: bool) -> list[Listed]:
    """A report whose query is no longer understood is left out rather than standing in the way."""
    found = []
    for row in rows:
        if (row.owner_id == person.id) == mine:
            try:
                wish = reports.wish(row.wish)
            except refusals.BadReport:
                continue
            if permits.may(person, SUBJECTS[wish.subject].permit):
                found.append(Listed(row.name, wish, row.owner, row.rhythm, kept=str(row.id)))
    return found


def _begin() -> None:
    report_query.put(report_query.fresh(next(iter(reports.open_to(person)))))


def open_one(picked: Listed) -> None:
    tables.open_page("desk/reports", **picked.opens, **report_query.parameters(picked.wish))


# --- Files ------------------------------------------------------------------------------------------------------------


@st.fragment(run_every="3s")
def my_files() -> None:
    """Latest first; what is being made comes to its end by itself."""
    with access.reading(person) as conn:
        rows = exports.of_person(conn, person.id)
    if not rows:
        tables.empty(
            "No files yet", "Lists and reports that you export, and reports made by themselves, appear here until they are deleted."
        )
        return
    for row in rows:
        _file(row)


def _file(row) -> None:
    state = ExportState(row.state)
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"file_{row.id}"):
        with st.container(gap=None, width="stretch"):
            day = f" · {look.day(row.day)}" if row.day else ""
            st.markdown(f"**{look.plain(_(row.title))}**{day} · {look.badge(state)}")
            st.caption(" · ".join(filter(None, (look.moment(row.asked_at), _about(row), _until(row)))))
        if state is ExportState.READY:
            exporting.link(row)


def _about(row) -> str:
    if row.state == ExportState.FAILED:
        return _(files.PROBLEMS.get(row.problem, files.PROBLEMS["error"]))
    size = f" · {look.size(row.bytes)}" if row.bytes else ""
    return _("{0:,} rows").format(row.total or row.done) + size


def _until(row) -> str:
    return _("kept until {0}").format(look.moment(row.until_at)) if row.state == ExportState.READY else ""


# --- One query --------------------------------------------------------------------------------------------------------


def one() -> None:
    """The query in the address: its fields, its answer, its rows."""
    try:
        wish = report_query.asked()
        report = _open_report()
        title = report.name if report else _starter_name()
        head = tables.heading(title or "Query")
        report_query.fields(person, wish)
        with access.reading(person) as conn:
            answer = reports.ask(conn, person, wish, today=clock.today())
    except refusals.Refusal as no:
        st.error(look.plain(no.sentence(_)), icon=":material/block:")
        st.page_link("pages/desk/reports.py", label=_("To the list of reports"), icon=":material/arrow_back:")
        return
    with head:
        st.space("stretch")
        report_keeping.box(person, wish, report, title or "")
        exporting.button(person, files.of_report(wish, title or _(SUBJECTS[wish.subject].title)), permit="reports.see")
        st.page_link("pages/desk/reports.py", label=_("To the list"), icon=":material/arrow_back:")
    report_answer.show(answer)
    report_answer.rows_behind(person, answer)


def _open_report():
    asked = st.query_params.get("kept", "")
    if not tables.is_number(asked):
        return None
    with access.reading(person) as conn:
        return kept.get(conn, int(asked[:9]))


def _starter_name() -> str:
    found = reports.starters().get(st.query_params.get("report", ""))
    return found.name if found else ""


def led_here() -> None:
    """A notice leads to a file, a short link to a report by its name or number."""
    if "file" in st.query_params:
        st.query_params.from_dict({"view": "files"})
    elif "subject" not in st.query_params and (starter := reports.starters().get(st.query_params.get("report", ""))):
        report_query.put(starter.wish)
    elif "subject" not in st.query_params and (report := _open_report()):
        report_query.put(reports.wish(report.wish))


led_here()
one() if "subject" in st.query_params else everything()
