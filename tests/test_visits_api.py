"""Checks over the real server: who may ask, what is refused, and what outlives a server that is killed."""

from uuid import uuid4

import pytest
import sqlalchemy as sa

from db import access, tables
from db.access import MACHINE
from engine import clock
from tests import field_work
from tests.field_work import all_normal, picture, records, todo
from tests.test_gate import PASSWORD, running


@pytest.fixture(scope="module")
def store_of_bank(administrator, templates):
    with field_work.bank(administrator, templates):
        yield


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
        for name, asked, counter in drafts:
            browser = server.browser()
            browser.sign_in(name, PASSWORD)
            found = browser.post("/api/v1/visits", asked).json()
            assert (found["counter"], found["content"]) == (counter, {"answers": {"needs": f"第{counter}稿"}}), asked
    assert len(records()) == 1


def _half_fill(liqiang, zhou, process) -> list[tuple]:
    """Twenty forms begun by two officers and saved again and again; the server is killed between two answers."""
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
            for counter in range(1, 3 + len(kept) % 5):
                saved = put(
                    browser,
                    f"/api/v1/visits/{opened.json()['key']}/draft",
                    json={"counter": counter, "content": {"answers": {"needs": f"第{counter}稿"}}},
                )
                assert saved.json()["saved"]
            kept.append((name, asked, counter))
    process.kill()
    assert len(kept) == 20
    return kept
