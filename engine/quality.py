"""What is pointed out about the quality of checks (质量提示): words copied, answers as last time, too short, too quick, too late, too many.

Reckoned within a minute after a check has come, by limits that are parameters. It is a reason to look, not a verdict: nothing is
blocked, and whoever made the check sees it too.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from db import access, qualities, settings
from db.access import MACHINE, Connection
from db.vocab import Flaw
from engine import parameters, words
from engine.likeness import bands, likeness, plain
from engine.words import _

AT_A_TIME = 2_000
SETTLED = timedelta(days=1)  # by then a check that was being submitted has come, whatever its number
TELLS = {
    Flaw.COPIED: "{found:.0%} of its words are those of an earlier check.",
    Flaw.SAME: "All answers are as last time, {found:.0f} figures among them.",
    Flaw.SHORT: "{found:.0f} characters in words; {limit:.0f} are expected with this conclusion.",
    Flaw.QUICK: "Done within {found:g} minutes; less than {limit:g} are pointed out.",
    Flaw.LATE: "Came to the bank {found:.0f} hours after it was made; more than {limit:g} are pointed out.",
    Flaw.CROWDED: "{found:.0f} field visits of this officer within an hour; {limit:.0f} and more are pointed out.",
}


def judge_new(now: datetime) -> int:
    """Look at every check that has come since the last time. How many."""
    total, last = 0, 0
    while True:
        with access.transaction(MACHINE, "quality") as conn:
            fresh = qualities.unjudged(conn, last, now - SETTLED, AT_A_TIME)
            if not fresh:
                return total
            _judge(conn, fresh, _limits(conn, now), now)
        total, last = total + len(fresh), fresh[-1].id


def _limits(conn: Connection, now: datetime) -> dict[str, float]:
    found = parameters.values(conn, now.astimezone(settings.ZONE).date())
    return {name.removeprefix("quality."): value for name, value in found.items() if name.startswith("quality.")}


def _judge(conn: Connection, fresh: list, limits: Mapping[str, float], now: datetime) -> None:
    ids = [record.id for record in fresh]
    qualities.add(conn, {record.id: _bands(record, limits["copied_chars"]) for record in fresh}, now)
    qualities.measure(conn, ids, limits)
    qualities.point_out(conn, list(_copied(conn, ids, limits)))


def _bands(record, shortest: float) -> list[int] | None:
    if not record.words or len(plain(record.words)) < shortest:
        return None
    return bands(record.words, f"staff {record.staff_id}", f"customer {record.customer_id}") or None


def _copied(conn: Connection, ids: list[int], limits: Mapping[str, float]) -> Iterator[dict]:
    """The earlier check whose words are most like these; of several the latest."""
    earlier = defaultdict(list)
    for pair in qualities.alike(conn, ids, int(limits["copied_days"])):
        earlier[pair.record_id, pair.customer_id].append(pair.earlier_id)
    written = qualities.words_of(conn, {i for (one, _customer), others in earlier.items() for i in (one, *others)})
    for (record_id, customer_id), others in earlier.items():
        share, twin = max((likeness(written[record_id], written[other]), other) for other in others)
        if share >= limits["copied_share"] > 0:
            found = {"found": round(share, 3), "twin": twin, "limit": limits["copied_share"]}
            yield {"record_id": record_id, "customer_id": customer_id, "found": {Flaw.COPIED: found}}


def sentence(flaw: Flaw, measure: Mapping[str, float]) -> str:
    """What was found, in words, with the limit that was in force then."""
    return _(TELLS[flaw]).format(**measure)


def in_order(flags: list[str]) -> list[Flaw]:
    """As they weigh, the heaviest first."""
    return [flaw for flaw in Flaw if flaw in flags]


def named(flags: list[str] | None) -> str:
    return _(", ").join(words.name(flaw) for flaw in in_order(flags or []))
