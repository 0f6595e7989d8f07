"""From a file's bytes to typed rows with their faults: pure, in pieces of bounded size, vectorised by Polars.

A row's fault never stops the file: it is a value beside the row. What a row refers to (a branch, a customer) is
looked up later, in the database.
"""

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

import polars as pl

from db.loading.spec import TableSpec
from db.nouns import KEYS, Field, Shape
from engine.feed import delivery, mapping
from engine.feed.delivery import Counted, Piece
from engine.feed.mapping import Column, Mapping

PIECE = 24 << 20  # bytes of text taken apart at once
LARGEST_FEN = 10**16  # more is a typing error, and would not fit
NUMBER = r"^[+-]?(\d{1,15}(\.\d{0,8})?|\.\d{1,8})$"
WHOLE = r"^[+-]?\d{1,8}(\.0*)?$"
UNREADABLE = "\ufffd"
T = TypeVar("T")
NUL = "\x00"


@dataclass
class Reader:
    """Reads one table of a delivery. `counted` holds what was really there once all pieces are through."""

    found: Mapping
    piece: Piece
    spec: TableSpec
    tolerance: float
    counted: Counted = field(default_factory=Counted)
    rows: int = 0
    balance_fen: int = 0
    _dates: dict[str, tuple[bool, date | None]] = field(default_factory=dict)

    def lines(self) -> Iterator[bytes]:
        """The typed rows as COPY text with the columns of `spec.columns()`."""
        names = [name for name, _ in self.spec.columns()]
        for frame in self.frames():
            self.rows += frame.height
            if "v_balance" in frame.columns:
                self.balance_fen += frame.filter(pl.col("v_balance").abs() < LARGEST_FEN)["v_balance"].sum() or 0
            escaped = frame.select(names).with_columns(_escaped(name) for name in self._texts())
            yield escaped.write_csv(include_header=False, separator="\t", quote_style="never", null_value="\\N").encode()

    def _texts(self) -> list[str]:
        return ["key", *(f"v_{name}" for name in self.spec.fields if self.spec.field(name).shape is Shape.TEXT)]

    def frames(self) -> Iterator[pl.DataFrame]:
        for split in _split(self.found, self.piece, self.counted):
            yield self._typed(split)

    def _typed(self, split: pl.DataFrame) -> pl.DataFrame:
        """line, key, hash, gone, faults and a v_ column a field, from line and the list of fields f."""
        width = len(self.piece.columns)
        texts = split.select(
            "line", pl.col("f").list.len().alias("width"),
            pl.col("f").list.to_struct(fields=[f"c{i}" for i in range(width)]).struct.unnest(),
        )  # fmt: skip
        wanted = {n: self.piece.columns.index(c.column) for n, c in self.piece.table.fields.items() if n in self.spec.fields}
        texts = texts.with_columns(_text(f"c{place}").alias(f"t_{name}") for name, place in wanted.items())
        frame = texts.with_columns(
            _key(self.spec).alias("key"),
            texts.select(f"t_{name}" for name in sorted(wanted)).hash_rows().reinterpret(signed=True).alias("hash"),
            self._gone().alias("gone"),
            *(self._value(texts, name).alias(f"v_{name}") for name in wanted),
        )
        return frame.with_columns(self._faults(frame, wanted, width).alias("faults"))

    def _gone(self) -> pl.Expr:
        """In a delta, the column that says a row was deleted at the source."""
        if not self.found.deleted:
            return pl.lit(False)
        place = self.piece.columns.index(self.found.deleted["column"])
        return (_text(f"c{place}") == self.found.deleted["text"]).fill_null(False)

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
                self._learn_dates(texts[f"t_{name}"], column)
                days = {text: day for text, (_, day) in self._dates.items() if day}
                return text.replace_strict(days, default=None, return_dtype=pl.Date)
        return text

    def _learn_dates(self, texts: pl.Series, column: Column) -> None:
        """Dates are few and repeat: each distinct text is read once."""
        for text in texts.drop_nulls().unique():
            if text not in self._dates:
                written = column.format or self.found.date_format
                self._dates[text] = mapping.read_date(text, written, self.found.no_date)

    def _faults(self, frame: pl.DataFrame, wanted: dict[str, int], width: int) -> pl.Expr:
        of_fields = [fault for name in wanted for fault in self._faults_of_a_field(name, self.spec.field(name))]
        listed = pl.concat_str([*of_fields, *self._faults_of_a_row(wanted)], separator=",", ignore_nulls=True)
        return pl.when(pl.col("width") != width).then(pl.lit("wrong_field_count")).otherwise(listed)

    def _faults_of_a_field(self, name: str, field: Field) -> list[pl.Expr]:
        text, value = pl.col(f"t_{name}"), pl.col(f"v_{name}")
        faults = [_fault(text.str.contains(UNREADABLE, literal=True), "unreadable_text")] if field.shape is Shape.TEXT else []
        if field.required:
            empty = text.is_null()
            if field.shape is Shape.DATE:
                empty |= value.is_null() & text.is_in([t for t, (fine, _) in self._dates.items() if fine])
            faults.append(_fault(empty, f"missing:{name}"))
        match field.shape:
            case Shape.MONEY | Shape.NUMBER | Shape.INTEGER:
                faults.append(_fault(text.is_not_null() & value.is_null(), f"not_a_number:{name}"))
            case Shape.DATE:
                bad = [t for t, (fine, _) in self._dates.items() if not fine]
                faults.append(_fault(text.is_in(bad), f"no_such_date:{name}"))
            case Shape.CODE:
                faults.append(_fault(text.is_not_null() & value.is_null(), f"unknown_{name}"))
        return faults

    def _faults_of_a_row(self, wanted: dict[str, int]) -> list[pl.Expr]:
        if self.spec.noun != "loans":
            return []
        balance, amount = pl.col("v_balance"), pl.col("v_amount")
        faults = [
            _fault(balance < 0, "negative_balance"),
            _fault(amount < 0, "negative_amount"),
            _fault(balance > amount * (1 + self.tolerance), "balance_above_amount"),
            _fault(amount >= LARGEST_FEN, "amount_too_large"),
            _fault(pl.col("v_matures_on") < pl.col("v_disbursed_on"), "matures_before_disbursed"),
        ]
        if "new_customer_name" in wanted:
            faults.append(_fault(pl.col("t_new_customer_name").is_null(), "missing:new_customer_name"))
        return faults


