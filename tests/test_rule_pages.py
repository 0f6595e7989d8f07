"""Head office writes a rule at the desk: from a template, in words, tried out; a second person lets it in; retired, and back."""

import threading
from datetime import timedelta

from streamlit.testing.v1 import AppTest

from db import access, definitions, signals
from db.access import MACHINE
from db.vocab import Definition, Unit
from engine import clock, night, rehearsal, rulebook
from pages.parts import changes
from tests.conftest import person
from tests.evening import TODAY
from tests.test_pages import book, sentences, shown, visit  # noqa: F401 (fixtures)

TOMORROW = TODAY + timedelta(days=1)


def in_force(code: str, day=TOMORROW, family=Definition.TODO_RULE):
    with access.reading(MACHINE) as conn:
        return definitions.one_in_force(conn, family, code, day)


def approve(visit) -> None:  # noqa: F811
    test = visit("head_loans").at("approvals")
    assert "查看试运行效果" in shown(test)
    next(b for b in test.button if b.label == "批准").click().run()
    assert not test.exception


def finished(test: AppTest, work: str = "work.rule_trial") -> AppTest:
    """Once the nights beside the page have been tried."""
    work = test.session_state[work]
    for _ in range(600):
        if work.over:
            break
        threading.Event().wait(0.05)
    return test.run()


def test_a_rule_is_begun_from_a_template_tried_out_and_let_in_by_a_second_person(visit, monkeypatch):  # noqa: F811
    monkeypatch.setattr(rehearsal, "WEEKS", 2)
    head = visit("head_risk")
    test = head.at("rules")
    test.selectbox(key="new_from").set_value("REG-FARM").run()
    test.text_input(key="new_title").set_value("大棚贷款按月检查").run()
    test.text_input(key="new_code_REG-FARM").set_value("reg farm").run()
    assert any("大写字母" in s for s in sentences(test))
    test.button(key="begin_rule").click().run()
    assert "rule" not in test.query_params and any("大写字母" in s for s in sentences(test))
    test.text_input(key="new_code_REG-FARM").set_value("REG-FIRM").run()
    assert any("已存在" in s for s in sentences(test))
    test.text_input(key="new_code_REG-FARM").set_value("REG-SHED").run()
    test.button(key="begin_rule").click().run()
    assert test.query_params["rule"] == "REG-SHED" and not test.exception
    test.selectbox(key="REG-SHED.unit").set_value(Unit.MONTH).run()
    assert any("提前" in s for s in sentences(test)) and test.button(key="submit_rule").disabled
    test.number_input(key="REG-SHED.lead").set_value(10).run()
    test.multiselect(key="REG-SHED.who.0.who.0.value.family.True").set_value(["business"]).run()
    test.button(key="REG-SHED.who.0.who.add").click().run()
    test.button(key="REG-SHED.who.1.who.2.drop").click().run()
    test.text_input(key="why_change").set_value("大棚贷款增多").run()
    test.button(key="to_effect").click().run()
    test.button(key="try_out").click().run()
    test = finished(test)
    assert not test.exception and "生效首日的待办变化" in shown(test) and "分人员" in shown(test)
    test.query_params["tab"] = "edit"
    test.run()
    assert test.text_input(key="why_change").value == "大棚贷款增多"  # written before its effect was looked at
    test.button(key="submit_rule").click().run()
    assert in_force("REG-SHED") is None
    approve(visit)
    made = in_force("REG-SHED").body
    assert made["when"] == {
        "anchor": "schedule",
        "every": {"n": 1, "unit": "month"},
        "lead": 10,
        "grace": 15,
        "shift": "next",
        "latest": 10,
    }
    assert made["who"]["all"][0] == {"field": "family", "op": "in", "value": ["business"]} and len(made["who"]["all"]) == 2


def test_whoever_decides_sees_what_is_another_in_bold():
    was = "涉农：定期检查（电话），每年，自放款日按计划起算；宽限 15 天"
    assert changes.marked(was.replace("每年", "每半年"), was) == was.replace("每年", "**每半年**")
    assert changes.marked("over ¥50,000: every year", "over ¥80,000: every year") == "**over ¥50,000**: every year"
    assert changes.marked(was, was) == was


