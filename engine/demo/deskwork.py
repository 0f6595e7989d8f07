"""What people of the demo bank did besides checks: new business, notes, marks, reviews, a handover, tomorrow's rounds."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from db import access, demo, loans, staff
from db import draws as samples
from db import leads as lead_rows
from db.access import MACHINE, Connection, Person
from db.records import Filter
from db.vocab import Finding, Kind, LeadState, Marking, Place, Role, Start, Unit
from engine import (
    addresses,
    approvals,
    branches,
    calendar,
    care,
    draws,
    handover,
    leads,
    notices,
    own_cycles,
    refusals,
    reviews,
    rounds,
    suspects,
)
from engine.cycles import Cycle
from engine.demo import story
from engine.demo.places import DISTRICTS
from engine.own_rules import Wish

LEADS, FACTS, NOTES = 44, 36, 40
SAMPLE, WATCHED_AMONG = 20, 40  # checks drawn; customers of whom one loan gets a cycle of its own
DAY = timedelta(days=1)


@dataclass
class Desk:
    """One afternoon at the desks: who there is, and the customers that something is known of."""

    conn: Connection
    now: datetime
    today: date
    chance: random.Random
    people: dict[str, Person]  # of the story, by user name
    customers: list

    def ago(self, least: int, most: int) -> datetime:
        return self.now - self.chance.uniform(least, most) * DAY

    def of(self, user: str) -> list:
        """This officer's customers, whoever else looks after them."""
        me = self.people[user].id
        return [c for c in self.customers if me in (c.manager_id, c.inspector_id)]


def work(seed: int, now: datetime, today: date) -> None:
    """Everything once, each thing by its verb."""
    steps: tuple[Callable[[Desk], None], ...] = (
        _new_business, _known, _written_down, _marks, _reviewed, _sampled, _watched_closely, _handed_over, _tomorrow,
    )  # fmt: skip
    with access.transaction(MACHINE, "seed") as conn:
        people = {user: staff.person(conn, demo.of_name(conn, name, role)) for user, _, _, name, role in story.SIGN_INS}
        mine = [people["manager"].id, people["inspector"].id]
        desk = Desk(conn, now, today, random.Random(seed), people, demo.followed(conn, mine))
        for step in steps:
            step(desk)
        suspects.look(conn, today)
        notices.of_the_day(conn, now, calendar.load(conn))


