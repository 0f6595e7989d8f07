"""Everybody sees what is his to see: every read of the store, as everybody, against the rules in plain Python."""

import re
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from types import SimpleNamespace

import psycopg2
import pytest
import sqlalchemy as sa

from db import (
    absences,
    access,
    accounts,
    addresses,
    audit,
    batches,
    branches,
    calendar,
    calendar_links,
    care,
    copies,
    cube,
    customers,
    definitions,
    dispatches,
    drafts,
    draws,
    exports,
    feeds,
    figures,
    files,
    footprints,
    handovers,
    installation,
    jobs,
    kept_counts,
    leads,
    levels,
    loans,
    monthly,
    notices,
    opinions,
    own_cycles,
    photos,
    portfolio,
    preferences,
    products,
    qualities,
    reasons,
    records,
    requests,
    reviews,
    rounds,
    rulebook,
    searches,
    sessions,
    sight,
    signals,
    sketches,
    spellings,
    staff,
    store,
    tables,
    ties,
    todos,
)  # fmt: skip
from db import reports as db_reports
from db.access import MACHINE, Person
from db.listing import Page
from db.vocab import Assign, BatchAct, Definition, Kind, Mode, Request, Role, Scope
from engine import customers as customer_verbs
from engine import query, refusals
from tests import house, planted
from tests.bank import STAFF, TODAY
from tests.conftest import cloned, planted_template
from tests.rules_of_sight import OPEN_TO, Book, Sight

EVERYONE = [number for number, *_ in STAFF]
SINCE = TODAY - timedelta(days=30)
SCOPE = figures.Scope(TODAY)
WINDOWS = figures.compared(TODAY, 30)
SPANS = (files.Span(), files.Span(SINCE, TODAY + timedelta(days=400)))
TAKES = handovers.Minutes(40, 10, 15)
COUNTED = [
    cube.Query(subject, ("count",), ("branch",))
    for subject in ("loans", "customers", "todos", "records", "signals", "moves", "leads")
]
WHO = [("R1", {"field": "balance", "op": "gte", "value": 1})]

# Modules that only the night, the loader, the demo and the way in use: they run as the machine.
MACHINERY = (
    "access",
    "adhoc",
    "bulk",
    "demo",
    "generation",
    "listing",
    "loading",
    "moments",
    "prints",
    "rehearsal",
    "scratch",
    "security",
    "signal_trials",
    "spellings.stale",
    "qualities.unjudged",
    "qualities.alike",
)
# What tells nothing of any row.
OF_NO_ROW = {"health.server_version", "health.unprotected", "health.sizes", "health.database_size"}
# Tells of others' rows that there are such, and not whose: tried in tests/test_reviews.py, tests/test_handover.py, tests/test_storage.py.
WITHOUT_SAYING_WHOSE = {"copies.of_form", "records.same_digits", "leavings.begun_by", "photos.storage"}
# Found by functions that apply the rules themselves: tried below, ties in tests/test_ties.py.
BY_FUNCTIONS = {"customers.having", "spellings.called", "ties.tied", "ties.circles"}
# Asked before anybody acts; people are refused, for these read what is hidden.
AT_THE_GATE = {
    "accounts.by_username": lambda conn, w: accounts.by_username(conn, "u802"),
    "sessions.by_token": lambda conn, w: sessions.by_token(conn, b"802"),
    "calendar_links.by_token": lambda conn, w: calendar_links.by_token(conn, b"802"),
}

