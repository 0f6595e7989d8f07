"""What officers keep up of their customers: facts, notes, who needs contact, and new business."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from db import access, audit, care, customers, leads, portfolio, tables
from db.access import MACHINE, Person
from db.vocab import LeadState
from engine import care as care_verbs
from engine import customers as customer_verbs
from engine import leads as lead_verbs
from engine import refusals, visits
from engine.care import Facts
from engine.feed import load
from tests.bank import TODAY, first_delivery

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
OURS, SOURCE = "13700000002", "13900000002"  # of 刘洋


def number_of(no: str) -> int:
    with access.reading(MACHINE) as conn:
        return conn.execute(sa.select(tables.customers.c.id).where(tables.customers.c.customer_no == no)).scalar_one()


def update(by: Person, no: str, facts: Facts, seen_at=None, now=NOW) -> None:
    with access.transaction(by, "customer.update") as conn:
        care_verbs.update(conn, by, number_of(no), facts, seen_at, now=now)


def known(by: Person, no: str):
    with access.reading(by) as conn:
        return care.of_customer(conn, number_of(no))


def revealed(by: Person, no: str, field: str) -> str:
    with access.transaction(by, "customer.reveal") as conn:
        return customer_verbs.reveal(conn, by, number_of(no), field, "to call him")


# --- Facts --------------------------------------------------------------------------------------------------------------


def test_our_number_stands_beside_the_sources_and_is_dialled_first(li):
    update(li, "K002", Facts(phone="137 0000 0002", business="烧烤店两家", needs="想扩店"))
    facts = known(li, "K002")
    assert (facts.phone_masked, facts.phone_author, facts.phone_at, facts.business) == ("137****0002", "李强", NOW, "烧烤店两家")
    assert (revealed(li, "K002", "phone"), revealed(li, "K002", "source_phone")) == (OURS, SOURCE)
    with access.transaction(li, "check.submit") as conn:
        form = visits.open_customer(conn, li, number_of("K002"), now=NOW)
        assert visits.number(conn, li, form["key"], now=NOW) == OURS


def test_the_feed_overwrites_nothing_of_ours(li, tmp_path):
    update(li, "K002", Facts(phone=OURS, remarks="上午在店"))
    delivery = first_delivery().on(TODAY + timedelta(days=1))
    delivery.customers = [(*c[:4], "13900009999", *c[5:]) if c[0] == "K002" else c for c in delivery.customers]
    load.load(delivery.write(tmp_path))
    assert (revealed(li, "K002", "phone"), revealed(li, "K002", "source_phone")) == (OURS, "13900009999")
    assert known(li, "K002").remarks == "上午在店"


def test_a_wrong_number_is_taken_back_and_the_sources_counts_again(li):
    update(li, "K002", Facts(phone=OURS))
    update(li, "K002", Facts(phone=""), seen_at=NOW, now=LATER)
    assert revealed(li, "K002", "phone") == SOURCE
    assert known(li, "K002").phone_author is None


def test_facts_without_a_number_leave_the_number_alone(li):
    update(li, "K002", Facts(phone=OURS, business="烧烤店"))
    update(li, "K002", Facts(business="烧烤店、超市"), seen_at=NOW, now=LATER)
    facts = known(li, "K002")
    assert (facts.phone_masked, facts.phone_at, facts.business, facts.updated_at) == ("137****0002", NOW, "烧烤店、超市", LATER)


@pytest.mark.parametrize("number", ["12345", "23900000002", "139000000021", "abc"])
def test_what_is_no_number_is_refused(li, number):
    with pytest.raises(refusals.NoPhone):
        update(li, "K002", Facts(phone=number))


def test_who_wrote_in_between_is_not_written_over(li, sun):
    update(li, "K002", Facts(business="烧烤店"))
    update(sun, "K002", Facts(business="超市"), seen_at=NOW, now=LATER)
    for seen_at in (None, NOW):
        with pytest.raises(refusals.Conflict):
            update(li, "K002", Facts(business="旧"), seen_at=seen_at)
    assert known(li, "K002").business == "超市"


def test_nobody_keeps_up_a_foreign_customer(wu, li):
    for facts in (Facts(business="x"), Facts(phone=OURS)):
        with pytest.raises(refusals.NotFound):
            update(wu, "K002", facts)
    with pytest.raises(sa.exc.ProgrammingError, match="row-level security"), access.transaction(wu, "x") as conn:
        care.put(conn, number_of("K002"), {"business": "x", "updated_by": wu.id, "updated_at": NOW}, None)


def test_history_is_in_the_trail_with_the_number_masked(li):
    update(li, "K002", Facts(phone=OURS))
    update(li, "K002", Facts(phone="13711112222"), seen_at=NOW, now=LATER)
    with access.reading(li) as conn:
        changed = audit.of_customer(conn, number_of("K002"), nouns=("customer_facts",))[0]
    assert (changed.staff, changed.before["phone"], changed.after["phone"]) == ("李强", "137****0002", "137****2222")


def test_a_customer_is_found_by_our_number_by_those_who_see_him(li, wu):
    update(li, "K002", Facts(phone=OURS))
    for by, found in ((li, ["K002"]), (wu, [])):
        with access.reading(by) as conn:
            assert [c.customer_no for c in customers.listing(conn, customers.Filter(TODAY, text=OURS)).rows] == found
            assert [c.customer_no for c in portfolio.listing(conn, portfolio.Filter(TODAY, text=OURS)).rows] == found


# --- Notes --------------------------------------------------------------------------------------------------------------


def test_notes_have_an_author_and_a_time_and_are_read_by_all_who_look_after_the_customer(li, sun, wu):
    for by, text, at in ((li, "下周再访", NOW), (sun, "已沟通", LATER)):
        with access.transaction(by, "customer.note") as conn:
            care_verbs.note(conn, by, number_of("K002"), f" {text} ", now=at)
    with access.reading(li) as conn:
        assert [(n.note, n.staff, n.noted_at) for n in care.notes_of(conn, number_of("K002"))] == [
            ("已沟通", "孙丽", LATER),
            ("下周再访", "李强", NOW),
        ]
    with access.reading(wu) as conn:
        assert care.notes_of(conn, number_of("K002")) == []


def test_a_note_says_something_and_not_too_much(li):
    for text, no in ((" ", refusals.Missing), ("长" * 1001, refusals.TooLong)):
        with pytest.raises(no), access.transaction(li, "customer.note") as conn:
            care_verbs.note(conn, li, number_of("K002"), text, now=NOW)


# --- Who needs to hear from the bank ------------------------------------------------------------------------------------


def test_late_money_and_late_work_come_first_then_the_longest_silence(li, machine):
    one, two = number_of("K001"), number_of("K002")
    since = {
        "done_on": TODAY - timedelta(days=30),
        "finished_at": NOW,
        "staff_id": li.id,
        "loan_ids": [],
        "digest": b"x",
        "kind": "spot",
    }
    branch = {"branch_id": li.branch_id}
    machine.execute(sa.insert(tables.records).values(
        **since, **branch, customer_id=one, mode="phone", outcome="completed", conclusion="normal", submit_key=sa.func.gen_random_uuid()))  # fmt: skip
    machine.execute(sa.insert(tables.records).values(
        **since | {"done_on": TODAY}, **branch, customer_id=two, mode="phone", outcome="unreached", conclusion="unable",
        submit_key=sa.func.gen_random_uuid()))  # fmt: skip

    def order() -> list[tuple]:
        access.act_as(machine, li)
        rows = portfolio.listing(machine, portfolio.Filter(TODAY)).rows
        access.act_as(machine, MACHINE)
        return [(row.customer_no, row.last_contact, row.late_todos) for row in rows]

    assert order() == [("K002", None, 0), ("K001", TODAY - timedelta(days=30), 0)]  # a call that reached nobody is no contact
    machine.execute(sa.insert(tables.todos).values(
        customer_id=one, kind="regular", period="x", mode="field", family="working", loan_ids=[], **branch, assignee_id=li.id,
        nominal_on=TODAY, due_on=TODAY - timedelta(days=3), late_from=TODAY - timedelta(days=2), created_on=TODAY))  # fmt: skip
    assert [row[0] for row in order()] == ["K001", "K002"]
    faces = tables.customer_faces
    machine.execute(sa.update(faces).where(faces.c.customer_id == two).values(overdue_since=TODAY - timedelta(days=9)))
    assert [row[0] for row in order()] == ["K002", "K001"]


# --- New business -------------------------------------------------------------------------------------------------------


def add_lead(by: Person, name: str = "新店", **more) -> int:
    with access.transaction(by, "lead.add") as conn:
        lead_verbs.add(conn, by, lead_verbs.Lead(name, "贷款20万", **more), now=NOW)
        return conn.exec_driver_sql("select max(id) from leads").scalar_one()


def move(by: Person, lead: int, was: str, to: str, why: str | None = None) -> None:
    with access.transaction(by, "lead.follow") as conn:
        lead_verbs.move(conn, by, lead, LeadState(was), LeadState(to), why, now=LATER)


def lead_of(by: Person, lead: int):
    with access.reading(by) as conn:
        return leads.get(conn, lead)


def test_a_lead_goes_from_the_first_call_to_won(li):
    lead = add_lead(li)
    assert (lead_of(li, lead).state, lead_of(li, lead).follower) == ("new", "李强")
    move(li, lead, "new", "contacted")
    move(li, lead, "contacted", "won")
    assert (lead_of(li, lead).state, lead_of(li, lead).changed_at) == ("won", LATER)
    with pytest.raises(refusals.AlreadyDone):
        move(li, lead, "won", "lost", "他行办理")


def test_losing_a_lead_needs_a_reason_and_it_may_come_again(li):
    lead = add_lead(li)
    with pytest.raises(refusals.Missing):
        move(li, lead, "new", "lost", " ")
    move(li, lead, "new", "lost", "他行利率更低")
    assert lead_of(li, lead).lost_because == "他行利率更低"
    move(li, lead, "lost", "contacted")
    assert (lead_of(li, lead).state, lead_of(li, lead).lost_because) == ("contacted", None)


def test_two_who_move_a_lead_at_once_are_told(li, sun):
    lead = add_lead(li)
    move(sun, lead, "new", "contacted")
    with pytest.raises(refusals.Conflict):
        move(li, lead, "new", "won")


def test_a_lead_is_given_to_a_colleague_who_then_sees_it(li, qian, wu):
    lead = add_lead(li)
    assert lead_of(qian, lead) is None
    with access.transaction(li, "lead.follow") as conn:
        lead_verbs.give(conn, li, lead, li.id, qian.id, now=LATER)
    assert lead_of(qian, lead).follower == "钱进"
    assert lead_of(wu, lead) is None
    with pytest.raises(refusals.Conflict), access.transaction(li, "lead.follow") as conn:
        lead_verbs.give(conn, li, lead, li.id, wu.id, now=LATER)


def test_leads_are_counted_for_whom_and_by_what_they_became(li, sun):
    for n in range(3):
        lead = add_lead(li, f"店{n}")
    move(li, lead, "new", "won")
    with access.reading(sun) as conn:
        assert leads.counts(conn) == {"new": 2, "won": 1} == leads.counts(conn, li.id)
        assert leads.counts(conn, sun.id) == {}


def test_a_lead_found_through_a_foreign_customer_cannot_be_slipped_in(wu):
    with pytest.raises(refusals.NotFound):
        add_lead(wu, customer_id=number_of("K002"))
    add_lead(wu, customer_id=number_of("K004"))
