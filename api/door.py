"""Who holds which cookie: asked of the store, at most once a second for each."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from anyio import CapacityLimiter, to_thread

from db import access, settings
from db.access import Person
from engine import clock, sign_in
from engine.sign_in import Visitor

FRESH = 1.0  # seconds for which an answer may be used again
ACTS_APART = timedelta(seconds=30)  # between two notes of a human act
MANY = 10_000


@dataclass(frozen=True)
class Cookies:
    """`__Host-` ties a cookie to this very host; browsers grant the name over HTTPS only."""

    session: str = "vigil"
    browser: str = "vigil-browser"  # tells browsers apart before anybody has signed in

    @classmethod
    def named(cls) -> "Cookies":
        return cls(*(f"__Host-{name}" for name in (cls.session, cls.browser))) if settings.https() else cls()


def set_cookie(name: str, value: str, same_site: str = "Strict") -> str:
    """Of the session: no script reads it, no other site sends it, the browser forgets it when it closes."""
    return f"{name}={value}; Path=/; HttpOnly; SameSite={same_site}" + ("; Secure" if settings.https() else "")


def clear_cookie(name: str) -> str:
    return set_cookie(name, "") + "; Max-Age=0"


def new_browser() -> str:
    return secrets.token_urlsafe(24)


class Door:
    """The sessions this process has asked about lately."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Visitor | None]] = {}
        self._few = CapacityLimiter(8)  # connections of the pool that the gate may hold at a time

    async def visitor(self, token: str | None) -> Visitor | None:
        if not token:
            return None
        asked, visitor = self._known.get(token, (-FRESH, None))
        if monotonic() - asked < FRESH:
            return visitor
        visitor = await to_thread.run_sync(_ask, token, limiter=self._few)
        if len(self._known) >= MANY:
            self._known.clear()
        self._known[token] = monotonic(), visitor
        return visitor

    async def acted(self, token: str, visitor: Visitor) -> None:
        """A human did something in this session."""
        if clock.now() - visitor.seen_at >= ACTS_APART:
            await to_thread.run_sync(_prolong, visitor.person, limiter=self._few)
            self.forget(token)

    def forget(self, token: str) -> None:
        self._known.pop(token, None)


def _ask(token: str) -> Visitor | None:
    with access.gate() as conn:
        return sign_in.who_is(conn, sign_in.token_hash(token), clock.now())


def _prolong(by: Person) -> None:
    with access.gate() as conn:
        sign_in.prolong(conn, by, clock.now())
