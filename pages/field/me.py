"""我的: my style, my password, where I am signed in."""

import streamlit as st

from db import access, accounts, settings
from db.access import Person
from db.vocab import SignInOutcome
from engine import clock, preferences, sign_in, words
from engine.words import _, name
from pages.parts import bridge, frame, look, menu, my_calendar, my_messages
from pages.parts.password import change_form
from pages.parts.who import LANGUAGE_NAMES

DENSITIES = {"compact": "Compact", "normal": "Normal density", "comfortable": "Comfortable"}
SIZES = {"small": "Small", "normal": "Normal size", "large": "Large"}
THEMES = {"system": "As the system", "light": "Light", "dark": "Dark"}


def show(person: Person) -> None:
    st.header(_("My account"), anchor=False)
    _card(person)
    left, right = st.columns(2, gap="medium")
    with left:
        _style(person)
        _pinned(person)
        my_messages.show(person)
    with right:
        _password(person)
        my_calendar.show(person)
        _devices(person)
        _history(person)


def _card(person: Person) -> None:
    facts = (person.staff_no, name(person.role), look.plain(person.branch_name))
    st.markdown(f"**{look.plain(person.name)}** &ensp; :gray[{' · '.join(facts)}]")


def _style(person: Person) -> None:
    with access.reading(person) as conn:
        wishes = preferences.of(conn, person)
    with st.container(border=True):
        st.subheader(_("Style"), anchor=False)
        _choice("language", _("Language"), LANGUAGE_NAMES, words.language.get())
        _choice("theme", _("Appearance"), {code: _(title) for code, title in THEMES.items()}, wishes.get("theme", "system"))
        _choice(
            "density", _("Density of lists"), {code: _(title) for code, title in DENSITIES.items()}, wishes.get("density", "normal")
        )
        _choice("font", _("Size of writing"), {code: _(title) for code, title in SIZES.items()}, wishes.get("font", "normal"))
        _choice("rows", _("Rows a page"), {n: n for n in preferences.CHOICES["rows"]}, wishes.get("rows", "50"))
        first = {entry.path: _(entry.title) for entry in menu.open_to(person) if entry.listed}
        _first_page(first, menu.first_page(person, wishes.get("first_page")))
    if st.session_state.pop("me.repaint", False):
        bridge.reload(theme=wishes.get("theme", "system"), font=wishes.get("font", "normal"))


def _choice(wish: str, label: str, titles: dict[str, str], now: str) -> None:
    key = f"me.{wish}"
    st.session_state[key] = now
    st.segmented_control(label, list(titles), format_func=titles.get, key=key, required=True, on_change=_prefer, args=(wish,))


def _first_page(titles: dict[str, str], now: str) -> None:
    st.session_state["me.first_page"] = now
    st.selectbox(
        _("First page"), list(titles), format_func=titles.get, key="me.first_page", on_change=_prefer,
        args=("first_page",), width=280,
    )  # fmt: skip


def _prefer(wish: str) -> None:
    by = frame.person()
    with access.transaction(by, "preference.set") as conn:
        preferences.prefer(conn, by, **{wish: st.session_state[f"me.{wish}"]})
    st.session_state["me.repaint"] = wish in ("theme", "font")


def _pinned(person: Person) -> None:
    """Favourites, on top of the menu in the order in which they were chosen."""
    with access.reading(person) as conn:
        wished = preferences.of(conn, person).get("favourites") or []
    titles = {entry.path: _(entry.title) for entry in menu.open_to(person) if entry.listed}
    with st.container(border=True):
        st.subheader(_("Favourites"), anchor=False)
        st.session_state["me.favourites"] = [path for path in wished if path in titles]
        st.multiselect(
            _("Pages on top of the menu"), list(titles), format_func=titles.get, key="me.favourites", on_change=_prefer,
            args=("favourites",), max_selections=preferences.PINNED, placeholder=_("Choose up to {0} pages").format(preferences.PINNED),
        )  # fmt: skip


def _password(person: Person) -> None:
    with st.container(border=True):
        st.subheader(_("Change password"), anchor=False)
        if change_form(person):
            st.success(_("The password is changed. You are signed out everywhere else."))


def _devices(person: Person) -> None:
    with access.reading(person) as conn:
        open_now = sign_in.open_sessions(conn, person, clock.now())
    with st.container(border=True):
        st.subheader(_("Signed in now"), anchor=False)
        st.dataframe(
            [
                {
                    _("Since"): _moment(row.created_at),
                    _("Last act"): _moment(row.seen_at),
                    _("From address"): row.source,
                    _("Device"): _("This one") if row.id == person.session_id else _device(row.agent),
                }
                for row in open_now
            ],
            hide_index=True,
        )
        elsewhere = len(open_now) > 1
        st.button(_("Sign out everywhere else"), icon=":material/devices_off:", on_click=_leave, disabled=not elsewhere)


def _leave() -> None:
    by = frame.person()
    with access.gate() as conn:
        ended = sign_in.sign_out_elsewhere(conn, by, clock.now())
    st.toast(_("{n} other sessions ended.", n=ended), icon=":material/check:")


def _device(agent: str) -> str:
    phone = any(word in agent for word in ("Mobile", "Android", "iPhone"))
    return _("Phone") if phone else _("Computer")


def _history(person: Person) -> None:
    with access.reading(person) as conn:
        tries = accounts.tries_of(conn, person.id)
    with st.container(border=True):
        st.subheader(_("Sign-in history"), anchor=False)
        st.caption(_("If you see a try that was not yours, change your password and tell the security administrator."))
        st.dataframe(
            [
                {_("Time"): _moment(row.at), _("From address"): row.source, _("Outcome"): name(SignInOutcome(row.outcome))}
                for row in tries
            ],
            hide_index=True,
        )


def _moment(at) -> str:
    return f"{at.astimezone(settings.ZONE):%Y-%m-%d %H:%M}"


show(frame.person())
