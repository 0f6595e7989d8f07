"""How long a page takes, beside a bare Streamlit page in the same browser: python -m tests.bench_pages [--scale 100] [--pages monthly,todos]

Over the store that VIGIL_HOME or DATABASE_URL names, planted with the demo bank; with a scale, over a bank so many times the
size of the case study's on a scratch database, with work of ninety days.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from functools import cache
from pathlib import Path

import httpx

from db import access, accounts, customers, demo, loans, scratch, staff
from db.access import MACHINE, Person
from db.figures import Scope
from db.vocab import Role
from engine import book_counts, clock, counting, levels, opening, permits, sign_in
from engine.bench import bank
from engine.demo import story
from pages.parts import counts, menu
from pages.parts.board import Asked
from tests.browsing import DESK, IDLE, PHONE, Window, browser
from tests.serving import running

OFFICER = "inspector"
USERS = {
    OFFICER: Role.INSPECTOR,
    "risk": Role.HEAD_RISK,
    "it": Role.IT,
    "secadmin": Role.SECURITY_ADMIN,
    "sysadmin": Role.SYSTEM_ADMIN,
}
ADDRESSES = {"loan": "loan?no={loan}", "customer": "customer?no={customer}", "visit": "visit?customer={customer}"}
TIMES = 5
WORKED = 90  # days
PORT = 8699
PATIENCE = 20  # seconds
AIM = 2.0  # times a bare page


@contextmanager
def large(scale: float) -> Iterator[None]:
    """A bank of a size with people who may sign in, on the morning after its night."""
    with bank.planted(scale, print):
        print(f"{scratch.work(WORKED, bank.LAST):,} todos")
        with access.transaction(MACHINE, "bench") as conn:
            levels.follow(conn, bank.LAST)
            for username, role in (USERS | {OFFICER: Role.MANAGER}).items():  # who has the work of this bank
                if someone := demo.somebody(conn, role):
                    sign_in.open_account(conn, MACHINE, someone.id, username, story.PASSWORD, clock.now(), must_change=False)
        scratch.settle()
        os.environ["VIGIL_TODAY"] = str(bank.LAST + timedelta(days=1))
        with access.reading(MACHINE) as conn:
            counting.ahead(book_counts.usual(conn, clock.today()))
        yield


def measure(wanted: set[str], say: Callable[[str], None] = print) -> list[tuple[str, float, float, float, float]]:
    """(page, ms of a first load, against a bare page's, ms of a rerun, against a bare page's): medians, all in one browser.

    `wanted`: paths, or nothing for all."""
    head, found = head_office(), []
    with tempfile.TemporaryDirectory() as folder, browser() as windows:
        with bare(Path(folder)) as base, running(Path(folder) / "log") as server:
            plain = windows.open(base)
            for user, address in pages(wanted):
                window = windows.open(server.base, PHONE if user == OFFICER else DESK).sign_in(user, story.PASSWORD)
                found.append(beside(window, address, plain))
                say("{:32} first load {:5.0f} ms, {:4.1f} times bare; rerun {:5.0f} ms, {:4.1f} times bare".format(*found[-1]))
                window.context.close()
    data = dashboard_data(head)
    say(f"the dashboard's figures {data:.0f} ms")
    late = [row[0] for row in found if row[4] > AIM]
    say(
        f"reruns within {AIM:.0f} times a bare one: {len(found) - len(late)} of {len(found)}"
        + (f"; not {', '.join(late)}" if late else "")
    )
    return found


def pages(wanted: set[str]) -> Iterator[tuple[str, str]]:
    """(user, address) of every page that is built: those of the field as the officer, the others as whoever may open them."""
    seen: set[str] = set()
    for user in filter(has_account, USERS):  # between them they may open every page
        by = person_of(user)
        known = somebody(by)
        for entry in menu.open_to(by):
            if (
                entry.path not in seen
                and (not wanted or entry.path in wanted)
                and entry.file.startswith("field/") == (user == OFFICER)
            ):
                seen.add(entry.path)
                yield user, ADDRESSES.get(entry.path, entry.path).format(**known)


def somebody(by: Person) -> dict[str, str]:
    """Numbers of a customer and a loan that this person sees, if any."""
    if not permits.may(by, "customers.see"):
        return {"customer": "", "loan": ""}
    with access.reading(by) as conn:
        customer = next(iter(customers.listing(conn, customers.Filter(clock.today()), limit=1).rows), None)
        loan = next(iter(loans.listing(conn, loans.Filter(clock.today()), limit=1).rows), None)
    return {"customer": customer.customer_no if customer else "", "loan": loan.loan_no if loan else ""}


def beside(window: Window, address: str, plain: Window) -> tuple[str, float, float, float, float]:
    """Load and rerun of a page and of a bare one, taken in turns, so that both are measured under the same load."""
    loads, bare_loads, reruns, bare_reruns = [], [], [], []
    window.page.goto(f"{window.base}/{address}")  # the first one fills the browser's cache
    for _ in range(TIMES):
        bare_loads.append(loaded(plain, ""))
        bare_reruns.append(rerun(plain))
        loads.append(loaded(window, address))
        reruns.append(rerun(window))
    load, again, bare_load, bare_again = map(statistics.median, (loads, reruns, bare_loads, bare_reruns))
    return f"/{address}", load, load / bare_load, again, again / bare_again


def loaded(window: Window, address: str) -> float:
    """ms from typing an address to the last change of what is drawn."""
    begun = time.perf_counter()
    window.page.goto(f"{window.base}/{address}")
    window.page.wait_for_selector("[data-testid=stMain] :is(h1, h2, h3, [data-testid=stMarkdown]), .visit h2", state="attached")
    window.page.wait_for_function(IDLE)
    idle = 1000 * (time.perf_counter() - begun)
    return max(idle, window.page.evaluate(STILL, 1000 * PATIENCE))


# ms since the address was typed at which something changed last, within our components too; what grids tell readers of screens, a
# moment later, is not seen.
STILL = """patience => new Promise(done => {
    let last = performance.now();
    const known = new Set(), seen = (node) => node !== document.documentElement && !node.closest?.('canvas');
    const observer = new MutationObserver(all => { if (all.some(one => seen(one.target))) last = performance.now(); });
    const watch = (root) => {
        if (!known.has(root)) observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
        known.add(root);
        for (const node of root.querySelectorAll('*')) if (node.shadowRoot) watch(node.shadowRoot);
    };
    const look = () => { watch(document); performance.now() - last > 300 || last > patience ? done(last) : setTimeout(look, 50); };
    look();
})"""


def rerun(window: Window) -> float:
    """ms from asking for the page anew, as R on the keyboard does, to a page that has been drawn and stands still."""
    took = window.page.evaluate(RERUN, 1000 * PATIENCE)
    if took is None:
        raise TimeoutError(f"{window.page.url} was not drawn anew within {PATIENCE} s")
    return took


RERUN = """patience => new Promise(done => {
    setTimeout(() => done(null), patience);
    const app = document.querySelector('[data-testid=stApp]'), state = 'data-test-script-state', begun = performance.now();
    let ran = false;
    const watching = new MutationObserver(() => {
        const now = app.getAttribute(state);
        ran ||= now !== 'notRunning';
        if (ran && now === 'notRunning') { watching.disconnect(); requestAnimationFrame(() => done(performance.now() - begun)); }
    });
    watching.observe(app, { attributes: true, attributeFilter: [state] });
    document.activeElement?.blur();
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'r', code: 'KeyR', keyCode: 82, which: 82, bubbles: true }));
})"""


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
    return person_of("risk")


def has_account(username: str) -> bool:
    with access.gate() as conn:
        return accounts.by_username(conn, username) is not None


@cache
def person_of(username: str) -> Person:
    with access.gate() as conn:
        account = accounts.by_username(conn, username)
    if account is None:
        raise SystemExit("The demo bank is not planted here: python -m engine seed")
    with access.reading(access.MACHINE) as conn:
        return staff.person(conn, account.staff_id)


def dashboard_data(head: Person) -> float:
    """Every figure of the first page of head office, over 30 days beside two other periods, in one transaction; the median of five."""
    asked = Asked(head, Scope(clock.today()), top=head.branch_id)
    return statistics.median(read_once(asked) for _ in range(TIMES))


def read_once(asked: Asked) -> float:
    counts.forget()
    begun = time.perf_counter()
    asked.counted()
    return 1000 * (time.perf_counter() - begun)


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("--scale", type=float)
    asked.add_argument("--pages", default="", help="paths with commas between, for example monthly,todos")
    given = asked.parse_args()
    with large(given.scale) if given.scale else nullcontext():
        measure(set(filter(None, given.pages.split(","))))
