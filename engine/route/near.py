"""What else could be done on the way: stops that a round has left out and that fit between two of its visits."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.route.day import Day, tidy
from engine.route.gaps import gaps


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
    left = [row for row in range(1, len(day.stops) + 1) if row not in set(order)]
    if not left:
        return []
    g = gaps(day, order, left)
    extra = np.where(g.fits, g.extra, np.inf)
    best = extra.argmin(axis=1)
    nearest = sorted(range(len(left)), key=lambda n: (extra[n, best[n]], -day.stops[left[n] - 1].prize))
    near = [(left[n], n, best[n]) for n in nearest if extra[n, best[n]] <= farther]
    return [_suggestion(day, order, row, g.begins[n, k], extra[n, k], k) for row, n, k in near[:most]]


def _suggestion(day: Day, order: list[int], row: int, begins: float, extra: float, leg: int) -> Suggestion:
    after = day.stops[order[leg - 1] - 1].id if leg else None
    return Suggestion(day.stops[row - 1].id, after, tidy(extra), tidy(begins))
