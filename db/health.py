"""What the store says of itself."""

import sqlalchemy as sa

from db import security


def server_version(conn: sa.Connection) -> str:
    return conn.exec_driver_sql("show server_version").scalar_one()


def unprotected(conn: sa.Connection) -> list[str]:
    """Tables without forced row security; those that only their owner reaches need none."""
    rows = conn.exec_driver_sql("""
        select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
          and relname <> 'alembic_version' and not (relrowsecurity and relforcerowsecurity) order by relname""")
    return [name for (name,) in rows if name not in security.OWNERS_OWN]


def sizes(conn: sa.Connection) -> list[sa.Row]:
    """The largest tables: name, bytes, rows (estimated)."""
    return conn.exec_driver_sql("""
        select relname as name, pg_total_relation_size(oid) as bytes, greatest(reltuples, 0)::bigint as rows
        from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 2 desc limit 12""").all()


def database_size(conn: sa.Connection) -> int:
    return conn.exec_driver_sql("select pg_database_size(current_database())").scalar_one()
