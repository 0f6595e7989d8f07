"""One night's todos: expand the dates, choose whom to look at, let the database do the rest."""

import hashlib
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from db import bulk, definitions, feeds, generation
from db.access import Connection
from db.generation import Counts, RuleRow, Since
from db.vocab import Anchor, Definition, Kind
from engine import calendar, cycles, rules
from engine.calendar import Calendar
from engine.cycles import Counting
from engine.rules import RuleInForce


class Outcome(NamedTuple):
    counts: Counts
    set_aside: list[tuple[str, str, str]]  # (what, which, why)


class Book(NamedTuple):
    """The rules of a day and what they stand on."""

    rules: list[RuleInForce]
    calendar: Calendar
    set_aside: list[tuple[str, str, str]]
    fingerprint: str


def book(conn: Connection, today: date) -> Book:
    rows = definitions.in_force(conn, Definition.TODO_RULE, today)
    start = feeds.first_date(conn) or today
    good, bad = rules.in_force(rows, start)
    versions = ",".join(f"{r.rule.code}:{r.version}" for r in good)
    return Book(
        good,
        calendar.load(conn),
        [("rule", code, why) for code, why in bad],
        hashlib.sha256(f"{versions}|{calendar.fingerprint(conn)}".encode()).hexdigest()[:16],
    )


def generate(conn: Connection, today: date, found: Book, since: Since | None) -> Outcome:
    """Make, bring up to date and end todos for a business date. `since` None looks at everybody."""
    everybody = since is None or any(r.rule.moving for r in found.rules)
    set_aside = list(found.set_aside)
    rows = [_row(r) for r in found.rules]
    generation.clean_up(conn)
    generation.put_rules(conn, rows)
    generation.put_occurrences(conn, _occurrences(_anchors(conn, found, today), today, found, set_aside))
    counts = Counts(cancelled=generation.close_ended(conn, today, since))
    if everybody:
        generation.choose_everybody(conn)
    else:
        generation.choose_candidates(conn, today, since)
    generation.pick(conn, rows, today, everybody)
    counts += _for_customers(conn, today, everybody)
    counts += _for_loans(conn, today, everybody)
    counts.rescheduled += generation.hand_over(conn, today)
    generation.clean_up(conn)
    return Outcome(counts, set_aside)


def _for_customers(conn: Connection, today: date, everybody: bool) -> Counts:
    generation.want_for_customers(conn, today)
    cold = generation.is_cold(conn)
    with bulk.undressed(conn, *(["todos"] if cold else [])):
        counts = generation.put_customer_todos(conn, today, cold)
    if not cold:
        counts.cancelled += generation.withdraw_from_customers(conn, today, everybody)
    return counts


def _for_loans(conn: Connection, today: date, everybody: bool) -> Counts:
    generation.owe_for_loans(conn, today)
    counts = generation.put_loan_todos(conn, today)
    counts.cancelled += generation.withdraw_from_loans(conn, today, everybody)
    return counts


def _row(found: RuleInForce) -> RuleRow:
    r = found.rule
    return RuleRow(
        found.number, r.code, found.version, r.kind, r.mode, r.who, r.when.anchor, r.assign.value, r.when.grace,
        r.satisfied_days, r.merge_days,
    )  # fmt: skip


Anchors = dict[tuple[Anchor, Kind | None], list[tuple[date, bool]]]


def _anchors(conn: Connection, found: Book, today: date) -> Anchors:
    """The distinct days that the rules count from; completions are days of their own for each kind."""
    return {key: generation.anchors(conn, *key, today) for key in {_anchor_key(r) for r in found.rules}}


def _anchor_key(r: RuleInForce) -> tuple[Anchor, Kind | None]:
    return r.rule.when.anchor, r.rule.kind if r.rule.when.anchor is Anchor.COMPLETION else None


def _occurrences(anchors: Anchors, today: date, found: Book, set_aside: list) -> Iterator[tuple]:
    """(rule, anchor, done, period, nominal, due, opens, missed) of all that is open today, each anchor expanded once."""
    for r in found.rules:
        when = r.rule.timing()
        first, last = cycles.reach(when, r.since, today, found.calendar)
        for anchor, done in anchors[_anchor_key(r)]:
            if not first <= anchor <= last:
                continue
            try:
                for o in cycles.occurrences(when, Counting(anchor, done, r.since), today, found.calendar):
                    yield r.number, anchor, done, *o
            except (OverflowError, ValueError) as wrong:  # a date at the end of time must not end the night
                set_aside.append(("anchor", f"{r.rule.code} {anchor}", str(wrong)))
