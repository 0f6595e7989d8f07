"""Working on a signal rule that is not finished: begun from nothing, under a code of the bank's own."""

from collections.abc import Iterable, Mapping

from db import features
from db.face import Field, Kind
from db.vocab import Level, Subject

OWN = "ZYXWVUTSRQPONMLKJ"  # letters of codes; A to I are groups of the catalogue (docs/signals.md)
USUAL = "overdue_days"


def blank() -> dict:
    """Of customers a day past due: what remains is to say otherwise."""
    return {"code": "", "title": {}} | of_subject(Subject.CUSTOMER)


def of_subject(subject: Subject) -> dict:
    """What a rule about such a subject begins with."""
    leaf = begins_with(features.SUBJECTS[subject].fields)
    return {"subject": subject.value, "levels": [at_level(Level.YELLOW, leaf)], "evidence": [leaf["field"]]}


def at_level(level: Level, leaf: dict) -> dict:
    return {"level": level.value, "who": {"all": [dict(leaf)]}}


def begins_with(fields: Mapping[str, Field]) -> dict:
    """The first comparison of a new condition."""
    numbers = [name for name, field in fields.items() if field.kind is Kind.NUMBER]
    return {"field": USUAL if USUAL in fields else numbers[0], "op": "gte", "value": 1}


def free_code(taken: Iterable[str]) -> str:
    """A code that no rule has yet: Z01, Z02 …"""
    known = set(taken)
    return next(code for letter in OWN for n in range(1, 100) if (code := f"{letter}{n:02}") not in known)
