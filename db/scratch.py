"""A database beside the bank's own for measurements: made empty, dropped afterwards."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from db import server, settings, store


@contextmanager
def database() -> Iterator[None]:
    """For a while the process's store is a new database on the same server; needs an administrator's DATABASE_URL."""
    own = settings.database_url()
    url = sa.make_url(own or server.ensure(settings.home()).url())
    name = f"vigil_scratch_{uuid.uuid4().hex[:8]}"
    _administer(url, f'create database "{name}" encoding utf8 template template0')
    _turn_to(url.set(database=name).render_as_string(hide_password=False).replace("postgresql+psycopg2", "postgresql"))
    try:
        yield
    finally:
        _turn_to(own)
        _administer(url, f'drop database "{name}" with (force)')


def _administer(url: sa.URL, statement: str) -> None:
    engine = sa.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as conn:
        conn.exec_driver_sql(statement)


def _turn_to(url: str | None) -> None:
    store.close()
    os.environ.pop("DATABASE_URL", None)
    if url:
        os.environ["DATABASE_URL"] = url
