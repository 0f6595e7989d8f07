"""Excel files of any length in little memory: XlsxWriter draws the book, and rows are poured into it as they come.

Cell by cell XlsxWriter needs minutes for a million rows. So it only draws what is around them: the sheets with their
columns, formats, footers and the cover. The rows are written straight into the file, as text that stays text.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from io import BytesIO
from operator import attrgetter
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import xlsxwriter

from db import settings
from engine import words
from engine.words import _

LARGEST = 1_048_576  # rows of a sheet, its heading among them
LONGEST = 32_767  # characters of a cell
PIECE = 1000  # rows written at a time
FORMATS = {
    "text": {}, "number": {"num_format": "#,##0"}, "decimal": {"num_format": "#,##0.0"}, "money": {"num_format": "#,##0.00"},
    "share": {"num_format": "0.0%"}, "date": {"num_format": "yyyy-mm-dd"}, "moment": {"num_format": "yyyy-mm-dd hh:mm"}, "word": {},
    "place": {"num_format": "0.000000"},
}  # fmt: skip
WIDTHS = {"text": 18, "moment": 17}


@dataclass(frozen=True)
class Field:
    """A column. `value`: an attribute of the row, or a function of it; `kind`: of FORMATS, money in fen."""

    title: str
    value: str | Callable
    kind: str = "text"
    words: type[StrEnum] | None = None


@dataclass(frozen=True)
class Cover:
    """What the first sheet and every page's foot say: whose file it is, of when, and what it was narrowed to."""

    title: str
    maker: str
    made_at: datetime
    narrowed: Mapping[str, str] = field(default_factory=dict)


def write(file: Path, cover: Cover, fields: Sequence[Field], rows: Iterable, say: Callable[[int], None] = lambda n: None) -> int:
    """How many rows. `say` is told how many there are so far, every now and then."""
    blank = _blank(cover, fields, 1, 0)
    cells, n, sheets = _cells(fields, blank), 0, 0
    pieces = _pieces(rows)
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as book:
        piece = next(pieces, [])
        while sheets == 0 or piece:
            sheets, room = sheets + 1, LARGEST - 1
            with book.open(f"xl/worksheets/sheet{sheets + 1}.xml", "w", force_zip64=True) as out:
                out.write(blank.head.encode())
                while piece and room:
                    now, piece = piece[:room], piece[room:]
                    out.write("".join(["<row>" + "".join([cell(row) for cell in cells]) + "</row>" for row in now]).encode())
                    n, room = n + len(now), room - len(now)
                    piece = piece or next(pieces, [])
                    say(n)
                out.write(blank.tail.encode())
        for name, content in _blank(cover, fields, sheets, n).others:
            book.writestr(name, content)
    return n


def _pieces(rows: Iterable) -> Iterator[list]:
    piece = []
    for row in rows:
        piece.append(row)
        if len(piece) == PIECE:
            yield piece
            piece = []
    if piece:
        yield piece


# --- The book around the rows -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Blank:
    """A drawn book: its sheet of rows before and after them, the style of each column, and every other part."""

    head: str
    tail: str
    styles: tuple[str, ...]
    others: tuple[tuple[str, bytes], ...]


def _blank(cover: Cover, fields: Sequence[Field], sheets: int, n: int) -> Blank:
    drawn = BytesIO()
    book = xlsxwriter.Workbook(drawn, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    foot = _foot(cover)
    _draw_cover(book, cover, foot, n)
    for number in range(1, sheets + 1):
        _draw_sheet(book, _sheet_name(cover.title, number), fields, foot)
    book.close()
    with ZipFile(drawn) as parts:
        others = [
            (name, parts.read(name)) for name in parts.namelist() if not re.fullmatch(r"xl/worksheets/sheet(?!1\.)\d+\.xml", name)
        ]
        sheet = parts.read("xl/worksheets/sheet2.xml").decode()
    head, data, tail = re.fullmatch(r"(.*<sheetData>)(.*)(</sheetData>.*)", sheet, re.DOTALL).groups()
    styles = re.findall(r'<c r="[A-Z]+\d+"(?: s="(\d+)")?', data)
    heading = "".join(_text(_(f.title), f' s="{style}"') for f, style in zip(fields, styles, strict=False))
    head = re.sub(r"<dimension [^>]*/>", "", head) + f"<row>{heading}</row>"
    return Blank(head, tail, tuple(styles[len(fields) :]), tuple(others))


def _draw_cover(book: xlsxwriter.Workbook, cover: Cover, foot: str, n: int) -> None:
    sheet = book.add_worksheet(_("About this file"))
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 70)
    sheet.set_footer(foot)
    bold = book.add_format({"bold": True, "font_size": 14})
    sheet.write_string(0, 0, cover.title, bold)
    made = cover.made_at.astimezone(settings.ZONE)
    told = {
        _("Exported by"): cover.maker, _("Exported at"): f"{made:%Y-%m-%d %H:%M:%S}", _("Rows"): f"{n:,}", **cover.narrowed,
        _("Keep in mind"): _("For internal use. Whoever passes it on answers for it; its making is in the trail."),
    }  # fmt: skip
    for row, (label, text) in enumerate(told.items(), 2):
        sheet.write_string(row, 0, label)
        sheet.write_string(row, 1, text)


