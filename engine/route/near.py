"""What else could be done on the way: stops that a round has left out and that fit between two of its visits."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.route.day import HAIR, Day, clock, tidy


@dataclass(frozen=True)
class Suggestion:
    """A stop, the visit after which it would come (None: first), the travel it adds and when it would begin."""

    id: str | int
    after: str | int | None
    extra: float
    begins: float


def nearby(day: Day, ids: Iterable[str | int], most: int = 10, farther: float = 30) -> list[Suggestion]:
    """The stops left out that add the least travel, at most `farther` minutes, and make no later visit late.

    For odd free minutes, a day from here to the next appointment with no visits in it asks the same question.
    """
    order = day.order_of(ids)
    found = [s for row in range(1, len(day.stops) + 1) if row not in set(order) if (s := _cheapest(day, order, row))]
    near = [s for s in found if s.extra <= farther]
    return sorted(near, key=lambda s: (s.extra, -_prize(day, s.id)))[:most]


def _cheapest(day: Day, order: list[int], row: int) -> Suggestion | None:
    """Where a stop would add the least travel, if it fits anywhere."""
    stop, rows = day.stops[row - 1], [0, *order, len(day.stops) + 1]
    before, after = np.array(rows[:-1]), np.array(rows[1:])
    done, latest = _room(day, order)
    begins = np.maximum(done + day.minutes[before, row], stop.opens)
    arrives = begins + stop.service + day.minutes[row, after]
    fits = (begins <= stop.closes + HAIR) & (arrives <= latest + HAIR)
    if not fits.any():
        return None
    extra = day.minutes[before, row] + day.minutes[row, after] - day.minutes[before, after]
    k = int(np.where(fits, extra, np.inf).argmin())
    left = day.stops[rows[k] - 1].id if k else None
    return Suggestion(stop.id, left, tidy(extra[k]), tidy(begins[k]))


def _room(day: Day, order: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """For each leg: when the officer is free to leave, and when he must arrive so that the rest stays in time."""
    begins, _home = clock(day, order)
    stops = [day.stops[row - 1] for row in order]
    done = [day.leaves, *(b + s.service for b, s in zip(begins, stops, strict=True))]
    rows, latest = [*order, len(day.stops) + 1], [day.length]
    for k in range(len(order) - 1, -1, -1):
        latest.append(min(stops[k].closes, latest[-1] - stops[k].service - day.way[rows[k]][rows[k + 1]]))
    return np.array(done), np.array(latest[::-1])


def _prize(day: Day, stop_id: str | int) -> float:
    return day.stops[day.order_of([stop_id])[0] - 1].prize
