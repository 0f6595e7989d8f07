"""The store: an empty database becomes what the metadata says, and nobody gets in who should not."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from db import access, bulk, health, security, server, store
from db.access import MACHINE
from db.tables import metadata
from db.vocab import Role, Scope
from engine import __main__ as command_line
from engine import opening, words
from tests import house
from tests.conftest import create, using
from tests.rules_of_sight import OPEN_TO

CHINESE = re.compile("[\u4e00-\u9fff]{6}")
NOT_IN_THE_METADATA = {
    "staff_roles_one_at_a_time",
    "absences_one_delegate_at_a_time",
    "dressed",
}  # SQLAlchemy has no words for them


@pytest.fixture(autouse=True)
def _in_the_language_it_was():
    """The command line speaks as it is told, and goes on so."""
    token = words.language.set("zh")
    yield
    words.language.reset(token)


# --- The schema ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def owner(administrator, templates):
    """An administrator's look into an empty database that was migrated."""
    name = templates["empty"].replace("empty", "catalogue")
    create(administrator, name, like=templates["empty"])
    with sa.create_engine(administrator.url.set(database=name), poolclass=sa.NullPool).connect() as conn:
        yield conn
    with administrator.connect() as conn:
        conn.exec_driver_sql(f'drop database "{name}" with (force)')


def test_an_empty_database_migrates_to_what_the_metadata_says(owner):
    context = MigrationContext.configure(owner, opts={"compare_type": True, "compare_server_default": True})
    assert compare_metadata(context, metadata) == []


def test_the_catalogue_agrees_to_the_letter(administrator, owner):
    """What Alembic does not compare: checks, generated columns, predicates of indexes, comments, storage options."""
    name = f"{owner.engine.url.database}_made"
    with administrator.connect() as conn:
        conn.exec_driver_sql(f'create database "{name}" template template0')
    try:
        made = sa.create_engine(administrator.url.set(database=name), poolclass=sa.NullPool)
        with made.begin() as conn:
            first = (store.MIGRATIONS / "versions" / "0001_first.sql").read_text(encoding="utf-8")
            for statement in first.split("\n;\n")[:2]:  # the functions that generated columns need
                security.run(conn, statement)
            metadata.create_all(conn)
            assert _catalogue(conn) == _catalogue(owner)
    finally:
        with administrator.connect() as conn:
            conn.exec_driver_sql(f'drop database "{name}" with (force)')


CATALOGUE = """
    select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'public'::regnamespace
    union all select 'index', tablename, indexname, indexdef from pg_indexes where schemaname = 'public'
    union all select 'options', '', relname, array_to_string(reloptions, ',') from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r'
    union all select 'comment', c.relname, coalesce(a.attname, ''), d.description from pg_description d join pg_class c on c.oid = d.objoid
    left join pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid and d.objsubid > 0
    where c.relnamespace = 'public'::regnamespace and d.classoid = 'pg_class'::regclass
    union all select 'column', c.relname, a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
        a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
    from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped"""


def _catalogue(conn: sa.Connection) -> set[tuple]:
    rows = {tuple(row) for row in conn.exec_driver_sql(CATALOGUE)}
    return {row for row in rows if "alembic_version" not in (row[1], row[2]) and row[2] not in NOT_IN_THE_METADATA}


def test_big_tables_carry_the_customers_id_in_their_keys():
    grows = {"customers", "branches", "staff", "products", "absences", "audit"}  # is one; or does not grow with the book
    for table in metadata.tables.values():
        if any(column.name == "customer_id" for column in table.columns) and table.name not in grows:
            assert "customer_id" in table.primary_key.columns, table.name


def test_every_table_has_forced_row_security_and_a_policy_for_each_role_that_may_see_it(owner):
    assert health.unprotected(owner) == []
    seen = {tuple(row) for row in owner.exec_driver_sql(
        "select tablename, unnest(roles)::text from pg_policies where schemaname = 'public' and cmd in ('SELECT', 'ALL')")}  # fmt: skip
    for table, scopes in security.POLICIES.items():
        assert {role for name, role in seen if name == table} - {security.APP} == {*scopes, Scope.MACHINE}, table


def test_the_policies_open_no_table_to_more_roles_than_the_rules_of_sight():
    scopes = {table: {store.security.SCOPE_OF[role] for role in roles} for table, roles in OPEN_TO.items()}
    assert {table: set(rules) for table, rules in security.POLICIES.items()} == scopes


