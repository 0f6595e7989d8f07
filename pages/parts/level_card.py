"""客户级别: one customer's level with its reasons, what was adjusted by hand, and asking for another one."""

from datetime import timedelta

import streamlit as st

from db import access, definitions, levels, requests
from db.access import Person
from db.vocab import Approval, CustomerLevel, Definition, Request
from engine import clock, permits, refusals, scorecard, words
from engine import levels as verbs
from engine.words import _
from pages.parts import acts, decisions, look

USUAL = timedelta(days=90)  # how long an adjustment is first proposed to last


def show(person: Person, customer) -> None:
    """The card of the customer's page."""
    with access.reading(person) as conn:
        reckoned = levels.of_customer(conn, customer.id)
        by_hand = levels.adjustments_of(conn, customer.id)
        past = levels.history(conn, customer.id)
        asked = [r for r in requests.of_customer(conn, customer.id, Request.LEVEL) if r.state == Approval.SUBMITTED]
        row = reckoned and definitions.of_version(conn, Definition.SCORECARD, verbs.CARD, reckoned.card_version)
    today = clock.today()
    standing = next((a for a in by_hand if a.ended_on is None and a.from_on <= today <= a.until_on), None)
    with st.container(border=True, key="level"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(_("Customer level"), anchor=False, width="content")
            if customer.level:
                st.markdown(look.badge(CustomerLevel(customer.level)), width="content")
            st.space("stretch")
            if customer.level and not asked and permits.may(person, "level.ask"):
                _ask(person, customer)
        if standing:
            _standing(person, standing)
        if reckoned:
            _reasons(reckoned, row.body if row else None)
        else:
            st.caption(_("Levels are reckoned at night, for customers with a live loan."))
        decisions.queue(person, asked)
        _history(past, by_hand)


def _standing(person: Person, a) -> None:
    st.markdown(
        f":orange-badge[:material/edit: {_('Adjusted by hand')}] "
        + _("until {0}").format(look.day(a.until_on))
        + f" · {look.plain(a.reason)}  \n:gray[{look.plain(a.asker)} → {look.plain(a.approver)}]"
    )
    if permits.may(person, "level.decide"):
        acts.button("Back to the reckoned level", lambda: _end(person, a.id), "end_level", icon=":material/undo:")


def _reasons(reckoned, body: dict | None) -> None:
    """The points, what cost most of them, and what holds the level down."""
    st.markdown(
        _("Reckoned: {0}, {1} points").format(words.name(CustomerLevel(reckoned.level)), reckoned.score)
        + f"  :gray[:small[{_('since {0}').format(look.day(reckoned.from_on))} · {_('scorecard')} v{reckoned.card_version}]]"
    )
    try:
        card = scorecard.parse(body)
    except refusals.BadRule:
        return
    lines = [f":material/trending_down: {look.plain(why)}" for why in scorecard.capped_by(card, reckoned.caps)]
    lines += [
        f":material/remove: {look.plain(title)} · " + _("{0} of {1} points").format(points, most)
        for title, points, most in scorecard.reasons(card, reckoned.points)
    ]
    st.markdown("  \n".join(lines) or _("No points were lost."))


def _history(past, by_hand) -> None:
    if len(past) + len(by_hand) > 1:
        with st.expander(_("Earlier levels"), icon=":material/history:"):
            lines = [
                (v.from_on, f"{look.badge(CustomerLevel(v.level))} " + _("{0} points").format(v.score)) for v in past if v.to_on
            ]
            lines += [
                (a.from_on, f"{look.badge(CustomerLevel(a.level))} " + _("by hand, until {0}").format(look.day(a.ended_on or a.until_on))
                 + f" · {look.plain(a.asker)} → {look.plain(a.approver)} · {look.plain(a.reason)}")
                for a in by_hand
            ]  # fmt: skip
            st.markdown("  \n".join(f"{look.day(day)} · {line}" for day, line in sorted(lines, reverse=True)))


def _ask(person: Person, customer) -> None:
    today = clock.today()
    others = [level for level in CustomerLevel if level != customer.level]
    with st.popover(_("Adjust"), icon=":material/edit:"):
        st.caption(_("For a while, with a reason; head office decides. Then the reckoned level is back."))
        st.segmented_control(_("Level"), others, key="new_level", format_func=words.name)
        st.date_input(_("Until"), today + USUAL, min_value=today + timedelta(days=1), max_value=today + verbs.LONGEST,
                      key="level_until", format="YYYY-MM-DD")  # fmt: skip
        st.text_input(_("Reason"), key="level_why", max_chars=300)
        acts.button("Submit for approval", lambda: _asked(person, customer.id), "ask_level", type="primary",
                    disabled=not st.session_state.get("new_level"))  # fmt: skip


def _asked(person: Person, customer_id: int) -> None:
    typed = st.session_state
    with acts.act(person, "level.ask", "Submitted: a second person decides") as conn:
        verbs.ask(
            conn, person, customer_id, CustomerLevel(typed["new_level"]), typed["level_until"], typed.get("level_why", ""),
            now=clock.now(), today=clock.today(),
        )  # fmt: skip


def _end(person: Person, adjustment_id: int) -> None:
    with acts.act(person, "level.decide", "The reckoned level is back") as conn:
        verbs.end(conn, person, adjustment_id, today=clock.today())
