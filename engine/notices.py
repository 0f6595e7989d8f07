"""What people are told of: written in the transaction of what it tells of, said in the reader's language.

A notice holds numbers and kinds, never words or customers: whatever leaves the bank is made of these here.
"""

from datetime import date, datetime, time, timedelta

from db import audit as trail
from db import branches, dispatches, notices, settings, staff
from db.access import Connection, Person
from db.vocab import Approval, Definition, Level, News, Request, Role
from engine import clock, deciders, parameters, permits, refusals, words
from engine.calendar import Calendar
from engine.words import _

OLD_NEWS = timedelta(days=3)  # a night caught up later than that tells nobody: the lists and the digest do
KEPT = timedelta(days=90)
MINE = "approvals?view=mine"

# --- What the bank's own work tells -----------------------------------------------------------------------------------


def of_todos(conn: Connection, day: date) -> None:
    """After a night's todos, in their transaction: one notice an officer."""
    morning = day + timedelta(days=1)
    if clock.today() - day <= OLD_NEWS:
        notices.tell_of_todos(conn, day, morning, _midnight_after(morning), clock.now())


def of_signals(conn: Connection, day: date) -> None:
    """After a night's signals, in their transaction."""
    if clock.today() - day <= OLD_NEWS:
        notices.tell_of_signals(conn, day, clock.now())


def of_the_day(conn: Connection, now: datetime, calendar: Calendar) -> None:
    """The digests that are due by now; none on days off."""
    local = now.astimezone(settings.ZONE)
    today = local.date()
    if calendar.is_working(today):
        usual = int(parameters.values(conn, today)["notices.digest_hour"])
        week_end = today + timedelta(days=6 - today.weekday())
        notices.tell_the_day(conn, today, week_end, local.hour, usual, _midnight_after(today), now)


def _midnight_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), settings.ZONE)


# --- What people's acts tell others -----------------------------------------------------------------------------------


def of_todos_given(conn: Connection, staff_id: int, n: int, *, by_id: int | None = None) -> None:
    """To the officer who has them now, unless he took them himself."""
    if n and staff_id != by_id:
        notices.tell(conn, [staff_id], News.ASSIGNED, "today", {"moved": n}, now=clock.now())


def of_a_reminder(conn: Connection, staff_id: int, n: int) -> None:
    """To the officer whom a head presses to do them."""
    notices.tell(conn, [staff_id], News.ASSIGNED, "today", {"pressed": n}, now=clock.now())


def of_a_decision(conn: Connection, by: Person, permit: str, about: str, what: str, same: str, code: str = "") -> None:
    """To everybody but the maker who may decide; `what`: a family of definitions, with its code, or feed."""
    deciders = staff.colleagues(conn, roles=tuple(permits.PERMITS[permit]))
    parts = {"what": what} | ({"code": code} if code else {})
    notices.tell(conn, [c.id for c in deciders if c.id != by.id], News.DECISION, about, parts, now=clock.now(), same=same)


def of_a_request(conn: Connection, by: Person, kind: Request, branch_id: int, request_id: int) -> None:
    """To everybody who may decide it: of heads of branches only those above the branch concerned, and nobody below the asker."""
    if by.role is Role.AUDITOR:
        return  # tells nobody anything; what he asks for waits in the queue
    above = set(branches.above(conn, branch_id))
    may = staff.colleagues(conn, roles=tuple(permits.PERMITS[deciders.PERMITS[kind]]))
    seeing = [c for c in may if c.id != by.id and (c.role != Role.BRANCH_HEAD or c.branch_id in above)]
    to = [c.id for c in seeing if not deciders.is_below(conn, Role(c.role), c.branch_id, by.role, by.branch_id)]
    notices.tell(conn, to, News.DECISION, "approvals", {"what": kind.value}, now=clock.now(), same=f"request:{request_id}")


def of_an_answer(
    conn: Connection, by: Person, to: int | None, what: str, verdict: Approval, same: str, *, code: str = "", about: str = MINE
) -> None:
    """To whoever asked, when somebody else has decided it; `what`: a kind of request, a family of definitions with its code, or feed."""
    if to is not None and to != by.id:
        parts = {"what": what, "verdict": verdict.value} | ({"code": code} if code else {})
        notices.tell(conn, [to], News.ANSWER, about, parts, now=clock.now(), same=same)


def of_an_absence(conn: Connection, by: Person, absence, *, ended: bool = False) -> None:
    """To both, unless one of them arranged it himself: from when until when somebody stands in, or that it is over."""
    days = {"from": absence.from_on.isoformat(), "until": absence.until_on.isoformat()}
    for to, what in ((absence.staff_id, "away"), (absence.delegate_id, "stands_in")):
        if to != by.id:
            parts = days | {"what": f"{what}_ended" if ended else what}
            notices.tell(conn, [to], News.STAND_IN, "today", parts, now=clock.now(), same=f"absence:{absence.id}:{ended}")


