"""The nightly files come in: both dialects, what is set aside, what stops a load, who may let it through."""

import gzip
import time
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from db import access, bulk, definitions, feeds
from db.access import MACHINE
from db.loading import publish
from db.vocab import Definition, FeedState
from engine import refusals
from engine.feed import load, override
from tests import bank
from tests.bank import ANNA, OF_LIU_YANG, TODAY, first_delivery, write_own
from tests.conftest import person

TOMORROW = TODAY + timedelta(days=1)


def rows(query: str, **values: object) -> list[tuple]:
    """What the store holds, as the machine sees it."""
    with access.reading(MACHINE) as conn:
        return [tuple(row) for row in conn.execute(sa.text(query), values)]


def one(query: str, **values: object) -> object:
    ((value,),) = rows(query, **values)
    return value


def union(folder: Path) -> load.Report:
    (report,) = load.load(folder, "union")
    return report


def counts(report: load.Report, table: str) -> tuple[int, int, int, int]:
    c = report.files[table]
    return c.rows, c.loaded, c.unchanged, c.quarantined


def rejected(report: load.Report) -> dict[str, set[str]]:
    """Raw text -> reasons."""
    found = rows("select raw, reasons from rejects where run_id = :run", run=report.run_id)
    return {raw: set(reasons) for raw, reasons in found}


def set_parameter(name: str, value: float) -> None:
    with access.transaction(MACHINE, "test") as conn:
        definitions.plant(conn, Definition.PARAMETER, name, {"value": value}, date(2001, 1, 1), "test")


# --- What comes in ----------------------------------------------------------------------------------------------------


def test_the_small_bank_came_in_whole(small_bank):
    assert rows("select loan_no, balance_fen, class::text, live from loans order by 1")[:2] == [
        ("L1", 80_000_000, "normal", True), ("L2", 25_000_000, "normal", True),
    ]  # fmt: skip


def test_the_same_files_again_change_nothing(small_bank, tmp_path):
    before = rows("select * from loans order by id")
    report = union(first_delivery().write(tmp_path))
    assert counts(report, "dk") == (5, 0, 5, 0)
    assert counts(report, "kh") == (5, 0, 5, 0)
    assert rows("select * from loans order by id") == before
    assert rows("select * from loan_history") == []


def test_columns_in_another_order_are_the_same_rows(small_bank, tmp_path):
    folder = first_delivery().on(TOMORROW).write(tmp_path)
    order = list(reversed(bank.COLUMNS["dk"].split()))
    bank.write_table(folder, "dk", TOMORROW, first_delivery().loans, order=order)
    assert counts(union(folder), "dk") == (5, 0, 5, 0)


def test_a_last_line_without_its_line_feed_counts(small_bank, tmp_path):
    folder = first_delivery().on(TOMORROW).write(tmp_path)
    file = folder / f"s_dk_all_{TOMORROW:%Y%m%d}_2290000.del.gz"
    bank.write_lines(folder, "dk", TOMORROW, gzip.decompress(file.read_bytes()).rstrip(b"\n"))
    report = union(folder)
    assert report.stops == []
    assert report.files["dk"].rows == 5


def test_rare_characters_of_four_bytes_come_in(small_bank, tmp_path):
    delivery = first_delivery().on(TOMORROW)
    delivery.customers[1] = (*delivery.customers[1][:1], "刘𠮷㛃", *delivery.customers[1][2:])
    union(delivery.write(tmp_path))
    assert one("select name from customers where customer_no = 'K002'") == "刘𠮷㛃"


def test_a_change_leaves_the_former_state_in_the_history(small_bank, tmp_path):
    delivery = first_delivery().without("L1").on(TODAY)
    delivery.loan("L1", "K001", balance="700000.00", **{"class": "20"})
    report = union(delivery.on(TOMORROW).write(tmp_path))
    assert counts(report, "dk") == (5, 1, 4, 0)
    assert rows("select balance_fen, class::text, worsened_on from loans where loan_no = 'L1'") == [
        (70_000_000, "special_mention", TOMORROW)
    ]
    assert rows("select balance_fen, class::text, from_on, to_on from loan_history") == [(80_000_000, "normal", TODAY, TOMORROW)]


def test_a_correction_on_the_same_date_writes_no_history(small_bank, tmp_path):
    delivery = first_delivery().without("L1").loan("L1", "K001", balance="700000.00")
    assert union(delivery.write(tmp_path)).stops == []
    assert one("select balance_fen from loans where loan_no = 'L1'") == 70_000_000
    assert rows("select * from loan_history") == []


