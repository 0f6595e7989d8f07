"""A mapping that cannot work is refused when it is written, with a sentence that says where and what."""

import copy
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from engine import opening, refusals, words
from engine.feed import mapping

OWN = yaml.safe_load((opening.STARTERS / "mappings" / "own.yaml").read_text(encoding="utf-8"))
UNION = yaml.safe_load((opening.STARTERS / "mappings" / "union.yaml").read_text(encoding="utf-8"))
TESE = ("tables", "tese")
FIELDS = (*TESE, "fields")


def changed(body: dict, path: tuple[str, ...], value: object) -> dict:
    """The body with one value put elsewhere; a value that is ... takes the key away."""
    body = copy.deepcopy(body)
    at = body
    for key in path[:-1]:
        at = at[key]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return body


def own(*path: str, to: object) -> Callable[[], object]:
    return lambda: mapping.parse(changed(OWN, path, to))


def union(*path: str, to: object) -> Callable[[], object]:
    return lambda: mapping.parse(changed(UNION, path, to))


def text(words: str) -> Callable[[], object]:
    return lambda: mapping.from_yaml(words)


HOSTILE = [
    (text(""), "a mapping is made of lines"),
    (text("- a\n- b"), "a mapping is made of lines"),
    (text("source: [unclosed"), "this cannot be read"),
    (text("a: &a [*a]"), "this key is missing"),
    (text("[" * 5000), "this cannot be read"),
    (text("source: \x00"), "this cannot be read"),
    (text("!!python/object/apply:os.system ['true']"), "this cannot be read"),
    (lambda: mapping.parse(None), "a mapping is made of lines"),
    (lambda: mapping.parse({}), "source: this key is missing"),
    (own("source", to="Own; drop table loans"), "source: "),
    (own("source", to="../own"), "source: "),
    (own("source", to=7), "source: must be a text"),
    (own("title", to={"fr": "Propres"}), "title.fr"),
    (own("format", to="pdf"), "format: can be: delimited, csv, xlsx"),
    (own("encoding", to="utf-16"), "utf-16 is not an encoding of Chinese bank files"),
    (own("encoding", to="base64"), "is not an encoding"),
    (own("encoding", to="klingon"), "is not an encoding"),
    (own("encoding", to="\x00"), "is not an encoding"),
    (own("delimiter", to="||"), "needs a delimiter of one sign"),
    (own("delimiter", to='"'), "needs a delimiter of one sign"),
    (own("delimiter", to=""), "needs a delimiter of one sign"),
    (union("delimiter", to="\n"), "no line break"),
    (own("columns", to="guess"), "columns: can be"),
    (own("columns", to="ddl"), "With columns: ddl every table needs its file ddl"),
    (own("columns", to="listed"), "goes with a list of columns in every table"),
    (own(*TESE, "columns", to=["A"]), "goes with a list of columns in every table"),
    (own("snapshot", to="sometimes"), "snapshot: can be"),
    (own("deleted", to={"column": "x", "text": "D"}), "deleted goes with snapshot: delta"),
    (lambda: mapping.parse(changed(OWN, ("snapshot",), "delta") | {"deleted": {"column": "x"}}), "deleted needs column, text"),
    (own("date_format", to="tomorrow"), "tomorrow does not name year, month and day"),
    (own("date_format", to="%Y"), "does not name year, month and day"),
    (own("no_date", to=["never"]), "never is not written like 29991231"),
    (own("tables", to={}), "tables: "),
    (own("tables", to=["tese"]), "tables: "),
    (own("tables", to={"Tese; --": OWN["tables"]["tese"]}), "cannot name a table"),
    (own("tables", to={"a": OWN["tables"]["tese"], "b": OWN["tables"]["tese"]}), "loans must come from one table"),
    (own(*TESE, "noun", to="pets"), "there is no noun pets; it can be: branches, staff"),
    (own(*TESE, "file", to="../../etc/passwd"), "without a path"),
    (union("tables", "dk", "ddl", to="/etc/passwd"), "without a path"),
    (own(*TESE, "file", to=""), "tables.tese.file"),
    (own(*TESE, "header_row", to=0), "tables.tese.header_row"),
    (own(*TESE, "colour", to="red"), "tables.tese.colour: there is no such key"),
    (own(*FIELDS, to="all of them"), "tables.tese.fields"),
    (own(*FIELDS, "loan_no", to=...), "loans needs the fields: loan number (loan_no)"),
    (own(*FIELDS, "shoe_size", to="鞋码"), "loans has no field shoe_size"),
    (own(*FIELDS, "loan_no", to=""), "tables.tese.fields.loan_no"),
    (own(*FIELDS, "loan_no", to=None), "tables.tese.fields.loan_no"),
    (own(*FIELDS, "class", to="风险分类"), "five-tier class (class) needs codes"),
    (own(*FIELDS, "class", to={"column": "x", "codes": {"正常": "good"}}), "five-tier class (class) cannot be good"),
    (own(*FIELDS, "class", to={"column": "x", "codes": {10: "normal"}}), 'write it in quotes: "10"'),
    (own(*FIELDS, "agri", to={"column": "x", "codes": {"1": "yes"}}), "which text of the file is true"),
    (own(*FIELDS, "loan_no", to={"column": "x", "codes": {"1": "2"}}), "takes no codes"),
    (own(*FIELDS, "amount", to={"column": "x", "unit": 0}), "tables.tese.fields.amount.unit"),
    (own(*FIELDS, "amount", to={"column": "x", "unit": float("inf")}), "tables.tese.fields.amount.unit"),
    (own(*FIELDS, "loan_no", to={"column": "x", "unit": 10}), "takes no unit"),
    (own(*FIELDS, "loan_no", to={"column": "x", "format": "%Y%m%d"}), "takes no format"),
    (own(*FIELDS, "disbursed_on", to={"column": "x", "format": "%d"}), "does not name year, month and day"),
    (own(*FIELDS, "customer", to={"column": "x", "by": "name"}), "cannot be given by name; it can be given by: number, identity"),
    (own(*FIELDS, "branch", to={"column": "x", "by": "code"}), ": leave that out"),
    (own("products", to=[{"code": "X", "name": "X", "family": "astrology"}]), "products.0.family: can be"),
    (own("families", to=[{"family": "farm", "words": []}]), "families.0.words"),
    (union("as_of_column", to="JJH"), "JJH holds the business date"),
]


