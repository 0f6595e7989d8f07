"""The round of the day on the phone: its line, what else lies near, and the sheet in which it is set up."""

from dataclasses import dataclass
from datetime import date

import streamlit as st

from db import access, rounds
from db.access import Person
from db.vocab import Finish, Reach, Start
from engine import clock, permits, preferences, words
from engine import rounds as planning
from engine.addresses import NAVIGATORS
from engine.words import _
from pages.parts import acts, look, position

REASONS = {
    "no_mark": "The address is not marked on the map", "no_time": "Does not fit into the day", "by_hand": "Taken out of the round",
}  # fmt: skip
QUARTER = 15  # minutes
LENGTHS = tuple(preferences.CHOICES["day_minutes"])


@dataclass(frozen=True)
class Itinerary:
    """What /today shows of a day's round: the row that is kept, and the places in it of customers still to be visited."""

    day: date
    kept: object | None
    wishes: dict

    @property
    def by_customer(self) -> dict[int, dict]:
        """In order; with the number on the card."""
        visits = self.kept.visits if self.kept else []
        return {visit["customer"]: visit | {"number": number} for number, visit in enumerate(visits, 1)}

    @property
    def why_not(self) -> dict[int, str]:
        left = self.kept.left_out if self.kept else []
        return {one["customer"]: _(REASONS[one["why"]]) for one in left}


def read(conn, person: Person) -> Itinerary:
    day = planning.plannable_day(conn, person.id, clock.now())
    return Itinerary(day, rounds.of(conn, person.id, day), preferences.of(conn, person))


def navigator(wishes: dict) -> str:
    return wishes.get("navigator", next(iter(NAVIGATORS)))


