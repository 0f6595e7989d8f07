"""What things are called on a screen: one catalogue, English in the code, Chinese by default.

`_("Due today")` gives the text in the reader's language; `name(Kind.FIRST)` the bank's word for a value;
`reason("row_drop:dk:283:200")` the sentence for a coded reason. The language is set once per request by the rim.
"""

from collections.abc import Callable
from contextvars import ContextVar
from enum import StrEnum
from functools import cache

from babel.messages.pofile import read_po

from db import settings
from db.vocab import (
    Approval,
    Assign,
    BatchAct,
    BatchState,
    BranchAct,
    CallBack,
    CallResult,
    CloseReason,
    Conclusion,
    CustomerKind,
    CustomerLevel,
    Definition,
    DispatchState,
    ExportState,
    Family,
    Fate,
    FeedState,
    Finding,
    Finish,
    FixSource,
    Flaw,
    Guarantee,
    HandoverState,
    JobState,
    Kind,
    LeadState,
    Level,
    LoanClass,
    LoanStatus,
    Marking,
    Mode,
    News,
    Opinion,
    Outcome,
    Payment,
    Place,
    Reach,
    Repayment,
    Request,
    ReviewState,
    Rhythm,
    Role,
    SecondLook,
    Segment,
    SharingState,
    Shift,
    SignalState,
    SignInOutcome,
    Start,
    Subject,
    TodoState,
    Unit,
)  # fmt: skip

LANGUAGES = ("zh", "en")
language: ContextVar[str] = ContextVar("language", default="zh")


def _(text: str, **values: object) -> str:
    """The text in the reader's language, with {values} filled in."""
    translated = _catalogue().get(text, text) if language.get() == "zh" else text
    return translated.format(**values) if values else translated


@cache
def _catalogue() -> dict[str, str]:
    with (settings.ROOT / "assets" / "locales" / "zh_CN.po").open("rb") as file:
        return {message.id: message.string for message in read_po(file, locale="zh_CN") if message.id and message.string}


def in_every_language(say: Callable, *given: object) -> dict:
    """What it says, by language: for what is kept now and read later by whoever."""
    before, said = language.get(), {}
    try:
        for one in LANGUAGES:
            language.set(one)
            said[one] = say(*given)
    finally:
        language.set(before)
    return said


def in_language(titles: dict[str, str]) -> str:
    """Of a title kept in both languages, the reader's."""
    return titles.get(language.get()) or titles.get("zh") or next(iter(titles.values()), "")


