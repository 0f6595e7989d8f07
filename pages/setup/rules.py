"""规则: what is in force, in words, with version and effect; changes as a new version that a second person approves."""

import streamlit as st

from db import access, branches, definitions, rulebook, sketches
from db.vocab import Definition, Kind, Level
from engine import book_counts, clock, faults, generate, night, permits, rule_words, signal_rules, words
from engine.parameters import PARAMETERS, TARGETS, at_branch, own_targets
from engine.parameters import values as parameter_values
from engine.words import _
from pages.parts import acts, changes, counts, drafts, filters, frame, look, proposals, rule_page, signal_rule_page, tables
from pages.parts.rule_page import TodoRule
from pages.parts.rule_sides import RuleSides
from pages.parts.signal_rule_page import SignalRulePage

person = frame.person("rules.see")
today = clock.today()
VIEWS = {"todo": "Todo rules", "signal": "Signal rules", "parameters": "Parameters", "waiting": "Awaiting approval"}

tables.heading("Rules")
with access.reading(person) as conn:
    waiting = definitions.awaiting(conn, *Definition)
with filters.bar():
    view = filters.one_of("view", "View", VIEWS, "todo")
    if waiting and view != "waiting":
        st.markdown(f":orange-badge[:material/pending_actions: {_('{0} awaiting approval').format(len(waiting))}]", width="content")


def show_in_address(parameter: str, code: str) -> None:
    st.query_params[parameter] = code


def begun_by_me(conn, family: Definition) -> dict[str, dict]:
    return {row.code: row.body for row in sketches.mine(conn, person.id, family)} if permits.may(person, "rule.change") else {}


def resting(bodies: dict[str, dict], of: type[RuleSides]) -> None:
    """Rules that are switched off, folded away."""
    found = [(code, body) for code, body in bodies.items() if not body.get("enabled", True)]
    if not found:
        return
    with st.expander(_("{0} rules not in use").format(len(found))):
        for code, body in found:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{look.plain(words.in_language(body['title']))} :gray[:small[{look.plain(code)}]]", width="content")
                st.button(_("Look"), key=f"open_{code}", type="tertiary", on_click=of.go_to, args=(code, "look"))


# --- Todo rules -------------------------------------------------------------------------------------------------------


def todo_rules() -> None:
    with access.reading(person) as conn:
        book = generate.book(conn, today)
        bodies = {row.code: row.body for row in definitions.in_force(conn, Definition.TODO_RULE, today)}
        mine = begun_by_me(conn, Definition.TODO_RULE)
        asked = book_counts.rules_at_work([r.rule for r in book.rules], night.judged_on(conn), today)
    counted = counts.of(person, asked)
    matching, work = counted.figures
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            _("In force today. Of the rules of one kind that match, the strictest governs: the one further up."), width="stretch"
        )
        if permits.may(person, "rule.change"):
            TodoRule.begin_new(person, set(mine) | {d.code for d in waiting}, bodies)
    counts.told(counted)
    drafts.begun({code: body for code, body in mine.items() if code not in bodies}, TodoRule.go_to)
    for _what, code, why in book.set_aside:
        st.error(_("{0} {1} was set aside: {2}").format(_("Todo rule"), look.plain(code), look.plain(faults.retold(why))))
    for kind in Kind:
        of_kind = [r for r in book.rules if r.rule.kind is kind]
        if of_kind:
            st.markdown(f"{look.KIND_ICONS[kind]} **{words.name(kind)}**")
        for r in of_kind:
            todo_rule(r, matching[r.rule.code], work.get(r.rule.code))
    resting(bodies, TodoRule)


def todo_rule(r, matching: int, work) -> None:
    with st.container(border=True, gap="xsmall", key=f"rule-{r.rule.code}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{look.plain(words.in_language(r.rule.title))}**  :gray[:small[{r.rule.code} v{r.version}]]", width="content"
            )
            st.space("stretch")
            st.markdown(rule_page.at_work(matching, work), width="content")
            st.button(_("Look"), key=f"open_{r.rule.code}", type="tertiary", on_click=TodoRule.go_to, args=(r.rule.code, "look"))
        st.caption(look.plain(rule_words.rule(r.rule)))


# --- Signal rules -----------------------------------------------------------------------------------------------------


def signals_in_force() -> None:
    with access.reading(person) as conn:
        rows = definitions.in_force(conn, Definition.SIGNAL_RULE, today)
        told, mine = rulebook.signal_counts(conn), begun_by_me(conn, Definition.SIGNAL_RULE)
    bodies = {row.code: row.body for row in rows}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            _("In force today. The worst level whose condition holds is raised; a false alarm counts against the rule."),
            width="stretch",
        )
        if permits.may(person, "rule.change"):
            SignalRulePage.begin_new(person, set(mine) | {d.code for d in waiting}, bodies)
    drafts.begun({code: body for code, body in mine.items() if code not in bodies}, SignalRulePage.go_to)
    for row in rows:
        if row.body.get("enabled", True):
            signal_rule(row, told.get(row.code))
    resting(bodies, SignalRulePage)


