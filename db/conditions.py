"""A condition tree as SQL: fields from the vocabulary, values bound.

    {"all": [...]} | {"any": [...]} | {"not": {...}} | {"field": "balance", "op": "gte", "value": 5000000}

An unknown value (null) satisfies no comparison, not_in included; `not` means "is not known to be", and so holds for it.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

import sqlalchemy as sa

from db.face import Field, Kind


def compiled(tree: dict, fields: Mapping[str, Field], today: date) -> sa.ColumnElement[bool]:
    if "all" in tree:
        return sa.and_(sa.true(), *(compiled(part, fields, today) for part in tree["all"]))
    if "any" in tree:
        return sa.or_(sa.false(), *(compiled(part, fields, today) for part in tree["any"]))
    if "not" in tree:
        return sa.not_(sa.func.coalesce(compiled(tree["not"], fields, today), False))
    return _leaf(fields[tree["field"]], tree["op"], tree["value"], today)


def leaves(tree: dict) -> Iterator[dict]:
    """Every comparison in a tree, left to right."""
    if "field" in tree:
        yield tree
        return
    for part in tree.get("all") or tree.get("any") or ([tree["not"]] if "not" in tree else []):
        yield from leaves(part)


def _leaf(field: Field, op: str, value: object, today: date) -> sa.ColumnElement[bool]:
    column = field.sql(today)
    match op:
        case "in":
            return column.in_(_listed(field, value))
        case "not_in":
            return column.not_in(_listed(field, value))
        case "is":
            return column.is_(bool(value))
        case "at_least" | "at_most":
            return column.in_(_ranked(field, op, value))
    bound = Decimal(str(value)) * (100 if field.kind is Kind.MONEY else 1)
    if bound == bound.to_integral_value():
        bound = int(bound)  # so that an index serves
    return {"gte": column >= bound, "gt": column > bound, "lte": column <= bound, "lt": column < bound}[op]


def _listed(field: Field, value: object) -> list:
    return list(value) if isinstance(value, list | tuple) else [value]


def _ranked(field: Field, op: str, value: object) -> list:
    words = [str(w) for w in field.words]
    place = words.index(value)
    return words[place:] if op == "at_least" else words[: place + 1]
