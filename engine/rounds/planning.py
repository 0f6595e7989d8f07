"""Planning one's own day, and moving what the plan says by hand."""

from collections.abc import Iterable
from datetime import date, datetime

from db import rounds
from db.access import Connection, Person
from db.vocab import Start
from engine import permits, refusals, route
from engine.rounds.book import MIDNIGHT, Book, Place, Work, gather, in_town

SECONDS = 0.25  # of work on a round: an answer within the second, with the reads and the writing, on a busy machine too
SOME = 10  # customers near the way that are offered


def plan(
    conn: Connection, by: Person, day: date, *, position: tuple[float, float] | None = None, start: Start | None = None, now: datetime,
) -> None:  # fmt: skip
    """The day anew, from here (WGS-84) or from where it is known to begin; what was done, agreed and taken out by hand stays so."""
    permits.must(by, "round.plan")
    book = gather(conn, by.id, day, now)
    place = book.start(position, start)
    if place is None:
        raise refusals.NoStart
    keep(conn, book, place, by.id)


def keep(conn: Connection, book: Book, place: Place, made_by: int) -> None:
    rounds.put(conn, [planned(book, place, made_by)])


def planned(book: Book, place: Place, made_by: int, seconds: float = SECONDS) -> dict:
    """The row of a day planned from a place on."""
    out, added = set(taken_out(book)), [c for c in _added(book) if c in book.open]
    ids = list(dict.fromkeys([*added, *_promised(book), *(c for c in book.in_reach() if c not in out)]))
    work = book.work(place, ids, book.hours, added)
    return _row(book, place, work, route.plan(work.day, seconds), made_by)


def move(conn: Connection, by: Person, day: date, customer_id: int, places: int, *, now: datetime) -> None:
    """A customer so many places further down (negative: up) in the officer's own order; the times are reckoned anew."""
    permits.must(by, "round.plan")
    book = _kept(conn, by, day, now)
    order = ahead(book)
    if customer_id not in order:
        raise refusals.NotFound
    goes_to = max(0, min(len(order) - 1, order.index(customer_id) + places))
    order.remove(customer_id)
    order.insert(goes_to, customer_id)
    _order(conn, by, book, order)


def replan_after(conn: Connection, by: Person, day: date, customer_id: int, *, now: datetime) -> None:
    """The order up to this customer stands; the rest is planned again behind him."""
    permits.must(by, "round.plan")
    book = _kept(conn, by, day, now)
    order = ahead(book)
    if customer_id not in order:
        raise refusals.NotFound
    fixed, out = order[: order.index(customer_id) + 1], set(taken_out(book))
    ids = list(dict.fromkeys([*fixed, *order, *(c for c in book.in_reach() if c not in out)]))
    place = setting_out(book)
    work = book.work(place, ids, _hours(book), _added(book))
    _keep_change(conn, by, book, _row(book, place, work, route.replan(work.day, fixed, SECONDS), by.id) | {"by_hand": True})


def take_out(conn: Connection, by: Person, day: date, customer_id: int, *, now: datetime) -> None:
    """Not today; the others keep their order."""
    permits.must(by, "round.plan")
    book = _kept(conn, by, day, now)
    order = ahead(book)
    if customer_id not in order:
        raise refusals.NotFound
    order.remove(customer_id)
    book.kept.appointments.pop(str(customer_id), None)
    book.kept.added = [c for c in book.kept.added if c != customer_id]
    _order(conn, by, book, order, [*taken_out(book), customer_id])


def add(conn: Connection, by: Person, day: date, customer_id: int, *, now: datetime) -> None:
    """A customer more, where he lengthens the way least; at the end when he fits nowhere in time."""
    permits.must(by, "round.plan")
    book = _kept(conn, by, day, now)
    row, order = book.open.get(customer_id), ahead(book)
    if row is None:
        raise refusals.NotFound
    if row.lat is None:
        raise refusals.NoMark
    if customer_id in order:
        return
    day_with = book.work(setting_out(book), [*order, customer_id], _hours(book)).day
    best = route.nearby(day_with, order, most=1, farther=MIDNIGHT)
    at = len(order) if not best else order.index(best[0].after) + 1 if best[0].after is not None else 0
    order.insert(at, customer_id)
    book.kept.added = [*book.kept.added, customer_id]
    _order(conn, by, book, order, [c for c in taken_out(book) if c != customer_id])


def appoint(conn: Connection, by: Person, day: date, customer_id: int, at: int | None, *, now: datetime) -> None:
    """An hour agreed upon with a customer (minute of the day), or none any more; the day is planned anew around it."""
    permits.must(by, "round.plan")
    if at is not None and not 0 <= at < MIDNIGHT:
        raise refusals.NoSuchHour(value=at)
    book = _kept(conn, by, day, now)
    row = book.open.get(customer_id)
    if row is None:
        raise refusals.NotFound
    if row.lat is None:
        raise refusals.NoMark
    book.kept.appointments.pop(str(customer_id), None)
    if at is not None:
        book.kept.appointments[str(customer_id)] = at
    _keep_change(conn, by, book, planned(book, setting_out(book), by.id))


