"""Versions of definitions on a page: those there were, the day and reason of a new one, and what waits for a second person."""

from collections.abc import Sequence
from datetime import date, timedelta

import streamlit as st

from db import access, definitions
from db.access import Person
from db.vocab import Approval, Definition
from engine import clock, permits, words
from engine import rulebook as verbs
from engine.words import _
from pages.parts import acts, look

FROM, WHY, KEPT = "from_day", "why_change", "from_and_why"


def tomorrow() -> date:
    return clock.today() + timedelta(days=1)


def from_and_why(about: str = "") -> None:
    """From which day, and why: read by `propose` when it is pressed. What is written of one thing stays while one looks at another
    side of it, for Streamlit forgets fields that are not drawn."""
    day, why = st.session_state.get(KEPT, {}).get(about, (tomorrow(), ""))
    st.session_state.setdefault(FROM, max(day, tomorrow()))
    st.session_state.setdefault(WHY, why)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.date_input(
            _("In force from"), min_value=tomorrow(), key=FROM, width=150, format="YYYY-MM-DD", on_change=_keep, args=(about,)
        )
        st.text_input(_("Reason"), key=WHY, width="stretch", max_chars=300, on_change=_keep, args=(about,))


def _keep(about: str) -> None:
    st.session_state[KEPT] = {about: (st.session_state[FROM] or tomorrow(), st.session_state[WHY])}


def day_of(about: str) -> date:
    """The day that was chosen for it, or the first that can be."""
    return max(st.session_state.get(KEPT, {}).get(about, (tomorrow(),))[0], tomorrow())


def typed() -> tuple[date, str]:
    """Read when it is sent, and not kept any longer."""
    st.session_state.pop(KEPT, None)
    return st.session_state.get(FROM) or tomorrow(), acts.typed(WHY)


def line(v) -> str:
    """One version: state, since when, who made and who approved it, why."""
    checked = f" → {look.plain(v.checker)}" if v.checker else ""
    why = f" · {look.plain(v.why)}" if v.maker else ""
    return (
        f"v{v.version} · {look.badge(Approval(v.state))} {_('from {0}').format(look.day(v.valid_from))} · "
        f"{look.plain(v.maker or _('shipped'))}{checked}{why}"
    )


def past(person: Person, family: Definition, code: str) -> None:
    with access.reading(person) as conn:
        known = definitions.versions(conn, family, code)
    with st.expander(_("{0} versions").format(len(known))):
        for v in known:
            st.markdown(line(v))


def propose(person: Person, family: Definition, code: str, body: dict) -> None:
    valid_from, why = typed()
    with acts.act(person, verbs.VERB[family], "Submitted: a second person decides") as conn:
        verbs.propose(conn, person, family, code, body, valid_from, why, today=clock.today())


def card(person: Person, d, about: str, changes: Sequence[str]) -> None:
    """What somebody proposes, with approve and refuse for who may decide it; `about` and `changes` are Markdown."""
    with st.container(border=True, gap="small", key=f"proposal_{d.id}"):
        family = words.name(Definition(d.family))
        st.markdown(f"**{family} {about} v{d.version}**  :gray[{_('from {0}').format(look.day(d.valid_from))}]")
        st.caption(f"{look.plain(d.maker)} · {look.moment(d.made_at)} · {look.plain(d.why)}")
        for change in changes:
            st.markdown(change)
        if permits.may(person, "rule.decide"):
            acts.decision(f"{d.id}", lambda: _approve(person, d.id), lambda: _refuse(person, d.id), mine=d.made_by == person.id)


def _approve(person: Person, definition_id: int) -> None:
    with acts.act(person, "rule.decide", "Decided") as conn:
        verbs.approve(conn, person, definition_id, now=clock.now(), today=clock.today())


def _refuse(person: Person, definition_id: int) -> None:
    with acts.act(person, "rule.decide", "Decided") as conn:
        verbs.refuse(conn, person, definition_id, st.session_state[f"refuse_{definition_id}"], now=clock.now())
