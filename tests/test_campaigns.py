"""Checks asked by hand: a thematic inspection from a filter or an Excel list, once; its end; a check of one customer."""

import io
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
import xlsxwriter

from db import access, batches, customers, definitions, loans, staff, todos
from db.access import MACHINE, Person
from db.batches import Whom
from db.vocab import Assign, BatchAct, Definition, Kind, Mode
from engine import acts, campaigns, night, refusals, visits
from engine.campaigns import Campaign
from tests.bank import TODAY
from tests.conftest import person

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
ASKED = Campaign("粮油行业排查", Kind.SPECIAL, Mode.FIELD, TODAY + timedelta(days=20), reason="行业风险提示")
EVERYBODY = Whom(loans.Filter(TODAY))
SHOP = Whom(customers=customers.Filter(TODAY, text="K001"))


def begin(by: Person, campaign: Campaign = ASKED, whom: Whom = EVERYBODY, key=None):
    with acts.act(by, "todo.ask") as conn:
        return campaigns.begin(conn, by, campaign, whom, key or uuid4(), now=NOW, today=TODAY)


def read(by: Person, file: str, content: bytes) -> campaigns.Listed:
    with access.reading(by) as conn:
        return campaigns.read(conn, by, file, content)


def sheet(*cells: object) -> bytes:
    held = io.BytesIO()
    with xlsxwriter.Workbook(held) as book:
        page = book.add_worksheet()
        for n, cell in enumerate(cells):
            page.write(n, 0, cell)
    return held.getvalue()


def asked() -> list[tuple]:
    with access.reading(MACHINE) as conn:
        return [
            (row.customer_no, row.assignee, len(row.loan_ids), row.state)
            for row in sorted(todos.listing(conn, todos.Filter(TODAY, kind="special")).rows, key=lambda row: row.customer_no)
        ]


def test_an_excel_list_with_three_bad_lines_asks_for_the_others_and_names_the_three(wang):
    listed = read(wang, "名单.xlsx", sheet("客户编号或借据号", "K001", "K999", "L3", "K001", "", "L5", "烂行1"))
    assert [(line.number, line.text, line.why) for line in listed.bad] == [
        (3, "K999", "unknown"),
        (5, "K001", "twice"),
        (8, "烂行1", "unknown"),
    ]
    done = begin(wang, whom=Whom(customer_ids=listed.customer_ids, loan_ids=listed.loan_ids))
    assert done.n == 3
    assert asked() == [("K001", "李强", 1, "open"), ("K003", "钱进", 1, "open"), ("K005", "吴磊", 1, "open")]


def test_a_list_from_notepad_is_read_in_either_encoding_and_numbers_need_no_text(wang, small_bank):
    for encoding in ("utf-8-sig", "gb18030"):
        assert len(read(wang, "a.csv", "编号,备注\nK001,王记\nL5,许\n".encode(encoding)).customer_ids) == 2
    for nonsense in (b"", b"\n\n", "编号\n".encode()):
        with pytest.raises(refusals.BadList):
            read(wang, "a.csv", nonsense)
    with pytest.raises(refusals.UnreadableList):
        read(wang, "a.xlsx", b"no workbook")


def test_pressed_twice_it_is_asked_once(wang):
    key = uuid4()
    assert begin(wang, key=key).id == begin(wang, key=key).id
    assert len(asked()) == 5


def test_a_branch_head_asks_of_his_own_customers_only(sun, ma):
    assert begin(sun).n == 3 and {row[0] for row in asked()} == {"K001", "K002", "K003"}
    with pytest.raises(refusals.NobodyToCheck):
        begin(ma, whom=Whom(customer_ids=read(person("001"), "a.csv", b"K001\n").customer_ids))
    assert read(ma, "a.csv", b"K001\nK004\n").bad[0].why == "unknown"


def test_who_is_to_go_follows_the_wish(sun, zhou):
    begin(sun, Campaign("甲", Kind.SPOT, Mode.PHONE, TODAY, Assign.POOL, reason="交叉检查"))
    begin(sun, Campaign("乙", Kind.SPECIAL, Mode.PHONE, TODAY, to_id=zhou.id, reason="交叉检查"))
    assert {row[1] for row in asked()} == {"周敏"}
    with access.reading(MACHINE) as conn:
        assert {row.assignee for row in todos.listing(conn, todos.Filter(TODAY, kind="spot")).rows} == {None}
        wu = staff.by_number(conn, "102").id
    with pytest.raises(refusals.OtherBranches):
        begin(sun, Campaign("丙", Kind.SPOT, Mode.PHONE, TODAY, to_id=wu, reason="交叉检查"))


