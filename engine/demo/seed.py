"""Planting the demo bank: two years of files, nights, visits and signals, through the verbs a real bank uses.

The bank began with Vigil a year and a quarter ago and carried over what it had checked before. From then on the past goes by
quickly (files months apart, nights weeks), the last days as in life: a file and a night a day, visits submitted one by one by the
people who made them. Rules come into force in stages, as they do in a bank.
"""

import random
import shutil
import threading
import time
import uuid
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from db import access, definitions, demo, feeds, installation, reviews, settings, signals, staff
from db.access import MACHINE, Connection, Person
from db.vocab import Definition, Kind, Level, Mode, Role
from engine import (
    addresses,
    calendar,
    checks,
    clock,
    footprints,
    night,
    opening,
    outline,
    people,
    refusals,
    rulebook,
    sign_in,
    spelling,
)
from engine import customers as named
from engine import signals as warnings
from engine.calendar import Calendar
from engine.checks import Submission
from engine.demo import deskwork, pictures, story, world
from engine.demo.checking import Checking
from engine.demo.evidence import Entry, Evidence
from engine.demo.world import World
from engine.feed import load
from engine.parameters import PARAMETERS

# Days before the last, of nights and of files among them; on the first the bank began with Vigil.
NIGHTS = (*range(460, 200, -40), *range(190, 140, -20), *range(130, 60, -16), *range(50, 4, -9))
FILES = frozenset((460, 340, 220, 130, 82, 50, 32, 14))
BEGAN = NIGHTS[0]
DAILY = 5  # the last days, lived day by day
FORMER = ((Mode.FIELD, 7.7), (Mode.PHONE, 5.9))  # checks a day in the system that the bank had before
MONTH = timedelta(days=30)
LEAVES_ON_TIME, LEAVES_LATE = 0.955, 0.35  # shares completed before the due day, and each step after it
ADDRESSES = 22_836
SPOT_CHECKS_A_DAY = 5.7
FORGOTTEN = 2  # todos of each visitor that are overdue
UNSCHEDULED = {"inspector": (3, 4), "manager": (0, 2)}  # visits without a todo on the last two whole working days
PLANTING = "being planted"


class Step(NamedTuple):
    """A day of the past on which a night is run, whether a file comes first, and until when people do what it asks."""

    day: date
    with_file: bool
    following: date


@dataclass
class Planting:
    """The state of one planting."""

    world: World
    today: date
    draw: random.Random
    calendar: Calendar
    files: "Files"
    checking: Checking
    evidence: Evidence
    answering: random.Random  # of its own: signals are answered while customers are checked
    named_until: int = 0  # ordinal: borrowers since then have no inspector yet
    visitors: frozenset[int] = frozenset()  # staff with a demo sign-in
    undone: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))  # by visitor: what he is to find overdue
    photos: int = 0
    steps: list[tuple[str, float]] = field(default_factory=list)

    def timed(self, what: str, begun: float) -> None:
        self.steps.append((what, time.monotonic() - begun))


class Files:
    """The nightly folders, written ahead by a process of its own that knows the same world."""

    def __init__(self, last: date, scale: float, days: list[date]) -> None:
        self.inbox = settings.home() / "demo-feeds"
        shutil.rmtree(self.inbox, ignore_errors=True)
        self.writer = ProcessPoolExecutor(1, get_context("spawn"))
        self.others: list[Future] = []
        self.written = {day: self.writer.submit(story.hand_down, last, scale, day, self.inbox) for day in days}

    def folder(self, day: date) -> Path:
        return self.written[day].result()

    def meanwhile(self, work: Callable[[], object]) -> None:
        """Done by the same process, once the folders are written."""
        self.others.append(self.writer.submit(work))

    def wait(self) -> None:
        for work in self.others:
            work.result()

    def close(self) -> None:
        self.writer.shutdown(cancel_futures=True)
        shutil.rmtree(self.inbox, ignore_errors=True)


