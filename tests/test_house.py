"""The house keeps its ways: who may import whom, where time is asked, what is documented, how long a function is."""

import ast
import inspect
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median

import pytest

from db.told import Told
from engine import refusals, words
from tests import house

MAY_IMPORT = {
    "app": {"pages", "api", "engine", "db"},
    "pages": {"engine", "db"},
    "api": {"engine", "db"},
    "engine": {"db"},
    "db": set(),
}
BELONGS_TO = {
    "streamlit": {"app", "pages"}, "streamlit_authenticator": {"pages"}, "plotly": {"pages"}, "pydeck": {"pages"},
    "sqlalchemy": {"db"}, "psycopg2": {"db"}, "alembic": {"db"},
    "starlette": {"app", "api"}, "uvicorn": {"app", "api", "engine"},
}  # fmt: skip
CLOCKS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "datetime.datetime.now",
    "datetime.date.today",
}
LONGEST, MIDDLING = 45, 12  # lines of a function, without its SQL and its docstring
SELF_EVIDENT = 12  # lines of a public function that needs no docstring


def imported(file: Path) -> Iterator[tuple[int, str]]:
    for node in house.nodes(file, ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        else:
            yield node.lineno, node.module or ""


def imports() -> Iterator[tuple[str, str, str]]:
    """(floor, file and line, what is imported)."""
    for file in house.sources(*house.FLOORS):
        for line, name in imported(file):
            yield house.floor_of(file), f"{file.relative_to(house.ROOT)}:{line}", name


def test_nobody_looks_up():
    up = [
        (where, name) for floor, where, name in imports()
        if (root := name.split(".")[0]) in house.FLOORS and root != floor and root not in MAY_IMPORT[floor]
    ]  # fmt: skip
    assert up == []


def test_every_library_stays_on_its_floor():
    astray = [
        (where, name) for floor, where, name in imports() if floor not in BELONGS_TO.get(name.split(".")[0], house.FLOORS)
    ]  # fmt: skip
    assert astray == []


def test_pages_and_api_only_read_from_the_store():
    writers = {name for name, function in house.functions("db") if house.takes(function, "conn") and house.writes(function)}
    machinery = ("bulk", "copying", "demo", "generation", "loading", "scratch", "security", "store")
    wrong = []
    for file in house.sources("pages", "api"):
        taken = _modules_of_db(file)
        wrong += [(file.name, module) for module in taken.values() if module in machinery]
        for node in house.nodes(file, ast.Call):
            if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                called = f"{taken.get(node.func.value.id)}.{node.func.attr}"
                wrong += [(file.name, called)] if called in writers else []
    assert wrong == []


def _modules_of_db(file: Path) -> dict[str, str]:
    """Under which name this file knows which module of db."""
    taken = [node for node in house.nodes(file, ast.ImportFrom) if node.module == "db"]
    return {alias.asname or alias.name: alias.name for node in taken for alias in node.names}


def test_only_one_module_asks_what_time_it_is():
    asked = []
    for file in house.sources(*house.FLOORS):
        if file.relative_to(house.ROOT).as_posix() != "engine/clock.py":
            asked += [
                f"{file.relative_to(house.ROOT)}:{node.lineno}" for node in house.nodes(file, ast.Call) if _called(node) in CLOCKS
            ]
    assert asked == []


def test_nobody_prints_but_the_command_line():
    printed = [
        f"{file.relative_to(house.ROOT)}:{node.lineno}"
        for file in house.sources(*house.FLOORS) if not _is_a_command(house.tree(file))
        for node in house.nodes(file, ast.Call) if _called(node) == "print"
    ]  # fmt: skip
    assert printed == []


def _called(node: ast.Call) -> str:
    """`time.time` of `time.time()`; nothing where what is called has no name."""
    return ast.unparse(node.func) if isinstance(node.func, (ast.Name, ast.Attribute)) else ""


def _is_a_command(tree: ast.Module) -> bool:
    """Can be run by itself: python -m ..."""
    return any(isinstance(part, ast.If) and "__main__" in ast.unparse(part.test) for part in tree.body)


def test_the_code_knows_nothing_beyond_its_own_folder():
    for file in house.sources(*house.FLOORS, "tests"):
        text = file.read_text(encoding="utf-8")
        assert file.name == "test_house.py" or not re.search(r"\.\./shared|/work/|/root/", text), file


# --- Functions and their words ---------------------------------------------------------------------------------------


def defined(*floors: str) -> Iterator[tuple[str, ast.AST]]:
    """(place, definition) of every module, class and function, methods included."""
    for file in house.sources(*floors):
        if "migrations" not in file.parts:
            place = str(file.relative_to(house.ROOT))
            yield place, house.tree(file)
            for node in house.nodes(file, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef):
                yield f"{place}:{node.lineno} {node.name}", node


def lines_of(node: ast.AST) -> int:
    """Of a function's body: without decorators and signature, docstring, blank lines, comments and texts of several lines."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    busy = set()
    for statement in body:
        for part in ast.walk(statement):
            if hasattr(part, "lineno"):
                busy.update(
                    (part.lineno, part.end_lineno)
                    if _is_text(part) or not isinstance(part, ast.expr)
                    else range(part.lineno, part.end_lineno + 1)
                )
    for statement in body:
        for part in ast.walk(statement):
            if _is_text(part):
                busy -= set(range(part.lineno + 1, part.end_lineno))
    return len(busy)


def _is_text(node: ast.AST) -> bool:
    several = getattr(node, "end_lineno", 0) != getattr(node, "lineno", 0)
    return several and (isinstance(node, ast.JoinedStr) or isinstance(node, ast.Constant) and isinstance(node.value, str))


def test_functions_are_short():
    sizes = {
        where: lines_of(node) for where, node in defined(*house.FLOORS) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert median(sizes.values()) <= MIDDLING
    assert {where: size for where, size in sizes.items() if size > LONGEST} == {}


def test_what_a_stranger_would_ask_is_said():
    """Modules; public classes that are more than a list of words or a refusal; public functions that do not read at a glance."""
    silent = []
    for where, node in defined("engine", "db"):
        if (
            ast.get_docstring(node)
            or getattr(node, "name", "").startswith(("_", "main"))
            or where.split(":")[0].endswith("__init__.py")
            and not node.body
        ):
            continue
        if isinstance(node, ast.ClassDef) and _says_itself(node):
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and (lines_of(node) <= SELF_EVIDENT or _is_inner(where, node)):
            continue
        silent.append(where)
    assert silent == []


def _says_itself(node: ast.ClassDef) -> bool:
    """Words of the bank with their Chinese beside them, or a row of named values."""
    named = all(isinstance(part, (ast.Assign, ast.AnnAssign)) for part in node.body)
    bases = {ast.unparse(base) for base in node.bases}
    return named and (lines_of(node) <= SELF_EVIDENT or bool(bases & {"StrEnum", "NamedTuple"}))


def _is_inner(where: str, node: ast.AST) -> bool:
    """A function within a function speaks through the one around it."""
    tree = house.tree(house.ROOT / where.split(":")[0])
    return node.col_offset > 0 and any(
        node in ast.walk(other) for other in ast.walk(tree) if isinstance(other, ast.FunctionDef) and other is not node
    )


# --- Refusals --------------------------------------------------------------------------------------------------------


def everything_told() -> list[type[Told]]:
    found, waiting = [], [Told]
    while waiting:
        below = waiting.pop().__subclasses__()
        found += below
        waiting += below
    return [told for told in found if told.__module__.startswith(("db.", "engine.", "api.", "pages."))]


@pytest.mark.parametrize("told", everything_told(), ids=lambda told: told.__name__)
def test_every_refusal_is_a_sentence_in_both_languages(told):
    sentence = " ".join((told.__doc__ or "").split())
    assert sentence
    assert sentence[-1] in ".}?" or ": python -m engine " in sentence
    assert words._(sentence) != sentence
    assert set(re.findall(r"{(\w+)", words._(sentence))) == set(re.findall(r"{(\w+)", sentence))


@pytest.mark.parametrize("told", everything_told(), ids=lambda told: told.__name__)
def test_every_refusal_can_happen(told):
    """Raised, returned or shown somewhere else than where it is defined."""
    if told in (refusals.Refusal, *(base for other in everything_told() for base in other.__mro__[1:])):
        return  # says no through those below it
    home = inspect.getsourcefile(told)
    assert any(not (str(file) == home and stored) for file, stored in mentions()[told.__name__])


@cache
def mentions() -> dict[str, set[tuple[Path, bool]]]:
    """Where each name stands in the code: the file, and whether it gets a value there."""
    found: dict[str, set[tuple[Path, bool]]] = defaultdict(set)
    for file in house.sources(*house.FLOORS):
        for node in house.nodes(file, ast.Attribute, ast.Name):
            found[node.attr if isinstance(node, ast.Attribute) else node.id].add((file, isinstance(node.ctx, ast.Store)))
    return found


def test_every_refusal_is_said_with_all_its_details():
    """Whoever raises one gives each value that its sentence has a place for."""
    by_name = {told.__name__: told for told in everything_told()}
    for file in house.sources(*house.FLOORS):
        for raised in (node.exc for node in house.nodes(file, ast.Raise)):
            name = ast.unparse(raised.func if isinstance(raised, ast.Call) else raised).split(".")[-1] if raised else ""
            told = by_name.get(name)
            if told is not None and told.__init__ is Told.__init__:
                given = {keyword.arg for keyword in raised.keywords} if isinstance(raised, ast.Call) else set()
                needed = set(re.findall(r"{(\w+)", told.__doc__ or ""))
                assert None in given or needed <= given, f"{file.name}:{raised.lineno} {name}"
