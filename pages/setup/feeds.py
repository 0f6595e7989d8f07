"""数据源: what came in, how it reconciles, what was set aside and why; stopped deliveries and their override."""

from pathlib import Path

import pandas as pd
import streamlit as st

from db import access, feeds
from db.vocab import FeedState
from engine import clock, permits, words
from engine.feed import load, override
from engine.words import _
from pages.parts import acts, frame, look, tables
from pages.parts.tables import Column

person = frame.person("feeds.see")

RUNS = [
    Column("id", "Run", "number", width=60),
    Column("business_date", "Business date", "day"),
    Column("source", "Source", width=80),
    Column("state", "State", "badge", FeedState, width=90),
    Column("started_at", "Started", "moment", width=130),
    Column("seconds", "Seconds", "number", value=lambda r: (r.finished_at - r.started_at).total_seconds() if r.finished_at else None, width=80),
    Column("progress", "Now", width=160),
    Column("stops", "Why stopped", value=lambda r: _("; ").join(words.reason(s) for s in r.stops or []), width=420),
]


@st.fragment(run_every="3s")
def runs() -> None:
    """Progress of a running load is seen without doing anything."""
    with access.reading(person) as conn:
        rows = feeds.runs(conn)
    if not rows:
        tables.empty("No feed was loaded yet", "Put a folder YYYYMMDD into the inbox, or run: python -m engine load PATH")
        return
    picked = tables.show(rows, RUNS, "runs", _("Feed runs"), height=300)
    if picked:
        st.query_params["run"] = str(picked.id)
        st.rerun()


runs()
asked = st.query_params.get("run", "")
with access.reading(person) as conn:
    recent = feeds.runs(conn, limit=1)
    run_id = int(asked) if asked.isdigit() else (recent[0].id if recent else None)
    run = feeds.run(conn, run_id) if run_id else None
    files = feeds.files(conn, run_id) if run else []
    set_aside = feeds.rejected(conn, run_id, limit=500) if run else []
if run is None:
    st.stop()

st.subheader(_("Run {0}: {1} of {2}").format(run.id, run.source, look.day(run.business_date)))


def override_box() -> None:
    """A stopped delivery: one person asks to let it through, another allows it."""
    with st.container(border=True):
        st.markdown(f"**{_('Stopped before anything was published')}**")
        for stop in run.stops or []:
            st.markdown(f":material/block: {look.plain(words.reason(stop))}")
        if run.override_asked_by is None and permits.may(person, "feed.override.ask"):
            reason = st.text_input(_("Reason to let it through"), key="override_reason")
            acts.button("Ask for an override", lambda: _ask(reason), "ask_override", disabled=not reason)
        elif run.override_asked_by is not None and run.override_by is None:
            st.caption(_("Asked for: {0}").format(look.plain(run.override_reason)))
            if permits.may(person, "feed.override.allow"):
                acts.button("Allow and load", _allow, "allow_override", type="primary", disabled=run.override_asked_by == person.id,
                            help=_("A second person must decide this."))  # fmt: skip


def _ask(reason: str) -> None:
    with acts.act(person, "feed.override.ask", "Asked; a second person decides") as conn:
        override.ask(conn, person, run.id, reason)


def _allow() -> None:
    with acts.act(person, "feed.override.allow", "Allowed; it is being loaded") as conn:
        override.allow(conn, person, run.id)
    load.resume_in_background(run.id)


if run.state == FeedState.STOPPED:
    override_box()
if files:
    st.dataframe(
        pd.DataFrame(
            {
                "table": [f.name for f in files], "file": [f.file for f in files], "rows": [f.rows for f in files],
                "loaded": [f.loaded for f in files], "unchanged": [f.unchanged for f in files],
                "quarantined": [f.quarantined for f in files],
                "in_file": [look.ten_thousands(f.balance_fen) for f in files],
                "in_book": [look.ten_thousands(f.published_fen) for f in files],
            }
        ),
        hide_index=True, alt=_("Tables of this run"), placeholder="—",
        column_config={
            "table": _("Table"), "file": _("File"), "rows": _("Rows"), "loaded": _("Loaded"), "unchanged": _("Unchanged"),
            "quarantined": _("Quarantined"),
            "in_file": st.column_config.NumberColumn(_("Balance in the file (¥10k)"), format="%,.2f"),
            "in_book": st.column_config.NumberColumn(_("Balance in the book (¥10k)"), format="%,.2f"),
        },
    )  # fmt: skip
    st.caption(_("Rows in = loaded + unchanged + quarantined, for every table; the database refuses a run where it is not so."))
if run.totals:
    t = run.totals
    st.caption(_("The book after it: {0} branches, {1} staff, {2} products, {3:,} customers, {4:,} loans, {5}").format(
        t["branches"], t["staff"], t["products"], t["customers"], t["loans"], look.exact(t["balance_fen"])))  # fmt: skip

with st.container(border=True):
    st.subheader(_("Quarantined"))
    if not set_aside:
        st.caption(_("Every row of this run could be used."))
    else:
        frame_of_rejects = pd.DataFrame(
            {
                "table": [r.name for r in set_aside], "line": [r.line for r in set_aside],
                "reasons": [_("; ").join(words.reason(x) for x in r.reasons) for r in set_aside], "text": [r.text for r in set_aside],
            }
        )  # fmt: skip
        st.dataframe(frame_of_rejects, hide_index=True, alt=_("Quarantined rows"), height=320,
                     column_config={"table": _("Table"), "line": _("Line"), "reasons": _("Reasons"), "text": _("Text")})  # fmt: skip
        st.download_button(_("Download"), frame_of_rejects.to_csv(index=False).encode("utf-8-sig"), f"quarantine_{run.id}.csv",
                           icon=":material/download:", on_click="ignore")  # fmt: skip
if permits.may(person, "feed.load") and run.state in (FeedState.LOADED, FeedState.FAILED):
    with st.container(horizontal=True, vertical_alignment="center"):
        acts.button("Load this folder again", lambda: load.load_in_background(Path(run.folder)), "again", icon=":material/refresh:")
        st.caption(_("Rows that are in the book already stay unchanged. Folder: {0}").format(look.plain(run.folder)))
st.caption(f"{clock.local_now():%H:%M:%S}")
