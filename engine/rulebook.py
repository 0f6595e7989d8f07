"""Changing rules and parameters: a new version from a day, decided by a second person."""

from datetime import date, datetime, timedelta

from db import definitions, sketches
from db import products as book_products
from db.access import Connection, Person
from db.vocab import Approval, Definition
from engine import branches, deciders, forms, notices, parameters, permits, products, refusals, rules, scorecard, signal_rules
from engine.feed import mapping
from engine.parameters import PARAMETERS
from engine.words import _

LATELY = timedelta(weeks=12)  # over which a rule is judged by its todos
VERB = {
    Definition.TODO_RULE: "rule.change",
    Definition.SIGNAL_RULE: "rule.change",
    Definition.PARAMETER: "parameter.change",
    Definition.MAPPING: "mapping.change",
    Definition.FORM: "form.change",
    Definition.SCORECARD: "scorecard.change",
    Definition.PRODUCT: "product.change",
}


def propose(
    conn: Connection, by: Person, family: Definition, code: str, body: dict, valid_from: date, why: str, *, today: date
) -> int:
    """A new version, checked now, in force from a day to come once a second person approves. Its id."""
    permits.must(by, VERB[family])
    made = _submit(conn, by, family, code, body, valid_from, permits.must_say_why(why), today)
    notices.of_a_decision(conn, by, "rule.decide", "approvals", family.value, f"decision:{made}", code)
    return made


def _submit(
    conn: Connection, by: Person, family: Definition, code: str, body: dict, valid_from: date, why: str, today: date
) -> int:
    if valid_from <= today:
        raise refusals.TooSoon(date=today)
    check(family, code, body)
    if family is Definition.PARAMETER and (branch := parameters.of_branch(code)[1]):
        branches.must_be_open(conn, branch)
    made = definitions.submit(conn, family, code, body, valid_from, why, by.id)
    if made is None:
        raise refusals.AlreadyWaiting
    if family is not Definition.MAPPING:  # which IT writes too, who keep no drafts here
        sketches.drop(conn, by.id, family, code)
    return made


def sketch(conn: Connection, by: Person, family: Definition, code: str, body: dict, *, now: datetime) -> None:
    """Kept as it is, finished or not, until it is proposed or dropped."""
    permits.must(by, VERB[family])
    sketches.put(conn, by.id, family, code, body, now)


def drop_sketch(conn: Connection, by: Person, family: Definition, code: str) -> None:
    permits.must(by, VERB[family])
    sketches.drop(conn, by.id, family, code)


def check(family: Definition, code: str, body: dict) -> None:
    """What is wrong is said when it is saved, not in the night."""
    if family is Definition.TODO_RULE:
        named = rules.parse(body).code
    elif family is Definition.SIGNAL_RULE:
        named = signal_rules.parse(body).code
    elif family is Definition.SCORECARD:
        named = scorecard.parse(body).code
    elif family is Definition.FORM:
        named = forms.parse(body).code
    elif family is Definition.PRODUCT:
        named = products.parse(body).code
    elif family is Definition.MAPPING:
        named = mapping.parse(body).source
    else:
        _check_parameter(code, body)
        named = code
    if named != code:
        raise refusals.BadRule(where=_("Code"), problem=_("{0} is not {1}").format(named, code))


def _check_parameter(code: str, body: dict) -> None:
    value, (name, branch) = body.get("value"), parameters.of_branch(code)
    if branch is not None and name in parameters.TARGETS and value is None:
        return  # as the branch above it, or the bank
    known = name in (PARAMETERS if branch is None else parameters.TARGETS)
    if not known or isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10_000:
        raise refusals.BadRule(where=parameters.title(code), problem=_("a parameter is a number from 0 to 10000"))


