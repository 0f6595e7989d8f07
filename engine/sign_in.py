"""Signing in and out: accounts, passwords, sessions. Everything here runs at the gate, before anybody acts.

Whether somebody may come in is answered by a value, not by an exception: the try itself must be kept.
A session is a row; the browser holds a random token, the store its hash. Every page run and every message of an open
page asks `who_is` anew, so that whoever is disabled, moved or signed out elsewhere is so on the next click.
"""

import hashlib
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import argon2

from db import accounts, calendar_links, sessions, staff
from db.access import Connection, Person
from db.vocab import SignInOutcome
from engine import permits, refusals, viewing


@dataclass(frozen=True)
class Policy:
    """What the bank demands of sign-ins; the defaults are those of 等保三级 assessors."""

    wrong_for_pair: int = 5  # tries for one account from one source
    pair_window: timedelta = timedelta(minutes=15)
    wrong_for_source: int = 20  # over all accounts
    wrong_for_account: int = 20  # over all sources: nobody locks the bank out from one place
    window: timedelta = timedelta(hours=1)
    idle: timedelta = timedelta(minutes=15)  # since the last act of a human
    lasts: timedelta = timedelta(hours=10)  # however busy
    ticket_lasts: timedelta = timedelta(seconds=60)
    password_lasts: timedelta = timedelta(days=90)
    first_password_lasts: timedelta = timedelta(hours=72)  # one that somebody else has set
    password_length: int = 10
    password_kinds: int = 3


POLICY = Policy()

USERNAME_LENGTH, PASSWORD_LENGTH, AGENT_LENGTH = 64, 256, 200
_HASHER = argon2.PasswordHasher()  # argon2id, 64 MiB a time
_NOBODYS = _HASHER.hash(secrets.token_urlsafe(16))  # an unknown user costs what a known one costs
_TURNS = threading.BoundedSemaphore(4)


@dataclass(frozen=True)
class Visitor:
    """Who a session belongs to, as of now."""

    person: Person
    must_change: bool  # nothing else works before the password is changed
    seen_at: datetime


@contextmanager
def turn() -> Iterator[None]:
    """Taken before the transaction of a try: however many try at once, few hash, and few hold a connection."""
    with _TURNS:
        yield


# --- Coming in -------------------------------------------------------------------------------------------------------


def sign_in(conn: Connection, username: str, password: str, source: str, agent: str, now: datetime) -> str | None:
    """The token of a new session, or None; either way the try is kept. Why not is not said."""
    tried = _judge(conn, clean(username), password, source, now)
    _keep(conn, tried, now)
    if tried.outcome is not SignInOutcome.SUCCEEDED:
        return None
    token = secrets.token_urlsafe(32)
    sessions.begin(conn, token_hash(token), tried.account.staff_id, source, agent[:AGENT_LENGTH], now)
    return token


@dataclass(frozen=True)
class Try:
    """A try to sign in, judged."""

    name: str  # as it is kept
    source: str
    account: accounts.Account | None
    outcome: SignInOutcome


def _judge(conn: Connection, username: str, password: str, source: str, now: datetime) -> Try:
    accounts.take_turn(conn, username, source)
    account = accounts.by_username(conn, username)
    name = account.username if account else _veiled(username)

    def outcome() -> SignInOutcome:
        if _locked(conn, name, source, now):
            return SignInOutcome.LOCKED
        if not _is_right(account.password_hash if account else _NOBODYS, password) or account is None:
            return SignInOutcome.FAILED
        return SignInOutcome.SUCCEEDED if _usable(conn, account, now) else SignInOutcome.DISABLED

    return Try(name, source, account, outcome())


def _veiled(username: str) -> str:
    """Told apart, but not readable: what is nobody's name is now and then somebody's password."""
    return "?" + hashlib.sha256(username.encode()).hexdigest()[:12]


def _keep(conn: Connection, tried: Try, now: datetime) -> None:
    holder = tried.account.staff_id if tried.account else None
    accounts.record_try(conn, tried.name, tried.source, tried.outcome, holder, now)


