"""Who may reach which rows, and the triggers that write the trail: applied anew after every migration.

One PostgreSQL role for each kind of scope, and for each table one policy a role. A single policy with ORs over all
kinds of people cannot use an index; these can. Functions stand in scalar sub-selects so that they run once a query.
Without an acting person every function returns nothing, so nothing is visible.
"""

import hashlib
from collections.abc import Iterator

import sqlalchemy as sa

from db import bulk
from db.tables import metadata
from db.vocab import Scope

OWNER, APP = "vigil_owner", "vigil_app"
PEOPLE = (Scope.HEAD, Scope.BRANCH, Scope.OFFICER, Scope.COLLECTOR, Scope.READER)
EVERYBODY = (*PEOPLE, Scope.ADMIN)

IN_MY_BRANCHES = "branch_id = any((select vigil_branches())::int[])"
IN_COLLECTION = "(overdue_since is not null or worst_class >= 'substandard')"
COLLECTED = f"exists (select 1 from customer_faces f where f.customer_id = id and {IN_COLLECTION})"
CUSTOMER_SEEN = "exists (select 1 from customers c where c.id = customer_id)"


def mine(column: str) -> str:
    return f"{column} = any((select vigil_my_customers())::bigint[])"


CUSTOMER_POLICY = {
    Scope.HEAD: "true",
    Scope.READER: "true",
    Scope.BRANCH: f"{IN_MY_BRANCHES} or id = any((select vigil_guests())::bigint[])",
    Scope.OFFICER: mine("id"),
    Scope.COLLECTOR: COLLECTED,
}


def of_a_branch(officer: str) -> dict[Scope, str]:
    """Rows with a branch and a customer of their own."""
    return {
        Scope.HEAD: "true",
        Scope.READER: "true",
        Scope.BRANCH: IN_MY_BRANCHES,
        Scope.OFFICER: officer,
        Scope.COLLECTOR: CUSTOMER_SEEN,
    }


FOLLOWS_CUSTOMER = of_a_branch(mine("customer_id")) | {Scope.BRANCH: CUSTOMER_SEEN}
FOR_ALL = dict.fromkeys(EVERYBODY, "true")
FOR_HEAD = dict.fromkeys((Scope.HEAD, Scope.READER), "true")
FOR_OPERATORS = dict.fromkeys((Scope.HEAD, Scope.READER, Scope.ADMIN), "true")
NOBODY: dict[Scope, str] = {}

POLICIES: dict[str, dict[Scope, str]] = {
    "branches": FOR_ALL,
    "branch_tree": FOR_ALL,
    "staff": FOR_ALL,
    "staff_roles": FOR_ALL,
    "products": FOR_ALL,
    "calendar_days": FOR_ALL,
    "definitions": FOR_ALL,
    "absences": FOR_ALL,
    "customers": CUSTOMER_POLICY,
    "customer_faces": FOLLOWS_CUSTOMER | {Scope.COLLECTOR: IN_COLLECTION},
    "addresses": FOLLOWS_CUSTOMER,
    "guarantors": FOLLOWS_CUSTOMER,
    "photos": FOLLOWS_CUSTOMER,
    "exemptions": FOLLOWS_CUSTOMER,
    "claims": FOLLOWS_CUSTOMER,
    "loans": of_a_branch(mine("customer_id")),
    "loan_history": of_a_branch(mine("customer_id")),
    "todos": of_a_branch(
        f"assignee_id = (select vigil_me()) or {mine('customer_id')}"
        " or (assignee_id is null and branch_id = (select vigil_my_branch()))"
    ),
    "records": of_a_branch(f"staff_id = (select vigil_me()) or {mine('customer_id')}"),
    "signals": of_a_branch(f"owner_id = (select vigil_me()) or {mine('customer_id')}"),
    "todo_days": FOR_HEAD | {Scope.BRANCH: IN_MY_BRANCHES},
    "arrears": FOR_HEAD,
    "feed_runs": FOR_OPERATORS,
    "feed_files": FOR_OPERATORS,
    "rejects": FOR_OPERATORS,
    "job_runs": FOR_ALL,
    "problems": FOR_OPERATORS,
    "installation": FOR_ALL,
    "preferences": dict.fromkeys(EVERYBODY, "staff_id = (select vigil_me())"),
    "accounts": {Scope.ADMIN: "true", Scope.READER: "true"},
    "sessions": {Scope.ADMIN: "true", Scope.READER: "true"} | dict.fromkeys(
        (Scope.HEAD, Scope.BRANCH, Scope.OFFICER, Scope.COLLECTOR), "staff_id = (select vigil_me())"
    ),
    "sign_ins": {Scope.ADMIN: "true", Scope.READER: "true"} | dict.fromkeys(
        (Scope.HEAD, Scope.BRANCH, Scope.OFFICER, Scope.COLLECTOR), "staff_id = (select vigil_me())"
    ),
    "tickets": NOBODY,
    "audit": of_a_branch(CUSTOMER_SEEN) | {Scope.BRANCH: CUSTOMER_SEEN, Scope.ADMIN: "customer_id is null"},
}  # fmt: skip

