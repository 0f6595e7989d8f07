"""运行: jobs, how long they took, what they set aside, how large the store is, who may not sleep."""

import pandas as pd
import streamlit as st

from db import access, health, jobs
from db.vocab import JobState
from engine import clock, doctor, scheduler, words
from engine.words import _
from pages.parts import frame, look, tables
from pages.parts.tables import Column

person = frame.person("operations.see")

RUNS = [
    Column("job", "Job", width=110),
    Column("business_date", "Business date", "day"),
    Column("state", "State", "badge", JobState, width=90),
    Column("started_at", "Started", "moment", width=130),
    Column("seconds", "Seconds", "number", value=lambda r: (r.finished_at - r.started_at).total_seconds() if r.finished_at else None, width=80),
    Column("attempt", "Attempt", "number", width=70),
    Column("todos", "Todos made", "number", value=lambda r: r.detail.get("todos", {}).get("created"), width=90),
    Column("signals", "Signals raised", "number", value=lambda r: r.detail.get("signals", {}).get("raised"), width=100),
    Column("worker", "Where", width=160),
    Column("error", "Error", width=300),
]


@st.fragment(run_every="10s")
def state() -> None:
    with st.grid(5, min_column_width=170):
        for finding in doctor.examine():
            with st.container(border=True):
                mark = ":green[:material/check_circle:]" if finding.fine else ":red[:material/error:]"
                st.markdown(f"{mark} {_(finding.what)}")
                st.caption(look.plain(finding.words))
    with access.reading(person) as conn:
        rows, problems = jobs.runs(conn), jobs.recent_problems(conn)
    with st.container(border=True):
        st.subheader(_("Runs"))
        if rows:
            tables.show(rows, RUNS, "job_runs", _("Job runs"), height=330)
        else:
            st.caption(_("No job has run yet."))
    with st.container(border=True):
        st.subheader(_("Set aside so that the rest could go on"))
        if not problems:
            st.caption(_("Nothing."))
        for p in problems[:30]:
            st.markdown(f"{look.day(p.business_date)} · {look.plain(p.job)} · **{look.plain(p.what)} {look.plain(p.ref)}**: {look.plain(words.reason(p.reason))}")
    st.caption(f"{clock.local_now():%H:%M:%S}")


state()
with st.container(border=True):
    st.subheader(_("Schedule"))
    for job in scheduler.JOBS:
        when = _("daily from {0}").format(f"{job.at:%H:%M}") if job.at else _("every {0} minutes").format(round(job.every.total_seconds() / 60))
        st.markdown(f"**{look.plain(job.name)}** · {when} · {_(job.what)}")
with st.container(border=True):
    st.subheader(_("Store"))
    with access.reading(person) as conn:
        sizes, total = health.sizes(conn), health.database_size(conn)
    st.caption(_("{0:,.0f} MB in all").format(total / 2**20))
    st.dataframe(
        pd.DataFrame({"name": [s.name for s in sizes], "mb": [s.bytes / 2**20 for s in sizes], "rows": [s.rows for s in sizes]}),
        hide_index=True, alt=_("Largest tables"),
        column_config={"name": _("Table"), "mb": st.column_config.NumberColumn("MB", format="%,.1f"), "rows": st.column_config.NumberColumn(_("Rows"), format="%,d")},
    )  # fmt: skip
