"""表单: the forms of checks in force, one form with its versions, and an editor with the phone beside it."""

from dataclasses import dataclass

import streamlit as st

from db import access, definitions, products, sketches
from db.vocab import Approval, Definition, Kind, Mode
from engine import clock, form_editing, form_words, forms, permits, rulebook, words
from engine.words import _
from pages.parts import acts, drafts, filters, form_editor, form_sheet, frame, look, proposals, tables, visit_form
from pages.parts.tables import Column

person = frame.person("rules.see")
today = clock.today()
may_change = permits.may(person, "form.change")
VIEWS = {"list": "In force", "waiting": "Awaiting approval"}
TABS = {"look": "Questions", "edit": "Change it", "versions": "Versions"}
COLUMNS = [
    Column("title", "Form", width=190),
    Column("purpose", "For", width=330),
    Column("questions", "Questions", "number", width=80),
    Column("version", "Version", "number", width=70),
    Column("valid_from", "In force from", "day"),
    Column("state", "State", width=110),
    Column("code", "Code", width=150),
]

with access.reading(person) as conn:
    in_force = definitions.in_force(conn, Definition.FORM, today)
    waiting = definitions.awaiting(conn, Definition.FORM)
    mine = {row.code: row.body for row in sketches.mine(conn, person.id, Definition.FORM)} if may_change else {}
    begun = [row.body for row in sketches.mine(conn, person.id, Definition.PRODUCT)] if may_change else []
    named = {row.code: row.name for row in products.all_of(conn)}
bodies = {row.code: row.body for row in in_force}


@dataclass(frozen=True)
class Line:
    code: str
    title: str
    purpose: str
    questions: int
    version: int
    valid_from: object
    state: str


# --- The list ---------------------------------------------------------------------------------------------------------


def listing() -> None:
    head = tables.heading("Forms")
    with filters.bar():
        view = filters.one_of("view", "View", VIEWS, "list")
        kind, mode = filters.word("kind", "Kind", Kind), filters.word("mode", "Way", Mode)
        if waiting and view != "waiting":
            badge = _("{0} awaiting approval").format(len(waiting))
            st.markdown(f":orange-badge[:material/pending_actions: {badge}]", width="content")
        if may_change:
            st.space("stretch")
            new_form()
    if view == "waiting":
        return awaiting()
    drafts.begun({code: body for code, body in mine.items() if code not in bodies})
    shown = [line(row, form) for row in in_force if (form := form_sheet.read(row.body)) and is_for(form, kind, mode)]
    here = tables.part(shown)
    with head:
        tables.count(here, "forms", "click a row for its questions")
    st.caption(
        _("Of the forms that fit a check, the one made most closely for it is used: first by product, then family, kind, segment.")
    )
    if not shown:
        tables.empty("No form is for such checks", "Widen the filters above, or make a form for them.")
    elif picked := tables.show(here.rows, COLUMNS, "forms", _("Forms")):
        tables.open_page("setup/forms", code=picked.code)
    return tables.pager(here.total)


def line(row, form: forms.Form) -> Line:
    state = _("in use") if form.enabled else _("not in use")
    state += f" · {_('draft')}" if row.code in mine else ""
    count = len(list(form.items()))
    return Line(row.code, form_words.title(form), form_words.purpose(form.for_), count, row.version, row.valid_from, state)


def is_for(form: forms.Form, kind: str | None, mode: str | None) -> bool:
    return (kind is None or not form.for_.kinds or kind in form.for_.kinds) and (mode is None or mode in form.for_.modes)


def new_form() -> None:
    with st.popover(_("New form"), icon=":material/add:", key="new_form"):
        st.text_input(_("Title"), key="new_title", max_chars=80)
        from_ = st.selectbox(
            _("Begin with the questions of"), list(bodies), None, key="new_from", placeholder=_("nothing"),
            format_func=lambda c: words.in_language(bodies[c]["title"]) if c in bodies else c,
        )  # fmt: skip
        chosen = st.multiselect(
            _("Only these products"),
            list(named),
            key="new_products",
            format_func=lambda c: f"{c} {named.get(c, '')}",
            placeholder=_("All"),
        )
        acts.button("Begin", lambda: begin(from_, chosen), "begin_form", type="primary")


def begin(from_: str | None, chosen: list[str]) -> None:
    title = acts.typed("new_title")
    if not title:
        acts.tell(_("Please fill in: {field}.", field=_("Title")), "error")
        return
    taken = set(bodies) | set(mine) | {d.code for d in waiting}
    code = form_editing.free_code(from_ or "FORM", chosen, taken)
    source = form_sheet.read(bodies.get(from_))
    body = form_editing.copied(source, code, title, chosen) if source else form_editing.blank(code, title, chosen)
    form_editor.keep(person, body)
    drafts.go_to(code, "edit")


def awaiting() -> None:
    if not waiting:
        tables.empty("Nothing waits for a decision", "A form that somebody submits appears here until a second person decides.")
    for d in waiting:
        proposal(d)


def proposal(d) -> None:
    proposals.card(person, d, look.plain(words.in_language(d.body["title"])), form_sheet.changes(bodies.get(d.code), d.body))
    form_sheet.folded(d.body)


# --- One form ---------------------------------------------------------------------------------------------------------


