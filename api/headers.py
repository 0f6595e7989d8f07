"""What every answer tells the browser: no foreign code, no frames, no guessing, nothing kept."""

from api import bundle, paths
from db import settings

CSP = (
    "default-src 'self'",
    "script-src 'self' blob: {inline}",  # blob: components written inline; the hashes are of index.html's own scripts
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:{tiles}",
    "font-src 'self' data:",
    "connect-src 'self'{tiles}",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)

ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "geolocation=(self), camera=(self), microphone=(), payment=(), usb=()",
}
HSTS = {"strict-transport-security": "max-age=31536000; includeSubDomains"}


def security_headers() -> dict[str, str]:
    inline = " ".join(f"'sha256-{digest}'" for digest in bundle.inline_scripts())
    tiles = settings.tiles()
    policy = "; ".join(CSP).format(inline=inline, tiles=f" {tiles.origin}" if tiles else "")
    return ALWAYS | {"content-security-policy": policy} | (HSTS if settings.https() else {})


class Headers:
    """Puts them on every answer, and takes off what would let other sites read it."""

    def __init__(self, app) -> None:
        self.app = app
        self.headers = security_headers()

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def dressed(message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._on(scope["path"], message["headers"])
            await send(message)

        return await self.app(scope, receive, dressed)

    def _on(self, path: str, given) -> list[tuple[bytes, bytes]]:
        ours = self.headers if paths.is_bundle(path) else self.headers | {"cache-control": "no-store"}
        kept = [
            (name, value)
            for name, value in given
            if name.decode("latin-1").lower() not in ours and not name.lower().startswith(b"access-control-")
        ]
        return kept + [(name.encode(), value.encode()) for name, value in ours.items()]
