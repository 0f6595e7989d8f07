"""A mapping: how one source's files fill our nouns. Data with versions; checked when saved, never code.

docs/feeds.md describes every key with a worked example.
"""

import codecs
import re
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from db import nouns, vocab
from engine.refusals import BadMapping, CannotRead

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
            raise ValueError(f'"{name}" must be a file name in the delivery\'s folder, without a path')
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
            raise ValueError(f'noun "{self.noun}" is not one of {", ".join(nouns.NOUNS)}')
        if unknown := set(self.fields) - set(known):
            raise ValueError(f"{self.noun} has no field {', '.join(sorted(unknown))}; it has {', '.join(known)}")
        if lacking := {name for name, field in known.items() if field.required} - set(self.fields):
            raise ValueError(f"{self.noun} needs {', '.join(sorted(lacking))}")
        for name, column in self.fields.items():
            _fits_the_field(name, column, known[name])
        return self


def _fits_the_field(name: str, column: Column, field: nouns.Field) -> None:
    shape = field.shape
    if shape is nouns.Shape.CODE:
        if not column.codes:
            raise ValueError(f"{name} needs codes: which text stands for which of {', '.join(field.words)}")
        if wrong := {str(word) for word in column.codes.values()} - set(field.words):
            raise ValueError(f"{name} cannot be {', '.join(sorted(wrong))}; it can be {', '.join(field.words)}")
    elif shape is nouns.Shape.FLAG:
        if not column.codes or not all(isinstance(word, bool) for word in column.codes.values()):
            raise ValueError(f"{name} needs codes: which text is true and which is false")
    elif column.codes:
        raise ValueError(f"{name} takes no codes; it is read as it stands")
    if column.unit != 1 and shape is not nouns.Shape.MONEY:
        raise ValueError(f"{name} takes no unit; only amounts of money do")
    if column.format and shape is not nouns.Shape.DATE:
        raise ValueError(f"{name} takes no format; only dates do")
    if column.by and column.by not in NAMED_BY.get(shape, ()):
        usual = " or ".join(NAMED_BY.get(shape, ())) or "left out"
        raise ValueError(f'{name} cannot be given by "{column.by}"; by must be {usual}')


