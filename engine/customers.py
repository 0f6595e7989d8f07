"""Customers: what people may do with what they see."""

from db import customers
from db.access import Connection, Person
from engine import permits, refusals

SHORTEST_REASON = 4  # characters


def reveal(conn: Connection, by: Person, customer_id: int, field: str, why: str) -> str:
    """The full phone or identity number, for a reason that is written down."""
    permits.must(by, "customer.reveal")
    if len(why.strip()) < SHORTEST_REASON:
        raise refusals.Missing(field="reason")
    value = customers.reveal(conn, customer_id, field, why.strip())
    if value is None:
        raise refusals.NotFound
    return value


def import_inspectors(conn: Connection, named: dict[str, str]) -> int:
    """Who goes to whom, customer number to staff number, from a former system; whoever is named already stays."""
    return customers.name_inspectors(conn, named)
