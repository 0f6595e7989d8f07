"""What the loader must know of one table of one delivery. Built by the engine from a mapping."""

from collections.abc import Mapping
from dataclasses import dataclass

from db.nouns import KEYS, Field


@dataclass(frozen=True)
class Source:
    """One field's place in the line (from 1) and how its text is read."""

    field: Field
    position: int
    codes: Mapping[str, str | bool] | None = None
    unit: float = 1
    by: str | None = None


@dataclass(frozen=True)
class TableSpec:
    source: str
    name: str
    noun: str
    file: str
    width: int  # how many fields a line has
    separator: str
    fields: Mapping[str, Source]
    first_line: int = 1
    tail: int = 0  # characters at the end of a line that change every day by themselves
    full: bool = True
    deleted: tuple[int, str] | None = None  # of a delta: position and text that say a row is gone
    families: tuple[tuple[str, str], ...] = ()  # (word in a product's name, family), first match wins

    @property
    def stage(self) -> str:
        return f"staging.{self.source}_{self.name}"

    @property
    def key_positions(self) -> list[int]:
        return [self.fields[name].position for name in KEYS[self.noun]]
