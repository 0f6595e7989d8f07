"""The monthly post-loan report (贷后管理月报) of the bank or of a branch, each figure beside that of the month before: counted once
here, and told on screen, on paper and in an Excel file.

Figures are the dashboard's own (db/figures.py) over the days of a month, and db/monthly.py's; nothing is counted here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import partial
from typing import Self

from db import branches, figures, monthly
from db.access import Connection, Person
from db.figures import Scope, Window
from db.vocab import Level, LoanClass, Role
from engine import permits, refusals, words
from engine.counting import Count
from engine.words import _
from engine.writing import money

PERMIT = "monthly.make"
WORSE = list(LoanClass)
WORSE_ONES = "worse"  # of the moves: all for the worse


@dataclass(frozen=True)
class Part:
    """Of which part of the bank a report is; `ids` None: of all that one sees."""

    ids: tuple[int, ...] | None
    name: str


@dataclass(frozen=True)
class Month:
    """A month with all that is said of it, for one scope."""

    first: date
    last: date
    work: object  # due, on_time, late, open of what was due
    completed: object  # done, and days from a todo's making to its completion
    visits: tuple[int, int, int]  # field visits, with a position to compare, on site
    overdue: Sequence  # by branch, at its end
    signals: Sequence
    taken: object  # of those raised: days until somebody took them
    closed: object  # days until they were closed, from their raising and from their taking
    migration: Sequence
    disbursed: object
    new_customers: int

    @property
    def overdue_total(self) -> int:
        return sum(row.total for row in self.overdue)

    @property
    def worse(self) -> int:
        """Loans that ended it in a worse class than they began it in."""
        return sum(row.n for row in self.migration if is_worse(row))


@dataclass(frozen=True)
class Report:
    """A month beside the one before, day by day, by branch and by officer."""

    part: Part
    today: date
    this: Month
    before: Month
    daily: Sequence
    branches: Sequence
    officers: Sequence

    @classmethod
    def of(cls, part: Part, today: date, counted: dict) -> Self:
        """From its figures as they were counted."""
        months = {name: Month(**counted[name]) for name in ("this", "before")}
        return cls(part, today, **counted | months)


def part_of(conn: Connection, branch_id: int | None, alone: bool, of: Person) -> Part:
    """A branch and those under it, or without these; without one all that somebody sees."""
    if branch_id is None:
        return Part(None, of.branch_name if of.role is Role.BRANCH_HEAD else _("Whole bank"))
    name = branches.names(conn)[branch_id]
    return Part((branch_id,), _("{0} alone").format(name)) if alone else Part(tuple(branches.under(conn, branch_id)), name)


def report(conn: Connection, by: Person, first: date, part: Part, *, today: date) -> Report:
    """Of the month that begins on `first`, up to today when it has not ended; NothingToPrint of one to come."""
    permits.must(by, PERMIT)
    return compose(conn, first, part, today)


def compose(conn: Connection, first: date, part: Part, today: date) -> Report:
    """The same for whoever has been permitted already."""
    if first > today:
        raise refusals.NothingToPrint
    return Report.of(part, today, _counted(conn, first, part.ids, today))


def whole(by: Person, first: date, part: Part, today: date) -> Count:
    """The same for a page, which may show what was counted before: `Report.of` makes the report of it."""
    permits.must(by, PERMIT)
    if first > today:
        raise refusals.NothingToPrint
    return count(first, part.ids, today)


def count(first: date, branch_ids: tuple[int, ...] | None, today: date) -> Count:
    """All figures of a report, by the names of its fields."""
    return Count("monthly", repr((first, branch_ids, today)), lambda conn: _counted(conn, first, branch_ids, today))


def _counted(conn: Connection, first: date, branch_ids: tuple[int, ...] | None, today: date) -> dict:
    this, before = (_month(conn, begun, branch_ids, today) for begun in (first, month_before(first)))
    scope = Scope(this["last"], branch_ids)
    return {
        "this": this, "before": before, "daily": figures.completion_per_day(conn, scope, first),
        "branches": sorted((row for row in figures.branch_table(conn, scope, first) if row.due or row.visits), key=_rate),
        "officers": sorted((row for row in figures.officer_table(conn, scope, first) if row.due), key=_rate),
    }  # fmt: skip


def _rate(row) -> float:
    return row.on_time / row.due if row.due else 1


def _month(conn: Connection, first: date, branch_ids: tuple[int, ...] | None, today: date) -> dict:
    """All figures of a month, up to today when it has not ended."""
    last = min(_next(first) - timedelta(days=1), today)
    scope, window = Scope(last, branch_ids), [Window(first, last)]
    seen = figures.visited(conn, scope, window)[0]
    counted_on = monthly.last_day_kept(conn, first, last)
    return {
        "first": first, "last": last, "work": figures.completion(conn, scope, window)[0], "completed": figures.completed(conn, scope, window)[0],
        "visits": (seen.visits, seen.placed, seen.on_site),
        "overdue": monthly.overdue_by_branch(conn, scope, counted_on) if counted_on else [],
        "signals": monthly.signals_of(conn, scope, first, last), "taken": figures.signals_raised(conn, scope, window)[0],
        "closed": figures.signals_closed(conn, scope, window)[0], "migration": monthly.migration(conn, scope, first - timedelta(days=1), last),
        "disbursed": monthly.disbursed(conn, scope, first, last), "new_customers": monthly.new_customers(conn, scope, first, last),
    }  # fmt: skip


def _next(first: date) -> date:
    return (first.replace(day=1) + timedelta(days=32)).replace(day=1)


def month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def is_worse(row) -> bool:
    return WORSE.index(LoanClass(row.became)) > WORSE.index(LoanClass(row.was))


# --- Figures, each beside the month before ----------------------------------------------------------------------------


class Unit(StrEnum):
    """What a figure is counted in."""

    NUMBER = "number"
    PERCENT = "percent"
    YUAN = "yuan"
    DAYS = "days"


WHAT = {Unit.NUMBER: "A count", Unit.PERCENT: "Percent", Unit.YUAN: "Yuan", Unit.DAYS: "Days"}


@dataclass(frozen=True)
class Figure:
    """`good`: 1 where more is better, -1 where less is. `page` and `query`: the list with its rows, where there is one."""

    what: str
    now: float | None
    then: float | None
    unit: Unit = Unit.NUMBER
    good: int = 0
    page: str | None = None
    query: dict = field(default_factory=dict)

    @property
    def told(self) -> tuple[str, str, str]:
        """This month, the month before, and the change, in words."""
        return _written(self.now, self.unit), _written(self.then, self.unit), self._change()

    def _change(self) -> str:
        if self.now is None or self.then is None or self.now == self.then:
            return "—"
        moved = self.now - self.then
        match self.unit:
            case Unit.PERCENT:
                return _("{0} percentage points").format(f"{moved:+.1f}")
            case Unit.YUAN:
                return f"{100 * moved / self.then:+.1f}%" if self.then else "—"
        return f"{moved:+,.1f}" if self.unit is Unit.DAYS else f"{moved:+,.0f}"

    @property
    def is_worse(self) -> bool:
        return self.now is not None and self.then is not None and (self.now - self.then) * self.good < 0


def _written(value: float | None, unit: Unit) -> str:
    if value is None:
        return "—"
    match unit:
        case Unit.PERCENT:
            return f"{value:.1f}%"
        case Unit.YUAN:
            return money(round(value * 100))
    return f"{value:,.1f}" if unit is Unit.DAYS else f"{value:,.0f}"


def glance(said: Report) -> list[Figure]:
    """The report's figures in the order in which they are read."""
    return [*_of_work(said), *_of_visits(said), *_of_signals(said), *_of_business(said)]


