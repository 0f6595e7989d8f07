"""A JSON file that somebody hands over: read, or refused with a sentence that says what is wrong with it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from engine.refusals import Refusal
from engine.words import _

Read = TypeVar("Read")


def json_file(path: Path, most: int, read: Callable[[object], Read], refusal: type[Refusal]) -> Read:
    """What `read` makes of a file of at most so many bytes; `refusal` takes `where` and `problem`."""
    try:
        if path.stat().st_size > most:
            raise refusal(where=path, problem=_("larger than {0} MB").format(most // 1_000_000))
        return read(json.loads(path.read_bytes()))
    except OSError:
        raise refusal(where=path, problem=_("the file cannot be read")) from None
    except (ValueError, RecursionError):
        raise refusal(where=path, problem=_("the file is not JSON")) from None


def json_object(given: object, where: str, refusal: type[Refusal]) -> dict:
    if not isinstance(given, dict):
        raise refusal(where=where, problem=_("a JSON object is needed here"))
    return given
