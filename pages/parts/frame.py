"""What app.py runs for every click: who is it, in which language, may they; then the page.

Session, role and staff row are read anew each time. Pages begin with

    from pages.parts import frame
    person = frame.person("todos.see")

Fragments and callbacks run without this frame, with the person it found last; the gate sees to it that they do not
run at all when that person's session has ended or rights have changed (api/gate.py).
"""

import streamlit as st

from db import access, jobs, preferences, settings
from db.access import Person
from engine import clock, night, sign_in, words
from engine import preferences as wishing
from engine.sign_in import Visitor
from engine.words import _, name
from pages.parts import acts, bell, brand, bridge, look, looking, menu, my_filters, search, style, who
from pages.parts import sign_in as front
from pages.parts.bottom_bar import bottom_bar
from pages.parts.who import person

__all__ = ["person", "run"]


def run() -> None:
    binding = who.binding()
    if not binding.startswith(who.SESSION):
        return front.page(ended=binding.startswith("ended-"))
    visitor, wishes = _ask(who.token_hash())
    if visitor is None:
        return _ended()
    who.is_(visitor.person, wishes.get("language") or words.LANGUAGES[0])
    if visitor.must_change:
        return front.change_first(visitor.person)
    return _page(visitor.person, wishes)


def _ask(hashed_token: bytes) -> tuple[Visitor | None, dict]:
    """Who it is, and what he wishes."""
    with access.gate() as conn:
        visitor = sign_in.who_is(conn, hashed_token, clock.now())
        return visitor, preferences.of(conn, visitor.person.himself.id) if visitor else {}


def _ended() -> None:
    """Nothing of the session stays, here or on the screen; the gate lets nothing else through this socket."""
    leaving = st.session_state.get(front.LEAVING)
    language = st.session_state.get(who.LANGUAGE, words.LANGUAGES[0])
    st.session_state.clear()
    who.speak(language)
    brand.tab(_("Sign in"))
    bridge.leave() if leaving else bridge.reload()


def _page(by: Person, wishes: dict) -> None:
    style.take(wishes)
    page = st.navigation(menu.pages(by, wishes.get("first_page")), position="hidden")
    brand.tab(page.title, layout="wide")
    if looking.has_turned():
        bridge.begin_anew()
    elif looking.on_a_wall(by, page.url_path):  # no menu, nothing to touch
        _count_visit("wall")  # whoever leaves it finds the filters set: they were not drawn meanwhile
        page.run()
    else:
        _framed(by, page, wishes)


def _framed(by: Person, page, wishes: dict) -> None:
    brand.logo()
    with st.sidebar:
        unread = _as_of(by)
        search.box(by)
        bell.draw(by, page.url_path, unread)
        menu.draw(by, page.url_path, wishes.get("favourites") or (), my_filters.pinned({entry.path for entry in menu.open_to(by)}))
        _who(by)
    if menu.FIRST[by.role] == "today":
        bottom_bar(by)
    _say_address(page.url_path)
    _count_visit(page.url_path)
    search.go(by)
    looking.banner(by)
    acts.show_told()
    page.run()


def _say_address(path: str) -> None:
    """Streamlit leaves the browser's address as it was when a link leads to the page one is on: it could not be sent, nor gone back from."""
    query = {name: st.query_params.get_all(name) for name in st.query_params}
    path_before, query_before = st.session_state.get("address", (None, None))
    if path == path_before and query != query_before:
        st.query_params.from_dict(query)
    st.session_state["address"] = (path, query)


def _count_visit(path: str) -> None:
    """`visit` goes up whenever a page is entered anew, or for another loan or customer: what was selected there is forgotten.
    `run` goes up each time."""
    st.session_state["run"] = st.session_state.get("run", 0) + 1
    place = (path, st.query_params.get("no"))
    if st.session_state.get("place") != place:
        st.session_state["place"] = place
        st.session_state["visit"] = st.session_state.get("visit", 0) + 1


def _as_of(by: Person) -> int:
    """Which day the book is at, and since when. Asked with it: how many messages are unread."""
    with access.reading(by) as conn:
        last, unread = jobs.last_done(conn, night.JOB), bell.count(conn, by)
    if last is None:
        st.caption(_("No night has run yet"))
        return unread
    at = last.finished_at.astimezone(settings.ZONE)
    st.caption(_("Business date {day}", day=f"**{last.business_date}**") + "  \n" + _("Data as of {at}", at=f"{at:%m-%d %H:%M}"))
    return unread


def _who(by: Person) -> None:
    with st.container(key="frame-who", gap="xsmall"):
        st.markdown(f"**{look.plain(by.name)}**  \n:small[:gray[{name(by.role)} · {look.plain(by.branch_name)}]]")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if not by.only_looks:
                _languages()
            front.sign_out_button()


def _languages() -> None:
    st.session_state["frame.language"] = words.language.get()
    st.segmented_control(
        _("Language"), words.LANGUAGES, format_func=who.LANGUAGE_NAMES.get, key="frame.language", required=True,
        on_change=_switch_language, label_visibility="collapsed", width="content",
    )  # fmt: skip


def _switch_language() -> None:
    by = person()
    with access.transaction(by, "preference.set") as conn:
        wishing.prefer(conn, by, language=st.session_state["frame.language"])