def _of_work(said: Report) -> Iterator[Figure]:
    this, before = said.this, said.before
    due = {"due_from": this.first, "due_to": this.last}
    yield Figure(_("Checks due"), this.work.due, before.work.due, page="todos", query={"state": "kept"} | due)
    yield Figure(
        _("Completion rate"),
        _share(this.work.on_time, this.work.due),
        _share(before.work.on_time, before.work.due),
        Unit.PERCENT,
        1,
    )
    yield Figure(_("Done on time"), this.work.on_time, before.work.on_time)
    yield Figure(_("Done late"), this.work.late, before.work.late)
    yield Figure(_("Still open"), this.work.open, before.work.open, page="todos", query={"state": "pending"} | due)
    closed = {"state": "done", "closed_from": this.first, "closed_to": this.last}
    yield Figure(_("Todos completed"), this.completed.done, before.completed.done, page="todos", query=closed)
    yield from _spread(
        _("Days to complete, median"), _("Days to complete, nine of ten"), this.completed.days, before.completed.days
    )
    late = {"page": "todos", "query": {"late": "true"}} if this.last == said.today else {}
    yield Figure(_("Overdue todos at the end"), this.overdue_total, before.overdue_total, good=-1, **late)


def _of_visits(said: Report) -> Iterator[Figure]:
    (visits, placed, on_site), (visits_then, placed_then, on_site_then) = said.this.visits, said.before.visits
    done = {"mode": "field", "done_from": said.this.first, "done_to": said.this.last}
    yield Figure(_("Field visits"), visits, visits_then, page="records", query=done)
    yield Figure(
        _("On site, of those with a position to compare"), _share(on_site, placed), _share(on_site_then, placed_then), Unit.PERCENT, 1,
        "records", done | {"site": "known"},
    )  # fmt: skip


