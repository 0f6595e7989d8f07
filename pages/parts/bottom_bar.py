"""The six places of an officer, at the thumb. Shown on phones only (assets/static/vigil.css)."""

import streamlit as st

from db.access import Person
from engine.words import _
from pages.parts import menu

PLACES = (  # short title, the pages it leads to: the first that is built
    ("Todos", ("today",)),
    ("Map", ("map",)),
    ("Customers", ("my-customers", "customers")),
    ("Search", ("search",)),
    ("Footprints", ("my-footprints",)),
    ("Me", ("me",)),
)


def bottom_bar(person: Person) -> None:
    """待办 · 地图 · 客户 · 搜索 · 足迹 · 我的"""
    built = {entry.path: entry for entry in menu.open_to(person)}
    with st.bottom.container(key="bottom-bar", horizontal=True, horizontal_alignment="distribute"):
        for title, paths in PLACES:
            entry = next((built[path] for path in paths if path in built), None)
            if entry is not None:
                st.page_link(menu.PAGES / entry.file, label=_(title), icon=f":material/{entry.icon}:")
