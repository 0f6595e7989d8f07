"""From text fields to typed columns, with every reason why a line cannot be used.

Dates are few and repeat: each distinct text is read once, outside, and joined. Amounts are checked by character
class before they are cast, because a failed cast would end the whole load (and PostgreSQL 15 cannot ask first).
"""

from collections.abc import Callable
from datetime import date

import sqlalchemy as sa

from db.loading.spec import Source, TableSpec
from db.loading.staging import literal
from db.nouns import Shape

ReadDate = Callable[[str], tuple[bool, date | None]]
LARGEST = 10**16  # fen; more is a typing error, and would not fit


def create(conn: sa.Connection, spec: TableSpec, read_date: ReadDate, tolerance: float) -> None:
    """`_typed`: line, raw, hash, row_id, one column a field, and `reasons` (empty when the line is fine)."""
    _create_dates(conn, spec, read_date)
    selected = ", ".join(_columns(spec, name, source) for name, source in spec.fields.items())
    joins = "\n".join(_join(spec, name, source) for name, source in spec.fields.items())
    reasons = ", ".join(
        reason for name, source in spec.fields.items() for reason in _reasons_of_a_field(name, source)
    )
    conn.exec_driver_sql(f"""
        create unlogged table {spec.stage}_values as
        select s.line, s.raw, s.hash, s.row_id, s.twin, cardinality(s.f) as width, {selected},
               case when cardinality(s.f) = {spec.width} then array_remove(array[{reasons}]::text[], null) end as faults
        from (select line, raw, hash, row_id, twin, string_to_array(raw, {literal(spec.separator)}) as f
              from {spec.stage}_fresh offset 0) s
        {joins}""")
    conn.exec_driver_sql(f"""
        create unlogged table {spec.stage}_typed as
        select *, array_remove(
            coalesce(faults, array['wrong_field_count']) || array[{_reasons_of_a_row(spec, tolerance)}]::text[], null
        ) as reasons from {spec.stage}_values""")
    conn.exec_driver_sql(f"drop table {spec.stage}_values")
    conn.exec_driver_sql(f"analyze {spec.stage}_typed")


def column(field: str) -> str:
    return f"v_{field}"


def _text(source: Source) -> str:
    return f"nullif(btrim(s.f[{source.position}]), '')"


def _columns(spec: TableSpec, name: str, source: Source) -> str:
    if source.field.shape is Shape.STAFF:
        return f"coalesce(r_{name}.id, n_{name}.id) as {column(name)}, {_text(source)} as {column(name)}_text"
    return f"{_value(name, source)} as {column(name)}"


def _value(name: str, source: Source) -> str:
    text = _text(source)
    match source.field.shape:
        case Shape.MONEY:
            return f"case when {_is_number(text)} then ({text}::numeric * {round(100 * source.unit)})::bigint end"
        case Shape.NUMBER:
            return f"case when {_is_number(text)} then {text}::numeric end"
        case Shape.INTEGER:
            return f"case when {_is_number(text)} and length({text}) < 9 then {text}::numeric::int end"
        case Shape.CODE | Shape.FLAG:
            return _decoded(source)
        case Shape.DATE:
            return f"d_{name}.day"
        case Shape.BRANCH | Shape.PRODUCT | Shape.CUSTOMER:
            return f"r_{name}.id"
    return text


def _is_number(text: str) -> str:
    digits = f"case when left({text}, 1) in ('-', '+') then substr({text}, 2) else {text} end"
    return f"(translate({digits}, '0123456789', '') in ('', '.') and length({digits}) < 20 and {digits} not in ('', '.'))"


def _decoded(source: Source) -> str:
    kind = "boolean" if source.field.shape is Shape.FLAG else "text"
    cases = " ".join(
        f"when {literal(text)} then {str(word).lower() if kind == 'boolean' else literal(str(word))}"
        for text, word in source.codes.items()
    )
    return f"(case {_text(source)} {cases} end)::{kind}"


