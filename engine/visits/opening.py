"""The form of a check, with everything the phone needs to go on without a network."""

from datetime import date, datetime
from uuid import uuid4

from db import addresses, customers, definitions, drafts, loans, records, staff, todos
from db.access import Connection, Person
from db.vocab import MODE_WEIGHT, Conclusion, Definition, Kind, LoanClass, Mode
from engine import calls, checks, forms, parameters, permits, refusals
from engine.addresses import ways as navigation
from engine.visits import shared


def open_todo(conn: Connection, by: Person, todo_id: int, mode: Mode | None = None, *, now: datetime) -> dict:
    """The form for a todo, with what is known; a phone check may be done by a visit, never the other way round.

    Phones open the forms of a day ahead, to have them where there is no network: a todo is started by its first draft.
    """
    permits.must(by, "check.submit")
    todo = todos.get(conn, todo_id)
    if todo is None:
        raise refusals.NotFound
    wanted = mode or Mode(todo.mode)
    if MODE_WEIGHT[wanted] < MODE_WEIGHT[Mode(todo.mode)]:
        raise refusals.TooLight
    return _open(conn, by, todo.customer_id, Kind(todo.kind), wanted, f"{wanted}:todo-{todo_id}", todo, now)


def open_customer(conn: Connection, by: Person, customer_id: int, mode: Mode = Mode.FIELD, *, now: datetime) -> dict:
    """An unscheduled check."""
    permits.must(by, "check.submit")
    return _open(conn, by, customer_id, Kind.SPOT, mode, f"{mode}:spot", None, now)


def _open(conn, by: Person, customer_id: int, kind: Kind, mode: Mode, form_key: str, todo, now: datetime) -> dict:
    customer = customers.get(conn, customer_id)
    if customer is None:
        raise refusals.NotFound
    book = [loan for loan in loans.of_customer(conn, customer_id) if loan.live]
    same = _same_work(conn, customer_id, kind, mode, todo)
    draft = drafts.of_form(conn, by.id, customer_id, form_key)
    if draft is None:
        chosen = _choose(conn, kind, mode, customer, book, todo, shared.day(now))
        drafts.begin(conn, {
            "staff_id": by.id, "customer_id": customer_id, "form_key": form_key, "submit_key": uuid4(),
            "form_code": chosen.form.code, "form_version": chosen.version, "kind": kind, "mode": mode, "todo_ids": same,
            "branch_id": customer.branch_id, "loan_ids": [loan.id for loan in book], "place": _place(conn, customer_id),
        })  # fmt: skip
        draft = drafts.of_form(conn, by.id, customer_id, form_key)
    else:
        if list(draft.todo_ids) != same:
            drafts.name_todos(conn, draft.submit_key, same)
        if draft.counter == 0 and (place := _place(conn, customer_id)) != draft.place:
            drafts.lies_at(conn, draft.submit_key, place)  # marked, or moved, since the form was taken along
            draft = drafts.of_form(conn, by.id, customer_id, form_key)
    return _opened(conn, draft, customer, book, now)


def _same_work(conn: Connection, customer_id: int, kind: Kind, mode: Mode, todo) -> list[int]:
    """All of the customer's todos of this kind that a check of this way discharges, one visit over all loans; of those with a form
    of their own the ones with the same."""
    pending = [t for t in todos.of_customer(conn, customer_id) if t.closed_on is None and MODE_WEIGHT[t.mode] <= MODE_WEIGHT[mode]]
    wanted = todo.form_code if todo else None
    return sorted({t.id for t in pending if t.kind == kind and t.form_code == wanted} | ({todo.id} if todo else set()))


def _choose(conn: Connection, kind: Kind, mode: Mode, customer, book: list, todo, today: date) -> forms.Chosen:
    """The form that was chosen with the todo, if it still is one for a check of this way, else the one made for such a check."""
    rows = definitions.current(conn, Definition.FORM, today)
    chosen = forms.named(rows, todo.form_code, mode) if todo and todo.form_code else None
    chosen = chosen or forms.choose(rows, kind, mode, customer.segment, customer.main_family, _product(book, todo))
    if chosen is None:
        raise refusals.NoForm
    return chosen


def _product(book: list, todo) -> str | None:
    """The product that a check is about: of the todo's loans, else of all, the largest that is live."""
    listed = set(todo.loan_ids) if todo else set()
    about = [loan for loan in book if loan.id in listed] or book
    return about[0].product_code if about else None


def _place(conn: Connection, customer_id: int) -> dict | None:
    """The marked address to be near to."""
    there = addresses.going_to(conn, [customer_id]).get(customer_id)
    return {"lat": there.lat, "lon": there.lon, "radius_m": there.radius_m, "words": there.place} if there else None


