"""Every figure of the dashboard is what plain Python counts over the raw rows that somebody may see: random books, every role
that sees the dashboard, every filter; and the list behind a figure has exactly as many rows.

Who may see what is said by tests/rules_of_sight.py, what a figure means by its docstring in db/figures.py; neither is asked of
the reads that are tried here.
"""

import os
import random
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, partial
from itertools import product
from statistics import median
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from db import access, customers, figures, loans, records, signals, tables, todos
from db.access import MACHINE
from db.figures import Scope, Window
from db.vocab import LIVE_SIGNALS, Family, Kind, SignalState
from engine import monthly
from tests.bank import TODAY
from tests.conftest import cloned, person
from tests.rules_of_sight import Book, Sight

SEEDS = range(max(1, int(float(os.environ.get("VIGIL_TRIALS", "1")))))
VIEWERS = ("001", "002", "003", "004", "101", "801")  # head office twice, collections, audit, two heads of branches
DAYS = (7, 30, 90)
KINDS, FAMILIES = [k.value for k in Kind][:4], [f.value for f in Family][:3]
LEVELS = ["blue", "yellow", "orange", "red"]


# --- A random book ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=SEEDS)
def bank(request, administrator, templates):
    """The small bank with random work of two years; its raw rows, and dice to choose filters with."""
    for url in cloned(administrator, templates["bank"]):
        dice = random.Random(request.param)
        with access.transaction(MACHINE, "test") as conn:
            _fill(conn, dice)
        superuser = sa.create_engine(url, poolclass=sa.NullPool)
        with superuser.connect() as conn:
            rows = {t.name: [dict(r._mapping) for r in conn.execute(sa.select(t))] for t in tables.metadata.tables.values()}
            wall = conn.exec_driver_sql("select vigil_today()").scalar_one()
        yield SimpleNamespace(book=Book(rows, wall), dice=dice, seen_by=cache(partial(_seen, Book(rows, wall))))


def _seen(book: Book, number: str) -> dict[str, list[dict]]:
    sight = Sight(person(number), book)
    tables_ = ("todos", "records", "signals", "todo_days", "customers", "loans")
    return {name: [r for r in book.rows[name] if sight.sees(name, r)] for name in tables_}


def _fill(conn: sa.Connection, dice: random.Random) -> None:
    ids = {name: list(conn.execute(sa.select(table.c.id).order_by(table.c.id)).scalars()) for name, table in
           (("branches", tables.branches), ("staff", tables.staff), ("products", tables.products))}  # fmt: skip
    people = ids["staff"] + [None]
    found = [_customer(conn, dice, n, ids, people) for n in range(14)]
    found += conn.execute(sa.select(tables.customers.c.id, tables.customers.c.branch_id)).all()[:5]
    for n, (customer, branch) in enumerate(found * 9):
        _todo(conn, dice, n, customer, dice.choice([branch, dice.choice(ids["branches"])]), dice.choice(people), people)
        _record(conn, dice, customer, branch, dice.choice(ids["staff"]))
        _signal(conn, dice, n, customer, branch, dice.choice(people), people)
    _pictures(conn, dice, ids["branches"])
    _system(conn, dice, ids["staff"])


