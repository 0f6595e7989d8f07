"""Every rule has one verdict on every loan, in the reader's words, and it is what the night does."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from db import access, loans, settings
from db.access import MACHINE
from engine import explain, night, words
from tests.bank import TODAY, Delivery
from tests.test_oracle import TRIALS, Nights, happen, opened, patient, store, worlds

__all__ = ["store"]
pytestmark = pytest.mark.slow
RULES_SHIPPED = 26
ENGLISH = re.compile(r"(?<![A-Z0-9-])[a-z]{2,}")


def why(loan_no: str, day: date = TODAY, language: str = "zh") -> dict[str, explain.Verdict]:
    token = words.language.set(language)
    try:
        with access.reading(MACHINE) as conn:
            found = explain.explain(conn, loan_no, day)
    finally:
        words.language.reset(token)
    assert len(found.verdicts) == len({v.rule for v in found.verdicts}), "one verdict a rule"
    return {v.rule: v for v in found.verdicts}


def test_every_loan_of_the_small_bank_has_one_verdict_of_each_rule(small_bank):
    night.night(TODAY)
    for number in ("L1", "L2", "L3", "L4", "L5"):
        assert len(why(number)) == len(why("L1")) >= RULES_SHIPPED - 3


def test_the_chinese_has_no_english_and_the_english_no_chinese(small_bank):
    night.night(TODAY)
    for number in ("L1", "L2", "L3", "L4", "L5"):
        for verdict in why(number).values():
            assert not ENGLISH.search(verdict.words), verdict.words
            assert re.search("[一-鿿]", verdict.words)
        for verdict in why(number, language="en").values():
            assert not re.search("[一-鿿，。；：（）]", verdict.words), verdict.words


def test_the_grain_shop_is_told_what_was_asked_and_why_the_rest_was_not(small_bank):
    """农安王记粮油店: one working capital loan of 800,000, paid out 100 days ago."""
    night.night(TODAY)
    verdicts = why("L1")
    assert verdicts["REG-FIRM-SMALL"].verdict in ("asked", "waiting")
    assert verdicts["FIRST-FIRM"].verdict == "past"
    assert verdicts["REG-FIRM-LARGE"].verdict == "no_match"
    assert "500万" in verdicts["REG-FIRM-LARGE"].words
    assert "80万" in verdicts["REG-FIRM-LARGE"].words
    assert verdicts["KEY-CLASS"].verdict == "no_match"


def test_what_stands_in_the_way_is_told_and_nothing_else(small_bank):
    """Of `any` and `not` too: a comparison that holds is no reason, except under a `not`."""
    leaves = [{"field": "family", "op": "in", "value": ["working"]}, {"field": "balance", "op": "gte", "value": 99}]
    held = iter([True, False])
    judged = explain._judged({"all": [{"not": leaves[0]}, leaves[1]]}, held)
    assert list(explain._culprits(judged, wanted=True)) == [(leaves[0], True), (leaves[1], False)]


def test_a_settled_loan_is_told_to_be_over(small_bank):
    night.night(TODAY)
    delivery = Delivery(TODAY + timedelta(days=1)).loan("L1", "K001", status="3", balance="0.00")
    for number, customer in (("L2", "K002"), ("L3", "K003"), ("L4", "K004"), ("L5", "K005")):
        delivery.loan(number, customer)
    delivery.write(settings.inbox())
    night.night(delivery.day)
    with access.reading(MACHINE) as conn:
        if not loans.get(conn, "L1").live:
            found = explain.explain(conn, "L1", delivery.day)
            assert (found.live, found.verdicts) == (False, [])


@hypothesis_settings(patient, max_examples=max(2, int(5 * TRIALS)))
@given(data=st.data())
def test_on_random_books_asked_means_a_pending_todo_and_nothing_is_left_waiting(store, data):
    """After the night: a rule is said to ask of a loan where its pending todo lists it, and nowhere else; and what it
    is said to wait for is not open yet.
    """
    world, today = data.draw(worlds())
    with opened(store, world) as book:
        nights = Nights(book)
        nights.night(today)
        for _ in range(2):
            happen(data.draw, book, today)
            today += timedelta(days=data.draw(st.sampled_from([1, 9, 40])))
            nights.night(today)
        leads = {r.code: r.when("lead") for r in world.rules(today)}
        for customer in world.customers:
            pending = [t for t in world.todos if t.customer_id == customer.id and t.state in ("open", "started")]
            for loan in customer.live:
                found = explain.explain(book.conn, str(loan.id), today).verdicts
                assert sorted(v.rule for v in found) == sorted(leads)
                asked = {v.rule for v in found if v.verdict == "asked"}
                assert asked == {t.rule_code for t in pending if loan.id in t.loan_ids} & set(leads)
                for verdict in found:
                    assert not ENGLISH.search(verdict.words), verdict.words
                    if verdict.verdict == "waiting":
                        own = (r.when("lead") for r in world._own_rules.values() if r.code == verdict.rule)
                        assert verdict.due - timedelta(days=min((leads[verdict.rule], *own))) > today, verdict
