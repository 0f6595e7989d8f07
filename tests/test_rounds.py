"""The round of a day: 周敏 plans hers, changes it by hand, is compared with it; 孙丽 shares out what her branch owes."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
import sqlalchemy as sa

from db import access, preferences, tables
from db import rounds as kept
from db.access import MACHINE, Person
from db.vocab import Finish, Reach, SharingState, Start
from engine import addresses, branches, refusals, rounds, sentences, words
from engine import preferences as wishing
from tests.bank import TODAY

MORNING = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # nine o'clock in China
NINE = 9 * 60
SHOP = (44.100, 125.200)
# Customers of hers along a road to the north: place, days until due, kind.
ROAD = {"K001": (44.10, 0, "regular"), "K002": (44.20, -3, "overdue"), "K003": (44.15, 2, "first"), "K004": (44.12, 20, "regular")}


@pytest.fixture
def bank(small_bank, zhou) -> SimpleNamespace:
    return plant(zhou)


def plant(zhou: Person) -> SimpleNamespace:
    """周敏 owes four visits along one road; 许勇's address is not marked."""
    with access.transaction(MACHINE, "test") as conn:
        ids = dict(conn.execute(sa.select(tables.customers.c.customer_no, tables.customers.c.id)).all())
        for number, (lat, days, kind) in ROAD.items():
            mark(conn, ids[number], lat)
            owe(conn, ids[number], zhou.id, days, kind)
        owe(conn, ids["K005"], zhou.id, 0, "regular")
    wish(zhou, round_finish=Finish.ANYWHERE)
    return SimpleNamespace(ids=ids, numbers={i: number for number, i in ids.items()})


def mark(conn: sa.Connection, customer_id: int, lat: float, lon: float = 125.2) -> None:
    conn.execute(
        sa.insert(tables.addresses).values(customer_id=customer_id, kind="business", place="x", datum="wgs84", lat=lat, lon=lon)
    )


def owe(conn: sa.Connection, customer_id: int, staff_id: int | None, days: int, kind: str, mode: str = "field") -> int:
    due, c = TODAY + timedelta(days=days), tables.customers.c
    branch = conn.execute(sa.select(c.branch_id).where(c.id == customer_id)).scalar_one()
    return conn.execute(sa.insert(tables.todos).values(
        customer_id=customer_id, kind=kind, period=f"{kind}{days}{staff_id}", mode=mode, family="working", loan_ids=[], branch_id=branch,
        assignee_id=staff_id, nominal_on=due, due_on=due, late_from=due + timedelta(days=1), created_on=TODAY - timedelta(days=9),
    ).returning(tables.todos.c.id)).scalar_one()  # fmt: skip


def act(by: Person, verb, *given, now: datetime = MORNING, day: date = TODAY, **more):
    with access.transaction(by, "round.plan") as conn:
        return verb(conn, by, day, *given, now=now, **more)


def plan(by: Person, **more) -> None:
    act(by, rounds.plan, position=SHOP, **more)


def kept_of(by: Person, day: date = TODAY) -> sa.Row | None:
    with access.reading(by) as conn:
        return kept.of(conn, by.id, day)


def order(bank, by: Person) -> list[str]:
    return [bank.numbers[visit["customer"]] for visit in kept_of(by).visits]


def why_not(bank, by: Person) -> dict[str, str]:
    return {bank.numbers[one["customer"]]: one["why"] for one in kept_of(by).left_out}


def wish(by: Person, **wishes: str) -> None:
    with access.transaction(by, "preference.set") as conn:
        wishing.prefer(conn, by, **wishes)


def visited(by: Person, customer_id: int, lat: float) -> None:
    """A visit made and recorded; its todos are closed by it."""
    with access.transaction(MACHINE, "test") as conn:
        record = conn.execute(sa.insert(tables.records).values(
            customer_id=customer_id, kind="regular", mode="field", loan_ids=[], branch_id=by.branch_id, staff_id=by.id, done_on=TODAY,
            finished_at=sa.func.clock_timestamp(), outcome="completed", conclusion="normal", lat=lat, lon=125.2, digest=b"x",
            submit_key=sa.func.gen_random_uuid()).returning(tables.records.c.id)).scalar_one()  # fmt: skip
        conn.execute(sa.update(tables.todos).where(tables.todos.c.customer_id == customer_id).values(
            state="done", closed_on=TODAY, closed_by=by.id, record_id=record))  # fmt: skip


