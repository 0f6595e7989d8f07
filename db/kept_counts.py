"""Counts of the whole book that take long, kept beside when they were taken: what large figures are shown from."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from db.security import CHANGES
from db.tables import kept_counts

k = kept_counts.c


class Kept(NamedTuple):
    """`figures` as they were counted, their rows answering by name; `current`: nothing was written since."""

    figures: object
    seconds: float
    counted_at: datetime
    current: bool


def find(conn: sa.Connection, what: str, asked: str) -> Kept | None:
    current = k.pulse == func.vigil_pulse()
    row = conn.execute(select(k.figures, k.seconds, k.counted_at, current).where(k.what == what, k.asked == asked)).one_or_none()
    return row and Kept(_rows(row[0]), *row[1:])


def is_current(conn: sa.Connection, what: str, asked: str) -> bool:
    return conn.execute(select(k.what).where(k.what == what, k.asked == asked, k.pulse == func.vigil_pulse())).first() is not None


def known(conn: sa.Connection) -> set[str]:
    """Which figures have ever taken long, as far as it is remembered."""
    return set(conn.execute(select(k.what).distinct()).scalars())


def begin(conn: sa.Connection, what: str, asked: str) -> bool:
    """Nobody else counts these until the transaction's end. False: somebody is at it."""
    numbers = func.hashtext(kept_counts.name), func.hashtext(what + asked)
    return conn.execute(select(func.pg_try_advisory_xact_lock(*numbers))).scalar_one()


def keep(conn: sa.Connection, what: str, asked: str, figures: object, seconds: float, pulse: int, now: datetime) -> None:
    """And tell open pages."""
    values = {"figures": _plain(figures), "seconds": seconds, "pulse": pulse, "counted_at": now}
    kept = insert(kept_counts).values(what=what, asked=asked, **values)
    conn.execute(kept.on_conflict_do_update(index_elements=[k.what, k.asked], set_=values))
    conn.execute(select(func.pg_notify(CHANGES, kept_counts.name)))


def drop(conn: sa.Connection, what: str, asked: str) -> None:
    """They do not take long any more."""
    conn.execute(sa.delete(kept_counts).where(k.what == what, k.asked == asked))


def forget_old(conn: sa.Connection, now: datetime, age: timedelta) -> int:
    return conn.execute(sa.delete(kept_counts).where(k.counted_at < now - age)).rowcount


# --- Rows as they are kept --------------------------------------------------------------------------------------------
# JSON knows neither rows nor days nor mappings by number; each is an object with one name that says what it is.


def _plain(value: object) -> object:
    """What JSON can keep, from which `_rows` makes the same again."""
    match value:
        case sa.Row():
            return {"row": {name: _plain(v) for name, v in value._mapping.items()}}
        case SimpleNamespace():
            return {"row": {name: _plain(v) for name, v in vars(value).items()}}
        case Mapping():
            return {"map": [[_plain(k), _plain(v)] for k, v in value.items()]}
        case list() | tuple():
            return [_plain(v) for v in value]
        case datetime():
            return {"moment": value.isoformat()}
        case date():
            return {"day": value.isoformat()}
        case Decimal():
            return {"number": str(value)}
        case _:
            return json.loads(json.dumps(value))


def _rows(value: object) -> object:
    """As they were counted; rows answer by name."""
    if isinstance(value, list):
        return [_rows(v) for v in value]
    if not isinstance(value, dict):
        return value
    [(kind, content)] = value.items()
    return _MADE[kind](content)


_MADE: dict[str, Callable] = {
    "row": lambda content: SimpleNamespace(**{name: _rows(v) for name, v in content.items()}),
    "map": lambda content: {_rows(k): _rows(v) for k, v in content},
    "day": date.fromisoformat,
    "moment": datetime.fromisoformat,
    "number": Decimal,
}
