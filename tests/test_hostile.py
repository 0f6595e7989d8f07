"""Names that are written like formulas, pictures, links or markup are text wherever they stand: read as written, never obeyed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from db import access, staff, tables
from db.access import MACHINE
from engine import night
from engine.writing import visible
from pages.parts import menu
from tests import bank, conftest, evening
from tests.browsing import DESK, LEAD, PHONE
from tests.serving import PASSWORD, open_accounts, running

FORMULA = '=HYPERLINK("http://evil.example","x")'
PICTURE = "<img src=http://evil.example/p.png onerror=alert(1)>"
LINKS = "![x](http://evil.example/p.png) [y](http://evil.example)"
MARKS = ":material/delete: :red[x] $x^2$"
TURNED = "\u202e王小二"
LONG = "长" * 199 + "尾"
ANCHOR = '<a href="http://evil.example">农安</a><b>粗</b>'
CUSTOMERS = {"K661": FORMULA, "K662": PICTURE, "K663": LINKS, "K664": MARKS, "K665": TURNED, "K666": LONG}
BRANCH, OFFICER, HEAD, PRODUCT = ANCHOR, LINKS, PICTURE, MARKS
WORDS = f"{PICTURE} {LINKS} {MARKS}"
PEOPLE = {"wangfang": "001", "sunli": "801", "liqiang": "802", "chenjing": "004", "hewei": "005", "linxia": "007"}
# What is opened with more than its bare address.
MORE = {
    "customer": ["customer?no=K662", "customer?no=K663"], "loan": ["loan?no=L662"], "search": ["search?q=K66"],
    "dashboard": ["dashboard", "dashboard?branch=229008"], "signals": ["signals", "signals?id={signal}"],
    "records": ["records", "records?id={record}"], "reports": ["reports", "reports?subject=loans&measures=count&rows=branch,officer"],
    "people": ["people", "people?id={officer}"], "products": ["products?code=201"], "visit": ["visit?customer=K662&mode=field"],
    "todos": ["todos", "todos?state=all&branch=229008"], "map": ["map", "map?mark=K662"],
}  # fmt: skip
DIFFERS = {"dashboard", "approvals", "customer", "people", "operations"}  # with the reader's role
# Which of the texts a page must let one read; those of customers, unless said otherwise.
READ = {
    "customers": tuple(CUSTOMERS.values()), "customer?no=K662": (PICTURE, WORDS), "customer?no=K663": (LINKS,),
    "loan?no=L662": (PICTURE, PRODUCT), "search?q=K66": (FORMULA, PICTURE, LINKS, MARKS, TURNED), "signals": (LINKS,),
    "signals?id={signal}": (PICTURE, WORDS), "records": (PICTURE,), "records?id={record}": (PICTURE, WORDS),
    "people": (OFFICER, BRANCH), "people?id={officer}": (OFFICER, BRANCH), "my-customers": (PICTURE, LINKS),
    "dashboard": (BRANCH,), "dashboard?branch=229008": (BRANCH,), "footprints": (OFFICER,),
    "reports?subject=loans&measures=count&rows=branch,officer": (BRANCH, OFFICER),
}  # fmt: skip
# The page and what components draw in roots of their own.
ROOTS = """const roots = (root) => [root, ...[...root.querySelectorAll('*')].filter((e) => e.shadowRoot).flatMap((e) => roots(e.shadowRoot))];
    const all = (what) => roots(document).flatMap((root) => [...root.querySelectorAll(what)]);"""
OBEYED = f"""() => {{ {ROOTS}
    return all('img, a, image, iframe, object, embed, video, audio, source, form, use').filter((e) =>
    ['src', 'href', 'xlink:href', 'data', 'action', 'srcset'].some((name) => {{
        const said = e.getAttribute(name);
        try {{ return said && new URL(said, location.href).hostname.endsWith('evil.example'); }} catch {{ return false; }}
    }})).map((e) => e.outerHTML) }}"""
DRAWN = """() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-testid=stSkeleton],[data-stale=true]')"""
# What stands on the page, cells of a canvas and fields included.
STANDS = f"""() => {{ {ROOTS}
    return roots(document).map((root) => (root.body ?? root).textContent).join(' ') + all('input, textarea').map((e) => e.value).join(' ')
    + all('canvas, [aria-label]').map((e) => e.getAttribute('aria-label') || '').join(' ') }}"""


def delivery() -> bank.Delivery:
    given = bank.Delivery()
    given.branches = [(code, BRANCH if code == "229008" else name, above) for code, name, above in given.branches]
    called = {"802": OFFICER, "801": HEAD}
    given.staff = [(row[0], called.get(row[0], row[1]), *row[2:]) for row in given.staff]
    given.products = [(code, PRODUCT if code == "201" else name, kind) for code, name, kind in given.products]
    for number, name in CUSTOMERS.items():
        given.customers.append(
            (number, name, "10", f"99000019800101{number[1:]}6", f"13900000{number[1:]}", WORDS, "229008", "802")
        )
        given.loan(
            f"L{number[1:]}",
            number,
            product="201",
            balance="120000.00",
            amount="150000.00",
            status="2",
            purpose=PICTURE,
            disbursed=bank.TODAY - timedelta(days=14),
        )
        given.overdue(f"L{number[1:]}", bank.TODAY - timedelta(days=40))
    return given


