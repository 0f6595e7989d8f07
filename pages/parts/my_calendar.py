"""The secret link of my own calendar: made, renewed and ended here, and shown once."""

from urllib.parse import urlsplit

import streamlit as st

from db import access, calendar_links, settings
from db.access import Person
from engine import calendar_links as links
from engine import clock, permits
from engine.words import _
from pages.parts import acts, frame, look

SHOWN = "me.link"


def show(person: Person) -> None:
    if not permits.may(person, "calendar.link"):
        return
    with access.reading(person) as conn:
        link = calendar_links.of_person(conn, person.id)
    with st.container(border=True):
        st.subheader(_("Calendar link"), anchor=False)
        st.caption(
            _(
                "A link under which the calendar of your phone fetches the days on which your todos fall due: numbers and kinds, no names."
            )
        )
        if link is not None:
            used = _("never") if link.used_at is None else look.moment(link.used_at)
            st.markdown(_("Made {0}, last fetched {1}").format(look.moment(link.made_at), used))
        _just_made()
        with st.container(horizontal=True):
            acts.button("Make a link" if link is None else "Make a new link", _renew, "me.renew", icon=":material/calendar_add_on:")
            if link is not None:
                acts.button("End the link", _end, "me.end_link", icon=":material/link_off:")


def _just_made() -> None:
    """Until the page is left."""
    visit, token = st.session_state.get(SHOWN, (None, None))
    if visit is None or visit != st.session_state.get("visit"):
        st.session_state.pop(SHOWN, None)
        return
    address = f"{_home()}/api/v1/calendar/{token}.ics"
    st.warning(_("Shown this once. Whoever has it can read your due days: give it to nobody."), icon=":material/key:")
    st.code(address, language=None, wrap_lines=True)
    st.link_button(
        _("Subscribe on this device"), "webcal://" + address.split("://", 1)[1], icon=":material/event_available:", width="stretch"
    )


def _home() -> str:
    """As the browser knows it, unless the bank says which."""
    here = urlsplit(st.context.url or "http://localhost")
    return settings.address() or f"{here.scheme}://{here.netloc}"


def _renew() -> None:
    by = frame.person()
    with acts.act(by, "calendar.link", "The link is made; an earlier one has ended") as conn:
        token = links.renew(conn, by, now=clock.now())
    st.session_state[SHOWN] = (st.session_state.get("visit"), token)


def _end() -> None:
    by = frame.person()
    with acts.act(by, "calendar.link", "The link has ended") as conn:
        links.end(conn, by)
    st.session_state.pop(SHOWN, None)
