"""A todo rule: who x what x when x by whom, as data. Checked when saved, so that the night need not argue.

docs/rules.md describes every key; `starters/todo_rules.yaml` holds the rules that Vigil ships.
"""

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from dateutil.rrule import rrulestr
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from db import face, vocab
from db.conditions import leaves
from db.vocab import Anchor, Assign, Kind, Mode, Shift, Unit
from engine.cycles import EVENTS, Cycle, When
from engine.refusals import BadRule

MAX_DEPTH, MAX_LEAVES, MAX_VALUES = 6, 60, 500
MAX_CYCLE_DAYS = 3660
ANCHORS_OF = {
    **dict.fromkeys(vocab.LOAN_KINDS, (Anchor.DISBURSEMENT, Anchor.MATURITY, Anchor.CLASS_CHANGE)),
    **dict.fromkeys(
        vocab.CUSTOMER_KINDS, (Anchor.SCHEDULE, Anchor.COMPLETION, Anchor.CALENDAR, Anchor.OVERDUE)
    ),
}


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Every(Part):
    n: int = Field(ge=1, le=400)
    unit: Unit


class Timing(Part):
    """The `when` of a rule as people write it; `engine.cycles.When` is what it means."""

    anchor: Anchor
    every: Every | None = None
    offsets: list[int] = Field(default=[0], min_length=1, max_length=6)
    working: bool = False
    rrule: str | None = None
    lead: int = Field(default=0, ge=0, le=120)
    grace: int = Field(default=0, ge=0, le=60)
    shift: Shift = Shift.NONE
    latest: int = Field(default=0, ge=0, le=60)

    @model_validator(mode="after")
    def _makes_sense(self) -> "Timing":
        if self.rrule is not None:
            _check_rrule(self)
            return self
        if self.anchor in (Anchor.SCHEDULE, Anchor.COMPLETION, Anchor.CALENDAR):
            if self.every is None:
                raise ValueError(f"{self.anchor} needs every: how many days, weeks, months ...")
            if self.offsets != [0]:
                raise ValueError(f"{self.anchor} has no offsets; they go with an event such as disbursement")
        elif self.anchor in (Anchor.DISBURSEMENT, Anchor.MATURITY) and self.every:
            raise ValueError(f"{self.anchor} happens once; use schedule for a cycle")
        if any(abs(offset) > 400 for offset in self.offsets):
            raise ValueError("an offset may be at most 400 days")
        if self.every:
            cycle = Cycle(self.every.n, self.every.unit)
            if cycle.days > MAX_CYCLE_DAYS:
                raise ValueError("a cycle may be at most ten years")
            if self.lead >= cycle.shortest_days:
                raise ValueError("lead must be shorter than the cycle, or two checks would be open at once")
        return self


def _check_rrule(timing: Timing) -> None:
    if timing.anchor is not Anchor.CALENDAR or timing.every:
        raise ValueError("an rrule goes with anchor: calendar and without every")
    text = timing.rrule.upper()
    if not re.fullmatch(r"[A-Z0-9=;,+\-]{1,200}", text) or "DTSTART" in text:
        raise ValueError("an rrule is one line such as FREQ=MONTHLY;BYMONTHDAY=-1")
    if not re.search(r"FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;|$)", text):
        raise ValueError("an rrule may be DAILY, WEEKLY, MONTHLY or YEARLY")
    if re.search(r"INTERVAL=0*(;|$)", text):  # would never end
        raise ValueError("INTERVAL must be at least 1")
    if re.search(r"BY(HOUR|MINUTE|SECOND|EASTER)|COUNT|UNTIL", text):
        raise ValueError("an rrule may not use hours, minutes, seconds, COUNT or UNTIL; end it by a new version")
    try:
        falls = any(True for _ in rrulestr(text, dtstart=datetime(9988, 1, 1)))  # noqa: DTZ001 (twelve years before time ends)
    except (ValueError, TypeError, KeyError) as wrong:
        raise ValueError(f"the rrule cannot be read: {wrong}") from None
    if not falls:
        raise ValueError("the rrule never falls on any day")


