"""A branch's open visits shared out among its officers: worked out in the background, looked at, then applied in one go."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

from db import access, branches, rounds
from db.access import Connection, Person
from db.vocab import SharingState, Start
from engine import clock, permits, refusals, todos
from engine.rounds.book import Book, gather, in_town
from engine.rounds.planning import planned
from engine.route import branch
from engine.route.branch import Officer
from engine.route.travel import Point

SECONDS = 0.3  # of work on each officer's round


def begin(conn: Connection, by: Person, day: date, due_until: date, staff_ids: list[int]) -> int:
    """Say that visits due up to a day are to be shared out among these officers; its number."""
    permits.must(by, "round.share")
    if not staff_ids:
        raise refusals.NobodyToShare
    found = rounds.begin_sharing(conn, {
        "branch_id": by.branch_id, "day": day, "due_until": due_until, "made_by": by.id,
        "shares": [{"staff": staff_id} for staff_id in staff_ids],
    })  # fmt: skip
    if found is None:
        raise refusals.SharingWaits
    return found


def share_in_background(by: Person, sharing_id: int) -> None:
    """From a page: the work goes on when its reader goes away; how far it is stands in the row."""
    threading.Thread(target=work_out, args=(by, sharing_id), daemon=True).start()


def work_out(by: Person, sharing_id: int) -> None:
    """The shares of a sharing that was begun. What goes wrong is kept with it: nobody waits in vain."""
    try:
        _work_out(by, sharing_id)
    except refusals.Refusal as no:
        _tell(by, sharing_id, state=SharingState.FAILED, error=type(no).__name__)
    except Exception:
        _tell(by, sharing_id, state=SharingState.FAILED, error="error")
        raise


def _work_out(by: Person, sharing_id: int) -> None:
    now = clock.now()
    with access.reading(by) as conn:
        asked = rounds.sharing(conn, sharing_id)
        books = [gather(conn, one["staff"], asked.day, now) for one in asked.shares]
        pool = rounds.candidates(conn, [], branches.under(conn, asked.branch_id))
    shares = shared(books, pool, asked.due_until, by.id, lambda how_far: _tell(by, sharing_id, progress=how_far))
    _tell(by, sharing_id, state=SharingState.READY, shares=shares, progress=None)


def _tell(by: Person, sharing_id: int, **values: object) -> bool:
    with access.transaction(by, "round.share") as conn:
        return rounds.tell_sharing(conn, sharing_id, **values)


def shared(
    books: list[Book], pool: Sequence, due_until: date, made_by: int, say: Callable[[str], object] = lambda _how_far: None,
) -> list[dict]:  # fmt: skip
    """By officer: the todos that come to him, and his round. What somebody has begun, or what leads nowhere, stays with him."""
    rows = _merged([row for row in (*(row for book in books for row in book.rows), *pool) if _is_free(row, due_until)])
    if not rows:
        raise refusals.NobodyToShare
    stops = [books[0].stop(row) for row in rows]
    points = [Point(row.lat, row.lon, in_town(row)) for row in rows]
    officers = [Officer(book.staff_id, Point(*book.middle) if book.middle else points[0]) for book in books]
    shares = []
    for number, (book, patch) in enumerate(zip(books, branch.patches(officers, stops, points), strict=True), 1):
        shares.append(_share(book, [rows[n] for n in patch], due_until, made_by))
        say(f"{number}/{len(books)}")
    return shares


def _is_free(row, due_until: date) -> bool:
    return not row.started and row.lat is not None and row.due_on <= due_until


def _merged(rows: list) -> list[SimpleNamespace]:
    """One a customer, whoever owes him something now: nobody is visited by two."""
    of: dict[int, list] = {}
    for row in rows:
        of.setdefault(row.customer_id, []).append(row)
    return [
        SimpleNamespace(
            **dict(parts[0]._mapping)
            | {"kinds": [kind for row in parts for kind in row.kinds], "due_on": min(row.due_on for row in parts),
               "late_from": min(row.late_from for row in parts)},
            parts=parts,
        )
        for parts in of.values()
    ]  # fmt: skip


def _share(book: Book, given: list, due_until: date, made_by: int) -> dict:
    """What one officer would have: what he keeps, and what he is given; the round of that day."""
    his = replace(book, rows=(*(row for row in book.rows if not _is_free(row, due_until)), *given))
    new = [part for row in given for part in row.parts if part.staff_id != book.staff_id]
    place = his.start(None, Start.BRANCH)
    return {
        "staff": book.staff_id, "before": len(book.rows), "after": len(his.rows), "new": len(new),
        "todos": [todo for row in new for todo in row.todo_ids],
        "round": _as_json(planned(his, place, made_by, SECONDS)) if place else None,
    }  # fmt: skip


def _as_json(row: dict) -> dict:
    return row | {"day": row["day"].isoformat()}


def apply(conn: Connection, by: Person, sharing_id: int) -> int:
    """Give the todos and keep the rounds, all or nothing; how many todos changed hands."""
    permits.must(by, "round.share")
    sharing = _ready(conn, sharing_id)
    if not rounds.end_sharing(conn, sharing_id, SharingState.APPLIED, after=(SharingState.READY,)):
        raise refusals.Conflict
    given = sum(todos.assign(conn, by, share["todos"], share["staff"]) for share in sharing.shares if share["todos"])
    rounds.put(conn, [share["round"] | {"day": sharing.day, "made_by": by.id} for share in sharing.shares if share["round"]])
    return given


def drop(conn: Connection, by: Person, sharing_id: int) -> None:
    permits.must(by, "round.share")
    _ready(conn, sharing_id)
    if not rounds.end_sharing(conn, sharing_id, SharingState.DROPPED):
        raise refusals.Conflict


def _ready(conn: Connection, sharing_id: int):
    sharing = rounds.sharing(conn, sharing_id)
    if sharing is None:
        raise refusals.NotFound
    return sharing
