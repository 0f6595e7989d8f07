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
| completion   | the last completed check of the kind      | the next one only                             |
| calendar     | the calendar                              | every cycle of the calendar, or an RRULE      |
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrulestr

from db.vocab import Anchor, Shift, Unit
from engine.calendar import Calendar

EVENTS = (Anchor.DISBURSEMENT, Anchor.MATURITY, Anchor.CLASS_CHANGE, Anchor.OVERDUE)
MONTHS = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.HALF_YEAR: 6, Unit.YEAR: 12}
DAYS = {Unit.DAY: 1, Unit.WEEK: 7}
EPOCH = date(1970, 1, 1)
MONDAY = date(1970, 1, 5)
LASTING_DAYS = 366  # a check that nobody asked for within a year of its due day is not asked for any more
NO_ANCHOR = EPOCH  # the anchor of calendar rules


@dataclass(frozen=True)
class Cycle:
    """Every n units."""

    n: int
    unit: Unit

    def after(self, anchor: date, k: int) -> date:
        """k cycles after the anchor; a day that month lacks becomes its last."""
        if self.unit in MONTHS:
            return anchor + relativedelta(months=k * self.n * MONTHS[self.unit])
        return anchor + timedelta(days=k * self.n * DAYS[self.unit])

    @property
    def days(self) -> float:
        """Mean length, to compare how strict two cycles are."""
        return self.n * (MONTHS[self.unit] * 30.44 if self.unit in MONTHS else DAYS[self.unit])

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
class Occurrence:
    """One time that a rule falls due. `lasting`: still owed when the due day has passed before it was seen."""

    period: str
    nominal: date
    due: date
    opens: date
    lasting: bool


def occurrences(when: When, anchor: date, today: date, calendar: Calendar) -> list[Occurrence]:
    """What is open today: opened, and not yet due unless it is lasting. One a due day."""
    found: dict[date, Occurrence] = {}
    for period, nominal, floor, lasting in _nominals(when, anchor, today, calendar):
        due = shifted(nominal, floor, when, calendar)
        opens = due - timedelta(days=when.lead)
        if opens <= today and (due >= today or lasting and due >= today - timedelta(days=LASTING_DAYS)):
            found.setdefault(due, Occurrence(period, nominal, due, opens, lasting))
    return list(found.values())


def upcoming(when: When, anchor: date, today: date, calendar: Calendar, n: int) -> list[date]:
    """The next n due days, for people who edit a rule."""
    dues: list[date] = []
    day = today
    limit = today + timedelta(days=366 * 12)
    while len(dues) < n and day <= limit:
        dues += [o.due for o in occurrences(when, anchor, day, calendar) if o.due >= today and o.due not in dues]
        day += timedelta(days=max(1, when.lead))
    return sorted(dues)[:n]


def shifted(nominal: date, floor: date, when: When, calendar: Calendar) -> date:
    """The due day after the working-day rule, never past the latest day allowed nor back to the floor."""
    if when.shift is Shift.NONE or calendar.is_working(nominal):
        return nominal
    following, before = calendar.next_working(nominal), calendar.previous_working(nominal)
    if when.shift is Shift.NEXT and following <= nominal + timedelta(days=when.latest):
        return following
    return before if before > floor else nominal


def _nominals(when: When, anchor: date, today: date, calendar: Calendar) -> Iterator[tuple[str, date, date, bool]]:
    """(period, nominal day, day it must stay after, lasting), around today."""
    if when.rrule:
        yield from _by_rrule(when, today)
    elif when.anchor is Anchor.CALENDAR:
        yield from _by_calendar(when, today)
    elif when.anchor is Anchor.COMPLETION:
        nominal = when.every.after(anchor, 1)
        yield when.every.period(nominal), nominal, anchor, False
    elif when.anchor is Anchor.SCHEDULE:
        for k in _around(when, anchor, today, first=1):
            nominal = when.every.after(anchor, k)
            yield when.every.period(nominal), nominal, when.every.after(anchor, k - 1), False
    else:
        yield from _by_event(when, anchor, today, calendar)


def _by_event(when: When, anchor: date, today: date, calendar: Calendar) -> Iterator[tuple[str, date, date, bool]]:
    for step, offset in enumerate(when.offsets):
        floor = anchor if offset > 0 else date.min
        yield f"{anchor}/{step}", _offset(anchor, offset, when, calendar), floor, True
    if when.every:
        for k in _around(when, anchor, today, first=1):
            nominal = _offset(when.every.after(anchor, k), max(when.offsets), when, calendar)
            yield f"{anchor}+{k}", nominal, when.every.after(anchor, k - 1), False


def _offset(day: date, offset: int, when: When, calendar: Calendar) -> date:
    return calendar.add_working(day, offset) if when.working else day + timedelta(days=offset)


def _by_calendar(when: When, today: date) -> Iterator[tuple[str, date, date, bool]]:
    """The last day of every cycle of the calendar; weeks begin on Monday."""
    start = MONDAY if when.every.unit is Unit.WEEK else EPOCH
    for k in _around(when, start, today, first=0):
        begin = when.every.after(start, k)
        nominal = when.every.after(start, k + 1) - timedelta(days=1)
        yield when.every.period(begin), nominal, begin - timedelta(days=1), False


def _by_rrule(when: When, today: date) -> Iterator[tuple[str, date, date, bool]]:
    begin = datetime.combine(today - timedelta(days=15), datetime.min.time())
    rule = rrulestr(when.rrule, dtstart=datetime(2000, 1, 1))  # noqa: DTZ001 (business days have no zone)
    for moment in rule.between(begin, begin + timedelta(days=when.lead + 40), inc=True):
        nominal = moment.date()
        yield f"r{nominal}", nominal, nominal - timedelta(days=1), False


def _around(when: When, anchor: date, today: date, first: int) -> Iterator[int]:
    """Indexes of the cycles whose due day can be open today, with room for offsets and shifts on both sides."""
    slack = 20 + max(map(abs, when.offsets)) * 2
    k = max(first, when.every.index(anchor, today - timedelta(days=slack)))
    while when.every.after(anchor, k) <= today + timedelta(days=when.lead + slack):
        yield k
        k += 1
