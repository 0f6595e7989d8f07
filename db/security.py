"""Who may reach which rows, and the triggers that write the trail: applied anew after every migration.

One PostgreSQL role for each kind of scope, and for each table one policy a role. A single policy with ORs over all
kinds of people cannot use an index; these can. Functions stand in scalar sub-selects so that they run once a query.
Without an acting person no test holds, so nothing is visible and nothing can be written.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import sqlalchemy as sa

from db import bulk, leavings, levels, notices, organisation, photos, spellings, ties
from db.tables import metadata
from db.vocab import SCOPE_OF, Role, Scope

OWNER, APP, QUERY = "vigil_owner", "vigil_app", "vigil_query"
CHANGES = "vigil_changes"  # the channel on which every trailed change is told
PEOPLE = (Scope.HEAD, Scope.BRANCH, Scope.OFFICER, Scope.COLLECTOR, Scope.READER)
EVERYBODY = (*PEOPLE, Scope.ADMIN)


def acting(scope: Scope) -> str:
    """Somebody acts, in a role that this scope is for. "is not null" because the planner takes that for nearly always
    true; for a comparison it would expect one row of a hundred, and choose its ways for a table that small."""
    roles = ",".join(role for role, its in SCOPE_OF.items() if its is scope)
    return f"(select vigil_role() where vigil_role() = any('{{{roles}}}')) is not null"


def acts_as(role: Role) -> str:
    return f"(select vigil_role()) = '{role}'"


def everybody_in(*scopes: Scope) -> dict[Scope, str]:
    return {scope: acting(scope) for scope in scopes}


def mine(column: str) -> str:
    return f"{column} = any((select vigil_my_customers())::bigint[])"


ME = "(select vigil_me())"
IN_MY_BRANCHES = "branch_id = any((select vigil_branches())::int[])"
SHARED_WITH_ME = (
    "((select vigil_role()) = any(to_roles) and (to_branches = '{}' or to_branches &&"
    " (select array_agg(ancestor_id) from branch_tree where branch_id = (select vigil_my_branch()))))"
)
IN_COLLECTION = "(overdue_since is not null or worst_class >= 'substandard')"
COLLECTED = f"exists (select 1 from customer_faces f where f.customer_id = id and {IN_COLLECTION})"
CUSTOMER_SEEN = "exists (select 1 from customers c where c.id = customer_id)"
HANDOVER_SEEN = "exists (select 1 from handovers h where h.id = handover_id)"
LOAN_SEEN = "exists (select 1 from loans l where l.id = loan_id and l.customer_id = loan_history.customer_id)"
PHOTO_SEEN = "exists (select 1 from photos p where p.upload_id = copies.upload_id and p.customer_id = copies.customer_id)"


def begun(table: str) -> str:
    """The acting person opened a form for this row's customer, and has not sent it yet."""
    return (
        f"exists (select 1 from drafts d where d.staff_id = {ME} and d.customer_id = {table}.customer_id"
        " and d.opened_at > now() - interval '30 days')"
    )


CUSTOMER_POLICY = everybody_in(Scope.HEAD, Scope.READER) | {
    Scope.BRANCH: f"{IN_MY_BRANCHES} or id = any((select vigil_guests())::bigint[])",
    Scope.OFFICER: mine("id"),
    Scope.COLLECTOR: f"{acting(Scope.COLLECTOR)} and {COLLECTED}",
}


def of_a_branch(officer: str) -> dict[Scope, str]:
    """Rows with a branch and a customer of their own."""
    return everybody_in(Scope.HEAD, Scope.READER) | {
        Scope.BRANCH: IN_MY_BRANCHES,
        Scope.OFFICER: officer,
        Scope.COLLECTOR: CUSTOMER_SEEN,
    }


FOLLOWS_CUSTOMER = of_a_branch(mine("customer_id")) | {Scope.BRANCH: CUSTOMER_SEEN}
# Whoever made a check sees it, and what became of it.
OF_A_RECORD = of_a_branch(f"staff_id = {ME} or {mine('customer_id')}") | {Scope.BRANCH: f"{IN_MY_BRANCHES} or staff_id = {ME}"}
FOR_ALL = everybody_in(*EVERYBODY)
FOR_HEAD = everybody_in(Scope.HEAD, Scope.READER)
FOR_OPERATORS = everybody_in(Scope.HEAD, Scope.READER, Scope.ADMIN)
CHECKERS = (Scope.BRANCH, Scope.OFFICER)
MY_OWN = dict.fromkeys((Scope.HEAD, Scope.BRANCH, Scope.OFFICER, Scope.COLLECTOR), f"staff_id = {ME}")
TOLD = MY_OWN | {Scope.ADMIN: f"staff_id = {ME}"}  # whom the bell calls
FOR_ADMINISTRATORS = everybody_in(Scope.READER, Scope.ADMIN)
NOBODY: dict[Scope, str] = {}
OF_ROLES = f"{acts_as(Role.SECURITY_ADMIN)} and kind = 'role'"

