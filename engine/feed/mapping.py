"""A mapping: how one source's files fill our nouns. Data with versions; checked when saved, never code.

docs/feeds.md describes every key with a worked example.
"""

from datetime import date, datetime
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from db import nouns, vocab
from engine.refusals import BadMapping


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Part):
    """Where a field comes from, and how its text is read."""

    column: str
    codes: dict[str, str | bool] | None = None
    unit: float = 1
    by: Literal["number", "name", "identity", "code"] | None = None
    format: str | None = None


class Table(Part):
    noun: str
    file: str
    ddl: str | None = None
    sheet: str | None = None
    header_row: int = 1
    optional: bool = False
    fields: dict[str, Column]

    @field_validator("fields", mode="before")
    @classmethod
    def _short_form(cls, fields: dict) -> dict:
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
            _check_codes(name, column, known[name])
        return self


def _check_codes(name: str, column: Column, field: nouns.Field) -> None:
    if field.shape is nouns.Shape.CODE:
        if not column.codes:
            raise ValueError(f"{name} needs codes: which text stands for which of {', '.join(field.words)}")
        if wrong := set(column.codes.values()) - set(field.words):
            raise ValueError(f"{name} cannot be {', '.join(map(str, wrong))}; it can be {', '.join(field.words)}")
    if field.shape is nouns.Shape.FLAG and not column.codes:
        raise ValueError(f"{name} needs codes: which text is true and which is false")


class FamilyRule(Part):
    family: vocab.Family
    words: list[str]


class OwnProduct(Part):
    code: str
    name: str
    family: vocab.Family
    customer_kind: vocab.CustomerKind | None = None


class Mapping(Part):
    source: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")
    title: dict[Literal["zh", "en"], str]
    format: Literal["delimited", "csv", "xlsx"]
    encoding: str = "utf-8"
    delimiter: str = ","
    columns: Literal["ddl", "header"]
    snapshot: Literal["full", "delta"]
    deleted: dict[str, str] | None = None  # of a delta: which column holds which text when a row is gone
    as_of_column: str | None = None
    date_format: str = "%Y-%m-%d"
    no_date: list[str] = []
    tables: dict[str, Table]
    families: list[FamilyRule] = []
    products: list[OwnProduct] = []

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            "借据".encode(name)
        except LookupError:
            raise ValueError(f'"{name}" is not a known encoding; use utf-8, utf-8-sig, gb18030 or gbk') from None
        except UnicodeEncodeError:
            raise ValueError(f'"{name}" cannot hold Chinese text; use utf-8, utf-8-sig, gb18030 or gbk') from None
        return name

    @model_validator(mode="after")
    def _fits_together(self) -> "Mapping":
        if self.columns == "ddl" and any(table.ddl is None for table in self.tables.values()):
            raise ValueError("columns: ddl needs the ddl file of every table")
        if self.columns == "ddl" and self.format != "delimited":
            raise ValueError("columns: ddl goes with format: delimited")
        if self.deleted and self.snapshot == "full":
            raise ValueError("deleted goes with snapshot: delta; a full snapshot leaves gone rows out")
        if self.deleted and set(self.deleted) != {"column", "text"}:
            raise ValueError("deleted needs column and text")
        return self

    def family_of(self, product_name: str) -> vocab.Family:
        for rule in self.families:
            if any(w in product_name for w in rule.words):
                return rule.family
        return vocab.Family.OTHER

    def in_order(self) -> list[tuple[str, Table]]:
        """Tables so that what is referred to comes first."""
        return sorted(self.tables.items(), key=lambda item: nouns.ORDER.index(item[1].noun))


def parse(body: object) -> Mapping:
    """A mapping from the data of a definition; BadMapping says where and what is wrong."""
    try:
        return Mapping.model_validate(body)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(map(str, first["loc"])) or "top"
        raise BadMapping(where=where, problem=first["msg"].removeprefix("Value error, ")) from None


def from_yaml(text: str) -> Mapping:
    try:
        return parse(yaml.safe_load(text))
    except yaml.YAMLError as wrong:
        raise BadMapping(where="yaml", problem=str(wrong).replace("\n", " ")) from None


def read_date(text: str, written: str, no_date: list[str]) -> tuple[bool, date | None]:
    """(is it fine, which date): blank and sentinel dates are fine and mean none."""
    try:
        day = datetime.strptime(text, written).date()  # noqa: DTZ007 (a business day has no zone)
    except ValueError:
        digits = "".join(filter(str.isdigit, text))[:8]
        return digits in no_date or not text.strip("0 "), None
    return True, None if day.strftime("%Y%m%d") in no_date else day
