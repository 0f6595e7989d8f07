"""A browser without a screen: plain HTTP and Streamlit's own messages, for tests of the gate."""

import re
from dataclasses import dataclass, field

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

PATIENCE = 20  # seconds; the machine of the tests is shared


@dataclass
class Screen:
    """What one run of the script sent."""

    session_id: str = ""
    text: str = ""
    widgets: dict[str, str] = field(default_factory=dict)  # label -> id
    fragments: list[str] = field(default_factory=list)
    title: str = ""

    @property
    def ticket(self) -> str:
        return re.search(r'"ticket":\s*"([\w-]+)"', self.text).group(1)

    def shows(self, *words: str) -> bool:
        return all(word in self.text for word in words)


class Browser:
    """Cookies, requests, and any number of sockets: as many tabs."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.http = httpx.Client(base_url=base, timeout=PATIENCE)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(path, headers=headers)

    def post(self, path: str, body: dict | None = None, **headers: str) -> httpx.Response:
        ours = {"origin": self.base, "x-vigil": "1"} | headers
        return self.http.post(path, json=body or {}, headers={name: value for name, value in ours.items() if value})

    def tab(self, page: str = "", **options: object) -> "Tab":
        self.get(f"/{page}")
        return Tab(self, page, **options)

    def sign_in(self, username: str, password: str, page: str = "", source: str = "") -> "Tab":
        """Through the form, as people do; leads to the page asked for."""
        self.come_in(username, password, page, source)
        return self.tab(page)

    def come_in(self, username: str, password: str, page: str = "", source: str = "") -> None:
        """Fill in the form and have the cookie set."""
        with self.tab(page, headers={"X-Forwarded-For": source} if source else {}) as door:
            screen = door.fill_in(username, password)
            self.post("/api/v1/session", {"ticket": screen.ticket}).raise_for_status()


class Tab:
    """One socket. `resume` names a Streamlit session to come back to, as browsers do after a lost line."""

    def __init__(self, browser: Browser, page: str, *, resume: str = "", origin: str = "same", headers=None) -> None:
        jar = "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())
        self.page = page
        self.socket = connect(
            browser.base.replace("http", "ws") + "/_stcore/stream",
            origin=browser.base if origin == "same" else origin or None,
            subprotocols=["streamlit", "none", *([resume] if resume else [])],
            additional_headers={"Cookie": jar} | (headers or {}),
            open_timeout=PATIENCE, max_size=None, legacy=True,
        )  # fmt: skip
        self.screen = Screen()

    def __enter__(self) -> "Tab":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def run(self, *states: WidgetState, fragment: str = "", by_timer: bool = False) -> Screen:
        """Ask for a run and read what it draws."""
        message = BackMsg()
        message.rerun_script.page_name = self.page
        message.rerun_script.fragment_id = fragment
        message.rerun_script.is_auto_rerun = by_timer
        message.rerun_script.widget_states.widgets.extend(states)
        self.socket.send(message.SerializeToString())
        return self._read()

    def send(self, data: bytes) -> None:
        self.socket.send(data)

    def fill_in(self, username: str, password: str) -> Screen:
        """The sign-in form."""
        ids = (self.screen if self.screen.widgets else self.run()).widgets
        return self.run(
            WidgetState(id=ids["用户名"], string_value=username),
            WidgetState(id=ids["密码"], string_value=password),
            WidgetState(id=ids["登录"], trigger_value=True),
        )

    def click(self, label: str) -> Screen:
        return self.run(WidgetState(id=self.screen.widgets[label], trigger_value=True))

    def _read(self) -> Screen:
        """Until a run has finished that is not followed by another."""
        screen = Screen(session_id=self.screen.session_id)
        while True:
            message = ForwardMsg.FromString(self.socket.recv(timeout=PATIENCE))
            kind = message.WhichOneof("type")
            if kind == "new_session":
                screen = Screen(session_id=message.new_session.initialize.session_id)
            elif kind == "page_config_changed":
                screen.title = message.page_config_changed.title
            elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                self.screen = screen
                return screen
            _note(message, screen)


def _note(message: ForwardMsg, screen: Screen) -> None:
    """Every string in it is something the browser has received."""
    screen.text += "\n" + message.SerializeToString().decode("utf-8", "replace")
    if message.WhichOneof("type") != "delta":
        return
    if message.delta.fragment_id:
        screen.fragments.append(message.delta.fragment_id)
    element = message.delta.new_element
    drawn = getattr(element, element.WhichOneof("type")) if element.WhichOneof("type") else None
    if drawn is not None and getattr(drawn, "id", "") and getattr(drawn, "label", ""):
        screen.widgets[re.sub(r":material/\w+: ?", "", drawn.label)] = drawn.id
