"""Trying a draft of a todo rule out (试运行): what the nights to come would ask by it, beside what they ask without it.

The nights themselves are run, over stand-ins of the todos (db/rehearsal.py), as if the book stood still and every check were
done on its due day. Customers are independent of each other, so only those whom the rule can mean, before or after, are looked
at night for night; the others' checks are the same either way and only fill up everybody's week.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, partial
from threading import Lock
from typing import NamedTuple

from db import definitions, jobs, rehearsal, rulebook
from db.access import Connection, Person
from db.conditions import leaves
from db.face import FIELDS
from db.rehearsal import Load, Open
from db.vocab import Definition
from engine import generate, night, permits, rules

WEEKS = 13
STEP = timedelta(days=7)  # between two nights that are run
Say = Callable[[int, int], None]


class Moved(NamedTuple):
    """An open todo that would stand otherwise: another day, way or person, or replaced by one of another rule."""

    before: Open
    after: Open


@dataclass
class Rehearsal:
    """What a draft would do from its first day on; weeks count from there, -1 is what was late before."""

    since: date
    customers: int = 0
    matching: tuple[int, int, int] = (0, 0, 0)  # loans: as it is, that it would gain, that it would lose
    usual: list[Load] = field(default_factory=list)
    drafted: list[Load] = field(default_factory=list)
    others: list[Load] = field(default_factory=list)
    created: list[Open] = field(default_factory=list)
    withdrawn: list[Open] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)

    @cached_property
    def weeks(self) -> list[tuple[int, int]]:
        """Of each week, checks due as it is and by the draft, of the customers concerned."""
        usual, drafted = (_summed(loads, lambda one: one.week) for loads in (self.usual, self.drafted))
        return [(usual[week], drafted[week]) for week in range(WEEKS)]

    @cached_property
    def late(self) -> tuple[int, int]:
        return tuple(sum(one.n for one in loads if one.week < 0) for loads in (self.usual, self.drafted))

    def by_branch(self) -> dict[int, tuple[int, int]]:
        return self._by(lambda one: one.branch_id)

    def by_person(self) -> dict[int | None, tuple[int, int]]:
        return self._by(lambda one: one.assignee_id)

    def _by(self, of: Callable[[Load], int | None]) -> dict:
        usual, drafted = (_summed((o for o in loads if o.week >= 0), of) for loads in (self.usual, self.drafted))
        return {key: (usual[key], drafted[key]) for key in {**usual, **drafted}}

    def busiest(self) -> dict[int, tuple[int, int]]:
        """Of each person, all checks due in the fullest week as it is, and by the draft."""
        usual, drafted = (_fullest((*loads, *self.others)) for loads in (self.usual, self.drafted))
        return {person: (usual[person], drafted[person]) for person in {**usual, **drafted}}


def _summed(loads: Iterable[Load], of: Callable[[Load], object]) -> Counter:
    found: Counter = Counter()
    for one in loads:
        found[of(one)] += one.n
    return found


def _fullest(loads: Iterable[Load]) -> Counter:
    weeks = _summed((one for one in loads if one.week >= 0 and one.assignee_id), lambda one: (one.assignee_id, one.week))
    found: Counter = Counter()
    for (person, _week), n in weeks.items():
        found[person] = max(found[person], n)
    return found


def rehearse(by: Person, body: dict, valid_from: date, *, today: date, say: Say = lambda done, of: None) -> Rehearsal:
    """The effect of a version of a todo rule from a day on. Nothing is written, nobody waits for it."""
    permits.must(by, "rule.try")
    rule = rules.parse(body)
    with rehearsal.rehearsing() as conn, ThreadPoolExecutor(2) as beside:
        begins = next_night(conn, today)
        found = Rehearsal(since=max(valid_from, begins))
        before = definitions.one_in_force(conn, Definition.TODO_RULE, rule.code, found.since)
        whos = [rule.who if rule.enabled else None, _who(before)]
        found.matching = _matching(conn, whos, found.since)
        found.customers = rehearsal.choose(conn, [who for who in whos if who], rule.code, _days(whos, found.since))
        course = partial(_course, rehearsal.chosen(conn), rehearsal.picture(conn), begins, found.since, _Progress(say))
        usual, drafted = beside.submit(course, None, valid_from), beside.submit(course, body, valid_from)
        found.others = _load_of_others(conn, found.since)
        (opened, found.usual), (otherwise, found.drafted) = usual.result(), drafted.result()
    found.created, found.withdrawn, found.moved = _differences(opened, otherwise)
    return found


class _Progress:
    """Nights that are done, of two courses beside each other."""

    def __init__(self, say: Say) -> None:
        self.say, self.done, self.lock = say, 0, Lock()

    def one_more(self) -> None:
        with self.lock:
            self.done += 1
            self.say(self.done, 2 * (WEEKS + 1))


def next_night(conn: Connection, today: date) -> date:
    """Whose day it will be."""
    last = jobs.last_done(conn, night.JOB)
    return last.business_date + timedelta(days=1) if last else today


def _who(row) -> dict | None:
    return row.body["who"] if row is not None and row.body.get("enabled", True) else None


def _days(whos: list[dict | None], since: date) -> list[date]:
    """On which the conditions may hold for somebody else: each week's first, when they speak of what moves with the day."""
    moving = any(FIELDS[leaf["field"]].moving for who in whos if who for leaf in leaves(who))
    return [since + n * STEP for n in range(WEEKS if moving else 1)]


