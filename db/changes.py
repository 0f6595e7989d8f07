"""What was committed, heard as it happens: every trailed change is told on one channel (db/security.py)."""

import select
from collections.abc import Iterator
from contextlib import contextmanager

from db import store
from db.security import CHANGES


class Ear:
    """One connection that listens."""

    def __init__(self, driver) -> None:
        self._driver = driver

    def wait(self, seconds: float) -> set[str]:
        """The tables that changed, as soon as there are any; empty when nothing did in that time."""
        if not self._driver.notifies and not select.select([self._driver], [], [], seconds)[0]:
            return set()
        self._driver.poll()
        heard = {told.payload for told in self._driver.notifies}
        self._driver.notifies.clear()
        return heard


@contextmanager
def listening() -> Iterator[Ear]:
    """Hears every commit from now on. Told by the database with the commit itself, so that what is read afterwards is there."""
    pooled = store.engine().raw_connection()
    driver = pooled.driver_connection
    pooled.detach()  # nobody else gets it, and it does not count among the pool's
    try:
        driver.autocommit = True
        with driver.cursor() as cursor:
            cursor.execute(f"listen {CHANGES}")
        yield Ear(driver)
    finally:
        pooled.close()
