"""What app.py puts around Streamlit: the routes, the middleware in their order, and answers to what goes wrong."""

import structlog
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from api import basemap, calendar, files, gate, health, session, visits
from api.bundle import Bundle
from api.door import Door
from api.gate import Gate, Wire
from api.headers import Headers, security_headers
from db import settings
from engine.refusals import Refusal, Unexpected

AT_THE_DOOR = Door()

log = structlog.get_logger()


def routes() -> list[Route]:
    return [
        *session.routes(AT_THE_DOOR),
        *health.routes(),
        *visits.routes(),
        *basemap.routes(),
        *calendar.routes(),
        *files.routes(),
    ]


def middleware(wire: Wire) -> list[Middleware]:
    """Outermost first: every answer is dressed, also a refusal; nobody reaches the bundle past the gate."""
    return [
        Middleware(Headers),
        Middleware(TrustedHostMiddleware, allowed_hosts=settings.hosts(), www_redirect=False),
        Middleware(Gate, door=AT_THE_DOOR, wire=wire),
        Middleware(Bundle),
    ]


def exception_handlers() -> dict:
    return {Refusal: _refused, Exception: _broken}


def _refused(_: Request, no: Refusal) -> JSONResponse:
    return gate.say(no)


def _broken(request: Request, wrong: Exception) -> JSONResponse:
    """Details go to the log, a number to whoever asked."""
    no = Unexpected.numbered()
    log.error("request failed", **no.details, path=request.scope["path"], exc_info=wrong)
    answer = gate.say(no)
    answer.headers.update(security_headers())
    return answer
