"""Each person's own style. Wishes never widen what somebody may see or do."""

import re

from db import preferences
from db.access import Connection, Person
from db.vocab import Finish, Reach
from engine import channels, permits, refusals
from engine.addresses import NAVIGATORS

CHOICES = {
    "language": ("zh", "en"), "theme": ("system", "light", "dark"), "navigator": tuple(NAVIGATORS),
    "day_begins": tuple(f"{m // 60:02}:{m % 60:02}" for m in range(360, 661, 30)),
    "day_minutes": tuple(str(m) for m in range(120, 661, 60)),
    "round_finish": tuple(Finish), "round_reach": tuple(Reach),
}  # fmt: skip
FREE = ("first_page", "home")  # checked where it is used: a page may go away, a place be none
PINNED = 6  # favourites at most
NAMES = {*CHOICES, *FREE, "favourites", "channels", "addresses", "quiet", "digest"}

Wish = str | list[str] | dict[str, str] | None


def prefer(conn: Connection, by: Person, **wishes: Wish) -> None:
    """Set some of my preferences; None forgets one."""
    permits.must(by, "preference.set")
    for name, value in wishes.items():
        if name not in NAMES or value is not None and not _known(name, value):
            raise refusals.UnknownWish(name=name, value=value)
    preferences.put(conn, by.id, wishes)


def _known(name: str, value: Wish) -> bool:
    match name:
        case "favourites":  # of pages, like the first one
            return _listed(value) and len(value) <= PINNED and all(re.fullmatch(r"[a-z-]{1,40}", path) for path in value)
        case "channels":
            return _listed(value) and set(value) <= channels.configured().keys()
        case "addresses":
            known = channels.configured()
            return isinstance(value, dict) and all(code in known and known[code].accepts(a) for code, a in value.items())
        case "quiet":
            start, _sep, end = str(value).partition("-")
            return _is_hour(start) and _is_hour(end)
        case "digest":
            return value == "off" or _is_hour(value)
    return name in FREE or name in CHOICES and value in CHOICES[name]


def _listed(value: Wish) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value) and len(set(value)) == len(value)


def _is_hour(text: Wish) -> bool:
    return isinstance(text, str) and re.fullmatch(r"[0-9]|1[0-9]|2[0-3]", text) is not None


def of(conn: Connection, by: Person) -> dict:
    return {name: value for name, value in preferences.of(conn, by.id).items() if value is not None}
