"""A whole branch's day: its visits shared out by place and evenly, then a round for each officer. A background job."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.route import travel
from engine.route.day import Day, Round, Stop
from engine.route.plan import plan
from engine.route.travel import Point, Ways

SECONDS = 0.7  # of work on each officer's round


@dataclass(frozen=True)
class Officer:
    """Leaves from a point and comes back to it; `length`: minutes of the day."""

    id: str | int
    base: Point
    length: float = 480


@dataclass(frozen=True)
class Share:
    """What falls to one officer: all visits of his patch, and the round of them for today."""

    officer: str | int
    stops: tuple[str | int, ...]
    round: Round


def branch(
    officers: Sequence[Officer], stops: Sequence[Stop], points: Sequence[Point], ways: Ways | None = None,
    seconds: float = SECONDS, say: Callable[[str], None] = lambda _said: None,
) -> list[Share]:  # fmt: skip
    """Every visit falls to one officer; patches hang together and weigh about the same in minutes of service."""
    shares = []
    for officer, patch in zip(officers, patches(officers, stops, points), strict=True):
        mine = [stops[n] for n in patch]
        way = travel.matrix([officer.base, *(points[n] for n in patch), officer.base], ways or Ways())
        shares.append(Share(officer.id, tuple(s.id for s in mine), plan(Day(way, tuple(mine), officer.length), seconds)))
        say(f"{officer.id}: {len(shares[-1].round.visits)} of {len(mine)}")
    return shares


def patches(officers: Sequence[Officer], stops: Sequence[Stop], points: Sequence[Point]) -> list[list[int]]:
    """For each officer the numbers of his stops."""
    places = plane(points)
    return _nearest(officers, patched(places, np.array([stop.service for stop in stops]), len(officers)), places)


def plane(points: Sequence[Point]) -> np.ndarray:
    """Kilometres east and north; good for a district."""
    degrees = np.array([(p.lon, p.lat) for p in points], dtype=float).reshape(-1, 2)
    middle = np.radians(degrees[:, 1].mean()) if len(degrees) else 0.0
    return degrees * [111.32 * np.cos(middle), 110.57]


def patched(places: np.ndarray, weights: np.ndarray, parts: int) -> list[list[int]]:
    """Patches of about equal weight: cut across the longer side, again and again."""
    return _cut(np.arange(len(places)), places, np.asarray(weights, dtype=float) + 1e-9, parts)


def _cut(rows: np.ndarray, places: np.ndarray, weights: np.ndarray, parts: int) -> list[list[int]]:
    if parts == 1:
        return [rows.tolist()]
    if not len(rows):
        return [[]] * parts
    here, half = places[rows], parts // 2
    long, short = (1, 0) if np.ptp(here[:, 1]) > np.ptp(here[:, 0]) else (0, 1)
    rows = rows[np.lexsort((here[:, short], here[:, long]))]
    filled = weights[rows].cumsum()
    cut = int(np.abs(np.r_[0, filled] - filled[-1] * half / parts).argmin())
    return _cut(rows[:cut], places, weights, half) + _cut(rows[cut:], places, weights, parts - half)


def _nearest(officers: Sequence[Officer], patches: list[list[int]], places: np.ndarray) -> list[list[int]]:
    """Patches in the order of officers: the closest pair of base and patch first."""
    bases = travel.kilometres(np.array([(o.base.lat, o.base.lon) for o in officers]))
    if not bases.any():
        return patches
    homes = plane([o.base for o in officers])
    middles = np.array([places[patch].mean(axis=0) if patch else homes.mean(axis=0) for patch in patches])
    away = np.hypot(*(homes[:, None] - middles).transpose(2, 0, 1))
    given: dict[int, list[int]] = {}
    for _officer in officers:
        o, p = np.unravel_index(away.argmin(), away.shape)
        given[int(o)], away[o, :], away[:, p] = patches[int(p)], np.inf, np.inf
    return [given[o] for o in range(len(officers))]
