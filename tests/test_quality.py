"""What is pointed out about checks: copied words, answers as last time, too short, too quick, too late, too many in an hour."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from db import access, customers, definitions, qualities, records
from db.access import MACHINE
from db.vocab import Conclusion, Definition, Flaw, Kind, Mode, Outcome
from engine import checks, likeness, quality

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
FOUND = "客户库存玉米约三百二十吨，较上次减少四十吨，应收货款十八万元，预计下月中旬收回。"
REWORDED = "客户库存玉米约三百二十吨,较上次减少四十吨， 应收货款十八万元,预计下月底收回"
OTHER = "养殖场存栏育肥牛四十六头，饲料充足，本月出栏九头，货款当日结清，无其他负债。"


def check(by, customer="K001", ago=timedelta(), **said) -> int:
    """A check as somebody submits it, of which a test states only what it is about."""
    with access.transaction(by, "check.submit") as conn:
        done = NOW - ago
        given = {"kind": Kind.REGULAR, "mode": Mode.FIELD, "outcome": Outcome.COMPLETED, "conclusion": Conclusion.NORMAL,
                 "started_at": done - timedelta(minutes=20), "finished_at": done, "note": None} | said  # fmt: skip
        customer_id = customers.by_number(conn, customer).id
        return checks.submit(conn, by, checks.Submission(uuid4(), customer_id, **given))["record"]


def flags(record_id: int) -> dict:
    quality.judge_new(NOW)
    with access.reading(MACHINE) as conn:
        found = qualities.of_record(conn, record_id)
    assert set(found.flags) == set(found.measures)
    return found.measures


def limit(name: str, value: float) -> None:
    with access.transaction(MACHINE, "test") as conn:
        definitions.plant(conn, Definition.PARAMETER, f"quality.{name}", {"value": value}, date(2000, 1, 1), "test")


class TestWordsAreFoundAgain:
    @pytest.mark.parametrize(
        ("author", "customer", "words", "share"),
        [("li", "K001", FOUND, 1.0), ("li", "K002", REWORDED, 0.7), ("li", "K002", OTHER, None), ("qian", "K003", FOUND, None)],
    )
    def test_of_the_same_officer_at_whatever_customer(self, request, li, author, customer, words, share):
        first = check(li, note=FOUND, ago=timedelta(days=20))
        limit("copied_share", 0.7)
        found = flags(check(request.getfixturevalue(author), customer, note=words))
        assert (Flaw.COPIED in found) is (share is not None)
        if share:
            assert found[Flaw.COPIED]["twin"] == first and found[Flaw.COPIED]["found"] >= share

    def test_of_a_colleague_at_the_same_customer_also_in_the_words_on_what_is_abnormal(self, li, sun):
        first = check(li, note=FOUND[:20], answers={"words": {"stock": FOUND[20:]}}, ago=timedelta(days=2))
        assert flags(check(sun, note=FOUND))[Flaw.COPIED] == {"found": 1, "twin": first, "limit": 0.9}

    def test_the_latest_of_several_and_none_of_long_ago(self, li):
        old = check(li, note=FOUND, ago=timedelta(days=400))
        assert flags(check(li, note=FOUND, ago=timedelta(days=20))) == {}
        again = check(li, "K002", note=FOUND)
        assert flags(again)[Flaw.COPIED]["twin"] not in (old, again)

    def test_short_words_are_everybodys(self, li):
        check(li, note="经营正常，按时还款。")
        assert flags(check(li, note="经营正常，按时还款。")) == {}

    def test_a_text_is_marked_where_the_other_has_it_too(self):
        pieces = list(likeness.compared("今日到访，存粮三百吨充足", "存粮三百吨不足"))
        assert pieces == [("今日到访，", False), ("存粮三百吨", True), ("充足", False)]
        assert "".join(piece for piece, _same in likeness.compared(FOUND, REWORDED)) == FOUND

    def test_almost_all_that_are_alike_have_a_number_in_common(self):
        texts = [FOUND.replace("三百二十", f"{n}") for n in range(200)]
        found = [bool(set(likeness.bands(a, "x")) & set(likeness.bands(b, "x"))) for a, b in zip(texts, texts[1:], strict=False)]
        assert sum(found) >= 190
        assert not set(likeness.bands(FOUND, "staff 1")) & set(likeness.bands(FOUND, "staff 2"))


class TestACheckByItself:
    @pytest.mark.parametrize(("words", "seen"), [(None, 0), ("停业", 2), ("门市停业，已约谈借款人及配偶", None)])
    def test_a_bad_conclusion_needs_words(self, li, words, seen):
        found = flags(check(li, conclusion=Conclusion.RISK, note=words))
        assert found.get(Flaw.SHORT) == (None if seen is None else {"found": seen, "limit": 10})

    def test_a_normal_one_only_where_the_bank_wants_them(self, li):
        assert flags(check(li)) == {}
        limit("short_normal_chars", 4)
        assert flags(check(li, note="正常"))[Flaw.SHORT] == {"found": 2, "limit": 4}

    def test_a_visit_of_two_minutes_and_one_that_was_sent_two_days_later(self, li):
        quick = check(li, started_at=NOW - timedelta(minutes=2), ago=timedelta())
        late = check(li, "K002", ago=timedelta(days=2), received_at=NOW)
        assert flags(quick) == {Flaw.QUICK: {"found": 2, "limit": 3}}
        assert flags(late) == {Flaw.LATE: {"found": 48, "limit": 24}}
        assert flags(check(li, mode=Mode.PHONE, started_at=NOW - timedelta(minutes=1))) == {}

    def test_answers_as_last_time_when_figures_are_among_them(self, li):
        ticked, counted = {"operating": True, "stock": "sound"}, {"operating": True, "workers": 12}
        form = {"form": ("VISIT-FIRM", 1)}
        for n, answers in enumerate((ticked, ticked, counted)):
            found = flags(check(li, answers=answers, ago=timedelta(days=30 - n), **form))
            assert found == {}
        last = check(li, answers=counted | {"words": {"workers": "同上"}}, ago=timedelta(days=9), **form)
        assert flags(check(li, answers=counted, **form))[Flaw.SAME] == {"found": 1, "twin": last}
        assert flags(check(li, answers=counted | {"workers": 13}, **form)) == {}

    def test_a_limit_of_nothing_switches_off(self, li):
        for name in ("quick_minutes", "late_hours", "short_chars", "an_hour", "copied_share"):
            limit(name, 0)
        check(li, note=FOUND, ago=timedelta(days=1))
        given = {"started_at": NOW - timedelta(days=3), "received_at": NOW, "conclusion": Conclusion.RISK, "note": FOUND}
        assert flags(check(li, ago=timedelta(days=3), **given)) == {}


def test_the_last_of_many_within_an_hour_tells_of_all_and_no_other(li, qian):
    limit("an_hour", 4)
    alone = check(li, ago=timedelta(hours=3))
    crowd = [check(li, ago=timedelta(minutes=15 * n)) for n in (3, 2, 1)]
    others = [check(qian, "K003", ago=timedelta(minutes=n)) for n in range(3)]
    assert [flags(one) for one in (alone, *crowd, *others)] == [{}] * 7
    last = check(li, "K002")
    assert [flags(one).get(Flaw.CROWDED) for one in (*crowd, last)] == [{"found": 4, "limit": 4}] * 4
    assert [flags(one) for one in (alone, *others)] == [{}] * 4


def test_every_check_is_looked_at_once_whatever_came_when(li):
    first = check(li, ago=timedelta(days=3))
    assert quality.judge_new(NOW) == 1
    check(li, note=FOUND), check(li)
    assert quality.judge_new(NOW + timedelta(days=2)) == 2
    assert quality.judge_new(NOW + timedelta(days=4)) == 0
    assert first


def test_checks_of_a_day_stand_by_their_time_whichever_came_first(li, wang):
    minutes = {check(li, ago=timedelta(minutes=n)): n for n in (20, 5, 40)}
    with access.reading(wang) as conn:
        assert [minutes[row.id] for row in records.listing(conn).rows] == [5, 20, 40]
        assert [minutes[row.id] for row in records.listing(conn, sort="done").rows] == [40, 20, 5]


def test_the_list_is_narrowed_to_what_is_pointed_out(li, wang):
    quick = check(li, started_at=NOW - timedelta(minutes=1))
    short = check(li, conclusion=Conclusion.RISK)
    check(li)
    quality.judge_new(NOW)
    with access.reading(wang) as conn:
        for flaw, expected in ((None, 3), (records.ANY_FLAW, 2), (Flaw.QUICK, 1), (Flaw.COPIED, 0)):
            assert records.listing(conn, records.Filter(flaw=flaw)).total == expected
        assert {row.id: row.flags for row in records.listing(conn).rows if row.flags} == {quick: ["quick"], short: ["short"]}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("flaw", Flaw)
def test_each_is_told_with_its_figures(language, flaw):
    quality.words.language.set(language)
    said = quality.sentence(flaw, {"found": 0.95, "limit": 3, "twin": 7})
    assert "{" not in said and any(digit in said for digit in ("95", "1", "3"))
