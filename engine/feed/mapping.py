"""A mapping: how one source's files fill our nouns. Data with versions; checked when saved, never code.

docs/feeds.md describes every key with a worked example.
"""

import codecs
import re
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from db import nouns, vocab
from engine import faults, words
from engine.refusals import BadMapping, CannotRead
from engine.words import _

ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "gbk", "gb2312", "big5")
# Which ways of naming another row a field knows; the first is the usual one.
NAMED_BY = {nouns.Shape.CUSTOMER: ("number", "identity"), nouns.Shape.PRODUCT: ("code", "name")}


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Part):
    """Where a field comes from, and how its text is read."""

    column: str = Field(min_length=1)
    codes: dict[str, str | bool] | None = None
    unit: float = Field(1, gt=0, le=1e8, allow_inf_nan=False)
    by: Literal["number", "name", "identity", "code"] | None = None
    format: str | None = None

    @field_validator("format")
    @classmethod
    def _readable(cls, written: str | None) -> str | None:
        return None if written is None else _date_format(written)


class Table(Part):
    """One table of a delivery: which noun it fills, and from which of its columns."""

    noun: str
    file: str = Field(min_length=1)
    ddl: str | None = None
    sheet: str | None = None
    header_row: int = Field(1, ge=1, le=1000)
    columns: tuple[str, ...] = ()  # the names, when the mapping lists them (columns: listed)
    optional: bool = False
    fields: dict[str, Column]

    @field_validator("file", "ddl")
    @classmethod
    def _lies_in_the_folder(cls, name: str | None) -> str | None:
        if name and ("/" in name or "\\" in name):
            raise ValueError(_("{0} must be a file name in the delivery's folder, without a path").format(name))
        return name

    @field_validator("fields", mode="before")
    @classmethod
    def _short_form(cls, fields: object) -> object:
        if not isinstance(fields, dict):
            return fields
        return {name: {"column": spec} if isinstance(spec, str) else spec for name, spec in fields.items()}

    @model_validator(mode="after")
    def _fits_the_noun(self) -> "Table":
        known = nouns.NOUNS.get(self.noun)
        if known is None:
            raise ValueError(_("there is no noun {0}; it can be: {1}").format(self.noun, _listed(nouns.NOUNS)))
        if unknown := set(self.fields) - set(known):
            raise ValueError(_("{0} has no field {1}; it has: {2}").format(self.noun, _listed(sorted(unknown)), _fields(known)))
        if lacking := {name for name, field in known.items() if field.required} - set(self.fields):
            raise ValueError(_("{0} needs the fields: {1}").format(self.noun, _fields(sorted(lacking))))
        for name, column in self.fields.items():
            _fits_the_field(name, column, known[name])
        return self


def _fits_the_field(name: str, column: Column, field: nouns.Field) -> None:
    shape = field.shape
    if shape is nouns.Shape.CODE:
        if not column.codes:
            raise ValueError(
                _("{0} needs codes: which text of the file stands for which of: {1}").format(_field(name), _listed(field.words))
            )
        if wrong := {str(word) for word in column.codes.values()} - set(field.words):
            raise ValueError(
                _("{0} cannot be {1}; it can be: {2}").format(_field(name), _listed(sorted(wrong)), _listed(field.words))
            )
    elif shape is nouns.Shape.FLAG:
        if not column.codes or not all(isinstance(word, bool) for word in column.codes.values()):
            raise ValueError(_("{0} needs codes: which text of the file is true and which is false").format(_field(name)))
    elif column.codes:
        raise ValueError(_("{0} takes no codes; it is read as it stands").format(_field(name)))
    if column.unit != 1 and shape is not nouns.Shape.MONEY:
        raise ValueError(_("{0} takes no unit; only amounts of money do").format(_field(name)))
    if column.format and shape is not nouns.Shape.DATE:
        raise ValueError(_("{0} takes no format; only dates do").format(_field(name)))
    if column.by and column.by not in NAMED_BY.get(shape, ()):
        if shape not in NAMED_BY:
            raise ValueError(_("{0} cannot be given by {1}: leave that out").format(_field(name), f"by: {column.by}"))
        raise ValueError(
            _("{0} cannot be given by {1}; it can be given by: {2}").format(_field(name), column.by, _listed(NAMED_BY[shape]))
        )


