"""Filters above a list: what they are set to stands in the address, so that a colleague can be sent the link."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

import streamlit as st

from db import branches
from db.access import Connection
from engine import words
from engine.words import _


def text(key: str = "q", label: str = "Search", placeholder: str = "name, number") -> str | None:
    typed = st.text_input(_(label), key=key, bind="query-params", placeholder=_(placeholder), width=220)
    return (typed or "").strip() or None


def word(key: str, label: str, options: type[StrEnum] | Sequence[StrEnum], width: int = 150):
    """One of the bank's words, or None for all."""
    names = {str(w.value): words.name(w) for w in options}
    return st.selectbox(
        _(label), list(names), index=None, key=key, bind="query-params", format_func=lambda v: names.get(v, v),
        placeholder=_("All"), width=width,
    )  # fmt: skip


def choice(key: str, label: str, options: dict[str, str], width: int = 150) -> str | None:
    """One of {value: text}, or None for all."""
    return st.selectbox(
        _(label), list(options), index=None, key=key, bind="query-params", format_func=lambda v: options.get(v, v),
        placeholder=_("All"), width=width,
    )  # fmt: skip


def branch(conn: Connection, key: str = "branch", width: int = 190) -> tuple[int, ...] | None:
    """A branch with all below it, as ids; None for all the person sees. In the address it is the branch's code."""
    rows = branches.all_open(conn)
    depth = _depths(rows)
    names = {row.code: "\u2003" * depth[row.id] + row.name for row in rows}
    code = st.selectbox(
        _("Branch"), list(names), index=None, key=key, bind="query-params", format_func=lambda c: names.get(c, c),
        placeholder=_("All"), width=width,
    )  # fmt: skip
    chosen = next((row for row in rows if row.code == code), None)
    return tuple(branches.under(conn, chosen.id)) if chosen else None


def _depths(rows: Sequence) -> dict[int, int]:
    parents = {row.id: row.parent_id for row in rows}

    def depth(branch_id: int | None) -> int:
        return 0 if parents.get(branch_id) is None else 1 + depth(parents[branch_id])

    return {row.id: depth(row.id) for row in rows}


def sort(options: dict[str, str], default: str, key: str = "sort") -> str:
    """How a list is sorted: keys of the read's SORTS, a minus for descending."""
    return st.selectbox(
        _("Sort"), list(options), index=list(options).index(default), key=key, bind="query-params",
        format_func=lambda v: _(options[v]), width=170,
    )  # fmt: skip


def day(key: str, label: str) -> date | None:
    return st.date_input(_(label), value=None, key=key, bind="query-params", format="YYYY-MM-DD", width=140)


def flag(key: str, label: str) -> bool:
    return st.toggle(_(label), key=key, bind="query-params")
