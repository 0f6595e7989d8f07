"""A button that first asks the browser where it is, then does something with the answer."""

import secrets
from collections.abc import Callable

import streamlit as st

from engine.words import _
from pages.parts import component

_component = component.declare("vigil_position")
LABELS = {"locating": "Looking for the position …", "working": "One moment …"}
PROBLEMS = {
    "denied": "The phone does not allow the position; allow it in the browser's settings",
    "insecure": "The position needs HTTPS",
    "timeout": "No position found in time; step outside and try again",
    "unavailable": "The phone cannot say where it is",
}


def button(label: str, key: str, do: Callable[[tuple[float, float] | None, str | None], None], *, primary: bool = False) -> None:
    """`do` gets (lat, lon) in WGS-84, or None and, in words, why there is no position. `label` is a msgid."""
    st.session_state.setdefault(f"{key}.errand", secrets.token_hex(4))
    words = {"label": _(label)} | {name: _(text) for name, text in LABELS.items()}
    data = {
        "place": component.place("round"),
        "entry": "ask",
        "words": words,
        "primary": primary,
        "errand": st.session_state[f"{key}.errand"],
    }
    _component(key=key, data=data, on_asked_change=lambda: _asked(key, do))


def _asked(key: str, do: Callable) -> None:
    said = st.session_state[key].asked or {}
    st.session_state[f"{key}.errand"] = secrets.token_hex(4)
    position = _in_china(said)
    problem = None if position else _(PROBLEMS.get(said.get("problem"), PROBLEMS["unavailable"]))
    do(position, problem)


def _in_china(said: dict) -> tuple[float, float] | None:
    """What a browser says is checked like anything else from outside."""
    lat, lon = said.get("lat"), said.get("lon")
    numbers = all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in (lat, lon))
    return (float(lat), float(lon)) if numbers and 3 <= lat <= 54 and 73 <= lon <= 136 else None
