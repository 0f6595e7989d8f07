"""What the book remembers of a table's lines: a hash each. Most lines of a full snapshot say nothing new."""

import numpy as np

LARGEST = np.uint64(2**64 - 1)


class Hashes:
    """Many hashes, and where each stands, found in a few steps: those that begin with the same bits are neighbours."""

    def __init__(self, hashes: np.ndarray) -> None:
        """`hashes`: uint64, as good as evenly spread. `order`: where each of the sorted ones stood."""
        self.order = np.argsort(hashes)
        self._sorted = np.append(hashes[self.order], LARGEST)  # none is larger than the one beyond the end
        bits = max(1, len(hashes).bit_length() - 1)
        self._shift = np.uint64(64 - bits)
        self._begins = np.searchsorted(self._sorted[:-1], np.arange(1 << bits, dtype=np.uint64) << self._shift).astype(np.int32)

    def __len__(self) -> int:
        return len(self.order)

    @property
    def distinct(self) -> bool:
        return bool((self._sorted[1:-1] != self._sorted[:-2]).all())

    def find(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of each its place among the sorted ones, the first of equal ones, and whether it is there at all."""
        at = self._begins[hashes >> self._shift]
        while (before := self._sorted[at] < hashes).any():
            at += before
        return np.minimum(at, max(0, len(self) - 1)), (self._sorted[at] == hashes) & (at < len(self))


class Known:
    """Some twenty bytes a row of the book, so that an unchanged line needs neither typing nor a way into the database."""

    def __init__(self, rows: np.ndarray) -> None:
        """`rows`: id and hash of each."""
        self._hashes = Hashes(rows["hash"].astype(np.int64).view(np.uint64))
        self._ids = rows["id"][self._hashes.order].astype(np.int64)
        self._seen = np.zeros(len(self._hashes), bool)

    def again(self, hashes: np.ndarray) -> np.ndarray:
        """True for each line that the book has already; a second copy of it is something new."""
        again = np.zeros(len(hashes), bool)
        at, there = self._hashes.find(hashes.view(np.uint64))
        found = np.flatnonzero(there)
        found = found[~self._seen[at[found]]]
        _, first = np.unique(at[found], return_index=True)
        again[found[first]] = True
        self._seen[at[found]] = True
        return again

    @property
    def left(self) -> list[int]:
        """Ids of the rows whose line was not seen again: changed, gone or quarantined today."""
        return self._ids[~self._seen].tolist()
