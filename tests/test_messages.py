"""What people are told, when and how often; and that a message leaves the bank at most once."""

import io
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from db import access, audit, dispatches, notices, staff, tables
from db.access import MACHINE
from db.vocab import Definition, DispatchState, Level, News
from engine import calendar as working_days
from engine import calendar_links as links
from engine import channels, clock, doctor, handover, night, outbox, preferences, refusals, rulebook, sign_in, todos
from engine import notices as telling
from engine.feed import load
from engine.outbox import Hours
from engine.sign_in import Visitor
from pages.parts import frame
from tests import bank, post_office
from tests.bank import TODAY
from tests.conftest import cloned, create, person, using
from tests.evening import delivery
from tests.test_pages import Visit, menu_of, sentences, shown

FRIDAY_NIGHT = TODAY  # the business date; its morning is a Saturday
MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # ten o'clock in China
WITH_ACCOUNTS = ("001", "002", "003", "006", "007", "101", "102", "801", "802", "803")


@pytest.fixture(autouse=True)
def at_ten_on_monday(monkeypatch):
    """The clock on the wall, until a test moves it on."""
    move = lambda to: monkeypatch.setattr(clock, "now", lambda: to)  # noqa: E731
    move(MONDAY)
    return move


@pytest.fixture(autouse=True)
def inbox(tmp_path, monkeypatch):
    monkeypatch.setenv("VIGIL_INBOX", str(tmp_path / "inbox"))
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


@pytest.fixture
def staffed(small_bank) -> None:
    """Everybody named here has an account."""
    _open_accounts()


def _open_accounts() -> None:
    """Nobody signs in, so the passwords are none."""
    with access.transaction(MACHINE, "test") as conn:
        for number in WITH_ACCOUNTS:
            row = {
                "staff_id": staff.by_number(conn, number).id,
                "username": f"u{number}",
                "password_hash": "none",
                "password_set_at": MONDAY,
            }
            conn.execute(sa.insert(tables.accounts).values(row))


@pytest.fixture(scope="module")
def friday(administrator, templates, tmp_path_factory) -> Iterator[str]:
    """A template: the bank after Friday's night, everybody told."""
    name = templates["bank"].replace("bank", "friday")
    create(administrator, name, like=templates["bank"])
    with using(administrator, name), pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: MONDAY)
        inbox = tmp_path_factory.mktemp("friday")
        patch.setenv("VIGIL_INBOX", str(inbox))
        _open_accounts()
        bank_evening(inbox)
        night.night(FRIDAY_NIGHT)
    yield name
    with administrator.connect() as conn:
        conn.exec_driver_sql(f'drop database "{name}" with (force)')


@pytest.fixture
def told_bank(administrator, friday):
    yield from cloned(administrator, friday)


@pytest.fixture
def office(tmp_path, monkeypatch):
    with post_office.opened() as office:
        file = office.channels(tmp_path / "channels.yaml", mail="yes/{address}", wecom="yes/{staff_no}", broken="no/{staff_no}",
                               mute="mute/{staff_no}", slow="slow/{staff_no}")  # fmt: skip
        monkeypatch.setenv("VIGIL_CHANNELS", str(file))
        yield office


def of(number: str) -> list:
    """What somebody was told, latest first."""
    somebody = person(number)
    with access.reading(somebody) as conn:
        return notices.of_person(conn, somebody.id)


def told(number: str) -> list[str]:
    return [telling.sentence(notice.why, notice.parts) for notice in of(number)]


def wish(number: str, **wishes) -> None:
    somebody = person(number)
    with access.transaction(somebody, "preference.set") as conn:
        preferences.prefer(conn, somebody, **wishes)


def tell_oneself(number: str, n: int = 1, urgent: bool = True, same: str = "x") -> None:
    somebody = person(number)
    with access.transaction(MACHINE, "test") as conn:
        for i in range(n):
            notices.tell(
                conn, [somebody.id], News.ASSIGNED, "today", {"moved": i + 1}, now=clock.now(), same=f"{same}{i}", urgent=urgent
            )


