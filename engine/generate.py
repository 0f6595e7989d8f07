"""One night's todos: expand the dates, choose whom to look at, let the database do the rest."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

from db import bulk, definitions, feeds, generation, own_cycles, rehearsal
from db.access import Connection
from db.conditions import leaves
from db.generation import Basis, Counts, RuleRow, Since
from db.vocab import Anchor, Definition
from engine import calendar, cycles, own_rules, parameters, rules
from engine.calendar import Calendar
from engine.cycles import Counting, Occurrence, When
from engine.own_rules import Forms
from engine.rules import RuleInForce

NO_TIME = timedelta()
LONG_AGO = timedelta(days=5)  # after so long it is quicker to look at everybody


class Outcome(NamedTuple):
    counts: Counts
    set_aside: list[tuple[str, str, str]]  # (what, which, why)
    people: str | None  # who does whose work, for the next night


class Book(NamedTuple):
    """The rules of a day and what they stand on; `own`: the forms in which some loans have them."""

    rules: list[RuleInForce]
    calendar: Calendar
    set_aside: list[tuple[str, str, str]]
    fingerprint: str
    own: Forms = {}

    @property
    def forms(self) -> list[RuleInForce]:
        """The rules as some loans have them, each once: two wishes may come to one."""
        return list({form.number: form for form in self.own.values()}.values())


def book(conn: Connection, today: date) -> Book:
    rows = definitions.in_force(conn, Definition.TODO_RULE, today)
    start = feeds.first_date(conn) or today
    good, bad = rules.in_force(rows, start)
    versions = ",".join(f"{r.rule.code}:{r.version}" for r in good)
    good, own = _with_own(conn, good, today)
    return Book(
        good,
        calendar.load(conn),
        [("rule", code, why) for code, why in bad],
        hashlib.sha256(f"{versions}|{calendar.fingerprint(conn)}".encode()).hexdigest()[:16],
        own,
    )


def _with_own(conn: Connection, found: list[RuleInForce], today: date) -> tuple[list[RuleInForce], Forms]:
    wishes = [own_rules.wished(*row) for row in own_cycles.asked_on(conn, today)]
    if not wishes:
        return found, {}
    return own_rules.numbered(found, wishes, parameters.values(conn, today)["cycles.longest"])


def generate(conn: Connection, today: date, found: Book, since: Since | None) -> Outcome:
    """Make, bring up to date and end todos for a business date. `since` None looks at everybody."""
    everybody = since is None or (today - since.day) > LONG_AGO or any(r.rule.moving for r in found.rules)
    set_aside = list(found.set_aside)
    rows = [_row(r) for r in found.rules]
    counts = Counts(cancelled=_prepare(conn, found, rows, today, since, everybody))
    if everybody:
        generation.choose_everybody(conn)
    else:
        openings = list(_openings(conn, today, found, since.day))  # asks the store, so before it copies
        generation.put_openings(conn, openings)
        generation.choose_candidates(conn, rows, today, since)
    _reckon(conn, rows, today, everybody, found, set_aside)
    people = generation.people(conn)
    if generation.is_cold(conn):
        counts.created += _fill(conn, today)
    else:
        counts += _bring_up_to_date(conn, today, everybody)
        counts.rescheduled += generation.hand_over(conn, today, everybody or people != since.people)
    generation.clean_up(conn)
    return Outcome(counts, set_aside, people)


def rehearse(conn: Connection, today: date, found: Book, ahead: timedelta) -> Counts:
    """The same for chosen customers, over stand-ins of what it writes (db/rehearsal.py), with what opens in so many days to come."""
    rows = [_row(r) for r in found.rules]
    counts = Counts(cancelled=_prepare(conn, found, rows, today, None, everybody=False))
    rehearsal.look_at_the_chosen(conn)
    _reckon(conn, rows, today, False, found, [], ahead)
    counts += _bring_up_to_date(conn, today, everybody=False)
    counts.rescheduled += generation.hand_over(conn, today, everybody=False)
    generation.clean_up(conn)
    return counts


def _prepare(conn: Connection, found: Book, rows: list[RuleRow], today: date, since: Since | None, everybody: bool) -> int:
    """Rules and people for the night's statements; how many todos ended because there is nothing left to check."""
    bulk.prepare(conn, whole_book=everybody)
    generation.clean_up(conn)
    generation.put_rules(conn, [*rows, *(_row(form, own=True) for form in found.forms)])
    if found.own:
        generation.put_own(conn, today, _own(found.own))
    generation.put_people(conn, today)
    return generation.close_ended(conn, today, since)


def _reckon(
    conn: Connection, rows: list[RuleRow], today: date, everybody: bool, found: Book, set_aside: list, ahead=NO_TIME
) -> None:
    """Which rule governs whom, and what is owed by it."""
    generation.pick(conn, rows, today, everybody, bool(found.own))
    generation.govern(conn, today, everybody)
    generation.put_occurrences(conn, _occurrences(generation.counted(conn), today, found, set_aside, ahead))
    generation.owe_for_loans(conn, today)


