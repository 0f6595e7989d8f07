"""Where customers are: marks with their history, what is missing or doubted, and everybody as points on a map."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from db.copying import as_one, from_one
from db.listing import InSteps, Page, begins, contains, page, stream
from db.tables import addresses, branches, customer_faces, customers, requests, staff, todos
from db.vocab import SINGLE_PLACES, Approval, Marking, Place, Request

a, c, f, r = addresses.c, customers.c, customer_faces.c, requests.c
marker, approver, manager, inspector = (staff.alias(name) for name in ("marker", "approver", "manager", "inspector"))
UNMARKED, DOUBTED, WAITING, MARKED = "unmarked", "doubtful", "waiting", "marked"
ORDER = {place: n for n, place in enumerate(Place)}  # in which a visit would go there
MACHINES_DOUBT = "^(same_point|centre|outside|twice)(:|$)"


@dataclass(frozen=True)
class Filter:
    """What the list is narrowed to; `state`: one of the words above."""

    state: str | None = None
    branch_ids: tuple[int, ...] | None = None
    manager_id: int | None = None
    text: str | None = None


def _present() -> sa.ColumnElement[bool]:
    return a.replaced_at.is_(None)


def _going_there() -> sa.Subquery:
    """For each marked customer the place that a visit goes to."""
    order = sa.case(ORDER, value=a.kind)
    marked = select(addresses).where(_present(), a.lat.is_not(None))
    return marked.ext(distinct_on(a.customer_id)).order_by(a.customer_id, order, a.id).subquery("there")


def _doubted() -> sa.ColumnElement[bool]:
    return c.id.in_(select(a.customer_id).where(_present(), a.doubt.is_not(None)))


def _waiting() -> sa.ColumnElement[bool]:
    return c.id.in_(select(r.customer_id).where(r.kind == Request.ADDRESS_MOVE, r.state == Approval.SUBMITTED))


def _marked() -> sa.ColumnElement[bool]:
    return c.id.in_(select(a.customer_id).where(_present(), a.lat.is_not(None)))


STATES = {UNMARKED: lambda: ~_marked(), DOUBTED: _doubted, WAITING: _waiting, MARKED: _marked}

SORTS = {
    "exposure": InSteps(f.size, f.exposure_fen), "customer": c.name, "number": c.customer_no, "branch": branches.c.code, "manager": manager.c.name,
    "marked": sa.literal_column("there.marked_at"),
}  # fmt: skip


def _conditions(x: Filter) -> list[sa.ColumnElement[bool]]:
    where = [f.live_loans > 0]
    where += [c.branch_id.in_(x.branch_ids)] if x.branch_ids is not None else []
    where += [c.manager_id == x.manager_id] if x.manager_id is not None else []
    return where + ([contains(c.name, x.text) | begins(c.customer_no, x.text)] if x.text else [])


def counts(conn: sa.Connection, x: Filter) -> sa.Row:
    """Customers with live loans: unmarked, marked, doubtful (of the marked), waiting; `x.state` aside."""
    counted = [func.count().filter(condition()).label(state) for state, condition in STATES.items()]
    return conn.execute(
        select(func.count().label("all"), *counted)
        .select_from(customers.join(customer_faces, f.customer_id == c.id))
        .where(*_conditions(x))
    ).one()


def _query(x: Filter) -> sa.Select:
    there, asked = _going_there(), _asked_of()
    where = _conditions(x) + ([STATES[x.state]()] if x.state else [])
    return (
        select(
            c.id, c.customer_no, c.name, c.address, c.village, c.branch_id, c.manager_id, c.inspector_id, f.exposure_fen,
            branches.c.name.label("branch"), manager.c.name.label("manager"), inspector.c.name.label("inspector"),
            there.c.kind, there.c.place, there.c.lat, there.c.lon, there.c.way, there.c.marked_at, _doubts().label("doubt"),
            marker.c.name.label("asked_of"), _waiting().label("waiting"),
        )
        .join(customer_faces, f.customer_id == c.id)
        .join(branches, branches.c.id == c.branch_id)
        .outerjoin(manager, manager.c.id == c.manager_id)
        .outerjoin(inspector, inspector.c.id == c.inspector_id)
        .outerjoin(there, there.c.customer_id == c.id)
        .outerjoin(asked, asked.c.customer_id == c.id)
        .outerjoin(marker, marker.c.id == asked.c.marker_id)
        .where(*where)
    )  # fmt: skip


def _doubts() -> sa.ScalarSelect:
    return select(func.min(a.doubt)).where(a.customer_id == c.id, _present(), a.doubt.is_not(None)).scalar_subquery()


def _asked_of() -> sa.Subquery:
    return (
        select(a.customer_id, func.max(a.marker_id).label("marker_id"))
        .where(_present(), a.lat.is_(None), a.marker_id.is_not(None))
        .group_by(a.customer_id)
        .subquery("asked")
    )


def listing(conn: sa.Connection, x: Filter, sort: str = "-exposure", limit: int = 50, offset: int = 0) -> Page:
    return page(conn, _query(x), SORTS, sort, limit, offset)


def export(conn: sa.Connection, x: Filter, sort: str = "-exposure"):
    return stream(conn, _query(x), SORTS, sort)


def get(conn: sa.Connection, address_id: int) -> sa.Row | None:
    return conn.execute(select(addresses).where(a.id == address_id)).one_or_none()


def of_kind(conn: sa.Connection, customer_id: int, kind: Place) -> sa.Row | None:
    """The present home or business; of the other kinds one that is not marked yet."""
    where = [a.customer_id == customer_id, a.kind == kind, _present()]
    where += [] if kind in SINGLE_PLACES else [a.lat.is_(None)]
    return conn.execute(select(addresses).where(*where).limit(1)).one_or_none()


def going_to(conn: sa.Connection, customer_ids: Collection[int]) -> dict[int, sa.Row]:
    """Of each of these customers who has one, the place that a visit goes to."""
    there = _going_there()
    return {row.customer_id: row for row in conn.execute(select(there).where(there.c.customer_id.in_(customer_ids)))}


def goal(marks: Sequence[sa.Row]) -> sa.Row | None:
    """The same of one customer's marks that stand."""
    return min(marks, key=lambda mark: (ORDER[mark.kind], mark.id), default=None)