OWNERS_OWN = {"undressed"}  # reached through functions of the owner's only

# The sign-in page has no acting person yet: the app's own role reaches exactly these.
GATE_TABLES = {
    "accounts": "select, update (password_hash, password_set_at, must_change)",
    "sessions": "select, insert, update",
    "tickets": "select, insert, delete",
    "sign_ins": "select, insert",
    "staff": "select",
    "staff_roles": "select",
    "branches": "select",
    "preferences": "select",
    "installation": "select",
}

HIDDEN_COLUMNS = {
    "customers": {"identity_no", "phone"},
    "accounts": {"password_hash"},
    "sessions": {"token_hash"},
    "rejects": {"raw"},
}

# What people may write, by scope; the verbs above decide when. Everything else is the machine's.
WRITES: dict[str, dict[Scope, str]] = {
    "preferences": dict.fromkeys((*PEOPLE, Scope.ADMIN), "insert, update"),
    "records": dict.fromkeys((Scope.HEAD, Scope.BRANCH, Scope.OFFICER), "insert"),
    "todos": dict.fromkeys(
        (Scope.HEAD, Scope.BRANCH, Scope.OFFICER),
        "insert, update (assignee_id, pinned, state, due_on, late_from, started_at, closed_on, closed_by, close_reason,"
        " close_note, record_id)",
    ),
    "signals": dict.fromkeys(
        (Scope.HEAD, Scope.BRANCH, Scope.OFFICER, Scope.COLLECTOR),
        "insert, update (owner_id, state, taken_by, taken_at, measures, answer, answered_by, answered_at, closed_on,"
        " closed_by, close_note)",
    ),
    "customers": dict.fromkeys(
        (Scope.HEAD, Scope.BRANCH, Scope.OFFICER), "update (phone, address, manager_id, inspector_id)"
    ),
    "customer_faces": dict.fromkeys((Scope.HEAD, Scope.BRANCH, Scope.OFFICER), "update (touched_at)"),
    "addresses": dict.fromkeys((Scope.HEAD, Scope.BRANCH, Scope.OFFICER), "insert, update"),
    "exemptions": dict.fromkeys((Scope.HEAD, Scope.BRANCH), "insert, update (approved_by, approved_at, until_on)"),
    "absences": dict.fromkeys((Scope.HEAD, Scope.BRANCH), "insert, update, delete"),
    "definitions": {
        Scope.HEAD: "insert, update (state, decided_by, decided_at, decided_why)",
        Scope.ADMIN: "insert, update (state, decided_by, decided_at, decided_why)",
    },
    "calendar_days": {Scope.HEAD: "insert, update"},
    "feed_runs": dict.fromkeys(
        (Scope.HEAD, Scope.ADMIN), "update (override_asked_by, override_reason, override_by)"
    ),
    "accounts": {Scope.ADMIN: "insert, update"},
    "sessions": {Scope.ADMIN: "update (ended_at, ended_because)"},
    "staff_roles": {Scope.ADMIN: "insert, update (valid_to)"},
}  # fmt: skip

UNTRAILED = {"audit", "sessions", "tickets", "sign_ins", "job_runs", "feed_runs", "feed_files", "rejects", "problems",
             "todo_days", "loan_history", "branch_tree", "claims", "installation", "undressed",
             "customer_faces"}  # fmt: skip
UNTRAILED_COLUMNS = {"feed_hash", "touched_at", "changed_on", "identity_hash", "phone_hash", "identity_masked",
                     "phone_masked", "village", "live", "raw_masked"}  # fmt: skip
TRAILED_AS = {
    "identity_no": "vigil_mask({}, 3, 4)",
    "phone": "vigil_mask({}, 3, 4)",
    "password_hash": "left(md5({}), 6)",
}


def statements() -> list[str]:
    return [*_functions(), *_rights(), *_triggers()]


def fingerprint() -> str:
    return hashlib.sha256("\n".join(statements()).encode()).hexdigest()


def apply(conn: sa.Connection) -> None:
    """Bring rights, policies and triggers of the whole store to what this module says. Idempotent."""
    for statement in statements():
        run(conn, statement)


