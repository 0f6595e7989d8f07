"""看板: what was done, what is late, what is coming, where the signals are; every figure opens its rows."""

from types import SimpleNamespace
from urllib.parse import urlencode

import streamlit as st

from db import access, branches, footprints, staff
from db.figures import Scope
from db.vocab import LIVE_SIGNALS, Family, Kind, Level, Role
from engine import clock, words
from engine.dashboard import OFFICERS
from engine.words import _
from pages.parts import board, charts, counts, filters, frame, key_figures, live, look, looking, papers, tables, track, wall
from pages.parts.board import Asked
from pages.parts.key_figures import Figure
from pages.parts.tables import Column

person = frame.person("dashboard.see")
today = clock.today()

PERIODS = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "A year"}
DAYS_OF_FOOTPRINTS = {"7": "week", "30": "month", "90": "quarter", "365": "year"}
RANKED = {"branches": "Branches", "officers": "Officers"}
SIGNAL_COLUMNS = [
    Column("level", "Level", "badge", Level, width=65),
    *(Column(state.value, words.msgid(state), "number", width=60) for state in LIVE_SIGNALS),
    Column("oldest", "Oldest", "day", width=90),
    Column("median", "Days to take, median", "decimal", width=85),
    Column("slow", "Nine of ten within", "decimal", width=80),
]
BESIDE = [
    Column("what", "Figure"), Column("now", "This period"), Column("before", "Period before"), Column("year", "Year before"),
    Column("target", "Target"), Column("change", "Moved by"),
]  # fmt: skip
WORK = [
    Column("due", "Due in the period", "number"),
    Column("rate", "On time", "share", value=lambda r: r.on_time / r.due if r.due else None),
    Column("open", "Open now", "number"),
    Column("each", "Open for each officer", "decimal", value=lambda r: r.open / r.heads if r.heads else None, width=105),
    Column("overdue", "Overdue now", "number"),
    Column("visits", "Field visits", "number"),
    Column("a_day", "Visits a day", "decimal", value=lambda r: r.visits / r.outings if r.outings else None,
        help="For each day on which an officer was out."),
    Column("site", "On site", "share", value=lambda r: r.on_site / r.placed if r.placed else None),
    Column("signals", "Open signals", "number"),
    Column("serious", "Orange and red", "number"),
]  # fmt: skip


def ask() -> tuple[Asked, list]:
    """What the filters say, and the way down to it: (label, what stands in the address there)."""
    with access.reading(person) as conn, filters.bar():
        days = int(filters.one_of("days", "Period", PERIODS, "30"))
        against = filters.one_of("against", "Compared with", {"before": "Period before", "year": "Year before"}, "before")
        branch_ids = filters.branch(conn, width=125)
        officers = filters.people(conn, Role.MANAGER, Role.INSPECTOR, key="officer")
        officer = filters.choice("officer", "Officer", officers, 125)
        kind = filters.word("kind", "Kind", Kind, 120)
        family = filters.word("family", "Product family", Family, 134)
        tree = branches.all_open(conn)
        named = staff.row(conn, int(officer)) if officer else None
    code = st.query_params.get("branch") if branch_ids else None
    said = {"branch": code, "officer": officer, "kind": kind, "family": family}
    narrowed = {name: value for name, value in said.items() if value}
    scope = Scope(today, branch_ids, kind, family, int(officer) if officer else None)
    return Asked(person, scope, days, against, top_of(tree, code), narrowed), way_down(tree, code, named)


def top_of(tree: list, code: str | None) -> int | None:
    """Whose parts are told apart: the branch that is looked at, one's own, or the whole bank."""
    if code:
        return next((b.id for b in tree if b.code == code), None)
    if person.role is Role.BRANCH_HEAD:
        return person.branch_id
    return next((b.id for b in tree if b.parent_id is None), None)


def way_down(tree: list, code: str | None, officer) -> list[tuple[str, dict]]:
    """Bank, branches, officer: each with the way back to it."""
    by_id, steps = {b.id: b for b in tree}, []
    at = next((b for b in tree if code and b.code == code.removesuffix(filters.ALONE)), None)
    while at is not None and at.parent_id is not None:
        steps.insert(0, (at.name, {"branch": at.code}))
        at = by_id.get(at.parent_id)
    whole = _("All I see") if person.role in (Role.BRANCH_HEAD, Role.COLLECTIONS) else _("The whole bank")
    below = {"branch": code} if code else {}
    return [(whole, {}), *steps, *([(officer.name, below | {"officer": str(officer.id)})] if officer else [])]


def stays() -> dict[str, str]:
    """What goes along from level to level."""
    return {name: st.query_params[name] for name in ("days", "against", "kind", "family") if name in st.query_params}


def breadcrumb(steps: list[tuple[str, dict]]) -> None:
    if len(steps) > 1:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            for label, query in steps[:-1]:
                st.page_link("pages/desk/dashboard.py", label=look.plain(label), query_params=stays() | query, width="content")
                st.markdown(":gray[›]", width="content")
            st.markdown(f"**{look.plain(steps[-1][0])}**", width="content")


