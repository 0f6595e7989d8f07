"""Where the photos of checks lie, and how one is shown: with its stamp of time, place and person."""

from datetime import datetime
from functools import cache
from uuid import UUID

from db import access, photos, settings
from db.access import MACHINE, Connection
from engine import refusals
from engine.photos import finding, intake, watermark
from engine.photos.bucket import Bucket
from engine.photos.moving import Both
from engine.photos.store import Folder, NoSuchPhoto, PhotoChanged, Store
from engine.visits import judging

SMALL = 480  # pixels of the longer side
ON_PAPER = 360


def shelf() -> Store:
    """Where photos are kept, and as long as they are being moved also where they were."""
    now, before = place(settings.photos()), settings.photos_before()
    return Both(now, place(before)) if before else now


@cache
def place(where: settings.PhotoPlace) -> Store:
    """Made once: a bucket keeps its connections."""
    return Folder(where.folder) if where.folder else Bucket(where)


def take_in(content: bytes) -> intake.Photo:
    """Decoded, upright, freed of what the phone wrote into it, and kept under its digest."""
    taken = intake.take(content)
    shelf().put(taken.jpeg)
    return taken


def compare(upload_id: UUID | None = None, *, now: datetime) -> int:
    """Compare a photo that has just come, or all that nobody has compared yet, with everything before; how many checks
    that had come already were graded anew. In a transaction of the machine's, for it looks at everybody's photos."""
    with access.transaction(MACHINE, "photo.compare") as conn:
        return len(judging.rejudge(conn, finding.compare(conn, shelf(), upload_id), now))


def small(conn: Connection, photo_id: int) -> bytes:
    """The same in little, for lists; without a stamp, which nobody could read."""
    found = photos.get(conn, photo_id)
    if found is None:
        raise refusals.NotFound
    return intake.thumbnail(shelf().get(bytes(found.sha256).hex()), SMALL)


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


def in_little(key: str) -> bytes | None:
    """A kept photo by its key, as small as papers show it; None when it is gone or damaged."""
    try:
        return intake.thumbnail(shelf().get(key), ON_PAPER)
    except (NoSuchPhoto, PhotoChanged):
        return None
