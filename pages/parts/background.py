"""Acts that take longer than a click: done beside the page, their progress shown on it, their end told.

Streamlit ends a script at its next call when somebody clicks again or the connection drops. An act must not end with it, so
it runs in a thread of its own that knows nothing of Streamlit; the page only looks how far it is.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from engine.refusals import Refusal
from engine.words import _
from pages.parts import acts, look

EVERY = 0.5  # seconds between two looks


@dataclass
class Work:
    """How far it is, and in the end what it came to."""

    done: int = 0
    of: int = 1
    result: object = None
    wrong: Exception | None = None
    over: bool = False

    def say(self, done: int, of: int) -> None:
        self.done, self.of = done, of


def start(key: str, do: Callable[[Callable[[int, int], None]], object]) -> None:
    """Begin, unless the same is under way; `do` is handed what it says its progress to."""
    if not under_way(key):
        work = st.session_state[_name(key)] = Work()
        threading.Thread(target=_run, args=(work, do), daemon=True).start()


def _run(work: Work, do: Callable) -> None:
    try:
        work.result = do(work.say)
    except Exception as wrong:
        work.wrong = wrong
    work.over = True


def under_way(key: str) -> bool:
    return _name(key) in st.session_state


def running(key: str) -> bool:
    work: Work | None = st.session_state.get(_name(key))
    return work is not None and not work.over


def watch(key: str, label: str, tell: Callable[[object], str]) -> bool:
    """True while it is under way, with a bar of its progress. Once it is over the page is drawn anew and says what came of it:
    `tell` of the result, or the refusal.
    """
    work: Work | None = st.session_state.get(_name(key))
    if work is None:
        return False
    if not work.over:
        _bar(key, label)
        return True
    del st.session_state[_name(key)]
    if isinstance(work.wrong, Refusal):
        st.error(look.plain(work.wrong.sentence(_)), icon=":material/block:")
    elif work.wrong is not None:
        raise work.wrong
    else:
        acts.tell(tell(work.result), "done")
        st.rerun()
    return False


def outcome(key: str, label: str) -> object | None:
    """What it came to, which stays on the page until it is begun anew; meanwhile a bar of its progress, and None."""
    work: Work | None = st.session_state.get(_name(key))
    if work is None or not work.over:
        if work:
            _bar(key, label)
        return None
    if isinstance(work.wrong, Refusal):
        st.error(look.plain(work.wrong.sentence(_)), icon=":material/block:")
    elif work.wrong is not None:
        forget(key)
        raise work.wrong
    return work.result


def forget(key: str) -> None:
    st.session_state.pop(_name(key), None)


@st.fragment(run_every=EVERY)
def _bar(key: str, label: str) -> None:
    work: Work | None = st.session_state.get(_name(key))
    if work is None or work.over:
        st.rerun()
    st.progress(work.done / work.of, text=label)


def _name(key: str) -> str:
    return f"work.{key}"
