"""Dates and hostile rules: no drift, month ends, working days inside their window, and no rule that hangs the night."""

import os
import random
import time
from datetime import date, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from db.vocab import Anchor, Shift, Unit
from engine import cycles, refusals, rules, words
from engine.calendar import Calendar
from engine.cycles import Counting, Cycle, When

TRIALS = float(os.environ.get("VIGIL_TRIALS", "1"))
UNITS = {
    Unit.DAY: lambda n: relativedelta(days=n), Unit.WEEK: lambda n: relativedelta(weeks=n),
    Unit.MONTH: lambda n: relativedelta(months=n), Unit.QUARTER: lambda n: relativedelta(months=3 * n),
    Unit.HALF_YEAR: lambda n: relativedelta(months=6 * n), Unit.YEAR: lambda n: relativedelta(years=n),
}  # fmt: skip
PLAIN = Calendar({})  # Monday to Friday
GOLDEN_WEEK = Calendar({date(2026, 10, 1) + timedelta(days=n): False for n in range(8)} | {date(2026, 10, 10): True})


def monthly(n: int = 1) -> Cycle:
    return Cycle(n, Unit.MONTH)


# --- Cycles ----------------------------------------------------------------------------------------------------------


def test_a_monthly_check_from_31_january_falls_on_28_february_and_31_march():
    assert [monthly().after(date(2026, 1, 31), k) for k in (1, 2, 3)] == [
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
    ]


def test_a_yearly_check_from_29_february_falls_on_28_february_and_on_the_29th_of_leap_years():
    yearly = Cycle(1, Unit.YEAR)
    assert [yearly.after(date(2024, 2, 29), k) for k in (1, 4)] == [date(2025, 2, 28), date(2028, 2, 29)]


def test_thirty_thousand_cycles_equal_relativedelta_and_never_drift():
    """Of random anchors, a third of them month ends; k cycles are counted from the anchor, not from the last result."""
    chance = random.Random(20261120)
    for _ in range(int(30_000 * max(1, TRIALS))):
        anchor = date(2000, 1, 1) + timedelta(days=chance.randrange(12_000))
        if chance.random() < 1 / 3:
            anchor += relativedelta(day=31)
        unit, n, k = chance.choice(list(UNITS)), chance.randint(1, 13), chance.randint(0, 60)
        assert Cycle(n, unit).after(anchor, k) == anchor + UNITS[unit](n * k), (anchor, unit, n, k)


def test_ten_thousand_times_what_is_open_today_is_what_counting_from_the_anchor_gives():
    """(anchor, cycle, today): the due days from today to the end of the lead, found by counting every cycle."""
    chance = random.Random(7)
    for _ in range(int(10_000 * max(1, TRIALS))):
        unit = chance.choice(list(UNITS))
        cycle = Cycle(chance.randint(1, 4 if unit is not Unit.DAY else 90), unit)
        anchor = date(2023, 1, 1) + timedelta(days=chance.randrange(1400))
        if chance.random() < 1 / 3:
            anchor += relativedelta(day=31)
        today = anchor + timedelta(days=chance.randrange(900))
        when = When(Anchor.SCHEDULE, cycle, lead=chance.randrange(min(60, cycle.shortest_days)))
        counted, k = [], 1
        while (day := anchor + UNITS[unit](cycle.n * k)) <= today + timedelta(days=when.lead):
            counted += [day] if day >= today else []
            k += 1
        found = cycles.occurrences(when, Counting(anchor), today, PLAIN)
        assert [o.due for o in found] == counted, (anchor, cycle, today)


def test_two_days_one_cycle_apart_never_share_a_period():
    chance = random.Random(11)
    for _ in range(10_000):
        cycle = Cycle(chance.randint(1, 5), chance.choice(list(UNITS)))
        anchor = date(2000, 1, 1) + timedelta(days=chance.randrange(12_000))
        k = chance.randint(0, 20)
        assert cycle.period(cycle.after(anchor, k)) != cycle.period(cycle.after(anchor, k + 1)), (anchor, cycle, k)


def test_what_is_open_is_the_same_however_far_away_the_anchor_is():
    """A loan of 1999 is found as quickly as one of yesterday, and no occurrence is skipped on the way."""
    daily = When(Anchor.SCHEDULE, Cycle(1, Unit.DAY))
    started = time.monotonic()
    assert [o.due for o in cycles.occurrences(daily, Counting(date(1900, 1, 1)), date(2026, 11, 20), PLAIN)] == [date(2026, 11, 20)]
    assert time.monotonic() - started < 0.05


