"""The only place that asks what time it is. Everything else is handed `now` or `today`."""

from datetime import UTC, date, datetime

from db import settings


def now() -> datetime:
    """This moment, aware, in UTC. With VIGIL_TODAY set: that day at this time of day."""
    moment = datetime.now(UTC)
    fixed = settings.fixed_today()
    if fixed is None:
        return moment
    local = moment.astimezone(settings.ZONE)
    return local.replace(year=fixed.year, month=fixed.month, day=fixed.day).astimezone(UTC)


def shift_ms() -> int:
    """How far this clock is from the wall's: other than 0 only where VIGIL_TODAY fixes the day. Phones follow it."""
    return 0 if settings.fixed_today() is None else round((now() - datetime.now(UTC)).total_seconds() * 1000)


def local_now() -> datetime:
    """This moment as a clock on the wall in China shows it."""
    return now().astimezone(settings.ZONE)


def today() -> date:
    """The day people see, in China."""
    return now().astimezone(settings.ZONE).date()