READS: dict[str, Callable] = {
    "absences.get": lambda conn, w: [absences.get(conn, n) for n in (1, 2)],
    "absences.listing": lambda conn, w: [absences.listing(conn, SINCE), absences.listing(conn, SINCE, (w.branches["229008"],))],
    "absences.turning": lambda conn, w: [absences.turning(conn, w.now.date() + timedelta(days=n)) for n in range(-5, 6)],
    "absences.is_away": lambda conn, w: [absences.is_away(conn, s, SINCE, w.now.date()) for s in w.some],
    "absences.stands_in": lambda conn, w: [absences.stands_in(conn, s, SINCE, w.now.date()) for s in w.some],
    "accounts.of_staff": lambda conn, w: [accounts.of_staff(conn, s) for s in w.some],
    "accounts.wrong_tries": lambda conn, w: [
        accounts.wrong_tries(conn, f"u{n}", "10.0.0.1", w.now, pair=timedelta(1), either=timedelta(1)) for n in ("101", "802")
    ],
    "accounts.tries_of": lambda conn, w: [accounts.tries_of(conn, s) for s in w.some],
    "accounts.listing": lambda conn, w: accounts.listing(conn),
    "care.of_customer": lambda conn, w: [care.of_customer(conn, c) for c in w.customers.values()],
    "care.notes_of": lambda conn, w: [care.notes_of(conn, c) for c in w.customers.values()],
    "addresses.counts": lambda conn, w: addresses.counts(conn, addresses.Filter()),
    "addresses.listing": lambda conn, w: [addresses.listing(conn, addresses.Filter(state)) for state in (None, *addresses.STATES)],
    "addresses.export": lambda conn, w: addresses.export(conn, addresses.Filter()),
    "addresses.get": lambda conn, w: [addresses.get(conn, a) for a in w.addresses],
    "addresses.of_kind": lambda conn, w: [addresses.of_kind(conn, c, "home") for c in w.customers.values()],
    "addresses.going_to": lambda conn, w: addresses.going_to(conn, w.customers.values()),
    "addresses.history": lambda conn, w: [addresses.history(conn, c) for c in w.customers.values()],
    "addresses.neighbours": lambda conn, w: addresses.neighbours(conn, 43.9, 125.3, 0.1),
    "addresses.on_map": lambda conn, w: [
        addresses.on_map(conn, addresses.Sight(s, box=box), 50) for s in (None, *w.some) for box in (None, (43, 125, 44, 126))
    ],
    "addresses.in_cells": lambda conn, w: addresses.in_cells(conn, addresses.Sight(), 0.01, TODAY, TODAY),
    "addresses.unmarked_of": lambda conn, w: [addresses.unmarked_of(conn, s) for s in w.some],
    "addresses.points": lambda conn, w: addresses.points(conn),
    "audit.pulse": lambda conn, w: audit.pulse(conn),
    "audit.of_customer": lambda conn, w: [audit.of_customer(conn, c) for c in w.customers.values()],
    "audit.listing": lambda conn, w: [
        audit.listing(conn, **narrowed) for narrowed in ({}, {"text": "K002"}, {"text": "802"}, {"op": "insert", "named": False})
    ],
    "audit.export": lambda conn, w: list(audit.export(conn, audit.Filter())),
    "audit.sign_in_list": lambda conn, w: audit.sign_in_list(conn),
    "batches.look": lambda conn, w: [batches.look(conn, todos.Filter(TODAY), wish) for wish in w.wishes],
    "batches.states": lambda conn, w: batches.states(conn, w.batches),
    "batches.exemptions_of": lambda conn, w: [batches.exemptions_of(conn, c, loan) for loan, c in w.pairs],
    "batches.numbered": lambda conn, w: batches.numbered(conn, [*w.customers, *w.loans]),
    "batches.aimed_at": lambda conn, w: [
        batches.aimed_at(conn, whom, assign, None, TODAY)
        for whom in (
            batches.Whom(loans.Filter(TODAY)),
            batches.Whom(customers=customers.Filter(TODAY)),
            batches.Whom(customer_ids=tuple(w.customers.values())),
        )
        for assign in Assign
    ],
    "batches.progress": lambda conn, w: [batches.progress(conn, x, TODAY) for x in w.batches],
    "batches.version": lambda conn, w: batches.version(conn, todos.Filter(TODAY)),
    "batches.refused": lambda conn, w: [batches.refused(conn, todos.Filter(TODAY), wish) for wish in w.wishes],
    "batches.open_counts": lambda conn, w: batches.open_counts(conn, w.some),
    "batches.by_key": lambda conn, w: [batches.by_key(conn, key) for key in w.batch_keys],
    "batches.get": lambda conn, w: [batches.get(conn, x) for x in w.batches],
    "batches.listing": lambda conn, w: [batches.listing(conn), batches.listing(conn, BatchAct.DEFER)],
    "batches.elsewhere": lambda conn, w: [batches.elsewhere(conn, x, BatchAct.ASSIGN) for x in w.batches],
    "batches.customers_of": lambda conn, w: [batches.customers_of(conn, x) for x in w.batches],
    "batches.gone_to": lambda conn, w: [batches.gone_to(conn, x) for x in w.batches],
    "branches.all_open": lambda conn, w: branches.all_open(conn),
    "branches.under": lambda conn, w: [branches.under(conn, b) for b in w.branches.values()],
    "branches.above": lambda conn, w: [branches.above(conn, b) for b in w.branches.values()],
    "branches.names": lambda conn, w: branches.names(conn),
    "branches.overview": lambda conn, w: branches.overview(conn),
    "branches.holdings": lambda conn, w: [branches.holdings(conn, b) for b in w.branches.values()],
    "branches.root": lambda conn, w: branches.root(conn),
    "branches.work": lambda conn, w: branches.work(conn, TODAY),
    "branches.lineage": lambda conn, w: [branches.lineage(conn, b) for b in w.branches.values()],
    "branches.by_code": lambda conn, w: [branches.by_code(conn, code) for code in w.branches],
    "calendar_links.of_person": lambda conn, w: [calendar_links.of_person(conn, s) for s in w.some],
    "calendar.exceptions": lambda conn, w: calendar.exceptions(conn),
    "calendar.between": lambda conn, w: calendar.between(conn, TODAY, TODAY + timedelta(days=400)),
    "calendar.fingerprint": lambda conn, w: calendar.fingerprint(conn),
    "copies.of_record": lambda conn, w: [copies.of_record(conn, r) for r in w.records],
    "cube.figures": lambda conn, w: [cube.figures(conn, q, TODAY, 99) for q in COUNTED],
    "cube.listing": lambda conn, w: [cube.listing(conn, q, "count", TODAY, 99) for q in COUNTED],
    "cube.export": lambda conn, w: [cube.export(conn, q, None, TODAY) for q in COUNTED],
    "cube.values_of": lambda conn, w: [cube.values_of(conn, q, "sub_branch", TODAY) for q in COUNTED],
    "cube.names": lambda conn, w: [cube.names(conn, kind) for kind in (cube.Kind.BRANCH, cube.Kind.STAFF, cube.Kind.PRODUCT)],
    "customers.listing": lambda conn, w: [
        customers.listing(conn, customers.Filter(TODAY, **narrowed))
        for narrowed in (
            {},
            {"live": False},
            {"overdue": True},
            {"no_manager": True},
            {"no_address": True},
            {"text": "K00"},
            {"text": "张"},
        )
    ],
    "customers.export": lambda conn, w: customers.export(conn, customers.Filter(TODAY)),
    "customers.get": lambda conn, w: [customers.get(conn, c) for c in w.customers.values()],
    "customers.stands": lambda conn, w: [customers.stands(conn, c) for c in w.customers.values()],
    "customers.by_number": lambda conn, w: [customers.by_number(conn, n) for n in w.customers],
    "customers.addresses_of": lambda conn, w: [customers.addresses_of(conn, c) for c in w.customers.values()],
    "customers.numbered": lambda conn, w: customers.numbered(conn, "K0", 20),
    "customers.some": lambda conn, w: customers.some(conn, list(w.customers.values())),
    "definitions.in_force": lambda conn, w: definitions.in_force(conn, Definition.TODO_RULE, TODAY),
    "definitions.current": lambda conn, w: [
        *definitions.current(conn, Definition.TODO_RULE, TODAY),
        *definitions.current(conn, Definition.SIGNAL_RULE, TODAY, naming="last_conclusion"),
    ],
    "definitions.one_in_force": lambda conn, w: definitions.one_in_force(conn, Definition.MAPPING, "union", TODAY),
    "definitions.at_last": lambda conn, w: definitions.at_last(conn, Definition.MAPPING, "union"),
    "definitions.get": lambda conn, w: definitions.get(conn, 1),
    "definitions.versions": lambda conn, w: definitions.versions(conn, Definition.MAPPING, "union"),
    "definitions.of_version": lambda conn, w: definitions.of_version(conn, Definition.FORM, "CALL", 1),
    "sketches.of": lambda conn, w: [sketches.of(conn, s, Definition.FORM, "CALL") for s in w.some],
    "sketches.mine": lambda conn, w: [sketches.mine(conn, s, Definition.FORM) for s in w.some],
    "definitions.of_maker": lambda conn, w: [definitions.of_maker(conn, s) for s in w.some],
    "definitions.decided": lambda conn, w: definitions.decided(conn),
    "todos.dues": lambda conn, w: todos.dues(conn, SINCE, TODAY + timedelta(days=60)),
    "definitions.is_piece": lambda conn, w: definitions.is_piece(conn, 1),
    "definitions.awaiting": lambda conn, w: definitions.awaiting(conn, *Definition),
    "dispatches.channels_due": lambda conn, w: dispatches.channels_due(conn, w.now),
    "dispatches.by_state": lambda conn, w: dispatches.by_state(conn),
    "dispatches.troubled": lambda conn, w: dispatches.troubled(conn),
    "dispatches.overdue_since": lambda conn, w: dispatches.overdue_since(conn),
    "drafts.of_form": lambda conn, w: [drafts.of_form(conn, s, c, "field:spot") for s in w.some for c in w.customers.values()],
    "drafts.by_key": lambda conn, w: [drafts.by_key(conn, key) for key in w.drafts],
    "drafts.upload": lambda conn, w: [drafts.upload(conn, u, key) for u, key in w.uploads],
    "drafts.uploads_of": lambda conn, w: [drafts.uploads_of(conn, key) for key in w.drafts],
    "drafts.content": lambda conn, w: [drafts.content(conn, u, key) for u, key in w.uploads],
    "exports.get": lambda conn, w: [exports.get(conn, x) for x in w.exports],
    "exports.latest": lambda conn, w: [exports.latest(conn, s, n) for s in w.some for n in ("001", "802")],
    "exports.of_person": lambda conn, w: [exports.of_person(conn, s) for s in w.staff.values()],
    "exports.to_make": lambda conn, w: exports.to_make(conn, w.now, timedelta(1)),
    "exports.files": lambda conn, w: exports.files(conn),
    "feeds.last_loaded": lambda conn, w: feeds.last_loaded(conn, "union"),
    "feeds.tried": lambda conn, w: feeds.tried(conn, "union", TODAY),
    "feeds.business_date": lambda conn, w: feeds.business_date(conn),
    "feeds.first_date": lambda conn, w: feeds.first_date(conn),
    "feeds.rows_by_table": lambda conn, w: feeds.rows_by_table(conn, w.run),
    "feeds.book_totals": lambda conn, w: feeds.book_totals(conn),
    "feeds.live_notes": lambda conn, w: feeds.live_notes(conn),
    "feeds.totals": lambda conn, w: feeds.totals(conn, feeds.live_notes(conn)),
    "feeds.runs": lambda conn, w: feeds.runs(conn),
    "feeds.run": lambda conn, w: feeds.run(conn, w.run),
    "feeds.asked_through": lambda conn, w: feeds.asked_through(conn),
    "feeds.files": lambda conn, w: feeds.files(conn, w.run),
    "feeds.rejected": lambda conn, w: feeds.rejected(conn, w.run),
    "figures.done_per_day": lambda conn, w: figures.done_per_day(conn, SCOPE, SINCE),
    "figures.completion": lambda conn, w: figures.completion(conn, SCOPE, WINDOWS),
    "figures.completed": lambda conn, w: figures.completed(conn, SCOPE, WINDOWS),
    "figures.stood": lambda conn, w: figures.stood(conn, SCOPE, [TODAY, SINCE]),
    "figures.signals_raised": lambda conn, w: figures.signals_raised(conn, SCOPE, WINDOWS),
    "figures.signals_closed": lambda conn, w: figures.signals_closed(conn, SCOPE, WINDOWS),
    "figures.signals_waited": lambda conn, w: figures.signals_waited(conn, SCOPE, [TODAY, SINCE]),
    "figures.visited": lambda conn, w: figures.visited(conn, SCOPE, WINDOWS),
    "figures.officer_table": lambda conn, w: figures.officer_table(conn, SCOPE, SINCE),
    "figures.won": lambda conn, w: figures.won(conn, SCOPE, [figures.Window(TODAY, TODAY + timedelta(9))]),
    "figures.paid_out": lambda conn, w: figures.paid_out(conn, SCOPE, figures.compared(TODAY, 120)),
    "figures.sign_in_tries": lambda conn, w: figures.sign_in_tries(conn, WINDOWS),
    "figures.refused": lambda conn, w: figures.refused(conn, WINDOWS),
    "figures.running": lambda conn, w: figures.running(conn, SINCE),
    "figures.completion_per_day": lambda conn, w: figures.completion_per_day(conn, SCOPE, SINCE),
    "figures.overdue_now": lambda conn, w: figures.overdue_now(conn, SCOPE),
    "figures.overdue_per_day": lambda conn, w: figures.overdue_per_day(conn, SCOPE, SINCE),
    "figures.due_soon": lambda conn, w: figures.due_soon(conn, SCOPE, 30),
    "figures.due_soon_by_branch": lambda conn, w: figures.due_soon_by_branch(conn, SCOPE, 30),
    "figures.due_soon_by_officer": lambda conn, w: figures.due_soon_by_officer(conn, SCOPE, 30),
    "figures.signals_open": lambda conn, w: figures.signals_open(conn, SCOPE),
    "figures.signals_waiting_per_day": lambda conn, w: figures.signals_waiting_per_day(conn, SCOPE, SINCE),
    "figures.handling_days": lambda conn, w: figures.handling_days(conn, SCOPE, SINCE),
    "figures.on_site_per_day": lambda conn, w: figures.on_site_per_day(conn, SCOPE, SINCE),
    "figures.branch_table": lambda conn, w: figures.branch_table(conn, SCOPE, SINCE),
    "files.customers_with_work": lambda conn, w: [files.customers_with_work(conn, list(w.branches.values()), s) for s in SPANS],
    "files.customers_of": lambda conn, w: files.customers_of(conn, list(w.customers.values())),
    "files.loans_of": lambda conn, w: files.loans_of(conn, list(w.customers.values())),
    "files.todos_of": lambda conn, w: [files.todos_of(conn, list(w.customers.values()), s) for s in SPANS],
    "files.records_of": lambda conn, w: [files.records_of(conn, list(w.customers.values()), s) for s in SPANS],
    "files.photos_of": lambda conn, w: [files.photos_of(conn, list(w.customers.values()), s) for s in SPANS],
    "files.signals_of": lambda conn, w: [files.signals_of(conn, list(w.customers.values()), s) for s in SPANS],
    "files.trail_of": lambda conn, w: [files.trail_of(conn, list(w.customers.values()), s) for s in SPANS],
    "files.versions_of": lambda conn, w: files.versions_of(conn, Definition.FORM, [("CALL", 1)]),
    "footprints.stops": lambda conn, w: [
        footprints.stops(conn, s, TODAY - timedelta(days=n)) for s in w.staff.values() for n in range(7)
    ],
    "footprints.stored": lambda conn, w: [
        footprints.stored(conn, s, TODAY - timedelta(days=n)) for s in w.staff.values() for n in range(7)
    ],
    "footprints.latest_day": lambda conn, w: [footprints.latest_day(conn, s, TODAY) for s in w.staff.values()],
    "footprints.latest_day_of_all": lambda conn, w: footprints.latest_day_of_all(conn, TODAY - timedelta(days=1)),
    "footprints.kept_of": lambda conn, w: [footprints.kept_of(conn, s) for s in w.staff.values()],
    "footprints.days": lambda conn, w: [footprints.days(conn, s, SINCE, TODAY) for s in w.staff.values()],
    "footprints.by_staff": lambda conn, w: [
        footprints.by_staff(conn, SINCE, TODAY, branch_ids) for branch_ids in (None, (w.branches["229001"],))
    ],
    "footprints.cells": lambda conn, w: [
        footprints.cells(conn, SINCE, TODAY),
        footprints.cells(conn, TODAY, TODAY, (w.branches["229001"],)),
    ],
    "footprints.of_form": lambda conn, w: [footprints.of_form(conn, key) for key in w.tracked],
    "handovers.portfolio": lambda conn, w: [handovers.portfolio(conn, s, TODAY, TODAY, TAKES) for s in w.staff.values()],
    "handovers.loads": lambda conn, w: list(handovers.loads(conn, list(w.staff.values()), TODAY, TODAY, TAKES).items()),
    "handovers.givers": lambda conn, w: handovers.givers(conn),
    "handovers.places": lambda conn, w: handovers.places(conn, list(w.staff.values())),
    "handovers.loose_leads": lambda conn, w: [handovers.loose_leads(conn, s) for s in w.staff.values()],
    "handovers.get": lambda conn, w: [handovers.get(conn, h) for h in w.handovers],
    "handovers.listing": lambda conn, w: handovers.listing(conn),
    "handovers.shares": lambda conn, w: [handovers.shares(conn, h) for h in w.handovers],
    "handovers.elsewhere": lambda conn, w: [handovers.elsewhere(conn, h) for h in w.handovers],
    "handovers.customers_moved": lambda conn, w: [handovers.customers_moved(conn, h) for h in w.handovers],
    "handovers.count_kept": lambda conn, w: [handovers.count_kept(conn, h) for h in w.handovers],
    "handovers.due": lambda conn, w: handovers.due(conn, TODAY + timedelta(days=1)),
    "installation.get": lambda conn, w: installation.get(conn, "starters"),
    "kept_counts.find": lambda conn, w: kept_counts.find(conn, "rules", "all"),
    "kept_counts.is_current": lambda conn, w: kept_counts.is_current(conn, "rules", "all"),
    "kept_counts.known": lambda conn, w: kept_counts.known(conn),
    "jobs.last_done": lambda conn, w: jobs.last_done(conn, "night"),
    "jobs.runs": lambda conn, w: jobs.runs(conn),
    "jobs.recent_problems": lambda conn, w: jobs.recent_problems(conn),
    "leads.listing": lambda conn, w: [
        leads.listing(conn, **narrowed)
        for narrowed in (
            {},
            {"since": SINCE, "staff_id": w.staff["102"]},
            {"follower_id": w.staff["804"]},
            {"state": "new", "text": "赵"},
        )
    ],
    "leads.export": lambda conn, w: leads.export(conn),
    "leads.get": lambda conn, w: [leads.get(conn, lead) for lead in w.leads],
    "leads.counts": lambda conn, w: [leads.counts(conn), leads.counts(conn, w.staff["802"])],
    "leads.of_record": lambda conn, w: [leads.of_record(conn, r) for r in w.records],
    "levels.of_customer": lambda conn, w: [levels.of_customer(conn, c) for c in w.customers.values()],
    "levels.history": lambda conn, w: [levels.history(conn, c) for c in w.customers.values()],
    "levels.adjustments_of": lambda conn, w: [levels.adjustments_of(conn, c) for c in w.customers.values()],
    "levels.adjusted_on": lambda conn, w: [
        levels.adjusted_on(conn, TODAY),
        levels.adjusted_on(conn, TODAY, (w.branches["229008"],)),
    ],
    "levels.distribution": lambda conn, w: levels.distribution(conn),
    "levels.moves": lambda conn, w: [levels.moves(conn, SINCE), levels.moves(conn, SINCE, (w.branches["229001"],))],
    "loans.listing": lambda conn, w: [
        loans.listing(conn, loans.Filter(TODAY, **narrowed))
        for narrowed in ({}, {"live": None}, {"overdue": True}, {"no_manager": True}, {"text": "L"}, {"text": "鑫源"})
    ],
    "loans.export": lambda conn, w: loans.export(conn, loans.Filter(TODAY)),
    "loans.get": lambda conn, w: [loans.get(conn, number) for number in w.loans],
    "loans.of_customer": lambda conn, w: [loans.of_customer(conn, c) for c in w.customers.values()],
    "loans.numbered": lambda conn, w: [loans.numbered(conn, text, 20) for text in ("L", "HTL")],
    "loans.states": lambda conn, w: [loans.states(conn, c) for c in w.customers.values()],
    "loans.guarantors_of": lambda conn, w: [loans.guarantors_of(conn, loan) for loan in w.loans.values()],
    "monthly.migration": lambda conn, w: monthly.migration(conn, SCOPE, TODAY - timedelta(days=5), TODAY),
    "monthly.moved": lambda conn, w: monthly.moved(conn, SCOPE, TODAY - timedelta(days=5), TODAY),
    "monthly.signals_of": lambda conn, w: monthly.signals_of(conn, SCOPE, SINCE, TODAY),
    "monthly.disbursed": lambda conn, w: monthly.disbursed(conn, SCOPE, TODAY - timedelta(days=400), TODAY),
    "monthly.new_customers": lambda conn, w: monthly.new_customers(conn, SCOPE, TODAY - timedelta(days=400), TODAY),
    "monthly.overdue_by_branch": lambda conn, w: monthly.overdue_by_branch(conn, SCOPE, TODAY),
    "monthly.last_day_kept": lambda conn, w: monthly.last_day_kept(conn, SINCE, TODAY),
    "notices.unread": lambda conn, w: [notices.unread(conn, s) for s in w.some],
    "notices.of_person": lambda conn, w: [notices.of_person(conn, s) for s in w.some],
    "opinions.of_record": lambda conn, w: [opinions.of_record(conn, r) for r in w.records],
    "opinions.returned_to": lambda conn, w: [opinions.returned_to(conn, s) for s in w.some],
    "photos.get": lambda conn, w: [photos.get(conn, p) for p in w.photos],
    "photos.of_record": lambda conn, w: [photos.of_record(conn, r) for r in w.records],
    "portfolio.listing": lambda conn, w: [
        portfolio.listing(conn, portfolio.Filter(TODAY, **narrowed))
        for narrowed in ({}, {"overdue": True}, {"text": "K00"}, {"silent_days": 3})
    ],
    "preferences.of": lambda conn, w: [preferences.of(conn, s) for s in w.some],
    "products.overview": lambda conn, w: products.overview(conn),
    "products.all_of": lambda conn, w: products.all_of(conn),
    "products.names": lambda conn, w: products.names(conn),
    "reasons.facts": lambda conn, w: [reasons.facts(conn, c, WHO, TODAY) for c in w.customers.values()],
    "reasons.last_check": lambda conn, w: [reasons.last_check(conn, c, Kind.REGULAR, TODAY) for c in w.customers.values()],
    "reasons.heavier_check": lambda conn, w: [
        reasons.heavier_check(conn, c, Kind.REGULAR, Mode.FIELD, SINCE, TODAY) for c in w.customers.values()
    ],
    "own_cycles.asked_on": lambda conn, w: own_cycles.asked_on(conn, TODAY),
    "own_cycles.get": lambda conn, w: [own_cycles.get(conn, c, n) for c in w.customers.values() for n in range(1, 9)],
    "own_cycles.of_customer_on": lambda conn, w: [own_cycles.of_customer_on(conn, c, TODAY) for c in w.customers.values()],
    "own_cycles.of_loan": lambda conn, w: [own_cycles.of_loan(conn, c, loan) for loan, c in w.pairs],
    "reasons.exemptions_on": lambda conn, w: [reasons.exemptions_on(conn, c, TODAY) for c in w.customers.values()],
    "reasons.pending": lambda conn, w: [reasons.pending(conn, c, loan, "R1") for loan, c in w.pairs],
    "reasons.covering": lambda conn, w: [
        reasons.covering(conn, c, loan, kind, period)
        for loan, c in w.pairs
        for kind, period in ((Kind.REGULAR, "2026Q4"), (Kind.FIRST, "x"))
    ],
    "draws.population": lambda conn, w: draws.population(conn, records.Filter()),
    "draws.get": lambda conn, w: [draws.get(conn, n) for n in range(1, 9)],
    "draws.listing": lambda conn, w: draws.listing(conn),
    "draws.looks": lambda conn, w: [draws.looks(conn, n) for n in range(1, 9)],
    "draws.results": lambda conn, w: [draws.results(conn, n) for n in range(1, 9)],
    "draws.of_record": lambda conn, w: [draws.of_record(conn, r) for r in w.records],
    "draws.next_waiting": lambda conn, w: [draws.next_waiting(conn, n, s) for n in range(1, 9) for s in w.some],
    "draws.judged_by": lambda conn, w: [
        draws.judged_by(conn, look, s) for r in w.records for look in draws.of_record(conn, r) for s in w.some
    ],
    "qualities.of_record": lambda conn, w: [qualities.of_record(conn, r) for r in w.records],
    "qualities.words_of": lambda conn, w: qualities.words_of(conn, w.records),
    "records.get": lambda conn, w: [records.get(conn, r) for r in w.records],
    "records.by_form": lambda conn, w: records.by_form(conn, w.keys),
    "records.by_key": lambda conn, w: [records.by_key(conn, key) for key in w.keys],
    "records.last_filled_in": lambda conn, w: [records.last_filled_in(conn, c, "field") for c in w.customers.values()],
    "records.effective_calls": lambda conn, w: [
        records.effective_calls(conn, c, "overdue", TODAY - timedelta(days=n)) for c in w.customers.values() for n in range(7)
    ],
    "records.fixes_of": lambda conn, w: [records.fixes_of(conn, s, SINCE) for s in w.staff.values()],
    "records.of_customer": lambda conn, w: [records.of_customer(conn, c) for c in w.customers.values()],
    "records.listing": lambda conn, w: records.listing(conn),
    "records.export": lambda conn, w: records.export(conn),
    "rounds.candidates": lambda conn, w: rounds.candidates(conn, w.some, list(w.branches.values())),
    "rounds.made": lambda conn, w: [rounds.made(conn, w.some, TODAY - timedelta(days=n)) for n in range(7)],
    "rounds.of": lambda conn, w: [rounds.of(conn, s, TODAY) for s in w.some],
    "rounds.on": lambda conn, w: [rounds.on(conn, TODAY), rounds.on(conn, TODAY, [w.branches["229008"]])],
    "rounds.base": lambda conn, w: [rounds.base(conn, s) for s in w.some],
    "rounds.sharing": lambda conn, w: [rounds.sharing(conn, s) for s in w.sharings],
    "rounds.last_sharing": lambda conn, w: [rounds.last_sharing(conn, b) for b in w.branches.values()],
    "reports.listing": lambda conn, w: db_reports.listing(conn),
    "reports.get": lambda conn, w: [db_reports.get(conn, n) for n in (1, 2, 3, 4)],
    "reports.due": lambda conn, w: db_reports.due(conn, TODAY),
    "requests.get": lambda conn, w: [requests.get(conn, r) for r in w.requests],
    "requests.waiting": lambda conn, w: [requests.waiting(conn), requests.waiting(conn, Request.ADDRESS_MOVE, branch_ids=(1, 2))],
    "requests.of_asker": lambda conn, w: [requests.of_asker(conn, s) for s in w.staff.values()],
    "requests.about": lambda conn, w: [requests.about(conn, Request.ROLE, s) for s in w.staff.values()],
    "requests.decided": lambda conn, w: requests.decided(conn),
    "requests.of_customer": lambda conn, w: [requests.of_customer(conn, c, Request.ADDRESS_MOVE) for c in w.customers.values()],
    "reviews.get": lambda conn, w: [reviews.get(conn, v) for v in w.reviews],
    "reviews.of_record": lambda conn, w: [reviews.of_record(conn, r) for r in w.records],
    "reviews.of_officer": lambda conn, w: [reviews.of_officer(conn, s, w.now - timedelta(9)) for s in w.staff.values()],
    "reviews.listing": lambda conn, w: [
        reviews.listing(conn),
        reviews.listing(conn, states=tuple(reviews.ReviewState), not_of=w.staff["802"]),
    ],
    "rulebook.matching": lambda conn, w: rulebook.matching(conn, WHO, TODAY),
    "rulebook.matching_of_product": lambda conn, w: [rulebook.matching_of_product(conn, WHO, n, TODAY) for n in (1, 2, 3)],
    "rulebook.loans_of": lambda conn, w: rulebook.loans_of(conn, [(c, loan) for loan, c in w.pairs]),
    "rulebook.work": lambda conn, w: rulebook.work(conn, TODAY, TODAY - timedelta(84)),
    "rulebook.signal_counts": lambda conn, w: rulebook.signal_counts(conn),
    "sessions.open_of": lambda conn, w: [sessions.open_of(conn, s, w.now - timedelta(1)) for s in w.some],
    "searches.recent": lambda conn, w: [searches.recent(conn, s) for s in w.some],
    "signals.get": lambda conn, w: [signals.get(conn, s) for s in w.signals],
    "signals.queue": lambda conn, w: signals.queue(conn),
    "signals.counts_by_level": lambda conn, w: signals.counts_by_level(conn),
    "signals.listing": lambda conn, w: signals.listing(conn),
    "sight.of_customer": lambda conn, w: [sight.of_customer(conn, c) for c in w.customers.values()],
    "staff.roles_of": lambda conn, w: [staff.roles_of(conn, s) for s in w.some],
    "staff.holds": lambda conn, w: [staff.holds(conn, s) for s in w.some],
    "staff.row": lambda conn, w: [staff.row(conn, s) for s in w.some],
    "staff.bearer": lambda conn, w: [staff.bearer(conn, number) for number in ("801", "806")],
    "staff.by_number": lambda conn, w: [staff.by_number(conn, number) for number in ("801", "806")],
    "staff.person": lambda conn, w: [staff.person(conn, s) for s in w.some],
    "staff.inspectors_for": lambda conn, w: [staff.inspectors_for(conn, {b}) for b in w.branches.values()],
    "staff.colleagues": lambda conn, w: staff.colleagues(conn),
    "staff.leavers": lambda conn, w: staff.leavers(conn),
    "staff.names": lambda conn, w: [staff.names(conn), staff.names(conn, *w.staff.values())],
    "staff.holders": lambda conn, w: staff.holders(conn),
    "staff.moved": lambda conn, w: staff.moved(conn, TODAY),
    "staff.without_role": lambda conn, w: staff.without_role(conn),
    "ties.guarantees": lambda conn, w: [ties.guarantees(conn, c) for c in w.customers.values()],
    "ties.some": lambda conn, w: ties.some(conn, list(w.customers.values())),
    "todos.listing": lambda conn, w: [
        todos.listing(conn, todos.Filter(TODAY, **narrowed))
        for narrowed in ({}, {"pending": True}, {"late": True}, {"unassigned": True}, {"text": "K00"}, {"text": "L"})
    ],
    "todos.export": lambda conn, w: todos.export(conn, todos.Filter(TODAY)),
    "todos.get": lambda conn, w: [todos.get(conn, t) for t in w.todos],
    "todos.of_customer": lambda conn, w: [todos.of_customer(conn, c) for c in w.customers.values()],
    "todos.of_officer": lambda conn, w: [todos.of_officer(conn, s) for s in w.some],
    "todos.due_days": lambda conn, w: [todos.due_days(conn, s, TODAY, TODAY + timedelta(9)) for s in w.some],
    "todos.in_pool": lambda conn, w: todos.in_pool(conn),
    "todos.counts_of_officer": lambda conn, w: [todos.counts_of_officer(conn, s, TODAY, TODAY) for s in w.some],
    "todos.done_by_day": lambda conn, w: [todos.done_by_day(conn, s, SINCE) for s in w.some],
}


