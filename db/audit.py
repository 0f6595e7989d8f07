"""The trail, as it is read. Rows are added by triggers and by `note`, never changed."""

from dataclasses import dataclass
from datetime import date, datetime, time

import sqlalchemy as sa
from sqlalchemy import func, select

from db import settings
from db.listing import Page, Rows, page, stream
from db.tables import audit, customers, sign_ins, staff

a = audit.c


def note(conn: sa.Connection, event: str, about: str, customer_id: int | None, detail: dict) -> None:
    """An event that changes no row: a refusal, an export, a look at a hidden number."""
    conn.execute(select(func.vigil_note(event, about, customer_id, sa.cast(detail, sa.dialects.postgresql.JSONB))))


def pulse(conn: sa.Connection) -> int:
    """Changes whenever anything at all was written: what cached figures are good for."""
    return conn.execute(select(func.vigil_pulse())).scalar_one()


def _query(named: bool = True) -> sa.Select:
    query = select(audit, staff.c.name.label("staff")).outerjoin(staff, staff.c.id == a.staff_id)
    if not named:
        return query.add_columns(sa.null().label("customer"))
    return query.add_columns(customers.c.name.label("customer")).outerjoin(customers, customers.c.id == a.customer_id)


def of_customer(conn: sa.Connection, customer_id: int, nouns: tuple[str, ...] = (), limit: int = 200) -> list[sa.Row]:
    """What happened around a customer, latest first."""
    query = _query().where(a.customer_id == customer_id)
    if nouns:
        query = query.where(a.noun.in_(nouns))
    return conn.execute(query.order_by(a.id.desc()).limit(limit)).all()


@dataclass(frozen=True)
class Filter:
    """What the trail is narrowed to; None narrows nothing. `text`: a colleague's staff number or name, or a customer's number;
    `named`: with the customers' names, for those who may read them."""

    since: date | None = None
    until: date | None = None
    text: str | None = None
    op: str | None = None
    noun: str | None = None
    verb: str | None = None
    named: bool = True


def listing(conn: sa.Connection, *, limit: int = 100, offset: int = 0, **narrowed: object) -> Page:
    """One page, the latest first; `narrowed` as in Filter."""
    return page(conn, _narrowed(conn, Filter(**narrowed)), {"id": a.id}, "-id", limit, offset)


def export(conn: sa.Connection, wanted: Filter) -> Rows:
    return stream(conn, _narrowed(conn, wanted), {"id": a.id}, "-id")


def _narrowed(conn: sa.Connection, wanted: Filter) -> sa.Select:
    where = [a.at >= _midnight(wanted.since)] if wanted.since else []
    where += [a.at < _midnight(wanted.until) + sa.text("interval '1 day'")] if wanted.until else []
    where += [_about(conn, wanted)] if wanted.text else []
    exact = ((a.op, wanted.op), (a.noun, wanted.noun), (a.verb, wanted.verb))
    where += [column == value for column, value in exact if value is not None]
    return _query(wanted.named).where(*where)


def _about(conn: sa.Connection, wanted: Filter) -> sa.ColumnElement[bool]:
    """Numbers are looked up first, so that the trail is read by the indexes of whom it is about."""
    theirs = sa.or_(staff.c.staff_no == wanted.text, staff.c.name == wanted.text)
    people = conn.execute(select(staff.c.id).where(theirs)).scalars().all()
    found = [a.staff_id.in_(people)]
    if wanted.named:
        found.append(
            a.customer_id.in_(conn.execute(select(customers.c.id).where(customers.c.customer_no == wanted.text)).scalars().all())
        )
    return sa.or_(*found)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), settings.ZONE)


def sign_in_list(conn: sa.Connection, *, username: str | None = None, outcome: str | None = None, limit: int = 100) -> list[sa.Row]:
    s = sign_ins.c
    query = select(sign_ins, staff.c.name.label("staff")).outerjoin(staff, staff.c.id == s.staff_id)
    query = query.where(s.username == username) if username else query
    query = query.where(s.outcome == outcome) if outcome else query
    return conn.execute(query.order_by(s.id.desc()).limit(limit)).all()
