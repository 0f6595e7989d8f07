"""Checks asked by hand: a thematic inspection from a filter or a list, how far each is, and a check of one customer."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import streamlit as st

from db import access, batches, branches, definitions, loans
from db.access import Person
from db.batches import Whom
from db.vocab import Assign, BatchAct, BatchState, Definition, Family, Kind, LoanClass, Mode
from engine import acts as engine_acts
from engine import campaigns, clock, forms, permits, words
from engine.campaigns import Campaign
from engine.refusals import Refusal
from engine.words import _
from pages.parts import acts, background, bulk, customer_filter, filters, look, tables
from pages.parts.tables import Column

FROM = ("filter", "customers", "list")
SOURCES = {"filter": "Loans by filter", "customers": "Customers by filter", "list": "A list of numbers"}
PROBLEMS = {
    "unknown": "no such customer or loan, or not yours to see",
    "ended": "nothing is lent any more",
    "twice": "stands in the list already",
}
LAST, USUAL = timedelta(days=400), timedelta(days=14)
ONE = "one"


# --- A new one --------------------------------------------------------------------------------------------------------


def new(person: Person) -> None:
    asked = st.query_params.get("from") in FROM
    with st.expander(_("New thematic inspection"), icon=":material/add:", expanded=asked, key="new_campaign"):
        campaign = _asked(person, "campaign")
        whom = _whom(person)
        if whom is not None and campaign is not None:
            _preview(person, campaign, whom)


def _asked(person: Person, key: str, named: bool = True) -> Campaign | None:
    """What is asked for; None while the name or the day is missing."""
    today = clock.today()
    with access.reading(person) as conn:
        officers, rows = bulk.receivers(person, conn), definitions.in_force(conn, Definition.FORM, today)
    policies = {
        Assign.MANAGER: _("Relationship manager"),
        Assign.INSPECTOR: _("Named inspector"),
        Assign.POOL: _("The branch's pool"),
    }
    choices = {**{str(one.value): text for one, text in policies.items()}, **officers}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = (
            st.text_input(_("Name of the inspection"), key=f"{key}_name", max_chars=campaigns.LONGEST, width=230)
            if named
            else words.name(Kind.SPOT)
        )
        kind = st.selectbox(
            _("Kind"), campaigns.KINDS, key=f"{key}_kind", format_func=words.name, width=130, index=0 if named else 1
        )
        mode = st.selectbox(_("Way"), list(Mode), key=f"{key}_mode", format_func=words.name, width=110)
        due = st.date_input(
            _("Due"), today + USUAL, min_value=today, max_value=today + LAST, format="YYYY-MM-DD", key=f"{key}_due", width=140
        )
        titles = {form.code: words.in_language(form.title) for form in forms.for_mode(rows, mode)}
        form = st.selectbox(_("Form"), list(titles), index=None, key=f"{key}_form_{mode}", format_func=titles.get,
                            placeholder=_("The usual one"), width=210)  # fmt: skip
        who = st.selectbox(_("Done by"), list(choices), key=f"{key}_who", format_func=choices.get, width=210)
        why = st.text_input(_("Reason"), key=f"{key}_why", max_chars=200, width=260)
    if not name.strip() or due is None:
        st.caption(_("Give it a name by which everybody knows it."))
        return None
    by_policy = who in list(Assign)
    return Campaign(name, kind, mode, due, Assign(who) if by_policy else Assign.MANAGER, None if by_policy else int(who), why, form)


def _whom(person: Person) -> Whom | None:
    source = filters.one_of("from", "Whom", SOURCES, FROM[0])
    if source == "customers":
        with access.reading(person) as conn, filters.bar("campaign_customers"):
            return Whom(customers=customer_filter.rarer(conn, customer_filter.fields(conn, clock.today()), former=False))
    return _from_filter(person) if source == "filter" else _from_list(person)


def _from_filter(person: Person) -> Whom:
    with access.reading(person) as conn:
        rows = branches.all_open(conn)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            branch = st.selectbox(_("Branch"), [b.id for b in rows], index=None, key="campaign_branch", placeholder=_("All"),
                                  format_func={b.id: b.name for b in rows}.get, width=180)  # fmt: skip
            family = _one_of(_("Product family"), Family, "campaign_family", 180)
            tier = _one_of(_("Class"), LoanClass, "campaign_class", 130)
            overdue = st.toggle(_("In arrears only"), key="campaign_overdue")
            text = st.text_input(
                _("Search"), key="campaign_text", max_chars=filters.LONGEST, placeholder=_("name, number"), width=180
            )
        under = tuple(branches.under(conn, branch)) if branch else None
    return Whom(
        loans.Filter(
            clock.today(), family=family, loan_class=tier, overdue=overdue, branch_ids=under, text=look.typed(text) or None
        )
    )


def _one_of(label: str, words_of: type[Family] | type[LoanClass], key: str, width: int) -> Family | LoanClass | None:
    """One, or None for all."""
    return st.selectbox(
        label, list(words_of), index=None, key=key, format_func=words.name, placeholder=_("All"), width=width
    )  # fmt: skip


def _from_list(person: Person) -> Whom | None:
    st.caption(_("Excel or CSV, one number of a customer or a loan a line, in the first column."))
    file = st.file_uploader(_("List"), ["xlsx", "xls", "csv", "txt"], key="campaign_file", label_visibility="collapsed")
    if file is None:
        return None
    try:
        with access.reading(person) as conn:
            found = campaigns.read(conn, person, file.name, file.getvalue())
    except Refusal as no:
        st.error(look.plain(no.sentence(_)), icon=":material/block:")
        return None
    if found.bad:
        st.warning(_("{0:,} lines name nobody; the others count.").format(len(found.bad)), icon=":material/rule:")
        tables.look_at(found.bad, [
            Column("number", "Line", "number", width=70), Column("text", "What stands there", width=260),
            Column("why", "Why", value=lambda x: _(PROBLEMS[x.why]), width=300),
        ], "bad_lines", _("Lines that name nobody"), tallest=8)  # fmt: skip
    return Whom(customer_ids=found.customer_ids, loan_ids=found.loan_ids) if found.customer_ids else None


def _preview(person: Person, campaign: Campaign, whom: Whom) -> None:
    with access.reading(person) as conn:
        aimed = campaigns.look(conn, person, whom, campaign, today=clock.today())
    n = sum(row.n for row in aimed)
    st.markdown("**" + _("{0:,} customers").format(n) + "**")
    tables.look_at(aimed, [
        Column("branch", "Branch", width=160), Column("officer", "Assignee", value=lambda x: x.officer or _("Nobody yet"), width=140),
        Column("n", "Customers", "number", width=100),
    ], "campaign_aimed", _("Whom it asks"), tallest=8)  # fmt: skip
    st.session_state["campaign.wish"] = (campaign, whom, n)
    st.session_state.setdefault("campaign.key", uuid4())
    acts.button("Ask for {0:,} checks", lambda: _begin(person), "do_campaign", n, type="primary", disabled=not n)
    if n:
        st.caption(_("Give a reason of at least four characters; it stays with the todos."))


def _begin(person: Person) -> None:
    """Beside the page: a whole branch's customers take some seconds."""
    campaign, whom, _n = st.session_state["campaign.wish"]
    if not acts.has_reason("campaign_why"):
        return
    campaign = replace(campaign, reason=acts.typed("campaign_why"))
    key, now, today = st.session_state.pop("campaign.key"), clock.now(), clock.today()

    def do(_say):
        with engine_acts.act(person, "todo.ask") as conn:
            return campaigns.begin(conn, person, campaign, whom, key, now=now, today=today)

    background.start("campaign", do)
    for name in ("campaign_name", "campaign_why"):
        st.session_state.pop(name, None)


