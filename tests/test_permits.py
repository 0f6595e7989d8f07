"""One table of roles and verbs: every verb asks it, and whoever is refused leaves a line in the trail."""

import inspect
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from db import access, audit, records
from db.access import MACHINE, Person
from db.batches import Whom
from db.files import Span
from db.todos import Filter
from db.vocab import (
    BatchAct,
    BranchAct,
    Conclusion,
    CustomerLevel,
    Definition,
    Finding,
    Kind,
    LeadState,
    Marking,
    Mode,
    Opinion,
    Outcome,
    Place,
    Rhythm,
    Role,
    SecondLook,
)
from engine import (
    absences,
    acts,
    addresses,
    approvals,
    batches,
    branches,
    calendar_links,
    campaigns,
    care,
    checks,
    customers,
    draws,
    exports,
    footprints,
    handover,
    kept_reports,
    leads,
    levels,
    notices,
    own_cycles,
    people,
    permits,
    preferences,
    refusals,
    reports,
    restructuring,
    reviews,
    roles,
    rounds,
    rulebook,
    search,
    sign_in,
    signals,
    todos,
    viewing,
    visits,
    words,
    working_days,
)
from engine import monthly as months
from engine.campaigns import Campaign
from engine.feed import override
from engine.lists import Leads
from engine.own_rules import Wish
from engine.papers import inspection, monthly
from tests import house
from tests.bank import STAFF, TODAY
from tests.conftest import cloned, person

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
PARAMETER = {"value": 2}
CAMPAIGN = Campaign("排查", Kind.SPECIAL, Mode.FIELD, TODAY + timedelta(9), reason="a good reason")
FEW = reports.Wish(subject="todos", measures=("count",))
NUMBER_OF = {Role(role): number for number, *_, role in reversed(STAFF)}


def check_of(customer_id: int) -> checks.Submission:
    return checks.Submission(uuid4(), customer_id, Kind.SPOT, Mode.PHONE, Outcome.COMPLETED, Conclusion.NORMAL, NOW)


def wish_for(customer_id: int) -> addresses.Wish:
    return addresses.Wish(customer_id, Place.HOME, "合隆镇", 44.1, 125.2, "wgs84", Marking.TAP)


def proposal(family: Definition) -> Callable:
    return lambda conn, by: rulebook.propose(conn, by, family, "x", PARAMETER, TODAY + timedelta(9), "a good reason", today=TODAY)


def in_bulk(act: BatchAct) -> Callable:
    wish = batches.Wish(act, (12,), TODAY + timedelta(9), TODAY + timedelta(9), "a good reason")
    which = Filter(TODAY, ids=(1,))
    return lambda conn, by: batches.do(conn, by, wish, which, "seen", uuid4(), now=NOW, today=TODAY)


