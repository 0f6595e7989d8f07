"""Whom a rule concerns, written by hand on the screen: comparisons joined by and, or, not, in groups."""

from collections.abc import Callable, Mapping

import streamlit as st

from db.face import FIELDS, OPERATORS, Field
from db.face import Kind as Sort
from engine import rule_words, words
from engine.rules import MAX_DEPTH
from engine.words import _

# What a comparison is called where it is chosen.
OPS = {"in": "is one of", "not_in": "is none of", "at_least": "at least", "at_most": "at most", "is": "is"}
JOINS = {"all": "all of these hold", "any": "one of these holds"}
STARTS_WITH = {"field": "family", "op": "in", "value": ["working"]}


class Conditions:
    """One tree, changed in place. `choices`: what a text field can be, code to name; `key`: tells its widgets from others';
    `keep`: called once a click has changed the shape, before the page is drawn again; `fields`: what it may speak of;
    `starts_with`: a new comparison."""

    def __init__(
        self, tree: dict, choices: dict[str, dict[str, str]], key: str, keep: Callable[[], None],
        fields: Mapping[str, Field] = FIELDS, starts_with: dict = STARTS_WITH,
    ) -> None:  # fmt: skip
        self.tree, self.choices, self.key, self.keep = tree, choices, key, keep
        self.fields, self.starts_with = fields, starts_with

    def draw(self) -> None:
        if "all" not in self.tree and "any" not in self.tree:  # a single comparison stands in a group like any other
            alone = dict(self.tree)
            self.tree.clear()
            self.tree["all"] = [alone]
        self._group(self.tree, "who", 0)

    def _group(self, group: dict, at: str, depth: int) -> None:
        join = "all" if "all" in group else "any"
        with st.container(horizontal=True, vertical_alignment="center"):
            chosen = st.segmented_control(_("Joined by"), list(JOINS), default=join, required=True, key=self._name(f"{at}.join"),
                                          format_func=lambda j: _(JOINS[j]), label_visibility="collapsed")  # fmt: skip
            st.button(
                _("Add a condition"),
                icon=":material/add:",
                key=self._name(f"{at}.add"),
                on_click=self._add,
                args=(group, join, dict(self.starts_with)),
            )
            if depth < MAX_DEPTH - 4:
                st.button(_("Add a group"), icon=":material/playlist_add:", key=self._name(f"{at}.more"), on_click=self._add,
                          args=(group, join, {"any" if join == "all" else "all": [dict(self.starts_with)]}))  # fmt: skip
        if chosen != join:
            group[chosen] = group.pop(join)
            join = chosen
        if not group[join]:
            st.caption(_("Without a condition it concerns everybody."))
        for n, part in enumerate(group[join]):
            self._part(group[join], n, part, f"{at}.{n}", depth)

    def _part(self, parts: list, n: int, part: dict, at: str, depth: int) -> None:
        if "field" in part:
            with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
                self._leaf(part, at)
                self._drop(parts, n, at)
            return
        with st.container(border=True, gap="xsmall", key=self._name(f"{at}.box")):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(_("not this:") if "not" in part else _("a group:"), width="content")
                self._drop(parts, n, at)
            if "not" not in part:
                self._group(part, at, depth + 1)
            elif "field" in part["not"]:
                with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
                    self._leaf(part["not"], at)
            else:
                self._group(part["not"], at, depth + 1)

    def _drop(self, parts: list, n: int, at: str) -> None:
        st.button("✕", key=self._name(f"{at}.drop"), help=_("Remove"), on_click=self._remove, args=(parts, n))

    def _leaf(self, leaf: dict, at: str) -> None:
        names = list(self.fields)
        name = st.selectbox(
            _("What"), names, names.index(leaf["field"]), format_func=words.field, key=self._name(f"{at}.field"), width=170
        )
        field = self.fields[name]
        ops = [op for op in OPERATORS[field.kind] if field.ordered or op not in ("at_least", "at_most")]
        now = leaf["op"] if name == leaf["field"] and leaf["op"] in ops else ops[0]
        op = st.selectbox(_("Comparison"), ops, ops.index(now), key=self._name(f"{at}.op.{name}"), format_func=_called, width=120)
        same = name == leaf["field"] and (op in SEVERAL) == (leaf["op"] in SEVERAL)
        leaf["value"] = self._value(
            name, field, op, leaf["value"] if same else None, self._name(f"{at}.value.{name}.{op in SEVERAL}")
        )
        leaf["field"], leaf["op"] = name, op

    def _value(self, name: str, field: Field, op: str, now: object, key: str) -> object:
        if op == "is":
            return st.selectbox(_("Value"), [True, False], 0 if now in (None, True) else 1, key=key, width=90,
                                format_func=lambda v: _("yes") if v else _("no"))  # fmt: skip
        if field.kind in (Sort.MONEY, Sort.NUMBER):
            unit = _("yuan") if field.kind is Sort.MONEY else _("number")
            typed = st.number_input(_("Value, {0}").format(unit), value=float(now or 0), key=key, width=150, step=1.0, format="%g")
            return int(typed) if typed == int(typed) else typed
        listed = _words_of(field) or self.choices.get(name, {})
        if op in SEVERAL:
            return self._several(listed, now if isinstance(now, list) else [], key)
        return st.selectbox(
            _("Value"), list(listed), list(listed).index(now) if now in listed else 0, key=key, format_func=listed.get, width=170
        )

    def _several(self, listed: dict[str, str], now: list, key: str) -> list[str]:
        known = listed | {value: value for value in now if value not in listed}
        return st.multiselect(_("Value"), list(known), now, key=key, format_func=lambda v: known.get(v, v), width=320,
                              accept_new_options=not listed, placeholder=_("Choose"))  # fmt: skip

    def _add(self, group: dict, join: str, part: dict) -> None:
        group[join].append(part)
        self._turned()

    def _remove(self, parts: list, n: int) -> None:
        parts.pop(n)
        self._turned()

    def _turned(self) -> None:
        st.session_state[f"{self.key}.turn"] = self._turn() + 1
        self.keep()

    def _turn(self) -> int:
        return st.session_state.get(f"{self.key}.turn", 0)

    def _name(self, at: str) -> str:
        """Of a widget; another once the shape has changed, for then its place means something else."""
        return f"{self.key}.{self._turn()}.{at}"


SEVERAL = ("in", "not_in")


def _called(op: str) -> str:
    return rule_words.SIGNS.get(op) or _(OPS[op])


def _words_of(field: Field) -> dict[str, str]:
    if isinstance(field.words, tuple):
        return {word: word for word in field.words}
    return {word.value: words.name(word) for word in field.words} if field.words else {}
