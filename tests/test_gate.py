"""The gate, over the real server: what a stranger reaches, what a stolen name is worth, who is out and when."""

import base64
import gzip
import hashlib
import re
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import icalendar
import pytest
import sqlalchemy as sa
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api import calendar, health, requests
from db import access, definitions, settings, staff
from db.access import MACHINE
from db.tables import sessions, sign_ins
from db.vocab import Definition, Role
from engine import calendar_links, clock, permits, preferences, refusals, sign_in
from pages.parts import menu
from tests import conftest
from tests.serving import PASSWORD, PEOPLE, Server, open_accounts, running
from tests.wire_client import Browser, Tab

ONLY_THE_FORM = {"用户名", "密码", "登录", "语言"}
A_PAGE_GUEST = "王记粮油"  # a customer of the bank's; no stranger may ever receive the name


@pytest.fixture(scope="module")
def bank(administrator, templates):
    """The small bank, everybody with an account; one store for all tests here."""
    for _ in conftest.cloned(administrator, templates["bank"]):
        open_accounts(must_change="qianjin")
        yield


@pytest.fixture(scope="module")
def server(bank, tmp_path_factory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server") / "log") as server:
        yield server


def _calendar(username: str) -> str:
    """A new link's path."""
    by = conftest.person(PEOPLE[username])
    with access.transaction(by, "calendar.link") as conn:
        return f"/api/v1/calendar/{calendar_links.renew(conn, by, now=clock.now())}.ics"


class TestCalendars:
    """Fetched by a phone's calendar, which has no cookie."""

    @pytest.fixture
    def asked_for(self, bank):
        """Of 李强: one todo due in three days, one overdue."""
        with access.transaction(MACHINE, "test") as conn:
            conn.exec_driver_sql(
                "insert into todos (customer_id, kind, period, mode, family, loan_ids, branch_id, assignee_id, nominal_on, due_on,"
                " late_from, created_on) select c.id, 'regular', 'ics', 'field', 'working', '{}', c.branch_id, s.id, day, day, day + 1, day"
                " from (values ('K001', vigil_today() + 3), ('K002', vigil_today() - 9)) d(no, day)"
                " join customers c on c.customer_no = d.no join staff s on s.staff_no = '802'")  # fmt: skip
        yield
        with access.transaction(MACHINE, "test") as conn:
            conn.exec_driver_sql("delete from todos where period = 'ics'")

    def test_a_link_gives_its_owners_due_days_and_names_nobody(self, server, asked_for):
        answer = httpx.get(server.base + _calendar("liqiang"))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
        assert answer.headers["cache-control"] == "no-store" and "set-cookie" not in answer.headers
        events = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
        today = clock.today()
        assert [(str(e["summary"]), str(e["description"]), e["dtstart"].dt, e["dtend"].dt) for e in events] == [
            ("1项待办已超期", "定期检查：1项", today, today + timedelta(days=1)),
            ("1项待办到期", "定期检查：1项", today + timedelta(days=3), today + timedelta(days=4)),
        ]
        assert not any(word in answer.text for word in ("K001", "K002", A_PAGE_GUEST, "李强"))

    def test_customer_numbers_stand_there_when_the_bank_allows_it(self, server, asked_for):
        with access.transaction(MACHINE, "test") as conn:
            definitions.plant(conn, Definition.PARAMETER, "calendar.customer_numbers", {"value": 1}, clock.today(), "test")
        answer = httpx.get(server.base + _calendar("liqiang"))
        with access.transaction(MACHINE, "test") as conn:
            conn.exec_driver_sql("delete from definitions where code = 'calendar.customer_numbers'")
        assert "K001" in answer.text and A_PAGE_GUEST not in answer.text

    def test_an_unknown_an_ended_and_a_misspelt_link_are_answered_alike(self, server, bank):
        path = _calendar("zhoumin")
        assert httpx.get(server.base + path).status_code == 200
        unknown = f"/api/v1/calendar/{'x' * 43}.ics"
        _calendar("zhoumin")  # which ends the first
        answers = [httpx.get(server.base + asked) for asked in (path, unknown)]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.text for answer in answers}) == 1
        for astray in (
            "/api/v1/calendar/x.ics",
            path.removesuffix(".ics"),
            path + "/..",
            "/api/v1/calendar/",
            f"/calendar/{'x' * 43}.ics",
        ):
            assert httpx.get(server.base + astray).status_code in (401, 404)
        assert httpx.post(server.base + unknown).status_code in (403, 405)

    def test_one_source_asks_so_often_and_no_more(self):
        counted = calendar.Calendars()
        for _ in range(calendar.MOST):
            counted._count("10.0.0.1")
        with pytest.raises(refusals.TooManyRequests):
            counted._count("10.0.0.1")
        counted._count("10.0.0.2")


