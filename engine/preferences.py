"""Each person's own style. Wishes never widen what somebody may see or do."""

from db import preferences
from db.access import Connection, Person
from db.vocab import Finish, Reach
from engine import permits, refusals
from engine.addresses import NAVIGATORS

CHOICES = {
    "language": ("zh", "en"), "theme": ("system", "light", "dark"), "navigator": tuple(NAVIGATORS),
    "day_begins": tuple(f"{m // 60:02}:{m % 60:02}" for m in range(360, 661, 30)),
    "day_minutes": tuple(str(m) for m in range(120, 661, 60)),
    "round_finish": tuple(Finish), "round_reach": tuple(Reach),
}  # fmt: skip
FREE = ("first_page", "home")  # checked where it is used: a page may go away, a place be none


def prefer(conn: Connection, by: Person, **wishes: str | None) -> None:
    """Set some of my preferences; None forgets one."""
    permits.must(by, "preference.set")
    for name, value in wishes.items():
        known = name in FREE or name in CHOICES and value in (*CHOICES[name], None)
        if not known:
            raise refusals.UnknownWish(name=name, value=value)
    preferences.put(conn, by.id, wishes)


def of(conn: Connection, by: Person) -> dict[str, str]:
    return {name: value for name, value in preferences.of(conn, by.id).items() if value is not None}