# --- The bank, and the bank as it would be if what somebody may not see did not exist ---------------------------------


@pytest.fixture(scope="module")
def template(administrator, templates) -> str:
    return planted_template(administrator, templates)


@pytest.fixture(scope="module")
def book(administrator, template) -> Book:
    with _as_superuser(administrator, template) as conn:
        rows = {t.name: [dict(r._mapping) for r in conn.execute(sa.select(t))] for t in tables.metadata.tables.values()}
        return Book(rows, conn.exec_driver_sql("select vigil_today()").scalar_one())


@pytest.fixture(scope="module")
def w(book) -> SimpleNamespace:
    """What there is to ask for."""
    r = book.rows
    return SimpleNamespace(
        customers={c["customer_no"]: c["id"] for c in r["customers"]}, loans={x["loan_no"]: x["id"] for x in r["loans"]},
        branches={b["code"]: b["id"] for b in r["branches"]}, staff={s["staff_no"]: s["id"] for s in r["staff"]},
        some=[s["id"] for s in r["staff"] if s["staff_no"] in ("001", "101", "102", "103", "802")],
        pairs=[(x["id"], x["customer_id"]) for x in r["loans"]], todos=[t["id"] for t in r["todos"]], signals=[s["id"] for s in r["signals"]], keys=[x["submit_key"] for x in r["records"]],
        drafts=[x["submit_key"] for x in r["drafts"]], uploads=[(u["id"], u["submit_key"]) for u in r["uploads"]],
        addresses=[x["id"] for x in r["addresses"]], requests=[x["id"] for x in r["requests"]], leads=[x["id"] for x in r["leads"]], tracked=sorted({x["submit_key"] for x in r["footprints"]}), photos=[p["id"] for p in r["photos"]], records=[x["id"] for x in r["records"]], reviews=[v["id"] for v in r["reviews"]],
        handovers=[x["id"] for x in r["handovers"]], run=max(x["id"] for x in r["feed_runs"]), now=max(s["at"] for s in r["sign_ins"]) + timedelta(seconds=1),
        sharings=[x["id"] for x in r["sharings"]], exports=[x["id"] for x in r["exports"]],
        batches=[x["id"] for x in r["batches"]], batch_keys=[x["key"] for x in r["batches"]],
        wishes=[batches.Wish(act, TODAY, (1,), TODAY + timedelta(days=2)) for act in batches.CHANGES],
    )  # fmt: skip


