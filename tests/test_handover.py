"""Somebody leaves, is ill or is moved: his customers, loans, todos and signals go to colleagues, and come back exactly."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from db import access, audit, handovers, leavings, staff
from db.access import MACHINE, Person
from db.settings import ROOT
from db.vocab import Conclusion, HandoverState, Held, Kind, Mode, Outcome
from engine import absences, acts, checks, faults, handover, night, refusals, todos
from engine.__main__ import main
from engine.feed import load
from engine.handover import Plan, splitting
from engine.handover.splitting import Lot
from engine.route.travel import Point
from pages.parts import handover_map
from tests import village_bank
from tests.bank import TODAY
from tests.conftest import ask, cloned, person, write

NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
TODAYS = TODAY + timedelta(days=1)  # on the wall; the night of TODAY has been
WHY = "调岗"
HELD = {
    "customers": "select id, manager_id, inspector_id, handover_id, manager_text, feed_hash from customers",
    "loans": "select id, manager_id, handover_id, manager_text, changed_on, feed_hash from loans",
    "todos": "select id, assignee_id, pinned, state, started_at, due_on, late_from, closed_on, closed_by from todos",
    "signals": "select id, owner_id, state, taken_by, taken_at, closed_on from signals",
}


@pytest.fixture(scope="module")
def template(administrator, templates, tmp_path_factory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIGIL_TODAY", str(TODAYS))
        name = templates["empty"].replace("empty", "village")
        with village_bank.template(administrator, templates, tmp_path_factory, name) as made:
            yield made


@pytest.fixture
def bank(administrator, template, monkeypatch) -> Iterator[str]:
    monkeypatch.setenv("VIGIL_TODAY", str(TODAYS))
    yield from cloned(administrator, template)


def ids(*numbers: str) -> list[int]:
    with access.reading(MACHINE) as conn:
        return [staff.bearer(conn, number).id for number in numbers]


def book() -> dict[str, dict]:
    """Who holds what, row by row."""
    with access.reading(MACHINE) as conn:
        return {name: {row[0]: tuple(row[1:]) for row in conn.execute(sa.text(query))} for name, query in HELD.items()}


def look(by: Person, giver: str, *to: str, chosen=None):
    with access.reading(by) as conn:
        return handover.look(conn, by, *ids(giver), ids(*to), chosen, today=TODAYS)


def plan(preview, **changes) -> Plan:
    as_seen = {"from_id": preview.from_id, "parts": preview.proposed, "reason": WHY * 2, "from_on": TODAYS, "seen": preview.version}
    return Plan(**(as_seen | changes))


def hand_over(by: Person, wanted: Plan, say=lambda *_: None):
    with acts.act(by, "handover.make") as conn:
        return handover.hand_over(conn, by, wanted, now=NOW, today=TODAYS, say=say)


def undo(by: Person, handover_id: int):
    with acts.act(by, "handover.make") as conn:
        return handover.undo(conn, by, handover_id, now=NOW)


def state(handover_id: int) -> sa.Row:
    with access.reading(MACHINE) as conn:
        return handovers.get(conn, handover_id)


# --- Everything, to several, and back ---------------------------------------------------------------------------------


def test_all_of_li_qiangs_work_goes_to_two_colleagues_and_nothing_stays(bank):
    sun, (li, guo, deng) = person("801"), ids("802", "807", "808")
    seen = look(sun, "802", "807", "808")
    before = seen.before[li]
    assert before.customers > 60 and before.open > 20 and before.overdue > 0
    done = hand_over(sun, plan(seen))
    after = look(sun, "802", "807", "808")
    assert not after.rows and after.before[li].open == after.before[li].loans == after.before[li].customers == 0
    assert (done.customers, done.loans, done.todos) == (before.customers, before.loans, sum(row.open for row in seen.rows))
    assert {one: (x.customers, x.loans, x.open, x.overdue, x.minutes) for one, x in after.before.items()} == {
        one: (x.customers, x.loans, x.open, x.overdue, x.minutes) for one, x in seen.after(seen.proposed).items()
    }
    assert ask("select count(*) from todos t join customers c on c.id = t.customer_id join loans l on l.customer_id = c.id"
               " where t.closed_on is null and l.live and c.id = any(:c) and (t.assignee_id <> c.manager_id or l.manager_id <> c.manager_id)",
               c=list(seen.proposed)) == 0  # fmt: skip
    assert {seen.proposed[c] for c in seen.proposed} == {guo, deng}


def test_a_village_stays_together_and_both_get_about_the_same(bank):
    seen = look(person("001"), "802", "807", "808")
    by_village = defaultdict(set)
    for row in seen.rows:
        by_village[row.village].add(seen.proposed[row.customer_id])
    assert all(len(people) == 1 for people in by_village.values())
    loads = seen.after(seen.proposed)
    works = sorted(loads[one].work for one in ids("807", "808"))
    heaviest = max(sum(splitting.weight(r.minutes, r.open) for r in seen.rows if r.village == v) for v in by_village)
    assert works[1] - works[0] <= heaviest


def test_late_todos_keep_their_days_and_are_counted_as_handed_away(bank):
    sun, before = person("801"), book()["todos"]
    seen = look(sun, "802", "807")
    late = sum(row.overdue for row in seen.rows)
    done = hand_over(sun, plan(seen))
    assert done.overdue == state(done.id).overdue_moved == late > 0
    for todo, (_who, *rest) in book()["todos"].items():
        assert rest == list(before[todo][1:])


def test_done_todos_and_records_keep_the_old_name_and_the_trail_says_who_moved_what(bank):
    sun, (li, guo) = person("801"), ids("802", "807")
    customer = ask("select customer_id from todos where assignee_id = :li and closed_on is null order by id limit 1", li=li)
    write(
        """update todos set state = 'done', record_id = 1, closed_on = :d, closed_by = :li where customer_id = :c""",
        d=TODAY,
        li=li,
        c=customer,
    )
    hand_over(sun, plan(look(sun, "802", "807")))
    assert ask("select count(*) from todos where customer_id = :c and assignee_id = :li and closed_by = :li", c=customer, li=li) > 0
    with access.reading(sun) as conn:
        line = next(x for x in audit.of_customer(conn, customer) if x.noun == "customers")
    assert (line.staff, line.verb, line.before["manager_id"], line.after["manager_id"]) == ("孙丽", "handover.make", li, guo)


def test_undone_at_once_every_row_is_as_it_was(bank):
    sun, before = person("801"), book()
    done = hand_over(sun, plan(look(sun, "802", "807", "808")))
    assert book() != before
    back = undo(sun, done.id)
    assert book() == before
    assert (back.customers, back.loans, back.todos, back.kept) == (done.customers, done.loans, done.todos, 0)
    with pytest.raises(refusals.Conflict):
        undo(sun, done.id)


CHANGES = {
    "todos": ["update todos set assignee_id = {zhou}, pinned = true where id = {row}",
              "update todos set state = 'started', started_at = now() where id = {row}",
              "update todos set state = 'cancelled', close_reason = 'by_hand', closed_on = current_date where id = {row}"],
    "loans": ["update loans set manager_id = {zhou}, handover_id = null where id = {row}"],
    "customers": ["update customers set manager_id = {zhou}, handover_id = null where id = {row}",
                  "update customers set inspector_id = {zhou} where id = {row}"],
    "signals": ["update signals set owner_id = {zhou}, taken_by = {zhou}, taken_at = now(), state = 'taken' where id = {row}"],
}  # fmt: skip


def test_whatever_happens_meanwhile_undoing_returns_exactly_the_rows_nobody_touched(bank):
    """Random acts upon random rows: what was touched stays as it was left, everything else is as before, to the row."""
    sun, (zhou,) = person("801"), ids("803")
    write("update customers set inspector_id = manager_id where id % 3 = 0")
    for seed in range(6):
        draw, before = random.Random(seed), book()
        done = hand_over(sun, plan(look(sun, "802", "807", "808")))
        moved = book()
        touched = defaultdict(set)
        for table, statements in CHANGES.items():
            open_rows = [row for row, was in before[table].items() if was != moved[table][row]]
            for row in draw.sample(open_rows, min(len(open_rows), draw.randrange(0, 6))):
                write(draw.choice(statements).format(zhou=zhou, row=row))
                touched[table].add(row)
        left = book()
        back = undo(sun, done.id)
        found = book()
        for table in HELD:
            for row, was in before[table].items():
                if row not in touched[table]:
                    assert found[table][row] == was, (seed, table, row)
                elif table != "customers":
                    assert found[table][row] == left[table][row], (seed, table, row)
                else:  # of a customer the manager and the inspector are held apart
                    for n, (a, b, c) in enumerate(zip(was, left[table][row], moved[table][row], strict=True)):
                        assert found[table][row][n] == (a if b == c else b), (seed, row, n)
        assert back.kept >= sum(map(len, touched.values())) - len(touched["customers"])
        for table in HELD:  # the next round begins as this one did
            _restore(table, before)
        assert book() == before


def _restore(table: str, before: dict) -> None:
    columns = HELD[table].split("select id, ")[1].split(" from ")[0].split(", ")
    with access.transaction(MACHINE, "test") as conn:
        for row, was in before[table].items():
            sets = ", ".join(f"{c} = :{c}" for c in columns)
            reason = ", close_reason = null" if table == "todos" and was[6] is None else ""
            conn.execute(
                sa.text(f"update {table} set {sets}{reason} where id = :id"), dict(zip(columns, was, strict=True)) | {"id": row}
            )


def test_a_chain_of_handovers_is_undone_link_by_link(bank):
    sun, before = person("801"), book()
    first = hand_over(sun, plan(look(sun, "802", "807")))
    between = book()
    second = hand_over(sun, plan(look(sun, "807", "808")))
    kept = undo(sun, first.id)  # all of it is with somebody else by now
    assert kept.customers == kept.loans == kept.todos == 0 and kept.kept > 100
    assert undo(sun, second.id).kept == 0
    assert book() == between
    assert {row: held[0] for row, held in before["loans"].items()} != {row: held[0] for row, held in between["loans"].items()}


# --- What was begun ---------------------------------------------------------------------------------------------------


def lead(name: str, staff_no: str, customer: str | None = None, owner: str | None = None, state: str = "new") -> None:
    write(
        """insert into leads (customer_id, name, wish, branch_id, staff_id, owner_id, state)
           select coalesce((select id from customers where customer_no = :customer), 0), :name, 'w', s.branch_id, s.id,
                  (select id from staff where staff_no = :owner), :state from staff s where s.staff_no = :by""",
        name=name, by=staff_no, customer=customer, owner=owner, state=state,
    )  # fmt: skip


def leads() -> dict[str, tuple]:
    with access.reading(MACHINE) as conn:
        return {row.name: (row.owner_id, row.staff_id, row.state) for row in conn.exec_driver_sql("select * from leads")}


def test_leads_he_follows_go_with_their_customers_and_those_of_nobody_to_whom_is_named(bank):
    sun, (li, guo, deng) = person("801"), ids("802", "807", "808")
    lead("新店", "802", "V00001")
    lead("已成交", "802", "V00001", state="won")
    lead("同事的", "807", "V00001")
    lead("转来的", "808", "V00002", owner="802", state="contacted")
    lead("集市上", "802")
    before, seen = leads(), look(sun, "802", "807")
    assert (sum(row.leads for row in seen.rows), seen.loose_leads) == (2, 1)
    done = hand_over(sun, plan(seen, leads_to=deng))
    assert done.leads == state(done.id).leads_moved == 3
    after = leads()
    assert [after[name][0] for name in ("新店", "转来的", "集市上", "已成交", "同事的")] == [guo, guo, deng, None, None]
    assert {name: x[1:] for name, x in after.items()} == {name: x[1:] for name, x in before.items()}
    assert after["已成交"][1] == li
    back = undo(sun, done.id)
    assert leads() == before and back.leads == 3 and back.kept == 0


def test_a_lead_that_somebody_has_called_since_stays_with_him(bank):
    sun, (guo,) = person("801"), ids("807")
    lead("新店", "802", "V00001")
    done = hand_over(sun, plan(look(sun, "802", "807")))
    write("update leads set state = 'contacted', changed_by = :guo, changed_at = :at", guo=guo, at=NOW + timedelta(hours=1))
    assert undo(sun, done.id).kept == 1 and leads()["新店"][0] == guo
    with access.reading(sun) as conn:
        assert handovers.elsewhere(conn, done.id) == []  # given back: nothing to warn of


def test_leads_of_nobody_stay_when_nobody_is_named_and_only_officers_get_them(bank):
    sun, (li, sun_id) = person("801"), ids("802", "801")
    lead("集市上", "802")
    with pytest.raises(refusals.NotAnOfficer):
        hand_over(sun, plan(look(sun, "802", "807"), leads_to=sun_id))
    assert hand_over(sun, plan(look(sun, "802", "807"))).leads == 0 and leads()["集市上"][:2] == (None, li)


def begin_check(staff_no: str, number: str, counter: int = 3, key: str = "field:spot") -> None:
    with access.transaction(MACHINE, "test") as conn:
        about = {"s": ids(staff_no)[0], "c": number, "n": counter, "k": key, "content": json.dumps(FILLED_IN, ensure_ascii=False)}
        conn.execute(
            sa.text("""
                insert into drafts (staff_id, customer_id, form_key, submit_key, form_code, form_version, kind, mode, branch_id,
                                    loan_ids, todo_ids, place, counter, content, opened_at, saved_at)
                select :s, id, :k, gen_random_uuid(), 'SITE', 1, 'spot', 'field', branch_id, '{}', '{}',
                       '{"lat": 44.4, "lon": 125.1, "radius_m": 300, "fix_at": "x"}', :n, :content, now(), now()
                from customers where customer_no = :c"""),
            about,
        )
        conn.execute(sa.text("""
            insert into uploads (id, customer_id, submit_key, staff_id, total, content, sha256)
            select gen_random_uuid(), customer_id, submit_key, staff_id, 9, '', '\\x01' from drafts where form_key = :k and staff_id = :s"""), about)  # fmt: skip


FILLED_IN = {"step": 2, "answers": {"stock": "增加"}, "words": {"stock": "春耕备货"}, "note": "老板娘在店", "conclusion": "normal",
             "fix": {"lat": 44.4, "lon": 125.1, "at": "2026-11-20T02:00:00Z"}, "track": [{"lat": 44.4}], "photos": ["a"], "leads": []}  # fmt: skip


def drafts_of(staff_no: str) -> list[sa.Row]:
    with access.reading(MACHINE) as conn:
        about = {"s": ids(staff_no)[0]}
        return conn.execute(sa.text("select * from drafts where staff_id = :s order by customer_id, form_key"), about).all()


def test_the_words_of_a_begun_check_go_on_with_the_receiver_and_its_evidence_stays_with_its_author(bank):
    sun = person("801")
    begin_check("802", "V00001")
    begin_check("802", "V00002", counter=0, key="field:todo-1")  # opened, nothing filled in
    own, seen = drafts_of("802"), look(sun, "802", "807")
    assert list(seen.begun.values()) == [(1, 1)]
    done = hand_over(sun, plan(seen))
    (given,) = drafts_of("807")
    assert done.drafts == 1 and drafts_of("802") == own
    assert given.content == {"step": 0, "answers": FILLED_IN["answers"], "words": FILLED_IN["words"], "note": "老板娘在店", "photos": [],
                             "calls": [], "leads": []}  # fmt: skip
    assert given.begun_by == ids("802")[0] and given.submit_key != own[0].submit_key and "fix_at" not in given.place
    assert undo(sun, done.id).drafts == 1 and drafts_of("807") == []


def test_a_check_that_the_receiver_has_begun_himself_or_gone_on_with_stays_his(bank):
    sun = person("801")
    begin_check("802", "V00001")
    begin_check("802", "V00002")
    begin_check("807", "V00001", counter=8)
    done = hand_over(sun, plan(look(sun, "802", "807")))
    assert done.drafts == 1 and [row.counter for row in drafts_of("807")] == [8, 1]
    write("update drafts set counter = 2, saved_at = now() where begun_by is not null")
    assert undo(sun, done.id).drafts == 0 and [row.counter for row in drafts_of("807")] == [8, 2]


def test_what_others_have_begun_is_told_to_whom_it_concerns_alone(bank):
    begin_check("802", "V00001")
    with access.reading(person("801")) as conn:
        assert [row.drafts for row in leavings.begun_by(conn, ids("802")[0])] == [1]
    with access.reading(person("101")) as conn:  # the head of another branch
        assert leavings.begun_by(conn, ids("802")[0]) == []
    with access.reading(person("803")) as conn, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        leavings.begun_by(conn, 1)


def test_a_part_is_chosen_by_numbers_copied_from_elsewhere_villages_products_or_what_is_late(bank):
    sun = person("801")
    with access.reading(sun) as conn:
        rows = handover.hold(conn, sun, *ids("802"), today=TODAYS).rows
    found = handover.Choice("V00001，V00002-0  K001").of(rows)
    assert sorted(row.customer_no for row in found) == ["K001", "V00001", "V00002"]
    assert {row.village for row in handover.Choice(villages=["合隆镇东升村"]).of(rows)} == {"合隆镇东升村"}
    assert all("farm" in row.families for row in handover.Choice(families=["farm"]).of(rows))
    late = handover.Choice(overdue=True).of(rows)
    assert late and all(row.overdue for row in late) and len(late) < len(handover.Choice().of(rows)) == len(rows)
    part = look(sun, "802", "807", chosen={row.customer_id for row in late})
    done = hand_over(sun, plan(part))
    assert done.customers == len(late) and done.overdue == sum(row.overdue for row in late)


def test_the_map_of_a_handover_shows_each_village_once_a_person(bank):
    sun, (li, guo) = person("801"), ids("802", "807")
    seen = look(sun, "802", "807", "808")
    before, after = handover_map.moving(seen, {}), handover_map.moving(seen, seen.proposed)
    lying = [row for row in seen.rows if row.lat is not None]
    assert sum(spot.n for spot in before) == sum(spot.n for spot in after) == len(lying) > len(after) == len(before)
    assert {spot.who for spot in before} == {li} and {spot.who for spot in after} == set(seen.proposed.values())
    hand_over(sun, plan(seen))
    with access.reading(sun) as conn:
        theirs = handovers.places(conn, [guo])
    marked = [row for row in lying if seen.proposed[row.customer_id] == guo]
    assert sum(p.n for p in theirs) == len(marked) and {p.village for p in theirs} == {row.village for row in marked}


# --- Who may ----------------------------------------------------------------------------------------------------------


def test_a_branch_head_hands_over_among_his_own_people_and_head_office_to_anybody(bank):
    sun, wang = person("801"), person("001")
    with pytest.raises(refusals.OtherBranches):
        hand_over(sun, plan(look(sun, "802", "102")))
    done = hand_over(wang, plan(look(wang, "802", "102")))
    with pytest.raises(refusals.OtherBranches):
        undo(sun, done.id)
    assert undo(wang, done.id).kept == 0


def test_another_branchs_head_moves_nothing_and_sees_no_handover(bank):
    sun, ma = person("801"), person("101")
    seen = look(ma, "802", "102")
    assert not seen.rows
    with pytest.raises(refusals.NothingToHandOver):
        hand_over(ma, plan(seen, parts=look(person("001"), "802", "102").proposed, seen=None))
    done = hand_over(sun, plan(look(sun, "802", "807")))
    with access.reading(ma) as conn:
        assert handovers.get(conn, done.id) is None
    with pytest.raises(refusals.NotFound):
        undo(ma, done.id)


@pytest.mark.parametrize(("changes", "refusal"), [
    ({"reason": " "}, refusals.Missing), ({"from_on": TODAY}, refusals.BadPeriod), ({"until_on": TODAY}, refusals.BadPeriod),
    ({"parts": {}}, refusals.NothingToHandOver), ({"seen": "an older one"}, refusals.StalePreview),
])  # fmt: skip
def test_what_cannot_be_is_refused_and_leaves_nothing(bank, changes, refusal):
    sun, before = person("801"), book()
    with pytest.raises(refusal):
        hand_over(sun, plan(look(sun, "802", "807"), **changes))
    assert book() == before and ask("select count(*) from handovers") == 0


def test_nobody_receives_his_own_nor_does_a_leaver_or_a_head(bank):
    sun, (li, jiang, head) = person("801"), ids("802", "803", "801")
    seen = look(sun, "802", "807")
    write("update staff set left_on = :d where id = :j", d=TODAY, j=jiang)
    for one, refusal in (
        (li, refusals.ToHimself),
        (jiang, refusals.NotAnOfficer),
        (head, refusals.NotAnOfficer),
        (999_999, refusals.NotAnOfficer),
    ):
        with pytest.raises(refusal):
            hand_over(sun, plan(seen, parts=dict.fromkeys(seen.proposed, one)))


def test_the_work_of_somebody_who_has_left_is_found_in_the_pool(bank, tmp_path):
    sun, (li, guo) = person("801"), ids("802", "807")
    open_before = ask("select count(*) from todos where assignee_id = :li and closed_on is null", li=li)
    load.load(_without_li(TODAYS).write(tmp_path))
    night.night(TODAYS)
    assert ask("select count(*) from todos where assignee_id = :li and closed_on is null", li=li) == 0
    done = hand_over(sun, plan(look(sun, "802", "807")))
    assert done.todos == ask("select count(*) from todos where assignee_id = :g and closed_on is null", g=guo) >= open_before * 0.9


def _without_li(day):
    d = village_bank.delivery(day)
    d.staff = [row for row in d.staff if row[0] != "802"]
    return d


# --- Previews, races, kills -------------------------------------------------------------------------------------------


def test_a_preview_that_was_overtaken_is_refused(bank):
    sun, wang = person("801"), person("001")
    mine, his = plan(look(sun, "802", "807")), plan(look(wang, "802", "808"))
    hand_over(wang, his)
    with pytest.raises(refusals.StalePreview):
        hand_over(sun, mine)


def test_a_check_made_meanwhile_does_not_spoil_the_preview(bank):
    sun, (li,) = person("801"), ids("802")
    seen = look(sun, "802", "807")
    todo = ask("select min(id) from todos where assignee_id = :li and closed_on is null", li=li)
    write("update todos set state = 'done', record_id = 1, closed_on = :d, closed_by = :li where id = :t", d=TODAYS, li=li, t=todo)
    done = hand_over(sun, plan(seen))
    assert done.todos == sum(row.open for row in seen.rows) - 1


def test_of_two_at_once_one_is_told_of_the_conflict_and_nothing_is_half_done(bank):
    sun, wang = person("801"), person("001")
    plans = [(sun, plan(look(sun, "802", "807"))), (wang, plan(look(wang, "802", "808")))]
    outcomes = _at_once([lambda by=by, p=p: hand_over(by, p) for by, p in plans])
    assert sorted(type(x).__name__ for x in outcomes) == ["Outcome", "StalePreview"]
    (done,) = [x for x in outcomes if isinstance(x, handover.Outcome)]
    assert ask("select count(distinct to_id) from handover_rows") == 1
    assert ask("select count(*) from handovers") == 1 and state(done.id).state == HandoverState.DONE


def _at_once(works: list) -> list:
    """What each came to, all begun at the same moment."""
    found, ready = [None] * len(works), threading.Barrier(len(works))

    def one(n: int) -> None:
        ready.wait(30)
        try:
            found[n] = works[n]()
        except Exception as wrong:
            found[n] = wrong

    threads = [threading.Thread(target=one, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def test_officers_who_send_checks_while_their_work_is_handed_over_lose_nothing(bank):
    """Every check stands once under its officer's name; its todos are done by it, or open with whoever has them now."""
    li, sun = person("802"), person("801")
    forms = _begin_forms(li.id)
    sent: list = []

    def officer(part: list) -> None:
        for row in part:
            check = _check(row.submit_key, row.customer_id, tuple(row.todo_ids), row.branch_id)
            with access.transaction(li, "check.submit") as conn:
                sent.append((row, checks.submit(conn, li, check)))

    def back_and_forth() -> int:
        for n in range(6):
            done = hand_over(sun, plan(look(sun, "802", "807", "808"), seen=None))
            if n < 5:
                undo(sun, done.id)
        return n

    outcomes = _at_once([*(lambda n=n: officer(forms[n::4]) for n in range(4)), back_and_forth])
    assert outcomes == [None] * 4 + [5]
    assert len(sent) == len(forms) > 20
    records = {row.submit_key: row.id for row in _rows("select submit_key, id from records where staff_id = :li", li=li.id)}
    todo = {row.id: row for row in _rows("select id, state, record_id, assignee_id from todos")}
    for form, receipt in sent:
        assert records[form.submit_key] == receipt["record"]
        remarked = {remark["todo"] for remark in receipt["remarks"]}
        for one in form.todo_ids:
            done_by_it = todo[one].state == "done" and todo[one].record_id == receipt["record"]
            assert done_by_it == (one in receipt["todos"]) and (done_by_it or one in remarked), (form, receipt)
    open_ = [row for row in todo.values() if row.state in ("open", "started") and row.assignee_id == li.id]
    assert open_ == []


