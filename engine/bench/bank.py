"""A bank to measure on: of any size, on a scratch database of the same server."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from db import access, scratch
from db.access import MACHINE
from engine import opening, people
from engine.demo import files, world
from engine.feed import load

LAST = date(2026, 11, 22)


@contextmanager
def store() -> Iterator[None]:
    """An empty store, ready for work; gone afterwards."""
    try:
        with scratch.database():
            opening.open_store.cache_clear()
            opening.open_store()
            yield
    finally:
        opening.open_store.cache_clear()


@contextmanager
def planted(scale: float, say: Callable[[str], None], since: date = LAST) -> Iterator[None]:
    """A bank of a size, whose people hold their roles since a day."""
    with store():
        plant(scale, say)
        with access.transaction(MACHINE, "bench") as conn:
            people.grant_by_post(conn, today=since)
        yield


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
    scratch.age()