def test_every_business_table_has_its_trail(owner):
    triggered = {tuple(row) for row in owner.exec_driver_sql(
        "select tgrelid::regclass::text, tgname, tgenabled from pg_trigger where not tgisinternal")}  # fmt: skip
    business = metadata.tables.keys() - security.UNTRAILED
    trail = {(table, f"trail_{op}", "O") for table in business for op in ("insert", "update", "delete")}
    assert triggered == trail | {("undressed", "dressed", "O")}
    assert metadata.tables.keys() >= security.UNTRAILED


def test_nothing_belongs_to_a_superuser_and_nothing_to_the_app(owner):
    owners = set(owner.exec_driver_sql(
        "select distinct pg_get_userbyid(relowner) from pg_class where relnamespace = 'public'::regnamespace").scalars())  # fmt: skip
    assert owners == {security.OWNER}
    assert not owner.exec_driver_sql("select 1 from pg_views where schemaname = 'public'").all()
    assert not owner.exec_driver_sql("select 1 from pg_matviews").all()


def test_the_app_has_no_right_to_truncate_refer_or_trigger(owner):
    for role in (security.APP, security.QUERY, *Scope):
        for table in metadata.tables:
            for right in ("truncate", "references", "trigger"):
                assert not owner.exec_driver_sql(f"select has_table_privilege('{role}', '{table}', '{right}')").scalar_one()


def test_opening_twice_changes_nothing(empty):
    store.engine()
    with access.reading(MACHINE) as conn:
        before = conn.exec_driver_sql("select max(xmin::text::bigint) from installation").scalar_one()
    store.close()
    opening.open_store.cache_clear()
    opening.open_store()
    with access.reading(MACHINE) as conn:
        assert conn.exec_driver_sql("select max(xmin::text::bigint) from installation").scalar_one() == before


def test_rights_are_applied_anew_over_those_of_another_version(empty):
    """As after an update of Vigil: what a hand has changed meanwhile is as it should be again."""
    root = sa.create_engine(empty, poolclass=sa.NullPool)
    with root.begin() as conn:
        conn.exec_driver_sql("update installation set value = 'other' where key = 'version'")
        conn.exec_driver_sql("grant select on customers to vigil_admin")
        conn.exec_driver_sql("alter table todos no force row level security")
        conn.exec_driver_sql("drop trigger trail_update on loans")
        conn.exec_driver_sql("create policy loose on loans to vigil_officer using (true)")
        before = conn.exec_driver_sql("select count(*) from definitions").scalar_one()
    store.close()
    opening.open_store.cache_clear()
    opening.open_store()
    with root.begin() as conn:
        assert health.unprotected(conn) == []
        assert not conn.exec_driver_sql("select has_table_privilege('vigil_admin', 'customers', 'select')").scalar_one()
        assert conn.exec_driver_sql(
            "select count(*) from pg_trigger where tgname = 'trail_update' and tgrelid = 'loans'::regclass"
        ).scalar_one()
        assert not conn.exec_driver_sql("select 1 from pg_policies where policyname = 'loose'").all()
        assert conn.exec_driver_sql("select count(*) from definitions").scalar_one() == before