# --- Events ----------------------------------------------------------------------------------------------------------


def test_a_first_check_is_still_owed_when_the_loan_is_seen_after_its_day():
    first = When(Anchor.DISBURSEMENT, offsets=(15,), lead=15)
    paid_out, began = date(2026, 10, 1), date(2026, 1, 1)
    assert _dues(first, paid_out, date(2026, 11, 20), began) == [date(2026, 10, 16)]
    assert _dues(first, paid_out, date(2026, 9, 30), began) == []
    assert _dues(first, paid_out, date(2027, 10, 17), began) == [date(2026, 10, 16)], "366 days"
    assert _dues(first, paid_out, date(2027, 10, 18), began) == []


def test_what_was_due_before_the_rule_existed_is_not_asked():
    first = When(Anchor.DISBURSEMENT, offsets=(15,), lead=15)
    assert _dues(first, date(2026, 10, 1), date(2026, 11, 20), since=date(2026, 10, 17)) == []


def test_two_checks_before_maturity_and_one_agree_on_which_is_the_last():
    matures, today = date(2026, 12, 30), date(2026, 11, 20)
    both = When(Anchor.MATURITY, offsets=(-60, -30), lead=15)
    last = When(Anchor.MATURITY, offsets=(-30,), lead=15)
    assert (
        cycles.occurrences(both, Counting(matures), today, PLAIN)[-1].period
        == cycles.occurrences(last, Counting(matures), today, PLAIN)[0].period
    )


def test_arrears_are_visited_after_twenty_days_and_then_every_month():
    visit = When(Anchor.OVERDUE, monthly(), offsets=(20,), lead=9)
    since = date(2026, 1, 31)
    asked = {day for n in range(120) for day in _dues(visit, since, since + timedelta(days=n), since)}
    assert sorted(asked) == [date(2026, 2, 20), date(2026, 3, 20), date(2026, 4, 20), date(2026, 5, 20)]


def test_ten_working_days_after_the_class_fell_step_over_the_holiday():
    key = When(Anchor.CLASS_CHANGE, offsets=(10,), working=True, lead=30)
    assert _dues(key, date(2026, 9, 28), date(2026, 10, 1), date(2026, 1, 1), GOLDEN_WEEK) == [date(2026, 10, 19)]


def _dues(when: When, anchor: date, today: date, since: date = date.min, calendar: Calendar = PLAIN) -> list[date]:
    return [o.due for o in cycles.occurrences(when, Counting(anchor, since=since), today, calendar)]


# --- Completion ------------------------------------------------------------------------------------------------------


def test_the_next_check_counts_from_the_last_and_a_missed_one_is_due_soon():
    when = When(Anchor.COMPLETION, Cycle(1, Unit.QUARTER), lead=15)
    checked = Counting(date(2026, 8, 31), done=True)
    assert cycles.occurrences(when, checked, date(2026, 11, 14), PLAIN) == []
    (asked,) = cycles.occurrences(when, checked, date(2026, 11, 15), PLAIN)
    assert (asked.due, asked.missed) == (date(2026, 11, 30), False)
    (missed,) = cycles.occurrences(when, checked, date(2027, 1, 4), PLAIN)
    assert (missed.due, missed.missed, missed.period) == (date(2027, 1, 19), True, asked.period)


def test_a_check_made_early_still_has_a_successor_of_its_own():
    """Made within the lead, the next falls into the same calendar month as the one just made; it is another check."""
    when = When(Anchor.COMPLETION, monthly(), lead=27)
    one = cycles.occurrences(when, Counting(date(2026, 2, 10), True), date(2026, 2, 12), PLAIN)[0]
    next_one = cycles.occurrences(when, Counting(date(2026, 2, 12), True), date(2026, 2, 14), PLAIN)[0]
    assert (one.due.month, next_one.due.month) == (3, 3)
    assert one.period != next_one.period


def test_a_customer_never_checked_counts_from_the_loan_and_not_before_the_rule():
    when = When(Anchor.COMPLETION, Cycle(1, Unit.QUARTER), lead=90)
    assert _dues(when, date(2020, 1, 31), date(2026, 11, 20), since=date(2026, 11, 1)) == [date(2027, 1, 31)]


