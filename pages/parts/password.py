"""The form that changes a password: at the first sign-in, and in 我的."""

import streamlit as st

from db import access
from db.access import Person
from engine import clock, refusals, sign_in
from engine.words import _
from pages.parts import errors
from pages.parts.source import source


def change_form(person: Person) -> bool:
    """True when the password was changed just now."""
    with st.form("change-password", border=False):
        old = st.text_input(_("Present password"), type="password", autocomplete="current-password")
        new = st.text_input(_("New password"), type="password", autocomplete="new-password")
        again = st.text_input(_("New password, again"), type="password", autocomplete="new-password")
        st.caption(sign_in.password_rule(_))
        sent = st.form_submit_button(_("Change password"), type="primary")
    return sent and _change(person, old, new, again)


def _change(person: Person, old: str, new: str, again: str) -> bool:
    try:
        if new != again:
            raise refusals.PasswordsDiffer
        with sign_in.turn(), access.gate() as conn:
            if sign_in.change_password(conn, person, old, new, source(), clock.now()):
                return True
    except refusals.Refusal as no:
        errors.refuse(no)
        return False
    errors.refuse(refusals.WrongPassword())
    return False
