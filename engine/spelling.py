"""How names are found: by their characters, by full pinyin or by its initials, anywhere in the name.

A name is cut into short pieces, which the store keeps in an index of pieces; what is typed is cut in the same way, and what has
all its pieces is a candidate. Names are spelt beside the book, after a feed, never during one: a new name is found by its
characters at once and by its pinyin within minutes.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from pypinyin import Style, lazy_pinyin

from db import access, spellings
from db.access import MACHINE
from db.spellings import initial_pieces, runs

# Characters that are read otherwise when they are somebody's family name.
SURNAMES = {
    "曾": "zeng", "单": "shan", "仇": "qiu", "解": "xie", "查": "zha", "区": "ou", "朴": "piao", "任": "ren", "盖": "ge", "翟": "zhai",
    "覃": "qin", "乐": "yue", "洗": "xian", "员": "yun", "缪": "miao", "宓": "mi", "纪": "ji", "召": "shao", "折": "she", "黑": "he",
}  # fmt: skip
LONGEST_PERSON = 4  # characters; what is longer is a firm
AT_A_TIME = 5_000


@lru_cache(maxsize=20_000)
def spelt(name: str) -> tuple[str, str]:
    """(full pinyin, initials): ("wangfang", "wf"); Latin letters and figures stand for themselves."""
    said = _of_a_person(name) if len(name) <= LONGEST_PERSON else _read_aloud(name)
    syllables = [part for part in said if re.fullmatch(r"[a-z0-9]+", part)]
    return "".join(syllables), "".join(part[0] for part in syllables)


def _of_a_person(name: str) -> list[str]:
    """Character by character, which is much faster; only the family name may be read in a way of its own."""
    said = [syllable for character in name for syllable in _syllable(character)]
    return [SURNAMES[name[0]], *said[1:]] if name[:1] in SURNAMES else said


@cache
def _syllable(character: str) -> list[str]:
    return _read_aloud(character)


def _read_aloud(text: str) -> list[str]:
    return [part.lower() for part in lazy_pinyin(text, style=Style.NORMAL, errors=lambda rest: list(rest))]


def pieces(name: str, village: str | None) -> list[str]:
    """By which a customer is found: of his name and of the place where he lives."""
    pinyin, initials = spelt(name)
    found = {*runs(name.lower(), 1), *runs(name.lower(), 2), *initial_pieces(initials), *runs(pinyin, 3)}
    if village:
        found |= {*runs(village, 1), *runs(village, 2), *initial_pieces(spelt(village)[1])}
    return sorted(found)


def fits(text: str, name: str) -> bool:
    """Whether a name is meant, for lists that are at hand as a whole."""
    wanted = re.sub(r"\s+", "", text.lower())
    pinyin, initials = spelt(name)
    return bool(wanted) and (wanted in name.lower() or len(wanted) > 1 and (wanted in initials or wanted in pinyin))


def catch_up() -> int:
    """Spell the names that are new or have changed since the last time. How many."""
    total = 0
    for stale in _stale():
        rows = [_row(one) for one in stale]
        with access.transaction(MACHINE, "search.spell") as conn:
            spellings.put(conn, rows)
        total += len(rows)
    return total


def _stale() -> Iterator[list]:
    while True:
        with access.reading(MACHINE) as conn:
            stale = spellings.stale(conn, AT_A_TIME)
        if not stale:
            return
        yield stale


def _row(one) -> dict:
    pinyin, initials = spelt(one.name)
    places = spelt(one.village)[1] if one.village else ""
    return {
        "customer_id": one.id, "name": one.name, "village": one.village, "pinyin": pinyin, "initials": f"{initials} {places}",
        "pieces": pieces(one.name, one.village),
    }  # fmt: skip
