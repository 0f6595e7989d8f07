"""A check-in from JSON, each value looked at; what cannot be meant is refused with a sentence that says where."""

import math
from datetime import datetime
from pathlib import Path

from db import settings
from engine.given import json_file, json_object
from engine.presence.facts import CheckIn, Fix, Photo, Place
from engine.refusals import Refusal
from engine.words import _

BYTES = 2_000_000
FIXES = 5_000


class BadCheckIn(Refusal):
    """The check-in cannot be graded. {where}: {problem}"""


def file(path: Path) -> CheckIn:
    """The check-in of a JSON file."""
    return json_file(path, BYTES, check_in, BadCheckIn)


def check_in(given: object) -> CheckIn:
    """The check-in of a JSON object; `address`, `fix` and `received_at` are needed."""
    body = _object(given, "{}")
    address = _object(body.get("address"), "address")
    return CheckIn(
        address=Place(*_point(address, "address"), _number(address.get("radius_m", 300), "address.radius_m", 1, 100_000)),
        fix=_fix(body.get("fix"), "fix"),
        received_at=_moment(body.get("received_at"), "received_at"),
        previous=_fix(body["previous"], "previous") if body.get("previous") is not None else None,
        recent=_fixes(body, "recent"),
        colleagues=_fixes(body, "colleagues"),
        photos=tuple(_photo(photo, f"photos[{n}]") for n, photo in enumerate(_list(body, "photos"))),
        left_at=_moment(body["left_at"], "left_at") if body.get("left_at") is not None else None,
        offline=_flag(body, "offline"),
        explanation=_text(body, "explanation"),
    )


def _fixes(body: dict, where: str) -> tuple[Fix, ...]:
    return tuple(_fix(fix, f"{where}[{n}]") for n, fix in enumerate(_list(body, where)))


def _fix(given: object, where: str) -> Fix:
    fix = _object(given, where)
    accuracy = fix.get("accuracy_m")
    if accuracy is not None:
        accuracy = _number(accuracy, f"{where}.accuracy_m", 0, 1e8)
    return Fix(*_point(fix, where), accuracy, _moment(fix.get("at"), f"{where}.at"))


def _photo(given: object, where: str) -> Photo:
    photo = _object(given, where)
    at = _moment(photo["at"], f"{where}.at") if photo.get("at") is not None else None
    lat, lon = (None, None) if photo.get("lat") is None else _point(photo, where)
    return Photo(at, lat, lon, _flag(photo, "reused"))


def _point(given: dict, where: str) -> tuple[float, float]:
    lat, lon = given.get("lat"), given.get("lon")
    if _is_number(lat) and _is_number(lon) and 90 < abs(lat) <= 180 and abs(lon) <= 90:
        raise BadCheckIn(where=where, problem=_("latitude and longitude seem to be swapped"))
    return _number(lat, f"{where}.lat", -90, 90), _number(lon, f"{where}.lon", -180, 180)


def _number(given: object, where: str, least: float, most: float) -> float:
    if not _is_number(given):
        raise BadCheckIn(where=where, problem=_("a number is needed here"))
    if not least <= given <= most:
        raise BadCheckIn(where=where, problem=_("must lie between {0} and {1}").format(f"{least:g}", f"{most:g}"))
    return float(given)


def _is_number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and (isinstance(given, int) or math.isfinite(given))


def _moment(given: object, where: str) -> datetime:
    """ISO 8601; without an offset it is China's time."""
    try:
        moment = datetime.fromisoformat(given)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=settings.ZONE)
        if 2000 <= moment.year <= 2200:
            return moment
    except (TypeError, ValueError):
        pass
    raise BadCheckIn(where=where, problem=_("a moment is needed, like {0}").format("2026-11-20T09:30:00+08:00"))


def _object(given: object, where: str) -> dict:
    return json_object(given, where, BadCheckIn)


def _list(body: dict, where: str) -> list:
    given = body.get(where)
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > FIXES:
        raise BadCheckIn(where=where, problem=_("a list of at most {0} is needed here").format(FIXES))
    return given


def _flag(body: dict, where: str) -> bool:
    given = body.get(where, False)
    if not isinstance(given, bool):
        raise BadCheckIn(where=where, problem=_("true or false is needed here"))
    return given


def _text(body: dict, where: str) -> str:
    given = body.get(where) or ""
    if not isinstance(given, str) or len(given) > 500:
        raise BadCheckIn(where=where, problem=_("a text of at most 500 characters is needed here"))
    return given.strip()
