"""A check from the phone: its draft, its photos, its one submission; what is refused, what is kept and explained."""

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from db import access, store, tables
from db.access import MACHINE, Person
from db.vocab import Conclusion
from engine import acts, checks, refusals, todos, visits
from tests import field_work
from tests.bank import TODAY
from tests.field_work import all_normal, picture, records, todo

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)  # ten in the morning
ENOUGH = "雨季仓库进水，约三十吨玉米受潮，正在晾晒，已联系保险公司。"


@pytest.fixture
def work(small_bank):
    with access.transaction(MACHINE, "test") as conn:
        field_work.plant_work(conn)


def done(by: Person, do: Callable, *given, **named):
    with acts.act(by, "check.submit") as conn:
        return do(conn, by, *given, **named)


def opened(by: Person, kind: str = "regular", mode: str = "field") -> dict:
    return done(by, visits.open_todo, todo(kind, mode), now=NOW)


def sent(form: dict, **changes) -> dict:
    """Everything normal, at the door; a test states only what differs."""
    fix = {"lat": 44.100317, "lon": 125.200129, "accuracy_m": 12, "at": (NOW - timedelta(minutes=5)).isoformat()}
    return {"finished_at": NOW.isoformat(), "conclusion": "normal", "answers": all_normal(form["form"]), "fix": fix} | changes


def photo(by: Person, key: UUID, n: int = 1) -> str:
    """Sent whole, in one piece."""
    content, name = picture(n, (400, 300)), uuid4()
    assert done(by, visits.add_photo, key, visits.Piece(name, len(content), 0, content))["whole"]
    return str(name)


def submit(by: Person, form: dict, now: datetime = NOW, **changes) -> dict:
    return done(by, visits.submit, UUID(form["key"]), sent(form, **changes), now=now)


def visited(by: Person, form: dict, **changes) -> dict:
    return submit(by, form, photos=[photo(by, UUID(form["key"]))], **changes)


def count(table: sa.Table, *where) -> int:
    with access.reading(MACHINE) as conn:
        return conn.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()


def pending() -> set[tuple[str, str]]:
    t = tables.todos.c
    with access.reading(MACHINE) as conn:
        return {tuple(row) for row in conn.execute(sa.select(t.kind, t.mode).where(t.closed_on.is_(None)))}


# --- Drafts ----------------------------------------------------------------------------------------------------------


def test_whoever_opens_the_same_form_again_goes_on_with_the_same_draft_and_key(work, zhou):
    first = opened(zhou)
    done(zhou, visits.save, UUID(first["key"]), 5, {"answers": {"workers": 7}}, now=NOW)
    again = opened(zhou)
    assert (again["key"], again["counter"], again["content"]) == (first["key"], 5, {"answers": {"workers": 7}})


def test_an_older_state_never_covers_a_newer_one(work, zhou):
    key = UUID(opened(zhou)["key"])
    assert done(zhou, visits.save, key, 7, {"n": 7}, now=NOW) == {"saved": True, "counter": 7}
    for late in (3, 7):
        assert done(zhou, visits.save, key, late, {"n": "old"}, now=NOW) == {"saved": False, "counter": 7, "content": {"n": 7}}


def test_a_draft_is_its_authors_alone(work, zhou, li, sun, wang):
    key = UUID(opened(zhou)["key"])
    for other in (li, sun):
        with pytest.raises(refusals.NotFound):
            done(other, visits.save, key, 9, {}, now=NOW)
    with access.reading(sun) as conn:
        assert conn.execute(sa.select(tables.drafts)).all() == []
    with access.reading(wang) as conn, pytest.raises(sa.exc.ProgrammingError):
        conn.execute(sa.select(tables.drafts))


def test_somebody_elses_customer_cannot_be_opened(work, wu, zheng):
    for stranger in (wu, zheng):
        with pytest.raises(refusals.NotFound):
            opened(stranger)


def test_the_form_begins_with_what_the_last_check_said(work, zhou):
    form = opened(zhou)
    visited(zhou, form, answers=all_normal(form["form"]) | {"workers": 12})
    with access.reading(MACHINE) as conn:
        customer = conn.execute(sa.select(tables.customers.c.id).where(tables.customers.c.customer_no == "K001")).scalar_one()
    next_one = done(zhou, visits.open_customer, customer, now=NOW)
    assert next_one["begin"]["workers"] == 12 and next_one["last"]["conclusion"] == "normal"
    with pytest.raises(refusals.FormIncomplete):  # five instead of twelve is abnormal and wants words
        visited(zhou, next_one, answers=all_normal(next_one["form"]) | {"workers": 5})


