"""Where a stop that a round has left out would still fit: between which visits, at which minute, at what cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.route.day import HAIR, Day, clock


@dataclass(frozen=True, eq=False)
class Gaps:
    """One row a stop of `rows`, one column a leg of the round; all in minutes.

    `extra`: travel added; `shift`: by how much the next visit is put off; `fits`: nothing becomes late.
    """

    rows: np.ndarray
    begins: np.ndarray
    extra: np.ndarray
    shift: np.ndarray
    fits: np.ndarray


def gaps(day: Day, order: Sequence[int], rows: Sequence[int]) -> Gaps:
    """Every stop of `rows` between every two visits of a round that keeps the day."""
    places, rows = np.array([0, *order, len(day.stops) + 1]), np.array(rows)
    before, after = places[:-1], places[1:]
    done, latest = _room(day, order)
    opens, closes, service = (of[rows - 1, None] for of in _facts(day))
    arrives = done + day.minutes[before][:, rows].T
    begins, on = np.maximum(arrives, opens), day.minutes[rows][:, after]
    goes_on = begins + service + on
    extra = day.minutes[before][:, rows].T + on - day.minutes[before, after]
    shift = goes_on - done - day.minutes[before, after]
    return Gaps(rows, begins, extra, shift, (begins <= closes + HAIR) & (goes_on <= latest + HAIR))


def _room(day: Day, order: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """For each leg: when the officer is free to leave, and when he must arrive so that the rest stays in time."""
    begins, _home = clock(day, order)
    stops = [day.stops[row - 1] for row in order]
    done = [day.leaves, *(b + s.service for b, s in zip(begins, stops, strict=True))]
    places, latest = [*order, len(day.stops) + 1], [day.length]
    for k in range(len(order) - 1, -1, -1):
        latest.append(min(stops[k].closes, latest[-1] - stops[k].service - day.way[places[k]][places[k + 1]]))
    return np.array(done), np.array(latest[::-1])


def _facts(day: Day) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return tuple(np.array([getattr(s, of) for s in day.stops], dtype=float) for of in ("opens", "closes", "service"))


def filled(day: Day, order: Sequence[int] = ()) -> list[int]:
    """A round built up by one visit after the other, each the most worth (squared) for the minutes it takes."""
    order, left = list(order), [row for row in range(1, len(day.stops) + 1) if row not in set(order)]
    while left:
        g = gaps(day, order, left)
        minutes = np.maximum(g.shift, 0) + 1  # a detour may save time where the way is no straight one
        pull = np.where(g.fits, day.worth[g.rows - 1, None] ** 2 / minutes, -1)
        which, gap = np.unravel_index(pull.argmax(), pull.shape)
        if pull[which, gap] <= 0:
            break
        order.insert(gap, left[which])
        # What fits nowhere now never will: a fuller round leaves less room.
        left = [row for row, fits in zip(left, g.fits.any(axis=1), strict=True) if fits and row != order[gap]]
    return order
