"""The sign-in page: streamlit-authenticator's form, over our accounts and our sessions.

Nobody is ever signed in within this Streamlit session. A right password makes a ticket; the browser exchanges it for
its cookie and loads the page anew, with a new socket that the gate binds to the session.
"""

import streamlit as st
from streamlit_authenticator import Authenticate
from streamlit_authenticator.controllers import AuthenticationController
from streamlit_authenticator.models import AuthenticationModel

from db import access
from db.access import Person
from engine import clock, refusals, sign_in, words
from engine.words import _
from pages.parts import brand, bridge, errors, who
from pages.parts.password import change_form
from pages.parts.source import agent, source

TICKET, LEAVING = "ticket", "leaving"


def page(*, ended: bool) -> None:
    """For a browser without a session; `ended`: it had one."""
    who.speak(st.session_state.get(who.LANGUAGE, words.LANGUAGES[0]))
    brand.tab(_("Sign in"), layout="centered", initial_sidebar_state="collapsed")
    if TICKET in st.session_state:
        bridge.carry(st.session_state[TICKET])
        return
    with _card():
        if ended and st.session_state.get("authentication_status") is None:
            st.info(_("Your session has ended. Please sign in again."), icon=":material/schedule:")
        _Form().login(fields={
            "Form name": _("Sign in"), "Username": _("User name"), "Password": _("Password"), "Login": _("Sign in"),
        })  # fmt: skip
        if st.session_state.get("authentication_status") is False:
            errors.refuse(refusals.SignInFailed())
        _small_print()


def change_first(person: Person) -> None:
    """Signed in with a first or an old password: nothing else works before it is changed."""
    brand.tab(_("Change password"), layout="centered")  # the menu comes in the same session, and is to stand open then
    with _card():
        st.subheader(_("Please choose a new password"))
        if change_form(person):
            st.rerun()
        sign_out_button()


def sign_out_button() -> None:
    st.button(_("Sign out"), icon=":material/logout:", on_click=_sign_out, type="tertiary")


def _sign_out() -> None:
    """At once in the store; the browser's cookie follows."""
    with access.gate() as conn:
        sign_in.sign_out(conn, who.token_hash(), clock.now())
    st.session_state[LEAVING] = True


def _card():
    with st.container(key="sign-in-page", horizontal_alignment="center"):
        with st.container(key="sign-in-brand", horizontal_alignment="center", gap=None):
            st.html('<img src="/assets/mark.svg" alt="" width="56" height="56">')
            st.title(_("Vigil"), anchor=False, text_alignment="center")
            st.caption(_("Post-loan management"), text_alignment="center")
        return st.container(key="sign-in-card", width=380)


def _small_print() -> None:
    st.caption(_("For staff of the bank only. What is done here is recorded."), text_alignment="center")
    st.segmented_control(
        _("Language"), words.LANGUAGES, format_func=who.LANGUAGE_NAMES.get, key=who.LANGUAGE, required=True,
        label_visibility="collapsed", width="content",
    )  # fmt: skip


class _Form(Authenticate):
    """The library's view. Its own constructor is not called: it would mount a cookie iframe and want a dictionary."""

    def __init__(self) -> None:
        self.path = self.api_key = None
        self.attrs = {"login_sleep_time": 0}
        accounts = _Accounts()
        self.authentication_controller = AuthenticationController({"usernames": {}}, auto_hash=False)
        self.authentication_controller.authentication_model = accounts
        self.cookie_controller = _Tickets(accounts)


class _Accounts(AuthenticationModel):
    """Asks the store instead of a dictionary."""

    def __init__(self) -> None:
        super().__init__({"usernames": {}}, auto_hash=False)
        self.ticket: str | None = None

    def check_credentials(self, username: str, password: str) -> bool:
        now, browser = clock.now(), who.binding().partition("-")[2]
        with sign_in.turn(), access.gate() as conn:
            token = sign_in.sign_in(conn, username, password, source(), agent(), now)
            self.ticket = sign_in.give_ticket(conn, token, browser, now) if token else None
        self.credentials["usernames"][username] = {"first_name": "", "last_name": ""}
        return self.ticket is not None

    def _record_failed_login_attempts(self, username: str, reset: bool = False) -> None:
        """Kept in the store, where other processes see it."""


class _Tickets:
    """In the place of the library's cookies."""

    def __init__(self, accounts: _Accounts) -> None:
        self.accounts = accounts

    def get_cookie(self) -> None:
        """The gate has looked at the cookie already."""

    def set_cookie(self) -> None:
        """With the password forgotten."""
        language = words.language.get()
        st.session_state.clear()
        who.speak(language)
        st.session_state[TICKET] = self.accounts.ticket
        st.rerun()
