"""A photo from a phone becomes one of ours: decoded, upright, without what the phone wrote into it, named by its content."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from db import settings
from engine import refusals

LARGEST_SIDE, MOST_PIXELS = 2000, 50_000_000
KINDS = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True)
class Photo:
    """As it is kept."""

    sha256: bytes
    size: int
    width: int
    height: int


def take_in(content: bytes) -> Photo:
    picture = _opened(content)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82, optimize=True)
    kept = out.getvalue()
    name = hashlib.sha256(kept).digest()
    _put(name, kept)
    return Photo(name, len(kept), *picture.size)


def _opened(content: bytes) -> Image.Image:
    """What is no picture, or one that would fill the memory, is refused before it is unpacked."""
    try:
        with Image.open(io.BytesIO(content), formats=KINDS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise refusals.NoPhoto
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise refusals.NoPhoto from None
    upright.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    return upright


def _put(name: bytes, content: bytes) -> None:
    """Written beside and moved into place, so that a photo is there whole or not at all."""
    file = _place(name)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_suffix(f".{id(content):x}")
        beside.write_bytes(content)
        beside.rename(file)


def read(name: bytes) -> bytes:
    try:
        return _place(name).read_bytes()
    except OSError:
        raise refusals.NotFound from None


def _place(name: bytes) -> Path:
    digits = name.hex()
    return settings.home() / "photos" / digits[:2] / f"{digits}.jpg"