def _of_signals(said: Report) -> Iterator[Figure]:
    this, before = said.this, said.before
    both = partial(_of_levels, this, before)
    raised, closed = ({f"{name}_from": this.first, f"{name}_to": this.last} for name in ("raised", "closed"))
    yield Figure(_("Signals raised"), *both("raised"), page="signals", query=raised)
    yield from _spread(
        _("Days to take a signal, median"), _("Days to take a signal, nine of ten"), this.taken.days, before.taken.days
    )
    yield Figure(
        _("Signals closed by somebody"),
        this.closed.closed,
        before.closed.closed,
        page="signals",
        query=closed | {"by_hand": "true"},
    )
    yield from _spread(
        _("Days to close a signal, median"), _("Days to close a signal, nine of ten"), this.closed.days, before.closed.days
    )
    yield from _spread(
        _("Days from taking to closing, median"), _("Days from taking to closing, nine of ten"), this.closed.in_hand, before.closed.in_hand
    )  # fmt: skip
    yield Figure(_("Signals still open at the end"), *both("open"), good=-1, page="signals", query={"open_on": this.last})


def _of_business(said: Report) -> Iterator[Figure]:
    this, before = said.this, said.before
    paid = {"page": "loans", "query": {"paid_from": this.first, "paid_to": this.last}}
    yield Figure(
        _("Loans that moved to a worse class"), this.worse, before.worse, good=-1, page="monthly", query={"moved": WORSE_ONES}
    )
    yield Figure(_("New customers"), this.new_customers, before.new_customers)
    yield Figure(_("Loans paid out"), this.disbursed.n, before.disbursed.n, **paid)
    yield Figure(
        _("Amount paid out"), int(this.disbursed.amount_fen) / 100, int(before.disbursed.amount_fen) / 100, Unit.YUAN, **paid
    )


def _of_levels(this: Month, before: Month, name: str) -> tuple[int, int]:
    return sum(getattr(row, name) for row in this.signals), sum(getattr(row, name) for row in before.signals)


def _spread(median: str, slow: str, now: Sequence[float] | None, then: Sequence[float] | None) -> Iterator[Figure]:
    """Median and 90th percentile of some days."""
    for n, what in enumerate((median, slow)):
        yield Figure(what, now and now[n], then and then[n], Unit.DAYS, -1)


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


# --- As lines of a file -----------------------------------------------------------------------------------------------


def signals_behind(month: Month, what: str) -> dict:
    """The list of signals behind a figure of a level: one of STATES, without the level."""
    if what == "raised":
        return {"raised_from": month.first, "raised_to": month.last}
    if what == "open":
        return {"open_on": month.last}
    return {"closed_from": month.first, "closed_to": month.last} | ({} if what == "closed" else {"state": what})


def moved_ones(conn: Connection, by: Person, month: Month, part: Part, which: str) -> Sequence:
    """The loans behind the figures of class migration, largest first; `which`: "normal-loss", or all for the worse."""
    permits.must(by, PERMIT)
    return moves(conn, month.first, month.last, part.ids, which)


def moves(conn: Connection, first: date, last: date, branch_ids: tuple[int, ...] | None, which: str) -> Sequence:
    """The same for a file, whose maker was permitted."""
    found = monthly.moved(conn, Scope(last, branch_ids), first - timedelta(days=1), last)
    return [row for row in found if (is_worse(row) if which == WORSE_ONES else which == f"{row.was}-{row.became}")]


STATES = {
    "raised": "Signals raised",
    "closed": "Closed",
    "false_alarm": "False alarm",
    "lifted": "Lifted",
    "open": "Open at the end",
}


@dataclass(frozen=True)
class Row:
    """One figure of a chapter: of a branch, an officer, a level, a class; or of the whole, whose `of` is empty."""

    chapter: str
    of: str
    figure: Figure


def rows(said: Report) -> list[Row]:
    """Every figure of the report, chapter by chapter."""
    found = [Row(_("At a glance"), "", figure) for figure in glance(said)]
    for chapter, table, name in ((_("By branch"), said.branches, "branch"), (_("By officer"), said.officers, "officer")):
        found += [Row(chapter, getattr(row, name) or _("nobody yet"), figure) for row in table for figure in _of_worker(row)]
    for row in said.this.signals:
        level = words.name(Level(row.level))
        found += [Row(_("Warning signals"), level, Figure(_(title), getattr(row, name), None)) for name, title in STATES.items()]
    for row in said.this.migration:
        moved = f"{words.name(LoanClass(row.was))} → {words.name(LoanClass(row.became))}"
        found += [Row(_("Class migration"), moved, figure) for figure in _of_move(row)]
    return found


def _of_move(row) -> Iterator[Figure]:
    yield Figure(_("Loans"), row.n, None)
    yield Figure(_("Balance"), int(row.balance_fen) / 100, None, Unit.YUAN)


def _of_worker(row) -> Iterator[Figure]:
    yield Figure(_("Checks due"), row.due, None)
    yield Figure(_("Done on time"), row.on_time, None)
    yield Figure(_("Completion rate"), _share(row.on_time, row.due), None, Unit.PERCENT)
    yield Figure(_("Field visits"), row.visits, None)
    yield Figure(_("On site"), _share(row.on_site, row.placed), None, Unit.PERCENT)
