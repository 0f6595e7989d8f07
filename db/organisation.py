"""What changes the bank's own order in one go: functions of the machine's, for people whose rights reach no row of it."""

import sqlalchemy as sa
from sqlalchemy import func, select

# Every branch with itself and all above it, from what stands in `branches`.
GROW = """
create or replace function vigil_grow_tree() returns void
language sql security definer set search_path = public, pg_temp as $$
    delete from branch_tree;
    insert into branch_tree (ancestor_id, branch_id)
    with recursive up (branch_id, ancestor_id) as (
        select id, id from branches
        union select u.branch_id, b.parent_id from up u join branches b on b.id = u.ancestor_id where b.parent_id is not null)
    select ancestor_id, branch_id from up
$$"""

# What two people agreed about somebody's role, to the letter: from its day on (today when that has gone by), until its last day. What
# was held before gives way for that time and goes on afterwards. True when it was done.
SETTLE_ROLE = """
create or replace function vigil_settle_role(request bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare asked record; before record;
begin
    select r.subject_id::int as staff_id, r.after ->> 'role' as role, greatest((r.after ->> 'from_on')::date, vigil_today()) as starts,
           coalesce((r.after ->> 'until_on')::date + 1, 'infinity') as ends into asked
    from requests r where r.id = request and r.kind = 'role' and r.state = 'approved' and r.decided_by = vigil_me()
        and r.subject_id not in (r.asked_by, r.decided_by);
    if not found or asked.ends <= asked.starts then
        return false;
    end if;
    select * into before from staff_roles where staff_id = asked.staff_id and valid_from < asked.starts
        and coalesce(valid_to, 'infinity') > asked.starts;
    delete from staff_roles where staff_id = asked.staff_id and valid_from >= asked.starts and coalesce(valid_to, 'infinity') <= asked.ends;
    update staff_roles set valid_from = asked.ends where staff_id = asked.staff_id and valid_from >= asked.starts and valid_from < asked.ends;
    update staff_roles set valid_to = asked.starts where id = before.id;
    if before.id is not null and coalesce(before.valid_to, 'infinity') > asked.ends then
        insert into staff_roles (staff_id, role, branch_id, valid_from, valid_to, granted_by)
        values (before.staff_id, before.role, before.branch_id, asked.ends, before.valid_to, before.granted_by);
    end if;
    if asked.role is not null then
        insert into staff_roles (staff_id, role, branch_id, valid_from, valid_to, granted_by)
        select s.id, asked.role, s.branch_id, asked.starts, nullif(asked.ends, 'infinity'), vigil_me() from staff s where s.id = asked.staff_id;
    end if;
    return true;
end $$"""

# (what, table, its customer, which rows follow their branch). What is done and over stays where it was.
_FOLLOW = (
    ("customer", "customers", "id", "true"),
    ("loan", "loans", "customer_id", "true"),
    ("todo", "todos", "customer_id", "closed_on is null"),
    ("signal", "signals", "customer_id", "closed_on is null"),
    ("lead", "leads", "customer_id", "state in ('new', 'contacted')"),
    ("staff", "staff", "0", "left_on is null"),
)


def _carry() -> str:
    return "\n".join(
        f"""
        with moved as (update {table} set branch_id = target where branch_id = asked.id and {which} returning {customer} as customer, id)
        insert into branch_moves (request_id, customer_id, what, row_id) select request, customer, '{what}', id from moved;"""
        for what, table, customer, which in _FOLLOW
    )


def _carry_back() -> str:
    return "\n".join(
        f"""
        update {table} t set branch_id = asked.id from branch_moves m where m.request_id = merger and m.what = '{what}'
            and m.row_id = t.id and m.customer_id = {"0" if customer == "0" else "t." + customer} and t.branch_id = target;"""
        for what, table, customer, _which in _FOLLOW
    )


