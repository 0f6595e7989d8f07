"""路线: who goes where on a day, what the plan was worth; a branch head shares out what his branch owes."""

from datetime import timedelta

import streamlit as st

from db import access, branches, rounds, staff
from db.vocab import Role, SharingState, Start
from engine import branches as placing
from engine import calendar, clock, permits, words
from engine import rounds as planning
from engine.words import _
from pages.parts import acts, filters, frame, look, tables
from pages.parts.itinerary import hour
from pages.parts.tables import Column

person = frame.person("rounds.see")
today = clock.today()
READ_FROM = {"wgs84": "GPS", "gcj02": "AMap or Tencent", "bd09": "Baidu"}
FAILURES = {
    "killed": "The process ended before it was done. Start again.",
    "error": "It could not be worked out; whoever runs Vigil finds the reason in the log.",
    "NobodyToShare": "Nobody is chosen, or none of those chosen has an open visit until that day.",
}  # fmt: skip


def columns(worth: dict, done: dict) -> list[Column]:
    """What was compared has columns on days on which visits were made."""
    return [
        Column("staff", "Officer", width=100), Column("branch", "Branch", width=130),
        Column("customers", "Customers", "number", value=lambda r: len(r.visits), width=90),
        Column("made", "Done", "number", value=lambda r: done.get(r.staff_id, 0), width=80),
        Column("left", "Left out", "number", value=lambda r: len(r.left_out), width=90),
        Column("leaves", "Leaves", value=lambda r: hour(r.leaves), width=75),
        Column("ends", "Ends", "late", value=lambda r: (hour(r.ends), r.ends > r.until), width=75),
        Column("travel_km", "Way (km)", "decimal", width=95),
        Column("start", "Start", value=lambda r: words.name(Start(r.start)), width=110),
        Column("order", "Order", value=lambda r: _("by hand") if r.by_hand else _("as planned"), width=90),
    ] + ([
        Column("compared", "Visits compared", "number", value=lambda r: _of(worth, r, "visits"), width=120),
        Column("planned", "Planned (km)", "decimal", value=lambda r: _of(worth, r, "planned_km"), width=110),
        Column("own", "Own order (km)", "decimal", value=lambda r: _of(worth, r, "own_km"), width=120),
        Column("saved", "Minutes the plan saves", "decimal", value=lambda r: _saved(worth.get(r.staff_id)), width=150),
    ] if worth else [])  # fmt: skip


def _of(worth: dict, row, what: str):
    return getattr(worth[row.staff_id], what) if row.staff_id in worth else None


def _saved(compared) -> float | None:
    return None if compared is None else round(compared.own_minutes - compared.planned_minutes, 1)


# --- Sharing out a branch's visits ------------------------------------------------------------------------------------


@st.fragment(run_every="3s")
def sharing() -> None:
    """Goes on when nobody looks; whoever comes back finds it here."""
    acts.show_told()
    with access.reading(person) as conn:
        last = rounds.last_sharing(conn, person.branch_id)
        names = staff.names(conn)
    state = SharingState(last.state) if last else None
    if state is SharingState.RUNNING and not last.silent:
        done, _sep, of = (last.progress or "0/1").partition("/")
        st.progress(int(done) / int(of), _("Working out the rounds: {0}").format(last.progress or "…"))
        return
    if state is SharingState.READY:
        look_over(last, names)
        return
    if state is SharingState.FAILED or last is not None and last.silent:
        st.error(_(FAILURES.get(last.error, FAILURES["killed"])), icon=":material/error:")
    ask()


