"""docs/rules.md says what rules are, all of it, and every example in it is true."""

import re
from datetime import date, timedelta
from functools import cache

import pytest
import yaml

from db import face, features, vocab
from db.settings import ROOT
from engine import calendar, cycles, rules
from engine.calendar import Calendar
from engine.cycles import Counting
from engine.opening import STARTERS
from engine.rules import Rule, Timing

TEXT = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
WORKED = re.findall(r"^\| `(\{anchor.*?\})` \| ([\d-]*) ?\| ([\d, -]+) \|$", TEXT, re.MULTILINE)
KIND_OF = {"disbursement": "first", "maturity": "maturity", "class_change": "key", "overdue": "overdue"}


def test_there_are_examples():
    assert len(EXAMPLES) >= 2
    assert len(WORKED) >= 15


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_rule(example):
    rules.parse(yaml.safe_load(example))


@pytest.mark.parametrize(("when", "anchor", "dues"), WORKED)
def test_every_worked_example_falls_on_the_days_it_says(when, anchor, dues):
    told = yaml.safe_load(when)
    body = {
        "code": "EX",
        "title": {"zh": "例"},
        "kind": KIND_OF.get(told["anchor"], "regular"),
        "mode": "field",
        "who": {"all": []},
        "when": told,
    }
    timing = rules.parse(body).timing()
    counting = Counting(date.fromisoformat(anchor) if anchor else cycles.NO_ANCHOR, done=told["anchor"] == "completion")
    start = date(2026, 1, 1) if not anchor or told["anchor"] == "maturity" else counting.anchor
    days = [date.fromisoformat(day) for day in dues.split(", ")]
    assert cycles.upcoming(timing, counting, start, published_2026(), len(days)) == days


@cache
def published_2026() -> Calendar:
    year = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    return Calendar({day: calendar.published(day)[0] for day in year})


@pytest.mark.parametrize(
    "word",
    [
        *Rule.model_fields, *Timing.model_fields, *face.FIELDS, *(op for ops in face.OPERATORS.values() for op in ops),
        *vocab.Anchor, *vocab.Kind, *vocab.Mode, *vocab.Unit, *vocab.Shift, *vocab.Assign, *vocab.CloseReason, *vocab.Family,
        *(name for subject in features.SUBJECTS.values() for name in subject.fields),
    ],
)  # fmt: skip
def test_every_word_of_a_rule_is_described(word):
    assert f"`{word}`" in TEXT


def test_the_shipped_rules_are_good_and_each_has_both_titles():
    bodies = yaml.safe_load((STARTERS / "todo_rules.yaml").read_text(encoding="utf-8"))
    assert len({rules.parse(body).code for body in bodies}) == len(bodies)
    assert all(set(body["title"]) == {"zh", "en"} for body in bodies)


def test_of_two_shipped_rules_the_stricter_comes_first():
    shipped = {
        body["code"]: rules.parse(body) for body in yaml.safe_load((STARTERS / "todo_rules.yaml").read_text(encoding="utf-8"))
    }
    order = ["REG-FIRM-LARGE", "REG-FIRM", "REG-FIRM-SMALL", "REG-FARM"]
    assert sorted(order, key=lambda code: shipped[code].strictness) == order
    assert shipped["MATURITY-LARGE"].strictness < shipped["MATURITY-BULLET"].strictness
