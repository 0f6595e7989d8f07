"""商机: a list of new business to be followed, on the phone and on the desk."""

import streamlit as st

from db import access, leads, staff
from db.access import Connection, Person
from db.vocab import LEAD_STEPS, LeadState, Role
from engine import clock, exports, permits, words
from engine import leads as acts_on_leads
from engine.lists import Leads
from engine.words import _
from pages.parts import acts, exporting, filters, look, tables

SIZE = 20
STEP_WORDS = {LeadState.CONTACTED: "Contacted", LeadState.WON: "Won", LeadState.LOST: "Lost …"}
STEP_ICONS = {LeadState.CONTACTED: ":material/call:", LeadState.WON: ":material/check_circle:", LeadState.LOST: ":material/close:"}


def show(person: Person, mine: bool) -> None:
    """`mine`: only what this person follows; else all that he sees."""
    follower = person.id if mine else None
    with access.reading(person) as conn:
        numbers = leads.counts(conn, follower)
        with filters.bar():
            labels = {s.value: f"{words.name(s)} {numbers.get(s, 0)}" for s in LeadState}
            state = filters.choice("state", "State", labels, 150)
            text = filters.text(placeholder="name, what is wanted", width=200)
        found = leads.listing(
            conn, follower_id=follower, state=state, text=text, limit=SIZE, offset=tables.offset(state, text, size=SIZE)
        )
        colleagues = _colleagues(conn, person)
    with st.container(horizontal=True, vertical_alignment="center"):
        tables.count(found, "leads")
        st.space("stretch")
        if not mine:
            exporting.button(person, exports.of_list("leads", Leads(state, text)))
        if permits.may(person, "lead.add") and st.button(_("Add a lead"), icon=":material/add:", key="add_lead"):
            add(person)
    if not found.rows:
        tables.empty(
            "No leads here", "New business noted during a visit, or added here, waits on this list until it is won or lost."
        )
    with st.grid(3, min_column_width=300):
        for lead in found.rows:
            card(person, lead, colleagues)
    tables.pager(found.total, SIZE)


def _colleagues(conn: Connection, person: Person) -> dict[int, str]:
    """Who may follow a lead: officers of the person's own branch, of all branches for head office."""
    everywhere = person.role in (Role.HEAD_RISK, Role.HEAD_LOANS)
    rows = staff.colleagues(conn, None if everywhere else [person.branch_id], roles=(Role.MANAGER, Role.INSPECTOR))
    return {row.id: row.name for row in rows}


def card(person: Person, lead, colleagues: dict[int, str]) -> None:
    state = LeadState(lead.state)
    with st.container(border=True, gap="small", key=f"lead_{lead.id}"):
        st.markdown(f"**{look.plain(lead.name)}** {look.badge(state)}")
        st.markdown(look.plain(lead.wish))
        through = _("noted at {0}").format(look.plain(lead.customer)) if lead.customer else None
        facts = [
            look.day(lead.noted_at.date()),
            look.plain(lead.staff),
            through,
            look.plain(lead.lost_because) if lead.lost_because else None,
        ]
        st.caption(" · ".join(one for one in facts if one))
        if lead.follower != lead.staff:
            st.caption(_("Followed by {0}").format(look.plain(lead.follower)))
        with st.container(horizontal=True, gap="small"):
            if lead.phone:
                st.link_button(_("Call"), f"tel:{lead.phone}", icon=":material/call:")
            if permits.may(person, "lead.follow"):
                steps(person, lead, state)
                hand_over(person, lead, colleagues)


def steps(person: Person, lead, state: LeadState) -> None:
    for to in LEAD_STEPS[state]:
        label, key = _(STEP_WORDS[to]), f"lead_{lead.id}_{to}"
        if to is LeadState.LOST:
            if st.button(label, key=key, icon=STEP_ICONS[to]):
                lose(person, lead, state)
        else:
            st.button(label, key=key, icon=STEP_ICONS[to], on_click=_move, args=(person, lead.id, state, to))


def hand_over(person: Person, lead, colleagues: dict[int, str]) -> None:
    others = {number: name for number, name in colleagues.items() if number != lead.followed_by}
    if others:
        with st.popover(_("Give to"), icon=":material/person_add:", key=f"give_{lead.id}"):
            for number, name in list(others.items())[:40]:
                st.button(
                    look.plain(name), key=f"give_{lead.id}_{number}", on_click=_give, args=(person, lead, number), width="stretch"
                )


def lose(person: Person, lead, state: LeadState) -> None:
    """The dialog that asks why."""

    def form() -> None:
        acts.in_dialog()
        st.text_input(_("Why it was lost"), key="lead.why", max_chars=200)
        st.button(
            _("Lost"), key="lead.lose", type="primary", on_click=lambda: _move(person, lead.id, state, LeadState.LOST, st.session_state["lead.why"])
        )  # fmt: skip

    st.dialog(look.plain(lead.name))(form)()


def add(person: Person) -> None:
    """The dialog of a lead by hand."""

    def form() -> None:
        acts.in_dialog()
        st.text_input(_("Name"), key="lead.name", max_chars=acts_on_leads.LONGEST_NAME)
        st.text_input(_("Phone"), key="lead.phone", max_chars=20)
        st.text_area(_("What is wanted"), key="lead.wish", height=90, max_chars=acts_on_leads.LONGEST_WISH)
        acts.button("Add the lead", lambda: _add(person), "lead.add", type="primary", width="stretch")

    st.dialog(_("Add a lead"))(form)()


def _add(person: Person) -> None:
    typed = {name: st.session_state.get(f"lead.{name}", "") for name in ("name", "wish", "phone")}
    with acts.act(person, "lead.add", "Lead added") as conn:
        acts_on_leads.add(conn, person, acts_on_leads.Lead(**typed), now=clock.now())


def _move(person: Person, lead_id: int, was: LeadState, to: LeadState, why: str | None = None) -> None:
    with acts.act(person, "lead.follow", "Saved") as conn:
        acts_on_leads.move(conn, person, lead_id, was, to, why, now=clock.now())


def _give(person: Person, lead, to: int) -> None:
    with acts.act(person, "lead.follow", "Given on") as conn:
        acts_on_leads.give(conn, person, lead.id, lead.followed_by, to, now=clock.now())