@pytest.fixture
def stranger(server) -> Browser:
    return server.browser()


@pytest.fixture
def at_home(server, monkeypatch):
    """A browser in which somebody has signed in, and its tab."""

    def sign_in_as(username: str, page: str = "me") -> tuple[Browser, Tab]:
        browser = server.browser()
        tab = browser.sign_in(username, PASSWORD, page)
        tab.run()
        return browser, tab

    return sign_in_as


def staff_id(username: str) -> int:
    with access.reading(MACHINE) as conn:
        return staff.by_number(conn, PEOPLE[username]).id


def by_machine(statement: str) -> None:
    with access.transaction(MACHINE, "test") as conn:
        conn.execute(sa.text(statement))


def after_the_gate_has_forgotten() -> None:
    time.sleep(1.1)


class TestAStranger:
    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/_stcore/upload_file/some-session/some-file", 401),
            ("/media/0123456789abcdef.jpg", 401),
            ("/component/some.component/index.html", 401),
            ("/_stcore/bidi-components/some/thing.js", 401),
            ("/api/v1/anything", 401),
            ("/_stcore/metrics", 404),
            ("/_stcore/agent/openapi.json", 404),
            ("/_stcore/agent/interact", 404),
            ("/_stcore/agent/mcp", 404),
            ("/_stcore/script-health-check", 404),
            ("/app/static/anything", 404),
            ("/loan/12", 404),
            ("/config.toml", 404),
            ("/static/../../../app.py", 404),
            ("/assets/..%2f..%2fapp.py", 404),
            ("/_stcore%2fmetrics", 404),
            ("//_stcore/metrics", 404),
        ],
    )
    def test_is_told_nothing(self, stranger, path, status):
        answer = raw_get(stranger.base, path)
        assert answer.startswith(f"HTTP/1.1 {status} ")
        assert A_PAGE_GUEST not in answer

    def test_may_load_the_bundle_and_ask_for_health(self, stranger):
        page = stranger.get("/")
        script = re.search(r"\./(static/js/index\.[\w-]+\.js)", page.text).group(1)
        for path in (f"/{script}", "/assets/mark.svg", "/_stcore/health", "/_stcore/host-config", "/api/v1/health"):
            assert stranger.get(path).status_code == 200, path

    def test_uploads_nothing(self, stranger):
        with stranger.tab() as tab:
            session = tab.run().session_id
            files = {"file": ("a.jpg", b"x" * 1000)}
            for headers in ({}, {"origin": stranger.base}):
                answer = stranger.http.put(f"/_stcore/upload_file/{session}/a", files=files, headers=headers)
                assert answer.status_code in (401, 403)

    def test_sees_the_form_at_every_address_and_nothing_else(self, stranger):
        for entry in menu.ENTRIES:
            with stranger.tab(entry.path) as tab:
                assert set(tab.run().widgets) == ONLY_THE_FORM, entry.path

    def test_cannot_run_a_page_by_naming_its_script(self, stranger):
        with stranger.tab() as tab:
            tab.run()
            message = BackMsg()
            for page in (settings.ROOT / "pages").rglob("*.py"):
                message.rerun_script.page_script_hash = hashlib.md5(str(page).encode()).hexdigest()
                tab.send(message.SerializeToString())
                assert set(tab._read().widgets) == ONLY_THE_FORM

    def test_is_cut_off_when_sending_much(self, stranger):
        with stranger.tab() as tab:
            tab.run()
            message = BackMsg()
            message.rerun_script.query_string = "x" * 100_000
            tab.send(message.SerializeToString())
            with pytest.raises(ConnectionClosed):
                while True:
                    tab.socket.recv(timeout=5)

    @pytest.mark.parametrize("origin", ["", "https://evil.example", "null"])
    def test_opens_no_socket_from_elsewhere(self, stranger, origin):
        with pytest.raises(InvalidStatus):
            stranger.tab(origin=origin)

    def test_opens_no_other_socket(self, stranger):
        stranger.base += "/somewhere"
        with pytest.raises(InvalidStatus):
            stranger.tab()


