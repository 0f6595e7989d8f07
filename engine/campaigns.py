"""Checks asked by hand (人工下发) and thematic inspections (专项检查): of one customer, of a filter's, or of a list's.

A campaign is a batch (engine/batches.py) whose todos it has made: each customer once, kept apart from what rules ask.
"""

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath
from uuid import UUID

from python_calamine import CalamineError, CalamineWorkbook

from db import batches, branches, definitions
from db.access import Connection, Person
from db.batches import ByHand, Whom
from db.vocab import Assign, BatchAct, BatchState, Definition, Kind, Mode, Role
from engine import batches as bulk
from engine import forms, notices, permits, refusals

KINDS = (Kind.SPECIAL, Kind.SPOT)
MAX_LINES, MAX_BYTES, LONGEST = 20_000, 4_000_000, 60


@dataclass(frozen=True)
class Campaign:
    """What is asked for. `to_id`: one officer for all, else by `assign`; `form_code` None: the form made for such checks."""

    name: str
    kind: Kind
    mode: Mode
    due_on: date
    assign: Assign = Assign.MANAGER
    to_id: int | None = None
    reason: str | None = None
    form_code: str | None = None


@dataclass(frozen=True)
class Line:
    """A line of a list that names nobody: its number in the file, what stands there, and why it does not count."""

    number: int
    text: str
    why: str


@dataclass(frozen=True)
class Listed:
    """What a list of customer or loan numbers names."""

    customer_ids: tuple[int, ...]
    loan_ids: tuple[int, ...]
    bad: tuple[Line, ...]


def read(conn: Connection, by: Person, file: str, content: bytes) -> Listed:
    """The customers and loans of an Excel or CSV list, a number a line in its first column; what names nobody is told apart."""
    permits.must(by, "todo.ask")
    lines = [(n, text) for n, text in enumerate(_first_cells(file, content), 1) if text]
    if lines and not any(c.isdigit() for c in lines[0][1]):
        del lines[0]  # what the column is called
    if not lines or len(lines) > MAX_LINES:
        raise refusals.BadList(most=MAX_LINES)
    known = {row.number: row for row in batches.numbered(conn, sorted({text for _n, text in lines}))}
    seen, bad, customer_ids, loan_ids = set(), [], set(), set()
    for n, text in lines:
        row = known.get(text)
        if why := "unknown" if row is None else "ended" if not row.live else "twice" if text in seen else None:
            bad.append(Line(n, text[:LONGEST], why))
        else:
            customer_ids.add(row.customer_id)
            loan_ids |= {row.loan_id} if row.loan_id else set()
        seen.add(text)
    return Listed(tuple(sorted(customer_ids)), tuple(sorted(loan_ids)), tuple(bad))


def _first_cells(file: str, content: bytes) -> list[str]:
    if len(content) > MAX_BYTES:
        raise refusals.BadList(most=MAX_LINES)
    try:
        if PurePath(file).suffix.lower() in (".xlsx", ".xls", ".xlsm"):
            rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python(skip_empty_area=False)
        else:
            rows = list(csv.reader(io.StringIO(_decoded(content))))
    except (CalamineError, csv.Error, UnicodeDecodeError):
        raise refusals.UnreadableList from None
    return [_text(row[0]) if row else "" for row in rows]


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def _text(cell: object) -> str:
    """As it is read in the sheet: Excel keeps long numbers as decimals."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def look(conn: Connection, by: Person, whom: Whom, campaign: Campaign, *, today: date) -> list:
    """Of each branch and officer how many customers it would ask for."""
    permits.must(by, "todo.ask")
    return batches.aimed_at(conn, _within(conn, by, whom), campaign.assign, campaign.to_id, today)


def _within(conn: Connection, by: Person, whom: Whom) -> Whom:
    """A head of a branch asks of his own branches' customers only."""
    return whom._replace(branch_ids=tuple(branches.under(conn, by.branch_id))) if by.role is Role.BRANCH_HEAD else whom


def begin(conn: Connection, by: Person, campaign: Campaign, whom: Whom, key: UUID, *, now: datetime, today: date) -> bulk.Outcome:
    """Asked once, however often it is pressed: the first answer again under the same key."""
    permits.must(by, "todo.ask")
    reason, name = permits.must_say_why(campaign.reason), campaign.name.strip()
    if not name:
        raise refusals.Missing(field="name")
    if campaign.due_on < today:
        raise refusals.NotBackInTime
    if campaign.to_id is not None:
        bulk.must_receive(conn, by, [campaign.to_id])
    form = _form(conn, campaign, today)
    batch_id = batches.begin(
        conn, act=BatchAct.ASK, branch_id=by.branch_id, name=name[:LONGEST], reason=reason, key=key, made_by=by.id, made_at=now,
        state=BatchState.DONE, wish={"due_on": campaign.due_on.isoformat(), "kind": campaign.kind, "mode": campaign.mode} | form,
    )  # fmt: skip
    if batch_id is None:
        done = batches.by_key(conn, key)
        return bulk.Outcome(done.id, BatchAct.ASK, done.n)
    check = ByHand(campaign.kind, campaign.mode, campaign.due_on, campaign.assign, campaign.to_id, campaign.form_code)
    n = batches.ask(conn, batch_id, _within(conn, by, whom), check, today)
    if not n:
        raise refusals.NobodyToCheck
    batches.note(conn, batch_id, n=n)
    for staff_id, given in batches.gone_to(conn, batch_id).items():
        if staff_id is not None:
            notices.of_todos_given(conn, staff_id, given, by_id=by.id)
    return bulk.Outcome(batch_id, BatchAct.ASK, n)


def _form(conn: Connection, campaign: Campaign, today: date) -> dict:
    """What the batch keeps of the form that was chosen."""
    if campaign.form_code is None:
        return {}
    chosen = forms.named(definitions.in_force(conn, Definition.FORM, today), campaign.form_code, campaign.mode)
    if chosen is None:
        raise refusals.NoSuchForm
    return {"form": chosen.form.code, "form_title": chosen.form.title}


def end(conn: Connection, by: Person, batch_id: int, reason: str, *, now: datetime, today: date) -> int:
    """Whatever of it is still pending is cancelled. How many."""
    permits.must(by, "todo.ask")
    reason = permits.must_say_why(reason)
    bulk.take_turn(conn)
    if not batches.pass_on(conn, batch_id, BatchState.DONE, state=BatchState.UNDONE, ended_by=by.id, ended_at=now):
        raise refusals.AlreadyDone
    cancelled = batches.cancel_rest(conn, batch_id, by.id, reason, today)
    batches.note(conn, batch_id, rows_kept=batches.get(conn, batch_id).n - cancelled)
    return cancelled
