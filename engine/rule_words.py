"""A rule in words: whom, what, when, by whom. Built from the rule itself, in the reader's language."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import date
from decimal import Decimal
from enum import StrEnum

from db import face
from db.face import Field, Kind
from db.vocab import Anchor, Unit
from engine import refusals, rules, words
from engine.own_rules import Wish
from engine.rules import ANCHORS, Rule, Timing
from engine.words import _

# Names of products by code, read once somebody asks; the rim sets whence, and without it a product is told by its code.
products: ContextVar[Callable[[], Mapping[str, str]]] = ContextVar("products", default=dict)
SIGNS = {"gte": "≥", "gt": ">", "lte": "≤", "lt": "<"}


def of_version(body: dict) -> str:
    """A rule as it was published; of one that this version of Vigil cannot read, what is wrong with it."""
    try:
        found = rules.parse(body)
    except refusals.BadRule as wrong:
        return wrong.sentence(_)
    return rule(found) + ("" if found.enabled else _("; not in use"))


def condition(tree: dict, fields: dict[str, Field] = face.FIELDS) -> str:
    """A condition tree as a phrase; brackets only where and meets or."""
    if "all" in tree:
        return _joined(tree["all"], fields, _("and"), "any")
    if "any" in tree:
        return _joined(tree["any"], fields, _("or"), "all")
    if "not" in tree:
        return _("not ({0})").format(condition(tree["not"], fields))
    return leaf(tree, fields)


def _joined(parts: list[dict], fields: dict[str, Field], word: str, bracketed: str) -> str:
    phrases = [f"({condition(p, fields)})" if bracketed in p and len(p[bracketed]) > 1 else condition(p, fields) for p in parts]
    return f" {word} ".join(phrases) or _("everybody")


def leaf(comparison: dict, fields: dict[str, Field] = face.FIELDS) -> str:
    """One comparison: "balance ≥ 500万", "class is one of 次级, 可疑"."""
    found, op, value = fields[comparison["field"]], comparison["op"], comparison["value"]
    name = words.field(comparison["field"])
    if op == "is":
        return name if value else _("not {0}").format(name)
    if op in SIGNS:
        return f"{name} {SIGNS[op]} {number(found, value)}"
    listed = _(", ").join(shown(found, v) for v in (value if isinstance(value, list) else [value]))
    phrase = {
        "in": _("{0} is {1}"),
        "not_in": _("{0} is not {1}"),
        "at_least": _("{0} at least {1}"),
        "at_most": _("{0} at most {1}"),
    }
    return phrase[op].format(name, listed)


def number(found: Field, value: object) -> str:
    if found.kind is Kind.MONEY:
        return yuan(Decimal(str(value)))
    value = Decimal(str(value))
    return f"{value * 100:g}%" if 0 < value < 1 else f"{value:g}"


def shown(found: Field, value: object) -> str:
    """A value as people call it."""
    if found is face.FIELDS["product"]:
        return f"{value} {products.get()().get(str(value), '')}".strip()
    if isinstance(found.words, type) and issubclass(found.words, StrEnum) and value is not None:
        return words.name(found.words(value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)


def yuan(amount: Decimal) -> str:
    """5000000 -> 500万 (Chinese), 5,000,000 (English)."""
    if words.language.get() == "zh":
        for size, unit in ((Decimal(10) ** 8, "亿"), (Decimal(10) ** 4, "万")):
            if abs(amount) >= size:
                return f"{(amount / size).normalize():f}{unit}"
    return f"{amount.normalize():,f}"


def every(n: int, unit: Unit) -> str:
    if n == 1:
        return _("every {0}").format(words.name(unit))
    return _("every {0} {1}").format(n, words.name(unit))


def wish(wanted: Wish) -> str:
    """ "every month, in the field": what one loan has of its own."""
    mode = [words.name(wanted.mode)] if wanted.mode else []
    return _(", ").join([every(wanted.every.n, wanted.every.unit), *mode] if wanted.every else mode)


def timing(when: Timing) -> str:
    """ "15 days after disbursement; open 15 days before; grace 3 days; on days off the next working day"."""
    parts = [due(when)]
    if when.lead:
        parts.append(_("opens {0} days before").format(when.lead))
    if when.grace:
        parts.append(_("{0} days of grace").format(when.grace))
    if when.shift != "none":
        parts.append(_("on days off: {0}").format(words.name(when.shift)))
    return _("; ").join(parts)


def due(when: Timing) -> str:
    """From what, and how long after or before it, or how often."""
    if when.rrule:
        return _("by calendar rule {0}").format(when.rrule)
    anchor = _(ANCHORS[when.anchor])
    if when.anchor in (Anchor.SCHEDULE, Anchor.COMPLETION, Anchor.CALENDAR):
        return _("{0}, counted from: {1}").format(every(when.every.n, when.every.unit), anchor)
    days = _(", ").join(_offset(offset, when.working) for offset in when.offsets)
    first = _("from {0}: {1}").format(anchor, days)
    return _("{0}, then {1}").format(first, every(when.every.n, when.every.unit)) if when.every else first


def _offset(offset: int, working: bool) -> str:
    if offset < 0:
        return _("{0} days before").format(-offset)
    return _("{0} working days after").format(offset) if working else _("{0} days after").format(offset)


def rule(found: Rule) -> str:
    """The whole rule in one sentence."""
    return _("{who}: {kind} ({mode}), {when}; by {by}").format(
        who=condition(found.who), kind=words.name(found.kind), mode=words.name(found.mode), when=timing(found.when),
        by=words.name(found.assign),
    )  # fmt: skip


def day(value: date | None) -> str:
    return value.isoformat() if value else "—"
