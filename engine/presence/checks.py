"""The checks of one check-in. Each looks at one thing, knows nothing of the others, and says what it found in words."""

from collections.abc import Callable
from datetime import datetime, timedelta

from db import settings
from engine.presence.facts import DOUBT, FAIL, NOTE, PASS, UNKNOWN, CheckIn, Fix, Photo, Reason, Thresholds
from engine.presence.geometry import Mix, best_mix, metres
from engine.words import _

Check = Callable[[CheckIn, Thresholds], Reason]


def distance(seen: CheckIn, limits: Thresholds) -> Reason:
    """From the mark to the fix, less what the fix may be off; a mix of datums is no distance."""
    away, within = metres(seen.fix, seen.address), seen.address.radius_m
    forgiven = min(seen.fix.accuracy_m or 0, limits.accuracy_allowed_m)
    told = {"away": _metres(away), "radius": _metres(within), "accuracy": _metres(seen.fix.accuracy_m or 0)}
    if away - forgiven <= within:
        return Reason("distance", PASS, _("{away} from the marked address, within its fence of {radius}.", **told))
    if mixed(seen, limits):
        return Reason("distance", UNKNOWN, _("{away} from the marked address, as long as two datums are mixed.", **told))
    if away - (seen.fix.accuracy_m or 0) <= within:
        said = _(
            "{away} from the marked address; accurate to {accuracy} only, the fix cannot say whether this is within "
            "the fence of {radius}.",
            **told,
        )
        return Reason("distance", DOUBT, said)
    return Reason("distance", FAIL, _("{away} from the marked address, outside its fence of {radius}.", **told))


def datum(seen: CheckIn, limits: Thresholds) -> Reason:
    """Whether fix and mark disagree by just what GCJ-02, BD-09 and WGS-84 differ: then a map is wrong, nobody else."""
    mix = mixed(seen, limits)
    if mix is None:
        return Reason("datum", PASS, _("No sign of mixed datums."))
    away, left = _metres(metres(seen.fix, seen.address)), _metres(mix.left_m)
    told = {"fix": mix.of_fix, "mark": mix.of_mark, "left": left, "away": away}
    if mix.left_m - min(seen.fix.accuracy_m or 0, limits.accuracy_poor_m) <= limits.mix_sure_m:
        said = _(
            "Probably a datum mix: with the fix read as {fix} and the mark as {mark}, {away} become {left}. "
            "Have the mark checked; this is no fault of the officer.",
            **told,
        )
        return Reason("datum", NOTE, said)
    said = _(
        "Perhaps a datum mix: with the fix read as {fix} and the mark as {mark}, {away} become {left}. "
        "Have the mark checked first.",
        **told,
    )
    return Reason("datum", DOUBT, said)


def mixed(seen: CheckIn, limits: Thresholds) -> Mix | None:
    """The mix of datums that brings a fix from outside the fence to within it, if there is one."""
    forgiven = min(seen.fix.accuracy_m or 0, limits.accuracy_allowed_m)
    if metres(seen.fix, seen.address) - forgiven <= seen.address.radius_m:
        return None
    mix = best_mix(seen.fix, seen.address)
    return mix if mix.left_m - forgiven <= seen.address.radius_m else None


def accuracy(seen: CheckIn, limits: Thresholds) -> Reason:
    """How well the phone knew where it was; a poor fix is uncertain, not false."""
    known = seen.fix.accuracy_m
    if known is None:
        return Reason("accuracy", NOTE, _("The phone did not say how accurate its fix is."))
    told = _metres(known)
    if known == 0:
        return Reason("accuracy", DOUBT, _("An accuracy of exactly 0 m: no receiver says so, tools that set a position do."))
    if known <= limits.accuracy_unreal_m:
        return Reason("accuracy", NOTE, _("Accurate to {0}: better than a phone can know.").format(told))
    if known <= limits.accuracy_good_m:
        return Reason("accuracy", PASS, _("Accurate to {0}.").format(told))
    if known <= limits.accuracy_poor_m:
        return Reason("accuracy", NOTE, _("Accurate to {0} only, as indoors.").format(told))
    return Reason("accuracy", DOUBT, _("Accurate to {0} only: uncertain, not false.").format(told))


def age(seen: CheckIn, limits: Thresholds) -> Reason:
    """From the moment of the fix to its arrival here; the phone's clock is evidence, ours decides."""
    old = seen.received_at - seen.fix.at
    if -old > limits.clock_ahead:
        return _ahead(-old, limits)
    if old <= limits.fresh:
        return Reason("age", PASS, _("The fix was fresh when it arrived."))
    if seen.offline and old <= limits.stale:
        return Reason("age", NOTE, _("Sent {0} after the fix, from the phone's offline queue.").format(_span(old)))
    if old <= limits.late:
        return Reason("age", NOTE, _("The fix was {0} old when it arrived.").format(_span(old)))
    if old <= limits.stale:
        return Reason(
            "age",
            DOUBT,
            _("The fix was {0} old when it arrived: an earlier position, or a late clock.").format(_span(old)),
        )
    return Reason("age", FAIL, _("The fix was {0} old when it arrived: it says nothing of this visit.").format(_span(old)))


