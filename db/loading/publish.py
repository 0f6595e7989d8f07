"""From typed lines to the book: one function a noun, all within the caller's transaction.

Each returns how many lines put something new into the book. Lines whose values the book already has are unchanged,
whatever their text was.
"""

from datetime import date

import sqlalchemy as sa

from db import organisation
from db.loading.spec import TableSpec
from db.nouns import NOUNS, Shape
from db.tables import rejects
from db.vocab import Family

FINE = "t.all_faults = '' and not t.gone"

# Which column of the book each field fills, where the name differs.
COLUMN_OF = {
    "branch": "branch_id",
    "product": "product_id",
    "customer": "customer_id",
    "manager": "manager_id",
    "amount": "amount_fen",
    "balance": "balance_fen",
    "principal": "principal_fen",
    "interest": "interest_fen",
}
NOT_STORED = {"parent", "new_customer_name", "new_customer_phone", "overdue_days"}
CAST = {"class": "::loan_class"}
DEFAULTS = {"status": "normal", "agri": False, "extensions": 0, "principal": 0, "interest": 0}  # where a line says nothing
SINCE = {"customers": ("created_on",), "loans": ("first_seen_on", "changed_on")}  # of a new row: the business date
HANDED_OVER = ("customers", "loans")  # whose manager may be another than the source's
STATE_OF_A_LOAN = (
    "branch_id", "manager_id", "balance_fen", "class", "status", "principal_fen", "interest_fen", "overdue_since",
    "matures_on", "extensions",
)  # fmt: skip


# A customer's main family is that of his heaviest note: a live one before one that ended, then the larger balance. In one number,
# so that no customer's notes need be sorted; it holds balances below 2 ** 55 fen, and a line with 10 ** 16 is quarantined.
FAMILIES = f"array{[family.value for family in Family]}"
WEIGHT_OF_A_LIVE_NOTE, WEIGHT_OF_A_FEN = 60, 5  # bits


def publish(conn: sa.Connection, spec: TableSpec, as_of: date, run_id: int) -> int:
    return _PUBLISHERS[spec.noun](conn, spec, as_of, run_id)


def quarantine(conn: sa.Connection, spec: TableSpec, run_id: int, lines: list[tuple[int, list[str], str]]) -> None:
    """Rows of (line, reasons, raw text)."""
    if lines:
        conn.execute(
            sa.insert(rejects),
            [
                {"run_id": run_id, "name": spec.name, "file": spec.file, "line": line, "reasons": reasons, "raw": raw}
                for line, reasons, raw in lines
            ],
        )


def filled(spec: TableSpec) -> dict[str, tuple[str, object]]:
    """Column of the book -> the column of the typed line that fills it, and what stands there when the line says nothing."""
    columns: dict[str, tuple[str, object]] = {}
    for name in spec.fields:
        if name in NOT_STORED:
            continue
        columns[COLUMN_OF.get(name, name)] = f"{'r' if spec.refers_by_id(name) else 'v'}_{name}", DEFAULTS.get(name)
        if NOUNS[spec.noun][name].shape is Shape.STAFF and spec.noun in HANDED_OVER:
            columns["manager_text"] = f"v_{name}", None
    return columns


def _columns(spec: TableSpec) -> dict[str, str]:
    """Book column -> SQL over the typed line."""
    columns = {name: _value(name, *said) for name, said in filled(spec).items()}
    if "overdue_days" in spec.fields:
        columns["overdue_since"] = "case when t.v_overdue_days > 0 then :as_of - t.v_overdue_days end"
    return columns


def _value(column: str, staged: str, default: object) -> str:
    value = f"t.{staged}{CAST.get(column, '')}"
    return value if default is None else f"coalesce({value}, '{default}')"


def _of_a_new_row(spec: TableSpec) -> dict[str, str]:
    return {"source": ":source"} | dict.fromkeys(SINCE[spec.noun], ":as_of")


def _unless_handed_over(columns: dict[str, str]) -> dict[str, str]:
    """A handover stands while the source goes on saying what it said before; a new word of the source ends it."""
    if "manager_text" not in columns:
        return columns
    stands = f"f.handover_id is not null and f.manager_text is not distinct from {columns['manager_text']}"
    return columns | {
        "manager_id": f"case when {stands} then f.manager_id else {columns['manager_id']} end",
        "handover_id": f"case when {stands} then f.handover_id end",
    }


