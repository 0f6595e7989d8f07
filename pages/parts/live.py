"""News without a reload: a fragment runs again as soon as something it shows was committed, by whomever.

    @st.fragment
    def figures():
        data = read(sight(person), live.number(), ...)     # one reading a change for all who see the same
        live.watch(person, "records", "todos")             # and this fragment again when one of these changes

One thread a process listens to the store; a page that is merely open costs nothing, asks nothing and sends nothing, so
that an idle session still expires. Whose session has ended, or whose rights have changed, is shown nothing new.
"""

import threading
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from db import access, audit, changes
from db.access import MACHINE, Person
from db.vocab import Scope
from engine import clock, sign_in
from pages.parts import who, wire

QUIET = 10.0  # seconds without news after which the store is asked whether there were any
GAP = 0.6  # seconds between two rounds of drawing, at least
SHARE = 0.05  # and so much more for each page that is drawn: many open pages must not keep a process busy
WHOLE_BOOK = (Scope.HEAD, Scope.READER)

log = structlog.get_logger()


@dataclass(frozen=True)
class Watch:
    """One fragment on one screen."""

    person: Person
    token_hash: bytes
    nouns: frozenset[str]


_watched: dict[tuple[str, str], Watch] = {}
_lock = threading.Lock()
_stop = threading.Event()
_heard = 0  # goes up with every change while there is somebody to hear it
_listening = False


def number() -> tuple[str, int]:
    """Changes with every committed change: what cached readings are good for."""
    if _listening:
        return "heard", _heard
    with access.reading(MACHINE) as conn:
        return "pulse", audit.pulse(conn)


def sight(by: Person) -> tuple[Hashable, ...]:
    """The same for people who see the same rows: readings may be shared among them, and among nobody else. Below head
    office everybody sees his own besides."""
    return ("whole book",) if by.scope in WHOLE_BOOK else (by.role, by.id)


def watch(by: Person, *nouns: str) -> None:
    """Said in a fragment: run it again when one of these tables changes. Nothing where nobody listens."""
    here = wire.this_fragment()
    if _listening and here:
        with _lock:
            _watched[here] = Watch(by, who.token_hash(), frozenset(nouns))


def start() -> None:
    """With the server."""
    _stop.clear()
    threading.Thread(target=_listen, name="live", daemon=True).start()


def stop() -> None:
    _stop.set()


def _listen() -> None:
    """Until the server ends; a lost connection is found again, and everything counts as changed meanwhile."""
    global _listening
    while not _stop.is_set():
        try:
            with changes.listening() as ear:
                _changed(None)
                _listening = True
                _hear(ear)
        except Exception as wrong:
            log.warning("not listening to the store", error=f"{type(wrong).__name__}: {wrong}")
        finally:
            _listening = False
        _stop.wait(QUIET / 2)


def _hear(ear: changes.Ear) -> None:
    pulse = _pulse()
    while not _stop.is_set():
        nouns = ear.wait(QUIET)
        if nouns:
            drawn = _changed(nouns)
            _stop.wait(GAP + SHARE * drawn)
        elif pulse != (pulse := _pulse()):  # a pooler between us and the store swallows what is told
            _changed(None)


def _pulse() -> int:
    with access.reading(MACHINE) as conn:
        return audit.pulse(conn)


def _changed(nouns: set[str] | None) -> int:
    """Draw what shows one of these, or everything; how many pages that were."""
    global _heard
    _heard += 1
    with _lock:
        touched = [(at, seen) for at, seen in _watched.items() if nouns is None or nouns & seen.nouns]
    drawn = 0
    for at, seen in touched:
        with suppress(Exception):  # a page that closes this very moment
            drawn += _draw(at, seen)
    return drawn


def _draw(at: tuple[str, str], seen: Watch) -> bool:
    there = wire.is_open(*at)
    if there and _still(seen):
        wire.run_again(*at)
        return True
    if there is not None:
        with _lock:
            _watched.pop(at, None)
    return False


def _still(seen: Watch) -> bool:
    """Signed in, and with the rights with which the page was drawn."""
    with access.gate() as conn:
        visitor = sign_in.who_is(conn, seen.token_hash, clock.now())
    return visitor is not None and visitor.person == seen.person
