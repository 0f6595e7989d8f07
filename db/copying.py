"""Rows of plain values into a table by COPY, or as one value of a statement: the fast ways in for more than a handful."""

import json
from collections.abc import Iterable, Iterator, Sequence

import psycopg2
import sqlalchemy as sa

AT_ONCE = 8 << 20  # bytes handed to the driver: while it sends them, the threads that make more are not interrupted
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_rows(conn: sa.Connection, table: str, rows: Iterable[tuple]) -> None:
    """None is null; everything else goes in as its text."""
    with conn.connection.cursor() as cursor:
        cursor.copy_expert(f"copy {table} from stdin", _Stream(rows))


def copy_new(conn: sa.Connection, table: str, pieces: Iterable[bytes]) -> int:
    """Pieces of COPY text, an empty field being null, into a table whose file was begun in this very transaction: its rows are written as
    everybody's, so that no reader has to find out. How many they were; what goes wrong in making the pieces arrives as it was.
    """
    stream = _Pieces(pieces)
    try:
        with conn.connection.cursor() as cursor:
            cursor.copy_expert(f"copy {table} from stdin (freeze, null '')", stream, size=AT_ONCE)
            return cursor.rowcount
    except psycopg2.Error as refused:
        raise stream.wrong or refused from None


class _Pieces:
    """What COPY reads from. The driver tells nobody what a read raised, so it is kept here."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._rest, self._at = iter(pieces), b"", 0
        self.wrong: Exception | None = None

    def read(self, size: int) -> bytes:
        if self._at >= len(self._rest):
            self._rest, self._at = self._next(), 0
        piece = self._rest[self._at : self._at + size]
        self._at += size
        return piece

    def _next(self) -> bytes:
        try:
            return next(self._pieces, b"")
        except Exception as wrong:
            self.wrong = wrong
            raise


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
