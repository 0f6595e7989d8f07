"""How things look and read everywhere: one colour and one mark a meaning, one way to write money and days."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from db.vocab import (
    Approval,
    BatchState,
    Conclusion,
    CustomerLevel,
    DispatchState,
    ExportState,
    FeedState,
    Finding,
    Flaw,
    HandoverState,
    JobState,
    Kind,
    LeadState,
    Level,
    LoanClass,
    LoanStatus,
    Opinion,
    ReviewState,
    SecondLook,
    SignalState,
    TodoState,
)  # fmt: skip
from engine import words
from engine.words import _
from engine.writing import day, exact, moment, money, percent, plain, visible

__all__ = ["day", "exact", "moment", "money", "percent", "plain", "visible"]  # pages know one place for all of it

INK, QUIET = "#24343B", "#6B7C85"
TEAL, AMBER, RED, ORANGE, YELLOW, BLUE, GREEN, GREY = (
    "#1F6F78", "#B7791F", "#B83227", "#C2611B", "#A98600", "#2F6DA8", "#2E7D4F", "#7B8A92",
)  # fmt: skip

INK_ON_DARK = "#E3EAED"
BEFORE = "#A9BDC4"  # what was, beside what will be

KIND_COLOURS = {
    Kind.FIRST: "#3E8E95", Kind.REGULAR: "#1F6F78", Kind.KEY: "#8A4F7D", Kind.MATURITY: "#5B7DB1", Kind.OVERDUE: "#C2611B",
    Kind.FULL: "#7A8B3A", Kind.SPECIAL: "#9A7B4F", Kind.SPOT: "#A3B0B5", Kind.ALERT: "#B83227",
}  # fmt: skip
CLASS_COLOURS = {
    LoanClass.NORMAL: TEAL, LoanClass.SPECIAL_MENTION: YELLOW, LoanClass.SUBSTANDARD: ORANGE, LoanClass.DOUBTFUL: RED, LoanClass.LOSS: "#6E1A14",
}  # fmt: skip
AGE_COLOURS = {"late_7": "#E3B27C", "late_30": "#D0793A", "late_more": "#A6291F"}
LEVEL_COLOURS = {Level.RED: RED, Level.ORANGE: ORANGE, Level.YELLOW: YELLOW, Level.BLUE: BLUE}

# The named colours Streamlit's badges know, one for each state of each thing.
BADGES: dict[tuple[type, str], str] = {
    **{(CustomerLevel, k): v for k, v in (("A", "green"), ("B", "blue"), ("C", "yellow"), ("D", "orange"), ("E", "red"))},
    **{(Level, k): v for k, v in (("red", "red"), ("orange", "orange"), ("yellow", "yellow"), ("blue", "blue"))},
    **{
        (LoanClass, k): v
        for k, v in (("normal", "gray"), ("special_mention", "yellow"), ("substandard", "orange"),
            ("doubtful", "red"), ("loss", "red"))
    },
    **{
        (LoanStatus, k): v
        for k, v in (("normal", "gray"), ("overdue", "red"), ("settled", "gray"), ("written_off", "gray"), ("transferred", "gray"))
    },
    **{(TodoState, k): v for k, v in (("open", "blue"), ("started", "violet"), ("done", "green"), ("cancelled", "gray"))},
    **{
        (SignalState, k): v
        for k, v in (
            ("raised", "red"), ("taken", "orange"), ("answered", "blue"), ("closed", "green"),
            ("false_alarm", "gray"), ("lifted", "gray"),
        )
    },
    **{(Conclusion, k): v for k, v in (("normal", "green"), ("attention", "yellow"), ("risk", "red"), ("unable", "gray"))},
    **{(LeadState, k): v for k, v in (("new", "blue"), ("contacted", "orange"), ("won", "green"), ("lost", "gray"))},
    **{(Approval, k): v for k, v in (("submitted", "orange"), ("approved", "green"), ("refused", "red"), ("withdrawn", "gray"))},
    **{(BatchState, k): v for k, v in (("waiting", "orange"), ("done", "green"), ("refused", "gray"), ("undone", "gray"))},
    **{(FeedState, k): v for k, v in (("loading", "blue"), ("loaded", "green"), ("stopped", "orange"), ("failed", "red"))},
    **{
        (HandoverState, k): v
        for k, v in (("waiting", "blue"), ("done", "green"), ("returned", "gray"), ("withdrawn", "gray"), ("failed", "orange"))
    },
    **{
        (DispatchState, k): v
        for k, v in (
            ("waiting", "blue"), ("sending", "blue"), ("sent", "green"), ("failed", "red"), ("unknown", "orange"),
            ("dropped", "gray"),
        )
    },
    **{(ReviewState, k): v for k, v in (("waiting", "orange"), ("decided", "gray"), ("appealed", "violet"), ("settled", "gray"))},
    **{(Finding, k): v for k, v in (("accepted", "green"), ("doubtful", "orange"), ("refused", "red"))},
    **{(SecondLook, k): v for k, v in (("waiting", "gray"), ("agreed", "green"), ("doubted", "orange"))},
    **dict.fromkeys(((Flaw, flaw) for flaw in Flaw), "orange"),
    **{(Opinion, k): v for k, v in (("passed", "green"), ("returned", "orange"))},
    **{
        (ExportState, k): v
        for k, v in (
            ("waiting", "blue"), ("held", "orange"), ("running", "blue"), ("ready", "green"), ("failed", "red"), ("refused", "gray"),
            ("gone", "gray"),
        )
    },
    **{(JobState, k): v for k, v in (("running", "blue"), ("done", "green"), ("failed", "red"))},
}  # fmt: skip
HEX = {"red": RED, "orange": ORANGE, "yellow": YELLOW, "blue": BLUE, "green": GREEN, "gray": GREY, "violet": "#6D5BA6"}

KIND_ICONS = {
    Kind.FIRST: ":material/flag:", Kind.REGULAR: ":material/event_repeat:", Kind.KEY: ":material/priority_high:",
    Kind.MATURITY: ":material/event_upcoming:", Kind.OVERDUE: ":material/alarm:", Kind.FULL: ":material/fact_check:",
    Kind.SPECIAL: ":material/target:", Kind.SPOT: ":material/search_check:", Kind.ALERT: ":material/notification_important:",
}  # fmt: skip
MODE_ICONS = {"field": ":material/location_on:", "phone": ":material/call:", "data": ":material/desktop_windows:"}


LATE = "#D0433A"  # readable on light and on dark


def chip(word: StrEnum) -> str:
    """A state's colour behind its name in a table."""
    return HEX[badge_colour(word)] + ("00" if badge_colour(word) == "gray" else "33")