def _changed(columns: dict[str, str], face: str) -> str:
    mine = ", ".join(f"{face}.{name}" for name in columns)
    theirs = ", ".join(columns.values())
    return f"({mine}) is distinct from ({theirs})"


def _update(conn: sa.Connection, spec: TableSpec, columns: dict[str, str], parameters: dict, also: str = "") -> int:
    """Bring changed rows to what their lines say; rows whose text alone changed only learn the new hash."""
    if spec.cold:
        return 0
    conn.execute(
        sa.text(f"""
            update {spec.noun} f set feed_hash = t.hash from {spec.stage}_fresh t
            where f.id = t.row_id and {FINE} and not ({_changed(columns, "f")})"""),
        parameters,
    )
    sets = ", ".join(f"{name} = {value}" for name, value in columns.items())
    return conn.execute(
        sa.text(f"""
            update {spec.noun} f set {sets}, feed_hash = t.hash {also} from {spec.stage}_fresh t
            where f.id = t.row_id and {FINE} and {_changed(columns, "f")}"""),
        parameters,
    ).rowcount


def _insert(conn: sa.Connection, spec: TableSpec, columns: dict[str, str], parameters: dict) -> int:
    columns = columns | {"feed_hash": "t.hash"}
    in_order = "" if spec.cold else "order by t.line"  # the same ids on every machine; a cold stage is read from its first line
    return conn.execute(
        sa.text(f"""
            insert into {spec.noun} ({", ".join(columns)}) select {", ".join(columns.values())}
            from {spec.stage}_fresh t where t.row_id is null and {FINE} {in_order}"""),
        parameters,
    ).rowcount


# --- The bank --------------------------------------------------------------------------------------------------------


def _branches(conn: sa.Connection, spec: TableSpec, as_of: date, run_id: int) -> int:
    columns = _columns(spec) | {"closed_on": "null::date"}  # handed down again: open again
    loaded = _update(conn, spec, _unless_by_hand(columns), {}) + _insert(conn, spec, columns, {})
    if "parent" in spec.fields:
        conn.exec_driver_sql(f"""
            update branches b set parent_id = coalesce(p.merged_into, p.id)
            from {spec.stage}_fresh t left join branches p on p.code = t.v_parent
            where b.code = t.v_code and b.parent_id is distinct from coalesce(p.merged_into, p.id)
              and coalesce(p.merged_into, p.id) is distinct from b.id and not 'parent_id' = any(b.kept) and {FINE}""")
    loaded += _close_gone(conn, spec, "closed_on", as_of)
    _forget_gone(conn, spec)
    organisation.grow(conn)
    return loaded


def _unless_by_hand(columns: dict[str, str]) -> dict[str, str]:
    """What people decided about a branch stands until they let the feed say it again."""
    decided = ("name", "closed_on")
    return columns | {
        name: f"case when '{name}' = any(f.kept) then f.{name} else {columns[name]} end" for name in decided if name in columns
    }


def branch_cycle(conn: sa.Connection) -> str | None:
    """The codes of a branch that stands above itself and of those between, or None."""
    return conn.exec_driver_sql("""
        with recursive up as (
            select id, parent_id, array[code] as path, false as cycle from branches
            union all
            select b.id, b.parent_id, u.path || b.code, b.code = any(u.path)
            from up u join branches b on b.id = u.parent_id where not u.cycle)
        select array_to_string(path, ' > ') from up where cycle order by cardinality(path) limit 1""").scalar()


def _staff(conn: sa.Connection, spec: TableSpec, as_of: date, run_id: int) -> int:
    columns = _columns(spec)
    # A number whose holder's name changes has a new holder: the old person left, visits keep the old name.
    conn.execute(
        sa.text(f"""
            update staff f set left_on = coalesce(left_on, :as_of), feed_hash = null from {spec.stage}_fresh t
            where f.id = t.row_id and {FINE} and f.name <> t.v_name"""),
        {"as_of": as_of},
    )
    conn.exec_driver_sql(f"""
        update {spec.stage}_fresh t set row_id = null from staff f
        where f.id = t.row_id and f.left_on is not null and f.feed_hash is null""")
    loaded = _update(conn, spec, columns, {})
    loaded += _insert(conn, spec, columns | {"joined_on": ":as_of"}, {"as_of": as_of})
    loaded += _close_gone(conn, spec, "left_on", as_of)
    _forget_gone(conn, spec)
    return loaded


