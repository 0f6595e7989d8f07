"""客户: the customers an officer looks after, at hand on the phone; who needs to hear from the bank most comes first."""

import streamlit as st

from db import access, addresses, portfolio
from db.vocab import LoanClass
from engine import clock, permits, words
from engine.words import _
from pages.parts import care, filters, frame, lead_cards, look, reach, tables

person = frame.person("today.see")
today = clock.today()
SIZE = 15
LEVELS = ("A", "B", "C", "D", "E")
SORTS = {"need": "Who needs contact most", "contact": "Longest without contact", "-exposure": "Largest exposure", "name": "Name"}
SILENT = {"30": "No contact for 30 days", "90": "No contact for 90 days", "180": "No contact for 180 days"}


def mine() -> None:
    with access.reading(person) as conn:
        with filters.bar("filters-wrapped"):
            text = filters.text(placeholder="name, number, phone", width=210)
            overdue = filters.flag("overdue", "In arrears only")
            order = filters.sort(SORTS, "need", width=180)
            level = filters.choice("level", "Level", {one: one for one in LEVELS}, 90)
            silent = filters.choice("silent", "Last contact", {days: _(label) for days, label in SILENT.items()}, 170)
        wanted = portfolio.Filter(today, text, level, overdue, int(silent) if silent else None)
        found = portfolio.listing(conn, wanted, order, SIZE, tables.offset(wanted, order, size=SIZE))
        marks = addresses.going_to(conn, [row.id for row in found.rows])
    tables.count(found, "customers")
    if not found.rows:
        tables.empty("No customers match", "Widen the filters above. You see whom you manage, inspect or have a todo for.")
    for row in found.rows:
        card(row, marks.get(row.id))
    tables.pager(found.total, SIZE)


def card(row, mark) -> None:
    with st.container(border=True, gap="small", key=f"customer_{row.id}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.page_link(
                "pages/desk/customer.py", label=f"**{look.plain(row.name)}**", query_params={"no": row.customer_no}, width="content"
            )
            st.markdown(" ".join(badges(row)), width="content")
        if late := lateness(row):
            st.markdown(" · ".join(look.late(one, True) for one in late))
        st.caption(" · ".join(facts(row)))
        if row.needs:
            st.caption(words.pair(_("Needs"), look.plain(row.needs)))
        ways(row, mark)


def badges(row) -> list[str]:
    marks = [f":gray-badge[{_('Level {0}').format(row.level)}]"] if row.level else []
    return marks + ([look.badge(LoanClass(row.worst_class))] if row.worst_class and row.worst_class != LoanClass.NORMAL else [])


def lateness(row) -> list[str]:
    late = [_("overdue {0} days").format(look.overdue_days(row.overdue_since, today))] if row.overdue_since else []
    return late + ([_("{0} todos late").format(row.late_todos)] if row.late_todos else [])


def facts(row) -> list[str]:
    heard = _("last contact {0} days ago").format((today - row.last_contact).days) if row.last_contact else _("no contact yet")
    parts = [heard, _("exposure {0}").format(look.money(row.exposure_fen))]
    if row.next_due and not row.late_todos:
        parts.append(_("next due {0}").format(look.day(row.next_due)))
    return parts + [look.plain(one) for one in (row.village, row.phone) if one]


def ways(row, mark) -> None:
    """Reached in one tap: by phone, there, or with a note."""
    with st.container(horizontal=True, gap="small", key=f"reach_{row.id}"):
        if permits.may(person, "check.submit"):  # not for who only looks as a colleague
            reach.keys(row, mark)
        care.note_button(person, row.id, row.name, width="stretch")


tables.heading("My customers")
tab = filters.one_of("tab", "What to see", {"customers": "Customers", "leads": "Leads"}, "customers")
mine() if tab == "customers" else lead_cards.show(person, mine=True)
