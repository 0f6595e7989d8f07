"""How long a night's files take to load, beside plain COPY of the same files.

The floor is COPY of every file, prepared beforehand as UTF-8 text, into a logged table with the columns of the file
in their real types (amounts numeric, days date) and the source's key as primary key, committed file by file. That is
what the least loader would do that keeps the bank's data safe: no decoding, no checks, no references, no history, no
second index. It is measured before and after each load; the mean counts.
"""

import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl

from db import access
from db.access import MACHINE
from db.loading import floor
from db.nouns import KEYS, NOUNS, Shape
from engine.bench import larger
from engine.bench.bank import LAST, store
from engine.bench.figures import Figure
from engine.demo import world
from engine.feed import delivery, load, reading
from engine.feed.delivery import Counted, Piece

TYPES = {Shape.MONEY: "numeric(18,6)", Shape.DATE: "date", Shape.INTEGER: "int", Shape.NUMBER: "numeric(9,6)"}


def measure(scale: float, say: Callable[[str], None]) -> list[Figure]:
    """A new delivery, the next day's, and the next day's again, at `scale` times the case study's size."""
    with tempfile.TemporaryDirectory(prefix="vigil-bench-") as place, store():
        say(f"files of two days at {scale:g}x")
        first, second = _two_days(scale, Path(place))
        asked = (("load: new delivery", first), ("load: next day", second), ("load: same files again", second))
        return [_figure(name, folder, say) for name, folder in asked]


def _two_days(scale: float, place: Path) -> tuple[Path, Path]:
    times = max(1, round(scale))
    bank = world.build(LAST, scale / times)
    return larger.write(bank, LAST - timedelta(days=1), place, times), larger.write(bank, LAST, place, times)


def _figure(name: str, folder: Path, say: Callable[[str], None]) -> Figure:
    with tempfile.TemporaryDirectory(dir=folder.parent) as prepared:
        plain = _prepared(folder, Path(prepared))
        before = sum(floor.seconds(*one) for one in plain)
        begun = time.monotonic()
        reports = load.load(folder)
        seconds = time.monotonic() - begun
        if stops := [stop for report in reports for stop in report.stops]:
            raise RuntimeError(f"{name} was stopped: {stops}")
        figure = Figure(name, seconds, (before + sum(floor.seconds(*one) for one in plain)) / 2)
    say(
        f"{name}: {figure.seconds:.1f} s, floor {figure.floor_seconds:.1f} s, {figure.ratio:.1f}x; {_megabytes()} MB at most so far"
    )
    return figure


def _megabytes() -> int:
    """Of this process's memory, at its most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def _prepared(folder: Path, place: Path) -> list[tuple[Path, dict[str, str], list[str]]]:
    """Of every file of a delivery its plain text, its columns and its key: what the floor copies."""
    day = delivery.business_dates(folder)[0][0]
    with access.reading(MACHINE) as conn:
        sources = load.mappings(conn, day)
    arrived = [found for mapping, _ in sources if (found := delivery.collect(mapping, day, folder))]
    return [_prepare(found.mapping, piece, place) for found in arrived for piece in found.pieces]


def _prepare(mapping: load.Mapping, piece: Piece, place: Path) -> tuple[Path, dict[str, str], list[str]]:
    prepared = place / f"{mapping.source}-{piece.name}.txt"
    with prepared.open("wb") as out:
        out.writelines(_plain_text(mapping, piece))
    columns = {name: _type(piece, name) for name in piece.columns}
    return prepared, columns, [piece.table.fields[name].column for name in KEYS[piece.table.noun]]


def _type(piece: Piece, column: str) -> str:
    fields = NOUNS[piece.table.noun]
    shapes = [fields[name].shape for name, found in piece.table.fields.items() if found.column == column]
    return TYPES.get(shapes[0], "text") if shapes else "text"


def _plain_text(mapping: load.Mapping, piece: Piece) -> Iterator[bytes]:
    """The file's own values; of a moment only its day, since the column is a date."""
    for frame in reading._split(mapping, piece, Counted()):
        texts = [
            pl.col(f"c{i}").str.head(10).alias(f"c{i}") if _type(piece, name) == "date" else pl.col(f"c{i}")
            for i, name in enumerate(piece.columns)
        ]
        yield frame.select(texts).write_csv(include_header=False, separator="\t", quote_style="never").encode()
