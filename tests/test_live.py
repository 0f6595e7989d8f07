"""What one person submits is on another's screen at once, without a reload; and a page that is merely open costs nothing."""

import time
from uuid import uuid4

import pytest
import sqlalchemy as sa

from db import access, changes, tables
from db.access import MACHINE, Person
from db.vocab import Role
from engine import clock
from pages.parts import live
from tests import browsing, field_work
from tests.field_work import all_normal, picture, todo
from tests.serving import PASSWORD, running

SOON = 2.0  # seconds from the receipt to the drawing, on a quiet machine
BUSY = 4  # and so many times as long on one that runs other things beside


def test_a_commit_is_heard_and_what_is_rolled_back_is_not(small_bank, wang):
    with changes.listening() as ear:
        with pytest.raises(ZeroDivisionError), access.transaction(wang, "test") as conn:
            conn.exec_driver_sql("update customers set address = 'x' where customer_no = 'K001'")
            raise ZeroDivisionError
        assert ear.wait(0.05) == set()
        with access.transaction(wang, "test") as conn:
            conn.exec_driver_sql("update customers set address = 'x' where customer_no = 'K001'")
            assert ear.wait(0.05) == set()  # not before it can be read
        assert ear.wait(5) == {"customers"}
        with access.transaction(wang, "test") as conn:
            conn.exec_driver_sql("update customers set address = 'y' where customer_no = 'nobody'")
        assert ear.wait(0.05) == set()


def test_readings_are_shared_only_by_people_who_see_the_same():
    def sight(number: int, role: Role, branch: int = 1):
        return live.sight(Person(number, "x", role, branch))

    assert sight(1, Role.HEAD_RISK) == sight(2, Role.HEAD_LOANS) == sight(3, Role.AUDITOR)
    others = [sight(1, Role.BRANCH_HEAD), sight(2, Role.BRANCH_HEAD), sight(1, Role.MANAGER), sight(1, Role.COLLECTIONS)]
    assert len({*others, sight(1, Role.HEAD_RISK)}) == 5


def test_whose_session_has_ended_is_drawn_nothing_new(small_bank, wang, monkeypatch):
    drawn = []
    monkeypatch.setattr(live.wire, "is_open", lambda *_at: True)
    monkeypatch.setattr(live.wire, "run_again", lambda *at: drawn.append(at))
    monkeypatch.setitem(live._watched, ("session", "fragment"), live.Watch(wang, b"nobody's token", frozenset({"records"})))
    assert live._changed({"records"}) == 0
    assert drawn == [] and ("session", "fragment") not in live._watched


def test_only_what_shows_a_change_is_drawn(wang, monkeypatch):
    drawn = []
    monkeypatch.setattr(live, "_still", lambda _seen: True)
    monkeypatch.setattr(live.wire, "is_open", lambda session, _fragment: {"here": True, "asleep": None, "gone": False}[session])
    monkeypatch.setattr(live.wire, "run_again", lambda *at: drawn.append(at))
    monkeypatch.setattr(live, "_watched", {
        ("here", "list"): live.Watch(wang, b"", frozenset({"records"})), ("here", "queue"): live.Watch(wang, b"", frozenset({"reviews"})),
        ("asleep", "list"): live.Watch(wang, b"", frozenset({"records"})), ("gone", "list"): live.Watch(wang, b"", frozenset({"records"})),
    })  # fmt: skip
    assert live._changed({"records", "leads"}) == 1
    assert drawn == [("here", "list")] and set(live._watched) == {("here", "list"), ("here", "queue"), ("asleep", "list")}
    assert live._changed(None) == 2  # after a lost connection everything counts as changed


@pytest.mark.browser
def test_head_office_sees_a_check_without_a_reload_and_its_session_is_not_prolonged_by_that(administrator, templates, tmp_path):
    with (
        field_work.bank(administrator, templates),
        running(tmp_path / "log") as server,
        browsing.browser() as windows,
    ):
        wang = windows.open(server.base)
        wang.signed_in("wangfang", PASSWORD, "records").sees("没有符合条件的记录")
        zhou = server.browser()
        zhou.sign_in("zhoumin", PASSWORD)
        form = zhou.post("/api/v1/visits", {"todo": todo("regular", "field")}).json()
        content, name = picture(1, (800, 600)), uuid4()
        path = f"/api/v1/visits/{form['key']}/photos/{name}?offset=0&total={len(content)}"
        zhou.http.put(path, content=content, headers={"origin": server.base, "x-vigil": "1"}).raise_for_status()
        body = {
            "finished_at": clock.now().isoformat(),
            "conclusion": "normal",
            "answers": all_normal(form["form"]),
            "photos": [str(name)],
        }
        tracks = windows.open(server.base).signed_in("sunli", PASSWORD, "footprints").sees("0 人外出")
        seen = _seen_at()
        zhou.post(f"/api/v1/visits/{form['key']}/submit", body).raise_for_status()
        sent = time.monotonic()
        wang.page.get_by_text("1 条检查记录").first.wait_for(state="visible", timeout=1000 * SOON * BUSY)
        took = time.monotonic() - sent
        print(f"drawn {took:.2f} s after the receipt")
        tracks.page.get_by_text("1 人外出").first.wait_for(state="visible", timeout=1000 * SOON * BUSY)
        assert took <= SOON * BUSY and _seen_at() == seen
        assert wang.wrong == [] and wang.outside == []


def _seen_at():
    """The last human act in 王芳's session."""
    s = tables.sessions.c
    with access.reading(MACHINE) as conn:
        who = sa.select(tables.staff.c.id).where(tables.staff.c.staff_no == "001").scalar_subquery()
        return conn.execute(sa.select(sa.func.max(s.seen_at)).where(s.staff_id == who)).scalar_one()
