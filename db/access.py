"""Who is acting: set for each transaction, read by the policies of every table.

`transaction(person)` is how pages, the API and the command line open their work. The role and the person are set
with the transaction's first statement and end with it, so a pooled connection carries nothing to its next user.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import sqlalchemy as sa

from db import settings, store
from db.vocab import SCOPE_OF, Role, Scope

Connection = sa.Connection  # for signatures above this floor


@dataclass(frozen=True)
class Person:
    """Somebody who acts: a member of staff in the role held now, or the machine."""

    id: int | None
    name: str
    role: Role
    branch_id: int | None = None
    branch_name: str = ""
    staff_no: str = ""
    session_id: int | None = None
    viewer: "Person | None" = None  # who looks as this person, and only looks
    wall: bool = False  # a screen on the wall, which shows the dashboard and nothing else

    @property
    def only_looks(self) -> bool:
        return self.viewer is not None or self.wall

    @property
    def himself(self) -> "Person":
        """Whoever sits, or signed in, before this screen."""
        return self.viewer or (replace(self, wall=False) if self.wall else self)

    @property
    def scope(self) -> Scope:
        return SCOPE_OF[self.role]


MACHINE = Person(None, "Vigil", Role.MACHINE)

_BEGIN = sa.text("""
    select set_config('role', :scope, true), set_config('vigil.staff', :staff, true),
           set_config('vigil.role', :role, true), set_config('vigil.session', :session, true),
           set_config('vigil.verb', :verb, true), set_config('vigil.today', :today, true),
           set_config('statement_timeout', :patience, true),
           set_config('idle_in_transaction_session_timeout', :patience, true)
""")
PATIENCE = "30s"  # of a person; the machine may take as long as it takes


@contextmanager
def transaction(by: Person, verb: str = "") -> Iterator[sa.Connection]:
    """One transaction in which `by` acts; commits at the end, rolls back on any exception. Who only looks cannot write."""
    with store.engine().begin() as conn:
        if by.only_looks:
            conn.exec_driver_sql("set transaction read only")
        act_as(conn, by, verb)
        yield conn


@contextmanager
def reading(by: Person) -> Iterator[sa.Connection]:
    """A transaction that cannot write."""
    with store.engine().begin() as conn:
        conn.exec_driver_sql("set transaction read only")
        act_as(conn, by)
        yield conn


@contextmanager
def gate() -> Iterator[sa.Connection]:
    """Before anybody is known: reaches accounts, sessions and sign-ins, no row of the book."""
    with store.engine().begin() as conn:
        if settings.fixed_today():
            conn.execute(sa.text("select set_config('vigil.today', :today, true)"), {"today": _today()})
        yield conn


@contextmanager
def asking(by: Person) -> Iterator[sa.Connection]:
    """For statements that somebody typed: a login of its own, which cannot become anybody else and cannot write."""
    with store.query_engine().begin() as conn:
        conn.exec_driver_sql("set transaction read only")
        act_as(conn, by)
        yield conn


def act_as(conn: sa.Connection, by: Person, verb: str = "") -> None:
    conn.execute(
        _BEGIN,
        {
            "scope": by.scope.value,
            "staff": "" if by.id is None else str(by.id),
            "role": by.role.value,
            "session": "" if by.session_id is None else str(by.session_id),
            "verb": verb,
            "today": _today(),
            "patience": "0" if by.role is Role.MACHINE else PATIENCE,
        },
    )


def set_patience(conn: sa.Connection, seconds: int) -> None:
    """How long a statement of this transaction may take from now on."""
    conn.execute(sa.text("select set_config('statement_timeout', :patience, true)"), {"patience": f"{seconds}s"})


def _today() -> str:
    """Only when the environment fixes the day; else the database's own clock says it."""
    return str(settings.fixed_today() or "")
