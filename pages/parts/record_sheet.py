"""One check from every side: what was answered, where it was made, what was photographed, what came of it."""

from datetime import datetime

import streamlit as st

from db import access, audit, copies, definitions, draws, leads, opinions, photos, qualities, records, reviews, signals, staff
from db.access import Connection, Person
from db.vocab import CallResult, Conclusion, Definition, Kind, LoanClass, Mode, Outcome, SignalState
from engine import forms, permits, refusals, sentences, words
from engine.forms import Form, Item, Type
from engine.words import _
from pages.parts import dossier, evidence, look, quality_box, review_box, spot_box, tables

OF_A_CHECK = {"records", "reviews", "opinions", "second_looks"}


def show(by: Person, record_id: int) -> bool:
    """The whole page of one check; False when there is none, or it is not this person's to see."""
    with access.reading(by) as conn:
        record = records.get(conn, record_id)
        if record is None:
            return False
        form, found = _form(conn, record), reviews.of_record(conn, record_id)
        taken, again = photos.of_record(conn, record_id), copies.of_record(conn, record_id)
        drawn = draws.of_record(conn, record_id) if permits.may(by, "spot.see") else []
        flawed = qualities.of_record(conn, record_id)
        said, new_business = opinions.of_record(conn, record_id), leads.of_record(conn, record_id)
        warned = [
            s for s in signals.queue(conn, states=tuple(SignalState), customer_id=record.customer_id) if _raised_by(s, record)
        ]
        trail = [r for r in audit.of_customer(conn, record.customer_id, tuple(OF_A_CHECK)) if _about(r, record_id, found)]
        names, known = staff.names(conn), sentences.names(conn)
    _heading(record)
    left, right = st.columns([5, 4])
    with left:
        _facts(record)
        _answers(form, record.answers)
        _calls(record.calls or [])
        _what_came(new_business, warned)
    with right:
        if record.mode == Mode.FIELD:
            evidence.presence(record)
        if taken or record.mode == Mode.FIELD:
            evidence.photos(taken, again, record.finished_at)
        quality_box.show(by, record_id, flawed)
        if found:
            review_box.review(by, found, names)
        review_box.opinion(by, record, said, names)
        if permits.may(by, "spot.see"):
            spot_box.second_looks(by, record, drawn, names)
    with st.container(border=True):
        st.subheader(_("Trail"), anchor=False)
        dossier.trail(trail, lambda row: sentences.sentence(row, known))
    return True


def _form(conn: Connection, record) -> Form | None:
    row = definitions.of_version(conn, Definition.FORM, record.form_code, record.form_version) if record.form_code else None
    try:
        return forms.parse(row.body) if row else None
    except refusals.BadForm:  # of an older Vigil: the answers are shown by their codes
        return None


def _raised_by(signal, record) -> bool:
    return signal.first_on == record.done_on and "last_conclusion" in signal.evidence


def _about(row, record_id: int, review) -> bool:
    return row.row_id == str(review.id if row.noun == "reviews" and review else record_id)


def _heading(record) -> None:
    head = tables.heading(record.customer or _("A customer no longer yours"))
    with head:
        st.markdown(f"{look.badge(Conclusion(record.conclusion))} :gray[{_('Record {0}').format(record.id)}]", width="content")
        st.space("stretch")
        if record.customer_no:
            st.page_link(
                "pages/desk/customer.py",
                label=_("To the customer"),
                icon=":material/person:",
                query_params={"no": record.customer_no},
            )
        st.page_link("pages/desk/records.py", label=_("To the list of checks"), icon=":material/arrow_back:")


def _facts(record) -> None:
    later = _("yes, {0}").format(look.moment(record.received_at)) if record.offline else None
    with st.container(border=True):
        st.subheader(_("Facts"), anchor=False)
        dossier.facts({
            "Kind": words.name(Kind(record.kind)), "Way": words.name(Mode(record.mode)), "Outcome": words.name(Outcome(record.outcome)),
            "Officer": record.staff, "Branch": record.branch, "Began": look.moment(record.started_at) if record.started_at else None,
            "Finished": look.moment(record.finished_at), "Sent later from the phone": later,
            "Proposed class": words.name(LoanClass(record.proposed_class)) if record.proposed_class else None,
            "Months to the next check": record.proposed_months, "Remark": record.note,
        })  # fmt: skip


# --- Answers ----------------------------------------------------------------------------------------------------------


def _answers(form: Form | None, answers: dict) -> None:
    """By the form's own sections and titles; what is out of the ordinary is marked, with the officer's words."""
    said = answers.get("words") or {}
    given = {code: value for code, value in answers.items() if code != "words"}
    if not given:
        return
    with st.container(border=True, key="answers"):
        st.subheader(look.plain(words.in_language(form.title)) if form else _("Answers"), anchor=False)
        if form is None:
            dossier.facts(forms.without_form(given), key="codes")
            return
        for section in form.sections:
            _section(words.in_language(section.title), [i for i in section.fields if i.code in given], given, said)


def _section(title: str, items: list[Item], given: dict, said: dict) -> None:
    if not items:
        return
    st.space("xsmall")
    st.markdown(f"**{look.plain(title)}**")
    plain = [i for i in items if i.type is not Type.TABLE]
    if plain:
        dossier.table([_line(i, given[i.code], said.get(i.code)) for i in plain])
    for item in items:
        if item.type is Type.TABLE:
            st.caption(look.plain(words.in_language(item.title)))
            rows = [{words.in_language(c.title): forms.shown(c, row.get(c.code)) for c in item.columns} for row in given[item.code]]
            st.dataframe(rows, hide_index=True, alt=words.in_language(item.title))


def _line(item: Item, value: object, remark: str | None) -> str:
    shown = look.plain(forms.shown(item, value))
    if forms.abnormal(item, value):
        shown = f":orange[:material/error: {shown}]"
    return f"| {look.plain(words.in_language(item.title))} | {shown}{f' · {look.plain(remark)}' if remark else ''} |"


# --- Calls, leads, signals --------------------------------------------------------------------------------------------


def _calls(calls: list[dict]) -> None:
    if calls:
        with st.container(border=True):
            st.subheader(_("Calls"), anchor=False)
            dossier.lines(calls, _call, "")


def _call(call: dict) -> str:
    lasted = f" · {_('{0} seconds').format(call['seconds'])}" if call.get("seconds") else ""
    verified = f" · {_('identity verified by {0} questions').format(len(call['identity']))}" if call.get("identity") else ""
    at = look.moment(datetime.fromisoformat(call["at"]))
    return f":material/call: {at} · {words.name(CallResult(call['result']))}{lasted}{verified}"


def _what_came(new_business: list, warned: list) -> None:
    if new_business:
        with st.container(border=True):
            st.subheader(_("Leads"), anchor=False)
            dossier.lines(
                new_business,
                lambda x: f":material/lightbulb: **{look.plain(x.name)}** {look.plain(x.phone)} · {look.plain(x.wish)}",
                "",
            )
    if warned:
        with st.container(border=True):
            st.subheader(_("Warning signals raised by it"), anchor=False)
            dossier.signal_lines(warned)
