"""今日: what an officer has to do, one card a customer: in the order of the round, or by urgency."""

from datetime import timedelta

import streamlit as st

from db import access, addresses, definitions, todos
from db.access import Connection
from db.vocab import Definition, Kind, LoanClass, Mode, TodoState
from engine import clock, parameters, permits, refusals, rule_words, rules, words
from engine import todos as acts_on_todos
from engine.addresses import NAVIGATORS
from engine.addresses import ways as navigation
from engine.words import _
from pages.parts import acts, along, bell, came_back, dossier, frame, itinerary, live, look, tables
from pages.parts.itinerary import Itinerary

person = frame.person("today.see")
plans, checks = (permits.may(person, verb) for verb in ("round.plan", "check.submit"))  # nothing of it for who only looks
today = clock.today()
week_end = today + timedelta(days=6 - today.weekday())
TABS = {"today": "Today", "late": "Overdue", "week": "This week", "later": "Later"}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIRST = 20  # cards before "show more"
LAST = {"number": 10_000}  # whoever is not on the round
CHECK = "pages/field/visit.py"
marks: dict = {}  # by customer: where to navigate to
title = _("{month}-{day} {weekday}", month=f"{today:%m}", day=f"{today:%d}", weekday=_(WEEKDAYS[today.weekday()]))


def tabs_of(items: list, trip: Itinerary) -> set[str]:
    """Of one customer: today is what the round or the calendar asks for, overdue ones with it."""
    late = any(t.late_from <= today for t in items)
    due = min(t.due_on for t in items)
    if late or due <= trip.day or items[0].customer_id in trip.by_customer:
        return {"today", "late"} if late else {"today"}
    return {"week"} if due <= week_end else {"later"}


@st.fragment(run_every="60s")
def work() -> None:
    """News comes in without a reload: what the night or a manager added appears by itself."""
    acts.show_told()
    live.watch(person, "todos", "rounds", "reviews", "opinions")
    with access.reading(person) as conn:
        mine = todos.of_officer(conn, person.id)
        pool = todos.in_pool(conn)
        done = todos.done_by_day(conn, person.id, today - timedelta(days=6))
        back = came_back.lines(conn, person)
        trip = itinerary.read(conn, person)
        minutes = parameters.values(conn, today)["round.phone"]
        unread = bell.count(conn, person)
        marks.update(addresses.going_to(conn, {t.customer_id for t in mine}))
    came_back.show(back)
    by_customer: dict[int, list] = {}
    for todo in mine:
        by_customer.setdefault(todo.customer_id, []).append(todo)
    by_tab = {name: [i for i in by_customer.values() if name in tabs_of(i, trip)] for name in TABS}
    done_line.caption(_("{0} done today, {1} in the last seven days").format(done.get(today, 0), sum(done.values())))
    bell.news(unread)
    tab = st.segmented_control(
        _("When"), list(TABS), default=next((n for n in TABS if by_tab[n]), "today"), key="tab", required=True, width="stretch",
        label_visibility="collapsed", format_func=lambda n: f"{_when(n, trip)} {len(by_tab[n])}",
    )  # fmt: skip
    if tab == "today" and (mine or trip.kept):  # of nothing there is no way to be planned
        calls = sum(all(t.mode == Mode.PHONE for t in items) for items in by_tab[tab])
        itinerary.block(person, trip, {c: items[0].customer for c, items in by_customer.items()}, calls, minutes)
    if not by_tab[tab]:
        tables.empty("Nothing here", "The night makes todos by rule; what is due next is under Later.")
    cards(by_tab[tab], tab, trip)
    if pool:
        st.subheader(_("Waiting in the branch's pool"), anchor=False)
        for todo in pool[:FIRST]:
            card([todo], trip, from_pool=True)
    if checks:
        order = trip.by_customer
        along.take(person.id, title, sorted(mine, key=lambda t: order.get(t.customer_id, LAST)["number"]), marks, today)
    open_sheet(by_customer, trip)


def _when(tab: str, trip: Itinerary) -> str:
    """In the evening the first tab is the next working day's."""
    if tab != "today" or trip.day == today:
        return _(TABS[tab])
    return _(WEEKDAYS[trip.day.weekday()]) if trip.day < today + timedelta(days=7) else f"{trip.day:%m-%d}"


