"""A database beside the bank's own for measurements: made empty, dropped afterwards."""

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date

import sqlalchemy as sa

from db import loans, server, settings, store
from db.listing import Rows
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
    with _administrator(url.set(database="postgres")) as conn:
        conn.exec_driver_sql(statement)


def _as_administrator() -> AbstractContextManager[sa.Connection]:
    return _administrator(sa.make_url(settings.database_url()))


@contextmanager
def _administrator(url: sa.URL) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as conn:
        yield conn


def _turn_to(url: str | None) -> None:
    store.close()
    os.environ.pop("DATABASE_URL", None)
    if url:
        os.environ["DATABASE_URL"] = url


# --- A larger bank ---------------------------------------------------------------------------------------------------

SMALL, LARGE = 100_000, 10_000_000  # what a copy adds to the numbers of these tables, and to all other
OF_SMALL = frozenset({"branches", "staff", "branch_tree", "staff_roles"})
COPIED = ("branches", "branch_tree", "staff", "staff_roles", "customers", "customer_faces", "loans", "loan_history",
          "arrears", "guarantors", "addresses")  # fmt: skip
NAMED = {"loan_id": "loans", "customer_id": "customers", "branch_id": "branches", "manager_id": "staff"}  # keys without a reference
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
        for statement in _ONE_BANK:
            conn.exec_driver_sql(statement)
        conn.exec_driver_sql("set session_replication_role = origin")
        for name in COPIED:
            conn.exec_driver_sql(f"vacuum (analyze) {name}")


# The head offices of the copies become branches of the one there is.
_ONE_BANK = (
    """insert into branch_tree (branch_id, ancestor_id)
       select t.branch_id, top.id from branch_tree t join branches head on head.id = t.ancestor_id and head.parent_id is null
       cross join (select min(id) as id from branches where parent_id is null) top where head.id <> top.id""",
    """update branches set parent_id = top.id from (select min(id) as id from branches where parent_id is null) top
       where parent_id is null and branches.id <> top.id""",
)


def age() -> None:
    """As if the feed had come the day before: what it touched is no news any more."""
    with _as_administrator() as conn:
        conn.exec_driver_sql("update customer_faces set touched_at = touched_at - interval '1 day'")
        conn.exec_driver_sql("vacuum (analyze) customer_faces")


def settle() -> None:
    """As autovacuum leaves it after a while."""
    with _as_administrator() as conn:
        conn.exec_driver_sql("analyze")


def _copied(table: sa.Table, column: sa.Column) -> str:
    """A column of the k-th copy: keys moved on, names made distinct, facts and what is shared (products) as they are."""
    name = f"{table.name}.{column.name}"
    refers_to = _refers_to(table, column)
    if refers_to in COPIED:
        return f"{name} + k * {SMALL if refers_to in OF_SMALL else LARGE}"
    if column.name in DISTINCT:
        return f"{name} || '-' || k"
    return name


def _refers_to(table: sa.Table, column: sa.Column) -> str | None:
    """The table that a key is of."""
    if column.name == "id":
        return table.name
    if column.foreign_keys:
        return next(iter(column.foreign_keys)).column.table.name
    return NAMED.get(column.name)


def touch(share: float) -> None:
    """As if a feed had changed so many of the customers."""
    with _as_administrator() as conn:
        conn.exec_driver_sql(
            f"update customer_faces set touched_at = clock_timestamp() where mod(customer_id, 1000) < {share * 1000}"
        )


def floor(table: str, *, referring: bool) -> float:
    """Seconds of INSERT ... SELECT of a table's rows, ready as they stand, into an empty one with the same indexes; `referring`:
    and the same references, as the rows must stand afterwards."""
    with _as_administrator() as conn:
        conn.exec_driver_sql(f"create table staging.floor (like {table} including all)")
        for made in _references(conn, table) if referring else ():
            conn.exec_driver_sql(f"alter table staging.floor add {made}")
        begun = time.monotonic()
        conn.exec_driver_sql(f"insert into staging.floor overriding system value select * from {table}")
        taken = time.monotonic() - begun
        conn.exec_driver_sql("drop table staging.floor")
        return taken


def _references(conn: sa.Connection, table: str) -> list[str]:
    query = f"select pg_get_constraintdef(oid) from pg_constraint where conrelid = '{table}'::regclass and contype = 'f'"
    return list(conn.exec_driver_sql(query).scalars())


def forget_todos() -> None:
    with _as_administrator() as conn:
        conn.exec_driver_sql("truncate todos, claims cascade")


