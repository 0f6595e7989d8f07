"""What a planned order saves over an officer's own, on the very same visits: python -m engine.route.simulation

Everything here is assumed, and stated in `Assumed`; nothing is a promise about a bank. An officer's list is cleared
over as many days as it takes, each day beginning and ending at the base, so all orders make exactly the same visits:

- nearest: always to the nearest place that still fits the day;
- by due date: strictly by the day each visit is due;
- planned: engine.route spreads the list over as few days as it can, with the least travel altogether.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from engine.route import travel
from engine.route.day import Day, Round, Stop, keeps, timed
from engine.route.plan import over_days, part, plan
from engine.route.travel import Point

SECONDS = 0.5  # of work on each list


@dataclass(frozen=True)
class Assumed:
    """Kilometres and minutes. A scattered list lies all over the district, an area list in one part of it."""

    lists: int = 12
    visits: int = 14
    across: float = 30
    town: float = 8
    in_town: float = 0.5
    scattered: bool = True
    service: float = 15
    write_up: float = 5
    day: float = 480
    base: tuple[float, float] = (43.88, 125.32)  # Changchun


@dataclass(frozen=True)
class Split:
    """Minutes a visit, and how many days the list took."""

    travel: float
    service: float
    write_up: float
    days: float

    @property
    def visit(self) -> float:
        return self.travel + self.service + self.write_up


def compare(assumed: Assumed, seed: int = 1) -> dict[str, Split]:
    """The mean minutes of a visit under each order."""
    days = [made_up(assumed, np.random.default_rng([seed, n])) for n in range(assumed.lists)]
    return {name: _mean(assumed, [order(day) for day in days]) for name, order in ORDERS.items()}


def made_up(assumed: Assumed, chance: np.random.Generator) -> Day:
    """One officer's list; stops come in the order in which they are due."""
    east, north = places(assumed, chance).T
    lat, lon = assumed.base
    points = [
        Point(lat + y / 110.57, lon + x / (111.32 * np.cos(np.radians(lat))), bool(np.hypot(x, y) < assumed.town))
        for x, y in zip([0, *east, 0], [0, *north, 0], strict=True)
    ]
    taken = assumed.service + assumed.write_up
    return Day(travel.matrix(points), tuple(Stop(n, taken, 1) for n in range(assumed.visits)), assumed.day)


def places(assumed: Assumed, chance: np.random.Generator) -> np.ndarray:
    """Kilometres east and north of the base: some in town, the rest anywhere, or about one village."""
    n = assumed.visits
    half = assumed.across / 2
    if not assumed.scattered:
        return chance.uniform(-half, half, 2) + chance.normal(0, 2.5, (n, 2))
    town = chance.normal(0, assumed.town / 2, (n, 2))
    return np.where((chance.random(n) < assumed.in_town)[:, None], town, chance.uniform(-half, half, (n, 2)))


def nearest(day: Day) -> list[int]:
    order, left = [], set(range(1, len(day.stops) + 1))
    while left:
        at = order[-1] if order else 0
        order.append(min(left, key=lambda row: (day.way[at][row], row)))
        left.discard(order[-1])
    return order


def by_due_date(day: Day) -> list[int]:
    return list(range(1, len(day.stops) + 1))


def _today(day: Day, own: Callable[[Day], list[int]]) -> list[int]:
    """As much of an officer's own order as fits, leaving out what does not."""
    order: list[int] = []
    for row in own(day):
        if keeps(day, [*order, row]):
            order.append(row)
    return order


def planned(day: Day) -> list[Round]:
    """The whole list on as few days as possible."""
    least = math.ceil(sum(stop.service for stop in day.stops) / day.length)
    for days in range(max(1, least), len(day.stops) + 1):
        rounds = [plan(day, SECONDS)] if days == 1 else over_days(day, days, SECONDS)
        if sum(len(r.visits) for r in rounds) == len(day.stops):
            return rounds
    raise ValueError("a visit that fits no day")


ORDERS: dict[str, Callable[[Day], list[Round]]] = {
    "nearest": lambda day: cleared(day, nearest),
    "by due date": lambda day: cleared(day, by_due_date),
    "planned": planned,
}


def cleared(day: Day, own: Callable[[Day], list[int]]) -> list[Round]:
    """The rounds of as many days as it takes to make every visit."""
    rounds, left = [], list(range(1, len(day.stops) + 1))
    while left:
        today = part(day, 0, left, 0)
        rows = _today(today, own)
        if not rows:
            raise ValueError("a visit that fits no day")
        rounds.append(timed(today, rows))
        left = [row for n, row in enumerate(left, 1) if n not in set(rows)]
    return rounds


def _mean(assumed: Assumed, lists: list[list[Round]]) -> Split:
    visits = assumed.visits * len(lists)
    travelled = sum(r.travel for rounds in lists for r in rounds)
    return Split(travelled / visits, assumed.service, assumed.write_up, sum(map(len, lists)) / len(lists))


def main() -> None:
    few = Assumed()
    cases = {
        "scattered, 14 visits": few,
        "scattered, 40 visits": replace(few, visits=40, across=60),
        "one area, 14 visits": replace(few, scattered=False),
        "scattered, 10 visits, written up at the desk": replace(few, write_up=25, visits=10),
    }
    for name, assumed in cases.items():
        print(f"{name}: {assumed}")
        found = compare(assumed)
        for order, split in found.items():
            saved = 1 - found["planned"].travel / split.travel
            parts = f"travel {split.travel:.1f} + service {split.service:.1f} + write-up {split.write_up:.1f}"
            print(
                f"  {order:<12} {parts} = {split.visit:.1f} min a visit, {split.days:.2f} days; the plan travels {saved:.1%} less"
            )


if __name__ == "__main__":
    main()