def _matching(conn: Connection, whos: list[dict | None], day: date) -> tuple[int, int, int]:
    """Live loans that match as it is, that the draft gains, that it loses."""
    after, before = (who or {"any": []} for who in whos)
    asked = [("was", before), ("gained", {"all": [after, {"not": before}]}), ("lost", {"all": [before, {"not": after}]})]
    counts = rulebook.matching(conn, asked, day)
    return counts["was"], counts["gained"], counts["lost"]


def _course(
    customers: list[int], picture: str, begins: date, since: date, progress: _Progress, body: dict | None, valid_from: date
) -> tuple[list[Open], list[Load]]:
    """The nights from a day on, one a week, each with what opens until the next; with a draft or without. What is open after the
    first of them, and what falls due in all."""
    with rehearsal.rehearsing(picture) as conn:
        rehearsal.choose_these(conn, customers)
        rehearsal.begin(conn)
        while begins < since:  # the nights before the draft's first day are the same either way
            following = min(begins + STEP, since)
            _night(conn, begins, following)
            begins = following
        if body is not None:
            known = definitions.versions(conn, Definition.TODO_RULE, body["code"])
            version = 1 + max((v.version for v in known), default=0)
            definitions.plant(conn, Definition.TODO_RULE, body["code"], body, valid_from, "", version)
        generate.rehearse(conn, since, generate.book(conn, since), timedelta())
        opened = rehearsal.open_todos(conn)
        progress.one_more()
        for n in range(WEEKS):
            _night(conn, since + n * STEP, since + (n + 1) * STEP)
            progress.one_more()
        return opened, rehearsal.load(conn, since, WEEKS)


def _night(conn: Connection, day: date, following: date) -> None:
    last = following - timedelta(days=1)
    generate.rehearse(conn, day, generate.book(conn, day), last - day)
    rehearsal.do_what_is_due(conn, day, last)


def _load_of_others(conn: Connection, since: date) -> list[Load]:
    rehearsal.choose_others(conn)
    rehearsal.begin(conn, often=False)
    generate.rehearse(conn, since, generate.book(conn, since), WEEKS * STEP - timedelta(days=1))
    return rehearsal.load(conn, since, WEEKS)


def _differences(usual: list[Open], drafted: list[Open]) -> tuple[list[Open], list[Open], list[Moved]]:
    """(created, withdrawn, moved) todos after the first night; one that ends where another of its kind begins has moved."""
    was, becomes = ({(t.customer_id, t.kind, t.subject, t.period): t for t in found} for found in (usual, drafted))
    moved = [Moved(was[key], t) for key, t in becomes.items() if key in was and _asked(was[key]) != _asked(t)]
    created = [t for key, t in becomes.items() if key not in was]
    gone = {}
    for key, t in was.items():
        if key not in becomes:
            gone.setdefault(key[:3], []).append(t)
    fresh = []
    for t in created:
        replaced = gone.get((t.customer_id, t.kind, t.subject))
        if replaced:
            moved.append(Moved(replaced.pop(0), t))
        else:
            fresh.append(t)
    return fresh, [t for left in gone.values() for t in left], moved


def _asked(todo: Open) -> tuple:
    return todo.due_on, todo.mode, todo.assignee_id, todo.rule_code
