"""A day from JSON, each value looked at; what cannot be meant is refused with a sentence that says where."""

from pathlib import Path

import numpy as np

from engine.given import json_file, json_object
from engine.refusals import Refusal
from engine.route.day import Day, Round, Stop
from engine.words import _

BYTES = 50_000_000
STOPS = 1_000
LONGEST = 100_000  # minutes; a benchmark's day may be longer than a person's


class BadRound(Refusal):
    """The round cannot be planned. {where}: {problem}"""


def file(path: Path) -> Day:
    """The day of a JSON file."""
    return json_file(path, BYTES, day, BadRound)


def day(given: object) -> Day:
    """The day of a JSON object; all of it is needed except a stop's `from` and `to`."""
    body = _object(given, "{}")
    length = _number(body.get("day_minutes"), "day_minutes", 0, LONGEST)
    stops = tuple(_stop(stop, f"stops[{n}]") for n, stop in enumerate(_stops(body.get("stops"))))
    _all_different(stops)
    minutes = _matrix(body.get("minutes"), len(stops) + 2)
    if minutes[0, -1] > length:
        raise BadRound(where="day_minutes", problem=_("the way home alone takes longer than the day"))
    return Day(minutes, stops, length)


def _stops(given: object) -> list:
    if not isinstance(given, list) or len(given) > STOPS:
        raise BadRound(where="stops", problem=_("a list of at most {0} is needed here").format(STOPS))
    return given


def _stop(given: object, where: str) -> Stop:
    body = _object(given, where)
    name = body.get("id")
    if isinstance(name, bool) or not isinstance(name, int | str):
        raise BadRound(where=f"{where}.id", problem=_("a text or a whole number is needed here"))
    opens = _number(0 if body.get("from") is None else body["from"], f"{where}.from", 0, LONGEST)
    closes = _number(LONGEST if body.get("to") is None else body["to"], f"{where}.to", 0, LONGEST)
    if closes < opens:
        raise BadRound(where=where, problem=_("it closes before it opens"))
    service = _number(body.get("service_minutes"), f"{where}.service_minutes", 0, LONGEST)
    return Stop(name, service, _number(body.get("prize"), f"{where}.prize", 0, 1e9), opens, closes)


def _all_different(stops: tuple[Stop, ...]) -> None:
    seen: dict[str | int, int] = {}
    for n, stop in enumerate(stops):
        if seen.setdefault(stop.id, n) != n:
            raise BadRound(where=f"stops[{n}].id", problem=_("stops[{0}] has the same id").format(seen[stop.id]))


def _matrix(given: object, size: int) -> np.ndarray:
    """Square, one row and column a place: the start, the stops, the end."""
    problem = _("{0} rows of {0} numbers are needed: the start, the stops, the end").format(size)
    if not isinstance(given, list) or len(given) != size:
        raise BadRound(where="minutes", problem=problem)
    for n, row in enumerate(given):
        if not isinstance(row, list) or len(row) != size:
            raise BadRound(where=f"minutes[{n}]", problem=problem)
    return np.array([[_number(v, f"minutes[{n}][{k}]", 0, 1e12) for k, v in enumerate(row)] for n, row in enumerate(given)])


def _object(given: object, where: str) -> dict:
    return json_object(given, where, BadRound)


def _number(given: object, where: str, least: float, most: float) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or str(given) == "nan":
        raise BadRound(where=where, problem=_("a number is needed here"))
    if not least <= given <= most:
        raise BadRound(where=where, problem=_("must lie between {0} and {1}").format(f"{least:g}", f"{most:g}"))
    return float(given)


def answer(planned: Round) -> dict:
    """What goes back."""
    visits = [{"id": visit.id, "arrive": visit.begins} for visit in planned.visits]
    return {"visits": visits, "prize": planned.prize, "minutes": planned.minutes}
