"""The lists that can be exported: what each is narrowed by, which rows these are, and which columns the file has."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import TypeAdapter

from db import addresses, audit, customers, feeds, footprints, leads, loans, records, todos
from db.access import Connection
from db.vocab import (
    CloseReason,
    Conclusion,
    Fate,
    Kind,
    LeadState,
    Level,
    LoanClass,
    LoanStatus,
    Marking,
    Mode,
    Opinion,
    Outcome,
    Place,
    ReviewState,
    Role,
    Segment,
    SignalState,
    TodoState,
)  # fmt: skip
from engine import monthly, quality, sentences, signal_rehearsal, signals, words
from engine.words import _
from engine.workbook import Field
from engine.writing import unmarked


@dataclass(frozen=True)
class Between:
    """Days of footprints."""

    since: date
    until: date
    branch_ids: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Leads:
    """Leads in a state, with a text in them."""

    state: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class OfMonth:
    """A monthly report, of a month written 2026-10."""

    today: date
    month: str
    branch_ids: tuple[int, ...] | None = None

    @property
    def first(self) -> date:
        return date.fromisoformat(f"{self.month}-01")


@dataclass(frozen=True)
class OfMoves:
    """Loans that changed their class in a month so far, by which change (engine.monthly.moved_ones)."""

    since: date
    until: date
    which: str
    branch_ids: tuple[int, ...] | None = None


@dataclass(frozen=True)
class OfRun:
    """What one run of a feed set aside."""

    run_id: int


class Told:
    """The trail as sentences, one by one as they are asked for."""

    def __init__(self, conn: Connection, wanted: audit.Filter) -> None:
        self.rows, self.known = audit.export(conn, wanted), sentences.names(conn, roles=True)

    def __iter__(self) -> Iterator[tuple]:
        return ((row, unmarked(sentences.sentence(row, self.known))) for row in self.rows)

    def count(self) -> int:
        return self.rows.count()


@dataclass(frozen=True)
class OfSignalTrial:
    """Where a draft of a signal rule differs from the rule in force."""

    body: dict
    today: date


@dataclass(frozen=True)
class Listing:
    """A list that can be exported. `limited`: a large one needs a second person; `fields` as of a day."""

    title: str
    permit: str
    filter: type
    rows: Callable[[Connection, object, str | None], Iterable]
    fields: Callable[[date], Sequence[Field]]
    limited: bool = True

    def read(self, data: dict) -> object:
        """The filter, from what was kept of it."""
        return TypeAdapter(self.filter).validate_python(data)

    def data(self, wanted: object) -> dict:
        """What is kept of a filter: only what it narrows."""
        return TypeAdapter(self.filter).dump_python(wanted, mode="json", exclude_defaults=True)


def _days(since: date | None, today: date) -> int | None:
    return None if since is None else max(0, (today - since).days)


def _of_todos(_today: date) -> list[Field]:
    return [
        Field("Customer number", "customer_no"), Field("Customer", "customer"), Field("Kind", "kind", "word", Kind),
        Field("Way", "mode", "word", Mode), Field("State", "state", "word", TodoState), Field("Due", "due_on", "date"),
        Field("Closed on", "closed_on", "date"), Field("Reason", "close_reason", "word", CloseReason),
        Field("Exposure", "exposure_fen", "money"), Field("Branch", "branch"), Field("Assignee", "assignee"), Field("Rule", "rule_code"),
        Field("Made on", "created_on", "date"),
    ]  # fmt: skip


def _of_loans(today: date) -> list[Field]:
    return [
        Field("Loan number", "loan_no"), Field("Customer number", "customer_no"), Field("Customer", "customer"), Field("Product", "product"),
        Field("Amount", "amount_fen", "money"), Field("Balance", "balance_fen", "money"),
        Field("Class", lambda r: r._mapping["class"], "word", LoanClass),
        Field("Days past due", lambda r: _days(r.overdue_since, today), "number"), Field("Paid out", "disbursed_on", "date"),
        Field("Matures", "matures_on", "date"), Field("Branch", "branch"), Field("Relationship manager", "manager"),
        Field("Status", "status", "word", LoanStatus),
    ]  # fmt: skip


def _of_customers(today: date) -> list[Field]:
    return [
        Field("Customer number", "customer_no"), Field("Customer", "name"), Field("Segment", "segment", "word", Segment),
        Field("Exposure", "exposure_fen", "money"), Field("Loans", "live_loans", "number"),
        Field("Days past due", lambda r: _days(r.overdue_since, today), "number"), Field("Last check", "last_check", "date"),
        Field("Branch", "branch"), Field("Relationship manager", "manager"),
    ]  # fmt: skip


def _of_records(_today: date) -> list[Field]:
    return [
        Field("Record number", "id", "number"), Field("When", "finished_at", "moment"), Field("Customer number", "customer_no"), Field("Customer", "customer"),
        Field("Kind", "kind", "word", Kind), Field("Way", "mode", "word", Mode), Field("Conclusion", "conclusion", "word", Conclusion),
        Field("Outcome", "outcome", "word", Outcome), Field("Presence", "grade"), Field("Review", "review", "word", ReviewState),
        Field("Opinion", "opinion", "word", Opinion), Field("Quality flags", lambda r: quality.named(r.flags)),
        Field("Metres from the mark", "distance_m", "decimal"), Field("Officer", "staff"),
        Field("Branch", "branch"), Field("Remark", "note"),
    ]  # fmt: skip


def _of_addresses(_today: date) -> list[Field]:
    return [
        Field("Customer number", "customer_no"), Field("Customer", "name"), Field("State", address_state),
        Field("Which place", "kind", "word", Place), Field("Address", lambda r: r.place or r.address),
        Field("How it was marked", "way", "word", Marking), Field("Latitude", "lat", "place"), Field("Longitude", "lon", "place"),
        Field("Branch", "branch"), Field("Relationship manager", "manager"), Field("Inspector", "inspector"),
    ]  # fmt: skip


def _of_footprints(_today: date) -> list[Field]:
    return [
        Field("Staff number", "staff_no"), Field("Officer", "staff"), Field("Branch", "branch"), Field("Days out", "days", "number"),
        Field("Visits", "visits", "number"), Field("Last day", "last_day", "date"), Field("First", "first_at", "moment"),
        Field("Last", "last_at", "moment"), Field("Kilometres", "km", "decimal"), Field("At customers (h)", "visit_hours", "decimal"),
        Field("With a position", "placed", "number"), Field("On site", "on_site", "number"),
        *(Field(grade.upper(), grade, "number") for grade in "abcd"),
    ]  # fmt: skip


def _of_leads(_today: date) -> list[Field]:
    return [
        Field("Name", "name"), Field("What is wanted", "wish"), Field("State", "state", "word", LeadState), Field("Why it was lost", "lost_because"),
        Field("Followed by", "follower"), Field("Noted by", "staff"), Field("Noted on", "noted_at", "moment"), Field("Branch", "branch"),
        Field("Customer", "customer"),
    ]  # fmt: skip


def _of_quarantine(_today: date) -> list[Field]:
    return [
        Field("Table", "name"), Field("File", "file"), Field("Line", "line", "number"),
        Field("Reasons", lambda r: _("; ").join(words.reason(x) for x in r.reasons)), Field("Raw line", "text"),
    ]  # fmt: skip


def _of_signal_trial(_today: date) -> list[Field]:
    return [
        Field("As it is", "was", "word", Level), Field("With the draft", "becomes", "word", Level),
        Field("What the night does", "fate", "word", Fate), Field("About", "about"), Field("Customer number", "customer_no"),
        Field("Loan number", "loan_no"), Field("Evidence", lambda r: signals.evidence(r.evidence)), Field("At risk", "amount_fen", "money"),
        Field("Its open signal", "state", "word", SignalState), Field("First seen", "since", "date"), Field("In charge", "owner"),
        Field("Branch", "branch"),
    ]  # fmt: skip


def _of_trail(_today: date) -> list[Field]:
    return [
        Field("Entry", lambda told: told[0].id, "number"), Field("When", lambda told: told[0].at, "moment"),
        Field("Name", lambda told: told[0].staff), Field("Role", lambda told: told[0].role and words.name(Role(told[0].role))),
        Field("Told in words", lambda told: told[1]), Field("Customer", lambda told: told[0].customer),
    ]  # fmt: skip


def _of_month(_today: date) -> list[Field]:
    return [
        Field("Chapter", "chapter"), Field("Of whom", "of"), Field("Figure", lambda r: r.figure.what),
        Field("This month", lambda r: r.figure.now, "decimal"), Field("Month before", lambda r: r.figure.then, "decimal"),
        Field("Unit", lambda r: _(monthly.WHAT[r.figure.unit])),
    ]  # fmt: skip


def _of_moves(_today: date) -> list[Field]:
    return [
        Field("Loan number", "loan_no"), Field("Customer number", "customer_no"), Field("Customer", "customer"),
        Field("Class at the beginning", "was", "word", LoanClass), Field("Class at the end", "became", "word", LoanClass),
        Field("Balance", "balance_fen", "money"), Field("Branch", "branch"), Field("Relationship manager", "manager"),
    ]  # fmt: skip


def _months_rows(conn: Connection, f: OfMonth, _sort: str | None) -> Sequence[monthly.Row]:
    return monthly.rows(monthly.compose(conn, f.first, monthly.Part(f.branch_ids, ""), f.today))


def address_state(row: object) -> str:
    """Where the marking of a customer's address stands, in words."""
    if row.waiting:
        return _("Waiting for approval")
    if row.doubt:
        return words.pair(_("In doubt"), words.reason(row.doubt))
    if row.lat is not None:
        return _("Marked already")
    return _("Asked of {0}").format(row.asked_of) if row.asked_of else _("Not marked")


