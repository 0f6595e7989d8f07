"""Where customers are: marks on the map, stored as WGS-84 with the datum they were given in.

A mark is made on the spot, by a tap on the map or from typed coordinates. What has moved farther than the parameter
addresses.move_m since two people last agreed on it, in one step or in several, waits for a second person.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from urllib.parse import quote

from coord_convert.transform import bd2wgs, gcj2wgs, wgs2bd, wgs2gcj

from db import addresses, customers
from db.access import Connection, Person
from db.vocab import Marking, Place, Request
from engine import parameters, permits, refusals, requests
from engine.presence.geometry import metres

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


def from_wgs84(lat: float, lon: float, datum: str) -> tuple[float, float]:
    """Where a map of that datum shows the point."""
    if datum == "wgs84":
        return lat, lon
    longitude, latitude = {"gcj02": wgs2gcj, "bd09": wgs2bd}[datum](lon, lat)
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


class Typed(NamedTuple):
    lat: float
    lon: float


def read_coordinates(text: str) -> Typed:
    """What was copied from a map: in China the smaller number is always the latitude, whichever stands first."""
    found = [float(number) for number in re.findall(r"(?<![\d.])\d{1,3}\.\d+", text)]
    for one, other in zip(found, found[1:], strict=False):
        lat, lon = sorted((one, other))
        if _in_china(lat, lon):
            return Typed(lat, lon)
    raise refusals.NoCoordinates


def _in_china(lat: float, lon: float) -> bool:
    return 3 <= lat <= 54 and 73 <= lon <= 136


# --- Marking ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wish:
    """A place to be marked. `address_id`: the mark that is corrected, None for a new one; then `why` is needed."""

    customer_id: int
    kind: Place
    place: str
    lat: float
    lon: float
    datum: str
    way: Marking
    accuracy_m: float | None = None
    radius_m: int = 300
    address_id: int | None = None
    why: str | None = None


def mark(conn: Connection, by: Person, wish: Wish, *, now: datetime, today: date) -> int | None:
    """None when it is marked; the id of the request when a second person must agree first."""
    permits.must(by, "address.mark")
    customer = customers.get(conn, wish.customer_id)
    if customer is None:
        raise refusals.NotFound
    limits = parameters.values(conn, today)
    point = _usable(wish, limits["addresses.accuracy_m"])
    before = _before(conn, wish)
    moved = _moved(conn, wish, point, before)
    new = {
        "kind": wish.kind, "place": wish.place.strip(), "lat": point.lat, "lon": point.lon, "datum": wish.datum, "way": wish.way,
        "accuracy_m": wish.accuracy_m, "radius_m": wish.radius_m,
    }  # fmt: skip
    corrects = before is not None and before.lat is not None
    why = permits.must_say_why(wish.why) if corrects or moved.metres > limits["addresses.move_m"] else None
    if corrects and requests.is_waiting(conn, wish.customer_id, Request.ADDRESS_MOVE, before.id):
        raise refusals.AlreadyWaiting
    if moved.metres > limits["addresses.move_m"]:
        subject = requests.About(wish.customer_id, customer.branch_id, before.id if corrects else 0)
        return requests.ask(
            conn, by, Request.ADDRESS_MOVE, subject, moved.base, new | {"metres": round(moved.metres)}, why, now=now
        )
    _write(conn, wish.customer_id, before, now, **new, marked_by=by.id, marked_at=now, why=why, moved_m=moved.metres)
    return None


class Moved(NamedTuple):
    """How far from what two people last agreed on, and from which mark that was counted."""

    metres: float
    base: dict | None


def _usable(wish: Wish, vaguest: float) -> Typed:
    """The point in WGS-84."""
    if not wish.place.strip():
        raise refusals.Missing(field="place")
    if wish.way is Marking.HERE and (wish.accuracy_m or 0) > vaguest:
        raise refusals.TooVague(accuracy=round(wish.accuracy_m), limit=round(vaguest))
    if not _in_china(wish.lat, wish.lon):
        raise refusals.BadPoint(lat=f"{wish.lat:.5f}", lon=f"{wish.lon:.5f}")
    return Typed(*to_wgs84(wish.lat, wish.lon, wish.datum))


def _before(conn: Connection, wish: Wish):
    """The mark to be replaced, as it still is; None when there is none."""
    if wish.address_id is None:
        before = addresses.of_kind(conn, wish.customer_id, wish.kind)
        if before is not None and before.lat is not None:
            raise refusals.Conflict  # somebody marked it meanwhile
        return before
    before = addresses.get(conn, wish.address_id)
    if before is None or (before.customer_id, before.kind) != (wish.customer_id, wish.kind):
        raise refusals.NotFound
    if before.replaced_at is not None:
        raise refusals.Conflict
    return before


def _moved(conn: Connection, wish: Wish, point: Typed, before) -> Moved:
    """A first mark has moved nowhere, unless visits would go there instead of where they went before."""
    if before is not None and before.lat is not None:
        return Moved(before.moved_m + metres(before, point), _face(before))
    there = addresses.going_to(conn, [wish.customer_id]).get(wish.customer_id)
    order = list(Place)
    if there is None or order.index(wish.kind) >= order.index(there.kind):
        return Moved(0, None)
    return Moved(metres(there, point), _face(there))


def _face(mark) -> dict:
    return {"address_id": mark.id, "kind": mark.kind, "place": mark.place, "lat": mark.lat, "lon": mark.lon}


def _write(conn: Connection, customer_id: int, before, now: datetime, **new: object) -> None:
    if before is not None and not addresses.replace(conn, before.id, now):
        raise refusals.Conflict
    if not addresses.add(conn, customer_id=customer_id, **new):
        raise refusals.Conflict
    addresses.answer_asking(conn, customer_id, now)


def apply_move(conn: Connection, request, by: int, now: datetime) -> None:
    """What was asked for, once a second person has agreed; not when the mark has changed since it was asked."""
    base = addresses.get(conn, request.before["address_id"]) if request.before else None
    if base is not None and base.replaced_at is not None:
        raise refusals.Stale
    before = base if request.subject_id else addresses.of_kind(conn, request.customer_id, request.after["kind"])
    if not request.subject_id and before is not None and before.lat is not None:
        raise refusals.Stale
    new = {name: value for name, value in request.after.items() if name != "metres"}
    try:
        _write(
            conn,
            request.customer_id,
            before,
            now,
            **new,
            marked_by=request.asked_by,
            marked_at=now,
            why=request.reason,
            approved_by=by,
        )
    except refusals.Conflict:
        raise refusals.Stale from None


# --- Doubts, and who is to mark --------------------------------------------------------------------------------------


def doubt(conn: Connection, by: Person, address_id: int, why: str) -> None:
    """Somebody who has been there says that the mark is wrong."""
    permits.must(by, "address.doubt")
    why = permits.must_say_why(why)
    if not addresses.set_doubt(conn, address_id, why, None):
        raise refusals.NotFound


def confirm(conn: Connection, by: Person, address_id: int) -> None:
    """A doubted mark is right after all; the machine will not doubt it again. Not by who marked it."""
    permits.must(by, "address.confirm")
    found = addresses.get(conn, address_id)
    if found is None or found.replaced_at is not None:
        raise refusals.NotFound
    if found.marked_by == by.id:
        raise refusals.FourEyes
    if not addresses.set_doubt(conn, address_id, None, by.id):
        raise refusals.Conflict


def ask_to_mark(conn: Connection, by: Person, customer_ids: list[int], *, inspectors: bool) -> int:
    """Who is to mark these customers: each one's inspector, or manager. Of how many somebody is asked now."""
    permits.must(by, "address.ask")
    return addresses.ask_to_mark(conn, customer_ids, inspectors=inspectors)


def import_marks(conn: Connection, marks: list[Mark], by: int | None, now: datetime) -> None:
    """Many marks at once: from a former system, or from a day of marking."""
    rows = []
    for given in marks:
        lat, lon = to_wgs84(given.lat, given.lon, given.datum)
        rows.append(vars(given) | {"lat": lat, "lon": lon, "marked_by": by, "marked_at": now})
    addresses.put(conn, rows, now)
