"""Every page as each role sees it, in both languages, on a small bank after its night; and what does not belong on it."""

import dataclasses
import json
import logging
import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from google.protobuf import text_format
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from db import access, addresses, audit, batches, customers, definitions, draws, handovers, settings, signals
from db.access import MACHINE, Person
from db.vocab import BatchAct, Definition, Level, Marking, Place, Role, SecondLook
from engine import acts, clock, exports, handover, parameters, preferences, quality, refusals, words
from engine import addresses as marking
from engine import signals as dealing
from engine.addresses import Wish
from engine.sign_in import Visitor
from pages.parts import filters, frame, look, menu, tables, who
from tests import bank, conftest, evening
from tests.evening import TODAY, TURNED
from tests.test_quality import FOUND, check

ROLES = {role: number for number, _name, _branch, _post, role in bank.STAFF} | {"manager": "802"}  # of the branches: Nong'an
HOSTILE = (  # of an address: names and values nobody should have to believe
    "todos?state=nonsense", "todos?kind=<b>x</b>", "todos?kind=;drop table todos", "todos?due_from=2026-13-45",
    "todos?due_from=yesterday",
    "todos?due_from=99999-01-01", "todos?due_to=0001-01-01", "todos?page=-1", "todos?page=0", "todos?page=²",
    "todos?page=99999999999999999999",
    "todos?page=1e9", "todos?late=maybe", "todos?branch=zzz", "todos?branch=%00", "todos?assignee=1 or 1=1",
    "todos?assignee=99999999",
    "todos?sort=-password", "todos?q=%25%25%25", "todos?q=%00", "todos?q=" + "长" * 5000, "todos?rule=' or ''='",
    "loans?class=royal", "loans?maturing=-5", "loans?product=<script>", "customers?segment=null", "customers?q=\\",
    "loan?no=", "loan?no=%00", "loan?no=![x](http://evil.example/p.png)", "customer?no=%27%3B--", "customer?no=" + "9" * 400,
    "signals?id=-1", "signals?id=NaN", "signals?id=99999999999999999999999", "signals?level=purple", "records?done_from=2026-02-30",
    "rules?view=secret", "rules?rule=../../etc/passwd", "rules?parameter=__class__", "feeds?run=0x10", "feeds?run=99999999",
    "map?mark=%00", "map?mark=' or 1=1", "map?due=never", "map?reach=-1", "addresses?state=lost", "addresses?manager=-1",
    "records?id=-1", "records?id=99999999999999999999", "records?id=²", "records?view=zzz",
    "records?view=spot&draw=99999", "records?view=spot&draw=999999999999999", "records?view=spot&draw=x", "records?flaw=zzz",
    "reports?subject=accounts&measures=count", "reports?subject=loans&measures=count(*)", "reports?subject=loans&measures=count&rows=1;drop",
    "reports?subject=loans&measures=count&w_class=%27 or 1=1", "reports?subject=loans&measures=count&period=days&since=2026-02-30",
    "reports?kept=99999999999999999999", "reports?report=../../etc/passwd", "reports?file=x", "reports?view=secret",
    "reports?subject=loans&measures=count&cell={}&of=count", "reports?subject=loans&measures=count&cell=[[1]]&of=amount",
    "dashboard?days=8", "dashboard?days=30;", "dashboard?family=fast", "dashboard?kind=first&kind=second",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> None:
    """Streamlit remarks on every call outside a browser's session."""
    logging.getLogger("streamlit").setLevel(logging.ERROR)


@pytest.fixture(scope="module")
def book(administrator, templates) -> Iterator[None]:
    """Five customers and three with strange names; loans in arrears; the night has been."""
    before = os.environ.get("VIGIL_TODAY")
    for _url in conftest.cloned(administrator, evening.template(administrator, templates)):
        os.environ["VIGIL_TODAY"] = str(TODAY)
        yield
        os.environ.pop("VIGIL_TODAY")
        if before:
            os.environ["VIGIL_TODAY"] = before


@pytest.fixture
def own_book(monkeypatch, administrator, templates) -> Iterator[None]:
    """The same for one test, which changes who holds what."""
    monkeypatch.setenv("VIGIL_TODAY", str(TODAY))
    yield from conftest.cloned(administrator, evening.template(administrator, templates))


class Visit:
    """Somebody's open browser, without the browser."""

    def __init__(self, monkeypatch, role: str, language: str = "zh") -> None:
        self.person = conftest.person(ROLES[role])
        monkeypatch.setattr(who, "binding", lambda: who.SESSION + "00")
        monkeypatch.setattr(
            frame, "_ask", lambda _token: (Visitor(self.person, must_change=False, seen_at=clock.now()), {"language": language})
        )
        self.test = AppTest.from_file(str(settings.ROOT / "app.py"), default_timeout=30)
        words.language.set(language)

    def at(self, path: str) -> AppTest:
        """Type an address."""
        page, _sep, query = path.partition("?")
        self.test.query_params.clear()
        for part in query.split("&") if query else ():
            name, _eq, value = part.partition("=")
            self.test.query_params[name] = value.replace("%00", "\0").replace("%25", "%").replace("%27", "'").replace("%3B", ";")
        self.test._page_hash = calc_hash(page)  # as Streamlit numbers its pages
        return self.test.run()


@pytest.fixture
def visit(book, monkeypatch):
    return lambda role, language="zh": Visit(monkeypatch, role, language)


def shown(test: AppTest) -> str:
    """All the writing on the screen."""
    rows = ("\t".join(map(str, row.values())) for table in rows_of(test) for row in table["rows"])
    return "\n".join([*_written(test), *(frame.value.to_string() for frame in test.dataframe), *rows])


def _written(test: AppTest) -> Iterator[str]:
    for element in [*test.main, *test.sidebar]:
        proto = getattr(element, "proto", None)
        if proto is not None and element.type not in ("arrow_data_frame", "plotly_chart"):
            yield text_format.MessageToString(proto, as_utf8=True)


def sentences(test: AppTest) -> list[str]:
    """Refusals and warnings, as they are read."""
    return [element.value.replace("\\", "") for kind in ("error", "warning") for element in getattr(test, kind)]


def figures(test: AppTest) -> list[dict]:
    """The cards of large figures, in their order."""
    told = [json.loads(element.proto.json) for element in test.get("bidi_component") if element.proto.json]
    return [card for one in told if "figures" in one for card in one["figures"]]


def rows_of(test: AppTest) -> list[dict]:
    """Tables that are drawn as rows: what stands in their cells, by the heads of their columns."""
    told = [json.loads(element.proto.json) for element in test.main.get("bidi_component") if element.proto.json]
    return [
        {
            "alt": one["alt"],
            "heads": heads,
            "rows": [dict(zip(heads, (cell[0] for cell in row), strict=True)) for row in one["rows"]],
        }
        for one in told
        if "rows" in one
        for heads in [[column["label"] for column in one["columns"]]]
    ]


def menu_of(test: AppTest) -> list[dict]:
    """The sections of the menu, with their links."""
    told = [json.loads(element.proto.json) for element in test.sidebar.get("bidi_component")]
    return [section for one in told for section in one["sections"]]


def opened_by(role: str) -> list[str]:
    return [entry.path for entry in menu.open_to(conftest_person(role))]


def conftest_person(role: str):
    return Person(1, "", Role(role))


EVERY_VISIT = [(role, path) for role in ROLES for path in opened_by(role)]
CLOSED = [(role, entry.path) for role in ROLES for entry in menu.ENTRIES if entry.path not in opened_by(role)]


class TestEveryPage:
    @pytest.mark.parametrize(("role", "path"), EVERY_VISIT)
    def test_opens_for_whom_it_is_in_chinese(self, visit, role, path):
        test = visit(role).at(path)
        assert not test.exception
        assert no_english(test) == []

    @pytest.mark.parametrize(
        ("role", "path"), [(role, path) for role, path in EVERY_VISIT if role in ("head_risk", "manager", "auditor", "it")]
    )
    def test_opens_for_whom_it_is_in_english(self, visit, role, path):
        test = visit(role, "en").at(path)
        assert not test.exception
        assert no_chinese(test) == []

    @pytest.mark.parametrize(("role", "path"), CLOSED)
    def test_says_no_to_everybody_else(self, visit, role, path):
        test = visit(role).at(path)
        assert not test.exception and not test.dataframe and not rows_of(test)
        assert any("权限" in s for s in sentences(test)), sentences(test)

    def test_an_error_of_ours_is_not_a_page(self, visit):
        """The checks above would notice one."""
        test = AppTest.from_string("raise ValueError('x')").run()
        assert test.exception


def _labels(test: AppTest) -> Iterator[str]:
    """What Vigil itself says: headings, labels, columns; not the bank's data."""
    for kind in ("title", "header", "subheader", "caption", "metric", "button", "selectbox", "toggle", "text_input", "expander"):
        for element in test.get(kind):
            yield getattr(element, "label", None) or getattr(element, "value", "") or ""
    for card in figures(test):
        yield from (card["label"], card["help"])
    for table in test.dataframe:
        yield from headings(table)
    for table in rows_of(test):
        yield from (table["alt"], *table["heads"])


def headings(table) -> list[str]:
    return [column.get("label", "") for column in json.loads(table.proto.columns).values()]


LATIN = re.compile(r"[A-Za-z]{3,}")
ALLOWED = {
    "Excel",
    "Postgre",  # the rest of it is in capitals
    "English",
    "GiB",
    "small",
    "gray",
    "badge",
    "red",
    "orange",
    "yellow",
    "blue",
    "green",
    "material",
    "IT",
    "Vigil",
}


def no_english(test: AppTest) -> list[str]:
    found = []
    for label in _labels(test):
        rest = re.sub(r":material/\w+:|[A-Z][A-Z0-9-]{2,}|\\[\\W_]|K\d+|L\d+", " ", label)
        if set(LATIN.findall(rest)) - ALLOWED and not any(name in label for name in ("evil", "inbox", "/photos")):
            found.append(label)
    return found


def no_chinese(test: AppTest) -> list[str]:
    data = (
        {row[1] for row in bank.BRANCHES}
        | {row[1] for row in bank.STAFF}
        | {row[1] for row in bank.CUSTOMERS}
        | {"农安镇", "合隆镇"}
    )
    return [x for x in _labels(test) if re.search("[\u4e00-\u9fff]", x) and not any(name in x for name in data) and "中文" not in x]


class TestEachOnesOwn:
    @pytest.mark.parametrize(
        ("role", "loan"), [("manager", "L1"), ("branch_head", "L1"), ("auditor", "L4"), ("head_loans", "L666")]
    )
    def test_a_loan_is_told_from_every_side_to_whom_it_is_for(self, visit, role, loan):
        test = visit(role).at(f"loan?no={loan}")
        assert not test.exception
        assert [title.value for title in test.subheader][:3] == ["基本信息", "余额与分类变化", "待办"]

    def test_what_presses_stands_beside_a_customers_name_and_loans_and_todos_before_the_rest(self, visit):
        test = visit("branch_head").at("customer?no=K001")
        with access.reading(MACHINE) as conn:
            worst = signals.queue(conn, customer_id=customers.by_number(conn, "K001").id)[0]
        beside = next(text.value for text in test.markdown if "K001" in text.value)
        assert "逾期" in beside and f"{words.name(Level(worst.level))}预警" in beside
        assert [title.value for title in test.subheader][:3] == ["基本信息", "贷款", "待办"]

    @pytest.mark.parametrize("path", ["loan?no=L4", "customer?no=K004"])
    def test_what_is_not_ones_own_does_not_exist(self, visit, path):
        test = visit("manager").at(path)
        assert not test.exception and not figures(test)
        assert "无权查看" in shown(test) or "不存在" in shown(test)


def test_what_reads_the_same_on_end_is_one_line_of_the_trail(visit):
    page = visit("auditor").at("audit")
    lines = next(text.value for text in page.markdown if "  \n" in text.value).split("  \n")
    assert any("× " in line for line in lines)
    assert all(line.split(" :gray-badge")[0] != after.split(" :gray-badge")[0] for line, after in pairwise(lines))


class TestLookingOnly:
    def test_whoever_looks_as_somebody_else_is_told_so_on_every_page_and_touches_nothing(self, visit):
        by = visit("branch_head")
        plain = {button.label for button in by.at("todos?state=pending").button}
        by.person = replace(by.person, viewer=conftest.person("001"))
        for path in ("dashboard", "todos?state=pending", "loans", "signals", "handover"):
            test = by.at(path)
            assert not test.exception
            assert any("孙丽" in s and "视角" in s for s in sentences(test)), path
        assert "返回本人视角" in {button.label for button in test.button} - plain
        assert any("权限" in s for s in sentences(by.at("me")))

    def test_whoever_leaves_the_wall_finds_the_filters_of_the_dashboard_set(self, visit):
        head = visit("head_risk")
        head.at("dashboard")
        head.at("dashboard?wall=1")
        period = head.at("dashboard").button_group(key="days")
        assert period.proto.set_value and list(period.proto.raw_values) == ["30天"]  # told to the browser, which has forgotten it

    def test_a_wall_has_no_menu_and_shows_the_figures_without_a_click(self, visit):
        by = visit("head_risk")
        by.person = replace(by.person, wall=True)
        test = by.at("dashboard")
        assert not test.exception and test.get("plotly_chart") and not menu_of(test) and not test.button
        assert any("权限" in s for s in sentences(by.at("loans")))


@pytest.mark.parametrize(
    ("path", "folded", "within"), [("customer?no=K001", "ask_one", "one_who"), ("dashboard", "view_as", "look_as")]
)
def test_colleagues_and_forms_are_read_once_somebody_opens_what_asks_for_them(visit, path, folded, within):
    test = visit("head_risk").at(path)
    assert within not in {box.key for box in test.selectbox}
    test.session_state[folded] = True
    assert test.run().selectbox(key=within).options


class TestNumbers:
    def test_the_dashboard_counts_what_the_list_shows(self, visit):
        head = visit("head_risk")
        counted = {card["label"]: card["value"] for card in figures(head.at("dashboard"))}
        listed = head.at("signals?state=raised")
        assert int(counted["未受理预警"]) == len(listed.dataframe[0].value) > 0

    @pytest.mark.parametrize("role", ["head_risk", "branch_head"])
    def test_every_figure_of_the_dashboard_opens_its_rows(self, visit, role):
        """As many as it says; a share, as many as it is a share of."""
        by = visit(role)
        for narrowed in ("", "&branch=229008!", f"&officer={conftest.person('802').id}"):
            test = by.at(f"dashboard?days=90{narrowed}")
            opening = [card for card in figures(test) if card["link"]]
            assert len(opening) == 6 and {card["link"]["words"] for card in opening} == {"查看明细"}
            for card in opening:
                value, link = card["value"], card["link"]["href"].removeprefix("/")
                listed = [c.value for c in by.at(unquote(link)).caption if " 条" in c.value or " 项" in c.value]
                if "%" not in value and value != "—":
                    assert listed and int(listed[0].split()[0].replace(",", "")) == int(value.replace(",", "")), (link, listed)

    def test_a_loan_tells_its_balance_its_days_and_why_it_is_checked(self, visit):
        test = visit("head_risk").at("loan?no=L1")
        told = {card["label"]: card["value"] for card in figures(test)}
        assert told["余额"] == "80万"
        assert told["逾期天数"] == "3"
        assert "逾期" in shown(test) and "农安王记粮油店" in shown(test)

    def test_money_stands_in_ten_thousands_with_the_unit_in_the_heading(self, visit):
        table = visit("head_risk").at("loans").dataframe[0]
        assert "余额（万元）" in headings(table)
        assert sorted(table.value["balance_fen"])[-1] == 280.0

    def test_a_branch_sees_its_own(self, visit):
        assert set(visit("branch_head").at("loans").dataframe[0].value["branch"]) == {"农安支行"}


class TestAddresses:
    @pytest.mark.parametrize("address", HOSTILE)
    def test_nonsense_is_told_in_words(self, visit, address):
        test = visit("head_risk").at(address)
        assert not test.exception
        assert not any("编号" in s and "系统管理员" in s for s in sentences(test)), sentences(test)

    @pytest.mark.parametrize(("address", "words_"), [
        ("todos?state=nonsense", "状态"), ("todos?due_from=2026-13-45", "2026-11-23"), ("loans?class=royal", "五级分类"),
        ("signals?id=NaN", "没有编号为"), ("feeds?run=0x10", "没有批次"), ("rules?view=secret", "视图"),
        ("dashboard?days=8", "期间"),
        ("records?view=zzz", "视图"),
    ])  # fmt: skip
    def test_the_sentence_says_what_and_what_to_do(self, visit, address, words_):
        assert any(words_ in s for s in sentences(visit("head_risk").at(address)))

    @pytest.mark.parametrize(("address", "key", "value"), [
        ("todos?kind=overdue&late=true", "kind", "overdue"), ("todos?state=all", "state", "all"),
        ("todos?branch=229008", "branch", "229008"),
        ("loans?class=normal", "class", "normal"), ("loans?sort=matures", "sort", "matures"),
        ("customers?overdue=true", "overdue", True),
        ("signals?level=red", "level", "red"), ("todos?due_from=2026-11-01", "due_from", date(2026, 11, 1)),
    ])  # fmt: skip
    def test_a_filter_in_the_address_is_set_and_stays_there(self, visit, address, key, value):
        test = visit("head_risk").at(address)
        assert test.session_state[key] == value
        assert test.query_params[key] in (str(value), [str(value)], str(value).lower(), [str(value).lower()])

    def test_in_a_bank_with_many_colleagues_a_branch_comes_before_its_people(self, visit, monkeypatch):
        monkeypatch.setattr(filters, "MANY", 4)
        head = visit("head_risk")
        whole = head.at("todos").selectbox(key="assignee")
        assert whole.disabled and whole.options == [] and "先选机构" in whole.placeholder
        of_nongan = head.at("todos?branch=229008").selectbox(key="assignee")
        assert not of_nongan.disabled and {o.split(" · ")[1] for o in of_nongan.options} == {"农安支行", "合隆分理处"}
        chosen = head.at("todos?assignee=" + str(conftest.person("802").id)).selectbox(key="assignee")
        assert chosen.value == str(conftest.person("802").id)  # somebody's link still says whom it is about
        monkeypatch.setattr(filters, "MANY", 1)
        assert head.at("handover").selectbox(key="giver").options == []
        assert head.at("handover?branch=229008").selectbox(key="giver").options != []

    def test_in_a_bank_with_many_branches_those_below_the_chosen_one_are_listed(self, visit, monkeypatch):
        monkeypatch.setattr(filters, "MANY", 3)
        head = visit("head_risk")
        names = lambda path: {o.strip("\u2003") for o in head.at(path).selectbox(key="branch").options}  # noqa: E731
        assert "农安支行" in names("todos") and "合隆分理处" not in names("todos")
        assert "合隆分理处" in names("todos?branch=229008")

    def test_a_filter_narrows_the_rows(self, visit):
        head = visit("head_risk")
        everything = len(head.at("loans").dataframe[0].value)
        assert len(head.at("loans?overdue=true").dataframe[0].value) == 4 < everything


class TestWhereCustomersAre:
    def test_a_move_is_asked_seen_with_its_change_and_approved_by_the_head(self, visit):
        asked = self._ask()
        own = visit("manager").at("customer?no=K001")
        assert "店铺已搬迁" in shown(own) and any(b.label == "撤回" for b in own.button)
        head = visit("branch_head")
        test = head.at("addresses?state=waiting")
        assert "移动 1,112 米" in shown(test) and {card["label"]: card["value"] for card in figures(test)}["待复核"] == "1"
        assert [row["客户号"] for row in rows_of(test)[0]["rows"]] == ["K001"]
        test.button(key=f"approve_{asked}").click().run()
        test = head.at("customer?no=K001")
        assert not test.exception and "店铺已搬迁" in shown(test) and "孙丽复核" in shown(test)
        assert rows_of(head.at("addresses")) and not rows_of(head.at("addresses?state=waiting"))

    def _ask(self) -> int:
        li = conftest.person("802")
        wish = {"kind": Place.BUSINESS, "place": "合隆镇", "datum": "wgs84", "way": Marking.TAP}
        with access.transaction(li, "address.mark") as conn:
            at = {"customer_id": customers.by_number(conn, "K001").id, "lon": 125.2}
            marking.mark(conn, li, Wish(**wish, **at, lat=44.1), now=clock.now(), today=TODAY)
            base = addresses.of_kind(conn, at["customer_id"], Place.BUSINESS)
            moved = Wish(**wish, **at, lat=44.11, address_id=base.id, why="店铺已搬迁")
            return marking.mark(conn, li, moved, now=clock.now(), today=TODAY)

    def test_the_manager_names_the_inspector(self, visit):
        test = visit("manager").at("customer?no=K002")
        test.selectbox(key="inspector").set_value(conftest.person("803").id).run()
        test.button(key="name_inspector").click().run()
        assert "周敏" in shown(visit("manager").at("customer?no=K002"))

    def test_on_a_day_off_the_rounds_are_those_of_the_next_working_day(self, visit):
        assert TODAY.weekday() == 5
        assert visit("branch_head").at("rounds").date_input(key="day").value == TODAY + timedelta(days=2)

    def test_a_circle_of_many_customers_says_how_many_of_them_are_late(self, visit, monkeypatch):
        few = addresses.on_map
        monkeypatch.setattr(addresses, "on_map", lambda conn, sight, limit: few(conn, sight, limit) * limit)
        assert "户有超期待办" in shown(visit("head_risk").at("map"))

    def test_the_head_asks_who_is_to_mark_and_the_manager_is_told_on_his_map(self, visit):
        head = visit("branch_head")
        assert "未标记" in shown(head.at("addresses?state=unmarked"))
        sun = conftest.person("801")
        with access.transaction(sun, "address.ask") as conn:
            marking.ask_to_mark(conn, sun, [customers.by_number(conn, "K002").id], inspectors=False)
        assert "已请李强标记" in shown(head.at("addresses?state=unmarked"))
        assert "刘洋" in shown(visit("manager").at("map"))

    def test_what_nobody_may_mark_is_not_shown(self, visit):
        assert "无权查看" in shown(visit("manager").at("map?mark=K005")) or "不存在" in shown(visit("manager").at("map?mark=K005"))
        assert "typed_point" not in [box.key for box in visit("auditor").at("map?mark=K001").text_input]


class TestReports:
    def test_each_role_finds_the_reports_it_may_ask(self, visit):
        assert "各支行按月待办完成情况" in shown(visit("head_risk").at("reports"))
        assert "每日登录与失败" in shown(visit("auditor").at("reports"))
        it = shown(visit("it").at("reports"))
        assert "后台任务运行与耗时" in it and "待办" not in it

    def test_a_short_link_opens_a_report_whose_query_then_stands_in_the_address(self, visit):
        test = visit("head_risk").at("reports?report=classes")
        assert "五级分类与产品类别余额" in shown(test)
        assert test.query_params["subject"] == "loans" and test.query_params["w_live"] == "true"
        assert "Balance by class" in shown(visit("head_risk", "en").at("reports?report=classes"))

    def test_changing_a_field_changes_figures_and_address(self, visit):
        test = visit("head_risk").at("reports?subject=loans&measures=count&rows=branch")
        test.selectbox(key="q_column").set_value("class").run()
        assert test.query_params["column"] == "class"
        assert not test.exception and "knormal" in shown(test)
        test.multiselect(key="q_narrowed").set_value(["class"]).run()
        test.multiselect(key="q_w_class").set_value(["substandard"]).run()
        assert test.query_params["w_class"] == "substandard"
        test.selectbox(key="q_subject").set_value("signals").run()
        assert test.query_params["subject"] == "signals" and "w_class" not in test.query_params
        assert not test.exception

    def test_a_figure_opens_its_rows(self, visit):
        test = visit("head_risk").at('reports?subject=loans&measures=count&rows=class&cell=["normal"]&of=count')
        assert "正常 · 贷款" in shown(test).replace("\\", "")
        assert "loan_no" in shown(test) and "L1" in shown(test)

    def test_a_query_is_kept_shared_and_found_by_others(self, visit):
        head = visit("head_risk")
        test = head.at("reports?subject=todos&measures=count&rows=kind")
        test.text_input(key="report_name").set_value("我的待办分布").run()
        test.button(key="keep_new").click().run()
        kept = test.query_params["kept"]
        test.multiselect(key="to_roles").set_value([Role.MANAGER]).run()
        test.button(key="share_report").click().run()
        test.selectbox(key="rhythm").set_value("daily").run()
        assert not test.exception and not sentences(test)
        assert "我的待办分布" in shown(head.at("reports"))
        assert "我的待办分布" in shown(visit("manager").at(f"reports?kept={kept}"))
        assert "我的待办分布" not in shown(visit("collections").at(f"reports?kept={kept}"))

    def test_a_file_that_is_made_can_be_fetched_from_the_page(self, visit):
        head = visit("head_risk")
        test = head.at("reports?report=classes")
        test.button(key="export_report").click().run()
        deadline = time.monotonic() + 20
        while "下载" not in shown(test) and time.monotonic() < deadline:
            test.run()
        assert "下载" in shown(test)
        assert "可下载" in shown(head.at("reports?view=files"))

    def test_a_large_list_is_asked_for_with_a_reason_and_waits(self, visit, monkeypatch):
        monkeypatch.setitem(
            parameters.PARAMETERS, "exports.rows", dataclasses.replace(parameters.PARAMETERS["exports.rows"], default=1)
        )
        test = visit("head_risk").at("loans")
        test.button(key="export_loans").click().run()
        test.button(key="ask_loans").click().run()
        assert "请填写：原因" in sentences(test)[0]
        test.text_area(key="why_loans").set_value("年末核对贷款清单")
        test.button(key="ask_loans").click().run()
        assert not test.exception and "待复核人审批" in shown(visit("head_risk").at("loans"))
        assert "大批量导出" in shown(visit("head_loans").at("approvals"))


class TestStrangeNames:
    @pytest.mark.parametrize("path", ["customer?no=K666", "customer?no=K667", "customer?no=K668", "loan?no=L666",
        "loan?no=L667", "todos",
                                      "signals", "customers", "loans"])  # fmt: skip
    def test_are_only_ever_text(self, visit, path):
        test = visit("head_risk").at(path)
        assert not test.exception
        for element in [*test.markdown, *test.caption, *test.title]:
            assert "![x](" not in element.value and "<b>" not in element.value.replace("\\<", "")
            assert "\u202e" not in element.value

    def test_what_turns_writing_around_is_seen(self):
        assert look.plain(TURNED) == "\ufffd王小二"
        assert look.visible("a\tb\r\nc\0") == "a b c\ufffd"

    def test_an_export_is_in_the_trail(self, visit):
        visit("head_risk").at("customers").button(key="export_customers").click().run()
        exports.work()
        with access.reading(conftest.person(ROLES["auditor"])) as conn:
            assert audit.listing(conn, op="export").total > 0


class TestLookingAsAColleague:
    @pytest.mark.parametrize("role", ["branch_head", "manager", "inspector"])
    def test_every_page_of_his_is_whole_and_offers_nothing_to_do(self, visit, role):
        his = visit(role)
        his.person = replace(his.person, viewer=conftest.person(ROLES["head_risk"]))
        for entry in menu.open_to(his.person):
            page = his.at(entry.path)
            assert not page.exception and not page.error, entry.path
            keys = {str(button.key) for button in page.button}
            assert not any(key.startswith(("move_", "claim_", "ask_plan", "setup", "add_lead", "note_")) for key in keys), (
                entry.path
            )
        assert "定期检查" in shown(his.at("todos"))

    def test_his_way_is_looked_at_where_the_trail_keeps_it(self, visit):
        his = visit("inspector")
        his.person = replace(his.person, viewer=conftest.person(ROLES["head_risk"]))
        page = his.at("my-footprints")
        assert "在“足迹”页查看" in shown(page) and not page.query_params.get("day")


class TestActing:
    def test_a_signal_is_taken_and_answered_by_the_same_person_and_closed_by_another(self, visit):
        with access.reading(MACHINE) as conn:
            signal = next(s for s in signals.queue(conn) if s.level == Level.ORANGE and s.state == "raised")
        li = visit("collections")
        test = li.at(f"signals?id={signal.id}").button(key="take").click().run()
        test.text_area(key="words").set_value("已电话")  # the dialog is still there to answer in
        test.button(key="answer").click().run()
        assert any("至少 5 个字" in s for s in sentences(test))
        test.text_area(key="words").set_value("已电话联系，承诺本周还款。")
        test.button(key="answer").click().run()
        test = visit("head_risk").at(f"signals?id={signal.id}").button(key="close").click().run()
        assert any("至少 5 个字" in s for s in sentences(test))
        assert any(
            "关闭橙色、红色预警" in said.value for said in visit("auditor").at("audit").markdown
        )  # not by its name in the code
        test.text_input(key="closing").set_value("欠款已结清。")
        test.button(key="close").click().run()
        with access.reading(MACHINE) as conn:
            assert signals.get(conn, signal.id).state == "closed"
        told = [line for said in visit("auditor").at(f"signals?id={signal.id}").markdown for line in said.value.splitlines()]
        answered, closed = (conftest.person(ROLES[role]).name for role in ("collections", "head_risk"))
        assert {f"| 处置人 | {answered} |", f"| 关闭人 | {closed} |"} <= set(told)

    def test_whoever_answered_a_signal_leaves_its_closing_to_a_colleague(self, visit):
        with access.reading(MACHINE) as conn:
            signal = next(s for s in signals.queue(conn) if s.level in (Level.ORANGE, Level.RED) and s.state == "raised")
        head = visit("head_risk")
        test = head.at(f"signals?id={signal.id}").button(key="take").click().run()
        test.text_area(key="words").set_value("已核实，抵押物足值。")
        test.button(key="answer").click().run()
        test = head.at(f"signals?id={signal.id}")
        assert any("其他同事复核后关闭" in c.value for c in test.caption) and "close" not in {b.key for b in test.button}
        with pytest.raises(refusals.YourOwnAnswer), acts.act(conftest.person(ROLES["head_risk"]), "signal.close") as conn:
            dealing.close(conn, conftest.person(ROLES["head_risk"]), signal.id, "抵押物足值", false_alarm=False, today=TODAY)

    def test_a_change_of_a_rule_waits_for_a_second_person(self, visit):
        head = visit("head_risk")
        test = head.at("rules?rule=FIRST-FIRM&tab=edit")
        test.button(key="begin_draft").click().run()
        test.number_input(key="FIRST-FIRM.grace").set_value(5).run()
        test.text_input(key="why_change").set_value("雨季路远")
        test.run()
        test.button(key="submit_rule").click().run()
        test = head.at("rules?view=waiting")
        assert "雨季路远" in shown(test)
        assert next(b for b in test.button if b.label == "批准").disabled
        test = visit("head_loans").at("rules?view=waiting")
        next(b for b in test.button if b.label == "批准").click().run()
        with access.reading(MACHINE) as conn:
            assert (
                definitions.one_in_force(conn, Definition.TODO_RULE, "FIRST-FIRM", TODAY + timedelta(days=1)).body["when"]["grace"]
                == 5
            )

    def test_a_refusal_is_a_sentence_where_it_happened(self, visit):
        head = visit("head_risk")
        test = head.at("rules?rule=FIRST-RETAIL&tab=edit")
        test.button(key="begin_draft").click().run()
        test.number_input(key="FIRST-RETAIL.lead").set_value(3).run()
        test.button(key="submit_rule").click().run()
        assert any("原因" in s for s in sentences(test))

    def test_searching_goes_to_the_one_it_can_be(self, visit):
        test = visit("head_risk").at("todos")
        test.text_input(key="search").set_value("K001").run()
        assert test.title[0].value == "农安王记粮油店"


def test_a_todo_says_its_reason_when_its_rule_is_of_another_version_of_the_system(visit, monkeypatch):
    monkeypatch.setattr(definitions, "of_version", lambda *_of: SimpleNamespace(body={"title": {"zh": "按老办法检查"}}))
    test = visit("manager").at("today")
    next(button for button in test.button if button.key.startswith("sheet_")).click().run()
    (reason,) = [said.value for said in test.markdown if "按老办法检查" in said.value]
    assert "该版本由其他版本的系统编写，已无法用文字说明。起算日" in reason


@pytest.mark.usefixtures("own_book")
class TestHandover:
    def finished(self, test: AppTest) -> AppTest:
        """Once the work beside the page is over."""
        name = next((name for name in ("work.handover", "work.handover.back") if name in test.session_state), None)
        if name is None:  # over before the page was drawn
            return test
        waiting = test.session_state[name]
        for _ in range(200):
            if waiting.over:
                break
            threading.Event().wait(0.05)
        return test.run()

    def test_a_branch_head_hands_over_and_takes_back(self, monkeypatch):
        li, zhou = conftest.person("802").id, conftest.person("803").id
        sun = Visit(monkeypatch, "branch_head")
        test = sun.at("handover")
        assert "请选择移交人" in shown(test)
        test.selectbox(key="giver").set_value(li).run()
        assert "农安王记粮油店" not in shown(test)  # what he holds is summed up until somebody receives it
        test.multiselect(key="receivers").set_value([zhou]).run()
        assert "超期待办移交后仍为超期" in shown(test) or "其中超期" in shown(test)
        before = next(t.value for t in test.dataframe if "customers" in t.value and "name" in t.value)
        assert list(before["customers"])[0].endswith("→ 0")
        test.text_input(key="why_handover").set_value("调往德惠支行").run()
        test = self.finished(test.button(key="hand_over").click().run())
        assert not test.exception
        with access.reading(MACHINE) as conn:
            (made,) = handovers.listing(conn)
        assert (made.state, made.from_id, made.to_ids, made.made_by) == ("done", li, [zhou], conftest.person("801").id)
        assert "调往德惠支行" in shown(sun.at("handover?view=list"))
        with access.reading(conftest.person("801")) as conn:
            assert not handover.look(conn, conftest.person("801"), li, [zhou], today=TODAY).rows

    def test_a_refusal_of_the_work_beside_the_page_is_a_sentence(self, monkeypatch):
        li, zhou = conftest.person("802").id, conftest.person("803").id
        test = Visit(monkeypatch, "branch_head").at("handover")
        test.selectbox(key="giver").set_value(li).run()
        test.multiselect(key="receivers").set_value([zhou]).run()
        test.text_input(key="why_handover").set_value("调往德惠支行").run()
        with access.transaction(MACHINE, "test") as conn:  # somebody else was quicker
            conn.exec_driver_sql("update loans set manager_id = null where loan_no = 'L1'")
        test = self.finished(test.button(key="hand_over").click().run())
        assert any("预览" in s for s in sentences(test))

    def test_an_absence_is_arranged_and_ended(self, monkeypatch):
        sun = Visit(monkeypatch, "branch_head")
        test = sun.at("handover?view=absences")
        assert "目前无人请假" in shown(test)
        test.selectbox(key="away").set_value(conftest.person("802").id).run()
        test.selectbox(key="standin").set_value(conftest.person("803").id).run()
        test.text_input(key="why_away").set_value("年休假五天").run()
        test.button(key="arrange").click().run()
        assert "周敏" in shown(sun.at("handover?view=absences"))

    def test_an_auditor_reads_what_was_handed_over_and_does_nothing(self, monkeypatch):
        test = Visit(monkeypatch, "auditor").at("handover")
        assert not test.exception and "暂无移交记录" in shown(test)
        assert not [button for button in test.button if button.key in ("hand_over", "arrange")]


class TestMyOwnStyle:
    """What 王芳 sets for herself, kept in the store and read again for every click."""

    @pytest.fixture
    def wang(self, visit, monkeypatch):
        head = visit("head_risk")

        def ask(_token):
            with access.reading(head.person) as conn:
                return Visitor(head.person, must_change=False, seen_at=clock.now()), preferences.of(conn, head.person)

        monkeypatch.setattr(frame, "_ask", ask)
        yield head
        with access.transaction(MACHINE, "test") as conn:
            conn.exec_driver_sql("delete from preferences")

    def wishes(self, wang) -> dict:
        with access.reading(wang.person) as conn:
            return preferences.of(conn, wang.person)

    def test_a_list_has_her_columns_in_her_order_and_so_has_its_export(self, wang):
        test = wang.at("customers")
        assert list(test.dataframe[0].value.columns)[:3] == ["customer_no", "name", "segment"]
        test.session_state["arrange_customers"] = True
        test.run().multiselect(key="columns_customers").set_value(["Exposure", "Customer", "Branch"]).run()
        assert list(test.dataframe[0].value.columns) == ["exposure_fen", "name", "branch"] and not test.exception
        assert list(wang.at("customers").dataframe[0].value.columns) == ["exposure_fen", "name", "branch"]
        wish = self.wishes(wang)["columns"]["customers"]
        with access.reading(wang.person) as conn:
            data = exports.of_list("customers", customers.Filter(TODAY)).data | {"columns": wish}
            fields = exports._source(conn, wang.person, "customers", data, TODAY).fields
        assert [field.title for field in fields][:3] == ["Exposure", "Customer", "Branch"]
        assert not {"Customer number", "Segment"} & {field.title for field in fields}
        test = wang.at("customers")
        test.session_state["arrange_customers"] = True
        test.run().button(key="columns_reset_customers").click().run()
        assert list(wang.at("customers").dataframe[0].value.columns)[0] == "customer_no" and self.wishes(wang)["columns"] == {}

    def test_filters_are_kept_under_a_name_and_lead_from_the_menu(self, wang):
        test = wang.at("loans?overdue=true")
        test.text_input(key="filter_name").set_value("逾期贷款")
        test.toggle(key="filter_pinned").set_value(True)
        test.button(key="save_filter").click().run()
        kept = {"name": "逾期贷款", "page": "loans", "query": {"overdue": "true"}, "pinned": True}
        assert self.wishes(wang)["filters"] == [kept]
        assert menu_of(wang.at("me"))[0]["links"][0] | {"icon": ""} == {
            "href": "/loans?overdue=true", "icon": "", "words": "逾期贷款", "here": False,
        }  # fmt: skip
        wang.at("loans").button(key="unsave_0").click().run()
        assert self.wishes(wang)["filters"] == []

    def test_a_search_for_a_phone_is_not_kept(self, wang):
        test = wang.at("customers?q=13900000001")
        test.text_input(key="filter_name").set_value("王记")
        test.button(key="save_filter").click().run()
        assert any("不予保存" in s for s in sentences(test)) and "filters" not in self.wishes(wang)

    def test_a_page_has_as_many_rows_as_she_wants(self, wang, monkeypatch):
        monkeypatch.setitem(preferences.CHOICES, "rows", ("2", "50"))
        assert len(wang.at("customers").dataframe[0].value) > 2
        style_of = wang.at("me").segmented_control(key="me.rows")
        style_of.set_value("2").run()
        assert len(wang.at("customers").dataframe[0].value) == 2


@pytest.mark.parametrize(
    "wish",
    [{"columns": ["a"]}, {"columns": {"customers": {"shown": ["a"]}}}, {"columns": {"customers": {"shown": ["a", "a"], "hidden": []}}}, {"density": "9"},
     {"filters": [{"name": "", "page": "loans", "query": {}, "pinned": True}]}, {"filters": [{"name": "a"}]}, {"rows": "1000"}, {"font": "huge"}],
)  # fmt: skip
def test_a_style_that_is_none_is_refused(book, wish):
    li = conftest.person("802")
    with access.transaction(li, "preference.set") as conn, pytest.raises(refusals.UnknownWish):
        preferences.prefer(conn, li, **wish)


def button(test: AppTest, label: str):
    return next(element for element in test.button if element.label == label)


class TestTheOfficersCustomers:
    def test_are_found_by_name_and_noted_about(self, visit):
        officer = visit("manager")
        page = officer.at("my-customers?q=刘洋")
        assert "刘洋" in shown(page) and "农安王记" not in shown(page)
        button(page, "备注").click().run()
        page.text_area(key="care.note").set_value("下周送材料")
        button(page, "保存").click().run()
        assert not page.exception
        assert "下周送材料" in shown(officer.at("customer?no=K002"))

    def test_a_new_number_stands_first_with_its_author_and_the_sources_beside(self, visit):
        officer = visit("manager")
        page = officer.at("customer?no=K001")
        button(page, "更新").click().run()
        page.text_input(key="care.phone").set_value("123")
        button(page, "保存").click().run()
        assert any("不是有效的电话号码" in sentence for sentence in sentences(page))
        button(page, "更新").click().run()
        page.text_input(key="care.phone").set_value("13711112222")
        page.text_area(key="care.business").set_value("粮油批发")
        button(page, "保存").click().run()
        text = shown(officer.at("customer?no=K001")).replace("\\\\", "")
        assert all(one in text for one in ("137****2222", "由李强登记", "源系统电话", "139****0001", "粮油批发"))

    def test_a_lead_is_added_followed_and_lost_with_a_reason(self, visit):
        officer = visit("manager")
        page = officer.at("my-customers?tab=leads")
        button(page, "新增商机").click().run()
        page.text_input(key="lead.name").set_value("春城五金店")
        page.text_area(key="lead.wish").set_value("想贷三十万元")
        button(page, "新增").click().run()
        page = officer.at("my-customers?tab=leads")
        button(page, "已联系").click().run()
        button(page, "流失…").click().run()
        page.text_input(key="lead.why").set_value("他行利率更低")
        button(page, "已流失").click().run()
        assert "他行利率更低" in shown(officer.at("my-customers?tab=leads&state=lost"))
        assert "春城五金店" in shown(visit("branch_head").at("customers?tab=leads"))


class TestFootprints:
    def test_a_look_at_ones_track_is_written_down_once(self, visit):
        officer, head = conftest.person("803"), visit("branch_head")
        for _ in range(3):
            page = head.at(f"footprints?day={TODAY}&staff={officer.id}")
        assert "留痕" in shown(page)
        with access.reading(MACHINE) as conn:
            lines = [line.after for line in audit.listing(conn, op="footprint.look").rows]
        assert lines == [{"staff_id": officer.id, "day": TODAY.isoformat()}]

    @pytest.mark.parametrize(
        "address", ["footprints?staff=999999", "footprints?staff=-1", "footprints?day=2026-13-01", "my-footprints?day=x"]
    )
    def test_nonsense_in_the_address_is_told(self, visit, address):
        page = visit("manager" if address.startswith("my") else "branch_head").at(address)
        assert not page.exception

    def test_what_is_kept_is_told_with_its_retention(self, visit):
        assert "90 天后" in shown(visit("manager").at("my-footprints?view=kept"))


@pytest.mark.usefixtures("own_book")
class TestTodosInBulk:
    def test_a_branch_head_gives_all_that_match_to_a_colleague_and_takes_it_back(self, monkeypatch):
        zhou = conftest.person("803").id
        test = Visit(monkeypatch, "branch_head").at("todos")
        test.toggle(key="bulk").set_value(True).run()
        assert "请在上表中勾选待办" in shown(test)
        test.radio(key="scope").set_value("all").run()
        test.multiselect(key="bulk_to").set_value([str(zhou)]).run()
        assert "对各责任人的影响" in shown(test) and not test.button(key="do_bulk").disabled
        test.button(key="do_bulk").click().run()
        assert not test.exception and not test.error
        with access.reading(MACHINE) as conn:
            (made,) = batches.listing(conn)
            assert made.n > 0 and batches.gone_to(conn, made.id) == {zhou: made.n}
        test = Visit(monkeypatch, "branch_head").at("todos?view=batches")
        assert "分派" in shown(test) and "周敏" in shown(test)

    def test_what_is_asked_for_stands_before_the_second_person(self, monkeypatch):
        test = Visit(monkeypatch, "branch_head").at("todos")
        test.toggle(key="bulk").set_value(True).run()
        test.radio(key="scope").set_value("all").run()
        test.segmented_control(key="act_False").set_value(BatchAct.DEFER).run()
        test.date_input(key=f"day_{BatchAct.DEFER}").set_value(TODAY + timedelta(days=120)).run()
        test.button(key="do_bulk").click().run()
        assert any("请填写：原因" in s for s in sentences(test))
        test.text_input(key=f"why_{BatchAct.DEFER}").set_value("春节后统一安排")  # and pressed before the field is left
        test.button(key="do_bulk").click().run()
        assert not test.exception and not test.error
        test = Visit(monkeypatch, "head_risk").at("todos?view=waiting")
        assert "待办延期" in shown(test) and "春节后统一安排" in shown(test)

    def test_a_campaign_is_begun_from_a_filter_and_stands_in_the_list(self, monkeypatch):
        test = Visit(monkeypatch, "head_risk").at("todos?view=campaigns")
        assert "暂无专项检查" in shown(test)
        test.text_input(key="campaign_name").set_value("行业排查").run()
        test.button(key="do_campaign").click().run()
        assert any("请填写：原因" in s for s in sentences(test))
        test.text_input(key="campaign_why").set_value("行业风险提示")  # and pressed before the field is left
        test.button(key="do_campaign").click().run()
        waiting = "work.campaign" in test.session_state and test.session_state["work.campaign"]
        for _ in range(200):
            if not waiting or waiting.over:
                break
            threading.Event().wait(0.05)
        test = Visit(monkeypatch, "head_risk").at("todos?view=campaigns")
        assert not test.exception and "行业排查" in shown(test)
        test = Visit(monkeypatch, "head_risk").at("customers?overdue=true")
        link = next(one for one in test.get("page_link") if "todos" in one.proto.page)
        assert "view=campaigns&from=customers&overdue=true" in link.proto.query_string
        test = Visit(monkeypatch, "head_risk").at("todos?view=campaigns&from=customers&overdue=true")
        test.text_input(key="campaign_name").set_value("逾期客户排查").run()
        assert not test.exception and "4 户" in shown(test)

    def test_an_auditor_sees_what_was_done_and_an_officer_only_the_list(self, monkeypatch):
        assert "批量操作记录" in shown(Visit(monkeypatch, "auditor").at("todos"))
        assert "批量操作记录" not in shown(Visit(monkeypatch, "manager").at("todos?batch=1"))


class TestChecksThatAreOdd:
    @pytest.fixture
    def copied(self, book) -> tuple[int, int]:
        li = conftest.person("802")
        made = check(li, "K001", timedelta(days=2), note=FOUND), check(li, "K002", note=f"{FOUND}无异常。")
        quality.judge_new(clock.now())
        return made

    def test_are_found_by_the_filter_and_stand_beside_what_they_repeat(self, visit, copied):
        first, second = copied
        test = visit("head_risk").at("records?flaw=copied")
        assert not test.exception
        assert {"文字雷同"} == set(test.dataframe[0].value["flags"])
        test = visit("manager").at(f"records?id={second}")
        told = shown(test)
        assert "文字重合" in told and "不影响任何流程" in told and told.count("orange-background") >= 2
        assert "质量提示" not in shown(visit("manager").at(f"records?id={first}"))

    def test_are_drawn_looked_at_again_by_another_and_counted(self, visit, copied):
        head = visit("head_risk")
        test = head.at("records?view=spot")
        test.toggle(key="draw_flagged").set_value(True)
        test.segmented_control(key="draw_how").set_value("number").run()
        test.number_input(key="draw_n").set_value(1).run()
        test = test.button(key="do_draw").click().run()
        assert not test.exception and "全行" in shown(test)
        with access.reading(conftest.person(ROLES["head_risk"])) as conn:
            (drawn,) = draws.listing(conn)
            (row,) = draws.looks(conn, drawn.id).rows
        assert row.flags and drawn.n == 1
        second = visit("head_loans")
        assert "0/1" in shown(second.at(f"records?view=spot&draw={drawn.id}"))
        test = second.at(f"records?id={row.record_id}")
        test.segmented_control(key="look_state").set_value(SecondLook.DOUBTED).run()
        assert "请填写" in " ".join(sentences(test.button(key="look_again").click().run()))
        test.text_area(key="look_words").set_value("与上次记录雷同，未见实质内容")
        test = test.button(key="look_again").click().run()
        assert not test.exception and "与上次记录雷同" in shown(test)
        assert "1/1" in shown(visit("auditor").at(f"records?view=spot&draw={drawn.id}"))
        assert "抽查" not in "".join(m.value for m in visit("manager").at(f"records?id={row.record_id}").subheader)


class TestTheMonth:
    def test_opens_the_signals_and_the_moves_behind_its_figures(self, visit):
        month, last = f"{TODAY:%Y-%m}", TODAY.replace(day=1) + timedelta(days=40)
        head = visit("head_risk")
        raised = shown(head.at(f"signals?raised_from={TODAY.replace(day=1)}&raised_to={last}"))
        assert "A02" in raised and "A02" not in shown(head.at(f"signals?raised_from={last}"))
        closed = conftest.ask("select count(*) from signals where rule_code = 'A02' and state in ('closed', 'false_alarm')")
        assert ("A02" in shown(head.at(f"signals?closed_from={TODAY.replace(day=1)}&by_hand=true"))) == (closed > 0)
        test = head.at(f"monthly?month={month}&moved=normal-loss")
        assert not test.exception and "没有这样的贷款" in "".join(m.value for m in test.markdown)
        assert not head.at(f"monthly?month={month}&moved=%00").exception

    def test_shows_as_many_officers_as_a_browser_can_hold_and_says_so(self, visit, monkeypatch):
        month = f"monthly?month={TODAY:%Y-%m}"
        whole = shown(visit("head_risk").at(month))
        assert "李强" in whole and "仅列前" not in whole
        monkeypatch.setattr(tables, "MOST", 0)  # the small bank has one officer
        cut = shown(visit("head_risk").at(month))
        assert "李强" not in cut and "仅列前 0 行" in cut
