"""Everything that needs a second person: told to who may decide, in one queue, and answered to who asked."""

from datetime import UTC, datetime, timedelta

import pytest

from db import access, accounts, definitions, notices, requests, staff
from db.access import MACHINE
from db.vocab import Definition, News
from engine import absences, acts, approvals, clock, refusals, rulebook
from engine import notices as telling
from engine.feed import override
from tests.bank import TODAY
from tests.conftest import person
from tests.test_addresses import SHOP, WHY, approve, correct, mark, north, present
from tests.test_pages import Visit, shown

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
ACCOUNTS = ("001", "002", "005", "101", "801", "802", "803", "804")


@pytest.fixture(autouse=True)
def _accounts(small_bank, monkeypatch):
    """Who cannot sign in is told nothing."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with access.transaction(MACHINE, "test") as conn:
        for number in ACCOUNTS:
            accounts.add(conn, staff.by_number(conn, number).id, f"u{number}", "no", False, NOW)


def told(number: str, why: News) -> list[str]:
    with access.reading(person(number)) as conn:
        rows = notices.of_person(conn, person(number).id)
    return [telling.sentence(row.why, row.parts) for row in rows if row.why == why]


def ask_to_move(by, customer_no: str = "K001") -> int:
    """A marked address that moves so far that a second person is needed."""
    mark(by, customer_no)
    return correct(by, north(SHOP, 900)) if customer_no == "K001" else mark(
        by, customer_no, at=north(SHOP, 900), address_id=present(customer_no).id, why=WHY
    )  # fmt: skip


class TestTheBell:
    def test_a_request_is_told_to_the_head_of_its_branch_and_head_office_and_to_nobody_else(self, li):
        ask_to_move(li)
        for number in ("001", "002", "801"):
            assert told(number, News.DECISION) == ["有一项变更等待您审批：地址变更"]
        for number in ("101", "802", "803", "005"):
            assert told(number, News.DECISION) == []

    def test_what_the_head_of_a_branch_asks_goes_to_who_stands_above_him(self, sun):
        with access.transaction(MACHINE, "test") as conn:
            conn.exec_driver_sql(
                "update staff_roles set role = 'branch_head' where staff_id = (select id from staff where staff_no = '804')"
            )
        ask_to_move(sun, "K003")
        assert told("804", News.DECISION) == [] and told("001", News.DECISION) != []

    def test_who_asked_is_told_what_became_of_it(self, li, sun, wang):
        approve(sun, ask_to_move(li))
        assert told("802", News.ANSWER) == ["已批准：地址变更"]
        assert told("801", News.ANSWER) == []

    def test_a_refused_rule_is_told_to_its_maker(self, wang, zhao):
        with acts.act(wang, "parameter.change") as conn:
            made = rulebook.propose(
                conn, wang, Definition.PARAMETER, "calls.a_day", {"value": 2}, TODAY + timedelta(9), "fewer calls", today=TODAY
            )
        with acts.act(zhao, "rule.decide") as conn:
            rulebook.refuse(conn, zhao, made, "not this month", now=NOW)
        assert told("001", News.ANSWER) == ["已驳回：参数 · 同一借款人每日有效催收通话上限"]

    def test_whoever_asked_hears_which_rule_it_was(self, wang, zhao):
        with access.reading(wang) as conn:
            body = definitions.one_in_force(conn, Definition.TODO_RULE, "REG-FARM", TODAY).body
        with acts.act(wang, "rule.change") as conn:
            made = rulebook.propose(
                conn, wang, Definition.TODO_RULE, "REG-FARM", body, TODAY + timedelta(9), "as it is", today=TODAY
            )
        with acts.act(zhao, "rule.decide") as conn:
            rulebook.approve(conn, zhao, made, now=NOW, today=TODAY)
        assert any(said.endswith(" REG-FARM") for said in told("002", News.DECISION))
        assert any(said.startswith("已批准：") and said.endswith(" REG-FARM") for said in told("001", News.ANSWER))

    def test_a_stopped_feed_refused_and_then_let_through_is_told_to_who_asked(self, he, wang, monkeypatch):
        with access.transaction(MACHINE, "test") as conn:
            run = conn.exec_driver_sql(
                "insert into feed_runs (source, business_date, folder, state) values ('union', '2026-11-21', 'x', 'stopped') returning id"
            ).scalar_one()
        for hour, (decide, *why) in enumerate(((override.refuse, "send what is missing"), (override.allow,))):
            monkeypatch.setattr(clock, "now", lambda hour=hour: NOW + timedelta(hours=hour))
            with acts.act(he, "feed.override.ask") as conn:
                override.ask(conn, he, run, "the bank was closed")
            with acts.act(wang, "feed.override.allow") as conn:
                decide(conn, wang, run, *why)
        assert told("005", News.ANSWER) == ["已批准：放行被拦截的数据", "已驳回：放行被拦截的数据"]
        assert told("001", News.DECISION) == ["有一批已拦截的数据等待放行审批"] * 2
        with access.reading(he) as conn:
            assert next(row.about for row in notices.of_person(conn, he.id) if row.why == News.ANSWER) == f"feeds?run={run}"

    def test_both_are_told_of_a_stand_in_and_of_its_end(self, sun, li, zhou):
        with acts.act(sun, "absence.arrange") as conn:
            made = absences.arrange(conn, sun, zhou.id, li.id, TODAY, TODAY + timedelta(3), "on leave", today=TODAY)
        assert told("802", News.STAND_IN) == ["您将于 2026-11-20 至 2026-11-23 代理同事的工作"]
        assert told("803", News.STAND_IN) == ["2026-11-20 至 2026-11-23 由同事代理您的工作"]
        with acts.act(sun, "absence.arrange") as conn:
            absences.end(conn, sun, made, today=TODAY)
        assert told("802", News.STAND_IN)[0] == "您已不再代理同事的工作"


class TestTheSecondPerson:
    def test_nobody_decides_what_he_asked_nor_what_stands_above_him(self, wang, sun, li):
        asked = ask_to_move(sun)
        with pytest.raises(refusals.FourEyes):
            approve(sun, asked)
        with access.reading(sun) as conn:
            assert approvals.decidable(conn, sun, approvals.waiting(conn, sun)) == []
        with access.reading(wang) as conn:
            assert len(approvals.decidable(conn, wang, approvals.waiting(conn, wang))) == 1

    def test_what_somebody_asked_who_holds_no_role_any_more_can_still_be_decided(self, li, sun):
        asked = ask_to_move(li)
        with access.transaction(MACHINE, "test") as conn:
            conn.exec_driver_sql(f"update staff_roles set valid_to = '2026-11-01' where staff_id = {li.id}")
        approve(sun, asked)
        with access.reading(sun) as conn:
            assert [r.id for r in requests.decided(conn)] == [asked]


class TestTheQueue:
    @pytest.fixture
    def visit(self, small_bank, monkeypatch):
        monkeypatch.setenv("VIGIL_TODAY", str(TODAY))
        return lambda role: Visit(monkeypatch, role)

    def test_a_head_of_a_branch_approves_in_the_queue_and_the_asker_finds_it_there(self, visit, li, sun):
        asked = ask_to_move(li)
        page = visit("branch_head").at("approvals")
        assert "农安王记粮油店" in shown(page) and "moves" not in shown(page)
        page.button(key=f"approve_{asked}").click().run()
        assert not page.exception and "没有待您复核的事项" in shown(page)
        assert "已批准" in shown(visit("manager").at("approvals"))

    def test_refusing_needs_words(self, visit, li):
        asked = ask_to_move(li)
        page = visit("branch_head").at("approvals")
        page.button(key=f"refuse_{asked}").click().run()
        assert [e.value for e in page.error] and "农安王记粮油店" in shown(page)
        page.text_input(key=f"note_{asked}").set_value("我去看过")
        page.button(key=f"refuse_{asked}").click().run()
        (told,) = visit("manager").at("approvals").dataframe
        heads = list(told.value.columns)
        assert told.value["said"].tolist() == ["我去看过"] and heads.index("said") < heads.index("reason")

    def test_a_change_of_a_parameter_stands_there_for_the_other_one_of_head_office(self, visit, wang):
        with acts.act(wang, "parameter.change") as conn:
            made = rulebook.propose(
                conn, wang, Definition.PARAMETER, "calls.a_day", {"value": 2}, TODAY + timedelta(9), "fewer calls", today=TODAY
            )
        assert "1 项待他人复核" in shown(visit("head_risk").at("approvals"))
        page = visit("head_loans").at("approvals")
        assert "fewer calls" in shown(page)
        page.button(key=f"approve_{made}").click().run()
        assert "没有待您复核的事项" in shown(page)
        assert "fewer calls" in shown(visit("auditor").at("approvals?view=decided"))
