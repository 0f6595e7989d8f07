"""One signal rule on a page: what it has raised, and how often that was a false alarm."""

from datetime import date

import streamlit as st

from db import rulebook
from db.access import Connection
from db.vocab import Definition
from engine import signal_drafts, signal_rules, words
from engine.words import _
from pages.parts import signal_editor, signal_trial
from pages.parts.rule_page import choices
from pages.parts.rule_sides import RuleSides


class SignalRulePage(RuleSides):
    FAMILY = Definition.SIGNAL_RULE
    VIEW = {"view": "signal"}
    RETIRED = "Retired from its day on: it raises nothing more, and the night lifts its signals that nobody has taken."
    CODE_HELP = "A capital letter and two digits; it stays for good. The first nine letters are the catalogue's groups."
    parse = staticmethod(signal_rules.parse)

    def look_up(self, conn: Connection) -> None:
        self.counts = rulebook.signal_counts(conn).get(self.code)

    def at_work(self, rule: signal_rules.SignalRule) -> None:
        said = [words.name(rule.subject), _("quiet for {0} days after it was closed").format(rule.cooldown_days)]
        said.append(_("Evidence: {0}").format(_(", ").join(words.field(name) for name in rule.evidence)))
        st.caption(" · ".join([*said, at_work(self.counts)]))

    def foreseen(self, rule: signal_rules.SignalRule) -> None:
        st.caption(_("Evidence: {0}").format(_(", ").join(words.field(name) for name in rule.evidence)))

    def editor(self) -> signal_editor.SignalEditor:
        return signal_editor.SignalEditor(self.person, self.draft, choices(self.person), is_new=self.now is None)

    def trial(self, body: dict, valid_from: date) -> None:
        signal_trial.draw(self.person, body, valid_from)

    @classmethod
    def blank(cls) -> dict:
        return signal_drafts.blank()

    @classmethod
    def free_code(cls, base: str | None, taken: set[str]) -> str:
        return signal_drafts.free_code(taken)


def at_work(counts) -> str:
    """What a rule has raised, as Markdown."""
    if counts is None:
        return _("has raised no signal yet")
    return _("{0:,} open · {1:,} in all · {2:,} false alarms").format(counts.open, counts.all, counts.false_alarms)