def _customer(conn, dice, n: int, ids: dict, people: list) -> tuple[int, int]:
    branch, manager = dice.choice(ids["branches"]), dice.choice(people)
    customer = _put(conn, tables.customers, customer_no=f"R{n:03}", source="union", name=f"客户{n}", kind="person", branch_id=branch,
                    manager_id=manager, created_on=_past(dice, 40) if n % 3 else TODAY)  # fmt: skip
    since = _past(dice, 50) if dice.random() < 0.3 else None
    live = 0
    for m in range(dice.randint(1, 3)):
        begun, ended = _past(dice, 100), dice.random() < 0.3
        live += not ended
        _put(conn, tables.loans, customer_id=customer, source="union", loan_no=f"R{n}-{m}", product_id=dice.choice(ids["products"]),
             branch_id=dice.choice([branch, dice.choice(ids["branches"])]), manager_id=dice.choice([manager, dice.choice(people)]),
             amount_fen=dice.randint(1, 10**9), balance_fen=5, disbursed_on=begun, matures_on=begun + timedelta(days=365),
             first_seen_on=begun, changed_on=begun, status="settled" if ended else "normal",
             **{"class": dice.choice(["normal", "normal", "substandard"])})  # fmt: skip
    conn.execute(sa.insert(tables.customer_faces).values(
        customer_id=customer, live_loans=live, exposure_fen=5 * live, overdue_since=since, segment="farmer", main_family="farm",
        worst_class="substandard" if dice.random() < 0.2 else "normal"))  # fmt: skip
    return customer, branch


def _past(dice: random.Random, days: int) -> date:
    """Some day lately, now and then a year ago."""
    return TODAY - timedelta(days=dice.randint(0, days) + (365 if dice.random() < 0.25 else 0))


def _todo(conn, dice, n: int, customer: int, branch: int, assignee: int | None, people: list) -> None:
    due = _past(dice, 100) + timedelta(days=dice.choice([0, 0, 12, 40]))
    state = dice.choice(["open", "open", "done", "done", "done", "cancelled"])
    closed = None if state == "open" else due + timedelta(days=dice.randint(-20, 15))
    _put(conn, tables.todos, customer_id=customer, kind=dice.choice(KINDS), subject=n, period=str(n), mode="field",
         family=dice.choice(FAMILIES), loan_ids=[], branch_id=branch, assignee_id=assignee, state=state, nominal_on=due, due_on=due,
         late_from=due + timedelta(days=dice.choice([1, 1, 6])), created_on=due - timedelta(days=30), closed_on=closed,
         closed_by=dice.choice(people) if closed else None, record_id=1 if state == "done" else None,
         close_reason="by_hand" if state == "cancelled" else None)  # fmt: skip


def _record(conn, dice, customer: int, branch: int, officer: int) -> None:
    day = _past(dice, 100)
    _put(conn, tables.records, customer_id=customer, kind=dice.choice(KINDS), mode=dice.choice(["field", "field", "phone"]), loan_ids=[],
         branch_id=branch, staff_id=officer, done_on=day, finished_at=datetime.combine(day, time(4), UTC), outcome="completed",
         conclusion="normal", on_site=dice.choice([True, True, False, None]), submit_key=sa.func.gen_random_uuid(), digest=b"x")  # fmt: skip


def _signal(conn, dice, n: int, customer: int, branch: int, owner: int | None, people: list) -> None:
    first = _past(dice, 100)
    state = dice.choice(["raised", "taken", "answered", "closed", "false_alarm", "lifted"])
    # Shortly before and after midnight in China, which is another day elsewhere.
    taken = datetime.combine(first + timedelta(days=dice.randint(0, 9)), time(dice.choice([1, 15, 17])), UTC)
    closed = None if state in LIVE_SIGNALS else first + timedelta(days=dice.randint(0, 20))
    _put(conn, tables.signals, customer_id=customer, rule_code="S1", rule_version=1, subject_kind="loan", subject_id=n, branch_id=branch,
         owner_id=owner, level=dice.choice(LEVELS), evidence={}, state=state, first_on=first, last_on=first, closed_on=closed,
         taken_at=None if state in ("raised", "lifted") else taken, taken_by=dice.choice(people))  # fmt: skip


def _pictures(conn, dice, branch_ids: list[int]) -> None:
    """Not of every day: nights rest."""
    for day in {_past(dice, 60) for _ in range(40)}:
        for branch in dice.sample(branch_ids, 3):
            counts = {name: dice.randint(0, 9) for name in ("open", "due_7", "late_7", "late_30", "late_more")}
            conn.execute(sa.insert(tables.todo_days).values(
                day=day, branch_id=branch, kind=dice.choice(KINDS), family=dice.choice(FAMILIES), **counts))  # fmt: skip


