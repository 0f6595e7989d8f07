"""A form of checks on a page: its questions in words, and what a version changes."""

import streamlit as st

from engine import form_words, forms, refusals, words
from engine.forms import Form
from engine.words import _
from pages.parts import look


def read(body: dict | None) -> Form | None:
    try:
        return forms.parse(body) if body else None
    except refusals.BadForm:
        return None


def changes(before: dict | None, after: dict) -> list[str]:
    """What a version changes, as Markdown."""
    try:
        found = form_words.differences(read(before), forms.parse(after))
    except refusals.BadForm as wrong:
        return [look.plain(wrong.sentence(_))]
    return [f"- {look.plain(change)}" for change in found] or [_("Nothing changes")]


def folded(body: dict) -> None:
    """All questions of one that somebody is to decide about, under its title."""
    if form := read(body):
        with st.expander(_("All questions of {0}").format(look.plain(form_words.title(form)))):
            questions(form)


def questions(form: Form) -> None:
    """All of it, section by section."""
    st.caption(look.plain(form_words.purpose(form.for_)))
    for section in form.sections:
        st.markdown(f"**{look.plain(words.in_language(section.title))}**")
        lines = (
            f"- {look.plain(form_words.title(i))} :gray[:small[{look.plain(form_words.question(i, form))}]]" for i in section.fields
        )
        st.markdown("\n".join(lines))
    more = [_("Photos at least: {0}").format(form.photos)] if form.photos else []
    more += [_("What is abnormal needs {0} characters at least").format(form.words)]
    more += [_("{0} lines of what to say on the phone").format(len(form.script))] if form.script else []
    st.caption(look.plain(_("; ").join(more)))
