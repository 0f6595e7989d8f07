"""From a file's bytes to typed rows with their faults: pure, in pieces of bounded size, vectorised by Polars.

A row's fault never stops the file: it is a value beside the row. What a row refers to (a branch, a customer) is
looked up later, in the database.
"""

import hashlib
import io
import queue
import re
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import islice
from typing import TypeVar

import numpy as np
import polars as pl
import pyarrow as pa

from db.loading.spec import TableSpec
from db.nouns import KEYS, Shape
from engine.feed import charset, delivery, mapping
from engine.feed.delivery import Counted, Piece
from engine.feed.known import Known
from engine.feed.mapping import Column, Mapping

BATCH = 50_000  # rows of a quoted CSV or a sheet taken apart at once
LARGEST_FEN = 10**16  # more is a typing error, and would not fit
NUMBER = r"^[+-]?(\d{1,15}(\.\d{0,8})?|\.\d{1,8})$"
WHOLE = r"^[+-]?\d{1,8}(\.0*)?$"
UNREADABLE = "\ufffd"
QUOTE = b'"'
EPOCH = date(1970, 1, 1)
T = TypeVar("T")


class Dates:
    """Dates are few and repeat: each distinct text is read once. `wrong`: those met so far that are neither a date nor a way to say that there is none."""

    def __init__(self, written: str, no_date: list[str]) -> None:
        self._written, self._no_date = written, no_date
        self._days: dict[
            str, int | None
        ] = {}  # since 1970, as the column keeps them: a date of Python's own costs three times that
        self.wrong: list[str] = []

    def read(self, texts: pl.Series) -> pl.Series:
        """The day of each; null for none and for what cannot be read."""
        said = texts.to_list()
        for text in set(said).difference(self._days):
            fine, day = mapping.read_date(text, self._written, self._no_date)
            self._days[text] = (day - EPOCH).days if day else None
            self.wrong += [] if fine else [text]
        return pl.Series([*map(self._days.get, said)], dtype=pl.Int32).cast(pl.Date)


