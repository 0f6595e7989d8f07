"""The style of our maps over HTTP, as MapLibre and our own component ask for it. Nothing of the bank's book is in it."""

import gzip
import json
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine import basemap, refusals


def routes() -> list[Route]:
    return [Route("/api/v1/map/{look}.json", style, methods=["GET"])]


def style(request: Request) -> Response:
    look = request.path_params["look"]
    if look not in basemap.INK:
        raise refusals.NotFound
    headers = {"content-encoding": "gzip", "vary": "accept-encoding"}
    return Response(_packed(look), media_type="application/json", headers=headers)


@cache
def _packed(look: str) -> bytes:
    return gzip.compress(json.dumps(basemap.style(look), ensure_ascii=False).encode())
