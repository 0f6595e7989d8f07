"""How well reused photos are found, on made-up places of known truth: python -m engine.photos.measure [PAIRS [PLACES]]

PAIRS look-alikes (the same place on another day, which must not be found) are searched among PAIRS kept photos, and
every edit of PLACES of the kept ones, which must. Beside it what a plain perceptual hash of 64 bits would find.
"""

import io
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from engine.photos import prints, reuse, scenes, screens
from engine.photos.prints import Print
from engine.photos.scenes import Look

SEARCHES = 5  # timed
PLAIN = 8  # of 63 bits: the usual threshold of a plain perceptual hash
HARD = Look(shift=0.02, turn_degrees=1, zoom=0.02, light=0.15, carried=0.25)  # as from a tripod, days apart


@dataclass(frozen=True)
class Shares:
    """Of so many photos the share found, by the search and by a plain hash."""

    what: str
    photos: int
    found: float
    plain: float


class Kept:
    """The kept photos: the first view of each place, as a phone saved it."""

    def __init__(self, places: range, look: Look | None = None) -> None:
        self.pictures = {place: again(scenes.view(place, 0, look), 90) for place in places}
        self.prints = {place: prints.of_picture(picture) for place, picture in self.pictures.items()}
        self.index = reuse.Index(list(places), [self.prints[place].hashes for place in places])

    def thumbs(self, ids: list[int]) -> list[bytes]:
        return [self.prints[place].thumb for place in ids]

    def finds(self, new: Print) -> set[int]:
        return {match.photo_id for match in self.index.search(new, self.thumbs)}


def look_alikes(kept: Kept, places: range, look: Look | None = None, what: str = "look-alikes") -> Shares:
    """Another day's views of the places: whatever is found is a false alarm."""
    new = {place: prints.of_picture(again(scenes.view(place, 1, look), 90)) for place in places}
    found = [bool(kept.finds(print_)) for print_ in new.values()]
    plain = [plain_distance(print_, kept.prints[place]) <= PLAIN for place, print_ in new.items()]
    return Shares(what, len(places), float(np.mean(found)), float(np.mean(plain)))


def edited(kept: Kept, places: range, what: str) -> Shares:
    """One edit of each of the places' photos: what is not found is missed."""
    number = list(scenes.EDITS).index(what)
    found, plain = [], []
    for place in places:
        edit = scenes.EDITS[what](kept.pictures[place], np.random.default_rng([place, number]))
        new = prints.of_picture(again(edit, 85))
        found.append(place in kept.finds(new))
        plain.append(plain_distance(new, kept.prints[place]) <= PLAIN)
    return Shares(what, len(places), float(np.mean(found)), float(np.mean(plain)))


def plain_distance(a: Print, b: Print) -> int:
    """Bits in which the usual perceptual hash, 8 by 8 of the lowest frequencies, differs."""
    return int((_plain(a) != _plain(b)).sum())


def _plain(found: Print) -> np.ndarray:
    waves = prints._waves(0.0, 1.0)[:8]
    low = (waves @ found.grey @ waves.T).ravel()[1:]
    return low > np.median(low)


def again(picture: Image.Image, quality: int) -> Image.Image:
    """Saved as a JPEG and opened again."""
    return Image.open(io.BytesIO(scenes.taken(picture, quality))).convert("RGB")


def search_seconds(n: int, kept: Kept) -> tuple[float, float]:
    """The quickest and the median search among n prints, most of them random."""
    chance = np.random.default_rng(1)
    words = chance.integers(0, 2**64, (n, len(prints.WINDOWS), prints.WORDS), dtype=np.uint64)
    words[:, :, 1] &= np.uint64(2**56 - 1)  # the second word has 56 bits
    places = list(kept.prints)
    for i, place in enumerate(places):
        words[i * (n // len(places))] = kept.prints[place].words
    index = reuse.Index(range(n), [words.tobytes()])
    blank = kept.prints[places[0]].thumb
    new = prints.of_picture(scenes.all_at_once(kept.pictures[places[-1]], chance))
    spent = []
    for _try in range(SEARCHES):
        begun = time.perf_counter()
        index.search(new, lambda ids: [blank for _id in ids])
        spent.append(time.perf_counter() - begun)
    return min(spent), float(np.median(spent))


def a_camera(place: int, fine: bool) -> Image.Image:
    """A view at a camera's size with its grain; `fine`: behind a fence or louvres of 5 to 14 pixels."""
    chance = np.random.default_rng([place, 9])
    pixels = np.asarray(scenes.view(place, 0).resize((1280, 960), Image.Resampling.BICUBIC)).astype(np.float32)
    if fine:
        ys, xs = np.mgrid[0:960, 0:1280].astype(np.float32)
        turn, pitch = np.radians(chance.uniform(-20, 20)), chance.uniform(5, 14)
        along = (xs * np.cos(turn) + ys * np.sin(turn)) / (1 + chance.uniform(0, 0.3) * ys / 960)
        pixels *= (1 + 0.3 * np.sign(np.sin(2 * np.pi * along / pitch))).astype(np.float32)[:, :, None]
    pixels += chance.normal(0, 6, pixels.shape).astype(np.float32)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def screens_found(places: range) -> dict[str, float]:
    """The share reported as photos of a screen: of such photos, of plain ones, and of ones behind fine patterns."""

    def share(make) -> float:
        return float(np.mean([screens.likeness(again(make(place), 88)) >= screens.SUSPICIOUS for place in places]))

    return {
        "photo of a screen": share(lambda p: scenes.on_a_screen(a_camera(p, False), np.random.default_rng(p))),
        "photo of the place": share(lambda p: a_camera(p, False)),
        "place behind a fence or louvres": share(lambda p: a_camera(p, True)),
    }


def report(pairs: int = 1000, places: int = 150) -> Iterator[str]:
    """The tables of docs/presence.md, line by line as they are measured."""
    kept, some = Kept(range(pairs)), range(min(places, pairs))
    yield "| what | photos | found | by a plain hash ≤ 8 |\n|---|---|---|---|"
    for what in scenes.EDITS:
        yield _row(edited(kept, some, what))
    yield _row(look_alikes(kept, range(pairs)))
    yield _row(look_alikes(Kept(some, HARD), some, HARD, "nearly the same view, another day"))
    quickest, median = search_seconds(200_000, kept)
    yield f"\nsearch among 200,000: quickest {quickest * 1000:.0f} ms, median {median * 1000:.0f} ms"
    for what, share in screens_found(range(min(places, 60))).items():
        yield f"{what}: {share:.1%} reported"


def _row(shares: Shares) -> str:
    return f"| {shares.what} | {shares.photos} | {shares.found:.1%} | {shares.plain:.1%} |"


if __name__ == "__main__":
    for line in report(*map(int, sys.argv[1:])):
        print(line, flush=True)
