"""The inspection file (检查档案): of a loan, a customer or a branch, everything that was due, done, found and changed, on paper.

Nobody keeps it: it is made from the store when it is asked for, by whoever asks, of what he may see. That it was made, of
whom, and the digest of what it said stand in the trail.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from db import audit, branches, customers, files, loans
from db.access import Connection, Person
from db.files import Span
from db.vocab import (
    CallResult,
    CloseReason,
    Conclusion,
    Finding,
    Guarantee,
    Kind,
    Level,
    LoanClass,
    LoanStatus,
    Mode,
    Opinion,
    Outcome,
    Segment,
    SignalState,
    TodoState,
)
from engine import forms, permits, presence, refusals, sentences, signals, visits, words, writing
from engine.forms import Form, Item, Type
from engine.papers import gathering, paper, press
from engine.papers.gathering import Case, Material
from engine.papers.paper import AMBER, RED, Block, Cell, Paper
from engine.words import _
from engine.writing import day, exact, moment

PERMIT, OF_A_BRANCH = "file.make", "file.branch"
CUSTOMERS_A_PART = 60  # of a branch's file: some hundred pages, a few MB, and seconds to set


@dataclass(frozen=True)
class File:
    """A paper that is ready to be handed out."""

    name: str
    pdf: bytes
    digest: str


def of_loan(conn: Connection, by: Person, loan_no: str, span: Span, *, now: datetime, today: date) -> File:
    """One loan's file: its todos, checks, signals and trail, within its customer's."""
    permits.must(by, PERMIT)
    loan = loans.get(conn, loan_no)
    if loan is None:
        raise refusals.NotFound
    material = gathering.gather(conn, [loan.customer_id], span, loan.id)
    said = Paper(_("Inspection file"), f"{loan.loan_no} · {loan.customer}", [(_("Loan"), loan.loan_no), *_whose(material.cases[0])])
    return _one(conn, by, said, material, span, loan.customer_id, now, today)


def of_customer(conn: Connection, by: Person, customer_no: str, span: Span, *, now: datetime, today: date) -> File:
    """One customer's file, over all loans."""
    permits.must(by, PERMIT)
    customer = customers.by_number(conn, customer_no)
    if customer is None:
        raise refusals.NotFound
    material = gathering.gather(conn, [customer.id], span)
    said = Paper(_("Inspection file"), f"{customer.customer_no} · {customer.name}", _whose(material.cases[0]))
    return _one(conn, by, said, material, span, customer.id, now, today)


def parts_of_branch(conn: Connection, by: Person, branch_id: int, span: Span) -> list[list[int]]:
    """The customers of a branch and those under it who had work in the span, as many together as one paper takes."""
    permits.must(by, OF_A_BRANCH)
    ids = files.customers_with_work(conn, branches.under(conn, branch_id), span)
    if not ids:
        raise refusals.NothingToPrint
    return [ids[at : at + CUSTOMERS_A_PART] for at in range(0, len(ids), CUSTOMERS_A_PART)]


def part_of_branch(
    conn: Connection,
    by: Person,
    branch_id: int,
    ids: Sequence[int],
    part: tuple[int, int],
    span: Span,
    *,
    now: datetime,
    today: date,
) -> File:
    """One volume: `part` is its number and how many there are."""
    permits.must(by, OF_A_BRANCH)
    branch = branches.names(conn)[branch_id]
    material = gathering.gather(conn, ids, span)
    said = Paper(_("Inspection file"), _("{0} · volume {1} of {2}").format(branch, *part), [(_("Branch"), branch)])
    said.cover += [(_("Period"), _span(span)), (_("Customers"), f"{len(material.cases):,}")]
    said.summary = [paper.heading(_("Summary")), _counts(material.cases, today)]
    said.blocks = [*_contents(material, today), *_rules(material)]
    for case in material.cases:
        said.blocks += [paper.BREAK, paper.heading(f"{case.customer.customer_no} {case.customer.name}"), paper.facts(_whose(case))]
        said.blocks += _chapters(case, material, today, level=2)
    return _printed(conn, by, said, f"{branch}-{part[0]:02}", None, now)


def _one(
    conn: Connection, by: Person, said: Paper, material: Material, span: Span, customer_id: int, now: datetime, today: date
) -> File:
    said.cover.append((_("Period"), _span(span)))
    said.summary = [paper.heading(_("Summary")), _counts(material.cases, today)]
    said.blocks = [*_rules(material), *_chapters(material.cases[0], material, today, level=1)]
    return _printed(conn, by, said, said.subtitle.split(" · ")[0], customer_id, now)


