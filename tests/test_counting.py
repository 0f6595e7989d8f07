"""What takes long to count is counted once for all of head office, kept with the moment it was, and counted anew beside the page."""

import threading
from datetime import timedelta

import pytest

from db import access, changes, kept_counts
from db.access import MACHINE
from db.figures import Scope
from engine import book_counts, clock, counting, dashboard, night
from engine.counting import Count, Counted
from tests.bank import TODAY
from tests.conftest import ask, write


@pytest.fixture
def long(monkeypatch) -> None:
    """However quick, it counts as long; and may be counted anew at once."""
    monkeypatch.setattr(counting, "LONG", -1.0)
    monkeypatch.setattr(counting, "SHARE", 1e9)


class Tally(list):
    """Counts customers, and how often it was asked."""

    @property
    def count(self) -> Count:
        return Count("customers", "all of them", self._read)

    def _read(self, conn) -> int:
        self.append(threading.current_thread().name)
        return conn.exec_driver_sql("select count(*) from customers").scalar_one()


def test_what_is_counted_quickly_is_not_kept(wang):
    tally = Tally()
    for _ in range(2):
        assert counting.kept(wang, tally.count) is None
        assert counting.at_once(wang, tally.count).figures == ask("select count(*) from customers")
    assert len(tally) == 2 and ask("select count(*) from kept_counts") == 0


def test_what_takes_long_is_counted_once_for_all_of_head_office(wang, zhao, long):
    tally = Tally()
    first = counting.at_once(wang, tally.count)
    again = counting.kept(zhao, tally.count)
    assert len(tally) == 1 and again == Counted(first.figures, first.at, kept=True)


def test_a_branch_head_counts_his_own(wang, sun, long):
    tally = Tally()
    counting.at_once(wang, tally.count)
    assert counting.kept(sun, tally.count) is None
    assert counting.at_once(sun, tally.count).figures < ask("select count(*) from customers")
    assert counting.kept(wang, tally.count).figures == ask("select count(*) from customers")  # his did not take their place


def test_after_a_change_the_last_count_is_shown_while_it_is_counted_anew(wang, long):
    tally = Tally()
    before = counting.at_once(wang, tally.count)
    write("update customers set address = 'x' where customer_no = 'K001'")
    with changes.listening() as ear:
        assert counting.kept(wang, tally.count).at == before.at
        assert ear.wait(10) == {"kept_counts"}  # open pages are drawn anew
    assert counting.kept(wang, tally.count).at > before.at and tally[1:] == ["count customers"]


def test_counting_anew_takes_a_small_part_of_all_time(wang, monkeypatch):
    monkeypatch.setattr(counting, "LONG", -1.0)
    tally = Tally()
    counting.at_once(wang, tally.count)
    write("update kept_counts set seconds = 3600")
    write("update customers set address = 'x' where customer_no = 'K001'")
    assert counting.kept(wang, tally.count).kept
    assert threading.active_count() == 1 or "count customers" not in {t.name for t in threading.enumerate()}
    assert len(tally) == 1


def test_two_never_count_the_same_at_once(wang, long):
    tally = Tally()
    with access.transaction(MACHINE, "test") as conn:
        assert kept_counts.begin(conn, tally.count.what, tally.count.key)
        assert not counting.again(wang, tally.count) and tally == []
    assert counting.again(wang, tally.count)


def test_whoever_set_out_before_another_had_done_leaves_it_at_that(wang, long):
    tally = Tally()
    seen = counting.at_once(wang, tally.count)
    assert counting.again(wang, tally.count, seen.at)
    assert not counting.again(wang, tally.count, seen.at) and len(tally) == 2


def test_what_does_not_take_long_any_more_is_not_kept_any_longer(wang, monkeypatch):
    tally = Tally()
    with monkeypatch.context() as slow:
        slow.setattr(counting, "LONG", -1.0)
        counting.at_once(wang, tally.count)
    assert counting.again(wang, tally.count) and counting.kept(wang, tally.count) is None


def test_what_took_long_yesterday_is_counted_before_anybody_asks_today(wang, long, monkeypatch):
    tally, other = Tally(), Tally()
    yesterday = Count("customers", "yesterday", tally._read)
    counting.at_once(wang, yesterday)
    unknown = Count("something quick", "today", other._read)
    monkeypatch.setattr(counting, "_tried", {unknown.key})
    assert counting.ahead([tally.count, unknown]) == 1 and len(tally) == 2 and other == []
    assert counting.ahead([tally.count, unknown]) == 0  # nothing was written since
    with access.transaction(MACHINE, "test") as conn:
        assert counting.forget_old(conn, clock.now() + counting.KEPT + timedelta(hours=1)) == 2


def test_what_nobody_has_counted_yet_is_tried_once(small_bank, monkeypatch):
    monkeypatch.setattr(counting, "_tried", set())
    tally = Tally()
    assert [counting.ahead([tally.count]) for _ in range(2)] == [1, 0] and len(tally) == 1


def test_figures_come_back_as_they_were_counted(small_bank, wang, long):
    """Every row of the dashboard, and of the pages that count the whole book: days, numbers, nothing, lists, mappings."""
    night.night(TODAY)
    with access.reading(wang) as conn:
        usual = book_counts.usual(conn, TODAY)
    for count in [*usual, dashboard.Wish(Scope(TODAY), days=90, has_trend=False).count]:
        counted = counting.at_once(wang, count)
        assert _by_name(counting.kept(wang, count).figures) == _by_name(counted.figures), count.what


def _by_name(value: object) -> object:
    """Rows, however they are made, by the names they answer to."""
    match value:
        case dict():
            return {k: _by_name(v) for k, v in value.items()}
        case list() | tuple() if not hasattr(value, "_mapping"):
            return [_by_name(v) for v in value]
        case _ if hasattr(value, "_mapping"):
            return dict(value._mapping)
        case _ if hasattr(value, "__dict__") and not isinstance(value, str):
            return {k: _by_name(v) for k, v in vars(value).items()}
        case _:
            return value
