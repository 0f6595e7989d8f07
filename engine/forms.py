"""Forms of checks as data: sections, fields, what is normal, what is asked when.

`starters/forms.yaml` holds the forms that Vigil ships. A form is checked when it is saved; what comes in through one
is judged here again, whatever the phone has let through.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from db.vocab import Conclusion, Family, Kind, Mode, Segment
from engine import faults, words
from engine.refusals import BadForm
from engine.words import _

SECTIONS, FIELDS_IN_ALL, LARGEST = 15, 80, 120_000  # of a form; the last in characters of JSON
LONGEST_TEXT, MOST_MONEY = 2000, 10**12
FACTS = ("address", "exposure", "live_loans", "matures_on", "purpose")  # what the book knows and a field may begin with
ROWS = ("draws", "maturing")  # tables that begin with a row for each live loan


class Type(StrEnum):
    YES_NO = "yes_no"
    CHOICE = "choice"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    TEXT = "text"
    TABLE = "table"


Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Title = Annotated[dict[Literal["zh", "en"], Words], Field(min_length=1)]


ProductCode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Option(Part):
    code: Code
    title: Title
    abnormal: bool = False


class When(Part):
    """A field is asked only when an earlier one was answered so."""

    field: Code
    is_: bool | str | None = Field(default=None, alias="is")
    in_: list[str] | None = Field(default=None, alias="in", min_length=1, max_length=20)
    abnormal: bool | None = None

    @model_validator(mode="after")
    def _asks_one_thing(self) -> "When":
        if sum(one is not None for one in (self.is_, self.in_, self.abnormal)) != 1:
            raise ValueError(_("a condition has one of: is, in, abnormal"))
        return self


class Item(Part):
    """One field. `normal`: what "all normal" answers; `last`: begins as it was at the last check."""

    code: Code
    title: Title
    type: Type
    hint: Title | None = None
    required: bool = True
    options: list[Option] = Field(default=[], max_length=20)
    normal: bool | str | None = None
    unit: Title | None = None
    least: float | None = None
    most: float | None = None
    drop: float | None = Field(default=None, gt=0, lt=1, description="abnormal below this share less than last time")
    when: When | None = None
    last: bool = False
    fact: Literal[FACTS] | None = None
    columns: list["Item"] = Field(default=[], max_length=12)
    rows: Literal[ROWS] | None = None
    words: bool = True

    @model_validator(mode="after")
    def _makes_sense(self) -> "Item":
        _check_options(self)
        _check_normal(self)
        _check_numbers(self)
        _check_table(self)
        return self


def _check_options(item: Item) -> None:
    if (item.type is Type.CHOICE) != bool(item.options):
        raise ValueError(_("{0}: a choice has options, and only a choice").format(words.in_language(item.title)))
    if len({option.code for option in item.options}) < len(item.options):
        raise ValueError(_("{0}: an option stands twice").format(words.in_language(item.title)))
    if item.options and all(option.abnormal for option in item.options):
        raise ValueError(_("{0}: one option at least must be normal").format(words.in_language(item.title)))


def _check_normal(item: Item) -> None:
    if item.normal is None:
        return
    fits = isinstance(item.normal, bool) if item.type is Type.YES_NO else item.type is Type.CHOICE
    if not fits or item.options and item.normal not in [o.code for o in item.options if not o.abnormal]:
        raise ValueError(
            _("{0}: normal must be an answer that this field knows and that is not abnormal").format(words.in_language(item.title))
        )


def _check_numbers(item: Item) -> None:
    bounds = [bound for bound in (item.least, item.most) if bound is not None]
    if (bounds or item.drop is not None) and item.type not in (Type.NUMBER, Type.MONEY):
        raise ValueError(_("{0}: least, most and drop go with numbers").format(words.in_language(item.title)))
    if not all(math.isfinite(bound) for bound in bounds) or bounds != sorted(bounds):
        raise ValueError(_("{0}: least must not be above most").format(words.in_language(item.title)))


def _check_table(item: Item) -> None:
    if (item.type is Type.TABLE) != bool(item.columns):
        raise ValueError(_("{0}: a table has columns, and only a table").format(words.in_language(item.title)))
    if item.rows and item.type is not Type.TABLE:
        raise ValueError(_("{0}: rows go with a table").format(words.in_language(item.title)))
    if any(column.type is Type.TABLE or column.when for column in item.columns):
        raise ValueError(_("{0}: a table's columns are plain: no tables, no conditions").format(words.in_language(item.title)))
    if len({column.code for column in item.columns}) < len(item.columns):
        raise ValueError(_("{0}: a column stands twice").format(words.in_language(item.title)))


class Section(Part):
    code: Code
    title: Title
    fields: list[Item] = Field(min_length=1, max_length=40)


class For(Part):
    """Which checks a form is for; an empty list means any."""

    kinds: list[Kind] = []
    modes: list[Mode] = Field(min_length=1)
    segments: list[Segment] = []
    families: list[Family] = []
    products: list[ProductCode] = Field(default=[], max_length=60)


class Form(Part):
    """`words`: how many characters an abnormal item needs at least; normal ones need none."""

    code: str = Field(pattern=r"^[A-Z][A-Z0-9-]{1,30}$")
    title: Title
    for_: For = Field(alias="for")
    sections: list[Section] = Field(min_length=1, max_length=SECTIONS)
    photos: int = Field(default=0, ge=0, le=12)
    words: int = Field(default=20, ge=1, le=500)
    script: list[Title] = Field(default=[], max_length=20)
    identity: list[Title] = Field(default=[], max_length=8)
    enabled: bool = True

    @model_validator(mode="after")
    def _holds_together(self) -> "Form":
        seen: dict[str, Item] = {}
        for item in self.items():
            if item.code in seen:
                raise ValueError(_("the field {0} stands twice").format(words.in_language(item.title)))
            if item.when:
                _check_when(item, seen)
            seen[item.code] = item
        if len(seen) > FIELDS_IN_ALL:
            raise ValueError(_("a form has at most {0} fields; officers fill it in standing").format(FIELDS_IN_ALL))
        return self

    def items(self) -> Iterator[Item]:
        for section in self.sections:
            yield from section.fields


def _check_when(item: Item, earlier: dict[str, Item]) -> None:
    of = earlier.get(item.when.field)
    if of is None:
        raise ValueError(_("{0} depends on a question that must stand before it").format(words.in_language(item.title)))
    asked = item.when.in_ or ([item.when.is_] if item.when.is_ is not None else [])
    known = [True, False] if of.type is Type.YES_NO else [option.code for option in of.options]
    if any(value not in known or isinstance(value, bool) != (of.type is Type.YES_NO) for value in asked):
        raise ValueError(
            _("{0} waits for an answer that {1} cannot have").format(*(words.in_language(x.title) for x in (item, of)))
        )


def parse(body: object) -> Form:
    """A form from the data of a definition; BadForm says where and what is wrong."""
    try:
        if len(json.dumps(body)) > LARGEST:
            raise BadForm(where="form", problem=_("it is too large"))
        return Form.model_validate(body)
    except (TypeError, ValueError, RecursionError) as wrong:
        if not isinstance(wrong, ValidationError):
            raise BadForm(where="form", problem=_("it is not plain data")) from None
        where, problem = faults.first(wrong, body)
        raise BadForm(where=where or _("the form"), problem=problem) from None


@dataclass(frozen=True)
class Chosen:
    """A form as it is in force, with the body that phones draw it from."""

    form: Form
    version: int
    body: dict


def choose(
    rows: list, kind: Kind, mode: Mode, segment: str | None, family: str | None, product: str | None = None
) -> Chosen | None:
    """Of the forms in force, the one made most closely for such a check."""
    fitting = [one for one in _read(rows) if _fits(one.form.for_, kind, mode, segment, family, product)]
    return max(fitting, key=lambda one: _closeness(one.form.for_), default=None)


def for_mode(rows: list, mode: Mode) -> list[Form]:
    """Of the forms in force those that a check of this way can be filled in on, by code; of which somebody may choose."""
    return [chosen.form for chosen in _read(rows) if mode in chosen.form.for_.modes]


def named(rows: list, code: str, mode: Mode) -> Chosen | None:
    """The form that was chosen; None when it has ceased to be one for a check of this way."""
    return next((chosen for chosen in _read(rows) if chosen.form.code == code and mode in chosen.form.for_.modes), None)


def _read(rows: list) -> Iterator[Chosen]:
    """Those that are switched on."""
    for row in rows:
        try:
            form = parse(row.body)
        except BadForm:  # saved by an older Vigil; the others still serve
            continue
        if form.enabled:
            yield Chosen(form, row.version, row.body)


def _fits(for_: For, kind: Kind, mode: Mode, segment: str | None, family: str | None, product: str | None) -> bool:
    pairs = (
        (for_.kinds, kind), (for_.modes, mode), (for_.segments, segment), (for_.families, family), (for_.products, product)
    )  # fmt: skip
    return all(not wanted or given in wanted for wanted, given in pairs)


def _closeness(for_: For) -> tuple[int, ...]:
    """A product tells more than a family, a family more than a kind, a kind more than a segment."""
    wanted = (for_.products, for_.families, for_.kinds, for_.segments, for_.modes)
    return tuple(0 if not some else 100 - len(some) for some in wanted)


# --- What comes in ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field; `field` is the form's code, or `conclusion`."""

    field: str
    sentence: str


