"""A SELECT of somebody's own: read only, as the auditor, and never for long."""

from db import access, adhoc
from db.access import Person
from db.vocab import Role
from engine import refusals

AUDITOR = Person(None, "query", Role.AUDITOR)


def as_auditor(statement: str) -> tuple[list[list], list[str]]:
    """(rows, column names); what the database says no to is said in its own words."""
    with access.asking(AUDITOR) as conn:
        try:
            return adhoc.select(conn, statement)
        except adhoc.Refused as no:
            raise refusals.BadQuery(problem=str(no)) from None
