"""Rows of plain values into a table by COPY, or as one value of a statement: the fast ways in for more than a handful."""

import json
from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_rows(conn: sa.Connection, table: str, rows: Iterable[tuple]) -> None:
    """None is null; everything else goes in as its text."""
    with conn.connection.cursor() as cursor:
        cursor.copy_expert(f"copy {table} from stdin", _Stream(rows))


def from_one(table: str) -> str:
    """What rows that come as one value, :rows, are selected from: as they stand in the table. See `as_one`."""
    return f"json_populate_recordset(null::{table}, cast(:rows as json))"


def as_one(rows: Sequence[dict]) -> str:
    """For `from_one`: thousands of values of their own would cost more to read than the rows to write."""
    return json.dumps(rows, default=_in_json)


def _in_json(value: object) -> str:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


class _Stream:
    def __init__(self, rows: Iterable[tuple]) -> None:
        self._lines: Iterator[str] = ("\t".join(map(_text, row)) + "\n" for row in rows)
        self._rest = ""

    def read(self, size: int) -> str:
        parts, length = [self._rest], len(self._rest)
        while length < size and (line := next(self._lines, None)) is not None:
            parts.append(line)
            length += len(line)
        whole = "".join(parts)
        self._rest = whole[size:]
        return whole[:size]


def _text(value: object) -> str:
    return "\\N" if value is None else str(value).translate(_ESCAPES)