# --- Planning --------------------------------------------------------------------------------------------------------


class TestPlanning:
    def test_a_day_is_planned_once_for_all_devices_and_planned_anew_in_its_place(self, bank, zhou):
        plan(zhou)
        first = kept_of(zhou)
        assert order(bank, zhou) == ["K001", "K003", "K002"]
        assert (first.start, first.leaves, first.version, first.by_hand) == (Start.POSITION, NINE, 1, False)
        assert [visit["at"] for visit in first.visits] == sorted(visit["at"] for visit in first.visits)
        plan(zhou)
        with access.reading(zhou) as conn:
            assert kept.of(conn, zhou.id, TODAY).version == 2
            assert len(kept.on(conn, TODAY)) == 1

    def test_what_is_left_out_says_why(self, bank, zhou):
        plan(zhou)
        assert why_not(bank, zhou) == {"K005": "no_mark"}
        wish(zhou, day_begins="06:00", day_minutes="240")
        plan(zhou)  # it is nine: an hour is left
        assert "no_time" in why_not(bank, zhou).values()

    def test_only_what_is_asked_for_by_now_unless_everything_is_wanted(self, bank, zhou):
        wish(zhou, round_reach=Reach.DUE)
        plan(zhou)
        assert order(bank, zhou) == ["K001", "K002"]
        wish(zhou, round_reach=Reach.ALL)
        plan(zhou)
        assert set(order(bank, zhou)) == {"K001", "K002", "K003", "K004"}

    def test_without_a_position_it_begins_at_the_branch_or_in_the_middle_and_says_so(self, bank, zhou, sun):
        act(zhou, rounds.plan)
        assert kept_of(zhou).start == Start.MIDDLE
        with access.transaction(sun, "branch.place") as conn:
            branches.place(conn, sun, zhou.branch_id, 44.43, 125.18)
        act(zhou, rounds.plan)
        row = kept_of(zhou)
        assert (row.start, row.lat, row.lon) == (Start.BRANCH, 44.43, 125.18)

    def test_it_ends_where_the_officer_likes(self, bank, zhou):
        plan(zhou)
        there = kept_of(zhou).travel_km
        wish(zhou, round_finish=Finish.BRANCH)
        plan(zhou)
        assert kept_of(zhou).travel_km > there
        wish(zhou, round_finish=Finish.HOME, home="44.20,125.20")
        plan(zhou)
        assert kept_of(zhou).finish == Finish.HOME

    def test_in_the_evening_the_next_working_day_is_planned(self, bank, zhou):
        with access.reading(zhou) as conn:
            assert rounds.plannable_day(conn, zhou.id, MORNING) == TODAY
            friday_evening = MORNING + timedelta(hours=11)
            assert rounds.plannable_day(conn, zhou.id, friday_evening) == TODAY + timedelta(days=3)
        monday = TODAY + timedelta(days=3)
        act(zhou, rounds.plan, day=monday, now=friday_evening)
        assert kept_of(zhou, monday).leaves == 8 * 60 + 30

    def test_with_nowhere_to_begin_it_says_so(self, bank, li):
        with pytest.raises(refusals.NoStart):
            act(li, rounds.plan)

    def test_late_ones_and_a_warning_weigh_more(self, bank, zhou):
        with access.transaction(MACHINE, "test") as conn:
            conn.exec_driver_sql(
                "insert into signals (customer_id, rule_code, rule_version, subject_kind, subject_id, branch_id, level, evidence, first_on,"
                f" last_on) select id, 'X', 1, 'customer', id, branch_id, 'red', '{{}}', '{TODAY}', '{TODAY}' from customers where customer_no = 'K003'")  # fmt: skip
        with access.reading(zhou) as conn:
            book = rounds.gather(conn, zhou.id, TODAY, MORNING)
        worth = {bank.numbers[row.customer_id]: book.prize(row) for row in book.rows}
        assert worth["K002"] == 58 and worth["K001"] == 50 and worth["K003"] == 44 + 20 and worth["K004"] == 5
        assert {bank.numbers[row.customer_id]: book.service(row) for row in book.rows}["K003"] == 20


