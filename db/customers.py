"""Customers: lists, one customer from every side, unmasking as a logged act."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy import func, select

from db.listing import COUNTED, InSteps, Page, begins, contains, page, starts, stream
from db.spellings import ids_called
from db.tables import addresses, branches, customer_faces, customers, loans, records, staff, todos

c, f = customers.c, customer_faces.c
manager, inspector = staff.alias("manager"), staff.alias("inspector")


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed to; None narrows nothing."""

    today: date
    live: bool = True
    overdue: bool = False
    segment: str | None = None
    level: str | None = None
    worst_class: str | None = None
    branch_ids: tuple[int, ...] | None = None
    manager_id: int | None = None
    no_manager: bool = False
    no_address: bool = False
    since: date | None = None  # first handed down
    until: date | None = None
    text: str | None = None


def _last_check() -> sa.ScalarSelect:
    return (
        select(func.max(records.c.done_on)).where(records.c.customer_id == c.id, records.c.outcome == "completed").scalar_subquery()
    )


def _open_todos() -> sa.ScalarSelect:
    return select(func.count()).where(todos.c.customer_id == c.id, todos.c.closed_on.is_(None)).scalar_subquery()


SORTS = {
    "customer": c.name, "number": c.customer_no, "exposure": InSteps(f.size, f.exposure_fen), "overdue": f.overdue_since,
    "class": f.worst_class, "loans": f.live_loans, "branch": branches.c.code, "manager": manager.c.name,
}  # fmt: skip


def _query() -> sa.Select:
    return (
        select(
            c.id, c.customer_no, c.name, c.kind, c.phone_masked, c.identity_masked, c.address, c.village, c.source,
            c.branch_id, c.manager_id, c.inspector_id, c.created_on, f.segment, f.main_family, f.level, f.live_loans,
            f.exposure_fen, f.overdue_since, f.worst_class, branches.c.name.label("branch"), manager.c.name.label("manager"),
            inspector.c.name.label("inspector"), _last_check().label("last_check"), _open_todos().label("open_todos"),
        )
        .outerjoin(customer_faces, f.customer_id == c.id)
        .join(branches, branches.c.id == c.branch_id)
        .outerjoin(manager, manager.c.id == c.manager_id)
        .outerjoin(inspector, inspector.c.id == c.inspector_id)
    )  # fmt: skip


def conditions(x: Filter) -> list[sa.ColumnElement[bool]]:
    """The filter as conditions on customers and their faces."""
    where = [f.live_loans > 0] if x.live else []
    where += [f.overdue_since.is_not(None)] if x.overdue else []
    where += [c.branch_id.in_(x.branch_ids)] if x.branch_ids is not None else []
    where += [c.manager_id.is_(None)] if x.no_manager else []
    where += [c.created_on >= x.since] if x.since else []
    where += [c.created_on <= x.until] if x.until else []
    if x.no_address:
        marked = select(addresses.c.customer_id).where(addresses.c.lat.is_not(None), addresses.c.replaced_at.is_(None))
        where.append(c.id.not_in(marked))
    if x.text:
        where.append(is_called(x.text))
    exact = ((f.segment, x.segment), (f.level, x.level), (f.worst_class, x.worst_class), (c.manager_id, x.manager_id))
    return where + [column == value for column, value in exact if value is not None]


def is_called(text: str) -> sa.ColumnElement[bool]:
    """Part of the name or of the village, also in pinyin, the beginning of the number, or the whole phone or identity number."""
    having = select(func.unnest(sa.func.array_cat(func.vigil_having(text), ids_called(text, COUNTED + 1))))
    return contains(c.name, text) | contains(c.village, text) | begins(c.customer_no, text) | c.id.in_(having)


def matching(x: Filter) -> sa.Select:
    """The numbers of the customers of a list."""
    return select(c.id).outerjoin(customer_faces, f.customer_id == c.id).where(*conditions(x))


def listing(conn: sa.Connection, x: Filter, sort: str = "-exposure", limit: int = 50, offset: int = 0) -> Page:
    return page(conn, _query().where(*conditions(x)), SORTS, sort, limit, offset)


def export(conn: sa.Connection, x: Filter, sort: str = "-exposure"):
    return stream(conn, _query().where(*conditions(x)), SORTS, sort)


def get(conn: sa.Connection, customer_id: int) -> sa.Row | None:
    return conn.execute(_query().where(c.id == customer_id)).one_or_none()


def stands(conn: sa.Connection, customer_id: int) -> sa.Row | None:
    """Where a customer stands: branch_id, loan_ids (of the live ones, largest first)."""
    x = loans.c
    live = select(x.id).where(x.customer_id == c.id, x.live).order_by(x.balance_fen.desc(), x.id)
    return conn.execute(
        select(c.branch_id, func.array(live.correlate(customers).scalar_subquery()).label("loan_ids")).where(c.id == customer_id)
    ).one_or_none()


def by_number(conn: sa.Connection, customer_no: str) -> sa.Row | None:
    return conn.execute(_query().where(c.customer_no == customer_no)).one_or_none()


def addresses_of(conn: sa.Connection, customer_id: int) -> list[sa.Row]:
    a = addresses.c
    return conn.execute(select(addresses).where(a.customer_id == customer_id, a.replaced_at.is_(None)).order_by(a.kind, a.id)).all()


def reveal(conn: sa.Connection, customer_id: int, field: str, why: str) -> str | None:
    """The full phone or identity number; the database writes down who looked, at whose, and why."""
    return conn.execute(select(func.vigil_reveal(customer_id, field, why))).scalar()


def name_inspectors(conn: sa.Connection, named: dict[str, str]) -> int:
    """Customer number to staff number, where nobody is named yet."""
    return conn.execute(
        sa.text("""
            update customers c set inspector_id = s.id
            from unnest(cast(:customers as text[]), cast(:staff as text[])) as n(customer_no, staff_no)
            join staff s on s.staff_no = n.staff_no and s.left_on is null
            where c.customer_no = n.customer_no and c.inspector_id is null"""),
        {"customers": list(named), "staff": list(named.values())},
    ).rowcount


def name_inspector(conn: sa.Connection, customer_ids: list[int], staff_id: int, *, own: bool) -> int:
    """How many of them got this inspector. `own`: only whom the acting person manages, or an absent colleague of his does."""
    managed = c.manager_id.in_(select(func.unnest(func.vigil_acting_for())))
    named = sa.update(customers).where(c.id.in_(customer_ids)).values(inspector_id=staff_id)
    return conn.execute(named.where(managed) if own else named).rowcount


def numbered(conn: sa.Connection, text: str, limit: int) -> list[int]:
    """Customers whose number begins like this."""
    return list(conn.execute(select(c.id).where(starts(c.customer_no, text)).order_by(c.customer_no).limit(limit)).scalars())


def having(conn: sa.Connection, number: str, limit: int) -> list[int]:
    """Customers with this very phone or identity number."""
    return list(conn.execute(select(func.unnest(func.vigil_having(number)).label("id")).order_by("id").limit(limit)).scalars())


def some(conn: sa.Connection, ids: list[int]) -> list[sa.Row]:
    """These customers in this order, with what tells them apart in a short list."""
    rows = conn.execute(
        select(
            c.id, c.customer_no, c.name, c.phone_masked, c.village, f.exposure_fen, f.live_loans, branches.c.name.label("branch")
        )
        .outerjoin(customer_faces, f.customer_id == c.id)
        .join(branches, branches.c.id == c.branch_id)
        .where(c.id.in_(ids))
    )
    return sorted(rows, key=lambda row: ids.index(row.id))
