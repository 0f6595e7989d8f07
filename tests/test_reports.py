"""Reports: everybody counts what is his to see, along any dimension, and what is asked wrongly is said in a sentence."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import access, cube, tables
from db.access import Person
from db.subjects import SUBJECTS, Measure
from db.vocab import Kind, LoanClass, Mode, Outcome, Role
from engine import __main__ as command
from engine import refusals, reports
from tests import planted
from tests.bank import STAFF, TODAY
from tests.conftest import cloned, planted_template
from tests.rules_of_sight import Book, Sight

READERS = ("001", "003", "004", "101", "102", "103", "801", "802", "803", "804")
TIMES = ("month", "week", "year")


# --- A random book, and the same figures counted in plain Python ------------------------------------------------------


@pytest.fixture(scope="module")
def bank(administrator, templates) -> Iterator[tuple[Book, dict[str, Person]]]:
    """The planted bank with some hundred todos, checks and signals more, of anybody at anybody's customers."""
    for url in cloned(administrator, planted_template(administrator, templates)):
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as conn:
            conn.exec_driver_sql("set session_replication_role = replica")
            _more_work(conn, random.Random(7))
        with engine.connect() as conn:
            rows = {t.name: [dict(r._mapping) for r in conn.execute(sa.select(t))] for t in tables.metadata.tables.values()}
            book = Book(rows, conn.exec_driver_sql("select vigil_today()").scalar_one())
        ids = {s["staff_no"]: s["id"] for s in rows["staff"]}
        yield book, {number: planted.staff_person(ids[number]) for number in [n for n, *_ in STAFF]}


def _more_work(conn: sa.Connection, dice: random.Random) -> None:
    customers = list(conn.execute(sa.select(tables.customers.c.id)).scalars())
    branches = list(conn.execute(sa.select(tables.branches.c.id)).scalars())
    people = [*conn.execute(sa.select(tables.staff.c.id)).scalars(), None]
    for n in range(200):
        day, closed = TODAY - timedelta(dice.randrange(200)), dice.random() < 0.6
        about = {"customer_id": dice.choice(customers), "branch_id": dice.choice(branches)}
        conn.execute(sa.insert(tables.todos).values(
            **about, kind=dice.choice(list(Kind)), mode=dice.choice(list(Mode)), period=f"r{n}", family="farm", loan_ids=[],
            assignee_id=dice.choice(people), nominal_on=day, due_on=day, late_from=day + timedelta(3), created_on=day - timedelta(9),
            state="done" if closed else "open", closed_on=day + timedelta(dice.randrange(7)) if closed else None, record_id=1 if closed else None))  # fmt: skip
        conn.execute(sa.insert(tables.records).values(
            **about, kind=dice.choice(list(Kind)), mode=dice.choice(list(Mode)), loan_ids=[], staff_id=dice.choice(people[:-1]),
            done_on=day, finished_at=sa.func.now(), outcome=dice.choice(list(Outcome)), conclusion="normal",
            on_site=dice.choice([True, False, None]), submit_key=sa.func.gen_random_uuid(), digest=b"x"))  # fmt: skip


Row = dict


@dataclass(frozen=True)
class Plain:
    """How a subject is counted by hand."""

    table: str
    day: str
    dimensions: dict[str, Callable[[Row], object]]
    measures: dict[str, Callable[[list[Row]], object]]


def over(part: float, whole: float) -> float | None:
    return None if not whole else part / whole


def n(test: Callable[[Row], bool]) -> Callable[[list[Row]], int]:
    return lambda rows: sum(map(bool, map(test, rows)))


def distinct(*names: str, test: Callable[[Row], bool] = lambda r: True) -> Callable[[list[Row]], int]:
    return lambda rows: len({tuple(r[name] for name in names) for r in rows if test(r)})


def done_in_time(r: Row) -> bool:
    return r["state"] == "done" and r["closed_on"] < r["late_from"]


def due(r: Row) -> bool:
    return r["state"] != "cancelled"


def visited(r: Row) -> bool:
    return r["mode"] == "field"


def bad(r: Row) -> bool:
    return r["live"] and list(LoanClass).index(r["class"]) >= 2


def balance(rows: list[Row], test: Callable[[Row], bool] = lambda r: True) -> int:
    return sum(r["balance_fen"] for r in rows if test(r))