def _officers(d: Desk, n: int) -> list[tuple[object, Person]]:
    """So many customers with their managers: one in three of the story's."""

    @cache
    def person(staff_id: int) -> Person | None:
        return staff.person(d.conn, staff_id)

    mine = d.chance.sample(d.of("manager"), min(n // 3, len(d.of("manager"))))
    others = [c for c in d.customers if c.manager_id != d.people["manager"].id]
    chosen = mine + d.chance.sample(others, min(n - len(mine), len(others)))
    return [(c, by) for c in chosen if (by := person(c.manager_id)) is not None and by.role is Role.MANAGER]


def _new_business(d: Desk) -> None:
    for customer, by in _officers(d, LEADS):
        name, wish = d.chance.choice(story.LEADS)
        said = leads.Lead(
            name.format(d.chance.choice("王李张刘陈杨赵黄周吴")), wish, f"139{d.chance.randrange(10**8):08d}", customer.id
        )
        leads.add(d.conn, by, said, now=d.ago(3, 80))
    for lead in lead_rows.listing(d.conn, limit=LEADS).rows:
        _follow(d, lead)


def _follow(d: Desk, lead) -> None:
    roll, by = d.chance.random(), staff.person(d.conn, lead.staff_id)
    if roll < 0.35:
        return
    leads.move(d.conn, by, lead.id, LeadState.NEW, LeadState.CONTACTED, now=d.ago(2, 3))
    if roll > 0.85:
        leads.move(d.conn, by, lead.id, LeadState.CONTACTED, LeadState.LOST, d.chance.choice(story.LOST), now=d.ago(0.5, 2))
    elif roll > 0.65:
        leads.move(d.conn, by, lead.id, LeadState.CONTACTED, LeadState.WON, now=d.ago(0.5, 2))


def _known(d: Desk) -> None:
    for customer, by in _officers(d, FACTS):
        phone = f"138{d.chance.randrange(10**8):08d}" if d.chance.random() < 0.4 else None
        said = (d.chance.choice(words) for words in (story.BUSINESS, story.REMARKS, story.NEEDS))
        care.update(d.conn, by, customer.id, care.Facts(phone, *said), None, now=d.ago(1, 60))


def _written_down(d: Desk) -> None:
    for customer, by in _officers(d, NOTES):
        care.note(d.conn, by, customer.id, d.chance.choice(story.NOTES), now=d.ago(0.2, 45))


# --- Where customers are ----------------------------------------------------------------------------------------------


def _marks(d: Desk) -> None:
    """Small corrections are the officer's own, larger ones wait for the branch head, who has agreed to one."""
    chosen = iter(d.chance.sample(d.of("manager"), 7))
    for metres in (60, 140, 220):
        _correct(d, next(chosen), metres, "上门核实，原标记在村口。", d.ago(2, 20))
    agreed = _correct(d, next(chosen), 2600, "店面已从镇上搬到新市场。", d.ago(6, 12), "吉林省长春市农安县农安镇新市场东区8号")
    approvals.approve(d.conn, d.people["branch"], agreed, "已电话核实。", now=d.ago(2, 4))
    _correct(d, next(chosen), 1900, "客户新建厂房，已迁入经营。", d.ago(0.1, 1), "吉林省长春市农安县合隆镇工业集中区12号")
    _correct(d, next(chosen), 5200, "借款人搬到县城居住，原住所已出租。", d.ago(1, 3), "吉林省长春市农安县农安镇宝塔街66号")
    addresses.doubt(d.conn, d.people["manager"], next(chosen).address_id, "现场找不到门牌，标记可能在隔壁村。")


def _correct(d: Desk, mark, metres: float, why: str, now: datetime, place: str | None = None) -> int | None:
    wish = addresses.Wish(
        mark.id, Place(mark.kind), place or mark.place, mark.lat + metres / 111_195, mark.lon, "wgs84", Marking.HERE, accuracy_m=14,
        address_id=mark.address_id, why=why,
    )  # fmt: skip
    return addresses.mark(d.conn, d.people["manager"], wish, now=now, today=d.today)


# --- What others look at ----------------------------------------------------------------------------------------------


def _reviewed(d: Desk) -> None:
    """Low grades are looked at within two weeks; whoever is not believed may answer, and head office has the last word."""
    for row in demo.low_grades(d.conn, d.now - 13 * DAY):
        finding = d.chance.choices(list(Finding), (7, 2, 1))[0]
        reviews.decide(
            d.conn, staff.person(d.conn, row.head_id), row.id, finding, d.chance.choice(story.REVIEWED[finding]), now=d.ago(5, 9)
        )
        if finding is Finding.REFUSED:
            reviews.appeal(d.conn, staff.person(d.conn, row.staff_id), row.id, d.chance.choice(story.APPEALS), now=d.ago(3, 4))
            if d.chance.random() < 0.5:
                reviews.settle(d.conn, d.people["risk"], row.id, Finding.ACCEPTED, "照片与定位吻合，认可到场。", now=d.ago(1, 2))


def _sampled(d: Desk) -> None:
    """Head office has drawn some of the month's checks, and has looked again at a few of them."""
    wish = draws.Wish(Filter(done_from=d.today - 30 * DAY, done_to=d.today), number=SAMPLE)
    drawn = draws.draw(d.conn, d.people["risk"], wish, story.SAMPLE, now=d.ago(3, 4))
    for said in (draws.Said(*words) for words in story.LOOKED_AT):
        by = d.people["loans"]
        record_id = samples.next_waiting(d.conn, drawn, by.id)
        if record_id is not None:
            draws.settle(d.conn, by, drawn, record_id, said, now=d.ago(1, 2))


def _watched_closely(d: Desk) -> None:
    """One loan is checked each month, whatever its rule says."""
    monthly = Wish(Kind.REGULAR, Cycle(1, Unit.MONTH))
    notes = (loan for c in d.of("manager")[:WATCHED_AMONG] for loan in loans.of_customer(d.conn, c.id) if loan.live)
    for loan in sorted(notes, key=lambda loan: -loan.balance_fen):
        try:
            asked = own_cycles.ask(
                d.conn, d.people["branch"], loan.loan_no, monthly, None, story.OWN_CYCLE, now=d.ago(2, 3), today=d.today
            )
        except (refusals.NoRuleGoverns, refusals.SameAsTheRule):
            continue
        approvals.approve(d.conn, d.people["loans"], asked, now=d.ago(1, 2))
        return


def _handed_over(d: Desk) -> None:
    """A colleague of the story's manager is away for two weeks; others stand in."""
    head = d.people["branch"]
    team = [c.id for c in staff.colleagues(d.conn, [head.branch_id], (Role.MANAGER,)) if c.id != d.people["manager"].id]
    if len(team) < 3:
        return
    seen = handover.look(d.conn, head, team[0], team[1:3], today=d.today)
    some = dict(list(seen.proposed.items())[:18])
    plan = handover.Plan(team[0], some, "产假期间由同事代管，期满自动收回。", d.today, d.today + 14 * DAY)
    handover.hand_over(d.conn, head, plan, now=d.now, today=d.today)


def _tomorrow(d: Desk) -> None:
    """The branch is on the map, and some of its officers have planned their next day."""
    head = d.people["branch"]
    home = next(x for x in DISTRICTS if x.branch == "农安支行")
    branches.place(d.conn, head, head.branch_id, home.lat, home.lon)
    for officer in staff.colleagues(d.conn, [head.branch_id], (Role.MANAGER, Role.INSPECTOR))[:6]:
        by = staff.person(d.conn, officer.id)
        day = rounds.plannable_day(d.conn, by.id, d.now)
        try:
            rounds.plan(d.conn, by, day, start=Start.BRANCH, now=d.now)
        except refusals.NoStart:
            continue
