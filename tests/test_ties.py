"""Who stands behind whom: circles and ties of random books are what plain Python finds; whom somebody may not see is counted
and not named; and the customer's page says it."""

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from db import access, loans, tables, ties
from db.access import MACHINE
from db.vocab import LoanClass
from pages.parts import charts
from tests import bank, conftest
from tests.bank import TODAY
from tests.test_pages import Visit, shown

SEEN = {"001": "K001 K002 K003 K004 K005", "802": "K001 K002", "804": "K003", "102": "K004 K005", "801": "K001 K002 K003"}
FAR = TODAY - timedelta(days=70)


@pytest.fixture(scope="module")
def book(administrator, templates, tmp_path_factory) -> Iterator[dict[str, int]]:
    """王记 and 刘洋 guarantee for each other; 张敏, who is late, for 刘洋, 许勇 for 张敏 and 刘洋 for 许勇. 王记's phone is also 鑫源's,
    许勇 lives where 张敏 does, and a stranger guarantees for 王记 and 鑫源.

    Customer number -> id."""
    given = bank.first_delivery()
    given.customers[3] = (*given.customers[3][:4], "13900000001", *given.customers[3][5:])
    given.customers[4] = (*given.customers[4][:5], given.customers[2][5], *given.customers[4][6:])
    given.loans[2] = (*given.loans[2][:14], "2", *given.loans[2][15:])
    given.overdue("L3", TODAY - timedelta(days=40))
    given.guarantors += [
        ("L1", "K002", "刘洋", "300000.00"), ("L2", "K001", "农安王记粮油店", "200000.00"), ("L2", "K003", "张敏", "50000.00"),
        ("L3", "K005", "许勇", "60000.00"), ("L5", "K002", "刘洋", "10000.00"),
        ("L1", "Z900", "外人担保公司", "100000.00"), ("L4", "Z900", "外人担保公司", "100000.00"),
    ]  # fmt: skip
    for _url in conftest.cloned(administrator, templates["bank"]):
        conftest.load.load(given.write(tmp_path_factory.mktemp("inbox")))
        with access.reading(MACHINE) as conn:
            ids = dict(conn.execute(sa.select(tables.customers.c.customer_no, tables.customers.c.id)).all())
            yield ids


def found(number: str, about: int) -> SimpleNamespace:
    with access.reading(conftest.person(number)) as conn:
        tied = {t.why: (t.n, t.seen, set(t.ids)) for t in ties.tied(conn, about)}
        circles = [(tuple(r.ids), tuple(r.amounts)) for r in ties.circles(conn, about)]
        return SimpleNamespace(tied=tied, circles=circles, guarantees=ties.guarantees(conn, about))


# --- Ties -------------------------------------------------------------------------------------------------------------


def test_head_office_sees_why_a_customer_is_related_to_others(book):
    wangji, liu, xinyuan, xu = (book[n] for n in ("K001", "K002", "K004", "K005"))
    assert found("001", wangji).tied == {
        "for_him": (1, 1, {liu}), "by_him": (1, 1, {liu}), "guarantor": (2, 2, {xinyuan, xu}), "phone": (1, 1, {xinyuan})
    }  # fmt: skip
    assert found("001", book["K005"]).tied["address"] == (1, 1, {book["K003"]})
    assert [(g.by_him, g.loan_no, g.name, g.customer_no) for g in found("001", wangji).guarantees] == [
        (False, "L1", "刘洋", "K002"), (False, "L1", "外人担保公司", None), (True, "L2", "刘洋", "K002")
    ]  # fmt: skip


@pytest.mark.parametrize("number", SEEN)
def test_whom_somebody_may_not_see_is_counted_and_not_named(book, number):
    mine = {book[n] for n in SEEN[number].split()}
    for customer in book.values():
        everything, own = found("001", customer), found(number, customer)
        if customer not in mine:
            assert (own.tied, own.circles) == ({}, [])
            continue
        assert own.tied == {why: (n, len(ids & mine), ids & mine) for why, (n, _seen, ids) in everything.tied.items()}
        masked = [(tuple(i if i in mine else None for i in ids), ids, amounts) for ids, amounts in everything.circles]
        assert own.circles == [
            (named, tuple(a if i in mine else None for i, a in zip(ids, amounts, strict=True))) for named, ids, amounts in masked
        ]
        assert {g.id for g in own.guarantees} <= mine | {None}


@pytest.mark.parametrize("number", ["005", "006", "007"])
def test_the_technical_roles_are_refused_the_very_question(book, number):
    with access.reading(conftest.person(number)) as conn, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        ties.tied(conn, book["K001"])


def test_a_bare_village_and_a_settled_loan_bind_nobody(book):
    with access.transaction(MACHINE, "test") as conn:
        conn.exec_driver_sql("update customers set address = '吉林省长春市农安县合隆镇' where customer_no in ('K003', 'K005')")
        conn.exec_driver_sql("update loans set status = 'settled' where loan_no = 'L4'")
        access.act_as(conn, conftest.person("001"))
        assert "address" not in {t.why for t in ties.tied(conn, book["K005"])}
        assert [t.ids for t in ties.tied(conn, book["K001"]) if t.why == "guarantor"] == [[book["K005"]]]
        conn.get_transaction().rollback()


