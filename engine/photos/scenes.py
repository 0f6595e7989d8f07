"""Made-up places and the photos taken there, to measure the search for reused photos on known truth.

A place is drawn from a seed: a shop, a field, a room, a yard or a stable, of some sixty textured things at their
depths. A view of it is drawn from another seed: the camera moved (near things shift more than far ones), turned and
zoomed, another light, some things carried elsewhere, dust and noise of the sensor. Two views of one place are
look-alikes, a view and its edited copy are reuse. These are drawings: they say which edits the search withstands and
that look-alikes of this likeness pass; shares on a bank's own photos are to be measured there.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

WIDTH, HEIGHT = 480, 360
KINDS = ("shop", "field", "room", "yard", "stable")
HUES = {
    "shop": ((168, 160, 150), (120, 95, 80)), "field": ((190, 205, 225), (110, 120, 60)),
    "room": ((205, 195, 175), (140, 115, 90)), "yard": ((180, 195, 215), (135, 125, 115)),
    "stable": ((120, 105, 90), (95, 80, 60)),
}  # fmt: skip


@dataclass(frozen=True)
class Thing:
    """A textured shape of a place: centre and size as shares of the picture, 0 far to 1 near, and whether it moves."""

    x: float
    y: float
    width: float
    height: float
    depth: float
    shape: str
    colour: tuple[int, int, int]
    texture: int
    movable: bool


@dataclass(frozen=True)
class Look:
    """How one view of a place differs from another: `shift` of the nearest things is a share of the width."""

    shift: float = 0.05
    turn_degrees: float = 3
    zoom: float = 0.05
    light: float = 0.25
    carried: float = 0.35  # this share of the movable things stands elsewhere
    noise: float = 5


def view(place: int, day: int, look: Look | None = None) -> Image.Image:
    """The photo of a place on some day."""
    look = look or Look()
    chance = np.random.default_rng([place, day, 7])
    things = _carried(_things(place), chance, look)
    picture = _drawn(place, things, chance.uniform(-look.shift, look.shift, 2))
    picture = _turned(picture, chance, look)
    return _lit(picture, chance, look)


def _things(place: int) -> list[Thing]:
    chance = np.random.default_rng([place, 1])
    kind = _kind(place)
    made = [_thing(chance, kind) for _ in range(int(chance.integers(45, 75)))]
    return sorted(made, key=lambda thing: thing.depth)


def _kind(place: int) -> str:
    return KINDS[place % len(KINDS)]


def _thing(chance: np.random.Generator, kind: str) -> Thing:
    depth = float(chance.random())
    size = 0.05 + 0.18 * depth * chance.random() + 0.05 * chance.random()
    low = 0.35 if kind in ("field", "yard") else 0.1
    y = low + (0.95 - low) * (0.25 + 0.75 * depth) * chance.random() if kind != "room" else chance.random()
    base = np.array(HUES[kind][int(chance.integers(2))])
    colour = tuple(int(c) for c in np.clip(base + chance.normal(0, 42) + chance.normal(0, 24, 3), 5, 250))
    shape = str(chance.choice(["box", "box", "round", "post", "sign"]))
    tall = {"post": 3.0, "sign": 0.45}.get(shape, float(chance.uniform(0.5, 1.8)))
    return Thing(float(chance.uniform(-0.05, 1.05)), float(y), size, size * tall, depth, shape, colour,
                 int(chance.integers(12)), bool(chance.random() < 0.5))  # fmt: skip


def _carried(things: list[Thing], chance: np.random.Generator, look: Look) -> list[Thing]:
    return [_elsewhere(t, chance) if t.movable and chance.random() < look.carried else t for t in things]


def _elsewhere(t: Thing, chance: np.random.Generator) -> Thing:
    x, y = t.x + chance.normal(0, 0.2), t.y + chance.normal(0, 0.05)
    return Thing(float(x), float(y), t.width, t.height, t.depth, t.shape, t.colour, t.texture, True)


def _drawn(place: int, things: list[Thing], shift: np.ndarray) -> Image.Image:
    picture = _background(place, shift)
    for thing in things:
        _put(picture, thing, shift)
    return picture


def _background(place: int, shift: np.ndarray) -> Image.Image:
    """Sky or wall above ground or floor; rows of a crop run to the horizon."""
    chance = np.random.default_rng([place, 2])
    far, near = (np.array(h) + chance.normal(0, 18, 3) for h in HUES[_kind(place)])
    horizon = int(HEIGHT * chance.uniform(0.3, 0.55))
    ys = np.arange(HEIGHT, dtype=np.float32)[:, None]
    column = np.where(ys < horizon, far * (1 - 0.25 * ys / HEIGHT), near * (0.7 + 0.4 * (ys - horizon) / HEIGHT))
    picture = np.repeat(column.astype(np.float32)[:, None, :], WIDTH, axis=1)
    grain = np.roll(_texture(int(chance.integers(12))), (int(shift[1] * 60), int(shift[0] * 60)), (0, 1))
    picture += np.tile(grain, (2, 2))[:HEIGHT, :WIDTH, None] * np.float32(chance.uniform(0.2, 0.6))
    if _kind(place) == "field":
        picture += _rows(chance, horizon, shift)[:, :, None]
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def _rows(chance: np.random.Generator, horizon: int, shift: np.ndarray) -> np.ndarray:
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    deep = np.maximum(ys - horizon, 1)
    phase = (xs - WIDTH * np.float32(0.5 + shift[0])) / deep * np.float32(chance.uniform(8, 20))
    return np.where(ys > horizon, 22 * np.sin(phase) * np.minimum(1, deep / 90), 0)


def _put(picture: Image.Image, t: Thing, shift: np.ndarray) -> None:
    width, height = max(4, int(t.width * WIDTH)), max(4, int(t.height * WIDTH))
    x = int((t.x + shift[0] * t.depth) * WIDTH) - width // 2
    y = int((t.y + shift[1] * t.depth * 0.5) * HEIGHT) - height // 2
    patch = _patch(t.colour, t.texture, min(width, 320), min(height, 320))
    mask = Image.new("L", patch.size, 0)
    pen = ImageDraw.Draw(mask)
    (pen.ellipse if t.shape == "round" else pen.rectangle)((0, 0, patch.width - 1, patch.height - 1), fill=255)
    if t.shape == "sign":
        _letters(patch, t)
    picture.paste((25, 22, 20), (x + 4, y + 5), mask)
    picture.paste(patch, (x, y), mask)


def _patch(colour: tuple[int, int, int], texture: int, width: int, height: int) -> Image.Image:
    grain = _texture(texture)[:height, :width, None]
    return Image.fromarray(np.clip(np.array(colour, dtype=np.float32) + grain, 0, 255).astype(np.uint8))


def _letters(patch: Image.Image, t: Thing) -> None:
    """Strokes like characters on a signboard."""
    chance = np.random.default_rng([int(t.texture), int(t.width * 1e6)])
    pen = ImageDraw.Draw(patch)
    for n in range(4):
        for _ in range(5):
            x, y = (n + chance.uniform(0.1, 0.9)) * patch.width / 4, chance.uniform(0.15, 0.85) * patch.height
            pen.line((x, y, x + chance.normal(0, 9), y + chance.normal(0, 9)), fill=(235, 225, 60), width=2)


@cache
def _texture(n: int) -> np.ndarray:
    """Twelve textures of 320 by 320: bricks, planks, tiles, straw, cloth, noise at several scales."""
    chance = np.random.default_rng([n, 3])
    ys, xs = np.mgrid[0:320, 0:320]
    rough = chance.normal(0, 60, (320 // (2 + n % 5) + 1,) * 2)
    noise = np.asarray(Image.fromarray(rough.astype(np.float32)).resize((320, 320), Image.Resampling.BILINEAR))
    pitch = 9 + 4 * (n % 4)
    lines = {
        0: (ys % pitch < 2) * -45.0 - ((xs + pitch * (ys // pitch % 2)) % (2 * pitch) < 2) * 45.0,
        1: (xs % pitch < 2) * -40.0,
        2: (ys % pitch < 2) * -35.0 - (xs % pitch < 2) * 35.0,
        3: np.zeros((320, 320)),
    }[n % 4]
    return (0.5 * noise + lines).astype(np.float32)


def _turned(picture: Image.Image, chance: np.random.Generator, look: Look) -> Image.Image:
    """Turned and zoomed about the middle, then cut so that no empty corner shows."""
    turn = np.radians(chance.uniform(-look.turn_degrees, look.turn_degrees))
    scale = 1 / (1.12 + chance.uniform(-look.zoom, look.zoom))
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    cx, cy = WIDTH / 2, HEIGHT / 2
    return picture.transform(picture.size, Image.Transform.AFFINE,
                             (cos, sin, cx - cos * cx - sin * cy, -sin, cos, cy + sin * cx - cos * cy),
                             Image.Resampling.BILINEAR)  # fmt: skip


def _lit(picture: Image.Image, chance: np.random.Generator, look: Look) -> Image.Image:
    """Another hour: brighter or darker, warmer or colder, lit from a side, a shadow across, grain of the sensor."""
    pixels = np.asarray(picture).astype(np.float32)
    tint = 1 + chance.uniform(-look.light, look.light) + chance.uniform(-0.06, 0.06, 3)
    slope = 1 + look.light * chance.uniform(-1, 1) * np.linspace(-1, 1, WIDTH)[None, :]
    edge = chance.uniform(-0.5, 1.5) * WIDTH + chance.normal(0, 0.5) * np.arange(HEIGHT)[:, None]
    shadow = np.where(np.arange(WIDTH)[None, :] < edge, 1, 1 - look.light * chance.random())
    pixels *= (slope * shadow).astype(np.float32)[:, :, None]
    pixels *= tint.astype(np.float32)
    grain = chance.normal(0, look.noise, (HEIGHT // 2, WIDTH)).astype(np.float32)
    pixels += np.concatenate([grain, grain[::-1, ::-1]])[:, :, None]
    return Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8))


def taken(picture: Image.Image, quality: int = 90) -> bytes:
    """The photo as a phone's file."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def resized(picture: Image.Image, chance: np.random.Generator) -> Image.Image:
    scale = float(chance.choice([0.35, 0.5, 0.75, 1.5]))
    return picture.resize((int(picture.width * scale), int(picture.height * scale)), Image.Resampling.LANCZOS)


