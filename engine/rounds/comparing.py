"""What a plan saved, on the very same visits: the way as advised beside the way as the officer went."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db import rounds
from db.access import Connection
from engine import parameters
from engine.rounds.book import ways_of
from engine.route import travel
from engine.route.travel import Point, Ways

FEWEST = 2  # visits that can be put in another order


@dataclass(frozen=True)
class Compared:
    """From the start to the last of `visits`, on the way reckoned by engine/route/travel; the way home is left out."""

    visits: int
    planned_minutes: float
    planned_km: float
    own_minutes: float
    own_km: float


def compared(conn: Connection, kept: Sequence) -> dict[int, Compared]:
    """By officer, of one day's rounds: own is the order in which visits were made; before that, the order put by hand."""
    if not kept:
        return {}
    went: dict[int, list[int]] = {}
    for row in rounds.made(conn, [row.staff_id for row in kept], kept[0].day):
        went.setdefault(row.staff_id, []).append(row.customer_id)
    ways = ways_of(parameters.values(conn, kept[0].day))
    both = {row.staff_id: _both(row, went.get(row.staff_id, []), ways) for row in kept}
    return {staff_id: found for staff_id, found in both.items() if found}


def _both(row, went: list[int], ways: Ways) -> Compared | None:
    places = {visit["customer"]: Point(visit["lat"], visit["lon"], visit["town"]) for visit in row.visits}
    own = went if len(went) >= FEWEST else list(places) if row.by_hand else []
    own = [customer for customer in own if customer in places and customer in row.advised]
    if len(own) < FEWEST:
        return None
    points = [places[customer] for customer in own]
    minutes, km = travel.on_the_road([Point(row.lat, row.lon, points[0].urban), *points], ways)
    number = {customer: n for n, customer in enumerate(own, 1)}
    planned = [number[customer] for customer in row.advised if customer in number]
    (planned_minutes, planned_km), (own_minutes, own_km) = (_way(minutes, km, o) for o in (planned, list(number.values())))
    return Compared(len(own), planned_minutes, planned_km, own_minutes, own_km)


def _way(minutes: np.ndarray, km: np.ndarray, order: list[int]) -> tuple[float, float]:
    legs = list(zip([0, *order], order, strict=False))
    return round(sum(float(minutes[leg]) for leg in legs), 1), round(sum(float(km[leg]) for leg in legs), 1)
