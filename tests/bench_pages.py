"""How long a page takes, beside a bare Streamlit page in the same browser: python -m tests.bench_pages

Over the store that VIGIL_HOME or DATABASE_URL names, planted with the demo bank.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx

from db import access, accounts, figures, staff
from db.access import Person
from db.figures import Scope
from engine import clock, opening
from engine.demo import story
from tests.browsing import IDLE, Window, browser
from tests.test_gate import running

PAGES = (
    ("risk", "dashboard"),
    ("risk", "todos"),
    ("risk", "loans"),
    ("risk", "customers"),
    ("risk", "signals"),
    ("risk", "rules"),
    ("manager", "today"),
)
TIMES = 5
PORT = 8699


def measure(say: Callable[[str], None] = print) -> list[tuple[str, float, float, float]]:
    """(page, ms, ms of a bare page, ratio): from typing an address to a drawn page; the median of five."""
    head = head_office()
    found = []
    with tempfile.TemporaryDirectory() as folder, browser() as windows:
        with bare(Path(folder)) as base:
            plain = median(windows.open(base), "")
        say(f"bare Streamlit page {plain:.0f} ms")
        with running(Path(folder) / "log") as server:
            for user, path in PAGES:
                window = windows.open(server.base).sign_in(user, story.PASSWORD)
                took = median(window, path)
                window.context.close()
                found.append((f"/{path}", took, plain, took / plain))
                say(f"/{path} {took:.0f} ms, {took / plain:.1f} times a bare page")
    data = dashboard_data(head)
    say(f"the dashboard's figures {data:.0f} ms")
    return [*found, ("dashboard figures alone", data, plain, data / plain)]


def median(window: Window, path: str) -> float:
    window.page.goto(f"{window.base}/{path}")  # the first one fills the browser's cache
    return statistics.median(once(window, path) for _ in range(TIMES))


def once(window: Window, path: str) -> float:
    begun = time.perf_counter()
    window.page.goto(f"{window.base}/{path}")
    window.page.wait_for_selector("[data-testid=stMain] h1")
    window.page.wait_for_function(IDLE)
    return 1000 * (time.perf_counter() - begun)


@contextmanager
def bare(folder: Path) -> Iterator[str]:
    """Streamlit with a page of one title."""
    script = folder / "bare.py"
    script.write_text('import streamlit as st\nst.title("bare")\n')
    options = ["--server.port", str(PORT), "--server.headless", "true", "--browser.gatherUsageStats", "false"]
    process = subprocess.Popen([sys.executable, "-m", "streamlit", "run", script, *options], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{PORT}/_stcore/health")
        yield f"http://127.0.0.1:{PORT}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_for(address: str) -> None:
    for _ in range(300):
        try:
            httpx.get(address, timeout=5)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError(address)


def head_office() -> Person:
    opening.open_store()
    with access.gate() as conn:
        account = accounts.by_username(conn, "risk")
    if account is None:
        raise SystemExit("The demo bank is not planted here: python -m engine seed")
    with access.reading(access.MACHINE) as conn:
        return staff.person(conn, account.staff_id)


def dashboard_data(head: Person) -> float:
    """Every figure of the first page of head office, over 30 days, in one transaction; the median of five."""
    today = clock.today()
    return statistics.median(figures_once(head, Scope(today), today - timedelta(days=29)) for _ in range(TIMES))


def figures_once(head, scope: Scope, since) -> float:
    begun = time.perf_counter()
    with access.reading(head) as conn:
        for figure in (figures.done_per_day, figures.completion_per_day, figures.overdue_per_day, figures.signals_waiting_per_day,
                       figures.handling_days, figures.on_site_per_day, figures.branch_table):  # fmt: skip
            figure(conn, scope, since)
        figures.completion(conn, scope, since, scope.today)
        figures.overdue_now(conn, scope)
        figures.due_soon(conn, scope, 7)
        figures.signals_open(conn, scope)
        for days in (7, 30):
            figures.due_soon_by_branch(conn, scope, days)
            figures.due_soon_by_officer(conn, scope, days)
    return 1000 * (time.perf_counter() - begun)


if __name__ == "__main__":
    measure()
