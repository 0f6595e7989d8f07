"""Mappings of feeds on a page: what is in force in words, a new version as text with its faults told, tried on sample files."""

from dataclasses import dataclass
from datetime import date, timedelta

import streamlit as st

from db import access, definitions
from db.access import Person
from db.vocab import Approval, Definition
from engine import clock, faults, permits, words
from engine.feed import mapping, mapping_words, samples
from engine.feed.load import Report
from engine.refusals import Refusal
from engine.words import _
from pages.parts import acts, background, changes, filters, look, proposals, tables
from pages.parts.tables import Column

FAMILY = Definition.MAPPING
TABS = {"look": "In words", "edit": "Change it", "versions": "Versions"}
KEY, ASKED = "mapping_samples", "mapping_samples.asked"
LONGEST = 31
COUNTS = [
    Column("name", "Table", width=95),
    Column("rows", "Rows", "number", width=60),
    Column("loaded", "Would be loaded", "number", width=70),
    Column("unchanged", "Unchanged", "number", width=60),
    Column("quarantined", "Would be set aside", "number", width=70),
]
REJECTS = [
    Column("name", "Table", width=110),
    Column("line", "Line", "number", width=70),
    Column("reasons", "Reasons", value=lambda r: _("; ").join(words.reason(x) for x in r.reasons), width=300),
    Column("text", "Raw line", width=560),
]


@dataclass(frozen=True)
class Counted:
    """What would become of the rows of one table."""

    name: str
    rows: int
    loaded: int
    unchanged: int
    quarantined: int


def draw(person: Person, today: date) -> None:
    code = look.typed(st.query_params.get("mapping", ""))
    with access.reading(person) as conn:
        in_force = {row.code: row for row in definitions.in_force(conn, FAMILY, today)}
        waiting = {d.code: d for d in definitions.awaiting(conn, FAMILY)}
    if not code:
        _listed(person, in_force, waiting, today)
    elif code in in_force or code in waiting or (code in _texts() and permits.may(person, "mapping.change")):
        _one(person, code, in_force.get(code), waiting.get(code), today)
    else:
        tables.empty("No such mapping", "Choose one from the list, or begin a new one there.")
        _to_list()


def _listed(person: Person, in_force: dict, waiting: dict, today: date) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            _("How the files of each source fill the book. In force today; a change is approved by a second person."),
            width="stretch",
        )
        if permits.may(person, "mapping.change"):
            _begin_new(set(in_force) | set(waiting))
    for d in waiting.values():
        changes.proposed(person, d, today)
    for code in [*in_force, *(code for code in _texts() if code not in in_force)]:
        row = in_force.get(code)
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"mapping_{code}"):
            title = words.in_language(row.body["title"]) if row else _("begun in this window")
            st.markdown(f"**{look.plain(title)}** :gray[{look.plain(code)}{f' v{row.version}' if row else ''}]", width="stretch")
            st.button(_("Look") if row else _("Go on writing"), key=f"open_{code}", type="tertiary", on_click=_go_to,
                      args=(code, "look" if row else "edit"))  # fmt: skip


def _begin_new(taken: set[str]) -> None:
    with st.popover(_("New source"), icon=":material/add:", key="new_mapping"):
        st.text_input(_("Title in Chinese"), key="new_mapping_title", max_chars=60)
        code = (st.text_input(_("Short name of the source"), key="new_mapping_code", max_chars=LONGEST,
                              help=_("Small letters, digits and underscores; it is part of every loan for good.")) or "").strip()  # fmt: skip
        if wrong := _wrong_name(code, taken) if code else None:
            st.error(look.plain(wrong), icon=":material/rule:")
        acts.button("Begin", lambda: _begin(taken), "begin_mapping", type="primary")


def _wrong_name(code: str, taken: set[str]) -> str | None:
    """What is wrong with the short name of a new source."""
    if code in taken:
        return _("There is a source {0} already.").format(code)
    return faults.told(mapping.parse, mapping_words.blank(code, "—"))


def _begin(taken: set[str]) -> None:
    code, title = acts.typed("new_mapping_code"), acts.typed("new_mapping_title")
    if not title:
        acts.tell(_("Please fill in: {field}.", field=_("Title in Chinese")), "error")
    elif wrong := _wrong_name(code, taken):
        acts.tell(wrong, "error")
    else:
        _take(code, mapping_words.written(mapping_words.blank(code, title)))
        _go_to(code, "edit")


def _go_to(code: str, tab: str) -> None:
    st.query_params.from_dict({"view": "mappings", "mapping": code, "tab": tab})


def _to_list() -> None:
    st.page_link("pages/setup/feeds.py", label=_("To the list"), icon=":material/arrow_back:", query_params={"view": "mappings"})


def _one(person: Person, code: str, now, waiting, today: date) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        title = words.in_language((now or waiting).body["title"]) if now or waiting else code
        st.markdown(f"**{look.plain(title)}** :gray[{look.plain(code)}]", width="content")
        st.space("stretch")
        _to_list()
    may_change = permits.may(person, "mapping.change")
    tab = filters.one_of("tab", "View", {t: text for t, text in TABS.items() if t != "edit" or may_change}, "look")
    if waiting is not None:
        changes.proposed(person, waiting, today)
    if tab == "edit":
        _edit(person, code, now or waiting)
    elif tab == "versions":
        _versions(person, code)
    elif now is None:
        tables.empty("Not in force yet", "It comes into force on its day, once a second person has approved it.")
    else:
        _say(now.body)


