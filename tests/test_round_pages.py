"""The round as people see it: 周敏 on her phone, with and without a browser; 孙丽 at her desk."""

import json
import os
import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from db import access, store, tables
from db import rounds as kept
from db.access import MACHINE
from engine import clock, rounds
from engine.sign_in import Visitor
from pages.parts import frame
from tests import browsing, conftest, test_rounds
from tests.bank import TODAY
from tests.serving import PASSWORD, Server, open_accounts, running
from tests.test_pages import Visit, sentences, shown

ROLES = {"inspector": "803", "branch_head": "801"}


@pytest.fixture(scope="module")
def bank(administrator, templates) -> Iterator[SimpleNamespace]:
    before = os.environ.get("VIGIL_TODAY")
    for _url in conftest.cloned(administrator, templates["bank"]):
        os.environ["VIGIL_TODAY"] = str(TODAY)
        open_accounts()
        zhou = conftest.person("803")
        bank = test_rounds.plant(zhou)
        if 12 <= clock.local_now().hour < 20:  # a day that is soon over has no room for three visits
            test_rounds.wish(zhou, day_begins="11:00", day_minutes="660")
        yield bank
        os.environ.pop("VIGIL_TODAY")
        if before:
            os.environ["VIGIL_TODAY"] = before


@pytest.fixture
def zhou(bank, monkeypatch):
    """Her open browser without the browser; every test begins without a round."""
    with access.transaction(MACHINE, "test") as conn:
        conn.execute(sa.delete(tables.rounds))
        conn.execute(sa.delete(tables.sharings))
        conn.execute(sa.update(tables.preferences).values(wishes=tables.preferences.c.wishes.op("-")("navigator")))
        conn.execute(sa.update(tables.todos).values(assignee_id=conftest.person("803").id))
    return _visit("inspector", monkeypatch)


def _visit(role: str, monkeypatch) -> Visit:
    visit = Visit(monkeypatch, role)
    visit.person = conftest.person(ROLES[role])
    with access.reading(visit.person) as conn:
        wishes = conn.execute(sa.select(tables.preferences.c.wishes)).scalar() or {}
    monkeypatch.setattr(frame, "_ask", lambda _token: (Visitor(visit.person, must_change=False, seen_at=clock.now()), wishes))
    return visit


def planned(zhou: Visit):
    zhou.at("today").button(key="setup").click().run().button(key="plan_branch").click().run()
    return zhou.test


def test_who_plans_from_a_branch_nobody_has_placed_is_told_where_the_round_begins(zhou):
    toasts = [toast.value for toast in planned(zhou).toast]
    assert any(said.startswith("所在支行尚未标记位置。路线起点") for said in toasts), toasts


def kept_of(person) -> sa.Row:
    with access.reading(person) as conn:
        return kept.of(conn, person.id, rounds.plannable_day(conn, person.id, clock.now()))


def names(test) -> list[str]:
    """Customers on the cards, with their numbers, from the top."""
    found = [re.match(r"\*\*(.*?)\*\*", element.value) for element in test.markdown if element.value.startswith("**")]
    return [m[1].replace("\\", "") for m in found if m and m[1][0] in "①②③④"]


