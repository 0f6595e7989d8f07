"""The effect of a draft of a signal rule on a page (试运行): on whom it fires beside the rule in force, what the night does about
it, and what it would have said of the signals there were."""

from dataclasses import dataclass
from datetime import date

import streamlit as st

from db import access, branches
from db.access import Person
from db.signal_trials import Differing
from db.vocab import LIVE_SIGNALS, Fate, Level, SignalState
from engine import clock, exports, signal_rehearsal, signals, words
from engine.lists import OfSignalTrial
from engine.signal_rehearsal import Effect
from engine.words import _
from pages.parts import exporting, look, tables, trials
from pages.parts.rule_trial import BRANCH, LOADS, Line, most_changed
from pages.parts.tables import Column

KEY = "signal_trial"
BY_LEVEL = [Column("level", "Level", "badge", Level, width=80), *LOADS]
ROWS = [
    Column("was", "As it is", "badge", Level, width=80),
    Column("becomes", "With the draft", "badge", Level, width=80),
    Column("fate", "What the night does", value=lambda r: words.name(Fate(r.fate)), width=150),
    Column("about", "About", width=180),
    Column("loan_no", "Loan number", width=150),
    Column("evidence", "Evidence", value=lambda r: signals.evidence(r.evidence), width=360),
    Column("amount_fen", "At risk", "wan", width=110),
    Column("state", "Its open signal", value=lambda r: _open(r), width=150),
    Column("owner", "In charge", width=80),
    Column("branch", "Branch", width=120),
]
PAST = [
    Column("what", "What became of it", width=150),
    Column("n", "Signals", "number", width=80),
    Column("fires", "The draft fires too", "number", width=120),
    Column("silent", "The draft is silent", "number", width=120),
    Column(
        "unknown", "Cannot be told", "number", width=110, help="The evidence that was kept lacks a value that the draft asks for."
    ),
]
OUTCOMES = {
    "False alarm": (SignalState.FALSE_ALARM,),
    "Dealt with": (SignalState.CLOSED,),
    "Lifted by the night": (SignalState.LIFTED,),
    "Not ended yet": LIVE_SIGNALS,
}


@dataclass(frozen=True)
class AtLevel:
    level: Level
    usual: int
    drafted: int

    @property
    def more(self) -> str:
        return Line("", self.usual, self.drafted).more


@dataclass(frozen=True)
class Outcome:
    what: str
    n: int
    fires: int
    silent: int
    unknown: int


def draw(person: Person, body: dict, valid_from: date) -> None:
    """A button that tries it out, and what came of the last try of this very draft."""
    st.caption(
        _("Searches the book as the next night does, by the draft and by the rule in force: nothing is raised, nobody is told.")
    )
    today = clock.today()
    found = trials.tried(KEY, person, body, valid_from, _("The book is searched"),
                         lambda say: signal_rehearsal.rehearse(person, body, today=today, say=say))  # fmt: skip
    if found is not None:
        _effect(person, body, found)


def _effect(person: Person, body: dict, found: Effect) -> None:
    was, becomes = found.fires
    with st.container(horizontal=True, key="trial_figures"):
        st.metric(_("Fires on"), f"{becomes:,}", f"{becomes - was:+,}", delta_color="off", delta_arrow="off", width=130)
        for title, n in (("Fires anew", found.anew), ("Fires no more", found.no_more), ("At another level", found.elsewhere)):
            st.metric(_(title), f"{n:,}", width=130)
    st.caption(_("On the night of {0} the difference is {1:,} signals raised, {2:,} made worse and {3:,} lifted; {4:,} stay with whoever took them. An open signal keeps its worst level.").format(  # fmt: skip
        look.day(found.day), *(found.fated(fate) for fate in (Fate.RAISED, Fate.WORSE, Fate.LIFTED, Fate.LEFT))))  # fmt: skip
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**{_('By level')}**")
        tables.look_at([AtLevel(*row) for row in found.by_level()], BY_LEVEL, "trial_levels", _("By level"))
    with right:
        st.markdown(f"**{_('By branch')}**")
        with access.reading(person) as conn:
            names = branches.names(conn)
        lines = [Line(names.get(key, "?"), *both) for key, both in found.by_branch().items()]
        tables.look_at(most_changed(lines), BRANCH, "trial_branches", _("By branch"), 8)
    _rows(person, body, found)
    _past(found)


def _rows(person: Person, body: dict, found: Effect) -> None:
    n = found.anew + found.no_more + found.elsewhere
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{_('Where the draft differs')}**", width="content")
        if n:
            st.caption(_("{0:,} in all, the first {1} of them; click a row for whom it is about.").format(n, len(found.rows)), width="content")  # fmt: skip
            st.space("stretch")
            exporting.button(person, exports.of_list("signal_trial", OfSignalTrial(body, clock.today())), permit="rule.try")
    if not n:
        st.caption(_("It fires on the same, at the same levels."))
    elif picked := tables.show(found.rows, ROWS, "trial_rows", _("Where the draft differs"), 12):
        _open_page(picked)


def _open_page(row: Differing) -> None:
    if row.loan_no:
        tables.open_page("desk/loan", no=row.loan_no)
    elif row.customer_no:
        tables.open_page("desk/customer", no=row.customer_no)


def _open(row: Differing) -> str | None:
    """The signal on it that is open."""
    return f"{words.name(SignalState(row.state))} · {look.day(row.since)}" if row.state else None


def _past(found: Effect) -> None:
    st.markdown(f"**{_('Signals of the last twelve months, by what the draft says of them')}**")
    lines = [line for title, states in OUTCOMES.items() if (line := _outcome(found, title, states)).n]
    if not lines:
        st.caption(_("This rule has raised no signal in that time."))
        return
    tables.look_at(lines, PAST, "trial_past", _("Signals of the last twelve months"))
    st.caption(_("Judged by the evidence that is kept with each signal, as it was last seen."))


def _outcome(found: Effect, title: str, states: tuple[SignalState, ...]) -> Outcome:
    n = {
        verdict: sum(one.n for one in found.past if one.state in states and one.verdict == verdict)
        for verdict in ("fires", "silent", "unknown")
    }
    return Outcome(_(title), sum(n.values()), **n)
