"""机构: the tree of branches with who and what is where; one branch with its people; changes beside the feeds."""

from collections.abc import Iterator
from types import SimpleNamespace

import streamlit as st

from db import access, branches, requests, staff
from db.vocab import Approval, BranchAct, Request, Role
from engine import book_counts, clock, permits, restructuring, words
from engine import branches as verbs
from engine.words import _
from pages.parts import acts, counts, decisions, dossier, filters, frame, look, tables
from pages.parts.tables import Column

person = frame.person("people.see")
today = clock.today()
sees_book = permits.may(person, "customers.see")
may_change = permits.may(person, "branch.change")
may_restructure = permits.may(person, "branch.restructure")
INDENT = "\u2003"

COLUMNS = [
    Column("branch", "Branch", value=lambda b: INDENT * b.depth + b.name, width=190),
    Column("code", "Code", width=90),
    Column("heads", "Branch head", value=lambda b: _(", ").join(b.heads or ()), width=110),
    Column("officers", "In the field", "number", width=80),
    Column("staff", "All staff", "number", width=75),
]
WORK = [
    Column("customers", "Customers", "number", width=75),
    Column("loans", "Loans", "number", width=75),
    Column("balance_fen", "Balance", "wan", width=115),
    Column("open", "Open todos", "number", width=85),
    Column("late", "Late todos", "late_number", value=lambda b: (f"{b.late:,}" if b.late else "", b.late > 0), width=85),
]
WORKED = [column.name for column in WORK]
STATE = Column("state", "State", value=lambda b: state_of(b), width=170)
PEOPLE = [
    Column("staff_no", "Staff number", width=100),
    Column("name", "Name", width=100),
    Column("post", "Post", width=130),
    Column("role", "Role", value=lambda r: words.name(Role(r.role)) if r.role else None, width=150),
]


def read() -> dict[str, SimpleNamespace]:
    """Every branch by code, in the order of the tree, with its depth in it; with what is open there for who sees the book."""
    with access.reading(person) as conn:
        rows = branches.overview(conn)
    work = {row.id: row for row in counts.of(person, book_counts.work_of_branches(today)).figures} if sees_book else {}
    below: dict[int | None, list[SimpleNamespace]] = {}
    for row in rows:
        counted = {name: getattr(work[row.id], name) for name in WORKED} if work else {}
        below.setdefault(row.parent_id, []).append(SimpleNamespace(**row._mapping, **counted))
    return {b.code: b for b in in_order(below, None, 0)}


def in_order(below: dict[int | None, list[SimpleNamespace]], parent_id: int | None, depth: int) -> Iterator[SimpleNamespace]:
    for b in below.get(parent_id, ()):
        b.depth = depth
        yield b
        yield from in_order(below, b.id, depth + 1)


def state_of(b) -> str | None:
    if b.merged_into:
        return _("merged into {0} on {1}").format(b.merged_into, look.day(b.closed_on))
    if b.closed_on is None:
        return None
    return (_("closed on {0}") if is_closed(b) else _("closes on {0}")).format(look.day(b.closed_on))


def is_closed(b) -> bool:
    return not b.is_open


# --- The tree ---------------------------------------------------------------------------------------------------------


def tree(every: dict[str, SimpleNamespace]) -> None:
    head = tables.heading("Branches")
    with filters.bar():
        text = filters.text(placeholder="code or name")
        closed = filters.flag("closed", "Closed ones too")
        if may_change:
            st.space("stretch")
            add(every)
    shown = [b for b in every.values() if (closed or not is_closed(b)) and (not text or text in b.name or b.code.startswith(text))]
    here = tables.part(shown)
    with head:
        tables.count(here, "branches", "click a row for its people")
    if not shown:
        tables.empty("No branch matches", "Widen the filters above. Branches come with the nightly feeds, or are added here.")
    elif picked := tables.show(
        here.rows, COLUMNS + (WORK if sees_book else []) + ([STATE] if closed else []), "branches", _("Branches")
    ):
        tables.open_page("setup/branches", code=picked.code)
    st.caption(_("Figures of a branch count those of the branches below it."))
    tables.pager(here.total)


def add(every: dict[str, SimpleNamespace]) -> None:
    with st.popover(_("Add a branch"), icon=":material/add:", key="new_branch"), acts.form("new_branch"):
        st.text_input(_("Code"), key="new_code", max_chars=20, help=_("As the feeds will write it"))
        st.text_input(_("Name of the branch"), key="new_name", max_chars=verbs.LONGEST_NAME)
        choose_open(every, "Parent branch", "new_parent")
        st.caption(_("What is said here stays when the feeds come to know the branch."))
        acts.submit("Add", do_add, "do_add", type="primary")


