"""People of the bank and the roles they hold."""

from collections.abc import Collection, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from db.access import Person
from db.tables import branch_tree, branches, customers, staff, staff_roles, todos
from db.vocab import Role

s, r = staff.c, staff_roles.c


def by_number(conn: sa.Connection, staff_no: str) -> sa.Row | None:
    """The present holder of a number."""
    return conn.execute(select(staff).where(s.staff_no == staff_no, s.left_on.is_(None))).one_or_none()


def row(conn: sa.Connection, staff_id: int) -> sa.Row | None:
    """Anybody who is or was with the bank."""
    return conn.execute(select(staff).where(s.id == staff_id)).one_or_none()


def bearer(conn: sa.Connection, staff_no: str) -> sa.Row | None:
    """Who bears this number, or bore it last."""
    return conn.execute(
        select(staff).where(s.staff_no == staff_no).order_by(s.left_on.is_not(None), s.left_on.desc(), s.id.desc()).limit(1)
    ).one_or_none()


def person(conn: sa.Connection, staff_id: int, session_id: int | None = None) -> Person | None:
    """Somebody in the role held today; None without one."""
    row = conn.execute(
        select(s.id, s.name, s.staff_no, r.role, r.branch_id, branches.c.name.label("branch"))
        .join(staff_roles, r.staff_id == s.id)
        .join(branches, branches.c.id == r.branch_id)
        .where(s.id == staff_id, s.left_on.is_(None), held_today())
    ).one_or_none()
    if row is None:
        return None
    return Person(row.id, row.name, Role(row.role), row.branch_id, row.branch, row.staff_no, session_id)


def held_today() -> sa.ColumnElement[bool]:
    today = func.vigil_today(type_=sa.Date)
    return sa.and_(r.valid_from <= today, sa.or_(r.valid_to.is_(None), r.valid_to > today))


def grant(conn: sa.Connection, staff_id: int, role: Role, valid_from: date, *, until: date | None = None) -> None:
    """The role, held where the person works; the exclusion constraint refuses a second one at a time."""
    home = select(s.branch_id).where(s.id == staff_id).scalar_subquery()
    values = {"staff_id": staff_id, "role": role, "branch_id": home, "valid_from": valid_from, "valid_to": until}
    conn.execute(sa.insert(staff_roles).values(values))


def end_role(conn: sa.Connection, staff_id: int, on: date) -> bool:
    """True when a role was held and now ends."""
    held = sa.and_(r.valid_from < on, sa.or_(r.valid_to.is_(None), r.valid_to > on))
    return conn.execute(sa.update(staff_roles).where(r.staff_id == staff_id, held).values(valid_to=on)).rowcount == 1


def colleagues(
    conn: sa.Connection, branch_ids: list[int] | None = None, roles: Sequence[Role] = (), limit: int | None = None
) -> list[sa.Row]:
    """Present staff with the role held, by branch and name; the first `limit`."""
    query = (
        select(s.id, s.staff_no, s.name, s.post, s.branch_id, branches.c.name.label("branch"), r.role, r.valid_from)
        .join(branches, branches.c.id == s.branch_id)
        .outerjoin(staff_roles, sa.and_(r.staff_id == s.id, held_today()))
        .where(s.left_on.is_(None))
        .order_by(branches.c.code, s.name)
        .limit(limit)
    )
    if branch_ids is not None:
        query = query.where(s.branch_id.in_(branch_ids))
    if roles:
        query = query.where(r.role.in_(roles))
    return conn.execute(query).all()


def inspectors_for(conn: sa.Connection, branch_ids: Collection[int]) -> list[sa.Row]:
    """Inspectors who may go to customers of every one of these branches: of the branch itself, above it or below it."""
    t = branch_tree.c
    near = select(t.ancestor_id, t.branch_id).union(select(t.branch_id, t.ancestor_id)).subquery()
    of_all = (
        select(near.c[0])
        .where(near.c[1].in_(branch_ids))
        .group_by(near.c[0])
        .having(func.count(near.c[1].distinct()) == len(set(branch_ids)))
    )
    return conn.execute(
        select(s.id, s.staff_no, s.name, branches.c.name.label("branch"))
        .join(branches, branches.c.id == s.branch_id)
        .join(staff_roles, sa.and_(r.staff_id == s.id, held_today()))
        .where(s.left_on.is_(None), r.role == Role.INSPECTOR, s.branch_id.in_(of_all))
        .order_by(branches.c.code, s.name)
    ).all()


def names(conn: sa.Connection, *of: int | None) -> dict[int, str]:
    """Of everybody who is or was with the bank, or of these of them."""
    if of and not any(of):
        return {}
    named = s.id.in_([one for one in of if one is not None]) if of else sa.true()
    return dict(conn.execute(select(s.id, s.name).where(named)).all())


