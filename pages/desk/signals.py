"""预警: the queue by level and age; take, answer with measures, close or call a false alarm."""

import streamlit as st

from db import access, signals
from db.vocab import LIVE_SIGNALS, Level, SignalState
from engine import clock, permits
from engine import signals as acts_on_signals
from engine.words import _
from pages.parts import acts, filters, frame, look, dossier, tables
from pages.parts.tables import Column

person = frame.person("signals.see")
today = clock.today()
# Days to take a signal in hand, by level: what the clock counts against.
CLOCK = {Level.RED: 1, Level.ORANGE: 2, Level.YELLOW: 3, Level.BLUE: 10}

COLUMNS = [
    Column("level", "Level", "badge", Level, width=75),
    Column("state", "State", "badge", SignalState, width=85),
    Column("rule", "Signal", value=lambda r: f"{r.rule_code} {dossier.title_of(r.rule_code)}", width=250),
    Column("about", "About", value=lambda r: r.customer or r.branch, width=180),
    Column("age", "Days open", "number", value=lambda r: (today - r.first_on).days, width=80),
    Column("clock", "Clock", value=lambda r: _clock(r), width=110),
    Column("amount_fen", "At risk", "wan"),
    Column("evidence", "Evidence", value=lambda r: dossier.evidence(r.evidence).replace("\\", ""), width=320),
    Column("branch", "Branch", width=110),
    Column("owner", "In charge", width=90),
]


def _clock(row) -> str:
    if row.state != SignalState.RAISED:
        return _("taken")
    left = CLOCK[Level(row.level)] - (today - row.first_on).days
    return _("{0} days left").format(left) if left >= 0 else _("{0} days overdue").format(-left)


with access.reading(person) as conn:
    counts = signals.counts_by_level(conn)
    with st.grid(4, min_column_width=150):
        for level in reversed(Level):
            mine = [r for r in counts if r.level == level]
            waiting = sum(r.n for r in mine if r.state == SignalState.RAISED)
            st.metric(f"{look.badge(level)}", sum(r.n for r in mine), _("{0} nobody took").format(waiting) if waiting else None,
                      delta_color="off", delta_arrow="off", border=True)  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        level = filters.word("level", "Level", list(reversed(Level)), width=110)
        state = filters.word("state", "State", SignalState, width=130)
        branch_ids = filters.branch(conn)
        mine_only = filters.flag("mine", "Mine only")
    states = (SignalState(state),) if state else LIVE_SIGNALS
    rows = signals.queue(
        conn, states=states, level=level, branch_ids=branch_ids, owner_id=person.id if mine_only else None, limit=tables.PAGE_SIZE,
        offset=tables.offset(),
    )  # fmt: skip

if not rows:
    tables.empty("No signals here", "The night raises signals by rule; nothing open matches these filters.")
    st.stop()
st.caption(_("{0:,} signals, worst and oldest first. Click one to deal with it.").format(rows[0].total))
picked = tables.show(rows, COLUMNS, "signals", _("Warning signals"), height=420)
tables.pager(rows[0].total)


@st.dialog(_("Deal with a signal"), width="large")
def deal_with(signal) -> None:
    st.markdown(f"{look.badge(Level(signal.level))} {look.badge(SignalState(signal.state))} **{signal.rule_code} {look.plain(dossier.title_of(signal.rule_code))}**")
    st.markdown(dossier.evidence(signal.evidence))
    st.caption(_("First seen {0}, last seen {1}").format(look.day(signal.first_on), look.day(signal.last_on)))
    if signal.gone_on:
        st.info(_("The condition has been gone since {0}.").format(look.day(signal.gone_on)))
    if signal.answer:
        st.markdown(f"**{_('Answer')}**: {look.plain(signal.answer)}  \n{_(', ').join(_(m) for m in signal.measures or [])}")
    if signal.state == SignalState.RAISED and permits.may(person, "signal.take"):
        acts.button("I am on it", lambda: _take(signal), "take", type="primary")
    if signal.state in (SignalState.TAKEN, SignalState.ANSWERED) and signal.taken_by == person.id:
        st.multiselect(_("Measures"), acts_on_signals.MEASURES, key="measures", format_func=_, placeholder=_("Choose"))
        st.text_area(_("What was found, what is done"), key="words", height=90)
        acts.button("Send the answer", lambda: _answer(signal), "answer", type="primary")
    high = Level(signal.level) in (Level.ORANGE, Level.RED)
    if signal.closed_on is None and permits.may(person, "signal.close.high" if high else "signal.close.low"):
        st.text_input(_("Reason"), key="closing")
        with st.container(horizontal=True):
            acts.button("Close: dealt with", lambda: _close(signal, False), "close")
            acts.button("False alarm", lambda: _close(signal, True), "false")
    if signal.customer:
        with access.reading(person) as conn:
            number = signals.customer_no(conn, signal.customer_id)
        st.page_link("pages/desk/customer.py", label=_("To the customer"), query_params={"no": number}, icon=":material/person:")


def _take(signal) -> None:
    with acts.act(person, "signal.take", "Taken in hand") as conn:
        acts_on_signals.take(conn, person, signal.id, now=clock.now())


def _answer(signal) -> None:
    with acts.act(person, "signal.answer", "Answer sent") as conn:
        acts_on_signals.answer(conn, person, signal.id, st.session_state.measures, st.session_state.words, now=clock.now())


def _close(signal, false_alarm: bool) -> None:
    with acts.act(person, "signal.close", "Closed") as conn:
        acts_on_signals.close(conn, person, signal.id, st.session_state.closing, false_alarm=false_alarm, today=today)


if picked:
    deal_with(picked)
