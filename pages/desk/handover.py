"""移交: who takes over from whom, proposed and adjusted by hand; what was handed over, and taking it back; who stands in."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pandas as pd
import streamlit as st

from db import absences as away
from db import access, branches, handovers, staff
from db.access import Connection
from db.vocab import HandoverState, Held, Role
from engine import absences, clock, faults, handover, permits
from engine import acts as engine_acts
from engine.words import _
from pages.parts import acts, background, charts, filters, frame, handover_map, handover_part, look, tables
from pages.parts.tables import Column

person = frame.person("handover.see")
today = clock.today()
may = permits.may(person, "handover.make")

VIEWS = {"new": "New handover", "list": "Handovers", "absences": "Absences"}
LAST = today + timedelta(days=730)
STAYS = 0  # the choice that leaves a village or a customer where it is

# --- Proposing and doing ----------------------------------------------------------------------------------------------


def new() -> None:
    with access.reading(person) as conn:
        branch_ids = _where(conn)
        givers = {g.id: g for g in handovers.givers(conn, branch_ids)}
        officers = _officers(conn, branch_ids)
    names = _names([*givers.values(), *officers.values()])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        giver = st.selectbox(_("From whom"), list(givers), index=None, format_func=lambda one: _giver(givers[one], names), key="giver",
                             placeholder=_("Leaver, absent or moved colleague"), width=320)  # fmt: skip
        to = st.multiselect(_("To whom"), _near(officers, givers.get(giver)), format_func=lambda one: look.visible(f"{names[one]} · {officers[one].branch}"),
                            key="receivers", placeholder=_("One or several colleagues"))  # fmt: skip
    if giver is None:
        tables.empty("Choose whose work is handed over", "Whoever has left and still holds customers or todos stands first.")
        return
    with access.reading(person) as conn:
        held = handover.hold(conn, person, giver, today=today)
    if not held.rows and not held.loose_leads:
        tables.empty("Nothing to hand over", "This person holds no customers, loans, todos or signals that you may move.")
        return
    _held(held)
    chosen = handover_part.choose(held)
    if not to:
        st.caption(_("Choose who receives. The split by village and workload is then proposed here."))
        return
    with access.reading(person) as conn:
        seen, theirs = handover.propose(conn, held, to, chosen, today=today), handovers.places(conn, to)
    parts = _adjusted(seen, names, to) if seen.rows else {}
    _effect(seen, parts, names)
    handover_map.show(seen, parts, names, theirs)
    _confirm(seen, parts, names, to)


def _where(conn: Connection) -> list[int] | None:
    """Where there are too many colleagues: the branch that is chosen, whose people give and receive."""
    if filters.few(conn, handover.RECEIVERS) is not None:
        return None
    with filters.bar():
        chosen = filters.branch(conn)
        if chosen is None:
            st.caption(_("Choose a branch; its colleagues are listed below."), width="content")
    return list(chosen or ())


def _officers(conn: Connection, branch_ids: list[int] | None = None) -> dict[int, object]:
    """Who may receive or stand in: for a branch head the people of his own branches."""
    his = branches.under(conn, person.branch_id) if person.role is Role.BRANCH_HEAD else branch_ids
    return handover.receivers(conn, his)


def _names(people: Sequence) -> dict[int, str]:
    """Namesakes with their number."""
    ids = defaultdict(set)
    for one in people:
        ids[one.name].add(one.id)
    return {one.id: one.name if len(ids[one.name]) == 1 else f"{one.name} {one.staff_no}" for one in people}


def _giver(row, names: Mapping[int, str]) -> str:
    return look.visible(f"{names[row.id]} · {row.branch}") + (_(" · left {0}").format(look.day(row.left_on)) if row.left_on else "")


def _near(officers: dict[int, object], giver) -> list[int]:
    """Of the giver's own branch first."""
    return sorted((one for one in officers if giver is None or one != giver.id),
                  key=lambda one: (giver is None or officers[one].branch_id != giver.branch_id, officers[one].branch, officers[one].name))  # fmt: skip


