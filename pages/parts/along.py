"""The officer's day as his phone takes it along: what he sees, and can begin, where there is no network."""

from datetime import date

from db.vocab import Kind, Mode
from engine import words
from engine.addresses import ways
from pages.parts import look, visit_form

MOST = 40  # customers; more than anybody visits in a day, and each form is fetched once a morning


def take(staff_id: int, title: str, todos: list, marks: dict, today: date) -> None:
    """`todos` in the order of the day; `marks`: where each customer's place is."""
    by_customer: dict[int, list] = {}
    for todo in todos:
        by_customer.setdefault(todo.customer_id, []).append(todo)
    customers = [_customer(work, marks, today) for work in by_customer.values()]
    visit_form.take_along(staff_id, {"title": title, "customers": customers[:MOST]}, words.language.get())


def _customer(work: list, marks: dict, today: date) -> dict:
    first = work[0]
    mark = marks.get(first.customer_id)
    return {
        "no": first.customer_no, "name": first.customer, "facts": " · ".join(facts(work, today)), "todos": [_todo(t, today) for t in work],
        "links": ways(mark.lat, mark.lon, first.customer) if mark else None,
    }  # fmt: skip


def facts(work: list, today: date) -> list[str]:
    """What matters of a customer before one sets out."""
    first = work[0]
    told = [
        words._("exposure {0}").format(look.money(first.exposure_fen)),
        words._("{0} loans").format(len({loan for t in work for loan in t.loan_ids})),
    ]
    if first.overdue_since:
        told.append(words._("overdue {0} days").format(look.overdue_days(first.overdue_since, today)))
    return [*told, first.village] if first.village else told


def _todo(t, today: date) -> dict:
    told = (words.name(Kind(t.kind)), words.name(Mode(t.mode)), look.due_words(t.due_on, t.late_from, today))
    return {"ask": {"todo": t.id}, "title": " · ".join(told), "late": t.late_from <= today}
