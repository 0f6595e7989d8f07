"""Filling an empty table: indexes, references and triggers set aside first, built anew afterwards, all in one transaction.

Checking four foreign keys row by row and keeping five indexes costs several times what the rows themselves cost.
Built in one go they are cheap, and just as binding: a row that breaks a promise makes the transaction fail.
Only the tables' owner may do this; functions of its own do it for the machine, for these tables, while they are
empty: no row that stands can be changed past its trigger.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import sqlalchemy as sa

TABLES = ("customers", "customer_faces", "loans", "guarantors", "todos", "claims")
SKETCHED = 30  # bars of a histogram: enough until the server itself takes a closer look, within a minute
FULL = 90  # of a hundred: how far pages are filled in bulk, where a table asks for more room for changes
WORTH_IT = 5_000  # rows; below this the indexes are kept up on the way

# Of all rows: the owner sees what the machine sees.
COUNT = """
create or replace function vigil_count(name regclass) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare n bigint;
begin
    execute format('select count(*) from %s', name) into n;
    return n;
end $$"""

UNDRESS = f"""
create or replace function vigil_undress(name regclass) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare part record;
begin
    if name::text not in {TABLES} then
        raise 'not a table to be filled in bulk: %', name;
    end if;
    if vigil_count(name) > 0 then
        raise 'not empty: %', name;
    end if;
    -- A file begun in the transaction that fills it need not be written to the log as well, where the server leaves it out.
    for part in select conname from pg_constraint where conrelid = name and contype = 'p' loop
        execute format('cluster %s using %I', name, part.conname);
        execute format('alter table %s set without cluster', name);
    end loop;
    insert into undressed (of_table, step, ddl) values (name::text, 3, format('analyze %s', name));
    -- One that is disabled would still have every row kept for it.
    for part in select tgname, pg_get_triggerdef(oid) as made from pg_trigger where tgrelid = name and not tgisinternal loop
        insert into undressed (of_table, step, ddl) values (name::text, 6, part.made);
        execute format('drop trigger %I on %s', part.tgname, name);
    end loop;
    for part in
        select c.conname, pg_get_constraintdef(c.oid) as made, case when c.contype <> 'f' then 2
               when exists (select from pg_index i where i.indrelid = name and i.indkey[0] = c.conkey[1] and i.indpred is null and not i.indisprimary) then 4
               else 5 end as step
        from pg_constraint c
        where c.conrelid = name and (c.contype in ('f', 'u') or c.contype = 'p' and not exists (
            select from pg_constraint r where r.contype = 'f' and r.confrelid = name))
    loop
        insert into undressed (of_table, step, ddl)
        values (name::text, part.step, format('alter table %s add constraint %I %s', name, part.conname, part.made));
        execute format('alter table %s drop constraint %I', name, part.conname);
    end loop;
    -- By COPY alone rows come in at the price of their bytes, and it knows no policies. Nobody else can reach the table meanwhile.
    if (select relrowsecurity from pg_class where oid = name) then
        insert into undressed (of_table, step, ddl) values (name::text, 7, format('alter table %s enable row level security', name));
        execute format('alter table %s disable row level security', name);
    end if;
    -- Many of the first rows never change; room for all of them would be read again by each index that is built.
    for part in
        select option from pg_class c, unnest(c.reloptions) option
        where c.oid = name and option like 'fillfactor=%' and split_part(option, '=', 2)::int < {FULL}
    loop
        insert into undressed (of_table, step, ddl) values (name::text, 7, format('alter table %s set (%s)', name, part.option));
        execute format('alter table %s set (fillfactor = {FULL})', name);
    end loop;
    for part in
        select indexrelid::regclass as index, pg_get_indexdef(indexrelid) as made from pg_index
        where indrelid = name and not indisprimary
    loop
        insert into undressed (of_table, step, ddl) values (name::text, 1, part.made);
        execute format('drop index %s', part.index);
    end loop;
end $$"""

# What all rows to come say is said once: it need be neither sent nor read a million times.
PRESUME = """
create or replace function vigil_presume(name regclass, same jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare part record;
begin
    if not exists (select from undressed where of_table = name::text) then
        raise 'not undressed: %', name;
    end if;
    if exists (select from pg_attribute where attrelid = name and atthasdef and same ? attname) then
        raise 'says something already where a row says nothing: %', name;
    end if;
    for part in select key, value from jsonb_each_text(same) loop
        insert into undressed (of_table, step, ddl) values (name::text, 7, format('alter table %s alter column %I drop default', name, part.key));
        execute format('alter table %s alter column %I set default %L', name, part.key, part.value);
    end loop;
end $$"""

DRESS = f"""
create or replace function vigil_dress(name regclass) returns void
language plpgsql security definer set search_path = public, pg_temp set default_statistics_target = {SKETCHED} as $$
declare part record;
begin
    for part in select step, ddl from undressed where of_table = name::text order by step loop
        -- A reference whose column leads an index is checked along it and the other table's key, at a third of the cost.
        perform set_config(method, case part.step when 4 then 'off' else 'on' end, true)
        from unnest(array['enable_hashjoin', 'enable_seqscan', 'enable_sort']) method;
        perform set_config('enable_mergejoin', case part.step when 4 then 'on' else 'off' end, true);
        execute part.ddl;
    end loop;
    delete from undressed where of_table = name::text;
    perform vigil_note('bulk', name::text, null, jsonb_build_object('n', vigil_count(name)));
end $$"""


# Whoever would commit a table without its indexes, references, triggers and policies is refused.
DRESSED = (
    """
create or replace function vigil_dressed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if exists (select from undressed) then
        raise 'left undressed: %', (select string_agg(distinct of_table, ', ') from undressed);
    end if;
    return null;
end $$""",
    "drop trigger if exists dressed on undressed",
    """
create constraint trigger dressed after insert on undressed deferrable initially deferred
for each row execute function vigil_dressed()""",
)


def prepare(conn: sa.Connection, whole_book: bool = False) -> None:
    """For the rest of the transaction, memory for statements that go through many rows; `whole_book`: through all of them."""
    conn.exec_driver_sql("set local work_mem = '256MB'")
    conn.exec_driver_sql("set local maintenance_work_mem = '1GB'")
    # A row goes from one process to another for far less than the planner thinks: it would look up millions by one alone.
    conn.exec_driver_sql("set local parallel_tuple_cost = 0")
    if whole_book:
        _hash_everything(conn)


def _hash_everything(conn: sa.Connection) -> None:
    """The planner takes what it has no statistics of for small, and so a chain of joins; hashing is never a bad way."""
    conn.exec_driver_sql("set local enable_nestloop = off")
    conn.exec_driver_sql("set local enable_mergejoin = off")


@contextmanager
def undressed(conn: sa.Connection, *tables: str) -> Iterator[None]:
    """The tables without indexes and references, dressed again on leaving.

    A primary key stays while another table refers to it: name those first that refer to others.
    """
    if tables:
        conn.exec_driver_sql("set local maintenance_work_mem = '1GB'")
        _hash_everything(conn)
    for table in tables:
        conn.exec_driver_sql(f"select vigil_undress('{table}')")
    yield
    for table in reversed(tables):
        conn.exec_driver_sql(f"select vigil_dress('{table}')")


def presume(conn: sa.Connection, table: str, same: Mapping[str, object]) -> None:
    """What every row to come says, by column, until the undressed table is dressed again."""
    conn.execute(sa.text(f"select vigil_presume('{table}', cast(:same as jsonb))"), {"same": json.dumps(same, default=str)})