def _printed(conn: Connection, by: Person, said: Paper, of: str, customer_id: int | None, now: datetime) -> File:
    pdf = press.pdf(said, by, now, visits.in_little)
    digest = said.digest()
    audit.note(conn, "paper", "papers", customer_id, {"paper": "Inspection file", "of": said.subtitle, "digest": digest})
    return File(f"{_('Inspection file')}-{_file_name(of)}-{now:%Y%m%d}.pdf", pdf, digest)


def _file_name(text: str) -> str:
    """Letters, digits and dashes, whatever a branch or a loan is called."""
    return "".join(c for c in text if c.isalnum() or c in "-_")[:60]


def _span(span: Span) -> str:
    if span.since is None and span.until is None:
        return _("from the beginning until today")
    return _("{0} to {1}").format(day(span.since), day(span.until))


# --- Summary ----------------------------------------------------------------------------------------------------------


def tally(todos: Sequence, today: date) -> dict[str, int]:
    """Of what was due: due, on_time (done within grace), late (done later), open, overdue (open past grace)."""
    due = [t for t in todos if t.state != TodoState.CANCELLED]
    done = [t for t in due if t.state == TodoState.DONE]
    on_time = sum(t.closed_on < t.late_from for t in done)
    pending = [t for t in due if t.closed_on is None]
    return {"due": len(due), "on_time": on_time, "late": len(done) - on_time, "open": len(pending),
            "overdue": sum(t.late_from <= today for t in pending)}  # fmt: skip


def _counts(cases: Sequence[Case], today: date) -> Block:
    n = tally([t for case in cases for t in case.todos], today)
    made = [r for case in cases for r in case.records]
    visited = [r for r in made if r.mode == Mode.FIELD]
    warned = [s for case in cases for s in case.signals]
    return paper.facts([
        (_("Checks due"), f"{n['due']:,}"), (_("Done on time"), _part(n["on_time"], n["due"])), (_("Done late"), _warn(n["late"], n["due"])),
        (_("Still open"), f"{n['open']:,}"), (_("Open and overdue"), _warn(n["overdue"], n["due"])),
        (_("Checks made"), f"{len(made):,}"), (_("Field visits"), f"{len(visited):,}"),
        (_("On site, of those with a position to compare"), _part(sum(r.on_site is True for r in visited), sum(r.on_site is not None for r in visited))),
        (_("Conclusions other than normal"), f"{sum(r.conclusion != Conclusion.NORMAL for r in made):,}"),
        (_("Warning signals"), f"{len(warned):,}"), (_("Warning signals still open"), f"{sum(s.closed_on is None for s in warned):,}"),
    ])  # fmt: skip


def _part(n: int, of: int) -> str:
    return f"{n:,} · {writing.percent(n, of)}" if of else f"{n:,}"


def _warn(n: int, of: int) -> Cell:
    return paper.coloured(f"▲ {_part(n, of)}", RED) if n else "0"


def _contents(material: Material, today: date) -> list[Block]:
    head = [
        _("Customer"),
        _("Number"),
        _("Checks due"),
        _("Done on time"),
        _("Done late"),
        _("Overdue"),
        _("Checks made"),
        _("Signals"),
    ]
    rows = []
    for case in material.cases:
        n = tally(case.todos, today)
        numbers = (n["due"], n["on_time"], n["late"], n["overdue"], len(case.records), len(case.signals))
        rows.append([case.customer.name, case.customer.customer_no, *(f"{x:,}" for x in numbers)])
    return [paper.heading(_("Customers in this volume")), paper.table(head, [4, 2.4, 1, 1, 1, 1, 1, 1], rows, right=range(2, 8))]


def _rules(material: Material) -> list[Block]:
    said = [gathering.todo_rule(row) for row in material.todo_rules]
    warned = [gathering.signal_rule(row) for row in material.signal_rules]
    blocks = [paper.heading(_("Rules in force then"))]
    blocks += [paper.lines(said)] if said else [paper.note(_("No rule asked for a check in these days."))]
    return blocks + ([paper.heading(_("Signal rules that fired"), 2), paper.lines(warned)] if warned else [])


# --- One customer ------------------------------------------------------------------------------------------------------


def _whose(case: Case) -> list[tuple[str, Cell | None]]:
    c = case.customer
    return [
        (_("Customer"), c.name), (_("Customer number"), c.customer_no), (_("Segment"), words.name(Segment(c.segment)) if c.segment else None),
        (_(words.IDENTITY[c.kind]), c.identity_masked), (_("Phone"), c.phone_masked), (_("Address"), c.address), (_("Branch"), c.branch),
        (_("Relationship manager"), c.manager), (_("Inspector"), c.inspector), (_("Exposure"), exact(c.exposure_fen) if c.exposure_fen else None),
    ]  # fmt: skip


