"""规则: what is in force, in words, with version and effect; changes as a new version that a second person approves."""

import copy

import streamlit as st

from db import access, branches, definitions, rulebook, sketches
from db.vocab import Approval, Definition, Kind, Level
from engine import book_counts, clock, generate, night, permits, rule_words, signal_rules, words
from engine import rulebook as acts_on_rules
from engine.parameters import PARAMETERS, TARGETS, at_branch, own_targets
from engine.parameters import values as parameter_values
from engine.words import _
from pages.parts import acts, changes, counts, drafts, filters, frame, look, proposals, rule_page, tables

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


# --- Todo rules -------------------------------------------------------------------------------------------------------


def todo_rules() -> None:
    with access.reading(person) as conn:
        book = generate.book(conn, today)
        bodies = {row.code: row.body for row in definitions.in_force(conn, Definition.TODO_RULE, today)}
        begun = sketches.mine(conn, person.id, Definition.TODO_RULE) if permits.may(person, "rule.change") else ()
        mine = {row.code: row.body for row in begun}
        asked = book_counts.rules_at_work([r.rule for r in book.rules], night.judged_on(conn), today)
    counted = counts.of(person, asked)
    matching, work = counted.figures
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            _("In force today. Of the rules of one kind that match, the strictest governs: the one further up."), width="stretch"
        )
        if permits.may(person, "rule.change"):
            rule_page.begin_new(person, set(mine) | {d.code for d in waiting}, bodies)
    counts.told(counted)
    drafts.begun({code: body for code, body in mine.items() if code not in bodies}, rule_page.go_to)
    for what, code, why in book.set_aside:
        st.error(_("{0} {1} was set aside: {2}").format(what, look.plain(code), look.plain(why)))
    for kind in Kind:
        of_kind = [r for r in book.rules if r.rule.kind is kind]
        if of_kind:
            st.markdown(f"{look.KIND_ICONS[kind]} **{words.name(kind)}**")
        for r in of_kind:
            todo_rule(r, matching[r.rule.code], work.get(r.rule.code))
    resting = [(code, body) for code, body in bodies.items() if not body.get("enabled", True)]
    if resting:
        with st.expander(_("{0} rules not in use").format(len(resting))):
            for code, body in resting:
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.markdown(
                        f"{look.plain(words.in_language(body['title']))} :gray[:small[{look.plain(code)}]]", width="content"
                    )
                    st.button(_("Look"), key=f"open_{code}", type="tertiary", on_click=show_in_address, args=("rule", code))


def todo_rule(r, matching: int, work) -> None:
    with st.container(border=True, gap="xsmall", key=f"rule-{r.rule.code}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{look.plain(words.in_language(r.rule.title))}**  :gray[:small[{r.rule.code} v{r.version}]]", width="content"
            )
            st.space("stretch")
            st.markdown(rule_page.at_work(matching, work), width="content")
            st.button(_("Look"), key=f"open_{r.rule.code}", type="tertiary", on_click=show_in_address, args=("rule", r.rule.code))
        st.caption(look.plain(rule_words.rule(r.rule)))


# --- Signal rules -----------------------------------------------------------------------------------------------------


def signals_in_force() -> None:
    with access.reading(person) as conn:
        rows = definitions.in_force(conn, Definition.SIGNAL_RULE, today)
        told = rulebook.signal_counts(conn)
    st.caption(_("In force today. The worst level whose condition holds is raised; a false alarm counts against the rule."))
    for row in rows:
        signal_rule(row, signal_rules.parse(row.body), told.get(row.code))
    if opened := next((row for row in rows if row.code == st.query_params.get("rule")), None):
        one_signal_rule(opened)


def signal_rule(row, rule: signal_rules.SignalRule, n) -> None:
    with st.container(border=True, gap="xsmall", key=f"rule-{rule.code}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{rule.code} {look.plain(words.in_language(rule.title))}**  "
                f":gray[:small[v{row.version} · {words.name(rule.subject)}]]",
                width="content",
            )
            st.space("stretch")
            if n:
                st.markdown(
                    _("{0:,} open · {1:,} in all · {2:,} false alarms").format(n.open, n.all, n.false_alarms), width="content"
                )
            st.button(_("Look"), key=f"open_{rule.code}", type="tertiary", on_click=show_in_address, args=("rule", rule.code))
        for step in rule.levels:
            st.markdown(f"{look.badge(Level(step.level))} :gray[{look.plain(signal_rules.words_of(step.who, rule.subject))}]")


