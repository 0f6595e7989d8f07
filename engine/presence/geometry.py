"""Distances on the ground, and the three datums that Chinese maps mix."""

from itertools import permutations
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

from coord_convert.transform import bd2gcj, bd2wgs, gcj2bd, gcj2wgs, wgs2bd, wgs2gcj

EARTH_M = 6_371_008.8  # mean radius of the Earth (IUGG)
METRES_PER_DEGREE = 111_195  # of latitude, on that sphere
DATUMS = {"WGS-84": "wgs", "GCJ-02": "gcj", "BD-09": "bd"}
SHIFTS = {
    ("WGS-84", "GCJ-02"): wgs2gcj, ("WGS-84", "BD-09"): wgs2bd, ("GCJ-02", "WGS-84"): gcj2wgs,
    ("GCJ-02", "BD-09"): gcj2bd, ("BD-09", "WGS-84"): bd2wgs, ("BD-09", "GCJ-02"): bd2gcj,
}  # fmt: skip


class Point(NamedTuple):
    lat: float
    lon: float


class Mix(NamedTuple):
    """The fix is of one datum and the mark of another; read alike, they lie `left_m` apart."""

    of_fix: str
    of_mark: str
    left_m: float
    fix: Point


def metres(a, b) -> float:
    """Great-circle distance in metres between two things with `lat` and `lon` (haversine)."""
    north, east = radians(b.lat - a.lat) / 2, radians(b.lon - a.lon) / 2
    h = sin(north) ** 2 + cos(radians(a.lat)) * cos(radians(b.lat)) * sin(east) ** 2
    return 2 * EARTH_M * asin(min(1.0, sqrt(h)))


def step_m(a, b) -> tuple[float, float]:
    """A step of a track in metres north and, stretched as degrees are, east: equal degrees stay equal anywhere."""
    return (b.lat - a.lat) * METRES_PER_DEGREE, (b.lon - a.lon) * METRES_PER_DEGREE


def best_mix(fix, mark) -> Mix:
    """Of the six ways to mix three datums, the one that leaves fix and mark nearest."""
    tried = []
    for of_fix, of_mark in permutations(DATUMS, 2):
        lon, lat = SHIFTS[of_fix, of_mark](fix.lon, fix.lat)
        read = Point(lat, lon)
        tried.append(Mix(of_fix, of_mark, metres(read, mark), read))
    return min(tried, key=lambda mix: mix.left_m)
