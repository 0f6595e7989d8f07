"""Writing a rule on the screen: every change is kept as a draft of one's own, and said in words beside it."""

import copy
from datetime import date, timedelta

import streamlit as st
from pydantic import BaseModel

from db.access import Person
from db.vocab import CUSTOMER_KINDS, Anchor, Assign, Definition, Kind, Mode, Shift, Unit
from engine import clock, cycles, rulebook, rules, words
from engine.rules import ANCHORS, ANCHORS_OF
from engine.words import _
from pages.parts import acts, look
from pages.parts.condition_editor import Conditions

RULED = [kind for kind in Kind if kind in ANCHORS_OF]
EVERY_QUARTER = {"n": 1, "unit": "quarter"}


def keep(person: Person, family: Definition, body: dict) -> None:
    with acts.act(person, "rule.change") as conn:
        rulebook.sketch(conn, person, family, body["code"], body, now=clock.now())


def plain(rule: BaseModel) -> dict:
    """A rule as the data of its definition, without what need not be said."""
    return rule.model_dump(mode="json", exclude_defaults=True) | {"code": rule.code}


class DraftEditor:
    """One draft on one page. `is_new`: no version of it was ever in force; `choices`: what text fields can be."""

    FAMILY: Definition

    def __init__(self, person: Person, body: dict, choices: dict[str, dict[str, str]], *, is_new: bool) -> None:
        self.person, self.body, self.choices, self.is_new = person, body, choices, is_new
        self.code, self.before = body["code"], copy.deepcopy(body)

    def draw(self) -> None:
        with st.container(horizontal=True):
            for language, label in (("zh", _("Title in Chinese")), ("en", _("Title in English"))):
                typed = st.text_input(label, self.body["title"].get(language, ""), key=self._key(language), max_chars=60)
                self._set(self.body["title"], language, typed.strip(), "")
        self._parts()
        note = st.text_area(_("Note"), self.body.get("note", ""), key=self._key("note"), max_chars=2000, height=68)
        self._set(self.body, "note", note.strip(), "")
        if self.body != self.before:
            self._keep()
            st.rerun()

    def _parts(self) -> None:
        raise NotImplementedError

    def _keep(self) -> None:
        keep(self.person, self.FAMILY, self.body)

    def _in_use(self) -> None:
        self._set(self.body, "enabled", st.toggle(_("In use"), self.body.get("enabled", True), key=self._key("enabled")), True)

    def _choice(self, label: str, options: list, now: str, key: str, *, disabled: bool = False) -> str:
        at = next((n for n, one in enumerate(options) if one == now), 0)
        return st.selectbox(_(label), options, at, format_func=words.name, key=self._key(key), width=150, disabled=disabled).value

    def _days(self, of: dict, name: str, label: str, most: int, width: int = 130, usual: int = 0) -> None:
        self._set(of, name, int(st.number_input(label, 0, most, of.get(name, usual), key=self._key(name), width=width)), usual)

    @staticmethod
    def _set(of: dict, name: str, value: object, usual: object) -> None:
        """Keep a value, or leave out what need not be said."""
        if value == usual:
            of.pop(name, None)
        else:
            of[name] = value

    def _key(self, name: str) -> str:
        return f"{self.code}.{name}"


