"""The way to the store: find or start PostgreSQL, create roles, migrate, hand out an engine that owns nothing.

DATABASE_URL may be an administrator's login (superuser, or owner of the database with CREATEROLE): then roles and
tables are made on first use and the app goes on as `vigil_app`, whose password follows from the administrator's.
Or it is the login `vigil_app` itself on a store that an administrator has prepared (docs/administrators.md).
What people typed runs as the login `vigil_query`, which reads as the auditor and can be nobody else.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import psycopg2
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg2.extensions import encrypt_password

from db import security, server, settings
from db.tables import installation
from db.told import Told
from db.vocab import Scope

DATABASE = "vigil"
MIGRATIONS = settings.ROOT / "db" / "migrations"
PREPARE_LOCK = 0x5649_0001  # any fixed number; one process at a time prepares a store


class StoreProblem(Told):
    """There is no store to work with."""


class StoreAway(StoreProblem):
    """The database does not answer at {where}. Is PostgreSQL running there, and is DATABASE_URL right?"""


class WrongPassword(StoreProblem):
    """The database at {where} refuses this user or password. Check DATABASE_URL."""


class NoSuchDatabase(StoreProblem):
    """There is no database "{name}" at {where}, and this user may not create it."""


class StoreNotReady(StoreProblem):
    """The database is not prepared for this version of Vigil. An administrator must run any command of Vigil once, with
    DATABASE_URL naming the administrator's user."""


class StoreTooNew(StoreProblem):
    """The database was prepared by a newer version of Vigil ({found}). Install that version; nothing was changed."""


class ServerTooOld(StoreProblem):
    """Vigil needs PostgreSQL 15 or later; this server is {found}."""


class ServerWouldNotStart(StoreProblem):
    """The embedded PostgreSQL under {where} did not start: {why}"""


class CopiedAlive(StoreProblem):
    """{where} was copied or moved while the PostgreSQL of {of} ran, and that still runs. Stop it there, then copy anew: what was
    taken meanwhile is not whole."""


class DeletedAlive(StoreProblem):
    """{where} was deleted while its PostgreSQL ran, and that still runs. Within a minute or two it ends by itself; start again then."""


@cache
def engine() -> sa.Engine:
    """The process's pool of connections as `vigil_app`, over a store that is migrated."""
    with in_words():
        url = _given_url()
        app = _pool(url, security.APP)
        if not _is_ready(app):
            app.dispose()
            _prepare(url)
            app = _pool(url, security.APP)
        return app


@cache
def query_engine() -> sa.Engine:
    """Connections for statements that somebody typed; the login may be no role but the reader."""
    engine()
    return _pool(_given_url(), security.QUERY, pool_size=1)


def close() -> None:
    for opened in (query_engine, engine):
        if opened.cache_info().currsize:
            opened().dispose()
            opened.cache_clear()


def remove() -> None:
    """Drop the embedded store's database with all that is in it."""
    close()
    url = sa.make_url(server.ensure(settings.home()).url("postgres"))
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as conn:
        conn.exec_driver_sql(f'drop database if exists "{DATABASE}" with (force)')


@contextmanager
def in_words() -> Iterator[None]:
    """What keeps us from the store, as a sentence; what is wrong with a statement goes on as it is."""
    try:
        yield
    except server.ServerElsewhere as no:
        raise CopiedAlive(where=settings.home(), of=no.of) from no
    except server.ServerLeftBehind as no:
        raise DeletedAlive(where=settings.home()) from no
    except server.ServerFailed as no:
        raise ServerWouldNotStart(where=settings.home(), why=no) from no
    except sa.exc.OperationalError as no:
        raise _problem(str(no.orig)) or no from no
    except sa.exc.InterfaceError as no:
        raise StoreAway(where=_where()) from no


# What libpq says, whatever the server's language: its own messages are English, the server's have codes it does not tell.
_SAID = (
    (r"password authentication failed|no password supplied|no pg_hba.conf entry|role .* does not exist", WrongPassword),
    (r"database .* does not exist", NoSuchDatabase),
    (r"connection to server|could not (connect|translate|receive|send)|server closed|terminating connection|timeout expired"
     r"|starting up|shutting down|SSL", StoreAway),
)  # fmt: skip


def _problem(said: str) -> StoreProblem | None:
    for pattern, problem in _SAID:
        if re.search(pattern, said):
            return problem(where=_where(), name=_given_name())
    return None


def _where() -> str:
    """Host and port for people; never the password."""
    given = settings.database_url()
    if not given:
        return str(settings.home())
    url = sa.make_url(given)
    return f"{url.host or url.query.get('host', 'localhost')}:{url.port or 5432}"


def _given_name() -> str:
    return sa.make_url(settings.database_url() or f"postgresql:///{DATABASE}").database or ""


def _given_url() -> sa.URL:
    given = settings.database_url()
    if given:
        return sa.make_url(given)
    embedded = server.ensure(settings.home())
    return sa.make_url(embedded.url(DATABASE))


