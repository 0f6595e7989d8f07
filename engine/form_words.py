"""A form in words: what each question asks, for which checks it is, and how two versions differ."""

from collections.abc import Iterator
from typing import Any

from engine import words
from engine.forms import For, Form, Item, Option, Type, When
from engine.words import _

ANSWERS = {
    Type.YES_NO: "Yes or no", Type.CHOICE: "One of several", Type.NUMBER: "Number", Type.MONEY: "Amount of money",
    Type.DATE: "Day", Type.TEXT: "Text", Type.TABLE: "Rows of a table",
}  # fmt: skip
FROM_THE_BOOKS = {
    "address": "address in the books", "exposure": "customer exposure", "live_loans": "live loans", "matures_on": "next maturity",
    "purpose": "purpose of the loan",
}  # fmt: skip
BEGUN_ROWS = {"draws": "a row for each live loan", "maturing": "a row for each loan and its maturity"}


def title(named: Form | Item | Option) -> str:
    return words.in_language(named.title)


def purpose(for_: For) -> str:
    """For which checks: "first inspection; field visit; farm households"."""
    parts = [for_.kinds, for_.modes, for_.segments, for_.families]
    said = [_(", ").join(words.name(word) for word in part) for part in parts if part]
    if not for_.kinds:
        said.insert(0, _("any kind of check"))
    return _("; ").join([*said, *([_("only products {0}").format(_(", ").join(for_.products))] if for_.products else [])])


def question(item: Item, form: Form) -> str:
    """What a question is, on one line behind its title."""
    return _("; ").join(_traits(item, form) + ([_("{0} options").format(len(item.options))] if item.options else []))


def _traits(item: Item, form: Form) -> list[str]:
    said = [_(ANSWERS[item.type])]
    said += [] if item.required else [_("may stay empty")]
    said += [_("normal: {0}").format(answer(item, item.normal))] if item.normal is not None else []
    said += [_("abnormal when {0} below last time").format(f"{100 * item.drop:g}%")] if item.drop else []
    said += [_("begins as last time")] if item.last else []
    said += [_("begins with: {0}").format(_(FROM_THE_BOOKS[item.fact]))] if item.fact else []
    said += [_("begins with: {0}").format(_(BEGUN_ROWS[item.rows]))] if item.rows else []
    return said + ([condition(item.when, form)] if item.when else [])


def condition(when: When, form: Form) -> str:
    of = next((item for item in form.items() if item.code == when.field), None)
    if of is None:
        return ""
    if when.abnormal is not None:
        return (_("asked when {0} is abnormal") if when.abnormal else _("asked when {0} is normal")).format(title(of))
    wanted = when.in_ or [when.is_]
    return _("asked when {0} is {1}").format(title(of), _(", ").join(answer(of, one) for one in wanted))


def answer(item: Item, value: Any) -> str:
    """An answer as it is read."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return next((title(option) for option in item.options if option.code == value), str(value))


def differences(before: Form | None, after: Form) -> list[str]:
    """How a version differs from the one before, a sentence for each change."""
    if before is None:
        return [_("A new form with {0} questions").format(len(list(after.items())))]
    return [*_of_the_whole(before, after), *_of_sections(before, after), *_of_questions(before, after)]


def _of_the_whole(before: Form, after: Form) -> Iterator[str]:
    pairs = (
        (_("Title"), title(before), title(after)),
        (_("For"), purpose(before.for_), purpose(after.for_)),
        (_("Photos at least"), before.photos, after.photos),
        (_("Characters for what is abnormal"), before.words, after.words),
        (_("In use"), _yes(before.enabled), _yes(after.enabled)),
        (_("What to say on the phone"), len(before.script), len(after.script)),
    )
    for what, was, now in pairs:
        if was != now:
            yield _("{0}: {1} → {2}").format(what, was, now)
    if before.script != after.script and len(before.script) == len(after.script):
        yield _("What to say on the phone is worded otherwise")


def _of_sections(before: Form, after: Form) -> Iterator[str]:
    was = {section.code: words.in_language(section.title) for section in before.sections}
    now = {section.code: words.in_language(section.title) for section in after.sections}
    yield from (_("Section added: {0}").format(now[code]) for code in now if code not in was)
    yield from (_("Section removed: {0}").format(was[code]) for code in was if code not in now)
    yield from (_("Section {0} is now called {1}").format(was[c], now[c]) for c in now if c in was and was[c] != now[c])
    if [code for code in was if code in now] != [code for code in now if code in was]:
        yield _("The sections stand in another order")


def _of_questions(before: Form, after: Form) -> Iterator[str]:
    was, now = {i.code: i for i in before.items()}, {i.code: i for i in after.items()}
    yield from (_("Question added: {0} ({1})").format(title(i), question(i, after)) for c, i in now.items() if c not in was)
    yield from (_("Question removed: {0}").format(title(i)) for c, i in was.items() if c not in now)
    for code, item in now.items():
        if code in was and (changed := _changes(was[code], item, before, after)):
            yield _("Question {0}: {1}").format(title(was[code]), _("; ").join(changed))
    if [code for code in was if code in now] != [code for code in now if code in was]:
        yield _("The questions stand in another order")


def _changes(was: Item, now: Item, before: Form, after: Form) -> list[str]:
    found = [_("now called {0}").format(title(now))] if title(was) != title(now) else []
    told, telling = _traits(was, before), _traits(now, after)
    found += [_("no longer: {0}").format(trait) for trait in told if trait not in telling]
    found += [_("now: {0}").format(trait) for trait in telling if trait not in told]
    found += list(_options(was, now))
    found += list(_columns(was, now, before, after))
    if not found and was != now:
        found.append(_("bounds, unit or hint changed"))
    return found


def _columns(was: Item, now: Item, before: Form, after: Form) -> Iterator[str]:
    had, has = {c.code: c for c in was.columns}, {c.code: c for c in now.columns}
    yield from (_("column added: {0} ({1})").format(title(c), question(c, after)) for code, c in has.items() if code not in had)
    yield from (_("column removed: {0}").format(title(c)) for code, c in had.items() if code not in has)
    for code, column in has.items():
        if code in had and (changed := _changes(had[code], column, before, after)):
            yield _("column {0}: {1}").format(title(had[code]), _(", ").join(changed))
    if [code for code in had if code in has] != [code for code in has if code in had]:
        yield _("the columns stand in another order")


def _options(was: Item, now: Item) -> Iterator[str]:
    before, after = {o.code: o for o in was.options}, {o.code: o for o in now.options}
    yield from (_("option added: {0}").format(title(o)) for c, o in after.items() if c not in before)
    yield from (_("option removed: {0}").format(title(o)) for c, o in before.items() if c not in after)
    for code in after:
        if code in before and before[code].abnormal != after[code].abnormal:
            yield (_("{0} is now abnormal") if after[code].abnormal else _("{0} is now normal")).format(title(after[code]))


def _yes(value: bool) -> str:
    return _("yes") if value else _("no")
