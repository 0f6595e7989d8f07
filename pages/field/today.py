"""今日: what an officer has to do, by urgency, one card a customer."""

from datetime import timedelta

import streamlit as st

from db import access, customers, todos
from db.vocab import Kind, LoanClass, Mode, TodoState
from engine import clock, words
from engine import todos as acts_on_todos
from engine.addresses import ways as navigation
from engine.words import _
from pages.parts import acts, along, frame, look, tables

person = frame.person("today.see")
today = clock.today()
week_end = today + timedelta(days=6 - today.weekday())
TABS = {"late": "Overdue", "today": "Today", "week": "This week", "later": "Later"}


def tab_of(todo) -> str:
    if todo.late_from <= today:
        return "late"
    if todo.due_on <= today:
        return "today"
    return "week" if todo.due_on <= week_end else "later"


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIRST = 20  # cards before "show more"
CHECK = "pages/field/visit.py"
marks: dict = {}  # by customer: where to navigate to
title = _("{month}-{day} {weekday}", month=f"{today:%m}", day=f"{today:%d}", weekday=_(WEEKDAYS[today.weekday()]))


@st.fragment(run_every="20s")
def work() -> None:
    """News comes in without a reload: what the night or a manager added appears by itself."""
    acts.show_told()
    with access.reading(person) as conn:
        mine = todos.of_officer(conn, person.id)
        pool = todos.in_pool(conn)
        done = todos.done_by_day(conn, person.id, today - timedelta(days=6))
        marks.update(customers.marks_of(conn, list({t.customer_id for t in mine})))
    by_tab = {name: [t for t in mine if tab_of(t) == name] for name in TABS}
    done_line.caption(_("{0} done today, {1} in the last seven days").format(done.get(today, 0), sum(done.values())))
    tab = st.segmented_control(
        _("When"), list(TABS), default=next((n for n in TABS if by_tab[n]), "today"), key="tab", required=True, width="stretch",
        label_visibility="collapsed", format_func=lambda n: f"{_(TABS[n])} {len(by_tab[n])}",
    )  # fmt: skip
    if not by_tab[tab]:
        tables.empty("Nothing here", "The night makes todos by rule; what is due next is under Later.")
    cards(by_tab[tab], tab)
    if pool:
        st.subheader(_("Waiting in the branch's pool"), anchor=False)
        for todo in pool[:FIRST]:
            card([todo], from_pool=True)
    along.take(person.id, title, mine, marks, today)


def cards(items: list, tab: str) -> None:
    """One card a customer, the most urgent first."""
    customer_ids = list(dict.fromkeys(t.customer_id for t in items))
    shown = st.session_state.get(f"shown_{tab}", FIRST)
    for customer_id in customer_ids[:shown]:
        card([t for t in items if t.customer_id == customer_id])
    if len(customer_ids) > shown:
        st.button(_("Show {0} more").format(len(customer_ids) - shown), key=f"more_{tab}", width="stretch",
                  on_click=show_more, args=(tab, len(customer_ids)))  # fmt: skip


def show_more(tab: str, up_to: int) -> None:
    st.session_state[f"shown_{tab}"] = up_to


def card(items: list, from_pool: bool = False) -> None:
    """One customer, everything to do there."""
    first = items[0]
    with st.container(border=True, gap="small", key=f"card_{first.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{look.plain(first.customer)}**", width="content")
            if first.worst_class and first.worst_class != "normal":
                st.markdown(look.badge(LoanClass(first.worst_class)), width="content")
        for t in items:
            when = look.late(look.due_words(t.due_on, t.late_from, today), t.late_from <= today)
            st.markdown(
                f"{look.KIND_ICONS[Kind(t.kind)]} {words.name(Kind(t.kind))} · "
                f"{look.MODE_ICONS[t.mode]} {words.name(Mode(t.mode))} · "
                f"{when}"
            )
        st.caption(" · ".join(look.plain(fact) for fact in along.facts(items, today)))
        if from_pool:
            acts.button("Take it", lambda: _claim(first.id), f"claim_{first.id}", width="stretch")
        else:
            ways(items)
        with st.container(horizontal=True):
            no = {"no": first.customer_no}
            st.page_link("pages/desk/customer.py", label=_("Customer"), icon=":material/person:", query_params=no, width="stretch")
            with st.popover(_("Why is this here?"), width="stretch"):
                for t in items:
                    st.markdown(why(t))


def ways(items: list) -> None:
    """There, on the phone, or at once: one tap each."""
    visit = next((t for t in items if t.mode != Mode.PHONE), items[0])
    call = next((t for t in items if t.mode == Mode.PHONE), None)
    by_phone = {"todo": str(call.id)} if call else {"customer": visit.customer_no, "mode": "phone"}
    mark = marks.get(visit.customer_id)
    with st.container(horizontal=True, key=f"ways_{visit.id}"):
        if mark:
            st.link_button(
                _("Navigate"), navigation(mark.lat, mark.lon, visit.customer)["amap"], icon=":material/navigation:", width="stretch"
            )
        st.page_link(CHECK, label=_("Phone check"), icon=":material/call:", query_params=by_phone, width="stretch")
        if visit.mode != Mode.PHONE:
            label = _("Go on") if visit.state == TodoState.STARTED else _("Start the check")
            st.page_link(
                CHECK, label=label, icon=":material/assignment_turned_in:", query_params={"todo": str(visit.id)}, width="stretch"
            )


def why(t) -> str:
    if t.rule_code is None:
        return _("Made by hand.")
    return _("Rule {0} v{1}, counted from {2}; due {3}.").format(
        look.plain(t.rule_code), t.rule_version, look.day(t.anchor_on), look.day(t.due_on)
    )


def _claim(todo_id: int) -> None:
    with acts.act(person, "todo.claim", "It is yours now") as conn:
        acts_on_todos.claim(conn, person, todo_id)


head = tables.heading(title)
with head:
    st.space("stretch")
    with st.container(width="content"):
        done_line = st.empty()
work()
