"""Every photo that is taken in is compared with all before it, of all customers and officers.

A process keeps the hashes of all prints in memory (240 bytes a photo) and reads only what is new since it last
looked. What is found is kept (`db.copies`); whether it means anything is the judgement's to say (engine.visits).
Runs as the machine, in a transaction of its own: officers cannot see each other's photos.
"""

import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

from PIL import Image

from db import prints
from db.access import Connection
from engine.photos import prints as printing
from engine.photos.prints import SIDE, Print
from engine.photos.reuse import Index, Match
from engine.photos.store import NoSuchPhoto, PhotoChanged, Store

A_DAY = timedelta(days=1)


class Known:
    """All prints of one store, as far as this process has read them."""

    def __init__(self) -> None:
        self.index, self.last = Index([], []), 0

    def search(self, conn: Connection, found: Print) -> list[Match]:
        """Prints that show the same; only while holding the turn, which keeps two threads apart too."""
        for row in prints.since(conn, self.last):
            self.index.add_hashes(row.no, bytes(row.hashes))
            self.last = row.no
        return self.index.search(found, lambda numbers: self._thumbs(conn, numbers))

    @staticmethod
    def _thumbs(conn: Connection, numbers: Sequence[int]) -> list[bytes]:
        """Of a photo that was taken back meanwhile, nothing that anything looks like."""
        kept = prints.thumbs(conn, numbers)
        return [kept.get(no, bytes(SIDE * SIDE)) for no in numbers]


_known: WeakKeyDictionary = WeakKeyDictionary()  # by the pool of connections, of which a process has one for each store


def compare(conn: Connection, store: Store, upload_id: UUID | None = None, *, most: int = 100) -> list[UUID]:
    """Print and search what has no print yet, or this one photo; the keys of the forms these belong to, once they are checks."""
    late = []
    for photo in prints.waiting(conn, upload_id, most):
        found = _print(store, bytes(photo.sha256))
        touched = _enter(conn, photo, found)
        late += [photo.submit_key, *touched] if photo.record_id else []
    return list(dict.fromkeys(late))


def _print(store: Store, sha256: bytes) -> Print:
    """Of the photo as it is kept. One that is lost or damaged looks like nothing, and is not looked at again."""
    try:
        with Image.open(io.BytesIO(store.get(sha256.hex()))) as picture:
            picture.draft("L", (4 * SIDE, 4 * SIDE))
            return printing.of_picture(picture)
    except (NoSuchPhoto, PhotoChanged, OSError):
        return printing.blank()


def _enter(conn: Connection, photo, found: Print) -> list[UUID]:
    """The forms whose photos show the same."""
    prints.take_turn(conn)
    matches = {match.photo_id: match for match in _known.setdefault(conn.engine, Known()).search(conn, found)}
    exact = prints.same_file(conn, bytes(photo.sha256)) if not found.flat else []
    row = {
        "upload_id": photo.upload_id,
        "customer_id": photo.customer_id,
        "submit_key": photo.submit_key,
        "staff_id": photo.staff_id,
    }
    if not prints.add(conn, row | {"sha256": bytes(photo.sha256), "hashes": found.hashes, "thumb": found.thumb}):
        return []
    named = prints.named(conn, [*matches, *exact])
    prints.add_copies(conn, [
        {"upload_id": photo.upload_id, "customer_id": photo.customer_id, "earlier_id": other.upload_id, "earlier_customer_id": other.customer_id,
         "share": 1.0 if no in exact else matches[no].share, "mirrored": no not in exact and matches[no].mirrored, "exact": no in exact}
        for no, other in named.items()
    ])  # fmt: skip
    return [other.submit_key for other in named.values()]


def forget(conn: Connection, now: datetime) -> int:
    """Prints of photos that were taken back before they were sent."""
    return prints.forget_dropped(conn, now - A_DAY)