def _system(conn, dice, staff_ids: list[int]) -> None:
    for n in range(60):
        at = datetime.combine(_past(dice, 60), time(dice.choice([1, 15, 17])), UTC)
        outcome = dice.choice(["succeeded", "succeeded", "failed", "locked", "disabled"])
        conn.execute(sa.insert(tables.sign_ins).values(at=at, username=f"u{n}", source="x", outcome=outcome))
        conn.execute(sa.insert(tables.audit).values(
            at=at, staff_id=dice.choice(staff_ids), op=dice.choice(["refused", "export"]), noun="x"))  # fmt: skip
        day = TODAY - timedelta(days=n)
        state = dice.choice(["done", "done", "failed"])
        conn.execute(sa.insert(tables.job_runs).values(
            job=dice.choice(["night", "coarsen"]), business_date=day, state=state, worker="w", started_at=at,
            finished_at=at + timedelta(seconds=dice.randint(1, 90))))  # fmt: skip
        if n % 5 == 0:
            conn.execute(sa.insert(tables.problems).values(job="night", business_date=day, what="rule", ref=str(n), reason="r"))


def _put(conn: sa.Connection, table: sa.Table, **values) -> int:
    return conn.execute(sa.insert(table).values(**values).returning(table.c.id)).scalar_one()


# --- What plain Python counts -----------------------------------------------------------------------------------------


class Count:
    """The rows that somebody sees of a book, narrowed as a scope says; and counts over them."""

    def __init__(self, bank, number: str, scope: Scope) -> None:
        self.book, self.scope = bank.book, scope
        self.seen = {name: [r for r in rows if self._within(name, r)] for name, rows in bank.seen_by(number).items()}

    def _within(self, table: str, row: dict) -> bool:
        scope = self.scope
        whose = {"todos": "assignee_id", "records": "staff_id", "signals": "owner_id"}.get(table, "manager_id")
        family = row.get("family")
        if table == "loans":
            family = next(p["family"] for p in self.book.rows["products"] if p["id"] == row["product_id"])
        return (
            (scope.branch_ids is None or row["branch_id"] in scope.branch_ids)
            and (scope.kind is None or table not in ("todos", "records", "todo_days") or row["kind"] == scope.kind)
            and (scope.family is None or table not in ("todos", "todo_days", "loans") or family == scope.family)
            and (scope.staff_id is None or row.get(whose) == scope.staff_id)
        )

    def done(self, window: Window) -> list[dict]:
        return [t for t in self.seen["todos"] if t["state"] == "done" and window.since <= t["closed_on"] <= window.until]

    def due(self, window: Window) -> list[dict]:
        return [t for t in self.seen["todos"] if t["state"] != "cancelled" and window.since <= t["due_on"] <= window.until]

    def pending(self) -> list[dict]:
        return [t for t in self.seen["todos"] if t["state"] in ("open", "started")]

    def late(self) -> list[dict]:
        return [t for t in self.pending() if t["late_from"] <= self.scope.today]

    def soon(self, days: int) -> list[dict]:
        return [t for t in self.pending() if 0 <= (t["due_on"] - self.scope.today).days <= days]

    def visits(self, window: Window) -> list[dict]:
        return [r for r in self.seen["records"] if r["mode"] == "field" and window.since <= r["done_on"] <= window.until]

    def raised(self, window: Window) -> list[dict]:
        return [g for g in self.seen["signals"] if g["state"] != "lifted" and window.since <= g["first_on"] <= window.until]

    def live(self) -> list[dict]:
        return [g for g in self.seen["signals"] if g["state"] in ("raised", "taken", "answered")]


def on_time(t: dict) -> bool:
    return t["state"] == "done" and t["closed_on"] < t["late_from"]


def china(moment: datetime) -> date:
    return (moment.astimezone(UTC) + timedelta(hours=8)).date()