NAMES = (
    (Role.HEAD_RISK, "Head office risk"), (Role.HEAD_LOANS, "Head office loan management"), (Role.BRANCH_HEAD, "Branch head"),
    (Role.MANAGER, "Relationship manager"), (Role.INSPECTOR, "Post-loan inspector"), (Role.COLLECTIONS, "Collections"),
    (Role.AUDITOR, "Auditor"), (Role.IT, "IT"), (Role.SYSTEM_ADMIN, "System administrator"),
    (Role.SECURITY_ADMIN, "Security administrator"), (Role.MACHINE, "System"),
    (Segment.FIRM, "Firm"), (Segment.BUSINESS, "Individual business"), (Segment.FARMER, "Farm household"),
    (Segment.CONSUMER, "Consumer"),
    (CustomerKind.PERSON, "Person"), (CustomerKind.FIRM, "Firm"),
    (Family.WORKING, "Working capital"), (Family.FIXED, "Fixed assets and projects"), (Family.SMALL, "Small firms"),
    (Family.BUSINESS, "Personal business"), (Family.CONSUMER, "Consumer loans"), (Family.MORTGAGE, "Mortgages"),
    (Family.FARM, "Farm loans"), (Family.CARD, "Credit cards"), (Family.DISCOUNT, "Bills"), (Family.TRADE, "Trade finance"),
    (Family.ENTRUSTED, "Low risk"), (Family.OTHER, "Other"),
    (LoanClass.NORMAL, "Normal"), (LoanClass.SPECIAL_MENTION, "Special mention"), (LoanClass.SUBSTANDARD, "Substandard"),
    (LoanClass.DOUBTFUL, "Doubtful"), (LoanClass.LOSS, "Loss"),
    (Guarantee.GUARANTEE, "Guaranteed"), (Guarantee.MORTGAGE, "Mortgaged"), (Guarantee.PLEDGE, "Pledged"),
    (Guarantee.UNSECURED, "Unsecured"),
    (Repayment.EQUAL_INSTALMENTS, "Equal instalments"), (Repayment.EQUAL_PRINCIPAL, "Equal principal"),
    (Repayment.BULLET, "Interest first, bullet principal"),
    (LoanStatus.NORMAL, "Performing"), (LoanStatus.OVERDUE, "In arrears"), (LoanStatus.SETTLED, "Settled"),
    (LoanStatus.WRITTEN_OFF, "Written off"), (LoanStatus.TRANSFERRED, "Transferred"),
    (Payment.BORROWER, "Paid to the borrower"), (Payment.ENTRUSTED, "Entrusted payment"),
    (Kind.FIRST, "First inspection"), (Kind.REGULAR, "Regular inspection"), (Kind.KEY, "Targeted inspection"),
    (Kind.MATURITY, "Pre-maturity check"), (Kind.OVERDUE, "Overdue check"), (Kind.FULL, "Annual review"),
    (Kind.SPECIAL, "Thematic inspection"), (Kind.SPOT, "Spot check"), (Kind.ALERT, "Alert check"),
    (Mode.FIELD, "Field visit"), (Mode.PHONE, "Phone check"), (Mode.DATA, "Desk check"),
    (TodoState.OPEN, "Open"), (TodoState.STARTED, "Started"), (TodoState.DONE, "Done"), (TodoState.CANCELLED, "Cancelled"),
    (CloseReason.SETTLED, "Loan settled"), (CloseReason.WRITTEN_OFF, "Loan written off"),
    (CloseReason.TRANSFERRED, "Loan transferred"), (CloseReason.CURED, "Arrears paid"),
    (CloseReason.SATISFIED, "Covered by a heavier check"), (CloseReason.EXEMPTED, "Exempt"),
    (CloseReason.SUPERSEDED, "Replaced by another rule"), (CloseReason.WITHDRAWN, "Rule no longer applies"),
    (CloseReason.BY_HAND, "Cancelled by hand"),
    (Unit.DAY, "day"), (Unit.WEEK, "week"), (Unit.MONTH, "month"), (Unit.QUARTER, "quarter"), (Unit.HALF_YEAR, "half-year"),
    (Unit.YEAR, "year"),
    (Shift.NONE, "not shifted"), (Shift.NEXT, "next working day"), (Shift.PREVIOUS, "previous working day"),
    (Assign.MANAGER, "the relationship manager"), (Assign.INSPECTOR, "the named inspector"), (Assign.POOL, "the branch's pool"),
    (Start.POSITION, "Current position"), (Start.CHECK, "Where the last check was"), (Start.BRANCH, "The branch"), (Start.HOME, "Home"),
    (Start.MIDDLE, "Middle of the customers"),
    (Finish.BRANCH, "Back to the branch"), (Finish.HOME, "Home"), (Finish.ANYWHERE, "At the last customer"),
    (Reach.DUE, "Due today and overdue"), (Reach.WEEK, "Due within seven days"), (Reach.ALL, "All open visits"),
    (SharingState.RUNNING, "Being worked out"), (SharingState.READY, "To be looked at"), (SharingState.APPLIED, "Applied"),
    (SharingState.DROPPED, "Dropped"), (SharingState.FAILED, "Failed"),
    (Level.BLUE, "Blue"), (Level.YELLOW, "Yellow"), (Level.ORANGE, "Orange"), (Level.RED, "Red"),
    (SignalState.RAISED, "To confirm"), (SignalState.TAKEN, "In hand"), (SignalState.ANSWERED, "To verify"),
    (SignalState.CLOSED, "Closed"), (SignalState.FALSE_ALARM, "False alarm"), (SignalState.LIFTED, "Lifted"),
    (CustomerLevel.A, "Level A"), (CustomerLevel.B, "Level B"), (CustomerLevel.C, "Level C"), (CustomerLevel.D, "Level D"),
    (CustomerLevel.E, "Level E"),
    (HandoverState.WAITING, "Waiting for its day"), (HandoverState.DONE, "Handed over"), (HandoverState.RETURNED, "Given back"),
    (HandoverState.WITHDRAWN, "Withdrawn"), (HandoverState.FAILED, "Could not be done"),
    (Subject.LOAN, "Loan"), (Subject.CUSTOMER, "Customer"), (Subject.BRANCH, "Branch"), (Subject.STAFF, "Staff"),
    (Outcome.COMPLETED, "Completed"), (Outcome.PARTIAL, "Partly completed"), (Outcome.UNREACHED, "Not reached"),
    (Outcome.WRONG_CONTACT, "Wrong number or address"), (Outcome.REFUSED, "Refused"),
    (CallResult.SELF, "Answered by the borrower"), (CallResult.SPOUSE, "Answered by the spouse"),
    (CallResult.OTHER, "Answered by somebody else"), (CallResult.NO_ANSWER, "No answer"),
    (CallResult.OFF, "Switched off or out of service"), (CallResult.DEAD, "No such number"),
    (CallResult.STRANGER, "Somebody else's number"), (CallResult.REFUSED, "Refused to talk"),
    (Conclusion.NORMAL, "Normal"), (Conclusion.ATTENTION, "Attention"), (Conclusion.RISK, "Risk"),
    (Conclusion.UNABLE, "Could not be checked"),
    (FixSource.CHECK_IN, "Check-in"), (FixSource.DURING, "During the visit"), (FixSource.SUBMIT, "On submitting"),
    (LeadState.NEW, "New"), (LeadState.CONTACTED, "In contact"), (LeadState.WON, "Won"), (LeadState.LOST, "Lost"),
    (ReviewState.WAITING, "Awaiting review"), (ReviewState.DECIDED, "Reviewed"), (ReviewState.APPEALED, "Under appeal"),
    (ReviewState.SETTLED, "Finally decided"),
    (Finding.ACCEPTED, "Accepted"), (Finding.DOUBTFUL, "In doubt"), (Finding.REFUSED, "Not accepted"),
    (Fate.RAISED, "Signal raised"), (Fate.WORSE, "Signal gets worse"), (Fate.STAYS, "Signal stays as it is"), (Fate.QUIET, "Quiet: closed lately"),
    (Fate.LIFTED, "Signal lifted"), (Fate.LEFT, "Left to whoever took it"), (Fate.NOTHING, "No signal raised"),
    (Opinion.PASSED, "Passed"), (Opinion.RETURNED, "Returned"),
    (SecondLook.WAITING, "Awaiting a second look"), (SecondLook.AGREED, "Agreed"), (SecondLook.DOUBTED, "Doubted"),
    (CallBack.CONFIRMED, "Confirmed by the customer"), (CallBack.CONTRADICTED, "Contradicted by the customer"),
    (CallBack.UNREACHED, "Customer not reached"),
    (Flaw.COPIED, "Copied words"), (Flaw.SAME, "Answers as last time"), (Flaw.SHORT, "Too few words"), (Flaw.QUICK, "Too quick"),
    (Flaw.LATE, "Sent late"), (Flaw.CROWDED, "Many within an hour"),
    (Definition.TODO_RULE, "Todo rule"), (Definition.SIGNAL_RULE, "Signal rule"), (Definition.MAPPING, "Mapping"),
    (Definition.PARAMETER, "Parameter"), (Definition.FORM, "Form"), (Definition.SCORECARD, "Scorecard"),
    (Definition.PRODUCT, "Product"),
    (Approval.SUBMITTED, "Awaiting approval"), (Approval.APPROVED, "Approved"), (Approval.REFUSED, "Turned down"),
    (Approval.WITHDRAWN, "Withdrawn"),
    (FeedState.LOADING, "Loading"), (FeedState.LOADED, "Loaded"), (FeedState.STOPPED, "Stopped"), (FeedState.FAILED, "Failed"),
    (JobState.RUNNING, "Running"), (JobState.DONE, "Done"), (JobState.FAILED, "Failed"),
    (Place.BUSINESS, "Business premises"), (Place.HOME, "Dwelling"), (Place.LAND, "Land"), (Place.COLLATERAL, "Collateral site"),
    (Marking.HERE, "On the spot"), (Marking.TAP, "Tapped on the map"), (Marking.TYPED, "Coordinates typed"),
    (Marking.IMPORTED, "Imported"), (Request.ADDRESS_MOVE, "Moving a marked address"), (Request.EXPORT, "A large export"),
    (Request.LEVEL, "Adjusting a customer level"),
    (Request.WORKING_DAYS, "The bank's working days"),
    (ExportState.WAITING, "Queued"), (ExportState.HELD, "Awaiting approval"), (ExportState.RUNNING, "Being made"),
    (ExportState.READY, "Ready"), (ExportState.FAILED, "Not made"), (ExportState.REFUSED, "Not approved"), (ExportState.GONE, "Deleted"),
    (Rhythm.DAILY, "Daily"), (Rhythm.WEEKLY, "Weekly"), (Rhythm.MONTHLY, "Monthly"),
    (Request.DEFERRAL, "Deferring todos"), (Request.EXEMPTION, "Exemption from checks"),
    (Request.CYCLE, "A loan's own cycle"),
    (Request.ROLE, "Change of role"), (Request.BRANCH, "Change of branches"),
    (BranchAct.MOVE, "Another parent branch"), (BranchAct.CLOSE, "Closed down"), (BranchAct.MERGE, "Merged into another"),
    (BranchAct.PART, "Merger taken back"),
    (BatchAct.ASSIGN, "Assign"), (BatchAct.DUE, "Move the due day"), (BatchAct.DEFER, "Defer"), (BatchAct.CANCEL, "Cancel"),
    (BatchAct.REISSUE, "Ask again"), (BatchAct.REMIND, "Remind"), (BatchAct.EXEMPT, "Exempt"), (BatchAct.ASK, "Thematic inspection"),
    (BatchState.WAITING, "Awaiting approval"), (BatchState.DONE, "Done"), (BatchState.REFUSED, "Turned down"), (BatchState.UNDONE, "Taken back"),
    (SignInOutcome.SUCCEEDED, "Signed in"), (SignInOutcome.FAILED, "Failed"), (SignInOutcome.LOCKED, "Locked"),
    (SignInOutcome.DISABLED, "Account disabled, or no role"),
    (News.NIGHT, "Todos of the night"), (News.ASSIGNED, "Todos handed over"), (News.SIGNALS, "Warning signals"),
    (News.DECISION, "Your decision"), (News.ANSWER, "What was decided"), (News.STAND_IN, "Standing in"), (News.SPOT, "Spot check of records"),
    (News.DIGEST, "Daily digest"), (News.FILE, "A file is ready"), (News.TRIAL, "Test message"),
    (DispatchState.WAITING, "Waiting to be sent"), (DispatchState.SENDING, "Being sent"), (DispatchState.SENT, "Sent"),
    (DispatchState.FAILED, "Not sent"), (DispatchState.UNKNOWN, "Outcome unknown"), (DispatchState.DROPPED, "Not sent any more"),
)  # fmt: skip
# Values of two enumerations may be equal ("normal"), so the class belongs to the key.
_NAMES = {(type(word), word.value): text for word, text in NAMES}


