"""A PostgreSQL for the tests, a database of its own for each, and the people of the small bank."""

import os
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa
from streamlit.components.v2 import manifest_scanner

from db import access, server, staff, store
from db.access import MACHINE, Person
from db.vocab import Role
from engine import opening, words
from engine.feed import load
from tests import bank, planted
from tests.browsing import Windows, browser

# The same examples on every machine, so that a red run can be run again and a green one means the same everywhere.
# Whoever searches for new ones says how long (`make chaos`).
if "VIGIL_TRIALS" not in os.environ:
    hypothesis.settings.register_profile("the same each time", derandomize=True, print_blob=True)
    hypothesis.settings.load_profile("the same each time")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """File by file, the long ones first, so that those who share the files end together."""
    tests = Counter(item.path for item in items)
    long = {item.path for item in items if {"browser", "slow"} & {mark.name for mark in item.iter_markers()}}
    items.sort(key=lambda item: (item.path not in long, -tests[item.path], item.path))


@pytest.fixture(scope="session")
def administrator() -> Iterator[sa.Engine]:
    """An administrator's way into the tests' server: the embedded one, or VIGIL_TEST_URL."""
    with tempfile.TemporaryDirectory(prefix="vigil-tests-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)  # as root the server runs as somebody else
        os.environ["VIGIL_HOME"] = home
        given = os.environ.get("VIGIL_TEST_URL")
        url = given or server.ensure(Path(home)).url()
        opened = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        if not given:
            be_forgetful(opened)
        yield opened
        store.close()
        server.leave_all()


def be_forgetful(administrator: sa.Engine) -> None:
    """Nobody needs this server's data after the power has failed, so that it need not wait for the disk; nor does any of its
    databases live long enough to be tidied."""
    with administrator.connect() as conn:
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
            conn.exec_driver_sql(f"alter system set {setting} = off")
        conn.exec_driver_sql("select pg_reload_conf()")


@pytest.fixture(scope="session")
def templates(administrator) -> dict[str, str]:
    """Two databases to clone: an empty store, and the small bank after its first feed."""
    names = {what: f"vigil_{what}_{uuid.uuid4().hex[:8]}" for what in ("empty", "bank")}
    with using(administrator, names["empty"]):
        opening.open_store()
    create(administrator, names["bank"], like=names["empty"])
    with using(administrator, names["bank"]):
        plant_small_bank(Path(os.environ["VIGIL_HOME"]) / "first")
    return names


def plant_small_bank(inbox: Path) -> None:
    move_in(bank.first_delivery(), inbox)


def move_in(first: bank.Delivery, inbox: Path, people: Sequence[tuple] = bank.STAFF) -> None:
    """The bank's first delivery, and each of these people in his role."""
    load.load(first.write(inbox))
    give_roles({number: role for number, _name, _branch, _post, role in people})


def give_roles(roles: Mapping[str, str]) -> None:
    """By staff number, since long ago."""
    with access.transaction(MACHINE, "test") as conn:
        for number, role in roles.items():
            staff.grant(conn, staff.by_number(conn, number).id, Role(role), date(2020, 1, 1))


class using:
    """The process's store is this database for a while."""

    def __init__(self, administrator: sa.Engine, name: str) -> None:
        self.url = administrator.url.set(database=name).render_as_string(hide_password=False)

    def __enter__(self) -> str:
        store.close()
        opening.open_store.cache_clear()
        self.before = os.environ.get("DATABASE_URL")
        os.environ["DATABASE_URL"] = self.url.replace("postgresql+psycopg2", "postgresql")
        return self.url

    def __exit__(self, *_: object) -> None:
        store.close()
        opening.open_store.cache_clear()
        os.environ.pop("DATABASE_URL")
        if self.before:
            os.environ["DATABASE_URL"] = self.before


def create(administrator: sa.Engine, name: str, like: str) -> None:
    with administrator.connect() as conn:
        conn.exec_driver_sql(f'create database "{name}" template "{like}" strategy file_copy')  # the quickest without fsync


@pytest.fixture
def empty(administrator, templates):
    """A migrated store with the shipped rules and nothing else."""
    yield from cloned(administrator, templates["empty"])


@pytest.fixture
def small_bank(administrator, templates):
    """The small bank on the evening of its first feed; nothing generated yet."""
    yield from cloned(administrator, templates["bank"])


def planted_template(administrator: sa.Engine, templates: dict[str, str]) -> str:
    """A database to clone, with the bank of tests/planted.py; made once for all files of tests."""
    if "planted" not in templates:
        name = templates["empty"].replace("empty", "planted")
        create(administrator, name, like=templates["empty"])
        with using(administrator, name):
            planted.plant(store.settings.home() / name)
        templates["planted"] = name
    return templates["planted"]


def cloned(administrator, template: str):
    name = f"vigil_t_{uuid.uuid4().hex[:12]}"
    create(administrator, name, like=template)
    try:
        with using(administrator, name) as url:
            yield url
    finally:
        with administrator.connect() as conn:
            conn.exec_driver_sql(f'drop database "{name}" with (force)')


@pytest.fixture
def machine(small_bank):
    """A transaction of the machine's on the small bank, committed at the end."""
    with access.transaction(MACHINE, "test") as conn:
        yield conn


@pytest.fixture(scope="session", autouse=True)
def _packages_stay_as_they_are() -> Iterator[None]:
    """Streamlit reads what is known of every installed package for each AppTest: four fifths of what a page's test took."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(autouse=True)
def in_chinese() -> Iterator[None]:
    """Whatever a test switched to, the next one begins in the house's language."""
    words.language.set("zh")
    yield
    words.language.set("zh")


def person(number: str) -> Person:
    """Somebody of the small bank by staff number, in the role held."""
    with access.transaction(MACHINE) as conn:
        return staff.person(conn, staff.by_number(conn, number).id)


def _somebody(number: str):
    @pytest.fixture
    def fixture(small_bank) -> Person:
        return person(number)

    return fixture


wang = _somebody("001")  # head office risk
zhao = _somebody("002")  # head office loan management
feng = _somebody("003")  # collections
chen = _somebody("004")  # audit
he = _somebody("005")  # IT
gao = _somebody("006")  # system administrator
lin = _somebody("007")  # security administrator
ma = _somebody("101")  # head of Chaoyang
wu = _somebody("102")  # manager in Chaoyang
zheng = _somebody("103")  # inspector in Chaoyang
sun = _somebody("801")  # head of Nong'an
li = _somebody("802")  # manager in Nong'an
zhou = _somebody("803")  # inspector in Nong'an
qian = _somebody("804")  # manager of the outlet under Nong'an


@pytest.fixture(scope="module")
def windows() -> Iterator[Windows]:
    """A browser for one file of tests."""
    with browser() as opened:
        yield opened


def ask(query: str, **values: object) -> object:
    """One value of the store, whoever may see it."""
    with access.reading(MACHINE) as conn:
        return conn.execute(sa.text(query), values).scalar()


def write(statement: str, **values: object) -> int:
    """What no verb does. How many rows."""
    with access.transaction(MACHINE, "test") as conn:
        return conn.execute(sa.text(statement), values).rowcount
