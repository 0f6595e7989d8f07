"""What a version of a rule, parameter, mapping or form says, and what a new one would change, in words."""

import re
from datetime import date

import streamlit as st

from db import access, definitions
from db.access import Person
from db.vocab import Definition, Level
from engine import parameters, permits, refusals, rule_words, scorecard, signal_rules, words
from engine.feed import mapping, mapping_words
from engine.parameters import PARAMETERS, of_branch
from engine.words import _
from pages.parts import form_sheet, look, product_sheet, proposals

PERIODS = {"days": "{0} days", "hour": "{0} o'clock", "hours": "{0} hours", "calls": "{0} calls",
           "minutes": "{0} minutes", "kmh": "{0} km/h", "times": "{0} times",
           "rows": "{0} rows", "metres": "{0} m", "customers": "{0} customers", "todos": "{0} todos",
           "characters": "{0} characters", "answers": "{0} answers", "checks": "{0} checks", "yuan": "¥{0}",
           "switch": "{0} (1 is yes, 0 is no)"}  # fmt: skip
LONG = (Definition.SCORECARD, Definition.MAPPING)  # of which only what differs is told
BETWEEN_PHRASES = re.compile(r"([，；：]|[,;:] )")
TRIED = {Definition.TODO_RULE: {}, Definition.SIGNAL_RULE: {"view": "signal"}}  # where the effect of a draft is shown


def proposed(person: Person, d, today: date) -> None:
    """A version that waits, with what it would change; approve and refuse for who may."""
    family = Definition(d.family)
    with access.reading(person) as conn:
        now = definitions.one_in_force(conn, family, d.code, today)
    before = now.body if now else default(family, d.code)
    about = look.plain(title(family, d.code, d.body))
    if family is Definition.PRODUCT:
        return product_sheet.proposal(person, d, about, before)
    proposals.card(person, d, about, between(family, d.code, before, d.body))
    if family is Definition.FORM:
        form_sheet.folded(d.body)
    if family in TRIED and permits.may(person, "rule.try") and st.query_params.get("tab") != "try":
        where = TRIED[family] | {"rule": d.code, "tab": "try"}
        st.page_link("pages/setup/rules.py", label=_("See its effect"), icon=":material/science:", query_params=where)
    return None


def between(family: Definition, code: str, before: dict | None, after: dict) -> list[str]:
    if family is Definition.FORM:
        return form_sheet.changes(before, after)
    if family in LONG:
        return _differing(family, code, before, after)
    was, then = in_words(family, code, before), in_words(family, code, after)
    if len(was) == len(then):
        was, then = [marked(*pair) for pair in zip(was, then, strict=True)], [marked(*pair) for pair in zip(then, was, strict=True)]
    return [f":gray[{_('Before the change')}]  {line}" for line in was] + [
        f":gray[{_('After the change')}]  {line}" for line in then
    ]


def marked(line: str, other: str) -> str:
    """What stands in the one sentence and not in the other is bold, phrase by phrase."""
    known = set(BETWEEN_PHRASES.split(other))
    return "".join(
        part if part in known or BETWEEN_PHRASES.fullmatch(part) else f"**{part}**" for part in BETWEEN_PHRASES.split(line)
    )


def _differing(family: Definition, code: str, before: dict | None, after: dict) -> list[str]:
    """Of a long one, only the lines that are not in both."""
    was, then = in_words(family, code, before), in_words(family, code, after)
    lines = [(_("Before the change"), line) for line in was if line not in then] + [
        (_("After the change"), line) for line in then if line not in was
    ]
    return [f":gray[{label}]  {line}" for label, line in lines]


def default(family: Definition, code: str) -> dict | None:
    if family is not Definition.PARAMETER:
        return None
    name, branch = of_branch(code)
    return {"value": PARAMETERS[name].default if branch is None else None} if name in PARAMETERS else None


def title(family: Definition, code: str, body: dict) -> str:
    if family is Definition.PARAMETER:
        return parameters.title(code)
    return f"{code} {words.in_language(body['title'])}" if "title" in body else code


def in_words(family: Definition, code: str, body: dict | None) -> list[str]:
    """A version as people read it."""
    if body is None:
        return [_("not in force")]
    try:
        if family is Definition.TODO_RULE:
            return [look.plain(rule_words.of_version(body))]
        if family is Definition.SIGNAL_RULE:
            rule = signal_rules.parse(body)
            off = "" if rule.enabled else _("; not in use")
            return [
                f"{look.badge(Level(s.level))} {look.plain(signal_rules.words_of(s.who, rule.subject) + off)}" for s in rule.levels
            ]
        if family is Definition.SCORECARD:
            return [look.plain(line) for line in scorecard.in_words(scorecard.parse(body))]
        if family is Definition.PARAMETER:
            return [parameter_value(code, body["value"])]
        if family is Definition.MAPPING:
            return [look.plain(line) for line in mapping_words.in_words(mapping.parse(body))]
    except (refusals.BadRule, refusals.BadMapping) as wrong:
        return [look.plain(wrong.sentence(_))]
    return [look.plain(body)]


def parameter_value(code: str, value: float | None) -> str:
    """`value` None: of a branch without a target of its own."""
    name = of_branch(code)[0]
    if value is None:
        return _("as for the branch above it")
    return f"{100 * value:g}%" if PARAMETERS[name].unit == "share" else _(PERIODS[PARAMETERS[name].unit]).format(f"{value:,.10g}")
