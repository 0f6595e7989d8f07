"""Customers' levels: reckoned each night from the book, with reasons; adjusted by hand by two people, for a while."""

import copy
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
import yaml

from db import access, audit, customers, definitions, levels
from db.access import MACHINE
from db.vocab import Approval, CustomerLevel, Definition
from engine import acts, approvals, clock, refusals, rulebook, scorecard
from engine import levels as verbs
from engine.opening import STARTERS
from tests.bank import TODAY
from tests.test_addresses import NOW
from tests.test_pages import Visit, shown

BODY = yaml.safe_load((STARTERS / "scorecards.yaml").read_text(encoding="utf-8"))[0]
LATER = TODAY + timedelta(days=30)


@pytest.fixture(autouse=True)
def on_the_day(small_bank, monkeypatch):
    monkeypatch.setenv("VIGIL_TODAY", str(TODAY))


def night(day: date = TODAY) -> None:
    with access.transaction(MACHINE, "night.levels") as conn:
        assert verbs.follow(conn, day) == []


def change(statement: str) -> None:
    with access.transaction(MACHINE, "test") as conn:
        conn.exec_driver_sql(statement)


def the(number: str):
    with access.reading(MACHINE) as conn:
        return customers.by_number(conn, number)


def reckoned(number: str):
    with access.reading(MACHINE) as conn:
        return levels.of_customer(conn, the(number).id)


def ask(by, number: str = "K001", level=CustomerLevel.D, until=LATER) -> int:
    with acts.act(by, "level.ask") as conn:
        return verbs.ask(conn, by, the(number).id, level, until, "the owner is ill", now=NOW, today=clock.today())


def approve(by, request_id: int) -> None:
    with acts.act(by, "request.decide") as conn:
        approvals.approve(conn, by, request_id, now=NOW)


def late(number: str, days: int) -> None:
    change(f"update loans set overdue_since = '{TODAY - timedelta(days)}' where loan_no = '{number}'")
    change("update customer_faces f set overdue_since = l.overdue_since from loans l where l.customer_id = f.customer_id")


class TestTheNight:
    def test_a_customer_without_blemish_is_a_and_one_in_arrears_is_worse_with_its_reasons(self):
        late("L2", 20)
        night()
        assert (reckoned("K001").level, reckoned("K001").score) == ("A", 89)
        row = reckoned("K002")
        assert (row.level, the("K002").level, row.points["arrears_now"], row.points["arrears_past"], row.points["times_late"]) == (
            "C", "C", 4, 8, 6,
        )  # fmt: skip
        assert scorecard.reasons(scorecard.parse(BODY), row.points)[:2] == [("当前逾期", 4, 20), ("近一年最长逾期", 8, 20)]

    def test_arrears_that_are_over_count_for_a_year(self):
        with access.transaction(MACHINE, "test") as conn:
            conn.exec_driver_sql(
                f"insert into loan_history select id, customer_id, '{TODAY - timedelta(200)}', '{TODAY - timedelta(190)}', branch_id, manager_id,"
                f" balance_fen, class, 'overdue', 1, 1, '{TODAY - timedelta(205)}', matures_on, 0, 1 from loans where loan_no = 'L2'"
            )
        night()
        assert (reckoned("K002").points["arrears_past"], reckoned("K002").points["times_late"]) == (8, 10)

    def test_a_cap_holds_the_level_down_however_many_points_there_are(self):
        change(
            "update customer_faces set worst_class = 'substandard' where customer_id = (select id from customers where customer_no = 'K001')"
        )
        night()
        row = reckoned("K001")
        assert (row.level, row.caps) == ("E", ["bad_class"])
        assert scorecard.capped_by(scorecard.parse(BODY), row.caps) == ["分类为次级及以下"]

    def test_an_open_red_signal_caps_and_frees_when_it_is_closed(self):
        change(
            "insert into signals (customer_id, rule_code, rule_version, subject_kind, subject_id, branch_id, level, evidence, first_on, last_on)"
            " select id, 'X', 1, 'customer', id, branch_id, 'red', '{}', '2026-11-01', '2026-11-01' from customers where customer_no = 'K001'"
        )
        night()
        assert reckoned("K001").level == "D"
        change("update signals set state = 'lifted', closed_on = '2026-11-20'")
        night(TODAY + timedelta(1))
        assert reckoned("K001").level == "A"

    def test_only_what_changed_is_written_and_touched(self):
        night()
        change("update customer_faces set touched_at = '2026-01-01'")
        late("L2", 20)
        night(TODAY + timedelta(1))
        with access.reading(MACHINE) as conn:
            touched = conn.exec_driver_sql("select count(*) from customer_faces where touched_at > '2026-06-01'").scalar_one()
            assert touched == 1
            past = levels.history(conn, the("K002").id)
        assert [(r.level, r.from_on, r.to_on) for r in past] == [
            ("C", TODAY + timedelta(1), None), ("A", TODAY, TODAY + timedelta(1)),
        ]  # fmt: skip

    def test_a_night_run_twice_leaves_the_same(self):
        late("L2", 20)
        night()
        with access.reading(MACHINE) as conn:
            before = conn.exec_driver_sql("select * from customer_levels order by 1, 2").all()
        change("update customer_faces set touched_at = '2026-01-01'")
        night()
        with access.reading(MACHINE) as conn:
            assert conn.exec_driver_sql("select * from customer_levels order by 1, 2").all() == before
            assert conn.exec_driver_sql("select count(*) from customer_faces where touched_at > '2026-06-01'").scalar_one() == 0

    def test_who_owes_nothing_any_more_has_no_level(self):
        night()
        change("update customer_faces set live_loans = 0 where customer_id = (select id from customers where customer_no = 'K001')")
        night(TODAY + timedelta(1))
        assert the("K001").level is None and reckoned("K001") is None


