"""A new product by configuration alone: two people sign it, the next feed brings a loan of it, the night asks for its check."""

from datetime import UTC, datetime, time, timedelta

import pytest

from db import access, customers, definitions, products, todos
from db.access import MACHINE
from db.vocab import Approval, Definition, Family, Kind
from engine import form_editing, forms, night, refusals, rulebook, visits
from engine import products as configured
from engine.feed import load
from engine.forms import Type
from tests import bank
from tests.bank import TODAY

TOMORROW = TODAY + timedelta(days=1)
NOON = datetime.combine(TOMORROW, time(4), UTC)
PLAN = {"first": {"days": 10, "mode": "field"}, "regular": {"n": 1, "unit": "month", "mode": "field"}}
SHED = {"code": "230", "title": {"zh": "大棚贷", "en": "Greenhouse loan"}, "source": "union", "family": "farm", "plan": PLAN}
PIECES = [
    (Definition.PRODUCT, "230"), (Definition.FORM, "FIRST-FARMER-230"), (Definition.TODO_RULE, "FIRST-230"), (Definition.TODO_RULE, "REG-230"),
]  # fmt: skip
WHY = "设施农业新产品"


def own_form(conn, by, code: str = "FIRST-FARMER-230") -> str:
    """A draft of hers: the farmers' first check with one question more."""
    body = form_editing.copied(
        forms.parse(definitions.one_in_force(conn, Definition.FORM, "FIRST-FARMER", TODAY).body), code, "大棚首检", ["230"]
    )
    form_editing.add_question(body, 0, "大棚是否完好", Type.YES_NO)
    rulebook.sketch(conn, by, Definition.FORM, code, body, now=NOON)
    return code


def propose(by, **changes) -> int:
    with access.transaction(by, "product.change") as conn:
        return rulebook.propose_product(conn, by, SHED | changes, TOMORROW, WHY, today=TODAY)


def decide(by, made: int) -> None:
    with access.transaction(by, "rule.decide") as conn:
        rulebook.approve(conn, by, made, now=NOON, today=TODAY)


def with_a_shed() -> bank.Delivery:
    delivery = bank.first_delivery().on(TOMORROW)
    delivery.products.append(("230", "温室大棚", "10"))
    return delivery.loan("L9", "K002", product="230", amount="90000.00", balance="90000.00", disbursed=TOMORROW - timedelta(days=1))


def family_of(code: str) -> tuple[str, str]:
    with access.reading(MACHINE) as conn:
        return next((row.name, row.family) for row in products.all_of(conn) if row.code == code)


def test_from_nothing_to_the_first_todo_and_its_own_form(wang, zhao, zhou, tmp_path):
    with access.transaction(MACHINE, "test") as conn:
        conn.exec_driver_sql(f"update customers set inspector_id = {zhou.id} where customer_no = 'K002'")
    with access.transaction(wang, "form.change") as conn:
        form = own_form(conn, wang)
    decide(zhao, propose(wang, forms=[form]))
    load.load(with_a_shed().write(tmp_path))
    assert family_of("230") == ("大棚贷", "farm")  # not what the file says
    night.night(TOMORROW)
    with access.transaction(zhou, "check.submit") as conn:
        customer = customers.by_number(conn, "K002")
        (todo,) = [t for t in todos.of_customer(conn, customer.id) if t.rule_code == "FIRST-230"]
        opened = visits.open_todo(conn, zhou, todo.id, now=NOON)
    assert (todo.kind, todo.due_on) == (Kind.FIRST, TODAY + timedelta(days=10))
    assert opened["form"]["code"] == form and "大棚是否完好" in str(opened["form"])


def test_the_package_is_decided_as_one(wang, zhao):
    with access.transaction(wang, "form.change") as conn:
        own_form(conn, wang)
    made = propose(wang, forms=["FIRST-FARMER-230"])
    with access.reading(zhao) as conn:
        assert [(d.family, d.code) for d in definitions.awaiting(conn, *Definition)] == [("product", "230")]
        waiting = [definitions.versions(conn, *one)[0] for one in PIECES]
    piece = next(d for d in waiting if d.code == "FIRST-230")
    with pytest.raises(refusals.PartOfProduct):
        decide(zhao, piece.id)
    with pytest.raises(refusals.FourEyes):
        decide(wang, made)
    with access.transaction(zhao, "rule.decide") as conn:
        rulebook.refuse(conn, zhao, made, "the bank does not want it", now=NOON)
    with access.reading(zhao) as conn:
        assert {definitions.get(conn, d.id).state for d in waiting} == {Approval.REFUSED}


