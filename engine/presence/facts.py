"""The nouns of a check-in, and the thresholds its checks are held to."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property


@dataclass(frozen=True)
class Place:
    """A customer's marked address: WGS-84 degrees, and how near in metres counts as there."""

    lat: float
    lon: float
    radius_m: float = 300


@dataclass(frozen=True)
class Fix:
    """A position a phone reported: WGS-84 degrees, the radius in metres it believes in (68 %), its own moment."""

    lat: float
    lon: float
    accuracy_m: float | None
    at: datetime


@dataclass(frozen=True)
class Photo:
    """What a photo says of itself; phones and browsers often leave it out. `reused`: found among earlier photos."""

    at: datetime | None = None
    lat: float | None = None
    lon: float | None = None
    reused: bool = False


@dataclass(frozen=True)
class CheckIn:
    """One check-in with what is known around it.

    `previous`: the officer's check-in before this. `recent`: his fixes of the last weeks, in any order. `colleagues`:
    fixes of others of the same days. `left_at`: when the visit ended. `offline`: the form was sent from the phone's
    queue. `explanation`: the officer's own words why he was not on site.
    """

    address: Place
    fix: Fix
    received_at: datetime
    previous: Fix | None = None
    recent: tuple[Fix, ...] = ()
    colleagues: tuple[Fix, ...] = ()
    photos: tuple[Photo, ...] = ()
    left_at: datetime | None = None
    offline: bool = False
    explanation: str = ""

    @cached_property
    def earlier(self) -> list[Fix]:
        """The officer's other fixes in the order of time; the fix itself, sent along, is not one."""
        others = {other for other in self.recent if other != self.fix}
        if self.previous and self.previous != self.fix:
            others.add(self.previous)
        return sorted(others, key=lambda other: other.at)


class Verdict(StrEnum):
    """What one check says. Unknown: it had nothing to go by, and does not count."""

    PASS = "pass"
    NOTE = "note"
    DOUBT = "doubt"
    FAIL = "fail"
    UNKNOWN = "unknown"


PASS, NOTE, DOUBT, FAIL, UNKNOWN = Verdict


@dataclass(frozen=True)
class Reason:
    check: str
    verdict: Verdict
    words: str


@dataclass(frozen=True)
class Thresholds:
    """Engineering judgement to start from; a bank calibrates them on its own visits (docs/presence.md).

    Lengths in metres, speeds in km/h.
    """

    accuracy_allowed_m: float = 200  # a fix is forgiven at most this much of its distance
    accuracy_good_m: float = 50
    accuracy_poor_m: float = 100  # ODK calls more than this poor: about a city block
    accuracy_unreal_m: float = 1  # a phone's receiver does not know better than three to five metres
    fresh: timedelta = timedelta(minutes=2)
    late: timedelta = timedelta(minutes=5)
    stale: timedelta = timedelta(hours=24)
    clock_ahead: timedelta = timedelta(minutes=1)
    fast_kmh: float = 120  # the limit on motorways
    impossible_kmh: float = 250
    dwell_good: timedelta = timedelta(minutes=3)
    dwell_short: timedelta = timedelta(minutes=1)
    photo_before: timedelta = timedelta(minutes=30)
    photo_after: timedelta = timedelta(minutes=10)
    photo_away_m: float = 500
    mix_sure_m: float = 150  # a mix of datums explains the distance if it leaves no more than this
    held: timedelta = timedelta(minutes=10)  # a phone at rest hands out the position it holds
    coarse_m: float = 50  # a position by network instead of satellites, which may well repeat to the digit
    grid_digits: int = 4  # four decimals are 11 m; phones give six and more
    pattern: int = 4  # so many fixes in a row make a pattern
    same_step_m: float = 0.2  # two steps are the same step within this
    moving_m: float = 10  # a shorter step is standing still
    marked_m: float = 0.15  # nearer to the mark than this is the mark itself
    window: int = field(default=500)  # of recent fixes at most so many are looked at
