"""审计: the trail, searched, as sentences; sign-ins."""

from collections.abc import Iterator
from itertools import groupby

import streamlit as st

from db import access, audit
from db.vocab import Scope, SignInOutcome
from engine import exports, sentences, words
from engine.words import _
from pages.parts import exporting, filters, frame, look, tables
from pages.parts.tables import Column

person = frame.person("audit.see")
named = person.scope is not Scope.ADMIN
VIEWS = {"acts": "Acts", "sign_ins": "Sign-ins"}
SIGN_INS = [
    Column("at", "When", "moment", width=140),
    Column("username", "User name", width=130),
    Column("staff", "Name", width=100),
    Column("source", "From address", width=140),
    Column("outcome", "Outcome", value=lambda r: words.name(SignInOutcome(r.outcome)), width=140),
]

head = tables.heading("Audit trail")
view = filters.one_of("view", "View", VIEWS, "acts")


def show_acts() -> None:
    with filters.bar():
        text = filters.text(placeholder="person or staff number, customer number" if named else "person or staff number", width=200)
        op = filters.choice("op", "Kind", {k: _(v) for k, v in sentences.OPS.items()}, width=190)
        noun = filters.choice("noun", "About", {k: _(v) for k, v in sentences.NOUNS.items()}, width=150)
        with filters.more("from", "until"), st.container(horizontal=True):
            since = filters.day("from", "From")
            until = filters.day("until", "To")
    with access.reading(person) as conn:
        wanted = {"named": named, "since": since, "until": until, "text": text, "op": op, "noun": noun}
        limit, offset = tables.span(wanted)
        found = audit.listing(conn, **wanted, limit=limit, offset=offset)
        names = sentences.names(conn, roles=True)
    with head:
        tables.count(found, "entries")
        st.space("stretch")
        exporting.button(person, exports.of_list("audit", audit.Filter(**wanted)), "audit.see")
    if not found.rows:
        tables.empty("Nothing in the trail matches", "Widen the filters above.")
    else:
        st.markdown("  \n".join(told(found.rows, names)))
    tables.pager(found.total)


def told(rows: list, names: sentences.Names) -> Iterator[str]:
    """A line each; what reads the same many times on end, as a night's work does, is one line and how often."""
    for text, same in groupby(line(row, names) for row in rows):
        n = len(list(same))
        yield text if n == 1 else f"{text} :gray-badge[× {n}]"


def line(row, names: sentences.Names) -> str:
    about = f" · {look.plain(row.customer)}" if row.customer else ""
    return f":gray[{look.moment(row.at)}] {sentences.sentence(row, names)}{about}"


def show_sign_ins() -> None:
    with filters.bar():
        username = filters.text("user", "User name", "User name")
        outcome = filters.word("outcome", "Outcome", SignInOutcome)
    with access.reading(person) as conn:
        rows = audit.sign_in_list(conn, username=username, outcome=outcome)
    if rows:
        tables.look_at(rows, SIGN_INS, "sign_ins", _("Sign-ins"))
    else:
        tables.empty("No sign-ins match", "Widen the filters above.")


{"acts": show_acts, "sign_ins": show_sign_ins}[view]()
