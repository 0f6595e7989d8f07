"""预警: the queue by level and age; take, answer with measures, close or call a false alarm."""

import streamlit as st

from db import access, signals, staff
from db.vocab import LIVE_SIGNALS, Level, Role, SignalState
from engine import clock, permits, refusals, words
from engine import signals as acts_on_signals
from engine.words import _
from pages.parts import acts, dossier, filters, frame, look, tables
from pages.parts.tables import Column

person = frame.person("signals.see")
today = clock.today()
# Days to take a signal in hand, by level: what the clock counts against.
CLOCK = {Level.RED: 1, Level.ORANGE: 2, Level.YELLOW: 3, Level.BLUE: 10}

STAYS = "signals.stays"  # whoever took a signal goes on to answer it
DAYS = {
    "raised_from": "Raised from", "raised_to": "Raised to", "closed_from": "Closed from", "closed_to": "Closed to",
    "open_on": "Open at the end of",
}  # fmt: skip

COLUMNS = [
    Column("level", "Level", "badge", Level, width=70),
    Column("state", "State", value=lambda r: words.name(SignalState(r.state)), width=75),
    Column("rule", "Signal", value=lambda r: f"{r.rule_code} {dossier.title_of(r.rule_code)}", width=190),
    Column("about", "About", value=lambda r: r.customer or r.branch, width=180),
    Column("amount_fen", "At risk", "wan", width=120),
    Column("age", "Days open", "number", value=lambda r: ((r.closed_on or today) - r.first_on).days, width=85),
    Column("clock", "To be taken", "late", value=lambda r: _clock(r), width=100),
    Column("owner", "In charge", width=80),
    Column("branch", "Branch", width=110),
    Column("evidence", "Evidence", value=lambda r: acts_on_signals.evidence(r.evidence), width=420),
]


def _clock(row) -> tuple[str, bool]:
    if row.state != SignalState.RAISED:
        return _("taken"), False
    left = CLOCK[Level(row.level)] - (today - row.first_on).days
    return (_("{0} days left").format(left), False) if left >= 0 else (_("{0} days late").format(-left), True)


def _states(state: str | None, by_hand: bool, days: signals.Days) -> tuple[SignalState, ...]:
    """What is open, unless something else is asked for; of days that are past, whatever became of them."""
    if state:
        return (SignalState(state),)
    if by_hand:
        return SignalState.CLOSED, SignalState.FALSE_ALARM
    return LIVE_SIGNALS if days == signals.ANY_DAY else tuple(SignalState)


def tiles(counts: list) -> None:
    with st.grid(4, min_column_width=140):
        for level in reversed(Level):
            mine = [r for r in counts if r.level == level]
            waiting = sum(r.n for r in mine if r.state == SignalState.RAISED)
            st.metric(look.badge(level), f"{sum(r.n for r in mine):,}", _("{0} nobody took").format(waiting), delta_color="off",
                      delta_arrow="off", border=True)  # fmt: skip


def close_dialog() -> None:
    acts.leave("id")


@st.dialog(_("Deal with a signal"), width="large", on_dismiss=close_dialog)
def deal_with(signal) -> None:
    acts.in_dialog(*([] if st.session_state.pop(STAYS, False) else ["id"]))
    level, state = Level(signal.level), SignalState(signal.state)
    st.markdown(
        f"{look.badge(level)} {look.badge(state)} "
        f"**{look.plain(signal.rule_code)} {look.plain(dossier.title_of(signal.rule_code))}**"
    )
    about(signal)
    if state is SignalState.RAISED and permits.may(person, "signal.take"):
        acts.button("I am on it", lambda: _take(signal), "take", type="primary")
    if state in (SignalState.TAKEN, SignalState.ANSWERED) and signal.taken_by == person.id:
        st.pills(
            _("Measures"), acts_on_signals.MEASURES, selection_mode="multi", default=signal.measures, key="measures", format_func=_
        )
        st.text_area(_("What was found, what is done"), signal.answer or "", key="words", height=90, max_chars=2000)
        acts.button("Send the answer", lambda: _answer(signal), "answer", type="primary")
    if signal.closed_on is not None or not permits.may(person, acts_on_signals.closing(level)):
        return
    if signal.answered_by == person.id:
        st.caption(refusals.YourOwnAnswer().sentence(_))
    else:
        st.text_input(_("Reason for closing"), key="closing", max_chars=500)
        with st.container(horizontal=True):
            acts.button("Close: dealt with", lambda: _close(signal, False), "close")
            acts.button("False alarm", lambda: _close(signal, True), "false")


