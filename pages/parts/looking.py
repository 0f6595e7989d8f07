"""Looking as a colleague, and leaving the dashboard on a wall: how one begins, what is seen of it, how one ends."""

import streamlit as st

from db import access
from db.access import Person
from db.vocab import Role
from engine import clock, permits, viewing, words
from engine.words import _
from pages.parts import acts, filters, look

TURNED = "looking.turned"


def choose(by: Person) -> None:
    """On the dashboard, for whoever may: look as a colleague, or have this screen hung on a wall."""
    if not permits.may(by, "view.as"):
        return
    with st.popover(_("View as"), icon=":material/visibility:", key="view_as", on_change="rerun") as folded:
        if folded.open:  # colleagues by the hundred
            _whom(by)
    st.page_link("pages/desk/dashboard.py", label=_("Wall"), icon=":material/tv:", query_params={"wall": "1"}, width="content")


def _whom(by: Person) -> None:
    st.caption(
        _("You see the dashboard and the lists as this colleague does, and can change nothing. The trail keeps who looked as whom.")
    )
    with access.reading(by) as conn:
        rows = filters.colleagues(conn, tuple(viewing.LOOKED_AS))
    names = {row.id: f"{row.name} · {words.name(Role(row.role))} · {row.branch}" for row in rows}
    if not names:
        st.caption(_("Choose a branch above; its colleagues are listed here."))
    whom = st.selectbox(
        _("Colleague"), list(names), index=None, format_func=names.get, key="look_as", placeholder=_("Name or branch")
    )
    acts.button("Look", lambda: _begin(by, whom), "do_look_as", type="primary", disabled=whom is None)


def _begin(by: Person, staff_id: int) -> None:
    with acts.act(by, "view.as") as conn:
        viewing.begin(conn, by, staff_id)
        st.session_state[TURNED] = True


def banner(by: Person) -> None:
    """On every page, for as long as somebody looks as somebody else."""
    if by.viewer is None:
        return
    with st.container(key="frame-looking", horizontal=True, vertical_alignment="center"):
        whom = f"{look.plain(by.name)}（{words.name(by.role)} · {look.plain(by.branch_name)}）"
        st.warning(_("You see what {0} sees. Nothing can be changed.").format(whom), icon=":material/visibility:")
        acts.button("Back to myself", lambda: _end(by.viewer), "stop_looking")


def _end(by: Person) -> None:
    with acts.act(by, "view.as") as conn:
        viewing.end(conn, by)
        st.session_state[TURNED] = True


def has_turned() -> bool:
    """Somebody else looks since this script ran last: nothing of the session that was may stay on the screen."""
    return st.session_state.get(TURNED, False)


# --- The wall ---------------------------------------------------------------------------------------------------------


def on_a_wall(by: Person, path: str) -> bool:
    return path == "dashboard" and (by.wall or st.query_params.get("wall") == "1")


def hang(by: Person) -> None:
    """This screen stays signed in, to the dashboard and to nothing else."""
    if permits.may(by, "wall.hang"):
        acts.button("Leave it on this wall", lambda: _hang(by), "do_hang", type="tertiary", icon=":material/push_pin:")


def _hang(by: Person) -> None:
    with acts.act(by, "wall.hang") as conn:
        viewing.hang(conn, by, now=clock.now())