def raw_get(base: str, path: str) -> str:
    """As it is written: clients tidy paths up."""
    host = base.removeprefix("http://")
    with socket.create_connection(host.split(":"), timeout=10) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while chunk := line.recv(65536):
            received += chunk
    return received.decode("utf-8", "replace")


class TestAColdStart:
    def test_the_first_visitor_of_a_page_gets_the_form(self, bank, tmp_path):
        """Hosts, HTTPS and the old trap of scripts in pages/, on a server that has served nobody."""
        with running(tmp_path / "log", VIGIL_HOSTS="127.0.0.1", VIGIL_HTTPS="1") as cold:
            for path in ("customers", "me", "dashboard"):
                with Tab(cold.browser(), path) as tab:
                    assert set(tab.run().widgets) == ONLY_THE_FORM
            answer = httpx.get(cold.base)
            assert "max-age" in answer.headers["strict-transport-security"]
            cookie = answer.headers["set-cookie"]
            assert cookie.startswith("__Host-vigil-browser=")
            assert "Secure" in cookie
            assert httpx.get(cold.base, headers={"host": "evil.example"}).status_code == 400

    def test_an_unsafe_configuration_does_not_start(self, bank, tmp_path):
        with pytest.raises(AssertionError, match="UnsafeConfiguration"):
            with running(tmp_path / "log", "--server.enableAgentApi", "true"):
                pass


class TestSigningIn:
    def test_leads_to_the_page_that_was_asked_for(self, at_home):
        _, tab = at_home("liqiang", "me")
        assert tab.screen.title == "我的 · 守望"
        assert tab.screen.shows("李强", "客户经理", "农安支行")

    def test_the_cookie_is_for_the_browser_only(self, stranger):
        stranger.sign_in("liqiang", PASSWORD)
        screen = stranger.tab().run()
        token = stranger.http.cookies["vigil"]
        assert len(token) >= 43
        assert token not in screen.text
        with stranger.tab(headers={"Cookie": "vigil-browser=x"}) as tab:
            ticket = tab.fill_in("liqiang", PASSWORD).ticket
            stranger.http.cookies.set("vigil-browser", "x")
        cookie = stranger.post("/api/v1/session", {"ticket": ticket}).headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Max-Age" not in cookie

    def test_a_ticket_is_worthless_to_others(self, server, stranger):
        with stranger.tab() as tab:
            ticket = tab.fill_in("liqiang", PASSWORD).ticket
        thief = server.browser()
        thief.get("/")
        assert thief.post("/api/v1/session", {"ticket": ticket}).status_code == 401
        assert stranger.post("/api/v1/session", {"ticket": ticket}).status_code == 200
        assert stranger.post("/api/v1/session", {"ticket": ticket}).status_code == 401

    @pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"origin": ""}, {"x-vigil": ""}])
    def test_another_site_cannot_do_it_for_somebody(self, stranger, headers):
        with stranger.tab() as tab:
            ticket = tab.fill_in("liqiang", PASSWORD).ticket
        assert stranger.post("/api/v1/session", {"ticket": ticket}, **headers).status_code == 403
        assert stranger.post("/api/v1/sign-out", **headers).status_code == 403

    @pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"ticket": 7}', b"\xff" * 100, b"x" * 100_000])
    def test_nonsense_in_place_of_a_ticket_is_refused(self, stranger, body):
        headers = {"origin": stranger.base, "x-vigil": "1"}
        assert stranger.http.post("/api/v1/session", content=body, headers=headers).status_code == 401

    def test_is_locked_after_five_wrong_tries(self, stranger):
        with stranger.tab() as tab:
            for _ in range(5):
                assert tab.fill_in("zhoumin", "wrong").shows("用户名或密码不正确")
            screen = tab.fill_in("zhoumin", PASSWORD)
            assert screen.shows("用户名或密码不正确")
            assert "ticket" not in screen.text

    def test_whoever_forges_a_source_is_counted_as_what_he_is(self, server, at_home):
        server.browser().sign_in("wulei", PASSWORD, source="6.6.6.6")
        with access.reading(MACHINE) as conn:
            latest = sa.select(sign_ins.c.source).where(sign_ins.c.username == "wulei").order_by(sign_ins.c.id.desc())
            assert conn.execute(latest.limit(1)).scalar_one() == "127.0.0.1"

    def test_a_first_password_opens_nothing_but_its_change(self, stranger):
        tab = stranger.sign_in("qianjin", PASSWORD, "me")
        assert set(tab.run().widgets) == {"当前密码", "新密码", "再次输入新密码", "修改密码", "退出"}
        assert stranger.get("/api/v1/anything").status_code == 403
        assert stranger.get("/media/some.jpg").status_code == 403