def test_days_follow_from_the_older_of_principal_and_interest(small_bank, tmp_path):
    delivery = first_delivery()
    delivery.arrears.append(("L1", "1000.00", bank.stamp(TODAY), "5.00", bank.stamp(TODAY - timedelta(days=9))))
    union(delivery.on(TOMORROW).write(tmp_path))
    assert one("select overdue_since from loans where loan_no = 'L1'") == TODAY - timedelta(days=9)
    union(first_delivery().on(TOMORROW + timedelta(days=1)).write(tmp_path))
    assert rows("select overdue_since, principal_fen from loans where loan_no = 'L1'") == [(None, 0)]
    assert one("select count(*) from loan_history") == 2


def test_sentinel_dates_mean_none(small_bank, tmp_path):
    delivery = first_delivery()
    delivery.arrears.append(("L1", "0.00", bank.stamp(date(2099, 12, 31)), "5.00", bank.stamp(TODAY)))
    union(delivery.on(TOMORROW).write(tmp_path))
    assert rows("select principal_since, overdue_since from loans where loan_no = 'L1'") == [(None, TODAY)]


def test_a_manager_may_be_a_number_a_name_or_nobody(small_bank, tmp_path):
    delivery = first_delivery()
    delivery.loan("M1", manager="802").loan("M2", manager="李强").loan("M3", manager="无名氏")
    union(delivery.on(TOMORROW).write(tmp_path))
    assert rows("""select loan_no, s.name, manager_text from loans l left join staff s on s.id = l.manager_id
                   where loan_no like 'M%' order by 1""") == [
        ("M1", "李强", "802"), ("M2", "李强", "李强"), ("M3", None, "无名氏"),
    ]  # fmt: skip
    delivery.staff.append(("899", "无名氏", "229008", "客户经理", ""))
    union(delivery.on(TOMORROW + timedelta(days=1)).write(tmp_path))
    assert one("select s.name from loans l join staff s on s.id = l.manager_id where loan_no = 'M3'") == "无名氏"


def test_a_note_left_out_is_settled_after_two_days(small_bank, tmp_path):
    delivery = first_delivery().without("L2")
    union(delivery.on(TOMORROW).write(tmp_path))
    assert rows("select live, absent_since from loans where loan_no = 'L2'") == [(True, TOMORROW)]
    union(delivery.on(TOMORROW + timedelta(days=1)).write(tmp_path))
    assert rows("select live, status, balance_fen from loans where loan_no = 'L2'") == [(False, "settled", 0)]
    assert one("select balance_fen from loan_history where loan_id = (select id from loans where loan_no = 'L2')") == 25_000_000


def test_a_note_that_comes_back_is_live_again(small_bank, tmp_path):
    for n in (1, 2):
        union(first_delivery().without("L2").on(TODAY + timedelta(days=n)).write(tmp_path))
    report = union(first_delivery().on(TODAY + timedelta(days=3)).write(tmp_path))
    assert counts(report, "dk") == (5, 1, 4, 0)
    assert rows("select live, balance_fen, absent_since from loans where loan_no = 'L2'") == [(True, 25_000_000, None)]


def test_a_note_missing_for_one_day_only_stays_as_it_was(small_bank, tmp_path):
    union(first_delivery().without("L2").on(TOMORROW).write(tmp_path))
    report = union(first_delivery().on(TOMORROW + timedelta(days=1)).write(tmp_path))
    assert counts(report, "dk") == (5, 0, 5, 0)
    assert rows("select live, absent_since from loans where loan_no = 'L2'") == [(True, None)]
    assert rows("select * from loan_history") == []


def test_a_closed_branch_opens_when_it_is_handed_down_again(small_bank, tmp_path):
    delivery = first_delivery()
    delivery.branches.append(("229099", "新开支行", "229000"))
    union(delivery.on(TOMORROW).write(tmp_path))
    union(first_delivery().on(TODAY + timedelta(days=2)).write(tmp_path))
    assert one("select closed_on from branches where code = '229099'") == TODAY + timedelta(days=2)
    union(delivery.on(TODAY + timedelta(days=3)).write(tmp_path))
    assert one("select closed_on from branches where code = '229099'") is None


def test_a_staff_number_given_to_somebody_new_is_somebody_new(small_bank, tmp_path):
    delivery = first_delivery()
    delivery.staff = [("802", "新人", *row[2:]) if row[0] == "802" else row for row in delivery.staff]
    union(delivery.on(TOMORROW).write(tmp_path))
    assert rows("select name, left_on from staff where staff_no = '802' order by id") == [("李强", TOMORROW), ("新人", None)]


