"""Opening the store for work: migrated, and furnished with the rules and mappings that Vigil ships."""

from datetime import date
from functools import cache
from pathlib import Path

import yaml

from db import access, definitions, installation, store
from db.vocab import Definition
from engine import calendar, clock
from engine.feed import mapping

STARTERS = Path(__file__).parent / "starters"
SHIPPED = {
    Definition.TODO_RULE: "todo_rules.yaml", Definition.SIGNAL_RULE: "signal_rules.yaml", Definition.FORM: "forms.yaml",
    Definition.SCORECARD: "scorecards.yaml",
}  # fmt: skip
ALWAYS = date(2000, 1, 1)


@cache
def open_store() -> None:
    """Make the store ready: start, migrate, plant what is shipped. Cheap when it is ready already."""
    store.engine()
    with access.transaction(access.MACHINE, "install") as conn:
        if installation.get(conn, "starters") is None:
            plant_starters(conn)
            calendar.plant(conn, clock.today())
            installation.put(conn, "starters", "1")
        if installation.get(conn, "scorecard") is None:  # of a bank that began before there was one
            _plant(conn, Definition.SCORECARD)
            installation.put(conn, "scorecard", "1")


def plant_starters(conn: access.Connection) -> None:
    for file in sorted((STARTERS / "mappings").glob("*.yaml")):
        body = yaml.safe_load(file.read_text(encoding="utf-8"))
        mapping.parse(body)
        definitions.plant(conn, Definition.MAPPING, body["source"], body, ALWAYS, "starter")
    for family in SHIPPED:
        _plant(conn, family)


def _plant(conn: access.Connection, family: Definition) -> None:
    for body in shipped(family).values():
        definitions.plant(conn, family, body["code"], body, ALWAYS, "starter")


@cache
def shipped(family: Definition) -> dict[str, dict]:
    """What Vigil ships of a family, by code. Copy what you change."""
    bodies = yaml.safe_load((STARTERS / SHIPPED[family]).read_text(encoding="utf-8"))
    return {body["code"]: body for body in bodies}
