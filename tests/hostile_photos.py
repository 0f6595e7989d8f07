"""Files that are no photos, or photos made to harm: bombs, fakes, odd and broken ones, and what becomes of them."""

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image

TAKEN, REFUSED, EITHER = "taken", "refused", "either"
FILES: dict[str, tuple[str, Callable[[], bytes]]] = {}


def file(expected: str) -> Callable:
    def keep(make: Callable[[], bytes]) -> Callable[[], bytes]:
        FILES[make.__name__.replace("_", " ")] = (expected, make)
        return make

    return keep


def picture(mode: str = "RGB", size: tuple[int, int] = (640, 480)) -> Image.Image:
    chance = np.random.default_rng(5)
    small = Image.fromarray(chance.integers(0, 255, (12, 16, 3), dtype=np.uint8))
    smooth = Image.Resampling.BICUBIC if size[0] < 2000 else Image.Resampling.NEAREST  # large ones for their size alone
    return small.resize(size, smooth).convert(mode)


def saved(image: Image.Image, form: str = "JPEG", **how) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **how)
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, colour: int = 2, depth: int = 8, body: bytes | None = None, extra: bytes = b"") -> bytes:
    """A PNG whose header claims a size, whatever follows it."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    data = chunk(b"IDAT", body if body is not None else zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + head + extra + data + chunk(b"IEND", b"")


def zeros(width: int, height: int, bytes_a_pixel: int) -> bytes:
    packer, row = zlib.compressobj(9), b"\0" * (1 + width * bytes_a_pixel)
    return b"".join(packer.compress(row) for _ in range(height)) + packer.flush()


@cache
def sent(name: str) -> bytes:
    return FILES[name][1]()


def segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def with_segment(body: bytes, marker: int = 0xE1) -> bytes:
    jpeg = saved(picture())
    return jpeg[:2] + segment(marker, body) + jpeg[2:]


def claiming(width: int, height: int, jpeg: bytes) -> bytes:
    """A JPEG whose frame header claims another size."""
    at = jpeg.index(b"\xff\xc0") if b"\xff\xc0" in jpeg else jpeg.index(b"\xff\xc2")
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


def exif(entries: dict, place: dict | None = None) -> bytes:
    found = Image.Exif()
    for tag, value in entries.items():
        found[tag] = value
    if place:
        found.get_ifd(0x8825).update(place)
    return saved(picture(), exif=found)


for name, body in {
    "nothing": b"", "one byte": b"\xff", "only the start of a JPEG": b"\xff\xd8\xff", "text": "你好，王芳".encode(),
    "zeros": bytes(5000), "an SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "an SVG with a declaration": b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>',
    "an HTML page": b"<!DOCTYPE html><html><script>alert(1)</script></html>", "a PDF": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj",
    "a ZIP": b"PK\x03\x04" + bytes(200), "a HEIC": b"\0\0\0\x18ftypheic" + bytes(300), "an MP4": b"\0\0\0\x18ftypmp42" + bytes(300),
    "a program": b"MZ" + bytes(500), "an ELF program": b"\x7fELF" + bytes(500), "a Photoshop file": b"8BPS\0\1" + bytes(300),
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n", "an icon": b"\0\0\1\0\1\0" + bytes(300),
    "a FITS file": b"SIMPLE  =                    T" + b" " * 3000, "an empty WebP": b"RIFF\x04\0\0\0WEBP",
    "a WebP of lies": b"RIFF\xff\xff\xff\x7fWEBPVP8L\xff\xff\xff\x7f" + bytes(100),
    "a PNG header alone": b"\x89PNG\r\n\x1a\n", "a PNG without pixels": b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""),
}.items():  # fmt: skip
    FILES[name] = (REFUSED, lambda body=body: body)
for form in ("GIF", "BMP", "TIFF", "PPM", "TGA", "ICO"):
    FILES[f"a {form} called jpg"] = (REFUSED, lambda form=form: saved(picture(size=(256, 256)), form))


@file(REFUSED)
def bomb_of_13000_squared():
    return png(13_000, 13_000, 0, 1, zeros(1625, 13_000, 1))


@file(REFUSED)
def bomb_of_20000_squared():
    return png(20_000, 20_000, 0, 1, zeros(2500, 20_000, 1))


@file(REFUSED)
def bomb_of_colours_6000_squared():
    return png(6_000, 6_000, 2, 8, zeros(6000, 6000, 3))


@file(REFUSED)
def png_claiming_two_thousand_million_squared():
    return png(2_000_000_000, 2_000_000_000)


@file(REFUSED)
def png_of_no_width():
    return png(0, 480)


@file(REFUSED)
def jpeg_claiming_65500_squared():
    return claiming(65_500, 65_500, saved(picture()))


@file(EITHER)
def jpeg_claiming_7900_squared():
    return claiming(7_900, 7_900, saved(picture()))


@file(EITHER)
def progressive_jpeg_claiming_3700_squared():
    return claiming(3_700, 3_700, saved(picture(), progressive=True))


@file(REFUSED)
def progressive_jpeg_claiming_8000_squared():
    return claiming(8_000, 8_000, saved(picture(), progressive=True))


@file(TAKEN)
def jpeg_of_8000_by_6000():
    return saved(picture(size=(8000, 6000)), quality=60)


@file(TAKEN)
def progressive_jpeg_of_13_million_full_colour():
    return saved(picture(size=(4300, 3200)), quality=60, progressive=True, subsampling=0)


@file(TAKEN)
def png_of_12_million_see_through():
    return saved(picture("RGBA", (4000, 3000)), "PNG", compress_level=1)


@file(TAKEN)
def webp_of_8_million():
    return saved(picture(size=(3264, 2448)), "WEBP", quality=40, method=0)


@file(REFUSED)
def webp_claiming_16000_squared():
    flags = struct.pack("<I", 0) + (15_999).to_bytes(3, "little") * 2
    return b"RIFF" + struct.pack("<I", 4 + 8 + len(flags)) + b"WEBPVP8X" + struct.pack("<I", len(flags)) + flags


@file(REFUSED)
def too_heavy():
    return saved(picture()) + bytes(21_000_000)


@file(EITHER)
def png_with_a_text_bomb():
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(60_000_000), 9))
    return png(640, 480, 2, 8, zeros(640, 480, 3), text * 3)


@file(EITHER)
def png_with_a_profile_bomb():
    return png(640, 480, 2, 8, zeros(640, 480, 3), chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(60_000_000), 9)))


@file(EITHER)
def png_with_a_false_check_sum():
    good = bytearray(saved(picture(), "PNG"))
    good[-20] ^= 0xFF
    good[60] ^= 0xFF
    return bytes(good)


@file(REFUSED)
def jpeg_cut_in_half():
    good = saved(picture())
    return good[: len(good) // 2]


@file(REFUSED)
def png_cut_in_half():
    good = saved(picture(), "PNG")
    return good[: len(good) // 2]


@file(REFUSED)
def webp_cut_in_half():
    good = saved(picture(), "WEBP")
    return good[: len(good) // 2]


@file(TAKEN)
def jpeg_with_a_zip_behind():
    return saved(picture()) + b"PK\x03\x04" + b"evil.exe" * 50


@file(TAKEN)
def jpeg_with_a_page_behind():
    return saved(picture()) + b"<html><script>alert(1)</script></html>"


@file(TAKEN)
def jpeg_with_a_script_for_comment():
    return saved(picture(), comment=b"<?php system($_GET['c']); ?>")


@file(TAKEN)
def png_with_a_program_behind():
    return saved(picture(), "PNG") + b"MZ" + bytes(100)


@file(REFUSED)
def page_with_a_jpeg_behind():
    return b"<html><script>alert(1)</script>" + saved(picture())


@file(REFUSED)
def gif_with_a_jpeg_behind():
    return b"GIF89a" + saved(picture())


@file(REFUSED)
def animated_png():
    frames = [picture(size=(320, 240)).rotate(n) for n in range(4)]
    return saved(frames[0], "PNG", save_all=True, append_images=frames[1:])


@file(REFUSED)
def animated_webp():
    frames = [picture(size=(320, 240)).rotate(n) for n in range(4)]
    return saved(frames[0], "WEBP", save_all=True, append_images=frames[1:])


@file(TAKEN)
def two_pictures_in_one_phone_file():
    return saved(picture(), "MPO", save_all=True, append_images=[picture(size=(320, 240))])


@file(TAKEN)
def grey_of_16_bits():
    ramp = np.linspace(0, 65535, 640 * 480).reshape(480, 640).astype(np.uint16)
    return saved(Image.fromarray(ramp), "PNG")


@file(TAKEN)
def grey_of_16_bits_and_13_million():
    return png(4200, 3200, 0, 16, zeros(4200, 3200, 2))


@file(TAKEN)
def colours_of_16_bits():
    packer = zlib.compress(b"".join(b"\0" + bytes(range(240)) * 16 for _ in range(480)))
    return png(640, 480, 2, 16, packer)


@file(TAKEN)
def cmyk():
    return saved(picture("CMYK"))


@file(TAKEN)
def black_and_white():
    return saved(picture("1"), "PNG")


@file(TAKEN)
def palette_see_through():
    return saved(picture("P"), "PNG", transparency=3)


@file(REFUSED)
def one_pixel():
    return saved(picture(size=(1, 1)))


@file(REFUSED)
def a_line_of_30000_by_200():
    return saved(picture(size=(30_000, 200)))


@file(TAKEN)
def exif_of_noise():
    return with_segment(b"Exif\0\0" + np.random.default_rng(1).bytes(20_000))


@file(TAKEN)
def exif_pointing_at_itself():
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    return with_segment(b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 1) + entry + struct.pack("<I", 8))


@file(TAKEN)
def exif_claiming_four_thousand_million_values():
    entry = struct.pack("<HHII", 0x010F, 2, 0xFFFFFFFF, 20)
    return with_segment(b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 60_000) + entry * 3)


@file(TAKEN)
def exif_cut_off():
    return with_segment(b"Exif\0\0MM\0*\0\0")


@file(TAKEN)
def exif_with_an_impossible_time():
    return exif({0x010F: "Maker\x1b[2J", 0x0112: 99, 0x9003: "2026:13:45 99:99:99"})


@file(TAKEN)
def exif_with_places_off_the_earth():
    return exif({}, {1: "N", 2: (900.0, 0.0, 0.0), 3: "E", 4: (125.0, 19.0, 0.0)})


@file(TAKEN)
def a_hundred_comments_of_64_kb():
    jpeg = saved(picture())
    return jpeg[:2] + segment(0xFE, b"x" * 65_000) * 100 + jpeg[2:]


@file(EITHER)
def jpeg_with_bytes_turned():
    good = bytearray(saved(picture()))
    for at in np.random.default_rng(3).integers(700, len(good), 30):
        good[at] ^= 0x55
    return bytes(good)


@file(EITHER)
def jpeg_with_headers_turned():
    good = bytearray(saved(picture()))
    for at in np.random.default_rng(4).integers(2, 600, 12):
        good[at] ^= 0x3C
    return bytes(good)
