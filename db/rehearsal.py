"""Nights that are only tried: over copies of the todos, in a transaction of which nothing stays and for which nobody waits.

The night's own statements run as they are. What they change (todos, claims, checks, definitions) is stood in for by temporary
tables of the same names, which PostgreSQL finds first; the tables of the night's steps are temporary too. So no lock is taken
that anybody else could want, no row, number or message is left behind, and a real night may run beside.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from psycopg2.extensions import cursor
from sqlalchemy import select

from db import store
from db.access import MACHINE, act_as
from db.conditions import compiled
from db.copying import copy_rows
from db.face import FIELDS, FROM, loan
from db.generation import DIALECT
from db.tables import todos

PATIENCE = "60s"  # of a statement: whoever tries something out waits before a screen


class _Aside(cursor):
    """Has the night's steps in temporary tables, whatever the night calls them."""

    def execute(self, query, vars=None):
        return super().execute(_aside(query), vars)

    def executemany(self, query, vars_list):
        return super().executemany(_aside(query), vars_list)

    def copy_expert(self, sql, file, size=8192):
        return super().copy_expert(_aside(sql), file, size)


def _aside(query: str | bytes) -> str | bytes:
    if isinstance(query, bytes):
        return query
    return query.replace("create unlogged table staging.night_", "create temporary table night_").replace(
        "staging.night_", "pg_temp.night_"
    )


@contextmanager
def rehearsing(picture: str | None = None) -> Iterator[sa.Connection]:
    """A transaction of the machine's over one picture of the book, undone in the end. Choose whom it is about, then `begin`.
    `picture`: another's that is open still, to look at the same."""
    with store.engine().connect() as conn:
        inside = conn.connection.driver_connection
        inside.cursor_factory = _Aside
        try:
            conn.exec_driver_sql("set transaction isolation level repeatable read")
            if picture:
                conn.exec_driver_sql("set transaction snapshot %(picture)s", {"picture": picture})
            act_as(conn, MACHINE, "rule.try")
            conn.exec_driver_sql(f"set local statement_timeout = '{PATIENCE}'")
            yield conn
        finally:
            conn.rollback()
            inside.cursor_factory = None


def choose(conn: sa.Connection, conditions: Iterable[dict], code: str, days: Iterable[date]) -> int:
    """Customers whom a rule can mean on one of these days, by one of its conditions, or whom it asks about already. How many."""
    meant = sa.or_(sa.false(), *(compiled(who, FIELDS, day) for who in conditions for day in days))
    found = select(loan.customer_id).select_from(FROM).where(loan.live, meant)
    asked = select(todos.c.customer_id).where(todos.c.rule_code == code, todos.c.closed_on.is_(None))
    statement = found.union(asked).compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    conn.exec_driver_sql(f"create temporary table tried on commit drop as {statement}", statement.params)
    return conn.exec_driver_sql("select count(*) from tried").scalar_one()


def choose_these(conn: sa.Connection, customers: Iterable[int]) -> None:
    conn.exec_driver_sql("create temporary table tried (customer_id bigint) on commit drop")
    copy_rows(conn, "tried", ((customer,) for customer in customers))


def choose_others(conn: sa.Connection) -> None:
    """Everybody but who was chosen."""
    conn.exec_driver_sql("alter table tried rename to left_out")
    conn.exec_driver_sql("""
        create temporary table tried on commit drop as
        select customer_id from customer_faces where customer_id not in (select customer_id from left_out)""")


def standing(conn: sa.Connection) -> tuple:
    """What a try is good for: another once a night was done, a feed loaded, or a definition decided."""
    return tuple(
        conn.exec_driver_sql("""
            select (select max(finished_at) from job_runs where state = 'done'), (select max(finished_at) from feed_runs),
                   (select max(decided_at) from definitions), (select max(id) from definitions where state = 'approved'),
                   current_database()""").one()
    )


def picture(conn: sa.Connection) -> str:
    """What this transaction looks at, for others that begin while it lasts."""
    return conn.exec_driver_sql("select pg_export_snapshot()").scalar_one()


def chosen(conn: sa.Connection) -> list[int]:
    return list(conn.exec_driver_sql("select customer_id from tried").scalars())


