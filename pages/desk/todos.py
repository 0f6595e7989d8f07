"""待办: find by anything, see why, take, assign, cancel."""

import streamlit as st

from db import access, todos
from db.vocab import CloseReason, Family, Kind, LoanClass, Mode, Role, TodoState
from engine import clock, exports, permits, words
from engine import todos as acts_on_todos
from engine.words import _
from pages.parts import acts, exporting, filters, frame, look, tables
from pages.parts.tables import Column

person = frame.person("todos.see")
today = clock.today()

STATES = {"pending": "Pending", "done": "Done", "cancelled": "Cancelled", "kept": "Not cancelled", "all": "All"}
SORTS = {"due": "Due, soonest first", "-due": "Due, latest first", "-exposure": "Largest exposure", "customer": "Customer",
         "branch": "Branch", "assignee": "Assignee", "-closed": "Closed, latest first"}  # fmt: skip
COLUMNS = [
    Column("customer", "Customer", width=190),
    Column("kind", "Kind", value=lambda r: words.name(Kind(r.kind)), width=95),
    Column("mode", "Way", value=lambda r: words.name(Mode(r.mode)), width=75),
    Column("due_on", "Due", "day"),
    Column("when", "When", "late", value=lambda r: _when(r), width=135),
    Column("exposure_fen", "Exposure", "wan", width=130),
    Column("loans", "Loans", "number", value=lambda r: len(r.loan_ids), width=60),
    Column("worst_class", "Class", "badge", LoanClass, width=85),
    Column("branch", "Branch", width=120),
    Column("assignee", "Assignee", width=85),
    Column("rule_code", "Rule", value=lambda r: f"{r.rule_code} v{r.rule_version}" if r.rule_code else _("by hand"), width=190),
]


def _when(row) -> tuple[str, bool]:
    if row.state == TodoState.CANCELLED:
        return f"{look.day(row.closed_on)} {words.name(CloseReason(row.close_reason))}", False
    if row.closed_on:
        return _("done {0}").format(look.day(row.closed_on)), row.closed_on >= row.late_from
    return look.due_words(row.due_on, row.late_from, today), row.late_from <= today


def assign() -> None:
    with acts.act(person, "todo.assign", "Assigned") as conn:
        acts_on_todos.assign(conn, person, st.session_state["chosen"], int(st.session_state["assign_to"]))


def cancel() -> None:
    with acts.act(person, "todo.cancel", "Cancelled") as conn:
        for todo_id in sorted(st.session_state["chosen"]):  # as handovers take them
            acts_on_todos.cancel(conn, person, todo_id, st.session_state["why"], today=today)


def several(rows) -> None:
    """Choose among the rows and give them to somebody, or cancel them with a reason."""
    chosen = tables.choose(rows, COLUMNS, "choose_todos", _("Todos to choose from"))
    st.session_state["chosen"] = [row.id for row in chosen]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        to = st.selectbox(_("Assign to"), list(officers), index=None, format_func=officers.get, placeholder=_("Officer"),
                          width=240, key="assign_to")  # fmt: skip
        acts.button("Assign {0} todos", assign, "do_assign", len(chosen), disabled=not (chosen and to), type="primary")
        why = st.text_input(_("Reason for cancelling"), key="why", width=260)
        acts.button("Cancel {0} todos", cancel, "do_cancel", len(chosen), disabled=not (chosen and why))


head = tables.heading("Todos")
with access.reading(person) as conn:
    officers = filters.people(conn, Role.MANAGER, Role.INSPECTOR)
    with filters.bar():
        state = filters.one_of("state", "State", STATES, "pending")
        late = filters.flag("late", "Overdue only")
        text = filters.text(placeholder="customer, loan number", width=165)
        branch_ids = filters.branch(conn, width=140)
        kind = filters.word("kind", "Kind", Kind, width=118)
        mode = filters.word("mode", "Way", Mode, width=95)
        order = filters.sort(SORTS, "due", width=155)
        with filters.more("family", "assignee", "pool", "due_from", "due_to", "closed_from", "closed_to", "rule"):
            family = filters.word("family", "Product family", Family, 300, labelled=True)
            assignee = filters.choice("assignee", "Assignee", officers, 300, labelled=True)
            nobody = filters.flag("pool", "Nobody yet")
            with st.container(horizontal=True):
                due_from = filters.day("due_from", "Due from")
                due_to = filters.day("due_to", "Due to")
            with st.container(horizontal=True):
                closed_from = filters.day("closed_from", "Closed from")
                closed_to = filters.day("closed_to", "Closed to")
            rule = filters.text("rule", "Rule", "Rule code", width=300)
    wanted = todos.Filter(
        today=today, pending=True if state == "pending" else None, kept=state == "kept", state=state if state in ("done", "cancelled") else None,
        late=late, kind=kind, mode=mode, family=family, branch_ids=branch_ids, assignee_id=int(assignee) if assignee else None,
        unassigned=nobody, due_from=due_from, due_to=due_to, closed_from=closed_from, closed_to=closed_to, rule_code=rule,
        text=text,
    )  # fmt: skip
    found = todos.listing(conn, wanted, order, *tables.span(wanted, order))

with head:
    tables.count(found, "todos", "click a row for the customer")
    st.space("stretch")
    bulk = permits.may(person, "todo.assign") and state == "pending" and st.toggle(_("Choose several"), key="bulk")
    exporting.button(person, exports.of_list("todos", wanted, order))
if not found.rows:
    tables.empty("No todos match", "Widen the filters above, or look at another state.")
elif bulk:
    several(found.rows)
elif picked := tables.show(found.rows, COLUMNS, "todos", _("Todos")):
    tables.open_customer(picked)
tables.pager(found.total)
