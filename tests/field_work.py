"""The small bank with work to do: 王记 with a marked shop and todos of 周敏's; everybody with an account."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import sqlalchemy as sa
from PIL import Image

from db import access, tables
from db.access import MACHINE
from tests import conftest
from tests.bank import TODAY
from tests.serving import Server, open_accounts, running

SHOP = {"lat": 44.1, "lon": 125.2}
AT_THE_DOOR = {"latitude": 44.100317, "longitude": 125.200129, "accuracy": 12}


@contextmanager
def bank(administrator, templates) -> Iterator[None]:
    for _ in conftest.cloned(administrator, templates["bank"]):
        open_accounts()
        with access.transaction(MACHINE, "test") as conn:
            plant_work(conn)
        yield


@contextmanager
def served(administrator, templates, tmp_path_factory) -> Iterator[Server]:
    with bank(administrator, templates):
        with running(tmp_path_factory.mktemp("server") / "log", VIGIL_TODAY=str(TODAY)) as server:
            yield server


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


# --- At work ----------------------------------------------------------------------------------------------------------


class Thumb:
    """Taps on the form, counted."""

    def __init__(self, window) -> None:
        self.page, self.taps = window.page, 0

    def tap(self, name: str) -> "Thumb":
        self.page.locator(".visit").get_by_role("button", name=name, exact=True).or_(
            self.page.locator(".visit").get_by_role("radio", name=name, exact=True)
        ).first.tap()
        self.taps += 1
        return self

    def shoot(self, *pictures: bytes) -> "Thumb":
        for one in pictures:
            with self.page.expect_file_chooser() as chosen:
                self.tap("拍照")
            chosen.value.set_files({"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": one})
            self.page.wait_for_timeout(300)
        return self

    def sees(self, words: str | re.Pattern) -> "Thumb":
        self.page.locator(".visit").get_by_text(words).first.wait_for()
        return self


def along(window, checks: int = 3) -> None:
    """The phone has taken along the forms of the day."""
    window.page.wait_for_function(KEPT, arg=checks)


KEPT = """checks => new Promise(done => {
    const asked = indexedDB.open('vigil-visits');
    asked.onsuccess = () => {
        const counted = asked.result.transaction('forms').objectStore('forms').count();
        counted.onsuccess = () => { asked.result.close(); done(counted.result >= checks); };
    };
})"""
