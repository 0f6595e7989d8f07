"""记录: every check that was submitted; one of them from every side; those whose presence a person is to look at."""

import streamlit as st

from db import access, records, reviews
from db.vocab import Conclusion, Flaw, Kind, Mode, Opinion, Outcome, ReviewState, Role
from engine import exports, permits, quality, words
from engine.words import _
from pages.parts import acts, exporting, filters, frame, live, look, papers, record_sheet, review_box, spot_box, tables
from pages.parts.tables import Column

person = frame.person("records.see")
SORTS = {"-done": "Latest first", "done": "Oldest first", "customer": "Customer", "staff": "Officer", "branch": "Branch"}
QUEUE_SORTS = {"-urgency": "Worst evidence first", "opened": "Longest waiting first", "staff": "Officer"}
PLACES = {"known": "Position compared", "on": "On site", "off": "Not on site", "unknown": "No position to compare"}
SITE = {"known": {"placed": True}, "on": {"on_site": True}, "off": {"on_site": False}, "unknown": {"placed": False}}
VIEWS = {"all": "All checks", "review": "Awaiting review", "spot": "Spot checks"}
GRADE = Column("grade", "Presence", width=75, help="From A, on site, to D, contradicted; the check says why.")
DISTANCE = Column(
    "distance", "Metres from the mark", "number", value=lambda r: None if r.distance_m is None else round(r.distance_m), width=110
)
COLUMNS = [
    Column("finished_at", "When", "moment", width=130),
    Column("customer", "Customer", width=190),
    Column("staff", "Officer", width=80),
    Column("branch", "Branch", width=120),
    Column("kind", "Kind", value=lambda r: words.name(Kind(r.kind)), width=95),
    Column("mode", "Way", value=lambda r: words.name(Mode(r.mode)), width=70),
    Column("conclusion", "Conclusion", "badge", Conclusion, width=95),
    Column("outcome", "Outcome", value=lambda r: words.name(Outcome(r.outcome)), width=100),
    GRADE,
    Column("review", "Review", value=lambda r: words.name(ReviewState(r.review)) if r.review else None, width=90),
    Column("opinion", "Opinion", "badge", Opinion, width=85),
    Column("flags", "Quality flags", value=lambda r: quality.named(r.flags), width=150),
    DISTANCE,
    Column("note", "Remark", width=280),
]
QUEUE = [
    GRADE,
    Column("why", "Why", value=lambda r: _(", ").join(_(review_box.CAUSES[c]) for c in r.causes), width=200),
    Column("state", "State", "badge", ReviewState, width=95),
    Column("staff", "Officer", width=80),
    Column("customer", "Customer", width=190),
    Column("kind", "Kind", value=lambda r: words.name(Kind(r.kind)), width=95),
    Column("finished_at", "When", "moment", width=130),
    DISTANCE,
    Column("away_because", "The officer's reason", width=240),
    Column("branch", "Branch", width=120),
]
reviewer = permits.may(person, "review.decide")
MAY = {"all": True, "review": reviewer, "spot": permits.may(person, "spot.see")}
views = {name: label for name, label in VIEWS.items() if MAY[name]}


def one(asked: str) -> None:
    """A check by the number in the address."""
    if not tables.is_number(asked) or not record_sheet.show(person, int(asked)):
        tables.heading("Check")
        tables.empty("No such check, or not yours to see", "Find it in the list of checks.")
        st.page_link("pages/desk/records.py", label=_("To the list of checks"), icon=":material/arrow_back:")
    elif reviewer:
        _next(int(asked))


def _next(record_id: int) -> None:
    """Whoever works through the queue goes on to the next."""
    with access.reading(person) as conn:
        waiting = reviews.listing(conn, states=(ReviewState.WAITING,), not_of=person.id, limit=2)
    following = next((r for r in waiting.rows if r.record_id != record_id), None)
    if following:
        st.page_link("pages/desk/records.py", label=_("Next awaiting review: {0}").format(look.plain(following.customer)),
                     icon=":material/arrow_forward:", query_params={"id": str(following.record_id)})  # fmt: skip


