"""What is wrong with data that people wrote, a rule or a form, as they would say it: in which place, and what it should be.

The checker's own words are English only and speak of its types; here each finding is a sentence in the reader's language.
"""

import json
from collections.abc import Callable

from pydantic import ValidationError

from engine import refusals, words
from engine.refusals import Refusal
from engine.words import _

LONGEST = 60  # characters of one name on the way to a place
# What the keys of rules, scorecards and forms are called where people edit them.
LABELS = {
    "code": "Code", "title": "Title", "zh": "Chinese", "en": "English", "note": "Note", "enabled": "In use", "kind": "Kind", "mode": "Way",
    "who": "Whom it concerns", "when": "When", "assign": "Goes to", "satisfied_days": "Covered by a heavier check for days",
    "merge_days": "Shared within days", "anchor": "Counted from", "every": "Cycle", "n": "Length of the cycle", "unit": "Unit",
    "offsets": "Days from the anchor", "working": "In working days", "rrule": "Calendar rule", "lead": "Opens days before",
    "grace": "Days of grace", "shift": "On a day off", "latest": "Later by at most days", "subject": "What it looks at", "levels": "Its levels",
    "level": "Level", "evidence": "Evidence", "cooldown_days": "Quiet for days after it was closed", "items": "Items of the scorecard",
    "caps": "Caps of the level", "steps": "Steps", "points": "Points", "otherwise": "Points otherwise",
    "options": "Options", "modes": "Way", "kinds": "Kind", "products": "Only these products", "hint": "Hint under the question",
    "least": "At least", "most": "At most", "photos": "Photos at least", "words": "Characters for what is abnormal", "columns": "Columns of the table",
    "rows": "Begins with rows",
}  # fmt: skip
SILENT = {"[key]", "sections", "fields", "for", "items", "caps"}  # what is in them has names


def told(parse: Callable[[object], object], body: object) -> str | None:
    """What keeps a body from being what it is to be, as a sentence; None when nothing does."""
    try:
        parse(body)
    except Refusal as wrong:
        return wrong.sentence(_)
    return None


def kept(parse: Callable[[object], object], body: object) -> str:
    """The same for whoever reads it later, in every language: names of places and values are said in it too."""
    return json.dumps(words.in_every_language(told, parse, body), ensure_ascii=False)


def retold(kept: str) -> str:
    """What was stored by `kept`, or of a refusal (`Told.kept`), in the reader's language; a coded reason in words; any other text as
    it stands."""
    try:
        stored = json.loads(kept)
        if isinstance(stored, dict):
            return words.in_language(stored)
        name, details = stored
        return getattr(refusals, name)(**details).sentence(_)
    except (ValueError, TypeError, AttributeError, KeyError):
        return _(words.reason(kept))


def first(wrong: ValidationError, body: object) -> tuple[str, str]:
    """(place, problem) of the first thing wrong with a body; the place is empty where it is the whole."""
    found = wrong.errors(include_url=False, include_input=False)[0]
    return place(body, found["loc"]), problem(found["type"], found.get("ctx", {}))


def place(body: object, loc: tuple) -> str:
    """Where in a body, as whoever edits it calls it: "Its levels · 2 · Whom it concerns"."""
    named, at = [], body
    for part in loc:
        at = _inside(at, part)
        if isinstance(part, int):
            named.append(_called(at, part))
        elif part not in SILENT:
            named.append(_(LABELS[part]) if part in LABELS else str(part))
    return " · ".join(name[:LONGEST] for name in named)


def _inside(at: object, part: object) -> object:
    try:
        return at[part]
    except (KeyError, IndexError, TypeError):
        return None


def _called(part: object, number: int) -> str:
    """One of a list by its title, else by its number."""
    titles = part.get("title") if isinstance(part, dict) else None
    named = isinstance(titles, dict) and any(isinstance(text, str) and text.strip() for text in titles.values())
    return str(words.in_language(titles) or number + 1) if named else str(number + 1)


def problem(kind: str, about: dict) -> str:
    """The sentence for a kind of finding; what our own checks say stands as it is."""
    match kind:
        case "value_error":
            return str(about["error"])
        case "missing":
            return _("is missing")
        case "extra_forbidden":
            return _("there is no such key")
        case "enum" | "literal_error":
            return _("can be: {0}").format(about["expected"].replace("'", "").replace(" or ", ", "))
        case "greater_than_equal" | "less_than_equal":
            return _("must be {0} or more").format(about["ge"]) if "ge" in about else _("must be {0} or less").format(about["le"])
        case "too_short" | "string_too_short":
            return _("must not be empty")
        case "too_long" | "string_too_long":
            return _("is too long: {0} at most").format(about["max_length"])
        case "string_pattern_mismatch":
            return _("is a code of capital letters, digits and hyphens")
    return _type(kind)


def _type(kind: str) -> str:
    """Something of another type than it should be."""
    if kind.startswith("int_"):
        return _("must be a whole number")
    if kind.startswith("bool_"):
        return _("must be true or false")
    if kind.startswith("string_"):
        return _("must be a text")
    if kind.startswith("list_"):
        return _("must be a list")
    if kind.startswith(("dict_", "model_")):
        return _("must have parts of its own, each with a name")
    return _("cannot be read as it stands")
