"""客户: one customer from every side, over all loans."""

import streamlit as st

from db import access, addresses, audit, care, customers, loans, records, requests, sight, signals, staff, todos
from db.vocab import Approval, CustomerLevel, Level, LoanClass, Marking, Place, Request, Role, Segment, SignalState
from engine import addresses as acts_on_addresses
from engine import clock, permits, sentences, words
from engine import customers as acts_on_customers
from engine.words import _
from pages.parts import acts, campaigns, decisions, dossier, frame, key_figures, level_card, look, maps, papers, reach, tables
from pages.parts import care as known
from pages.parts import ties as bound
from pages.parts.key_figures import Figure
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
    marks = addresses.history(conn, customer.id)
    moves = [r for r in requests.of_customer(conn, customer.id, Request.ADDRESS_MOVE) if r.state == Approval.SUBMITTED]
    inspectors = staff.inspectors_for(conn, {customer.branch_id}) if permits.may(person, "inspector.name") else []
    own, notes = care.of_customer(conn, customer.id), care.notes_of(conn, customer.id)
    states, binding = loans.states(conn, customer.id), bound.read(conn, customer.id)
    trail = audit.of_customer(conn, customer.id)
    names = sentences.names(conn, book)

late = look.overdue_days(customer.overdue_since, today)
places, past = [m for m in marks if not m.replaced_at], [m for m in marks if m.replaced_at]
LOANS = [
    Column("loan_no", "Loan number", width=150),
    Column("product", "Product", width=130),
    Column("balance_fen", "Balance", "wan"),
    Column("class", "Class", "badge", LoanClass, value=lambda r: r._mapping["class"], width=85),
    Column("overdue", "Days past due", "number", value=lambda r: look.overdue_days(r.overdue_since, today), width=85),
    Column("matures_on", "Matures", "day"),
]


def figures() -> list[Figure]:
    return [
        Figure(_("Exposure"), look.money(customer.exposure_fen), help=look.exact(customer.exposure_fen)),
        Figure(_("Live loans"), str(customer.live_loans or 0)),
        Figure(_("Days past due"), "—" if late is None else f"{late:,}"),
        Figure(_("Last check"), look.day(customer.last_check)),
        Figure(_("Open todos"), str(customer.open_todos)),
    ]


def badges() -> str:
    """Who it is, and what must be known before anything else: arrears, late todos, open signals."""
    late_todos = sum(t.closed_on is None and t.late_from <= today for t in work)
    urgent = [_("overdue {0} days").format(late)] if late else []
    urgent += [_("{0} todos late").format(late_todos)] if late_todos else []
    marks = [f":gray-badge[{words.name(Segment(customer.segment))}]"] if customer.segment else []
    marks += [look.badge(CustomerLevel(customer.level))] if customer.level else []
    marks += [look.badge(LoanClass(customer.worst_class))] if customer.worst_class else []
    marks += map(look.late_badge, urgent)
    marks += [dossier.signal_badge(Level(level), n) for level, n in dossier.open_signals(warned).items()]
    return " ".join([*marks, f":gray[{look.plain(customer.customer_no)}]"])