class TestByHand:
    def test_what_head_office_approves_is_in_force_at_once_and_the_night_keeps_it(self, li, wang):
        night()
        approve(wang, ask(li))
        assert (the("K001").level, reckoned("K001").level) == ("D", "A")
        night(TODAY + timedelta(1))
        assert the("K001").level == "D"

    def test_it_runs_out_by_itself(self, li, wang):
        night()
        approve(wang, ask(li))
        night(LATER)
        assert the("K001").level == "D"
        night(LATER + timedelta(1))
        assert the("K001").level == "A"

    def test_head_office_ends_it_before_its_time_once(self, li, wang, zhao):
        night()
        approve(wang, ask(li))
        with access.reading(wang) as conn:
            (adjusted,) = levels.adjusted_on(conn, TODAY)
        for refused in (False, True):
            try:
                with acts.act(zhao, "level.decide") as conn:
                    verbs.end(conn, zhao, adjusted.id, today=TODAY)
            except refusals.Conflict:
                assert refused
        assert the("K001").level == "A"

    def test_a_later_one_takes_the_place_of_the_first(self, li, wang, zhao):
        night()
        approve(wang, ask(li))
        approve(zhao, ask(li, level=CustomerLevel.B))
        assert the("K001").level == "B"
        with access.reading(wang) as conn:
            assert [a.level for a in levels.adjusted_on(conn, TODAY)] == ["B"]

    def test_a_branch_head_asks_but_does_not_decide(self, li, sun):
        night()
        asked = ask(li)
        with pytest.raises(refusals.NotPermitted):
            approve(sun, asked)

    def test_what_changed_since_it_was_asked_is_asked_anew(self, li, wang):
        night()
        asked = ask(li)
        change("update customer_faces set level = 'E'")
        with pytest.raises(refusals.Stale):
            approve(wang, asked)

    @pytest.mark.parametrize(
        ("level", "until", "refusal"),
        [("A", LATER, refusals.SameLevel), ("D", TODAY, refusals.BadPeriod), ("D", TODAY + timedelta(400), refusals.BadPeriod)],
    )
    def test_what_makes_no_sense_is_refused(self, li, level, until, refusal):
        night()
        with pytest.raises(refusal):
            ask(li, level=CustomerLevel(level), until=until)

    def test_nobody_writes_a_level_that_was_not_asked_for(self, li, wang):
        night()
        request = ask(li)
        with access.transaction(wang, "request.decide") as conn:
            conn.exec_driver_sql(
                f"update requests set state = 'approved', decided_by = {wang.id}, decided_at = now() where id = {request}"
            )
        slip = (
            "insert into level_adjustments (customer_id, level, from_on, until_on, reason, made_by, approved_by, approved_at)"
            f" values ({the('K001').id}, '%s', '{TODAY}', '{LATER}', 'r', {li.id}, {wang.id}, now())"
        )
        with pytest.raises(sa.exc.ProgrammingError, match="row-level"), access.transaction(wang, "level.decide") as conn:
            conn.exec_driver_sql(slip % "A")
        with access.transaction(wang, "level.decide") as conn:
            conn.exec_driver_sql(slip % "D")
        for somebody in (li, wang):
            with pytest.raises(sa.exc.ProgrammingError, match="denied"), access.transaction(somebody, "x") as conn:
                conn.exec_driver_sql("update customer_faces set level = 'A'")


