"""How long a night takes at any size of the bank, beside the least it could: writing the ready todos into the table.

The floor is INSERT ... SELECT of the very todos that the cold generation of a quarter made, ready as they stand, into
an empty table with the same indexes. Everything else of the night is set beside the same floor.
"""

import resource
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

from db import access, definitions, generation, moments, scratch, signals
from db.access import MACHINE
from db.generation import Since
from db.vocab import Definition
from engine import cycles, generate, opening, signal_rules
from engine.bench.figures import Figure
from engine.demo import files, world
from engine.feed import load
from engine.rules import RuleInForce

LAST = date(2026, 11, 22)
AHEAD = 90  # days
CHANGED = 0.01  # of the customers, by a day's feed
SIGNALS_LIMIT = 60.0  # seconds, at a hundred times the case study's size


def measure(scale: float, say: Callable[[str], None]) -> list[Figure]:
    """Cold generation, a day's increment, a night without news, and the signals, at `scale` times the case study's size."""
    with scratch.database():
        opening.open_store.cache_clear()
        opening.open_store()
        plant(scale, say)
        return _nights(scale, say)


def plant(scale: float, say: Callable[[str], None]) -> None:
    """The case study's bank through its files, then as many copies of it as make the size."""
    with tempfile.TemporaryDirectory(prefix="vigil-bench-") as place:
        say("files")
        folder = files.write(world.build(LAST, min(scale, 1.0)), LAST, Path(place))
        say("load")
        load.load(folder)
    if scale > 1:
        say("copies")
        scratch.multiply(round(scale))


def _nights(scale: float, say: Callable[[str], None]) -> list[Figure]:
    say("cold generation of a quarter ahead")
    quarter, made = _quarter_ahead()
    say(f"{made:,} todos")
    floor = scratch.floor_of_todos()
    scratch.forget_todos()
    say("cold generation")
    began, cold = _generate(LAST, None)
    scratch.touch(CHANGED)
    say("a day later")
    following, increment = _generate(LAST + timedelta(days=1), Since(LAST, began))
    say("no news")
    idle = _idle(Since(LAST + timedelta(days=1), following))
    say("signals")
    warned = [_signals(LAST), _signals(LAST + timedelta(days=1))]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"memory of this process at most {memory:.0f} MB")
    size = f"{scale:g}x"
    return [
        Figure(f"cold generation, a quarter ahead {size}", quarter, floor),
        Figure(f"cold generation {size}", cold, floor),
        Figure(f"daily increment {size}", increment, floor),
        Figure(f"night without news {size}", idle, floor),
        Figure(f"first signals {size}", warned[0], SIGNALS_LIMIT),
        Figure(f"next day's signals {size}", warned[1], SIGNALS_LIMIT),
    ]


def _quarter_ahead() -> tuple[float, int]:
    """The shipped rules, but asking ninety days before: as many todos as a bank has in a quarter."""
    begun = time.monotonic()
    with access.transaction(MACHINE, "bench") as conn:
        book = generate.book(conn, LAST)
        ahead = book._replace(rules=[_ninety_days_before(r) for r in book.rules])
        made = generate.generate(conn, LAST, ahead, None).counts.created
    return time.monotonic() - begun, made


def _ninety_days_before(found: RuleInForce) -> RuleInForce:
    when = found.rule.when
    shortest = cycles.Cycle(when.every.n, when.every.unit).shortest_days - 1 if when.every else AHEAD
    earlier = when.model_copy(update={"lead": max(when.lead, min(AHEAD, shortest))})
    return found.model_copy(update={"rule": found.rule.model_copy(update={"when": earlier})})


def _generate(day: date, since: Since | None) -> tuple[datetime, float]:
    """(when it began by the store's clock, seconds until it was committed)."""
    begun = time.monotonic()
    with access.transaction(MACHINE, "bench") as conn:
        began = moments.now(conn)
        generate.generate(conn, day, generate.book(conn, day), since)
    return began, time.monotonic() - begun


def _idle(since: Since) -> float:
    begun = time.monotonic()
    with access.transaction(MACHINE, "bench") as conn:
        generate.book(conn, since.day)
        generation.nothing_changed(conn, since)
    return time.monotonic() - begun


def _signals(day: date) -> float:
    begun = time.monotonic()
    with access.transaction(MACHINE, "bench") as conn:
        rules, _ = signal_rules.in_force(definitions.in_force(conn, Definition.SIGNAL_RULE, day))
        signals.detect(conn, rules, day)
    return time.monotonic() - begun
