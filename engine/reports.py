"""Queries and reports: what somebody wishes to know, checked, asked of the store in his name, and laid out as a table.

A wish is data: it stands in an address, is saved under a name, and ships as a starter (starters/reports.yaml). It names
subjects, dimensions and measures of db/subjects.py; what it asks about is narrowed to what the asker may see.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

import yaml
from dateutil.relativedelta import relativedelta
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from db import access, branches, cube, definitions
from db.access import Connection, Person
from db.cube import GRAINS, NOTHING, Cell, Query
from db.listing import Page, Rows
from db.subjects import SUBJECTS, Dimension, Kind, Measure, Subject
from db.vocab import Definition
from engine import faults, permits, refusals, words
from engine.words import _
from engine.workbook import Field as Column

CELLS = 20_000  # a table with more is read by nobody
SECONDS = 20  # for one question; the store stops it then
STARTERS = Path(__file__).parent / "starters" / "reports.yaml"
PERIODS = {
    "all": "All time", "last_7": "Last 7 days", "last_30": "Last 30 days", "last_90": "Last 90 days", "this_month": "This month",
    "last_month": "Last month", "this_quarter": "This quarter", "last_quarter": "Last quarter", "this_year": "This year",
    "last_12": "Last 12 months", "days": "From day to day",
}  # fmt: skip
T = TypeVar("T")
TIMES = {"day": "Day", "week": "Week", "month": "Month", "quarter": "Quarter", "year": "Year"}


class Wish(BaseModel):
    """What somebody wishes to know. `under`: a branch's code; `by`: by which of the subject's days; `sort`: a measure,
    most first, else in the natural order of what the rows are split by; `top`: so many lines."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str
    measures: tuple[str, ...] = Field(min_length=1, max_length=8)
    rows: tuple[str, ...] = Field(default=(), max_length=3)
    column: str | None = None
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict, max_length=12)
    under: str | None = Field(default=None, max_length=40)
    by: str | None = None
    period: Literal[tuple(PERIODS)] = "all"
    since: date | None = None
    until: date | None = None
    sort: str | None = None
    top: int | None = Field(default=None, ge=1, le=1000)

    @property
    def split(self) -> tuple[str, ...]:
        return (*self.rows, self.column) if self.column else self.rows


def wish(given: object) -> Wish:
    """From data, or BadReport, which says what is wrong with it."""
    try:
        found = Wish.model_validate(given)
    except ValidationError as wrong:
        raise refusals.BadReport(problem=": ".join(filter(None, faults.first(wrong, given)))) from None
    for problem in _unknown(found):
        raise refusals.BadReport(problem=problem)
    return found


def _unknown(asked: Wish) -> Iterator[str]:
    subject = SUBJECTS.get(asked.subject)
    if subject is None:
        yield asked.subject
        return
    yield from (name for name in (*asked.split, *asked.where) if name not in (*subject.dimensions, *GRAINS))
    yield from (name for name in asked.measures if name not in subject.measures)
    yield from {name for name in asked.split if asked.split.count(name) > 1}
    if asked.by is not None and asked.by not in subject.days:
        yield asked.by
    if asked.sort is not None and asked.sort not in asked.measures:
        yield asked.sort


def open_to(by: Person) -> dict[str, Subject]:
    """The subjects that somebody may ask about."""
    return {name: subject for name, subject in SUBJECTS.items() if permits.may(by, subject.permit)}


def title_of(subject: Subject, name: str) -> str:
    """What a dimension is called."""
    return TIMES[name] if name in TIMES else subject.dimensions[name].title


def days_of(asked: Wish, today: date) -> tuple[date | None, date | None]:
    """First and last day of the period; None: open."""
    quarter = today.replace(month=today.month - (today.month - 1) % 3, day=1)
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    before = timedelta(days=1)
    return {
        "all": (None, None), "last_7": (today - timedelta(6), today), "last_30": (today - timedelta(29), today),
        "last_90": (today - timedelta(89), today), "this_month": (month, today), "last_month": (month - relativedelta(months=1), month - before),
        "this_quarter": (quarter, today), "last_quarter": (quarter - relativedelta(months=3), quarter - before), "this_year": (year, today),
        "last_12": (month - relativedelta(months=11), today), "days": (asked.since, asked.until),
    }[asked.period]  # fmt: skip


def query_of(conn: Connection, asked: Wish, today: date) -> Query:
    """The wish as it is on a day. A branch that is not there has no rows, rather than all."""
    since, until = days_of(asked, today)
    branch = branches.by_code(conn, asked.under) if asked.under else None
    under = None if not asked.under else branch.id if branch else 0
    if under is not None and "branch" not in SUBJECTS[asked.subject].dimensions:
        under = None
    return Query(asked.subject, asked.measures, asked.rows, asked.column, tuple(asked.where.items()), under, asked.by, since, until)


# --- The answer -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A line of the table: its keys and what they are called, and the figures under each column; the total is under None."""

    keys: tuple[str, ...]
    labels: tuple[str, ...]
    figures: Mapping[str | None, tuple]


