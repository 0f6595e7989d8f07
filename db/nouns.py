"""What a feed can fill: the nouns, their fields, and what each field must look like.

A mapping says which column of a source fills which of these; the loader compiles both to SQL.
"""

from dataclasses import dataclass
from enum import StrEnum

from db import vocab


class Shape(StrEnum):
    TEXT = "text"
    MONEY = "money"  # to fen
    NUMBER = "number"
    INTEGER = "integer"
    DATE = "date"
    FLAG = "flag"
    CODE = "code"
    BRANCH = "branch"
    PRODUCT = "product"
    CUSTOMER = "customer"
    STAFF = "staff"
    LOAN = "loan"


@dataclass(frozen=True)
class Field:
    """One field of a noun. `words` are the values a coded field may take; a soft reference may point to nobody."""

    shape: Shape
    required: bool = False
    words: type | None = None
    soft: bool = False

    @property
    def refers(self) -> bool:
        return self.shape in (Shape.BRANCH, Shape.PRODUCT, Shape.CUSTOMER, Shape.STAFF, Shape.LOAN)


def text(required: bool = False) -> Field:
    return Field(Shape.TEXT, required)


def code(words: type, required: bool = False) -> Field:
    return Field(Shape.CODE, required, words)


NOUNS: dict[str, dict[str, Field]] = {
    "branches": {"code": text(True), "name": text(True), "parent": text()},
    "staff": {
        "staff_no": text(True),
        "name": text(True),
        "branch": Field(Shape.BRANCH, True),
        "post": text(),
        "phone": text(),
    },
    "products": {"code": text(True), "name": text(True), "customer_kind": code(vocab.CustomerKind)},
    "customers": {
        "customer_no": text(True),
        "name": text(True),
        "kind": code(vocab.CustomerKind, True),
        "identity_no": text(),
        "phone": text(),
        "address": text(),
        "branch": Field(Shape.BRANCH, True),
        "manager": Field(Shape.STAFF, soft=True),
    },
    "loans": {
        "loan_no": text(True),
        "contract_no": text(),
        "customer": Field(Shape.CUSTOMER, True),
        "new_customer_name": text(),
        "new_customer_phone": text(),
        "branch": Field(Shape.BRANCH, True),
        "manager": Field(Shape.STAFF, soft=True),
        "product": Field(Shape.PRODUCT, True),
        "disbursed_on": Field(Shape.DATE, True),
        "matures_on": Field(Shape.DATE, True),
        "amount": Field(Shape.MONEY, True),
        "balance": Field(Shape.MONEY, True),
        "rate": Field(Shape.NUMBER),
        "guarantee": code(vocab.Guarantee),
        "repayment": code(vocab.Repayment),
        "class": code(vocab.LoanClass, True),
        "status": code(vocab.LoanStatus),
        "purpose": text(),
        "payment": code(vocab.Payment),
        "agri": Field(Shape.FLAG),
        "extensions": Field(Shape.INTEGER),
        "overdue_days": Field(Shape.INTEGER),
    },
    "arrears": {
        "loan_no": text(True),
        "principal": Field(Shape.MONEY),
        "principal_since": Field(Shape.DATE),
        "interest": Field(Shape.MONEY),
        "interest_since": Field(Shape.DATE),
    },
    "guarantors": {
        "loan_no": Field(Shape.LOAN, True),
        "guarantor_no": Field(Shape.CUSTOMER, True, soft=True),
        "name": text(True),
        "amount": Field(Shape.MONEY),
    },
}

# The field (or fields) by which a row of a source is known again the next day.
KEYS: dict[str, tuple[str, ...]] = {
    "branches": ("code",),
    "staff": ("staff_no",),
    "products": ("code",),
    "customers": ("customer_no",),
    "loans": ("loan_no",),
    "arrears": ("loan_no",),
    "guarantors": ("loan_no", "guarantor_no"),
}

# What refers to what: the order in which tables of a delivery are published.
ORDER = tuple(NOUNS)
