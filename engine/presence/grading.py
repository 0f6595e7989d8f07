"""From the checks to one letter.

| grade | meaning                                  | made of                                             |
|-------|------------------------------------------|-----------------------------------------------------|
| A     | on site                                  | nothing noted                                       |
| B     | on site, with a remark                   | one or two notes                                    |
| C     | cannot be told; a person looks at it     | one doubt, or three notes                           |
| D     | contradicted; a person looks at it       | a failed check, or three doubts                     |
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from engine.presence import checks, made_up
from engine.presence.facts import CheckIn, Reason, Thresholds, Verdict
from engine.words import _

CHECKS: tuple[checks.Check, ...] = (
    checks.distance, checks.datum, checks.accuracy, checks.age, checks.speed, checks.dwell, checks.photo_time,
    checks.photo_place, checks.photo_reuse, made_up.repeated_digits, made_up.shared_digits, made_up.on_the_mark,
    made_up.grid, made_up.jitter, made_up.drawn, made_up.replayed,
)  # fmt: skip
SEVERITY = (Verdict.FAIL, Verdict.DOUBT, Verdict.NOTE, Verdict.PASS, Verdict.UNKNOWN)


@dataclass(frozen=True)
class Graded:
    """A grade and its reasons, the telling ones first."""

    grade: str
    reasons: tuple[Reason, ...]

    @property
    def for_review(self) -> bool:
        """A person looks at low grades; nothing is refused or blocked because of one."""
        return self.grade in ("C", "D")


def grade(seen: CheckIn, limits: Thresholds | None = None) -> Graded:
    """What the claim to have been there is worth."""
    limits = limits or Thresholds()
    reasons = sorted((check(seen, limits) for check in CHECKS), key=lambda reason: SEVERITY.index(reason.verdict))
    if seen.explanation:
        reasons.insert(0, _explained(seen))
    return Graded(letter(reason.verdict for reason in reasons), tuple(reasons))


def letter(verdicts: Iterable[Verdict]) -> str:
    """What the verdicts of all checks amount to."""
    found = Counter(verdicts)
    if found[Verdict.FAIL] or found[Verdict.DOUBT] >= 3:
        return "D"
    if found[Verdict.DOUBT] or found[Verdict.NOTE] >= 3:
        return "C"
    return "B" if found[Verdict.NOTE] else "A"


def _explained(seen: CheckIn) -> Reason:
    """An officer may check in elsewhere and say why; the evidence keeps its grade, the reviewer reads both."""
    return Reason("explanation", Verdict.UNKNOWN, _("The officer says: {0}").format(seen.explanation))
