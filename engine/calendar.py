"""Working days: the published calendar as a table, provisional beyond it, with the bank's own overrides."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import chinese_calendar

from db import calendar
from db.access import Connection

YEARS_AHEAD = 2


@dataclass(frozen=True)
class Calendar:
    """Days that differ from plain Monday-to-Friday; everything else follows the weekday."""

    exceptions: dict[date, bool]

    @cached_property
    def longest_pause(self) -> int:
        """Days between two working days at most: how far the working-day rule can move a due day."""
        longest = 3
        for day in sorted(self.exceptions):
            if not self.exceptions[day]:
                before, after = self.previous_working(day), self.next_working(day)
                longest = max(longest, (after - before).days)
        return longest

    def is_working(self, day: date) -> bool:
        return self.exceptions.get(day, day.weekday() < 5)

    def next_working(self, day: date) -> date:
        while not self.is_working(day):
            day += timedelta(days=1)
        return day

    def previous_working(self, day: date) -> date:
        while not self.is_working(day):
            day -= timedelta(days=1)
        return day

    def add_working(self, day: date, n: int) -> date:
        """The n-th working day after (or, n negative, before) a day."""
        step = timedelta(days=1 if n > 0 else -1)
        for _ in range(abs(n)):
            day += step
            while not self.is_working(day):
                day += step
        return day


def load(conn: Connection) -> Calendar:
    return Calendar(calendar.exceptions(conn))


def fingerprint(conn: Connection) -> str:
    return calendar.fingerprint(conn)


def plant(conn: Connection, today: date) -> None:
    """Every day from two years back to two ahead that is not what its weekday says; overrides are left alone."""
    day = date(today.year - 3, 1, 1)
    last = date(today.year + YEARS_AHEAD, 12, 31)
    rows = []
    while day <= last:
        working, name = published(day)
        if working is not None and working != (day.weekday() < 5):
            rows.append({"day": day, "working": working, "provisional": False, "note": name})
        day += timedelta(days=1)
    calendar.plant(conn, rows)


def plant_when_due(conn: Connection, today: date) -> None:
    """Once a month: a newly published year, or a newly installed list of holidays, comes in by itself."""
    if today.day == 1 or not calendar.exceptions(conn):
        plant(conn, today)


def published_until() -> date:
    return date(max(chinese_calendar.constants.holidays).year, 12, 31)


def published(day: date) -> tuple[bool | None, str | None]:
    """(is it a working day, holiday's name); (None, None) beyond what the State Council has published."""
    try:
        holiday, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return None, None
    return not holiday, name
