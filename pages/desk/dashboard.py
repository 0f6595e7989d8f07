"""看板: what was done, what is late, what is coming, where the signals are; every figure opens its rows."""

from datetime import timedelta
from types import SimpleNamespace

import streamlit as st

from db import access, feeds, figures
from db.figures import Scope
from db.vocab import LIVE_SIGNALS, Family, Kind, Level, Role, SignalState
from engine import clock, words
from engine.words import _
from pages.parts import charts, filters, frame, live, look, tables
from pages.parts.tables import Column

person = frame.person("dashboard.see")
today = clock.today()

RANKED = {"branches": "Branches", "officers": "Officers"}
SIGNAL_COLUMNS = [
    Column("level", "Level", "badge", Level, width=75),
    *(Column(state.value, words.msgid(state), "number", width=85) for state in LIVE_SIGNALS),
    Column("oldest", "Oldest", "day"),
    Column("days", "Median days to take", "number", width=130),
]
# The picture of each day counts all of a branch's customers; collections see theirs only.
has_trend = person.role is not Role.COLLECTIONS
PERIODS = {"30": "30 days", "90": "90 days"}
head = tables.heading("Dashboard")
with access.reading(person) as conn, filters.bar():
    days = int(filters.one_of("days", "Period", PERIODS, "30"))
    branch_ids = filters.branch(conn)
    kind = filters.word("kind", "Kind", Kind)
    family = filters.word("family", "Product family", Family, width=160)
with head:
    st.space("stretch")
    with st.container(width="content"):
        as_of = st.empty()

scope = Scope(today, branch_ids, kind, family)
since = today - timedelta(days=days - 1)
narrowed = {name: value for name, value in (("branch", st.query_params.get("branch")), ("kind", kind), ("family", family)) if value}


SHOWN = ("records", "todos", "signals", "loans", "customers", "reviews")  # what the figures are made of


@st.cache_data(ttl=300, max_entries=200, show_spinner=False)
def read(sight: tuple, scope: Scope, days: int, number: tuple) -> dict:
    """Everything the page shows, in one transaction; once a change for all who see the same."""
    since = scope.today - timedelta(days=days - 1)
    with access.reading(person) as conn:
        return {
            "done": figures.done_per_day(conn, scope, since),
            "rate": figures.completion(conn, scope, since, scope.today),
            "rates": figures.completion_per_day(conn, scope, since),
            "late": figures.overdue_now(conn, scope),
            "lates": figures.overdue_per_day(conn, scope, since) if has_trend else [],
            "soon": figures.due_soon(conn, scope, 7),
            "branches_7": figures.due_soon_by_branch(conn, scope, 7),
            "branches_30": figures.due_soon_by_branch(conn, scope, 30),
            "officers_7": figures.due_soon_by_officer(conn, scope, 7),
            "officers_30": figures.due_soon_by_officer(conn, scope, 30),
            "signals": figures.signals_open(conn, scope),
            "waiting": figures.signals_waiting_per_day(conn, scope, since),
            "handling": figures.handling_days(conn, scope, since),
            "site": figures.on_site_per_day(conn, scope, since),
            "table": figures.branch_table(conn, scope, since),
            "as_of": feeds.business_date(conn),
        }


def card(label: str, value, delta, against: str, series, help_: str, page: str, colour: str = "primary", **query) -> None:
    """One figure with its trend, its change, and the way to its rows."""
    with st.container(border=True, gap="xsmall", height="stretch"):
        st.metric(
            _(label), value, delta, delta_color=colour, chart_data=series if len(series) > 1 else None, chart_type="area",
            help=_(help_), delta_description=_(against) if delta is not None else None,
        )  # fmt: skip
        st.page_link(
            f"pages/desk/{page}.py", label=_("Open the rows"), icon=":material/arrow_forward:", query_params=narrowed | query
        )