if looking.on_a_wall(person, "dashboard"):
    wall.show(person, today)
    st.stop()
head = tables.heading("Dashboard")
asked, steps = ask()
with head:
    st.space("stretch")
    with st.container(width="content"):
        as_of = st.empty()
    papers.to_month(person, **{name: code for name, code in asked.narrowed.items() if name == "branch"})
    looking.choose(person)
breadcrumb(steps)


@st.fragment(run_every="60s")
def everything() -> None:
    """Drawn anew with every change; the timer keeps the moment of refreshing true."""
    live.watch(person, *board.SHOWN)
    counted = asked.counted()
    data = counted.figures
    as_of.caption(_("Book of {0} · counted at {1}").format(look.day(data["as_of"]), counts.moment(counted)))
    key_figures.show([card(key) for key in board.keys(asked, data)], "key_figures", columns=6, least=165)
    left, right = st.columns(2)
    with left:
        completed(data)
        coming(data)
        where(data)
    with right:
        overdue(data)
        warnings(data)
        beside(data)
    rates(data)
    level(data)
    running()


def card(key: board.Key) -> Figure:
    """One figure with its trend, its change, and the way to its rows."""
    moved, rows = key.change, urlencode(board.rows_behind(asked, key.page, key.query))
    note = f"{moved.word} {_(key.against)}".strip() if moved else ""
    return Figure(
        _(key.label), key.value, moved.text if moved else "", note, moved.colour if moved else "primary", _(key.help), key.series,
        rows=f"/{key.page}?{rows}",
    )  # fmt: skip


def completed(data: dict) -> None:
    with st.container(border=True):
        st.subheader(_("Completed per day"), anchor=False)
        if not data["done"]:
            st.caption(_("Nothing was completed in this period."))
            return
        due = {r.day: r.due for r in data["rates"]}
        picked = charts.draw(
            charts.done_per_day(data["done"], due, *asked.now), _("Todos completed per day by kind"), key="done", picks=True
        )
        if picked:
            open_rows("todos", state="done", closed_from=picked["x"], closed_to=picked["x"])


def open_rows(page: str, **query: object) -> None:
    tables.open_page(f"desk/{page}", **board.rows_behind(asked, page, query))


