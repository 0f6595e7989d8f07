"""The one thing a script must ask of the browser itself: to fetch or drop its cookie, and to load the page anew."""

import secrets

import streamlit as st

_JS = """
// Each errand is run once, however often the script draws it.
export default function ({ data }) {
  if (!data || window.vigilErrand === data.errand) return;
  window.vigilErrand = data.errand;
  if (data.font) localStorage.setItem("vigil-font", data.font);
  if (data.theme) localStorage.setItem("vigil-theme", data.theme);
  const sent = data.path ? fetch(data.path, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", "X-Vigil": "1" },
    body: JSON.stringify(data.body),
  }) : Promise.resolve();
  sent.finally(() => (data.to ? location.replace(data.to) : location.reload()));
}
"""

_component = st.components.v2.component("vigil_bridge", js=_JS)


def carry(ticket: str) -> None:
    """Have the cookie set, and come back signed in to the same page."""
    _run("ticket", path="/api/v1/session", body={"ticket": ticket})


def leave() -> None:
    """Have the cookie cleared, and start at the front door."""
    _run("leave", path="/api/v1/sign-out", body={}, to="/")


def reload(theme: str | None = None, font: str | None = None) -> None:
    """The page anew: nothing of this Streamlit session is carried over."""
    _run("reload", theme=theme, font=font)


def begin_anew() -> None:
    """The same, from the front door."""
    _run("anew", to="/")


def _run(name: str, **data: object) -> None:
    errand = st.session_state.setdefault(f"errand.{name}", secrets.token_hex(8))
    _component(key=f"bridge-{name}", data={"errand": errand} | data)
