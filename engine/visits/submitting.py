"""Submitting a check: judged by its form, graded, recorded with its photos, all in one transaction or not at all."""

import hashlib
import json
from datetime import datetime, timedelta
from uuid import UUID

from db import copies, drafts, photos, records
from db.access import Connection, Person
from db.vocab import CallResult, Conclusion, Kind, Mode, Outcome
from engine import calls, checks, footprints, forms, parameters, permits, presence, refusals, words
from engine.checks import Lead, Submission
from engine.forms import Filled
from engine.presence import Fix
from engine.presence.geometry import Point, metres
from engine.visits import judging, shared
from engine.visits.judging import AT_ONCE, Claim
from engine.visits.sent import Sent, read

CLOCKS_APART = timedelta(minutes=10)  # between phone and server; more is the phone's error


def submit(conn: Connection, by: Person, key: UUID, given: dict, *, now: datetime) -> dict:
    """The receipt; the same again when the same is sent twice. Everything in one transaction, or nothing."""
    permits.must(by, "check.submit")
    digest = hashlib.sha256(json.dumps(given, sort_keys=True).encode()).digest()
    draft = drafts.hold(conn, key)
    if draft is None:
        return checks.sent_before(conn, key, digest)
    sent = read(given)
    outcome = _outcome(sent, Mode(draft.mode))
    form, _body = shared.form_of(conn, draft)
    filled = _judged(conn, draft, form, sent, outcome)
    _must_say_why_away(draft, sent)
    moment = _moment(sent.finished_at, now, parameters.values(conn, shared.day(now)))
    records.touch(conn, [draft.customer_id])  # holds the customer: two calls at a time are counted one after the other
    _must_be_decent(conn, draft, sent, outcome, moment, now)
    pictures = _pictures(conn, key, sent, form, outcome)
    s = _submission(conn, draft, sent, outcome, filled, pictures, moment, now, digest)
    receipt = checks.submit(conn, by, s)
    photos.add(conn, [_photo(by, draft.customer_id, receipt["record"], p) for p in pictures])
    if draft.mode == Mode.FIELD:
        footprints.keep(conn, draft, given, now=now)
    _look_twice(conn, receipt["record"], s.key, pictures, now)
    drafts.end(conn, key)
    return receipt


def _outcome(sent: Sent, mode: Mode) -> Outcome:
    """Of calls, what the attempts amount to, whatever the phone concluded."""
    if mode is not Mode.PHONE:
        return sent.outcome
    if not sent.calls:
        raise refusals.NoCall
    if any(call.result is CallResult.SELF and len(set(call.identity)) < calls.IDENTITY_NEEDED for call in sent.calls):
        raise refusals.WhoIsIt(needed=calls.IDENTITY_NEEDED)
    return calls.outcome([call.result for call in sent.calls])


def _judged(conn: Connection, draft, form: forms.Form, sent: Sent, outcome: Outcome) -> Filled:
    last = records.last_filled_in(conn, draft.customer_id, draft.mode)
    filled = Filled(form, sent.answers, sent.words, last.answers if last else {})
    if outcome in (Outcome.COMPLETED, Outcome.PARTIAL):
        if problems := filled.problems(sent.conclusion, whole=outcome is Outcome.COMPLETED):
            raise refusals.FormIncomplete(
                problems="; ".join(_told(form, p) for p in problems[:6]), fields=[p.field for p in problems]
            )
    elif sent.conclusion is not Conclusion.UNABLE:
        raise refusals.NothingSeen
    return filled


def _told(form: forms.Form, problem: forms.Problem) -> str:
    titles = {item.code: words.in_language(item.title) for item in form.items()}
    return f"{titles[problem.field]} – {problem.sentence}" if problem.field in titles else problem.sentence


def _must_say_why_away(draft, sent: Sent) -> None:
    """Being elsewhere than at the mark is allowed, with a reason."""
    stood = where(shared.fix_of(sent), draft.place) if draft.mode == Mode.FIELD else {}
    if stood.get("on_site") is False and not sent.away_because:
        raise refusals.WhyAway(distance=f"{stood['distance_m']:,.0f}")


def _moment(claimed: datetime, now: datetime, limits: dict[str, float]) -> datetime:
    """When the check ended: the phone's word if its clock can be right, or if it had no network and says so in time."""
    longest = timedelta(hours=limits["visits.offline_hours"])
    return claimed if now - longest <= claimed <= now + CLOCKS_APART else now