# What each verb is called in the table, and how it is tried. A verb with several permits stands once for each.
VERBS: dict[str, tuple[str, Callable]] = {
    "viewing.begin": ("view.as", lambda conn, by: viewing.begin(conn, by, 12)),
    "viewing.end": ("view.as", lambda conn, by: viewing.end(conn, by)),
    "viewing.hang": ("wall.hang", lambda conn, by: viewing.hang(conn, by, now=NOW)),
    "care.update": ("customer.update", lambda conn, by: care.update(conn, by, 1, care.Facts(), None, now=NOW)),
    "care.note": ("customer.note", lambda conn, by: care.note(conn, by, 1, "called back", now=NOW)),
    "footprints.look": ("footprint.look", lambda conn, by: footprints.look(conn, by, 12, TODAY)),
    "leads.add": ("lead.add", lambda conn, by: leads.add(conn, by, leads.Lead("新店", "贷款20万"), now=NOW)),
    "leads.move": (
        "lead.follow",
        lambda conn, by: leads.move(conn, by, 1, LeadState.NEW, LeadState.WON, now=NOW),
    ),
    "leads.give": ("lead.follow", lambda conn, by: leads.give(conn, by, 1, 12, 13, now=NOW)),
    "addresses.mark": ("address.mark", lambda conn, by: addresses.mark(conn, by, wish_for(1), now=NOW, today=TODAY)),
    "addresses.doubt": ("address.doubt", lambda conn, by: addresses.doubt(conn, by, 1, "a good reason")),
    "addresses.confirm": ("address.confirm", lambda conn, by: addresses.confirm(conn, by, 1)),
    "addresses.ask_to_mark": ("address.ask", lambda conn, by: addresses.ask_to_mark(conn, by, [1, 2], inspectors=False)),
    "approvals.approve": ("request.decide", lambda conn, by: approvals.approve(conn, by, 1, now=NOW)),
    "approvals.refuse": ("request.decide", lambda conn, by: approvals.refuse(conn, by, 1, "a good reason", now=NOW)),
    "approvals.withdraw": ("request.withdraw", lambda conn, by: approvals.withdraw(conn, by, 1, now=NOW)),
    "customers.name_inspector": ("inspector.name", lambda conn, by: customers.name_inspector(conn, by, [1], 13, today=TODAY)),
    "checks.submit": ("check.submit", lambda conn, by: checks.submit(conn, by, check_of(1))),
    "customers.reveal": ("customer.reveal", lambda conn, by: customers.reveal(conn, by, 1, "phone", "to call him")),
    "draws.draw": ("spot.draw", lambda conn, by: draws.draw(conn, by, draws.Wish(records.Filter(), 1), "seed", now=NOW)),
    "draws.settle": ("spot.check", lambda conn, by: draws.settle(conn, by, 1, 1, draws.Said(SecondLook.AGREED), now=NOW)),
    "exports.ask": ("export.make", lambda conn, by: exports.ask(conn, by, exports.of_list("leads", Leads()), now=NOW, today=TODAY)),
    "kept_reports.keep": ("report.keep", lambda conn, by: kept_reports.keep(conn, by, "mine", FEW)),
    "kept_reports.share": ("report.share", lambda conn, by: kept_reports.share(conn, by, 0, [Role.MANAGER], [])),
    "kept_reports.repeat": ("report.keep", lambda conn, by: kept_reports.repeat(conn, by, 0, Rhythm.DAILY, today=TODAY)),
    "kept_reports.drop": ("report.keep", lambda conn, by: kept_reports.drop(conn, by, 0)),
    "monthly.report": (
        "monthly.make",
        lambda conn, by: months.report(conn, by, TODAY.replace(day=1), months.Part(None, ""), today=TODAY),
    ),
    "monthly.moved_ones": (
        "monthly.make",
        lambda conn, by: months.moved_ones(
            conn, by, SimpleNamespace(first=TODAY, last=TODAY), months.Part(None, ""), months.WORSE_ONES
        ),
    ),
    "papers.monthly.of_month": (
        "monthly.make",
        lambda conn, by: monthly.of_month(conn, by, TODAY.replace(day=1), now=NOW, today=TODAY),
    ),
    "papers.inspection.of_loan": ("file.make", lambda conn, by: inspection.of_loan(conn, by, "L1", Span(), now=NOW, today=TODAY)),
    "papers.inspection.of_customer": (
        "file.make",
        lambda conn, by: inspection.of_customer(conn, by, "K001", Span(), now=NOW, today=TODAY),
    ),
    "papers.inspection.parts_of_branch": ("file.branch", lambda conn, by: inspection.parts_of_branch(conn, by, 1, Span())),
    "papers.inspection.part_of_branch": (
        "file.branch",
        lambda conn, by: inspection.part_of_branch(conn, by, 1, [1], (1, 1), Span(), now=NOW, today=TODAY),
    ),
    "feed.override.ask": ("feed.override.ask", lambda conn, by: override.ask(conn, by, 1, "a good reason")),
    "feed.override.allow": ("feed.override.allow", lambda conn, by: override.allow(conn, by, 1)),
    "feed.override.refuse": ("feed.override.allow", lambda conn, by: override.refuse(conn, by, 1, "a good reason")),
    "absences.arrange": (
        "absence.arrange",
        lambda conn, by: absences.arrange(conn, by, 12, 13, TODAY, TODAY, "on leave", today=TODAY),
    ),
    "absences.end": ("absence.arrange", lambda conn, by: absences.end(conn, by, 1, today=TODAY)),
    "search.remember": ("preference.set", lambda conn, by: search.remember(conn, by, "王记", now=NOW)),
    "search.forget": ("preference.set", lambda conn, by: search.forget(conn, by)),
    "handover.preview.look": ("handover.make", lambda conn, by: handover.look(conn, by, 12, [13], today=TODAY)),
    "handover.preview.hold": ("handover.make", lambda conn, by: handover.hold(conn, by, 12, today=TODAY)),
    "handover.moving.hand_over": (
        "handover.make",
        lambda conn, by: handover.hand_over(conn, by, handover.Plan(12, {1: 14, 2: 14}, "he moves", TODAY), now=NOW, today=TODAY),
    ),
    "handover.moving.undo": ("handover.make", lambda conn, by: handover.undo(conn, by, 1, now=NOW)),
    "working_days.ask": (
        "calendar.change",
        lambda conn, by: working_days.ask(
            conn, by, TODAY + timedelta(9), TODAY + timedelta(9), False, "", "a good reason", now=NOW, today=TODAY
        ),
    ),
    "calendar_links.renew": ("calendar.link", lambda conn, by: calendar_links.renew(conn, by, now=NOW)),
    "calendar_links.end": ("calendar.link", lambda conn, by: calendar_links.end(conn, by)),
    "levels.ask": (
        "level.ask",
        lambda conn, by: levels.ask(conn, by, 1, CustomerLevel.D, TODAY + timedelta(9), "a good reason", now=NOW, today=TODAY),
    ),
    "levels.end": ("level.decide", lambda conn, by: levels.end(conn, by, 1, today=TODAY)),
    "notices.read": ("notice.read", lambda conn, by: notices.read(conn, by)),
    "notices.try_channels": ("notice.try", lambda conn, by: notices.try_channels(conn, by)),
    "notices.send_again": ("notice.resend", lambda conn, by: notices.send_again(conn, by, 1)),
    "people.add": ("staff.change", lambda conn, by: people.add(conn, by, "901", people.Facts("新人", "229008"), today=TODAY)),
    "people.correct": ("staff.change", lambda conn, by: people.correct(conn, by, 12, people.Facts("李强", "229008"))),
    "people.end": ("staff.change", lambda conn, by: people.end(conn, by, 12, TODAY, today=TODAY)),
    "people.bring_back": ("staff.change", lambda conn, by: people.bring_back(conn, by, 12)),
    "restructuring.ask": (
        "branch.restructure",
        lambda conn, by: restructuring.ask(conn, by, "2290081", BranchAct.MERGE, "a good reason", now=NOW, to="229001"),
    ),
    "roles.ask": (
        "role.grant",
        lambda conn, by: roles.ask(conn, by, 12, Role.INSPECTOR, TODAY, None, "a good reason", now=NOW, today=TODAY),
    ),
    "preferences.prefer": ("preference.set", lambda conn, by: preferences.prefer(conn, by, language="en")),
    "branches.add": ("branch.change", lambda conn, by: branches.add(conn, by, "2299", "新支行", "229000")),
    "branches.rename": ("branch.change", lambda conn, by: branches.rename(conn, by, "229008", "新支行")),
    "branches.follow_feed": ("branch.change", lambda conn, by: branches.follow_feed(conn, by, "229008")),
    "branches.place": ("branch.place", lambda conn, by: branches.place(conn, by, by.branch_id, 43.9, 125.3)),
    "rounds.planning.plan": ("round.plan", lambda conn, by: rounds.plan(conn, by, TODAY, position=(43.9, 125.3), now=NOW)),
    "rounds.planning.move": ("round.plan", lambda conn, by: rounds.move(conn, by, TODAY, 1, 1, now=NOW)),
    "rounds.planning.replan_after": ("round.plan", lambda conn, by: rounds.replan_after(conn, by, TODAY, 1, now=NOW)),
    "rounds.planning.take_out": ("round.plan", lambda conn, by: rounds.take_out(conn, by, TODAY, 1, now=NOW)),
    "rounds.planning.add": ("round.plan", lambda conn, by: rounds.add(conn, by, TODAY, 1, now=NOW)),
    "rounds.planning.appoint": ("round.plan", lambda conn, by: rounds.appoint(conn, by, TODAY, 1, 600, now=NOW)),
    "rounds.planning.offers": ("round.plan", lambda conn, by: rounds.offers(conn, by, TODAY, now=NOW)),
    "rounds.sharing.begin": ("round.share", lambda conn, by: rounds.begin(conn, by, TODAY, TODAY, [by.id])),
    "rounds.sharing.apply": ("round.share", lambda conn, by: rounds.apply(conn, by, 1)),
    "rounds.sharing.drop": ("round.share", lambda conn, by: rounds.drop(conn, by, 1)),
    "reports.ask": ("todos.see", lambda conn, by: reports.ask(conn, by, FEW, today=TODAY)),
    "reports.behind": ("todos.see", lambda conn, by: reports.behind(conn, by, FEW, (), "count", today=TODAY)),
    "reports.rows_behind": ("todos.see", lambda conn, by: reports.rows_behind(conn, by, FEW, (), "count", today=TODAY)),
    "reports.choices": ("todos.see", lambda conn, by: reports.choices(conn, by, FEW, "state", today=TODAY)),
    "reviews.decide": ("review.decide", lambda conn, by: reviews.decide(conn, by, 1, Finding.REFUSED, "not the shop", now=NOW)),
    "reviews.appeal": ("review.appeal", lambda conn, by: reviews.appeal(conn, by, 1, "it is the shop", now=NOW)),
    "reviews.settle": ("review.settle", lambda conn, by: reviews.settle(conn, by, 1, Finding.ACCEPTED, "it is the shop", now=NOW)),
    "reviews.judge": ("record.judge", lambda conn, by: reviews.judge(conn, by, 1, Opinion.PASSED, None, now=NOW)),
    "rulebook.sketch": ("form.change", lambda conn, by: rulebook.sketch(conn, by, Definition.FORM, "CALL", {}, now=NOW)),
    "rulebook.drop_sketch": ("form.change", lambda conn, by: rulebook.drop_sketch(conn, by, Definition.FORM, "CALL")),
    "rulebook.propose": ("rule.change", proposal(Definition.TODO_RULE)),
    "rulebook.propose parameter": ("parameter.change", proposal(Definition.PARAMETER)),
    "rulebook.propose scorecard": ("scorecard.change", proposal(Definition.SCORECARD)),
    "rulebook.propose_product": (
        "product.change",
        lambda conn, by: rulebook.propose_product(conn, by, {"code": "x"}, TODAY + timedelta(9), "a good reason", today=TODAY),
    ),
    "rulebook.propose form": ("form.change", proposal(Definition.FORM)),
    "rulebook.propose mapping": ("mapping.change", proposal(Definition.MAPPING)),
    "rulebook.approve": ("rule.decide", lambda conn, by: rulebook.approve(conn, by, 1, now=NOW, today=TODAY)),
    "rulebook.refuse": ("rule.decide", lambda conn, by: rulebook.refuse(conn, by, 1, "a good reason", now=NOW)),
    "sign_in.open_account": ("account.open", lambda conn, by: sign_in.open_account(conn, by, 12, "li", "Guard-the-loans-7", NOW)),
    "sign_in.reset_password": ("account.open", lambda conn, by: sign_in.reset_password(conn, by, 12, "Guard-the-loans-7", NOW)),
    "sign_in.disable_account": ("account.disable", lambda conn, by: sign_in.disable_account(conn, by, 12, NOW)),
    "sign_in.enable_account": ("account.disable", lambda conn, by: sign_in.enable_account(conn, by, 12)),
    "sign_in.sign_out_everywhere": ("session.end", lambda conn, by: sign_in.sign_out_everywhere(conn, by, 12, NOW)),
    "signals.take": ("signal.take", lambda conn, by: signals.take(conn, by, 1, now=NOW)),
    "signals.answer": ("signal.answer", lambda conn, by: signals.answer(conn, by, 1, [], "it is well", now=NOW)),
    "visits.opening.open_todo": ("check.submit", lambda conn, by: visits.open_todo(conn, by, 1, now=NOW)),
    "visits.opening.open_customer": ("check.submit", lambda conn, by: visits.open_customer(conn, by, 1, now=NOW)),
    "visits.drafting.save": ("check.submit", lambda conn, by: visits.save(conn, by, uuid4(), 1, {}, now=NOW)),
    "visits.drafting.add_photo": (
        "check.submit",
        lambda conn, by: visits.add_photo(conn, by, uuid4(), visits.Piece(uuid4(), 1, 0, b"x")),
    ),
    "visits.drafting.drop_photo": ("check.submit", lambda conn, by: visits.drop_photo(conn, by, uuid4(), uuid4())),
    "visits.drafting.number": ("check.submit", lambda conn, by: visits.number(conn, by, uuid4(), now=NOW)),
    "visits.judging.preview": ("check.submit", lambda conn, by: visits.preview(conn, by, uuid4(), {}, now=NOW)),
    "visits.submitting.submit": ("check.submit", lambda conn, by: visits.submit(conn, by, uuid4(), {}, now=NOW)),
    **{f"batches.do {act}": (permit, in_bulk(act)) for act, permit in batches.PERMIT.items()},
    "batches.look": (
        "todo.assign",
        lambda conn, by: batches.look(conn, by, batches.Wish(BatchAct.ASSIGN, (12,)), Filter(TODAY), today=TODAY),
    ),
    "batches.refused": (
        "todo.move",
        lambda conn, by: batches.refused(conn, by, batches.Wish(BatchAct.DUE, (), TODAY), Filter(TODAY), today=TODAY),
    ),
    "batches.exempt_loan": (
        "exemption.ask",
        lambda conn, by: batches.exempt_loan(conn, by, "L1", [Kind.REGULAR], TODAY, "a good reason", now=NOW, today=TODAY),
    ),
    "batches.end_exemption": ("exemption.approve", lambda conn, by: batches.end_exemption(conn, by, 1, 1, now=NOW, today=TODAY)),
    "own_cycles.ask": (
        "cycle.ask",
        lambda conn, by: own_cycles.ask(
            conn, by, "L1", Wish(Kind.REGULAR, None, Mode.FIELD), None, "a good reason", now=NOW, today=TODAY
        ),
    ),
    "own_cycles.end": ("cycle.decide", lambda conn, by: own_cycles.end(conn, by, 1, 1, today=TODAY)),
    "campaigns.read": ("todo.ask", lambda conn, by: campaigns.read(conn, by, "list.csv", b"K001\nK009\n")),
    "campaigns.look": ("todo.ask", lambda conn, by: campaigns.look(conn, by, Whom(customer_ids=(1,)), CAMPAIGN, today=TODAY)),
    "campaigns.begin": (
        "todo.ask",
        lambda conn, by: campaigns.begin(conn, by, CAMPAIGN, Whom(customer_ids=(1,)), uuid4(), now=NOW, today=TODAY),
    ),
    "campaigns.end": ("todo.ask", lambda conn, by: campaigns.end(conn, by, 1, "a good reason", now=NOW, today=TODAY)),
    "todos.assign": ("todo.assign", lambda conn, by: todos.assign(conn, by, [1], 12)),
    "todos.claim": ("todo.claim", lambda conn, by: todos.claim(conn, by, 1)),
    "todos.cancel": ("todo.cancel", lambda conn, by: todos.cancel(conn, by, 1, "a good reason", today=TODAY)),
}
# Which permit it asks depends on the signal, or on the act that is taken back; tried below, or in tests/test_batches.py.
BY_LEVEL = {"signals.close", "batches.undo"}
# Parts of other verbs, which have asked already.
WITHIN_OTHERS = {
    "deciders.must_be_second", "notices.of_a_decision", "notices.of_a_signal", "notices.of_a_request", "notices.of_an_answer",
    "notices.of_an_absence", "notices.of_a_draw", "batches.must_receive",
}  # fmt: skip
# About nobody but oneself, behind the sign-in: no permit.
MY_OWN = {
    "approvals.decidable",
    "approvals.waiting",
    "exports.latest",
    "preferences.of",
    "search.find",  # of the book only for whom it is open
    "search.recent",
    "sign_in.prolong",
    "sign_in.sign_out_elsewhere",
    "sign_in.open_sessions",
    "sign_in.change_password",
}
# Permits of pages and of the loader, asked where these begin; and by approvals, for one kind of request.
ELSEWHERE = {"feed.load", "role.decide", "rule.try"}