@contextmanager
def _as_superuser(administrator, name: str):
    engine = sa.create_engine(administrator.url.set(database=name), poolclass=sa.NullPool)
    with engine.begin() as conn:
        yield conn


@pytest.fixture
def the_bank(administrator, template):
    """The planted bank, to be read and written by one test."""
    yield from cloned(administrator, template)


@pytest.fixture(scope="module")
def answers(administrator, template, book, w) -> dict[str, dict[str, tuple]]:
    """By person and read: what is answered, what would be if nothing else existed, and which tables were asked."""
    found: dict[str, dict[str, tuple]] = {}
    for url in cloned(administrator, template):
        superuser = sa.create_engine(url, poolclass=sa.NullPool)
        for number in EVERYONE:
            person = planted.staff_person(w.staff[number])
            got: dict[str, tuple] = {}
            with access.reading(person) as conn, _watching() as asked:
                for read, case in READS.items():
                    asked.clear()
                    got[read] = _ask(conn, case, w), set(asked)
            answered = [read for read, (answer, _) in got.items() if answer != DENIED]
            expected = _ask_what_is_left(superuser, Sight(person, book), w, answered)
            found[number] = {read: (answer, expected.get(read), named) for read, (answer, named) in got.items()}
    return found


def _ask_what_is_left(superuser: sa.Engine, sight: Sight, w, reads: list[str]) -> dict[str, object]:
    """The answers of a bank in which only what this person may see exists; undone afterwards."""
    with superuser.connect() as conn:
        _forget(conn, sight)
        access.act_as(conn, MACHINE)
        return {read: _plain(READS[read](conn, w)) for read in reads}


