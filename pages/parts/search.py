"""The search: its box in the frame, where ⏎ leads, and what was found as lines that lead there."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from db import access
from db.access import Person
from db.vocab import Kind, Role, SignalState, TodoState
from engine import clock, permits, search, spelling, words
from engine.words import _
from pages.parts import dossier, look, menu, tables

ASKED = "search.asked"
FOUND = {
    "page": "Pages", "customer": "Customers", "loan": "Loans", "todo": "Todos", "record": "Inspection records", "signal": "Warning signals",
    "branch": "Branches", "colleague": "Colleagues",
}  # fmt: skip
ICONS = {
    "customer": "person", "loan": "request_quote", "todo": "checklist", "record": "fact_check", "signal": "notifications_active",
    "branch": "account_tree", "colleague": "badge",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """What was found, told in one line, and the page that it leads to; `page` None leads nowhere for this person."""

    text: str
    icon: str
    page: str | None
    parameters: dict[str, str]


def box(by: Person) -> None:
    """In the sidebar; the key / leads into it (assets/static/keys.js)."""
    st.text_input(
        _("Search"), key="search", placeholder=_("Name, pinyin, number, phone"), icon=":material/search:", label_visibility="collapsed",
        on_change=_ask, autocomplete="off", max_chars=60, help=_("Press / to get here"),
    )  # fmt: skip


def _ask() -> None:
    """What was typed leaves the box: it is a way to somewhere, not a filter."""
    st.session_state[ASKED] = st.session_state["search"].strip()
    st.session_state["search"] = ""


def go(by: Person) -> None:
    """Where the box leads: to the one thing that was meant, else to the list of what was found."""
    asked = look.typed(st.session_state.pop(ASKED, ""))
    if not asked:
        return
    lines = find(by, asked)
    every = [line for group in lines.values() for line in group]
    if len(every) == 1 and every[0].page:
        remember(by, asked)
        tables.open_page(every[0].page, **every[0].parameters)
    tables.open_page("field/search", q=asked)


def find(by: Person, asked: str) -> dict[str, list[Line]]:
    """By kind; the one alone that was named in full."""
    with access.reading(by) as conn:
        found = search.find(conn, by, asked)
    if found.exact:
        kind, hit = found.only()
        return {kind: [_line(by, kind, hit)]}
    pages = {"page": mine} if (mine := _pages(by, asked)) else {}
    return pages | {kind: [_line(by, kind, hit) for hit in hits] for kind, hits in found.groups.items()}


def remember(by: Person, asked: str) -> None:
    if by.viewer is not None:  # a colleague's searches are not added to
        return
    with access.transaction(by, "preference.set") as conn:
        search.remember(conn, by, asked, now=clock.now())


def _pages(by: Person, asked: str) -> list[Line]:
    return [
        Line(_(entry.title), entry.icon, entry.file.removesuffix(".py"), {})
        for entry in menu.open_to(by)
        if entry.listed and spelling.fits(asked, _(entry.title))
    ]


def _line(by: Person, kind: str, hit: search.Hit) -> Line:
    text, page, parameters = _TOLD[kind](by, hit)
    return Line(text, ICONS[kind], page, parameters)


def _customer(by: Person, hit: search.Hit) -> tuple:
    row = hit.row
    facts = [hit.key, row.phone_masked, row.village, row.branch]
    exposure = _("exposure {0}").format(look.money(row.exposure_fen)) if row.live_loans else _("no live loans")
    return _told(row.name, *facts, exposure), "desk/customer", {"no": hit.key}


def _loan(by: Person, hit: search.Hit) -> tuple:
    row = hit.row
    state = look.money(row.balance_fen) if row.live else _("ended")
    return _told(hit.key, row.customer, row.product, state), "desk/loan", {"no": hit.key}


def _todo(by: Person, hit: search.Hit) -> tuple:
    row = hit.row
    facts = (words.name(Kind(row.kind)), words.name(TodoState(row.state)), _("due {0}").format(look.day(row.due_on)), row.assignee)
    return _told(_("Todo {0}").format(hit.key), row.customer, *facts), "desk/customer", {"no": row.customer_no}


def _record(by: Person, hit: search.Hit) -> tuple:
    row = hit.row
    facts = (row.customer, words.name(Kind(row.kind)), look.day(row.done_on), row.staff)
    return _told(_("Check {0}").format(hit.key), *facts), "desk/records", {"id": hit.key}


def _signal(by: Person, hit: search.Hit) -> tuple:
    row = hit.row
    facts = (f"{row.rule_code} {dossier.title_of(row.rule_code)}", row.customer, words.name(SignalState(row.state)))
    return _told(_("Signal {0}").format(hit.key), *facts), "desk/signals", {"id": hit.key}


def _branch(by: Person, hit: search.Hit) -> tuple:
    page = "desk/customers" if permits.may(by, "customers.see") else "setup/people" if permits.may(by, "people.see") else None
    return _told(hit.row.name, hit.key), page, {"branch": hit.key}


def _colleague(by: Person, hit: search.Hit) -> tuple:
    row = hit.row
    text = _told(row.name, hit.key, words.name(Role(row.role)) if row.role else row.post, row.branch)
    if permits.may(by, "people.see"):
        return text, "setup/people", {"q": hit.key}
    manages = row.role == Role.MANAGER and permits.may(by, "customers.see")
    return text, "desk/customers" if manages else None, {"manager": str(row.id)}


_TOLD: dict[str, Callable[[Person, search.Hit], tuple]] = {
    "customer": _customer, "loan": _loan, "todo": _todo, "record": _record, "signal": _signal, "branch": _branch,
    "colleague": _colleague,
}  # fmt: skip


def _told(what: str, *facts: object) -> str:
    return f"**{look.plain(what)}** :gray[{look.plain(' · '.join(str(fact) for fact in facts if fact))}]"
