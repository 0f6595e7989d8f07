"""足迹: positions of open visits are kept at a modest pace, looked at on the record, and coarsened after a while."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic import ValidationError

from db import audit, footprints, staff
from db.access import Connection, Person
from db.vocab import FixSource
from engine import parameters, permits, refusals
from engine.presence.geometry import Point, metres
from engine.visits.sent import SentStep

PACE, MOVED_M = timedelta(seconds=60), 30.0  # one position a minute, and only when somebody moved
CLOCKS_APART = timedelta(minutes=10)
LONGEST = timedelta(days=3)  # a visit is open, with what waits on the phone for a network
MOST = 600  # positions of one visit


def keep(conn: Connection, draft, content: dict, *, now: datetime) -> None:
    """What the form says of where it was: its check-in, the way since, where it was sent. Only while the visit is open."""
    check_in, track = _read([content.get("fix")]), _read(content.get("track"))
    fixes = [(FixSource.CHECK_IN, fix) for fix in check_in[:1]] + [(fix.source, fix) for fix in paced(track)]
    begun = _begun(content, now)
    within = [(s, fix) for s, fix in fixes if begun <= fix.at <= now + CLOCKS_APART]
    steps = [{"source": s, "at": fix.at, "lat": fix.lat, "lon": fix.lon, "accuracy_m": fix.accuracy_m} for s, fix in within]
    footprints.keep(conn, draft, steps)


def _begun(content: dict, now: datetime) -> datetime:
    """When the visit was opened, as the phone says, if that can be: nothing from before it is kept."""
    try:
        begun = datetime.fromisoformat(content["started_at"]) - CLOCKS_APART
        return max(begun, now - LONGEST)
    except (KeyError, ValueError, TypeError):
        return now - LONGEST


def _read(given: object) -> list[SentStep]:
    """A draft is saved whatever it says: what is no position is passed over."""
    return [step for one in (given if isinstance(given, list) else [])[:MOST] if (step := _step(one)) is not None]


def _step(one: object) -> SentStep | None:
    try:
        return SentStep.model_validate(one)
    except ValidationError:
        return None


def paced(track: list[SentStep]) -> list[SentStep]:
    """At most one a minute and only after a move, whatever the phone sent; the last one of a visit always."""
    kept: list[SentStep] = []
    for step in sorted(track, key=lambda step: step.at):
        far = not kept or (
            step.at - kept[-1].at >= PACE and metres(Point(step.lat, step.lon), Point(kept[-1].lat, kept[-1].lon)) > MOVED_M
        )
        if far or step.source is FixSource.SUBMIT:
            kept.append(step)
    return kept


def look(conn: Connection, by: Person, staff_id: int, day: date) -> None:
    """Somebody's track of a day is looked at by another: that is written down."""
    permits.must(by, "footprint.look")
    if staff_id not in staff.names(conn, staff_id):
        raise refusals.NotFound
    audit.note(conn, "footprint.look", "staff", None, {"staff_id": staff_id, "day": day.isoformat()})


def coarsen(conn: Connection, today: date) -> dict[str, int]:
    """What is older than the bank keeps exactly becomes coarse; one sentence in the trail says how much."""
    before = today - timedelta(days=int(parameters.values(conn, today)["footprints.exact_days"]))
    done = footprints.coarsen(conn, before)
    if any(done.values()):
        audit.note(conn, "footprints.coarsen", "footprints", None, {"before": before.isoformat(), **done})
    return done


# --- A day as a line, days as a sum -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spot:
    """Where somebody was at a moment."""

    at: datetime
    lat: float
    lon: float


def timeline(stops: Sequence, positions: Sequence) -> list[Spot]:
    """Where somebody was, in the order of time: each stop from arrival to leaving, and what lies between; photos add nothing."""
    stays = [Spot(at, stop.lat, stop.lon) for stop in stops if stop.lat is not None for at in (stop.arrived_at, stop.finished_at)]
    between = [Spot(p.at, p.lat, p.lon) for p in positions if p.source in (FixSource.DURING, FixSource.SUBMIT)]
    return sorted(stays + between, key=lambda spot: spot.at)


@dataclass(frozen=True)
class Total:
    """Sums over days; `out_hours` from the first arrival to the last leaving of each."""

    visits: int
    placed: int
    on_site: int
    km: float
    visit_hours: float
    out_hours: float
    grades: dict[str, int]


def total(days: Sequence) -> Total:
    """Of rows of db.footprints.days."""
    return Total(
        visits=sum(d.visits for d in days), placed=sum(d.placed for d in days), on_site=sum(d.on_site for d in days),
        km=float(sum(d.km for d in days)), visit_hours=float(sum(d.visit_hours for d in days)),
        out_hours=sum((d.last_at - d.first_at).total_seconds() for d in days) / 3600,
        grades={g: sum(getattr(d, g.lower()) for d in days) for g in "ABCD"},
    )  # fmt: skip
