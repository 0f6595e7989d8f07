"""Inspection files and reports as PDF: the button on a loan or a customer, a branch's file made beside the page."""

from collections.abc import Callable
from datetime import date, timedelta

import streamlit as st

from db import access, branches
from db.access import Connection, Person
from db.files import Span
from db.vocab import Role
from engine import acts as engine_acts
from engine import clock, permits, words
from engine.papers import inspection, monthly, volumes
from engine.papers.inspection import File
from engine.words import _
from pages.parts import background, look

WORK, READY = "inspection_file", "papers.ready"


def button(person: Person, of: str, make: Callable[[Connection], File], permit: str, label: str = "Inspection file") -> None:
    """Made when clicked, of what this person may see; who printed what is in the trail."""
    if not permits.may(person, permit):
        return
    language = words.language.get()

    def pdf() -> bytes:
        words.language.set(language)  # runs in a thread of its own
        with engine_acts.act(person, permit) as conn:
            return make(conn).pdf

    st.download_button(
        _(label), pdf, f"{_(label)}-{of}.pdf", "application/pdf", icon=":material/picture_as_pdf:", key=f"paper_{label}_{of}",
        on_click="ignore", help=_("A PDF of what you may see, with a digest; that it was printed is written into the trail."),
    )  # fmt: skip


def of_loan(person: Person, loan_no: str) -> None:
    def make(conn: Connection) -> File:
        return inspection.of_loan(conn, person, loan_no, Span(), now=clock.now(), today=clock.today())

    button(person, loan_no, make, inspection.PERMIT)


def of_customer(person: Person, customer_no: str) -> None:
    def make(conn: Connection) -> File:
        return inspection.of_customer(conn, person, customer_no, Span(), now=clock.now(), today=clock.today())

    button(person, customer_no, make, inspection.PERMIT)


def of_month(person: Person, first: date, branch_id: int | None, alone: bool) -> None:
    """The monthly report that is on the screen."""

    def make(conn: Connection) -> File:
        return monthly.of_month(conn, person, first, branch_id, alone, now=clock.now(), today=clock.today())

    button(person, f"{first:%Y%m}", make, monthly.PERMIT, "Monthly post-loan report")


def to_month(person: Person, **asked: str) -> None:
    """The way to the monthly report of what is looked at."""
    if permits.may(person, monthly.PERMIT):
        st.page_link(
            "pages/desk/monthly.py", label=_("Monthly report"), icon=":material/summarize:", query_params=asked, width="content"
        )


def months(today: date) -> list[date]:
    """First days: this month and the twelve before it."""
    return [_months_ago(today, n) for n in range(13)]


def _months_ago(today: date, n: int) -> date:
    months = today.year * 12 + today.month - 1 - n
    return date(months // 12, months % 12 + 1, 1)


def of_branch(person: Person) -> None:
    """A branch and a period are chosen; while it is made the page can be used, and left."""
    if not permits.may(person, inspection.OF_A_BRANCH):
        return
    with st.popover(_("Inspection file"), icon=":material/picture_as_pdf:", key="branch_file"):
        st.caption(_("A branch's file comes in volumes of {0} customers, in one ZIP file.").format(inspection.CUSTOMERS_A_PART))
        named, today = _branches(person), clock.today()
        st.selectbox(_("Branch"), list(named), format_func=lambda b: look.visible(named[b]), key="paper_branch")
        since, until = st.columns(2)
        since.date_input(_("From"), today - timedelta(days=30), key="paper_since", max_value=today, format="YYYY-MM-DD")
        until.date_input(_("To"), today, key="paper_until", max_value=today, format="YYYY-MM-DD")
        under_way = background.under_way(WORK)
        st.button(_("Make the file"), key="paper_make", type="primary", on_click=_start, args=(person,), disabled=under_way)
    background.watch(WORK, _("Making the inspection file"), _told)
    _waiting()


def _branches(person: Person) -> dict[int, str]:
    """The branches somebody may have a file of: a branch head of his own and those under it."""
    with access.reading(person) as conn:
        mine = branches.under(conn, person.branch_id) if person.role is Role.BRANCH_HEAD else None
        return {b.id: b.name for b in branches.all_open(conn) if mine is None or b.id in mine}


def _start(person: Person) -> None:
    branch_id, language = st.session_state["paper_branch"], words.language.get()
    span = Span(st.session_state["paper_since"], st.session_state["paper_until"])

    def do(say: Callable[[int, int], None]) -> volumes.Bound:
        words.language.set(language)
        return volumes.bind(person, branch_id, span, say)

    background.start(WORK, do)


def _told(bound: volumes.Bound) -> str:
    st.session_state[READY] = bound
    return _("The inspection file is ready: {0} volumes").format(bound.volumes)


def _waiting() -> None:
    """What was made is fetched here, by whoever made it."""
    bound: volumes.Bound | None = st.session_state.get(READY)
    if bound is not None and bound.place.exists():
        said = _("{0} volumes, {1}").format(bound.volumes, look.size(bound.bytes))
        st.download_button(
            f"{_('Download the inspection file')} ({said})", bound.place.read_bytes, f"{_('Inspection file')}.zip", "application/zip",
            icon=":material/download:", key="paper_fetch", on_click="ignore",
            help=_("It can be downloaded here until tomorrow; nobody keeps it longer."),
        )  # fmt: skip
