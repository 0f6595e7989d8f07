"""Products."""

import sqlalchemy as sa
from sqlalchemy import select

from db.tables import products

p = products.c


def all_of(conn: sa.Connection) -> list[sa.Row]:
    return conn.execute(select(p.id, p.code, p.name, p.family, p.source).order_by(p.code)).all()