def run(conn: sa.Connection, statement: str) -> None:
    """A statement as it stands; the driver would take a lone % for a parameter."""
    conn.exec_driver_sql(statement.replace("%", "%%"))


def _functions() -> Iterator[str]:
    yield _setting("vigil_me", "int", "vigil.staff")
    yield _setting("vigil_role", "text", "vigil.role")
    yield _setting("vigil_session", "bigint", "vigil.session")
    yield _setting("vigil_verb", "text", "vigil.verb")
    yield _lookup("vigil_my_branch", "int", "select branch_id from staff where id = vigil_me()")
    yield _lookup(
        "vigil_branches",
        "int[]",
        """
        select coalesce(array_agg(distinct t.branch_id), '{}')
        from staff_roles r join branch_tree t on t.ancestor_id = r.branch_id
        where r.staff_id = vigil_me() and r.role = 'branch_head' and r.valid_to is null""",
    )
    yield _lookup(
        "vigil_guests",
        "bigint[]",
        """
        select coalesce(array_agg(distinct l.customer_id), '{}') from loans l join customers c on c.id = l.customer_id
        where l.branch_id = any(vigil_branches()) and c.branch_id <> l.branch_id""",
    )
    yield _lookup(
        "vigil_my_customers",
        "bigint[]",
        """
        select coalesce(array_agg(distinct id), '{}') from (
            select id from customers where manager_id = vigil_me()
            union all select id from customers where inspector_id = vigil_me()
            union all select customer_id from loans where manager_id = vigil_me()
            union all select customer_id from todos where assignee_id = vigil_me() and closed_on is null) as mine(id)""",
    )
    yield _REVEAL.format(seen=_seen_in_each_scope())
    yield _NOTE
    yield _lookup("vigil_pulse", "bigint", "select last_value from audit_id_seq")
    yield bulk.UNDRESS
    yield bulk.DRESS
    yield bulk.LEARN
    for function in ("vigil_undress(regclass)", "vigil_dress(regclass)", "vigil_learn(regclass)"):
        yield f"revoke execute on function {function} from public"
        yield f"grant execute on function {function} to {Scope.MACHINE}"
    for function in ("vigil_my_branch()", "vigil_branches()", "vigil_guests()", "vigil_my_customers()",
                     "vigil_pulse()", "vigil_reveal(bigint, text, text)", "vigil_note(text, text, bigint, jsonb)"):  # fmt: skip
        yield f"alter function {function} owner to {Scope.MACHINE}"


def _setting(name: str, kind: str, setting: str) -> str:
    return (
        f"create or replace function {name}() returns {kind} language sql stable parallel safe as "
        f"$$ select nullif(current_setting('{setting}', true), '')::{kind} $$"
    )


def _lookup(name: str, kind: str, query: str) -> str:
    return (
        f"create or replace function {name}() returns {kind} language sql stable parallel safe security definer "
        f"set search_path = public, pg_temp as $$ {query} $$"
    )


def _seen_in_each_scope() -> str:
    return " ".join(f"when '{scope}' then ({test})" for scope, test in CUSTOMER_POLICY.items())


_REVEAL = """
create or replace function vigil_reveal(customer bigint, field text, reason text) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare found_value text;
begin
    if vigil_me() is null then return null; end if;
    select case field when 'phone' then phone when 'identity_no' then identity_no end into found_value
    from customers where id = customer and case current_setting('role') {seen} else false end;
    if found then
        perform vigil_note('customer.reveal', 'customers', customer, jsonb_build_object('field', field, 'why', reason));
    end if;
    return found_value;
end $$"""

_NOTE = """
create or replace function vigil_note(event text, about text, customer bigint, detail jsonb) returns void
language sql security definer set search_path = public, pg_temp as $$
    insert into audit (staff_id, role, session_id, verb, op, noun, customer_id, after)
    values (vigil_me(), vigil_role(), vigil_session(), coalesce(vigil_verb(), event), event, about, customer, detail)
$$"""


