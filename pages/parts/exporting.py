"""The export button under a list."""

from collections.abc import Callable, Sequence

import streamlit as st

from db import access
from db.access import Connection, Person
from engine import exports, permits, words
from engine.exports import Field
from engine.words import _


def button(person: Person, what: str, fields: Sequence[Field], rows: Callable[[Connection], object],
           permit: str = "export.make") -> None:  # fmt: skip
    """Made when clicked, in a transaction of its own; `rows` streams what the list's filter means."""
    if not permits.may(person, permit):
        return
    language = words.language.get()

    def make() -> bytes:
        words.language.set(language)  # runs in a thread of its own
        with access.transaction(person, permit) as conn:
            return exports.workbook(conn, person, what, fields, rows(conn), permit)

    st.download_button(
        _("Export to Excel"), make, f"{what}.xlsx", icon=":material/download:", key=f"export_{what}", on_click="ignore",
        mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )  # fmt: skip
