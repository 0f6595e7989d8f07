"""The small bank with work to do: 王记 with a marked shop and todos of 周敏's; everybody with an account."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import argon2
import sqlalchemy as sa
from PIL import Image

from db import access, staff, tables
from db.access import MACHINE
from engine import clock, sign_in
from tests import conftest
from tests.bank import TODAY
from tests.test_gate import PASSWORD, PEOPLE

SHOP = {"lat": 44.1, "lon": 125.2}
AT_THE_DOOR = {"latitude": 44.100317, "longitude": 125.200129, "accuracy": 12}


@contextmanager
def bank(administrator, templates) -> Iterator[None]:
    for _ in conftest.cloned(administrator, templates["bank"]):
        open_accounts()
        with access.transaction(MACHINE, "test") as conn:
            plant_work(conn)
        yield


def open_accounts() -> None:
    cheap, sign_in._HASHER = sign_in._HASHER, argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    with access.transaction(MACHINE, "test") as conn:
        for username, number in PEOPLE.items():
            sign_in.open_account(
                conn, MACHINE, staff.by_number(conn, number).id, username, PASSWORD, clock.now(), must_change=False
            )
    sign_in._HASHER = cheap


def plant_work(conn: sa.Connection) -> None:
    me = conn.execute(sa.select(tables.staff.c.id).where(tables.staff.c.staff_no == "803")).scalar_one()
    shop = conn.execute(
        sa.select(tables.customers.c.id, tables.customers.c.branch_id).where(tables.customers.c.customer_no == "K001")
    ).one()
    conn.execute(sa.update(tables.customers).where(tables.customers.c.customer_no != "K001").values(inspector_id=me))
    conn.execute(
        sa.insert(tables.addresses).values(customer_id=shop.id, kind="business", place="合隆镇东升村12号", datum="wgs84", **SHOP)
    )
    for kind, mode in (("regular", "field"), ("regular", "phone"), ("overdue", "phone")):
        conn.execute(sa.insert(tables.todos).values(
            customer_id=shop.id, kind=kind, period=mode, mode=mode, family="working", loan_ids=[], branch_id=shop.branch_id, assignee_id=me,
            nominal_on=TODAY, due_on=TODAY, late_from=TODAY + timedelta(days=1), created_on=TODAY))  # fmt: skip


def todo(kind: str, mode: str) -> int:
    t = tables.todos.c
    with access.reading(MACHINE) as conn:
        return conn.execute(sa.select(t.id).where(t.kind == kind, t.mode == mode)).scalar_one()


def records() -> list[sa.Row]:
    with access.reading(MACHINE) as conn:
        return conn.execute(sa.select(tables.records).order_by(tables.records.c.id)).all()


def picture(n: int, size: tuple[int, int] = (2400, 1800)) -> bytes:
    """A photo as a phone's camera gives it: large."""
    out = io.BytesIO()
    Image.effect_noise(size, 40 + n).convert("RGB").save(out, "JPEG", quality=80)
    return out.getvalue()


def all_normal(form: dict) -> dict:
    """What "all normal" answers."""
    fields = [field for section in form["sections"] for field in section["fields"]]
    return {field["code"]: field["normal"] for field in fields if field.get("normal") is not None}
