"""A channel of the tests: a local HTTP server that Apprise's json:// sends to, with a temper for each path.

/yes/…  takes it      /no/…  answers 500      /mute/…  takes it and hangs up without a word      /slow/…  takes it after a while
"""

import json
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

SLOW = 0.05  # seconds


class PostOffice:
    """What arrived, by path."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, dict]] = []
        office = self

        class Counter_(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                office.letters.append((self.path, body))
                temper = self.path.split("/")[1]
                if temper == "mute":
                    self.close_connection = True
                    return
                if temper == "slow":
                    office.pause.wait(SLOW)
                self.send_response(500 if temper == "no" else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.pause = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Counter_)
        self.port = self.server.server_port

    def to(self, temper: str) -> list[dict]:
        return [body for path, body in self.letters if path.startswith(f"/{temper}/")]

    def numbers(self, temper: str) -> Counter:
        """How often each address was written to."""
        return Counter(path.split("/")[2] for path, _ in self.letters if path.startswith(f"/{temper}/"))

    def channels(self, file: Path, **tempers: str) -> Path:
        """A file of channels, each leading here with its temper and to the person's number or address."""
        body = {code: {"title": {"zh": f"渠道{code}", "en": code}, "url": f"json://127.0.0.1:{self.port}/{temper}"}
                for code, temper in tempers.items()}  # fmt: skip
        file.write_text(yaml.safe_dump(body), encoding="utf-8")
        file.chmod(0o600)
        return file


@contextmanager
def opened():
    office = PostOffice()
    thread = threading.Thread(target=office.server.serve_forever, daemon=True)
    thread.start()
    yield office
    office.server.shutdown()
    office.server.server_close()
