"""Running a statement that somebody typed, inside a read-only transaction of a role that may only read."""

import sqlalchemy as sa

LIMIT = 10_000


class Refused(Exception):
    """The database's own words."""


def select(conn: sa.Connection, statement: str) -> tuple[list[list], list[str]]:
    try:
        result = conn.exec_driver_sql(statement.replace("%", "%%"))
        return [list(row) for row in result.fetchmany(LIMIT)], list(result.keys())
    except sa.exc.ResourceClosedError:
        raise Refused("only SELECT statements return rows") from None
    except sa.exc.DBAPIError as wrong:
        raise Refused(str(wrong.orig).strip()) from None
