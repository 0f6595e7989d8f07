"""The search box of the frame: a customer or a loan by number, name, phone or identity number; ⏎ goes there."""

import streamlit as st

from db import access, customers, loans
from db.access import Person
from engine import clock, permits
from engine.words import _
from pages.parts import tables

ASKED = "search.asked"


def box(by: Person) -> None:
    if permits.may(by, "customers.see"):
        st.text_input(
            _("Search"), key="search", placeholder=_("Customer, loan number, phone"), icon=":material/search:",
            label_visibility="collapsed", on_change=_ask, autocomplete="off", max_chars=60,
        )  # fmt: skip


def _ask() -> None:
    """What was typed leaves the box: it is a way to somewhere, not a filter."""
    st.session_state[ASKED] = st.session_state["search"].strip()
    st.session_state["search"] = ""


def go(by: Person) -> None:
    """To the loan or the customer when it can only be one, else to the list of customers."""
    asked = st.session_state.pop(ASKED, "")
    if not asked:
        return
    with access.reading(by) as conn:
        loan = loans.get(conn, asked)
        found = customers.listing(conn, customers.Filter(today=clock.today(), live=False, text=asked), limit=2)
    if loan is not None:
        tables.open_page("desk/loan", no=loan.loan_no)
    if found.total == 1:
        tables.open_page("desk/customer", no=found.rows[0].customer_no)
    tables.open_page("desk/customers", q=asked, former="true")