def history(conn: sa.Connection, customer_id: int) -> list[sa.Row]:
    """Every mark there ever was, the latest first."""
    return conn.execute(
        select(addresses, marker.c.name.label("marker"), approver.c.name.label("approver"))
        .outerjoin(marker, marker.c.id == a.marked_by)
        .outerjoin(approver, approver.c.id == a.approved_by)
        .where(a.customer_id == customer_id, a.lat.is_not(None))
        .order_by(a.id.desc())
    ).all()


def neighbours(conn: sa.Connection, lat: float, lon: float, within: float) -> list[sa.Row]:
    """Other marks around a point (`within` degrees), to find one's way by: id, name, lat, lon."""
    there = _going_there()
    near = there.c.lat.between(lat - within, lat + within) & there.c.lon.between(lon - within, lon + within)
    return conn.execute(
        select(c.id, c.name, there.c.lat, there.c.lon)
        .join(there, there.c.customer_id == c.id)
        .where(near)
        .order_by(c.id)
        .limit(300)
    ).all()


# --- On a map --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sight:
    """Who is on the map. `assignee_id`: whose todos colour them (None: anybody's); a box in degrees, or all."""

    assignee_id: int | None = None
    branch_ids: tuple[int, ...] | None = None
    box: tuple[float, float, float, float] | None = None  # south, west, north, east


