"""Every text on a screen exists in both languages, and only once."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from db import settings
from db.told import Told
from engine import permits, refusals, words
from engine.words import _
from tests import house

FLOORS = ("pages", "engine", "api", "db")

# Of our own functions: which arguments are texts of the catalogue, by place or by name.
TELLING = {
    "_": (0,), "Column": (1, "label", "help"), "Field": (0,), "Listing": (0,), "Entry": (2,), "Job": (0, 1), "Finding": (0,), "Parameter": (2,),
    "heading": (0,), "empty": (0, 1), "count": (1, 2), "lines": (2,), "button": (0,), "act": (2,), "card": (0, 3, 5),
    "text": (1, 2, "label", "placeholder"), "word": (1,), "choice": (1,), "one_of": (1,), "always": (1,), "flag": (1,), "day": (1,),
    "_choice": (0,),
    "Subject": (0,), "Dimension": (0,), "Measure": (0,), "Detail": (0,), "Day": (0,), "counted": (0,), "summed": (0,),
    "_one": (1,), "_several": (1,), "_day": (1,), "distinct": (0,), "share": (0,), "mean": (0,),
    "_section": (1,), "facts": (0,),
}  # fmt: skip
# Tables in the code whose values are texts of the catalogue.
TABLES = {
    "AGAINST", "TURNS",
   
   
    "SORTS", "VIEWS", "TABS", "STATES", "OPS", "LABELS", "NOUNS", "ANCHORS", "MEASURES", "VERDICTS", "SOURCES", "TABLES", "PERIODS",
    "KILOMETRES", "COPIED_FROM", "RANKED", "WEEKDAYS", "THEMES", "MINE", "PLACES", "REASONS", "FIELDS", "WHAT", "HAPPENED",
    "DENSITIES", "SIZES", "PARTS", "FOUND", "READ_FROM", "FAILURES", "NAVIGATORS", "PROBLEMS", "TOLD",
    "GRADES", "BUTTONS", "OUTCOMES", "HINTS", "WHICH", "MARKS", "SEEN_AS", "CAUSES", "QUEUE_SORTS", "TIMES", "BANDS",
    "ANSWERS", "FROM_THE_BOOKS", "BEGUN_ROWS", "PLANNED", "IDENTITY", "BECOMES", "JOINS", "MONTHS", "HOLIDAYS",
}  # fmt: skip
NOT_TEXTS = {"pages/field/me.py": {"_choice"}, "db/settings.py": {"_choice"}, "db/bulk.py": {"TABLES"}}
# Words that stand in Latin letters in Chinese sentences too.
LATIN = {
    "A",
    "B",
    "C",
    "D",
    "E",
    "v",
    "Excel",
    "IT",
    "JavaScript",
    "PostgreSQL",
    "YYYYMMDD",
    "PDF",
    "ID",
    "Vigil",
    "MB",
    "M",
    "Ctrl-C",
    "demo",
    "md",
    "GPS",
    "NPL",
    "HTTPS",
    "as-of",
}


def sources() -> Iterator[Path]:
    for floor in FLOORS:
        for file in sorted((settings.ROOT / floor).rglob("*.py")):
            if not {"demo", "migrations"} & set(file.relative_to(settings.ROOT).parts):
                yield file


@cache
def used() -> dict[str, str]:
    """Every text of the catalogue that the code names, and one file that does."""
    found = {}
    for file in sources():
        name = str(file.relative_to(settings.ROOT))
        for node in house.nodes(file, ast.Call, ast.Assign, ast.AnnAssign):
            for text in _texts(node, NOT_TEXTS.get(name, set())):
                if re.search("[A-Za-z]{2}", re.sub(r"\{[^}]*\}", "", text)):
                    found.setdefault(text, name)
    for refusal in _all_below(Told):
        found.setdefault(" ".join((refusal.__doc__ or "").split()), "engine/refusals.py")
    found |= dict.fromkeys(permits.WORDS.values(), "engine/permits.py")
    return found | dict.fromkeys((text for _word, text in words.NAMES), "engine/words.py")


def _texts(node: ast.AST, silent: set[str]) -> Iterator[str]:
    if isinstance(node, ast.Call):
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        for place in TELLING.get(called, ()) if called not in silent else ():
            if isinstance(place, int) and len(node.args) > place:
                yield from _strings(node.args[place], called == "facts")
            for keyword in node.keywords:
                if keyword.arg == place:
                    yield from _strings(keyword.value)
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        name = (
            target.id
            if isinstance(target, ast.Name)
            else getattr(target.elts[0], "id", "")
            if isinstance(target, ast.Tuple)
            else ""
        )
        if name in TABLES and not silent & TABLES:
            yield from _in_table(node.value)


def _strings(node: ast.AST, keys: bool = False) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _strings(node.body)
        yield from _strings(node.orelse)
    elif isinstance(node, ast.Dict) and keys:
        for key in node.keys:
            yield from _strings(key)


def _in_table(node: ast.AST) -> Iterator[str]:
    """A table's texts: a dictionary's values, a tuple's elements, and of nested tuples the first."""
    if isinstance(node, ast.Dict):
        for value in node.values:
            yield from _strings(value.elts[0] if isinstance(value, ast.Tuple) else value)
    elif isinstance(node, ast.Tuple | ast.List):
        for element in node.elts:
            yield from _strings(element.elts[0] if isinstance(element, ast.Tuple) else element)