def plant(scale: float = 1.0, say=lambda words: None, *, anew: bool = False) -> Planting:
    """An empty store becomes the demo bank on the morning of today; `anew`: after a demo bank was removed from it."""
    if not anew and demo.store_is_there():
        _must_be_empty()
    today = clock.today()
    last = today - timedelta(days=1)
    steps, days = list(_steps(last)), [last - timedelta(days=n) for n in range(DAILY - 1, -1, -1)]
    written = Files(last, scale, [s.day for s in steps if s.with_file] + days)
    try:
        with ThreadPoolExecutor(1) as beside:  # the world is drawn while the store is made
            drawn = beside.submit(story.world_of, last, scale)
            working = _open(anew)
            bank = drawn.result()
        draw = random.Random(bank.seed)
        p = Planting(
            bank, today, draw, working, written, Checking(bank, draw), Evidence(bank.seed, last), random.Random(bank.seed + 1)
        )
        with demo.hurrying():
            _live(p, steps, days, say)
    finally:
        written.close()
    spelling.catch_up()
    with access.transaction(MACHINE, "seed") as conn:
        installation.put(conn, "demo", f"{bank.last} x{scale:g}")
    return p


def _open(anew: bool) -> Calendar:
    if anew:
        _remove()
    _must_be_empty()
    with access.transaction(MACHINE, "seed") as conn:
        installation.put(conn, "demo", PLANTING)
        return calendar.load(conn)


def _must_be_empty() -> None:
    opening.open_store()
    with access.reading(MACHINE) as conn:
        if installation.get(conn, "demo") == PLANTING:
            raise refusals.HalfPlanted
        if feeds.business_date(conn) is not None:
            raise refusals.NotEmpty


def _remove() -> None:
    """Away with the demo bank, so that it can be planted anew; never with another."""
    if not demo.remove():
        raise refusals.NotADemo
    opening.open_store.cache_clear()


def _live(p: Planting, steps: list[Step], days: list[date], say) -> None:
    _parameters(steps[0].day, p.today)
    begun = time.monotonic()
    _take_in(p, steps[0].day)
    p.timed("load", begun)
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        say(f"{step.day}")
        _live_through(p, step, following)
    p.files.meanwhile(_open_accounts)
    p.files.meanwhile(spelling.catch_up)
    with access.reading(MACHINE) as conn:
        there = demo.customers_of_the_union(conn)
    with _reading(p, days[0], _load) as let_in:
        let_in()
        _mark_addresses(p, there)
    for day, tomorrow in zip(days, [*days[1:], None], strict=True):
        say(f"{day}")
        _live_a_day(p, day, tomorrow)
    begun = time.monotonic()
    deskwork.work(p.world.seed, clock.now(), p.today)
    p.files.wait()
    p.timed("desk", begun)


def _parameters(begin: date, today: date) -> None:
    """History was handed down in large steps; from last week on the bank's nightly limits hold."""
    with access.transaction(MACHINE, "seed") as conn:
        for name, value in (("feed.max_gap_days", 400), ("feed.absent_days", 1), ("feed.max_row_drop", 0.6)):
            definitions.plant(conn, Definition.PARAMETER, name, {"value": value}, begin, "demo history")
            body = {"value": PARAMETERS[name].default}
            definitions.plant(conn, Definition.PARAMETER, name, body, today - timedelta(days=DAILY - 1), "demo present", version=2)


def _steps(last: date) -> Iterator[Step]:
    """The days of the past: the nearer, the closer together."""
    days = [last - timedelta(days=ago) for ago in NIGHTS]
    morning_after = last - timedelta(days=DAILY - 2)  # of the first of the last days: from then on work follows each night
    for ago, day, following in zip(NIGHTS, days, [*days[1:], morning_after], strict=True):
        yield Step(day, ago in FILES, following)


