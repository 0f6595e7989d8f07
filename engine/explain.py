"""Why this loan has a todo, and why none: each rule in force, its verdict, in words."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from db import face, loans, reasons, todos
from db.access import Connection
from db.conditions import leaves
from db.reasons import LoanFacts
from db.vocab import CUSTOMER_KINDS, Anchor, TodoState
from engine import cycles, generate, refusals, rule_words, words
from engine.cycles import Counting
from engine.generate import Book
from engine.rules import RuleInForce
from engine.words import _


@dataclass(frozen=True)
class Verdict:
    """`verdict`: asked, waiting, exempt, satisfied, overruled, no_match, past."""

    rule: str
    version: int
    title: str
    kind: str
    verdict: str
    words: str
    due: date | None = None
    todo_id: int | None = None


@dataclass(frozen=True)
class Explanation:
    loan_no: str
    customer: str
    date: date
    live: bool
    verdicts: list[Verdict] = field(default_factory=list)


def explain(conn: Connection, loan_no: str, today: date) -> Explanation:
    """The verdict of every rule in force on a day for one loan, the telling ones first."""
    loan = loans.get(conn, loan_no)
    if loan is None:
        raise refusals.NotFound
    book = generate.book(conn, today)
    about = Explanation(loan_no, loan.customer, today, loan.live)
    if not loan.live:
        return about
    facts = reasons.facts(conn, loan.customer_id, [(r.rule.code, r.rule.who) for r in book.rules], today)
    verdicts = [_verdict(conn, loan, facts, r, book, today) for r in book.rules]
    order = ("asked", "waiting", "satisfied", "exempt", "overruled", "past", "no_match")
    about.verdicts.extend(sorted(verdicts, key=lambda v: order.index(v.verdict)))
    return about


def _verdict(conn: Connection, loan, facts: list[LoanFacts], r: RuleInForce, book: Book, today: date) -> Verdict:
    mine = next(f for f in facts if f.loan_id == loan.id)
    if r.rule.code not in mine.matches:
        return _say(r, "no_match", _("does not apply: {0}").format(_failed(r, mine)))
    if mine.anchors.get(r.rule.when.anchor, today) is None:
        return _say(r, "no_match", _("applies, but there is nothing to count from yet"))
    if winner := _stricter(r, facts, mine, book):
        return _say(r, "overruled", _("applies, but the stricter rule {0} {1} governs").format(winner.rule.code, _title(winner)))
    if found := reasons.exemption(conn, loan.customer_id, loan.id, r.rule.kind, today):
        return _say(r, "exempt", _("exempt until {0}: {1}").format(found.until_on, found.reason))
    return _by_dates(conn, loan, facts, r, book, today)


def _failed(r: RuleInForce, mine: LoanFacts) -> str:
    """The comparisons that do not hold, each with the loan's own value."""
    failed = []
    for n, comparison in enumerate(leaves(r.rule.who)):
        if not mine.holds[r.rule.code, n]:
            name = comparison["field"]
            found = face.FIELDS[name]
            value = mine.values[name]
            if found.kind is face.Kind.MONEY and value is not None:
                actual = rule_words.yuan(Decimal(value) / 100)
            else:
                actual = "—" if value is None else rule_words.shown(found, value)
            failed.append(_("{0} (here {1})").format(rule_words.leaf(comparison), actual))
    return _("; ").join(failed)


def _stricter(r: RuleInForce, facts: list[LoanFacts], mine: LoanFacts, book: Book) -> RuleInForce | None:
    """The rule that governs instead: of the loan's own for a loan's kind, of any live loan's for a customer's."""
    among = facts if r.rule.kind in CUSTOMER_KINDS else [mine]
    for other in book.rules:
        if other.rule.kind is r.rule.kind and any(other.rule.code in f.matches for f in among):
            return None if other.number == r.number else other
    return None


def _by_dates(conn: Connection, loan, facts: list[LoanFacts], r: RuleInForce, book: Book, today: date) -> Verdict:
    counting = _counting(conn, loan, facts, r, today)
    when = r.rule.timing()
    for occurrence in cycles.occurrences(when, counting, today, book.calendar):
        if verdict := _asked(conn, loan, r, occurrence, today):
            return verdict
    following = cycles.upcoming(when, counting, today, book.calendar, 1)
    if not following:
        return _say(r, "past", _("its day has passed: counted from {0}").format(counting.anchor))
    opens = following[0] - timedelta(days=r.rule.when.lead)
    return _say(r, "waiting", _("due {0}; the todo will be made on {1}").format(following[0], max(opens, today)), following[0])


def _counting(conn: Connection, loan, facts: list[LoanFacts], r: RuleInForce, today: date) -> Counting:
    anchor = r.rule.when.anchor
    if anchor is Anchor.CALENDAR:
        return Counting(cycles.NO_ANCHOR, since=r.since)
    if anchor is Anchor.COMPLETION and (done := reasons.last_check(conn, loan.customer_id, r.rule.kind, today)):
        return Counting(done, True, r.since)
    among = [f for f in facts if r.rule.code in f.matches] if r.rule.kind in CUSTOMER_KINDS else [f for f in facts if f.loan_id == loan.id]
    return Counting(min(f.anchors[anchor] for f in among if f.anchors[anchor]), since=r.since)


def _asked(conn: Connection, loan, r: RuleInForce, occurrence: cycles.Occurrence, today: date) -> Verdict | None:
    since = occurrence.due - timedelta(days=r.rule.satisfied_days)
    if r.rule.satisfied_days and (done := reasons.heavier_check(conn, loan.customer_id, r.rule.kind, since, today)):
        text = _("due {0}, but covered by a heavier check on {1}").format(occurrence.due, done.done_on)
        return _say(r, "satisfied", text, occurrence.due)
    for todo in todos.of_customer(conn, loan.customer_id):
        if todo.kind == r.rule.kind and loan.id in todo.loan_ids and (todo.period == occurrence.period or todo.due_on == occurrence.due):
            text = _("todo {0}, due {1}: {2}").format(todo.id, todo.due_on, words.name(TodoState(todo.state)))
            return _say(r, "asked", text, todo.due_on, todo.id)
    return _say(r, "waiting", _("due {0}; the next night makes the todo").format(occurrence.due), occurrence.due)


def _title(r: RuleInForce) -> str:
    return words.in_language(r.rule.title)


def _say(r: RuleInForce, verdict: str, text: str, due: date | None = None, todo_id: int | None = None) -> Verdict:
    return Verdict(r.rule.code, r.version, _title(r), r.rule.kind.value, verdict, text, due, todo_id)
