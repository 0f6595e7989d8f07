"""规则: what is in force, in words, with version and effect; changes as a new version that a second person approves."""

import copy
from datetime import timedelta

import streamlit as st

from db import access, definitions, feeds, rulebook
from db.vocab import Approval, Definition, Level
from engine import clock, cycles, generate, permits, rule_words, rules, signal_rules, words
from engine import rulebook as acts_on_rules
from engine.parameters import PARAMETERS
from engine.parameters import values as parameter_values
from engine.words import _
from pages.parts import acts, frame, look, tables

person = frame.person("rules.see")
today = clock.today()
VIEWS = {"todo": "Todo rules", "signal": "Signal rules", "parameters": "Parameters", "waiting": "Awaiting approval"}

with access.reading(person) as conn:
    waiting = definitions.awaiting(conn, *Definition)
view = st.segmented_control(
    _("View"), list(VIEWS), default="todo", key="view", bind="query-params", required=True, label_visibility="collapsed",
    format_func=lambda v: _(VIEWS[v]) + (f" {len(waiting)}" if v == "waiting" and waiting else ""),
)  # fmt: skip


def todo_rules() -> None:
    with access.reading(person) as conn:
        book = generate.book(conn, today)
        counts = rulebook.matching(conn, [(r.rule.code, r.rule.who) for r in book.rules], feeds.business_date(conn) or today)
        asked = rulebook.open_todos(conn)
    st.caption(_("In force today. Of the rules of one kind that match, the strictest governs: the one further up."))
    for what, code, why in book.set_aside:
        st.error(_("{0} {1} was set aside: {2}").format(what, code, why))
    for r in book.rules:
        with st.container(border=True, gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{look.plain(words.in_language(r.rule.title))}**  :gray[{r.rule.code} v{r.version}]", width="content")
                st.space("stretch")
                st.markdown(_("{0:,} loans match · {1:,} todos open").format(counts[r.rule.code], asked.get(r.rule.code, 0)), width="content")
                if st.button(_("Open"), key=f"open_{r.rule.code}", type="tertiary"):
                    one_rule(r)
            st.caption(look.plain(rule_words.rule(r.rule)))


@st.dialog(_("Rule"), width="large")
def one_rule(r) -> None:
    rule, body = r.rule, copy.deepcopy(r.rule.model_dump(mode="json", exclude_defaults=True) | {"code": r.rule.code})
    st.markdown(f"**{look.plain(words.in_language(rule.title))}** · {rule.code} v{r.version}")
    st.markdown(look.plain(rule_words.rule(rule)))
    with access.reading(person) as conn:
        book = generate.book(conn, today)
        past = definitions.versions(conn, Definition.TODO_RULE, rule.code)
    st.caption(_("For a loan paid out a month ago it falls due on: {0}").format(_next_dates(rule, book)))
    with st.expander(_("Versions")):
        for v in past:
            by = look.plain(v.maker or _("shipped"))
            checked = f" → {look.plain(v.checker)}" if v.checker else ""
            st.markdown(f"v{v.version} · {look.badge(Approval(v.state))} {_('from {0}').format(look.day(v.valid_from))} · {by}{checked} · {look.plain(v.why)}")
    if not permits.may(person, "rule.change"):
        return
    st.subheader(_("Change it"))
    when = body["when"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if rule.when.every:
            when["every"]["n"] = int(st.number_input(_("Every"), 1, 400, rule.when.every.n, key="n", width=90))
            when["every"]["unit"] = st.selectbox(_("Unit"), list(rules.Unit), list(rules.Unit).index(rule.when.every.unit), format_func=words.name, key="unit", width=110).value
        else:
            offsets = st.text_input(_("Days from the anchor"), ", ".join(map(str, rule.when.offsets)), key="offsets", width=150)
            when["offsets"] = [int(x) for x in offsets.replace("，", ",").split(",") if x.strip().lstrip("-").isdigit()] or [0]
        when["lead"] = int(st.number_input(_("Opens days before"), 0, 120, rule.when.lead, key="lead", width=130))
        when["grace"] = int(st.number_input(_("Days of grace"), 0, 60, rule.when.grace, key="grace", width=110))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        body["mode"] = st.selectbox(_("Way"), list(rules.Mode), list(rules.Mode).index(rule.mode), format_func=words.name, key="way", width=110).value
        body["assign"] = st.selectbox(_("Goes to"), list(rules.Assign), list(rules.Assign).index(rule.assign), format_func=words.name, key="goes", width=170).value
        body["satisfied_days"] = int(st.number_input(_("Covered by a heavier check for days"), 0, 180, rule.satisfied_days, key="satisfied", width=200))
        body["enabled"] = st.toggle(_("In use"), rule.enabled, key="enabled")
    _numbers(body["who"])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        valid_from = st.date_input(_("In force from"), today + timedelta(days=1), min_value=today + timedelta(days=1), key="from", width=150)
        why = st.text_input(_("Reason"), key="why_change", width=320)
    try:
        changed = rules.parse(body)
    except rules.BadRule as wrong:
        st.error(wrong.sentence(_))
        return
    changes = acts_on_rules.differences(rule.model_dump(mode="json"), changed.model_dump(mode="json"))
    if changes:
        st.markdown(_("As changed: {0}").format(look.plain(rule_words.rule(changed))))
        with access.reading(person) as conn:
            counts = rulebook.matching(conn, [("was", rule.who), ("is", changed.who)], today)
        st.caption(_("Matches {0:,} loans, now {1:,}. It reaches todos not yet started.").format(counts["is"], counts["was"]))
    acts.button("Submit for approval", lambda: _propose(Definition.TODO_RULE, rule.code, body, valid_from, why), "submit_rule",
                type="primary", disabled=not changes)  # fmt: skip


def _numbers(tree: dict, path: str = "who") -> None:
    """Inputs for the amounts and days in a condition, changed in place; its shape is the administrator's file."""
    for key in ("all", "any"):
        for i, part in enumerate(tree.get(key, [])):
            _numbers(part, f"{path}.{key}{i}")
    if "not" in tree:
        _numbers(tree["not"], f"{path}.not")
    if tree.get("op") in rule_words.SIGNS:
        label = f"{words.field(tree['field'])} {rule_words.SIGNS[tree['op']]}"
        tree["value"] = st.number_input(label, value=float(tree["value"]), key=path, width=220, step=1.0, format="%g")


def _next_dates(rule: rules.Rule, book) -> str:
    anchor = cycles.NO_ANCHOR if rule.when.anchor == "calendar" else today - timedelta(days=30)
    dates = cycles.upcoming(rule.timing(), cycles.Counting(anchor), today - timedelta(days=30), book.calendar, 8)
    return _(", ").join(look.day(d) for d in dates) or "—"


def _propose(family: Definition, code: str, body: dict, valid_from, why: str) -> None:
    with acts.act(person, "rule.change", "Submitted: a second person decides") as conn:
        acts_on_rules.propose(conn, person, family, code, body, valid_from, why, today=today)


def signals_in_force() -> None:
    with access.reading(person) as conn:
        rows = definitions.in_force(conn, Definition.SIGNAL_RULE, today)
        counts = rulebook.signal_counts(conn)
    for row in rows:
        rule = signal_rules.parse(row.body)
        n = counts.get(rule.code)
        with st.container(border=True, gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{rule.code} {look.plain(words.in_language(rule.title))}**  :gray[v{row.version} · {words.name(rule.subject)}]", width="content")
                st.space("stretch")
                if n:
                    st.markdown(_("{0:,} open · {1:,} in all · {2:,} false alarms").format(n.open, n.all, n.false_alarms), width="content")
            for step in rule.levels:
                st.markdown(f"{look.badge(Level(step.level))} {look.plain(signal_rules.words_of(step.who, rule.subject))}")


def parameters_in_force() -> None:
    with access.reading(person) as conn:
        values = parameter_values(conn, today)
    for name, p in PARAMETERS.items():
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"{_(p.what)}  :gray[{name}]")
            st.space("stretch")
            st.markdown(f"**{values[name]:g}**" if p.unit != "share" else f"**{100 * values[name]:g}%**", width="content")
            if permits.may(person, "parameter.change") and st.button(_("Change"), key=f"change_{name}", type="tertiary"):
                change_parameter(name, values[name])


@st.dialog(_("Change a parameter"))
def change_parameter(name: str, value: float) -> None:
    st.markdown(_(PARAMETERS[name].what))
    new = st.number_input(_("New value"), value=float(value), key="new_value", format="%g")
    valid_from = st.date_input(_("In force from"), today + timedelta(days=1), min_value=today + timedelta(days=1), key="parameter_from")
    why = st.text_input(_("Reason"), key="why_parameter")
    acts.button("Submit for approval", lambda: _propose(Definition.PARAMETER, name, {"value": new}, valid_from, why), "submit_parameter", type="primary")


def awaiting() -> None:
    if not waiting:
        tables.empty("Nothing waits for a decision", "Changes of rules, parameters and mappings appear here until a second person decides.")
    for d in waiting:
        with access.reading(person) as conn:
            now = definitions.one_in_force(conn, Definition(d.family), d.code, today)
        with st.container(border=True):
            st.markdown(f"**{words.name(Definition(d.family))} {look.plain(d.code)} v{d.version}** · {_('from {0}').format(look.day(d.valid_from))} · "
                        f"{look.plain(d.maker)} · {look.moment(d.made_at)}  \n{look.plain(d.why)}")  # fmt: skip
            changes = acts_on_rules.differences(now.body if now else {}, d.body)
            st.dataframe([{"where": w, "was": str(a), "is": str(b)} for w, a, b in changes], hide_index=True, alt=_("What changes"),
                         column_config={"where": _("Where"), "was": _("Was"), "is": _("Becomes")})  # fmt: skip
            if permits.may(person, "rule.decide"):
                why = st.text_input(_("Reason for refusing"), key=f"refuse_{d.id}")
                with st.container(horizontal=True):
                    acts.button("Approve", lambda d=d: _decide(d.id, None), f"approve_{d.id}", type="primary", disabled=d.made_by == person.id,
                                help=_("A second person must decide this.") if d.made_by == person.id else None)  # fmt: skip
                    acts.button("Refuse", lambda d=d, why=why: _decide(d.id, why), f"no_{d.id}", disabled=d.made_by == person.id)


def _decide(definition_id: int, why: str | None) -> None:
    with acts.act(person, "rule.decide", "Decided") as conn:
        if why is None:
            acts_on_rules.approve(conn, person, definition_id, now=clock.now(), today=today)
        else:
            acts_on_rules.refuse(conn, person, definition_id, why, now=clock.now())


{"todo": todo_rules, "signal": signals_in_force, "parameters": parameters_in_force, "waiting": awaiting}[view]()
