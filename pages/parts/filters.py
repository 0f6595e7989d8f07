"""Filters above a list: what they are set to stands in the address, so that a colleague can be sent the link.

What an address asks for that does not exist is left out, and a sentence under the filters says so.
"""

from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from enum import StrEnum

import streamlit as st

from db import branches, staff
from db.access import Connection
from db.vocab import Role
from engine import refusals, words
from engine.words import _
from pages.parts import look, my_filters

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
LONGEST = 60  # characters of a search
LONGEST_ID = 9  # digits of a number that the store can take
MANY = 1000  # colleagues, or branches, in a list to choose from
ALONE = "!"  # after a branch's code: that branch without those below it
ODD, SEEN = "filters.odd", "filters.seen."


@contextmanager
def bar(key: str = "filters") -> Iterator[None]:
    """One line of filters, and under it what could not be understood of the address."""
    with st.container(key=key, horizontal=True, vertical_alignment="center", gap="small"):
        yield
        if key.startswith("filters"):
            my_filters.draw()
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
    _take(key, look.typed, "")
    typed = st.text_input(
        _(label), key=key, placeholder=_(placeholder), width=width, icon=":material/search:", label_visibility="collapsed",
        max_chars=LONGEST, on_change=_put, args=(key, ""),
    )  # fmt: skip
    return look.typed(typed or "") or None


def word(key: str, label: str, options: type[StrEnum] | Sequence[StrEnum], width: int = 130, labelled: bool = False) -> str | None:
    """One of the bank's words, or None for all."""
    return choice(key, label, {str(w.value): words.name(w) for w in options}, width, labelled)


def choice(key: str, label: str, options: dict[str, str], width: int = 150, labelled: bool = False) -> str | None:
    """One of {value: text}, or None for all; `labelled` where there is room for a label of its own. Without any there is too much to
    choose from, and a branch comes first."""
    _take(key, _one_of(label, options), None)
    empty = _("All") if labelled else _(label)
    return st.selectbox(
        _(label), list(options), key=key, format_func=lambda v: look.visible(options.get(v, v)),
        placeholder=empty if options else _("{0}: choose a branch first").format(_(label)), disabled=not options, width=width, label_visibility="visible" if labelled else "collapsed", on_change=_put, args=(key, None),
    )  # fmt: skip


def one_of(key: str, label: str, options: dict[str, str], default: str) -> str:
    """Always one of {value: msgid}."""
    _take(key, _one_of(label, options), default)
    return st.segmented_control(
        _(label), list(options), key=key, required=True, format_func=lambda v: _(options[v]), label_visibility="collapsed",
        on_change=_put, args=(key, default),
    )  # fmt: skip


def people(conn: Connection, *roles: Role, key: str = "assignee") -> dict[str, str]:
    """{id: name and branch} of the colleagues in these roles, to choose from; and whomever the address names, who may have left."""
    found = {str(r.id): f"{r.name} · {r.branch}" for r in colleagues(conn, roles)}
    asked = st.query_params.get(key, "")
    if asked not in found and asked.isdecimal() and asked.isascii() and len(asked) <= LONGEST_ID:
        named = staff.row(conn, int(asked))
        found |= {asked: named.name} if named else {}
    return found


def colleagues(conn: Connection, roles: Sequence[Role]) -> Sequence:
    """Those in these roles; of too many, those of the branch that is chosen."""
    everybody = few(conn, roles)
    if everybody is not None:
        return everybody
    chosen = branches.by_code(conn, st.query_params.get("branch", "").removesuffix(ALONE))
    return staff.colleagues(conn, branches.under(conn, chosen.id), roles, MANY) if chosen else ()


def few(conn: Connection, roles: Sequence[Role]) -> Sequence | None:
    """All in these roles, unless there are more than anybody looks through: then a branch comes first."""
    everybody = staff.colleagues(conn, roles=roles, limit=MANY + 1)
    return everybody if len(everybody) <= MANY else None


def branch(conn: Connection, key: str = "branch", width: int = 140) -> tuple[int, ...] | None:
    """A branch with all below it, or that one alone, as ids; None for all the person sees. In the address it is the branch's
    code, with a mark when it stands alone."""
    rows = branches.all_open(conn)
    code = choice(key, "Branch", _names(_near(rows, st.query_params.get(key, ""))), width) or ""
    chosen = next((row for row in rows if row.code == code.removesuffix(ALONE)), None)
    if chosen is None:
        return None
    return (chosen.id,) if code.endswith(ALONE) else tuple(branches.under(conn, chosen.id))