@dataclass(frozen=True)
class Filled:
    """A form as it came in. `last`: the answers of the last check, which some fields are measured by."""

    form: Form
    answers: dict[str, Any]
    words: dict[str, Any]
    last: dict[str, Any]

    def shown(self) -> list[Item]:
        """The fields that were asked, given the answers."""
        found: dict[str, Item] = {}
        for item in self.form.items():
            if item.when is None or self._holds(item.when, found.get(item.when.field)):
                found[item.code] = item
        return list(found.values())

    def _holds(self, when: When, of: Item | None) -> bool:
        value = self.answers.get(when.field)
        if of is None or value is None:
            return False
        if when.abnormal is not None:
            return abnormal(of, value, self.last.get(of.code)) == when.abnormal
        return value in when.in_ if when.in_ else value == when.is_

    def abnormal_items(self) -> list[Item]:
        return [item for item in self.shown() if abnormal(item, self.answers.get(item.code), self.last.get(item.code))]

    def problems(self, conclusion: Conclusion, *, whole: bool = True) -> list[Problem]:
        """Everything wrong at once. Not `whole`: a call that was cut short may leave fields open."""
        shown = self.shown()
        found = [
            Problem(code, _("this field is not on the form"))
            for code in self.answers
            if code not in {i.code for i in self.form.items()}
        ]
        for item in shown:
            value = self.answers.get(item.code)
            if _is_empty(value):
                found += [Problem(item.code, _("please fill in"))] if whole and item.required else []
            elif wrong := misfit(item, value):
                found.append(Problem(item.code, wrong))
        return found or self._unfounded(conclusion)

    def _unfounded(self, conclusion: Conclusion) -> list[Problem]:
        strange = self.abnormal_items()
        found = [
            Problem(item.code, _("abnormal: please say what, in at least {0} characters").format(self.form.words))
            for item in strange
            if item.words and len(str(self.words.get(item.code) or "").strip()) < self.form.words
        ]
        if strange and conclusion is Conclusion.NORMAL:
            names = _(", ").join(words.in_language(item.title) for item in strange)
            found.append(Problem("conclusion", _("the conclusion cannot be normal while this is abnormal: {0}").format(names)))
        return found

    def kept(self) -> dict:
        """What goes into the record: answers to what was asked, words on what is abnormal."""
        codes = [item.code for item in self.shown()]
        values = {code: self.answers[code] for code in codes if not _is_empty(self.answers.get(code))}
        said = {code: str(self.words[code]).strip() for code in codes if str(self.words.get(code) or "").strip()}
        return values | ({"words": said} if said else {})


