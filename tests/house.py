"""What the code itself looks like: its modules, functions and what each calls, for the tests that hold it to its ways."""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("app", "pages", "api", "engine", "db")
WRITING = re.compile(
    r"\binsert\(|sa\.(insert|update|delete)\(|\bcopy_(rows|new)\(|vigil_note|vigil_reveal|vigil_tell|vigil_(grow_tree|settle_role|restructure)|vigil_(hand_on|take_back)_drafts|vigil_(un)?dress\("
    r"|^\s*(with .*)?(insert into|update \w+( \w+)? set|delete from|create |drop |alter |analyze |truncate )|\"(insert|update|delete|drop|alter) "
    r"|set_config|advisory",
    re.MULTILINE | re.IGNORECASE,
)


def sources(*folders: str) -> list[Path]:
    """Every Python file of these folders, and app.py as the folder `app`."""
    found = [ROOT / "app.py"] if "app" in folders else []
    for folder in folders:
        found += sorted((ROOT / folder).rglob("*.py"))
    return found


def floor_of(file: Path) -> str:
    return file.relative_to(ROOT).parts[0].removesuffix(".py")


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def nodes(file: Path, *kinds: type[ast.AST]) -> tuple[ast.AST, ...]:
    """What a file is made of: all, or of these kinds."""
    return tuple(node for node in nodes(file) if isinstance(node, kinds)) if kinds else tuple(ast.walk(tree(file)))


def modules(package: str) -> Iterator[ModuleType]:
    """Every module of a package that can be imported without starting anything."""
    for found in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
        if "migrations" not in found.name and not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def functions(package: str) -> Iterator[tuple[str, Callable]]:
    """(module.name without the package, function): public ones, where they are written."""
    for module in modules(package):
        for name, function in vars(module).items():
            here = getattr(function, "__module__", None) == module.__name__
            if inspect.isfunction(function) and here and not name.startswith("_"):
                yield f"{module.__name__.removeprefix(package + '.')}.{name}", function


def takes(function: Callable, *names: str) -> bool:
    """Whether these are the first of its parameters."""
    return tuple(inspect.signature(function).parameters)[: len(names)] == names


@cache
def writes(function: Callable) -> bool:
    """Whether it, or a neighbour it calls, changes something."""
    return _writes(inspect.unwrap(function), frozenset())


def _writes(function: Callable, seen: frozenset) -> bool:
    text = _source(function)
    if WRITING.search(text):
        return True
    for call in re.findall(r"\b(_\w+|[a-z_]+)\(", text):
        neighbour = function.__globals__.get(call)
        local = inspect.isfunction(neighbour) and neighbour.__module__ == function.__module__
        if local and neighbour not in seen and neighbour is not function and _writes(neighbour, seen | {function}):
            return True
    return False


_source = cache(inspect.getsource)