LISTS: dict[str, Listing] = {
    "todos": Listing("Todos", "export.make", todos.Filter, lambda conn, f, sort: todos.export(conn, f, sort or "due"), _of_todos),
    "loans": Listing(
        "Loans", "export.make", loans.Filter, lambda conn, f, sort: loans.export(conn, f, sort or "-balance"), _of_loans
    ),
    "customers": Listing(
        "Customers",
        "export.make",
        customers.Filter,
        lambda conn, f, sort: customers.export(conn, f, sort or "-exposure"),
        _of_customers,
    ),
    "records": Listing(
        "Inspection records",
        "export.make",
        records.Filter,
        lambda conn, f, sort: records.export(conn, f, sort or "-done"),
        _of_records,
    ),
    "addresses": Listing(
        "Addresses",
        "export.make",
        addresses.Filter,
        lambda conn, f, sort: addresses.export(conn, f, sort or "-exposure"),
        _of_addresses,
    ),
    "footprints": Listing(
        "Footprints",
        "export.make",
        Between,
        lambda conn, f, _sort: footprints.by_staff(conn, f.since, f.until, f.branch_ids),
        _of_footprints,
    ),
    "leads": Listing("Leads", "export.make", Leads, lambda conn, f, _sort: leads.export(conn, f.state, f.text), _of_leads),
    "monthly": Listing("Monthly post-loan report", monthly.PERMIT, OfMonth, _months_rows, _of_month, limited=False),
    "moves": Listing(
        "Class migration",
        "export.make",
        OfMoves,
        lambda conn, f, _sort: monthly.moves(conn, f.since, f.until, f.branch_ids, f.which),
        _of_moves,
    ),
    "quarantine": Listing(
        "Quarantined rows", "feeds.see", OfRun, lambda conn, f, _sort: feeds.rejected(conn, f.run_id), _of_quarantine, limited=False
    ),
    "audit": Listing("Audit trail", "audit.see", audit.Filter, lambda conn, f, _sort: Told(conn, f), _of_trail),
    "signal_trial": Listing(
        "Effect of a draft",
        "rule.try",
        OfSignalTrial,
        lambda conn, f, _sort: signal_rehearsal.differing(f.body, f.today),
        _of_signal_trial,
    ),
}
