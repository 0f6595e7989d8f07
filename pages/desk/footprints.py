"""足迹: who was out, when, how far and how well, by person; where visits were made, by parts of the map. One person's track is logged."""

from datetime import date, timedelta

import streamlit as st

from db import access, footprints, records, staff
from db.vocab import Conclusion, Kind, Mode
from engine import clock, exports, words
from engine import footprints as acts_on_footprints
from engine.lists import Between
from engine.words import _
from pages.parts import acts, exporting, filters, frame, live, look, tables, track
from pages.parts.tables import Column

person = frame.person("footprint.look")
today = clock.today()
PERIODS = {"day": "One day", "week": "7 days", "month": "30 days", "quarter": "90 days", "year": "A year"}
BACK = {"day": 0, "week": 6, "month": 29, "quarter": 89, "year": 364}
LOOKED = "footprints.looked"


def clock_of(moment) -> str:
    return look.moment(moment)[-5:]


COLUMNS = [
    Column("staff", "Officer", width=90),
    Column("branch", "Branch", width=130),
    Column("days", "Days out", "number", width=70),
    Column("visits", "Visits", "number", width=65),
    Column("last_day", "Last day", "day"),
    Column("first_at", "First", value=lambda r: clock_of(r.first_at), width=65, help="Of the last day: the first arrival."),
    Column("last_at", "Last", value=lambda r: clock_of(r.last_at), width=65, help="Of the last day: the last leaving."),
    Column("km", "Kilometres", "decimal", width=85, help="Straight lines between the positions, in the order of time."),
    Column("visit_hours", "At customers (h)", "decimal", width=115),
    Column("out_hours", "First to last (h)", "decimal", width=115),
    Column("share", "On site", "share", value=lambda r: r.on_site / r.placed if r.placed else None, width=80),
    Column("grades", "Grades A to D", value=lambda r: " · ".join(str(getattr(r, g)) for g in "abcd"), width=115),
]


def one_person(staff_id: int, day: date) -> None:
    """The same day view that the officer has; a look by somebody else is written down first."""
    if staff_id != person.id and not _looked(staff_id, day):
        return
    with access.reading(person) as conn:
        name = staff.names(conn, staff_id).get(staff_id, "")
        stops, positions = footprints.stops(conn, staff_id, day), footprints.stored(conn, staff_id, day)
        numbers = footprints.days(conn, staff_id, day, day)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(f"{look.plain(name)} · {day.isoformat()}", anchor=False, width="content")
        if staff_id != person.id:
            st.caption(_("Your look at this track is written into the trail."), width="content")
        st.space("stretch")
        st.button(_("Close"), icon=":material/close:", on_click=lambda: acts.leave("staff"))
    if not stops:
        tables.empty("No visits on this day", "Choose another day above, or another person.")
        return
    left, right = st.columns([3, 2])
    with left:
        track.show_map(day, stops, positions)
        track.numbers(numbers)
    with right:
        track.show_stops(stops)
        with st.expander(_("Positions kept of this day")):
            track.stored(positions, "stored")


def _looked(staff_id: int, day: date) -> bool:
    """Once for each person and day that is opened; False when there is no such person."""
    looked = st.session_state.setdefault(LOOKED, set())
    if (staff_id, day) not in looked:
        with acts.act(person, "footprint.look") as conn:
            acts_on_footprints.look(conn, person, staff_id, day)
            looked.add((staff_id, day))
    acts.show_told()
    return (staff_id, day) in looked


def everybody(rows: list) -> None:
    if not rows:
        tables.empty("Nobody was out", "No visits in this period. Choose another day, or a longer period.")
    elif picked := tables.show_first(rows, COLUMNS, "footprints", _("Footprints")):
        st.query_params["staff"] = picked.staff_id
        st.query_params["day"] = picked.last_day.isoformat()
        st.rerun()