def _near(rows: Sequence, code: str) -> Sequence:
    """Of a tree with more branches than anybody looks through: its upper levels, the branch that is chosen, what is above it and
    right below it."""
    if len(rows) <= MANY:
        return rows
    by_id, depth = {row.id: row for row in rows}, _depths(rows)
    deepest = max((level for level in set(depth.values()) if sum(d <= level for d in depth.values()) <= MANY), default=0)
    chosen = next((row for row in rows if row.code == code.removesuffix(ALONE)), None)
    shown = {row.id for row in rows if depth[row.id] <= deepest or (chosen and row.parent_id == chosen.id)}
    while chosen is not None:
        shown.add(chosen.id)
        chosen = by_id.get(chosen.parent_id)
    return [row for row in rows if row.id in shown]


def _names(rows: Sequence) -> dict[str, str]:
    depth, parents, names = _depths(rows), {row.parent_id for row in rows}, {}
    for row in rows:
        names[row.code] = "\u2003" * depth[row.id] + row.name
        if row.id in parents:
            names[row.code + ALONE] = "\u2003" * (depth[row.id] + 1) + _("{0} alone").format(row.name)
    return names


def _depths(rows: Sequence) -> dict[int, int]:
    parents = {row.id: row.parent_id for row in rows}

    def depth(branch_id: int | None) -> int:
        return 0 if parents.get(branch_id) is None else 1 + depth(parents[branch_id])

    return {row.id: depth(row.id) for row in rows}


def sort(options: dict[str, str], default: str, key: str = "sort", width: int = 150) -> str:
    """How a list is sorted: keys of the read's SORTS, a minus for descending."""
    return always(key, "Sort", {value: _(text) for value, text in options.items()}, default, width)


def always(key: str, label: str, options: dict[str, str], default: str, width: int = 150) -> str:
    """Always one of {value: text}, of which there are many."""
    _take(key, _one_of(label, options), default)
    return st.selectbox(
        _(label), list(options), key=key, format_func=options.get, width=width, label_visibility="collapsed", on_change=_put,
        args=(key, default),
    )  # fmt: skip


def day(key: str, label: str, width: int = 140, default: date | None = None, labelled: bool = True) -> date | None:
    """A day, or None; without a label where it is the only one in its line."""
    _take(key, _date, default)
    return st.date_input(
        _(label), key=key, format="YYYY-MM-DD", width=width, min_value=FIRST_DAY, max_value=LAST_DAY, on_change=_put, args=(key, default),
        label_visibility="visible" if labelled else "collapsed",
    )  # fmt: skip


def _date(asked: str) -> date | None:
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        _odd(refusals.BadDate(value=asked).sentence(_))
        return None
    return day


def flag(key: str, label: str) -> bool:
    known = _one_of(label, ("true", "false"))
    _take(key, lambda asked: known(asked) == "true", False)
    return st.toggle(_(label), key=key, on_change=_put, args=(key, False))


# --- The address ------------------------------------------------------------------------------------------------------
# Streamlit's own binding would write texts as they are translated, and does not notice a link to the page one is on.


def _take(key: str, read: Callable[[str], object], default: object) -> None:
    """Set the widget as the address has it, when the address is new, or the page: Streamlit knows a widget of the same name on
    another page for another one, and would show it unset. So it would one that the run before did not draw: told again, it shows it."""
    asked, run = st.query_params.get(key), st.session_state.get("run", 0)
    seen = (st.session_state.get("visit"), asked)
    seen_before, drawn_in = st.session_state.get(SEEN + key, (None, run))
    if key not in st.session_state or seen_before != seen:
        value = read(asked) if asked else None
        st.session_state[key] = default if value is None else value
    elif drawn_in < run - 1:
        st.session_state[key] = st.session_state[key]
    st.session_state[SEEN + key] = (seen, run)


def _put(key: str, default: object) -> None:
    """Write into the address what the widget was set to."""
    chosen = st.session_state[key]
    if chosen == default:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = str(chosen).lower() if isinstance(chosen, bool) else str(chosen)


def _one_of(label: str, options: Container[str]) -> Callable[[str], str | None]:
    def read(asked: str) -> str | None:
        if asked in options:
            return asked
        _odd(refusals.UnknownFilter(label=_(label), value=asked).sentence(_))
        return None

    return read


def _odd(sentence: str) -> None:
    from_address = st.session_state.setdefault(ODD, [])
    if sentence not in from_address:
        from_address.append(sentence)