def test_own_products_join_the_customer_of_the_same_number(small_bank, tmp_path):
    (report,) = load.load(write_own(tmp_path / f"{TODAY:%Y%m%d}", TODAY, ANNA, OF_LIU_YANG), "own")
    assert counts(report, "tese") == (2, 2, 0, 0)
    assert rows("""select loan_no, c.customer_no, c.name, l.balance_fen, l.class::text, l.overdue_since
                   from loans l join customers c on c.id = l.customer_id where l.source = 'own' order by 1""") == [
        ("T1", "own-990000199505050055", "安娜", 29_500_000, "normal", None),
        ("T2", "K002", "刘洋", 3_469_223, "special_mention", TODAY - timedelta(days=12)),
    ]  # fmt: skip


def test_a_day_later_in_arrears_is_no_change(small_bank, tmp_path):
    load.load(write_own(tmp_path / f"{TODAY:%Y%m%d}", TODAY, ANNA, OF_LIU_YANG), "own")
    later = OF_LIU_YANG.replace(",12,", ",13,")
    (report,) = load.load(write_own(tmp_path / f"{TOMORROW:%Y%m%d}", TOMORROW, ANNA, later), "own")
    assert counts(report, "tese") == (2, 0, 2, 0)


def test_a_quoted_field_may_hold_commas_and_line_feeds(small_bank, tmp_path):
    quoted = ANNA.replace("安娜", '"安,娜\n二世"')
    (report,) = load.load(write_own(tmp_path / f"{TODAY:%Y%m%d}", TODAY, quoted, OF_LIU_YANG.replace("烟", "?")), "own")
    assert counts(report, "tese")[:2] == (2, 2)
    assert one("select name from customers where customer_no like 'own-%'") == "安,娜 二世"


def test_files_are_read_while_the_book_may_not_be_changed_yet(small_bank, tmp_path):
    seen = []

    def let_in() -> None:
        read = any(one("select count(*) from pg_tables where tablename = 'union_wy'") for _ in range(2_000))
        seen.append((read, one("select max(business_date) from feed_runs where state = 'loaded'")))

    (report,) = load.load(first_delivery().on(TOMORROW).write(tmp_path), "union", let_in=let_in)
    assert (report.stops, seen) == ([], [(True, TODAY)])
    assert one("select max(business_date) from feed_runs where state = 'loaded'") == TOMORROW


# --- The first day ----------------------------------------------------------------------------------------------------

DRESS = """select indexdef from pg_indexes where tablename in ('loans', 'customers', 'customer_faces') union all
           select pg_get_triggerdef(oid) || tgenabled::text from pg_trigger
           where tgrelid in ('loans'::regclass, 'customers'::regclass, 'customer_faces'::regclass) and not tgisinternal union all
           select pg_get_constraintdef(oid) from pg_constraint
           where conrelid in ('loans'::regclass, 'customers'::regclass, 'customer_faces'::regclass) union all
           select concat_ws(' ', relname, relrowsecurity, relforcerowsecurity, reloptions) from pg_class
           where relname in ('loans', 'customers', 'customer_faces') order by 1"""
RUNS = "select source, state from feed_runs order by 1"
STAGES = "select count(*) from pg_tables where schemaname = 'staging'"


@pytest.fixture(params=["poured", "staged"])
def first_day(request, empty, tmp_path, monkeypatch) -> Path:
    """The files of both sources for an empty book, whose tables are filled bare however few the rows."""
    monkeypatch.setattr(bulk, "WORTH_IT", 0)
    monkeypatch.setattr(load, "WORTH_POURING", 0 if request.param == "poured" else 1 << 40)
    folder = first_delivery().write(tmp_path)
    write_own(folder, TODAY, ANNA, OF_LIU_YANG)
    return folder


def test_on_the_first_day_all_sources_come_in_before_indexes_are_built(first_day):
    before = rows(DRESS)
    reports = load.load(first_day)
    assert [(report.source, report.stops, report.seconds > 0) for report in reports] == [("union", [], True), ("own", [], True)]
    assert counts(reports[1], "tese") == (2, 2, 0, 0)
    assert rows(DRESS) == before
    assert rows("select noun, (after ->> 'n')::int from audit where op = 'bulk' and noun in ('loans', 'customer_faces') order by 1") == [
        ("customer_faces", one("select count(distinct customer_id) from loans")), ("loans", 7),
    ]  # fmt: skip
    assert one("select sum(exposure_fen) from customer_faces") == one("select sum(balance_fen) from loans where live")
    assert one(STAGES) == 0


@pytest.mark.parametrize("first_day", ["staged"], indirect=True)
def test_on_the_first_day_the_next_source_is_read_while_the_book_waits_for_the_one_before(first_day):
    seen = []

    def let_in() -> None:
        read = any(one("select count(*) from pg_tables where tablename = 'own_tese'") for _ in range(2_000))
        seen.append((read, one("select count(*) from pg_class where relname = 'union_dk_fresh'")))

    reports = load.load(first_day, let_in=let_in)
    assert [report.stops for report in reports] == [[], []]
    assert seen[0] == (True, 0)
    assert one(STAGES) == 0


