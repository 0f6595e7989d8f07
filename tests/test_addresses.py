"""Marking where customers are: who may, what needs a second person, what is doubted, and who goes there."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from db import access, addresses, customers, requests, tables
from db.access import MACHINE
from db.vocab import Definition, Marking, Place, Request
from engine import acts, approvals, refusals, suspects
from engine import addresses as verbs
from engine import customers as customer_verbs
from engine.addresses import Wish, read_coordinates
from engine.presence.geometry import METRES_PER_DEGREE, Point, metres
from tests.bank import TODAY
from tests.conftest import person

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
SHOP = Point(44.1, 125.2)
WHY = "the shop has moved"


def north(point: Point, by_metres: float) -> Point:
    return Point(point.lat + by_metres / METRES_PER_DEGREE, point.lon)


def number(customer_no: str) -> int:
    with access.reading(MACHINE) as conn:
        return customers.by_number(conn, customer_no).id


def mark(by, customer_no="K001", at=SHOP, kind=Place.BUSINESS, **more) -> int | None:
    wish = Wish(number(customer_no), kind, "合隆镇东升村12号", at.lat, at.lon, "wgs84", Marking.TAP)
    with acts.act(by, "address.mark") as conn:
        return verbs.mark(conn, by, replace(wish, **more), now=NOW, today=TODAY)


def correct(by, at: Point, why: str | None = WHY, **more) -> int | None:
    return mark(by, at=at, address_id=present().id, why=why, **more)


def present(customer_no="K001", kind=Place.BUSINESS):
    with access.reading(MACHINE) as conn:
        return addresses.of_kind(conn, number(customer_no), kind)


def approve(by, request_id: int) -> None:
    with acts.act(by, "request.decide") as conn:
        approvals.approve(conn, by, request_id, now=NOW)


def state_of(request_id: int) -> str:
    with access.reading(MACHINE) as conn:
        return requests.get(conn, request_id).state


class TestMarking:
    def test_the_manager_marks_and_the_point_is_kept_in_wgs84_with_its_datum(self, li):
        given = verbs.from_wgs84(*SHOP, "gcj02")
        assert mark(li, at=Point(*given), datum="gcj02") is None
        kept = present()
        assert metres(kept, SHOP) < 0.5 and (kept.datum, kept.way, kept.marked_by) == ("gcj02", "tap", li.id)

    def test_the_named_inspector_marks_too_and_nobody_elses(self, li, zhou, wu):
        with acts.act(li, "inspector.name") as conn:
            customer_verbs.name_inspector(conn, li, [number("K001")], zhou.id, today=TODAY)
        assert mark(zhou) is None
        with pytest.raises(refusals.NotFound):
            mark(wu)

    def test_every_mark_is_kept_with_who_and_why(self, li):
        mark(li)
        correct(li, north(SHOP, 100))
        with access.reading(li) as conn:
            now, before = addresses.history(conn, number("K001"))
        assert (now.marker, now.why, round(now.moved_m)) == ("李强", WHY, 100)
        assert before.replaced_at == NOW and metres(before, SHOP) < 0.1

    def test_a_correction_needs_a_reason(self, li):
        mark(li)
        with pytest.raises(refusals.Missing):
            correct(li, north(SHOP, 100), why=" ")

    def test_a_vague_position_marks_nothing(self, li):
        with pytest.raises(refusals.TooVague, match="150"):
            mark(li, way=Marking.HERE, accuracy_m=150)
        assert mark(li, way=Marking.HERE, accuracy_m=20) is None

    def test_a_point_abroad_is_refused(self, li):
        with pytest.raises(refusals.BadPoint):
            mark(li, at=Point(0.0, 0.0))

    def test_a_home_that_somebody_marked_meanwhile_is_a_conflict(self, li):
        mark(li)
        with pytest.raises(refusals.Conflict):
            mark(li)

    def test_two_who_correct_at_once_are_told_apart(self, li):
        mark(li)
        seen = present().id
        wish = {"kind": Place.BUSINESS, "address_id": seen, "why": WHY}
        assert sorted(_at_once(lambda n: mark(li, at=north(SHOP, 10 * n), **wish), 1, 2)) == ["Conflict", "done"]

    def test_two_who_mark_first_at_once_make_one_mark(self, li):
        assert sorted(_at_once(lambda n: mark(li, at=north(SHOP, n)), 1, 2)) == ["Conflict", "done"]

    def test_land_may_lie_in_several_places(self, li):
        assert mark(li, kind=Place.LAND) is None and mark(li, at=north(SHOP, 900), kind=Place.LAND) is None


def _at_once(do, *arguments) -> list[str]:
    def told(argument) -> str:
        try:
            do(argument)
        except refusals.Refusal as no:
            return type(no).__name__
        return "done"

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(told, arguments))


class TestAMoveNeedsASecondPerson:
    @pytest.mark.parametrize(("far", "waits"), [(499, False), (501, True)])
    def test_beyond_500_metres(self, li, far, waits):
        mark(li)
        asked = correct(li, north(SHOP, far))
        assert (asked is not None) == waits
        assert (metres(present(), SHOP) < 1) == waits

    def test_small_steps_add_up(self, li):
        mark(li)
        assert correct(li, north(SHOP, 300)) is None
        assert correct(li, north(SHOP, 510)) is not None

    def test_a_new_place_that_visits_would_go_to_instead_is_a_move(self, li):
        """Else a fence could be put anywhere by marking a second place."""
        mark(li, kind=Place.HOME)
        assert mark(li, at=north(SHOP, 3000), why=WHY) is not None
        assert mark(li, at=north(SHOP, 3000), kind=Place.COLLATERAL) is None

    def test_the_head_of_the_branch_approves_and_it_is_the_managers_mark(self, li, sun):
        mark(li)
        asked = correct(li, north(SHOP, 800))
        approve(sun, asked)
        kept = present()
        assert metres(kept, SHOP) == pytest.approx(800, abs=1)
        assert (kept.marked_by, kept.approved_by, kept.moved_m, kept.why) == (li.id, sun.id, 0, WHY)

    def test_a_new_place_is_written_when_it_is_approved(self, li, sun):
        mark(li, kind=Place.HOME)
        approve(sun, mark(li, at=north(SHOP, 3000), why=WHY))
        assert present().approved_by == sun.id and present(kind=Place.HOME) is not None

    def test_nobody_approves_his_own(self, li, sun, wang):
        mark(li)
        asked = correct(sun, north(SHOP, 800))
        with pytest.raises(refusals.FourEyes):
            approve(sun, asked)
        approve(wang, asked)
        assert present().approved_by == wang.id

    def test_a_manager_approves_nothing_and_another_branch_sees_nothing(self, li, qian, ma):
        mark(li)
        asked = correct(li, north(SHOP, 800))
        with pytest.raises(refusals.NotPermitted):
            approve(qian, asked)
        with pytest.raises(refusals.NotFound):
            approve(ma, asked)

    def test_twice_at_once_is_applied_once(self, li, sun, wang):
        mark(li)
        asked = correct(li, north(SHOP, 800))
        assert sorted(_at_once(lambda by: approve(by, asked), sun, wang)) == ["AlreadyDone", "done"]
        with access.reading(MACHINE) as conn:
            assert len(addresses.history(conn, number("K001"))) == 2

    def test_what_has_changed_meanwhile_is_not_applied(self, li, sun):
        mark(li)
        asked = correct(li, north(SHOP, 800))
        with access.transaction(MACHINE, "import") as conn:
            verbs.import_marks(conn, [verbs.Mark(number("K001"), "business", "x", 44.2, 125.2)], None, NOW)
        with pytest.raises(refusals.Stale):
            approve(sun, asked)
        assert state_of(asked) == "submitted" and present().lat == 44.2

    def test_while_one_waits_nothing_else_moves_it(self, li):
        mark(li)
        correct(li, north(SHOP, 800))
        for far in (50, 900):
            with pytest.raises(refusals.AlreadyWaiting):
                correct(li, north(SHOP, far))

    def test_a_refusal_has_a_reason_and_leaves_the_mark(self, li, sun):
        mark(li)
        asked = correct(li, north(SHOP, 800))
        with acts.act(sun, "request.decide") as conn:
            approvals.refuse(conn, sun, asked, "I have been there", now=NOW)
        assert state_of(asked) == "refused" and metres(present(), SHOP) < 1
        with pytest.raises(refusals.AlreadyDone):
            approve(sun, asked)

    def test_who_asked_takes_it_back(self, li, sun):
        mark(li)
        asked = correct(li, north(SHOP, 800))
        for by, outcome in ((sun, "NotFound"), (li, "done"), (li, "NotFound")):
            assert _at_once(lambda by: _withdraw(by, asked), by) == [outcome]
        assert state_of(asked) == "withdrawn" and correct(li, north(SHOP, 10)) is None

    def test_the_database_lets_nobody_write_another_mans_mark(self, li, sun):
        mark(li)
        correct(li, north(SHOP, 800))
        with pytest.raises(sa.exc.ProgrammingError, match="row-level"), access.transaction(sun, "test") as conn:
            conn.execute(sa.insert(tables.addresses).values(
                customer_id=number("K001"), kind="land", place="x", lat=44, lon=125, marked_by=li.id, approved_by=sun.id))  # fmt: skip

    def test_it_waits_for_whoever_may_decide_it(self, li, sun):
        mark(li)
        correct(li, north(SHOP, 800))
        with access.reading(sun) as conn:
            assert len(approvals.decidable(conn, sun, approvals.waiting(conn, sun))) == 1
        with access.reading(li) as conn:
            assert approvals.decidable(conn, li, approvals.waiting(conn, li)) == []


def _withdraw(by, asked: int) -> None:
    with acts.act(by, "request.withdraw") as conn:
        approvals.withdraw(conn, by, asked, now=NOW)


class TestRank:
    def test_the_head_of_an_outlet_does_not_decide_for_the_head_above_him(self, small_bank, sun, qian):
        with access.transaction(MACHINE, "test") as conn:
            conn.exec_driver_sql(f"update staff_roles set role = 'branch_head' where staff_id = {qian.id}")
        mark(sun, "K003")
        outlet_head = person("804")
        asked = mark(sun, "K003", at=north(SHOP, 900), address_id=present("K003").id, why=WHY)
        with pytest.raises(refusals.Superior):
            approve(outlet_head, asked)


class TestDoubts:
    def test_a_point_that_many_share_and_places_nobody_lives_in(self, small_bank):
        middle = Point(44.424, 124.962)  # of Nong'an county
        with access.transaction(MACHINE, "import") as conn:
            marks = [verbs.Mark(number(f"K00{n}"), "home", "x", *SHOP) for n in range(1, 6)]
            marks += [verbs.Mark(number("K001"), "land", "x", *middle), verbs.Mark(number("K002"), "land", "x", 43.85, 126.55)]
            verbs.import_marks(conn, [*marks, verbs.Mark(number("K003"), "land", "x", *north(SHOP, 60))], None, NOW)
            suspects.look(conn, TODAY)
            found = [(a.kind, a.doubt) for n in range(1, 4) for a in customers.addresses_of(conn, number(f"K00{n}"))]
        assert found == [("home", "same_point:5"), ("land", "centre:农安县"), ("home", "same_point:5"), ("land", "outside"),
                         ("home", "same_point:5"), ("land", None)]  # fmt: skip

    def test_a_doubt_goes_with_its_reason_and_peoples_own_stay(self, li, wang):
        with access.transaction(MACHINE, "import") as conn:
            verbs.import_marks(conn, [verbs.Mark(number("K001"), "home", "x", 43.85, 126.55)], None, NOW)
            assert suspects.look(conn, TODAY) == 1
            assert suspects.look(conn, TODAY) == 0
        mark(li, "K002", kind=Place.HOME)
        with acts.act(li, "address.doubt") as conn:
            verbs.doubt(conn, li, present("K002", Place.HOME).id, "nobody lives there")
        with acts.act(wang, "address.confirm") as conn:
            verbs.confirm(conn, wang, present(kind=Place.HOME).id)
        with access.transaction(MACHINE, "test") as conn:
            assert suspects.look(conn, TODAY) == 0
        assert present(kind=Place.HOME).doubt is None and present("K002", Place.HOME).doubt == "nobody lives there"

    def test_nobody_confirms_his_own_mark(self, sun):
        mark(sun, "K001")
        with pytest.raises(refusals.FourEyes), acts.act(sun, "address.confirm") as conn:
            verbs.confirm(conn, sun, present().id)

    def test_unmarked_customers_are_asked_of_their_manager_once(self, li, sun):
        asked = [number("K001"), number("K002")]
        mark(li, "K002")
        for expected in (1, 0):
            with acts.act(sun, "address.ask") as conn:
                assert verbs.ask_to_mark(conn, sun, asked, inspectors=False) == expected
        with access.reading(li) as conn:
            assert [(row.customer_no, row.asked) for row in addresses.unmarked_of(conn, li.id)] == [("K001", True)]
        mark(li, "K001")
        with access.reading(li) as conn:
            assert not addresses.unmarked_of(conn, li.id)
            assert addresses.counts(conn, addresses.Filter())._asdict() == {
                "all": 2, "unmarked": 0, "doubtful": 0, "waiting": 0, "marked": 2}  # fmt: skip


class TestTypedCoordinates:
    @pytest.mark.parametrize(
        "text",
        [
            "125.3245,43.8868",
            "43.8868, 125.3245",
            "https://uri.amap.com/marker?position=125.3245,43.8868",
            "纬度43.8868 经度125.3245",
        ],
    )
    def test_either_order_is_understood(self, text):
        assert read_coordinates(text) == (43.8868, 125.3245)

    @pytest.mark.parametrize("text", ["", "合隆镇东升村12号", "43.8868", "12.5,13.5", "1e999"])
    def test_what_is_none_is_said_so(self, text):
        with pytest.raises(refusals.NoCoordinates):
            read_coordinates(text)


class TestNamingTheInspector:
    def name(self, by, customer_no: str, staff_id: int) -> int:
        with acts.act(by, "inspector.name") as conn:
            return customer_verbs.name_inspector(conn, by, [number(customer_no)], staff_id, today=TODAY)

    def test_the_manager_names_an_inspector_of_his_branch(self, li, zhou):
        self.name(li, "K001", zhou.id)
        with access.reading(zhou) as conn:
            assert customers.by_number(conn, "K001").inspector == "周敏"

    def test_nor_of_another_branch_nor_a_manager(self, li, zheng, qian):
        for staff_id in (zheng.id, qian.id, 999_999):
            with pytest.raises(refusals.NotHisInspector):
                self.name(li, "K001", staff_id)

    def test_an_inspector_above_the_outlet_goes_to_its_customers(self, qian, zhou):
        self.name(qian, "K003", zhou.id)

    def test_who_only_goes_there_names_nobody(self, li, zhou, sun, small_bank):
        with access.transaction(MACHINE, "test") as conn:  # 李强 has a loan of a customer of 钱进's
            conn.exec_driver_sql(f"update loans set manager_id = {li.id} where loan_no = 'L3'")
        with pytest.raises(refusals.NotYourCustomer):
            self.name(li, "K003", zhou.id)
        self.name(sun, "K003", zhou.id)

    def test_todos_nobody_has_started_go_along(self, li, zhou, small_bank):
        with access.transaction(MACHINE, "test") as conn:
            body = {"assign": "inspector"}
            conn.execute(sa.update(tables.definitions).where(tables.definitions.c.family == Definition.TODO_RULE).values(body=body))
            code = conn.execute(
                sa.select(tables.definitions.c.code).where(tables.definitions.c.family == Definition.TODO_RULE)
            ).first()[0]
            for n, (state, pinned) in enumerate((("open", False), ("started", False), ("open", True))):
                conn.execute(sa.insert(tables.todos).values(
                    customer_id=number("K001"), kind="regular", period=f"p{n}", mode="field", family="working", loan_ids=[], branch_id=1,
                    assignee_id=li.id, nominal_on=TODAY, due_on=TODAY, late_from=TODAY + timedelta(1), created_on=TODAY, rule_code=code,
                    rule_version=1, state=state, pinned=pinned))  # fmt: skip
        assert self.name(li, "K001", zhou.id) == 1
        with access.reading(MACHINE) as conn:
            assert conn.execute(sa.select(tables.todos.c.assignee_id).order_by(tables.todos.c.period)).scalars().all() == [
                zhou.id, li.id, li.id]  # fmt: skip


def test_requests_of_a_kind_are_listed_for_who_may_decide(li, sun):
    mark(li)
    correct(li, north(SHOP, 800))
    with access.reading(sun) as conn:
        (waiting,) = requests.waiting(conn, Request.ADDRESS_MOVE)
    assert (waiting.customer, waiting.asker, waiting.reason) == ("农安王记粮油店", "李强", WHY)
    assert waiting.before["address_id"] and round(waiting.after["metres"], -1) == 800
