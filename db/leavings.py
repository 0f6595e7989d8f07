"""What a leaver had begun: checks half filled in, whose words the receivers may go on with.

A draft belongs to its author: his position, track, calls and photos are evidence of where he was, and stay with it. Its answers
and notes are copied into a draft of the receiver's own. People cannot see each other's drafts, so functions of the machine's
count and copy them.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import func, select

_BEGUN = "d.counter > 0 and d.content <> '{}'"
_MINE = "(h.made_by = vigil_me() or vigil_role() = 'machine')"
_WORDS = "array['answers', 'words', 'note', 'leads']"  # of a draft; everything else is evidence of its author

_COUNT = """
create or replace function vigil_begun_by(giver int) returns table (customer_id bigint, drafts int, photos int)
language sql stable security definer set search_path = public, pg_temp as $$
    select d.customer_id, count(*)::int, coalesce(sum(u.n), 0)::int from drafts d
    left join lateral (select count(*) as n from uploads where submit_key = d.submit_key and sha256 is not null) u on true
    where d.staff_id = giver and {begun}
      and (vigil_role() = 'machine' or d.customer_id in (select id from customers where {seen}))
    group by 1
$$"""
_COPY = f"""
create or replace function vigil_hand_on_drafts(handover int, at_moment timestamptz) returns bigint
language sql security definer set search_path = public, pg_temp as $$
    with given as (
        insert into drafts (staff_id, customer_id, form_key, submit_key, form_code, form_version, kind, mode, branch_id, loan_ids,
                            todo_ids, place, counter, content, opened_at, saved_at, begun_by, handover_id)
        select p.to_id, d.customer_id, d.form_key, gen_random_uuid(), d.form_code, d.form_version, d.kind, d.mode, d.branch_id,
               d.loan_ids, d.todo_ids, d.place - array['fix_at', 'fix_seen'], 1,
               '{{"step": 0, "words": {{}}, "photos": [], "calls": [], "leads": []}}'::jsonb
                   || (select coalesce(jsonb_object_agg(key, value), '{{}}') from jsonb_each(d.content) where key = any({_WORDS})),
               at_moment, at_moment, d.staff_id, h.id
        from handovers h join handover_parts p on p.handover_id = h.id
        join drafts d on d.staff_id = h.from_id and d.customer_id = p.customer_id
        where h.id = handover and h.state = 'done' and {_MINE} and {_BEGUN}
        on conflict (staff_id, customer_id, form_key) do nothing  -- whoever has begun himself goes on with his own
        returning 1)
    select count(*) from given
$$"""
_TAKE_BACK = f"""
create or replace function vigil_take_back_drafts(handover int) returns bigint
language sql security definer set search_path = public, pg_temp as $$
    with untouched as (
        delete from drafts d using handovers h
        where h.id = handover and d.handover_id = h.id and h.state = 'returned' and d.counter = 1 and d.saved_at = h.done_at
          and (h.ended_by = vigil_me() or vigil_role() = 'machine' or {_MINE})
          and not exists (select from uploads u where u.submit_key = d.submit_key)
        returning 1)
    select count(*) from untouched
$$"""


def functions(seen: str) -> dict[str, str]:
    """Signature -> statement. `seen`: whether the acting person sees a row of customers."""
    return {
        "vigil_begun_by(int)": _COUNT.format(begun=_BEGUN, seen=seen),
        "vigil_hand_on_drafts(int, timestamptz)": _COPY,
        "vigil_take_back_drafts(int)": _TAKE_BACK,
    }


def begun_by(conn: sa.Connection, staff_id: int) -> list[sa.Row]:
    """For each customer that may be seen: drafts that this person has begun, and photos in them."""
    return conn.execute(sa.text("select customer_id, drafts, photos from vigil_begun_by(:id)"), {"id": staff_id}).all()


def hand_on(conn: sa.Connection, handover_id: int, now: datetime) -> int:
    """Give the words of the giver's drafts to whom their customers went. How many."""
    return conn.execute(select(func.vigil_hand_on_drafts(handover_id, now))).scalar_one()


def take_back(conn: sa.Connection, handover_id: int) -> int:
    """Drafts that nobody has gone on with since go again. How many."""
    return conn.execute(select(func.vigil_take_back_drafts(handover_id))).scalar_one()
