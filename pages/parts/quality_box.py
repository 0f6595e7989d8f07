"""What is pointed out about a check, each in a sentence, and what it repeats beside it with the same marked."""

import streamlit as st

from db import access, qualities, records
from db.access import Person
from db.vocab import Flaw
from engine import likeness, quality, words
from engine.words import _
from pages.parts import look

ICONS = {
    Flaw.COPIED: "content_copy", Flaw.SAME: "repeat", Flaw.SHORT: "short_text", Flaw.QUICK: "timer", Flaw.LATE: "schedule_send",
    Flaw.CROWDED: "groups",
}  # fmt: skip


def show(by: Person, record_id: int, found) -> None:
    """`found`: of db.qualities; nothing is drawn when nothing is pointed out."""
    if found is None or not found.flags:
        return
    with st.container(border=True, key="quality"):
        st.subheader(_("Quality flags"), anchor=False)
        for flaw in quality.in_order(found.flags):
            measure = found.measures[flaw]
            st.markdown(f":orange[:material/{ICONS[flaw]}: **{words.name(flaw)}**] {look.plain(quality.sentence(flaw, measure))}")
            if "twin" in measure:
                _twin(by, record_id, measure["twin"], flaw)
        st.caption(_("Reckoned by the bank's limits when the check came. A reason to look; nothing is blocked by it."))


def _twin(by: Person, record_id: int, twin_id: int, flaw: Flaw) -> None:
    """The earlier check, as far as it may be seen, and its words beside these."""
    with access.reading(by) as conn:
        twin = records.get(conn, twin_id)
        written = qualities.words_of(conn, (record_id, twin_id))
    if twin is None:
        st.caption(_("The earlier check is of a customer you do not look after; head office sees both."))
        return
    if flaw is Flaw.COPIED:
        here, there = st.columns(2)
        here.markdown(_marked(written.get(record_id, ""), written.get(twin_id, "")))
        here.caption(_("This check"))
        there.markdown(_marked(written.get(twin_id, ""), written.get(record_id, "")))
        there.caption(f"{look.plain(twin.customer)} · {look.plain(twin.staff)} · {look.moment(twin.finished_at)}")
    st.page_link(
        "pages/desk/records.py",
        label=_("To that check"),
        icon=":material/fact_check:",
        query_params={"id": str(twin_id)},
    )


def _marked(text: str, other: str) -> str:
    return "".join(
        f":orange-background[{look.plain(piece)}]" if same else look.plain(piece) for piece, same in likeness.compared(text, other)
    )