def _chapters(case: Case, material: Material, today: date, level: int) -> Iterator[Block]:
    chapters: list[tuple[str, str, list[Block]]] = [
        (_("Loans"), _("No loans."), _loans(case, today)),
        (_("What was due"), _("Nothing was due in these days."), _todos(case, today)),
        (_("Checks"), _("No checks were made in these days."), [b for r in case.records for b in _record(r, material, level + 1)]),
        (_("Warning signals"), _("No signals in these days."), _signals(case, material)),
        (_("Trail"), _("Nothing was changed in these days."), _trail(case, material)),
    ]
    for title, nothing, blocks in chapters:
        yield paper.heading(title, level)
        yield from blocks or [paper.note(nothing)]


def _loans(case: Case, today: date) -> list[Block]:
    head = [
        _("Loan number"),
        _("Product"),
        _("Paid out"),
        _("Matures"),
        _("Amount"),
        _("Balance"),
        _("Guarantee"),
        _("Class"),
        _("Status"),
    ]
    rows = [[
        x.loan_no, x.product, day(x.disbursed_on), day(x.matures_on), exact(x.amount_fen), exact(x.balance_fen),
        words.name(Guarantee(x.guarantee)) if x.guarantee else "—", words.name(LoanClass(x._mapping["class"])), _status(x, today),
    ] for x in case.loans]  # fmt: skip
    return [paper.table(head, [2.4, 2, 1.5, 1.5, 2.1, 2.1, 1, 1, 1.5], rows, right=(4, 5))] if rows else []


def _status(loan, today: date) -> Cell:
    if loan.overdue_since is None:
        return words.name(LoanStatus(loan.status))
    return paper.coloured(f"▲ {_('overdue {0} days').format(max(0, (today - loan.overdue_since).days))}", RED)


def _todos(case: Case, today: date) -> list[Block]:
    head = [_("Kind"), _("Way"), _("Due"), _("Closed"), _("How it ended"), _("Whose"), _("Rule")]
    rows = [[
        words.name(Kind(t.kind)), words.name(Mode(t.mode)), day(t.due_on), day(t.closed_on), _ended(t, today), t.assignee or _("nobody yet"),
        f"{t.rule_code} v{t.rule_version}" if t.rule_code else _("by hand"),
    ] for t in case.todos]  # fmt: skip
    return [paper.table(head, [1.6, 1.2, 1.3, 1.3, 2.6, 1.2, 1.6], rows)] if rows else []


def _ended(todo, today: date) -> Cell:
    """Done in time, so many days late, still open, or cancelled and why."""
    if todo.state == TodoState.CANCELLED:
        reason = words.name(CloseReason(todo.close_reason))
        return words.pair(words.name(TodoState.CANCELLED), " · ".join(filter(None, (reason, todo.close_note))))
    late = ((todo.closed_on or today) - todo.late_from).days + 1
    if todo.closed_on is not None:
        return paper.coloured(f"▲ {_('done, {0} days late').format(late)}", AMBER) if late > 0 else _("done on time")
    return paper.coloured(f"▲ {_('open, {0} days overdue').format(late)}", RED) if late > 0 else _("open")


# --- One check ---------------------------------------------------------------------------------------------------------


def _record(record, material: Material, level: int) -> Iterator[Block]:
    yield paper.heading(
        _("{0} · {1} {2} · record {3}").format(
            moment(record.finished_at), words.name(Kind(record.kind)), words.name(Mode(record.mode)), record.id
        ),
        level,
    )
    yield paper.facts(_facts(record))
    yield from _answers(material.forms.get((record.form_code, record.form_version)), record.answers)
    if record.calls:
        yield paper.lines([_call(call) for call in record.calls])
    if record.presence:
        yield paper.lines([_reason(reason) for reason in record.presence])
    if taken := material.photos.get(record.id):
        yield paper.photos([(bytes(photo.sha256).hex(), _taken(photo)) for photo in taken])


def _facts(r) -> list[tuple[str, Cell | None]]:
    conclusion = words.name(Conclusion(r.conclusion))
    return [
        (_("Conclusion"), conclusion if r.conclusion == Conclusion.NORMAL else paper.coloured(f"▲ {conclusion}", AMBER)),
        (_("Outcome"), words.name(Outcome(r.outcome))), (_("Officer"), r.staff), (_("Branch"), r.branch),
        (_("Began"), moment(r.started_at) if r.started_at else None), (_("Sent later from the phone"), _("yes, {0}").format(moment(r.received_at)) if r.offline else None),
        (_("Presence"), _presence(r)), (_("The officer's reason"), r.away_because),
        (_("Proposed class"), words.name(LoanClass(r.proposed_class)) if r.proposed_class else None),
        (_("Months to the next check"), str(r.proposed_months) if r.proposed_months else None), (_("Remark"), r.note),
        (_("Review of presence"), _review(r)), (_("Opinion"), _opinion(r)),
    ]  # fmt: skip


