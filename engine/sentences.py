"""The trail in words: one audit row, one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from db import branches, staff, vocab
from db.access import Connection
from engine import customers, permits, words
from engine.words import _
from engine.writing import exact, moment, plain

MONEY = {"balance_fen", "amount_fen", "principal_fen", "interest_fen"}
LABELS = {
    "balance_fen": "Balance", "amount_fen": "Amount", "principal_fen": "Principal in arrears",
    "interest_fen": "Interest in arrears", "class": "Five-tier class", "status": "Status", "overdue_since": "Overdue since",
    "matures_on": "Maturity", "extensions": "Extensions", "manager_id": "Relationship manager", "inspector_id": "Inspector",
    "branch_id": "Branch", "assignee_id": "Assignee", "due_on": "Due", "state": "State", "closed_on": "Closed on",
    "close_reason": "Reason", "close_note": "Note", "level": "Level", "answer": "Answer", "phone": "Phone",
    "address": "Address", "name": "Name", "evidence": "Evidence", "valid_from": "In force from", "conclusion": "Conclusion",
    "outcome": "Outcome", "mode": "Way", "disabled_at": "Disabled", "role": "Role", "rate": "Rate", "guarantee": "Guarantee",
    "last_on": "Last seen", "code": "Code", "parent_id": "Parent branch", "staff_no": "Staff number", "post": "Post",
    "merged_into": "Merged into", "left_by": "Ended by", "joined_on": "Joined", "left_on": "Left", "staff_id": "Person", "valid_to": "Until", "granted_by": "Granted by",
    "username": "User name", "password_hash": "Password", "password_set_at": "Password set", "must_change": "Must change password",
    "disabled_by": "Disabled by", "wishes": "Wishes", "source": "Source", "family": "Family", "customer_kind": "Customer kind",
    "customer_no": "Customer number", "kind": "Kind", "identity_no": "Identity number", "created_on": "Since", "place": "Address",
    "lat": "Latitude", "lon": "Longitude", "datum": "Datum", "radius_m": "Radius (m)", "marked_by": "Marked by", "doubt": "Doubt",
    "marked_at": "Marked", "replaced_at": "Replaced", "loan_no": "Loan number", "contract_no": "Contract", "product_id": "Product",
    "manager_text": "Manager in the source", "disbursed_on": "Disbursed", "repayment": "Repayment", "payment": "Payment",
    "purpose": "Purpose", "agri": "Agricultural", "guarantor_no": "Guarantor number", "version": "Version", "body": "Content",
    "why": "Reason", "made_by": "Made by", "made_at": "Made", "decided_by": "Decided by", "decided_at": "Decided at",
    "decided_why": "Reason of the decision", "day": "Day", "working": "Working day", "provisional": "Provisional", "note": "Note",
    "set_by": "Set by", "period": "Period", "rule_code": "Rule", "anchor_on": "Counted from", "pinned": "Assigned by hand",
    "started_at": "Begun", "done_on": "Done on", "finished_at": "Finished", "received_at": "Received", "on_site": "On site",
    "kinds": "Kinds", "every_n": "Every", "every_unit": "Unit", "from_on": "From", "until_on": "Until", "reason": "Reason", "asked_by": "Asked by", "asked_at": "Asked at",
    "approved_by": "Approved by", "approved_at": "Approved", "delegate_id": "Stand-in", "owner_id": "Owner",
    "first_on": "First seen",
    "gone_on": "Condition gone", "raised_at": "Raised", "measures": "Measures", "business_date": "Business date",
    "folder": "Folder", "stops": "Why stopped", "totals": "Totals", "override_asked_by": "Override asked by",
    "override_reason": "Reason of the override", "override_by": "Override allowed by",
    "override_refused_by": "Override refused by", "override_refused_why": "Why it was refused", "mapping_version": "Mapping version",
    "subject_kind": "About", "form_code": "Form", "proposed_class": "Proposed class", "proposed_months": "Months to the next check",
    "grade": "Presence grade", "away_because": "Why not on site", "offline": "Sent later from the phone", "wish": "What is wanted",
    "noted_at": "Noted", "business": "Business", "remarks": "Remarks", "needs": "Needs", "phone_by": "Phone given by",
    "lost_because": "Why it was lost", "handover_id": "Handover", "from_id": "From whom", "to_ids": "To whom", "leads_to": "Leads go to", "done_at": "Finished",
    "ended_by": "Concluded by", "ended_at": "Concluded at", "customers_moved": "Customers", "loans_moved": "Loans", "leads_moved": "Leads", "drafts_given": "Checks begun",
    "todos_moved": "Todos", "overdue_moved": "Overdue todos", "signals_moved": "Warning signals", "rows_kept": "Kept as changed since",
    "failure": "Why it could not be done",
    "start": "Start", "finish": "End", "reach": "Which visits", "leaves": "Leaves", "until": "Until",
    "ends": "Ends", "travel_km": "Kilometres", "by_hand": "Ordered by hand", "due_until": "Due until",
    "way": "How it was marked", "marker_id": "Asked to mark", "checked_by": "Found right by",
    "level_on": "At this level since",
    "ruled_on": "Due by the rule", "reissued_on": "Asked again on", "act": "What was done", "n": "Todos",
    "opened_at": "Opened", "finding": "Finding", "words": "In words",
    "seed": "Seed", "population": "Checks to draw from", "call": "Call back", "call_words": "What the customer said", "done_by": "Looked at by",
    "appeal": "Appeal", "appealed_at": "Appealed", "last_finding": "Last finding", "last_words": "Last words",
    "settled_by": "Settled by", "rhythm": "Made by itself", "next_on": "Made next on", "to_roles": "Shared with",
    "to_branches": "In branches", "settled_at": "Finally decided", "told_at": "Taken, as the file says", "device": "Device",
}  # fmt: skip
# Kinds of lines that are looked for.
OPS = {"insert": "Added", "update": "Changed", "delete": "Removed", "bulk": "By the machine", "refused": "Refused",
       "customer.reveal": "Looked at hidden numbers", "export": "Exported"}  # fmt: skip
NOUNS = {
    "loans": "Loan", "customers": "Customer", "todos": "Todo", "records": "Check", "signals": "Signal", "addresses": "Address",
    "definitions": "Definition", "exemptions": "Exemption", "staff": "Staff", "staff_roles": "Role", "accounts": "Account",
    "preferences": "Preference", "branches": "Branch", "products": "Product", "guarantors": "Guarantor", "absences": "Absence",
    "calendar_days": "Calendar", "arrears": "Arrears", "photos": "Photo", "leads": "Lead", "notes": "Note", "customer_facts": "Post-loan information",
    "feed_runs": "Feed run", "handovers": "Handover", "requests": "Request", "rounds": "Round", "sharings": "Sharing of visits",
    "calendar_links": "Calendar link", "reports": "Report", "papers": "Paper",
    "level_adjustments": "Customer level by hand",
    "batches": "Batch of todos", "own_cycles": "A loan's own cycle",
    "claims": "What a todo is for", "customer_faces": "Key figures of customers",
    "draws": "Draw of checks", "second_looks": "Second look", "reviews": "Review of presence", "opinions": "Opinion",
}  # fmt: skip
PEOPLE = {"manager_id", "inspector_id", "assignee_id", "owner_id", "staff_id", "delegate_id", "granted_by",
    "disabled_by", "left_by", "marked_by", "phone_by", "marker_id", "checked_by",
          "made_by", "decided_by", "set_by", "asked_by", "approved_by", "override_asked_by", "override_by", "override_refused_by", "from_id", "to_ids", "leads_to",
          "ended_by", "settled_by", "done_by"}  # fmt: skip
BRANCHES = {"branch_id", "parent_id", "to_branches", "merged_into"}
# The bank's words, by table and column; a column alone where it means the same in every table.
WORDS = {
    ("todos", "state"): vocab.TodoState, ("leads", "state"): vocab.LeadState, ("signals", "state"): vocab.SignalState, ("definitions", "state"): vocab.Approval,
    ("feed_runs", "state"): vocab.FeedState, ("handovers", "state"): vocab.HandoverState, ("loans", "status"): vocab.LoanStatus, ("todos", "kind"): vocab.Kind,
    ("records", "kind"): vocab.Kind, ("exemptions", "kinds"): vocab.Kind, ("own_cycles", "kind"): vocab.Kind, "every_unit": vocab.Unit, ("customers", "kind"): vocab.CustomerKind,
    ("definitions", "family"): vocab.Definition, ("products", "family"): vocab.Family, ("todos", "family"): vocab.Family,
    ("signals", "level"): vocab.Level, ("level_adjustments", "level"): vocab.CustomerLevel, "role": vocab.Role, "guarantee": vocab.Guarantee, "repayment": vocab.Repayment,
    "payment": vocab.Payment, "subject_kind": vocab.Subject, "customer_kind": vocab.CustomerKind, "class": vocab.LoanClass,
    "close_reason": vocab.CloseReason, "conclusion": vocab.Conclusion, "proposed_class": vocab.LoanClass,
    "outcome": vocab.Outcome, "mode": vocab.Mode, "start": vocab.Start, "finish": vocab.Finish, "reach": vocab.Reach,
    ("sharings", "state"): vocab.SharingState, ("batches", "state"): vocab.BatchState, "act": vocab.BatchAct,
    ("addresses", "kind"): vocab.Place, ("addresses", "way"): vocab.Marking,
    ("requests", "kind"): vocab.Request, ("requests", "state"): vocab.Approval, ("reviews", "state"): vocab.ReviewState, ("opinions", "state"): vocab.Opinion,
    "rhythm": vocab.Rhythm, "to_roles": vocab.Role,
    ("second_looks", "state"): vocab.SecondLook, "call": vocab.CallBack,
    "finding": vocab.Finding, "last_finding": vocab.Finding,
}  # fmt: skip
MINUTES = {"leaves", "until", "ends"}  # of the day
OURS = {"measures"}  # kept as texts of the catalogue
CODED = {"doubt", "stops"}  # reasons of ours, with what they are about
COUNTED = {"branches": "Branches", "staff": "Staff", "products": "Products", "customers": "Customers", "loans": "Loans"}
VEILED = {"password_hash"}  # that it changed, never to what
QUIET = {"last_on", "progress", "kept", "wish", "draw_id", "turn", "refused", "key", "batch_id", "rule_version", "evidence", "record_id", "closed_by", "taken_by", "taken_at", "answered_by", "answered_at",
         "nominal_on", "late_from", "principal_since", "interest_since", "worsened_on", "absent_since", "id", "customer_id",
         "loan_id", "loan_ids", "subject", "subject_id", "guarantor_id", "first_seen_on", "submit_key", "digest",
         "answers", "sha256",
         "bytes", "width", "height", "accuracy_m", "distance_m", "calls", "presence", "receipt", "form_version",
         "fixed_at", "phone_at", "updated_by", "updated_at", "changed_by", "changed_at", "moved_m", "before", "after",
         "visits", "left_out", "appointments", "added", "advised", "travel_minutes", "shares", "error", "upload_id", "told_lat", "told_lon", "screen", "causes"}  # fmt: skip


@dataclass(frozen=True)
class Names:
    """What the numbers in the trail stand for."""

    staff: dict[int, str]
    branches: dict[int, str]
    loans: dict[int, str] = field(default_factory=dict)
    holders: dict[int, int] = field(default_factory=dict)


def names(conn: Connection, loans: Sequence = (), *, roles: bool = False) -> Names:
    """`roles`: whose each is, too, for the bank's whole trail."""
    held = staff.holders(conn) if roles else {}
    return Names(staff.names(conn), branches.names(conn), {loan.id: loan.loan_no for loan in loans}, held)


