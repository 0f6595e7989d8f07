"""A branch's inspection file: volume after volume, each in a transaction of its own; and where one waits to be fetched."""

import secrets
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from db import settings
from db.access import Person
from db.files import Span
from engine import acts, clock
from engine.papers import inspection
from engine.papers.inspection import OF_A_BRANCH, File

KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Bound:
    """A ZIP of volumes; who made it knows where it lies, and nobody else."""

    place: Path
    volumes: int
    bytes: int


def volumes(by: Person, branch_id: int, span: Span) -> Iterator[tuple[File, int, int]]:
    """(volume, its number, how many there are)."""
    with acts.act(by, OF_A_BRANCH) as conn:
        parts = inspection.parts_of_branch(conn, by, branch_id, span)
    for number, ids in enumerate(parts, 1):
        with acts.act(by, OF_A_BRANCH) as conn:
            part = (number, len(parts))
            file = inspection.part_of_branch(conn, by, branch_id, ids, part, span, now=clock.now(), today=clock.today())
        yield file, *part


def bind(by: Person, branch_id: int, span: Span, say: Callable[[int, int], None]) -> Bound:
    """All volumes in one ZIP, kept for a day; `say` is told how far it is."""
    folder = settings.home() / "papers"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    sweep(folder, clock.now())
    place, n = folder / f"{secrets.token_hex(16)}.zip", 0
    with zipfile.ZipFile(place, "w") as bound:
        for file, n, of in volumes(by, branch_id, span):
            bound.writestr(file.name, file.pdf)
            say(n, of)
    return Bound(place, n, place.stat().st_size)


def sweep(folder: Path, now: datetime) -> int:
    """Remove what has waited for longer than a day; how many that were."""
    old = [file for file in folder.glob("*.zip") if file.stat().st_mtime < (now - KEPT).timestamp()]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)
