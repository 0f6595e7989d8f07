"""Numbers the bank may change: each with its default and what it is for. A change is a definition two people sign.

A target may be another one for a branch and all below it: a parameter of its own, named like target.on_time@229008.
"""

from dataclasses import dataclass
from datetime import date

from db import branches, definitions
from db.access import Connection
from db.vocab import Definition
from engine.words import _


@dataclass(frozen=True)
class Parameter:
    default: float
    unit: str
    what: str  # the sentence on the screen, in the catalogue's source language


PARAMETERS = {
    "feed.max_gap_days": Parameter(1, "days", "A feed is stopped when its date is later than the last by more than this"),
    "feed.max_row_drop": Parameter(0.05, "share", "A feed is stopped when a table lost more than this share of its rows"),
    "feed.max_balance_drop": Parameter(0.10, "share", "A feed is stopped when the total balance fell by more than this"),
    "feed.balance_tolerance": Parameter(0.01, "share", "How far a balance may stand above the amount paid out"),
    "calls.from_hour": Parameter(8, "hour", "Debtors are called from this hour on"),
    "calls.until_hour": Parameter(22, "hour", "Debtors are not called after this hour"),
    "calls.a_day": Parameter(3, "calls", "A debtor is spoken to at most so often a day"),
    "visits.offline_hours": Parameter(
        72, "hours", "A check made without a network counts by the phone's time if it arrives within this"
    ),
    "footprints.exact_days": Parameter(
        90, "days", "Where officers were is kept exactly this long, then rounded to about a kilometre"
    ),
    "round.begins": Parameter(8.5, "hour", "A round leaves at this hour, unless the officer prefers another"),
    "round.minutes": Parameter(480, "minutes", "A round lasts so long, unless the officer prefers another length"),
    "round.first": Parameter(20, "minutes", "A first inspection takes so long on the spot"),
    "round.regular": Parameter(15, "minutes", "A regular inspection takes so long on the spot"),
    "round.key": Parameter(25, "minutes", "A targeted inspection takes so long on the spot"),
    "round.maturity": Parameter(15, "minutes", "A pre-maturity check takes so long on the spot"),
    "round.overdue": Parameter(20, "minutes", "An overdue check takes so long on the spot"),
    "round.full": Parameter(30, "minutes", "An annual review takes so long on the spot"),
    "round.special": Parameter(20, "minutes", "A thematic inspection takes so long on the spot"),
    "round.spot": Parameter(15, "minutes", "A spot check takes so long on the spot"),
    "round.alert": Parameter(25, "minutes", "An alert check takes so long on the spot"),
    "round.phone": Parameter(8, "minutes", "A phone check takes so long"),
    "round.town_kmh": Parameter(24, "kmh", "How fast officers get along in town"),
    "round.country_kmh": Parameter(42, "kmh", "How fast officers get along in the country"),
    "round.town_detour": Parameter(1.35, "times", "How much longer the way is than the straight line in town"),
    "round.country_detour": Parameter(1.25, "times", "How much longer the way is than the straight line in the country"),
    "round.halt": Parameter(2, "minutes", "Parking and finding the door take so long at each customer"),
    "round.nearby": Parameter(20, "minutes", "A customer counts as near the way when the detour takes at most so long"),
    "photos.price": Parameter(0.12, "yuan", "A gigabyte of photos costs so much a month"),
    "quality.copied_share": Parameter(
        0.9, "share", "Words of a check are pointed out when so much of them stands in an earlier one"
    ),
    "quality.copied_chars": Parameter(15, "characters", "Words shorter than this are not compared with earlier ones"),
    "quality.copied_days": Parameter(365, "days", "Words are compared with earlier checks so far back"),
    "quality.same_figures": Parameter(
        1, "answers", "Answers that are all as last time are pointed out when so many figures are among them"
    ),
    "quality.short_chars": Parameter(10, "characters", "A conclusion other than normal with fewer words than this is pointed out"),
    "quality.short_normal_chars": Parameter(0, "characters", "A normal conclusion with fewer words than this is pointed out"),
    "quality.quick_minutes": Parameter(3, "minutes", "A field visit that took less than this is pointed out"),
    "quality.late_hours": Parameter(24, "hours", "A check that came to the bank later than this after it was made is pointed out"),
    "quality.an_hour": Parameter(10, "checks", "So many field visits of one officer within an hour are pointed out"),
    "todos.hand_days": Parameter(15, "days", "A todo made by hand may be moved so far without a second person"),
    "cycles.longest": Parameter(2, "times", "A loan's own cycle may be so many times as long as its rule's"),
    "todos.a_week": Parameter(25, "todos", "An officer is to have at most so many checks due in a week"),
    "addresses.move_m": Parameter(500, "metres", "A marked address that moves farther than this needs a second person"),
    "addresses.accuracy_m": Parameter(100, "metres", "A phone's position less accurate than this marks no address"),
    "addresses.crowd": Parameter(5, "customers", "As many customers on one point make their marks doubtful"),
    "notices.quiet_from_hour": Parameter(22, "hour", "Nobody is sent messages from this hour on who wishes no other"),
    "notices.quiet_until_hour": Parameter(8, "hour", "Messages go out again from this hour on"),
    "notices.digest_hour": Parameter(8, "hour", "The daily digest comes at this hour to who wishes no other"),
    "calendar.customer_numbers": Parameter(
        0, "switch", "Subscribed calendars tell customer numbers, beside numbers and kinds of todos"
    ),
    "exports.rows": Parameter(50_000, "rows", "A list with more rows than this is exported only after a second person agrees"),
    "exports.kept_hours": Parameter(24, "hours", "An exported file is deleted after this"),
    "reports.hour": Parameter(6, "hour", "Reports that are made by themselves are made from this hour on"),
    "reports.kept_days": Parameter(30, "days", "A report that was made by itself is deleted after this"),
    "target.on_time": Parameter(0.95, "share", "Todos due are to be completed on time at this rate"),
    "target.on_site": Parameter(0.90, "share", "Field visits are to be within the fence at this rate"),
    "target.signal_days": Parameter(3, "days", "Half of the signals are to be taken within so many days"),
    "feed.absent_days": Parameter(2, "days", "A note missing from full snapshots this long is settled"),
}


