"""Synthetic check-ins, honest and faked, to see what the grade makes of them: python -m engine.presence.tracks [SEEDS]

Made up, not measured: a receiver's error is Gaussian with a standard deviation of half its stated accuracy (plus a
slow drift), towns and villages are scattered about Changchun. They show which signs the checks see, not how often a
bank's officers are honest; that is for a bank's own labelled visits.
"""

import math
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from coord_convert.transform import wgs2bd, wgs2gcj

from db import settings
from engine.presence.facts import CheckIn, Fix, Photo, Place
from engine.presence.geometry import METRES_PER_DEGREE, metres
from engine.presence.grading import grade

CENTRE = (43.886, 125.324)  # Changchun
MORNING = datetime(2026, 11, 20, 9, 0, tzinfo=settings.ZONE)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Kind:
    """A kind of check-in: what it is, whether the officer was there, the grades it should get, and how to make one."""

    name: str
    honest: bool
    fitting: str
    make: Callable[[random.Random], CheckIn]
    says: str = ""  # the check that must remark on it


def moved(lat: float, lon: float, north_m: float, east_m: float) -> tuple[float, float]:
    return lat + north_m / METRES_PER_DEGREE, lon + east_m / METRES_PER_DEGREE / math.cos(math.radians(lat))


def seen_at(chance: random.Random, lat: float, lon: float, at: datetime, accuracy: tuple[float, float] = (4, 25)) -> Fix:
    """What a receiver at this place reports: off by a Gaussian of half its stated accuracy."""
    stated = chance.uniform(*accuracy)
    return Fix(*moved(lat, lon, chance.gauss(0, stated / 2), chance.gauss(0, stated / 2)), round(stated, 1), at)


def a_place(chance: random.Random, radius: float = 300) -> Place:
    return Place(*moved(*CENTRE, chance.uniform(-30_000, 30_000), chance.uniform(-30_000, 30_000)), radius)


def about(chance: random.Random, place: Place, away: float) -> tuple[float, float]:
    """A point up to so far from the mark: the gate, the yard, the field."""
    turn, length = chance.uniform(0, 2 * math.pi), away * math.sqrt(chance.random())
    return moved(place.lat, place.lon, length * math.cos(turn), length * math.sin(turn))


def elsewhere(chance: random.Random, place: Place, nearest: float, farthest: float) -> tuple[float, float]:
    turn, length = chance.uniform(0, 2 * math.pi), chance.uniform(nearest, farthest)
    return moved(place.lat, place.lon, length * math.cos(turn), length * math.sin(turn))


def a_round(chance: random.Random, n: int, until: datetime) -> list[Fix]:
    """An ordinary officer's last check-ins: one about every 35 minutes, some kilometres apart."""
    spots = [moved(*CENTRE, chance.uniform(-30_000, 30_000), chance.uniform(-30_000, 30_000)) for _ in range(n)]
    return [seen_at(chance, *spot, until - timedelta(minutes=60 * (n - i) + chance.uniform(-9, 9))) for i, spot in enumerate(spots)]


def honest(chance: random.Random, radius: float = 300, away: float = 100, accuracy: tuple[float, float] = (4, 25)) -> CheckIn:
    """On site, with a full round before it, a photo that says so, and ten to forty minutes spent."""
    place = a_place(chance, radius)
    at = MORNING + timedelta(seconds=chance.randrange(8 * 3600))
    fix = seen_at(chance, *about(chance, place, away), at, accuracy)
    recent = a_round(chance, 6, at)
    photo = Photo(at + 4 * MINUTE, *about(chance, place, away / 2))
    return CheckIn(place, fix, at + timedelta(seconds=chance.uniform(1, 40)), recent[-1], tuple(recent), (), (photo,),
                   at + timedelta(minutes=chance.uniform(10, 40)))  # fmt: skip


def in_a_village(chance: random.Random) -> CheckIn:
    return honest(chance, radius=1000, away=600, accuracy=(8, 45))


def indoors(chance: random.Random) -> CheckIn:
    return honest(chance, accuracy=(52, 98))


def by_network(chance: random.Random) -> CheckIn:
    return honest(chance, accuracy=(150, 1200))


def queued(chance: random.Random) -> CheckIn:
    seen = honest(chance, radius=1000, away=600)
    return replace(seen, offline=True, received_at=seen.fix.at + timedelta(hours=chance.uniform(1, 12)))


def clock_off(chance: random.Random) -> CheckIn:
    seen = honest(chance)
    return replace(seen, received_at=seen.fix.at - timedelta(seconds=chance.uniform(80, 280)))


def in_a_market(chance: random.Random) -> CheckIn:
    """Stall after stall, three to eight minutes and twenty to ninety metres apart."""
    seen = honest(chance, away=30)
    fixes = [
        seen_at(chance, *elsewhere(chance, seen.address, 20, 90), seen.fix.at - n * timedelta(minutes=chance.uniform(3, 8)))
        for n in range(8, 0, -1)
    ]
    return replace(seen, recent=tuple(fixes), previous=fixes[-1], left_at=seen.fix.at + timedelta(minutes=chance.uniform(3.2, 8)))