class TestTheCard:
    def test_a_changed_card_is_signed_by_two_and_counts_from_its_day(self, wang, zhao):
        stricter = copy.deepcopy(BODY)
        stricter["levels"]["A"] = 95
        with acts.act(wang, "scorecard.change") as conn:
            made = rulebook.propose(
                conn, wang, Definition.SCORECARD, "CUSTOMER", stricter, TODAY + timedelta(1), "too many A", today=TODAY
            )
        with acts.act(zhao, "rule.decide") as conn:
            rulebook.approve(conn, zhao, made, now=NOW, today=TODAY)
        night()
        assert reckoned("K001").level == "A"
        night(TODAY + timedelta(1))
        assert (reckoned("K001").level, reckoned("K001").card_version) == ("B", 2)

    @pytest.mark.parametrize(
        ("spoil", "said"),
        [
            (lambda b: b["items"][0]["steps"][0].update(points=30), "合计为 110"),
            (lambda b: b["levels"].update(B=90), "逐级递减"),
            (lambda b: b["items"][0].update(code="class"), "代码不得重复"),
            (lambda b: b["items"][0]["steps"][0]["who"].update(field="colour"), "colour"),
            (lambda b: b["items"][0]["steps"][0].update(who={"field": "level", "op": "in", "value": ["A"]}), "客户级别本身"),
            (lambda b: b["caps"][0].update(level="F"), "等级"),
        ],
    )
    def test_a_card_that_cannot_be_is_refused_when_it_is_saved(self, spoil, said):
        body = copy.deepcopy(BODY)
        spoil(body)
        with pytest.raises(refusals.BadRule) as no:
            scorecard.parse(body)
        assert said in no.value.sentence()

    def test_a_bank_that_began_before_there_was_one_gets_it(self):
        with access.reading(MACHINE) as conn:
            assert definitions.one_in_force(conn, Definition.SCORECARD, "CUSTOMER", TODAY).version == 1


class TestThePages:
    @pytest.fixture
    def visit(self, monkeypatch):
        return lambda role: Visit(monkeypatch, role)

    def test_an_officer_reads_the_reasons_and_asks_and_head_office_approves(self, visit):
        late("L2", 20)
        night()
        page = visit("manager").at("customer?no=K002")
        assert not page.exception and "当前逾期" in shown(page) and "C 级" in shown(page)
        page.segmented_control(key="new_level").set_value(CustomerLevel.E).run()
        page.text_input(key="level_why").set_value("店主病重").run()
        page.button(key="ask_level").click().run()
        assert not page.exception and not page.error
        page = visit("head_risk").at("approvals")
        assert "店主病重" in shown(page)
        (button,) = [b for b in page.button if str(b.key).startswith("approve_")]
        button.click().run()
        assert not page.exception and the("K002").level == "E"
        page = visit("head_risk").at("levels?view=adjusted")
        assert "刘洋" in shown(page)
        with access.reading(MACHINE) as conn:
            said = [row.op for row in audit.of_customer(conn, the("K002").id) if row.noun == "level_adjustments"]
        assert said == ["insert"]

    def test_the_distribution_counts_whom_the_list_shows(self, visit):
        late("L2", 20)
        night()
        page = visit("branch_head").at("levels")
        assert not page.exception and [m.value for m in page.metric] == ["2", "0", "1", "0", "0"]
        assert "刘洋" in shown(visit("branch_head").at("customers?level=C"))

    def test_a_point_changed_on_the_page_waits_for_a_second_person(self, visit):
        page = visit("head_risk").at("levels?view=card")
        assert not page.exception
        page.number_input(key="bound_A").set_value(95).run()
        page.text_input(key="why_change").set_value("A 太多").run()
        page.button(key="propose_card").click().run()
        assert not page.exception
        with access.reading(MACHINE) as conn:
            (waiting,) = definitions.awaiting(conn, Definition.SCORECARD)
        assert (waiting.body["levels"]["A"], waiting.state) == (95, Approval.SUBMITTED)
