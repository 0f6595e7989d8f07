"""What a list was narrowed to, in words: for the first sheet of a file, the trail, and whoever decides about it."""

from db import branches, staff
from db.access import Connection
from db.records import ANY_FLAW
from db.vocab import CloseReason, Conclusion, Family, Flaw, Guarantee, Kind, LeadState, LoanClass, Mode, Segment, TodoState
from engine import words
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
}  # fmt: skip
WORDS = {
    "kind": Kind, "mode": Mode, "family": Family, "loan_class": LoanClass, "worst_class": LoanClass, "segment": Segment,
    "guarantee": Guarantee, "close_reason": CloseReason, "conclusion": Conclusion,
}  # fmt: skip
STAFF = {"assignee_id", "manager_id", "staff_id"}


def of_filter(conn: Connection, narrowed: dict) -> dict[str, str]:
    """{label: value} of what narrows a list, as kept by engine.lists."""
    return {_(LABELS[name]): _value(conn, name, value) for name, value in narrowed.items() if name in LABELS}


def _value(conn: Connection, name: str, value: object) -> str:
    if isinstance(value, bool) or value is None:
        return _("All") if value is None else _("yes") if value else _("no")
    if name == "branch_ids":
        names = branches.names(conn)
        shown = _(", ").join(names.get(one, "?") for one in value[:5])
        return shown if len(value) <= 5 else _("{0} and {1} more").format(shown, len(value) - 5)
    if name == "body":
        return f"{value['code']} {words.in_language(value['title'])}"
    if name in STAFF:
        return staff.names(conn).get(value, "?")
    if name == "flaw":
        return _("Any") if value == ANY_FLAW else words.name(Flaw(value))
    if name == "state":
        return next((words.name(kind(value)) for kind in (TodoState, LeadState) if value in list(kind)), str(value))
    return words.name(WORDS[name](value)) if name in WORDS else str(value)
