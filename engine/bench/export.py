"""A million rows into an Excel file: seconds and memory, beside the same rows read from the store and thrown away."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from db import access, demo, scratch
from db.vocab import Role
from engine import clock, workbook
from engine.bench import bank
from engine.bench.figures import Figure
from engine.lists import LISTS

ROWS = 1_000_000


def measure(scale: float, say: Callable[[str], None]) -> list[Figure]:
    """The list of loans, each row as often as it takes, as head office exports it."""
    with bank.planted(min(scale, 1.0), say):
        with access.reading(access.MACHINE) as conn:
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
    fields = LISTS["loans"].fields(bank.LAST)
    cover = workbook.Cover("loans", "bench", clock.now())
    had = _forget_peak()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "loans.xlsx"
        begun = time.perf_counter()
        written = workbook.write(file, cover, fields, scratch.many_loans(conn, n))
        seconds = time.perf_counter() - begun
        size = file.stat().st_size / 1e6
    say(
        f"{written:,} rows of {len(fields)} columns, {size:.0f} MB; the process held {had} MB before and {_memory('VmHWM') - had} MB more at most"
    )
    return Figure(f"export of {written:,} rows", seconds, floor)


def _forget_peak() -> int:
    """How much the process holds now, in MB; its peak is counted from here on."""
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _memory(what: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) // 1024
