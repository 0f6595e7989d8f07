"""Planting the demo bank: two years of files, nights, visits and signals, through the verbs a real bank uses.

The past goes by quickly (files months apart, nights weeks), the last days as in life: a file and a night a day,
visits submitted one by one by the people who made them. Rules come into force in stages, as they do in a bank.
"""

import random
import shutil
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

from db import access, customers, definitions, demo, feeds, installation, reviews, settings, signals, staff
from db.access import MACHINE, Connection, Person
from db.vocab import Conclusion, Definition, Kind, Level, Mode, Outcome, Role
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
from engine.demo import deskwork, files, pictures, story, world
from engine.demo.evidence import Evidence
from engine.demo.world import World
from engine.feed import load
from engine.parameters import PARAMETERS

DAILY = 6  # the last days, lived day by day
LEAVES_ON_TIME, LEAVES_LATE = 0.955, 0.35  # shares completed before the due day, and each step after it
ADDRESSES = 22_836
SPOT_CHECKS_A_DAY = 3.2
FORGOTTEN = 2  # todos of each visitor that are overdue
UNSCHEDULED = {"inspector": (3, 4), "manager": (0, 2)}  # visits without a todo on the last two whole working days
PLANTING = "being planted"


class Step(NamedTuple):
    """A day of the past on which a night is run, whether a file comes first, and the next such day."""

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
    evidence: "Evidence"
    visitors: frozenset[int] = frozenset()  # staff with a demo sign-in
    undone: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))  # by visitor: what he is to find overdue
    photos: int = 0
    steps: list[tuple[str, float]] = field(default_factory=list)

    def timed(self, what: str, begun: float) -> None:
        self.steps.append((what, time.monotonic() - begun))


class Files:
    """The nightly folders, written ahead by a process of its own that knows the same world, and then spells the names."""

    def __init__(self, bank: World, days: list[date]) -> None:
        self.inbox = settings.home() / "demo-feeds"
        shutil.rmtree(self.inbox, ignore_errors=True)
        self.writer = ProcessPoolExecutor(1, get_context("spawn"))
        self.written = {day: self.writer.submit(_write, bank.last, bank.scale, day, self.inbox) for day in days}

    def folder(self, day: date) -> Path:
        return self.written[day].result()

    def spell(self) -> None:
        """Most names of the book, while the last days are lived."""
        self.writer.submit(spelling.catch_up)

    def close(self) -> None:
        self.writer.shutdown(cancel_futures=True)
        shutil.rmtree(self.inbox, ignore_errors=True)


@cache
def _world(last: date, scale: float) -> World:
    bank = world.build(last, scale)
    story.cast(bank)
    return bank


def _write(last: date, scale: float, day: date, inbox: Path) -> Path:
    bank = _world(last, scale)
    return files.write(bank, day, inbox, story.leavers(bank, day))


def plant(scale: float = 1.0, say=lambda words: None) -> Planting:
    """An empty store becomes the demo bank on the morning of today."""
    with access.transaction(MACHINE, "seed") as conn:
        if installation.get(conn, "demo") == PLANTING:
            raise refusals.HalfPlanted
        if feeds.business_date(conn) is not None:
            raise refusals.NotEmpty
        installation.put(conn, "demo", PLANTING)
        working = calendar.load(conn)
    today = clock.today()
    bank = _world(today - timedelta(days=1), scale)
    steps = list(_steps(bank))
    days = [bank.last - timedelta(days=n) for n in range(DAILY - 1, -1, -1)]
    written = Files(bank, [s.day for s in steps if s.with_file] + days)
    p = Planting(bank, today, random.Random(bank.seed), working, written, Evidence(bank.seed, bank.last))
    try:
        _live(p, steps, days, say)
    finally:
        p.files.close()
    spelling.catch_up()
    with access.transaction(MACHINE, "seed") as conn:
        installation.put(conn, "demo", f"{bank.last} x{scale:g}")
    return p


def remove() -> None:
    """Away with the demo bank, so that it can be planted anew; never with another."""
    if not demo.remove():
        raise refusals.NotADemo
    opening.open_store.cache_clear()
    opening.open_store()


def _live(p: Planting, steps: list[Step], days: list[date], say) -> None:
    _parameters(steps[0].day, p.today)
    for step in steps:
        say(f"{step.day}")
        _live_through(p, step)
    p.files.spell()
    _open_accounts()
    _mark_addresses(p)
    for day in days:
        say(f"{day}")
        _live_a_day(p, day)
    begun = time.monotonic()
    deskwork.work(p.world.seed, clock.now(), p.today)
    p.timed("desk", begun)


