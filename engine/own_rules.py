"""A rule as one loan has it: with a cycle or a mode of its own (单笔检查频率调整).

It may be stricter than the rule at will, and laxer in its cycle alone, not past a bound. Held to whichever rule governs.
"""

from collections.abc import Sequence
from typing import NamedTuple

from db.vocab import MODE_WEIGHT, Anchor, Kind, Mode, Unit
from engine.cycles import DAYS, EVENTS, MONTHS, Cycle
from engine.rules import Every, Rule, RuleInForce, Timing

ONCE = (Anchor.DISBURSEMENT, Anchor.MATURITY)


class Wish(NamedTuple):
    """`every` None: as often as the rule says; `mode` None: as the rule says."""

    kind: Kind
    every: Cycle | None = None
    mode: Mode | None = None


Forms = dict[tuple[int, Wish], RuleInForce]  # by the number of the rule, and what is wished for in its place


def wished(kind: str, every_n: int | None, every_unit: str | None, mode: str | None) -> Wish:
    """From the columns of `own_cycles`."""
    return Wish(Kind(kind), Cycle(every_n, Unit(every_unit)) if every_n else None, Mode(mode) if mode else None)


def numbered(rules: Sequence[RuleInForce], wishes: Sequence[Wish], longest: float) -> tuple[list[RuleInForce], Forms]:
    """The rules and their own forms, numbered together from the strictest on; of two that are alike the rule comes first."""
    every: dict[tuple, RuleInForce] = {(r.rule.code,): r for r in rules}
    taken: dict[tuple[str, Wish], tuple] = {}
    for r in rules:
        for wish in wishes:
            if wish.kind is r.rule.kind and (form := own_form(r.rule, wish, longest)):
                key = r.rule.code, form.mode, form.when.every and (form.when.every.n, form.when.every.unit)
                taken[r.rule.code, wish] = key
                every[key] = r.model_copy(update={"rule": form})
    order = sorted(every, key=lambda key: (every[key].rule.kind, *every[key].rule.strictness, len(key)))
    found = {key: every[key].model_copy(update={"number": n}) for n, key in enumerate(order, 1)}
    return (
        [found[key] for key in order if len(key) == 1],
        {(found[code,].number, wish): found[key] for (code, wish), key in taken.items()},
    )


def own_form(rule: Rule, wish: Wish, longest: float) -> Rule | None:
    """The rule with the wished cycle and mode; None where it stays as it is: nothing would differ, or it may not."""
    if why_not(rule, wish, longest):
        return None
    return rule.model_copy(update={"mode": wish.mode or rule.mode, "when": _timing(rule.when, wish.every)})


def why_not(rule: Rule, wish: Wish, longest: float) -> str | None:
    """Why a rule takes no such wish, as a word: once, lighter, longer, same; None when it does."""
    if wish.every and rule.when.anchor in ONCE:
        return "once"
    if MODE_WEIGHT[wish.mode or rule.mode] < MODE_WEIGHT[rule.mode]:
        return "lighter"
    if wish.every and _length(rule) and wish.every.days > longest * _length(rule) + 0.01:
        return "longer"
    same = (wish.mode or rule.mode) is rule.mode and (wish.every is None or _timing(rule.when, wish.every) == rule.when)
    return "same" if same else None


def is_laxer(rule: Rule, wish: Wish) -> bool:
    """Whether checks would be farther apart than the rule wants them."""
    return bool(wish.every and _length(rule) and wish.every.days > _length(rule) + 0.01)


def _length(rule: Rule) -> float | None:
    """Days from check to check; None of what is asked once."""
    return None if rule.when.anchor in EVENTS and rule.when.every is None else rule.strictness[0]


def _timing(when: Timing, every: Cycle | None) -> Timing:
    """A lead as long as the cycle would have two checks open at once."""
    if every is None or when.every and _plain(every) == _plain(Cycle(when.every.n, when.every.unit)):
        return when
    plain = _plain(every)
    return when.model_copy(update={
        "every": Every(n=plain.n, unit=plain.unit), "rrule": None, "lead": min(when.lead, plain.shortest_days - 1),
    })  # fmt: skip


def _plain(every: Cycle) -> Cycle:
    """In months or in days: a quarter is three months."""
    months = every.unit in MONTHS
    return Cycle(every.n * (MONTHS if months else DAYS)[every.unit], Unit.MONTH if months else Unit.DAY)
