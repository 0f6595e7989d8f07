"""The night, told of the people of the small bank: feeds arrive, nights run, and each has what the rules ask."""

import re
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from db import access, definitions, jobs, records, staff, todos
from db.access import MACHINE
from db.vocab import Conclusion, Definition, Kind, Mode, Outcome
from engine import checks, faults, night, rulebook, words
from engine.checks import Submission
from engine.night import NightReport
from tests.bank import STAFF, TODAY, Delivery
from tests.conftest import give_roles, person

GRAIN_SHOP, LIU_YANG, ZHANG_MIN = "K001", "K002", "K003"  # of Nong'an: 李强 manages, of its outlet 钱进
BEGAN = TODAY - timedelta(days=1)


class SmallBank:
    """Deliveries and nights, a day or more apart; tests say what is otherwise than the day before."""

    def __init__(self, inbox: Path) -> None:
        self.inbox, self.day = inbox, TODAY - timedelta(days=1)
        self.loans: dict[str, tuple[str, dict]] = {}
        self.loan("L0", "K004", balance="90000000.00", amount="90000000.00")  # beside which nothing counts as a fall of the book
        self.arrears: dict[str, date] = {}
        self.staff = list(STAFF)

    def loan(self, number: str, customer: str = GRAIN_SHOP, **changes) -> "SmallBank":
        """New, or otherwise than it was."""
        was = self.loans.get(number, (customer, {"disbursed": TODAY - timedelta(days=100), "matures": TODAY + timedelta(days=265)}))
        self.loans[number] = was[0], was[1] | changes
        return self

    def tonight(self, days: int = 1) -> NightReport:
        """The files of so many days later, and the night over them."""
        self.day += timedelta(days=days)
        delivery = Delivery(self.day, staff=[row[:4] + (f"1380000{row[0]:0>4}",) for row in self.staff])
        for number, (customer, changes) in self.loans.items():
            delivery.loan(number, customer, **changes)
        for number, since in self.arrears.items():
            delivery.overdue(number, since)
        delivery.write(self.inbox)
        report = night.night(self.day, catch_up=False)
        assert report.feed_stops == []
        return report

    def rules(self, *bodies: dict) -> "SmallBank":
        """These and no others."""
        with access.transaction(MACHINE, "test") as conn:
            for row in definitions.in_force(conn, Definition.TODO_RULE, self.day):
                _approve(conn, row.body | {"enabled": False}, BEGAN - timedelta(days=40))
            for body in bodies:
                _approve(conn, body, BEGAN - timedelta(days=400))
        return self


@pytest.fixture
def town(empty, tmp_path, monkeypatch) -> SmallBank:
    """The small bank before its first feed, without any rules."""
    monkeypatch.setenv("VIGIL_INBOX", str(tmp_path))
    with access.transaction(MACHINE, "test") as conn:  # the tests leave out the days on which nothing happens
        definitions.plant(conn, Definition.PARAMETER, "feed.max_gap_days", {"value": 400}, date(2000, 1, 1), "test")
    return SmallBank(tmp_path).rules()


def _approve(conn, body: dict, valid_from: date) -> None:
    found = definitions.versions(conn, Definition.TODO_RULE, body["code"])
    definitions.plant(conn, Definition.TODO_RULE, body["code"], body, valid_from, "test", len(found) + 1)


def regular(code: str, **changes) -> dict:
    """A regular rule of the calendar's months, open all month: a test states only what it is about."""
    when = {"anchor": "calendar", "every": {"n": 1, "unit": "month"}, "lead": 20}
    return {
        "code": code,
        "title": {"zh": code},
        "kind": "regular",
        "mode": "field",
        "assign": "manager",
        "who": {"all": []},
        "when": when,
    } | changes


def first(code: str, **changes) -> dict:
    when = {"anchor": "disbursement", "offsets": [15], "lead": 15}
    return {
        "code": code,
        "title": {"zh": code},
        "kind": "first",
        "mode": "field",
        "assign": "manager",
        "merge_days": 7,
        "who": {"all": []},
        "when": when,
    } | changes


def at_least(field: str, value) -> dict:
    return {"field": field, "op": "gte", "value": value}


QUARTER = {"anchor": "calendar", "every": {"n": 1, "unit": "quarter"}, "lead": 60}


