"""Keeping a report: its name, whom it is shared with, how often it is made by itself."""

import streamlit as st

from db import access, branches
from db.access import Person
from db.vocab import Rhythm, Role
from engine import clock, kept_reports, permits, words
from engine.reports import Wish
from engine.words import _
from pages.parts import acts, look

SHARED = [role for role in Role if role is not Role.MACHINE]


def box(person: Person, wish: Wish, report, name: str) -> None:
    """`report`: the one that is open, when it is somebody's; its owner changes it, others keep a copy."""
    mine = report is not None and report.owner_id == person.id
    with st.popover(_("Keep") if not mine else _("Keep or share"), icon=":material/bookmark:", key="keeping"):
        st.text_input(_("Report name"), value=name, max_chars=kept_reports.LONGEST_NAME, key="report_name")
        with st.container(horizontal=True):
            if mine:
                st.button(_("Keep changes"), on_click=_keep, args=(person, wish, report.id), type="primary", key="keep_changes")
            st.button(_("Keep as a new one"), on_click=_keep, args=(person, wish, None), key="keep_new")
        if mine:
            _repeat(person, report)
            if permits.may(person, "report.share"):
                _share(person, report)
            st.button(
                _("Delete this report"), icon=":material/delete:", on_click=_drop, args=(person, report.id), key="drop_report"
            )


def _keep(person: Person, wish: Wish, report_id: int | None) -> None:
    kept = None
    with acts.act(person, "report.keep", "Kept") as conn:
        kept = kept_reports.keep(conn, person, st.session_state["report_name"], wish, report_id)
    if kept:
        st.query_params["kept"] = str(kept)
        st.query_params.pop("report", None)


def _repeat(person: Person, report) -> None:
    st.session_state["rhythm"] = report.rhythm
    st.selectbox(
        _("Made by itself"), list(Rhythm), format_func=lambda r: words.name(Rhythm(r)), placeholder=_("only by hand"), key="rhythm",
        on_change=_set_rhythm, args=(person, report.id),
        help=_("In the early morning, with your rights of that day. The file is kept for some weeks; you are told under the bell."),
    )  # fmt: skip
    if report.next_on:
        st.caption(_("Next on {0}").format(look.day(report.next_on)))


def _set_rhythm(person: Person, report_id: int) -> None:
    chosen = st.session_state["rhythm"]
    with acts.act(person, "report.keep", "Kept") as conn:
        kept_reports.repeat(conn, person, report_id, Rhythm(chosen) if chosen else None, today=clock.today())


def _share(person: Person, report) -> None:
    """Whoever opens it sees his own part of the bank in it."""
    with access.reading(person) as conn:
        every, chosen = branches.names(conn), report.to_branches
        names = {row.id: row.name for row in branches.all_open(conn)} | {b: every[b] for b in chosen}
    roles = st.multiselect(
        _("Shared with"),
        SHARED,
        default=[Role(r) for r in report.to_roles],
        format_func=words.name,
        key="to_roles",
        placeholder="—",
    )
    places = st.multiselect(_("In branches"), list(names), default=chosen, format_func=names.get,
                            key="to_branches", placeholder=_("the whole bank"))  # fmt: skip
    st.caption(_("Everybody sees his own part of the bank in it."))
    st.button(_("Share"), icon=":material/group:", on_click=_set_share, args=(person, report.id, roles, places), key="share_report")


def _set_share(person: Person, report_id: int, roles: list[Role], places: list[int]) -> None:
    with acts.act(person, "report.share", "Shared") as conn:
        kept_reports.share(conn, person, report_id, roles, places)


def _drop(person: Person, report_id: int) -> None:
    with acts.act(person, "report.keep", "Deleted") as conn:
        kept_reports.drop(conn, person, report_id)
    st.query_params.clear()