def name(word: StrEnum | None) -> str:
    """What a value is called; empty for none."""
    return "" if word is None else _(_NAMES[type(word), word.value])


def msgid(word: StrEnum) -> str:
    """The same, not yet in anybody's language."""
    return _NAMES[type(word), word.value]


REASONS = {
    "wrong_field_count": "wrong number of fields",
    "missing": "{0} is missing",
    "not_a_number": "{0} is not a number",
    "no_such_date": "{0} is no date that exists",
    "unknown_customer": "unknown customer",
    "unknown_product": "unknown product",
    "unknown_branch": "unknown branch",
    "unknown_loan_no": "unknown loan",
    "unknown_class": "unknown class",
    "unknown_status": "unknown status",
    "unknown_kind": "unknown customer kind",
    "unknown_customer_kind": "unknown customer kind",
    "unknown_guarantee": "unknown guarantee",
    "unknown_repayment": "unknown repayment method",
    "unknown_payment": "unknown payment mode",
    "unknown_agri": "unknown mark of agricultural loans",
    "key_of_another_source": "the number belongs to another source",
    "negative_balance": "negative balance",
    "negative_amount": "negative amount",
    "balance_above_amount": "balance above the amount paid out",
    "amount_too_large": "amount too large",
    "matures_before_disbursed": "matures before it was disbursed",
    "duplicate_key": "the same key stands earlier in the file",
    "number_by_hand": "somebody of another name was added by hand under this number",
    "unreadable_text": "unreadable characters",
    "missing_file": "file {0} is missing",
    "two_files": "more than one file fits: {0}",
    "unreadable": "file {0} cannot be read: {1}",
    "missing_column": "file {0} lacks the columns {1}",
    "column_twice": "file {0} has the columns {1} twice",
    "earlier_than_loaded": "earlier than the last loaded date {0}",
    "gap": "no delivery from {0} to {1}",
    "bytes": "file {0} should have {1} bytes and has {2}: truncated or still arriving",
    "rows": "file {0} should have {1} rows and has {2}",
    "md5": "the check sum of {0} differs: it was damaged on the way",
    "row_drop": "table {0} fell from {1} rows to {2}",
    "balance_drop": "the total balance fell from {0} to {1} yuan",
    "branch_cycle": "branches stand above themselves: {0}",
    "killed": "the process was killed; nothing was published",
    "error": "an error ended the load; nothing was published",
    "same_point": "{0} customers are marked on this very point",
    "centre": "in the very middle of {0}: a guess of an address service",
    "outside": "outside the districts of the bank",
    "twice": "the same place marked twice",
    "beyond_time": "a day counted from it lies beyond all calendars",
}


