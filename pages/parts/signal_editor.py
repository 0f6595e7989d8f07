"""Writing a signal rule on the screen: what it is about, from which values on it fires at which level, and what it shows as evidence."""

import streamlit as st

from db import features
from db.vocab import Definition, Level, Subject
from engine import signal_drafts, words
from engine.words import _
from pages.parts import look
from pages.parts.condition_editor import Conditions
from pages.parts.rule_editor import DraftEditor

MOST_EVIDENCE = 12


class SignalEditor(DraftEditor):
    FAMILY = Definition.SIGNAL_RULE

    def _parts(self) -> None:
        body = self.body
        with st.container(horizontal=True, vertical_alignment="bottom"):
            subject = self._choice("About", list(Subject), body["subject"], "subject", disabled=not self.is_new)
            self._days(body, "cooldown_days", _("Quiet for days after it was closed"), 3650, 190, usual=30)
            self._in_use()
        if subject != body["subject"]:  # whatever was said speaks of another's fields
            body.update(signal_drafts.of_subject(Subject(subject)))
        self.fields = features.SUBJECTS[Subject(subject)].fields
        for level in reversed(Level):
            self._at(level)
        body["evidence"] = st.multiselect(
            _("Evidence"), list(self.fields), [name for name in body["evidence"] if name in self.fields], format_func=words.field,
            key=self._key(f"evidence.{subject}"), max_selections=MOST_EVIDENCE, placeholder=_("Choose"),
            help=_("The values that are kept with each signal and shown to whoever deals with it."),
        )  # fmt: skip

    def _at(self, level: Level) -> None:
        """Its condition, if the rule knows the level."""
        levels, key = self.body["levels"], f"{self.body['subject']}.{level.value}"
        step = next((one for one in levels if one["level"] == level), None)
        with st.container(border=True, gap="small"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(look.badge(level), width="content")
                wanted = st.toggle(_("Fires at this level"), step is not None, key=self._key(f"{key}.on"))
            begins = signal_drafts.begins_with(self.fields)
            if wanted and step is None:
                step = signal_drafts.at_level(level, begins)
                levels.append(step)
            elif not wanted and step is not None:
                levels.remove(step)
            if wanted:
                Conditions(step["who"], self.choices, self._key(key), self._keep, self.fields, begins).draw()
            levels.sort(key=lambda one: -list(Level).index(Level(one["level"])))