POLICIES: dict[str, dict[Scope, str]] = {
    "branches": FOR_ALL,
    "branch_tree": FOR_ALL,
    "branch_moves": NOBODY,  # what undoing a merger needs
    "staff": FOR_ALL,
    "staff_roles": FOR_ALL,
    "products": FOR_ALL,
    "calendar_days": FOR_ALL,
    "definitions": FOR_ALL,
    "absences": FOR_ALL,
    "handovers": FOR_HEAD | {Scope.BRANCH: IN_MY_BRANCHES},
    "handover_parts": FOR_HEAD | {Scope.BRANCH: CUSTOMER_SEEN},
    "batches": FOR_HEAD | {Scope.BRANCH: IN_MY_BRANCHES},
    "batch_rows": FOR_HEAD | {Scope.BRANCH: CUSTOMER_SEEN},
    "handover_rows": FOR_HEAD | {Scope.BRANCH: f"{CUSTOMER_SEEN} or customer_id = 0 and {HANDOVER_SEEN}"},
    "customers": CUSTOMER_POLICY,
    "spellings": NOBODY,  # found through by vigil_called()
    "customer_levels": FOLLOWS_CUSTOMER,
    "level_adjustments": FOLLOWS_CUSTOMER,
    "customer_faces": FOLLOWS_CUSTOMER | {Scope.COLLECTOR: f"{acting(Scope.COLLECTOR)} and {IN_COLLECTION}"},
    "addresses": FOLLOWS_CUSTOMER,
    "guarantors": FOLLOWS_CUSTOMER,
    "photos": FOLLOWS_CUSTOMER | {
        Scope.BRANCH: f"{CUSTOMER_SEEN} or staff_id = {ME}", Scope.OFFICER: f"{mine('customer_id')} or staff_id = {ME}"
    },
    "prints": NOBODY,  # what they show is told by `copies`
    "copies": FOR_HEAD | dict.fromkeys((*CHECKERS, Scope.COLLECTOR), PHOTO_SEEN),
    "reviews": OF_A_RECORD,
    "opinions": OF_A_RECORD,
    "qualities": OF_A_RECORD,
    # Nobody is told that his check was drawn before it was looked at.
    "draws": FOR_HEAD,
    "second_looks": FOR_HEAD,
    "drafts": dict.fromkeys(CHECKERS, f"staff_id = {ME}"),
    "sketches": {Scope.HEAD: f"staff_id = {ME}"},
    "uploads": dict.fromkeys(CHECKERS, f"staff_id = {ME}"),
    "leads": of_a_branch(f"{ME} in (staff_id, owner_id) or {mine('customer_id')}") | {
        Scope.BRANCH: f"{IN_MY_BRANCHES} or {ME} in (staff_id, owner_id)"
    },
    # Where a colleague was is no officer's business, at one's own customers neither.
    "footprints": FOR_HEAD | {Scope.BRANCH: f"{IN_MY_BRANCHES} or staff_id = {ME}", Scope.OFFICER: f"staff_id = {ME}"},
    "customer_facts": FOLLOWS_CUSTOMER,
    "notes": FOLLOWS_CUSTOMER,
    "exemptions": FOLLOWS_CUSTOMER,
    "own_cycles": FOLLOWS_CUSTOMER,
    "claims": FOLLOWS_CUSTOMER,
    "loans": of_a_branch(mine("customer_id")),
    "loan_history": of_a_branch(mine("customer_id")) | {Scope.BRANCH: LOAN_SEEN},
    "todos": of_a_branch(
        f"assignee_id = {ME} or {mine('customer_id')}"
        " or (assignee_id is null and branch_id = (select vigil_my_branch()))"
    ),
    "records": OF_A_RECORD,
    "signals": of_a_branch(f"owner_id = {ME} or {mine('customer_id')}"),
    "rounds": FOR_HEAD | {Scope.BRANCH: IN_MY_BRANCHES, Scope.OFFICER: f"staff_id = {ME}"},
    "sharings": FOR_HEAD | {Scope.BRANCH: IN_MY_BRANCHES},
    "requests": of_a_branch(f"asked_by = {ME} or {mine('customer_id')}") | {
        Scope.BRANCH: f"{IN_MY_BRANCHES} or asked_by = {ME}", Scope.COLLECTOR: f"{CUSTOMER_SEEN} or asked_by = {ME}",
        Scope.ADMIN: OF_ROLES,
    },
    "reports": dict.fromkeys(EVERYBODY, f"owner_id = {ME} or {SHARED_WITH_ME}"),
    "exports": dict.fromkeys(EVERYBODY, f"staff_id = {ME}"),
    "todo_days": FOR_HEAD | {Scope.BRANCH: IN_MY_BRANCHES},
    "kept_counts": FOR_HEAD,
    "arrears": FOR_HEAD,
    "feed_runs": FOR_ALL,  # everybody is told of which day the book is
    "feed_files": FOR_OPERATORS,
    "rejects": FOR_OPERATORS,
    "job_runs": FOR_ALL,
    "problems": FOR_OPERATORS,
    "installation": FOR_ALL,
    "preferences": dict.fromkeys(EVERYBODY, f"staff_id = {ME}"),
    "searches": dict.fromkeys(EVERYBODY, f"staff_id = {ME}"),
    "accounts": FOR_ADMINISTRATORS,
    "sessions": FOR_ADMINISTRATORS | MY_OWN,
    "sign_ins": FOR_ADMINISTRATORS | MY_OWN,
    "calendar_links": FOR_ADMINISTRATORS | {Scope.OFFICER: f"staff_id = {ME}"},
    "notices": TOLD,
    "dispatches": MY_OWN | FOR_OPERATORS,
    "tickets": NOBODY,
    "audit": FOLLOWS_CUSTOMER | {
        # Amounts of arrears stand in the trail without a customer.
        Scope.ADMIN: f"{acting(Scope.ADMIN)} and customer_id is null and noun <> 'arrears'"
    },
}  # fmt: skip

OWNERS_OWN = {"undressed"}  # reached through functions of the owner's only

# The sign-in page has no acting person yet: the app's own role reaches exactly these.
GATE_TABLES = {
    "accounts": "select, update (password_hash, password_set_at, must_change)",
    "sessions": "select, insert, update",
    "tickets": "select, insert, delete",
    "sign_ins": "select, insert",
    "staff": "select",
    "staff_roles": "select",
    "branches": "select",
    "preferences": "select",
    "installation": "select",
    "calendar_links": "select, update (used_at)",
}

# A hash of eleven digits is as good as the digits: whoever looks for a number asks vigil_having().
HIDDEN_COLUMNS = {
    "customers": {"identity_no", "phone", "identity_hash", "phone_hash"},
    "customer_facts": {"phone", "phone_hash"},
    "accounts": {"password_hash"},
    "sessions": {"token_hash"},
    "calendar_links": {"token_hash"},
    "rejects": {"raw"},
}


class Write(NamedTuple):
    """What may be written: the right, on which rows (default: those that are seen), and what must hold afterwards."""

    right: str
    rows: str | None = None
    signed: str = "true"

    @property
    def command(self) -> str:
        return self.right.split()[0]


def all_of(*rights: str, rows: str | None = None, signed: str = "true") -> tuple[Write, ...]:
    return tuple(Write(right, rows, signed) for right in rights)


