"""Photos from one place to another: each read, written, read back, and only then taken away where it was.

Killed in the middle it is simply run again; what was moved is no longer there to be moved. Meanwhile `Both` shows what lies in either.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from engine.photos.store import NoSuchPhoto, PhotoChanged, Store


@dataclass
class Moved:
    """How many, of how many bytes; and which were damaged where they were, and stay there."""

    photos: int = 0
    bytes: int = 0
    damaged: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Both:
    """The place of now, and the one before it, from which nothing new comes."""

    now: Store
    before: Store

    def put(self, data: bytes) -> str:
        return self.now.put(data)

    def get(self, key: str) -> bytes:
        try:
            return self.now.get(key)
        except (NoSuchPhoto, PhotoChanged):
            try:
                return self.before.get(key)
            except NoSuchPhoto:
                return self.now.get(key)  # moved between the two looks

    def has(self, key: str) -> bool:
        return self.now.has(key) or self.before.has(key)

    def remove(self, key: str) -> None:
        self.now.remove(key)
        self.before.remove(key)

    def everything(self) -> Iterator[str]:
        yield from {*self.now.everything(), *self.before.everything()}


def move(before: Store, now: Store, say: Callable[[Moved], None] = lambda moved: None) -> Moved:
    """Everything that lies in one place to the other. `say` is told after each photo."""
    moved = Moved()
    for key in before.everything():
        try:
            data = before.get(key)
        except PhotoChanged:
            moved.damaged.append(key)
            continue
        now.get(now.put(data))
        before.remove(key)
        moved.photos, moved.bytes = moved.photos + 1, moved.bytes + len(data)
        say(moved)
    return moved