def holders(conn: sa.Connection) -> dict[int, int]:
    """Whose each role is, by the role's id."""
    return dict(conn.execute(select(r.id, r.staff_id)).all())


def roles_of(conn: sa.Connection, staff_id: int) -> list[sa.Row]:
    """Held now, before and later, latest first: role, branch, valid_from, valid_to, granter (None: the staff file), home."""
    granter, home = staff.alias("granter"), branches.alias("home")
    return conn.execute(
        select(
            r.role,
            branches.c.name.label("branch"),
            r.valid_from,
            r.valid_to,
            granter.c.name.label("granter"),
            home.c.name.label("home"),
        )
        .join(branches, branches.c.id == r.branch_id)
        .join(staff, s.id == r.staff_id)
        .outerjoin(home, home.c.id == s.branch_id)
        .outerjoin(granter, granter.c.id == r.granted_by)
        .where(r.staff_id == staff_id)
        .order_by(r.valid_from.desc(), r.id.desc())
    ).all()


def holds(conn: sa.Connection, staff_id: int) -> sa.Row:
    """What hangs on somebody: customers managed and inspected, open todos."""
    c, t = customers.c, todos.c
    count = func.count()
    return conn.execute(
        select(
            select(count).where(c.manager_id == staff_id).scalar_subquery().label("managed"),
            select(count).where(c.inspector_id == staff_id).scalar_subquery().label("inspected"),
            select(count).where(t.assignee_id == staff_id, t.closed_on.is_(None)).scalar_subquery().label("todos"),
        )
    ).one()


def moved(conn: sa.Connection, today: date) -> list[sa.Row]:
    """Whose role is still held at the branch that they came from: staff_id, role, valid_to."""
    return conn.execute(
        select(r.staff_id, r.role, r.valid_to)
        .join(staff, s.id == r.staff_id)
        .where(
            sa.or_(r.valid_to.is_(None), r.valid_to > today), r.valid_from < today, s.left_on.is_(None), s.branch_id != r.branch_id
        )
        .order_by(r.staff_id)
    ).all()


def without_role(conn: sa.Connection) -> list[sa.Row]:
    """Present staff of the feeds who never held a role: id, post."""
    held = select(staff_roles.c.staff_id)
    listed = sa.and_(s.left_on.is_(None), s.feed_hash.is_not(None))
    return conn.execute(select(s.id, s.post).where(listed, s.id.not_in(held)).order_by(s.id)).all()


# --- By hand ----------------------------------------------------------------------------------------------------------

BY_HAND = sa.and_(s.left_on.is_(None), s.feed_hash.is_(None))  # no feed lists them


def leavers(conn: sa.Connection) -> list[sa.Row]:
    """Who left, latest first; `by` who ended them (None: a feed), and `listed`: a feed lists them still."""
    by = staff.alias("by")
    return conn.execute(
        select(
            s.id, s.staff_no, s.name, s.post, s.branch_id, branches.c.name.label("branch"), s.left_on, by.c.name.label("by"),
            s.feed_hash.is_not(None).label("listed"),
        )
        .outerjoin(branches, branches.c.id == s.branch_id)
        .outerjoin(by, by.c.id == s.left_by)
        .where(s.left_on.is_not(None))
        .order_by(s.left_on.desc(), s.id.desc())
    ).all()  # fmt: skip


def add(conn: sa.Connection, **values: object) -> int | None:
    """Somebody whom no feed lists; his id. None when the number is borne by somebody present."""
    return conn.execute(insert(staff).values(**values).on_conflict_do_nothing().returning(s.id)).scalar()


def correct(conn: sa.Connection, staff_id: int, **values: object) -> bool:
    """True for somebody present whom no feed lists: what a feed says is corrected at its source."""
    return conn.execute(sa.update(staff).where(s.id == staff_id, BY_HAND).values(**values)).rowcount == 1


def end(conn: sa.Connection, staff_id: int, left_on: date, by: int) -> bool:
    """True for the one who ended it."""
    query = sa.update(staff).where(s.id == staff_id, s.left_on.is_(None), s.joined_on <= left_on)
    return conn.execute(query.values(left_on=left_on, left_by=by)).rowcount == 1


def bring_back(conn: sa.Connection, staff_id: int) -> bool:
    """Somebody who was ended by hand, unless his number has gone to another since."""
    other = staff.alias("other")
    borne = select(other.c.id).where(other.c.staff_no == s.staff_no, other.c.left_on.is_(None))
    query = sa.update(staff).where(s.id == staff_id, s.left_by.is_not(None), ~borne.exists())
    return conn.execute(query.values(left_on=None, left_by=None)).rowcount == 1