def _date_format(written: str) -> str:
    """The format, if a date written with it can be read again."""
    day = date(2026, 11, 23)
    try:
        fine = datetime.strptime(day.strftime(written), written).date() == day  # noqa: DTZ007 (a business day)
    except ValueError:
        fine = False
    if not fine:
        raise ValueError(
            _("{0} does not name year, month and day; write it like {1} or {2}").format(written, "%Y-%m-%d", "%Y/%m/%d")
        )
    return written


class FamilyRule(Part):
    family: vocab.Family
    words: list[str] = Field(min_length=1)


class OwnProduct(Part):
    code: str = Field(min_length=1)
    name: str = Field(min_length=1)
    family: vocab.Family
    customer_kind: vocab.CustomerKind | None = None


class Mapping(Part):
    """How one source's files become rows of the book; a definition that two people sign."""

    source: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")
    title: dict[Literal["zh", "en"], str]
    format: Literal["delimited", "csv", "xlsx"]
    encoding: str = "utf-8"
    delimiter: str = ","
    columns: Literal["ddl", "header", "listed"]
    ok_file: bool = False
    snapshot: Literal["full", "delta"]
    deleted: dict[str, str] | None = None  # of a delta: which column holds which text when a row is gone
    as_of_column: str | None = None  # told apart only so that nobody maps it: it changes every day by itself
    date_format: str = "%Y-%m-%d"
    no_date: list[str] = []
    tables: dict[str, Table] = Field(min_length=1)
    families: list[FamilyRule] = []
    products: list[OwnProduct] = []

    @model_validator(mode="before")
    @classmethod
    def _ddl_comes_with_ok(cls, body: object) -> object:
        if isinstance(body, dict) and body.get("columns") == "ddl":
            return {"ok_file": True} | body
        return body

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            known = codecs.lookup(name).name in ENCODINGS
        except (LookupError, ValueError):
            known = False
        if not known:
            raise ValueError(_("{0} is not an encoding of Chinese bank files; it can be: {1}").format(name, _listed(ENCODINGS)))
        return name

    @field_validator("date_format")
    @classmethod
    def _readable(cls, written: str) -> str:
        return _date_format(written)

    @field_validator("no_date")
    @classmethod
    def _eight_digits(cls, days: list[str]) -> list[str]:
        if wrong := [day for day in days if not re.fullmatch(r"\d{8}", day)]:
            raise ValueError(_("{0} is not written like 29991231").format(_listed(wrong)))
        return days

    @field_validator("tables")
    @classmethod
    def _fit_each_other(cls, tables: dict[str, Table]) -> dict[str, Table]:
        for name in tables:
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,20}", name):
                raise ValueError(_("{0} cannot name a table: use small letters, digits and underscores").format(name))
        filled = [table.noun for table in tables.values()]
        if twice := sorted({noun for noun in filled if filled.count(noun) > 1}):
            raise ValueError(_("{0} must come from one table: rows missing from it are gone").format(_listed(twice)))
        return tables

    @model_validator(mode="after")
    def _fits_together(self) -> "Mapping":
        for complaint in (self._of_columns(), self._of_delimiter(), self._of_deleted(), self._of_as_of()):
            if complaint:
                raise ValueError(complaint)
        return self

    def _of_columns(self) -> str | None:
        if self.columns == "ddl" and any(table.ddl is None for table in self.tables.values()):
            return _("With {0} every table needs its file {1}.").format("columns: ddl", "ddl")
        if self.columns == "ddl" and self.format != "delimited":
            return _("{0} goes with {1}.").format("columns: ddl", "format: delimited")
        for name, table in self.tables.items():
            if (self.columns == "listed") != bool(table.columns):
                return _("{0} goes with a list of columns in every table; look at {1}.").format("columns: listed", name)
            lacking = {c.column for c in table.fields.values()} - set(table.columns)
            if table.columns and lacking:
                return _("The list of columns of {0} lacks: {1}.").format(name, _listed(sorted(lacking)))
        return None

    def _of_delimiter(self) -> str | None:
        if self.format == "csv" and (len(self.delimiter) != 1 or self.delimiter in '"\r\n '):
            return _("{0} needs a delimiter of one sign; longer ones go with {1}.").format("format: csv", "format: delimited")
        if not self.delimiter or "\n" in self.delimiter or "\r" in self.delimiter:
            return _("The delimiter must be one or more signs, no line break.")
        return None

    def _of_deleted(self) -> str | None:
        if self.deleted and self.snapshot == "full":
            return _("{0} goes with {1}; a full snapshot leaves gone rows out.").format("deleted", "snapshot: delta")
        if self.deleted and set(self.deleted) != {"column", "text"}:
            return _("{0} needs {1}.").format("deleted", "column, text")
        return None

    def _of_as_of(self) -> str | None:
        for name, table in self.tables.items():
            if self.as_of_column in {column.column for column in table.fields.values()}:
                return _("{0} holds the business date; {1} may not take it for a field.").format(self.as_of_column, name)
        return None

    @property
    def quoted(self) -> bool:
        """Rows are told apart by a parser that knows quotes and cells, not by line feeds alone."""
        return self.format != "delimited"

    def in_order(self) -> list[tuple[str, Table]]:
        """Tables so that what is referred to comes first."""
        return sorted(self.tables.items(), key=lambda item: nouns.ORDER.index(item[1].noun))


