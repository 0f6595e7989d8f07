"""What came back to an officer: checks that head office returned, and what reviewers found of his presence."""

from datetime import timedelta

import streamlit as st

from db import opinions, reviews
from db.access import Connection, Person
from db.vocab import Finding, ReviewState
from engine import clock
from engine.words import _
from pages.parts import look

FOR_DAYS = 14  # so long a decision stays on the list of the day


def lines(conn: Connection, by: Person) -> list[tuple[int, str]]:
    """A check and a sentence about it, what asks for something first."""
    back = [
        (r.record_id, _("Returned: {0} – {1}").format(look.plain(r.customer), look.plain(r.words)))
        for r in opinions.returned_to(conn, by.id)
    ]
    found = reviews.of_officer(conn, by.id, clock.now() - timedelta(days=FOR_DAYS))
    return back + [(r.record_id, _decided(r)) for r in found if r.finding != Finding.ACCEPTED and r.state != ReviewState.APPEALED]


def _decided(r) -> str:
    if r.state == ReviewState.SETTLED:
        return _("Appeal decided: {0} – {1} {2}").format(
            look.plain(r.customer), look.badge(Finding(r.last_finding)), look.plain(r.last_words)
        )
    return _("Presence reviewed: {0} – {1} {2}. You may answer once.").format(
        look.plain(r.customer), look.badge(Finding(r.finding)), look.plain(r.words)
    )


def show(found: list[tuple[int, str]]) -> None:
    for n, (record_id, sentence) in enumerate(found):
        with st.container(border=True, key=f"came_back_{n}"):
            st.markdown(f":material/undo: {sentence}")
            st.page_link("pages/desk/records.py", label=_("Open the check"), icon=":material/fact_check:", query_params={"id": str(record_id)},
                         width="stretch")  # fmt: skip
