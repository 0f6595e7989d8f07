"""Small questions about a request, asked of the ASGI scope itself."""

import ipaddress
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from db import settings

LOCAL = "127.0.0.1"


def header(scope: dict, name: bytes) -> str:
    """The last header of that name: the one a proxy of ours added."""
    return next((value.decode("latin-1") for key, value in reversed(scope["headers"]) if key == name), "")


def cookies(scope: dict) -> dict[str, str]:
    jar = SimpleCookie()
    for key, value in scope["headers"]:
        if key == b"cookie":
            try:
                jar.load(value.decode("latin-1"))
            except CookieError:
                continue
    return {name: morsel.value for name, morsel in jar.items()}


def from_here(scope: dict) -> bool:
    """Whether a page of ours sent this: browsers say so in a header that scripts cannot set."""
    origin = header(scope, b"origin")
    return bool(origin) and urlsplit(origin).netloc == header(scope, b"host")


def source(scope: dict) -> str:
    """The address a request came from: the socket's peer, or what our own proxy says."""
    peer = scope["client"][0] if scope.get("client") else LOCAL
    forwarded = header(scope, b"x-forwarded-for")
    if settings.behind_proxy():
        return _address(forwarded.rsplit(",", 1)[-1]) or _address(peer)
    # Uvicorn believes this header when the peer is on this machine. Nobody of ours sends it, so the peer made it up.
    return LOCAL if peer in forwarded else _address(peer)


def _address(text: str) -> str:
    """One form for each source: 10.0.0.1 also when it came over IPv6, and a whole IPv6 network, for its owner has
    more addresses than there are tries."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return ""
    if address.version == 6 and address.ipv4_mapped is None and not address.is_loopback:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return LOCAL if address.is_loopback else str(getattr(address, "ipv4_mapped", None) or address)
