"""How a customer's level is reckoned (评分卡): items with points, caps, and from how many points on each level is reached.

A scorecard is a definition two people sign; `starters/scorecards.yaml` holds the one that Vigil ships. An item's first
step that holds gives its points, none gives `otherwise`. A cap holds the level down, however many points there are.
docs/levels.md describes every key.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from db import features
from db.levels import Card
from db.vocab import CustomerLevel, Subject
from engine import faults, rule_words, words
from engine.refusals import BadRule
from engine.rules import check_condition
from engine.words import _

FIELDS = features.SUBJECTS[Subject.CUSTOMER].fields
CODE = r"^[a-z_]{2,30}$"


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(Part):
    points: int = Field(ge=0, le=100)
    who: dict[str, Any]


class Item(Part):
    """One thing that counts, with the points for each answer, the best first."""

    code: str = Field(pattern=CODE)
    title: dict[Literal["zh", "en"], str]
    steps: list[Step] = Field(min_length=1, max_length=12)
    otherwise: int = Field(default=0, ge=0, le=100)

    @property
    def most(self) -> int:
        return max(self.otherwise, *(step.points for step in self.steps))


class Cap(Part):
    """However many points somebody has, he is no better than this level."""

    code: str = Field(pattern=CODE)
    level: CustomerLevel
    title: dict[Literal["zh", "en"], str]
    who: dict[str, Any]


class Scorecard(Part):
    """Items, caps, and the points from which on each level is reached; below them all it is the last."""

    code: str = Field(pattern="^[A-Z]{2,20}$")
    title: dict[Literal["zh", "en"], str]
    items: list[Item] = Field(min_length=1, max_length=40)
    caps: list[Cap] = Field(default_factory=list, max_length=20)
    levels: dict[Literal["A", "B", "C", "D"], int]

    @model_validator(mode="after")
    def _adds_up(self) -> "Scorecard":
        for part in (*self.items, *self.caps):
            for who in [step.who for step in part.steps] if isinstance(part, Item) else [part.who]:
                check_condition(who, FIELDS)
        codes = [part.code for part in (*self.items, *self.caps)]
        if len(set(codes)) < len(codes):
            raise ValueError(_("Each item and each cap needs a code of its own"))
        if "level" in self.used():
            raise ValueError(_("A level cannot follow from itself: no item or cap may look at the customer's level"))
        if (most := sum(item.most for item in self.items)) != 100:
            raise ValueError(_("The most points of all items add up to {0}; they must add up to 100").format(most))
        bounds = [self.levels.get(level) for level in "ABCD"]
        if None in bounds or bounds != sorted(bounds, reverse=True) or len(set(bounds)) < 4:
            raise ValueError(_("Levels A, B, C and D each begin at more points than the next"))
        return self

    def used(self) -> set[str]:
        """The fields that it looks at."""
        return self.as_card(0).used()

    def as_card(self, version: int) -> Card:
        """For the night."""
        items = tuple((i.code, tuple((s.who, s.points) for s in i.steps), i.otherwise) for i in self.items)
        caps = tuple((c.code, c.who, c.level.value) for c in self.caps)
        return Card(version, items, caps, tuple(self.levels.items()))


def parse(body: object) -> Scorecard:
    """A card from the data of a definition; BadRule says where and what is wrong."""
    try:
        return Scorecard.model_validate(body)
    except ValidationError as wrong:
        where, problem = faults.first(wrong, body)
        raise BadRule(where=where or _("Scorecard"), problem=problem) from None


def in_words(card: Scorecard) -> list[str]:
    """A line for each item, for each cap, and one for the levels."""
    lines = [words.pair(words.in_language(item.title), _item(item)) for item in card.items]
    lines += [_("{0}: no better than {1}").format(words.in_language(cap.title), words.name(cap.level)) for cap in card.caps]
    return [*lines, _(", ").join(_("{0} from {1} points").format(level, bound) for level, bound in card.levels.items())]


def _item(item: Item) -> str:
    steps = [_("{0} → {1}").format(condition(step.who), step.points) for step in item.steps]
    return _("; ").join([*steps, _("else {0}").format(item.otherwise)])


def condition(who: dict) -> str:
    return rule_words.condition(who, FIELDS)


def reasons(card: Scorecard, points: dict[str, int], most: int = 3) -> list[tuple[str, int, int]]:
    """What cost most points: title, points, points that there are."""
    lost = [(words.in_language(i.title), points.get(i.code, 0), i.most) for i in card.items]
    return sorted((one for one in lost if one[1] < one[2]), key=lambda one: one[1] - one[2])[:most]


def capped_by(card: Scorecard, caps: list[str]) -> list[str]:
    """The titles of the caps that hold, the hardest first."""
    holding = [cap for cap in card.caps if cap.code in caps]
    return [words.in_language(cap.title) for cap in sorted(holding, key=lambda cap: cap.level, reverse=True)]
