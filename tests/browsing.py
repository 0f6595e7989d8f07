"""A real browser for journeys, screenshots and measurements."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from playwright.sync_api import BrowserContext, Page, WebSocket, sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.wire_client import Browser

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--font-render-hinting=none",
)  # fmt: skip
DESK, PHONE = (1440, 900), (390, 844)
PATIENCE = 30_000  # ms; the machine of the tests is shared
ASKED_WITHIN = 250  # ms in which what was done on a page has asked for a run, when it does
IDLE = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    return app && app.dataset.testScriptState !== 'running'
        && !document.querySelector('[data-testid=stSkeleton],[data-stale=true]');
}"""
LEAD = """(path) => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate')); }"""
# Streamlit's charts remark on an axis before its data has come; its maps would like WebAssembly, and do without.
HARMLESS = ("Infinite extent", "WebAssembly.instantiate")


def chromium() -> str | None:
    """The system's; None: the one that playwright has brought."""
    return next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator["Windows"]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield Windows(opened)
        opened.close()


class Windows:
    def __init__(self, opened) -> None:
        self.browser = opened

    def open(self, base: str, size: tuple[int, int] = DESK, scheme: str = "light", sharp: int | None = None) -> "Window":
        """`sharp`: pixels of the screen to one of the page; a phone has two, an office's screen one."""
        phone = size[0] < 600
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale="zh-CN", timezone_id="Asia/Shanghai", color_scheme=scheme,
            has_touch=phone, is_mobile=phone, device_scale_factor=sharp or (2 if phone else 1), accept_downloads=True, reduced_motion="reduce",
        )  # fmt: skip
        return Window(context, base)


class Window:
    """One person's browser; keeps what went wrong in it and where its requests went."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.context, self.base = context, base
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.wrong: list[str] = []
        self.outside: list[str] = []
        self.socket: WebSocket | None = None
        self.running = False
        self.asked = self.answered = 0  # runs of the script: asked for, and those of them that were waited for
        self.page.on("websocket", self._connected)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda wrong: self._note(str(wrong)))
        self.page.on("request", self._asked)

    def _heard(self, message) -> None:
        if message.type == "error":
            self._note(f"{message.text} {message.location}")

    def _note(self, wrong: str) -> None:
        if not any(words in wrong for words in HARMLESS):
            self.wrong.append(wrong)

    def _asked(self, request) -> None:
        if not request.url.startswith((self.base, self.base.replace("http", "ws"), "blob:", "data:")):
            self.outside.append(request.url)

    def _connected(self, socket: WebSocket) -> None:
        """A page that connects asks for its script to be run, and so does what people do on it; the server says when it has."""
        self.socket = socket
        self._asks(True)
        socket.on("framesent", lambda frame: self._said(socket, BackMsg, frame, "rerun_script", True))
        socket.on("framereceived", lambda frame: self._said(socket, ForwardMsg, frame, "script_finished", False))
        socket.on("close", lambda _: self._closed(socket))

    def _said(self, socket: WebSocket, kind: type, frame: str | bytes, what: str, running: bool) -> None:
        if socket is self.socket and isinstance(frame, bytes) and kind.FromString(frame).WhichOneof("type") == what:
            self._asks(running)

    def _asks(self, running: bool) -> None:
        self.running = running
        self.asked += running

    def _closed(self, socket: WebSocket) -> None:
        if socket is self.socket:
            self.running = False

    def signed_in(self, username: str, password: str, path: str = "") -> "Window":
        """As one who is signed in already, at this address: to draw the form, and all anew after it, takes seconds."""
        door = Browser(self.base)
        door.come_in(username, password)
        self.context.add_cookies([{"name": name, "value": value, "url": self.base} for name, value in door.http.cookies.items()])
        self.page.goto(f"{self.base}/{path}")
        self.page.wait_for_selector("[data-testid=stSidebar]", state="attached")
        return self.settled()

    def sign_in(self, username: str, password: str) -> "Window":
        """Through the form, as people do."""
        self.page.goto(self.base)
        self.page.get_by_label("用户名").fill(username)
        self.page.get_by_label("密码").first.fill(password)
        self.page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
        self.page.wait_for_selector("[data-testid=stSidebar]", state="attached")
        return self.settled()

    def go(self, path: str) -> "Window":
        """By an address that is typed: everything is loaded anew."""
        self.page.goto(f"{self.base}/{path}")
        return self.settled()

    def lead(self, path: str) -> "Window":
        """Within the app, as a link of the menu leads; half of what it takes to load the app anew."""
        self.page.evaluate(LEAD, f"/{path}")
        return self.settled()

    def settled(self) -> "Window":
        """The script has run, everything is drawn."""
        until = monotonic() + ASKED_WITHIN / 1000
        while self.asked == self.answered and monotonic() < until:
            self.page.wait_for_timeout(10)
        self._idle()
        self.page.wait_for_timeout(100)
        self._idle()  # what has been drawn may have asked for another run
        self.answered = self.asked
        return self

    def _idle(self) -> None:
        until = monotonic() + PATIENCE / 1000
        while self.running:
            assert monotonic() < until, "the script is still running"
            self.page.wait_for_timeout(20)
        self.page.wait_for_function(IDLE)

    def sees(self, *words: str) -> "Window":
        for text in words:
            self.page.get_by_text(text).first.wait_for(state="attached")
        return self

    def press(self, label: str) -> "Window":
        self.page.get_by_role("button", name=label, exact=True).first.click()
        return self.settled()

    def click_row(self, table: str, row: int = 0, at: int = 60) -> "Window":
        """A cell of a table that is drawn on a canvas, so many pixels from its left; the box to tick lies at 16."""
        shown = self.page.get_by_role("group", name=table).or_(self.page.get_by_label(table, exact=True)).first
        box = shown.locator("canvas").first.bounding_box()
        self.page.mouse.click(box["x"] + at, box["y"] + 32 + 32 * row + 16)  # something invisible lies above the canvas
        return self.settled()

    def sideways(self) -> int:
        """How far the page can be pushed sideways, in pixels."""
        return self.page.evaluate("""() => Math.max(
            document.documentElement.scrollWidth - innerWidth,
            document.querySelector('[data-testid=stMain]').scrollWidth - innerWidth)""")
