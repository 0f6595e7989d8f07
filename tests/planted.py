"""A bank in which everybody has something of his own beside something that is not: the world of the row security tests.

Besides the small bank's people (tests/bank.py):

    褚健 headed Chaoyang until yesterday · 卫东 will head Nong'an from tomorrow · 蒋红 left the bank · 沈亮's account is disabled
    吴磊 of Chaoyang stands in for 李强 of Nong'an this week; 郑洁 stood in for 周敏 last week
    K001 王记 of 李强     K002 刘洋 of 李强, inspected by 周敏     K003 张敏 of the outlet, in arrears
    K004 鑫源 of Chaoyang, with a loan of the outlet as well     K005 许勇 of 吴磊, inspected by 周敏, substandard
    K006 韩雪 of Chaoyang, nobody's, in arrears     K007 杨帆 of Nong'an, nobody's, with a todo for 郑洁
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from db import access, staff, tables
from db.access import MACHINE
from db.vocab import Role
from engine import spelling
from engine.feed import load
from tests import bank

TODAY = bank.TODAY  # the business date; people's roles and absences go by the wall's
MORE_STAFF = [
    ("104", "褚健", "229001", "支行行长", "branch_head"),
    ("105", "沈亮", "229001", "客户经理", "manager"),
    ("805", "卫东", "229008", "支行行长", "branch_head"),
    ("806", "蒋红", "229008", "客户经理", "manager"),
]
MORE_CUSTOMERS = [
    ("K006", "韩雪", "10", "990000199104040044", "13900000006", "吉林省长春市朝阳区南湖街9号", "229001", ""),
    ("K007", "杨帆", "10", "990000199205050055", "13900000007", "吉林省长春市农安县农安镇宝塔街1号", "229008", ""),
]


def plant(inbox: Path) -> None:
    load.load(_feed().write(inbox))
    with access.transaction(MACHINE, "test") as conn:
        ids = _roles(conn)
        customers = dict(conn.execute(sa.select(tables.customers.c.customer_no, tables.customers.c.id)).all())
        loans = dict(conn.execute(sa.select(tables.loans.c.loan_no, tables.loans.c.id)).all())
        branches = dict(conn.execute(sa.select(tables.branches.c.code, tables.branches.c.id)).all())
        _accounts(conn, ids)
        _portfolio(conn, ids, customers)
        _work(conn, ids, customers, loans, branches)
        _around(conn, ids, customers, loans, branches)
        _handovers(conn, ids, customers, loans, branches)
        _batches(conn, ids, customers, branches)
        _rounds(conn, ids, branches, customers)
        _reports(conn, ids, branches)
    spelling.catch_up()
    with access.transaction(staff_person(ids["802"]), "customer.note") as conn:
        conn.exec_driver_sql("update customers set address = '新址 8 号' where customer_no = 'K001'")
    with access.transaction(staff_person(ids["102"]), "customer.note") as conn:
        conn.exec_driver_sql("update customers set address = '新址 9 号' where customer_no = 'K005'")
    with access.transaction(MACHINE, "test") as conn:
        conn.execute(sa.insert(tables.requests).values(
            kind="working_days", branch_id=branches["229000"], after={"days": ["2027-01-02"], "working": True, "note": ""}, reason="r",
            asked_by=ids["001"], asked_at=sa.func.now(), state="approved", decided_by=ids["002"], decided_at=sa.func.now(),
        ))  # fmt: skip
    with access.transaction(staff_person(ids["002"]), "calendar.set") as conn:
        conn.exec_driver_sql(f"insert into calendar_days values ('2027-01-02', true, false, null, {ids['002']})")


def staff_person(staff_id: int):
    with access.transaction(MACHINE) as conn:
        return staff.person(conn, staff_id)


def _feed() -> bank.Delivery:
    d = bank.Delivery(
        staff=[row[:4] + (f"1380000{row[0]:0>4}",) for row in [*bank.STAFF, *MORE_STAFF]],
        customers=[*bank.CUSTOMERS, *MORE_CUSTOMERS],
    )
    d.loan("L1", "K001").loan("L2", "K002", product="201").loan("L3", "K003", product="203", status="2")
    d.loan("L4", "K004", product="103").loan("L5", "K005", product="210", **{"class": "30"})
    d.loan("L6", "K004", branch="2290081", manager="804").loan("L7", "K006", status="2").loan("L8", "K007")
    d.overdue("L3", TODAY - timedelta(days=40)).overdue("L7", TODAY - timedelta(days=10))
    d.guarantors.append(("L1", "K004", "长春鑫源建材有限公司", "500000.00"))
    d.guarantors.append(("L5", "K002", "刘洋", "100000.00"))
    return d


def _roles(conn: sa.Connection) -> dict[str, int]:
    wall = conn.execute(sa.text("select vigil_today()")).scalar_one()
    spans = {"104": (date(2020, 1, 1), wall), "805": (wall + timedelta(days=1), None)}
    ids = {}
    for number, _, _, _, role in [*bank.STAFF, *MORE_STAFF]:
        ids[number] = staff.by_number(conn, number).id
        start, end = spans.get(number, (date(2020, 1, 1), None))
        staff.grant(conn, ids[number], Role(role), start)
        if end:
            staff.end_role(conn, ids[number], end)
    conn.execute(sa.update(tables.staff).where(tables.staff.c.staff_no == "806").values(left_on=wall))
    week = {"until_on": wall + timedelta(days=3), "from_on": wall - timedelta(days=3)}
    past = {"until_on": wall - timedelta(days=1), "from_on": wall - timedelta(days=8)}
    conn.execute(sa.insert(tables.absences), [
        {"staff_id": ids["802"], "delegate_id": ids["102"], **week}, {"staff_id": ids["803"], "delegate_id": ids["103"], **past},
    ])  # fmt: skip
    return ids


def _accounts(conn: sa.Connection, ids: dict[str, int]) -> None:
    for number in ("001", "101", "102", "105", "802"):
        conn.execute(sa.insert(tables.accounts).values(
            staff_id=ids[number], username=f"u{number}", password_hash="no", password_set_at=sa.func.now(),
            disabled_at=sa.func.now() if number == "105" else None))  # fmt: skip
        conn.execute(sa.insert(tables.sessions).values(
            token_hash=number.encode(), staff_id=ids[number], created_at=sa.func.now(), seen_at=sa.func.now()))  # fmt: skip
        conn.execute(sa.insert(tables.sign_ins).values(
            username=f"u{number}", source="10.0.0.1", staff_id=ids[number], outcome="succeeded"))  # fmt: skip
        conn.execute(sa.insert(tables.preferences).values(staff_id=ids[number], wishes={"theme": "dark"}))
    conn.execute(sa.insert(tables.sketches), [
        {"staff_id": ids[number], "family": "form", "code": "CALL", "body": {"code": "CALL"}} for number in ("001", "002")
    ])  # fmt: skip


def _portfolio(conn: sa.Connection, ids: dict[str, int], customers: dict[str, int]) -> None:
    inspected = sa.update(tables.customers).where(tables.customers.c.customer_no.in_(["K002", "K005"]))
    conn.execute(inspected.values(inspector_id=ids["803"], created_on=TODAY + timedelta(days=1)))  # new since the first feed
    a = tables.addresses
    conn.execute(sa.insert(a), [
        {"customer_id": c, "kind": "home", "place": "x", "lat": 43.9, "lon": 125.3, "datum": "wgs84"} for c in customers.values()
        if c not in (customers["K003"], customers["K006"])
    ])  # fmt: skip
    conn.execute(sa.update(a).where(a.c.customer_id.in_([customers["K001"], customers["K005"]])).values(doubt="outside"))
    conn.execute(sa.insert(a).values(customer_id=customers["K003"], kind="home", place="x", marker_id=ids["804"]))


def _work(conn: sa.Connection, ids, customers, loans, branches) -> None:
    """For each customer one open todo, one record, one signal; and some where person, branch and customer cross."""
    who = {"K001": "802", "K002": "803", "K003": "804", "K004": "102", "K005": "102", "K006": None, "K007": "103"}
    home = {
        "K001": "229008",
        "K002": "229008",
        "K003": "2290081",
        "K004": "229001",
        "K005": "229001",
        "K006": "229001",
        "K007": "229008",
    }
    loan_of = {"K001": "L1", "K002": "L2", "K003": "L3", "K004": "L4", "K005": "L5", "K006": "L7", "K007": "L8"}
    for n, (number, officer) in enumerate(who.items()):
        about = {"customer_id": customers[number], "branch_id": branches[home[number]]}
        loan = loans[loan_of[number]]
        todo = about | {"kind": "regular", "period": "2026Q4", "mode": "field", "family": "working", "loan_ids": [loan],
                        "nominal_on": TODAY, "due_on": TODAY + timedelta(days=n - 3), "late_from": TODAY + timedelta(days=n - 2),
                        "created_on": TODAY - timedelta(days=9), "rule_code": "R1", "rule_version": 1}  # fmt: skip
        open_todo = _put(conn, tables.todos, **todo, assignee_id=ids.get(officer))
        done = _put(conn, tables.todos, **todo | {"kind": "first", "subject": loan}, assignee_id=ids.get(officer or "103"),
                    state="done", closed_on=TODAY, closed_by=ids["802"], record_id=1)  # fmt: skip
        conn.execute(sa.insert(tables.claims).values(
            customer_id=about["customer_id"], loan_id=loan, kind="first", period="x", todo_id=done))  # fmt: skip
        record = _put(conn, tables.records, **about, kind="full", mode="field", loan_ids=[loan],
                      staff_id=ids[officer or "801"], done_on=TODAY - timedelta(days=n), finished_at=sa.func.now(),
                      outcome="completed", conclusion="normal", on_site=True, submit_key=sa.func.gen_random_uuid(), digest=b"x",
                      form_code="VISIT-FIRM", form_version=1, lat=43.9 + n / 100, lon=125.3)  # fmt: skip
        _put(conn, tables.records, **about, kind="overdue", mode="phone", loan_ids=[loan], staff_id=ids[officer or "101"],
             done_on=TODAY - timedelta(days=n), finished_at=sa.func.now(), outcome="partial", conclusion="attention",
             submit_key=sa.func.gen_random_uuid(), digest=b"x")  # fmt: skip
        conn.execute(sa.insert(tables.leads).values(
            **about, record_id=record, name="赵六", phone="13900000066", wish="w", staff_id=ids[officer or "101"], noted_at=TODAY))  # fmt: skip
        _known(conn, about, ids[officer or "101"], None if number == "K002" else f"1370000000{n}")
        _half_filled_in(conn, about, loan, ids[officer or "101"])
        _photographed(conn, about, record, ids[officer or "801"], n)
        _put(conn, tables.signals, **about, rule_code="S1", rule_version=1, subject_kind="loan", subject_id=loan,
             owner_id=ids.get(officer), level="red", evidence={"balance": 1}, first_on=TODAY, last_on=TODAY)  # fmt: skip
        _put(conn, tables.signals, **about, rule_code="S3", rule_version=1, subject_kind="loan", subject_id=loan, owner_id=ids.get(officer),
             level="blue", evidence={}, first_on=TODAY - timedelta(days=5), last_on=TODAY, state="closed", closed_on=TODAY)  # fmt: skip
        conn.execute(sa.insert(tables.loan_history).values(
            loan_id=loan, customer_id=about["customer_id"], from_on=TODAY - timedelta(days=9), to_on=TODAY,
            branch_id=branches["229001"], balance_fen=1, status="normal", principal_fen=0, interest_fen=0,
            matures_on=TODAY, extensions=0, run_id=1, **{"class": "special_mention"}))  # fmt: skip
        _put(conn, tables.requests, **about, kind="address_move", after={"kind": "home"}, reason="r", asked_by=ids[officer or "101"],
             asked_at=sa.func.now())  # fmt: skip
        _put(conn, tables.requests, **about, kind="address_move", subject_id=9, after={"kind": "home"}, reason="r", state="approved",
             asked_by=ids[officer or "101"], asked_at=sa.func.now(), decided_by=ids["001"], decided_at=sa.func.now())  # fmt: skip
        _put(conn, tables.level_adjustments, customer_id=about["customer_id"], level="D", from_on=TODAY, until_on=date(2099, 1, 1), reason="r",
             made_by=ids["801"], approved_by=ids["001"], approved_at=sa.func.now())  # fmt: skip
        _put(conn, tables.own_cycles, customer_id=about["customer_id"], loan_id=loan, kind="regular", every_n=1, every_unit="month", mode="field",
             from_on=TODAY, reason="r", asked_by=ids["801"], approved_by=ids["001"], approved_at=sa.func.now())  # fmt: skip
        conn.execute(sa.insert(tables.customer_levels), [
            {"customer_id": about["customer_id"], "from_on": since, "to_on": until, "level": level, "score": 80, "points": {}, "caps": [],
             "card_version": 1} for since, until, level in ((TODAY - timedelta(9), TODAY, "A"), (TODAY, None, "B"))
        ])  # fmt: skip
        conn.execute(
            sa.update(tables.customer_faces).where(tables.customer_faces.c.customer_id == about["customer_id"]).values(level="D")
        )
        assert open_todo
    conn.exec_driver_sql(  # each photo shows the same as the one before it, of another customer
        "insert into copies select l.upload_id, l.customer_id, e.upload_id, e.customer_id, 0.9 from prints l join prints e on l.no = e.no + 1"
    )
    # 郑洁 once checked K002 and has a closed todo there: her own rows, not her customer.
    crossing = {"customer_id": customers["K002"], "branch_id": branches["229008"]}
    _put(conn, tables.records, **crossing, kind="spot", mode="phone", loan_ids=[], staff_id=ids["103"], done_on=TODAY,
         finished_at=sa.func.now(), outcome="completed", conclusion="normal", submit_key=sa.func.gen_random_uuid(), digest=b"x")  # fmt: skip
    # 钱进 follows a lead that 吴磊 noted at a firm that is nobody's customer yet.
    _put(conn, tables.leads, customer_id=0, name="新店", wish="w", branch_id=branches["229001"], staff_id=ids["102"], owner_id=ids["804"],
         noted_at=TODAY, state="contacted")  # fmt: skip
    for number in ("001", "802", "103", "007"):
        conn.execute(sa.insert(tables.searches).values(staff_id=ids[number], words=f"w{number}", at=sa.func.now()))
    for subject, owner in (("branch", None), ("staff", ids["804"])):
        _put(conn, tables.signals, branch_id=branches["2290081"], rule_code="S2", rule_version=1, subject_kind=subject,
             subject_id=branches["2290081"], owner_id=owner, level="yellow", evidence={}, first_on=TODAY, last_on=TODAY)  # fmt: skip


def _known(conn: sa.Connection, about: dict, staff_id: int, phone: str | None) -> None:
    """What the bank itself knows of a customer, and where somebody was when he went there."""
    own = {"customer_id": about["customer_id"]}
    given = {"phone": phone, "phone_by": staff_id, "phone_at": TODAY} if phone else {}
    conn.execute(sa.insert(tables.customer_facts).values(**own, **given, business="b", updated_by=staff_id, updated_at=TODAY))
    _put(conn, tables.notes, **own, staff_id=staff_id, note="n", noted_at=TODAY)
    for n in range(2):
        _put(conn, tables.footprints, **about, staff_id=staff_id, submit_key=sa.func.gen_random_uuid(), source="during",
             at=datetime(2026, 11, 20, 9, n, tzinfo=UTC), lat=43.9 + n / 100, lon=125.3)  # fmt: skip


def _photographed(conn: sa.Connection, about: dict, record: int, officer: int, n: int) -> None:
    """A photo of 李强's with its print; a review of the check, in each state by turns, and head office's opinion."""
    li, sun, wang = (
        conn.exec_driver_sql(f"select id from staff where staff_no = '{no}'").scalar_one() for no in ("802", "801", "001")
    )
    upload = conn.execute(sa.insert(tables.photos).values(
        customer_id=about["customer_id"], record_id=record, sha256=b"x", bytes=1, width=1, height=1, staff_id=li,
    ).returning(tables.photos.c.upload_id)).scalar_one()  # fmt: skip
    key = conn.execute(sa.select(tables.records.c.submit_key).where(tables.records.c.id == record)).scalar_one()
    conn.execute(sa.insert(tables.prints).values(
        upload_id=upload, customer_id=about["customer_id"], submit_key=key, staff_id=officer, sha256=b"x", hashes=b"h", thumb=b"t"))  # fmt: skip
    reviewer = wang if officer == sun else sun
    decided = {"state": "decided", "finding": "doubtful", "words": "看不清", "decided_by": reviewer, "decided_at": sa.func.now()}
    appealed = decided | {"state": "appealed", "appeal": "门口有树", "appealed_at": sa.func.now()}
    conn.execute(sa.insert(tables.reviews).values(
        **about, record_id=record, staff_id=officer, causes=["grade"], **({}, decided, appealed)[n % 3]))  # fmt: skip
    conn.execute(sa.insert(tables.opinions).values(
        **about, record_id=record, staff_id=officer, state="returned", words="补拍库存", made_by=wang, made_at=sa.func.now()))  # fmt: skip

    drawn = _put(conn, tables.draws, wish={}, seed=f"s{n}", population=9, n=1, made_by=wang, made_at=sa.func.now())
    conn.execute(sa.insert(tables.second_looks).values(**about, draw_id=drawn, record_id=record, staff_id=officer, turn=1))
    conn.execute(sa.insert(tables.qualities).values(
        **about, record_id=record, staff_id=officer, done_on=TODAY, flags=["quick"], measures={"quick": {"found": 1, "limit": 3}}))  # fmt: skip


def _half_filled_in(conn: sa.Connection, about: dict, loan: int, staff_id: int) -> None:
    key = conn.execute(sa.insert(tables.drafts).values(
        **about, staff_id=staff_id, form_key="field:spot", submit_key=sa.func.gen_random_uuid(), form_code="VISIT-FIRM", form_version=1,
        kind="spot", mode="field", loan_ids=[loan], todo_ids=[]).returning(tables.drafts.c.submit_key)).scalar_one()  # fmt: skip
    conn.execute(sa.insert(tables.uploads).values(
        id=sa.func.gen_random_uuid(), customer_id=about["customer_id"], submit_key=key, staff_id=staff_id, total=3, content=b"xy"))  # fmt: skip


def _around(conn: sa.Connection, ids, customers, loans, branches) -> None:
    for number in ("K001", "K005"):
        _put(conn, tables.exemptions, customer_id=customers[number], kinds=["regular"], from_on=TODAY, until_on=TODAY, reason="r",
             asked_by=ids["801"], approved_by=ids["001"], approved_at=sa.func.now())  # fmt: skip
    for branch in branches.values():
        conn.execute(sa.insert(tables.todo_days).values(
            day=TODAY, branch_id=branch, kind="regular", family="working", open=1, due_7=1, late_7=1, late_30=0, late_more=0))  # fmt: skip
    conn.execute(
        sa.insert(tables.kept_counts).values(what="rules", asked="all", figures=[1], seconds=2, pulse=1, counted_at=sa.func.now())
    )
    run = conn.execute(sa.select(sa.func.max(tables.feed_runs.c.id))).scalar_one()
    conn.execute(
        sa.insert(tables.rejects).values(
            run_id=run, name="dk", line=9, file="f", raw="990000198001010011|x", reasons=["missing:amount"]
        )
    )
    conn.execute(sa.insert(tables.problems).values(job="night", business_date=TODAY, what="rule", ref="R1", reason="r"))
    conn.execute(sa.insert(tables.job_runs).values(job="night", business_date=TODAY, state="done", worker="w"))
    conn.execute(sa.text("select vigil_note('export', 'loans', :c, '{}')"), {"c": customers["K003"]})
    for number in ("001", "003", "101", "102", "103", "801", "802"):
        notice = _put(
            conn, tables.notices, staff_id=ids[number], why="night", about="today", parts={"new": 1}, same=f"night:{TODAY}"
        )
        _put(conn, tables.dispatches, notice_id=notice, staff_id=ids[number], channel="mail", state="failed", not_before=sa.func.now(),
             ended_at=sa.func.now(), problem="refused")  # fmt: skip
    for number in ("102", "802"):
        conn.execute(
            sa.insert(tables.calendar_links).values(staff_id=ids[number], token_hash=number.encode(), made_at=sa.func.now())
        )


def _handovers(conn: sa.Connection, ids, customers, loans, branches) -> None:
    """Nong'an's of K001 and K003 and Chaoyang's of K005, done, with loans that the source has given to somebody else since; one waits."""
    for branch, giver, moved, state in (
        ("229008", "806", {"K001": "L1", "K003": "L3"}, "done"), ("229001", "105", {"K005": "L5"}, "done"), ("229008", "804", {"K003": "L3"}, "waiting"),
    ):  # fmt: skip
        handover = _put(conn, tables.handovers, from_id=ids[giver], to_ids=[ids["803"]], branch_id=branches[branch], from_on=TODAY,
                        until_on=TODAY, reason="r", state=state, made_by=ids["001"])  # fmt: skip
        for number, loan in moved.items():
            about = {"handover_id": handover, "customer_id": customers[number], "to_id": ids["803"]}
            conn.execute(sa.insert(tables.handover_parts).values(**about))
            conn.execute(sa.insert(tables.handover_rows).values(**about, what="loan", row_id=loans[loan], from_id=ids[giver]))
        conn.execute(
            sa.insert(tables.handover_rows).values(handover_id=handover, customer_id=0, to_id=ids["803"], what="lead", row_id=1)
        )


