"""What photos take: the same content is kept once, sums are everybody's and say of nobody whose they are."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from db import access, photos, tables
from db.access import MACHINE
from engine import storage
from tests.test_quality import check

A, B = b"a" * 32, b"b" * 32


def handed_in(by, record_id: int, *contents: tuple[bytes, int, datetime]) -> None:
    with access.transaction(MACHINE, "test") as conn:
        customer = conn.execute(sa.select(tables.records.c.customer_id).where(tables.records.c.id == record_id)).scalar_one()
        photos.add(conn, [
            {"customer_id": customer, "record_id": record_id, "sha256": sha, "bytes": size, "width": 1, "height": 1,
             "received_at": at, "staff_id": by.id} for sha, size, at in contents
        ])  # fmt: skip


def test_the_same_content_is_kept_once_where_it_came_first(li, wu, gao, he, wang, chen):
    october, november = datetime(2026, 10, 31, 15, 59, tzinfo=UTC), datetime(2026, 10, 31, 16, 0, tzinfo=UTC)  # midnight in China
    handed_in(li, check(li), (A, 300, october), (B, 500, november))
    handed_in(wu, check(wu, "K004"), (A, 300, november))
    for by in (gao, he, wang, chen):
        with access.reading(by) as conn:
            rows = [tuple(row) for row in photos.storage(conn)]
        assert rows == [
            (date(2026, 10, 1), li.branch_id, 1, 300, 1, 300),
            *sorted([(date(2026, 11, 1), li.branch_id, 1, 500, 1, 500), (date(2026, 11, 1), wu.branch_id, 1, 300, 0, 0)]),
        ]


def test_who_runs_nothing_is_not_told(li, wang):
    for by in (li,):
        with pytest.raises(sa.exc.DBAPIError), access.reading(by) as conn:
            photos.storage(conn)


def test_cost_is_of_what_is_kept_now_and_in_a_year():
    def row(month: date, branch: int, kept: int):
        return SimpleNamespace(
            month=month, branch_id=branch, photos=kept // 10 + 1, bytes=kept * 2, kept=kept // 10, kept_bytes=kept
        )

    gb = storage.GB
    rows = [row(date(2026, m, 1), m % 2, gb) for m in (1, 8, 9, 10, 11)]
    found = storage.cost(rows, 0.5, date(2026, 11, 28))
    assert (found.total.kept_bytes, found.total.saved_bytes, found.monthly_bytes) == (5 * gb, 5 * gb, gb)
    assert (found.now, found.in_a_year) == (2.5, 8.5)
    assert storage.cost([], 1, date(2026, 1, 1)).in_a_year == 0
    assert {branch: amount.kept_bytes for branch, amount in storage.by(rows, lambda r: r.branch_id).items()} == {
        1: 3 * gb,
        0: 2 * gb,
    }
