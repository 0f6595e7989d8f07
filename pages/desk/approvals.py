"""复核: everything that waits for a second person, what I asked for, and what was decided lately."""

from typing import NamedTuple

import streamlit as st

from db import access, definitions, feeds, requests, reviews
from db.vocab import Approval, Definition, Request
from engine import approvals, clock, permits, words
from engine.words import _
from pages.parts import changes, decisions, filters, frame, look, tables
from pages.parts.tables import Column

person = frame.person("approvals.see")
today = clock.today()
first_to_decide = permits.may(person, "request.decide") or not permits.may(person, "request.withdraw")
VIEWS = {"waiting": "Waiting for a decision", "mine": "What I asked for", "decided": "Decided lately"}
on_the_book = permits.may(person, "customers.see")
has_requests = permits.may(person, "request.withdraw")
on_rules = permits.may(person, "rules.see") or permits.may(person, "mapping.change")


class Matter(NamedTuple):
    """One line of the lists of what was asked and what became of it."""

    what: str
    about: str
    asker: str | None
    asked_at: object
    state: str
    decider: str | None
    decided_at: object
    said: str | None
    reason: str


MATTERS = [
    Column("state", "State", "badge", Approval, width=90),
    Column("what", "What", width=130),
    Column("about", "About", width=220),
    Column("said", "Words of the decision", width=220),
    Column("decider", "Decided by", width=80),
    Column("decided_at", "Decided at", "moment", width=130),
    Column("reason", "Reason", width=200),
    Column("asker", "Asked by", width=80),
    Column("asked_at", "Asked at", "moment", width=130),
]


def of_request(r) -> Matter:
    about = f"{r.customer} {r.customer_no}" if r.customer_no else decisions.whom(r) or r.branch
    return Matter(
        words.name(Request(r.kind)), about, r.asker, r.asked_at, r.state, r.decider, r.decided_at, r.note, r.reason
    )  # fmt: skip


def of_definition(d) -> Matter:
    family = Definition(d.family)
    about = f"{changes.title(family, d.code, d.body)} v{d.version}"
    return Matter(
        words.name(family), about, d.maker, d.made_at, d.state, d.checker, d.decided_at, d.decided_why, d.why
    )  # fmt: skip


def waiting() -> None:
    """For me to decide first, each with what would change; then what waits for others."""
    with access.reading(person) as conn:
        asked = approvals.waiting(conn, person) if has_requests else []
        mine = approvals.decidable(conn, person, asked)
        proposed = definitions.awaiting(conn, *Definition) if on_rules else []
        stopped = feeds.asked_through(conn) if permits.may(person, "feeds.see") else []
        seen = reviews.listing(conn, not_of=person.id, limit=1).total if permits.may(person, "review.decide") else 0
    for_me = [d for d in proposed if d.made_by != person.id] if permits.may(person, "rule.decide") else []
    _elsewhere(stopped, seen)
    decisions.queue(person, mine)
    for d in for_me:
        changes.proposed(person, d, today)
    others = [r for r in asked if r not in mine], [d for d in proposed if d not in for_me]
    if not (mine or for_me or stopped or seen):
        tables.empty(
            "Nothing waits for your decision", "What somebody asks for that needs a second person appears here, and under the bell."
        )
    _for_others(*others)


def _elsewhere(stopped, seen: int) -> None:
    """What is decided where its evidence lies."""
    for run in stopped:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"feed_{run.id}"):
            stops = _("; ").join(words.reason(stop) for stop in run.stops or [])
            st.markdown(
                f"**{_('A stopped feed waits to be let through')}** · {look.day(run.business_date)}  \n{look.plain(stops)}  \n"
                f":gray[{look.plain(run.asker)} · {look.plain(run.override_reason)}]",
                width="stretch",
            )
            st.page_link(
                "pages/setup/feeds.py", label=_("Look"), icon=":material/arrow_forward:", query_params={"run": str(run.id)}
            )
    if seen:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="reviews"):
            st.markdown(f"**{_('{0} reviews of presence wait').format(seen)}**", width="stretch")
            st.page_link("pages/desk/records.py", label=_("Look"), icon=":material/arrow_forward:", query_params={"view": "review"})


def _for_others(asked, proposed) -> None:
    if asked or proposed:
        with st.expander(_("{0} wait for somebody else").format(len(asked) + len(proposed)), icon=":material/group:"):
            decisions.queue(person, asked, deciding=False)
            for d in proposed:
                changes.proposed(person, d, today)


def mine() -> None:
    with access.reading(person) as conn:
        rows = [of_definition(d) for d in definitions.of_maker(conn, person.id)]
        asked = requests.of_asker(conn, person.id, book=on_the_book) if has_requests else []
    decisions.queue(person, [r for r in asked if r.state == Approval.SUBMITTED])
    if not _listed(rows + [of_request(r) for r in asked]):
        tables.empty("You have asked for nothing yet", "What you ask for that needs a second person is kept here.")


def decided() -> None:
    with access.reading(person) as conn:
        rows = [of_definition(d) for d in definitions.decided(conn)] if on_rules else []
        rows += [of_request(r) for r in requests.decided(conn, book=on_the_book)] if has_requests else []
    if not _listed(rows):
        tables.empty("Nothing was decided yet", "Who asked, who decided and with which words is kept here.")


def _listed(rows: list[Matter]) -> bool:
    latest = sorted(rows, key=lambda m: m.decided_at or m.asked_at, reverse=True)
    tables.look_at(latest, MATTERS, "matters", _("What was asked and decided"))
    return bool(rows)


tables.heading("Approvals")
with filters.bar():
    view = filters.one_of("view", "View", VIEWS, "waiting" if first_to_decide else "mine")
{"waiting": waiting, "mine": mine, "decided": decided}[view]()
