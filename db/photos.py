"""Photos of submitted checks: where they lie, of whom. The pictures themselves are in the content-addressed store."""

import sqlalchemy as sa
from sqlalchemy import select

from db.tables import customers, photos, staff

p = photos.c
# Of content that came several times the first is what is kept. Sums of everybody's, and of no customer.
_KEPT = ("month date", "branch_id int", "photos bigint", "bytes bigint", "kept bigint", "kept_bytes bigint")
SIGNATURE = "vigil_photo_storage()"
STORAGE = f"""
create or replace function {SIGNATURE} returns table ({", ".join(_KEPT)}) language sql stable security definer
set search_path = public, pg_temp as $$
    with firsts as (select distinct on (sha256) id, customer_id from photos order by sha256, id)
    select date_trunc('month', p.received_at at time zone 'Asia/Shanghai')::date, r.branch_id, count(*), sum(p.bytes),
           count(f.id), coalesce(sum(p.bytes) filter (where f.id is not null), 0)::bigint
    from photos p join records r on r.id = p.record_id and r.customer_id = p.customer_id
    left join firsts f on f.id = p.id and f.customer_id = p.customer_id
    group by 1, 2 order by 1, 2
$$"""


def add(conn: sa.Connection, rows: list[dict]) -> None:
    if rows:
        conn.execute(sa.insert(photos), rows)


def get(conn: sa.Connection, photo_id: int) -> sa.Row | None:
    """With who took it, at whose place, as far as these may be seen."""
    return conn.execute(
        select(photos, staff.c.name.label("staff"), customers.c.name.label("customer"), customers.c.address.label("place"))
        .outerjoin(staff, staff.c.id == p.staff_id)
        .outerjoin(customers, customers.c.id == p.customer_id)
        .where(p.id == photo_id)
    ).one_or_none()


def of_record(conn: sa.Connection, record_id: int) -> list[sa.Row]:
    return conn.execute(select(photos).where(p.record_id == record_id).order_by(p.id)).all()


def storage(conn: sa.Connection) -> list[sa.Row]:
    """By month in China and branch: photos and bytes as they came, and as they are kept."""
    return conn.execute(sa.text(f"select * from {SIGNATURE}")).all()
