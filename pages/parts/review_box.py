"""What people say to a check: the review of presence, the officer's appeal, head office's opinion."""

import streamlit as st

from db.access import Person
from db.vocab import Finding, Opinion, ReviewState
from engine import clock, permits, reviews, words
from engine.words import _
from pages.parts import acts, look

CAUSES = {"grade": "a low grade", "photos": "a photo handed in before"}


def review(by: Person, found, names: dict[int, str]) -> None:
    """Asked why, said by whom; and the next word, for whoever has it."""
    with st.container(border=True, key="review"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(_("Review of presence"), anchor=False, width="content")
            st.markdown(look.badge(ReviewState(found.state)), width="content")
        st.caption(
            _("Laid before a reviewer because of {0}. Nothing is blocked by it.").format(
                _(", ").join(_(CAUSES[c]) for c in found.causes)
            )
        )
        if found.finding:
            _said(Finding(found.finding), found.words, names.get(found.decided_by), found.decided_at)
        if found.appeal:
            st.markdown(f":material/gavel: **{_('Appeal')}** {look.plain(found.appeal)} :gray[{look.moment(found.appealed_at)}]")
        if found.last_finding:
            _said(Finding(found.last_finding), found.last_words, names.get(found.settled_by), found.settled_at)
        if reviews.may_decide(by, found):
            _decide(by, found)
        elif reviews.may_appeal(by, found):
            _appeal(by, found)
        elif found.staff_id == by.id and found.state == ReviewState.WAITING:
            st.caption(_("Somebody else looks at it. You will see what was decided, and may answer once."))


def _said(finding: Finding, said: str | None, who: str | None, at) -> None:
    st.markdown(f"{look.badge(finding)} {look.plain(said)} :gray[{look.plain(who)} · {look.moment(at)}]")


def _decide(by: Person, found) -> None:
    last = found.state == ReviewState.APPEALED
    st.segmented_control(
        _("Finding"),
        list(Finding),
        key="finding",
        format_func=words.name,
        default=Finding.ACCEPTED,
        required=True,
        label_visibility="collapsed",
    )
    st.text_area(_("In words, for the officer to read"), key="review_words", height=90, max_chars=500)
    acts.button("Decide the appeal" if last else "Decide", lambda: _decided(by, found.id, last), "decide", type="primary")


def _decided(by: Person, review_id: int, last: bool) -> None:
    finding, said = Finding(st.session_state.finding), st.session_state.review_words
    verb, do = ("review.settle", reviews.settle) if last else ("review.decide", reviews.decide)
    with acts.act(by, verb, "Reviewed") as conn:
        do(conn, by, review_id, finding, said, now=clock.now())


def _appeal(by: Person, found) -> None:
    st.text_area(_("Your answer; somebody else will read it and decide"), key="appeal_words", height=90, max_chars=500)
    acts.button("Appeal", lambda: _appealed(by, found.id), "appeal", type="primary")


def _appealed(by: Person, review_id: int) -> None:
    with acts.act(by, "review.appeal", "Your appeal was sent") as conn:
        reviews.appeal(conn, by, review_id, st.session_state.appeal_words, now=clock.now())


def opinion(by: Person, record, found, names: dict[int, str]) -> None:
    """Pass or return; what was returned may be passed once it was made good."""
    may = permits.may(by, "record.judge") and record.staff_id != by.id and (found is None or found.state == Opinion.RETURNED)
    if found is None and not may:
        return
    with st.container(border=True, key="opinion"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(_("Head office's opinion"), anchor=False, width="content")
            st.markdown(look.badge(Opinion(found.state)) if found else f":gray-badge[{_('Not yet looked at')}]", width="content")
        if found:
            st.markdown(f"{look.plain(found.words)} :gray[{look.plain(names.get(found.made_by))} · {look.moment(found.made_at)}]")
        if may:
            st.text_area(_("In words, for the officer to read"), key="opinion_words", height=90, max_chars=500)
            with st.container(horizontal=True):
                acts.button("Pass", lambda: _judged(by, record.id, Opinion.PASSED), "pass", type="primary")
                if found is None:
                    acts.button("Return", lambda: _judged(by, record.id, Opinion.RETURNED), "return")


def _judged(by: Person, record_id: int, said: Opinion) -> None:
    with acts.act(by, "record.judge", "Kept") as conn:
        reviews.judge(conn, by, record_id, said, st.session_state.opinion_words, now=clock.now())
