"""A warning rule: on whom x at which level when x with which evidence, as data.

docs/rules.md describes every key; `starters/signal_rules.yaml` holds the rules that Vigil ships, numbered as in the
catalogue of signals (docs/signals.md).
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from db import features
from db.signals import RuleRow
from db.vocab import Level, Subject
from engine import faults, rule_words, words
from engine.refusals import BadRule
from engine.rules import check_condition, checked_title, refusal
from engine.words import _


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AtLevel(Part):
    level: Level
    who: dict[str, Any]


class SignalRule(Part):
    """A signal rule: what it looks at, from which values on it fires at which level; a definition that two people sign."""

    code: str = Field(pattern=r"^[A-Z][0-9]{2}[A-Z]?$")
    title: dict[Literal["zh", "en"], str]
    subject: Subject
    levels: list[AtLevel] = Field(min_length=1, max_length=4)
    evidence: list[str] = Field(min_length=1, max_length=12)
    cooldown_days: int = Field(default=30, ge=0, le=3650)
    enabled: bool = True
    note: str = ""

    @field_validator("title")
    @classmethod
    def _printable(cls, title: dict) -> dict:
        return checked_title(title)

    @model_validator(mode="after")
    def _speaks_of_its_subject(self) -> "SignalRule":
        fields = features.SUBJECTS[self.subject].fields
        for step in self.levels:
            check_condition(step.who, fields)
        if unknown := [name for name in self.evidence if name not in fields]:
            known = _(", ").join(words.field(name) for name in sorted(fields))
            raise ValueError(_("Evidence: there is no {0} here; known: {1}").format(_(", ").join(unknown), known))
        if len({step.level for step in self.levels}) < len(self.levels):
            raise ValueError(_("Levels: each may stand once"))
        return self


def parse(body: object) -> SignalRule:
    """A rule from the data of a definition; BadRule says where and what is wrong."""
    try:
        return SignalRule.model_validate(body)
    except ValidationError as wrong:
        raise refusal(wrong, body) from None


def in_force(rows: list) -> tuple[list[RuleRow], list[tuple[str, str]]]:
    """(rules for the night, [(code, why it was set aside)]) from definitions."""
    good, bad = [], []
    for number, found in enumerate(rows, 1):
        try:
            rule = parse(found.body)
        except BadRule:
            bad.append((found.code, faults.kept(parse, found.body)))
            continue
        if rule.enabled:
            good.append(row(number, rule, found.version))
    return good, bad


def row(number: int, rule: SignalRule, version: int) -> RuleRow:
    """A rule as the night's search needs it."""
    worst_first = sorted(rule.levels, key=lambda step: -list(Level).index(step.level))
    levels = tuple((step.level, step.who) for step in worst_first)
    return RuleRow(number, rule.code, version, rule.subject, levels, tuple(rule.evidence), rule.cooldown_days)


def words_of(who: dict, subject: Subject) -> str:
    """A level's condition in words."""
    return rule_words.condition(who, features.SUBJECTS[subject].fields)
