"""A draft of a rule is tried out: what it foretells is what the nights then do, and nothing of the trying stays."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from db import access, definitions, store
from db.access import MACHINE
from db.vocab import Definition
from engine import generate, night, refusals, rehearsal
from tests.bank import TODAY
from tests.conftest import person
from tests.test_night import SmallBank, at_least, first, regular, town  # noqa: F401 (fixture)

WEEKS = 2
EVERY_QUARTER = {"anchor": "schedule", "every": {"n": 1, "unit": "quarter"}, "lead": 20, "shift": "next", "latest": 7}
EVERY_WEEK = EVERY_QUARTER | {"every": {"n": 1, "unit": "week"}, "lead": 6}
WEEKLY = {"anchor": "completion", "every": {"n": 1, "unit": "week"}, "lead": 5}


@pytest.fixture
def asked_for(town: SmallBank, monkeypatch) -> SmallBank:  # noqa: F811
    """Firms every quarter, large ones weekly from the last check, new loans after 15 days; one loan a customer and more."""
    monkeypatch.setattr(rehearsal, "WEEKS", WEEKS)
    town.rules(regular("REG-ALL", when=EVERY_QUARTER), first("FIRST-ALL"),
               regular("REG-BIG", who=at_least("exposure", 5_000_000), when=WEEKLY))  # fmt: skip
    for n, customer in enumerate(("K001", "K002", "K003", "K005", "K004")):
        town.loan(f"L{n}1", customer, disbursed=TODAY - timedelta(days=75 + 4 * n), balance="900000.00")
        town.loan(f"L{n}2", customer, disbursed=TODAY - timedelta(days=3 * n), balance="90000.00", product="201")
    town.tonight()
    return town


def draft(**changes) -> dict:
    return regular("REG-ALL", when=EVERY_WEEK) | changes


def tried(body: dict, town: SmallBank) -> rehearsal.Rehearsal:  # noqa: F811
    return rehearsal.rehearse(MACHINE, body, town.day + timedelta(days=1), today=town.day)


def approve(body: dict, town: SmallBank) -> None:  # noqa: F811
    with access.transaction(MACHINE, "test") as conn:
        known = definitions.versions(conn, Definition.TODO_RULE, body["code"])
        definitions.plant(conn, Definition.TODO_RULE, body["code"], body, town.day + timedelta(days=1), "test", len(known) + 1)


def live_through(town: SmallBank) -> tuple[list, list[int]]:  # noqa: F811
    """The weeks to come, night for night, each check done on its day: (open after the first night, due in each week)."""
    since, opened = town.day + timedelta(days=1), []
    for n in range(7 * WEEKS):
        day = since + timedelta(days=n)
        with access.transaction(MACHINE, "test") as conn:
            generate.generate(conn, day, generate.book(conn, day), None)
            opened = _open(conn) if n == 0 else opened
            conn.execute(sa.text(DONE), {"day": day})
    with access.reading(MACHINE) as conn:
        due = (
            conn.execute(sa.text("select due_on from todos where due_on >= :since and state <> 'cancelled'"), {"since": since})
            .scalars()
            .all()
        )
    return opened, [sum(1 for day in due if (day - since).days // 7 == week) for week in range(WEEKS)]


DONE = """
    with due as (select * from todos where closed_on is null and due_on <= :day), made as (
        insert into records (submit_key, customer_id, kind, mode, loan_ids, branch_id, staff_id, done_on, finished_at, outcome, conclusion, digest)
        select gen_random_uuid(), customer_id, kind, mode, loan_ids, branch_id, coalesce(assignee_id, 1), :day, now(), 'completed', 'normal', sha256('') from due
        returning id, customer_id, kind)
    update todos t set state = 'done', closed_on = :day, record_id = (select min(id) from made where customer_id = t.customer_id and kind = t.kind)
    from due where due.id = t.id and due.customer_id = t.customer_id"""


def _open(conn) -> list:
    rows = conn.exec_driver_sql("select customer_id, kind, period, due_on, mode, rule_code from todos where closed_on is null")
    return sorted(map(tuple, rows), key=str)


def foretold(found: rehearsal.Rehearsal, before: list) -> list:
    """What would be open after the first night, told from what is open by the rules as they are."""
    gone = [*found.withdrawn, *(m.before for m in found.moved)]
    come = [*found.created, *(m.after for m in found.moved)]
    key = lambda t: (t.customer_id, t.kind, t.period, t.due_on, t.mode, t.rule_code)  # noqa: E731
    return sorted([t for t in before if t not in map(key, gone)] + list(map(key, come)), key=str)


class TestWhatIsForetold:
    @pytest.mark.parametrize(
        "body",
        [draft(), draft(enabled=False), regular("REG-NEW", mode="data", when=EVERY_WEEK | {"every": {"n": 2, "unit": "week"}})],
        ids=["oftener", "retired", "a new rule"],
    )  # fmt: skip
    def test_is_what_the_nights_then_do(self, asked_for, body):
        found, as_it_is = tried(body, asked_for), after_a_night_without_it(asked_for)
        approve(body, asked_for)
        opened, weeks = live_through(asked_for)
        assert opened == foretold(found, as_it_is)
        assert [drafted for _usual, drafted in found.weeks] == weeks and sum(weeks) > 0
        assert found.weeks != [(n, n) for n in weeks]
        usual = sum(n for n, _drafted in found.weeks)
        assert usual > 0 and set(found.by_person()) <= {o.assignee_id for o in found.usual + found.drafted}

    def test_and_without_a_change_it_is_nothing(self, asked_for):
        found = tried(regular("REG-ALL", when=EVERY_QUARTER), asked_for)
        assert (found.created, found.withdrawn, found.moved) == ([], [], [])
        assert all(usual == drafted for usual, drafted in found.weeks)
        assert [usual for usual, _drafted in found.weeks] == live_through(asked_for)[1]


def after_a_night_without_it(town: SmallBank) -> list:  # noqa: F811
    """What is open then, and is asked for in a night that is undone."""
    day = town.day + timedelta(days=1)
    with store.engine().connect() as conn:
        access.act_as(conn, MACHINE, "test")
        generate.generate(conn, day, generate.book(conn, day), None)
        found = _open(conn)
        conn.rollback()
    return found


class TestTrying:
    def test_leaves_nothing_behind_and_lets_a_night_pass_meanwhile(self, asked_for):
        before, seen = _everything(), []

        def in_between(done: int, _of: int) -> None:
            if done == 2:
                with access.reading(MACHINE) as conn:
                    seen.extend(conn.exec_driver_sql(LOCKS).scalars())
                night.night(asked_for.day + timedelta(days=1), catch_up=False)

        rehearsal.rehearse(MACHINE, draft(), asked_for.day + timedelta(days=2), today=asked_for.day)
        *after, number = _everything()
        assert [*after, number - 1] == before
        rehearsal.rehearse(MACHINE, draft(), asked_for.day + timedelta(days=2), today=asked_for.day, say=in_between)
        assert set(seen) == {"AccessShareLock"}
        with access.reading(MACHINE) as conn:
            assert conn.exec_driver_sql(
                "select max(business_date) from job_runs where state = 'done'"
            ).scalar_one() == asked_for.day + timedelta(days=1)

    def test_is_for_whoever_may_change_rules(self, asked_for):
        with pytest.raises(refusals.NotPermitted):
            rehearsal.rehearse(person("802"), draft(), asked_for.day + timedelta(days=1), today=asked_for.day)
        with pytest.raises(refusals.BadRule):
            rehearsal.rehearse(MACHINE, draft(kind="visit"), asked_for.day + timedelta(days=1), today=asked_for.day)


LOCKS = """
    select distinct mode from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'staging') and l.pid <> pg_backend_pid() and c.relkind in ('r', 'S')"""


STAGED = "select count(*) from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = 'staging'"


def _everything() -> list:
    with access.transaction(MACHINE, "test") as conn:
        return [
            conn.exec_driver_sql(f"select count(*), max({what}) from {table}").one()
            for table, what in (("todos", "id"), ("records", "id"), ("definitions", "id"), ("audit", "id"), ("claims", "todo_id"))
        ] + [conn.exec_driver_sql(sql).scalar_one() for sql in (STAGED, "select nextval('todos_id_seq')")]
