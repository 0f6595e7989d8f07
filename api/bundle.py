"""What the browser loads before anybody is known: Streamlit's bundle, gzipped once, and its index.html in our words."""

import base64
import gzip
import hashlib
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from anyio import to_thread
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from api import paths, requests
from db import settings

STREAMLIT = Path(find_spec("streamlit").origin).parent / "static"
OURS = settings.ROOT / "assets" / "static"
COMPONENTS = settings.ROOT / "assets" / "components"

TITLE = "守望 Vigil"
NEEDS_SCRIPTS = "<noscript>守望需要启用 JavaScript。Vigil needs JavaScript.</noscript>"
REWRITES = (  # each must be found: an index.html of another Streamlit is looked at by a person first
    (r'<html lang="en">', '<html lang="zh-CN">'),
    (r"<title>.*?</title>", f"<title>{TITLE}</title>"),
    (r'<link rel="shortcut icon"[^>]*>', '<link rel="icon" type="image/svg+xml" href="{mark}" />'),
    (r'<link\s+rel="preload"\s+href="[^"]*SourceSans[^>]*>', ""),  # a font we do not use
    (r"<!--(?:(?!-->).)*agent API(?:(?!-->).)*-->\s*<link rel=\"service-desc\"[^>]*>", ""),
    (r"<noscript>.*</noscript>", NEEDS_SCRIPTS),
    (r'(?=<script type="module")', '<script src="{theme}"></script>\n    '),
    (r"</head>", '  <script src="{words}" defer></script>\n    <script src="{session}" defer></script>\n    <script src="{keys}" defer></script>\n    <script src="{way_back}" defer></script>\n'
                 '    <link rel="stylesheet" href="{style}">\n  </head>'),
)  # fmt: skip
ASSETS = {
    "mark": "mark.svg",
    "words": "words.js",
    "session": "session.js",
    "theme": "theme.js",
    "keys": "keys.js",
    "way_back": "way_back.js",
    "style": "vigil.css",
}


class StrangeIndex(Exception):
    """Streamlit's index.html is not the one Vigil knows; look at api/bundle.py."""


@cache
def index() -> str:
    html = (STREAMLIT / "index.html").read_text(encoding="utf-8")
    links = {name: _versioned(file) for name, file in ASSETS.items()}
    for pattern, replacement in REWRITES:
        text = replacement.format(**links)
        html, found = re.subn(pattern, lambda _, text=text: text, html, count=1, flags=re.DOTALL)
        if not found:
            raise StrangeIndex(pattern)
    return html


def inline_scripts() -> list[str]:
    """Hashes of the scripts written into index.html, for the content security policy."""
    scripts = re.findall(r"<script>(.*?)</script>", index(), flags=re.DOTALL)
    return [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]


def _versioned(file: str) -> str:
    digest = hashlib.sha256((OURS / file).read_bytes()).hexdigest()[:8]
    return f"/assets/{file}?v={digest}"


class Bundle:
    """Answers for pages and for the bundle; the rest is Streamlit's and our routes'."""

    def __init__(self, app) -> None:
        self.app = app
        self.ours, self.components = StaticFiles(directory=OURS), StaticFiles(directory=COMPONENTS)

    async def __call__(self, scope, receive, send) -> None:
        answer = await self._answer(scope) if scope["type"] == "http" else None
        await (answer or self.app)(scope, receive, send)

    async def _answer(self, scope):
        path, zipped = scope["path"], "gzip" in requests.header(scope, b"accept-encoding")
        if scope["method"] not in ("GET", "HEAD"):
            return None
        if path.startswith("/assets/components/"):  # the version stands in the path, for modules name each other relatively
            return _Below("/".join(path.split("/")[:4]), self.components)
        if path.startswith("/assets/"):
            return _Below("/assets", self.ours)
        if paths.opened_to(path) is paths.Open.PAGE:
            return _html(zipped)
        if zipped and path in _files():
            return await to_thread.run_sync(_packed, path)
        return None


class _Below:
    """A folder of files under a path of its own."""

    def __init__(self, prefix: str, files: StaticFiles) -> None:
        self.prefix, self.files = prefix, files

    async def __call__(self, scope, receive, send) -> None:
        async def cached(message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"cache-control", b"public, max-age=86400")]
            await send(message)

        below = {**scope, "path": scope["path"].removeprefix(self.prefix), "root_path": ""}
        await self.files(below, receive, cached)


def _html(zipped: bool) -> Response:
    if not zipped:
        return Response(index(), media_type="text/html", headers={"vary": "accept-encoding"})
    headers = {"content-encoding": "gzip", "vary": "accept-encoding"}
    return Response(_packed_index(), media_type="text/html", headers=headers)


@cache
def _packed_index() -> bytes:
    return gzip.compress(index().encode())


MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml"}


@cache
def _files() -> dict[str, Path]:
    """Every file of the bundle that is worth zipping, by its path on the server."""
    found = (STREAMLIT / "static").rglob("*")
    return {f"/{file.relative_to(STREAMLIT).as_posix()}": file for file in found if file.suffix in MEDIA_TYPES}


@cache
def _packed(path: str) -> Response:
    """A file as browsers want it; Streamlit sends its megabytes of script as they are."""
    file = _files()[path]
    headers = {
        "content-encoding": "gzip",
        "vary": "accept-encoding",
        "cache-control": "public, immutable, max-age=31536000",
    }
    return Response(gzip.compress(file.read_bytes(), 6), media_type=MEDIA_TYPES[file.suffix], headers=headers)
