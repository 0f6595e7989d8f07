"""What the dashboard and the wall have in common: what is asked, what is read once for all who see the same, and the key
figures with their change and the way to their rows."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from types import SimpleNamespace

import streamlit as st

from db import access, figures
from db.access import Person
from db.figures import Scope, Window
from db.vocab import Role, SignalState
from engine import permits
from engine.counting import Counted
from engine.dashboard import Wish
from engine.words import _
from pages.parts import counts, look

SHOWN = ("records", "todos", "signals", "loans", "customers", "reviews", counts.NOUN)  # what the figures are made of
AGAINST = {"before": "vs. the period before", "year": "vs. a year before"}
ALIKE = 0.05  # of a percentage point or of a day: not worth a word


@dataclass(frozen=True)
class Asked:
    """One dashboard: for whom, over what, beside what; `top` is the branch whose parts are told apart."""

    person: Person
    scope: Scope
    days: int = 30
    against: str = "before"
    top: int | None = None
    narrowed: dict = field(default_factory=dict)  # the same in the address

    @property
    def windows(self) -> tuple[Window, Window, Window]:
        return figures.compared(self.scope.today, self.days)

    @property
    def now(self) -> Window:
        return self.windows[0]

    @property
    def then(self) -> int:
        """Which of the windows it stands beside."""
        return 1 if self.against == "before" else 2

    @property
    def has_trend(self) -> bool:
        """The picture of each day counts all of a branch's customers, whoever has them; collections see theirs only."""
        return self.person.role is not Role.COLLECTIONS and self.scope.staff_id is None

    def soon(self, days: int) -> date:
        """The last day of what comes due within so many days."""
        return self.scope.today + timedelta(days=days)

    def counted(self) -> Counted:
        """Everything it shows, and of when."""
        looks = permits.may(self.person, "footprint.look")
        return counts.of(self.person, Wish(self.scope, self.days, self.top, self.has_trend, looks).count)


@st.cache_data(ttl=300, max_entries=50, show_spinner=False)
def system(_by: Person, sight: tuple, windows: tuple[Window, ...], number: tuple) -> dict:
    """Sign-ins, refusals and how the system runs, as far as this person may know."""
    found = {}
    with access.reading(_by) as conn:
        if permits.may(_by, "operations.see"):
            found["running"] = figures.running(conn, windows[0].since)
        if permits.may(_by, "audit.see"):
            found |= {"tries": figures.sign_in_tries(conn, windows), "refused": figures.refused(conn, windows)}
    return found


# --- Changes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """How a figure moved, in sign and word; `better` is None where it did not, or where more is neither good nor bad."""

    text: str
    better: bool | None

    @property
    def word(self) -> str:
        return "" if self.better is None else _("better") if self.better else _("worse")

    @property
    def colour(self) -> str:
        return "gray" if self.better is None else "green" if self.better else "orange"


def change(now: float | None, then: float | None, good: int, digits: int = 0) -> Change | None:
    """`good`: 1 where more is better, -1 where less is, 0 where neither. None when one of them is not known."""
    if now is None or then is None:
        return None
    moved = round(float(now) - float(then), digits)
    better = None if not good or abs(moved) < ALIKE else (moved > 0) == (good > 0)
    return Change("0" if not moved else f"{moved:+,.{digits}f}", better)


def rate(part: int, whole: int) -> float | None:
    """In percent."""
    return 100 * part / whole if whole else None


# --- Key figures ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    """One of the large figures: its value, its change, its trend, and where its rows are."""

    label: str
    value: str
    change: Change | None
    against: str
    series: list[float]
    help: str
    page: str
    query: dict
    alarming: bool = False


def keys(asked: Asked, data: dict) -> list[Key]:
    now, against = asked.now, AGAINST[asked.against]
    in_period = {"due_from": now.since, "due_to": now.until}
    per_day, late, stood = _per_day(asked, data), data["late"].total, data["stood"][asked.then]
    waiting = sum(r.n for r in data["signals"] if r.state == SignalState.RAISED)
    due, due_then = data["rate"][0], data["rate"][asked.then]
    seen, seen_then = data["visited"][0], data["visited"][asked.then]
    return [
        Key("Done today", f"{per_day[-1]:,}", change(per_day[-1], per_day[-2], 0), "vs. yesterday", per_day, "Todos completed each day.",
            "todos", {"state": "done", "closed_from": now.until, "closed_to": now.until}),
        Key("Completed on time", look.percent(due.on_time, due.due), change(rate(due.on_time, due.due), rate(due_then.on_time, due_then.due), 1, 1),
            against, [100 * r.on_time / r.due for r in data["rates"] if r.due],
            "Of the todos that fell due in the period, the share completed within grace. Cancelled todos do not count.",
            "todos", {"state": "kept"} | in_period),
        Key("Overdue todos", f"{late:,}", change(late, stood and stood.late, -1), against, [r.late_7 + r.late_30 + r.late_more for r in data["lates"]],
            "Open todos past their due day and grace.", "todos", {"late": "true"}, alarming=late > 0),
        Key("Due within 7 days", f"{data['soon']:,}", change(data["soon"], stood and stood.due_7, 0), against, [r.due_7 for r in data["lates"]],
            "Open todos due today or within the next seven days.", "todos", {"state": "pending", "due_from": now.until, "due_to": asked.soon(7)}),
        Key("Signals nobody took", f"{waiting:,}", change(waiting, data["queued"][asked.then], -1), against, [r.n for r in data["queue"]],
            "Open signals that nobody has taken in hand.", "signals", {"state": "raised"}),
        Key("On site", look.percent(seen.on_site, seen.placed), change(rate(seen.on_site, seen.placed), rate(seen_then.on_site, seen_then.placed), 1, 1),
            against, [100 * r.on_site / r.placed for r in data["site"] if r.placed],
            "Of the field visits with a position and a marked address, the share within the fence.",
            "records", {"mode": "field", "site": "known", "done_from": now.since, "done_to": now.until}),
    ]  # fmt: skip


