"""搜索: everything in one place, by number, name, pinyin, phone or village."""

import streamlit as st

from db import access
from engine import permits, search
from engine.words import _
from pages.parts import filters, frame, look, menu, tables
from pages.parts import search as found

person = frame.person("me.see")


def show(asked: str) -> None:
    lines = found.find(person, asked)
    if not lines:
        tables.empty(
            "Nothing found", "Part of a name, pinyin or its initials, the beginning of a number, or a whole phone number will do."
        )
        return
    for kind, title in found.FOUND.items():
        if kind in lines:
            group(kind, title, lines[kind], asked)


def group(kind: str, title: str, lines: list, asked: str) -> None:
    with st.container(border=True, gap="xsmall", key=f"found-{kind}"):
        st.caption(f"{_(title)} · {len(lines)}" + ("+" if len(lines) == search.EACH else ""))
        for line in lines:
            one(line)
        if len(lines) == search.EACH and kind in ("customer", "loan"):
            page, title = ("customers", "All customers like this") if kind == "customer" else ("loans", "All loans like this")
            if permits.may(person, f"{page}.see"):
                st.page_link(
                    menu.PAGES / f"desk/{page}.py", label=_(title), icon=":material/arrow_forward:", query_params={"q": asked}
                )


def one(line: found.Line) -> None:
    if line.page:
        st.page_link(
            menu.PAGES / f"{line.page}.py",
            label=line.text,
            icon=f":material/{line.icon}:",
            query_params=line.parameters,
            width="stretch",
        )
    else:
        st.markdown(f":small[:material/{line.icon}: {line.text}]")


def latest() -> None:
    """What I searched for last."""
    with access.reading(person) as conn:
        words = search.recent(conn, person)
    if not words:
        tables.empty(
            "Search for anything",
            "A customer, a loan, a todo, a colleague, a branch or a page. ⏎ goes straight to it when there is but one.",
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("Searched lately"), width="content")
        st.button(_("Forget"), key="forget_searches", type="tertiary", on_click=forget)
    with st.container(horizontal=True, key="searched"):
        for text in words:
            st.page_link(
                menu.PAGES / "field/search.py", label=look.plain(text), icon=":material/history:", query_params={"q": text}
            )


def forget() -> None:
    with access.transaction(person, "preference.set") as conn:
        search.forget(conn, person)


tables.heading("Search")
asked = filters.text(placeholder="name, pinyin, number, phone, village", width=420)
if asked:
    if st.session_state.get("searched") != asked:
        found.remember(person, asked)
    st.session_state["searched"] = asked
    show(asked)
else:
    st.session_state.pop("searched", None)
    latest()