@settings(max_examples=int(400 * max(1, TRIALS)), deadline=None, database=None)
@given(
    anchor=st.sampled_from([Anchor.SCHEDULE, Anchor.DISBURSEMENT, Anchor.MATURITY, Anchor.CALENDAR, Anchor.COMPLETION]),
    every=st.builds(Cycle, st.integers(1, 6), st.sampled_from(list(Unit))), offsets=st.lists(st.integers(-40, 60), max_size=2),
    lead=st.integers(0, 30), shift=st.sampled_from(list(Shift)), latest=st.integers(0, 9), working=st.booleans(),
    day=st.dates(date(2026, 9, 1), date(2026, 11, 1)), began=st.integers(0, 500), nights=st.integers(1, 9),
)  # fmt: skip
def test_whatever_opens_was_told_to_open(anchor, every, offsets, lead, shift, latest, working, day, began, nights):
    """The quick look before the long one may say yes for nothing, and never no to what opens between two nights."""
    by_cycle = anchor in (Anchor.SCHEDULE, Anchor.CALENDAR, Anchor.COMPLETION)
    steps = () if by_cycle else tuple(sorted({*offsets, 5}))
    when = When(
        anchor, every if by_cycle else None, offsets=steps, lead=lead, shift=shift, latest=latest, working=working and not by_cycle
    )
    counting, after = Counting(day - timedelta(days=began)), day - timedelta(days=nights)
    if any(o.opens > after for o in cycles.occurrences(when, counting, day, GOLDEN_WEEK)):
        assert cycles.may_open(when, counting, after, day, GOLDEN_WEEK)


# --- The calendar ----------------------------------------------------------------------------------------------------


def test_calendar_cycles_fall_on_the_last_day_of_month_quarter_and_week():
    def due(unit: Unit, today: date) -> list[date]:
        shortest = Cycle(1, unit).shortest_days
        return _dues(When(Anchor.CALENDAR, Cycle(1, unit), lead=shortest - 1), cycles.NO_ANCHOR, today)

    assert due(Unit.MONTH, date(2024, 2, 10)) == [date(2024, 2, 29)]
    assert due(Unit.QUARTER, date(2026, 12, 1)) == [date(2026, 12, 31)]
    assert due(Unit.WEEK, date(2026, 11, 16)) == [date(2026, 11, 22)], "weeks begin on Monday"


@pytest.mark.parametrize(
    ("rrule", "days"),
    [
        ("FREQ=MONTHLY;BYMONTHDAY=-1", [(2026, 11, 30), (2026, 12, 31), (2027, 1, 31), (2027, 2, 28)]),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", [(2026, 12, 7), (2027, 1, 4), (2027, 2, 1), (2027, 3, 1)]),
        ("FREQ=YEARLY;BYMONTH=3,9;BYMONTHDAY=10", [(2027, 3, 10), (2027, 9, 10), (2028, 3, 10), (2028, 9, 10)]),
        ("FREQ=DAILY;INTERVAL=10", [(2026, 11, 20), (2026, 11, 30), (2026, 12, 10), (2026, 12, 20)]),
    ],
)
def test_an_rrule_falls_on_its_days(rrule, days):
    when = When(Anchor.CALENDAR, rrule=rrule)
    assert cycles.upcoming(when, Counting(cycles.NO_ANCHOR), date(2026, 11, 20), PLAIN, 4) == [date(*d) for d in days]


# --- Working days ----------------------------------------------------------------------------------------------------


@settings(max_examples=int(600 * max(1, TRIALS)), deadline=None, database=None)
@given(
    nominal=st.dates(date(2026, 1, 1), date(2027, 1, 1)), back=st.integers(1, 40), latest=st.integers(0, 15),
    shift=st.sampled_from(list(Shift)), pause=st.integers(0, 12), start=st.dates(date(2026, 1, 1), date(2027, 1, 1)),
    works=st.lists(st.dates(date(2026, 1, 1), date(2027, 1, 1)), max_size=20),
)  # fmt: skip
def test_the_working_day_rule_stays_inside_the_legal_window(nominal, back, latest, shift, pause, start, works):
    """After the floor, not past `latest`, on a working day whenever the window has one on that side."""
    calendar = Calendar({start + timedelta(days=n): False for n in range(pause)} | dict.fromkeys(works, True))
    floor = nominal - timedelta(days=back)
    due = cycles.shifted(nominal, floor, When(Anchor.CALENDAR, monthly(), shift=shift, latest=latest), calendar)
    assert floor < due <= nominal + timedelta(days=latest if shift is Shift.NEXT else 0)
    if shift is Shift.NONE or calendar.is_working(nominal):
        assert due == nominal
    elif due == nominal:  # only because no working day is within reach
        reach = latest if shift is Shift.NEXT else 0
        assert not any(calendar.is_working(floor + timedelta(days=n)) for n in range(1, back + reach + 1))
    else:
        assert calendar.is_working(due)