def tells(row) -> bool:
    """Whether there is something to say of it: not of a night that only found again what was known."""
    return row.op != "update" or bool({*(row.before or {}), *(row.after or {})} - QUIET)


def sentence(row, known: Names) -> str:
    """`plain` text for Markdown: who, what, and what became of what."""
    who = f"**{plain(row.staff or words.name(vocab.Role.MACHINE))}**"
    thing = _thing(row, known)
    match row.op:
        case "insert":
            return _("{0} added: {1} {2}").format(who, thing, _details(row, row.after, known))
        case "update":
            return _("{0} changed: {1} {2}").format(who, thing, _changes(row, known))
        case "delete":
            return _("{0} removed: {1} {2}").format(who, thing, _details(row, row.before, known))
        case "bulk":
            return _("{0} added {1:,} rows: {2}").format(who, (row.after or {}).get("n") or row.n, thing)
    return _event(row, who, row.after or {}, known)


def _event(row, who: str, told: dict, known: Names) -> str:
    """What somebody did that changed no row, and what was `told` of it."""
    whom = plain(known.staff.get(told.get("staff_id"), told.get("staff_id")))
    match row.op:
        case "refused":
            return _("{0} was refused: {1}").format(who, _refused(told.get("verb") or row.verb or ""))
        case "customer.reveal":
            why = told.get("why")
            why = _("phone check") if why == customers.TO_CALL else plain(why)
            return _("{0} looked at the full {1}: {2}").format(who, words.field(told.get("field", "")), why)
        case "notice.resend":
            return _("{0} had a message sent again").format(who)
        case "export":
            return _("{0} exported {1:,} rows: {2}").format(who, told.get("rows", 0), plain(_(told.get("title") or row.noun)))
        case "paper":
            paper, digest = _(told["paper"]), plain(told["digest"][:12])
            return _("{0} printed: {1} {2} (SHA-256 {3})").format(who, paper, plain(told["of"]), digest)
        case "footprint.look":
            return _("{0} looked at the footprints of {1} on {2}").format(who, whom, plain(told.get("day")))
        case "view.as":
            return _("{0} looked as {1}").format(who, whom)
        case "wall.hang":
            return _("{0} left the dashboard on a wall until {1}").format(who, plain(told.get("until")))
        case "footprints.coarsen":
            rounded = sum(told.get(name, 0) for name in ("checks", "visits", "photos"))
            said = _("{0} rounded {1:,} positions from before {2} and dropped {3:,}")
            return said.format(who, rounded, plain(told.get("before")), told.get("dropped", 0))
    return f"{who} · {plain(row.op)}"


