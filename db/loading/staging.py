"""Typed lines into an unlogged table; which of them say something new; whom and what they refer to."""

import io
from collections.abc import Iterable

import numpy as np
import sqlalchemy as sa

from db.copying import copy_new, copy_rows
from db.loading.spec import TableSpec
from db.nouns import Shape

# What the book knows of a noun by the source's own key: id, key, hash of the line last published.
FACES = {
    "branches": "select id::bigint, code as key, feed_hash from branches",
    # Whoever was ended by hand stays known while the file goes on listing him, so that he does not come back by it.
    "staff": """select id::bigint, staff_no as key, feed_hash from staff f where left_on is null or left_by is not null and feed_hash is not null
        and not exists (select from staff o where o.staff_no = f.staff_no and o.left_on is null)""",
    "products": "select id::bigint, code as key, feed_hash from products where source = '{source}'",
    "customers": "select id, customer_no as key, feed_hash from customers where source = '{source}'",
    "loans": "select id, loan_no as key, feed_hash from loans where source = '{source}'",
    "arrears": "select null::bigint as id, loan_no as key, feed_hash from arrears where source = '{source}'",
    "guarantors": "select id, loan_no || E'\\x1f' || guarantor_no as key, feed_hash from guarantors where source = '{source}'",
}
RIVALS = {"customers": "customer_no", "products": "code"}
# A row of COPY's binary format with two bigints: their number, then the length and the value of each.
REMEMBERED = np.dtype([("columns", ">i2"), ("", ">i4"), ("id", ">i8"), (" ", ">i4"), ("hash", ">i8")])
COPY_HEADER, COPY_TRAILER = 19, 2  # bytes


def remembered(conn: sa.Connection, spec: TableSpec) -> np.ndarray:
    """id and hash of every row that a line of this table made, for telling which lines say nothing new."""
    if not spec.remembered:
        return np.empty(0, REMEMBERED)
    out = io.BytesIO()
    with conn.connection.cursor() as cursor:
        query = f"select id, feed_hash from ({_face(spec)}) f where feed_hash is not null"
        cursor.copy_expert(f"copy ({query}) to stdout (format binary)", out, size=1 << 18)
    return np.frombuffer(out.getbuffer()[COPY_HEADER:-COPY_TRAILER], REMEMBERED)


def _face(spec: TableSpec) -> str:
    return FACES[spec.noun].format(source=spec.source)


def create(conn: sa.Connection, spec: TableSpec) -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in spec.columns())
    conn.exec_driver_sql(f"drop table if exists {spec.stage}, {spec.stage}_left cascade")
    # What the book has to know of these is asked for when it is read; a look at all their columns would be for nothing.
    conn.exec_driver_sql(f"create unlogged table {spec.stage} ({columns}) with (autovacuum_enabled = off)")
    conn.exec_driver_sql(f"create unlogged table {spec.stage}_left (row_id bigint) with (autovacuum_enabled = off)")


def clear(conn: sa.Connection, source: str) -> None:
    """Drop every stage of a source, those of a killed load too."""
    names = conn.execute(
        sa.text("select tablename from pg_tables where schemaname = 'staging' and starts_with(tablename, :prefix)"),
        {"prefix": f"{source}_"},
    ).scalars().all()  # fmt: skip
    if names:
        conn.exec_driver_sql(f"drop table {', '.join(f'staging.{name}' for name in names)} cascade")


def copy(conn: sa.Connection, spec: TableSpec, pieces: Iterable[bytes]) -> None:
    """Pieces of COPY text whose columns are `spec.columns()`, in the transaction that created the stage."""
    copy_new(conn, spec.stage, pieces)


def keep_left(conn: sa.Connection, spec: TableSpec, ids: Iterable[int]) -> None:
    """Rows of the book whose line did not come again as it was."""
    copy_rows(conn, f"{spec.stage}_left", ((one,) for one in ids))


def compare(conn: sa.Connection, spec: TableSpec) -> None:
    """`_delta`: the staged keys, once each, with the row of the book they name. Of a cold table: those that stand twice.

    A key whose row was seen unchanged on another line is `taken`: this line is a second one.
    """
    if not spec.distinct:
        conn.exec_driver_sql(f"analyze {spec.stage} (key, line), {spec.stage}_left")
    grouped = f"select key, min(line) as line, count(*) as n from {spec.stage} group by key"
    if spec.cold:
        query = f"select *, null::bigint as row_id, false as taken from ({grouped} having count(*) > 1) g"
        query += " with no data" if spec.distinct else ""
    else:
        taken = "f.feed_hash is not null and l.row_id is null" if spec.remembered else "false"
        query = f"""
            select g.*, f.id as row_id, {taken} as taken from ({grouped}) g
            left join ({_face(spec)}) f on f.key = g.key left join {spec.stage}_left l on l.row_id = f.id"""
    conn.exec_driver_sql(f"create unlogged table {spec.stage}_delta as {query}")
    conn.exec_driver_sql(f"analyze {spec.stage}_delta")


def resolve(conn: sa.Connection, spec: TableSpec) -> None:
    """`_fresh`: the staged lines with the ids of what they refer to and the faults found on the way.

    A cold table's lines are read once, as a view. What they name in large tables is kept beside them, line by line: CREATE
    TABLE AS looks up by several processes what INSERT would by one, and writes so much less than whole lines. Of others, few
    lines that are read several times: a table with statistics.
    """
    if not spec.cold:
        conn.exec_driver_sql(
            f"{_table_of_new(spec)} {_looked_up(spec, 's.*, case when s.line = d.line then d.row_id end as row_id')}"
        )
        conn.exec_driver_sql(f"analyze {spec.stage}_new (line, row_id, all_faults, gone)")
        fresh = f"select * from {spec.stage}_new"
    elif any(spec.field(name).shape in (Shape.CUSTOMER, Shape.LOAN) for name in spec.fields):
        conn.exec_driver_sql(f"{_table_of_new(spec)} {_looked_up(spec, 's.line as at')}")
        fresh = f"select s.*, n.*, null::bigint as row_id from {spec.stage} s join {spec.stage}_new n on n.at = s.line"
    else:
        fresh = _looked_up(spec, "s.*, null::bigint as row_id")
    conn.exec_driver_sql(f"create view {spec.stage}_fresh as {fresh}")