def _presence(r) -> Cell | None:
    """Letter, meaning and distance; what speaks against it is marked."""
    if r.grade is None:
        return None
    away = "" if r.distance_m is None else f" · {_('{0:,} m from the mark').format(round(r.distance_m))}"
    said = f"{r.grade} · {_(presence.MEANING[r.grade])}{away}"
    return paper.coloured(f"▲ {said}", RED if r.grade == "D" else AMBER) if r.grade in "CD" else said


def _review(r) -> str | None:
    if r.review is None:
        return None
    first = f"{words.name(Finding(r.finding))} · {r.reviewer or ''} {r.finding_words or ''}" if r.finding else _("Awaiting review")
    appeal = words.pair(_("appeal"), r.appeal) if r.appeal else ""
    last = f"{words.name(Finding(r.last_finding))} · {r.settler or ''} {r.last_words or ''}" if r.last_finding else ""
    return _("; ").join(part.strip() for part in (first, appeal, last) if part)


def _opinion(r) -> str | None:
    return f"{words.name(Opinion(r.opinion))} · {r.judge or ''} {r.opinion_words or ''}".strip() if r.opinion else None


def _reason(reason: dict) -> Cell:
    said = reason["words"]
    said = words.in_language(said) if isinstance(said, dict) else said
    verdict = presence.Verdict(reason["verdict"])
    text = words.pair(_(presence.SAYS[verdict]), said)
    return (
        paper.coloured(f"▲ {text}", RED if verdict is presence.Verdict.FAIL else AMBER)
        if verdict in (presence.Verdict.FAIL, presence.Verdict.DOUBT)
        else text
    )


def _call(call: dict) -> str:
    lasted = f" · {_('{0} seconds').format(call['seconds'])}" if call.get("seconds") else ""
    verified = f" · {_('identity verified by {0} questions').format(len(call['identity']))}" if call.get("identity") else ""
    return f"{_('Call')} {moment(datetime.fromisoformat(call['at']))} · {words.name(CallResult(call['result']))}{lasted}{verified}"


def _taken(photo) -> str:
    where = "" if photo.lat is None else f" · {photo.lat:.4f}, {photo.lon:.4f}"
    return f"{moment(photo.taken_at or photo.received_at)}{where}"


def _answers(form: Form | None, answers: dict) -> Iterator[Block]:
    """By the form's own sections and titles, as it was then."""
    said = answers.get("words") or {}
    given = {code: value for code, value in answers.items() if code != "words"}
    if form is None:
        yield from [paper.facts(list(forms.without_form(given).items()))] if given else []
        return
    for section in form.sections:
        items = [item for item in section.fields if item.code in given]
        plain = [
            (words.in_language(i.title), _answer(i, given[i.code], said.get(i.code))) for i in items if i.type is not Type.TABLE
        ]
        if items:
            yield paper.heading(words.in_language(section.title), 3)
        if plain:
            yield paper.facts(plain)
        for item in items:
            if item.type is Type.TABLE and given[item.code]:
                yield _table(item, given[item.code])


def _answer(item: Item, value: object, remark: str | None) -> Cell:
    shown = forms.shown(item, value) + (f" · {remark}" if remark else "")
    return paper.coloured(f"▲ {shown}", AMBER) if forms.abnormal(item, value) else shown


def _table(item: Item, rows: list[dict]) -> Block:
    head = [words.in_language(column.title) for column in item.columns]
    return paper.table(
        head, [1] * len(head), [[forms.shown(column, row.get(column.code)) for column in item.columns] for row in rows]
    )


# --- Signals and trail -------------------------------------------------------------------------------------------------


def _signals(case: Case, material: Material) -> list[Block]:
    head = [_("Since"), _("Level"), _("Signal"), _("Evidence"), _("State"), _("Handling")]
    rows = [[day(s.first_on), words.name(Level(s.level)), gathering.title_of(material, s), signals.evidence(s.evidence),
             words.name(SignalState(s.state)), _handled(s)] for s in case.signals]  # fmt: skip
    return [paper.table(head, [1.3, 0.7, 2, 2.4, 0.9, 3.4], rows)] if rows else []


def _handled(s) -> str:
    said = [f"{moment(s.taken_at)} {_('taken by {0}').format(s.taker or '—')}"] if s.taken_at else []
    measures = _(", ").join(_(m) for m in s.measures or [])
    said += [f"{moment(s.answered_at)} {s.answerer or ''} {measures} {s.answer or ''}".strip()] if s.answered_at else []
    said += (
        [f"{day(s.closed_on)} {s.closer or words.name(SignalState(s.state))} {s.close_note or ''}".strip()] if s.closed_on else []
    )
    return _("; ").join(said) or "—"


def _trail(case: Case, material: Material) -> list[Block]:
    said = [f"{moment(row.at)} {writing.unmarked(sentences.sentence(row, material.names))}" for row in case.trail]
    return [paper.lines(said)] if said else []
