"""Acts on many todos of the list: choose, look at what it would do, do it; what was done, and taking it back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import streamlit as st

from db import access, batches, branches, requests, staff
from db.access import Connection, Person
from db.todos import Filter
from db.vocab import BatchAct, BatchState, Kind, Request, Role
from engine import acts as engine_acts
from engine import batches as bulk
from engine import clock, handover, permits, words
from engine.refusals import Refusal
from engine.words import _
from pages.parts import acts, background, decisions, look, tables
from pages.parts.tables import Column

TICKED, ALL = "ticked", "all"
WHICH = {TICKED: "Ticked: {0:,}", ALL: "All that match: {0}"}
OF_PENDING = (BatchAct.ASSIGN, BatchAct.DUE, BatchAct.DEFER, BatchAct.CANCEL, BatchAct.REMIND, BatchAct.EXEMPT)
OF_CLOSED = (BatchAct.REISSUE,)
LONG = 500  # todos; more are done beside the page
LAST = timedelta(days=400)
BUTTONS = {
    BatchAct.ASSIGN: "Assign {0:,} todos", BatchAct.DUE: "Move {0:,} due days", BatchAct.DEFER: "Ask to defer {0:,} todos",
    BatchAct.CANCEL: "Cancel {0:,} todos", BatchAct.REMIND: "Remind of {0:,} todos", BatchAct.EXEMPT: "Ask to exempt {0:,} todos",
    BatchAct.REISSUE: "Ask {0:,} checks again",
}  # fmt: skip
OUTCOMES = {
    BatchAct.ASSIGN: "Assigned: {0:,} todos", BatchAct.DUE: "Moved: {0:,} due days", BatchAct.DEFER: "Asked: {0:,} todos to be deferred",
    BatchAct.CANCEL: "Cancelled: {0:,} todos", BatchAct.REMIND: "Reminded of {0:,} todos",
    BatchAct.EXEMPT: "Asked: {0:,} todos to be exempted", BatchAct.REISSUE: "Asked again: {0:,} checks",
}  # fmt: skip
HINTS = {
    BatchAct.DUE: "Within the grace of the rule a day can be moved at once; from when it counts as late does not change. Later days need a second person.",
    BatchAct.DEFER: "A second person decides; until then nothing changes.",
    BatchAct.EXEMPT: "A second person of head office decides. Until the last day no such check is asked of these customers; what is late already stays.",
    BatchAct.REMIND: "Officers get a message with the number of todos.",
    BatchAct.REISSUE: "What was cancelled by hand, or checked and returned, is asked once more.",
}  # fmt: skip
PROBLEMS = {
    "closed": "closed already", "same": "is so already", "beyond": "later than its rule allows: ask to defer it",
    "waiting": "waits for a decision already", "not_later": "is due on that day or later", "nobody": "nobody has it",
    "by_hand": "no rule asks for it", "late": "late already", "started": "begun already", "pending": "still pending",
    "settled": "the loans are settled", "cured": "the arrears are paid", "done": "done, and not returned",
    "ended": "ended by the nightly run, which asks again by itself",
}  # fmt: skip


# --- Choosing and doing -----------------------------------------------------------------------------------------------


def may(person: Person) -> bool:
    return any(permits.may(person, permit) for permit in bulk.PERMIT.values())


def panel(person: Person, page, wanted: Filter, closed: bool, columns: Sequence[Column], officers: Mapping[str, str]) -> None:
    """The table with check boxes, and under it what can be done to the chosen."""
    chosen = tables.choose(page.rows, columns, "choose_todos", _("Todos to choose from"))
    with st.container(border=True, gap="small", key="bulk_panel"):
        with st.container(horizontal=True, vertical_alignment="center"):
            kinds = [act for act in (OF_CLOSED if closed else OF_PENDING) if permits.may(person, bulk.PERMIT[act])]
            act = st.segmented_control(_("What to do"), kinds, key=f"act_{closed}", default=kinds[0], required=True, format_func=words.name,
                                       label_visibility="collapsed")  # fmt: skip
            total = f"{page.total:,}" + ("+" if page.more else "")
            counts = {TICKED: len(chosen), ALL: total}
            scope = st.radio(_("Which todos"), [TICKED, ALL], key="scope", horizontal=True, label_visibility="collapsed",
                             format_func=lambda one: _(WHICH[one]).format(counts[one]))  # fmt: skip
        if act in HINTS:
            st.caption(_(HINTS[act]))
        wish = _wish(act, officers)
        which = replace(wanted, ids=tuple(sorted(row.id for row in chosen))) if scope == TICKED else wanted
        if scope == TICKED and not chosen:
            st.caption(_("Tick todos in the table above, or take all that match the filter."))
        elif wish is None:
            st.caption(
                _(
                    "Say to whom, to see what would happen."
                    if act is BatchAct.ASSIGN
                    else "Say until when, to see what would happen."
                )
            )
        else:
            _preview(person, wish, which, officers)


def receivers(person: Person, conn: Connection) -> dict[str, str]:
    """To whom todos may be given: for the head of a branch his own people."""
    found = handover.receivers(conn).values()
    his = branches.under(conn, person.branch_id) if person.role is Role.BRANCH_HEAD else None
    return {str(one.id): f"{one.name} · {one.branch}" for one in found if his is None or one.branch_id in his}


def _wish(act: BatchAct, officers: Mapping[str, str]) -> bulk.Wish | None:
    """What is typed in; None while something is missing that the preview needs."""
    today = clock.today()
    to, day, why = [], None, None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if act is BatchAct.ASSIGN:
            to = st.multiselect(_("To whom; several share it out"), list(officers), format_func=officers.get, key="bulk_to", width=420,
                                placeholder=_("One or several colleagues"))  # fmt: skip
        if act in (BatchAct.DUE, BatchAct.DEFER, BatchAct.REISSUE, BatchAct.EXEMPT):
            label = _("Last day of the exemption") if act is BatchAct.EXEMPT else _("New due day")
            day = st.date_input(
                label, None, min_value=today, max_value=today + LAST, format="YYYY-MM-DD", key=f"day_{act}", width=170
            )
        if act in bulk.NEEDS_REASON:
            why = st.text_input(_("Reason"), key=f"why_{act}", max_chars=200, width=300)
    if act is BatchAct.ASSIGN:
        return bulk.Wish(act, tuple(int(one) for one in to)) if to else None
    if act is BatchAct.EXEMPT:
        return bulk.Wish(act, until_on=day, reason=why) if day else None
    if act in (BatchAct.DUE, BatchAct.DEFER, BatchAct.REISSUE):
        return bulk.Wish(act, due_on=day, reason=why) if day else None
    return bulk.Wish(act, reason=why)


def _preview(person: Person, wish: bulk.Wish, which: Filter, officers: Mapping[str, str]) -> None:
    today = clock.today()
    with access.reading(person) as conn:
        seen = bulk.look(conn, person, wish, which, today=today)
        names = staff.names(conn)
        cannot = bulk.refused(conn, person, wish, which, today=today) if seen.refused else []
    _effect(seen, wish, names)
    if cannot:
        _cannot(seen, cannot)
    st.session_state["bulk.wish"] = (wish, which, seen)
    st.session_state.setdefault("bulk.key", uuid4())
    acts.button(BUTTONS[wish.act], lambda: _do(person), "do_bulk", seen.n, type="primary", disabled=not seen.n)
    if seen.n and wish.act in bulk.NEEDS_REASON:
        st.caption(_("Give a reason of at least four characters; it stays with the todos."))


def _effect(seen: bulk.Preview, wish: bulk.Wish, names: Mapping[int, str]) -> None:
    """How many, of whom, and what everybody has before and after."""
    late = " · " + look.late(_("{0:,} of them overdue").format(seen.late), True) if seen.late else ""
    st.markdown("**" + _("{0:,} todos").format(seen.n) + "**" + late)
    if not seen.n:
        return
    away = seen.from_whom
    whom = sorted({*away, *wish.to}, key=lambda one: (one is None, one in wish.to, names.get(one, "")))
    lines = [(names.get(one) or _("Nobody yet"), away.get(one, 0), seen.open.get(one, 0), one) for one in whom]
    columns = [
        Column("name", "Assignee", value=lambda x: x[0], width=140),
        Column("n", "Of the chosen", "number", value=lambda x: x[1], width=110),
    ]
    if wish.act in (BatchAct.ASSIGN, BatchAct.CANCEL):
        columns.append(Column("open", "Open todos", value=lambda x: _change(x[2], _left(seen, wish, x)), width=150))
    tables.look_at(lines, columns, "bulk_effect", _("Effect on each officer"), tallest=8)


def _left(seen: bulk.Preview, wish: bulk.Wish, line) -> str:
    """Open todos of somebody afterwards; of those who share, about."""
    _name, gone, has, one = line
    gets = seen.n / len(wish.to) if one in wish.to else 0
    return f"{'≈ ' if gets and len(wish.to) > 1 else ''}{round(has - gone + gets):,}"


def _change(before: int, after: str) -> str:
    return f"{before:,} → {after}"


def _cannot(seen: bulk.Preview, rows: Sequence) -> None:
    said = _("; ").join(f"{_(PROBLEMS[why])} {n:,}" for why, n in seen.refused.items())
    with st.expander(_("Left as they are: {0}").format(said), icon=":material/block:"):
        tables.look_at(rows, [
            Column("customer_no", "Customer number", width=120), Column("customer", "Customer", width=170),
            Column("kind", "Kind", value=lambda x: words.name(Kind(x.kind)), width=110), Column("due_on", "Due", "day"),
            Column("last_on", "May be moved to", "day", width=120), Column("why", "Why", value=lambda x: _(PROBLEMS[x.why]), width=260),
        ], "bulk_cannot", _("Todos that stay as they are"), tallest=8)  # fmt: skip


def _do(person: Person) -> None:
    """At once; many beside the page, with a bar."""
    wish, which, seen = st.session_state["bulk.wish"]
    if wish.act in bulk.NEEDS_REASON:
        if not acts.has_reason(f"why_{wish.act}"):
            return
        wish = replace(wish, reason=acts.typed(f"why_{wish.act}"))
    key, now, today = st.session_state.pop("bulk.key"), clock.now(), clock.today()

    def do(say):
        with engine_acts.act(person, bulk.PERMIT[wish.act]) as conn:
            return bulk.do(conn, person, wish, which, seen.version, key, now=now, today=today, say=say)

    if seen.n > LONG:
        background.start("bulk", do)
        return
    try:
        acts.tell(told(do(lambda *_steps: None)), "done")
    except Refusal as no:
        acts.tell(no.sentence(_), "error")
    else:
        st.session_state["visit"] = st.session_state.get("visit", 0) + 1  # the ticks of before mean nothing now


def told(done: bulk.Outcome) -> str:
    said = _(OUTCOMES[done.act]).format(done.n)
    if left := sum(done.refused.values()):
        said += _("; {0:,} left as they are").format(left)
    return said + _(". A second person decides.") if done.waits else said


def watch() -> bool:
    return background.watch("bulk", _("At work on the todos …"), told)


# --- What was done ----------------------------------------------------------------------------------------------------

BATCHES = [
    Column("made_at", "When", "moment", width=140),
    Column("act", "What was done", value=lambda x: x.name or words.name(BatchAct(x.act)), width=130),
    Column("n", "Todos", "number", width=75),
    Column("left", "Left as they were", "number", value=lambda x: sum(x.refused.values()), width=110),
    Column("wish", "How", value=lambda x: how(x.wish, _names()), width=220),
    Column("state", "State", "badge", BatchState, width=100),
    Column("rows_kept", "Changed since", "number", width=95),
    Column("maker", "By whom", width=90),
    Column("branch", "Branch", width=120),
    Column("reason", "Reason", width=220),
]


def _names() -> Mapping[int, str]:
    return st.session_state["bulk.names"]


def how(wish: Mapping, names: Mapping[int, str]) -> str:
    """To whom, until when."""
    said = [_(", ").join(names.get(one, "—") for one in wish["to"])] if wish.get("to") else []
    said += [_("due on {0}").format(wish["due_on"])] if wish.get("due_on") else []
    said += [_("until {0}").format(wish["until_on"])] if wish.get("until_on") else []
    said += [wish["loan"]] if wish.get("loan") else []
    return _("; ").join(said)


def so_far(person: Person) -> None:
    """What was done to many todos at once; a row opens, and can be taken back."""
    with access.reading(person) as conn:
        rows = batches.listing(conn)
        st.session_state["bulk.names"] = staff.names(conn)
    if not rows:
        tables.empty(
            "Nothing was done in bulk yet", "What is assigned, moved or cancelled together stands here, and can be taken back."
        )
        return
    st.caption(_("Click a row to see it or take it back."))
    if picked := tables.show(rows, BATCHES, "batches", _("Batches")):
        _one(person, picked)


@st.dialog(_("Batch of todos"), width="large", on_dismiss=acts.leave)
def _one(person: Person, row) -> None:
    acts.in_dialog()
    act = BatchAct(row.act)
    st.markdown(
        f"**{look.plain(row.name or words.name(act))}** · {_('{0:,} todos').format(row.n)} &ensp; {look.badge(BatchState(row.state))}"
    )
    st.caption(
        look.plain(" · ".join(part for part in (how(row.wish, _names()), row.reason, row.maker, look.moment(row.made_at)) if part))
    )
    if row.refused:
        st.caption(_("Left as they are: {0}").format(_("; ").join(f"{_(PROBLEMS[why])} {n:,}" for why, n in row.refused.items())))
    if row.state in (BatchState.DONE, BatchState.UNDONE) and act in bulk.UNDOABLE:
        with access.reading(person) as conn:
            gone = batches.elsewhere(conn, row.id, act) if row.state == BatchState.DONE else []
        if gone:
            st.caption(_("Changed since; taking back leaves them as they are:"))
            tables.look_at(gone, [
                Column("customer_no", "Customer number", width=120), Column("customer", "Customer", width=170),
                Column("kind", "Kind", value=lambda x: words.name(Kind(x.kind)), width=110), Column("due_on", "Due", "day"),
                Column("holder", "Now with", width=100),
            ], "batch_gone", _("Changed since"), tallest=8)  # fmt: skip
    if row.state == BatchState.DONE and act in bulk.UNDOABLE and permits.may(person, bulk.PERMIT[act]):
        acts.button("Take it back", lambda: _take_back(person, row.id, act), "batch_back", icon=":material/undo:")


def _take_back(person: Person, batch_id: int, act: BatchAct) -> None:
    with acts.act(person, bulk.PERMIT[act]) as conn:
        done = bulk.undo(conn, person, batch_id, now=clock.now())
        kept = _("; {0} rows had changed since and stay as they are").format(done.kept) if done.kept else ""
        acts.tell(_("Taken back: {0:,} todos").format(done.n) + kept, "done")


# --- What waits -------------------------------------------------------------------------------------------------------

WAITING_FOR = (Request.DEFERRAL, Request.EXEMPTION)


def waiting(conn: Connection) -> list:
    return requests.waiting(conn, *WAITING_FOR)


def to_decide(person: Person, asked: Sequence) -> None:
    if not asked:
        tables.empty(
            "Nothing waits for a decision", "What is to be deferred or exempted stands here until a second person decides."
        )
        return
    decisions.queue(person, asked)
