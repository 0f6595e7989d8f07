"""Reports under a name: kept, shared with roles and branches, made by themselves day by day, week by week or month by month.

Who opens a shared one sees his own part of the bank in it. What is made by itself is made with its owner's rights of that day.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from db import access, exports, preferences, settings
from db import reports as kept
from db.access import MACHINE, Connection, Person
from db.vocab import ExportState, Rhythm, Role
from engine import clock, parameters, permits, refusals, words
from engine import exports as files
from engine.reports import Wish, wish

LONGEST_NAME = 40  # characters
CAUGHT_UP = 7  # so many missed days, weeks or months are made up for


def keep(conn: Connection, by: Person, name: str, asked: Wish, report_id: int | None = None) -> int:
    """A new report, or one's own with another name or query. Its id."""
    permits.must(by, "report.keep")
    name = name.strip()
    if not name:
        raise refusals.Missing(field="name")
    data = asked.model_dump(mode="json", exclude_defaults=True)
    if report_id is not None:
        _mine(kept.change(conn, report_id, by.id, name=name[:LONGEST_NAME], wish=data))
        return report_id
    made = kept.add(conn, by.id, name[:LONGEST_NAME], data)
    if made is None:
        raise refusals.NameTaken(name=name)
    return made


def share(conn: Connection, by: Person, report_id: int, roles: Sequence[Role], branch_ids: Sequence[int]) -> None:
    """With everybody in these roles, of these branches and all below, or of the whole bank; without roles with nobody."""
    permits.must(by, "report.share")
    _mine(kept.change(conn, report_id, by.id, to_roles=[role.value for role in roles], to_branches=list(branch_ids)))


def repeat(conn: Connection, by: Person, report_id: int, rhythm: Rhythm | None, *, today: date) -> None:
    """Made by itself from the next such day on, or no more."""
    permits.must(by, "report.keep")
    _mine(kept.change(conn, report_id, by.id, rhythm=rhythm, next_on=after(rhythm, today) if rhythm else None))


def drop(conn: Connection, by: Person, report_id: int) -> None:
    permits.must(by, "report.keep")
    _mine(kept.remove(conn, report_id, by.id))


def _mine(done: bool) -> None:
    if not done:
        raise refusals.NotFound


def after(rhythm: Rhythm, day: date) -> date:
    """The next day on which it is made: every day, every Monday, every first of a month."""
    match rhythm:
        case Rhythm.DAILY:
            return day + timedelta(days=1)
        case Rhythm.WEEKLY:
            return day + timedelta(days=7 - day.weekday())
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def make_due() -> int:
    """The scheduler's: a file for each report and day that has come, once however many schedulers are awake."""
    now = clock.now()
    local = now.astimezone(settings.ZONE)
    with access.transaction(MACHINE, "report") as conn:
        if local.hour < parameters.values(conn, local.date())["reports.hour"]:
            return 0
        return sum(_ask_for(conn, report, local.date(), now) for report in kept.due(conn, local.date()))


def _ask_for(conn: Connection, report, today: date, now: datetime) -> int:
    """One file for each day missed, of the last few."""
    days, rhythm = [report.next_on], Rhythm(report.rhythm)
    while (following := after(rhythm, days[-1])) <= today:
        days.append(following)
    if not kept.move_on(conn, report.id, report.next_on, following):
        return 0
    asked = files.of_report(wish(report.wish), report.name)
    language = preferences.of(conn, report.owner_id).get("language") or words.LANGUAGES[0]
    for day in days[-CAUGHT_UP:]:
        exports.add(
            conn, staff_id=report.owner_id, what=asked.what, asked=asked.data, same=f"{report.id}:{day}", title=report.name, language=language,
            state=ExportState.WAITING, total=0, report_id=report.id, day=day, asked_at=now,
        )  # fmt: skip
    return len(days[-CAUGHT_UP:])