HANDLED = "update (assignee_id, pinned, state, started_at, closed_on, closed_by, record_id)"
SETTLED = HANDLED.replace(")", ", due_on, late_from, ruled_on, reissued_on, close_reason, close_note)")
SIGNAL_HANDLED = all_of(
    "update (owner_id, state, taken_by, taken_at, measures, answer, answered_by, answered_at, closed_on, closed_by, close_note)"
)
# A check with a bad conclusion raises its signal at once; the night would only find it tomorrow.
RAISED_BY_CHECK = Write(
    "insert",
    rows="subject_kind = 'customer' and subject_id = customer_id and state = 'raised' and exists (select 1 from records r"
    f" where r.customer_id = signals.customer_id and r.staff_id = {ME} and r.conclusion <> 'normal')"
    f" and ({CUSTOMER_SEEN} or {begun('signals')})",
    signed="closed_on is null",
)
DRAFTED = all_of("update (counter, content, todo_ids, place, saved_at)", "delete")
SENT = all_of("update (content, sha256, width, height, bytes, told_at, told_lat, told_lon, device, screen)", "delete")
MY_RECORD = f"exists (select 1 from records r where r.id = record_id and r.customer_id = {{0}}.customer_id and r.staff_id = {ME})"
# By hand, a lead belongs to the branch of whoever writes it down, perhaps at a customer of his.
LEAD_BY_HAND = "record_id is null and state = 'new' and owner_id is null and {branch} and (customer_id = 0 or {customer})"
LEAD_FOLLOWED = all_of("update (state, owner_id, lost_because, changed_by, changed_at)", signed=f"changed_by = {ME}")
# Positions come only from a visit that is open; a check-in that is taken anew replaces the one before.
TRACKED = (
    Write("insert", rows=f"staff_id = {ME} and {begun('footprints')}", signed=f"staff_id = {ME} and not coarse"),
    Write(
        "update (at, lat, lon, accuracy_m)", rows=f"staff_id = {ME} and source = 'check_in' and {begun('footprints')}",
        signed=f"staff_id = {ME}",
    ),
)  # fmt: skip
NOTED_DOWN = "insert (customer_id, phone, business, remarks, needs, phone_by, phone_at, updated_by, updated_at)"
KNOWN = all_of(NOTED_DOWN, NOTED_DOWN.replace("insert (customer_id, ", "update ("), signed=f"updated_by = {ME}")
# A check that cannot be told from its evidence is laid before a reviewer by its own author; he can only ask, and appeal once.
ASKS_REVIEW = Write(
    "insert",
    rows=MY_RECORD.format("reviews"),
    signed=f"staff_id = {ME} and state = 'waiting' and decided_by is null and settled_by is null",
)
DECIDES = f"staff_id <> {ME} and (state = 'decided' and decided_by = {ME} or state = 'settled' and settled_by = {ME})"
APPEALS = f"staff_id = {ME} and state = 'appealed'"
REVIEWED = "update (state, finding, words, decided_by, decided_at, last_finding, last_words, settled_by, settled_at{0})"
GIVES_OPINION = all_of("insert", "update (state, words, made_by, made_at)", signed=f"made_by = {ME}")
TOUCHED = all_of("update (touched_at)")
MY_MARK = f"marked_by = {ME} and approved_by is null"
# Who approves a move writes down the point of the one who asked for it, and only what he has approved.
MY_APPROVAL = (
    f"approved_by = {ME} and exists (select 1 from requests r where r.customer_id = addresses.customer_id"
    f" and r.kind = 'address_move' and r.state = 'approved' and r.asked_by = addresses.marked_by and r.decided_by = {ME})"
)
# A level by hand is what somebody asked and the acting person approved, to the letter.
MY_LEVEL = (
    f"approved_by = {ME} and ended_on is null and exists (select 1 from requests r where r.customer_id = level_adjustments.customer_id"
    f" and r.kind = 'level' and r.state = 'approved' and r.decided_by = {ME} and r.asked_by = made_by"
    " and r.after ->> 'level' = level and r.after ->> 'until_on' = until_on::text)"
)
# So is a loan's own cycle.
MY_CYCLE = (
    f"approved_by = {ME} and ended_on is null and exists (select 1 from requests r where r.customer_id = own_cycles.customer_id"
    f" and r.kind = 'cycle' and r.subject_id = loan_id and r.state = 'approved' and r.decided_by = {ME} and r.asked_by = own_cycles.asked_by"
    " and r.after ->> 'kind' = own_cycles.kind and (r.after ->> 'mode') is not distinct from mode"
    " and (r.after ->> 'every_n') is not distinct from every_n::text and (r.after ->> 'every_unit') is not distinct from every_unit"
    " and (r.after ->> 'until_on') is not distinct from until_on::text)"
)
ASKS_A_MARK = "marked_by is null and lat is null and marker_id is not null"
UNMARKED = Write("update (replaced_at, doubt, checked_by)")
MARKED = (Write("insert", signed=MY_MARK), UNMARKED)
MARKS_AND_APPROVES = (Write("insert", signed=f"(({MY_MARK}) or ({MY_APPROVAL}) or ({ASKS_A_MARK}))"), UNMARKED)
ASKS = Write("insert", signed=f"asked_by = {ME} and state = 'submitted' and decided_by is null")
TAKEN_BACK = f"asked_by = {ME} and state = 'withdrawn' and decided_by is null"
ANSWERS = Write(
    "update (state, decided_by, decided_at, note)",
    signed=f"((decided_by = {ME} and asked_by <> {ME} and state in ('approved', 'refused')) or ({TAKEN_BACK}))",
)
TAKES_BACK = Write("update (state, decided_at)", rows=f"asked_by = {ME}", signed=TAKEN_BACK)
# Large exports are about no customer; whoever makes them asks, auditors and collections too.
ASKS_EXPORT = ASKS._replace(rows="kind = 'export' and customer_id = 0")
MINE_ONLY = f"owner_id = {ME}"
ASKS_EXEMPTION = Write("insert", signed=f"asked_by = {ME} and approved_by is null")
IS_SECURITY = acts_as(Role.SECURITY_ADMIN)
IS_SYSTEM = acts_as(Role.SYSTEM_ADMIN)
STAFF_OF_MINE = "exists (select 1 from staff s where s.id = {0} and s.branch_id = any((select vigil_branches())::int[]))"
BOTH_MINE = f"{STAFF_OF_MINE.format('staff_id')} and {STAFF_OF_MINE.format('delegate_id')}"
HANDOVER_KEPT = (
    "update (state, done_at, ended_by, ended_at, customers_moved, loans_moved, todos_moved, overdue_moved, signals_moved,"
    " leads_moved, drafts_given, rows_kept, failure)"
)
OF_MY_BATCH = f"exists (select 1 from batches b where b.id = batch_id and b.made_by = {ME})"
BATCHED = (
    all_of("insert", signed=f"made_by = {ME}")
    + all_of("update (state, n, refused, rows_kept, ended_by, ended_at)", signed=f"{ME} in (made_by, ended_by)")
)  # fmt: skip
# By hand a check is asked of a customer whom one sees, never in a rule's name.
ASKED_BY_HAND = "rule_code is null and kind in ('special', 'spot') and state = 'open' and record_id is null"
OF_MY_HANDOVER = f"exists (select 1 from handovers h where h.id = handover_id and h.made_by = {ME})"
OFFICER_OF_MINE = STAFF_OF_MINE.format("staff_id")
ROUND_CHANGED = (
    "update (branch_id, start, lat, lon, finish, reach, leaves, until, ends, travel_minutes, travel_km, visits, left_out, appointments,"
    " added, advised, by_hand, version, made_by, made_at)"
)
# Whoever approves the bank's own days writes them, and only what he has approved.
DAY_APPROVED = (
    f"(set_by = {ME} or set_by is null) and exists (select 1 from requests r where r.customer_id = 0 and r.kind = 'working_days'"
    f" and r.state = 'approved' and r.decided_by = {ME} and jsonb_exists(r.after -> 'days', day::text))"
)
DECIDED = "update (state, decided_by, decided_at, decided_why)"
ASKS_OVERRIDE = f"override_asked_by = {ME} and override_by is null and override_refused_by is null"
ASKED_OVERRIDE = "override_asked_by, override_reason, override_refused_by, override_refused_why"


