"""Spot checks of records: drawing a sample, how far it is, and the second look at a drawn check."""

import secrets
from datetime import timedelta

import streamlit as st

from db import access, branches, draws, records
from db.access import Person
from db.vocab import CallBack, Conclusion, Kind, Mode, Role, SecondLook
from engine import clock, permits, quality, words
from engine import draws as verbs
from engine.words import _
from pages.parts import acts, filters, look, tables
from pages.parts.tables import Column

QUARTER = timedelta(days=90)
SOUGHT = {"number": "A number", "share": "A share"}
FORM = "draw_{0}"
DRAWS = [
    Column("made_at", "When", "moment", width=130),
    Column("branch", "Branch", value=lambda x: x.branch or _("The whole bank"), width=140),
    Column("period", "Period", value=lambda x: _period(x.wish["among"]), width=190),
    Column("population", "Checks to draw from", "number", width=110),
    Column("n", "Drawn", "number", width=80),
    Column("done", "Looked at", "number", value=lambda x: x.agreed + x.doubted, width=90),
    Column("doubted", "Doubted", "number", width=80),
    Column("called", "Called back", "number", width=90),
    Column("maker", "By whom", width=90),
    Column("seed", "Seed", width=130, help="With the same seed the same checks give the same draw, whoever repeats it."),
]
LOOKS = [
    Column("turn", "No.", "number", width=60),
    Column("state", "Second look", "badge", SecondLook, width=100),
    Column("finished_at", "When", "moment", width=130),
    Column("customer", "Customer", width=190),
    Column("kind", "Kind", value=lambda r: words.name(Kind(r.kind)), width=95),
    Column("mode", "Way", value=lambda r: words.name(Mode(r.mode)), width=70),
    Column("conclusion", "Conclusion", "badge", Conclusion, width=95),
    Column("flags", "Quality flags", value=lambda r: quality.named(r.flags), width=150),
    Column("staff", "Officer", width=80),
    Column("branch", "Branch", width=120),
    Column("looker", "Looked at by", width=90),
    Column("call", "Call back", value=lambda r: words.name(CallBack(r.call)) if r.call else None, width=130),
    Column("words", "In words", width=260),
]
RESULTS = [
    Column("branch", "Branch", width=150),
    Column("staff", "Officer", width=90),
    Column("n", "Drawn", "number", width=80),
    Column("waiting", "Awaiting a second look", "number", width=100),
    Column("agreed", "Agreed", "number", width=80),
    Column("doubted", "Doubted", "number", width=80),
    Column("called", "Called back", "number", width=90),
]


def _period(among: dict) -> str:
    return f"{among.get('done_from', '…')} – {among.get('done_to', '…')}"


# --- The draws --------------------------------------------------------------------------------------------------------


def all_draws(person: Person) -> None:
    """A new one, and all that were drawn."""
    if permits.may(person, "spot.draw"):
        with st.expander(_("Draw a sample"), icon=":material/casino:", key="new_draw"):
            _new(person)
    with access.reading(person) as conn:
        rows = draws.listing(conn)
    if not rows:
        tables.empty("No sample was drawn yet", "Draw one above: some checks at random, looked at again by somebody else.")
    elif picked := tables.show(rows, DRAWS, "draws", _("Samples drawn")):
        acts.leave()
        tables.open_page("desk/records", view="spot", draw=picked.id)


def _new(person: Person) -> None:
    wish = _wished(person)
    with access.reading(person) as conn:
        population = draws.population(conn, wish.among)
    n = verbs.size(wish, population)
    st.markdown(_("**{0:,}** of {1:,} completed checks").format(n, population))
    st.session_state["draw.wish"] = wish
    st.session_state.setdefault("draw.seed", secrets.token_hex(6))
    acts.button("Draw", lambda: _draw(person), "do_draw", type="primary", icon=":material/casino:", disabled=not n)
    st.caption(_("Seed {0}. It is kept with the sample: with it the draw can be repeated.").format(st.session_state["draw.seed"]))


def _wished(person: Person) -> verbs.Wish:
    today = clock.today()
    with access.reading(person) as conn:
        rows, officers = branches.all_open(conn), filters.people(conn, Role.MANAGER, Role.INSPECTOR, key="draw_officer")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            since = st.date_input(_("Done from"), today - QUARTER, format="YYYY-MM-DD", key=FORM.format("since"), width=140)
            until = st.date_input(_("Done to"), today, format="YYYY-MM-DD", key=FORM.format("until"), width=140)
            branch = _one_of("Branch", {b.id: b.name for b in rows}, "branch", 180)
            officer = _one_of("Officer", officers, "staff", 200)
            kind = _one_of("Kind", {str(k): words.name(k) for k in Kind}, "kind", 130)
        under = tuple(branches.under(conn, branch)) if branch else None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        how = st.segmented_control(_("How many"), list(SOUGHT), default="share", required=True, key=FORM.format("how"),
                                   format_func=lambda one: _(SOUGHT[one]))  # fmt: skip
        number = st.number_input(_("Checks"), 1, verbs.MOST, 20, key=FORM.format("n"), width=140) if how == "number" else None
        share = st.number_input(_("Percent"), 0.1, 100.0, 5.0, 0.5, key=FORM.format("share"), width=140) if how == "share" else None
        flagged = st.toggle(_("Those with a quality flag first"), key=FORM.format("flagged"))
    among = records.Filter(
        done_from=since, done_to=until, kind=kind, branch_ids=under, staff_id=int(officer) if officer else None
    )  # fmt: skip
    return verbs.Wish(among, number, share / 100 if share else None, flagged, branch)


