"""Everything a day is planned from, fetched at once, and made into what engine/route understands."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from types import SimpleNamespace

import numpy as np

from db import preferences, records, rounds, settings
from db.access import Connection
from db.vocab import Finish, Level, Reach, Start
from engine import calendar, parameters, route
from engine.route import travel
from engine.route.travel import Point, Ways

MOST = 150  # customers that are weighed against each other: three days' work; the rest waits its turn
PUNCTUAL = 15  # minutes after the hour agreed upon at which an appointment is still kept
BRIEF = 30  # minutes left of a day for which no round is planned any more
MIDNIGHT = 1440
TOWN = ("街", "路")  # how places in town end (db/tables.py PLACE)


@dataclass(frozen=True)
class Place:
    """Where a round begins; WGS-84."""

    kind: Start
    lat: float
    lon: float


@dataclass(frozen=True)
class Work:
    """A day that can be planned, and the kilometres between the places of its matrix."""

    day: route.Day
    km: np.ndarray

    def kilometres(self, ids: list[int], finish: Finish) -> list[float]:
        """Of each leg in this order; the way home last, unless there is none."""
        rows = [0, *self.day.order_of(ids), len(self.day.stops) + 1]
        legs = [float(self.km[a, b]) for a, b in zip(rows, rows[1:], strict=False)]
        return legs if finish is not Finish.ANYWHERE else [*legs[:-1], 0.0]


@dataclass(frozen=True, eq=False)
class Book:
    """One officer's day as the store has it. `minute`: of this very moment when the day is today, else None."""

    staff_id: int
    day: date
    minute: int | None
    rows: tuple
    kept: SimpleNamespace | None
    made: tuple[int, ...]
    wishes: dict[str, str]
    numbers: dict[str, float]
    base: object
    fix: object | None

    @cached_property
    def open(self) -> dict[int, object]:
        """By customer: whom this officer still owes a visit."""
        return {row.customer_id: row for row in self.rows}

    @property
    def finish(self) -> Finish:
        return Finish(self.wishes.get("round_finish", Finish.BRANCH))

    @property
    def reach(self) -> Reach:
        return Reach(self.wishes.get("round_reach", Reach.WEEK))

    @property
    def hours(self) -> tuple[int, int]:
        """Minutes of the day between which this officer is out; never in the past."""
        begins, ends = usual_hours(self.wishes, self.numbers)
        leaves = begins if self.minute is None else max(begins, self.minute)
        return leaves, max(leaves, ends)

    @cached_property
    def middle(self) -> tuple[float, float] | None:
        """Of all customers to visit whose address is marked."""
        marked = [(row.lat, row.lon) for row in self.rows if row.lat is not None]
        return tuple(np.median(np.array(marked), axis=0).tolist()) if marked else None

    def start(self, position: tuple[float, float] | None, wanted: Start | None = None) -> Place | None:
        """Where the officer sets out: here; else as asked; else from today's last check, the branch, the middle of it all."""
        known = {
            Start.POSITION: position, Start.CHECK: _point(self.fix), Start.BRANCH: _point(self.base),
            Start.HOME: home(self.wishes), Start.MIDDLE: self.middle,
        }  # fmt: skip
        order = (*([wanted] if wanted else []), Start.POSITION, Start.CHECK, Start.BRANCH, Start.MIDDLE)
        kind = next((kind for kind in order if known[kind]), None)
        return Place(kind, *known[kind]) if kind else None

    def due(self, row) -> int:
        """Days to the due day; negative: days late. Days of grace count as today."""
        late = (self.day - row.late_from).days + 1
        return -late if late > 0 else max(0, (row.due_on - self.day).days)

    def prize(self, row) -> int:
        return route.prize(self.due(row), Level(row.level) if row.level else None)

    def in_reach(self) -> list[int]:
        """Customers to choose from, the most pressing first."""
        within = {Reach.DUE: 0, Reach.WEEK: 6, Reach.ALL: None}[self.reach]
        wanted = [row for row in self.rows if row.lat is not None and (within is None or self.due(row) <= within)]
        return [row.customer_id for row in sorted(wanted, key=self.prize, reverse=True)[:MOST]]

    def service(self, row) -> float:
        """Minutes on the spot: of the longest of the kinds to be done there."""
        return max(self.numbers[f"round.{kind}"] for kind in row.kinds)

    def work(self, place: Place, customer_ids: Iterable[int], hours: tuple[int, int], pressing: Iterable[int] = ()) -> Work:
        """A day of these customers. `pressing`: wanted by hand, so worth more than all that is not."""
        rows = [self.open[customer_id] for customer_id in customer_ids]
        appointments = self.kept.appointments if self.kept else {}
        pressing = set(pressing)
        minutes, km = travel.on_the_road(self._points(place, rows), ways_of(self.numbers))
        if self.finish is Finish.ANYWHERE:
            minutes[:, -1] = 0
        stops = tuple(
            self.stop(row, appointments.get(str(row.customer_id)), row.customer_id in pressing, earliest=hours[0] + straight)
            for row, straight in zip(rows, minutes[0][1:], strict=False)
        )
        return Work(route.Day(minutes, stops, hours[1], hours[0]), km)

    def stop(self, row, at: int | None = None, pressing: bool = False, earliest: float = 0) -> route.Stop:
        """`at`: an hour agreed upon; `pressing`: wanted by hand; `earliest`: when one is there who goes straight there.
        An hour that cannot be kept any more closes nothing: whoever waits is visited late rather than not at all."""
        missed = at is not None and earliest > at + PUNCTUAL
        window = {} if at is None or missed else {"opens": at, "closes": at + PUNCTUAL}
        return route.Stop(row.customer_id, self.service(row), self.prize(row), fixed=pressing or at is not None, **window)

    def is_late(self, customer_id: int, begins: float) -> bool:
        """Whether a visit that begins then misses the hour agreed upon."""
        at = self.kept.appointments.get(str(customer_id)) if self.kept else None
        return at is not None and round(begins) > at + PUNCTUAL

    def _points(self, place: Place, rows: list) -> list[Point]:
        stops = [Point(row.lat, row.lon, in_town(row)) for row in rows]
        end = (home(self.wishes) if self.finish is Finish.HOME else None) or _point(self.base) or self.middle
        return [_among(place.lat, place.lon, stops), *stops, _among(*end, stops) if end else Point(place.lat, place.lon)]


