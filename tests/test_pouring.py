"""A bank's first lines are poured straight into their tables: the book they make is the one that stages would have made."""

import gzip
import random
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from db import access, bulk
from db.access import MACHINE
from engine.feed import load
from tests import bank
from tests.bank import ANNA, OF_LIU_YANG, TODAY, Delivery, first_delivery, write_own
from tests.conftest import cloned
from tests.test_feeds import DRESS, STAGES, counts, one, rejected, rows, set_parameter

# Of every row all but the ids, which tell of how often one was begun; whom they name, by name.
NAMED = "(select code from branches where id = x.branch_id), (select staff_no from staff where id = x.manager_id)"
BOOK = (
    f"select to_jsonb(x) - '{{id,branch_id,manager_id}}'::text[], {NAMED} from customers x order by source, customer_no",
    f"""select to_jsonb(x) - '{{id,customer_id,branch_id,manager_id,product_id}}'::text[], c.customer_no, p.code, {NAMED}
        from loans x join customers c on c.id = x.customer_id join products p on p.id = x.product_id order by x.source, x.loan_no""",
    "select to_jsonb(g) - '{id,loan_id,customer_id,guarantor_id}'::text[] from guarantors g order by loan_no, guarantor_no",
    "select to_jsonb(f) - '{customer_id,touched_at}'::text[], c.customer_no from customer_faces f join customers c on c.id = f.customer_id order by 2",
    "select name, line, reasons, raw from rejects order by name, line",
    "select name, rows, loaded, unchanged, quarantined, balance_fen, published_fen from feed_files order by name",
    "select source, state, stops from feed_runs order by id",
    "select noun, after from audit where op = 'bulk' order by noun",
)
POURED, STAGED = 0, 1 << 40  # bytes from which a file is poured


@pytest.fixture
def bare(monkeypatch):
    """Tables are undressed however few the rows."""
    monkeypatch.setattr(bulk, "WORTH_IT", 0)
    monkeypatch.setattr(load, "WORTH_POURING", POURED)


@pytest.fixture
def by_way(administrator, templates, monkeypatch):
    """What the book holds after a first load in one way."""

    def loaded(folder: Path, way: int) -> list:
        monkeypatch.setattr(bulk, "WORTH_IT", 0)
        monkeypatch.setattr(load, "WORTH_POURING", way)
        with contextmanager(cloned)(administrator, templates["empty"]):
            for name in ("feed.max_row_drop", "feed.balance_tolerance"):
                set_parameter(name, 1.0)
            load.load(folder)
            return [rows(query) for query in BOOK]

    return loaded


def spoiled(number: int) -> Delivery:
    """Forty notes of five customers, many of them unusable in one way or two, different ones for each number."""
    dice, delivery = random.Random(number), first_delivery()
    wrong = [
        {"branch": "000000"}, {"product": "999"}, {"manager": "nobody"}, {"manager": "王磊"}, {"class": "60"}, {"agri": "是"},
        {"balance": "-0.01"}, {"balance": "1e5"}, {"amount": ""}, {"disbursed": "2026-02-30-00.00.00.000000"}, {"matures": "29991231"},
        {"matures": ""}, {"purpose": "一\\二"}, {"purpose": '"三"'}, {"rate": "x"}, {"status": "3"}, {},
    ]  # fmt: skip
    for n in range(40):
        changes = dice.choice(wrong) | dice.choice(wrong)
        delivery.loan(f"R{n}", dice.choice(["K001", "K002", "K003", "K004", "K005"]), **changes)
    delivery.loans.append(("R99", "too", "short"))
    delivery.loans.append((*delivery.loans[7][:2], "K999", *delivery.loans[7][3:]))
    delivery.customers.append(("K777", "无名", "10", "", "", "某处", "000000", ""))
    delivery.guarantors.append(("L1", "K004", "长春鑫源建材有限公司", "500000.00"))
    return delivery.overdue("L1", TODAY - timedelta(days=3))


@pytest.mark.parametrize("number", range(6))
def test_the_book_is_the_same_whichever_way_its_first_lines_came_in(by_way, tmp_path, number):
    delivery = spoiled(number)
    if number % 2:  # without a key that stands twice, for then both ways are one
        delivery.loans.pop()
    folder = delivery.write(tmp_path)
    write_own(folder, TODAY, ANNA, OF_LIU_YANG, ANNA.replace("T1", "T3").replace("烟商贷", "没有的贷"))
    poured, staged = by_way(folder, POURED), by_way(folder, STAGED)
    assert len(staged[1]) > 5 and len(staged[4]) > 5
    assert poured == staged