def _forget(conn: sa.Connection, sight: Sight) -> None:
    conn.exec_driver_sql("set local session_replication_role = replica")
    for table in OPEN_TO:
        rows = conn.exec_driver_sql(f"select ctid::text as its_place, t.* from {table} t").mappings().all()
        gone = [r["its_place"] for r in rows if not sight.sees(table, dict(r))]
        conn.execute(sa.text(f"delete from {table} where ctid = any(cast(:gone as tid[]))"), {"gone": gone})


DENIED = "denied"
TABLES = re.compile(rf"\b({'|'.join(tables.metadata.tables)})\b")


def _ask(conn: sa.Connection, case: Callable, w) -> object:
    try:
        with conn.begin_nested():
            return _plain(case(conn, w))
    except sa.exc.ProgrammingError as no:
        assert isinstance(no.orig, psycopg2.errors.InsufficientPrivilege), no
        return DENIED


@cache
def _named(statement: str) -> frozenset[str]:
    return frozenset(TABLES.findall(statement))


@contextmanager
def _watching():
    """The tables that statements name."""
    asked: set[str] = set()

    def note(_conn, _cursor, statement, *_):
        asked.update(_named(statement))

    engine = store.engine()
    sa.event.listen(engine, "before_cursor_execute", note)
    yield asked
    sa.event.remove(engine, "before_cursor_execute", note)