def cards(of_customers: list[list], tab: str, trip: Itinerary) -> None:
    """The round's in its order, then the most urgent first."""
    planned = trip.by_customer if tab == "today" else {}
    on_the_round = sorted(
        (i for i in of_customers if i[0].customer_id in planned), key=lambda i: planned[i[0].customer_id]["number"]
    )
    others = [items for items in of_customers if items[0].customer_id not in planned]
    shown = st.session_state.get(f"shown_{tab}", FIRST)
    for items in on_the_round[:shown]:
        card(items, trip, visit=planned[items[0].customer_id])
    if planned and others and len(on_the_round) < shown:
        st.subheader(_("Not on the round"), anchor=False)
    for items in others[: max(0, shown - len(on_the_round))]:
        card(items, trip)
    if len(of_customers) > shown:
        st.button(_("Show {0} more").format(len(of_customers) - shown), key=f"more_{tab}", width="stretch",
                  on_click=show_more, args=(tab, len(of_customers)))  # fmt: skip


def show_more(tab: str, up_to: int) -> None:
    st.session_state[f"shown_{tab}"] = up_to


def card(items: list, trip: Itinerary, visit: dict | None = None, from_pool: bool = False) -> None:
    """One customer, everything to do there, over all loans."""
    first = items[0]
    with st.container(border=True, gap="small", key=f"card_{first.id}"):
        _name(first, trip, visit)
        for t in items:
            when = look.late(look.due_words(t.due_on, t.late_from, today), t.late_from <= today)
            st.markdown(
                f"{look.KIND_ICONS[Kind(t.kind)]} {words.name(Kind(t.kind))} · "
                f"{look.MODE_ICONS[t.mode]} {words.name(Mode(t.mode))} · "
                f"{when}"
            )
        st.caption(" · ".join(_facts(items, trip, visit)))
        if from_pool and permits.may(person, "todo.claim"):
            acts.button("Take it", lambda: _claim(first.id), f"claim_{first.id}", width="stretch")
        elif not from_pool:
            ways(items, trip)