def many_loans(conn: sa.Connection, n: int) -> Rows:
    """So many rows of the list of loans, with all its joins: each loan as often as it takes."""
    listed = loans.export(conn, loans.Filter(date.max)).query.order_by(None).subquery()
    often = sa.func.generate_series(1, n).table_valued("k").render_derived()
    return Rows(conn, sa.select(listed).select_from(listed.join(often, sa.true())).limit(n))


# --- Past row security -----------------------------------------------------------------------------------------------


def work(days: int, today: date) -> int:
    """Work for every live customer, most of it done within so many days: todos, checks, signals, how each day ended.
    How many todos."""
    with _as_administrator() as conn:
        conn.exec_driver_sql("set session_replication_role = replica")
        made = conn.execute(sa.text(_TODOS), {"today": today, "days": days}).rowcount
        for statement in (_RECORDS, _SIGNALS, _TODO_DAYS):
            conn.execute(sa.text(statement), {"today": today, "days": days})
        conn.exec_driver_sql("set session_replication_role = origin")
        for name in ("todos", "records", "todo_days", "signals"):
            conn.exec_driver_sql(f"vacuum (analyze) {name}")
        return made


_TODOS = """
    insert into todos (customer_id, kind, period, mode, family, loan_ids, branch_id, assignee_id, state, nominal_on, due_on, late_from,
                       created_on, closed_on, closed_by, record_id)
    select c.id, case when n = 1 then 'first' else 'regular' end, n::text, case when n % 2 = 0 then 'phone' else 'field' end,
           f.main_family, '{}', c.branch_id, c.manager_id, case when n = 1 then 'open' else 'done' end, day, day, day + 3, day - 20,
           case when n > 1 then day + (c.id % 5)::int end, case when n > 1 then c.manager_id end, case when n > 1 then 1 end
    from customers c join customer_faces f on f.customer_id = c.id and f.live_loans > 0 cross join generate_series(1, 4) n
    cross join lateral (select case when n = 1 then cast(:today as date) - 20 + (c.id % 60)::int
                               else cast(:today as date) - 5 - (c.id * n % :days)::int end) d(day)"""
_RECORDS = """
    insert into records (customer_id, kind, mode, loan_ids, branch_id, staff_id, done_on, finished_at, outcome, conclusion, on_site,
                         submit_key, digest)
    select customer_id, kind, mode, '{}', branch_id, assignee_id, closed_on, now(), 'completed', 'normal', id % 9 > 0, gen_random_uuid(), 'x'
    from todos where closed_on is not null and assignee_id is not null"""
_SIGNALS = """
    insert into signals (customer_id, rule_code, rule_version, subject_kind, subject_id, branch_id, owner_id, level, evidence, state,
                         first_on, last_on, closed_on)
    select id, 'X', 1, 'customer', id, branch_id, manager_id, (array['blue', 'yellow', 'orange', 'red'])[1 + id % 4]::signal_level, '{}',
           case when id % 3 = 0 then 'raised' else 'lifted' end, cast(:today as date) - (id % :days)::int, :today,
           case when id % 3 > 0 then cast(:today as date) end
    from customers where id % 10 = 0"""
_TODO_DAYS = """
    insert into todo_days select cast(:today as date) - n, branch_id, kind, family, count(*), 1, 1, 1, 1
    from todos, generate_series(0, :days) n where closed_on is null group by 1, 2, 3, 4"""


def concentrate(staff_id: int, loans: int) -> None:
    """So many live loans, with their customers, todos and signals, in one person's hands."""
    with _as_administrator() as conn:
        conn.exec_driver_sql("set session_replication_role = replica")
        conn.exec_driver_sql(f"""
            create table staging.his as select customer_id from (
                select customer_id, sum(count(*)) over (order by customer_id) as n from loans where live group by 1) l where n <= {loans}""")
        for table, column, key in (("customers", "manager_id", "id"), ("loans", "manager_id", "customer_id"),
                                   ("todos", "assignee_id", "customer_id"), ("signals", "owner_id", "customer_id")):  # fmt: skip
            conn.exec_driver_sql(f"update {table} set {column} = {staff_id} where {key} in (select customer_id from staging.his)")
        conn.exec_driver_sql("set session_replication_role = origin")
        for table in ("customers", "loans", "todos", "signals"):
            conn.exec_driver_sql(f"vacuum (analyze) {table}")