def asked(customer: str, kind: str = "regular") -> list[sa.Row]:
    """Every todo of a customer, oldest first, with the numbers of its loans and the assignee's name."""
    with access.reading(MACHINE) as conn:
        return conn.execute(
            sa.text("""
                select t.*, s.name as assignee, array(select loan_no from loans l where l.id = any(t.loan_ids) order by 1) as loans
                from todos t join customers c on c.id = t.customer_id left join staff s on s.id = t.assignee_id
                where c.customer_no = :customer and t.kind = :kind order by t.id"""),
            {"customer": customer, "kind": kind},
        ).all()


def the_todo(customer: str, kind: str = "regular") -> sa.Row:
    (todo,) = asked(customer, kind)
    return todo


def act(statement: str, **values) -> None:
    with access.transaction(MACHINE, "test") as conn:
        assert conn.execute(sa.text(statement), values).rowcount == 1


def check(customer: str, kind: Kind, mode: Mode, day: date, *todo_ids: int, by: str = "803") -> None:
    """Somebody goes there, and submits what was seen."""
    with access.transaction(MACHINE, "test") as conn:
        who = staff.by_number(conn, by)
        customer_id = conn.execute(sa.text("select id from customers where customer_no = :c"), {"c": customer}).scalar_one()
        at = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=4)
        seen = Submission(uuid.uuid4(), customer_id, kind, mode, Outcome.COMPLETED, Conclusion.NORMAL, at, tuple(todo_ids))
        checks.import_past(conn, [(seen, who.id, who.branch_id, [])])
        records.touch(conn, [customer_id])


def time_passes() -> None:
    """What was touched in this test's seconds is an hour old, so that the next night looks at it for its date alone."""
    with access.transaction(MACHINE, "test") as conn:
        conn.exec_driver_sql("update customer_faces set touched_at = now() - interval '1 hour'")
        conn.exec_driver_sql("update exemptions set approved_at = now() - interval '1 hour' where approved_at is not null")


def start(todo_id: int, at: datetime) -> None:
    with access.transaction(MACHINE, "test") as conn:
        assert todos.start(conn, [todo_id], at)


# --- Whose rule governs ----------------------------------------------------------------------------------------------


def test_of_two_rules_the_stricter_governs_the_grain_shop(town):
    town.rules(regular("QUARTERLY", when=QUARTER), regular("MONTHLY", who=at_least("balance", 500_000)))
    town.loan("L1").loan("L6", balance="10000.00", amount="10000.00").tonight()
    todo = the_todo(GRAIN_SHOP)
    assert (todo.rule_code, todo.due_on, todo.loans) == ("MONTHLY", date(2026, 11, 30), ["L1", "L6"])


def test_when_the_large_loan_is_paid_down_the_lighter_rule_takes_over(town):
    town.rules(regular("QUARTERLY", when=QUARTER), regular("MONTHLY", who=at_least("balance", 500_000)))
    town.loan("L1").tonight()
    town.loan("L1", balance="1000.00").tonight()
    before, after = asked(GRAIN_SHOP)
    assert (before.state, before.close_reason) == ("cancelled", "superseded")
    assert (after.rule_code, after.state, after.due_on) == ("QUARTERLY", "open", date(2026, 12, 31))


def test_equally_often_a_visit_is_stricter_than_a_call(town):
    town.rules(regular("A-CALL", mode="phone"), regular("B-VISIT")).loan("L1").tonight()
    assert the_todo(GRAIN_SHOP).rule_code == "B-VISIT"


# --- What is shared --------------------------------------------------------------------------------------------------


def test_two_loans_paid_out_in_one_week_are_first_checked_together(town):
    town.rules(first("FIRST")).loan("L1", disbursed=TODAY - timedelta(days=9)).loan(
        "L6", disbursed=TODAY - timedelta(days=5)
    ).tonight()
    todo = the_todo(GRAIN_SHOP, "first")
    assert (todo.loans, todo.due_on) == (["L1", "L6"], TODAY + timedelta(days=6))


def test_a_loan_paid_out_some_days_later_joins_the_todo_that_is_open(town):
    town.rules(first("FIRST")).loan("L1", disbursed=TODAY - timedelta(days=2)).tonight()
    town.loan("L6", disbursed=TODAY + timedelta(days=3)).tonight(4)
    assert the_todo(GRAIN_SHOP, "first").loans == ["L1", "L6"]
    town.loan("L7", disbursed=TODAY + timedelta(days=9)).tonight(6)
    assert [t.loans for t in asked(GRAIN_SHOP, "first")] == [["L1", "L6"], ["L7"]], "eleven days apart"