def again(chance: random.Random) -> CheckIn:
    """The same yard every week: near, never the same digits."""
    seen = honest(chance, away=15)
    weekly = [seen_at(chance, seen.fix.lat, seen.fix.lon, seen.fix.at - timedelta(days=7 * n)) for n in range(1, 7)]
    return replace(seen, recent=(*seen.recent, *weekly))


def on_the_road(chance: random.Random) -> CheckIn:
    """The check-in before lies on a motorway's distance: 90 to 115 km/h."""
    seen = honest(chance)
    far = elsewhere(chance, seen.address, 20_000, 60_000)
    before = seen_at(chance, *far, seen.fix.at)
    seconds = metres(before, seen.fix) / (chance.uniform(90, 115) / 3.6)
    before = replace(before, at=seen.fix.at - timedelta(seconds=seconds))
    return replace(seen, previous=before, recent=(*seen.recent[:-1], before))


def held(chance: random.Random) -> CheckIn:
    """Two loans checked in one house: the phone hands out the position it holds."""
    seen = honest(chance)
    before = replace(seen.fix, at=seen.fix.at - timedelta(seconds=chance.uniform(30, 400)))
    return replace(seen, previous=before, recent=(*seen.recent, before))


def mixed(convert: Callable, of_mark: bool) -> Callable[[random.Random], CheckIn]:
    """The mark, or the fix, is of another datum and nobody said so."""

    def make(chance: random.Random) -> CheckIn:
        seen = honest(chance, away=60)
        thing = seen.address if of_mark else seen.fix
        lon, lat = convert(thing.lon, thing.lat)
        wrong = replace(thing, lat=lat, lon=lon)
        return replace(seen, address=wrong, photos=()) if of_mark else replace(seen, fix=wrong)

    return make


def met_elsewhere(chance: random.Random) -> CheckIn:
    """The customer came to the branch; the officer says so."""
    return replace(from_home(chance), explanation="客户到支行面谈")


def from_home(chance: random.Random) -> CheckIn:
    seen = honest(chance)
    return replace(seen, fix=seen_at(chance, *elsewhere(chance, seen.address, 2_500, 20_000), seen.fix.at), photos=())


def next_street(chance: random.Random) -> CheckIn:
    """Half a kilometre short of the door."""
    seen = honest(chance)
    spot = moved(seen.address.lat, seen.address.lon, -chance.uniform(420, 700), -chance.uniform(100, 400))
    return replace(seen, fix=seen_at(chance, *spot, seen.fix.at), photos=())


def teleported(chance: random.Random) -> CheckIn:
    seen = honest(chance)
    before = seen_at(
        chance, *elsewhere(chance, seen.address, 30_000, 50_000), seen.fix.at - timedelta(minutes=chance.uniform(1, 5))
    )
    return replace(seen, previous=before, recent=(*seen.recent, before))


def same_digits(chance: random.Random) -> CheckIn:
    """A position kept from last week, sent again."""
    seen = honest(chance)
    return replace(seen, recent=(*seen.recent, replace(seen.fix, at=seen.fix.at - timedelta(days=7))))


def set_on_the_mark(chance: random.Random) -> CheckIn:
    """A tool set to the marked point, believing itself to a metre."""
    seen = honest(chance)
    return replace(seen, fix=replace(seen.fix, lat=seen.address.lat, lon=seen.address.lon, accuracy_m=1.0), photos=())


def typed(chance: random.Random) -> CheckIn:
    """Four decimals typed for each customer of the round."""
    seen = honest(chance, away=40)
    short = [replace(fix, lat=round(fix.lat, 4), lon=round(fix.lon, 4)) for fix in (*seen.recent, seen.fix)]
    return replace(seen, fix=short[-1], recent=tuple(short[:-1]), previous=short[-2], photos=())


def without_jitter(chance: random.Random) -> CheckIn:
    """One set position for all customers of a village, all day."""
    seen = honest(chance, radius=1000, away=500)
    still = [replace(seen.fix, at=seen.fix.at - n * 25 * MINUTE) for n in range(1, 6)]
    return replace(seen, recent=tuple(still), previous=still[0], photos=())


def track_again(chance: random.Random) -> CheckIn:
    """Last week's track played once more, shifted by some metres."""
    seen = honest(chance, radius=1000, away=200)
    today = [*a_round(chance, 5, seen.fix.at), seen.fix]
    north, east = chance.uniform(-30, 30), chance.uniform(-30, 30)
    before = []
    for fix in today:
        lat, lon = fix.lat + north / METRES_PER_DEGREE, fix.lon + east / METRES_PER_DEGREE
        before.append(replace(fix, lat=lat, lon=lon, at=fix.at - timedelta(days=7)))
    return replace(seen, recent=(*before, *today[:-1]), previous=today[-2], photos=())


def with_a_ruler(chance: random.Random) -> CheckIn:
    """A tool walks in a straight line at an even pace towards the mark."""
    seen = honest(chance)
    north, east = chance.uniform(200, 600), chance.uniform(200, 600)
    line = [
        replace(seen.fix, lat=lat, lon=lon, at=seen.fix.at - n * 2 * MINUTE)
        for n in range(6, 0, -1) for lat, lon in [moved(seen.fix.lat, seen.fix.lon, -n * north, -n * east)]
    ]  # fmt: skip
    return replace(seen, recent=tuple(line), previous=line[-1], photos=())


