"""地址: who is marked, who is not, what is doubted, and moves that wait for a second person."""

from dataclasses import replace

import streamlit as st

from db import access, addresses, requests
from db.vocab import Marking, Place, Request, Role
from engine import addresses as verbs
from engine import book_counts, clock, exports, permits, words
from engine import customers as acts_on_customers
from engine.filter_words import ADDRESS_STATES
from engine.lists import address_state
from engine.words import _
from pages.parts import acts, counts, decisions, exporting, filters, frame, key_figures, look, maps, tables
from pages.parts.key_figures import Figure
from pages.parts.tables import Column

person = frame.person("customers.see")
today = clock.today()

STATES = {"all": "All"} | ADDRESS_STATES
SORTS = {"-exposure": "Largest exposure", "-marked": "Marked last", "marked": "Marked first", "customer": "Name",
         "branch": "Branch", "manager": "Relationship manager"}  # fmt: skip


def kind_of(row) -> str | None:
    return words.name(Place(row.kind)) if row.kind else None


def way_of(row) -> str | None:
    return words.name(Marking(row.way)) if row.way else None


COLUMNS = [
    Column("customer_no", "Customer number", width=110),
    Column("name", "Customer", width=150),
    Column("state", "State", value=address_state, width=190),
    Column("kind", "Which place", value=kind_of, width=85),
    Column("place", "Address", value=lambda r: r.place or r.address, width=240),
    Column("way", "How it was marked", value=way_of, width=90),
    Column("marked_at", "Marked", "moment", width=130),
    Column("branch", "Branch", width=110),
    Column("manager", "Relationship manager", width=90),
    Column("inspector", "Inspector", width=90),
    Column("exposure_fen", "Exposure", "wan"),
]


def figures() -> None:
    """How many of the customers chosen above, whatever the state."""
    told = []
    for state in ("marked", "unmarked", "doubtful", "waiting"):
        n = getattr(counted.figures, state)
        told.append(Figure(_(STATES[state]), f"{n:,}", look.percent(n, counted.figures.all)))
    key_figures.show(told, "figures_of_addresses", columns=4)


def decide() -> None:
    if waiting:
        with st.expander(_("{0} moves wait for a second person").format(len(waiting)), expanded=True, icon=":material/group:"):
            decisions.queue(person, waiting)


def several() -> None:
    """Choose among the rows: who is to mark them, and who goes there."""
    chosen = tables.choose(found.rows, COLUMNS, "choose_addresses", _("Customers to choose from"))
    st.session_state["chosen"] = [row.id for row in chosen]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if permits.may(person, "address.ask"):
            acts.button("Ask their managers to mark {0}", lambda: ask(False), "ask_managers", len(chosen), disabled=not chosen)
            acts.button("Ask their inspectors to mark {0}", lambda: ask(True), "ask_inspectors", len(chosen), disabled=not chosen)
        if permits.may(person, "inspector.name"):
            named = {int(key): name for key, name in inspectors.items()}
            st.selectbox(
                _("Inspector"), list(named), index=None, format_func=named.get, key="name_whom", width=240, placeholder=_("Choose")
            )
            ready = chosen and st.session_state.get("name_whom")
            acts.button("Name for {0} customers", name, "name_for", len(chosen), disabled=not ready, type="primary")


def ask(inspectors_: bool) -> None:
    asked = 0
    with acts.act(person, "address.ask") as conn:
        asked = verbs.ask_to_mark(conn, person, st.session_state["chosen"], inspectors=inspectors_)
    acts.tell(_("Asked of {0} customers' officers; others are marked, or have nobody").format(asked), "done")


def name() -> None:
    with acts.act(person, "inspector.name", "The inspector is named") as conn:
        acts_on_customers.name_inspector(conn, person, st.session_state["chosen"], st.session_state["name_whom"], today=today)


def on_map() -> None:
    """The page's rows; a tap opens the customer."""
    dots = [
        maps.Dot(r.lat, r.lon, look.ORANGE if r.doubt else look.TEAL, r.customer_no, look.visible(r.name))
        for r in found.rows
        if r.lat
    ]
    if not dots:
        tables.empty("Nothing to draw", "None of the customers on this page of the list is marked.")
    elif picked := maps.show(dots, dots, f"addresses_{st.session_state.get('visit', 0)}", height=520):
        tables.open_page("desk/customer", no=picked)


head = tables.heading("Addresses")
with access.reading(person) as conn:
    managers = filters.people(conn, Role.MANAGER)
    inspectors = filters.people(conn, Role.INSPECTOR)
    with filters.bar():
        state = filters.one_of("state", "State", STATES, "all")
        text = filters.text(width=180)
        branch_ids = filters.branch(conn)
        manager = filters.choice("manager", "Relationship manager", managers)
        order = filters.sort(SORTS, "-exposure")
    wanted = addresses.Filter(None if state == "all" else state, branch_ids, int(manager) if manager else None, text)
    found = addresses.listing(conn, wanted, order, *tables.span(wanted, order))
    waiting = requests.waiting(conn, Request.ADDRESS_MOVE, branch_ids=branch_ids)

with head:
    tables.count(found, "customers", "click a row for the customer")
    st.space("stretch")
    mapped = st.toggle(_("On the map"), key="mapped")
    may_choose = permits.may(person, "address.ask") or permits.may(person, "inspector.name")
    bulk = may_choose and not mapped and st.toggle(_("Choose several"), key="bulk")
    exporting.button(person, exports.of_list("addresses", wanted, order))
counted = counts.of(person, book_counts.marked(today, replace(wanted, state=None)))
figures()
counts.told(counted)
decide()
if not found.rows:
    tables.empty("No customers match", "Widen the filters above, or look at another state.")
elif mapped:
    on_map()
elif bulk:
    several()
elif picked := tables.lead(found.rows, COLUMNS, "addresses", _("Addresses")):
    tables.open_page("desk/customer", no=picked.customer_no)
tables.pager(found.total)
