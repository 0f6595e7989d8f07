"""A database beside the bank's own for measurements: made empty, dropped afterwards."""

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from db import server, settings, store
from db.tables import metadata


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


# --- A larger bank ---------------------------------------------------------------------------------------------------

SMALL, LARGE = 100_000, 10_000_000  # what a copy adds to the numbers of staff and branches, and to all other
OWN = {"branches": SMALL, "staff": SMALL, "branch_tree": SMALL, "staff_roles": SMALL}
COPIED = ("branches", "branch_tree", "staff", "staff_roles", "customers", "customer_faces", "loans", "loan_history",
          "arrears", "guarantors", "addresses")  # fmt: skip
DISTINCT = ("code", "staff_no", "customer_no", "loan_no", "identity_no", "phone")


def multiply(times: int) -> None:
    """The book so many times over: other branches, other staff, other customers, the same fortunes."""
    with _as_administrator() as conn:
        conn.exec_driver_sql("set session_replication_role = replica")  # facts enough, no trail wanted
        for name in COPIED:
            table = metadata.tables[name]
            columns = [c for c in table.columns if not c.computed]
            listed = ", ".join(c.name for c in columns)
            values = ", ".join(_copied(table, c) for c in columns)
            conn.exec_driver_sql(
                f"insert into {name} ({listed}) overriding system value select {values} from {name}, generate_series(1, {times - 1}) k"
            )
        conn.exec_driver_sql("set session_replication_role = origin")
        for name in COPIED:
            conn.exec_driver_sql(f"vacuum (analyze) {name}")


def _copied(table: sa.Table, column: sa.Column) -> str:
    """A column of the k-th copy: keys moved on, names made distinct, facts as they are."""
    name = f"{table.name}.{column.name}"
    referred = next(iter(column.foreign_keys)).column.table.name if column.foreign_keys else table.name
    if column.name == "id" or column.foreign_keys or column.name.endswith("_id") and isinstance(column.type, sa.BigInteger):
        return f"{name} + k * {SMALL if referred in OWN else LARGE}"
    if column.name in DISTINCT:
        return f"{name} || '-' || k"
    return name


def touch(share: float) -> None:
    """As if a feed had changed so many of the customers."""
    with _as_administrator() as conn:
        conn.exec_driver_sql(f"update customer_faces set touched_at = clock_timestamp() where mod(customer_id, 1000) < {share * 1000}")


def floor_of_todos() -> float:
    """Seconds of INSERT ... SELECT of the todos, ready as they stand, into an empty table with the same indexes."""
    with _as_administrator() as conn:
        conn.exec_driver_sql("create table staging.floor (like todos including all)")
        begun = time.monotonic()
        conn.exec_driver_sql("insert into staging.floor overriding system value select * from todos")
        taken = time.monotonic() - begun
        conn.exec_driver_sql("drop table staging.floor")
        return taken


def forget_todos() -> None:
    with _as_administrator() as conn:
        conn.exec_driver_sql("truncate todos, claims")


@contextmanager
def _as_administrator() -> Iterator[sa.Connection]:
    url = sa.make_url(settings.database_url())
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as conn:
        yield conn
