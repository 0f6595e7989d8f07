"""李强 of Nong'an manages many customers in six villages, with loans, todos and signals; the night has been."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from db import access
from db.access import MACHINE
from engine import night
from tests import conftest
from tests.bank import CUSTOMERS, STAFF, TODAY, Delivery

VILLAGES = {"东升村": (44.40, 125.10), "新立村": (44.41, 125.12), "太平村": (44.43, 125.30), "前进村": (44.60, 125.12), "红石村": (44.62, 125.31), "柳树村": (44.50, 125.20)}  # fmt: skip
MORE_STAFF = [("807", "郭亮", "229008", "客户经理", "manager"), ("808", "邓超", "2290081", "客户经理", "manager")]
CUSTOMERS_OF_LI, SEED = 60, 7


def delivery(day=TODAY, seed: int = SEED, customers: int = CUSTOMERS_OF_LI, manager: str = "802") -> Delivery:
    draw = random.Random(seed)
    people = [
        (f"V{n:05}", f"农户{n}", "10", f"99000019900101{n:04}", f"139{n:08}", f"吉林省长春市农安县合隆镇{draw.choice(list(VILLAGES))}{n}号", "229008", manager)
        for n in range(customers)
    ]  # fmt: skip
    given = Delivery(day, customers=CUSTOMERS + people, staff=[row[:4] + (f"1380000{row[0]:0>4}",) for row in STAFF + MORE_STAFF])
    for number, *_ in people:
        for k in range(draw.choice([1, 1, 2])):
            loan, late = f"{number}-{k}", draw.random() < 0.2
            given.loan(
                loan, number, product=draw.choice(["201", "203"]), disbursed=TODAY - timedelta(days=draw.choice([9, 14, 100, 200, 360])),
                balance=f"{draw.randrange(5, 60)}0000.00", status="2" if late else "1", **{"class": draw.choice(["10", "10", "10", "30"])},
            )  # fmt: skip
            if late:
                given.overdue(loan, TODAY - timedelta(days=draw.choice([4, 12, 25])))
    return given


def plant(inbox: Path, **how) -> None:
    conftest.move_in(delivery(**how), inbox, STAFF + MORE_STAFF)
    with access.transaction(MACHINE, "test") as conn:
        _mark(conn)
    night.night(TODAY)
    with access.transaction(MACHINE, "test") as conn:
        conn.execute(
            sa.text("update todos set due_on = :d, late_from = cast(:d as date) + 1 where id % 3 = 0"),
            {"d": TODAY - timedelta(days=5)},
        )


def _mark(conn: sa.Connection) -> None:
    """Each customer's door, near his village."""
    for village, (lat, lon) in VILLAGES.items():
        conn.execute(
            sa.text("""
                insert into addresses (customer_id, kind, place, lat, lon, datum)
                select id, 'home', address, :lat + (id % 7) / 1000.0, :lon + (id % 5) / 1000.0, 'wgs84' from customers
                where village like '%' || :village and id % 6 > 0"""),
            {"village": village, "lat": lat, "lon": lon},
        )


@contextmanager
def template(administrator, templates, tmp_path_factory, name: str) -> Iterator[str]:
    conftest.create(administrator, name, like=templates["empty"])
    with conftest.using(administrator, name):
        plant(tmp_path_factory.mktemp("inbox"))
    yield name
    with administrator.connect() as conn:
        conn.exec_driver_sql(f'drop database "{name}" with (force)')