REFUSED = [
    (verb, role) for verb, (permit, _) in VERBS.items() for role in Role if role not in permits.PERMITS[permit] | {Role.MACHINE}
]


def test_every_verb_is_tried_here():
    found = {name for name, verb in house.functions("engine") if house.takes(verb, "conn", "by")}
    found.discard("requests.ask")  # asked by verbs that asked for their own permit
    found -= {name for name in found if "by: Person" not in str(inspect.signature(dict(house.functions("engine"))[name]))
              and inspect.signature(dict(house.functions("engine"))[name]).parameters["by"].annotation is not Person}  # fmt: skip
    assert found == {verb.split()[0] for verb in VERBS} | BY_LEVEL | MY_OWN | WITHIN_OTHERS


def test_every_permit_is_asked_by_a_verb_or_a_page():
    asked = {permit for permit, _ in VERBS.values()} | {"signal.close.high", "signal.close.low"} | ELSEWHERE
    assert permits.PERMITS.keys() == asked | {permit for permit in permits.PERMITS if permit.endswith(".see")}
    pages = "".join(file.read_text(encoding="utf-8") for file in house.sources("pages"))
    for permit in permits.PERMITS:
        if permit.endswith(".see"):
            assert f'"{permit}"' in pages, permit


def test_every_permit_has_a_name_in_both_languages():
    assert permits.WORDS.keys() == permits.PERMITS.keys()
    for text in permits.WORDS.values():
        assert words._(text) != text


