"""Rows of plain values into a table by COPY: the fast way in for more than a handful."""

from collections.abc import Iterable, Iterator

import sqlalchemy as sa

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_rows(conn: sa.Connection, table: str, rows: Iterable[tuple]) -> None:
    """None is null; everything else goes in as its text."""
    with conn.connection.cursor() as cursor:
        cursor.copy_expert(f"copy {table} from stdin", _Stream(rows))


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
