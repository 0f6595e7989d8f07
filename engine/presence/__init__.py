"""Was the officer there? A check-in graded A to D by independent checks, each with its reason in words.

    graded = presence.grade(read.check_in(json.load(file)))
    graded.grade, graded.for_review, [reason.words for reason in graded.reasons]

A browser's position is a claim. The grade says how well the claim holds together; people judge, nothing is blocked.
"""

from engine.presence.facts import CheckIn, Fix, Photo, Place, Reason, Thresholds, Verdict
from engine.presence.grading import SEVERITY, Graded, grade, letter

__all__ = [
    "MEANING",
    "SAYS",
    "SEVERITY",
    "CheckIn",
    "Fix",
    "Graded",
    "Photo",
    "Place",
    "Reason",
    "Thresholds",
    "Verdict",
    "grade",
    "letter",
]

# What a grade means, and what one reason says of it.
MEANING = {"A": "Was on site", "B": "On site, with a remark", "C": "Cannot be told", "D": "Contradicted"}
SAYS = {
    Verdict.FAIL: "Contradicts", Verdict.DOUBT: "In doubt", Verdict.NOTE: "Hint", Verdict.PASS: "In order", Verdict.UNKNOWN: "Not known",
}  # fmt: skip
