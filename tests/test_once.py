"""Exactly once: killed, run twice at once, or caught up after days, a night leaves what one calm run leaves."""

import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
import sqlalchemy as sa

from db import access, store
from db.access import MACHINE
from db.settings import ROOT, ZONE
from db.vocab import Kind, Mode
from engine import clock, night, opening, scheduler
from tests.bank import CUSTOMERS, TODAY, Delivery
from tests.conftest import create, using
from tests.test_night import check

pytestmark = pytest.mark.slow
TRIALS = float(os.environ.get("VIGIL_TRIALS", "1"))
LOANS = 240


@pytest.fixture
def inbox(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("VIGIL_INBOX", str(tmp_path))
    return tmp_path


@pytest.fixture
def cloned(administrator, templates) -> Iterator:
    """Databases like another one, dropped at the end."""
    made = []

    def clone(like: str = templates["bank"]) -> str:
        made.append(f"vigil_1_{uuid.uuid4().hex[:12]}")
        create(administrator, made[-1], like=like)
        return made[-1]

    yield clone
    with administrator.connect() as conn:
        for name in reversed(made):
            conn.exec_driver_sql(f'drop database "{name}" with (force)')


def busy(day: date, seed: int = 1) -> Delivery:
    """A delivery with enough in it for a night to last: new loans, loans in arrears, loans that ended, worse classes."""
    draw = random.Random(seed)
    people = [
        (f"X{n}", f"客户{n}", "10", f"99000019900101{n:04}", f"139{n:08}", "吉林省长春市农安县", "229008", "802") for n in range(80)
    ]
    delivery = Delivery(day, customers=CUSTOMERS + people)
    for number in range(LOANS):
        disbursed = TODAY - timedelta(days=draw.choice([5, 12, 30, 88, 180, 360]))
        status = "1" if draw.random() < 0.97 or day == TODAY else "3"
        delivery.loan(
            f"X{number}", delivery.customers[number % 85][0], disbursed=disbursed, status=status,
            matures=TODAY + timedelta(days=draw.choice([28, 33, 90, 300])), balance="0.00" if status == "3" else "600000.00",
            **{"class": draw.choice(["10", "10", "10", "20", "30"]), "product": draw.choice(["101", "103", "201", "203"])},
        )  # fmt: skip
        if status == "1" and draw.random() < 0.1:
            delivery.overdue(f"X{number}", day - timedelta(days=draw.choice([1, 4, 12, 25])))
    return delivery


NUMBERED = "(select customer_no from customers x where x.id = {}.customer_id)"
LOANS_OF = "(select array_agg(l.loan_no order by l.loan_no) from loans l where l.id = any({}.loan_ids))"
ABOUT = "coalesce((select loan_no from loans l where l.id = t.subject), t.subject::text)"
SUBJECT = """case s.subject_kind when 'loan' then (select loan_no from loans l where l.id = s.subject_id)
                                 when 'customer' then (select customer_no from customers x where x.id = s.subject_id)
                                 else s.subject_id::text end"""
# By the bank's own numbers: a load that was killed has used up some of ours.
LEFT = {
    "todos": f"""select {NUMBERED.format("t")}, {LOANS_OF.format("t")}, kind, {ABOUT}, period, mode, family, rule_code, rule_version, anchor_on,
                        branch_id, assignee_id, state, nominal_on, due_on, late_from, created_on, closed_on, close_reason from todos t""",
    "claims": f"""select {NUMBERED.format("c")}, (select loan_no from loans l where l.id = c.loan_id), c.kind, c.period, {ABOUT}, t.period
                  from claims c join todos t on t.id = c.todo_id and t.customer_id = c.customer_id""",
    "signals": f"""select {NUMBERED.format("s")}, rule_code, rule_version, subject_kind, {SUBJECT}, branch_id, owner_id, level::text,
                          amount_fen, evidence::text, state, first_on, last_on, gone_on, closed_on from signals s""",
    "days": "select day, branch_id, kind, family, open, due_7, late_7, late_30, late_more from todo_days",
    "loans": "select loan_no, balance_fen, class::text, status, overdue_since, worsened_on, changed_on from loans",
    "nights": "select business_date, state from job_runs where job = 'night'",
}  # fmt: skip


def left_behind() -> dict[str, list]:
    """All that nights leave, without what merely counts or times."""
    with access.reading(MACHINE) as conn:
        found = {name: [tuple(map(str, row)) for row in conn.execute(sa.text(query))] for name, query in LEFT.items()}
    return {name: sorted(rows) for name, rows in found.items()}


# --- Killed ----------------------------------------------------------------------------------------------------------


def test_killed_at_any_moment_and_run_again_it_is_as_if_nothing_had_happened(administrator, cloned, inbox):
    """kill -9 of the real command, in the load, between the steps, within one; then the same command once more."""
    busy(TODAY + timedelta(days=1)).write(inbox)
    calm = cloned()
    with using(administrator, calm):
        seconds = _command()
        expected = left_behind()
    assert len(expected["todos"]) > 50
    draw, interrupted = random.Random(), 0
    for _ in range(max(3, int(4 * TRIALS))):
        with using(administrator, cloned()):
            interrupted += _killed_after(draw.uniform(0.25, 1.0) * seconds)
            if draw.random() < 0.3:
                interrupted += _killed_after(draw.uniform(0.25, 1.0) * seconds)
            _command()
            found = left_behind()
        for name in LEFT:
            assert found[name] == expected[name], name
    assert interrupted > 0


def _command() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "engine", "night", "--json"], cwd=ROOT, check=True, capture_output=True, timeout=300)
    return time.monotonic() - began