def _fill(conn: Connection, today: date) -> int:
    with bulk.undressed(conn, "claims", "todos"):
        return generation.fill_for_customers(conn, today) + generation.fill_for_loans(conn, today)


def _bring_up_to_date(conn: Connection, today: date, everybody: bool) -> Counts:
    generation.want_for_customers(conn, today)
    counts = generation.put_customer_todos(conn, today)
    counts.cancelled += generation.withdraw_from_customers(conn, today, everybody)
    counts += generation.put_loan_todos(conn, today)
    counts.cancelled += generation.withdraw_from_loans(conn, today, everybody)
    return counts


def _own(forms: Forms) -> Iterator[tuple]:
    for (number, wish), form in forms.items():
        every = (wish.every.n, wish.every.unit) if wish.every else (None, None)
        yield number, wish.kind, *every, wish.mode, form.number


def _row(found: RuleInForce, own: bool = False) -> RuleRow:
    r = found.rule
    return RuleRow(
        found.number, r.code, found.version, r.kind, r.mode, r.who, r.when.anchor, r.assign.value, r.when.grace,
        r.satisfied_days, r.merge_days, own,
    )  # fmt: skip


BASIS = {
    Anchor.DISBURSEMENT: Basis.DISBURSED,
    Anchor.SCHEDULE: Basis.DISBURSED,
    Anchor.COMPLETION: Basis.DISBURSED,  # of who was never checked
    Anchor.MATURITY: Basis.MATURES,
    Anchor.CLASS_CHANGE: Basis.WORSENED,
    Anchor.OVERDUE: Basis.OVERDUE,
    Anchor.CALENDAR: Basis.CALENDAR,
}


def _openings(conn: Connection, today: date, found: Book, after: date) -> Iterator[tuple[Basis, date, int | None]]:
    """(what the day is, day, rule) from which something opens by a rule after a night, up to today; without a rule: days from
    which any may begin or cease to match. Rules with the same timing share the work.
    """
    days = cache(lambda basis: generation.days(conn, basis))
    alike: dict[tuple, list[RuleInForce]] = {}
    for r in found.rules:
        yield from ((Basis.OVERDUE, day, None) for day in _turning_days(r, after, today))
        for basis in _bases(r):
            alike.setdefault((basis, replace(r.rule.timing(), grace=0), r.since), []).append(r)
    for (basis, timing, since), sharing in alike.items():
        first, last = cycles.reach(timing, since, today, found.calendar)
        for day in days(basis):
            counting = Counting(day, basis is Basis.DONE, since)
            if first <= day <= last and _opens(timing, counting, after, today, found):
                yield from ((basis, day, r.number) for r in sharing)


def _opens(when: When, counting: Counting, after: date, today: date, found: Book) -> bool:
    try:
        return cycles.may_open(when, counting, after, today, found.calendar) and any(
            o.opens > after for o in cycles.occurrences(when, counting, today, found.calendar)
        )
    except (OverflowError, ValueError):  # set aside where it is expanded
        return False


def _turning_days(r: RuleInForce, after: date, today: date) -> Iterator[date]:
    """In arrears since such a day, a loan passes a number of days that the rule speaks of, after a night, up to today."""
    for leaf in leaves(r.rule.who):
        if leaf["field"] == "overdue_days":
            passed = math.ceil(leaf["value"]) if leaf["op"] in ("gte", "lt") else math.floor(leaf["value"]) + 1
            yield from (today - timedelta(days=n + passed) for n in range((today - after).days))


def _bases(r: RuleInForce) -> list[Basis]:
    bases = [BASIS[r.rule.when.anchor]]
    return bases + [Basis.DONE] if r.rule.when.anchor is Anchor.COMPLETION else bases


def _occurrences(
    counted: list[tuple[int, date, bool]], today: date, found: Book, set_aside: list, ahead: timedelta
) -> Iterator[tuple]:
    """(rule, anchor, done, period, nominal, due, opens, missed) of all that is open by then, each anchor expanded once."""
    rules = {r.number: (r.rule.code, r.rule.timing(), r.since) for r in (*found.rules, *found.forms)}
    for number, anchor, done in counted:
        code, when, since = rules[number]
        for o in _expand(code, when, Counting(anchor, done, since), today, found, set_aside, ahead):
            yield number, anchor, done, *o


def _expand(
    code: str, when: When, counting: Counting, today: date, found: Book, set_aside: list, ahead: timedelta
) -> list[Occurrence]:
    try:
        return cycles.occurrences(when, counting, today, found.calendar, ahead)
    except (OverflowError, ValueError):  # a date at the end of time must not end the night
        set_aside.append(("anchor", f"{code} {counting.anchor}", "beyond_time"))
        return []
