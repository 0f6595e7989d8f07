"""A product in words: what a version of it says, with the rules and forms that come in with it."""

from db import access, definitions
from db.access import Person
from db.vocab import Definition, Family
from engine import products, refusals, rule_words, rules, words
from engine.words import _
from pages.parts import form_sheet, look


def changes(person: Person, before: dict | None, after: dict) -> list[str]:
    """What a version changes, with all its pieces, as Markdown."""
    try:
        was, now = products.parse(before) if before else None, products.parse(after)
    except refusals.BadRule as wrong:
        return [look.plain(wrong.sentence(_))]
    pairs = (
        (_("Title"), was and words.in_language(was.title), words.in_language(now.title)),
        (_("Family"), was and words.name(Family(was.family)), words.name(Family(now.family))),
        (_("Customer kind"), was and words.name(was.customer_kind), words.name(now.customer_kind)),
    )
    told = [f"- {look.plain(_('{0}: {1} → {2}').format(what, a or '—', b or '—'))}" for what, a, b in pairs if a != b]
    return [*told, *(line for part in now.parts for line in _piece(person, part))]


def _piece(person: Person, part: products.Piece) -> list[str]:
    with access.reading(person) as conn:
        found = definitions.of_version(conn, part.family, part.code, part.version)
        before = definitions.of_version(conn, part.family, part.code, part.version - 1)
    if found is None:
        return []
    title = look.plain(words.in_language(found.body["title"]))
    head = f"- {words.name(Definition(part.family))} **{title}** v{part.version}"
    if part.family is Definition.TODO_RULE:
        return [
            words.pair(head, look.plain(rule_words.rule(rules.parse(found.body))))
            + ("" if found.body.get("enabled", True) else _("; not in use"))
        ]
    return [head, *(f"    {line}" for line in form_sheet.changes(before and before.body, found.body))]
