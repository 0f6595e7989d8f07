"""Forms of checks are data: the shipped ones, what is asked, what is judged, and what nobody may publish."""

from types import SimpleNamespace

import pytest
import yaml

from db.vocab import Conclusion, Kind, Mode, Segment
from engine import forms, opening, refusals
from engine.forms import Filled

SHIPPED = yaml.safe_load((opening.STARTERS / "forms.yaml").read_text(encoding="utf-8"))
ROWS = [SimpleNamespace(body=body, version=1) for body in SHIPPED]
ENOUGH = "雨季仓库进水，约三十吨玉米受潮，正在晾晒，已联系保险公司。"


def small(**changes) -> dict:
    """A form of which a test states only what it is about."""
    field = {"code": "operating", "title": {"zh": "正常经营"}, "type": "yes_no", "normal": True}
    return {"code": "TRY", "title": {"zh": "试"}, "for": {"modes": ["field"]}, "sections": [
        {"code": "s", "title": {"zh": "节"}, "fields": [field | changes.pop("field", {}), *changes.pop("more", [])]}]} | changes  # fmt: skip


def filled(body: dict, answers: dict, words: dict | None = None, last: dict | None = None) -> Filled:
    return Filled(forms.parse(body), answers, words or {}, last or {})


def normal(form: forms.Form) -> dict:
    return {item.code: item.normal for item in form.items() if item.normal is not None}


@pytest.mark.parametrize("body", SHIPPED, ids=lambda body: body["code"])
def test_every_shipped_form_can_be_used_and_speaks_both_languages(body):
    form = forms.parse(body)
    titles = [
        form.title,
        *(s.title for s in form.sections),
        *(i.title for i in form.items()),
        *(o.title for i in form.items() for o in i.options),
    ]
    assert all(title.keys() >= {"zh", "en"} for title in titles)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_check_of_every_kind_of_customer_has_a_form(kind, mode):
    assert all(forms.choose(ROWS, kind, mode, segment, None) for segment in (*Segment, None))


def test_the_first_inspection_asks_for_the_use_of_funds_and_the_one_before_maturity_for_the_source():
    for segment in Segment:
        first = forms.choose(ROWS, Kind.FIRST, Mode.FIELD, segment, None).form
        maturity = forms.choose(ROWS, Kind.MATURITY, Mode.FIELD, segment, None).form
        assert next(i for i in first.items() if i.rows == "draws").columns
        assert next(i for i in maturity.items() if i.rows == "maturing").columns


@pytest.mark.parametrize("segment", list(Segment))
def test_all_normal_in_one_tap_fills_in_a_regular_visit_and_a_call(segment):
    for mode in (Mode.FIELD, Mode.PHONE):
        form = forms.choose(ROWS, Kind.REGULAR, mode, segment, None).form
        assert Filled(form, normal(form), {}, {}).problems(Conclusion.NORMAL) == []


def test_a_form_for_a_family_goes_before_one_for_a_kind():
    own = small() | {"code": "FARM-OWN", "for": {"modes": ["field"], "families": ["farm"]}}
    rows = [*ROWS, SimpleNamespace(body=own, version=3)]
    assert forms.choose(rows, Kind.FIRST, Mode.FIELD, "farmer", "farm").form.code == "FARM-OWN"
    assert forms.choose(rows, Kind.FIRST, Mode.FIELD, "farmer", "small").form.code == "FIRST-FARMER"


def test_something_abnormal_needs_words_and_no_normal_conclusion():
    without = filled(small(), {"operating": False}).problems(Conclusion.RISK)
    assert [p.field for p in without] == ["operating"]
    assert [p.field for p in filled(small(), {"operating": False}, {"operating": ENOUGH}).problems(Conclusion.NORMAL)] == [
        "conclusion"
    ]
    assert filled(small(), {"operating": False}, {"operating": ENOUGH}).problems(Conclusion.ATTENTION) == []


def test_a_field_is_asked_only_when_an_earlier_one_was_answered_so():
    amount = {"code": "amount", "title": {"zh": "金额"}, "type": "money", "when": {"field": "operating", "is": False}}
    body = small(more=[amount])
    assert filled(body, {"operating": True}).problems(Conclusion.NORMAL) == []
    assert "amount" in [p.field for p in filled(body, {"operating": False}, {"operating": ENOUGH}).problems(Conclusion.RISK)]
    assert filled(body, {"operating": True, "amount": 5}).kept() == {"operating": True}


def test_a_number_far_below_the_last_one_is_abnormal():
    body = small(field={"type": "number", "normal": None, "drop": 0.3})
    assert not filled(body, {"operating": 8}, last={"operating": 10}).abnormal_items()
    assert filled(body, {"operating": 6}, last={"operating": 10}).abnormal_items()


