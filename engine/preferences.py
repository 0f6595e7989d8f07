"""Each person's own style. Wishes never widen what somebody may see or do."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from db import preferences
from db.access import Connection, Person
from db.vocab import Finish, Reach
from engine import channels, permits, refusals
from engine.addresses import NAVIGATORS

CHOICES = {
    "language": ("zh", "en"), "theme": ("system", "light", "dark"), "navigator": tuple(NAVIGATORS),
    "day_begins": tuple(f"{m // 60:02}:{m % 60:02}" for m in range(360, 661, 30)),
    "day_minutes": tuple(str(m) for m in range(120, 661, 60)),
    "round_finish": tuple(Finish), "round_reach": tuple(Reach), "density": ("compact", "normal", "comfortable"),
    "font": ("small", "normal", "large"), "rows": ("20", "50", "100"),
}  # fmt: skip
FREE = ("first_page", "home")  # checked where it is used: a page may go away, a place be none
PINNED = 6  # favourites at most
LISTS, FILTERS, LONGEST = 60, 20, 60  # lists with columns of their own, filters kept, characters of a name in them
NAMES = {*CHOICES, *FREE, "favourites", "channels", "addresses", "quiet", "digest", "columns", "filters"}

One = TypeVar("One")
Wish = str | list | dict | None


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
        case "columns":
            return isinstance(value, dict) and len(value) <= LISTS and all(_is_order(its) for its in value.values())
        case "filters":
            return isinstance(value, list) and len(value) <= FILTERS and all(_is_filter(one) for one in value)
    return name in FREE or name in CHOICES and value in CHOICES[name]


def _listed(value: Wish) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value) and len(set(value)) == len(value)


def _is_order(value: object) -> bool:
    """Of one list's columns: {"shown": titles in order, "hidden": titles}."""
    return isinstance(value, dict) and value.keys() == {"shown", "hidden"} and all(_listed(its) for its in value.values())


def _is_filter(value: object) -> bool:
    """{"name", "page", "query": what stands in the address, "pinned": whether it is among the favourites}."""
    if not isinstance(value, dict) or value.keys() != {"name", "page", "query", "pinned"}:
        return False
    texts = [value["name"], value["page"], *value["query"].keys(), *value["query"].values()]
    return isinstance(value["pinned"], bool) and all(isinstance(text, str) and 0 < len(text) <= LONGEST for text in texts)


def _is_hour(text: Wish) -> bool:
    return isinstance(text, str) and re.fullmatch(r"[0-9]|1[0-9]|2[0-3]", text) is not None


def of(conn: Connection, by: Person) -> dict:
    return {name: value for name, value in preferences.of(conn, by.id).items() if value is not None}


def arranged(given: Sequence[One], wish: dict | None, title: Callable[[One], str]) -> list[One]:
    """Columns by somebody's wish ({"shown": titles in order, "hidden": titles}); those it does not know stand last."""
    if not wish:
        return list(given)
    place = {shown: n for n, shown in enumerate(wish["shown"])}
    kept = [one for one in given if title(one) not in wish["hidden"]]
    return sorted(kept, key=lambda one: place.get(title(one), len(place))) or list(given)
