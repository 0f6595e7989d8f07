"""What is adjusted for one loan: who goes there, from which checks it is exempted, and which are made at a cycle of its own."""

from datetime import timedelta
from typing import NamedTuple

import streamlit as st

from db import batches, requests
from db.access import Connection, Person
from db.vocab import CUSTOMER_KINDS, LOAN_KINDS, Approval, BatchState, Kind, Request
from engine import batches as bulk
from engine import clock, permits, words
from engine.words import _
from pages.parts import acts, decisions, look, own_cycle

KINDS = (*LOAN_KINDS, *CUSTOMER_KINDS)
LAST, USUAL = timedelta(days=400), timedelta(days=180)


class Adjusted(NamedTuple):
    """`exempted`: exemptions, each with the state of what asked for it; `cycles`: of its own; `asked`: other cycles that wait."""

    exempted: list[tuple]
    cycles: own_cycle.Own
    asked: list


def read(conn: Connection, person: Person, loan) -> Adjusted:
    """Who sees no requests sees the exemptions that were approved."""
    found = batches.exemptions_of(conn, loan.customer_id, loan.id)
    waiting = [row.batch_id for row in found if row.approver is None]
    states = batches.states(conn, waiting) if waiting and permits.may(person, "batches.see") else {}
    exempted = [(row, states.get(row.batch_id)) for row in found if row.approver is not None or row.batch_id in states]
    asked = [r for r in requests.of_customer(conn, loan.customer_id, Request.CYCLE)
             if r.subject_id == loan.id and r.state == Approval.SUBMITTED]  # fmt: skip
    return Adjusted(exempted, own_cycle.read(conn, loan), asked)


def box(person: Person, loan, inspector: str | None, found: Adjusted, governing: dict) -> None:
    """`governing`: of each kind the rule that governs (engine.explain)."""
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(_("Adjusted for this loan"), anchor=False)
            st.space("stretch")
            if governing and not found.asked and permits.may(person, "cycle.ask"):
                own_cycle.ask(person, loan, governing, found.cycles.longest)
            if loan.live and permits.may(person, "exemption.ask"):
                _ask(person, loan)
        st.markdown(_("Inspector named for the customer: {0}").format(look.plain(inspector or "—")))
        if not found.exempted and not found.cycles.rows:
            st.caption(_("Exempted from nothing, no cycle of its own: the rules in force decide."))
        for row in found.cycles.rows:
            own_cycle.line(person, loan, row)
        for row, state in found.exempted:
            _line(person, loan, row, state)
        decisions.queue(person, found.asked)


def _line(person: Person, loan, row, state: BatchState | None) -> None:
    today = clock.today()
    holds = row.approver is not None and row.from_on <= today <= row.until_on
    kinds = _(", ").join(words.name(Kind(kind)) for kind in row.kinds)
    whose = "" if row.loan_id else " · " + _("the whole customer")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{_state(state, holds)} **{kinds}**{whose} · {_days(row)}", width="content")
        st.caption(look.plain(" · ".join(part for part in (row.reason, row.asker, row.approver) if part)), width="content")
        if holds and permits.may(person, "exemption.approve") and row.asked_by != person.id:
            acts.button(
                "End it today", lambda: _end(person, loan, row.id), f"end_exemption_{row.id}", icon=":material/event_available:"
            )


def _days(row) -> str:
    """From when until when; one that was ended on its first day never held."""
    first = look.day(row.from_on)
    return f"{first} – {look.day(row.until_on)}" if row.until_on >= row.from_on else f"~~{first}~~"


def _state(state: BatchState | None, holds: bool) -> str:
    if state is not None:
        return look.badge(BatchState.REFUSED if state is BatchState.REFUSED else BatchState.WAITING)
    return f":green-badge[{_('Exempt now')}]" if holds else f":gray-badge[{_('over')}]"


def _ask(person: Person, loan) -> None:
    today = clock.today()
    with st.popover(_("Ask for an exemption"), icon=":material/event_busy:", key="exempt_loan"):
        kinds = st.multiselect(_("From which checks"), KINDS, key="exempt_kinds", format_func=words.name)
        until = st.date_input(_("Last day of the exemption"), today + USUAL, min_value=today, max_value=today + LAST, format="YYYY-MM-DD",
                              key="exempt_until")  # fmt: skip
        st.text_input(_("Reason"), key="exempt_why", max_chars=200)
        st.caption(_("A second person of head office decides; until then nothing changes."))
        st.session_state["exempt.wish"] = (loan.loan_no, kinds, until)
        acts.button("Ask for it", lambda: _begin(person), "do_exempt_loan", type="primary", disabled=not (kinds and until))


def _begin(person: Person) -> None:
    loan_no, kinds, until = st.session_state["exempt.wish"]
    with acts.act(person, "exemption.ask", "Asked for; a second person decides") as conn:
        bulk.exempt_loan(conn, person, loan_no, kinds, until, acts.typed("exempt_why"), now=clock.now(), today=clock.today())
        # Emptied, for fields that are dropped stay filled in the browser, above a button that takes them for empty.
        st.session_state.update(exempt_kinds=[], exempt_why="")


def _end(person: Person, loan, exemption_id: int) -> None:
    with acts.act(person, "exemption.approve", "Ended") as conn:
        bulk.end_exemption(conn, person, loan.customer_id, exemption_id, now=clock.now(), today=clock.today())
