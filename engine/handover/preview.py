"""What a handover would do, before anybody does it: what is held, a proposed split, loads before and after."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from db import handovers, leavings, staff
from db.access import Connection, Person
from db.handovers import Minutes
from db.vocab import Role
from engine import permits
from engine.handover import splitting
from engine.handover.splitting import Lot
from engine.route.travel import Point

AHEAD = timedelta(days=30)
TAKES = Minutes(field=40, phone=10, data=15)  # of a check, the way to it included
RECEIVERS = (Role.MANAGER, Role.INSPECTOR)


@dataclass(frozen=True)
class Load:
    """What one person has: counts, and the minutes of the todos that are due within 30 days."""

    name: str
    customers: int = 0
    loans: int = 0
    open: int = 0
    overdue: int = 0
    minutes: int = 0

    @property
    def hours(self) -> float:
        return self.minutes / 60

    @property
    def work(self) -> float:
        return splitting.weight(self.minutes, self.open, self.customers)


@dataclass(frozen=True)
class Preview:
    """`rows`: one a customer (db.handovers.portfolio); `version`: of what was seen, to be shown again when it is done; `begun`: of
    each customer the drafts that the giver has not sent, and their photos; `loose_leads`: those that no customer takes along.
    """

    from_id: int
    rows: Sequence
    version: str
    before: Mapping[int, Load]
    proposed: Mapping[int, int] = field(default_factory=dict)
    begun: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    loose_leads: int = 0

    def after(self, parts: Mapping[int, int]) -> dict[int, Load]:
        """The loads once each customer has gone to whom the parts say."""
        loads = dict(self.before)
        for row in self.rows:
            if row.customer_id in parts:
                to = parts[row.customer_id]
                loads[to] = _with(loads[to], row, 0 if to in (row.manager_id, row.inspector_id) else 1)
                loads[self.from_id] = _with(
                    loads[self.from_id], row, -1 if self.from_id in (row.manager_id, row.inspector_id) else 0, -1
                )
        return loads


def _with(load: Load, row, customers: int, sign: int = 1) -> Load:
    return Load(
        load.name, load.customers + customers, load.loans + sign * len(row.loan_ids), load.open + sign * row.open,
        load.overdue + sign * row.overdue, load.minutes + sign * row.minutes,
    )  # fmt: skip


def look(
    conn: Connection, by: Person, from_id: int, to_ids: Sequence[int], chosen: Collection[int] | None = None, *, today: date
) -> Preview:
    """What this person holds and a split of it (of the chosen customers alone) among those who receive."""
    return propose(conn, hold(conn, by, from_id, today=today), to_ids, chosen, today=today)


def hold(conn: Connection, by: Person, from_id: int, *, today: date) -> Preview:
    """What this person holds, before anybody receives."""
    permits.must(by, "handover.make")
    rows = handovers.portfolio(conn, from_id, today, today + AHEAD, TAKES)
    begun = {row.customer_id: (row.drafts, row.photos) for row in leavings.begun_by(conn, from_id)}
    return Preview(from_id, rows, version(rows), {}, {}, begun, handovers.loose_leads(conn, from_id))


def propose(
    conn: Connection, held: Preview, to_ids: Sequence[int], chosen: Collection[int] | None = None, *, today: date
) -> Preview:
    """A split of what is held, or of the chosen customers alone, among those who receive."""
    rows = [row for row in held.rows if chosen is None or row.customer_id in chosen]
    found = handovers.loads(conn, [held.from_id, *to_ids], today, today + AHEAD, TAKES)
    loads = {one: Load(x.name, x.customers, x.loans, x.open, x.overdue, x.minutes) for one, x in found.items()}
    receivers = {one: loads[one].work for one in to_ids if one in loads}
    return replace(held, rows=rows, before=loads, proposed=splitting.split(map(_lot, rows), receivers))


def _lot(row) -> Lot:
    point = Point(row.lat, row.lon) if row.lat is not None else None
    return Lot(row.customer_id, row.village, point, splitting.weight(row.minutes, row.open))


def version(rows: Sequence) -> str:
    """Of a whole portfolio: the same as long as nobody gave or took a customer or a loan. Todos that are checked meanwhile
    change nothing: officers work on while somebody looks at a preview.
    """
    seen = hashlib.sha256()
    for row in sorted(rows, key=lambda row: row.customer_id):
        if row.manager_id or row.inspector_id or row.loan_ids:
            seen.update(f"{row.customer_id}:{row.manager_id}:{row.inspector_id}:{list(row.loan_ids)};".encode())
    return seen.hexdigest()[:16]


def receivers(conn: Connection, branch_ids: Sequence[int] | None = None) -> dict[int, object]:
    """Everybody of these branches who can receive: officers who are with the bank, with their branch."""
    return {row.id: row for row in staff.colleagues(conn, branch_ids, RECEIVERS)}
