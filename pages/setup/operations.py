"""运行: jobs, how long they took, what they set aside, how large the store is, who may not sleep."""

from datetime import timedelta

import streamlit as st

from db import access, dispatches, health, jobs
from db.vocab import DispatchState, JobState
from engine import doctor, notices, permits, scheduler, words
from engine.words import _
from pages.parts import acts, frame, look, tables
from pages.parts.tables import Column

person = frame.person("operations.see")

RUNS = [
    Column("job", "Job", value=lambda r: _(r.job), width=110),
    Column("business_date", "Business date", "day"),
    Column("state", "State", "badge", JobState, width=90),
    Column("started_at", "Began", "moment", width=130),
    tables.seconds_taken(),
    Column("attempt", "Attempt", "number", width=70),
    Column("todos", "Todos made", "number", value=lambda r: r.detail.get("todos", {}).get("created"), width=90),
    Column("signals", "Signals raised", "number", value=lambda r: r.detail.get("signals", {}).get("raised"), width=100),
    Column("worker", "Where", width=160),
    Column("error", "Error", width=300),
]


QUEUE = [
    Column("channel", "Channel", width=130),
    Column("state", "State", "badge", DispatchState, width=120),
    Column("n", "Messages", "number", width=90),
    Column("since", "Earliest", "moment", width=140),
]
PROBLEMS = {
    "refused": "the channel said no", "unreached": "the channel cannot be reached", "lost": "the channel's answer was lost",
    "killed": "the sender was killed while sending",
}  # fmt: skip
TROUBLED = [
    Column("ended_at", "Ended", "moment", width=140),
    Column("channel", "Channel", width=110),
    Column("person", "To whom", width=100),
    Column("state", "State", "badge", DispatchState, width=120),
    Column("problem", "Why", value=lambda r: _(PROBLEMS[r.problem]) if r.problem in PROBLEMS else r.problem, width=240),
    Column("tries", "Tries", "number", width=70),
]

SIZES = [
    Column("name", "Table", width=220),
    Column("mb", "Megabytes", "decimal", value=lambda r: r.bytes / 2**20, width=110),
    Column("rows", "Rows", "number", width=120),
]


tables.heading("Operations")


@st.fragment(run_every="10s")
def state() -> None:
    with st.grid(5, min_column_width=170):
        for finding in doctor.examine():
            with st.container(border=True, height="stretch", gap="xsmall"):
                mark = ":green[:material/check_circle:]" if finding.fine else ":red[:material/error:]"
                st.markdown(f"{mark} {_(finding.what)}")
                st.caption(look.plain(_(finding.words)))
    with access.reading(person) as conn:
        rows, problems = jobs.runs(conn), jobs.recent_problems(conn)
    with st.container(border=True):
        st.subheader(_("Runs"), anchor=False)
        if rows:
            tables.look_at(rows, RUNS, "job_runs", _("Job runs"), tallest=9)
        else:
            st.caption(_("No job has run yet."))
    with st.container(border=True):
        st.subheader(_("Set aside so that the rest could go on"), anchor=False)
        if not problems:
            st.caption(_("Nothing."))
        for p in problems[:30]:
            about = f"**{look.plain(p.what)} {look.plain(p.ref)}**"
            st.markdown(f"{look.day(p.business_date)} · {_(p.job)} · {about} {look.plain(words.reason(p.reason))}")


@st.fragment(run_every="10s")
def messages() -> None:
    """What is on its way out to people's channels, and what did not arrive."""
    acts.show_told()
    with access.reading(person) as conn:
        queue, wrong = dispatches.by_state(conn), dispatches.troubled(conn)
    with st.container(border=True):
        st.subheader(_("Outgoing messages"), anchor=False)
        if not queue:
            st.caption(
                _("Nobody was sent anything. Messages go out once the bank has set up channels and people have chosen some.")
            )
        tables.look_at(queue, QUEUE, "queue", _("Messages by channel and state"), tallest=9)
        if wrong:
            st.caption(_("Not arrived, or nobody knows. What is sent again although it had arrived arrives twice."))
            chosen = tables.choose(wrong, TROUBLED, "troubled", _("Messages that did not arrive"), tallest=9)
            if permits.may(person, "notice.resend"):
                acts.button("Send again", _send_again, "resend", icon=":material/send:", args=(chosen,), disabled=not chosen)


def _send_again(chosen: list) -> None:
    with acts.act(person, "notice.resend", "They go out within a minute") as conn:
        for row in chosen:
            notices.send_again(conn, person, row.id)


def interval(every: timedelta) -> str:
    if every.days:
        return _("every {0} days").format(every.days)
    minutes = every.seconds // 60
    return _("every {0} minutes").format(minutes) if minutes < 60 else _("every {0} hours").format(minutes // 60)


state()
messages()
left, right = st.columns([3, 2])
with left, st.container(border=True):
    st.subheader(_("Schedule"), anchor=False)
    for job in scheduler.JOBS:
        when = _("daily from {0}").format(f"{job.at:%H:%M}") if job.at else interval(job.every)
        st.markdown(f"**{_(job.name)}** · {when}  \n:gray[{_(job.what)}]")
with right, st.container(border=True):
    with access.reading(person) as conn:
        sizes, total = health.sizes(conn), health.database_size(conn)
    st.subheader(_("Store"), anchor=False)
    st.caption(_("{0:,.0f} MB in all").format(total / 2**20))
    tables.look_at(sizes, SIZES, "sizes", _("Largest tables"), tallest=9)
