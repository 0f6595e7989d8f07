"""Measurements at any size, each on a scratch database: never on the bank's own."""

from collections.abc import Callable
from importlib import import_module

from engine.bench.figures import Figure

Say = Callable[[str], None]
Measure = Callable[[float, Say], list[Figure]]


def _later(module: str, measure: str = "measure", sized: bool = True) -> Measure:
    """Looked up when it is asked for: what the measurements need, no other command does."""

    def run(scale: float, say: Say) -> list[Figure]:
        found = getattr(import_module(f"engine.bench.{module}"), measure)
        return found(scale, say) if sized else found(say)

    return run


MEASURES: dict[str, Measure] = {
    "export": _later("export"),
    "handover": _later("handover"),
    "lists": _later("lists"),
    "load": _later("load"),
    "night": _later("night"),
    "rounds": _later("rounds", sized=False),
    "route": _later("route", sized=False),
    "search": _later("lists", "measure_search"),
    "security": _later("security"),
}
