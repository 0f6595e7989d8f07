"""What keeping photos takes and costs: how much there is, what is saved by keeping the same content once, where it is going."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date

from dateutil.relativedelta import relativedelta

GB = 10**9  # as object stores are billed
LOOKED_BACK = 3  # whole months, for what a month brings


@dataclass(frozen=True)
class Amount:
    """Photos as they were handed in, and what of them is kept: the same content is kept once."""

    photos: int = 0
    bytes: int = 0
    kept: int = 0
    kept_bytes: int = 0

    @property
    def saved_bytes(self) -> int:
        return self.bytes - self.kept_bytes


@dataclass(frozen=True)
class Cost:
    """In all, and what it costs: yuan a month now, and in a year if each month brings as much as the last ones did."""

    total: Amount
    monthly_bytes: float
    now: float
    in_a_year: float


def cost(rows: Sequence, price: float, today: date) -> Cost:
    """`rows`: of db.photos.storage; `price`: yuan for a gigabyte and month."""
    total, last = _sum(rows), today.replace(day=1)
    lately = [r for r in rows if last - relativedelta(months=LOOKED_BACK) <= r.month < last]
    monthly = sum(r.kept_bytes for r in lately) / LOOKED_BACK
    return Cost(total, monthly, total.kept_bytes / GB * price, (total.kept_bytes + 12 * monthly) / GB * price)


def by(rows: Sequence, what: Callable[[object], Hashable]) -> dict:
    """The sums of rows that have this in common."""
    together = defaultdict(list)
    for row in rows:
        together[what(row)].append(row)
    return {key: _sum(its) for key, its in together.items()}


def _sum(rows: Sequence) -> Amount:
    return Amount(*(sum(getattr(row, name) for row in rows) for name in ("photos", "bytes", "kept", "kept_bytes")))
