"""分层: how many customers are at which level, whose was adjusted by hand, and the scorecard it follows from."""

import copy

import streamlit as st

from db import access, definitions, levels
from db.vocab import CustomerLevel, Definition, Segment
from engine import book_counts, clock, permits, refusals, scorecard, words
from engine import levels as verbs
from engine.words import _
from pages.parts import acts, counts, filters, frame, look, proposals, tables
from pages.parts.tables import Column

person = frame.person("levels.see")
today = clock.today()
VIEWS = {"spread": "Distribution", "adjusted": "Adjusted by hand", "card": "Scorecard"}

ADJUSTED = [
    Column("customer_no", "Customer number", width=115),
    Column("customer", "Customer", width=170),
    Column("level", "Level", "badge", CustomerLevel, width=80),
    Column("reckoned", "Reckoned", "badge", CustomerLevel, width=80),
    Column("from_on", "From", "day"),
    Column("until_on", "Until", "day"),
    Column("reason", "Reason", width=220),
    Column("asker", "Asked by", width=80),
    Column("approver", "Approved by", width=80),
    Column("branch", "Branch", width=120),
]


def spread() -> None:
    with filters.bar():
        with access.reading(person) as conn:
            branch_ids = filters.branch(conn)
    counted = counts.of(person, book_counts.spread_of_levels(today, branch_ids))
    rows, moved = counted.figures
    if not rows:
        tables.empty("No levels yet", "Each night reckons the level of every customer with a live loan.")
        return
    everybody = sum(r.customers for r in rows)
    with st.grid(5, min_column_width=150):
        for level in CustomerLevel:
            _tile(level, [r for r in rows if r.level == level], everybody)
    _by_segment(rows)
    _moves(moved)
    counts.told(counted)


def _tile(level: CustomerLevel, rows: list, everybody: int) -> None:
    n = sum(r.customers for r in rows)
    with st.container(border=True, gap="xsmall", key=f"level-{level}"):
        st.markdown(look.badge(level))
        st.metric(
            _("Customers"), f"{n:,}", look.percent(n, everybody), delta_color="off", delta_arrow="off", label_visibility="collapsed"
        )
        st.caption(
            f"{look.money(sum(r.exposure_fen for r in rows))}  \n" + _("{0:,} in arrears").format(sum(r.overdue for r in rows))
        )
        query = {"level": level.value} | ({"branch": st.query_params["branch"]} if "branch" in st.query_params else {})
        st.page_link("pages/desk/customers.py", label=_("Open the rows"), icon=":material/arrow_forward:", query_params=query)


def _by_segment(rows: list) -> None:
    counts = {(r.level, r.segment): r.customers for r in rows}
    lines = [f"| {words.name(s)} | " + " | ".join(f"{counts.get((lv, s), 0):,}" for lv in CustomerLevel) + " |" for s in Segment]
    with st.container(border=True):
        st.subheader(_("By segment"), anchor=False)
        head = "| | " + " | ".join(words.name(lv) for lv in CustomerLevel) + " |\n|:--|" + "--:|" * len(CustomerLevel)
        st.markdown("\n".join([head, *lines]))


def _moves(moved: list) -> None:
    with st.container(border=True):
        st.subheader(_("Reckoned otherwise within 30 days"), anchor=False)
        if not moved:
            st.caption(_("Nobody's level changed."))
        for title, worse in (("Better", False), ("Worse", True)):
            line = " · ".join(
                f"{r.was} → {getattr(r, 'is')} **{r.customers:,}**" for r in moved if (getattr(r, "is") > r.was) is worse
            )
            if line:
                icon = ":material/trending_down:" if worse else ":material/trending_up:"
                st.markdown(f"{icon} {words.pair(_(title), line)}")


def adjusted() -> None:
    with filters.bar():
        with access.reading(person) as conn:
            rows = levels.adjusted_on(conn, today, filters.branch(conn))
    if not rows:
        tables.empty(
            "No level is adjusted by hand", "On a customer's page somebody may ask for another level; head office decides."
        )
    elif picked := tables.show(rows, ADJUSTED, "adjusted", _("Levels adjusted by hand")):
        tables.open_page("desk/customer", no=picked.customer_no)


def card() -> None:
    with access.reading(person) as conn:
        row = definitions.one_in_force(conn, Definition.SCORECARD, verbs.CARD, today)
    if row is None:
        tables.empty("No scorecard is in force", "Without one no level is reckoned.")
        return
    st.caption(_("In force today. Points of all items are added; a cap holds the level down, however many points there are."))
    now = scorecard.parse(row.body)
    with st.container(border=True, key="card"):
        st.markdown(f"**{look.plain(words.in_language(now.title))}**  :gray[v{row.version}]")
        for line in scorecard.in_words(now):
            st.markdown(f"- {look.plain(line)}")
    proposals.past(person, Definition.SCORECARD, verbs.CARD)
    if permits.may(person, "scorecard.change"):
        with st.expander(_("Change it"), icon=":material/edit:"):
            _change(now, copy.deepcopy(row.body))


def _change(now: scorecard.Scorecard, body: dict) -> None:
    """Points and bounds; its shape is the administrator's file."""
    for item, given in zip(now.items, body["items"], strict=True):
        st.markdown(look.plain(words.in_language(item.title)))
        with st.container(horizontal=True):
            for n, step in enumerate(item.steps):
                label = scorecard.condition(step.who)
                given["steps"][n]["points"] = int(st.number_input(label, 0, 100, step.points, key=f"{item.code}_{n}", width=190))
            given["otherwise"] = int(st.number_input(_("else"), 0, 100, item.otherwise, key=f"{item.code}_else", width=110))
    with st.container(horizontal=True):
        for level, bound in now.levels.items():
            body["levels"][level] = int(
                st.number_input(_("{0} from points").format(level), 0, 100, bound, key=f"bound_{level}", width=110)
            )
    proposals.from_and_why()
    try:
        changed = scorecard.parse(body) != now
    except refusals.BadRule as wrong:
        st.error(look.plain(wrong.sentence(_)), icon=":material/block:")
        return
    if st.button(_("Submit for approval"), type="primary", key="propose_card"):
        if changed:
            proposals.propose(person, Definition.SCORECARD, verbs.CARD, body)
        else:
            acts.tell(_("It says what is in force."), "error")
        st.rerun()


tables.heading("Levels")
view = filters.one_of("view", "View", VIEWS, "spread")
{"spread": spread, "adjusted": adjusted, "card": card}[view]()