def _plain(answer: object) -> object:
    """Values that can be compared; lists without their order, for not every read promises one."""
    if isinstance(answer, Page):
        return _plain([answer.rows, answer.total, answer.more])
    if isinstance(answer, sa.Row):
        return tuple(answer)
    if isinstance(answer, dict):
        return sorted(((key, _plain(value)) for key, value in answer.items()), key=repr)
    if answer is None or isinstance(answer, (str, int, tuple)) or not hasattr(answer, "__iter__"):
        return answer
    return sorted((_plain(one) for one in answer), key=repr)


# --- Reads -----------------------------------------------------------------------------------------------------------


def test_every_read_has_a_case():
    reads = {name for name, function in house.functions("db") if house.takes(function, "conn") and not house.writes(function)}
    reads = {name for name in reads if not name.startswith(MACHINERY)}
    assert reads == READS.keys() | OF_NO_ROW | AT_THE_GATE.keys() | WITHOUT_SAYING_WHOSE | BY_FUNCTIONS


def test_the_rules_know_every_table():
    assert OPEN_TO.keys() == tables.metadata.tables.keys() - {"undressed"}


@pytest.mark.parametrize("number", EVERYONE)
def test_everybody_reads_as_if_nothing_else_existed(answers, number):
    wrong = {
        read: (got, expected)
        for read, (got, expected, _) in answers[number].items() if got not in (expected, DENIED)
    }  # fmt: skip
    assert not wrong


@pytest.mark.parametrize("number", EVERYONE)
def test_only_what_is_closed_to_a_role_is_denied(answers, number):
    role = Role(next(r for n, *_, r in STAFF if n == number))
    for read, (got, _, asked) in answers[number].items():
        closed = {table for table in asked - {"undressed"} if role not in OPEN_TO[table]}
        assert (got == DENIED) == bool(closed), (read, closed)


def test_every_read_of_the_book_tells_people_apart(answers):
    """Else the bank is planted too thinly for the comparison to mean anything."""
    of_the_book = {"customers", "loans", "todos", "records", "signals", "loan_history", "exemptions", "addresses", "guarantors"}
    same = set()
    NARROW = {"todos.in_pool", "draws.looks"}
    for read in READS:
        asked = set().union(*(answers[number][read][2] for number in EVERYONE))
        seen = {repr(answers[number][read][0]) for number in ("001", "801", "102", "103", "003")}
        if asked & of_the_book and len(seen) < (2 if read in NARROW else 3):
            same.add(read)
    assert not same


def test_functions_find_of_everybody_what_he_sees_and_nothing_else(the_bank, w):
    phones = [f"1390000000{n}" for n in range(1, 8)]
    texts = ("东升村", "ly", "zhangmin", "有限公司", "xy", "街")

    def found(conn) -> list[set[int]]:
        return [set(customers.having(conn, phone, 9)) for phone in phones] + [
            set(spellings.called(conn, text, 20)) for text in texts
        ]

    with access.reading(planted.staff_person(w.staff["001"])) as conn:
        everything = found(conn)
    assert all(everything)
    for number in EVERYONE:
        with access.reading(planted.staff_person(w.staff[number])) as conn:
            if Role(next(r for n, *_, r in STAFF if n == number)) not in OPEN_TO["customers"]:
                with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                    found(conn)
                continue
            seen = set(conn.exec_driver_sql("select id from customers").scalars())
            assert found(conn) == [ids & seen for ids in everything], number


def test_what_the_gate_reads_nobody_reads(the_bank, w):
    for number in EVERYONE:
        with access.reading(planted.staff_person(w.staff[number])) as conn:
            assert {_ask(conn, case, w) for case in AT_THE_GATE.values()} == {DENIED}
    with access.gate() as conn:
        assert all(case(conn, w) for case in AT_THE_GATE.values())


# --- Who is nobody, or nobody any more --------------------------------------------------------------------------------


def _count(conn, table: str) -> int:
    return conn.exec_driver_sql(f"select count(*) from {table}").scalar_one()


def _names(person: Person) -> set[str]:
    with access.reading(person) as conn:
        return set(conn.exec_driver_sql("select customer_no from customers").scalars())


def test_without_an_acting_person_every_scope_sees_nothing_and_writes_nothing(the_bank):
    for scope in set(Scope) - {Scope.MACHINE}:
        with store.engine().begin() as conn:
            conn.exec_driver_sql(f"set local role {scope}")
            for table in OPEN_TO:
                if conn.exec_driver_sql(f"select has_any_column_privilege('{table}', 'select')").scalar_one():
                    columns = "branch_id" if table == "todo_days" else "1"
                    assert conn.exec_driver_sql(f"select count({columns}) from {table}").scalar_one() == 0, (scope, table)
            if scope in (Scope.HEAD, Scope.BRANCH, Scope.OFFICER):
                assert conn.exec_driver_sql("update customers set address = 'x'").rowcount == 0
                assert conn.exec_driver_sql("update todos set pinned = true").rowcount == 0


def test_the_login_itself_reaches_nothing_but_the_gate(the_bank):
    with store.engine().connect() as conn:
        for table in OPEN_TO.keys() - store.security.GATE_TABLES.keys():
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                conn.exec_driver_sql(f"select 1 from {table}")
            conn.rollback()


def test_who_acted_before_is_forgotten_by_a_pooled_connection(the_bank, w):
    li, wang = (planted.staff_person(w.staff[n]) for n in ("802", "001"))
    assert _names(li) < _names(wang)
    for _ in range(20):
        with store.engine().connect() as conn:
            assert conn.exec_driver_sql("select vigil_me() is null and vigil_role() is null").scalar_one()
            assert conn.exec_driver_sql("select current_user").scalar_one() == "vigil_app"
    with pytest.raises(ZeroDivisionError), access.transaction(wang) as conn:
        backend = conn.exec_driver_sql("select pg_backend_pid()").scalar_one()
        raise ZeroDivisionError
    with access.gate() as conn:
        assert conn.exec_driver_sql("select pg_backend_pid(), vigil_me()").one() == (backend, None)


def test_a_plan_made_for_one_is_not_used_for_another(the_bank, w):
    wang, li, sun = (planted.staff_person(w.staff[n]) for n in ("001", "802", "801"))
    with store.engine().connect() as conn:
        conn.exec_driver_sql("set plan_cache_mode = force_generic_plan")
        conn.commit()
        seen = []
        for number, who in enumerate((wang, li, sun, li, wang)):
            with conn.begin():
                access.act_as(conn, who)
                if number == 0:
                    conn.exec_driver_sql("prepare mine as select customer_no from customers order by 1")
                seen.append(list(conn.exec_driver_sql("execute mine").scalars()))
        conn.exec_driver_sql("deallocate mine")
        conn.exec_driver_sql("reset plan_cache_mode")
    assert seen[0] == seen[4] and seen[1] == seen[3]
    assert len(seen[0]) > len(seen[2]) > 0 and set(seen[1]) < set(seen[0])


def test_a_post_that_ended_or_has_not_begun_gives_no_sight(the_bank, w):
    for number in ("104", "805"):
        assert planted.staff_person(w.staff[number]) is None
        assert _names(Person(w.staff[number], "x", Role.BRANCH_HEAD, w.branches["229000"])) == set()


def test_a_post_that_ends_next_month_still_gives_sight(the_bank, w):
    sun = planted.staff_person(w.staff["801"])
    with access.transaction(MACHINE) as conn:
        staff.end_role(conn, sun.id, planted.TODAY + timedelta(days=400))
    assert "K003" in _names(sun)


def test_who_left_the_bank_is_nobody(the_bank, w):
    assert planted.staff_person(w.staff["806"]) is None


def test_a_stand_in_looks_after_the_absent_colleagues_customers_for_these_days_only(the_bank, w):
    wu, zheng = (planted.staff_person(w.staff[n]) for n in ("102", "103"))
    assert {"K001", "K002", "K004", "K005"} <= _names(wu)
    assert "K002" not in _names(zheng)  # her turn is over
    with access.transaction(MACHINE) as conn:
        conn.exec_driver_sql("delete from absences")
    assert _names(wu) == {"K004", "K005"}