def _parameters(begin: date, today: date) -> None:
    """History was handed down in large steps; from last week on the bank's nightly limits hold."""
    with access.transaction(MACHINE, "seed") as conn:
        for name, value in (("feed.max_gap_days", 400), ("feed.absent_days", 1), ("feed.max_row_drop", 0.6)):
            definitions.plant(conn, Definition.PARAMETER, name, {"value": value}, begin, "demo history")
            body = {"value": PARAMETERS[name].default}
            definitions.plant(conn, Definition.PARAMETER, name, body, today - timedelta(days=DAILY - 1), "demo present", version=2)


def _steps(bank: World) -> Iterator[Step]:
    """The days of the past: the nearer, the closer together."""
    day, stop = world.first_day(bank), bank.last - timedelta(days=DAILY)
    next_file = day
    while day <= stop:
        ago = (stop - day).days
        following = day + timedelta(days=7 if ago < 50 else 14 if ago < 130 else 20 if ago < 600 else 38)
        yield Step(day, day >= next_file, min(following, stop + timedelta(days=1)))
        if day >= next_file:
            next_file += timedelta(days=14 if ago < 130 else 60 if ago < 400 else 190)
        day = following


def _live_through(p: Planting, step: Step) -> None:
    """A file if one comes, the night, and what people do until the next."""
    begun = time.monotonic()
    if step.with_file:
        _load(p, step.day)
        with access.transaction(MACHINE, "seed") as conn:
            people.grant_by_post(conn, today=step.day)
            _name_inspectors(p, conn)
            p.visitors = frozenset(_of_story(conn).values())
        p.timed("load", begun)
        begun = time.monotonic()
    if _introduce_rules(p, step):
        return
    _night(step.day)
    p.timed("night", begun)
    begun = time.monotonic()
    with access.transaction(MACHINE, "seed") as conn:
        _people_check(p, conn, step)
        _people_answer(p, conn, step.day)
    p.timed("work", begun)


def _load(p: Planting, day: date) -> None:
    stops = [stop for report in load.load(p.files.folder(day)) for stop in report.stops]
    if stops:
        raise RuntimeError(f"the demo's file of {day} was stopped: {stops}")


def _name_inspectors(p: Planting, conn: Connection) -> None:
    """Relationship managers name who goes to their customers."""
    c, number = p.world.customers, [s[0] for s in p.world.staff]
    named.import_inspectors(conn, dict(zip(c.number, (number[i] for i in c.inspector.tolist()), strict=True)))


def _introduce_rules(p: Planting, step: Step) -> bool:
    """Head office switches off what it will switch on at its stage; two people each time. Whether it is the first day,
    which has no night yet.
    """
    first = step.day == world.first_day(p.world)
    for ago, why, codes in story.stages():
        if first:
            _switch(codes, step.day, on=False, why="分批上线")
        elif step.day <= p.world.last - timedelta(days=ago) < step.following:
            _switch(codes, step.day, on=True, why=why)
    return first


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


def _night(day: date) -> None:
    """This very day's night; the days between were quiet."""
    night.night(day, catch_up=False)


# --- What people did --------------------------------------------------------------------------------------------------


def _people_check(p: Planting, conn: Connection, step: Step) -> None:
    """Most todos are completed a few days before they are due, some late, a few very late."""
    past, last = [], step.following - timedelta(days=1)
    for todo in _worked_on(p, demo.pending(conn, until=step.following + timedelta(days=2))):
        share = LEAVES_ON_TIME if todo.due_on >= step.day else LEAVES_LATE
        if p.draw.random() < share:
            latest = max(step.day, min(todo.due_on, last) - timedelta(days=p.draw.randrange(8)))
            past += _attempts(p, todo, _working_day(p, max(todo.created_on, min(latest, last))))
    past = p.evidence.of(past + _spot_checks(p, conn, step))
    for batch in range(0, len(past), 2000):
        checks.import_past(conn, past[batch : batch + 2000])
    reviews.begin_where_due(conn, step.day - timedelta(days=4))


def _spot_checks(p: Planting, conn: Connection, step: Step) -> list[tuple]:
    """Visits that nobody asked for: inspectors look in on customers, as the case study's did beside their todos."""
    days = [step.day + timedelta(days=n) for n in range((step.following - step.day).days)]
    n = round(SPOT_CHECKS_A_DAY * p.world.scale * len(days))
    return [
        _of_his_own(p, row.inspector_id, row, _working_day(p, p.draw.choice(days)))
        for row in demo.visited(conn, n, p.draw.randrange(10**6))
    ]


def _worked_on(p: Planting, todos: list) -> list:
    """All but what a visitor is to find undone: these days' work of the story's officers, and here and there a late one."""
    return [t for t in todos if not _is_left(p, t, (p.world.last - t.due_on).days)]


