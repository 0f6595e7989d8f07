"""What the documents say is so: words, tables, links, commands and settings are held to the code."""

import argparse
import inspect
import json
import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path

import pytest
import yaml

from db import access, accounts, settings, vocab
from db.access import MACHINE
from db.conditions import leaves
from db.vocab import Role
from engine import __main__ as command_line
from engine import opening, parameters, permits, rule_words, signal_rules, signals, words
from engine.demo import story

ROOT = settings.ROOT
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
FOR_TESTS = {"VIGIL_TEST_URL", "VIGIL_TRIALS"}  # read by the tests alone


@cache
def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def table(lines: str, head: str) -> list[list[str]]:
    """The cells of the table whose first heading is `head`, without backquotes."""
    rows = lines.split(f"| {head} |", 1)[1].split("\n")[2:]
    cells = []
    for row in rows:
        if not row.startswith("|"):
            break
        cells.append([cell.strip().strip("`") for cell in row.strip("|").split("|")])
    return cells


def section(page: str, title: str) -> str:
    """From a heading that begins so to the next of its own rank."""
    found = re.search(rf"^(#+) {re.escape(title)}.*?(?=^\1 |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"no heading {title}"
    return found[0]


# --- Words ------------------------------------------------------------------------------------------------------------

ENUMS = list(dict.fromkeys([*(type(word) for word, _ in words.NAMES), vocab.Anchor]))


def screen_names(enum: type[StrEnum]) -> dict[str, tuple[str, str]]:
    """Stored value -> what it is called in Chinese and in English."""
    english = {w: rule_words.ANCHORS[w] if enum is vocab.Anchor else words.msgid(w) for w in enum}
    words.language.set("zh")
    return {w.value: (words._(name), name) for w, name in english.items()}


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_the_glossary_has_every_word_that_users_see(enum):
    listed = table(section(text(DOCS / "glossary.md"), f"{enum.__name__} · "), "Stored")
    assert screen_names(enum).items() <= {value: (zh, en) for value, zh, en, _ in listed}.items()
    assert all(meaning.endswith(".") for *_, meaning in listed)


def test_the_glossarys_words_of_the_screens_are_on_the_screens():
    catalogue = "\n".join(words._catalogue().values())
    listed = table(section(text(DOCS / "glossary.md"), "1. "), "中文")
    assert [zh for zh, *_ in listed if zh not in catalogue] == []


# --- Tables that say what the code says -------------------------------------------------------------------------------


def test_the_table_of_permits_is_the_one_that_is_asked():
    page = text(DOCS / "administrators.md")
    heads = re.findall(r"`(\w+)`", re.search(r"^\| Permit \|.*$", page, re.MULTILINE)[0])
    rows = [
        [verb, permits.WORDS[verb], *("●" if Role(head) in roles else "" for head in heads)]
        for verb, roles in permits.PERMITS.items()
    ]
    written = "\n".join(f"| `{verb}` | {' | '.join(cells)} |" for verb, *cells in rows)
    assert table(page, "Permit") == rows, f"docs/administrators.md should say:\n{written}"


def test_the_table_of_parameters_is_the_one_in_use():
    rows = [[name, f"{p.default:g}", p.unit, p.what] for name, p in parameters.PARAMETERS.items()]
    written = "\n".join(f"| `{name}` | {' | '.join(cells)} |" for name, *cells in rows)
    assert table(text(DOCS / "administrators.md"), "Parameter") == rows, f"docs/administrators.md should say:\n{written}"


SHIPPED = [
    signal_rules.parse(body) for body in yaml.safe_load((opening.STARTERS / "signal_rules.yaml").read_text(encoding="utf-8"))
]


def test_the_catalogue_of_signals_lists_the_shipped_rules_and_no_others():
    page = text(DOCS / "signals.md")
    assert re.findall(r"^#### (\w+) (.*) · (.*)$", page, re.MULTILINE) == sorted(
        (r.code, r.title["en"], r.title["zh"]) for r in SHIPPED
    )
    assert f"Vigil ships {len(SHIPPED)} of them" in page


@pytest.mark.parametrize("rule", SHIPPED, ids=lambda rule: rule.code)
def test_each_signal_is_described_as_it_is_shipped(rule):
    said = section(text(DOCS / "signals.md"), f"{rule.code} ")
    words.language.set("en")
    assert re.search(r"About: (\w+)\. Quiet after closing: (\d+) days", said).groups() == (
        rule.subject,
        str(rule.cooldown_days),
    )
    levels = [(step.level, signal_rules.words_of(step.who, rule.subject)) for step in rule.levels]
    assert re.findall(r"^- \*\*(\w+)\*\* when (.*)\.$", said, re.MULTILINE) == levels
    inputs, evidence = (re.findall(r"`(\w+)`", part) for part in re.search(r"Inputs: (.*)\. Evidence: (.*)\.", said).groups())
    assert inputs == list(dict.fromkeys(leaf["field"] for step in rule.levels for leaf in leaves(step.who)))
    assert evidence == rule.evidence
    assert "- Do: " in said
    measures = re.findall(r"\*([A-Z][^*]+)\*", re.search(r"^- Do: .*$", said, re.MULTILINE)[0])
    assert set(measures) <= set(signals.MEASURES)


def test_every_input_of_a_shipped_signal_is_explained():
    listed = {name: shown for name, shown, *_ in table(text(DOCS / "signals.md"), "Field")}
    used = {leaf["field"] for r in SHIPPED for step in r.levels for leaf in leaves(step.who)} | {
        f for r in SHIPPED for f in r.evidence
    }
    words.language.set("en")
    assert listed == {name: words.field(name) for name in used}


def test_both_readmes_name_the_demo_sign_ins_and_customers():
    for page in (ROOT / "README.md", ROOT / "README.zh.md"):
        listed = [(user, person) for user, person, *_ in table(text(page), "User name" if page.name == "README.md" else "用户名")]
        assert listed == [(user, name) for user, _, _, name, _ in story.SIGN_INS]
        assert story.PASSWORD in text(page)
        told = inspect.getsource(story)
        assert all(customer in told for customer in re.findall(r"「(.+?)」", text(page)))


def test_the_first_accounts_are_opened_as_the_operators_are_told(small_bank, capsys):
    told = re.findall(r"^ {4}\S+ -m engine account (\S+)(.*)$", text(DOCS / "operators.md"), re.MULTILINE)
    stand_for = {0: "007", 1: "001", 3: "A001"}  # nobody here has the third one's post
    for n, (_number, options) in enumerate(told):
        if n in stand_for:
            assert command_line.main(["account", "--json", stand_for[n], *options.split()]) == 0
            opened = json.loads(capsys.readouterr().out)
            with access.reading(MACHINE) as conn:
                assert accounts.by_username(conn, opened["staff_no"].lower()).must_change
    assert (opened["name"], opened["role"]) == ("林霞", Role.SECURITY_ADMIN)


# --- Links, commands, settings ----------------------------------------------------------------------------------------


def links(page: Path) -> Iterator[str]:
    prose = re.sub(r"```.*?```|^ {4}.*$|`[^`]*`", "", text(page), flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"\]\(([^)\s]+)\)", prose)
    yield from re.findall(r'(?:src|href|srcset)="([^"]+)"', prose)


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    plain = (re.sub(r"[`*]", "", title).strip().lower() for title in re.findall(r"^#+ (.*)$", text(page), re.MULTILINE))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in plain}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page):
    lost = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or anchor and anchor not in anchors(target):
            lost.append(link)
    assert lost == []


