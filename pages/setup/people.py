"""人员: who is with the bank, in which role, with which account; one person from every side; what each role may do."""

from typing import NamedTuple

import streamlit as st

from db import access, accounts, handovers, sessions, staff
from db.vocab import Role, Scope, SignInOutcome
from engine import clock, people, permits, sign_in, words
from engine.words import _
from pages.parts import acts, dossier, filters, frame, look, tables
from pages.parts.tables import Column

person = frame.person("people.see")
today = clock.today()
ROLES = [r for r in Role if r is not Role.MACHINE]
VIEWS = {"people": "People", "rights": "Roles and rights"}

COLUMNS = [
    Column("staff_no", "Staff number", width=110),
    Column("name", "Name", width=90),
    Column("branch", "Branch", width=150),
    Column("post", "Post", width=120),
    Column("role", "Role", value=lambda r: words.name(Role(r.role)) if r.role else None, width=150),
    Column("valid_from", "Since", "day"),
]
TRIES = [
    Column("at", "When", "moment", width=140),
    Column("outcome", "Outcome", value=lambda r: words.name(SignInOutcome(r.outcome)), width=100),
    Column("source", "From", width=140),
]
sees_accounts = person.scope in (Scope.ADMIN, Scope.READER)
sees_book = permits.may(person, "customers.see")


def account_state(account) -> str | None:
    if account is None:
        return None
    return _("disabled") if account.disabled_at else _("active")


# --- The list ---------------------------------------------------------------------------------------------------------


def everybody() -> None:
    with access.reading(person) as conn:
        with filters.bar():
            text = filters.text(placeholder="name, number")
            branch_ids = filters.branch(conn)
            role = filters.word("role", "Role", ROLES, width=170)
        rows = staff.colleagues(conn, list(branch_ids) if branch_ids else None, (Role(role),) if role else ())
        by_staff = {a.staff_id: a for a in accounts.listing(conn)} if sees_accounts else {}
    if text:
        rows = [r for r in rows if text in r.name or r.staff_no.startswith(text)]
    account = [
        Column("username", "Account", value=lambda r: r.id in by_staff and by_staff[r.id].username or None, width=120),
        Column("account", "State", value=lambda r: account_state(by_staff.get(r.id)), width=100),
    ]
    here = tables.part(rows)
    with head:
        tables.count(here, "people", "click a row for the person")
    if not rows:
        tables.empty("Nobody matches", "Widen the filters above. Staff come with the nightly feeds.")
    elif picked := tables.show(here.rows, COLUMNS + (account if sees_accounts else []), "staff", _("Staff")):
        st.query_params["id"] = str(picked.id)
        st.rerun()
    tables.pager(here.total)


# --- What each role may do --------------------------------------------------------------------------------------------


class Right(NamedTuple):
    """One line of the table of permits."""

    verb: str
    roles: frozenset[Role]


def _mark(role: Role):
    return lambda right: "●" if role in right.roles else ""


def rights() -> None:
    with filters.bar():
        role = filters.word("role", "Role", ROLES, width=170)
    rows = [Right(_(permits.WORDS[verb]), roles) for verb, roles in permits.PERMITS.items() if role is None or Role(role) in roles]
    st.caption(
        _("Whether a role may ever do a thing. Which customers somebody reaches besides is held by the database: by branch, by whom he"
          " looks after, by arrears.")
    )  # fmt: skip
    shown = ROLES if role is None else [Role(role)]
    marks = [Column(r.value, words.msgid(r), value=_mark(r), width=95) for r in shown]
    tables.look_at(rows, [Column("verb", "May do", width=300), *marks], "rights", _("Roles and rights"), tallest=40)


# --- One person -------------------------------------------------------------------------------------------------------


def one(staff_id: int) -> None:
    with access.reading(person) as conn:
        found = staff.row(conn, staff_id)
        if found is None:
            tables.empty("No such person", "Find the person in the list.")
            st.page_link("pages/setup/people.py", label=_("To the list of people"), icon=":material/arrow_back:")
            return
        held = staff.roles_of(conn, staff_id)
        account = accounts.of_staff(conn, staff_id) if sees_accounts else None
        tries = accounts.tries_of(conn, staff_id) if sees_accounts else []
        signed_in = sessions.open_of(conn, staff_id, clock.now() - sign_in.POLICY.idle) if sees_accounts else []
        holds = staff.holds(conn, staff_id) if sees_book else None
        gives = sees_book and any(g.id == staff_id for g in handovers.givers(conn))
    st.page_link("pages/setup/people.py", label=_("To the list of people"), icon=":material/arrow_back:")
    st.subheader(look.plain(found.name), anchor=False)
    left, right = st.columns(2)
    with left:
        _facts(found, held)
        if holds:
            _holds(found, holds, gives)
    with right:
        _roles(found, held)
        if sees_accounts:
            _account(found, account, signed_in)
    if tries:
        with st.container(border=True):
            st.markdown(f"**{_('Last sign-ins')}**")
            tables.look_at(tries, TRIES, "tries", _("Last sign-ins"), tallest=10)