def spread(numbers: list) -> list[float] | None:
    """Median and 90th percentile, between the two nearest."""
    if not numbers:
        return None
    ranked, at = sorted(numbers), 0.9 * (len(numbers) - 1)
    low, high = ranked[int(at)], ranked[min(int(at) + 1, len(ranked) - 1)]
    return [float(median(ranked)), pytest.approx(low + (at - int(at)) * (high - low))]


def to_take(found: list[dict]) -> list[float] | None:
    return spread([(china(g["taken_at"]) - g["first_on"]).days for g in found if g["taken_at"]])


def to_close(count: "Count", window: Window) -> tuple[int, list[float] | None, list[float] | None]:
    closed = [
        g
        for g in count.seen["signals"]
        if g["state"] in ("closed", "false_alarm") and window.since <= g["closed_on"] <= window.until
    ]
    in_hand = [(g["closed_on"] - china(g["taken_at"])).days for g in closed if g["taken_at"]]
    return len(closed), spread([(g["closed_on"] - g["first_on"]).days for g in closed]), spread(in_hand)


def all_scopes(bank, number: str):
    """No filter, each alone, and some together."""
    book, dice, home = bank.book, bank.dice, person(number).branch_id
    of_branches = [tuple(sorted(book.under(b["id"]))) for b in book.rows["branches"]] + [(home,)]
    officers = [s["id"] for s in book.rows["staff"] if s["staff_no"] in ("102", "802", "803")]
    yield Scope(TODAY)
    yield from (Scope(TODAY, branch_ids=b) for b in dice.sample(of_branches, 2))
    yield Scope(TODAY, kind=dice.choice(KINDS))
    yield Scope(TODAY, family=dice.choice(FAMILIES))
    yield Scope(TODAY, staff_id=dice.choice(officers))
    for _ in range(2):
        yield Scope(TODAY, dice.choice([None, *of_branches]), dice.choice([None, *KINDS]), dice.choice([None, *FAMILIES]),
                    dice.choice([None, None, *officers]))  # fmt: skip


def cases(bank, number: str):
    """(scope, windows, what Python counts)."""
    for scope in all_scopes(bank, number):
        yield scope, figures.compared(TODAY, bank.dice.choice(DAYS)), Count(bank, number, scope)


# --- The figures ------------------------------------------------------------------------------------------------------


def test_windows_are_as_long_as_one_another_and_follow_each_other():
    now, before, year = figures.compared(date(2028, 2, 29), 30)
    assert now == Window(date(2028, 1, 31), date(2028, 2, 29)) and before == Window(date(2028, 1, 1), date(2028, 1, 30))
    assert year == Window(date(2027, 1, 30), date(2027, 2, 28)) and {w.days for w in (now, before, year)} == {30}


@pytest.mark.parametrize("number", VIEWERS)
def test_todos_are_counted_as_they_are(bank, number):
    with access.reading(person(number)) as conn:
        for scope, windows, count in cases(bank, number):
            for window, row in zip(windows, figures.completed(conn, scope, windows), strict=True):
                done = count.done(window)
                assert (row.done, row.days) == (len(done), spread([(t["closed_on"] - t["created_on"]).days for t in done]))
            for window, row in zip(windows, figures.completion(conn, scope, windows), strict=True):
                due = count.due(window)
                assert (row.due, row.on_time, row.open) == (
                    len(due),
                    sum(map(on_time, due)),
                    sum(t["closed_on"] is None for t in due),
                )
                assert row.late == row.due - row.on_time - row.open
            ages = Counter(min(2, sum((TODAY - t["late_from"]).days >= n for n in (7, 30))) for t in count.late())
            assert tuple(figures.overdue_now(conn, scope)) == (ages[0], ages[1], ages[2], len(count.late()))
            assert figures.due_soon(conn, scope, 7) == len(count.soon(7))


