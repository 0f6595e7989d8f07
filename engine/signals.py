"""Warning signals: what people do with one. The night raises and lifts them (db/signals.py)."""

from datetime import date, datetime

from db import signals
from db.access import Connection, Person
from db.vocab import Conclusion, Level, LoanClass, SignalState
from engine import permits, refusals, words
from engine.words import _

MEASURES = (
    "More frequent checks", "Stop drawing", "Add collateral or guarantor", "Change repayment plan", "Call early",
    "Reduce exposure", "Propose a worse class", "Collections", "Preserve assets", "Suit",
)  # fmt: skip
HIGH = (Level.ORANGE, Level.RED)
SHORTEST_ANSWER = 5  # characters; "ok" is no answer


def take(conn: Connection, by: Person, signal_id: int, *, now: datetime) -> None:
    """Say "I am on it"; the clock of the level stops being nobody's."""
    permits.must(by, "signal.take")
    _found(conn, signal_id)
    if not signals.take(conn, signal_id, by.id, now):
        raise refusals.Conflict


def answer(conn: Connection, by: Person, signal_id: int, measures: list[str], words: str, *, now: datetime) -> None:
    """What was found and what is done about it; by the one who took it."""
    permits.must(by, "signal.answer")
    found = _found(conn, signal_id)
    if found.taken_by != by.id:
        raise refusals.TakenByAnother
    if len(words.strip()) < SHORTEST_ANSWER:
        raise refusals.TooShort(field="answer", least=SHORTEST_ANSWER)
    if set(measures) - set(MEASURES):
        raise refusals.NotFound
    if not signals.answer(conn, signal_id, by.id, measures, words.strip(), now):
        raise refusals.Conflict


def close(conn: Connection, by: Person, signal_id: int, note: str, *, false_alarm: bool, today: date) -> None:
    """End a signal: dealt with, or a false alarm. Orange and red by head office risk, never by who answered it."""
    found = _found(conn, signal_id)
    permits.must(by, closing(Level(found.level)))
    if by.id == found.answered_by:
        raise refusals.YourOwnAnswer
    if len(note.strip()) < SHORTEST_ANSWER:
        raise refusals.TooShort(field="reason", least=SHORTEST_ANSWER)
    state = SignalState.FALSE_ALARM if false_alarm else SignalState.CLOSED
    if not signals.close(conn, signal_id, by.id, state, note.strip(), today):
        raise refusals.Conflict


def closing(level: Level) -> str:
    """Which permit closes a signal of this level."""
    return "signal.close.high" if level in HIGH else "signal.close.low"


def _found(conn: Connection, signal_id: int):
    found = signals.get(conn, signal_id)
    if found is None:
        raise refusals.NotFound
    return found


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