def _locked(conn: Connection, username: str, source: str, now: datetime) -> bool:
    wrong = accounts.wrong_tries(conn, username, source, now, pair=POLICY.pair_window, either=POLICY.window)
    return (
        wrong.pair >= POLICY.wrong_for_pair or wrong.source >= POLICY.wrong_for_source or wrong.account >= POLICY.wrong_for_account
    )


def _is_right(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, _normal(password))
    except argon2.exceptions.Argon2Error:
        return False


def _usable(conn: Connection, account: accounts.Account, now: datetime) -> bool:
    """Not disabled, held by somebody with a role, and not a first password that nobody came for."""
    stale = account.must_change and now - account.password_set_at > POLICY.first_password_lasts
    return account.disabled_at is None and not stale and staff.person(conn, account.staff_id) is not None


def give_ticket(conn: Connection, token: str, browser: str, now: datetime) -> str:
    """For the browser that signed in, to have its cookie set through a route; of no use to any other browser."""
    ticket = secrets.token_urlsafe(32)
    sessions.put_ticket(conn, token_hash(ticket + browser), token, now, POLICY.ticket_lasts)
    return ticket


def take_ticket(conn: Connection, ticket: str, browser: str, now: datetime) -> str:
    """The token to set as a cookie, once."""
    token = sessions.take_ticket(conn, token_hash(ticket + browser), now)
    if token is None:
        raise refusals.TicketSpent
    return token


# --- Being in --------------------------------------------------------------------------------------------------------


def who_is(conn: Connection, hashed_token: bytes, now: datetime) -> Visitor | None:
    """Whose session this is, in the role held now; None when it ended, ran out, or its owner may not work."""
    row = sessions.by_token(conn, hashed_token)
    if row is None or not _alive(row, now):
        return None
    person = staff.person(conn, row.staff_id, row.id)
    if person is None:
        return None
    must_change = row.must_change or now - row.password_set_at > POLICY.password_lasts
    if row.wall_until is not None:
        on_wall = permits.may(person, "wall.hang") and not must_change
        return Visitor(replace(person, wall=True), must_change=False, seen_at=row.seen_at) if on_wall else None
    return Visitor(_as_it_looks(conn, person, row), must_change, seen_at=row.seen_at)


def _as_it_looks(conn: Connection, person: Person, row) -> Person:
    """Whom the session looks as, if its owner still may and the other still holds a role that is looked as."""
    if row.viewing_id is None or not permits.may(person, "view.as"):
        return person
    colleague = staff.person(conn, row.viewing_id, row.id)
    return replace(colleague, viewer=person) if colleague and colleague.role in viewing.LOOKED_AS else person


def _alive(row, now: datetime) -> bool:
    if row.wall_until is not None:
        return row.ended_at is None and row.disabled_at is None and now <= row.wall_until
    return (
        row.ended_at is None
        and row.disabled_at is None
        and now - row.seen_at <= POLICY.idle
        and -accounts.CLOCKS_DIFFER <= now - row.created_at <= POLICY.lasts
    )


def prolong(conn: Connection, by: Person, now: datetime) -> None:
    """A human did something."""
    sessions.seen(conn, by.session_id, now)


def sign_out(conn: Connection, hashed_token: bytes, now: datetime) -> None:
    """The session is over wherever it is open."""
    sessions.end(conn, hashed_token, "signed out", now)


def sign_out_elsewhere(conn: Connection, by: Person, now: datetime) -> int:
    """How many other sessions of mine ended."""
    permits.must_be_oneself(by)
    return sessions.end_all(conn, by.id, "signed out from another device", now, keep=by.session_id)


def open_sessions(conn: Connection, by: Person, now: datetime) -> list:
    """Where I am signed in."""
    permits.must_be_oneself(by)
    return sessions.open_of(conn, by.id, now - POLICY.idle)


# --- Passwords and accounts ------------------------------------------------------------------------------------------


