"""Targets that differ by branch: two people sign them, branches below inherit them, the dashboard measures against them."""

from datetime import timedelta

import pytest

from db import access, branches, definitions
from db.access import MACHINE
from db.vocab import Definition
from engine import acts, clock, parameters, refusals, rulebook
from tests.bank import TODAY
from tests.conftest import person
from tests.test_pages import Visit, shown

NOW = clock.now()
NEXT = TODAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def _today(small_bank, monkeypatch):
    monkeypatch.setenv("VIGIL_TODAY", str(TODAY))


def propose(code: str, value: float | None, day=NEXT) -> int:
    wang = person("001")
    with acts.act(wang, "parameter.change") as conn:
        return rulebook.propose(conn, wang, Definition.PARAMETER, code, {"value": value}, day, "分类考核", today=TODAY)


def agree(code: str, value: float | None, day=NEXT) -> None:
    made, zhao = propose(code, value, day), person("002")
    with acts.act(zhao, "rule.decide") as conn:
        rulebook.approve(conn, zhao, made, now=NOW, today=TODAY)


def on_time(code: str | None, day=NEXT) -> float:
    with access.reading(MACHINE) as conn:
        branch = branches.by_code(conn, code).id if code else None
        return parameters.targets(conn, day, branch)["target.on_time"]


def test_a_branch_s_own_target_holds_below_it_from_its_day_on_and_nowhere_else():
    agree("target.on_time@229008", 0.8)
    assert [on_time(code) for code in ("229008", "2290081", "229001", "229000", None)] == [0.8, 0.8, 0.95, 0.95, 0.95]
    assert on_time("229008", TODAY) == 0.95
    agree("target.on_time@2290081", 0.7)
    agree("target.on_time", 0.9)
    assert [on_time(code) for code in ("229008", "2290081", "229001")] == [0.8, 0.7, 0.9]
    agree("target.on_time@2290081", None, NEXT + timedelta(days=1))
    assert on_time("2290081", NEXT + timedelta(days=1)) == 0.8  # again as the branch above it


def test_only_targets_differ_and_only_of_branches_there_are():
    for code, value, no in (
        ("calls.a_day@229008", 2, refusals.BadRule), ("target.on_time@9", 0.8, refusals.NotFound), ("target.on_time", None, refusals.BadRule),
        ("target.on_time@229008", -1, refusals.BadRule), ("target.none@229008", 0.5, refusals.BadRule),
    ):  # fmt: skip
        with pytest.raises(no):
            propose(code, value)


def test_the_head_of_a_branch_is_measured_against_his_own(monkeypatch):
    agree("target.on_time@229008", 0.8)
    monkeypatch.setenv("VIGIL_TODAY", str(NEXT))
    aims = {role: Visit(monkeypatch, role).at("dashboard") for role in ("branch_head", "head_risk")}
    assert "80%" in shown(aims["branch_head"]) and "80%" not in shown(aims["head_risk"]) and "95%" in shown(aims["head_risk"])


def test_it_is_asked_on_the_page_of_parameters(monkeypatch):
    page = Visit(monkeypatch, "head_risk").at("rules?view=parameters&parameter=target.on_time")
    page.selectbox(key="target_branch").set_value("229008").run()
    page.button(key="submit_parameter").click().run()
    assert "内容与现行版本相同" in shown(page)  # as for the bank
    page.toggle(key="inherits_229008").set_value(False).run()
    page.number_input(key="new_value229008").set_value(80.0)
    page.text_input(key="why_change").set_value("分类考核")  # and pressed before the field is left
    page.button(key="submit_parameter").click().run()
    assert not page.exception
    with access.reading(MACHINE) as conn:
        (waiting,) = definitions.awaiting(conn, Definition.PARAMETER)
    assert (waiting.code, waiting.body) == ("target.on_time@229008", {"value": 0.8})
    queue = shown(Visit(monkeypatch, "head_loans").at("approvals"))
    assert "229008" in queue and "按上级机构目标" in queue and "80%" in queue