# --- Writes across the line ------------------------------------------------------------------------------------------


def _try(person: Person, statement: str, **values) -> int | str:
    """Rows written, or why not."""
    try:
        with access.transaction(person, "test") as conn:
            return conn.execute(sa.text(statement), values).rowcount
    except sa.exc.ProgrammingError as no:
        return str(no.orig)


@pytest.fixture
def people(the_bank, w) -> dict[str, Person]:
    return {number: planted.staff_person(w.staff[number]) for number in EVERYONE}


def test_nobody_changes_rows_that_are_not_his(people, w, book):
    """Every table somebody may update, every row: exactly the rows he sees change."""
    for number, person in people.items():
        sight = Sight(person, book)
        for table, scopes in store.security.WRITES.items():
            for write in scopes.get(person.scope, ()):
                columns = set(re.findall(r"\w+", write.right)[1:]) - store.security.HIDDEN_COLUMNS.get(table, set())
                if write.command != "update" or not columns or write.signed != "true" or person.scope is Scope.ADMIN:
                    continue
                column = min(columns)
                changed = _try(person, f"update {table} set {column} = {column}")
                seen = sum(sight.sees(table, row) for row in book.rows[table])
                assert changed <= seen, (number, table)
                if table == "customers" and person.role is Role.BRANCH_HEAD:
                    assert changed < seen or number == "101"  # guests are looked at only
                else:
                    assert changed == seen, (number, table)


def test_writing_a_foreign_row_by_its_number_changes_nothing(people, w):
    wu_customer, li_customer = w.customers["K006"], w.customers["K001"]
    for number in ("802", "803", "804", "801"):
        assert _try(people[number], "update customers set address = 'x' where id = :c", c=wu_customer) == 0
    assert _try(people["103"], "update customers set address = 'x' where id = :c", c=w.customers["K002"]) == 0
    assert _try(people["103"], "update todos set assignee_id = :me where customer_id = :c", c=li_customer, me=people["103"].id) == 0
    assert _try(people["802"], "update signals set state = 'taken' where customer_id = :c", c=wu_customer) == 0


RECORD = """insert into records (customer_id, kind, mode, loan_ids, branch_id, staff_id, done_on, finished_at, outcome, conclusion,
            submit_key, digest) values (:c, 'spot', 'phone', '{}', :b, :s, current_date, now(), 'completed', 'normal',
            gen_random_uuid(), 'x')"""


def test_a_check_of_a_foreign_customer_cannot_be_slipped_in(people, w):
    foreign = {"c": w.customers["K006"], "b": w.branches["229001"]}
    missing = {"c": 999_999, "b": w.branches["229001"]}
    refused = [_try(people["802"], RECORD, s=people["802"].id, **about) for about in (foreign, missing)]
    assert refused[0] == refused[1]  # and whether it exists is not told either
    assert "row-level security" in refused[0]


def test_nobody_signs_for_another(people, w):
    own = {"c": w.customers["K001"], "b": w.branches["229008"]}
    assert _try(people["802"], RECORD, s=people["802"].id, **own) == 1
    assert "row-level security" in _try(people["802"], RECORD, s=people["803"].id, **own)


def test_a_branch_head_checks_a_guest_in_his_own_name(people, w):
    guest = {"c": w.customers["K004"], "b": w.branches["229001"], "s": people["801"].id}
    assert _try(people["801"], RECORD + " returning id", **guest) == 1


def test_nobody_makes_a_foreign_customer_his_own(people, w):
    """A todo, an absence, a manager written by oneself must not open anybody's file."""
    li, sun = people["802"], people["801"]
    before = _names(li)
    attempts = [
        "insert into todos (customer_id, kind, period, mode, family, loan_ids, branch_id, assignee_id, nominal_on, due_on, late_from,"
        " created_on) values (:c, 'spot', 'x', 'field', 'other', '{}', :b, :me, current_date, current_date, current_date + 1, current_date)",
        "insert into signals (customer_id, rule_code, rule_version, subject_kind, subject_id, branch_id, owner_id, level, evidence,"
        " first_on, last_on) values (:c, 'X', 1, 'customer', :c, :b, :me, 'red', '{}', current_date, current_date)",
        "update customers set manager_id = :me where id = :c",
        "update loans set manager_id = :me where customer_id = :c",
        "insert into absences (staff_id, delegate_id, from_on, until_on, made_by) values (:other, :me, current_date, current_date, :me)",
        "update staff_roles set branch_id = 1 where staff_id = :me",
        "insert into staff_roles (staff_id, role, branch_id, valid_from) values (:me, 'head_risk', 1, current_date)",
    ]  # fmt: skip
    for attempt in attempts:
        for who in (li, sun):
            about = {"c": w.customers["K006"], "b": w.branches["229001"], "me": who.id, "other": people["102"].id}
            outcome = _try(who, attempt, **about)
            assert outcome == 0 or "permission denied" in outcome or "row-level security" in outcome, attempt
    assert _names(li) == before


def test_a_branch_head_arranges_absences_of_his_own_people_only(people):
    absence = (
        "insert into absences (staff_id, delegate_id, from_on, until_on, made_by) values (:s, :d, '2030-01-01', '2030-01-02', :me)"
    )
    sun = people["801"]
    assert _try(sun, absence, s=people["802"].id, d=people["804"].id, me=sun.id) == 1
    for pair in (("102", "802"), ("802", "102"), ("102", "801")):
        assert "row-level" in _try(sun, absence, s=people[pair[0]].id, d=people[pair[1]].id, me=sun.id)


def test_the_three_administrators_do_not_do_each_others_work(people):
    it, system, security = (people[n] for n in ("005", "006", "007"))
    grant = "insert into staff_roles (staff_id, role, branch_id, valid_from, granted_by) values (:s, 'it', 1, '2031-01-01', :me)"
    ask = """insert into requests (kind, subject_id, branch_id, after, reason, asked_by, asked_at)
             values ('role', :s, 1, '{"role": "it"}', 'why', :me, now())"""
    spare = people["803"].id
    for who in (it, system, security):
        assert "permission denied" in _try(who, grant, s=spare, me=who.id)
        assert "permission denied" in _try(who, "update staff_roles set valid_to = now()")
    for who in (it, system):
        assert "row-level" in _try(who, ask, s=spare, me=who.id)
        assert _try(who, "update accounts set password_hash = 'x'") == 0
        assert _try(who, "update sessions set ended_at = now()") == 0
    assert "row-level" in _try(security, ask, s=security.id, me=security.id)
    assert _try(security, ask, s=spare, me=security.id) == 1
    assert _try(security, "update accounts set disabled_at = now()") > 0


def test_four_eyes_hold_in_the_database_too(people):
    wang, zhao = people["001"], people["002"]
    propose = ("insert into definitions (family, code, version, body, valid_from, state, why, made_by)"
               " values ('parameter', 'feed.max_gap_days', :v, '{}', '2030-01-01', :state, 'why', :by)")  # fmt: skip
    decide = "update definitions set state = 'approved', decided_by = :by where code = 'feed.max_gap_days' and version = 8"
    assert "row-level" in _try(wang, propose, v=7, state="approved", by=wang.id)
    assert "row-level" in _try(wang, propose, v=7, state="submitted", by=zhao.id)
    assert _try(wang, propose, v=8, state="submitted", by=wang.id) == 1
    assert "row-level" in _try(wang, decide, by=zhao.id)
    with pytest.raises(sa.exc.IntegrityError, match="four_eyes"):
        _try(wang, decide, by=wang.id)
    assert _try(zhao, decide, by=zhao.id) == 1


def test_who_sees_a_customer_is_told_as_it_is(people, book):
    for customer_id in book.by_customer:
        with access.reading(people["004"]) as conn:
            told = {row.staff_no for row in sight.of_customer(conn, customer_id)} & people.keys()
        assert told == {number for number, person in people.items() if customer_id in Sight(person, book).customers}


def test_auditors_write_nothing_of_the_business(people, book):
    with access.reading(people["004"]) as conn:
        writable = [
            table for table in tables.metadata.tables
            if conn.exec_driver_sql(f"select has_any_column_privilege('{table}', 'insert') or has_any_column_privilege('{table}', 'update')"
                                    f" or has_table_privilege('{table}', 'delete')").scalar_one()
        ]  # fmt: skip
    assert set(writable) == {"requests", "reports", "exports", "preferences", "searches"}  # only what is his own