def _table_of_new(spec: TableSpec) -> str:
    return f"create unlogged table {spec.stage}_new with (autovacuum_enabled = off) as"


def _looked_up(spec: TableSpec, of_a_line: str) -> str:
    references = [name for name in spec.fields if spec.field(name).refers]
    found = "".join(f", {column}" for name in references for column in _found(spec, name))
    joins = "\n".join([_join(spec, name) for name in references] + [_rival(spec), _by_hand(spec), _twice(spec)])
    faults = ["s.faults"] + [fault for name in references if (fault := _fault(spec, name))]
    faults += ["case when rival.id is not null then 'key_of_another_source' end"] if spec.noun in RIVALS else []
    faults += ["case when by_hand.name <> s.v_name then 'number_by_hand' end"] if spec.noun == "staff" else []
    faults += [] if spec.distinct else ["case when d.taken or d.n > 1 and s.line > d.line then 'duplicate_key' end"]
    return f"select {of_a_line}, concat_ws(',', {', '.join(faults)}) as all_faults {found} from {spec.stage} s {joins}"


def find_gone(conn: sa.Connection, spec: TableSpec) -> None:
    """`_gone`: rows that a full snapshot leaves out, or that a delta says were deleted."""
    if spec.full:
        query = f"""
            select l.row_id from {spec.stage}_left l left join {spec.stage}_delta d using (row_id)
            where d.row_id is null"""
    else:
        query = f"select row_id from {spec.stage}_fresh where gone and all_faults = '' and row_id is not null"
    conn.exec_driver_sql(f"create unlogged table {spec.stage}_gone as {query}")
    conn.exec_driver_sql(f"analyze {spec.stage}_gone")


def _found(spec: TableSpec, name: str) -> list[str]:
    if spec.field(name).shape is Shape.LOAN:  # with the note comes its borrower
        return [f"j_{name}.id as r_{name}", f"j_{name}.customer_id as r_borrower"]
    return [f"j_{name}.id as r_{name}"]


def _join(spec: TableSpec, name: str) -> str:
    text, alias = f"s.v_{name}", f"j_{name}"
    if spec.by.get(name) == "identity":
        # Along the index of identity numbers; by min(id) alone it might be that of the ids, until it meets him.
        return f"left join lateral (select min(id + 0) as id from customers where identity_hash = vigil_lookup({text})) {alias} on true"
    return f"left join ({named(spec, name)}) {alias} on {alias}.said = {text}"


def named(spec: TableSpec, name: str) -> str:
    """What a field may name: the text that a source says, each once, and the id of the row that it means."""
    match spec.field(name).shape, spec.by.get(name):
        case Shape.BRANCH, _:
            # What was merged into another branch belongs there, under whichever code it is handed down.
            return "select code as said, coalesce(merged_into, id) as id from branches"
        case Shape.PRODUCT, "name":
            return "select name as said, min(id) as id from products group by 1"
        case Shape.PRODUCT, _:
            return "select code as said, id from products"
        case Shape.CUSTOMER, _:
            return "select customer_no as said, id from customers"
        case Shape.LOAN, _:
            return f"select loan_no as said, id, customer_id from loans where source = '{spec.source}'"
    # A number; else a name that exactly one present member of staff bears.
    return """
        with present as (select staff_no, name, id from staff where left_on is null)
        select staff_no as said, id from present union all
        select name, min(id) from present where name not in (select staff_no from present) group by name having count(*) = 1"""


def _rival(spec: TableSpec) -> str:
    """The row of another source that bears the same number, where numbers are the bank's and not the source's."""
    if spec.noun not in RIVALS:
        return ""
    key = RIVALS[spec.noun]
    return f"left join {spec.noun} rival on rival.{key} = s.v_{key} and rival.source <> '{spec.source}'"


def _twice(spec: TableSpec) -> str:
    """What is known of a line's key; nothing where none stands twice and the book has none."""
    return "" if spec.distinct else f"{'left' if spec.cold else ''} join {spec.stage}_delta d on d.key = s.key"


def _by_hand(spec: TableSpec) -> str:
    """Who was added by hand under the number of a line, and no file has listed yet."""
    if spec.noun != "staff":
        return ""
    return "left join staff by_hand on by_hand.staff_no = s.v_staff_no and by_hand.left_on is null and by_hand.feed_hash is null"


def _fault(spec: TableSpec, name: str) -> str | None:
    if spec.field(name).soft or spec.by.get(name) == "identity":  # an unknown identity number is a new customer
        return None
    looked_up = f"s.v_{name} is not null and not s.gone and s.faults is distinct from 'wrong_field_count'"
    return f"case when {looked_up} and j_{name}.id is null then 'unknown_{name}' end"


def faulty(conn: sa.Connection, spec: TableSpec) -> list[tuple[int, list[str]]]:
    """(line, every reason) of the lines that cannot be used."""
    rows = conn.exec_driver_sql(
        f"select line, string_to_array(all_faults, ',') from {spec.stage}_fresh where all_faults <> '' order by line"
    )
    return [(line, reasons) for line, reasons in rows]
