"""Products (产品) by configuration: family, how often its loans are checked, its own forms; one package that two people sign.

What the bank configures goes before what a feed says of a product: a load and a night bring the book's products to it.
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from db import definitions, products
from db.access import Connection
from db.loading import publish
from db.vocab import CustomerKind, Definition, Family, Kind, Mode, Unit
from engine import rules, words
from engine.cycles import Cycle
from engine.refusals import BadRule
from engine.rules import Rule
from engine.words import _

Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z_.-]{0,29}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Once(Part):
    """A check so many days after disbursement, or before maturity."""

    days: int = Field(ge=1, le=400)
    mode: Mode


class Cycled(Part):
    """A check in every cycle, counted from disbursement."""

    n: int = Field(ge=1, le=60)
    unit: Unit
    mode: Mode


class Plan(Part):
    """How often loans of the product are checked; what is missing is left to the rules of the family."""

    first: Once | None = None
    regular: Cycled | None = None
    maturity: Once | None = None


class Piece(Part):
    """A rule or form that came in with the product: decided with it."""

    family: Literal[Definition.TODO_RULE, Definition.FORM]
    code: str
    version: int


class Product(Part):
    """A product as the bank configures it; a definition that two people sign. `source`: whose files bring its loans."""

    code: Code
    title: dict[Literal["zh", "en"], Words] = Field(min_length=1)
    source: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")
    family: Family
    customer_kind: CustomerKind | None = None
    plan: Plan = Plan()
    forms: list[str] = Field(default=[], max_length=12)
    parts: list[Piece] = Field(default=[], max_length=20)


def parse(body: object) -> Product:
    """A product from the data of a definition; BadRule says where and what is wrong."""
    try:
        return Product.model_validate(body)
    except ValidationError as wrong:
        if wrong.errors()[0]["loc"][:1] == ("code",):
            raise BadRule(where=_("code"), problem=_("has up to 30 letters, digits, dots and hyphens")) from None
        raise rules.refusal(wrong, body) from None


# --- Its rules --------------------------------------------------------------------------------------------------------

TITLES = {
    Kind.FIRST: {"zh": "{0}首次检查", "en": "First check of {0}"},
    Kind.REGULAR: {"zh": "{0}定期检查", "en": "Regular check of {0}"},
    Kind.MATURITY: {"zh": "{0}到期前检查", "en": "Before maturity of {0}"},
}
STEMS = {Kind.FIRST: "FIRST", Kind.REGULAR: "REG", Kind.MATURITY: "MATURITY"}


def rules_of(product: Product) -> list[dict]:
    """The rules that its plan makes, as bodies of definitions."""
    plan, made = product.plan, []
    if plan.first:
        lead = min(plan.first.days, 15)
        when = {"anchor": "disbursement", "offsets": [plan.first.days], "lead": lead, "shift": "previous"}
        made.append(_rule(product, Kind.FIRST, plan.first.mode, when))
    if plan.regular:
        every = Cycle(plan.regular.n, plan.regular.unit)
        when = {
            "anchor": "schedule", "every": {"n": every.n, "unit": every.unit.value}, "lead": min(20, every.shortest_days // 2),
            "grace": 5, "shift": "next", "latest": 7,
        }  # fmt: skip
        made.append(_rule(product, Kind.REGULAR, plan.regular.mode, when) | {"satisfied_days": min(20, every.shortest_days // 4)})
    if plan.maturity:
        when = {"anchor": "maturity", "offsets": [-plan.maturity.days], "lead": min(plan.maturity.days, 15), "shift": "previous"}
        made.append(_rule(product, Kind.MATURITY, plan.maturity.mode, when))
    return made


def _rule(product: Product, kind: Kind, mode: Mode, when: dict) -> dict:
    title = {
        language: text.format(product.title.get(language) or product.title.get("zh")) for language, text in TITLES[kind].items()
    }
    return {
        "code": rule_code(product.code, kind), "title": title, "kind": kind.value, "mode": mode.value, "when": when,
        "who": {"all": [{"field": "product", "op": "in", "value": [product.code]}]},
        "assign": "inspector" if mode is Mode.FIELD else "manager",
    }  # fmt: skip


def rule_code(product: str, kind: Kind) -> str:
    tail = "".join(c if c.isalnum() else "-" for c in product.upper()).strip("-")
    return f"{STEMS[kind]}-{tail}"[:31]


def stricter(own: Rule, others: Iterable[Rule], family: Family, code: str) -> list[Rule]:
    """Rules of the same kind that may reach loans of the product and go before its own."""
    return [
        rule for rule in others
        if rule.kind is own.kind and rule.code != own.code and rule.enabled and rule.strictness < own.strictness
        and reaches(rule.who, family, code) is not False
    ]  # fmt: skip


def reaches(who: dict, family: str, product: str) -> bool | None:
    """Whether a condition holds for loans of a product, as far as product and family tell: None is "it depends"."""
    if "all" in who:
        found = [reaches(part, family, product) for part in who["all"]]
        return False if False in found else None if None in found else True
    if "any" in who:
        found = [reaches(part, family, product) for part in who["any"]]
        return True if True in found else None if None in found else False
    if "not" in who:
        found = reaches(who["not"], family, product)
        return None if found is None else not found
    known = {"family": family, "product": product}.get(who["field"])
    return None if known is None else (known in who["value"]) == (who["op"] == "in")


# --- Into the book ----------------------------------------------------------------------------------------------------


def follow(conn: Connection, day: date) -> list[int]:
    """The book's products as they are configured on a day: new ones put there, others changed. Ids of all that changed."""
    return products.settle(conn, [_row(parse(row.body)) for row in definitions.current(conn, Definition.PRODUCT, day)])


def follow_at_night(conn: Connection, day: date) -> None:
    """The same, and what follows for the customers of products that changed."""
    if changed := follow(conn, day):
        publish.expect_changes(conn)
        publish.remember_products(conn, changed)
        publish.refresh_customers(conn)


def _row(product: Product) -> dict:
    name = product.title.get("zh") or words.in_language(product.title)
    return {
        "code": product.code, "name": name, "source": product.source, "family": product.family.value,
        "customer_kind": product.customer_kind and product.customer_kind.value,
    }  # fmt: skip