def begin(conn: sa.Connection, *, often: bool = True) -> None:
    """Stand-ins for what nights write, as it is now, of the chosen customers; `often`: and for what many nights will read."""
    conn.exec_driver_sql("set local work_mem = '64MB'")
    conn.exec_driver_sql("set local default_statistics_target = 10")  # looked at after each step: a sketch is enough
    conn.exec_driver_sql("set local enable_nestloop = off")  # what is known of tables this young would mislead the planner
    for statement in (*_STAND_INS, *(_BOOK if often else ())):
        conn.exec_driver_sql(statement)


_OF_THE_CHOSEN = "where customer_id in (select customer_id from tried)"
# Checks as far as nights look at them; definitions of todo rules only.
_STAND_INS = (
    "create unique index on tried (customer_id)",
    "analyze tried",
    "create temporary table definitions on commit drop as select * from public.definitions where family = 'todo_rule'",
    f"""create temporary table records on commit drop as
        select customer_id, kind, mode, outcome, done_on from public.records {_OF_THE_CHOSEN} and outcome = 'completed'""",
    "create index on records (customer_id)",
    "create temporary table todos (like public.todos including defaults including identity) on commit drop",
    f"insert into todos overriding system value select * from public.todos {_OF_THE_CHOSEN}",
    "select setval('pg_temp.todos_id_seq', (select coalesce(max(id), 0) + 1 from public.todos))",
    "create unique index on todos (customer_id, kind, subject, period)",
    "create temporary table claims (like public.claims) on commit drop",
    f"insert into claims select * from public.claims {_OF_THE_CHOSEN}",
    "create unique index on claims (customer_id, loan_id, kind, period)",
    "create index on claims (todo_id)",
    "analyze definitions, records, todos, claims",
)
# The book stands still: read once past row security, then by every night from what is small enough to lie in memory. Of loans
# that have ended, nights look at those of which an open todo speaks.
_BOOK = (
    f"""create temporary table loans on commit drop as select * from public.loans {_OF_THE_CHOSEN}
        and (live or id in (select unnest(loan_ids) from todos where closed_on is null))""",
    f"create temporary table customer_faces on commit drop as select * from public.customer_faces {_OF_THE_CHOSEN}",
    "create temporary table customers on commit drop as select * from public.customers where id in (select customer_id from tried)",
    "create index on loans (customer_id)",
    "create unique index on customer_faces (customer_id)",
    "create unique index on customers (id)",
    "analyze loans (customer_id, live), customer_faces (customer_id), customers (id)",
)


def look_at_the_chosen(conn: sa.Connection) -> None:
    """The night's candidates are the customers it is about."""
    conn.exec_driver_sql("create unlogged table staging.night_candidates as select customer_id from tried")
    conn.exec_driver_sql("create unique index on staging.night_candidates (customer_id)")
    conn.exec_driver_sql("analyze staging.night_candidates")


def do_what_is_due(conn: sa.Connection, since: date, until: date) -> None:
    """Everything due by a day is done on its own day; what was late before, on `since`."""
    conn.execute(
        sa.text("""
            with done as (
                update todos set state = 'done', closed_on = greatest(due_on, :since)
                where closed_on is null and due_on <= :until returning customer_id, kind, mode, closed_on
            )
            insert into records (customer_id, kind, mode, outcome, done_on)
            select customer_id, kind, mode, 'completed', closed_on from done"""),
        {"since": since, "until": until},
    )


class Open(NamedTuple):
    """An open todo as it stands after a night that was tried."""

    id: int
    customer_id: int
    kind: str
    subject: int
    period: str
    mode: str
    rule_code: str | None
    due_on: date
    assignee_id: int | None
    branch_id: int
    loan_ids: list[int]


def open_todos(conn: sa.Connection) -> list[Open]:
    rows = conn.exec_driver_sql(f"select {', '.join(Open._fields)} from todos where closed_on is null order by due_on, id")
    return [Open(*row) for row in rows]


class Load(NamedTuple):
    """How many checks fall due for somebody in a week, counted from a day on; week -1: late before it."""

    branch_id: int
    assignee_id: int | None
    kind: str
    week: int
    n: int


def load(conn: sa.Connection, since: date, weeks: int) -> list[Load]:
    rows = conn.execute(
        sa.text("""
            select branch_id, assignee_id, kind, greatest(-1, floor((due_on - :since) / 7.0))::int as week, count(*)
            from todos where due_on < :since + 7 * :weeks and state <> 'cancelled' and (closed_on is null or closed_on >= :since)
            group by 1, 2, 3, 4 order by 1, 2, 3, 4"""),
        {"since": since, "weeks": weeks},
    )
    return [Load(*row) for row in rows]
