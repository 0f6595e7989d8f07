"""The monthly post-loan report (贷后管理月报) of the bank or of a branch, each figure beside that of the month before.

Figures are the dashboard's own (db/figures.py) over the days of a month, and db/monthly.py's; nothing is counted here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from db import audit, branches, figures, monthly
from db.access import Connection, Person
from db.figures import Scope, Window
from db.vocab import Level, LoanClass, Role
from engine import permits, refusals, words, writing
from engine.papers import paper, press
from engine.papers.inspection import File
from engine.papers.paper import AMBER, GREEN, GREY, RED, TEAL, Block, Cell, Paper
from engine.words import _
from engine.writing import money, percent

PERMIT = "monthly.make"
LONGEST = 15  # lines of a ranking
LEVELS = {Level.RED: RED, Level.ORANGE: "#C2611B", Level.YELLOW: "#A98600", Level.BLUE: "#2F6DA8"}
WORSE = list(LoanClass)


@dataclass(frozen=True)
class Month:
    """A month with all that is said of it, for one scope."""

    first: date
    last: date
    work: object  # due, on_time, late, open of what was due
    visits: tuple[int, int, int]  # field visits, with a position to compare, on site
    overdue: Sequence  # by branch, at its end
    signals: Sequence
    migration: Sequence
    disbursed: object
    new_customers: int

    @property
    def overdue_total(self) -> int:
        return sum(row.total for row in self.overdue)


def of_month(conn: Connection, by: Person, first: date, branch_id: int | None = None, *, now: datetime, today: date) -> File:
    """The report of the month that begins on `first`; of the whole bank as far as one sees it, or of a branch and those under it."""
    permits.must(by, PERMIT)
    if first > today:
        raise refusals.NothingToPrint
    ids = tuple(branches.under(conn, branch_id)) if branch_id else None
    this, before = count(conn, first, ids, today), count(conn, _month_before(first), ids, today)
    whose = branches.names(conn)[branch_id] if branch_id else _("Whole bank") if by.role is not Role.BRANCH_HEAD else by.branch_name
    said = Paper(_("Monthly post-loan report"), f"{whose} · {first:%Y-%m}", [(_("Branch"), whose), (_("Period"), _span(this))])
    said.summary = [paper.heading(_("At a glance")), _glance(this, before)]
    table = figures.branch_table(conn, Scope(this.last, ids), this.first)
    daily = figures.completion_per_day(conn, Scope(this.last, ids), this.first)
    said.blocks = [
        *_completion(daily, table),
        *_overdue(this),
        *_signals(this, before),
        *_migration(this),
        *_business(this, before),
    ]
    digest = said.digest()
    audit.note(conn, "paper", "papers", None, {"paper": "Monthly post-loan report", "of": said.subtitle, "digest": digest})
    return File(f"{_('Monthly post-loan report')}-{first:%Y%m}.pdf", press.pdf(said, by, now), digest)


def count(conn: Connection, first: date, branch_ids: tuple[int, ...] | None, today: date) -> Month:
    """All figures of a month, up to today when it has not ended."""
    last = min(_next(first) - timedelta(days=1), today)
    scope = Scope(last, branch_ids)
    seen = figures.on_site_per_day(conn, scope, first)
    counted_on = monthly.last_day_kept(conn, first, last)
    return Month(
        first, last, figures.completion(conn, scope, [Window(first, last)])[0],
        (sum(d.visits for d in seen), sum(d.placed for d in seen), sum(d.on_site for d in seen)),
        monthly.overdue_by_branch(conn, scope, counted_on) if counted_on else [], monthly.signals_of(conn, scope, first, last),
        monthly.migration(conn, scope, first - timedelta(days=1), last), monthly.disbursed(conn, scope, first, last),
        monthly.new_customers(conn, scope, first, last),
    )  # fmt: skip


def _next(first: date) -> date:
    return (first.replace(day=1) + timedelta(days=32)).replace(day=1)


def _month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def _span(month: Month) -> str:
    return _("{0} to {1}").format(month.first.isoformat(), month.last.isoformat())


# --- At a glance ------------------------------------------------------------------------------------------------------


def _glance(this: Month, before: Month) -> Block:
    head = [_("Figure"), _("This month"), _("Month before"), _("Change")]
    counted = [
        (_("Checks due"), "due"), (_("Done on time"), "on_time"), (_("Done late"), "late"), (_("Still open"), "open"),
    ]  # fmt: skip
    rows = [_line(title, getattr(this.work, name), getattr(before.work, name)) for title, name in counted]
    rows.insert(1, _share(_("Completion rate"), this.work.on_time, this.work.due, before.work.on_time, before.work.due))
    rows += [
        _line(_("Field visits"), this.visits[0], before.visits[0]),
        _share(_("On site, of those with a position to compare"), this.visits[2], this.visits[1], before.visits[2], before.visits[1]),
        _line(_("Overdue todos at the end"), this.overdue_total, before.overdue_total, bad=True),
        _line(_("Signals raised"), *(sum(s.raised for s in m.signals) for m in (this, before))),
        _line(_("Signals still open at the end"), *(sum(s.open for s in m.signals) for m in (this, before)), bad=True),
        _line(_("Loans that moved to a worse class"), _worse(this), _worse(before), bad=True),
        _line(_("New customers"), this.new_customers, before.new_customers),
        _line(_("Loans paid out"), this.disbursed.n, before.disbursed.n),
        [_("Amount paid out"), money(this.disbursed.amount_fen), money(before.disbursed.amount_fen), _change(this.disbursed.amount_fen, before.disbursed.amount_fen)],
    ]  # fmt: skip
    return paper.table(head, [3.4, 1.4, 1.4, 1.2], rows, right=(1, 2, 3))


def _line(title: str, now: int, then: int, bad: bool = False) -> list[Cell]:
    """`bad`: more of it is worse, and is marked."""
    change = f"{now - then:+,}" if now != then else "—"
    return [title, f"{now:,}", f"{then:,}", paper.coloured(f"▲ {change}", RED) if bad and now > then else change]


def _share(title: str, part: int, whole: int, part_then: int, whole_then: int) -> list[Cell]:
    known = whole and whole_then
    points = 100 * part / whole - 100 * part_then / whole_then if known else 0
    return [title, percent(part, whole), percent(part_then, whole_then), _("{0} points").format(f"{points:+.1f}") if known else "—"]


def _change(now: int, then: int) -> str:
    return f"{100 * (now - then) / then:+.1f}%" if then else "—"


def _worse(month: Month) -> int:
    return sum(row.n for row in month.migration if _is_worse(row))


def _is_worse(row) -> bool:
    return WORSE.index(LoanClass(row.became)) > WORSE.index(LoanClass(row.was))


# --- Chapters ---------------------------------------------------------------------------------------------------------


def _completion(daily: Sequence, table: Sequence) -> list[Block]:
    series = [(_("Done on time"), GREEN), (_("Done late"), AMBER), (_("Still open"), GREY)]
    days = [(f"{row.day:%d}", (row.on_time, row.late, row.open)) for row in daily]
    head = [_("Branch"), _("Checks due"), _("Done on time"), _("Completion rate"), _("Field visits"), _("On site")]
    worked = sorted((row for row in table if row.due or row.visits), key=lambda row: row.on_time / row.due if row.due else 1)
    rows = [
        [
            row.branch,
            f"{row.due:,}",
            f"{row.on_time:,}",
            percent(row.on_time, row.due),
            f"{row.visits:,}",
            percent(row.on_site, row.placed),
        ]
        for row in worked
    ]
    return [
        paper.heading(_("Completion")), paper.note(_("What was due on each day, and what became of it.")),
        paper.columns(series, days) if days else paper.note(_("Nothing was due in these days.")),
        paper.heading(_("By branch, the lowest completion rate first"), 2), paper.table(head, [3, 1, 1, 1.3, 1, 1], rows, right=range(1, 6)),
    ]  # fmt: skip


def _overdue(this: Month) -> list[Block]:
    if not this.overdue:
        return [paper.heading(_("Overdue todos")), paper.note(_("Nothing was overdue at the end of these days."))]
    rows = [
        (row.branch, row.total, _("{0:,} · over 30 days {1:,}").format(row.total, row.late_more), AMBER)
        for row in this.overdue[:LONGEST]
    ]
    return [
        paper.heading(_("Overdue todos")),
        paper.note(_("Open past due and grace at the end of these days, by branch.")),
        paper.bars(rows),
    ]


def _signals(this: Month, before: Month) -> list[Block]:
    then = {row.level: row.raised for row in before.signals}
    bars = [(words.name(Level(row.level)), row.raised, f"{row.raised:,}", LEVELS[Level(row.level)]) for row in this.signals]
    head = [_("Level"), _("Raised"), _("Month before"), _("Closed"), _("False alarm"), _("Lifted"), _("Open at the end")]
    rows = [[
        words.name(Level(row.level)), f"{row.raised:,}", f"{then.get(row.level, 0):,}", f"{row.closed:,}", f"{row.false_alarm:,}", f"{row.lifted:,}", f"{row.open:,}",
    ] for row in this.signals]  # fmt: skip
    if not rows:
        return [paper.heading(_("Warning signals")), paper.note(_("No signals in these days."))]
    return [
        paper.heading(_("Warning signals")), paper.note(_("Raised, with a thin bar for the month before.")),
        paper.bars(bars, [then.get(row.level, 0) for row in this.signals]), paper.table(head, [1] * 7, rows, right=range(1, 7)),
    ]  # fmt: skip


def _migration(this: Month) -> list[Block]:
    head = [_("Class at the beginning"), _("Class at the end"), _("Loans"), _("Balance")]
    rows = [[words.name(LoanClass(row.was)), _moved(row), f"{row.n:,}", money(row.balance_fen)] for row in this.migration]
    blocks = [paper.heading(_("Class migration"))]
    return blocks + [paper.table(head, [2, 2, 1, 1.4], rows, right=(2, 3)) if rows else paper.note(_("No loan changed its class."))]


def _moved(row) -> Cell:
    name = words.name(LoanClass(row.became))
    return paper.coloured(f"▲ {name}", RED) if _is_worse(row) else f"▽ {name}"


def _business(this: Month, before: Month) -> list[Block]:
    pairs = ((this, TEAL, _("This month")), (before, GREY, _("Month before")))
    paid = [
        (title, m.disbursed.amount_fen, f"{money(m.disbursed.amount_fen)} · {m.disbursed.n:,}", colour)
        for m, colour, title in pairs
    ]
    return [paper.heading(_("New business")), paper.note(_("Amount paid out, and in how many loans.")), paper.bars(paid),
            paper.facts([(_("New customers"), writing.visible(f"{this.new_customers:,}"))])]  # fmt: skip
