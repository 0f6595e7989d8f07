"""What a measurement answers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """Seconds of something beside the least that the same machine could do it in, measured in the same run."""

    name: str
    seconds: float
    floor_seconds: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.floor_seconds