def ahead(pieces: Iterator[T], depth: int = 2) -> Iterator[T]:
    """The same pieces, made one or two ahead by a thread of their own; its errors arrive here."""
    made: queue.Queue = queue.Queue(depth)
    stop = threading.Event()

    def make() -> None:
        try:
            for piece in pieces:
                made.put((piece, None))
                if stop.is_set():
                    return
            made.put((None, None))
        except BaseException as wrong:  # noqa: BLE001 (handed over, not swallowed)
            made.put((None, wrong))

    threading.Thread(target=make, daemon=True).start()
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


def raw_lines(found: Mapping, piece: Piece, numbers: set[int]) -> dict[int, str]:
    """The text of some lines of a file as they stand there."""
    lines = {}
    separator = found.delimiter if found.columns == "ddl" else ","
    for split in _split(found, piece, Counted()):
        for line, fields in split.filter(pl.col("line").is_in(list(numbers))).select("line", "f").iter_rows():
            lines[line] = separator.join(fields)
    return lines


def _text(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars().replace("", None)


def _escaped(column: str) -> pl.Expr:
    """What COPY would take for its own signs."""
    return pl.col(column).str.replace_all("\\", "\\\\", literal=True).str.replace_all("\t", " ", literal=True)


def _key(spec: TableSpec) -> pl.Expr:
    """The source's own key; a row without one is its own."""
    parts = [pl.col(f"t_{name}") for name in KEYS[spec.noun]]
    return pl.concat_str(parts, separator="\x1f").fill_null(pl.concat_str(pl.lit("line "), pl.col("line")))


def _fault(when: pl.Expr, name: str) -> pl.Expr:
    return pl.when(when).then(pl.lit(name))


# --- Bytes to lines of fields ----------------------------------------------------------------------------------------


def _split(found: Mapping, piece: Piece, counted: Counted) -> Iterator[pl.DataFrame]:
    """Frames of (line, f): line numbers as an editor shows them, fields as text."""
    if found.columns == "header":
        yield from _rows_with_header(found, piece, counted)
        return
    first = 1
    for text in ahead(_decoded(found, piece, counted)):
        lines = pl.DataFrame({"raw": [text]}).select(pl.col("raw").str.split("\n").explode())
        lines = lines.with_row_index("line", offset=first)
        first += lines.height
        lines = lines.filter(pl.col("raw") != "").with_columns(pl.col("raw").str.strip_suffix("\r"))
        yield lines.select("line", pl.col("raw").str.split(found.delimiter).alias("f"))


def _decoded(found: Mapping, piece: Piece, counted: Counted) -> Iterator[str]:
    """Text in pieces that end with a whole line, without their last line feed."""
    rest = b""
    with delivery.open_bytes(piece.file) as raw:
        while data := counted.take(raw.read(PIECE)):
            cut = data.rfind(b"\n")
            if cut < 0:
                rest += data
                continue
            yield _text_of(rest + data[:cut], found.encoding)
            rest = data[cut + 1 :]
    if rest:
        yield _text_of(rest, found.encoding)


def _text_of(data: bytes, encoding: str) -> str:
    """What is no character becomes U+FFFD, which quarantines its line and no other."""
    return data.decode(encoding, "replace").replace(NUL, UNREADABLE)


def _rows_with_header(found: Mapping, piece: Piece, counted: Counted) -> Iterator[pl.DataFrame]:
    rows = delivery.rows(found, piece.table, piece.file)
    next(rows)
    line, batch = piece.table.header_row, []
    for row in rows:
        line += 1
        if any(cell.strip() for cell in row):
            batch.append((line, [cell.replace(NUL, UNREADABLE).replace("\n", " ") for cell in row]))
        if len(batch) == 100_000:
            yield _frame(batch)
            batch = []
    if batch:
        yield _frame(batch)
    with delivery.open_bytes(piece.file) as raw:
        while counted.take(raw.read(PIECE)):
            pass


def _frame(batch: list[tuple[int, list[str]]]) -> pl.DataFrame:
    return pl.DataFrame(batch, schema={"line": pl.UInt32, "f": pl.List(pl.String)}, orient="row")