def test_whoever_decides_is_told_a_product_by_its_name(visit):  # noqa: F811
    farm = in_force("REG-FARM", TODAY).body | {"who": {"all": [{"field": "product", "op": "in", "value": ["201"]}]}}
    with access.transaction(person("001"), "rule.change") as conn:
        asked = rulebook.propose(conn, person("001"), Definition.TODO_RULE, "REG-FARM", farm, TOMORROW, "201 alone", today=TODAY)
    assert "产品为201 个人经营贷" in shown(visit("head_loans").at("approvals")).replace("*", "")
    with access.transaction(person("002"), "rule.decide") as conn:
        rulebook.refuse(conn, person("002"), asked, "这一产品不单列", now=clock.now())


def test_a_rule_is_retired_from_a_day_and_an_older_version_comes_back(visit):  # noqa: F811
    head = visit("head_risk")
    test = head.at("rules?rule=KEY-CLASS")
    test.button(key="retire").click().run()
    assert "自生效日起停用" in shown(test) and test.query_params["tab"] == "edit"
    test.text_input(key="why_change").set_value("并入定期检查").run()
    test.button(key="submit_rule").click().run()
    assert "并入定期检查" in shown(head.at("rules?rule=KEY-CLASS&tab=try"))
    approve(visit)
    assert in_force("KEY-CLASS").body["enabled"] is False and in_force("KEY-CLASS", TODAY).version == 1
    test = visit("head_risk").at("rules?rule=KEY-CLASS&tab=versions")
    assert "v2" in shown(test) and not [b for b in test.button if b.key == "back_to_2"]  # will hold anyway
    test.button(key="back_to_1").click().run()  # in force today still, and again from tomorrow on
    test.text_input(key="why_change").set_value("暂不并入").run()
    test.button(key="submit_rule").click().run()
    approve(visit)
    assert in_force("KEY-CLASS").body.get("enabled", True) and in_force("KEY-CLASS").version == 3


def test_whoever_only_reads_changes_and_tries_nothing(visit):  # noqa: F811
    for role in ("auditor", "branch_head"):
        test = visit(role).at("rules?rule=FIRST-FIRM&tab=edit")
        assert not test.exception and "对公与小微首次检查" in shown(test)
        assert not [b for b in test.button if b.key in ("begin_draft", "retire", "try_out")]
    assert "没有这条规则" in shown(visit("head_risk").at("rules?rule=%00nothing"))


def test_a_signal_rule_under_a_new_code_is_written_tried_out_let_in_and_fires(visit):  # noqa: F811
    head = visit("head_risk")
    test = head.at("rules?view=signal")
    test.text_input(key="new_title").set_value("大额客户逾期").run()
    test.text_input(key="new_code_None").set_value("Z-1").run()
    assert any("代码" in s for s in sentences(test))
    test.text_input(key="new_code_None").set_value("Z01")  # and pressed before the field is left
    test.button(key="begin_rule").click().run()
    assert test.query_params["rule"] == "Z01" and not test.exception
    test.toggle(key="Z01.customer.yellow.on").set_value(False).run()
    assert any("不能为空" in s for s in sentences(test)) and test.button(key="submit_rule").disabled
    test.toggle(key="Z01.customer.red.on").set_value(True).run()
    test.number_input(key="Z01.customer.red.0.who.0.value.overdue_days.False").set_value(30.0).run()
    test.multiselect(key="Z01.evidence.customer").set_value(["overdue_days", "exposure"]).run()
    test.button(key="to_effect").click().run()
    test.button(key="try_out").click().run()
    test = finished(test, "work.signal_trial")
    assert not test.exception and "K666" not in shown(test) and "新增预警" in shown(test)
    assert next(m for m in test.metric if m.label == "新触发").value == "3"
    assert "大额客户逾期" in shown(head.at("rules?view=signal"))
    test = head.at("rules?view=signal&rule=Z01&tab=edit")
    test.text_input(key="why_change").set_value("大户逾期要当天知道").run()
    test.button(key="submit_rule").click().run()
    assert in_force("Z01", family=Definition.SIGNAL_RULE) is None
    assert "最近十二个月" in shown(visit("head_loans").at("rules?view=signal&rule=Z01&tab=try"))  # kept from the first try
    approve(visit)
    night.night(TOMORROW)
    with access.reading(MACHINE) as conn:
        fired = signals.queue(conn, rule="Z01")
    assert sorted(row.customer_no for row in fired) == ["K666", "K667", "K668"]
    assert all(row.level == "red" and set(row.evidence) == {"overdue_days", "exposure"} for row in fired)
