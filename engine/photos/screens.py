"""Was a screen photographed instead of the place? The grid of a screen leaves sharp peaks among the frequencies.

The picture's middle, in brightness and in the two colour differences, is turned into its spectrum; a peak counts by
how far it stands above other frequencies of the same length. Stripes of red, green and blue beat with the camera's
own grid in colour, which bricks and fences do not. Peaks that JPEG makes (multiples of an eighth) and those of level
or upright edges are left out. What it cannot see: a screen so fine or so far away that the camera blurs its grid, a
photo made smaller before it was sent, a print on paper. What it may see wrongly: meshes, fine cloth, distant louvres.
"""

import numpy as np
from PIL import Image

SIDE = 512
SUSPICIOUS = 3.3  # standard deviations of log magnitude above frequencies of the same length
LOWEST = 0.08  # cycles a pixel: below are things of the place
RINGS = 64
MORE_COLOUR = 1.0  # bricks and fences are patterns of brightness, a screen's stripes of colour


def likeness(picture: Image.Image) -> float:
    """How far the strongest suspicious peak stands out; 0 when the picture is too small to say."""
    if min(picture.size) < SIDE:
        return 0.0
    left, top = (picture.width - SIDE) // 2, (picture.height - SIDE) // 2
    middle = np.asarray(picture.crop((left, top, left + SIDE, top + SIDE)), np.float32)
    red, green, blue = middle[..., 0], middle[..., 1], middle[..., 2]
    brightness = _spectrum((red + green + blue) / 3)
    return max(_peak(_spectrum(colour), brightness) for colour in (red - green, blue - green))


def _spectrum(plane: np.ndarray) -> np.ndarray:
    taper = np.hanning(SIDE).astype(np.float32)
    return np.abs(np.fft.rfft2((plane - plane.mean()) * np.outer(taper, taper)))


def _peak(colour: np.ndarray, brightness: np.ndarray) -> float:
    """The highest peak that is more one of colour than of brightness, in deviations above its ring."""
    heights = np.log(colour + 1.0)
    usable, ring = _layout()
    count = np.maximum(np.bincount(ring[usable], minlength=RINGS), 1)
    mean = np.bincount(ring[usable], heights[usable], RINGS) / count
    spread = np.sqrt(np.bincount(ring[usable], (heights[usable] - mean[ring[usable]]) ** 2, RINGS) / count)
    above = (heights - mean[ring]) / (spread[ring] + 0.15)
    return float(above[usable & (colour > MORE_COLOUR * brightness)].max(initial=0.0))


def _layout() -> tuple[np.ndarray, np.ndarray]:
    """Which frequencies are looked at, and the ring of equal length each lies in."""
    down = np.fft.fftfreq(SIDE)[:, None]
    across = np.fft.rfftfreq(SIDE)[None, :]
    length = np.hypot(down, across)
    usable = (length > LOWEST) & (length < 0.5) & (np.abs(down) > 0.01) & (across > 0.01)
    for axis in (down, across):
        usable &= np.abs(axis * 8 - np.round(axis * 8)) > 0.03
    return usable, np.minimum((length / 0.75 * RINGS).astype(int), RINGS - 1)
