"""What one person asked and another decides: the queue, with what would change and why."""

from collections.abc import Callable, Sequence

import streamlit as st

from db.access import Person
from db.vocab import BranchAct, CustomerLevel, Kind, Place, Request, Role
from engine import approvals, clock, deciders, own_rules, permits, rule_words, words
from engine.words import _
from pages.parts import acts, look, maps


def queue(person: Person, asked: Sequence, *, deciding: bool = True) -> None:
    """Each with approve and refuse for who may decide it, and take back for who asked. `deciding` False: to look at."""
    for request in asked:
        with st.container(border=True, gap="small", key=f"request_{request.id}"):
            st.markdown(_heading(request))
            CHANGES[Request(request.kind)](request)
            st.caption(
                _("{0} asked on {1}: {2}").format(
                    look.plain(request.asker), look.moment(request.asked_at), look.plain(request.reason)
                )
            )
            _buttons(person, request, deciding)


def whom(request) -> str | None:
    """Whose role, or which branch, it is about."""
    if request.kind == Request.BRANCH:
        return request.after["name"]
    return f"{request.before['name']} {request.before['number']}" if request.kind == Request.ROLE else None


def _heading(request) -> str:
    about = f" · {look.plain(request.customer)} :gray[{look.plain(request.customer_no)}]" if request.customer_no else ""
    return f"**{words.name(Request(request.kind))}**{about} · {look.plain(request.branch)}"


def _buttons(person: Person, request, deciding: bool) -> None:
    if request.asked_by == person.id:
        acts.button("Take it back", lambda: _withdraw(person, request.id), f"withdraw_{request.id}", icon=":material/undo:")
    elif deciding and permits.may(person, deciders.PERMITS[Request(request.kind)]):
        with acts.form(f"request_{request.id}"), st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input(_("Reason"), key=f"note_{request.id}", max_chars=200, width=240, placeholder=_("needed to refuse"))
            with st.container(horizontal=True, width="content"):
                acts.submit(
                    "Approve",
                    lambda: _approve(person, request.id),
                    f"approve_{request.id}",
                    type="primary",
                    icon=":material/check:",
                )
                acts.submit("Refuse", lambda: _refuse(person, request.id), f"refuse_{request.id}", icon=":material/close:")


def _approve(person: Person, request_id: int) -> None:
    with acts.act(person, "request.decide", "Approved") as conn:
        approvals.approve(conn, person, request_id, st.session_state.get(f"note_{request_id}"), now=clock.now())


def _refuse(person: Person, request_id: int) -> None:
    with acts.act(person, "request.decide", "Turned down") as conn:
        approvals.refuse(conn, person, request_id, st.session_state.get(f"note_{request_id}", ""), now=clock.now())


def _withdraw(person: Person, request_id: int) -> None:
    with acts.act(person, "request.withdraw", "Taken back") as conn:
        approvals.withdraw(conn, person, request_id, now=clock.now())


def _move(request) -> None:
    """From where to where, in words, in metres, and on a map when it is asked for."""
    before, after = request.before or {}, request.after
    was = look.plain(before["place"]) if before else "—"
    kind = words.name(Place(after["kind"]))
    st.markdown(f"{kind} · {was} → **{look.plain(after.get('place'))}** · " + _("moves {0:,} m").format(after.get("metres", 0)))
    if before and st.toggle(_("Show on the map"), key=f"see_{request.id}"):
        ends = [
            maps.Dot(before["lat"], before["lon"], look.GREY, tip=_("Present mark")),
            maps.Dot(after["lat"], after["lon"], look.TEAL, tip=_("Asked for"), size=9),
        ]
        way = maps.Way([(end.lat, end.lon) for end in ends], look.GREY)
        maps.show(ends, ends, f"move_{request.id}", [way], height=260)


def _export(request) -> None:
    """How much of what, and what it is narrowed to."""
    after = request.after
    st.markdown(f"**{look.plain(_(after['title']))}** · " + _("{0:,} rows").format(after["rows"]))
    if after.get("narrowed"):
        st.caption(" · ".join(words.pair(look.plain(name), look.plain(value)) for name, value in after["narrowed"].items()))


