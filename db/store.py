"""The way to the store: find or start PostgreSQL, create roles, migrate, hand out an engine that owns nothing.

DATABASE_URL may be an administrator's login (superuser, or owner of the database with CREATEROLE): then roles and
tables are made on first use and the app goes on as `vigil_app`, whose password follows from the administrator's.
Or it is the login `vigil_app` itself on a store that an administrator has prepared (docs/administrators.md).
"""

import hashlib
import hmac
import secrets
from functools import cache

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from db import security, server, settings
from db.tables import installation
from db.vocab import Scope

DATABASE = "vigil"
MIGRATIONS = settings.ROOT / "db" / "migrations"
PREPARE_LOCK = 0x5649_0001  # any fixed number; one process at a time prepares a store


class StoreNotReady(Exception):
    """The database was not prepared for this version of Vigil; an administrator must run: python -m engine doctor"""


class ServerTooOld(Exception):
    """Vigil needs PostgreSQL 15 or later."""


@cache
def engine() -> sa.Engine:
    """The process's pool of connections as `vigil_app`, over a store that is migrated."""
    url = _given_url()
    app = _app_engine(url)
    if not _is_ready(app):
        app.dispose()
        _prepare(url)
        app = _app_engine(url)
    return app


def close() -> None:
    if engine.cache_info().currsize:
        engine().dispose()
        engine.cache_clear()


def _given_url() -> sa.URL:
    given = settings.database_url()
    if given:
        return sa.make_url(given)
    embedded = server.ensure(settings.home())
    return sa.make_url(embedded.url(DATABASE))


def _app_engine(url: sa.URL) -> sa.Engine:
    return sa.create_engine(
        _app_url(url), pool_size=10, max_overflow=30, pool_pre_ping=True, pool_recycle=3600,
        connect_args={
            "application_name": "vigil",
            "connect_timeout": 10,
            # A statement whose client was killed must not go on holding its locks.
            "options": "-c client_connection_check_interval=2s -c timezone=UTC -c jit=off",
            "keepalives_idle": 30,
        },
    )  # fmt: skip


def _app_url(url: sa.URL) -> sa.URL:
    if url.username == security.APP:
        return url
    return url.set(username=security.APP, password=_app_password(url))


def _app_password(url: sa.URL) -> str:
    """The same on every machine that knows the administrator's password, and of no use to get at that one."""
    key = url.password or _local_secret()
    return hmac.new(str(key).encode(), security.APP.encode(), hashlib.sha256).hexdigest()


def _local_secret() -> str:
    file = settings.home() / "app.secret"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32))
    return file.read_text()


def _is_ready(app: sa.Engine) -> bool:
    try:
        with app.connect() as conn:
            rows = dict(conn.execute(sa.select(installation.c.key, installation.c.value)).all())
    except (sa.exc.OperationalError, sa.exc.ProgrammingError):
        return False
    return rows.get("version") == _version()


def _version() -> str:
    return f"{_alembic().head} {security.fingerprint()[:16]}"


class _alembic:
    def __init__(self, conn: sa.Connection | None = None) -> None:
        self.config = Config()
        self.config.set_main_option("script_location", str(MIGRATIONS))
        self.config.attributes["connection"] = conn

    @property
    def head(self) -> str:
        return ScriptDirectory.from_config(self.config).get_current_head()

    def upgrade(self) -> None:
        command.upgrade(self.config, "head")


def _prepare(url: sa.URL) -> None:
    _create_database(url)
    admin = sa.create_engine(url, poolclass=sa.NullPool)
    with admin.connect() as conn:
        if conn.dialect.server_version_info < (15,):
            raise ServerTooOld
        if not _may_administer(conn):
            raise StoreNotReady
        conn.exec_driver_sql(f"select pg_advisory_lock({PREPARE_LOCK})")
        _create_roles(conn, _app_password(url))
        conn.commit()
        _migrate(conn)
        conn.commit()
    admin.dispose()


def _create_database(url: sa.URL) -> None:
    """An administrator's URL may name a database that is not there yet."""
    try:
        sa.create_engine(url, poolclass=sa.NullPool).connect().close()
    except sa.exc.OperationalError as missing:
        if "does not exist" not in str(missing):
            raise
        root = sa.create_engine(
            url.set(database="postgres"),
            poolclass=sa.NullPool,
            isolation_level="AUTOCOMMIT",
        )
        with root.connect() as conn:
            conn.exec_driver_sql(f'create database "{url.database}" encoding utf8 template template0')


def _may_administer(conn: sa.Connection) -> bool:
    return conn.exec_driver_sql(
        "select rolsuper or rolcreaterole from pg_roles where rolname = current_user"
    ).scalar_one()


def _create_roles(conn: sa.Connection, password: str) -> None:
    for role in (security.OWNER, *Scope):
        security.run(conn, _role(role, "nologin"))
    security.run(conn, _role(security.APP, f"login noinherit password '{password}'"))
    for scope in Scope:
        conn.exec_driver_sql(f"grant {scope} to {security.APP}")
    conn.exec_driver_sql(f"grant {Scope.MACHINE} to {security.OWNER}")
    conn.exec_driver_sql(f"grant {security.OWNER} to current_user")


def _role(name: str, options: str) -> str:
    return (
        f"do $$ begin if exists (select from pg_roles where rolname = '{name}') then alter role {name} {options}; "
        f"else create role {name} {options}; end if; exception when duplicate_object or unique_violation then null; "
        "when others then if sqlerrm like '%concurrently updated%' then null; else raise; end if; end $$"
    )


def _migrate(conn: sa.Connection) -> None:
    """Tables as their owner, so that no superuser owns a thing; rights after them, all in one transaction."""
    database = conn.exec_driver_sql("select quote_ident(current_database())").scalar_one()
    conn.exec_driver_sql(f"grant connect, create on database {database} to {security.OWNER}")
    conn.exec_driver_sql(f"grant temporary on database {database} to {Scope.MACHINE}")
    conn.exec_driver_sql(f"grant create, usage on schema public to {security.OWNER}")
    conn.exec_driver_sql(f"grant create on schema public to {Scope.MACHINE}")
    conn.exec_driver_sql(f"create schema if not exists staging authorization {security.OWNER}")
    conn.exec_driver_sql(f"grant usage, create on schema staging to {Scope.MACHINE}")
    conn.exec_driver_sql(f"set role {security.OWNER}")
    migrations = _alembic(conn)
    migrations.upgrade()
    security.apply(conn)
    conn.execute(sa.text("delete from installation where key = 'version'"))
    conn.execute(sa.text("insert into installation values ('version', :v)"), {"v": _version()})
    conn.exec_driver_sql("reset role")
    conn.exec_driver_sql(f"revoke create on schema public from {Scope.MACHINE}")
    conn.exec_driver_sql("revoke create on schema public from public")