def propose_product(conn: Connection, by: Person, body: dict, valid_from: date, why: str, *, today: date) -> int:
    """A product with the rules of its plan and its own forms, which are the drafts of whoever proposes: one package."""
    permits.must(by, VERB[Definition.PRODUCT])
    product = products.parse(body)
    _check_name(conn, product, today)
    why = permits.must_say_why(why)
    named = []
    for family, piece in (*_rules_to_change(conn, product, today), *_forms_to_change(conn, by, product)):
        made = _submit(conn, by, family, piece["code"], piece, valid_from, why, today)
        named.append({"family": family.value, "code": piece["code"], "version": definitions.get(conn, made).version})
    return propose(conn, by, Definition.PRODUCT, product.code, body | {"parts": named}, valid_from, why, today=today)


def _check_name(conn: Connection, product: products.Product, today: date) -> None:
    """Where files name a product by its name, another name would part it from its loans."""
    known = next((row for row in book_products.all_of(conn) if row.code == product.code), None)
    source = definitions.one_in_force(conn, Definition.MAPPING, product.source, today)
    if source is None or known is not None and known.source != product.source:
        raise refusals.OtherSource(source=known.source if known else product.source)
    by_name = any(
        table.fields["product"].by == "name" for table in mapping.parse(source.body).tables.values() if "product" in table.fields
    )
    if known is not None and by_name and product.title.get("zh") != known.name:
        raise refusals.NamedInFiles(name=known.name)


def _rules_to_change(conn: Connection, product: products.Product, today: date) -> list[tuple[Definition, dict]]:
    """Rules of the plan that are not so in force yet; those that the plan no longer has are switched off."""
    wanted = {body["code"]: body for body in products.rules_of(product)}
    now = {row.code: row.body for row in definitions.in_force(conn, Definition.TODO_RULE, today)}
    ended = [products.rule_code(product.code, kind) for kind in products.STEMS]
    off = {code: now[code] | {"enabled": False} for code in ended if code in now and code not in wanted}
    return [(Definition.TODO_RULE, body) for code, body in (wanted | off).items() if now.get(code) != body]


def _forms_to_change(conn: Connection, by: Person, product: products.Product) -> list[tuple[Definition, dict]]:
    drafts = ((code, sketches.of(conn, by.id, Definition.FORM, code)) for code in product.forms)
    return [(Definition.FORM, body) for _code, body in drafts if body is not None]


def pieces_of(body: dict) -> set[tuple[str, str, int]]:
    """Family, code and version of what is decided together with a definition."""
    return {(part["family"], part["code"], part["version"]) for part in body.get("parts", ())}


def approve(conn: Connection, by: Person, definition_id: int, *, now: datetime, today: date) -> None:
    """By somebody else than the maker, with all its pieces; too late once its day has come."""
    found = _waiting(conn, by, definition_id)
    if found.valid_from <= today:
        raise refusals.TooSoon(date=today)
    _decide(conn, by, found, Approval.APPROVED, None, now)


def refuse(conn: Connection, by: Person, definition_id: int, why: str, *, now: datetime) -> None:
    found = _waiting(conn, by, definition_id)
    _decide(conn, by, found, Approval.REFUSED, permits.must_say_why(why), now)


def _decide(conn: Connection, by: Person, found, state: Approval, why: str | None, now: datetime) -> None:
    pieces = [
        definitions.of_version(conn, Definition(family), code, version) for family, code, version in sorted(pieces_of(found.body))
    ]
    for one in (found, *pieces):
        if not definitions.decide(conn, one.id, state, by.id, why, now):
            raise refusals.Conflict
    notices.of_an_answer(conn, by, found.made_by, found.family, state, f"decided:{found.id}", code=found.code)


def _waiting(conn: Connection, by: Person, definition_id: int):
    permits.must(by, "rule.decide")
    found = definitions.get(conn, definition_id)
    if found is None:
        raise refusals.NotFound
    deciders.must_be_second(conn, by, found.made_by)
    if definitions.is_piece(conn, definition_id):
        raise refusals.PartOfProduct
    return found


def differences(before: dict, after: dict, at: str = "") -> list[tuple[str, object, object]]:
    """(where, was, is) for each value that two versions differ in."""
    if isinstance(before, dict) and isinstance(after, dict):
        found = []
        for key in {**before, **after}:
            found += differences(before.get(key), after.get(key), f"{at}.{key}" if at else key)
        return found
    return [] if before == after else [(at, before, after)]
