"""A product in words: what a version of it says, with the rules and forms that come in with it."""

from db import access, definitions
from db.access import Person
from db.vocab import Definition, Family
from engine import products, refusals, rule_words, rulebook, words
from engine.products import Product
from engine.words import _
from pages.parts import form_sheet, look, proposals


def proposal(person: Person, d, about: str, before: dict | None) -> None:
    """A version that waits for a second person, who reads every question of its forms."""
    proposals.card(person, d, about, changes(person, before, d.body))
    with access.reading(person) as conn:
        pieces = [definitions.of_version(conn, Definition(piece[0]), *piece[1:]) for piece in sorted(rulebook.pieces_of(d.body))]
    for piece in pieces:
        if piece.family == Definition.FORM:
            form_sheet.folded(piece.body)


def changes(person: Person, before: dict | None, after: dict) -> list[str]:
    """What a version changes, with all its pieces, as Markdown."""
    try:
        was, now = products.parse(before) if before else None, products.parse(after)
    except refusals.BadRule as wrong:
        return [look.plain(wrong.sentence(_))]
    facts = _facts(now)
    if was is None:
        told = [words.pair(what, value) for what, value in facts.items()]
    else:
        told = [_("{0}: {1} → {2}").format(what, old, facts[what]) for what, old in _facts(was).items() if old != facts[what]]
    return [*(f"- {look.plain(line)}" for line in told), *(line for part in now.parts for line in _piece(person, part))]


def _facts(product: Product) -> dict[str, str]:
    return {
        _("Title"): words.in_language(product.title),
        _("Family"): words.name(Family(product.family)),
        _("Customer kind"): words.name(product.customer_kind) or _("either"),
    }


def _piece(person: Person, part: products.Piece) -> list[str]:
    with access.reading(person) as conn:
        found = definitions.of_version(conn, part.family, part.code, part.version)
        before = definitions.of_version(conn, part.family, part.code, part.version - 1)
    if found is None:
        return []
    title = look.plain(words.in_language(found.body["title"]))
    head = f"- {words.name(Definition(part.family))} **{title}** v{part.version}"
    if part.family is Definition.TODO_RULE:
        return [words.pair(head, look.plain(rule_words.of_version(found.body)))]
    return [head, *(f"    {line}" for line in form_sheet.changes(before and before.body, found.body))]
