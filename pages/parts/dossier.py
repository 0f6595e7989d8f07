"""Pieces that the loan and customer pages share: facts, lines of todos, checks and signals, the trail."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date

import streamlit as st

from db import access, definitions
from db.vocab import CloseReason, Conclusion, Definition, Kind, Level, Mode, Outcome, SignalState, TodoState
from engine import clock, sentences, signals, words
from engine.words import _
from pages.parts import charts, look

VERDICTS = {
    "asked": ("Asked", "green"), "waiting": ("Waiting", "blue"), "satisfied": ("Covered", "gray"), "exempt": ("Exempt", "gray"),
    "overruled": ("Overruled", "gray"), "past": ("Past", "gray"),
}  # fmt: skip


def facts(pairs: dict[str, object], key: str = "facts") -> None:
    """Label and value, nothing where nothing is known."""
    lines = [f"| {look.plain(_(label))} | {look.plain(value)} |" for label, value in pairs.items() if value not in (None, "")]
    with st.container(key=key):
        table(lines)


def table(lines: Sequence[str]) -> None:
    """Lines of "| label | value |" without a head."""
    st.markdown("| | |\n|:--|:--|\n" + "\n".join(lines))


def lines(rows: Sequence, line: Callable[[object], str], nothing: str, first: int = 8) -> None:
    """One line a row; the first ones open, the rest folded away."""
    if not rows:
        st.caption(_(nothing))
        return
    st.markdown("  \n".join(line(row) for row in rows[:first]))
    if len(rows) > first:
        with st.expander(_("{0} more").format(len(rows) - first)):
            st.markdown("  \n".join(line(row) for row in rows[first:]))


def over_time(states: Sequence, checks: Sequence, today: date) -> None:
    """The balance of some loans by class since they are known, with changes of class and checks marked."""
    with st.container(border=True, key="over-time"):
        st.subheader(_("Balance and class over time"), anchor=False)
        if states and all(s.to_on is None for s in states) and not checks:
            st.caption(_("Unchanged since {0}.").format(look.day(max(s.from_on for s in states))))
        elif states:
            drawn = charts.balance_and_class(states, checks, today)
            charts.draw(drawn, _("Balance in ten thousand yuan by class, with changes of class and checks"), "balances", 220)
            _class_changes(charts.class_changes(states))


def _class_changes(changes: Sequence) -> None:
    """In words: the latest first."""
    if changes:
        with st.expander(_("Changes of class ({0})").format(len(changes))):
            lines(changes[::-1], lambda c: f"{look.day(c[0])} · {look.plain(c[1])} · {look.badge(c[2])} → {look.badge(c[3])}", "")


def verdict_badge(verdict: str) -> str:
    text, colour = VERDICTS[verdict]
    return f":{colour}-badge[{_(text)}]"


def todo_lines(rows: Sequence, today: date) -> None:
    lines(rows, lambda t: _todo(t, today), "No todos yet.")


def _todo(t, today: date) -> str:
    due = _("due {0}").format(look.day(t.due_on))
    if t.closed_on is None:
        due += f" · {look.late(look.due_words(t.due_on, t.late_from, today), t.late_from <= today)}"
    else:
        due += f" · {_('closed {0}').format(look.day(t.closed_on))}"
    ended = f" · {words.name(CloseReason(t.close_reason))}" if t.close_reason else ""
    rule = f"{t.rule_code} v{t.rule_version}" if t.rule_code else by_hand(t.form_code)
    who = look.plain(t.assignee) if t.assignee else _("nobody yet")
    what = f"**{words.name(Kind(t.kind))}** · {words.name(Mode(t.mode))}"
    return f"{look.badge(TodoState(t.state))} {what} · {due}{ended} · {who}  :gray[:small[{look.plain(rule)}]]"


def by_hand(form_code: str | None) -> str:
    """Where a todo comes from that no rule made, and on which form it is filled in when one was chosen."""
    return _("by hand") + (f" · {_titles(Definition.FORM, words.language.get()).get(form_code, form_code)}" if form_code else "")


def record_lines(rows: Sequence) -> None:
    lines(rows, _record, "No checks yet.")


def _record(r) -> str:
    where = "" if r.distance_m is None else f" · {_('{0:,} m from the mark').format(round(r.distance_m))}"
    outcome = "" if r.outcome == Outcome.COMPLETED else f" · {words.name(Outcome(r.outcome))}"
    note = f" · :gray[{look.plain(r.note)}]" if r.note else ""
    return (
        f"{look.badge(Conclusion(r.conclusion))} {look.moment(r.finished_at)} · [**{words.name(Kind(r.kind))}**](/records?id={r.id}) · "
        f"{words.name(Mode(r.mode))} · {look.plain(r.staff)}{outcome}{where}{note}"
    )


def open_signals(rows: Sequence) -> dict[Level, int]:
    """How many of these signals are open at each level, the worst first."""
    found = Counter(Level(s.level) for s in rows if s.closed_on is None)
    return {level: found[level] for level in reversed(Level) if found[level]}


def signal_badge(level: Level, n: int) -> str:
    """As inline Markdown: open signals of a level."""
    return (
        f":{look.badge_colour(level)}-badge[:material/notification_important: {_('{0} signals: {1}').format(words.name(level), n)}]"
    )


def signal_lines(rows: Sequence) -> None:
    """What is open first; each leads to where it is dealt with."""
    lines(sorted(rows, key=lambda s: s.closed_on is not None), _signal, "No signals.")


def _signal(s) -> str:
    title = look.plain(f"{s.rule_code} {title_of(s.rule_code)}")
    return (
        f"{look.badge(Level(s.level))} {look.badge(SignalState(s.state))} [**{title}**](/signals?id={s.id}) · "
        f"{look.day(s.first_on)} · :gray[{look.plain(signals.evidence(s.evidence))}]"
    )


@st.cache_data(ttl=60, show_spinner=False)
def _titles(family: Definition, language: str) -> dict[str, str]:
    with access.reading(access.MACHINE) as conn:
        rows = definitions.in_force(conn, family, clock.today())
    return {row.code: words.in_language(row.body["title"]) for row in rows}


def title_of(rule_code: str) -> str:
    """A signal rule's title in the reader's language."""
    return _titles(Definition.SIGNAL_RULE, words.language.get()).get(rule_code, rule_code)


def trail(rows: Sequence, sentence: Callable[[object], str]) -> None:
    """Latest first."""
    lines(
        [r for r in rows if sentences.tells(r)],
        lambda r: f":gray[{look.moment(r.at)}] {sentence(r)}",
        "Nothing was changed by hand or by a later feed yet.",
        first=12,
    )