def said(attempt: Callable[[], object], language: str) -> str:
    token = words.language.set(language)
    try:
        with pytest.raises(refusals.BadMapping) as no:
            attempt()
        return no.value.sentence(words._)
    finally:
        words.language.reset(token)


@pytest.mark.parametrize(("attempt", "sentence"), HOSTILE, ids=[f"{n}-{s[:30]}" for n, (_, s) in enumerate(HOSTILE)])
def test_a_mapping_that_cannot_work_is_refused_in_the_readers_words(attempt, sentence):
    assert sentence in said(attempt, "en")
    assert not re.search("[一-鿿]", said(attempt, "en").replace("鞋码", "")), "no Chinese in it"
    told = said(attempt, "zh").partition("：")[2]
    assert re.search("[一-鿿]", told) and not re.search(r"[Ii]nput should|[Vv]alue error|must|\bis\b|needs", told)


@pytest.mark.parametrize("file", sorted((opening.STARTERS / "mappings").glob("*.yaml")), ids=lambda file: file.stem)
def test_shipped_mappings_are_good(file: Path):
    found = mapping.from_yaml(file.read_text(encoding="utf-8"))
    assert found.source == file.stem


def test_tables_are_taken_in_the_order_of_what_they_refer_to():
    assert [name for name, _ in mapping.parse(UNION).in_order()] == ["jg", "yg", "cp", "kh", "dk", "wy", "bz"]