class TestRights:
    def test_a_page_of_other_people_is_refused_politely(self, at_home):
        browser, _ = at_home("liqiang")
        for entry in menu.ENTRIES:
            if not permits.may(conftest.person("802"), entry.permit):
                with browser.tab(entry.path) as tab:
                    assert tab.run().shows("您的岗位无此权限"), entry.path

    def test_everybody_begins_where_his_work_is(self, at_home):
        _, tab = at_home("liqiang", "")
        first = menu.first_page(conftest.person("802"), None)
        assert tab.screen.title == f"{title_of(first)} · 守望"

    def test_a_new_role_counts_on_the_next_click(self, at_home):
        _, tab = at_home("zhengjie")
        assert tab.screen.shows("贷后人员")
        try:
            new_role("zhengjie", Role.MANAGER)
            assert tab.run().shows("客户经理")
        finally:
            new_role("zhengjie", Role.INSPECTOR)


def title_of(path: str) -> str:
    from engine.words import _  # noqa: PLC0415

    return _(next(entry.title for entry in menu.ENTRIES if entry.path == path))


def new_role(username: str, role: Role) -> None:
    by_machine(f"update staff_roles set role = '{role}' where staff_id = {staff_id(username)} and valid_to is null")


class TestTakingOver:
    """Streamlit session ids are in addresses of uploads, so in logs; knowing one must be worth nothing."""

    def test_a_stranger_gets_a_session_of_his_own(self, at_home, stranger):
        _, victim = at_home("liqiang")
        with stranger.tab(resume=victim.screen.session_id) as tab:
            screen = tab.run()
        assert screen.session_id != victim.screen.session_id
        assert set(screen.widgets) == ONLY_THE_FORM
        assert victim.run().shows("李强")

    def test_a_colleague_gets_a_session_of_his_own(self, at_home):
        _, victim = at_home("liqiang")
        browser, _ = at_home("wulei")
        with browser.tab("me", resume=victim.screen.session_id) as tab:
            screen = tab.run()
        assert screen.session_id != victim.screen.session_id
        assert screen.shows("吴磊")
        assert "李强" not in screen.text
        assert victim.run().shows("李强")

    def test_also_when_the_victim_has_lost_the_line(self, at_home):
        _, victim = at_home("liqiang")
        victim.close()
        browser, _ = at_home("wulei")
        with browser.tab("me", resume=victim.screen.session_id) as tab:
            assert tab.run().session_id != victim.screen.session_id

    def test_the_binding_cannot_be_brought_along(self, at_home, server):
        home, victim = at_home("liqiang")
        binding = "session-" + hashlib.sha256(home.http.cookies["vigil"].encode()).hexdigest()
        for name in ("X-Vigil-Session", "x-vigil-session", "X_Vigil_Session"):
            thief = server.browser()
            with thief.tab("me", resume=victim.screen.session_id, headers={name: binding}) as tab:
                screen = tab.run()
            assert screen.session_id != victim.screen.session_id
            assert set(screen.widgets) == ONLY_THE_FORM

    def test_the_owner_comes_back_to_it(self, at_home):
        home, tab = at_home("liqiang")
        tab.close()
        with home.tab("me", resume=tab.screen.session_id) as again:
            assert again.run().session_id == tab.screen.session_id

    def test_nobody_uploads_into_it(self, at_home):
        _, victim = at_home("liqiang")
        browser, own = at_home("wulei")
        assert self.put(browser, victim.screen.session_id) == 404
        assert self.put(browser, own.screen.session_id) == 204

    @staticmethod
    def put(browser: Browser, session: str) -> int:
        browser.get("/_stcore/host-config")
        browser.get("/_stcore/health")
        token = browser.http.cookies.get("_streamlit_xsrf", "")
        headers = {"origin": browser.base, "x-xsrftoken": token}
        return browser.http.put(f"/_stcore/upload_file/{session}/a", files={"file": ("a.txt", b"x")}, headers=headers).status_code

    def test_two_strangers_are_told_apart(self, server):
        one, other = server.browser().tab(), server.browser()
        one.run()
        with other.tab(resume=one.screen.session_id) as tab:
            assert tab.run().session_id != one.screen.session_id


