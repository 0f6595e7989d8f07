"""消息: what I was told, latest first; each leads to its page."""

from urllib.parse import parse_qsl

import streamlit as st

from db import access, notices
from db.vocab import News
from engine import notices as telling
from engine import words
from engine.words import _
from pages.parts import acts, frame, look, menu, tables

person = frame.person("notices.see")
ICONS = {
    News.NIGHT: ":material/bedtime:", News.ASSIGNED: ":material/move_to_inbox:", News.SIGNALS: ":material/notification_important:",
    News.DECISION: ":material/how_to_vote:", News.ANSWER: ":material/approval:", News.STAND_IN: ":material/supervisor_account:", News.DIGEST: ":material/today:", News.TRIAL: ":material/send:",
    News.FILE: ":material/table_view:", News.SPOT: ":material/casino:",
}  # fmt: skip
LATEST = 100


@st.fragment(run_every="20s")
def messages() -> None:
    """News comes in by itself."""
    acts.show_told()
    with access.reading(person) as conn:
        told, unread = notices.of_person(conn, person.id, LATEST), notices.unread(conn, person.id)
    if not told:
        tables.empty("No messages yet", "You are told here of new and handed-over todos, signals, and decisions asked of you.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_("{0} unread").format(unread), width="content")
        acts.button("Mark all as read", read_all, "read_all", icon=":material/done_all:", disabled=not unread)
    for notice in told:
        row(notice)
    if len(told) == LATEST:
        st.caption(_("Older messages are kept for 90 days, but not listed."))


def row(notice) -> None:
    why = News(notice.why)
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"notice-{notice.id}"):
        with st.container(gap=None, width="stretch"):
            mark, title = ("", words.name(why)) if notice.read_at else (":blue[●] ", f"**{words.name(why)}**")
            st.markdown(f"{mark}{ICONS[why]} {title} · {look.plain(telling.sentence(notice.why, notice.parts))}")
            st.caption(look.moment(notice.created_at))
        if st.button(_("Go there"), key=f"open_{notice.id}", width="content"):
            open_one(notice)


def open_one(notice) -> None:
    """Read by that; done before the page is left."""
    with access.transaction(person, "notice.read") as conn:
        telling.read(conn, person, notice.id)
    path, _sep, query = notice.about.partition("?")
    entry = next(entry for entry in menu.ENTRIES if entry.path == path)
    tables.open_page(entry.file.removesuffix(".py"), **dict(parse_qsl(query)))


def read_all() -> None:
    with acts.act(person, "notice.read") as conn:
        telling.read(conn, person)


tables.heading("Messages")
messages()
