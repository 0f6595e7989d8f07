"""Products: as the book has them, with what they carry; and as they are configured."""

import json

import sqlalchemy as sa
from sqlalchemy import func, select

from db.tables import loans, products

p = products.c


def all_of(conn: sa.Connection) -> list[sa.Row]:
    return conn.execute(select(p.id, p.code, p.name, p.family, p.source, p.customer_kind).order_by(p.code)).all()


def names(conn: sa.Connection) -> dict[str, str]:
    """By code."""
    return {row.code: row.name for row in all_of(conn)}


def overview(conn: sa.Connection) -> list[sa.Row]:
    """Every product with its live loans and their balance, as far as the person sees them; by code."""
    live = (
        select(loans.c.product_id, func.count().label("loans"), func.sum(loans.c.balance_fen).label("balance_fen"))
        .where(loans.c.live)
        .group_by(loans.c.product_id)
        .subquery()
    )
    return conn.execute(
        select(
            p.id, p.code, p.name, p.family, p.source, p.customer_kind, func.coalesce(live.c.loans, 0).label("loans"),
            func.coalesce(live.c.balance_fen, 0).label("balance_fen"),
        ).outerjoin(live, live.c.product_id == p.id).order_by(p.code)
    ).all()  # fmt: skip


def settle(conn: sa.Connection, wanted: list[dict]) -> list[int]:
    """Products as they are configured, new ones too; ids of those that were otherwise. A kind of customer not said stays."""
    return list(
        conn.execute(
            sa.text("""
                insert into products as p (code, name, source, family, customer_kind)
                select code, name, source, family, customer_kind from jsonb_to_recordset(cast(:wanted as jsonb))
                    as w(code text, name text, source text, family text, customer_kind text)
                on conflict (code) do update set name = excluded.name, family = excluded.family,
                    customer_kind = coalesce(excluded.customer_kind, p.customer_kind)
                where (p.name, p.family, p.customer_kind) is distinct from
                      (excluded.name, excluded.family, coalesce(excluded.customer_kind, p.customer_kind))
                returning id"""),
            {"wanted": json.dumps(wanted)},
        ).scalars()
    )
