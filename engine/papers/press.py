"""Setting a paper: text as text whatever it says, the Chinese font in the file, the same everywhere.

Typst lays out what stands in paper.json by assets/papers/paper.typ. Strings of the data are drawn, never read as markup.
What the font has no picture for, and what would turn or hide the writing around it, is written by its number in Unicode.
"""

import json
import re
import shutil
import struct
import tempfile
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path

import typst

from db import settings
from db.access import Person
from engine import words, writing
from engine.papers.paper import Paper
from engine.words import _

FONTS = settings.ROOT / "assets" / "fonts"
FONT = FONTS / "NotoSansCJKsc-Regular.otf"
TEMPLATE = settings.ROOT / "assets" / "papers" / "paper.typ"
BREAKABLE = 18  # letters of one word, after which a line may break
_LONG = re.compile(rf"[!-~]{{{BREAKABLE}}}(?=[!-~])")


def pdf(paper: Paper, by: Person, now: datetime, picture: Callable[[str], bytes | None] = lambda key: None) -> bytes:
    """`picture`: the JPEG of a photo by its key, or None when it cannot be shown."""
    with tempfile.TemporaryDirectory(prefix="vigil-paper-") as name:
        folder = Path(name)
        said = drawable(_said(paper, by, now))
        for number, item in enumerate(i for block in said["blocks"] if block["kind"] == "photos" for i in block["items"]):
            item["file"] = _laid_out(folder, number, picture(item["key"]))
            item["missing"] = _("The photo cannot be read")
        (folder / "paper.json").write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
        shutil.copy(TEMPLATE, folder / "paper.typ")
        return typst.compile(
            folder / "paper.typ", root=folder, font_paths=[FONTS], ignore_system_fonts=True, format="pdf", pdf_standards="a-2b",
            timestamp=int(now.timestamp()),
        )  # fmt: skip


def _laid_out(folder: Path, number: int, jpeg: bytes | None) -> str | None:
    if jpeg is None:
        return None
    (folder / f"{number}.jpg").write_bytes(jpeg)
    return f"{number}.jpg"


def _said(paper: Paper, by: Person, now: datetime) -> dict:
    """The paper with what stands around it: whose print this is, when, and the digest of what it says."""
    whose = f"{by.name} {by.staff_no}".strip()
    when = writing.moment(now)
    return {
        "brand": _("Vigil"), "title": paper.title, "subtitle": paper.subtitle, "maker": whose, "lang": words.language.get(),
        "watermark": f"{whose} {when}",
        "footer": _("Printed by {0} on {1}. For the bank's own use.").format(whose, when),
        "page": _("Page {0} of {1}"),
        "cover": [*paper.cover, (_("Printed by"), whose), (_("Printed at"), when)],
        "digest-words": _("SHA-256 of what this paper says; the audit trail keeps it"),
        "digest": paper.digest(), "summary": paper.summary, "blocks": paper.blocks, "break-after-cover": bool(paper.summary),
    }  # fmt: skip


# --- Text that can be drawn -------------------------------------------------------------------------------------------


def drawable(said: object) -> object:
    """The same data, each text in it fit for the font and the line."""
    if isinstance(said, str):
        return _LONG.sub(lambda m: m.group() + "\u200b", "".join(c if _has(c) else f"〈U+{ord(c):04X}〉" for c in said))
    if isinstance(said, dict):
        return {key: said[key] if key in _EXACT else drawable(value) for key, value in said.items()}
    if isinstance(said, list | tuple):
        return [drawable(one) for one in said]
    return said


_EXACT = {"kind", "key", "colour", "lang", "page"}


def _has(character: str) -> bool:
    return character in "\n" or (writing.visible(character) == character and ord(character) in glyphs())


@cache
def glyphs() -> frozenset[int]:
    """The characters our font has pictures for, read from its own table (cmap, format 12)."""
    font = FONT.read_bytes()
    count = struct.unpack(">H", font[4:6])[0]
    tables = {font[12 + 16 * n : 16 + 16 * n]: struct.unpack(">I", font[20 + 16 * n : 24 + 16 * n])[0] for n in range(count)}
    cmap = tables[b"cmap"]
    starts = [
        struct.unpack(">I", font[cmap + 8 + 8 * n : cmap + 12 + 8 * n])[0]
        for n in range(struct.unpack(">H", font[cmap + 2 : cmap + 4])[0])
    ]
    at = next(cmap + start for start in starts if font[cmap + start : cmap + start + 2] == b"\x00\x0c")
    groups = struct.unpack(">I", font[at + 12 : at + 16])[0]
    ranges = (struct.unpack(">II", font[at + 16 + 12 * n : at + 24 + 12 * n]) for n in range(groups))
    return frozenset(code for first, last in ranges for code in range(first, last + 1))