@dataclass
class Reader:
    """Reads one table of a delivery. `counted` holds what was really there once all pieces are through."""

    found: Mapping
    piece: Piece
    spec: TableSpec
    tolerance: float
    known: Known
    counted: Counted = field(default_factory=Counted)
    rows: int = 0
    balance_fen: int = 0
    _dates: dict[str, Dates] = field(default_factory=dict)  # of each way to write them
    _keys: list[np.ndarray] = field(default_factory=list)

    def lines(self) -> Iterator[bytes]:
        """The rows that the book does not have already, as COPY text with the columns of `spec.columns()`."""
        names = [name for name, _ in self.spec.columns()]
        for frame in self.frames():
            yield copy_text(frame.select(names))

    def frames(self) -> Iterator[pl.DataFrame]:
        """line, key, hash, gone, faults and a v_ column a field."""
        for split in _split(self.found, self.piece, self.counted):
            texts = self._texts(split)
            self.rows += texts.height
            self._add_balance(texts)
            fresh = texts.filter(pl.Series(~self.known.again(texts["hash"].to_numpy())))
            if fresh.height:
                typed = self._typed(fresh)
                self._keys.append(typed["key"].hash().to_numpy())
                yield typed

    @property
    def distinct(self) -> bool:
        """Surely no key stands twice among the lines handed on. Eight bytes a line tell; grouping them by text costs more."""
        keys = np.sort(np.concatenate([np.empty(0, np.uint64), *self._keys]))
        return bool((keys[1:] != keys[:-1]).all())

    def _texts(self, split: pl.DataFrame) -> pl.DataFrame:
        """What the mapping uses of each line: a t_ column a field, and the hash by which the line is known again."""
        width = len(self.piece.columns)
        texts = split.select(
            "line",
            (pl.col(f"c{width}").is_null() & pl.col(f"c{width - 1}").is_not_null()).alias("whole"),
            self._gone().alias("gone"),
            *(_text(f"c{place}").alias(f"t_{name}") for name, place in self._places.items()),
        )
        hashed = texts.select("whole", "gone", *(f"t_{name}" for name in sorted(self._places)))
        return texts.with_columns(hashed.hash_rows(seed=self._seed).reinterpret(signed=True).alias("hash"))

    @cached_property
    def _places(self) -> dict[str, int]:
        """Of each field of the mapping, the place of its column in the file."""
        return {name: self.piece.columns.index(c.column) for name, c in self.piece.table.fields.items()}

    @cached_property
    def _seed(self) -> int:
        """A line read by another mapping is another line."""
        told = self.piece.table.model_dump_json() + self.found.model_dump_json(exclude={"tables", "title"})
        return int.from_bytes(hashlib.sha256(told.encode()).digest()[:8], "big")

    def _gone(self) -> pl.Expr:
        """In a delta, the column that says a row was deleted at the source."""
        if not self.found.deleted:
            return pl.lit(False)
        place = self.piece.columns.index(self.found.deleted["column"])
        return (_text(f"c{place}") == self.found.deleted["text"]).fill_null(False)

    def _add_balance(self, texts: pl.DataFrame) -> None:
        if "balance" in self._places:
            balances = texts.select(self._value(texts, "balance").alias("fen")).filter(pl.col("fen").abs() < LARGEST_FEN)
            self.balance_fen += balances["fen"].sum() or 0

    def _typed(self, texts: pl.DataFrame) -> pl.DataFrame:
        frame = texts.with_columns(
            _key(self.spec, texts).alias("key"), *(self._value(texts, name).alias(f"v_{name}") for name in self._places)
        )
        return frame.with_columns(self._faults().alias("faults"))

    def _value(self, texts: pl.DataFrame, name: str) -> pl.Expr:
        column: Column = self.piece.table.fields[name]
        text = pl.col(f"t_{name}")
        match self.spec.field(name).shape:
            case Shape.MONEY:
                scaled = text.str.to_decimal(scale=8) * pl.lit(round(100 * column.unit))
                return pl.when(text.str.contains(NUMBER)).then(scaled.round(0).cast(pl.Int64, strict=False))
            case Shape.NUMBER:
                return pl.when(text.str.contains(NUMBER)).then(text)
            case Shape.INTEGER:
                return pl.when(text.str.contains(WHOLE)).then(text.cast(pl.Float64, strict=False).cast(pl.Int32, strict=False))
            case Shape.CODE:
                return text.replace_strict(column.codes, default=None, return_dtype=pl.String)
            case Shape.FLAG:
                return text.replace_strict(column.codes, default=None, return_dtype=pl.Boolean)
            case Shape.DATE:
                distinct = texts[f"t_{name}"].drop_nulls().unique()
                days = self._dates.setdefault(self._written(column), Dates(self._written(column), self.found.no_date)).read(
                    distinct
                )
                return text.replace_strict(distinct, days, default=None, return_dtype=pl.Date)
        return text

    def _written(self, column: Column) -> str:
        return column.format or self.found.date_format

    def _faults(self) -> pl.Expr:
        """Every reason why a row cannot be used; of one deleted at the source only its key must be readable."""
        keys = KEYS[self.spec.noun]
        of_keys = [fault for name in keys for fault in self._faults_of_a_field(name)]
        others = [fault for name in self._places if name not in keys for fault in self._faults_of_a_field(name)]
        of_present = [pl.when(~pl.col("gone")).then(fault) for fault in [*others, *self._faults_of_a_row()]]
        listed = pl.concat_str([*of_keys, *of_present], separator=",", ignore_nulls=True)
        return pl.when(~pl.col("whole")).then(pl.lit("wrong_field_count")).otherwise(listed)

    def _faults_of_a_field(self, name: str) -> list[pl.Expr]:
        field, text, value = self.spec.field(name), pl.col(f"t_{name}"), pl.col(f"v_{name}")
        faults = [_fault(text.str.contains(UNREADABLE, literal=True), "unreadable_text")] if field.shape is Shape.TEXT else []
        if field.required:
            empty = text.is_null()
            if field.shape is Shape.DATE:
                empty |= value.is_null() & ~text.is_in(self._no_dates(name))
            faults.append(_fault(empty, f"missing:{name}"))
        match field.shape:
            case Shape.MONEY | Shape.NUMBER | Shape.INTEGER:
                faults.append(_fault(text.is_not_null() & value.is_null(), f"not_a_number:{name}"))
            case Shape.DATE:
                faults.append(_fault(text.is_in(self._no_dates(name)), f"no_such_date:{name}"))
            case Shape.CODE | Shape.FLAG:
                faults.append(_fault(text.is_not_null() & value.is_null(), f"unknown_{name}"))
        return faults

    def _no_dates(self, name: str) -> list[str]:
        return self._dates[self._written(self.piece.table.fields[name])].wrong

    def _faults_of_a_row(self) -> list[pl.Expr]:
        if self.spec.noun != "loans":
            return []
        balance, amount = pl.col("v_balance"), pl.col("v_amount")
        faults = [
            _fault(balance < 0, "negative_balance"),
            _fault(amount < 0, "negative_amount"),
            _fault(balance > amount * (1 + self.tolerance), "balance_above_amount"),
            _fault((amount >= LARGEST_FEN) | (balance >= LARGEST_FEN), "amount_too_large"),
            _fault(pl.col("v_matures_on") < pl.col("v_disbursed_on"), "matures_before_disbursed"),
        ]
        if "new_customer_name" in self._places:
            faults.append(_fault(pl.col("t_new_customer_name").is_null(), "missing:new_customer_name"))
        return faults