def _lead_noted(branch: str, customer: str) -> tuple[Write, ...]:
    by_hand = LEAD_BY_HAND.format(branch=branch, customer=customer)
    return all_of("insert", rows=f"({MY_RECORD.format('leads')}) or ({by_hand})", signed=f"staff_id = {ME}")


# Neither who made a check nor who judged it first takes the second look.
LOOKS_AGAIN = (
    f"done_by = {ME} and staff_id <> {ME} and not exists (select 1 from opinions o where o.record_id = second_looks.record_id"
    f" and o.customer_id = second_looks.customer_id and o.made_by = {ME}) and not exists (select 1 from reviews v where"
    f" v.record_id = second_looks.record_id and v.customer_id = second_looks.customer_id and {ME} in (v.decided_by, v.settled_by))"
)
DRAWN_BY_ME = f"exists (select 1 from draws d where d.id = draw_id and d.made_by = {ME})"


# What people may write, by scope; the verbs above decide when. Everything else is the machine's.
# Who signs is who acts: nobody writes another's name under anything.
WRITES: dict[str, dict[Scope, tuple[Write, ...]]] = {
    "preferences": dict.fromkeys(EVERYBODY, all_of("insert", "update")),
    "searches": dict.fromkeys(EVERYBODY, all_of("insert", "update (at)", "delete")),
    "notices": dict.fromkeys(TOLD, all_of("update (read_at)")),
    "dispatches": {
        Scope.ADMIN: all_of(
            "update (state, not_before, tries, problem, ended_at)", rows=f"{acts_as(Role.IT)} or {acts_as(Role.SYSTEM_ADMIN)}",
            signed="state = 'waiting'",
        )
    },
    "calendar_links": {
        Scope.OFFICER: all_of("insert", "update (token_hash, made_at, used_at)", "delete"),
        Scope.ADMIN: all_of("delete", rows=IS_SECURITY),
    },
    "records": {
        # To look after a customer is what lets somebody check, or to have begun the check while he did; to have signed
        # one makes nobody his officer.
        Scope.BRANCH: all_of("insert", rows=f"{CUSTOMER_SEEN} or {begun('records')}", signed=f"staff_id = {ME}"),
        Scope.OFFICER: all_of("insert", rows=f"{mine('customer_id')} or {begun('records')}", signed=f"staff_id = {ME}"),
    },
    "drafts": {
        Scope.BRANCH: all_of("insert", rows=CUSTOMER_SEEN, signed=f"staff_id = {ME}") + DRAFTED,
        Scope.OFFICER: all_of("insert", rows=mine("customer_id"), signed=f"staff_id = {ME}") + DRAFTED,
    },
    "uploads": dict.fromkeys(CHECKERS, all_of("insert", rows=begun("uploads"), signed=f"staff_id = {ME}") + SENT),
    "photos": dict.fromkeys(CHECKERS, all_of("insert", rows=MY_RECORD.format("photos"), signed=f"staff_id = {ME}")),
    "leads": {
        Scope.HEAD: LEAD_FOLLOWED,
        Scope.BRANCH: _lead_noted(IN_MY_BRANCHES, CUSTOMER_SEEN) + LEAD_FOLLOWED,
        Scope.OFFICER: _lead_noted("branch_id = (select vigil_my_branch())", mine("customer_id")) + LEAD_FOLLOWED,
    },
    "footprints": dict.fromkeys(CHECKERS, TRACKED),
    "customer_facts": dict.fromkeys(CHECKERS, KNOWN),
    "notes": dict.fromkeys((Scope.HEAD, Scope.BRANCH, Scope.OFFICER, Scope.COLLECTOR), all_of("insert", signed=f"staff_id = {ME}")),
    "reviews": {
        Scope.HEAD: all_of(REVIEWED.format(""), signed=DECIDES),
        # The head of a branch decides about his staff, and appeals for himself.
        Scope.BRANCH: (ASKS_REVIEW, Write(REVIEWED.format(", appeal, appealed_at"), signed=f"({DECIDES} and {IN_MY_BRANCHES} or {APPEALS})")),
        Scope.OFFICER: (ASKS_REVIEW, Write("update (state, appeal, appealed_at)", rows=f"staff_id = {ME}", signed=APPEALS)),
    },
    "opinions": {Scope.HEAD: GIVES_OPINION},
    "draws": {Scope.HEAD: all_of("insert", signed=f"made_by = {ME}")},
    "second_looks": {
        Scope.HEAD: (
            Write("insert", signed=f"state = 'waiting' and done_by is null and {DRAWN_BY_ME}"),
            Write("update (state, words, call, call_words, done_by, done_at)", signed=LOOKS_AGAIN),
        )
    },
    "todos": {
        Scope.HEAD: all_of(SETTLED) + all_of("insert", signed=ASKED_BY_HAND),
        Scope.BRANCH: all_of(SETTLED) + all_of("insert", signed=ASKED_BY_HAND),
        Scope.OFFICER: all_of(HANDLED),
    },
    "batches": dict.fromkeys((Scope.HEAD, Scope.BRANCH), BATCHED),
    "batch_rows": dict.fromkeys(
        (Scope.HEAD, Scope.BRANCH), all_of("insert", signed=OF_MY_BATCH) + all_of("update (after, returned)")
    ),
    "signals": dict.fromkeys((Scope.HEAD, Scope.COLLECTOR), SIGNAL_HANDLED)
    | dict.fromkeys(CHECKERS, (*SIGNAL_HANDLED, RAISED_BY_CHECK)),
    "customers": {
        Scope.HEAD: all_of("update (phone, address, manager_id, handover_id, inspector_id)"),
        # guests: no
        Scope.BRANCH: all_of("update (phone, address, manager_id, handover_id, inspector_id)", rows=IN_MY_BRANCHES),
        Scope.OFFICER: all_of("update (phone, address, inspector_id)"),
    },
    "customer_faces": dict.fromkeys((Scope.HEAD, Scope.BRANCH, Scope.OFFICER), TOUCHED),
    "addresses": {Scope.HEAD: MARKS_AND_APPROVES, Scope.BRANCH: MARKS_AND_APPROVES, Scope.OFFICER: MARKED},
    "level_adjustments": {
        Scope.HEAD: (Write("insert", signed=MY_LEVEL), Write("update (ended_on, ended_by)", signed=f"ended_by = {ME}")),
    },
    "own_cycles": {
        Scope.HEAD: (Write("insert", signed=MY_CYCLE), Write("update (ended_on, ended_by)", signed=f"ended_by = {ME}")),
    },
    "requests": {
        Scope.HEAD: (ASKS, ANSWERS),
        Scope.BRANCH: (ASKS._replace(rows=f"{CUSTOMER_SEEN} or customer_id = 0 and {IN_MY_BRANCHES} or {ASKS_EXPORT.rows}"), ANSWERS),
        Scope.OFFICER: (ASKS._replace(rows=f"{mine('customer_id')} or {ASKS_EXPORT.rows}"), TAKES_BACK),
        Scope.COLLECTOR: (ASKS_EXPORT, TAKES_BACK),
        Scope.READER: (ASKS_EXPORT, TAKES_BACK),
        # Nobody has a hand in his own role, neither asking nor deciding.
        Scope.ADMIN: tuple(write._replace(signed=f"{write.signed} and subject_id <> {ME}") for write in (ASKS, ANSWERS)),
    },
    "reports": dict.fromkeys(
        EVERYBODY,
        all_of("insert", "update (name, wish, to_roles, to_branches, rhythm, next_on)", "delete", rows=MINE_ONLY, signed=MINE_ONLY),
    ),
    "exports": dict.fromkeys(EVERYBODY, (Write("insert", signed=f"staff_id = {ME} and state in ('waiting', 'held') and report_id is null"),)),
    "exemptions": {
        Scope.HEAD: (ASKS_EXEMPTION, Write("update (approved_by, approved_at, until_on)", signed=f"approved_by = {ME}")),
        Scope.BRANCH: (ASKS_EXEMPTION,),
    },
    "rounds": {
        Scope.OFFICER: all_of("insert", ROUND_CHANGED, signed=f"made_by = {ME}"),
        Scope.BRANCH: all_of("insert", ROUND_CHANGED, rows=f"{IN_MY_BRANCHES} and {OFFICER_OF_MINE}", signed=f"made_by = {ME}"),
    },
    "sharings": {
        Scope.BRANCH: (Write("insert", signed=f"made_by = {ME}"), Write("update (state, progress, touched_at, shares, error)"))
    },
    "branches": {
        Scope.HEAD: all_of("update (lat, lon)"),
        Scope.BRANCH: all_of("update (lat, lon)", signed="id = any((select vigil_branches())::int[])"),
        Scope.ADMIN: all_of("insert (code, name, parent_id, kept)", "update (name, kept, feed_hash)", rows=IS_SYSTEM, signed="closed_on is null"),
    },
    "absences": {
        Scope.HEAD: all_of("insert", "update", signed=f"made_by = {ME}") + all_of("delete"),
        Scope.BRANCH: all_of("insert", "update", rows=BOTH_MINE, signed=f"made_by = {ME}") + all_of("delete", rows=BOTH_MINE),
    },
    "loans": dict.fromkeys((Scope.HEAD, Scope.BRANCH), all_of("update (manager_id, handover_id)")),
    "handovers": dict.fromkeys((Scope.HEAD, Scope.BRANCH), all_of("insert", signed=f"made_by = {ME}") + all_of(HANDOVER_KEPT)),
    "handover_parts": dict.fromkeys((Scope.HEAD, Scope.BRANCH), all_of("insert", signed=OF_MY_HANDOVER)),
    "handover_rows": dict.fromkeys(
        (Scope.HEAD, Scope.BRANCH), all_of("insert", signed=OF_MY_HANDOVER) + all_of("update (returned)")
    ),
    "definitions": {
        Scope.HEAD: (
            Write("insert", signed=f"made_by = {ME} and state = 'submitted'"), Write(DECIDED, signed=f"decided_by = {ME}"),
        ),
        Scope.ADMIN: all_of(
            "insert", signed=f"made_by = {ME} and state = 'submitted' and family = 'mapping' and {acts_as(Role.IT)}"
        ),
    },
    "sketches": {Scope.HEAD: all_of("insert", "update (body, saved_at)", "delete", signed=f"staff_id = {ME}")},
    "calendar_days": {Scope.HEAD: all_of("insert", "update (working, note, set_by)", signed=DAY_APPROVED)},
    "feed_runs": {
        Scope.HEAD: all_of(
            f"update ({ASKED_OVERRIDE}, override_by)",
            signed=f"({ASKS_OVERRIDE} or override_by = {ME} or override_refused_by = {ME})",
        ),
        Scope.ADMIN: all_of(
            f"update ({ASKED_OVERRIDE})", rows=acts_as(Role.IT), signed=ASKS_OVERRIDE
        ),
    },
    "accounts": {Scope.ADMIN: all_of("insert", "update", rows=IS_SECURITY)},
    "sessions": {
        Scope.ADMIN: all_of("update (ended_at, ended_because)", rows=IS_SECURITY),
        Scope.HEAD: all_of("update (viewing_id, wall_until)", signed=f"staff_id = {ME}"),
    },
    "staff": {
        Scope.ADMIN: (
            Write("insert (staff_no, name, branch_id, post, phone, joined_on)", rows=IS_SYSTEM),
            Write(
                "update (name, branch_id, post, phone, left_on, left_by)", rows=f"{IS_SYSTEM} and id <> {ME}",
                signed=f"(left_on is null and left_by is null or left_by = {ME})",
            ),
        ),
    },
}  # fmt: skip

