"""What the phones of the demo bank's officers said: days that can be driven, positions, and what these are worth as proof."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from db import settings
from db.vocab import FixSource, Kind, Mode
from engine.checks import Submission
from engine.demo import story
from engine.presence import CheckIn, Fix, Place
from engine.presence.geometry import METRES_PER_DEGREE, Point, metres
from engine.visits import judging, submitting

GRADED = timedelta(days=75)  # before the last day: what the judgement looks back upon, and a little more
REMEMBERED = 20  # of an officer's fixes; a grade looks mostly at the last ones
FIRST_STOP, LAST_STOP = time(8, 40), time(17, 20)
KMH, DETOUR, HALT = 40, 1.35, timedelta(minutes=5)  # on the road, and parking
SHORT = timedelta(minutes=4)  # no honest visit is shorter, on the fullest of days
SECOND = timedelta(seconds=1)

Entry = tuple  # (submission, staff, branch, loans), as checks.import_past takes it


class Stop(NamedTuple):
    """Where an officer was until when."""

    until: datetime
    at: Point


class Chance(NamedTuple):
    """How a visit differs from most; see _chances."""

    accuracy_m: tuple[float, float] | None = None
    stayed_s: tuple[float, float] | None = None
    sent_later_min: tuple[float, float] | None = None
    fix_sent_late: bool = False


# Of a hundred visits so many: a position by network only, a look over the fence, sent from the queue hours later, and a
# position that nobody received before the visit was over.
CHANCES = (
    (1.0, Chance(accuracy_m=(140, 420))),
    (0.8, Chance(stayed_s=(18, 55))),
    (3.0, Chance(sent_later_min=(40, 300))),
    (0.6, Chance(fix_sent_late=True)),
)


class Evidence:
    """Puts the visits of each person and day into an order that can be driven, and grades them by what came before."""

    def __init__(self, seed: int, last: date) -> None:
        self.chance = random.Random(seed)
        self.graded_since = last - GRADED
        self.fixes: dict[int, list[Fix]] = defaultdict(list)
        self.stops: dict[int, Stop] = {}

    def of(self, entries: list[Entry]) -> list[Entry]:
        """The same checks in their order, the field visits with hours, positions, distances and grades."""
        days: dict[tuple[date, int], list[int]] = defaultdict(list)
        for n, (said, staff_id, *_rest) in enumerate(entries):
            if said.mode is Mode.FIELD and said.lat is not None:
                days[_day(said.finished_at), staff_id].append(n)
        told = list(entries)
        for (day, staff_id), its in sorted(days.items()):
            for n, said in self._a_day(day, staff_id, {n: entries[n][0] for n in its}):
                told[n] = (said, *entries[n][1:])
        return told

    def _a_day(self, day: date, staff_id: int, visits: dict[int, Submission]) -> Iterator[tuple[int, Submission]]:
        stop = self.stops.get(staff_id)
        if stop is None or _day(stop.until) != day:
            stop = Stop(_at(day, FIRST_STOP) + timedelta(minutes=self.chance.uniform(0, 50)), None)
        hurry = self._hurry(stop, len(visits))
        for n in _by_way(visits, stop.at):
            said = self._visit(visits[n], staff_id, stop, hurry)
            stop = self.stops[staff_id] = Stop(said.finished_at, Point(said.lat, said.lon))
            yield n, said

    @staticmethod
    def _hurry(stop: Stop, visits: int) -> float:
        """The share of the usual time that is left for each on a full day."""
        left = (_at(_day(stop.until), LAST_STOP) - stop.until) / timedelta(minutes=1)
        return min(1.0, max(0.12, left / (visits * 45)))

    def _visit(self, said: Submission, staff_id: int, stop: Stop, hurry: float) -> Submission:
        odd = self._odd()
        accuracy = round(self.chance.uniform(*odd.accuracy_m)) if odd.accuracy_m else said.accuracy_m
        arrived = stop.until + self._way(stop, said, hurry)
        stayed = max(SHORT, hurry * timedelta(minutes=self.chance.uniform(9, 32)))
        left = arrived + (timedelta(seconds=self.chance.uniform(*odd.stayed_s)) if odd.stayed_s else stayed)
        fix = Fix(said.lat, said.lon, accuracy, arrived)
        later = timedelta(minutes=self.chance.uniform(*odd.sent_later_min)) if odd.sent_later_min else 4 * SECOND
        said = replace(
            said, started_at=arrived, finished_at=left, received_at=left + later, offline=later > judging.AT_ONCE,
            **submitting.where(fix, said.place),
        )  # fmt: skip
        # What goes through the phone's own door is not taken without a reason.
        if not said.on_site and (self.chance.random() < 0.6 or said.kind is Kind.SPOT):
            said = replace(said, away_because=self.chance.choice(story.AWAY))
        return replace(said, **self._graded(said, staff_id, fix, left if odd.fix_sent_late else arrived))

    def _odd(self) -> Chance:
        roll = self.chance.random() * 100
        for share, odd in CHANCES:
            if roll < share:
                return odd
            roll -= share
        return Chance()

    def _way(self, stop: Stop, said: Submission, hurry: float) -> timedelta:
        if stop.at is None:
            return timedelta()
        km = DETOUR * metres(stop.at, said) / 1000
        return (HALT + timedelta(hours=km / KMH)) * self.chance.uniform(0.9, 1.25) * max(hurry, 0.4)

    def _graded(self, said: Submission, staff_id: int, fix: Fix, seen: datetime) -> dict:
        mine = self.fixes[staff_id]
        earlier = tuple(mine[-REMEMBERED:])
        mine.append(fix)
        if _day(fix.at) < self.graded_since:
            return {}
        place = Place(said.place["lat"], said.place["lon"], said.place["radius_m"])
        return judging.graded(CheckIn(
            address=place, fix=fix, received_at=seen + 7 * SECOND if not said.offline else said.received_at, recent=earlier,
            previous=earlier[-1] if earlier else None, left_at=said.finished_at, offline=said.offline, explanation=said.away_because or "",
        ))  # fmt: skip

    def way_of(self, said: Submission, before: Submission | None) -> dict:
        """Positions of an open visit as a phone sends them with the form: on arrival, about the place, when it was sent."""
        steps = [*self._approach(said, before), *self._about(said)]
        sent = {"source": FixSource.SUBMIT, "at": said.finished_at.isoformat(), **self._near(said, said, 12)}
        fix = {"at": said.fixed_at.isoformat(), "lat": said.lat, "lon": said.lon, "accuracy_m": said.accuracy_m}
        return {"started_at": said.started_at.isoformat(), "fix": fix, "track": [*steps, sent]}

    def _approach(self, said: Submission, before: Submission | None) -> Iterator[dict]:
        """The form is opened some minutes before arrival, on the road from the visit before."""
        if before is None:
            return
        whole = said.started_at - before.finished_at
        for minutes in (8, 6, 4, 2):
            ago = timedelta(minutes=minutes)
            if ago < whole - HALT:
                share = 1 - ago / whole
                at = Point(*(a + (b - a) * share for a, b in ((before.lat, said.lat), (before.lon, said.lon))))
                yield {"at": (said.started_at - ago).isoformat(), **self._near(at, said, 90)}

    def _about(self, said: Submission) -> Iterator[dict]:
        """Round the shop, the yard and the field."""
        for share in (0.3, 0.6):
            yield {"at": (said.started_at + share * (said.finished_at - said.started_at)).isoformat(), **self._near(said, said, 45)}

    def _near(self, point, said: Submission, spread_m: float) -> dict:
        north, east = (self.chance.gauss(0, spread_m / METRES_PER_DEGREE) for _ in "ne")
        return {"lat": round(point.lat + north, 6), "lon": round(point.lon + 1.4 * east, 6), "accuracy_m": said.accuracy_m}


def _by_way(visits: dict[int, Submission], begin: Point | None) -> list[int]:
    """From the one before to whichever is nearest."""
    left = dict(visits)
    at = begin or max(left.values(), key=lambda said: said.lat)
    order = []
    while left:
        _, n = min((metres(at, said), n) for n, said in left.items())
        at = left.pop(n)
        order.append(n)
    return order


def _day(moment: datetime) -> date:
    return moment.astimezone(settings.ZONE).date()


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, settings.ZONE).astimezone(UTC)