def _must_be_decent(conn: Connection, draft, sent: Sent, outcome: Outcome, moment: datetime, now: datetime) -> None:
    if not calls.is_collection(Kind(draft.kind), Mode(draft.mode)):
        return
    limits = parameters.values(conn, shared.day(now))
    for call in sent.calls:
        if not calls.within_hours(call.at, limits):
            calls.must_be_allowed(conn, draft.customer_id, call.at, shared.day(call.at), limits)
    if outcome in calls.BEST_FIRST[:3]:
        calls.must_be_allowed(conn, draft.customer_id, sent.calls[-1].at, shared.day(moment), limits)


def _pictures(conn: Connection, key: UUID, sent: Sent, form: forms.Form, outcome: Outcome) -> list:
    """The photos named, all of them here; what the phone dropped is left behind."""
    found = {u.id: u for u in drafts.uploads_of(conn, key) if u.sha256 is not None}
    if missing := [photo for photo in sent.photos if photo not in found]:
        raise refusals.PhotosMissing(n=len(missing))
    if outcome is Outcome.COMPLETED and len(sent.photos) < form.photos:
        raise refusals.MorePhotos(needed=form.photos)
    return [found[photo] for photo in dict.fromkeys(sent.photos)]


def _submission(
    conn, draft, sent: Sent, outcome: Outcome, filled: Filled, pictures: list, moment: datetime, now: datetime, digest: bytes
) -> Submission:
    fix = shared.fix_of(sent)
    graded = judging.judge(conn, draft, Claim(fix, moment, sent.away_because), pictures, now)
    return Submission(
        key=draft.submit_key, customer_id=draft.customer_id, kind=Kind(draft.kind), mode=Mode(draft.mode), outcome=outcome,
        conclusion=sent.conclusion, started_at=sent.started_at, finished_at=moment, received_at=now, todo_ids=tuple(draft.todo_ids),
        answers=filled.kept(), note=sent.note or None, form=(draft.form_code, draft.form_version), digest_of_sent=digest,
        calls=[call.model_dump(mode="json") for call in sent.calls] or None, proposed_class=sent.proposed_class,
        proposed_months=sent.proposed_months, offline=now - moment > AT_ONCE, away_because=sent.away_because or None,
        branch_id=draft.branch_id, loan_ids=tuple(draft.loan_ids), **where(fix, draft.place), **graded,
        leads=tuple(Lead(x.name, x.phone or None, x.wish) for x in sent.leads),
    )  # fmt: skip


def where(fix: Fix | None, place: dict | None) -> dict:
    """What is kept of a position: how far from the mark it was, and whether that counts as there."""
    if fix is None:
        return {}
    found = {"lat": fix.lat, "lon": fix.lon, "accuracy_m": fix.accuracy_m, "fixed_at": fix.at}
    if place is None:
        return found
    away = metres(fix, Point(place["lat"], place["lon"]))
    allowed = place["radius_m"] + min(fix.accuracy_m or 0, presence.Thresholds().accuracy_allowed_m)
    mark = {name: place.get(name) for name in ("lat", "lon", "radius_m", "words")}
    return found | {"distance_m": round(away, 1), "on_site": away <= allowed, "place": mark}


def _look_twice(conn: Connection, record_id: int, key: UUID, pictures: list, now: datetime) -> None:
    """Laid before a reviewer when the evidence does not settle it; photos that were dropped from the form do not count."""
    record = records.get(conn, record_id)
    kept = {p.id for p in pictures}
    judging.lay_before(conn, record, any(copy.upload_id in kept for copy in copies.of_form(conn, key)), now)


def _photo(by: Person, customer_id: int, record_id: int, upload) -> dict:
    return {
        "customer_id": customer_id, "record_id": record_id, "sha256": bytes(upload.sha256), "bytes": upload.bytes, "width": upload.width,
        "height": upload.height, "taken_at": upload.taken_at, "lat": upload.lat, "lon": upload.lon, "staff_id": by.id,
        "upload_id": upload.id, "told_at": upload.told_at, "told_lat": upload.told_lat, "told_lon": upload.told_lon,
        "device": upload.device, "screen": upload.screen,
    }  # fmt: skip
