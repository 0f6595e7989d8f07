"""What a list was narrowed to, in words: for the first sheet of a file, the trail, and whoever decides about it."""

from db import branches, products, staff
from db.access import Connection
from db.records import ANY_FLAW
from db.vocab import CloseReason, Conclusion, Family, Flaw, Guarantee, Kind, LeadState, LoanClass, Mode, Segment, TodoState
from engine import monthly, sentences, words
from engine.words import _

LABELS = {
    "today": "As of", "kind": "Kind", "mode": "Way", "state": "State", "late": "Overdue only", "overdue": "In arrears", "family": "Product family",
    "branch_ids": "Branch", "assignee_id": "Assignee", "manager_id": "Relationship manager", "text": "Search", "rule_code": "Rule",
    "due_from": "Due from", "due_to": "Due to", "closed_from": "Closed from", "closed_to": "Closed to", "loan_class": "Class",
    "worst_class": "Class", "segment": "Segment", "level": "Customer level", "product": "Product", "guarantee": "Guarantee",
    "unassigned": "Nobody yet", "no_manager": "Without a manager", "no_address": "Without a marked address", "pending": "Pending",
    "live": "Live", "close_reason": "Reason", "matures_within": "Matures within days", "due_within": "Due within days",
    "since": "From", "until": "To", "done_from": "Done from", "done_to": "Done to", "conclusion": "Conclusion", "staff_id": "Officer",
    "placed": "Position compared", "on_site": "On site", "flaw": "Quality flags", "run_id": "Run", "batch_id": "Batch of todos",
    "month": "Month of the report", "box": "Part of the map", "body": "Rule",
    "paid_from": "Paid out from", "paid_to": "Paid out to", "kept": "Not cancelled", "ids": "Chosen", "which": "Class migration",
    "op": "Kind", "noun": "About", "verb": "Act", "named": "With customers' names",
}  # fmt: skip
WORDS = {
    "kind": Kind, "mode": Mode, "family": Family, "loan_class": LoanClass, "worst_class": LoanClass, "segment": Segment,
    "guarantee": Guarantee, "close_reason": CloseReason, "conclusion": Conclusion,
}  # fmt: skip
STAFF = ("assignee_id", "manager_id", "staff_id")
ADDRESS_STATES = {"unmarked": "Not marked", "doubtful": "In doubt", "waiting": "Waiting for approval", "marked": "Marked already"}


def of_filter(conn: Connection, narrowed: dict) -> dict[str, str]:
    """{label: value} of what narrows a list, as kept by engine.lists."""
    return {_(LABELS[name]): _value(conn, name, value) for name, value in narrowed.items() if name in LABELS}


def _value(conn: Connection, name: str, value: object) -> str:
    if isinstance(value, bool) or value is None:
        return _("All") if value is None else _("yes") if value else _("no")
    if name in TOLD:
        return TOLD[name](conn, value)
    return words.name(WORDS[name](value)) if name in WORDS else str(value)


def _branches(conn: Connection, ids: list[int]) -> str:
    names = branches.names(conn)
    shown = _(", ").join(names.get(one, "?") for one in ids[:5])
    return shown if len(ids) <= 5 else _("{0} and {1} more").format(shown, len(ids) - 5)


def _product(conn: Connection, code: str) -> str:
    return next((f"{row.code} {row.name}" for row in products.all_of(conn) if row.code == code), code)


def _state(_conn: Connection, state: str) -> str:
    if state in ADDRESS_STATES:
        return _(ADDRESS_STATES[state])
    return next((words.name(kind(state)) for kind in (TodoState, LeadState) if state in list(kind)), state)


def _noun(_conn: Connection, noun: str) -> str:
    return _(sentences.NOUNS.get(noun, noun))


def _moved(_conn: Connection, which: str) -> str:
    """As engine.monthly names a change of class."""
    if which == monthly.WORSE_ONES:
        return _("For the worse")
    return " → ".join(words.name(LoanClass(one)) for one in which.split("-"))


TOLD = dict.fromkeys(STAFF, lambda conn, holder: staff.names(conn, holder).get(holder, "?")) | {
    "branch_ids": _branches,
    "product": _product,
    "state": _state,
    "which": _moved,
    "noun": _noun,
    "op": lambda _conn, op: _(sentences.OPS.get(op, op)),
    "ids": lambda _conn, ids: f"{len(ids):,}",
    "flaw": lambda _conn, flaw: _("Any") if flaw == ANY_FLAW else words.name(Flaw(flaw)),
    "body": lambda _conn, body: f"{body['code']} {words.in_language(body['title'])}",
}