def one(code: str) -> None:
    body = bodies.get(code) or mine.get(code) or next((d.body for d in waiting if d.code == code), None)
    if body is None:
        tables.heading("Forms")
        tables.empty("No such form", "Perhaps it is not in force yet. Choose one from the list.")
        return st.page_link("pages/setup/forms.py", label=_("To the list"), icon=":material/arrow_back:")
    with tables.heading(words.in_language(body["title"])):
        st.markdown(f":gray[{look.plain(code)}]", width="content")
        st.space("stretch")
        st.page_link("pages/setup/forms.py", label=_("To the list"), icon=":material/arrow_back:")
    tabs = TABS if may_change else {name: text for name, text in TABS.items() if name != "edit"}
    tab = filters.one_of("tab", "View", tabs, "look")
    for d in waiting:
        if d.code == code:
            proposal(d)
    return {"look": questions, "edit": edit, "versions": versions}[tab](code)


def questions(code: str) -> None:
    if code not in bodies:
        tables.empty("Not in force yet", "It comes into force on its day, once a second person has approved it.")
        return
    form = form_sheet.read(bodies[code])
    left, right = st.columns([3, 2], gap="large")
    with left:
        if form is None:
            st.error(look.plain(form_editing.problem(bodies[code])))
        else:
            form_sheet.questions(form)
    with right:
        phone(bodies[code], form)


def phone(body: dict, form: forms.Form | None) -> None:
    st.caption(_("As the officer sees it on the phone. Try it: nothing is kept."))
    with st.container(border=True, width=390, height=700, key="phone"):
        if form is None:
            st.caption(_("It is drawn again as soon as nothing is wrong with it."))
        else:
            visit_form.preview(form_editing.plain(form), form.for_.modes[0], words.language.get())


def edit(code: str) -> None:
    body = mine.get(code)
    if body is None:
        st.caption(
            _("A change is written as a draft that only you see, and comes into force after a second person has approved it.")
        )
        acts.button("Begin a draft", lambda: form_editor.keep(person, form_editing.plain(form_sheet.read(bodies[code]))), "begin_draft",
                    type="primary", disabled=form_sheet.read(bodies.get(code)) is None)  # fmt: skip
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        form_editor.Editor(person, body, form_editing.known_questions(in_force), named).draw()
    with right:
        if wrong := form_editing.problem(body):
            st.error(look.plain(wrong), icon=":material/rule:")
        phone(body, form_sheet.read(body))
    with st.container(border=True, key="send_draft"):
        st.markdown(f"**{_('What changes')}**")
        for change in [_("First mend what is wrong.")] if wrong else form_sheet.changes(bodies.get(code), body):
            st.markdown(change)
        product = next((one for one in begun if code in one.get("forms", ())), None)
        to_product(product) if product else send(code, body, wrong)


def to_product(product: dict) -> None:
    """A product's own form is decided together with it, and is of no use before."""
    st.caption(_("Kept as you write. It is submitted together with its product."))
    st.page_link("pages/setup/products.py", label=_("Back to {0}").format(look.plain(words.in_language(product["title"]))),
                 icon=":material/category:", query_params={"code": product["code"], "tab": "edit"})  # fmt: skip


def send(code: str, body: dict, wrong: str | None) -> None:
    proposals.from_and_why(code)
    same = not wrong and code in bodies and _holds(code, body)
    with st.container(horizontal=True, vertical_alignment="center"):
        acts.button("Submit for approval", lambda: proposals.propose(person, Definition.FORM, code, body), "submit_form",
                    type="primary", disabled=bool(wrong) or same)  # fmt: skip
        acts.button("Drop the draft", lambda: drop(code), "drop_draft")
        st.caption(_("Kept as you write; only you see it."), width="content")


def _holds(code: str, body: dict) -> bool:
    """Today and once every approved version has come."""
    with access.reading(person) as conn:
        at_last = definitions.at_last(conn, Definition.FORM, code)
    return form_sheet.read(bodies[code]) == form_sheet.read(at_last.body) == form_sheet.read(body)


def drop(code: str) -> None:
    with acts.act(person, "form.change", "Draft dropped") as conn:
        rulebook.drop_sketch(conn, person, Definition.FORM, code)
    if code not in bodies:
        st.query_params.clear()


def versions(code: str) -> None:
    with access.reading(person) as conn:
        known = definitions.versions(conn, Definition.FORM, code)
        at_last = definitions.at_last(conn, Definition.FORM, code)
    for v, before in zip(known, [*known[1:], None], strict=True):
        with st.container(border=True, gap="small", key=f"version_{v.version}"):
            st.markdown(proposals.line(v))
            with st.expander(_("What it changed") if before else _("Its questions")):
                for change in form_sheet.changes(before.body, v.body) if before else ():
                    st.markdown(change)
                if form := form_sheet.read(v.body):
                    form_sheet.questions(form)
            if may_change and v.state == Approval.APPROVED and v.body != at_last.body and form_sheet.read(v.body):
                acts.button(
                    "Go back to this version", lambda v=v: back_to(code, v.body), f"back_to_{v.version}", icon=":material/undo:"
                )


def back_to(code: str, body: dict) -> None:
    form_editor.keep(person, form_editing.plain(forms.parse(body)))
    drafts.go_to(code, "edit")


asked = look.typed(st.query_params.get("code", ""))
one(asked) if asked else listing()
