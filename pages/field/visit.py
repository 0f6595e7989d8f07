"""检查: a field visit or a phone check, filled in on the phone."""

import streamlit as st

from db import access, customers, todos
from db.vocab import Mode
from engine import permits, words
from engine.words import _
from pages.parts import frame, look, tables, visit_form

person = frame.person("check.submit")


def asked() -> dict | None:
    """Which form the address names: a todo, or a customer and a way."""
    todo, number, mode = (look.typed(st.query_params.get(name, "")) for name in ("todo", "customer", "mode"))
    given = {"mode": mode} if mode in [m.value for m in Mode] else {}
    with access.reading(person) as conn:
        if todo.isdecimal() and len(todo) < 16 and todos.get(conn, int(todo)):
            return {"todo": int(todo)} | given
        customer = customers.by_number(conn, number) if number else None
    return {"customer": customer.id} | given if customer else None


form = asked()
if form is None:
    tables.heading("Check")
    tables.empty("No such check, or not yours to make", "Start one from today's list, or from a customer's page.")
    if permits.may(person, "today.see"):  # the head of a branch checks too, but has no list of the day
        st.page_link("pages/field/today.py", label=_("Today"), icon=":material/today:")
else:
    visit_form.show(person.id, form, words.language.get())