def watch() -> bool:
    return background.watch("campaign", _("At work on the todos …"), lambda done: _("Asked for {0:,} checks").format(done.n))


# --- How far they are -------------------------------------------------------------------------------------------------

CAMPAIGNS = [
    Column("name", "Name of the inspection", width=220),
    Column("kind", "Kind", value=lambda x: words.name(Kind(x.wish["kind"])), width=100),
    Column("mode", "Way", value=lambda x: words.name(Mode(x.wish["mode"])), width=80),
    Column("form", "Form", value=lambda x: _form(x.wish), width=150),
    Column("due", "Due", value=lambda x: x.wish["due_on"], width=105),
    Column("n", "Customers", "number", width=90),
    Column("state", "State", value=lambda x: _("Ended early") if x.state == BatchState.UNDONE else _("Under way"), width=100),
    Column("maker", "By whom", width=90),
    Column("branch", "Branch", width=130),
    Column("reason", "Reason", width=220),
]


def _form(wish: dict) -> str:
    return words.in_language(wish["form_title"]) if "form_title" in wish else _("The usual one")


FAR = [
    Column("branch", "Branch", width=160), Column("asked", "Customers", "number", width=90), Column("done", "Done", "number", width=80),
    Column("open", "Open", "number", width=80), Column("late", "Overdue", "late_number", value=lambda x: (f"{x.late:,}", x.late > 0), width=80),
    Column("cancelled", "Cancelled", "number", width=80),
]  # fmt: skip


