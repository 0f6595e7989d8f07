"""Exported files, for whoever they were made for and nobody else."""

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

from db import access, preferences
from db.access import Person
from engine import exports, words

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def routes() -> list[Route]:
    return [Route("/api/v1/exports/{id:int}", fetch, methods=["GET"])]


async def fetch(request: Request) -> FileResponse:
    """Sent piece by piece, kept by no browser."""
    file, name = await run_in_threadpool(_file, request.state.person, request.path_params["id"])
    return FileResponse(file, media_type=EXCEL, filename=name, headers={"Cache-Control": "no-store"})


def _file(by: Person, export_id: int) -> tuple[Path, str]:
    with access.reading(by) as conn:
        words.language.set(preferences.of(conn, by.id).get("language") or words.LANGUAGES[0])
        return exports.to_fetch(conn, export_id)