@pytest.mark.parametrize("number", VIEWERS)
def test_each_day_of_a_trend_is_counted_as_it_is(bank, number):
    with access.reading(person(number)) as conn:
        for scope, (now, *_), count in cases(bank, number):
            since, days = now.since, [now.since + timedelta(days=n) for n in range(now.days)]
            done = Counter((t["closed_on"], t["kind"]) for t in count.done(now))
            assert {(r.day, r.kind): r.n for r in figures.done_per_day(conn, scope, since)} == done
            due = Counter(t["due_on"] for t in count.due(now))
            assert {r.day: r.due for r in figures.completion_per_day(conn, scope, since)} == due
            assert sum(r.on_time for r in figures.completion_per_day(conn, scope, since)) == sum(map(on_time, count.due(now)))
            seen = {r.day: (r.visits, r.placed, r.on_site) for r in figures.on_site_per_day(conn, scope, since)}
            assert seen == {
                day: on_site([r for r in count.visits(now) if r["done_on"] == day])
                for day in {r["done_on"] for r in count.visits(now)}
            }
            waiting = {r.day: r.n for r in figures.signals_waiting_per_day(conn, scope, since)}
            assert waiting == {day: sum(waits(g, day) for g in count.seen["signals"]) for day in days}


def on_site(visits: list[dict]) -> tuple[int, int, int]:
    return len(visits), sum(r["on_site"] is not None for r in visits), sum(r["on_site"] is True for r in visits)


def waits(g: dict, day: date) -> bool:
    closed, taken = g["closed_on"] and g["closed_on"] <= day, g["taken_at"] and china(g["taken_at"]) <= day
    return g["first_on"] <= day and not closed and not taken


@pytest.mark.parametrize("number", [n for n in VIEWERS if n != "003"])
def test_what_stood_is_told_from_the_last_picture_before(bank, number):
    with access.reading(person(number)) as conn:
        for scope, windows, count in cases(bank, number):
            if scope.staff_id is not None:
                continue
            days = [w.until for w in windows]
            for day, row in zip(days, figures.stood(conn, scope, days), strict=True):
                known = [p["day"] for p in bank.seen_by(number)["todo_days"] if timedelta() <= day - p["day"] <= timedelta(days=14)]
                of_day = [p for p in count.seen["todo_days"] if known and p["day"] == max(known)]
                late = sum(p["late_7"] + p["late_30"] + p["late_more"] for p in of_day)
                assert (row and tuple(row)) == ((late, sum(p["due_7"] for p in of_day)) if known else None)
            shown = {
                r.day: (r.late_7, r.late_30, r.late_more, r.due_7) for r in figures.overdue_per_day(conn, scope, windows[0].since)
            }
            for day, numbers in shown.items():
                rows = [p for p in count.seen["todo_days"] if p["day"] == day]
                assert numbers == tuple(sum(p[name] for p in rows) for name in ("late_7", "late_30", "late_more", "due_7"))


@pytest.mark.parametrize("number", VIEWERS)
def test_signals_are_counted_as_they_are(bank, number):
    with access.reading(person(number)) as conn:
        for scope, windows, count in cases(bank, number):
            for window, row in zip(windows, figures.signals_raised(conn, scope, windows), strict=True):
                raised = count.raised(window)
                assert (row.raised, row.taken, row.days) == (
                    len(raised),
                    sum(g["taken_at"] is not None for g in raised),
                    to_take(raised),
                )
            for window, row in zip(windows, figures.signals_closed(conn, scope, windows), strict=True):
                assert (row.closed, row.days, row.in_hand) == to_close(count, window)
            standing = Counter((g["level"], g["state"]) for g in count.live())
            assert {(r.level, r.state): r.n for r in figures.signals_open(conn, scope)} == standing
            by_level = {r.level: (r.n, r.days) for r in figures.handling_days(conn, scope, windows[0].since)}
            since = count.raised(Window(windows[0].since, date.max))
            assert by_level == {
                level: (len(own), to_take(own)) for level in LEVELS if (own := [g for g in since if g["level"] == level])
            }


