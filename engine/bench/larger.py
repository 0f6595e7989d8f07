"""The files of a bank many times the demo bank's size: every line so often, under other numbers.

The numbers of the demo bank's dialects begin with noughts to spare. Where they stand in a file is found once; a copy is
the same bytes with other digits there, so that memory is one copy's and nearly all the time is gzip's.
"""

import gzip
import hashlib
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np

from engine.demo import files
from engine.demo.world import World

COPIES = 9_999  # at most: four noughts to spare
# Notes, customers, contracts, identity numbers and credit codes; phones; branches and staff below a branch of the city.
OWN = re.compile(rb"(?<![0-9A-Za-z])(?:J\d{4}|TS|K|HT|99|9199)(0000)(?=\d{5})")
PHONE = re.compile(rb"(?<=[|,])1(39)(?=\d{8}[|,])")
OUTLET = re.compile(rb"(?<![0-9A-Za-z])2290(?!00)\d\d(0)(?=\d)")
SHARED = ("jg", "yg", "cp")  # files that grow with the outlets, or not at all


def write(world: World, day: date, inbox: Path, times: int) -> Path:
    """One night's folder of `world`, so many times over; ten times as many outlets and staff at a hundred times the notes."""
    if times > COPIES:
        raise ValueError(f"at most {COPIES} copies")
    folder = files.write(world, day, inbox)
    for file in sorted(folder.glob("*.del.gz")) if times > 1 else ():
        _multiply(file, times, shared=file.name.split("_")[1] in SHARED)
    for file in folder.glob("*.csv") if times > 1 else ():
        header, body = file.read_bytes().split(b"\n", 1)
        file.write_bytes(header + b"\n")
        with file.open("ab") as out:
            out.writelines(_copies(body, times, shared=False))
    return folder


def _multiply(file: Path, times: int, *, shared: bool) -> None:
    """The .ok file beside it too."""
    with gzip.open(file) as packed:
        body = packed.read()
    digest, size, rows = hashlib.md5(), 0, 0
    with gzip.open(file, "wb", compresslevel=1) as out:
        for copy in _copies(body, times, shared=shared):
            digest.update(copy)
            size, rows = size + len(copy), rows + copy.count(b"\n")
            out.write(copy)
    ok = file.with_name(file.name.removesuffix(".gz") + ".ok")
    ok.write_text(f"rows={rows}\nbytes={size}\nmd5={digest.hexdigest()}\n")


def _copies(body: bytes, times: int, *, shared: bool) -> Iterator[bytes]:
    """The lines as they are, then copy by copy; of what all share only the lines that are another outlet's."""
    own, phone, outlet = (_places(pattern, body) for pattern in (OWN, PHONE, OUTLET))
    outlets = min(10, round(times**0.5))
    text = np.frombuffer(body, np.uint8).copy()
    for k in range(outlets if shared else times):
        _put(text, outlet, f"{k % outlets}")
        if not shared:
            _put(text, own, f"{k:04d}")
            _put(text, phone, f"{39 + k % 60}")
        yield _other_lines(text.tobytes(), body) if shared and k else text.tobytes()


def _other_lines(copy: bytes, body: bytes) -> bytes:
    pairs = zip(copy.splitlines(keepends=True), body.splitlines(keepends=True), strict=True)
    return b"".join(line for line, old in pairs if line != old)


def _places(pattern: re.Pattern, body: bytes) -> np.ndarray:
    return np.array([found.start(1) for found in pattern.finditer(body)], np.int64)


def _put(text: np.ndarray, places: np.ndarray, digits: str) -> None:
    for i, digit in enumerate(digits.encode()):
        text[places + i] = digit