def test_on_the_first_day_a_source_that_is_stopped_leaves_the_other_in_the_book(first_day):
    (first_day / f"tese_{TODAY:%Y%m%d}.csv").write_text("别的列\n1\n", "utf-8")
    before = rows(DRESS)
    union_report, own_report = load.load(first_day)
    assert (union_report.stops, own_report.stops != []) == ([], True)
    assert rows(RUNS) == [("own", "stopped"), ("union", "loaded")]
    assert rows("select source, count(*) from loans group by 1") == [("union", 5)]
    assert one("select sum(exposure_fen) from customer_faces") == one("select sum(balance_fen) from loans where live")
    assert rows(DRESS) == before


def test_on_the_first_day_nothing_is_tried_after_a_source_that_is_stopped(first_day):
    for file in first_day.glob("s_wy_*"):
        file.unlink()
    (report,) = load.load(first_day)
    assert report.stops
    assert rows(RUNS) == [("union", "stopped")]
    assert (one("select count(*) from loans"), one(STAGES)) == (0, 0)


def test_on_the_first_day_who_reads_slowly_holds_up_nobody_who_was_stopped(first_day, monkeypatch):
    """What is read is told in a transaction of its own; meanwhile the run that will not be loaded must not be taken back."""

    def slowly(report: load.Report, words: str, say=load._say) -> None:
        time.sleep(0.5)
        say(report, words)

    monkeypatch.setattr(load, "_say", slowly)
    for file in first_day.glob("s_wy_*"):
        file.unlink()
    (report,) = load.load(first_day)
    assert report.stops
    assert rows(RUNS) == [("union", "stopped")]


def test_on_the_first_day_a_fault_leaves_no_source_in_the_book(first_day, monkeypatch):
    def fail(conn: sa.Connection) -> None:
        raise RuntimeError("a fault")

    before = rows(DRESS)
    monkeypatch.setattr(publish, "refresh_customers", fail)
    with pytest.raises(RuntimeError, match="a fault"):
        load.load(first_day)
    assert rows(RUNS) == [("own", "failed"), ("union", "failed")]
    assert (one("select count(*) from customers"), one(STAGES)) == (0, 0)
    assert rows(DRESS) == before


# --- What is set aside ------------------------------------------------------------------------------------------------


def test_every_reason_sets_a_row_aside_with_its_text(small_bank, tmp_path):
    delivery = first_delivery()
    wrong = {
        "not_a_number:amount": {"amount": "十万", "balance": "1.00"},
        "not_a_number:balance": {"balance": "1e5"},
        "no_such_date:disbursed_on": {"disbursed": "2026-02-30-00.00.00.000000"},
        "unknown_customer": {},
        "unknown_product": {"product": "999"},
        "unknown_branch": {"branch": "000000"},
        "unknown_class": {"class": "60"},
        "unknown_agri": {"agri": "是"},
        "negative_balance": {"balance": "-0.01"},
        "balance_above_amount": {"balance": "1010000.01"},
        "matures_before_disbursed": {"matures": TODAY - timedelta(days=101)},
        "missing:matures_on": {"matures": ""},
        "missing:disbursed_on": {"disbursed": "29991231"},
    }
    for number, changes in enumerate(wrong.values()):
        delivery.loan(f"R{number}", **changes)
    delivery.loans = [(*row[:2], "K999", *row[3:]) if row[0] == "R3" else row for row in delivery.loans]
    delivery.loan("L1")
    delivery.loans.append(("R99", "too", "short"))
    report = union(delivery.on(TOMORROW).write(tmp_path))
    found = {raw.split("|$|")[0]: reasons for raw, reasons in rejected(report).items()}
    expected = {f"R{number}": {reason} for number, reason in enumerate(wrong)}
    assert found == expected | {"L1": {"duplicate_key"}, "R99": {"wrong_field_count"}}
    assert counts(report, "dk") == (20, 0, 5, 15)


def test_a_balance_within_the_tolerance_is_no_fault(small_bank, tmp_path):
    report = union(first_delivery().loan("R1", balance="1010000.00").on(TOMORROW).write(tmp_path))
    assert counts(report, "dk") == (6, 1, 5, 0)


def test_all_reasons_of_a_row_are_kept_not_the_first(small_bank, tmp_path):
    delivery = first_delivery().loan("R1", branch="000000", product="999", balance="-1.00", **{"class": "?"})
    (reasons,) = rejected(union(delivery.on(TOMORROW).write(tmp_path))).values()
    assert reasons == {"unknown_branch", "unknown_product", "negative_balance", "unknown_class"}


