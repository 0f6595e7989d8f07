"""How long a night takes at any size of the bank, beside the least it could: writing the ready todos into the table.

The floor is INSERT ... SELECT of the very todos that a cold generation made, ready as they stand, into an empty table
with the same indexes. The cold generation stands again beside what it writes as it must stand afterwards, with references: the
todos, and todos and claims. Two rule books: the shipped one, which on any one night asks about few loans, so
that reading the book is what the night costs; and one that asks about every customer and every loan, so that writing is.
A day's increment and the signals stand beside the floor of the second.
"""

import resource
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from db import access, definitions, generation, moments, scratch, signals
from db.access import MACHINE, Connection
from db.generation import Since
from db.vocab import Definition, Kind, Unit
from engine import cycles, generate, levels, signal_rules
from engine.bench import bank
from engine.bench.bank import LAST
from engine.bench.figures import Figure
from engine.rules import RuleInForce

AHEAD, AGES = 89, 3650  # days before the due day: within a quarter, and before any loan's maturity
QUARTER = cycles.Cycle(1, Unit.QUARTER)
CHANGED = 0.01  # of the customers, by a day's feed
SIGNALS_LIMIT = 60.0  # seconds, at a hundred times the case study's size


def measure(scale: float, say: Callable[[str], None]) -> list[Figure]:
    """Cold generation, a day's increment, a night without news, and the signals, at `scale` times the case study's size."""
    with bank.store():
        bank.plant(scale, say)
        return _nights(scale, say)


def _nights(scale: float, say: Callable[[str], None]) -> list[Figure]:
    say("cold generation, every loan asked about")
    thick, made = _everybody_asked()
    floor, kept = scratch.floor("todos", referring=False), scratch.floor("todos", referring=True)
    whole = kept + scratch.floor("claims", referring=True)
    say(f"{made:,} todos, the floor {floor:.1f} s, with references {kept:.1f} s, with claims too {whole:.1f} s")
    scratch.forget_todos()
    say("cold generation, shipped rules")
    seen, cold = _generate(LAST, None)
    scratch.touch(CHANGED)
    say("a day later")
    following, increment = _generate(LAST + timedelta(days=1), seen)
    say("no news")
    idle = _seconds(_idle, following)
    say("signals")
    warned = [_seconds(_signals, LAST + timedelta(days=n)) for n in (0, 1)]
    say("levels")
    levelled = [_seconds(levels.follow, LAST + timedelta(days=n)) for n in (0, 1)]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"memory of this process at most {memory:.0f} MB")
    size = f"{scale:g}x"
    return [
        Figure(f"cold generation, every loan asked about {size}", thick, floor),
        Figure(f"the same, beside todos with their references {size}", thick, kept),
        Figure(f"the same, beside claims too {size}", thick, whole),
        Figure(f"cold generation, shipped rules {size}", cold, floor),
        Figure(f"daily increment {size}", increment, floor),
        Figure(f"night without news {size}", idle, floor),
        Figure(f"first signals {size}", warned[0], SIGNALS_LIMIT),
        Figure(f"next day's signals {size}", warned[1], SIGNALS_LIMIT),
        Figure(f"first levels {size}", levelled[0], floor),
        Figure(f"next day's levels {size}", levelled[1], floor),
    ]


def _everybody_asked() -> tuple[float, int]:
    """A regular check of every customer in the period that runs, a maturity check of every loan: (seconds, todos)."""
    begun = time.monotonic()
    with access.transaction(MACHINE, "bench") as conn:
        book = generate.book(conn, LAST)
        made = generate.generate(conn, LAST, book._replace(rules=[*_of_all(book.rules)]), None).counts.created
    return time.monotonic() - begun, made


def _of_all(shipped: list[RuleInForce]) -> Iterator[RuleInForce]:
    quarterly = next(r for r in shipped if r.rule.kind is Kind.REGULAR and r.rule.timing().every == QUARTER)
    maturity = next(r for r in shipped if r.rule.kind is Kind.MATURITY)
    for found, changes in ((quarterly, {"lead": AHEAD}), (maturity, {"lead": AGES, "offsets": (-30,)})):
        when = found.rule.when.model_copy(update=changes)
        yield found.model_copy(update={"rule": found.rule.model_copy(update={"who": {"all": []}, "when": when})})


def _generate(day: date, since: Since | None) -> tuple[Since, float]:
    """(what the next night starts from, seconds until it was committed)."""
    begun = time.monotonic()
    with access.transaction(MACHINE, "bench") as conn:
        began = moments.now(conn)
        outcome = generate.generate(conn, day, generate.book(conn, day), since)
    return Since(day, began, outcome.people), time.monotonic() - begun


def _idle(conn: Connection, since: Since) -> None:
    generate.book(conn, since.day)
    generation.nothing_changed(conn, since)


def _signals(conn: Connection, day: date) -> None:
    rules, _ = signal_rules.in_force(definitions.in_force(conn, Definition.SIGNAL_RULE, day))
    signals.detect(conn, rules, day)


def _seconds(step: Callable[..., object], about: object) -> float:
    """Until it was committed."""
    begun = time.monotonic()
    with access.transaction(MACHINE, "bench") as conn:
        step(conn, about)
    return time.monotonic() - begun