def test_at_the_golden_week_the_next_working_day_or_the_last_before_it():
    def due(shift: Shift, latest: int) -> date:
        return cycles.shifted(
            date(2026, 10, 3),
            date(2026, 9, 3),
            When(Anchor.CALENDAR, monthly(), shift=shift, latest=latest),
            GOLDEN_WEEK,
        )

    assert due(Shift.NEXT, 7) == date(2026, 10, 9)
    assert due(Shift.NEXT, 3) == date(2026, 9, 30), "the window ends before the holiday does: back, not out of it"
    assert due(Shift.PREVIOUS, 0) == date(2026, 9, 30)
    assert due(Shift.NONE, 7) == date(2026, 10, 3)


def test_a_weekly_check_is_not_moved_back_into_the_week_before():
    """The floor of a weekly cycle is the day it began; with nothing left to work on it stays where it is."""
    closed = Calendar({date(2026, 10, 1) + timedelta(days=n): False for n in range(12)})
    weekly = When(Anchor.SCHEDULE, Cycle(1, Unit.WEEK), shift=Shift.PREVIOUS)
    assert cycles.shifted(date(2026, 10, 9), date(2026, 10, 2), weekly, closed) == date(2026, 10, 9)


def test_every_due_day_is_found_whatever_the_working_day_rule_does_to_it():
    """Seen day by day, each cycle is asked exactly once, on or before its day, through a long holiday too."""
    for shift in Shift:
        for lead in (0, 3, 20):
            when = When(Anchor.SCHEDULE, monthly(), lead=lead, shift=shift, latest=7)
            asked: dict[str, set[date]] = {}
            for n in range(200):
                for o in cycles.occurrences(when, Counting(date(2026, 3, 3)), date(2026, 7, 1) + timedelta(days=n), GOLDEN_WEEK):
                    asked.setdefault(o.period, set()).add(o.due)
            assert all(len(dues) == 1 for dues in asked.values())
            assert len(asked) == (8 if lead == 20 else 7)


# --- Hostile rules ---------------------------------------------------------------------------------------------------

GOOD = {
    "code": "REG-TEST", "title": {"zh": "定期检查", "en": "Regular"}, "kind": "regular", "mode": "field", "who": {"all": []},
    "when": {"anchor": "schedule", "every": {"n": 1, "unit": "month"}},
}  # fmt: skip


def rule(**changes) -> dict:
    return GOOD | changes


def when(**timing) -> dict:
    return rule(when=timing)


def who(tree) -> dict:
    return rule(who=tree)


def leaf(field="balance", op="gte", value=1) -> dict:
    return who({"field": field, "op": op, "value": value})


def rrule(text: str, **more) -> dict:
    return when(anchor="calendar", rrule=text, **more)


def nested(depth: int) -> dict:
    tree: dict = {"all": []}
    for _ in range(depth):
        tree = {"not": tree}
    return tree


endless: dict = {"all": []}
endless["all"].append(endless)
HUGE = int("9" * 5000, 16)

