"""单笔检查频率调整: the cycles that one loan has for itself, and asking for one."""

from datetime import date, timedelta
from typing import NamedTuple

import streamlit as st

from db import own_cycles
from db.access import Connection, Person
from db.vocab import MODE_WEIGHT, Mode, Unit
from engine import clock, own_rules, parameters, permits, rule_words, words
from engine import own_cycles as verbs
from engine.cycles import Cycle
from engine.own_rules import Wish
from engine.rules import RuleInForce
from engine.words import _
from pages.parts import acts, look

USUAL = timedelta(days=180)


class Own(NamedTuple):
    """`longest`: how many times as long as the rule's a cycle may be."""

    rows: list
    longest: float


def read(conn: Connection, loan) -> Own:
    return Own(own_cycles.of_loan(conn, loan.customer_id, loan.id), parameters.values(conn, clock.today())["cycles.longest"])


def line(person: Person, loan, row) -> None:
    """What it is, until when, why, by whom; and the way to end it."""
    today = clock.today()
    over = row.ended_on is not None and row.ended_on <= today or row.until_on is not None and row.until_on < today
    badge = f":gray-badge[{_('over')}]" if over else f":green-badge[{_('Own cycle')}]"
    wish = own_rules.wished(row.kind, row.every_n, row.every_unit, row.mode)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"{badge} **{words.name(wish.kind)}** · {look.plain(rule_words.wish(wish))} · {look.day(row.from_on)} – {_last(row)}",
            width="content",
        )
        st.caption(look.plain(" · ".join(part for part in (row.reason, row.asker, row.approver) if part)), width="content")
        if not over and permits.may(person, "cycle.decide") and row.asked_by != person.id:
            acts.button(
                "End it today", lambda: _end(person, loan, row.id), f"end_cycle_{row.id}", icon=":material/event_available:"
            )


def _last(row) -> str:
    if row.ended_on is not None:
        return look.day(row.ended_on - timedelta(days=1)) if row.ended_on > row.from_on else look.day(row.ended_on)
    return look.day(row.until_on) if row.until_on else _("until somebody ends it")


def ask(person: Person, loan, governing: dict, longest: float) -> None:
    """For one of the kinds that a rule asks of the loan: how often and how instead, until when, why."""
    today = clock.today()
    with st.popover(_("Ask for its own cycle"), icon=":material/event_repeat:", key="own_cycle"):
        kinds = sorted(governing, key=lambda kind: governing[kind].rule.when.anchor in own_rules.ONCE)  # with a cycle first
        kind = st.selectbox(_("Which check"), kinds, key="cycle_kind", format_func=words.name)
        rule = governing[kind]
        st.caption(
            _("By the rule: {0}").format(look.plain(words.in_language(rule.rule.title)))
            + f" · {look.plain(rule_words.timing(rule.rule.when))} · {words.name(rule.rule.mode)}"
        )
        every, mode = _every(rule), _mode(rule)
        until = st.date_input(_("Last day (empty: until somebody ends it)"), today + USUAL, min_value=today,
                              max_value=today + verbs.LONGEST, format="YYYY-MM-DD", key="cycle_until")  # fmt: skip
        st.text_input(_("Reason"), key="cycle_why", max_chars=200)
        wish = Wish(kind, every, mode)
        problem = own_rules.why_not(rule.rule, wish, longest)
        if problem:
            st.caption(f":material/block: {look.plain(verbs.WHY[problem](longest=f'{longest:g}').sentence(_))}")
        else:
            st.caption(_("A second person of head office decides; until then nothing changes."))
        acts.button(
            "Ask for it", lambda: _asked(person, loan.loan_no, wish, until), "do_own_cycle", type="primary", disabled=bool(problem)
        )


def _every(rule: RuleInForce) -> Cycle | None:
    """None where the rule's own stays."""
    when = rule.rule.when
    if when.anchor in own_rules.ONCE:
        return None
    with st.container(horizontal=True):
        n = st.number_input(_("Every"), 1, 400, when.every.n if when.every else 1, key=f"cycle_n_{rule.rule.kind}", width=120)
        unit = st.selectbox(_("Unit"), list(Unit), list(Unit).index(when.every.unit if when.every else Unit.MONTH), format_func=words.name,
                            key=f"cycle_unit_{rule.rule.kind}", width=140)  # fmt: skip
    same = when.every and (n, unit) == (when.every.n, when.every.unit)
    return None if same else Cycle(int(n), unit)


def _mode(rule: RuleInForce) -> Mode | None:
    heavier = [mode for mode in Mode if MODE_WEIGHT[mode] >= MODE_WEIGHT[rule.rule.mode]]
    mode = st.segmented_control(
        _("Way"), heavier, default=rule.rule.mode, format_func=words.name, key=f"cycle_mode_{rule.rule.kind}"
    )
    return mode if mode and mode is not rule.rule.mode else None


def _asked(person: Person, loan_no: str, wish: Wish, until: date | None) -> None:
    with acts.act(person, "cycle.ask", "Asked for; a second person decides") as conn:
        verbs.ask(conn, person, loan_no, wish, until, acts.typed("cycle_why"), now=clock.now(), today=clock.today())
        st.session_state["cycle_why"] = ""  # one that is dropped stays written in the browser


def _end(person: Person, loan, cycle_id: int) -> None:
    with acts.act(person, "cycle.decide", "Ended") as conn:
        verbs.end(conn, person, loan.customer_id, cycle_id, today=clock.today())
