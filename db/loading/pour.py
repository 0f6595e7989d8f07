"""Lines straight into an empty table of the book, past any stage: what a bank's first delivery is made of.

A stage is written, read, looked up in and inserted from by one process each; COPY into the table itself costs little more
than the stage alone. Only where all that a line becomes can be told from the line and from the numbers it names.
"""

import io
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from db import bulk
from db.copying import copy_new
from db.loading import staging
from db.loading.publish import SINCE
from db.loading.spec import TableSpec

# Those make customers, or follow from the business date: SQL's work.
NOT_POURED = {"new_customer_name", "new_customer_phone", "overdue_days"}


def may(spec: TableSpec) -> bool:
    """Whether a table of a bank's first day may be poured, should its table in the book be empty."""
    return spec.first and spec.noun in SINCE and "identity" not in spec.by.values() and not NOT_POURED & set(spec.fields)


def named(conn: sa.Connection, spec: TableSpec, name: str) -> io.BytesIO:
    """Of all that a field may name the text that a source says and the id that it means: a CSV without a header."""
    out = io.BytesIO()
    with conn.connection.cursor() as cursor:
        cursor.copy_expert(f"copy (select said, id from ({staging.named(spec, name)}) n) to stdout (format csv)", out, size=1 << 18)
    out.seek(0)
    return out


def copy(conn: sa.Connection, spec: TableSpec, columns: Iterable[str], pieces: Iterable[bytes], same: Mapping[str, object]) -> int:
    """Into the undressed table, in the transaction that undressed it; how many rows it has now. `same`: what every row says."""
    bulk.presume(conn, spec.noun, same)
    return copy_new(conn, f"{spec.noun} ({', '.join(columns)})", pieces)
