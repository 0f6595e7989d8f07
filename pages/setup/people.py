"""人员: who is with the bank, in which role, with which account; one person from every side; what each role may do."""

from datetime import timedelta
from typing import NamedTuple

import streamlit as st

from db import access, accounts, branches, handovers, requests, sessions, staff
from db.vocab import Approval, Request, Role, Scope, SignInOutcome
from engine import clock, people, permits, roles, sign_in, words
from engine.words import _
from pages.parts import acts, decisions, dossier, filters, frame, look, tables
from pages.parts.tables import Column

person = frame.person("people.see")
today = clock.today()
ROLES = [r for r in Role if r is not Role.MACHINE]
VIEWS = {"people": "People", "left": "Left the bank", "rights": "Roles and rights"}
may_change = permits.may(person, "staff.change")

COLUMNS = [
    Column("staff_no", "Staff number", width=110),
    Column("name", "Name", width=90),
    Column("branch", "Branch", width=150),
    Column("post", "Post", width=120),
    Column("role", "Role", value=lambda r: words.name(Role(r.role)) if r.role else None, width=150),
    Column("valid_from", "In this role since", "day"),
]
LEAVERS = [
    Column("staff_no", "Staff number", width=110),
    Column("name", "Name", width=90),
    Column("branch", "Branch", width=150),
    Column("post", "Post", width=120),
    Column("left_on", "Left", "day"),
    Column("by", "Ended by", value=lambda r: r.by or _("the feeds"), width=110),
    Column("listed", "In the feeds", value=lambda r: _("still listed") if r.listed else None, width=110),
]
TRIES = [
    Column("at", "When", "moment", width=140),
    Column("outcome", "Outcome", value=lambda r: words.name(SignInOutcome(r.outcome)), width=140),
    Column("source", "From address", width=140),
]
sees_accounts = person.scope in (Scope.ADMIN, Scope.READER)
sees_book = permits.may(person, "customers.see")
sees_requests = permits.may(person, "request.withdraw")


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
            if may_change:
                st.space("stretch")
                add(branches.all_open(conn))
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
        tables.empty("Nobody matches", "Widen the filters above. Staff come with the nightly feeds, or are added here.")
    elif picked := tables.show(here.rows, COLUMNS + (account if sees_accounts else []), "staff", _("Staff")):
        st.query_params["id"] = str(picked.id)
        st.rerun()
    tables.pager(here.total)


def add(open_branches: list) -> None:
    with st.popover(_("Add a person"), icon=":material/person_add:", key="new_person"), acts.form("new_person"):
        st.text_input(_("Staff number"), key="new_no", max_chars=20, help=_("As the feeds will write it"))
        ask_facts(open_branches, "new")
        st.caption(_("Without a role and an account nobody can sign in: the security administrator sees to both."))
        acts.submit("Add", _add, "do_add", type="primary")


def ask_facts(open_branches: list, key: str, found=None) -> None:
    """Of somebody new, or as they are known of `found`."""
    names = {b.code: b.name for b in open_branches}
    here = next((n for n, b in enumerate(open_branches) if found and b.id == found.branch_id), None)
    st.text_input(_("Name of the person"), found.name if found else "", key=f"{key}_name", max_chars=people.LONGEST)
    st.selectbox(_("Branch"), list(names), here, format_func=names.get, key=f"{key}_branch", placeholder=_("Choose"))
    st.text_input(_("Post"), (found and found.post) or "", key=f"{key}_post", max_chars=people.LONGEST)
    st.text_input(_("Phone"), (found and found.phone) or "", key=f"{key}_phone", max_chars=20)


def typed_facts(key: str) -> people.Facts:
    """As they stand in the form when it is sent."""
    name, branch, post, phone = (st.session_state[f"{key}_{field}"] or "" for field in ("name", "branch", "post", "phone"))
    return people.Facts(name, branch, post, phone)