def offers(conn: Connection, by: Person, day: date, *, now: datetime) -> list[route.Suggestion]:
    """Customers left out of the round that lie near the way, are asked for by now, and make nobody late."""
    permits.must(by, "round.plan")
    book = gather(conn, by.id, day, now)
    if book.kept is None:
        return []
    order, out = ahead(book), set(taken_out(book))
    others = [row.customer_id for row in book.rows if row.lat is not None and row.customer_id not in {*order, *out}]
    work = book.work(setting_out(book), [*order, *others], _hours(book))
    return route.nearby(work.day, order, SOME, book.numbers["round.nearby"])


# --- What is kept -----------------------------------------------------------------------------------------------------


def ahead(book: Book) -> list[int]:
    """Customers of the kept round that are still to be visited, in its order."""
    return [visit["customer"] for visit in book.kept.visits if visit["customer"] in book.open] if book.kept else []


def taken_out(book: Book) -> list[int]:
    left = book.kept.left_out if book.kept else []
    return [one["customer"] for one in left if one["why"] == "by_hand"]


def setting_out(book: Book) -> Place:
    """From today's last check on, once there is one; else from where the round was planned."""
    kept = book.kept
    return book.start(None, Start.CHECK) if book.fix and book.minute is not None else Place(Start(kept.start), kept.lat, kept.lon)


def _kept(conn: Connection, by: Person, day: date, now: datetime) -> Book:
    book = gather(conn, by.id, day, now)
    if book.kept is None:
        raise refusals.NoRound
    return book


def _hours(book: Book) -> tuple[int, int]:
    """As the round was planned, but nobody leaves in the past."""
    kept = book.kept
    leaves = kept.leaves if book.minute is None else max(kept.leaves, book.minute)
    return leaves, max(leaves, kept.until)


def _added(book: Book) -> list[int]:
    return list(book.kept.added) if book.kept else []


def _promised(book: Book) -> list[int]:
    """Whom an hour was agreed upon with."""
    return [int(c) for c in book.kept.appointments if int(c) in book.open] if book.kept else []


def _order(conn: Connection, by: Person, book: Book, order: list[int], out: list[int] | None = None) -> None:
    """This very order, good or not: its times are told."""
    place = setting_out(book)
    work = book.work(place, order, _hours(book), _added(book))
    timed = route.timed(work.day, work.day.order_of(order))
    row = _row(book, place, work, timed, by.id, taken_out(book) if out is None else out)
    _keep_change(conn, by, book, row | {"by_hand": True, "advised": list(book.kept.advised)})


def _keep_change(conn: Connection, by: Person, book: Book, row: dict) -> None:
    values = {name: value for name, value in row.items() if name not in ("staff_id", "day")}
    if not rounds.change(conn, by.id, book.day, book.kept.version, values):
        raise refusals.Conflict


def _row(book: Book, place: Place, work: Work, found: route.Round, made_by: int, out: Iterable[int] | None = None) -> dict:
    """How a round is kept, behind what was done of the day already."""
    legs, hours = work.kilometres(found.ids, book.finish), (work.day.leaves, work.day.length)
    visits = [_visit(book, visit, km) for visit, km in zip(found.visits, legs, strict=False)]
    done = [visit for visit in (book.kept.visits if book.kept else []) if visit["customer"] in book.made]
    visits = [visit for visit in done if visit["customer"] not in found.ids] + visits
    return {
        "staff_id": book.staff_id, "day": book.day, "branch_id": book.base.branch_id, "start": place.kind, "lat": place.lat, "lon": place.lon,
        "finish": book.finish, "reach": book.reach, "leaves": hours[0], "until": hours[1], "ends": round(found.minutes),
        "travel_minutes": found.travel, "travel_km": round(sum(legs), 1), "visits": visits,
        "left_out": _left_out(book, found, taken_out(book) if out is None else out),
        "appointments": book.kept.appointments if book.kept else {}, "added": _added(book),
        "advised": _advised(book, found), "by_hand": False, "made_by": made_by,
    }  # fmt: skip


def _visit(book: Book, visit: route.Visit, km: float) -> dict:
    """With the place as it was: what a day's plan was worth can be reckoned later, wherever the mark has moved by then."""
    row = book.open[visit.id]
    kept = {"customer": visit.id, "at": round(visit.begins), "service": round(book.service(row)), "km": round(km, 1)}
    place = {"lat": row.lat, "lon": row.lon, "town": in_town(row)}
    return kept | place | ({"late": True} if book.is_late(visit.id, visit.begins) else {})


def _left_out(book: Book, found: route.Round, out: Iterable[int]) -> list[dict]:
    """Who was to be visited by now and is not in the round, and why."""
    chosen, by_hand, within = set(found.ids), set(out), set(book.in_reach())
    why = {
        row.customer_id: "by_hand" if row.customer_id in by_hand else "no_mark" if row.lat is None else "no_time"
        for row in book.rows
        if row.customer_id not in chosen and (row.customer_id in by_hand or row.customer_id in within or row.lat is None)
    }
    return [{"customer": customer_id, "why": reason} for customer_id, reason in why.items()]


def _advised(book: Book, found: route.Round) -> list[int]:
    """What was done stays in the order in which it had been advised."""
    before = [c for c in (book.kept.advised if book.kept else []) if c in book.made]
    return [*before, *(c for c in found.ids if c not in before)]
