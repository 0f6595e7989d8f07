"""关联 on a customer's page: who guarantees for him and for whom he does, in which circles, and who shares what with him."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace

import streamlit as st

from db import ties
from db.access import Connection
from db.vocab import LoanClass
from engine import words
from engine.words import _
from pages.parts import look, tables
from pages.parts.tables import Column

WHICH = {
    "for_him": "Guarantees for this customer", "by_him": "Guaranteed by this customer", "guarantor": "Same guarantor",
    "identity": "Same identity number", "phone": "Same phone", "address": "Same address",
}  # fmt: skip
GUARANTEES = ("for_him", "by_him")


@dataclass(frozen=True)
class Ties:
    """What binds a customer to others; `names` of those who may be seen."""

    guarantees: Sequence
    circles: Sequence
    tied: Sequence
    names: dict[int, object]

    @property
    def related(self) -> list[SimpleNamespace]:
        """Each customer with why he is related, by ties that mean something; largest exposure first."""
        why = {i: [t.why for t in self.tied if t.n <= ties.HUB and i in t.ids] for i in self.names}
        return [SimpleNamespace(**row._mapping, why=why[i]) for i, row in self.names.items() if why[i]]


def read(conn: Connection, customer_id: int) -> Ties:
    tied, circles = ties.tied(conn, customer_id), ties.circles(conn, customer_id)
    ids = {i for t in tied for i in t.ids} | {i for ring in circles for i in ring.ids if i is not None}
    names = {row.id: row for row in ties.some(conn, sorted(ids))} if ids else {}
    return Ties(ties.guarantees(conn, customer_id), circles, tied, names)


def show(found: Ties, today: date) -> None:
    """Nothing where nothing binds him to anybody."""
    if found.guarantees:
        _guarantees(found, today)
    if found.tied:
        _related(found, today)


# --- Guarantees -------------------------------------------------------------------------------------------------------


def _guarantees(found: Ties, today: date) -> None:
    with st.container(border=True, key="guarantees"):
        st.subheader(_("Guarantees"), anchor=False)
        if warnings := [*_late_guarantors(found, today), *_circles(found)]:
            st.markdown("  \n".join(warnings))
        if picked := tables.lead(found.guarantees, _columns(today), "guarantees", _("Guarantees"), tallest=8):
            _open(picked)


def _columns(today: date) -> list[Column]:
    return [
        Column("side", "Side", value=lambda r: _(WHICH["by_him" if r.by_him else "for_him"]), width=140),
        Column("name", "Name", width=150), Column("loan_no", "Loan number", width=150), Column("amount_fen", "Amount guaranteed", "wan"),
        *_standing(today),
    ]  # fmt: skip


def _standing(today: date) -> list[Column]:
    """How the other one stands with the bank."""
    return [
        Column("exposure_fen", "Exposure", "wan"),
        Column("worst_class", "Class", "badge", LoanClass, width=85),
        Column("overdue", "Past due", "late", value=lambda r: _overdue(r, today), width=105),
        Column("branch", "Branch", width=150),
    ]


def _overdue(row, today: date) -> tuple[str | None, bool]:
    days = look.overdue_days(row.overdue_since, today)
    return (None, False) if days is None else (_("overdue {0} days").format(days), True)


def _open(row) -> None:
    if row.customer_no:
        tables.open_page("desk/customer", no=row.customer_no)
    st.info(_("No customer of the bank, or not yours to see."), icon=":material/info:")


def _late_guarantors(found: Ties, today: date) -> list[str]:
    """Each of his guarantors once who does not pay himself."""
    late = {row.id: row for row in found.guarantees if not row.by_him and row.overdue_since}
    said = _("The guarantor {0} is overdue himself: {1} days, exposure {2}")
    return [
        look.late(said.format(look.plain(r.name), look.overdue_days(r.overdue_since, today), look.money(r.exposure_fen)), True)
        for r in late.values()
    ]


def _circles(found: Ties) -> list[str]:
    """Each closed chain as one line, from this customer back to this customer."""
    return [f":orange[:material/sync: {_circle(found, ring.ids, ring.amounts)}]" for ring in found.circles]


def _circle(found: Ties, ids: Sequence, amounts: Sequence) -> str:
    kind = _("Mutual guarantee") if len(ids) == 2 else _("Guarantee circle of {0}").format(len(ids))
    around = [*ids[1:], ids[0]]
    steps = [
        f" ← {_name(found, i)}{'' if amount is None else f' ({look.money(amount)})'}"
        for i, amount in zip(around, amounts, strict=True)
    ]
    return words.pair(kind, f"{_name(found, ids[0])}{''.join(steps)}")


def _name(found: Ties, customer_id: int | None) -> str:
    if customer_id is None:
        return _("a customer not yours to see")
    row = found.names.get(customer_id)
    return look.plain(row.name) if row else _("this customer")


# --- Who shares what --------------------------------------------------------------------------------------------------


def _related(found: Ties, today: date) -> None:
    with st.container(border=True, key="related"):
        st.subheader(_("Related customers"), anchor=False)
        columns = [
            Column("name", "Customer", width=150),
            Column("why", "How they are related", width=230, value=lambda r: _(", ").join(_(WHICH[w]) for w in r.why)),
            *_standing(today),
        ]
        if related := found.related:
            st.caption(_together(related))
            if picked := tables.lead(related, columns, "related", _("Related customers"), tallest=10):
                tables.open_page("desk/customer", no=picked.customer_no)
        for line in [*_hidden(found), *_hubs(found)]:
            st.caption(line)


def _together(rows: Sequence) -> str:
    exposure, late = sum(row.exposure_fen for row in rows), sum(row.overdue_since is not None for row in rows)
    return _("{0} customers with an exposure of {1}; {2} of them overdue.").format(len(rows), look.money(exposure), late)


def _hidden(found: Ties) -> list[str]:
    """How many there are besides whom one may not see."""
    several = _("{0}: {1} more, not yours to see.")
    return [several.format(_(WHICH[t.why]), t.n - t.seen) for t in found.tied if t.seen < t.n and not _is_hub(t)]


def _hubs(found: Ties) -> list[str]:
    many = _("{0}: {1:,} customers, too many to mean anything.")
    return [many.format(_(WHICH[t.why]), t.n) for t in found.tied if _is_hub(t)]


def _is_hub(tie) -> bool:
    return tie.n > ties.HUB and tie.why not in GUARANTEES