def plain_subjects(book: Book) -> dict[str, Plain]:
    tree = {b["id"]: b["parent_id"] for b in book.rows["branches"]}

    def top(r: Row) -> int:
        """Walk up until the next step would be head office."""
        here = r["branch_id"]
        while tree[here] is not None and tree[tree[here]] is not None:
            here = tree[here]
        return here

    places = {"branch": lambda r: r["branch_id"], "sub_branch": top}
    return {
        "loans": Plain(
            "loans", "disbursed_on",
            {**places, "officer": lambda r: r["manager_id"], "class": lambda r: r["class"], "live": lambda r: r["live"], "status": lambda r: r["status"]},
            {"count": len, "customers": distinct("customer_id"), "balance": balance, "bad": n(bad), "bad_share": lambda rows: over(balance(rows, bad), balance(rows))},
        ),
        "todos": Plain(
            "todos", "due_on",
            {**places, "officer": lambda r: r["assignee_id"], "kind": lambda r: r["kind"], "mode": lambda r: r["mode"], "state": lambda r: r["state"]},
            {"count": len, "due": n(due), "on_time": n(done_in_time), "on_time_share": lambda rows: over(n(done_in_time)(rows), n(due)(rows)),
             "open": n(lambda r: r["closed_on"] is None), "overdue": n(lambda r: r["closed_on"] is None and r["late_from"] <= TODAY)},
        ),
        "records": Plain(
            "records", "done_on",
            {**places, "officer": lambda r: r["staff_id"], "kind": lambda r: r["kind"], "outcome": lambda r: r["outcome"], "on_site": lambda r: r["on_site"]},
            {"count": len, "visits": n(visited), "officers": distinct("staff_id"),
             "visits_a_day": lambda rows: over(n(visited)(rows), distinct("staff_id", "done_on", test=visited)(rows)),
             "on_site_share": lambda rows: over(n(lambda r: visited(r) and r["on_site"])(rows), n(lambda r: visited(r) and r["on_site"] is not None)(rows))},
        ),
        "signals": Plain(
            "signals", "first_on", {**places, "officer": lambda r: r["owner_id"], "level": lambda r: r["level"], "state": lambda r: r["state"]},
            {"count": len, "open": n(lambda r: r["closed_on"] is None), "amount": lambda rows: sum(r["amount_fen"] for r in rows)},
        ),
    }  # fmt: skip


