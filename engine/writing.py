"""How values are written for people, the same on screens, on paper and in the trail: money, days, moments, strangers' texts."""

import re
from datetime import date, datetime
from decimal import Decimal

from db import settings
from engine import words

_INVISIBLE = re.compile("[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>$:&@/])")
# An address becomes a link even when its signs are escaped, unless something that is never drawn stands within it.
_ADDRESS = re.compile(r"https?(?=\\:)|www(?=\\\.)|(?<=.)(?=\\@)", re.IGNORECASE)
_APART = ":small[]"


def plain(text: object) -> str:
    """Text from people or feeds inside Markdown: shown as it is, never as a link, an image or a formula."""
    return "" if text is None else _ADDRESS.sub(rf"\g<0>{_APART}", _MARKDOWN.sub(r"\\\1", visible(text)))


def unmarked(markdown: str) -> str:
    """A sentence whose values are `plain`, for where there is no Markdown: without its escapes and its bold."""
    return re.sub(rf"\\(.)|\*\*|{re.escape(_APART)}", lambda found: found.group(1) or "", markdown)


def visible(text: object) -> str:
    """On one line, and what would turn or hide the writing around it is seen."""
    return _INVISIBLE.sub("\ufffd", str(text).replace("\r", "").replace("\n", " ").replace("\t", " "))


def money(fen: int | None) -> str:
    """Short: 48.2万, 1.35亿; in English 482,000."""
    if fen is None:
        return "—"
    amount = Decimal(fen) / 100
    if words.language.get() == "zh":
        for size, unit in ((10**8, "亿"), (10**4, "万")):
            if abs(amount) >= size:
                return f"{amount / size:,.2f}".rstrip("0").rstrip(".") + unit
        return f"{amount:,.0f}元"
    return f"¥{amount:,.0f}"


def exact(fen: int | None) -> str:
    """¥482,000.00"""
    return "—" if fen is None else f"¥{Decimal(fen) / 100:,.2f}"


def percent(part: float | int | None, whole: float | int | None) -> str:
    return "—" if not whole or part is None else f"{100 * part / whole:.1f}%"


def day(value: date | None) -> str:
    return "—" if value is None else value.isoformat()


def moment(value: datetime | None) -> str:
    """In China's time, to the minute."""
    return "—" if value is None else value.astimezone(settings.ZONE).strftime("%Y-%m-%d %H:%M")