# --- By hand ---------------------------------------------------------------------------------------------------------


class TestByHand:
    def test_moving_one_up_reckons_the_times_anew_and_keeps_what_was_advised(self, bank, zhou):
        plan(zhou)
        before = kept_of(zhou)
        act(zhou, rounds.move, bank.ids["K002"], -1)
        after = kept_of(zhou)
        assert order(bank, zhou) == ["K001", "K002", "K003"]
        assert after.by_hand and after.travel_km > before.travel_km and after.advised == before.advised
        act(zhou, rounds.move, bank.ids["K002"], -9)
        assert order(bank, zhou)[0] == "K002"

    def test_the_rest_is_planned_again_behind_a_customer(self, bank, zhou):
        plan(zhou)
        act(zhou, rounds.move, bank.ids["K002"], -2)
        act(zhou, rounds.replan_after, bank.ids["K002"])
        assert order(bank, zhou) == ["K002", "K003", "K001"]

    def test_who_was_taken_out_stays_out_until_taken_in_again(self, bank, zhou):
        plan(zhou)
        act(zhou, rounds.take_out, bank.ids["K003"])
        plan(zhou)
        assert "K003" not in order(bank, zhou) and why_not(bank, zhou)["K003"] == "by_hand"
        act(zhou, rounds.add, bank.ids["K003"])
        assert order(bank, zhou) == ["K001", "K003", "K002"] and "K003" not in why_not(bank, zhou)
        plan(zhou)
        assert "K003" in order(bank, zhou)

    def test_what_lies_near_the_way_is_offered_and_fits_where_it_lengthens_it_least(self, bank, zhou):
        plan(zhou)
        (offer,) = act(zhou, rounds.offers)
        assert bank.numbers[offer.id] == "K004" and offer.extra < 3
        act(zhou, rounds.add, offer.id)
        assert order(bank, zhou) == ["K001", "K004", "K003", "K002"]
        assert act(zhou, rounds.offers) == []

    def test_an_hour_agreed_upon_is_kept_and_the_day_goes_around_it(self, bank, zhou):
        plan(zhou)
        act(zhou, rounds.appoint, bank.ids["K001"], 14 * 60)
        at = {bank.numbers[visit["customer"]]: visit["at"] for visit in kept_of(zhou).visits}
        assert 14 * 60 <= at["K001"] <= 14 * 60 + 15 and at["K002"] < 14 * 60
        act(zhou, rounds.appoint, bank.ids["K001"], None)
        assert order(bank, zhou)[0] == "K001"

    def test_a_visit_that_comes_too_late_for_its_hour_is_marked(self, bank, zhou):
        plan(zhou)
        act(zhou, rounds.appoint, bank.ids["K001"], NINE)
        act(zhou, rounds.move, bank.ids["K001"], 2)
        assert [visit.get("late") for visit in kept_of(zhou).visits] == [None, None, True]

    def test_an_hour_that_has_passed_is_missed_and_the_customer_is_still_visited(self, bank, zhou):
        plan(zhou)
        act(zhou, rounds.appoint, bank.ids["K001"], NINE - 60)
        late = {bank.numbers[visit["customer"]]: visit.get("late") for visit in kept_of(zhou).visits}
        assert late == {"K001": True, "K002": None, "K003": None}

    def test_an_unmarked_customer_and_a_strange_hour_are_refused_in_words(self, bank, zhou):
        with pytest.raises(refusals.NoRound):
            act(zhou, rounds.move, bank.ids["K001"], 1)
        plan(zhou)
        with pytest.raises(refusals.NoMark):
            act(zhou, rounds.add, bank.ids["K005"])
        with pytest.raises(refusals.NoSuchHour):
            act(zhou, rounds.appoint, bank.ids["K001"], 1440)
        with pytest.raises(refusals.NotFound):
            act(zhou, rounds.take_out, 999_999)

    def test_two_devices_do_not_overwrite_each_other_unseen(self, bank, zhou):
        plan(zhou)
        version = kept_of(zhou).version
        with access.transaction(zhou, "round.plan") as conn:
            assert kept.change(conn, zhou.id, TODAY, version, {"by_hand": True})
            assert not kept.change(conn, zhou.id, TODAY, version, {"by_hand": False})
        assert kept_of(zhou).by_hand

    def test_under_way_the_rest_begins_at_the_last_check_and_what_was_done_stays(self, bank, zhou):
        plan(zhou)
        visited(zhou, bank.ids["K002"], 44.20)
        act(zhou, rounds.plan, now=MORNING + timedelta(hours=2))
        row = kept_of(zhou)
        assert order(bank, zhou) == ["K002", "K003", "K001"]
        assert (row.start, row.lat, row.leaves) == (Start.CHECK, 44.20, NINE + 120)
        assert row.visits[1]["at"] >= NINE + 120


