"""Editing a form of checks: every change is kept as it is made, and the phone's own drawing stands beside it.

The draft in the store is the one truth: each run reads it, draws the fields from it, and keeps what was changed in them.
"""

import copy
from collections.abc import Callable

import streamlit as st

from db.access import Person
from db.vocab import Definition, Family, Kind, Mode, Segment
from engine import clock, form_editing, form_words, rulebook, words
from engine.forms import FACTS, ROWS, Type
from engine.words import _
from pages.parts import acts, look

PLAIN = [kind for kind in Type if kind is not Type.TABLE]  # what a column of a table may hold
MOST_COLUMNS = 12
FACTS_OF = {Type.TEXT: ("address", "purpose"), Type.MONEY: ("exposure",), Type.NUMBER: ("live_loans",), Type.DATE: ("matures_on",)}


def keep(person: Person, body: dict) -> None:
    with acts.act(person, "form.change") as conn:
        rulebook.sketch(conn, person, Definition.FORM, body["code"], body, now=clock.now())


class Editor:
    """One draft on one page. `known`: questions that other forms ask; `products`: code and name of each product."""

    def __init__(self, person: Person, body: dict, known: dict[str, dict], products: dict[str, str]) -> None:
        self.person, self.body, self.known, self.products = person, body, known, products
        self.form_code, self.before = body["code"], copy.deepcopy(body)

    def draw(self) -> None:
        with st.expander(_("What it is for"), icon=":material/tune:"):
            self._whole()
        for number in range(len(self.body["sections"])):
            with st.container(border=True, gap="xsmall", key=f"section_{number}"):
                self._section(number)
        self._new_section()
        if self.body != self.before:
            keep(self.person, self.body)
            st.rerun()

    def _whole(self) -> None:
        body, for_ = self.body, self.body["for"]
        self._titles(body, "form")
        with st.container(horizontal=True):
            self._words(for_, "kinds", "Kind", Kind)
            self._words(for_, "modes", "Way", Mode)
        with st.container(horizontal=True):
            self._words(for_, "segments", "Segment", Segment)
            self._words(for_, "families", "Family", Family)
        chosen = for_.get("products", [])  # a product may not be in the book yet
        named = self.products | {code: "" for code in chosen if code not in self.products}
        self._set(for_, "products", st.multiselect(
            _("Only these products"), list(named), chosen, format_func=lambda c: f"{c} {named.get(c, '')}",
            key=self._key("products"), placeholder=_("All"),
        ))  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="bottom"):
            photos = st.number_input(_("Photos at least"), 0, 12, body.get("photos", 0), key=self._key("photos"), width=150)
            least = st.number_input(
                _("Characters for what is abnormal"), 1, 500, body.get("words", 20), key=self._key("least"), width=190
            )
            enabled = st.toggle(_("In use"), body.get("enabled", True), key=self._key("enabled"))
        self._set(body, "photos", int(photos))
        self._set(body, "words", int(least), without=20)
        self._set(body, "enabled", enabled, without=True)

    def _words(self, of: dict, name: str, label: str, options: type) -> None:
        chosen = st.multiselect(
            _(label), [o.value for o in options], of.get(name, []), format_func=lambda value: words.name(options(value)),
            key=self._key(name), placeholder=_("All"),
        )  # fmt: skip
        self._set(of, name, chosen)

    def _section(self, number: int) -> None:
        section = self.body["sections"][number]
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown(f"**{number + 1}. {look.plain(words.in_language(section['title']))}**", width="stretch")
            with st.popover("✎", help=_("Change the section"), key=f"change_section_{number}"):
                self._titles(section, f"section_{section['code']}")
                if len(self.body["sections"]) > 1:
                    self._button(
                        _("Remove the section"), f"drop_section_{number}", lambda: form_editing.drop_section(self.body, number)
                    )
            self._button("▲", f"up_section_{number}", lambda: form_editing.move_section(self.body, number, -1), _("Up"))
            self._button("▼", f"down_section_{number}", lambda: form_editing.move_section(self.body, number, 1), _("Down"))
        for item in list(section["fields"]):
            self._row(item)
        self._new_question(number)

    def _row(self, item: dict) -> None:
        code, open_ = item["code"], st.query_params.get("q") == item["code"]
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            kind = _(form_words.ANSWERS[Type(item["type"])])
            marks = "" if item.get("required", True) else f" · {_('may stay empty')}"
            marks += f" · {_('on a condition')}" if item.get("when") else ""
            st.markdown(f"{look.plain(words.in_language(item['title']) or '—')} :gray[:small[{kind}{marks}]]", width="stretch")
            st.button("✎", key=f"edit_{code}", help=_("Change the question"), on_click=_open, args=("" if open_ else code,))
            self._button("▲", f"up_{code}", lambda: form_editing.move_question(self.body, code, -1), _("Up"))
            self._button("▼", f"down_{code}", lambda: form_editing.move_question(self.body, code, 1), _("Down"))
        if open_:
            with st.container(border=True, gap="small", key=f"question_{code}"):
                self._question(item)

    def _question(self, item: dict) -> None:
        code = item["code"]
        self._titles(item, code)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            kind = self._kind(item, code, list(Type))
            required = st.toggle(_("Must be answered"), item.get("required", True), key=self._key(f"{code}.required"))
            last = st.toggle(_("Begins as last time"), item.get("last", False), key=self._key(f"{code}.last"))
        if kind != item["type"]:
            return form_editing.become(item, kind)
        self._set(item, "required", required, without=True)
        self._set(item, "last", last)
        self._answers(item, code)
        if kind is Type.TABLE:
            self._table(item)
        self._fact(item)
        self._when(item)
        self._hint(item)
        return self._button(_("Remove the question"), f"drop_{code}", lambda: form_editing.drop_question(self.body, code))

    def _kind(self, item: dict, key: str, kinds: list[Type]) -> Type:
        return st.selectbox(
            _("Kind of answer"), kinds, kinds.index(Type(item["type"])), format_func=lambda k: _(form_words.ANSWERS[k]),
            key=self._key(f"{key}.type"), width=170,
        )  # fmt: skip

    def _answers(self, item: dict, key: str) -> None:
        """What goes with its kind of answer: normal ones, options, bounds."""
        match Type(item["type"]):
            case Type.YES_NO:
                self._yes_no(item, key)
            case Type.CHOICE:
                self._choice(item, key)
            case Type.NUMBER | Type.MONEY:
                self._number(item, key)

    def _table(self, item: dict) -> None:
        code = item["code"]
        rows = st.selectbox(
            _("Begins with rows"), list(ROWS), list(ROWS).index(item["rows"]) if item.get("rows") in ROWS else None,
            format_func=lambda one: _(form_words.BEGUN_ROWS[one]), key=self._key(f"{code}.rows"), placeholder=_("no rows"),
        )  # fmt: skip
        self._set(item, "rows", rows, without=None)
        st.markdown(f"**{_('Columns of the table')}**")
        for column in list(item["columns"]):
            with st.container(border=True, gap="xsmall", key=f"column_{code}_{column['code']}"):
                self._column(item, column)
        with st.popover(_("Add a column"), icon=":material/add_column_right:", key=f"add_column_{code}"):
            st.text_input(_("Title"), key=self._key(f"{code}.new_column"), max_chars=80)
            kind = st.selectbox(_("Kind of answer"), PLAIN, key=self._key(f"{code}.new_kind"), format_func=lambda k: _(form_words.ANSWERS[k]))  # fmt: skip
            self._add(f"add_column_now_{code}", f"{code}.new_column", lambda title: form_editing.add_column(item, title, kind),
                      disabled=len(item["columns"]) >= MOST_COLUMNS)  # fmt: skip

    def _column(self, table: dict, column: dict) -> None:
        code = column["code"]
        key = f"{table['code']}.{code}"
        self._titles(column, key)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            kind = self._kind(column, key, PLAIN)
            self._set(
                column,
                "required",
                st.toggle(_("Must be answered"), column.get("required", True), key=self._key(f"{key}.required")),
                without=True,
            )
            for label, step, help_ in (("▲", -1, _("To the left")), ("▼", 1, _("To the right"))):
                self._button(label, f"move{step}_{key}", lambda step=step: form_editing.move_column(table, code, step), help_)
            self._button("✕", f"drop_column_{key}", lambda: form_editing.drop_column(table, code), _("Remove the column"), disabled=len(table["columns"]) == 1)  # fmt: skip
        if kind != column["type"]:
            return form_editing.become(column, kind)
        return self._answers(column, key)

    def _yes_no(self, item: dict, key: str) -> None:
        answers = {None: _("either"), True: _("yes"), False: _("no")}
        chosen = st.segmented_control(
            _("Normal is"), list(answers), default=item.get("normal"), format_func=answers.get, key=self._key(f"{key}.yes"),
        )  # fmt: skip
        self._set(item, "normal", chosen, without=None)

    def _choice(self, item: dict, code: str) -> None:
        options = item.get("options", [])
        typed = st.text_area(
            _("Options, a line each: Chinese / English"),
            form_editing.lines_of(options),
            key=self._key(f"{code}.options"),
            max_chars=2000,
        )
        known = [o["title"].get("zh", "") for o in form_editing.options_of(typed or "", options, ())]
        odd = [o["title"].get("zh", "") for o in options if o.get("abnormal")]
        chosen = st.multiselect(
            _("Abnormal are"), known, [o for o in odd if o in known], key=self._key(f"{code}.abnormal"), placeholder=_("none")
        )
        made = form_editing.options_of(typed or "", options, chosen)
        self._set(item, "options", made)
        fine = {o["code"]: words.in_language(o["title"]) for o in made if not o.get("abnormal")}
        normal = st.selectbox(
            _("Normal is"), list(fine), list(fine).index(item["normal"]) if item.get("normal") in fine else None,
            format_func=lambda c: fine.get(c, c), key=self._key(f"{code}.normal"), placeholder=_("none"),
        )  # fmt: skip
        self._set(item, "normal", normal, without=None)

    def _number(self, item: dict, code: str) -> None:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            for name, label in (("least", _("At least")), ("most", _("At most"))):
                bound = st.number_input(label, value=item.get(name), key=self._key(f"{code}.{name}"), width=130, format="%g")
                self._set(item, name, bound, without=None)
            if "." not in code:  # a row of a table has no last time
                drop = st.number_input(_("Abnormal when so much below last time (%)"), 0, 99, round(100 * (item.get("drop") or 0)),
                                       key=self._key(f"{code}.drop"), width=230)  # fmt: skip
                self._set(item, "drop", drop / 100 if drop else None, without=None)
            if item["type"] == Type.NUMBER:
                self._both(item, "unit", {"zh": _("Unit in Chinese"), "en": _("Unit in English")}, f"{code}.unit", 20, 130)

    def _fact(self, item: dict) -> None:
        fitting = [fact for fact in FACTS if fact in FACTS_OF.get(Type(item["type"]), ())]
        if fitting:
            chosen = st.selectbox(
                _("Begins with what the books say"), fitting, fitting.index(item["fact"]) if item.get("fact") in fitting else None,
                format_func=lambda fact: _(form_words.FROM_THE_BOOKS[fact]), key=self._key(f"{item['code']}.fact"), placeholder=_("nothing"),
            )  # fmt: skip
            self._set(item, "fact", chosen, without=None)

    def _when(self, item: dict) -> None:
        """Asked always, or when an earlier question was answered so."""
        earlier = self._earlier(item["code"])
        now = item.get("when") or {}
        with st.container(horizontal=True, vertical_alignment="bottom"):
            of = st.selectbox(
                _("Asked only after"), list(earlier), list(earlier).index(now["field"]) if now.get("field") in earlier else None,
                format_func=lambda c: words.in_language(earlier[c]["title"]) if c in earlier else c,
                key=self._key(f"{item['code']}.when"), placeholder=_("always asked"),
            )  # fmt: skip
            if of is None:
                return self._set(item, "when", None, without=None)
            answers = _answers(earlier[of])
            chosen = st.selectbox(
                _("was answered"), list(answers), next((n for n, a in enumerate(answers) if _same(a, now)), 0),
                format_func=answers.get, key=self._key(f"{item['code']}.is.{of}"),
            )  # fmt: skip
        several = "in" in now and len(now["in"]) > 1 and now.get("field") == of and chosen == ("is", now["in"][0])
        if not several:  # a condition on several answers, from a copied form, stays as it is until it is changed
            self._set(item, "when", {"field": of, chosen[0]: chosen[1]}, without=None)
        return None

    def _earlier(self, code: str) -> dict[str, dict]:
        found: dict[str, dict] = {}
        for item in form_editing.questions(self.body):
            if item["code"] == code:
                break
            if item["type"] in (Type.YES_NO, Type.CHOICE):
                found[item["code"]] = item
        return found

    def _hint(self, item: dict) -> None:
        labels = {"zh": _("Hint in Chinese"), "en": _("Hint in English")}
        with st.container(horizontal=True):
            self._both(item, "hint", labels, f"{item['code']}.hint", 80, "stretch")

    def _both(self, item: dict, name: str, labels: dict[str, str], key: str, longest: int, width: int | str) -> None:
        """A text in both languages; left out when there is none in either."""
        now = item.get(name, {})
        typed = {
            language: st.text_input(
                label, now.get(language, ""), key=self._key(f"{key}.{language}"), width=width, max_chars=longest
            ).strip()
            for language, label in labels.items()
        }
        self._set(item, name, {language: text for language, text in typed.items() if text})

    def _new_question(self, number: int) -> None:
        with st.popover(_("Add a question"), icon=":material/add:", key=f"add_{number}"):
            st.text_input(_("Question"), key=self._key(f"new.{number}.title"), max_chars=80)
            kind = st.selectbox(
                _("Kind of answer"), list(Type), key=self._key(f"new.{number}.type"), format_func=lambda k: _(form_words.ANSWERS[k])
            )
            self._add(f"add_new_{number}", f"new.{number}.title", lambda title: self._added(number, title, kind))
            asked = {item["code"] for item in form_editing.questions(self.body)}
            free = [code for code in self.known if code not in asked]
            chosen = st.selectbox(
                _("Or one that other forms ask"), free, None, format_func=lambda c: words.in_language(self.known[c]["title"]) if c in self.known else c,
                key=self._key(f"new.{number}.known"), placeholder=_("Choose a question"),
            )  # fmt: skip
            self._button(_("Take this question"), f"take_{number}", lambda: self._taken(number, chosen), disabled=chosen is None)

    def _added(self, number: int, title: str, kind: Type) -> None:
        _open(form_editing.add_question(self.body, number, title, kind))

    def _taken(self, number: int, code: str) -> None:
        form_editing.take_question(self.body, number, self.known[code])

    def _new_section(self) -> None:
        with st.popover(_("Add a section"), icon=":material/playlist_add:", key="add_section"):
            st.text_input(_("Title"), key=self._key("new.section"), max_chars=80)
            self._add("add_section_now", "new.section", lambda title: form_editing.add_section(self.body, title))

    def _titles(self, of: dict, key: str) -> None:
        with st.container(horizontal=True):
            for language, label in (("zh", _("Title in Chinese")), ("en", _("Title in English"))):
                typed = st.text_input(label, of["title"].get(language, ""), key=self._key(f"{key}.{language}"), max_chars=80)
                self._set(of["title"], language, typed.strip())

    def _button(self, label: str, key: str, do: Callable[[], None], help_: str | None = None, *, disabled: bool = False) -> None:
        st.button(label, key=key, help=help_, on_click=self._done, args=(do,), disabled=disabled)

    def _add(self, key: str, field: str, do: Callable[[str], None], *, disabled: bool = False) -> None:
        """Adds what is called as that field says."""
        st.button(_("Add"), key=key, on_click=self._added_as, args=(field, do), disabled=disabled)

    def _added_as(self, field: str, do: Callable[[str], None]) -> None:
        if title := acts.typed(self._key(field)):
            self._done(lambda: do(title))
        else:
            acts.tell(_("Please fill in: {field}.", field=_("Title")), "error")

    def _done(self, do: Callable[[], None]) -> None:
        do()
        keep(self.person, self.body)

    def _key(self, name: str) -> str:
        return f"{self.form_code}.{name}"

    @staticmethod
    def _set(of: dict, name: str, value: object, *, without: object = ...) -> None:
        """Keep a value, or leave it out where it need not be said: `without` that one, else whatever is empty."""
        if bool(value) if without is ... else value != without:
            of[name] = value
        else:
            of.pop(name, None)


def _open(code: str) -> None:
    if code:
        st.query_params["q"] = code
    else:
        st.query_params.pop("q", None)


def _answers(of: dict) -> dict[tuple, str]:
    """What a question can be answered, each with its words."""
    if of["type"] == Type.YES_NO:
        return {("is", True): _("yes"), ("is", False): _("no")}
    plain = {("is", o["code"]): words.in_language(o["title"]) for o in of.get("options", [])}
    return {("abnormal", True): _("abnormal")} | plain


def _same(answer: tuple, when: dict) -> bool:
    return when.get(answer[0]) == answer[1] or answer[0] == "is" and when.get("in", [None])[0] == answer[1]