def _rights() -> Iterator[str]:
    people = ", ".join(EVERYBODY)
    for table in metadata.tables:
        yield f"revoke all on {table} from {people}, {Scope.MACHINE}, {APP}"
        if table in OWNERS_OWN:
            continue
        yield f"alter table {table} enable row level security"
        yield f"alter table {table} force row level security"
        yield _drop_policies(table)
        yield f"create policy machine on {table} to {Scope.MACHINE} using (true) with check (true)"
        yield f"grant {_machine_rights(table)} on {table} to {Scope.MACHINE}"
        for scope, test in POLICIES[table].items():
            yield f"create policy {scope} on {table} to {scope} using ({test}) with check ({test})"
            yield f"grant select {_visible_columns(table)} on {table} to {scope}"
    for table, rights in WRITES.items():
        for scope, right in rights.items():
            yield f"grant {right} on {table} to {scope}"
    for table, right in GATE_TABLES.items():
        yield f"create policy gate on {table} to {APP} using (true) with check (true)"
        yield f"grant {right} on {table} to {APP}"
    yield f"grant usage on schema public to {people}, {Scope.MACHINE}, {APP}"
    yield f"grant select on sequence audit_id_seq to {Scope.MACHINE}"


def _machine_rights(table: str) -> str:
    return "select, insert" if table == "audit" else "select, insert, update, delete"


def _drop_policies(table: str) -> str:
    return (
        f"do $$ declare p text; begin for p in select policyname from pg_policies where tablename = '{table}' "
        f"and schemaname = 'public' loop execute format('drop policy %I on {table}', p); end loop; end $$"
    )


def _visible_columns(table: str) -> str:
    hidden = HIDDEN_COLUMNS.get(table)
    if not hidden:
        return ""
    return "(" + ", ".join(c.name for c in metadata.tables[table].columns if c.name not in hidden) + ")"


def _triggers() -> Iterator[str]:
    for table in metadata.tables.values():
        if table.name in UNTRAILED:
            continue
        yield _trail_function(table)
        yield f"alter function trail_{table.name}() owner to {Scope.MACHINE}"
        for op, rows in (
            ("insert", "new table as new_rows"),
            ("update", "old table as old_rows new table as new_rows"),
            ("delete", "old table as old_rows"),
        ):
            yield (
                f"create or replace trigger trail_{op} after {op} on {table.name} referencing {rows} "
                f"for each statement execute function trail_{table.name}()"
            )


def _trail_function(table: sa.Table) -> str:
    """One function a table, with its columns spelled out: several times faster than a generic diff over jsonb."""
    columns = [c.name for c in table.columns if c.name not in UNTRAILED_COLUMNS]
    keys = [c.name for c in table.primary_key.columns]
    customer = "id" if table.name == "customers" else "customer_id" if "customer_id" in table.columns else None
    paired = " and ".join(f"o.{k} = n.{k}" for k in keys)
    changed = " or ".join(f"o.{c} is distinct from n.{c}" for c in columns)
    head = "staff_id, role, session_id, verb, op, noun, customer_id, row_id"

    def values(op: str, row: str) -> str:
        owner = f"{row}.{customer}" if customer else "null::bigint"
        return f"vigil_me(), vigil_role(), vigil_session(), vigil_verb(), '{op}', '{table.name}', {owner}, {row}.{keys[0]}::text"

    def whole(row: str) -> str:
        return _json(columns, lambda c: f"{_shown(f'{row}.{c}', c)}")

    def changes(row: str) -> str:
        return _json(
            columns,
            lambda c: f"case when o.{c} is distinct from n.{c} then {_shown(f'{row}.{c}', c)} end",
        )

    return f"""
create or replace function trail_{table.name}() returns trigger
language plpgsql security definer set search_path = public, pg_temp set enable_nestloop = off as $$
begin
    if tg_op = 'INSERT' and vigil_me() is null then
        -- The machine's rows say themselves which night or feed made them: one line for all.
        insert into audit (role, verb, op, noun, n)
        select vigil_role(), vigil_verb(), 'bulk', '{table.name}', count(*) from new_rows having count(*) > 0;
    elsif tg_op = 'INSERT' then
        insert into audit ({head}, after) select {values("insert", "n")}, {whole("n")} from new_rows n;
    elsif tg_op = 'DELETE' then
        insert into audit ({head}, before) select {values("delete", "o")}, {whole("o")} from old_rows o;
    else
        insert into audit ({head}, before, after)
        select {values("update", "n")}, {changes("o")}, {changes("n")}
        from old_rows o join new_rows n on {paired} where {changed};
    end if;
    return null;
end $$"""


def _json(columns: list[str], value) -> str:
    """jsonb of the non-null values; in pieces because a function takes at most 100 arguments."""
    pieces = [columns[i : i + 40] for i in range(0, len(columns), 40)]
    built = ["jsonb_build_object(" + ", ".join(f"'{c}', {value(c)}" for c in piece) + ")" for piece in pieces]
    return f"jsonb_strip_nulls({' || '.join(built)})"


def _shown(expression: str, column: str) -> str:
    return TRAILED_AS.get(column, "{}").format(expression)
