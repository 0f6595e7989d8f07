"""Reports under a name: everybody sees his own rows in a shared one, and what is made by itself is made once, with its owner's rights."""

import threading
from datetime import date, datetime, timedelta

import pytest
from python_calamine import CalamineWorkbook

from db import access, exports, notices, settings, staff
from db import reports as kept
from db.access import MACHINE
from db.vocab import ExportState, Rhythm, Role
from engine import clock, kept_reports, refusals, reports
from engine import exports as files

WISH = reports.Wish(subject="loans", measures=("count",), rows=("branch",))
TODAY = date(2026, 11, 20)  # a Friday


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "folder", lambda: tmp_path)


def keep(by, name="机构贷款", wish=WISH) -> int:
    with access.transaction(by, "report.keep") as conn:
        return kept_reports.keep(conn, by, name, wish)


def share(by, report_id: int, *roles: Role, at: tuple[int, ...] = ()) -> None:
    with access.transaction(by, "report.share") as conn:
        kept_reports.share(conn, by, report_id, roles, at)


def repeat(by, report_id: int, rhythm: Rhythm | None) -> None:
    with access.transaction(by, "report.keep") as conn:
        kept_reports.repeat(conn, by, report_id, rhythm, today=clock.today())


def seen_by(by) -> list[str]:
    with access.reading(by) as conn:
        return [row.name for row in kept.listing(conn)]


def total(by, report_id: int) -> int:
    with access.reading(by) as conn:
        report = kept.get(conn, report_id)
        return reports.ask(conn, by, reports.wish(report.wish), today=TODAY).total.figures[None][0]


def at(monkeypatch, day: date, hour: int = 7) -> None:
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=settings.ZONE)
    monkeypatch.setattr(clock, "now", lambda: moment)


def files_of(by) -> list:
    with access.reading(by) as conn:
        return exports.of_person(conn, by.id)


# --- Keeping and sharing ----------------------------------------------------------------------------------------------


def test_what_is_kept_is_ones_own_until_it_is_shared(wang, li, wu):
    mine = keep(wang)
    assert seen_by(wang) == ["机构贷款"] and seen_by(li) == []
    share(wang, mine, Role.MANAGER)
    assert seen_by(li) == seen_by(wu) == ["机构贷款"]
    share(wang, mine)
    assert seen_by(li) == []


def test_each_reader_of_a_shared_report_sees_his_own_rows(wang, li, wu, sun, chen):
    mine = keep(wang)
    share(wang, mine, Role.MANAGER, Role.BRANCH_HEAD, Role.AUDITOR)
    assert [total(by, mine) for by in (wang, chen, sun, li, wu)] == [5, 5, 3, 2, 2]


def test_it_can_be_shared_with_a_branch_and_all_below(wang, li, wu, qian):
    mine = keep(wang)
    share(wang, mine, Role.MANAGER, at=(li.branch_id,))
    assert [seen_by(by) for by in (li, qian, wu)] == [["机构贷款"], ["机构贷款"], []]


def test_nobody_changes_what_is_anothers(wang, sun):
    mine = keep(wang)
    share(wang, mine, Role.BRANCH_HEAD)
    for change in (
        lambda conn: kept_reports.keep(conn, sun, "neu", WISH, mine), lambda conn: kept_reports.drop(conn, sun, mine),
        lambda conn: kept_reports.share(conn, sun, mine, [], []), lambda conn: kept_reports.repeat(conn, sun, mine, Rhythm.DAILY, today=TODAY),
    ):  # fmt: skip
        with pytest.raises(refusals.NotFound), access.transaction(sun, "report.keep") as conn:
            change(conn)
    assert seen_by(wang) == ["机构贷款"]


def test_officers_keep_but_do_not_share(li):
    mine = keep(li)
    with pytest.raises(refusals.NotPermitted), access.transaction(li, "report.share") as conn:
        kept_reports.share(conn, li, mine, [Role.MANAGER], [])


def test_two_of_one_name_and_none_at_all_are_refused(wang):
    keep(wang)
    with pytest.raises(refusals.NameTaken):
        keep(wang)
    with pytest.raises(refusals.Missing):
        keep(wang, "  ")


