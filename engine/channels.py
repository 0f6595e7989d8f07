"""Ways out of the bank by which people are told: mail, WeCom, DingTalk, Feishu, through Apprise.

The bank writes them into one file that only Vigil reads (`VIGIL_CHANNELS`), for their addresses hold secrets. Nothing a
channel answers is kept or shown as it stands, because it may quote them; what became of a try is one of four words.
"""

import importlib
import logging
import re
import threading
from enum import StrEnum
from functools import cache
from pathlib import Path
from urllib.parse import quote

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from db import settings
from engine import words

OF_A_PERSON = ("staff_no", "phone", "address")  # what a template may ask of the person


class Channel(BaseModel):
    """One way out. `url` is Apprise's, with {staff_no}, {phone} or {address} where the person comes in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: dict[str, str]
    url: str
    ask: dict[str, str] | None = None  # what people are asked for, where the template has {address}
    allow: str = r"[\w.+-]+(@[\w.-]+)?"  # what they may give

    @field_validator("url")
    @classmethod
    def _of_known_places(cls, url: str) -> str:
        if set(re.findall(r"{(\w*)}", url)) - set(OF_A_PERSON):
            raise ValueError("unknown place")
        return url

    @field_validator("allow")
    @classmethod
    def _readable(cls, pattern: str) -> str:
        re.compile(pattern)
        return pattern

    @property
    def name(self) -> str:
        return words.in_language(self.title)

    @property
    def asked(self) -> str:
        """What a person is asked for."""
        return words.in_language(self.ask or self.title)

    @property
    def asks(self) -> bool:
        return "{address}" in self.url

    def accepts(self, address: str) -> bool:
        return len(address) <= 100 and re.fullmatch(self.allow, address) is not None

    def url_for(self, staff_no: str, phone: str | None, address: str | None) -> str | None:
        """Where to send to; None when something of the person is missing."""
        given = {"staff_no": staff_no, "phone": phone, "address": address}
        if any("{" + place + "}" in self.url and not given[place] for place in OF_A_PERSON):
            return None
        if self.asks and not self.accepts(address):
            return None
        return re.sub(r"{(\w+)}", lambda place: quote(given[place[1]], safe="@"), self.url)


def configured() -> dict[str, Channel]:
    """By code; read anew each time, so that a change needs no restart. None without a file."""
    file = settings.channels()
    if file is None:
        return {}
    try:
        given = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        return {str(code): Channel.model_validate(body) for code, body in given.items()}
    except (OSError, AttributeError, yaml.YAMLError, ValidationError, re.error):  # its text may hold secrets: only the name is told
        raise settings.BadSetting(name="VIGIL_CHANNELS", value=file, expected="a file as in docs/operators.md") from None


def readable_by_others(file: Path) -> bool:
    return bool(file.stat().st_mode & 0o077)


# --- Sending ----------------------------------------------------------------------------------------------------------


class Answer(StrEnum):
    """What became of a try."""

    SENT = "sent"
    REFUSED = "refused"  # the channel answered, and not with yes
    UNREACHED = "unreached"  # nothing ever left
    LOST = "lost"  # something left, and no answer came


# What libraries say when nothing has left yet; anything else that broke off may have arrived.
NEVER_LEFT = re.compile(
    r"refused|NewConnection|ConnectTimeout|NameResolution|getaddrinfo|resolve|unreachable|not known|SSLCert", re.I
)
BROKE_OFF = re.compile(r"Socket Exception|Connection error|Exception", re.I)


def send(url: str, title: str, text: str) -> Answer:
    """Once, and waited for, in this thread."""
    apprise, said = _apprise(), _listener()
    said.begin()
    channel = apprise.Apprise.instantiate(url, asset=apprise.AppriseAsset(app_id="Vigil", app_desc="Vigil", async_mode=False))
    if channel is None:
        return Answer.UNREACHED
    return Answer.SENT if channel.notify(body=text, title=title) else _of(said.lines())


def _of(lines: list[str]) -> Answer:
    told = "\n".join(lines)
    if NEVER_LEFT.search(told):
        return Answer.UNREACHED
    return Answer.LOST if BROKE_OFF.search(told) else Answer.REFUSED


class _Listener(logging.Handler):
    """What the library says while this thread sends: it answers no more than yes and no itself."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._here = threading.local()

    def begin(self) -> None:
        self._here.lines = []

    def lines(self) -> list[str]:
        return self._here.lines

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        if hasattr(self._here, "lines") and (record.levelno >= logging.WARNING or line.startswith("Socket Exception")):
            self._here.lines.append(line)


@cache
def _listener() -> _Listener:
    """In place of every other: what a channel says may quote its secret, and must reach no log."""
    library, listener = logging.getLogger("apprise"), _Listener()
    library.handlers, library.propagate = [listener], False
    library.setLevel(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    return listener


@cache
def _apprise():
    """Only where something is sent: it brings a hundred services along."""
    return importlib.import_module("apprise")
