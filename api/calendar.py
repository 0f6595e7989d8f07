"""Calendars by their secret link: what a phone's calendar fetches, without a cookie, under the link's own path alone."""

from collections import Counter
from time import monotonic

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api import paths
from db import access
from engine import calendar_links, clock, refusals

A_MINUTE, MOST = 60.0, 120  # seconds; requests from one source within them


class Calendars:
    """Answers a link that is not known, one that has ended, and a wrong path all alike."""

    def __init__(self) -> None:
        self._began, self._asked = monotonic(), Counter()

    async def __call__(self, request: Request) -> Response:
        self._count(request.client.host if request.client else "")
        made = await run_in_threadpool(_made, request.path_params["token"])
        if made is None:
            raise refusals.NotFound
        return Response(made, media_type="text/calendar; charset=utf-8")

    def _count(self, source: str) -> None:
        """Known links and others, so that counting tells nobody which is which."""
        if monotonic() - self._began > A_MINUTE:
            self._began, self._asked = monotonic(), Counter()
        self._asked[source] += 1
        if self._asked[source] > MOST:
            raise refusals.TooManyRequests


def routes() -> list[Route]:
    return [Route(paths.CALENDAR + "{token}.ics", Calendars().__call__, methods=["GET"])]


def _made(token: str) -> bytes | None:
    with access.gate() as conn:
        person = calendar_links.whose(conn, token, clock.now())
    return calendar_links.calendar_of(person, today=clock.today(), now=clock.now()) if person else None
