"""One todo rule on a page: what it says, a draft of a change, the draft tried out, and its versions."""

from dataclasses import dataclass
from datetime import date

import streamlit as st

from db import access, branches, definitions, products, rulebook, sketches
from db.access import Person
from db.vocab import Approval, Definition
from engine import generate, night, opening, permits, rule_drafts, rule_words, rules, words
from engine import rulebook as verbs
from engine.words import _
from pages.parts import acts, changes, filters, look, proposals, rule_editor, rule_trial, tables

FAMILY = Definition.TODO_RULE
TABS = {"look": "What it says", "edit": "Change it", "try": "Effect", "versions": "Versions"}
NEEDS = {"edit": "rule.change", "try": "rule.try"}


@dataclass(frozen=True)
class Shown:
    """A rule from every side. `now`: its version on the day, in use or not; `draft`: the person's own."""

    code: str
    now: object | None
    draft: dict | None
    waiting: object | None
    book: generate.Book
    matching: dict[str, int]
    work: object | None

    @property
    def body(self) -> dict:
        return self.now.body if self.now else self.draft or self.waiting.body


def draw(person: Person, code: str, today: date) -> None:
    shown = _find(person, code, today)
    if shown is None:
        tables.empty("No such rule", "Choose one from the list, or begin a new one there.")
        st.page_link("pages/setup/rules.py", label=_("To the list"), icon=":material/arrow_back:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        state = "" if rules_enabled(shown.now) else f" :gray-badge[{_('not in use')}]"
        st.markdown(f"**{look.plain(words.in_language(shown.body['title']))}** :gray[{look.plain(code)}]{state}", width="content")
        st.space("stretch")
        st.page_link("pages/setup/rules.py", label=_("To the list"), icon=":material/arrow_back:")
    tab = filters.one_of(
        "tab", "View", {t: text for t, text in TABS.items() if permits.may(person, NEEDS.get(t, "rules.see"))}, "look"
    )
    if shown.waiting is not None:
        changes.proposed(person, shown.waiting, today)
    {"look": _look, "edit": _edit, "try": _try, "versions": _versions}[tab](person, shown, today)


def rules_enabled(row) -> bool:
    return row is not None and row.body.get("enabled", True)


def _find(person: Person, code: str, today: date) -> Shown | None:
    with access.reading(person) as conn:
        now = definitions.one_in_force(conn, FAMILY, code, today)
        draft = sketches.of(conn, person.id, FAMILY, code) if permits.may(person, "rule.change") else None
        waiting = next((d for d in definitions.awaiting(conn, FAMILY) if d.code == code), None)
        if now is None and draft is None and waiting is None:
            return None
        asked = {name: who for name, who in (("now", _who(now and now.body)), ("draft", _who(draft))) if who is not None}
        matching = rulebook.matching(conn, list(asked.items()), night.judged_on(conn))
        return Shown(
            code,
            now,
            draft,
            waiting,
            generate.book(conn, today),
            matching,
            rulebook.work(conn, today, today - verbs.LATELY).get(code),
        )


def at_work(matching: int, work) -> str:
    """What a rule does, as Markdown: loans, open todos, and the last twelve weeks."""
    loans = _("{0:,} loans match").format(matching)
    if work is None:
        return (
            f"{loans} · {_('no todo in twelve weeks')}"
            if matching
            else f":orange[:material/help: {_('no loan matches, no todo in twelve weeks')}]"
        )
    said = [loans, _("{0:,} todos open").format(work.open)]
    said += [look.late(_("{0:,} late").format(work.late), is_late=True)] if work.late else []
    if work.done:
        said.append(_("in twelve weeks {0:,} done, {1} in time").format(work.done, look.percent(work.in_time, work.done)))
    else:
        said.append(_("none done in twelve weeks"))
    return " · ".join(said + ([_("{0:,} cancelled by hand").format(work.by_hand)] if work.by_hand else []))


def _who(body: dict | None) -> dict | None:
    """The condition of a body that can be asked; None of one that is wrong yet."""
    return body["who"] if body is not None and rule_drafts.problem(body) is None else None


def read(body: dict) -> rules.Rule | None:
    return None if rule_drafts.problem(body) else rules.parse(body)


# --- What it says -----------------------------------------------------------------------------------------------------


def _look(person: Person, shown: Shown, today: date) -> None:
    rule = read(shown.body)
    if shown.now is None:
        tables.empty("Not in force yet", "It comes into force on its day, once a second person has approved it.")
    if rule is None:
        st.error(look.plain(rule_drafts.problem(shown.body)), icon=":material/rule:")
        return
    with st.container(border=True, gap="small"):
        st.markdown(look.plain(rule_words.rule(rule)))
        if shown.now is not None:
            st.caption(at_work(shown.matching.get("now", 0), shown.work))
        st.caption(_("For a loan paid out a month ago it falls due on: {0}").format(rule_editor.next_dates(rule, shown.book.calendar, today)))  # fmt: skip
        if rule.note:
            st.caption(look.plain(rule.note))
    if permits.may(person, "rule.change") and rules_enabled(shown.now):
        with st.container(horizontal=True):
            acts.button(
                "Change it", lambda: _begin(person, shown.draft or rule_editor.plain(rule)), "begin_draft", icon=":material/edit:"
            )
            acts.button("Retire it", lambda: _begin(person, rule_drafts.retired(rule_editor.plain(rule))), "retire", icon=":material/event_busy:")  # fmt: skip


def _begin(person: Person, body: dict, tab: str = "edit") -> None:
    rule_editor.keep(person, body)
    go_to(body["code"], tab)


def go_to(code: str, tab: str) -> None:
    st.query_params.from_dict({"rule": code, "tab": tab})


# --- A draft ----------------------------------------------------------------------------------------------------------


def _edit(person: Person, shown: Shown, today: date) -> None:
    if shown.draft is None:
        st.caption(_("A change is written as a draft that only you see, and comes into force after a second person has approved it."))  # fmt: skip
        rule = read(shown.body)
        acts.button(
            "Begin a draft", lambda: _begin(person, rule_editor.plain(rule)), "begin_draft", type="primary", disabled=rule is None
        )
        return
    with access.reading(person) as conn:
        choices = {
            "product": {row.code: f"{row.code} {row.name}" for row in products.all_of(conn)},
            "branch": {row.code: row.name for row in branches.all_open(conn)},
        }
    left, right = st.columns([3, 2], gap="large")
    with left:
        rule_editor.Editor(person, shown.draft, choices, is_new=shown.now is None).draw()
    with right, st.container(border=True, key="send_draft"):
        _send(person, shown, today)


def _send(person: Person, shown: Shown, today: date) -> None:
    wrong = rule_drafts.problem(shown.draft)
    changed = _told(shown, today, wrong)
    valid_from, why = proposals.from_and_why()
    acts.button("Submit for approval", lambda: proposals.propose(person, FAMILY, shown.code, shown.draft, valid_from, why), "submit_rule",
                type="primary", disabled=bool(wrong) or not changed)  # fmt: skip
    with st.container(horizontal=True):
        acts.button(
            "See its effect",
            lambda: go_to(shown.code, "try"),
            "to_effect",
            icon=":material/science:",
            disabled=bool(wrong) or not changed,
        )
        acts.button("Drop the draft", lambda: _drop(person, shown), "drop_draft")
    st.caption(_("Kept as you write; only you see it."))


def _told(shown: Shown, today: date, wrong: str | None) -> bool:
    """The draft in words, or what is wrong with it; whether it changes anything."""
    if wrong:
        st.error(look.plain(wrong), icon=":material/rule:")
        return False
    rule, now = rules.parse(shown.draft), read(shown.now.body) if shown.now else None
    if not rule.enabled:
        st.markdown(
            _(
                "Retired from its day on: todos of it that nobody has begun and that are not yet due are withdrawn; what is late stays."
            )
        )
    st.markdown(look.plain(rule_words.rule(rule)))
    st.caption(_("Would match {0:,} loans, matches {1:,} now. Due: {2}").format(
        shown.matching.get("draft", 0) if rule.enabled else 0, shown.matching.get("now", 0) if rules_enabled(shown.now) else 0,
        rule_editor.next_dates(rule, shown.book.calendar, today)))  # fmt: skip
    return now is None or verbs.differences(now.model_dump(mode="json"), rule.model_dump(mode="json")) != []


def _drop(person: Person, shown: Shown) -> None:
    with acts.act(person, "rule.change", "Draft dropped") as conn:
        verbs.drop_sketch(conn, person, FAMILY, shown.code)
    if shown.now is None:
        st.query_params.clear()
    else:
        go_to(shown.code, "look")


# --- Tried out --------------------------------------------------------------------------------------------------------


def _try(person: Person, shown: Shown, _today: date) -> None:
    drafts = {}
    if shown.waiting is not None:
        drafts["waiting"] = _("v{0}, which awaits approval").format(shown.waiting.version)
    if shown.draft is not None and read(shown.draft) is not None:
        drafts["mine"] = _("my draft")
    if not drafts:
        tables.empty(
            "There is no draft to try out", "Begin a change, or retire the rule: its effect is shown before anybody approves it."
        )
        return
    which = st.segmented_control(_("Which"), list(drafts), default=next(iter(drafts)), required=True, format_func=drafts.get,
                                 key="trial_which", label_visibility="collapsed") if len(drafts) > 1 else next(iter(drafts))  # fmt: skip
    if which == "waiting":
        rule_trial.draw(person, shown.waiting.body, shown.waiting.valid_from)
        return
    valid_from = st.date_input(_("In force from"), proposals.tomorrow(), min_value=proposals.tomorrow(), key="trial_from", width=150, format="YYYY-MM-DD")  # fmt: skip
    rule_trial.draw(person, shown.draft, valid_from or proposals.tomorrow())


# --- Versions ---------------------------------------------------------------------------------------------------------


def _versions(person: Person, shown: Shown, _today: date) -> None:
    with access.reading(person) as conn:
        known = definitions.versions(conn, FAMILY, shown.code)
    if not known:
        tables.empty("Not in force yet", "It comes into force on its day, once a second person has approved it.")
    for v in known:
        with st.container(border=True, gap="small", key=f"version_{v.version}"):
            st.markdown(proposals.line(v))
            for said in changes.in_words(FAMILY, shown.code, v.body):
                st.markdown(said)
            if permits.may(person, "rule.change") and v.state == Approval.APPROVED and v.body != shown.body and read(v.body):
                acts.button("Go back to this version", lambda v=v: _begin(person, rule_editor.plain(rules.parse(v.body))),
                            f"back_to_{v.version}", icon=":material/undo:")  # fmt: skip


# --- A new one --------------------------------------------------------------------------------------------------------


def begin_new(person: Person, taken: set[str], in_force: dict[str, dict]) -> None:
    """From one that ships, from one in force, or from nothing."""
    sources = opening.shipped(FAMILY) | in_force
    with st.popover(_("New rule"), icon=":material/add:", key="new_rule"):
        from_ = st.selectbox(
            _("Begin like"), list(sources), None, key="new_from", placeholder=_("nothing"),
            format_func=lambda c: f"{words.in_language(sources[c]['title'])} · {c}" if c in sources else c,
        )  # fmt: skip
        title = st.text_input(_("Title in Chinese"), key="new_title", max_chars=60)
        english = st.text_input(_("Title in English"), key="new_english", max_chars=60)
        free = rule_drafts.free_code(from_ or "RULE", taken | set(sources))
        code = st.text_input(_("Code"), free, key=f"new_code_{from_}", max_chars=31, help=_("Capital letters, digits and hyphens; it stays for good."))  # fmt: skip
        body = rule_drafts.begun(sources.get(from_) or rule_drafts.blank(), code.strip().upper(), title.strip(), english.strip())
        wrong = rule_drafts.problem(body) if title.strip() else None
        if body["code"] in taken | set(in_force):
            wrong = _("There is a rule {0} already.").format(body["code"])
        if wrong:
            st.error(look.plain(wrong), icon=":material/rule:")
        acts.button("Begin", lambda: _begin(person, body), "begin_rule", type="primary", disabled=bool(wrong) or not title.strip())
