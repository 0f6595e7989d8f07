"""What people are told of: written with what it tells of, counted by the bell, read by whom it is for.

Whoever inserts a notice makes its dispatches too, one for each channel that the person has chosen. People write for
others through one function of the machine's, `vigil_tell`; the night tells everybody at once.
"""

from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from db.tables import notices
from db.vocab import News, Role

n = notices.c


def _telling(rows: str, now: str) -> str:
    """`rows` give staff_id, why, about, parts, same, urgent, until_at. Only who can sign in is told. Told once more, a
    notice is brought up to date and goes out no second time. Who has a daily digest is not pushed the night as well.
    """
    return f"""
        with told as (
            insert into notices as n (staff_id, why, about, parts, same, urgent, until_at, created_at)
            select r.staff_id, r.why, r.about, r.parts, r.same, r.urgent, r.until_at, {now} from ({rows}) r
            join accounts a on a.staff_id = r.staff_id and a.disabled_at is null
            on conflict (staff_id, same) do update set parts = n.parts || excluded.parts
                where n.parts || excluded.parts is distinct from n.parts
            returning id, staff_id, why
        )
        insert into dispatches (notice_id, staff_id, channel, not_before)
        select t.id, t.staff_id, c.channel, {now}
        from told t join preferences p on p.staff_id = t.staff_id
        cross join lateral jsonb_array_elements_text(
            case jsonb_typeof(p.wishes -> 'channels') when 'array' then p.wishes -> 'channels' else '[]' end) c(channel)
        where t.why <> 'night' or p.wishes ->> 'digest' = 'off'
        on conflict do nothing"""


# Names and free texts cannot be told this way: only who, why, a page of ours, and numbers.
SIGNATURE = "vigil_tell(int[], text, text, jsonb, text, boolean, timestamptz)"
_TOLD = """
    select unnest(to_whom) as staff_id, what_for as why, leads_to as about, told_parts as parts,
           coalesce(the_same, what_for || ':' || pg_current_xact_id()) as same, is_urgent as urgent, null::timestamptz as until_at"""
TELL = f"""
create or replace function vigil_tell(to_whom int[], what_for text, leads_to text, told_parts jsonb, the_same text,
                                      is_urgent boolean, at_moment timestamptz) returns void
language sql security definer set search_path = public, pg_temp as $$ {_telling(_TOLD, "at_moment")} $$"""


def tell(conn: sa.Connection, to: Sequence[int], why: News, about: str, parts: dict, *, now: datetime, same: str | None = None,
         urgent: bool = False) -> None:  # fmt: skip
    """Tell some people something that the acting person did. `same` None: of this very act."""
    conn.execute(
        select(
            func.vigil_tell(
                sa.cast(list(to), ARRAY(sa.Integer)), why.value, about, sa.cast(parts, JSONB), same, urgent, sa.cast(now, n.created_at.type)
            )
        )
    )  # fmt: skip


# --- At night ---------------------------------------------------------------------------------------------------------


def tell_of_todos(conn: sa.Connection, day: date, morning: date, until: datetime, now: datetime) -> None:
    """Each officer once: what the night of `day` asked of him or handed to him, what falls due and becomes late in the
    morning. In the night's own transaction: whose todos have changed hands stands in the trail of it."""
    conn.execute(
        sa.text(
            _telling(
                """
                select staff_id, 'night' as why, 'today' as about,
                       jsonb_strip_nulls(jsonb_build_object('new', nullif(sum(new), 0), 'moved', nullif(sum(moved), 0),
                           'due', nullif(sum(due), 0), 'became_late', nullif(sum(late), 0))) as parts,
                       'night:' || cast(:day as text) as same, false as urgent, cast(:until as timestamptz) as until_at
                from (
                    select assignee_id as staff_id, count(*) filter (where created_on = :day) as new, 0 as moved,
                           count(*) filter (where due_on = :morning) as due, count(*) filter (where late_from = :morning) as late
                    from todos where closed_on is null and assignee_id is not null
                      and (created_on = :day or due_on = :morning or late_from = :morning) group by assignee_id
                    union all
                    select (after ->> 'assignee_id')::int, 0, count(*), 0, 0 from audit
                    where at >= now() and xid = pg_current_xact_id()::text::bigint and noun = 'todos' and op = 'update'
                      and after ? 'assignee_id' group by 1
                ) counted group by staff_id""",
                "cast(:now as timestamptz)",
            )
        ),
        {"day": day, "morning": morning, "until": until, "now": now},
    )