def parse(body: object) -> Mapping:
    """A mapping from the data of a definition; BadMapping says where and what is wrong, in the reader's language."""
    if not isinstance(body, dict):
        raise BadMapping(where=_("the whole"), problem=_("a mapping is made of lines such as {0}").format("source: own"))
    try:
        return Mapping.model_validate(body)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "[key]") or _("the whole")
        raise BadMapping(where=where, problem=_sentence(first)) from None


def _sentence(error: dict) -> str:
    """What the checker found, in words an administrator can act on."""
    match error["type"]:
        case "missing":
            return _("this key is missing")
        case "extra_forbidden":
            return _("there is no such key; the page of feeds in the manual lists them all")
        case "string_type":
            return _("must be a text; write it in quotes: {0}").format(f'"{error["input"]}"')
        case "string_pattern_mismatch":
            return _("must begin with a small letter and go on with small letters, digits and underscores")
        case "greater_than":
            return _("must be more than {0}").format(error["ctx"]["gt"])
        case "finite_number" | "float_type" | "float_parsing":
            return _("must be a number")
    return faults.problem(error["type"], error.get("ctx", {}))


def _field(name: str) -> str:
    """A field of ours, as people call it and as the mapping does."""
    return f"{words.field(name)} ({name})"


def _fields(names: Iterable[str]) -> str:
    return _listed(map(_field, names))


def _listed(names: Iterable[str]) -> str:
    return _(", ").join(names)


def from_yaml(text: str) -> Mapping:
    return parse(read_yaml(text))


def read_yaml(text: str) -> object:
    """The data of a mapping's text; BadMapping says in which line it stops being readable."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as wrong:
        mark = getattr(wrong, "problem_mark", None)
        where = _("line {0}, character {1}").format(mark.line + 1, mark.column + 1) if mark else _("the whole")
        problem = _("this cannot be read: look at indents, colons, quotes and brackets here and in the line above")
        raise BadMapping(where=where, problem=problem) from None


def from_file(file: Path) -> Mapping:
    try:
        return from_yaml(file.read_text(encoding="utf-8"))
    except OSError as wrong:
        raise CannotRead(path=file, problem=wrong.strerror) from None
    except UnicodeDecodeError:
        raise BadMapping(where=file.name, problem=_("the file must be UTF-8")) from None


def read_date(text: str, written: str, no_date: list[str]) -> tuple[bool, date | None]:
    """(is it fine, which date): blank and sentinel dates are fine and mean none."""
    try:
        day = datetime.strptime(text, written).date()  # noqa: DTZ007 (a business day has no zone)
    except ValueError:
        digits = "".join(filter(str.isdigit, text))[:8]
        return digits in no_date or not text.strip("0 "), None
    return True, None if day.strftime("%Y%m%d") in no_date else day