def _one_of(label: str, options: dict, key: str, width: int):
    """One of {value: text}, or None for all."""
    return st.selectbox(
        _(label), list(options), index=None, key=FORM.format(key), format_func=options.get, placeholder=_("All"), width=width
    )


def _draw(person: Person) -> None:
    with acts.act(person, "spot.draw", "Drawn") as conn:
        verbs.draw(conn, person, st.session_state["draw.wish"], st.session_state.pop("draw.seed"), now=clock.now())


# --- One draw ---------------------------------------------------------------------------------------------------------


def one_draw(person: Person, draw_id: int) -> None:
    """How far it is, what came of it by branch and officer, and its checks."""
    with access.reading(person) as conn:
        draw = draws.get(conn, draw_id)
        if draw is None:
            tables.empty("No such sample", "Find it in the list of samples.")
            return
        limit, offset = tables.span(draw_id)
        found, by_officer = draws.looks(conn, draw_id, limit=limit, offset=offset), draws.results(conn, draw_id)
        following = draws.next_waiting(conn, draw_id, person.id)
    done = draw.agreed + draw.doubted
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{look.plain(draw.branch or _('The whole bank'))}** · {_period(draw.wish['among'])} · "
            + _("{0:,} of {1:,} looked at, {2:,} doubted").format(done, draw.n, draw.doubted),
            width="content",
        )
        st.space("stretch")
        if following and permits.may(person, "spot.check"):
            _lead_to(following, "Next second look")
        st.page_link("pages/desk/records.py", label=_("All samples"), icon=":material/arrow_back:", query_params={"view": "spot"})
    st.progress(done / draw.n)
    with st.expander(_("By branch and officer"), expanded=done > 0, key="draw_results"):
        tables.look_at(by_officer, RESULTS, "draw_results", _("By branch and officer"), tallest=10)
    if picked := tables.show(found.rows, LOOKS, "looks", _("Checks drawn")):
        acts.leave()
        tables.open_page("desk/records", id=picked.record_id)
    tables.pager(found.total)


def _lead_to(record_id: int, label: str) -> None:
    st.page_link("pages/desk/records.py", label=_(label), icon=":material/arrow_forward:", query_params={"id": str(record_id)})


# --- The second look --------------------------------------------------------------------------------------------------


def second_looks(person: Person, record, found: list, names: dict[int, str]) -> None:
    """What was said at second looks, and the form for whoever may take one."""
    for one in found:
        with st.container(border=True, key=f"second_look_{one.draw_id}"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.subheader(_("Spot check"), anchor=False, width="content")
                st.markdown(look.badge(SecondLook(one.state)), width="content")
            if one.state == SecondLook.WAITING:
                _waiting(person, record, one)
            else:
                _said(one, names)
            st.page_link("pages/desk/records.py", label=_("To the sample"), icon=":material/casino:",
                         query_params={"view": "spot", "draw": str(one.draw_id)})  # fmt: skip


def _said(one, names: dict[int, str]) -> None:
    st.markdown(f"{look.plain(one.words)} :gray[{look.plain(names.get(one.done_by))} · {look.moment(one.done_at)}]")
    if one.call:
        st.markdown(f":material/call: **{words.name(CallBack(one.call))}** {look.plain(one.call_words)}")


def _waiting(person: Person, record, one) -> None:
    with access.reading(person) as conn:
        judged = draws.judged_by(conn, one, person.id)
    if not permits.may(person, "spot.check"):
        st.caption(_("Drawn for a second look; nobody has taken it yet."))
        return
    if record.staff_id == person.id or judged:
        st.caption(_("You made or judged this check. Somebody else takes the second look."))
        return
    st.segmented_control(
        _("Second look"), [SecondLook.AGREED, SecondLook.DOUBTED], key="look_state", format_func=words.name,
        default=SecondLook.AGREED, required=True, label_visibility="collapsed",
    )  # fmt: skip
    st.text_area(_("What was found; needed to doubt"), key="look_words", height=90, max_chars=500)
    st.selectbox(_("Call back to the customer"), list(CallBack), index=None, key="look_call", format_func=words.name,
                 placeholder=_("Not called"))  # fmt: skip
    if st.session_state.get("look_call"):
        st.text_area(_("What the customer said"), key="look_call_words", height=70, max_chars=500)
    acts.button("Keep the second look", lambda: _settle(person, one), "look_again", type="primary")


def _settle(person: Person, one) -> None:
    given = st.session_state
    call = CallBack(given.look_call) if given.look_call else None
    said = verbs.Said(SecondLook(given.look_state), given.look_words, call, given.get("look_call_words"))
    with acts.act(person, "spot.check", "Kept") as conn:
        verbs.settle(conn, person, one.draw_id, one.record_id, said, now=clock.now())
