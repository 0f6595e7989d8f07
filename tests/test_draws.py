"""Spot checks of records: the same seed draws the same, somebody else looks again, and it stays in the trail."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from db import access, accounts, audit, draws, notices, records
from db.access import MACHINE
from db.vocab import CallBack, Conclusion, Opinion, SecondLook
from engine import draws as verbs
from engine import notices as telling
from engine import quality, refusals, reviews, sentences
from engine.draws import Said, Wish
from tests.bank import TODAY
from tests.test_quality import NOW, check

AGREED, DOUBTED = Said(SecondLook.AGREED), Said(SecondLook.DOUBTED, "照片与描述不符")
ALL = records.Filter()
FIVE = Wish(ALL, 5)


@pytest.fixture
def twenty(li, qian, wu) -> list[int]:
    """Checks of three officers in two branches, of which two are odd."""
    made = [
        check(by, customer, timedelta(days=n)) for by, customer in ((li, "K001"), (qian, "K003"), (wu, "K004")) for n in range(6)
    ]
    odd = [check(wu, "K005", conclusion=Conclusion.RISK), check(li, "K002", started_at=NOW)]
    quality.judge_new(NOW)
    return [*made, *odd]


@pytest.fixture
def told_of(wang, zhao, li, wu) -> Callable[[], set[int]]:
    """Who has a notice; all of these can sign in."""
    with access.transaction(MACHINE, "test") as conn:
        for somebody in (wang, zhao, li, wu):
            accounts.add(conn, somebody.id, f"u{somebody.id}", "no", False, NOW)

    def told() -> set[int]:
        with access.reading(MACHINE) as conn:
            return {who.id for who in (wang, zhao, li, wu) if notices.of_person(conn, who.id)}

    return told


def drawn(by, wish=FIVE, seed="seed") -> tuple[int, list[int]]:
    """The draw, and its checks in the order in which they were drawn."""
    with access.transaction(by, "spot.draw") as conn:
        draw_id = verbs.draw(conn, by, wish, seed, now=NOW)
        return draw_id, [row.record_id for row in draws.looks(conn, draw_id, limit=200).rows]


def settle(by, draw_id: int, record_id: int, said: Said = AGREED) -> None:
    with access.transaction(by, "spot.check") as conn:
        verbs.settle(conn, by, draw_id, record_id, said, now=NOW)


def look_at(by, draw_id: int, record_id: int):
    with access.reading(by) as conn:
        return next(one for one in draws.of_record(conn, record_id) if one.draw_id == draw_id)


class TestDrawing:
    def test_the_same_seed_draws_the_same_and_another_another(self, twenty, wang, zhao):
        def rehearsed(by, seed):
            try:
                with access.transaction(by, "spot.draw") as conn:
                    draw_id = verbs.draw(conn, by, Wish(ALL, 8), seed, now=NOW)
                    seen.append([row.record_id for row in draws.looks(conn, draw_id).rows])
                    raise LookupError
            except LookupError:
                return seen[-1]

        seen: list[list[int]] = []
        assert rehearsed(wang, "a") == rehearsed(zhao, "a") == drawn(wang, Wish(ALL, 8), "a")[1]
        assert set(rehearsed(wang, "b")) != set(seen[0])

    def test_a_share_is_rounded_up_and_a_number_is_no_more_than_there_are(self, twenty, wang):
        assert len(drawn(wang, Wish(ALL, share=0.11), "a")[1]) == 3
        assert sorted(drawn(wang, Wish(ALL, 500), "b")[1]) == sorted(twenty)

    def test_from_a_branch_an_officer_and_a_period(self, twenty, wang, wu):
        among = records.Filter(done_from=TODAY - timedelta(days=3), staff_id=wu.id, branch_ids=(wu.branch_id,))
        _id, chosen = drawn(wang, Wish(among, share=1))
        assert sorted(chosen) == [*twenty[12:16], twenty[18]]

    def test_the_others_of_head_office_are_told_and_nobody_whose_checks_they_are(self, twenty, wang, zhao, li, told_of):
        draw_id, _checks = drawn(wang)
        with access.reading(zhao) as conn:
            (notice,) = notices.of_person(conn, zhao.id)
        assert telling.sentence(notice.why, notice.parts) == "新抽查样本待复看：5条检查记录"
        assert notice.about == f"records?view=spot&draw={draw_id}"
        assert told_of() == {zhao.id}

    def test_odd_ones_first_when_wished(self, twenty, wang):
        assert set(drawn(wang, Wish(ALL, 2, flagged_first=True))[1]) == set(twenty[-2:])

    def test_no_check_is_likelier_than_another(self, twenty, wang):
        with access.transaction(wang, "spot.draw") as conn:
            first = [
                conn.execute(sa.text("select :i from records order by md5(:s || id) limit 1"), {"i": 1, "s": f"{n}:"}).scalar()
                for n in range(2)
            ]
        counts = dict.fromkeys(twenty, 0)
        for n in range(60):
            for record_id in drawn(wang, Wish(ALL, 5), f"seed {n}")[1]:
                counts[record_id] += 1
        assert first and min(counts.values()) >= 4 and max(counts.values()) <= 30  # 15 each on average

    @pytest.mark.parametrize(("wish", "no"), [
        (Wish(ALL, 0), refusals.NothingToDraw), (Wish(replace(ALL, text="谁也不是"), 5), refusals.NothingToDraw),
    ])  # fmt: skip
    def test_of_nothing_nothing_is_drawn(self, twenty, wang, wish, no):
        with pytest.raises(no):
            drawn(wang, wish)

    def test_too_many_are_no_sample(self, twenty, wang, monkeypatch):
        monkeypatch.setattr(verbs, "MOST", 3)
        with pytest.raises(refusals.TooManyToDraw):
            drawn(wang, Wish(ALL, 4))

    def test_two_clicks_are_one_draw(self, twenty, wang):
        drawn(wang)
        with pytest.raises(refusals.Conflict):
            drawn(wang)


class TestTheSecondLook:
    def test_is_kept_counted_and_told(self, twenty, wang, zhao, chen):
        draw_id, chosen = drawn(wang)
        settle(zhao, draw_id, chosen[0], Said(SecondLook.AGREED, call=CallBack.CONFIRMED, call_words="上周来过，看了库房"))
        settle(wang, draw_id, chosen[1], DOUBTED)
        settle(zhao, draw_id, chosen[2], Said(SecondLook.AGREED, call=CallBack.UNREACHED))
        with access.reading(chen) as conn:
            found = draws.get(conn, draw_id)
            assert (found.n, found.population, found.waiting, found.agreed, found.doubted, found.called) == (5, 20, 2, 2, 1, 2)
            by_officer = draws.results(conn, draw_id)
            assert sum(row.n for row in by_officer) == 5 and by_officer[0].doubted == 1
            assert draws.next_waiting(conn, draw_id, wang.id) == chosen[3]
            events = [row for row in audit.listing(conn).rows if row.noun in ("draws", "second_looks")]
            told = [sentences.sentence(row, sentences.names(conn)) for row in events]
        assert sum("抽查结果" in line and "存疑" in line for line in told) == 1
        assert any("抽查批次" in line for line in told)

    def test_is_taken_once(self, twenty, wang, zhao):
        draw_id, chosen = drawn(wang)
        settle(zhao, draw_id, chosen[0])
        with pytest.raises(refusals.Conflict):
            settle(wang, draw_id, chosen[0], DOUBTED)
        assert look_at(wang, draw_id, chosen[0]).state == SecondLook.AGREED

    @pytest.mark.parametrize("said", [
        Said(SecondLook.DOUBTED), Said(SecondLook.DOUBTED, " ok "), Said(SecondLook.AGREED, call=CallBack.CONTRADICTED),
    ])  # fmt: skip
    def test_needs_words_to_doubt_and_after_a_call_that_reached_somebody(self, twenty, wang, said):
        draw_id, chosen = drawn(wang)
        with pytest.raises(refusals.Missing):
            settle(wang, draw_id, chosen[0], said)

    def test_is_not_for_who_judged_the_check_at_first(self, twenty, wang, zhao):
        draw_id, chosen = drawn(wang, Wish(ALL, 20))
        with access.transaction(zhao, "record.judge") as conn:
            reviews.judge(conn, zhao, chosen[0], Opinion.PASSED, None, now=NOW)
        with pytest.raises(refusals.JudgedBefore):
            settle(zhao, draw_id, chosen[0])
        with access.reading(zhao) as conn:
            assert draws.next_waiting(conn, draw_id, zhao.id) == chosen[1]
        settle(wang, draw_id, chosen[0])

    def test_is_nobodys_own_in_the_store_itself(self, twenty, wang, zhao):
        draw_id, chosen = drawn(wang, Wish(ALL, 20))
        with access.transaction(MACHINE, "test") as conn:
            conn.execute(sa.text("update second_looks set staff_id = :s where record_id = :r"), {"s": zhao.id, "r": chosen[0]})
        with access.transaction(zhao, "record.judge") as conn:
            reviews.judge(conn, zhao, chosen[1], Opinion.PASSED, None, now=NOW)
        with pytest.raises(refusals.OnesOwn):
            settle(zhao, draw_id, chosen[0])
        taken = "update second_looks set state = 'agreed', done_by = :s, done_at = now() where record_id = :r"
        for record_id in chosen[:2]:
            with pytest.raises(sa.exc.DBAPIError), access.transaction(zhao, "spot.check") as conn:
                conn.execute(sa.text(taken), {"s": zhao.id, "r": record_id})

    def test_is_not_told_to_who_made_the_check(self, twenty, wang, li, sun):
        drawn(wang, Wish(ALL, 20))
        for by in (li, sun):
            with access.reading(by) as conn, pytest.raises(sa.exc.DBAPIError):
                draws.listing(conn)
