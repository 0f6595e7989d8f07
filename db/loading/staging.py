"""Lines of a file into an unlogged table, and which of them say something new."""

import sqlalchemy as sa

from db.loading.spec import TableSpec

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
NO_SUCH_CHARACTER = ("\x1e", "\x1d")  # delimiter and quote of a COPY whose lines hold neither


def create(conn: sa.Connection, spec: TableSpec) -> None:
    drop(conn, spec)
    conn.exec_driver_sql(
        f"create unlogged table {spec.stage} "
        f"(line bigint generated always as identity (start {spec.first_line} cache 1000), raw text)"
    )


def drop(conn: sa.Connection, spec: TableSpec) -> None:
    for suffix in ("", "_delta", "_fresh", "_dates", "_values", "_typed"):
        conn.exec_driver_sql(f"drop table if exists {spec.stage}{suffix}")


def copy(conn: sa.Connection, spec: TableSpec, stream, encoding: str) -> None:
    """COPY the stream's lines; the server decodes. Fails whole on one bad byte: the caller then sends clean text."""
    delimiter, quote = NO_SUCH_CHARACTER
    with conn.connection.cursor() as cursor:
        cursor.copy_expert(
            f"copy {spec.stage} (raw) from stdin (format csv, delimiter E'\\x{ord(delimiter):02x}', "
            f"quote E'\\x{ord(quote):02x}', encoding '{encoding}')",
            stream,
            size=1 << 18,
        )


def compare(conn: sa.Connection, spec: TableSpec) -> None:
    """`_delta`: keys that are new, look different, stand twice or have gone; `_fresh`: the lines to take apart."""
    cut = f"left(raw, -{spec.tail})" if spec.tail else "raw"
    conn.execute(
        sa.text(f"""
            create unlogged table {spec.stage}_delta as
            select g.key, g.line, g.n, g.hash, f.id as row_id
            from (
                select key, min(line) as line, count(*) as n, min(hash) as hash
                from (select coalesce(nullif({_key(spec)}, ''), 'line ' || line) as key, line,
                             hashtextextended({cut}, 0) as hash
                      from {spec.stage} where raw is not null) lines
                group by key
            ) g
            full join ({FACES[spec.noun]}) f on f.key = g.key
            where f.id is null or f.feed_hash is distinct from g.hash or g.n > 1 or (g.key is null and f.live)
        """),
        _source(spec),
    )
    conn.exec_driver_sql(
        f"""create unlogged table {spec.stage}_fresh as
            select s.line, s.raw, d.hash, d.row_id, false as twin
            from {spec.stage} s join {spec.stage}_delta d on d.line = s.line
            union all
            select s.line, s.raw, null, null, true
            from {spec.stage} s join {spec.stage}_delta d on d.key = {_key(spec, "s.raw")} and d.n > 1
            where s.line > d.line"""
    )
    conn.exec_driver_sql(f"analyze {spec.stage}_fresh")


def count(conn: sa.Connection, spec: TableSpec) -> int:
    return conn.exec_driver_sql(f"select count(raw) from {spec.stage}").scalar_one()


def _key(spec: TableSpec, raw: str = "raw") -> str:
    parts = [f"btrim(split_part({raw}, {literal(spec.separator)}, {p}))" for p in spec.key_positions]
    return " || E'\\x1f' || ".join(parts)


def _source(spec: TableSpec) -> dict:
    return {"source": spec.source} if ":source" in FACES[spec.noun] else {}


def literal(text: str) -> str:
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"