def test_the_night_leaves_a_campaign_alone_and_its_rest_ends_with_a_reason(wang, sun):
    done = begin(wang)
    before = asked()
    night.night(TODAY)
    assert asked() == before
    with access.transaction(MACHINE, "test") as conn:
        conn.execute(sa.text("update todos set state = 'done', record_id = 1, closed_on = :d where kind = 'special' and customer_id = (select id from customers where customer_no = 'K001')"), {"d": TODAY})  # fmt: skip
    with access.reading(wang) as conn:
        far = {row.branch: (row.asked, row.done, row.open) for row in batches.progress(conn, done.id, TODAY)}
    assert far == {"朝阳支行": (2, 0, 2), "农安支行": (2, 1, 1), "合隆分理处": (1, 0, 1)}
    with acts.act(wang, "todo.ask") as conn:
        assert campaigns.end(conn, wang, done.id, "排查结束", now=NOW, today=TODAY) == 4
    with pytest.raises(refusals.AlreadyDone), acts.act(wang, "todo.ask") as conn:
        campaigns.end(conn, wang, done.id, "排查结束", now=NOW, today=TODAY)
    assert [row[3] for row in asked()] == ["done", *["cancelled"] * 4]


def test_without_a_reason_a_name_or_a_day_to_come_nothing_is_asked(wang):
    for campaign, no in (
        (Campaign("甲", Kind.SPECIAL, Mode.FIELD, TODAY), refusals.Missing),
        (Campaign(" ", Kind.SPECIAL, Mode.FIELD, TODAY, reason="行业风险"), refusals.Missing),
        (Campaign("甲", Kind.SPECIAL, Mode.FIELD, TODAY - timedelta(days=1), reason="行业风险"), refusals.NotBackInTime),
    ):
        with pytest.raises(no):
            begin(wang, campaign)
    assert asked() == []
    with access.reading(wang) as conn:
        assert batches.listing(conn, BatchAct.ASK) == []


def test_it_is_filled_in_on_the_form_that_was_chosen_and_apart_from_other_checks(wang, li):
    """A firm's thematic inspection on the farm households' form; the second campaign has the usual one."""
    begin(
        wang,
        Campaign("秋粮收购", Kind.SPECIAL, Mode.FIELD, TODAY, to_id=li.id, reason="行业风险提示", form_code="VISIT-FARMER"),
        SHOP,
    )
    begin(wang, Campaign("消防", Kind.SPECIAL, Mode.FIELD, TODAY, to_id=li.id, reason="行业风险提示"), SHOP)
    with access.reading(li) as conn:
        chosen, usual = sorted(todos.listing(conn, todos.Filter(TODAY, kind="special")).rows, key=lambda row: row.id)
    opened = {}
    for todo in (chosen, usual):
        with acts.act(li, "check.submit") as conn:
            opened[todo.id] = visits.open_todo(conn, li, todo.id, now=NOW)
    assert [opened[one.id]["form"]["code"] for one in (chosen, usual)] == ["VISIT-FARMER", "VISIT-FIRM"]
    assert [[work["id"] for work in opened[one.id]["todos"] if work["here"]] for one in (chosen, usual)] == [
        [chosen.id],
        [usual.id],
    ]
    with access.reading(wang) as conn:
        (_usual, kept) = batches.listing(conn, BatchAct.ASK)
    assert kept.wish["form"] == "VISIT-FARMER" and kept.wish["form_title"]["zh"]


def test_a_form_that_was_switched_off_gives_way_to_the_usual_one(wang, li):
    begin(
        wang,
        Campaign("秋粮收购", Kind.SPECIAL, Mode.FIELD, TODAY, to_id=li.id, reason="行业风险提示", form_code="VISIT-FARMER"),
        SHOP,
    )
    with access.transaction(MACHINE, "test") as conn:
        body = definitions.one_in_force(conn, Definition.FORM, "VISIT-FARMER", TODAY).body
        definitions.plant(conn, Definition.FORM, "VISIT-FARMER", body | {"enabled": False}, TODAY, "test", 2)
        todo = conn.execute(sa.text("select id from todos where kind = 'special'")).scalar_one()
    with acts.act(li, "check.submit") as conn:
        assert visits.open_todo(conn, li, todo, now=NOW)["form"]["code"] == "VISIT-FIRM"
    for nonsense in ("VISIT-FARMER", "NO-SUCH"):
        with pytest.raises(refusals.NoSuchForm):
            begin(wang, Campaign("乙", Kind.SPECIAL, Mode.FIELD, TODAY, reason="行业风险提示", form_code=nonsense), SHOP)


def test_customers_of_the_customers_list_are_asked_by_its_filter(wang):
    with access.transaction(MACHINE, "test") as conn:
        conn.execute(sa.text("update customer_faces set level = 'D' where customer_id in (select id from customers where customer_no in ('K001', 'K004'))"))  # fmt: skip
    assert begin(wang, whom=Whom(customers=customers.Filter(TODAY, level="D"))).n == 2
    assert [row[0] for row in asked()] == ["K001", "K004"]
    with pytest.raises(refusals.NobodyToCheck):
        begin(wang, whom=Whom(customers=customers.Filter(TODAY, level="E")))
