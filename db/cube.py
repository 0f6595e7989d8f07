"""Figures along any dimension: a query of `db.subjects`' words, compiled to SQL and counted under row security.

Totals come from the same statement (grouping sets): a share of a total is not the sum of shares.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import psycopg2.errors
import sqlalchemy as sa
from sqlalchemy import func, select

from db.listing import Page, Rows, page
from db.subjects import SUBJECTS, Detail, Dimension, Kind, Measure, Subject, at
from db.tables import branch_tree, branches, products, staff

GRAINS = ("day", "week", "month", "quarter", "year")
NOTHING = ""  # the key of rows that have no value


@dataclass(frozen=True)
class Query:
    """`where`: (dimension or grain, keys) each row must have one of; `under`: a branch with all below it; `by`: which of the
    subject's days the period and the grains are of."""

    subject: str
    measures: tuple[str, ...]
    rows: tuple[str, ...] = ()
    column: str | None = None
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    under: int | None = None
    by: str | None = None
    since: date | None = None
    until: date | None = None

    @property
    def split(self) -> tuple[str, ...]:
        return (*self.rows, self.column) if self.column else self.rows


class TooSlow(Exception):
    """The statement ran into the time that its transaction has."""


@dataclass(frozen=True)
class Cell:
    """A figure for each measure. `keys`: one for each dimension the query is split by, None where it is a total."""

    keys: tuple[str | None, ...]
    values: tuple


def figures(conn: sa.Connection, query: Query, today: date, most: int) -> list[Cell]:
    """All cells with the totals of rows, of columns and of everything; at most one more than `most`."""
    subject = SUBJECTS[query.subject]
    keys = [_key(subject, query, name, today).label(f"k{n}") for n, name in enumerate(query.split)]
    values = [at(subject.measures[name].sql, today).label(f"m{n}") for n, name in enumerate(query.measures)]
    asked = _narrowed(select(*keys, *values), query, today, [*query.split], [subject.measures[name] for name in query.measures])
    if keys:
        asked = asked.add_columns(func.grouping(*(k.element for k in keys)).label("g")).group_by(_sets(query, keys))
    rows = _in_time(conn, asked.limit(most + 1))
    return [_cell(row, len(keys)) for row in rows]


def _sets(query: Query, keys: list[sa.Label]) -> sa.ColumnElement:
    plain = [k.element for k in keys]
    sets = [sa.tuple_(*plain), sa.tuple_()]
    if query.column and query.rows:
        sets += [sa.tuple_(*plain[:-1]), sa.tuple_(plain[-1])]
    return func.grouping_sets(*sets)


def _cell(row: sa.Row, n: int) -> Cell:
    total = row.g if n else 0
    keys = tuple(None if total >> (n - 1 - i) & 1 else row[i] if row[i] is not None else NOTHING for i in range(n))
    return Cell(keys, tuple(row[n : len(row) - (1 if n else 0)]))


def listing(conn: sa.Connection, query: Query, measure: str | None, today: date, limit: int, offset: int = 0) -> Page:
    """One page of the rows behind a figure: of those that the query is narrowed to, the ones that the measure counts."""
    subject = SUBJECTS[query.subject]
    return page(conn, _listed(subject, query, measure, today), {"id": subject.id}, "-id", limit, offset)


def export(conn: sa.Connection, query: Query, measure: str | None, today: date) -> Rows:
    subject = SUBJECTS[query.subject]
    return Rows(conn, _listed(subject, query, measure, today).order_by(subject.id))


def _listed(subject: Subject, query: Query, measure: str | None, today: date) -> sa.Select:
    columns = [detail.sql.label(name) for name, detail in subject.details.items()]
    counts = subject.measures[measure] if measure else None
    asked = _narrowed(select(*columns), query, today, [], [*subject.details.values(), *([counts] if counts else [])])
    return asked if counts is None or counts.rows is None else asked.where(at(counts.rows, today))


def values_of(conn: sa.Connection, query: Query, dimension: str, today: date) -> list[str]:
    """Which keys of a dimension there are among the rows that the query is narrowed to."""
    key = _key(SUBJECTS[query.subject], query, dimension, today)
    asked = _narrowed(select(key.label("key")).distinct(), query, today, [dimension], []).order_by("key").limit(500)
    return [NOTHING if row.key is None else row.key for row in _in_time(conn, asked)]


def _in_time(conn: sa.Connection, asked: sa.Select) -> list[sa.Row]:
    try:
        return conn.execute(asked).all()
    except sa.exc.OperationalError as wrong:
        if isinstance(wrong.orig, psycopg2.errors.QueryCanceled):
            raise TooSlow from None
        raise


# --- From words to SQL ------------------------------------------------------------------------------------------------


def _narrowed(asked: sa.Select, query: Query, today: date, split: list[str], used: Iterable[Measure | Detail]) -> sa.Select:
    """Over the subject's rows and no more joins than what is asked needs."""
    subject = SUBJECTS[query.subject]
    names = [*split, *(name for name, _keys in query.where)]
    needs = {join for name in names for join in getattr(subject.dimensions.get(name), "needs", ())}
    needs |= {join for one in used for join in one.needs}
    source = subject.source
    for join in sorted(needs):
        table, on = subject.joins[join]
        source = source.outerjoin(table, on)
    return asked.select_from(source).where(*_conditions(subject, query, today))


def _conditions(subject: Subject, query: Query, today: date) -> list[sa.ColumnElement[bool]]:
    where = [_one_of(_key(subject, query, name, today), keys) for name, keys in query.where]
    if query.under is not None:
        below = select(branch_tree.c.branch_id).where(branch_tree.c.ancestor_id == query.under)
        where.append(subject.dimensions["branch"].sql.in_(below))
    day = _day(subject, query)
    where += [day >= query.since] if query.since else []
    where += [day <= query.until] if query.until else []
    return where


def _one_of(key: sa.ColumnElement, keys: tuple[str, ...]) -> sa.ColumnElement[bool]:
    there = [k for k in keys if k != NOTHING]
    return sa.or_(key.in_(there), key.is_(None)) if NOTHING in keys else key.in_(there)


def _day(subject: Subject, query: Query) -> sa.ColumnElement:
    return subject.days[query.by or next(iter(subject.days))].sql


def _key(subject: Subject, query: Query, name: str, today: date) -> sa.ColumnElement:
    """A dimension's value as text, the same in answers, addresses and files."""
    if name in GRAINS:
        begin = func.date_trunc(sa.literal_column(f"'{name}'"), sa.cast(_day(subject, query), sa.DateTime))
        return func.to_char(begin, sa.literal_column("'YYYY-MM-DD'"))
    dimension: Dimension = subject.dimensions[name]
    value = at(dimension.sql, today)
    return value if dimension.kind in (Kind.TEXT, Kind.RULE, Kind.BAND) else sa.cast(value, sa.Text)


# --- What keys are called ---------------------------------------------------------------------------------------------


def names(conn: sa.Connection, kind: Kind) -> dict[str, str]:
    """{key: name} of every branch, everybody or every product, in the order in which they are listed."""
    b, s, p = branches.c, staff.c, products.c
    asked = {
        Kind.BRANCH: select(b.id, b.name).order_by(b.code),
        Kind.STAFF: select(s.id, s.name + " · " + b.name).outerjoin(branches, b.id == s.branch_id).order_by(b.code, s.name, s.id),
        Kind.PRODUCT: select(p.id, p.name).order_by(p.code),
    }[kind]
    return {str(key): name for key, name in conn.execute(asked)}
