"""The trail: who, when, what before and after, in the same transaction, changed by nobody, told in sentences."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from db import access, audit, bulk, security
from db.access import MACHINE, Person
from db.tables import accounts, metadata
from db.tables import audit as trail
from db.vocab import Role, Scope
from engine import acts, refusals, sentences, sign_in, words
from engine import customers as customer_verbs
from tests import planted
from tests.conftest import cloned, planted_template
from tests.rules_of_sight import Book

BUSINESS = sorted(metadata.tables.keys() - security.UNTRAILED)
NUMBERS = re.compile(r"(?<![\d-])(\d{11}|\d{17}[\dXx]|9199\d{4}MA\w+)(?!\d)")  # phones, identity numbers, credit codes
FULL = {"13900000001", "13900000002", "990000198001010011", "91990000MA0000001A", "13800000802"}


@pytest.fixture(scope="module")
def the_bank(administrator, templates):
    yield from cloned(administrator, planted_template(administrator, templates))


@pytest.fixture(scope="module")
def li(the_bank) -> Person:
    with access.transaction(MACHINE) as conn:
        return planted.staff.person(conn, planted.staff.by_number(conn, "802").id)


def lines(*where) -> list[sa.Row]:
    with access.reading(MACHINE) as conn:
        return conn.execute(sa.select(trail).where(*where).order_by(trail.c.id)).all()


def last_id() -> int:
    with access.reading(MACHINE) as conn:
        return conn.execute(sa.select(sa.func.coalesce(sa.func.max(trail.c.id), 0))).scalar_one()


def test_what_the_machine_fills_at_once_has_a_name_in_the_trail():
    assert set(bulk.TABLES) <= sentences.NOUNS.keys()


# --- Every table, every verb -----------------------------------------------------------------------------------------


def _somebodys(conn: sa.Connection, by: Person) -> None:
    """The machine's rights, a person's name: so that one test can write every table."""
    access.act_as(conn, MACHINE, "test.write")
    said = {"staff": by.id, "role": by.role.value, "session": 7}
    conn.execute(sa.select(*(sa.func.set_config(f"vigil.{name}", str(value), True) for name, value in said.items())))


def _writable(table: sa.Table) -> sa.Column:
    """A column that may get any other value of its kind."""
    keys = {c.name for c in table.primary_key.columns}
    fixed = keys | security.UNTRAILED_COLUMNS | {"kind", "state", "mode", "role", "family", "datum", "lat", "lon", "day"}
    text = [
        c for c in table.columns if isinstance(c.type, sa.Text) and c.name not in fixed and not c.computed and not c.foreign_keys
    ]
    plain = [
        c
        for c in text
        if not any(c.name in str(check.sqltext) for check in table.constraints if isinstance(check, sa.CheckConstraint))
    ]
    spare = {"preferences": "wishes", "branches": "name", "todos": "pinned", "staff_roles": "valid_to", "arrears": "principal_fen",
             "photos": "bytes", "calendar_days": "note", "calendar_links": "made_at", "guarantors": "name", "loans": "purpose", "products": "name",
             "rounds": "by_hand", "opinions": "words"}  # fmt: skip
    return table.c[spare[table.name]] if table.name in spare else plain[-1]


def _other(column: sa.Column) -> object:
    if isinstance(column.type, sa.Text):
        return sa.func.concat("别的 ", column)
    if isinstance(column.type, sa.Boolean):
        return ~column
    if isinstance(column.type, sa.Date):
        return sa.func.current_date() + 900
    if isinstance(column.type, sa.DateTime):
        return column + timedelta(days=1)
    return {"en": 1} if column.name == "wishes" else column + 1


@pytest.mark.parametrize("name", BUSINESS)
def test_a_write_leaves_who_when_and_what_in_its_own_transaction(the_bank, li, name):
    """Changed, taken away and put in again: three lines, with one transaction's number."""
    table, start = metadata.tables[name], last_id()
    column = _writable(table)
    with _past_references(the_bank, table, li) as conn:
        one = conn.execute(sa.select(table).limit(1)).mappings().one()
        here = sa.and_(*(key == one[key.name] for key in table.primary_key.columns))
        conn.execute(sa.update(table).where(here).values({column.name: _other(column)}))
        conn.execute(sa.delete(table).where(here))
        conn.execute(sa.insert(table).values({c.name: one[c.name] for c in table.columns if not c.computed}))
        xid, now = conn.exec_driver_sql("select pg_current_xact_id()::text::bigint, now()").one()
    found = lines(trail.c.id > start, trail.c.noun == name)
    assert [line.op for line in found] == ["update", "delete", "insert"]
    for line in found:
        assert (line.staff_id, line.role, line.session_id, line.verb, line.xid) == (li.id, li.role, 7, "test.write", xid)
        assert timedelta(0) <= line.at - now < timedelta(seconds=60)
        assert line.row_id == str(one[next(iter(table.primary_key.columns)).name])
        assert line.customer_id == (one["id"] if name == "customers" else one.get("customer_id"))
    changed, gone, added = found
    assert set(changed.before) | set(changed.after) == {column.name}
    assert changed.before != changed.after
    assert gone.before.keys() == set(added.after) | ({column.name} & gone.before.keys())
    told = (
        {c.name for c in table.columns if one[c.name] is not None}
        - security.UNTRAILED_COLUMNS
        - security.POSITIONS.get(name, set())
    )
    assert added.after.keys() == told


