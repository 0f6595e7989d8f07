"""When a rule falls due: pure date arithmetic.

Cycles are counted from the anchor, never from the previous result, so month ends clamp without drift: a monthly rule
from 31 January falls on 28 February and 31 March, a yearly one from 29 February on 28 February (RFC 5545's MONTHLY
would skip the short months). Calendar rules may use an RRULE of daily or coarser frequency instead.

| anchor       | counted from                              | occurrences                                   |
|--------------|-------------------------------------------|-----------------------------------------------|
| disbursement | the day a loan was paid out               | once, at each offset                          |
| maturity     | the day a loan matures                    | once, at each offset (negative: before)       |
| class_change | the day a loan's class last got worse     | at each offset, then every cycle if one is set|
| overdue      | the oldest unpaid day                     | at each offset, then every cycle if one is set|
| schedule     | the day the earliest loan was paid out    | every cycle; a late check moves nothing       |
| completion   | the last completed check of the kind      | the next one only; missed, it is due soon     |
| calendar     | the calendar                              | every cycle of the calendar, or an RRULE      |

A customer never checked counts, under a completion rule, in cycles from the day the loan was paid out; the first that
falls on or after the rule's own first day is owed. This spreads a bank's whole book over the first cycle.
"""

import calendar as gregorian
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from dateutil.rrule import rrulestr

from db.vocab import Anchor, Shift, Unit
from engine.calendar import Calendar

