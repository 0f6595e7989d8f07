"""The session's cookie: set for a ticket, cleared at sign-out, asked after by open pages."""

import json

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api import door, gate, paths
from api.door import Cookies, Door
from db import access, preferences
from engine import clock, refusals, sign_in

ENOUGH = 4096  # bytes for a ticket


def routes(at_the_door: Door) -> list[Route]:
    cookies = Cookies.named()

    async def look(request: Request) -> Response:
        """Whether this browser is signed in. Asking does not prolong the session."""
        person = getattr(request.state, "person", None)
        if person is None:
            return JSONResponse({"signed_in": False})
        return JSONResponse({"signed_in": True} | await run_in_threadpool(_look_of, person))

    async def come_in(request: Request) -> Response:
        """The cookie for a ticket that the sign-in page gave to this very browser."""
        ticket = str((await _json(request)).get("ticket", ""))
        browser = gate.hash_of_browser(request.cookies.get(cookies.browser))
        token = await run_in_threadpool(_take_ticket, ticket, browser)
        answer = JSONResponse({"signed_in": True})
        answer.headers.append("set-cookie", door.set_cookie(cookies.session, token))
        return answer

    async def go_out(request: Request) -> Response:
        """The session ends everywhere, and the browser forgets it."""
        token = request.cookies.get(cookies.session)
        if token:
            await run_in_threadpool(_sign_out, token)
            at_the_door.forget(token)
        answer = JSONResponse({"signed_in": False})
        answer.headers.append("set-cookie", door.clear_cookie(cookies.session))
        return answer

    return [
        Route(paths.SESSION, look, methods=["GET"]),
        Route(paths.SESSION, come_in, methods=["POST"]),
        Route(paths.SIGN_OUT, go_out, methods=["POST"]),
    ]


async def _json(request: Request) -> dict:
    """A small object, or nothing."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > ENOUGH:
            raise refusals.TicketSpent
    try:
        given = json.loads(body)
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


def _look_of(person: access.Person) -> dict[str, str]:
    with access.reading(person) as conn:
        wishes = preferences.of(conn, person.id)
    return {"theme": wishes.get("theme") or "system", "font": wishes.get("font") or "normal"}


def _take_ticket(ticket: str, browser: str) -> str:
    with access.gate() as conn:
        return sign_in.take_ticket(conn, ticket, browser, clock.now())


def _sign_out(token: str) -> None:
    with access.gate() as conn:
        sign_in.sign_out(conn, sign_in.token_hash(token), clock.now())
