"""Lists as Excel files: streamed to disk row by row, text as text, logged."""

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import xlsxwriter

from db import audit
from db.access import Connection, Person
from engine import clock, permits
from engine.words import _

LARGEST = 1_000_000  # rows; a sheet holds 1,048,576


@dataclass(frozen=True)
class Field:
    """One column of the sheet; `kind`: text, number, money (yuan), date."""

    title: str
    value: Callable
    kind: str = "text"


def workbook(
    conn: Connection, by: Person, what: str, fields: Sequence[Field], rows: Iterable, permit: str = "export.make"
) -> bytes:
    """The file; who exported what and how many rows is in the trail.

    Cells typed as text stay text whatever they begin with, so no customer's name becomes a formula.
    """
    permits.must(by, permit)
    descriptor, name = tempfile.mkstemp(suffix=".xlsx")
    os.close(descriptor)
    try:
        n = _write(name, by, what, fields, rows)
        audit.note(conn, "export", what, None, {"rows": n})
        return Path(name).read_bytes()
    finally:
        Path(name).unlink()


def _write(name: str, by: Person, what: str, fields: Sequence[Field], rows: Iterable) -> int:
    book = xlsxwriter.Workbook(name, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    styles = {
        "head": book.add_format({"bold": True, "bottom": 1}),
        "text": book.add_format(),
        "number": book.add_format({"num_format": "#,##0"}),
        "money": book.add_format({"num_format": "#,##0.00"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
    }
    sheet = book.add_worksheet()
    sheet.set_footer(f"&L{by.name} {by.staff_no}&C{_(what)}&R{clock.local_now():%Y-%m-%d %H:%M}")
    sheet.freeze_panes(1, 0)
    for column, field in enumerate(fields):
        sheet.set_column(column, column, 12 if field.kind != "text" else 18)
        sheet.write_string(0, column, _(field.title), styles["head"])
    n = 0
    for n, row in enumerate(rows, 1):
        for column, field in enumerate(fields):
            _cell(sheet, n, column, field, field.value(row), styles)
        if n == LARGEST:
            break
    book.close()
    return n


def _cell(sheet, row: int, column: int, field: Field, value: object, styles: dict) -> None:
    if value is None:
        return
    if field.kind == "date" and isinstance(value, date):
        sheet.write_datetime(row, column, value, styles["date"])
    elif field.kind in ("number", "money"):
        sheet.write_number(row, column, float(value), styles[field.kind])
    else:
        sheet.write_string(row, column, str(value))