def of_a_draw(conn: Connection, by: Person, draw_id: int, n: int) -> None:
    """To everybody else of head office who may take a second look at what somebody drew; nobody below hears of it."""
    others = [c.id for c in staff.colleagues(conn, roles=tuple(permits.PERMITS["spot.check"])) if c.id != by.id]
    about = f"records?view=spot&draw={draw_id}"
    notices.tell(conn, others, News.SPOT, about, {"drawn": n}, now=clock.now(), same=f"draw:{draw_id}")


def of_a_signal(conn: Connection, by: Person, branch_id: int, owner_id: int | None, level: Level) -> None:
    """Raised at once by a check: to whoever is to act; orange and worse, or nobody's, to the heads of the branch too."""
    high = level in (Level.ORANGE, Level.RED)
    to = {owner_id} if owner_id else set()
    if high or not to:
        above = branches.above(conn, branch_id)
        to |= {c.id for c in staff.colleagues(conn, above, roles=(Role.BRANCH_HEAD,))}
    if to - {by.id}:
        notices.tell(conn, sorted(to - {by.id}), News.SIGNALS, "signals", {level.value: 1}, now=clock.now(), urgent=high)


def tell_of_a_file(conn: Connection, to: int, about: str, parts: dict, same: str) -> None:
    """Made without its owner looking on, or not to be made."""
    notices.tell(conn, [to], News.FILE, about, parts, now=clock.now(), same=same)


# --- What a reader does -----------------------------------------------------------------------------------------------


def read(conn: Connection, by: Person, notice_id: int | None = None) -> int:
    """One notice of mine, or all, need no bell any more."""
    permits.must(by, "notice.read")
    return notices.mark_read(conn, by.id, notice_id, clock.now())


def try_channels(conn: Connection, by: Person) -> None:
    """A notice to myself, through the channels that I have chosen."""
    permits.must(by, "notice.try")
    notices.tell(conn, [by.id], News.TRIAL, "me", {}, now=clock.now(), urgent=True)


def send_again(conn: Connection, by: Person, dispatch_id: int) -> None:
    """One that failed; or one whose answer was lost, which then may arrive twice."""
    permits.must(by, "notice.resend")
    if not dispatches.send_again(conn, dispatch_id, clock.now()):
        raise refusals.Conflict
    trail.note(conn, "notice.resend", "dispatches", None, {"id": dispatch_id})


# --- In words ---------------------------------------------------------------------------------------------------------

TOLD = {
    "new": "{0} new todos", "moved": "{0} todos handed to you", "pressed": "reminded of {0} todos", "due": "{0} due today", "became_late": "{0} overdue from today",
    "late": "{0} overdue", "week": "{0} more this week", "signals": "{0} open signals", "drawn": "{0} checks drawn for a second look",
}  # fmt: skip

ABSENT = {
    "stands_in": "You stand in for a colleague from {0} to {1}", "stands_in_ended": "You no longer stand in for a colleague",
    "away": "A colleague stands in for you from {0} to {1}", "away_ended": "Nobody stands in for you any more",
}  # fmt: skip


def sentence(why: str, parts: dict) -> str:
    """What is told, in the reader's language: numbers and kinds, nothing of a customer."""
    said = [_(TOLD[name]).format(parts[name]) for name in TOLD if parts.get(name)]
    said += [
        _("{1} {0} signals").format(words.name(level), parts[level.value]) for level in reversed(Level) if parts.get(level.value)
    ]
    if News(why) is News.DECISION:
        said = [_asked(parts)]
    if News(why) is News.ANSWER:
        said = [_("{0}: {1}").format(words.name(Approval(parts["verdict"])), _matter(parts))]
    if News(why) is News.STAND_IN:
        said = [_(ABSENT[parts["what"]]).format(parts["from"], parts["until"])]
    if News(why) is News.FILE:
        said = [_("Your file can be fetched.") if parts.get("made") else _("Your file could not be made.")]
    if News(why) is News.TRIAL:
        said = [_("This channel works.")]
    return _(", ").join(said)


def _asked(parts: dict) -> str:
    if parts.get("what") == "feed":
        return _("A stopped feed waits to be let through")
    return _("A change waits for your decision: {0}").format(_matter(parts))


def _matter(parts: dict) -> str:
    """What is or was decided; of rules, products and the like which one."""
    what, code = parts.get("what", ""), parts.get("code", "")
    if what == "feed":
        return _("letting a stopped feed through")
    if what == Definition.PARAMETER and code:
        return f"{words.name(Definition.PARAMETER)} · {parameters.title(code)}"
    return f"{words.name(Request(what) if what in list(Request) else Definition(what))} {code}".strip()


def message(why: str, about: str, parts: dict) -> tuple[str, str]:
    """Title and text for a channel, with the way to the page when the bank's address is known."""
    home = settings.address()
    link = f"\n{home}/{about}" if home else ""
    return f"{_('Vigil')} · {words.name(News(why))}", sentence(why, parts) + link


def forget_old(conn: Connection) -> int:
    return notices.forget(conn, clock.now() - KEPT)