@st.fragment(run_every="60s")
def everything() -> None:
    """Drawn anew with every change; the timer keeps the moment of refreshing true."""
    live.watch(person, *SHOWN)
    data = read(live.sight(person), scope, days, live.number())
    as_of.caption(_("Book of {0} · refreshed {1}").format(look.day(data["as_of"]), f"{clock.local_now():%H:%M:%S}"))
    key_figures(data)
    left, right = st.columns(2)
    with left:
        completed(data)
        coming(data)
    with right:
        overdue(data)
        warnings(data)
    by_branch(data)


def key_figures(data: dict) -> None:
    per_day = {}
    for row in data["done"]:
        per_day[row.day] = per_day.get(row.day, 0) + row.n
    series = [per_day.get(since + timedelta(days=n), 0) for n in range(days)]
    rates = [100 * r.on_time / r.due for r in data["rates"] if r.due]
    late, lates = data["late"].total, [r.late_7 + r.late_30 + r.late_more for r in data["lates"]]
    waiting = sum(r.n for r in data["signals"] if r.state == SignalState.RAISED)
    placed, on_site = (sum(getattr(r, name) for r in data["site"]) for name in ("placed", "on_site"))
    sites = [100 * r.on_site / r.placed for r in data["site"] if r.placed]
    with st.grid(6, min_column_width=165):
        card("Done today", f"{series[-1]:,}", series[-1] - series[-2], "vs. yesterday", series,
            "Todos completed each day.", "todos",
             state="done", closed_from=today, closed_to=today)  # fmt: skip
        card("Completed on time", look.percent(data["rate"].on_time, data["rate"].due), _points(rates), "pts. a week", rates,
             "Of the todos that fell due in the period, the share completed within grace. Cancelled todos do not count.", "todos",
             state="all", due_from=since, due_to=today)  # fmt: skip
        card("Overdue todos", f"{late:,}", _against(late, lates), "vs. last week", lates,
             "Open todos past their due day and grace.", "todos", "red" if late else "primary", late="true")  # fmt: skip
        coming_in = [r.due_7 for r in data["lates"]]
        card("Due within 7 days", f"{data['soon']:,}", _against(data["soon"], coming_in), "vs. last week", coming_in,
             "Open todos due today or within the next seven days.", "todos", state="pending", due_from=today,
             due_to=today + timedelta(days=7))  # fmt: skip
        queue = [r.n for r in data["waiting"]]
        card("Signals nobody took", f"{waiting:,}", _against(waiting, queue), "vs. last week", queue,
             "Open signals that nobody has taken in hand.", "signals", state="raised")  # fmt: skip
        card("On site", look.percent(on_site, placed), _points(sites), "pts. a week", sites,
             "Of the field visits with a position and a marked address, the share within the fence.", "records",
             mode="field", done_from=since)  # fmt: skip


def _against(now: int, series: list[int]) -> int | None:
    """Against a week ago."""
    return now - series[-8] if len(series) > 7 else None


