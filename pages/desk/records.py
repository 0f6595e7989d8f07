"""记录: every check that was submitted."""

import streamlit as st

from db import access, records
from db.vocab import Conclusion, Kind, Mode, Outcome
from engine import words
from engine.words import _
from pages.parts import filters, frame, tables
from pages.parts.tables import Column

person = frame.person("records.see")
SORTS = {"-done": "Latest first", "done": "Oldest first", "customer": "Customer", "staff": "Officer", "branch": "Branch"}
COLUMNS = [
    Column("finished_at", "When", "moment", width=130),
    Column("customer", "Customer", width=190),
    Column("kind", "Kind", value=lambda r: words.name(Kind(r.kind)), width=95),
    Column("mode", "Way", value=lambda r: words.name(Mode(r.mode)), width=70),
    Column("conclusion", "Conclusion", "badge", Conclusion, width=95),
    Column("outcome", "Outcome", value=lambda r: words.name(Outcome(r.outcome)), width=100),
    Column(
        "distance",
        "Metres from the mark",
        "number",
        value=lambda r: None if r.distance_m is None else round(r.distance_m),
        width=110,
    ),
    Column("staff", "Officer", width=80),
    Column("branch", "Branch", width=120),
    Column("note", "Remark", width=280),
]

head = tables.heading("Inspection records")
with access.reading(person) as conn:
    with filters.bar():
        text = filters.text(placeholder="customer", width=190)
        branch_ids = filters.branch(conn)
        kind = filters.word("kind", "Kind", Kind)
        mode = filters.word("mode", "Way", Mode, width=110)
        conclusion = filters.word("conclusion", "Conclusion", Conclusion, width=120)
        order = filters.sort(SORTS, "-done")
        with filters.more("done_from", "done_to"), st.container(horizontal=True):
            since = filters.day("done_from", "From")
            until = filters.day("done_to", "To")
    wanted = {
        "since": since,
        "until": until,
        "kind": kind,
        "mode": mode,
        "conclusion": conclusion,
        "branch_ids": branch_ids,
        "text": text,
    }
    found = records.listing(conn, **wanted, sort=order, limit=tables.PAGE_SIZE, offset=tables.offset(wanted, order))

with head:
    tables.count(found, "checks", "click a row for the customer")
if not found.rows:
    tables.empty("No checks match", "Widen the filters above. Checks are submitted by officers.")
elif picked := tables.show(found.rows, COLUMNS, "records", _("Checks")):
    tables.open_page("desk/customer", no=picked.customer_no)
tables.pager(found.total)
