"""Running a statement that somebody typed, inside a read-only transaction of a role that may only read."""

import sqlalchemy as sa

LIMIT = 10_000


class Refused(Exception):
    """The database's own words."""


def select(conn: sa.Connection, statement: str) -> tuple[list[list], list[str]]:
    """(rows, column names) of one statement that reads; the cursor in the database takes no other."""
    try:
        conn.execute(sa.select(sa.func.vigil_ask(statement.strip().rstrip(";"))))
        result = conn.exec_driver_sql(f"fetch {LIMIT} from answer")
        return [list(row) for row in result], list(result.keys())
    except sa.exc.DBAPIError as wrong:
        raise Refused(str(wrong.orig).strip()) from None