def left() -> None:
    """Who is no longer with the bank, and who ended it."""
    with access.reading(person) as conn, filters.bar():
        text = filters.text(placeholder="name, number")
        listed = filters.flag("still_listed", "Still listed by the feeds")
        rows = staff.leavers(conn)
    rows = [r for r in rows if (r.listed or not listed) and (not text or text in r.name or r.staff_no.startswith(text))]
    here = tables.part(rows)
    with head:
        tables.count(here, "people", "click a row for the person")
    if not rows:
        tables.empty("Nobody has left", "Whoever a feed no longer lists, or was ended here by hand, is kept in this list.")
    elif picked := tables.show(here.rows, LEAVERS, "leavers", _("Left the bank")):
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
            tables.heading("People")
            tables.empty("No such person", "Find the person in the list.")
            st.page_link("pages/setup/people.py", label=_("To the list of people"), icon=":material/arrow_back:")
            return
        held = staff.roles_of(conn, staff_id)
        branch = branches.names(conn).get(found.branch_id)
        account = accounts.of_staff(conn, staff_id) if sees_accounts else None
        tries = accounts.tries_of(conn, staff_id) if sees_accounts else []
        signed_in = sessions.open_of(conn, staff_id, clock.now() - sign_in.POLICY.idle) if sees_accounts else []
        holds = staff.holds(conn, staff_id) if sees_book else None
        gives = sees_book and any(g.id == staff_id for g in handovers.givers(conn))
        open_branches = branches.all_open(conn) if may_change else []
        asked = requests.about(conn, Request.ROLE, staff_id) if sees_requests else []
    with tables.heading(found.name):
        st.space("stretch")
        st.page_link("pages/setup/people.py", label=_("To the list of people"), icon=":material/arrow_back:")
    left, right = st.columns(2)
    with left:
        _facts(found, branch)
        if holds:
            _holds(found, holds, gives)
        if may_change and found.id != person.id:
            _change(found, open_branches)
    with right:
        _roles(found, held, asked)
        if sees_accounts:
            _account(found, account, signed_in)
    if tries:
        with st.container(border=True):
            st.markdown(f"**{_('Last sign-ins')}**")
            tables.look_at(tries, TRIES, "tries", _("Last sign-ins"), tallest=10)


def _facts(found, branch: str | None) -> None:
    with st.container(border=True):
        dossier.facts({
            "Staff number": found.staff_no, "Post": found.post, "Branch": branch, "Phone": found.phone,
            "Comes from": _("the feeds") if found.feed_hash is not None else _("by hand; no feed lists the person"),
            "Joined": look.day(found.joined_on), "Left": look.day(found.left_on) if found.left_on else None,
        })  # fmt: skip


def _change(found, open_branches: list) -> None:
    """Of somebody no feed lists, everything; of others, that they left."""
    with st.container(border=True, key="change"):
        if found.left_on is None:
            with st.container(horizontal=True):
                if found.feed_hash is None:
                    _correct(found, open_branches)
                _end(found)
            if found.feed_hash is not None:
                st.caption(_("A feed lists this person: name, branch, post and phone are corrected at its source."))
        elif found.left_by is not None:
            if found.feed_hash is not None:
                st.caption(_("A feed lists this person still; nothing of it counts here."))
            acts.button("With the bank again", lambda: _bring_back(found.id), "bring_back", icon=":material/undo:")


def _correct(found, open_branches: list) -> None:
    with st.popover(_("Correct"), icon=":material/edit:"), acts.form("correct"):
        ask_facts(open_branches, "its", found)
        acts.submit("Save", lambda: _do_correct(found.id), "do_correct", type="primary")


def _end(found) -> None:
    with st.popover(_("Has left the bank"), icon=":material/person_off:"):
        st.caption(_("Signs in no more from the next click on. What the person holds is handed over by the branch or head office."))
        day = st.date_input(_("First day no longer with the bank"), today, min_value=found.joined_on, max_value=today, key="left_on",
                            format="YYYY-MM-DD")  # fmt: skip
        acts.button("Save", lambda: _do_end(found.id, day), "do_end", type="primary")


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


