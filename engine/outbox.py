"""The outbox: notices leave through people's channels, each at most once, at hours when people may be disturbed.

Any number of processes may send. Each takes one notice at a time and says so in the store before anything leaves; a
channel that does not answer is left for the next run and holds up no other.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from time import monotonic

from db import access, dispatches, settings
from db.access import MACHINE
from db.vocab import DispatchState
from engine import calendar, channels, clock, notices, parameters, words
from engine.calendar import Calendar
from engine.channels import Answer, Channel

WAITS = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 360))  # after each failed try; then it is given up
GIVEN_UP = timedelta(minutes=10)  # longer than any channel is waited for
BUDGET = 20.0  # seconds of a run for one channel
ENOUGH = 3  # failures in a row, and the channel is left alone until the next run


@dataclass(frozen=True)
class Hours:
    """When nobody is disturbed, on the wall in China: from `start` until `end`, over midnight when it is later."""

    start: int
    end: int

    def quiet(self, hour: int) -> bool:
        if self.start <= self.end:
            return self.start <= hour < self.end
        return hour >= self.start or hour < self.end


def run() -> dict[str, int]:
    """Send what may go now; how many were sent through each channel."""
    known, now = channels.configured(), clock.now()
    with access.transaction(MACHINE, "outbox") as conn:
        dispatches.abandon(conn, now - GIVEN_UP, now)
        due = dispatches.channels_due(conn, now)
        days = calendar.load(conn)
        usual = _usual(conn, now)
    if not due:
        return {}
    with ThreadPoolExecutor(len(due), thread_name_prefix="outbox") as at_once:
        sent = at_once.map(lambda code: _drain(code, known.get(code), usual, days), due)
        return dict(zip(due, sent, strict=True))


def _usual(conn, now: datetime) -> Hours:
    values = parameters.values(conn, now.astimezone(settings.ZONE).date())
    return Hours(int(values["notices.quiet_from_hour"]), int(values["notices.quiet_until_hour"]))


def _drain(code: str, channel: Channel | None, usual: Hours, days: Calendar) -> int:
    """One channel's queue, until it is empty, the time is up, or the channel has failed too often."""
    until, sent, failures = monotonic() + BUDGET, 0, 0
    for taken, url in _taken(code, channel, usual, days):
        words.language.set(taken.wishes.get("language") or words.LANGUAGES[0])
        answer = channels.send(url, *notices.message(taken.why, taken.about, taken.parts))
        _end(taken, answer)
        sent += answer is Answer.SENT
        failures = 0 if answer is Answer.SENT else failures + 1
        if failures == ENOUGH or monotonic() > until:
            break
    return sent


def _taken(code: str, channel: Channel | None, usual: Hours, days: Calendar) -> Iterator[tuple]:
    """Those that may go now, with where to; the others are put off or dropped on the way."""
    while True:
        now = clock.now()
        with access.transaction(MACHINE, "outbox") as conn:
            taken = dispatches.take(conn, code, now)
            if taken is None:
                return
            url, why_not = _where_to(taken, channel, now)
            free = None if why_not else free_from(now, _hours(taken.wishes, usual), taken.urgent, days)
            if why_not:
                dispatches.end(conn, taken.id, DispatchState.DROPPED, now, why_not)
            elif free > now:
                dispatches.hold(conn, taken.id, free)
        if not why_not and free <= now:
            yield taken, url


def _where_to(taken, channel: Channel | None, now: datetime) -> tuple[str | None, str | None]:
    """(address, None), or (None, why it is not sent at all)."""
    if not taken.present:
        return None, "left"
    if channel is None:
        return None, "no_channel"
    if taken.channel not in taken.wishes.get("channels", ()):
        return None, "not_chosen"
    if taken.until_at is not None and now >= taken.until_at:
        return None, "too_late"
    address = (taken.wishes.get("addresses") or {}).get(taken.channel)
    url = channel.url_for(taken.staff_no, taken.phone, address)
    return (url, None) if url else (None, "no_address")


def _hours(wishes: dict, usual: Hours) -> Hours:
    """As the person wishes ("22-8"), else as the bank does."""
    start, _sep, end = str(wishes.get("quiet") or "").partition("-")
    return Hours(int(start), int(end)) if start.isdecimal() and end.isdecimal() else usual


def free_from(now: datetime, hours: Hours, urgent: bool, days: Calendar) -> datetime:
    """The first moment, from now on, at which somebody may be disturbed: outside quiet hours and, unless it is urgent, on
    a working day."""
    moment = now.astimezone(settings.ZONE)
    while hours.quiet(moment.hour) or not (urgent or days.is_working(moment.date())):
        if hours.start == hours.end or not hours.quiet(moment.hour):  # a day off
            moment = datetime.combine(moment.date() + timedelta(days=1), time(), settings.ZONE)
        else:
            later = moment.hour >= hours.end
            moment = datetime.combine(moment.date() + timedelta(days=later), time(hours.end), settings.ZONE)
    return max(moment, now)


def _end(taken, answer: Answer) -> None:
    now = clock.now()
    with access.transaction(MACHINE, "outbox") as conn:
        if answer is Answer.SENT:
            dispatches.end(conn, taken.id, DispatchState.SENT, now)
        elif answer is Answer.LOST:
            dispatches.end(conn, taken.id, DispatchState.UNKNOWN, now, answer)
        elif taken.tries > len(WAITS):
            dispatches.end(conn, taken.id, DispatchState.FAILED, now, answer)
        else:
            dispatches.try_again(conn, taken.id, now + WAITS[taken.tries - 1], answer)