@pytest.mark.parametrize("number", VIEWERS)
def test_visits_and_the_business_are_counted_as_they_are(bank, number):
    first = min(f["business_date"] for f in bank.book.rows["feed_runs"] if f["state"] == "loaded")
    with access.reading(person(number)) as conn:
        for scope, windows, count in cases(bank, number):
            for window, row in zip(windows, figures.visited(conn, scope, windows), strict=True):
                visits = count.visits(window)
                assert (row.visits, row.placed, row.on_site) == on_site(visits)
                assert row.outings == len({(r["staff_id"], r["done_on"]) for r in visits})
            for window, row in zip(windows, figures.won(conn, scope, windows), strict=True):
                created = [c["created_on"] for c in count.seen["customers"]]
                assert row.customers == sum(window.since <= day <= window.until and day > first for day in created)
            for window, row in zip(windows, figures.paid_out(conn, scope, windows), strict=True):
                paid = [x["amount_fen"] for x in count.seen["loans"] if window.since <= x["disbursed_on"] <= window.until]
                assert (row.loans, row.amount_fen or 0) == (len(paid), sum(paid))


@pytest.mark.parametrize("number", [n for n in VIEWERS if n != "003"])
def test_the_monthly_report_counts_as_the_dashboard_does(bank, number):
    first = TODAY.replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    with access.reading(person(number)) as conn:
        for scope in [s for s in all_scopes(bank, number) if (s.kind, s.family, s.staff_id) == (None, None, None)]:
            said = monthly.report(conn, person(number), first, monthly.Part(scope.branch_ids, ""), today=TODAY)
            for month, window in ((said.this, Window(first, TODAY)), (said.before, Window(before, first - timedelta(days=1)))):
                as_counted(month, Count(bank, number, Scope(window.until, scope.branch_ids)), window)
                assert month.new_customers == new_customers(bank, number, scope, window)
            lists_what_was_counted(conn, number, said, scope)
            due = Counter(t["assignee_id"] for t in Count(bank, number, scope).due(Window(first, TODAY)))
            assert {row.staff_id: row.due for row in said.officers} == due


def lists_what_was_counted(conn, number: str, said: monthly.Report, scope: Scope) -> None:
    """The rows that a click on a figure of signals or of classes opens are as many as it says."""
    for row, what in product(said.this.signals, monthly.STATES):
        asked = monthly.signals_behind(said.this, what)
        states = (SignalState(asked.pop("state")),) if "state" in asked else tuple(SignalState)
        found = signals.listing(conn, states=states, level=row.level, branch_ids=scope.branch_ids, days=signals.Days(**asked))
        assert found.total == getattr(row, what)
    part = monthly.Part(scope.branch_ids, "")
    for row in said.this.migration:
        loans = monthly.moved_ones(conn, person(number), said.this, part, f"{row.was}-{row.became}")
        assert (len(loans), sum(x.balance_fen for x in loans)) == (row.n, row.balance_fen)
    assert len(monthly.moved_ones(conn, person(number), said.this, part, monthly.WORSE_ONES)) == said.this.worse


def new_customers(bank, number: str, scope: Scope, window: Window) -> int:
    """Of the customers of the scope, whose first loan that one sees was paid out then."""
    first: dict[int, date] = {}
    for x in bank.seen_by(number)["loans"]:
        first[x["customer_id"]] = min(x["disbursed_on"], first.get(x["customer_id"], date.max))
    theirs = {c["id"] for c in Count(bank, number, scope).seen["customers"]}
    return sum(window.since <= day <= window.until for customer, day in first.items() if customer in theirs)