def _rows(query: str, **values) -> list:
    with access.reading(MACHINE) as conn:
        return conn.execute(sa.text(query), values).all()


def _begin_forms(officer: int) -> list[sa.Row]:
    """A form half filled in for every customer with open todos."""
    write("""insert into drafts (staff_id, customer_id, form_key, submit_key, form_code, form_version, kind, mode, branch_id, loan_ids, todo_ids)
        select :li, customer_id, 'field:regular', gen_random_uuid(), 'x', 1, 'regular', 'field', min(branch_id), '{}', array_agg(id)
        from todos where assignee_id = :li and closed_on is null group by customer_id""", li=officer)  # fmt: skip
    return _rows("select submit_key, customer_id, todo_ids, branch_id from drafts order by random()")


def _check(key, customer_id: int, todo_ids: tuple, branch_id: int) -> checks.Submission:
    return checks.Submission(
        key,
        customer_id,
        Kind.REGULAR,
        Mode.FIELD,
        Outcome.COMPLETED,
        Conclusion.NORMAL,
        NOW,
        todo_ids=todo_ids,
        branch_id=branch_id,
    )


HERE = "select pid from pg_locks where database = (select oid from pg_database where datname = current_database())"


def test_killed_in_the_middle_it_is_as_if_it_had_not_begun_and_is_simply_done_again(bank):
    """kill -9 of the real command when todos and loans have moved and it waits for a customer."""
    before = book()
    with access.transaction(MACHINE, "test") as conn:
        conn.exec_driver_sql("select from customers where customer_no = 'V00030' for update")
        running = subprocess.Popen([sys.executable, "-m", "engine", "handover", "--from", "802", "--to", "807,808", "--json"], cwd=ROOT,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        _until(lambda: ask(f"select count(*) from pg_locks where not granted and pid in ({HERE})") == 1)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    _until(lambda: ask(f"select count(*) from pg_locks where locktype = 'advisory' and pid in ({HERE})") == 0)
    assert book() == before and ask("select count(*) from handovers") == ask("select count(*) from handover_rows") == 0
    assert main(["handover", "--from", "802", "--to", "807,808"]) == 0
    assert ask("select count(*) from customers where manager_id = :li", li=ids("802")[0]) == 0


def _until(so: Callable[[], bool]) -> None:
    for _ in range(600):
        if so():
            return
        threading.Event().wait(0.05)
    raise AssertionError("waited in vain")


# --- The next feed ----------------------------------------------------------------------------------------------------


def managers(*numbers: str) -> list[str]:
    with access.reading(MACHINE) as conn:
        rows = dict(
            conn.execute(sa.text("select c.customer_no, s.staff_no from customers c join staff s on s.id = c.manager_id")).all()
        )
    return [rows[number] for number in numbers]


def test_the_next_feed_with_the_old_name_changes_nothing_and_a_new_name_wins(bank, tmp_path):
    sun = person("801")
    done = hand_over(sun, plan(look(sun, "802", "807")))
    held = {row: (x[0], x[1]) for row, x in book()["loans"].items()}
    day = village_bank.delivery(TODAYS)
    day.customers = [
        (*c[:4], "13911112222", *c[5:]) if c[0] == "V00001" else c for c in day.customers
    ]  # another line, the same manager
    day.customers = [(*c[:7], "804") if c[0] == "V00002" else c for c in day.customers]  # a new name
    day.loans = [
        (*x[:9], "12345.00", *x[10:]) if x[2] == "V00001" else (*x[:4], "804", *x[5:]) if x[2] == "V00002" else x for x in day.loans
    ]
    load.load(day.write(tmp_path))
    assert managers("V00001", "V00002", "V00003") == ["807", "804", "807"]
    changed = {row for row, x in book()["loans"].items() if (x[0], x[1]) != held[row]}
    assert changed == set(_loans("V00002"))
    assert (
        ask("select min(balance_fen) from loans l join customers c on c.id = l.customer_id where c.customer_no = 'V00001'")
        == 1234500
    )
    with access.reading(sun) as conn:
        told = {(x.customer_no, x.holder) for x in handovers.elsewhere(conn, done.id) if x.why == "by_source"}
        assert [row.by_source for row in handovers.listing(conn)] == [1]
    assert told == {("V00002", "钱进")}
    assert undo(sun, done.id).kept >= 2
    assert managers("V00001", "V00002", "V00003") == ["802", "804", "802"]


def _loans(customer_no: str) -> list[int]:
    with access.reading(MACHINE) as conn:
        return list(
            conn.execute(
                sa.text("select l.id from loans l join customers c on c.id = l.customer_id where c.customer_no = :n"),
                {"n": customer_no},
            ).scalars()
        )


def test_the_night_leaves_todos_with_whom_they_were_handed_to_and_makes_new_ones_for_them(bank, tmp_path):
    sun, (li, guo) = person("801"), ids("802", "807")
    hand_over(sun, plan(look(sun, "802", "807")))
    load.load(village_bank.delivery(TODAYS).write(tmp_path))
    night.night(TODAYS)
    assert ask("select count(*) from todos where assignee_id = :li and closed_on is null", li=li) == 0
    assert ask("select count(*) from todos where assignee_id = :g and created_on = :d", g=guo, d=TODAYS) > 0


# --- Dated and temporary ----------------------------------------------------------------------------------------------


@pytest.fixture
def on_the_wall(monkeypatch):
    return lambda day: monkeypatch.setenv("VIGIL_TODAY", str(day))


def nights(day, wall) -> None:
    wall(day + timedelta(days=1))
    night.night(day)


def test_a_handover_of_a_later_day_waits_and_is_done_by_the_night_once(bank, on_the_wall):
    sun, before = person("801"), book()
    done = hand_over(sun, plan(look(sun, "802", "807"), from_on=TODAYS + timedelta(days=2)))
    assert (done.loans, state(done.id).state) == (0, HandoverState.WAITING) and book() == before
    nights(TODAYS, on_the_wall)
    assert state(done.id).state == HandoverState.WAITING
    nights(TODAYS + timedelta(days=1), on_the_wall)  # early in the morning of its day
    found = state(done.id)
    assert (found.state, found.customers_moved) == (HandoverState.DONE, len(look(sun, "807", "802").rows))
    at = found.done_at
    nights(TODAYS + timedelta(days=1), on_the_wall)
    assert state(done.id).done_at == at
    with access.reading(sun) as conn:
        customer = conn.exec_driver_sql(f"select min(customer_id) from handover_parts where handover_id = {done.id}").scalar_one()
        assert any((x.staff, x.verb) == ("孙丽", "handover.make") for x in audit.of_customer(conn, customer))


def test_one_that_waits_is_withdrawn_before_its_day(bank, on_the_wall):
    sun, before = person("801"), book()
    done = hand_over(sun, plan(look(sun, "802", "807"), from_on=TODAYS + timedelta(days=1)))
    undo(sun, done.id)
    nights(TODAYS, on_the_wall)
    assert state(done.id).state == HandoverState.WITHDRAWN
    assert {k: v[0] for k, v in book()["customers"].items()} == {k: v[0] for k, v in before["customers"].items()}


@pytest.mark.parametrize("who", ["maker", "receiver"])
def test_if_somebody_has_gone_by_then_it_is_not_done_and_says_why(bank, on_the_wall, who):
    sun, (li,) = person("801"), ids("802")
    done = hand_over(sun, plan(look(sun, "802", "807"), from_on=TODAYS + timedelta(days=1)))
    write("update staff set left_on = :d where staff_no = :n", d=TODAYS, n={"maker": "801", "receiver": "807"}[who])
    nights(TODAYS, on_the_wall)
    found = state(done.id)
    assert found.state == HandoverState.FAILED
    assert re.search("[一-鿿]", faults.retold(found.failure)) and not re.search("[A-Za-z]", faults.retold(found.failure))
    assert faults.retold("As it was written by an earlier version.") == "As it was written by an earlier version."
    assert ask("select count(*) from customers where manager_id = :li", li=li) > 60


def test_a_temporary_handover_ends_by_itself_and_returns_what_is_still_there(bank, on_the_wall):
    sun, (li, guo) = person("801"), ids("802", "807")
    before = book()
    done = hand_over(sun, plan(look(sun, "802", "807"), until_on=TODAYS + timedelta(days=1)))
    taken = min(row for row, x in book()["todos"].items() if x[0] == guo)
    with acts.act(sun, "todo.assign") as conn:
        todos.assign(conn, sun, [taken], ids("808")[0])
    nights(TODAYS, on_the_wall)  # its last day begins
    assert state(done.id).state == HandoverState.DONE
    nights(TODAYS + timedelta(days=1), on_the_wall)
    found = state(done.id)
    assert (found.state, found.ended_by) == (HandoverState.RETURNED, None)
    assert {row: x[:3] for row, x in book()["customers"].items()} == {row: x[:3] for row, x in before["customers"].items()}
    assert book()["todos"][taken][0] == ids("808")[0]
    assert (
        ask("select count(*) from loans where manager_id = :g and live", g=guo)
        == 0
        < ask("select count(*) from loans where manager_id = :li", li=li)
    )


# --- The command ------------------------------------------------------------------------------------------------------


def test_the_command_hands_over_and_takes_back(bank, capsys):
    before = book()
    assert main(["handover", "--from", "802", "--to", "807,808", "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert done.keys() >= {"id", "customers", "loans", "todos"} and done["customers"] > 60
    assert main(["handover", "--undo", str(done["id"]), "--json"]) == 0
    back = json.loads(capsys.readouterr().out)
    assert {k: back[k] for k in ("customers", "loans", "todos")} == {k: done[k] for k in ("customers", "loans", "todos")}
    assert book() == before


@pytest.mark.parametrize(
    "arguments", [["--from", "802"], ["--from", "nobody", "--to", "807"], ["--undo", "999"], ["--from", "802", "--to", "802"], []]
)
def test_the_command_says_in_a_sentence_what_is_wrong(bank, capsys, arguments):
    assert main(["handover", *arguments, "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["error"] and "Traceback" not in err


# --- The split --------------------------------------------------------------------------------------------------------

POINTS = st.builds(Point, st.floats(43, 45), st.floats(124, 126))
LOTS = st.lists(st.tuples(st.sampled_from(["a", "b", "c", "d", "e", None]), st.none() | POINTS, st.floats(1, 500)), max_size=60)


@settings(max_examples=60, deadline=None)
@given(LOTS, st.lists(st.floats(0, 5000), min_size=1, max_size=6))
def test_everybody_is_given_once_and_no_village_is_divided(drawn, loads):
    lots = [Lot(n, *rest) for n, rest in enumerate(drawn)]
    given_ = splitting.split(lots, dict(enumerate(loads)))
    assert given_.keys() == {lot.customer_id for lot in lots}
    for village in "abcde":
        assert len({given_[lot.customer_id] for lot in lots if lot.village == village}) <= 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1000), min_size=1, max_size=6), st.floats(0, 5000))
def test_whoever_has_less_is_filled_up_first_and_nothing_is_lost(loads, more):
    shares = splitting._shares(loads, more)
    assert sum(shares) == pytest.approx(more, abs=1e-6)
    levels = [has + share for has, share in zip(loads, shares, strict=True) if share > 1e-9]
    assert not levels or max(levels) - min(levels) < 1e-6 * (1 + max(levels))


def test_the_held_are_locked_in_one_order():
    assert list(Held) == [Held.TODO, Held.LOAN, Held.MANAGER, Held.INSPECTOR, Held.SIGNAL, Held.LEAD]


# --- Away for a while -------------------------------------------------------------------------------------------------


def arrange(by: Person, who: str, standin: str, first, last, why: str = "年休假五天") -> int:
    with acts.act(by, "absence.arrange") as conn:
        return absences.arrange(conn, by, *ids(who, standin), first, last, why, today=TODAYS)


def test_a_stand_in_has_the_todos_at_once_and_gives_them_back_by_himself(bank, on_the_wall):
    sun, (li, guo) = person("801"), ids("802", "807")
    before = book()["todos"]
    arrange(sun, "802", "807", TODAYS, TODAYS + timedelta(days=1))
    assert ask("select count(*) from todos where assignee_id = :li and closed_on is null", li=li) == 0
    assert ask("select count(*) from customers where manager_id = :li", li=li) > 60  # only the work is lent
    nights(TODAYS, on_the_wall)
    assert ask("select count(*) from todos where assignee_id = :g and closed_on is null", g=guo) >= 26
    nights(TODAYS + timedelta(days=1), on_the_wall)  # the morning on which he is back
    assert {t: x[0] for t, x in book()["todos"].items() if t in before} == {t: x[0] for t, x in before.items()}
    assert ask("select count(*) from todos where assignee_id = :g and closed_on is null", g=guo) == 0


def test_an_absence_that_begins_tomorrow_begins_in_the_morning(bank, on_the_wall):
    sun, (li, guo) = person("801"), ids("802", "807")
    arrange(sun, "802", "807", TODAYS + timedelta(days=1), TODAYS + timedelta(days=3))
    assert ask("select count(*) from todos where assignee_id = :g and closed_on is null", g=guo) == 0
    nights(TODAYS, on_the_wall)
    assert ask("select count(*) from todos where assignee_id = :li and closed_on is null", li=li) == 0


def test_who_comes_back_early_has_his_work_the_same_day(bank):
    sun, before = person("801"), book()["todos"]
    absence = arrange(sun, "802", "807", TODAYS, TODAYS + timedelta(days=9))
    with acts.act(sun, "absence.arrange") as conn:
        absences.end(conn, sun, absence, today=TODAYS)
    assert book()["todos"] == before
    with pytest.raises(refusals.NotFound), acts.act(sun, "absence.arrange") as conn:
        absences.end(conn, sun, absence, today=TODAYS)


@pytest.mark.parametrize(("who", "standin", "first", "last", "refusal"), [
    ("802", "802", 0, 1, refusals.ToHimself), ("802", "807", -1, 1, refusals.BadPeriod), ("802", "807", 2, 1, refusals.BadPeriod),
    ("802", "801", 0, 1, refusals.NotAnOfficer), ("802", "102", 0, 1, refusals.OtherBranches), ("802", "808", 2, 3, refusals.AwayAlready),
    ("803", "802", 2, 3, refusals.AwayAlready), ("807", "803", 2, 3, refusals.AwayAlready),
])  # fmt: skip
def test_an_absence_that_cannot_be_is_refused(bank, who, standin, first, last, refusal):
    sun = person("801")
    arrange(sun, "802", "807", TODAYS + timedelta(days=3), TODAYS + timedelta(days=5))
    with pytest.raises(refusal):
        arrange(sun, who, standin, TODAYS + timedelta(days=first), TODAYS + timedelta(days=last))