def _say(body: dict) -> None:
    with st.container(border=True, gap="xsmall"):
        for line in changes.in_words(FAMILY, body["source"], body):
            st.markdown(line)


def _versions(person: Person, code: str) -> None:
    with access.reading(person) as conn:
        known = definitions.versions(conn, FAMILY, code)
    for v in known:
        with st.expander(proposals.line(v)):
            _say(v.body)
            if permits.may(person, "mapping.change") and v.state == Approval.APPROVED:
                acts.button(
                    "Begin with this version", lambda v=v: _begin(code, v.body), f"back_to_{v.version}", icon=":material/undo:"
                )


# --- A new version ----------------------------------------------------------------------------------------------------


def _texts() -> dict[str, str]:
    """What is being written in this window, by source."""
    return st.session_state.setdefault("mapping_texts", {})


def _take(code: str, text: str) -> None:
    _texts()[code] = text
    st.session_state[f"mapping_text.{code}"] = text


def _edit(person: Person, code: str, known) -> None:
    if code not in _texts():
        _take(code, mapping_words.written(known.body))
    key = f"mapping_text.{code}"
    st.session_state.setdefault(key, _texts()[code])
    left, right = st.columns([3, 2], gap="large")
    with left:
        file = st.file_uploader(_("Mapping as a file"), ["yaml", "yml", "json"], key="mapping_file")
        if file is not None:
            acts.button("Take this file", lambda: _take(code, file.getvalue().decode("utf-8", "replace")), "take_mapping")
        text = _texts()[code] = st.text_area(
            _("Mapping"), key=key, height=560, help=_("Every key is described in the manual, page of feeds.")
        )
        st.caption(_("Kept in this window only, until it is submitted; save it as a file to go on another day."))
        st.download_button(_("Save as a file"), text, f"{code}.yaml", "application/yaml", icon=":material/download:")
    body, wrong = _read(text, code)
    with right:
        with st.container(border=True, key="send_mapping"):
            _send(person, code, known, body, wrong)
        if body is not None:
            with st.container(border=True, key="try_mapping"):
                _try(person, body)


def _read(text: str, code: str) -> tuple[dict | None, str | None]:
    """(the mapping, what is wrong with it)."""
    try:
        body = mapping.read_yaml(text)
        named = mapping.parse(body).source
    except Refusal as no:
        return None, no.sentence(_)
    return (body, None) if named == code else (None, _("{0} is not {1}").format(named, code))


def _send(person: Person, code: str, known, body: dict | None, wrong: str | None) -> None:
    if wrong:
        st.error(look.plain(wrong), icon=":material/rule:")
    else:
        with st.expander(_("In words")):
            for line in changes.in_words(FAMILY, code, body):
                st.markdown(line)
    changed = body is not None and (known is None or body != known.body)
    if body is not None and not changed:
        st.caption(_("It says what is in force."))
    proposals.from_and_why()
    acts.button("Submit for approval", lambda: proposals.propose(person, FAMILY, code, body), "submit_mapping", type="primary",
                disabled=not changed)  # fmt: skip


def _try(person: Person, body: dict) -> None:
    """Sample files read by it, as the night would; nothing of it stays."""
    st.markdown(f"**{_('Try it on sample files')}**")
    day = st.date_input(
        _("Business date of the files"), clock.today() - timedelta(days=1), key="sample_day", width=170, format="YYYY-MM-DD"
    )
    day = day or clock.today() - timedelta(days=1)
    st.caption(_("They must be called: {0}").format(look.plain(_(", ").join(samples.names(mapping.parse(body), day)))))
    files = st.file_uploader(_("Sample files"), accept_multiple_files=True, key="sample_files")
    acts.button("Try it out", lambda: _begin_trial(person, body, day, {file.name: file.getvalue() for file in files}), "try_samples",
                icon=":material/science:", disabled=not files or background.running(KEY))  # fmt: skip
    if st.session_state.get(ASKED) != body and not background.running(KEY):
        return  # what was found was found by another text
    found = background.outcome(KEY, _("The files are read"))
    if found is not None:
        _answer(found)


def _begin_trial(person: Person, body: dict, day: date, files: dict[str, bytes]) -> None:
    background.forget(KEY)
    st.session_state[ASKED] = body
    background.start(KEY, lambda say: samples.rehearse(person, body, day, files))


def _answer(found: Report) -> None:
    if found.waiting:
        st.warning(_("The files are not complete yet: a check file is missing beside one of them."), icon=":material/hourglass:")
    for stop in found.stops:
        st.error(look.plain(words.reason(stop)), icon=":material/block:")
    counts = [Counted(name, **vars(one)) for name, one in found.files.items()]
    tables.look_at(counts, COUNTS, "sample_counts", _("Rows of the sample files"))
    if found.set_aside:
        st.caption(_("The first rows that would be set aside, each with its reasons."))
        tables.look_at(found.set_aside, REJECTS, "sample_rejects", _("Rows that would be set aside"), tallest=10)
    elif counts and not found.stops:
        st.success(_("Every row could be used. Nothing was kept."), icon=":material/check_circle:")
