"""Where the photos of checks lie, and how one is shown: with its stamp of time, place and person."""

from db import photos, settings
from db.access import Connection
from engine import refusals
from engine.photos import intake, watermark
from engine.photos.store import Folder, Store


def shelf() -> Store:
    return Folder(settings.home() / "photos")


def take_in(content: bytes) -> intake.Photo:
    """Decoded, upright, freed of what the phone wrote into it, and kept under its digest."""
    taken = intake.take(content)
    shelf().put(taken.jpeg)
    return taken


def stamped(conn: Connection, photo_id: int) -> bytes:
    """A photo of a check, for whoever may see it; the kept one has no stamp."""
    found = photos.get(conn, photo_id)
    if found is None:
        raise refusals.NotFound
    stamp = watermark.Stamp(
        found.taken_at or found.received_at,
        found.lat,
        found.lon,
        found.place or "",
        found.staff or "",
        found.customer or "",
        f"#{found.record_id}",
    )
    return watermark.stamped(shelf().get(bytes(found.sha256).hex()), stamp)
