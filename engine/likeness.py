"""How alike two texts are, by runs of three characters: Chinese has no blanks to cut words at, and no dictionary is needed.

What is alike has most of its runs in common. Nobody compares every text with every other: of each text a few numbers are kept
(MinHash in bands), and two texts with nine of ten runs in common have one of these in common with near certainty.
"""

import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from zlib import crc32

import numpy as np

from db.spellings import runs

RUN = 3  # characters
BANDS, ROWS = 6, 4  # of 1,000 pairs that are 0.9 alike 998 have a band in common, of those 0.3 alike 48
SHORTEST_SAME = 4  # characters, to be marked as the same
_draw = np.random.default_rng(20261128)
_TIMES = _draw.integers(2**63, size=(BANDS * ROWS, 1), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_PLUS = _draw.integers(2**63, size=(BANDS * ROWS, 1), dtype=np.uint64)


def plain(text: str) -> str:
    """Without blanks, punctuation and the width of letters: what a copyist changes first."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def likeness(one: str, other: str) -> float:
    """The share of their runs that both have, from 0 to 1."""
    a, b = set(runs(plain(one), RUN)), set(runs(plain(other), RUN))
    return len(a & b) / len(a | b) if a | b else 0.0


def bands(text: str, *of: str) -> list[int]:
    """The numbers by which similar texts of the same author, or about the same thing, are found; `of`: who and what that is. None
    of a text shorter than a run."""
    hashes = np.array([crc32(run.encode()) for run in runs(plain(text), RUN)], dtype=np.uint64)
    if not hashes.size:
        return []
    least = ((hashes * _TIMES + _PLUS) >> np.uint64(32)).min(axis=1).astype(np.uint32)
    return [
        crc32(band.tobytes(), crc32(f"{one} {n}".encode())) & 0x7FFFFFFF
        for one in of
        for n, band in enumerate(least.reshape(BANDS, ROWS))
    ]


def compared(text: str, other: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether the other has it too."""
    at = 0
    for block in SequenceMatcher(None, text, other, autojunk=False).get_matching_blocks():
        if block.size >= SHORTEST_SAME or block.size == 0:
            if block.a > at:
                yield text[at : block.a], False
            if block.size:
                yield text[block.a : block.a + block.size], True
            at = block.a + block.size