def test_a_shared_check_that_is_late_stays_late_when_another_loans_day_is_still_ahead(town):
    monthly = {"anchor": "class_change", "offsets": [1], "every": {"n": 1, "unit": "month"}, "lead": 20}
    town.rules(first("KEY", kind="key", merge_days=10, when=monthly))
    town.loan("L1").loan("L6").tonight()
    town.loan("L1", **{"class": "20"}).tonight()
    town.loan("L6", **{"class": "20"}).tonight(5)
    town.tonight(14)
    shared = next(t for t in asked(GRAIN_SHOP, "key") if t.due_on == date(2026, 12, 22))
    assert shared.loans == ["L1", "L6"], "five days apart"
    town.loan("L1", balance="1.00").tonight(14)
    late = next(t for t in asked(GRAIN_SHOP, "key") if t.id == shared.id)
    assert (late.state, late.loans, late.due_on) == ("open", ["L1", "L6"], date(2026, 12, 22))
    assert late.due_on < town.day < date(2026, 12, 27)


def test_two_customers_never_share_a_todo(town):
    town.rules(regular("MONTHLY")).loan("L1").loan("L2", LIU_YANG).tonight()
    assert the_todo(GRAIN_SHOP).loans == ["L1"]
    assert the_todo(LIU_YANG).loans == ["L2"]


# --- Satisfied, exempt -----------------------------------------------------------------------------------------------


def test_zhou_mins_annual_review_makes_the_monthly_visit_unnecessary(town):
    town.rules(regular("MONTHLY", satisfied_days=20)).loan("L1").tonight()
    check(GRAIN_SHOP, Kind.FULL, Mode.FIELD, TODAY + timedelta(days=1))
    town.tonight()
    todo = the_todo(GRAIN_SHOP)
    assert (todo.state, todo.close_reason) == ("cancelled", "satisfied")


@pytest.mark.parametrize(
    ("kind", "mode", "day"),
    [
        (Kind.FULL, Mode.PHONE, TODAY),  # a call is no visit
        (Kind.FIRST, Mode.FIELD, TODAY),  # no heavier kind
        (Kind.FULL, Mode.FIELD, date(2026, 11, 9)),  # 21 days before the due day
    ],
)
def test_a_lighter_or_older_check_does_not(town, kind, mode, day):
    town.rules(regular("MONTHLY", satisfied_days=20)).loan("L1").tonight()
    check(GRAIN_SHOP, kind, mode, day)
    town.tonight()
    assert the_todo(GRAIN_SHOP).state == "open"


def test_a_late_visit_is_covered_too_once_the_heavier_one_is_made(town):
    town.rules(regular("MONTHLY", satisfied_days=20)).loan("L1").tonight()
    town.tonight(13)
    assert [t.state for t in asked(GRAIN_SHOP) if t.due_on < town.day] == ["open"]
    check(GRAIN_SHOP, Kind.KEY, Mode.FIELD, town.day + timedelta(days=1))
    town.tonight()
    assert [t.close_reason for t in asked(GRAIN_SHOP) if t.due_on < town.day] == ["satisfied"]


def test_an_exempt_customer_is_asked_nothing_until_the_exemption_ends(town):
    town.rules(regular("MONTHLY")).loan("L1").tonight()
    act("""insert into exemptions (customer_id, kinds, from_on, until_on, reason, asked_by, approved_by, approved_at)
           select id, '{regular}', :first, :last, '低风险', 1, 2, now() from customers where customer_no = 'K001'""",
        first=TODAY, last=TODAY + timedelta(days=3))  # fmt: skip
    town.tonight()
    assert the_todo(GRAIN_SHOP).close_reason == "exempted"
    time_passes()
    town.tonight(3)
    assert (the_todo(GRAIN_SHOP).state, the_todo(GRAIN_SHOP).close_reason) == ("open", None)


def test_an_exemption_that_nobody_approved_exempts_nobody(town):
    town.rules(regular("MONTHLY")).loan("L1").tonight()
    act("""insert into exemptions (customer_id, kinds, from_on, until_on, reason, asked_by)
           select id, '{regular}', :first, :first, '低风险', 1 from customers where customer_no = 'K001'""", first=TODAY)  # fmt: skip
    town.tonight()
    assert the_todo(GRAIN_SHOP).state == "open"


# --- By whom ---------------------------------------------------------------------------------------------------------