class TestAfterwards:
    def test_planned_and_own_order_are_compared_on_the_same_visits(self, bank, zhou):
        plan(zhou)
        for number in ("K002", "K001", "K003"):
            visited(zhou, bank.ids[number], ROAD[number][0])
        with access.reading(zhou) as conn:
            (found,) = rounds.compared(conn, [kept.of(conn, zhou.id, TODAY)]).values()
        assert found.visits == 3
        assert found.own_km == pytest.approx(2.5 * found.planned_km, rel=0.01)  # straight: 11.1 up, 11.1 back, 5.6 up again
        assert found.own_minutes > found.planned_minutes

    def test_before_any_visit_the_order_by_hand_is_compared_and_a_plan_alone_with_nothing(self, bank, zhou):
        plan(zhou)
        with access.reading(zhou) as conn:
            assert rounds.compared(conn, [kept.of(conn, zhou.id, TODAY)]) == {}
        act(zhou, rounds.move, bank.ids["K002"], -2)
        with access.reading(zhou) as conn:
            (found,) = rounds.compared(conn, [kept.of(conn, zhou.id, TODAY)]).values()
        assert found.own_km > found.planned_km

    def test_the_trail_says_who_planned_and_who_changed_the_order(self, bank, zhou):
        plan(zhou)
        act(zhou, rounds.move, bank.ids["K002"], -1)
        with access.reading(MACHINE) as conn:
            lines = conn.execute(sa.select(tables.audit, tables.staff.c.name.label("staff")).join(
                tables.staff, tables.staff.c.id == tables.audit.c.staff_id).where(tables.audit.c.noun == "rounds").order_by(tables.audit.c.id)).all()  # fmt: skip
            said = [sentences.sentence(line, sentences.names(conn)) for line in lines]
        words.language.set("zh")
        assert "**周敏** 新增：路线" in said[0] and "手动排序" in said[1]


# --- Whose it is -----------------------------------------------------------------------------------------------------


def test_a_round_is_its_officers_the_branch_head_looks_on_and_nobody_else(bank, zhou, li, sun, ma, wang, chen):
    plan(zhou)
    for person, seen in ((zhou, 1), (li, 0), (sun, 1), (ma, 0), (wang, 1), (chen, 1)):
        with access.reading(person) as conn:
            assert len(kept.on(conn, TODAY)) == seen, person.name
    with access.transaction(li, "test") as conn:
        assert not kept.change(conn, zhou.id, TODAY, 1, {"by_hand": True})
    with pytest.raises(sa.exc.ProgrammingError, match="row-level security"), access.transaction(li, "test") as conn:
        kept.put(conn, [dict(kept_of(zhou)._mapping) | {"day": TODAY + timedelta(days=1)}])


def test_a_branch_is_placed_by_its_own_head_and_in_china(bank, sun, ma, zhou):
    with access.transaction(sun, "branch.place") as conn:
        with pytest.raises(refusals.NotInChina):
            branches.place(conn, sun, sun.branch_id, 125.3, 43.9)
        with pytest.raises(refusals.NotFound):
            branches.place(conn, sun, ma.branch_id, 43.9, 125.3)
        branches.place(conn, sun, sun.branch_id, 43.882410, 125.326507, "gcj02")
        row = kept.base(conn, zhou.id)
    assert (row.lat, row.lon) == pytest.approx((43.88, 125.32), abs=1e-5)


# --- A branch's visits shared out ------------------------------------------------------------------------------------


