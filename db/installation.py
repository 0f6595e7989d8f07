"""Facts about this store itself."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from db.tables import installation


def get(conn: sa.Connection, key: str) -> str | None:
    return conn.execute(sa.select(installation.c.value).where(installation.c.key == key)).scalar()


def put(conn: sa.Connection, key: str, value: str) -> None:
    row = insert(installation).values(key=key, value=value)
    conn.execute(row.on_conflict_do_update(index_elements=["key"], set_={"value": value}))