def ahead(pieces: Iterator[T], depth: int = 2) -> Iterator[T]:
    """The same pieces, made one or two ahead by a thread of their own; its errors arrive here.

    Whoever stops asking waits until the piece in the making is done: nothing goes on behind his back.
    """
    made: queue.Queue = queue.Queue(depth)
    stop = threading.Event()

    def make() -> None:
        try:
            for piece in pieces:
                made.put((piece, None))
                if stop.is_set():
                    return
            made.put((None, None))
        except BaseException as wrong:  # handed over, not swallowed
            made.put((None, wrong))

    maker = threading.Thread(target=make, daemon=True)
    maker.start()
    try:
        while True:
            piece, wrong = made.get()
            if wrong is not None:
                raise wrong
            if piece is None:
                return
            yield piece
    finally:
        stop.set()
        while maker.is_alive():
            _drain(made)
            maker.join(0.05)


def _drain(made: queue.Queue) -> None:
    while not made.empty():
        made.get_nowait()


def raw_lines(found: Mapping, piece: Piece, numbers: set[int]) -> dict[int, str]:
    """The text of some lines of a file as they stand there."""
    if found.quoted:
        return {line: raw for line, raw, _ in delivery.rows(found, piece.table, piece.file) if line in numbers}
    utf8 = charset.reader(found.encoding)
    with delivery.open_bytes(piece.file) as file:
        return {line: utf8(raw.rstrip(b"\r\n")).decode() for line, raw in enumerate(file, 1) if line in numbers}


