"""Todos: what people do with them besides discharging them by a check (engine/checks.py)."""

from datetime import date

from db import records, staff, todos
from db.access import Connection, Person
from db.vocab import Role
from engine import notices, permits, refusals


def assign(conn: Connection, by: Person, todo_ids: list[int], staff_id: int) -> int:
    """Give todos to an officer; the night leaves them there. All or none: one that is closed by now is a conflict."""
    permits.must(by, "todo.assign")
    officer = staff.person(conn, staff_id)
    if officer is None or officer.role not in (Role.MANAGER, Role.INSPECTOR):
        raise refusals.NotAnOfficer
    if todos.assign(conn, todo_ids, staff_id) != len(todo_ids):
        raise refusals.Conflict
    notices.of_todos_given(conn, staff_id, len(todo_ids), by_id=by.id)
    return len(todo_ids)


def claim(conn: Connection, by: Person, todo_id: int) -> None:
    """Take a todo from the branch's pool."""
    permits.must(by, "todo.claim")
    if todos.get(conn, todo_id) is None:
        raise refusals.NotFound
    if not todos.claim(conn, todo_id, by.id):
        raise refusals.Conflict


def cancel(conn: Connection, by: Person, todo_id: int, reason: str, *, today: date) -> None:
    permits.must(by, "todo.cancel")
    reason = permits.must_say_why(reason)
    todo = todos.get(conn, todo_id)
    if todo is None:
        raise refusals.NotFound
    records.touch(conn, [todo.customer_id])  # first, as whoever submits a check does
    if not todos.cancel(conn, todo_id, by.id, reason, today):
        raise refusals.Conflict
