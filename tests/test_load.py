"""The nightly files come in."""

from db import access, feeds
from db.access import MACHINE


def test_the_small_bank_is_there(small_bank):
    with access.reading(MACHINE) as conn:
        totals = feeds.book_totals(conn)
    assert (totals["branches"], totals["staff"], totals["customers"], totals["loans"]) == (4, 14, 5, 5)