def _ahead(ahead: timedelta, limits: Thresholds) -> Reason:
    said = _("The phone's clock is {0} ahead of ours.").format(_span(ahead))
    if ahead <= limits.late:
        return Reason("age", NOTE, said)
    return Reason("age", DOUBT if ahead <= limits.stale else FAIL, said)


def speed(seen: CheckIn, limits: Thresholds) -> Reason:
    """From the check-in before to this one, both accuracies taken off; a mix of datums is no journey."""
    before = seen.previous
    if before is None or before == seen.fix:
        return Reason("speed", UNKNOWN, _("No check-in before this one to compare with."))
    apart = metres(before, seen.fix)
    if mix := mixed(seen, limits):
        apart = min(apart, metres(before, mix.fix))
    gone = max(0.0, apart - (before.accuracy_m or 0) - (seen.fix.accuracy_m or 0))
    between = abs((seen.fix.at - before.at).total_seconds())
    kmh = gone / max(between, 1) * 3.6
    told = {"gone": _metres(apart), "span": _span(timedelta(seconds=between)), "speed": f"{kmh:.0f}"}
    if kmh <= limits.fast_kmh:
        return Reason("speed", PASS, _("{gone} from the check-in before, {span} apart: that can be driven.", **told))
    said = _("{gone} from the check-in before in {span}: {speed} km/h.", **told)
    return Reason("speed", DOUBT if kmh <= limits.impossible_kmh else FAIL, said)


def dwell(seen: CheckIn, limits: Thresholds) -> Reason:
    """How long the visit took, by the officer's own check-in and end."""
    if seen.left_at is None:
        return Reason("dwell", UNKNOWN, _("When the visit ended is not known."))
    stayed = seen.left_at - seen.fix.at
    if stayed < timedelta():
        return Reason("dwell", DOUBT, _("The visit ended before it began: the times cannot both be right."))
    if stayed >= limits.dwell_good:
        return Reason("dwell", PASS, _("Stayed {0}.").format(_span(stayed)))
    said = _("Stayed {0} only.").format(_span(stayed))
    return Reason("dwell", NOTE if stayed >= limits.dwell_short else DOUBT, said)


def photo_time(seen: CheckIn, limits: Thresholds) -> Reason:
    """Whether the photos say they were taken during the visit; that they say nothing is common and no fault."""
    times = [photo.at for photo in seen.photos if photo.at]
    if not times:
        return Reason("photo_time", UNKNOWN, _("No photo says when it was taken."))
    first, last = seen.fix.at - limits.photo_before, max(seen.fix.at, seen.left_at or seen.fix.at) + limits.photo_after
    strange = [at for at in times if not first <= at <= last]
    if not strange:
        return Reason("photo_time", PASS, _("The photos were taken during the visit."))
    same_day = all(_day(at) == _day(seen.fix.at) for at in strange)
    when = f"{min(strange).astimezone(settings.ZONE):%Y-%m-%d %H:%M}"
    said = _("A photo says it was taken on {0}, not during the visit.").format(when)
    return Reason("photo_time", NOTE if same_day else DOUBT, said)


def photo_place(seen: CheckIn, limits: Thresholds) -> Reason:
    """Whether the photos say they were taken here: near the fix or near the mark, in any datum."""
    placed = [photo for photo in seen.photos if photo.lat is not None and photo.lon is not None]
    if not placed:
        return Reason("photo_place", UNKNOWN, _("No photo says where it was taken."))
    away = max(_away(photo, seen) for photo in placed)
    if away <= limits.photo_away_m:
        return Reason("photo_place", PASS, _("The photos were taken here."))
    return Reason("photo_place", DOUBT, _("A photo says it was taken {0} from here.").format(_metres(away)))


def _away(photo: Photo, seen: CheckIn) -> float:
    to_fix = max(0.0, metres(photo, seen.fix) - (seen.fix.accuracy_m or 0))
    return min(to_fix, metres(photo, seen.address), best_mix(photo, seen.fix).left_m)


def photo_reuse(seen: CheckIn, _limits: Thresholds) -> Reason:
    """What the search among earlier photos found (engine.photos)."""
    if not seen.photos:
        return Reason("photo_reuse", UNKNOWN, _("There is no photo."))
    return reused_photo(any(photo.reused for photo in seen.photos))


def reused_photo(found: bool) -> Reason:
    """Also when the search ends only after the check has come."""
    if found:
        return Reason("photo_reuse", DOUBT, _("A photo of this visit was found among earlier photos."))
    return Reason("photo_reuse", PASS, _("No photo was found among earlier ones."))


def _day(moment: datetime) -> object:
    return moment.astimezone(settings.ZONE).date()


def _metres(length: float) -> str:
    return _("{0} m").format(f"{length:.0f}") if length < 2000 else _("{0} km").format(f"{length / 1000:.1f}")


def _span(length: timedelta) -> str:
    seconds = length.total_seconds()
    if seconds < 120:
        return _("{0} seconds").format(f"{seconds:.0f}")
    if seconds < 7200:
        return _("{0} minutes").format(f"{seconds / 60:.0f}")
    if seconds < 172800:
        return _("{0} hours").format(f"{seconds / 3600:.0f}")
    return _("{0} days").format(f"{seconds / 86400:.0f}")


def same_spot(a: Fix, b: Fix) -> bool:
    """The same to the last digit."""
    return a.lat == b.lat and a.lon == b.lon
