"""关联: who stands behind whose loans, in which circle, and who shares a phone, a certificate, a house or a guarantor.

Whom the acting person may not see is counted and not named; that there are such is told by functions of the machine's, which
walk the whole book. Only guarantees of live loans count.
"""

import sqlalchemy as sa
from sqlalchemy import func, select

from db.tables import branches, customer_faces, customers, guarantors, loans

LONGEST = 4  # customers in a circle: a longer way round binds nobody to anybody
HUB = 20  # a phone, a house or a guarantor of more than so many says nothing of any two of them
LISTED = 200  # guarantees of one side, the largest first
CLOSEST = 50  # customers of one tie, for a guarantee company stands behind thousands

g, x, c, f = guarantors.c, loans.c, customers.c, customer_faces.c
_LIVE = "join loans l on l.id = g.loan_id and l.customer_id = g.customer_id and l.live"
# A house has a number behind its place; a bare village is everybody's.
_HOUSE = "address !~ '[省市区县村屯镇乡街路]$'"

_TIED = f"""
create or replace function vigil_tied(customer bigint) returns table (why text, n int, seen int, ids bigint[])
language sql stable security definer set search_path = public, pg_temp as $$
    with he as (
        select id, phone_hash, identity_hash, address from customers where id = customer and {{seen}}
    ), phones as (
        select phone_hash from he where phone_hash is not null
        union select k.phone_hash from customer_facts k join he on he.id = k.customer_id where k.phone_hash is not null
    ), found (why, id) as (
        select 'for_him', g.guarantor_id from he join guarantors g on g.customer_id = he.id {_LIVE} where g.guarantor_id is not null
        union select 'by_him', g.customer_id from he join guarantors g on g.guarantor_id = he.id {_LIVE}
        union select 'guarantor', o.customer_id from he join guarantors g on g.customer_id = he.id {_LIVE}
            join guarantors o on o.guarantor_no = g.guarantor_no and o.source = g.source
            join loans ol on ol.id = o.loan_id and ol.customer_id = o.customer_id and ol.live
        union select 'identity', c.id from he join customers c on c.identity_hash = he.identity_hash
        union select 'phone', c.id from phones join customers c using (phone_hash)
        union select 'phone', k.customer_id from phones join customer_facts k using (phone_hash)
        union select 'address', c.id from he join customers c on c.address = he.address and hashtext(c.address) = hashtext(he.address)
            where he.{_HOUSE}
    ), others as (
        select why, id from found where id <> customer
    ), mine as (
        select id from customers where id in (select id from others) and {{seen}}
    )
    select o.why, count(*)::int, count(m.id)::int,
           coalesce((array_agg(m.id order by m.id) filter (where m.id is not null))[1:{CLOSEST}], '{{{{}}}}')
    from others o left join mine m on m.id = o.id group by o.why
$$"""
# From a borrower to who guarantees for him: few do. The other way a guarantee company would lead to half the book.
_CIRCLES = f"""
create or replace function vigil_circles(customer bigint) returns table (ids bigint[], amounts bigint[])
language sql stable security definer set search_path = public, pg_temp as $$
    with recursive walk (path, amounts) as (
        select array[id], array[]::bigint[] from customers where id = customer and {{seen}}
        union all
        select w.path || e.guarantor_id, w.amounts || e.amount
        from walk w cross join lateral (
            select g.guarantor_id, sum(g.amount_fen)::bigint as amount from guarantors g {_LIVE}
            where g.customer_id = w.path[cardinality(w.path)] and g.guarantor_id is not null
            group by g.guarantor_id order by amount desc nulls last, g.guarantor_id limit {HUB}) e
        where cardinality(w.path) <= {LONGEST} and (cardinality(w.path) = 1 or w.path[cardinality(w.path)] <> customer)
          and (e.guarantor_id <> all(w.path) or e.guarantor_id = customer and cardinality(w.path) > 1)
    ), closed as (
        select path[1:cardinality(path) - 1] as path, amounts from walk
        where cardinality(path) > 2 and path[cardinality(path)] = customer
    ), mine as (
        select id from customers where id in (select unnest(path) from closed) and {{seen}}
    )
    select array_agg(m.id order by step.n), array_agg(case when m.id is not null then amounts[step.n] end order by step.n)
    from closed cross join lateral unnest(path) with ordinality step (id, n) left join mine m on m.id = step.id
    group by path, amounts order by cardinality(path), path
$$"""


def functions(seen: str) -> dict[str, str]:
    """Signature -> statement. `seen`: whether the acting person sees a row of customers."""
    return {"vigil_tied(bigint)": _TIED.format(seen=seen), "vigil_circles(bigint)": _CIRCLES.format(seen=seen)}


def guarantees(conn: sa.Connection, customer_id: int) -> list[sa.Row]:
    """Of live loans, those for him before those by him, the largest first: by_him, loan_no, name, amount_fen, and what may be
    seen of who stands on the other side: id, customer_no, branch, exposure_fen, overdue_since, worst_class, else null."""
    for_him = _one_side(g.customer_id == customer_id, g.guarantor_id, sa.false(), g.name)
    by_him = _one_side(g.guarantor_id == customer_id, g.customer_id, sa.true(), c.name)
    return [*conn.execute(for_him).all(), *conn.execute(by_him).all()]


def _one_side(whose: sa.ColumnElement, other: sa.ColumnElement, by_him: sa.ColumnElement, name: sa.ColumnElement) -> sa.Select:
    return (
        select(
            by_him.label("by_him"), x.loan_no, name.label("name"), g.amount_fen, c.id, c.customer_no, branches.c.name.label("branch"),
            f.exposure_fen, f.overdue_since, f.worst_class,
        )
        .join(loans, sa.and_(x.id == g.loan_id, x.customer_id == g.customer_id, x.live))
        .outerjoin(customers, c.id == other)
        .outerjoin(customer_faces, f.customer_id == c.id)
        .outerjoin(branches, branches.c.id == c.branch_id)
        .where(whose)
        .order_by(g.amount_fen.desc().nulls_last(), x.loan_no, g.id)
        .limit(LISTED)
    )  # fmt: skip


def tied(conn: sa.Connection, customer_id: int) -> list[sa.Row]:
    """By why (for_him, by_him, guarantor, identity, phone, address): n others, seen of them, ids of some of these."""
    return conn.execute(sa.text("select why, n, seen, ids from vigil_tied(:id) order by why"), {"id": customer_id}).all()


def circles(conn: sa.Connection, customer_id: int) -> list[sa.Row]:
    """Closed chains of guarantees that he stands in, the shortest first: ids from him on, each guaranteed by the next and the
    last by him (null: not to be seen); amounts, in fen, that the next guarantees for each."""
    return conn.execute(sa.text("select ids, amounts from vigil_circles(:id)"), {"id": customer_id}).all()


def some(conn: sa.Connection, ids: list[int]) -> list[sa.Row]:
    """These customers, as far as they may be seen: id, customer_no, name, branch, exposure_fen, overdue_since, worst_class."""
    return conn.execute(
        select(
            c.id, c.customer_no, c.name, branches.c.name.label("branch"), func.coalesce(f.exposure_fen, 0).label("exposure_fen"),
            f.overdue_since, f.worst_class,
        )
        .outerjoin(customer_faces, f.customer_id == c.id)
        .join(branches, branches.c.id == c.branch_id)
        .where(c.id.in_(ids))
        .order_by(f.exposure_fen.desc().nulls_last(), c.id)
    ).all()  # fmt: skip