# What two people agreed about a branch, to the letter. A branch that was merged hangs below its successor, so that its history
# is seen and counted there. Reports shared with it are shared with its successor too. Whoever headed it heads nothing any more: another role is asked for.
RESTRUCTURE = f"""
create or replace function vigil_restructure(request bigint) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare asked record; target int; merger bigint;
begin
    select b.id, b.parent_id, r.after ->> 'act' as act, (r.after ->> 'on')::date as day, r.after into asked
    from requests r join branches b on b.id = r.subject_id where r.id = request and r.kind = 'branch' and r.state = 'approved'
        and r.decided_by = vigil_me();
    if not found then return false; end if;
    target := (asked.after ->> 'to_id')::int;
    if asked.act = 'move' then
        if exists (select from branch_tree where ancestor_id = asked.id and branch_id = target) then return false; end if;
        update branches set parent_id = target, kept = array_append(array_remove(kept, 'parent_id'), 'parent_id') where id = asked.id;
    elsif asked.act = 'close' then
        update branches set closed_on = greatest(asked.day, vigil_today()), kept = array_append(array_remove(kept, 'closed_on'), 'closed_on')
        where id = asked.id;
    elsif asked.act = 'merge' then
        {_carry()}
        update customer_faces f set touched_at = now() from branch_moves m
        where m.request_id = request and m.what = 'customer' and m.customer_id = f.customer_id;
        update branches set parent_id = asked.parent_id, kept = array_append(array_remove(kept, 'parent_id'), 'parent_id')
        where id = target and parent_id = asked.id;
        with moved as (
            update branches set parent_id = target, kept = array_append(array_remove(kept, 'parent_id'), 'parent_id')
            where parent_id = asked.id and id <> target returning id)
        insert into branch_moves (request_id, what, row_id) select request, 'branch', id from moved;
        update branches set merged_into = target where merged_into = asked.id;
        update branches set parent_id = target, closed_on = vigil_today(), merged_into = target, kept = '{{name,parent_id,closed_on}}'
        where id = asked.id;
        update requests set branch_id = target where branch_id = asked.id and state = 'submitted';
        update handovers set branch_id = target where branch_id = asked.id and state = 'waiting';
        perform vigil_follow_home(asked.id, target);
        with shared as (
            update reports set to_branches = array_append(to_branches, target)
            where asked.id = any(to_branches) and target <> all(to_branches) returning id)
        insert into branch_moves (request_id, what, row_id) select request, 'report', id from shared;
    elsif asked.act = 'part' then
        merger := (asked.after ->> 'merger')::bigint;
        update branches set parent_id = (asked.after ->> 'parent_id')::int, closed_on = null, merged_into = null,
            kept = array(select jsonb_array_elements_text(asked.after -> 'kept'))
        where id = asked.id;
        update branches b set parent_id = asked.id from branch_moves m
        where m.request_id = merger and m.what = 'branch' and m.row_id = b.id and b.parent_id = target;
        {_carry_back()}
        update customer_faces f set touched_at = now() from branch_moves m
        where m.request_id = merger and m.what = 'customer' and m.customer_id = f.customer_id;
        perform vigil_follow_home(target, asked.id);
        update reports r set to_branches = array_remove(r.to_branches, target) from branch_moves m
        where m.request_id = merger and m.what = 'report' and m.row_id = r.id and asked.id = any(r.to_branches);
    else
        return false;
    end if;
    perform vigil_grow_tree();
    return true;
end $$"""

# Roles held at a branch go along with whoever works at the other one now; those of its heads end.
FOLLOW_HOME = """
create or replace function vigil_follow_home(was int, now_at int) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare held record;
begin
    for held in select r.* from staff_roles r join staff s on s.id = r.staff_id
            where r.branch_id = was and s.branch_id = now_at and (r.valid_to is null or r.valid_to > vigil_today()) loop
        if held.valid_from < vigil_today() then
            update staff_roles set valid_to = vigil_today() where id = held.id;
        else
            delete from staff_roles where id = held.id;
        end if;
        if held.role <> 'branch_head' then
            insert into staff_roles (staff_id, role, branch_id, valid_from, valid_to, granted_by)
            values (held.staff_id, held.role, now_at, greatest(held.valid_from, vigil_today()), held.valid_to, held.granted_by);
        end if;
    end loop;
end $$"""


def restructure(conn: sa.Connection, request_id: int) -> bool:
    """What the acting person has just approved about a branch; False when the tree no longer allows it, or it is not his to do."""
    return conn.execute(select(func.vigil_restructure(request_id))).scalar_one()


def settle_role(conn: sa.Connection, request_id: int) -> bool:
    """What the acting person has just approved; False when there is no time left of it, or it is not his to settle."""
    return conn.execute(select(func.vigil_settle_role(request_id))).scalar_one()


def grow(conn: sa.Connection) -> None:
    """The tree again, after a branch came or moved."""
    conn.execute(select(func.vigil_grow_tree()))
