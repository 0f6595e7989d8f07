"""Heads act on many todos at once: forty go to colleagues and come back; days are moved, checks cancelled and asked again."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from db import access, batches, requests, staff, todos
from db.access import MACHINE, Person
from db.todos import Filter
from db.vocab import BatchAct, BatchState, Kind, Request
from engine import acts, approvals, explain, night, refusals
from engine import batches as bulk
from engine import todos as one_by_one
from engine.batches import Wish
from tests import village_bank
from tests.bank import TODAY
from tests.conftest import ask, cloned, create, person, using, write

TODAYS = TODAY + timedelta(days=1)  # on the wall; the night of TODAY has been
NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
PENDING = Filter(TODAYS, pending=True)
WHY = "统一调整安排"
HELD = """select id, assignee_id, pinned, state, due_on, late_from, ruled_on, reissued_on, closed_on, closed_by, close_reason, close_note,
    record_id, started_at from todos"""


@pytest.fixture(scope="module")
def template(administrator, templates, tmp_path_factory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIGIL_TODAY", str(TODAYS))
        name = templates["empty"].replace("empty", "batches")
        create(administrator, name, like=templates["empty"])
        with using(administrator, name):
            village_bank.plant(tmp_path_factory.mktemp("inbox"), customers=130)
        yield name
    with administrator.connect() as conn:
        conn.exec_driver_sql(f'drop database "{name}" with (force)')


@pytest.fixture
def bank(administrator, template, monkeypatch) -> Iterator[str]:
    monkeypatch.setenv("VIGIL_TODAY", str(TODAYS))
    yield from cloned(administrator, template)


def ids(*numbers: str) -> tuple[int, ...]:
    with access.reading(MACHINE) as conn:
        return tuple(staff.bearer(conn, number).id for number in numbers)


def book() -> dict[int, tuple]:
    with access.reading(MACHINE) as conn:
        return {row[0]: tuple(row[1:]) for row in conn.execute(sa.text(HELD))}


def look(by: Person, wish: Wish, which: Filter = PENDING) -> bulk.Preview:
    with access.reading(by) as conn:
        return bulk.look(conn, by, wish, which, today=TODAYS)


def do(by: Person, wish: Wish, which: Filter = PENDING, seen: str | None = None, key=None) -> bulk.Outcome:
    seen = seen or look(by, wish, which).version
    with acts.act(by, bulk.PERMIT[wish.act]) as conn:
        return bulk.do(conn, by, wish, which, seen, key or uuid4(), now=NOW, today=TODAYS)


def undo(by: Person, batch_id: int) -> bulk.Outcome:
    with acts.act(by, "todo.assign") as conn:
        return bulk.undo(conn, by, batch_id, now=NOW)


def forty() -> Filter:
    with access.reading(person("801")) as conn:
        return Filter(TODAYS, pending=True, ids=tuple(row.id for row in todos.listing(conn, PENDING, limit=40).rows))


def the_next_night() -> None:
    write("update feed_runs set business_date = :d", d=TODAYS)
    night.night(TODAYS)


# --- Given away and taken back ----------------------------------------------------------------------------------------


def test_sun_li_shares_forty_todos_out_and_takes_them_back(bank):
    sun, which, before = person("801"), forty(), book()
    wish = Wish(BatchAct.ASSIGN, ids("807", "808"))
    done = do(sun, wish, which)
    after = book()
    given = {one for one in which.ids if after[one] != before[one]}
    assert done.n == len(given) == 40 and {one for one in after if after[one] != before[one]} == given
    shares = [sum(after[one][0] == who for one in given) for who in wish.to]
    assert sum(shares) == 40 and max(shares) - min(shares) <= 6
    by_customer = ask(
        "select max(n) from (select count(distinct assignee_id) n from todos where id = any(:i) group by customer_id) x",
        i=list(given),
    )
    assert by_customer == 1  # a customer's go to one person
    back = undo(sun, done.id)
    assert (back.n, back.kept) == (40, 0) and book() == before
    with pytest.raises(refusals.AlreadyDone):
        undo(sun, done.id)


def test_the_preview_says_of_whom_how_many_and_the_book_agrees(bank):
    sun, wish = person("801"), Wish(BatchAct.ASSIGN, ids("807"))
    seen = look(sun, wish)
    done = do(sun, wish)
    assert done.n == seen.n == sum(seen.from_whom.values()) > 40
    assert (
        ask("select count(*) from todos where assignee_id = :g and closed_on is null", g=wish.to[0])
        == seen.open.get(wish.to[0], 0) + seen.n
    )
    assert look(sun, wish).refused == {"same": seen.n + seen.refused.get("same", 0)}


def test_what_somebody_changed_meanwhile_stays_and_is_named(bank):
    sun, which = person("801"), forty()
    done = do(sun, Wish(BatchAct.ASSIGN, ids("807")), which)
    first, second, third = which.ids[:3]
    with acts.act(sun, "todo.assign") as conn:
        one_by_one.assign(conn, sun, [first], ids("808")[0])
    write("update todos set state = 'started', started_at = now() where id = :i", i=second)
    write("update todos set state = 'cancelled', close_reason = 'settled', closed_on = :d where id = :i", i=third, d=TODAYS)
    with access.reading(sun) as conn:
        assert len(batches.elsewhere(conn, done.id, BatchAct.ASSIGN)) == 3
    left = book()
    back = undo(sun, done.id)
    assert (back.n, back.kept) == (37, 3)
    assert all(book()[one] == left[one] for one in (first, second, third))


def test_pressed_twice_it_is_done_once(bank):
    sun, which, key = person("801"), forty(), uuid4()
    wish = Wish(BatchAct.ASSIGN, ids("807"))
    seen = look(sun, wish, which).version
    first, second = do(sun, wish, which, seen, key), do(sun, wish, which, seen, key)
    assert first.id == second.id and second.n == 40 and ask("select count(*) from batches") == 1


def test_of_two_heads_at_once_one_is_told_to_look_again(bank):
    which, results = forty(), []
    heads = [(person("801"), Wish(BatchAct.ASSIGN, ids("807"))), (person("001"), Wish(BatchAct.ASSIGN, ids("808")))]
    seen = [look(by, wish, which).version for by, wish in heads]
    together = threading.Barrier(2)

    def press(n: int) -> None:
        together.wait()
        try:
            results.append(do(*heads[n], which, seen[n]).n)
        except refusals.ChosenHaveChanged:
            results.append("stale")

    presses = [threading.Thread(target=press, args=(n,)) for n in range(2)]
    for one in presses:
        one.start()
    for one in presses:
        one.join()
    assert sorted(map(str, results)) == ["40", "stale"]
    assert ask("select count(distinct assignee_id) from todos where id = any(:i)", i=list(which.ids)) == 1


def test_a_branch_head_gives_to_his_own_people_only_and_reaches_no_other_branch(bank):
    sun, ma = person("801"), person("101")
    with pytest.raises(refusals.OtherBranches):
        do(sun, Wish(BatchAct.ASSIGN, ids("102")))
    assert look(ma, Wish(BatchAct.ASSIGN, ids("102")), forty()).n == 0
    with pytest.raises(refusals.NothingToDo):
        do(ma, Wish(BatchAct.ASSIGN, ids("102")), forty())
    with pytest.raises(refusals.NotPermitted):
        do(person("802"), Wish(BatchAct.ASSIGN, ids("802")), seen="x")


# --- Days -------------------------------------------------------------------------------------------------------------


def moved_by_hand(days: int) -> tuple[Person, bulk.Outcome, int]:
    """孙丽 moves one todo that may be moved by so many days."""
    sun = person("801")
    one, due = ask_row(
        "select id, due_on from todos where closed_on is null and due_on > :d and rule_code is not null order by late_from - due_on desc, id limit 1",
        d=TODAYS,
    )
    return sun, do(sun, Wish(BatchAct.DUE, due_on=due + timedelta(days=days)), Filter(TODAYS, ids=(one,))), one


def ask_row(query: str, **values):
    with access.reading(MACHINE) as conn:
        return conn.execute(sa.text(query), values).one()


def test_a_day_moved_within_the_grace_stays_moved_and_is_late_no_later(bank):
    before = book()
    _sun, done, one = moved_by_hand(1)
    _who, _pin, _state, was_due, was_late, *_ = before[one]
    assert book()[one][3:6] == (was_due + timedelta(days=1), was_late, was_due) and done.n == 1
    the_next_night()
    assert book()[one][3:6] == (was_due + timedelta(days=1), was_late, was_due)


def test_taken_back_a_moved_day_is_the_rules_again(bank):
    before = book()
    sun, done, one = moved_by_hand(1)
    assert undo(sun, done.id).n == 1 and book()[one] == before[one]


def test_beyond_the_grace_of_its_rule_a_day_cannot_be_moved_and_the_preview_says_so(bank):
    sun, wish = person("801"), Wish(BatchAct.DUE, due_on=TODAYS + timedelta(days=90))
    seen = look(sun, wish)
    assert seen.n == 0 and seen.refused["beyond"] > 40
    with access.reading(sun) as conn:
        assert all(row.last_on < wish.due_on for row in bulk.refused(conn, sun, wish, PENDING, today=TODAYS))
    with pytest.raises(refusals.NothingToDo):
        do(sun, wish)
    with pytest.raises(refusals.NotBackInTime):
        do(sun, Wish(BatchAct.DUE, due_on=TODAYS - timedelta(days=1)), seen="x")


def deferral(by: Person) -> tuple[bulk.Outcome, int]:
    done = do(by, Wish(BatchAct.DEFER, due_on=TODAYS + timedelta(days=90), reason=WHY), forty())
    return done, ask("select id from requests where kind = 'deferral' and state = 'submitted'")


def test_a_deferral_waits_for_a_second_person_and_then_holds_through_the_night(bank):
    sun, wang, before = person("801"), person("001"), book()
    done, request = deferral(sun)
    assert done.waits and book() == before
    assert look(sun, Wish(BatchAct.DEFER, due_on=TODAYS + timedelta(days=99)), forty()).refused == {"waiting": 40}
    with pytest.raises(refusals.FourEyes), acts.act(sun, "request.decide") as conn:
        approvals.approve(conn, sun, request, now=NOW)
    closed = forty().ids[0]
    write("update todos set state = 'cancelled', close_reason = 'settled', closed_on = :d where id = :i", i=closed, d=TODAYS)
    with acts.act(wang, "request.decide") as conn:
        approvals.approve(conn, wang, request, now=NOW)
    deferred = [one for one, row in book().items() if row[3] == TODAYS + timedelta(days=90)]
    assert len(deferred) == 39 and closed not in deferred
    the_next_night()
    assert sum(book()[one][3] == TODAYS + timedelta(days=90) and book()[one][2] == "open" for one in deferred) == 39
    assert undo(wang, done.id).kept == 0


def test_refused_or_taken_back_a_deferral_changes_nothing_and_may_be_asked_again(bank):
    sun, wang, before = person("801"), person("001"), book()
    done, request = deferral(sun)
    with acts.act(wang, "request.decide") as conn:
        approvals.refuse(conn, wang, request, "期限过长", now=NOW)
    again, request = deferral(sun)
    with acts.act(sun, "request.withdraw") as conn:
        approvals.withdraw(conn, sun, request, now=NOW)
    assert book() == before
    with access.reading(sun) as conn:
        assert [batches.get(conn, x.id).state for x in (done, again)] == [BatchState.REFUSED] * 2


def test_exempted_by_head_office_alone_and_the_night_asks_no_more(bank):
    sun, wang = person("801"), person("001")
    soon = Filter(TODAYS, pending=True, kind="regular", due_from=TODAYS + timedelta(days=2))
    n = look(sun, Wish(BatchAct.EXEMPT, until_on=TODAYS + timedelta(days=200)), soon).n
    do(sun, Wish(BatchAct.EXEMPT, until_on=TODAYS + timedelta(days=200), reason=WHY), soon)
    request = ask("select id from requests where kind = 'exemption'")
    the_next_night()
    assert ask("select count(*) from todos where close_reason = 'exempted'") == 0 < n
    ma = person("101")
    with pytest.raises(refusals.Refusal), acts.act(ma, "request.decide") as conn:
        approvals.approve(conn, ma, request, now=NOW)
    with acts.act(wang, "request.decide") as conn:
        approvals.approve(conn, wang, request, now=NOW)
    write("update job_runs set business_date = business_date - 1 where business_date = :d", d=TODAY)
    write("update feed_runs set business_date = :d", d=TODAYS + timedelta(days=1))
    night.night(TODAYS + timedelta(days=1))
    assert ask("select count(*) from todos where close_reason = 'exempted'") == n


@pytest.mark.parametrize("began", [3, 0])
def test_one_loan_is_exempted_with_its_reason_explained_by_it_and_checked_again_when_that_is_ended(bank, began):
    sun, wang, zhao = person("801"), person("001"), person("002")
    customer, loan = ask_row("""select l.customer_id, l.loan_no from todos t join loans l on l.id = t.loan_ids[1] where t.kind = 'regular'
        and t.closed_on is null and t.due_on > :d and cardinality(t.loan_ids) = 1 order by t.id limit 1""", d=TODAYS + timedelta(days=3))  # fmt: skip

    def exempt():
        with acts.act(sun, "exemption.ask") as conn:
            return bulk.exempt_loan(conn, sun, loan, [Kind.REGULAR], TODAYS + timedelta(days=90), WHY, now=NOW, today=TODAYS)

    request = exempt()
    with pytest.raises(refusals.AlreadyWaiting):
        exempt()
    with acts.act(wang, "request.decide") as conn:
        approvals.approve(conn, wang, request, now=NOW)
    with access.reading(sun) as conn:
        said = {v.verdict: v.words for v in explain.explain(conn, loan, TODAYS).verdicts}
        (held,) = [
            row
            for row in batches.exemptions_of(conn, customer, ask("select id from loans where loan_no = :n", n=loan))
            if row.approver
        ]
    assert (held.asker, held.approver) == ("孙丽", "王芳")
    the_next_night()
    assert ask("select count(*) from todos where close_reason = 'exempted' and customer_id = :c", c=customer) == 1
    write("update exemptions set from_on = :d", d=TODAYS - timedelta(days=began))
    with acts.act(zhao, "exemption.approve") as conn:
        bulk.end_exemption(conn, zhao, customer, held.id, now=NOW, today=TODAYS)
    with access.reading(sun) as conn:
        assert "exempt" not in {v.verdict for v in explain.explain(conn, loan, TODAYS).verdicts}
    with pytest.raises(refusals.Conflict), acts.act(zhao, "exemption.approve") as conn:
        bulk.end_exemption(conn, zhao, customer, held.id, now=NOW, today=TODAYS)
    assert said


# --- Ended, and asked again -------------------------------------------------------------------------------------------


def test_cancelled_together_with_a_reason_and_back_again_before_and_after_a_night(bank):
    sun, before, which = person("801"), book(), forty()
    done = do(sun, Wish(BatchAct.CANCEL, reason=WHY), which)
    assert {book()[one][2] for one in which.ids} == {"cancelled"} and {book()[one][10] for one in which.ids} == {WHY}
    the_next_night()
    assert {book()[one][2] for one in which.ids} == {"cancelled"}
    back = undo(sun, done.id)
    assert (back.n, back.kept) == (40, 0)
    assert all(book()[one] == before[one] for one in which.ids)
    with pytest.raises(refusals.Missing):
        do(sun, Wish(BatchAct.CANCEL, reason=""), which)


def test_asked_again_a_cancelled_check_is_open_and_no_night_takes_it_away(bank):
    sun, which = person("801"), forty()
    do(sun, Wish(BatchAct.CANCEL, reason=WHY), which)
    closed = Filter(TODAYS, ids=which.ids)
    wish = Wish(BatchAct.REISSUE, due_on=TODAYS + timedelta(days=12), reason=WHY)
    assert do(sun, wish, closed).n == 40
    assert {book()[one][2:4] for one in which.ids} == {("open", TODAYS + timedelta(days=12))}
    the_next_night()
    assert {book()[one][2:4] for one in which.ids} == {("open", TODAYS + timedelta(days=12))}


def test_done_and_not_returned_is_not_asked_again_but_what_was_returned_is(bank):
    wang, (one, two) = person("001"), forty().ids[:2]
    for todo, record in ((one, 801), (two, 802)):
        write("""insert into records (id, customer_id, kind, mode, loan_ids, branch_id, staff_id, done_on, finished_at, outcome, conclusion, submit_key, digest)
                 select :r, customer_id, kind, mode, loan_ids, branch_id, assignee_id, :d, now(), 'completed', 'normal', gen_random_uuid(), '' from todos where id = :t""",
              r=record, t=todo, d=TODAYS)  # fmt: skip
        write("update todos set state = 'done', closed_on = :d, record_id = :r where id = :t", d=TODAYS, r=record, t=todo)
    write("""insert into opinions (record_id, customer_id, branch_id, staff_id, state, words, made_by, made_at)
             select id, customer_id, branch_id, staff_id, 'returned', '补拍', :by, now() from records where id = 801""", by=wang.id)  # fmt: skip
    wish, which = Wish(BatchAct.REISSUE, due_on=TODAYS + timedelta(days=5), reason=WHY), Filter(TODAYS, ids=(one, two))
    assert look(wang, wish, which).refused == {"done": 1}
    done = do(wang, wish, which)
    assert book()[one][2] == "open" and book()[two][2] == "done"
    undo(wang, done.id)
    assert book()[one][2] == "done"


def test_reminded_officers_get_a_message_and_nothing_else_changes(bank):
    write(
        "insert into accounts (staff_id, username, password_hash, password_set_at) values (:li, 'li', 'x', now())", li=ids("802")[0]
    )
    sun, before = person("801"), book()
    done = do(sun, Wish(BatchAct.REMIND))
    assert book() == before and done.n > 40
    assert ask("select count(*) from notices where why = 'assigned' and staff_id = :li", li=ids("802")[0]) == 1
    with pytest.raises(refusals.CannotBeUndone):
        undo(sun, done.id)


def test_the_trail_says_what_was_done_to_each(bank):
    sun, which = person("801"), forty()
    do(sun, Wish(BatchAct.CANCEL, reason=WHY), which)
    assert (
        ask(
            "select count(*) from audit where noun = 'todos' and op = 'update' and verb = 'todo.cancel' and staff_id = :s", s=sun.id
        )
        == 40
    )
    with access.reading(sun) as conn:
        assert not requests.waiting(conn, Request.DEFERRAL)