def signal_rule(row, n) -> None:
    rule = SignalRulePage.read(row.body)
    if rule is None:
        st.error(
            _("{0} {1} was set aside: {2}").format(
                _("Signal rule"), look.plain(row.code), look.plain(SignalRulePage.problem(row.body))
            )
        )
        return
    with st.container(border=True, gap="xsmall", key=f"rule-{rule.code}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{rule.code} {look.plain(words.in_language(rule.title))}**  "
                f":gray[:small[v{row.version} · {words.name(rule.subject)}]]",
                width="content",
            )
            st.space("stretch")
            if n:
                st.markdown(signal_rule_page.at_work(n), width="content")
            st.button(_("Look"), key=f"open_{rule.code}", type="tertiary", on_click=SignalRulePage.go_to, args=(rule.code, "look"))
        for step in rule.levels:
            st.markdown(f"{look.badge(Level(step.level))} :gray[{look.plain(signal_rules.words_of(step.who, rule.subject))}]")


# --- Parameters -------------------------------------------------------------------------------------------------------


def parameters_in_force() -> None:
    with access.reading(person) as conn:
        values, own = parameter_values(conn, today), own_targets(conn, today)
        tree = branches.all_open(conn)
    for name, p in PARAMETERS.items():
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"rule-{name.replace('.', '-')}"):
            st.markdown(_(p.what), width="content")
            st.space("stretch")
            st.markdown(f"**{changes.parameter_value(name, values[name])}**", width="content")
            if permits.may(person, "parameter.change"):
                st.button(_("Change"), key=f"change_{name}", type="tertiary", on_click=show_in_address, args=("parameter", name))
        if own.get(name):
            st.caption(of_branches(name, own[name], tree))
    if (asked := st.query_params.get("parameter")) in PARAMETERS and permits.may(person, "parameter.change"):
        change_parameter(asked, values[asked], own.get(asked, {}), tree)


def of_branches(name: str, own: dict[str, float], tree: list) -> str:
    """Which branches have a target of their own."""
    names = {b.code: b.name for b in tree}
    said = (
        f"{look.plain(names.get(code, code))} **{changes.parameter_value(name, value)}**" for code, value in sorted(own.items())
    )
    return _("For branches with all below them: {0}").format(_(", ").join(said))


LABELS = {
    "days": "New value, in days",
    "hour": "New value, hour of the day",
    "hours": "New value, in hours",
    "calls": "New value, number of calls",
    "minutes": "New value, in minutes",
    "kmh": "New value, in km/h",
    "times": "New value, as a multiple",
    "rows": "New value, number of rows",
    "characters": "New value, number of characters",
    "answers": "New value, number of answers",
    "checks": "New value, number of checks",
    "yuan": "New value, in yuan",
    "metres": "New value, in metres",
    "customers": "New value, number of customers",
    "todos": "New value, number of todos",
    "switch": "New value: 1 is yes, 0 is no",
}


VALUE = "new_value"


def close_parameter() -> None:
    acts.leave("parameter")


@st.dialog(_("Change a parameter"), on_dismiss=close_parameter)
def change_parameter(name: str, value: float, own: dict[str, float], tree: list) -> None:
    acts.in_dialog("parameter")
    share = PARAMETERS[name].unit == "share"
    st.markdown(_(PARAMETERS[name].what))
    branch = choose_branch(tree) if name in TARGETS else None
    code, now = at_branch(name, branch), own.get(branch) if branch else value
    proposals.past(person, Definition.PARAMETER, code)
    inherits = branch is not None and st.toggle(_("As for the branch above it"), now is None, key=f"inherits_{branch}")
    st.number_input(
        _("New value, in percent") if share else _(LABELS[PARAMETERS[name].unit]), 0.0, 100.0 if share else 10_000_000.0,
        float((100 if share else 1) * (value if now is None else now)), key=f"{VALUE}{branch or ''}", format="%g", disabled=inherits,
    )  # fmt: skip
    proposals.from_and_why()
    acts.button(
        "Submit for approval",
        lambda: submit_parameter(name, branch, now, st.session_state.get(f"inherits_{branch}", False)),
        "submit_parameter",
        type="primary",
    )


def submit_parameter(name: str, branch: str | None, now: float | None, inherits: bool) -> None:
    """`branch` as for the branch above it when it inherits; `now`: its own value in force."""
    typed = st.session_state[f"{VALUE}{branch or ''}"]
    new = None if inherits else round(typed / 100, 6) if PARAMETERS[name].unit == "share" else typed
    if new == now:
        acts.tell(_("It says what is in force."), "error")
    else:
        proposals.propose(person, Definition.PARAMETER, at_branch(name, branch), {"value": new})


def choose_branch(tree: list) -> str | None:
    """For which branch a target is; None: for the bank."""
    names = {b.code: b.name for b in tree if b.parent_id is not None}
    return st.selectbox(
        _("For"), list(names), None, format_func=names.get, key="target_branch", placeholder=_("The whole bank"),
        help=_("A branch's own target holds for all below it that have none of their own."),
    )  # fmt: skip


# --- Awaiting approval ------------------------------------------------------------------------------------------------


def awaiting() -> None:
    if not waiting:
        tables.empty(
            "Nothing waits for a decision", "Changes of rules, parameters and mappings appear here until a second person decides."
        )
    for d in waiting:
        changes.proposed(person, d, today)


SIDES = {"todo": TodoRule, "signal": SignalRulePage}
if view in SIDES and (asked := look.typed(st.query_params.get("rule", ""))):
    SIDES[view](person, asked, today).draw()
else:
    {"todo": todo_rules, "signal": signals_in_force, "parameters": parameters_in_force, "waiting": awaiting}[view]()
