"""The bank's own working days: one asks, another approves, the night moves what was due; what it does is told before."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from db import access, calendar, requests, tables
from db.access import MACHINE
from db.vocab import Request
from engine import approvals, clock, night, refusals, working_days
from engine.calendar import load as load_calendar
from engine.feed import load
from engine.working_days import Move
from tests import bank
from tests.bank import TODAY
from tests.test_pages import book, shown, visit  # noqa: F401 (fixtures)

NOW = datetime.combine(TODAY, time(4), UTC)


def ask(by, first: date, working: bool | None = False, last: date | None = None, note: str = "行庆") -> int:
    with access.transaction(by, "calendar.change") as conn:
        return working_days.ask(conn, by, first, last or first, working, note, "庆祝建行二十年", now=NOW, today=TODAY)


def approve(by, request_id: int) -> None:
    with access.transaction(by, "request.decide") as conn:
        approvals.approve(conn, by, request_id, now=NOW)


def is_working(day: date) -> bool:
    with access.reading(MACHINE) as conn:
        return load_calendar(conn).is_working(day)


def open_dues() -> dict[date, int]:
    t = tables.todos.c
    with access.reading(MACHINE) as conn:
        return dict(conn.execute(sa.select(t.due_on, sa.func.count()).where(t.closed_on.is_(None)).group_by(t.due_on)).all())


@pytest.fixture
def a_due_day(small_bank, tmp_path) -> date:
    """A Thursday on which the first check of a loan is due, by a rule that would rather be early."""
    load.load(bank.first_delivery().loan("L9", "K001", disbursed=TODAY - timedelta(days=9)).write(tmp_path))
    night.night(TODAY)
    return TODAY + timedelta(days=6)


def test_what_is_told_before_is_what_the_night_does(wang, zhao, a_due_day):
    with access.reading(wang) as conn:
        moves = working_days.effect(conn, a_due_day, a_due_day, False, today=TODAY)
    assert moves == [Move(a_due_day, a_due_day - timedelta(days=1), 1)]
    before = open_dues()
    asked = ask(wang, a_due_day)
    with access.reading(zhao) as conn:
        assert requests.waiting(conn, Request.WORKING_DAYS)[0].after["moved"] == 1  # whoever decides is told too
    approve(zhao, asked)
    night.night(TODAY)
    after = open_dues()
    assert {move.to: after.get(move.to, 0) - before.get(move.to, 0) for move in moves} == {move.to: move.n for move in moves}
    assert before[a_due_day] - after.get(a_due_day, 0) == sum(move.n for move in moves)
    assert not is_working(a_due_day)


def test_a_day_goes_back_to_what_is_published(wang, zhao):
    day = TODAY + timedelta(days=3)  # a Monday
    approve(zhao, ask(wang, day))
    assert not is_working(day)
    approve(zhao, ask(wang, day, None))
    assert is_working(day)
    with access.reading(MACHINE) as conn:
        assert [(row.working, row.set_by) for row in calendar.between(conn, day, day)] == [(True, None)]


def test_nobody_approves_his_own_days_and_no_head_of_a_branch_decides_for_the_bank(wang, sun):
    made = ask(wang, TODAY + timedelta(days=3))
    with pytest.raises(refusals.FourEyes):
        approve(wang, made)
    with pytest.raises(refusals.Refusal):
        approve(sun, made)
    with pytest.raises(refusals.NotPermitted):
        ask(sun, TODAY + timedelta(days=4))


def test_the_store_takes_no_day_that_was_not_approved(zhao):
    with pytest.raises(sa.exc.ProgrammingError), access.transaction(zhao, "calendar.change") as conn:
        calendar.put(conn, [{"day": TODAY + timedelta(days=3), "working": False, "note": None, "set_by": zhao.id}])


def test_what_has_changed_meanwhile_is_asked_anew(wang, zhao):
    day = TODAY + timedelta(days=3)
    made = ask(wang, day)
    with access.transaction(MACHINE, "night") as conn:
        calendar.put(conn, [{"day": day, "working": False, "note": "x", "set_by": None}])
    with pytest.raises(refusals.Stale):
        approve(zhao, made)


@pytest.mark.parametrize(
    ("first", "last", "no"), [(0, 0, refusals.TooSoon), (5, 1, refusals.NoSuchDays), (1, 60, refusals.NoSuchDays)]
)
def test_days_that_cannot_be_set_are_refused(wang, first, last, no):
    with pytest.raises(no):
        ask(wang, TODAY + timedelta(days=first), False, TODAY + timedelta(days=last))


def test_the_effect_of_a_weekend_that_is_worked_is_told_too(wang, a_due_day):
    saturday = TODAY + timedelta(days=(5 - TODAY.weekday()) % 7 or 7)
    with access.reading(wang) as conn:
        moves = working_days.effect(conn, saturday, saturday, True, today=TODAY)
    assert all(isinstance(move, Move) and move.to == saturday for move in moves)


class TestThePage:
    def test_a_year_with_its_holidays_and_a_day_of_the_banks_own(self, visit):  # noqa: F811
        test = visit("head_risk").at("calendar?year=2026")
        assert not test.exception and "国庆节" in shown(test)
        test = visit("head_risk").at("calendar?year=2028")
        assert "尚未公布" in shown(test)

    def test_it_is_asked_in_a_dialog_and_approved_on_the_page(self, visit):  # noqa: F811
        test = visit("head_risk").at("calendar?change=1")
        day = clock.today() + timedelta(days=2)
        test.date_input(key="days").set_value((day, day)).run()
        test.text_input(key="day_note").set_value("行庆").run()
        test.text_input(key="day_why").set_value("庆祝建行二十年").run()
        test.button(key="ask_days").click().run()
        assert not test.exception
        test = visit("head_loans").at("calendar")
        assert "行庆" in shown(test)
        next(b for b in test.button if b.label == "批准").click().run()
        assert not is_working(day)
        with access.reading(MACHINE) as conn:
            assert requests.waiting(conn, Request.WORKING_DAYS) == []

    @pytest.mark.parametrize("path", ["calendar?year=1066", "calendar?year=%00", "calendar?change=1&year=99999"])
    def test_an_address_that_nobody_should_believe_is_answered(self, visit, path):  # noqa: F811
        assert not visit("head_risk").at(path).exception
