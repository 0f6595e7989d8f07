"""The demo bank's visits: days that somebody could have driven, graded by the grader, tracks as a phone keeps them."""

import random
import uuid
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from db import access, demo, records, reviews, settings, tables
from db.access import MACHINE
from db.vocab import Conclusion, FixSource, Kind, Mode, Outcome
from engine import checks, footprints, outline
from engine.calendar import Calendar
from engine.checks import Submission
from engine.demo import files, pictures, seed, story, world
from engine.demo.checking import Checking
from engine.demo.evidence import Evidence
from engine.presence.geometry import Point, metres
from tests import bank

LAST = date(2026, 11, 27)
ZHOU = 7


def visit(chance: random.Random, day: date, customer: int = 1) -> Submission:
    lat, lon = 44.43 + chance.uniform(-0.2, 0.2), 125.18 + chance.uniform(-0.2, 0.2)
    off = chance.gauss(0, 0.0003)
    return Submission(
        key=uuid.UUID(int=chance.getrandbits(128), version=4), customer_id=customer, kind=Kind.REGULAR, mode=Mode.FIELD,
        outcome=Outcome.COMPLETED, conclusion=Conclusion.NORMAL, finished_at=datetime(day.year, day.month, day.day, 3, tzinfo=UTC),
        lat=round(lat + off, 6), lon=round(lon + off, 6), accuracy_m=12, place={"lat": lat, "lon": lon, "radius_m": 1000, "words": "x"},
    )  # fmt: skip


def days(n: int, visits: int) -> list[tuple]:
    chance = random.Random(5)
    return [(visit(chance, LAST - timedelta(days=d)), ZHOU, 1, []) for d in range(n) for _ in range(visits)]


@pytest.mark.parametrize("visits", [1, 5, 14])
def test_a_day_can_be_driven_and_ends_in_the_evening(visits):
    told = sorted((said for said, *_ in Evidence(1, LAST).of(days(3, visits))), key=lambda said: said.finished_at)
    for before, said in zip(told, told[1:], strict=False):
        between = (said.started_at - before.finished_at).total_seconds()
        assert between >= 0
        assert metres(before, said) / 1000 / max(between / 3600, 1e-9) < 120
    assert {said.finished_at.astimezone(settings.ZONE).date() for said in told} == {LAST - timedelta(days=d) for d in range(3)}


def test_most_visits_are_beyond_doubt_and_a_few_are_not():
    grades = Counter(said.grade for said, *_ in Evidence(1, LAST).of(days(60, 5)))
    assert grades["A"] > 200 and 0 < grades["C"] + grades["D"] < 30 and None not in grades


def test_the_distance_told_is_the_distance_there_is():
    for said, *_ in Evidence(1, LAST).of(days(5, 5)):
        assert said.distance_m == pytest.approx(metres(said, Point(said.place["lat"], said.place["lon"])), abs=0.1)
        assert said.on_site == (said.grade != "D")


def test_what_lies_too_far_back_is_not_graded():
    old = [(visit(random.Random(1), LAST - timedelta(days=200)), ZHOU, 1, [])]
    ((said, *_),) = Evidence(1, LAST).of(old)
    assert said.grade is None and said.distance_m is not None


def test_two_batches_of_one_day_follow_each_other():
    proof, entries = Evidence(1, LAST), days(1, 6)
    first, second = proof.of(entries[:3]), proof.of(entries[3:])
    assert max(said.finished_at for said, *_ in first) <= min(said.started_at for said, *_ in second)


def test_a_visits_track_passes_what_is_kept_of_tracks():
    proof = Evidence(1, LAST)
    told = sorted((said for said, *_ in proof.of(days(1, 4))), key=lambda said: said.finished_at)
    way = proof.way_of(told[1], told[0])
    kept = footprints.paced(footprints._read(way["track"]))
    assert len(kept) >= 3 and kept[-1].source is FixSource.SUBMIT
    assert all(told[0].finished_at < step.at <= told[1].finished_at for step in kept)


def test_all_of_its_customers_live_in_the_city():
    bank_of_old = world.build(LAST, 0.02)
    story.cast(bank_of_old)
    assert outline.within(bank_of_old.customers.lat, bank_of_old.customers.lon).all()


def test_low_grades_are_laid_before_a_reviewer_once(small_bank):
    with access.transaction(MACHINE, "test") as conn:
        someone = conn.execute(sa.select(tables.customers.c.id, tables.customers.c.branch_id)).first()
        staff_id = conn.execute(sa.select(sa.func.min(tables.staff.c.id))).scalar_one()
        chance, past = random.Random(2), []
        for grade in ("A", "C", "D"):
            said = visit(chance, bank.TODAY, someone.id)
            past.append((Submission(**vars(said) | {"grade": grade}), staff_id, someone.branch_id, []))
        checks.import_past(conn, past)
        assert reviews.begin_where_due(conn, bank.TODAY + timedelta(days=1)) == 0
        assert reviews.begin_where_due(conn, bank.TODAY) == 2
        assert reviews.begin_where_due(conn, bank.TODAY) == 0