class TestSharing:
    MONDAY = TODAY + timedelta(days=3)

    @pytest.fixture
    def crowded(self, bank, sun, zhou, li) -> SimpleNamespace:
        """All of one branch: 周敏 owes visits in the north and in the south; 李强 one in the south; one waits in the pool."""
        with access.transaction(MACHINE, "test") as conn:
            south = dict(conn.execute(sa.text("select customer_no, id from customers where customer_no in ('K004', 'K005')")).all())
            for place in ("K004", "K005"):
                conn.execute(
                    sa.update(tables.addresses)
                    .where(tables.addresses.c.customer_id == south[place])
                    .values(replaced_at=sa.func.now())
                )
                mark(conn, south[place], 43.80, 125.3)
            for table, column in ((tables.customers, tables.customers.c.id), (tables.todos, tables.todos.c.customer_id)):
                conn.execute(sa.update(table).where(column.in_(south.values())).values(branch_id=sun.branch_id))
            owe(conn, south["K005"], li.id, 1, "full")
            pooled = owe(conn, bank.ids["K001"], None, 1, "full")
        return SimpleNamespace(**vars(bank), pooled=pooled)

    def begun(self, sun, zhou, li) -> int:
        with access.transaction(sun, "round.share") as conn:
            return rounds.begin(conn, sun, self.MONDAY, TODAY + timedelta(days=30), [zhou.id, li.id])

    def the(self, sun, number: int) -> sa.Row:
        with access.reading(sun) as conn:
            return kept.sharing(conn, number)

    def test_is_worked_out_looked_at_and_applied_in_one_go(self, crowded, sun, zhou, li):
        number = self.begun(sun, zhou, li)
        rounds.work_out(sun, number)
        sharing = self.the(sun, number)
        assert sharing.state == SharingState.READY
        by = {share["staff"]: share for share in sharing.shares}
        assert kept_of(zhou, self.MONDAY) is None  # nothing has changed yet
        with access.transaction(sun, "round.share") as conn:
            given = rounds.apply(conn, sun, number)
        assert given == len(by[zhou.id]["todos"]) + len(by[li.id]["todos"]) > 0
        norths = {crowded.ids[n] for n in ("K001", "K002", "K003")}
        with access.reading(MACHINE) as conn:
            t = tables.todos.c
            assert {*conn.execute(sa.select(t.assignee_id).where(t.customer_id.in_(norths))).scalars()} == {zhou.id}
            assert {*conn.execute(sa.select(t.assignee_id).where(t.customer_id == crowded.ids["K004"])).scalars()} == {li.id}
        assert {visit["customer"] for visit in kept_of(zhou, self.MONDAY).visits} == norths
        assert kept_of(li, self.MONDAY).visits and self.the(sun, number).state == SharingState.APPLIED

    def test_one_at_a_time_and_a_dropped_one_changes_nothing(self, crowded, sun, zhou, li):
        number = self.begun(sun, zhou, li)
        with pytest.raises(refusals.SharingWaits):
            self.begun(sun, zhou, li)
        with access.transaction(sun, "round.share") as conn:
            rounds.drop(conn, sun, number)
        rounds.work_out(sun, number)  # still at it when it was dropped
        assert self.the(sun, number).state == SharingState.DROPPED
        assert self.begun(sun, zhou, li) > number

    def test_when_its_process_has_died_another_can_be_begun(self, crowded, sun, zhou, li):
        number = self.begun(sun, zhou, li)
        with access.transaction(MACHINE, "test") as conn:
            conn.execute(sa.update(tables.sharings).values(touched_at=sa.func.now() - timedelta(minutes=4)))
        assert self.the(sun, number).silent
        assert self.begun(sun, zhou, li) > number
        assert self.the(sun, number).state == SharingState.FAILED

    def test_a_todo_closed_meanwhile_undoes_all_of_it(self, crowded, sun, zhou, li):
        number = self.begun(sun, zhou, li)
        rounds.work_out(sun, number)
        todo = next(todo for share in self.the(sun, number).shares for todo in share["todos"])
        with access.transaction(MACHINE, "test") as conn:
            conn.execute(sa.update(tables.todos).where(tables.todos.c.id == todo).values(
                state="cancelled", closed_on=TODAY, close_reason="settled"))  # fmt: skip
        with pytest.raises(refusals.Conflict), access.transaction(sun, "round.share") as conn:
            rounds.apply(conn, sun, number)
        assert self.the(sun, number).state == SharingState.READY and kept_of(zhou, self.MONDAY) is None

    def test_with_nothing_to_share_it_says_so(self, small_bank, sun, zhou, li):
        number = self.begun(sun, zhou, li)
        rounds.work_out(sun, number)
        assert (self.the(sun, number).state, self.the(sun, number).error) == (SharingState.FAILED, "NobodyToShare")

    def test_a_head_shares_among_his_own_people_only(self, crowded, sun, ma, zhou, li, wu):
        number = self.begun(sun, zhou, li)
        rounds.work_out(sun, number)
        with pytest.raises(refusals.NotFound), access.transaction(ma, "round.share") as conn:
            rounds.apply(conn, ma, number)
        foreign = dict(next(share["round"] for share in self.the(sun, number).shares)) | {"staff_id": wu.id, "day": self.MONDAY}
        with pytest.raises(sa.exc.ProgrammingError, match="row-level security"), access.transaction(sun, "test") as conn:
            kept.put(conn, [foreign])