def test_bytes_that_are_no_character_set_their_own_line_aside(small_bank, tmp_path):
    folder = first_delivery().loan("R1", purpose="流动X周转").on(TOMORROW).write(tmp_path)
    file = folder / f"s_dk_all_{TOMORROW:%Y%m%d}_2290000.del.gz"
    bank.write_lines(folder, "dk", TOMORROW, gzip.decompress(file.read_bytes()).replace(b"X", b"\xff\xff\x00"))
    report = union(folder)
    assert counts(report, "dk") == (6, 0, 5, 1)
    ((raw, reasons),) = rejected(report).items()
    assert raw.startswith("R1|$|HTR1")
    assert reasons == {"unreadable_text"}


def test_of_two_lines_with_one_key_the_one_in_the_book_stands(small_bank, tmp_path):
    delivery = first_delivery().loan("L1", balance="1.00")
    report = union(delivery.on(TOMORROW).write(tmp_path))
    assert counts(report, "dk") == (6, 0, 5, 1)
    assert one("select balance_fen from loans where loan_no = 'L1'") == 80_000_000


def test_of_a_new_sources_two_lines_with_one_key_the_first_counts(small_bank, tmp_path):
    again = ANNA.replace("29.5", "3.0")
    (report,) = load.load(write_own(tmp_path / f"{TODAY:%Y%m%d}", TODAY, ANNA, again), "own")
    assert counts(report, "tese") == (2, 1, 0, 1)
    assert rejected(report) == {again: {"duplicate_key"}}
    exposure = "select exposure_fen from customer_faces f join customers c on c.id = f.customer_id where c.name = '安娜'"
    assert one(exposure) == 29_500_000


def test_an_empty_table_is_filled_bare_and_dressed_again(small_bank, tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "WORTH_IT", 0)
    dress = """select indexdef from pg_indexes where tablename = 'guarantors' union all
               select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'guarantors'::regclass order by 1"""
    before, delivery = rows(dress), first_delivery()
    delivery.guarantors += [("L1", "K004", "长春鑫源建材有限公司", "500000.00"), ("L1", "K004", "又一行", "1.00")]
    report = union(delivery.on(TOMORROW).write(tmp_path))
    assert counts(report, "bz") == (2, 1, 0, 1)
    assert rows(dress) == before
    assert rows("select op, n from audit where noun = 'guarantors'") == [("bulk", 1)]


def test_the_line_number_is_the_editors(small_bank, tmp_path):
    quoted = ANNA.replace("安娜", '"安\n娜"')
    folder = write_own(tmp_path / f"{TODAY:%Y%m%d}", TODAY, quoted, OF_LIU_YANG.replace("关注", "尚可"))
    (report,) = load.load(folder, "own")
    assert rows("select line, raw, reasons from rejects where run_id = :run", run=report.run_id) == [
        (4, OF_LIU_YANG.replace("关注", "尚可"), ["unknown_class"])
    ]


def test_own_products_name_what_is_wrong(small_bank, tmp_path):
    lines = [
        ANNA, ANNA.replace("T1", "T3").replace("烟商贷", "没有的贷"), ANNA.replace("T1", "T4").replace("安娜", ""),
        ANNA.replace("T1", "T5").replace("2026/08/10", "2026-08-10"), ANNA.replace("T1", "T6").replace("29.5", "三十"), "T7,短",
    ]  # fmt: skip
    (report,) = load.load(write_own(tmp_path / f"{TODAY:%Y%m%d}", TODAY, *lines), "own")
    assert counts(report, "tese") == (6, 1, 0, 5)
    assert {raw[:2]: reasons for raw, reasons in rejected(report).items()} == {
        "T3": {"unknown_product"}, "T4": {"missing:new_customer_name"}, "T5": {"no_such_date:disbursed_on"},
        "T6": {"not_a_number:balance"}, "T7": {"wrong_field_count"},
    }  # fmt: skip


# --- What stops a load ------------------------------------------------------------------------------------------------


def stopped(report: load.Report) -> str:
    """The one reason, after making sure that nothing of the delivery can be seen."""
    (reason,) = report.stops
    assert feeds_run(report.run_id).state == FeedState.STOPPED
    assert rows("select balance_fen from loans where loan_no = 'L1'") == [(80_000_000,)]
    assert rows("select tablename from pg_tables where schemaname = 'staging'") == []
    return reason


def feeds_run(run_id: int) -> sa.Row:
    with access.reading(MACHINE) as conn:
        return feeds.run(conn, run_id)


@pytest.fixture
def tonight(small_bank, tmp_path) -> Path:
    """Tomorrow's folder, in which L1 has another balance: whoever sees it has seen half a load."""
    delivery = first_delivery().without("L1").loan("L1", balance="1.00")
    return delivery.on(TOMORROW).write(tmp_path)


