"""The first page of each list at any size, beside the same at the case study's; and how long the one box searches.

A list's first page should cost what it costs a small bank: its order is an index's. Head office reads without a filter, a
branch head his branch, an officer his own customers.
"""

import time
from collections.abc import Callable, Iterator

from db import access, addresses, customers, demo, loans, records, scratch, signals, todos
from db.access import MACHINE, Connection, Person
from db.vocab import Role
from engine import search, spelling
from engine.bench import bank, security
from engine.bench.figures import Figure

TIMES = 5
SEARCH_LIMIT = 0.1  # seconds
Read = Callable[[Connection], object]
Say = Callable[[str], None]


def measure(scale: float, say: Say) -> list[Figure]:
    """Ratios of first pages at `scale` times the case study's size to the same at its size."""
    floors, found = _lists(min(scale, 1.0), say), _lists(scale, say)
    return [Figure(f"{name} {scale:g}x", seconds, floors[name]) for name, seconds in found.items()]


def measure_search(scale: float, say: Say) -> list[Figure]:
    """A search in the one box, beside the tenth of a second it may take."""
    with bank.planted(scale, say, security.SINCE):
        say("names")
        spelling.catch_up()
        with access.reading(MACHINE) as conn:
            by = demo.somebody(conn, Role.HEAD_RISK)
            row = customers.listing(conn, customers.Filter(bank.LAST), limit=1).rows[0]
            loan = loans.listing(conn, loans.Filter(bank.LAST), limit=1).rows[0]
        pinyin, initials = spelling.spelt(row.name)
        texts = {"part of a name": row.name[1:3], "a whole name": row.name, "pinyin": pinyin[:9], "initials": initials[:3],
                 "a customer's number": row.customer_no, "a loan's number, begun": loan.loan_no[:-2], "a village": row.village or row.name,
                 "a phone": "13812345678", "what is nowhere": "zzzzzz"}  # fmt: skip
        return [
            Figure(f"search by {what} {scale:g}x", _quickest(by, lambda conn, text=text: search.find(conn, by, text)), SEARCH_LIMIT)
            for what, text in texts.items()
        ]


def _lists(scale: float, say: Say) -> dict[str, float]:
    with bank.planted(scale, say, security.SINCE):
        say(f"{scratch.work(security.PAST, bank.LAST):,} todos")
        return {f"{who}, {name}": _quickest(by, read) for who, by in _people() for name, read in _reads().items()}


def _people() -> Iterator[tuple[str, Person]]:
    with access.reading(MACHINE) as conn:
        yield "head office", demo.somebody(conn, Role.HEAD_RISK)
        yield "branch head", demo.somebody(conn, Role.BRANCH_HEAD)
        yield "officer", demo.somebody(conn, Role.MANAGER)


def _reads() -> dict[str, Read]:
    return {
        "todos": lambda conn: todos.listing(conn, todos.Filter(bank.LAST, pending=True)),
        "loans": lambda conn: loans.listing(conn, loans.Filter(bank.LAST)),
        "customers": lambda conn: customers.listing(conn, customers.Filter(bank.LAST)),
        "addresses": lambda conn: addresses.listing(conn, addresses.Filter()),
        "checks": lambda conn: records.listing(conn),
        "signals": lambda conn: signals.listing(conn),
    }


def _quickest(by: Person, read: Read) -> float:
    """Seconds; the quickest of some, for what else the machine does only adds."""
    taken = []
    for _ in range(TIMES):
        with access.reading(by) as conn:
            begun = time.perf_counter()
            read(conn)
            taken.append(time.perf_counter() - begun)
    return min(taken)