def _close_gone(conn: sa.Connection, spec: TableSpec, ends: str, as_of: date) -> int:
    closed = conn.execute(
        sa.text(f"""
            update {spec.noun} f set {ends} = :as_of, feed_hash = null from {spec.stage}_gone g
            where g.row_id = f.id and f.{ends} is null"""),
        {"as_of": as_of},
    ).rowcount
    return _lines_of_gone(spec, closed)


def _lines_of_gone(spec: TableSpec, rows: int) -> int:
    """Of a delta a deleted row is a line that did something; a full snapshot has no line for it."""
    return 0 if spec.full else rows


def _forget_gone(conn: sa.Connection, spec: TableSpec) -> None:
    """A row that is no longer handed down has no line to be compared with."""
    conn.exec_driver_sql(f"update {spec.noun} f set feed_hash = null from {spec.stage}_gone g where g.row_id = f.id")


def _products(conn: sa.Connection, spec: TableSpec, as_of: date, run_id: int) -> int:
    columns = _columns(spec)
    guess = " ".join(f"when position(:word{i} in t.v_name) > 0 then :family{i}" for i in range(len(spec.families)))
    words = {f"word{i}": w for i, (w, _) in enumerate(spec.families)}
    words |= {f"family{i}": f for i, (_, f) in enumerate(spec.families)}
    family = f"case {guess} else 'other' end" if guess else "'other'"
    loaded = _update(conn, spec, columns, {})
    return loaded + _insert(conn, spec, columns | {"source": ":source", "family": family}, {"source": spec.source} | words)


def add_products(conn: sa.Connection, source: str, products: list[dict]) -> None:
    """Products that a mapping names because its source hands down no product file."""
    if products:
        conn.execute(
            sa.text("""
                insert into products (code, name, source, family, customer_kind)
                values (:code, :name, :source, :family, :customer_kind) on conflict (code) do nothing"""),
            [product | {"source": source} for product in products],
        )


# --- The book --------------------------------------------------------------------------------------------------------


def _customers(conn: sa.Connection, spec: TableSpec, as_of: date, run_id: int) -> int:
    columns = _columns(spec)
    loaded = _update(conn, spec, _unless_handed_over(columns), {})
    _touch(conn, spec)
    _forget_gone(conn, spec)
    return loaded + _insert(conn, spec, columns | _of_a_new_row(spec), {"source": spec.source, "as_of": as_of})


def _new_customers(conn: sa.Connection, spec: TableSpec, as_of: date) -> None:
    """A source that knows customers by identity number brings those that the book lacks."""
    if "new_customer_name" not in spec.fields:
        return
    phone = "t.v_new_customer_phone" if "new_customer_phone" in spec.fields else "null"
    manager = "t.r_manager, t.v_manager" if "manager" in spec.fields else "null::int, null"
    conn.execute(
        sa.text(f"""
            insert into customers
                (customer_no, source, name, kind, identity_no, phone, branch_id, manager_id, manager_text, created_on)
            select distinct on (t.v_customer) :source || '-' || t.v_customer, :source, t.v_new_customer_name,
                   case when t.v_customer ~ '^9[123]' and length(t.v_customer) = 18 then 'firm' else 'person' end,
                   t.v_customer, {phone}, t.r_branch, {manager}, :as_of
            from {spec.stage}_fresh t where t.r_customer is null and {FINE} order by t.v_customer, t.line
            on conflict (customer_no) do nothing"""),
        {"source": spec.source, "as_of": as_of},
    )
    conn.exec_driver_sql(f"""
        update {spec.stage}_new n set r_customer = c.id
        from {spec.stage}_fresh t join customers c on c.identity_hash = vigil_lookup(t.v_customer)
        where n.{"at" if spec.cold else "line"} = t.line and t.r_customer is null and {FINE}""")