def of(folder: Path, table: str, ending: str) -> Path:
    return next(folder.glob(f"s_{table}_all_*{ending}"))


def test_a_file_that_is_not_there_stops_the_load(tonight):
    for file in tonight.glob("s_wy_*"):
        file.unlink()
    assert stopped(union(tonight)) == f"missing_file:s_wy_all_{TOMORROW:%Y%m%d}_*.del.gz"


def test_a_ddl_that_is_not_there_stops_the_load(tonight):
    of(tonight, "dk", ".ddl").unlink()
    assert stopped(union(tonight)) == f"missing_file:s_dk_all_{TOMORROW:%Y%m%d}.ddl"


def test_without_its_ok_file_a_delivery_is_waited_for(tonight):
    of(tonight, "dk", ".ok").unlink()
    report = union(tonight)
    assert (report.waiting, report.stops, report.run_id) == (True, [], None)


@pytest.mark.parametrize(
    ("said", "reason"),
    [("rows=6", "rows:{0}:6:5"), ("bytes=1", "bytes:{0}:1:{1}"), ("md5=00", "md5:{0}")],
)
def test_what_the_ok_file_promised_must_be_there(tonight, said, reason):
    file = of(tonight, "dk", ".gz")
    of(tonight, "dk", ".ok").write_text(said)
    assert stopped(union(tonight)) == reason.format(file.name, len(gzip.decompress(file.read_bytes())))


def test_an_empty_ok_file_promises_nothing(tonight):
    of(tonight, "dk", ".ok").write_text("")
    assert stopped(union(tonight)).startswith("unreadable:s_dk_all_")


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-30], lambda b: b[:40] + b"????" + b[44:], lambda b: b"PK\x03\x04" + b, lambda b: b""]
)
def test_a_damaged_archive_stops_the_load(tonight, damage):
    file = of(tonight, "dk", ".gz")
    file.write_bytes(damage(file.read_bytes()))
    reasons = union(tonight).stops
    assert {reason.split(":")[0] for reason in reasons} <= {"unreadable", "bytes", "rows", "md5"}
    assert reasons


def test_a_folder_in_the_place_of_a_file_stops_the_load(tonight):
    file = of(tonight, "kh", ".gz")
    file.unlink()
    file.mkdir()
    assert stopped(union(tonight)).startswith("unreadable:s_kh_all_")


def test_a_header_that_changed_stops_the_load(small_bank, tmp_path):
    header = bank.OWN_HEADER.replace("风险分类", "五级分类")
    (report,) = load.load(write_own(tmp_path / f"{TODAY:%Y%m%d}", TODAY, ANNA, header=header), "own")
    assert report.stops == [f"missing_column:tese_{TODAY:%Y%m%d}.csv:风险分类"]


def test_a_header_in_another_encoding_stops_the_load(small_bank, tmp_path):
    (report,) = load.load(write_own(tmp_path / f"{TODAY:%Y%m%d}", TODAY, ANNA, encoding="gb18030"), "own")
    assert report.stops[0].startswith("missing_column:tese_")


def test_a_column_that_stands_twice_stops_the_load(small_bank, tmp_path):
    header = bank.OWN_HEADER + ",网点"
    (report,) = load.load(write_own(tmp_path / f"{TODAY:%Y%m%d}", TODAY, ANNA, header=header), "own")
    assert report.stops[0].startswith("column_twice:tese_")


def test_a_fall_of_rows_stops_the_load(small_bank, tmp_path):
    delivery = first_delivery()
    for number in range(20):
        delivery.loan(f"N{number:02d}")
    union(delivery.on(TOMORROW).write(tmp_path))
    fewer = replace_loans(delivery, delivery.loans[:-2]).on(TOMORROW + timedelta(days=1))
    assert union(fewer.write(tmp_path)).stops == ["row_drop:dk:25:23"]


def replace_loans(delivery: bank.Delivery, loans: list[tuple]) -> bank.Delivery:
    return bank.Delivery(delivery.day, loans=loans)


def test_a_fall_of_the_balance_stops_the_load(small_bank, tmp_path):
    delivery = first_delivery().without("L4").loan("L4", "K004", product="103", amount="3000000.00", balance="1.00")
    assert stopped(union(delivery.on(TOMORROW).write(tmp_path))) == "balance_drop:4710000:1910001"


def test_an_earlier_date_stops_the_load(small_bank, tmp_path):
    folder = first_delivery().on(TODAY - timedelta(days=1)).write(tmp_path)
    assert stopped(union(folder)) == f"earlier_than_loaded:{TODAY}"