def _held(seen: handover.Preview) -> None:
    late, begun = sum(row.overdue for row in seen.rows), list(seen.begun.values())
    figures = [
        (_("Customers"), f"{len(seen.rows):,}"), (_("Loans"), f"{sum(len(row.loan_ids) for row in seen.rows):,}"),
        (_("Balance"), look.money(sum(row.balance_fen for row in seen.rows))), (_("Open todos"), f"{sum(row.open for row in seen.rows):,}"),
        (_("Of these overdue"), f":red[:material/schedule: {late:,}]" if late else "0"),
        (_("Warning signals"), f"{sum(row.signals for row in seen.rows):,}"),
        (_("Leads"), f"{sum(row.leads for row in seen.rows) + seen.loose_leads:,}"),
        (_("Checks begun"), f"{sum(drafts for drafts, _photos in begun):,}"),
    ]  # fmt: skip
    with st.container(horizontal=True, key="held", gap="large"):
        for label, value in figures:
            st.markdown(f":small[:gray[{label}]]  \n**{value}**", width="content")
    if late:
        st.caption(_("Overdue todos stay overdue: their due days do not change, and the handover keeps how many there were."))
    if begun:
        st.caption(_("Of checks that are begun the receivers get what was filled in; positions and {0} photos stay with their author.").format(
            sum(photos for _drafts, photos in begun)))  # fmt: skip


def _adjusted(seen: handover.Preview, names: Mapping[int, str], to: list[int]) -> dict[int, int]:
    """The proposal with what was changed by hand, first by village, then for single customers."""
    key = f"{seen.from_id}-{'-'.join(map(str, sorted(to)))}-{seen.version}"
    choices = {one: names[one] for one in to} | {STAYS: _("stays")}
    groups = defaultdict(list)
    for row in seen.rows:
        groups[row.village or "", row.branch].append(row)
    st.subheader(_("By village"), anchor=False)
    villages = [_line(rows, choices[seen.proposed[rows[0].customer_id]], village or _("no village known"), branch)
                for (village, branch), rows in groups.items()]  # fmt: skip
    chosen = _edit(villages, choices, f"villages-{key}", "Village", tall=12)
    parts = {row.customer_id: _whom(choices, one) for one, rows in zip(chosen, groups.values(), strict=True) for row in rows}
    for rows in groups.values():  # customers without a village are given one by one
        if not rows[0].village and chosen[list(groups.values()).index(rows)] == choices[seen.proposed[rows[0].customer_id]]:
            parts |= {row.customer_id: seen.proposed[row.customer_id] for row in rows}
    with st.expander(_("Single customers"), icon=":material/person_search:"):
        lines = [_line([row], choices[parts[row.customer_id]], row.customer, row.village or "—") for row in seen.rows]
        changed = _edit(lines, choices, f"customers-{key}-{hash(tuple(chosen))}", "Customer", tall=14)
    return {row.customer_id: one for row, name in zip(seen.rows, changed, strict=True) if (one := _whom(choices, name)) != STAYS}


def _whom(choices: Mapping[int, str], name: str) -> int:
    return next(one for one, its in choices.items() if its == name)


def _line(rows: Sequence, to: str, *labels: str) -> dict:
    return {
        "label": look.visible(labels[0]), "where": look.visible(labels[1]), "customers": len(rows), "loans": sum(len(r.loan_ids) for r in rows),
        "balance": look.ten_thousands(sum(r.balance_fen for r in rows)), "open": sum(r.open for r in rows),
        "overdue": sum(r.overdue for r in rows), "hours": round(sum(r.minutes for r in rows) / 60, 1), "to": to,
    }  # fmt: skip


def _edit(lines: list[dict], choices: Mapping[int, str], key: str, label: str, tall: int) -> list[str]:
    """The table of which only the last column can be changed; whom each line goes to."""
    number = st.column_config.NumberColumn
    config = {
        "label": st.column_config.TextColumn(_(label), width=150), "where": st.column_config.TextColumn(_("Branch") if label == "Village" else _("Village"), width=120),
        "customers": number(_("Customers"), width=70) if label == "Village" else None, "loans": number(_("Loans"), width=70),
        "balance": number(_("{0} (¥10k)").format(_("Balance")), format="%,.2f", width=120), "open": number(_("Open todos"), width=80),
        "overdue": number(_("Of these overdue"), width=90), "hours": number(_("Hours in 30 days"), format="%.1f", width=110),
        "to": st.column_config.SelectboxColumn(_("To whom"), options=list(choices.values()), required=True, width=170),
    }  # fmt: skip
    height = "content" if len(lines) <= tall else (tall + 1) * tables.ROW + 6
    edited = st.data_editor(pd.DataFrame(lines), column_config=config, disabled=[c for c in config if c != "to"], hide_index=True, key=key,
                            row_height=tables.ROW, height=height, width="stretch")  # fmt: skip
    return list(edited["to"])


