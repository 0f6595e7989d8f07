"""数据源: what came in, how it reconciles, what was set aside and why; stopped deliveries and their override."""

from pathlib import Path

import streamlit as st

from db import access, feeds, staff
from db.vocab import FeedState
from engine import clock, exports, permits, words
from engine.feed import load, override
from engine.lists import OfRun
from engine.words import _
from pages.parts import acts, exporting, filters, frame, look, mapping_page, tables
from pages.parts.tables import Column

person = frame.person("feeds.see")

RUNS = [
    Column("id", "Run", "number", width=60),
    Column("business_date", "Business date", "day"),
    Column("source", "Source", value=lambda r: source_name(r.source), width=110),
    Column("state", "State", "badge", FeedState, width=85),
    Column("started_at", "Began", "moment", width=130),
    tables.seconds_taken(),
    Column("loans", "Loans in the book", "number", value=lambda r: (r.totals or {}).get("loans"), width=110),
    Column("balance", "Balance in the book", "wan", value=lambda r: (r.totals or {}).get("balance_fen"), width=160),
    Column("progress", "Doing now", width=150),
    Column("stops", "Why stopped", value=lambda r: _("; ").join(words.reason(s) for s in r.stops or []) or None, width=420),
]
FILES = [
    Column("name", "Table", value=lambda f: table_name(f.name), width=130),
    Column("file", "File", width=280),
    Column("rows", "Rows", "number"),
    Column("loaded", "Loaded", "number"),
    Column("unchanged", "Unchanged", "number"),
    Column("quarantined", "Quarantined", "number"),
    Column("balance_fen", "Balance in the file", "wan", width=160),
    Column("published_fen", "Balance in the book", "wan", width=160),
]
REJECTS = [
    Column("name", "Table", value=lambda r: table_name(r.name), width=110),
    Column("line", "Line", "number", width=70),
    Column("reasons", "Reasons", value=lambda r: _("; ").join(words.reason(x) for x in r.reasons), width=260),
    Column("text", "Raw line", width=760),
]
SOURCES = {"union": "Core system", "own": "Own products"}
TABLES = {
    "jg": "Branches", "yg": "Staff", "cp": "Products", "kh": "Customers", "dk": "Loans", "wy": "Arrears", "bz": "Guarantors",
    "tese": "Own products",
}  # fmt: skip
SHOWN = 500


def source_name(code: str) -> str:
    return _(SOURCES[code]) if code in SOURCES else code


def table_name(code: str) -> str:
    return f"{_(TABLES[code])} {code}" if code in TABLES else code


tables.heading("Feeds")
with filters.bar():
    view = filters.one_of("view", "View", {"runs": "Feed runs", "mappings": "Mappings"}, "runs")
if view == "mappings":
    mapping_page.draw(person, clock.today())
    st.stop()


@st.fragment(run_every="3s")
def runs() -> None:
    """Progress of a running load is seen without doing anything."""
    with access.reading(person) as conn:
        rows = feeds.runs(conn)
    if not rows:
        tables.empty("No feed was loaded yet", "Put a folder YYYYMMDD into the inbox; the next night loads it.")
        return
    picked = tables.show(rows, RUNS, "runs", _("Feed runs"), tallest=7)
    if picked and str(picked.id) != st.query_params.get("run"):
        st.query_params["run"] = str(picked.id)
        st.rerun()


runs()
asked = st.query_params.get("run", "")
with access.reading(person) as conn:
    recent = feeds.runs(conn, limit=1)
    latest = recent[0].id if recent else None
    run_id = int(asked) if tables.is_number(asked) else latest
    run = feeds.run(conn, run_id) if run_id else None
    files = feeds.files(conn, run_id) if run else []
    set_aside = feeds.rejected(conn, run_id, limit=SHOWN) if run else []
    names = staff.names(conn, run.override_asked_by, run.override_by, run.override_refused_by) if run else {}
if asked and (run is None or not tables.is_number(asked)):
    st.warning(_("There is no run {0}. Choose one above.").format(look.plain(asked)), icon=":material/link_off:")
