"""待办: find by anything, see why, take, assign, cancel."""

import streamlit as st

from db import access, staff, todos
from db.vocab import CloseReason, Family, Kind, Mode, Role, TodoState
from engine import clock, permits, words
from engine import todos as acts_on_todos
from engine.exports import Field
from engine.words import _
from pages.parts import acts, exporting, filters, frame, look, tables
from pages.parts.tables import Column

person = frame.person("todos.see")
today = clock.today()

STATES = {"pending": "Pending", "done": "Done", "cancelled": "Cancelled"}
SORTS = {"due": "Due, soonest first", "-due": "Due, latest first", "-exposure": "Largest exposure", "customer": "Customer",
         "branch": "Branch", "assignee": "Assignee", "-closed": "Closed, latest first"}  # fmt: skip
COLUMNS = [
    Column("customer", "Customer", width=190),
    Column("kind", "Kind", value=lambda r: words.name(Kind(r.kind)), width=95),
    Column("mode", "Way", value=lambda r: words.name(Mode(r.mode)), width=70),
    Column("due_on", "Due", "day"),
    Column("state", "State", "badge", TodoState, width=90),
    Column("when", "When", value=lambda r: _when(r), width=120),
    Column("exposure_fen", "Exposure", "wan"),
    Column("loans", "Loans", "number", value=lambda r: len(r.loan_ids), width=60),
    Column("branch", "Branch", width=120),
    Column("assignee", "Assignee", width=90),
    Column("rule_code", "Rule", value=lambda r: f"{r.rule_code} v{r.rule_version}" if r.rule_code else _("by hand"), width=150),
]
FIELDS = [
    Field("Customer number", lambda r: r.customer_no), Field("Customer", lambda r: r.customer),
    Field("Kind", lambda r: words.name(Kind(r.kind))), Field("Way", lambda r: words.name(Mode(r.mode))),
    Field("State", lambda r: words.name(TodoState(r.state))), Field("Due", lambda r: r.due_on, "date"),
    Field("Closed on", lambda r: r.closed_on, "date"),
    Field("Reason", lambda r: words.name(CloseReason(r.close_reason)) if r.close_reason else None),
    Field("Exposure", lambda r: look.yuan(r.exposure_fen), "money"), Field("Branch", lambda r: r.branch),
    Field("Assignee", lambda r: r.assignee), Field("Rule", lambda r: r.rule_code), Field("Made on", lambda r: r.created_on, "date"),
]  # fmt: skip


def _when(row) -> str:
    if row.state == TodoState.CANCELLED:
        return words.name(CloseReason(row.close_reason))
    if row.closed_on:
        return look.day(row.closed_on)
    return look.due_words(row.due_on, row.late_from, today)


with access.reading(person) as conn:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = filters.text(placeholder="customer, loan number")
        state = st.segmented_control(_("State"), list(STATES), default="pending", key="state", bind="query-params",
                                     format_func=lambda v: _(STATES[v]))  # fmt: skip
        branch_ids = filters.branch(conn)
        kind = filters.word("kind", "Kind", Kind, width=130)
        mode = filters.word("mode", "Way", Mode, width=110)
        late = filters.flag("late", "Overdue only")
    with st.expander(_("More filters")), st.container(horizontal=True, vertical_alignment="bottom"):
        family = filters.word("family", "Product family", Family, width=170)
        officers = {str(r.id): f"{r.name} · {r.branch}" for r in staff.colleagues(conn, roles=(Role.MANAGER, Role.INSPECTOR))}
        assignee = filters.choice("assignee", "Assignee", officers, width=220)
        nobody = filters.flag("pool", "Nobody yet")
        due_from = filters.day("due_from", "Due from")
        due_to = filters.day("due_to", "to")
        closed_from = filters.day("closed_from", "Closed from")
        closed_to = filters.day("closed_to", "to ")
        rule = st.text_input(_("Rule"), key="rule", bind="query-params", width=160)
        order = filters.sort(SORTS, "due")
    wanted = todos.Filter(
        today=today, pending=True if state == "pending" else None, state=state if state in ("done", "cancelled") else None,
        late=late, kind=kind, mode=mode, family=family, branch_ids=branch_ids, assignee_id=int(assignee) if assignee else None,
        unassigned=nobody, due_from=due_from, due_to=due_to, closed_from=closed_from, closed_to=closed_to,
        rule_code=rule.strip() or None, text=text,
    )  # fmt: skip
    found = todos.listing(conn, wanted, order, tables.PAGE_SIZE, tables.offset())

with st.container(horizontal=True, vertical_alignment="center"):
    tables.count(found, "todos")
    st.space("stretch")
    exporting.button(person, "todos", FIELDS, lambda conn: todos.export(conn, wanted, order))

may_assign = permits.may(person, "todo.assign") and state == "pending"
bulk = may_assign and st.toggle(_("Choose several"), key="bulk")
if not found.rows:
    tables.empty("No todos match", "Widen the filters above, or look at another state.")
elif bulk:
    chosen = tables.choose(found.rows, COLUMNS, "choose_todos", _("Todos to choose from"), height=560)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        to = st.selectbox(_("Assign to"), list(officers), index=None, format_func=officers.get, placeholder=_("Officer"), width=240)
        why = st.text_input(_("Reason for cancelling"), key="why", width=260)

        def assign() -> None:
            with acts.act(person, "todo.assign", "Assigned") as conn:
                acts_on_todos.assign(conn, person, [r.id for r in chosen], int(to))

        def cancel() -> None:
            with acts.act(person, "todo.cancel", "Cancelled") as conn:
                for row in chosen:
                    acts_on_todos.cancel(conn, person, row.id, st.session_state.why, today=today)

        acts.button("Assign {0} todos", assign, "do_assign", len(chosen), disabled=not (chosen and to), type="primary")
        acts.button("Cancel {0} todos", cancel, "do_cancel", len(chosen), disabled=not (chosen and why))
else:
    picked = tables.show(found.rows, COLUMNS, "todos", _("Todos"), height=560)
    if picked:
        tables.open_page("desk/customer", no=picked.customer_no)
tables.pager(found.total)