def _effect(seen: handover.Preview, parts: Mapping[int, int], names: Mapping[int, str]) -> None:
    """Everybody concerned, before and after."""
    st.subheader(_("Before and after"), anchor=False)
    after = seen.after(parts)
    people = [one for one in seen.before if one == seen.from_id] + [one for one in seen.before if one != seen.from_id]
    table, bars = st.columns([3, 2], gap="medium", vertical_alignment="top")
    columns = [Column("name", "Person", width=110)] + [
        Column(what, label, "figure", value=lambda one, w=what: _change(getattr(one[0], w), getattr(one[1], w)), width=105)
        for what, label in (("customers", "Customers"), ("loans", "Loans"), ("open", "Open todos"), ("overdue", "Of these overdue"), ("hours", "Hours in 30 days"))
    ]  # fmt: skip
    columns[0] = Column("name", "Person", value=lambda one: one[2], width=90)
    with table:
        tables.look_at(
            [(seen.before[one], after[one], names[one]) for one in people], columns, "before_after", _("Before and after")
        )
    with bars:
        figure = charts.before_after(
            [names[one] for one in people], [seen.before[one].hours for one in people], [after[one].hours for one in people]
        )
        st.caption(_("Hours of work in the next 30 days"))
        charts.draw(figure, _("Hours of work in the next 30 days"), key="hours", height=70 + 46 * len(people))


def _change(before: float, after: float) -> str:
    was, becomes = (f"{n:,.1f}" if isinstance(n, float) else f"{n:,}" for n in (before, after))
    return f"{was} → {becomes}" if was != becomes else becomes


def _confirm(seen: handover.Preview, parts: Mapping[int, int], names: Mapping[int, str], to: list[int]) -> None:
    leads_to = _leads_to(seen, names, to)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        on = st.date_input(
            _("Takes effect on"), today, min_value=today, max_value=LAST, format="YYYY-MM-DD", key="from_on", width=150
        )
        temporary = st.toggle(_("Temporary"), key="temporary")
        until = None
        if temporary:
            until = st.date_input(
                _("Last day"), max(on, today), min_value=on, max_value=LAST, format="YYYY-MM-DD", key="until_on", width=150
            )
        why = st.text_input(_("Reason"), key="why_handover", max_chars=200, placeholder=_("left, ill, moved to another branch …"))
        st.session_state["handover.plan"] = handover.Plan(seen.from_id, parts, why, on, until, seen.version, leads_to)
        acts.button("Hand over {0} customers", begin, "hand_over", len(parts), type="primary", disabled=not parts)
    if parts:
        st.caption(_("Give a reason of at least four characters; it stays with the handover."))


def _leads_to(seen: handover.Preview, names: Mapping[int, str], to: list[int]) -> int | None:
    """Who follows the leads that no customer takes along."""
    if not seen.loose_leads:
        return None
    chosen = st.selectbox(
        _("{0} leads of nobody's customers go to").format(seen.loose_leads), [*to, STAYS], key="leads_to",
        format_func=lambda one: names[one] if one else _("stays"), width=280,
    )  # fmt: skip
    return chosen or None


def begin() -> None:
    """Beside the page: a large portfolio takes some seconds."""
    if not acts.has_reason("why_handover"):
        return
    plan, now, by = replace(st.session_state["handover.plan"], reason=acts.typed("why_handover")), clock.now(), person

    def do(say):
        with engine_acts.act(by, "handover.make") as conn:
            return handover.hand_over(conn, by, plan, now=now, today=today, say=say)

    background.start("handover", do)
    _leave_for("list")


BACK = "handover.back"


