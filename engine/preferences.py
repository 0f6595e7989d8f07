"""Each person's own style. Wishes never widen what somebody may see or do."""

from db import preferences
from db.access import Connection, Person
from engine import permits, refusals

CHOICES = {"language": ("zh", "en"), "theme": ("system", "light", "dark")}
FREE = ("first_page",)  # checked where it is used: a page may go away


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