def _is_empty(value: object) -> bool:
    return value is None or value == [] or isinstance(value, str) and not value.strip()


def abnormal(item: Item, value: object, last: object = None) -> bool:
    """Whether an answer of the right type is out of the ordinary."""
    if item.type is Type.YES_NO:
        return item.normal is not None and isinstance(value, bool) and value != item.normal
    if item.type is Type.CHOICE:
        return any(option.abnormal and option.code == value for option in item.options)
    if item.type is Type.TABLE and isinstance(value, list):
        return any(abnormal(column, row.get(column.code)) for row in value if isinstance(row, dict) for column in item.columns)
    if item.drop is not None and _is_number(value) and _is_number(last):
        return value < last * (1 - item.drop)
    return False


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def misfit(item: Item, value: object) -> str:
    """What is wrong with an answer, in words; empty when it fits its field."""
    match item.type:
        case Type.YES_NO:
            return "" if isinstance(value, bool) else _("yes or no is needed here")
        case Type.CHOICE:
            return "" if value in [option.code for option in item.options] else _("choose one of the options")
        case Type.DATE:
            return "" if _is_day(value) else _("a date is needed here, like 2026-11-23")
        case Type.TEXT:
            return (
                ""
                if isinstance(value, str) and len(value) <= LONGEST_TEXT
                else _("a text of at most {0} characters").format(LONGEST_TEXT)
            )
        case Type.TABLE:
            return _misfit_of_table(item, value)
    return _misfit_of_number(item, value)


