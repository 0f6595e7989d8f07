"""Whatever lies in the folder and whatever is pulled from the wall: a delivery is in the book whole, or not at all."""

import gzip
import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.feed import load
from tests import bank
from tests.bank import ANNA, OF_LIU_YANG, TODAY, first_delivery, write_own
from tests.test_feeds import one, rows, set_parameter

TOMORROW = TODAY + timedelta(days=1)
BOOK = (
    "select * from loans order by id", "select * from customers order by id", "select * from staff order by id",
    "select * from branches order by id", "select * from products order by id", "select * from arrears order by 1, 2",
    "select * from loan_history order by 1, 3", "select customer_id, live_loans, exposure_fen from customer_faces order by 1",
)  # fmt: skip

few = settings(
    max_examples=25, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip

GRAIN = st.one_of(
    st.binary(min_size=0, max_size=6),
    st.sampled_from([b"|$|", b"\n", b"\r", b"\t", b"\\", b"\\N", b"\\.", b'"', b"\x00", b"\xff", b"\x81", b",", b"-", b"\xef\xbb\xbf",
                     b"99999999999999999999", b"NaN", b"1e400", "𠮷".encode("gb18030"), b"2026-13-45"]),
)  # fmt: skip


@st.composite
def damages(draw) -> list[tuple[float, int, bytes]]:
    """Places (as a share of the file), how many bytes go, what comes instead."""
    return draw(st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0, 0, 1, 3, 40, 400]), GRAIN), min_size=1, max_size=5))


def damaged(data: bytes, damage: list[tuple[float, int, bytes]]) -> bytes:
    for share, gone, instead in damage:
        at = int(share * len(data))
        data = data[:at] + instead + data[at + gone :]
    return data


def the_book() -> list:
    return [rows(query) for query in BOOK]


def whole_or_not_at_all(folder: Path, source: str) -> None:
    before = the_book()
    (report,) = load.load(folder, source)
    assert one("select count(*) from pg_tables where schemaname = 'staging'") == 0
    if report.stops:
        assert the_book() == before
        return
    assert one("select state from feed_runs order by id desc limit 1") == "loaded"
    for name, c in report.files.items():
        assert c.rows == c.loaded + c.unchanged + c.quarantined
        kept = rows("select raw, reasons from rejects where run_id = :run and name = :name", run=report.run_id, name=name)
        assert len(kept) == c.quarantined
        assert all(reasons for _, reasons in kept)
    in_faces = one("select coalesce(sum(exposure_fen), 0) from customer_faces")
    assert in_faces == one("select coalesce(sum(balance_fen), 0) from loans where live")


def let_everything_through() -> None:
    for name in ("feed.max_row_drop", "feed.max_balance_drop"):
        set_parameter(name, 1)


def test_damaged_lines_of_the_union_never_break_a_load(small_bank, tmp_path):
    let_everything_through()

    @few
    @given(table=st.sampled_from(["jg", "yg", "cp", "kh", "dk", "wy"]), damage=damages())
    def try_it(table, damage):
        delivery = first_delivery().overdue("L1", TODAY).on(TOMORROW)
        folder = delivery.write(tmp_path)
        file = folder / f"s_{table}_all_{TOMORROW:%Y%m%d}_2290000.del.gz"
        bank.write_lines(folder, table, TOMORROW, damaged(gzip.decompress(file.read_bytes()), damage))
        whole_or_not_at_all(folder, "union")

    try_it()


def test_damaged_lines_of_our_own_products_never_break_a_load(small_bank, tmp_path):
    let_everything_through()

    @few
    @given(damage=damages())
    def try_it(damage):
        folder = write_own(tmp_path / f"{TOMORROW:%Y%m%d}", TOMORROW, ANNA, OF_LIU_YANG)
        file = folder / f"tese_{TOMORROW:%Y%m%d}.csv"
        file.write_bytes(damaged(file.read_bytes(), damage))
        whole_or_not_at_all(folder, "own")

    try_it()


def test_damaged_archives_and_side_files_never_break_a_load(small_bank, tmp_path):
    let_everything_through()

    @few
    @given(ending=st.sampled_from([".del.gz", ".del.ok", ".ddl"]), damage=damages())
    def try_it(ending, damage):
        folder = first_delivery().on(TOMORROW).write(tmp_path)
        file = next(folder.glob(f"s_dk_all_*{ending}"))
        file.write_bytes(damaged(file.read_bytes(), damage))
        whole_or_not_at_all(folder, "union")

    try_it()


# --- Killed, and two at once ------------------------------------------------------------------------------------------


def many_loans(inbox: Path) -> tuple[Path, dict[str, int]]:
    """Enough that a kill falls into the middle; the expected balances in fen."""
    delivery = first_delivery()
    for number in range(8_000):
        delivery.loan(f"N{number:05d}", ("K001", "K002", "K004")[number % 3], balance=f"{number}.25")
    return delivery.on(TOMORROW).write(inbox), {f"N{number:05d}": number * 100 + 25 for number in range(8_000)}


def killed_after(seconds: float, folder: Path) -> None:
    """A load in a process of its own, killed so long after its run began."""
    runs = one("select count(*) from feed_runs")
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "load", str(folder)], env=os.environ | {"VIGIL_INBOX": "/nowhere"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while process.poll() is None and one("select count(*) from feed_runs") == runs:
        time.sleep(0.02)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_load_killed_at_any_moment_is_simply_run_again(small_bank, tmp_path):
    folder, expected = many_loans(tmp_path)
    before = the_book()
    moments = random.Random(7)
    for moment in (moments.uniform(0, 0.3), moments.uniform(0.3, 1.0), moments.uniform(0.6, 1.5)):
        killed_after(moment, folder)
        if one("select count(*) from feed_runs where state = 'loaded' and business_date = :day", day=TOMORROW):
            break
        assert the_book() == before
    (report,) = load.load(folder, "union")
    assert report.stops == []
    assert dict(rows("select loan_no, balance_fen from loans where loan_no like 'N%'")) == expected
    assert one("select sum(exposure_fen) from customer_faces") == one("select sum(balance_fen) from loans where live")
    assert one("select count(*) from feed_runs where state = 'loading'") == 0
    assert rows("select tablename from pg_tables where schemaname = 'staging'") == []


def test_two_loads_at_once_are_one_after_the_other(small_bank, tmp_path):
    folder = first_delivery().loan("N1").on(TOMORROW).write(tmp_path)
    reports: list[load.Report] = []
    loads = [threading.Thread(target=lambda: reports.extend(load.load(folder, "union"))) for _ in range(2)]
    for one_load in loads:
        one_load.start()
    for one_load in loads:
        one_load.join()
    assert sorted(report.files["dk"].loaded for report in reports) == [0, 1]
    assert one("select count(*) from feed_runs where business_date = :day and state = 'loaded'", day=TOMORROW) == 2
    assert one("select count(*) from loans where loan_no = 'N1'") == 1
