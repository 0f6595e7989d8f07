"""The jobs that run by themselves: what they take up, and what they leave to people."""

from datetime import timedelta

import pytest

from db import access, feeds, settings
from db.access import MACHINE
from engine import night, scheduler
from tests import bank
from tests.bank import ANNA, TODAY, write_own

TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def inbox(tmp_path, monkeypatch):
    monkeypatch.setenv("VIGIL_INBOX", str(tmp_path))


def loaded(source: str):
    with access.reading(MACHINE) as conn:
        return feeds.last_loaded(conn, source)


def test_own_products_that_come_after_the_night_are_taken_up_within_minutes(small_bank):
    bank.first_delivery().on(TOMORROW).write(settings.inbox())
    night.night(TOMORROW)
    assert loaded("own") is None
    assert scheduler._late_feed() is None
    write_own(settings.inbox() / f"{TOMORROW:%Y%m%d}", TOMORROW, ANNA)
    assert scheduler._late_feed() is not None
    assert loaded("own").business_date == TOMORROW
    assert scheduler._late_feed() is None


def test_a_delivery_that_was_stopped_is_not_tried_again_and_again(small_bank):
    folder = bank.first_delivery().on(TOMORROW).write(settings.inbox())
    for file in folder.glob("s_dk*"):
        file.unlink()
    report = night.night(TOMORROW)
    assert report.feed_stops
    assert scheduler._late_feed() is None
