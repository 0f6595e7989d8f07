"""Where officers were: what of it is kept, who sees it, how it is counted, and how it is coarsened after a while."""

import math
import random
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from db import access, audit, footprints, records, tables
from db.access import MACHINE, Person
from engine import footprints as verbs
from engine import refusals, visits
from engine.presence.geometry import Point, metres
from engine.visits.sent import SentStep
from tests import field_work
from tests.bank import TODAY
from tests.test_pages import Visit, shown
from tests.test_visits import done, opened, photo, sent

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)  # ten in the morning
DOOR = (44.100317, 125.200129)


@pytest.fixture
def work(small_bank):
    with access.transaction(MACHINE, "test") as conn:
        field_work.plant_work(conn)


def step(minutes: float, north_m: float = 0.0, **more) -> dict:
    """A position so many minutes after nine forty, so far north of the door."""
    at = NOW - timedelta(minutes=20) + timedelta(minutes=minutes)
    return {"lat": DOOR[0] + north_m / 111_195, "lon": DOOR[1], "accuracy_m": 9, "at": at.isoformat()} | more


def save(by: Person, form: dict, counter: int = 1, **content) -> None:
    begun = {"started_at": (NOW - timedelta(minutes=20)).isoformat()}
    done(by, visits.save, UUID(form["key"]), counter, begun | content, now=NOW)


def kept(form: dict) -> list[tuple]:
    with access.reading(MACHINE) as conn:
        return [(row.source, row.at, round(row.lat, 6)) for row in footprints.of_form(conn, UUID(form["key"]))]


def tuples(*steps: dict, source: str = "during") -> list[tuple]:
    return [(one.get("source", source), datetime.fromisoformat(one["at"]), round(one["lat"], 6)) for one in steps]


# --- What is kept -------------------------------------------------------------------------------------------------------


def test_the_check_in_and_the_way_since_are_kept_once_however_often_they_are_sent(work, zhou):
    form, track = opened(zhou), [step(3, 100), step(5, 400)]
    for counter in (1, 2, 3):
        save(zhou, form, counter, fix=step(1), track=track)
    assert kept(form) == tuples(step(1), source="check_in") + tuples(*track)


def test_a_check_in_taken_anew_replaces_the_one_before(work, zhou):
    form = opened(zhou)
    save(zhou, form, 1, fix=step(1, 900))
    save(zhou, form, 2, fix=step(2))
    assert kept(form) == tuples(step(2), source="check_in")


def test_nothing_from_before_the_visit_and_nothing_of_the_future_is_kept(work, zhou):
    form = opened(zhou)
    save(zhou, form, track=[step(-40), step(90), step(4, 70)])
    assert kept(form) == tuples(step(4, 70))


def test_what_is_no_position_is_passed_over_and_the_draft_is_saved_all_the_same(work, zhou):
    form = opened(zhou)
    for counter, track in enumerate(("x", [1, {"lat": 99}, step(2, lat="north")], {"a": 1}, None), 1):
        save(zhou, form, counter, track=track)
    assert kept(form) == []
    assert opened(zhou)["counter"] == 4


def test_a_phone_check_keeps_no_position(work, zhou):
    form = opened(zhou, "overdue", "phone")
    save(zhou, form, fix=step(1), track=[step(3, 200)])
    assert kept(form) == []


def test_a_visit_sent_from_the_phones_queue_brings_its_way_with_it(work, zhou):
    form, track = opened(zhou), [step(3, 100), step(9, 300, source="submit")]
    content = sent(form, track=track, photos=[photo(zhou, UUID(form["key"]))], started_at=step(0)["at"])
    for _ in range(2):
        done(zhou, visits.submit, UUID(form["key"]), content, now=NOW)
    assert [row[0] for row in kept(form)] == ["during", "submit", "check_in"]


