"""The gate in front of Streamlit: without a session nothing of the bank's answers.

Streamlit lets anybody upload, fetch media and read metrics, and gives a session to whoever names its id. So this
stands before it and decides on `scope["path"]`; api/paths.py says what is open to whom.

A socket is bound to the session (or, before sign-in, to the browser) by a header that only the gate can set:
Streamlit gives a running session back only to a socket with the same value (server.trustedUserHeaders). And because
fragments and callbacks run without app.py, each message of an open socket is looked at here: when its session has
ended, or its owner's rights have changed, only the wish to see the page anew goes through.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import JSONResponse

from api import door, paths, requests
from api.door import Cookies, Door
from api.paths import Open
from engine import refusals
from engine.sign_in import Visitor
from engine.words import _

OURS = b"x-vigil"  # set by our own scripts; another site's form cannot
SAFE = ("GET", "HEAD")
STRANGERS_LIMIT = 64 * 1024  # bytes of one message before anybody is known


@dataclass(frozen=True)
class Wire:
    """What the gate must know of Streamlit's own protocol; handed in, for this floor does not know Streamlit."""

    binding: str  # the header that Streamlit takes a socket's identity from (server.trustedUserHeaders)
    by_human: Callable[[bytes], bool]  # not a timer's doing
    plain: Callable[[bytes], bytes | None]  # only the wish to see the page anew; None when there was none
    owner: Callable[[str], str | None]  # of a Streamlit session: the binding it was opened with


class Gate:
    def __init__(self, app, *, door: Door, wire: Wire) -> None:
        self.app, self.door, self.wire = app, door, wire
        self.cookies = Cookies.named()
        self.binding = wire.binding.encode()

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        scope["client"] = (requests.source(scope), 0)
        scope["headers"] = [pair for pair in scope["headers"] if pair[0].lower().replace(b"_", b"-") != self.binding]
        jar = requests.cookies(scope)
        if scope["type"] == "websocket":
            return await self._socket(scope, receive, send, jar)
        return await self._http(scope, receive, send, jar)

    # --- Plain requests ---

    async def _http(self, scope, receive, send, jar) -> None:
        opened = paths.opened_to(scope["path"])
        if opened is Open.ANYBODY and paths.is_bundle(scope["path"]):
            return await self.app(scope, receive, send)
        token = jar.get(self.cookies.session)
        visitor = await self._visitor(opened, token)
        no = self._refusal(scope, opened, visitor, token)
        if no is not None:
            return await say(no)(scope, receive, send)
        if visitor is not None:
            scope.setdefault("state", {})["person"] = visitor.person
            await self._note_act(scope, opened, token, visitor)
        if opened is Open.PAGE and self.cookies.browser not in jar:
            send = _with_cookie(send, door.set_cookie(self.cookies.browser, door.new_browser(), "Lax"))
        return await self.app(scope, receive, send)

    async def _visitor(self, opened: Open, token: str | None) -> Visitor | None:
        if opened is Open.NOBODY:
            return None
        try:
            return await self.door.visitor(token)
        except Exception:
            if opened is Open.PAGE:  # an empty shell, which will itself say that the server is away
                return None
            raise

    def _refusal(self, scope, opened: Open, visitor: Visitor | None, token: str | None) -> refusals.Refusal | None:
        if opened is Open.NOBODY:
            return refusals.NotFound()
        if scope["method"] not in SAFE and not self._from_us(scope):
            return refusals.NotFromHere()
        if opened is not Open.SIGNED_IN:
            return None
        if visitor is None:
            return refusals.NotSignedIn()
        if visitor.must_change:
            return refusals.MustChangePassword()
        return None if self._owns(scope["path"], token) else refusals.NotFound()

    @staticmethod
    def _from_us(scope) -> bool:
        """Streamlit's uploads carry a token of its own; our routes want a header that only scripts can set."""
        return requests.from_here(scope) and (not scope["path"].startswith("/api/") or bool(requests.header(scope, OURS)))

    def _owns(self, path: str, token: str) -> bool:
        """An upload names a Streamlit session, and whoever reads a log knows such names."""
        if not path.startswith("/_stcore/upload_file/"):
            return True
        return self.wire.owner(path.split("/")[3]) == _binding_of_session(token)

    async def _note_act(self, scope, opened: Open, token: str, visitor: Visitor) -> None:
        """Opening a page and sending something are acts of a human; looking whether the session lives is none."""
        if opened is Open.PAGE or (opened is Open.SIGNED_IN and scope["method"] not in SAFE):
            await self.door.acted(token, visitor)

    # --- Streamlit's socket ---

    async def _socket(self, scope, receive, send, jar) -> None:
        if scope["path"] != paths.SOCKET or not requests.from_here(scope):
            return await send({"type": "websocket.close", "code": 1008})
        token = jar.get(self.cookies.session)
        visitor = await self.door.visitor(token)
        scope["headers"].append((self.binding, self._binding(token, visitor, jar).encode()))
        hear = self._of_somebody(receive, token, visitor) if visitor else _of_a_stranger(receive)
        return await self.app(scope, hear, send)

    def _binding(self, token: str | None, visitor: Visitor | None, jar: dict[str, str]) -> str:
        """session-<hash> of somebody signed in; browser-<hash> of a stranger, ended-<hash> of one who was."""
        if visitor is not None:
            return _binding_of_session(token)
        return ("ended-" if token else "browser-") + hash_of_browser(jar.get(self.cookies.browser))

    def _of_somebody(self, receive, token: str, visitor: Visitor):
        """The messages of a signed-in browser, each judged by who its owner is now."""
        person, first = visitor.person, True

        async def hear():
            nonlocal person, first
            while True:
                message = await receive()
                data = message.get("bytes")
                if message["type"] != "websocket.receive" or not data:
                    return message
                now = await self.door.visitor(token)
                if now is None or now.person != person:
                    person = now.person if now else None
                    data = self.wire.plain(data)
                elif not first and self.wire.by_human(data):  # the first comes by itself, also when a line came back
                    await self.door.acted(token, now)
                first = False
                if data is not None:
                    return {**message, "bytes": data}

        return hear


def _of_a_stranger(receive):
    async def hear():
        message = await receive()
        if len(message.get("bytes") or message.get("text") or "") > STRANGERS_LIMIT:
            return {"type": "websocket.disconnect", "code": 1009}
        return message

    return hear


def _binding_of_session(token: str) -> str:
    return "session-" + hashlib.sha256(token.encode()).hexdigest()


def hash_of_browser(browser: str | None) -> str:
    """A browser without even that cookie is like no other, so that nobody can come back as it."""
    return hashlib.sha256((browser or door.new_browser()).encode()).hexdigest()


def _with_cookie(send, cookie: str):
    async def sending(message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"set-cookie", cookie.encode())]
        await send(message)

    return sending


def say(no: refusals.Refusal) -> JSONResponse:
    """A refusal as machines read it."""
    return JSONResponse({"refusal": type(no).__name__, "words": no.sentence(_)}, status_code=no.status)