def _loans(conn: sa.Connection, spec: TableSpec, as_of: date, run_id: int) -> int:
    _new_customers(conn, spec, as_of)
    columns = _columns(spec)
    new = columns | _of_a_new_row(spec)
    parameters = {"as_of": as_of, "source": spec.source}
    if spec.cold:
        loaded = _insert(conn, spec, new, parameters)
        _remember_source(conn, spec)
        return loaded
    changed = _unless_handed_over(columns)
    _keep_changing(conn, spec, changed, as_of, run_id)
    worse = "case when t.v_class::loan_class > f.class then :as_of else f.worsened_on end"
    loaded = _update(
        conn, spec, changed, parameters, also=f", changed_on = :as_of, absent_since = null, worsened_on = {worse}"
    ) + _insert(conn, spec, new, parameters)
    _resolve_managers(conn, spec)
    return loaded + _end_gone(conn, spec, as_of, run_id)


def _keep_changing(conn: sa.Connection, spec: TableSpec, columns: dict[str, str], as_of: date, run_id: int) -> None:
    _keep_history(
        conn, run_id, as_of, f"select row_id from {spec.stage}_fresh t join loans f on f.id = t.row_id"
        f" where {FINE} and {_changed(columns, 'f')}",
    )  # fmt: skip
    _remember(
        conn, f"select f.customer_id from {spec.stage}_fresh t join loans f on f.id = t.row_id where {FINE} "
        f"union all select t.r_customer from {spec.stage}_fresh t where {FINE}",
    )  # fmt: skip


def _keep_history(conn: sa.Connection, run_id: int, as_of: date, changing: str) -> None:
    """The state that is about to end, unless it began on this very date."""
    state = ", ".join(STATE_OF_A_LOAN)
    conn.execute(
        sa.text(f"""
            insert into loan_history (loan_id, customer_id, from_on, to_on, run_id, {state})
            select id, customer_id, changed_on, :as_of, :run, {state}
            from loans where id in ({changing}) and changed_on < :as_of
            on conflict do nothing"""),
        {"as_of": as_of, "run": run_id},
    )


def _resolve_managers(conn: sa.Connection, spec: TableSpec) -> None:
    """A name that nobody bore yesterday may have come with today's staff file."""
    conn.execute(
        sa.text("""
            update loans l set manager_id = s.id
            from (select staff_no as key, id from staff where left_on is null
                  union all
                  select name, min(id) from staff where left_on is null group by name having count(*) = 1) s
            where l.source = :source and l.live and l.manager_id is null and l.manager_text = s.key"""),
        {"source": spec.source},
    )


def _end_gone(conn: sa.Connection, spec: TableSpec, as_of: date, run_id: int) -> int:
    """A note missing from full snapshots for some days is settled, one deleted in a delta at once."""
    if spec.full:
        _note_absence(conn, spec, as_of)
        gone = f"""select id from loans where source = '{spec.source}' and live
            and absent_since <= date '{as_of}' - {spec.absent_days - 1}"""
    else:
        gone = f"select l.id from loans l join {spec.stage}_gone g on g.row_id = l.id where l.live"
    _keep_history(conn, run_id, as_of, gone)
    _remember(conn, f"select customer_id from loans where id in ({gone})")
    settled = conn.execute(
        sa.text(f"""
            update loans set status = 'settled', balance_fen = 0, changed_on = :as_of, feed_hash = null
            where id in ({gone})"""),
        {"as_of": as_of},
    ).rowcount
    return _lines_of_gone(spec, settled)


def _note_absence(conn: sa.Connection, spec: TableSpec, as_of: date) -> None:
    conn.exec_driver_sql(f"""
        update loans l set absent_since = null
        where l.live and l.absent_since is not null and l.source = '{spec.source}'
          and not exists (select from {spec.stage}_gone g where g.row_id = l.id)""")
    # In one statement, whoever was settled before too: asked for by themselves the planner takes them for none.
    conn.execute(
        sa.text(f"""
            update loans l set absent_since = case when l.live then :as_of else l.absent_since end,
                   feed_hash = case when l.live then l.feed_hash end
            from {spec.stage}_gone g where g.row_id = l.id and (l.absent_since is null or not l.live)"""),
        {"as_of": as_of},
    )


