"""Doing something from a page: do it and say so, or let the engine say no."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from db.access import Connection, Person
from engine import acts, permits
from engine.refusals import Refusal
from engine.words import _
from pages.parts import look


@contextmanager
def act(person: Person, verb: str, done: str | None = None) -> Iterator[Connection]:
    """A transaction of the person's; committed first, told afterwards. A refusal is shown and kept in the trail."""
    try:
        with acts.act(person, verb) as conn:
            yield conn
    except Refusal as no:
        tell(no.sentence(_), "error")
    else:
        if done:
            tell(_(done), "done")


def tell(words: str, kind: str) -> None:
    """Said once the page is drawn again: a toast survives the rerun that follows an act."""
    st.session_state.setdefault("told", []).append((words, kind))


def show_told(*, near: bool = False) -> None:
    """Called by the frame: what acts of the last run had to say. A refusal stands on top of the page, and comes to where somebody
    is who pressed a button far below; `near`: it is shown right there."""
    for words, kind in st.session_state.pop("told", []):
        if kind == "error":
            st.error(look.plain(words), icon=":material/block:")
            if not near:
                st.toast(look.plain(words), icon=":material/block:", duration="long")
        else:
            st.toast(look.plain(words), icon=":material/check_circle:")


def in_dialog(*parameters: str) -> None:
    """First in a dialog: what the last act in it had to say. When it was done, the dialog closes."""
    if any(kind == "done" for _words, kind in st.session_state.get("told", [])):
        leave(*parameters)
        st.rerun()
    show_told(near=True)


def leave(*parameters: str) -> None:
    """Close a dialog that stands in the address, and forget which row had opened it."""
    for name in parameters:
        st.query_params.pop(name, None)
    st.session_state["visit"] = st.session_state.get("visit", 0) + 1


@contextmanager
def form(key: str, **options) -> Iterator[None]:
    """Fields that count together, once `submit` is pressed: what was typed last goes along with the very press.
    Enter in a field submits nothing, for the first of two buttons may not be the one that is meant."""
    with st.form(f"form_{key}", border=False, enter_to_submit=False, **options):
        yield


def submit(label: str, do: Callable[[], None], key: str, **options) -> None:
    """As `button`, within a form. `do` reads what was typed from the session: the fields have no values before."""
    st.form_submit_button(_(label), key=key, on_click=do, **options)


def decision(key: str, approve: Callable[[], None], refuse: Callable[[], None], *, mine: bool, label: str = "Approve") -> None:
    """Approve, or refuse with a reason, which stands in the session as `refuse_<key>`. `mine`: asked for by whoever looks."""
    with form(f"decision_{key}"), st.container(horizontal=True, vertical_alignment="bottom"):
        submit(label, approve, f"approve_{key}", type="primary", disabled=mine)
        st.text_input(_("Reason for refusing"), key=f"refuse_{key}", width=300, disabled=mine, max_chars=300)
        submit("Refuse", refuse, f"no_{key}", disabled=mine)
    if mine:
        st.caption(_("You made this; a second person must decide it."))


def reason(key: str) -> None:
    """The field for why, which says how much it needs; see `has_reason`."""
    least = _("at least {0} characters").format(permits.SHORTEST_REASON)
    st.text_input(_("Reason"), key=key, max_chars=200, placeholder=least)


def typed(key: str) -> str:
    """What stands in a field of text when a button is pressed. The field itself, as the page drew it, may know less: what was
    typed last arrives with the very press."""
    return (st.session_state.get(key) or "").strip()


def has_reason(key: str) -> bool:
    """Whether that field says why; says what is missing when it does not. For what goes on beside the page."""
    try:
        permits.must_say_why(typed(key))
    except Refusal as no:
        tell(no.sentence(_), "error")
        return False
    return True


def button(label: str, do: Callable[[], None], key: str, *values: object, **options) -> None:
    """A button whose act runs before the page is drawn again; `values` fill the label."""
    st.button(_(label).format(*values), key=key, on_click=do, **options)