def states() -> list[tuple]:
    with access.reading(MACHINE) as conn:
        d = tables.dispatches.c
        return [tuple(row) for row in conn.execute(sa.select(d.channel, d.state, d.problem, d.tries).order_by(d.id))]


# --- The night --------------------------------------------------------------------------------------------------------


class TestTheNight:
    def test_tells_each_officer_once_however_often_it_runs(self, told_bank, inbox):
        first = of("802")
        assert [n.why for n in first if n.why == "night"] == ["night"]
        assert first[-1].parts["new"] > 1 and "新增待办" in told("802")[-1]
        night.night(FRIDAY_NIGHT)
        assert [n.id for n in of("802")] == [n.id for n in first]

    def test_says_the_numbers_of_the_officers_own_list(self, told_bank, inbox):
        li, morning = person("802"), FRIDAY_NIGHT + timedelta(days=1)
        parts = next(n.parts for n in of("802") if n.why == "night")
        with access.reading(li) as conn:
            t = tables.todos.c
            mine = sa.select(sa.func.count()).where(t.assignee_id == li.id, t.closed_on.is_(None))
            wanted = {"new": mine.where(t.created_on == FRIDAY_NIGHT), "due": mine.where(t.due_on == morning),
                      "became_late": mine.where(t.late_from == morning)}  # fmt: skip
            counted = {name: conn.execute(query).scalar_one() for name, query in wanted.items()}
        assert parts == {name: n for name, n in counted.items() if n}

    def test_who_cannot_sign_in_is_told_nothing(self, told_bank, inbox):
        assert of("804") == []  # no account

    def test_long_ago_caught_up_tells_nobody(self, staffed, inbox, at_ten_on_monday):
        bank_evening(inbox)
        at_ten_on_monday(MONDAY + timedelta(days=9))
        night.night(FRIDAY_NIGHT)
        assert of("802") == []

    def test_todos_that_change_hands_at_night_are_told_to_whom_they_go(self, told_bank, inbox, at_ten_on_monday):
        later = delivery().on(FRIDAY_NIGHT + timedelta(days=1))
        later.customers = [c[:7] + ("803",) if c[0] == "K002" else c for c in later.customers]
        later.write(inbox)
        night.night(FRIDAY_NIGHT + timedelta(days=1))
        latest = of("803")[0]
        assert latest.why == "night" and latest.parts["moved"] >= 1
        assert "移交给您的待办" in told("803")[0]

    def test_signals_are_told_to_who_is_to_act_and_the_grave_ones_to_the_head_of_the_branch(self, told_bank, inbox):
        with access.reading(MACHINE) as conn:
            alive = conn.execute(sa.select(tables.signals).where(tables.signals.c.closed_on.is_(None))).all()
        li = person("802")
        owned = sum(s.owner_id == li.id for s in alive)
        assert sum(next(n.parts for n in of("802") if n.why == "signals").values()) == owned > 0
        grave = [n for n in of("801") if n.why == "signals"]
        assert grave and grave[0].urgent and set(grave[0].parts) & {"orange", "red"}
        night.night(FRIDAY_NIGHT)
        assert [n.id for n in of("801") if n.why == "signals"] == [grave[0].id]

    def test_a_signal_that_gets_worse_is_told_again(self, told_bank, inbox):
        with access.transaction(MACHINE, "test") as conn:  # as if it had been found weaker then
            s = tables.signals
            conn.execute(sa.update(s).where(s.c.level >= "orange").values(level=Level.YELLOW))
        worse = delivery().on(FRIDAY_NIGHT + timedelta(days=1))
        worse.write(inbox)
        night.night(FRIDAY_NIGHT + timedelta(days=1))
        assert [n.same for n in of("801") if n.why == "signals"] == [f"signals:{FRIDAY_NIGHT + timedelta(days=n)}" for n in (1, 0)]


