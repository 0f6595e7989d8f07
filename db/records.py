"""Checks as they were submitted: added, never changed, but for the grade when the machine finds something later."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import select

from db.copying import as_one, from_one
from db.listing import InSteps, Page, contains, page, stream
from db.tables import branches, customer_faces, customers, opinions, qualities, records, reviews, staff
from db.vocab import EFFECTIVE, Mode, Outcome

r = records.c


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed to; None narrows nothing. `placed`: with a position that could be compared with a marked address;
    `flaw`: with this pointed out about it, or with ANY_FLAW."""

    done_from: date | None = None
    done_to: date | None = None
    kind: str | None = None
    mode: str | None = None
    conclusion: str | None = None
    branch_ids: tuple[int, ...] | None = None
    staff_id: int | None = None
    placed: bool | None = None
    on_site: bool | None = None
    text: str | None = None
    box: tuple[float, float, float, float] | None = None  # south, west, north, east, in which the position lies
    flaw: str | None = None


ANY_FLAW = "any"
EVERYTHING = Filter()
SORTS = {"done": InSteps(r.done_on, r.finished_at), "customer": customers.c.name, "staff": staff.c.name, "branch": branches.c.code}


def add(conn: sa.Connection, rows: list[dict]) -> list[int | None]:
    """Ids of the rows in order; None where the submit key was there already. All rows name the same columns."""
    if not rows:
        return []
    named = ", ".join(rows[0])
    added = conn.execute(
        sa.text(f"""
            insert into records ({named}) select {named} from {from_one("records")}
            on conflict (submit_key) do nothing returning cast(submit_key as text) as key, id"""),
        {"rows": as_one(rows)},
    )
    ids = {row.key: row.id for row in added}
    return [ids.get(str(row["submit_key"])) for row in rows]


def by_key(conn: sa.Connection, submit_key: UUID) -> sa.Row | None:
    return conn.execute(select(r.id, r.digest, r.receipt).where(r.submit_key == submit_key)).one_or_none()


def get(conn: sa.Connection, record_id: int) -> sa.Row | None:
    """One check with everything that was submitted; the customer's name where it may still be seen."""
    return conn.execute(
        select(records, customers.c.name.label("customer"), customers.c.customer_no, staff.c.name.label("staff"), branches.c.name.label("branch"))
        .outerjoin(customers, customers.c.id == r.customer_id)
        .join(branches, branches.c.id == r.branch_id)
        .join(staff, staff.c.id == r.staff_id)
        .where(r.id == record_id)
    ).one_or_none()  # fmt: skip


def same_digits(conn: sa.Connection, lat: float, lon: float, since: date) -> list[sa.Row]:
    """Positions of colleagues that are this very one, to the last digit."""
    theirs = sa.func.vigil_same_digits(lat, lon, since).table_valued("lat", "lon", "accuracy_m", "at")
    return conn.execute(select(theirs.c["lat", "lon", "accuracy_m", "at"])).all()


def regrade(conn: sa.Connection, record_id: int, customer_id: int, grade: str | None, presence: list) -> None:
    """The machine has found something after the check had come; the trail keeps both grades."""
    conn.execute(sa.update(records).where(r.id == record_id, r.customer_id == customer_id).values(grade=grade, presence=presence))


def by_form(conn: sa.Connection, submit_keys: list[UUID]) -> list[sa.Row]:
    """What presence was judged by, of checks by the keys of their forms."""
    return conn.execute(
        select(r.id, r.customer_id, r.branch_id, r.staff_id, r.submit_key, r.grade, r.presence).where(r.submit_key.in_(submit_keys))
    ).all()


def last_filled_in(conn: sa.Connection, customer_id: int, mode: str) -> sa.Row | None:
    """The last completed check of this way that was made with a form of ours: what the next one begins with."""
    return conn.execute(
        select(r.id, r.done_on, r.conclusion, r.form_code, r.answers)
        .where(r.customer_id == customer_id, r.mode == mode, r.outcome == Outcome.COMPLETED, r.form_code.is_not(None))
        .order_by(r.done_on.desc(), r.id.desc())
        .limit(1)
    ).one_or_none()