def floor_of_handover(from_id: int, to_id: int) -> float:
    """Seconds of the bare updates that give all of one's rows to another: no policies, no trail, no memory of it; rolled back."""
    engine = sa.create_engine(sa.make_url(settings.database_url()), poolclass=sa.NullPool)
    with engine.connect() as conn:
        conn.exec_driver_sql("set session_replication_role = replica")
        begun = time.monotonic()
        for table, column, which in (("todos", "assignee_id", "closed_on is null"), ("loans", "manager_id", "live"), ("customers", "manager_id", "true"),
                                     ("signals", "owner_id", "closed_on is null")):  # fmt: skip
            conn.exec_driver_sql(f"update {table} set {column} = {to_id} where {column} = {from_id} and {which}")
        taken = time.monotonic() - begun
        conn.rollback()
        return taken


@contextmanager
def unguarded() -> Iterator[sa.Connection]:
    """Reads as a superuser does them: no policy applies. Otherwise as in any transaction of a person's."""
    engine = sa.create_engine(
        sa.make_url(settings.database_url()), poolclass=sa.NullPool, connect_args={"options": "-c jit=off -c timezone=UTC"}
    )
    with engine.begin() as conn:
        yield conn


def scans(conn: sa.Connection, read: Callable[[sa.Connection], object]) -> set[tuple[str, str]]:
    """(way, table or index) by which the database comes to the rows of a read."""
    asked = []
    note = lambda _conn, _cursor, statement, parameters, *_: asked.append((statement, parameters))  # noqa: E731
    sa.event.listen(conn, "before_cursor_execute", note)
    read(conn)
    sa.event.remove(conn, "before_cursor_execute", note)
    plans = [
        conn.exec_driver_sql(f"explain (format json) {statement}", parameters).scalar_one()[0]["Plan"]
        for statement, parameters in asked
    ]
    return {scan for plan in plans for scan in _scans(plan)}


def _scans(plan: dict) -> Iterator[tuple[str, str]]:
    if "Relation Name" in plan:
        yield plan["Node Type"], plan["Relation Name"]
    for below in plan.get("Plans", ()):
        yield from _scans(below)


# --- A branch with visits to make --------------------------------------------------------------------------------------

_BRANCH = """
    insert into branches (code, name) values ('229000', 'head office'), ('229008', 'branch');
    update branches set parent_id = (select min(id) from branches), lat = 44.43, lon = 125.18 where code = '229008';
    insert into branch_tree select a.id, b.id from branches a join branches b on a.id = b.id or a.id = b.parent_id;
    insert into staff (staff_no, name, branch_id, joined_on)
        select n::text, 'officer ' || n, (select id from branches where code = '229008'), '2020-01-01' from generate_series(0, {officers}) n;
    insert into staff_roles (staff_id, role, branch_id, valid_from)
        select id, case staff_no when '0' then 'branch_head' else 'inspector' end, branch_id, '2020-01-01' from staff;
    insert into customers (customer_no, source, name, kind, address, branch_id, created_on)
        select n::text, 'bench', 'customer ' || n, 'person', case when n % 2 = 0 then '农安镇宝塔街' else '合隆镇东升村' end,
               (select id from branches where code = '229008'), date '{today}' from generate_series(1, {visits}) n;
    insert into customer_faces (customer_id, segment, main_family, level, live_loans, exposure_fen)
        select id, 'farmer', 'farm', 'B', 1, 100 from customers;
    insert into addresses (customer_id, kind, place, datum, lat, lon)
        select id, 'business', 'x', 'wgs84', 44.4 + case when id % 2 = 0 then 0.04 else 0.3 end * (random() - 0.5),
               125.2 + case when id % 2 = 0 then 0.06 else 0.45 end * (random() - 0.5) from customers;
    insert into todos (customer_id, kind, period, mode, family, loan_ids, branch_id, assignee_id, nominal_on, due_on, late_from, created_on)
        select c.id, (array['first', 'regular', 'overdue'])[1 + c.id % 3], 'x', 'field', 'farm', '{{}}', c.branch_id, s.id,
               due, due, due + 1, due - 15
        from (select *, date '{today}' + (customer_no::int * 7 % 12 - 4) as due from customers) c
        join staff s on s.staff_no = (1 + c.customer_no::int % {officers})::text;
    analyze"""


def plant_branch(officers: int, visits: int, today: date) -> list[int]:
    """One branch, half its visits in town, shared evenly; ids of its head and of the officers."""
    with _as_administrator() as conn:
        conn.exec_driver_sql("set session_replication_role = replica; select setseed(0.5)")
        for statement in _BRANCH.format(officers=officers, visits=visits, today=today).split(";\n"):
            conn.exec_driver_sql(statement.replace("%", "%%"))
        return list(conn.exec_driver_sql("select id from staff order by staff_no::int").scalars())