def test_a_form_taken_along_for_what_others_have_done_is_forgotten_a_month_later_unless_something_stands_in_it(work, zhou, li):
    """Two officers take the same work along; one does it. His colleague's empty form goes, and not before no phone can hold it."""
    opened(li)
    call = done(li, visits.open_todo, todo("overdue", "phone"), now=NOW)  # whose todo is pending to the end
    visited(zhou, opened(zhou))
    assert forgotten(days=29) == 0
    assert forgotten(days=31) == 1 and count(tables.drafts) == 1
    assert done(li, visits.save, UUID(call["key"]), 1, {"note": "电话无人接听"}, now=NOW)["saved"]
    with access.transaction(MACHINE, "test") as conn:
        conn.execute(
            sa.update(tables.todos).values(state="cancelled", closed_on=NOW.date(), close_reason="by_hand", closed_by=li.id)
        )
    assert forgotten(days=400) == 0 and count(tables.drafts) == 1


def forgotten(days: int) -> int:
    """Of the forms that are so old."""
    with access.transaction(MACHINE, "test") as conn:
        conn.execute(sa.update(tables.drafts).values(opened_at=NOW - timedelta(days=days), saved_at=NOW - timedelta(days=days)))
        return visits.forget_untouched(conn, now=NOW)


# --- Submitting ------------------------------------------------------------------------------------------------------


def test_a_visit_closes_what_it_discharges_and_is_graded(work, zhou):
    form = opened(zhou)
    arrived = NOW - timedelta(minutes=5)
    done(zhou, visits.save, UUID(form["key"]), 1, {"fix": sent(form)["fix"]}, now=arrived)  # the position came with the first draft
    receipt = visited(zhou, form, leads=[{"name": "赵六", "phone": "13911112222", "wish": "想扩大收粮"}])
    (record,) = records()
    assert (receipt["record"], receipt["grade"], record.on_site, record.form_code) == (record.id, "A", True, "VISIT-FIRM")
    assert pending() == {("overdue", "phone")}  # the call of the same kind is done by the visit too
    assert (count(tables.photos), count(tables.leads), count(tables.drafts), count(tables.uploads)) == (1, 1, 0, 0)


def test_sent_twice_it_is_one_record_and_the_same_answer(work, zhou):
    form = opened(zhou)
    body = sent(form, photos=[photo(zhou, UUID(form["key"]))])
    answers = [done(zhou, visits.submit, UUID(form["key"]), body, now=NOW + timedelta(minutes=n)) for n in range(3)]
    assert answers[0] == answers[1] == answers[2] and count(tables.records) == 1


def test_other_content_under_the_same_key_is_refused(work, zhou):
    form = opened(zhou)
    visited(zhou, form)
    with pytest.raises(refusals.SameKeyOtherContent):
        submit(zhou, form, note="其实还有一句")
    assert refusals.SameKeyOtherContent.status == 409 and count(tables.records) == 1


def test_nobody_submits_anothers_form(work, zhou, li):
    form = opened(zhou)
    with pytest.raises(refusals.NotFound):
        submit(li, form)


