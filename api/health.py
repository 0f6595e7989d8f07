"""How Vigil is: for load balancers and for whoever watches at night. Tells nothing about the bank."""

import shutil
from time import monotonic

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from api import paths
from db import access, dispatches, jobs, settings
from db.access import MACHINE
from engine import clock, doctor, night

FRESH = 5.0  # seconds; anybody may ask, however often
LITTLE, NONE = 0.15, 0.05  # share of the disk that is free: warn, and give up


class Health:
    """Asked anew every few seconds at most."""

    def __init__(self) -> None:
        self._asked, self._answer = -FRESH, {}

    async def __call__(self, _: Request) -> JSONResponse:
        if monotonic() - self._asked >= FRESH:
            self._answer = await run_in_threadpool(_look)
            self._asked = monotonic()
        return JSONResponse(self._answer, status_code=503 if self._answer["state"] == "down" else 200)


def routes() -> list[Route]:
    return [Route(paths.HEALTH, Health().__call__, methods=["GET"])]


def _look() -> dict:
    parts = {"database": _database(), "night": _night(), "outbox": _outbox(), "disk": _disk()}
    states = [part["state"] for part in parts.values()]
    worst = next((state for state in ("down", "warning") if state in states), "ok")
    return {"state": worst, "alive": True} | parts


def _database() -> dict:
    try:
        with access.gate() as conn:
            conn.exec_driver_sql("select 1")
    except Exception:  # whatever keeps us from it, it is down
        return {"state": "down"}
    return {"state": "ok"}


def _night() -> dict:
    """The last night that was finished; it should be yesterday's or today's."""
    try:
        with access.reading(MACHINE) as conn:
            last = jobs.last_done(conn, night.JOB)
    except Exception:  # said above already
        return {"state": "warning", "last": None}
    if last is None:
        return {"state": "warning", "last": None}
    behind = (clock.today() - last.business_date).days
    return {"state": "ok" if behind <= 1 else "warning", "last": last.business_date.isoformat(), "days_behind": behind}


def _outbox() -> dict:
    """Whether messages leave that might leave."""
    try:
        with access.reading(MACHINE) as conn:
            late = doctor.stuck(dispatches.overdue_since(conn))
    except Exception:  # said above already
        late = True
    return {"state": "warning" if late else "ok"}


def _disk() -> dict:
    place = settings.home() if settings.home().exists() else settings.ROOT
    usage = shutil.disk_usage(place)
    free = usage.free / usage.total
    state = "down" if free < NONE else "warning" if free < LITTLE else "ok"
    return {"state": state, "free": round(free, 3)}