PLACES = [
    Column(
        "place", "Place", value=track.place_of, width=190, help="The district, and the village that most customers there are of."
    ),
    Column("visits", "Visits", "number", width=70),
    Column("officers", "Officers", "number", width=75),
    Column("site", "On site", "share", value=lambda c: c.on_site / c.placed if c.placed else None, width=85),
]
VISITS = [
    Column("done_on", "Day", "day"),
    Column("customer", "Customer", value=lambda r: r.customer or _("a customer of others"), width=170),
    Column("staff", "Officer", width=90),
    Column("kind", "Kind", value=lambda r: words.name(Kind(r.kind)), width=100),
    Column("conclusion", "Conclusion", "badge", Conclusion, width=95),
    Column(
        "distance_m",
        "Metres from the mark",
        "number",
        value=lambda r: None if r.distance_m is None else round(r.distance_m),
        width=110,
    ),
    Column("grade", "Presence grade", width=90),
    Column("branch", "Branch", width=140),
]


def by_place(cells: list, step: str, near: bool) -> str | None:
    """Visits of the period by parts of the map, and the busiest of them in words; the part that is looked at."""
    keys = {track.key_of(c) for c in cells}
    asked = st.query_params.get("cell", "")
    st.subheader(_("Where visits were made"), anchor=False)
    left, right = st.columns([3, 2])
    with left:
        tapped = track.heat(cells, step, "heat", asked if asked in keys else None, near)
    with right:
        picked = tables.show(cells, PLACES, "places", _("Where visits were made"), tallest=11)
        st.caption(_("Click a part of the map or a line for its visits."))
    chosen = tapped or (track.key_of(picked) if picked else None)
    if chosen and chosen != asked:
        st.query_params["cell"] = chosen
        st.rerun()
    return asked if asked in keys else None


def visits_of(cell, step: str, since: date, until: date, branch_ids: tuple[int, ...] | None) -> None:
    """The visits of a part of the map; a click opens one."""
    wanted = records.Filter(since, until, mode=Mode.FIELD, branch_ids=branch_ids, box=footprints.box_of(cell, step))
    with access.reading(person) as conn:
        found = records.listing(conn, wanted, "-done", *tables.span(wanted))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{look.plain(track.told_of(cell))}**", width="content")
        st.space("stretch")
        exporting.button(person, exports.of_list("records", wanted, "-done"))
        st.button(_("Close"), icon=":material/close:", key="close_cell", on_click=lambda: acts.leave("cell"))
    if picked := tables.show(found.rows, VISITS, "visits_of_cell", _("Visits of this place")):
        tables.open_page("desk/records", id=picked.id)
    tables.pager(found.total)


@st.fragment
def shown(until: date, since: date, branch_ids: tuple[int, ...] | None) -> None:
    """Drawn again with every check that is submitted."""
    live.watch(person, "records")
    with access.reading(person) as conn:
        rows = footprints.by_staff(conn, since, until, branch_ids)
        step = footprints.step_of(branch_ids)
        cells = footprints.cells(conn, since, until, branch_ids, step)
    told.caption(_("{0} officers, {1} visits, {2} to {3}").format(len(rows), sum(r.visits for r in rows), since, until))
    chosen = st.query_params.get("staff", "")
    if tables.is_number(chosen) and int(chosen) < 2**31:
        one_person(int(chosen), until)
    everybody(rows)
    if cells:
        chosen = by_place(cells, step, bool(branch_ids))
        for cell in (c for c in cells if track.key_of(c) == chosen):
            visits_of(cell, step, since, until, branch_ids)


head = tables.heading("Footprints")
with access.reading(person) as conn:
    if "day" not in st.query_params:
        st.query_params["day"] = (footprints.latest_day_of_all(conn, today) or today).isoformat()
    with filters.bar():
        until = filters.day("day", "Day", labelled=False) or today
        period = filters.one_of("by", "Period", PERIODS, "day")
        branch_ids = filters.branch(conn)
since = until - timedelta(days=BACK[period])
with head:
    with st.container(width="content"):
        told = st.empty()
    st.space("stretch")
    exporting.button(person, exports.of_list("footprints", Between(since, until, branch_ids)))
shown(until, since, branch_ids)
