"""Minutes between places, without a road map: the great circle, a detour, a speed, and the time to get in and out.

Every parameter is an assumption that a bank can measure and set. Where a licensed routing service is connected, its
matrix takes the place of this one; everything else stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

EARTH_KM = 6371.0088  # mean radius


@dataclass(frozen=True)
class Ways:
    """`detour`: road over straight line; `kmh`: while rolling; `halt`: minutes to park and to find the door.

    A leg is urban when both its ends are, and at most `across_km` long; a longer one between two towns is rural.
    """

    urban_detour: float = 1.35
    rural_detour: float = 1.25
    urban_kmh: float = 24
    rural_kmh: float = 42
    halt: float = 2
    across_km: float = 15


@dataclass(frozen=True)
class Point:
    """WGS-84 degrees."""

    lat: float
    lon: float
    urban: bool = False


def matrix(points: Sequence[Point], ways: Ways = Ways()) -> np.ndarray:
    """Minutes from every point to every other; none from a point to itself."""
    return on_the_road(points, ways)[0]


def on_the_road(points: Sequence[Point], ways: Ways = Ways()) -> tuple[np.ndarray, np.ndarray]:
    """Minutes, and kilometres of road, from every point to every other."""
    km = kilometres(np.array([(p.lat, p.lon) for p in points], dtype=float).reshape(-1, 2))
    urban = np.array([p.urban for p in points])
    town = urban[:, None] & urban & (km <= ways.across_km)
    road = km * np.where(town, ways.urban_detour, ways.rural_detour)
    minutes = road / np.where(town, ways.urban_kmh, ways.rural_kmh) * 60 + ways.halt
    return np.where(km > 0, minutes, 0.0), road


def kilometres(degrees: np.ndarray) -> np.ndarray:
    """Great circles between rows of (lat, lon), by the haversine formula."""
    lat, lon = np.radians(degrees).T
    rise, turn = np.sin((lat[:, None] - lat) / 2) ** 2, np.sin((lon[:, None] - lon) / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(rise + np.cos(lat)[:, None] * np.cos(lat) * turn, 0, 1)))
