"""Marking where a customer is: by a tap on the map, on the spot, or from coordinates that were copied from a map."""

from dataclasses import dataclass
from math import cos, log2, radians

import streamlit as st

from db import access, addresses, customers, requests
from db.access import Person
from db.vocab import SINGLE_PLACES, Marking, Place, Request, Segment
from engine import addresses as verbs
from engine import basemap, clock, outline, parameters, refusals, words
from engine.presence.geometry import metres
from engine.words import _
from pages.parts import acts, component, look, maps, tables

HEIGHT = 420
EQUATOR_M, TILE = 40_075_017, 256  # round the Earth, and in pixels at zoom 0
AROUND = 0.05  # degrees: other marks this near are drawn, to find one's way by
COPIED_FROM = {"gcj02": "AMap, Tencent Maps (GCJ-02)", "bd09": "Baidu Maps (BD-09)", "wgs84": "GPS (WGS-84)"}
LABELS = {
    "tap": "Tap where the customer is; drag the pin to correct it", "put": "Marked here? Then save below",
    "moved": "{0} m from the present mark", "here": "I am here",
    "locating": "Looking for the position …", "accuracy": "Accurate to {0} m",
    "denied": "The phone does not allow the position; allow it in the browser's settings",
    "timeout": "No position found in time; step outside and try again", "unavailable": "The phone cannot say where it is",
    "insecure": "The position needs HTTPS",
}  # fmt: skip
_pin = component.declare("vigil_pin")


@dataclass(frozen=True)
class Given:
    """What was pointed at, in the datum of what it was pointed at with."""

    lat: float
    lon: float
    datum: str
    way: Marking
    accuracy_m: float | None = None

    def wgs84(self) -> verbs.Typed:
        return verbs.Typed(*verbs.to_wgs84(self.lat, self.lon, self.datum))


def said() -> dict[str, str]:
    return {name: _(text) for name, text in LABELS.items()}


def page(person: Person, customer_no: str) -> None:
    """The whole of it for one customer."""
    with access.reading(person) as conn:
        customer = customers.by_number(conn, customer_no)
        if customer is None:
            tables.empty("No such customer, or not yours to see", "Check the number, or find the customer in the list.")
            return
        places = [p for p in customers.addresses_of(conn, customer.id) if p.lat is not None]
        waiting = [r for r in requests.of_customer(conn, customer.id, Request.ADDRESS_MOVE) if r.state == "submitted"]
        farthest = parameters.values(conn, clock.today())["addresses.move_m"]
        at = _start(places, customer)
        others = addresses.neighbours(conn, at.lat, at.lon, AROUND) if at else []
    _back(customer)
    if waiting:
        st.info(_("A move of this customer's mark waits for a second person."), icon=":material/hourglass_top:")
    kind = _kind(customer, places)
    present = _present(kind, places)
    _typed(customer)
    given = _point(customer, kind, present, at, [o for o in others if o.id != customer.id])
    _save(person, customer, kind, present, given, farthest)


def _start(places: list, customer):
    order = list(Place)
    return min(places, key=lambda p: (order.index(p.kind), p.id), default=None)


def _back(customer) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{look.plain(customer.name)}**  \n:small[:gray[{look.plain(customer.address)}]]", width="stretch")
        st.page_link(
            "pages/desk/customer.py",
            label=_("Customer"),
            icon=":material/person:",
            query_params={"no": customer.customer_no},
            width="content",
        )


def _kind(customer, places: list) -> Place:
    start = _start(places, customer)
    usual = Place.BUSINESS if customer.segment in (Segment.FIRM, Segment.BUSINESS) else Place.HOME
    chosen = st.segmented_control(
        _("Which place"), list(Place), default=Place(start.kind) if start else usual, key=f"place_kind_{customer.id}", required=True,
        format_func=words.name, width="stretch", label_visibility="collapsed",
    )  # fmt: skip
    return Place(chosen)


def _present(kind: Place, places: list):
    """The mark that is corrected; None for a new one."""
    marked = {p.id: p for p in places if p.kind == kind}
    if kind in SINGLE_PLACES or not marked:
        return next(iter(marked.values()), None)
    new = 0
    chosen = st.selectbox(
        _("Which one"),
        [new, *marked],
        format_func=lambda i: look.visible(marked[i].place) if i else _("Another one"),
        key=f"which_{kind}",
    )
    return marked.get(chosen)


def _typed(customer) -> None:
    with st.expander(_("Paste coordinates from a map"), icon=":material/content_paste:"):
        st.text_input(_("Coordinates"), key="typed_point", placeholder="125.3245, 43.8868", max_chars=200)
        st.selectbox(_("Copied from"), list(COPIED_FROM), format_func=lambda d: _(COPIED_FROM[d]), key="typed_datum")
        acts.button("Show on the map", lambda: _take(customer.id), "take_typed", width="stretch")