def test_a_gap_stops_the_load_and_names_the_days(small_bank, tmp_path):
    folder = first_delivery().on(TODAY + timedelta(days=3)).write(tmp_path)
    assert stopped(union(folder)) == f"gap:{TOMORROW}:{TODAY + timedelta(days=2)}"


def test_branches_in_a_circle_stop_the_load(small_bank, tmp_path):
    delivery = first_delivery()
    delivery.branches[0] = ("229000", "总行营业部", "229008")
    assert stopped(union(delivery.on(TOMORROW).write(tmp_path))).startswith("branch_cycle:")


def test_every_stop_is_said_not_the_first(tonight):
    for table in ("kh", "dk"):
        of(tonight, table, ".ok").write_text("md5=00")
    assert [reason.split(":")[0] for reason in union(tonight).stops] == ["md5", "md5"]


def test_a_stop_ends_a_folder_of_folders_there(small_bank, tmp_path):
    for n in (1, 2, 3):
        first_delivery().on(TODAY + timedelta(days=n)).write(tmp_path)
    of(tmp_path / f"{TODAY + timedelta(days=2):%Y%m%d}", "dk", ".ok").write_text("md5=00")
    assert [(report.day, bool(report.stops)) for report in load.load(tmp_path, "union")] == [
        (TOMORROW, False), (TODAY + timedelta(days=2), True),
    ]  # fmt: skip


# --- Letting it through -----------------------------------------------------------------------------------------------


@pytest.fixture
def late(small_bank, tmp_path) -> load.Report:
    """A delivery stopped because three days are missing."""
    return union(first_delivery().without("L1").loan("L1", balance="700000.00").on(TODAY + timedelta(days=4)).write(tmp_path))


def ask(by: str, run_id: int, reason: str = "假期无数据") -> None:
    who = person(by)
    with access.transaction(who, "feed.override.ask") as conn:
        override.ask(conn, who, run_id, reason)


def allow(by: str, run_id: int) -> None:
    who = person(by)
    with access.transaction(who, "feed.override.allow") as conn:
        override.allow(conn, who, run_id)


def test_zhao_asks_and_wang_allows_and_it_is_loaded(late):
    ask("002", late.run_id)
    allow("001", late.run_id)
    report = load.resume(late.run_id)
    assert report.stops == []
    assert one("select balance_fen from loans where loan_no = 'L1'") == 70_000_000
    assert feeds_run(report.run_id).stops == late.stops


def test_nobody_allows_what_he_asked_for(late):
    ask("002", late.run_id)
    with pytest.raises(refusals.FourEyes):
        allow("002", late.run_id)
    with pytest.raises(refusals.NotFound):
        load.resume(late.run_id)


def test_nothing_is_loaded_before_a_second_person_allows(late):
    ask("002", late.run_id)
    with pytest.raises(refusals.NotFound):
        load.resume(late.run_id)


def test_asking_needs_a_reason(late):
    with pytest.raises(refusals.Missing):
        ask("002", late.run_id, " ? ")


def test_an_officer_may_neither_ask_nor_allow(late):
    with pytest.raises(refusals.NotPermitted):
        ask("802", late.run_id)
    ask("002", late.run_id)
    with pytest.raises(refusals.NotPermitted):
        allow("802", late.run_id)


def refuse(by: str, run_id: int, why: str = "请补齐缺失日期") -> None:
    who = person(by)
    with access.transaction(who, "feed.override.allow") as conn:
        override.refuse(conn, who, run_id, why)


def test_wang_refuses_and_zhao_may_ask_again(late):
    ask("002", late.run_id)
    refuse("001", late.run_id)
    assert feeds_run(late.run_id).override_refused_why == "请补齐缺失日期"
    with pytest.raises(refusals.NotFound):
        load.resume(late.run_id)
    with pytest.raises(refusals.Conflict):
        allow("001", late.run_id)
    ask("002", late.run_id, "缺失日期无业务，已核实")
    assert feeds_run(late.run_id).override_refused_by is None
    allow("001", late.run_id)
    assert load.resume(late.run_id).stops == []
    with pytest.raises(refusals.Conflict):
        refuse("001", late.run_id)


def test_nobody_refuses_what_he_asked_for_or_without_a_reason(late):
    ask("002", late.run_id)
    with pytest.raises(refusals.FourEyes):
        refuse("002", late.run_id)
    with pytest.raises(refusals.Missing):
        refuse("001", late.run_id, " ? ")
    with pytest.raises(refusals.NotPermitted):
        refuse("802", late.run_id)
    assert feeds_run(late.run_id).override_refused_by is None


def test_what_nobody_asked_for_can_be_neither_allowed_nor_refused(late):
    for decide in (allow, refuse):
        with pytest.raises(refusals.Conflict):
            decide("001", late.run_id)