def _owed(assignee_id: int | None) -> sa.Subquery:
    t = todos.c
    where = [t.closed_on.is_(None)] + ([t.assignee_id == assignee_id] if assignee_id else [])
    return (
        select(
            t.customer_id,
            func.min(t.due_on).label("due_on"),
            func.min(t.late_from).label("late_from"),
            func.min(t.id).label("todo_id"),
        )
        .where(*where)
        .group_by(t.customer_id)
        .subquery("owed")
    )


def _on_map(x: Sight, *columns: object) -> sa.Select:
    there, owed = _going_there(), _owed(x.assignee_id)
    where = [(f.live_loans > 0) | owed.c.due_on.is_not(None)]
    where += [c.branch_id.in_(x.branch_ids)] if x.branch_ids is not None else []
    if x.box:
        south, west, north, east = x.box
        where += [there.c.lat.between(south, north), there.c.lon.between(west, east)]
    return (
        select(*(columns or _seen_of_each(there, owed)))
        .select_from(customers)
        .join(customer_faces, f.customer_id == c.id)
        .join(there, there.c.customer_id == c.id)
        .outerjoin(owed, owed.c.customer_id == c.id)
        .where(*where)
    )


def _seen_of_each(there, owed) -> list:
    return [
        c.id, c.customer_no, c.name, c.village, there.c.kind, there.c.lat, there.c.lon, there.c.doubt, owed.c.due_on, owed.c.late_from,
        owed.c.todo_id, f.exposure_fen, f.overdue_since, f.worst_class,
    ]  # fmt: skip


def on_map(conn: sa.Connection, x: Sight, limit: int) -> list[sa.Row]:
    """Marked customers with the day their next todo is due, the most urgent first."""
    return conn.execute(_on_map(x).order_by(sa.text("owed.late_from nulls last"), c.id).limit(limit)).all()


def in_cells(conn: sa.Connection, x: Sight, step: float, today: date, week_end: date) -> list[sa.Row]:
    """Many customers as cells of `step` degrees: lat and lon of their middle, n, and of them late, today, week, later, none."""
    late, due = sa.literal_column("owed.late_from"), sa.literal_column("owed.due_on")
    lat, lon = sa.literal_column("there.lat"), sa.literal_column("there.lon")
    in_time = late > today
    columns = [
        func.avg(lat).label("lat"), func.avg(lon).label("lon"), func.count().label("n"),
        func.floor(lat / step).label("row"), func.floor(lon / step).label("column"),
        func.count().filter(late <= today).label("late"), func.count().filter(in_time, due <= today).label("today"),
        func.count().filter(in_time, due > today, due <= week_end).label("week"),
        func.count().filter(in_time, due > week_end).label("later"), func.count().filter(due.is_(None)).label("none"),
    ]  # fmt: skip
    return conn.execute(_on_map(x, *columns).group_by(sa.text("4, 5"))).all()


def unmarked_of(conn: sa.Connection, staff_id: int) -> list[sa.Row]:
    """Customers without a mark that somebody sees, those he was asked to mark first: id, customer_no, name, address, village, asked."""
    asked = c.id.in_(select(a.customer_id).where(_present(), a.lat.is_(None), a.marker_id == staff_id))
    return conn.execute(
        select(c.id, c.customer_no, c.name, c.address, c.village, asked.label("asked"))
        .join(customer_faces, f.customer_id == c.id)
        .where(f.live_loans > 0, ~_marked())
        .order_by(asked.desc(), f.exposure_fen.desc(), c.id)
        .limit(50)
    ).all()


# --- Writes ----------------------------------------------------------------------------------------------------------


def add(conn: sa.Connection, **values: object) -> bool:
    """False when there is a home, or a business, already."""
    return conn.execute(insert(addresses).values(**values).on_conflict_do_nothing()).rowcount == 1


def replace(conn: sa.Connection, address_id: int, now: datetime) -> bool:
    """True for the one who replaces it; the row stays."""
    return conn.execute(sa.update(addresses).where(a.id == address_id, _present()).values(replaced_at=now)).rowcount == 1