def choose_open(every: dict[str, SimpleNamespace], label: str, key: str, but: str = "") -> str | None:
    """The code of an open branch."""
    names = {b.code: f"{INDENT * b.depth}{b.name}" for b in every.values() if not is_closed(b) and b.code != but}
    return st.selectbox(_(label), list(names), None, format_func=names.get, key=key, placeholder=_("Choose"))


def do_add() -> None:
    typed = st.session_state
    with acts.act(person, "branch.change", "Added") as conn:
        verbs.add(conn, person, typed.new_code, typed.new_name, typed.new_parent)


# --- One branch -------------------------------------------------------------------------------------------------------


def one(b, every: dict[str, SimpleNamespace]) -> None:
    st.page_link("pages/setup/branches.py", label=_("To all branches"), icon=":material/arrow_back:")
    head = tables.heading(b.name)
    if state_of(b):
        with head:
            st.markdown(f":gray-badge[:material/block: {look.plain(state_of(b))}]", width="content")
    with access.reading(person) as conn:
        people = staff.colleagues(conn, [b.id])
        asked = requests.about(conn, Request.BRANCH, b.id) if sees_book else []
        held = branches.holdings(conn, b.id) if sees_book else {}
    left, right = st.columns(2)
    with left:
        facts(b, every)
        if sees_book:
            figures(b)
    with right:
        below(b, every)
        if may_change and not is_closed(b):
            change(b)
        if sees_book and b.parent_id:
            restructure(b, every, asked, held)
    members(people)


def facts(b, every: dict[str, SimpleNamespace]) -> None:
    above = next((p.name for p in every.values() if p.id == b.parent_id), None)
    with st.container(border=True):
        dossier.facts({
            "Code": b.code, "Parent branch": above, "Branch head": _(", ").join(b.heads or ()) or _("none"), "In the field": b.officers,
            "All staff": b.staff, "Comes from": _("the feeds") if b.in_feed else _("by hand; no feed hands it down"),
        })  # fmt: skip
        if b.in_feed and b.kept:
            st.caption(_("Name or place were decided here; the feeds leave them alone."))


def figures(b) -> None:
    """Of it and those below, each with the way to its rows."""
    late = f"{b.late:,}" if not b.late else f":red[:material/schedule: {b.late:,}]"
    lines = {
        "customers": (_("Customers"), f"{b.customers:,}", {}),
        "loans": (_("Loans"), f"{b.loans:,} · {look.money(b.balance_fen)}", {}),
        "todos": (_("Open todos"), f"{b.open:,}", {"state": "pending"}),
    }
    with st.container(border=True, gap="xsmall", key="figures"):
        for page, (label, value, query) in lines.items():
            link(page, f"{label} **{value}**", {"branch": b.code} | query)
        link("todos", f"{_('Late todos')} **{late}**", {"branch": b.code, "state": "late"})


def link(page: str, label: str, query: dict[str, str]) -> None:
    st.page_link(f"pages/desk/{page}.py", label=label, icon=":material/arrow_forward:", query_params=query)


def below(b, every: dict[str, SimpleNamespace]) -> None:
    outlets = [o for o in every.values() if o.parent_id == b.id and not is_closed(o)]
    with st.container(border=True, gap="xsmall", key="below"):
        st.markdown(f"**{_('Branches below')}**")
        for o in outlets:
            st.page_link("pages/setup/branches.py", label=f"{look.plain(o.name)} :gray[{o.code}]", query_params={"code": o.code})
        if not outlets:
            st.caption(_("None."))


def members(people: list) -> None:
    with st.container(border=True):
        st.markdown(f"**{_('People of this branch')}**")
        if not people:
            st.caption(_("Nobody works here. People come with the nightly feeds, or are added on the page of people."))
        elif picked := tables.show(people, PEOPLE, "members", _("People of this branch"), tallest=12):
            tables.open_page("setup/people", id=picked.id)