@pytest.mark.parametrize("table", ["kh", "dk"])
def test_damaged_bytes_make_the_same_book_whichever_way(by_way, tmp_path, table):
    folder = first_delivery().write(tmp_path)
    file = folder / f"s_{table}_all_{TODAY:%Y%m%d}_2290000.del.gz"
    whole = gzip.decompress(file.read_bytes())
    for piece in (b"\xff", b"\x00", b"\t", b"\\N", b"|$|", b"\r\n\n", b"\x81|$|"):
        at = whole.index(b"|$|", len(whole) // 2)
        bank.write_lines(folder, table, TODAY, whole[:at] + piece + whole[at:])
        assert by_way(folder, POURED) == by_way(folder, STAGED), piece


def test_first_customers_and_notes_pass_by_no_stage(empty, tmp_path, bare, monkeypatch):
    staged = []
    monkeypatch.setattr(
        load, "_stage", lambda found, piece, *rest, stage=load._stage: (staged.append(piece.name), stage(found, piece, *rest))[1]
    )
    report = load.load(first_delivery().write(tmp_path), "union")[0]
    assert (counts(report, "kh"), counts(report, "dk")) == ((5, 5, 0, 0), (5, 5, 0, 0))
    assert staged == ["jg", "yg", "cp", "wy"]
    assert one(STAGES) == 0


def test_of_a_first_files_two_lines_with_one_key_the_first_counts(empty, tmp_path, bare):
    report = load.load(first_delivery().loan("L1", balance="1.00").write(tmp_path), "union")[0]
    assert counts(report, "dk") == (6, 5, 0, 1)
    ((raw, reasons),) = rejected(report).items()
    assert (raw.split("|$|")[9], reasons) == ("1.00", {"duplicate_key"})
    assert one("select balance_fen from loans where loan_no = 'L1'") == 80_000_000


def test_a_first_file_that_breaks_off_leaves_nothing_behind_and_the_tables_as_they_were(empty, tmp_path, bare):
    folder, before = first_delivery().write(tmp_path), rows(DRESS)
    file = folder / f"s_dk_all_{TODAY:%Y%m%d}_2290000.del.gz"
    file.write_bytes(file.read_bytes()[:-20])
    report = load.load(folder, "union")[0]
    assert report.stops[0].startswith("unreadable")
    assert (one("select count(*) from customers"), one("select count(*) from loans"), one(STAGES)) == (0, 0, 0)
    assert rows(DRESS) == before


def test_the_day_after_a_poured_one_finds_every_line_unchanged(empty, tmp_path, bare):
    load.load(first_delivery().write(tmp_path), "union")
    report = load.load(first_delivery().loan("L6").on(TODAY + timedelta(days=1)).write(tmp_path), "union")[0]
    assert (counts(report, "kh"), counts(report, "dk")) == ((5, 0, 5, 0), (6, 1, 5, 0))


def test_nobody_commits_a_table_without_its_indexes_policies_and_triggers(empty):
    with pytest.raises(sa.exc.InternalError, match="left undressed: loans"), access.transaction(MACHINE, "test") as conn:
        conn.exec_driver_sql("select vigil_undress('loans')")
    assert one("select relrowsecurity and relforcerowsecurity from pg_class where oid = 'loans'::regclass") is True


def test_what_all_first_rows_say_is_said_once_and_forgotten_afterwards(empty):
    defaults = "select attname::text from pg_attribute where attrelid = 'customers'::regclass and atthasdef and attgenerated = '' order by 1"
    before = rows(defaults)
    with access.transaction(MACHINE, "test") as conn, bulk.undressed(conn, "customers"):
        bulk.presume(conn, "customers", {"source": "union", "created_on": TODAY})
        assert "source" in conn.exec_driver_sql(defaults).scalars().all()
    assert rows(defaults) == before


def test_nothing_is_presumed_of_a_table_that_stands_or_of_a_column_that_says_something_already(empty):
    for table, column, refusal in (
        ("customers", "source", "not undressed: customers"),
        ("loans", "status", "says something already"),
    ):
        with pytest.raises(sa.exc.InternalError, match=refusal), access.transaction(MACHINE, "test") as conn:
            if table == "loans":
                conn.exec_driver_sql("select vigil_undress('loans')")
            bulk.presume(conn, table, {column: "x"})