def answer_asking(conn: sa.Connection, customer_id: int, now: datetime) -> None:
    """Nobody needs to be asked any more: the customer is marked."""
    conn.execute(sa.update(addresses).where(a.customer_id == customer_id, _present(), a.lat.is_(None)).values(replaced_at=now))


def set_doubt(conn: sa.Connection, address_id: int, doubt: str | None, checked_by: int | None) -> bool:
    changed = sa.update(addresses).where(a.id == address_id, _present(), a.lat.is_not(None))
    return conn.execute(changed.values(doubt=doubt, checked_by=checked_by)).rowcount == 1


def put(conn: sa.Connection, rows: Sequence[dict], now: datetime) -> None:
    """Many at once; a home or business there was before is replaced."""
    single = [row["customer_id"] for row in rows if row["kind"] in SINGLE_PLACES]
    kinds = [row["kind"] for row in rows if row["kind"] in SINGLE_PLACES]
    conn.execute(
        sa.text("""
            update addresses a set replaced_at = :now
            from unnest(cast(:customers as bigint[]), cast(:kinds as text[])) as n(customer_id, kind)
            where a.customer_id = n.customer_id and a.kind = n.kind and a.replaced_at is null"""),
        {"customers": single, "kinds": kinds, "now": now},
    )
    if rows:
        named = ", ".join(rows[0])
        conn.execute(
            sa.text(f"""
                insert into addresses ({named}, way)
                select {named}, :way from {from_one("addresses")}"""),
            {"rows": as_one(rows), "way": Marking.IMPORTED.value},
        )


def ask_to_mark(conn: sa.Connection, customer_ids: list[int], *, inspectors: bool) -> int:
    """Unmarked ones of these customers are asked of their manager, or of their inspector. Of how many somebody is asked."""
    who = c.inspector_id if inspectors else c.manager_id
    asked = select(c.id, sa.literal(Place.HOME.value), func.coalesce(c.address, ""), who).where(
        c.id.in_(customer_ids), who.is_not(None), ~_marked()
    )
    asking = insert(addresses).from_select(["customer_id", "kind", "place", "marker_id"], asked)
    return conn.execute(asking.on_conflict_do_nothing()).rowcount


def points(conn: sa.Connection) -> list[sa.Row]:
    """Every present mark that nobody has found right: id, lat, lon."""
    return conn.execute(
        select(a.id, a.lat, a.lon).where(_present(), a.lat.is_not(None), a.checked_by.is_(None)).order_by(a.id)
    ).all()


def doubt_marks(conn: sa.Connection, odd: dict[int, str], crowd: int) -> int:
    """What the machine doubts, by address, and besides: a point that `crowd` customers share, a place marked twice. Doubts
    that no longer hold are taken back; people's own stay. How many changed."""
    return conn.execute(
        sa.text("""
            with marked as (
                select id, customer_id, kind, round(lat::numeric, 5) as y, round(lon::numeric, 5) as x, doubt
                from addresses where replaced_at is null and lat is not null and checked_by is null
            ), ranked as (
                select *, dense_rank() over (partition by y, x order by customer_id) as nth,
                       count(*) over (partition by customer_id, kind, y, x) as times
                from marked
            ), counted as (
                select *, max(nth) over (partition by y, x) as n from ranked
            ), found as materialized (  -- by itself: the planner takes the update's own join for one row, and would loop
                select m.id, m.customer_id,
                       coalesce(case when n >= :crowd then 'same_point:' || n end, o.doubt, case when times > 1 then 'twice' end) as doubt
                from counted m
                left join unnest(cast(:ids as bigint[]), cast(:doubts as text[])) as o(id, doubt) on o.id = m.id
                where m.doubt is null or m.doubt ~ :machines
            )
            update addresses a set doubt = found.doubt from found
            where a.id = found.id and a.customer_id = found.customer_id and a.doubt is distinct from found.doubt"""),
        {"ids": list(odd), "doubts": list(odd.values()), "crowd": crowd, "machines": MACHINES_DOUBT},
    ).rowcount
