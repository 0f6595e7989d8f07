"""The worked example of docs/feeds.md is loaded as it stands there, and the tables there name everything there is."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from db import access, definitions, nouns, settings
from db.access import MACHINE
from db.vocab import Definition
from engine import words
from engine.feed import load, mapping
from tests.bank import TODAY
from tests.test_feeds import rows

TEXT = (settings.ROOT / "docs" / "feeds.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL))
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def report(small_bank, tmp_path) -> load.Report:
    songjiang = mapping.from_yaml(BLOCKS["mapping"])
    with access.transaction(MACHINE, "test") as conn:
        body = songjiang.model_dump(mode="json", exclude_defaults=True)
        definitions.plant(conn, Definition.MAPPING, songjiang.source, body, date(2001, 1, 1), "the example of docs/feeds.md")
    folder = tmp_path / f"{TOMORROW:%Y%m%d}"
    folder.mkdir()
    write(folder, "SJ_JKR_20261121.txt")
    write(folder, "SJ_JJ_20261121.txt")
    (report,) = load.load(folder, "songjiang")
    return report


def write(folder: Path, name: str) -> None:
    (folder / name).write_text(BLOCKS[name], "gb18030")


def test_the_third_source_answers_as_it_is_written(report):
    said = [
        f"{name}: {c.rows} rows = {c.loaded} loaded + {c.unchanged} unchanged + {c.quarantined} quarantined"
        for name, c in report.files.items()
    ]
    assert said == BLOCKS["answer"].splitlines()


def test_the_third_source_sets_aside_what_is_written(report):
    found = rows("select name, line, reasons from rejects where run_id = :run order by name, line", run=report.run_id)
    assert [f"{name} {line}: {', '.join(sorted(reasons))}" for name, line, reasons in found] == BLOCKS["quarantine"].splitlines()


def test_the_third_source_is_in_the_book(report):
    assert rows("""select loan_no, c.name, s.name, p.family, l.balance_fen, l.class::text, l.overdue_since
                   from loans l join customers c on c.id = l.customer_id join staff s on s.id = l.manager_id
                   join products p on p.id = l.product_id where l.source = 'songjiang' order by 1""") == [
        ("SJJ1", "郭春山", "李强", "farm", 4_250_000, "normal", None),
        ("SJJ2", "江南米业", "李强", "business", 80_000_000, "special_mention", TOMORROW - timedelta(days=21)),
    ]  # fmt: skip


def test_every_key_of_a_mapping_is_in_the_document():
    keys = {*mapping.Mapping.model_fields, *mapping.Table.model_fields, *mapping.Column.model_fields} - {"column"}
    assert [key for key in sorted(keys) if f"`{key}`" not in TEXT] == []


def test_every_noun_and_field_is_in_the_document():
    for noun, fields in nouns.NOUNS.items():
        (row,) = re.findall(rf"^\| {noun} \| (.*) \|.*\|$", TEXT, re.MULTILINE)
        assert row.split() == [f"**{name}**" if field.required else name for name, field in fields.items()]


def test_every_reason_to_stop_or_set_aside_has_words():
    told = set(re.findall(r"`([a-z_]+)(?::[a-z_]+)?`", TEXT.split("## Why a row")[1].split("## What stops")[0]))
    assert {code for code in told if not code.startswith("feed")} <= set(words.REASONS)