class TestBeingOut:
    def test_signing_out_ends_every_open_tab(self, at_home):
        home, here = at_home("liqiang")
        with home.tab("me") as there:
            assert there.run().shows("李强")
            answer = home.post("/api/v1/sign-out")
            assert "Max-Age=0" in answer.headers["set-cookie"]
            after_the_gate_has_forgotten()
            for tab in (here, there):
                self.is_out(tab)

    def test_a_stolen_cookie_dies_with_it(self, at_home, server):
        home, _ = at_home("liqiang")
        thief = server.browser()
        thief.http.cookies.set("vigil", home.http.cookies["vigil"])
        home.post("/api/v1/sign-out")
        with thief.tab("me") as tab:
            assert set(tab.run().widgets) == ONLY_THE_FORM
            assert tab.screen.shows("会话已结束")

    def test_the_button_ends_it_in_the_store_at_once(self, at_home):
        home, tab = at_home("wulei")
        screen = tab.click("退出")
        assert screen.shows("/api/v1/sign-out")
        assert "吴磊" not in screen.text
        assert live_sessions_with(home.http.cookies["vigil"]) == 0

    def test_whoever_is_disabled_is_out_on_the_next_click(self, at_home):
        home, tab = at_home("sunli")
        by = conftest.person("007")
        with access.transaction(by) as conn:
            sign_in.disable_account(conn, by, staff_id("sunli"), clock.now())
        after_the_gate_has_forgotten()
        self.is_out(tab)
        assert home.get("/api/v1/anything").status_code == 401

    def test_fragments_and_callbacks_of_the_past_do_not_run(self, at_home):
        """They run without the frame, so the gate must not let them through."""
        home, tab = at_home("liqiang")
        old = dict(tab.screen.widgets)
        home.post("/api/v1/sign-out")
        after_the_gate_has_forgotten()
        tab.screen.widgets |= old
        self.is_out(tab, fragment="0123456789abcdef", by_timer=True)
        tab.screen.widgets |= old
        screen = tab.click("退出其他设备")
        assert "李强" not in screen.text

    @staticmethod
    def is_out(tab: Tab, **run: object) -> None:
        screen = tab.run(**run)
        assert screen.widgets == {}
        assert screen.title == "登录 · 守望"
        assert "李强" not in screen.text

    def test_only_humans_keep_a_session_alive(self, at_home):
        home, tab = at_home("chenjing")
        token = home.http.cookies["vigil"]
        set_seen(token, minutes_ago=5)
        after_the_gate_has_forgotten()
        tab.run(by_timer=True)
        home.get("/api/v1/session")
        home.get("/assets/words.js")
        assert seen_minutes_ago(token) > 4

    def test_a_click_keeps_it_alive(self, at_home):
        home, tab = at_home("chenjing")
        set_seen(home.http.cookies["vigil"], minutes_ago=5)
        after_the_gate_has_forgotten()
        tab.run()
        assert seen_minutes_ago(home.http.cookies["vigil"]) < 1

    def test_a_line_that_comes_back_is_no_human(self, at_home):
        home, tab = at_home("hewei")
        token = home.http.cookies["vigil"]
        set_seen(token, minutes_ago=5)
        after_the_gate_has_forgotten()
        with Tab(home, "me", resume=tab.screen.session_id) as again:
            again.run()
        assert seen_minutes_ago(token) > 4

    def test_idle_for_a_quarter_of_an_hour_is_out(self, at_home):
        home, tab = at_home("wangfang")
        set_seen(home.http.cookies["vigil"], minutes_ago=16)
        after_the_gate_has_forgotten()
        self.is_out(tab)


def hash_of(token: str) -> bytes:
    return sign_in.token_hash(token)


