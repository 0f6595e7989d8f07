"""Branches moved, closed, merged and parted: 王芳 asks, 赵刚 decides, what hangs on them goes along, and the nightly files do not undo it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from db import access, branches, requests, staff, tables
from db import reports as kept
from db.access import MACHINE
from db.vocab import BranchAct, Request, Role
from engine import acts, approvals, clock, kept_reports, refusals, reports, restructuring
from engine import branches as verbs
from engine.feed import load
from tests.bank import TODAY, first_delivery
from tests.conftest import person
from tests.test_pages import Visit, sentences, shown

NOW = clock.now()
WHY = "网点整合方案"
WISH = reports.Wish(subject="loans", measures=("count",), rows=("branch",))


@pytest.fixture(autouse=True)
def _today(small_bank, monkeypatch):
    """K003 of the outlet 合隆分理处 has an open and a closed todo, and an open signal."""
    monkeypatch.setenv("VIGIL_TODAY", str(TODAY))
    with access.transaction(MACHINE, "test") as conn:
        who = conn.exec_driver_sql("select id, branch_id, manager_id from customers where customer_no = 'K003'").one()
        about = {"customer_id": who.id, "branch_id": who.branch_id}
        todo = about | {"kind": "regular", "mode": "field", "family": "farm", "loan_ids": [], "assignee_id": who.manager_id} | dict.fromkeys(
            ("nominal_on", "due_on", "created_on"), TODAY) | {"late_from": TODAY + timedelta(days=1)}  # fmt: skip
        over = {"state": "cancelled", "closed_on": TODAY, "close_reason": "by_hand"}
        for more in ({"period": "open"}, {"period": "over"} | over):
            conn.execute(sa.insert(tables.todos).values(**todo, **more))
        conn.execute(sa.insert(tables.signals).values(
            **about, rule_code="X", rule_version=1, subject_kind="customer", subject_id=who.id, level="blue", evidence={}, first_on=TODAY,
            last_on=TODAY))  # fmt: skip


def ask(code: str, act: BranchAct, to: str | None = None, on=None, by: str = "001") -> int:
    me = person(by)
    with acts.act(me, "branch.restructure") as conn:
        return restructuring.ask(conn, me, code, act, WHY, now=NOW, to=to, on=on)


def approve(request: int, by: str = "002") -> None:
    me = person(by)
    with acts.act(me, "request.decide") as conn:
        approvals.approve(conn, me, request, now=NOW)


def done(*wish, **more) -> int:
    request = ask(*wish, **more)
    approve(request)
    return request


def at(table: str, which: str) -> str:
    """Name of the branch of a row."""
    with access.reading(MACHINE) as conn:
        return conn.exec_driver_sql(
            f"select name from branches where id = (select branch_id from {table} where {which})"
        ).scalar_one()


K003 = "customer_id = (select id from customers where customer_no = 'K003')"


def where_all_is() -> dict[str, str]:
    return {
        "customer": at("customers", "customer_no = 'K003'"), "loan": at("loans", "loan_no = 'L3'"),
        "open": at("todos", f"{K003} and closed_on is null"), "over": at("todos", f"{K003} and closed_on is not null"),
        "signal": at("signals", K003), "staff": at("staff", "staff_no = '804'"),
        "role": at("staff_roles", "staff_id = (select id from staff where staff_no = '804') and (valid_to is null or valid_to > vigil_today())"),
    }  # fmt: skip


MOVED = dict.fromkeys(("customer", "loan", "open", "signal", "staff", "role"), "朝阳支行") | {"over": "合隆分理处"}


def sees(number: str) -> set[str]:
    with access.reading(person(number)) as conn:
        return set(conn.execute(sa.select(tables.customers.c.customer_no)).scalars())


def branch(code: str):
    with access.reading(MACHINE) as conn:
        return branches.by_code(conn, code)


def hand_down(folder, days: int, change=None) -> None:
    given = first_delivery().on(TODAY + timedelta(days=days))
    if change:
        change(given)
    (report,) = load.load(given.write(folder), "union")
    assert report.stops == []


class TestMoving:
    def test_gives_the_branch_to_other_heads_and_no_file_takes_it_back(self, tmp_path):
        assert "K003" in sees("801") and "K003" not in sees("101")
        done("2290081", BranchAct.MOVE, "229001")
        assert "K003" not in sees("801") and "K003" in sees("101")
        hand_down(tmp_path, 1)
        assert branch("2290081").parent_id == branch("229001").id

    def test_goes_not_below_itself_nor_where_it_is_and_the_top_stays(self):
        for code, to, no in (
            ("229008", "2290081", refusals.BelowItself), ("229008", "229008", refusals.BelowItself),
            ("2290081", "229008", refusals.HeldAlready), ("229000", "229008", refusals.TopBranch), ("2290081", "9", refusals.NotFound),
        ):  # fmt: skip
            with pytest.raises(no):
                ask(code, BranchAct.MOVE, to)


class TestClosing:
    def test_is_refused_while_something_hangs_on_it_with_the_counts(self):
        with pytest.raises(refusals.BranchHolds) as no:
            ask("2290081", BranchAct.CLOSE, on=TODAY)
        assert no.value.sentence().startswith(
            "合隆分理处 still has 1 people, 1 customers, 1 open todos, 1 open signals and 0 branches"
        )

    def test_an_empty_one_from_its_day_on_whatever_a_file_says(self, gao, tmp_path, monkeypatch):
        with acts.act(gao, "branch.change") as conn:
            verbs.add(conn, gao, "2290082", "哈拉海分理处", "229008")
        with pytest.raises(refusals.BadPeriod):
            ask("2290082", BranchAct.CLOSE, on=TODAY - timedelta(days=1))
        done("2290082", BranchAct.CLOSE, on=TODAY + timedelta(days=2))
        assert branch("2290082").is_open
        for days in (1, 2):
            monkeypatch.setenv("VIGIL_TODAY", str(TODAY + timedelta(days=days)))
            hand_down(tmp_path, days, lambda given: given.branches.append(("2290082", "哈拉海分理处", "229008")))
        assert not branch("2290082").is_open and branch("2290082").closed_on == TODAY + timedelta(days=2)


class TestMerging:
    def test_takes_along_what_is_not_over_and_its_history_is_seen_by_the_successors_head(self):
        done("2290081", BranchAct.MERGE, "229001")
        assert where_all_is() == MOVED
        assert "K003" in sees("101") and "K003" not in sees("801")
        with access.reading(person("101")) as conn:
            assert conn.exec_driver_sql(f"select count(*) from todos where {K003}").scalar_one() == 2
        assert not branch("2290081").is_open

    def test_the_files_may_go_on_naming_the_old_code(self, tmp_path):
        done("2290081", BranchAct.MERGE, "229001")

        def changed(given):
            given.customers[2] = ("K003", "张敏敏", *given.customers[2][2:])
            given.customers.append(("K009", "新客", "10", "990000199909090099", "13900000099", "合隆镇", "2290081", "804"))
            given.staff[-1] = ("804", "钱进", "2290081", "客户经理", "13900000804")
            given.branches.append(("2290083", "合隆二部", "2290081"))

        hand_down(tmp_path, 1, changed)
        assert where_all_is() == MOVED and at("customers", "customer_no = 'K009'") == "朝阳支行"
        assert branch("2290083").parent_id == branch("229001").id and not branch("2290081").is_open

    def test_again_follows_to_the_end_and_a_branch_may_go_into_its_own_outlet(self, tmp_path):
        done("229008", BranchAct.MERGE, "2290081")
        assert branch("2290081").parent_id == branch("229000").id and at("customers", "customer_no = 'K001'") == "合隆分理处"
        done("2290081", BranchAct.MERGE, "229001")
        hand_down(tmp_path, 1, lambda given: given.loan("L9", "K001"))
        assert at("loans", "loan_no = 'L9'") == "朝阳支行" and branch("229008").merged_into == branch("229001").id

    def test_reports_shared_with_it_are_read_at_the_successor_and_no_more_when_it_is_taken_back(self, wang):
        def shared_with(staff_no: str) -> bool:
            with access.reading(person(staff_no)) as conn:
                return report in [row.id for row in kept.listing(conn)]

        with access.transaction(wang, "report.share") as conn:
            report = kept_reports.keep(conn, wang, "合隆月报", WISH)
            kept_reports.share(conn, wang, report, [Role.MANAGER], [branch("2290081").id])
        assert shared_with("804") and not shared_with("102")
        done("2290081", BranchAct.MERGE, "229001")
        assert shared_with("804") and shared_with("102")
        done("2290081", BranchAct.PART)
        assert shared_with("804") and not shared_with("102")

    def test_ends_the_role_of_its_head_who_signs_in_no_more(self, sun):
        done("229008", BranchAct.MERGE, "229001")
        with access.reading(MACHINE) as conn:
            assert staff.person(conn, sun.id) is None
            assert staff.person(conn, person("802").id).branch_name == "朝阳支行"

    def test_is_taken_back_but_for_what_has_gone_on_since(self):
        before = where_all_is()
        done("2290081", BranchAct.MERGE, "229001")
        done("2290081", BranchAct.PART)
        assert where_all_is() == before and branch("2290081").is_open
        assert "K003" in sees("801") and "K003" not in sees("101")
        done("2290081", BranchAct.MERGE, "229001")
        with access.transaction(MACHINE, "test") as conn:
            conn.exec_driver_sql(
                "update customers set branch_id = (select id from branches where code = '229008') where customer_no = 'K003'"
            )
        done("2290081", BranchAct.PART)
        assert where_all_is() == before | {"customer": "农安支行"}


class TestTwoPeople:
    def test_of_head_office_on_what_it_was_based_on(self):
        for number in ("003", "004", "006", "007", "801"):
            with pytest.raises(refusals.NotPermitted):
                ask("2290081", BranchAct.MERGE, "229001", by=number)
        request = ask("2290081", BranchAct.MERGE, "229001")
        with pytest.raises(refusals.AlreadyWaiting):
            ask("2290081", BranchAct.MOVE, "229001", by="002")
        with pytest.raises(refusals.FourEyes):
            approve(request, by="001")
        with access.transaction(person("001"), "test") as conn:
            assert conn.exec_driver_sql(f"select vigil_restructure({request})").scalar_one() is False
        with access.transaction(MACHINE, "test") as conn:
            conn.exec_driver_sql(
                "update branches set parent_id = (select id from branches where code = '229001') where code = '2290081'"
            )
        with pytest.raises(refusals.Stale):
            approve(request)
        with pytest.raises(refusals.CannotBeUndone):
            ask("229001", BranchAct.PART)

    def test_by_the_page_with_what_goes_along_and_the_queue(self, monkeypatch):
        page = Visit(monkeypatch, "head_risk").at("branches?code=2290081")
        page.selectbox(key="act").set_value(BranchAct.CLOSE).run()
        page.text_input(key="branch_why").set_value(WHY).run()
        page.button(key="do_restructure").click().run()
        assert "合隆分理处名下仍有人员 1 人" in sentences(page)[0]
        page.selectbox(key="act").set_value(BranchAct.MERGE).run()
        assert "人员 1 人 · 客户 1 户 · 未结清贷款 1 笔" in shown(page)
        page.selectbox(key="to").set_value("229001").run()
        page.button(key="do_restructure").click().run()
        assert not page.exception
        with access.reading(MACHINE) as conn:
            (request,) = requests.about(conn, Request.BRANCH, branch("2290081").id)
        queue = Visit(monkeypatch, "head_loans").at("approvals")
        assert "并入其他机构 · 合隆分理处" in shown(queue) and "客户 1 户" in shown(queue)
        queue.button(key=f"approve_{request.id}").click().run()
        assert not queue.exception and where_all_is() == MOVED
        assert "并入 朝阳支行" in shown(Visit(monkeypatch, "auditor").at("branches?code=2290081"))