def tell_of_signals(conn: sa.Connection, day: date, now: datetime) -> None:
    """Raised that night, or found worse: to whoever is to act, to the heads of the branch when it is orange or worse or
    nobody's, to head office risk when it is red."""
    conn.execute(
        sa.text(
            _telling(
                """
                select staff_id, 'signals' as why, 'signals' as about,
                       jsonb_strip_nulls(jsonb_build_object(
                           'red', nullif(count(*) filter (where level = 'red'), 0),
                           'orange', nullif(count(*) filter (where level = 'orange'), 0),
                           'yellow', nullif(count(*) filter (where level = 'yellow'), 0),
                           'blue', nullif(count(*) filter (where level = 'blue'), 0))) as parts,
                       'signals:' || cast(:day as text) as same, bool_or(level >= 'orange') as urgent, null::timestamptz as until_at
                from (
                    select owner_id as staff_id, id, level from signals
                    where level_on = :day and closed_on is null and owner_id is not null
                    union select r.staff_id, s.id, s.level from signals s
                    join branch_tree t on t.branch_id = s.branch_id
                    join staff_roles r on r.branch_id = t.ancestor_id and r.role = 'branch_head' and r.valid_from <= vigil_today()
                        and (r.valid_to is null or r.valid_to > vigil_today())
                    where s.level_on = :day and s.closed_on is null and (s.level >= 'orange' or s.owner_id is null)
                    union select r.staff_id, s.id, s.level from signals s
                    join staff_roles r on r.role = 'head_risk' and r.valid_from <= vigil_today()
                        and (r.valid_to is null or r.valid_to > vigil_today())
                    where s.level_on = :day and s.closed_on is null and s.level = 'red'
                ) told group by staff_id""",
                "cast(:now as timestamptz)",
            )
        ),
        {"day": day, "now": now},
    )


# --- In the morning ---------------------------------------------------------------------------------------------------

DIGESTED = (Role.MANAGER, Role.INSPECTOR, Role.BRANCH_HEAD)


def tell_the_day(conn: sa.Connection, today: date, week_end: date, hour: int, usual: int, until: datetime, now: datetime) -> None:
    """The digest of everybody whose hour has come and who has none yet today: an officer's own work, a head's branch.
    `usual`: the hour of those who wish no other."""
    conn.execute(
        sa.text(
            _telling(
                """
                with due as (
                    select r.staff_id, r.role, r.branch_id from staff_roles r left join preferences p on p.staff_id = r.staff_id
                    where r.role = any(:roles) and r.valid_from <= :today and (r.valid_to is null or r.valid_to > :today)
                      and case when p.wishes ->> 'digest' = 'off' then false
                               else coalesce(p.wishes ->> 'digest', cast(:usual as text))::int <= :hour end
                      and not exists (select from notices n where n.staff_id = r.staff_id and n.same = 'digest:' || cast(:today as text))
                ), theirs as (
                    select d.staff_id, t.due_on, t.late_from, 0 as signal from due d
                    join todos t on t.assignee_id = d.staff_id and t.closed_on is null where d.role <> 'branch_head'
                    union all select d.staff_id, t.due_on, t.late_from, 0 from due d join branch_tree b on b.ancestor_id = d.branch_id
                    join todos t on t.branch_id = b.branch_id and t.closed_on is null where d.role = 'branch_head'
                    union all select d.staff_id, null, null, 1 from due d
                    join signals s on s.owner_id = d.staff_id and s.closed_on is null where d.role <> 'branch_head'
                    union all select d.staff_id, null, null, 1 from due d join branch_tree b on b.ancestor_id = d.branch_id
                    join signals s on s.branch_id = b.branch_id and s.closed_on is null where d.role = 'branch_head'
                ), counted as (
                    select staff_id, count(*) filter (where late_from > :today and due_on <= :today) as due,
                           count(*) filter (where late_from <= :today) as late,
                           count(*) filter (where due_on > :today and due_on <= :week_end) as week, sum(signal) as signals
                    from theirs group by staff_id
                )
                select c.staff_id, 'digest' as why, case d.role when 'branch_head' then 'dashboard' else 'today' end as about,
                       jsonb_build_object('due', c.due, 'late', c.late, 'week', c.week, 'signals', c.signals) as parts,
                       'digest:' || cast(:today as text) as same, false as urgent, cast(:until as timestamptz) as until_at
                from counted c join due d using (staff_id) where c.due + c.late + c.week + c.signals > 0""",
                "cast(:now as timestamptz)",
            )
        ),
        {"today": today, "week_end": week_end, "hour": hour, "usual": usual, "until": until, "now": now,
         "roles": [role.value for role in DIGESTED]},
    )  # fmt: skip


# --- The bell ---------------------------------------------------------------------------------------------------------


def unread(conn: sa.Connection, staff_id: int) -> int:
    return conn.execute(select(func.count()).where(n.staff_id == staff_id, n.read_at.is_(None))).scalar_one()


def of_person(conn: sa.Connection, staff_id: int, limit: int = 100) -> list[sa.Row]:
    """What somebody was told, latest first."""
    return conn.execute(select(notices).where(n.staff_id == staff_id).order_by(n.id.desc()).limit(limit)).all()


def mark_read(conn: sa.Connection, staff_id: int, notice_id: int | None, now: datetime) -> int:
    """One of them, or (None) all. How many were unread."""
    query = sa.update(notices).where(n.staff_id == staff_id, n.read_at.is_(None))
    return conn.execute((query if notice_id is None else query.where(n.id == notice_id)).values(read_at=now)).rowcount


def forget(conn: sa.Connection, before: datetime) -> int:
    """Old ones go, with their dispatches."""
    return conn.execute(sa.delete(notices).where(n.created_at < before)).rowcount