def _facts(found, held) -> None:
    with st.container(border=True):
        dossier.facts({
            "Staff number": found.staff_no, "Post": found.post, "Branch": held[0].home if held else None,
            "Joined": look.day(found.joined_on), "Left": look.day(found.left_on) if found.left_on else None,
        })  # fmt: skip


def _holds(found, holds, gives: bool) -> None:
    """What hangs on this person; whoever leaves hands it over."""
    with st.container(border=True, key="holds"):
        with st.grid(3, min_column_width=110):
            st.metric(_("Customers managed"), f"{holds.managed:,}")
            st.metric(_("Customers inspected"), f"{holds.inspected:,}")
            st.metric(_("Open todos"), f"{holds.todos:,}")
        if found.left_on and (holds.managed or holds.todos):
            st.warning(_("Has left the bank, and still holds customers or todos: hand them over."), icon=":material/person_off:")
        if (
            gives
            and permits.may(person, "handover.make")
            and st.button(_("Hand over"), icon=":material/swap_horiz:", key="to_handover")
        ):
            st.session_state["giver"] = found.id
            tables.open_page("desk/handover")


def _roles(found, held) -> None:
    """Held today, before and later; and for who may, another one."""
    with st.container(border=True, key="roles"):
        st.markdown(f"**{_('Roles')}**")
        for r in held:
            until = f" {_('until {0}').format(look.day(r.valid_to))}" if r.valid_to else ""
            by = _("by the staff file") if r.granter is None else look.plain(r.granter)
            now = r.valid_from <= today and (r.valid_to is None or r.valid_to > today)
            name = f"**{words.name(Role(r.role))}**" if now else words.name(Role(r.role))
            st.markdown(
                f"{name} · {look.plain(r.branch)} · {_('from {0}').format(look.day(r.valid_from))}{until}  :gray[:small[{by}]]"
            )
        if not held:
            st.caption(_("Holds no role: cannot sign in."))
        if permits.may(person, "role.grant") and found.left_on is None and found.id != person.id:
            st.selectbox(_("Role"), ROLES, None, format_func=words.name, key="new_role", placeholder=_("Choose"))
            acts.button(
                "Grant this role from today", lambda: _grant(found.id), "grant", disabled=not st.session_state.get("new_role")
            )


def _account(found, account, signed_in) -> None:
    with st.container(border=True, key="account"):
        st.markdown(f"**{_('Account')}**")
        if account is None:
            _no_account(found)
            return
        colour = "red" if account.disabled_at else "green"
        st.markdown(f"{look.plain(account.username)} :{colour}-badge[{account_state(account)}]")
        st.caption(_("Password set {0}").format(look.moment(account.password_set_at))
                   + (f" · {_('must be changed at the next sign-in')}" if account.must_change else ""))  # fmt: skip
        st.caption(_("Signed in on {0} devices now").format(len(signed_in)))
        if permits.may(person, "account.disable"):
            _manage(found, account, signed_in)


def _no_account(found) -> None:
    st.caption(_("No account yet."))
    if permits.may(person, "account.open") and found.left_on is None:
        st.text_input(_("User name"), key="new_username")
        st.text_input(_("First password"), key="new_password", type="password")
        acts.button("Open an account", lambda: _open(found.id), "open_account", type="primary")


def _manage(found, account, signed_in) -> None:
    with st.container(horizontal=True):
        if account.disabled_at is None:
            acts.button("Disable the account", lambda: _disable(found.id), "disable", icon=":material/lock:")
        else:
            acts.button("Enable the account", lambda: _enable(found.id), "enable", icon=":material/lock_open:")
        acts.button(
            "Sign out everywhere", lambda: _sign_out(found.id), "sign_out", icon=":material/logout:", disabled=not signed_in
        )
        with st.popover(_("Reset the password"), icon=":material/key:"):
            st.caption(sign_in.password_rule(_))
            st.text_input(_("First password"), key="reset_to", type="password", help=_("Must be changed at the next sign-in."))
            acts.button("Reset", lambda: _reset(found.id), "reset", type="primary")


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


def _sign_out(staff_id: int) -> None:
    with acts.act(person, "session.end", "Signed out everywhere") as conn:
        sign_in.sign_out_everywhere(conn, person, staff_id, clock.now())


def _reset(staff_id: int) -> None:
    with acts.act(person, "account.open", "Reset; it must be changed at the next sign-in") as conn:
        sign_in.reset_password(conn, person, staff_id, st.session_state.reset_to, clock.now())


head = tables.heading("People")
asked = st.query_params.get("id", "")
if asked:
    one(int(asked) if tables.is_number(asked) and len(asked) < 10 else 0)
elif filters.one_of("view", "View", VIEWS, "people") == "people":
    everybody()
else:
    rights()