def bank_evening(inbox) -> None:
    """Loans in arrears and short of their first checks."""
    load.load(delivery().write(inbox))


# --- What people do ---------------------------------------------------------------------------------------------------


class TestActs:
    def test_todos_given_by_hand_are_told_to_the_officer(self, told_bank, inbox):
        sun = person("801")
        with access.transaction(sun, "todo.assign") as conn:
            li_todos = conn.exec_driver_sql("select id from todos where branch_id = (select id from branches where code = '229008')"
                                            " and closed_on is null limit 2").scalars().all()  # fmt: skip
            todos.assign(conn, sun, li_todos, person("803").id)
        assert of("803")[0].why == "assigned" and told("803")[0] == "移交给您的待办2项"

    def test_a_change_waits_for_the_others_who_may_decide(self, staffed):
        wang = person("001")
        with access.transaction(wang, "parameter.change") as conn:
            rulebook.propose(
                conn, wang, Definition.PARAMETER, "calls.a_day", {"value": 2}, TODAY + timedelta(30), "少打扰客户", today=TODAY
            )
        assert [n.about for n in of("002")] == ["approvals"]
        assert told("002") == ["有一项变更等待您审批：参数 · 同一借款人每日有效催收通话上限"]
        assert of("001") == []

    def test_todos_of_a_handover_are_told_to_whom_they_went(self, told_bank):
        sun, li, zhou = person("801"), person("802"), person("803")
        with access.transaction(sun, "handover.make") as conn:
            held = (
                conn.exec_driver_sql(f"select customer_id from todos where assignee_id = {li.id} and closed_on is null")
                .scalars()
                .all()
            )
            plan = handover.Plan(li.id, dict.fromkeys(held, zhou.id), "岗位调整", clock.today())
            done = handover.hand_over(conn, sun, plan, now=clock.now(), today=clock.today())
        assert done.todos > 0
        assert told("803")[0] == f"移交给您的待办{done.todos}项"

    def test_what_was_undone_was_told_to_nobody(self, staffed):
        wang = person("001")
        with pytest.raises(ZeroDivisionError), access.transaction(wang, "parameter.change") as conn:
            rulebook.propose(
                conn, wang, Definition.PARAMETER, "calls.a_day", {"value": 2}, TODAY + timedelta(30), "少打扰客户", today=TODAY
            )
            raise ZeroDivisionError
        assert of("002") == []

    def test_the_bell_counts_until_it_is_read(self, staffed):
        tell_oneself("802", 3)
        li = person("802")
        with access.transaction(li, "notice.read") as conn:
            assert notices.unread(conn, li.id) == 3
            assert telling.read(conn, li, notices.of_person(conn, li.id)[0].id) == 1
            assert notices.unread(conn, li.id) == 2
            assert telling.read(conn, li) == 2
            assert notices.unread(conn, li.id) == 0

    def test_nobody_reads_anothers(self, staffed):
        tell_oneself("803")
        wang, zhou = person("001"), person("803")
        with access.transaction(wang, "notice.read") as conn:
            assert notices.of_person(conn, zhou.id) == []
            assert notices.mark_read(conn, zhou.id, None, clock.now()) == 0


# --- The digest -------------------------------------------------------------------------------------------------------


def digest(at: datetime) -> None:
    with access.transaction(MACHINE, "digest") as conn:
        telling.of_the_day(conn, at, working_days.load(conn))