def _thing(row, known: Names) -> str:
    noun = _(NOUNS.get(row.noun, row.noun))
    number = int(row.row_id) if str(row.row_id or "").isdecimal() else 0
    match row.noun:
        case "loans":
            called = known.loans.get(number)
        case "staff" | "accounts":
            called = known.staff.get(number) if "name" not in (row.after or row.before or {}) else None  # it is told anyhow
        case "calendar_days":
            called = row.row_id
        case "staff_roles":
            told = row.after or row.before or {}
            called = known.staff.get(told.get("staff_id") or known.holders.get(number))
        case _:
            called = None
    return f"{noun} {plain(called)}" if called else noun


def _refused(verb: str) -> str:
    return _(permits.WORDS[verb]) if verb in permits.WORDS else plain(verb)


def _changes(row, known: Names) -> str:
    before, after = row.before or {}, row.after or {}
    parts = []
    for name in {**after, **before}:
        if name not in QUIET:
            label = _(LABELS.get(name, name))
            if name in VEILED:
                parts.append(_("{0} changed").format(label))
                continue
            old, new = _value(row, name, before.get(name), known), _value(row, name, after.get(name), known)
            parts.append(f"{label} {new}" if before.get(name) is None else _("{0} {1} → {2}").format(label, old, new))
    return _("; ").join(parts)


