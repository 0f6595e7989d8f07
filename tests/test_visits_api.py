"""Checks over the real server: who may ask, what is refused, and what outlives a server that is killed."""

import json
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from api.door import FRESH
from db import access, tables
from db.access import MACHINE, Person
from engine import acts, clock, viewing
from tests import field_work
from tests.conftest import person
from tests.field_work import all_normal, picture, records, todo
from tests.hostile_photos import EITHER, FILES, REFUSED, TAKEN, sent
from tests.serving import PASSWORD, Server, running
from tests.test_once import TRIALS


@pytest.fixture(scope="module")
def store_of_bank(administrator, templates):
    with field_work.bank(administrator, templates):
        yield


@pytest.fixture(scope="module")
def server(store_of_bank, tmp_path_factory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server") / "log") as server:
        yield server


def customers() -> list[int]:
    with access.reading(MACHINE) as conn:
        return list(conn.execute(sa.select(tables.customers.c.id).order_by(tables.customers.c.id)).scalars())


def put(browser, path: str, **given):
    return browser.http.put(path, headers={"origin": browser.base, "x-vigil": "1"}, **given)


def test_forms_photos_and_drafts_over_http_and_through_a_kill(store_of_bank, tmp_path):
    with running(tmp_path / "one") as server:
        stranger = server.browser()
        for path in ("/api/v1/visits", f"/api/v1/visits/{uuid4()}/submit", f"/api/v1/visits/{uuid4()}/number"):
            assert stranger.post(path, {}).status_code == 401
        assert stranger.get("/api/v1/photos/1").status_code == 401

        zhou, wang, zheng = (server.browser() for _ in range(3))
        for browser, name in ((zhou, "zhoumin"), (wang, "wangfang"), (zheng, "zhengjie")):
            browser.sign_in(name, PASSWORD)
        form = zhou.post("/api/v1/visits", {"todo": todo("regular", "field")}).json()
        assert zheng.post("/api/v1/visits", {"todo": todo("regular", "field")}).status_code == 404
        assert wang.post("/api/v1/visits", {"todo": todo("regular", "field")}).status_code == 403
        here = f"/api/v1/visits/{form['key']}"
        assert (
            zhou.http.put(f"{here}/draft", json={"counter": 1, "content": {}}, headers={"origin": server.base}).status_code == 403
        )
        for nonsense in (b"", b"[]", b"{", b"[" * 100_000, b"x" * 500_000):
            assert put(zhou, f"{here}/draft", content=nonsense).status_code in (400, 413)

        content, name = picture(1, (800, 600)), uuid4()
        for offset in (0, 60_000):
            piece = put(
                zhou,
                f"{here}/photos/{name}?offset={offset}&total={len(content)}",
                content=content[offset : offset + 60_000 if not offset else None],
            )
        assert piece.json()["whole"]
        body = {
            "finished_at": clock.now().isoformat(),
            "conclusion": "normal",
            "answers": all_normal(form["form"]),
            "photos": [str(name)],
        }
        first, again = (zhou.post(f"{here}/submit", body) for _ in range(2))
        assert first.status_code == 200 and first.json() == again.json()
        other = zhou.post(f"{here}/submit", body | {"note": "另一句"})
        assert other.status_code == 409 and other.json()["refusal"] == "SameKeyOtherContent"
        with access.reading(MACHINE) as conn:
            photo = conn.execute(sa.select(tables.photos.c.id)).scalar_one()
        assert wang.get(f"/api/v1/photos/{photo}").content[:2] == b"\xff\xd8"  # head office sees it at once
        assert zheng.get(f"/api/v1/photos/{photo}").status_code == 404

        liqiang = server.browser()
        liqiang.sign_in("liqiang", PASSWORD)
        drafts = _half_fill(liqiang, zhou, server.process)
    with running(tmp_path / "two") as server:
        browsers = {name: server.browser() for name in ("liqiang", "zhoumin")}
        for name, browser in browsers.items():
            browser.sign_in(name, PASSWORD)
        for name, asked, counter, content in drafts:
            found = browsers[name].post("/api/v1/visits", asked).json()
            assert (found["counter"], found["content"]) == (counter, content), asked
    assert len(records()) == 1


def _half_fill(liqiang, zhou, process) -> list[tuple]:
    """Twenty forms begun by two officers, every field filled in; the server is killed between two answers."""
    ids, kept = customers(), []
    forms = [
        (b, n, {"customer": c, "mode": m})
        for b, n in ((liqiang, "liqiang"), (zhou, "zhoumin"))
        for c in ids
        for m in ("field", "phone", "data")
    ]
    for browser, name, asked in forms:
        opened = browser.post("/api/v1/visits", asked)
        if opened.status_code == 200 and len(kept) < 20:
            content: dict = {"answers": {}, "words": {}, "note": "写到一半"}
            asked_for = fields(opened.json()["form"])
            for counter, item in enumerate(asked_for, 1):
                content["answers"][item["code"]] = something(item)
                content["words"][item["code"]] = f"{item['code']}：第{counter}处"
                if counter in (len(asked_for) // 2, len(asked_for)):  # a phone saves what was typed within half a second at once
                    save = {"counter": counter, "content": content}
                    assert put(browser, f"/api/v1/visits/{opened.json()['key']}/draft", json=save).json()["saved"]
            kept.append((name, asked, counter, content))
    process.kill()
    assert len(kept) == 20
    return kept


def fields(form: dict) -> list[dict]:
    return [field for section in form["sections"] for field in section["fields"]]


def something(item: dict) -> object:
    """An answer that fits a field; a table gets two rows."""
    match item["type"]:
        case "yes_no":
            return not item.get("normal")
        case "choice":
            return item["options"][-1]["code"]
        case "table":
            return [{column["code"]: something(column) for column in item["columns"]} for _ in range(2)]
        case "date":
            return "2026-11-19"
        case "text":
            return "刘洋说：等卖了粮食就还"
    return 12345.5


# --- Offsets ----------------------------------------------------------------------------------------------------------

OFFSETS = max(20, int(20 * TRIALS))
LATEST = 0.05  # seconds; after that the first has long been answered


def test_a_double_tap_another_widget_a_lost_line_or_a_reload_at_any_offset_leaves_one_record(server):
    """The second act comes a little later each time, beginning before the first has been answered. Whatever happens, the
    same submission sent once more gets its receipt, and there is one record with its photo and no draft."""
    zhou = server.browser()
    zhou.sign_in("zhoumin", PASSWORD)
    customer = customers()[0]
    for n in range(OFFSETS):
        before = (count("records"), count("photos"))
        form = zhou.post("/api/v1/visits", {"customer": customer, "mode": "field"}).json()
        body = {
            "finished_at": clock.now().isoformat(),
            "conclusion": "normal",
            "answers": all_normal(form["form"]),
            "photos": [a_photo(zhou, form)],
        }
        happening, after = HAPPENINGS[n % len(HAPPENINGS)], LATEST * n / OFFSETS
        tap = threading.Thread(target=_tap, args=(server, zhou, f"/api/v1/visits/{form['key']}/submit", body))
        if happening is lost_line:
            happening(server, zhou, form, body, after)
        else:
            tap.start()
            threading.Event().wait(after)
            happening(server, zhou, form, body, after)
            tap.join()
        told = zhou.post(f"/api/v1/visits/{form['key']}/submit", body)
        assert told.status_code == 200, (n, told.text)
        assert (count("records"), count("photos")) == (before[0] + 1, before[1] + 1), (n, happening.__name__)
        assert count("drafts", form["key"]) == count("uploads", form["key"]) == 0, (n, happening.__name__)


def double_tap(server, zhou, form: dict, body: dict, _after: float) -> None:
    assert zhou.post(f"/api/v1/visits/{form['key']}/submit", body).status_code == 200


def another_widget(server, zhou, form: dict, body: dict, _after: float) -> None:
    """Something typed is saved while the form is on its way: before it arrived, or told that it was sent already."""
    saved = put(zhou, f"/api/v1/visits/{form['key']}/draft", json={"counter": 1, "content": {"note": "又想起一句"}})
    assert saved.status_code in (200, 409), saved.text


def lost_line(server, zhou, form: dict, body: dict, after: float) -> None:
    """The socket breaks so much later, answered or not."""
    with _sending(server, zhou, f"/api/v1/visits/{form['key']}/submit", json.dumps(body).encode()):
        threading.Event().wait(after)


def reload(server, zhou, form: dict, body: dict, _after: float) -> None:
    """The page is left with the submission half sent, and opens its form again."""
    content = json.dumps(body).encode()
    with _sending(server, zhou, f"/api/v1/visits/{form['key']}/submit", content, content[: len(content) // 2]):
        pass
    assert zhou.post(f"/api/v1/visits/{form['key']}/submit", body).status_code == 200


HAPPENINGS = (double_tap, another_widget, lost_line, reload)


def _tap(server, zhou, path: str, body: dict) -> None:
    """From a line of its own."""
    headers = {"origin": server.base, "x-vigil": "1"}
    httpx.post(server.base + path, json=body, headers=headers, cookies=dict(zhou.http.cookies), timeout=30)


@contextmanager
def _sending(server, zhou, path: str, whole: bytes, part: bytes | None = None):
    """A request of our own making, whose socket is closed without a goodbye at the end."""
    host, port = server.base.removeprefix("http://").split(":")
    jar = "; ".join(f"{name}={value}" for name, value in zhou.http.cookies.items())
    head = f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {server.base}\r\nX-Vigil: 1\r\nCookie: {jar}\r\n"
    with socket.create_connection((host, int(port))) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.sendall(
            f"{head}Content-Type: application/json\r\nContent-Length: {len(whole)}\r\n\r\n".encode()
            + (whole if part is None else part)
        )
        yield


def a_photo(browser, form: dict) -> str:
    name = str(uuid4())
    assert put(browser, f"/api/v1/visits/{form['key']}/photos/{name}?offset=0&total={len(SMALL)}", content=SMALL).json()["whole"]
    return name


SMALL = picture(1, (400, 300))


def count(table: str, key: str | None = None) -> int:
    """Its rows, or those of one form."""
    rows = tables.metadata.tables[table]
    with access.reading(MACHINE) as conn:
        return conn.execute(
            sa.select(sa.func.count()).where(rows.c.submit_key == key if key else rows.c.customer_id.is_not(None))
        ).scalar_one()


# --- Hostile files ----------------------------------------------------------------------------------------------------

MOST_MEMORY = 150  # MB above what the server had before
PIECE = 1_000_000


def test_who_looks_as_an_officer_changes_nothing_by_any_of_these_ways(server):
    zhou, wang = server.browser(), server.browser()
    zhou.sign_in("zhoumin", PASSWORD)
    wang.sign_in("wangfang", PASSWORD)
    form = zhou.post("/api/v1/visits", {"customer": customers()[1], "mode": "field"}).json()
    here, photo = f"/api/v1/visits/{form['key']}", uuid4()
    me = latest_session("001")
    with acts.act(me, "view.as") as conn:
        viewing.begin(conn, me, person("803").id)
    before = work()
    begun = time.monotonic()
    while refused(wang.post(f"{here}/presence", {})) != (403, "OnlyLooking"):  # the gate asks anew after a moment
        assert time.monotonic() - begun < 9 * FRESH
    answers = [
        wang.post("/api/v1/visits", {"customer": customers()[2], "mode": "field"}),
        wang.post("/api/v1/visits", {"todo": todo("regular", "field")}),
        put(wang, f"{here}/draft", json={"counter": 9, "content": {"note": "x"}}),
        put(wang, f"{here}/photos/{photo}?offset=0&total=3", content=b"xyz"),
        wang.http.delete(f"{here}/photos/{photo}", headers={"origin": wang.base, "x-vigil": "1"}),
        wang.post(f"{here}/number", {}),
        wang.post(f"{here}/submit", {"conclusion": "normal", "answers": all_normal(form["form"]), "photos": []}),
    ]
    assert [refused(answer) for answer in answers] == [(403, "OnlyLooking")] * len(answers)
    assert work() == before


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["refusal"]


def latest_session(number: str) -> Person:
    me = person(number)
    with access.reading(MACHINE) as conn:
        of_mine = sa.select(sa.func.max(tables.sessions.c.id)).where(tables.sessions.c.staff_id == me.id)
        return replace(me, session_id=conn.execute(of_mine).scalar_one())


def work() -> dict[str, list]:
    """Every row that a check writes."""
    written = (
        "drafts",
        "uploads",
        "records",
        "photos",
        "footprints",
        "reviews",
        "signals",
        "leads",
        "todos",
        "notes",
        "customer_facts",
    )
    with access.reading(MACHINE) as conn:
        return {name: sorted(map(repr, conn.execute(sa.select(tables.metadata.tables[name])))) for name in written}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_hostile_files_are_refused_with_a_sentence_and_cost_the_server_little(server):
    zhou = server.browser()
    zhou.sign_in("zhoumin", PASSWORD)
    forms = [
        zhou.post("/api/v1/visits", {"customer": customers()[0], "mode": mode}).json()["key"] for mode in ("field", "data", "phone")
    ]
    a_photo(zhou, {"key": forms[0]})  # whatever is loaded once has been loaded
    costs = []
    for n, (name, (expected, _make)) in enumerate(FILES.items()):
        content = sent(name)
        before = _peak_anew(server.process.pid)
        answer = _upload(zhou, forms[n % 3], content)
        costs.append((_peak(server.process.pid) - before, name))
        if answer.status_code == 200:
            assert expected in (TAKEN, EITHER) and answer.json()["whole"], name
        else:
            assert expected in (REFUSED, EITHER) and answer.status_code in (400, 413, 415, 422), (name, answer.text)
            assert re.search("[一-鿿]{4}", answer.json()["words"]), name
    assert len(costs) >= 60
    assert max(costs)[0] <= MOST_MEMORY, sorted(costs)[-3:]
    assert zhou.get("/api/v1/health").status_code == 200


def _upload(browser, key: str, content: bytes) -> httpx.Response:
    """As a phone sends it, piece by piece; the answer to the last piece, or to the first that is refused."""
    here = f"/api/v1/visits/{key}/photos/{uuid4()}?total={len(content)}"
    for offset in range(0, max(1, len(content)), PIECE):
        answer = put(browser, f"{here}&offset={offset}", content=content[offset : offset + PIECE])
        if answer.status_code != 200:
            break
    return answer


def _peak_anew(pid: int) -> float:
    """The most memory the process has had; what it has now is where counting begins."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _peak(pid)


def _peak(pid: int) -> float:
    """MB."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024
