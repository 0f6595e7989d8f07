"""How long an officer waits for his round, store and all: planning fifty stops, moving one, sharing out a branch.

Seconds on the wall, for that is what the officer waits; those of the processor are said beside, for the wall's grow with
whatever else the machine does. The floor is what may be taken.
"""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from db import access, rounds, scratch, staff
from db.access import MACHINE, Person
from engine import rounds as planning
from engine.bench import bank
from engine.bench.figures import Figure
from engine.route import search

NOW = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)  # a Monday, half past eight in China
DAY = NOW.date()
HERE = (44.43, 125.18)
OFFICERS, VISITS = 20, 50
TIMES = 7


def measure(say: Callable[[str], None]) -> list[Figure]:
    """On a scratch branch of 20 officers with 50 visits each."""
    with bank.store():
        ids = scratch.plant_branch(OFFICERS, OFFICERS * VISITS, DAY)
        with access.reading(MACHINE) as conn:
            head, *officers = (staff.person(conn, staff_id) for staff_id in ids)
        search.load()
        return [*_of_one(officers[0], say), _of_a_branch(head, officers, say)]


def _of_one(officer: Person, say: Callable[[str], None]) -> list[Figure]:
    _act(officer, lambda conn: planning.plan(conn, officer, DAY, position=HERE, now=NOW))
    with access.reading(officer) as conn:
        kept = rounds.of(conn, officer.id, DAY)
    say(f"{len(kept.visits)} of {VISITS} on the round, {kept.travel_km:g} km, {len(kept.left_out)} left out")
    last = kept.visits[-1]["customer"]
    acts = {
        f"plan of {VISITS} stops": lambda conn: planning.plan(conn, officer, DAY, position=HERE, now=NOW),
        "one place up by hand": lambda conn: planning.move(conn, officer, DAY, last, -1, now=NOW),
        "the rest behind the first": lambda conn: planning.replan_after(conn, officer, DAY, kept.visits[0]["customer"], now=NOW),
        "what lies near the way": lambda conn: planning.offers(conn, officer, DAY, now=NOW),
    }
    return [_timed(name, officer, do, say) for name, do in acts.items()]


def _timed(name: str, officer: Person, do: Callable, say: Callable[[str], None]) -> Figure:
    walls, works = [], []
    for _ in range(TIMES):
        wall, work = time.monotonic(), time.process_time()
        _act(officer, do)
        walls.append(time.monotonic() - wall)
        works.append(time.process_time() - work)
    say(f"{name}: {statistics.median(works):.2f} s of the processor, {statistics.median(walls):.2f} s on the wall")
    return Figure(f"rounds: {name}", statistics.median(walls), 1)


def _act(officer: Person, do: Callable) -> None:
    with access.transaction(officer, "round.plan") as conn:
        do(conn)


def _of_a_branch(head: Person, officers: list[Person], say: Callable[[str], None]) -> Figure:
    begun = time.monotonic()
    with access.transaction(head, "round.share") as conn:
        number = planning.begin(conn, head, DAY + timedelta(days=1), DAY + timedelta(days=30), [o.id for o in officers])
    planning.work_out(head, number)
    with access.transaction(head, "round.share") as conn:
        given = planning.apply(conn, head, number)
    seconds = time.monotonic() - begun
    with access.reading(head) as conn:
        made = sum(len(row.visits) for row in rounds.on(conn, DAY + timedelta(days=1)))
    say(f"branch: {given} todos changed hands, {made} visits on {len(officers)} rounds")
    return Figure(f"rounds: share out {OFFICERS} officers x {VISITS} visits", seconds, 60)