def jpeg40(picture: Image.Image, _chance: np.random.Generator) -> Image.Image:
    return Image.open(io.BytesIO(taken(picture, 40)))


def light(picture: Image.Image, chance: np.random.Generator) -> Image.Image:
    return ImageEnhance.Brightness(picture).enhance(float(chance.choice([0.9, 1.1])))


def watermarked(picture: Image.Image, chance: np.random.Generator) -> Image.Image:
    """A stamp of the kind phones put on photos: a dark band with light lines over a seventh of the height."""
    copy = picture.copy()
    pen = ImageDraw.Draw(copy, "RGBA")
    top = int(copy.height * (0.84 if chance.random() < 0.7 else 0.02))
    pen.rectangle((0, top, copy.width, top + copy.height // 7), fill=(0, 0, 0, 120))
    for n in range(3):
        y = top + 8 + n * copy.height // 24
        pen.text((12, y), "2026-11-20 09:30  43.88612 125.32431", fill=(255, 255, 255, 255))
    return copy


def cropped(picture: Image.Image, chance: np.random.Generator) -> Image.Image:
    """5 to 10 % of the width and of the height cut away, wherever on the two sides."""
    w, h = picture.size
    cut_x, cut_y = chance.uniform(0.05, 0.10, 2)
    x, y = chance.random() * cut_x * w, chance.random() * cut_y * h
    return picture.crop((int(x), int(y), int(x + w * (1 - cut_x)), int(y + h * (1 - cut_y))))


def cropped_all_round(picture: Image.Image, chance: np.random.Generator) -> Image.Image:
    """5 to 10 % cut away on each of the four sides."""
    w, h = picture.size
    left, top, right, bottom = chance.uniform(0.05, 0.10, 4)
    return picture.crop((int(left * w), int(top * h), int(w * (1 - right)), int(h * (1 - bottom))))


def mirrored(picture: Image.Image, _chance: np.random.Generator) -> Image.Image:
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def all_at_once(picture: Image.Image, chance: np.random.Generator) -> Image.Image:
    """Cropped, mirrored, another light, stamped, smaller, and saved at 40."""
    for edit in (cropped, mirrored, light, watermarked, resized, jpeg40):
        picture = edit(picture, chance)
    return picture


def on_a_screen(picture: Image.Image, chance: np.random.Generator) -> Image.Image:
    """The photo shown on a screen of stripes of red, green and blue and taken again, slightly turned, by a camera."""
    pitch = float(chance.uniform(2.2, 5.5))  # camera pixels to one pixel of the screen
    w, h = 1280, 960
    shown = np.asarray(picture.resize((w, h), Image.Resampling.BICUBIC)).astype(np.float32)
    turn = np.radians(chance.uniform(-6, 6))
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
    across = (xs * np.cos(turn) + ys * np.sin(turn)) / pitch
    down = (ys * np.cos(turn) - xs * np.sin(turn)) / pitch
    stripes = np.stack([np.clip(1.5 * np.cos(2 * np.pi * (across - k / 3)) + 0.6, 0, None) for k in range(3)], -1)
    lines = 1 + 0.35 * np.cos(2 * np.pi * down)
    mixed = shown * (0.45 + 0.55 * stripes * lines[:, :, None] * chance.uniform(0.5, 1.0)) * 1.05
    soft = Image.fromarray(np.clip(mixed, 0, 255).astype(np.uint8))
    return soft.filter(ImageFilter.GaussianBlur(float(chance.uniform(0.4, 1.1))))


EDITS: dict[str, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    "resized 35-150 %": resized, "JPEG 40": jpeg40, "light ±10 %": light, "watermark": watermarked,
    "cropped 5-10 %": cropped, "cropped 5-10 % on each side": cropped_all_round, "mirrored": mirrored,
    "all at once": all_at_once,
}  # fmt: skip
