"""客户贷后信息、备注: what our own people know of a customer, kept up and noted down from any page."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from db.access import Person
from engine import care, clock, permits
from engine.words import _
from pages.parts import acts, dossier, look

CUSTOMER, SEEN = "care.customer", "care.seen"


def phones(customer, facts, shown: str | None, of_source: str | None) -> dict[str, object]:
    """Ours first, with its day and author; the source's beside it."""
    if facts is None or facts.phone_masked is None:
        return {"Phone": shown or customer.phone_masked}
    author = _("{0}, given by {1}").format(look.day(facts.phone_at.date()), facts.phone_author)
    return {"Phone": f"{shown or facts.phone_masked} ({author})", "Phone in the source": of_source or customer.phone_masked}


def known(person: Person, customer, facts) -> None:
    """The card: business, remarks, needs; a button to change them."""
    with st.container(border=True, key="known"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(_("Post-loan information"), anchor=False)
            st.space("stretch")
            if permits.may(person, "customer.update") and st.button(_("Update"), icon=":material/edit:", key="update_facts"):
                change(person, customer, facts)
        if facts is None:
            st.caption(_("Nothing yet. What you learn on the phone or at the door belongs here: it stays when the feed changes."))
            return
        dossier.facts({"Business": facts.business, "Remarks": facts.remarks, "Needs": facts.needs}, key="facts-care")
        st.caption(_("Updated {0} by {1}").format(look.moment(facts.updated_at), look.plain(facts.author)))


def change(person: Person, customer, facts) -> None:
    """The dialog in which the facts are changed."""

    def form() -> None:
        acts.in_dialog()
        own = facts.phone_masked if facts else None
        st.text_input(_("New phone"), key="care.phone", max_chars=20, placeholder=own or customer.phone_masked or "",
                      help=_("Leave empty to keep the number as it is."))  # fmt: skip
        if own:
            st.checkbox(_("Our number is wrong: use the source's again"), key="care.forget")
        for name, label in (("business", "Business"), ("remarks", "Remarks"), ("needs", "Needs")):
            st.text_area(
                _(label), getattr(facts, name) or "" if facts else "", key=f"care.{name}", height=80, max_chars=care.LONGEST
            )
        acts.button("Save", lambda: _update(person, customer.id, facts.updated_at if facts else None), "care.save", type="primary")

    st.dialog(_("Post-loan information"))(form)()


def _update(person: Person, customer_id: int, seen_at: datetime | None) -> None:
    typed = {name: st.session_state.get(f"care.{name}") or "" for name in ("phone", "business", "remarks", "needs")}
    phone = "" if st.session_state.get("care.forget") else typed.pop("phone") or None
    typed.pop("phone", None)
    with acts.act(person, "customer.update", "Saved") as conn:
        care.update(conn, person, customer_id, care.Facts(phone=phone, **typed), seen_at, now=clock.now())


def note_button(person: Person, customer_id: int, name: str, **options) -> None:
    """Opens the dialog in which something is noted about a customer."""
    if permits.may(person, "customer.note") and st.button(
        _("Note"), icon=":material/edit_note:", key=f"note_{customer_id}", **options
    ):
        note(person, customer_id, name)


def note(person: Person, customer_id: int, name: str) -> None:
    """The dialog of a note."""

    def form() -> None:
        acts.in_dialog()
        st.text_area(_("Note"), key="care.note", height=120, max_chars=care.LONGEST_NOTE, label_visibility="collapsed",
                     placeholder=_("What was said, what comes next"))  # fmt: skip
        acts.button("Save", lambda: _note(person, customer_id), "care.save_note", type="primary", width="stretch")

    st.dialog(look.plain(name))(form)()


def _note(person: Person, customer_id: int) -> None:
    with acts.act(person, "customer.note", "Noted down") as conn:
        care.note(conn, person, customer_id, st.session_state.get("care.note", ""), now=clock.now())


def notes(rows: Sequence) -> None:
    dossier.lines(
        rows, lambda n: f":gray[{look.moment(n.noted_at)}] **{look.plain(n.staff)}** {look.plain(n.note)}", "No notes yet.", first=5
    )
