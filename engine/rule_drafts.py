"""Working on a rule that is not finished: begun from a template, as plain data, and allowed to be wrong meanwhile."""

import copy
from collections.abc import Callable, Iterable

from db.vocab import Anchor, Assign, Kind, Mode, Unit
from engine import faults, rules

LONGEST_STEM = 27


def blank() -> dict:
    """A rule of everybody, every quarter: what remains is to say otherwise."""
    when = {"anchor": Anchor.SCHEDULE.value, "every": {"n": 1, "unit": Unit.QUARTER.value}, "lead": 20, "grace": 5}
    return {
        "code": "RULE", "title": {}, "kind": Kind.REGULAR.value, "mode": Mode.FIELD.value, "assign": Assign.INSPECTOR.value,
        "who": {"all": []}, "when": when,
    }  # fmt: skip


def begun(source: dict, code: str, title: str, english: str = "") -> dict:
    """The same rule under another code and title."""
    titles = {"zh": title} | ({"en": english} if english else {})
    return copy.deepcopy({name: part for name, part in source.items() if name != "note"}) | {
        "code": code,
        "title": titles,
        "enabled": True,
    }


def retired(body: dict) -> dict:
    """The same rule, which asks for nothing any more."""
    return copy.deepcopy(body) | {"enabled": False}


def free_code(base: str, taken: Iterable[str]) -> str:
    """A code that no rule has yet, after the one it is begun from."""
    known, stem = set(taken), base.rstrip("0123456789").rstrip("-")[:LONGEST_STEM]
    return next(code for n in range(2, 10_000) if (code := f"{stem}-{n}") not in known)


def problem(body: dict, parse: Callable[[object], object] = rules.parse) -> str | None:
    """What keeps a body from being a rule, as a sentence; None when nothing does."""
    return faults.told(parse, body)