def _misfit_of_number(item: Item, value: object) -> str:
    if not _is_number(value):
        return _("a number is needed here")
    least = item.least if item.least is not None else 0 if item.type is Type.MONEY else -MOST_MONEY
    most = item.most if item.most is not None else MOST_MONEY
    return "" if least <= value <= most else _("must lie between {0} and {1}").format(f"{least:,.0f}", f"{most:,.0f}")


def _misfit_of_table(item: Item, value: object) -> str:
    if not isinstance(value, list) or len(value) > 60 or not all(isinstance(row, dict) for row in value):
        return _("a table of at most 60 rows is needed here")
    columns = {column.code: column for column in item.columns}
    for number, row in enumerate(value, 1):
        if unknown := [code for code in row if code not in columns]:
            return _("row {0}: there is no column {1}").format(number, unknown[0])
        for code, column in columns.items():
            wrong = misfit(column, row[code]) if not _is_empty(row.get(code)) else _("please fill in") if column.required else ""
            if wrong:
                return _("row {0}, {1}: {2}").format(number, words.in_language(column.title), wrong)
    return ""


def _is_day(value: object) -> bool:
    try:
        return isinstance(value, str) and 1900 <= date.fromisoformat(value).year <= 2200
    except ValueError:
        return False


def shown(item: Item, value: object) -> str:
    """An answer as people say it."""
    if value is None:
        return "—"
    match item.type:
        case Type.YES_NO:
            return _("Yes") if value else _("No")
        case Type.CHOICE:
            return next((words.in_language(o.title) for o in item.options if o.code == value), str(value))
        case Type.MONEY:
            return _("{0} yuan").format(f"{value:,.2f}")
        case Type.NUMBER:
            return f"{value:,.15g} {words.in_language(item.unit) if item.unit else ''}".strip()
    return str(value)


# The usual points of checks that came from elsewhere, without a form of ours.
ANSWERS = {
    "purpose_ok": "Loan used as agreed", "repayment_will": "Willing to repay", "operating": "In operation", "met": "Who was met",
    "answered_by": "Who answered", "source_of_repayment": "Source of repayment",
}  # fmt: skip


def without_form(answers: dict) -> dict[str, str]:
    """Question and answer; a question that nobody knows by its code."""
    return {_(ANSWERS[code]) if code in ANSWERS else code: _of_no_form(value) for code, value in answers.items()}


def _of_no_form(value: object) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return "—" if value is None else str(value)