def close_rule() -> None:
    acts.leave("rule")


def _numbers(tree: dict, path: str = "who") -> None:
    """Inputs for the amounts and days in a condition, changed in place; its shape is the administrator's file."""
    for key in ("all", "any"):
        for i, part in enumerate(tree.get(key, [])):
            _numbers(part, f"{path}.{key}{i}")
    if "not" in tree:
        _numbers(tree["not"], f"{path}.not")
    if tree.get("op") in rule_words.SIGNS:
        label = f"{words.field(tree['field'])} {rule_words.SIGNS[tree['op']]}"
        typed = st.number_input(label, value=float(tree["value"]), key=path, width=220, step=1.0, format="%g")
        tree["value"] = int(typed) if typed == int(typed) else typed


@st.dialog(_("Signal rule"), width="large", on_dismiss=close_rule)
def one_signal_rule(row) -> None:
    acts.in_dialog("rule")
    rule = signal_rules.parse(row.body)
    st.markdown(f"**{rule.code} {look.plain(words.in_language(rule.title))}**  :gray[v{row.version}]")
    proposals.past(person, Definition.SIGNAL_RULE, rule.code)
    if permits.may(person, "rule.change"):
        st.subheader(_("Change it"), anchor=False)
        older = _older(row)
        chosen = st.selectbox(
            _("Begin with"), [None, *older], key="begin_with", width=220, disabled=not older,
            format_func=lambda n: _("version {0}").format(n) if n else _("what is in force"),
        )  # fmt: skip
        _change_signal_rule(rule, copy.deepcopy(older.get(chosen, row.body)), f"v{chosen or row.version}")


def _older(row) -> dict[int, dict]:
    """Versions that were in force and say something else, to go back to."""
    with access.reading(person) as conn:
        known = definitions.versions(conn, Definition.SIGNAL_RULE, row.code)
    return {v.version: v.body for v in known if v.state == Approval.APPROVED and v.body != row.body}


def _change_signal_rule(rule: signal_rules.SignalRule, body: dict, at: str) -> None:
    """`at`: tells the fields of one version from another's."""
    begun = signal_rules.parse(body)
    for i, step in enumerate(body["levels"]):
        st.markdown(look.badge(Level(step["level"])))
        _numbers(step["who"], f"{at}.level{i}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        body["cooldown_days"] = int(
            st.number_input(_("Quiet for days after it was closed"), 0, 3650, begun.cooldown_days, key=f"{at}.cooldown", width=190)
        )
        body["enabled"] = st.toggle(_("In use"), begun.enabled, key=f"{at}.enabled")
    valid_from, why = proposals.from_and_why()
    changed = acts_on_rules.differences(rule.model_dump(mode="json"), signal_rules.parse(body).model_dump(mode="json"))
    acts.button("Submit for approval", lambda: proposals.propose(person, Definition.SIGNAL_RULE, rule.code, body, valid_from, why),
        "submit_signal_rule",
                type="primary", disabled=not changed)  # fmt: skip


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
    typed = st.number_input(
        _("New value, in percent") if share else _(LABELS[PARAMETERS[name].unit]), 0.0, 100.0 if share else 10_000_000.0,
        float((100 if share else 1) * (value if now is None else now)), key=f"new_value{branch or ''}", format="%g", disabled=inherits,
    )  # fmt: skip
    new = None if inherits else round(typed / 100, 6) if share else typed
    valid_from, why = proposals.from_and_why()
    acts.button("Submit for approval", lambda: proposals.propose(person, Definition.PARAMETER, code, {"value": new}, valid_from, why),
        "submit_parameter",
                type="primary", disabled=new == now)  # fmt: skip


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


if view == "todo" and (asked := look.typed(st.query_params.get("rule", ""))):
    rule_page.draw(person, asked, today)
else:
    {"todo": todo_rules, "signal": signals_in_force, "parameters": parameters_in_force, "waiting": awaiting}[view]()