def test_an_override_covers_only_what_it_was_asked_for(late, tmp_path):
    """Between stop and override the file was damaged: that stops it anew."""
    ask("002", late.run_id)
    allow("001", late.run_id)
    of(tmp_path / f"{late.day:%Y%m%d}", "dk", ".ok").write_text("md5=00")
    assert [stop.split(":")[0] for stop in load.resume(late.run_id).stops] == ["md5"]
    assert one("select balance_fen from loans where loan_no = 'L1'") == 80_000_000


# --- Deltas -----------------------------------------------------------------------------------------------------------

DELTA = {
    "source": "delta", "title": {"en": "Delta"}, "format": "delimited", "delimiter": "|", "columns": "header",
    "snapshot": "delta", "deleted": {"column": "op", "text": "D"}, "date_format": "%d.%m.%Y",
    "tables": {"notes": {"noun": "loans", "file": "notes_{date}.txt", "fields": {
        "loan_no": "no", "customer": "cust", "branch": "br", "product": "prod", "disbursed_on": "from", "matures_on": "to",
        "amount": "amt", "balance": "bal", "class": {"column": "cls", "codes": {"1": "normal", "2": "loss"}}}}},
}  # fmt: skip


def write_delta(inbox: Path, day: date, *lines: str) -> Path:
    folder = inbox / f"{day:%Y%m%d}"
    folder.mkdir(exist_ok=True)
    (folder / f"notes_{day:%Y%m%d}.txt").write_text("\n".join(["op|no|cust|br|prod|from|to|amt|bal|cls", *lines]), "utf-8")
    return folder


def test_a_delta_changes_what_it_names_and_nothing_else(small_bank, tmp_path):
    with access.transaction(MACHINE, "test") as conn:
        definitions.plant(conn, Definition.MAPPING, "delta", DELTA, date(2001, 1, 1), "test")
    set_parameter("feed.max_balance_drop", 1)
    note = "I|{0}|K001|229008|101|01.06.2026|01.06.2027|100|90|1"
    first = load.load(write_delta(tmp_path, TODAY, note.format("D1"), note.format("D2"), note.format("D3")), "delta")
    assert counts(first[0], "notes") == (3, 3, 0, 0)
    changed = note.format("D1").replace("|90|", "|80|")
    lines = (changed, note.format("D2"), "D|D3||||||||", "D|D9||||||||", "D|D3", note.format("D4").replace("01.06.2026", "?"))
    (report,) = load.load(write_delta(tmp_path, TOMORROW, *lines), "delta")
    assert rows("select loan_no, balance_fen, status from loans where source = 'delta' order by 1") == [
        ("D1", 8_000, "normal"), ("D2", 9_000, "normal"), ("D3", 0, "settled"),
    ]  # fmt: skip
    assert counts(report, "notes") == (6, 2, 2, 2)


def test_a_number_of_another_sources_customer_is_set_aside(small_bank, tmp_path):
    body = {**DELTA, "source": "other", "deleted": None, "snapshot": "full", "tables": {"people": {
        "noun": "customers", "file": "p_{date}.txt",
        "fields": {"customer_no": "no", "name": "name", "branch": "br", "kind": {"column": "k", "codes": {"P": "person"}}}}}}  # fmt: skip
    with access.transaction(MACHINE, "test") as conn:
        definitions.plant(conn, Definition.MAPPING, "other", body, date(2001, 1, 1), "test")
    folder = tmp_path / f"{TODAY:%Y%m%d}"
    folder.mkdir()
    (folder / f"p_{TODAY:%Y%m%d}.txt").write_text("no|name|br|k\nK001|又一个|229008|P\nZ1|新人|229008|P\n", "utf-8")
    (report,) = load.load(folder, "other")
    assert counts(report, "people") == (2, 1, 0, 1)
    assert list(rejected(report).values()) == [{"key_of_another_source"}]


# --- Reconciliation ---------------------------------------------------------------------------------------------------


def test_balances_reconcile_with_the_source(small_bank, tmp_path):
    """Both agree but for the row that was set aside."""
    union(first_delivery().loan("R1", balance="5.00", product="999").on(TOMORROW).write(tmp_path))
    ((in_file, in_book),) = rows("select balance_fen, published_fen from feed_files where name = 'dk' order by run_id desc limit 1")
    assert in_file - in_book == 500
    assert in_book == one("select sum(balance_fen) from loans where source = 'union' and live")


def test_the_book_is_as_the_bank_sees_it_afterwards(small_bank):
    with access.reading(MACHINE) as conn:
        totals = feeds.book_totals(conn)
        run = feeds.last_loaded(conn, "union")
    assert run.totals == totals