def _batches(conn: sa.Connection, ids, customers, branches) -> None:
    """孙丽 and 马超 have given todos away, head office asks to defer some; of one the customer has another officer since."""
    for branch, by, numbers, act, state in (
        ("229008", "801", ("K001", "K003"), "assign", "done"), ("229001", "101", ("K005", "K004"), "assign", "done"), ("229000", "001", ("K006", "K002"), "defer", "waiting"),
    ):  # fmt: skip
        batch = _put(conn, tables.batches, act=act, branch_id=branches[branch], wish={"to": [ids["803"]]}, state=state, n=len(numbers),
                     key=sa.func.gen_random_uuid(), made_by=ids[by], made_at=sa.func.now())  # fmt: skip
        for number in numbers:
            todo = conn.exec_driver_sql(
                f"select id from todos where customer_id = {customers[number]} and kind = 'regular'"
            ).scalar_one()
            after = {"assignee_id": ids["803"], "pinned": True} if state == "done" else None
            conn.execute(sa.insert(tables.batch_rows).values(
                batch_id=batch, customer_id=customers[number], todo_id=todo, before={"assignee_id": None, "pinned": False}, after=after))  # fmt: skip


def _rounds(conn: sa.Connection, ids: dict[str, int], branches: dict[str, int], customers: dict[str, int]) -> None:
    """李强, 周敏 and 吴磊 have planned their day; each branch has once shared out its visits."""
    for number, code, customer in (("802", "229008", "K001"), ("803", "229008", "K005"), ("102", "229001", "K005")):
        conn.execute(sa.insert(tables.rounds).values(
            staff_id=ids[number], day=TODAY, branch_id=branches[code], start="branch", lat=43.9, lon=125.3, finish="branch", reach="week",
            leaves=510, until=990, ends=700, travel_minutes=60, travel_km=30, left_out=[], advised=[customers[customer]],
            visits=[{"customer": customers[customer], "at": 540, "service": 15, "km": 3.2}], made_by=ids[number]))  # fmt: skip
    for code, head in (("229008", "801"), ("229001", "101")):
        _put(conn, tables.sharings, branch_id=branches[code], day=TODAY, due_until=TODAY, state="dropped", made_by=ids[head])


