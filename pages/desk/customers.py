"""客户: everybody who owes the bank something, or did."""

import streamlit as st

from db import access, customers
from db.vocab import CustomerLevel, LoanClass, Segment
from engine import clock, exports, permits, words
from engine.words import _
from pages.parts import customer_filter, exporting, filters, frame, lead_cards, look, tables
from pages.parts.tables import Column

person = frame.person("customers.see")
today = clock.today()

SORTS = {"-exposure": "Largest exposure", "overdue": "Longest overdue", "-class": "Worst class", "-loans": "Most loans",
         "customer": "Name", "number": "Customer number", "branch": "Branch"}  # fmt: skip
COLUMNS = [
    Column("customer_no", "Customer number", width=115),
    Column("name", "Customer", width=190),
    Column("segment", "Segment", value=lambda r: words.name(Segment(r.segment)) if r.segment else None, width=95),
    Column("level", "Level", "badge", CustomerLevel, width=75),
    Column("exposure_fen", "Exposure", "wan"),
    Column("live_loans", "Loans", "number", width=60),
    Column("worst_class", "Class", "badge", LoanClass, width=90),
    Column("overdue", "Days past due", "number", value=lambda r: look.overdue_days(r.overdue_since, today), width=95),
    Column("last_check", "Last check", "day"),
    Column("open_todos", "Open todos", "number", width=80),
    Column("phone_masked", "Phone", width=110),
    Column("branch", "Branch", width=120),
    Column("manager", "Relationship manager", width=100),
]

head = tables.heading("Customers")
if filters.one_of("tab", "What to see", {"customers": "Customers", "leads": "Leads"}, "customers") == "leads":
    lead_cards.show(person, mine=False)
    st.stop()
with access.reading(person) as conn:
    with filters.bar():
        wanted = customer_filter.fields(conn, today)
        order = filters.sort(SORTS, "-exposure")
        wanted = customer_filter.rarer(conn, wanted)
    found = customers.listing(conn, wanted, order, *tables.span(wanted, order))

with head:
    tables.count(found, "customers", "click a row for the customer")
    st.space("stretch")
    if permits.may(person, "todo.ask"):
        st.page_link("pages/desk/todos.py", label=_("Ask for checks of these"), icon=":material/add_task:",
                     query_params={"view": "campaigns", "from": "customers", **customer_filter.address()})  # fmt: skip
    exporting.button(person, exports.of_list("customers", wanted, order))
if not found.rows:
    tables.empty("No customers match", "Widen the filters above. Customers come with the nightly feeds.")
elif picked := tables.show(found.rows, COLUMNS, "customers", _("Customers")):
    tables.open_page("desk/customer", no=picked.customer_no)
tables.pager(found.total)
