"""Presence looked at by a person, and head office's word on a check. The grade chooses what is looked at; people decide."""

from datetime import datetime

from db import opinions, records, reviews
from db.access import Connection, Person
from db.vocab import Finding, Opinion, ReviewState
from engine import permits, refusals


def decide(conn: Connection, by: Person, review_id: int, finding: Finding, words: str | None, *, now: datetime) -> None:
    """What a reviewer found; anything but "accepted" needs words, for the officer will read them."""
    permits.must(by, "review.decide")
    said = (words or "").strip() or None if finding is Finding.ACCEPTED else permits.must_say_why(words)
    _must_be_another(conn, by, review_id)
    if not reviews.decide(conn, review_id, finding, said, by.id, now):
        raise refusals.Conflict


def appeal(conn: Connection, by: Person, review_id: int, words: str, *, now: datetime) -> None:
    """The officer's answer to a decision: once, with words."""
    permits.must(by, "review.appeal")
    said = permits.must_say_why(words)
    _found(conn, review_id)
    if not reviews.appeal(conn, review_id, said, by.id, now):
        raise refusals.OnlyOnce


def settle(conn: Connection, by: Person, review_id: int, finding: Finding, words: str, *, now: datetime) -> None:
    """The last word on an appeal, by somebody who has not decided before."""
    permits.must(by, "review.settle")
    said = permits.must_say_why(words)
    review = _must_be_another(conn, by, review_id)
    if review.decided_by == by.id:
        raise refusals.SecondPerson
    if not reviews.settle(conn, review_id, finding, said, by.id, now):
        raise refusals.Conflict


def judge(conn: Connection, by: Person, record_id: int, opinion: Opinion, words: str | None, *, now: datetime) -> None:
    """Pass a check, or return it with what is missing; a returned one may be passed once it was made good."""
    permits.must(by, "record.judge")
    said = permits.must_say_why(words) if opinion is Opinion.RETURNED else (words or "").strip() or None
    record = records.get(conn, record_id)
    if record is None:
        raise refusals.NotFound
    if record.staff_id == by.id:
        raise refusals.OnesOwn
    if not opinions.give(conn, record, opinion, said, by.id, now):
        raise refusals.Conflict


def _must_be_another(conn: Connection, by: Person, review_id: int):
    review = _found(conn, review_id)
    if review.staff_id == by.id:
        raise refusals.OnesOwn
    return review


def _found(conn: Connection, review_id: int):
    review = reviews.get(conn, review_id)
    if review is None:
        raise refusals.NotFound
    return review


def may_decide(by: Person, review) -> bool:
    """Whether this person can say something to a review now: the first decision, or the last word on an appeal."""
    if review is None or review.staff_id == by.id:
        return False
    if review.state == ReviewState.WAITING:
        return permits.may(by, "review.decide")
    return review.state == ReviewState.APPEALED and permits.may(by, "review.settle") and review.decided_by != by.id


def may_appeal(by: Person, review) -> bool:
    """The officer himself, against anything but plain acceptance, once."""
    return (
        review is not None and review.staff_id == by.id and review.state == ReviewState.DECIDED
        and review.finding != Finding.ACCEPTED and permits.may(by, "review.appeal")
    )  # fmt: skip
