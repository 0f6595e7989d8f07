"""Half a bank in one go: 20,000 loans with their customers, todos and signals from one person to four, and back.

The floor is the bare updates of the same rows: no policies, no trail, no memory of what was moved, no checks of references.
Meanwhile officers begin checks of the customers that move; how long the slowest of them waited stands beside the seconds that
a person is ready to wait.
"""

import threading
import time
from collections.abc import Callable
from itertools import count

from db import access, demo, scratch, todos
from db.access import MACHINE, Person
from db.vocab import Role
from engine import acts, clock, handover
from engine.bench import bank
from engine.bench.figures import Figure
from engine.handover import Plan

LOANS, RECEIVERS, OFFICERS = 20_000, 4, 4
READY_TO_WAIT = 5.0  # seconds


def measure(scale: float, say: Callable[[str], None]) -> list[Figure]:
    """At `scale` times the case study's size; at 1 the 20,000 loans are half of all."""
    with bank.planted(scale, say):
        scratch.work(30, bank.LAST)
        return _measured(say)


def _measured(say: Callable[[str], None]) -> list[Figure]:
    with access.reading(MACHINE) as conn:
        head = demo.somebody(conn, Role.HEAD_LOANS)
        giver, *receivers = list(handover.receivers(conn))[: 1 + RECEIVERS]
    scratch.concentrate(giver, LOANS)
    floor = scratch.floor_of_handover(giver, receivers[0])
    begun = time.monotonic()
    with access.reading(head) as conn:
        seen = handover.look(conn, head, giver, receivers, today=bank.LAST)
    looked = time.monotonic() - begun
    plan = Plan(giver, seen.proposed, "measured", bank.LAST, seen=seen.version)
    said: list[float] = []
    begun = time.monotonic()
    done, waited = _beside_officers(head, plan, [row.customer_id for row in seen.rows], said)
    moved = said[-1] - begun
    begun = time.monotonic()
    with acts.act(head, "handover.make") as conn:
        handover.undo(conn, head, done.id, now=clock.now())
    back = time.monotonic() - begun
    say(
        f"{done.customers:,} customers, {done.loans:,} loans, {done.todos:,} todos, {done.signals:,} signals; checks begun meanwhile {len(waited):,}"
    )
    return [
        Figure("preview with split", looked, floor), Figure("handover", moved, floor), Figure("taken back", back, floor),
        Figure("longest wait of an officer", max(waited), READY_TO_WAIT),
    ]  # fmt: skip


def _beside_officers(head: Person, plan: Plan, customer_ids: list[int], said: list[float]):
    """What was done, and what each act of the officers took meanwhile."""
    over, waited = threading.Event(), []

    def officer(n: int) -> None:
        for k in count():
            if over.is_set():
                return
            begun = time.monotonic()
            with access.transaction(MACHINE, "bench") as conn:
                work = todos.of_customer(conn, customer_ids[(n * 977 + k * 31) % len(customer_ids)])
                todos.hold(conn, [todo.id for todo in work if todo.closed_on is None])
            waited.append(time.monotonic() - begun)

    threads = [threading.Thread(target=officer, args=(n,), daemon=True) for n in range(OFFICERS)]
    for thread in threads:
        thread.start()
    with acts.act(head, "handover.make") as conn:
        done = handover.hand_over(conn, head, plan, now=clock.now(), today=bank.LAST)
    said.append(time.monotonic())
    over.set()
    for thread in threads:
        thread.join()
    return done, waited