def _arrears(conn: sa.Connection, spec: TableSpec, as_of: date, run_id: int) -> int:
    columns = _columns(spec)
    sets = ", ".join(f"{c} = excluded.{c}" for c in columns if c != "loan_no")
    mine = ", ".join(f"arrears.{c}" for c in columns)
    theirs = ", ".join(f"excluded.{c}" for c in columns)
    loaded = conn.execute(
        sa.text(f"""
            insert into arrears (source, feed_hash, {", ".join(columns)})
            select :source, t.hash, {", ".join(columns.values())} from {spec.stage}_fresh t where {FINE}
            on conflict (source, loan_no) do update set feed_hash = excluded.feed_hash, {sets}
            where ({mine}) is distinct from ({theirs})"""),
        {"source": spec.source},
    ).rowcount
    paid = "not exists" if spec.full else "exists"
    gone = conn.execute(
        sa.text(f"""
            delete from arrears a where source = :source
            and {paid} (select from {spec.stage} s where s.v_loan_no = a.loan_no {"" if spec.full else "and s.gone"})"""),
        {"source": spec.source},
    ).rowcount
    _apply_arrears(conn, spec, as_of, run_id)
    return loaded + _lines_of_gone(spec, gone)


def _apply_arrears(conn: sa.Connection, spec: TableSpec, as_of: date, run_id: int) -> None:
    """What the notes owe, from the arrears table: the older of principal and interest counts."""
    conn.exec_driver_sql("drop table if exists pg_temp.owing")
    # On a bank's first day nothing was owed before, nothing can be other than it was, and everybody is looked at.
    owed_before = (
        ""
        if spec.first
        else """
        union select loan_no from loans where source = :source and live
        and (overdue_since is not null or principal_fen > 0 or interest_fen > 0)"""
    )
    conn.execute(
        sa.text(f"""
            create temporary table owing on commit drop as
            select l.id, coalesce(a.principal_fen, 0) as principal_fen, a.principal_since,
                   coalesce(a.interest_fen, 0) as interest_fen, a.interest_since,
                   least(a.principal_since, a.interest_since) as overdue_since
            from (select loan_no from arrears where source = :source {owed_before}) n
            join loans l on l.source = :source and l.loan_no = n.loan_no and l.live
            left join arrears a on a.source = :source and a.loan_no = n.loan_no
            where (l.principal_fen, l.principal_since, l.interest_fen, l.interest_since)
                  is distinct from (coalesce(a.principal_fen, 0), a.principal_since, coalesce(a.interest_fen, 0),
                                    a.interest_since)"""),
        {"source": spec.source},
    )
    if not spec.first:
        _keep_history(conn, run_id, as_of, "select id from owing")
        _remember(conn, "select l.customer_id from loans l join owing using (id)")
    conn.execute(
        sa.text("""
            update loans l set principal_fen = o.principal_fen, principal_since = o.principal_since,
                   interest_fen = o.interest_fen, interest_since = o.interest_since, overdue_since = o.overdue_since,
                   changed_on = :as_of
            from owing o where o.id = l.id"""),
        {"as_of": as_of},
    )


def _guarantors(conn: sa.Connection, spec: TableSpec, as_of: date, run_id: int) -> int:
    """The borrower comes with the note; the guarantor may be a customer too."""
    columns = _columns(spec) | {"loan_id": "t.r_loan_no", "customer_id": "t.r_borrower", "guarantor_id": "t.r_guarantor_no"}
    loaded = _update(conn, spec, columns, {}) + _insert(conn, spec, columns | {"source": ":source"}, {"source": spec.source})
    gone = conn.exec_driver_sql(f"delete from guarantors f using {spec.stage}_gone g where g.row_id = f.id").rowcount
    return loaded + _lines_of_gone(spec, gone)


_PUBLISHERS = {
    "branches": _branches,
    "staff": _staff,
    "products": _products,
    "customers": _customers,
    "loans": _loans,
    "arrears": _arrears,
    "guarantors": _guarantors,
}


def expect_changes(conn: sa.Connection) -> None:
    """Begin to collect the customers whose loans this load changes."""
    conn.exec_driver_sql("drop table if exists pg_temp.changed_customers")
    conn.exec_driver_sql("create temporary table changed_customers (customer_id bigint) on commit drop")


