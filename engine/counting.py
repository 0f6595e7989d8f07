"""Counting the whole book: what takes long is counted once for all who see all of it, and anew beside their pages.

A bank of ordinary size never notices: what takes less than LONG is counted as a page is drawn, and only then. In a large one
a page shows what was counted last, with the moment it was, and sets counting anew going when something was written since.
Figures narrowed by row security are small and always counted at once.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from db import access, audit, kept_counts
from db.access import MACHINE, Connection, Person
from db.vocab import Scope
from engine import clock

log = structlog.get_logger()
LONG = 1.0  # seconds: what people would wait for
SHARE = 0.1  # of all time that counting one thing anew may take
PATIENCE = 600  # seconds that a statement may take with nobody waiting
KEPT = timedelta(days=2)
WHOLE_BOOK = (Scope.HEAD, Scope.READER)
_tried: set[str] = set()  # by this process


@dataclass(frozen=True)
class Count:
    """Figures to be counted: `what` they are, `asked` of which day and narrowed to what, and how. They are made of rows, lists,
    mappings, days and numbers."""

    what: str
    asked: str
    read: Callable[[Connection], object]

    @property
    def key(self) -> str:
        """What is asked may be long, as conditions are."""
        return hashlib.sha256(self.asked.encode()).hexdigest()


@dataclass(frozen=True)
class Counted:
    """Figures, and when they were counted; `kept`: not just now."""

    figures: object
    at: datetime
    kept: bool = False


def kept(by: Person, count: Count) -> Counted | None:
    """What was counted before and takes long, being counted anew meanwhile where that is due; None: count now."""
    if by.scope not in WHOLE_BOOK:
        return None
    with access.reading(by) as conn:
        found = kept_counts.find(conn, count.what, count.key)
    if found is None:
        return None
    if not found.current and clock.now() - found.counted_at > timedelta(seconds=found.seconds / SHARE):
        threading.Thread(target=_anew, args=(by, count, found.counted_at), name=f"count {count.what}", daemon=True).start()
    return Counted(found.figures, found.counted_at, kept=True)


def at_once(by: Person, count: Count) -> Counted:
    """Counted for whoever asks; kept for all when it took long and he sees the whole book."""
    pulse, figures, seconds = _read(by, count)
    counted = Counted(figures, clock.now())
    if seconds > LONG and by.scope in WHOLE_BOOK:
        with access.transaction(MACHINE, "count") as conn:
            kept_counts.keep(conn, count.what, count.key, figures, seconds, pulse, counted.at)
    return counted


def again(by: Person, count: Count, than: datetime | None = None) -> bool:
    """Count anew and keep it, unless somebody is at it, or was since what was counted at `than`. What does not take long any more
    is not kept any longer."""
    with access.transaction(MACHINE, "count") as conn:
        if not kept_counts.begin(conn, count.what, count.key) or (than and _is_newer(conn, count, than)):
            return False
        pulse, figures, seconds = _read(by, count, PATIENCE)
        if seconds > LONG:
            kept_counts.keep(conn, count.what, count.key, figures, seconds, pulse, clock.now())
        else:
            kept_counts.drop(conn, count.what, count.key)
        return True


def _is_newer(conn: Connection, count: Count, than: datetime) -> bool:
    """Whoever set out before another had done would count what was counted a moment ago."""
    found = kept_counts.find(conn, count.what, count.key)
    return found is None or found.counted_at > than


def ahead(counts: Sequence[Count]) -> int:
    """Before anybody asks: those of a kind that has taken long, unless they are as counted, and each once, since nobody knows yet
    whether it does. How many were counted."""
    with access.reading(MACHINE) as conn:
        slow = kept_counts.known(conn)
        due = [c for c in counts if (c.what in slow or c.key not in _tried) and not kept_counts.is_current(conn, c.what, c.key)]
    _tried.update(count.key for count in due)
    return sum(again(MACHINE, count) for count in due)


def forget_old(conn: Connection, now: datetime) -> int:
    """Of days gone by, which nobody asks for again."""
    return kept_counts.forget_old(conn, now, KEPT)


def _anew(by: Person, count: Count, than: datetime) -> None:
    try:
        again(by, count, than)
    except Exception as wrong:  # the page shows what there is, and says of when
        log.warning("not counted anew", what=count.what, error=f"{type(wrong).__name__}: {wrong}")


def _read(by: Person, count: Count, patience: int | None = None) -> tuple[int, object, float]:
    """(the pulse from which it was counted, the figures, seconds)."""
    begun = time.monotonic()
    with access.reading(by) as conn:
        if patience:
            access.set_patience(conn, patience)
        pulse = audit.pulse(conn)
        figures = count.read(conn)
    return pulse, figures, time.monotonic() - begun