def test_fifty_offsets_of_a_double_tap_leave_one_record_and_nothing_by_halves(work, zhou):
    """Two taps, the second so much later; every third time the first one's line breaks, a statement later each time."""
    with access.reading(MACHINE) as conn:
        customer = conn.execute(sa.select(tables.customers.c.id).where(tables.customers.c.customer_no == "K001")).scalar_one()
    for n in range(50):
        form = done(zhou, visits.open_customer, customer, now=NOW)
        body = sent(form, photos=[photo(zhou, UUID(form["key"]), n)])
        outcomes: list = []
        taps = [
            threading.Thread(target=_tap, args=(zhou, form, body, outcomes, n // 3 * 2 if n % 3 == 0 and first else None))
            for first in (True, False)
        ]
        taps[0].start()
        time.sleep(n * 0.002)
        taps[1].start()
        for tap in taps:
            tap.join()
        answers = [o for o in outcomes if isinstance(o, dict)]
        assert len(answers) >= 1 and all(a == answers[0] for a in answers), outcomes
        assert (count(tables.records), count(tables.photos), count(tables.drafts)) == (n + 1, n + 1, 0)


def _tap(by: Person, form: dict, body: dict, outcomes: list, cut: int | None) -> None:
    try:
        with _losing_the_line(by, cut) if cut is not None else acts.act(by, "check.submit") as conn:
            outcomes.append(visits.submit(conn, by, UUID(form["key"]), body, now=NOW))
    except (sa.exc.DBAPIError, refusals.Refusal) as no:
        outcomes.append(no)


@contextmanager
def _losing_the_line(by: Person, statements: int):
    """A transaction whose connection breaks after so many statements, or before its commit."""
    with store.engine().begin() as conn:
        access.act_as(conn, by, "check.submit")
        left = [statements]

        def one_less(*_: object) -> None:
            left[0] -= 1
            if left[0] < 0:
                conn.connection.dbapi_connection.close()

        sa.event.listen(conn, "before_cursor_execute", one_less)
        yield conn


def test_a_todo_given_to_somebody_else_meanwhile_does_not_lose_the_visit(work, zhou, sun, qian):
    form = opened(zhou)
    with acts.act(sun, "todo.assign") as conn:
        todos.assign(conn, sun, [t["id"] for t in form["todos"]], qian.id)
    receipt = visited(zhou, form)  # she does not even see the customer any more
    assert [r["what"] for r in receipt["remarks"]] == ["given_away"] * 2 and count(tables.records) == 1
    assert receipt["todos"] == [] and ("regular", "field") in pending()


def test_a_todo_that_ended_meanwhile_does_not_lose_the_visit(work, zhou, sun):
    form = opened(zhou)
    with acts.act(sun, "todo.cancel") as conn:
        todos.cancel(conn, sun, todo("regular", "field"), "贷款已结清", today=TODAY)
    receipt = visited(zhou, form)
    assert {"todo": todo("regular", "field"), "what": "ended", "why": "by_hand"} in receipt["remarks"] and count(
        tables.records
    ) == 1


def test_a_bad_conclusion_raises_its_signal_at_once(work, zhou, li):
    form = opened(zhou)
    answers = all_normal(form["form"]) | {"operating": False}
    visited(
        zhou, form, answers=answers, words={"operating": ENOUGH}, conclusion="risk", proposed_class="substandard", proposed_months=1
    )
    with access.reading(li) as conn:
        (signal,) = conn.execute(sa.select(tables.signals)).all()
    assert (signal.rule_code, signal.level, signal.owner_id, signal.evidence) == (
        "G09",
        "orange",
        li.id,
        {"last_conclusion": "risk"},
    )
    assert (records()[0].proposed_class, records()[0].proposed_months) == ("substandard", 1)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"answers": {}}, refusals.FormIncomplete), ({"conclusion": "splendid"}, refusals.Unreadable), ({"finished_at": "yesterday"}, refusals.Unreadable),
        ({"fix": {"lat": 91, "lon": 0, "at": NOW.isoformat()}}, refusals.Unreadable), ({"fix": {"lat": float("nan"), "lon": 125, "at": NOW.isoformat()}}, refusals.Unreadable),
        ({"photos": []}, refusals.MorePhotos), ({"photos": [str(uuid4())]}, refusals.PhotosMissing), ({"staff_id": 1}, refusals.Unreadable),
        ({"outcome": "unreached"}, refusals.NothingSeen), ({"leads": [{"name": "x" * 99, "wish": "y"}]}, refusals.Unreadable),
    ],
)  # fmt: skip
def test_what_cannot_be_recorded_is_refused_and_the_draft_stays(work, zhou, changes, refusal):
    form = opened(zhou)
    with pytest.raises(refusal):
        visited(zhou, form, **changes) if "photos" not in changes else submit(zhou, form, **changes)
    assert (count(tables.records), count(tables.drafts)) == (0, 1)


def test_zhou_min_may_meet_wang_elsewhere_but_says_why(work, zhou):
    form = opened(zhou)
    elsewhere = sent(form)["fix"] | {"lat": 44.13}
    for silent in ("", "   "):
        with pytest.raises(refusals.WhyAway) as no:
            visited(zhou, form, fix=elsewhere, away_because=silent)
    assert "3,336" in str(no.value) and count(tables.records) == 0
    visited(zhou, form, fix=elsewhere, away_because="在粮库见面")
    assert (records()[0].on_site, records()[0].away_because) == (False, "在粮库见面")


def test_a_locked_gate_is_recorded_and_leaves_the_todo_open(work, zhou):
    receipt = submit(zhou, opened(zhou), outcome="unreached", conclusion="unable", answers={}, photos=[])
    assert receipt["todos"] == [] and ("regular", "field") in pending() and records()[0].outcome == "unreached"


def test_a_visit_made_without_a_network_counts_by_the_phones_time_and_is_marked(work, zhou):
    visited(zhou, opened(zhou), now=NOW + timedelta(hours=30))
    assert (records()[0].done_on, records()[0].offline) == (TODAY, True)


def test_a_clock_that_cannot_be_right_is_not_believed(work, zhou):
    visited(zhou, opened(zhou), finished_at=(NOW + timedelta(days=400)).isoformat())
    assert (records()[0].finished_at, records()[0].offline) == (NOW, False)


