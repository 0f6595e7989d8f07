"""The database's own clock: watermarks compare moments that it wrote itself."""

from datetime import datetime

import sqlalchemy as sa


def now(conn: sa.Connection) -> datetime:
    """When the current transaction began."""
    return conn.execute(sa.select(sa.func.now())).scalar_one()