def test_while_li_qiang_is_away_qian_jin_stands_in_and_then_he_has_his_work_back(town):
    town.rules(regular("MONTHLY")).loan("L1").tonight()
    assert the_todo(GRAIN_SHOP).assignee == "李强"
    act("""insert into absences (staff_id, delegate_id, from_on, until_on)
           select a.id, b.id, :first, :last from staff a, staff b where a.name = '李强' and b.name = '钱进'""",
        first=TODAY, last=TODAY + timedelta(days=2))  # fmt: skip
    town.tonight()
    assert the_todo(GRAIN_SHOP).assignee == "钱进"
    town.tonight(2)
    assert the_todo(GRAIN_SHOP).assignee == "李强"


def test_when_li_qiang_leaves_the_bank_his_todos_go_to_the_pool_late_ones_too(town):
    town.rules(regular("MONTHLY")).loan("L1").tonight()
    town.tonight(13)
    assert any(t.due_on < town.day and t.assignee == "李强" for t in asked(GRAIN_SHOP))
    town.staff = [row for row in STAFF if row[1] != "李强"]
    town.tonight()
    assert {t.assignee for t in asked(GRAIN_SHOP)} == {None}


def test_what_comes_back_to_li_qiang_after_he_left_goes_to_the_pool_that_night(town):
    """Taking back a handover or an assignment gives a todo to whom it was, whoever has left since."""
    town.rules(regular("MONTHLY")).loan("L1").tonight()
    town.staff = [row for row in STAFF if row[1] != "李强"]
    town.tonight()
    time_passes()
    town.tonight()
    act("""update todos set assignee_id = (select id from staff where name = '李强'), pinned = true
           where customer_id = (select id from customers where customer_no = 'K001')""")
    town.tonight()
    assert {t.assignee for t in asked(GRAIN_SHOP)} == {None}


def test_the_named_inspector_is_asked_and_without_one_the_manager(town):
    town.rules(regular("MONTHLY", assign="inspector")).loan("L1").tonight()
    assert the_todo(GRAIN_SHOP).assignee == "李强"
    act("""update customers set inspector_id = (select id from staff where name = '周敏') where customer_no = 'K001'""")
    town.tonight()
    assert the_todo(GRAIN_SHOP).assignee == "周敏"


def test_what_sun_li_gave_to_zhou_min_by_hand_stays_there(town):
    town.rules(regular("MONTHLY")).loan("L1").tonight()
    with access.transaction(MACHINE, "test") as conn:
        todos.assign(conn, [the_todo(GRAIN_SHOP).id], staff.by_number(conn, "803").id)
    town.loan("L6").tonight()
    assert (the_todo(GRAIN_SHOP).assignee, the_todo(GRAIN_SHOP).loans) == ("周敏", ["L1", "L6"])


def test_the_branch_pool_belongs_to_nobody_until_somebody_takes_it(town):
    town.rules(regular("MONTHLY", assign="pool")).loan("L1").tonight()
    assert the_todo(GRAIN_SHOP).assignee is None
    with access.transaction(MACHINE, "test") as conn:
        assert todos.claim(conn, the_todo(GRAIN_SHOP).id, staff.by_number(conn, "803").id)
    town.tonight()
    assert the_todo(GRAIN_SHOP).assignee == "周敏"


# --- Ends ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "reason"), [("3", "settled"), ("4", "written_off"), ("5", "transferred")])
def test_a_loan_that_ended_ends_its_todos_and_says_why(town, code, reason):
    town.rules(regular("MONTHLY"), first("FIRST")).loan("L1", disbursed=TODAY - timedelta(days=3)).loan("L2", LIU_YANG).tonight()
    town.loan("L1", status=code, balance="0.00").tonight()
    assert [(t.state, t.close_reason, t.closed_on) for t in asked(GRAIN_SHOP) + asked(GRAIN_SHOP, "first")] == [
        ("cancelled", reason, town.day)
    ] * 2
    assert the_todo(LIU_YANG).state == "open"


def test_asked_again_long_after_the_loan_was_settled_a_todo_ends_with_it_once_more(town):
    town.rules(regular("MONTHLY")).loan("L1").tonight()
    town.loan("L1", status="3", balance="0.00").tonight()
    town.tonight(70)
    time_passes()
    act(
        """update todos set state = 'open', closed_on = null, close_reason = null, reissued_on = :day
           where customer_id = (select id from customers where customer_no = 'K001')""",
        day=town.day,
    )
    act("update customer_faces set touched_at = now() where customer_id = (select id from customers where customer_no = 'K001')")
    town.tonight()
    assert [t.close_reason for t in asked(GRAIN_SHOP)] == ["settled"]