def _of_todos(request) -> None:
    """How many todos, of how many customers, until when; and the way to the list of them."""
    after = request.after
    if "loan" in after:
        kinds = _(", ").join(words.name(Kind(kind)) for kind in after["kinds"])
        st.markdown(
            f"{look.plain(after['loan'])} · {kinds} → **"
            + _("no such check until {0}").format(look.plain(after["until_on"]))
            + "**"
        )
        return
    day = after.get("due_on") or after.get("until_on")
    said = _("due on {0}") if after.get("due_on") else _("no such check until {0}")
    st.markdown(
        _("Todos: {0:,}, customers: {1:,}").format(after["todos"], after["customers"])
        + " → **"
        + said.format(look.plain(day))
        + "**"
    )
    st.page_link("pages/desk/todos.py", label=_("See these todos"), icon=":material/checklist:",
                 query_params={"batch": str(after["batch"]), "state": "all"})  # fmt: skip


def _level(request) -> None:
    was = look.badge(CustomerLevel(request.before["level"])) if request.before["level"] else "—"
    st.markdown(
        f"{was} → {look.badge(CustomerLevel(request.after['level']))} "
        + _("until {0}").format(look.plain(request.after["until_on"]))
    )


def _cycle(request) -> None:
    """Of which loan which check, from what the rule says to what is asked for."""
    after = request.after
    was, becomes = (rule_words.wish(own_rules.wished(after["kind"], said["every_n"], said["every_unit"], said["mode"]))
                    for said in (request.before, after))  # fmt: skip
    until = _("until {0}").format(look.plain(after["until_on"])) if after["until_on"] else _("until somebody ends it")
    kind = words.name(Kind(after["kind"]))
    st.markdown(f"{look.plain(after['loan'])} · {kind} · {look.plain(was)} → **{look.plain(becomes)}** · {until}")


def _days(request) -> None:
    """Which days would be what, and what that does to todos."""
    first, last = request.after["days"][0], request.after["days"][-1]
    note = f" · {look.plain(request.after['note'])}" if request.after["note"] else ""
    becomes = _(BECOMES[request.after["working"]])
    st.markdown(f"{first if first == last else f'{first} – {last}'} → **{becomes}**{note}")
    if moved := request.after.get("moved"):
        st.caption(_("{0:,} open todos would be due on another day").format(moved))


def _branch(request) -> None:
    """What becomes of a branch, and how much goes along."""
    after = request.after
    to = f" → **{look.plain(after['to_name'])}**" if "to_name" in after else ""
    on = f" · {_('from {0}').format(after['on'])}" if "on" in after else ""
    st.markdown(f"{words.name(BranchAct(after['act']))} · {look.plain(after['name'])} :gray[{look.plain(after['code'])}]{to}{on}")
    if "holds" in after:
        st.caption(holdings(after["holds"]))


def holdings(held: dict[str, int]) -> str:
    """What hangs on a branch alone, in words."""
    return _("{staff:,} people · {customers:,} customers · {loans:,} live loans · {todos:,} open todos · {signals:,} open signals · {branches:,} branches below").format(**held)  # fmt: skip


def _role(request) -> None:
    """Who holds what, and what he would hold from when until when."""
    before, after = request.before, request.after
    held = _(", ").join(words.name(Role(role)) for role, _until in before["held"]) or _("no role")
    becomes = words.name(Role(after["role"])) if after["role"] else _("no role")
    st.markdown(
        f"{look.plain(before['name'])} :gray[{look.plain(before['number'])}] · {held} → **{becomes}** · "
        f"{days(after['from_on'], after['until_on'])}"
    )


def days(first: str, last: str | None) -> str:
    """From when until which last day, when there is one."""
    return _("{0} to {1}").format(first, last) if last else _("from {0}").format(first)


BECOMES: dict[bool | None, str] = {True: "Working day", False: "Day off", None: "As published"}
# How each kind of request shows what it would change.
CHANGES: dict[Request, Callable[[object], None]] = {
    Request.ADDRESS_MOVE: _move, Request.EXPORT: _export, Request.LEVEL: _level, Request.WORKING_DAYS: _days,
    Request.DEFERRAL: _of_todos, Request.EXEMPTION: _of_todos, Request.CYCLE: _cycle,
    Request.ROLE: _role, Request.BRANCH: _branch,
}  # fmt: skip