# Who may look at a full number, and whom reveal and having ask; auditors and the technical roles may not.
REVEALED_TO = (Scope.HEAD, Scope.BRANCH, Scope.OFFICER, Scope.COLLECTOR)
WRITERS = tuple(scope for scope in EVERYBODY if scope is not Scope.READER)  # whose acts others are told of
FINDERS = (*REVEALED_TO, Scope.READER)  # who finds customers by what is hidden, or told of others
NOTED = ("insert", "update", "delete")  # only triggers say these

# Derived or temporary rows, and what is a log itself.
UNTRAILED = {"audit", "sessions", "tickets", "sign_ins", "job_runs", "feed_files", "rejects", "problems",
             "todo_days", "kept_counts", "loan_history", "branch_tree", "branch_moves", "claims", "installation", "undressed",
             "customer_faces", "customer_levels", "drafts", "uploads", "footprints", "handover_parts", "handover_rows", "batch_rows",
             "notices", "dispatches", "prints", "copies", "qualities", "sketches", "spellings", "searches", "exports"}  # fmt: skip
UNTRAILED_COLUMNS = {"feed_hash", "touched_at", "changed_on", "ended_on", "size", "identity_hash", "phone_hash", "identity_masked",
                     "phone_masked", "village", "live", "raw_masked", "progress", "token_hash", "used_at"}  # fmt: skip