@pytest.fixture(scope="module")
def everybody(administrator, templates) -> dict[Role, Person]:
    bank = cloned(administrator, templates["bank"])
    next(bank)
    yield {role: person(number) for role, number in NUMBER_OF.items()}
    next(bank, None)


@pytest.mark.parametrize(("verb", "role"), REFUSED, ids=lambda value: str(value))
def test_whoever_may_not_is_refused_in_words_and_written_down(everybody, verb, role):
    permit, do = VERBS[verb]
    by = everybody[role]
    with pytest.raises(refusals.NotPermitted) as no, acts.act(by, permit) as conn:
        do(conn, by)
    assert no.value.sentence() == f"Your role does not permit this: {permits.WORDS[permit]}."
    with access.reading(MACHINE) as conn:
        line = audit.listing(conn, limit=1).rows[0]
    assert (line.op, line.staff_id, line.role, line.after) == ("refused", by.id, role, {"verb": permit, "why": "NotPermitted"})


@pytest.mark.parametrize("verb", VERBS)
def test_whoever_may_is_stopped_by_nothing_but_the_matter_itself(everybody, verb):
    """Refused for another reason, or done: never an error of the database, whose grants must not be narrower than the table."""
    permit, do = VERBS[verb]
    for role in permits.PERMITS[permit]:
        by = everybody[role]
        try:
            with acts.act(by, permit) as conn:
                do(conn, by)
        except refusals.Refusal as no:
            assert not isinstance(no, refusals.NotPermitted)


