"""While a form is filled in: its draft, its photos piece by piece, the number to dial."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from db import drafts, todos
from db.access import Connection, Person
from db.vocab import Kind, Mode
from engine import calls, footprints, parameters, permits, refusals
from engine import customers as customer_verbs
from engine.photos import intake
from engine.visits import pictures, shared
from engine.visits.sent import MOST_PHOTOS

LARGEST_DRAFT = 300_000  # characters of JSON
LARGEST_PHOTO = 12  # MB
UNTOUCHED = timedelta(days=30)  # longer than a phone is without any network


def save(conn: Connection, by: Person, key: UUID, counter: int, content: dict, *, now: datetime) -> dict:
    """The draft as it is on the phone, unless a newer one is here: then that one comes back."""
    permits.must(by, "check.submit")
    if len(json.dumps(content)) > LARGEST_DRAFT:
        raise refusals.DraftTooLarge
    saved = drafts.save(conn, key, counter, content, now)
    fix = content.get("fix")
    if saved and isinstance(fix, dict) and isinstance(fix.get("at"), str) and len(fix["at"]) < 40:
        drafts.see_fix(conn, key, fix["at"], now)
    draft = shared.draft_of(conn, key)
    if saved:
        todos.start(conn, draft.todo_ids, now)
    if saved and draft.mode == Mode.FIELD:
        footprints.keep(conn, draft, content, now=now)
    return {"saved": saved, "counter": draft.counter} | ({} if saved or draft.content == content else {"content": draft.content})


def forget_untouched(conn: Connection, *, now: datetime) -> int:
    """Forms taken along for todos that others have done, a while after, for a phone out of the network may still fill one in."""
    return drafts.drop_untouched(conn, now - UNTOUCHED)


@dataclass(frozen=True)
class Piece:
    """Part of a photo: where it belongs, of how many bytes in all, and what the phone says of the photo."""

    id: UUID
    total: int
    offset: int
    content: bytes
    taken_at: datetime | None = None
    lat: float | None = None
    lon: float | None = None


def add_photo(conn: Connection, by: Person, key: UUID, piece: Piece) -> dict:
    """How much has arrived. A piece that is there already is not added twice, so a phone may always send again."""
    permits.must(by, "check.submit")
    draft = shared.draft_of(conn, key)
    if not 0 < piece.total <= LARGEST_PHOTO * 1024 * 1024 or piece.offset + len(piece.content) > piece.total:
        raise refusals.PhotoTooLarge(megabytes=LARGEST_PHOTO, most=MOST_PHOTOS)
    _begin(conn, by, draft, piece)
    drafts.append(conn, piece.id, key, piece.offset, piece.content)
    found = drafts.upload(conn, piece.id, key)
    if found is None or found.total != piece.total:
        raise refusals.Conflict
    if found.sha256 is None and found.received == found.total:
        kept = pictures.take_in(drafts.content(conn, piece.id, key))
        drafts.stored(conn, piece.id, key, _facts(kept))
        found = drafts.upload(conn, piece.id, key)
    return shared.progress(found)


def _facts(kept: intake.Photo) -> dict:
    """Of the photo as it is kept, and what the file said of itself."""
    return {
        "sha256": bytes.fromhex(kept.sha256), "bytes": len(kept.jpeg), "width": kept.width, "height": kept.height, "told_at": kept.told.taken_at,
        "told_lat": kept.told.lat, "told_lon": kept.told.lon, "device": kept.told.device or None, "screen": kept.of_a_screen,
    }  # fmt: skip


def _begin(conn: Connection, by: Person, draft, piece: Piece) -> None:
    if drafts.upload(conn, piece.id, draft.submit_key) is None:
        if len(drafts.uploads_of(conn, draft.submit_key)) >= MOST_PHOTOS:
            raise refusals.PhotoTooLarge(megabytes=LARGEST_PHOTO, most=MOST_PHOTOS)
        drafts.begin_upload(conn, {
            "id": piece.id, "customer_id": draft.customer_id, "submit_key": draft.submit_key, "staff_id": by.id, "total": piece.total,
            "taken_at": piece.taken_at, "lat": piece.lat, "lon": piece.lon,
        })  # fmt: skip


def drop_photo(conn: Connection, by: Person, key: UUID, photo_id: UUID) -> None:
    """The officer does not want to send it after all."""
    permits.must(by, "check.submit")
    drafts.drop_upload(conn, photo_id, key)


def number(conn: Connection, by: Person, key: UUID, *, now: datetime) -> str:
    """The full number to dial, written down; a debtor's not at night and not for the fourth time."""
    permits.must(by, "check.submit")
    draft = shared.draft_of(conn, key)
    if calls.is_collection(Kind(draft.kind), Mode(draft.mode)):
        calls.must_be_allowed(conn, draft.customer_id, now, shared.day(now), parameters.values(conn, shared.day(now)))
    return customer_verbs.reveal(conn, by, draft.customer_id, "phone", customer_verbs.TO_CALL)