# Where an officer was is coarsened after a while; the trail, which nobody changes, must not keep it beside.
POSITIONS = {"records": {"lat", "lon", "accuracy_m", "coarse"}, "photos": {"lat", "lon", "told_lat", "told_lon"}}
TRAILED_AS = {
    "identity_no": "vigil_mask({}, 3, 4)",
    "phone": "vigil_mask({}, 3, 4)",
    "password_hash": "left(md5({}), 6)",
}
ADDED_ONLY = {"audit", "sign_ins"}  # not even the machine changes these


def statements() -> list[str]:
    return [*_functions(), *_rights(), *_triggers()]


def fingerprint() -> str:
    return hashlib.sha256("\n".join(statements()).encode()).hexdigest()


def apply(conn: sa.Connection) -> None:
    """Bring rights, policies and triggers of the whole store to what this module says. Idempotent."""
    for statement in statements():
        run(conn, statement)


def run(conn: sa.Connection, statement: str) -> None:
    """A statement as it stands; the driver would take a lone % for a parameter."""
    conn.exec_driver_sql(statement.replace("%", "%%"))


def _functions() -> Iterator[str]:
    # Whoever replaces a function must be able to call it.
    yield f"grant execute on all functions in schema public to {OWNER}"
    for name, kind, setting in _SETTINGS:
        yield _setting(name, kind, setting)
    yield _TODAY
    for name, kind, query in _SIGHT:
        yield _lookup(name, kind, query)
    yield from _machine_functions()


def _machine_functions() -> Iterator[str]:
    """What runs with the machine's sight, and who may call it; where nobody is named, everybody."""
    seen = _seen_in_each_scope()
    yield _lookup("vigil_found_again", f"table ({', '.join(_FOUND_AGAIN)})", _FOUND_AGAIN_OF, "form uuid")
    yield _lookup("vigil_same_digits", f"table ({', '.join(_FIX)})", _SAME_DIGITS, "its_lat float8, its_lon float8, since date")
    yield _lookup("vigil_pulse", "bigint", "select last_value from audit_id_seq")
    for function in _SEEN_BY_ALL:
        yield f"alter function {function} owner to {Scope.MACHINE}"
    note = _NOTE.format(written=", ".join(f"'{op}'" for op in NOTED))
    yield from _of_the_machine({"vigil_note(text, text, bigint, jsonb)": note}, *EVERYBODY)
    yield from _of_the_machine({"vigil_reveal(bigint, text, text)": _REVEAL.format(seen=seen)}, *REVEALED_TO)
    yield from _of_the_machine({"vigil_having(text)": _HAVING.format(seen=seen)}, *FINDERS)
    yield from _of_the_machine({"vigil_grow_tree()": organisation.GROW}, Scope.ADMIN)
    yield from _of_the_machine({"vigil_follow_home(int, int)": organisation.FOLLOW_HOME})
    yield from _of_the_machine({"vigil_restructure(bigint)": organisation.RESTRUCTURE}, Scope.HEAD)
    yield from _of_the_machine({"vigil_settle_role(bigint)": organisation.SETTLE_ROLE}, Scope.HEAD, Scope.ADMIN)
    yield from _of_the_machine({"vigil_settle_level(bigint)": levels.SETTLE}, Scope.HEAD)
    yield from _of_the_machine({notices.SIGNATURE: notices.TELL}, *WRITERS)
    yield from _of_the_machine({photos.SIGNATURE: photos.STORAGE}, Scope.HEAD, Scope.READER, Scope.ADMIN)
    yield from _of_the_machine(leavings.functions(seen), Scope.HEAD, Scope.BRANCH)
    yield from _of_the_machine(ties.functions(seen), *FINDERS)
    yield from _of_the_machine(
        {spellings.SIGNATURE: spellings.function({scope: CUSTOMER_POLICY[scope] for scope in FINDERS})}, *FINDERS
    )
    yield from _bulk_functions()
    yield _ASK


def _bulk_functions() -> Iterator[str]:
    """What the machine may do as the tables' owner, to fill them."""
    yield bulk.COUNT
    yield bulk.UNDRESS
    yield bulk.PRESUME
    yield bulk.DRESS
    yield from bulk.DRESSED
    for function in ("vigil_undress(regclass)", "vigil_presume(regclass, jsonb)", "vigil_dress(regclass)", "vigil_count(regclass)"):
        yield f"revoke execute on function {function} from public"
        yield f"grant execute on function {function} to {Scope.MACHINE}, {OWNER}"
    yield f"alter function vigil_count(regclass) owner to {Scope.MACHINE}"


def _of_the_machine(functions: Mapping[str, str], *roles: str) -> Iterator[str]:
    """By their signature; what these roles may call, and nobody else."""
    for function, body in functions.items():
        yield body
        yield from _for_people_only(function, *roles)
        yield f"alter function {function} owner to {Scope.MACHINE}"


def _for_people_only(function: str, *roles: str) -> Iterator[str]:
    yield f"revoke execute on function {function} from public, {', '.join(EVERYBODY)}"
    yield f"grant execute on function {function} to {', '.join((*roles, Scope.MACHINE, OWNER))}"


def _setting(name: str, kind: str, setting: str) -> str:
    return (
        f"create or replace function {name}() returns {kind} language sql stable parallel safe as "
        f"$$ select nullif(current_setting('{setting}', true), '')::{kind} $$"
    )