class TestTheDigest:
    def test_comes_once_at_ones_hour_on_working_days(self, told_bank, inbox):
        wish("803", digest="15")
        wish("102", digest="off")
        digest(MONDAY - timedelta(days=1))  # a Sunday
        digest(MONDAY - timedelta(hours=3))  # seven o'clock
        assert [n for n in of("802") if n.why == "digest"] == []
        digest(MONDAY)
        digest(MONDAY + timedelta(minutes=10))
        assert [n.why for n in of("802")].count("digest") == 1
        assert [n for n in of("803") + of("102") if n.why == "digest"] == []

    def test_tells_a_head_how_the_branch_stands(self, told_bank, inbox):
        digest(MONDAY)
        head = next(n for n in of("801") if n.why == "digest")
        sun, monday = person("801"), MONDAY.date()
        with access.reading(sun) as conn:
            t = tables.todos.c
            late = conn.execute(sa.select(sa.func.count()).where(t.closed_on.is_(None), t.late_from <= monday)).scalar_one()
            signals = conn.execute(sa.select(sa.func.count()).where(tables.signals.c.closed_on.is_(None))).scalar_one()
        assert (head.about, head.parts["late"], head.parts["signals"]) == ("dashboard", late, signals)
        assert signals > 0


# --- Going out --------------------------------------------------------------------------------------------------------