def _is_left(p: Planting, todo, days_past: int) -> bool:
    if todo.assignee_id not in p.visitors:
        return days_past < 45 and todo.id % 31 == 0
    undone = p.undone[todo.assignee_id]
    if 3 <= days_past < 25 and len(undone) < FORGOTTEN:
        undone.add(todo.id)
    return days_past < 1 or todo.id in undone


def _working_day(p: Planting, day: date) -> date:
    return p.calendar.previous_working(day)


def _attempts(p: Planting, todo, done: date) -> list[tuple]:
    """The check itself, and for a call now and then an attempt before it that reached nobody."""
    attempts = []
    if todo.mode == Mode.PHONE and p.draw.random() < 0.08:
        outcome = Outcome.WRONG_CONTACT if p.draw.random() < 0.2 else Outcome.UNREACHED
        attempts.append(_submission(p, todo, done - timedelta(days=1), outcome))
    return [*attempts, _submission(p, todo, done, Outcome.COMPLETED)]


def _submission(p: Planting, todo, day: date, outcome: Outcome) -> tuple:
    finished = datetime.combine(day, datetime.min.time(), settings.ZONE) + timedelta(minutes=p.draw.randrange(8 * 60 + 30, 17 * 60))
    mode = Mode(todo.mode)
    conclusion = _conclusion(p, todo) if outcome is Outcome.COMPLETED else Conclusion.UNABLE
    place = _place(p, todo) if mode is Mode.FIELD else {}
    said = Submission(
        key=uuid.UUID(int=p.draw.getrandbits(128), version=4), customer_id=todo.customer_id, kind=Kind(todo.kind), mode=mode,
        outcome=outcome, conclusion=conclusion, finished_at=finished.astimezone(UTC),
        started_at=(finished - timedelta(minutes=p.draw.randrange(6, 35))).astimezone(UTC), todo_ids=(todo.id,),
        answers=story.answers(p.draw, Kind(todo.kind), mode, conclusion), note=story.remark(p.draw, conclusion), **place,
    )  # fmt: skip
    if outcome is Outcome.COMPLETED:
        said = replace(said, note=story.detailed(said.note, said.key.int))
    return said, todo.assignee_id, todo.branch_id, list(todo.loan_ids)


def _conclusion(p: Planting, todo) -> Conclusion:
    roll = p.draw.random()
    troubled = todo.overdue_since is not None
    if roll < (0.10 if troubled else 0.003):
        return Conclusion.RISK
    return Conclusion.ATTENTION if roll < (0.45 if troubled else 0.04) else Conclusion.NORMAL


def _place(p: Planting, todo) -> dict:
    """Where the officer was: mostly at the door, now and then not."""
    i = int(todo.customer_no[1:]) - 1 if todo.customer_no.startswith("K") else None
    if i is None or i >= len(p.world.customers.number):
        return {}
    mark = _mark(p, i)
    away = p.draw.random() < 0.03
    metres = p.draw.uniform(600, 4000) if away else abs(p.draw.gauss(0, 45))
    accuracy = p.draw.choice((8, 12, 20, 35, 65))
    north, east = metres * p.draw.uniform(-0.7, 0.7), metres * p.draw.uniform(-0.7, 0.7)
    lat, lon = round(mark["lat"] + north / 111_000, 6), round(mark["lon"] + east / 80_000, 6)
    return {"lat": lat, "lon": lon, "accuracy_m": accuracy, "place": mark | {"words": p.world.customers.address[i]}}


def _mark(p: Planting, i: int) -> dict:
    """Where the world has a customer, and how near counts as there: villages are wide."""
    c = p.world.customers
    urban = any(d in c.address[i] for d in ("朝阳区", "南关区", "宽城区", "二道区", "绿园区"))
    return {"lat": float(c.lat[i]), "lon": float(c.lon[i]), "radius_m": 300 if urban else 1000}


def _people_answer(p: Planting, conn: Connection, day: date) -> None:
    """Signals are taken, answered and closed in time, mostly."""
    head = demo.somebody(conn, Role.HEAD_RISK)
    moment = _morning(day + timedelta(days=2))
    person = cache(lambda staff_id: staff.person(conn, staff_id))
    for signal in signals.queue(conn, limit=None):
        holder = demo.owner_id(conn, signal)
        owner = person(holder) if holder else None
        if owner is None or signal.first_on > day or p.draw.random() < 0.12:
            continue
        if signal.state == "raised":
            warnings.take(conn, owner, signal.id, now=moment)
        elif signal.state == "taken" and signal.taken_by == owner.id:
            measures, words = story.answer(p.draw, Level(signal.level))
            warnings.answer(conn, owner, signal.id, measures, words, now=moment)
        elif signal.state == "answered" and (signal.gone_on or p.draw.random() < 0.02):
            false = not signal.gone_on
            warnings.close(conn, head, signal.id, story.closing(p.draw, false), false_alarm=false, today=day)


# --- Addresses, and the last days -------------------------------------------------------------------------------------


