"""Who looks at this page, and in which language. Set by the frame on every run; pages only ask."""

from functools import cache

import streamlit as st

from db import access, products
from db.access import Person
from engine import permits, refusals, rule_words, words
from pages.parts.wire import IDENTITY

PERSON, LANGUAGE = "person", "language"
SESSION = "session-"
LANGUAGE_NAMES = {"zh": "中文", "en": "English"}


def binding() -> str:
    """What the gate says of this socket: session-<hash>, browser-<hash> or ended-<hash>. Empty without a gate."""
    return st.user.to_dict().get(IDENTITY) or ""


def token_hash() -> bytes:
    """Of the cookie with which this socket was opened."""
    return bytes.fromhex(binding().removeprefix(SESSION))


def is_(person: Person, language: str) -> None:
    """Only the frame says so."""
    st.session_state[PERSON] = person
    speak(language)


def person(permit: str = "") -> Person:
    """The first line of every page: fails closed. With a permit, the person's role must have it."""
    found = st.session_state.get(PERSON)
    if not isinstance(found, Person):
        st.error(refusals.NotSignedIn().sentence(words._))
        st.stop()
    if permit and not permits.may(found, permit):
        st.error(refusals.NotPermitted(verb=permits.WORDS[permit]).sentence(words._), icon=":material/block:")
        st.stop()
    return found


def speak(language: str) -> None:
    st.session_state[LANGUAGE] = language
    speak_their_language()


def speak_their_language() -> None:
    """Streamlit runs each click, fragment and callback in a thread of its own, which knows no language yet."""
    words.language.set(st.session_state.get(LANGUAGE, words.LANGUAGES[0]))
    rule_words.products.set(cache(_product_names))


def _product_names() -> dict[str, str]:
    """For rules in words, which know products by their codes."""
    with access.reading(person()) as conn:
        return products.names(conn)