def _name(first, trip: Itinerary, visit: dict | None) -> None:
    """Number, name, class; the officer's own order is one tap up or down."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"name_{first.id}"):
        number = f"{itinerary.circled(visit['number'])} " if visit else ""
        bad = first.worst_class and first.worst_class != "normal"
        badge = f" {look.badge(LoanClass(first.worst_class))}" if bad else ""
        st.markdown(f"**{number}{look.plain(first.customer)}**{badge}", width="stretch")
        if visit and plans:
            for step, sign, label in ((-1, "▲", _("Earlier")), (1, "▼", _("Later"))):
                st.button(
                    sign, key=f"move_{step}_{first.id}", type="tertiary", help=label,
                    on_click=itinerary.move, args=(person, trip.day, first.customer_id, step),
                )  # fmt: skip


def _facts(items: list, trip: Itinerary, visit: dict | None) -> list[str]:
    """When and how far on the round, or why not on it; then what matters before one sets out."""
    first, told = items[0], []
    if visit:
        agreed = str(first.customer_id) in trip.kept.appointments
        at = _("{0} agreed" if agreed else "at {0}").format(itinerary.hour(visit["at"]))
        told += [look.late(_("{0}, after the hour agreed").format(at), True) if visit.get("late") else at]
        told += [_("{0} km").format(f"{visit['km']:g}")]
    elif first.customer_id in trip.why_not:
        told.append(trip.why_not[first.customer_id])
    return [*told, *(look.plain(fact) for fact in along.facts(items, today))]


def ways(items: list, trip: Itinerary) -> None:
    """There, on the phone, or at once: one tap each; all else behind the dots."""
    visit = next((t for t in items if t.mode != Mode.PHONE), items[0])
    call = next((t for t in items if t.mode == Mode.PHONE), None)
    by_phone = {"todo": str(call.id)} if call else {"customer": visit.customer_no, "mode": "phone"}
    mark = marks.get(visit.customer_id)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"ways_{visit.id}"):
        if mark:
            link = navigation(mark.lat, mark.lon, visit.customer)[itinerary.navigator(trip.wishes)]
            st.link_button(_("Navigate"), link, icon=":material/navigation:", width="stretch")
        if checks:
            st.page_link(CHECK, label=_("Phone check"), icon=":material/call:", query_params=by_phone, width="stretch")
        if checks and visit.mode != Mode.PHONE:
            label = _("Go on") if visit.state == TodoState.STARTED else _("Start the check")
            st.page_link(
                CHECK, label=label, icon=":material/assignment_turned_in:", query_params={"todo": str(visit.id)}, width="stretch"
            )
        st.button("⋯", key=f"sheet_{visit.id}", type="tertiary", help=_("More"),
                  on_click=itinerary.open_sheet, args=(visit.customer_id,))  # fmt: skip


def open_sheet(by_customer: dict[int, list], trip: Itinerary) -> None:
    """What somebody has opened stays open while news comes in beneath it."""
    wanted = st.session_state.get("sheet")
    if wanted == "setup":
        itinerary.setup(person, trip)
    elif wanted in by_customer:
        customer_sheet(by_customer[wanted], trip)


def customer_sheet(items: list, trip: Itinerary) -> None:
    first = items[0]

    @st.dialog(look.plain(first.customer), on_dismiss=itinerary.close_sheet)
    def sheet() -> None:
        st.caption(_("Why is this here?"))
        with access.reading(person) as conn:
            reasons = [words.pair(f"**{words.name(Kind(t.kind))}**", why(conn, t)) for t in items]
        for reason in reasons:
            st.markdown(reason)
        if trip.kept is not None and plans:
            _on_the_round(first, trip, any(t.mode == Mode.FIELD for t in items))
        _other_maps(first, trip)
        no = {"no": first.customer_no}
        st.page_link("pages/desk/customer.py", label=_("Customer"), icon=":material/person:", query_params=no, width="stretch")

    sheet()


def _on_the_round(first, trip: Itinerary, by_visit: bool) -> None:
    """What the officer decides about this stop."""
    about = (person, trip.day, first.customer_id)
    if first.customer_id in trip.by_customer:
        _agree(first, trip)
        st.button(_("Plan the rest anew behind this one"), key="replan_after", icon=":material/alt_route:", width="stretch",
                  on_click=itinerary.replan_after, args=about)  # fmt: skip
        st.button(_("Not on this day"), key="take_out", icon=":material/event_busy:", width="stretch",
                  on_click=itinerary.take_out, args=about)  # fmt: skip
    elif by_visit and first.customer_id in marks:
        st.button(
            _("Add to the round"), key="add_one", icon=":material/add_road:", width="stretch", on_click=itinerary.add, args=about
        )


def _agree(first, trip: Itinerary) -> None:
    """An hour agreed upon with the customer; proposed is the quarter of an hour at which the round reaches him."""
    agreed = trip.kept.appointments.get(str(first.customer_id))
    now = itinerary.hour(itinerary.next_quarter(trip.by_customer[first.customer_id]["at"]) if agreed is None else agreed)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.time_input(_("Hour agreed upon"), now, step=60 * itinerary.QUARTER, key="agreed_at")
        about = (person, trip.day, first.customer_id)
        st.button(_("Keep this hour"), key="agree", on_click=itinerary.appoint, args=(*about, True))
        if agreed is not None:
            st.button(_("No hour any more"), key="disagree", on_click=itinerary.appoint, args=(*about, False))


def _other_maps(first, trip: Itinerary) -> None:
    mark = marks.get(first.customer_id)
    if mark is None:
        st.caption(_("The address is not marked on the map"))
        return
    links = navigation(mark.lat, mark.lon, first.customer)
    with st.container(horizontal=True, gap="small"):
        for name, link in links.items():
            if name != itinerary.navigator(trip.wishes):
                st.link_button(_(NAVIGATORS[name]), link)


def why(conn: Connection, t) -> str:
    if t.rule_code is None:
        return _("Made by hand.") if t.form_code is None else look.plain(dossier.by_hand(t.form_code))
    body = definitions.of_version(conn, Definition.TODO_RULE, t.rule_code, t.rule_version).body
    try:
        asks = rule_words.due(rules.parse(body).when)
    except refusals.BadRule:  # the version was good when it was published
        asks = _("this version was written for another version of Vigil and cannot be told in words")
    return _("Rule {0} {1} v{2}: {3}. Counted from {4}; due {5}.").format(
        look.plain(words.in_language(body["title"])), look.plain(t.rule_code), t.rule_version, look.plain(asks),
        look.day(t.anchor_on), look.day(t.due_on),
    )  # fmt: skip


def _claim(todo_id: int) -> None:
    with acts.act(person, "todo.claim", "It is yours now") as conn:
        acts_on_todos.claim(conn, person, todo_id)


head = tables.heading(title)
with head:
    st.space("stretch")
    with st.container(width="content"):
        done_line = st.empty()
work()