def as_counted(month: monthly.Month, count: Count, window: Window) -> None:
    due, done, raised = count.due(window), count.done(window), count.raised(window)
    assert (month.first, month.last) == window
    assert (month.work.due, month.work.on_time, month.work.open) == (
        len(due),
        sum(map(on_time, due)),
        sum(t["closed_on"] is None for t in due),
    )
    assert (month.completed.done, month.completed.days) == (
        len(done),
        spread([(t["closed_on"] - t["created_on"]).days for t in done]),
    )
    assert month.visits == on_site(count.visits(window))
    assert (month.taken.days, (month.closed.closed, month.closed.days, month.closed.in_hand)) == (
        to_take(raised),
        to_close(count, window),
    )
    fired = [g for g in count.seen["signals"] if window.since <= g["first_on"] <= window.until]
    standing = [
        g
        for g in count.seen["signals"]
        if g["first_on"] <= window.until and not (g["closed_on"] and g["closed_on"] <= window.until)
    ]
    assert {s.level: s.raised for s in month.signals if s.raised} == Counter(g["level"] for g in fired)
    assert {s.level: s.open for s in month.signals if s.open} == Counter(g["level"] for g in standing)
    paid = [x["amount_fen"] for x in count.seen["loans"] if window.since <= x["disbursed_on"] <= window.until]
    assert (month.disbursed.n, month.disbursed.amount_fen) == (len(paid), sum(paid))


SUMS = {
    "due": lambda c, now: c.due(now), "on_time": lambda c, now: [t for t in c.due(now) if on_time(t)],
    "open": lambda c, now: c.pending(), "overdue": lambda c, now: c.late(), "visits": lambda c, now: c.visits(now),
    "placed": lambda c, now: [r for r in c.visits(now) if r["on_site"] is not None],
    "on_site": lambda c, now: [r for r in c.visits(now) if r["on_site"]], "signals": lambda c, now: c.live(),
    "serious": lambda c, now: [g for g in c.live() if g["level"] in ("orange", "red")],
}  # fmt: skip
WHOSE = dict.fromkeys(("due", "on_time", "open", "overdue"), "assignee_id") | dict.fromkeys(("signals", "serious"), "owner_id")


@pytest.mark.parametrize("number", VIEWERS)
def test_the_branches_add_up_to_the_whole_and_so_do_the_officers(bank, number):
    root = next(b["id"] for b in bank.book.rows["branches"] if b["parent_id"] is None)
    with access.reading(person(number)) as conn:
        for scope, (now, *_), count in cases(bank, number):
            for top in {root, person(number).branch_id}:
                part = part_of(bank.book, top)
                rows = figures.branch_table(conn, scope, now.since, top)
                for name, rule in SUMS.items():
                    expected = Counter(part(row["branch_id"]) for row in rule(count, now))
                    assert {r.branch_id: getattr(r, name) for r in rows if getattr(r, name)} == expected, (name, top)
            for name, rule in SUMS.items():
                expected = Counter(row[WHOSE.get(name, "staff_id")] for row in rule(count, now))
                found = {r.staff_id: getattr(r, name) for r in figures.officer_table(conn, scope, now.since)}
                assert {who: n for who, n in found.items() if n} == expected, name


def part_of(book: Book, top: int | None):
    """Which row of the table a branch is counted in."""
    parts = {
        b: child["id"]
        for child in book.rows["branches"]
        if top is not None and child["parent_id"] == top
        for b in book.under(child["id"])
    }
    return lambda branch_id: parts.get(branch_id, branch_id)


@pytest.mark.parametrize("number", VIEWERS)
def test_rankings_name_everybody_once_and_most_first(bank, number):
    root = next(b["id"] for b in bank.book.rows["branches"] if b["parent_id"] is None)
    with access.reading(person(number)) as conn:
        for scope, _windows, count in cases(bank, number):
            for days in (7, 30):
                part = part_of(bank.book, root)
                rows = figures.due_soon_by_branch(conn, scope, days, root)
                assert {r.branch_id: r.n for r in rows} == Counter(part(t["branch_id"]) for t in count.soon(days))
                assert [r.n for r in rows] == sorted((r.n for r in rows), reverse=True)
                officers = figures.due_soon_by_officer(conn, scope, days)
                held = Counter(t["assignee_id"] for t in count.soon(days) if t["assignee_id"])
                pooled = Counter(t["branch_id"] for t in count.soon(days) if not t["assignee_id"])
                assert {r.staff_id: r.n for r in officers if r.staff_id} == held
                ids = {b["code"]: b["id"] for b in bank.book.rows["branches"]}
                assert {ids[r.code]: r.n for r in officers if not r.staff_id} == pooled