def _killed_after(seconds: float) -> bool:
    """True when the command was still running."""
    running = subprocess.Popen(
        [sys.executable, "-m", "engine", "night", "--json"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        running.wait(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
        return True


# --- At once ---------------------------------------------------------------------------------------------------------

SCHEDULERS = 5


def test_of_five_schedulers_that_wake_at_once_one_runs_the_night(administrator, cloned, inbox):
    """Fifty days, five processes, each with its own connections, all at the same moment of each day."""
    days = [TODAY + timedelta(days=n) for n in range(2, 2 + max(50, int(50 * TRIALS)))]
    once_imported = get_context("forkserver")  # five processes of one that has read the code: reading it takes seconds
    once_imported.set_forkserver_preload([__name__])
    with using(administrator, cloned()):
        night.night(TODAY)
        ready, told = once_imported.Barrier(SCHEDULERS), once_imported.Queue()
        processes = [
            once_imported.Process(target=_scheduler, args=(dict(os.environ), days, ready, told), daemon=True)
            for _ in range(SCHEDULERS)
        ]
        for process in processes:
            process.start()
        ran = [told.get(timeout=300) for _ in processes]
        for process in processes:
            process.join(timeout=60)
        with access.reading(MACHINE) as conn:
            runs = conn.execute(
                sa.text("select business_date, state, attempt from job_runs where job = 'night' and business_date > :t"),
                {"t": TODAY},
            ).all()
    assert [sum(day in mine for mine in ran) for day in days] == [1] * len(days)
    assert sorted(runs) == [(day - timedelta(days=1), "done", 1) for day in days]


def _scheduler(environment: dict[str, str], days: list[date], ready, told) -> None:
    """One process: on each day it wakes together with the others; the days on which it ran the night."""
    os.environ.update(environment)
    opening.open_store()
    mine = []
    for day in days:
        os.environ["VIGIL_TODAY"] = day.isoformat()
        ready.wait(timeout=120)
        if "night" in scheduler.run_due(clock.now().astimezone(ZONE).replace(hour=2)):
            mine.append(day)
        ready.wait(timeout=120)
    store.close()
    told.put(mine)


def test_a_scheduler_that_wakes_later_the_same_day_runs_nothing(small_bank, inbox, monkeypatch):
    monkeypatch.setenv("VIGIL_TODAY", (TODAY + timedelta(days=1)).isoformat())
    early, later = (clock.now().astimezone(ZONE).replace(hour=hour) for hour in (2, 23))
    assert "night" in scheduler.run_due(early)
    assert "night" not in scheduler.run_due(later)


# --- Down ------------------------------------------------------------------------------------------------------------

AWAY = 10
VISITS = {3: ("K001", Kind.FULL), 5: ("K002", Kind.KEY), 8: ("K003", Kind.REGULAR)}  # that day after: who, what


def test_ten_days_down_and_caught_up_it_is_as_if_it_had_never_stopped(administrator, cloned, inbox):
    """Deliveries went on arriving, and officers visiting; what they sent came in when the store was back."""
    began = cloned()
    with using(administrator, began):
        busy(TODAY + timedelta(days=1)).write(inbox)
        night.night(TODAY + timedelta(days=1))
    steady, down = cloned(like=began), cloned(like=began)
    with using(administrator, steady):
        for n in range(2, 2 + AWAY):
            busy(TODAY + timedelta(days=n), seed=n // 3).write(inbox)
            _visit(n)
            night.night(TODAY + timedelta(days=n))
        expected = left_behind()
    with using(administrator, down):
        for n in range(2, 2 + AWAY):
            _visit(n)
        report = night.night(TODAY + timedelta(days=1 + AWAY))
        found = left_behind()
    assert report.days_caught_up == AWAY - 1
    assert report.feed_stops == []
    for name in LEFT:
        assert found[name] == expected[name], name


def _visit(n: int) -> None:
    if n in VISITS:
        customer, kind = VISITS[n]
        check(customer, kind, Mode.FIELD, TODAY + timedelta(days=n))
