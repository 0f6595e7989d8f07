"""待办: find by anything, act on many at once, see what was done and what waits for a second person."""

import streamlit as st

from db import access, todos
from db.access import Connection
from db.vocab import CloseReason, Family, Kind, LoanClass, Mode, Role, TodoState
from engine import clock, exports, permits, words
from engine.words import _
from pages.parts import bulk, campaigns, dossier, exporting, filters, frame, look, tables
from pages.parts.tables import Column

person = frame.person("todos.see")
today = clock.today()

VIEWS = {"list": "Todos", "campaigns": "Thematic inspections", "batches": "Done in bulk", "waiting": "Awaiting approval"}
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
    Column(
        "rule_code",
        "Rule",
        value=lambda r: f"{r.rule_code} v{r.rule_version}" if r.rule_code else dossier.by_hand(r.form_code),
        width=190,
    ),
]


def _when(row) -> tuple[str, bool]:
    if row.state == TodoState.CANCELLED:
        return f"{look.day(row.closed_on)} {words.name(CloseReason(row.close_reason))}", False
    if row.closed_on:
        return _("done {0}").format(look.day(row.closed_on)), row.closed_on >= row.late_from
    words_of_day = look.due_words(row.due_on, row.late_from, today)
    return words_of_day + (_(" · moved") if row.ruled_on else ""), row.late_from <= today


def listed() -> None:
    """The list under its filters; for heads with a box in front of each row."""
    with access.reading(person) as conn:
        state, wanted, order = _wanted(conn)
        found = todos.listing(conn, wanted, order, *tables.span(wanted, order))
    with head:
        can = bulk.may(person) and state not in ("all", "kept")
        ticking = can and st.session_state.get("bulk")
        tables.count(found, "todos", "tick rows, then act below" if ticking else "click a row for the customer")
        st.space("stretch")
        several = can and st.toggle(_("Choose several"), key="bulk")
        exporting.button(person, exports.of_list("todos", wanted, order))
    if not found.rows:
        tables.empty("No todos match", "Widen the filters above, or look at another state.")
    elif several:
        with access.reading(person) as conn:
            receivers = bulk.receivers(person, conn)
        bulk.panel(person, found, wanted, state != "pending", COLUMNS, receivers)
    elif picked := tables.show(found.rows, COLUMNS, "todos", _("Todos")):
        tables.open_customer(picked)
    tables.pager(found.total)


def _wanted(conn: Connection) -> tuple[str, todos.Filter, str]:
    """By the line of filters: the state, all of them, and the order."""
    officers = filters.people(conn, Role.MANAGER, Role.INSPECTOR)
    with filters.bar():
        state = filters.always("state", "State", {code: _(title) for code, title in STATES.items()}, "pending", width=110)
        late = filters.flag("late", "Overdue only")
        text = filters.text(placeholder="customer, loan number", width=150)
        branch_ids = filters.branch(conn, width=140)
        kind = filters.word("kind", "Kind", Kind, width=112)
        mode = filters.word("mode", "Way", Mode, width=95)
        order = filters.sort(SORTS, "due", width=155)
        with filters.more("family", "assignee", "pool", "due_from", "due_to", "closed_from", "closed_to", "rule"):
            rarer = _rarer(officers)
    wanted = todos.Filter(
        today=today, pending=True if state == "pending" else None, kept=state == "kept", state=state if state in ("done", "cancelled") else None,
        late=late, kind=kind, mode=mode, branch_ids=branch_ids, text=text, batch_id=_batch_asked_for(), **rarer,
    )  # fmt: skip
    return state, wanted, order


def _rarer(officers: dict[str, str]) -> dict[str, object]:
    """What the folded filters say, by the fields of a todos.Filter."""
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
    return {
        "family": family, "assignee_id": int(assignee) if assignee else None, "unassigned": nobody, "due_from": due_from, "due_to": due_to,
        "closed_from": closed_from, "closed_to": closed_to, "rule_code": rule,
    }  # fmt: skip


def _batch_asked_for() -> int | None:
    """Of which batch, when a link says so; and the way back to all."""
    number = st.query_params.get("batch", "")
    if not tables.is_number(number) or not permits.may(person, "batches.see"):
        return None
    st.page_link(
        "pages/desk/todos.py", label=_("Only the todos of batch {0}; show all").format(number), icon=":material/filter_alt_off:"
    )
    return int(number)


head = tables.heading("Todos")
working = bulk.watch() or campaigns.watch()
if permits.may(person, "batches.see"):
    with access.reading(person) as conn:
        asked = bulk.waiting(conn)
    with head:
        shown = filters.one_of("view", "View", VIEWS, "list")
        if asked:
            st.caption(_("{0} await approval").format(len(asked)), width="content")
else:
    asked, shown = [], "list"
if working:
    st.stop()
if shown == "batches":
    bulk.so_far(person)
elif shown == "waiting":
    bulk.to_decide(person, asked)
elif shown == "campaigns":
    if permits.may(person, "todo.ask"):
        campaigns.new(person)
    campaigns.so_far(person)
else:
    listed()