class TestGoingOut:
    def test_says_numbers_and_kinds_in_the_readers_language_and_where_to_look(self, staffed, office, inbox, monkeypatch):
        monkeypatch.setenv("VIGIL_URL", "https://vigil.bank.example/")
        wish("802", channels=["wecom"], digest="off", quiet="0-0")
        wish("801", channels=["wecom"], language="en", quiet="0-0")
        bank_evening(inbox)
        night.night(FRIDAY_NIGHT)
        monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 20, 20, tzinfo=UTC))
        outbox.run()
        monkeypatch.setattr(clock, "now", lambda: MONDAY)
        outbox.run()
        texts = [f"{letter['title']} {letter['message']}" for letter in office.to("yes")]
        assert any("守望 · 预警信号" in text and "https://vigil.bank.example/signals" in text for text in texts)
        assert any("Warning signals" in text for text in texts)
        for row in (*bank.CUSTOMERS, *delivery().customers):
            assert not any(row[0] in text or row[1] in text for text in texts)

    def test_who_has_a_digest_is_not_pushed_the_night_as_well(self, staffed, office, inbox):
        wish("802", channels=["wecom"])
        wish("102", channels=["wecom"], digest="off")
        bank_evening(inbox)
        night.night(FRIDAY_NIGHT)
        with access.reading(MACHINE) as conn:
            pushed = set(conn.exec_driver_sql("select n.staff_id, n.why from dispatches d join notices n on n.id = d.notice_id"))
        assert (person("802").id, "night") not in pushed
        assert (person("102").id, "night") in pushed

    def test_goes_only_through_what_one_has_chosen_and_to_the_address_one_has_given(self, staffed, office):
        wish("802", channels=["mail"], addresses={"mail": "liqiang@bank.example"})
        tell_oneself("802")
        tell_oneself("803")
        assert outbox.run() == {"mail": 1}
        assert office.letters[0][0] == "/yes/liqiang@bank.example"

    def test_an_address_that_would_lead_elsewhere_is_refused(self, staffed, office):
        for address in ("x/../../admin", "a b", "x?to=evil@evil.example", "x" * 200):
            with pytest.raises(refusals.UnknownWish):
                wish("802", addresses={"mail": address})
        with pytest.raises(refusals.UnknownWish):
            wish("802", channels=["pigeon"])
        for value in (None, "x"):
            with pytest.raises(refusals.UnknownWish):
                wish("802", horoscope=value)

    def test_nobody_is_disturbed_in_quiet_hours(self, staffed, office, at_ten_on_monday):
        wish("802", channels=["wecom"])
        at_ten_on_monday(datetime(2026, 11, 23, 15, tzinfo=UTC))  # 23:00
        tell_oneself("802", urgent=True)
        assert outbox.run() == {"wecom": 0}
        assert states() == [("wecom", "waiting", None, 0)]
        at_ten_on_monday(datetime(2026, 11, 23, 23, 59, tzinfo=UTC))  # 07:59
        assert outbox.run() == {}
        at_ten_on_monday(datetime(2026, 11, 24, 0, 1, tzinfo=UTC))  # 08:01
        assert outbox.run() == {"wecom": 1}

    def test_on_a_day_off_only_what_is_urgent(self, staffed, office, at_ten_on_monday):
        wish("802", channels=["wecom"])
        at_ten_on_monday(MONDAY - timedelta(days=2))  # a Saturday
        tell_oneself("802", urgent=False, same="calm")
        tell_oneself("802", urgent=True, same="urgent")
        assert outbox.run() == {"wecom": 1}
        at_ten_on_monday(MONDAY)
        assert outbox.run() == {"wecom": 1}

    @pytest.mark.parametrize(("hours", "at", "free"), [
        (Hours(22, 8), "2026-11-23 21:59", "2026-11-23 21:59"), (Hours(22, 8), "2026-11-23 22:00", "2026-11-24 08:00"),
        (Hours(22, 8), "2026-11-20 23:30", "2026-11-23 08:00"), (Hours(12, 14), "2026-11-23 12:30", "2026-11-23 14:00"),
        (Hours(0, 0), "2026-11-23 03:00", "2026-11-23 03:00"), (Hours(0, 0), "2026-11-21 03:00", "2026-11-23 00:00"),
        (Hours(22, 8), "2026-09-30 23:00", "2026-10-08 08:00"),
    ])  # fmt: skip
    def test_waits_until_somebody_may_be_disturbed(self, empty, hours, at, free):
        with access.reading(MACHINE) as conn:
            days = working_days.load(conn)
        local = lambda text: datetime.fromisoformat(text).replace(tzinfo=telling.settings.ZONE)  # noqa: E731
        assert outbox.free_from(local(at), hours, False, days) == local(free)

    def test_what_the_day_has_overtaken_is_not_sent(self, staffed, office, inbox, at_ten_on_monday):
        wish("102", channels=["wecom"], digest="off")
        bank_evening(inbox)
        at_ten_on_monday(MONDAY - timedelta(days=2))
        night.night(FRIDAY_NIGHT)
        outbox.run()  # Saturday: waits for Monday
        at_ten_on_monday(MONDAY)
        outbox.run()
        assert ("wecom", "dropped", "too_late", 1) in states()

    @pytest.mark.parametrize("how", ["left", "disabled", "role", "unchosen", "unknown"])
    def test_what_nobody_should_get_any_more_is_dropped(self, staffed, office, tmp_path, how):
        wish("802", channels=["wecom"], quiet="0-0")
        tell_oneself("802")
        li = person("802")
        with access.transaction(MACHINE, "test") as conn:
            if how == "left":
                conn.execute(sa.update(tables.staff).where(tables.staff.c.id == li.id).values(left_on=TODAY))
            elif how == "disabled":
                sign_in.disable_account(conn, MACHINE, li.id, clock.now())
            elif how == "role":
                staff.end_role(conn, li.id, TODAY)
        if how == "unchosen":
            wish("802", channels=[])
        elif how == "unknown":
            office.channels(tmp_path / "channels.yaml", mail="yes/{staff_no}")
        outbox.run()
        assert office.letters == []
        problem = {"unchosen": "not_chosen", "unknown": "no_channel"}.get(how, "left")
        assert states() == [("wecom", "dropped", problem, 1)]

    def test_a_broken_channel_holds_up_no_other_and_is_given_up_in_the_end(self, staffed, office, at_ten_on_monday):
        wish("802", channels=["broken", "wecom"], quiet="0-0")
        tell_oneself("802", 5)
        assert outbox.run() == {"broken": 0, "wecom": 5}
        assert len(office.to("no")) == outbox.ENOUGH  # and no more in this run
        for round_ in range(1, 15):
            at_ten_on_monday(MONDAY + round_ * (outbox.WAITS[-1] + timedelta(minutes=1)))
            outbox.run()
        broken = [row for row in states() if row[0] == "broken"]
        assert broken == [("broken", "failed", "refused", 6)] * 5
        assert len(office.to("no")) == 30

    def test_a_lost_answer_is_not_sent_again(self, staffed, office, at_ten_on_monday):
        wish("802", channels=["mute"], quiet="0-0")
        tell_oneself("802")
        outbox.run()
        at_ten_on_monday(MONDAY + timedelta(days=1))
        outbox.run()
        assert len(office.to("mute")) == 1
        assert states() == [("mute", "unknown", "lost", 1)]

    def test_a_channel_that_is_not_there_is_tried_again(self, staffed, office, tmp_path):
        office.channels(tmp_path / "channels.yaml", wecom="yes/{staff_no}")
        file = tmp_path / "channels.yaml"
        file.write_text(file.read_text().replace(str(office.port), "1"))  # nobody listens there
        wish("802", channels=["wecom"], quiet="0-0")
        tell_oneself("802")
        outbox.run()
        assert states() == [("wecom", "waiting", "unreached", 1)]

    def test_it_is_sent_again_by_hand_and_that_is_written_down(self, staffed, office):
        wish("802", channels=["mute"], quiet="0-0")
        tell_oneself("802")
        outbox.run()
        gao = person("006")
        with access.transaction(gao, "notice.resend") as conn:
            (row,) = dispatches.troubled(conn)
            telling.send_again(conn, gao, row.id)
            with pytest.raises(refusals.Conflict):
                telling.send_again(conn, gao, row.id)
        outbox.run()
        assert len(office.to("mute")) == 2
        with access.reading(MACHINE) as conn:
            assert audit.listing(conn, op="notice.resend").rows[0].staff == "高鑫"

    def test_secrets_of_channels_are_kept_nowhere(self, staffed, office, tmp_path, monkeypatch):
        logged = io.StringIO()
        monkeypatch.setattr(logging.getLogger(), "handlers", [logging.StreamHandler(logged)])
        monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
        office.channels(tmp_path / "channels.yaml", wecom="no/GEHEIM/{staff_no}")
        wish("802", channels=["wecom"], quiet="0-0")
        tell_oneself("802")
        outbox.run()
        assert office.letters
        with access.reading(MACHINE) as conn:
            for table in ("dispatches", "notices", "audit", "job_runs", "preferences"):
                assert "GEHEIM" not in str(conn.exec_driver_sql(f"select * from {table}").all())
        assert "GEHEIM" not in logged.getvalue()
        assert "GEHEIM" not in "".join(finding.words for finding in doctor.examine())

    def test_a_file_of_channels_that_cannot_be_read_says_so_without_its_secrets(self, small_bank, tmp_path, monkeypatch):
        file = tmp_path / "channels.yaml"
        monkeypatch.setenv("VIGIL_CHANNELS", str(file))
        for text in ("mail: {url: 'mailtos://GEHEIM@x', title: 5}", "[GEHEIM", "mail: GEHEIM", "- GEHEIM",
                     "mail: {title: {zh: x}, url: 'json://GEHEIM/{customer}'}"):  # fmt: skip
            file.write_text(text)
            with pytest.raises(channels.settings.BadSetting) as no:
                channels.configured()
            assert "GEHEIM" not in str(no.value)

    def test_what_does_not_leave_is_seen_by_whoever_watches(self, staffed, office, at_ten_on_monday):
        wish("802", channels=["wecom"], quiet="0-0")
        tell_oneself("802")
        assert next(f for f in doctor.examine() if f.what == "Outgoing messages").fine
        at_ten_on_monday(MONDAY + timedelta(minutes=31))
        assert not next(f for f in doctor.examine() if f.what == "Outgoing messages").fine