def change(b) -> None:
    with st.container(border=True, key="change", horizontal=True):
        with st.popover(_("Rename"), icon=":material/edit:"):
            st.text_input(_("Name of the branch"), b.name, key="renamed", max_chars=verbs.LONGEST_NAME)
            acts.button("Save", lambda: rename(b), "do_rename", type="primary")
        if b.in_feed and b.kept:
            acts.button("Follow the feeds again", lambda: follow(b.code), "follow", icon=":material/sync:",
                        help=_("Name and place are as the next feed says them."))  # fmt: skip


def restructure(b, every: dict[str, SimpleNamespace], asked: list, held: dict[str, int]) -> None:
    """What waits for a second person, what was decided, and for who may to ask for more."""
    with st.container(border=True, key="restructure"):
        st.markdown(f"**{words.name(Request.BRANCH)}**")
        waiting = [r for r in asked if r.state == Approval.SUBMITTED]
        decisions.queue(person, waiting, deciding=may_restructure)
        for r in asked:
            if r.state != Approval.SUBMITTED:
                st.markdown(decided(r))
                if r.state == Approval.APPROVED and "holds" in r.after:
                    st.caption(decisions.holdings(r.after["holds"]))
        if may_restructure and not waiting:
            wish(b, every, held)
        elif not asked:
            st.caption(_("None."))


def decided(r) -> str:
    to = f" → {look.plain(r.after['to_name'])}" if "to_name" in r.after else ""
    said = f"（{look.plain(r.note)}）" if r.note else ""
    decider = f" → {look.plain(r.decider)}{said}" if r.decider else ""
    return (
        f":small[{look.badge(Approval(r.state))} {words.name(BranchAct(r.after['act']))}{to} · {look.plain(r.asker)}{decider} · "
        f"{look.moment(r.decided_at or r.asked_at)} · :gray[{look.plain(r.reason)}]]"
    )


def wish(b, every: dict[str, SimpleNamespace], held: dict[str, int]) -> None:
    """What it would become, with what goes along counted, and why."""
    can = [BranchAct.PART] if b.merged_into else [] if is_closed(b) else [BranchAct.MOVE, BranchAct.MERGE, BranchAct.CLOSE]
    if not can:
        return
    with st.popover(_("Restructure"), icon=":material/account_tree:", key="wish"):
        act = st.selectbox(_("What becomes of it"), can, None, format_func=words.name, key="act", placeholder=_("Choose"))
        to = choose_open(every, "Which branch", "to", but=b.code) if act in (BranchAct.MOVE, BranchAct.MERGE) else None
        on = None
        if act is BranchAct.CLOSE:
            on = st.date_input(_("First day on which it is closed"), today, min_value=today, key="on", format="YYYY-MM-DD")
        told(act, held)
        acts.reason("branch_why")
        acts.button("Submit for approval", lambda: ask(b.code, act, to, on), "do_restructure", type="primary", disabled=act is None)


def told(act: BranchAct | None, held: dict[str, int]) -> None:
    """What it does, before it is sent."""
    if act is not None:
        st.caption(_(EFFECTS[act]))
    if act in (BranchAct.MERGE, BranchAct.CLOSE):
        st.info(decisions.holdings(held), icon=":material/move_down:")


EFFECTS = {
    BranchAct.MOVE: "The heads above it see it from then on, those above it now no longer do.",
    BranchAct.CLOSE: "Only a branch on which nothing hangs is closed; else merge it.",
    BranchAct.MERGE: "All this goes along at once. Its history hangs below the successor, the feeds' rows under its code go there, its head needs another role.",
    BranchAct.PART: "What went along and is there still goes back. Heads get their role anew.",
}


def ask(code: str, act: BranchAct, to: str | None, on) -> None:
    with acts.act(person, "branch.restructure", "Submitted: a second person decides") as conn:
        restructuring.ask(conn, person, code, act, acts.typed("branch_why"), now=clock.now(), to=to, on=on)


def rename(b) -> None:
    name = acts.typed("renamed")
    if name == b.name:
        acts.tell(_("That is its name already."), "error")
        return
    with acts.act(person, "branch.change", "Renamed") as conn:
        verbs.rename(conn, person, b.code, name)


def follow(code: str) -> None:
    with acts.act(person, "branch.change", "The next feed says it again") as conn:
        verbs.follow_feed(conn, person, code)


every = read()
asked = st.query_params.get("code", "")
if not asked:
    tree(every)
elif asked in every:
    one(every[asked], every)
else:
    tables.empty("No such branch", "Find the branch in the tree.")
    st.page_link("pages/setup/branches.py", label=_("To all branches"), icon=":material/arrow_back:")