def _pool(url: sa.URL, login: str, pool_size: int = 10) -> sa.Engine:
    pool = sa.create_engine(
        _login_url(url, login), pool_size=pool_size, max_overflow=3 * pool_size, pool_pre_ping=True, pool_recycle=3600,
        connect_args={
            "application_name": "vigil",
            "connect_timeout": 10,
            # A statement whose client was killed must not go on holding its locks.
            "options": "-c client_connection_check_interval=2s -c timezone=UTC -c jit=off",
            "keepalives_idle": 30,
        },
    )  # fmt: skip
    if settings.database_url() is None:
        sa.event.listen(pool, "do_connect", _start_again)
    return pool


def _start_again(_dialect, _record, arguments: list, options: dict):
    """The embedded server may have died since it was started; whoever needs it next starts it again."""
    try:
        return psycopg2.connect(*arguments, **options)
    except psycopg2.OperationalError:
        server.revive(settings.home())
        return psycopg2.connect(*arguments, **options)


def _login_url(url: sa.URL, login: str) -> sa.URL:
    """With the app's own login given, the query login's password follows from the app's."""
    if url.username == login:
        return url
    if url.username == security.APP:
        return url.set(username=login, password=_derived(url.password, login))
    return url.set(username=login, password=_password(url, login))


def _password(url: sa.URL, login: str) -> str:
    """The same on every machine that knows the administrator's password, and of no use to get at that one."""
    app = _derived(url.password or _local_secret(), security.APP)
    return app if login == security.APP else _derived(app, login)


def _derived(key: object, login: str) -> str:
    return hmac.new(str(key).encode(), login.encode(), hashlib.sha256).hexdigest()


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
    except sa.exc.ProgrammingError:
        return False
    except sa.exc.OperationalError as no:
        if isinstance(_problem(str(no.orig)), StoreAway):
            raise
        return False  # no such role or database yet
    return rows.get("version") == _version()


@cache
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

    @property
    def known(self) -> set[str]:
        return {script.revision for script in ScriptDirectory.from_config(self.config).walk_revisions()}

    def upgrade(self) -> None:
        command.upgrade(self.config, "head")


def _prepare(url: sa.URL) -> None:
    _create_database(url)
    admin = sa.create_engine(url, poolclass=sa.NullPool)
    with admin.connect() as conn:
        if conn.dialect.server_version_info < (15,):
            raise ServerTooOld(found=conn.exec_driver_sql("show server_version").scalar_one())
        if not _may_administer(conn):
            raise StoreNotReady
        conn.exec_driver_sql(f"select pg_advisory_lock({PREPARE_LOCK})")
        _must_not_be_newer(conn)
        _create_roles(conn, {login: _password(url, login) for login in (security.APP, security.QUERY)})
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
        if not _may_create(root):
            raise
        with root.connect() as conn:
            conn.exec_driver_sql(f'create database "{url.database}" encoding utf8 template template0')


def _may_create(root: sa.Engine) -> bool:
    with root.connect() as conn:
        return conn.exec_driver_sql("select rolsuper or rolcreatedb from pg_roles where rolname = current_user").scalar_one()


def _must_not_be_newer(conn: sa.Connection) -> None:
    """An older Vigil must not put its own rights over those of a newer one."""
    if conn.exec_driver_sql("select to_regclass('public.alembic_version')").scalar_one() is None:
        return
    conn.exec_driver_sql(f"set local role {security.OWNER}")
    found = conn.exec_driver_sql("select version_num from alembic_version").scalar()
    conn.exec_driver_sql("reset role")
    if found and found not in _alembic().known:
        raise StoreTooNew(found=found)


def _may_administer(conn: sa.Connection) -> bool:
    return conn.exec_driver_sql("select rolsuper or rolcreaterole from pg_roles where rolname = current_user").scalar_one()


def _create_roles(conn: sa.Connection, passwords: dict[str, str]) -> None:
    for role in (security.OWNER, *Scope):
        security.run(conn, _role(role, "nologin"))
    for login, password in passwords.items():
        security.run(conn, _role(login, f"login noinherit password '{_verifier(conn, login, password)}'"))
    for scope in Scope:
        conn.exec_driver_sql(f"grant {scope} to {security.APP}")
    conn.exec_driver_sql(f"grant {Scope.READER} to {security.QUERY}")
    conn.exec_driver_sql(f"grant {Scope.MACHINE} to {security.OWNER}")
    conn.exec_driver_sql(f"grant {security.OWNER} to current_user")


def _verifier(conn: sa.Connection, login: str, password: str) -> str:
    """What the server keeps of a password, made here: the password itself never stands in a log of statements."""
    return encrypt_password(password, login, conn.connection.driver_connection, "scram-sha-256")


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
    conn.exec_driver_sql(f"revoke temporary on database {database} from public")
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