class Rule(Part):
    code: str = Field(pattern=r"^[A-Z][A-Z0-9-]{1,30}$")
    title: dict[Literal["zh", "en"], str]
    kind: Kind
    mode: Mode
    who: dict[str, Any]
    when: Timing
    assign: Assign = Assign.MANAGER
    satisfied_days: int = Field(default=0, ge=0, le=180)
    merge_days: int = Field(default=7, ge=0, le=60)
    enabled: bool = True
    note: str = ""

    @field_validator("who")
    @classmethod
    def _condition(cls, tree: dict) -> dict:
        check_condition(tree, face.FIELDS)
        return tree

    @model_validator(mode="after")
    def _kind_fits_anchor(self) -> "Rule":
        allowed = ANCHORS_OF.get(self.kind)
        if allowed is None:
            raise ValueError(f"{self.kind} checks are made by hand or by a signal, not by a rule")
        if self.when.anchor not in allowed:
            raise ValueError(f"{self.kind} counts from {', '.join(allowed)}")
        return self

    def timing(self) -> When:
        w = self.when
        every = Cycle(w.every.n, w.every.unit) if w.every else None
        return When(
            w.anchor, every, tuple(w.offsets), w.working, w.rrule and w.rrule.upper(), w.lead, w.grace, w.shift, w.latest
        )

    @property
    def strictness(self) -> tuple:
        """Sorts the strictest first: the shorter cycle, the sooner or earlier check, the heavier mode."""
        when = self.timing()
        if when.every:
            length = when.every.days
        elif when.anchor in EVENTS:
            length = 1000 + min(when.offsets) if when.anchor is Anchor.MATURITY else min(when.offsets)
        else:
            length = 30
        return length, -vocab.MODE_WEIGHT[self.mode], self.code

    @property
    def moving(self) -> bool:
        """Whether it may begin to match a loan on a day on which nothing about the loan changes."""
        return any(leaf["field"] in face.MOVING for leaf in leaves(self.who))


def parse(body: object) -> Rule:
    """A rule from the data of a definition; BadRule says where and what is wrong."""
    try:
        return Rule.model_validate(body)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(map(str, first["loc"])) or "rule"
        raise BadRule(where=where, problem=first["msg"].removeprefix("Value error, ")) from None


def check_condition(tree: object, fields: dict[str, face.Field], depth: int = 0) -> int:
    """Number of comparisons in a well-formed tree; ValueError says what is wrong with an ill-formed one."""
    if depth > MAX_DEPTH:
        raise ValueError(f"conditions may be nested {MAX_DEPTH} deep at most")
    if not isinstance(tree, dict):
        raise ValueError("a condition is {all|any: [...]}, {not: ...} or {field, op, value}")
    keys = set(tree)
    if keys in ({"all"}, {"any"}):
        parts = tree["all"] if "all" in tree else tree["any"]
        if not isinstance(parts, list):
            raise ValueError("all and any hold a list of conditions")
        count = sum(check_condition(part, fields, depth + 1) for part in parts)
    elif keys == {"not"}:
        count = check_condition(tree["not"], fields, depth + 1)
    elif keys == {"field", "op", "value"}:
        _check_leaf(tree, fields)
        count = 1
    else:
        raise ValueError("a condition is {all|any: [...]}, {not: ...} or {field, op, value}")
    if count > MAX_LEAVES:
        raise ValueError(f"at most {MAX_LEAVES} comparisons in one rule")
    return count


def _check_leaf(leaf: dict, fields: dict[str, face.Field]) -> None:
    field = fields.get(leaf["field"]) if isinstance(leaf["field"], str) else None
    if field is None:
        raise ValueError(f"unknown field {leaf['field']!r}; known: {', '.join(sorted(fields))}")
    operators = face.OPERATORS[field.kind]
    if leaf["op"] not in operators or (leaf["op"] in ("at_least", "at_most") and not field.ordered):
        raise ValueError(f"{leaf['field']} cannot be compared by {leaf['op']!r}; use {', '.join(operators)}")
    _check_value(leaf["field"], field, leaf["op"], leaf["value"])


def _check_value(name: str, field: face.Field, op: str, value: object) -> None:
    if op == "is":
        if not isinstance(value, bool):
            raise ValueError(f"{name} is true or false")
    elif op in ("gte", "gt", "lte", "lt"):
        _check_number(name, value)
    else:
        values = value if isinstance(value, list) and op in ("in", "not_in") else [value]
        if not values or len(values) > MAX_VALUES or not all(isinstance(v, str) and len(v) <= 100 for v in values):
            raise ValueError(f"{name} needs 1 to {MAX_VALUES} values of text")
        known = [str(w) for w in field.words] if field.words else None
        if known and (wrong := [v for v in values if v not in known]):
            raise ValueError(f"{name} cannot be {', '.join(wrong)}; it can be {', '.join(known)}")


def _check_number(name: str, value: object) -> None:
    try:
        number = Decimal(str(value))
        fine = not isinstance(value, bool) and number.is_finite() and abs(number) < Decimal(10) ** 14
    except InvalidOperation:
        fine = False
    if not fine:
        raise ValueError(f"{name} needs a number")


class RuleInForce(Part):
    """A rule as a night uses it: which version, since when, and its place among the rules of its kind."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    number: int
    rule: Rule
    version: int
    since: date


def in_force(rows: list, start: date) -> tuple[list[RuleInForce], list[tuple[str, str]]]:
    """(rules strictest first, [(code, why it was set aside)]) from definitions; `start` is the bank's first day."""
    good, bad = [], []
    for row in rows:
        try:
            rule = parse(row.body)
        except BadRule as wrong:
            bad.append((row.code, wrong.sentence()))
            continue
        if rule.enabled:
            good.append((rule, row.version, max(row.first_from, start)))
    good.sort(key=lambda found: (found[0].kind, *found[0].strictness))
    return [RuleInForce(number=n, rule=r, version=v, since=s) for n, (r, v, s) in enumerate(good, 1)], bad