def commands() -> dict[str, argparse.ArgumentParser]:
    return next(a for a in command_line._parser()._actions if isinstance(a, argparse._SubParsersAction)).choices


def make_words() -> set[str]:
    makefile = text(ROOT / "Makefile")
    return set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_exists_with_its_options(page):
    known = commands()
    for line in re.findall(r"python -m engine ([^\n`]*)", text(page)):
        word = re.match(r"[a-z]+", line)
        if word:
            assert word[0] in known, line
            options = re.findall(r"(?<=\s)--[a-z-]+", re.split(r"\s#|\s{3}", line)[0])
            assert set(options) <= set(known[word[0]]._option_string_actions), line


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_word_for_make_exists(page):
    quoted = re.findall(r"`make ([a-z]+)[^`]*`|^ {4}make ([a-z]+)", text(page), re.MULTILINE)
    assert {one or other for one, other in quoted} <= make_words()


def test_the_settings_in_the_documents_are_those_that_are_read():
    code = {name for file in (ROOT / "db").rglob("*.py") for name in re.findall(r'"(VIGIL_[A-Z_]+)"', text(file))}
    said = set(re.findall(r"VIGIL_[A-Z]+(?:_[A-Z]+)*", settings.__doc__))
    listed = {name for name, *_ in table(text(DOCS / "operators.md"), "Variable")}
    mentioned = {name for page in PAGES for name in re.findall(r"VIGIL_[A-Z]+(?:_[A-Z]+)*", text(page))}
    assert code == said == listed - {"DATABASE_URL"}
    assert mentioned - FOR_TESTS == code


def built_pages() -> dict[str, bool]:
    """Address -> whether its page is there."""
    entries = re.findall(r'Entry\("([a-z-]+)", "([a-z_/]+\.py)"', text(ROOT / "pages" / "parts" / "menu.py"))
    return {f"/{address}": (ROOT / "pages" / file).exists() for address, file in entries}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_document_sends_anybody_to_a_page_that_is_not_built(page):
    known = built_pages()
    sent = {f"/{name}" for name in re.findall(r"`/([a-z-]+)(?:\?[^`]*)?`", text(page))}
    assert {address for address in sent if known.get(address) is False} == set()


def test_decisions_are_numbered_without_a_gap_and_have_one_shape():
    files = sorted((DOCS / "decisions").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        parts = re.findall(r"^## (.*)$", text(file), re.MULTILINE)
        assert parts == ["Context", "Decision", "Consequences"], file.name
        assert len(text(file).splitlines()) <= 60, file.name
        assert text(file).startswith(f"# {int(file.name[:4])}. "), file.name
