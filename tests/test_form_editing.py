"""A form is written by hand on the screen: kept as it is typed, wrong meanwhile, and told in words what it changes."""

import copy
from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace

import pytest
import yaml

from db import access, definitions, sketches
from db.access import MACHINE
from db.vocab import Definition, Kind, Mode
from engine import form_editing, form_words, forms, opening, refusals, rulebook
from engine.forms import Type
from tests.evening import TODAY
from tests.test_pages import book, sentences, shown, visit  # noqa: F401 (fixtures)

SHIPPED = {body["code"]: body for body in yaml.safe_load((opening.STARTERS / "forms.yaml").read_text(encoding="utf-8"))}
ROWS = [SimpleNamespace(body=body, version=1) for body in SHIPPED.values()]
NOON = datetime.combine(TODAY, time(4), UTC)
FARMER = forms.parse(SHIPPED["VISIT-FARMER"])


def titles(body: dict) -> list[str]:
    return [item["title"]["zh"] for item in form_editing.questions(body)]


@pytest.fixture
def draft() -> dict:
    return form_editing.plain(FARMER)


def test_a_form_taken_apart_is_the_same_form(draft):
    assert forms.parse(draft) == FARMER
    assert form_words.differences(FARMER, forms.parse(draft)) == []


def test_a_question_moves_up_and_over_the_edge_of_its_section(draft):
    first, second = (section["fields"] for section in draft["sections"][:2])
    moved = second[0]["code"]
    form_editing.move_question(draft, moved, -1)
    assert first[-1]["code"] == moved
    form_editing.move_question(draft, moved, 1)
    assert second[0]["code"] == moved
    before = copy.deepcopy(draft)
    form_editing.move_question(draft, first[0]["code"], -1)
    form_editing.move_question(draft, draft["sections"][-1]["fields"][-1]["code"], 1)
    assert draft == before


def test_a_new_question_of_every_kind_can_be_used_at_once(draft):
    for kind in Type:
        form_editing.add_question(draft, 0, f"新问题 {kind}", kind)
    assert form_editing.problem(draft) is None
    assert len({item["code"] for item in form_editing.questions(draft)}) == len(titles(draft))


def test_what_is_wrong_names_the_question_and_not_its_place_in_the_data(draft):
    code = form_editing.add_question(draft, 1, "大棚类型", Type.CHOICE)
    added = draft["sections"][1]["fields"][-1]
    added.pop("options")
    assert "大棚类型" in form_editing.problem(draft) and "sections" not in form_editing.problem(draft)
    added.update(title={"zh": ""}, type="text")
    assert "种养情况" in form_editing.problem(draft)
    form_editing.drop_question(draft, code)
    form_editing.drop_question(draft, "residence")
    assert "新住址" in form_editing.problem(draft)


def test_options_are_lines_and_keep_their_codes_when_they_move():
    before = [
        {"code": "corn", "title": {"zh": "玉米", "en": "Maize"}},
        {"code": "none", "title": {"zh": "已不种养"}, "abnormal": True},
    ]
    made = form_editing.options_of("大棚蔬菜 / Greenhouse\n\n已不种养\n玉米／Maize", before, ["已不种养"])
    assert [(o["code"], o.get("abnormal", False)) for o in made] == [("a1", False), ("none", True), ("corn", False)]
    assert form_editing.lines_of(made) == "大棚蔬菜 / Greenhouse\n已不种养\n玉米 / Maize"


def test_options_with_slashes_of_their_own_are_read_back_as_they_were():
    fields = [item for body in SHIPPED.values() for item in form_editing.questions(body)]
    columns = [column for item in fields for column in item.get("columns", ())]
    asked = [item["options"] for item in (*fields, *columns) if "options" in item]
    assert any("/" in option["title"]["zh"] for options in asked for option in options)
    for options in asked:
        odd = [option["title"]["zh"] for option in options if option.get("abnormal")]
        assert form_editing.options_of(form_editing.lines_of(options), options, odd) == options


def test_a_line_parts_where_its_english_begins():
    made = form_editing.options_of("配偶/家人\n微信/QQ / WeChat/QQ\n有/Yes\n", [], [])
    assert [option["title"] for option in made] == [
        {"zh": "配偶/家人"},
        {"zh": "微信/QQ", "en": "WeChat/QQ"},
        {"zh": "有", "en": "Yes"},
    ]


def test_the_changes_are_told_in_sentences(draft):
    code = form_editing.add_question(draft, 1, "大棚是否完好", Type.YES_NO)
    form_editing.drop_question(draft, "insured")
    crop = next(item for item in form_editing.questions(draft) if item["code"] == "crop")
    crop["options"].append({"code": "shed", "title": {"zh": "大棚蔬菜"}})
    crop["required"] = False
    draft["photos"] = 3
    told = form_words.differences(FARMER, forms.parse(draft))
    assert told == [
        "至少拍照张数：1 → 3", "新增问题：大棚是否完好（是/否；正常答案：是）", "删除问题：已参加农业保险",
        "问题“主要种养”：现为：选填；新增选项：大棚蔬菜",
    ]  # fmt: skip
    assert code == "q1"