def _all_below(cls: type) -> Iterator[type]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _all_below(sub)


@cache
def every_string() -> set[str]:
    """Whatever stands between quotation marks in the code, docstrings of refusals included."""
    found = {" ".join((refusal.__doc__ or "").split()) for refusal in _all_below(Told)}
    for file in sources():
        found |= {node.value for node in house.nodes(file, ast.Constant) if isinstance(node.value, str)}
    return found


def catalogue() -> dict[str, str]:
    return words._catalogue()


def holes(text: str) -> list[str]:
    """Of "{0:,} of {name}": 0 and name."""
    return sorted(re.findall(r"\{(\w*)[^}]*\}", text))


class TestTheCatalogue:
    def test_every_text_of_the_code_is_in_chinese(self):
        missing = {text: file for text, file in used().items() if text not in catalogue()}
        assert missing == {}

    def test_nothing_in_it_is_left_over(self):
        assert [text for text in catalogue() if text not in every_string()] == []

    def test_no_text_is_there_twice(self):
        """Of two translations of one text the readers would see whichever was read last."""
        written = (settings.ROOT / "assets/locales/zh_CN.po").read_text(encoding="utf-8")
        texts = re.findall(r"^msgid (.+(?:\n\".*)*)", written, re.MULTILINE)
        assert len(texts) > 1000 and len(texts) == len(set(texts))

    def test_both_languages_have_the_same_places_to_fill_in(self):
        assert {text: zh for text, zh in catalogue().items() if set(holes(text)) != set(holes(zh))} == {}

    def test_the_chinese_is_chinese(self):
        """Latin words are names of things that Chinese readers call so too."""
        latin = {}
        for text, zh in catalogue().items():
            rest = re.sub(r"\{[^}]*\}|:material/\w+:|[A-Z]+[-=][\w=;,-]+|[A-Z]+_[A-Z]+|python -m engine[ \w-]*|_", " ", zh)
            if strange := set(re.findall(r"[A-Za-z][A-Za-z-]*", rest)) - LATIN:
                latin[text] = (zh, strange)
        assert latin == {}

    def test_the_chinese_has_chinese_punctuation(self):
        half = re.compile("[\u4e00-\u9fff][,;:?!()]|[,;:?!()][\u4e00-\u9fff]")
        assert {text: zh for text, zh in catalogue().items() if half.search(zh)} == {}

    def test_the_english_has_no_chinese(self):
        assert [text for text in catalogue() if re.search("[\u4e00-\u9fff，。；：（）]", text)] == []


class TestSaying:
    @pytest.mark.parametrize("refusal", sorted(_all_below(refusals.Refusal), key=lambda r: r.__name__))
    def test_every_refusal_can_be_said_in_both_languages(self, refusal):
        details = dict.fromkeys(holes(" ".join(refusal.__doc__.split())), "42")
        for language in words.LANGUAGES:
            words.language.set(language)
            assert "42" in refusal(**details).sentence(_) or not details

    def test_a_detail_of_ours_is_said_in_the_readers_language(self):
        words.language.set("zh")
        assert "dashboard" not in refusals.NotPermitted(verb="see the dashboard").sentence(_)

    def test_a_large_number_in_a_reason_is_written_as_elsewhere(self):
        words.language.set("zh")
        assert words.reason("row_drop:dk:37300:30100") == "表 dk 由 37,300 行降至 30,100 行"
        assert words.reason("gap:2026-11-30:2026-12-03") == "2026-11-30 至 2026-12-03 没有数据"

    def test_what_people_typed_stays_as_they_typed_it(self):
        words.language.set("zh")
        assert "31. Februar" in refusals.BadDate(value="31. Februar").sentence(_)

    def test_every_value_of_the_bank_has_a_name(self):
        words.language.set("zh")
        assert all(re.search("[\u4e00-\u9fff]|IT", words.name(word)) for word, _text in words.NAMES)
