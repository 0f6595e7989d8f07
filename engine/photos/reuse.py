"""Has this photo been handed in before? Exact copies by their digest; edited ones by their prints, with numpy alone.

    index = Index(ids, hashes)                # 240 bytes a photo, read once from wherever prints are kept
    index.search(photo.print, thumbs)         # thumbs(ids) fetches the thumbs of the few that come into question

First the hashes: the new photo, plain and mirrored, against each kept photo's windows, and its windows against each
kept photo (the kept one may be the crop). Then the few nearest are laid over the new one. A find is a hint with the
earlier photo beside it; a person decides.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.photos import alignment
from engine.photos.prints import SIDE, WINDOWS, WORDS, Print

NEAR = 34  # of 120 bits: edited copies lie within 30, unrelated photos about 60 apart
COMPARED = 96  # so many of the nearest are looked at
ALIGNED = 12  # and so many of them laid over the new photo
ALIKE = 0.35  # correlation below which aligning is of no use
SAME = 0.45  # this share of textured blocks the same: a copy. Look-alikes stay below (docs/presence.md)
WHOLE = 0

Thumbs = Callable[[Sequence[int]], Sequence[bytes]]


@dataclass(frozen=True)
class Match:
    """An earlier photo that shows the same: the share of blocks that do, and whether it had to be mirrored."""

    photo_id: int
    share: float
    mirrored: bool


@dataclass(frozen=True)
class Pair:
    """How a kept photo may be the new one: plain or mirrored, a window of the kept one or of the new."""

    distance: int
    mirrored: bool
    window: int
    of_kept: bool


class Index:
    """The hashes of all kept photos, ready to be searched."""

    def __init__(self, ids: Sequence[int], hashes: Sequence[bytes]) -> None:
        self.ids = np.array(ids, np.int64)
        self._columns = self._by_window(hashes)
        self._added: list[tuple[int, bytes]] = []

    def __len__(self) -> int:
        return len(self.ids) + len(self._added)

    def add(self, photo_id: int, found: Print) -> None:
        self.add_hashes(photo_id, found.hashes)

    def add_hashes(self, photo_id: int, hashes: bytes) -> None:
        """Taken in with the next search, all that were added at once."""
        self._added.append((photo_id, hashes))

    def search(self, found: Print, thumbs: Thumbs) -> list[Match]:
        """Kept photos that show the same picture, the likeliest first."""
        if found.flat or not len(self):
            return []
        self._settle()
        ways = (found, found.mirrored())
        nearest = self._nearest(ways)
        if not len(nearest):
            return []
        kept = [np.frombuffer(t, np.uint8).reshape(SIDE, SIDE) for t in thumbs(self.ids[nearest].tolist())]
        pairs = [self._best_pair(place, ways) for place in nearest]
        return self._matches(nearest, np.array(kept, np.float32), pairs, ways)

    def _settle(self) -> None:
        """Take in what was added since the last search."""
        if self._added:
            ids, hashes = zip(*self._added, strict=True)
            self.ids = np.concatenate([self.ids, np.array(ids, np.int64)])
            self._columns = np.concatenate([self._columns, self._by_window(hashes)], axis=2)
            self._added.clear()

    @staticmethod
    def _by_window(hashes: Sequence[bytes]) -> np.ndarray:
        """One contiguous row of words for each window and word."""
        words = np.frombuffer(b"".join(hashes), "<u8").reshape(-1, len(WINDOWS), WORDS)
        return np.ascontiguousarray(words.transpose(1, 2, 0))

    def _nearest(self, ways: tuple[Print, Print]) -> np.ndarray:
        """Places of the kept photos whose hashes come nearest, in any of the ways to be the same."""
        best = np.full(len(self.ids), 255, np.uint8)
        for way in ways:
            words = way.words
            for window, column in enumerate(self._columns):
                np.minimum(best, _distances(column, words[WHOLE]), out=best)
                if window != WHOLE:
                    np.minimum(best, _distances(self._columns[WHOLE], words[window]), out=best)
        near = np.flatnonzero(best <= NEAR)
        return near[np.argsort(best[near], kind="stable")[:COMPARED]]

    def _best_pair(self, place: int, ways: tuple[Print, Print]) -> Pair:
        kept = self._columns[:, :, place]
        tried = []
        for mirrored, way in enumerate(ways):
            ours = way.words
            of_kept, of_new = _distances(kept.T, ours[WHOLE]), _distances(ours.T, kept[WHOLE])
            tried.append(Pair(int(of_kept.min()), bool(mirrored), int(of_kept.argmin()), True))
            tried.append(Pair(int(of_new.min()), bool(mirrored), int(of_new.argmin()), False))
        return min(tried, key=lambda pair: pair.distance)

    def _matches(self, places: np.ndarray, kept: np.ndarray, pairs: list[Pair], ways: tuple[Print, Print]) -> list[Match]:
        new = np.stack([ways[pair.mirrored].grey for pair in pairs])
        of_kept = np.array([pair.of_kept for pair in pairs])[:, None, None]
        targets, sources = np.where(of_kept, new, kept), np.where(of_kept, kept, new)
        windows = np.array([WINDOWS[pair.window] for pair in pairs])
        alike = alignment.likeness(targets, sources, windows)
        tried = [n for n in np.argsort(-alike)[:ALIGNED] if alike[n] >= ALIKE]
        if not tried:
            return []
        shares = alignment.agreement(targets[tried], sources[tried], windows[tried])
        found = [Match(int(self.ids[places[n]]), float(s), pairs[n].mirrored) for n, s in zip(tried, shares, strict=True)]
        return sorted((match for match in found if match.share >= SAME), key=lambda match: -match.share)


def _distances(column: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Bits in which each hash of a column differs from one hash."""
    counted = np.bitwise_count(column[0] ^ words[0])
    for word in range(1, WORDS):
        counted += np.bitwise_count(column[word] ^ words[word])
    return counted
