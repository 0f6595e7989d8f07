"""One loan is checked more often, or for a while less often, than its rule says: asked by one, decided by another, done by the night."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from db import access, own_cycles, requests
from db.vocab import Kind, Mode, Request, Role, Unit
from engine import acts, approvals, explain, refusals, words
from engine import own_cycles as verbs
from engine.cycles import Cycle
from engine.own_rules import Wish
from tests.bank import TODAY
from tests.conftest import give_roles, person
from tests.test_addresses import NOW
from tests.test_night import (
    GRAIN_SHOP,
    LIU_YANG,
    QUARTER,
    SmallBank,
    asked,
    at_least,
    first,
    regular,
    the_todo,
    time_passes,
    town,
)  # fmt: skip
from tests.test_pages import Visit, shown

__all__ = ["town"]
ROLES = {"001": Role.HEAD_RISK, "002": Role.HEAD_LOANS}  # whose posts give them none
WHY = "经营下滑，加强检查"
MONTHLY_VISIT = Wish(Kind.REGULAR, Cycle(1, Unit.MONTH), Mode.FIELD)
TWO_MONTHS = Wish(Kind.REGULAR, Cycle(2, Unit.MONTH))


@pytest.fixture
def on_day(monkeypatch):
    """The wall's day is the one after the night's."""

    def turn(bank: SmallBank) -> None:
        monkeypatch.setenv("VIGIL_TODAY", str(bank.day + timedelta(days=1)))

    return turn


@pytest.fixture
def quarterly(town, on_day) -> SmallBank:
    """A call a quarter for everybody; the first night has been."""
    town.rules(regular("QUARTERLY", when=QUARTER, mode="phone"), first("FIRST")).loan("L1").loan("L2", LIU_YANG).tonight()
    give_roles(ROLES)
    on_day(town)
    return town


def ask(bank: SmallBank, wish=MONTHLY_VISIT, until_on=None, by: str = "801", loan: str = "L1") -> int:
    who = person(by)
    with acts.act(who, "cycle.ask") as conn:
        return verbs.ask(conn, who, loan, wish, until_on, WHY, now=NOW, today=bank.day + timedelta(days=1))


def approve(request: int, by: str = "001") -> None:
    who = person(by)
    with acts.act(who, "request.decide") as conn:
        approvals.approve(conn, who, request, now=NOW)


def held() -> list:
    with access.reading(person("001")) as conn:
        loan = conn.execute(sa.text("select id, customer_id from loans where loan_no = 'L1'")).one()
        return own_cycles.of_loan(conn, loan.customer_id, loan.id)


def why(bank: SmallBank) -> str:
    with access.reading(person("801")) as conn:
        return "\n".join(v.words for v in explain.explain(conn, "L1", bank.day + timedelta(days=1)).verdicts)


def pending(customer: str) -> tuple:
    """Mode and stretch of the calendar of the one todo that is open."""
    (todo,) = [todo for todo in asked(customer) if todo.closed_on is None]
    return todo.mode, todo.period.split(".")[0]


def test_a_shop_in_trouble_is_visited_every_month_until_head_office_ends_it(quarterly, on_day):
    request = ask(quarterly)
    quarterly.tonight()
    assert pending(GRAIN_SHOP) == ("phone", "m3")
    approve(request)
    quarterly.tonight()
    assert pending(GRAIN_SHOP) == ("field", "m1") != pending(LIU_YANG) == ("phone", "m3")
    assert "该笔已单独设定频率：每个月、实地" in why(quarterly) and WHY in why(quarterly)
    on_day(quarterly)
    (own,) = held()
    assert (own.asker, own.approver, own.until_on) == ("孙丽", "王芳", None)
    zhao = person("002")
    for _twice in range(2):
        try:
            with acts.act(zhao, "cycle.decide") as conn:
                verbs.end(conn, zhao, own.customer_id, own.id, today=quarterly.day + timedelta(days=1))
        except refusals.Conflict:
            break
    else:
        pytest.fail("ended twice")
    quarterly.tonight()
    assert pending(GRAIN_SHOP) == ("phone", "m3")


def test_it_runs_out_by_itself_and_a_later_one_takes_the_place_of_an_earlier(quarterly, on_day):
    approve(ask(quarterly, until_on=quarterly.day + timedelta(days=5)))
    approve(ask(quarterly, Wish(Kind.REGULAR, None, Mode.FIELD), quarterly.day + timedelta(days=3)), by="002")
    later, earlier = held()
    assert (earlier.ended_on, later.ended_on) == (later.from_on, None)
    quarterly.tonight()
    assert pending(GRAIN_SHOP) == ("field", "m3")
    time_passes()
    quarterly.tonight(3)
    assert pending(GRAIN_SHOP) == ("phone", "m3")


def test_of_one_customers_loans_the_strictest_wins(quarterly):
    quarterly.loan("L3").tonight()
    approve(ask(quarterly))
    quarterly.tonight()
    assert pending(GRAIN_SHOP) == ("field", "m1")
    assert next(todo for todo in asked(GRAIN_SHOP) if todo.closed_on is None).loans == ["L1", "L3"]


def test_a_laxer_cycle_gives_way_when_a_stricter_rule_begins_to_govern(town, on_day):
    weekly = {"anchor": "calendar", "every": {"n": 1, "unit": "week"}, "lead": 6}
    town.rules(regular("MONTHLY"), regular("WORSE", when=weekly, who=at_least("extensions", 1))).loan("L1").tonight()
    give_roles(ROLES)
    on_day(town)
    approve(ask(town, TWO_MONTHS, town.day + timedelta(days=90)))
    town.tonight()
    assert {todo.period.split(".")[0] for todo in asked(GRAIN_SHOP) if todo.closed_on is None} <= {"m2"}
    town.loan("L1", extensions="1").tonight()
    assert pending(GRAIN_SHOP) == ("field", "d7")
    assert "不生效" in why(town)


REFUSED = (
    (Wish(Kind.REGULAR, Cycle(1, Unit.QUARTER), Mode.PHONE), 30, refusals.SameAsTheRule),
    (Wish(Kind.REGULAR, Cycle(1, Unit.MONTH), Mode.DATA), 30, refusals.LighterThanTheRule),
    (Wish(Kind.REGULAR, Cycle(7, Unit.MONTH)), 30, refusals.TooLax),
    (Wish(Kind.REGULAR, Cycle(6, Unit.MONTH)), None, refusals.LaxerNeedsAnEnd),
    (Wish(Kind.REGULAR, Cycle(6, Unit.MONTH)), 400, refusals.LaxerNeedsAnEnd),
    (Wish(Kind.FIRST, Cycle(1, Unit.MONTH)), 30, refusals.AskedOnce),
    (Wish(Kind.FULL, Cycle(1, Unit.MONTH)), 30, refusals.NoRuleGoverns),
    (MONTHLY_VISIT, -2, refusals.BadPeriod),
)


def test_what_makes_no_sense_is_refused(quarterly):
    for wish, days, refusal in REFUSED:
        with pytest.raises(refusal):
            ask(quarterly, wish, None if days is None else quarterly.day + timedelta(days=days))


def test_two_people_neither_alone_and_nobody_below(quarterly):
    request = ask(quarterly, by="001")
    for by, refusal in (("001", refusals.FourEyes), ("801", refusals.NotPermitted)):
        with pytest.raises(refusal):
            approve(request, by)
    with pytest.raises(refusals.AlreadyWaiting):
        ask(quarterly)
    approve(request, "002")
    (own,) = held()
    wang = person("001")
    with pytest.raises(refusals.FourEyes), acts.act(wang, "cycle.decide") as conn:
        verbs.end(conn, wang, own.customer_id, own.id, today=TODAY + timedelta(days=1))


def test_what_changed_since_it_was_asked_is_asked_anew(quarterly):
    request = ask(quarterly)
    quarterly.rules(regular("MONTHLY"))
    with pytest.raises(refusals.Stale):
        approve(request)


def test_nobody_writes_a_cycle_that_was_not_asked_for(quarterly):
    request, wang, sun = ask(quarterly), person("001"), person("801")
    with access.transaction(wang, "request.decide") as conn:
        conn.execute(
            sa.text("update requests set state = 'approved', decided_by = :me, decided_at = now() where id = :id"),
            {"me": wang.id, "id": request},
        )
    slip = sa.text("""
        insert into own_cycles (customer_id, loan_id, kind, every_n, every_unit, mode, from_on, reason, asked_by, approved_by, approved_at)
        select customer_id, id, 'regular', :n, 'month', 'field', :day, 'r', :asked, :me, now() from loans where loan_no = 'L1'""")
    given = {"day": TODAY, "asked": sun.id, "me": wang.id}
    with pytest.raises(sa.exc.ProgrammingError, match="row-level"), access.transaction(wang, "cycle.decide") as conn:
        conn.execute(slip, given | {"n": 9})
    with access.transaction(wang, "cycle.decide") as conn:
        conn.execute(slip, given | {"n": 1})
    with pytest.raises(sa.exc.ProgrammingError, match="denied"), access.transaction(sun, "x") as conn:
        conn.exec_driver_sql("update own_cycles set ended_on = from_on")


def test_the_loans_page_asks_for_it_the_approvals_decide_it_and_the_page_tells_it(quarterly, monkeypatch):
    page = Visit(monkeypatch, "branch_head").at("loan?no=L1")
    told = refusals.SameAsTheRule().sentence(words._)
    assert told != refusals.SameAsTheRule().sentence() and told in shown(page)
    page.number_input(key="cycle_n_regular").set_value(1)
    page.selectbox(key="cycle_unit_regular").set_value(Unit.MONTH)
    page.segmented_control(key="cycle_mode_regular").set_value(Mode.FIELD)
    page.text_input(key="cycle_why").set_value(WHY).run()
    page.button(key="do_own_cycle").click().run()
    assert not page.exception
    with access.reading(person("001")) as conn:
        (request,) = requests.waiting(conn, Request.CYCLE)
    assert request.before["every_unit"] == "quarter" and request.after["every_unit"] == "month"
    queue = Visit(monkeypatch, "head_risk").at("approvals")
    assert "每季度、电话 → **每个月、实地**" in shown(queue)
    queue.button(key=f"approve_{request.id}").click().run()
    after = Visit(monkeypatch, "head_loans").at("loan?no=L1")
    assert "单独频率" in shown(after) and WHY in shown(after)
    after.button(key=f"end_cycle_{held()[0].id}").click().run()
    assert held()[0].ended_on is not None and not after.exception
    assert the_todo(GRAIN_SHOP).mode == "phone"