def hour(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def next_quarter(minute: int) -> int:
    """Of an hour, on the same day."""
    return min(-(-minute // QUARTER), 1440 // QUARTER - 1) * QUARTER


def circled(number: int) -> str:
    """① to ㊿, then plain."""
    for first, last, begin in ((1, 20, 0x2460), (21, 35, 0x3251), (36, 50, 0x32B1)):
        if first <= number <= last:
            return chr(begin + number - first)
    return f"({number})"


# --- The line --------------------------------------------------------------------------------------------------------


def block(person: Person, trip: Itinerary, open_customers: dict[int, str], calls: int, minutes: float) -> None:
    """The round in one line, and what to do about it. `open_customers`: names by id; `calls`: phone checks beside, `minutes` each."""
    with st.container(border=True, key="round", gap="small"):
        if trip.kept is None:
            st.markdown(f"**{_('No round planned yet')}**")
            st.caption(_("It puts your visits in the order with the least way: what is overdue or in danger first."))
        elif not trip.kept.visits:
            st.markdown(f":material/route: **{_('No visits on this round')}**")
        else:
            _line(trip, open_customers)
        if calls:
            st.caption(_("{0} phone checks beside, about {1} minutes").format(calls, f"{calls * minutes:g}"))
        if permits.may(person, "round.plan"):  # not for who only looks as a colleague
            _buttons(person, trip, open_customers)


def _line(trip: Itinerary, open_customers: dict[int, str]) -> None:
    kept = trip.kept
    ahead = [visit for visit in kept.visits if visit["customer"] in open_customers]
    ends = _("ends about {0}").format(hour(kept.ends))
    st.markdown(
        f":material/route: **{_('Round')}** "
        + _("{0} customers · {1} km · {2}").format(len(kept.visits), f"{kept.travel_km:g}", ends)
    )
    begin = words.name(Start(kept.start))
    parts = [_("Leaves {0} from: {1}").format(hour(kept.leaves), begin)]
    parts += [_("{0} done").format(len(kept.visits) - len(ahead))] if len(ahead) < len(kept.visits) else []
    parts += [_("ordered by hand")] if kept.by_hand else []
    st.caption(" · ".join(parts))
    if kept.ends > kept.until:
        st.caption(look.late(_("Longer than the day, which ends at {0}").format(hour(kept.until)), True))


def _buttons(person: Person, trip: Itinerary, open_customers: dict[int, str]) -> None:
    def plan_from(here: tuple[float, float] | None, problem: str | None) -> None:
        plan(person, trip.day, here, problem)

    label = "Plan anew from here" if trip.kept else "Plan the round from here"
    position.button(label, "ask_plan", plan_from, primary=trip.kept is None)
    with st.container(horizontal=True):
        near = _offers(person, trip, open_customers)
        if trip.kept is not None and (near or trip.kept.visits):
            with st.popover(
                _("{0} more near the way").format(len(near)), icon=":material/near_me:", width="stretch", disabled=not near
            ):
                for offer in near:
                    label = _("Add {0}: {1} minutes more way").format(look.plain(open_customers[offer.id]), round(offer.extra))
                    st.button(label, key=f"add_{offer.id}", width="stretch", on_click=add, args=(person, trip.day, offer.id))
        st.button(_("Set up"), key="setup", icon=":material/tune:", width="stretch", on_click=open_sheet, args=("setup",))


def _offers(person: Person, trip: Itinerary, open_customers: dict[int, str]) -> list:
    """Worked out again when the round or the work has changed, or ten minutes are over."""
    if trip.kept is None:
        return []
    seen = (trip.day, trip.kept.version, frozenset(open_customers), clock.local_now().replace(microsecond=0, second=0).minute // 10)
    if st.session_state.get("offers", (None,))[0] != seen:
        with access.reading(person) as conn:
            found = planning.offers(conn, person, trip.day, now=clock.now())
        st.session_state["offers"] = (seen, found)
    return [offer for offer in st.session_state["offers"][1] if offer.id in open_customers]


# --- Acts ------------------------------------------------------------------------------------------------------------


def plan(
    person: Person, day: date, here: tuple[float, float] | None, problem: str | None = None, start: Start | None = None
) -> None:
    with acts.act(person, "round.plan") as conn:
        planning.plan(conn, person, day, position=here, start=start, now=clock.now())
        begins = Start(rounds.of(conn, person.id, day).start)
        if start not in (None, begins):
            problem = _("{0}: nobody has said yet where that is").format(words.name(start))
        begin = _("{0}. The round begins at: {1}").format(problem, words.name(begins))
        acts.tell(begin if problem else _("The round is planned"), "done")


def add(person: Person, day: date, customer_id: int) -> None:
    with acts.act(person, "round.plan", "Added to the round") as conn:
        planning.add(conn, person, day, customer_id, now=clock.now())


def move(person: Person, day: date, customer_id: int, places: int) -> None:
    with acts.act(person, "round.plan") as conn:
        planning.move(conn, person, day, customer_id, places, now=clock.now())


def take_out(person: Person, day: date, customer_id: int) -> None:
    with acts.act(person, "round.plan", "Taken out of the round") as conn:
        planning.take_out(conn, person, day, customer_id, now=clock.now())
    close_sheet()


def replan_after(person: Person, day: date, customer_id: int) -> None:
    with acts.act(person, "round.plan", "The rest is planned anew") as conn:
        planning.replan_after(conn, person, day, customer_id, now=clock.now())
    close_sheet()


def appoint(person: Person, day: date, customer_id: int, agreed: bool) -> None:
    at = st.session_state["agreed_at"] if agreed else None
    with acts.act(person, "round.plan", "The round is planned around it") as conn:
        planning.appoint(conn, person, day, customer_id, at and at.hour * 60 + at.minute, now=clock.now())
    close_sheet()


def open_sheet(what: str | int) -> None:
    st.session_state["sheet"] = what


def close_sheet() -> None:
    st.session_state.pop("sheet", None)


# --- The sheet in which a round is set up -----------------------------------------------------------------------------


def setup(person: Person, trip: Itinerary) -> None:
    """How this officer likes his rounds. Each choice is kept at once; the next plan goes by it."""

    @st.dialog(_("Set up the round"), on_dismiss=close_sheet)
    def sheet() -> None:
        for start in (Start.BRANCH, Start.HOME):
            if start is Start.BRANCH or trip.wishes.get("home"):
                label = _("Plan from: {0}").format(words.name(start))
                st.button(label, key=f"plan_{start}", width="stretch", on_click=_plan_and_close, args=(person, trip.day, start))
        hours = [*preferences.CHOICES["day_begins"]]
        _choice(person, trip, "day_begins", _("Leaves at"), {h: h for h in hours}, hours[hours.index("08:30")])
        lengths = {m: _("{0} hours").format(int(m) // 60) for m in LENGTHS}
        _choice(person, trip, "day_minutes", _("Length of the day"), lengths, "480")
        _choice(person, trip, "round_finish", _("End"), {f.value: words.name(f) for f in Finish}, Finish.BRANCH.value)
        _choice(person, trip, "round_reach", _("Which visits"), {r.value: words.name(r) for r in Reach}, Reach.WEEK.value)
        _choice(
            person, trip, "navigator", _("Navigate with"), {n: _(text) for n, text in NAVIGATORS.items()}, navigator(trip.wishes)
        )
        position.button("My home is here", "ask_home", lambda here, problem: _live_here(person, here, problem))

    sheet()


def _choice(person: Person, trip: Itinerary, wish: str, label: str, titles: dict[str, str], usual: str) -> None:
    now = trip.wishes.get(wish, usual)
    st.session_state[f"wish_{wish}"] = now if now in titles else usual
    st.selectbox(label, list(titles), format_func=titles.get, key=f"wish_{wish}", on_change=_prefer, args=(person, wish))


def _prefer(person: Person, wish: str) -> None:
    with acts.act(person, "preference.set") as conn:
        preferences.prefer(conn, person, **{wish: st.session_state[f"wish_{wish}"]})


def _live_here(person: Person, here: tuple[float, float] | None, problem: str | None) -> None:
    if here is None:
        return acts.tell(problem, "error")
    with acts.act(person, "preference.set", "Kept as your home") as conn:
        preferences.prefer(conn, person, home=f"{here[0]:.5f},{here[1]:.5f}")
    return None


def _plan_and_close(person: Person, day: date, start: Start) -> None:
    plan(person, day, None, start=start)
    close_sheet()
