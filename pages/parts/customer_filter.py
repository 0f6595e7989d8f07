"""The filter of customers: above their list, and where a thematic inspection says whom it is for."""

from dataclasses import replace
from datetime import date

import streamlit as st

from db import customers
from db.access import Connection
from db.customers import Filter
from db.vocab import CustomerLevel, LoanClass, Role, Segment
from pages.parts import filters

RARER = ("manager", "no_manager", "no_address", "former", "since", "until")
ADDRESS = ("q", "overdue", "branch", "segment", "level", "class", *RARER)  # its keys there


def fields(conn: Connection, today: date) -> Filter:
    """Inside a bar of filters."""
    return customers.Filter(
        today=today,
        text=filters.text(placeholder="name, number, phone, ID, village", width=160),
        overdue=filters.flag("overdue", "In arrears only"),
        branch_ids=filters.branch(conn),
        segment=filters.word("segment", "Segment", Segment, width=110),
        level=filters.word("level", "Level", CustomerLevel, width=95),
        worst_class=filters.word("class", "Class", LoanClass, width=110),
    )


def rarer(conn: Connection, found: Filter, former: bool = True) -> Filter:
    """Folded away beside them; `former`: who owes nothing any more may be asked for too."""
    managers = filters.people(conn, Role.MANAGER, key="manager")
    with filters.more(*RARER):
        manager = filters.choice("manager", "Relationship manager", managers, 300, labelled=True)
        no_manager = filters.flag("no_manager", "Without manager")
        no_address = filters.flag("no_address", "Address not marked")
        gone = former and filters.flag("former", "Also former customers")
        with st.container(horizontal=True):
            since = filters.day("since", "Customer since")
            until = filters.day("until", "Customer until")
    return replace(
        found, live=not former or not (gone or since or until), manager_id=int(manager) if manager else None, no_manager=no_manager,
        no_address=no_address, since=since, until=until,
    )  # fmt: skip


def address() -> dict[str, str]:
    """What it is set to, to be handed to another page."""
    return {key: st.query_params[key] for key in ADDRESS if key in st.query_params}
