"""Coordinates too perfect for a receiver: the same digits again, the mark itself, grids, drawn and replayed tracks.

A receiver at rest wanders by metres. Tools that set a position give the same digits each time, round numbers, or a
recorded track once more. A made-up position with believable noise passes here: no position can prove itself.
"""

from collections.abc import Iterator
from itertools import pairwise

from engine.presence.checks import same_spot
from engine.presence.facts import DOUBT, FAIL, NOTE, PASS, UNKNOWN, CheckIn, Fix, Reason, Thresholds
from engine.presence.geometry import METRES_PER_DEGREE, metres, step_m
from engine.words import _

Step = tuple[float, float]


def repeated_digits(seen: CheckIn, limits: Thresholds) -> Reason:
    """The same digits at another time: twice can be chance of a network position, often is a position that was set."""
    repeats = [other for other in seen.earlier if same_spot(other, seen.fix) and abs(other.at - seen.fix.at) > limits.held]
    if not repeats:
        return Reason("repeated_digits", PASS, _("The digits of this position are new."))
    said = _("This very position, to the last digit, was reported {0} times before, at other times.").format(len(repeats))
    if (seen.fix.accuracy_m or 0) >= limits.coarse_m:
        return Reason("repeated_digits", NOTE, said)
    return Reason("repeated_digits", DOUBT if len(repeats) < limits.pattern - 1 else FAIL, said)


def shared_digits(seen: CheckIn, limits: Thresholds) -> Reason:
    """Two phones side by side still differ in the last digits."""
    if not seen.colleagues:
        return Reason("shared_digits", UNKNOWN, _("No positions of colleagues to compare with."))
    if not any(same_spot(other, seen.fix) for other in seen.colleagues):
        return Reason("shared_digits", PASS, _("No colleague reported this very position."))
    verdict = NOTE if (seen.fix.accuracy_m or 0) >= limits.coarse_m else DOUBT
    return Reason("shared_digits", verdict, _("A colleague reported this very position, to the last digit."))


def on_the_mark(seen: CheckIn, limits: Thresholds) -> Reason:
    """The marked point itself: it may just have been marked by this fix, or it was typed into a tool."""
    if metres(seen.fix, seen.address) > limits.marked_m:
        return Reason("on_the_mark", PASS, _("Near the mark as a receiver would be, not on it."))
    said = _("Exactly on the marked point, which a receiver hardly ever hits.")
    perfect = seen.fix.accuracy_m is not None and seen.fix.accuracy_m <= limits.accuracy_unreal_m
    before = any(metres(other, seen.address) <= limits.marked_m for other in seen.earlier)
    return Reason("on_the_mark", DOUBT if perfect or before else NOTE, said)


def grid(seen: CheckIn, limits: Thresholds) -> Reason:
    """Round numbers: one may be chance, several in a row were typed."""
    last = [*_window(seen, limits)[-limits.pattern + 1 :], seen.fix]
    if not _round(seen.fix, limits.grid_digits):
        return Reason("grid", PASS, _("The position has as many digits as a receiver gives."))
    if len(last) >= limits.pattern and all(_round(fix, limits.grid_digits) for fix in last):
        return Reason("grid", DOUBT, _("The last {0} positions are all round numbers on a grid.").format(len(last)))
    if _round(seen.fix, limits.grid_digits - 1):
        return Reason("grid", NOTE, _("The position is a round number."))
    return Reason("grid", PASS, _("The position has few digits; alone that says little."))


def jitter(seen: CheckIn, limits: Thresholds) -> Reason:
    """Standing still, a receiver wanders; a position that was set does not."""
    spot = [fix for fix in [*_window(seen, limits), seen.fix] if metres(fix, seen.fix) <= limits.moving_m]
    if len(spot) < limits.pattern:
        return Reason("jitter", UNKNOWN, _("Too few fixes at this place to see them wander."))
    still = all(same_spot(fix, seen.fix) for fix in spot)
    long = max(fix.at for fix in spot) - min(fix.at for fix in spot) > limits.held
    if still and long and (seen.fix.accuracy_m or 0) < limits.coarse_m:
        return Reason("jitter", DOUBT, _("{0} fixes at this place do not differ by a millimetre.").format(len(spot)))
    return Reason("jitter", PASS, _("The fixes at this place wander as a receiver's do."))


def drawn(seen: CheckIn, limits: Thresholds) -> Reason:
    """Equal steps in one direction: drawn with a ruler between two points."""
    steps = list(_steps([*_window(seen, limits), seen.fix]))[-limits.pattern :]
    if len(steps) < limits.pattern or any(_length(step) < limits.moving_m for step in steps):
        return Reason("drawn", UNKNOWN, _("Too few fixes on the move to see a track."))
    if all(_same(step, steps[0], limits) for step in steps[1:]):
        return Reason(
            "drawn",
            DOUBT,
            _("The last {0} steps are equal in length and direction, as if drawn with a ruler.").format(len(steps)),
        )
    return Reason("drawn", PASS, _("The track bends and varies as a real one does."))


def replayed(seen: CheckIn, limits: Thresholds) -> Reason:
    """The last steps, one by one, were walked before: a recorded track once more, shifted or not."""
    steps = list(_steps([*_window(seen, limits), seen.fix]))
    count = limits.pattern - 1
    last = steps[-count:]
    if len(steps) < 2 * count or sum(_length(step) >= limits.moving_m for step in last) < count:
        return Reason("replayed", UNKNOWN, _("Too few fixes on the move to see a track twice."))
    for start in range(len(steps) - 2 * count + 1):
        if all(_same(a, b, limits) for a, b in zip(steps[start : start + count], last, strict=True)):
            if all(_same(step, last[0], limits) for step in last):
                continue  # equal steps are the ruler's business
            return Reason("replayed", FAIL, _("The last {0} steps repeat an earlier track, step by step.").format(count))
    return Reason("replayed", PASS, _("The track is no copy of an earlier one."))


def _window(seen: CheckIn, limits: Thresholds) -> list[Fix]:
    return [other for other in seen.earlier if other.at < seen.fix.at][-limits.window :]


def _steps(fixes: list[Fix]) -> Iterator[Step]:
    return (step_m(a, b) for a, b in pairwise(fixes))


def _length(step: Step) -> float:
    return (step[0] ** 2 + step[1] ** 2) ** 0.5


def _same(a: Step, b: Step, limits: Thresholds) -> bool:
    return abs(a[0] - b[0]) <= limits.same_step_m and abs(a[1] - b[1]) <= limits.same_step_m


def _round(fix: Fix, digits: int) -> bool:
    """Both degrees have at most so many decimals."""
    near = 0.001 / METRES_PER_DEGREE  # a millimetre: floating point, not a receiver
    return all(abs(degrees - round(degrees, digits)) < near for degrees in (fix.lat, fix.lon))
