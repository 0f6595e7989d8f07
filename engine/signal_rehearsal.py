"""Trying a draft of a signal rule out (试运行): on whom the next night would raise or lift by it, beside the rule in force; and what
it would have said of the signals there were."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from db import definitions, rehearsal, signal_trials
from db.access import Connection, Person
from db.signal_trials import Count, Differing, Judged
from db.vocab import Definition, Fate, Level, Subject
from engine import permits, signal_rules
from engine.rehearsal import Say, next_night
from engine.signal_rules import SignalRule

PAST = timedelta(days=365)
SHOWN = 300


@dataclass(frozen=True)
class Effect:
    """What a draft finds on the night of `day`, as it is and by the draft; `rows`: the first on which the two differ.

    `past`: signals of this rule raised within the year before, judged by the draft.
    """

    day: date
    subject: Subject
    counts: list[Count]
    rows: list[Differing]
    past: list[Judged]

    @cached_property
    def fires(self) -> tuple[int, int]:
        return self._both(lambda one: one.was is not None, lambda one: one.becomes is not None)

    @cached_property
    def anew(self) -> int:
        return self._sum(lambda one: one.was is None)

    @cached_property
    def no_more(self) -> int:
        return self._sum(lambda one: one.becomes is None)

    @cached_property
    def elsewhere(self) -> int:
        """At another level."""
        return self._sum(lambda one: one.was is not None and one.becomes is not None and one.was != one.becomes)

    def fated(self, fate: Fate) -> int:
        """Of those on which the two differ."""
        return self._sum(lambda one: one.was != one.becomes and one.fate == fate)

    def by_level(self) -> list[tuple[Level, int, int]]:
        return [
            (level, *self._both(lambda one, at=level: one.was == at, lambda one, at=level: one.becomes == at))
            for level in reversed(Level)
        ]

    def by_branch(self) -> dict[int, tuple[int, int]]:
        was, becomes = Counter(), Counter()
        for one in self.counts:
            was[one.branch_id] += one.n if one.was else 0
            becomes[one.branch_id] += one.n if one.becomes else 0
        return {branch: (was[branch], becomes[branch]) for branch in {**was, **becomes}}

    def _both(self, was: Callable[[Count], bool], becomes: Callable[[Count], bool]) -> tuple[int, int]:
        return self._sum(was), self._sum(becomes)

    def _sum(self, of: Callable[[Count], bool]) -> int:
        return sum(one.n for one in self.counts if of(one))


def rehearse(by: Person, body: dict, *, today: date, say: Say = lambda done, of: None) -> Effect:
    """The effect of a version of a signal rule on the next night. Nothing is written, nobody waits for it."""
    permits.must(by, "rule.try")
    rule = signal_rules.parse(body)
    with rehearsal.rehearsing() as conn:
        day = next_night(conn, today)
        _search(conn, rule, day)
        say(1, 2)
        past = signal_trials.judged(conn, rule.code, rule.subject, _levels(rule), day - PAST)
        return Effect(day, rule.subject, signal_trials.counts(conn), signal_trials.differing(conn, SHOWN), past)


def differing(body: dict, today: date) -> list[Differing]:
    """All on which the two differ, for a file. Whoever asks has been permitted."""
    with rehearsal.rehearsing() as conn:
        _search(conn, signal_rules.parse(body), next_night(conn, today))
        return signal_trials.differing(conn)


def _search(conn: Connection, rule: SignalRule, day: date) -> None:
    row = definitions.one_in_force(conn, Definition.SIGNAL_RULE, rule.code, day)
    before = signal_rules.parse(row.body) if row is not None else None
    now, draft = (signal_rules.row(1, one, 1) if one is not None and one.enabled else None for one in (before, rule))
    signal_trials.search(conn, rule.code, now, draft, day)


def _levels(rule: SignalRule) -> tuple:
    return signal_rules.row(1, rule, 1).levels if rule.enabled else ()
