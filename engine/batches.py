"""Many todos at once (批量操作): given, moved, deferred, cancelled, asked again, reminded of, exempted; and taken back.

Chosen by the filter of the list, previewed, done in one transaction, kept row by row (db/batches.py). What goes beyond the
rule that asked for a check waits for a second person (engine/approvals.py).
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID, uuid4

from db import batches, branches, handovers, loans, records
from db.access import Connection, Person
from db.todos import Filter
from db.vocab import BatchAct, BatchState, Kind, Request, Role
from engine import handover, notices, parameters, permits, refusals, requests

PERMIT = {
    BatchAct.ASSIGN: "todo.assign", BatchAct.DUE: "todo.move", BatchAct.DEFER: "todo.move", BatchAct.CANCEL: "todo.cancel",
    BatchAct.REISSUE: "todo.reissue", BatchAct.REMIND: "todo.remind", BatchAct.EXEMPT: "exemption.ask",
}  # fmt: skip
ASKED = {BatchAct.DEFER: Request.DEFERRAL, BatchAct.EXEMPT: Request.EXEMPTION}
NEEDS_REASON = (BatchAct.CANCEL, BatchAct.REISSUE, BatchAct.DEFER, BatchAct.EXEMPT)
UNDOABLE = (BatchAct.ASSIGN, BatchAct.DUE, BatchAct.DEFER, BatchAct.CANCEL, BatchAct.REISSUE)
WRITE_THE_SAME_ROWS = ("night", "load")  # jobs


@dataclass(frozen=True)
class Wish:
    """What is to be done. `to`: one officer, or several among whom it is shared out; `due_on`: the new due day;
    `until_on`: the last day of an exemption."""

    act: BatchAct
    to: tuple[int, ...] = ()
    due_on: date | None = None
    until_on: date | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Preview:
    """`rows`: of each holder and each reason against it, how many (db.batches.look); `version`: of what was seen;
    `open`: how many pending todos everybody concerned has now."""

    rows: Sequence
    version: str
    open: Mapping[int, int] = field(default_factory=dict)

    @property
    def n(self) -> int:
        return sum(row.n for row in self.rows if row.why is None)

    @property
    def late(self) -> int:
        return sum(row.late for row in self.rows if row.why is None)

    @property
    def refused(self) -> dict[str, int]:
        """How many cannot, by why."""
        counts = Counter()
        for row in self.rows:
            if row.why is not None:
                counts[row.why] += row.n
        return dict(counts)

    @property
    def from_whom(self) -> dict[int | None, int]:
        return {row.assignee_id: row.n for row in self.rows if row.why is None}


@dataclass(frozen=True)
class Outcome:
    """`n`: todos changed or asked about; `kept`: taken back, those that had changed since; `waits`: for a second person."""

    id: int
    act: BatchAct
    n: int
    refused: Mapping[str, int] = field(default_factory=dict)
    kept: int = 0
    waits: bool = False


Say = Callable[[int, int], None]  # so many steps of so many


def _quietly(_done: int, _of: int) -> None:
    pass


def look(conn: Connection, by: Person, wish: Wish, which: Filter, *, today: date) -> Preview:
    """What it would do, before anybody does it."""
    permits.must(by, PERMIT[wish.act])
    rows = batches.look(conn, which, _asked(conn, by, wish, today))
    concerned = {row.assignee_id for row in rows if row.assignee_id} | set(wish.to)
    return Preview(rows, _version(conn, wish, which), batches.open_counts(conn, sorted(concerned)))


def _version(conn: Connection, wish: Wish, which: Filter) -> str:
    return hashlib.sha256(f"{wish.act}{batches.version(conn, which)}".encode()).hexdigest()[:16]


def _asked(conn: Connection, by: Person, wish: Wish, today: date) -> batches.Wish:
    hand_days = int(parameters.values(conn, today)["todos.hand_days"])
    return batches.Wish(wish.act, today, wish.to, wish.due_on, hand_days, wish.reason, by.id)


def refused(conn: Connection, by: Person, wish: Wish, which: Filter, *, today: date) -> list:
    """Which cannot, and why: the first hundred."""
    permits.must(by, PERMIT[wish.act])
    return batches.refused(conn, which, _asked(conn, by, wish, today))


def do(
    conn: Connection,
    by: Person,
    wish: Wish,
    which: Filter,
    seen: str,
    key: UUID,
    *,
    now: datetime,
    today: date,
    say: Say = _quietly,
) -> Outcome:
    """Once under a key; a preview that is stale is refused. What needs a second person only waits for him afterwards."""
    permits.must(by, PERMIT[wish.act])
    reason = permits.must_say_why(wish.reason) if wish.act in NEEDS_REASON else (wish.reason or "").strip() or None
    _must_fit(conn, by, wish, today)
    take_turn(conn)
    if done := batches.by_key(conn, key):
        return Outcome(done.id, BatchAct(done.act), done.n, done.refused, waits=done.state == BatchState.WAITING)
    if _version(conn, wish, which) != seen:
        raise refusals.ChosenHaveChanged
    asked = _asked(conn, by, wish, today)
    cannot = Preview(batches.look(conn, which, asked), seen).refused
    say(1, 4)
    batch_id = batches.begin(
        conn, act=wish.act, branch_id=by.branch_id, wish=_noted(wish), reason=reason, key=key, made_by=by.id, made_at=now,
        state=BatchState.WAITING if wish.act in ASKED else BatchState.DONE, refused=cannot,
    )  # fmt: skip
    n = _take(conn, batch_id, which, asked)
    say(2, 4)
    if wish.act in ASKED:
        _ask(conn, by, batch_id, wish, n, reason, now=now, today=today)
    elif wish.act is not BatchAct.REMIND:
        batches.settle(conn, batch_id, asked)
        say(3, 4)
        batches.put(conn, batch_id, wish.act)
    _tell(conn, by, batch_id, wish.act)
    say(4, 4)
    return Outcome(batch_id, wish.act, n, cannot, waits=wish.act in ASKED)


def _take(conn: Connection, batch_id: int, which: Filter, asked: batches.Wish) -> int:
    """The todos of the batch, noted in it; how many."""
    n = batches.take(conn, batch_id, which, asked)
    if not n:
        raise refusals.NothingToDo
    batches.note(conn, batch_id, n=n)
    return n


def take_turn(conn: Connection) -> None:
    """One at a time, and not while a job writes the same rows in an order of its own."""
    if not handovers.take_turn(conn, *WRITE_THE_SAME_ROWS):
        raise refusals.NightIsRunning


def _must_fit(conn: Connection, by: Person, wish: Wish, today: date) -> None:
    if wish.act in (BatchAct.DUE, BatchAct.DEFER, BatchAct.REISSUE) and (wish.due_on is None or wish.due_on < today):
        raise refusals.NotBackInTime
    if wish.act is BatchAct.EXEMPT and (wish.until_on is None or wish.until_on < today):
        raise refusals.BadPeriod
    if wish.act is BatchAct.ASSIGN:
        must_receive(conn, by, wish.to)


def must_receive(conn: Connection, by: Person, to: Sequence[int]) -> None:
    officers = handover.receivers(conn)
    if not to or not set(to) <= officers.keys():
        raise refusals.NotAnOfficer
    if by.role is Role.BRANCH_HEAD and not {officers[one].branch_id for one in to} <= set(branches.under(conn, by.branch_id)):
        raise refusals.OtherBranches


def _noted(wish: Wish) -> dict:
    days = {"due_on": wish.due_on, "until_on": wish.until_on}
    return {name: day.isoformat() for name, day in days.items() if day} | ({"to": list(wish.to)} if wish.to else {})


def _tell(conn: Connection, by: Person, batch_id: int, act: BatchAct) -> None:
    """Whoever has more to do now, or is to hurry."""
    if act in (BatchAct.ASSIGN, BatchAct.REISSUE, BatchAct.REMIND):
        for staff_id, n in batches.gone_to(conn, batch_id).items():
            if staff_id is not None and act is BatchAct.REMIND:
                notices.of_a_reminder(conn, staff_id, n)
            elif staff_id is not None:
                notices.of_todos_given(conn, staff_id, n, by_id=by.id)


# --- With a second person ---------------------------------------------------------------------------------------------


def _ask(conn: Connection, by: Person, batch_id: int, wish: Wish, n: int, reason: str, *, now: datetime, today: date) -> None:
    if wish.act is BatchAct.EXEMPT:
        batches.ask_exemptions(conn, batch_id, today, wish.until_on, reason, by.id)
    after = _noted(wish) | {"batch": batch_id, "todos": n, "customers": batches.customers_of(conn, batch_id)}
    requests.ask(conn, by, ASKED[wish.act], requests.About(0, by.branch_id, batch_id), None, after, reason, now=now)


def exempt_loan(
    conn: Connection, by: Person, loan_no: str, kinds: Sequence[Kind], until_on: date, reason: str, *, now: datetime, today: date
) -> int:
    """One loan is asked to be exempted from checks of these kinds. The request's id."""
    permits.must(by, "exemption.ask")
    reason = permits.must_say_why(reason)
    loan = loans.get(conn, loan_no)
    if loan is None or not loan.live:
        raise refusals.NotFound
    if not kinds or until_on < today:
        raise refusals.BadPeriod
    wish = {"until_on": until_on.isoformat(), "loan": loan_no, "kinds": sorted(kinds)}
    batch_id = batches.begin(conn, act=BatchAct.EXEMPT, branch_id=by.branch_id, wish=wish, reason=reason, key=uuid4(), made_by=by.id,
                             made_at=now, state=BatchState.WAITING)  # fmt: skip
    batches.ask_exemption(conn, batch_id, loan.customer_id, loan.id, sorted(kinds), today, until_on, reason, by.id)
    about = requests.About(loan.customer_id, loan.branch_id, loan.id)
    return requests.ask(conn, by, Request.EXEMPTION, about, None, wish | {"batch": batch_id}, reason, now=now)


