"""Somebody does something: one transaction, and a refusal is kept in the trail."""

from collections.abc import Iterator
from contextlib import contextmanager

from db import access, audit
from db.access import Connection, Person
from engine.refusals import Refusal


@contextmanager
def act(by: Person, verb: str) -> Iterator[Connection]:
    """What pages, the API and commands open for a verb. A refusal undoes everything but its own line in the trail."""
    try:
        with access.transaction(by, verb) as conn:
            yield conn
    except Refusal as no:
        with access.transaction(by.himself, verb) as conn:
            audit.note(conn, "refused", verb, None, {"verb": verb, "why": type(no).__name__})
        raise
