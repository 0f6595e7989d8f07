"""What a photo says of itself: when, where, by which device. Read once, then removed; evidence, not proof.

Times without an offset are China's. Anything broken or out of range is simply not known.
"""

from dataclasses import dataclass
from datetime import datetime

from PIL import Image

from db import settings

ORIENTATION, MAKE, MODEL, DETAILS, PLACE = 0x0112, 0x010F, 0x0110, 0x8769, 0x8825
TAKEN, OFFSET = 0x9003, 0x9011
NORTH_SOUTH, LATITUDE, EAST_WEST, LONGITUDE = 1, 2, 3, 4


@dataclass(frozen=True)
class Told:
    """Degrees are WGS-84, as the standard asks. None: not said, or not credible."""

    taken_at: datetime | None = None
    lat: float | None = None
    lon: float | None = None
    device: str = ""
    orientation: int = 1


def read(image: Image.Image) -> Told:
    """The facts of an image that was opened but not decoded."""
    try:
        found = image.getexif()
        details, place = found.get_ifd(DETAILS), found.get_ifd(PLACE)
    except Exception:
        return Told()
    lat, lon = _degrees(place, LATITUDE, NORTH_SOUTH, "S", 90), _degrees(place, LONGITUDE, EAST_WEST, "W", 180)
    known = lat is not None and lon is not None and (lat, lon) != (0, 0)
    return Told(_moment(details), lat if known else None, lon if known else None, _device(found), _orientation(found))


def _moment(details: dict) -> datetime | None:
    try:
        moment = datetime.strptime(str(details[TAKEN]).strip("\0 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
        offset = str(details.get(OFFSET, "")).strip("\0 ")
        zone = datetime.strptime(offset, "%z").tzinfo if offset else settings.ZONE
    except (KeyError, ValueError, TypeError):
        return None
    return moment.replace(tzinfo=zone) if 2000 <= moment.year <= 2200 else None


def _degrees(place: dict, tag: int, side_tag: int, negative: str, most: float) -> float | None:
    """Degrees, minutes and seconds as rationals, and the side of the equator or of Greenwich."""
    try:
        degrees, minutes, seconds = (float(part) for part in place[tag])
        side = str(place.get(side_tag, "")).strip("\0 ").upper()
    except (KeyError, ValueError, TypeError, ZeroDivisionError):
        return None
    value = (degrees + minutes / 60 + seconds / 3600) * (-1 if side == negative else 1)
    return value if abs(value) <= most else None  # a not-a-number fails this too


def _device(found: Image.Exif) -> str:
    """Maker and model, printable and short."""
    words = " ".join(str(found.get(tag, "")) for tag in (MAKE, MODEL))
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:64]


def _orientation(found: Image.Exif) -> int:
    turned = found.get(ORIENTATION, 1)
    return turned if isinstance(turned, int) and 1 <= turned <= 8 else 1