@contextmanager
def _past_references(url: str, table: sa.Table, by: Person) -> Iterator[sa.Connection]:
    """A transaction in which a row of this table may be taken away though others refer to it: what checks that are triggers too."""
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as conn:
        conn.exec_driver_sql(f"alter table {table} disable trigger all")
        conn.exec_driver_sql(f"alter table {table} enable trigger user")
        _somebodys(conn, by)
        yield conn
        conn.exec_driver_sql("reset role")
        conn.exec_driver_sql(f"alter table {table} enable trigger all")


def test_what_is_rolled_back_leaves_no_line(the_bank, li):
    start = last_id()
    with pytest.raises(ZeroDivisionError), access.transaction(li, "customer.edit") as conn:
        conn.exec_driver_sql("update customers set address = '第一' where customer_no = 'K001'")
        assert conn.exec_driver_sql("select count(*) from audit where verb = 'customer.edit'").scalar_one() == 1
        raise ZeroDivisionError
    assert not lines(trail.c.id > start)


def test_a_change_whose_line_cannot_be_written_does_not_happen(the_bank, administrator, li):
    with sa.create_engine(the_bank, poolclass=sa.NullPool).begin() as conn:
        conn.exec_driver_sql("alter table audit add constraint full_disk check (verb is distinct from 'disk.full')")
    with pytest.raises(sa.exc.IntegrityError, match="full_disk"), access.transaction(li, "disk.full") as conn:
        conn.exec_driver_sql("update customers set address = '第二' where customer_no = 'K001'")
    with access.reading(li) as conn:
        assert conn.exec_driver_sql("select address from customers where customer_no = 'K001'").scalar_one() != "第二"


def test_what_did_not_change_leaves_no_line(the_bank, li):
    start = last_id()
    with access.transaction(li, "customer.edit") as conn:
        assert conn.exec_driver_sql("update customers set address = address").rowcount > 0
    assert not lines(trail.c.id > start)


def test_a_persons_inserts_stand_one_by_one_and_the_machines_as_one_line(the_bank, li):
    start = last_id()
    with access.transaction(MACHINE, "night") as conn:
        conn.exec_driver_sql("insert into calendar_days (day, working) values ('2031-01-01', false), ('2031-01-02', false)")
    (line,) = lines(trail.c.id > start)
    assert (line.op, line.noun, line.n, line.staff_id, line.verb) == ("bulk", "calendar_days", 2, None, "night")


def test_full_numbers_and_passwords_never_enter_the_trail(the_bank, li):
    with access.transaction(li, "customer.edit") as conn:
        conn.exec_driver_sql("update customers set phone = '13900000099' where customer_no = 'K001'")
    whole = " ".join(f"{line.before} {line.after}" for line in lines())
    assert "139****0099" in whole
    assert not FULL & set(NUMBERS.findall(whole))
    assert "argon2" not in whole


# --- Changed by nobody -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [security.APP, security.QUERY, *Scope])
@pytest.mark.parametrize("table", ["audit", "sign_ins"])
def test_nobody_changes_or_takes_away_a_line(the_bank, role, table):
    with sa.create_engine(the_bank, poolclass=sa.NullPool).connect() as conn:
        conn.exec_driver_sql(f"set role {role}")
        for attempt in (f"update {table} set source = 'x'" if table == "sign_ins" else "update audit set verb = 'x'",
                        f"delete from {table}", f"truncate {table}", f"alter table {table} disable trigger all", f"drop table {table}",
                        f"create rule quiet as on insert to {table} do instead nothing"):  # fmt: skip
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied|must be owner"):
                conn.exec_driver_sql(attempt)
            conn.rollback()
            conn.exec_driver_sql(f"set role {role}")