def live_sessions_with(token: str) -> int:
    query = sa.select(sa.func.count()).where(sessions.c.token_hash == hash_of(token), sessions.c.ended_at.is_(None))
    with access.reading(MACHINE) as conn:
        return conn.execute(query).scalar_one()


def set_seen(token: str, minutes_ago: float) -> None:
    with access.transaction(MACHINE, "test") as conn:
        conn.execute(
            sa.update(sessions)
            .where(sessions.c.token_hash == hash_of(token))
            .values(seen_at=sa.func.now() - sa.text(f"interval '{minutes_ago} minutes'"))
        )


def seen_minutes_ago(token: str) -> float:
    query = sa.select(sa.func.extract("epoch", sa.func.now() - sessions.c.seen_at) / 60)
    with access.reading(MACHINE) as conn:
        return float(conn.execute(query.where(sessions.c.token_hash == hash_of(token))).scalar_one())


class TestAnswers:
    def test_every_answer_carries_the_headers(self, stranger, at_home):
        home, _ = at_home("liqiang")
        paths = (
            "/", "/me", "/nowhere", "/a/b", "/media/x", "/_stcore/metrics", "/_stcore/health", "/api/v1/health",
            "/api/v1/session", "/api/v1/anything", "/assets/words.js", "/assets/none.js", "/static/js/none.js",
        )  # fmt: skip
        for browser in (stranger, home):
            for answer in (*(browser.get(path) for path in paths), browser.post("/api/v1/session", {"ticket": "x"})):
                self.has_headers(answer)

    @staticmethod
    def has_headers(answer: httpx.Response) -> None:
        said = answer.headers
        assert said["x-content-type-options"] == "nosniff"
        assert said["x-frame-options"] == "DENY"
        assert said["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in said["content-security-policy"]
        assert "unsafe-eval" not in said["content-security-policy"]
        assert not any(name.startswith("access-control-") for name in said)
        assert ("no-store" in said.get("cache-control", "")) != answer.url.path.startswith(("/static/", "/assets/"))

    def test_the_policy_allows_exactly_the_scripts_written_into_the_page(self, stranger):
        page = stranger.get("/")
        inline = re.findall(r"<script>(.*?)</script>", page.text, flags=re.DOTALL)
        assert len(inline) == 1
        digest = base64.b64encode(hashlib.sha256(inline[0].encode()).digest()).decode()
        assert f"script-src 'self' blob: 'sha256-{digest}';" in page.headers["content-security-policy"]

    def test_the_page_is_chinese_and_calls_nobody(self, stranger):
        page = stranger.get("/").text
        assert '<html lang="zh-CN">' in page
        assert "<title>守望" in page
        assert "agent" not in page
        assert not re.search(r'(src|href)="(https?:)?//', page)
        for asset in re.findall(r'"(/assets/[^"]+)"', page):
            assert stranger.get(asset).status_code == 200

    def test_the_bundle_is_zipped(self, stranger):
        script = "/" + re.search(r"\./(static/js/index\.[\w-]+\.js)", stranger.get("/").text).group(1)
        with httpx.Client(base_url=stranger.base) as plain:
            zipped = plain.build_request("GET", script, headers={"accept-encoding": "gzip"})
            answer = plain.send(zipped, stream=True)
            sent = b"".join(answer.iter_raw())
        whole = stranger.get(script, **{"accept-encoding": "identity"}).content
        assert gzip.decompress(sent) == whole
        assert len(sent) < len(whole) / 2
        assert "immutable" in answer.headers["cache-control"]

    def test_health_is_said(self, stranger):
        answer = stranger.get("/api/v1/health").json()
        assert answer["alive"]
        assert answer["database"] == {"state": "ok"}
        assert answer["night"]["last"] is None
        assert 0 < answer["disk"]["free"] < 1

    def test_health_tells_the_truth_when_the_store_is_away(self, monkeypatch):
        def away(*_: object):
            raise OSError("no such host")

        monkeypatch.setattr(health.access, "gate", away)
        monkeypatch.setattr(health.access, "reading", away)
        found = health._look()
        assert found["state"] == found["database"]["state"] == "down"
        assert found["night"]["state"] == "warning"

    def test_health_gives_up_when_the_disk_is_full(self, monkeypatch):
        monkeypatch.setattr(health.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 96, 4))
        assert health._disk() == {"state": "down", "free": 0.04}

    def test_callbacks_speak_the_readers_language(self, at_home):
        """They run before the frame, in a thread that knows no language yet."""
        home, _ = at_home("hewei")
        me = conftest.person("005")
        with access.transaction(me, "preference.set") as conn:
            preferences.prefer(conn, me, language="en")
        with home.tab("me") as tab:
            assert tab.run().title == "My account · Vigil"
            assert tab.click("Sign out everywhere else").shows("other sessions ended")
            assert "其他" not in tab.screen.text

    def test_a_page_that_fails_says_a_number_and_nothing_else(self, at_home, server):
        _, tab = at_home("liqiang")
        with missing("job_runs"):
            screen = tab.run()
        number = re.search(r"请将编号 ([0-9A-F]{8}) 告知", screen.text).group(1)
        for secret in ("psycopg2", "Traceback", "job_runs", "sqlalchemy", "frame.py"):
            assert secret not in screen.text
        assert number in server.log.read_text()

    def test_the_log_names_no_session(self, at_home, server):
        home, tab = at_home("liqiang")
        home.get(f"/_stcore/upload_file/{tab.screen.session_id}/x")
        log = server.log.read_text()
        assert home.http.cookies["vigil"] not in log
        assert tab.screen.session_id not in log


