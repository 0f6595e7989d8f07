"""Papers: what an inspection file says of a loan, a customer and a branch, to whom, and that nothing in it can misbehave."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pypdf
import pytest
import sqlalchemy as sa

from db import access, audit, figures, files, settings, tables
from db.access import MACHINE, Person
from db.files import Span
from db.vocab import SignalState
from engine import __main__ as command
from engine import acts, forms, lists, refusals, sentences, signals, words, writing
from engine import monthly as months
from engine.papers import inspection, monthly, paper, press, volumes
from engine.papers.paper import Paper
from tests import conftest, evening, field_work, test_pages, test_reviews
from tests.bank import TODAY

NOW = test_reviews.NOW
HOSTILE = (
    '=HYPERLINK("http://evil.example","x")', "<img src=x onerror=alert(1)>", "![x](http://evil.example/p.png)", ":red[x] :material/home:",
    "$x^2$ #panic(\"x\") *b* _i_ @ref", "C:\\temp\\new", "王" * 200, "x" * 200,
)  # fmt: skip


def text_of(pdf: bytes) -> str:
    """All its pages, without blanks, the breaks of lines and the marks where a word may break."""
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]
    return "".join(pages).translate(dict.fromkeys(map(ord, "\u200b\n ")))


def said(by: Person, make, *given, **named) -> str:
    with acts.act(by, "file.make") as conn:
        return text_of(make(conn, by, *given, now=NOW, today=TODAY, **named).pdf)


@pytest.fixture(scope="module")
def visited(administrator, templates, tmp_path_factory) -> Iterator[int]:
    """The small bank after a night. 周敏 was at 王记's with her phone and took two photos; 李强 has a signal of his in hand.

    The number of her record."""
    for _ in conftest.cloned(administrator, templates["empty"]):
        evening.fall(tmp_path_factory.mktemp("inbox"))
        with access.transaction(MACHINE, "test") as conn:
            field_work.plant_work(conn)
        photos = [test_reviews.jpeg(test_reviews.picture(place)) for place in (test_reviews.YARD, test_reviews.SHOP)]
        record = test_reviews.visit(conftest.person("803"), "K001", *photos, note="仓库钥匙在王老板处")
        with access.transaction(MACHINE, "test") as conn:  # one of the three todos was done by it
            conn.exec_driver_sql(
                f"update todos set state = 'done', closed_on = '{TODAY}', record_id = {record} where mode = 'field' and kind = 'regular'"
            )
        _handle_a_signal(conftest.person("802"))
        yield record


def _handle_a_signal(li: Person) -> None:
    with access.reading(MACHINE) as conn:
        signal = conn.execute(sa.text("""select s.id from signals s join customers c on c.id = s.customer_id
                                         where c.customer_no = 'K666' and s.rule_code = 'A02'""")).scalar_one()  # fmt: skip
    with acts.act(li, "signal.take") as conn:
        signals.take(conn, li, signal, now=NOW)
    with acts.act(li, "signal.answer") as conn:
        signals.answer(conn, li, signal, ["Call early"], "电话联系,承诺月底还清", now=NOW)


def _person(number: str):
    return pytest.fixture(lambda visited: conftest.person(number))


sun, li, zhou, wu, lin = (_person(number) for number in ("801", "802", "803", "102", "007"))


# --- Setting ----------------------------------------------------------------------------------------------------------


def of_lines(*lines: str) -> Paper:
    return Paper(
        "检查档案",
        "农安支行",
        [("机构", "农安支行")],
        [],
        [paper.lines(list(lines)), paper.table(["甲"], [1], [[x] for x in lines])],
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_written_stands_there_as_text(text):
    pdf = press.pdf(of_lines(text), MACHINE, NOW)
    assert text_of(pdf).count(text.replace(" ", "")) == 2
    assert all("/Annots" not in page for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)  # nothing that leads anywhere


def test_what_has_no_picture_or_turns_the_writing_is_written_by_its_number():
    said = text_of(press.pdf(of_lines("\u202e王\x00小\ue123二😀", "𠮷"), MACHINE, NOW))
    assert "〈U+202E〉王〈U+0000〉小〈U+E123〉二〈U+1F600〉" in said and "𠮷" in said


def test_the_font_is_in_the_file_and_only_what_is_used_of_it():
    pdf = press.pdf(of_lines("守望"), MACHINE, NOW)
    fonts = pypdf.PdfReader(io.BytesIO(pdf)).pages[0]["/Resources"]["/Font"]
    below = [font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object() for font in fonts.values()]
    assert below and all("/FontFile3" in descriptor and "NotoSansCJK" in descriptor["/FontName"] for descriptor in below)
    assert len(pdf) < 100_000


def test_a_paper_has_one_digest_and_another_when_it_says_something_else():
    assert of_lines("甲").digest() == of_lines("甲").digest() != of_lines("乙").digest()
    assert of_lines("甲").digest() in text_of(press.pdf(of_lines("甲"), MACHINE, NOW))


def test_an_english_reader_gets_an_english_paper(visited, zhou):
    words.language.set("en")
    assert "Inspectionfile" in said(zhou, inspection.of_customer, "K001", Span())


# --- What the file says -----------------------------------------------------------------------------------------------


def test_a_customers_file_tells_what_was_due_done_seen_and_changed(visited, zhou):
    paper = said(zhou, inspection.of_customer, "K001", Span())
    assert "农安王记粮油店" in paper and "91990000MA0000001A" not in paper  # numbers masked
    assert "统一社会信用代码" in paper and "证件号码" not in paper  # a firm's
    with access.reading(MACHINE) as conn:
        due, on_time = conn.execute(sa.text("""select count(*), count(*) filter (where t.closed_on < t.late_from) from todos t
            join customers c on c.id = t.customer_id where c.customer_no = 'K001' and t.state <> 'cancelled'""")).one()  # fmt: skip
    assert due > on_time > 0
    assert f"应检查{due}" in paper and f"按期完成{on_time}·{100 * on_time / due:.1f}%" in paper
    assert f"记录{visited}" in paper and "仓库钥匙在王老板处" in paper
    assert "A·" in paper or "B·" in paper
    assert "周敏新增" in paper and "待办" in paper  # the trail
    assert "打印人周敏803" in paper and "第1页，共" in paper


def test_its_answers_stand_under_the_titles_of_the_form_as_it_was(visited, zhou):
    with access.reading(MACHINE) as conn:
        body = conn.exec_driver_sql("select d.body from definitions d join records r on r.form_code = d.code and r.form_version = d.version"
                                    f" where d.family = 'form' and r.id = {visited}").scalar_one()  # fmt: skip
    with access.transaction(MACHINE, "test") as conn:
        later = json.loads(json.dumps(body).replace(body["sections"][0]["title"]["zh"], "后来的标题"))
        conn.execute(sa.insert(tables.definitions).values(
            family="form", code=body["code"], version=99, body=later, valid_from=date(2026, 11, 1), state="approved", why="test"))  # fmt: skip
    paper = said(zhou, inspection.of_customer, "K001", Span())
    assert body["sections"][0]["title"]["zh"] in paper and "后来的标题" not in paper


def test_the_photos_are_in_it_and_one_that_is_damaged_is_told(visited, zhou):
    with acts.act(zhou, "file.make") as conn:
        whole = inspection.of_customer(conn, zhou, "K001", Span(), now=NOW, today=TODAY).pdf
    assert sum(len(page.images) for page in pypdf.PdfReader(io.BytesIO(whole)).pages) == 2
    broken = next((settings.home() / "photos").rglob(f"{_sha_of(visited)}.jpg"))
    content = broken.read_bytes()
    broken.write_bytes(content[:-9] + b"x" * 9)
    try:
        assert "照片无法读取" in said(zhou, inspection.of_customer, "K001", Span())
    finally:
        broken.write_bytes(content)


def _sha_of(record_id: int) -> str:
    with access.reading(MACHINE) as conn:
        return bytes(conn.exec_driver_sql(f"select sha256 from photos where record_id = {record_id} limit 1").scalar_one()).hex()


def test_answers_without_a_form_of_ours_are_told_in_words():
    given = {"met": "本人", "purpose_ok": True, "workers": 5}
    assert forms.without_form(given) == {"见面人": "本人", "贷款用途是否合规": "是", "workers": "5"}


def test_days_narrow_it(visited, zhou):
    paper = said(zhou, inspection.of_customer, "K001", Span(TODAY - timedelta(days=90), TODAY - timedelta(days=30)))
    assert "期间内没有检查记录" in paper and "应检查0" in paper and f"记录{visited}" not in paper


def test_a_loans_file_leaves_out_what_concerns_the_other_loan(visited, li):
    paper = said(li, inspection.of_loan, "L666", Span())
    assert "L666" in paper and evening.FORMULA in paper
    assert "A02" in paper and "触发的预警规则" in paper  # what fired, in the words of the version


def test_a_signal_is_told_with_its_handling(visited, sun):
    paper = said(sun, inspection.of_customer, "K666", Span())
    assert "由李强受理" in paper and "承诺月底还清" in paper and words.name(SignalState.ANSWERED) in paper


def test_the_rules_are_those_of_the_version_that_asked(visited, sun):
    with access.reading(MACHINE) as conn:
        code, version, number = conn.exec_driver_sql(
            "select t.rule_code, t.rule_version, c.customer_no from todos t join customers c on c.id = t.customer_id"
            " where t.rule_code is not null and c.branch_id = (select branch_id from customers where customer_no = 'K666') limit 1"
        ).one()
    assert f"{code}v{version}·自2000-01-01起执行,系统自带".replace(",", "，") in said(
        sun, inspection.of_customer, number, Span()
    ).replace(",", "，")


# --- Who gets which ---------------------------------------------------------------------------------------------------


def test_nobody_prints_what_is_not_his(visited, wu, lin):
    for by, no in ((wu, refusals.NotFound), (lin, refusals.NotPermitted)):
        with pytest.raises(no), acts.act(by, "file.make") as conn:
            inspection.of_customer(conn, by, "K001", Span(), now=NOW, today=TODAY)


def test_that_it_was_printed_is_in_the_trail_with_its_digest(visited, zhou):
    with acts.act(zhou, "file.make") as conn:
        digest = inspection.of_customer(conn, zhou, "K001", Span(), now=NOW, today=TODAY).digest
        line = next(row for row in audit.listing(conn).rows if row.op == "paper")
        assert line.staff == "周敏" and line.after["digest"] == digest
        assert (
            writing.unmarked(sentences.sentence(line, sentences.names(conn)))
            == f"周敏打印了：检查档案 K001 · 农安王记粮油店（SHA-256 {digest[:12]}）"
        )


def test_a_branchs_file_comes_in_volumes_and_is_swept_after_a_day(visited, sun, monkeypatch):
    with access.reading(sun) as conn:
        customers = files.customers_with_work(conn, [sun.branch_id], Span(date(2026, 1, 1), TODAY + timedelta(days=60)))
    monkeypatch.setattr(inspection, "CUSTOMERS_A_PART", len(customers) - 1)
    told = []
    bound = volumes.bind(
        sun, sun.branch_id, Span(date(2026, 1, 1), TODAY + timedelta(days=60)), lambda done, of: told.append((done, of))
    )
    assert told == [(1, 2), (2, 2)] and bound.volumes == 2
    with zipfile.ZipFile(bound.place) as volume:
        first, second = (text_of(volume.read(name)) for name in volume.namelist())
    assert "农安王记粮油店" in first and "第1册，共2册" in first and "农安王记粮油店" not in second
    assert volumes.sweep(bound.place.parent, datetime.now(UTC)) == 0 and bound.place.exists()
    assert volumes.sweep(bound.place.parent, datetime.now(UTC) + timedelta(days=2)) == 1 and not bound.place.exists()


def test_a_branch_where_nothing_was_due_is_told(visited, sun):
    with pytest.raises(refusals.NothingToPrint):
        volumes.bind(sun, sun.branch_id, Span(date(2020, 1, 1), date(2020, 1, 31)), lambda done, of: None)


def test_the_command_line_prints_a_loans_and_a_branchs_file(visited, tmp_path, capsys):
    assert command.main(["file", "L1", str(tmp_path / "loan.pdf"), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)["files"][0]
    assert "L1" in text_of((tmp_path / "loan.pdf").read_bytes()) and made["digest"] in text_of((tmp_path / "loan.pdf").read_bytes())
    assert command.main(["file", "--branch", "229008", "--from", "2026-01-01", str(tmp_path / "branch.pdf")]) == 0
    assert "农安支行" in text_of((tmp_path / "branch.pdf").read_bytes())
    for wrong in (["L404", "x.pdf"], ["--branch", "404", "x.pdf"], ["x.pdf"]):
        assert command.main(["file", *wrong]) == 1


# --- The monthly report -----------------------------------------------------------------------------------------------

NOVEMBER = date(2026, 11, 1)


def reported(by: Person, branch_id: int | None = None) -> str:
    with acts.act(by, "monthly.make") as conn:
        return text_of(monthly.of_month(conn, by, NOVEMBER, branch_id, now=NOW, today=TODAY).pdf)


@pytest.fixture
def wang(visited) -> Person:
    return conftest.person("001")


def test_the_monthly_report_says_the_dashboards_figures(visited, wang):
    with access.reading(wang) as conn:
        work = figures.completion(conn, figures.Scope(TODAY), [figures.Window(NOVEMBER, TODAY)])[0]
        visits = sum(day.visits for day in figures.on_site_per_day(conn, figures.Scope(TODAY), NOVEMBER))
    assert work.due > work.on_time > 0 and visits > 0
    report = reported(wang)
    assert f"应检查{work.due}0" in report and f"按期完成率{100 * work.on_time / work.due:.1f}%—" in report
    assert f"实地次数{visits}0" in report and "全行·2026-11" in report


def test_a_branch_head_gets_his_branch_and_what_is_not_his_stays_out(visited, sun, wang):
    mine, whole = reported(sun), reported(wang)
    assert "农安支行·2026-11" in mine and "本月130万·2" in mine  # 王记's and 刘洋's
    assert "全行·2026-11" in whole and "本月430万·3" in whole  # 鑫源's of Chaoyang as well


def test_a_loan_that_fell_to_a_worse_class_is_counted_with_its_balance(visited, wang):
    day = date(2026, 11, 10)
    with access.transaction(MACHINE, "test") as conn:
        x, h = tables.loans.c, tables.loan_history
        loan = conn.execute(sa.select(tables.loans).where(x.loan_no == "L5")).one()
        conn.execute(sa.insert(h).values(
            loan_id=loan.id, customer_id=loan.customer_id, from_on=date(2026, 1, 1), to_on=day, branch_id=loan.branch_id, balance_fen=1, status="normal",
            principal_fen=0, interest_fen=0, matures_on=loan.matures_on, extensions=0, run_id=1, **{"class": "special_mention"}))  # fmt: skip
        conn.execute(sa.update(tables.loans).where(x.id == loan.id).values(**{"class": "doubtful"}))
    with access.reading(wang) as conn:
        this = months.report(conn, wang, NOVEMBER, months.Part(None, ""), today=TODAY).this
    assert [(m.was, m.became, m.n, int(m.balance_fen)) for m in this.migration] == [
        ("special_mention", "doubtful", 1, loan.balance_fen)
    ]
    assert "关注▲可疑1" in reported(wang)


def test_the_screen_says_what_the_paper_says_and_so_does_the_file(visited, wang, monkeypatch):
    with access.reading(wang) as conn:
        said = months.report(conn, wang, NOVEMBER, months.Part(None, ""), today=TODAY)
        file = lists.LISTS["monthly"]
        lines = file.rows(conn, lists.OfMonth(TODAY, "2026-11"), None)
    paper, screen = reported(wang), shown_of(monkeypatch, "monthly?month=2026-11")
    for figure in months.glance(said):
        assert (figure.what + "".join(figure.told[:2])).replace(" ", "") in paper
        assert re.search(rf"{re.escape(figure.what)}\s+{re.escape(figure.told[0])}\s+{re.escape(figure.told[1])}", screen), figure
    assert [row.figure for row in lines if not row.of] == months.glance(said)
    assert {row.of for row in lines if row.chapter == "分人员"} == {row.officer or "待领取" for row in said.officers}
    assert [field.title for field in file.fields(TODAY)][:3] == ["Chapter", "Of whom", "Figure"]


def shown_of(monkeypatch, address: str) -> str:
    monkeypatch.setenv("VIGIL_TODAY", str(TODAY))
    return test_pages.shown(test_pages.Visit(monkeypatch, "head_risk").at(address))


def test_the_list_behind_a_figure_of_the_month_has_as_many_rows(visited, wang, monkeypatch):
    with access.reading(wang) as conn:
        said = months.report(conn, wang, NOVEMBER, months.Part(None, ""), today=TODAY)
    opened = [f for f in months.glance(said) if f.page and f.unit is months.Unit.NUMBER and f.page not in ("signals", "monthly")]
    assert {f.page for f in opened} == {"todos", "records", "loans"}
    for figure in opened:
        address = f"{figure.page}?" + "&".join(f"{name}={value}" for name, value in figure.query.items())
        seen = re.search(r'body: "(\d[\d,]*) ', shown_of(monkeypatch, address))
        assert (int(seen[1]) if seen else 0) == figure.now, figure


def test_a_month_to_come_has_no_report(visited, wang):
    with pytest.raises(refusals.NothingToPrint), acts.act(wang, "monthly.make") as conn:
        monthly.of_month(conn, wang, date(2027, 1, 1), now=NOW, today=TODAY)
