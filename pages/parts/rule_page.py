"""One todo rule on a page: how many loans it means, the days on which it falls due, and what became of its todos."""

from datetime import date

import streamlit as st

from db import access, branches, products, rulebook
from db.access import Connection
from db.vocab import Definition
from engine import generate, night, rule_drafts, rules
from engine import rulebook as verbs
from engine.words import _
from pages.parts import look, rule_editor, rule_trial
from pages.parts.rule_sides import RuleSides


class TodoRule(RuleSides):
    """`matching`: live loans, of what is in force and of the draft."""

    FAMILY = Definition.TODO_RULE
    RETIRED = (
        "Retired from its day on: todos of it that nobody has begun and that are not yet due are withdrawn; what is late stays."
    )
    CODE_HELP = "Capital letters, digits and hyphens; it stays for good."
    parse = staticmethod(rules.parse)

    def look_up(self, conn: Connection) -> None:
        asked = {"now": self._who(self.now and self.now.body), "draft": self._who(self.draft)}
        self.matching = rulebook.matching(
            conn, [(name, who) for name, who in asked.items() if who is not None], night.judged_on(conn)
        )
        self.book = generate.book(conn, self.today)
        self.work = rulebook.work(conn, self.today, self.today - verbs.LATELY).get(self.code)

    def _who(self, body: dict | None) -> dict | None:
        """The condition of a body that can be asked; None of one that is wrong yet."""
        return body["who"] if body is not None and self.problem(body) is None else None

    def at_work(self, rule: rules.Rule) -> None:
        if self.now is not None:
            st.caption(at_work(self.matching.get("now", 0), self.work))
        st.caption(_("For a loan paid out a month ago it falls due on: {0}").format(self._next_dates(rule)))

    def foreseen(self, rule: rules.Rule) -> None:
        would, does = self.matching.get("draft", 0) if rule.enabled else 0, self.matching.get("now", 0) if self.in_use else 0
        st.caption(_("Would match {0:,} loans, matches {1:,} now. Due: {2}").format(would, does, self._next_dates(rule)))

    def _next_dates(self, rule: rules.Rule) -> str:
        return rule_editor.next_dates(rule, self.book.calendar, self.today)

    def editor(self) -> rule_editor.Editor:
        return rule_editor.Editor(self.person, self.draft, choices(self.person), is_new=self.now is None)

    def trial(self, body: dict, valid_from: date) -> None:
        rule_trial.draw(self.person, body, valid_from)

    @classmethod
    def blank(cls) -> dict:
        return rule_drafts.blank()

    @classmethod
    def free_code(cls, base: str | None, taken: set[str]) -> str:
        return rule_drafts.free_code(base or "RULE", taken)


def choices(person) -> dict[str, dict[str, str]]:
    """What fields of text can be, code to name."""
    with access.reading(person) as conn:
        return {
            "product": {row.code: f"{row.code} {row.name}" for row in products.all_of(conn)},
            "branch": {row.code: row.name for row in branches.all_open(conn)},
        }


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