def test_an_edited_photo_is_another_file_of_the_same_picture():
    assert pictures.edited(1, 1) != pictures.taken(1, 1) == pictures.taken(1, 1)


def test_three_firms_stand_behind_each_other():
    told = world.build(LAST, 0.3)
    story.cast(told)
    x, c = told.loans, told.customers
    ring = {int(x.customer[loan]): backer for loan, backer in told.backed_by.items()}
    assert [c.name[one] for one in ring] == list(story.RING) and all(c.firm[one] for one in ring)
    first = next(iter(ring))
    assert ring[ring[ring[first]]] == first and set(ring) == set(ring.values())
    handed_down = {(number, backer) for number, backer, *_ in files._guarantors(told, world.on(told, LAST))}
    assert {(x.number[loan], c.number[backer]) for loan, backer in told.backed_by.items()} <= handed_down


def test_the_past_is_lived_night_by_night_up_to_the_last_days():
    steps = list(seed._steps(LAST))
    assert [s.day for s in steps[1:]] == [s.following for s in steps[:-1]]
    assert steps[-1].following == LAST - timedelta(days=seed.DAILY - 2), "where the work of the last days takes over"
    assert sum(s.with_file for s in steps) == len(seed.FILES) and steps[0].with_file
    assert not steps[1].with_file, "a file is taken in beside the people's work, and the first days know none"
    spans = [(s.following - s.day).days for s in steps]
    assert spans == sorted(spans, reverse=True), "the nearer, the closer together"


def test_where_there_is_no_store_none_is_made_to_be_removed(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("VIGIL_HOME", str(tmp_path / "home"))
    assert demo.remove()
    assert not (tmp_path / "home").exists()


def test_customers_do_not_change_by_a_file_before_what_was_done_before_it(small_bank):
    with (
        access.transaction(MACHINE, "test") as people,
        pytest.raises(sa.exc.OperationalError),
        access.transaction(MACHINE, "test") as file,
    ):
        demo.before_the_next_file(people)
        records.touch(people, [1])
        file.exec_driver_sql("set local lock_timeout = '50ms'")
        records.touch(file, [2])


@pytest.fixture(scope="module")
def checking():
    told = world.build(LAST, 0.02)
    return told, lambda: Checking(told, random.Random(3))


BORROWER = SimpleNamespace(
    id=11, customer_no="K000000012", branch_id=4, manager_id=5, inspector_id=6, since=date(2024, 9, 2), loan_ids=[77]
)


def test_checks_of_old_are_regular_ones_that_no_todo_asked_for(checking):
    told, make = checking
    ((said, by, branch_id, loan_ids),) = make().of_old(BORROWER, Mode.FIELD, date(2025, 3, 4))
    assert (said.kind, said.mode, said.todo_ids, by, branch_id, loan_ids) == (Kind.REGULAR, Mode.FIELD, (), 6, 4, [77])
    assert said.finished_at.astimezone(settings.ZONE).date() == date(2025, 3, 4)
    assert metres(said, Point(told.customers.lat[11], told.customers.lon[11])) < 6000
    assert make().of_old(BORROWER, Mode.PHONE, date(2025, 3, 4))[-1][1] == 5, "calls are the manager's"


def test_nobody_was_checked_before_he_borrowed_or_on_a_day_off(checking):
    told, make = checking
    p = SimpleNamespace(world=told, checking=make(), calendar=Calendar({}), draw=random.Random(4))
    rows = [SimpleNamespace(**vars(BORROWER) | {"id": n, "since": date(2024, 9, 1) + timedelta(days=n)}) for n in range(200)]
    past = seed._of_old(p, rows, date(2024, 12, 1), date(2024, 12, 31))
    assert past and all(said.customer_id <= 91 for said, *_ in past)
    done = [said.finished_at.astimezone(settings.ZONE).date() for said, *_ in past if said.outcome is Outcome.COMPLETED]
    assert all(date(2024, 12, 1) <= day < date(2024, 12, 31) and day.weekday() < 5 for day in done)
    again = SimpleNamespace(**vars(p) | {"checking": make(), "draw": random.Random(4)})
    assert seed._of_old(again, rows, date(2024, 12, 1), date(2024, 12, 31)) == past, "the same seed tells the same story"
