"""足迹: where I was at visits - a day played in time, weeks and months in numbers, every day there ever was, and what is kept."""

import calendar
from datetime import date, timedelta

import streamlit as st

from db import access, footprints
from db.access import Connection
from engine import clock, parameters
from engine import footprints as totals
from engine.words import _
from pages.parts import dossier, filters, frame, look, tables, track
from pages.parts.tables import Column

person = frame.person("today.see")
today = clock.today()
VIEWS = {"day": "Day", "numbers": "Statistics", "history": "History", "kept": "What is kept"}
PERIODS = {"week": "Week", "month": "Month"}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS_OF_NUMBERS = 12


def a_day() -> None:
    with access.reading(person) as conn:
        chosen = which_day(conn)
        stops, positions = footprints.stops(conn, person.id, chosen), footprints.stored(conn, person.id, chosen)
        numbers = footprints.days(conn, person.id, chosen, chosen)
    if not stops:
        tables.empty("No visits on this day", "Footprints come from checks on site. Choose another day, or look into the history.")
        return
    track.show_map(chosen, stops, positions)
    track.show_stops(stops)
    track.numbers(numbers)


def which_day(conn: Connection) -> date:
    """As the address says, else the last one with a visit; one step back and forth at the thumb."""
    if "day" not in st.query_params:
        st.query_params["day"] = (footprints.latest_day(conn, person.id, today) or today).isoformat()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="which-day"):
        before = st.container(width="content")
        chosen = filters.day("day", "Day", width=200) or today
        before.button("", icon=":material/chevron_left:", help=_("A day back"), key="day_back", on_click=to_day, args=(chosen, -1))
        st.button(
            "",
            icon=":material/chevron_right:",
            help=_("A day on"),
            key="day_on",
            on_click=to_day,
            args=(chosen, 1),
            disabled=chosen >= today,
        )
    return chosen


def to_day(chosen: date, step: int) -> None:
    st.query_params["day"] = (chosen + timedelta(days=step)).isoformat()


def in_numbers() -> None:
    period = filters.one_of("by", "Period", PERIODS, "week")
    with access.reading(person) as conn:
        days = footprints.days(
            conn, person.id, (today.replace(day=1) - timedelta(days=31 * MONTHS_OF_NUMBERS)).replace(day=1), today
        )
    if not days:
        tables.empty("No visits yet", "Numbers appear with your first check on site.")
        return
    begin = (lambda d: d - timedelta(days=d.weekday())) if period == "week" else (lambda d: d.replace(day=1))
    current = [d for d in days if begin(d.day) == begin(today)]
    st.caption(_("This week") if period == "week" else _("This month"))
    track.numbers(current)
    groups: dict[date, list] = {}
    for d in days:
        groups.setdefault(begin(d.day), []).append(d)
    rows = [(since, totals.total(group), len(group)) for since, group in sorted(groups.items(), reverse=True)]
    tables.look_at(rows, GROUPS, f"groups_{period}", _("Statistics"), tallest=16)


GROUPS = [
    Column("since", "Beginning", "day", value=lambda r: r[0]),
    Column("visits", "Visits", "number", value=lambda r: r[1].visits, width=60),
    Column("days", "Days out", "number", value=lambda r: r[2], width=65),
    Column("km", "Kilometres", "decimal", value=lambda r: r[1].km, width=85),
    Column("hours", "At customers (h)", "decimal", value=lambda r: r[1].visit_hours, width=105),
    Column("out", "First to last (h)", "decimal", value=lambda r: r[1].out_hours, width=100),
    Column("on_site", "On site", "share", value=lambda r: r[1].on_site / r[1].placed if r[1].placed else None, width=75),
    Column("grades", "Grades A to D", value=lambda r: " · ".join(str(r[1].grades[g]) for g in "ABCD"), width=110),
]  # fmt: skip


def history() -> None:
    """Every month there ever was; a day leads to its track."""
    with access.reading(person) as conn:
        since = footprints.kept_of(conn, person.id).since or today
        first = since.replace(day=1)
        months = [f"{y}-{m:02}" for y in range(today.year, first.year - 1, -1) for m in range(12, 0, -1)
                  if first <= date(y, m, 1) <= today]  # fmt: skip
        if "month" not in st.query_params:
            st.query_params["month"] = months[0]
        month = filters.choice("month", "Month", {m: m for m in months}, 140) or months[0]
        year, number = map(int, month.split("-"))
        last = calendar.monthrange(year, number)[1]
        days = {d.day: d for d in footprints.days(conn, person.id, date(year, number, 1), date(year, number, last))}
    st.caption(_("{0} visits on {1} days").format(sum(d.visits for d in days.values()), len(days)))
    weeks = calendar.Calendar().monthdatescalendar(year, number)
    lines = ["| " + " | ".join(_(d) for d in WEEKDAYS) + " |", "|" + ":-:|" * 7]
    lines += ["| " + " | ".join(_cell(d, days.get(d)) if d.month == number else " " for d in week) + " |" for week in weeks]
    with st.container(key="month-of-visits"):
        st.markdown("\n".join(lines))


def _cell(day: date, row) -> str:
    return f"[{day.day} **{row.visits}**](/my-footprints?day={day.isoformat()})" if row else f":gray[{day.day}]"


def what_is_kept() -> None:
    with access.reading(person) as conn:
        exact_days = int(parameters.values(conn, today)["footprints.exact_days"])
        kept = footprints.kept_of(conn, person.id)
        chosen = which_day(conn)
        positions = footprints.stored(conn, person.id, chosen)
    st.markdown(_("Your position is kept when you check in, about once a minute while a visit is open, when you submit it, and with its photos. "
                  "Never otherwise: not on the way, not after work."))  # fmt: skip
    st.markdown(_("After {0} days positions are rounded to about a kilometre and those in between are deleted. Distance to the mark and grade stay.").format(exact_days))  # fmt: skip
    st.markdown(_("You see all of it here. The head of your branch, head office and the auditor see it too; who opens your track is written down. "
                  "Colleagues do not see it."))  # fmt: skip
    dossier.facts({
        "Exact positions of checks": f"{kept.exact:,}", "Exact since": look.day(kept.exact_since), "Rounded": f"{kept.coarse:,}",
        "Kept during visits": f"{kept.on_the_way:,}",
    })  # fmt: skip
    st.subheader(_("Kept of {0}").format(chosen.isoformat()), anchor=False)
    if positions:
        track.stored(positions, "stored")
    else:
        st.caption(_("Nothing is kept of this day."))


tables.heading("My footprints")
if person.only_looks:
    tables.empty(
        "Not shown to who looks as a colleague", "Look at footprints on their own page: the trail keeps who looked at whose."
    )
    st.stop()
view = filters.one_of("view", "What to see", VIEWS, "day")
{"day": a_day, "numbers": in_numbers, "history": history, "kept": what_is_kept}[view]()