def _points(rates: list[float]) -> str | None:
    """The mean of the last week against the one before, in percentage points."""
    if len(rates) < 10:
        return None
    half = min(7, len(rates) // 2)
    return f"{sum(rates[-half:]) / half - sum(rates[-2 * half : -half]) / half:+.1f}"


def completed(data: dict) -> None:
    with st.container(border=True):
        st.subheader(_("Completed per day"), anchor=False)
        if not data["done"]:
            st.caption(_("Nothing was completed in this period."))
            return
        due = {r.day: r.due for r in data["rates"]}
        picked = charts.draw(
            charts.done_per_day(data["done"], due, since, today), _("Todos completed per day by kind"), key="done",
            on_select="rerun",
            selection_mode="points",
        )  # fmt: skip
        if points := picked.selection.points:
            day = str(points[0]["x"])[:10]
            tables.open_page("desk/todos", state="done", closed_from=day, closed_to=day, **narrowed)


def overdue(data: dict) -> None:
    with st.container(border=True):
        st.subheader(_("Overdue todos by age"), anchor=False)
        if data["lates"]:
            charts.draw(charts.overdue_per_day(data["lates"]), _("Open overdue todos per day by age"), key="late")
        else:
            st.caption(
                _("No night has run yet; the trend begins with the first one.")
                if has_trend
                else _("The trend is counted for head office and branches.")
            )


def coming(data: dict) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(_("Coming due"), anchor=False, width="content")
            st.space("stretch")
            within = st.segmented_control(_("Within"), [7, 30], default=7, key="within", required=True,
                label_visibility="collapsed",
                                          format_func=lambda n: _("{0} days").format(n))  # fmt: skip
            level = st.segmented_control(_("By"), list(RANKED), default="branches", key="by", required=True,
                                         label_visibility="collapsed", format_func=lambda v: _(RANKED[v]))  # fmt: skip
        rows = data[f"{level}_{within}"][:10]
        if not rows:
            st.caption(_("Nothing comes due in these days."))
            return
        names, notes = ranked_branches(rows) if level == "branches" else ranked_officers(rows)
        picked = charts.draw(
            charts.ranking(names, [r.n for r in rows], notes), _("Todos coming due, most first"), key=f"coming_{level}", height=290,
            on_select="rerun", selection_mode="points",
        )  # fmt: skip
        if points := picked.selection.points:
            row = rows[len(rows) - 1 - points[0]["point_index"]]
            whose = (
                {"branch": row.code} if level == "branches" else {"assignee": row.staff_id} if row.staff_id else {"pool": "true"}
            )
            tables.open_page("desk/todos", **narrowed | whose, due_from=today, due_to=today + timedelta(days=within))


def ranked_branches(rows: list) -> tuple[list[str], list[str]]:
    notes = [_("{0} officers, {1} each").format(r.heads, "—" if r.load is None else f"{r.load:.1f}") for r in rows]
    return [r.branch for r in rows], notes


def ranked_officers(rows: list) -> tuple[list[str], list[str]]:
    return [f"{r.officer or _('nobody yet')} · {r.branch}" for r in rows], [""] * len(rows)


def warnings(data: dict) -> None:
    with st.container(border=True):
        st.subheader(_("Warning signals"), anchor=False)
        if not data["signals"]:
            st.caption(_("No open signals."))
            return
        picked = tables.show(
            [level_row(data, level) for level in reversed(Level)], SIGNAL_COLUMNS, "levels", _("Open signals by level")
        )
        if picked:
            tables.open_page("desk/signals", **narrowed | {"level": picked.level})
        st.caption(_("Click a level for its signals."))


def level_row(data: dict, level: Level) -> SimpleNamespace:
    mine = [r for r in data["signals"] if r.level == level]
    by_state = {r.state: r.n for r in mine}
    days_to_take = next((r.days for r in data["handling"] if r.level == level), None)
    return SimpleNamespace(level=level, oldest=min((r.oldest for r in mine), default=None), days=days_to_take,
                           **{state.value: by_state.get(state, 0) for state in LIVE_SIGNALS})  # fmt: skip


def by_branch(data: dict) -> None:
    with st.container(border=True):
        st.subheader(_("Branches"), anchor=False)
        picked = tables.show(
            data["table"],
            [
                Column("branch", "Branch", width=150),
                Column("due", "Due in the period", "number"),
                Column("rate", "On time", "share", value=lambda r: r.on_time / r.due if r.due else None),
                Column("open", "Open now", "number"),
                Column("overdue", "Overdue now", "number"),
                Column("visits", "Field visits", "number"),
                Column("site", "On site", "share", value=lambda r: r.on_site / r.placed if r.placed else None),
                Column("signals", "Open signals", "number"),
                Column("serious", "Orange and red", "number"),
            ],
            key="branches",
            alt=_("Figures by branch"),
        )
        if picked:
            tables.open_page("desk/todos", branch=picked.code, state="pending")


everything()
