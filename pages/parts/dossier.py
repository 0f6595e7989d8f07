"""Pieces that the loan and customer pages share: facts, lines of todos, checks and signals, the trail."""

from collections.abc import Callable, Sequence
from datetime import date

import streamlit as st

from db import access, definitions
from db.vocab import CloseReason, Conclusion, Definition, Kind, Level, LoanClass, Mode, Outcome, SignalState, TodoState
from engine import clock, words
from engine.words import _
from pages.parts import look

VERDICTS = {
    "asked": ("Asked", "green"), "waiting": ("Waiting", "blue"), "satisfied": ("Covered", "gray"), "exempt": ("Exempt", "gray"),
    "overruled": ("Overruled", "gray"), "past": ("Past", "gray"),
}  # fmt: skip


def facts(pairs: dict[str, object]) -> None:
    """Label and value, two columns, nothing where nothing is known."""
    lines = [f"| {_(label)} | {look.plain(value)} |" for label, value in pairs.items() if value not in (None, "")]
    st.markdown("| | |\n|:--|:--|\n" + "\n".join(lines))


def verdict_badge(verdict: str) -> str:
    text, colour = VERDICTS[verdict]
    return f":{colour}-badge[{_(text)}]"


def todo_lines(rows: Sequence, today: date, limit: int = 12) -> None:
    if not rows:
        st.caption(_("No todos yet."))
    for t in rows[:limit]:
        when = look.due_words(t.due_on, t.late_from, today) if t.closed_on is None else look.day(t.closed_on)
        ended = f" · {words.name(CloseReason(t.close_reason))}" if t.close_reason else ""
        rule = f" · {t.rule_code} v{t.rule_version}" if t.rule_code else f" · {_('by hand')}"
        who = look.plain(t.assignee) if t.assignee else _("nobody yet")
        st.markdown(
            f"{look.badge(TodoState(t.state))} **{words.name(Kind(t.kind))}** · {words.name(Mode(t.mode))} · "
            f"{_('due {0}').format(look.day(t.due_on))} · {when}{ended} · {who}  :gray[:small[{look.plain(rule)}]]"
        )


def record_lines(rows: Sequence, limit: int = 12) -> None:
    if not rows:
        st.caption(_("No checks yet."))
    for r in rows[:limit]:
        where = ""
        if r.distance_m is not None:
            where = _(" · {0} m from the mark").format(round(r.distance_m))
        outcome = "" if r.outcome == Outcome.COMPLETED else f" · {words.name(Outcome(r.outcome))}"
        note = f"  \n:gray[{look.plain(r.note)}]" if r.note else ""
        st.markdown(
            f"{look.badge(Conclusion(r.conclusion))} **{look.moment(r.finished_at)}** · {words.name(Kind(r.kind))} · "
            f"{words.name(Mode(r.mode))} · {look.plain(r.staff)}{outcome}{where}{note}"
        )


def signal_lines(rows: Sequence, today: date, limit: int = 20) -> None:
    for s in rows[:limit]:
        st.markdown(
            f"{look.badge(Level(s.level))} {look.badge(SignalState(s.state))} **{s.rule_code}** {look.plain(title_of(s.rule_code))} · "
            f"{look.day(s.first_on)} · {look.plain(evidence(s.evidence))}"
        )


@st.cache_data(ttl=60, show_spinner=False)
def _titles(language: str) -> dict[str, str]:
    with access.reading(access.MACHINE) as conn:
        rows = definitions.in_force(conn, Definition.SIGNAL_RULE, clock.today())
    return {row.code: words.in_language(row.body["title"]) for row in rows}


def title_of(rule_code: str) -> str:
    """A signal rule's title in the reader's language."""
    return _titles(words.language.get()).get(rule_code, rule_code)


def evidence(values: dict) -> str:
    """The very values that fired: "days past due 34, balance 482,000"."""
    return _(", ").join(f"{words.field(name)} {_shown(name, value)}" for name, value in values.items())


def _shown(name: str, value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, float) and name.endswith("share"):
        return f"{100 * value:.1f}%"
    if isinstance(value, int | float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    known = {word.value: word for word in (*Conclusion, *LoanClass)}
    return words.name(known[value]) if value in known else str(value)


def trail(rows: Sequence, sentence: Callable, subject: tuple[str, str] | None = None, limit: int = 40) -> None:
    """Latest first; of one subject when asked."""
    if subject is not None:
        rows = [r for r in rows if r.noun != "loans" or (r.noun, r.row_id) == subject]
    if not rows:
        st.caption(_("Nothing was changed by hand or by a later feed yet."))
    for r in rows[:limit]:
        st.markdown(f":gray[{look.moment(r.at)}] {sentence(r)}")