@dataclass(frozen=True)
class Answer:
    """`columns`: key and name of each; `left_out`: lines beyond the wish's top."""

    wish: Wish
    today: date
    titles: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    total: Line
    left_out: int = 0

    @property
    def measures(self) -> list[Measure]:
        subject = SUBJECTS[self.wish.subject]
        return [subject.measures[name] for name in self.wish.measures]


def ask(conn: Connection, by: Person, asked: Wish, *, today: date) -> Answer:
    """Counted among what the asker may see, with totals."""
    _must(by, asked)
    query = query_of(conn, asked, today)
    access.set_patience(conn, SECONDS)
    cells = _in_time(lambda: cube.figures(conn, query, today, CELLS))
    if len(cells) > CELLS:
        raise refusals.TooManyCells(most=f"{CELLS:,}")
    return _laid_out(asked, cells, today, [_names(conn, SUBJECTS[asked.subject], name, today) for name in asked.split])


def behind(
    conn: Connection,
    by: Person,
    asked: Wish,
    keys: Sequence[str | None],
    measure: str,
    *,
    today: date,
    limit: int = 50,
    offset: int = 0,
) -> Page:
    """The rows behind one figure; `keys` as in the answer, None where it is a total."""
    _must(by, asked)
    access.set_patience(conn, SECONDS)
    return _in_time(lambda: cube.listing(conn, _narrowed(conn, asked, keys, today), measure, today, limit, offset))


def rows_behind(conn: Connection, by: Person, asked: Wish, keys: Sequence[str | None], measure: str, *, today: date) -> Rows:
    """The same, all of them, for a file."""
    _must(by, asked)
    return cube.export(conn, _narrowed(conn, asked, keys, today), measure, today)


def choices(conn: Connection, by: Person, asked: Wish, dimension: str, *, today: date) -> dict[str, str]:
    """{key: name} of the values that a dimension has in the asker's part of the bank, in their order."""
    _must(by, asked)
    bare = Query(asked.subject, (), where=())
    names = _names(conn, SUBJECTS[asked.subject], dimension, today)
    there = {*_in_time(lambda: cube.values_of(conn, bare, dimension, today)), *asked.where.get(dimension, ())}
    return {key: names.name(key) for key in sorted(there, key=names.place)}


def _must(by: Person, asked: Wish) -> None:
    permits.must(by, "reports.see")
    permits.must(by, SUBJECTS[asked.subject].permit)


def _in_time(do: Callable[[], T]) -> T:
    try:
        return do()
    except cube.TooSlow:
        raise refusals.TookTooLong(seconds=SECONDS) from None


def _narrowed(conn: Connection, asked: Wish, keys: Sequence[str | None], today: date) -> Query:
    query = query_of(conn, asked, today)
    cell = tuple((name, (key,)) for name, key in zip(asked.split, keys, strict=True) if key is not None)
    return replace(query, where=(*query.where, *cell))


# --- What keys are called, and in which order they stand --------------------------------------------------------------


@dataclass(frozen=True)
class Names:
    """Of one dimension's values. `known` is in their order; others follow as they stand, and nothing comes last."""

    known: Mapping[str, str]
    grain: str | None = None

    def name(self, key: str) -> str:
        """A word of ours that is no name of anybody (a job) is said in the reader's language."""
        if key == NOTHING:
            return _("none")
        return _time(key, self.grain) if self.grain else self.known.get(key) or _(key)

    def place(self, key: str) -> tuple:
        order = _order(self)
        return key == NOTHING, order.get(key, len(order)), key


def _order(names: Names) -> dict[str, int]:
    return {key: place for place, key in enumerate(names.known)}


def _names(conn: Connection, subject: Subject, dimension: str, today: date) -> Names:
    if dimension in GRAINS:
        return Names({}, dimension)
    asked = subject.dimensions[dimension]
    if asked.kind in (Kind.BRANCH, Kind.STAFF, Kind.PRODUCT):
        return Names(cube.names(conn, asked.kind))
    if asked.kind is Kind.RULE:
        return Names(_rules(conn, today))
    return Names(_words(asked))


def _words(asked: Dimension) -> dict[str, str]:
    match asked.kind:
        case Kind.WORD:
            return {word.value: words.name(word) for word in asked.words}
        case Kind.FLAG:
            return {"true": _("yes"), "false": _("no")}
        case Kind.BAND:
            return {key: _(text) for key, text in asked.words.items()}
    return {}


def _rules(conn: Connection, today: date) -> dict[str, str]:
    rows = [row for family in (Definition.TODO_RULE, Definition.SIGNAL_RULE) for row in definitions.in_force(conn, family, today)]
    return {row.code: f"{row.code} {words.in_language(row.body['title'])}" for row in rows}


def _time(key: str, grain: str) -> str:
    day = date.fromisoformat(key)
    match grain:
        case "month":
            return f"{day:%Y-%m}"
        case "quarter":
            return f"{day.year} Q{(day.month + 2) // 3}"
        case "year":
            return str(day.year)
    return key


