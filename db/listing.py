"""One page of a list: filtered, sorted by an allowed column, counted up to a point."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import func, select

LAST = "\U0010ffff"  # sorts behind every character
COUNTED = 10_000  # beyond this a list says "more than": nobody pages so far, and counting on costs seconds


@dataclass(frozen=True)
class Page:
    """Rows of one page and how many there are in all; `more` when the count stopped at its limit."""

    rows: list[sa.Row]
    total: int
    more: bool = False


@dataclass(frozen=True)
class InSteps:
    """What lists begin with, and the coarser steps of it by which an index brings the first: an amount and its power of two, a moment
    and its day."""

    step: sa.ColumnElement
    exact: sa.ColumnElement


Sorts = Mapping[str, sa.ColumnElement | InSteps]


def page(conn: sa.Connection, query: sa.Select, sorts: Sorts, sort: str, limit: int, offset: int = 0) -> Page:
    """`sort` is a key of `sorts`, with a leading minus for descending; an unknown one falls back to the first."""
    total = count(conn, query)
    last = max(0, total - 1) // limit * limit  # a page past the end is the last one
    rows = conn.execute(ordered(query, sorts, sort).limit(limit).offset(min(offset, last))).all() if total else []
    return Page(rows, min(total, COUNTED), total > COUNTED)


def count(conn: sa.Connection, query: sa.Select) -> int:
    """Up to one more than is told; without columns, so that joins which only bring names cost nothing."""
    bare = query.order_by(None).with_only_columns(sa.literal(1).label("row"), maintain_column_froms=True)
    return conn.execute(select(func.count()).select_from(bare.limit(COUNTED + 1).subquery())).scalar_one()


def ordered(query: sa.Select, sorts: Sorts, sort: str) -> sa.Select:
    """By an allowed column and then by what is unique, so written that an index can bring the first rows."""
    name = sort.removeprefix("-")
    column = sorts.get(name)
    if column is None:
        column, sort = next(iter(sorts.values())), ""
    tie, down = _tie(query), sort.startswith("-")
    if isinstance(column, InSteps):
        query, column = query.order_by(column.step.desc() if down else column.step), column.exact
    if getattr(column, "primary_key", False):
        return query.order_by(column.desc() if down else column)
    if getattr(column, "table", None) is tie.table and not column.nullable:  # never null: the index is read as it stands
        return query.order_by(*((column.desc(), tie.desc()) if down else (column, tie)))
    return query.order_by(column.desc().nulls_last() if down else column.asc().nulls_last(), tie)


def _tie(query: sa.Select) -> sa.ColumnElement:
    """Something unique behind every order, so that pages neither repeat nor skip."""
    return next(iter(query.selected_columns))


class Rows:
    """All rows of a query, fetched a few thousand at a time as they are gone through: for exports."""

    def __init__(self, conn: sa.Connection, query: sa.Select) -> None:
        self._conn, self.query = conn, query

    def __iter__(self) -> Iterator[sa.Row]:
        return iter(self._conn.execute(self.query, execution_options={"yield_per": 5000}))

    def count(self) -> int:
        bare = self.query.order_by(None).with_only_columns(sa.literal(1).label("row"), maintain_column_froms=True)
        return self._conn.execute(select(func.count()).select_from(bare.subquery())).scalar_one()


def stream(conn: sa.Connection, query: sa.Select, sorts: Sorts, sort: str) -> Rows:
    return Rows(conn, ordered(query, sorts, sort))


def contains(column: sa.ColumnElement, text: str) -> sa.ColumnElement[bool]:
    """The text anywhere in the column, its % and _ meaning themselves."""
    return column.ilike(f"%{_literal(text)}%", escape="\\")


def begins(column: sa.ColumnElement, text: str) -> sa.ColumnElement[bool]:
    return column.like(f"{_literal(text)}%", escape="\\")


def starts(column: sa.ColumnElement, text: str) -> sa.ColumnElement[bool]:
    """As `begins`, by comparisons that an index answers under the rules of sight, where it answers no LIKE."""
    return sa.and_(column >= text, column < text + LAST, begins(column, text))


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
