"""Filters that somebody has named: a list as he needs it again, one tap away, and under his favourites when he likes."""

import streamlit as st

from engine import search
from engine.words import _
from pages.parts import acts, look, menu, style

PASSING = ("page", "id")  # of an address: where one happens to be
MOST, LONGEST = 20, 24


def of(path: str | None = None) -> list[dict]:
    """Mine, of one page or of all."""
    return [one for one in style.wish("filters") or [] if path in (None, one["page"])]


def pinned(paths: set[str]) -> list[dict]:
    """Those under the favourites whose page is open to the person."""
    return [one for one in of() if one["pinned"] and one["page"] in paths]


def draw() -> None:
    """At the end of a line of filters."""
    path = st.session_state.get("place", ("",))[0]  # on a wall there is none
    file = next((entry.file for entry in menu.ENTRIES if entry.path == path), None)
    if file is None:
        return
    mine, set_now = of(path), query()
    with st.popover(_("My filters") + (f" · {len(mine)}" if mine else ""), icon=":material/bookmark:", key="my_filters"):
        for n, one in enumerate(mine):
            with st.container(horizontal=True, vertical_alignment="center"):
                mark = ":material/keep:" if one["pinned"] else ":material/filter_alt:"
                st.page_link(
                    menu.PAGES / file, label=look.plain(one["name"]), icon=mark, query_params=one["query"], width="stretch"
                )
                st.button(_("Remove"), key=f"unsave_{n}", icon=":material/delete:", type="tertiary", on_click=_remove, args=(one,))
        if not set_now:
            st.caption(_("Set the filters first; then they can be kept here under a name."))
            return
        st.text_input(_("Name of this filter"), key="filter_name", max_chars=LONGEST)
        st.toggle(_("Under the favourites of the menu"), key="filter_pinned")
        st.button(
            _("Keep these filters"),
            key="save_filter",
            type="primary",
            on_click=_save,
            args=(path, set_now),
            disabled=len(of()) >= MOST,
        )


def query() -> dict[str, str]:
    """What the filters are set to now."""
    return {name: value for name, value in st.query_params.items() if name not in PASSING}


def _save(path: str, set_now: dict[str, str]) -> None:
    name = st.session_state["filter_name"].strip()
    if not name:
        acts.tell(_("Give the filter a name."), "error")
    elif any(search.TELLING.fullmatch(value) for key, value in set_now.items() if key == "q"):
        acts.tell(_("A search for a phone or identity number is not kept."), "error")
    else:
        others = [one for one in of() if (one["page"], one["name"]) != (path, name)]
        style.prefer(filters=[*others, {"name": name, "page": path, "query": set_now, "pinned": st.session_state["filter_pinned"]}])
        st.session_state["filter_name"] = ""


def _remove(one: dict) -> None:
    style.prefer(filters=[other for other in of() if other != one])