def test_the_pace_is_modest_whatever_the_phone_sends():
    draw = random.Random(7)
    track, north = [], 0.0
    for second in range(0, 1800, 7):
        north += draw.uniform(-4, 12)
        track.append(SentStep(**step(second / 60, north)))
    paced = verbs.paced(track)
    assert 20 < len(paced) <= 30
    for a, b in zip(paced, paced[1:], strict=False):
        assert b.at - a.at >= timedelta(minutes=1) and metres(Point(a.lat, a.lon), Point(b.lat, b.lon)) > 30
    assert (
        verbs.paced(track[: len(track) // 2]) == paced[: len(verbs.paced(track[: len(track) // 2]))]
    )  # more to come changes nothing
    assert len(verbs.paced([SentStep(**step(n, 5 * n)) for n in range(5)])) == 1  # who stands still leaves one


# --- Who sees it --------------------------------------------------------------------------------------------------------


def test_a_track_is_seen_by_its_officer_and_those_above_and_by_no_colleague(work, zhou, li, sun, ma, wang, chen, feng):
    form = opened(zhou)
    save(zhou, form, fix=step(1), track=[step(3, 100)])

    def sees(by: Person) -> int:
        with access.reading(by) as conn:
            return len(footprints.of_form(conn, UUID(form["key"])))

    assert [sees(by) for by in (zhou, sun, wang, chen)] == [2, 2, 2, 2]
    assert [sees(by) for by in (li, ma)] == [0, 0]  # li manages this very customer
    with pytest.raises(sa.exc.ProgrammingError):
        sees(feng)


def test_nobody_writes_a_position_without_an_open_visit_or_for_another(work, zhou, li):
    form = opened(zhou)
    with access.reading(MACHINE) as conn:
        draft = conn.execute(sa.select(tables.drafts)).one()
    row = {
        "customer_id": draft.customer_id, "branch_id": draft.branch_id, "submit_key": UUID(form["key"]), "source": "during", "at": NOW,
        "lat": 44.1, "lon": 125.2, "accuracy_m": 9,
    }  # fmt: skip
    for by, signed in ((li, li.id), (zhou, li.id)):
        with pytest.raises(sa.exc.ProgrammingError, match="row-level security"), access.transaction(by, "test") as conn:
            conn.execute(sa.insert(tables.footprints).values(row | {"staff_id": signed}))


def test_a_look_at_somebodys_track_is_a_sentence_in_the_trail(work, sun, zhou, li):
    with access.transaction(sun, "footprint.look") as conn:
        verbs.look(conn, sun, zhou.id, TODAY)
    with access.reading(MACHINE) as conn:
        line = audit.listing(conn, op="footprint.look").rows[0]
    assert (line.staff, line.after) == ("孙丽", {"staff_id": zhou.id, "day": "2026-11-20"})
    with pytest.raises(refusals.NotPermitted), access.transaction(li, "footprint.look") as conn:
        verbs.look(conn, li, zhou.id, TODAY)


# --- Counted ------------------------------------------------------------------------------------------------------------


def plant_visits(by: Person, day: date, places: list[tuple], **more) -> None:
    """Visits of a quarter of an hour, one every forty minutes from eight in the morning: (lat, lon, grade)."""
    with access.transaction(MACHINE, "test") as conn:
        customer = conn.execute(sa.select(tables.customers).where(tables.customers.c.customer_no == "K001")).one()
        for n, (lat, lon, grade) in enumerate(places):
            begun = datetime(day.year, day.month, day.day, 0, tzinfo=UTC) + timedelta(minutes=40 * n)
            conn.execute(sa.insert(tables.records).values({
                "customer_id": customer.id, "branch_id": customer.branch_id, "kind": "regular", "mode": "field", "loan_ids": [],
                "staff_id": by.id, "done_on": day, "started_at": begun, "fixed_at": begun, "finished_at": begun + timedelta(minutes=15),
                "outcome": "completed", "conclusion": "normal", "submit_key": sa.func.gen_random_uuid(), "digest": b"x", "lat": lat,
                "lon": lon, "on_site": grade == "A" if grade else None, "grade": grade,
            } | more))  # fmt: skip


def far(a: tuple, b: tuple) -> float:
    """Kilometres by the law of cosines, another formula than the database's."""
    la, lb, d = math.radians(a[0]), math.radians(b[0]), math.radians(a[1] - b[1])
    return 6371.0088 * math.acos(min(1.0, math.sin(la) * math.sin(lb) + math.cos(la) * math.cos(lb) * math.cos(d)))


def test_a_day_is_counted_in_visits_hours_kilometres_and_grades(small_bank, zhou, sun):
    draw = random.Random(3)
    places = [(44.1 + draw.random() / 5, 125.1 + draw.random() / 5, g) for g in "AABC"]
    plant_visits(zhou, TODAY, [*places, (None, None, None)])
    plant_visits(zhou, TODAY - timedelta(days=1), [(44.2, 125.2, "D")])
    with access.reading(zhou) as conn:
        before, day = footprints.days(conn, zhou.id, TODAY - timedelta(days=7), TODAY)
        stops = footprints.stops(conn, zhou.id, TODAY)
    assert (before.day, before.visits, before.km) == (TODAY - timedelta(days=1), 1, 0)
    assert (day.visits, day.placed, day.on_site, day.a, day.b, day.c, day.d) == (5, 4, 2, 2, 1, 1, 0)
    assert day.km == pytest.approx(sum(far(a, b) for a, b in zip(places, places[1:], strict=False)), rel=1e-4)
    assert day.visit_hours == pytest.approx(5 * 15 / 60)
    assert (day.last_at - day.first_at).total_seconds() / 60 == 4 * 40 + 15
    assert [s.lat for s in stops] == [p[0] for p in places] + [None]
    with access.reading(sun) as conn:
        (row,) = footprints.by_staff(conn, TODAY - timedelta(days=7), TODAY)
    assert (row.staff, row.days, row.visits, row.on_site, row.last_day) == ("周敏", 2, 6, 2, TODAY)
    assert row.km == pytest.approx(day.km)


def test_squares_of_the_map_add_up_to_the_visits(small_bank, zhou, wang):
    plant_visits(zhou, TODAY, [(44.1012, 125.2001, "A"), (44.1031, 125.1983, "D"), (44.2, 125.3, "A"), (None, None, None)])
    with access.reading(wang) as conn:
        cells = footprints.cells(conn, TODAY, TODAY)
        listed = [
            records.listing(conn, records.Filter(TODAY, TODAY, box=footprints.box_of(c, footprints.FINE))).total for c in cells
        ]
    assert [(float(c.lat), float(c.lon), c.visits, c.on_site, c.officers) for c in cells] == [
        (44.11, 125.202, 2, 1, 1),
        (44.21, 125.314, 1, 1, 1),
    ]
    assert listed == [2, 1]  # the list behind a part has as many rows


def test_a_part_of_the_map_that_is_tapped_shows_its_visits(small_bank, zhou, monkeypatch):
    monkeypatch.setenv("VIGIL_TODAY", str(TODAY))
    plant_visits(zhou, TODAY, [(44.1012, 125.2001, "A"), (44.2, 125.3, "A")])
    page = Visit(monkeypatch, "head_risk").at(f"footprints?day={TODAY}&by=week&cell=44.15,125.23")
    tables = {tuple(frame.value.columns)[:2]: frame.value for frame in page.dataframe}
    assert len(tables["done_on", "customer"]) == 1 and not page.exception
    assert "走访 1 次 · 1 人" in shown(page)
    nowhere = Visit(monkeypatch, "head_risk").at(f"footprints?day={TODAY}&by=week&cell=0,0")
    assert ("done_on", "customer") not in {tuple(frame.value.columns)[:2] for frame in nowhere.dataframe}


# --- Coarsened ----------------------------------------------------------------------------------------------------------


def everything() -> dict[str, list[dict]]:
    with access.reading(MACHINE) as conn:
        return {
            t.name: [dict(row._mapping) for row in conn.execute(sa.select(t).order_by(t.c.id))]
            for t in (tables.records, tables.footprints, tables.photos)
        }  # fmt: skip


def coarsen(today: date = TODAY) -> dict[str, int]:
    with access.transaction(MACHINE, "footprints.coarsen") as conn:
        return verbs.coarsen(conn, today)


@pytest.fixture
def history(small_bank, zhou):
    """Two hundred days of visits, each with a way and a photo."""
    for n in range(0, 200, 5):
        plant_visits(zhou, TODAY - timedelta(days=n), [(44.1 + n / 3137, 125.2 + n / 2111, "A")], distance_m=n)
    with access.transaction(MACHINE, "test") as conn:
        conn.exec_driver_sql("""
            insert into photos (customer_id, record_id, sha256, bytes, width, height, taken_at, lat, lon, staff_id)
            select customer_id, id, 'x', 1, 1, 1, finished_at, lat + 0.0001, lon, staff_id from records""")
        conn.exec_driver_sql("""
            insert into footprints (customer_id, staff_id, branch_id, submit_key, source, at, lat, lon, accuracy_m)
            select customer_id, staff_id, branch_id, submit_key, s, finished_at + n * interval '1 minute', lat + n / 1e4, lon, 9
            from records, unnest(array['check_in', 'during', 'submit']) with ordinality as u(s, n)""")


def test_old_positions_become_coarse_as_plain_python_says_and_recent_ones_stay(history):
    before, limit = everything(), TODAY - timedelta(days=90)
    done_now, after = coarsen(), everything()
    on = {row["id"]: row["done_on"] for row in before["records"]}
    day_of = {
        "records": lambda row: row["done_on"], "photos": lambda row: on[row["record_id"]],
        "footprints": lambda row: (row["at"] + timedelta(hours=8)).date(),
    }  # fmt: skip
    expected = {name: [] for name in before}
    for name, rows in before.items():
        for row in rows:
            old = day_of[name](row) < limit
            if name == "footprints" and row["source"] == "during" and old:
                continue
            blurred = {"lat": round(row["lat"], 2), "lon": round(row["lon"], 2)} | ({"coarse": True} if "coarse" in row else {})
            expected[name].append(row | blurred if old else row)
    assert after == expected
    assert done_now == {"dropped": 21, "visits": 42, "photos": 21, "checks": 21, "drafts": 0}


def test_it_happens_once_and_is_one_sentence(history):
    coarsen()
    after = everything()
    assert not any(coarsen().values())
    assert everything() == after
    with access.reading(MACHINE) as conn:
        lines = audit.listing(conn, op="footprints.coarsen").rows
        changed = [line for line in audit.listing(conn, verb="footprints.coarsen", limit=500).rows if line.op == "update"]
    assert [line.after["checks"] for line in lines] == [21]
    assert changed == []  # no line keeps what was rounded


def test_the_next_day_brings_the_next_ones(history):
    coarsen()
    assert coarsen(TODAY + timedelta(days=5))["checks"] == 1


def test_distance_and_grade_outlive_the_exact_place(history, zhou):
    coarsen()
    with access.reading(zhou) as conn:
        (stop,) = footprints.stops(conn, zhou.id, TODAY - timedelta(days=150))
        kept_now = footprints.kept_of(conn, zhou.id)
    assert (stop.coarse, stop.distance_m, stop.grade, stop.lat) == (True, 150, "A", round(stop.lat, 2))
    assert (kept_now.exact, kept_now.coarse, kept_now.exact_since) == (19, 21, TODAY - timedelta(days=90))


def test_the_trail_of_a_check_says_nothing_of_where_it_was(work, zhou):
    form = opened(zhou)
    done(zhou, visits.submit, UUID(form["key"]), sent(form, photos=[photo(zhou, UUID(form["key"]))]), now=NOW)
    with access.reading(MACHINE) as conn:
        lines = [line for noun in ("records", "photos", "footprints") for line in audit.listing(conn, noun=noun).rows]
    assert {line.noun for line in lines} == {"records", "photos"}
    assert not any({"lat", "lon"} & set(line.after) for line in lines)