def effective_calls(conn: sa.Connection, customer_id: int, kind: str, day: date) -> int:
    """How often this debtor was spoken to on a day."""
    return conn.execute(
        select(sa.func.count()).where(
            r.customer_id == customer_id, r.kind == kind, r.mode == Mode.PHONE, r.done_on == day, r.outcome.in_(EFFECTIVE)
        )
    ).scalar_one()


def fixes_of(conn: sa.Connection, staff_id: int, since: date, limit: int = 200) -> list[sa.Row]:
    """Where somebody's phone said it was at earlier checks, latest first."""
    return conn.execute(
        select(r.lat, r.lon, r.accuracy_m, sa.func.coalesce(r.fixed_at, r.finished_at).label("at"))
        .where(r.staff_id == staff_id, r.done_on >= since, r.lat.is_not(None))
        .order_by(r.finished_at.desc())
        .limit(limit)
    ).all()


def touch(conn: sa.Connection, customer_ids: list[int]) -> None:
    """The night must look at these customers again."""
    conn.execute(sa.update(customer_faces).where(customer_faces.c.customer_id.in_(customer_ids)).values(touched_at=sa.func.now()))


def _query() -> sa.Select:
    """Also of a customer who has gone to another branch since, without his name: a list has as many rows as its figure."""
    return (
        select(
            r.id, r.customer_id, r.kind, r.mode, r.done_on, r.finished_at, r.outcome, r.conclusion, r.note, r.answers,
            r.distance_m, r.grade, r.offline, r.received_at, r.form_code, r.form_version, r.loan_ids, r.staff_id, customers.c.name.label("customer"), customers.c.customer_no,
            staff.c.name.label("staff"), branches.c.name.label("branch"), reviews.c.state.label("review"), opinions.c.state.label("opinion"),
            qualities.c.flags,
        )
        .outerjoin(customers, customers.c.id == r.customer_id)
        .join(branches, branches.c.id == r.branch_id)
        .join(staff, staff.c.id == r.staff_id)
        .outerjoin(reviews, sa.and_(reviews.c.record_id == r.id, reviews.c.customer_id == r.customer_id))
        .outerjoin(opinions, sa.and_(opinions.c.record_id == r.id, opinions.c.customer_id == r.customer_id))
        .outerjoin(qualities, sa.and_(qualities.c.record_id == r.id, qualities.c.customer_id == r.customer_id))
    )  # fmt: skip


def of_customer(conn: sa.Connection, customer_id: int, limit: int = 100) -> list[sa.Row]:
    latest_first = r.done_on.desc(), r.finished_at.desc(), r.id.desc()
    return conn.execute(_query().where(r.customer_id == customer_id).order_by(*latest_first).limit(limit)).all()


def listing(conn: sa.Connection, f: Filter = EVERYTHING, sort: str = "-done", limit: int = 50, offset: int = 0) -> Page:
    return page(conn, _query().where(*conditions(f)), SORTS, sort, limit, offset)


def export(conn: sa.Connection, f: Filter = EVERYTHING, sort: str = "-done"):
    return stream(conn, _query().where(*conditions(f)), SORTS, sort)


def conditions(f: Filter) -> list[sa.ColumnElement[bool]]:
    """The filter as conditions on checks, with their customers and qualities joined."""
    where = [r.done_on >= f.done_from] if f.done_from else []
    where += [r.done_on <= f.done_to] if f.done_to else []
    where += [r.branch_id.in_(f.branch_ids)] if f.branch_ids is not None else []
    where += [contains(customers.c.name, f.text)] if f.text else []
    if f.box is not None:
        south, west, north, east = f.box
        where += [r.lat >= south, r.lat < north, r.lon >= west, r.lon < east]
    where += [r.on_site.is_not(None) if f.placed else r.on_site.is_(None)] if f.placed is not None else []
    where += [qualities.c.flags != sa.cast([], qualities.c.flags.type)] if f.flaw else []  # says which index
    where += [qualities.c.flags.contains([f.flaw])] if f.flaw not in (None, ANY_FLAW) else []
    exact = ((r.kind, f.kind), (r.mode, f.mode), (r.conclusion, f.conclusion), (r.staff_id, f.staff_id), (r.on_site, f.on_site))
    return where + [column == value for column, value in exact if value is not None]
