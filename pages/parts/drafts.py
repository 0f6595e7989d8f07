"""Drafts of definitions that somebody keeps for himself: those without a version yet, and the way to each page of one."""

from collections.abc import Callable, Mapping

import streamlit as st

from engine import words
from engine.words import _
from pages.parts import look


def begun(drafts: Mapping[str, dict], lead_to: Callable[[str, str], None] | None = None) -> None:
    """What was begun, by code, and goes on where it was left; `lead_to` where its page is not called by `code`."""
    for code, body in drafts.items():
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"begun_{code}"):
            st.markdown(
                f":material/edit_note: **{look.plain(words.in_language(body['title']))}** :gray[{look.plain(code)}]",
                width="stretch",
            )
            st.button(_("Go on writing"), key=f"go_on_{code}", on_click=lead_to or go_to, args=(code, "edit"))


def go_to(code: str, tab: str) -> None:
    """That definition on this very page."""
    st.query_params.from_dict({"code": code, "tab": tab})