EVENTS = (Anchor.DISBURSEMENT, Anchor.MATURITY, Anchor.CLASS_CHANGE, Anchor.OVERDUE)
MONTHS = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.HALF_YEAR: 6, Unit.YEAR: 12}
DAYS = {Unit.DAY: 1, Unit.WEEK: 7}
EPOCH = date(1970, 1, 1)
MONDAY = date(1970, 1, 5)
LASTING = timedelta(days=366)  # a check that nobody asked for within a year of its due day is not asked for any more
NO_ANCHOR = EPOCH  # the anchor of calendar rules


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last (a night asks this tens of thousands of times)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if day.day <= 28:
        return date(year, month + 1, day.day)
    return date(year, month + 1, min(day.day, gregorian.monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Cycle:
    """Every n units."""

    n: int
    unit: Unit

    def after(self, anchor: date, k: int) -> date:
        """k cycles after the anchor; a day that month lacks becomes its last."""
        if self.unit in MONTHS:
            return add_months(anchor, k * self.n * MONTHS[self.unit])
        return anchor + timedelta(days=k * self.n * DAYS[self.unit])

    @property
    def days(self) -> float:
        """Mean length, to compare how strict two cycles are."""
        return self.n * MONTHS[self.unit] * 30.44 if self.unit in MONTHS else self.n * DAYS[self.unit]

    @property
    def shortest_days(self) -> int:
        return self.n * (MONTHS[self.unit] * 28 if self.unit in MONTHS else DAYS[self.unit])

    def index(self, anchor: date, day: date) -> int:
        """How many whole cycles fit between the anchor and a day, or one less."""
        if self.unit in MONTHS:
            months = (day.year - anchor.year) * 12 + day.month - anchor.month
            return months // (self.n * MONTHS[self.unit]) - 1
        return (day - anchor).days // (self.n * DAYS[self.unit]) - 1

    def period(self, day: date) -> str:
        """The stretch of the calendar a day lies in; two days one cycle apart never share it."""
        if self.unit in MONTHS:
            size = self.n * MONTHS[self.unit]
            return f"{self._letter}{(day.year * 12 + day.month - 1) // size}"
        return f"{self._letter}{(day - EPOCH).days // (self.n * DAYS[self.unit])}"

    @property
    def _letter(self) -> str:
        return f"m{self.n * MONTHS[self.unit]}." if self.unit in MONTHS else f"d{self.n * DAYS[self.unit]}."


@dataclass(frozen=True)
class When:
    """The timing half of a rule. Lengths are days; `working` counts offsets in working days."""

    anchor: Anchor
    every: Cycle | None = None
    offsets: tuple[int, ...] = (0,)
    working: bool = False
    rrule: str | None = None
    lead: int = 0
    grace: int = 0
    shift: Shift = Shift.NONE
    latest: int = 0  # the due day may be shifted past its nominal day by at most this


@dataclass(frozen=True)
class Counting:
    """What a rule counts from: a day, whether that is a completed check, and since when the rule holds at all."""

    anchor: date
    done: bool = False
    since: date = date.min


class Occurrence(NamedTuple):
    """One time that a rule falls due. `missed`: its day was over before anybody asked; `due` holds if asked today."""

    period: str
    nominal: date
    due: date
    opens: date
    missed: bool


class Nominal(NamedTuple):
    """A due day before the working-day rule; it stays after `floor`. `lasting`: still owed when first seen later."""

    period: str
    day: date
    floor: date
    lasting: bool = False


class Span(NamedTuple):
    """Days about which to look for nominal days; what is lasting from `oldest`, the rest from `first`, to `last`."""

    oldest: date
    first: date
    last: date


def occurrences(
    when: When, counting: Counting, today: date, calendar: Calendar, ahead: timedelta = timedelta()
) -> list[Occurrence]:
    """What is open today, or opens within `ahead` of it, one a due day."""
    if when.anchor is Anchor.COMPLETION:
        return _next_check(when, counting, today, calendar, ahead)
    oldest, last = max(counting.since, today - LASTING), today + timedelta(days=when.lead) + ahead
    slack = _slack(when, calendar)
    found: dict[date, Occurrence] = {}
    for nominal in _nominals(when, counting.anchor, Span(oldest - slack, today - slack, last + slack), calendar):
        due = shifted(nominal.day, nominal.floor, when, calendar)
        if (oldest if nominal.lasting else today) <= due <= last:
            found.setdefault(due, Occurrence(nominal.period, nominal.day, due, due - timedelta(days=when.lead), False))
    return list(found.values())


def may_open(when: When, counting: Counting, after: date, today: date, calendar: Calendar) -> bool:
    """Whether anything can open after a day, up to today: quickly told of most anchors that nothing does."""
    if when.anchor is Anchor.COMPLETION:
        return True
    slack, lead = _slack(when, calendar), timedelta(days=when.lead)
    first = after + lead - slack
    return any(_nominals(when, counting.anchor, Span(first, first, today + lead + slack), calendar))


def _next_check(when: When, counting: Counting, today: date, calendar: Calendar, ahead: timedelta) -> list[Occurrence]:
    """The one check owed after the last: on its day or, when that has passed, as soon as the lead allows."""
    nominal = next_nominal(when, counting)
    due = shifted(nominal, counting.anchor, when, calendar)
    opens = due - timedelta(days=when.lead)
    if opens > today + ahead:
        return []
    period = f"{'after' if counting.done else 'from'} {counting.anchor}"  # a check has but one successor
    if due >= today:
        return [Occurrence(period, nominal, due, opens, False)]
    soon = today + timedelta(days=when.lead)
    return [Occurrence(period, soon, shifted(soon, today - timedelta(days=1), when, calendar), opens, True)]


def next_nominal(when: When, counting: Counting) -> date:
    """The day after a completed check on which a completion rule falls due again."""
    if counting.done:
        return when.every.after(counting.anchor, 1)
    k = max(1, when.every.index(counting.anchor, counting.since)) if counting.since > counting.anchor else 1
    while (nominal := when.every.after(counting.anchor, k)) < counting.since:
        k += 1
    return nominal


def upcoming(when: When, counting: Counting, today: date, calendar: Calendar, n: int) -> list[date]:
    """The next n due days, for people who edit a rule or ask why there is no todo yet."""
    if when.anchor is Anchor.COMPLETION:
        due = shifted(next_nominal(when, counting), counting.anchor, when, calendar)
        return [due] if due >= today else []
    first = today - _slack(when, calendar)
    span = Span(first, first, today + timedelta(days=366 * 12))
    dues = {
        shifted(nominal.day, nominal.floor, when, calendar)
        for nominal in itertools.islice(_nominals(when, counting.anchor, span, calendar), n + 80)
    }
    return sorted(due for due in dues if due >= today)[:n]


def reach(when: When, since: date, today: date, calendar: Calendar) -> tuple[date, date]:
    """The first and the last anchor from which anything can be open today: of most events only the recent."""
    if when.every or when.anchor not in EVENTS:
        return date.min, date.max
    slack = _slack(when, calendar) + _detour(when, calendar)
    oldest, last = max(since, today - LASTING), today + timedelta(days=when.lead)
    return oldest - slack - timedelta(days=max(when.offsets)), last + slack - timedelta(days=min(when.offsets))


def _slack(when: When, calendar: Calendar) -> timedelta:
    """By how much the working-day rule can move a day."""
    return timedelta(days=0 if when.shift is Shift.NONE else max(when.latest, calendar.longest_pause))


def _detour(when: When, calendar: Calendar) -> timedelta:
    """By how much an offset in working days can be longer than in days."""
    return timedelta(days=max(map(abs, when.offsets)) * calendar.longest_pause if when.working else 0)


def shifted(nominal: date, floor: date, when: When, calendar: Calendar) -> date:
    """The due day after the working-day rule, never past the latest day allowed nor back to the floor."""
    if when.shift is Shift.NONE or calendar.is_working(nominal):
        return nominal
    following, before = calendar.next_working(nominal), calendar.previous_working(nominal)
    if when.shift is Shift.NEXT and following <= nominal + timedelta(days=when.latest):
        return following
    return before if before > floor else nominal


def _nominals(when: When, anchor: date, span: Span, calendar: Calendar) -> Iterator[Nominal]:
    """Nominal days; the span has room for the working-day rule, and the caller drops what is too early or late."""
    if when.rrule:
        yield from _by_rrule(when, span)
    elif when.anchor is Anchor.CALENDAR:
        yield from _by_calendar(when, span)
    elif when.anchor is Anchor.SCHEDULE:
        for k, day in _cycles(when, anchor, span.first, span.last):
            yield Nominal(when.every.period(day), day, when.every.after(anchor, k - 1))
    else:
        yield from _by_event(when, anchor, span, calendar)


def _by_event(when: When, anchor: date, span: Span, calendar: Calendar) -> Iterator[Nominal]:
    """The offsets, which last; then the cycles counted from the anchor, each as far off as the last offset."""
    detour = _detour(when, calendar)
    # Before maturity steps count back from the last, so that a rule of two checks and one of one agree on the last.
    for step, offset in enumerate(when.offsets, -len(when.offsets) if when.anchor is Anchor.MATURITY else 0):
        if span.oldest - detour <= anchor + timedelta(days=offset) <= span.last + detour:
            floor = anchor if offset > 0 else date.min
            yield Nominal(f"{anchor}/{step}", _offset(anchor, offset, when, calendar), floor, lasting=True)
    if when.every:
        away = timedelta(days=max(when.offsets))
        for k, day in _cycles(when, anchor, span.first - away - detour, span.last - away + detour):
            floor = when.every.after(anchor, k - 1)
            yield Nominal(f"{anchor}+{k}", _offset(day, max(when.offsets), when, calendar), floor)


def _offset(day: date, offset: int, when: When, calendar: Calendar) -> date:
    return calendar.add_working(day, offset) if when.working else day + timedelta(days=offset)


def _by_calendar(when: When, span: Span) -> Iterator[Nominal]:
    """The last day of every cycle of the calendar; weeks begin on Monday."""
    start = MONDAY if when.every.unit is Unit.WEEK else EPOCH
    one = timedelta(days=1)
    for k, following in _cycles(when, start, span.first + one, span.last + one):
        begin = when.every.after(start, k - 1)
        yield Nominal(when.every.period(begin), following - one, begin - one)


def _by_rrule(when: When, span: Span) -> Iterator[Nominal]:
    rule = rrulestr(when.rrule, dtstart=datetime(2000, 1, 1))  # noqa: DTZ001 (business days have no zone)
    midnight = datetime.min.time()
    for moment in rule.xafter(datetime.combine(span.first, midnight), inc=True):
        day = moment.date()
        if day > span.last:
            return
        yield Nominal(f"r{day}", day, day - timedelta(days=1))


def _cycles(when: When, anchor: date, first: date, last: date) -> Iterator[tuple[int, date]]:
    """(k, the day k cycles after the anchor) for the days from `first` to `last`, k from 1."""
    k = max(1, when.every.index(anchor, first))
    while (day := when.every.after(anchor, k)) <= last:
        if day >= first:
            yield k, day
        k += 1