def test_closing_a_signal_asks_by_its_level(everybody):
    ids = {}
    with access.transaction(MACHINE, "test") as conn:
        for level in ("blue", "yellow", "orange", "red"):
            ids[level] = conn.exec_driver_sql(
                "insert into signals (customer_id, rule_code, rule_version, subject_kind, subject_id, branch_id, level, evidence, first_on,"
                f" last_on) select id, 'X', 1, 'customer', id, branch_id, '{level}', '{{}}', date '2026-11-01' + {len(ids)}, '2026-11-09'"
                f" from customers order by id limit 1 offset {len(ids)} returning id").scalar_one()  # fmt: skip
    for level, signal_id in ids.items():
        may = permits.PERMITS["signal.close.high" if level in ("orange", "red") else "signal.close.low"]
        for role in permits.READERS - may:
            with pytest.raises((refusals.NotPermitted, refusals.NotFound)), acts.act(everybody[role], "signal.close") as conn:
                signals.close(conn, everybody[role], signal_id, "looked into it", false_alarm=False, today=TODAY)
        with acts.act(everybody[Role.HEAD_RISK], "signal.close") as conn:
            signals.close(conn, everybody[Role.HEAD_RISK], signal_id, "looked into it", false_alarm=False, today=TODAY)


def test_the_machine_may_everything_and_auditors_change_nothing():
    assert all(permits.may(MACHINE, verb) for verb in permits.PERMITS)
    auditor = Person(1, "陈静", Role.AUDITOR)
    assert {verb for verb in permits.PERMITS if permits.may(auditor, verb) and not verb.endswith(".see")} == {
        "export.make",
        "file.branch",
        "file.make",
        "footprint.look",
        "monthly.make",
        "preference.set",
        "report.keep",
        "report.share",
        "request.withdraw",  # of a large export
    }


def test_it_sees_no_customers_and_the_administrators_no_book():
    for role in permits.TECHNICAL:
        assert not {v for v, roles in permits.PERMITS.items() if role in roles} & {
            "customers.see",
            "loans.see",
            "todos.see",
            "customer.reveal",
        }
