"""The tree of branches."""

import sqlalchemy as sa
from sqlalchemy import select

from db.tables import branch_tree, branches

b = branches.c


def all_open(conn: sa.Connection) -> list[sa.Row]:
    """id, code, name, parent_id by code: parents before their outlets."""
    return conn.execute(select(b.id, b.code, b.name, b.parent_id).where(b.closed_on.is_(None)).order_by(b.code)).all()


def under(conn: sa.Connection, branch_id: int) -> list[int]:
    """A branch and all below it."""
    query = select(branch_tree.c.branch_id).where(branch_tree.c.ancestor_id == branch_id)
    return list(conn.execute(query).scalars())


def above(conn: sa.Connection, branch_id: int) -> list[int]:
    """A branch and all above it."""
    query = select(branch_tree.c.ancestor_id).where(branch_tree.c.branch_id == branch_id)
    return list(conn.execute(query).scalars())


def by_code(conn: sa.Connection, code: str) -> sa.Row | None:
    return conn.execute(select(branches).where(b.code == code)).one_or_none()


def names(conn: sa.Connection) -> dict[int, str]:
    """Of every branch, closed ones too."""
    return dict(conn.execute(select(b.id, b.name)).all())
