"""What row security costs: the dashboard's reads and an officer's list, beside the same reads past every policy."""

import time
from collections.abc import Callable
from datetime import timedelta

from db import access, branches, demo, figures, scratch, signals, staff, todos
from db.access import MACHINE, Connection, Person
from db.figures import Scope
from db.vocab import Role
from engine.bench import bank
from engine.bench.figures import Figure

TIMES = 7  # each read, guarded and unguarded in turn; the quickest counts, for what else the machine does only adds
LONG = 20.0  # seconds; a read that takes so long is asked three times
PAST = 90  # days
SINCE = bank.LAST - timedelta(days=PAST)
Read = Callable[[Connection], object]


def measure(scale: float, say: Callable[[str], None]) -> list[Figure]:
    """Ratios of guarded to unguarded reads, at `scale` times the case study's size."""
    with bank.planted(scale, say, SINCE):
        say(f"{scratch.work(PAST, bank.LAST):,} todos")
        return _compared(scale, say)


def _compared(scale: float, say: Callable[[str], None]) -> list[Figure]:
    head, branch_head, officer = _people()
    whole, branch = Scope(bank.LAST), Scope(bank.LAST, _branches_of(branch_head))
    found = [_beside(f"head office, {name} {scale:g}x", head, read, read) for name, read in _dashboard(whole).items()]
    total = Figure(f"head office, whole dashboard {scale:g}x", sum(f.seconds for f in found), sum(f.floor_seconds for f in found))
    in_branch = _dashboard(branch)
    theirs = [_beside(name, branch_head, read, in_branch[name]) for name, read in _dashboard(whole).items()]
    of_branch = Figure(
        f"branch head, whole dashboard {scale:g}x", sum(f.seconds for f in theirs), sum(f.floor_seconds for f in theirs)
    )
    lists = _lists(officer)
    with access.reading(officer) as conn:
        for name, read in lists.items():
            say(f"{name}: {', '.join(sorted(' '.join(scan) for scan in scratch.scans(conn, read)))}")
    return [
        *found,
        total,
        of_branch,
        *(_beside(f"officer, {name} {scale:g}x", officer, read, read) for name, read in lists.items()),
    ]


def _people() -> tuple[Person, Person, Person]:
    """Of head office, of a branch, and the officer with the most to do."""
    with access.reading(MACHINE) as conn:
        busiest = max(figures.due_soon_by_officer(conn, Scope(bank.LAST), PAST), key=lambda row: (row.staff_id is not None, row.n))
        return demo.somebody(conn, Role.HEAD_RISK), demo.somebody(conn, Role.BRANCH_HEAD), staff.person(conn, busiest.staff_id)


def _branches_of(head: Person) -> tuple[int, ...]:
    with access.reading(head) as conn:
        return tuple(branches.under(conn, head.branch_id))


def _dashboard(scope: Scope) -> dict[str, Read]:
    return {
        "done per day": lambda conn: figures.done_per_day(conn, scope, SINCE),
        "completion": lambda conn: figures.completion(conn, scope, figures.compared(scope.today, PAST)),
        "completion per day": lambda conn: figures.completion_per_day(conn, scope, SINCE),
        "overdue now": lambda conn: figures.overdue_now(conn, scope),
        "overdue per day": lambda conn: figures.overdue_per_day(conn, scope, SINCE),
        "due soon": lambda conn: figures.due_soon(conn, scope, 7),
        "due soon by branch": lambda conn: figures.due_soon_by_branch(conn, scope, 30),
        "due soon by officer": lambda conn: figures.due_soon_by_officer(conn, scope, 30),
        "signals open": lambda conn: figures.signals_open(conn, scope),
        "signals waiting per day": lambda conn: figures.signals_waiting_per_day(conn, scope, SINCE),
        "handling days": lambda conn: figures.handling_days(conn, scope, SINCE),
        "on site per day": lambda conn: figures.on_site_per_day(conn, scope, SINCE),
        "branches": lambda conn: figures.branch_table(conn, scope, SINCE),
    }


def _lists(officer: Person) -> dict[str, Read]:
    return {
        "my todos": lambda conn: todos.of_officer(conn, officer.id),
        "my counts": lambda conn: todos.counts_of_officer(conn, officer.id, bank.LAST, bank.LAST),
        "my signals": lambda conn: signals.queue(conn, owner_id=officer.id),
    }


def _beside(name: str, by: Person, guarded: Read, unguarded: Read) -> Figure:
    """In turn, so that what else the machine does falls on both."""
    mine, floor = [], []
    begun = time.monotonic()
    for n in range(TIMES):
        if n >= 3 and time.monotonic() - begun > LONG:
            break
        with access.reading(by) as conn:
            mine.append(_seconds(conn, guarded))
        with scratch.unguarded() as conn:
            floor.append(_seconds(conn, unguarded))
    return Figure(name, min(mine), min(floor))


def _seconds(conn: Connection, read: Read) -> float:
    begun = time.perf_counter()
    read(conn)
    first = time.perf_counter() - begun
    if first > 1:  # as long as that, a warm catalogue and plan make no difference
        return first
    begun = time.perf_counter()
    read(conn)
    return time.perf_counter() - begun