WHOSE = {"todos": "assignee", "signals": "owner", "records": "staff", "loans": "manager", "customers": "manager"}


def rows_behind(asked: Asked, page: str, query: dict) -> dict[str, str]:
    """The address of a figure's rows on a list: the list's own words for what the dashboard is narrowed to."""
    narrowed = {name: value for name, value in asked.narrowed.items() if name != "officer"}
    if asked.scope.staff_id is not None:
        narrowed[WHOSE[page]] = str(asked.scope.staff_id)
    return narrowed | {name: str(value) for name, value in query.items()}


def _per_day(asked: Asked, data: dict) -> list[int]:
    done: dict = {}
    for row in data["done"]:
        done[row.day] = done.get(row.day, 0) + row.n
    return [done.get(asked.now.since + timedelta(days=n), 0) for n in range(asked.days)]


# --- This period beside others ----------------------------------------------------------------------------------------


def lines(asked: Asked, data: dict) -> list[SimpleNamespace]:
    """One line a figure: what, now, before, year, target, change."""
    todos, due, seen, raised, won, paid = (data[name] for name in ("completed", "rate", "visited", "raised", "won", "paid"))
    aims, figure = data["targets"], partial(_line, asked.then)
    business = [
        figure("New customers", [w.customers for w in won], 1), figure("Loans paid out", [p.loans for p in paid], 0),
        figure("Paid out (¥10k)", [(p.amount_fen or 0) / 1_000_000 for p in paid], 0),
    ]  # fmt: skip
    return [
        figure("Todos completed", [c.done for c in todos], 0),
        figure("Completed on time", [rate(r.on_time, r.due) for r in due], 1, 1, "%", 100 * aims["target.on_time"]),
        figure("Days to complete, median", [c.days and c.days[0] for c in todos], -1, 1),
        figure("Days to complete, nine of ten", [c.days and c.days[1] for c in todos], -1, 1),
        figure("Field visits", [v.visits for v in seen], 0),
        figure("On site", [rate(v.on_site, v.placed) for v in seen], 1, 1, "%", 100 * aims["target.on_site"]),
        figure("Visits a day and officer", [v.visits / v.outings if v.outings else None for v in seen], 1, 1),
        figure("Signals raised", [g.raised for g in raised], 0),
        figure("Days to take a signal, median", [g.days and g.days[0] for g in raised], -1, 1, "", aims["target.signal_days"]),
        figure("Days to take a signal, nine of ten", [g.days and g.days[1] for g in raised], -1, 1),
        *business,
    ]  # fmt: skip


def _line(
    then: int, what: str, values: list, good: int, digits: int = 0, unit: str = "", target: float | None = None
) -> SimpleNamespace:
    said = ["—" if v is None else f"{v:,.{digits}f}{unit}" for v in values]
    moved = change(values[0], values[then], good, digits)
    words = "—" if moved is None else " ".join(part for part in (moved.text, moved.word) if part)
    aim = "" if target is None else f"{target:g}{unit}"
    return SimpleNamespace(what=_(what), now=said[0], before=said[1], year=said[2], target=aim, change=words)


def system_figures(found: dict, then: int) -> list[tuple[str, str, str | None]]:
    """(label, value, note)."""
    told = []
    if "running" in found:
        ran = found["running"]
        night = "—" if ran.seconds is None else _("{0} seconds").format(f"{ran.seconds:,.0f}")
        told += [
            (_("Feeds loaded"), f"{ran.feeds_loaded:,}", _("{0} stopped or failed").format(ran.feeds_failed)),
            (_("Jobs done"), f"{ran.jobs_done:,}", _("{0} failed").format(ran.jobs_failed)),
            (_("A night takes"), night, _("{0} set aside").format(ran.set_aside)),
        ]
    if "tries" in found:
        tries, no = found["tries"], found["refused"]
        told += [
            (_("Sign-ins"), f"{tries[0].succeeded:,}", _("{0} then").format(f"{tries[then].succeeded:,}")),
            (_("Failed sign-ins"), f"{tries[0].failed:,}", _("{0} locked out").format(tries[0].locked)),
            (_("Refusals"), f"{no[0].refusals:,}", _("{0} people").format(no[0].people)),
        ]
    return told