def _text(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars().replace("", None)


def copy_text(frame: pl.DataFrame) -> bytes:
    """Rows as COPY takes them. That no value holds one of its own signs is told by counting them; a look at each value costs more."""
    plain = _tabbed(frame)
    written = np.frombuffer(plain, np.uint8)
    signs = [np.count_nonzero(written == ord(sign)) for sign in "\t\n\r\\"]
    if signs == [frame.height * (frame.width - 1), frame.height, 0, 0]:
        return plain
    return _tabbed(frame.with_columns(_escaped(pl.col(pl.String))))


def _tabbed(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()  # a text of Python's own would be made of it on the way, at four times the cost
    frame.write_csv(out, include_header=False, separator="\t", quote_style="never")
    return out.getvalue()


def _escaped(texts: pl.Expr) -> pl.Expr:
    """What COPY would take for its own signs."""
    return texts.str.replace_all("\\", "\\\\", literal=True).str.replace_all(r"[\t\r\n]", " ")


def _key(spec: TableSpec, texts: pl.DataFrame) -> pl.Expr:
    """The source's own key; a row without one is its own."""
    names = [f"t_{name}" for name in KEYS[spec.noun]]
    key = pl.concat_str(names, separator="\x1f") if len(names) > 1 else pl.col(names[0])
    if any(texts[name].null_count() for name in names):
        return key.fill_null(pl.concat_str(pl.lit("line "), pl.col("line")))
    return key


def _fault(when: pl.Expr, name: str) -> pl.Expr:
    return pl.when(when).then(pl.lit(name))


# --- Bytes to lines of fields ----------------------------------------------------------------------------------------


def _split(found: Mapping, piece: Piece, counted: Counted) -> Iterator[pl.DataFrame]:
    """Frames of line, c0, c1 ...: line numbers as an editor shows them, and one column more than there should be."""
    if found.format == "xlsx":
        yield from _cells(found, piece)
        with delivery.open_bytes(piece.file) as raw:
            while counted.take(raw.read(delivery.PIECE)):
                pass
        return
    first, texts = 1, ahead(delivery.texts(found, piece.file, counted.take))
    for text in texts:
        if found.quoted and not _plain(text):
            yield from _cells(found, piece, since=first)
            deque(texts, maxlen=0)  # to count the rest
            return
        lines = _lines(text)
        yield _fields(found, piece, lines.to_frame().with_row_index("line", offset=first))
        first += len(lines)


def _plain(text: bytes) -> bool:
    """Whether every line feed ends a row and every delimiter a cell."""
    return QUOTE not in text and text.count(b"\r") == text.count(b"\r\n")


def _lines(text: bytes) -> pl.Series:
    """Each with its line feed: the text itself, and where they begin."""
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n")) + 1
    places = np.concatenate([[0], ends, [] if text.endswith(b"\n") else [len(text)]]).astype(np.int64)
    texts = pa.LargeStringArray.from_buffers(len(places) - 1, pa.py_buffer(places), pa.py_buffer(text))
    return pl.from_arrow(texts).alias("raw")


def _fields(found: Mapping, piece: Piece, lines: pl.DataFrame) -> pl.DataFrame:
    width, raw = len(piece.columns), pl.col("raw")
    filled = raw.str.contains(rf"[^\s{re.escape(found.delimiter)}]") if found.quoted else ~raw.is_in(["\n", "\r\n"])
    rows = lines.filter(filled & (pl.col("line") > delivery.header_lines(found, piece.table)))
    fields = rows.select(
        "line", raw.str.split_exact(found.delimiter, width).struct.rename_fields([f"c{i}" for i in range(width + 1)])
    )
    return fields.unnest("raw").with_columns(pl.col(f"c{width - 1}", f"c{width}").str.strip_chars_end("\r\n"))


def _cells(found: Mapping, piece: Piece, since: int = 1) -> Iterator[pl.DataFrame]:
    """Of rows that a parser tells apart, those from a line on."""
    width = len(piece.columns)
    filled = (
        row for row in delivery.rows(found, piece.table, piece.file) if row[0] >= since and any(cell.strip() for cell in row[2])
    )
    schema = {"line": pl.UInt32} | {f"c{i}": pl.String for i in range(width + 1)}
    if since == 1 and delivery.header_lines(found, piece.table):
        next(filled, None)
    while batch := list(islice(filled, BATCH)):
        rows = [(line, *cells[: width + 1], *[None] * (width + 1 - len(cells))) for line, _, cells in batch]
        yield pl.DataFrame(rows, schema=schema, orient="row")
