"""Where customers are: marks on the map, stored as WGS-84 with the datum they were given in."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from coord_convert.transform import bd2wgs, gcj2wgs, wgs2bd, wgs2gcj

from db import customers
from db.access import Connection

NAVIGATORS = {
    "amap": "AMap", "tencent": "Tencent Maps", "baidu": "Baidu Maps", "apple": "Apple Maps", "geo": "Map app",
}  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """A point for one of a customer's places. `radius_m`: how near counts as there."""

    customer_id: int
    kind: str
    place: str
    lat: float
    lon: float
    datum: str = "wgs84"
    radius_m: int = 300


def to_wgs84(lat: float, lon: float, datum: str) -> tuple[float, float]:
    """Tencent and AMap give GCJ-02, Baidu BD-09; in Changchun they lie 589 m and 1,382 m off."""
    if datum == "wgs84":
        return lat, lon
    longitude, latitude = {"gcj02": gcj2wgs, "bd09": bd2wgs}[datum](lon, lat)
    return latitude, longitude


def ways(lat: float, lon: float, name: str) -> dict[str, str]:
    """Links that start navigation on a phone, each in the datum its map speaks: of NAVIGATORS, in their order.

    Within China Apple's maps are AMap's, so GCJ-02 too; a geo: URI is WGS-84 by RFC 5870.
    """
    longitude, latitude = wgs2gcj(lon, lat)
    east, north = wgs2bd(lon, lat)
    to, x, y, gps = quote(name, safe=""), f"{longitude:.6f}", f"{latitude:.6f}", f"{lat:.6f},{lon:.6f}"
    return {
        "amap": f"https://uri.amap.com/navigation?to={x},{y},{to}&mode=car&coordinate=gaode&callnative=1&src=vigil",
        "tencent": f"https://apis.map.qq.com/uri/v1/routeplan?type=drive&to={to}&tocoord={y},{x}&referer=vigil",
        "baidu": f"baidumap://map/direction?destination=latlng:{north:.6f},{east:.6f}%7Cname:{to}"
        "&coord_type=bd09ll&mode=driving&src=vigil",
        "apple": f"https://maps.apple.com/?daddr={y},{x}&dirflg=d",
        "geo": f"geo:{gps}?q={gps}({to})",
    }


def import_marks(conn: Connection, marks: list[Mark], by: int | None, now: datetime) -> None:
    """Many marks at once: from a former system, or from a day of marking."""
    rows = []
    for mark in marks:
        lat, lon = to_wgs84(mark.lat, mark.lon, mark.datum)
        rows.append({
            "customer_id": mark.customer_id, "kind": mark.kind, "place": mark.place, "lat": lat, "lon": lon,
            "datum": mark.datum, "radius_m": mark.radius_m, "marked_by": by, "marked_at": now,
        })  # fmt: skip
    customers.put_addresses(conn, rows)
