"""The floor under a load: what plain COPY of a file takes on this server, in this hour."""

import time
from pathlib import Path

from db import access
from db.access import MACHINE


def seconds(file: Path, columns: dict[str, str], key: list[str]) -> float:
    """COPY of tab-separated text into a logged table of (column: type) with a primary key, until it is committed."""
    listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    keyed = ", ".join(f'"{name}"' for name in key)
    with access.transaction(MACHINE, "bench") as conn:
        conn.exec_driver_sql(f"create table staging.floor ({listed}, primary key ({keyed}))")
    begun = time.monotonic()
    _copy(file)
    taken = time.monotonic() - begun
    with access.transaction(MACHINE, "bench") as conn:
        conn.exec_driver_sql("drop table staging.floor")
    return taken


def _copy(file: Path) -> None:
    with access.transaction(MACHINE, "bench") as conn, file.open("rb") as text:
        with conn.connection.cursor() as cursor:
            cursor.copy_expert("copy staging.floor from stdin with (null '')", text, size=1 << 18)