# --- By itself --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rhythm", "day", "following"),
    [
        (Rhythm.DAILY, date(2026, 12, 31), date(2027, 1, 1)), (Rhythm.WEEKLY, date(2026, 11, 20), date(2026, 11, 23)),
        (Rhythm.WEEKLY, date(2026, 11, 23), date(2026, 11, 30)), (Rhythm.MONTHLY, date(2026, 1, 31), date(2026, 2, 1)),
        (Rhythm.MONTHLY, date(2026, 12, 1), date(2027, 1, 1)),
    ],
)  # fmt: skip
def test_every_day_every_monday_every_first(rhythm, day, following):
    assert kept_reports.after(rhythm, day) == following


def test_a_daily_report_is_there_in_the_morning_and_its_owner_is_told(sun, monkeypatch):
    at(monkeypatch, TODAY)
    mine = keep(sun)
    repeat(sun, mine, Rhythm.DAILY)
    assert kept_reports.make_due() == 0
    at(monkeypatch, TODAY + timedelta(1), hour=5)
    assert kept_reports.make_due() == 0  # not before its hour
    at(monkeypatch, TODAY + timedelta(1))
    assert kept_reports.make_due() == 1
    assert files.work() == 1
    (made,) = files_of(sun)
    assert (made.state, made.day, made.report_id) == (ExportState.READY, TODAY + timedelta(1), mine)
    assert made.until_at - made.finished_at == timedelta(days=30)
    with access.reading(sun) as conn:
        file, name = files.to_fetch(conn, made.id)
    assert name.startswith("机构贷款 20261121")
    rows = CalamineWorkbook.from_path(file).get_sheet_by_index(1).to_python()
    assert rows[-1] == ["合计", 3]


def test_the_notice_leads_to_the_file(sun, monkeypatch):
    with access.transaction(MACHINE, "test") as conn:
        conn.exec_driver_sql(
            f"insert into accounts (staff_id, username, password_hash, password_set_at) values ({sun.id}, 'sunli', 'x', now())"
        )
    at(monkeypatch, TODAY)
    repeat(sun, keep(sun), Rhythm.WEEKLY)
    at(monkeypatch, date(2026, 11, 23))
    kept_reports.make_due()
    files.work()
    with access.reading(sun) as conn:
        (told,) = notices.of_person(conn, sun.id)
    assert (told.why, told.about, told.parts) == ("file", f"reports?file={files_of(sun)[0].id}", {"made": 1})


def test_two_schedulers_make_it_once(sun, monkeypatch):
    at(monkeypatch, TODAY)
    repeat(sun, keep(sun), Rhythm.DAILY)
    at(monkeypatch, TODAY + timedelta(1))
    asked = []
    threads = [threading.Thread(target=lambda: asked.append(kept_reports.make_due())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(asked) == 1
    threads = [threading.Thread(target=files.work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(row.state, row.tries) for row in files_of(sun)] == [(ExportState.READY, 1)]


def test_days_missed_are_made_up_for_but_not_without_end(sun, monkeypatch):
    at(monkeypatch, TODAY)
    repeat(sun, keep(sun), Rhythm.DAILY)
    at(monkeypatch, TODAY + timedelta(3))
    assert kept_reports.make_due() == 3
    at(monkeypatch, TODAY + timedelta(100))
    assert kept_reports.make_due() == kept_reports.CAUGHT_UP
    assert max(row.day for row in files_of(sun)) == TODAY + timedelta(100)


def test_it_is_made_with_the_rights_its_owner_has_that_day(sun, monkeypatch):
    at(monkeypatch, TODAY)
    repeat(sun, keep(sun), Rhythm.DAILY)
    with access.transaction(MACHINE, "test") as conn:
        conn.exec_driver_sql(f"delete from staff_roles where staff_id = {sun.id}")
        staff.grant(conn, sun.id, Role.INSPECTOR, date(2020, 1, 1))
    at(monkeypatch, TODAY + timedelta(1))
    kept_reports.make_due()
    files.work()
    (made,) = files_of(sun)
    rows = CalamineWorkbook.from_path(files.folder() / made.file).get_sheet_by_index(1).to_python()
    assert rows[-1] == ["合计", 0]


def test_a_report_that_is_stopped_or_dropped_is_made_no_more(sun, monkeypatch):
    at(monkeypatch, TODAY)
    mine = keep(sun)
    repeat(sun, mine, Rhythm.DAILY)
    repeat(sun, mine, None)
    at(monkeypatch, TODAY + timedelta(1))
    assert kept_reports.make_due() == 0
    repeat(sun, mine, Rhythm.DAILY)
    with access.transaction(sun, "report.keep") as conn:
        kept_reports.drop(conn, sun, mine)
    at(monkeypatch, TODAY + timedelta(3))
    assert kept_reports.make_due() == 0
