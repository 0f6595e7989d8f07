"""Why this loan has a todo, and why none: each rule in force, its verdict, in words."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from db import face, loans, own_cycles, reasons
from db.access import Connection
from db.conditions import leaves
from db.reasons import LoanFacts
from db.vocab import CUSTOMER_KINDS, Anchor, CloseReason, Kind, TodoState
from engine import cycles, generate, own_rules, refusals, rule_words, words
from engine.cycles import Counting, Occurrence
from engine.generate import Book
from engine.rules import RuleInForce
from engine.words import _


@dataclass(frozen=True)
class Verdict:
    """`verdict`: asked (there is a pending todo), waiting, exempt, satisfied, overruled, no_match, past."""

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
    """`governing`: of each kind the rule that would govern the loan, had it no cycle of its own."""

    loan_no: str
    customer: str
    date: date
    live: bool
    verdicts: list[Verdict] = field(default_factory=list)
    governing: dict[Kind, RuleInForce] = field(default_factory=dict)


class Case(NamedTuple):
    """One loan on one day, with its customer's other live loans, which may govern it."""

    conn: Connection
    loan_id: int
    customer_id: int
    facts: list[LoanFacts]
    exemptions: list
    own: dict  # what loans have of their own, by loan and kind
    book: Book
    today: date

    @property
    def mine(self) -> LoanFacts:
        return next(f for f in self.facts if f.loan_id == self.loan_id)


ORDER = ("asked", "waiting", "satisfied", "exempt", "overruled", "past", "no_match")


def explain(conn: Connection, loan_no: str, today: date) -> Explanation:
    """The verdict of every rule in force on a day for one loan, the telling ones first."""
    loan = loans.get(conn, loan_no)
    if loan is None:
        raise refusals.NotFound
    about = Explanation(loan_no, loan.customer, today, loan.live)
    if loan.live:
        book = generate.book(conn, today)
        facts = reasons.facts(conn, loan.customer_id, [(r.rule.code, r.rule.who) for r in book.rules], today)
        own = {(row.loan_id, Kind(row.kind)): row for row in own_cycles.of_customer_on(conn, loan.customer_id, today)}
        case = Case(conn, loan.id, loan.customer_id, facts, reasons.exemptions_on(conn, loan.customer_id, today), own, book, today)
        about.governing.update({kind: r for kind in Kind if (r := _ruling(case, case.mine, kind))})
        about.verdicts.extend(sorted((_verdict(case, r) for r in book.rules), key=lambda v: ORDER.index(v.verdict)))
    return about


def _verdict(case: Case, r: RuleInForce) -> Verdict:
    found, row = _judge(case, r), case.own.get((case.loan_id, r.rule.kind))
    if row is None or _ruling(case, case.mine, r.rule.kind) is not r:
        return found
    return replace(found, words=_("; ").join((found.words, _of_its_own(case, r, row))))


def _of_its_own(case: Case, r: RuleInForce, row) -> str:
    wish = _wish(row)
    if (r.number, wish) not in case.book.own:
        return _("this loan's own cycle, {0}, does not count: the rule allows nothing so lax").format(rule_words.wish(wish))
    until = _("until {0}").format(row.until_on) if row.until_on else _("until somebody ends it")
    return _("this loan has its own cycle: {0}, {1}: {2}").format(rule_words.wish(wish), until, row.reason)


def _judge(case: Case, r: RuleInForce) -> Verdict:
    if todo := reasons.pending(case.conn, case.customer_id, case.loan_id, r.rule.code):
        text = _("todo {0}, due {1}: {2}").format(todo.id, todo.due_on, words.name(TodoState(todo.state)))
        return _say(r, "asked", text, todo.due_on, todo.id)
    if r.rule.code not in case.mine.matches:
        return _say(r, "no_match", _("does not apply: {0}").format(_failed(r, case.mine)))
    if _anchor(r, case.mine) is None or r.rule.kind is Kind.OVERDUE and not any(f.anchors[Anchor.OVERDUE] for f in case.facts):
        return _say(r, "no_match", _("applies, but there is nothing to count from yet"))
    if found := _exemption(case, r.rule.kind, case.loan_id):
        return _say(r, "exempt", _("exempt until {0}: {1}").format(found.until_on, found.reason))
    winner = _governing(case, r.rule.kind)
    if winner.rule.code != r.rule.code:
        return _say(r, "overruled", _("applies, but the stricter rule {0} {1} governs").format(winner.rule.code, _title(winner)))
    return _by_dates(case, winner)


def _failed(r: RuleInForce, mine: LoanFacts) -> str:
    """The comparisons because of which the condition does not hold, each with the loan's own value."""
    held = iter(mine.holds[r.rule.code, n] for n in range(len(list(leaves(r.rule.who)))))
    failed = []
    for comparison, negated in _culprits(_judged(r.rule.who, held), wanted=True):
        name = comparison["field"]
        found, value = face.FIELDS[name], mine.values[name]
        if found.kind is face.Kind.MONEY and value is not None:
            actual = rule_words.yuan(Decimal(value) / 100)
        else:
            actual = "—" if value is None else rule_words.shown(found, value)
        phrase = rule_words.leaf(comparison)
        failed.append(_("{0} (here {1})").format(_("not ({0})").format(phrase) if negated else phrase, actual))
    return _("; ").join(failed) or _("it is for nobody")


Judged = tuple[dict, bool, list]  # a condition, whether it holds, its parts


def _judged(tree: dict, held: Iterator[bool]) -> Judged:
    """The tree with every part's truth; what holds of the leaves comes from the database, left to right."""
    if "field" in tree:
        return tree, next(held), []
    parts = [_judged(part, held) for part in (tree["all"] if "all" in tree else tree["any"] if "any" in tree else [tree["not"]])]
    truths = [truth for _tree, truth, _parts in parts]
    return tree, all(truths) if "all" in tree else any(truths) if "any" in tree else not truths[0], parts


