"""Customers: what people may do with what they see."""

from db import customers
from db.access import Connection, Person
from engine import permits, refusals


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
