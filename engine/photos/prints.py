"""A photo's print: what of a picture survives its being saved anew, resized, lit, stamped, cropped or mirrored.

Two parts. `thumb`: the picture in grey, stretched to 64 by 64; two prints are compared for good by laying one thumb
over the other (engine.photos.alignment). `hashes`: to find among hundreds of thousands the few worth comparing: the
signs of the lowest frequencies against their median (the perceptual hash of ImageHash's phash, 11 by 11 of them
instead of 8 by 8), of the whole picture and of fourteen parts of it that a crop may have left. A hash is 120 bits,
kept in two words of 64.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

SIDE = 64
LOW = 11  # frequencies in each direction; all but the mean make the hash
WORDS = 2
FLAT = 3.0  # standard deviation in grey levels: a lens cap, a wall
Window = tuple[float, float, float, float]  # left, right, top, bottom as shares of the picture


def _windows() -> tuple[Window, ...]:
    """The whole; nine parts of 92.5 % for a crop of 5-10 %, five of 85 % for one of as much on each side."""
    nine = [(x, x + 0.925, y, y + 0.925) for x in (0, 0.0375, 0.075) for y in (0, 0.0375, 0.075)]
    five = [(x, x + 0.85, y, y + 0.85) for x, y in ((0.05, 0.05), (0.05, 0.1), (0.075, 0.075), (0.1, 0.05), (0.1, 0.1))]
    return ((0.0, 1.0, 0.0, 1.0), *nine, *five)


WINDOWS = _windows()


@dataclass(frozen=True)
class Print:
    """Kept beside each photo: 4,096 bytes of thumb, 240 of hashes."""

    thumb: bytes
    hashes: bytes

    @property
    def grey(self) -> np.ndarray:
        return np.frombuffer(self.thumb, np.uint8).reshape(SIDE, SIDE).astype(np.float32)

    @property
    def words(self) -> np.ndarray:
        """The hashes, a row of two words for each window."""
        return np.frombuffer(self.hashes, "<u8").reshape(len(WINDOWS), WORDS)

    @property
    def flat(self) -> bool:
        """Nothing to be seen, so nothing to be compared."""
        return bool(self.grey.std() < FLAT)

    def mirrored(self) -> "Print":
        return of_grey(self.grey[:, ::-1])


def of_picture(picture: Image.Image) -> Print:
    """The print of a picture of any size."""
    small = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=3)
    return of_grey(np.asarray(small, np.float32))


def blank() -> Print:
    """Of a picture that cannot be seen: flat, so nothing is compared with it."""
    return of_grey(np.zeros((SIDE, SIDE), np.float32))


def of_grey(grey: np.ndarray) -> Print:
    hashes = np.stack([_hash(grey, window) for window in WINDOWS])
    return Print(np.clip(grey, 0, 255).astype(np.uint8).tobytes(), hashes.astype("<u8").tobytes())


def _hash(grey: np.ndarray, window: Window) -> np.ndarray:
    left, right, top, bottom = window
    waves = (_waves(top, bottom) @ grey @ _waves(left, right).T).ravel()[1:]
    bits = np.zeros(WORDS * 64, np.uint8)
    bits[: len(waves)] = waves > np.median(waves)
    return np.packbits(bits, bitorder="little").view("<u8")


@cache
def _waves(start: float, end: float) -> np.ndarray:
    """Each cell's share in the cosine waves (DCT-II) of a stretch of the side: the wave's integral over the cell."""
    edges = np.clip((np.arange(SIDE + 1) / SIDE - start) / (end - start), 0, 1)
    rows = [edges] + [np.sin(np.pi * k * edges) / (np.pi * k) for k in range(1, LOW)]
    return np.diff(np.array(rows), axis=1).astype(np.float32)
