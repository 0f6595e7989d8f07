"""Who gets which customer: villages stay whole, patches hang together, and everybody ends up with about the same work."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.route.branch import plane
from engine.route.travel import Point

TODO_MINUTES = 20  # what an open todo weighs beside the minutes that are due soon: it will come due too
CUSTOMER_MINUTES = 5  # and a customer who asks for nothing now


@dataclass(frozen=True)
class Lot:
    """A customer to be given: `village` None stands alone, `point` None lies nowhere known. `work` in minutes."""

    customer_id: int
    village: str | None
    point: Point | None
    work: float


@dataclass
class _Place:
    """Customers that stay together."""

    lots: list[Lot]
    work: float
    at: tuple[float, float] | None = None


def weight(minutes: int, open_todos: int, customers: int = 1) -> float:
    """The work in minutes that somebody has, or that customers bring."""
    return minutes + TODO_MINUTES * open_todos + CUSTOMER_MINUTES * customers


def split(lots: Iterable[Lot], has_now: Mapping[int, float]) -> dict[int, int]:
    """Customer -> person. `has_now`: the work that each person has already; who has more gets less."""
    places, people = _places(lots), list(has_now)
    if not places or not people:
        return {}
    shares = dict(zip(people, _shares([has_now[one] for one in people], sum(p.work for p in places)), strict=True))
    given: dict[int, list[_Place]] = {one: [] for one in people}
    located = [place for place in places if place.at is not None]
    _cut(located, people, shares, given)
    _fill(sorted((p for p in places if p.at is None), key=lambda p: -p.work), shares, given)
    return {lot.customer_id: one for one, its in given.items() for place in its for lot in place.lots}


def _places(lots: Iterable[Lot]) -> list[_Place]:
    together: dict[object, list[Lot]] = defaultdict(list)
    for lot in lots:
        together[lot.village or lot.customer_id].append(lot)
    places = [_Place(group, sum(lot.work for lot in group)) for group in together.values()]
    known = [(place, lot.point) for place in places for lot in place.lots if lot.point is not None]
    if known:
        where = plane([point for _place, point in known])
        for place in places:
            mine = [where[n] for n, (other, _point) in enumerate(known) if other is place]
            place.at = tuple(np.mean(mine, axis=0)) if mine else None
    return places


def _shares(has_now: Sequence[float], more: float) -> list[float]:
    """How much of `more` each gets so that all stand as level as can be: the least loaded are filled up first."""
    level, filled = 0.0, sorted(has_now)
    for n in range(len(filled)):
        level = (more + sum(filled[: n + 1])) / (n + 1)
        if n + 1 == len(filled) or level <= filled[n + 1]:
            break
    return [max(0.0, level - has) for has in has_now]


def _cut(places: list[_Place], people: list[int], shares: Mapping[int, float], given: dict[int, list[_Place]]) -> None:
    """Across the longer side, in the proportion of what the two halves of the people are to get, again and again."""
    if not places or len(people) == 1:
        given[people[0]] += places
        return
    at = np.array([place.at for place in places])
    axis = 0 if np.ptp(at[:, 0]) >= np.ptp(at[:, 1]) else 1
    places = [places[n] for n in np.argsort(at[:, axis], kind="stable")]
    half = len(people) // 2
    wanted = sum(shares[one] for one in people[:half]) / (sum(shares[one] for one in people) or 1)
    filled = np.r_[0, np.cumsum([place.work for place in places])]
    cut = int(np.abs(filled - filled[-1] * wanted).argmin())
    _cut(places[:cut], people[:half], shares, given)
    _cut(places[cut:], people[half:], shares, given)


def _fill(places: list[_Place], shares: Mapping[int, float], given: dict[int, list[_Place]]) -> None:
    """What lies nowhere known goes to whoever still lacks most."""
    lacks = {one: share - sum(place.work for place in given[one]) for one, share in shares.items()}
    for place in places:
        one = max(lacks, key=lambda who: lacks[who])
        given[one].append(place)
        lacks[one] -= place.work
