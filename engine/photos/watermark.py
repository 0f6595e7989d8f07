"""The stamped copy of a photo: time, place, person and customer in a band below the picture's edge.

The stamp is for people who look; the evidence is the unstamped photo with its digest. Chinese needs a font of the
system (Debian: fonts-noto-cjk or fonts-wqy-zenhei); where there is none, what Latin letters and digits can say is
stamped, and `has_chinese()` tells the operator.
"""

import io
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from db import settings
from engine.photos import intake

FOLDERS = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts", "/System/Library/Fonts",
    "/Library/Fonts", "C:/Windows/Fonts",
)  # fmt: skip
FONTS = (  # the first found is taken; of the Noto and Source Han collections the third face is simplified Chinese
    "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.*", "SourceHanSansSC-Regular.otf",
    "SourceHanSansCN-Regular.otf", "wqy-microhei.ttc", "wqy-zenhei.ttc", "msyh.ttc", "simhei.ttf", "PingFang.ttc",
    "STHeiti Medium.ttc", "DroidSansFallback*.ttf", "NotoSerifCJK-Regular.ttc", "uming.ttc", "simsun.ttc",
)  # fmt: skip
FACES = {"NotoSansCJK-Regular.ttc": 2, "NotoSerifCJK-Regular.ttc": 2}


@dataclass(frozen=True)
class Stamp:
    """What the band says. `reference` is the visit's number, which leads back to everything else."""

    taken_at: datetime
    lat: float | None
    lon: float | None
    place: str
    person: str
    customer: str
    reference: str = ""

    def lines(self) -> list[str]:
        when = f"{self.taken_at.astimezone(settings.ZONE):%Y-%m-%d %H:%M:%S}"
        where = "" if self.lat is None or self.lon is None else f"{self.lat:.5f}, {self.lon:.5f}"
        return [_joined(when, self.person), _joined(self.customer, self.reference), _joined(self.place, where)]


def stamped(jpeg: bytes, stamp: Stamp) -> bytes:
    """A copy of a kept photo with its stamp."""
    picture = Image.open(io.BytesIO(jpeg), formats=("JPEG",)).convert("RGB")
    size = max(12, picture.width // 42)
    lines = [line for line in stamp.lines() if line]
    if not has_chinese():
        lines = [latin for line in lines if (latin := _latin(line))]
    _draw(picture, lines, size)
    return intake.written(picture)


def has_chinese() -> bool:
    """Whether a font with Chinese characters was found on this machine."""
    return _font_file() is not None


def _draw(picture: Image.Image, lines: list[str], size: int) -> None:
    step, margin = round(size * 1.45), size // 2
    top = picture.height - step * len(lines) - margin
    pen = ImageDraw.Draw(picture, "RGBA")
    pen.rectangle((0, top - margin, picture.width, picture.height), fill=(0, 0, 0, 128))
    font = _font(size)
    for n, line in enumerate(lines):
        fitting = _shortened(line, font, picture.width - 2 * margin)
        pen.text((margin, top + n * step), fitting, font=font, fill=(255, 255, 255, 255))


def _shortened(line: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    if font.getlength(line) <= width:
        return line
    while line and font.getlength(line + "…") > width:
        line = line[:-1]
    return line + "…"


def _joined(*parts: str) -> str:
    """On one line, without what could break it."""
    return "  ".join(" ".join("".join(c for c in part if c.isprintable()).split()) for part in parts if part)[:120]


def _latin(line: str) -> str:
    return " ".join("".join(c if c.isascii() else " " for c in line).split())


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    file = _font_file()
    if file is None:
        return ImageFont.load_default(size)
    return ImageFont.truetype(file, size, index=FACES.get(file.name, 0), layout_engine=ImageFont.Layout.BASIC)


@cache
def _font_file() -> Path | None:
    """VIGIL_FONT, or the first known Chinese font in the usual folders."""
    if given := settings.font():
        return given if given.is_file() else None
    folders = [folder for name in FOLDERS if (folder := Path(name).expanduser()).is_dir()]
    for name in FONTS:
        for folder in folders:
            if found := next(folder.rglob(name), None):
                return found
    return None
