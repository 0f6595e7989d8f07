"""Versioned, dated, twice-signed data: rules, mappings, parameters."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from db.tables import definitions, staff
from db.vocab import Approval, Definition

d = definitions.c


def current(conn: sa.Connection, family: Definition, day: date, *, naming: str | None = None) -> list[sa.Row]:
    """code, version, body, valid_from of what is in force, by code; `naming`: of that only what has this word in its body."""
    latest = _latest(family, day).subquery()
    query = select(latest).order_by(latest.c.code)
    return conn.execute(
        query if naming is None else query.where(func.strpos(sa.cast(latest.c.body, sa.Text), f'"{naming}"') > 0)
    ).all()


def _latest(family: Definition, day: date) -> sa.Select:
    return (
        select(d.code, d.version, d.body, d.valid_from)
        .ext(distinct_on(d.code))
        .where(d.family == family, d.state == Approval.APPROVED, d.valid_from <= day)
        .order_by(d.code, d.valid_from.desc(), d.version.desc())
    )


def in_force(conn: sa.Connection, family: Definition, day: date) -> list[sa.Row]:
    """The same with first_from (since when it has been in force without a break), which takes longer to find."""
    latest = _latest(family, day).subquery()
    off = definitions.alias()
    broken = select(off.c.id).where(
        off.c.family == family, off.c.code == d.code, off.c.state == Approval.APPROVED,
        off.c.body["enabled"].as_boolean().is_(False), off.c.valid_from.between(d.valid_from, day),
    )  # fmt: skip
    first = (
        select(d.code, func.min(d.valid_from).label("first_from"))
        .where(d.family == family, d.state == Approval.APPROVED, d.valid_from <= day, ~broken.exists())
        .group_by(d.code)
        .subquery()
    )
    return conn.execute(
        select(latest, func.coalesce(first.c.first_from, latest.c.valid_from).label("first_from"))
        .outerjoin(first, first.c.code == latest.c.code)
        .order_by(latest.c.code)
    ).all()


def one_in_force(conn: sa.Connection, family: Definition, code: str, day: date) -> sa.Row | None:
    return conn.execute(_latest(family, day).where(d.code == code)).one_or_none()


def at_last(conn: sa.Connection, family: Definition, code: str) -> sa.Row | None:
    """What will hold once every approved version has come to its day."""
    return one_in_force(conn, family, code, date.max)


def get(conn: sa.Connection, definition_id: int) -> sa.Row | None:
    return conn.execute(select(definitions).where(d.id == definition_id)).one_or_none()


def of_version(conn: sa.Connection, family: Definition, code: str, version: int) -> sa.Row | None:
    return conn.execute(select(definitions).where(d.family == family, d.code == code, d.version == version)).one_or_none()


def versions(conn: sa.Connection, family: Definition, code: str) -> list[sa.Row]:
    """All versions of one code, newest first, with the names of maker and checker."""
    return conn.execute(_signed().where(d.family == family, d.code == code).order_by(d.version.desc())).all()


def awaiting(conn: sa.Connection, *families: Definition) -> list[sa.Row]:
    """What waits for a second person, oldest first."""
    maker = staff.alias()
    return conn.execute(
        select(definitions, maker.c.name.label("maker"))
        .outerjoin(maker, maker.c.id == d.made_by)
        .where(d.family.in_(families), d.state == Approval.SUBMITTED, ~_piece_of_a_product())
        .order_by(d.made_at)
    ).all()


def is_piece(conn: sa.Connection, definition_id: int) -> bool:
    """Whether it is decided with a product that waits, and not by itself."""
    return conn.execute(select(_piece_of_a_product()).where(d.id == definition_id)).scalar_one()


def _piece_of_a_product() -> sa.ColumnElement[bool]:
    product = definitions.alias().c
    named = func.jsonb_build_array(func.jsonb_build_object("family", d.family, "code", d.code, "version", d.version))
    return (
        select(product.id)
        .where(product.family == Definition.PRODUCT, product.state == Approval.SUBMITTED, product.body["parts"].contains(named))
        .correlate(definitions)
        .exists()
    )


def of_maker(conn: sa.Connection, staff_id: int) -> list[sa.Row]:
    """What somebody proposed, latest first, and what became of it."""
    return conn.execute(_signed().where(d.made_by == staff_id).order_by(d.made_at.desc(), d.id.desc()).limit(50)).all()


def decided(conn: sa.Connection) -> list[sa.Row]:
    """By people, latest first."""
    return conn.execute(_signed().where(d.decided_by.is_not(None)).order_by(d.decided_at.desc(), d.id.desc()).limit(50)).all()


def _signed() -> sa.Select:
    maker, checker = staff.alias(), staff.alias()
    return (
        select(definitions, maker.c.name.label("maker"), checker.c.name.label("checker"))
        .outerjoin(maker, maker.c.id == d.made_by)
        .outerjoin(checker, checker.c.id == d.decided_by)
    )


def submit(conn: sa.Connection, family: Definition, code: str, body: dict, valid_from: date, why: str, by: int) -> int | None:
    """The new version's id; None when another version of the code already waits for a decision."""
    waiting = select(d.id).where(d.family == family, d.code == code, d.state == Approval.SUBMITTED)
    number = select(func.coalesce(func.max(d.version), 0) + 1).where(d.family == family, d.code == code)
    row = select(
        sa.literal(family.value), sa.literal(code), number.scalar_subquery(), sa.literal(body, definitions.c.body.type),
        sa.literal(valid_from), sa.literal(Approval.SUBMITTED.value), sa.literal(why), sa.literal(by),
    ).where(~waiting.exists())  # fmt: skip
    columns = ["family", "code", "version", "body", "valid_from", "state", "why", "made_by"]
    return conn.execute(insert(definitions).from_select(columns, row).on_conflict_do_nothing().returning(d.id)).scalar_one_or_none()


def decide(conn: sa.Connection, definition_id: int, state: Approval, by: int, why: str | None, now: datetime) -> bool:
    """True for the one who decided it, False if it was decided already."""
    return (
        conn.execute(
            sa.update(definitions)
            .where(d.id == definition_id, d.state == Approval.SUBMITTED)
            .values(state=state, decided_by=by, decided_why=why, decided_at=now)
        ).rowcount
        == 1
    )


def plant(conn: sa.Connection, family: Definition, code: str, body: dict, valid_from: date, why: str, version: int = 1) -> None:
    """A version shipped with the product; nothing happens when it is there."""
    conn.execute(
        insert(definitions)
        .values(family=family, code=code, version=version, body=body, valid_from=valid_from, state=Approval.APPROVED, why=why)
        .on_conflict_do_nothing()
    )