def _laid_out(asked: Wish, cells: Sequence[Cell], today: date, names: Sequence[Names]) -> Answer:
    across = len(asked.rows)
    lines: dict[tuple, dict] = {}
    for cell in cells:
        lines.setdefault(cell.keys[:across], {})[cell.keys[across] if asked.column else None] = cell.values
    total = lines.pop((None,) * across, {})
    by_row = [n.place for n in names[:across]]
    ordered = sorted(lines, key=lambda keys: tuple(place(key) for place, key in zip(by_row, keys, strict=True)))
    if asked.sort:
        at = asked.measures.index(asked.sort)
        ordered.sort(key=lambda keys: -(lines[keys].get(None, (0,) * 9)[at] or 0))
    shown = ordered[: asked.top] if asked.top else ordered
    columns = sorted({key for figures in (*lines.values(), total) for key in figures if key is not None},
                     key=names[-1].place if asked.column else None)  # fmt: skip
    subject = SUBJECTS[asked.subject]
    return Answer(
        asked, today, tuple(title_of(subject, name) for name in asked.rows),
        tuple((key, names[-1].name(key)) for key in columns),
        tuple(Line(keys, tuple(n.name(key) for n, key in zip(names, keys, strict=False)), lines[keys]) for keys in shown),
        Line((None,) * across, (_("Total"), *[""] * (across - 1))[:across], total), len(ordered) - len(shown),
    )  # fmt: skip


# --- What ships -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Starter:
    """A report that ships: its name in both languages, and the wish."""

    code: str
    titles: Mapping[str, str]
    wish: Wish

    @property
    def name(self) -> str:
        return words.in_language(self.titles)


@cache
def starters() -> dict[str, Starter]:
    listed = yaml.safe_load(STARTERS.read_text(encoding="utf-8"))
    return {one["code"]: Starter(one["code"], one["title"], wish(one["wish"])) for one in listed}


def starters_for(by: Person) -> list[Starter]:
    """Those about subjects that somebody may ask about."""
    return [starter for starter in starters().values() if permits.may(by, SUBJECTS[starter.wish.subject].permit)]


def as_data(answer: Answer) -> dict:
    """For the command line and other programs: keys and names, money in yuan."""
    since, until = days_of(answer.wish, answer.today)
    return {
        "wish": answer.wish.model_dump(mode="json", exclude_defaults=True),
        "since": since and since.isoformat(), "until": until and until.isoformat(),
        "columns": [{"key": key, "name": name} for key, name in answer.columns],
        "lines": [_line(answer, line) for line in answer.lines],
        "total": _line(answer, answer.total), "left_out": answer.left_out,
    }  # fmt: skip


def _line(answer: Answer, line: Line) -> dict:
    figures = [
        {**({"column": key} if answer.wish.column else {}), **_figures(answer, values)}
        for key, values in sorted(line.figures.items(), key=lambda pair: (pair[0] is None, pair[0] or ""))
    ]
    return {"keys": list(line.keys), "names": list(line.labels), "figures": figures}


def _figures(answer: Answer, values: tuple) -> dict:
    return {name: plain(m, value) for name, m, value in zip(answer.wish.measures, answer.measures, values, strict=True)}


def plain(measure: Measure, value: object) -> float | int | None:
    """A figure as a number that people mean: money in yuan, shares as they are."""
    if value is None:
        return None
    match measure.kind:
        case "money":
            return round(int(value) / 100, 2)
        case "number":
            return int(value)
    return float(value)


# --- As a file --------------------------------------------------------------------------------------------------------


def fields_of(answer: Answer) -> list[Column]:
    """A table's columns: what its lines are split by, then each measure under each column, the totals last."""
    heads = [Column(title, lambda line, n=n: line.labels[n]) for n, title in enumerate(answer.titles)]
    under = [*answer.columns, *([(None, _("Total"))] if answer.columns else [(None, "")])]
    several = len(answer.measures) > 1 or not answer.columns
    return heads + [
        Column(" ".join(filter(None, (name, _(m.title) if several else ""))), _figure(key, n), m.kind)
        for key, name in under for n, m in enumerate(answer.measures)
    ]  # fmt: skip


def _figure(key: str | None, n: int) -> Callable[[Line], object]:
    def figure(line: Line) -> object:
        values = line.figures.get(key)
        return None if values is None else values[n]

    return figure


def fields_of_rows(asked: Wish) -> list[Column]:
    return [Column(d.title, name, d.kind, d.words) for name, d in SUBJECTS[asked.subject].details.items()]


def in_words(conn: Connection, asked: Wish, today: date) -> dict[str, str]:
    """What is asked, as people read it."""
    subject = SUBJECTS[asked.subject]
    since, until = days_of(asked, today)
    day = subject.days[asked.by or next(iter(subject.days))]
    told = {_("About"): _(subject.title), _("Figures"): _(", ").join(_(subject.measures[name].title) for name in asked.measures)}
    if since or until:
        told[_(day.title)] = f"{since or ''} — {until or ''}"
    branch = branches.by_code(conn, asked.under) if asked.under else None
    if asked.under:
        told[_("Branch")] = branch.name if branch else asked.under
    for name, keys in asked.where.items():
        names = _names(conn, subject, name, today)
        told[_(title_of(subject, name))] = _(", ").join(names.name(key) for key in keys)
    return told