AT, TARGETS = "@", tuple(name for name in PARAMETERS if name.startswith("target."))


def values(conn: Connection, day: date) -> dict[str, float]:
    """Every parameter as it is in force for the bank on a day."""
    return _of_the_bank(_changed(conn, day))


def targets(conn: Connection, day: date, branch_id: int | None) -> dict[str, float]:
    """The targets in force for a branch: its own, else those of the nearest branch above that has some, else the bank's."""
    changed = _changed(conn, day)
    bank, path = _of_the_bank(changed), branches.lineage(conn, branch_id) if branch_id else []

    def nearest(name: str) -> float:
        own = (changed.get(at_branch(name, code)) for code in path)
        return next((value for value in own if value is not None), bank[name])

    return {name: nearest(name) for name in TARGETS}


def own_targets(conn: Connection, day: date) -> dict[str, dict[str, float]]:
    """By target, what branches have of their own: {code of the branch: value}."""
    found: dict[str, dict[str, float]] = {name: {} for name in TARGETS}
    for code, value in _changed(conn, day).items():
        name, at, branch = code.partition(AT)
        if at and value is not None:
            found[name][branch] = value
    return found


def at_branch(name: str, branch: str | None) -> str:
    """What a parameter is called for a branch; None: for the bank."""
    return f"{name}{AT}{branch}" if branch else name


def of_branch(code: str) -> tuple[str, str | None]:
    """The parameter's own name, and the code of the branch it is for."""
    name, _at, branch = code.partition(AT)
    return name, branch or None


def title(code: str) -> str:
    """What it is for, in the reader's language, and for which branch."""
    name, branch = of_branch(code)
    return _(PARAMETERS[name].what) + (f" · {branch}" if branch else "") if name in PARAMETERS else code


def _changed(conn: Connection, day: date) -> dict[str, float | None]:
    return {row.code: row.body["value"] for row in definitions.current(conn, Definition.PARAMETER, day)}


def _of_the_bank(changed: dict[str, float | None]) -> dict[str, float]:
    return {name: changed.get(name, parameter.default) for name, parameter in PARAMETERS.items()}
