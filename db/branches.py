"""The tree of branches: as the feeds hand it down, and as people decided beside them."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import ARRAY, array, insert

from db import organisation
from db.staff import held_today
from db.tables import branch_tree, branches, customers, loans, signals, staff, staff_roles, todos
from db.vocab import Role

b, tree = branches.c, branch_tree.c

IS_OPEN = sa.or_(b.closed_on.is_(None), b.closed_on > func.vigil_today(type_=sa.Date))
BY_HAND = ("name", "parent_id")  # what people may decide against the feed, until they let it say so again


def all_open(conn: sa.Connection) -> list[sa.Row]:
    """id, code, name, parent_id by code: parents before their outlets."""
    return conn.execute(select(b.id, b.code, b.name, b.parent_id).where(IS_OPEN).order_by(b.code)).all()


def root(conn: sa.Connection) -> int | None:
    """The head office, below which all others are; None before the first feed."""
    return next((row.id for row in all_open(conn) if row.parent_id is None), None)


def under(conn: sa.Connection, branch_id: int) -> list[int]:
    """A branch and all below it."""
    query = select(branch_tree.c.branch_id).where(branch_tree.c.ancestor_id == branch_id)
    return list(conn.execute(query).scalars())


def above(conn: sa.Connection, branch_id: int) -> list[int]:
    """A branch and all above it."""
    query = select(branch_tree.c.ancestor_id).where(branch_tree.c.branch_id == branch_id)
    return list(conn.execute(query).scalars())


def lineage(conn: sa.Connection, branch_id: int) -> list[str]:
    """Codes of a branch and of those above it, itself first."""
    over, deeper = branch_tree.alias("over"), branch_tree.alias("deeper")
    depth = select(func.count()).select_from(deeper).where(deeper.c.branch_id == over.c.ancestor_id).scalar_subquery()
    query = select(b.code).join(over, over.c.ancestor_id == b.id).where(over.c.branch_id == branch_id)
    return list(conn.execute(query.order_by(depth.desc())).scalars())


def by_code(conn: sa.Connection, code: str) -> sa.Row | None:
    """With `is_open`: a branch may be closed from a day to come."""
    return conn.execute(select(branches, IS_OPEN.label("is_open")).where(b.code == code)).one_or_none()


def names(conn: sa.Connection) -> dict[int, str]:
    """Of every branch, closed ones too."""
    return dict(conn.execute(select(b.id, b.name)).all())


# --- Who and what is where --------------------------------------------------------------------------------------------


def overview(conn: sa.Connection) -> list[sa.Row]:
    """Every branch, closed ones too, by code: with `heads` (their names), and of it and all below it `staff` and `officers`."""
    into = branches.alias("into")
    held = (
        select(staff.c.id, staff.c.branch_id, staff_roles.c.role)
        .outerjoin(staff_roles, sa.and_(staff_roles.c.staff_id == staff.c.id, held_today()))
        .where(staff.c.left_on.is_(None))
        .subquery()
    )
    officers = held.c.role.in_((Role.MANAGER, Role.INSPECTOR))
    people = _with_below(held, staff=func.count(), officers=func.count().filter(officers))
    heads = (
        select(staff_roles.c.branch_id, func.array_agg(staff.c.name.distinct(), type_=ARRAY(sa.Text)).label("heads"))
        .join(staff, staff.c.id == staff_roles.c.staff_id)
        .where(staff_roles.c.role == Role.BRANCH_HEAD, held_today(), staff.c.left_on.is_(None))
        .group_by(staff_roles.c.branch_id)
        .subquery()
    )
    return conn.execute(
        select(
            b.id, b.code, b.name, b.parent_id, b.closed_on, IS_OPEN.label("is_open"), b.kept, b.feed_hash.is_not(None).label("in_feed"),
            into.c.name.label("merged_into"), into.c.code.label("merged_code"), heads.c.heads,
            func.coalesce(people.c.staff, 0).label("staff"), func.coalesce(people.c.officers, 0).label("officers"),
        )
        .outerjoin(into, into.c.id == b.merged_into)
        .outerjoin(people, people.c.ancestor_id == b.id)
        .outerjoin(heads, heads.c.branch_id == b.id)
        .order_by(b.code)
    ).all()  # fmt: skip


def work(conn: sa.Connection, today: date) -> dict[int, sa.Row]:
    """For each branch with all below it: customers, live loans, their balance in fen, open todos and those that are late."""
    live = select(loans.c.branch_id, loans.c.balance_fen).where(loans.c.live).subquery()
    open_ = select(todos.c.branch_id, (todos.c.late_from <= today).label("is_late")).where(todos.c.closed_on.is_(None)).subquery()
    owned = _with_below(customers, customers=func.count())
    lent = _with_below(live, loans=func.count(), balance_fen=func.sum(live.c.balance_fen))
    asked = _with_below(open_, open=func.count(), late=func.count().filter(open_.c.is_late))
    counts = (part.c[name] for part in (owned, lent, asked) for name in part.c.keys() if name != "ancestor_id")  # noqa: SIM118
    query = select(b.id, *(func.coalesce(count, 0).label(count.name) for count in counts))
    for part in (owned, lent, asked):
        query = query.outerjoin(part, part.c.ancestor_id == b.id)
    return {row.id: row for row in conn.execute(query)}


def _with_below(rows: sa.FromClause, **counts: sa.ColumnElement) -> sa.Subquery:
    """Counted by branch first, then added up the tree: the rows are read once, however deep it is."""
    own = select(rows.c.branch_id, *(count.label(name) for name, count in counts.items())).group_by(rows.c.branch_id).subquery()
    sums = (func.sum(own.c[name]).cast(sa.BigInteger).label(name) for name in counts)
    return select(tree.ancestor_id, *sums).join(own, own.c.branch_id == tree.branch_id).group_by(tree.ancestor_id).subquery()


def holdings(conn: sa.Connection, branch_id: int) -> dict[str, int]:
    """What would go along with this branch alone, without those below it: of everything that is not over."""
    parts = {
        "staff": (staff.c.branch_id, staff.c.left_on.is_(None)),
        "customers": (customers.c.branch_id, sa.true()),
        "loans": (loans.c.branch_id, loans.c.live),
        "todos": (todos.c.branch_id, todos.c.closed_on.is_(None)),
        "signals": (signals.c.branch_id, signals.c.closed_on.is_(None)),
        "branches": (b.parent_id, IS_OPEN),
    }
    counts = (
        select(func.count()).select_from(at.table).where(at == branch_id, which).scalar_subquery().label(name)
        for name, (at, which) in parts.items()
    )
    return dict(conn.execute(select(*counts)).one()._mapping)


# --- By hand ----------------------------------------------------------------------------------------------------------


def add(conn: sa.Connection, code: str, name: str, parent_id: int) -> int | None:
    """Its id; None when the code is taken. Name and place stay as they were decided when a feed comes to know it."""
    row = insert(branches).values(code=code, name=name, parent_id=parent_id, kept=list(BY_HAND))
    made = conn.execute(row.on_conflict_do_nothing().returning(b.id)).scalar()
    organisation.grow(conn)
    return made


def rename(conn: sa.Connection, branch_id: int, name: str) -> bool:
    kept = func.array_append(func.array_remove(b.kept, "name"), "name")
    query = sa.update(branches).where(b.id == branch_id, IS_OPEN).values(name=name, kept=kept)
    return conn.execute(query).rowcount == 1


def follow_feed(conn: sa.Connection, branch_id: int) -> bool:
    """Its next line is read anew, whatever it says. True when there is a feed to follow and something it was not let say."""
    query = sa.update(branches).where(
        b.id == branch_id, b.feed_hash.is_not(None), b.closed_on.is_(None), b.kept.op("&&")(array(BY_HAND, type_=sa.Text))
    )
    return conn.execute(query.values(kept=[], feed_hash=0)).rowcount == 1
