"""王芳, 李强 and the others find what they look for from one box, and nothing that is not theirs."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from db import access, searches, spellings
from db.access import MACHINE, Person
from db.customers import Filter
from db.customers import listing as listed
from db.tables import CHARACTERS
from engine import search, spelling
from tests.bank import TODAY
from tests.conftest import cloned, person

PHONE_OF_LIU, IDENTITY_OF_XU = "13900000002", "990000199003030033"


@pytest.fixture(scope="module")
def bank(administrator, templates):
    """The small bank, spelt."""
    for url in cloned(administrator, templates["bank"]):
        spelling.catch_up()
        yield url


def found(by: Person, text: str) -> dict[str, list[str]]:
    with access.reading(by) as conn:
        return {kind: [hit.key for hit in hits] for kind, hits in search.find(conn, by, text).groups.items()}


def customers(by: Person, text: str) -> list[str]:
    return found(by, text).get("customer", [])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("刘洋", "K002"), ("洋", "K002"), ("liuyang", "K002"), ("LiuYang", "K002"), ("liu yang", "K002"), ("iuya", "K002"),
        ("王记粮油", "K001"), ("wangji", "K001"), ("wjly", "K001"), ("鑫源", "K004"), ("xinyuan", "K004"), ("ccxy", "K004"),
        ("新立村", "K002"), ("K004", "K004"), ("k004", "K004"), (PHONE_OF_LIU, "K002"), ("139-0000 0002", "K002"), (IDENTITY_OF_XU, "K005"),
    ],
)  # fmt: skip
def test_a_customer_is_found_by_name_pinyin_initials_village_number_phone_or_identity(bank, text, number):
    assert customers(person("001"), text) == [number]


def test_the_list_of_customers_knows_pinyin_too(bank):
    for text, number in (("wjly", "K001"), ("liuyang", "K002"), ("桂林路", "K005")):
        with access.reading(person("001")) as conn:
            assert [row.customer_no for row in listed(conn, Filter(TODAY, text=text)).rows] == [number]


def test_whose_initials_they_are_stands_before_who_has_them_somewhere(bank):
    assert customers(person("001"), "ly") == ["K002", "K001"]


@pytest.mark.parametrize("text", ["", "  ", "%", "_", "\\", "'", "\0x", "刘洋x", "zzz", "a", "1390000000", "K9", "🙂", "x" * 60])
def test_what_is_nobodys_finds_nobody(bank, text):
    assert customers(person("001"), text.replace("\0", "")) == []


def test_the_phone_is_shown_masked(bank):
    with access.reading(person("001")) as conn:
        (hit,) = search.find(conn, person("001"), PHONE_OF_LIU).groups["customer"]
    assert hit.row.phone_masked == "139****0002" and PHONE_OF_LIU not in str(hit.row)


@pytest.mark.parametrize("text", ["鑫源", "xinyuan", "ccxy", "K004", "13900000004", "L4", "HTL4", "红旗街"])
def test_an_officer_finds_his_own_alone(bank, text):
    li, wu, it = person("802"), person("102"), person("005")
    assert found(wu, text) and not found(li, text) and not found(it, text)


def test_loans_are_found_by_the_beginning_of_their_number_or_of_their_contracts(bank):
    wang = person("001")
    assert found(wang, "L")["loan"] == ["L1", "L2", "L3", "L4", "L5"]
    assert found(wang, "htl2")["loan"] == ["L2"]


def test_who_is_named_in_full_is_the_one_though_others_begin_alike(bank):
    wang = person("001")
    with access.reading(wang) as conn:
        kind, hit = search.find(conn, wang, "l1").only()
        assert (kind, hit.key) == ("loan", "L1") and search.find(conn, wang, "L").only() is None


def test_branches_and_colleagues_are_found_by_everybody(bank):
    for number in ("001", "802", "005"):
        assert found(person(number), "na")["branch"] == ["229008"] and found(person(number), "229008")["branch"] == ["229008"]
        assert found(person(number), "zhoumin")["colleague"] == ["803"] and found(person(number), "李强")["colleague"] == ["802"]


def test_a_name_is_found_at_once_by_its_characters_and_once_it_is_spelt_by_its_pinyin(small_bank):
    wang = person("001")
    assert customers(wang, "刘洋") == ["K002"] and customers(wang, "liuyang") == []
    assert spelling.catch_up() == 5 and spelling.catch_up() == 0
    assert customers(wang, "liuyang") == ["K002"]
    with access.transaction(MACHINE, "test") as conn:
        conn.execute(sa.text("update customers set name = '刘阳春' where customer_no = 'K002'"))
    assert customers(wang, "阳春") == ["K002"]
    assert spelling.catch_up() == 1
    assert customers(wang, "lyc") == ["K002"] and customers(wang, "刘洋") == []


@pytest.mark.parametrize(
    ("name", "full", "initials"),
    [("曾庆红", "zengqinghong", "zqh"), ("单田芳", "shantianfang", "stf"), ("长春重庆路", "changchunchongqinglu", "cccql"),
     ("农安A1便利店", "nongana1bianlidian", "naa1bld"), ("🙂", "", "")],
)  # fmt: skip
def test_names_are_spelt_as_they_are_said(name, full, initials):
    assert spelling.spelt(name) == (full, initials)


def test_the_index_of_pieces_answers_under_the_rules_of_sight(bank):
    """Nobody's question walks through all names: the pieces are asked first."""
    asked = spellings.read("王记")
    with access.transaction(MACHINE, "test") as conn:
        conn.exec_driver_sql("set local enable_seqscan = off")
        plan = "\n".join(conn.execute(
            sa.text("explain select * from spellings s where s.pieces @> cast(:p as text[]) and lower(s.name) like '%王记%'"),
            {"p": asked.characters}).scalars())  # fmt: skip
        assert "spellings_by_piece" in plan
        plan = "\n".join(conn.exec_driver_sql(
            f"explain select id from customers where {CHARACTERS} @> string_to_array('王记', null)").scalars())  # fmt: skip
        assert "customers_by_character" in plan
    with access.reading(person("802")) as conn:
        assert len(spellings.called(conn, "王记", 8)) == 1


def test_my_latest_searches_are_mine_and_hold_no_phone_or_identity_number(bank):
    li, wu = person("802"), person("102")
    for n, text in enumerate(
        ["王记", "K001", PHONE_OF_LIU, "139 0000 0002", IDENTITY_OF_XU, "91990000MA0000001A", *"abcdefg", "王记"]
    ):
        with access.transaction(li, "preference.set") as conn:
            search.remember(conn, li, text, now=moment(n))
    with access.reading(li) as conn:
        assert search.recent(conn, li) == ["王记", "g", "f", "e", "d", "c", "b", "a"]
    with access.reading(wu) as conn:
        assert search.recent(conn, wu) == [] and searches.recent(conn, li.id) == []
    with access.transaction(li, "preference.set") as conn:
        search.forget(conn, li)
        assert search.recent(conn, li) == []


def moment(n: int):
    return datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC) + timedelta(minutes=n)