# --- Calls -----------------------------------------------------------------------------------------------------------


def called(by: Person, form: dict, result: str, at: datetime = NOW, identity: tuple = (0, 1), **changes) -> dict:
    calls = [{"at": at.isoformat(), "result": result, "identity": list(identity) if result == "self" else []}]
    rest = {} if result in ("self", "spouse") else {"answers": {}, "conclusion": "unable"}
    return submit(by, form, calls=calls, fix=None, **({"now": at} | rest | changes))


@pytest.mark.parametrize(("result", "outcome", "closes"), [("self", "completed", True), ("spouse", "partial", False), ("no_answer", "unreached", False),
                                                           ("dead", "wrong_contact", False), ("refused", "refused", False)])  # fmt: skip
def test_only_a_call_the_borrower_answers_himself_completes(work, zhou, result, outcome, closes):
    receipt = called(zhou, opened(zhou, "regular", "phone"), result)
    assert receipt["outcome"] == outcome and (("regular", "phone") not in pending()) == closes


def test_who_speaks_must_be_verified(work, zhou):
    with pytest.raises(refusals.WhoIsIt):
        called(zhou, opened(zhou, "regular", "phone"), "self", identity=(0,))
    with pytest.raises(refusals.NoCall):
        submit(zhou, opened(zhou, "regular", "phone"), calls=[])


def test_a_todo_that_wants_a_visit_is_not_discharged_by_a_call(work, zhou):
    with pytest.raises(refusals.TooLight):
        done(zhou, visits.open_todo, todo("regular", "field"), "phone", now=NOW)


def test_debtors_are_not_called_at_night(work, zhou):
    form = opened(zhou, "overdue", "phone")
    night = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)  # 22:30
    with pytest.raises(refusals.QuietHours):
        done(zhou, visits.number, UUID(form["key"]), now=night)
    with pytest.raises(refusals.QuietHours):
        called(zhou, form, "refused", at=night)
    assert done(zhou, visits.number, UUID(form["key"]), now=NOW) == "13900000001"
    assert opened(zhou, "overdue", "phone")["calls"] | {"today": 0} == form["calls"]


def test_a_debtor_is_spoken_to_three_times_a_day_at_most(work, zhou):
    for _ in range(3):
        called(zhou, opened(zhou, "overdue", "phone"), "refused")
    form = opened(zhou, "overdue", "phone")
    assert form["calls"]["today"] == 3
    with pytest.raises(refusals.EnoughCalls):
        done(zhou, visits.number, UUID(form["key"]), now=NOW)
    with pytest.raises(refusals.EnoughCalls):
        called(zhou, form, "refused")
    assert called(zhou, form, "no_answer")["outcome"] == "unreached"  # nobody was spoken to


# --- Photos ----------------------------------------------------------------------------------------------------------


def test_a_photo_arrives_in_pieces_and_goes_on_where_it_stopped(work, zhou):
    key, content, name = UUID(opened(zhou)["key"]), picture(1), uuid4()
    received, lost = 0, 0
    while received < len(content):
        piece = visits.Piece(name, len(content), received, content[received : received + 100_000])
        answer = done(zhou, visits.add_photo, key, piece)
        if lost < 3:  # the answer got lost: the same piece again
            lost += 1
            assert done(zhou, visits.add_photo, key, piece)["received"] == answer["received"]
        received = answer["received"]
    assert answer["whole"]


def test_what_is_no_photo_is_refused(work, zhou):
    key = UUID(opened(zhou)["key"])
    for content in (b"<svg onload=alert(1)>", b"\x89PNG broken", picture(1, (300, 200))[:-900]):
        with pytest.raises(refusals.Refusal):
            done(zhou, visits.add_photo, key, visits.Piece(uuid4(), len(content), 0, content))
    with pytest.raises(refusals.PhotoTooLarge):
        done(zhou, visits.add_photo, key, visits.Piece(uuid4(), 10**9, 0, b"x"))


def test_a_check_under_a_key_of_its_own_still_stands(work, zhou):
    """Feeds of former systems and the desk submit without a form."""
    with access.reading(MACHINE) as conn:
        customer = conn.execute(sa.select(tables.customers.c.id).where(tables.customers.c.customer_no == "K001")).scalar_one()
    said = checks.Submission(uuid4(), customer, checks.Kind.SPOT, checks.Mode.FIELD, checks.Outcome.COMPLETED, Conclusion.RISK, NOW)
    first = done(zhou, lambda conn, by: checks.submit(conn, by, said))
    assert done(zhou, lambda conn, by: checks.submit(conn, by, said)) == first and count(tables.signals) == 1
