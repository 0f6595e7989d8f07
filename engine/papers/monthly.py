"""The monthly post-loan report (贷后管理月报) on paper: what engine/monthly.py counts, set as chapters."""

from collections.abc import Sequence
from datetime import date, datetime

from db import audit
from db.access import Connection, Person
from db.vocab import Level, LoanClass
from engine import monthly, words, writing
from engine.monthly import PERMIT, Figure, Month
from engine.papers import paper, press
from engine.papers.inspection import File
from engine.papers.paper import AMBER, GREEN, GREY, RED, TEAL, Block, Cell, Paper
from engine.words import _
from engine.writing import money, percent

__all__ = ["PERMIT", "of_month"]
LONGEST = 15  # lines of a ranking
OFFICERS = 40  # lines of a table of people: those with the lowest rate
LEVELS = {Level.RED: RED, Level.ORANGE: "#C2611B", Level.YELLOW: "#A98600", Level.BLUE: "#2F6DA8"}


def of_month(
    conn: Connection, by: Person, first: date, branch_id: int | None = None, alone: bool = False, *, now: datetime, today: date
) -> File:
    """The report of the month that begins on `first`; of the whole bank as far as one sees it, or of a branch, with those under it
    or `alone`."""
    said = monthly.report(conn, by, first, monthly.part_of(conn, branch_id, alone, by), today=today)
    sheet = Paper(
        _("Monthly post-loan report"),
        f"{said.part.name} · {first:%Y-%m}",
        [(_("Branch"), said.part.name), (_("Period"), _span(said.this))],
    )
    sheet.summary = [paper.heading(_("At a glance")), _glance(monthly.glance(said))]
    sheet.blocks = [
        *_completion(said.daily), *_by_branch(said.branches), *_by_officer(said.officers), *_overdue(said.this),
        *_signals(said.this, said.before), *_migration(said.this), *_business(said.this, said.before),
    ]  # fmt: skip
    digest = sheet.digest()
    audit.note(conn, "paper", "papers", None, {"paper": "Monthly post-loan report", "of": sheet.subtitle, "digest": digest})
    return File(f"{_('Monthly post-loan report')}-{first:%Y%m}.pdf", press.pdf(sheet, by, now), digest)


def _span(month: Month) -> str:
    return _("{0} to {1}").format(month.first.isoformat(), month.last.isoformat())


def _glance(figures: Sequence[Figure]) -> Block:
    head = [_("Figure"), _("This month"), _("Month before"), _("Moved by")]
    return paper.table(head, [3.4, 1.4, 1.4, 1.2], [[figure.what, *_told(figure)] for figure in figures], right=(1, 2, 3))


def _told(figure: Figure) -> tuple[Cell, Cell, Cell]:
    """What has got worse is marked."""
    now, then, change = figure.told
    return now, then, paper.coloured(f"▲ {change}", RED) if figure.is_worse else change


# --- Chapters ---------------------------------------------------------------------------------------------------------


def _completion(daily: Sequence) -> list[Block]:
    series = [(_("Done on time"), GREEN), (_("Done late"), AMBER), (_("Still open"), GREY)]
    days = [(f"{row.day:%d}", (row.on_time, row.late, row.open)) for row in daily]
    return [
        paper.heading(_("Completion")), paper.note(_("What was due on each day, and what became of it.")),
        paper.columns(series, days) if days else paper.note(_("Nothing was due in these days.")),
    ]  # fmt: skip


def _by_branch(table: Sequence) -> list[Block]:
    head = [_("Branch"), *_work_head()]
    return [paper.heading(_("By branch, the lowest completion rate first"), 2),
            paper.table(head, [3, 1, 1, 1.3, 1, 1], [[row.branch, *_work(row)] for row in table], right=range(1, 6))]  # fmt: skip


def _by_officer(table: Sequence) -> list[Block]:
    head = [_("Officer"), _("Branch"), *_work_head()]
    rows = [[row.officer or _("nobody yet"), row.branch or "—", *_work(row)] for row in table[:OFFICERS]]
    blocks = [
        paper.heading(_("By officer, the lowest completion rate first"), 2),
        paper.table(head, [1.4, 2.2, 1, 1, 1.3, 1, 1], rows, right=range(2, 7)),
    ]
    return blocks + (
        [paper.note(_("{0} more officers are in the Excel file.").format(len(table) - OFFICERS))] if len(table) > OFFICERS else []
    )


def _work_head() -> list[str]:
    return [_("Checks due"), _("Done on time"), _("Completion rate"), _("Field visits"), _("On site")]


def _work(row) -> list[str]:
    rate, on_site = percent(row.on_time, row.due), percent(row.on_site, row.placed)
    return [f"{row.due:,}", f"{row.on_time:,}", rate, f"{row.visits:,}", on_site]


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
    head = [_("Level"), _("Signals raised"), _("Month before"), _("Closed"), _("False alarm"), _("Lifted"), _("Open at the end")]
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
    return paper.coloured(f"▲ {name}", RED) if monthly.is_worse(row) else f"▽ {name}"


def _business(this: Month, before: Month) -> list[Block]:
    pairs = ((this, TEAL, _("This month")), (before, GREY, _("Month before")))
    paid = [
        (title, m.disbursed.amount_fen, f"{money(m.disbursed.amount_fen)} · {m.disbursed.n:,}", colour)
        for m, colour, title in pairs
    ]
    return [paper.heading(_("New business")), paper.note(_("Amount paid out, and in how many loans.")), paper.bars(paid),
            paper.facts([(_("New customers"), writing.visible(f"{this.new_customers:,}"))])]  # fmt: skip