def test_a_large_number_is_written_out():
    item = next(iter(forms.parse(small(field={"type": "number", "normal": None, "unit": {"zh": "公斤"}})).items()))
    assert [forms.shown(item, n) for n in (1_234_567, 0.1, 3.0)] == ["1,234,567 公斤", "0.1 公斤", "3 公斤"]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("yes_no", True, ["yes", 1, {}]), ("number", -3.5, ["3", True, float("nan"), 10**13]), ("money", 3, [-1, "1e3", float("inf")]),
        ("date", "2026-11-20", ["2026-02-30", 20261120, "0001-01-01"]), ("text", "好", [5, "x" * 3000]),
    ],
)  # fmt: skip
def test_an_answer_must_fit_its_field(kind, good, bad):
    body = small(field={"type": kind, "normal": None})
    assert filled(body, {"operating": good}).problems(Conclusion.NORMAL) == []
    assert all(filled(body, {"operating": wrong}).problems(Conclusion.NORMAL) for wrong in bad)


def test_a_table_is_looked_at_row_by_row():
    first = forms.choose(ROWS, Kind.FIRST, Mode.FIELD, "farmer", None).form
    draws = next(item for item in first.items() if item.code == "draws")
    row = {c.code: c.normal for c in draws.columns if c.normal is not None} | {
        "day": "2026-11-01",
        "amount": 60000,
        "purpose": "买化肥",
    }
    good = normal(first) | {"draws": [row]}
    assert Filled(first, good, {}, {}).problems(Conclusion.NORMAL) == []
    for wrong in ([row | {"amount": "60000"}], [row | {"colour": "red"}], "table", [1], [row] * 100, [{"day": "2026-11-01"}]):
        assert [p.field for p in Filled(first, good | {"draws": wrong}, {}, {}).problems(Conclusion.NORMAL)] == ["draws"]
    cash = Filled(first, good | {"draws": [row | {"flow_back": True}]}, {"draws": ENOUGH}, {})
    assert [p.field for p in cash.problems(Conclusion.NORMAL)] == ["conclusion"]


def deep(levels: int) -> object:
    body: object = "x"
    for _ in range(levels):
        body = [body]
    return body


HOSTILE = {
    "no object": [], "nothing": None, "no sections": small() | {"sections": []}, "unknown key": small() | {"script_src": "x"},
    "a code with a quote": small() | {"code": "A'; drop table forms"}, "a field twice": small(more=[small()["sections"][0]["fields"][0]]),
    "a choice without options": small(field={"type": "choice", "normal": None}), "options on a number": small(field={"type": "number", "normal": None, "options": [
        {"code": "a", "title": {"zh": "一"}}]}),
    "normal that is abnormal": small(field={"type": "choice", "normal": "a", "options": [{"code": "a", "title": {"zh": "一"}, "abnormal": True}, {"code": "b", "title": {"zh": "二"}}]}),
    "everything abnormal": small(field={"type": "choice", "normal": None, "options": [{"code": "a", "title": {"zh": "一"}, "abnormal": True}]}),
    "waits for a later field": small(field={"when": {"field": "later", "is": True}}),
    "waits for itself": small(field={"when": {"field": "operating", "is": True}}),
    "waits for what cannot be": small(more=[{"code": "b", "title": {"zh": "乙"}, "type": "text", "when": {"field": "operating", "is": "maybe"}}]),
    "waits for two things": small(more=[{"code": "b", "title": {"zh": "乙"}, "type": "text", "when": {"field": "operating", "is": True, "abnormal": True}}]),
    "a table in a table": small(field={"type": "table", "normal": None, "columns": [{"code": "a", "title": {"zh": "甲"}, "type": "table", "columns": []}]}),
    "endless bounds": small(field={"type": "number", "normal": None, "most": float("inf")}),
    "bounds upside down": small(field={"type": "number", "normal": None, "least": 5, "most": 1}),
    "too many fields": small(more=[{"code": f"f{n}", "title": {"zh": "项"}, "type": "text"} for n in range(39)]) | {"sections": [
        {"code": f"s{s}", "title": {"zh": "节"}, "fields": [{"code": f"f{s}_{n}", "title": {"zh": "项"}, "type": "text"} for n in range(30)]} for s in range(4)]},
    "a title of a novel": small() | {"title": {"zh": "长" * 500}}, "no title": small() | {"title": {}}, "a huge one": small() | {"script": [{"zh": "x" * 200_000}]},
    "nested without end": small() | {"script": deep(2000)}, "not data": small() | {"code": object()}, "nobody's mode": small() | {"for": {"modes": ["dream"]}},
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_form_that_cannot_be_used_is_refused_with_a_sentence(what):
    with pytest.raises(refusals.BadForm) as no:
        forms.parse(HOSTILE[what])
    assert no.value.details["problem"]
