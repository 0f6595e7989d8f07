"""What an inspection file is made of, read for many customers at once and sorted by whose it is."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from db import files
from db.access import Connection
from db.files import Span
from db.vocab import Definition
from engine import forms, refusals, rule_words, rules, sentences, signal_rules, words
from engine.forms import Form
from engine.words import _


@dataclass
class Case:
    """One customer with all that happened in the span."""

    customer: object
    loans: list = field(default_factory=list)
    todos: list = field(default_factory=list)
    records: list = field(default_factory=list)
    signals: list = field(default_factory=list)
    trail: list = field(default_factory=list)


@dataclass
class Material:
    """The cases of one paper, and what they have in common."""

    cases: list[Case]
    photos: dict[int, list]
    forms: dict[tuple[str, int], Form]
    todo_rules: list
    signal_rules: list
    names: sentences.Names


def gather(conn: Connection, ids: Sequence[int], span: Span, of_loan: int | None = None) -> Material:
    """`of_loan`: only what concerns this loan of the customer."""
    cases = {customer.id: Case(customer) for customer in files.customers_of(conn, ids)}
    loans, photos = files.loans_of(conn, ids), defaultdict(list)
    _put(cases, "loans", loans, lambda row: of_loan in (None, row.id))
    _put(cases, "todos", files.todos_of(conn, ids, span), lambda row: of_loan is None or of_loan in row.loan_ids)
    _put(cases, "records", files.records_of(conn, ids, span), lambda row: of_loan is None or of_loan in row.loan_ids)
    _put(cases, "signals", files.signals_of(conn, ids, span), lambda row: of_loan is None or _concerns(row, of_loan))
    _put(
        cases,
        "trail",
        files.trail_of(conn, ids, span),
        lambda row: of_loan is None or row.noun != "loans" or row.row_id == str(of_loan),
    )
    for photo in files.photos_of(conn, ids, span):
        photos[photo.record_id].append(photo)
    todo_versions = {(t.rule_code, t.rule_version) for case in cases.values() for t in case.todos if t.rule_code}
    signal_versions = {(s.rule_code, s.rule_version) for case in cases.values() for s in case.signals}
    return Material(
        list(cases.values()), photos, _forms(conn, cases.values()), _versions(conn, Definition.TODO_RULE, todo_versions),
        _versions(conn, Definition.SIGNAL_RULE, signal_versions), sentences.names(conn, loans),
    )  # fmt: skip


def _put(cases: dict[int, Case], name: str, rows: Sequence, wanted: Callable[[object], bool]) -> None:
    for row in rows:
        if row.customer_id in cases and wanted(row):
            getattr(cases[row.customer_id], name).append(row)


def _concerns(signal, loan_id: int) -> bool:
    return signal.subject_kind != "loan" or signal.subject_id == loan_id


def _versions(conn: Connection, family: Definition, versions: set[tuple[str, int]]) -> list:
    return files.versions_of(conn, family, sorted(versions)) if versions else []


def _forms(conn: Connection, cases) -> dict[tuple[str, int], Form]:
    """Each record's form as it was then."""
    used = {(r.form_code, r.form_version) for case in cases for r in case.records if r.form_code}
    found = {}
    for row in _versions(conn, Definition.FORM, used):
        try:
            found[row.code, row.version] = forms.parse(row.body)
        except refusals.BadForm:  # of an older Vigil: the answers are shown by their codes
            continue
    return found


def todo_rule(row) -> str:
    """A version of a todo rule as one line: since when, signed by whom, and what it asks."""
    try:
        rule = rules.parse(row.body)
        said = f"{words.in_language(rule.title)} — {rule_words.rule(rule)}"
    except refusals.BadRule as wrong:
        said = wrong.sentence(_)
    return f"{row.code} v{row.version} · {_signed(row)} · {said}"


def signal_rule(row) -> str:
    """The same of a signal rule, with each of its levels."""
    try:
        rule = signal_rules.parse(row.body)
        steps = [words.pair(words.name(step.level), signal_rules.words_of(step.who, rule.subject)) for step in rule.levels]
        said = f"{words.in_language(rule.title)} — {_('; ').join(steps)}"
    except refusals.BadRule as wrong:
        said = wrong.sentence(_)
    return f"{row.code} v{row.version} · {_signed(row)} · {said}"


def _signed(row) -> str:
    since = _("in force from {0}").format(row.valid_from)
    if not row.maker:
        return f"{since}, {_('shipped with Vigil')}"
    return f"{since}, {_('made by {0}, approved by {1}').format(row.maker, row.checker or '—')}"


def title_of(material: Material, signal) -> str:
    """What a signal's rule was called in the version that fired."""
    row = next((r for r in material.signal_rules if (r.code, r.version) == (signal.rule_code, signal.rule_version)), None)
    title = (row.body.get("title") if row else None) or {}
    return f"{signal.rule_code} {words.in_language(title)}" if title else signal.rule_code