def end_exemption(conn: Connection, by: Person, customer_id: int, exemption_id: int, *, now: datetime, today: date) -> None:
    """From today on the checks are owed again."""
    permits.must(by, "exemption.approve")
    records.touch(conn, [customer_id])
    if not batches.end_exemption(conn, exemption_id, by.id, today, now):
        raise refusals.Conflict


def apply(conn: Connection, request, by: int, now: datetime) -> None:
    """Approved: done to what has not changed since it was asked for."""
    take_turn(conn)
    batch_id = request.after["batch"]
    if not batches.pass_on(conn, batch_id, BatchState.WAITING, state=BatchState.DONE, ended_by=by, ended_at=now):
        raise refusals.Stale
    if request.kind == Request.EXEMPTION:
        if not batches.approve_exemptions(conn, batch_id, by, now):
            raise refusals.Stale
        return
    due_on = date.fromisoformat(request.after["due_on"])
    batches.settle(conn, batch_id, batches.Wish(BatchAct.DEFER, now.date(), due_on=due_on))
    changed = batches.put(conn, batch_id, BatchAct.DEFER)
    batches.note(conn, batch_id, n=changed, rows_kept=request.after["todos"] - changed)


def drop(conn: Connection, request, by: int, now: datetime) -> None:
    """Refused, or taken back by who asked."""
    batches.pass_on(conn, request.after["batch"], BatchState.WAITING, state=BatchState.REFUSED, ended_by=by, ended_at=now)


# --- Taking back ------------------------------------------------------------------------------------------------------


def undo(conn: Connection, by: Person, batch_id: int, *, now: datetime) -> Outcome:
    """Give back, row by row, what nobody has changed since; once."""
    found = batches.get(conn, batch_id)
    if found is None:
        raise refusals.NotFound
    act = BatchAct(found.act)
    if act not in UNDOABLE:
        raise refusals.CannotBeUndone
    permits.must(by, PERMIT[act])
    take_turn(conn)
    if not batches.pass_on(conn, batch_id, BatchState.DONE, state=BatchState.UNDONE, ended_by=by.id, ended_at=now):
        raise refusals.AlreadyDone
    back = batches.give_back(conn, batch_id, act)
    batches.note(conn, batch_id, rows_kept=found.n - back)
    _tell(conn, by, batch_id, act)
    return Outcome(batch_id, act, back, kept=found.n - back)
