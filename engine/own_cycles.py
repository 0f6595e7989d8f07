"""单笔检查频率调整: asking for one loan's own cycle or mode, and what follows when a second person agrees or somebody ends it.

What it makes of a rule, and the night each time anew of whichever rule governs then: engine/own_rules.py.
"""

from datetime import date, datetime, timedelta

from db import loans, own_cycles, records
from db.access import Connection, Person
from db.vocab import Request
from engine import clock, deciders, explain, own_rules, parameters, permits, refusals, requests
from engine.own_rules import Wish
from engine.rules import MAX_CYCLE_DAYS, Rule

LONGEST = timedelta(days=366)  # of one that is laxer than its rule
WHY = {
    "once": refusals.AskedOnce, "lighter": refusals.LighterThanTheRule, "longer": refusals.TooLax, "same": refusals.SameAsTheRule,
}  # fmt: skip


def ask(
    conn: Connection, by: Person, loan_no: str, wish: Wish, until_on: date | None, reason: str, *, now: datetime, today: date
) -> int:
    """`until_on` None: until somebody ends it. A second person decides. The request's id."""
    permits.must(by, "cycle.ask")
    loan = loans.get(conn, loan_no)
    if loan is None or not loan.live:
        raise refusals.NotFound
    rule = _governing(conn, loan_no, wish, today)
    _must_fit(conn, rule.rule, wish, until_on, today)
    before = {"rule": rule.rule.code, "version": rule.version, **_said(Wish(wish.kind, rule.rule.timing().every, rule.rule.mode))}
    after = _said(wish) | {"kind": wish.kind.value, "loan": loan_no, "until_on": until_on and until_on.isoformat()}
    about = requests.About(loan.customer_id, loan.branch_id, loan.id)
    return requests.ask(conn, by, Request.CYCLE, about, before, after, reason, now=now)


def _governing(conn: Connection, loan_no: str, wish: Wish, today: date):
    rule = explain.explain(conn, loan_no, today).governing.get(wish.kind)
    if rule is None:
        raise refusals.NoRuleGoverns
    return rule


def _must_fit(conn: Connection, rule: Rule, wish: Wish, until_on: date | None, today: date) -> None:
    longest = parameters.values(conn, today)["cycles.longest"]
    if wish.every and not 1 <= wish.every.days <= MAX_CYCLE_DAYS:
        raise refusals.TooLax(longest=f"{longest:g}")
    if why := own_rules.why_not(rule, wish, longest):
        raise WHY[why](longest=f"{longest:g}")
    if until_on is not None and until_on < today:
        raise refusals.BadPeriod
    if own_rules.is_laxer(rule, wish) and (until_on is None or until_on > today + LONGEST):
        raise refusals.LaxerNeedsAnEnd


def _said(wish: Wish) -> dict:
    every = wish.every
    return {"every_n": every and every.n, "every_unit": every and every.unit.value, "mode": wish.mode and wish.mode.value}


def apply(conn: Connection, request, by: int, now: datetime) -> None:
    """Approved: in force at once, if the rule that it was asked in place of still governs."""
    after, today = request.after, clock.today()
    loan = loans.get(conn, after["loan"])
    until_on = date.fromisoformat(after["until_on"]) if after["until_on"] else None
    if loan is None or not loan.live or until_on and until_on < today:
        raise refusals.Stale
    values = {name: after[name] for name in ("kind", "every_n", "every_unit", "mode")}
    rule = explain.explain(conn, after["loan"], today).governing.get(values["kind"])
    if rule is None or (rule.rule.code, rule.version) != (request.before["rule"], request.before["version"]):
        raise refusals.Stale
    begun = own_cycles.begin(
        conn, customer_id=loan.customer_id, loan_id=loan.id, **values, from_on=today, until_on=until_on, reason=request.reason,
        asked_by=request.asked_by, approved_by=by, approved_at=now,
    )  # fmt: skip
    if not begun:
        raise refusals.Conflict
    records.touch(conn, [loan.customer_id])


def end(conn: Connection, by: Person, customer_id: int, cycle_id: int, *, today: date) -> None:
    """From today on the rule is back. Not by who asked for it: that takes two as well."""
    permits.must(by, "cycle.decide")
    found = own_cycles.get(conn, customer_id, cycle_id)
    if found is None:
        raise refusals.NotFound
    deciders.must_be_second(conn, by, found.asked_by)
    records.touch(conn, [customer_id])
    if not own_cycles.end(conn, customer_id, cycle_id, today, by.id):
        raise refusals.Conflict
