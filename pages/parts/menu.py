"""Which pages there are, under which address, for whom: read from here by the frame, the bottom bar and 我的."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from db import settings
from db.access import Person
from db.vocab import Role
from engine import permits, refusals, words
from engine.words import _
from pages.parts import component, errors, look

PAGES = settings.ROOT / "pages"

MINE, DESK, SETUP = "My work", "Management", "Settings"
_component = component.declare("vigil_menu")  # of Streamlit's own elements each link would be one


@dataclass(frozen=True)
class Entry:
    """A page; `title` is a msgid of the catalogue, `permit` the verb that opens it."""

    path: str
    file: str
    title: str
    icon: str
    section: str
    permit: str
    listed: bool = True  # in the menu; else reached from other pages


ENTRIES = (
    Entry("today", "field/today.py", "Today", "today", MINE, "today.see"),
    Entry("visit", "field/visit.py", "Check", "assignment_turned_in", MINE, "check.submit", listed=False),
    Entry("map", "field/map.py", "Map", "map", MINE, "map.see"),
    Entry("my-customers", "field/my_customers.py", "My customers", "contacts", MINE, "today.see"),
    Entry("my-footprints", "field/my_footprints.py", "My footprints", "footprint", MINE, "today.see"),
    Entry("search", "field/search.py", "Search", "search", MINE, "me.see"),
    Entry("dashboard", "desk/dashboard.py", "Dashboard", "monitoring", DESK, "dashboard.see"),
    Entry("approvals", "desk/approvals.py", "Approvals", "how_to_vote", DESK, "approvals.see"),
    Entry("todos", "desk/todos.py", "Todos", "checklist", DESK, "todos.see"),
    Entry("rounds", "desk/rounds.py", "Rounds", "route", DESK, "rounds.see"),
    Entry("handover", "desk/handover.py", "Handover", "swap_horiz", DESK, "handover.see"),
    Entry("loans", "desk/loans.py", "Loans", "request_quote", DESK, "loans.see"),
    Entry("loan", "desk/loan.py", "Loan", "request_quote", DESK, "loans.see", listed=False),
    Entry("customers", "desk/customers.py", "Customers", "groups", DESK, "customers.see"),
    Entry("customer", "desk/customer.py", "Customer", "person", DESK, "customers.see", listed=False),
    Entry("levels", "desk/levels.py", "Levels", "stairs", DESK, "levels.see"),
    Entry("addresses", "desk/addresses.py", "Addresses", "location_on", DESK, "customers.see"),
    Entry("records", "desk/records.py", "Inspection records", "fact_check", DESK, "records.see"),
    Entry("signals", "desk/signals.py", "Warning signals", "notifications_active", DESK, "signals.see"),
    Entry("reports", "desk/reports.py", "Reports", "table_chart", DESK, "reports.see"),
    Entry("monthly", "desk/monthly.py", "Monthly report", "summarize", DESK, "monthly.make", listed=False),
    Entry("footprints", "desk/footprints.py", "Footprints", "footprint", DESK, "footprint.look"),
    Entry("rules", "setup/rules.py", "Rules", "rule", SETUP, "rules.see"),
    Entry("products", "setup/products.py", "Products", "category", SETUP, "rules.see"),
    Entry("forms", "setup/forms.py", "Forms", "list_alt", SETUP, "rules.see"),
    Entry("feeds", "setup/feeds.py", "Feeds", "database_upload", SETUP, "feeds.see"),
    Entry("people", "setup/people.py", "People", "badge", SETUP, "people.see"),
    Entry("branches", "setup/branches.py", "Branches", "account_tree", SETUP, "people.see"),
    Entry("calendar", "setup/calendar.py", "Calendar", "calendar_month", SETUP, "rules.see"),
    Entry("audit", "setup/audit.py", "Audit trail", "policy", SETUP, "audit.see"),
    Entry("operations", "setup/operations.py", "Operations", "monitor_heart", SETUP, "operations.see"),
    Entry("notices", "field/notices.py", "Messages", "notifications", MINE, "notices.see", listed=False),
    Entry("me", "field/me.py", "My account", "account_circle", MINE, "me.see"),
)

FIRST = {
    Role.MANAGER: "today",
    Role.INSPECTOR: "today",
    Role.HEAD_RISK: "dashboard",
    Role.HEAD_LOANS: "dashboard",
    Role.BRANCH_HEAD: "dashboard",
    Role.COLLECTIONS: "dashboard",
    Role.AUDITOR: "dashboard",
    Role.IT: "feeds",
    Role.SYSTEM_ADMIN: "operations",
    Role.SECURITY_ADMIN: "people",
}


def open_to(person: Person) -> list[Entry]:
    """The pages this person may see."""
    return [entry for entry in ENTRIES if permits.may(person, entry.permit)]


def first_page(person: Person, wish: str | None) -> str:
    """Where somebody begins: as wished, else by role, else at his own account."""
    paths = [entry.path for entry in open_to(person) if entry.listed]
    return next(path for path in (wish, FIRST[person.role], "me") if path in paths)


def pages(person: Person, wish: str | None) -> list[st.Page]:
    """Every page that exists. What a role may not see is there too, and says so: a link sent by a
    colleague leads to a polite refusal, and one that waits behind the sign-in is still good after it."""
    allowed = open_to(person)
    first = _file(first_page(person, wish))
    listed = [_page(entry) if entry in allowed else _closed(entry, first) for entry in ENTRIES]
    return [*listed, _front_door(first)]


def _file(path: str) -> Path:
    return PAGES / next(entry.file for entry in ENTRIES if entry.path == path)


def draw(person: Person, path: str, pinned: Sequence[str], filters: Sequence[dict] = ()) -> None:
    """The menu by role, in sections, pages and filters that the person has pinned on top. A page reached from a list is marked as its list."""
    here = {"loan": "loans", "customer": "customers", "monthly": "reports"}.get(path, path)
    listed = {entry.path: entry for entry in open_to(person) if entry.listed}
    favourites = [_link(listed[path], here) for path in pinned if path in listed] + [_filter(one) for one in filters]
    sections = [_section("Favourites", favourites)]
    sections += [_section(title, [_link(e, here) for e in listed.values() if e.section == title]) for title in (MINE, DESK, SETUP)]
    data = {
        "place": component.place("menu"), "language": words.language.get(), "label": _("Pages"),
        "sections": [section for section in sections if section["links"]],
    }  # fmt: skip
    _component(key="menu", data=data, height="content")


def _section(title: str, links: list[dict]) -> dict:
    return {"title": _(title), "links": links}


def _link(entry: Entry, here: str) -> dict:
    return {"href": f"/{entry.path}", "icon": entry.icon, "words": _(entry.title), "here": entry.path == here}


def _filter(one: dict) -> dict:
    return {
        "href": f"/{one['page']}?{urlencode(one['query'])}",
        "icon": "filter_alt",
        "words": look.visible(one["name"]),
        "here": False,
    }


def _page(entry: Entry) -> st.Page:
    return st.Page(
        PAGES / entry.file, title=_(entry.title), icon=f":material/{entry.icon}:", url_path=entry.path,
        visibility="visible" if entry.listed else "hidden",
    )  # fmt: skip


def _closed(entry: Entry, first: Path) -> st.Page:
    def refuse() -> None:
        errors.refuse(refusals.NotPermitted(verb=_(entry.title)))
        st.page_link(first, label=_("To my first page"), icon=":material/arrow_back:")

    return st.Page(refuse, title=_(entry.title), url_path=entry.path, visibility="hidden")


def _front_door(first: Path) -> st.Page:
    """The bare address leads on, so that each page has one address for everybody."""

    def lead_on() -> None:
        st.switch_page(first)

    return st.Page(lead_on, title=_("Vigil"), url_path="home", default=True, visibility="hidden")