def _lookup(name: str, kind: str, query: str, given: str = "") -> str:
    return (
        f"create or replace function {name}({given}) returns {kind} language sql stable parallel safe security definer "
        f"set search_path = public, pg_temp as $$ {query} $$"
    )


def _seen_in_each_scope() -> str:
    tests = (f"when '{scope}' then ({CUSTOMER_POLICY[scope]})" for scope in FINDERS)
    return f"case current_setting('role') {' '.join(tests)} else false end"


_SETTINGS = (
    ("vigil_me", "int", "vigil.staff"),
    ("vigil_role", "text", "vigil.role"),
    ("vigil_session", "bigint", "vigil.session"),
    ("vigil_verb", "text", "vigil.verb"),
)

# What somebody sees: his branch, those that he heads, customers elsewhere who borrow there, for whom he acts (whoever stands in
# for an absent colleague looks after his customers meanwhile), and the customers he looks after.
_SIGHT = (
    ("vigil_my_branch", "int", "select branch_id from staff where id = vigil_me()"),
    ("vigil_branches", "int[]", """
        select coalesce(array_agg(distinct t.branch_id), '{}')
        from staff_roles r join branch_tree t on t.ancestor_id = r.branch_id
        where r.staff_id = vigil_me() and r.role = 'branch_head'
          and r.valid_from <= vigil_today() and (r.valid_to is null or r.valid_to > vigil_today())"""),
    ("vigil_guests", "bigint[]", """
        select coalesce(array_agg(distinct l.customer_id), '{}') from loans l join customers c on c.id = l.customer_id
        where l.branch_id = any((select vigil_branches())::int[]) and c.branch_id <> l.branch_id"""),
    ("vigil_acting_for", "int[]", """
        select coalesce(array_agg(staff_id), '{}') || vigil_me() from absences
        where delegate_id = vigil_me() and vigil_today() between from_on and until_on"""),
    ("vigil_my_customers", "bigint[]", """
        with me as materialized (select vigil_acting_for() as ids)
        select coalesce(array_agg(distinct id), '{}') from (
            select id from customers where manager_id = any((select ids from me)::int[])
            union all select id from customers where inspector_id = any((select ids from me)::int[])
            union all select customer_id from loans where manager_id = any((select ids from me)::int[])
            union all select customer_id from todos where assignee_id = any((select ids from me)::int[]) and closed_on is null
        ) as mine(id)"""),
)  # fmt: skip
_SEEN_BY_ALL = (
    *(f"{name}()" for name, _kind, _query in _SIGHT),
    "vigil_pulse()", "vigil_found_again(uuid)", "vigil_same_digits(float8, float8, date)",
)  # fmt: skip

# The day in China, or the one that VIGIL_TODAY says.
_TODAY = """
create or replace function vigil_today() returns date language sql stable parallel safe as
$$ select coalesce(nullif(current_setting('vigil.today', true), '')::date, (now() at time zone 'Asia/Shanghai')::date) $$"""

_REVEAL = """
create or replace function vigil_reveal(customer bigint, field text, reason text) returns text
language plpgsql security definer set search_path = public, pg_temp as $$
declare found_value text;
begin
    if vigil_me() is null then return null; end if;
    select case field when 'phone' then coalesce((select f.phone from customer_facts f where f.customer_id = customers.id), phone)
                      when 'source_phone' then phone when 'identity_no' then identity_no end into found_value
    from customers where id = customer and {seen};
    if found_value is not null then
        perform vigil_note('customer.reveal', 'customers', customer, jsonb_build_object('field', field, 'why', reason));
    end if;
    return found_value;
end $$"""

# Which photos of a form show what was handed in with another check: of any customer, by anybody, without saying whose.
# A pair is judged by whichever of the two is submitted second; a photo of the same form is no copy.
_FOUND_AGAIN = ("upload_id uuid", "earlier_id uuid", "share float8", "same_customer boolean", "same_officer boolean")
_FOUND_AGAIN_OF = """
    with mine as (
        select m.upload_id, m.customer_id, m.staff_id, m.submit_key, coalesce(p.received_at, 'infinity') as handed_in
        from prints m left join photos p on p.upload_id = m.upload_id and p.customer_id = m.customer_id
        where m.submit_key = form and (m.staff_id = vigil_me() or vigil_role() = 'machine')
    ), pairs as (
        select mine.*, c.earlier_id as other_id, c.share from mine join copies c on c.upload_id = mine.upload_id
        union all
        select mine.*, c.upload_id, c.share from mine join copies c on c.earlier_id = mine.upload_id
    )
    select pairs.upload_id, other.upload_id, pairs.share, other.customer_id = pairs.customer_id, other.staff_id = pairs.staff_id
    from pairs join prints other on other.upload_id = pairs.other_id and other.submit_key <> pairs.submit_key
    join photos p on p.upload_id = other.upload_id and p.customer_id = other.customer_id and p.received_at <= pairs.handed_in"""

# Colleagues' phones that said this very position, to the last digit.
_FIX = ("lat float8", "lon float8", "accuracy_m float8", "at timestamptz")
_SAME_DIGITS = """
    select r.lat, r.lon, r.accuracy_m, coalesce(r.fixed_at, r.finished_at) from records r
    where r.lat = its_lat and r.lon = its_lon and r.done_on >= since and not r.coarse and r.staff_id <> vigil_me() limit 20"""

# The customers of the acting person who have this very phone, in the source or by our own knowledge, or identity number.
_HAVING = """
create or replace function vigil_having(number text) returns bigint[]
language sql stable security definer set search_path = public, pg_temp as $$
    select coalesce(array_agg(id), '{{}}') from customers
    where id in (select c.id from customers c where c.phone_hash = vigil_lookup(number)
                 union select c.id from customers c where c.identity_hash = vigil_lookup(number)
                 union select f.customer_id from customer_facts f where f.phone_hash = vigil_lookup(number)) and {seen}
$$"""

_NOTE = """
create or replace function vigil_note(event text, about text, customer bigint, detail jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if vigil_role() is null or event in ({written}) then
        raise insufficient_privilege using message = 'only what was done is written by triggers';
    end if;
    insert into audit (staff_id, role, session_id, verb, op, noun, customer_id, after)
    values (vigil_me(), vigil_role(), vigil_session(), coalesce(vigil_verb(), event), event, about, customer, detail);
end $$"""

# A cursor takes one statement, and only one that reads.
_ASK = """
create or replace function vigil_ask(statement text) returns refcursor language plpgsql as $$
declare answer refcursor := 'answer';
begin
    open answer for execute statement;
    return answer;
end $$"""


