"""Which columns of a list somebody sees, and in which order: his own, kept for each list; exports go by it too."""

import re
from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from engine import preferences
from engine.exports import Asked
from engine.words import _
from pages.parts import style

FROM = 7  # columns; a narrower table needs no arranging
ROWS = 5  # a shorter table is read as it stands


def arranged(columns: Sequence, key: str) -> list:
    """Those chosen, in the order chosen; what a later version brought stands behind them."""
    return preferences.arranged(columns, _wish(key), lambda column: column.label)


def in_file(asked: Asked) -> Asked:
    """The same of a list's Excel file; what is on no screen stays in it."""
    wish = _wish(asked.what)
    return replace(asked, data=asked.data | {"columns": wish}) if wish else asked


def _wish(key: str) -> dict | None:
    return (style.wish("columns") or {}).get(key)


def arrange(columns: Sequence, key: str, rows: int) -> None:
    """The button under a long and wide table, and under every one that somebody has arranged."""
    labels, now = [c.label for c in columns], [c.label for c in arranged(columns, key)]
    if len(columns) < FROM or rows < ROWS and now == labels or not re.fullmatch(r"[a-z_]+", key):
        return
    with st.popover(_("Columns") + (f" · {len(now)}/{len(labels)}" if now != labels else ""), icon=":material/view_column:",
                    key=f"arrange_{key}", width="content", on_change="rerun") as folded:  # fmt: skip
        if folded.open:  # choosing among many costs a browser as much as ten links
            _choose(key, labels, now)


def _choose(key: str, labels: list[str], now: list[str]) -> None:
    picked = f"columns_{key}"
    st.session_state[picked] = now
    st.multiselect(_("Columns, in this order"), labels, format_func=_, key=picked, on_change=_put, args=(key, labels), width=360)
    st.caption(_("Take a column away and choose it again to put it last. Excel files follow."))
    st.button(
        _("As it was"),
        key=f"columns_reset_{key}",
        icon=":material/restart_alt:",
        on_click=_keep,
        args=(key, None),
        disabled=now == labels,
    )


def _put(key: str, labels: list[str]) -> None:
    shown = st.session_state[f"columns_{key}"]
    _keep(key, {"shown": shown, "hidden": [label for label in labels if label not in shown]} if shown else None)


def _keep(key: str, wish: dict | None) -> None:
    others = {name: its for name, its in (style.wish("columns") or {}).items() if name != key}
    style.prefer(columns=others | ({key: wish} if wish else {}))