class TestToday:
    def test_before_there_is_a_round_it_says_what_to_do_and_counts_customers(self, zhou):
        test = zhou.at("today")
        assert not test.exception and "尚未规划路线" in shown(test)
        options = [str(option.content) for option in test.get("button_group")[0].proto.options]
        assert [int(re.search(r"\d+$", option)[0]) for option in options][1] == 1  # 刘洋 is late

    def test_the_map_draws_the_way_with_the_numbers_of_the_visits(self, zhou):
        planned(zhou)
        test = zhou.at("map")
        assert not test.exception
        told = [json.loads(element.proto.json) for element in test.get("bidi_component") if element.proto.json]
        (drawn,) = [one for one in told if "ways" in one]
        visits = kept_of(zhou.person).visits
        assert len(drawn["ways"][0]["points"]) == len(visits) + 1
        written = sorted(dot["text"] for dot in drawn["dots"] if dot["text"])
        assert written[: len(visits)] == [str(n + 1) for n in range(len(visits))]

    def test_planned_it_shows_the_order_the_way_and_who_is_not_on_it(self, zhou):
        test = planned(zhou)
        assert names(test) == ["① 农安王记粮油店", "② 张敏", "③ 刘洋"] or names(test) == ["① 刘洋", "② 张敏", "③ 农安王记粮油店"]
        writing = shown(test)
        assert re.search(r"3 户 · [\d.]+ 公里 · 预计 \d\d:\d\d 结束", writing) and "地址未在地图上标记" in writing
        assert "客户中心点" in writing  # nobody has said where the branch is

    def test_it_is_there_again_on_another_device(self, zhou, bank, monkeypatch):
        order = names(planned(zhou))
        assert names(_visit("inspector", monkeypatch).at("today")) == order

    def test_one_tap_puts_a_customer_further_down(self, zhou):
        test = planned(zhou)
        before = names(test)
        first = kept_of(zhou.person).visits[0]["customer"]
        key = next(b.key for b in test.button if b.key and b.key.startswith("move_1_"))
        test.button(key=key).click().run()
        assert [name[2:] for name in names(test)] == [before[1][2:], before[0][2:], before[2][2:]]
        assert kept_of(zhou.person).visits[1]["customer"] == first and "手动排序" in shown(test)

    def test_what_is_decided_about_one_stop_is_behind_its_dots(self, zhou):
        test = planned(zhou)
        sheet = next(b.key for b in test.button if b.key and b.key.startswith("sheet_"))
        test.button(key=sheet).click().run().button(key="agree").click().run()
        assert kept_of(zhou.person).appointments and "已约定" in shown(test)
        test.button(key=sheet).click().run().button(key="take_out").click().run()
        assert len(kept_of(zhou.person).visits) == 2 and "已移出路线" in shown(test)
        out = kept_of(zhou.person).left_out
        assert [one["why"] for one in out].count("by_hand") == 1

    def test_what_lies_near_is_offered_and_taken_in(self, zhou, bank):
        test = planned(zhou)
        assert "附近还有 1 户" in shown(test)
        test.button(key=f"add_{bank.ids['K004']}").click().run()
        assert len(kept_of(zhou.person).visits) == 4 and "附近还有 0 户" in shown(test)

    def test_the_usual_map_is_one_tap_away(self, zhou):
        test = planned(zhou)
        assert "https://uri.amap.com/navigation?to=" in shown(test)
        test.button(key="setup").click().run().selectbox(key="wish_navigator").select("baidu").run()
        assert "baidumap://map/direction?destination=latlng:" in shown(zhou.at("today"))

    def test_a_hand_that_comes_too_late_is_told(self, zhou):
        test = planned(zhou)
        key = next(b.key for b in test.button if b.key and b.key.startswith("move_1_"))
        with access.transaction(MACHINE, "test") as conn:
            conn.execute(sa.delete(tables.rounds))  # planned away on another device
        test.button(key=key).click().run()
        assert not test.exception and any("尚未规划路线" in sentence for sentence in sentences(test))

    def test_many_customers_ask_the_store_as_often_as_few(self, zhou, bank):
        planned(zhou)
        few = _asked(lambda: zhou.at("today"))
        with access.transaction(MACHINE, "test") as conn:
            extra = conn.execute(sa.text("""
                insert into customers (customer_no, source, name, kind, address, branch_id, created_on)
                select 'X' || n, 'test', '客户' || n, 'person', '农安县合隆镇', branch_id, created_on
                from customers, generate_series(1, 12) n where customer_no = 'K002' returning id""")).scalars().all()  # fmt: skip
            conn.execute(sa.insert(tables.customer_faces), [
                {"customer_id": c, "segment": "farmer", "main_family": "farm", "level": "A", "live_loans": 1, "exposure_fen": 1} for c in extra
            ])  # fmt: skip
            for n, customer_id in enumerate(extra):
                test_rounds.mark(conn, customer_id, 44.1 + n / 100)
                test_rounds.owe(conn, customer_id, zhou.person.id, 0, "regular")
        zhou.at("today")  # works out anew what lies near
        try:
            assert _asked(lambda: zhou.at("today")) == few
            assert len([b for b in zhou.test.button if b.key and b.key.startswith("sheet_")]) > 12
        finally:
            with access.transaction(MACHINE, "test") as conn:
                for table in (tables.todos, tables.addresses, tables.customer_faces):
                    conn.execute(sa.delete(table).where(table.c.customer_id.in_(extra)))
                conn.execute(sa.delete(tables.customers).where(tables.customers.c.id.in_(extra)))


def _asked(what) -> int:
    """How many statements it takes."""
    asked = []
    note = lambda *_given: asked.append(1)  # noqa: E731 (an event wants a function it can forget)
    sa.event.listen(store.engine(), "before_cursor_execute", note)
    what()
    sa.event.remove(store.engine(), "before_cursor_execute", note)
    return len(asked)