def overdue(data: dict) -> None:
    with st.container(border=True):
        st.subheader(_("Overdue todos by age"), anchor=False)
        if data["lates"]:
            charts.draw(charts.overdue_per_day(data["lates"]), _("Open overdue todos per day by age"), key="late")
        else:
            st.caption(
                _("No night has run yet; the trend begins with the first one.")
                if asked.has_trend
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
            by = st.segmented_control(_("By"), list(RANKED), default="branches", key="by", required=True,
                                         label_visibility="collapsed", format_func=lambda v: _(RANKED[v]))  # fmt: skip
        rows = data[f"{by}_{within}"][:10]
        if not rows:
            st.caption(_("Nothing comes due in these days."))
            return
        names, notes = ranked_branches(rows) if by == "branches" else ranked_officers(rows)
        picked = charts.draw(
            charts.ranking(names, [r.n for r in rows], notes), _("Todos coming due, most first"), key=f"coming_{by}",
            height=60 + 23 * len(rows), picks=True,
        )  # fmt: skip
        if picked:
            row = rows[len(rows) - 1 - picked["index"]]
            open_rows("todos", **whose(row), due_from=today, due_to=asked.soon(within))


def whose(row) -> dict[str, str]:
    """A ranked branch or officer, or what nobody in a branch has yet, as the list of todos says it."""
    if not hasattr(row, "staff_id"):
        return {"branch": code_of(row)}
    return {"assignee": str(row.staff_id)} if row.staff_id else {"pool": "true", "branch": alone(row.code)}


def code_of(row) -> str:
    """A part of the bank, in the address; the branch that is looked at is a part without those below it."""
    return alone(row.code) if row.branch_id == asked.top else row.code


def alone(code: str) -> str:
    with access.reading(person) as conn:
        tree = branches.all_open(conn)
    own = next((b.id for b in tree if b.code == code), None)
    return code + filters.ALONE if any(b.parent_id == own for b in tree) else code


def ranked_branches(rows: list) -> tuple[list[str], list[str]]:
    notes = [_("{0} officers, {1} each").format(r.heads, "—" if r.load is None else f"{r.load:.1f}") for r in rows]
    return [part_name(r) for r in rows], notes


def part_name(row) -> str:
    return _("{0} alone").format(row.branch) if code_of(row).endswith(filters.ALONE) else row.branch


def ranked_officers(rows: list) -> tuple[list[str], list[str]]:
    return [f"{r.officer or _('nobody yet')} · {r.branch}" for r in rows], [""] * len(rows)


def rates(data: dict) -> None:
    with st.container(border=True):
        st.subheader(_("On time and on site"), anchor=False)
        if not any(r.due for r in data["rates"]):
            st.caption(_("Nothing fell due in this period."))
            return
        charts.draw(
            charts.shares(data["rates"], data["site"], data["targets"]),
            _("Shares by week, with their targets"),
            key="shares",
            height=240,
        )


def where(data: dict) -> None:
    """Where the bank's people were: a tap on a part of the map opens its visits."""
    if not data["cells"]:
        return
    with st.container(border=True):
        asked_for = {"day": today, "by": DAYS_OF_FOOTPRINTS[str(asked.days)]} | {
            k: v for k, v in asked.narrowed.items() if k == "branch"
        }
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(_("Where visits were made"), anchor=False, width="content")
            st.space("stretch")
            st.page_link("pages/desk/footprints.py", label=_("Footprints"), icon=":material/footprint:",
                         query_params={name: str(value) for name, value in asked_for.items()})  # fmt: skip
        if cell := track.heat(
            data["cells"], footprints.step_of(asked.scope.branch_ids), "heat_of_dashboard", near=bool(asked.scope.branch_ids)
        ):
            tables.open_page("desk/footprints", **asked_for, cell=cell)


def warnings(data: dict) -> None:
    with st.container(border=True):
        st.subheader(_("Warning signals"), anchor=False)
        if not data["signals"]:
            st.caption(_("No open signals."))
            return
        picked = tables.lead(
            [level_row(data, lvl) for lvl in reversed(Level)], SIGNAL_COLUMNS, "levels", _("Open signals by level")
        )
        if picked:
            open_rows("signals", level=picked.level)
        st.caption(_("Click a level for its signals. They are not told apart by kind or product family."))


def level_row(data: dict, of: Level) -> SimpleNamespace:
    mine = [r for r in data["signals"] if r.level == of]
    by_state = {r.state: r.n for r in mine}
    median, slow = next((r.days for r in data["handling"] if r.level == of and r.days), (None, None))
    return SimpleNamespace(level=of, oldest=min((r.oldest for r in mine), default=None), median=median, slow=slow,
                           **{state.value: by_state.get(state, 0) for state in LIVE_SIGNALS})  # fmt: skip


def beside(data: dict) -> None:
    """Every figure of the period beside the period before, the year before and its target."""
    with st.container(border=True):
        st.subheader(_("This period beside others"), anchor=False)
        tables.read(board.lines(asked, data), BESIDE, "beside")
        st.caption(_("Moved: against what is chosen above."))


def level(data: dict) -> None:
    """Branches below the one that is looked at, and officers; a click goes one step down."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(_("Who does what"), anchor=False, width="content")
            st.space("stretch")
            few = len(data["branches"]) < 2 or asked.scope.staff_id is not None
            by = st.segmented_control(_("By"), list(RANKED), default="officers" if few else "branches", required=True, key=f"table_by_{few}",
                                      label_visibility="collapsed", format_func=lambda v: _(RANKED[v]))  # fmt: skip
        by_branch(data["branches"]) if by == "branches" else by_officer(data["officers"], data["km"])


def by_branch(rows: list) -> None:
    columns = [Column("branch", "Branch", width=150, value=part_name), Column("heads", "Officers", "number", width=70), *WORK]
    if picked := tables.lead(rows, columns, "branches", _("Figures by branch")):
        tables.open_page("desk/dashboard", **stays(), branch=code_of(picked))
    st.caption(_("Click a branch for what lies below it."))


def by_officer(rows: list, km: dict[int, float]) -> None:
    columns = [
        Column("officer", "Officer", width=95, value=lambda r: r.officer or _("nobody yet")), Column("branch", "Branch", width=120),
        *(c for c in WORK if c.name != "each"),
        *([Column("km", "Kilometres", "decimal", value=lambda r: km.get(r.staff_id), help="In a straight line from position to position.")] if km else []),
    ]  # fmt: skip
    if picked := tables.lead(rows, columns, "officers", _("Figures by officer")):
        step_to(picked)
    if len(rows) == OFFICERS:
        st.caption(_("The {0} with most overdue. Choose a branch for all of its officers.").format(OFFICERS))
    st.caption(_("Click an officer for his figures and the rows behind them."))


def step_to(row) -> None:
    """One officer's dashboard; from there, and for what is nobody's, the rows."""
    if row.staff_id is None:
        open_rows("todos", pool="true", state="pending")
    if row.staff_id == asked.scope.staff_id:
        open_rows("todos", state="pending")
    below = {"branch": asked.narrowed["branch"]} if "branch" in asked.narrowed else {}
    tables.open_page("desk/dashboard", **stays() | below, officer=row.staff_id)


def running() -> None:
    """Security and the running of the system, for those who may know."""
    found = board.system(person, live.sight(person), asked.windows, live.number())
    if not found or asked.scope.branch_ids or asked.scope.staff_id:
        return
    with st.container(border=True):
        st.subheader(_("The system"), anchor=False)
        told = [Figure(label, value, note or "") for label, value, note in board.system_figures(found, asked.then)]
        key_figures.show(told, "system_figures", columns=6, least=165)


everything()