def _details(row, values: dict | None, known: Names) -> str:
    shown = [
        name
        for name in ("kind", "mode", "conclusion", "level", "due_on", "name", "code", "role", "state")
        if name in (values or {})
    ]
    return _(", ").join(_value(row, name, values[name], known) for name in shown)


def _label(key: str) -> str:
    """Of a part: the same word as of a column, else what it is."""
    called = COUNTED.get(key) or LABELS.get(key)
    return _(called) if called else plain(key)


def _value(row, name: str, value: object, known: Names) -> str:
    if value is None:
        return "—"
    if isinstance(value, list):
        return _(", ").join(_value(row, name, one, known) for one in value)
    if isinstance(value, dict):
        return _(", ").join(f"{_label(key)} {_value(row, key, one, known)}" for key, one in value.items())
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name in PEOPLE:
        return plain(known.staff.get(value, value))
    if name in BRANCHES:
        return plain(known.branches.get(value, value))
    if name in MONEY:
        return plain(exact(int(value)))
    if name == "valid_to":
        return str(date.fromisoformat(str(value)) - timedelta(days=1))  # the last day, as people say it
    word = WORDS.get((row.noun, name)) or WORDS.get(name)
    if word:
        return words.name(word(value))
    if name in MINUTES:
        return f"{int(value) // 60:02}:{int(value) % 60:02}"
    if name in OURS:
        return plain(_(str(value)))
    if name in CODED:
        return plain(words.reason(str(value)))
    if name.endswith("_at"):
        return moment(datetime.fromisoformat(str(value)))
    return plain(value)