def _culprits(judged: Judged, wanted: bool) -> Iterator[tuple[dict, bool]]:
    """(comparison, is it its negation that was wanted) of all that stand in the way."""
    tree, truth, parts = judged
    if truth is wanted:
        return
    if "field" in tree:
        yield tree, not wanted
    for part in parts:
        yield from _culprits(part, (not wanted) if "not" in tree else wanted)


def _anchor(r: RuleInForce, facts: LoanFacts) -> date | None:
    anchor = r.rule.when.anchor
    return cycles.NO_ANCHOR if anchor is Anchor.CALENDAR else facts.anchors[anchor]


def _exemption(case: Case, kind: Kind, loan_id: int):
    return next((e for e in case.exemptions if kind in e.kinds and e.loan_id in (None, loan_id)), None)


def _governing(case: Case, kind: Kind) -> RuleInForce | None:
    """The strictest rule: of the loan's own for a loan's kind, of any live loan's that is not exempt for a customer's."""
    among = [f for f in case.facts if not _exemption(case, kind, f.loan_id)] if kind in CUSTOMER_KINDS else [case.mine]
    return min(filter(None, (_as_own(case, f, kind) for f in among)), key=lambda r: r.number, default=None)


def _as_own(case: Case, facts: LoanFacts, kind: Kind) -> RuleInForce | None:
    """The rule that governs a loan, as this loan has it."""
    rule, row = _ruling(case, facts, kind), case.own.get((facts.loan_id, kind))
    return case.book.own.get((rule.number, _wish(row)), rule) if rule and row else rule


def _wish(row) -> own_rules.Wish:
    return own_rules.wished(row.kind, row.every_n, row.every_unit, row.mode)


def _ruling(case: Case, facts: LoanFacts, kind: Kind) -> RuleInForce | None:
    return next((r for r in case.book.rules if r.rule.kind is kind and _counts(r, facts)), None)


def _counts(r: RuleInForce, facts: LoanFacts) -> bool:
    return r.rule.code in facts.matches and _anchor(r, facts) is not None


def _by_dates(case: Case, r: RuleInForce) -> Verdict:
    """What the rule that governs asks for now: of what is open today the first that no todo met yet, else what met it."""
    counting, when = _counting(case, r), r.rule.timing()
    open_now = cycles.occurrences(when, counting, case.today, case.book.calendar)
    found = [_met(case, r, occurrence) for occurrence in open_now]
    if unmet := next((o for o, met in zip(open_now, found, strict=True) if met is None), None):
        return _say(r, "waiting", _("due {0}; the next night makes the todo").format(unmet.due), unmet.due)
    last = max((o.due for o in open_now), default=case.today)
    coming = [due for due in cycles.upcoming(when, counting, case.today, case.book.calendar, 3) if not open_now or due > last]
    if found:
        verdict, text = found[-1]
        return _say(r, verdict, _("{0}; next due {1}").format(text, coming[0]) if coming else text, open_now[-1].due)
    if not coming:
        return _say(r, "past", _("its day has passed: counted from {0}").format(counting.anchor))
    opens = coming[0] - timedelta(days=r.rule.when.lead)
    return _say(r, "waiting", _("due {0}; the todo will be made on {1}").format(coming[0], max(opens, case.today)), coming[0])


def _counting(case: Case, r: RuleInForce) -> Counting:
    anchor = r.rule.when.anchor
    if anchor is Anchor.COMPLETION and (done := reasons.last_check(case.conn, case.customer_id, r.rule.kind, case.today)):
        return Counting(done, True, r.since)
    if r.rule.kind not in CUSTOMER_KINDS:
        return Counting(_anchor(r, case.mine), since=r.since)
    alive = [f for f in case.facts if not _exemption(case, r.rule.kind, f.loan_id)]
    among = [f for f in alive if (mine := _as_own(case, f, r.rule.kind)) and mine.number == r.number]
    return Counting(min(_anchor(r, f) for f in among), since=r.since)


def _met(case: Case, r: RuleInForce, occurrence: Occurrence) -> tuple[str, str] | None:
    """(verdict, words) when a check or a person has dealt with it; None while it is still to be asked."""
    todo = reasons.covering(case.conn, case.customer_id, case.loan_id, r.rule.kind, occurrence.period)
    if todo and todo.state == TodoState.DONE:
        return "satisfied", _("todo {0} was done on {1}").format(todo.id, todo.closed_on)
    if todo and todo.close_reason == CloseReason.BY_HAND:
        return "past", _("todo {0} was cancelled on {1}: {2}").format(todo.id, todo.closed_on, todo.close_note or "—")
    if todo and todo.state in (TodoState.OPEN, TodoState.STARTED):  # made by another rule, and started since
        return "satisfied", _("todo {0}, due {1}: {2}").format(todo.id, todo.due_on, words.name(TodoState(todo.state)))
    since = occurrence.due - timedelta(days=r.rule.satisfied_days)
    covers = r.rule.satisfied_days and r.rule.when.anchor is not Anchor.COMPLETION
    if covers and (done := reasons.heavier_check(case.conn, case.customer_id, r.rule.kind, r.rule.mode, since, case.today)):
        return "satisfied", _("due {0}, but covered by a heavier check on {1}").format(occurrence.due, done.done_on)
    return None


def _title(r: RuleInForce) -> str:
    return words.in_language(r.rule.title)


def _say(r: RuleInForce, verdict: str, text: str, due: date | None = None, todo_id: int | None = None) -> Verdict:
    return Verdict(r.rule.code, r.version, _title(r), r.rule.kind.value, verdict, text, due, todo_id)