def _take(customer_id: int) -> None:
    try:
        found = verbs.read_coordinates(st.session_state["typed_point"])
    except refusals.NoCoordinates as no:
        acts.tell(no.sentence(_), "error")
    else:
        st.session_state[_typed_key(customer_id)] = Given(*found, st.session_state["typed_datum"], Marking.TYPED)


def _typed_key(customer_id: int) -> str:
    return f"typed_{customer_id}"


def _point(customer, kind: Place, present, at, others: list) -> Given | None:
    """The map, and what was pointed at last: on it, or by typing."""
    key, typed = f"pin_{customer.id}_{kind}_{present.id if present else 0}", st.session_state.get(_typed_key(customer.id))
    pointed = _read((st.session_state.get(key) or {}).get("point"))
    found = typed or (pointed if pointed and pointed.way is Marking.HERE else None)
    _pin(
        key=key, data=_data(key, present, at, others, found), default={"point": None}, height=HEIGHT + 4,
        on_point_change=lambda: st.session_state.pop(_typed_key(customer.id), None),
    )  # fmt: skip
    st.caption(basemap.says() or _("District outlines for orientation only"))
    return typed or pointed


def _data(subject: str, present, at, others: list, found: Given | None) -> dict:
    given = maps.sheet(HEIGHT, "Map to mark on")
    return given | {
        "entry": "pin", "subject": subject, "words": given["words"] | said(), "datum": basemap.datum(), "start": _framed(at), "mark": _mark(present),
        "others": [[*maps.drawn(o.lat, o.lon), look.visible(o.name)] for o in others], "found": _found(found),
    }  # fmt: skip


def _framed(at) -> dict:
    if at:
        lat, lon = maps.drawn(at.lat, at.lon)
        return {"lat": lat, "lon": lon, "zoom": _zoom(at.radius_m)}
    south, west, north, east = outline.bounds()
    lat, lon = maps.drawn((south + north) / 2, (west + east) / 2)
    return {"lat": lat, "lon": lon, "zoom": 8}


def _zoom(radius_m: int) -> float:
    """The fence fills some half of a phone."""
    metres_a_pixel = radius_m * 4 / 360
    return log2(EQUATOR_M * cos(radians(44)) / TILE / metres_a_pixel)


def _mark(present) -> dict | None:
    if present is None:
        return None
    lat, lon = maps.drawn(present.lat, present.lon)
    return {"lat": lat, "lon": lon, "radius_m": present.radius_m}


def _found(given: Given | None) -> dict | None:
    if given is None:
        return None
    lat, lon = maps.drawn(*given.wgs84())
    return {"lat": lat, "lon": lon, "accuracy_m": given.accuracy_m}


def _read(point: dict | None) -> Given | None:
    """What the browser sent, if it is a point."""
    try:
        accuracy = point.get("accuracy_m")
        given = Given(
            float(point["lat"]),
            float(point["lon"]),
            str(point["datum"]),
            Marking(point["way"]),
            None if accuracy is None else float(accuracy),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return given if given.datum in COPIED_FROM and abs(given.lat) <= 85 and abs(given.lon) <= 180 else None


def _save(person: Person, customer, kind: Place, present, given: Given | None, farthest: float) -> None:
    tag = f"{customer.id}_{kind}_{present.id if present else 0}"
    place = st.text_input(
        _("Address in words"), value=present.place if present else customer.address or "", key=f"words_{tag}", max_chars=200
    )
    far = metres(present, given.wgs84()) if present and given else 0
    why = st.text_input(_("Why it is corrected"), key=f"why_{tag}", max_chars=200) if present else None
    if far > farthest:
        why_two = _("This moves the mark by {0:,} m. Above {1:,} m a second person approves it; until then the old one holds.")
        st.info(why_two.format(round(far), round(farthest)), icon=":material/group:")

    def save() -> None:
        wish = verbs.Wish(
            customer.id, kind, st.session_state.get(f"words_{tag}", place), given.lat, given.lon, given.datum, given.way, given.accuracy_m,
            radius_m=present.radius_m if present else 300, address_id=present.id if present else None,
            why=st.session_state.get(f"why_{tag}", why),
        )  # fmt: skip
        _mark_it(person, wish)

    acts.button(
        "Correct the mark" if present else "Save the mark", save, f"save_mark_{tag}", disabled=given is None, type="primary",
        width="stretch",
    )  # fmt: skip


def _mark_it(person: Person, wish: verbs.Wish) -> None:
    asked, marked = None, False
    with acts.act(person, "address.mark") as conn:
        asked = verbs.mark(conn, person, wish, now=clock.now(), today=clock.today())
        marked = asked is None
    if asked:
        acts.tell(_("Request {0} waits for a second person").format(asked), "done")
    if marked:
        acts.tell(_("The mark is noted"), "done")
    st.session_state.pop(_typed_key(wish.customer_id), None)