def badge_colour(word: StrEnum) -> str:
    return BADGES.get((type(word), word.value), "gray")


def badge(word: StrEnum) -> str:
    """A state as inline Markdown."""
    return f":{badge_colour(word)}-badge[{words.name(word)}]"


def typed(text: str) -> str:
    """What stands in an address, fit to be asked of the store."""
    return text.replace("\0", "").strip()[:60]


def size(of: int) -> str:
    """Of a file."""
    return f"{of / 2**20:,.1f} MB" if of >= 2**20 else f"{max(1, round(of / 1024))} KB"


def yuan(fen: int | None) -> Decimal | None:
    return None if fen is None else Decimal(fen) / 100


def ten_thousands(fen: int | None) -> float | None:
    """For a table's column of numbers in 万元."""
    return None if fen is None else round(fen / 1_000_000, 2)


def days_late(late_from: date, today: date) -> int:
    """1 on the first late day; 0 or less while in time."""
    return (today - late_from).days + 1


def due_words(due_on: date, late_from: date, today: date) -> str:
    late = days_late(late_from, today)
    if late > 0:
        return _("{0} days overdue").format(late)
    left = (due_on - today).days
    if left == 0:
        return _("due today")
    return _("due in {0} days").format(left) if left > 0 else _("in grace, {0} days past due").format(-left)


def spot(colour: str) -> str:
    """A dot of this very colour (#RRGGBB), as it stands on a map beside: the theme's own shades are others in dark."""
    return f':color[●]{{foreground="{colour}"}}'


def late(text: str, is_late: bool) -> str:
    """As inline Markdown: what is overdue has its colour and its mark."""
    return f":red[:material/schedule: {text}]" if is_late else text


def late_badge(text: str) -> str:
    """The same beside a name."""
    return f":red-badge[:material/schedule: {text}]"


def overdue_days(since: date | None, today: date) -> int | None:
    return None if since is None else max(0, (today - since).days)