class Editor(DraftEditor):
    """Of a todo rule."""

    FAMILY = Definition.TODO_RULE

    def _parts(self) -> None:
        self._what()
        with st.container(border=True, gap="small"):
            st.markdown(f"**{_('Whom it concerns')}**")
            Conditions(self.body["who"], self.choices, self._key("who"), self._keep).draw()
        with st.container(border=True, gap="small"):
            st.markdown(f"**{_('When')}**")
            self._when()
        self._how()

    def _what(self) -> None:
        body = self.body
        with st.container(horizontal=True, vertical_alignment="bottom"):
            body["kind"] = self._choice("Kind", RULED, body["kind"], "kind", disabled=not self.is_new)
            body["mode"] = self._choice("Way", list(Mode), body["mode"], "mode")
            self._set(body, "assign", self._choice("Goes to", list(Assign), body.get("assign", "manager"), "assign"), "manager")
            self._in_use()

    def _when(self) -> None:
        when = self.body["when"]
        with st.container(horizontal=True, vertical_alignment="bottom"):
            self._anchor(when)
            anchor = Anchor(when["anchor"])
            if "rrule" in when:
                when["rrule"] = st.text_input(_("Calendar rule"), when["rrule"], key=self._key("rrule"), width=260, max_chars=200)
            elif anchor not in cycles.EVENTS:
                self._cycle(when, when.setdefault("every", dict(EVERY_QUARTER)))
            else:
                self._offsets(when)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            self._days(when, "lead", _("Opens days before"), 120)
            self._days(when, "grace", _("Days of grace"), 60)
            self._set(when, "shift", self._choice("On a day off", list(Shift), when.get("shift", "none"), "shift"), "none")
            if when.get("shift") == Shift.NEXT:
                self._days(when, "latest", _("Later by at most days"), 60)

    def _anchor(self, when: dict) -> None:
        """What it counts from; another one brings another way of counting."""
        allowed = list(ANCHORS_OF[Kind(self.body["kind"])])
        now = Anchor(when["anchor"]) if when["anchor"] in allowed else allowed[0]
        chosen = st.selectbox(_("Counted from"), allowed, allowed.index(now), format_func=lambda a: _(ANCHORS[a]),
                              key=self._key(f"anchor.{self.body['kind']}"), width=200)  # fmt: skip
        if chosen != when["anchor"]:
            kept = {name: when[name] for name in ("lead", "grace", "shift", "latest") if name in when}
            when.clear()
            when.update(
                kept | {"anchor": chosen.value} | ({"offsets": [15]} if chosen in cycles.EVENTS else {"every": dict(EVERY_QUARTER)})
            )
            if chosen is Anchor.MATURITY:
                when["offsets"] = [-30]

    def _cycle(self, when: dict, every: dict) -> None:
        every["n"] = int(st.number_input(_("Every"), 1, 400, every["n"], key=self._key("n"), width=110))
        every["unit"] = self._choice("Unit", list(Unit), every["unit"], "unit")

    def _offsets(self, when: dict) -> None:
        now = when.get("offsets", [0])
        typed = st.text_input(_("Days from the anchor"), ", ".join(map(str, now)), key=self._key("offsets"), width=170)
        parts = [part.strip() for part in typed.replace("，", ",").replace("、", ",").split(",") if part.strip()]
        try:
            when["offsets"] = [int(part) for part in parts] or now
        except ValueError:
            st.error(_("Days are whole numbers with commas between, such as 15 or 60, 30; before the anchor with a minus."))
        self._set(when, "working", st.toggle(_("In working days"), when.get("working", False), key=self._key("working")), False)
        if when["anchor"] in (Anchor.CLASS_CHANGE, Anchor.OVERDUE):
            again = st.toggle(_("Then in a cycle"), "every" in when, key=self._key("again"))
            if again:
                self._cycle(when, when.setdefault("every", dict(EVERY_QUARTER)))
            else:
                when.pop("every", None)

    def _how(self) -> None:
        body = self.body
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if body["kind"] in CUSTOMER_KINDS:
                self._days(body, "satisfied_days", _("Covered by a heavier check for days"), 180, 190)
            else:
                self._days(body, "merge_days", _("Shared within days"), 60, 190, usual=7)


def next_dates(rule: rules.Rule, calendar, today: date) -> str:
    """The next eight days on which it falls due for a loan paid out a month ago."""
    anchor = cycles.NO_ANCHOR if rule.when.anchor == "calendar" else today - timedelta(days=30)
    dates = cycles.upcoming(rule.timing(), cycles.Counting(anchor), today - timedelta(days=30), calendar, 8)
    return _(", ").join(look.day(d) for d in dates) or "—"
