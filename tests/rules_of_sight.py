"""Who may see which row, said once more in plain Python: what the database's policies are held against.

Written from the bank's rules, not from db/security.py:

* head office risk and loan management and the auditor see the whole book;
* a branch head sees the customers of his branch and of those under it, the guests who have a loan there, and what those
  branches keep (loans, todos, checks, signals); what hangs on a customer follows the customer;
* relationship managers and inspectors see the customers they manage, inspect, have a loan or an open todo of, for
  themselves or for a colleague they stand in for today; their own todos, checks and signals besides, and their branch's pool;
* collections sees customers in arrears or substandard and worse;
* a round of the day: its officer, the heads of his branch, the whole book's readers; how a branch shared out its visits, the same
  without officers;
* what is asked about somebody's role: the security administrator too;
* whoever asked for something a second person decides sees what became of it;
* whoever signed a check sees it, its photos, its leads and what reviewers said of it, whoever follows a lead sees it; a photo
  found again is seen with the photo; forms half filled in and photos on their way, their author only;
* where somebody was at visits: himself, the head of the branch whose customer it was, and who sees the whole book; no colleague;
* handovers are seen by the whole-book roles and by the head of the branch whose affair they are; which customers and rows
  they moved, by whoever of these sees the customer;
* messages, whom they are for only; on their way out, who runs the system too, without what they say;
* links of calendars, who has them, the auditor and the technical roles;
* a report that is kept: its owner, and those of the roles it is shared with who work in the branches it is shared with, or below;
  files, whoever they are made for; what is asked about one, whoever asked, and who decides;
* which checks were drawn for a second look, and what it came to, and counts of the whole book: the whole-book roles alone;
* the technical roles see no row of the book; feeds, accounts, and the part of the trail that is about no customer.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from db.access import Person
from db.vocab import Role

HEAD = (Role.HEAD_RISK, Role.HEAD_LOANS)
WHOLE_BOOK = (*HEAD, Role.AUDITOR)
OFFICERS = (Role.MANAGER, Role.INSPECTOR)
TECHNICAL = (Role.IT, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN)
BUSINESS = (*WHOLE_BOOK, Role.BRANCH_HEAD, *OFFICERS, Role.COLLECTIONS)
EVERYBODY = (*BUSINESS, *TECHNICAL)

OPEN_TO_ALL = ("branches", "branch_tree", "staff", "staff_roles", "products", "calendar_days", "definitions", "feed_runs", "absences",
               "job_runs", "installation")  # fmt: skip
OF_A_CUSTOMER = ("customers", "customer_levels", "level_adjustments", "customer_faces", "addresses", "guarantors", "photos", "exemptions", "own_cycles", "claims",
                 "customer_facts", "notes", "handover_parts", "handover_rows", "batch_rows", "copies")  # fmt: skip
OF_A_RECORD = ("records", "leads", "reviews", "opinions", "qualities")
OF_A_BRANCH = ("loans", "loan_history", "todos", "signals", "requests", *OF_A_RECORD)
CHECKERS = (Role.BRANCH_HEAD, *OFFICERS)
TOLD = tuple(role for role in EVERYBODY if role is not Role.AUDITOR)
OPERATIONS = ("feed_files", "rejects", "problems")

# To whom a table is open at all; the others are refused the very question.
OPEN_TO = (
    dict.fromkeys(OPEN_TO_ALL, EVERYBODY)
    | dict.fromkeys((*OF_A_CUSTOMER, *OF_A_BRANCH), BUSINESS)
    | {"requests": EVERYBODY}
    | dict.fromkeys(OPERATIONS, (*WHOLE_BOOK, *TECHNICAL))
    | dict.fromkeys(("handovers", "handover_parts", "handover_rows", "batches", "batch_rows"), (*WHOLE_BOOK, Role.BRANCH_HEAD))
    | {"todo_days": (*WHOLE_BOOK, Role.BRANCH_HEAD), "kept_counts": WHOLE_BOOK, "arrears": WHOLE_BOOK, "draws": WHOLE_BOOK, "second_looks": WHOLE_BOOK, "accounts": (Role.AUDITOR, *TECHNICAL),
       "sharings": (*WHOLE_BOOK, Role.BRANCH_HEAD), "rounds": (*WHOLE_BOOK, Role.BRANCH_HEAD, *OFFICERS),
       "notices": TOLD, "dispatches": EVERYBODY, "calendar_links": (*OFFICERS, Role.AUDITOR, *TECHNICAL),
       "drafts": CHECKERS, "sketches": HEAD, "uploads": CHECKERS, "footprints": (*WHOLE_BOOK, *CHECKERS), "sessions": EVERYBODY, "sign_ins": EVERYBODY, "preferences": EVERYBODY, "audit": EVERYBODY, "tickets": (), "branch_moves": (), "prints": (), "spellings": (), "searches": EVERYBODY,
       "reports": EVERYBODY, "exports": EVERYBODY}
)  # fmt: skip


@dataclass
class Book:
    """Every row of the store, by table, as plain dicts."""

    rows: dict[str, list[dict]]
    today: date
    by_customer: dict = field(init=False)

    def __post_init__(self) -> None:
        self.by_customer = {c["id"]: c for c in self.rows["customers"]}
        self.faces = {f["customer_id"]: f for f in self.rows["customer_faces"]}
        self.loans = {loan["id"]: loan for loan in self.rows["loans"]}
        self.loans_of = defaultdict(list)
        for loan in self.rows["loans"]:
            self.loans_of[loan["customer_id"]].append(loan)

    def under(self, branch_id: int) -> set[int]:
        """A branch and all below it, found by walking the tree itself."""
        found, grown = {branch_id}, True
        while grown:
            below = {b["id"] for b in self.rows["branches"] if b["parent_id"] in found}
            grown = not below <= found
            found |= below
        return found


class Sight:
    """What one person may see of a book."""

    def __init__(self, person: Person, book: Book) -> None:
        self.person, self.book, self.role = person, book, person.role
        self.branches = book.under(person.branch_id) if self.role is Role.BRANCH_HEAD else set()
        self.home = next((s["branch_id"] for s in book.rows["staff"] if s["id"] == person.id), None)
        self.acting_for = {person.id} | {
            a["staff_id"] for a in book.rows["absences"]
            if a["delegate_id"] == person.id and a["from_on"] <= book.today <= a["until_on"]
        }  # fmt: skip
        self.customers = {c for c in book.by_customer if self._sees_customer(c)}

    def _sees_customer(self, customer_id: int) -> bool:
        customer, loans = self.book.by_customer[customer_id], self.book.loans_of[customer_id]
        if self.role in WHOLE_BOOK:
            return True
        if self.role is Role.BRANCH_HEAD:
            return customer["branch_id"] in self.branches or any(loan["branch_id"] in self.branches for loan in loans)
        if self.role in OFFICERS:
            looked_after = {customer["manager_id"], customer["inspector_id"], *(loan["manager_id"] for loan in loans)}
            asked = {
                t["assignee_id"] for t in self.book.rows["todos"] if t["customer_id"] == customer_id and t["closed_on"] is None
            }
            return bool((looked_after | asked) & self.acting_for)
        if self.role is Role.COLLECTIONS:
            face = self.book.faces[customer_id]
            return face["overdue_since"] is not None or face["worst_class"] in ("substandard", "doubtful", "loss")
        return False

    def sees(self, table: str, row: dict) -> bool:
        if self.role not in OPEN_TO[table]:
            return False
        if table in OPEN_TO_ALL or table in OPERATIONS or table in ("arrears", "accounts", "draws", "second_looks", "kept_counts"):
            return True
        if table == "photos" and self.role in CHECKERS and row["staff_id"] == self.person.id:
            return True
        if table == "copies":
            return any(self.sees("photos", p) for p in self.book.rows["photos"] if p["upload_id"] == row["upload_id"])
        if table == "handover_rows" and not row["customer_id"]:  # a lead found at nobody's
            return any(self.sees("handovers", h) for h in self.book.rows["handovers"] if h["id"] == row["handover_id"])
        if table in OF_A_CUSTOMER:
            return row["id" if table == "customers" else "customer_id"] in self.customers
        if table in OF_A_BRANCH:
            return self._sees_work(table, row)
        return getattr(self, f"_sees_{table}")(row)

    def _sees_work(self, table: str, row: dict) -> bool:
        if self.role in WHOLE_BOOK:
            return True
        if self.role in TECHNICAL:
            return self.role is Role.SECURITY_ADMIN and row["kind"] == "role"
        own = {"todos": row.get("assignee_id"), "signals": row.get("owner_id"), "requests": row.get("asked_by")}.get(table)
        own = row["staff_id"] if table in OF_A_RECORD else own
        own = self.person.id if table == "leads" and row["owner_id"] == self.person.id else own
        if self.role is Role.BRANCH_HEAD:
            holder = self.book.loans[row["loan_id"]] if table == "loan_history" else row
            return holder["branch_id"] in self.branches or (table in (*OF_A_RECORD, "requests") and own == self.person.id)
        if self.role is Role.COLLECTIONS and table == "requests" and own == self.person.id:
            return True
        pooled = table == "todos" and own is None and row["branch_id"] == self.home
        if self.role in OFFICERS and (pooled or own == self.person.id and table != "loans"):
            return True
        return row["customer_id"] in self.customers

    def _sees_todo_days(self, row: dict) -> bool:
        return self.role in WHOLE_BOOK or row["branch_id"] in self.branches

    _sees_handovers = _sees_todo_days
    _sees_sharings = _sees_batches = _sees_todo_days

    def _sees_rounds(self, row: dict) -> bool:
        return self._sees_todo_days(row) or self.role in OFFICERS and row["staff_id"] == self.person.id

    def _sees_sessions(self, row: dict) -> bool:
        return self.role in (Role.AUDITOR, *TECHNICAL) or row["staff_id"] == self.person.id

    _sees_sign_ins = _sees_calendar_links = _sees_sessions

    def _sees_dispatches(self, row: dict) -> bool:
        return self.role in (*WHOLE_BOOK, *TECHNICAL) or row["staff_id"] == self.person.id

    def _sees_preferences(self, row: dict) -> bool:
        return row["staff_id"] == self.person.id

    def _sees_reports(self, row: dict) -> bool:
        at = not row["to_branches"] or any(self.home in self.book.under(branch) for branch in row["to_branches"])
        return row["owner_id"] == self.person.id or (self.role in row["to_roles"] and at)

    _sees_exports = _sees_preferences
    _sees_drafts = _sees_uploads = _sees_notices = _sees_sketches = _sees_searches = _sees_preferences

    def _sees_footprints(self, row: dict) -> bool:
        return self.role in WHOLE_BOOK or row["staff_id"] == self.person.id or row["branch_id"] in self.branches

    def _sees_audit(self, row: dict) -> bool:
        if self.role in WHOLE_BOOK:
            return True
        if self.role in TECHNICAL:
            return row["customer_id"] is None and row["noun"] != "arrears"
        return row["customer_id"] in self.customers