def _rights() -> Iterator[str]:
    people = ", ".join(EVERYBODY)
    for table in metadata.tables:
        yield f"revoke all on {table} from {people}, {Scope.MACHINE}, {APP}"
        if table in OWNERS_OWN:
            continue
        yield f"alter table {table} enable row level security"
        yield f"alter table {table} force row level security"
        yield _drop_policies(table)
        yield f"create policy machine on {table} to {Scope.MACHINE} using (true) with check (true)"
        yield f"grant {_machine_rights(table)} on {table} to {Scope.MACHINE}"
        for scope, test in POLICIES[table].items():
            yield f"create policy {scope} on {table} for select to {scope} using ({test})"
            yield f"grant select {_visible_columns(table)} on {table} to {scope}"
    for table, scopes in WRITES.items():
        for scope, writes in scopes.items():
            for write in writes:
                yield f"grant {write.right} on {table} to {scope}"
                yield _write_policy(table, scope, write)
    for table, right in GATE_TABLES.items():
        yield f"create policy gate on {table} to {APP} using (true) with check (true)"
        yield f"grant {right} on {table} to {APP}"
    yield f"grant usage on schema public to {people}, {Scope.MACHINE}, {APP}"
    yield f"grant usage on schema public to {QUERY}"
    yield f"grant select on sequence audit_id_seq to {Scope.MACHINE}"
    yield f"grant usage on sequence todos_id_seq to {Scope.MACHINE}"  # the night numbers what it makes before it writes it


def _machine_rights(table: str) -> str:
    return "select, insert" if table in ADDED_ONLY else "select, insert, update, delete"


def _write_policy(table: str, scope: Scope, write: Write) -> str:
    rows = write.rows or POLICIES[table][scope]
    using = "" if write.command == "insert" else f"using ({rows})"
    check = "" if write.command == "delete" else f"with check (({rows}) and {write.signed})"
    return f"create policy {scope}_{write.command} on {table} for {write.command} to {scope} {using} {check}"


def _drop_policies(table: str) -> str:
    return (
        f"do $$ declare p text; begin for p in select policyname from pg_policies where tablename = '{table}' "
        f"and schemaname = 'public' loop execute format('drop policy %I on {table}', p); end loop; end $$"
    )


def _visible_columns(table: str) -> str:
    hidden = HIDDEN_COLUMNS.get(table)
    if not hidden:
        return ""
    return "(" + ", ".join(c.name for c in metadata.tables[table].columns if c.name not in hidden) + ")"


def _triggers() -> Iterator[str]:
    for table in metadata.tables.values():
        if table.name in UNTRAILED:
            continue
        yield _trail_function(table)
        yield f"alter function trail_{table.name}() owner to {Scope.MACHINE}"
        for op, rows in (
            ("insert", "new table as new_rows"),
            ("update", "old table as old_rows new table as new_rows"),
            ("delete", "old table as old_rows"),
        ):
            yield (
                f"create or replace trigger trail_{op} after {op} on {table.name} referencing {rows} "
                f"for each statement execute function trail_{table.name}()"
            )


def _trail_function(table: sa.Table) -> str:
    """One function a table, with its columns spelled out: several times faster than a generic diff over jsonb."""
    untrailed = UNTRAILED_COLUMNS | POSITIONS.get(table.name, set())
    columns = [c.name for c in table.columns if c.name not in untrailed]
    keys = [c.name for c in table.primary_key.columns]
    customer = "id" if table.name == "customers" else "customer_id" if "customer_id" in table.columns else None

    def values(op: str, row: str) -> str:
        owner = f"{row}.{customer}" if customer else "null::bigint"
        return f"vigil_me(), vigil_role(), vigil_session(), vigil_verb(), '{op}', '{table.name}', {owner}, {row}.{keys[0]}::text"

    def whole(row: str) -> str:
        return _json(columns, lambda c: _member(c, _shown(f"{row}.{c}", c)))

    def changes(row: str) -> str:
        return _json(columns, lambda c: f"case when o.{c} is distinct from n.{c} then {_member(c, _shown(f'{row}.{c}', c))} end")

    return _TRAIL.format(
        table=table.name, channel=CHANGES,
        inserted=f"{values('insert', 'n')}, {whole('n')}",
        deleted=f"{values('delete', 'o')}, {whole('o')}",
        updated=f"{values('update', 'n')}, {changes('o')}, {changes('n')}",
        paired=" and ".join(f"o.{k} = n.{k}" for k in keys),
        changed=" or ".join(f"o.{c} is distinct from n.{c}" for c in columns),
    )  # fmt: skip


_HEAD = "staff_id, role, session_id, verb, op, noun, customer_id, row_id"
_TRAIL = f"""
create or replace function trail_{{table}}() returns trigger
language plpgsql security definer set search_path = public, pg_temp set enable_nestloop = off as $$
begin
    if tg_op = 'INSERT' and vigil_me() is null then
        -- The machine's rows say themselves which night or feed made them: one line for all.
        insert into audit (role, verb, op, noun, n)
        select vigil_role(), vigil_verb(), 'bulk', '{{table}}', count(*) from new_rows having count(*) > 0;
    elsif tg_op = 'INSERT' then
        insert into audit ({_HEAD}, after) select {{inserted}} from new_rows n;
    elsif tg_op = 'DELETE' then
        insert into audit ({_HEAD}, before) select {{deleted}} from old_rows o;
    else
        insert into audit ({_HEAD}, before, after)
        select {{updated}}
        from old_rows o join new_rows n on {{paired}} where {{changed}};
    end if;
    if found then
        perform pg_notify('{{channel}}', '{{table}}');  -- told with the commit: open pages draw themselves anew
    end if;
    return null;
end $$"""


def _json(columns: list[str], value) -> str:
    """jsonb of the non-null values, written as text: several times faster than an object of all columns whose nulls are
    stripped. In pieces because a function takes at most 100 arguments."""
    pieces = [columns[i : i + 40] for i in range(0, len(columns), 40)]
    told = (f"nullif(concat_ws(',', {', '.join(value(c) for c in piece)}), '')" for piece in pieces)
    return f"('{{' || concat_ws(',', {', '.join(told)}) || '}}')::jsonb"


def _member(column: str, expression: str) -> str:
    return f"""'"{column}":' || to_json({expression})::text"""


def _shown(expression: str, column: str) -> str:
    return TRAILED_AS.get(column, "{}").format(expression)