def test_a_plan_that_loses_a_check_switches_its_rule_off(wang, zhao):
    decide(zhao, propose(wang))
    later = TOMORROW + timedelta(days=1)
    with access.transaction(wang, "product.change") as conn:
        made = rulebook.propose_product(conn, wang, SHED | {"plan": {"first": PLAN["first"]}}, later, WHY, today=TOMORROW)
    with access.transaction(zhao, "rule.decide") as conn:
        rulebook.approve(conn, zhao, made, now=NOON, today=TOMORROW)
    with access.reading(MACHINE) as conn:
        now = {row.code: row for row in definitions.in_force(conn, Definition.TODO_RULE, later)}
    assert now["REG-230"].body["enabled"] is False
    assert now["FIRST-230"].version == 1  # unchanged, no new version


def test_another_family_reaches_the_customers_the_same_night(wang, zhao):
    with access.transaction(wang, "product.change") as conn:
        smaller = {"code": "103", "title": {"zh": "小微企业抵押贷"}, "source": "union", "family": "fixed"}
        made = rulebook.propose_product(conn, wang, smaller, TOMORROW, WHY, today=TODAY)
    decide(zhao, made)
    assert family_of("103")[1] == "small"
    night.night(TODAY)
    assert family_of("103")[1] == "small"
    night.night(TOMORROW)
    with access.reading(MACHINE) as conn:
        assert customers.get(conn, customers.by_number(conn, "K004").id).main_family == "fixed"
        assert {t.rule_code for t in todos.of_customer(conn, customers.by_number(conn, "K004").id) if t.kind == "regular"} <= {
            "REG-PROJECT"
        }


def test_where_files_name_a_product_it_keeps_its_name(wang, tmp_path, small_bank):
    load.load(bank.write_own(tmp_path / f"{TODAY:%Y%m%d}", TODAY, bank.ANNA))
    own = next(row for row in _products() if row.name == "烟商贷")
    body = {"code": own.code, "title": {"zh": "烟草商户贷"}, "source": own.source, "family": "business"}
    with pytest.raises(refusals.NamedInFiles), access.transaction(wang, "product.change") as conn:
        rulebook.propose_product(conn, wang, body, TOMORROW, WHY, today=TODAY)
    with pytest.raises(refusals.OtherSource), access.transaction(wang, "product.change") as conn:
        rulebook.propose_product(conn, wang, body | {"source": "union"}, TOMORROW, WHY, today=TODAY)


def test_a_new_own_product_is_found_by_its_name_in_the_next_file(wang, zhao, tmp_path):
    decide(zhao, propose(wang, code="T-SHED", source="own"))
    line = bank.ANNA.replace("T1", "T8").replace("烟商贷", "大棚贷")
    load.load(bank.write_own(tmp_path / f"{TOMORROW:%Y%m%d}", TOMORROW, line))
    with access.reading(MACHINE) as conn:
        assert (
            conn.exec_driver_sql("select p.code from loans l join products p on p.id = l.product_id where loan_no = 'T8'").scalar()
            == "T-SHED"
        )


def test_what_a_condition_says_of_a_product_before_it_has_a_loan():
    farm = {"field": "family", "op": "in", "value": ["farm"]}
    large = {"field": "balance", "op": "gte", "value": 1}
    other = {"field": "product", "op": "not_in", "value": ["230"]}

    def reaches(who: dict) -> bool | None:
        return configured.reaches(who, Family.FARM, "230")

    assert reaches({"all": []}) and reaches(farm) and reaches({"any": [farm, large]})
    assert reaches({"all": [farm, large]}) is None and reaches({"not": large}) is None
    assert reaches({"all": [other, large]}) is False and reaches({"not": farm}) is False


@pytest.mark.parametrize("wrong", [{"code": "大棚"}, {"title": {}}, {"family": "royal"}, {"plan": {"first": {"days": 0, "mode": "field"}}},
    {"source": "x y"}, {"plan": {"regular": {"n": 1, "unit": "century", "mode": "field"}}}, {"extra": 1}])  # fmt: skip
def test_a_product_that_cannot_be_is_refused_in_a_sentence(wrong):
    with pytest.raises(refusals.BadRule) as no:
        configured.parse(SHED | wrong)
    assert no.value.details["problem"]


def _products():
    with access.reading(MACHINE) as conn:
        return products.all_of(conn)