def _reports(conn: sa.Connection, ids: dict[str, int], branches: dict[str, int]) -> None:
    """王芳 shares one with managers of Nong'an and one with auditors everywhere; 李强 keeps one to himself; who has exported what."""
    wish = {"subject": "todos", "measures": ["count"]}
    for owner, name, roles, at in (
        ("001", "农安", ["manager", "branch_head"], ["229008"]), ("001", "审计", ["auditor"], []), ("802", "我的", [], []), ("801", "网点", ["manager"], ["2290081"]),
    ):  # fmt: skip
        _put(conn, tables.reports, owner_id=ids[owner], name=name, wish=wish, to_roles=roles, to_branches=[branches[b] for b in at])
    for number in ("001", "003", "102", "802", "005"):
        _put(
            conn,
            tables.exports,
            staff_id=ids[number],
            what="todos",
            asked={},
            same=number,
            title="Todos",
            language="zh",
            state="held",
            total=9,
        )
    conn.execute(sa.insert(tables.branch_moves).values(request_id=1, what="staff", row_id=ids["802"]))
    for n, (number, code, state) in enumerate((("802", "229008", "submitted"), ("102", "229001", "refused"))):
        decided = {"decided_by": ids["001"], "decided_at": sa.func.now()} if state == "refused" else {}
        _put(conn, tables.requests, kind="role", subject_id=ids[number], branch_id=branches[code], before={"held": [], "name": "n", "number": number},
             after={"role": "inspector", "from_on": f"2030-01-0{n + 1}", "until_on": None}, reason="r", asked_by=ids["007"],
             asked_at=sa.func.now(), state=state, **decided)  # fmt: skip
    held = {
        "customer_id": 0,
        "kind": "export",
        "before": None,
        "after": {"title": "Todos"},
        "reason": "r",
        "asked_at": sa.func.now(),
    }
    for n, (number, code) in enumerate((("003", "229000"), ("102", "229001"), ("802", "229008")), 1):
        _put(conn, tables.requests, **held, subject_id=n, branch_id=branches[code], asked_by=ids[number])


def _put(conn: sa.Connection, table: sa.Table, **values) -> int:
    return conn.execute(sa.insert(table).values(**values).returning(table.c.id)).scalar_one()