def test_messages_are_told_by_one_door_and_read_by_whom_they_are_for(people, book):
    slipped = "insert into notices (staff_id, why, about, parts, same) values (:s, 'night', 'today', '{}', 'x')"
    told = "select vigil_tell(array[:s], 'assigned', :about, '{}', null, false, now())"
    for number, person in people.items():
        assert "permission denied" in _try(person, slipped, s=people["802"].id)
        if number not in ("005", "006", "007"):
            assert "permission denied" in _try(person, "update dispatches set state = 'waiting'")
        if number == "004":
            assert "permission denied" in _try(person, told, s=people["802"].id, about="today")
    assert _try(people["007"], "update dispatches set state = 'waiting'") == 0
    assert _try(people["005"], "select parts from notices") == 0
    with pytest.raises(sa.exc.IntegrityError, match="leads_to_a_page"):
        _try(people["801"], told, s=people["802"].id, about="https://evil.example")


# --- Hidden numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["phone", "identity_no", "phone_hash", "identity_hash"])
def test_full_numbers_and_their_hashes_are_read_by_nobody(people, column):
    for person in people.values():
        for statement in (f"select {column} from customers", f"select 1 from customers where {column} is null", "select * from customers",
                          "select c from customers c", "update customers set address = phone"):  # fmt: skip
            assert "permission denied" in _try(person, statement)


def test_a_number_is_revealed_for_a_reason_and_written_down(people, w):
    li = people["802"]
    with access.transaction(li, "customer.reveal") as conn:
        assert customer_verbs.reveal(conn, li, w.customers["K002"], "phone", "call about arrears") == "13900000002"
        seen = audit.of_customer(conn, w.customers["K002"])[0]
    assert (seen.op, seen.staff, seen.after) == ("customer.reveal", "李强", {"field": "phone", "why": "call about arrears"})


def test_revealing_leaves_its_line_or_does_not_happen(people, w):
    with pytest.raises(sa.exc.InternalError, match="read-only"), access.reading(people["802"]) as conn:
        customers.reveal(conn, w.customers["K002"], "phone", "just looking")


def test_nobody_reveals_what_he_does_not_see(people, w, book):
    for number, person in people.items():
        may = (
            Sight(person, book).customers
            if person.role not in (Role.AUDITOR, Role.IT, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN)
            else set()
        )
        for customer_id in w.customers.values():
            statement = "select 1 where vigil_reveal(:c, 'phone', 'why') is not null"
            outcome = _try(person, statement, c=customer_id)
            assert outcome == (customer_id in may) or "permission denied" in str(outcome) and not may, (number, customer_id)


def test_a_foreign_customer_and_a_missing_one_are_refused_alike(people, w):
    for customer_id in (w.customers["K006"], 999_999):
        with pytest.raises(refusals.NotFound), access.transaction(people["802"]) as conn:
            customer_verbs.reveal(conn, people["802"], customer_id, "phone", "let me see")


def test_looking_for_a_number_finds_own_customers_only(people):
    def found(number: str, text: str) -> list[str]:
        with access.reading(people[number]) as conn:
            return [row.customer_no for row in customers.listing(conn, customers.Filter(TODAY, text=text)).rows]

    assert found("802", "13900000002") == ["K002"] == found("001", "13900000002") == found("004", "990000198001010011")
    assert found("802", "13900000006") == []  # of another branch
    assert found("803", "990000199003030033") == ["K005"]  # inspected by her, in another branch


# --- Side doors ------------------------------------------------------------------------------------------------------


def test_functions_of_the_machine_are_few_and_keep_their_search_path(the_bank, administrator):
    with _as_superuser(administrator, sa.make_url(the_bank).database) as conn:
        rows = conn.exec_driver_sql("""
            select proname, coalesce(array_to_string(proconfig, ','), '') as settings, pg_get_userbyid(proowner) as owner
            from pg_proc where pronamespace = 'public'::regnamespace and prosecdef and proname not like 'trail_%%'""").all()
    assert all("search_path=public, pg_temp" in row.settings for row in rows)
    assert {row.owner for row in rows} == {"vigil_machine", "vigil_owner"}
    assert {row.proname for row in rows} == {
        "vigil_my_branch", "vigil_branches", "vigil_guests", "vigil_acting_for", "vigil_my_customers", "vigil_reveal", "vigil_having",
        "vigil_found_again", "vigil_called", "vigil_tied", "vigil_circles", "vigil_same_digits", "vigil_begun_by", "vigil_hand_on_drafts", "vigil_take_back_drafts", "vigil_settle_level", "vigil_note", "vigil_tell", "vigil_pulse", "vigil_photo_storage", "vigil_count", "vigil_undress", "vigil_presume", "vigil_dress", "vigil_dressed",
        "vigil_grow_tree", "vigil_settle_role", "vigil_restructure", "vigil_follow_home",
    }  # fmt: skip


def test_functions_of_the_machine_tell_people_nothing_foreign(people, w, book):
    for person in people.values():
        sight = Sight(person, book)
        with access.reading(person) as conn:
            guests, mine, branch_ids = conn.exec_driver_sql("select vigil_guests(), vigil_my_customers(), vigil_branches()").one()
        assert set(branch_ids) == sight.branches
        if person.scope is Scope.BRANCH:
            assert set(guests) <= sight.customers
        if person.scope is Scope.OFFICER:
            assert set(mine) == sight.customers
        with access.reading(person) as conn:
            assert not conn.exec_driver_sql("""
                select proname from pg_proc where proname ~ '^vigil_(undress|presume|dress|count)$' and pronamespace = 'public'::regnamespace
                  and has_function_privilege(oid, 'execute')""").all()


def test_nobody_writes_a_change_into_the_trail_that_was_none(people):
    for event in ("insert", "update", "delete"):
        assert "triggers" in _try(people["001"], f"select vigil_note('{event}', 'loans', 1, '{{}}')")


def test_a_typed_statement_reads_as_the_auditor_and_as_nobody_else(the_bank):
    rows, columns = query.as_auditor("select count(*) as n from customers;")
    assert (rows, columns) == ([[7]], ["n"])
    for escape in (
        "select phone from customers",
        "select set_config('role', 'vigil_machine', true), query_to_xml('select phone from customers', true, true, '')",
        "select 1; commit; update customers set address = 'x'",
        "commit", "delete from customers returning 1", "with x as (update todos set pinned = true returning 1) select * from x",
        "select * from preferences; select * from accounts", "select lo_import('/etc/passwd')", "select pg_read_file('/etc/passwd')",
        "copy customers to '/tmp/x'", "select vigil_reveal(1, 'phone', 'because')", "create temporary table t (a int)",
        "select vigil_note('export', 'x', null, '{}')", "",
    ):  # fmt: skip
        with pytest.raises(refusals.BadQuery):
            query.as_auditor(escape)
    with access.reading(MACHINE) as conn:
        assert _count(conn, "customers where address = 'x'") == 0


def test_what_the_loader_stages_is_nobody_elses(people):
    for person in people.values():
        assert "permission denied" in _try(person, "select 1 from staging.anything")
        assert "permission denied" in _try(person, "create table staging.mine (a int)")
        assert "permission denied" in _try(person, "create table public.mine (a int)")


def test_the_planner_expects_of_head_office_what_it_expects_of_anybody_unguarded(the_bank, w):
    """A policy that is always true but looks rare once made the dashboard a hundred times slower."""
    wang = planted.staff_person(w.staff["001"])
    superuser = sa.create_engine(the_bank, poolclass=sa.NullPool)
    with superuser.begin() as conn:
        conn.exec_driver_sql(
            "insert into calendar_days (day, working) select date '2040-01-01' + n, true from generate_series(1, 5000) n"
        )
        conn.exec_driver_sql("analyze calendar_days")
    expected = []
    for opened in (superuser.begin(), access.reading(wang)):
        with opened as conn:
            plan = conn.exec_driver_sql("explain (format json) select day from calendar_days").scalar_one()
            expected.append(plan[0]["Plan"]["Plan Rows"])
    assert expected[1] > 0.9 * expected[0] > 4000
