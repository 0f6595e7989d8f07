"""The small bank after a night: some loans in arrears, signals raised, and three customers with strange names."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from db import settings
from engine import night
from tests import bank, conftest, serving

TODAY = bank.TODAY + timedelta(days=1)
FORMULA = '=HYPERLINK("http://evil.example","x")'
IMAGE = "![x](http://evil.example/p.png)<b>粗</b>"
TURNED = "\u202e王小二"


def delivery() -> bank.Delivery:
    given = bank.Delivery()
    for number, name in (("K666", FORMULA), ("K667", IMAGE), ("K668", TURNED)):
        given.customers.append((number, name, "10", f"99000019800101{number[1:]}6", "13900000666", "农安县合隆镇", "229008", "802"))
        given.loan(f"L{number[1:]}", number, product="201", balance="120000.00", amount="150000.00", status="2")
        given.overdue(f"L{number[1:]}", bank.TODAY - timedelta(days=40))
    given.loan("L1", "K001", balance="800000.00", status="2", disbursed=bank.TODAY - timedelta(days=14)).overdue(
        "L1", bank.TODAY - timedelta(days=2)
    )
    given.loan("L2", "K002", product="201", amount="300000.00", balance="250000.00", disbursed=bank.TODAY - timedelta(days=12))
    given.loan("L4", "K004", product="103", amount="3000000.00", balance="2800000.00", disbursed=bank.TODAY - timedelta(days=9))
    return given.loan("L5", "K005", product="210")


def fall(inbox: Path) -> None:
    """Load the day, give everybody a role, and let the night pass."""
    conftest.move_in(delivery(), inbox)
    night.night(bank.TODAY)


def template(administrator: sa.Engine, templates: dict[str, str]) -> str:
    """A database to clone, in which the day is loaded and the night has been; made once for all files of tests."""
    if "evening" not in templates:
        name = templates["empty"].replace("empty", "evening")
        conftest.create(administrator, name, like=templates["empty"])
        with pytest.MonkeyPatch.context() as patch, conftest.using(administrator, name):
            patch.setenv("VIGIL_TODAY", str(TODAY))
            fall(settings.home() / "evening-inbox")
        templates["evening"] = name
    return templates["evening"]


def opened(administrator, templates: dict[str, str], monkeypatch, people: dict[str, str]) -> Iterator[None]:
    """The bank on the evening's day, for people with browsers: {user name: staff number}."""
    monkeypatch.setenv("VIGIL_TODAY", str(TODAY))
    for _url in conftest.cloned(administrator, template(administrator, templates)):
        serving.open_accounts(people)
        yield