def test_the_auditor_sees_every_try_to_sign_in_and_every_refusal(bank):
    windows, rows = figures.compared(TODAY, 30), bank.book.rows
    with access.reading(person("004")) as conn:
        tries, refusals = figures.sign_in_tries(conn, windows), figures.refused(conn, windows)
        running = figures.running(conn, windows[0].since)
    for window, tried, no in zip(windows, tries, refusals, strict=True):
        outcomes = Counter(s["outcome"] for s in rows["sign_ins"] if window.since <= china(s["at"]) <= window.until)
        assert (tried.tries, tried.failed, tried.locked) == (sum(outcomes.values()), outcomes["failed"], outcomes["locked"])
        said = [a for a in rows["audit"] if a["op"] == "refused" and window.since <= china(a["at"]) <= window.until]
        assert (no.refusals, no.people) == (len(said), len({a["staff_id"] for a in said}))
    jobs = [j for j in rows["job_runs"] if j["business_date"] >= windows[0].since]
    assert running.jobs_failed == sum(j["state"] == "failed" for j in jobs) > 0
    assert running.seconds == median(
        [(j["finished_at"] - j["started_at"]).total_seconds() for j in jobs if (j["job"], j["state"]) == ("night", "done")]
    )
    assert running.set_aside == sum(p["business_date"] >= windows[0].since for p in rows["problems"])


# --- The lists behind them --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", VIEWERS)
def test_the_list_behind_a_figure_has_as_many_rows(bank, number):
    with access.reading(person(number)) as conn:
        for scope, (now, *_), count in cases(bank, number):
            own = {"kind": scope.kind, "family": scope.family, "branch_ids": scope.branch_ids, "assignee_id": scope.staff_id}
            listed = [
                (count.done(Window(TODAY, TODAY)), todos.Filter(TODAY, state="done", closed_from=TODAY, closed_to=TODAY, **own)),
                (count.due(now), todos.Filter(TODAY, kept=True, due_from=now.since, due_to=TODAY, **own)),
                (count.late(), todos.Filter(TODAY, pending=True, late=True, **own)),
                (count.soon(7), todos.Filter(TODAY, pending=True, due_from=TODAY, due_to=TODAY + timedelta(days=7), **own)),
            ]  # fmt: skip
            for rows, wanted in listed:
                assert todos.listing(conn, wanted, limit=1).total == len(rows)
            owned = {"branch_ids": scope.branch_ids, "owner_id": scope.staff_id}
            waiting = [g for g in count.live() if g["state"] == "raised"]
            assert signals.listing(conn, states=(SignalState.RAISED,), **owned).total == len(waiting)
            placed = [r for r in count.visits(now) if r["on_site"] is not None]
            visited = {"mode": "field", "placed": True, "done_from": now.since, "done_to": TODAY, "kind": scope.kind}
            found = records.listing(conn, records.Filter(**visited, branch_ids=scope.branch_ids, staff_id=scope.staff_id))
            assert found.total == len(placed)
            theirs = {"branch_ids": scope.branch_ids, "manager_id": scope.staff_id}
            paid = [x for x in count.seen["loans"] if now.since <= x["disbursed_on"] <= TODAY]
            wanted = loans.Filter(TODAY, live=None, family=scope.family, paid_from=now.since, paid_to=TODAY, **theirs)
            assert loans.listing(conn, wanted, limit=1).total == len(paid)
            won = [c for c in count.seen["customers"] if now.since <= c["created_on"] <= TODAY]
            assert customers.listing(
                conn, customers.Filter(TODAY, live=False, since=now.since, until=TODAY, **theirs)
            ).total == len(won)