def _opened(conn: Connection, draft, customer, book: list, now: datetime) -> dict:
    """Everything the phone needs, so that it can go on without the network."""
    form, body = shared.form_of(conn, draft)
    last = records.last_filled_in(conn, draft.customer_id, draft.mode)
    answers = last.answers if last else {}
    return {
        "key": str(draft.submit_key), "counter": draft.counter, "content": draft.content, "form": body, "version": draft.form_version,
        "kind": draft.kind, "mode": draft.mode, "todos": _work(conn, draft), "place": draft.place,
        "links": navigation(draft.place["lat"], draft.place["lon"], customer.name) if draft.place else None,
        "customer": _customer(customer, book, shared.day(now)), "last": _last(last),
        "begin": _beginning(form, answers, customer, book), "uploads": [shared.progress(u) for u in drafts.uploads_of(conn, draft.submit_key)],
        "calls": _calls(conn, draft, now), "proposals": _proposals(conn, customer, shared.day(now)), "now": now.isoformat(),
        "begun_by": staff.row(conn, draft.begun_by).name if draft.begun_by else None,
    }  # fmt: skip


def _work(conn: Connection, draft) -> list[dict]:
    """The open todos of the customer; `here`: discharged by this form."""
    return [
        {"id": t.id, "kind": t.kind, "mode": t.mode, "due_on": t.due_on.isoformat(), "late_from": t.late_from.isoformat(), "here": t.id in draft.todo_ids}
        for t in todos.of_customer(conn, draft.customer_id) if t.closed_on is None
    ]  # fmt: skip


def _customer(customer, book: list, today: date) -> dict:
    return {
        "id": customer.id, "no": customer.customer_no, "name": customer.name, "phone": customer.phone_masked, "address": customer.address,
        "exposure": (customer.exposure_fen or 0) / 100, "class": customer.worst_class,
        "overdue_days": (today - customer.overdue_since).days if customer.overdue_since else 0,
        "loans": [
            {"no": x.loan_no, "product": x.product, "balance": x.balance_fen / 100, "matures_on": x.matures_on.isoformat(), "purpose": x.purpose}
            for x in book
        ],
    }  # fmt: skip


def _last(last) -> dict | None:
    return {"on": last.done_on.isoformat(), "conclusion": last.conclusion, "answers": last.answers} if last else None


def _beginning(form: forms.Form, last: dict, customer, book: list) -> dict:
    """What fields begin with: the last check's answers, what the book knows, a row for each loan."""
    facts = {
        "address": customer.address, "exposure": (customer.exposure_fen or 0) / 100, "live_loans": len(book),
        "matures_on": min((x.matures_on.isoformat() for x in book), default=None),
        "purpose": next((x.purpose for x in book if x.purpose), None),
    }  # fmt: skip
    begun = {}
    for item in form.items():
        if item.rows:
            begun[item.code] = [_row(item, x) for x in book][:60]
        elif item.fact and facts[item.fact] is not None:
            begun[item.code] = facts[item.fact]
        elif item.last and last.get(item.code) is not None and not forms.misfit(item, last[item.code]):
            begun[item.code] = last[item.code]
    return begun


def _row(item: forms.Item, loan) -> dict:
    known = {"day": loan.disbursed_on if item.rows == "draws" else loan.matures_on, "purpose": loan.purpose,
             "amount": (loan.amount_fen if item.rows == "draws" else loan.balance_fen) / 100}  # fmt: skip
    row = {column.code: column.normal for column in item.columns if column.normal is not None}
    given = {code: value.isoformat() if isinstance(value, date) else value for code, value in known.items() if value is not None}
    return row | {code: value for code, value in given.items() if code in {column.code for column in item.columns}}


def _calls(conn: Connection, draft, now: datetime) -> dict:
    limits = parameters.values(conn, shared.day(now))
    return {
        "collection": calls.is_collection(Kind(draft.kind), Mode(draft.mode)), "from": int(limits["calls.from_hour"]),
        "until": int(limits["calls.until_hour"]), "most": int(limits["calls.a_day"]), "needed": calls.IDENTITY_NEEDED,
        "today": records.effective_calls(conn, draft.customer_id, Kind.OVERDUE, shared.day(now)),
    }  # fmt: skip


WORSE = {Conclusion.ATTENTION: (3, LoanClass.SPECIAL_MENTION), Conclusion.RISK: (1, LoanClass.SUBSTANDARD)}


def _proposals(conn: Connection, customer, today: date) -> dict:
    """For each conclusion: months to the next check, the class if that is worse than today's, the signal it raises."""
    order = list(LoanClass)
    now = order.index(LoanClass(customer.worst_class)) if customer.worst_class else 0
    return {
        c: {"months": months, "class": worse if order.index(worse) > now else None, "level": checks.warns(conn, c, today)}
        for c, (months, worse) in WORSE.items()
    }
