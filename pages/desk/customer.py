"""客户: one customer from every side, over all loans."""

import streamlit as st

from db import access, audit, customers, loans, records, signals, todos
from db.vocab import LoanClass, Segment, SignalState
from engine import clock, permits, words
from engine import customers as acts_on_customers
from engine.words import _
from pages.parts import acts, frame, look, dossier, sentences, tables
from pages.parts.tables import Column

person = frame.person("customers.see")
today = clock.today()
number = st.query_params.get("no", "")

with access.reading(person) as conn:
    customer = customers.by_number(conn, number)
    if customer is None:
        tables.empty("No such customer, or not yours to see", "Check the number, or find the customer in the list.")
        st.page_link("pages/desk/customers.py", label=_("To the list of customers"))
        st.stop()
    book = loans.of_customer(conn, customer.id)
    work = todos.of_customer(conn, customer.id)
    checks = records.of_customer(conn, customer.id)
    warned = signals.queue(conn, states=tuple(SignalState), customer_id=customer.id)
    places = customers.addresses_of(conn, customer.id)
    trail = audit.of_customer(conn, customer.id)

late = look.overdue_days(customer.overdue_since, today)
with st.container(horizontal=True, vertical_alignment="center"):
    st.markdown(f"### {look.plain(customer.name)}", width="content")
    marks = [look.badge(LoanClass(customer.worst_class))] if customer.worst_class else []
    st.markdown(" ".join([f":gray-badge[{words.name(Segment(customer.segment))}]"] if customer.segment else []) + " " + " ".join(marks), width="content")
    st.caption(customer.customer_no)

with st.grid(5, min_column_width=150):
    st.metric(_("Exposure"), look.money(customer.exposure_fen), border=True, help=look.exact(customer.exposure_fen))
    st.metric(_("Live loans"), customer.live_loans or 0, border=True)
    st.metric(_("Days past due"), "—" if late is None else late, border=True)
    st.metric(_("Last check"), look.day(customer.last_check), border=True)
    st.metric(_("Open todos"), customer.open_todos, border=True)


def reveal(field: str) -> None:
    with acts.act(person, "customer.reveal") as conn:
        st.session_state[f"revealed_{customer.id}_{field}"] = acts_on_customers.reveal(
            conn, person, customer.id, field, st.session_state.get("reveal_why", "")
        )


left, right = st.columns([2, 3])
with left, st.container(border=True):
    st.subheader(_("Facts"))
    shown = {f: st.session_state.pop(f"revealed_{customer.id}_{f}", None) for f in ("phone", "identity_no")}
    dossier.facts({
        "Phone": shown["phone"] or customer.phone_masked, "Identity number": shown["identity_no"] or customer.identity_masked,
        "Address": customer.address, "Branch": customer.branch, "Relationship manager": customer.manager,
        "Inspector": customer.inspector, "Customer since": look.day(customer.created_on), "Source": customer.source,
    })  # fmt: skip
    if permits.may(person, "customer.reveal"):
        with st.popover(_("Show hidden numbers"), icon=":material/visibility:"):
            st.caption(_("Who looked, at what and why is written into the trail."))
            st.text_input(_("Reason"), key="reveal_why")
            acts.button("Phone", lambda: reveal("phone"), "show_phone")
            acts.button("Identity number", lambda: reveal("identity_no"), "show_identity")
    if places:
        st.subheader(_("Marked addresses"))
        for p in places:
            st.markdown(f":material/location_on: {look.plain(p.place)} · {_('fence {0} m').format(p.radius_m)}")

with right:
    with st.container(border=True):
        st.subheader(_("Loans"))
        if picked := tables.show(
            book,
            [
                Column("loan_no", "Loan number", width=160), Column("product", "Product", width=120), Column("balance_fen", "Balance", "wan"),
                Column("class", "Class", "badge", LoanClass, value=lambda r: r._mapping["class"], width=85),
                Column("overdue", "Days past due", "number", value=lambda r: look.overdue_days(r.overdue_since, today), width=90),
                Column("matures_on", "Matures", "day"),
            ],
            "loans_of_customer", _("Loans of this customer"),
        ):  # fmt: skip
            tables.open_page("desk/loan", no=picked.loan_no)
    with st.container(border=True):
        st.subheader(_("Todos"))
        dossier.todo_lines(work, today)

if warned:
    with st.container(border=True):
        st.subheader(_("Warning signals"))
        dossier.signal_lines(warned, today)
with st.container(border=True):
    st.subheader(_("Checks"))
    dossier.record_lines(checks)
with st.container(border=True):
    st.subheader(_("Trail"))
    dossier.trail(trail, sentences.sentence)
