"""The bell: how many messages somebody has not read yet, and the way to them."""

import streamlit as st

from db import notices
from db.access import Connection, Person
from engine import permits
from engine.words import _

PAGE = "pages/field/notices.py"
MANY = 99


def count(conn: Connection, by: Person) -> int:
    """Unread ones; asked on every page, so it is one look into an index."""
    return notices.unread(conn, by.id) if permits.may(by, "notices.see") else 0


def draw(by: Person, path: str, unread: int) -> None:
    """In the frame, also when there is nothing new."""
    if permits.may(by, "notices.see"):
        title = f"**{_('Messages')}**" if path == "notices" else _("Messages")
        label = f"{title} :blue-badge[{_shown(unread)}]" if unread else title
        st.page_link(PAGE, label=label, icon=_icon(unread), width="stretch")


def news(unread: int) -> None:
    """On a page that looks after itself: only what is new."""
    if unread:
        st.page_link(PAGE, label=_("{0} new messages").format(_shown(unread)), icon=_icon(unread), width="content")


def _shown(unread: int) -> str:
    return f"{MANY}+" if unread > MANY else str(unread)


def _icon(unread: int) -> str:
    return ":material/notifications_unread:" if unread else ":material/notifications:"