def take_back(handover_id: int) -> None:
    now, by = clock.now(), person

    def do(say):
        with engine_acts.act(by, "handover.make") as conn:
            return handover.undo(conn, by, handover_id, now=now, say=say)

    background.start(BACK, do)
    acts.leave("id")


def _leave_for(view: str) -> None:
    st.query_params["view"] = view
    for key in ("giver", "receivers", "why_handover", "temporary", "which_part"):
        st.session_state.pop(key, None)


def _told_back(done: handover.Outcome) -> str:
    said = _("Given back: {0} customers, {1} loans, {2} todos").format(done.customers, done.loans, done.todos)
    return said + (_("; {0} rows had changed since and stay as they are").format(done.kept) if done.kept else "")


def _told(done: handover.Outcome) -> str:
    return _("Done: {0} customers, {1} loans, {2} todos, {3} leads, {4} checks begun").format(
        done.customers, done.loans, done.todos, done.leads, done.drafts)  # fmt: skip


# --- What was handed over ---------------------------------------------------------------------------------------------

COLUMNS = [
    Column("from_on", "Takes effect", "day"),
    Column("giver", "From whom", width=90),
    Column("to_ids", "To whom", value=lambda h: _(", ").join(everybody.get(one, "—") for one in h.to_ids), width=170),
    Column("state", "State", "badge", HandoverState, width=100),
    Column("until_on", "Last day", "day"),
    Column("customers_moved", "Customers", "number", width=75),
    Column("loans_moved", "Loans", "number", width=75),
    Column("todos_moved", "Todos", "number", width=75),
    Column("leads_moved", "Leads", "number", width=75),
    Column(
        "overdue_moved", "Of these overdue", "late_number", value=lambda h: (f"{h.overdue_moved:,}", h.overdue_moved > 0), width=90
    ),
    Column(
        "by_source",
        "Source names others",
        "number",
        width=120,
        help="Customers for whom the feed has named another manager since: that wins",
    ),
    Column("maker", "Arranged by", value=lambda h: h.maker or _("Command line"), width=90),
    Column("branch", "Branch", width=120),
    Column("reason", "Reason", width=220),
]
GONE = [
    Column("customer_no", "Customer number", width=120),
    Column("customer", "Customer", width=150),
    Column("what", "What", value=lambda x: _(WHAT[x.what]), width=110),
    Column("why", "What happened", value=lambda x: _(HAPPENED[x.why]), width=190),
    Column("holder", "Now with", width=90),
]
WHAT = {
    Held.TODO: "Todo",
    Held.LOAN: "Loan",
    Held.MANAGER: "Relationship manager",
    Held.INSPECTOR: "Inspector",
    Held.SIGNAL: "Signal",
    Held.LEAD: "Lead",
}
HAPPENED = {
    "closed": "Done or closed since",
    "begun": "In hand since",
    "by_source": "The source names somebody else",
    "by_hand": "Given to somebody else",
}


def so_far() -> None:
    with access.reading(person) as conn:
        rows = handovers.listing(conn)
    if not rows:
        tables.empty("No handovers yet", "What is handed over stands here, and can be taken back from here.")
        return
    st.caption(_("Click a row to see it or take it back."))
    picked = tables.show(rows, COLUMNS, "handovers", _("Handovers"))
    if picked:
        one(picked)


@st.dialog(_("Handover"), width="large", on_dismiss=acts.leave)
def one(row) -> None:
    st.markdown(
        f"**{look.plain(row.giver)}** → {look.plain(_(', ').join(everybody.get(n, '—') for n in row.to_ids))} &ensp; {look.badge(HandoverState(row.state))}"
    )
    st.caption(look.plain(f"{row.reason} · {row.maker or _('Command line')} · {look.moment(row.made_at)}"))
    if row.failure:
        st.warning(look.plain(faults.retold(row.failure)), icon=":material/event_busy:")
    with access.reading(person) as conn:
        shares, gone = handovers.shares(conn, row.id), handovers.elsewhere(conn, row.id)
    tables.look_at(shares, [Column("name", "To whom", width=120), *(Column(n, label, "number", width=90) for n, label in (
        ("customers", "Customers"), ("loans", "Loans"), ("todos", "Todos"), ("overdue", "Of these overdue"), ("leads", "Leads")))], "shares", _("To whom"))  # fmt: skip
    if gone:
        st.caption(_("No longer where it was put; taking the handover back leaves these as they are."))
        tables.look_at(gone, GONE, "gone", _("Changed since"), tallest=8)
    if row.rows_kept:
        st.caption(_("{0} rows had changed since and stayed as they were.").format(row.rows_kept))
    _take_back_button(row)


