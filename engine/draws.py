"""Spot checks of records (抽查): head office draws a sample, and somebody who neither made nor judged a check looks at it again."""

import math
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from db import draws, records
from db.access import Connection, Person
from db.vocab import CallBack, SecondLook
from engine import notices, permits, refusals

MOST = 2_000  # checks of one draw: more is no sample


@dataclass(frozen=True)
class Wish:
    """What is drawn: from which checks, so many or such a share of them, those with a quality flag first if wished."""

    among: records.Filter
    number: int | None = None
    share: float | None = None  # of 1
    flagged_first: bool = False
    branch_id: int | None = None  # as it was chosen; `among` has it with those below it


@dataclass(frozen=True)
class Said:
    """What somebody found at the second look; and what the customer said, if he was called."""

    state: SecondLook
    words: str | None = None
    call: CallBack | None = None
    call_words: str | None = None


def size(wish: Wish, population: int) -> int:
    """How many are drawn of so many; of a share the part is rounded up."""
    wanted = wish.number if wish.number is not None else math.ceil(population * (wish.share or 0))
    return min(max(wanted, 0), population)


def draw(conn: Connection, by: Person, wish: Wish, seed: str, *, now: datetime) -> int:
    """The draw's id. The same seed over the same checks draws the same, whoever does it; twice it is refused.
    Who may look at them is told."""
    permits.must(by, "spot.draw")
    population = draws.population(conn, wish.among)
    n = size(wish, population)
    if n == 0:
        raise refusals.NothingToDraw
    if n > MOST:
        raise refusals.TooManyToDraw(n=f"{n:,}", most=f"{MOST:,}")
    kept = TypeAdapter(Wish).dump_python(wish, mode="json", exclude_defaults=True)
    draw_id = draws.begin(conn, {"branch_id": wish.branch_id, "wish": kept, "seed": seed, "population": population, "n": n,
                                 "made_by": by.id, "made_at": now})  # fmt: skip
    if draw_id is None:
        raise refusals.Conflict
    draws.fill(conn, draw_id, wish.among, seed, n, wish.flagged_first)
    notices.of_a_draw(conn, by, draw_id, n)
    return draw_id


def settle(conn: Connection, by: Person, draw_id: int, record_id: int, said: Said, *, now: datetime) -> None:
    """Agree with a check, or doubt it with words; a call that reached the customer needs what he said."""
    permits.must(by, "spot.check")
    look = next((one for one in draws.of_record(conn, record_id) if one.draw_id == draw_id), None)
    if look is None or said.state is SecondLook.WAITING:
        raise refusals.NotFound
    if look.staff_id == by.id:
        raise refusals.OnesOwn
    if draws.judged_by(conn, look, by.id):
        raise refusals.JudgedBefore
    doubted, reached = said.state is SecondLook.DOUBTED, said.call in (CallBack.CONFIRMED, CallBack.CONTRADICTED)
    words = permits.must_say_why(said.words) if doubted else (said.words or "").strip() or None
    call_words = permits.must_say_why(said.call_words) if reached else (said.call_words or "").strip() or None
    given = {"state": said.state, "words": words, "call": said.call, "call_words": call_words if said.call else None}
    if not draws.settle(conn, look, **given, done_by=by.id, done_at=now):
        raise refusals.Conflict
