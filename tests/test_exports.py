"""Files of lists and reports: text stays text, whatever the length, made once, for their maker, with a second person when large."""

import dataclasses
import json
import threading
import time
import zipfile
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from python_calamine import CalamineWorkbook

from db import access, audit, customers, definitions, exports, loans, records, requests
from db.access import MACHINE
from db.vocab import Conclusion, Definition, ExportState, Kind, Mode, Outcome, Request
from engine import __main__ as command
from engine import approvals, checks, clock, filter_words, parameters, refusals, reports, scheduler, workbook
from engine import exports as verbs
from engine.lists import LISTS
from engine.workbook import Cover, Field
from tests.bank import TODAY

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
NASTY = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1", "<b>&amp;</b>", "\u202eoops", "_x0041_", "a\x00b\x0bc", "'quoted", " blank ",
         "王小二", "x" * 40_000, "\ud800lone", "=HYPERLINK(\"http://evil\")", "1e5", "00123", "TRUE"]  # fmt: skip
TEXT = [Field("Name", lambda name: name)]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    """Files of a test lie in a folder of its own."""
    folder = tmp_path / "exports"
    folder.mkdir()
    monkeypatch.setattr(verbs, "folder", lambda: folder)


def written(tmp_path, fields, rows, **cover) -> CalamineWorkbook:
    file = tmp_path / "file.xlsx"
    workbook.write(file, Cover("Customers & Loans", "李强 802 <农安>", NOW, **cover), fields, rows)
    return CalamineWorkbook.from_path(file)


