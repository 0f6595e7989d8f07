"""Large figures on a page: counted once a change for all who see the same; what takes long, as it was counted last, with a word
of when."""

import streamlit as st

from db import settings
from db.access import Person
from engine import clock, counting
from engine.counting import Count, Counted
from engine.words import _
from pages.parts import live, look

NOUN = "kept_counts"  # for a fragment that shows what is counted anew beside it


def of(by: Person, count: Count) -> Counted:
    return counting.kept(by, count) or _now(by, live.sight(by), count.what, count.asked, live.number(), count)


@st.cache_data(ttl=300, max_entries=300, show_spinner=False)
def _now(_by: Person, sight: tuple, what: str, asked: str, number: tuple, _count: Count) -> Counted:
    return counting.at_once(_by, _count)


def forget() -> None:
    """Count anew, when somebody wants to know what that takes."""
    _now.clear()


def moment(counted: Counted) -> str:
    """To the second; when it was another day, with the day."""
    at = counted.at.astimezone(settings.ZONE)
    return f"{at:%H:%M:%S}" if at.date() == clock.today() else look.moment(at)


def told(counted: Counted) -> None:
    """A line below figures that were not counted for this very page."""
    if counted.kept:
        st.caption(
            f":material/schedule: {_('Counted at {0}; counted anew beside the page as the book changes').format(moment(counted))}"
        )
