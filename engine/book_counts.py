"""The large figures of pages that count the whole book: one function each, what it counts and for which day."""

from collections.abc import Sequence
from datetime import date, timedelta

from db import addresses, branches, levels, products, rulebook
from db.access import Connection
from db.figures import Scope
from engine import dashboard, generate, monthly, night
from engine.counting import Count
from engine.rulebook import LATELY
from engine.rules import Rule

MOVED = 30  # days within which a level was reckoned otherwise


def usual(conn: Connection, today: date) -> list[Count]:
    """What head office opens without narrowing it to anything."""
    rules = [r.rule for r in generate.book(conn, today).rules]
    return [
        dashboard.Wish(Scope(today), top=branches.root(conn)).count,
        rules_at_work(rules, night.judged_on(conn), today),
        spread_of_levels(today),
        marked(today, addresses.Filter()),
        all_products(today),
        work_of_branches(today),
        monthly.count(monthly.month_before(today.replace(day=1)), None, today),
    ]


def rules_at_work(rules: Sequence[Rule], judged_on: date, today: date) -> Count:
    """Loans that each rule matches, by code, and what todos it made: (matching, work)."""
    asked = [(rule.code, rule.who) for rule in rules]
    return Count(
        "rules",
        repr((asked, judged_on, today)),
        lambda conn: [rulebook.matching(conn, asked, judged_on), rulebook.work(conn, today, today - LATELY)],
    )


def spread_of_levels(today: date, branch_ids: tuple[int, ...] | None = None) -> Count:
    """Customers by level and segment, and how many are reckoned otherwise than before: (distribution, moves)."""
    since = today - timedelta(days=MOVED)
    return Count(
        "levels",
        repr((today, branch_ids)),
        lambda conn: [levels.distribution(conn, branch_ids), levels.moves(conn, since, branch_ids)],
    )


def marked(today: date, wanted: addresses.Filter) -> Count:
    """Customers whose address is marked, is not, is in doubt."""
    return Count("addresses", repr((today, wanted)), lambda conn: addresses.counts(conn, wanted))


def work_of_branches(today: date) -> Count:
    """What every branch, with all below it, has in hand."""
    return Count("branches", repr(today), lambda conn: list(branches.work(conn, today).values()))


def all_products(today: date) -> Count:
    """Every product with its live loans and their balance."""
    return Count("products", repr(today), products.overview)