def about(signal) -> None:
    """What it is about, what fired, and what was said so far, by whom."""
    with access.reading(person) as conn:
        names = staff.names(conn, signal.answered_by, signal.closed_by)
    dossier.facts({
        "Customer": signal.customer, "Loan": signal.loan_no, "Branch": signal.branch, "In charge": signal.owner,
        "At risk": look.exact(signal.amount_fen) if signal.amount_fen else None, "Evidence": acts_on_signals.evidence(signal.evidence),
        "First seen": look.day(signal.first_on), "Last seen": look.day(signal.last_on),
        "Measures": _(", ").join(_(m) for m in signal.measures or []), "Answer": signal.answer,
        "Answered by": names.get(signal.answered_by),
        "Closed on": look.day(signal.closed_on) if signal.closed_on else None, "Closed by": names.get(signal.closed_by),
        "Note": signal.close_note,
    })  # fmt: skip
    if signal.gone_on and signal.closed_on is None:
        st.info(_("The condition has been gone since {0}.").format(look.day(signal.gone_on)), icon=":material/info:")
    with st.container(horizontal=True):
        if signal.customer_no:
            st.page_link(
                "pages/desk/customer.py",
                label=_("To the customer"),
                query_params={"no": signal.customer_no},
                icon=":material/person:",
            )
        if signal.loan_no:
            st.page_link(
                "pages/desk/loan.py", label=_("To the loan"), query_params={"no": signal.loan_no}, icon=":material/request_quote:"
            )


def _take(signal) -> None:
    with acts.act(person, "signal.take", "Taken in hand") as conn:
        acts_on_signals.take(conn, person, signal.id, now=clock.now())
        st.session_state[STAYS] = True


def _answer(signal) -> None:
    with acts.act(person, "signal.answer", "Answer sent") as conn:
        acts_on_signals.answer(conn, person, signal.id, st.session_state.measures, st.session_state.words, now=clock.now())


def _close(signal, false_alarm: bool) -> None:
    with acts.act(
        person, acts_on_signals.closing(Level(signal.level)), "Closed as a false alarm" if false_alarm else "Closed"
    ) as conn:
        acts_on_signals.close(conn, person, signal.id, st.session_state.closing, false_alarm=false_alarm, today=today)


head = tables.heading("Warning signals")
with access.reading(person) as conn:
    tiles(signals.counts_by_level(conn))
    with filters.bar():
        mine_only = filters.flag("mine", "Mine only")
        level = filters.word("level", "Level", list(reversed(Level)), width=110)
        state = filters.word("state", "State", SignalState, width=130)
        branch_ids = filters.branch(conn)
        owners = filters.people(conn, Role.MANAGER, Role.INSPECTOR, Role.BRANCH_HEAD, key="owner")
        owner = filters.choice("owner", "In charge", owners, 170)
        with filters.more(*DAYS, "by_hand"):
            days = signals.Days(**{name: filters.day(name, label, 150) for name, label in DAYS.items()})
            by_hand = filters.flag("by_hand", "Closed by somebody")
    wanted = {"states": _states(state, by_hand, days), "level": level, "branch_ids": branch_ids, "days": days,
              "owner_id": person.id if mine_only else int(owner) if owner else None}  # fmt: skip
    limit, offset = tables.span(wanted)
    found = signals.listing(conn, **wanted, limit=limit, offset=offset)
    asked = st.query_params.get("id", "")
    opened = signals.queue(conn, signal_id=int(asked), states=tuple(SignalState)) if tables.is_number(asked) else []

with head:
    tables.count(found, "signals, worst and oldest first", "click one to deal with it")
if asked and not opened:
    st.warning(_("There is no signal {0}, or it is not yours to see.").format(look.plain(asked)), icon=":material/link_off:")
if not found.rows:
    tables.empty("No signals here", "The night raises signals by rule; nothing open matches these filters.")
elif picked := tables.show(found.rows, COLUMNS, "signals", _("Warning signals")):
    st.query_params["id"] = picked.id
    opened = [picked]
tables.pager(found.total)
if opened:
    deal_with(opened[0])
