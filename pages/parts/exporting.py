"""The export button of a list or report: asks for the file, shows how far it is, and then leads to it.

The file is made beside the page and outlives it: whoever leaves and comes back to the same list finds it again.
"""

import streamlit as st

from db import access
from db.access import Person
from db.vocab import ExportState
from engine import acts as engine_acts
from engine import clock, exports, permits, refusals
from engine.exports import Asked
from engine.words import _
from pages.parts import acts, columns, errors, look

EVERY = "1s"  # between two looks at a file that is being made


def button(person: Person, asked: Asked, permit: str = "export.make") -> None:
    """On the line of a list's heading."""
    if not permits.may(person, permit):
        return
    asked = columns.in_file(asked)
    with access.reading(person) as conn:
        found = exports.latest(conn, person, asked)
    if found is not None and found.state in (ExportState.WAITING, ExportState.RUNNING):
        with st.container(width="content"):
            _watched(person, asked)
        return
    _offer(person, asked, found)
    if sentence := st.session_state.get(_key("large", asked)):
        ask = st.dialog(_("A large export"), width="small", on_dismiss=lambda: st.session_state.pop(_key("large", asked), None))
        ask(_ask_for_large)(person, asked, sentence)


@st.fragment(run_every=EVERY)
def _watched(person: Person, asked: Asked) -> None:
    """Until it is made; then the page is drawn anew with the way to it."""
    with access.reading(person) as conn:
        found = exports.latest(conn, person, asked)
    if found is None or found.state not in (ExportState.WAITING, ExportState.RUNNING):
        st.rerun()
    share = min(1.0, found.done / max(1, found.total))
    st.progress(share, text=_("Exporting {0:,} of {1:,}").format(found.done, found.total), width=190)


def _offer(person: Person, asked: Asked, found) -> None:
    """The file when there is one, and a new one in any case."""
    if found is not None and found.state == ExportState.READY:
        link(found)
        st.button(_("Export again"), icon=":material/refresh:", key=_key("export", asked), on_click=_begin, args=(person, asked),
                  help=_("Made {0}").format(look.moment(found.finished_at)))  # fmt: skip
        return
    if found is not None and found.state == ExportState.HELD:
        st.caption(_("{0:,} rows wait for a second person").format(found.total), width="content")
        return
    if found is not None and found.state == ExportState.FAILED:
        st.caption(f":orange[:material/error:] {_(exports.PROBLEMS[found.problem])}", width="content")
    st.button(_("Export to Excel"), icon=":material/download:", key=_key("export", asked), on_click=_begin, args=(person, asked))


def link(found) -> None:
    """To a file that is there."""
    st.link_button(
        _("Download {0:,} rows").format(found.total), f"/api/v1/exports/{found.id}", icon=":material/download:", type="primary"
    )


def _begin(person: Person, asked: Asked, why: str | None = None) -> None:
    """Asked for and committed, then made beside the page. What is too large is asked about first."""
    st.session_state.pop(_key("large", asked), None)
    try:
        with engine_acts.act(person, "export.make") as conn:
            made = exports.ask(conn, person, asked, why, now=clock.now(), today=clock.today())
    except refusals.TooManyRows as no:
        st.session_state[_key("large", asked)] = no.sentence(_)
    except refusals.Refusal as no:
        acts.tell(no.sentence(_), "error")
    else:
        exports.start(made)


def _ask_for_large(person: Person, asked: Asked, sentence: str) -> None:
    """Why so many rows are needed; a second person decides."""
    key = _key("why", asked)
    st.markdown(look.plain(sentence))
    with acts.form(key):
        why = st.text_area(_("What it is needed for"), key=key, max_chars=200)
        sent = st.form_submit_button(_("Ask for it"), type="primary", key=_key("ask", asked))
    if sent and not (why or "").strip():
        errors.refuse(refusals.Missing(field="reason"))
    elif sent:
        _begin(person, asked, why)
        st.rerun()


def _key(what: str, asked: Asked) -> str:
    return f"{what}_{asked.what}"