HOSTILE = {
    "nothing": (None, "规则"), "a list": ([], "规则"), "empty": ({}, "code"), "a text": ("DROP TABLE todos", "规则"),
    "code of small letters": (rule(code="reg'; drop"), "code"), "code too long": (rule(code="A" * 40), "code"),
    "title in French": (rule(title={"fr": "x"}), "title.fr"), "no title": (rule(title={}), "title"),
    "title of two lines": (rule(title={"zh": "一\n二"}), "title"), "empty title": (rule(title={"zh": ""}), "title.zh"),
    "unknown kind": (rule(kind="visit"), "kind"), "a kind made by hand": (rule(kind="alert"), "规则"),
    "kind and anchor at odds": (rule(kind="first"), "规则"), "unknown mode": (rule(mode="drone"), "mode"),
    "unknown key": (rule(sql="select 1"), "sql"), "unknown key in when": (when(anchor="schedule", cron="* * * * *"), "when.cron"),
    "unknown assignee": (rule(assign="王芳"), "assign"), "merge of a year": (rule(merge_days=365), "merge_days"),
    "satisfied for ever": (rule(satisfied_days=10**6), "satisfied_days"), "a note of a book": (rule(note="字" * 9999), "note"),
    "no anchor": (when(every={"n": 1, "unit": "month"}), "when.anchor"), "no cycle": (when(anchor="schedule"), "when"),
    "cycle of nought": (when(anchor="schedule", every={"n": 0, "unit": "day"}), "when.every.n"),
    "cycle of a huge number": (when(anchor="schedule", every={"n": HUGE, "unit": "day"}), "when.every.n"),
    "cycle of a hundred years": (when(anchor="schedule", every={"n": 100, "unit": "year"}), "when"),
    "cycle by the hour": (when(anchor="schedule", every={"n": 1, "unit": "hour"}), "when.every.unit"),
    "cycle of a fraction": (when(anchor="schedule", every={"n": 1.5, "unit": "day"}), "when.every.n"),
    "lead longer than the cycle": (when(anchor="schedule", every={"n": 1, "unit": "week"}, lead=7), "when"),
    "negative lead": (when(anchor="schedule", every={"n": 1, "unit": "month"}, lead=-1), "when.lead"),
    "grace of a year": (when(anchor="schedule", every={"n": 1, "unit": "month"}, grace=365), "when.grace"),
    "shift to Mars": (when(anchor="schedule", every={"n": 1, "unit": "month"}, shift="mars"), "when.shift"),
    "offsets on a schedule": (when(anchor="schedule", every={"n": 1, "unit": "month"}, offsets=[5]), "when"),
    "offsets unordered": (rule(kind="first", when={"anchor": "disbursement", "offsets": [30, 15]}), "when"),
    "offsets twice": (rule(kind="first", when={"anchor": "disbursement", "offsets": [15, 15]}), "when"),
    "offsets none": (rule(kind="first", when={"anchor": "disbursement", "offsets": []}), "when.offsets"),
    "offsets before the loan": (rule(kind="first", when={"anchor": "disbursement", "offsets": [-3]}), "when"),
    "offsets beyond reason": (rule(kind="first", when={"anchor": "disbursement", "offsets": [99999]}), "when"),
    "a cycle of disbursements": (rule(kind="first", when={"anchor": "disbursement", "every": {"n": 1, "unit": "month"}}), "when"),
    "rrule by the second": (rrule("FREQ=SECONDLY"), "when"), "rrule by the hour": (rrule("FREQ=HOURLY"), "when"),
    "rrule twice, the second by the second": (rrule("FREQ=DAILY;FREQ=SECONDLY"), "when"),
    "rrule of interval nought": (rrule("FREQ=DAILY;INTERVAL=0"), "when"), "rrule of interval 00": (rrule("FREQ=DAILY;INTERVAL=00"), "when"),
    "rrule of a huge interval": (rrule("FREQ=YEARLY;INTERVAL=99999999999999999999"), "when"),
    "rrule on 30 February": (rrule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), "when"),
    "rrule daily on 30 February": (rrule("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), "when"),
    "rrule on no weekday": (rrule("FREQ=WEEKLY;BYDAY=XX"), "when"), "rrule of the fifth of nothing": (rrule("FREQ=MONTHLY;BYSETPOS=0;BYDAY=MO"), "when"),
    "rrule counted": (rrule("FREQ=DAILY;COUNT=3"), "when"), "rrule of hours": (rrule("FREQ=DAILY;BYHOUR=1"), "when"),
    "rrule of two lines": (rrule("FREQ=DAILY\nDTSTART:20260101"), "when"), "rrule of a page": (rrule("FREQ=DAILY;BYMONTHDAY=" + "1," * 500 + "1"), "when"),
    "rrule of nothing": (rrule(""), "when"), "rrule with a cycle": (rrule("FREQ=DAILY", every={"n": 1, "unit": "day"}), "when"),
    "rrule daily, open for months": (rrule("FREQ=DAILY", lead=60), "when"),
    "rrule on a schedule": (when(anchor="schedule", rrule="FREQ=DAILY"), "when"),
    "condition of nothing": (who({}), "who"), "condition of a list": (who([]), "who"), "condition of SQL": (who("1=1 or true"), "who"),
    "all and any at once": (who({"all": [], "any": []}), "who"), "all of a text": (who({"all": "x"}), "who"),
    "nested deep": (who(nested(2000)), "who"), "nested in itself": (who(endless), "who"),
    "a million comparisons": (who({"any": [{"field": "balance", "op": "gte", "value": 1}] * 1_000_000}), "who"),
    "unknown field": (leaf("password_hash"), "who"), "field of SQL": (leaf("balance_fen; drop table todos --"), "who"),
    "field of a number": (leaf(field=7), "who"), "operator of SQL": (leaf(op="like '%' or"), "who"), "operator of a list": (leaf(op=["gte"]), "who"),
    "an ordered word unordered": (leaf("family", "at_least", "working"), "who"), "a word compared by size": (leaf("class", "gte", "loss"), "who"),
    "an unknown word": (leaf("class", "in", ["excellent"]), "who"), "no values": (leaf("class", "in", []), "who"),
    "too many values": (leaf("product", "in", ["x"] * 501), "who"), "a value of a book": (leaf("product", "in", ["x" * 101]), "who"),
    "a value with a nought byte": (leaf("village", "in", ["a\x00b"]), "who"), "half a character": (leaf("village", "in", ["\ud800"]), "who"),
    "a value that is a tree": (leaf("village", "in", [{"a": 1}]), "who"), "not a number": (leaf(value=float("nan")), "who"),
    "infinite": (leaf(value=float("inf")), "who"), "a number too large": (leaf(value=10**20), "who"), "an endless number": (leaf(value=HUGE), "who"),
    "a number that is true": (leaf(value=True), "who"), "a flag that is one": (leaf("agri", "is", 1), "who"), "no value": (leaf(value=None), "who"),
}  # fmt: skip


PLACES = {
    "规则": "规则", "code": "代码", "title": "名称", "title.fr": "名称 · fr", "title.zh": "名称 · 中文", "kind": "类型", "mode": "方式", "sql": "sql",
    "who": "检查对象", "assign": "分派给", "merge_days": "合并天数", "satisfied_days": "更高级别检查覆盖天数", "note": "备注", "when": "时间",
    "when.cron": "时间 · cron", "when.anchor": "时间 · 起算日", "when.every.n": "时间 · 周期 · 周期长度", "when.every.unit": "时间 · 周期 · 单位",
    "when.lead": "时间 · 提前生成（天）", "when.grace": "时间 · 宽限（天）", "when.shift": "时间 · 遇休息日", "when.offsets": "时间 · 距起算日天数",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_rule_is_refused_with_a_sentence_that_says_where(name):
    body, where = HOSTILE[name]
    for language in words.LANGUAGES:
        token = words.language.set(language)
        started = time.monotonic()
        try:
            with pytest.raises(refusals.BadRule) as refused:
                rules.parse(body)
            sentence = refused.value.sentence(words._)
        finally:
            words.language.reset(token)
        assert time.monotonic() - started < 1
        assert len(sentence) < 800
        at = refused.value.details["where"]
        assert at == PLACES[where] if language == "zh" else not any("一" <= c <= "鿿" for c in at)
        assert refused.value.details["problem"] in sentence
        assert any("一" <= c <= "鿿" for c in refused.value.details["problem"]) == (language == "zh"), sentence


def test_there_are_plenty_of_them():
    assert len(HOSTILE) >= 40
    rules.parse(GOOD)


@settings(max_examples=int(200 * max(1, TRIALS)), deadline=2000, database=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["all", "any", "not", "schedule", "month"]),
        lambda inner: st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*GOOD, "field", "op", "value", "all", "any", "not", "anchor", "every", "rrule", "offsets", "n", "unit"]), inner, max_size=6),
        max_leaves=20,
    )
)  # fmt: skip
def test_whatever_is_typed_is_taken_or_refused(body):
    for candidate in (body, rule(who=body), rule(when=body)):
        try:
            rules.parse(candidate)
        except refusals.BadRule as refused:
            assert refused.sentence(words._)
