"""Marks that cannot be right: many customers on one point, the very middle of a district, outside the bank's districts."""

from datetime import date

import numpy as np

from db import addresses
from db.access import Connection
from engine import outline, parameters

NEAR = 0.0005  # degrees, some 50 m


def look(conn: Connection, today: date) -> int:
    """Doubt what is odd, and no longer what is not; nothing that somebody has found right. How many doubts changed."""
    points = addresses.points(conn)
    lat, lon = (np.array([getattr(p, axis) for p in points], dtype=float) for axis in ("lat", "lon"))
    odd = dict.fromkeys((points[i].id for i in np.flatnonzero(~outline.within(lat, lon))), "outside")
    for name, (middle_lat, middle_lon) in outline.middles().items():
        near = (abs(lat - middle_lat) < NEAR) & (abs(lon - middle_lon) < NEAR)
        odd |= dict.fromkeys((points[i].id for i in np.flatnonzero(near)), f"centre:{name}")
    return addresses.doubt_marks(conn, odd, int(parameters.values(conn, today)["addresses.crowd"]))