def ask() -> None:
    with access.reading(person) as conn:
        ids = branches.under(conn, person.branch_id)
        officers = {str(r.id): r.name for r in staff.colleagues(conn, ids, roles=(Role.MANAGER, Role.INSPECTOR))}
        usual = planning.plannable_day(conn, person.id, clock.now())
        busy = {str(row.staff_id) for row in rounds.candidates(conn, [int(staff_id) for staff_id in officers])}
    with st.form("share", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.date_input(_("Day of the rounds"), usual, min_value=today, format="YYYY-MM-DD", key="share_day", width=150)
        st.date_input(
            _("Visits due until"), usual + timedelta(days=6), min_value=today, format="YYYY-MM-DD", key="share_until", width=150
        )
        st.multiselect(
            _("Among"),
            list(officers),
            [staff_id for staff_id in officers if staff_id in busy],
            format_func=officers.get,
            key="share_among",
            placeholder=_("Officer"),
            width=480,
        )
        st.form_submit_button(_("Work out a proposal"), type="primary", on_click=begin)


def begin() -> None:
    among = [int(staff_id) for staff_id in st.session_state["share_among"]]
    number = None
    with acts.act(person, "round.share") as conn:
        number = planning.begin(conn, person, st.session_state["share_day"], st.session_state["share_until"], among)
    if number:
        planning.share_in_background(person, number)


def look_over(last, names: dict[int, str]) -> None:
    """Before and after, officer by officer; nothing has changed yet."""
    given = sum(len(share["todos"]) for share in last.shares)
    st.markdown(_("Rounds of {0}, visits due until {1}: {2} todos would change hands.").format(last.day, last.due_until, given))
    tables.look_at(last.shares, [
        Column("staff", "Officer", value=lambda s: names.get(s["staff"], ""), width=110),
        Column("before", "Customers now", "number", value=lambda s: s["before"], width=120),
        Column("after", "Customers then", "number", value=lambda s: s["after"], width=120),
        Column("new", "Newly given", "number", value=lambda s: s["new"], width=110),
        Column("visits", "On the round", "number", value=lambda s: len(_round(s, "visits", [])), width=120),
        Column("km", "Way (km)", "decimal", value=lambda s: _round(s, "travel_km", None), width=100),
        Column("hours", "Hours", "decimal", value=lambda s: _hours(s), width=90),
    ], "shares", _("Proposal"))  # fmt: skip
    with st.container(horizontal=True):
        acts.button("Give the todos and keep the rounds", lambda: apply(last.id), "apply_sharing", type="primary")
        acts.button("Drop the proposal", lambda: drop(last.id), "drop_sharing")
    st.caption(_("Visits already begun stay with whoever began them. Rounds kept for that day are replaced."))


def _round(share: dict, what: str, without):
    return share["round"][what] if share.get("round") else without


def _hours(share: dict) -> float | None:
    return round((share["round"]["ends"] - share["round"]["leaves"]) / 60, 1) if share.get("round") else None


def apply(sharing_id: int) -> None:
    with acts.act(person, "round.share", "Shared out") as conn:
        planning.apply(conn, person, sharing_id)


def drop(sharing_id: int) -> None:
    with acts.act(person, "round.share", "Dropped") as conn:
        planning.drop(conn, person, sharing_id)


# --- Where the branch is ----------------------------------------------------------------------------------------------


def place_branch() -> None:
    lat, lon = st.session_state["branch_lat"], st.session_state["branch_lon"]
    with acts.act(person, "branch.place", "Kept") as conn:
        placing.place(conn, person, person.branch_id, lat or 0, lon or 0, st.session_state["branch_datum"])


head = tables.heading("Rounds")
with access.reading(person) as conn:
    usual = calendar.load(conn).next_working(today)
    with filters.bar():
        day = filters.day("day", "Day", default=usual, labelled=False) or usual
        branch_ids = filters.branch(conn)
    kept = rounds.on(conn, day, list(branch_ids) if branch_ids is not None else None)
    worth = planning.compared(conn, kept)
    done: dict[int, int] = {}
    for made in rounds.made(conn, [row.staff_id for row in kept], day):
        done[made.staff_id] = done.get(made.staff_id, 0) + 1
going, idle = [row for row in kept if row.visits], [row for row in kept if not row.visits]
with head:
    st.caption(_("{0} rounds on {1}").format(len(going), look.day(day)), width="content")
if not going:
    tables.empty("No rounds on this day", "Officers plan theirs under Today; a branch head shares out visits below.")
tables.look_at(going, columns(worth, done), "rounds", _("Rounds of the day"))
if going:
    st.caption(_("Own order: as the visits were made, else as put by hand. Compared on the same visits, without the way home."))
if idle:
    with st.expander(_("{0} officers have nobody to visit on this day").format(len(idle)), key="idle"):
        st.markdown(_(", ").join(look.plain(row.staff) for row in idle))
if permits.may(person, "round.share"):
    st.subheader(_("Share out the branch's visits"), anchor=False)
    sharing()
    with st.expander(_("Where the branch is")), st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(_("Latitude"), 0.0, 90.0, None, format="%.6f", key="branch_lat", width=150)
        st.number_input(_("Longitude"), 0.0, 180.0, None, format="%.6f", key="branch_lon", width=150)
        st.selectbox(_("Read from"), list(READ_FROM), format_func=lambda d: _(READ_FROM[d]), key="branch_datum", width=160)
        acts.button("Keep", place_branch, "keep_branch")
