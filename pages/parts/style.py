"""How this person wants lists to look. Read from the preferences by the frame, before each page is drawn."""

import streamlit as st

from engine import preferences
from pages.parts import acts, who

KEY = "style"
ROW = {"compact": 28, "normal": 32, "comfortable": 40}  # pixels of a table's row


def take(wishes: dict) -> None:
    """Called by the frame."""
    st.session_state[KEY] = wishes


def wish(name: str, default: object = None) -> object:
    return st.session_state.get(KEY, {}).get(name, default)


def row_height() -> int:
    return ROW[wish("density", "normal")]


def page_size(default: int) -> int:
    return int(wish("rows", default))


def prefer(**wishes: object) -> None:
    """Keep it, and go by it from here on."""
    by = who.person()
    with acts.act(by, "preference.set") as conn:
        preferences.prefer(conn, by, **wishes)
        st.session_state[KEY] = st.session_state.get(KEY, {}) | wishes