def facts() -> None:
    shown = {f: st.session_state.pop(f"revealed_{customer.id}_{f}", None) for f in ("phone", "source_phone", "identity_no")}
    with st.container(border=True):
        st.subheader(_("Facts"), anchor=False)
        dossier.facts(known.phones(customer, own, shown["phone"], shown["source_phone"]) | {
            words.IDENTITY[customer.kind]: shown["identity_no"] or customer.identity_masked,
            "Address": customer.address, "Branch": customer.branch, "Relationship manager": customer.manager,
            "Inspector": customer.inspector, "On file since": look.day(customer.created_on),
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
                acts.button(words.IDENTITY[customer.kind], lambda: reveal("identity_no"), "show_identity")
        if inspectors:
            name_inspector()


def reveal(field: str) -> None:
    with acts.act(person, "customer.reveal") as conn:
        st.session_state[f"revealed_{customer.id}_{field}"] = acts_on_customers.reveal(
            conn, person, customer.id, field, st.session_state.get("reveal_why", "")
        )


def name_inspector() -> None:
    """Who goes there: named by who manages the customer."""
    named = {i.id: f"{i.name} · {i.branch}" for i in inspectors}
    with st.popover(_("Name the inspector"), icon=":material/person_pin_circle:"):
        st.caption(_("Todos for the inspector that nobody has started go along."))
        st.selectbox(_("Inspector"), list(named), index=None, format_func=named.get, key="inspector", placeholder=_("Choose"))
        acts.button(
            "Name this inspector", name_it, "name_inspector", type="primary", disabled=not st.session_state.get("inspector")
        )


def name_it() -> None:
    with acts.act(person, "inspector.name", "The inspector is named") as conn:
        acts_on_customers.name_inspector(conn, person, [customer.id], st.session_state["inspector"], today=today)


def where() -> None:
    """The marked places, what is doubted or waits, and what was marked before."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(_("Marked addresses"), anchor=False)
            st.space("stretch")
            if permits.may(person, "address.mark"):
                to = {"mark": customer.customer_no}
                st.page_link("pages/field/map.py", label=_("Mark an address"), icon=":material/add_location_alt:", query_params=to)
        if lying := [p for p in places if p.lat is not None]:
            maps.look_at(lying, f"places-{customer.id}")
        for p in places:
            st.markdown(place(p))
            if p.doubt and permits.may(person, "address.confirm"):
                acts.button("It is right", lambda p=p: confirm(p.id), f"confirm_{p.id}", icon=":material/check:")
        if not places:
            st.caption(_("Not marked yet: visits cannot be checked against a place."))
        if places and permits.may(person, "address.doubt"):
            doubt_one()
        decisions.queue(person, moves)
        if past:
            with st.expander(_("Earlier marks ({0})").format(len(past)), icon=":material/history:"):
                st.markdown("  \n".join(f"{look.moment(m.marked_at)} · {mark(m)} · {m.lat:.5f}, {m.lon:.5f}" for m in past))


def place(p) -> str:
    line = f":material/location_on: {mark(p)} · {_('fence {0} m').format(p.radius_m)} · :gray[{look.moment(p.marked_at)}]"
    doubt = words.pair(_("In doubt"), look.plain(words.reason(p.doubt))) if p.doubt else ""
    return line + (f"  \n:orange[:material/help: {doubt}]" if doubt else "")


def mark(m) -> str:
    """Which place, how and by whom it was marked, and why it was corrected."""
    parts = [words.name(Place(m.kind)), look.plain(m.place), words.name(Marking(m.way)) if m.way else "", look.plain(m.marker)]
    parts += [_("approved by {0}").format(look.plain(m.approver))] if m.approver else []
    return " · ".join(part for part in [*parts, look.plain(m.why)] if part)


def doubt_one() -> None:
    with st.popover(_("Doubt a mark"), icon=":material/help:"):
        of = {p.id: f"{words.name(Place(p.kind))} · {look.visible(p.place)}" for p in places}
        st.selectbox(_("Which one"), list(of), format_func=of.get, key="doubted")
        st.text_input(_("What is wrong"), key="doubt_why", max_chars=200)
        acts.button("Doubt it", doubt, "doubt_it")


def doubt() -> None:
    with acts.act(person, "address.doubt", "The mark is noted") as conn:
        acts_on_addresses.doubt(conn, person, st.session_state["doubted"], st.session_state.get("doubt_why", ""))


def confirm(address_id: int) -> None:
    with acts.act(person, "address.confirm", "The mark is noted") as conn:
        acts_on_addresses.confirm(conn, person, address_id)


SEEN_AS = {
    "whole_book": "Sees the whole book", "branch": "Heads the branch, or one above it", "own": "Looks after the customer",
    "stands_in": "Stands in for who does", "in_arrears": "Collects arrears",
}  # fmt: skip
SEEING = [
    Column("name", "Name", width=90),
    Column("role", "Role", value=lambda r: words.name(Role(r.role)), width=150),
    Column("branch", "Branch", width=150),
    Column("why", "Why", value=lambda r: _(SEEN_AS[r.why]), width=230),
]


def who_sees() -> None:
    """Asked of the store only when somebody wants to know."""
    with st.container(border=True, key="who-sees"):
        if st.toggle(_("Who may see this customer"), key="see_who"):
            with access.reading(person) as conn:
                tables.look_at(sight.of_customer(conn, customer.id), SEEING, "who_sees", _("Who may see this customer"), tallest=12)


head = tables.heading(customer.name)
with head:
    st.markdown(badges(), width="content")
    st.space("stretch")
    papers.of_customer(person, customer.customer_no)
if permits.may(person, "check.submit"):
    with st.container(horizontal=True, key="reach_customer", width=520):
        reach.keys(customer, addresses.goal(places))
key_figures.show(figures(), "figures_of_customer", columns=5)
left, right = st.columns([2, 3])
with left:
    facts()
with right:
    with st.container(border=True):
        st.subheader(_("Loans"), anchor=False)
        if picked := tables.lead(book, LOANS, "loans_of_customer", _("Loans of this customer"), tallest=8):
            tables.open_page("desk/loan", no=picked.loan_no)
        if not book:
            st.caption(_("No loans."))
left, right = st.columns([3, 2])
with left:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(_("Todos"), anchor=False)
            st.space("stretch")
            campaigns.of_one(person, customer.id)
        dossier.todo_lines(work, today)
    if warned:
        with st.container(border=True):
            st.subheader(_("Warning signals"), anchor=False)
            dossier.signal_lines(warned)
    known.known(person, customer, own)
    dossier.over_time(states, checks, today)
with right:
    level_card.show(person, customer)
    where()
bound.show(binding, today)
with st.container(border=True, key="notes"):
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(_("Notes"), anchor=False)
        st.space("stretch")
        known.note_button(person, customer.id, customer.name)
    known.notes(notes)
with st.container(border=True):
    st.subheader(_("Checks"), anchor=False)
    dossier.record_lines(checks)
if person.role in (Role.AUDITOR, Role.HEAD_RISK):
    who_sees()
with st.container(border=True):
    st.subheader(_("Trail"), anchor=False)
    dossier.trail(trail, lambda row: sentences.sentence(row, names))
