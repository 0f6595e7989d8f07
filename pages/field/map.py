"""地图: where my customers are and what is due, who is near me now, and marking where they are."""

from datetime import date, timedelta

import streamlit as st

from db import access, addresses
from db.access import Connection
from db.vocab import LoanClass
from engine import addresses as verbs
from engine import clock, permits
from engine.presence.geometry import METRES_PER_DEGREE, Point, metres
from engine.words import _
from pages.parts import component, filters, frame, itinerary, look, maps, marking, my_filters, tables

person = frame.person("map.see")
today = clock.today()
week_end = today + timedelta(days=6 - today.weekday())
STATES = {"all": "All", "late": "Overdue", "today": "Today", "week": "This week", "later": "Later", "none": "Nothing due"}
COLOURS = {"late": look.LATE, "today": "#D9730D", "week": "#B98900", "later": look.BLUE, "none": look.GREY}
KILOMETRES = {"1": "1 km", "3": "3 km", "5": "5 km", "10": "10 km"}
PLENTY = 600  # dots; beyond it the map shows cells, with how many are in each
STEPS = (0.02, 0.05, 0.1, 0.2, 0.3)  # degrees of a cell, from some 2 to 30 km
CELLS = 40  # more of them hide each other
NEAREST = 20
_here = component.declare("vigil_here")


def state_of(row) -> str:
    """How urgent a customer is; the words of the list of todos."""
    if row.due_on is None:
        return "none"
    if row.late_from <= today:
        return "late"
    if row.due_on <= today:
        return "today"
    return "week" if row.due_on <= week_end else "later"


def is_my_own() -> bool:
    return permits.may(person, "today.see")


def sight(box: tuple | None = None) -> addresses.Sight:
    return addresses.Sight(person.id if is_my_own() else None, branch_ids, box)


def where_am_i() -> Point | None:
    """The phone's position, once its owner has asked for it."""
    data = {"place": component.place("map"), "entry": "here", "words": marking.said() | {"here": _("Who is near me")}}
    result = _here(key="here", data=data, default={"fix": None}, on_fix_change=lambda: None)
    fix = result.fix
    return Point(float(fix["lat"]), float(fix["lon"])) if isinstance(fix, dict) and {"lat", "lon"} <= fix.keys() else None


def dot(row) -> maps.Dot:
    state = state_of(row)
    urgent = state in ("late", "today")
    tip = f"{look.visible(row.name)} · {due(row, today)}"
    visit = trip.by_customer.get(row.id) if trip else None
    if visit:
        tip += f" · {itinerary.hour(visit['at'])}"
        return maps.Dot(row.lat, row.lon, COLOURS[state], row.customer_no, tip, 11, str(visit["number"]))
    size = 9 if urgent else 4 if state == "none" else 7
    return maps.Dot(row.lat, row.lon, COLOURS[state], row.customer_no, tip, size, "!" if state == "late" else "")


def rounds() -> list[maps.Way]:
    """The round that is kept of the day, from where it begins through its visits."""
    kept = trip.kept if trip else None
    if kept is None or not kept.visits:
        return []
    return [maps.Way([(kept.lat, kept.lon), *((visit["lat"], visit["lon"]) for visit in kept.visits)], look.BLUE)]


def due(row, day: date) -> str:
    return _("nothing due") if row.due_on is None else look.due_words(row.due_on, row.late_from, day)


def cell(row) -> maps.Dot:
    """How many customers with overdue checks there are; without any, how many customers."""
    worst = next(state for state in COLOURS if getattr(row, state))
    tip = _(", ").join(f"{_(STATES[s])} {getattr(row, s)}" for s in COLOURS if getattr(row, s))
    size = min(20, 9 + row.n**0.5 / 2)
    text = f"!{row.late}" if row.late else str(row.n)
    return maps.Dot(row.lat, row.lon, COLOURS[worst], f"cell:{row.row:.0f}:{row.column:.0f}", tip, size, text)


def as_cells(conn: Connection) -> tuple[float, list]:
    """Cells as small as can be told apart, and their size."""
    for size in STEPS:
        found = addresses.in_cells(conn, sight(), size, today, week_end)
        if len(found) <= CELLS:
            break
    return size, found


def legend(counted: dict[str, int]) -> None:
    """What each colour says, and of how many."""
    parts = [f"{look.spot(COLOURS[state])} {_(STATES[state])} {counted.get(state, 0):,}" for state in COLOURS]
    st.markdown(":small[" + "  ".join(parts) + "]")


def card(row, away: float | None = None) -> None:
    """One customer: what is due, and the ways on from here, one tap each."""
    with st.container(border=True, gap="small", key=f"spot_{row.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{look.plain(row.name)}**", width="content")
            if row.worst_class and row.worst_class != "normal":
                st.markdown(look.badge(LoanClass(row.worst_class)), width="content")
        parts = [look.late(due(row, today), state_of(row) == "late"), _("exposure {0}").format(look.money(row.exposure_fen))]
        parts += [distance(away)] if away is not None else []
        st.markdown(":small[" + " · ".join([*parts, look.plain(row.village or "")]) + "]")
        ways(row)