def test_people_add_no_line_by_hand(the_bank, li):
    for by in (li, Person(1, "x", Role.HEAD_RISK), Person(4, "x", Role.AUDITOR)):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), access.transaction(by) as conn:
            conn.exec_driver_sql("insert into audit (op, noun) values ('update', 'loans')")


def test_tables_that_stand_are_not_filled_past_their_triggers(the_bank):
    with pytest.raises(sa.exc.InternalError, match="not empty"), access.transaction(MACHINE) as conn:
        conn.exec_driver_sql("select vigil_undress('loans')")


# --- Refusals and sign-ins -------------------------------------------------------------------------------------------


def test_a_refusal_undoes_the_act_and_keeps_its_line(the_bank, li):
    start = last_id()
    with pytest.raises(refusals.Missing), acts.act(li, "customer.reveal") as conn:
        conn.exec_driver_sql("update customers set address = '第三' where customer_no = 'K001'")
        customer_verbs.reveal(conn, li, 1, "phone", " ")
    (line,) = lines(trail.c.id > start)
    assert (line.op, line.staff_id, line.verb, line.after["why"]) == ("refused", li.id, "customer.reveal", "TooShort")


def test_every_try_to_sign_in_is_kept_and_seen_by_the_auditor(the_bank, li, monkeypatch):
    monkeypatch.setattr(sign_in, "_is_right", lambda _hash, password: password == "right")
    with access.transaction(MACHINE) as conn:
        now = conn.exec_driver_sql("select now()").scalar_one()
        conn.execute(sa.update(accounts).where(accounts.c.staff_id == li.id).values(password_set_at=now))
    for password in ("wrong", "right"):
        with access.gate() as conn:
            sign_in.sign_in(conn, "u802", password, "10.9.9.9", "a browser", now)
    with access.reading(Person(4, "陈静", Role.AUDITOR)) as conn:
        tries = [row.outcome for row in audit.sign_in_list(conn, username="u802") if row.source == "10.9.9.9"]
    assert tries == ["succeeded", "failed"]


# --- In sentences ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def book(the_bank) -> Book:
    with sa.create_engine(the_bank, poolclass=sa.NullPool).connect() as conn:
        return Book(
            {t.name: [dict(r._mapping) for r in conn.execute(sa.select(t))] for t in metadata.tables.values()}, planted.TODAY
        )


@pytest.fixture(scope="module")
def known(the_bank) -> sentences.Names:
    with access.reading(MACHINE) as conn:
        return sentences.names(conn, roles=True)


def _line(op: str, noun: str, **values) -> SimpleNamespace:
    return SimpleNamespace(
        **{"op": op, "noun": noun, "staff": "李强", "row_id": "1", "n": 1, "verb": None, "before": None, "after": None} | values
    )


def in_both(line, known, check: Callable[[str, str], None]) -> None:
    for language in words.LANGUAGES:
        token = words.language.set(language)
        try:
            check(sentences.sentence(line, known), language)
        finally:
            words.language.reset(token)


@pytest.mark.parametrize("noun", BUSINESS)
@pytest.mark.parametrize("op", ["insert", "update", "delete", "bulk"])
def test_every_change_of_every_table_is_a_sentence_in_both_languages(the_bank, known, noun, op):
    def check(sentence: str, language: str) -> None:
        assert sentence.startswith("**李强**")
        assert (noun not in sentence or language == "en" and "_" not in noun) and f" {op}" not in sentence
        assert bool(re.search("[\u4e00-\u9fff]{2}", sentence.removeprefix("**李强**"))) == (language == "zh")

    table = metadata.tables[noun]
    values = {_writable(table).name: 1} if op == "update" else {}
    values = {
        name: {sa.Date: "2026-01-01", sa.DateTime: "2026-01-01T00:00:00+00:00", sa.BigInteger: 1, sa.Integer: 1}.get(
            type(table.c[name].type), "x"
        )
        for name in values
    }
    in_both(_line(op, noun, row_id="0", before={}, after=values), known, check)


def test_every_column_of_the_trail_has_a_name_in_both_languages(known):
    for name in BUSINESS:
        for column in metadata.tables[name].columns:
            if column.name in security.UNTRAILED_COLUMNS | security.POSITIONS.get(name, set()) | sentences.QUIET:
                continue
            assert words._(sentences.LABELS[column.name]) != sentences.LABELS[column.name], (name, column.name)


