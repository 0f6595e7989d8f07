"""A million rows into an Excel file: seconds and memory, beside the same rows read from the store and thrown away."""

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from db import access, demo, scratch
from db.vocab import Role
from engine import clock, opening, people, workbook
from engine.bench import night
from engine.bench.figures import Figure
from engine.lists import LISTS

ROWS = 1_000_000


def measure(scale: float, say: Callable[[str], None]) -> list[Figure]:
    """The list of loans, each row as often as it takes, as head office exports it."""
    with scratch.database():
        opening.open_store.cache_clear()
        opening.open_store()
        night.plant(min(scale, 1.0), say)
        with access.transaction(access.MACHINE, "bench") as conn:
            people.grant_by_post(conn, today=night.LAST)
            head = demo.somebody(conn, Role.HEAD_RISK)
        with access.reading(head) as conn:
            access.set_patience(conn, 900)
            floor = _read(conn, round(ROWS * scale))
            return [_written(conn, round(ROWS * scale), floor, say)]


def _read(conn: access.Connection, n: int) -> float:
    begun = time.perf_counter()
    for _row in scratch.many_loans(conn, n):
        pass
    return time.perf_counter() - begun


def _written(conn: access.Connection, n: int, floor: float, say: Callable[[str], None]) -> Figure:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fields = LISTS["loans"].fields(night.LAST)
    cover = workbook.Cover("loans", "bench", clock.now())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "loans.xlsx"
        begun = time.perf_counter()
        written = workbook.write(file, cover, fields, scratch.many_loans(conn, n))
        seconds = time.perf_counter() - begun
        size = file.stat().st_size / 1e6
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    say(
        f"{written:,} rows of {len(fields)} columns, {size:.0f} MB; the process {after / 1024:.0f} MB at most, {before / 1024:.0f} MB before"
    )
    return Figure(f"export of {written:,} rows", seconds, floor)