@contextmanager
def _reading(p: Planting, day: date | None, take: Callable[..., None]) -> Iterator[Callable[[], None]]:
    """The day's file, if there is one, is read beside what is done within, goes into the book once it is let in, and is in it
    in the end."""
    if day is None:
        yield load.at_once
        return
    may = threading.Event()
    with ThreadPoolExecutor(1) as beside:
        taken = beside.submit(take, p, day, may.wait)
        try:
            yield may.set
        finally:
            may.set()
        begun = time.monotonic()
        taken.result()
    p.timed("load", begun)


def _take_in(p: Planting, day: date, let_in: Callable[[], object] = load.at_once) -> None:
    """The day's file, and who came with it."""
    _load(p, day, let_in)
    with access.transaction(MACHINE, "seed") as conn:
        people.grant_by_post(conn, today=day)
        _name_inspectors(p, conn, day)
        p.visitors = p.visitors or frozenset(_of_story(conn).values())


def _live_through(p: Planting, step: Step, following: Step | None) -> None:
    """The night after the file, if one came, and what people do until the next, which is read meanwhile."""
    begun = time.monotonic()
    _introduce_rules(p, step)
    if step.day == _began(p):  # it has no night yet
        _carry_over(p, step.following)
        p.timed("former", begun)
        return
    with _reading(p, following.day if following and following.with_file else None, _take_in) as let_in:
        _night(step.day)
        p.timed("night", begun)
        begun = time.monotonic()
        _check_and_answer(p, step, let_in)
        p.timed("work", begun)


def _check_and_answer(p: Planting, step: Step, let_in: Callable[[], None]) -> None:
    with ThreadPoolExecutor(1) as beside:
        answered = beside.submit(_answer, p, step.day)
        with access.transaction(MACHINE, "seed") as conn:
            demo.before_the_next_file(conn)
            let_in()
            _people_check(p, conn, step)
        answered.result()


def _answer(p: Planting, day: date) -> None:
    with access.transaction(MACHINE, "seed") as conn:
        _people_answer(p, conn, day)


def _began(p: Planting) -> date:
    return p.world.last - timedelta(days=BEGAN)


def _load(p: Planting, day: date, let_in: Callable[[], object]) -> None:
    stops = [stop for report in load.load(p.files.folder(day), let_in=let_in) for stop in report.stops]
    if stops:
        raise RuntimeError(f"the demo's file of {day} was stopped: {stops}")


def _name_inspectors(p: Planting, conn: Connection, day: date) -> None:
    """Relationship managers name who goes to their new customers."""
    c, number = p.world.customers, [s[0] for s in p.world.staff]
    new = np.flatnonzero((c.since > p.named_until) & (c.since <= day.toordinal())).tolist()
    named.import_inspectors(conn, {c.number[i]: number[c.inspector[i]] for i in new})
    p.named_until = day.toordinal()


def _introduce_rules(p: Planting, step: Step) -> None:
    """Head office switches off what it will switch on at its stage; two people each time."""
    for ago, why, codes in story.stages():
        if step.day == _began(p):
            _switch(codes, step.day, on=False, why="分批上线")
        elif step.day <= p.world.last - timedelta(days=ago) < step.following:
            _switch(codes, step.day, on=True, why=why)