# --- Circles ----------------------------------------------------------------------------------------------------------


def test_circles_are_told_with_what_each_guarantees(book):
    wangji, liu, zhang, xu = (book[n] for n in ("K001", "K002", "K003", "K005"))
    assert found("001", wangji).circles == [((wangji, liu), (30_000_000, 20_000_000))]
    assert found("001", liu).circles == [
        ((liu, wangji), (20_000_000, 30_000_000)), ((liu, zhang, xu), (5_000_000, 6_000_000, 1_000_000))
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_circles_of_random_guarantees_are_those_that_plain_python_finds(book, seed):
    dice, ids = random.Random(seed), sorted(book.values())
    edges = {(a, b) for a in ids for b in ids if a != b and dice.random() < 0.4}
    with access.transaction(MACHINE, "test") as conn:
        by_customer = dict(conn.execute(sa.select(tables.loans.c.customer_id, tables.loans.c.id)).all())
        conn.execute(sa.delete(tables.guarantors))
        conn.execute(sa.insert(tables.guarantors), [
            {"source": "union", "loan_no": f"X{a}", "loan_id": by_customer[a], "customer_id": a, "guarantor_id": b, "guarantor_no": f"G{b}",
             "name": "x", "amount_fen": 1} for a, b in edges
        ])  # fmt: skip
        access.act_as(conn, conftest.person("001"))
        for him in ids:
            assert {tuple(r.ids) for r in ties.circles(conn, him)} == circles_through(him, ids, edges)
        conn.get_transaction().rollback()


def circles_through(him: int, ids: list[int], edges: set[tuple[int, int]]) -> set[tuple[int, ...]]:
    others = [i for i in ids if i != him]
    ways = ((him, *way) for n in range(1, ties.LONGEST) for way in permutations(others, n))
    return {way for way in ways if all(step in edges for step in zip(way, (*way[1:], him), strict=True))}


# --- Balance and class through time -----------------------------------------------------------------------------------


def test_what_is_drawn_on_a_day_is_what_the_loans_came_to_then(book):
    with access.transaction(MACHINE, "test") as conn:
        loan = conn.execute(sa.select(tables.loans).where(tables.loans.c.loan_no == "L1")).one()
        past = {"loan_id": loan.id, "customer_id": loan.customer_id, "branch_id": loan.branch_id, "status": "normal", "principal_fen": 0,
                "interest_fen": 0, "matures_on": loan.matures_on, "extensions": 0, "run_id": 1}  # fmt: skip
        worse, better = FAR + timedelta(days=10), FAR + timedelta(days=20)
        stretches = (
            (FAR, worse, 90_000_000, "normal"),
            (worse, better, 85_000_000, "substandard"),
            (better, loan.changed_on, 82_000_000, "special_mention"),
        )
        conn.execute(sa.insert(tables.loan_history), [
            past | {"from_on": begin, "to_on": end, "balance_fen": fen, "class": of} for begin, end, fen, of in stretches
        ])  # fmt: skip
        states = loans.states(conn, loan.customer_id)
        conn.get_transaction().rollback()
    assert [(day, was, now) for day, _no, was, now in charts.class_changes(states)] == [
        (worse, LoanClass.NORMAL, LoanClass.SUBSTANDARD), (better, LoanClass.SUBSTANDARD, LoanClass.SPECIAL_MENTION),
        (loan.changed_on, LoanClass.SPECIAL_MENTION, LoanClass.NORMAL),
    ]  # fmt: skip
    drawn = {
        trace["name"]: dict(zip(trace["x"], trace["y"], strict=True))
        for trace in charts.balance_and_class(states, [], TODAY)["data"]
    }
    assert drawn["正常"][FAR] == 90 and drawn["次级"][worse] == 85 and drawn["正常"][worse] == 0 and drawn["正常"][TODAY] == 80
    assert drawn["分类下迁"] == {worse: 85} and drawn["分类上迁"] == {better: 82, loan.changed_on: 80}


# --- The page ---------------------------------------------------------------------------------------------------------


def test_the_page_warns_of_a_late_guarantor_and_tells_circles(book, monkeypatch):
    monkeypatch.setenv("VIGIL_TODAY", str(TODAY))
    page = shown(Visit(monkeypatch, "head_risk").at("customer?no=K002"))
    assert "保证人张敏自身已逾期40天" in page and "互保：刘洋 ← 农安王记粮油店" in page
    assert "显示列" not in page  # under a table of three lines
    assert "3 户担保圈：刘洋 ← 张敏" in page and "由本客户担保" in page
    own = shown(Visit(monkeypatch, "manager").at("customer?no=K002"))
    assert "刘洋 ← 无权查看的客户 ← 无权查看的客户 ← 刘洋" in own.replace(" \\(5万\\)", "").replace(" (5万)", "")
    assert "许勇" not in own and "为本客户担保：另有 1 户，您无权查看。" in own
