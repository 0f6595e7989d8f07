"""Which part of somebody's portfolio goes: all of it, or customers and loans that are filtered and ticked."""

import streamlit as st

from db.vocab import Family
from engine import handover, words
from engine.words import _
from pages.parts import look, tables
from pages.parts.tables import Column

ALL, PART = "all", "part"
PARTS = {ALL: "Everything", PART: "Some customers or loans"}
COLUMNS = [
    Column("customer_no", "Customer number", width=115),
    Column("customer", "Customer", width=150),
    Column("village", "Village", width=110),
    Column("loan_nos", "Loan number", value=lambda r: _(", ").join(r.loan_nos), width=200),
    Column("families", "Product family", value=lambda r: _(", ").join(words.name(Family(f)) for f in r.families), width=120),
    Column("balance_fen", "Balance", "wan"),
    Column("open", "Open todos", "number"),
    Column("overdue", "Of these overdue", "late_number", value=lambda r: (f"{r.overdue:,}", r.overdue > 0), width=90),
]


def choose(held: handover.Preview) -> set[int] | None:
    """The customers chosen; None when all go."""
    part = st.segmented_control(
        _("Which part"), list(PARTS), key="which_part", default=ALL, required=True, format_func=lambda p: _(PARTS[p])
    )
    if part == ALL:
        return None
    rows = _narrowed(held)
    if not rows:
        tables.empty("No customers match", "Widen the filters above; numbers of customers and loans may be pasted in.")
        return set()
    ticked = tables.choose(rows, COLUMNS, f"part-{held.from_id}", _("Customers"), tallest=10)
    st.caption(_("{0} of {1} customers chosen.").format(f"{len(ticked or rows):,}", f"{len(held.rows):,}") + " " + _(
        "Tick single lines, or tick none to take all lines shown. A customer goes whole, with all his loans."))  # fmt: skip
    return {row.customer_id for row in ticked or rows}


def _narrowed(held: handover.Preview) -> list:
    villages = sorted({row.village or "" for row in held.rows})
    families = sorted({family for row in held.rows for family in row.families})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(_("Name or numbers"), key="part_text", placeholder=_("customers or loans, several with blanks between"),
                             icon=":material/search:", width=320)  # fmt: skip
        at = st.multiselect(_("Village"), villages, key="part_villages", format_func=lambda v: look.visible(v) if v else _("no village known"),
                            placeholder=_("All"), width=220)  # fmt: skip
        of = st.multiselect(_("Product family"), families, key="part_families", format_func=lambda f: words.name(Family(f)),
                            placeholder=_("All"), width=220)  # fmt: skip
        late = st.toggle(_("With overdue todos"), key="part_late")
    return handover.Choice(text, at, of, late).of(held.rows)