def change_password(conn: Connection, by: Person, old: str, new: str, source: str, now: datetime) -> bool:
    """False when the old one is wrong, which counts like a wrong sign-in. My other sessions end."""
    permits.must_be_oneself(by)
    account = accounts.of_staff(conn, by.id)
    _must_be_strong(new, account.username)
    if _normal(old) == _normal(new):
        raise refusals.SamePassword
    tried = _judge(conn, account.username, old, source, now)
    if tried.outcome is not SignInOutcome.SUCCEEDED:
        _keep(conn, tried, now)
        return False
    accounts.say_who(conn, by, "password.change")
    accounts.set_password(conn, by.id, _hash(new), must_change=False, now=now)
    sessions.end_all(conn, by.id, "password changed", now, keep=by.session_id)
    return True


def open_account(
    conn: Connection, by: Person, staff_id: int, username: str, password: str, now: datetime, must_change: bool = True
) -> None:
    """An account for a member of staff, whose first act will be to change the password."""
    permits.must(by, "account.open")
    username = _must_be_username(username)
    _must_be_strong(password, username)
    if not accounts.add(conn, staff_id, username, _hash(password), must_change, now):
        raise refusals.AccountTaken(username=username)


def reset_password(conn: Connection, by: Person, staff_id: int, password: str, now: datetime) -> None:
    """A password for one sign-in, for somebody who has forgotten his."""
    permits.must(by, "account.open")
    account = _account(conn, staff_id)
    _must_be_strong(password, account.username)
    accounts.set_password(conn, staff_id, _hash(password), must_change=True, now=now)
    sessions.end_all(conn, staff_id, "password reset", now)


def sign_out_everywhere(conn: Connection, by: Person, staff_id: int, now: datetime) -> int:
    """Of somebody whose phone was lost: out on the next click, on every device. How many sessions ended."""
    permits.must(by, "session.end")
    _account(conn, staff_id)
    return sessions.end_all(conn, staff_id, "signed out by the security administrator", now)


def disable_account(conn: Connection, by: Person, staff_id: int, now: datetime) -> None:
    """Whoever is signed in with it is out on the next click."""
    permits.must(by, "account.disable")
    _account(conn, staff_id)
    if not accounts.disable(conn, staff_id, by.id, now):
        raise refusals.AlreadyDone
    sessions.end_all(conn, staff_id, "account disabled", now)
    calendar_links.end(conn, staff_id)


def enable_account(conn: Connection, by: Person, staff_id: int) -> None:
    permits.must(by, "account.disable")
    _account(conn, staff_id)
    if not accounts.enable(conn, staff_id):
        raise refusals.AlreadyDone


def _account(conn: Connection, staff_id: int) -> accounts.Account:
    account = accounts.of_staff(conn, staff_id)
    if account is None:
        raise refusals.NotFound
    return account


def _must_be_username(username: str) -> str:
    username = username.strip().lower()
    if not (2 <= len(username) <= USERNAME_LENGTH and all(c.isalnum() or c in ".-_" for c in username)):
        raise refusals.BadUsername
    return username


def _must_be_strong(password: str, username: str) -> None:
    password = _normal(password)
    kinds = sum((
        any(c.isupper() for c in password), any(c.islower() for c in password), any(c.isdigit() for c in password),
        any(not c.isalnum() for c in password),
    ))  # fmt: skip
    long_enough = POLICY.password_length <= len(password) <= PASSWORD_LENGTH
    if not long_enough or kinds < POLICY.password_kinds or username in password.lower():
        raise _weak()


def password_rule(translate) -> str:
    """What a password must be, for whoever is about to choose one."""
    return _weak().sentence(translate)


def _weak() -> refusals.WeakPassword:
    return refusals.WeakPassword(length=POLICY.password_length, kinds=POLICY.password_kinds)


def _hash(password: str) -> str:
    return _HASHER.hash(_normal(password))


def _normal(password: str) -> str:
    """One form for what several keyboards write: full-width digits of a Chinese one are digits."""
    return unicodedata.normalize("NFKC", password[:PASSWORD_LENGTH]).strip()


def clean(username: str) -> str:
    """What was typed as a user name, harmless to keep."""
    printable = "".join(c for c in unicodedata.normalize("NFKC", username) if c.isprintable())
    return printable.strip().lower()[:USERNAME_LENGTH]


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