# --- Links that start navigation -------------------------------------------------------------------------------------

VECTORS = {  # published by the makers of converters: eviltransform, coordtransform.js; the last one by Baidu (geoconv)
    "gcj02": [((31.1774276, 121.5272106), (31.17530398, 121.53154186)), ((39.915, 116.404), (39.91640428, 116.4102445))],
    "bd09": [((29.575429778924, 114.21892734521), (29.579085, 114.230749))],
    "wgs84": [((43.88, 125.32), (43.88, 125.32))],
}


class TestLinks:
    NAME = "王记 & (粮油)|店"
    LINKS = addresses.ways(43.88, 125.32, NAME)

    def point(self, link: str, after: str, before: str) -> tuple[float, ...]:
        text = unquote(link)
        return tuple(float(number) for number in text.split(after)[1].split(before)[0].split(",")[:2])

    def test_there_is_one_for_each_map_that_can_be_chosen(self):
        assert list(self.LINKS) == list(addresses.NAVIGATORS)

    @pytest.mark.parametrize(("name", "after", "before", "datum", "turned"), [
        ("amap", "to=", ",王", "gcj02", True), ("tencent", "tocoord=", "&", "gcj02", False), ("baidu", "latlng:", "|", "bd09", False),
        ("apple", "daddr=", "&", "gcj02", False), ("geo", "geo:", "?", "wgs84", False),
    ])  # fmt: skip
    def test_each_speaks_the_datum_of_its_map(self, name, after, before, datum, turned):
        for place, expected in VECTORS[datum]:
            point = self.point(addresses.ways(*place, self.NAME)[name], after, before)
            assert (point[::-1] if turned else point) == pytest.approx(expected, abs=1e-5)  # a metre

    def test_a_name_cannot_break_out_of_its_place(self):
        for link in self.LINKS.values():
            assert not set(link) & set(' |"<>') and self.NAME not in link
            assert self.NAME in unquote(link) or "apple" in link
            assert "%26" in link or "apple" in link

    def test_the_links_are_these(self):
        """Changchun: 43.88, 125.32."""
        assert addresses.ways(43.88, 125.32, "x") == {
            "amap": "https://uri.amap.com/navigation?to=125.326507,43.882410,x&mode=car&coordinate=gaode&callnative=1&src=vigil",
            "tencent": "https://apis.map.qq.com/uri/v1/routeplan?type=drive&to=x&tocoord=43.882410,125.326507&referer=vigil",
            "baidu": "baidumap://map/direction?destination=latlng:43.888118,125.333089%7Cname:x&coord_type=bd09ll&mode=driving&src=vigil",
            "apple": "https://maps.apple.com/?daddr=43.882410,125.326507&dirflg=d",
            "geo": "geo:43.880000,125.320000?q=43.880000,125.320000(x)",
        }


def test_only_known_maps_can_be_preferred(bank, zhou):
    wish(zhou, navigator="baidu")
    with access.reading(zhou) as conn:
        assert preferences.of(conn, zhou.id)["navigator"] == "baidu"
    with pytest.raises(refusals.UnknownWish):
        wish(zhou, navigator="google")
