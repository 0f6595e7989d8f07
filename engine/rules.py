"""A todo rule: who x what x when x by whom, as data. Checked when saved, so that the night need not argue.

docs/rules.md describes every key; `starters/todo_rules.yaml` holds the rules that Vigil ships.
"""

import itertools
import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from dateutil.rrule import rrulestr
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from db import face, vocab
from db.conditions import leaves
from db.vocab import Anchor, Assign, Kind, Mode, Shift, Unit
from engine import faults, words
from engine.cycles import EVENTS, Cycle, When
from engine.refusals import BadRule
from engine.words import _

MAX_DEPTH, MAX_LEAVES, MAX_VALUES = 6, 60, 500
MAX_CYCLE_DAYS, MAX_OFFSET = 3660, 400
ANCHORS = {
    Anchor.DISBURSEMENT: "disbursement",
    Anchor.SCHEDULE: "schedule from disbursement",
    Anchor.COMPLETION: "last completed check",
    Anchor.MATURITY: "maturity",
    Anchor.CLASS_CHANGE: "worse class",
    Anchor.OVERDUE: "first day of arrears",
    Anchor.CALENDAR: "calendar",
}
ANCHORS_OF = {
    **dict.fromkeys(vocab.LOAN_KINDS, (Anchor.DISBURSEMENT, Anchor.MATURITY, Anchor.CLASS_CHANGE)),
    **dict.fromkeys(vocab.CUSTOMER_KINDS, (Anchor.SCHEDULE, Anchor.COMPLETION, Anchor.CALENDAR, Anchor.OVERDUE)),
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
        elif self.anchor in EVENTS:
            _check_event(self)
        elif self.every is None:
            raise ValueError(_("{0} needs every: how many days, weeks, months ...").format(_(ANCHORS[self.anchor])))
        if self.anchor not in EVENTS and (self.offsets != [0] or self.working):
            raise ValueError(_("{0} has no offsets; they go with an event such as disbursement").format(_(ANCHORS[self.anchor])))
        if self.every:
            _check_cycle(self)
        return self


def _check_event(timing: Timing) -> None:
    if timing.every and timing.anchor in (Anchor.DISBURSEMENT, Anchor.MATURITY):
        raise ValueError(_("{0} happens once; use schedule for a cycle").format(_(ANCHORS[timing.anchor])))
    if any(abs(offset) > MAX_OFFSET for offset in timing.offsets):
        raise ValueError(_("an offset may be at most {0} days").format(MAX_OFFSET))
    if any(one >= following for one, following in itertools.pairwise(timing.offsets)):
        raise ValueError(_("offsets must rise, the earliest first"))
    if timing.offsets[0] < 0 and timing.anchor is not Anchor.MATURITY:
        raise ValueError(
            _("only maturity can be known before it comes; offsets from {0} are 0 or more").format(_(ANCHORS[timing.anchor]))
        )


def _check_cycle(timing: Timing) -> None:
    cycle = Cycle(timing.every.n, timing.every.unit)
    if cycle.days > MAX_CYCLE_DAYS:
        raise ValueError(_("a cycle may be at most ten years"))
    if timing.lead >= cycle.shortest_days:
        raise ValueError(_("lead must be shorter than the cycle, or two checks would be open at once"))


RRULE_PARTS = {"FREQ", "INTERVAL", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYDAY", "BYSETPOS", "WKST"}


def _check_rrule(timing: Timing) -> None:
    """An RRULE is a small program: only what surely ends, and ends soon, is taken."""
    if timing.anchor is not Anchor.CALENDAR or timing.every:
        raise ValueError(_("an rrule goes with anchor: calendar and without every"))
    text = timing.rrule.upper()
    if not re.fullmatch(r"([A-Z]+=[A-Z0-9,+\-]+)(;[A-Z]+=[A-Z0-9,+\-]+)*", text) or len(text) > 200:
        raise ValueError(_("an rrule is one line such as FREQ=MONTHLY;BYMONTHDAY=-1"))
    parts = [part.split("=") for part in text.split(";")]
    given = dict(parts)
    if len(given) < len(parts) or not set(given) <= RRULE_PARTS:
        raise ValueError(_("an rrule has each of these at most once: {0}").format(", ".join(sorted(RRULE_PARTS))))
    if given.get("FREQ") not in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
        raise ValueError(_("an rrule may be DAILY, WEEKLY, MONTHLY or YEARLY"))
    if not re.fullmatch(r"[1-9][0-9]{0,2}", given.get("INTERVAL", "1")):  # 0 would never end
        raise ValueError(_("INTERVAL is a number from 1 to 999"))
    falls = _falls(text)
    if not falls:
        raise ValueError(_("the rrule never falls on any day"))
    if any((b - a).days <= timing.lead for a, b in itertools.pairwise(falls)):
        raise ValueError(_("lead must be shorter than the cycle, or two checks would be open at once"))


def _falls(rrule: str) -> list[datetime]:
    """Its days in the ten years before the last one that there is, where every search ends soon."""
    found = []
    try:
        for day in rrulestr(rrule, dtstart=datetime(9988, 1, 1)):  # noqa: DTZ001 (business days have no zone)
            if day.year > 9998:
                break
            found.append(day)
    except OverflowError:  # weeks are searched past the end of time
        pass
    except (ValueError, TypeError, KeyError, IndexError):
        raise ValueError(_("an rrule is one line such as FREQ=MONTHLY;BYMONTHDAY=-1")) from None
    return found


Words = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class Rule(Part):
    """A todo rule: whom it asks about, when, how, by whom; a definition that two people sign."""

    code: str = Field(pattern=r"^[A-Z][A-Z0-9-]{1,30}$")
    title: dict[Literal["zh", "en"], Words] = Field(min_length=1)
    kind: Kind
    mode: Mode
    who: dict[str, Any]
    when: Timing
    assign: Assign = Assign.MANAGER
    satisfied_days: int = Field(default=0, ge=0, le=180)
    merge_days: int = Field(default=7, ge=0, le=60)
    enabled: bool = True
    note: str = Field(default="", max_length=2000)

    @field_validator("title")
    @classmethod
    def _printable(cls, title: dict) -> dict:
        return checked_title(title)

    @field_validator("who")
    @classmethod
    def _condition(cls, tree: dict) -> dict:
        check_condition(tree, face.FIELDS)
        return tree

    @model_validator(mode="after")
    def _kind_fits_anchor(self) -> "Rule":
        allowed = ANCHORS_OF.get(self.kind)
        if allowed is None:
            raise ValueError(_("{0} checks are made by hand or by a signal, not by a rule").format(words.name(self.kind)))
        if self.when.anchor not in allowed:
            raise ValueError(_("{0} counts from: {1}").format(words.name(self.kind), _(", ").join(_(ANCHORS[a]) for a in allowed)))
        return self

    def timing(self) -> When:
        w = self.when
        every = Cycle(w.every.n, w.every.unit) if w.every else None
        return When(w.anchor, every, tuple(w.offsets), w.working, w.rrule and w.rrule.upper(), w.lead, w.grace, w.shift, w.latest)

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
        raise refusal(wrong, body) from None


def refusal(wrong: ValidationError, body: object) -> BadRule:
    """The first thing wrong with a body, in the reader's language."""
    where, problem = faults.first(wrong, body)
    return BadRule(where=where or _("the rule"), problem=problem)


def checked_title(title: dict) -> dict:
    if not all(text.isprintable() and text.strip() for text in title.values()):
        raise ValueError(_("a title is one line of text"))
    if "zh" not in title:
        raise ValueError(_("a title is needed in Chinese"))
    return title


def check_condition(tree: object, fields: dict[str, face.Field], depth: int = 0) -> int:
    """Number of comparisons in a well-formed tree; ValueError says what is wrong with an ill-formed one."""
    if depth > MAX_DEPTH:
        raise ValueError(_("conditions may be nested {0} deep at most").format(MAX_DEPTH))
    keys = set(tree) if isinstance(tree, dict) else set()
    if keys in ({"all"}, {"any"}):
        count = _check_parts(tree["all"] if "all" in tree else tree["any"], fields, depth)
    elif keys == {"not"}:
        count = check_condition(tree["not"], fields, depth + 1)
    elif keys == {"field", "op", "value"}:
        _check_leaf(tree, fields)
        count = 1
    else:
        raise ValueError(_("a condition is {0}").format("{all|any: [...]}, {not: ...}, {field, op, value}"))
    if count > MAX_LEAVES:
        raise ValueError(_("at most {0} comparisons in one rule").format(MAX_LEAVES))
    return count


def _check_parts(parts: object, fields: dict[str, face.Field], depth: int) -> int:
    if not isinstance(parts, list):
        raise ValueError(_("all and any hold a list of conditions"))
    if len(parts) > MAX_LEAVES:
        raise ValueError(_("at most {0} comparisons in one rule").format(MAX_LEAVES))
    return sum(check_condition(part, fields, depth + 1) for part in parts)


def _check_leaf(leaf: dict, fields: dict[str, face.Field]) -> None:
    field = fields.get(leaf["field"]) if isinstance(leaf["field"], str) else None
    if field is None:
        raise ValueError(_("unknown field {0}; known: {1}").format(repr(leaf["field"])[:40], ", ".join(sorted(fields))))
    operators = [op for op in face.OPERATORS[field.kind] if field.ordered or op not in ("at_least", "at_most")]
    if leaf["op"] not in operators:
        raise ValueError(_("{0} is compared by: {1}").format(words.field(leaf["field"]), ", ".join(operators)))
    _check_value(leaf["field"], field, leaf["op"], leaf["value"])


def _check_value(name: str, field: face.Field, op: str, value: object) -> None:
    if op == "is":
        if not isinstance(value, bool):
            raise ValueError(_("{0} is true or false").format(words.field(name)))
    elif op in ("gte", "gt", "lte", "lt"):
        _check_number(name, value)
    else:
        values = value if isinstance(value, list) and op in ("in", "not_in") else [value]
        if not values or len(values) > MAX_VALUES or not all(_is_text(v) for v in values):
            raise ValueError(_("{0} needs 1 to {1} values of text").format(words.field(name), MAX_VALUES))
        known = [str(w) for w in field.words] if field.words else None
        if known and not set(values) <= set(known):
            raise ValueError(_("{0} can be: {1}").format(words.field(name), ", ".join(known)))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 100 and value.isprintable()


def _check_number(name: str, value: object) -> None:
    try:
        number = Decimal(str(value))
        fine = not isinstance(value, bool) and number.is_finite() and abs(number) < Decimal(10) ** 14
    except (InvalidOperation, ValueError):  # an endless integer has no text either
        fine = False
    if not fine:
        raise ValueError(_("{0} needs a number").format(words.field(name)))


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
        except BadRule:
            bad.append((row.code, faults.kept(parse, row.body)))
            continue
        if rule.enabled:
            good.append((rule, row.version, max(row.first_from, start)))
    good.sort(key=lambda found: (found[0].kind, *found[0].strictness))
    return [RuleInForce(number=n, rule=r, version=v, since=s) for n, (r, v, s) in enumerate(good, 1)], bad
