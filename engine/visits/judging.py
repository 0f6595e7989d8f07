"""What a check is worth as proof of presence: before it is sent, when it comes, and once more when a photo is found later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from db import copies, drafts, records, reviews
from db.access import Connection, Person
from db.vocab import Mode
from engine import permits, presence, words
from engine.presence import CheckIn, Fix, Photo, Place, Reason, Verdict
from engine.presence.checks import reused_photo
from engine.visits import shared
from engine.visits.sent import read_claim

RECENT = timedelta(days=60)
REUSE = "photo_reuse"
AT_ONCE = timedelta(minutes=5)  # from the end of a check to its arrival; later it came from the phone's queue


@dataclass(frozen=True)
class Claim:
    """What a phone says of having been there: its position, when the visit ended, why it was not on site."""

    fix: Fix | None
    left_at: datetime
    explanation: str = ""


def preview(conn: Connection, by: Person, key: UUID, given: dict, *, now: datetime) -> dict:
    """The grade of what is there so far, with its reasons, for the officer to see before he sends it. Nothing is kept."""
    permits.must(by, "check.submit")
    draft = shared.draft_of(conn, key)
    sent = read_claim(given)
    taken = [u for u in drafts.uploads_of(conn, key) if u.id in sent.photos]
    seen = _check_in(conn, draft, Claim(shared.fix_of(sent), now, sent.away_because), taken, now)
    if seen is None:
        return {"grade": None}
    found = presence.grade(seen)
    return {"grade": found.grade, "for_review": found.for_review, "reasons": [vars(reason) for reason in found.reasons]}


def judge(conn: Connection, draft, claim: Claim, taken: Sequence, now: datetime) -> dict:
    """Grade and reasons of a visit as they are kept, in every language; nothing where there is no position or no mark."""
    seen = _check_in(conn, draft, claim, taken, now)
    return graded(seen) if seen is not None else {}


def graded(seen: CheckIn) -> dict:
    """Grade and reasons of a check-in as they are kept with the record."""
    said = list(words.in_every_language(presence.grade, seen).values())
    reasons = [_kept(same) for same in zip(*(found.reasons for found in said), strict=True)]
    return {"grade": said[0].grade, "presence": reasons}


def _kept(same: Sequence[Reason]) -> dict:
    """One reason, said in every language."""
    said = dict(zip(words.LANGUAGES, (reason.words for reason in same), strict=True))
    return {"check": same[0].check, "verdict": same[0].verdict.value, "words": said}


def _check_in(conn: Connection, draft, claim: Claim, taken: Sequence, now: datetime) -> CheckIn | None:
    """Everything that is known of one check-in."""
    if claim.fix is None or draft.place is None or draft.mode != Mode.FIELD:
        return None
    since = shared.day(now - RECENT)
    earlier = [_fix(x) for x in records.fixes_of(conn, draft.staff_id, since)]
    again = {copy.upload_id for copy in copies.of_form(conn, draft.submit_key)}
    return CheckIn(
        address=Place(draft.place["lat"], draft.place["lon"], draft.place["radius_m"]), fix=claim.fix, received_at=_seen(draft.place, claim.fix, now),
        previous=earlier[0] if earlier else None, recent=tuple(earlier), left_at=claim.left_at, offline=now - claim.left_at > AT_ONCE,
        colleagues=tuple(_fix(x) for x in records.same_digits(conn, claim.fix.lat, claim.fix.lon, since)),
        photos=tuple(Photo(u.told_at, u.told_lat, u.told_lon, u.id in again) for u in taken), explanation=claim.explanation,
    )  # fmt: skip


def _fix(row) -> Fix:
    return Fix(row.lat, row.lon, row.accuracy_m, row.at)


def _seen(place: dict, fix: Fix, now: datetime) -> datetime:
    """When the position reached us: with a draft, if the phone had a network, else with the check."""
    try:
        same = datetime.fromisoformat(place["fix_at"]) == fix.at
    except (KeyError, ValueError, TypeError):
        return now
    return datetime.fromisoformat(place["fix_seen"]) if same else now


def lay_before(conn: Connection, record, found_again: bool, now: datetime) -> None:
    """A person looks at a check that its evidence does not settle. `record`: id, customer_id, branch_id, staff_id, grade."""
    causes = (["grade"] if record.grade in ("C", "D") else []) + (["photos"] if found_again else [])
    if causes:
        about = {
            "customer_id": record.customer_id,
            "record_id": record.id,
            "branch_id": record.branch_id,
            "staff_id": record.staff_id,
        }
        reviews.begin(conn, about | {"causes": causes, "opened_at": now})


def rejudge(conn: Connection, keys: list[UUID], now: datetime) -> list[int]:
    """Checks whose photos were compared only after they had come: graded anew where that changes anything. The trail keeps
    the grade before; a person looks at what is found."""
    changed = []
    for record in records.by_form(conn, keys):
        if not copies.of_form(conn, record.submit_key):
            continue
        if any(r["check"] == REUSE and r["verdict"] != Verdict.DOUBT for r in record.presence or []):
            reasons = _with_copy(record.presence)
            records.regrade(conn, record.id, record.customer_id, presence.letter(Verdict(r["verdict"]) for r in reasons), reasons)
            changed.append(record.id)
        lay_before(conn, record, True, now)
    return changed


def _with_copy(reasons: list[dict]) -> list[dict]:
    found = _kept(list(words.in_every_language(reused_photo, True).values()))
    changed = [found if r["check"] == REUSE else r for r in reasons]
    return sorted(changed, key=lambda r: (r["check"] != "explanation", presence.SEVERITY.index(r["verdict"])))
