"""One box for everything: customers, loans, todos, checks, signals, branches, colleagues, by number, name, pinyin, phone or village.

Every group is asked for under the rules of sight, a few rows each. Pages add their own, of which only they know the titles.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from db import branches, customers, loans, records, searches, signals, spellings, staff, todos
from db.access import Connection, Person
from engine import permits, spelling

EACH = 8  # rows a group
KEPT = 8  # searches remembered
TELLING = re.compile(r"[\d\s+-]{6,}[xX*]?|.*\d{7}.*")  # may be a phone or identity number: is not kept
NUMBER = re.compile(r"[0-9]{1,12}")
NUMBERED = re.compile(r"[A-Za-z]{0,4}[0-9-]{3,}[xX]?")  # a number, whole or begun: nobody is called so
PHONE = re.compile(r"[0-9]{7,18}[xX]?|9[0-9A-Z]{17}")


@dataclass(frozen=True)
class Hit:
    """What was found: its row, and what it is in the way of the page that shows it (`key`: its number there)."""

    key: str
    row: object


@dataclass(frozen=True)
class Found:
    """By kind; `exact`: the kind and number of the one that was named in full."""

    groups: dict[str, list[Hit]] = field(default_factory=dict)
    exact: tuple[str, str] | None = None

    def only(self) -> tuple[str, Hit] | None:
        """The one there is, when there is but one."""
        named = self.exact and next((hit for hit in self.groups[self.exact[0]] if hit.key == self.exact[1]), None)
        every = [(kind, hit) for kind, hits in self.groups.items() for hit in hits]
        return (self.exact[0], named) if named else every[0] if len(every) == 1 else None


def find(conn: Connection, by: Person, text: str) -> Found:
    """Everything of the book, and of the bank, that this may mean."""
    wanted = text.strip()
    if not wanted:
        return Found()
    ways = [*(_OF_THE_BOOK.items() if permits.may(by, "customers.see") else ()), *_OF_THE_BANK.items()]
    groups = {kind: hits for kind, look in ways if (hits := look(conn, wanted))}
    keys = ((kind, hit.key) for kind in ("customer", "loan") for hit in groups.get(kind, ()))
    return Found(groups, next((key for key in keys if key[1].lower() == wanted.lower()), None))


def remember(conn: Connection, by: Person, text: str, *, now: datetime) -> None:
    """To be offered again; nothing that may be somebody's phone or identity number."""
    permits.must(by, "preference.set")
    wanted = text.strip()
    if wanted and not TELLING.fullmatch(wanted):
        searches.keep(conn, by.id, wanted, now, KEPT)


def forget(conn: Connection, by: Person) -> None:
    permits.must(by, "preference.set")
    searches.forget(conn, by.id)


def recent(conn: Connection, by: Person) -> list[str]:
    """My latest searches, the last one first."""
    return searches.recent(conn, by.id, KEPT)


# --- The book ---------------------------------------------------------------------------------------------------------


def _customers(conn: Connection, text: str) -> list[Hit]:
    ids = list(dict.fromkeys(_customer_ids(conn, text)))[:EACH]
    return [Hit(row.customer_no, row) for row in customers.some(conn, ids)] if ids else []


def _customer_ids(conn: Connection, text: str) -> Iterator[int]:
    """The likeliest first: by number, by phone or identity number, by name or village."""
    yield from customers.numbered(conn, text.upper(), EACH)
    number = re.sub(r"[\s-]", "", text).upper()
    if PHONE.fullmatch(number):
        yield from customers.having(conn, number, EACH)
    if not NUMBERED.fullmatch(text):
        yield from spellings.called(conn, text, EACH)


def _loans(conn: Connection, text: str) -> list[Hit]:
    return [Hit(row.loan_no, row) for row in loans.numbered(conn, text.upper(), EACH)]


def _numbered(get: Callable[[Connection, int], object], conn: Connection, text: str) -> list[Hit]:
    """What has no number but our own."""
    row = get(conn, int(text)) if NUMBER.fullmatch(text) else None
    return [Hit(text, row)] if row is not None else []


def _signal(conn: Connection, number: int):
    return next(iter(signals.queue(conn, states=tuple(signals.SignalState), signal_id=number, limit=1)), None)


_OF_THE_BOOK: dict[str, Callable[[Connection, str], list[Hit]]] = {
    "customer": _customers, "loan": _loans, "todo": partial(_numbered, todos.get), "record": partial(_numbered, records.get),
    "signal": partial(_numbered, _signal),
}  # fmt: skip


# --- The bank ---------------------------------------------------------------------------------------------------------


def _branches(conn: Connection, text: str) -> list[Hit]:
    return [Hit(b.code, b) for b in branches.all_open(conn) if b.code == text or spelling.fits(text, b.name)][:EACH]


def _colleagues(conn: Connection, text: str) -> list[Hit]:
    found = [s for s in staff.colleagues(conn) if s.staff_no == text or spelling.fits(text, s.name)]
    return [Hit(s.staff_no, s) for s in found][:EACH]


_OF_THE_BANK: dict[str, Callable[[Connection, str], list[Hit]]] = {"branch": _branches, "colleague": _colleagues}