def ways_of(numbers: dict[str, float]) -> Ways:
    """How officers of this bank get along, by its parameters."""
    town, country = ((numbers[f"round.{where}_detour"], numbers[f"round.{where}_kmh"]) for where in ("town", "country"))
    return Ways(town[0], country[0], town[1], country[1], numbers["round.halt"])


def in_town(row) -> bool:
    return (row.village or "").endswith(TOWN)


def _point(row) -> tuple[float, float] | None:
    return None if row is None or row.lat is None else (row.lat, row.lon)


def _among(lat: float, lon: float, stops: list[Point]) -> Point:
    """A point that is in town when the customer nearest to it is."""
    nearest = min(stops, key=lambda p: (p.lat - lat) ** 2 + (p.lon - lon) ** 2, default=None)
    return Point(lat, lon, nearest is None or nearest.urban)


def home(wishes: dict[str, str]) -> tuple[float, float] | None:
    """As preferred ("43.88,125.32"); None when it is no place."""
    try:
        lat, lon = (float(number) for number in wishes.get("home", "").split(","))
    except ValueError:
        return None
    return (lat, lon) if 3 <= lat <= 54 and 73 <= lon <= 136 else None


def usual_hours(wishes: dict[str, str], numbers: dict[str, float]) -> tuple[int, int]:
    """Minutes of the day between which somebody is out."""
    hour, _, minute = wishes.get("day_begins", "").partition(":")
    begins = int(hour) * 60 + int(minute) if minute else round(numbers["round.begins"] * 60)
    return begins, min(MIDNIGHT, begins + int(wishes.get("day_minutes", numbers["round.minutes"])))


def gather(conn: Connection, staff_id: int, day: date, now: datetime) -> Book:
    """Half a dozen reads, however many customers there are."""
    numbers = parameters.values(conn, day)
    today = now.astimezone(settings.ZONE)
    made = tuple(row.customer_id for row in rounds.made(conn, [staff_id], day))
    fixes = records.fixes_of(conn, staff_id, day, 1) if made else []
    kept = rounds.of(conn, staff_id, day)
    wishes = {name: value for name, value in preferences.of(conn, staff_id).items() if value is not None}
    return Book(
        staff_id, day, minute_of(now) if today.date() == day else None, tuple(rounds.candidates(conn, [staff_id])),
        SimpleNamespace(**kept._mapping) if kept else None, made, wishes, numbers, rounds.base(conn, staff_id),
        fixes[0] if fixes else None,
    )  # fmt: skip


def plannable_day(conn: Connection, staff_id: int, now: datetime) -> date:
    """Today while there is time for a round, else the next working day."""
    wishes = {name: value for name, value in preferences.of(conn, staff_id).items() if value is not None}
    today = now.astimezone(settings.ZONE).date()
    _begins, ends = usual_hours(wishes, parameters.values(conn, today))
    if minute_of(now) <= ends - BRIEF:
        return today
    return calendar.load(conn).next_working(today + timedelta(days=1))


def minute_of(now: datetime) -> int:
    """Of the day, in China."""
    local = now.astimezone(settings.ZONE)
    return local.hour * 60 + local.minute