if run is None:
    st.stop()

with st.container(horizontal=True, vertical_alignment="center"):
    st.subheader(
        _("Run {0}: {1} of {2}").format(run.id, source_name(run.source), look.day(run.business_date)), anchor=False, width="content"
    )
    st.markdown(look.badge(FeedState(run.state)), width="content")


def name_of(staff_id: int) -> str:
    return look.plain(names.get(staff_id, ""))


def override_box() -> None:
    """A stopped delivery: one person asks to let it through, another allows it, or refuses and says why."""
    with st.container(border=True):
        st.markdown(f"**{_('Stopped before anything was published')}**")
        for stop in run.stops or []:
            st.markdown(f":material/block: {look.plain(words.reason(stop))}")
        if run.override_asked_by is not None:
            st.caption(_("{0} asked for it: {1}").format(name_of(run.override_asked_by), look.plain(run.override_reason)))
        if run.override_by is not None:
            st.caption(_("Let through by {0}; what was loaded is a run of its own.").format(name_of(run.override_by)))
        elif run.override_asked_by is None or run.override_refused_by is not None:
            _to_ask()
        elif permits.may(person, "feed.override.allow"):
            acts.decision("override", _allow, _refuse, mine=run.override_asked_by == person.id, label="Allow and load")


def _to_ask() -> None:
    if run.override_refused_by is not None:
        st.caption(_("{0} refused: {1}").format(name_of(run.override_refused_by), look.plain(run.override_refused_why)))
    if permits.may(person, "feed.override.ask"):
        with acts.form("override"):
            st.text_input(_("Reason to let it through"), key="override_reason", max_chars=200)
            acts.submit("Ask for an override", _ask, "ask_override")


def _ask() -> None:
    with acts.act(person, "feed.override.ask", "Asked; a second person decides") as conn:
        override.ask(conn, person, run.id, st.session_state.override_reason)


def _allow() -> None:
    with acts.act(person, "feed.override.allow", "Allowed; it is being loaded") as conn:
        override.allow(conn, person, run.id)
    load.resume_in_background(run.id)


def _refuse() -> None:
    with acts.act(person, "feed.override.allow", "Turned down") as conn:
        override.refuse(conn, person, run.id, st.session_state.refuse_override)


if run.state == FeedState.STOPPED:
    override_box()
tables.look_at(files, FILES, "files", _("Tables of this run"))
if files:
    st.caption(_("Rows in = loaded + unchanged + quarantined, for every table; the database refuses a run where it is not so."))
if run.totals:
    t = run.totals
    st.caption(_("The book after it: {0} branches, {1} staff, {2} products, {3:,} customers, {4:,} loans, {5}").format(
        t["branches"], t["staff"], t["products"], t["customers"], t["loans"], look.exact(t["balance_fen"])))  # fmt: skip

with st.container(border=True):
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(_("Quarantined"), anchor=False, width="content")
        st.caption(_("{0:,} rows").format(sum(f.quarantined for f in files)), width="content")
        st.space("stretch")
        if set_aside:
            exporting.button(person, exports.of_list("quarantine", OfRun(run.id)), permit="feeds.see")
    if set_aside:
        st.caption(_("Correct these at the source; with the next delivery they come in by themselves. Long numbers are masked."))
        tables.look_at(set_aside, REJECTS, "rejects", _("Quarantined rows"), tallest=10)
    elif run.state == FeedState.LOADED:
        st.caption(_("Every row of this run could be used."))
    else:
        st.caption(_("Nothing of this run is in the book; what is set aside is known once it is loaded."))
if permits.may(person, "feed.load") and run.state != FeedState.LOADING:
    with st.container(horizontal=True, vertical_alignment="center"):
        acts.button("Load this folder again", lambda: load.load_in_background(Path(run.folder)), "again", icon=":material/refresh:")
        st.caption(
            _("Rows that are in the book already stay unchanged. Folder: {0}").format(look.plain(run.folder)), width="content"
        )
