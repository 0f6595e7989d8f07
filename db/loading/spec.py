"""What the loader must know of one table of one delivery. Built by the engine from a mapping."""

from collections.abc import Mapping
from dataclasses import dataclass

from db.nouns import NOUNS, Field, Shape

STAGED_AS = {
    Shape.MONEY: "bigint",
    Shape.NUMBER: "numeric",
    Shape.INTEGER: "int",
    Shape.DATE: "date",
    Shape.FLAG: "boolean",
}


@dataclass(frozen=True)
class TableSpec:
    """`fields` are those the mapping fills; a customer may be named by "number" or "identity", a product by "code" or "name"."""

    source: str
    name: str
    noun: str
    file: str
    fields: tuple[str, ...]
    by: Mapping[str, str]
    full: bool = True
    first: bool = False  # nothing has been loaded before this sitting
    absent_days: int = 1  # a note missing from full snapshots this long is settled
    cold: bool = False  # the book has nothing of this noun by this source yet: every line is new
    distinct: bool = False  # surely no key stands twice
    families: tuple[tuple[str, str], ...] = ()  # (word in a product's name, family), first match wins

    @property
    def remembered(self) -> bool:
        """Are lines that the book has already left out of the stage? A delta brings none, arrears are few.

        An empty book has none, and asking it would wait for the sitting that fills it.
        """
        return self.full and self.noun != "arrears" and not self.first

    @property
    def stage(self) -> str:
        return f"staging.{self.source}_{self.name}"

    def field(self, name: str) -> Field:
        return NOUNS[self.noun][name]

    def refers_by_id(self, name: str) -> bool:
        """Whether the book keeps the id of what a field names; numbers that name a row of their own stay text."""
        return self.field(name).refers and not name.endswith("_no")

    def columns(self) -> list[tuple[str, str]]:
        """(column, type) of the stage: references are staged as the text that names them."""
        own = [("line", "int"), ("key", "text"), ("hash", "bigint"), ("gone", "boolean"), ("faults", "text")]
        return own + [(f"v_{name}", STAGED_AS.get(self.field(name).shape, "text")) for name in self.fields]
