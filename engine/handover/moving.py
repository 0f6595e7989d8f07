"""Handing over and taking back. One transaction each: everything, or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from db import branches, handovers, leavings, staff
from db.access import Connection, Person
from db.vocab import HandoverState, Held, Role
from engine import notices, permits, refusals
from engine.handover.preview import AHEAD, TAKES, receivers, version

WRITE_THE_SAME_ROWS = ("night", "load")  # jobs


@dataclass(frozen=True)
class Plan:
    """`parts`: customer -> to whom. `leads_to`: who follows leads that were found at nobody's. `seen`: the version of the
    preview that was looked at; None takes it as it is.
    """

    from_id: int
    parts: Mapping[int, int]
    reason: str
    from_on: date
    until_on: date | None = None
    seen: str | None = None
    leads_to: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What was moved, or given back; `overdue`: of the todos, those that were late already; `kept`: rows that had changed
    since and were left as they are.
    """

    id: int
    customers: int = 0
    loans: int = 0
    todos: int = 0
    signals: int = 0
    overdue: int = 0
    kept: int = 0
    leads: int = 0
    drafts: int = 0


Say = Callable[[int, int], None]  # so many steps of so many


def _quietly(_done: int, _of: int) -> None:
    pass


def hand_over(conn: Connection, by: Person, plan: Plan, *, now: datetime, today: date, say: Say = _quietly) -> Outcome:
    """Today at once; from a later day on, the night of that day does it. A preview that is stale is refused."""
    permits.must(by, "handover.make")
    reason = permits.must_say_why(plan.reason)
    if plan.from_on < today or plan.until_on is not None and plan.until_on < plan.from_on:
        raise refusals.BadPeriod
    _take_turn(conn)
    giver = _must_fit(conn, by, plan)
    rows = handovers.portfolio(conn, plan.from_id, today, today + AHEAD, TAKES)
    if plan.seen is not None and plan.seen != version(rows):
        raise refusals.StalePreview
    parts = {row.customer_id: plan.parts[row.customer_id] for row in rows if row.customer_id in plan.parts}
    if not parts:
        raise refusals.NothingToHandOver
    row = {
        "from_id": plan.from_id, "to_ids": sorted(set(parts.values())), "from_on": plan.from_on, "until_on": plan.until_on, "leads_to": plan.leads_to,
        "branch_id": by.branch_id if by.role is Role.BRANCH_HEAD else giver.branch_id, "reason": reason,
        "state": HandoverState.WAITING, "made_by": by.id, "made_at": now,
    }  # fmt: skip
    handover_id = handovers.begin(conn, row, parts)
    if plan.from_on > today:
        return Outcome(handover_id, len(parts))
    return carry_out(conn, handover_id, now=now, today=today, say=say)


def _take_turn(conn: Connection) -> None:
    if not handovers.take_turn(conn, *WRITE_THE_SAME_ROWS):
        raise refusals.NightIsRunning


def _must_fit(conn: Connection, by: Person, plan: Plan):
    """Those who receive are officers, others than the giver, and of a branch head's own people. The giver's row."""
    giver = staff.row(conn, plan.from_id)
    if giver is None:
        raise refusals.NotFound
    to_ids = set(plan.parts.values()) | ({plan.leads_to} - {None})
    if plan.from_id in to_ids:
        raise refusals.ToHimself
    officers = receivers(conn)
    if not to_ids <= officers.keys():
        raise refusals.NotAnOfficer
    if not _all_his(conn, by, {officers[one].branch_id for one in to_ids}):
        raise refusals.OtherBranches
    return giver


def _all_his(conn: Connection, by: Person, branch_ids: set[int]) -> bool:
    return by.role is not Role.BRANCH_HEAD or branch_ids <= set(branches.under(conn, by.branch_id))


def carry_out(conn: Connection, handover_id: int, *, now: datetime, today: date, say: Say = _quietly) -> Outcome:
    """Move what the giver still holds of the customers named; whoever comes second finds it done."""
    if not handovers.pass_on(conn, handover_id, HandoverState.WAITING, state=HandoverState.DONE):
        raise refusals.Conflict
    from_id = handovers.get(conn, handover_id).from_id
    moved = {}
    for step, what in enumerate(Held):
        say(step, len(Held))
        moved[what] = handovers.move(conn, handover_id, what, from_id, today, now)
    done = Outcome(
        handover_id, handovers.customers_moved(conn, handover_id), moved[Held.LOAN].n, moved[Held.TODO].n, moved[Held.SIGNAL].n,
        moved[Held.TODO].overdue, leads=moved[Held.LEAD].n, drafts=leavings.hand_on(conn, handover_id, now),
    )  # fmt: skip
    handovers.stamp(
        conn, handover_id, now, customers_moved=done.customers, loans_moved=done.loans, todos_moved=done.todos,
        signals_moved=done.signals, overdue_moved=done.overdue, leads_moved=done.leads, drafts_given=done.drafts,
    )  # fmt: skip
    for share in handovers.shares(conn, handover_id):
        notices.of_todos_given(conn, share.to_id, share.todos or 0)
    say(len(Held), len(Held))
    return done


def undo(conn: Connection, by: Person, handover_id: int, *, now: datetime, say: Say = _quietly) -> Outcome:
    """Withdraw one that waits; of one that is done, give back row by row what nobody has changed since."""
    permits.must(by, "handover.make")
    _take_turn(conn)
    found = handovers.get(conn, handover_id)
    if found is None:
        raise refusals.NotFound
    if found.made_by != by.id and not _all_his(conn, by, _branches_of(conn, found)):
        raise refusals.OtherBranches
    return end(conn, handover_id, by.id, now=now, say=say)


def _branches_of(conn: Connection, found) -> set[int]:
    return {person.branch_id for one in (found.from_id, *found.to_ids) if (person := staff.row(conn, one))}


def end(conn: Connection, handover_id: int, by: int | None, *, now: datetime, say: Say = _quietly) -> Outcome:
    """Given back by somebody, or by the night (None) when a temporary one is over."""
    ended = {"ended_by": by, "ended_at": now}
    if handovers.pass_on(conn, handover_id, HandoverState.WAITING, state=HandoverState.WITHDRAWN, **ended):
        return Outcome(handover_id)
    if not handovers.pass_on(conn, handover_id, HandoverState.DONE, state=HandoverState.RETURNED, **ended):
        raise refusals.Conflict
    back = {}
    for step, what in enumerate(Held):
        say(step, len(Held))
        back[what] = handovers.give_back(conn, handover_id, what, now)
    drafts, kept = leavings.take_back(conn, handover_id), handovers.count_kept(conn, handover_id)
    handovers.note_kept(conn, handover_id, kept)
    notices.of_todos_given(conn, handovers.get(conn, handover_id).from_id, back[Held.TODO])
    say(len(Held), len(Held))
    customers = handovers.customers_moved(conn, handover_id, returned=True)
    return Outcome(
        handover_id, customers, back[Held.LOAN], back[Held.TODO], back[Held.SIGNAL], kept=kept, leads=back[Held.LEAD], drafts=drafts
    )