def test_of_two_loans_one_settled_leaves_the_todo_for_the_other(town):
    town.rules(regular("MONTHLY")).loan("L1").loan("L6").tonight()
    town.loan("L6", status="3", balance="0.00").tonight()
    assert (the_todo(GRAIN_SHOP).state, the_todo(GRAIN_SHOP).loans) == ("open", ["L1"])


def test_a_loan_said_to_be_settled_by_mistake_is_asked_again_when_the_feed_is_put_right(town):
    town.rules(regular("MONTHLY")).loan("L1").tonight()
    town.loan("L1", status="3").tonight()
    assert the_todo(GRAIN_SHOP).close_reason == "settled"
    town.loan("L1", status="1").tonight()
    assert (the_todo(GRAIN_SHOP).state, the_todo(GRAIN_SHOP).close_reason) == ("open", None)


def test_arrears_that_are_paid_end_the_overdue_check(town):
    overdue = {"anchor": "overdue", "offsets": [3], "lead": 3}
    town.rules(regular("OVERDUE", kind="overdue", when=overdue)).loan("L1")
    town.arrears = {"L1": TODAY - timedelta(days=1)}
    town.tonight()
    assert the_todo(GRAIN_SHOP, "overdue").due_on == TODAY + timedelta(days=2)
    town.arrears = {}
    town.tonight()
    assert the_todo(GRAIN_SHOP, "overdue").close_reason == "cured"


def test_what_zhou_min_has_in_hand_is_not_taken_from_her_today(town):
    """The loan is settled while she is on the way; tomorrow the todo ends like any other."""
    town.rules(regular("MONTHLY")).loan("L1").tonight()
    start(
        the_todo(GRAIN_SHOP).id,
        datetime.combine(TODAY + timedelta(days=1), datetime.min.time(), UTC) + timedelta(hours=2),
    )
    town.loan("L1", status="3", balance="0.00").tonight()
    assert the_todo(GRAIN_SHOP).state == "started"
    town.tonight()
    assert the_todo(GRAIN_SHOP).close_reason == "settled"


# --- Rules that change -----------------------------------------------------------------------------------------------


def test_wang_fang_changes_a_rule_from_a_day_and_todos_not_started_follow(town, monkeypatch):
    """She proposes, 赵刚 approves; what Li has started stays as it was asked."""
    town.rules(regular("MONTHLY")).loan("L1").loan("L2", LIU_YANG).tonight()
    give_roles({"001": "head_risk", "002": "head_loans"})
    start(the_todo(LIU_YANG).id, datetime.combine(TODAY, datetime.min.time(), UTC) + timedelta(hours=3))
    wang, zhao, by_phone = person("001"), person("002"), regular("MONTHLY", mode="phone")
    with access.transaction(wang, "rule.change") as conn:
        made = rulebook.propose(
            conn,
            wang,
            Definition.TODO_RULE,
            "MONTHLY",
            by_phone,
            TODAY + timedelta(days=2),
            "试行电话检查",
            today=TODAY,
        )
    with access.transaction(zhao, "rule.decide") as conn:
        rulebook.approve(conn, zhao, made, now=datetime.now(UTC), today=TODAY)
    town.tonight()
    assert (the_todo(GRAIN_SHOP).mode, the_todo(GRAIN_SHOP).rule_version) == ("field", 1), "its day has not come"
    town.tonight()
    assert (the_todo(GRAIN_SHOP).mode, the_todo(GRAIN_SHOP).rule_version) == ("phone", 2)
    assert (the_todo(LIU_YANG).mode, the_todo(LIU_YANG).rule_version, the_todo(LIU_YANG).state) == (
        "field",
        1,
        "started",
    )


def test_a_rule_that_is_switched_off_withdraws_what_is_not_yet_due(town):
    town.rules(regular("MONTHLY")).loan("L1").tonight()
    with access.transaction(MACHINE, "test") as conn:
        _approve(conn, regular("MONTHLY", enabled=False), town.day + timedelta(days=1))
    town.tonight()
    assert the_todo(GRAIN_SHOP).close_reason == "withdrawn"


# --- What is broken is set aside -------------------------------------------------------------------------------------


