"""Is everything as it should be: what `python -m engine doctor` and the health page ask."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from db import access, dispatches, feeds, health, jobs, settings
from db.access import MACHINE
from db.told import Told
from engine import channels, clock, night
from engine.photos.store import try_out
from engine.visits import pictures
from engine.words import _

LEAST_FREE = 0.15  # of the disk the embedded store lies on; PostgreSQL shuts down when it is full

LONGEST_WAIT = timedelta(minutes=30)  # of a message that might go


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
        waiting = dispatches.overdue_since(conn)
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
        Finding("Outgoing messages", not stuck(waiting), _since(waiting)),
        _channels(),
        _photos(clock.now().replace(second=0, microsecond=0)),
    ]  # fmt: skip


def stuck(waiting: datetime | None) -> bool:
    """Something should have been sent long ago: nobody runs the jobs, or a channel is down."""
    return waiting is not None and clock.now() - waiting > LONGEST_WAIT


def _since(waiting: datetime | None) -> str:
    return "ok" if not stuck(waiting) else f"{waiting.astimezone(settings.ZONE):%Y-%m-%d %H:%M}"


@lru_cache(maxsize=1)
def _photos(_minute: datetime) -> Finding:
    """Once a minute: a store that is away is waited for."""
    try:
        store = pictures.shelf()
        try_out(store)
    except Told as no:
        return Finding("Photo store", False, no.sentence(_))
    where = settings.photos()
    return Finding("Photo store", True, str(where.folder or f"s3://{where.bucket}/{where.prefix}"))


def _channels() -> Finding:
    file = settings.channels()
    try:
        names = ", ".join(channels.configured()) or "—"
        private = file is None or not channels.readable_by_others(file)
    except settings.BadSetting:
        names, private = "—", False
    return Finding("Channels of messages", private, names)
