"""Laying one thumb over another: how much of a picture is, after shifting and stretching, the very same picture.

Iteratively reweighted Gauss-Newton (Lucas and Kanade 1981) over the window of the source that the target shows, its
contrast and brightness; coarse first, then fine. Then the two are compared block by block by normalised correlation,
so that a stamp spoils only the blocks it covers. All of it for many pairs at a time.
"""

import numpy as np

from engine.photos.prints import SIDE

BLOCK = 8
SAME_BLOCK = 0.9  # a block correlating better than this shows the same
TEXTURED = 0.1  # of the picture's own deviation: flatter blocks say nothing
COARSE_STEPS, FINE_STEPS = 5, 5


def agreement(targets: np.ndarray, sources: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Of each target's textured blocks, the share that the source shows too, starting from a guess of the window."""
    targets, sources, windows = _normal(targets), _normal(sources), windows.astype(np.float32)
    soft = _soften()
    windows = _aligned(soft @ targets @ soft, soft @ sources @ soft, windows, COARSE_STEPS)
    windows = _aligned(targets, sources, windows, FINE_STEPS)
    return _same_blocks(targets, shown(sources, windows))


def likeness(targets: np.ndarray, sources: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Correlation of whole thumbs without aligning them further: cheap, to leave out what is plainly different."""
    seen = shown(_normal(sources), windows.astype(np.float32))
    return (_normal(targets) * _normal(seen)).mean((1, 2))


def shown(sources: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """What lies in each source's window, at full size."""
    across, _slope = _sampling(windows[:, 0], windows[:, 1])
    down, _slope = _sampling(windows[:, 2], windows[:, 3])
    return down @ sources @ across.transpose(0, 2, 1)


def _aligned(targets: np.ndarray, sources: np.ndarray, windows: np.ndarray, steps: int) -> np.ndarray:
    windows = windows.copy()
    for _step in range(steps):
        slopes, seen = _slopes(sources, windows)
        off = (targets - seen).reshape(len(seen), -1)
        spread = 1.5 * np.median(np.abs(off), axis=1, keepdims=True) + 1e-3
        weighted = slopes * (1 / (1 + (off / spread) ** 2))[:, None]  # what a stamp covers counts little
        normal = weighted @ slopes.transpose(0, 2, 1) + 1e-3 * np.eye(6, dtype=np.float32)
        change = np.linalg.solve(normal, weighted @ off[:, :, None])[:, :4, 0]
        windows += np.clip(change, -0.03, 0.03)
    return windows


def _slopes(sources: np.ndarray, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How the picture in the window changes with its four edges, its contrast and its brightness; and that picture."""
    across, across_slope = _sampling(windows[:, 0], windows[:, 1])
    down, down_slope = _sampling(windows[:, 2], windows[:, 3])
    across, across_slope = across.transpose(0, 2, 1), across_slope.transpose(0, 2, 1)
    half = sources @ across
    seen, by_y = down @ half, down_slope @ half
    by_x = down @ (sources @ across_slope)
    u = ((np.arange(SIDE) + 0.5) / SIDE).astype(np.float32)
    slopes = (by_x * (1 - u), by_x * u, by_y * (1 - u)[:, None], by_y * u[:, None], seen, np.ones_like(seen))
    return np.stack([s.reshape(len(s), -1) for s in slopes], axis=1), seen


def _sampling(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matrices that read 64 points between start and end of the side by linear interpolation, and their slopes."""
    points = (np.arange(SIDE) + 0.5) / SIDE
    at = np.clip((start[:, None] + (end - start)[:, None] * points) * SIDE - 0.5, 0, SIDE - 1.001)
    cell = at.astype(np.intp)
    share = (at - cell).astype(np.float32)
    reading = np.zeros((len(start), SIDE, SIDE), np.float32)
    slope = np.zeros_like(reading)
    pair, row = np.arange(len(start))[:, None], np.arange(SIDE)[None]
    reading[pair, row, cell], reading[pair, row, cell + 1] = 1 - share, share
    slope[pair, row, cell], slope[pair, row, cell + 1] = -SIDE, SIDE
    return reading, slope


def _normal(thumbs: np.ndarray) -> np.ndarray:
    thumbs = thumbs - thumbs.mean((1, 2), keepdims=True)
    return thumbs / (thumbs.std((1, 2), keepdims=True) + 1e-6)


def _soften() -> np.ndarray:
    """Smoothing by a triangle of seven cells, as a matrix: thumbs a few cells apart still find each other."""
    apart = np.abs(np.subtract.outer(np.arange(SIDE), np.arange(SIDE)))
    weights = np.maximum(0, 4 - apart).astype(np.float32)
    return weights / weights.sum(1, keepdims=True).mean()


def _same_blocks(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = _blocks(a), _blocks(b)
    spread_a, spread_b = a.std(2), b.std(2)
    correlation = ((a - a.mean(2, keepdims=True)) * (b - b.mean(2, keepdims=True))).mean(2) / (spread_a * spread_b + 1e-3)
    textured = np.maximum(spread_a, spread_b) > TEXTURED
    return (textured & (correlation > SAME_BLOCK)).sum(1) / np.maximum(textured.sum(1), 1)


def _blocks(thumbs: np.ndarray) -> np.ndarray:
    n = SIDE // BLOCK
    return thumbs.reshape(-1, n, BLOCK, n, BLOCK).transpose(0, 1, 3, 2, 4).reshape(-1, n * n, BLOCK * BLOCK)
