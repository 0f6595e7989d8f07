"""What the book remembers of a table's lines: a hash each. Most lines of a full snapshot say nothing new."""

import numpy as np


class Known:
    """Sixteen bytes a row of the book, so that an unchanged line needs neither typing nor a way into the database."""

    def __init__(self, rows: np.ndarray) -> None:
        """`rows`: id and hash of each."""
        order = np.argsort(rows["hash"])
        self._ids, self._hashes = rows["id"][order].astype(np.int64), rows["hash"][order].astype(np.int64)
        self._seen = np.zeros(len(order), bool)

    def again(self, hashes: np.ndarray) -> np.ndarray:
        """True for each line that the book has already; a second copy of it is something new."""
        again = np.zeros(len(hashes), bool)
        if len(self._hashes):
            at = np.searchsorted(self._hashes, hashes).clip(max=len(self._hashes) - 1)
            found = np.flatnonzero((self._hashes[at] == hashes) & ~self._seen[at])
            _, first = np.unique(at[found], return_index=True)
            again[found[first]] = True
            self._seen[at[found]] = True
        return again

    @property
    def left(self) -> list[int]:
        """Ids of the rows whose line was not seen again: changed, gone or quarantined today."""
        return self._ids[~self._seen].tolist()