def _take_back_button(row) -> None:
    if not may or row.state not in (HandoverState.WAITING, HandoverState.DONE):
        return
    if st.button(
        _("Withdraw") if row.state == HandoverState.WAITING else _("Take the handover back"),
        key="take_back",
        icon=":material/undo:",
    ):
        take_back(row.id)
        st.rerun()


# --- Absences ---------------------------------------------------------------------------------------------------------

ABSENCES = [
    Column("away", "Away", width=100),
    Column("branch", "Branch", width=140),
    Column("standin", "Stand-in", width=100),
    Column("from_on", "From", "day"),
    Column("until_on", "Last day", "day"),
    Column(
        "when",
        "When",
        value=lambda a: _("now") if a.from_on <= today else _("in {0} days").format((a.from_on - today).days),
        width=90,
    ),
    Column("reason", "Reason", width=260),
]


def stand_ins() -> None:
    with access.reading(person) as conn:
        rows = away.listing(conn, today)
        officers = _officers(conn)
    if may:
        _arrange(officers)
    if not rows:
        tables.empty(
            "Nobody is away", "Whoever is away keeps his customers; a stand-in has the todos meanwhile, and it ends by itself."
        )
        return
    if (picked := tables.show(rows, ABSENCES, "absences", _("Absences"))) and may:
        _one_absence(picked)


def _arrange(officers: Mapping[int, object]) -> None:
    names = {one: f"{x.name} · {x.branch}" for one, x in officers.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        who = st.selectbox(
            _("Away"), list(names), index=None, format_func=names.get, key="away", placeholder=_("Officer"), width=210
        )
        standin = st.selectbox(
            _("Stand-in"),
            [n for n in names if n != who],
            index=None,
            format_func=names.get,
            key="standin",
            placeholder=_("Officer"),
            width=210,
        )
        first = st.date_input(_("From"), today, min_value=today, max_value=LAST, format="YYYY-MM-DD", key="away_from", width=140)
        last = st.date_input(
            _("Last day"), max(first, today), min_value=first, max_value=LAST, format="YYYY-MM-DD", key="away_until", width=140
        )
        st.text_input(_("Reason"), key="why_away", max_chars=200, width=220)
        st.session_state["absence"] = (who, standin, first, last)
        acts.button("Arrange the stand-in", arrange, "arrange", type="primary", disabled=not (who and standin))


def arrange() -> None:
    who, standin, first, last = st.session_state["absence"]
    with acts.act(person, "absence.arrange", "Arranged; it ends by itself") as conn:
        absences.arrange(conn, person, who, standin, first, last, acts.typed("why_away"), today=today)
        for key in ("away", "standin", "why_away"):
            st.session_state.pop(key, None)


@st.dialog(_("Absence"), on_dismiss=acts.leave)
def _one_absence(row) -> None:
    acts.in_dialog()
    st.markdown(f"**{look.plain(row.away)}** · {look.day(row.from_on)} – {look.day(row.until_on)}")
    st.caption(_("{0} stands in. When it is ended, the todos go back at once.").format(look.plain(row.standin)))
    acts.button("End it today", lambda: _end(row.id), "end_absence", icon=":material/event_available:")


def _end(absence_id: int) -> None:
    with acts.act(person, "absence.arrange", "Ended") as conn:
        absences.end(conn, person, absence_id, today=today)


# --- The page ---------------------------------------------------------------------------------------------------------

tables.heading("Handover")
working = background.watch("handover", _("Handing over: todos, loans, customers, signals …"), _told) or background.watch(
    BACK, _("Giving back: todos, loans, customers, signals …"), _told_back
)
with access.reading(person) as conn:
    everybody = staff.names(conn)
shown = filters.one_of(
    "view", "View", VIEWS if may else {name: VIEWS[name] for name in ("list", "absences")}, "new" if may else "list"
)
if not working:
    {"new": new, "list": so_far, "absences": stand_ins}[shown]()
