"""Drafts of rules tried out on a page: begun by a button, done beside the page, and kept for everybody while the book stands."""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, datetime

import streamlit as st

from db import access, rehearsal
from db.access import Person
from engine import clock
from engine.rehearsal import Say
from engine.words import _
from pages.parts import acts, background, look

MOST = 30  # tries that a process keeps

_kept: "OrderedDict[Hashable, Tried]" = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True)
class Tried:
    """What a try came to, and when."""

    effect: object
    at: datetime


def tried(key: str, person: Person, body: dict, valid_from: date, label: str, do: Callable[[Say], object]) -> object | None:
    """A button that tries this draft out by `do`, and what came of its last try, whoever asked for that; meanwhile how far it is."""
    with access.reading(person) as conn:
        sign = key, json.dumps(body, sort_keys=True), valid_from, clock.today(), rehearsal.standing(conn)
    known = _kept.get(sign)
    with st.container(horizontal=True, vertical_alignment="center"):
        acts.button("Try it out again" if known else "Try it out", lambda: _begin(key, sign, do), "try_out", icon=":material/science:",
                    type="secondary" if known else "primary", disabled=background.running(key))  # fmt: skip
        if known:
            st.caption(_("Reckoned at {0}").format(look.moment(known.at)), width="content")
    if background.running(key) or st.session_state.get(_asked(key)) == sign:
        return background.outcome(key, label)
    return known.effect if known else None


def _begin(key: str, sign: Hashable, do: Callable[[Say], object]) -> None:
    background.forget(key)
    st.session_state[_asked(key)] = sign
    background.start(key, lambda say: _keep(sign, do(say)))


def _keep(sign: Hashable, effect: object) -> object:
    with _lock:
        _kept[sign] = Tried(effect, clock.now())
        while len(_kept) > MOST:
            _kept.popitem(last=False)
    return effect


def _asked(key: str) -> str:
    return f"{key}.asked"
