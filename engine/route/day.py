"""What a day's round is made of, and its clock: travel, wait until the place opens, visit, go on, be home in time."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

HAIR = 1e-9  # minutes; sums of decimal minutes are not exact


@dataclass(frozen=True)
class Stop:
    """A visit that could be made; all in minutes of the day. It begins between `opens` and `closes`.

    `fixed`: an appointment, worth more than all that is none.
    """

    id: str | int
    service: float
    prize: float
    opens: float = 0
    closes: float = math.inf
    fixed: bool = False


@dataclass(frozen=True, eq=False)
class Day:
    """What there is to choose from. `minutes`: travel; row 0 is the start, the last the end, between them the stops."""

    minutes: np.ndarray
    stops: tuple[Stop, ...]
    length: float
    leaves: float = 0

    @cached_property
    def worth(self) -> np.ndarray:
        """A stop's prize; an appointment's is raised above all prizes together."""
        prizes = np.array([stop.prize for stop in self.stops], dtype=float)
        return prizes + np.array([stop.fixed for stop in self.stops]) * (prizes.sum() + 1)

    @cached_property
    def way(self) -> list[list[float]]:
        """The minutes as plain numbers, which a loop reads faster."""
        return self.minutes.tolist()

    def order_of(self, ids: Iterable[str | int]) -> list[int]:
        """Rows of the matrix for ids."""
        rows = {stop.id: row for row, stop in enumerate(self.stops, 1)}
        return [rows[i] for i in ids]


@dataclass(frozen=True)
class Visit:
    id: str | int
    begins: float


@dataclass(frozen=True)
class Round:
    """A day's visits in order. `minutes`: home again; `late`: begun after closing time; `left`: not today."""

    visits: tuple[Visit, ...]
    prize: float
    minutes: float
    travel: float
    late: tuple[str | int, ...] = ()
    left: tuple[str | int, ...] = ()
    overlong: bool = False

    @property
    def ids(self) -> list[str | int]:
        return [visit.id for visit in self.visits]

    @property
    def keeps(self) -> bool:
        """Whether every visit begins in its window and the day ends in time."""
        return not self.late and not self.overlong


def timed(day: Day, order: Sequence[int]) -> Round:
    """The times of an order as it is, good or not."""
    begins, home = clock(day, order)
    stops = [day.stops[row - 1] for row in order]
    late = [s.id for s, begin in zip(stops, begins, strict=True) if begin > s.closes + HAIR]
    chosen = set(order)
    return Round(
        visits=tuple(Visit(s.id, tidy(begin)) for s, begin in zip(stops, begins, strict=True)),
        prize=tidy(math.fsum(s.prize for s in stops)),
        minutes=tidy(home),
        travel=tidy(math.fsum(travelled(day, order))),
        late=tuple(late),
        left=tuple(s.id for row, s in enumerate(day.stops, 1) if row not in chosen),
        overlong=home > day.length + HAIR,
    )


def clock(day: Day, order: Sequence[int]) -> tuple[list[float], float]:
    """When each visit begins, and when the round is over."""
    begins, at, now = [], 0, day.leaves
    for row in order:
        stop = day.stops[row - 1]
        begins.append(max(now + day.way[at][row], stop.opens))
        at, now = row, begins[-1] + stop.service
    return begins, now + day.way[at][-1]


def travelled(day: Day, order: Sequence[int]) -> list[float]:
    """Minutes of each leg, the way home included."""
    rows = [0, *order, len(day.stops) + 1]
    return [day.way[a][b] for a, b in zip(rows, rows[1:], strict=False)]


def keeps(day: Day, order: Sequence[int]) -> bool:
    begins, home = clock(day, order)
    in_time = all(begin <= day.stops[row - 1].closes + HAIR for row, begin in zip(order, begins, strict=True))
    return in_time and home <= day.length + HAIR


def value(day: Day, order: Sequence[int]) -> tuple[float, float]:
    """To compare orders that keep the day: worth first, then an early end."""
    return math.fsum(day.worth[row - 1] for row in order), -clock(day, order)[1]


def tidy(number: float) -> int | float:
    """Without the dust of adding decimals; whole numbers as such."""
    rounded = round(float(number), 9)
    return int(rounded) if rounded.is_integer() else rounded
