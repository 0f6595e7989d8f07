"""A draft of a signal rule is tried out: what it foretells is what the next night does, and nothing of the trying stays."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import yaml

from db import access, definitions
from db.access import MACHINE
from db.vocab import Definition, Fate, Level
from engine import lists, opening, signal_rehearsal
from engine.lists import OfSignalTrial
from tests.bank import TODAY
from tests.test_night import SmallBank, town  # noqa: F401 (fixture)

A02 = {body["code"]: body for body in yaml.safe_load((opening.STARTERS / "signal_rules.yaml").read_text(encoding="utf-8"))}["A02"]
ARREARS = {"L1": 2, "L2": 8, "L3": 20, "L4": 28, "L5": 40, "L6": 12}  # days past due on the first night


def from_days(**days: int) -> dict:
    """A02 with other days: level to the day from which it fires."""
    steps = [{"level": level, "who": {"field": "overdue_days", "op": "gte", "value": n}} for level, n in days.items()]
    return A02 | {"levels": steps, "cooldown_days": 30}


@pytest.fixture
def late(town: SmallBank) -> SmallBank:  # noqa: F811
    """Six loans in arrears and their signals by the rule as it ships: one taken in hand, one called a false alarm."""
    for number, days in ARREARS.items():
        town.loan(number, "K001", balance="100000.00", amount="100000.00", product="201", status="2")
        town.arrears[number] = TODAY - timedelta(days=days)
    town.tonight()
    with access.transaction(MACHINE, "test") as conn:
        conn.exec_driver_sql(f"update signals set state = 'taken', taken_by = 1, taken_at = now() where {OF.format('L2')}")
        conn.exec_driver_sql(f"update signals set state = 'false_alarm', closed_on = last_on where {OF.format('L6')}")
    return town


OF = "rule_code = 'A02' and subject_id = (select id from loans where loan_no = '{}')"
SIGNALS = """
    select l.loan_no, g.state, g.level::text, g.gone_on is not null as gone, g.closed_on, g.first_on from signals g
    join loans l on l.id = g.subject_id and l.customer_id = g.customer_id where g.rule_code = 'A02' order by g.id"""


def raised() -> list[sa.Row]:
    with access.reading(MACHINE) as conn:
        return conn.exec_driver_sql(SIGNALS).all()


def let_in(body: dict, town: SmallBank) -> None:  # noqa: F811
    with access.transaction(MACHINE, "test") as conn:
        version = 1 + len(definitions.versions(conn, Definition.SIGNAL_RULE, body["code"]))
        definitions.plant(conn, Definition.SIGNAL_RULE, body["code"], body, town.day + timedelta(days=1), "test", version)


def came_true(row, before: dict, after: dict) -> bool:
    """Whether the night did with one loan's signal what was said."""
    was, now = before.get(row.loan_no), after.get(row.loan_no)
    match Fate(row.fate):
        case Fate.RAISED:
            return (was is None or was.closed_on is not None) and now.closed_on is None and now.level == row.becomes
        case Fate.WORSE:
            return was.level < row.becomes or now.level == row.becomes
        case Fate.STAYS:
            return (now.state, now.level) == (was.state, was.level)
        case Fate.LIFTED:
            return (was.state, now.state) == ("raised", "lifted")
        case Fate.LEFT:
            return now.state == was.state == "taken" and now.gone
    return now == was


@pytest.mark.parametrize(
    ("draft", "fates"),
    [
        (from_days(red=25, yellow=10), {"L1": "lifted", "L2": "left", "L4": "worse", "L5": "worse"}),
        (from_days(red=5), {"L1": "lifted", "L2": "worse", "L3": "worse", "L4": "worse", "L5": "worse", "L6": "raised"}),
        (A02 | {"enabled": False}, dict.fromkeys(("L1", "L3", "L4", "L5"), "lifted") | {"L2": "left", "L6": "nothing"}),
    ],
    ids=["other days", "red at once", "retired"],
)
def test_what_is_foretold_is_what_the_next_night_does(late, draft, fates):
    before = raised()
    found = signal_rehearsal.rehearse(MACHINE, draft, today=late.day)
    assert raised() == before
    assert {row.loan_no: row.fate for row in found.rows} == fates
    assert found.anew + found.no_more + found.elsewhere == len(fates)
    let_in(draft, late)
    late.tonight()
    was, now = ({row.loan_no: row for row in rows} for rows in (before, raised()))
    assert [row.loan_no for row in found.rows if not came_true(row, was, now)] == []
    assert found.fires[1] == sum(1 for row in now.values() if row.closed_on is None and not row.gone) + quiet(found)


def quiet(found: signal_rehearsal.Effect) -> int:
    return sum(one.n for one in found.counts if one.becomes and one.fate == Fate.QUIET)


def test_it_is_told_by_level_and_branch_and_judges_the_signals_there_were(late):
    found = signal_rehearsal.rehearse(MACHINE, from_days(red=25, yellow=10), today=late.day)
    assert {level: both for level, *both in found.by_level()} == {
        Level.RED: [0, 2], Level.ORANGE: [1, 0], Level.YELLOW: [4, 2], Level.BLUE: [1, 0],
    }  # fmt: skip
    assert list(found.by_branch().values()) == [(6, 4)]
    with access.reading(MACHINE) as conn:
        rows = lists.LISTS["signal_trial"].rows(conn, OfSignalTrial(from_days(red=25, yellow=10), late.day), None)
    assert rows == found.rows
    assert {row.loan_no: row.evidence["overdue_days"] for row in rows} == {n: ARREARS[n] + 1 for n in ("L1", "L2", "L4", "L5")}
    judged = {(one.state, one.verdict): one.n for one in found.past}
    assert judged == {("raised", "fires"): 3, ("raised", "silent"): 1, ("taken", "silent"): 1, ("false_alarm", "fires"): 1}
    asks_more = A02 | {"levels": [{"level": "red", "who": {"field": "class_gap", "op": "gte", "value": 1}}]}
    assert {one.verdict for one in signal_rehearsal.rehearse(MACHINE, asks_more, today=late.day).past} == {"unknown"}
    or_more = [{"field": "class_gap", "op": "gte", "value": 1}, {"field": "overdue_days", "op": "gte", "value": 25}]
    in_part = signal_rehearsal.rehearse(MACHINE, A02 | {"levels": [{"level": "red", "who": {"any": or_more}}]}, today=late.day).past
    assert {(one.state, one.verdict): one.n for one in in_part} == {
        ("raised", "fires"): 2, ("raised", "unknown"): 2, ("taken", "unknown"): 1, ("false_alarm", "unknown"): 1,
    }  # fmt: skip
    nothing_new = signal_rehearsal.rehearse(MACHINE, A02, today=late.day)
    assert nothing_new.rows == [] and nothing_new.fires == (6, 6)
    of_customers = {
        "code": "Z01", "title": {"zh": "多笔逾期"}, "subject": "customer", "evidence": ["live_loans", "exposure"],
        "levels": [{"level": "orange", "who": {"all": [{"field": "live_loans", "op": "gte", "value": 5}, {"field": "overdue_days", "op": "gte", "value": 30}]}}],
    }  # fmt: skip
    new = signal_rehearsal.rehearse(MACHINE, of_customers, today=late.day)
    assert [(row.customer_no, row.was, row.becomes, row.fate) for row in new.rows] == [("K001", None, "orange", "raised")]
    assert new.fires == (0, 1) and new.past == []
