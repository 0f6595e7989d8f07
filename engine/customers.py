"""Customers: what people may do with what they see."""

from datetime import date

from db import customers, definitions, generation, records, staff
from db.access import Connection, Person
from db.vocab import Assign, Definition, Role
from engine import permits, refusals

TO_CALL = "phone check"  # why a number was looked at that a check's form dials


def reveal(conn: Connection, by: Person, customer_id: int, field: str, why: str) -> str:
    """The full phone or identity number, for a reason that is written down."""
    permits.must(by, "customer.reveal")
    why = permits.must_say_why(why)
    value = customers.reveal(conn, customer_id, field, why)
    if value is None:
        raise refusals.NotFound
    return value


def import_inspectors(conn: Connection, named: dict[str, str]) -> int:
    """Who goes to whom, customer number to staff number, from a former system; whoever is named already stays."""
    return customers.name_inspectors(conn, named)


def name_inspector(conn: Connection, by: Person, customer_ids: list[int], staff_id: int, *, today: date) -> int:
    """Who goes to these customers from now on; todos of theirs that nobody has started go along. How many todos that were."""
    permits.must(by, "inspector.name")
    seen = [customers.get(conn, customer_id) for customer_id in customer_ids]
    if not seen or None in seen:
        raise refusals.NotFound
    if staff_id not in {one.id for one in staff.inspectors_for(conn, {customer.branch_id for customer in seen})}:
        raise refusals.NotHisInspector
    if customers.name_inspector(conn, customer_ids, staff_id, own=by.role is Role.MANAGER) != len(customer_ids):
        raise refusals.NotYourCustomer
    rules = definitions.in_force(conn, Definition.TODO_RULE, today)
    followed = [rule.code for rule in rules if rule.body.get("assign") == Assign.INSPECTOR]
    moved = generation.follow_inspector(conn, customer_ids, followed, today)
    records.touch(conn, customer_ids)
    return moved