def test_a_table_is_made_and_what_changes_in_it_is_told_by_column(draft):
    code = form_editing.add_question(draft, 1, "销售明细", Type.TABLE)
    before = forms.parse(draft)
    table = next(item for item in form_editing.questions(draft) if item["code"] == code)
    form_editing.add_column(table, "去向", Type.CHOICE)
    form_editing.drop_column(table, "c1")
    form_editing.become(table["columns"][0], Type.NUMBER)
    form_editing.move_column(table, "c3", -1)
    assert [column["code"] for column in table["columns"]] == ["c3", "c2"]
    told = form_words.differences(before, forms.parse(draft))
    assert told == [
        "问题“销售明细”：新增列：去向（单选；正常答案：正常；2个选项）；删除列：名称；列“金额”：不再是：金额、现为：数字"
    ]  # fmt: skip
    form_editing.drop_column(table, "c2")
    form_editing.drop_column(table, "c3")
    assert "销售明细" in form_editing.problem(draft)


def test_a_form_for_a_product_goes_before_one_for_its_family():
    code = form_editing.free_code("VISIT-FARMER", ["230"], SHIPPED)
    own = form_editing.copied(FARMER, code, "大棚贷检查", ["230"])
    family = form_editing.copied(FARMER, "FAMILY-OWN", "涉农检查") | {"for": {"modes": ["field"], "families": ["farm"]}}
    rows = [*ROWS, SimpleNamespace(body=own, version=1), SimpleNamespace(body=family, version=1)]

    def chosen(product: str | None) -> str:
        return forms.choose(rows, Kind.REGULAR, Mode.FIELD, "farmer", "farm", product).form.code

    assert (chosen("230"), chosen("231"), chosen(None)) == ("VISIT-FARMER-230", "FAMILY-OWN", "FAMILY-OWN")


def test_a_new_code_is_free_and_one_that_a_form_may_have():
    assert form_editing.free_code("FORM", [], {"FORM-1"}) == "FORM-2"
    assert form_editing.free_code("CALL", ["T-9/大"], {"CALL"}) == "CALL-T9"
    assert forms.parse(form_editing.blank(form_editing.free_code("FORM", [], ()), "新表单"))


def test_a_draft_is_its_writers_alone_and_ends_when_it_is_submitted(wang, zhao, li, draft):
    with access.transaction(wang, "form.change") as conn:
        rulebook.sketch(conn, wang, Definition.FORM, "VISIT-FARMER", draft, now=NOON)
    with access.reading(zhao) as conn:
        assert sketches.mine(conn, zhao.id, Definition.FORM) == []
        assert sketches.of(conn, wang.id, Definition.FORM, "VISIT-FARMER") is None
    with pytest.raises(refusals.NotPermitted), access.transaction(li, "form.change") as conn:
        rulebook.sketch(conn, li, Definition.FORM, "VISIT-FARMER", draft, now=NOON)
    with access.transaction(wang, "form.change") as conn:
        assert sketches.of(conn, wang.id, Definition.FORM, "VISIT-FARMER") == draft
        tomorrow = TODAY + timedelta(days=1)
        rulebook.propose(conn, wang, Definition.FORM, "VISIT-FARMER", draft, tomorrow, "every year", today=TODAY)
        assert sketches.mine(conn, wang.id, Definition.FORM) == []