def _date_format(written: str) -> str:
    """The format, if a date written with it can be read again."""
    day = date(2026, 11, 23)
    try:
        fine = datetime.strptime(day.strftime(written), written).date() == day  # noqa: DTZ007 (a business day)
    except ValueError:
        fine = False
    if not fine:
        raise ValueError(f'"{written}" does not name year, month and day; write it like %Y-%m-%d or %Y/%m/%d')
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
            raise ValueError(f'"{name}" is not an encoding of Chinese bank files; use {", ".join(ENCODINGS)}')
        return name

    @field_validator("date_format")
    @classmethod
    def _readable(cls, written: str) -> str:
        return _date_format(written)

    @field_validator("no_date")
    @classmethod
    def _eight_digits(cls, days: list[str]) -> list[str]:
        if wrong := [day for day in days if not re.fullmatch(r"\d{8}", day)]:
            raise ValueError(f"{', '.join(wrong)} is not written like 29991231")
        return days

    @field_validator("tables")
    @classmethod
    def _fit_each_other(cls, tables: dict[str, Table]) -> dict[str, Table]:
        for name in tables:
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,20}", name):
                raise ValueError(f'"{name}" cannot name a table: use small letters, digits and _')
        filled = [table.noun for table in tables.values()]
        if twice := sorted({noun for noun in filled if filled.count(noun) > 1}):
            raise ValueError(f"{', '.join(twice)} must come from one table: rows missing from it are gone")
        return tables

    @model_validator(mode="after")
    def _fits_together(self) -> "Mapping":
        for complaint in (self._of_columns(), self._of_delimiter(), self._of_deleted(), self._of_as_of()):
            if complaint:
                raise ValueError(complaint)
        return self

    def _of_columns(self) -> str | None:
        if self.columns == "ddl" and any(table.ddl is None for table in self.tables.values()):
            return "columns: ddl needs the ddl file of every table"
        if self.columns == "ddl" and self.format != "delimited":
            return "columns: ddl goes with format: delimited"
        for name, table in self.tables.items():
            if (self.columns == "listed") != bool(table.columns):
                return f"columns: listed goes with a list of columns in every table; look at {name}"
            lacking = {c.column for c in table.fields.values()} - set(table.columns)
            if table.columns and lacking:
                return f"{name} lists no column {', '.join(sorted(lacking))}"
        return None

    def _of_delimiter(self) -> str | None:
        if self.format == "csv" and (len(self.delimiter) != 1 or self.delimiter in '"\r\n '):
            return "format: csv needs a delimiter of one sign such as , or ; (longer ones go with format: delimited)"
        if not self.delimiter or "\n" in self.delimiter or "\r" in self.delimiter:
            return "delimiter must be one or more signs, no line break"
        return None

    def _of_deleted(self) -> str | None:
        if self.deleted and self.snapshot == "full":
            return "deleted goes with snapshot: delta; a full snapshot leaves gone rows out"
        if self.deleted and set(self.deleted) != {"column", "text"}:
            return "deleted needs column and text"
        return None

    def _of_as_of(self) -> str | None:
        for name, table in self.tables.items():
            if self.as_of_column in {column.column for column in table.fields.values()}:
                return f"{self.as_of_column} is the as_of_column; {name} may not take it for a field"
        return None

    @property
    def quoted(self) -> bool:
        """Rows are told apart by a parser that knows quotes and cells, not by line feeds alone."""
        return self.format != "delimited"

    def in_order(self) -> list[tuple[str, Table]]:
        """Tables so that what is referred to comes first."""
        return sorted(self.tables.items(), key=lambda item: nouns.ORDER.index(item[1].noun))


def parse(body: object) -> Mapping:
    """A mapping from the data of a definition; BadMapping says where and what is wrong."""
    if not isinstance(body, dict):
        raise BadMapping(where="top", problem="a mapping is made of lines such as  source: own")
    try:
        return Mapping.model_validate(body)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "[key]") or "top"
        raise BadMapping(where=where, problem=_sentence(first)) from None


def _sentence(error: dict) -> str:
    """What the checker found, in words an administrator can act on."""
    match error["type"]:
        case "missing":
            return "this key is missing"
        case "extra_forbidden":
            return "there is no such key; docs/feeds.md lists them all"
        case "string_type":
            return f'must be text; write it in quotes: "{error["input"]}"'
        case "string_pattern_mismatch":
            return "must begin with a small letter and go on with small letters, digits and _"
        case "string_too_short":
            return "may not be empty"
        case "literal_error" | "enum":
            return f"must be one of {error['ctx']['expected']}"
    return error["msg"].removeprefix("Value error, ")


def from_yaml(text: str) -> Mapping:
    try:
        return parse(yaml.safe_load(text))
    except (yaml.YAMLError, RecursionError) as wrong:
        raise BadMapping(where="yaml", problem=" ".join(str(wrong).split())) from None


def from_file(file: Path) -> Mapping:
    try:
        return from_yaml(file.read_text(encoding="utf-8"))
    except OSError as wrong:
        raise CannotRead(path=file, problem=wrong.strerror) from None
    except UnicodeDecodeError:
        raise BadMapping(where=file.name, problem="the file must be UTF-8") from None


def read_date(text: str, written: str, no_date: list[str]) -> tuple[bool, date | None]:
    """(is it fine, which date): blank and sentinel dates are fine and mean none."""
    try:
        day = datetime.strptime(text, written).date()  # noqa: DTZ007 (a business day has no zone)
    except ValueError:
        digits = "".join(filter(str.isdigit, text))[:8]
        return digits in no_date or not text.strip("0 "), None
    return True, None if day.strftime("%Y%m%d") in no_date else day
