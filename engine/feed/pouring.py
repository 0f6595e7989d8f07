"""A table's lines as rows of the book: what they name is looked up here, among all that the book knows by then."""

from collections.abc import Iterator, Mapping
from datetime import date
from io import BytesIO

import polars as pl

from db.loading.publish import SINCE, filled
from engine.feed.known import Hashes
from engine.feed.reading import Reader, copy_text

NAMED = {"said": pl.String, "id": pl.Int64}


class Index:
    """Which row of the book a text names: some twenty bytes a row, and the text itself, by which each find is made sure."""

    def __init__(self, listed: BytesIO) -> None:
        """`listed`: a CSV of text and id, each text once."""
        empty = not listed.getbuffer().nbytes
        rows = pl.DataFrame(schema=NAMED) if empty else pl.read_csv(listed, has_header=False, schema=NAMED)
        self._hashes = Hashes(rows["said"].hash().to_numpy())
        self._said, self._ids = rows["said"].gather(self._hashes.order), rows["id"].gather(self._hashes.order)

    @property
    def certain(self) -> bool:
        """No two texts look the same by their hash, so that each is found."""
        return self._hashes.distinct

    def find(self, texts: pl.Series) -> pl.Series:
        """The id of each; null for what the book does not know."""
        if not len(self._hashes):
            return pl.Series([None] * len(texts), dtype=pl.Int64)
        at, _ = self._hashes.find(texts.hash().to_numpy())
        found = (self._said.gather(at) == texts).fill_null(False)
        return pl.select(pl.when(found).then(self._ids.gather(at))).to_series()


class Pouring:
    """What a reader's lines become. `same`: what all rows say, by column. `set_aside`: those that cannot be used, line number and every
    reason, once all are through."""

    def __init__(self, reader: Reader, named: Mapping[str, Index], day: date) -> None:
        """`named`: an index for each field that refers to a row of the book."""
        self._reader, self._named = reader, named
        self._values = {name: _value(*said) for name, said in filled(reader.spec).items()} | {"feed_hash": pl.col("hash")}
        self.same = {"source": reader.spec.source} | dict.fromkeys(SINCE[reader.spec.noun], day)
        self.set_aside: list[tuple[int, list[str]]] = []

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._values)

    @property
    def certain(self) -> bool:
        """Each row is where a stage would have put it: nothing was missed, and no key stands twice among them."""
        return self._reader.distinct and all(index.certain for index in self._named.values())

    def lines(self) -> Iterator[bytes]:
        """The rows as COPY text with these columns."""
        for frame in self._reader.frames():
            found = frame.with_columns(index.find(frame[f"v_{name}"]).alias(f"r_{name}") for name, index in self._named.items())
            told = found.with_columns(self._reasons().alias("reasons"))
            self.set_aside += [(line, reasons.split(",")) for line, reasons in self._spoiled(told).iter_rows()]
            good = told.filter(pl.col("reasons").eq("") & ~pl.col("gone"))
            if good.height:
                yield copy_text(good.select(value.alias(name) for name, value in self._values.items()))

    def _reasons(self) -> pl.Expr:
        """Those of the line itself, then what it names and the book does not know."""
        own = pl.when(pl.col("faults") != "").then("faults")
        looked_up = ~pl.col("gone") & (pl.col("faults") != "wrong_field_count")
        unknown = [
            pl.when(looked_up & pl.col(f"v_{name}").is_not_null() & pl.col(f"r_{name}").is_null()).then(pl.lit(f"unknown_{name}"))
            for name in self._named
            if not self._reader.spec.field(name).soft
        ]
        return pl.concat_str([own, *unknown], separator=",", ignore_nulls=True)

    def _spoiled(self, told: pl.DataFrame) -> pl.DataFrame:
        return told.filter(pl.col("reasons") != "").select("line", "reasons")


def _value(staged: str, default: object) -> pl.Expr:
    return pl.col(staged) if default is None else pl.col(staged).fill_null(default)