class TestThePage:
    def test_a_form_is_changed_and_a_second_person_lets_it_in(self, visit):  # noqa: F811
        wang = visit("head_risk")
        test = wang.at("forms?code=VISIT-FARMER&tab=edit")
        test.button(key="begin_draft").click().run()
        test.text_input(key="VISIT-FARMER.new.1.title").set_value("大棚是否完好").run()
        test.button(key="add_new_1").click().run()
        assert "大棚是否完好" in shown(test) and not test.exception
        test.text_input(key="VISIT-FARMER.q1.zh").set_value("").run()
        assert any("种养情况" in s for s in sentences(test)) and test.button(key="submit_form").disabled
        test.text_input(key="VISIT-FARMER.q1.zh").set_value("大棚是否牢固").run()
        test.toggle(key="VISIT-FARMER.q1.required").set_value(False).run()
        test.text_input(key="why_change").set_value("设施农业贷款增多").run()
        assert sentences(test) == [] and not test.button(key="submit_form").disabled
        test.button(key="submit_form").click().run()
        assert any(b.disabled for b in test.button if b.label == "批准")
        test = visit("head_loans").at("forms?view=waiting")
        assert "大棚是否牢固" in shown(test)
        next(b for b in test.button if b.label == "批准").click().run()
        with access.reading(MACHINE) as conn:
            now = definitions.one_in_force(conn, Definition.FORM, "VISIT-FARMER", TODAY + timedelta(days=1))
            before = definitions.one_in_force(conn, Definition.FORM, "VISIT-FARMER", TODAY)
        asked = next(item for item in form_editing.questions(now.body) if item["code"] == "q1")
        assert asked == {"code": "q1", "title": {"zh": "大棚是否牢固"}, "type": "yes_no", "normal": True, "required": False}
        assert before.version == 1 and now.version == 2

    def test_an_old_version_comes_back_as_a_draft(self, visit):  # noqa: F811
        test = visit("head_risk").at("forms?code=VISIT-FARMER&tab=versions")
        assert "v2" in shown(test) and not [b for b in test.button if b.key == "back_to_2"]  # will hold anyway, from tomorrow on
        test.button(key="back_to_1").click().run()  # in force today still
        test.text_input(key="why_change").set_value("先用旧表").run()
        test.button(key="submit_form").click().run()
        test = visit("head_loans").at("forms?view=waiting")
        next(b for b in test.button if b.label == "批准").click().run()
        with access.reading(MACHINE) as conn:
            known = [definitions.one_in_force(conn, Definition.FORM, "VISIT-FARMER", TODAY + timedelta(days=n)) for n in (0, 1)]
        assert [row.version for row in known] == [1, 3]
        assert known[0].body == known[1].body

    def test_a_choice_is_given_its_options_and_a_condition(self, visit):  # noqa: F811
        test = visit("head_loans").at("forms?code=VISIT-FIRM&tab=edit")
        test.button(key="begin_draft").click().run()
        test.text_input(key="VISIT-FIRM.new.0.title").set_value("会面方式").run()
        test.selectbox(key="VISIT-FIRM.new.0.type").set_value(Type.CHOICE).run()
        test.button(key="add_new_0").click().run()
        test.text_area(key="VISIT-FIRM.q1.options").set_value("到厂 / At the works\n约见 / By appointment\n未见").run()
        test.multiselect(key="VISIT-FIRM.q1.abnormal").set_value(["未见"]).run()
        test.selectbox(key="VISIT-FIRM.q1.when").set_value("met_whom").run()
        assert not test.exception
        with access.reading(MACHINE) as conn:
            body = conn.exec_driver_sql("select body from sketches where code = 'VISIT-FIRM'").scalar_one()
        asked = next(item for item in form_editing.questions(body) if item["code"] == "q1")
        assert [o["title"]["zh"] for o in asked["options"] if o.get("abnormal")] == ["未见"]
        assert asked["when"]["field"] == "met_whom" and "normal" not in asked
        test.selectbox(key="VISIT-FIRM.q1.normal").set_value(asked["options"][0]["code"]).run()
        assert sentences(test) == [] and not test.exception

    def test_a_table_is_written_column_by_column_in_both_languages(self, visit):  # noqa: F811
        test = visit("head_loans").at("forms?code=VISIT-CONSUMER&tab=edit")
        test.button(key="begin_draft").click().run()
        test.text_input(key="VISIT-CONSUMER.new.0.title").set_value("租约").run()
        test.selectbox(key="VISIT-CONSUMER.new.0.type").set_value(Type.TABLE).run()
        test.button(key="add_new_0").click().run()
        test.text_input(key="VISIT-CONSUMER.q1.new_column").set_value("月租").run()
        test.selectbox(key="VISIT-CONSUMER.q1.new_kind").set_value(Type.NUMBER).run()
        test.button(key="add_column_now_q1").click().run()
        test.text_input(key="VISIT-CONSUMER.q1.c3.unit.zh").set_value("元").run()
        test.text_input(key="VISIT-CONSUMER.q1.c3.unit.en").set_value("yuan").run()
        test.text_input(key="VISIT-CONSUMER.q1.hint.en").set_value("As in the lease").run()
        test.button(key="drop_column_q1.c1").click().run()
        assert not test.exception and sentences(test) == []
        with access.reading(MACHINE) as conn:
            body = conn.exec_driver_sql("select body from sketches where code = 'VISIT-CONSUMER'").scalar_one()
        asked = next(item for item in form_editing.questions(body) if item["code"] == "q1")
        assert [(c["code"], c["type"]) for c in asked["columns"]] == [("c2", "money"), ("c3", "number")]
        assert asked["columns"][1]["unit"] == {"zh": "元", "en": "yuan"} and asked["hint"] == {"en": "As in the lease"}

    def test_a_form_for_a_product_begins_as_a_copy(self, visit):  # noqa: F811
        test = visit("head_risk").at("forms")
        test.text_input(key="new_title").set_value("农户小额信用贷检查").run()
        test.selectbox(key="new_from").set_value("VISIT-FARMER").run()
        test.multiselect(key="new_products").set_value(["203"]).run()
        test.button(key="begin_form").click().run()
        assert not test.exception and test.query_params["code"] == "VISIT-FARMER-203"
        assert "A new form" not in shown(test) and "新表单" in shown(test)

    @pytest.mark.parametrize(
        "path", ["forms?code=%00", "forms?code=' or 1=1", "forms?code=CALL&tab=secret", "forms?kind=<b>", "forms?page=-1"]
    )
    def test_an_address_that_nobody_should_believe_is_answered_in_words(self, visit, path):  # noqa: F811
        assert not visit("head_risk").at(path).exception

    def test_who_may_not_change_forms_reads_them(self, visit):  # noqa: F811
        test = visit("auditor").at("forms?code=CALL&tab=edit")
        assert not test.exception and not [b for b in test.button if b.key == "begin_draft"]
        assert "电话贷后检查" in shown(test)