def key(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def begin(day: date, grain: str) -> date:
    return {"month": day.replace(day=1), "year": day.replace(month=1, day=1), "week": day - timedelta(day.weekday())}[grain]


def by_hand(book: Book, person: Person, asked: reports.Wish) -> dict[tuple, tuple]:
    """Figures by keys, None for a total: every row that he sees is put into every cell it belongs to."""
    plain, sight = plain_subjects(book)[asked.subject], Sight(person, book)
    since, until = reports.days_of(asked, TODAY)
    cells: dict[tuple, list[Row]] = {(None,) * len(asked.split): []}
    for row in book.rows[plain.table]:
        day = row[plain.day]
        keys = {
            name: key(begin(day, name) if name in TIMES else plain.dimensions[name](row)) for name in (*asked.split, *asked.where)
        }
        inside = (since is None or since <= day) and (until is None or day <= until)
        if inside and sight.sees(plain.table, row) and all(keys[name] in wanted for name, wanted in asked.where.items()):
            across, down = keys.get(asked.column), tuple(keys[name] for name in asked.rows)
            nowhere = (None,) * len(down)
            for at in {(*d, *c) for d in (down, nowhere) for c in (((across,), (None,)) if asked.column else ((),))}:
                cells.setdefault(at, []).append(row)
    return {at: tuple(plain.measures[name](rows) for name in asked.measures) for at, rows in cells.items()}


def by_vigil(person: Person, asked: reports.Wish) -> dict[tuple, tuple]:
    with access.reading(person) as conn:
        answer = reports.ask(conn, person, asked, today=TODAY)
    cells = {}
    for line in (*answer.lines, answer.total):
        for column, values in line.figures.items():
            cells[(*line.keys, *((column,) if asked.column else ()))] = values
    return cells


@st.composite
def wishes(draw) -> dict:
    plain = plain_subjects(Book({"branches": [], "customers": [], "customer_faces": [], "loans": []}, TODAY))
    subject = draw(st.sampled_from(sorted(plain)))
    dimensions = st.sampled_from([*plain[subject].dimensions, *TIMES])
    split = draw(st.lists(dimensions, unique=True, max_size=3))
    pivot = bool(split[1:]) and draw(st.booleans())
    asked = {"subject": subject, "measures": draw(st.lists(st.sampled_from(sorted(plain[subject].measures)), unique=True, min_size=1)),
             "rows": split[:-1] if pivot else split, "column": split[-1] if pivot else None,
             "period": draw(st.sampled_from(["all", "last_90", "this_year", "last_month"]))}  # fmt: skip
    if subject == "todos" and draw(st.booleans()):
        asked["where"] = {"mode": draw(st.lists(st.sampled_from(["field", "phone", "data", ""]), min_size=1))}
    return asked


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(number=st.sampled_from(READERS), asked=wishes())
def test_everybody_counts_what_he_sees_and_nothing_else(bank, number, asked):
    book, people = bank
    found = reports.wish(asked)
    mine, expected = by_vigil(people[number], found), by_hand(book, people[number], found)
    assert mine.keys() == expected.keys()
    for at, values in expected.items():
        assert mine[at] == pytest.approx(values), at


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(number=st.sampled_from(READERS), asked=wishes())
def test_the_rows_behind_a_figure_are_as_many_as_it_says(bank, number, asked):
    """Of every figure that counts rows, in every cell, totals too."""
    person, found = bank[1][number], reports.wish(asked)
    counting = [m for m in found.measures if m in ("count", "due", "on_time", "open", "overdue", "visits", "bad")]
    for at, values in list(by_vigil(person, found).items())[:8]:
        for name in counting:
            with access.reading(person) as conn:
                rows = reports.behind(conn, person, found, at, name, today=TODAY, limit=5)
            assert rows.total == values[found.measures.index(name)], (at, name)


# --- How it is laid out -----------------------------------------------------------------------------------------------


def ask(person: Person, **asked: object) -> reports.Answer:
    with access.reading(person) as conn:
        return reports.ask(conn, person, reports.wish(asked), today=TODAY)


def test_lines_stand_in_the_banks_order_and_are_called_by_name(bank):
    wang = bank[1]["001"]
    answer = ask(wang, subject="loans", measures=["count"], rows=["class"], column="live")
    assert [line.labels for line in answer.lines] == [("正常",), ("次级",)]
    assert answer.columns == (("true", "是"),)
    branches = ask(wang, subject="loans", measures=["count"], rows=["sub_branch"])
    assert [line.labels[0] for line in branches.lines] == ["朝阳支行", "农安支行"]
    assert branches.total.labels == ("合计",) and branches.total.figures[None] == (8,)


def test_the_most_stand_first_when_sorted_and_the_rest_is_said(bank):
    answer = ask(bank[1]["001"], subject="todos", measures=["count"], rows=["officer"], sort="count", top=3)
    counts = [line.figures[None][0] for line in answer.lines]
    assert counts == sorted(counts, reverse=True) and len(counts) == 3
    assert answer.left_out > 0
    assert answer.total.figures[None][0] > sum(counts)


def test_a_branch_means_all_below_it(bank):
    book, people = bank
    code = {b["code"]: b["id"] for b in book.rows["branches"]}
    nongan = [t for t in book.rows["todos"] if t["branch_id"] in (code["229008"], code["2290081"])]
    assert ask(people["001"], subject="todos", measures=["count"], under="229008").total.figures[None] == (len(nongan),)
    assert ask(people["001"], subject="todos", measures=["count"], under="999").total.figures[None] == (0,)


def test_a_values_list_holds_what_the_asker_has(bank):
    book, people = bank
    for number in ("001", "102", "804"):
        person, names_of = people[number], {"normal": "正常", "substandard": "次级"}
        expected = {names_of[loan["class"]] for loan in book.rows["loans"] if Sight(person, book).sees("loans", loan)}
        with access.reading(person) as conn:
            names = reports.choices(conn, person, reports.wish({"subject": "loans", "measures": ["count"]}), "class", today=TODAY)
        assert set(names.values()) == expected


# --- What cannot be asked ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        {"subject": "accounts", "measures": ["count"]}, {"subject": "loans", "measures": []}, {"subject": "loans", "measures": ["count(*)"]},
        {"subject": "loans", "measures": ["count"], "rows": ["class; drop table loans"]}, {"subject": "loans", "measures": ["count"], "rows": ["class", "class"]},
        {"subject": "loans", "measures": ["count"], "where": {"1=1": ["x"]}}, {"subject": "loans", "measures": ["count"], "period": "never"},
        {"subject": "loans", "measures": ["count"], "by": "closed"}, {"subject": "loans", "measures": ["count"], "sort": "balance"},
        {"subject": "loans", "measures": ["count"], "sql": "select 1"}, {"subject": "loans", "measures": ["count"], "top": 0}, [], None, "loans",
    ],
)  # fmt: skip
def test_what_is_no_query_of_ours_is_refused(asked):
    with pytest.raises(refusals.BadReport):
        reports.wish(asked)