# What the number is called by which the law knows somebody.
IDENTITY = {CustomerKind.PERSON: "Identity number", CustomerKind.FIRM: "Unified social credit code"}


def pair(head: str, said: str) -> str:
    """What is spoken of, and what is said of it."""
    return _("{0}: {1}").format(head, said)


def reason(code: str) -> str:
    """The sentence for a coded reason such as `not_a_number:amount`."""
    word, *details = code.split(":")
    text = REASONS.get(word)
    if text is None:
        return code
    return _(text).format(*(_detail(d) for d in details), *[""] * 3)


def _detail(said: str) -> str:
    return f"{int(said):,}" if said.isdecimal() else field(said)


FIELDS = {
    "code": "code", "name": "name", "parent": "parent branch", "staff_no": "staff number", "branch": "branch",
    "post": "post", "phone": "phone", "source_phone": "phone in the source", "customer_kind": "customer kind", "customer_no": "customer number",
    "kind": "customer kind", "identity_no": "identity number", "address": "address", "manager": "relationship manager",
    "loan_no": "loan number", "contract_no": "contract number", "customer": "customer", "product": "product",
    "new_customer_name": "customer name", "new_customer_phone": "customer phone", "disbursed_on": "disbursement date",
    "matures_on": "maturity date", "amount": "amount", "balance": "balance", "rate": "rate", "guarantee": "guarantee",
    "repayment": "repayment method", "class": "five-tier class", "status": "loan status", "purpose": "purpose",
    "payment": "payment mode", "agri": "agricultural", "extensions": "extensions", "overdue_days": "days past due",
    "principal": "principal in arrears", "principal_since": "principal due since", "interest": "interest in arrears",
    "interest_since": "interest due since", "guarantor_no": "guarantor number",
    # fields of rules
    "segment": "customer segment", "level": "customer level", "exposure": "customer exposure", "village": "village",
    "family": "product family", "overdue": "overdue", "term_days": "term in days", "days_to_maturity": "days to maturity",
    "days_since_disbursed": "days since disbursement", "live_loans": "live loans",
    "bucket": "arrears bucket", "bucket_month_ago": "bucket a month ago", "bucket_two_months_ago": "bucket two months ago",
    "principal_arrears": "principal in arrears", "interest_arrears": "interest in arrears",
    "interest_missed": "interest unpaid at settlement", "days_to_first_arrears": "days from disbursement to arrears",
    "late_episodes": "times late in six months", "days_since_cure": "days from cure to new arrears",
    "guarantor_overdue_days": "guarantor's days past due", "maturity_checked": "pre-maturity check done",
    "class_gap": "notches better than days suggest", "failed_calls": "failed calls",
    "failed_call_days": "days with failed calls", "wrong_contacts": "wrong contacts", "todo_days_late": "days a check is late",
    "first_check_days_late": "days the first check is late", "last_conclusion": "conclusion of the last visit",
    "late_neighbours": "late borrowers in the same village", "customers_on_phone": "customers on the same phone",
    "has_phone": "phone on file", "has_manager": "manager on file", "has_marked_address": "address marked",
    "signal_days_waiting": "days a signal waits", "branch_balance": "branch balance", "maturing_share": "share maturing next month",
    "npl_share": "NPL ratio", "gone": "left the bank", "open_todos": "open todos", "managed_customers": "customers managed",
    "late_share": "share of customers late", "longest_arrears": "longest arrears within a year, in days",
    "times_late": "times late within half a year", "worst_class": "worst five-tier class", "most_extensions": "most extensions of a loan",
    "secured_share": "share secured", "months_with_bank": "months with the bank", "worst_signal": "worst open signal",
}  # fmt: skip


def field(code: str) -> str:
    """What a field of a feed or a rule is called; anything else as it is."""
    return _(FIELDS[code]) if code in FIELDS else code
