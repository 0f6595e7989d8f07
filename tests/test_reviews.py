"""Presence in doubt: photos found again among everybody's, the grade shown before and after, people who decide, and appeals."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import UUID, uuid4

import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image

from db import access, audit, copies, opinions, records, reviews, store, tables
from db.access import MACHINE, Person
from db.vocab import Finding, Opinion, ReviewState
from engine import acts, refusals, visits
from engine import reviews as acts_on_reviews
from engine.photos import scenes
from tests import field_work
from tests.field_work import all_normal
from tests.test_pages import Visit, no_english, shown

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)  # ten in the morning
DOOR = {"K001": (44.1, 125.2), "K002": (44.43, 125.18), "K004": (43.88, 125.31), "K005": (43.87, 125.33)}
YARD, SHOP, BARN = range(3)  # places that were photographed
pictures: dict[int, Image.Image] = {}


@pytest.fixture
def work(small_bank):
    with access.transaction(MACHINE, "test") as conn:
        field_work.plant_work(conn)
        for number, (lat, lon) in DOOR.items():
            if number != "K001":
                conn.execute(sa.insert(tables.addresses).values(
                    customer_id=customer(conn, number), kind="business", place="x", datum="wgs84", lat=lat, lon=lon))  # fmt: skip


def customer(conn, number: str) -> int:
    return conn.execute(sa.select(tables.customers.c.id).where(tables.customers.c.customer_no == number)).scalar_one()


def picture(place: int) -> Image.Image:
    if place not in pictures:
        pictures[place] = scenes.view(place, 0)
    return pictures[place]


def jpeg(image: Image.Image, **given) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=90, **given)
    return out.getvalue()


def edited(place: int) -> bytes:
    """Cropped and lit otherwise, as somebody would who does not want it found."""
    chance = np.random.default_rng(7)
    return jpeg(scenes.cropped(scenes.light(picture(place), chance), chance))


def do(by: Person, verb: str, act: Callable, *given, **named):
    with acts.act(by, verb) as conn:
        return act(conn, by, *given, **named)


def begin(by: Person, number: str) -> dict:
    with access.reading(MACHINE) as conn:
        who = customer(conn, number)
    return do(by, "check.submit", visits.open_customer, who, now=NOW)


def hand_in(by: Person, form: dict, content: bytes, *, compared: bool = True) -> str:
    """A photo from the phone, whole; compared with all others as the rim does once it is kept."""
    name = uuid4()
    do(by, "check.submit", visits.add_photo, UUID(form["key"]), visits.Piece(name, len(content), 0, content))
    if compared:
        visits.compare(name, now=NOW)
    return str(name)


def there(number: str, **changes) -> dict:
    lat, lon = DOOR[number]
    return {
        "lat": lat + 0.0003171,
        "lon": lon + 0.0001293,
        "accuracy_m": 12,
        "at": (NOW - timedelta(minutes=4)).isoformat(),
    } | changes


def send(by: Person, form: dict, number: str, photos: list[str], now: datetime = NOW, **changes) -> int:
    body = {
        "finished_at": NOW.isoformat(),
        "conclusion": "normal",
        "answers": form["begin"] | all_normal(form["form"]),
        "fix": there(number),
    }
    return do(by, "check.submit", visits.submit, UUID(form["key"]), body | {"photos": photos} | changes, now=now)["record"]


def visit(by: Person, number: str, *photos: bytes, **changes) -> int:
    form = begin(by, number)
    return send(by, form, number, [hand_in(by, form, photo) for photo in photos], **changes)


def record(record_id: int):
    with access.reading(MACHINE) as conn:
        return records.get(conn, record_id)


def reason(record_id: int, check: str) -> str:
    return next(r["verdict"] for r in record(record_id).presence if r["check"] == check)


def review(record_id: int, by: Person = MACHINE):
    with access.reading(by) as conn:
        return reviews.of_record(conn, record_id)


# --- Photos found again -----------------------------------------------------------------------------------------------


def test_a_photo_of_a_colleagues_customer_is_found_though_it_was_cropped_and_lit(work, zhou, wu, ma, sun, wang):
    first = visit(zhou, "K001", jpeg(picture(YARD)))
    again = visit(wu, "K004", edited(YARD))
    assert (record(first).grade, review(first)) == ("B", None)
    assert (record(again).grade, reason(again, "photo_reuse"), review(again).causes) == ("C", "doubt", ["grade", "photos"])
    for by, seen in ((wang, "农安王记粮油店"), (ma, None)):  # the head of the other branch is told that, not whose
        with access.reading(by) as conn:
            (pair,) = copies.of_record(conn, again)
        assert pair.share > 0.5 and pair.earlier_customer == seen and (pair.earlier_id is None) == (seen is None)
    with access.reading(sun) as conn:
        assert copies.of_record(conn, again) == [] and reviews.listing(conn).rows == []


def test_the_same_photo_twice_on_one_visit_is_no_copy_and_on_the_next_visit_it_is(work, zhou):
    shot = jpeg(picture(SHOP))
    first = visit(zhou, "K001", shot, shot)
    assert reason(first, "photo_reuse") == "pass" and review(first) is None
    assert reason(visit(zhou, "K001", shot), "photo_reuse") == "doubt"


def test_of_two_forms_with_one_photo_the_second_to_come_is_in_doubt(work, zhou, wu):
    mine, theirs = begin(zhou, "K001"), begin(wu, "K004")
    early, late = hand_in(wu, theirs, jpeg(picture(BARN))), hand_in(zhou, mine, jpeg(picture(BARN)))
    first, second = send(zhou, mine, "K001", [late]), send(wu, theirs, "K004", [early])
    assert (reason(first, "photo_reuse"), reason(second, "photo_reuse")) == ("pass", "doubt")


def test_a_photo_compared_only_after_the_check_had_come_changes_the_grade_before_everybodys_eyes(work, zhou, wu, wang):
    visit(zhou, "K001", jpeg(picture(YARD)))
    form = begin(wu, "K004")
    late = send(wu, form, "K004", [hand_in(wu, form, edited(YARD), compared=False)])
    assert (record(late).grade, review(late)) == ("B", None)
    assert visits.compare(now=NOW) == 1
    assert (record(late).grade, reason(late, "photo_reuse"), review(late).state) == ("C", "doubt", "waiting")
    with access.reading(wang) as conn:
        kept = next(line for line in audit.of_customer(conn, record(late).customer_id, ("records",)) if line.op == "update")
    assert (kept.before["grade"], kept.after["grade"], kept.staff_id) == ("B", "C", None)
    assert visits.compare(now=NOW) == 0


def test_a_photo_that_was_taken_back_is_no_evidence_against_anybody(work, zhou, wu):
    form = begin(zhou, "K001")
    name = hand_in(zhou, form, jpeg(picture(YARD)))
    do(zhou, "check.submit", visits.drop_photo, UUID(form["key"]), UUID(name))
    assert reason(visit(wu, "K004", jpeg(picture(YARD))), "photo_reuse") == "pass"


def test_a_damaged_photo_in_the_store_stops_no_comparison(work, zhou, wu):
    visit(zhou, "K001", jpeg(picture(YARD)))
    with access.transaction(MACHINE, "test") as conn:
        conn.exec_driver_sql("delete from prints")
        conn.exec_driver_sql("update photos set sha256 = '\\x00'")
    assert visits.compare(now=NOW) == 0
    assert reason(visit(wu, "K004", jpeg(picture(YARD))), "photo_reuse") == "pass"


def test_nobody_learns_from_the_search_whose_photo_it_was(work, zhou, wu):
    visit(zhou, "K001", jpeg(picture(YARD)))
    form = begin(wu, "K004")
    hand_in(wu, form, edited(YARD))
    with access.reading(wu) as conn:
        (found,) = copies.of_form(conn, UUID(form["key"]))
        assert set(found._fields) == {"upload_id", "earlier_id", "share", "same_customer", "same_officer"}
    with access.reading(zhou) as conn:
        assert copies.of_form(conn, UUID(form["key"])) == []
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            conn.exec_driver_sql("select 1 from prints")


# --- Everything known goes into the grade -----------------------------------------------------------------------------


def test_what_the_camera_wrote_is_read_and_held_against_the_visit(work, zhou):
    exif = Image.Exif()
    exif[0x0110] = "P40"
    exif.get_ifd(0x8769)[0x9003] = "2026:11:02 09:00:00"
    exif.get_ifd(0x8825).update({1: "N", 2: (44.0, 30.0, 0.0), 3: "E", 4: (125.0, 12.0, 0.0)})
    old = visit(zhou, "K001", jpeg(picture(YARD), exif=exif))
    assert (reason(old, "photo_time"), reason(old, "photo_place"), record(old).grade) == ("doubt", "doubt", "C")
    with access.reading(zhou) as conn:
        (photo,) = conn.execute(sa.select(tables.photos)).all()
    assert (photo.device, photo.told_lat, f"{photo.told_at:%Y-%m-%d}") == ("P40", 44.5, "2026-11-02")


def test_the_very_digits_of_a_colleagues_phone_are_noticed(work, zhou, li):
    visit(zhou, "K001", jpeg(picture(YARD)))
    assert reason(visit(li, "K001", jpeg(picture(BARN))), "shared_digits") == "doubt"


def test_the_officer_sees_the_grade_before_he_sends_and_nothing_is_kept_of_it(work, zhou):
    form = begin(zhou, "K001")
    shot = hand_in(zhou, form, jpeg(picture(YARD)))
    claim = {"fix": there("K001", lat=44.2), "away_because": "在县城见面", "photos": [shot]}
    said = do(zhou, "check.submit", visits.preview, UUID(form["key"]), claim, now=NOW)
    assert (said["grade"], said["for_review"]) == ("D", True)
    assert any("在县城见面" in r["words"] for r in said["reasons"])
    assert field_work.records() == [] and do(zhou, "check.submit", visits.preview, UUID(form["key"]), {}, now=NOW) == {
        "grade": None
    }
    sent = send(zhou, form, "K001", [shot], fix=claim["fix"], away_because="在县城见面")
    assert record(sent).grade == "D" and set(record(sent).presence[0]["words"]) == {"zh", "en"}


def test_nonsense_for_a_claim_is_refused_with_a_sentence(work, zhou):
    form = begin(zhou, "K001")
    for nonsense in ({"fix": {"lat": 444}}, {"photos": ["x"]}, {"else": 1}, {"away_because": "长" * 300}):
        with pytest.raises(refusals.Unreadable):
            do(zhou, "check.submit", visits.preview, UUID(form["key"]), nonsense, now=NOW)


# --- Reviews and appeals ----------------------------------------------------------------------------------------------


def away(by: Person, number: str = "K001", photo: int = YARD) -> int:
    """A check that was made three kilometres from the mark."""
    return visit(by, number, jpeg(picture(photo)), fix=there(number, lat=DOOR[number][0] + 0.03), away_because="在地里见面")


def decide(by: Person, record_id: int, finding: Finding = Finding.DOUBTFUL, said: str = "照片里看不到门牌") -> None:
    do(by, "review.decide", acts_on_reviews.decide, review(record_id).id, finding, said, now=NOW)


def appeal(by: Person, record_id: int, said: str = "门牌在照片左下角") -> None:
    do(by, "review.appeal", acts_on_reviews.appeal, review(record_id).id, said, now=NOW)


def settle(by: Person, record_id: int, finding: Finding = Finding.ACCEPTED) -> None:
    do(by, "review.settle", acts_on_reviews.settle, review(record_id).id, finding, "已核对门牌", now=NOW)


def test_a_doubt_goes_to_the_head_of_the_branch_and_an_appeal_to_somebody_else(work, zhou, sun, wang, zhao):
    check = away(zhou)
    with access.reading(sun) as conn:
        assert [r.record_id for r in reviews.listing(conn, not_of=sun.id).rows] == [check]
    decide(sun, check)
    with access.reading(zhou) as conn:
        (told,) = reviews.of_officer(conn, zhou.id, NOW - timedelta(days=1))
        assert (told.finding, told.words) == ("doubtful", "照片里看不到门牌")
    appeal(zhou, check)
    with pytest.raises(refusals.OnlyOnce):
        appeal(zhou, check)
    with pytest.raises(refusals.NotPermitted):
        settle(sun, check)
    settle(wang, check)
    assert (review(check).state, review(check).last_finding, review(check).settled_by) == (ReviewState.SETTLED, "accepted", wang.id)
    with access.reading(wang) as conn:
        line = audit.of_customer(conn, record(check).customer_id, ("reviews",))
    assert [(x.op, x.verb) for x in line] == [
        ("update", "review.settle"), ("update", "review.appeal"), ("update", "review.decide"), ("insert", "check.submit"),
    ]  # fmt: skip


def test_whoever_decided_first_does_not_decide_about_the_appeal(work, zhou, wang, zhao):
    check = away(zhou)
    decide(wang, check)
    appeal(zhou, check)
    with pytest.raises(refusals.SecondPerson):
        settle(wang, check)
    with access.transaction(wang, "test") as conn:
        assert not reviews.settle(conn, review(check).id, "accepted", "x", wang.id, NOW)
    settle(zhao, check)


def test_nobody_reviews_himself_not_even_past_the_verbs(work, sun, wang):
    own = away(sun, "K002", SHOP)
    with pytest.raises(refusals.OnesOwn):
        decide(sun, own)
    mine = f"where record_id = {own}"
    for attempt in (
        f"update reviews set state = 'decided', finding = 'accepted', decided_by = {sun.id} {mine}",
        f"update reviews set state = 'decided', finding = 'accepted', decided_by = {wang.id} {mine}",
        f"insert into opinions (record_id, customer_id, branch_id, staff_id, state, made_by, made_at) select id, customer_id, branch_id, staff_id,"
        f" 'passed', {sun.id}, now() from records where id = {own}",
    ):
        with pytest.raises(sa.exc.DBAPIError), access.transaction(sun, "test") as conn:
            conn.exec_driver_sql(attempt)
    decide(wang, own)
    appeal(sun, own)


def test_an_officer_can_only_ask_and_appeal(work, zhou, li, sun):
    check = away(zhou)
    for attempt in (
        "update reviews set finding = 'accepted'",
        "update reviews set causes = '{}'",
        "delete from reviews",
        "update reviews set state = 'appealed', appeal = 'x'",  # nothing is decided yet
    ):
        with pytest.raises(sa.exc.DBAPIError), access.transaction(zhou, "test") as conn:
            conn.exec_driver_sql(attempt)
    decide(sun, check)
    with pytest.raises(refusals.OnlyOnce):
        appeal(li, check)  # he sees his customer's review, and it is not about him
    appeal(zhou, check)


def test_what_was_accepted_needs_no_words_and_no_appeal(work, zhou, sun):
    check = away(zhou)
    with pytest.raises(refusals.Missing):
        decide(sun, check, said=" ")
    decide(sun, check, Finding.ACCEPTED, "")
    with pytest.raises(refusals.OnlyOnce):
        appeal(zhou, check)


def test_a_review_of_another_branch_is_none(work, zhou, ma):
    check = away(zhou)
    with pytest.raises(refusals.NotFound):
        do(ma, "review.decide", acts_on_reviews.decide, review(check).id, Finding.REFUSED, "不是这家店", now=NOW)


@pytest.mark.parametrize("race", ["decide", "appeal", "settle", "judge"])
def test_of_two_at_once_one_succeeds_and_one_is_told(work, zhou, wang, zhao, race):
    check = away(zhou)
    if race in ("appeal", "settle"):
        with access.transaction(MACHINE, "test") as conn:
            conn.exec_driver_sql(
                f"update reviews set state = 'decided', finding = 'refused', words = 'x', decided_by = {_sun(conn)}, decided_at = now()"
            )
    if race == "settle":
        appeal(zhou, check)
    tries = {
        "decide": [lambda: decide(wang, check), lambda: decide(zhao, check, Finding.REFUSED)],
        "appeal": [lambda: appeal(zhou, check, "门牌在左下角"), lambda: appeal(zhou, check, "门牌在右上角")],
        "settle": [lambda: settle(wang, check), lambda: settle(zhao, check, Finding.REFUSED)],
        "judge": [lambda: judge(wang, check), lambda: judge(zhao, check)],
    }[race]
    with ThreadPoolExecutor(2) as both:
        ended = [running.exception() for running in [both.submit(attempt) for attempt in tries]]
    assert sorted(type(e).__name__ for e in ended) == sorted(["NoneType", "OnlyOnce" if race == "appeal" else "Conflict"])


def _sun(conn) -> int:
    return conn.exec_driver_sql("select id from staff where staff_no = '801'").scalar_one()


# --- Head office's word on a check ------------------------------------------------------------------------------------


def judge(by: Person, record_id: int, said: Opinion = Opinion.PASSED, why: str | None = None) -> None:
    do(by, "record.judge", acts_on_reviews.judge, record_id, said, why, now=NOW)


def returned(by: Person) -> list[int]:
    with access.reading(by) as conn:
        return [r.record_id for r in opinions.returned_to(conn, by.id)]


def test_a_returned_check_comes_back_to_its_officer_until_he_checks_again(work, zhou, wang, zhao, sun):
    check = visit(zhou, "K001", jpeg(picture(YARD)))
    with pytest.raises(refusals.Missing):
        judge(wang, check, Opinion.RETURNED)
    with pytest.raises(refusals.NotPermitted):
        judge(sun, check)
    judge(wang, check, Opinion.RETURNED, "请补拍库存")
    assert returned(zhou) == [check] and returned(wang) == []
    with pytest.raises(refusals.Conflict):
        judge(zhao, check, Opinion.RETURNED, "请补拍库存")
    visit(zhou, "K001", jpeg(picture(BARN)), now=NOW + timedelta(hours=1))
    assert returned(zhou) == []
    judge(zhao, check)
    with pytest.raises(refusals.Conflict):
        judge(wang, check, Opinion.RETURNED, "请补拍库存")


def test_an_upgraded_bank_has_its_low_grades_laid_before_reviewers(administrator, templates, small_bank, zhou):
    """The migration asks for what was graded lately; what nobody doubted stays as it is."""
    (script,) = (store.MIGRATIONS / "versions").glob("*_reviews.sql")
    asks = next(part for part in script.read_text(encoding="utf-8").split("\n;\n") if "INSERT INTO reviews" in part)
    with access.transaction(MACHINE, "test") as conn:
        about = f"select gen_random_uuid(), 'x', c.id, 'spot', 'field', '{{}}', c.branch_id, {zhou.id}, d, now(), 'completed', 'normal', g"
        conn.exec_driver_sql(
            "insert into records (submit_key, digest, customer_id, kind, mode, loan_ids, branch_id, staff_id, done_on, finished_at, outcome,"
            f" conclusion, grade) {about} from customers c, (values ('A', current_date), ('D', current_date), ('C', date '2020-01-01')) x(g, d)"
            " where c.customer_no = 'K001'")  # fmt: skip
        conn.exec_driver_sql(asks)
        assert conn.exec_driver_sql("select r.grade from reviews v join records r on r.id = v.record_id").scalars().all() == ["D"]


# --- On the screen ----------------------------------------------------------------------------------------------------


def test_a_reviewer_reads_the_evidence_and_decides_and_the_officer_answers_from_his_day(work, zhou, monkeypatch):
    check = away(zhou)
    queue = Visit(monkeypatch, "head_risk").at("records?view=review")
    assert not queue.exception and queue.dataframe[0].value["grade"].tolist() == ["D"]
    page = Visit(monkeypatch, "head_risk").at(f"records?id={check}")
    assert not page.exception and no_english(page) == []
    for words in ("证据相悖", "在地里见面", "到场复核", "受访人", "/api/v1/photos/1?small"):
        assert words in shown(page), words
    page.segmented_control(key="finding").set_value(Finding.DOUBTFUL)
    page.text_area(key="review_words").set_value("看不到门牌")
    page.button(key="decide").click().run()
    assert not page.exception and (review(check).state, review(check).words) == ("decided", "看不到门牌")
    assert "看不到门牌" in shown(Visit(monkeypatch, "inspector").at("today"))
    answer = Visit(monkeypatch, "inspector").at(f"records?id={check}")
    answer.text_area(key="appeal_words").set_value("门牌在左下角")
    answer.button(key="appeal").click().run()
    assert not answer.exception and review(check).appeal == "门牌在左下角"
    english = Visit(monkeypatch, "head_loans", "en").at(f"records?id={check}")
    assert not english.exception and "Under appeal" in shown(english) and "到场" not in shown(english)


def test_a_check_that_is_not_ones_own_to_see_is_told_politely(work, zhou, monkeypatch):
    check = away(zhou)
    for address in (f"records?id={check}", "records?id=99", "records?id=x"):
        page = Visit(monkeypatch, "collections").at(address)
        assert not page.exception and "没有这条记录" in shown(page)


def test_a_form_of_which_nothing_is_known_shows_its_answers_by_their_codes(work, zhou, monkeypatch):
    check = away(zhou)
    with access.transaction(MACHINE, "test") as conn:
        conn.exec_driver_sql(
            f"update records set form_code = null, answers = '{{\"workers\": 5}}', place = null where id = {check}"
        )
    page = Visit(monkeypatch, "head_risk").at(f"records?id={check}")
    assert not page.exception and "workers" in shown(page)