def _roles(found, held, asked) -> None:
    """Held today, before and later; what was asked and decided; and for who may, to ask for another one."""
    with st.container(border=True, key="roles"):
        st.markdown(f"**{_('Roles')}**")
        for r in held:
            last = r.valid_to and r.valid_to - timedelta(days=1)
            by = _("by the staff file") if r.granter is None else look.plain(r.granter)
            now = r.valid_from <= today and (r.valid_to is None or r.valid_to > today)
            name = f"**{words.name(Role(r.role))}**" if now else words.name(Role(r.role))
            st.markdown(
                f"{name} · {look.plain(r.branch)} · {decisions.days(look.day(r.valid_from), last and look.day(last))}  :gray[:small[{by}]]"
            )
        if not held:
            st.caption(_("Holds no role: cannot sign in."))
        waiting = [r for r in asked if r.state == Approval.SUBMITTED]
        decisions.queue(person, waiting)
        for r in asked:
            if r.state != Approval.SUBMITTED:
                st.markdown(_decided(r))
        if permits.may(person, "role.grant") and not waiting and found.left_on is None and found.id != person.id:
            _ask_role(found)


def _decided(r) -> str:
    """One line: what was asked by whom and why, and what became of it."""
    wish = words.name(Role(r.after["role"])) if r.after["role"] else _("no role")
    said = f"（{look.plain(r.note)}）" if r.note else ""
    decider = f" → {look.plain(r.decider)}{said}" if r.decider else ""
    return (
        f":small[{look.badge(Approval(r.state))} {wish} {decisions.days(r.after['from_on'], r.after['until_on'])} · {look.plain(r.asker)}{decider} · "
        f":gray[{look.plain(r.reason)}]]"
    )


def _ask_role(found) -> None:
    with st.popover(_("Change the role"), icon=":material/badge:", key="ask_role"):
        role = st.selectbox(_("Role"), [*ROLES, NONE], None, format_func=_role_name, key="new_role", placeholder=_("Choose"))
        with st.container(horizontal=True):
            begin = st.date_input(_("From"), today, min_value=today, key="role_from", format="YYYY-MM-DD", width=180)
            until = st.date_input(_("Last day"), None, min_value=today, key="role_until", format="YYYY-MM-DD", width=180,
                                  disabled=role == NONE, help=_("Afterwards what was held before goes on."))  # fmt: skip
        acts.reason("role_why")
        wish = None if role == NONE else role
        acts.button("Submit for approval", lambda: _submit(found.id, wish, begin or today, until), "do_ask_role", type="primary",
                    disabled=role is None)  # fmt: skip
        st.caption(_("Another security administrator, or head office risk, decides. It takes effect with the next click."))


NONE = "none"


def _role_name(role: str) -> str:
    return _("no role") if role == NONE else words.name(Role(role))


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
        with acts.form("account"):
            st.text_input(_("User name"), key="new_username", autocomplete="off")
            st.text_input(_("First password"), key="new_password", type="password", autocomplete="new-password")
            st.caption(sign_in.password_rule(_))
            acts.submit("Open an account", lambda: _open(found.id), "open_account", type="primary")


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
            with acts.form("reset"):
                st.text_input(_("First password"), key="reset_to", type="password", autocomplete="new-password",
                              help=_("Must be changed at the next sign-in."))  # fmt: skip
                acts.submit("Reset", lambda: _reset(found.id), "reset", type="primary")


def _add() -> None:
    with acts.act(person, "staff.change", "Added") as conn:
        people.add(conn, person, st.session_state.new_no, typed_facts("new"), today=today)


def _do_correct(staff_id: int) -> None:
    with acts.act(person, "staff.change", "Corrected") as conn:
        people.correct(conn, person, staff_id, typed_facts("its"))


def _do_end(staff_id: int, day) -> None:
    with acts.act(person, "staff.change", "Has left; it takes effect at the next click") as conn:
        people.end(conn, person, staff_id, day or today, today=today)


def _bring_back(staff_id: int) -> None:
    with acts.act(person, "staff.change", "With the bank again") as conn:
        people.bring_back(conn, person, staff_id)


def _submit(staff_id: int, role: Role | None, begin, until) -> None:
    with acts.act(person, "role.grant", "Submitted: a second person decides") as conn:
        last = None if role is None else until
        roles.ask(conn, person, staff_id, role, begin, last, acts.typed("role_why"), now=clock.now(), today=today)


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


asked = st.query_params.get("id", "")
if asked:
    one(int(asked) if tables.is_number(asked) and len(asked) < 10 else 0)
else:
    head = tables.heading("People")
    {"people": everybody, "left": left, "rights": rights}[filters.one_of("view", "View", VIEWS, "people")]()