def _remember(conn: sa.Connection, query: str) -> None:
    conn.exec_driver_sql(f"insert into changed_customers {query}")


def _remember_source(conn: sa.Connection, spec: TableSpec) -> None:
    if not _knows_nobody(conn):
        _remember(conn, f"select customer_id from loans where source = '{spec.source}'")


def _knows_nobody(conn: sa.Connection) -> bool:
    """Then everybody's face is made, and nobody need be remembered."""
    return not _exists(conn, "from customer_faces")


def remember_products(conn: sa.Connection, product_ids: list[int]) -> None:
    """Customers with loans of these products are looked at anew."""
    if product_ids:
        _remember(conn, f"select distinct customer_id from loans where product_id in ({', '.join(map(str, product_ids))})")


def refresh_customers(conn: sa.Connection) -> None:
    """What follows from their loans, for the customers collected, or for everybody where nothing is known of anybody."""
    everybody = _knows_nobody(conn)
    conn.exec_driver_sql("analyze changed_customers")
    if everybody:  # sorted, millions of customers follow one another; by hashing, each note looks for its own
        conn.exec_driver_sql("set local enable_hashagg = off")
    of_whom = "" if everybody else "where l.customer_id in (select customer_id from changed_customers)"
    again = """
        on conflict (customer_id) do update set segment = excluded.segment, main_family = excluded.main_family,
            live_loans = excluded.live_loans, exposure_fen = excluded.exposure_fen,
            overdue_since = excluded.overdue_since, worst_class = excluded.worst_class, touched_at = excluded.touched_at"""
    conn.exec_driver_sql(f"""
        insert into customer_faces as f (customer_id, segment, main_family, live_loans, exposure_fen, overdue_since,
                                         worst_class, touched_at)
        with kinds as materialized (
            select id, family, array_position({FAMILIES}, family) as place,
                   family in ('business', 'small', 'trade', 'working') as for_business
            from products)
        select l.customer_id, case when firm.id is not null then 'firm' else l.segment end,
               ({FAMILIES})[l.weight & {(1 << WEIGHT_OF_A_FEN) - 1}], l.live_loans,
               coalesce(l.exposure_fen, 0), l.overdue_since, l.worst_class, now()
        from (select l.customer_id,
                     case when bool_or(l.agri and l.live) then 'farmer'
                          when bool_or(l.live and k.for_business) then 'business'
                          else 'consumer' end as segment,
                     max(l.live::int::bigint << {WEIGHT_OF_A_LIVE_NOTE} | l.balance_fen << {WEIGHT_OF_A_FEN} | k.place) as weight,
                     count(*) filter (where l.live) as live_loans, sum(l.balance_fen) filter (where l.live) as exposure_fen,
                     min(l.overdue_since) filter (where l.live) as overdue_since, max(l.class) filter (where l.live) as worst_class
              from loans l join kinds k on k.id = l.product_id
              {of_whom}
              group by l.customer_id) l
        left join (select id from customers where kind = 'firm') firm on firm.id = l.customer_id {"" if everybody else again}""")


def _touch(conn: sa.Connection, spec: TableSpec) -> None:
    """Customers whose own line changed must be looked at tonight (their manager or branch may be another)."""
    conn.exec_driver_sql(f"""
        update customer_faces f set touched_at = now() from {spec.stage}_fresh t
        where t.row_id = f.customer_id and {FINE}""")


def is_new(conn: sa.Connection, spec: TableSpec) -> bool:
    """The book has nothing of this noun by this source: each line is a new row, with nothing to be compared with."""
    return spec.noun in FILLED_BY and (spec.first or not _exists(conn, f"from {spec.noun} where source = '{spec.source}'"))


def to_undress(conn: sa.Connection, noun: str) -> list[str]:
    """Of a noun of which the book has nothing, the tables that its lines fill."""
    return FILLED_BY[noun] if noun in FILLED_BY and not _exists(conn, f"from {noun}") else []


def _exists(conn: sa.Connection, rows: str) -> bool:
    return conn.exec_driver_sql(f"select exists (select {rows})").scalar_one()


# The tables that lines of a noun fill, of those that may be filled in bulk.
FILLED_BY = {"customers": ["customers"], "loans": ["loans", "customer_faces"], "guarantors": ["guarantors"]}
