"""Filters above a list: what they are set to stands in the address, so that a colleague can be sent the link.

What an address asks for that does not exist is left out, and a sentence under the filters says so.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from enum import StrEnum

import streamlit as st

from db import branches
from db.access import Connection
from engine import refusals, words
from engine.words import _
from pages.parts import look

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
LONGEST = 60  # characters of a search
ODD = "filters.odd"


@contextmanager
def bar(key: str = "filters") -> Iterator[None]:
    """One line of filters, and under it what could not be understood of the address."""
    with st.container(key=key, horizontal=True, vertical_alignment="center", gap="small"):
        yield
    for sentence in st.session_state.pop(ODD, []):
        st.warning(look.plain(sentence), icon=":material/link_off:")


@contextmanager
def more(*keys: str) -> Iterator[None]:
    """The rarer filters, folded away; how many of them are set stands on the button."""
    active = sum(1 for key in keys if st.query_params.get(key) not in (None, "", "false"))
    label = _("More filters") + (f" · {active}" if active else "")
    with st.popover(label, icon=":material/tune:", key="more_filters"):
        yield


def text(key: str = "q", label: str = "Search", placeholder: str = "name, number", width: int = 220) -> str | None:
    typed = st.text_input(
        _(label), key=key, bind="query-params", placeholder=_(placeholder), width=width, icon=":material/search:",
        label_visibility="collapsed",
    )  # fmt: skip
    return (typed or "").replace("\0", "").strip()[:LONGEST] or None


def word(key: str, label: str, options: type[StrEnum] | Sequence[StrEnum], width: int = 130, labelled: bool = False) -> str | None:
    """One of the bank's words, or None for all."""
    return choice(key, label, {str(w.value): words.name(w) for w in options}, width, labelled)


def choice(key: str, label: str, options: dict[str, str], width: int = 150, labelled: bool = False) -> str | None:
    """One of {value: text}, or None for all; `labelled` where there is room for a label of its own."""
    _known(key, label, options)
    return st.selectbox(
        _(label), list(options), index=None, key=key, bind="query-params", format_func=lambda v: options.get(v, v),
        placeholder=_("All") if labelled else _(label), width=width,
        label_visibility="visible" if labelled else "collapsed",
    )  # fmt: skip


def one_of(key: str, label: str, options: dict[str, str], default: str) -> str:
    """Always one of {value: msgid}."""
    _known(key, label, options)
    return st.segmented_control(
        _(label), list(options), default=default, key=key, bind="query-params", required=True,
        format_func=lambda v: _(options[v]), label_visibility="collapsed",
    )  # fmt: skip


def branch(conn: Connection, key: str = "branch", width: int = 170) -> tuple[int, ...] | None:
    """A branch with all below it, as ids; None for all the person sees. In the address it is the branch's code."""
    rows = branches.all_open(conn)
    depth = _depths(rows)
    names = {row.code: "\u2003" * depth[row.id] + row.name for row in rows}
    code = choice(key, "Branch", names, width)
    chosen = next((row for row in rows if row.code == code), None)
    return tuple(branches.under(conn, chosen.id)) if chosen else None


def _depths(rows: Sequence) -> dict[int, int]:
    parents = {row.id: row.parent_id for row in rows}

    def depth(branch_id: int | None) -> int:
        return 0 if parents.get(branch_id) is None else 1 + depth(parents[branch_id])

    return {row.id: depth(row.id) for row in rows}


def sort(options: dict[str, str], default: str, key: str = "sort", width: int = 170) -> str:
    """How a list is sorted: keys of the read's SORTS, a minus for descending."""
    _known(key, "Sort", options)
    return st.selectbox(
        _("Sort"), list(options), index=list(options).index(default), key=key, bind="query-params",
        format_func=lambda v: _(options[v]), width=width, label_visibility="collapsed",
    )  # fmt: skip


def day(key: str, label: str, width: int = 140) -> date | None:
    asked = st.query_params.get(key)
    if asked and _date(asked) is None:
        _odd(refusals.BadDate(value=asked).sentence(_))
    return st.date_input(
        _(label), value=None, key=key, bind="query-params", format="YYYY-MM-DD", width=width, min_value=FIRST_DAY,
        max_value=LAST_DAY,
    )  # fmt: skip


def _date(text: str) -> date | None:
    try:
        asked = date.fromisoformat(text)
    except ValueError:
        return None
    return asked if FIRST_DAY <= asked <= LAST_DAY else None


def flag(key: str, label: str) -> bool:
    _known(key, label, ("true", "false"))
    return st.toggle(_(label), key=key, bind="query-params")


def _known(key: str, label: str, options: Sequence[str] | dict[str, str]) -> None:
    asked = st.query_params.get(key)
    if asked and asked not in options:
        _odd(refusals.UnknownFilter(label=_(label), value=asked).sentence(_))


def _odd(sentence: str) -> None:
    """Shown as text: what stands in an address is nobody's Markdown."""
    from_address = st.session_state.setdefault(ODD, [])
    if sentence not in from_address:
        from_address.append(sentence)