@contextmanager
def missing(table: str) -> Iterator[None]:
    """For a while there is no such table."""
    owner = sa.create_engine(settings.database_url(), poolclass=sa.NullPool)
    with owner.begin() as conn:
        conn.exec_driver_sql(f"alter table {table} rename to {table}_away")
    try:
        yield
    finally:
        with owner.begin() as conn:
            conn.exec_driver_sql(f"alter table {table}_away rename to {table}")


class TestSources:
    """Where a try comes from, for the lockout and the trail."""

    @pytest.mark.parametrize(
        ("peer", "forwarded", "proxied", "source"),
        [
            ("10.1.2.3", "", False, "10.1.2.3"),
            ("10.1.2.3", "6.6.6.6", False, "10.1.2.3"),
            ("6.6.6.6", "6.6.6.6", False, "127.0.0.1"),  # what Uvicorn makes of a forged header from this machine
            ("::ffff:10.1.2.3", "", False, "10.1.2.3"),
            ("::1", "", False, "127.0.0.1"),
            ("2001:db8:1:2:3:4:5:6", "", False, "2001:db8:1:2::/64"),
            ("10.9.9.9", "10.1.2.3", True, "10.1.2.3"),
            ("10.9.9.9", "6.6.6.6, 10.1.2.3", True, "10.1.2.3"),
            ("10.9.9.9", "", True, "10.9.9.9"),
            ("10.9.9.9", "nonsense", True, "10.9.9.9"),
        ],
    )
    def test_is_the_peer_or_what_our_own_proxy_says(self, monkeypatch, peer, forwarded, proxied, source):
        monkeypatch.setenv("VIGIL_PROXY", "1" if proxied else "0")
        scope = {"client": (peer, 1), "headers": [(b"x-forwarded-for", forwarded.encode())] if forwarded else []}
        assert requests.source(scope) == source


@pytest.mark.browser
def test_a_real_browser_finds_nothing_to_complain_of(server):
    """No violation of the policy, no request to anybody else, nothing left in the console."""
    sync_api = pytest.importorskip("playwright.sync_api")
    complaints: list[str] = []
    with sync_api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page(locale="zh-CN")
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("request", lambda sent: complaints.append(sent.url) if not is_ours(sent.url, server.base) else None)
        page.goto(f"{server.base}/")
        page.get_by_label("用户名").fill("wulei")
        page.get_by_label("密码", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        page.get_by_role("button", name="退出", exact=True).wait_for(timeout=30_000)
        assert page.evaluate("document.cookie.includes('vigil=')") is False
        page.get_by_role("button", name="退出", exact=True).click()
        page.get_by_label("用户名").wait_for(timeout=30_000)
        chromium.close()
    assert [c for c in complaints if "_stcore/h" not in c and "404" not in c] == []


def is_ours(url: str, base: str) -> bool:
    return url.startswith((base, base.replace("http", "ws"), "data:", "blob:"))
