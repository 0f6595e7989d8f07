"""Vigil as people reach it: `streamlit run app.py` on a port of its own, over the store of this test."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import argon2
import httpx
import pytest

from db import access, settings, staff
from db.access import MACHINE
from engine import clock, sign_in
from tests.wire_client import Browser

PASSWORD = "Guard-the-loans-7"  # of everybody who has an account
PEOPLE = {  # user name -> staff number
    "wangfang": "001", "chenjing": "004", "hewei": "005", "linxia": "007", "wulei": "102", "zhengjie": "103",
    "sunli": "801", "liqiang": "802", "zhoumin": "803", "qianjin": "804",
}  # fmt: skip


def open_accounts(people: dict[str, str] = PEOPLE, must_change: str = "") -> None:
    """{user name: staff number}; all with one password, kept as cheaply as can be. One of them must change it first."""
    with pytest.MonkeyPatch.context() as patch, access.transaction(MACHINE, "test") as conn:
        patch.setattr(sign_in, "_HASHER", argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        for username, number in people.items():
            holder = staff.by_number(conn, number).id
            sign_in.open_account(conn, MACHINE, holder, username, PASSWORD, clock.now(), must_change=username == must_change)


@contextmanager
def running(log: Path, *options: str, **variables: str) -> Iterator["Server"]:
    server = Server(log, *options, **variables)
    try:
        server.start()
        yield server
    finally:
        server.stop()


class Server:
    """Can be killed, and started again at the same address. `options` of Streamlit's, `variables` of the environment."""

    def __init__(self, log: Path, *options: str, **variables: str) -> None:
        port = free_port()
        self.log, self.base, self.variables = log, f"http://127.0.0.1:{port}", variables
        self.command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), *options]

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command,
                cwd=settings.ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=os.environ | {"VIGIL_JOBS": "0"} | self.variables,
            )
        self._answers()

    def _answers(self) -> None:
        for _ in range(300):
            assert self.process.poll() is None, self.log.read_text()
            try:
                httpx.get(f"{self.base}/_stcore/health", timeout=5)
                return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait(timeout=20)

    def browser(self) -> Browser:
        return Browser(self.base)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
