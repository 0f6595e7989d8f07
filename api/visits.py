"""Checks over HTTP, for the form on the phone: open, keep the draft, send photos piece by piece, submit.

The form on the phone works on without the network; so everything here may be sent twice.
"""

import json
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from db import access, preferences
from db.access import Person
from db.vocab import CloseReason, Mode
from engine import acts, clock, refusals, visits, words
from engine.words import _

ENOUGH = 400_000  # bytes of JSON
PIECE = 1_100_000  # bytes of a photo at a time
VERB = "check.submit"

log = structlog.get_logger()


def routes() -> list[Route]:
    form = "/api/v1/visits/{key:uuid}"
    return [
        Route("/api/v1/visits", open_form, methods=["POST"]),
        Route(f"{form}/draft", save_draft, methods=["PUT"]),
        Route(f"{form}/photos/{{photo:uuid}}", photo_piece, methods=["PUT", "DELETE"]),
        Route(f"{form}/presence", presence, methods=["POST"]),
        Route(f"{form}/number", number, methods=["POST"]),
        Route(f"{form}/submit", submit, methods=["POST"]),
        Route("/api/v1/photos/{photo:int}", picture, methods=["GET"]),
    ]


async def open_form(request: Request) -> Response:
    """{"todo": 12} or {"customer": 5}, and perhaps {"mode": "phone"}."""
    asked = await _json(request)
    mode = _word(Mode, asked.get("mode"))
    todo, customer = _number(asked.get("todo")), _number(asked.get("customer"))
    if todo is not None:
        return await _act(
            request, lambda conn, by: visits.open_todo(conn, by, todo, mode, now=clock.now()) | {"clock_ms": clock.shift_ms()}
        )
    if customer is None:
        raise refusals.NotFound
    way = mode or Mode.FIELD
    return await _act(
        request, lambda conn, by: visits.open_customer(conn, by, customer, way, now=clock.now()) | {"clock_ms": clock.shift_ms()}
    )


async def save_draft(request: Request) -> Response:
    """{"counter": 7, "content": {...}}; an older counter changes nothing and brings the newer content back."""
    given, key = await _json(request), request.path_params["key"]
    counter, content = _number(given.get("counter")), given.get("content")
    if counter is None or not isinstance(content, dict):
        raise refusals.Unreadable(where="draft", problem=_("counter and content are needed"))
    return await _act(request, lambda conn, by: visits.save(conn, by, key, counter, content, now=clock.now()))


async def photo_piece(request: Request) -> Response:
    """Part of a photo: ?offset=&total=, raw bytes. An empty piece asks how much is here; DELETE takes the photo back."""
    key, photo = request.path_params["key"], request.path_params["photo"]
    if request.method == "DELETE":
        return await _act(request, lambda conn, by: visits.drop_photo(conn, by, key, photo))
    asked = request.query_params
    offset, total = _number(asked.get("offset")), _number(asked.get("total"))
    if offset is None or total is None or offset < 0:
        raise refusals.Unreadable(where="photo", problem=_("offset and total are needed"))
    piece = visits.Piece(photo, total, offset, await _body(request, PIECE), _moment(asked.get("at")), *_point(asked))
    return await _act(request, lambda conn, by: visits.add_photo(conn, by, key, piece), then=lambda done: _compare(photo, done))


def _compare(photo: UUID, done: dict) -> None:
    """With all earlier photos, as soon as one is whole and before the phone hears so. If it fails, the photo is still here
    and the scheduler's to compare."""
    if done["whole"]:
        try:
            visits.compare(photo, now=clock.now())
        except Exception as wrong:
            log.error("photo not compared", error=f"{type(wrong).__name__}: {wrong}", exc_info=True)


async def presence(request: Request) -> Response:
    """{"fix", "away_because", "photos"}: the grade of what is there so far, with its reasons; nothing is kept."""
    given, key = await _json(request), request.path_params["key"]
    return await _act(request, lambda conn, by: visits.preview(conn, by, key, given, now=clock.now()))


async def number(request: Request) -> Response:
    """The full number to dial; who asked for it is written down."""
    key = request.path_params["key"]
    return await _act(request, lambda conn, by: {"number": visits.number(conn, by, key, now=clock.now())})


async def submit(request: Request) -> Response:
    """The receipt. The same again for the same content; 409 for other content under the same key."""
    given, key = await _json(request), request.path_params["key"]
    return await _act(request, lambda conn, by: told(visits.submit(conn, by, key, given, now=clock.now())))


async def picture(request: Request) -> Response:
    """A photo, stamped or ?small, for whoever may see the customer or made it; kept by no browser."""
    by, photo_id = request.state.person, request.path_params["photo"]
    shown = visits.small if "small" in request.query_params else visits.stamped
    return Response(await run_in_threadpool(_picture, by, photo_id, shown), media_type="image/jpeg")


def _picture(by: Person, photo_id: int, shown: Callable) -> bytes:
    with access.reading(by) as conn:
        return shown(conn, photo_id)


# --- In words ---------------------------------------------------------------------------------------------------------


def told(receipt: dict) -> dict:
    """With what became of each todo as a sentence in the reader's language."""
    return receipt | {"sentences": [_remark(remark) for remark in receipt.get("remarks", [])]}


def _remark(remark: dict) -> str:
    match remark["what"]:
        case "ended":
            why = words.name(CloseReason(remark["why"]))
            return _("The todo had ended meanwhile ({0}). Your check is kept.").format(why)
        case "done_before":
            return _("The todo was done by {0} before. Your check is kept beside.").format(remark["by"])
        case "done_for":
            return _("The todo had been given to {0} meanwhile. Your check has done it.").format(remark["by"])
    return _("The todo was given to somebody else meanwhile. Your check is kept; the todo stays open there.")


# --- The request ------------------------------------------------------------------------------------------------------


async def _act(request: Request, do: Callable, then: Callable | None = None) -> JSONResponse:
    """In the language of who asked, refusals too: these are said by the rim, in this same task. `then`: once it is kept."""
    words.language.set(await run_in_threadpool(_language, request.state.person))
    done = await run_in_threadpool(_done, request.state.person, do)
    if then:
        await run_in_threadpool(then, done)
    return JSONResponse(done)


def _language(by: Person) -> str:
    with access.reading(by) as conn:
        return preferences.of(conn, by.id).get("language") or words.LANGUAGES[0]


def _done(by: Person, do: Callable) -> dict:
    with acts.act(by, VERB) as conn:
        return do(conn, by) or {}


async def _json(request: Request) -> dict:
    try:
        given = json.loads(await _body(request, ENOUGH))
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise refusals.Unreadable(where="{}", problem=_("a JSON object is needed here"))
    return given


async def _body(request: Request, most: int) -> bytes:
    """Read as it comes, and no further than it may go."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise refusals.DraftTooLarge
    return bytes(body)


def _number(text: object) -> int | None:
    found = str(text) if isinstance(text, int | str) and not isinstance(text, bool) else ""
    return int(found) if found.isdecimal() and len(found) < 16 else None


def _word(kind: type, text: object):
    return kind(text) if text in [word.value for word in kind] else None


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _point(asked) -> tuple[float | None, float | None]:
    try:
        lat, lon = float(asked["lat"]), float(asked["lon"])
    except (KeyError, ValueError):
        return None, None
    return (lat, lon) if 3 <= lat <= 54 and 73 <= lon <= 136 else (None, None)
