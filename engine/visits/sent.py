"""A check as the phone sends it: each value looked at before anything is done with it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from db.vocab import CallResult, Conclusion, FixSource, LoanClass, Outcome
from engine import refusals

MOST_PHOTOS = 40


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Long = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class SentFix(Part):
    lat: float = Field(ge=3, le=54, allow_inf_nan=False)
    lon: float = Field(ge=73, le=136, allow_inf_nan=False)
    accuracy_m: float | None = Field(default=None, ge=0, le=1e7, allow_inf_nan=False)
    at: AwareDatetime


class SentStep(SentFix):
    """Where the phone was while the visit was open."""

    source: Literal[FixSource.DURING, FixSource.SUBMIT] = FixSource.DURING


class SentCall(Part):
    at: AwareDatetime
    result: CallResult
    seconds: int | None = Field(default=None, ge=0, le=36_000)
    identity: list[int] = Field(default=[], max_length=8)


class SentLead(Part):
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    phone: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9+\- ]{0,20}$")] = ""
    wish: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class SentClaim(Part):
    """What presence is judged by before a check is sent."""

    fix: SentFix | None = None
    away_because: Short = ""
    photos: list[UUID] = Field(default=[], max_length=MOST_PHOTOS)


class Sent(Part):
    """A check as the phone sends it; frozen there when it is first sent, so that sending again is the same."""

    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime
    outcome: Outcome = Outcome.COMPLETED
    conclusion: Conclusion
    answers: dict[str, Any] = {}
    words: dict[str, Any] = {}
    note: Long = ""
    fix: SentFix | None = None
    track: list[SentStep] = Field(default=[], max_length=600)
    away_because: Short = ""
    calls: list[SentCall] = Field(default=[], max_length=40)
    photos: list[UUID] = Field(default=[], max_length=MOST_PHOTOS)
    proposed_class: LoanClass | None = None
    proposed_months: int | None = Field(default=None, ge=1, le=24)
    leads: list[SentLead] = Field(default=[], max_length=10)


def read(given: dict) -> Sent:
    return _read(Sent, given)


def read_claim(given: dict) -> SentClaim:
    return _read(SentClaim, given)


def _read(kind: type[Part], given: dict) -> Any:
    try:
        return kind.model_validate(given)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise refusals.Unreadable(where=".".join(map(str, first["loc"])) or "{}", problem=first["msg"]) from None
