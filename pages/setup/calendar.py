"""日历: working days and days off of a year as they hold for due days, and the bank's own, which two people set."""

import calendar as gregorian
from datetime import date, timedelta

import streamlit as st

from db import access, requests
from db import calendar as days
from db.vocab import Request
from engine import calendar, clock, permits, working_days
from engine.words import _
from pages.parts import acts, decisions, filters, frame, look, tables
from pages.parts.decisions import BECOMES
from pages.parts.tables import Column

person = frame.person("rules.see")
today = clock.today()
may_change = permits.may(person, "calendar.change")
MONTHS = {1: "January", 2: "February", 3: "March", 4: "April", 5: "May", 6: "June", 7: "July", 8: "August", 9: "September",
          10: "October", 11: "November", 12: "December"}  # fmt: skip
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOLIDAYS = ("New Year's Day", "Spring Festival", "Tomb-sweeping Day", "Labour Day", "Dragon Boat Festival", "Mid-autumn Festival", "National Day",
            "Anti-Fascist 70th Day")  # fmt: skip
COLUMNS = [
    Column("day", "Day", "day"),
    Column("weekday", "Weekday", value=lambda d: _(WEEKDAYS[d.day.weekday()]), width=90),
    Column("working", "Is", value=lambda d: _(BECOMES[d.working]), width=110),
    Column("note", "Name of the day", value=lambda d: called(d.note), width=200),
    Column("setter", "Set by", value=lambda d: d.setter or _("published"), width=130),
]


def year_asked() -> int:
    years = {str(year): str(year) for year in range(today.year - 2, today.year + calendar.YEARS_AHEAD + 1)}
    return int(filters.one_of("year", "Year", years, str(today.year)))


def called(note: str | None) -> str | None:
    """Published days have their name in the library's language; the bank's own are as they were written."""
    return _(note) if note in HOLIDAYS else note


def mark(day: date, special: dict) -> str:
    """A day in a month: what is otherwise than its weekday says has a colour and a sign."""
    row = special.get(day)
    number = f"**{day.day}**" if day == today else str(day.day)
    if row is None or row.set_by is None and row.working == (day.weekday() < 5):
        return number if day.weekday() < 5 else f":gray[{number}]"
    sign = "•" if row.set_by else ""
    return f":orange-background[{number}{sign}]" if row.working else f":blue-background[{number}{sign}]"


def month(year: int, number: int, special: dict) -> None:
    weeks = gregorian.Calendar().monthdatescalendar(year, number)
    lines = ("| " + " | ".join(mark(day, special) if day.month == number else " " for day in week) + " |" for week in weeks)
    head = "| " + " | ".join(_(name) for name in WEEKDAYS) + " |\n|" + ":-:|" * 7
    with st.container(gap="xsmall", key=f"month_{number}"):
        st.markdown(f"**{_(MONTHS[number])}**")
        st.markdown(head + "\n" + "\n".join(lines))


def a_year(year: int, special: dict) -> None:
    with st.grid(3, min_column_width=240):
        for number in range(1, 13):
            month(year, number, special)


def how_it_is_known(year: int) -> None:
    """What is published, and what holds beyond it."""
    until = calendar.published_until()
    st.markdown(
        f":blue-background[{_('Day off')}] :orange-background[{_('Weekend worked')}] :blue-background[1•] {_('set by the bank')} · "
        f":gray[{_('Published until {0}').format(until)}]"
    )
    if year > until.year:
        st.info(
            _("{0} is not published yet: until then every weekday counts as working. It comes in by itself with an update, "
              "and moves the todos it concerns.").format(year),
            icon=":material/info:",
        )  # fmt: skip


@st.dialog(_("Change working days"), on_dismiss=lambda: acts.leave("change"))
def change() -> None:
    acts.in_dialog("change")
    begin = today + timedelta(days=1)
    picked = st.date_input(
        _("Which days"),
        (begin, begin),
        min_value=begin,
        max_value=date(today.year + calendar.YEARS_AHEAD, 12, 31),
        key="days",
        format="YYYY-MM-DD",
    )
    becomes = st.segmented_control(
        _("They become"), list(BECOMES), default=False, required=True, format_func=lambda w: _(BECOMES[w]), key="becomes"
    )
    st.text_input(_("What they are called"), key="day_note", max_chars=40, placeholder=_("for example: anniversary of the bank"))
    acts.reason("day_why")
    if len(picked) < 2:
        return st.caption(_("Choose the last day as well; for one day choose it twice."))
    with access.reading(person) as conn:
        moves = working_days.effect(conn, *picked, becomes, today=today)
    told(moves)
    return acts.button("Submit for approval", lambda: ask(*picked, becomes), "ask_days", type="primary")


def told(moves: list) -> None:
    """What it does to todos, before it is sent."""
    if not moves:
        st.caption(_("No open todo would move."))
        return
    lines = [
        "- " + look.plain(_("{0:,} todos due on {1} would be due on {2}").format(m.n, look.day(m.due_on), look.day(m.to)))
        for m in moves[:8]
    ]
    more = [f"- {_('and {0:,} more').format(sum(m.n for m in moves[8:]))}"] if len(moves) > 8 else []
    st.info("\n".join([_("With the next night after approval:"), *lines, *more]), icon=":material/event_repeat:")


def ask(first: date, last: date, working: bool | None) -> None:
    note, why = acts.typed("day_note"), acts.typed("day_why")
    with acts.act(person, "calendar.change", "Submitted: a second person decides") as conn:
        working_days.ask(conn, person, first, last, working, note, why, now=clock.now(), today=today)


tables.heading("Calendar")
with filters.bar():
    chosen = year_asked()
    if may_change:
        st.space("stretch")
        st.button(_("Change working days"), key="change", icon=":material/edit_calendar:",
                  on_click=lambda: st.query_params.update(change="1"))  # fmt: skip
with access.reading(person) as conn:
    known = {row.day: row for row in days.between(conn, date(chosen, 1, 1), date(chosen, 12, 31))}
    waiting = requests.waiting(conn, Request.WORKING_DAYS)
how_it_is_known(chosen)
decisions.queue(person, waiting)
a_year(chosen, known)
if known:
    st.subheader(_("Days that are not what their weekday says"), anchor=False)
    tables.stand(list(known.values()), COLUMNS, "days", _("Days"), tallest=60)
if may_change and st.query_params.get("change") == "1":
    change()