def _mark_addresses(p: Planting) -> None:
    """Managers have marked a place for nearly every customer, a second one for some."""
    with access.transaction(MACHINE, "seed") as conn:
        marks = []
        wanted = round(ADDRESSES * p.world.scale)
        for row in demo.customers_of_the_union(conn):
            point = _mark(p, int(row.customer_no[1:]) - 1)
            kind = "business" if row.segment in ("firm", "business") else "home"
            if p.draw.random() < 0.99:
                marks.append(addresses.Mark(row.id, kind, row.address, **point))
            if p.draw.random() < 0.11:
                marks.append(addresses.Mark(row.id, "collateral", row.address, point["lat"] + 0.004, point["lon"] + 0.006))
        addresses.import_marks(conn, _some_odd(marks[:wanted]), None, clock.now())


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


def _live_a_day(p: Planting, day: date) -> None:
    begun = time.monotonic()
    _load(p, day)
    p.timed("load", begun)
    begun = time.monotonic()
    _night(day)
    p.timed("night", begun)
    begun = time.monotonic()
    following = day + timedelta(days=1)
    if p.calendar.is_working(following):
        _work_a_day(p, following, whole=following < p.today)
    p.timed("work", begun)


def _morning(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), settings.ZONE) + timedelta(hours=10)


def _work_a_day(p: Planting, day: date, whole: bool) -> None:
    """What is due soon is done by those it is assigned to, each submitting his own; of today only the morning's part."""
    with access.reading(MACHINE) as conn:
        due = _worked_on(p, demo.pending(conn, until=day + timedelta(days=4)))
        unscheduled = _unscheduled(p, conn, day)
    p.draw.shuffle(due)
    share = 0.55 if whole else 0.2
    entries = [_submission(p, todo, day, Outcome.COMPLETED) for todo in due[: round(len(due) * share)]] + unscheduled
    officers = _officers({staff_id for _, staff_id, *_ in entries})
    done = [(said, officers[staff_id]) for said, staff_id, *_ in p.evidence.of(entries) if staff_id in officers]
    ways = _ways(p, done)
    for said, officer in done:
        if said.kind is Kind.SPOT:
            pictures.submit(officer, said, ways[said.key], _photos(p, said))
            continue
        with access.transaction(officer, "check.submit") as conn:
            checks.submit(conn, officer, said)
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
        _of_his_own(p, mine[user], row, day)
        for user, counts in UNSCHEDULED.items()
        for row in _neighbours(demo.followed(conn, [mine[user]]), mine[user], whole.index(day), counts[whole.index(day)])
    ]


def _neighbours(rows: list, officer: int, first: int, n: int) -> list:
    """So many of an officer's customers from north to south, others on each day."""
    mine = sorted((r for r in rows if officer in (r.manager_id, r.inspector_id)), key=lambda r: -r.lat)
    return mine[first * 5 : first * 5 + n]


def _of_his_own(p: Planting, staff_id: int, row, day: date) -> tuple:
    todo = SimpleNamespace(
        id=0, customer_id=row.id, customer_no=row.customer_no, kind=Kind.SPOT, mode=Mode.FIELD, assignee_id=staff_id, branch_id=row.branch_id,
        loan_ids=[], overdue_since=None,
    )  # fmt: skip
    said, *rest = _submission(p, todo, day, Outcome.COMPLETED)
    return replace(said, todo_ids=(), conclusion=Conclusion.NORMAL, note=story.detailed(story.SPOT, said.key.int)), *rest


def _photos(p: Planting, said: Submission) -> list[bytes]:
    """One of the place; the last one that is taken was sent before, from another customer's."""
    p.photos += 1
    again = p.photos == sum(map(sum, UNSCHEDULED.values()))
    return [pictures.edited(1, 1) if again else pictures.taken(p.photos, p.photos)]


def _ways(p: Planting, done: list[tuple]) -> dict[uuid.UUID, dict]:
    """The positions of each field visit, by its key."""
    before: dict[int, Submission] = {}
    ways = {}
    for said, officer in sorted(done, key=lambda entry: entry[0].finished_at):
        if said.fixed_at is not None:
            ways[said.key] = p.evidence.way_of(said, before.get(officer.id))
            before[officer.id] = said
    return ways


def _leave_tracks(conn: Connection, done: list[tuple], ways: dict[uuid.UUID, dict]) -> None:
    """Of the visits with a todo, whose forms went a shorter way."""
    for said, officer in done:
        if said.key in ways and said.kind is not Kind.SPOT:
            branch_id = customers.get(conn, said.customer_id).branch_id
            form = SimpleNamespace(customer_id=said.customer_id, staff_id=officer.id, branch_id=branch_id, submit_key=said.key)
            footprints.keep(conn, form, ways[said.key], now=said.finished_at)