def _carry_over(p: Planting, until: date) -> None:
    """What the former system knew of checks, up to the first night of Vigil."""
    begin = world.first_day(p.world)
    months = [begin + n * MONTH for n in range((until - begin) // MONTH)]
    with access.transaction(MACHINE, "seed") as conn:
        rows = demo.borrowers(conn)
        past = [_of_old(p, rows, since, to) for since, to in zip(months, [*months[1:], until], strict=True)]
        _import(conn, p, [entry for month in past for entry in month])


def _of_old(p: Planting, rows: list, since: date, until: date) -> list[Entry]:
    """Regular checks of a month, of who borrowed by then."""
    span = (until - since).days
    days = [day for n in range(span) if p.calendar.is_working(day := since + timedelta(days=n))]
    there = rows[: bisect_right(rows, since, key=lambda row: row.since)]
    return [
        entry
        for mode, a_day in FORMER
        for row in p.draw.sample(there, min(round(a_day * p.world.scale * span), len(there)))
        for entry in p.checking.of_old(row, mode, p.draw.choice(days))
    ]


def _switch(codes: Sequence[str], today: date, *, on: bool, why: str) -> None:
    tomorrow = today + timedelta(days=1)
    with access.transaction(MACHINE, "seed") as conn:
        maker, checker = demo.somebody(conn, Role.HEAD_RISK), demo.somebody(conn, Role.HEAD_LOANS)
        families = (Definition.TODO_RULE, Definition.SIGNAL_RULE)
        rules = {r.code: (family, r.body) for family in families for r in definitions.in_force(conn, family, today)}
        for code in codes:
            family, body = rules[code]
            made = rulebook.propose(conn, maker, family, code, {**body, "enabled": on}, tomorrow, why, today=today)
            rulebook.approve(conn, checker, made, now=_morning(today), today=today)
            demo.asked_for_at(conn, made, _morning(today) - timedelta(hours=1))


def _night(day: date) -> None:
    """This very day's night; the days between were quiet."""
    night.night(day, catch_up=False)


# --- What people did --------------------------------------------------------------------------------------------------


def _people_check(p: Planting, conn: Connection, step: Step) -> None:
    """Most todos are completed a few days before they are due, some late, a few very late."""
    past, last = [], step.following - timedelta(days=1)
    for todo in _worked_on(p, demo.pending(conn, until=step.following + timedelta(days=2))):
        share = LEAVES_ON_TIME if todo.due_on >= step.day or todo.created_on == step.day else LEAVES_LATE
        if p.draw.random() < share:
            past += p.checking.attempts(todo, _working_day(p, max(todo.created_on, _done_on(p, todo, step.day, last))))
    _import(conn, p, past + _spot_checks(p, conn, step))
    reviews.begin_where_due(conn, step.day - timedelta(days=4))


def _done_on(p: Planting, todo, first: date, last: date) -> date:
    """Some days before it is due; what is late, or nearly, within a week."""
    wanted = min(todo.due_on, last) - timedelta(days=p.draw.randrange(8))
    soon = first + timedelta(days=p.draw.randrange(7))
    return min(last, max(wanted, min(soon, todo.due_on) if todo.due_on >= first else soon))


def _import(conn: Connection, p: Planting, past: list[Entry]) -> None:
    told = p.evidence.of(past)
    for batch in range(0, len(told), 2000):
        checks.import_past(conn, told[batch : batch + 2000])


def _spot_checks(p: Planting, conn: Connection, step: Step) -> list[tuple]:
    """Visits that nobody asked for: inspectors look in on customers, as the case study's did beside their todos."""
    days = [step.day + timedelta(days=n) for n in range((step.following - step.day).days)]
    n = round(SPOT_CHECKS_A_DAY * p.world.scale * len(days))
    return [
        p.checking.of_his_own(row.inspector_id, row, _working_day(p, p.draw.choice(days)))
        for row in demo.visited(conn, n, p.draw.randrange(10**6))
    ]


def _worked_on(p: Planting, todos: list) -> list:
    """All but what a visitor is to find undone: these days' work of the story's officers, and here and there a late one."""
    return [t for t in todos if not _is_left(p, t, (p.world.last - t.due_on).days)]


def _is_left(p: Planting, todo, days_past: int) -> bool:
    if todo.assignee_id not in p.visitors:
        return days_past < 45 and (todo.customer_id * 7 + todo.due_on.toordinal()) % 31 == 0
    undone = p.undone[todo.assignee_id]
    if 3 <= days_past < 25 and len(undone) < FORGOTTEN:
        undone.add(todo.id)
    return days_past < 1 or todo.id in undone


def _working_day(p: Planting, day: date) -> date:
    return p.calendar.previous_working(day)


def _people_answer(p: Planting, conn: Connection, day: date) -> None:
    """Signals are taken, answered and closed in time, mostly."""
    head = demo.somebody(conn, Role.HEAD_RISK)
    moment = _morning(day + timedelta(days=2))
    person = cache(lambda staff_id: staff.person(conn, staff_id))
    for signal in signals.queue(conn, limit=None):
        if signal.first_on > day or p.answering.random() < 0.12:
            continue
        if signal.state == "answered":
            if signal.gone_on or p.answering.random() < 0.02:
                false = not signal.gone_on
                warnings.close(conn, head, signal.id, story.closing(p.answering, false), false_alarm=false, today=day)
            continue
        holder = demo.owner_id(conn, signal)
        owner = person(holder) if holder else None
        if owner is not None:
            _act_on(p, conn, owner, signal, moment)


def _act_on(p: Planting, conn: Connection, owner: Person, signal, moment: datetime) -> None:
    """Taken the first time, answered the next."""
    if signal.state == "raised":
        warnings.take(conn, owner, signal.id, now=moment)
    elif signal.state == "taken" and signal.taken_by == owner.id:
        measures, words = story.answer(p.answering, Level(signal.level))
        warnings.answer(conn, owner, signal.id, measures, words, now=moment)


# --- Addresses, and the last days -------------------------------------------------------------------------------------


def _mark_addresses(p: Planting, customers: list) -> None:
    """Managers have marked a place for nearly every customer, a second one for some."""
    marks = []
    for row in customers:
        point = p.checking.mark(int(row.customer_no[1:]) - 1)
        kind = "business" if row.segment in ("firm", "business") else "home"
        if p.draw.random() < 0.99:
            marks.append(addresses.Mark(row.id, kind, row.address, **point))
        if p.draw.random() < 0.13:
            marks.append(addresses.Mark(row.id, "collateral", row.address, point["lat"] + 0.004, point["lon"] + 0.006))
    with access.transaction(MACHINE, "seed") as conn:
        addresses.import_marks(conn, _some_odd(marks[: round(ADDRESSES * p.world.scale)]), None, clock.now())


def _some_odd(marks: list[addresses.Mark]) -> list[addresses.Mark]:
    """Collateral in Nong'an: several on one point, one in the very middle of the county, one beyond the border."""
    middle = outline.middles()["农安县"]
    there = [n for n, m in enumerate(marks) if m.kind == "collateral" and "农安县" in m.place][:10]
    points = [middle, (middle[0] + 2, middle[1]), *[(marks[there[2]].lat, marks[there[2]].lon)] * 8] if len(there) == 10 else []
    for n, (lat, lon) in zip(there, points, strict=False):
        marks[n] = replace(marks[n], lat=lat, lon=lon)
    return marks


def _of_story(conn: Connection) -> dict[str, int]:
    """The people of the story by their user names."""
    return {username: demo.of_name(conn, name, role) for username, _, _, name, role in story.SIGN_INS}


def _open_accounts() -> None:
    """The visitors' sign-ins, each for the person of the story."""
    with access.transaction(MACHINE, "seed") as conn:
        for username, staff_id in _of_story(conn).items():
            sign_in.open_account(conn, MACHINE, staff_id, username, story.PASSWORD, clock.now(), must_change=False)


def _live_a_day(p: Planting, day: date, tomorrow: date | None) -> None:
    """The night after the day's file, and the work of the day that follows; its evening is that of the next file."""
    begun = time.monotonic()
    with _reading(p, tomorrow, _load) as let_in:
        _night(day)
        p.timed("night", begun)
        begun = time.monotonic()
        following, evening = day + timedelta(days=1), lambda: None
        if p.calendar.is_working(following):
            evening = _work_a_day(p, following, whole=following < p.today)
        let_in()
        evening()
        p.timed("work", begun)


def _morning(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), settings.ZONE) + timedelta(hours=10)


def _work_a_day(p: Planting, day: date, whole: bool) -> Callable[[], None]:
    """What is due soon is done by those it is assigned to, each submitting his own; of today only the morning's part. Returns
    what is left for the evening."""
    with access.reading(MACHINE) as conn:
        due = _worked_on(p, demo.pending(conn, until=day + timedelta(days=4)))
        unscheduled = _unscheduled(p, conn, day)
    p.draw.shuffle(due)
    share = 0.55 if whole else 0.2
    entries = [p.checking.check(todo, day) for todo in due[: round(len(due) * share)]] + unscheduled
    officers = _officers({staff_id for _, staff_id, *_ in entries})
    done = [(said, officers[by], branch_id) for said, by, branch_id, _ in p.evidence.of(entries) if by in officers]
    ways = _ways(p, done)
    for said, officer, _ in done:
        if said.kind is Kind.SPOT:
            pictures.submit(officer, said, ways[said.key], _photos(p, said))
            continue
        with access.transaction(officer, "check.submit") as conn:
            checks.submit(conn, officer, said)
    return lambda: _evening(p, day, done, ways)


def _evening(p: Planting, day: date, done: list[tuple], ways: dict[uuid.UUID, dict]) -> None:
    with access.transaction(MACHINE, "seed") as conn:
        _leave_tracks(conn, done, ways)
        reviews.begin_where_due(conn, day)
        _people_answer(p, conn, day)


def _officers(staff_ids: set[int]) -> dict[int, Person]:
    """Those of them who still may submit."""
    with access.reading(MACHINE) as conn:
        found = [staff.person(conn, staff_id) for staff_id in sorted(staff_ids)]
    return {one.id: one for one in found if one is not None and one.role in (Role.MANAGER, Role.INSPECTOR)}


def _unscheduled(p: Planting, conn: Connection, day: date) -> list[tuple]:
    """Visits that the story's officers make of their own accord, to customers who live near each other."""
    whole = [d for n in range(DAILY + 8) if p.calendar.is_working(d := p.world.last - timedelta(days=n))][1::-1]
    if day not in whole:
        return []
    mine = _of_story(conn)
    return [
        p.checking.of_his_own(mine[user], row, day)
        for user, counts in UNSCHEDULED.items()
        for row in _neighbours(demo.followed(conn, [mine[user]]), mine[user], whole.index(day), counts[whole.index(day)])
    ]


def _neighbours(rows: list, officer: int, first: int, n: int) -> list:
    """So many of an officer's customers from north to south, others on each day."""
    mine = sorted((r for r in rows if officer in (r.manager_id, r.inspector_id)), key=lambda r: -r.lat)
    return mine[first * 5 : first * 5 + n]


def _photos(p: Planting, said: Submission) -> list[bytes]:
    """One of the place; the last one that is taken was sent before, from another customer's."""
    p.photos += 1
    again = p.photos == sum(map(sum, UNSCHEDULED.values()))
    return [pictures.edited(1, 1) if again else pictures.taken(p.photos, p.photos)]


def _ways(p: Planting, done: list[tuple]) -> dict[uuid.UUID, dict]:
    """The positions of each field visit, by its key."""
    before: dict[int, Submission] = {}
    ways = {}
    for said, officer, _ in sorted(done, key=lambda entry: entry[0].finished_at):
        if said.fixed_at is not None:
            ways[said.key] = p.evidence.way_of(said, before.get(officer.id))
            before[officer.id] = said
    return ways


def _leave_tracks(conn: Connection, done: list[tuple], ways: dict[uuid.UUID, dict]) -> None:
    """Of the visits with a todo, whose forms went a shorter way."""
    for said, officer, branch_id in done:
        if said.key in ways and said.kind is not Kind.SPOT:
            form = SimpleNamespace(customer_id=said.customer_id, staff_id=officer.id, branch_id=branch_id, submit_key=said.key)
            footprints.keep(conn, form, ways[said.key], now=said.finished_at)
