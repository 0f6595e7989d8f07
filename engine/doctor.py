"""Is everything as it should be: what `python -m engine doctor` and the health page ask."""

import shutil
from dataclasses import dataclass
from datetime import timedelta

from db import access, feeds, health, jobs, settings
from db.access import MACHINE
from engine import clock, night

LEAST_FREE = 0.15  # of the disk the embedded store lies on; PostgreSQL shuts down when it is full


@dataclass(frozen=True)
class Finding:
    what: str
    fine: bool
    words: str


def examine() -> list[Finding]:
    """Everything that can be asked without changing anything."""
    with access.reading(MACHINE) as conn:
        server, rights = health.server_version(conn), health.unprotected(conn)
        loaded, last = feeds.business_date(conn), jobs.last_done(conn, night.JOB)
    yesterday = clock.today() - timedelta(days=1)
    home = settings.home()
    disk = shutil.disk_usage(home if home.exists() else home.parent)
    return [
        Finding("PostgreSQL", True, server),
        Finding("Row security on every table", not rights, ", ".join(rights) or "ok"),
        Finding("Latest feed", loaded is not None and loaded >= yesterday - timedelta(days=1), str(loaded or "—")),
        Finding("Latest night", last is not None and last.business_date >= yesterday - timedelta(days=1),
                str(last.business_date) if last else "—"),
        Finding("Free disk space", disk.free / disk.total > LEAST_FREE, f"{disk.free / 2**30:.1f} GiB, {disk.free / disk.total:.0%}"),
    ]  # fmt: skip
