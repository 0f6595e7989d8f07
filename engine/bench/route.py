"""How good a round is and how long it takes: beside Solomon's instances, ten times the work, and the time granted.

Seconds are of the processor, so a busy machine gives the same figures; the floor is what the round may take, so a ratio
below 1 keeps the promise. Solomon's instances (orienteering with time windows: Righini and Salani 2009, after Solomon
1987) are not shipped: VIGIL_SOLOMON names a folder of them, c101.txt to rc108.txt in the format of KU Leuven's TOPTW
collection. Python -m engine.bench.route prints the gaps too.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from db import settings
from engine import route
from engine.bench.figures import Figure
from engine.route import branch, travel
from engine.route.branch import Officer
from engine.route.travel import Point

# By instance, the most prize one officer can collect from the first 50 and from all 100 customers, proven by Righini and
# Salani's exact algorithm.
BEST = {
    "c101": (270, 320), "c102": (300, 360), "c103": (320, 400), "c104": (340, 420), "c105": (300, 340),
    "c106": (280, 340), "c107": (310, 370), "c108": (320, 370), "c109": (340, 380),
    "r101": (126, 198), "r102": (198, 286), "r103": (214, 293), "r104": (227, 303), "r105": (159, 247),
    "r106": (208, 293), "r107": (220, 299), "r108": (227, 308), "r109": (192, 277), "r110": (208, 284),
    "r111": (223, 297), "r112": (226, 298),
    "rc101": (180, 219), "rc102": (230, 266), "rc103": (240, 266), "rc104": (270, 301), "rc105": (210, 244),
    "rc106": (210, 252), "rc107": (240, 277), "rc108": (250, 298),
}  # fmt: skip
SIZES = (50, 100)
BASE = Point(43.88, 125.32, True)  # Changchun


def measure(say: Callable[[str], None]) -> list[Figure]:
    """Ten, fifty and 200 stops, a branch of 20 officers with 50 visits each, and Solomon's when they are there."""
    route.plan(a_day(20, 0), 0.1)  # loads the solvers
    figures = [_stops(10, 1, 5, say), _stops(50, 1, 5, say), _stops(200, 10, 2, say), _branch(say)]
    return figures + ([_solomon(size, say) for size in SIZES] if folder() else [])


def _stops(n: int, granted: float, days: int, say: Callable[[str], None]) -> Figure:
    """The longest of some days; said: how far the plan is from one of twenty times the work."""
    slowest, gaps = 0.0, []
    for seed in range(days):
        day = a_day(n, seed)
        planned, seconds = _timed(lambda day=day: route.plan(day))
        slowest = max(slowest, seconds)
        gaps.append(1 - planned.prize / route.plan(day, 20).prize)
    say(f"{n} stops: {slowest:.2f} s at most, {np.mean(gaps):.2%} (at most {max(gaps):.2%}) below 20 times the work")
    return Figure(f"route: {n} stops", slowest, granted)


def _branch(say: Callable[[str], None]) -> Figure:
    shares, seconds = _timed(lambda: branch.branch(*a_branch()))
    sizes, made = [len(s.stops) for s in shares], [len(s.round.visits) for s in shares]
    say(f"branch: {seconds:.1f} s; {min(sizes)} to {max(sizes)} visits an officer, {sum(made)} of them today")
    return Figure("route: 20 officers x 50 visits", seconds, 60)


def _solomon(size: int, say: Callable[[str], None]) -> Figure:
    gaps, taken = {}, []
    for name, best in BEST.items():
        day = instance(name, size)
        planned, seconds = _timed(lambda day=day: route.plan(day))
        gaps[name] = 1 - planned.prize / best[SIZES.index(size)]
        taken.append(seconds)
    missed = ", ".join(f"{name} {gap:.1%}" for name, gap in gaps.items() if gap)
    say(f"Solomon, {size} customers: gap {np.mean(list(gaps.values())):.2%} on average; {missed or 'all solved'}")
    return Figure(f"route: Solomon {size}, slowest of {len(BEST)}", max(taken), 1)


def _timed(what: Callable):
    begun = time.process_time()
    return what(), time.process_time() - begun


def folder() -> Path | None:
    given = settings.solomon()
    return given if given and given.is_dir() else None


def instance(name: str, size: int) -> route.Day:
    """An instance's first customers; distances cut after one decimal, as its publishers ask."""
    lines = (folder() / f"{name}.txt").read_text().splitlines()[2:]
    rows = [[float(word) for word in line.split()] for line in lines if line.strip()][: size + 1]
    places = np.array([row[1:3] for row in [*rows, rows[0]]])
    apart = np.hypot(*(places[:, None] - places).transpose(2, 0, 1))
    stops = tuple(route.Stop(int(row[0]), row[3], row[4], row[-2], row[-1]) for row in rows[1:])
    return route.Day(np.floor(apart * 10 + 1e-9) / 10, stops, rows[0][-1])


def a_day(n: int, seed: int) -> route.Day:
    """Half of the visits in town, half in the country; a fifth can only be made in a window of two hours."""
    chance = np.random.default_rng(seed)
    points = [BASE, *_points(n, chance), BASE]
    opens = np.where(chance.random(n) < 0.2, chance.integers(0, 360, n), 0)
    closes = np.where(opens > 0, opens + 120, 480)
    prizes = chance.integers(5, 100, n)
    stops = tuple(route.Stop(k, 15, int(prizes[k]), int(opens[k]), int(closes[k])) for k in range(n))
    return route.Day(travel.matrix(points), stops, 480)


def a_branch(officers: int = 20, visits: int = 1000) -> tuple[list[Officer], list[route.Stop], list[Point]]:
    chance = np.random.default_rng(20)
    prizes = chance.integers(5, 100, visits).tolist()
    stops = [route.Stop(n, 15, prize) for n, prize in enumerate(prizes)]
    return [Officer(f"officer {n}", BASE) for n in range(officers)], stops, _points(visits, chance)


def _points(n: int, chance: np.random.Generator) -> list[Point]:
    town = chance.random(n) < 0.5
    east, north = np.where(town[:, None], chance.normal(0, 4, (n, 2)), chance.uniform(-35, 35, (n, 2))).T
    turn = 111.32 * np.cos(np.radians(BASE.lat))
    return [Point(BASE.lat + y / 110.57, BASE.lon + x / turn, bool(t)) for x, y, t in zip(east, north, town, strict=True)]


if __name__ == "__main__":
    for figure in measure(lambda what: print(f"  {what}", file=sys.stderr, flush=True)):
        print(f"{figure.name:<36} {figure.seconds:7.2f} s of {figure.floor_seconds:.0f}")
