"""Typed lines into an unlogged table; which of them say something new; whom and what they refer to."""

from collections.abc import Iterable

import sqlalchemy as sa

from db.loading.spec import TableSpec
from db.nouns import Shape

# What the book knows of a noun by the source's own key: id, key, hash of the line last published, still live.
FACES = {
    "branches": "select id::bigint, code as key, feed_hash, closed_on is null as live from branches",
    "staff": "select id::bigint, staff_no as key, feed_hash, true as live from staff where left_on is null",
    "products": "select id::bigint, code as key, feed_hash, true as live from products where source = :source",
    "customers": "select id, customer_no as key, feed_hash, true as live from customers where source = :source",
    "loans": "select id, loan_no as key, feed_hash, live from loans where source = :source",
    "arrears": "select 0::bigint as id, loan_no as key, feed_hash, true as live from arrears where source = :source",
    "guarantors": "select id, loan_no || E'\\x1f' || guarantor_no as key, feed_hash, true as live from guarantors "
    "where source = :source",
}


def create(conn: sa.Connection, spec: TableSpec) -> None:
    drop(conn, spec)
    columns = ", ".join(f"{name} {kind}" for name, kind in spec.columns())
    conn.exec_driver_sql(f"create unlogged table {spec.stage} ({columns})")


def drop(conn: sa.Connection, spec: TableSpec) -> None:
    conn.exec_driver_sql(f"drop view if exists {spec.stage}_fresh")
    for suffix in ("_new", "_delta", ""):
        conn.exec_driver_sql(f"drop table if exists {spec.stage}{suffix}")


def copy(conn: sa.Connection, spec: TableSpec, pieces: Iterable[bytes]) -> None:
    """Pieces of COPY text whose columns are `spec.columns()`."""
    with conn.connection.cursor() as cursor:
        cursor.copy_expert(f"copy {spec.stage} from stdin", _Stream(pieces), size=1 << 18)


class _Stream:
    """What COPY reads from."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._rest, self._at = iter(pieces), b"", 0

    def read(self, size: int) -> bytes:
        if self._at >= len(self._rest):
            self._rest, self._at = next(self._pieces, b""), 0
        piece = self._rest[self._at : self._at + size]
        self._at += size
        return piece


def compare(conn: sa.Connection, spec: TableSpec) -> None:
    """`_delta`: keys that are new, look different, stand twice or have gone. Of a cold noun: those that stand twice."""
    grouped = f"select key, min(line) as line, count(*) as n, min(hash) as hash from {spec.stage} group by key"
    if spec.cold:
        query = f"select *, null::bigint as row_id from ({grouped} having count(*) > 1) g"
    else:
        query = f"""
            select g.key, g.line, g.n, g.hash, f.id as row_id
            from ({grouped}) g full join ({FACES[spec.noun]}) f on f.key = g.key
            where f.id is null or f.feed_hash is distinct from g.hash or g.n > 1 or (g.key is null and f.live)"""
    parameters = {"source": spec.source} if ":source" in query else {}
    conn.execute(sa.text(f"create unlogged table {spec.stage}_delta as {query}"), parameters)
    conn.exec_driver_sql(f"analyze {spec.stage}_delta")


def resolve(conn: sa.Connection, spec: TableSpec) -> None:
    """`_fresh`: the lines that say something new, with the ids of what they refer to and the faults found on the way.

    Of a cold noun that is every line, read once: a view. Else few lines, read several times: a table.
    """
    references = [name for name in spec.fields if spec.field(name).refers]
    found = "".join(f", {column}" for name in references for column in _found(spec, name))
    joins = "\n".join(_join(spec, name) for name in references)
    faults = [fault for name in references if (fault := _fault(spec, name))]
    faults.append("case when d.n > 1 and s.line > d.line then 'duplicate_key' end")
    query = f"""
        select s.*, case when s.line = d.line then d.row_id end as row_id,
               concat_ws(',', nullif(s.faults, ''), {", ".join(faults)}) as all_faults {found}
        from {spec.stage} s {"left" if spec.cold else ""} join {spec.stage}_delta d on d.key = s.key {joins}"""
    if spec.cold:
        conn.exec_driver_sql(f"create view {spec.stage}_fresh as {query}")
    else:
        conn.exec_driver_sql(f"create unlogged table {spec.stage}_new as {query}")
        conn.exec_driver_sql(f"analyze {spec.stage}_new (line, row_id)")
        conn.exec_driver_sql(f"create view {spec.stage}_fresh as select * from {spec.stage}_new")


def _found(spec: TableSpec, name: str) -> list[str]:
    match spec.field(name).shape:
        case Shape.STAFF:  # a number; else a name that exactly one present member of staff bears
            return [f"coalesce(j_{name}.id, n_{name}.id) as r_{name}"]
        case Shape.LOAN:  # with the note comes its borrower
            return [f"j_{name}.id as r_{name}", f"j_{name}.customer_id as r_borrower"]
    return [f"j_{name}.id as r_{name}"]


def _join(spec: TableSpec, name: str) -> str:
    text, alias = f"s.v_{name}", f"j_{name}"
    match spec.field(name).shape, spec.by.get(name):
        case Shape.BRANCH, _:
            return f"left join branches {alias} on {alias}.code = {text}"
        case Shape.PRODUCT, "name":
            return f"left join (select name, min(id) as id from products group by 1) {alias} on {alias}.name = {text}"
        case Shape.PRODUCT, _:
            return f"left join products {alias} on {alias}.code = {text}"
        case Shape.CUSTOMER, "identity":
            return (
                f"left join (select identity_hash, min(id) as id from customers group by 1) {alias} "
                f"on {alias}.identity_hash = vigil_lookup({text})"
            )
        case Shape.CUSTOMER, _:
            return f"left join customers {alias} on {alias}.customer_no = {text}"
        case Shape.LOAN, _:
            return f"left join loans {alias} on {alias}.source = '{spec.source}' and {alias}.loan_no = {text}"
    return (
        f"left join staff {alias} on {alias}.staff_no = {text} and {alias}.left_on is null "
        f"left join (select name, min(id) as id from staff where left_on is null group by name having count(*) = 1) "
        f"n_{name} on n_{name}.name = {text}"
    )


def _fault(spec: TableSpec, name: str) -> str | None:
    if spec.field(name).soft or spec.by.get(name) == "identity":  # an unknown identity number is a new customer
        return None
    return f"case when s.v_{name} is not null and j_{name}.id is null then 'unknown_{name}' end"


def faulty(conn: sa.Connection, spec: TableSpec) -> list[tuple[int, list[str]]]:
    """(line, every reason) of the lines that cannot be used."""
    rows = conn.exec_driver_sql(
        f"select line, string_to_array(all_faults, ',') from {spec.stage}_fresh where all_faults <> '' order by line"
    )
    return [(line, reasons) for line, reasons in rows]
