"""The best of all rounds of a few stops, by dynamic programming over the sets of stops visited.

For a set and its last stop only the earliest end matters: whoever is done earlier can do all that the other can.
"""

import numpy as np

from engine.route.day import HAIR, Day

MOST = 12  # stops; each more doubles the work
FACTS = ("opens", "closes", "service")


def best_order(day: Day) -> list[int]:
    """Rows of the stops in order; the most worth, then the earliest end. `[]` when no visit fits."""
    n = len(day.stops)
    done, before = _tables(day)
    home = done + day.minutes[1:-1, -1]
    fits = home <= day.length + HAIR
    worth = np.array([_worth(day, visited) for visited in range(1 << n)])
    best = max(((worth[v], -home[v, last], -v, last) for v, last in np.argwhere(fits).tolist()), default=(0, 0, 0, 0))
    return _traced(before, -best[2], best[3]) if best[0] > 0 else []


def _tables(day: Day) -> tuple[np.ndarray, np.ndarray]:
    """By set (bits) and last stop: the earliest end of that visit, and the stop before it."""
    n = len(day.stops)
    opens, closes, service = (np.array([getattr(s, of) for s in day.stops], dtype=float) for of in FACTS)
    closes = np.minimum(closes, day.length)
    done, before = np.full((1 << n, n), np.inf), np.full((1 << n, n), -1)
    way = day.minutes[1:-1, 1:-1]
    for visited in range(1 << n):
        if visited:
            came = done[visited][:, None] + way
            last = came.argmin(axis=0)
            arrives = came[last, np.arange(n)]
        else:
            last, arrives = np.full(n, -1), day.leaves + day.minutes[0, 1:-1]
        begins = np.maximum(arrives, opens)
        for stop in np.flatnonzero(begins <= closes + HAIR):
            if not visited >> stop & 1:
                done[visited | 1 << stop, stop] = begins[stop] + service[stop]
                before[visited | 1 << stop, stop] = last[stop]
    return done, before


def _worth(day: Day, visited: int) -> float:
    return sum(day.worth[stop] for stop in range(len(day.stops)) if visited >> stop & 1)


def _traced(before: np.ndarray, visited: int, last: int) -> list[int]:
    order = []
    while last >= 0:
        order.append(last + 1)
        visited, last = visited ^ 1 << last, int(before[visited, last])
    return order[::-1]