def ways(row) -> None:
    no = {"no": row.customer_no}
    with st.container(horizontal=True, key=f"ways_{row.id}"):
        st.link_button(_("Navigate"), verbs.ways(row.lat, row.lon, row.name)["amap"], icon=":material/navigation:", width="stretch")
        if permits.may(person, "check.submit"):
            begin = {"todo": str(row.todo_id)} if row.todo_id and is_my_own() else {"customer": row.customer_no, "mode": "field"}
            st.page_link(
                "pages/field/visit.py",
                label=_("Start the check"),
                icon=":material/assignment_turned_in:",
                query_params=begin,
                width="stretch",
            )
            call = {"customer": row.customer_no, "mode": "phone"}
            st.page_link("pages/field/visit.py", label=_("Phone check"), icon=":material/call:", query_params=call, width="stretch")
    with st.container(horizontal=True, key=f"ways_on_{row.id}"):
        st.page_link("pages/desk/customer.py", label=_("Customer"), icon=":material/person:", query_params=no, width="stretch")
        if permits.may(person, "address.mark"):
            mark = {"mark": row.customer_no}
            st.page_link(
                "pages/field/map.py",
                label=_("Correct the mark"),
                icon=":material/edit_location_alt:",
                query_params=mark,
                width="stretch",
            )


def distance(away: float) -> str:
    if away >= 1000:
        return _("{0} km away").format(f"{away / 1000:.1f}")
    return _("{0} m away").format(round(away / 10) * 10 if away > 100 else round(away))


def around(point: Point, reach: float) -> tuple[float, float, float, float]:
    tall, wide = reach / METRES_PER_DEGREE, reach / METRES_PER_DEGREE / 0.7  # a degree of longitude is so much shorter here
    return point.lat - tall, point.lon - wide, point.lat + tall, point.lon + wide


def near(conn: Connection, me: Point, reach: float) -> list[tuple[float, object]]:
    found = [(metres(me, row), row) for row in addresses.on_map(conn, sight(around(me, reach)), PLENTY)]
    return sorted((pair for pair in found if pair[0] <= reach), key=lambda pair: (pair[0], pair[1].id))


def chosen_of(picked: str | None) -> list:
    """Who was tapped: one customer, or those of a cell."""
    if picked is None:
        return []
    if not picked.startswith("cell:"):
        return [row for row in rows if row.customer_no == picked]
    south, west = (int(n) * step for n in picked.split(":")[1:])
    with access.reading(person) as conn:
        return addresses.on_map(conn, sight((south, west, south + step, west + step)), PLENTY)


def unmarked(conn: Connection) -> list:
    return addresses.unmarked_of(conn, person.id) if permits.may(person, "address.mark") else []


def to_mark(missing: list) -> None:
    about = _("{0} customers are not marked yet").format(len(missing))
    with st.expander(about, icon=":material/wrong_location:"), st.container(key="unmarked", gap=None):
        for row in missing:
            label = f"{look.visible(row.name)} · {look.visible(row.village or row.address or '')}"
            asked = ":material/flag:" if row.asked else ":material/add_location_alt:"
            st.page_link(
                "pages/field/map.py", label=look.plain(label), icon=asked, query_params={"mark": row.customer_no}, width="stretch"
            )


def everybody() -> None:
    if not rows and not me:  # an area without anything on it tells nobody where it is
        return nobody()
    wanted = [row for row in rows if shown in ("all", state_of(row))]
    me_dot = [maps.Dot(*me, look.TEAL, tip=_("Here"), size=11, text="◎")] if me else []
    drawn = (
        [cell(row) for row in cells] if cells else sorted((dot(row) for row in wanted), key=lambda d: d.size)
    )  # large ones on top
    picked = maps.tap([*drawn, *me_dot], near_me or drawn, "map", rounds(), height=430)
    if not rows:
        nobody()
    for row in chosen_of(picked)[:NEAREST]:
        card(row)
    return None


def nobody() -> None:
    tables.empty(
        "No customer is marked here yet",
        "Mark where they are: from the list below, or on a customer's page."
        if missing
        else "Relationship managers and inspectors mark where their customers are, on this page of theirs.",
    )


number = look.typed(st.query_params.get("mark", ""))
if number and permits.may(person, "address.mark"):
    tables.heading("Mark an address")
    marking.page(person, number)
    st.stop()

tables.heading("Map")
branch_ids = None
with access.reading(person) as conn:
    with filters.bar("due-filters"):
        shown = filters.one_of("due", "Due", STATES, "all")
        if not is_my_own():
            branch_ids = filters.branch(conn)
    with st.container(horizontal=True, vertical_alignment="center", key="near"):
        me = where_am_i()
        reach = filters.one_of("reach", "Nearby within", KILOMETRES, "3") if me else None
        my_filters.draw()
    rows = addresses.on_map(conn, sight(), PLENTY + 1)
    step, cells = as_cells(conn) if len(rows) > PLENTY else (0, [])
    close = near(conn, me, 1000 * int(reach)) if me else []
    missing = unmarked(conn)
    trip = itinerary.read(conn, person) if is_my_own() else None
counted = {s: sum(getattr(c, s) for c in cells) if cells else sum(state_of(r) == s for r in rows) for s in COLOURS}
near_me = [me, *(row for _away, row in close)] if me else []
legend(counted)
if any(found.late for found in cells):
    st.caption(_("!3: so many customers there with overdue checks; other numbers count customers"))
everybody()
if me:
    st.subheader(_("Nearby: {0} customers").format(len(close)), anchor=False)
    if not close:
        tables.empty("Nobody within this distance", "Choose a wider distance above.")
    for away, row in close[:NEAREST]:
        card(row, away)
if missing:
    to_mark(missing)