def fall(inbox) -> dict[str, int]:
    """The night over this bank, and what its people wrote; ids of what is looked at."""
    conftest.move_in(delivery(), inbox)
    night.night(bank.TODAY)
    with access.transaction(MACHINE, "test") as conn:
        return written(conn)


def written(conn: sa.Connection) -> dict[str, int]:
    """A note, a lead, a check, an answered signal, a request and positions, all in the same words."""
    c, b = tables.customers.c, tables.branches.c
    customer = conn.execute(sa.select(c.id).where(c.customer_no == "K662")).scalar_one()
    branch = conn.execute(sa.select(b.id).where(b.code == "229008")).scalar_one()
    loan = conn.execute(sa.select(tables.loans.c.id).where(tables.loans.c.loan_no == "L662")).scalar_one()
    li, sun = staff.by_number(conn, "802").id, staff.by_number(conn, "801").id
    about, now = {"customer_id": customer, "branch_id": branch}, sa.func.now()

    def put(table: sa.Table, **values) -> int:
        return conn.execute(sa.insert(table).values(**values).returning(table.c.id)).scalar_one()

    put(tables.notes, customer_id=customer, staff_id=li, note=WORDS, noted_at=now)
    conn.execute(
        sa.insert(tables.customer_facts).values(customer_id=customer, business=WORDS, updated_by=li, updated_at=bank.TODAY)
    )
    record = put(
        tables.records, **about, kind="spot", mode="field", loan_ids=[loan], staff_id=li, done_on=bank.TODAY, finished_at=now,
        outcome="completed", conclusion="attention", note=WORDS, submit_key=sa.func.gen_random_uuid(), digest=b"x", lat=43.9, lon=125.3,
        on_site=True, answers={"a": WORDS, PICTURE: LINKS},
    )  # fmt: skip
    put(tables.leads, **about, record_id=record, name=PICTURE, phone="13900000066", wish=WORDS, staff_id=li, noted_at=bank.TODAY)
    signal = put(
        tables.signals, **about, rule_code="S1", rule_version=1, subject_kind="loan", subject_id=loan, owner_id=li, level="red", state="answered",
        evidence={"balance": 1}, first_on=bank.TODAY, last_on=bank.TODAY, taken_by=li, taken_at=now, answered_at=now, measures=[], answer=WORDS,
    )  # fmt: skip
    put(
        tables.requests,
        **about,
        kind="address_move",
        after={"kind": "home", "place": PICTURE},
        reason=WORDS,
        asked_by=li,
        asked_at=now,
    )
    for n in range(3):
        put(
            tables.footprints,
            **about,
            staff_id=li,
            submit_key=sa.func.gen_random_uuid(),
            source="during",
            at=now,
            lat=43.9 + n / 100,
            lon=125.3,
        )
    a = tables.addresses
    conn.execute(sa.update(a).where(a.c.customer_id == customer).values(lat=43.9, lon=125.3, datum="wgs84"))
    return {"signal": signal, "record": record, "officer": li, "head": sun}


@pytest.fixture(scope="module")
def hostile(administrator, templates, tmp_path_factory) -> Iterator[tuple[str, dict[str, int]]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIGIL_TODAY", str(evening.TODAY))
        for _url in conftest.cloned(administrator, templates["empty"]):
            ids = fall(tmp_path_factory.mktemp("inbox"))
            open_accounts(PEOPLE)
            with running(tmp_path_factory.mktemp("server") / "log") as server:
                yield server.base, ids


def addresses_of(username: str, ids: dict[str, int]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every address that is open to somebody, and what is to be read there; of the others than head office and the manager
    only what those two are not shown, or not so."""
    first = {entry.path for entry in menu.open_to(conftest.person(PEOPLE["wangfang"]))}
    for entry in menu.open_to(conftest.person(PEOPLE[username])):
        if username not in ("wangfang", "liqiang") and entry.path in first - DIFFERS:
            continue
        for address in MORE.get(entry.path, [entry.path]):
            yield address.format(**ids), READ.get(address, ())


def unread(page, texts: list[str]) -> list[str]:
    """Those that a person does not come to see; a table draws itself after the page is there."""
    for _try in range(40):
        stands = page.evaluate(STANDS)
        missing = [text[:40] for text in texts if text not in stands]
        if not missing:
            break
        page.wait_for_timeout(100)
    return missing


@pytest.mark.browser
@pytest.mark.parametrize("username", PEOPLE)
def test_every_page_shows_hostile_texts_as_they_are_written(hostile, windows, username):
    base, ids = hostile
    window = windows.open(base, PHONE if username == "liqiang" else DESK)
    opened: list[str] = []
    window.page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    window.signed_in(username, PASSWORD)
    wrong = {}
    for address, texts in addresses_of(username, ids):
        window.page.evaluate(LEAD, f"/{address}")
        window.page.wait_for_timeout(100)
        window.page.wait_for_function(DRAWN)
        missing = unread(window.page, [visible(text) for text in texts])
        obeyed = window.page.evaluate(OBEYED)
        if missing or obeyed or opened or window.outside or window.wrong:
            wrong[address] = (missing, obeyed, [*opened], [*window.outside], [*window.wrong])
            for heard in (opened, window.outside, window.wrong):
                heard.clear()
    window.context.close()
    assert wrong == {}, "\n".join(f"{address}: {what}" for address, what in wrong.items())