def _join(spec: TableSpec, name: str, source: Source) -> str:
    text = _text(source)
    match source.field.shape:
        case Shape.DATE:
            return f"left join {spec.stage}_dates d_{name} on d_{name}.text = {text}"
        case Shape.BRANCH:
            return f"left join branches r_{name} on r_{name}.code = {text}"
        case Shape.PRODUCT:
            by = "name" if source.by == "name" else "code"
            return f"left join (select {by} as key, min(id) as id from products group by 1) r_{name} on r_{name}.key = {text}"
        case Shape.CUSTOMER if source.by == "identity":
            return (
                f"left join (select identity_hash, min(id) as id from customers group by 1) r_{name} "
                f"on r_{name}.identity_hash = vigil_lookup({text})"
            )
        case Shape.CUSTOMER:
            return f"left join customers r_{name} on r_{name}.customer_no = {text}"
        case Shape.STAFF:  # a number; else a name that exactly one present member of staff bears
            return (
                f"left join staff r_{name} on r_{name}.staff_no = {text} and r_{name}.left_on is null "
                f"left join (select name, min(id) as id from staff where left_on is null group by name "
                f"having count(*) = 1) n_{name} on n_{name}.name = {text}"
            )
    return ""


def _reasons_of_a_field(name: str, source: Source) -> list[str]:
    text, shape = _text(source), source.field.shape
    reasons = []
    if source.field.required:
        empty = f"{text} is null" if shape is not Shape.DATE else f"({text} is null or d_{name}.fine and d_{name}.day is null)"
        reasons.append(f"case when {empty} then 'missing:{name}' end")
    if shape in (Shape.MONEY, Shape.NUMBER):
        reasons.append(f"case when {text} is not null and not {_is_number(text)} then 'not_a_number:{name}' end")
    if shape is Shape.INTEGER:
        wrong = f"not ({_is_number(text)} and length({text}) < 9)"
        reasons.append(f"case when {text} is not null and {wrong} then 'not_a_number:{name}' end")
    if shape is Shape.DATE:
        reasons.append(f"case when {text} is not null and not coalesce(d_{name}.fine, false) then 'no_such_date:{name}' end")
    if shape is Shape.CODE:
        reasons.append(f"case when {text} is not null and {_decoded(source)} is null then 'unknown_{name}' end")
    if shape in (Shape.BRANCH, Shape.PRODUCT) or shape is Shape.CUSTOMER and source.by != "identity":
        reasons.append(f"case when {text} is not null and r_{name}.id is null then 'unknown_{name}' end")
    return reasons


def _reasons_of_a_row(spec: TableSpec, tolerance: float) -> str:
    reasons = ["case when twin then 'duplicate_key' end", "case when raw like '%%\ufffd%%' then 'unreadable_text' end"]
    if spec.noun == "loans":
        reasons += [
            "case when v_balance < 0 then 'negative_balance' end",
            "case when v_amount < 0 then 'negative_amount' end",
            f"case when v_balance > v_amount * {1 + tolerance}::numeric then 'balance_above_amount' end",
            f"case when v_amount >= {LARGEST} then 'amount_too_large' end",
            "case when v_matures_on < v_disbursed_on then 'matures_before_disbursed' end",
        ]
        if "new_customer_name" in spec.fields:
            reasons.append("case when v_customer is null and v_new_customer_name is null then 'unknown_customer' end")
    return ", ".join(reasons)


def _create_dates(conn: sa.Connection, spec: TableSpec, read_date: ReadDate) -> None:
    positions = [s.position for s in spec.fields.values() if s.field.shape is Shape.DATE]
    conn.exec_driver_sql(f"create unlogged table {spec.stage}_dates (text text primary key, day date, fine boolean)")
    if not positions:
        return
    parts = " union ".join(
        f"select distinct btrim(split_part(raw, {literal(spec.separator)}, {p})) from {spec.stage}_fresh" for p in positions
    )
    texts = conn.exec_driver_sql(parts).scalars()
    rows = [(text, *reversed(read_date(text))) for text in texts if text]
    if rows:
        conn.execute(
            sa.text(f"insert into {spec.stage}_dates values (:text, :day, :fine)"),
            [{"text": text, "day": day, "fine": fine} for text, day, fine in rows],
        )
    conn.exec_driver_sql(f"analyze {spec.stage}_dates")