def test_a_broken_rule_is_set_aside_and_the_others_go_on(town):
    town.rules(regular("MONTHLY"), regular("BROKEN", who={"field": "star_sign", "op": "in", "value": ["virgo"]})).loan("L1")
    report = town.tonight()
    assert the_todo(GRAIN_SHOP).rule_code == "MONTHLY"
    assert report.quarantined == 1
    with access.reading(MACHINE) as conn:
        (problem,) = (p for p in jobs.recent_problems(conn) if p.business_date == town.day)
    assert (problem.job, problem.what, problem.ref) == (night.JOB, "rule", "BROKEN")
    assert re.match("规则不可用。.*star_sign", faults.retold(problem.reason))
    said = words.in_every_language(faults.retold, problem.reason)
    assert re.match("规则不可用。.*star_sign", said["zh"]) and not re.search("[一-鿿]", said["en"])


def test_a_loan_that_matures_at_the_end_of_time_does_not_end_the_night(town):
    """9999-12-31 is what some sources write for "never"; counting past it fails, for that day alone."""
    after = {"anchor": "maturity", "offsets": [-30, 30], "lead": 15}
    town.rules({**first("MATURITY"), "kind": "maturity", "when": after})
    town.loan("L1").loan("L2", LIU_YANG, matures=date(9999, 12, 31)).loan(
        "L3", ZHANG_MIN, matures=TODAY + timedelta(days=40)
    ).tonight()
    assert asked(LIU_YANG, "maturity") == []
    assert the_todo(ZHANG_MIN, "maturity").due_on == TODAY + timedelta(days=10)


# --- Nothing twice ---------------------------------------------------------------------------------------------------


def test_the_second_run_of_a_night_makes_nothing_and_a_third_looks_at_nobody(town):
    town.rules(regular("MONTHLY"), first("FIRST")).loan("L1", disbursed=TODAY - timedelta(days=3)).loan("L2", LIU_YANG)
    assert town.tonight().todos.created == 4
    again = night.night(town.day).todos
    assert (again.created, again.rescheduled, again.cancelled) == (0, 0, 0)
    with sa_spy() as statements:
        third = night.night(town.day).todos
    assert (third.created, third.kept) == (0, 4)
    assert not any("night_picked" in s for s in statements), "nothing new, nothing looked at"


class sa_spy:
    """The statements that are sent while it watches."""

    def __enter__(self) -> list[str]:
        self.seen: list[str] = []
        sa.event.listen(sa.Engine, "before_cursor_execute", self._note)
        return self.seen

    def _note(self, _conn, _cursor, statement, *_rest) -> None:
        self.seen.append(statement)

    def __exit__(self, *_: object) -> None:
        sa.event.remove(sa.Engine, "before_cursor_execute", self._note)


def test_a_period_that_was_checked_is_not_asked_again_when_the_anchor_moves(town):
    """Quarterly from the day of the earliest loan: an earlier loan found later moves the day, not the duty."""
    town.rules(regular("QUARTERLY", when={"anchor": "schedule", "every": {"n": 1, "unit": "quarter"}, "lead": 30}))
    town.loan("L1", disbursed=date(2026, 8, 28)).tonight()
    todo = the_todo(GRAIN_SHOP)
    assert todo.due_on == date(2026, 11, 28)
    check(GRAIN_SHOP, Kind.REGULAR, Mode.FIELD, town.day, todo.id)
    town.loan("L6", disbursed=date(2026, 6, 10)).tonight()
    town.tonight(4)
    assert the_todo(GRAIN_SHOP).state == "done"


def test_a_missed_check_is_due_soon_after_it_is_first_asked_and_then_stays(town):
    """Under a completion rule; 刘洋 was never checked, and his quarter was over before the bank began with us."""
    town.rules(
        regular(
            "NPL",
            when={"anchor": "completion", "every": {"n": 1, "unit": "quarter"}, "lead": 10},
            who={"field": "class", "op": "at_least", "value": "substandard"},
        )
    )
    town.loan("L2", LIU_YANG, disbursed=TODAY - timedelta(days=100)).tonight()
    assert asked(LIU_YANG) == []
    town.tonight(120)  # the next quarter after his loan was paid out has passed too
    town.loan("L2", **{"class": "30"}).tonight()
    todo = the_todo(LIU_YANG)
    due = todo.due_on
    assert due == town.day + timedelta(days=10)
    town.tonight(6)
    town.tonight(9)
    assert [(t.due_on, t.state) for t in asked(LIU_YANG)] == [(due, "open")]
    assert the_todo(LIU_YANG).due_on < town.day, "late, and not moved"


