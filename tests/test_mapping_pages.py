"""IT brings a third source in by screens: its mapping written and checked in words, tried on sample files, let in by a second person."""

from datetime import timedelta
from pathlib import Path

import pytest

from db import access, definitions
from db.access import MACHINE
from db.vocab import Definition
from engine import refusals
from engine.feed import load, mapping, samples
from tests.conftest import person
from tests.evening import TODAY
from tests.test_feeds import rows
from tests.test_feeds_docs import BLOCKS
from tests.test_pages import book, conftest_person, sentences, shown, visit  # noqa: F401 (fixtures)

TOMORROW = TODAY + timedelta(days=1)
NAMES = ("SJ_JKR", "SJ_JJ")
SAMPLES = {f"{name}_{TOMORROW:%Y%m%d}.txt": BLOCKS[f"{name}_20261121.txt"].encode("gb18030") for name in NAMES}


def trial(role: str = "it", files: dict | None = None) -> load.Report:
    return samples.rehearse(
        conftest_person(role), mapping.read_yaml(BLOCKS["mapping"]), TOMORROW, SAMPLES if files is None else files
    )


def test_a_source_is_brought_in_by_screens(visit):  # noqa: F811
    it = visit("it")
    test = it.at("feeds?view=mappings")
    assert "own" in shown(test)
    test.text_input(key="new_mapping_title").set_value("松江村镇银行").run()
    test.text_input(key="new_mapping_code").set_value("Songjiang").run()
    assert any("小写字母" in s for s in sentences(test))
    test.button(key="begin_mapping").click().run()
    assert "tab" not in test.query_params and any("小写字母" in s for s in sentences(test))
    test.text_input(key="new_mapping_code").set_value("own").run()
    assert any("已存在" in s for s in sentences(test))
    test.text_input(key="new_mapping_code").set_value("songjiang").run()
    test.button(key="begin_mapping").click().run()
    assert test.query_params["tab"] == "edit" and "customers_{date}.csv" in shown(test) and not test.exception
    text = test.text_area(key="mapping_text.songjiang")
    text.set_value(
        BLOCKS["mapping"].replace("松江惠农贷", '松江"惠农贷', 1).replace("source: songjiang", "source: [songjiang")
    ).run()
    assert any("行第" in s and "格式无法识别" in s for s in sentences(test)) and test.button(key="submit_mapping").disabled
    text.set_value(
        BLOCKS["mapping"].replace("class: {column: 分类, codes: {Z: normal", "class: {column: 分类, codes: {Z: good")
    ).run()
    assert any("tables.notes" in s and "五级分类" in s and "good" in s for s in sentences(test))
    text.set_value(BLOCKS["mapping"]).run()
    assert not test.exception and f"SJ_JJ_{TODAY - timedelta(days=1):%Y%m%d}.txt" in shown(test).replace("\\", "")
    test.text_input(key="why_change").set_value("并入松江村镇银行").run()
    test.button(key="submit_mapping").click().run()
    head = visit("head_loans").at("approvals")
    assert "贷款 · 五级分类 ← 分类 · Z = 正常" in shown(head).replace("\\", "")
    next(b for b in head.button if b.label == "批准").click().run()
    with access.reading(MACHINE) as conn:
        assert definitions.one_in_force(conn, Definition.MAPPING, "songjiang", TODAY) is None
        assert mapping.parse(definitions.one_in_force(conn, Definition.MAPPING, "songjiang", TOMORROW).body).source == "songjiang"


def test_a_stopped_delivery_that_came_anew_is_loaded_again_by_screen(visit, monkeypatch):  # noqa: F811
    with access.transaction(MACHINE, "test") as conn:
        run = conn.exec_driver_sql(
            "insert into feed_runs (source, business_date, folder, state, stops) "
            "values ('union', '2026-11-21', '/in/20261121', 'stopped', '{md5:a.gz}') returning id"
        ).scalar_one()
    asked: list[Path] = []
    monkeypatch.setattr(load, "load_in_background", asked.append)
    test = visit("it").at(f"feeds?run={run}")
    assert "每一行都可用" not in shown(test) and "未进入账面" in shown(test)
    test.button(key="again").click().run()
    assert not test.exception and asked == [Path("/in/20261121")]
    assert not [b for b in visit("auditor").at(f"feeds?run={run}").button if b.key == "again"]


def test_a_delivery_that_was_let_through_says_who_asked_and_who_allowed_it(visit):  # noqa: F811
    it, head = person("005"), person("001")
    with access.transaction(MACHINE, "test") as conn:
        run = conn.exec_driver_sql(
            "insert into feed_runs (source, business_date, folder, state, stops, override_asked_by, override_reason, override_by) "
            "values ('union', '2026-11-21', 'x', 'stopped', '{md5:a.gz}', %s, '已由对方确认', %s) returning id", (it.id, head.id)
        ).scalar_one()  # fmt: skip
    told = shown(visit("it").at(f"feeds?run={run}"))
    assert f"{it.name} 申请放行：已由对方确认" in told and f"{head.name} 已批准放行" in told


def test_whoever_only_sees_feeds_changes_nothing(visit):  # noqa: F811
    test = visit("auditor").at("feeds?view=mappings&mapping=own&tab=edit")
    assert not test.exception and "← 借据编号" in shown(test).replace("\\", "")
    assert not test.text_area and not [b for b in test.button if b.key == "submit_mapping"]


def test_sample_files_are_read_as_the_night_would_and_nothing_stays(book):  # noqa: F811
    before = rows("select (select count(*) from loans), (select count(*) from feed_runs), (select count(*) from rejects)")
    found = trial()
    assert [
        f"{name}: {c.rows} rows = {c.loaded} loaded + {c.unchanged} unchanged + {c.quarantined} quarantined"
        for name, c in found.files.items()
    ] == BLOCKS["answer"].splitlines()
    assert sorted((r.name, r.line) for r in found.set_aside) == [("borrowers", 4), ("notes", 4), ("notes", 5)]
    assert rows("select (select count(*) from loans), (select count(*) from feed_runs), (select count(*) from rejects)") == before
    with pytest.raises(refusals.NoSampleFits) as no:
        trial(files={"other.txt": b"x"})
    assert f"SJ_JJ_{TOMORROW:%Y%m%d}.txt" in no.value.sentence()
    assert trial(files=dict([*SAMPLES.items()][:1])).stops == [f"missing_file:SJ_JJ_{TOMORROW:%Y%m%d}.txt"]
    with pytest.raises(refusals.NotPermitted):
        trial("branch_head")
    with pytest.raises(refusals.SamplesTooLarge):
        trial(files={"SJ_JJ.txt": b"x" * (samples.MOST_BYTES + 1)})
