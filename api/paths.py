"""What lies behind which path, and who may ask for it. What is not listed answers nobody."""

import re
from enum import Enum


class Open(Enum):
    """To whom a path answers."""

    ANYBODY = "anybody"  # the bundle, health, signing in and out: nothing of the bank's
    PAGE = "page"  # index.html, the same for every page; what it shows comes through the socket
    SIGNED_IN = "signed in"
    NOBODY = "nobody"


SOCKET = "/_stcore/stream"
SESSION = "/api/v1/session"
SIGN_OUT = "/api/v1/sign-out"
HEALTH = "/api/v1/health"
CALENDAR = "/api/v1/calendar/"
A_CALENDAR = re.compile(
    re.escape(CALENDAR) + r"[A-Za-z0-9_-]{43}\.ics"
)  # a phone's calendar has no cookie: the secret is in the path

EXACT = {
    "/favicon.png": Open.ANYBODY,
    "/manifest.json": Open.ANYBODY,
    "/_stcore/health": Open.ANYBODY,
    "/_stcore/host-config": Open.ANYBODY,
    HEALTH: Open.ANYBODY,
    SESSION: Open.ANYBODY,
    SIGN_OUT: Open.ANYBODY,
}

UNDER = {
    "/static/": Open.ANYBODY,
    "/assets/": Open.ANYBODY,
    "/_stcore/upload_file/": Open.SIGNED_IN,
    "/_stcore/bidi-components/": Open.SIGNED_IN,
    "/media/": Open.SIGNED_IN,
    "/component/": Open.SIGNED_IN,
    "/api/": Open.SIGNED_IN,
}

BUNDLE = ("/static/", "/assets/", "/favicon.png", "/manifest.json")  # cached by browsers; everything else is not


def opened_to(path: str) -> Open:
    """Decided on the path as the server decoded it, never on a URL that was put together from headers."""
    if ".." in path or "//" in path or "\\" in path or "\x00" in path:
        return Open.NOBODY
    if path in EXACT:
        return EXACT[path]
    if A_CALENDAR.fullmatch(path):
        return Open.ANYBODY
    for prefix, to in UNDER.items():
        if path.startswith(prefix):
            return to
    return Open.PAGE if is_page(path) else Open.NOBODY


def is_page(path: str) -> bool:
    """Pages have one segment: Streamlit's own files are addressed relative to it."""
    return path.count("/") == 1 and "." not in path


def is_bundle(path: str) -> bool:
    return path.startswith(BUNDLE)
