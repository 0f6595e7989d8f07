"""The plan of a day, and the plan after the officer has moved something by hand."""

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from engine.route import exact, search
from engine.route.day import Day, Round, clock, keeps, timed, value
from engine.route.gaps import filled

SECONDS = 1.0


def plan(day: Day, seconds: float = SECONDS) -> Round:
    """The round of most prize, then of the earliest end: proven for few stops; 0 seconds give the first good one."""
    return timed(day, best_order(day, seconds))


def best_order(day: Day, seconds: float) -> list[int]:
    """Rows of the visits; the officer may have left already, and be expected at the end."""
    worth = [row for row, stop in enumerate(day.stops, 1) if stop.prize > 0 or stop.fixed]
    few = part(day, 0, worth, day.leaves)
    if not worth:
        return []
    if len(worth) <= exact.MOST:
        return [worth[row - 1] for row in exact.best_order(few)]
    return [worth[row - 1] for row in _searched(few, seconds)]


def _searched(day: Day, seconds: float) -> list[int]:
    whole, found = search.ticks(day), [filled(day)]
    found += search.first(whole, len(found[0]), seconds)
    if seconds and (start := _best(day, found)):
        found += search.better(whole, [start], seconds)
    return _best(day, found)


def _best(day: Day, orders: list[list[int]]) -> list[int]:
    return max((order for order in orders if keeps(day, order)), key=lambda order: value(day, order), default=[])


def over_days(day: Day, days: int, seconds: float = SECONDS) -> list[Round]:
    """A list spread over several days like this one: the most prize, then the least travel altogether."""
    whole = search.ticks(day)
    whole = replace(whole, shifts=whole.shifts * days)
    orders = search.first(whole, math.ceil(len(day.stops) / days), seconds) or [filled(day)] + [[]] * (days - 1)
    if seconds and any(orders):
        orders = search.better(whole, orders, seconds)
    return [timed(day, order) for order in orders]


def replan(day: Day, kept: Iterable[str | int], seconds: float = SECONDS) -> Round:
    """The officer's first visits in his own order, then the best of the rest. Being late is told, not refused."""
    order = day.order_of(kept)
    begins, home = clock(day, order)
    at = order[-1] if order else 0
    done = begins[-1] + day.stops[at - 1].service if order else day.leaves
    if home > day.length:
        return timed(day, order)
    rest = [row for row in range(1, len(day.stops) + 1) if row not in set(order)]
    return timed(day, order + [rest[row - 1] for row in best_order(part(day, at, rest, done), seconds)])


def part(day: Day, at: int, rows: list[int], leaves: float) -> Day:
    """The day from a place and a minute on, with some of its stops."""
    places = [at, *rows, len(day.stops) + 1]
    return Day(day.minutes[np.ix_(places, places)], tuple(day.stops[row - 1] for row in rows), day.length, leaves)