def _draw_sheet(book: xlsxwriter.Workbook, name: str, fields: Sequence[Field], foot: str) -> None:
    """Its first row has the heading's style in every cell, its second the column's: read back by whoever fills it."""
    sheet = book.add_worksheet(name)
    heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.set_footer(foot)
    for column, one in enumerate(fields):
        sheet.set_column(column, column, WIDTHS.get(one.kind, 13))
        sheet.write_blank(0, column, None, heading)
        sheet.write_blank(1, column, None, book.add_format(FORMATS[one.kind] or {"num_format": "@"}))


def _foot(cover: Cover) -> str:
    """On every printed page; an & would be read as a code."""
    who, what = (text.replace("&", "&&")[:60] for text in (cover.maker, cover.title))
    return f"&L{who}&C{what} &P/&N&R{cover.made_at.astimezone(settings.ZONE):%Y-%m-%d %H:%M}"


def _sheet_name(title: str, number: int) -> str:
    name = re.sub(r"[\[\]:*?/\\']", " ", title)[:25].strip() or "1"
    return name if number == 1 else f"{name} {number}"


# --- Cells ------------------------------------------------------------------------------------------------------------

EMPTY = "<c/>"
# What XML cannot hold, and what Excel would read as the code of a character.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CODE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_FIRST_DAY = date(1899, 12, 30).toordinal()
MANY = 5_000  # different texts of a column that are worth keeping ready


def _cells(fields: Sequence[Field], blank: Blank) -> list[Callable[[object], str]]:
    return [_cell(one, f' s="{style}"' if style else "") for one, style in zip(fields, blank.styles, strict=True)]


def _cell(one: Field, style: str) -> Callable[[object], str]:
    """How a row's cell in this column is written. Values repeat, so what was written once is kept."""
    value = attrgetter(one.value) if isinstance(one.value, str) else one.value
    written, shown = {None: EMPTY}, _SHOWN[one.kind]

    def cell(row: object) -> str:
        v = value(row)
        try:
            return written[v]
        except KeyError:
            if len(written) > MANY:
                written.clear()
                written[None] = EMPTY
            text = written[v] = shown(v, style, one)
            return text

    return cell


def _text(value: object, style: str, _one: Field | None = None) -> str:
    text = _CODE.sub("_x005F_", _ILLEGAL.sub("\ufffd", str(value)))[:LONGEST]
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return f'<c{style} t="inlineStr"><is><t xml:space="preserve">{escaped}</t></is></c>'


def _number(value: object, style: str, _one: Field) -> str:
    return f"<c{style}><v>{float(value):.15g}</v></c>"


def _money(fen: int, style: str, _one: Field) -> str:
    """Fen as yuan, exactly."""
    whole, part = divmod(abs(int(fen)), 100)
    return f"<c{style}><v>{'-' if fen < 0 else ''}{whole}.{part:02}</v></c>"


def _date(day: date, style: str, _one: Field) -> str:
    return f"<c{style}><v>{day.toordinal() - _FIRST_DAY}</v></c>"


def _moment(moment: datetime, style: str, _one: Field) -> str:
    local = moment.astimezone(settings.ZONE)
    seconds = local.hour * 3600 + local.minute * 60 + local.second
    return f"<c{style}><v>{local.toordinal() - _FIRST_DAY + seconds / 86400:.10f}</v></c>"


def _word(value: str, style: str, one: Field) -> str:
    return _text(words.name(one.words(value)), style)


_SHOWN = {
    "text": _text, "number": _number, "decimal": _number, "share": _number, "place": _number, "money": _money, "date": _date, "moment": _moment,
    "word": _word,
}  # fmt: skip
