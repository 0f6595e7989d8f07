"""运行: jobs, how long they took, what they set aside, how large the store is, who may not sleep."""

from datetime import timedelta
from types import SimpleNamespace

import streamlit as st

from db import access, branches, dispatches, health, jobs, photos
from db.vocab import DispatchState, JobState
from engine import clock, doctor, faults, notices, parameters, permits, scheduler
from engine import storage as engine_storage
from engine.words import _
from pages.parts import acts, frame, key_figures, look, tables
from pages.parts.key_figures import Figure
from pages.parts.tables import Column

person = frame.person("operations.see")

SET_ASIDE = {
    "rule": "Todo rule",
    "signal rule": "Signal rule",
    "scorecard": "Scorecard",
    "feed": "Feed",
    "anchor": "Day to count from",
}
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

# What the largest tables hold; a smaller one goes by its own name.
TABLES = {
    "audit": "Audit trail", "loan_history": "Earlier states of loans", "customer_faces": "Key figures of customers",
    "customer_levels": "Levels of customers", "spellings": "Spellings for search", "loans": "Loans", "customers": "Customers",
    "todos": "Todos", "records": "Checks", "addresses": "Addresses", "guarantors": "Guarantors", "signals": "Signals",
}  # fmt: skip

SIZES = [
    Column("name", "Table", value=lambda r: _(TABLES[r.name]) if r.name in TABLES else r.name, width=160),
    Column("mb", "Megabytes", "decimal", value=lambda r: r.bytes / 2**20, width=100),
    Column("rows", "Rows", "number", width=100),
]


MONTHS = 12  # are shown
PHOTOS = [
    Column("photos", "Photos", "number", width=60),
    Column("mb", "Megabytes", "decimal", value=lambda x: x.bytes / 10**6, width=105),
    Column("kept_mb", "Taken up", "decimal", value=lambda x: x.kept_bytes / 10**6, width=85),
    Column("saved_mb", "Spared", "decimal", value=lambda x: x.saved_bytes / 10**6, width=85),
]

tables.heading("Operations")


@st.fragment(run_every="10s")
def state() -> None:
    findings = [Figure(_(found.what), note=_(found.words), fine=found.fine) for found in doctor.examine()]
    key_figures.show(findings, "findings", columns=5, least=170)
    with access.reading(person) as conn:
        rows, problems = jobs.runs(conn), jobs.recent_problems(conn)
    with st.container(border=True):
        st.subheader(_("Runs"), anchor=False)
        if rows:
            tables.stand(rows, RUNS, "job_runs", _("Job runs"), tallest=9)
        else:
            st.caption(_("No job has run yet."))
    with st.container(border=True):
        st.subheader(_("Set aside so that the rest could go on"), anchor=False)
        if not problems:
            st.caption(_("Nothing."))
        for p in problems[:30]:
            about = f"**{_(SET_ASIDE.get(p.what, p.what))} {look.plain(p.ref)}**"
            st.markdown(f"{look.day(p.business_date)} · {_(p.job)} · {about} {look.plain(faults.retold(p.reason))}")


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
        tables.stand(queue, QUEUE, "queue", _("Messages by channel and state"), tallest=9)
        if wrong:
            st.caption(_("Not arrived, or nobody knows. What is sent again although it had arrived arrives twice."))
            chosen = tables.choose(wrong, TROUBLED, "troubled", _("Messages that did not arrive"), tallest=9)
            if permits.may(person, "notice.resend"):
                acts.button("Send again", _send_again, "resend", icon=":material/send:", args=(chosen,), disabled=not chosen)


def _send_again(chosen: list) -> None:
    with acts.act(person, "notice.resend", "They go out within a minute") as conn:
        for row in chosen:
            notices.send_again(conn, person, row.id)


@st.cache_data(ttl="10m", show_spinner=False)
def _kept() -> list[dict]:
    """Sums over all photos, the same for everybody who may see this page."""
    with access.reading(person) as conn:
        return [dict(row._mapping) for row in photos.storage(conn)]


def storage() -> None:
    """What photos take, what keeping the same once saves, and what it costs."""
    rows = [SimpleNamespace(**row) for row in _kept()]
    with access.reading(person) as conn:
        price, names = parameters.values(conn, clock.today())["photos.price"], branches.names(conn)
    with st.container(border=True):
        st.subheader(_("Storage of photos"), anchor=False)
        if not rows:
            st.caption(_("No photo was handed in with a check yet."))
            return
        _costs(engine_storage.cost(rows, price, clock.today()), price)
        left, right = st.columns(2)
        with left:
            months = engine_storage.by(rows, lambda r: f"{r.month:%Y-%m}")
            _amounts(dict(sorted(months.items(), reverse=True)[:MONTHS]), "Month", "photo_months", _("Photos by month"))
        with right:
            offices = engine_storage.by(rows, lambda r: names.get(r.branch_id, "?"))
            largest = dict(sorted(offices.items(), key=lambda item: -item[1].kept_bytes))
            _amounts(largest, "Branch", "photo_branches", _("Photos by branch"))


def _costs(found: engine_storage.Cost, price: float) -> None:
    total = found.total
    figures = [
        Figure(_("Photos"), f"{total.photos:,}"),
        Figure(_("Taken up"), _in_size(total.kept_bytes)),
        Figure(
            _("Spared by keeping the same once"), _in_size(total.saved_bytes), note=look.percent(total.saved_bytes, total.bytes)
        ),
        Figure(_("A month brings"), _in_size(found.monthly_bytes)),
        Figure(_("Costs a month"), f"¥{found.now:,.2f}", note=_("in a year ¥{0:,.2f}").format(found.in_a_year)),
    ]
    key_figures.show(figures, "figures_of_storage", columns=5)
    st.caption(
        _(
            "At ¥{0:g} for a gigabyte and month, a parameter on Rules. A month brings what the last three whole months did on average."
        ).format(price)
    )


def _amounts(amounts: dict, label: str, key: str, title: str) -> None:
    rows = [SimpleNamespace(name=name, **vars(amount), saved_bytes=amount.saved_bytes) for name, amount in amounts.items()]
    tables.stand(rows, [Column("name", label, width=130), *PHOTOS], key, title, tallest=9)


def _in_size(n: float) -> str:
    return f"{n / 10**9:,.2f} GB" if n >= 10**9 else f"{n / 10**6:,.1f} MB"


def interval(every: timedelta) -> str:
    if every.days:
        return _("every {0} days").format(every.days)
    minutes = every.seconds // 60
    if minutes == 0:
        return _("every {0} seconds").format(every.seconds)
    return _("every {0} minutes").format(minutes) if minutes < 60 else _("every {0} hours").format(minutes // 60)


state()
messages()
storage()
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
    tables.stand(sizes, SIZES, "sizes", _("Largest tables"), tallest=9)