# --- The embedded server ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def home():
    with tempfile.TemporaryDirectory(prefix="vigil-home-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def embedded(home, monkeypatch):
    """The process's store is an embedded server of its own."""
    store.close()
    opening.open_store.cache_clear()
    monkeypatch.setenv("VIGIL_HOME", str(home))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    yield server.ensure(home)
    store.close()
    opening.open_store.cache_clear()
    if home in server._entered:
        server.leave(home)


def test_an_administrator_who_is_no_superuser_can_prepare_a_store(embedded, monkeypatch):
    """First of these tests: the cluster has no role of ours yet."""
    root = sa.create_engine(embedded.url(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with root.connect() as conn:
        conn.exec_driver_sql("create role dba login createrole password 'of-the-bank'")
        conn.exec_driver_sql("create database bank owner dba template template0")
    url = sa.make_url(embedded.url("bank")).set(drivername="postgresql", username="dba", password="of-the-bank")
    monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    opening.open_store()
    with store.engine().connect() as conn:
        assert conn.exec_driver_sql("select current_user").scalar_one() == security.APP
    store.close()
    with root.connect() as conn:  # the next test prepares a store of the embedded server's own
        conn.exec_driver_sql("drop database bank with (force)")
        for role in (security.OWNER, security.APP, security.QUERY, *Scope):
            conn.exec_driver_sql(f"drop role {role}")


def test_the_embedded_server_lets_in_nobody_without_a_password(embedded):
    for folder in (embedded.sockets, embedded.data):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(embedded.password_file.stat().st_mode) == 0o600
    with sa.create_engine(embedded.url(), poolclass=sa.NullPool).connect() as conn:
        assert conn.exec_driver_sql("show listen_addresses").scalar_one() == ""
        assert conn.exec_driver_sql("select distinct type, auth_method from pg_hba_file_rules").all() == [
            ("local", "scram-sha-256")
        ]
        assert conn.exec_driver_sql("show data_checksums").scalar_one() == "on"
    known = sa.make_url(embedded.url())
    anybody = sa.URL.create(known.drivername, known.username, database=known.database, query=known.query)
    with pytest.raises(sa.exc.OperationalError, match="no password supplied"):
        sa.create_engine(anybody, poolclass=sa.NullPool).connect()


def test_the_app_is_neither_superuser_nor_owner_and_cannot_become_either(embedded):
    opening.open_store()
    with store.engine().connect() as conn:
        row = conn.exec_driver_sql("select current_user, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolinherit"
                                   " from pg_roles where rolname = current_user").one()  # fmt: skip
        assert tuple(row) == (security.APP, False, False, False, False, False, False)
        assert not conn.exec_driver_sql("select 1 from pg_roles where rolname like 'vigil_%%' and rolname <> 'vigil_super'"
                                        " and (rolsuper or rolbypassrls)").all()  # fmt: skip
        refused = [
            f"set role {security.OWNER}", "set role vigil_super", "alter table audit disable trigger all",
            "alter table customers disable row level security", "drop policy vigil_officer on customers", "set row_security = off; table staff",
            "set session_replication_role = replica", "create function f() returns int language sql as 'select 1'",
            "create temporary table t (a int)", "truncate audit", "alter role vigil_app superuser",
            "create role x", "copy staff to program 'cat'", "alter system set listen_addresses = '*'",
        ]  # fmt: skip
        for role in ("none", *Scope):
            for statement in refused:
                if role == Scope.MACHINE and "temporary" in statement:
                    continue  # the night works in temporary tables
                conn.exec_driver_sql(f"set local role {role}")
                with pytest.raises(sa.exc.DBAPIError, match="must be|permission denied|policy|not permitted|cannot"):
                    conn.exec_driver_sql(statement)
                conn.rollback()


def test_the_reader_of_typed_statements_can_be_nobody_else(embedded):
    opening.open_store()
    with store.query_engine().connect() as conn:
        for role in set(Scope) - {Scope.READER} | {security.APP, security.OWNER}:
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                conn.exec_driver_sql(f"set role {role}")
            conn.rollback()


def test_a_killed_server_is_started_again_by_whoever_needs_it_next(embedded):
    opening.open_store()
    with access.transaction(MACHINE) as conn:
        conn.exec_driver_sql("insert into installation values ('kept', '1')")
    _kill_server(embedded)
    with access.transaction(MACHINE) as conn:
        assert conn.exec_driver_sql("delete from installation where key = 'kept' returning value").scalar_one() == "1"


def test_what_was_filled_in_bulk_is_not_written_twice_and_outlives_the_server(embedded):
    opening.open_store()

    def written(conn) -> int:
        return int(conn.exec_driver_sql("select pg_current_wal_insert_lsn() - '0/0'").scalar_one())

    with access.transaction(MACHINE) as conn:
        before = written(conn)
        conn.exec_driver_sql("insert into branches (code, name) values ('01', '总行')")
        with bulk.undressed(conn, "customers"):
            conn.exec_driver_sql("""
                insert into customers (customer_no, source, name, kind, branch_id, created_on)
                select n, 'union', '张' || n, 'person', b.id, '2026-11-20' from branches b, generate_series(1, 100000) n""")
    with access.reading(MACHINE) as conn:
        size = conn.exec_driver_sql("select pg_total_relation_size('customers')").scalar_one()
        assert written(conn) - before < size / 2
    _kill_server(embedded)
    with access.reading(MACHINE) as conn:
        assert conn.exec_driver_sql("select count(distinct customer_no) from customers").scalar_one() == 100_000


def test_a_server_that_dies_in_the_middle_of_a_command_is_said_in_words(embedded, capsys, monkeypatch):
    monkeypatch.setenv("VIGIL_LANG", "en")
    opening.open_store()

    def dying(_given) -> int:
        with access.transaction(MACHINE) as conn:
            _kill_server(embedded)
            conn.exec_driver_sql("select 1")

    monkeypatch.setattr(command_line, "_doctor", dying)
    assert command_line.main(["doctor"]) == 1
    assert "does not answer" in capsys.readouterr().err


def _kill_server(embedded: server.Server) -> None:
    os.kill(int((embedded.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    time.sleep(0.3)  # its children notice and go


OPEN_AND_WAIT = """
import sys; from db import store; from engine import opening, words
opening.open_store(); print(store.engine().url.username, flush=True); sys.stdin.read()
"""


def test_processes_share_one_server_which_outlives_a_killed_app_and_stops_with_the_last(home):
    def another() -> subprocess.Popen:
        environment = os.environ | {"VIGIL_HOME": str(home)}
        environment.pop("DATABASE_URL", None)
        return subprocess.Popen([sys.executable, "-c", OPEN_AND_WAIT], cwd=house.ROOT, env=environment, text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip

    place = server._place(home)
    first, second = another(), another()
    assert first.stdout.readline() == second.stdout.readline() == f"{security.APP}\n"
    pid = (place.data / "postmaster.pid").read_text()
    first.kill()
    first.wait()
    assert server._answers(place)
    third = another()
    assert third.stdout.readline() == f"{security.APP}\n"
    assert (place.data / "postmaster.pid").read_text() == pid
    for process in (second, third):
        process.communicate("", timeout=30)
    assert not server._answers(place)


def test_a_home_that_was_moved_answers_where_it_now_lies(home):
    server.ensure(home)
    server.leave(home)
    moved = home.rename(home.with_name(f"{home.name} moved"))
    try:
        assert str(moved) in str(server.ensure(moved).sockets)
        server.leave(moved)
    finally:
        moved.rename(home)


def test_a_home_that_was_copied_from_under_a_running_server_is_refused_in_words(embedded, home):
    copy = home.with_name(f"{home.name} copied")
    shutil.copytree(home, copy, ignore=shutil.ignore_patterns("run"))
    try:
        with pytest.raises(store.CopiedAlive, match="Stop it there, then copy anew") as refused, store.in_words():
            server.ensure(copy)
        assert str(home) in refused.value.sentence()
        assert server._answers(embedded)
    finally:
        shutil.rmtree(copy)


def test_a_home_that_was_deleted_under_its_running_server_is_refused_in_words_until_that_has_gone(home):
    data = server._place(home).data
    kept = data.rename(data.with_name("kept"))
    data.mkdir()
    with subprocess.Popen([sys.executable, "-c", "input()"], cwd=data, stdin=subprocess.PIPE) as left_behind:
        data.rmdir()
        kept.rename(data)
        with pytest.raises(store.DeletedAlive, match="start again then"), store.in_words():
            server.ensure(home)
        left_behind.communicate(b"\n", timeout=30)
    server.ensure(home)
    server.leave(home)


# --- What is said when there is no store -----------------------------------------------------------------------------


@pytest.fixture
def say(administrator, monkeypatch, capsys):
    """What a command answers with this DATABASE_URL."""

    def said(url: str | sa.URL, language: str) -> str:
        store.close()
        opening.open_store.cache_clear()
        text = url if isinstance(url, str) else url.set(drivername="postgresql").render_as_string(hide_password=False)
        monkeypatch.setenv("DATABASE_URL", text)
        monkeypatch.setenv("VIGIL_LANG", language)
        status = command_line.main(["doctor"])
        store.close()
        opening.open_store.cache_clear()
        assert status == 1
        answer = capsys.readouterr()
        assert answer.out == ""
        assert "Traceback" not in answer.err
        return answer.err.strip()

    return said


def test_a_server_that_is_not_there(administrator, say):
    away = "postgresql://vigil:x@127.0.0.1:1/bank"
    assert say(away, "en") == "The database does not answer at 127.0.0.1:1. Is PostgreSQL running there, and is DATABASE_URL right?"
    assert CHINESE.search(say(away, "zh"))


def test_a_wrong_password(administrator, templates, say):
    for user in (administrator.url.username, security.APP, "nobody-we-know"):
        wrong = administrator.url.set(database=templates["empty"], username=user, password="wrong")
        assert "refuses this user or password" in say(wrong, "en")
        assert CHINESE.search(say(wrong, "zh"))
        assert "wrong" not in say(wrong, "en")


def test_a_database_that_is_not_there_and_may_not_be_made(administrator, templates, say):
    with administrator.connect() as conn:
        conn.exec_driver_sql("create role passer_by login password 'in-passing'")
    try:
        url = administrator.url.set(database="of_nobody", username="passer_by", password="in-passing")
        assert 'no database "of_nobody"' in say(url, "en")
        assert CHINESE.search(say(url, "zh"))
        there = url.set(database=templates["empty"])
        with administrator.connect() as conn:
            conn.exec_driver_sql(f'grant connect on database "{templates["empty"]}" to passer_by')
        assert "An administrator must run" in say(there, "en")
        assert CHINESE.search(say(there, "zh"))
    finally:
        with administrator.connect() as conn:
            conn.exec_driver_sql(f'revoke connect on database "{templates["empty"]}" from passer_by')
            conn.exec_driver_sql("drop role passer_by")


def test_a_store_of_a_newer_version_is_left_as_it_is(administrator, templates, say):
    name = templates["empty"].replace("empty", "newer")
    create(administrator, name, like=templates["empty"])
    try:
        url = administrator.url.set(database=name)
        newer = sa.create_engine(url, poolclass=sa.NullPool)
        with newer.begin() as conn:
            conn.exec_driver_sql("update alembic_version set version_num = '9001'")
            conn.exec_driver_sql("update installation set value = '9001 x' where key = 'version'")
            conn.exec_driver_sql("drop policy vigil_officer on customers")
        assert "prepared by a newer version of Vigil (9001)" in say(url, "en")
        assert CHINESE.search(say(url, "zh"))
        with newer.connect() as conn:
            assert not conn.exec_driver_sql(
                "select 1 from pg_policies where policyname = 'vigil_officer' and tablename = 'customers'"
            ).all()
    finally:
        with administrator.connect() as conn:
            conn.exec_driver_sql(f'drop database "{name}" with (force)')


@pytest.mark.parametrize("url", ["mysql://a:secret@b/c", "nonsense", "sqlite:///x.db"])
def test_an_address_of_something_else(say, url):
    assert "DATABASE_URL" in say(url, "en")
    assert CHINESE.search(say(url, "zh"))
    assert "secret" not in say(url, "en")


def test_a_language_that_is_none(monkeypatch, capsys):
    monkeypatch.setenv("VIGIL_LANG", "fr")
    assert command_line.main(["doctor"]) == 1
    assert "VIGIL_LANG=fr" in capsys.readouterr().err


def test_the_command_itself_ends_without_a_traceback():
    environment = os.environ | {"DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c", "VIGIL_LANG": "en"}
    done = subprocess.run(
        [sys.executable, "-m", "engine", "doctor", "--json"], cwd=house.ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stdout.startswith('{"error": "The database does not answer')
    assert "Traceback" not in done.stderr


def test_the_empty_template_is_a_store_like_any_other(administrator, templates):
    with using(administrator, templates["empty"]):
        store.engine()
        with access.reading(access.Person(1, "x", Role.HEAD_RISK)) as conn:
            assert conn.exec_driver_sql("select count(*) from customers").scalar_one() == 0


def test_a_balance_that_changes_is_no_indexs_business(machine):
    """Each night changes the balance of many notes: a changed row finds room on its page, and ten indexes need not know.
    One knows when a balance has been halved or doubled.
    """
    machine.exec_driver_sql("update loans set balance_fen = 1000 where live")
    before = machine.exec_driver_sql("select pg_stat_get_xact_tuples_hot_updated('loans'::regclass)").scalar_one()
    changed = machine.exec_driver_sql("update loans set balance_fen = 600, changed_on = changed_on + 1 where live").rowcount
    after = machine.exec_driver_sql("select pg_stat_get_xact_tuples_hot_updated('loans'::regclass)").scalar_one()
    assert changed == after - before > 0