def everything() -> None:
    head = tables.heading("Inspection records")
    with head:
        view = filters.one_of("view", "View", views, "all") if len(views) > 1 else "all"
        with st.container(width="content"):
            counted = st.empty()
        st.space("stretch")
        papers.to_month(person)
        papers.of_branch(person)
    if view == "spot":
        spot_checks()
    else:
        queue(counted) if view == "review" else checks(head, counted)


def spot_checks() -> None:
    drawn = st.query_params.get("draw", "")
    spot_box.one_draw(person, int(drawn)) if tables.is_number(drawn) else spot_box.all_draws(person)


def checks(head, counted) -> None:
    with access.reading(person) as conn, filters.bar():
        text = filters.text(placeholder="customer", width=150)
        branch_ids = filters.branch(conn)
        kind = filters.word("kind", "Kind", Kind)
        mode = filters.word("mode", "Way", Mode, width=110)
        conclusion = filters.word("conclusion", "Conclusion", Conclusion, width=120)
        order = filters.sort(SORTS, "-done")
        with filters.more("done_from", "done_to", "staff", "site", "flaw"):
            with st.container(horizontal=True):
                since = filters.day("done_from", "Done from")
                until = filters.day("done_to", "Done to")
            officers = filters.people(conn, Role.MANAGER, Role.INSPECTOR, key="staff")
            officer = filters.choice("staff", "Officer", officers, 300, labelled=True)
            flaw = filters.choice(
                "flaw", "Quality flags", {records.ANY_FLAW: _("Any")} | {f.value: words.name(f) for f in Flaw}, 300, labelled=True
            )
            site = filters.choice("site", "On site", {name: _(text) for name, text in PLACES.items()}, 300, labelled=True)
    wanted = records.Filter(
        done_from=since, done_to=until, kind=kind, mode=mode, conclusion=conclusion, branch_ids=branch_ids, text=text, flaw=flaw,
        staff_id=int(officer) if officer else None, **SITE.get(site, {}),
    )  # fmt: skip
    with head:
        exporting.button(person, exports.of_list("records", wanted, order))
    listed(counted, order, wanted)


@st.fragment
def listed(counted, order: str, wanted: records.Filter) -> None:
    """Drawn anew when a check comes in."""
    live.watch(person, "records", "reviews", "opinions")
    with access.reading(person) as conn:
        limit, offset = tables.span(wanted, order)
        found = records.listing(conn, wanted, order, limit, offset)
    with counted:
        tables.count(found, "checks", "click a row to open it")
    if not found.rows:
        tables.empty("No checks match", "Widen the filters above. Checks are submitted by officers.")
    elif picked := tables.show(found.rows, COLUMNS, "records", _("Checks")):
        open_check(picked.id)
    tables.pager(found.total)


def queue(counted) -> None:
    with access.reading(person) as conn, filters.bar():
        branch_ids = filters.branch(conn)
        order = filters.sort(QUEUE_SORTS, "-urgency")
    waiting(counted, order, branch_ids)


@st.fragment
def waiting(counted, order: str, branch_ids: tuple[int, ...] | None) -> None:
    live.watch(person, "reviews")
    with access.reading(person) as conn:
        found = reviews.listing(conn, not_of=person.id, branch_ids=branch_ids, sort=order, limit=tables.PAGE_SIZE,
                                offset=tables.offset(branch_ids, order))  # fmt: skip
    with counted:
        tables.count(found, "checks to look at", "click a row to open it")
    if not found.rows:
        tables.empty(
            "Nothing awaits review", "Checks with a low presence grade, or with a photo that was handed in before, appear here."
        )
    elif picked := tables.show(found.rows, QUEUE, "reviews", _("Checks awaiting review")):
        open_check(picked.record_id)
    tables.pager(found.total)


def open_check(record_id: int) -> None:
    acts.leave()  # the list that is returned to has nothing selected
    tables.open_page("desk/records", id=record_id)


asked = st.query_params.get("id", "")
one(asked) if asked else everything()