def test_every_event_is_a_sentence_in_both_languages(known):
    events = [
        _line("refused", "todo.assign", after={"verb": "todo.assign", "why": "NotPermitted"}),
        _line("refused", "audit.see", after={"verb": "audit.see", "why": "NotPermitted"}),
        _line("customer.reveal", "customers", after={"field": "phone", "why": "电话核实"}), _line("export", "loans", after={"rows": 12}),
        _line("customer.reveal", "customers", after={"field": "phone", "why": customer_verbs.TO_CALL}),
        _line("view.as", "staff", after={"staff_id": 1}), _line("wall.hang", "sessions", after={"until": "2026-12-20"}),
        _line("footprint.look", "staff", after={"staff_id": 1, "day": "2026-11-20"}),
        _line("footprints.coarsen", "footprints", after={"before": "2026-08-22", "checks": 9, "visits": 3, "photos": 4, "dropped": 7}),
    ]  # fmt: skip
    for event in events:
        in_both(event, known, lambda sentence, language: _is_told(sentence, language))


def _is_told(sentence: str, language: str) -> None:
    assert language == "en" or "phone check" not in sentence
    assert not re.search(r"\b(todo\.assign|audit\.see|customer\.reveal|identity_no)\b", sentence)
    assert language == "en" or re.search("拒绝|查看|导出|精度|固定", sentence)


def test_everything_the_bank_has_done_can_be_told_and_shows_no_full_number(known):
    """Each row of each table as if just written: no raw column name, no id of ours for a person, no full number."""
    for line in lines():
        in_both(_line(line.op, line.noun, before=line.before, after=line.after, verb=line.verb), known, _is_clean)


def _is_clean(sentence: str, language: str) -> None:
    assert not FULL & set(NUMBERS.findall(sentence)), sentence
    raw = re.findall(r"\b[a-z]+_(?:no|id|on|at|by|fen|hash)\b", sentence)
    assert not raw, (sentence, raw)
    assert "argon2" not in sentence


def test_a_changed_password_is_told_without_it(known):
    line = _line("update", "accounts", before={"password_hash": "a1b2c3"}, after={"password_hash": "d4e5f6"})
    in_both(line, known, lambda sentence, language: not_in(sentence, "a1b2c3", "d4e5f6"))


def not_in(sentence: str, *secrets: str) -> None:
    assert not any(secret in sentence for secret in secrets)
    assert re.search("Password|密码", sentence)


def test_people_and_branches_are_named(known, book):
    staff_id, branch = book.rows["staff"][0], book.rows["branches"][0]
    line = _line("update", "loans", before={}, after={"manager_id": staff_id["id"], "branch_id": branch["id"], "class": "loss"})
    in_both(line, known, lambda sentence, _: contains(sentence, staff_id["name"], branch["name"]))


def test_whose_role_or_account_it_is_stands_in_the_line(known, book):
    held, someone = book.rows["staff_roles"][0], {row["id"]: row["name"] for row in book.rows["staff"]}
    whose = someone[held["staff_id"]]
    for noun, row_id, after in (("staff_roles", held["id"], {"valid_to": "2026-12-01"}), ("staff", held["staff_id"], {"post": "主任"}),
                                ("accounts", held["staff_id"], {"username": "somebody"})):  # fmt: skip
        line = _line("update", noun, row_id=str(row_id), before={}, after=after)
        in_both(line, known, lambda sentence, _: contains(sentence, whose))
    line = _line("update", "staff_roles", row_id=str(held["id"]), before={}, after={"valid_to": "2026-12-01"})
    in_both(line, known, lambda sentence, _: contains(sentence, "2026-11-30"))  # the last day on which it is held


def contains(sentence: str, *parts: str) -> None:
    assert all(part in sentence for part in parts)


def test_codes_of_ours_are_told_in_the_readers_words():
    nobody = sentences.Names({}, {})
    for noun, after in (
        ("addresses", {"doubt": "outside"}),
        ("signals", {"measures": ["More frequent checks", "Preserve assets"]}),
        ("feed_runs", {"stops": ["missing_file:x", "gap:2026-11-02:2026-11-03"]}),
        ("feed_runs", {"totals": {"loans": 4, "customers": 3, "balance_fen": 100}, "progress": "dk → loans"}),
    ):
        said = sentences.sentence(_line("update", noun, before={}, after=after), nobody)
        assert not re.search("outside|More|Preserve|missing|gap|loans|customers|balance", said) and len(said) > len(
            "**李强**修改："
        )


def test_a_night_that_only_found_again_what_was_known_has_nothing_to_tell():
    assert not sentences.tells(_line("update", "signals", before={"evidence": {"a": 1}}, after={"evidence": {"a": 2}}))
    assert sentences.tells(_line("update", "signals", before={"level": "blue"}, after={"level": "red"}))
    assert sentences.tells(_line("insert", "signals", after={"evidence": {}}))
