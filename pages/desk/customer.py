"""客户: one customer from every side, over all loans."""

import streamlit as st

from db import access, audit, care, customers, loans, records, signals, todos
from db.vocab import LoanClass, Segment, SignalState
from engine import clock, permits, words
from engine import customers as acts_on_customers
from engine.words import _
from pages.parts import acts, dossier, frame, look, sentences, tables
from pages.parts import care as known
from pages.parts.tables import Column

person = frame.person("customers.see")
today = clock.today()
number = look.typed(st.query_params.get("no", ""))

with access.reading(person) as conn:
    customer = customers.by_number(conn, number)
    if customer is None:
        tables.heading("Customer")
        tables.empty("No such customer, or not yours to see", "Check the number, or find the customer in the list.")
        st.page_link("pages/desk/customers.py", label=_("To the list of customers"), icon=":material/arrow_back:")
        st.stop()
    book = loans.of_customer(conn, customer.id)
    work = todos.of_customer(conn, customer.id)
    checks = records.of_customer(conn, customer.id)
    warned = signals.queue(conn, states=tuple(SignalState), customer_id=customer.id)
    places = customers.addresses_of(conn, customer.id)
    own, notes = care.of_customer(conn, customer.id), care.notes_of(conn, customer.id)
    trail = audit.of_customer(conn, customer.id)
    names = sentences.names(conn, book)

late = look.overdue_days(customer.overdue_since, today)
LOANS = [
    Column("loan_no", "Loan number", width=150),
    Column("product", "Product", width=130),
    Column("balance_fen", "Balance", "wan"),
    Column("class", "Class", "badge", LoanClass, value=lambda r: r._mapping["class"], width=85),
    Column("overdue", "Days past due", "number", value=lambda r: look.overdue_days(r.overdue_since, today), width=85),
    Column("matures_on", "Matures", "day"),
]


def key_figures() -> None:
    with st.grid(5, min_column_width=150):
        st.metric(_("Exposure"), look.money(customer.exposure_fen), border=True, help=look.exact(customer.exposure_fen))
        st.metric(_("Live loans"), customer.live_loans or 0, border=True)
        st.metric(_("Days past due"), "—" if late is None else f"{late:,}", border=True)
        st.metric(_("Last check"), look.day(customer.last_check), border=True)
        st.metric(_("Open todos"), customer.open_todos, border=True)


def facts() -> None:
    shown = {f: st.session_state.pop(f"revealed_{customer.id}_{f}", None) for f in ("phone", "source_phone", "identity_no")}
    with st.container(border=True):
        st.subheader(_("Facts"), anchor=False)
        dossier.facts(known.phones(customer, own, shown["phone"], shown["source_phone"]) | {
            "Identity number": shown["identity_no"] or customer.identity_masked,
            "Address": customer.address, "Branch": customer.branch, "Relationship manager": customer.manager,
            "Inspector": customer.inspector, "Customer since": look.day(customer.created_on),
        })  # fmt: skip
        if shown["phone"]:
            st.link_button(_("Call"), f"tel:{shown['phone']}", icon=":material/call:")
        if permits.may(person, "customer.reveal"):
            with st.popover(_("Show hidden numbers"), icon=":material/visibility:"):
                st.caption(_("Who looked, at what and why is written into the trail."))
                st.text_input(_("Reason"), key="reveal_why", max_chars=200)
                acts.button("Phone", lambda: reveal("phone"), "show_phone")
                if own and own.phone_masked:
                    acts.button("Phone in the source", lambda: reveal("source_phone"), "show_source_phone")
                acts.button("Identity number", lambda: reveal("identity_no"), "show_identity")
        if places:
            st.markdown(f"**{_('Marked addresses')}**")
            dossier.lines(places, place, "")


def reveal(field: str) -> None:
    with acts.act(person, "customer.reveal") as conn:
        st.session_state[f"revealed_{customer.id}_{field}"] = acts_on_customers.reveal(
            conn, person, customer.id, field, st.session_state.get("reveal_why", "")
        )


def place(p) -> str:
    return f":material/location_on: {look.plain(p.place)} · {_('fence {0} m').format(p.radius_m)}"


head = tables.heading(customer.name)
with head:
    marks = [f":gray-badge[{words.name(Segment(customer.segment))}]"] if customer.segment else []
    marks += [look.badge(LoanClass(customer.worst_class))] if customer.worst_class else []
    st.markdown(" ".join([*marks, f":gray[{look.plain(customer.customer_no)}]"]), width="content")
if permits.may(person, "check.submit"):
    with st.container(horizontal=True, key="start-check"):
        asked = {"customer": customer.customer_no}
        st.page_link(
            "pages/field/visit.py", label=_("New visit"), icon=":material/location_on:", query_params=asked | {"mode": "field"}
        )
        st.page_link("pages/field/visit.py", label=_("Phone check"), icon=":material/call:", query_params=asked | {"mode": "phone"})
key_figures()
left, right = st.columns([2, 3])
with left:
    facts()
    known.known(person, customer, own)
with right:
    with st.container(border=True):
        st.subheader(_("Loans"), anchor=False)
        if picked := tables.show(book, LOANS, "loans_of_customer", _("Loans of this customer"), tallest=8):
            tables.open_page("desk/loan", no=picked.loan_no)
        if not book:
            st.caption(_("No loans."))
    with st.container(border=True):
        st.subheader(_("Todos"), anchor=False)
        dossier.todo_lines(work, today)
with st.container(border=True, key="notes"):
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(_("Notes"), anchor=False)
        st.space("stretch")
        known.note_button(person, customer.id, customer.name)
    known.notes(notes)
if warned:
    with st.container(border=True):
        st.subheader(_("Warning signals"), anchor=False)
        dossier.signal_lines(warned)
with st.container(border=True):
    st.subheader(_("Checks"), anchor=False)
    dossier.record_lines(checks)
with st.container(border=True):
    st.subheader(_("Trail"), anchor=False)
    dossier.trail(trail, lambda row: sentences.sentence(row, names))
