"""The trail in words: one audit row, one sentence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from db import branches, staff, vocab
from db.access import Connection
from engine import words
from engine.words import _
from pages.parts import look

# Columns whose change is worth words, with how their values are written.
SHOWN: dict[str, Callable[[object], str]] = {
    "balance_fen": lambda v: look.exact(int(v)),
    "amount_fen": lambda v: look.exact(int(v)),
    "principal_fen": lambda v: look.exact(int(v)),
    "interest_fen": lambda v: look.exact(int(v)),
    "class": lambda v: words.name(vocab.LoanClass(v)),
    "close_reason": lambda v: words.name(vocab.CloseReason(v)),
    "conclusion": lambda v: words.name(vocab.Conclusion(v)),
    "outcome": lambda v: words.name(vocab.Outcome(v)),
    "mode": lambda v: words.name(vocab.Mode(v)),
}
LABELS = {
    "balance_fen": "Balance", "amount_fen": "Amount", "principal_fen": "Principal in arrears",
    "interest_fen": "Interest in arrears", "class": "Five-tier class", "status": "Status", "overdue_since": "Overdue since",
    "matures_on": "Maturity", "extensions": "Extensions", "manager_id": "Relationship manager", "inspector_id": "Inspector",
    "branch_id": "Branch", "assignee_id": "Assignee", "due_on": "Due", "state": "State", "closed_on": "Closed on",
    "close_reason": "Reason", "close_note": "Note", "level": "Level", "answer": "Answer", "phone": "Phone",
    "address": "Address", "name": "Name", "evidence": "Evidence", "valid_from": "In force from", "conclusion": "Conclusion",
    "outcome": "Outcome", "mode": "Way", "disabled_at": "Disabled", "role": "Role", "rate": "Rate", "guarantee": "Guarantee",
    "last_on": "Last seen",
}  # fmt: skip
NOUNS = {
    "loans": "Loan", "customers": "Customer", "todos": "Todo", "records": "Check", "signals": "Signal", "addresses": "Address",
    "definitions": "Definition", "exemptions": "Exemption", "staff": "Staff", "staff_roles": "Role", "accounts": "Account",
    "preferences": "Preference", "branches": "Branch", "products": "Product", "guarantors": "Guarantor", "absences": "Absence",
    "calendar_days": "Calendar", "arrears": "Arrears", "photos": "Photo",
}  # fmt: skip
PEOPLE = {"manager_id", "inspector_id", "assignee_id", "owner_id"}
STATES = {"todos": vocab.TodoState, "signals": vocab.SignalState, "loans": vocab.LoanStatus, "definitions": vocab.Approval}
QUIET = {"last_on", "rule_version", "evidence", "record_id", "closed_by", "taken_by", "taken_at", "answered_by", "answered_at",
         "nominal_on", "late_from", "principal_since", "interest_since", "worsened_on", "absent_since"}  # fmt: skip


@dataclass(frozen=True)
class Names:
    """What the numbers in the trail stand for."""

    staff: dict[int, str]
    branches: dict[int, str]
    loans: dict[int, str] = field(default_factory=dict)


def names(conn: Connection, loans: Sequence = ()) -> Names:
    return Names(staff.names(conn), branches.names(conn), {loan.id: loan.loan_no for loan in loans})


def sentence(row, known: Names) -> str:
    """`look.plain` text for Markdown: who, what, and what became of what."""
    who = f"**{look.plain(row.staff or words.name(vocab.Role.MACHINE))}**"
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
        case "refused":
            return _("{0} was refused: {1}").format(who, look.plain((row.after or {}).get("verb", row.verb)))
        case "customer.reveal":
            field = words.field((row.after or {}).get("field", ""))
            return _("{0} looked at the full {1}: {2}").format(who, field, look.plain((row.after or {}).get("why")))
        case "export":
            return _("{0} exported {1} rows").format(who, (row.after or {}).get("rows", "?"))
    return f"{who} · {look.plain(row.op)}"


def _thing(row, known: Names) -> str:
    number = known.loans.get(int(row.row_id)) if row.noun == "loans" and str(row.row_id or "").isdecimal() else None
    return _(NOUNS.get(row.noun, row.noun)) + (f" {look.plain(number)}" if number else "")


def _changes(row, known: Names) -> str:
    before, after = row.before or {}, row.after or {}
    parts = []
    for name in {**after, **before}:
        if name not in QUIET:
            label = _(LABELS.get(name, name))
            old, new = _value(row, name, before.get(name), known), _value(row, name, after.get(name), known)
            parts.append(f"{label} {new}" if before.get(name) is None else _("{0} {1} → {2}").format(label, old, new))
    return _("; ").join(parts)


def _details(row, values: dict | None, known: Names) -> str:
    shown = [name for name in ("kind", "mode", "conclusion", "level", "due_on", "name", "code", "role") if name in (values or {})]
    return _(", ").join(_value(row, name, values[name], known) for name in shown)


def _value(row, name: str, value: object, known: Names) -> str:
    if value is None:
        return "—"
    if name in PEOPLE:
        return look.plain(known.staff.get(value, value))
    if name == "branch_id":
        return look.plain(known.branches.get(value, value))
    if name in ("state", "status") and row.noun in STATES:
        return words.name(STATES[row.noun](value))
    if name == "kind" and row.noun in ("todos", "records"):
        return words.name(vocab.Kind(value))
    if name == "level" and row.noun == "signals":
        return words.name(vocab.Level(value))
    return look.plain(SHOWN[name](value) if name in SHOWN else value)
