"""人员: who is with the bank, in which role, with which account."""

import streamlit as st

from db import access, accounts, staff
from db.vocab import Role, Scope
from engine import clock, people, permits, sign_in, words
from engine.words import _
from pages.parts import acts, filters, frame, look, tables
from pages.parts.tables import Column

person = frame.person("people.see")
today = clock.today()

COLUMNS = [
    Column("staff_no", "Staff number", width=110),
    Column("name", "Name", width=90),
    Column("branch", "Branch", width=150),
    Column("post", "Post", width=120),
    Column("role", "Role", value=lambda r: words.name(Role(r.role)) if r.role else None, width=150),
    Column("valid_from", "Since", "day"),
]
ACCOUNT = [
    Column("username", "Account", value=lambda r: r.id in by_staff and by_staff[r.id].username or None, width=120),
    Column("account", "State", value=lambda r: account_state(by_staff.get(r.id)), width=100),
]


def account_state(account) -> str | None:
    if account is None:
        return None
    return _("disabled") if account.disabled_at else _("active")


sees_accounts = person.scope in (Scope.ADMIN, Scope.READER)
head = tables.heading("People")
with access.reading(person) as conn:
    with filters.bar():
        text = filters.text(placeholder="name, number")
        branch_ids = filters.branch(conn)
        role = filters.word("role", "Role", [r for r in Role if r is not Role.MACHINE], width=170)
    rows = staff.colleagues(conn, list(branch_ids) if branch_ids else None, (Role(role),) if role else ())
    by_staff = {a.staff_id: a for a in accounts.listing(conn)} if sees_accounts else {}
if text:
    rows = [r for r in rows if text in r.name or r.staff_no.startswith(text)]
here = tables.part(rows)
with head:
    tables.count(here, "people", "click a row for the person" if permits.may(person, "role.grant") else "")
picked = None
if not rows:
    tables.empty("Nobody matches", "Widen the filters above. Staff come with the nightly feeds.")
elif permits.may(person, "role.grant"):
    picked = tables.show(here.rows, COLUMNS + ACCOUNT, "staff", _("Staff"))
else:
    tables.look_at(here.rows, COLUMNS + (ACCOUNT if sees_accounts else []), "staff", _("Staff"))
tables.pager(here.total)


@st.dialog(_("Person"), on_dismiss=acts.leave)
def one(row) -> None:
    acts.in_dialog()
    account = by_staff.get(row.id)
    st.markdown(f"**{look.plain(row.name)}** · {look.plain(row.branch)} · {look.plain(row.post)}")
    roles = [r for r in Role if r is not Role.MACHINE]
    st.selectbox(_("Role"), roles, roles.index(Role(row.role)) if row.role else None, format_func=words.name, key="new_role")
    acts.button("Grant this role from today", lambda: _grant(row.id), "grant")
    if account is None:
        st.text_input(_("User name"), key="new_username")
        st.text_input(_("First password"), key="new_password", type="password")
        acts.button("Open an account", lambda: _open(row.id), "open_account")
    elif account.disabled_at is None:
        acts.button("Disable the account", lambda: _disable(row.id), "disable")
    else:
        acts.button("Enable the account", lambda: _enable(row.id), "enable")


def _grant(staff_id: int) -> None:
    with acts.act(person, "role.grant", "Granted") as conn:
        people.grant(conn, person, staff_id, st.session_state.new_role, today=today)


def _open(staff_id: int) -> None:
    with acts.act(person, "account.open", "Account opened; the password must be changed at the first sign-in") as conn:
        sign_in.open_account(conn, person, staff_id, st.session_state.new_username, st.session_state.new_password, clock.now())


def _disable(staff_id: int) -> None:
    with acts.act(person, "account.disable", "Disabled; it takes effect at the next click") as conn:
        sign_in.disable_account(conn, person, staff_id, clock.now())


def _enable(staff_id: int) -> None:
    with acts.act(person, "account.disable", "Enabled") as conn:
        sign_in.enable_account(conn, person, staff_id)


if picked:
    one(picked)