class TestTheWorkbook:
    def test_names_that_look_like_formulas_stay_text(self, tmp_path):
        rows = written(tmp_path, TEXT, NASTY).get_sheet_by_index(1).to_python()
        expected = [*NASTY]
        expected[9], expected[13], expected[14] = "a\ufffdb\ufffdc", "x" * 32_767, "\ufffdlone"
        assert [row[0] for row in rows[1:]] == expected
        with zipfile.ZipFile(tmp_path / "file.xlsx") as inside:
            sheet = inside.read("xl/worksheets/sheet2.xml").decode()
            assert "<f>" not in sheet and "hyperlink" not in sheet.lower().replace("=hyperlink", "")
            assert not [name for name in inside.namelist() if "external" in name.lower()]

    def test_numbers_days_and_money_are_numbers_days_and_money(self, tmp_path):
        row = (7, -12345, 0.25, date(2026, 2, 28), datetime(2026, 11, 20, 16, 30, tzinfo=UTC), None)
        kinds = ("number", "money", "share", "date", "moment", "number")
        fields = [Field(kind, lambda r, n=n: r[n], kind) for n, kind in enumerate(kinds)]
        cells = written(tmp_path, fields, [row]).get_sheet_by_index(1).to_python()[1]
        assert cells[:4] == [7, -123.45, 0.25, date(2026, 2, 28)]
        assert cells[4].isoformat() == "2026-11-21T00:30:00"  # in China
        assert cells[5] == ""

    def test_every_page_and_the_cover_say_whose_it_is(self, tmp_path):
        book = written(tmp_path, TEXT, ["x", "y"], narrowed={"类型": "首次检查"})
        cover = {row[0]: row[1] for row in book.get_sheet_by_index(0).to_python() if row[0]}
        assert cover["导出人"] == "李强 802 <农安>" and cover["行数"] == "2" and cover["类型"] == "首次检查"
        assert cover["导出时间"] == "2026-11-20 16:00:00"
        with zipfile.ZipFile(tmp_path / "file.xlsx") as inside:
            sheet = inside.read("xl/worksheets/sheet2.xml").decode()
        assert "李强 802" in sheet and "Customers &amp;&amp; Loans" in sheet and "2026-11-20 16:00" in sheet

    @pytest.mark.parametrize("n", [0, 1, 9, 10, 18, 19, 40])
    def test_what_does_not_fit_on_a_sheet_goes_to_the_next(self, tmp_path, monkeypatch, n):
        monkeypatch.setattr(workbook, "LARGEST", 10)
        monkeypatch.setattr(workbook, "PIECE", 4)
        book = written(tmp_path, [Field("Name", lambda r: r, "number")], range(n))
        sheets = [book.get_sheet_by_index(i).to_python() for i in range(1, len(book.sheet_names))]
        assert [len(sheet) - 1 for sheet in sheets] == ([9] * (n // 9) + ([n % 9] if n % 9 else [])) if n else [0]
        assert [int(row[0]) for sheet in sheets for row in sheet[1:]] == list(range(n))
        assert all(sheet[0] == ["姓名"] or sheet[0] == ["名称"] for sheet in sheets)

    def test_progress_is_told_as_it_goes(self, tmp_path):
        said = []
        workbook.write(tmp_path / "x.xlsx", Cover("x", "y", NOW), TEXT, map(str, range(2500)), said.append)
        assert said == [1000, 2000, 2500]


# --- From asking to fetching ------------------------------------------------------------------------------------------


def asked(by, what=None, why=None, now=None) -> int:
    with access.transaction(by, "export.make") as conn:
        what = what or verbs.of_list("customers", customers.Filter(TODAY))
        return verbs.ask(conn, by, what, why, now=now or clock.now(), today=TODAY)


def found(by, export_id: int):
    with access.reading(by) as conn:
        return exports.get(conn, export_id)


def fetched(by, export_id: int) -> list[list]:
    with access.reading(by) as conn:
        file, _name = verbs.to_fetch(conn, export_id)
    return CalamineWorkbook.from_path(file).get_sheet_by_index(1).to_python()


def limit(rows: int) -> None:
    with access.transaction(MACHINE, "test") as conn:
        definitions.plant(conn, Definition.PARAMETER, "exports.rows", {"value": rows}, date(2000, 1, 1), "test")


def test_a_list_is_made_with_its_makers_rights_and_fetched_by_nobody_else(li, wang):
    mine = asked(li)
    assert verbs.make(mine)
    rows = fetched(li, mine)
    assert {row[0] for row in rows[1:]} == {"K001", "K002"}
    assert found(wang, mine) is None
    with pytest.raises(refusals.FileGone), access.reading(wang) as conn:
        verbs.to_fetch(conn, mine)
    with access.reading(wang) as conn:
        event = next(row for row in audit.listing(conn, op="export").rows)
    assert (event.staff, event.after["rows"], event.noun) == ("李强", 2, "customers")


def test_checks_come_with_who_made_them_and_what_was_concluded(li, wang):
    key, done = uuid4(), datetime(2026, 11, 19, 2, 30, tzinfo=UTC)
    with access.transaction(li, "check.submit") as conn:
        customer = customers.by_number(conn, "K001").id
        said = checks.Submission(
            key, customer, Kind.REGULAR, Mode.PHONE, Outcome.COMPLETED, Conclusion.ATTENTION, done, note="货款回笼慢"
        )
        checks.submit(conn, li, said)
    wanted = verbs.of_list("records", records.Filter(done_from=date(2026, 11, 19), done_to=date(2026, 11, 19), staff_id=li.id))
    mine, none = asked(wang, wanted), asked(wang, verbs.of_list("records", records.Filter(done_from=TODAY)))
    assert verbs.make(mine) and verbs.make(none)
    head, row = fetched(wang, mine)
    told = dict(zip(head, row, strict=True))
    assert (told["客户号"], told["经办人"], told["结论"], told["备注"]) == ("K001", "李强", "关注", "货款回笼慢")
    assert told["时间"].isoformat() == "2026-11-19T10:30:00" and len(fetched(wang, none)) == 1


def test_the_same_twice_is_one_file_and_found_again(li):
    first = asked(li)
    with pytest.raises(refusals.AlreadyWaiting):
        asked(li)
    asked(li, verbs.of_list("customers", customers.Filter(TODAY, overdue=True)))
    with access.reading(li) as conn:
        assert verbs.latest(conn, li, verbs.of_list("customers", customers.Filter(TODAY))).id == first


def test_two_who_would_make_it_make_it_once(li, monkeypatch):
    mine, made = asked(li), []
    real = verbs._made
    monkeypatch.setattr(verbs, "_made", lambda claimed: made.append(claimed.id) or real(claimed))
    threads = [threading.Thread(target=verbs.make, args=(mine,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [mine]
    assert found(li, mine).state == ExportState.READY


def test_what_a_dead_process_left_is_taken_up_and_in_the_end_given_up(li):
    mine = asked(li)
    for minutes in (12, 8, 4):
        with access.transaction(MACHINE) as conn:
            claimed = exports.claim(conn, mine, clock.now() - timedelta(minutes=minutes), verbs.SILENT)
            assert claimed is not None
    assert verbs.work() == 1
    assert found(li, mine).problem == "died"


def test_a_large_list_waits_for_a_second_person(li, sun, zhou):
    limit(1)
    with pytest.raises(refusals.TooManyRows):
        asked(li)
    mine = asked(li, why="年末核对客户清单")
    assert verbs.work() == 0
    assert found(li, mine).state == ExportState.HELD
    with access.reading(sun) as conn:
        request = next(r for r in requests.waiting(conn) if r.kind == Request.EXPORT)
    assert (request.asker, request.after["rows"]) == ("李强", 2)
    with access.reading(zhou) as conn:
        assert requests.get(conn, request.id) is None
    with access.transaction(sun, "request.decide") as conn:
        approvals.approve(conn, sun, request.id, now=clock.now())
    assert verbs.work() == 1
    assert len(fetched(li, mine)) == 3


@pytest.mark.parametrize("name", LISTS)
def test_whatever_narrows_a_list_is_told_to_whoever_decides(name):
    assert {each.name for each in dataclasses.fields(LISTS[name].filter)} <= set(filter_words.LABELS)


def test_what_narrows_is_told_in_words(zhao):
    paid = {"paid_from": "2026-01-01", "live": None, "product": "201"}
    with access.reading(zhao) as conn:
        assert filter_words.of_filter(conn, paid) == {"放款日期起": "2026-01-01", "在贷": "全部", "产品": "201 个人经营贷"}
        assert filter_words.of_filter(conn, {"which": "normal-loss"}) == {"五级分类迁徙": "正常 → 损失"}
        assert filter_words.of_filter(conn, {"which": "worse"}) == {"五级分类迁徙": "向下迁徙"}
        assert filter_words.of_filter(conn, {"state": "doubtful", "ids": [1, 2]}) == {"状态": "存疑", "选定": "2"}


def test_nobody_agrees_to_his_own_large_list_and_a_refused_one_is_not_made(wang, zhao):
    limit(1)
    mine = asked(wang, why="年末核对客户清单")
    with access.reading(zhao) as conn:
        request = next(r for r in requests.waiting(conn) if r.kind == Request.EXPORT)
    with pytest.raises(refusals.FourEyes), access.transaction(wang, "request.decide") as conn:
        approvals.approve(conn, wang, request.id, now=clock.now())
    with access.transaction(zhao, "request.decide") as conn:
        approvals.refuse(conn, zhao, request.id, "用途不明确", now=clock.now())
    assert verbs.work() == 0
    assert found(wang, mine).state == ExportState.REFUSED


@pytest.mark.parametrize("who", ["feng", "chen"])
def test_auditors_and_collections_ask_too(who, request, zhao):
    by = request.getfixturevalue(who)
    limit(0)
    mine = asked(by, verbs.of_list("loans", loans.Filter(TODAY, live=None)), why="季度审计抽查名单") if who == "chen" else None
    with access.reading(zhao) as conn:
        waiting = [r.asked_by for r in requests.waiting(conn)]
    assert waiting == ([by.id] if mine else [])


def test_files_go_after_their_time_and_what_nobody_knows_goes_too(li, monkeypatch):
    mine = asked(li)
    verbs.make(mine)
    file = verbs.folder() / found(li, mine).file
    stray = verbs.folder() / "left.part"
    stray.write_bytes(b"x")
    assert verbs.work() == 0 and file.exists() and stray.exists()
    later = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    verbs.work()
    assert not file.exists() and not stray.exists()
    assert found(li, mine).state == ExportState.GONE
    with pytest.raises(refusals.FileGone), access.reading(li) as conn:
        verbs.to_fetch(conn, mine)


def test_rights_lost_meanwhile_are_lost(qian):
    mine = asked(qian)
    with access.transaction(MACHINE, "test") as conn:
        conn.exec_driver_sql(f"update staff_roles set valid_to = vigil_today() where staff_id = {qian.id}")
    verbs.make(mine)
    with access.reading(MACHINE) as conn:
        assert exports.get(conn, mine).problem == "no_role"


def test_an_error_is_said_and_can_be_tried_again(li, monkeypatch):
    mine = asked(li)
    with monkeypatch.context() as broken:
        broken.setattr(verbs, "write", lambda *_args: 1 / 0)
        verbs.make(mine)
    assert found(li, mine).problem == "error"
    again = asked(li)
    assert verbs.make(again) and len(fetched(li, again)) == 3


def test_a_report_is_a_file_too_with_its_totals(wang):
    wish = reports.starters()["classes"].wish
    mine = asked(wang, verbs.of_report(wish, "分类余额"))
    verbs.make(mine)
    rows = fetched(wang, mine)
    assert rows[0][:3] == ["产品类别", "正常 余额", "正常 贷款"] and rows[-1][0] == "合计"
    assert rows[-1][-1] == 5


def test_the_rows_behind_a_figure_are_a_file_too(wang):
    wish = reports.wish({"subject": "loans", "measures": ["count"], "rows": ["class"]})
    mine = asked(wang, verbs.of_rows(wish, ["normal"], "count", "贷款"))
    verbs.make(mine)
    rows = fetched(wang, mine)
    assert rows[0][0] == "借据号" and {row[0] for row in rows[1:]} == {"L1", "L2", "L3", "L4", "L5"}


def test_the_scheduler_makes_what_waits(li):
    mine = asked(li)
    assert "exports" in scheduler.run_due(clock.local_now().replace(hour=1, minute=0))
    deadline = time.monotonic() + 10
    while found(li, mine).state != ExportState.READY and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    assert found(li, mine).state == ExportState.READY


def test_the_command_line_writes_a_report_as_a_file(small_bank, tmp_path, capsys):
    file = tmp_path / "classes.xlsx"
    assert command.main(["report", "classes", "--json", "--xlsx", str(file)]) == 0
    told = json.loads(capsys.readouterr().out)
    rows = CalamineWorkbook.from_path(file).get_sheet_by_index(1).to_python()
    assert len(rows) == len(told["lines"]) + 2
    with access.reading(MACHINE) as conn:
        assert audit.listing(conn, op="export").rows[0].after["rows"] == len(rows) - 1


def test_the_trail_is_searched_and_taken_along_as_sentences(li, chen, wang):
    assert verbs.make(asked(li))
    for text, found in (("李强", True), ("802", True), ("王芳", False), ("nobody", False)):
        with access.reading(chen) as conn:
            assert bool(audit.listing(conn, op="export", text=text).rows) is found
    told = asked(chen, verbs.of_list("audit", audit.Filter(op="export", text="802")))
    assert verbs.make(told)
    head, row = fetched(chen, told)
    assert dict(zip(head, row, strict=True))["操作内容"].startswith("李强 导出")
    with pytest.raises(refusals.NotPermitted):
        asked(wang, verbs.of_list("audit", audit.Filter()))


def test_the_limit_is_a_parameter_two_people_sign():
    assert parameters.PARAMETERS["exports.rows"].default == 50_000