def test_a_check_made_early_is_followed_by_the_next_one(town):
    """Visited within the lead, the next day falls into the same calendar month as the one just met; it is asked all the same."""
    completion = {"anchor": "completion", "every": {"n": 1, "unit": "month"}, "lead": 25}
    town.rules(regular("NPL", when=completion)).loan("L1", disbursed=TODAY).tonight()
    town.tonight(6)
    todo = the_todo(GRAIN_SHOP)
    assert todo.due_on == date(2026, 12, 20)
    check(GRAIN_SHOP, Kind.REGULAR, Mode.FIELD, date(2026, 11, 27), todo.id)
    town.tonight(10)
    assert [(t.due_on, t.state) for t in asked(GRAIN_SHOP)] == [
        (date(2026, 12, 20), "done"),
        (date(2026, 12, 27), "open"),
    ]


def test_cancelled_by_sun_li_it_counts_as_done_on_that_day(town):
    completion = {"anchor": "completion", "every": {"n": 1, "unit": "month"}, "lead": 25}
    town.rules(regular("NPL", when=completion)).loan("L1", disbursed=TODAY - timedelta(days=20)).tonight()
    with access.transaction(MACHINE, "test") as conn:
        todo = the_todo(GRAIN_SHOP)
        assert todos.cancel(conn, todo.id, staff.by_number(conn, "801").id, "客户在外地", TODAY)
        records.touch(conn, [todo.customer_id])
    town.tonight(15)
    assert [(t.due_on, t.state) for t in asked(GRAIN_SHOP)] == [
        (date(2026, 11, 30), "cancelled"),
        (date(2026, 12, 20), "open"),
    ]


def test_a_check_known_before_its_day_counts_on_its_day_and_not_before(town):
    """Missed nights are caught up with all that came in meanwhile; each sees what it would have seen."""
    town.rules(regular("MONTHLY", satisfied_days=20)).loan("L1").tonight()
    check(GRAIN_SHOP, Kind.FULL, Mode.FIELD, TODAY + timedelta(days=3))
    town.tonight()
    town.tonight()
    assert the_todo(GRAIN_SHOP).state == "open"
    time_passes()
    town.tonight()
    assert (the_todo(GRAIN_SHOP).close_reason, the_todo(GRAIN_SHOP).closed_on) == (
        "satisfied",
        TODAY + timedelta(days=3),
    )


def test_an_annual_review_is_counted_from_and_does_not_cover_what_follows_it_as_well(town):
    completion = {"anchor": "completion", "every": {"n": 1, "unit": "month"}, "lead": 10}
    town.rules(regular("NPL", when=completion, satisfied_days=90)).loan("L1", disbursed=TODAY - timedelta(days=25)).tonight()
    check(GRAIN_SHOP, Kind.FULL, Mode.FIELD, TODAY + timedelta(days=1))
    town.tonight()
    assert the_todo(GRAIN_SHOP).close_reason == "satisfied"
    town.tonight(25)
    assert [(t.due_on, t.state) for t in asked(GRAIN_SHOP)][1:] == [(date(2026, 12, 21), "open")]


def test_when_the_cycle_gets_shorter_a_check_that_is_open_is_due_sooner(town):
    """Quarterly it was due in five weeks; monthly it should have been made already, so it is due after the lead."""
    quarterly = {"anchor": "completion", "every": {"n": 1, "unit": "quarter"}, "lead": 60}
    monthly = quarterly | {"every": {"n": 1, "unit": "month"}, "lead": 10}
    town.rules(regular("NPL", when=quarterly)).loan("L1")
    town.tonight()
    check(GRAIN_SHOP, Kind.REGULAR, Mode.FIELD, TODAY)
    town.tonight(60)
    assert the_todo(GRAIN_SHOP).due_on == date(2027, 2, 20)
    with access.transaction(MACHINE, "test") as conn:
        _approve(conn, regular("NPL", when=monthly), town.day + timedelta(days=1))
    town.tonight()
    assert the_todo(GRAIN_SHOP).due_on == town.day + timedelta(days=10)
    town.tonight()
    assert the_todo(GRAIN_SHOP).due_on == town.day + timedelta(days=9), "it does not run away"
