"""A rule on a page from every side, be it of todos or of signals: what it says, a draft of a change, the draft tried out, its versions."""

from datetime import date

import streamlit as st

from db import access, definitions, sketches
from db.access import Connection, Person
from db.vocab import Approval, Definition
from engine import opening, permits, rule_drafts, words
from engine import rulebook as verbs
from engine.words import _
from pages.parts import acts, changes, filters, look, proposals, rule_editor, tables

TABS = {"look": "What it says", "edit": "Change it", "try": "Effect", "versions": "Versions"}
NEEDS = {"edit": "rule.change", "try": "rule.try"}
HERE = "pages/setup/rules.py"


class RuleSides:
    """One rule for one person on one day; what differs between the two families stands in their own classes.

    `now`: its version on the day, in use or not; `at_last`: the one that will hold once every approved one has come; `draft`: the person's own; `waiting`: what awaits a second person.
    """

    FAMILY: Definition
    VIEW: dict[str, str] = {}  # how its list is found in the address
    RETIRED = ""  # what retiring it means, a msgid
    CODE_HELP = ""

    def __init__(self, person: Person, code: str, today: date) -> None:
        self.person, self.code, self.today = person, code, today
        with access.reading(person) as conn:
            self.now = definitions.one_in_force(conn, self.FAMILY, code, today)
            self.at_last = definitions.at_last(conn, self.FAMILY, code)
            self.draft = sketches.of(conn, person.id, self.FAMILY, code) if permits.may(person, "rule.change") else None
            self.waiting = next((d for d in definitions.awaiting(conn, self.FAMILY) if d.code == code), None)
            if self.known:
                self.look_up(conn)

    # --- What a family says for itself

    @staticmethod
    def parse(body: object) -> object:
        raise NotImplementedError

    def look_up(self, conn: Connection) -> None:
        """Whatever else is shown."""

    def at_work(self, rule: object) -> None:
        """Under what is in force: what it does."""

    def foreseen(self, rule: object) -> None:
        """Under what a draft says: whom it would mean."""

    def editor(self) -> rule_editor.DraftEditor:
        raise NotImplementedError

    def trial(self, body: dict, valid_from: date) -> None:
        raise NotImplementedError

    @classmethod
    def blank(cls) -> dict:
        raise NotImplementedError

    @classmethod
    def free_code(cls, base: str | None, taken: set[str]) -> str:
        raise NotImplementedError

    # --- What is the same

    @property
    def known(self) -> bool:
        return any(one is not None for one in (self.now, self.draft, self.waiting))

    @property
    def body(self) -> dict:
        return self.now.body if self.now else self.draft or self.waiting.body

    @property
    def in_use(self) -> bool:
        return self.now is not None and self.now.body.get("enabled", True)

    @classmethod
    def problem(cls, body: dict) -> str | None:
        return rule_drafts.problem(body, cls.parse)

    @classmethod
    def read(cls, body: dict) -> object | None:
        return None if cls.problem(body) else cls.parse(body)

    def draw(self) -> None:
        if not self.known:
            tables.empty("No such rule", "Choose one from the list, or begin a new one there.")
            self._to_list()
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            state = "" if self.in_use else f" :gray-badge[{_('not in use')}]"
            st.markdown(
                f"**{look.plain(words.in_language(self.body['title']))}** :gray[{look.plain(self.code)}]{state}", width="content"
            )
            st.space("stretch")
            self._to_list()
        allowed = {t: text for t, text in TABS.items() if permits.may(self.person, NEEDS.get(t, "rules.see"))}
        tab = filters.one_of("tab", "View", allowed, "look")
        if self.waiting is not None:
            changes.proposed(self.person, self.waiting, self.today)
        {"look": self._look, "edit": self._edit, "try": self._try, "versions": self._versions}[tab]()

    def _to_list(self) -> None:
        st.page_link(HERE, label=_("To the list"), icon=":material/arrow_back:", query_params=self.VIEW)

    def _look(self) -> None:
        rule = self.read(self.body)
        if self.now is None:
            tables.empty("Not in force yet", "It comes into force on its day, once a second person has approved it.")
        if rule is None:
            st.error(look.plain(self.problem(self.body)), icon=":material/rule:")
            return
        with st.container(border=True, gap="small"):
            self._say(self.body)
            self.at_work(rule)
            if rule.note:
                st.caption(look.plain(rule.note))
        if permits.may(self.person, "rule.change") and self.in_use:
            with st.container(horizontal=True):
                acts.button("Change it", lambda: self.begin(self.person, self.draft or rule_editor.plain(rule)), "begin_draft",
                            icon=":material/edit:")  # fmt: skip
                acts.button("Retire it", lambda: self.begin(self.person, rule_drafts.retired(rule_editor.plain(rule))), "retire",
                            icon=":material/event_busy:")  # fmt: skip

    def _say(self, body: dict) -> None:
        for line in changes.in_words(self.FAMILY, self.code, body):
            st.markdown(line)

    # --- A draft

    @classmethod
    def begin(cls, person: Person, body: dict) -> None:
        rule_editor.keep(person, cls.FAMILY, body)
        cls.go_to(body["code"], "edit")

    @classmethod
    def go_to(cls, code: str, tab: str) -> None:
        st.query_params.from_dict(cls.VIEW | {"rule": code, "tab": tab})

    def _edit(self) -> None:
        if self.draft is None:
            st.caption(_("A change is written as a draft that only you see, and comes into force after a second person has approved it."))  # fmt: skip
            rule = self.read(self.body)
            acts.button("Begin a draft", lambda: self.begin(self.person, rule_editor.plain(rule)), "begin_draft", type="primary",
                        disabled=rule is None)  # fmt: skip
            return
        left, right = st.columns([3, 2], gap="large")
        with left:
            self.editor().draw()
        with right, st.container(border=True, key="send_draft"):
            self._send()

    def _send(self) -> None:
        wrong = self.problem(self.draft)
        changed = self._told(wrong)
        proposals.from_and_why(self.code)
        acts.button("Submit for approval", lambda: proposals.propose(self.person, self.FAMILY, self.code, self.draft),
                    "submit_rule", type="primary", disabled=bool(wrong) or not changed)  # fmt: skip
        with st.container(horizontal=True):
            acts.button("See its effect", lambda: self.go_to(self.code, "try"), "to_effect", icon=":material/science:",
                        disabled=bool(wrong) or not changed)  # fmt: skip
            acts.button("Drop the draft", self._drop, "drop_draft")
        st.caption(_("Kept as you write; only you see it."))

    def _told(self, wrong: str | None) -> bool:
        """The draft in words, or what is wrong with it; whether it changes anything."""
        if wrong:
            st.error(look.plain(wrong), icon=":material/rule:")
            return False
        rule = self.parse(self.draft)
        if not rule.enabled:
            st.markdown(_(self.RETIRED))
        self._say(self.draft)
        self.foreseen(rule)
        return self.now is None or any(self._differs(rule, version.body) for version in (self.now, self.at_last))

    def _differs(self, rule: object, body: dict) -> bool:
        approved = self.read(body)
        return approved is None or verbs.differences(approved.model_dump(mode="json"), rule.model_dump(mode="json")) != []

    def _drop(self) -> None:
        with acts.act(self.person, "rule.change", "Draft dropped") as conn:
            verbs.drop_sketch(conn, self.person, self.FAMILY, self.code)
        if self.now is None:
            st.query_params.from_dict(self.VIEW)
        else:
            self.go_to(self.code, "look")

    # --- Tried out

    def _try(self) -> None:
        drafts = {}
        if self.waiting is not None:
            drafts["waiting"] = _("v{0}, which awaits approval").format(self.waiting.version)
        if self.draft is not None and self.read(self.draft) is not None:
            drafts["mine"] = _("my draft")
        if not drafts:
            tables.empty(
                "There is no draft to try out",
                "Begin a change, or retire the rule: its effect is shown before anybody approves it.",
            )
            return
        which = st.segmented_control(_("Which"), list(drafts), default=next(iter(drafts)), required=True, format_func=drafts.get,
                                     key="trial_which", label_visibility="collapsed") if len(drafts) > 1 else next(iter(drafts))  # fmt: skip
        if which == "waiting":
            self.trial(self.waiting.body, self.waiting.valid_from)
            return
        valid_from = st.date_input(_("In force from"), proposals.day_of(self.code), min_value=proposals.tomorrow(), key="trial_from", width=150,
                                   format="YYYY-MM-DD")  # fmt: skip
        self.trial(self.draft, valid_from or proposals.tomorrow())

    # --- Versions

    def _versions(self) -> None:
        with access.reading(self.person) as conn:
            known = definitions.versions(conn, self.FAMILY, self.code)
        if not known:
            tables.empty("Not in force yet", "It comes into force on its day, once a second person has approved it.")
        for v in known:
            with st.container(border=True, gap="small", key=f"version_{v.version}"):
                st.markdown(proposals.line(v))
                self._say(v.body)
                if permits.may(self.person, "rule.change") and self._may_come_back(v):
                    acts.button("Go back to this version", lambda v=v: self.begin(self.person, rule_editor.plain(self.parse(v.body))),
                                f"back_to_{v.version}", icon=":material/undo:")  # fmt: skip

    def _may_come_back(self, version) -> bool:
        """Whatever was approved and is not what will hold anyway: what is in force too, while another is to follow it."""
        return version.state == Approval.APPROVED and version.body != self.at_last.body and self.read(version.body) is not None

    # --- A new one

    @classmethod
    def begin_new(cls, person: Person, taken: set[str], in_force: dict[str, dict]) -> None:
        """From one that ships, from one in force, or from nothing."""
        sources = opening.shipped(cls.FAMILY) | in_force
        with st.popover(_("New rule"), icon=":material/add:", key="new_rule"):
            from_ = st.selectbox(
                _("Begin like"), list(sources), None, key="new_from", placeholder=_("nothing"),
                format_func=lambda c: f"{words.in_language(sources[c]['title'])} · {c}" if c in sources else c,
            )  # fmt: skip
            title = st.text_input(_("Title in Chinese"), key="new_title", max_chars=60)
            st.text_input(_("Title in English"), key="new_english", max_chars=60)
            code = st.text_input(_("Code"), cls.free_code(from_, taken | set(sources)), key=f"new_code_{from_}", max_chars=31, help=_(cls.CODE_HELP))  # fmt: skip
            source, taken = sources.get(from_) or cls.blank(), taken | set(in_force)
            if title.strip() and (wrong := cls._wrong(cls._named(source, code), taken)):
                st.error(look.plain(wrong), icon=":material/rule:")
            acts.button("Begin", lambda: cls._begin_named(person, source, f"new_code_{from_}", taken), "begin_rule", type="primary")

    @classmethod
    def _begin_named(cls, person: Person, source: dict, code_key: str, taken: set[str]) -> None:
        body = cls._named(source, acts.typed(code_key))
        if wrong := cls._wrong(body, taken):
            acts.tell(wrong, "error")
        else:
            cls.begin(person, body)

    @staticmethod
    def _named(source: dict, code: str) -> dict:
        """Begun like another, with the names that were typed."""
        return rule_drafts.begun(source, code.strip().upper(), acts.typed("new_title"), acts.typed("new_english"))

    @classmethod
    def _wrong(cls, body: dict, taken: set[str]) -> str | None:
        return _("There is a rule {0} already.").format(body["code"]) if body["code"] in taken else cls.problem(body)