def so_far(person: Person) -> None:
    with access.reading(person) as conn:
        rows = batches.listing(conn, BatchAct.ASK)
    if not rows:
        tables.empty(
            "No thematic inspection yet", "Begin one above: from a filter of loans or customers, or from a list of numbers."
        )
    elif picked := tables.show(rows, CAMPAIGNS, "campaigns", _("Thematic inspections")):
        _one(person, picked)


@st.dialog(_("Thematic inspection"), width="large", on_dismiss=acts.leave)
def _one(person: Person, row) -> None:
    acts.in_dialog()
    with access.reading(person) as conn:
        far = batches.progress(conn, row.id, clock.today())
    asked, done, pending = (sum(getattr(x, name) for x in far) for name in ("asked", "done", "open"))
    st.markdown(
        f"**{look.plain(row.name)}** · "
        + _("{0:,} of {1:,} done").format(done, asked)
        + f" · {words.name(Mode(row.wish['mode']))} · {look.plain(_form(row.wish))}"
    )
    st.progress(done / asked if asked else 0.0)
    tables.look_at(far, FAR, "campaign_far", _("How far each branch is"), tallest=10)
    st.page_link(
        "pages/desk/todos.py",
        label=_("See these todos"),
        icon=":material/checklist:",
        query_params={"batch": str(row.id), "state": "all"},
    )
    if pending and row.state == BatchState.DONE and permits.may(person, "todo.ask"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input(_("Reason"), key="end_why", max_chars=200, width=280)
            acts.button(
                "Cancel the {0:,} that are open", lambda: _end(person, row.id), "end_campaign", pending, icon=":material/cancel:"
            )


def _end(person: Person, batch_id: int) -> None:
    with acts.act(person, "todo.ask") as conn:
        n = campaigns.end(conn, person, batch_id, st.session_state.get("end_why", ""), now=clock.now(), today=clock.today())
        acts.tell(_("Cancelled: {0:,} todos").format(n), "done")


# --- One customer -----------------------------------------------------------------------------------------------------


def of_one(person: Person, customer_id: int) -> None:
    """On the customer's page: a check that no rule asks for."""
    if not permits.may(person, "todo.ask"):
        return
    with st.popover(_("Ask for a check"), icon=":material/add_task:", key="ask_one", on_change="rerun") as folded:
        if folded.open:  # all forms and all colleagues are read for it: a fifth of what the page takes
            _one(person, customer_id)


def _one(person: Person, customer_id: int) -> None:
    campaign = _asked(person, ONE, named=False)
    st.session_state["one.wish"] = (campaign, Whom(customer_ids=(customer_id,)))
    st.session_state.setdefault("one.key", uuid4())
    acts.button("Ask for the check", lambda: _ask_one(person), "do_ask_one", type="primary", disabled=campaign is None)


def _ask_one(person: Person) -> None:
    campaign, whom = st.session_state["one.wish"]
    campaign = replace(campaign, reason=acts.typed("one_why"))
    with acts.act(person, "todo.ask", "Asked for; the todo is there") as conn:
        campaigns.begin(conn, person, campaign, whom, st.session_state["one.key"], now=clock.now(), today=clock.today())
        st.session_state.pop("one.key", None)
        st.session_state["one_why"] = ""  # one that is dropped stays written in the browser, and would go along with the next