class TestTheBranch:
    def test_a_head_looks_at_a_proposal_and_applies_it(self, zhou, monkeypatch):
        monkeypatch.setattr(rounds, "share_in_background", rounds.work_out)
        sun = _visit("branch_head", monkeypatch)
        test = sun.at("rounds")
        test.button(key="FormSubmitter:share-测算分配方案").click().run()
        assert not test.exception and "将有" in shown(test)
        assert len(test.dataframe) == 1
        test.button(key="apply_sharing").click().run()
        assert not test.exception and not sentences(test)
        day = test.date_input(key="share_day").value
        with access.transaction(MACHINE, "test") as conn:
            planned = dict(
                conn.execute(sa.select(tables.rounds).where(tables.rounds.c.staff_id == zhou.person.id)).mappings().first()
            )
            li = conftest.person("802").id
            conn.execute(sa.delete(tables.rounds).where(tables.rounds.c.staff_id == li))
            conn.execute(sa.insert(tables.rounds).values(**planned | {"staff_id": li, "visits": []}))
        test = sun.at(f"rounds?day={day}")
        rows = test.dataframe[0].value
        assert "周敏" in list(rows["staff"]) and min(rows["customers"]) > 0
        (folded,) = (e for e in test.expander if e.label == "1 名经办人当日无走访安排")
        assert [m.value for m in folded.markdown] == ["李强"] and "李强" not in list(rows["staff"])

    def test_dropped_it_can_be_asked_for_again(self, zhou, monkeypatch):
        monkeypatch.setattr(rounds, "share_in_background", rounds.work_out)
        test = _visit("branch_head", monkeypatch).at("rounds")
        test.button(key="FormSubmitter:share-测算分配方案").click().run()
        test.button(key="drop_sharing").click().run()
        assert test.button(key="FormSubmitter:share-测算分配方案")

    def test_she_says_where_the_branch_is(self, zhou, monkeypatch):
        test = _visit("branch_head", monkeypatch).at("rounds")
        test.number_input(key="branch_lat").set_value(125.3)
        test.number_input(key="branch_lat").set_value(43.88)
        test.number_input(key="branch_lon").set_value(125.32)
        test.button(key="keep_branch").click().run()
        assert not test.exception
        with access.reading(zhou.person) as conn:
            assert kept.base(conn, zhou.person.id).lat == 43.88
        with access.transaction(MACHINE, "test") as conn:
            conn.execute(sa.update(tables.branches).values(lat=None, lon=None))


# --- In a browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(bank, tmp_path_factory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("round") / "log", VIGIL_TODAY=str(TODAY)) as server:
        yield server


@pytest.mark.browser
def test_a_day_is_planned_with_a_thumb(zhou, server):
    with browsing.browser() as windows:
        phone = windows.open(server.base, browsing.PHONE)
        phone.context.grant_permissions(["geolocation"])
        phone.context.set_geolocation({"latitude": 44.09, "longitude": 125.2, "accuracy": 30})
        phone.signed_in("zhoumin", PASSWORD, "today")
        page = phone.page
        page.get_by_role("button", name="设置").first.tap()
        phone.sees("走访范围").settled()
        assert _small(page) == []
        page.keyboard.press("Escape")
        phone.settled()
        page.locator(".ask button").first.tap()
        phone.sees(re.compile(r"3 户 · ")).settled()
        assert kept_of(zhou.person).start == "position"
        assert _cards(page) == ["① 农安王记粮油店", "② 张敏", "③ 刘洋"]
        page.locator("[class*=st-key-move_1_] button:visible").first.tap()
        phone.sees("手动排序").settled()
        assert _cards(page) == ["① 张敏", "② 农安王记粮油店", "③ 刘洋"]
        assert (
            page.get_by_role("link", name="导航").first.get_attribute("href").startswith("https://uri.amap.com/navigation?to=125.2")
        )
        assert _small(page) == [] and phone.sideways() <= 0
        page.locator(".ask button").first.tap()
        page.wait_for_function("() => !document.body.innerText.includes('手动排序')")
        assert _cards(phone.settled().page) == ["① 农安王记粮油店", "② 张敏", "③ 刘洋"]
        shy = windows.open(server.base, browsing.PHONE).signed_in("zhoumin", PASSWORD, "today")  # another device, no permission
        assert _cards(shy.page) == ["① 农安王记粮油店", "② 张敏", "③ 刘洋"]
        shy.page.locator(".ask button").first.tap()
        shy.sees(re.compile("起点：客户中心点"))
        assert phone.wrong + shy.wrong == [] and phone.outside + shy.outside == []


def _cards(page) -> list[str]:
    page.locator("[class*=st-key-name_] strong").first.wait_for()
    return [text for text in page.locator("[class*=st-key-name_] strong").all_inner_texts() if text[0] in "①②③④"]


def _small(page) -> list:
    """Keys that a thumb would miss."""
    return page.evaluate("""() => [...document.querySelectorAll(
        '[data-testid=stMain] button, [data-testid=stMain] a, [data-testid=stDialog] [data-testid^=stBaseButton]')]
        .map(e => [e.innerText, e.getBoundingClientRect()]).filter(([, box]) => box.height > 0 && box.height < 44).map(([text]) => text)""")
