"""Taking in a photo from outside: decoded under limits, its own facts read and removed, written anew as a plain JPEG.

Nothing of the sent file is kept but its pixels: no EXIF, no thumbnail, no profile, nothing appended. Formats are few
on purpose (each decoder is a door), sizes are looked at before anything is decoded, and an odd file is refused with a
sentence. Memory stays within 150 MB a photo: a JPEG is decoded at the scale it will be kept at.
"""

import hashlib
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from engine.photos import exif, prints, screens
from engine.photos.exif import Told
from engine.photos.prints import Print
from engine.refusals import Refusal

FORMATS = ("JPEG", "PNG", "WEBP")
NAMES = "JPEG, PNG, WebP"
OTHERS = (  # by their first bytes, to say what was sent instead
    (b"GIF8", "GIF"), (b"BM", "BMP"), (b"II*\0", "TIFF"), (b"MM\0*", "TIFF"), (b"%PDF", "PDF"), (b"PK\3\4", "ZIP"),
    (b"8BPS", "PSD"), (b"\x00\x00\x01\x00", "ICO"), (b"<svg", "SVG"), (b"<?xml", "XML"), (b"<!DOCTYPE", "HTML"),
    (b"<html", "HTML"), (b"\x1f\x8b", "GZIP"), (b"Rar!", "RAR"), (b"MZ", "EXE"), (b"\x7fELF", "ELF"), (b"RIFF", "RIFF"),
)  # fmt: skip
LONGEST = 2048  # pixels of the longer side of what is kept: a gate number stays readable at some 400 KB
SHORTEST = 160
QUALITY = 85


@dataclass(frozen=True)
class Limits:
    """Bytes of the file and millions of pixels; a decoded pixel of PNG and WebP takes up to 4 and 12 bytes."""

    bytes: int = 20_000_000
    jpeg: float = 64
    progressive: float = 14  # a progressive JPEG keeps all coefficients: up to 6 bytes a pixel
    png: float = 14
    webp: float = 9
    shape: float = 8  # the longer side at most so many times the shorter


class NoPhoto(Refusal):
    """This is no photo: the file is empty."""


class PhotoTooHeavy(Refusal):
    """The file has {size} MB; a photo may have at most {most} MB."""

    status = 413


class NotAnImage(Refusal):
    """This is no photo that can be read. Photos are {formats}."""

    status = 415


class WrongFormat(Refusal):
    """This is a file of the kind {kind}, and photos are {formats}."""

    status = 415


class TooManyPixels(Refusal):
    """The picture has {size} million pixels; of this kind at most {most} million are taken."""

    status = 413


class OddShape(Refusal):
    """A picture of {width} by {height} pixels is no photo of a visit."""


class MovingPicture(Refusal):
    """This is a moving picture. Please send a still photo."""


class DamagedPhoto(Refusal):
    """The photo is damaged or was cut off on the way. Please send it again."""


@dataclass(frozen=True)
class Photo:
    """A photo as it is kept. `told`: what the sent file said of time, place and device, which proves nothing."""

    jpeg: bytes
    sha256: str  # of what is kept
    received_sha256: str  # of what was sent
    width: int
    height: int
    told: Told
    print: Print
    of_a_screen: float  # how much it looks like a photo of a screen (engine.photos.screens)


def take(data: bytes, limits: Limits | None = None) -> Photo:
    """The photo in a file somebody sent, or a refusal."""
    limits = limits or Limits()
    _look(data, limits)
    image = _opened(data)
    _measure(image, limits)
    told = exif.read(image)
    picture, of_a_screen = _decoded(image, told.orientation)
    jpeg = written(picture)
    print_ = prints.of_picture(picture)
    return Photo(jpeg, digest(jpeg), digest(data), picture.width, picture.height, told, print_, of_a_screen)


def written(picture: Image.Image) -> bytes:
    """A JPEG with nothing in it but the pixels."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, optimize=True, exif=b"", icc_profile=None, comment=b"")
    return out.getvalue()


def thumbnail(jpeg: bytes, side: int) -> bytes:
    """One of our own photos in little; decoded at the scale it is shown at."""
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
        image.draft("RGB", (side, side))
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        return written(image)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _look(data: bytes, limits: Limits) -> None:
    if not data:
        raise NoPhoto
    if len(data) > limits.bytes:
        raise PhotoTooHeavy(size=f"{len(data) / 1e6:.0f}", most=f"{limits.bytes / 1e6:.0f}")


def _opened(data: bytes) -> Image.Image:
    """Only the header is read here, and only by the decoders of our formats."""
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooManyPixels(size=">170", most=f"{Limits().jpeg:.0f}") from None
    except Exception:
        kind = _kind(data)
        raise (WrongFormat(kind=kind, formats=NAMES) if kind else NotAnImage(formats=NAMES)) from None


def _kind(data: bytes) -> str:
    if data[4:8] == b"ftyp":
        return {b"avif": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIC"}.get(data[8:12], "MP4")
    head = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:16]
    return next((kind for first, kind in OTHERS if head.lower().startswith(first.lower())), "")


def _measure(image: Image.Image, limits: Limits) -> None:
    """What the header claims, before memory is given for it."""
    width, height = image.size
    size, most = width * height / 1e6, _most(image, limits)
    if size > most:
        raise TooManyPixels(size=f"{size:.0f}", most=f"{most:.0f}")
    if min(width, height) < SHORTEST or max(width, height) > limits.shape * min(width, height):
        raise OddShape(width=width, height=height)
    if image.format in ("PNG", "WEBP") and getattr(image, "n_frames", 1) > 1:
        raise MovingPicture


def _most(image: Image.Image, limits: Limits) -> float:
    if image.format in ("PNG", "WEBP"):
        return limits.png if image.format == "PNG" else limits.webp
    return limits.progressive if image.info.get("progressive") else limits.jpeg


def _decoded(image: Image.Image, orientation: int) -> tuple[Image.Image, float]:
    try:
        image.draft("RGB", (LONGEST, LONGEST))  # a JPEG is scaled while it is decoded
        image.load()
        picture = _plain(image)
        of_a_screen = screens.likeness(picture)
        return _upright(_small(picture), orientation), of_a_screen
    except Exception:
        raise DamagedPhoto from None


def _plain(image: Image.Image) -> Image.Image:
    """Red, green and blue of eight bits: what is see-through lies on white, what is deeper is scaled down."""
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = _small(image if image.mode == "RGBA" else image.convert("RGBA"))
        paper = Image.new("RGB", layer.size, "white")
        paper.paste(layer, mask=layer.getchannel("A"))
        return paper
    return image if image.mode == "RGB" else image.convert("RGB")


def _small(picture: Image.Image) -> Image.Image:
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS, reducing_gap=2)
    return picture


TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip


def _upright(picture: Image.Image, orientation: int) -> Image.Image:
    return picture.transpose(TURNS[orientation]) if orientation in TURNS else picture
