"""A mapping in words, for whoever is to approve it; and one to begin with."""

from collections.abc import Iterator

import yaml

from db import nouns
from engine import words
from engine.feed.mapping import Column, Mapping, Table
from engine.words import _

SNAPSHOTS = {"full": "What is missing from a file is gone", "delta": "Files hold only what changed"}
NOUNS = {
    "branches": "Branches", "staff": "Staff", "products": "Products", "customers": "Customers", "loans": "Loans", "arrears": "Arrears",
    "guarantors": "Guarantors",
}  # fmt: skip

BY = {"number": "customer_no", "identity": "identity_no", "code": "code", "name": "name"}


def in_words(found: Mapping) -> list[str]:
    """Line for line: the files, then what each column of them fills."""
    lines = [
        _("{0} files, {1}, dates like {2}. {3}.").format(
            found.format, found.encoding, found.date_format, _(SNAPSHOTS[found.snapshot])
        )
    ]
    for name, table in found.in_order():
        lines += _of_table(name, table)
    lines += [_("Product {0} {1}: {2}").format(one.code, one.name, words.name(one.family)) for one in found.products]
    return lines + [
        _("Products with {0} in their names: {1}").format(_(", ").join(one.words), words.name(one.family)) for one in found.families
    ]


def _of_table(name: str, table: Table) -> Iterator[str]:
    yield _("{0} from {1} (table {2})").format(_(NOUNS[table.noun]), table.file, name)
    for field, column in _sorted(table.fields, [*nouns.NOUNS[table.noun]]).items():
        yield f"{_(NOUNS[table.noun])} · {words.field(field)} ← {_of_column(column, nouns.NOUNS[table.noun][field])}"


def _of_column(column: Column, field: nouns.Field) -> str:
    said = [column.column]
    if column.codes:
        said.append(_(", ").join(f"{text} = {_meant(word, field)}" for text, word in _by_meaning(column.codes, field)))
    if column.unit != 1:
        said.append(_("times {0}").format(f"{column.unit:g}"))
    said += [column.format] if column.format else []
    said += [_("by {0}").format(words.field(BY[column.by]))] if column.by else []
    return " · ".join(said)


def _by_meaning(codes: dict[str, str | bool], field: nouns.Field) -> list[tuple[str, str | bool]]:
    order = [*field.words] if field.words else [True, False]
    return sorted(codes.items(), key=lambda pair: order.index(pair[1]))


def _meant(word: str | bool, field: nouns.Field) -> str:
    """What a text of the file stands for."""
    if isinstance(word, bool):
        return _("yes") if word else _("no")
    return words.name(field.words(word))


def written(body: dict) -> str:
    """A mapping as people edit it, its keys in the order of the manual: the store keeps none."""
    ordered = _sorted(body, [*Mapping.model_fields])
    ordered["tables"] = {name: _ordered(table) for name, table in body["tables"].items()}
    return yaml.safe_dump(ordered, allow_unicode=True, sort_keys=False, width=120)


def _ordered(table: dict) -> dict:
    return _sorted(table, [*Table.model_fields]) | {"fields": _sorted(table["fields"], [*nouns.NOUNS[table["noun"]]])}


def _sorted(part: dict, order: list[str]) -> dict:
    return dict(sorted(part.items(), key=lambda item: order.index(item[0])))


def blank(source: str, title: str) -> dict:
    """Loans and customers from two CSV files whose columns are called as we call the fields: what remains is to say otherwise."""
    return {
        "source": source, "title": {"zh": title}, "format": "csv", "encoding": "utf-8", "delimiter": ",", "columns": "header", "snapshot": "full",
        "date_format": "%Y-%m-%d", "tables": {noun: _blank(noun) for noun in ("customers", "loans")},
    }  # fmt: skip


def _blank(noun: str) -> dict:
    fields = {name: _blank_column(name, field) for name, field in nouns.NOUNS[noun].items() if field.required}
    return {"noun": noun, "file": noun + "_{date}.csv", "fields": fields}


def _blank_column(name: str, field: nouns.Field) -> object:
    if field.words is None:
        return words.field(name)
    return {"column": words.field(name), "codes": {words.name(word): word.value for word in field.words}}
