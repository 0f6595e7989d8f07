"""Branches by hand beside the feeds: 高鑫 adds and renames them, and no night undoes what people decided."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from db import access, branches, tables
from db.access import MACHINE
from engine import acts, refusals
from engine import branches as verbs
from engine.feed import load
from tests.bank import TODAY, first_delivery
from tests.conftest import person
from tests.test_pages import Visit, sentences, shown

TOMORROW, AFTER = TODAY + timedelta(days=1), TODAY + timedelta(days=2)


def branch(code: str):
    with access.reading(MACHINE) as conn:
        return branches.by_code(conn, code)


def above(code: str) -> str:
    with access.reading(MACHINE) as conn:
        return branches.names(conn)[branch(code).parent_id]


def add(by, code: str = "2290082", name: str = "哈拉海分理处", parent: str = "229008") -> None:
    with acts.act(by, "branch.change") as conn:
        verbs.add(conn, by, code, name, parent)


def rename(by, code: str, name: str) -> None:
    with acts.act(by, "branch.change") as conn:
        verbs.rename(conn, by, code, name)


def hand_down(folder, day, **changes) -> None:
    given = first_delivery().on(day)
    for table, rows in changes.items():
        setattr(given, table, rows)
    (report,) = load.load(given.write(folder), "union")
    assert report.stops == []


def named(code: str, name: str, parent: str | None = None) -> list[tuple]:
    return [(c, name, p if parent is None else parent) if c == code else (c, n, p) for c, n, p in first_delivery().branches]


class TestANewOutlet:
    def test_stands_below_its_branch_at_once_and_its_head_sees_it(self, gao, sun):
        add(gao)
        with access.reading(sun) as conn:
            assert branch("2290082").id in branches.under(conn, sun.branch_id)
            assert branch("2290082").id in conn.exec_driver_sql("select vigil_branches()").scalar_one()

    def test_stays_when_no_feed_hands_it_down(self, gao, tmp_path):
        add(gao)
        hand_down(tmp_path, TOMORROW)
        assert branch("2290082").closed_on is None and above("2290082") == "农安支行"

    def test_keeps_its_name_and_place_when_a_feed_comes_to_know_it_until_it_is_let_say_so(self, gao, tmp_path):
        add(gao)
        known = [*first_delivery().branches, ("2290082", "哈拉海", "229001")]
        hand_down(tmp_path, TOMORROW, branches=known)
        assert (branch("2290082").name, above("2290082")) == ("哈拉海分理处", "农安支行")
        with acts.act(gao, "branch.change") as conn:
            verbs.follow_feed(conn, gao, "2290082")
        hand_down(tmp_path, AFTER, branches=known)
        assert (branch("2290082").name, above("2290082")) == ("哈拉海", "朝阳支行")

    def test_once_the_feed_knows_it_the_feed_may_close_it(self, gao, tmp_path):
        add(gao)
        hand_down(tmp_path, TOMORROW, branches=[*first_delivery().branches, ("2290082", "哈拉海", "229008")])
        hand_down(tmp_path, AFTER)
        assert branch("2290082").closed_on == AFTER

    def test_is_refused_in_words(self, gao):
        for code, name, parent, no in (
            ("229008", "农安二部", "229000", refusals.BranchCodeTaken), ("2 90", "农安二部", "229000", refusals.BadBranchCode),
            ("229009", "  ", "229000", refusals.Missing), ("229009", "长" * 41, "229000", refusals.TooLong),
            ("229009", "农安二部", "999999", refusals.NotFound),
        ):  # fmt: skip
            with pytest.raises(no):
                add(gao, code, name, parent)

    def test_is_not_put_below_a_closed_one(self, gao, tmp_path):
        hand_down(tmp_path, TOMORROW, branches=first_delivery().branches[:3], customers=first_delivery().customers[:2], loans=[],
                  staff=[row for row in first_delivery().staff if row[2] != "2290081"])  # fmt: skip
        with pytest.raises(refusals.BranchIsClosed):
            add(gao, parent="2290081")


class TestAName:
    def test_of_people_s_choosing_stands_against_the_feed_and_one_of_the_feed_s_does_not(self, gao, tmp_path):
        rename(gao, "229008", "农安中心支行")
        hand_down(tmp_path, TOMORROW, branches=named("229008", "农安县支行"))
        assert branch("229008").name == "农安中心支行"
        hand_down(tmp_path, AFTER, branches=named("229001", "朝阳区支行"))
        assert (branch("229001").name, branch("229008").name) == ("朝阳区支行", "农安中心支行")

    def test_is_nobodys_to_change_but_the_system_administrators(self, small_bank):
        for number in ("001", "004", "005", "007", "801", "802"):
            by = person(number)
            with pytest.raises(refusals.NotPermitted):
                rename(by, "229008", "x")
            with pytest.raises(sa.exc.ProgrammingError), access.transaction(by, "test") as conn:
                if not conn.execute(sa.update(tables.branches).values(name="x")).rowcount:
                    raise sa.exc.ProgrammingError("no row", None, None)


class TestThePage:
    @pytest.fixture(autouse=True)
    def _today(self, small_bank, monkeypatch):
        monkeypatch.setenv("VIGIL_TODAY", str(TODAY))

    def test_shows_head_office_who_and_what_is_where(self, monkeypatch):
        page = Visit(monkeypatch, "head_risk").at("branches")
        assert not page.exception
        table = page.dataframe[0].value.set_index("code")
        assert list(table.loc["229008", ["heads", "officers", "staff", "customers", "loans"]]) == ["孙丽", 3, 4, 3, 3]
        assert list(table.loc["229000", ["customers", "loans"]]) == [5, 5]

    def test_shows_administrators_no_figure_of_the_book(self, monkeypatch):
        page = Visit(monkeypatch, "system_admin").at("branches")
        assert not page.exception and "customers" not in page.dataframe[0].value

    def test_takes_a_new_branch_and_says_what_is_wrong_with_another(self, monkeypatch):
        page = Visit(monkeypatch, "system_admin").at("branches")
        page.text_input(key="new_code").set_value("229008")
        page.text_input(key="new_name").set_value("哈拉海分理处")
        page.selectbox(key="new_parent").set_value("229008")
        page.button(key="do_add").click().run()
        assert "机构号 229008 已存在" in sentences(page)[0]
        page.text_input(key="new_code").set_value("2290082")
        page.button(key="do_add").click().run()
        assert not page.exception and above("2290082") == "农安支行"

    def test_opens_one_and_renames_it(self, monkeypatch):
        page = Visit(monkeypatch, "system_admin").at("branches?code=2290081")
        assert not page.exception and "农安支行" in shown(page) and "钱进" in shown(page)
        page.text_input(key="renamed").set_value("合隆支行").run()
        page.button(key="do_rename").click().run()
        assert branch("2290081").name == "合隆支行" and "数据文件不再更改" in shown(page)

    def test_says_when_there_is_no_such_branch(self, monkeypatch):
        for asked in ("0", "' or 1=1", "%00", "9" * 300):
            page = Visit(monkeypatch, "auditor").at(f"branches?code={asked}")
            assert not page.exception and "没有此机构" in shown(page)