def test_values_are_only_ever_values(bank):
    odd = ["' or 1=1 --", "%", "正常'); delete from loans; --", "\\", "class"]
    assert ask(bank[1]["001"], subject="loans", measures=["count"], where={"class": odd}).total.figures[None] == (0,)


def test_a_subject_is_open_to_whom_its_lists_are_open(bank):
    wang, chen, he = (bank[1][number] for number in ("001", "004", "005"))
    with pytest.raises(refusals.NotPermitted):
        ask(wang, subject="sign_ins", measures=["count"])
    with pytest.raises(refusals.NotPermitted):
        ask(he, subject="loans", measures=["count"])
    assert ask(chen, subject="sign_ins", measures=["count"]).total.figures[None][0] > 0
    assert ask(he, subject="jobs", measures=["count"], rows=["job"]).total.figures[None][0] > 0
    assert {s.wish.subject for s in reports.starters_for(he)} == {"jobs"}


def test_too_much_and_too_slow_are_said(bank, monkeypatch):
    wang = bank[1]["001"]
    monkeypatch.setattr(reports, "CELLS", 3)
    with pytest.raises(refusals.TooManyCells):
        ask(wang, subject="todos", measures=["count"], rows=["officer", "kind"])
    monkeypatch.setattr(reports, "SECONDS", 1)
    monkeypatch.setitem(SUBJECTS["jobs"].measures, "slow", Measure("x", sa.func.count(sa.func.pg_sleep(9))))
    with pytest.raises(refusals.TookTooLong):
        ask(wang, subject="jobs", measures=["slow"])


# --- What ships, and the command line ---------------------------------------------------------------------------------


def test_every_report_that_ships_answers_everybody_who_may_ask(bank):
    for number, person in bank[1].items():
        for starter in reports.starters_for(person):
            with access.reading(person) as conn:
                answer = reports.ask(conn, person, starter.wish, today=TODAY)
            assert len(answer.total.figures) > 0 or starter.wish.subject in ("moves", "jobs"), (number, starter.code)
    assert len(reports.starters()) >= 12


def test_the_command_line_prints_a_report_as_anybody(bank, capsys):
    assert command.main(["report", "classes", "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert command.main(["report", "classes", "--json", "--as", "802"]) == 0
    mine = json.loads(capsys.readouterr().out)
    count = [{f.get("column"): f for f in told["total"]["figures"]}[None]["count"] for told in (whole, mine)]
    sight = Sight(bank[1]["802"], bank[0])
    assert count == [8, sum(sight.sees("loans", loan) for loan in bank[0].rows["loans"])]
    assert command.main(["report", "no-such"]) == 1
    assert "no-such" in capsys.readouterr().err
    assert command.main(["report"]) == 0
    assert "五级分类迁徙" in capsys.readouterr().out
    assert command.main(["report", "overdue"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("合计")


def test_a_reader_without_a_role_sees_nothing(bank, capsys):
    assert command.main(["report", "classes", "--as", "806"]) == 1
    assert Role.MACHINE not in {person.role for person in bank[1].values()}
    assert "806" in capsys.readouterr().err


def test_keys_of_an_answer_lead_back_to_its_rows(bank):
    wang = bank[1]["001"]
    answer = ask(wang, subject="signals", measures=["count"], rows=["rule"], column="level")
    line = answer.lines[0]
    column, values = next((c, v) for c, v in line.figures.items() if c)
    with access.reading(wang) as conn:
        rows = list(reports.rows_behind(conn, wang, answer.wish, (*line.keys, column), "count", today=TODAY))
    assert len(rows) == values[0]
    assert {(r.rule, r.level) for r in rows} == {(line.keys[0], column)}


def test_the_table_of_subjects_joins_only_what_it_knows():
    for name, subject in SUBJECTS.items():
        used = {
            need
            for one in (*subject.dimensions.values(), *subject.details.values(), *subject.measures.values())
            for need in one.needs
        }
        assert used <= subject.joins.keys(), name
        assert set(subject.usual) <= subject.dimensions.keys()
        assert subject.opens is None or subject.opens[1] in subject.details
        assert not set(cube.GRAINS) & subject.dimensions.keys()