def no_accuracy(chance: random.Random) -> CheckIn:
    seen = honest(chance)
    return replace(seen, fix=replace(seen.fix, accuracy_m=0.0))


def passed_by(chance: random.Random) -> CheckIn:
    """A fix taken when driving past, sent an hour and more later from home."""
    seen = honest(chance)
    return replace(seen, received_at=seen.fix.at + timedelta(minutes=chance.uniform(20, 300)), left_at=None, photos=())


def turned_clock(chance: random.Random) -> CheckIn:
    """The phone's clock set back to the day the visit was due."""
    seen = honest(chance)
    return replace(seen, received_at=seen.fix.at + timedelta(days=chance.uniform(1.5, 6)))


def old_photo(chance: random.Random) -> CheckIn:
    seen = honest(chance)
    photo = Photo(seen.fix.at - timedelta(days=chance.randrange(5, 90)), seen.address.lat, seen.address.lon)
    return replace(seen, photos=(*seen.photos, photo))


def photo_from_elsewhere(chance: random.Random) -> CheckIn:
    seen = honest(chance)
    photo = Photo(seen.fix.at + MINUTE, *elsewhere(chance, seen.address, 3_000, 15_000))
    return replace(seen, photos=(photo,))


def drive_by(chance: random.Random) -> CheckIn:
    seen = honest(chance)
    return replace(seen, left_at=seen.fix.at + timedelta(seconds=chance.uniform(5, 50)))


def one_phone_for_two(chance: random.Random) -> CheckIn:
    """A colleague's position was copied."""
    seen = honest(chance)
    return replace(seen, colleagues=(replace(seen.fix, at=seen.fix.at + 9 * MINUTE),))


def careful_faker(chance: random.Random) -> CheckIn:
    """Believable noise, pace, time and photos: no check of positions can see it."""
    return honest(chance)


KINDS = (
    Kind("on site in town", True, "A", honest),
    Kind("on site in a village", True, "A", in_a_village),
    Kind("indoors, 52-98 m", True, "B", indoors, "accuracy"),
    Kind("by network, 150-1,200 m", True, "C", by_network, "accuracy"),
    Kind("sent from the offline queue", True, "B", queued, "age"),
    Kind("phone's clock minutes ahead", True, "B", clock_off, "age"),
    Kind("stall after stall in a market", True, "A", in_a_market),
    Kind("the same yard every week", True, "A", again),
    Kind("from afar on the motorway", True, "A", on_the_road),
    Kind("two loans, one held position", True, "A", held),
    Kind("mark in GCJ-02", True, "B", mixed(wgs2gcj, of_mark=True), "datum"),
    Kind("fix in GCJ-02", True, "B", mixed(wgs2gcj, of_mark=False), "datum"),
    Kind("mark in BD-09", True, "B", mixed(wgs2bd, of_mark=True), "datum"),
    Kind("met elsewhere, with a reason", True, "D", met_elsewhere, "explanation"),
    Kind("from home", False, "D", from_home, "distance"),
    Kind("half a kilometre short", False, "CD", next_street, "distance"),
    Kind("teleported", False, "D", teleported, "speed"),
    Kind("last week's digits", False, "C", same_digits, "repeated_digits"),
    Kind("tool set on the mark", False, "C", set_on_the_mark, "on_the_mark"),
    Kind("typed on a grid", False, "C", typed, "grid"),
    Kind("no jitter all day", False, "D", without_jitter, "repeated_digits"),
    Kind("last week's track", False, "D", track_again, "replayed"),
    Kind("drawn with a ruler", False, "CD", with_a_ruler, "drawn"),
    Kind("accuracy 0", False, "C", no_accuracy, "accuracy"),
    Kind("fix of passing by, sent later", False, "C", passed_by, "age"),
    Kind("clock set back by days", False, "D", turned_clock, "age"),
    Kind("photo of another day", False, "C", old_photo, "photo_time"),
    Kind("photo from elsewhere", False, "C", photo_from_elsewhere, "photo_place"),
    Kind("drive-by", False, "C", drive_by, "dwell"),
    Kind("a colleague's position", False, "C", one_phone_for_two, "shared_digits"),
    Kind("careful faker", False, "A", careful_faker),
)


def confusion(seeds: int) -> Iterator[tuple[Kind, Counter]]:
    """How often each kind gets each grade, over so many seeds."""
    for kind in KINDS:
        yield kind, Counter(grade(kind.make(random.Random(f"{kind.name}/{seed}"))).grade for seed in range(seeds))


def table(seeds: int) -> str:
    """The confusion table of docs/presence.md."""
    lines = ["| kind | officer | A | B | C | D |", "|---|---|---|---|---|---|"]
    for kind, found in confusion(seeds):
        counts = " | ".join(str(found[letter] or "") for letter in "ABCD")
        lines.append(f"| {kind.name} | {'was there' if kind.honest else 'was not'} | {counts} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
