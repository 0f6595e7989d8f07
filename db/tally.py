"""What a step of the night did, in numbers that add up over days."""

from dataclasses import astuple, dataclass
from operator import add
from typing import Self


@dataclass
class Tally:
    """To be derived with one number a field."""

    def __add__(self, other: Self) -> Self:
        return type(self)(*map(add, astuple(self), astuple(other)))
