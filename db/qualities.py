"""What is pointed out about the quality of checks: reckoned over all that have just come, in a few statements."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import select

from db.tables import qualities

q = qualities.c
NEAREST = 20  # earlier texts that one is compared with: the latest of those that may be the same

# What somebody wrote himself: the remark, words on what is abnormal, free text among the answers. Names and numbers are none.
_WORDS = r"""
    concat_ws(E'\n', nullif(r.note, ''),
        (select string_agg(w.value, E'\n' order by w.key)
         from jsonb_each_text(case when jsonb_typeof(r.answers -> 'words') = 'object' then r.answers -> 'words' end) w),
        (select string_agg(a.value #>> '{}', E'\n' order by a.key) from jsonb_each(r.answers) a
         where jsonb_typeof(a.value) = 'string' and a.value #>> '{}' ~ '[^\x01-\x7f]{8}'))"""

_UNJUDGED = f"""
    select r.id, r.customer_id, r.staff_id, case when r.outcome = 'completed' then {_WORDS} end as words
    from records r
    where r.id > greatest(:after, coalesce((select record_id from qualities where judged_at < :settled order by record_id desc limit 1), 0))
      and not exists (select from qualities j where j.record_id = r.id and j.customer_id = r.customer_id)
    order by r.id limit :most"""

_OF_ITSELF = f"""
    with fresh as materialized (
        select r.id, r.customer_id, r.mode, r.outcome, r.conclusion, r.form_code, r.done_on, r.answers - 'words' as answers,
               extract(epoch from r.finished_at - r.started_at) / 60 as minutes,
               extract(epoch from r.received_at - r.finished_at) / 3600 as hours,
               char_length(regexp_replace({_WORDS}, '\\s', '', 'g')) as chars,
               case r.conclusion when 'normal' then :short_normal_chars else :short_chars end as least,
               (select count(*) from jsonb_each(r.answers) where jsonb_typeof(value) = 'number') as figures
        from records r where r.id = any(:ids)
    )
    select f.id, f.customer_id, jsonb_strip_nulls(jsonb_build_object(
        'short', case when f.outcome = 'completed' and f.chars < f.least then jsonb_build_object('found', f.chars, 'limit', f.least) end,
        'quick', case when f.mode = 'field' and f.outcome = 'completed' and f.minutes < :quick_minutes
                      then jsonb_build_object('found', round(greatest(f.minutes, 0), 1), 'limit', :quick_minutes) end,
        'late', case when :late_hours > 0 and f.hours > :late_hours
                     then jsonb_build_object('found', round(f.hours), 'limit', :late_hours) end,
        'same', case when last.answers = f.answers then jsonb_build_object('found', f.figures, 'twin', last.id) end))
    from fresh f left join lateral (
        select e.id, e.answers - 'words' as answers from records e
        where e.customer_id = f.customer_id and e.mode = f.mode and e.form_code = f.form_code and e.outcome = 'completed'
          and (e.done_on, e.id) < (f.done_on, f.id)
        order by e.done_on desc, e.id desc limit 1
    ) last on f.outcome = 'completed' and f.figures >= :same_figures"""

# Those that came before on the same day are looked at again: the tenth visit of an hour tells of all ten.
_CROWDED = """
    with days as (select distinct staff_id, done_on from records where id = any(:ids) and mode = 'field'),
    visits as (
        select id, customer_id, staff_id, finished_at, count(*) over (
            partition by staff_id order by finished_at range between interval '1 hour' preceding and current row) as n
        from records join days using (staff_id, done_on) where mode = 'field' and outcome = 'completed'
    ), hours as (
        select id, customer_id, max(n) over (
            partition by staff_id order by finished_at range between current row and interval '1 hour' following) as n
        from visits
    )
    select id, customer_id, jsonb_build_object('crowded', jsonb_build_object('found', n, 'limit', :an_hour))
    from hours where n >= :an_hour and :an_hour > 0"""

# A difference, because no index of numbers should be asked: of the few that have a band in common half are earlier.
_ALIKE = """
    select j.record_id, j.customer_id, e.record_id as earlier_id from qualities j cross join lateral (
        select e.record_id from qualities e
        where e.bands && j.bands and e.record_id - j.record_id < 0 and e.done_on >= j.done_on - cast(:days as int)
          and (e.staff_id = j.staff_id or e.customer_id = j.customer_id)
        order by e.done_on desc, e.record_id desc limit :nearest
    ) e
    where j.record_id = any(:ids) and j.bands is not null"""


def of_record(conn: sa.Connection, record_id: int) -> sa.Row | None:
    return conn.execute(select(qualities).where(q.record_id == record_id)).one_or_none()


def words_of(conn: sa.Connection, record_ids: Sequence[int]) -> dict[int, str]:
    """What was written by hand in these checks, as far as they may be seen."""
    found = conn.execute(
        sa.text(f"select r.id, {_WORDS} as words from records r where r.id = any(:ids)"), {"ids": list(record_ids)}
    )
    return {row.id: row.words for row in found}


def unjudged(conn: sa.Connection, after: int, settled: datetime, most: int) -> list[sa.Row]:
    """Checks that nobody has looked at, in the order of their numbers. `settled`: what was judged before this moment is no longer
    overtaken by a check with a smaller number, so that not every run goes over the whole past."""
    return conn.execute(sa.text(_UNJUDGED), {"after": after, "settled": settled, "most": most}).all()


def add(conn: sa.Connection, bands: Mapping[int, list[int] | None], now: datetime) -> None:
    """These checks, by their numbers, with what is kept of their words; nothing is pointed out yet."""
    statement = """
        insert into qualities (record_id, customer_id, branch_id, staff_id, done_on, bands, judged_at)
        select r.id, r.customer_id, r.branch_id, r.staff_id, r.done_on, x.bands, :now
        from jsonb_to_recordset(cast(:rows as jsonb)) as x(id bigint, bands int[]) join records r on r.id = x.id
        on conflict do nothing"""
    rows = [{"id": record_id, "bands": found} for record_id, found in bands.items()]
    conn.execute(sa.text(statement), {"rows": json.dumps(rows), "now": now})


def measure(conn: sa.Connection, record_ids: list[int], limits: Mapping[str, float]) -> None:
    """Point out what a check shows by itself, beside the one before, and among those of the hour."""
    for found in (_OF_ITSELF, _CROWDED):
        _point_out(conn, found, {"ids": record_ids, **limits})


def alike(conn: sa.Connection, record_ids: list[int], days: int) -> list[sa.Row]:
    """Which earlier checks of the same officer or customer may have the same words: record_id, customer_id, earlier_id."""
    return conn.execute(sa.text(_ALIKE), {"ids": record_ids, "days": days, "nearest": NEAREST}).all()


def point_out(conn: sa.Connection, rows: list[dict]) -> None:
    """`rows`: record_id, customer_id, found (by flag, what was found)."""
    listed = "select * from jsonb_to_recordset(cast(:rows as jsonb)) as x(record_id bigint, customer_id bigint, found jsonb)"
    _point_out(conn, listed, {"rows": json.dumps(rows)})


def _point_out(conn: sa.Connection, found: str, given: dict) -> None:
    """`found`: a query of record, customer and what was found."""
    statement = f"""
        update qualities j set measures = j.measures || f.found, flags = array(select jsonb_object_keys(j.measures || f.found))
        from ({found}) f (record_id, customer_id, found)
        where j.record_id = f.record_id and j.customer_id = f.customer_id and not j.measures @> f.found"""
    conn.execute(sa.text(statement), given)