# --- Several senders, some of them killed -----------------------------------------------------------------------------

SENDER = """
import sys
from engine import opening, outbox
opening.open_store()
outbox.GIVEN_UP = outbox.timedelta(hours=1)
print("ready", flush=True)
sys.stdin.readline()
while outbox.run():
    pass
"""
MANY = 60


def test_five_senders_of_whom_two_are_killed_send_each_message_at_most_once(staffed, office, tmp_path, monkeypatch):
    office.channels(tmp_path / "channels.yaml", slow="slow/{staff_no}")
    for n, number in enumerate(("802", "803", "102")):
        wish(number, channels=["slow"], quiet="0-0")
        tell_oneself(number, MANY // 3, same=f"m{n}-")
    monkeypatch.undo()
    environment = os.environ | {"VIGIL_CHANNELS": str(tmp_path / "channels.yaml")}
    senders = [subprocess.Popen([sys.executable, "-c", SENDER], cwd=telling.settings.ROOT, env=environment, text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(5)]  # fmt: skip
    for sender in senders:
        assert sender.stdout.readline() == "ready\n"
    for sender in senders:
        sender.stdin.write("\n")
        sender.stdin.flush()
    while len(office.letters) < MANY // 4:
        assert any(sender.poll() is None for sender in senders)
        office.pause.wait(0.01)
    for sender in senders[:2]:
        sender.send_signal(signal.SIGKILL)
    for sender in senders:
        sender.wait(timeout=60)
    with access.transaction(MACHINE, "test") as conn:
        dispatches.abandon(conn, datetime.now(UTC) + timedelta(minutes=1), datetime.now(UTC))
        ended = dict(conn.exec_driver_sql("select state, count(*) from dispatches group by state").all())
    texts = [(path, letter["message"]) for path, letter in office.letters]
    assert len(texts) == len(set(texts))  # no message twice
    assert set(ended) <= {DispatchState.SENT, DispatchState.UNKNOWN}
    assert sum(ended.values()) == MANY and ended.get("unknown", 0) <= 2
    assert ended["sent"] <= len(texts) <= MANY


# --- Calendars --------------------------------------------------------------------------------------------------------


class TestCalendars:
    def test_a_newer_link_ends_the_older_and_the_secret_is_not_kept(self, staffed):
        li = person("802")
        with access.transaction(li, "calendar.link") as conn:
            old = links.renew(conn, li, now=clock.now())
            new = links.renew(conn, li, now=clock.now())
        with access.gate() as conn:
            assert links.whose(conn, old, clock.now()) is None
            assert links.whose(conn, new, clock.now()).id == li.id
        with access.reading(MACHINE) as conn:
            for table in ("calendar_links", "audit"):
                assert new not in str(conn.exec_driver_sql(f"select * from {table}").all())

    def test_it_ends_with_the_role_and_with_the_account_for_good(self, staffed):
        li, lin, token = person("802"), person("007"), {}
        with access.transaction(li, "calendar.link") as conn:
            token = links.renew(conn, li, now=clock.now())
        with access.transaction(lin, "account.disable") as conn:
            sign_in.disable_account(conn, lin, li.id, clock.now())
            sign_in.enable_account(conn, lin, li.id)
        with access.gate() as conn:
            assert links.whose(conn, token, clock.now()) is None
        with access.transaction(li, "calendar.link") as conn:
            token = links.renew(conn, li, now=clock.now())
        with access.transaction(MACHINE, "test") as conn:
            staff.end_role(conn, li.id, TODAY)
        with access.gate() as conn:
            assert links.whose(conn, token, clock.now()) is None


# --- On the screen ----------------------------------------------------------------------------------------------------


@pytest.fixture
def visit(staffed, monkeypatch):
    def of_role(role: str, language: str = "zh") -> Visit:
        came = Visit(monkeypatch, role, language)
        monkeypatch.setattr(
            frame, "_ask", lambda _token: (Visitor(came.person, must_change=False, seen_at=clock.now()), wishes(came.person))
        )
        return came

    def wishes(somebody) -> dict:
        with access.reading(somebody) as conn:
            return preferences.of(conn, somebody)

    return of_role


class TestOnTheScreen:
    def test_channels_are_chosen_and_addressed_on_ones_own_page(self, visit, office):
        li = visit("manager")
        test = li.at("me")
        test.toggle(key="me.channel.mail").set_value(True).run()
        assert any("请先填写" in said for said in sentences(test)) and not test.toggle(key="me.channel.mail").value
        test.text_input(key="me.address.mail").set_value("li@bank.example").run()
        test.toggle(key="me.channel.mail").set_value(True).run()
        test.selectbox(key="me.quiet_from").set_value("20").run()
        test.selectbox(key="me.digest").set_value("off").run()
        with access.reading(li.person) as conn:
            wishes = preferences.of(conn, li.person)
        assert wishes["channels"] == ["mail"] and wishes["addresses"] == {"mail": "li@bank.example"}
        assert (wishes["quiet"], wishes["digest"]) == ("20-8", "off")
        test.button(key="me.try").click().run()
        assert not test.exception
        assert told("802") == ["此渠道可正常接收消息。"]

    def test_an_address_that_the_channel_does_not_take_is_said_and_not_kept(self, visit, office):
        li = visit("manager")
        test = li.at("me")
        test.text_input(key="me.address.mail").set_value("nobody at all").run()
        assert any("不接受此地址" in said for said in sentences(test))
        with access.reading(li.person) as conn:
            assert "addresses" not in preferences.of(conn, li.person)

    def test_a_calendar_link_is_shown_once(self, visit):
        li = visit("manager")
        li.at("me").button(key="me.renew").click().run()
        (address,) = [code.value for code in li.test.code]
        token = address.rsplit("/", 1)[1].removesuffix(".ics")
        with access.gate() as conn:
            assert links.whose(conn, token, clock.now()).id == li.person.id
        li.at("today")
        assert [code.value for code in li.at("me").code] == []
        li.test.button(key="me.end_link").click().run()
        with access.gate() as conn:
            assert links.whose(conn, token, clock.now()) is None

    def test_favourites_stand_on_top_of_the_menu(self, visit):
        li = visit("manager")
        test = li.at("me")
        test.multiselect(key="me.favourites").set_value(["signals", "todos"]).run()
        test = li.at("me")
        sections = {section["title"]: [link["href"] for link in section["links"]] for section in menu_of(test)}
        assert list(sections)[:2] == ["常用功能", "我的工作"] and sections["常用功能"] == ["/signals", "/todos"]
        here = [link["href"] for section in menu_of(li.at("signals")) for link in section["links"] if link["here"]]
        assert here == ["/signals"] * 2  # there, and where it always stands

    def test_the_bell_counts_and_leads_to_what_it_tells_of(self, visit):
        tell_oneself("802", 2)
        li = visit("manager")
        assert "blue-badge[2]" in shown(li.at("today")) and "2条新消息" in shown(li.test)
        test = li.at("notices")
        assert not test.exception and "移交给您的待办2项" in shown(test)
        test.button(key="read_all").click().run()
        assert of("802")[0].read_at is not None
        assert "条新消息" not in shown(li.at("today"))

    def test_opening_a_message_reads_it(self, visit):
        tell_oneself("802")
        li = visit("manager")
        li.at("notices").button(key=f"open_{of('802')[0].id}").click().run()
        assert of("802")[0].read_at is not None
        assert not li.test.exception

    def test_what_did_not_arrive_is_listed_with_its_reason(self, visit, office):
        wish("802", channels=["mute"], quiet="0-0")
        tell_oneself("802")
        outbox.run()
        for role in ("system_admin", "head_risk"):
            test = visit(role).at("operations")
            assert not test.exception and "未收到渠道的答复" in shown(test) and "结果未知" in shown(test)
            assert ("重新发送" in [button.label for button in test.button]) == (role == "system_admin")
