"""Measurements at any size, each on a scratch database: never on the bank's own."""

from collections.abc import Callable

from engine.bench import export, handover, lists, load, night, rounds, route, security
from engine.bench.figures import Figure

MEASURES: dict[str, Callable[[float, Callable[[str], None]], list[Figure]]] = {
    "export": export.measure,
    "handover": handover.measure,
    "lists": lists.measure,
    "load": load.measure,
    "night": night.measure,
    "rounds": lambda _scale, say: rounds.measure(say),
    "route": lambda _scale, say: route.measure(say),
    "search": lists.measure_search,
    "security": security.measure,
}
